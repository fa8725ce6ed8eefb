"""Market prices and repair anchors: dated, by variant, looked up as of an instant.

The price in force is the last one that became effective at or before the instant.

>>> from datetime import UTC, datetime
>>> from miexchange import Price, PriceTable
>>> at = datetime(2018, 3, 15, tzinfo=UTC)
>>> table = PriceTable.of([Price("oneplus-3t-6-64", at, 1149000, "modelled", "example")])
>>> table.as_of("oneplus-3t-6-64", at).price_minor
1149000
>>> table.as_of("oneplus-3t-6-64", datetime(2018, 3, 14, tzinfo=UTC)) is None
True
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from miexchange._bounded import After, Id, Note
from miexchange._table import Table
from miexchange._time import TICK
from miexchange._value import Value, argument, instant, text
from miexchange.money import PriceMinor

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Anchor", "AnchorTable", "Gap", "Price", "PriceTable"]

_DATES = ("effective_from", "effective_until")


@dataclass(frozen=True, slots=True)
class Price(Value):
    """The market price of a clean device of one variant, from one instant on.

    Attributes:
        model: the variant's id.
        effective_from: the first instant at which it is in force, UTC.
        price_minor: the price, in minor units.
        basis: whether the price was observed or modelled.
        source: the source of the price.
        effective_until: the first instant at which it is no longer in force, or None while it is open.
    """

    model: Id
    effective_from: datetime
    price_minor: PriceMinor
    basis: Literal["observed", "modelled"]
    source: Note = ""
    effective_until: Annotated[datetime | None, After("effective_from")] = None


@dataclass(frozen=True, slots=True)
class Anchor(Value):
    """The cost of repairing one component of one variant, from one instant on.

    Attributes:
        model: the variant's id.
        component: the component, such as ``display``, or a family of faults of it, such as ``display.glass``.
        effective_from: the first instant at which it is in force, UTC.
        amount_minor: the anchor, in minor units.
        basis: whether it was observed or modelled.
        source: the source of the amount.
        effective_until: the first instant at which it is no longer in force, or None while it is open.
    """

    model: Id
    component: Id
    effective_from: datetime
    amount_minor: PriceMinor
    basis: Literal["observed", "modelled"]
    source: Note = ""
    effective_until: Annotated[datetime | None, After("effective_from")] = None


@dataclass(frozen=True, slots=True)
class Gap(Value):
    """A period in which a variant has no fresh price.

    Attributes:
        model: the variant's id.
        begins: the first instant without a fresh price.
        ends: the first instant with a fresh price again.
    """

    model: Id
    begins: datetime
    ends: Annotated[datetime, After("begins")]


def broader(component: str) -> Iterator[str]:
    """Yield a component, and then its prefixes before each dot.

    >>> list(broader("display.glass"))
    ['display.glass', 'display']
    """
    while component:
        yield component
        component = component.rpartition(".")[0]


_MODEL = "give a variant's id"
_COMPONENT = "give a component, such as display"


def stale_from(price: Price, following: datetime, max_age: timedelta) -> datetime:
    """Return the first instant without a fresh price before the next one, or the next one's if there is none."""
    begins = following if price.effective_until is None else price.effective_until
    if following - price.effective_from > max_age:
        begins = min(begins, price.effective_from + max_age + TICK)
    return begins


@dataclass(frozen=True)
class PriceTable(Table[Price]):
    """The dated market prices of a programme, sorted by variant and instant.

    Columns of a file: ``model,effective_from,price_minor,basis,source``, and ``effective_until`` if wanted.

    Attributes:
        prices: the rows, sorted; make a table with `of` or `read`.
    """

    prices: tuple[Price, ...]
    _kind = Price
    _field = "prices"
    _dates = _DATES
    _optional = ("effective_until",)

    def as_of(self, model: str, at: datetime) -> Price | None:
        """Return the price in force: the last one effective at or before the instant, or None.

        Raises:
            InvalidValue: an argument is of another type.
        """
        if type(model) is not str:
            model = text(model, "model", _MODEL)
        return self._in_force(model, instant(at, "at"))

    def gaps(self, max_age: timedelta) -> tuple[Gap, ...]:
        """Return every period, between a variant's first and last row, without a fresh price.

        Args:
            max_age: the age up to which a price is fresh, inclusive.

        Raises:
            InvalidValue: it is not a duration.
        """
        argument(max_age, timedelta, "max_age")
        found = []
        for model, series in self.by_key.items():
            for price, following in zip(series.rows, series.starts[1:], strict=False):
                begins = stale_from(price, following, max_age)
                if begins < following:
                    found.append(Gap(model, begins, following))
        return tuple(found)


@dataclass(frozen=True)
class AnchorTable(Table[Anchor]):
    """The dated repair anchors of a programme, sorted by variant, component and instant.

    A component with a dot, such as ``display.glass``, is a part of the one before the dot: if a variant has no
    anchor of its own for it, that of ``display`` applies.

    Columns of a file: ``model,component,effective_from,amount_minor,basis,source``, and ``effective_until`` if wanted.

    Attributes:
        anchors: the rows, sorted; make a table with `of` or `read`.
    """

    anchors: tuple[Anchor, ...]
    _kind = Anchor
    _field = "anchors"
    _key = ("model", "component")
    _dates = _DATES
    _optional = ("effective_until",)

    def as_of(self, model: str, component: str, at: datetime) -> Anchor | None:
        """Return the anchor in force: the last one effective at or before the instant, or None.

        Raises:
            InvalidValue: an argument is of another type.

        >>> from datetime import UTC, datetime
        >>> at = datetime(2018, 3, 15, tzinfo=UTC)
        >>> table = AnchorTable.of([Anchor("oneplus-3t-6-64", "display", at, 180640, "modelled", "example")])
        >>> table.as_of("oneplus-3t-6-64", "display.glass", at).amount_minor
        180640
        """
        if type(model) is not str or type(component) is not str:
            model, component = text(model, "model", _MODEL), text(component, "component", _COMPONENT)
        at = instant(at, "at")
        for part in broader(component):
            found = self._in_force((model, part), at)
            if found is not None:
                return found
        return None
