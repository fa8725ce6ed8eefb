"""Columns of a table, converted to the types that the rules read.

Whatever the table is (pandas, Polars, Arrow, or anything with the Arrow PyCapsule interface), a column is read as an
Arrow array. A cell of the wrong type (a number in a column of texts, for example) is flagged in the mask `strange`
and refuses only its row.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from miexchange._fits import is_text as is_whole
from miexchange._limits import COLUMNS, NAME
from miexchange._text import closest, is_missing, text_of
from miexchange._time import EPOCH, YEARS, NotATime, instant_of, micros, midnight
from miexchange._value import day, instant
from miexchange.batch.arrow._inputs import check_rows, open_column
from miexchange.batch.arrow._layouts import (
    bools_of,
    is_instant,
    is_text,
    layout_of,
    plain_type,
    type_name,
    unwrapped,
)
from miexchange.errors import InvalidValue, missing, shown, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


__all__ = ["INSTANT", "TEXTS", "Column", "Kind", "check_names", "read_alone", "read_cells", "read_column"]

INSTANT = pa.timestamp("us", "UTC")
"""The Arrow type of an instant."""

Kind = Literal["text", "told", "number", "instant", "day", "flag"]
"""The type of a column: a text, a text that goes into a quote, a text or integer, an instant, a date, a flag."""

TEXTS = {"text", "told", "number"}
"""The types of columns that hold texts."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        array: a text (or a dictionary of texts), timestamp[us, UTC], date32 or bool array.
        strange: bool, the mask of invalid cells; None if there are none. `array` is null there.
    """

    array: pa.ChunkedArray
    strange: NDArray[np.bool_] | None = None


def check_names(names: Iterable[str], required: Iterable[str], optional: Iterable[str], field: str = "frame") -> None:
    """Refuse a table with a missing or misspelled column.

    Args:
        names: the columns of the table.
        required: the required ones.
        optional: the optional ones.
        field: the argument that the table came from, for the error.

    Raises:
        InvalidValue: it names all such columns, each with the nearest valid name.
    """
    there, needed = set(names), sorted(required)  # the order of a set differs between processes
    known = [*needed, *sorted(optional)]
    extra = sorted(there - set(known))
    # The comparison is quadratic, so it is limited to some columns if there are very many.
    nearby = {name.casefold(): name for name in reversed(extra[:COLUMNS]) if len(name) <= NAME}
    lacking, misspelled = [], {}
    for name in known:
        if name in there:
            continue
        close = closest(name.casefold(), nearby, cutoff=_CLOSE)
        if close:
            misspelled[name] = shown(nearby[close[0]])
        elif name in needed:
            lacking.append(name)
    if lacking or misspelled:
        remedies = [f"rename {found} to {name}" for name, found in misspelled.items()]
        gone = [*misspelled, *lacking]
        remedies += (
            [f"add {', '.join(lacking) if misspelled else 'it' if len(gone) == 1 else 'them'}"] if lacking else []
        )
        raise missing(field, "; ".join(remedies), f"has no column{'s'[: len(gone) != 1]} {', '.join(gone)}")


_CLOSE = 0.8  # as near as box_ and box, or purchased and purchased_on


def read_column(frame: pa.Table, name: str, kind: Kind, zone: tzinfo | None = None) -> Column:
    """Read a column of an Arrow table: see `read_cells`.

    Raises:
        InvalidValue: the whole column is of a wrong type.
    """
    return read_cells(frame[name], kind, name, zone)


def read_alone(given: Any, kind: Kind, name: str) -> Column:
    """Read a column that is not part of a table: see `read_cells`.

    Raises:
        InvalidValue: as there, or it has too many rows for its size in bytes.
    """
    cells = open_column(given, name)
    if not isinstance(cells, list):
        check_rows(cells, name)
    return _read(cells, kind, name)


def read_cells(given: Any, kind: Kind, name: str, zone: tzinfo | None = None) -> Column:
    """Read a column of a table, of any kind that `open_column` takes.

    Args:
        given: the column.
        kind: its type.
        name: its name, for an error.
        zone: the zone in which a plain day stands for its first instant; None if a day is not an instant.

    Raises:
        InvalidValue: it is not a column, or the whole column is of a wrong type.
    """
    return _read(open_column(given, name), kind, name, zone)


def _read(cells: pa.ChunkedArray | list[object], kind: Kind, name: str, zone: tzinfo | None = None) -> Column:
    if isinstance(cells, list):
        return _of_objects(cells, kind, zone)
    if zone is not None and kind == "instant" and pa.types.is_date(plain_type(cells.type)):
        return _in_few_pieces(_midnights(cells, name, zone))
    return _in_few_pieces(_READERS[kind](cells, name))


_LEAST = 8_192  # the fewest rows of a chunk, on average: each chunk costs about a millisecond


def _in_few_pieces(column: Column) -> Column:
    """Combine the chunks of a column that has very many."""
    array = column.array
    if array.num_chunks < _MANY or len(array) >= array.num_chunks * _LEAST:
        return column
    pieces = array.chunks
    if pa.types.is_dictionary(array.type):  # the dictionaries of chunks may differ
        pieces = [_wide(piece.dictionary).take(piece.indices) for piece in pieces]
    elif is_text(array.type):
        pieces = [_wide(piece) for piece in pieces]
    return Column(pa.chunked_array([pa.concat_arrays(pieces)]), column.strange)


_MANY = 16


def _wide(texts: pa.Array) -> pa.Array:
    """Return texts as large_string: the chunks together may exceed the 2 GB of a string array."""
    if pa.types.is_string(texts.type):  # cast through binary: the bytes need not be valid UTF-8
        return texts.view(pa.binary()).cast(pa.large_binary()).view(pa.large_string())
    return texts


def _text(array: pa.ChunkedArray, name: str) -> Column:
    if not is_text(plain_type(array.type)):  # no type is refused: a number is not a text, and refuses its row
        return _all_strange(array, pa.large_string(), name)
    return Column(_chunked([layout_of(chunk, name) for chunk in array.chunks], pa.large_string()))


def _number(array: pa.ChunkedArray, name: str) -> Column:
    """Convert integers to their decimal texts."""
    if not pa.types.is_integer(plain_type(array.type)):
        return _text(array, name)
    return Column(_row_by_row(array, name).cast(pa.large_string()))


def _row_by_row(array: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return a column with each value in its row."""
    pieces = []
    for chunk in array.chunks:
        values, places = unwrapped(chunk, name)
        pieces.append(values if places is None else values.take(places))
    return _chunked(pieces, plain_type(array.type))


def _chunked(pieces: list[pa.Array], kind: Any) -> pa.ChunkedArray:
    return pa.chunked_array(pieces) if pieces else pa.chunked_array([], kind)


def _all_strange(array: pa.ChunkedArray, kind: Any, name: str) -> Column:
    """Flag every cell except nulls and, as in pandas, NaN."""
    masks = [np.zeros(0, dtype=np.bool_)]
    for chunk in array.chunks:
        values, places = unwrapped(chunk, name)
        nulls = pc.is_null(values, nan_is_null=pa.types.is_floating(values.type))
        if pa.types.is_union(values.type):  # Arrow 21 has no is_null for a whole column of this type
            nulls = pa.array([cell.value is None or not cell.value.is_valid for cell in values], pa.bool_())
        masks.append(~bools_of(nulls if places is None else nulls.take(places).fill_null(True)))  # noqa: FBT003 - pyarrow's own
    there = np.concatenate(masks)
    return Column(pa.chunked_array([pa.nulls(len(array), kind)]), there if there.any() else None)


def _instant(array: pa.ChunkedArray, name: str) -> Column:
    kind = plain_type(array.type)
    if pa.types.is_null(kind):
        return _all_strange(array, INSTANT, name)
    if not pa.types.is_timestamp(kind):
        raise _not_of(name, kind, "give instants: timestamps with a time zone")
    if not is_instant(kind):
        raise _not_of(name, kind, "say which zone they are in: timestamps without one name no instants")
    return _within(_row_by_row(array, name), kind.unit, INSTANT, _FIRST_INSTANT, _LAST_INSTANT)


def _day(array: pa.ChunkedArray, name: str) -> Column:
    kind = plain_type(array.type)
    if pa.types.is_null(kind):
        return _all_strange(array, pa.date32(), name)
    is_day = pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and not is_instant(kind))
    if not is_day:
        raise _not_of(name, kind, "give dates, or timestamps at midnight without a time zone")
    array = _row_by_row(array, name)
    if pa.types.is_date32(kind):
        days = array.cast(pa.int32())
        return _masked(array, _outside(days, _FIRST_DAY, _LAST_DAY))
    if pa.types.is_date64(kind):
        array = array.cast(pa.int64()).cast(pa.timestamp("ms"))
    per_day = 86_400 * _PER_SECOND[array.type.unit]
    counts = array.cast(pa.int64())
    days = pc.divide(counts, per_day)
    whole = pc.equal(pc.multiply(days, per_day), counts)
    strange = _outside(days, _FIRST_DAY, _LAST_DAY) | ~bools_of(pc.fill_null(whole, True))  # noqa: FBT003 - pyarrow's own
    days = pc.if_else(pa.array(~strange), days, None)
    return Column(days.cast(pa.int32()).cast(pa.date32()), strange if strange.any() else None)


def _midnights(array: pa.ChunkedArray, name: str, zone: tzinfo) -> Column:
    """Read days as their first instants in a zone, each distinct day once."""
    days = _day(array, name)
    encoded = days.array.combine_chunks().dictionary_encode()
    starts = pa.array([_midnight(one, zone) for one in encoded.dictionary.to_pylist()], pa.int64())
    found = starts.take(encoded.indices).cast(pa.timestamp("us")).cast(INSTANT)
    strange = bools_of(pc.is_null(found)) & ~bools_of(pc.is_null(days.array))
    if days.strange is not None:
        strange |= days.strange
    return Column(pa.chunked_array([found]), strange if strange.any() else None)


def _midnight(day: date, zone: tzinfo) -> int | None:
    try:
        return micros(midnight(day, zone))
    except NotATime:  # outside the range of an instant
        return None


def _flag(array: pa.ChunkedArray, name: str) -> Column:
    kind = plain_type(array.type)
    if pa.types.is_null(kind):
        return _all_strange(array, pa.bool_(), name)
    if not pa.types.is_boolean(kind):
        raise _not_of(name, kind, "give True and False")
    return Column(_row_by_row(array, name))


def _not_of(name: str, kind: pa.DataType, rule: str) -> InvalidValue:
    return wrong_type(name, type_name(kind), rule, f"is a column of {type_name(kind)}")


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST_INSTANT = int((datetime(YEARS.start, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())
_LAST_INSTANT = int((datetime(YEARS.stop, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) - 1
_FIRST_DAY, _LAST_DAY = ((edge - EPOCH.date()).days for edge in (date.min, date.max))


def _within(array: pa.ChunkedArray, unit: str, kind: Any, first: int, last: int) -> Column:
    """Convert instants of any unit; those outside the range are flagged."""
    counts, per_second = array.cast(pa.int64()), _PER_SECOND[unit]
    strange = _outside(counts, first * per_second, last * per_second + per_second - 1)
    if unit == "ns":  # nanoseconds are truncated: the core has microseconds
        low = pc.multiply(pc.divide(counts, 1_000), 1_000)
        counts = pc.subtract(pc.divide(counts, 1_000), pc.greater(low, counts).cast(pa.int64()))
    elif unit != "us":
        counts = pc.multiply(pc.if_else(pa.array(~strange), counts, None), 10**6 // per_second)
    return _masked(counts.cast(pa.timestamp("us")).cast(kind), strange)


def _outside(counts: Any, first: int, last: int) -> NDArray[np.bool_]:
    least, most = max(first, -(2**63)), min(last, 2**63 - 1)
    if pa.types.is_int32(counts.type):
        least, most = max(first, -(2**31)), min(last, 2**31 - 1)
    ends = pc.min_max(counts).as_py()
    if ends["min"] is None or least <= ends["min"] <= ends["max"] <= most:
        return np.zeros(len(counts), dtype=np.bool_)
    below = pc.less(counts, pa.scalar(least, counts.type))
    above = pc.greater(counts, pa.scalar(most, counts.type))
    return bools_of(pc.fill_null(pc.or_(below, above), False))  # noqa: FBT003 - pyarrow's own


def _masked(array: pa.ChunkedArray, strange: NDArray[np.bool_]) -> Column:
    if not strange.any():
        return Column(array)
    return Column(pc.if_else(pa.array(~strange), array, None), strange)


_READERS: Mapping[str, Callable[[pa.ChunkedArray, str], Column]] = {
    **dict.fromkeys(TEXTS, _text),
    "number": _number,
    "instant": _instant,
    "day": _day,
    "flag": _flag,
}


# Columns of Python objects, as pandas has them; a cell may be anything.


def _of_objects(cells: list[object], kind: Kind, zone: tzinfo | None = None) -> Column:
    """Read cell by cell; only columns of Python objects come here."""
    read = partial(instant_of, zone=zone) if kind == "instant" and zone is not None else _CELLS[kind]
    strange = np.zeros(len(cells), dtype=np.bool_)
    kept: list[object] = []
    for row, cell in enumerate(cells):
        value = None
        if not is_missing(cell):
            with suppress(Exception):  # a cell may be an object whose methods run any code and raise anything
                value = read(cell)
            strange[row] = value is None
        kept.append(value)
    array = pa.chunked_array([pa.array(kept, type=_ARROW[kind])])
    return Column(array, strange if strange.any() else None)


def _text_of(cell: object) -> str | None:
    text = text_of(cell)
    # A lone surrogate cannot be encoded in Arrow.
    return None if text is None else text.encode("utf-8", "replace").decode()


_CELLS: Mapping[str, Callable[[object], object]] = {
    "text": _text_of,
    "number": lambda cell: f"{cell}" if type(cell) is int else _text_of(cell),
    "told": lambda cell: text if is_whole(text := text_of(cell)) else None,
    "instant": partial(instant, field="cell"),
    "day": partial(day, field="cell"),
    "flag": lambda cell: bool(cell) if issubclass(type(cell), bool | np.bool_) else None,
}
_ARROW: Mapping[str, Any] = {
    **dict.fromkeys(TEXTS, pa.large_string()),
    "instant": INSTANT,
    "day": pa.date32(),
    "flag": pa.bool_(),
}
