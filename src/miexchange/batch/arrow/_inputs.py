"""Tables and columns from callers: of pandas, Polars, numpy, Arrow, or any library with the Arrow interface.

No library is imported to recognise a value: a caller who has one of its values has imported it already.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from miexchange._limits import ROWS
from miexchange._text import text_of
from miexchange.errors import out_of_range, shown, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Frame", "cell_of", "check_rows", "is_of_pandas", "is_of_polars", "open_column", "open_frame"]

_COLLECT = "give what its collect() returns: a LazyFrame has no rows yet"


class Frame:
    """A table.

    Attributes:
        rows: the number of rows.
        names: the position of each column whose name is a text; the first, if the name is duplicated.
        repeated: the duplicated names.
    """

    def __init__(self, labels: list[object], rows: int, column: Callable[[int], Any]) -> None:
        """Index the columns by name; names that are not read may be of any type and duplicated.

        Args:
            labels: the name of each column, of any type.
            rows: the number of rows.
            column: returns the column at a position.
        """
        self.rows = rows
        names = [text_of(label) for label in labels]
        self.names = {name: place for place, name in reversed(list(enumerate(names))) if name is not None}
        self.repeated = {name for name, count in Counter(names).items() if count > 1 and name is not None}
        self._column = column

    def column(self, name: str) -> Any:
        """Return a column by its name.

        Raises:
            InvalidValue: several columns have the name.
        """
        if name in self.repeated:
            raise out_of_range("frame", name, "rename one of them", f"has two columns {shown(name)}")
        return self._column(self.names[name])


def open_frame(frame: Any) -> Frame:
    """Open a table of pandas, Polars or Arrow, or anything with the Arrow PyCapsule interface; a stream is used up.

    Raises:
        InvalidValue: it is not a table, or it cannot be read.
    """
    if _is_a(frame, "pandas", "DataFrame"):
        return Frame(list(frame.columns), len(frame), lambda place: frame.iloc[:, place])
    if _is_a(frame, "polars", "DataFrame"):
        return Frame(list(frame.columns), len(frame), frame.to_series)
    table = _arrow_of(frame)
    check_rows(table, "frame")
    return Frame(list(_labels(table)), len(table), table.column)


def _arrow_of(frame: Any) -> pa.Table:
    if issubclass(type(frame), pa.Table):
        return frame
    rule, what = "give a pandas or Polars DataFrame, an Arrow table, or what can be read as one", ""
    if _is_a(frame, "polars", "LazyFrame"):
        rule = _COLLECT
    elif _offers(frame, "__arrow_c_stream__") or _offers(frame, "__arrow_c_array__"):
        try:
            return pa.table(frame)
        except Exception as error:  # noqa: BLE001 - code of any library runs here
            what = f"is {shown(frame)}, which cannot be read ({type(error).__name__})"
    raise wrong_type("frame", frame, rule, what)


def check_rows(given: pa.Table | pa.ChunkedArray, field: str) -> None:
    """Refuse a table or a column with many rows in few bytes: its result would fill the memory.

    Raises:
        InvalidValue: it has more than `ROWS` rows, and fewer bytes.
    """
    if len(given) > ROWS and len(given) > given.nbytes:
        what = f"has {len(given):,} rows in {given.nbytes:,} bytes"
        raise out_of_range(field, None, f"give at most {ROWS:,} such rows", what)


def _labels(table: pa.Table) -> list[object]:
    try:
        return list(table.column_names)
    except UnicodeDecodeError:
        return [_label(table.schema, place) for place in range(table.num_columns)]


def _label(schema: pa.Schema, place: int) -> object:
    try:
        return schema.field(place).name
    except UnicodeDecodeError:
        return None  # not a text, so that it is not a column that is read


def open_column(given: Any, name: str) -> pa.ChunkedArray | list[object]:
    """Return a column as an Arrow array, or as Python objects if Arrow has no type for all of its cells.

    Args:
        given: a Series of pandas or Polars; an Index, a Categorical or another array of pandas; a numpy array of one
            dimension; an Arrow array; or anything with the Arrow PyCapsule interface.
        name: its name in errors.

    Raises:
        InvalidValue: it is none of these.
    """
    if issubclass(type(given), pa.ChunkedArray):
        return given
    if issubclass(type(given), pa.Array):
        return pa.chunked_array([given])
    if is_of_pandas(given) and not _is_a(given, "pandas", "MultiIndex") and not _is_a(given, "pandas", "DataFrame"):
        return _of_pandas(given)
    if _is_a(given, "polars", "Series"):
        return _of_polars(given)
    found = None
    if not _is_a(given, "polars", "LazyFrame"):
        found = _of_capsule(given)
    if found is None:
        rule = "give a pandas or Polars Series, a numpy array of one dimension or an Arrow array: one column, no table"
        raise wrong_type(name, given, rule)
    return found


def _of_pandas(given: Any) -> pa.ChunkedArray | list[object]:
    import pandas as pd  # noqa: PLC0415 - only for its own values and those of numpy

    try:
        series = given if isinstance(given, pd.Series) else pd.Series(given)
        # Arrow must not infer the type of objects: it takes True for 1 and bytes for text, and some mixtures crash it.
        if series.dtype == object or isinstance(series.dtype, pd.SparseDtype):
            return _of_objects(np.asarray(series, dtype=object), pd.api.types.infer_dtype)
        if isinstance(series.dtype, pd.CategoricalDtype) and series.dtype.categories.dtype == object:
            return series.tolist()
        array = pa.array(series, from_pandas=True)
    except Exception:  # noqa: BLE001 - objects may be of any type, and run code of their own
        return list(given)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _of_objects(cells: Any, infer_dtype: Callable[..., str]) -> pa.ChunkedArray | list[object]:
    """Return objects as an Arrow array if all of them are texts or missing."""
    if infer_dtype(cells, skipna=True) != "string":
        return list(cells)
    array = pa.array(cells, pa.large_string(), from_pandas=True)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _of_polars(given: Any) -> pa.ChunkedArray | list[object]:
    if f"{given.dtype}" == "Object":  # Arrow would see their addresses
        return list(given)
    try:
        return pa.chunked_array([given.to_arrow()])
    except pa.ArrowException:  # 128-bit integers, for which Arrow has no type
        return list(given)


def _of_capsule(given: Any) -> pa.ChunkedArray | None:
    try:
        if _offers(given, "__arrow_c_stream__"):
            found = pa.chunked_array(given)
        elif _offers(given, "__arrow_c_array__"):
            found = pa.chunked_array([pa.array(given)])
        else:
            return None
    except Exception:  # noqa: BLE001 - code of any library runs here
        return None
    return None if pa.types.is_struct(found.type) else found  # a table would arrive as a column of structs


def cell_of(column: Any, row: int, unreadable: object) -> object:
    """Return a cell of a column of a `Frame`, or a placeholder if Python cannot represent it."""
    try:
        cell = column.iloc[row] if _is_a(column, "pandas", "Series") else column[row]
        return cell.as_py() if issubclass(type(cell), pa.Scalar) else cell
    except Exception:  # noqa: BLE001 - code of any library runs here
        return unreadable


def is_of_pandas(given: Any) -> bool:
    """Tell whether the result is a pandas table: for a table or column of pandas, and a plain numpy array."""
    if _is_a(given, "pandas", "DataFrame", "Series", "Index", "api.extensions.ExtensionArray"):
        return True
    # Masked arrays, matrices and record arrays would lose their masks, dimensions and fields.
    return type(given) is np.ndarray and given.ndim == 1 and given.dtype.names is None


def is_of_polars(given: Any) -> bool:
    """Tell whether a table or column is from Polars."""
    return _is_a(given, "polars", "DataFrame", "Series")


def _is_a(value: object, library: str, *names: str) -> bool:
    """Tell whether a value's class is, or derives from, a class of a library; the value's own code does not run."""
    root = sys.modules.get(library)
    for name in names:
        found: Any = root
        for part in name.split("."):
            found = getattr(found, part, None)
        if isinstance(found, type) and issubclass(type(value), found):
            return True
    return False


def _offers(value: object, method: str) -> bool:
    """Tell whether a value's class has a method."""
    return hasattr(type(value), method)
