"""The base of all keyed tables: rows in order, without duplicates or overlaps.

`Catalogue`, `EligibleModels`, `PriceTable` and `AnchorTable` are such tables: each defines its rows, their key, and
how a line of a file becomes a row.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import fields
from functools import cached_property
from itertools import compress, groupby, pairwise
from operator import attrgetter, eq, le
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from miexchange._csv import Lines, Row, read_lines
from miexchange._fits import fault
from miexchange._forms import added, form_of
from miexchange._limits import JSON_VALUES
from miexchange._problems import Problems
from miexchange._text import text_of
from miexchange._value import Value, check_names, checks_of, elements, from_columns
from miexchange.errors import out_of_range, shown, wrong_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

__all__ = ["Series", "Table"]

_RowT = TypeVar("_RowT", bound=Value)


_BY_COLUMNS = 2
"""The form of pickles by columns; earlier versions wrote each row."""


class Series(NamedTuple, Generic[_RowT]):
    """The rows of one key, and the window of each."""

    rows: tuple[_RowT, ...]
    starts: tuple[Any, ...]
    ends: tuple[Any, ...]


class Table(Value, Generic[_RowT]):
    """A frozen dataclass whose one field is its rows: sorted by key and, if they are dated, by start."""

    _most_items: ClassVar[int] = JSON_VALUES
    _kind: ClassVar[type[Any]]
    """The type of a row."""
    _field: ClassVar[str]
    """The name of the rows."""
    _key: ClassVar[tuple[str, ...]] = ("model",)
    """The fields of the key."""
    _dates: ClassVar[tuple[str, ...]] = ()
    """The fields of a row's window, in a table of dated rows."""
    _next_ends: ClassVar[bool] = True
    """Whether a row without an end is in force until the next one begins; else it never ends."""
    _most_of_key: ClassVar[int] = JSON_VALUES
    """The most rows of one key in a file."""
    _optional: ClassVar[tuple[str, ...]] = ()
    """The optional columns of a file."""
    columns: ClassVar[tuple[str, ...]]
    """The columns of a file: the fields of a row."""
    _key_of: ClassVar[Any]
    _order_of: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.columns = tuple(field.name for field in fields(cls._kind))
        cls._key_of, cls._order_of = attrgetter(*cls._key), attrgetter(*cls._key, *cls._dates[:1])

    def __post_init__(self) -> None:
        """Refuse rows that are of another type, unsorted, duplicate or overlapping."""
        kind, rows, field = self._kind, self._rows, f"{type(self).__name__}.{self._field}"
        if type(rows) is not tuple or len(rows) > self._most_items or not all(type(row) is kind for row in rows):
            raise fault(field, rows, tuple[kind, ...], self._most_items)  # type: ignore[valid-type]
        order = self._order_of
        for before, row in () if self._is_sound(rows) else pairwise(rows):
            if order(before) > order(row):
                raise out_of_range(field, rows, "give them to `of`, which sorts them", "is not sorted")
            if clash := self._clash(before, row):
                since = f" of {getattr(row, self._dates[0])}" if self._dates else ""
                what = f"has a row of {shown(self._called(row))}{since} that {clash} another one"
                remedy = "keep one of them" + ", or let the first end before the second begins" * bool(self._dates)
                raise out_of_range(field, rows, remedy, what)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the rows by columns: they repeat few values, so that each value is stored and checked once."""
        kind: Any = self._kind
        later, columns = added(kind), {}
        for name in self.columns:
            column, known = [*map(attrgetter(name), self._rows)], dict[Any, Any]()
            if name not in later or any(value != later[name][1] for value in column):
                columns[name] = [*map(known.setdefault, column, column)]
        return self._in_form(_BY_COLUMNS, {"form": form_of(kind), "count": len(self), "columns": columns})

    @classmethod
    def _of_state(cls, form: int, state: dict[str, Any]) -> Self:
        """Return the table of a pickle: by columns, or by rows as earlier versions wrote it."""
        if form != _BY_COLUMNS:
            return super()._of_state(form, state)
        return cls(_rows_of(cls._kind, state["form"], state["count"], state["columns"]))  # type: ignore[call-arg]  # as in `of`

    @classmethod
    def of(cls, rows: Iterable[_RowT]) -> Self:
        """Make a table of rows in any order.

        Raises:
            InvalidValue: an element is not a row of this table, or two rows of one key are duplicate or overlap.
        """
        field, rule = f"{cls.__name__}.of", f"give rows, each a {cls._kind.__name__}"
        given = elements(rows, field, rule)
        for row in given:
            if type(row) is not cls._kind:
                raise wrong_type(field, row, rule)
        return cls(tuple(sorted(given, key=cls._order_of)))  # type: ignore[call-arg]  # a table has one field

    @classmethod
    def read(cls, source: str | Path | object, *, zone: tzinfo | None = None) -> Self:
        """Read a table from a CSV file, or from a table of any library.

        Args:
            source: the path of a CSV file; or a table of pandas, Polars, Arrow or DuckDB, or anything with the Arrow
                PyCapsule interface, of which a stream is consumed. It is not changed.
            zone: the zone of days, in a table of instants; without it, a day alone is refused there.

        Raises:
            DataError: every bad row with file, line, column and reason, all at once.
        """
        return cls._read(source, zone=zone)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __iter__(self) -> Iterator[_RowT]:
        """Iterate over the rows, in order."""
        return iter(self._rows)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key has any row: a model, or for anchors a model with a component."""
        return (tuple(map(text_of, key)) if type(key) is tuple else text_of(key)) in self.by_key

    @cached_property
    def by_key(self) -> dict[Any, Series[_RowT]]:
        """The rows of each key, in order of time."""
        found = {}
        reads = tuple(map(attrgetter, self._dates))
        for key, group in groupby(self._rows, self._key_of):
            rows = tuple(group)
            dates = [tuple(map(read, rows)) for read in reads]
            found[key] = Series(rows, *(dates or ((), ())))
        return found

    @property
    def _rows(self) -> tuple[_RowT, ...]:
        rows: tuple[_RowT, ...] = getattr(self, self._field)
        return rows

    def _in_force(self, key: object, at: Any) -> _RowT | None:  # noqa: ANN401 - a day or an instant, as the rows have
        """Return the last row of a key that began at or before a time, unless it has ended by then."""
        series = self.by_key.get(key)
        if series is None:
            return None
        rows, starts, ends = series
        position = bisect_right(starts, at) - 1
        if position < 0:
            return None
        end = ends[position]
        return None if end is not None and end <= at else rows[position]

    @classmethod
    def _called(cls, row: _RowT) -> str:
        """Name a row by its key."""
        return " ".join(getattr(row, name) for name in cls._key)

    @classmethod
    def _clash(cls, before: _RowT, row: _RowT) -> str:
        """Return how a row duplicates or overlaps the one before it, or "" if it does not."""
        if cls._key_of(before) != cls._key_of(row):
            return ""
        if not cls._dates:
            return "repeats"
        start, end = getattr(row, cls._dates[0]), getattr(before, cls._dates[1])
        if getattr(before, cls._dates[0]) == start:
            return "begins at the same time as"
        overlaps = not cls._next_ends if end is None else end > start
        return "begins before the end of" if overlaps else ""

    @classmethod
    def _read(
        cls,
        source: object,
        problems: Problems | None = None,
        *,
        zone: tzinfo | None = None,
        file: str = "",
        lines: list[int] | None = None,
    ) -> Self:
        """Record every problem and return the valid rows; raise the problems if no list is given.

        Args:
            source: a path or a table, as in `read`.
            problems: the list to which faults are added.
            zone: the zone of days, in a table of instants.
            file: the name of the source in a problem.
            lines: a function that returns the line of each row of the table.
        """
        faults = Problems() if problems is None else problems
        before = len(faults.found)
        required = tuple(name for name in cls.columns if name not in cls._optional)
        given = read_lines(source, required, cls._optional, faults, file=file)
        kept, places = cls._without_faults(given, zone) or cls._one_by_one(given, zone)
        if lines is not None:
            lines += places
        faults.found[before:] = sorted(faults.found[before:], key=lambda problem: problem.line or 0)
        if problems is None:
            faults.raise_if_any()
        table = object.__new__(cls)  # the checks of __post_init__ are done already
        object.__setattr__(table, cls._field, tuple(kept))
        return table

    @classmethod
    def _without_faults(cls, given: Lines, zone: tzinfo | None) -> tuple[list[_RowT], list[int]] | None:
        """Return the rows and their lines, in order; None if a row has a fault, which `_one_by_one` records."""
        values = given.values(cls._kind, zone)
        if values is None:
            return None
        order = [*map(cls._order_of, values)]
        places = sorted(range(len(values)), key=order.__getitem__)
        rows: list[_RowT] = [values[place] for place in places]
        keys = [*map(cls._key_of, rows)]
        if any(map(eq, keys, keys[cls._most_of_key :])) or not cls._is_sound(rows):
            return None
        return rows, [given.cells[place][0] for place in places]

    @classmethod
    def _is_sound(cls, rows: Sequence[_RowT]) -> bool:
        """Tell whether rows are in order, and none of them clashes with the one before it."""
        order, keys = [*map(cls._order_of, rows)], [*map(cls._key_of, rows)]
        of_one_key = compress(pairwise(rows), map(eq, keys, keys[1:]))
        return all(map(le, order, order[1:])) and not any(cls._clash(*pair) for pair in of_one_key)

    @classmethod
    def _one_by_one(cls, given: Lines, zone: tzinfo | None) -> tuple[list[_RowT], list[int]]:
        """Return the rows without a fault and their lines, in order, and record every fault."""
        found = [(row, line) for line in given.rows() if (row := line.value(cls._kind, zone)) is not None]
        found.sort(key=lambda pair: cls._order_of(pair[0]))
        kept: list[_RowT] = []
        places: list[int] = []
        for row, line in found:
            if cls._fits(kept, row, line, places):
                kept.append(row)
                places.append(line.line)
        return kept, places

    @classmethod
    def _fits(cls, kept: list[_RowT], row: _RowT, line: Row, places: list[int]) -> bool:
        """Tell whether a row can follow the rows so far; record the reason if not."""
        if kept and (clash := cls._clash(kept[-1], row)):
            what = f"the row of {cls._called(row)} {clash} that on line {places[-1]}"
            remedy = "Keep one of them" + ", or let the first end before the second begins" * bool(cls._dates)
            line.bad((*cls._dates, *cls._key)[0], what, remedy)
        elif len(kept) >= cls._most_of_key and cls._key_of(kept[-cls._most_of_key]) == cls._key_of(row):
            what = f"{cls._called(row)} is listed more than {cls._most_of_key} times"
            line.bad(cls._key[0], what, "Join windows that follow one another")
        return line.good


def _rows_of(kind: Any, form: int, count: int, columns: dict[str, list[Any]]) -> tuple[Any, ...]:  # noqa: ANN401 - of rows
    """Return the rows of a pickle.

    Raises:
        InvalidValue: a newer version wrote it, or a row is invalid.
    """
    check_names(kind, form, columns)
    given = {field.name: columns.get(field.name, [field.default] * count) for field in fields(kind)}
    if any(type(column) is not list or len(column) != count for column in given.values()):
        raise out_of_range(kind.__name__, None, "read its JSON", "is pickled in columns of different lengths")
    # By identity: a value that only equals a sound one, as True equals 1, must not pass for it.
    tests = checks_of(kind)
    if all(tests[name](value) for name in given for value in {id(value): value for value in given[name]}.values()):
        return tuple(from_columns(kind, [*given.values()]))
    return tuple(kind(*cells) for cells in zip(*given.values(), strict=True))
