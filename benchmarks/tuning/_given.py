"""Where the public data lie, and how a result is printed beside its target."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Asked", "arguments", "file_of", "met", "print_table"]

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "prices"


class Asked(argparse.Namespace):
    """The command line.

    Attributes:
        data: the folder with the public data, or another one with files of the same columns.
        quick: measure just enough to see that the script works.
    """

    data: Path
    quick: bool


def arguments(description: str | None) -> Asked:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder with the public data")
    parser.add_argument("--quick", action="store_true", help="the smallest run; the numbers mean little")
    return parser.parse_args(namespace=Asked())


def file_of(asked: Asked, name: str, beside: str = "") -> Path | None:
    """Return a data file, or None with a line that says where it was looked for.

    Args:
        asked: the command line.
        name: the file.
        beside: the folder beside the one that was asked for in which it may be as well.
    """
    for path in (asked.data / name, asked.data.parent / beside / name):
        if path.is_file():
            return path
    print(f"skipped: there is no {name} in {asked.data}; give its folder with --data\n")
    return None


def met(value: float, bound: float, *, at_least: bool = False) -> str:
    """Say whether a target is met."""
    holds = value >= bound if at_least else value <= bound
    return f"{'>=' if at_least else '<='} {bound:g}: {'met' if holds else 'missed'}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"## {title}\n")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)
