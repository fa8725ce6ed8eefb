"""Reading a table of text strictly: every bad cell becomes a `Problem` with its file, line and column.

A table is a CSV file, or anything with named columns such as a pandas DataFrame (which is asked
for its columns and never imported here).
"""

from __future__ import annotations

import csv
import io
import operator
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeVar, cast, get_args, get_origin

from miexchange._bounded import hints_of, parts_of
from miexchange._files import read_text
from miexchange._frame import Columns, NotATable
from miexchange._limits import COLUMNS, TEXT
from miexchange._problems import Problems
from miexchange._spreadsheet import remedy_of_date, remedy_of_header, remedy_of_number
from miexchange._text import WIDEST, counted, is_blank, path_of, text_of, whole_of
from miexchange._time import NotATime, as_date, day_of, instant_of, is_day, is_moment, read_day, read_instant
from miexchange._value import checks_of, from_columns
from miexchange.errors import InvalidValue, sentence, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo
    from pathlib import Path

    from miexchange._bounded import Between

__all__ = ["Lines", "Row", "has_columns", "is_whole", "read_cells", "read_columns", "read_lines", "read_rows"]

_T = TypeVar("_T")
_How = tuple[Any, Any, bool]
"""A type, its bounds or words, and whether the cell may be empty."""


@dataclass(slots=True)
class Row:
    """One row, with its position. A bad cell records a problem and clears `good`."""

    file: str
    line: int
    cells: dict[str, Any]
    problems: Problems
    good: bool = True

    def bad(self, column: str, message: str, remedy: str) -> None:
        """Mark this row as unusable."""
        self.good = False
        self.problems.add(self.file, self.line, column, message, remedy)

    def is_empty(self, column: str) -> bool:
        """Tell whether a column is empty in this row."""
        return is_blank(self.cells.get(column))

    def optional(self, column: str) -> str:
        """Return a text, or "" for an empty cell."""
        value = self.cells.get(column)
        if type(value) is str:
            text = value.strip()
            if len(text) <= TEXT:
                return text
            self.bad(column, f"{shown(text)} has {len(text):,} characters", f"Write at most {TEXT:,}")
        elif not is_blank(value):
            self.bad(column, f"{shown(value)} is not text", "Write a text")
        return ""

    def text(self, column: str) -> str:
        """Return a text that is not empty."""
        if self.is_empty(column):
            self.bad(column, "is empty", "Write a value")
            return ""
        return self.optional(column)

    def choice(self, column: str, among: Iterable[str]) -> str:
        """Return one of a few words."""
        text = self.text(column)
        allowed = tuple(among)
        if text and text not in allowed:
            self.bad(column, f"{shown(text)} is not known here", f"Write one of: {', '.join(allowed)}")
        return text

    def whole(self, column: str, bound: Between) -> int:
        """Return a whole number within bounds; floats and decimals are refused, for money is exact."""
        value = self.cells.get(column)
        number: int | None = None
        if type(value) is str:
            number = whole_of(value.strip())
        elif isinstance(value, SupportsIndex) and type(value).__name__ not in {"bool", "bool_"}:
            number = operator.index(value)
        if number is None:
            self._not_whole(column, value)
        elif not bound.fits(number):
            what = f"{shown(number if abs(number) < WIDEST else value)} {bound.fault(number)}"
            self.bad(column, what, f"Write {bound.wants}")
        else:
            return number
        return bound.least

    def _not_whole(self, column: str, value: object) -> None:
        if is_blank(value):
            self.bad(column, "is empty", "Write a whole number")
        elif isinstance(value, float):
            remedy = "A float is not exact: give a column of integers, such as pandas' Int64"
            self.bad(column, f"{shown(float(value))} is a float", remedy)
        else:
            remedy = "Write digits alone: whole minor units, basis points, or a count"
            remedy += remedy_of_number(value.strip()) if type(value) is str else ""
            self.bad(column, f"{shown(value)} is not a whole number", remedy)

    def whole_or_none(self, column: str, bound: Between) -> int | None:
        """Return a whole number, or None for an empty cell."""
        return None if self.is_empty(column) else self.whole(column, bound)

    def day(self, column: str) -> date | None:
        """Return a date written as YYYY-MM-DD, or None (and record a problem) if it is not one."""
        value = self.cells.get(column)
        try:
            text = text_of(value)
            return day_of(as_date(value)) if text is None else read_day(text.strip())
        except NotATime as fault:
            self._not_a_time(column, value, fault)
        return None

    def instant(self, column: str, zone: tzinfo | None) -> datetime | None:
        """Return an instant in UTC: a date means its first moment in the zone, and is refused without one."""
        value = self.cells.get(column)
        try:
            text = text_of(value)
            if zone is None and (type(as_date(value)) is date if text is None else is_day(text.strip())):
                self._not_a_time(column, value, NotATime(*_NO_ZONE_OF_DAY))
                return None
            return instant_of(as_date(value), zone) if text is None else read_instant(text.strip(), zone)
        except NotATime as fault:
            self._not_a_time(column, value, fault)
        return None

    def value(self, kind: type[_T], zone: tzinfo | None) -> _T | None:
        """Return the value whose fields are the row's cells, each parsed by its type; None if one does not fit.

        Args:
            kind: a dataclass; columns are named like fields. Texts are not empty; several names are separated by ``|``.
            zone: where a day begins, in the field of an instant.
        """
        cells = {name: self._cell(name, how, zone) for name, how in _read_as(cast("Any", kind))}
        return self.made(kind, {}, **cells)

    def _cell(self, column: str, how: _How, zone: tzinfo | None) -> object:
        kind, of, optional = how
        if kind is str:
            return self.text(column)
        if optional and self.is_empty(column):
            return None
        if kind is int:
            return self.whole(column, *of)
        if kind is tuple:
            return tuple(filter(None, map(str.strip, self.optional(column).split("|"))))
        if kind is Literal:
            return self.choice(column, of)
        return self.instant(column, zone) if kind is datetime else self.day(column)

    def made(self, kind: type[_T], columns: Mapping[str, str], *fields: Any, **named: Any) -> _T | None:  # noqa: ANN401 - the kind's own
        """Return the value that the row's cells make; None if a cell was bad, or the value refuses one.

        Args:
            kind: the value's type.
            columns: the columns of the fields with another name.
            fields: the fields in order.
            named: the fields by name.
        """
        if self.good:
            try:
                return kind(*fields, **named)
            except InvalidValue as fault:
                field = fault.field.split(".")[1]
                column = columns.get(field, field)
                what = fault.value if self.is_empty(column) else _cell_shown(self.cells[column])
                self.bad(column, f"{what} does not fit" if what else "is empty", sentence(fault.rule))
        return None

    def _not_a_time(self, column: str, value: object, fault: NotATime) -> None:
        what, remedy = fault.args
        remedy += remedy_of_date(value.strip()) if type(value) is str else ""
        self.bad(column, "is empty" if is_blank(value) else f"{_cell_shown(value)} {what}", remedy)


@cache
def _read_as(kind: Any) -> tuple[tuple[str, _How], ...]:  # noqa: ANN401 - any dataclass
    """Return the fields of a dataclass, and the reader of each one's cells."""
    hints = {field.name: parts_of(hints_of(kind)[field.name]) for field in fields(kind)}
    return tuple(
        (name, (get_origin(inner) or inner, get_args(inner) or bounds, optional))
        for name, (inner, bounds, optional) in hints.items()
    )


_NO_ZONE_OF_DAY = ("is a day, and no zone says when it begins", "Give `zone`, or write a moment with its offset")


def _cell_shown(value: object) -> str:
    """Render a cell for a message; an instant unmasked, for its many digits are not an IMEI."""
    written = isinstance(value, date) or (type(value) is str and is_moment(value.strip()))
    return f"{value}" if written else shown(value)


@dataclass(frozen=True, slots=True)
class Lines:
    """The cells of a table.

    Attributes:
        file: the name of the source in a problem.
        columns: the names of the columns.
        cells: the number of each row with its cells.
        problems: the list to which faults are added.
    """

    file: str
    columns: tuple[str, ...]
    cells: Sequence[tuple[int, Sequence[Any]]]
    problems: Problems

    def rows(self) -> list[Row]:
        """Return each row."""
        columns = self.columns
        return [
            Row(self.file, line, dict(zip(columns, cells, strict=True)), self.problems) for line, cells in self.cells
        ]

    def values(self, kind: type[_T], zone: tzinfo | None) -> list[_T] | None:
        """Return the value of each row, or None if one has a fault, which `Row.value` names, or a cell is not text.

        A column repeats few texts, so each of them is read and checked once.
        """
        given = dict(zip(self.columns, zip(*(cells for _, cells in self.cells), strict=True), strict=False))
        row, tests = Row(self.file, 0, {}, Problems()), checks_of(kind)
        columns = []
        for name, how in _read_as(cast("Any", kind)):
            texts = given.get(name)
            known: dict[object, object] = {}
            if texts is not None and {*map(type, texts)} != {str}:
                return None
            for text in {*texts} if texts else (None,):
                row.cells[name] = text
                field = known[text] = row._cell(name, how, zone)  # noqa: SLF001 - of this module
                if not (row.good and tests[name](field)):
                    return None
            columns.append([*map(known.__getitem__, texts or (None,) * len(self.cells))])
        with suppress(InvalidValue):  # two fields of a row do not fit one another
            return from_columns(kind, columns)
        return None


def read_rows(
    source: object,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    problems: Problems,
    *,
    file: str = "",
) -> list[Row]:
    """Return the rows of a CSV file or a DataFrame whose columns are exactly as named; see `read_lines`."""
    return read_lines(source, required, optional, problems, file=file).rows()


def read_lines(
    source: object,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    problems: Problems,
    *,
    file: str = "",
) -> Lines:
    """Return the cells of a CSV file or a DataFrame whose columns are exactly as named.

    Args:
        source: the path of a CSV file, or an object with `columns` and columns by name.
        required: columns that must be there.
        optional: columns that may be there.
        problems: the list to which faults are added.
        file: the name of the source in a problem; by default the path, or ``<frame>``.
    """
    known = (required, optional)
    if (path := path_of(source)) is not None:
        return _lines_of_file(path, known, problems, file or text_of(source) or str(path))
    return _lines_of_frame(source, known, problems, file or "<frame>")


_Known = tuple[tuple[str, ...], tuple[str, ...]]  # required and optional columns


def read_columns(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...], problems: Problems
) -> dict[str, list[str]]:
    """Return the cells of a CSV file by column; the arguments are those of `read_rows`."""
    lines = _lines_of_file(path, (required, optional), problems, str(path))
    return {column: [cells[place] for _, cells in lines.cells] for place, column in enumerate(lines.columns)}


def _lines_of_file(path: Path, known: _Known, problems: Problems, file: str) -> Lines:
    """Return the cells of each complete row of a file; nothing if the header is wrong."""
    lines = read_cells(path, file, problems, known[0])
    line, names = next(lines, (None, []))
    columns = None if line is None else _columns(names, known, file, line, problems)
    if columns is None:
        return Lines(file, (), (), problems)
    width = len(columns)
    cells = [row for row in lines if len(row[1]) == width or is_whole(row[1], names, file, row[0], problems)]
    return Lines(file, columns, cells, problems)


def read_cells(path: Path, file: str, problems: Problems, header: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of every row of a CSV file that is not blank, the header's first.

    Args:
        path: the file.
        file: its name in a problem.
        problems: the list to which faults are added: a line that is not CSV ends the rows.
        header: some columns for the header of an empty file, for the remedy.
    """
    text = read_text(path, file, problems)
    if text is None:
        return
    line, before = None, len(problems.found)
    for line, cells in _csv_lines(text, file, problems):
        yield line, cells
    if line is None and len(problems.found) == before:
        problems.add(file, None, "", "is empty", f"Write a header line: {','.join(header)}")


def is_whole(cells: list[str], names: list[str], file: str, line: int, problems: Problems) -> bool:
    """Tell whether a row has a cell for each column, and record a problem if it has not."""
    if len(cells) == len(names):
        return True
    what = f"the row has {counted(len(cells), 'cell')}, the header {len(names)}"
    remedy = "Give every row as many cells as the header, and quote a cell that holds a comma"
    problems.add(file, line, "", what, remedy)
    return False


def _lines_of_frame(source: object, known: _Known, problems: Problems, file: str) -> Lines:
    name = ""
    try:
        frame = Columns(source)
        columns = _columns(frame.names, known, file, None, problems)
        if columns is None:
            return Lines(file, (), (), problems)
        cells: list[list[Any]] = []
        while len(cells) < len(columns):
            name = columns[len(cells)]
            cells.append(frame.cells(len(cells)))
    except NotATable as fault:
        what, remedy = fault.args
        problems.add(file, None, name, what if name else f"{shown(source)} {what}", remedy)
        return Lines(file, (), (), problems)
    return Lines(file, columns, list(enumerate(zip(*cells, strict=True), 1)), problems)


def _columns(
    names: list[str], known: _Known, file: str, line: int | None, problems: Problems
) -> tuple[str, ...] | None:
    """Return the names of the columns, or None after recording every fault of the header."""
    required, optional = known
    columns = tuple(map(str.strip, names))
    before = len(problems.found)
    if not has_columns(names, required, file, line, problems):
        return None
    seen: set[str] = set()
    for position, name in enumerate(columns):
        if name in seen:
            problems.add(file, line, name, "duplicate column", "Keep one of the two columns")
        elif name not in required and name not in optional:
            what = "is not a column of this table" if name else f"column {position + 1} of the header has no name"
            problems.add(file, line, name, what, f"Known: {', '.join((*required, *optional))}")
        seen.add(name)
    for name in required:
        if name not in seen:
            problems.add(file, line, name, "the column is missing", "Add it to the header and to every row")
    return columns if len(problems.found) == before else None


def has_columns(names: list[str], required: tuple[str, ...], file: str, line: int | None, problems: Problems) -> bool:
    """Tell whether a row can be a header: not one with other separators, nor one of too many columns."""
    if remedy := remedy_of_header(names):
        problems.add(file, line, "", "the header is one cell", remedy)
    elif len(names) > COLUMNS:
        problems.add(file, line, "", f"has {len(names):,} columns", f"Keep at most {COLUMNS:,}: {','.join(required)}")
    else:
        return True
    return False


def _csv_lines(text: str, file: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of every row that is not blank, with the number of its first line."""
    # Lines end as in a file. str.splitlines would also split at characters that a cell may contain, such as U+2028.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        remedy = "Close every quote, and write a quote inside a quoted cell twice"
        problems.add(file, line, "", f"is not CSV: {error}", remedy)
