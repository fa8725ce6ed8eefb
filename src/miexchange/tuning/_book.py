"""The one place where a book is valued, for `backtest`, `compare` and `exposure`."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from miexchange._text import text_of
from miexchange._time import as_date
from miexchange._value import instant
from miexchange.batch import appraise_frame, columns_in
from miexchange.errors import missing
from miexchange.tuning._cells import cells_of, told
from miexchange.tuning._launches import MONTH_DAYS
from miexchange.tuning._progress import track
from miexchange.tuning._report import grouped, in_units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import numpy.typing as npt

    from miexchange.money import Currency
    from miexchange.programme import Programme

__all__ = ["AGES", "GROUPS", "as_categories", "days_of", "encoded", "price_bands", "valued"]

AGES = ("0-5 months", "6-11 months", "1 year", "2 years", "3 years or more", "unknown")
"""The bands of age, youngest first: since the purchase if its day is known, else since the launch."""

_AGE_EDGES = (6, 12, 24, 36)  # months
_PRICE_EDGES = tuple(factor * 10**power for power in range(12) for factor in (1, 2, 5))  # units of any currency
GROUPS = ("brand", "age", "grade", "price_band")
"""The columns by which a report can be grouped."""

_AT_ONCE = 200_000  # rows: below this a block is done before a person would wait
_UNKNOWN = len(AGES) - 1
_NO_TEXTS = ("purchased_on", "at")  # days and instants, which an object column may contain


def as_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its text columns as categories: several times faster to compare and to value."""
    texts = [name for name, kind in frame.dtypes.items() if is_object_dtype(kind) or isinstance(kind, pd.StringDtype)]
    texts = [name for name in texts if name not in _NO_TEXTS]
    found = frame.copy(deep=False)
    for name in texts:
        with suppress(Exception):  # lists, invalid UTF-8, foreign objects: the valuation refuses their rows
            found[name] = frame[name].astype("category")
    return found


def encoded(book: pd.DataFrame, *programmes: Programme) -> pd.DataFrame:
    """Return the columns that the programmes read, texts as categories."""
    wanted = set().union(*(set().union(*columns_in(programme)) for programme in programmes))
    return as_categories(book[[column for column in book.columns if column in wanted]])


def days_of(book: pd.DataFrame, at: datetime | None) -> pd.Series[pd.Timestamp]:
    """Return the day of each row, in UTC, without a zone.

    Raises:
        InvalidValue: there is neither an argument nor a column with the instants.
    """
    if at is not None:
        return pd.Series(np.datetime64(instant(at, "at").date(), "s"), index=book.index)
    if "at" not in book.columns:
        raise missing("at", "give the instant of the valuation, or a column at")
    return pd.Series(_days(book["at"], lambda cell: instant(cell, "at").date()), index=book.index)


def _days(column: pd.Series[Any], read: Callable[[object], object]) -> npt.NDArray[np.datetime64]:
    """Return the day of each cell; rows without one are refused by the valuation."""
    cells = cells_of(column)
    found = [told(read, cell) for cell in cells.distinct]
    days = np.array([one if type(one) is date else "NaT" for one in found], dtype="datetime64[D]")
    return days.astype("datetime64[s]")[cells.codes]


def valued(
    book: pd.DataFrame, programme: Programme, at: datetime | None, kept: Sequence[str] | None = None
) -> pd.DataFrame:
    """Value a book, and add each row's `brand` and `age` band.

    Args:
        book: a row for each device.
        programme: the rules.
        at: the instant of the valuation, unless the book has instants.
        kept: the columns of the valuation that are read; None for all. A line for each answer would need much memory.

    Raises:
        InvalidValue: there is neither an argument nor a column with the instants.
    """
    days = days_of(book, at)
    asked = encoded(book, programme)
    parts = [
        _only(appraise_frame(asked.iloc[begin : begin + _AT_ONCE], programme, at=at), kept)
        for begin in track(range(0, len(asked), _AT_ONCE), "Value")
    ]
    values = parts[0] if len(parts) == 1 else pd.concat(parts)
    catalogue = programme.catalogue.by_model
    cells = cells_of(book["model"])
    variants = [catalogue.get(text_of(cell) or "") for cell in cells.distinct[:-1]]
    brands = np.array([*(one.brand if one is not None else "unknown" for one in variants), "unknown"], dtype=object)
    launched = [one.launched_on if one is not None else None for one in variants]
    since = np.array([*(day or "NaT" for day in launched), "NaT"], dtype="datetime64[s]")[cells.codes]
    if "purchased_on" in book.columns:
        bought = _days(book["purchased_on"], as_date)
        since = np.where(np.isnat(bought), since, bought)
    passed = days.to_numpy(dtype="datetime64[s]") - since
    months = np.where(np.isnat(passed), np.nan, passed.astype(np.float64)) / (86_400 * MONTH_DAYS)
    band = np.where(np.isfinite(months), np.searchsorted(_AGE_EDGES, np.nan_to_num(months), side="right"), _UNKNOWN)
    age = pd.Categorical(np.array(AGES, dtype=object)[band], categories=[*AGES], ordered=True)
    return values.assign(brand=brands[cells.codes], age=pd.Series(age, index=book.index))


def _only(values: pd.DataFrame, kept: Sequence[str] | None) -> pd.DataFrame:
    return values if kept is None else values[[*kept]].copy()


def price_bands(prices: npt.NDArray[np.int64] | Sequence[int], currency: Currency) -> pd.Categorical[str]:
    """Return the band of each price, such as ₹10,000-19,999: from 1, 2 or 5 times a power of ten to the next.

    The bands are the same for every book of a currency; those that occur are the categories, lowest first.
    """
    places = np.searchsorted(_PRICE_EDGES, np.asarray(prices) // 10**currency.decimals, side="right")
    bands, codes = np.unique(places, return_inverse=True)
    names = [_band(band, currency) for band in bands.tolist()]
    kind = pd.CategoricalDtype(names, ordered=True)
    return cast("pd.Categorical[str]", pd.Categorical.from_codes(codes, dtype=kind))


def _band(code: int, currency: Currency) -> str:
    unit = 10**currency.decimals
    if code == 0:
        return f"below {in_units(unit, currency)}"
    low, last = _PRICE_EDGES[code - 1], _PRICE_EDGES[code] - 1
    return in_units(low * unit, currency) + (f"-{grouped(last, currency)}" if last > low else "")
