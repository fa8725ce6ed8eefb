"""Reading TOML with the line of every key, which `tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from miexchange._rows import Problems, read_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Toml", "read_toml"]

_TABLE = re.compile(r"\s*\[(?P<many>\[)?\s*(?P<name>[A-Za-z0-9_.\-\"' ]+?)\s*\]")
_KEY = re.compile(r"\s*(?P<key>[A-Za-z0-9_\-]+)\s*=")
_AT = re.compile(r"at line (?P<line>\d+)")

_Path = tuple[str | int, ...]


class Toml:
    """The data of a TOML file, and where each key stands."""

    def __init__(self, data: dict[str, Any], text: str) -> None:
        """Find the line of every table, key and one-line element."""
        self.data = data
        self._lines = dict(_find_lines(text))

    def line_of(self, path: _Path) -> int | None:
        """Return the line of a key, or of the nearest thing around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None


def _find_lines(text: str) -> list[tuple[_Path, int]]:
    found: list[tuple[_Path, int]] = []
    counts: dict[tuple[str, ...], int] = {}
    table: _Path = ()
    array: _Path = ()
    element = 0
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            names = tuple(part.strip(" \"'") for part in match["name"].split("."))
            if match["many"]:
                counts = {
                    known: count for known, count in counts.items() if known[: len(names)] != names or known == names
                }
                counts[names] = counts.get(names, -1) + 1
            table = ()
            for depth, name in enumerate(names, 1):
                table += (name,)
                if names[:depth] in counts:
                    table += (counts[names[:depth]],)
            array = ()
            found.append((table, number))
        elif match := _KEY.match(line):
            array, element = (*table, match["key"]), 0
            found.append((array, number))
        elif array and line.lstrip().startswith(("{", "[", '"', "'")):
            found.append(((*array, element), number))
            element += 1
    return found


def read_toml(path: Path, file: str, problems: Problems) -> Toml | None:
    """Return the data of a TOML file, or None with a problem noted."""
    text = read_text(path, file, problems)
    if text is None:
        return None
    try:
        return Toml(tomllib.loads(text.replace("\r\n", "\n")), text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        problems.add(file, int(at["line"]) if at else None, "", f"is not TOML: {error}", "Correct the line")
        return None
