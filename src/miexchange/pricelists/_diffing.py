"""The changes by a list: prices that fall, prices that rise, and prices that are surely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miexchange._bounded import Count, Id, Line
from miexchange._limits import JSON_VALUES
from miexchange._value import Value, argument, instant
from miexchange.money import BPS, PriceMinor
from miexchange.pricelists._list import PriceList
from miexchange.programme import Programme
from miexchange.programme._doubts import doubtful_prices

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ListDiff", "PriceChange", "diff"]


@dataclass(frozen=True, slots=True)
class PriceChange(Value):
    """A price that a list changes.

    Attributes:
        model: the variant's id.
        before_minor: the price in force, in minor units, or None where there is none.
        after_minor: the price of the list.
    """

    model: Id
    before_minor: PriceMinor | None
    after_minor: PriceMinor

    @property
    def change_bps(self) -> int | None:
        """The change in basis points of the price in force, rounded towards a fall; None for a new price."""
        if self.before_minor is None:
            return None
        return (self.after_minor - self.before_minor) * BPS // self.before_minor


@dataclass(frozen=True)
class ListDiff(Value):
    """The changes by a list.

    Attributes:
        changes: the prices that are not those in force, by variant.
        same: how many are.
        missing: the variants that have a price in force and none on the list, which keep it.
        doubts: what is surely wrong under the list and was not before, one sentence for each variant.
    """

    changes: tuple[PriceChange, ...]
    same: Count
    missing: tuple[Id, ...]
    doubts: tuple[Line, ...]
    _most_items = JSON_VALUES

    @property
    def fell(self) -> tuple[PriceChange, ...]:
        """The prices that fall, the largest fall first."""
        found = [one for one in self.changes if one.before_minor is not None and one.after_minor < one.before_minor]
        return tuple(sorted(found, key=lambda one: one.change_bps or 0))

    @property
    def rose(self) -> tuple[PriceChange, ...]:
        """The prices that rise, the largest rise first."""
        found = [one for one in self.changes if one.before_minor is not None and one.after_minor > one.before_minor]
        return tuple(sorted(found, key=lambda one: -(one.change_bps or 0)))

    @property
    def new(self) -> tuple[PriceChange, ...]:
        """The prices of variants that have none in force."""
        return tuple(one for one in self.changes if one.before_minor is None)


def diff(prices: PriceList, programme: Programme, *, at: datetime) -> ListDiff:
    """Compare a list with the prices in force.

    Args:
        prices: the list.
        programme: the programme whose prices it is to change.
        at: the instant whose prices are compared with.

    Raises:
        InvalidValue: something else is given.

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
    changes, same, missing = [], 0, []
    said = prices.by_model
    series = {
        model: [row.price_minor for row in found.rows if row.effective_from <= at]
        for model, found in programme.prices.by_key.items()
    }
    series = {model: found for model, found in series.items() if found}
    for model in sorted(series.keys() | said.keys()):
        price = programme.prices.as_of(model, at)
        before = None if price is None else price.price_minor
        if model not in said:
            if before is not None:
                missing.append(model)
        elif said[model].price_minor == before:
            same += 1
        else:
            changes.append(PriceChange(model, before, said[model].price_minor))
    known = {doubt.model for doubt in doubtful_prices(series, programme.catalogue)}
    after = {model: [*series.get(model, []), one.price_minor] for model, one in said.items()}
    doubts = doubtful_prices({**series, **after}, programme.catalogue)
    told = tuple(doubt.message for doubt in doubts if doubt.model not in known or doubt.model in said)
    return ListDiff(tuple(changes), same, tuple(missing), told if changes else ())
