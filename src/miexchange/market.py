"""Market prices and repair anchors: dated, by variant, looked up as of an instant.

The price in force is the last one that became effective at or before the instant.

>>> from datetime import UTC, datetime
>>> from miexchange import Price, PriceTable
>>> at = datetime(2018, 3, 15, tzinfo=UTC)
>>> table = PriceTable.of([Price("oneplus-3t-6-64", at, 1149000, "modelled", "example")])
>>> table.as_of("oneplus-3t-6-64", at).price_paise
1149000
>>> table.as_of("oneplus-3t-6-64", datetime(2018, 3, 14, tzinfo=UTC)) is None
True
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeVar

from miexchange._rows import Problems, Row, read_rows
from miexchange._value import Value, instant, require
from miexchange.errors import InvalidValue
from miexchange.money import GREATEST_PAISE, PAISE_PER_RUPEE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["IST", "Anchor", "AnchorTable", "Gap", "Price", "PriceTable"]

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""Indian Standard Time, the same all year: where a table gives a date, it begins at midnight here."""

_BASES = ("observed", "modelled")


@dataclass(frozen=True, slots=True)
class Price(Value):
    """The market price of a clean device of one variant, from one instant on.

    Attributes:
        model: the variant's id.
        effective_from: the first instant at which it holds, UTC.
        price_paise: the price, in paise; a whole number of rupees.
        basis: whether somebody observed the price, or a model made it.
        source: where it is from.
        effective_until: the first instant at which it no longer holds, or None while it is open.
    """

    model: str
    effective_from: datetime
    price_paise: int
    basis: Literal["observed", "modelled"]
    source: str = ""
    effective_until: datetime | None = None

    def __post_init__(self) -> None:
        require(type(self.model) is str and bool(self.model), "Price.model", self.model, "give a variant's id")
        _check_window(self, "Price")
        _check_amount(self.price_paise, "Price.price_paise")
        require(self.basis in _BASES, "Price.basis", self.basis, f"one of {', '.join(_BASES)}")


@dataclass(frozen=True, slots=True)
class Anchor(Value):
    """What repairing one component of one variant costs, from one instant on.

    Attributes:
        model: the variant's id.
        component: the component, such as ``display``.
        effective_from: the first instant at which it holds, UTC.
        amount_paise: the anchor, in paise; a whole number of rupees.
        basis: whether somebody observed it, or a model made it.
        source: where it is from.
        effective_until: the first instant at which it no longer holds, or None while it is open.
    """

    model: str
    component: str
    effective_from: datetime
    amount_paise: int
    basis: Literal["observed", "modelled"]
    source: str = ""
    effective_until: datetime | None = None

    def __post_init__(self) -> None:
        for field in ("model", "component"):
            value = getattr(self, field)
            require(type(value) is str and bool(value), f"Anchor.{field}", value, "give a text")
        _check_window(self, "Anchor")
        _check_amount(self.amount_paise, "Anchor.amount_paise")
        require(self.basis in _BASES, "Anchor.basis", self.basis, f"one of {', '.join(_BASES)}")


def _check_window(dated: Price | Anchor, name: str) -> None:
    object.__setattr__(dated, "effective_from", instant(dated.effective_from, f"{name}.effective_from"))
    if dated.effective_until is not None:
        end = instant(dated.effective_until, f"{name}.effective_until")
        require(end > dated.effective_from, f"{name}.effective_until", f"{end}", "it is after effective_from")
        object.__setattr__(dated, "effective_until", end)


def _check_amount(amount: object, field: str) -> None:
    fits = type(amount) is int and PAISE_PER_RUPEE <= amount <= GREATEST_PAISE and amount % PAISE_PER_RUPEE == 0
    require(fits, field, amount, f"give whole rupees as paise, from {PAISE_PER_RUPEE} to {GREATEST_PAISE}")


@dataclass(frozen=True, slots=True)
class Gap(Value):
    """A stretch of time in which a variant has no price that is fresh enough.

    Attributes:
        model: the variant's id.
        begins: the first instant without a fresh price.
        ends: the first instant with one again.
    """

    model: str
    begins: datetime
    ends: datetime


_Dated = TypeVar("_Dated", Price, Anchor)
_Key = TypeVar("_Key")
_Index = dict[_Key, tuple[tuple[datetime, ...], tuple[_Dated, ...]]]


def _index(rows: Iterable[_Dated], key: Callable[[_Dated], _Key]) -> _Index[_Key, _Dated]:
    series: dict[_Key, list[_Dated]] = {}
    for row in rows:
        series.setdefault(key(row), []).append(row)
    return {name: (tuple(row.effective_from for row in dated), tuple(dated)) for name, dated in series.items()}


def _in_force(series: tuple[tuple[datetime, ...], tuple[_Dated, ...]] | None, at: datetime) -> _Dated | None:
    if series is None:
        return None
    starts, dated = series
    position = bisect_right(starts, at)
    if position == 0:
        return None
    last = dated[position - 1]
    return None if last.effective_until is not None and last.effective_until <= at else last


def _clash(rows: Sequence[_Dated], key: Callable[[_Dated], object]) -> tuple[_Dated, str] | None:
    """Return the first of the sorted rows that repeats or overlaps the one before it."""
    for before, row in pairwise(rows):
        if key(before) != key(row):
            continue
        if before.effective_from == row.effective_from:
            return row, "stands twice with the same effective_from"
        if before.effective_until is not None and before.effective_until > row.effective_from:
            return row, "begins before the row ahead of it ends"
    return None


def _of_model(price: Price) -> str:
    return price.model


def _of_component(anchor: Anchor) -> tuple[str, str]:
    return anchor.model, anchor.component


@dataclass(frozen=True)
class PriceTable(Value):
    """The dated market prices of a programme, sorted by variant and instant.

    Attributes:
        prices: the rows, sorted; make a table with `of` or `read`.
    """

    prices: tuple[Price, ...]

    def __post_init__(self) -> None:
        _check_rows(self.prices, Price, "PriceTable.prices", _of_model)

    @classmethod
    def of(cls, prices: Iterable[Price]) -> PriceTable:
        """Make a table of prices in any order.

        Raises:
            InvalidValue: two rows of one variant overlap.
        """
        return cls(tuple(sorted(prices, key=lambda price: (price.model, price.effective_from))))

    @cached_property
    def _series(self) -> _Index[str, Price]:
        return _index(self.prices, _of_model)

    def __contains__(self, model: object) -> bool:
        """Tell whether the variant ever has a price."""
        return model in self._series

    def as_of(self, model: str, at: datetime) -> Price | None:
        """Return the price in force: the last one effective at or before the instant, or None."""
        return _in_force(self._series.get(model), instant(at, "at"))

    def gaps(self, max_age: timedelta) -> tuple[Gap, ...]:
        """Return every stretch, between a variant's first and last row, without a fresh price.

        Args:
            max_age: for how long a price stays fresh.
        """
        found = []
        for model, (starts, prices) in self._series.items():
            for price, following in zip(prices, starts[1:], strict=False):
                stale = price.effective_from + max_age
                ends = stale if price.effective_until is None else min(stale, price.effective_until)
                if ends < following:
                    found.append(Gap(model, ends, following))
        return tuple(found)

    @classmethod
    def read(cls, source: str | Path | object, *, zone: timezone = IST) -> PriceTable:
        """Read prices from a CSV file or a DataFrame.

        Columns: ``model,effective_from,price_paise,basis,source``, and ``effective_until`` if wanted.

        Args:
            source: the path of a CSV file, or a DataFrame; it is not changed.
            zone: where a plain date begins.

        Raises:
            DataError: every bad row with file, line, column and reason, all at once.
        """
        problems = Problems()
        table = cls._read(source, problems, zone)
        problems.raise_if_any()
        return table

    @classmethod
    def _read(
        cls, source: object, problems: Problems, zone: timezone, file: str = "", lines: dict[Price, int] | None = None
    ) -> PriceTable:
        required = ("model", "effective_from", "price_paise", "basis", "source")
        found: list[tuple[Price, Row]] = []
        for row in read_rows(source, required, ("effective_until",), problems, file=file):
            start, end = _window(row, zone)
            model, amount = row.text("model"), _amount(row, "price_paise")
            basis, origin = row.choice("basis", _BASES), row.text("source")
            if row.good and start is not None:
                found.append((Price(model, start, amount, basis, origin, end), row))  # type: ignore[arg-type]
        return cls(_without_clashes(found, _of_model, lines))


@dataclass(frozen=True)
class AnchorTable(Value):
    """The dated repair anchors of a programme, sorted by variant, component and instant.

    Attributes:
        anchors: the rows, sorted; make a table with `of` or `read`.
    """

    anchors: tuple[Anchor, ...]

    def __post_init__(self) -> None:
        _check_rows(self.anchors, Anchor, "AnchorTable.anchors", _of_component)

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> AnchorTable:
        """Make a table of anchors in any order.

        Raises:
            InvalidValue: two rows of one variant and component overlap.
        """
        return cls(tuple(sorted(anchors, key=lambda anchor: (*_of_component(anchor), anchor.effective_from))))

    @cached_property
    def _series(self) -> _Index[tuple[str, str], Anchor]:
        return _index(self.anchors, _of_component)

    def as_of(self, model: str, component: str, at: datetime) -> Anchor | None:
        """Return the anchor in force: the last one effective at or before the instant, or None."""
        return _in_force(self._series.get((model, component)), instant(at, "at"))

    @classmethod
    def read(cls, source: str | Path | object, *, zone: timezone = IST) -> AnchorTable:
        """Read anchors from a CSV file or a DataFrame.

        Columns: ``model,component,effective_from,amount_paise,basis,source``, and ``effective_until``
        if wanted. See `PriceTable.read`.

        Raises:
            DataError: every bad row with file, line, column and reason, all at once.
        """
        problems = Problems()
        table = cls._read(source, problems, zone)
        problems.raise_if_any()
        return table

    @classmethod
    def _read(
        cls, source: object, problems: Problems, zone: timezone, file: str = "", lines: dict[Anchor, int] | None = None
    ) -> AnchorTable:
        required = ("model", "component", "effective_from", "amount_paise", "basis", "source")
        found: list[tuple[Anchor, Row]] = []
        for row in read_rows(source, required, ("effective_until",), problems, file=file):
            start, end = _window(row, zone)
            model, component, amount = row.text("model"), row.text("component"), _amount(row, "amount_paise")
            basis, origin = row.choice("basis", _BASES), row.text("source")
            if row.good and start is not None:
                found.append((Anchor(model, component, start, amount, basis, origin, end), row))  # type: ignore[arg-type]
        return cls(_without_clashes(found, _of_component, lines))


def _check_rows(
    rows: tuple[_Dated, ...], kind: type[_Dated], field: str, key: Callable[[_Dated], tuple[str, str] | str]
) -> None:
    fits = type(rows) is tuple and all(type(row) is kind for row in rows)
    require(fits, field, rows, f"give a tuple of {kind.__name__}")
    in_order = all((key(one), one.effective_from) <= (key(two), two.effective_from) for one, two in pairwise(rows))
    require(in_order, field, rows, "rows are sorted; use `of` for rows in any order")
    clash = _clash(rows, key)
    if clash is not None:
        raise InvalidValue(field, key(clash[0]), f"the row of {clash[0].effective_from} {clash[1]}")


def _window(row: Row, zone: timezone) -> tuple[datetime | None, datetime | None]:
    start = row.instant("effective_from", zone)
    until = row.cells.get("effective_until")
    end = None if until is None or until == "" else row.instant("effective_until", zone)
    if start is not None and end is not None and end <= start:
        row.bad("effective_until", f"{end} is not after {start}", "End the window after it begins")
    return start, end


def _amount(row: Row, column: str) -> int:
    amount = row.whole(column, PAISE_PER_RUPEE, GREATEST_PAISE)
    if amount % PAISE_PER_RUPEE:
        row.bad(column, f"{amount} is not a whole number of rupees", "Round market figures to whole rupees")
    return amount


def _without_clashes(
    found: list[tuple[_Dated, Row]], key: Callable[[_Dated], object], lines: dict[_Dated, int] | None
) -> tuple[_Dated, ...]:
    """Sort the rows; note each one that repeats or overlaps another, and leave it out."""
    found.sort(key=lambda pair: (key(pair[0]), pair[0].effective_from))
    kept: list[_Dated] = []
    for dated, row in found:
        clash = _clash((kept[-1], dated), key) if kept else None
        if clash is not None:
            row.bad("effective_from", f"{key(dated)} {clash[1]}", "Let the rows of one model not overlap")
            continue
        kept.append(dated)
        if lines is not None:
            lines[dated] = row.line
    return tuple(kept)
