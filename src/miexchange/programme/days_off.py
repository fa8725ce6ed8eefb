"""Days that do not count: holidays, and other days without deliveries, for deadlines that terms count in days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import After, Note
from miexchange._value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DaysOff"]


@dataclass(frozen=True, slots=True)
class DaysOff(Value):
    """Days that do not count, from one instant to another. In a file, a date is its midnight in the programme's zone.

    Attributes:
        begins: their first instant, UTC.
        ends: the first instant that counts again, UTC.
        source: the reason, such as the name of the holiday.
    """

    begins: datetime
    ends: Annotated[datetime, After("begins")]
    source: Note = ""


def counted(since: datetime, days: int, off: Iterable[DaysOff]) -> datetime:
    """Return the instant a number of days after another, skipping those that do not count.

    Args:
        since: the instant, UTC.
        days: the number of times 24 hours that count.
        off: the days that do not count, in order and without overlaps.

    >>> from datetime import UTC
    >>> diwali = DaysOff(datetime(2018, 11, 7, tzinfo=UTC), datetime(2018, 11, 8, tzinfo=UTC), "Diwali")
    >>> counted(datetime(2018, 11, 6, 12, tzinfo=UTC), 1, [diwali]).isoformat()
    '2018-11-08T12:00:00+00:00'
    """
    end = since + timedelta(days=days)
    for one in off:
        if one.begins < end:
            end += max(one.ends, since) - max(one.begins, since)
    return end
