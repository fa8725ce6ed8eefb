"""The changes by a list: prices that fall, prices that rise, and prices that are surely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miexchange._bounded import Count, Id, Line
from miexchange._limits import JSON_VALUES
from miexchange._value import Value, argument, instant
from miexchange.pricelists._list import PriceList
from miexchange.programme import PriceChange, Programme
from miexchange.programme._diff import changed_prices, fell, prices_in_force, rose
from miexchange.programme._doubts import doubtful_prices

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ListDiff", "PriceChange", "diff"]


@dataclass(frozen=True)
class ListDiff(Value):
    """The changes by a list.

    Attributes:
        changes: the prices that differ from those in force, by variant.
        same: the number of unchanged prices.
        missing: the variants with a price in force and none on the list, which keep it.
        doubts: the new prices that are surely wrong, one sentence for each variant.
    """

    changes: tuple[PriceChange, ...]
    same: Count
    missing: tuple[Id, ...]
    doubts: tuple[Line, ...]
    _most_items = JSON_VALUES

    @property
    def fell(self) -> tuple[PriceChange, ...]:
        """The prices that fall, the largest fall first."""
        return fell(self.changes)

    @property
    def rose(self) -> tuple[PriceChange, ...]:
        """The prices that rise, the largest rise first."""
        return rose(self.changes)

    @property
    def new(self) -> tuple[PriceChange, ...]:
        """The prices of variants without one in force."""
        return tuple(one for one in self.changes if one.before_minor is None)


def diff(prices: PriceList, programme: Programme, *, at: datetime) -> ListDiff:
    """Compare a list with the prices in force.

    Args:
        prices: the list.
        programme: the programme whose prices it is to change.
        at: the instant of the prices to compare with.

    Raises:
        InvalidValue: an argument is of another type.

    >>> from datetime import UTC, datetime
    >>> from miexchange.pricelists import ListPrice
    >>> programme = Programme.load("mi-exchange-india")
    >>> list_ = PriceList.of([ListPrice("oneplus-3t-6-64", 10_000_000, "observed", "our desk")])
    >>> found = diff(list_, programme, at=datetime(2018, 4, 1, tzinfo=UTC))
    >>> print(found.rose[0].before_minor, *found.doubts)
    1129000 oneplus-3t-6-64 costs 10000000: that is 8.8 times its last price, 1129000
    """
    argument(prices, PriceList, "prices")
    argument(programme, Programme, "programme")
    at = instant(at, "at")
    said = prices.by_model
    series = {
        model: [row.price_minor for row in found.rows if row.effective_from <= at]
        for model, found in programme.prices.by_key.items()
    }
    series = {model: found for model, found in series.items() if found}
    before = prices_in_force(programme, at)
    changes = changed_prices(before, {model: one.price_minor for model, one in said.items()})
    same, missing = len(said) - len(changes), sorted(before.keys() - said.keys())
    known = {doubt.model for doubt in doubtful_prices(series, programme.catalogue)}
    after = {model: [*series.get(model, []), one.price_minor] for model, one in said.items()}
    doubts = doubtful_prices({**series, **after}, programme.catalogue)
    told = tuple(doubt.message for doubt in doubts if doubt.model not in known or doubt.model in said)
    return ListDiff(changes, same, tuple(missing), told if changes else ())
