"""Cells of observations: each is parsed in one format, or becomes a `Fault` with its remedy. Nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from miexchange._limits import TEXT
from miexchange._text import is_blank, native, text_of, whole_of
from miexchange._time import NotATime, as_date, read_day
from miexchange._value import is_text
from miexchange.errors import out_of_range, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = [
    "YEARS",
    "Cells",
    "Fault",
    "cells_of",
    "choice",
    "day_reader",
    "labels_of",
    "number_of",
    "text",
    "told",
    "whole",
]


class Fault(NamedTuple):
    """The fault of a cell, and its remedy."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Cells:
    """A column as its distinct cells, each of which is parsed once.

    Attributes:
        distinct: the cells; the last is None, for every missing cell.
        codes: for each row, the position of its cell; -1 for a missing one.
    """

    distinct: list[object]
    codes: NDArray[np.intp]


_EXACT = (str, int, float, bool, date, datetime, pd.Timestamp)  # equal values of one type mean the same


def cells_of(column: pd.Series[Any]) -> Cells:
    """Return the cells of a column of any pandas type. A blank text is missing."""
    outer, cells = _factorized(column)
    seen: dict[object, int] = {}
    codes = np.empty(len(cells), dtype=np.intp)
    distinct: list[object] = []
    for row, given in enumerate(cells):
        cell = given if type(given) in _EXACT else native(given)
        key: object = (type(cell), cell) if type(cell) in _EXACT else row
        try:
            code = seen.get(key)
        except Exception:  # noqa: BLE001 - a zone is foreign code
            key, code = row, None
        if code is None:
            blank = is_blank(cell)
            code = seen[key] = -1 if blank else len(distinct)
            if not blank:
                distinct.append(cell)
        codes[row] = code
    return Cells([*distinct, None], codes if outer is None else np.append(codes, -1)[outer])


def _factorized(column: pd.Series[Any]) -> tuple[Any, list[object]]:
    """Return the distinct cells, where pandas can find them cheaply, and the code of each row."""
    try:
        if isinstance(column.dtype, pd.CategoricalDtype):
            return np.asarray(column.cat.codes, dtype=np.intp), list(column.cat.categories)
        if column.dtype != object:
            codes, found = pd.factorize(column)
            return np.asarray(codes, dtype=np.intp), list(found)
        return None, list(column)
    except Exception:  # noqa: BLE001 - a year of no calendar, bytes of no text: the other cells can be read
        return None, [_cell(column, row) for row in range(len(column))]


def labels_of(frame: pd.DataFrame) -> NDArray[np.object_]:
    """Return the labels of the rows, each as one object: those of several levels are tuples."""
    labels = np.empty(len(frame), dtype=object)
    for row in range(len(frame)):
        labels[row] = _cell(frame.index, row)
    return labels


def _cell(column: pd.Series[Any] | pd.Index[Any], row: int) -> object:
    try:
        return column.iloc[row] if isinstance(column, pd.Series) else column[row]
    except Exception:  # noqa: BLE001 - as above
        return ...  # an object that no reader accepts


def told(read: Callable[[object], Any], cell: object) -> Any:  # noqa: ANN401 - a value or a fault
    """Return what a reader makes of a cell."""
    try:
        return read(cell)
    except Exception:  # noqa: BLE001 - an object of foreign code may do anything when it is asked
        return Fault("cannot be read", "Write a text, a number or a date")


def text(longest: int = TEXT, message: str = "is not a text", remedy: str = "Write a text") -> Callable[[object], Any]:
    """Return a reader of texts, without the space around them."""

    def read(cell: object) -> str | Fault:
        found = text_of(cell)
        if found is None or not is_text(found):
            return Fault(message, remedy)
        found = found.strip()
        return found if len(found) <= longest else Fault(f"is longer than {longest} characters", remedy)

    return read


def choice(among: Collection[str], remedy: str) -> Callable[[object], Any]:
    """Return a reader of a few words."""

    def read(cell: object) -> str | Fault:
        found = text_of(cell)
        if found is None or found.strip() not in among:
            return Fault("is not known here", remedy)
        return found.strip()

    return read


_DIGITS = 38  # of any number that can be meant
_EXACT_FLOAT = 2**53  # below it, every float is exactly one whole number


def whole(least: int, most: int, faults: tuple[Fault, Fault, Fault]) -> Callable[[object], Any]:
    """Return a reader of whole numbers: integers, digits, and floats and decimals that are whole.

    Args:
        least: the least number.
        most: the greatest number.
        faults: for a cell that is not a whole number, for one that is too low, and for one that is too high.
    """
    wrong, low, high = faults

    def read(cell: object) -> int | Fault:
        number: int | None = None
        written = text_of(cell)
        if written is not None:
            number = whole_of(written.strip())
        elif isinstance(cell, bool):
            pass
        elif isinstance(cell, float):
            number = int(cell) if cell.is_integer() and abs(cell) < _EXACT_FLOAT else None
        elif isinstance(cell, Decimal):
            number = (
                int(cell) if cell.is_finite() and cell.adjusted() < _DIGITS and cell == cell.to_integral() else None
            )
        elif type(cell) is int:
            number = cell
        if number is None:
            return wrong
        if number < least:
            return low
        return number if number <= most else high

    return read


_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
MOST, LEAST = 1e15, 1e-6
"""Bounds of the absolute value of a number other than 0: squares and logarithms between them are exact enough."""


def number_of(cell: object) -> float | None:
    """Return a cell as a finite number, or None; Booleans and dates are not numbers."""
    written = text_of(cell)
    if written is not None:
        written = written.strip()
        found = float(written) if len(written) <= _DIGITS and _NUMBER.fullmatch(written) else None
    elif isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        try:
            found = float(cell)
        except (OverflowError, ValueError):  # an int of hundreds of digits, or a signalling NaN
            found = None
    else:
        found = None
    return found if found is not None and (found == 0 or LEAST <= abs(found) <= MOST) else None


_ISO = "%Y-%m-%d"
_SERIALS = {"excel-1900": date(1899, 12, 30), "excel-1904": date(1904, 1, 1)}  # the day of serial number 0
_LEAP_BUG = 61  # workbooks of 1900 contain a 29 February 1900: serial numbers below that of 1 March are off by a day
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = {
    "%d": "(?P<d>[0-9]{1,2})",
    "%m": "(?P<m>[0-9]{1,2})",
    "%b": f"(?P<b>{'|'.join(_MONTHS)})",
    "%Y": "(?P<y>[0-9]{4})",
}
_FORMAT_RULE = (
    "give a form with %d, %m or %b (jan to dec) and %Y, once each, such as %d/%m/%Y; or excel-1900 or excel-1904 for "
    "the serial numbers of a spreadsheet"
)
YEARS = range(1900, 2262)
"""The years of an observation: pandas' nanoseconds end in 2262."""


def day_reader(day_format: object) -> Callable[[object], Any]:
    """Return a reader of days in one format.

    Raises:
        InvalidValue: there is no such format.
    """
    form = text_of(day_format)
    if form == _ISO:
        return _bounded(_iso)
    if form in _SERIALS:
        first, fault = _SERIALS[form], Fault("is no serial number of a day", f"Write each day as {form} counts it")
        least = _LEAP_BUG if form == "excel-1900" else 0
        number = whole(least, 200_000, (fault, fault, fault))

        def serial(cell: object) -> date | Fault:
            found = number(cell)
            return found if isinstance(found, Fault) else first + timedelta(days=found)

        return _bounded(serial)
    pieces = re.split("(%.)", form, flags=re.DOTALL) if form is not None else []
    named = sorted(pieces[1::2])
    if named not in (["%Y", "%d", "%m"], ["%Y", "%b", "%d"]):
        raise (wrong_type if text_of(day_format) is None else out_of_range)("day_format", day_format, _FORMAT_RULE)
    if not all(pieces[2:-1:2]):
        raise out_of_range("day_format", day_format, "write something between its parts, such as / or -")
    pattern = re.compile("".join(_PARTS.get(piece) or re.escape(piece) for piece in pieces), re.IGNORECASE | re.ASCII)
    fault = Fault("is no date", f"Write each day as {form}, as day_format says")

    def formed(cell: object) -> date | Fault:
        written = text_of(cell)
        match = None if written is None else pattern.fullmatch(written.strip())
        if match is None:
            return fault
        parts = match.groupdict()
        month = parts.get("m") or _MONTHS.index(parts["b"].lower()) + 1
        try:
            return date(int(parts["y"]), int(month), int(parts["d"]))
        except ValueError:
            return fault

    return _bounded(formed)


_NO_DATE = Fault("is no date", "Write a date as 2018-03-15, or say with day_format how the days are written")
_NO_DAY = Fault("is no date but an instant", "Write the date alone: in which zone it is that day is not said")


def _iso(cell: object) -> date | Fault:
    written = text_of(cell)
    if written is not None:
        try:
            return read_day(written.strip())
        except NotATime:
            return _NO_DATE
    found = as_date(cell)
    if isinstance(found, datetime):  # a frame may contain midnights with a zone
        return found.date() if found.time() == time() and not getattr(found, "nanosecond", 0) else _NO_DAY
    return found if type(found) is date else _NO_DATE


def _bounded(read: Callable[[object], Any]) -> Callable[[object], Any]:
    fault = Fault(f"is outside the years {YEARS[0]} to {YEARS[-1]}", "Correct the date, or take the row out")

    def bounded(cell: object) -> date | Fault:
        found = read(cell)
        return fault if isinstance(found, date) and found.year not in YEARS else found

    return bounded
