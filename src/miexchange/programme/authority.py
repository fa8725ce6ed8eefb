"""Authority limits of overrides: the most that a person of a role may add, for one phone and in a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import Between, Id, Note
from miexchange._value import Value, elements, instant, require, whole
from miexchange.money import PriceMinor
from miexchange.programme.limits import LONGEST_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from miexchange._value import Fault

__all__ = ["Authority"]

_PARTS = 2
_GRANTS = "give a list of pairs: when an override was made, and what it added in minor units"


@dataclass(frozen=True, slots=True)
class Authority(Value):
    """The most that a person of a role may add to the value of a phone that was found to be worth less than quoted.

    Attributes:
        role: the role, such as ``store_manager``; an override names it, and a refusal.
        most_minor: the most that one override may add to the value by the rules.
        total_minor: the most that all overrides by one person of the role may add in the window, together.
        days: the window: the number of times 24 hours for which an override counts, whatever became of its exchange.
        source: the source of the authority.
    """

    role: Id
    most_minor: PriceMinor
    total_minor: PriceMinor
    days: Annotated[int, Between(1, LONGEST_DAYS)]
    source: Note = ""

    def _faults(self) -> Iterator[Fault]:
        if self.total_minor < self.most_minor:
            yield "total_minor", self.total_minor, f"give at least what one override may add, {self.most_minor}"

    @property
    def window(self) -> timedelta:
        """The duration for which an override counts."""
        return timedelta(days=self.days)

    def free_from(self, more: int, granted: Iterable[tuple[datetime, int]]) -> datetime | None:
        """Return the instant from which a person may add an amount, given their earlier overrides; None for always.

        An override of exactly `days` ago no longer counts, and one that is later than now, by a clock that is ahead,
        does.

        >>> from datetime import UTC, datetime
        >>> manager = Authority("manager", 50_000, 80_000, 30)
        >>> first, second = datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 1, 11, tzinfo=UTC)
        >>> manager.free_from(30_000, [(first, 50_000)]) is None
        True
        >>> manager.free_from(30_000, [(first, 50_000), (second, 10_000)]).isoformat()
        '2018-01-31T00:00:00+00:00'

        Args:
            more: the amount to add, in minor units.
            granted: the instant and the amount of each earlier override by the person.

        Raises:
            InvalidValue: an argument is of another type.
        """
        found = []
        for one in elements(granted, "granted", _GRANTS):
            parts = elements(one, "granted", _GRANTS)
            require(len(parts) == _PARTS, "granted", one, _GRANTS)
            found.append((instant(parts[0], "granted"), whole(parts[1], "granted")))
        added = whole(more, "more")
        for at, amount in sorted(found, reverse=True):
            added += amount
            if added > self.total_minor:
                return at + self.window
        return None
