"""The base of the other strategies: amounts, rates, instants, days and short texts."""

from __future__ import annotations

import hashlib
import string
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeVar
from weakref import WeakValueDictionary

from hypothesis import strategies as st

from miexchange._arguments import INSTANT, Rule, instance, maybe, takes, whole
from miexchange._bounded import bound_of
from miexchange._text import is_a
from miexchange.catalogue import Variant
from miexchange.money import BPS, GREATEST_AMOUNT, Currency
from miexchange.programme import Programme

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "COUNT",
    "CURRENCIES",
    "GIVEN",
    "IST",
    "KEPT",
    "OFTEN",
    "PROGRAMME",
    "RARELY",
    "SOURCE",
    "START",
    "STRATEGY",
    "VARIANTS",
    "ZONES",
    "amounts",
    "ascents",
    "bounded",
    "days",
    "instants",
    "rates",
    "secret_keys",
    "subsets",
    "texts",
    "tuples",
]

OFTEN = st.sampled_from((False, True, True, True))
"""True three times in four."""

START = date(2018, 3, 15)
"""The first day of the programmes that are drawn."""

RARELY = st.sampled_from((False, False, False, False, True))
"""True once in five times. What is rare is drawn after it, or beside it: so examples shrink to what is not."""

SOURCE = "example"
"""The source of every drawn row."""

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""Indian Standard Time."""

ZONES = (UTC, IST, *(timezone(timedelta(hours=hours)) for hours in (-12, -5, 14)))
"""The zones of the drawn instants."""

_ANY_ZONE = st.sampled_from(ZONES)

CURRENCIES = st.sampled_from(tuple(map(Currency, ("INR", "JPY", "KWD", "GBP"))))
"""The drawn currencies: with two decimals, with none and with three."""

STRATEGY = maybe(instance(st.SearchStrategy, "give a strategy"))
"""The base of other values, if it is given."""

COUNT = whole(0, 10_000)
"""A number of elements, the least or the most."""

VARIANTS = Rule(
    lambda value: type(value) is tuple and all(is_a(one, Variant) for one in value), "give a tuple of Variant"
)

GIVEN: WeakValueDictionary[int, Programme] = WeakValueDictionary()
"""The programmes that strategies were given, as long as they are in use: a failing example names them by digest."""


def _given(programme: Programme) -> Programme:
    GIVEN[id(programme)] = programme
    return programme


PROGRAMME = maybe(instance(Programme)._replace(plain=_given))
"""The programme to draw from, if it is given."""

_T = TypeVar("_T")
_ROUND_PARTS = 20
KEPT = 512
"""The strategies that a function keeps: hypothesis validates each when it first draws from it, which costs most."""


@takes(most=whole(1, GREATEST_AMOUNT), step=whole(1, GREATEST_AMOUNT))
@lru_cache(KEPT)
def amounts(most: int = GREATEST_AMOUNT, step: int = 100) -> SearchStrategy[int]:
    """Draw amounts in minor units, above zero. They shrink to a thousand steps, and else to round thousands.

    Args:
        most: the largest amount, in minor units; at least one step.
        step: the amounts are multiples of this.

    >>> from hypothesis import find
    >>> find(amounts(), lambda amount: amount > 12_34_567), find(amounts(most=5_000), lambda amount: True)
    (1300000, 100)
    """
    thousand = 1_000 * step
    any_steps = st.integers(1, most // step).map(lambda steps: steps * step)
    if most < thousand:
        return any_steps
    few = st.integers(1, min(most // thousand, 200)).map(lambda thousands: thousands * thousand)
    small = st.integers(1, min(most // step, 2_000)).map(lambda steps: steps * step)
    return st.one_of(few, small, any_steps)


@takes(first=INSTANT, last=INSTANT)
@lru_cache(KEPT)
def instants(
    first: datetime = datetime(2018, 3, 15, tzinfo=UTC), last: datetime = datetime(2028, 3, 15, tzinfo=UTC)
) -> SearchStrategy[datetime]:
    """Draw instants with a time zone, from the first to the last, to the microsecond. They shrink to the first in UTC.

    The last one is drawn often: mistakes are at the ends of windows.

    >>> from hypothesis import find
    >>> find(instants(), lambda at: at.tzinfo != UTC).isoformat()
    '2018-03-15T05:30:00+05:30'
    """
    return _after(first, last, st.timedeltas(timedelta(), last - first))


@st.composite
def _after(draw: st.DrawFn, first: datetime, last: datetime, later: SearchStrategy[timedelta]) -> datetime:
    """Draw a zone and a delay; a failing example shows the instant, and not how it was made."""
    zone, at = draw(_ANY_ZONE), first + draw(later)
    return (last if draw(RARELY) else at).astimezone(zone)


@lru_cache(KEPT)
def rates(least: int = 0) -> SearchStrategy[int]:
    """Draw the share that is kept, in basis points, often a half; it shrinks to all of it."""
    return (st.integers(0, BPS - least) | st.sampled_from((0, BPS // 2))).map(lambda lost: BPS - lost)


@lru_cache(KEPT)
def bounded(kind: type, field: str, *likely: int, least: int | None = None) -> SearchStrategy[int]:
    """Draw a whole number that a field may have, its bounds among them; it shrinks to the first likely one.

    Args:
        kind: the type of the field.
        field: its name.
        likely: the numbers that are drawn most often.
        least: the least number, if another field forbids the least of all.
    """
    bound = bound_of(kind, field)
    least = bound.least if least is None else least
    return st.sampled_from((*likely, least, bound.most)) | st.integers(least, bound.most)


@lru_cache(KEPT)
def days(first: date, last: date) -> SearchStrategy[date]:
    """Draw dates that shrink to the first."""
    return st.integers(0, (last - first).days).map(lambda days: first + timedelta(days))


@lru_cache(KEPT)
def texts() -> SearchStrategy[str]:
    """Draw short plain texts."""
    return st.text(string.ascii_lowercase, min_size=1, max_size=8)


def tuples(elements: SearchStrategy[_T], least: int = 0, most: int = 3) -> SearchStrategy[tuple[_T, ...]]:
    """Draw tuples of a number of elements."""
    return st.lists(elements, min_size=least, max_size=most).map(tuple)


@lru_cache(KEPT)
def subsets(values: tuple[_T, ...], least: Literal[0, 1] = 1) -> SearchStrategy[tuple[_T, ...]]:
    """Draw some of the values, in their order; it shrinks to the first ones."""
    chosen = st.integers(least, 2 ** len(values) - 1)  # one bit for each: a single draw, where a set takes many
    return chosen.map(lambda bits: tuple(value for place, value in enumerate(values) if bits >> place & 1))


@lru_cache(KEPT)
def ascents(count: int, most: int) -> SearchStrategy[list[int]]:
    """Draw a number of ascending integers, 0 or more, often round parts of the largest: a half lands between units."""
    numbers = st.integers(0, most) | st.integers(0, _ROUND_PARTS).map(lambda part: most * part // _ROUND_PARTS)
    return st.lists(numbers, min_size=count, max_size=count).map(sorted)


def secret_keys() -> SearchStrategy[bytes]:
    """Draw secret keys: 32 bytes that look random, as a key must."""
    return st.binary(max_size=8).map(lambda drawn: hashlib.sha256(drawn).digest())
