"""Tables of any library as columns of Python values: pandas, Polars, Arrow, DuckDB, or any that exports Arrow data.

No library is imported to read its tables. They are recognised by the attributes of their classes, and columns are
fetched by position, so that a name may be anything.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from miexchange._text import is_missing, native, text_of
from miexchange.errors import InvalidValue, shown, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Columns", "NotATable", "readable"]


_NO_TABLE = ("is no table", "Give a CSV path or a DataFrame")


class NotATable(Exception):  # noqa: N818 - never leaves the package
    """A value that cannot be read as a table: the fault, and the remedy."""

    def of(self, field: str, value: object) -> InvalidValue:
        """Return the error of an argument that is not a table."""
        what, remedy = self.args
        return wrong_type(field, value, f"{remedy[:1].lower()}{remedy[1:]}", what)


class Columns:
    """The columns of a table.

    Attributes:
        names: their names; one that is neither a text nor a number is shown by its position.
    """

    def __init__(self, source: object) -> None:
        """Open a table.

        Raises:
            NotATable: it is not a table.
        """
        self._rows: int | None = None
        try:
            labels, self._cells = _opened(source)
            self.names = [_column_name(place, label) for place, label in enumerate(labels, 1)]
        except NotATable:
            raise
        except Exception:  # noqa: BLE001 - code of any library runs here
            raise NotATable(*_NO_TABLE) from None

    def cells(self, place: int) -> list[Any]:
        """Return the cells of the column at a position, as Python values; any library's null becomes None.

        Raises:
            NotATable: Python has no such values, or the column is inconsistent with itself or another one.
        """
        try:
            cells = [_in_python(cell) for cell in self._cells(place)]
        except Exception as error:  # noqa: BLE001 - as above
            remedy = "Give texts in UTF-8, whole numbers, dates, or instants with a zone that is known here"
            raise NotATable(f"cannot be read ({type(error).__name__})", remedy) from None
        self._rows = len(cells) if self._rows is None else self._rows
        if len(cells) != self._rows:
            raise NotATable("is not as long as the others", "Give every column as many cells")
        return cells


def _opened(source: Any) -> tuple[Sequence[object], Callable[[int], Any]]:  # noqa: ANN401 - any table
    """Return the names of a table's columns, and a function that returns the cells at a position."""
    kind = type(source)
    if hasattr(kind, "collect_schema") and not hasattr(kind, "get_columns"):
        raise NotATable("has no rows yet", "Give what its collect() returns")
    if hasattr(kind, "column_names"):  # a table or record batch of Arrow
        return source.column_names, lambda place: _of_arrow(source.column(place))
    if hasattr(kind, "iloc"):  # a DataFrame of pandas
        return list(source.columns), lambda place: _of_pandas(source.iloc[:, place])
    if hasattr(kind, "get_columns"):  # a DataFrame of Polars
        return list(source.columns), lambda place: source.get_columns()[place]
    if hasattr(kind, "__arrow_c_stream__"):
        return _opened(_as_arrow(source))
    labels = list(source.columns)
    cells = [list(source[label]) for label in labels]
    if len(set(map(len, cells))) > 1:
        raise NotATable(*_NO_TABLE)
    return labels, cells.__getitem__


def _of_arrow(column: Any) -> list[Any]:  # noqa: ANN401 - an Arrow array
    column.validate(full=True)  # another library's buffers may point anywhere in memory
    cells: list[Any] = column.to_pylist()
    return cells


def _of_pandas(column: Any) -> Any:  # noqa: ANN401 - a Series; its cells
    arrow = _arrow_behind(column)
    return column if arrow is None else _of_arrow(arrow)


def _arrow_behind(column: Any) -> Any:  # noqa: ANN401 - a Series; an Arrow array, or None
    """Return the Arrow array behind a pandas column; it may be of a type that pandas itself cannot handle."""
    return column.array.__arrow_array__() if getattr(column.dtype, "storage", None) == "pyarrow" else None


def readable(frame: Any) -> Any:  # noqa: ANN401 - a DataFrame of pandas, which is not imported here
    """Return a pandas DataFrame whose cells can all be read, whatever the Arrow types of its columns.

    Most columns are unchanged. One of a type that pandas cannot handle, such as views and runs, becomes objects.

    Raises:
        NotATable: the buffers of a column are inconsistent.
    """
    found = frame
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        arrow = _arrow_behind(column)
        try:
            if arrow is None or _is_plain(arrow, column):
                continue
            cells = [_of_scalar(cell) for cell in arrow]
        except Exception as error:  # noqa: BLE001 - as above
            name = _column_name(place + 1, frame.columns[place])
            what = f"has the column {shown(name)}, which cannot be read ({type(error).__name__})"
            raise NotATable(what, "Write the column anew") from None
        found = frame.copy(deep=False) if found is frame else found
        found.isetitem(place, sys.modules["pandas"].Series(cells, index=frame.index, dtype=object))
    return found


_NUMBERS = {"bool", "float", "double", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))}
_BYTES_OF_TEXTS = {"string": "binary", "large_string": "large_binary"}


def _is_plain(arrow: Any, column: Any) -> bool:  # noqa: ANN401 - an Arrow array, and the Series that it is kept for
    """Tell whether pandas can handle an array.

    Raises:
        Exception: its buffers are inconsistent, or its zone is not a text.
    """
    name = f"{arrow.type}"
    if name in _BYTES_OF_TEXTS:
        for chunk in arrow.chunks:
            chunk.view(_BYTES_OF_TEXTS[name]).validate(full=True)
        return _are_texts(arrow)
    arrow.validate(full=True)
    return _are_in_calendar(column) if name.startswith(("timestamp", "date32")) else name in _NUMBERS


def _are_texts(arrow: Any) -> bool:  # noqa: ANN401 - an Arrow array
    try:
        arrow.validate(full=True)
    except ValueError:  # invalid UTF-8
        return False
    return True


def _are_in_calendar(column: Any) -> bool:  # noqa: ANN401 - a Series
    try:
        return not any(type(_in_python(end)) is InstantOutOfRange for end in (column.min(), column.max()))
    except Exception:  # noqa: BLE001 - a year that pandas has not, or a zone that nobody knows
        return False


def _of_scalar(cell: Any) -> object:  # noqa: ANN401 - an Arrow scalar
    try:
        return _in_python(cell.as_py())
    except Exception:  # noqa: BLE001 - no UTF-8, a year that Python has not, or a zone that nobody knows
        return Unreadable()


def _as_arrow(source: object) -> object:
    """Return an object with only Arrow's stream protocol as an Arrow table; a stream is then consumed."""
    if hasattr(type(source), "to_arrow_table"):  # a relation of DuckDB
        return cast("Any", source).to_arrow_table()
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is None:
        raise NotATable("can be read only with pyarrow", "Give what pyarrow.table(it) returns, or a DataFrame")
    return pyarrow.table(source)


def _column_name(place: int, label: object) -> str:
    name = text_of(label)
    if name is not None:
        return name
    return shown(label) if type(label) is int else f"column {place} ({shown(label)})"


def _in_python(cell: object) -> object:
    if issubclass(type(cell), datetime) and not is_missing(cell) and not _is_in_calendar(cast("datetime", cell)):
        return InstantOutOfRange()
    return native(cell)


def _is_in_calendar(instant: datetime) -> bool:
    try:
        instant.date()
    except Exception:  # noqa: BLE001 - pandas goes further than Python's calendar, and then raises anything
        return False
    return True


class InstantOutOfRange:
    """Represents an instant that Python cannot represent, and is shown by this name."""


class Unreadable:
    """Represents a cell that has no Python value, and is shown by this name."""
