"""Measuring side by side: contenders take turns, and the best of several turns counts.

The best turn is the one that other programs on the machine disturbed least. Ratios of contenders
that took turns in one run say more than times from two runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "AS_INSTALLED",
    "Timing",
    "asked",
    "is_quick",
    "machine",
    "print_table",
    "processes",
    "side_by_side",
    "verdict",
]

AS_INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment of a process that is timed: it keeps bytecode, as pip does for what it installs."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The turns of one contender, in seconds for one call.

    Attributes:
        turns: every turn.
    """

    turns: tuple[float, ...]

    @property
    def best(self) -> float:
        """The shortest turn."""
        return min(self.turns)

    @property
    def median(self) -> float:
        """The turn in the middle."""
        return median(self.turns)

    @property
    def us(self) -> str:
        """The shortest turn in microseconds."""
        return f"{self.best * 1e6:.1f} us"

    @property
    def ms(self) -> str:
        """The shortest turn and the one in the middle, in milliseconds."""
        digits = 0 if self.best >= 0.01 else 2  # noqa: PLR2004 - ten milliseconds
        return f"{self.best * 1e3:.{digits}f} ms (median {self.median * 1e3:.{digits}f})"


_written: dict[Path, dict[str, Any]] = {}
"""What is written as JSON so far, by its file."""


def asked(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line of a benchmark, with the options that all of them have."""
    parser.add_argument("--quick", action="store_true", help="a few turns only; the numbers mean little")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables to this file too, as JSON")
    given = parser.parse_args()
    if given.json is not None:
        _written[given.json] = {"machine": machine(), "python": platform.python_version(), "tables": []}
    return given


def machine() -> str:
    """Return the processor of this machine and its number of cores."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{model or platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def yardstick() -> float:
    """Return how long a fixed piece of plain Python takes: times of one machine are compared in this unit."""
    taken = []
    for _ in range(7):
        begin = time.perf_counter()
        texts = {f"{number:05d}": number for number in range(3_000)}
        total = sum(texts[text] * len(text) % 7 for text in sorted(texts, reverse=True))
        taken.append(time.perf_counter() - begin)
    return min(taken) if total else 0.0


def is_quick(description: str | None) -> bool:
    """Read the command line: whether to measure just enough to see that the script works."""
    return bool(asked(argparse.ArgumentParser(description=description)).quick)


def side_by_side(contenders: dict[str, Callable[[], object]], *, quick: bool) -> dict[str, Timing]:
    """Time every contender in turns; a turn is as many calls as take some 10 ms."""
    turns, length = (3, 0.001) if quick else (25, 0.01)
    calls = {}
    for name, call in contenders.items():
        call()
        begin = time.perf_counter()
        call()
        calls[name] = max(1, int(length / max(time.perf_counter() - begin, 1e-7)))
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    gc.collect()
    gc.disable()
    try:
        for _ in range(turns):
            for name, call in contenders.items():
                taken[name].append(_turn(call, calls[name]))
    finally:
        gc.enable()
    return {name: Timing(tuple(times)) for name, times in taken.items()}


def _turn(call: Callable[[], object], calls: int) -> float:
    repeat = range(calls)
    begin = time.perf_counter()
    for _ in repeat:
        call()
    return (time.perf_counter() - begin) / calls


def processes(contenders: dict[str, Callable[[], float]], *, quick: bool) -> dict[str, Timing]:
    """Let every contender start a process and say how long it took, in turns."""
    for call in contenders.values():
        call()  # the first run reads the files from disk
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(2 if quick else 15):
        for name, call in contenders.items():
            taken[name].append(call())
    return {name: Timing(tuple(times)) for name, times in taken.items()}


def verdict(ratio: float, goal: float, *, at_least: bool = False) -> tuple[str, str, str]:
    """Return a ratio, its goal and whether it is met, as three cells."""
    met = ratio >= goal if at_least else ratio <= goal
    return f"{ratio:.2f} x", f"{'>=' if at_least else '<='} {goal:g} x", "met" if met else "missed"


def print_table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table in Markdown, with the machine that it was measured on; and write it, if a file was asked for."""
    for file, written in _written.items():
        written["tables"].append({"title": title, "head": head, "rows": rows})
        written["yardstick"] = min(yardstick(), written.get("yardstick", float("inf")))
        file.write_text(json.dumps(written, indent=1), encoding="utf-8")
    print(f"## {title}\n")
    print(f"Python {platform.python_version()} on {sys.platform}, {os.cpu_count()} cores\n")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, tuple("-" * width for width in widths), *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)
