"""Limits of new exchanges in a window: by account, by device, or by a tag of the caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from heapq import nlargest
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import Between, Id, Note
from miexchange._limits import NAME
from miexchange._text import is_id
from miexchange._value import Value, elements, instant, pairs, text
from miexchange.errors import out_of_range
from miexchange.refusal import ReasonCode, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from miexchange.refusal import Reason

__all__ = ["Limit"]

LONGEST_DAYS = 3_650
"""The longest window, in days: ten years."""

ACCOUNT, DEVICE = "account", "device"

NO_TAGS: Mapping[str, str] = MappingProxyType({})
"""No tags were given."""

_TAGS = f"give a mapping of each tag's name to what it is, both texts of 1 to {NAME} characters"

NONE_BEGUN: Mapping[str, Sequence[datetime]] = MappingProxyType({})
"""No counted exchange was begun."""


@dataclass(frozen=True, slots=True)
class Limit(Value):
    """A limit of exchanges in a window. An exchange that ended unused does not count.

    Attributes:
        id: the limit's id; a refusal names it.
        per: the key by which exchanges are counted: ``account``, ``device``, or the name of a tag that the caller gives
            when a quote is accepted, such as ``address`` or ``store``.
        most: the greatest number of exchanges that may be begun.
        days: the window, as a number of times 24 hours.
        source: the source of the limit.
    """

    id: Id
    per: Id
    most: Annotated[int, Between(1, 100_000)]
    days: Annotated[int, Between(1, LONGEST_DAYS)]
    source: Note = ""

    @property
    def is_of_a_tag(self) -> bool:
        """Whether it counts by a tag from the caller."""
        return self.per not in {ACCOUNT, DEVICE}

    @property
    def window(self) -> timedelta:
        """The duration for which an exchange counts from its beginning."""
        return timedelta(days=self.days)

    def free_from(self, begun: Iterable[datetime]) -> datetime | None:
        """Return the instant from which one more may be begun, after those begun at some instants; None for always.

        An exchange that began exactly `days` ago no longer counts, and one that began later than now, by a clock that
        is ahead, does.

        >>> from datetime import UTC, datetime
        >>> two = Limit("two-a-year", "account", 2, 365)
        >>> first, second = datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 6, 1, tzinfo=UTC)
        >>> two.free_from([first]) is None, two.free_from([second, first]).isoformat()
        (True, '2019-01-01T00:00:00+00:00')

        Raises:
            InvalidValue: it is not a list of instants.
        """
        return self._free_from([instant(one, "begun") for one in elements(begun, "begun", "give a list of instants")])

    def _free_from(self, begun: Iterable[datetime]) -> datetime | None:
        """Return the result of `free_from`, for validated instants."""
        last = nlargest(self.most, begun)
        return last[-1] + self.window if len(last) == self.most else None


def tags_told(tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return tags in the form of an acceptance, in the order of their names.

    Raises:
        InvalidValue: it is not a mapping of names to texts.
    """
    if tags is NO_TAGS:
        return ()
    told = [(text(name, "tags", _TAGS), text(value, "tags", _TAGS)) for name, value in pairs(tags, "tags", _TAGS)]
    for name, value in told:
        if not is_id(name) or not 0 < len(value) <= NAME:
            raise out_of_range("tags", {name: value}, _TAGS)
    return tuple(sorted(told))


def counted_by_limits(begun: Mapping[str, Sequence[datetime]]) -> Mapping[str, Sequence[datetime]]:
    """Return the beginnings of the exchanges that limits count, by the limit's id.

    Raises:
        InvalidValue: it is not a mapping of instants.
    """
    if begun is NONE_BEGUN:
        return NONE_BEGUN
    rule = "give a mapping of each limit's id to when exchanges began"
    return {
        text(limit, "begun", rule): [instant(one, "begun") for one in elements(times, "begun", rule)]
        for limit, times in pairs(begun, "begun", rule)
    }


def reached(
    limits: Iterable[Limit], at: datetime, tags: Mapping[str, str], begun: Mapping[str, Sequence[datetime]]
) -> Iterator[Reason]:
    """Yield the reasons of limits against one more exchange; the arguments are results of the two functions above."""
    for limit in limits:
        if limit.is_of_a_tag and limit.per not in tags:
            yield reason_of(ReasonCode.LIMIT_UNTOLD, limit=limit.id, tag=limit.per)
        elif (free := limit._free_from(begun.get(limit.id, ()))) is not None and free > at:  # noqa: SLF001 - of this module
            yield reason_of(ReasonCode.LIMIT_REACHED, limit=limit.id, most=limit.most, days=limit.days, again_at=free)
