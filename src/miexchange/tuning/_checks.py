"""Checks of data before every fit: errors and warnings that name the rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from miexchange._frame import Columns, NotATable, readable
from miexchange._privacy import masked
from miexchange._text import text_of
from miexchange._value import is_text
from miexchange.errors import MiExchangeError, missing, out_of_range, shown, wrong_type
from miexchange.money import GREATEST_AMOUNT
from miexchange.tuning._cells import LEAST, MOST, Fault, cells_of, day_reader, labels_of, number_of, told, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    import numpy.typing as npt

__all__ = [
    "NotFitted",
    "TuningWarning",
    "as_frame",
    "days",
    "duplicates",
    "fitted",
    "frame_of",
    "is_table",
    "minor",
    "named_rows",
    "numbers",
    "of_another_unit",
    "warn",
    "words",
]

_FEW = 5
_KNOWN = 50


class TuningWarning(UserWarning):
    """The data can be used, but somebody should look at the rows that it names.

    Silence it with ``warnings.simplefilter("ignore", TuningWarning)``.
    """


class NotFitted(MiExchangeError, ValueError, AttributeError):  # noqa: N818 - named after what is wrong, as InvalidValue is
    """A fitted attribute was read before `fit`."""


def fitted(estimator: object, name: str) -> Any:  # noqa: ANN401 - whatever the estimator learned
    """Return a fitted attribute.

    Raises:
        NotFitted: it does not exist yet.
    """
    value = estimator.__dict__.get(name)
    if value is None:
        kind = type(estimator).__name__
        raise NotFitted(f"this {kind} is not fitted yet, so it has no {name.rstrip('_')}: call fit first")
    return value


def warn(message: str) -> None:
    """Warn at the caller's caller."""
    warnings.warn(message, TuningWarning, stacklevel=3)


def named_rows(labels: Iterable[object]) -> str:
    """Name rows by their index labels: the first few, and the number of others.

    >>> named_rows([3, 4])
    'rows 3, 4'
    >>> named_rows(range(8))
    'rows 0, 1, 2, 3, 4 and 3 more'
    """
    found = list(labels)
    first = ", ".join(str(label) if isinstance(label, int | np.integer) else shown(label) for label in found[:_FEW])
    more = f" and {len(found) - _FEW} more" if len(found) > _FEW else ""
    return f"row{'s'[: len(found) != 1]} {first}{more}"


_FAR = 3.0  # no list changes by this factor between two editions, and every mistake of a unit exceeds it


def of_another_unit(values: Any, beside: Any) -> npt.NDArray[np.bool_]:  # noqa: ANN401 - two columns of one length
    """Tell which amounts are more than three times, or less than a third of, their neighbours; False for NaN.

    >>> of_another_unit([100.0, 299.0, 301.0, 33.0], [100.0, 100.0, 100.0, float("nan")]).tolist()
    [False, False, True, False]
    """
    ratio = np.asarray(values, dtype=np.float64) / np.asarray(beside, dtype=np.float64)
    found: npt.NDArray[np.bool_] = (ratio > _FAR) | (ratio < 1 / _FAR)
    return found


def is_table(data: object) -> bool:
    """Tell whether data are a table of some library, by the attributes of its type."""
    kind = type(data)
    return issubclass(kind, pd.DataFrame) or any(
        hasattr(kind, name) for name in ("column_names", "get_columns", "collect_schema", "__arrow_c_stream__")
    )


def frame_of(data: object, what: str) -> pd.DataFrame:
    """Return a table of any library as a pandas frame with readable cells.

    Raises:
        InvalidValue: it is not a table, or it cannot be read.
    """
    if not is_table(data):
        raise wrong_type(what, data, "give a pandas DataFrame, or a table of Polars or Arrow")
    try:
        if issubclass(type(data), pd.DataFrame):
            return cast("pd.DataFrame", readable(data))
        table = Columns(data)
        cells = [pd.Series(table.cells(place), dtype=object) for place in range(len(table.names))]
    except NotATable as fault:
        raise fault.of(what, data) from None
    frame = pd.DataFrame(dict(enumerate(cells)))
    return frame.set_axis(table.names, axis=1)


def as_frame(data: object, columns: Iterable[object], what: str) -> pd.DataFrame:
    """Return the data as a frame that has the columns, each once, and at least one row.

    Raises:
        InvalidValue: not a frame, a column is missing or duplicated, or there are no rows.
    """
    frame = frame_of(data, what)
    names = [text_of(label) for label in frame.columns]
    wanted = [text_of(column) for column in columns if column is not None]
    lacking = [column for column in wanted if column not in names]
    if lacking:
        known = [masked(name) for name in names if name is not None]
        rule = f"add it, or name the column that holds it; known: {', '.join(known[:_KNOWN])}"
        raise missing(what, rule, f"has no column {', '.join(masked(str(column)) for column in lacking)}")
    repeated = [column for column in wanted if names.count(column) > 1]
    if repeated:
        raise out_of_range(what, None, "keep one of them", f"has the column {', '.join(map(str, repeated))} twice")
    if frame.empty:
        raise out_of_range(what, None, "give at least one row", "is empty")
    return frame


def numbers(
    data: pd.DataFrame,
    column: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    gaps: bool = False,
) -> npt.NDArray[np.float64]:
    """Return a column as floats within bounds; NaN for an empty cell, if gaps are allowed.

    Raises:
        InvalidValue: names the rows without a number, or with one out of bounds.
    """
    plain = _kept_as_numbers(data[column])
    if plain is not None and _usable(plain, above, at_least).all():
        return plain
    bound = "" if above is None else f" above {above:g}"
    bound = bound if at_least is None else f" of {at_least:g} or more"

    def read(cell: object) -> float | Fault:
        found = number_of(cell)
        if found is None or (above is not None and found <= above) or (at_least is not None and found < at_least):
            return Fault("", f"give a number{bound} in each, or take them out")
        return found

    nothing = np.nan if gaps else Fault("", f"give a number{bound} in each, or take them out")
    return np.array(_read(data, column, read, nothing), np.float64)


def _kept_as_numbers(column: pd.Series[Any]) -> npt.NDArray[np.float64] | None:
    """Return a column that pandas stores as numbers, so that its cells need not be parsed one by one."""
    kept = isinstance(column.dtype, np.dtype) and column.dtype.kind in "if"
    return column.to_numpy(dtype=np.float64) if kept else None


def _usable(values: npt.NDArray[np.float64], above: float | None, at_least: float | None) -> npt.NDArray[np.bool_]:
    size = np.abs(values)
    found: npt.NDArray[np.bool_] = (values == 0) | ((size >= LEAST) & (size <= MOST))
    if above is not None:
        found &= values > above
    return found if at_least is None else found & (values >= at_least)


def minor(data: pd.DataFrame, column: str, *, least: int = 1) -> npt.NDArray[np.int64]:
    """Return a column of amounts above zero, or of zero as well with `least=0`, in whole minor units.

    Raises:
        InvalidValue: names the rows without such an amount.
    """
    column_ = data[column]
    if (
        isinstance(column_.dtype, np.dtype)
        and column_.dtype.kind == "i"
        and column_.between(least, GREATEST_AMOUNT).all()
    ):
        return column_.to_numpy(dtype=np.int64)
    bound = "above 0" if least else "of 0 or more"
    fault = Fault("", f"give a number {bound} in each, in whole minor units, or take them out")
    return np.array(_read(data, column, whole(least, GREATEST_AMOUNT, (fault, fault, fault)), fault), np.int64)


def days(data: pd.DataFrame, column: str, *, gaps: bool = False) -> npt.NDArray[np.datetime64]:
    """Return a column of days (dates, midnights without a zone, texts such as ``2023-01-31``); NaT for an allowed gap.

    Raises:
        InvalidValue: names the rows without a day.
    """
    read, fault = day_reader("%Y-%m-%d"), Fault("", "give a day in each, such as 2018-06-20, or take them out")

    def named(cell: object) -> date | Fault:
        found = told(read, cell)
        return fault if isinstance(found, Fault) else found

    return np.array(_read(data, column, named, np.datetime64("NaT") if gaps else fault), dtype="datetime64[D]")


def words(data: pd.DataFrame, column: str) -> npt.NDArray[np.object_]:
    """Return a column of categories as texts, "" for a missing one; a whole number is the same with and without .0.

    Raises:
        InvalidValue: names the rows with neither a text nor a number.
    """
    return np.array(_read(data, column, _word, ""), dtype=object)


def _word(cell: object) -> str | Fault:
    written = text_of(cell)
    if written is not None and is_text(written):
        return written
    found = number_of(cell)
    if found is None and type(cell) is not bool:
        return Fault("", "give a text or a number in each, or take them out")
    return str(cell) if found is None or not found.is_integer() else str(int(found))


def _read(data: pd.DataFrame, column: str, read: Callable[[object], Any], nothing: object) -> list[Any]:
    """Parse each distinct cell of a column, and return the value of each row."""
    cells = cells_of(data[column])
    found = [*(told(read, cell) for cell in cells.distinct[:-1]), nothing]
    bad = np.flatnonzero(np.array([isinstance(one, Fault) for one in found])[cells.codes])
    if len(bad):
        code = cells.codes[bad[0]]
        which = f"cannot be used ({named_rows(labels_of(data.iloc[bad]))})"
        raise out_of_range(column, cells.distinct[code], found[code].remedy, which=which)
    return [found[code] for code in cells.codes.tolist()]


def duplicates(data: pd.DataFrame, columns: Iterable[str] | None = None) -> npt.NDArray[np.bool_]:
    """Tell which rows repeat an earlier one."""
    chosen = data if columns is None else data[[*columns]]
    # Each column becomes codes, and the codes of a row one number, which is unique for distinct rows.
    coded = [cells_of(chosen.iloc[:, position]).codes.astype(np.int32) for position in range(chosen.shape[1])]
    mixed = np.zeros(len(chosen), dtype=np.uint64)
    for codes in coded:
        mixed = (mixed ^ (codes + 2).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    suspects = np.flatnonzero(pd.Series(mixed).duplicated(keep=False).to_numpy())
    found: npt.NDArray[np.bool_] = np.zeros(len(chosen), dtype=bool)
    found[suspects] = (
        pd.DataFrame({place: codes[suspects] for place, codes in enumerate(coded)}).duplicated().to_numpy()
    )
    return found
