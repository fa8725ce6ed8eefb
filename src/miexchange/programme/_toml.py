"""Reads TOML with the line of every key, which `tomllib` does not report."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, Any

from miexchange._files import read_text
from miexchange._json import is_deep
from miexchange._limits import TOML_BYTES, TOML_DEPTH

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange._problems import Problems

__all__ = ["Toml", "TomlPath", "read_toml"]

TomlPath = tuple[str | int, ...]
"""The path of a value: keys by name, the elements of a list by position."""

_AT = re.compile(r" \(at line (?P<line>\d+), column \d+\)$| \(at end of document\)$")
_TWICE = re.compile(
    r"Cannot overwrite a value|Duplicate inline table key '(?P<inline>.*)'|Cannot declare \((?P<table>.*)\) twice"
)
_NAME = re.compile(r"'([^']*)'")
_WRITTEN = re.compile(r"\s*(?P<key>[A-Za-z0-9_.-]+)\s*=")
_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# Possessive, so that a long text needs no memory for backtracking: a quote in a text of three is not the first.
_STRING = re.compile(
    r'"""(?:\\.|[^"\\]++|"(?!""(?!")))*+"""'
    r"|'''(?:[^']++|'(?!''(?!')))*+'''"
    r'|"(?:\\.|[^"\\\n]++)*+"'
    r"|'[^'\n]*+'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")
# A key with too many names, in a text that has neither comments nor quoted parts.
_DOTTED = re.compile(rf"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]++[ \t]*+\.[ \t]*+){{{TOML_DEPTH}}}")
# A quoted part, to the end of the text if it is not closed; tomllib gets no further either. Or a comment.
_QUOTED = re.compile(rf"{_STRING.pattern}|[\"'].*+|#[^\n]*+", re.DOTALL)


class Toml:
    """The data of a TOML file, and the position of each key."""

    def __init__(self, data: dict[str, Any], text: str) -> None:
        """Store the text: lines are located when a problem needs one."""
        self.data = data
        self._text = text

    @cached_property
    def _lines(self) -> dict[TomlPath, int]:
        return _Scanner(self._text).lines

    def line_of(self, path: TomlPath) -> int | None:
        """Return the line of a key or an element, or of the nearest thing around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None


class _Scanner:
    """Walks through the text of a document that `tomllib` has accepted, and records the line of each value."""

    def __init__(self, text: str) -> None:
        self.lines: dict[TomlPath, int] = {}
        self._text = text
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._latest: dict[TomlPath, int] = {}  # the position of the latest element of each array of tables
        table: TomlPath = ()
        at = self._after_gap(0)
        while at < len(text):
            if text[at] == "[":
                table, at = self._header(at)
            else:
                at = self._pair(at, table)
            at = self._after_gap(at)

    def _after_gap(self, at: int) -> int:
        """Skip white space, line ends and comments."""
        match = _GAP.match(self._text, at)
        return at if match is None else match.end()

    def _note(self, path: TomlPath, at: int) -> None:
        """Record the beginning of a value, and of the containing values that are not recorded yet."""
        line = bisect_left(self._ends, at) + 1
        while path and path not in self.lines:  # the containers of a recorded value are recorded
            self.lines[path] = line
            path = path[:-1]

    def _header(self, at: int) -> tuple[TomlPath, int]:
        """Read ``[name]`` or ``[[name]]``; return the table that it opens and the end of the header."""
        many = self._text.startswith("[[", at)
        names, end = self._key(self._after_gap(at + 1 + many))
        table: TomlPath = ()
        for depth, name in enumerate(names, 1):
            table = (*table, name)
            if many and depth == len(names):
                self._latest[table] = self._latest.get(table, -1) + 1
            if table in self._latest:
                table = (*table, self._latest[table])
        self._note(table, at)
        return table, end + 1 + many

    def _key(self, at: int) -> tuple[tuple[str, ...], int]:
        """Read a key, dotted or not; return its names and the beginning of what follows it."""
        names = []
        while True:
            match = _BARE_KEY.match(self._text, at) or _STRING.match(self._text, at)
            word = match[0] if match else ""
            names.append(tomllib.loads(f"key = {word}")["key"] if word.startswith(("'", '"')) else word)
            at = self._after_gap(at + len(word))
            if self._text[at] != ".":
                return tuple(names), at
            at = self._after_gap(at + 1)

    def _pair(self, at: int, table: TomlPath) -> int:
        """Read ``key = value``; return its end."""
        names, equals = self._key(at)
        path = (*table, *names)
        self._note(path, at)
        return self._value(self._after_gap(equals + 1), path)

    def _value(self, at: int, path: TomlPath) -> int:
        """Read a value; return its end."""
        text = self._text
        if text[at] == "[":
            at = self._after_gap(at + 1)
            count = 0
            while text[at] != "]":
                self._note((*path, count), at)
                at = self._after_comma(self._value(at, (*path, count)))
                count += 1
            return at + 1
        if text[at] == "{":
            at = self._after_gap(at + 1)
            while text[at] != "}":
                at = self._after_comma(self._pair(at, path))
            return at + 1
        match = _STRING.match(text, at) or _PLAIN.match(text, at)
        return at if match is None else match.end()

    def _after_comma(self, at: int) -> int:
        at = self._after_gap(at)
        return self._after_gap(at + 1) if self._text[at] == "," else at


def _left_out(found: re.Match[str]) -> str:
    """Return the replacement of a text or a comment: a name for a possible name, and its line ends."""
    return "" if found[0].startswith("#") else "x" + "\n" * found[0].count("\n")


def read_toml(path: Path, file: str, problems: Problems) -> Toml | None:
    """Return the data of a TOML file, or None after recording a problem."""
    text = read_text(path, file, problems, TOML_BYTES)
    if text is None:
        return None
    dotted = _DOTTED.search(_QUOTED.sub(_left_out, text))
    if dotted is not None:  # tomllib copies all names of a key for each of them
        what, remedy = f"a key has more than {TOML_DEPTH} names", "Write tables within tables as far as they are known"
        problems.add(file, dotted.string.count("\n", 0, dotted.start()) + 1, "", what, remedy)
        return None
    try:
        data = tomllib.loads(text)
        if not is_deep(data, TOML_DEPTH):
            return Toml(data, text)
        problems.add(file, None, "", f"has more than {TOML_DEPTH} tables and lists within one another", "Flatten it")
    except tomllib.TOMLDecodeError as error:
        _note_fault(str(error), text, file, problems)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; brackets nested without end
        problems.add(file, None, "", f"cannot be read as TOML: {error}", "Take out what is no setting")
    return None


def _note_fault(fault: str, text: str, file: str, problems: Problems) -> None:
    """Record the error of `tomllib`, with the line apart; it has no line for an error at the very end."""
    at = _AT.search(fault)
    line = int(at["line"]) if at and at["line"] else text.count("\n") + (not text.endswith("\n"))
    what = fault if at is None else fault[: at.start()]
    twice = _TWICE.fullmatch(what)
    if twice is None:
        problems.add(file, line, "", f"is not TOML: {what}", "Correct the line")
        return
    key = twice["inline"] or ".".join(_NAME.findall(twice["table"] or ""))
    if not key and (written := _WRITTEN.match(text.split("\n")[line - 1])):
        key = written["key"]
    problems.add(file, line, key, "duplicate key" if key else "a duplicate key ends here", "Keep one of the two")
