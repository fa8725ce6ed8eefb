"""Draw the exchange's table of transitions as docs/charts/exchange-states.svg.

Every state, arrow and label comes from the table; only the places of states and the bends of arrows are set here. A
test compares the file with the table: run `python tools/state_chart.py` after a change.
"""

from __future__ import annotations

from math import hypot
from pathlib import Path
from xml.sax.saxutils import escape

from miexchange.exchange import OPEN, TRANSITIONS, State

__all__ = ["FILE", "arrows", "drawn"]

FILE = Path(__file__).resolve().parents[1] / "docs" / "charts" / "exchange-states.svg"

WIDTH, HEIGHT = 1030, 490
HALF_WIDTH, HALF_HEIGHT = 68, 27
MOST_BESIDE = 3  # events that fit beside one another in a box
PLACES = {
    State.ISSUED: (90, 220),
    State.RESERVED: (300, 220),
    State.INSPECTED: (530, 110),
    State.REQUOTED: (530, 330),
    State.COMPLETED: (800, 110),
    State.ADJUSTED: (800, 330),
    State.REVERSED: (945, 220),
    State.EXPIRED: (90, 440),
    State.VOID: (530, 440),
}
BENDS = {
    (State.ISSUED, State.RESERVED): (0, -34),
    (State.RESERVED, State.ISSUED): (0, 34),
    (State.INSPECTED, State.ISSUED): (-70, -130),
    (State.INSPECTED, State.VOID): (96, 0),
    (State.RESERVED, State.VOID): (-58, 22),
    (State.ISSUED, State.VOID): (-30, 55),
}
"""How far the middle of an arrow is moved aside; an arrow that is not named is straight."""

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933;text-anchor:middle}"
    ".state{font-weight:600;font-size:14px}.inside{font-size:11px;fill:#52606d}"
    ".label{paint-order:stroke;stroke:#fff;stroke-width:5px}"
    "rect{fill:#fff;stroke:#7b8794;stroke-width:1.5}.open{fill:#e3f2fd;stroke:#1565c0}.page{stroke:none}"
    "path{fill:none;stroke:#52606d;stroke-width:1.5}"
)

TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L8 4L0 8z" style="fill:#52606d;stroke:none"/></marker>'
)


def arrows() -> dict[tuple[State, State], list[str]]:
    """Return the events that lead from a state to another one, or leave it as it is, in the order of the table.

    >>> arrows()[State.REQUOTED, State.VOID]
    ['decline', 'expire', 'void']
    """
    found: dict[tuple[State, State], list[str]] = {}
    for row in TRANSITIONS:
        for after in row.becomes:
            found.setdefault((row.state, after), []).append(row.event)
    return found


def drawn() -> str:
    """Return the chart as SVG."""
    pairs = arrows()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>The states of an exchange, and the events that lead from one to another</title>",
        f"<style>{STYLE}</style>",
        f"<defs>{TIP}</defs>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
    ]
    ways = {pair: _way(*pair) for pair in pairs if pair[0] is not pair[1]}
    lines += [f'<path d="{way}" marker-end="url(#tip)"/>' for way, _, _ in ways.values()]
    for state, (x, y) in PLACES.items():
        stays = pairs.get((state, state), [])
        kind = ' class="open"' if state in OPEN else ""
        box = f'x="{x - HALF_WIDTH}" y="{y - HALF_HEIGHT}" width="{2 * HALF_WIDTH}" height="{2 * HALF_HEIGHT}"'
        lines.append(f'<rect{kind} {box} rx="10"/>')
        inside = [stays[place : place + MOST_BESIDE] for place in range(0, len(stays), MOST_BESIDE)]
        top = y + 5 - 7 * len(inside)
        lines.append(f'<text class="state" x="{x}" y="{top}">{state}</text>')
        for number, beside in enumerate(inside, 1):
            lines.append(f'<text class="inside" x="{x}" y="{top + 3 + 13 * number}">{escape(", ".join(beside))}</text>')
    for pair, (_, across, down) in ways.items():
        label = escape(", ".join(pairs[pair]))
        lines.append(f'<text class="label" x="{across:.0f}" y="{down + 4:.0f}">{label}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _way(before: State, after: State) -> tuple[str, float, float]:
    """Return the path of an arrow and the place of its label: a curve by a point beside the middle of both states."""
    (x0, y0), (x1, y1) = PLACES[before], PLACES[after]
    aside = BENDS.get((before, after), (0, 0))
    middle = ((x0 + x1) / 2 + aside[0], (y0 + y1) / 2 + aside[1])
    start, end = _border(before, middle), _border(after, middle)
    # The curve goes through the middle: the control point of a quadratic curve is twice as far away.
    control = (2 * middle[0] - (start[0] + end[0]) / 2, 2 * middle[1] - (start[1] + end[1]) / 2)
    points = " ".join(f"{x:.0f} {y:.0f}" for x, y in (control, end))
    return f"M{start[0]:.0f} {start[1]:.0f}Q{points}", *middle


def _border(state: State, towards: tuple[float, float]) -> tuple[float, float]:
    x, y = PLACES[state]
    across, down = towards[0] - x, towards[1] - y
    share = min(HALF_WIDTH / abs(across) if across else 9, HALF_HEIGHT / abs(down) if down else 9)
    gap = 1 + 3 / hypot(across, down) / share
    return x + across * share * gap, y + down * share * gap


if __name__ == "__main__":
    FILE.write_text(drawn(), encoding="utf-8")
    print(f"wrote {FILE}")
