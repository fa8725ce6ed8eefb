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

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeVar

from miexchange._bounded import After, Between, Id, Note, bound_of
from miexchange._bounds import JSON_VALUES
from miexchange._csv import Row, read_rows
from miexchange._problems import Problems
from miexchange._text import text_of
from miexchange._value import Value, argument, elements, instant, require, text
from miexchange.money import Rupees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
        price_minor: the price, in minor units; a whole number of rupees.
        basis: whether somebody observed the price, or a model made it.
        source: where it is from.
        effective_until: the first instant at which it no longer holds, or None while it is open.
    """

    model: Id
    effective_from: datetime
    price_minor: Rupees
    basis: Literal["observed", "modelled"]
    source: Note = ""
    effective_until: Annotated[datetime | None, After("effective_from")] = None


@dataclass(frozen=True, slots=True)
class Anchor(Value):
    """What repairing one component of one variant costs, from one instant on.

    Attributes:
        model: the variant's id.
        component: the component, such as ``display``.
        effective_from: the first instant at which it holds, UTC.
        amount_minor: the anchor, in minor units; a whole number of rupees.
        basis: whether somebody observed it, or a model made it.
        source: where it is from.
        effective_until: the first instant at which it no longer holds, or None while it is open.
    """

    model: Id
    component: Id
    effective_from: datetime
    amount_minor: Rupees
    basis: Literal["observed", "modelled"]
    source: Note = ""
    effective_until: Annotated[datetime | None, After("effective_from")] = None


@dataclass(frozen=True, slots=True)
class Gap(Value):
    """A stretch of time in which a variant has no price that is fresh enough.

    Attributes:
        model: the variant's id.
        begins: the first instant without a fresh price.
        ends: the first instant with one again.
    """

    model: Id
    begins: datetime
    ends: Annotated[datetime, After("begins")]


_PRICE: Between = bound_of(Price, "price_minor")
_MODEL = "give a variant's id"
_COMPONENT = "give a component, such as display"
_INSTANT = timedelta(microseconds=1)  # the finest step of time

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


def stale_from(price: Price, following: datetime, max_age: timedelta) -> datetime:
    """Return the first instant without a fresh price before the following one, or that one's where there is none."""
    begins = following if price.effective_until is None else price.effective_until
    if following - price.effective_from > max_age:
        begins = min(begins, price.effective_from + max_age + _INSTANT)
    return begins


def _clash(before: _Dated, row: _Dated) -> str:
    """Return how a row repeats or overlaps the one before it in its series, or "" where it does not."""
    if before.effective_from == row.effective_from:
        return "begins at the same time as"
    if before.effective_until is not None and before.effective_until > row.effective_from:
        return "begins before the end of"
    return ""


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
    _most_items: ClassVar[int] = JSON_VALUES

    def __post_init__(self) -> None:
        _check_rows(self.prices, Price, "PriceTable.prices", _of_model)

    @classmethod
    def of(cls, prices: Iterable[Price]) -> PriceTable:
        """Make a table of prices in any order.

        Raises:
            InvalidValue: two rows of one variant overlap.
        """
        return cls(_sorted(prices, Price, _of_model))

    @cached_property
    def _series(self) -> _Index[str, Price]:
        return _index(self.prices, _of_model)

    def __contains__(self, model: object) -> bool:
        """Tell whether the variant ever has a price."""
        return text_of(model) in self._series

    def as_of(self, model: str, at: datetime) -> Price | None:
        """Return the price in force: the last one effective at or before the instant, or None.

        Raises:
            InvalidValue: an argument is not of its type.
        """
        if type(model) is not str:
            model = text(model, "model", _MODEL)
        return _in_force(self._series.get(model), instant(at, "at"))

    def gaps(self, max_age: timedelta) -> tuple[Gap, ...]:
        """Return every stretch, between a variant's first and last row, without a fresh price.

        Args:
            max_age: for how long a price stays fresh; it still is at that very instant.

        Raises:
            InvalidValue: it is no duration.
        """
        argument(max_age, timedelta, "max_age")
        found = []
        for model, (starts, prices) in self._series.items():
            for price, following in zip(prices, starts[1:], strict=False):
                begins = stale_from(price, following, max_age)
                if begins < following:
                    found.append(Gap(model, begins, following))
        return tuple(found)

    @classmethod
    def read(cls, source: str | Path | object, *, zone: timezone = IST) -> PriceTable:
        """Read prices from a CSV file or a table of any library.

        Columns: ``model,effective_from,price_minor,basis,source``, and ``effective_until`` if wanted.

        Args:
            source: the path of a CSV file; or a table of pandas, Polars, Arrow or DuckDB, or anything with the Arrow
                PyCapsule interface, of which a stream is then used up. It is not changed.
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
        cls, source: object, problems: Problems, zone: timezone, file: str = "", lines: list[int] | None = None
    ) -> PriceTable:
        """Note every problem, return what is left, and the line of each row in `lines`."""
        required = ("model", "effective_from", "price_minor", "basis", "source")
        found: list[tuple[Price, Row]] = []
        for row in read_rows(source, required, ("effective_until",), problems, file=file):
            model, start, amount = (
                row.text("model"),
                row.instant("effective_from", zone),
                row.whole("price_minor", _PRICE),
            )
            basis, origin, end = (
                row.choice("basis", _BASES),
                row.text("source"),
                row.instant_or_none("effective_until", zone),
            )
            if price := row.made(Price, {}, model, start, amount, basis, origin, end):
                found.append((price, row))
        table = object.__new__(cls)  # what __post_init__ would check is seen to already
        object.__setattr__(table, "prices", _without_clashes(found, _of_model, lines))
        return table


@dataclass(frozen=True)
class AnchorTable(Value):
    """The dated repair anchors of a programme, sorted by variant, component and instant.

    Attributes:
        anchors: the rows, sorted; make a table with `of` or `read`.
    """

    anchors: tuple[Anchor, ...]
    _most_items: ClassVar[int] = JSON_VALUES

    def __post_init__(self) -> None:
        _check_rows(self.anchors, Anchor, "AnchorTable.anchors", _of_component)

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> AnchorTable:
        """Make a table of anchors in any order.

        Raises:
            InvalidValue: two rows of one variant and component overlap.
        """
        return cls(_sorted(anchors, Anchor, _of_component))

    @cached_property
    def _series(self) -> _Index[tuple[str, str], Anchor]:
        return _index(self.anchors, _of_component)

    def as_of(self, model: str, component: str, at: datetime) -> Anchor | None:
        """Return the anchor in force: the last one effective at or before the instant, or None.

        Raises:
            InvalidValue: an argument is not of its type.
        """
        if type(model) is not str or type(component) is not str:
            model, component = text(model, "model", _MODEL), text(component, "component", _COMPONENT)
        return _in_force(self._series.get((model, component)), instant(at, "at"))

    @classmethod
    def read(cls, source: str | Path | object, *, zone: timezone = IST) -> AnchorTable:
        """Read anchors from a CSV file or a DataFrame.

        Columns: ``model,component,effective_from,amount_minor,basis,source``, and ``effective_until``
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
        cls, source: object, problems: Problems, zone: timezone, file: str = "", lines: list[int] | None = None
    ) -> AnchorTable:
        """Note every problem, return what is left, and the line of each row in `lines`."""
        required = ("model", "component", "effective_from", "amount_minor", "basis", "source")
        found: list[tuple[Anchor, Row]] = []
        for row in read_rows(source, required, ("effective_until",), problems, file=file):
            model, component, start = row.text("model"), row.text("component"), row.instant("effective_from", zone)
            amount, basis = row.whole("amount_minor", _PRICE), row.choice("basis", _BASES)
            origin, end = row.text("source"), row.instant_or_none("effective_until", zone)
            if anchor := row.made(Anchor, {}, model, component, start, amount, basis, origin, end):
                found.append((anchor, row))
        table = object.__new__(cls)  # what __post_init__ would check is seen to already
        object.__setattr__(table, "anchors", _without_clashes(found, _of_component, lines))
        return table


def _sorted(
    rows: Iterable[_Dated], kind: type[_Dated], key: Callable[[_Dated], tuple[str, str] | str]
) -> tuple[_Dated, ...]:
    field, rule = f"{kind.__name__}Table.of", f"give rows, each a {kind.__name__}"
    given = elements(rows, field, rule)
    for row in given:
        require(type(row) is kind, field, row, rule)
    return tuple(sorted(given, key=lambda row: (key(row), row.effective_from)))


def _check_rows(
    rows: tuple[_Dated, ...], kind: type[_Dated], field: str, key: Callable[[_Dated], tuple[str, str] | str]
) -> None:
    fits = type(rows) is tuple and all(type(row) is kind for row in rows)
    require(fits, field, rows, f"give a tuple of {kind.__name__}")
    for before, row in pairwise(rows):
        in_order = (key(before), before.effective_from) <= (key(row), row.effective_from)
        require(in_order, field, rows, "rows are sorted; use `of` for rows in any order")
        clash = _clash(before, row) if key(before) == key(row) else ""
        require(not clash, field, _called(row), f"its row of {row.effective_from} {clash} another one")


def _called(row: Price | Anchor) -> str:
    return f"{row.model} {row.component}" if isinstance(row, Anchor) else row.model


def _without_clashes(
    found: list[tuple[_Dated, Row]], key: Callable[[_Dated], object], lines: list[int] | None
) -> tuple[_Dated, ...]:
    """Sort the rows; note each one that repeats or overlaps another, and leave it out."""
    found.sort(key=lambda pair: (key(pair[0]), pair[0].effective_from))
    kept: list[_Dated] = []
    kept_lines: list[int] = [] if lines is None else lines
    for dated, row in found:
        clash = _clash(kept[-1], dated) if kept and key(kept[-1]) == key(dated) else ""
        if clash:
            what = f"the row of {_called(dated)} {clash} that on line {kept_lines[-1]}"
            row.bad("effective_from", what, "Keep one of them, or let the first end before the second begins")
            continue
        kept.append(dated)
        kept_lines.append(row.line)
    return tuple(kept)
