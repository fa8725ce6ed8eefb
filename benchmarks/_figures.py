"""The figures of the benchmarks' tables, and what fell back since a baseline.

A figure is a cell with a goal beside it, such as ``0.87 x`` beside ``<= 1 x``: the goal says which way is worse. So
nothing is measured twice, and a benchmark that prints a new goal is watched from then on.

Ratios, memory and counts are compared as they are. A time says little by itself, so it is compared in units of a
fixed piece of plain Python that ran in the same process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["TOLERANCES", "Baseline", "Compared", "Figure", "compare", "figures_of", "read_runs"]

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_NUMBER = re.compile(r"(?P<value>[\d,]+(?:\.\d+)?) ?(?P<unit>ns|us|ms|s|x|kB|MB|calls|instructions)(?![\w/])")
_GOAL = re.compile(r"(?P<sign><=|>=) (?P<value>[\d,.]+) ?(?P<unit>\w+)")

TIME = "yardsticks"
"""The unit in which times are compared."""

TOLERANCES = {"x": 0.20, TIME: 0.30, "kB": 0.10, "MB": 0.10, "calls": 0.02, "instructions": 0.02}
"""By how much a figure may be worse than the baseline, by unit: twice what a quiet machine shows between two runs."""

COUNTS = ("calls", "instructions")
"""Units that depend on the version of Python, and on nothing else."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a table.

    Attributes:
        value: the number; a time is in seconds.
        unit: its unit; ``s`` for a time.
        less_is_better: which way the goal points.
    """

    value: float
    unit: str
    less_is_better: bool

    def in_units_of(self, yardstick: float) -> Figure:
        """Return a time in yardsticks, and any other figure unchanged."""
        return Figure(self.value / yardstick, TIME, self.less_is_better) if self.unit == "s" else self

    def __str__(self) -> str:
        return f"{self.value:,.0f} {self.unit}" if self.unit in COUNTS else f"{self.value:.3g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The figures of a run.

    Attributes:
        machine: the processor, and the number of cores.
        python: the version of Python.
        figures: the figures of each script, by metric; times in yardsticks.
    """

    machine: str
    python: str
    figures: Mapping[str, Mapping[str, Figure]]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline."""
        data = json.loads(path.read_text(encoding="utf-8"))
        figures = {
            script: {metric: Figure(**one) for metric, one in of_script.items()}
            for script, of_script in data["figures"].items()
        }
        return cls(data["machine"], data["python"], figures)

    def write(self, path: Path) -> None:
        """Write it, with figures of four digits: more would be noise."""
        figures = {
            script: {metric: asdict(one) | {"value": float(f"{one.value:.4g}")} for metric, one in of_script.items()}
            for script, of_script in self.figures.items()
        }
        data = {"machine": self.machine, "python": self.python, "figures": figures}
        path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


class Compared(NamedTuple):
    """What became of a figure.

    Attributes:
        outcome: ``fell back``, ``missing``, ``improved``, ``new``, ``not compared`` or ``as before``.
        metric: the figure.
        words: the two values, and how far they are apart.
    """

    outcome: str
    metric: str
    words: str

    @property
    def is_bad(self) -> bool:
        """Whether the check fails."""
        return self.outcome in {"fell back", "missing"}


def read_runs(files: Mapping[str, Path]) -> tuple[Baseline, dict[str, Figure]]:
    """Return the figures that each script wrote with ``--json``: for a comparison, and as they were measured."""
    figures: dict[str, dict[str, Figure]] = {}
    measured: dict[str, Figure] = {}
    machine = python = ""
    for script, path in files.items():
        data = json.loads(path.read_text(encoding="utf-8"))
        machine, python = data["machine"], data["python"]
        found: dict[str, Figure] = {}
        for table in data["tables"]:
            for metric, figure in figures_of(table["title"], table["head"], table["rows"]):
                names = chain([metric], (f"{metric} ({number})" for number in count(2)))
                found[next(name for name in names if name not in found)] = figure
        measured |= found
        figures[script] = {metric: one.in_units_of(data["yardstick"]) for metric, one in found.items()}
    return Baseline(machine, python, figures), measured


def figures_of(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, Figure]]:
    """Yield each figure of a table with its name: the title, the row and the column."""
    group = ""
    for row in rows:
        label = [cell.strip() for cell in row[: _first_number(row)] if cell.strip()] or [row[0].strip()]
        group = group if label[0].startswith("- ") else label[0]
        if label[0].startswith("- "):
            label = [group, *label]
        for place, cell in enumerate(row):
            goal = _GOAL.match(cell.strip())
            found = goal and _beside(row, place, goal["unit"])
            if goal and found:
                column, value, unit = found
                name = f"{title}: {' '.join(label)}, {head[column] or goal['unit']}"
                yield name, Figure(value, unit, goal["sign"] == "<=")


def _first_number(row: Sequence[str]) -> int:
    """Return the place of the first cell with a number and a unit: those before it name the row."""
    return next((place for place, cell in enumerate(row) if place and _NUMBER.match(cell.strip())), 1)


def _beside(row: Sequence[str], goal: int, unit: str) -> tuple[int, float, str] | None:
    """Return the column, the value and the unit of the figure that a goal is of: the nearest one to its left."""
    for place in range(goal - 1, 0, -1):
        found = _NUMBER.match(row[place].strip())
        if found and (found["unit"] == unit or {found["unit"], unit} <= SECONDS.keys()):
            value = float(found["value"].replace(",", ""))
            is_time = found["unit"] in SECONDS
            return place, value * SECONDS.get(found["unit"], 1), "s" if is_time else unit
    return None


def compare(baseline: Baseline, run: Baseline) -> list[Compared]:
    """Return what became of every figure of the scripts that ran, the worst first.

    On another machine times are not compared, and the tolerance is twice as wide; counts are compared with the same
    minor version of Python only.
    """
    is_same = run.machine == baseline.machine
    has_counts = run.python.split(".")[:2] == baseline.python.split(".")[:2]
    found = []
    for script, figures in run.figures.items():
        before = baseline.figures.get(script, {})
        found += [Compared("missing", metric, f"was {one}") for metric, one in before.items() if metric not in figures]
        for metric, one in figures.items():
            if metric not in before:
                found.append(Compared("new", metric, f"{one}"))
            elif (one.unit == TIME and not is_same) or (one.unit in COUNTS and not has_counts):
                why = "another machine" if one.unit == TIME else f"Python {baseline.python}"
                found.append(Compared("not compared", metric, f"{one}; the baseline is of {why}"))
            else:
                found.append(_judged(metric, before[metric], one, 1 if is_same else 2))
    return sorted(found, key=lambda one: (_ORDER.index(one.outcome), one.metric))


_ORDER = ("fell back", "missing", "new", "improved", "not compared", "as before")


def _judged(metric: str, before: Figure, now: Figure, times: int) -> Compared:
    worse, tolerance = (now.value, before.value), TOLERANCES[now.unit] * times
    if not now.less_is_better:
        worse = worse[::-1]
    # By the ratio of the two, so that a figure that halves and one that doubles are as far from it.
    grown = worse[0] / worse[1] if worse[1] else float(worse[0] > 0) + 1
    words = f"{now}, was {before}: {grown - 1:+.0%}, at most {tolerance:+.0%}"
    if grown > 1 + tolerance:
        return Compared("fell back", metric, words)
    return Compared("improved" if grown < 1 / (1 + tolerance) else "as before", metric, words)
