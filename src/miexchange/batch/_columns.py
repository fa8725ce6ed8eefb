"""Columns of a table as they arrive, and as the rules read them.

Whatever the table is (pandas, Polars, Arrow, or anything with the Arrow PyCapsule interface), a
column is looked at as an Arrow array. What a cell cannot hold (a number where a text belongs, say) is
marked as strange and stays in its row.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from miexchange._value import day, instant
from miexchange.errors import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


__all__ = ["Column", "Kind", "check_names", "kind_of", "names_of", "nulls_of", "read_cells", "read_column"]

Kind = Literal["text", "instant", "day", "flag"]
"""What a cell is to hold: a text, an instant, a date, or True and False."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        array: a text (or a dictionary of texts), timestamp[us, UTC], date32 or bool array.
        strange: bool, where a cell holds what it cannot; None for nowhere. There `array` is null.
    """

    array: pa.ChunkedArray
    strange: NDArray[np.bool_] | None = None


def names_of(frame: Any) -> list[str]:
    """Return the names of the columns of a pandas, Polars or Arrow table.

    Raises:
        InvalidValue: a name is no text, or stands twice.
    """
    names = list(frame.column_names if isinstance(frame, pa.Table) else frame.columns)
    for name in names:
        if type(name) is not str or names.count(name) > 1:
            raise InvalidValue("frame", name, "the name of a column is a text, and each column has its own")
    return names


def check_names(names: Iterable[str], required: Iterable[str], optional: Iterable[str], field: str = "frame") -> None:
    """Refuse a table that lacks a column, or has one that is misspelled.

    Args:
        names: the columns that are there.
        required: those that must be.
        optional: those that may be.
        field: which argument the table is, for the error.

    Raises:
        InvalidValue: all such columns, each with the nearest right name.
    """
    there, needed = set(names), list(required)
    known = [*needed, *optional]
    extra = sorted(there - set(known))
    faults = []
    for name in known:
        if name in there:
            continue
        close = difflib.get_close_matches(name.casefold(), [other.casefold() for other in extra], n=1, cutoff=_CLOSE)
        found = next((other for other in extra if [other.casefold()] == close), None)
        if found is not None:
            faults.append(f"{name} is missing, and {shown(found)} is no column of this programme: rename it {name}")
        elif name in needed:
            faults.append(f"{name} is missing")
    if faults:
        raise InvalidValue(field, ", ".join(sorted(there)) or None, f"add the columns: {'; '.join(faults)}")


_CLOSE = 0.8  # as near as box_ and box, or purchased and purchased_on


def read_column(frame: Any, name: str, kind: Kind) -> Column:
    """Read a column of a table.

    Raises:
        InvalidValue: the whole column is of a type that cannot hold such cells.
    """
    return read_cells(frame[name], kind, name)


def read_cells(cells: Any, kind: Kind, name: str) -> Column:
    """Read a column that stands alone; see `read_column`."""
    array = _as_arrow(cells, name)
    if array is None:  # a pandas column of objects of several types
        return _of_objects(list(cells), kind)
    return _READERS[kind](array, name)


def _as_arrow(cells: Any, name: str) -> pa.ChunkedArray | None:
    if isinstance(cells, pa.ChunkedArray):
        return cells
    if isinstance(cells, pa.Array):
        return pa.chunked_array([cells])
    if kind_of(cells) == "polars":
        return pa.chunked_array([cells.to_arrow()])
    if kind_of(cells) != "pandas":
        raise InvalidValue(name, cells, "give a pandas or Polars Series, or an Arrow array")
    try:
        array = pa.array(cells, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    if cells.dtype == object and not _is_textual(array.type) and not pa.types.is_null(array.type):
        return None  # Arrow may have turned one type into another, as True into 1
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def kind_of(given: object) -> str:
    """Return the top-level package that a value's type is of; none is imported to find out."""
    return type(given).__module__.partition(".")[0]


def _is_textual(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_textual(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _text(array: pa.ChunkedArray, name: str) -> Column:
    del name  # no type is refused: a number is no text, and each row will say so
    kind = array.type
    if not _is_textual(kind):
        return _all_strange(array, pa.string())
    if pa.types.is_string_view(kind):
        array = array.cast(pa.large_string())
    return Column(array)


def _all_strange(array: pa.ChunkedArray, kind: Any) -> Column:
    there = ~nulls_of(array)
    return Column(pa.chunked_array([pa.nulls(len(array), kind)]), there if there.any() else None)


def _instant(array: pa.ChunkedArray, name: str) -> Column:
    kind = array.type
    if pa.types.is_null(kind):
        return _all_strange(array, _UTC)
    if not pa.types.is_timestamp(kind):
        raise InvalidValue(name, str(kind), "give instants: timestamps with a time zone")
    if kind.tz is None:
        raise InvalidValue(
            name, str(kind), "timestamps without a time zone name no instants; say which zone they are in"
        )
    return _within(array, kind.unit, _UTC, _FIRST_INSTANT, _LAST_INSTANT)


def _day(array: pa.ChunkedArray, name: str) -> Column:
    kind = array.type
    if pa.types.is_null(kind):
        return _all_strange(array, pa.date32())
    if pa.types.is_date32(kind):
        days = array.cast(pa.int32())
        return _masked(array, _outside(days, _FIRST_DAY, _LAST_DAY))
    if pa.types.is_date64(kind):
        array = array.cast(pa.timestamp("ms"))
    elif not pa.types.is_timestamp(kind) or kind.tz is not None:
        raise InvalidValue(name, str(kind), "give dates, or timestamps at midnight without a time zone")
    per_day = 86_400 * _PER_SECOND[array.type.unit]
    counts = array.cast(pa.int64())
    days = pc.divide(counts, per_day)
    whole = pc.equal(pc.multiply(days, per_day), counts)
    strange = _outside(days, _FIRST_DAY, _LAST_DAY) | ~_bools(pc.fill_null(whole, True))  # noqa: FBT003 - pyarrow's own
    days = pc.if_else(pa.array(~strange), days, None)
    return Column(days.cast(pa.int32()).cast(pa.date32()), strange if strange.any() else None)


def _flag(array: pa.ChunkedArray, name: str) -> Column:
    if pa.types.is_null(array.type):
        return _all_strange(array, pa.bool_())
    if not pa.types.is_boolean(array.type):
        raise InvalidValue(name, str(array.type), "give True and False")
    return Column(array)


_UTC = pa.timestamp("us", "UTC")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_INSTANT = int((datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
_LAST_INSTANT = int((datetime(9901, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) - 1
_FIRST_DAY, _LAST_DAY = ((edge - _EPOCH.date()).days for edge in (date.min, date.max))


def _within(array: pa.ChunkedArray, unit: str, kind: Any, first: int, last: int) -> Column:
    """Read instants of a unit; those before the first second or after the last one are strange."""
    counts, per_second = array.cast(pa.int64()), _PER_SECOND[unit]
    strange = _outside(counts, first * per_second, last * per_second + per_second - 1)
    if unit == "ns":  # a thousandth of a microsecond is cut off: the core knows none
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
    return _bools(pc.fill_null(pc.or_(below, above), False))  # noqa: FBT003 - pyarrow's own


def _masked(array: pa.ChunkedArray, strange: NDArray[np.bool_]) -> Column:
    if not strange.any():
        return Column(array)
    return Column(pc.if_else(pa.array(~strange), array, None), strange)


def _bools(array: Any) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.bool_)
    return result


def nulls_of(array: Any) -> NDArray[np.bool_]:
    """Tell where a column holds nothing."""
    parts = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    masks = [_bools(pc.is_null(part)) for part in parts]
    return np.concatenate([np.zeros(0, dtype=np.bool_), *masks])


_READERS: Mapping[str, Callable[[pa.ChunkedArray, str], Column]] = {
    "text": _text,
    "instant": _instant,
    "day": _day,
    "flag": _flag,
}


# Columns of Python objects: pandas keeps such, and anything may stand in them.


def _of_objects(cells: list[object], kind: Kind) -> Column:
    """Read a cell at a time; only a column of Python objects comes here."""
    strange = np.zeros(len(cells), dtype=np.bool_)
    kept: list[object] = []
    for row, cell in enumerate(cells):
        if _is_nothing(cell):
            kept.append(None)
            continue
        try:
            kept.append(_CELLS[kind](cell))
        except InvalidValue:
            kept.append(None)
            strange[row] = True
    array = pa.chunked_array([pa.array(kept, type=_ARROW[kind])])
    return Column(array, strange if strange.any() else None)


def _is_nothing(cell: object) -> bool:
    """Tell what pandas takes for a missing cell: None, NaN, NaT and NA."""
    return cell is None or (type(cell) is float and cell != cell) or type(cell).__name__ in {"NaTType", "NAType"}  # noqa: PLR0124 - NaN


def _text_of(cell: object) -> str:
    if type(cell) is not str:
        raise InvalidValue("cell", cell, "give a text")
    return cell.encode("utf-8", "replace").decode()  # half of a surrogate pair has no form in Arrow


def _instant_of(cell: object) -> datetime:
    return instant(cell, "cell")


def _day_of(cell: object) -> date:
    return day(cell, "cell")


def _flag_of(cell: object) -> bool:
    if type(cell) is not bool:
        raise InvalidValue("cell", cell, "give True or False")
    return cell


_CELLS: Mapping[str, Callable[[object], object]] = {
    "text": _text_of,
    "instant": _instant_of,
    "day": _day_of,
    "flag": _flag_of,
}
_ARROW: Mapping[str, Any] = {"text": pa.string(), "instant": _UTC, "day": pa.date32(), "flag": pa.bool_()}
