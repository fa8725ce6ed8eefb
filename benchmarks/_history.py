"""The figures of earlier runs, and their chart: whether the package gets faster."""

from __future__ import annotations

import csv
from collections import defaultdict
from math import log2
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from _figures import Figure

__all__ = ["Measured", "append", "costs", "draw", "history_of"]

MOVED = 1.1
"""Lines that moved by less than this factor are grey, and have no name."""

UNMOVED, BETTER, WORSE = "#bdbdbd", "#08519c", "#a50f15"
NAMED = 12  # lines of a panel that have a name, at most
COLUMNS = 3
TICKS = [2 ** (step / 2) for step in range(-16, 17)]


class Measured(NamedTuple):
    """A figure of a run.

    Attributes:
        date: the day of the run.
        commit: the commit that was measured.
        machine: the machine.
        metric: the figure, by its table, row and column.
        value: the value; a time is in seconds.
        unit: the unit.
        better: ``less`` or ``more``.
    """

    date: str
    commit: str
    machine: str
    metric: str
    value: float
    unit: str
    better: str


def history_of(path: Path) -> list[Measured]:
    """Return every figure of a history, the oldest run first."""
    with path.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    return [
        Measured(on, of, machine, metric, float(value), unit, better)
        for on, of, machine, metric, value, unit, better in rows
    ]


def append(path: Path, date: str, commit: str, machine: str, figures: Mapping[str, Figure]) -> None:
    """Append the figures of a run."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(Measured._fields)
        for metric, one in sorted(figures.items()):
            better = "less" if one.less_is_better else "more"
            writer.writerow((date, commit, machine, metric, f"{one.value:.4g}", one.unit, better))


def costs(history: list[Measured]) -> dict[str, dict[str, dict[int, float]]]:
    """Return by table and row what each run cost, in units of the first run that has the figure.

    Times are left out: those of two days were not measured side by side. Where more is better, such as the ratio of a
    peer's time to ours, the cost is the inverse.
    """
    runs = list(dict.fromkeys((one.date, one.commit) for one in history))
    found: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    first: dict[str, float] = {}
    for one in history:
        if one.unit != "s":
            cost = one.value if one.better == "less" else 1 / one.value
            table, _, row = one.metric.partition(": ")
            found[table][row][runs.index((one.date, one.commit))] = cost / first.setdefault(one.metric, cost)
    return found


def draw(history: list[Measured], target: Path) -> None:
    """Draw how the cost of each figure moved since it was first measured, a panel for each table with two runs."""
    import matplotlib as mpl  # noqa: PLC0415 - only a chart needs it

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"], mpl.rcParams["svg.fonttype"] = "miexchange", "none"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    found = costs(history)
    panels = {table: rows for table, rows in found.items() if any(len(points) > 1 for points in rows.values())}
    if not panels:
        return
    runs = list(dict.fromkeys((one.date, one.commit) for one in history))
    height = -(-len(panels) // COLUMNS)
    size = (13, 3.4 * height)
    figure, grid = plt.subplots(height, COLUMNS, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for place, (axes, (table, rows)) in enumerate(zip(grid.flat, panels.items(), strict=False)):
        axes.axhline(1, color=UNMOVED, linewidth=0.8)
        for points in rows.values():
            axes.plot([*points], [*points.values()], marker="o", markersize=3, linewidth=1.2, color=_colour(points))
        axes.set_yscale("log", base=2)
        low, high = (one(cost for points in rows.values() for cost in points.values()) for one in (min, max))
        axes.set_ylim(low / 1.2, high * 1.2)
        axes.set_yticks([cost for cost in TICKS if low / 1.2 <= cost <= high * 1.2], minor=False)
        axes.yaxis.set_major_formatter("{x:.2g}")
        axes.set_xticks(range(len(runs)), [f"{date[5:]} {commit}" for date, commit in runs], rotation=90)
        axes.set_xlim(-0.3, len(runs) * 1.7)
        axes.tick_params(labelsize=7, labelbottom=place >= len(panels) - COLUMNS)
        axes.set_title("\n".join(wrap(table, 60)), fontsize=8, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        _name(axes, rows, (low / 1.2, high * 1.2))
    for axes in [*grid.flat][len(panels) :]:
        axes.set_visible(False)
    figure.supylabel("cost, in units of the first measurement (log scale; lower is better)", fontsize=9)
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)


def _colour(points: Mapping[int, float]) -> str:
    last = points[max(points)]
    return UNMOVED if 1 / MOVED < last < MOVED else BETTER if last < 1 else WORSE


def _name(axes: Any, rows: Mapping[str, Mapping[int, float]], bounds: tuple[float, float]) -> None:  # noqa: ANN401 - of matplotlib
    """Write the names of the lines that moved most at their ends, within the panel, each readable."""
    moved = [(points[max(points)], row) for row, points in rows.items() if _colour(points) != UNMOVED]
    moved = sorted(sorted(moved, key=lambda one: -abs(log2(one[0])))[:NAMED])
    low, high = map(log2, bounds)
    step, below = (high - low) / (NAMED + 4), low
    for left, (last, row) in zip(range(len(moved), 0, -1), moved, strict=True):
        points = rows[row]
        place = below = min(max(log2(last), below + step), high - left * step)
        name = row.rpartition(", ")[0].replace("`", "")
        label = axes.annotate(
            shorten(name, 48, placeholder=" …"),
            (max(points), last),
            (max(points) + 0.4, 2**place),
            fontsize=6,
            va="center",
            color=_colour(points),
            arrowprops={"arrowstyle": "-", "color": UNMOVED, "linewidth": 0.4},
        )
        label.set_in_layout(False)
