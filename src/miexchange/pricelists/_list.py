"""A price list: one price for each variant, before it is published; and the draft of one beside a programme."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from miexchange import _new_file
from miexchange._bounded import Id, Note
from miexchange._table import Table
from miexchange._time import midnight
from miexchange._value import Value, argument
from miexchange.errors import DataError, Problem, out_of_range
from miexchange.money import PriceMinor
from miexchange.pricelists._places import own_directory, programme_of

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

__all__ = ["DRAFT", "ListPrice", "PriceList", "date_text", "read_draft", "row_of", "write_draft"]

DRAFT = "next_prices.csv"
"""The file in a programme's directory with the next list to publish; no valuation reads it."""


@dataclass(frozen=True, slots=True)
class ListPrice(Value):
    """The price of one variant in a list.

    Attributes:
        model: the variant's id.
        price_minor: the price of a clean device, in minor units.
        basis: whether the price was observed or modelled.
        source: the source of the price.
        effective_from: the first instant at which it is to be in force, UTC, or None if `publish` gives it.
    """

    model: Id
    price_minor: PriceMinor
    basis: Literal["observed", "modelled"]
    source: Note
    effective_from: datetime | None = None


@dataclass(frozen=True)
class PriceList(Table[ListPrice]):
    """The prices of one list, sorted by variant.

    Columns of a draft: ``model,price_minor,basis,source``, and ``effective_from`` if wanted.

    Attributes:
        prices: the rows, sorted; make a list with `of`, or read one with `miexchange.pricelists.read`.

    >>> PriceList.of([ListPrice("oneplus-3t-6-64", 1_100_000, "observed", "our desk")]).by_model["oneplus-3t-6-64"]
    ... # doctest: +ELLIPSIS
    ListPrice(model='oneplus-3t-6-64', price_minor=1100000, ...)
    """

    prices: tuple[ListPrice, ...]
    _kind = ListPrice
    _field = "prices"
    _optional = ("effective_from",)

    @property
    def by_model(self) -> dict[str, ListPrice]:
        """The rows by the variant's id."""
        return {price.model: price for price in self}


def date_text(at: datetime, zone: tzinfo) -> str:
    """Write an instant in the notation of a table: as the day that begins then in the zone, or in full.

    >>> from datetime import UTC, datetime, timedelta, timezone
    >>> india = timezone(timedelta(hours=5, minutes=30))
    >>> date_text(datetime(2018, 3, 14, 18, 30, tzinfo=UTC), india), date_text(datetime(2018, 3, 15, tzinfo=UTC), india)
    ('2018-03-15', '2018-03-15T00:00:00+00:00')
    """
    day = at.astimezone(zone).date()
    return day.isoformat() if midnight(day, zone) == at else at.isoformat()


def row_of(cells: list[object], end: str) -> str:
    """Return a row of CSV with the quotes that it needs, and its line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerow(cells)
    return text.getvalue()


def write_draft(prices: PriceList, directory: str | Path) -> Path:
    """Store a list beside a programme as its draft, replacing an earlier one, and return the file.

    Args:
        prices: the list.
        directory: a programme's directory, not one that ships with the package.

    Raises:
        InvalidValue: an argument is of another type, or the directory cannot be written.
        DataError: there is no programme, or it has problems.
    """
    argument(prices, PriceList, "prices")
    place = own_directory(directory)
    zone = programme_of(place).zone
    rows = [row_of([*PriceList.columns], "\n")]
    for one in prices:
        since = "" if one.effective_from is None else date_text(one.effective_from, zone)
        rows.append(row_of([one.model, one.price_minor, one.basis, one.source, since], "\n"))
    try:
        with _new_file.create(place / DRAFT, "directory") as file:
            file.write("".join(rows).encode())
    except OSError as error:
        rule = "let it be written to"
        raise out_of_range("directory", f"{place}", rule, f"cannot be written: {error.strerror}") from None
    return place / DRAFT


def read_draft(directory: str | Path) -> PriceList:
    """Return the draft beside a programme.

    Raises:
        InvalidValue: it is not the directory of a programme of one's own.
        DataError: there is no programme or no draft, or one of them has problems.
    """
    place = own_directory(directory)
    programme = programme_of(place)
    if not (place / DRAFT).exists():
        what, remedy = "there is no draft here", "Import a list first: `miexchange prices import FILE --into PROGRAMME`"
        raise DataError((Problem(f"{place / DRAFT}", None, "", what, remedy),))
    return PriceList.read(place / DRAFT, zone=programme.zone)
