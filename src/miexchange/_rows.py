"""Reading a table of text strictly: every bad cell becomes a `Problem` with its file, line and column.

A table is a CSV file, or anything with named columns such as a pandas DataFrame (which is asked
for its columns and never imported here).
"""

from __future__ import annotations

import csv
import operator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from miexchange.errors import DataError, Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Problems", "Row", "read_rows", "read_text"]


@dataclass(slots=True)
class Problems:
    """The faults found so far, to be raised all at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, file: str, line: int | None, column: str, message: str, remedy: str) -> None:
        """Note one fault and go on."""
        self.found.append(Problem(file, line, column, message, remedy))

    def raise_if_any(self) -> None:
        """Raise all the faults as one `DataError`."""
        if self.found:
            raise DataError(tuple(self.found))


@dataclass(slots=True)
class Row:
    """One row, with the place it came from. Reading a bad cell notes a problem and clears `good`."""

    file: str
    line: int
    cells: dict[str, Any]
    problems: Problems
    good: bool = True

    def bad(self, column: str, message: str, remedy: str) -> None:
        """Note that this row cannot be used."""
        self.good = False
        self.problems.add(self.file, self.line, column, message, remedy)

    def optional(self, column: str) -> str:
        """Return a text, or "" for an empty cell."""
        value = self.cells.get(column)
        if type(value) is str:
            return value.strip()
        if _is_empty(value):
            return ""
        self.bad(column, f"{shown(value)} is not text", "Write a text")
        return ""

    def text(self, column: str) -> str:
        """Return a text that is not empty."""
        text = self.optional(column)
        if not text and self.good:
            self.bad(column, "is empty", "Write a value")
        return text

    def choice(self, column: str, among: Iterable[str]) -> str:
        """Return one of a few words."""
        text = self.text(column)
        allowed = tuple(among)
        if text and text not in allowed:
            self.bad(column, f"{shown(text)} is not known here", f"Write one of: {', '.join(allowed)}")
        return text

    def whole(self, column: str, least: int, most: int) -> int:
        """Return a whole number within bounds; floats and decimals are refused, for money is exact."""
        value = self.cells.get(column)
        number: int | None = None
        if type(value) is str:
            text = value.strip()
            if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 19:  # noqa: PLR2004 - int64
                number = int(text)
        elif isinstance(value, SupportsIndex) and not isinstance(value, bool):
            number = operator.index(value)
        if number is None:
            what = "is empty" if _is_empty(value) else f"{shown(value)} is not a whole number"
            self.bad(column, what, "Write digits only: whole paise, basis points, or a count")
        elif not least <= number <= most:
            self.bad(column, f"{number} is out of range", f"Write a number from {least} to {most}")
        else:
            return number
        return least

    def whole_or_none(self, column: str, least: int, most: int) -> int | None:
        """Return a whole number, or None for an empty cell."""
        value = self.cells.get(column)
        if _is_empty(value) or (type(value) is str and not value.strip()):
            return None
        return self.whole(column, least, most)

    def day(self, column: str) -> date | None:
        """Return a date written as YYYY-MM-DD, or None (with a problem noted) where it is not one."""
        value = self.cells.get(column)
        if isinstance(value, datetime):
            if value.time() == time() and value.tzinfo is None and not _is_empty(value):
                return value.date()
        elif type(value) is date:
            return value
        elif type(value) is str and len(value.strip()) == len("2018-03-15"):
            try:
                return date.fromisoformat(value.strip())
            except ValueError:
                pass
        what = "is empty" if _is_empty(value) or value == "" else f"{shown(value)} is not a date"
        self.bad(column, what, "Write a date as 2018-03-15")
        return None

    def day_or_none(self, column: str) -> date | None:
        """Return a date, or None for an empty cell."""
        value = self.cells.get(column)
        if _is_empty(value) or (type(value) is str and not value.strip()):
            return None
        return self.day(column)

    def instant(self, column: str, zone: timezone) -> datetime | None:
        """Return an instant in UTC: a date means its first moment in the zone."""
        value = self.cells.get(column)
        moment: datetime | None = None
        if isinstance(value, datetime) and not _is_empty(value):
            moment = value
        elif type(value) is str and "T" in value:
            try:
                moment = datetime.fromisoformat(value.strip())
            except ValueError:
                pass
            else:
                if moment.tzinfo is None:
                    self.bad(column, f"{shown(value)} has no time zone", "Add an offset, such as +05:30")
                    return None
        if moment is None:
            start = self.day(column)
            return None if start is None else _in_utc(datetime.combine(start, time(), zone))
        return _in_utc(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _in_utc(moment: datetime) -> datetime:
    there = moment.astimezone(timezone.utc)  # noqa: UP017 - the same object as datetime.UTC
    return datetime.combine(there.date(), there.time(), timezone.utc)  # noqa: UP017 - as above


def _is_empty(value: object) -> bool:
    """Tell whether a cell is a blank of some kind: None, "", NaN, NaT or NA."""
    if value is None or (type(value) is str and not value):
        return True
    return type(value).__name__ in {"NaTType", "NAType"} or value != value  # noqa: PLR0124 - NaN is what differs from itself


def read_text(path: Path, file: str, problems: Problems) -> str | None:
    """Return the text of a file, or None with a problem noted."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(file, None, "", f"is not UTF-8 text (byte {error.start})", "Save the file as UTF-8")
    except OSError as error:
        problems.add(file, None, "", f"cannot be read: {error.strerror or error}", "Check the path")
    return None


def read_rows(
    source: object,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    problems: Problems,
    *,
    file: str = "",
) -> list[Row]:
    """Return the rows of a CSV file or a DataFrame whose columns are exactly as named.

    Args:
        source: the path of a CSV file, or an object with `columns` and columns by name.
        required: columns that must be there.
        optional: columns that may be there.
        problems: where faults are noted.
        file: how to call the source in a problem; by default the path, or ``<frame>``.
    """
    if isinstance(source, str | Path):
        file = file or str(source)
        text = read_text(Path(source), file, problems)
        table = [] if text is None else list(_csv_lines(text, file, problems))
        if text is None:
            return []
        if not table:
            problems.add(file, None, "", "is empty", f"Write a header line: {','.join(required)}")
            return []
        (_, header), body = table[0], table[1:]
    else:
        file = file or "<frame>"
        try:
            header = [str(name) for name in source.columns]  # type: ignore[attr-defined]
            columns = [list(source[name]) for name in source.columns]  # type: ignore[index,attr-defined]
        except (AttributeError, TypeError, KeyError):
            problems.add(file, None, "", f"{shown(source)} is no table", "Give a CSV path or a DataFrame")
            return []
        body = [(number, list(cells)) for number, cells in enumerate(zip(*columns, strict=True), 1)]
    header = [name.strip() for name in header]
    if not _header_is_right(header, required, optional, file, problems):
        return []
    rows = []
    for line, cells in body:
        if len(cells) == len(header):
            rows.append(Row(file, line, dict(zip(header, cells, strict=True)), problems))
        else:
            problems.add(
                file, line, "", f"has {len(cells)} cells, the header {len(header)}", "Quote cells that hold a comma"
            )
    return rows


def _header_is_right(
    header: list[str], required: tuple[str, ...], optional: tuple[str, ...], file: str, problems: Problems
) -> bool:
    known = (*required, *optional)
    wrong = [(name, "is missing", "Add the column") for name in required if name not in header]
    wrong += [
        (name, "is not a column of this table", f"Known: {', '.join(known)}") for name in header if name not in known
    ]
    wrong += [
        (name, "stands twice in the header", "Keep one") for name in sorted({n for n in header if header.count(n) > 1})
    ]
    for name, message, remedy in wrong:
        problems.add(file, 1, name, message, remedy)
    return not wrong


def _csv_lines(text: str, file: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add(file, line, "", f"is not CSV: {error}", "Check the quotes")
