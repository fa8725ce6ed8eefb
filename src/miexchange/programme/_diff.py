"""The differences between two editions of a programme, and the old quotes that cannot be replayed any more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from miexchange._bounded import Id, Line
from miexchange._limits import JSON_VALUES
from miexchange._text import counted
from miexchange._value import Value, argument, canonical, instant
from miexchange.eligibility import Listing
from miexchange.errors import one_line
from miexchange.money import BPS, Currency, PriceMinor
from miexchange.programme.programme import Programme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, tzinfo

    from miexchange.programme.terms import Terms

__all__ = ["Edit", "PriceChange", "ProgrammeDiff", "changed_prices", "diff", "fell", "prices_in_force", "rose"]

_SHOWN = 12
_HEAD = ("id", "title", "zone", "currency", "price_step_minor", "brands", "categories")


@dataclass(frozen=True, slots=True)
class PriceChange(Value):
    """A changed price.

    Attributes:
        model: the variant's id.
        before_minor: the price in force, in minor units, or None if there is none.
        after_minor: the price instead.
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


def prices_in_force(programme: Programme, at: datetime) -> dict[str, int]:
    """Return the price of each variant that has one at an instant, in minor units."""
    found = ((model, programme.prices.as_of(model, at)) for model in programme.prices.by_key)
    return {model: row.price_minor for model, row in found if row is not None}


def changed_prices(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[PriceChange, ...]:
    """Return the changed prices, by variant; a variant that is only in one mapping keeps or gains its price."""
    others = (model for model in sorted(after) if after[model] != before.get(model))
    return tuple(PriceChange(model, before.get(model), after[model]) for model in others)


def fell(changes: Iterable[PriceChange]) -> tuple[PriceChange, ...]:
    """Return the prices that fall, the largest fall first."""
    found = [one for one in changes if one.before_minor is not None and one.after_minor < one.before_minor]
    return tuple(sorted(found, key=lambda one: cast("int", one.change_bps)))


def rose(changes: Iterable[PriceChange]) -> tuple[PriceChange, ...]:
    """Return the prices that rise, the largest rise first."""
    found = [one for one in changes if one.before_minor is not None and one.after_minor > one.before_minor]
    return tuple(sorted(found, key=lambda one: -cast("int", one.change_bps)))


@dataclass(frozen=True, slots=True)
class Edit(Value):
    """One difference.

    Attributes:
        part: its part: ``programme``, ``terms``, ``prices``, ``anchors``, ``eligible``, ``models``, ``tacs`` or
            ``treatments``.
        where: the row and the field, such as ``2018-03: questions[battery].options[weak].deduction.share_bps``.
        before: the old value, up to 120 characters of it; "" for none.
        after: the new value, likewise.
    """

    part: Id
    where: Line
    before: Line
    after: Line

    def __str__(self) -> str:
        """Return it as a line of text."""
        return f"{self.part} {self.where}: {self.before or 'not there'} -> {self.after or 'not there'}"


@dataclass(frozen=True)
class ProgrammeDiff(Value):
    """The differences between two editions of a programme. It is truthy if there are any.

    Attributes:
        old: the digest of the old edition.
        new: the digest of the new edition.
        edits: all differences, one per field.
        prices: the changed prices in force at the instant.
        unreplayable: the differences in what was in force by then: prices, repair anchors, listings and terms. Quotes
            that were made with these cannot be replayed with the new edition, only with the old one.
    """

    old: Id
    new: Id
    edits: tuple[Edit, ...]
    prices: tuple[PriceChange, ...]
    unreplayable: tuple[Edit, ...]
    _most_items: ClassVar[int] = JSON_VALUES

    def __bool__(self) -> bool:
        """Tell whether there are differences."""
        return bool(self.edits)

    @property
    def fell(self) -> tuple[PriceChange, ...]:
        """The prices in force that fall, the largest fall first."""
        return fell(self.prices)

    @property
    def rose(self) -> tuple[PriceChange, ...]:
        """The prices in force that rise, the largest rise first."""
        return rose(self.prices)

    def explain(self) -> str:
        """Return it as a text of one screen: the differences, and what can no longer be replayed."""
        if not self.edits:
            return "Nothing changed."
        few = [edit for edit in self.edits if edit.part in {"programme", "terms"}]
        rows = [f"{edit}" for edit in few[:_SHOWN]]
        rows += [f"terms: {len(few) - _SHOWN} more"] if len(few) > _SHOWN else []
        counts = Counter(edit.part for edit in self.edits if edit not in few)
        rows += [f"{part}: {counted(number, 'change')}" for part, number in counts.items()]
        if self.prices:
            rows.append(f"prices in force: {len(self.fell)} fell, {len(self.rose)} rose, {len(self.prices)} changed")
        if self.unreplayable:
            rows.append("Changed or removed although it was in force: old quotes can no longer be replayed with it.")
            rows += [f"  {edit}" for edit in self.unreplayable[:_SHOWN]]
            more = len(self.unreplayable) - _SHOWN
            rows += [f"  and {more} more"] if more > 0 else []
        return "\n".join(rows)


def diff(old: Programme, new: Programme, *, at: datetime) -> ProgrammeDiff:
    """Compare two editions of a programme, field by field.

    Args:
        old: one edition, such as the programme in force.
        new: the other, such as its successor.
        at: the instant up to which something was in force: now, if the new one is about to go live.

    Raises:
        InvalidValue: an argument is of another type.

    >>> import dataclasses
    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme
    >>> old = Programme.load("uk-trade-in")
    >>> new = dataclasses.replace(old, terms=(old.terms[0].replace(factor_bps=9_500),))
    >>> print(diff(old, new, at=datetime(2025, 1, 1, tzinfo=UTC)).explain())
    terms 2025-03: factor_bps: 10000 -> 9500
    """
    argument(old, Programme, "old")
    argument(new, Programme, "new")
    at = instant(at, "at")
    from miexchange.programme import _form  # noqa: PLC0415 - it imports this package

    both = old, new
    heads = (_form.form_of(one) for one in both)
    edits = [*_between("programme", "", *({name: _plain(getattr(one, name)) for name in _HEAD} for one in heads))]
    edits += _between("terms", "", *(_terms(one.terms) for one in both))
    begun = (_terms(terms for terms in one.terms if terms.effective_from <= at) for one in both)
    gone = [edit for edit in _between("terms", "", *begun) if not edit.where.endswith("source")]
    for part, (field, key) in _TABLES.items():
        edits += _between(part, "", *(_rows(getattr(one, field), key) for one in both))
        if part in _IN_FORCE:
            gone += _between(part, "", *(_rows(_then(getattr(one, field), at, old.zone), key) for one in both))
    tacs = ({tac: f"{row.brand} {row.model}" for tac, row in one.tacs} for one in both)
    edits += _between("tacs", "", *tacs)
    prices = (prices_in_force(one, at) for one in both)
    return ProgrammeDiff(old.digest, new.digest, tuple(edits), changed_prices(*prices), tuple(gone))


_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "models": ("catalogue", ("model",)),
    "eligible": ("eligible", ("model", "listed_from")),
    "prices": ("prices", ("model", "effective_from")),
    "anchors": ("anchors", ("model", "component", "effective_from")),
    "treatments": ("treatments", ("part", "effective_from")),
}
"""The tables: the field of a programme, and the columns that identify a row."""

_IN_FORCE = frozenset({"eligible", "prices", "anchors"})


def _rows(rows: Iterable[Value], key: tuple[str, ...]) -> dict[str, Any]:
    """Return the rows as plain data, each by its key."""
    found = (row.to_dict() for row in rows)
    return {" ".join(f"{row.pop(name)}" for name in key): row for row in found}


def _then(rows: Iterable[Any], at: datetime, zone: tzinfo) -> Iterator[Any]:
    """Yield what was in force by an instant, as known then: without an end that was still in the future."""
    on = at.astimezone(zone).date()
    for row in rows:
        begin, end, now = ("listed_from", "listed_until", on) if type(row) is Listing else (*_INSTANTS, at)
        if getattr(row, begin) <= now:
            until = getattr(row, end)
            yield row.replace(**{end: until if until is not None and until <= now else None, "source": ""})


_INSTANTS = ("effective_from", "effective_until")


def _terms(terms: Iterable[Terms]) -> dict[str, Any]:
    """Return terms as plain data by version, with the questions by id."""
    return {one.version: one.to_dict() for one in terms}


def _plain(value: object) -> object:
    """Return a field of a programme's form as plain data."""
    if isinstance(value, Currency):
        return value.code
    return list(value) if isinstance(value, tuple) else value


def _between(part: str, where: str, before: object, after: object) -> Iterator[Edit]:
    """Yield the differences between two pieces of plain data."""
    if before == after:
        return
    one, other = _by_id(before), _by_id(after)
    if one is None or other is None:
        yield Edit(part, where, *(_shown(value) for value in (before, after)))
        return
    for name in dict.fromkeys((*one, *other)):
        yield from _between(part, _within(where, name, before), one.get(name), other.get(name))


def _within(where: str, name: str, whole: object) -> str:
    """Return the path of a part: an element of a list in brackets."""
    if not where:
        return name
    colon = "." if ": " in where else ": "  # a key may have colons: an instant has
    return f"{where}[{name}]" if isinstance(whole, list) else f"{where}{colon}{name}"


def _by_id(data: object) -> dict[str, Any] | None:
    """Return an object unchanged, and a list of objects by their names; None for anything else."""
    if isinstance(data, dict):
        return data
    if not isinstance(data, list) or not data or not all(isinstance(one, dict) for one in data):
        return None
    first, *_ = data
    name = next(name for key, name in _NAMES.items() if key in first)
    return {name.format(**one): one for one in data}


_NAMES = {
    "id": "{id}",
    "from_months": "{from_months}",
    "per": "{per}={of}",
    "one": "{one}",
    "role": "{role}",
    "begins": "{begins}",
}
"""The names of objects in lists, by a key that such objects have."""


def _shown(value: object) -> str:
    """Return plain data as a short text; "" for none."""
    if value is None:
        return ""
    return one_line(value if isinstance(value, str) else canonical(value))[:_LONG]


_LONG = 120
