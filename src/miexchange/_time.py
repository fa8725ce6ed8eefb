"""Days and instants as text: the one grammar that every reader of tables, files and options uses.

    day      = YYYY-MM-DD, optionally as its midnight without a zone, which libraries write for a column of days
    instant  = day, "T" or one space, HH:MM, optionally :SS and a fraction, then "Z", +HH:MM, +HHMM or +HH

This is what Python's `isoformat`, pandas, Polars, pyarrow, DuckDB and PostgreSQL write, for a zone of whole minutes.
Digits are ASCII. A fraction has up to 9 digits, and those beyond the sixth are 0: an instant is exact to the
microsecond. There is no 24:00 and no leap second. A day is any in the calendar; an instant is in the years 1900 to 9900
of its own zone. A date alone is its first moment in a zone, if the reader knows the zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from miexchange._text import is_missing

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = [
    "A_DAY",
    "CLOCK",
    "EPOCH",
    "NO_ZONE",
    "OUT_OF_RANGE",
    "TICK",
    "TOO_FINE",
    "YEARS",
    "NotATime",
    "NotInCalendar",
    "as_date",
    "day_of",
    "from_micros",
    "in_utc",
    "in_zone",
    "instant_of",
    "is_day",
    "is_moment",
    "micros",
    "midnight",
    "midnights",
    "read_day",
    "read_instant",
    "turn",
]

YEARS = range(1900, 9901)
"""The years of an instant, in its own zone: a validity or another zone can always be added to it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
"""The finest step of an instant."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT = re.compile(rf"({_DAY.pattern})(?:[T ]00:00:00(?:\.0{{1,9}})?)?")
_MINUTES = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
CLOCK = rf"{_MINUTES}(?::[0-5][0-9](?:\.[0-9]{{1,6}})?)?{_OFFSET}"
"""The part of an instant after the day, as a regular expression for Arrow too, except for zeros beyond the
sixth digit of a fraction."""

# Without an offset, and finer than a microsecond, so that a message can say which of them is wrong.
_MOMENT = re.compile(rf"{_DAY.pattern}{_MINUTES}(?::[0-5][0-9](?:\.[0-9]{{1,6}}([0-9]{{0,3}}))?)?({_OFFSET})?")
_LIKE_A_MOMENT = re.compile(
    rf"{_DAY.pattern}[T ][0-9]{{2}}(?::[0-9]{{2}}){{1,2}}(?:\.[0-9]{{1,9}})?(?:Z|[+-][0-9:]{{2,5}})?"
)
_IN_UTC = re.compile(rf"{_DAY.pattern}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,6}})?\+00:00")

_NO_DAY = ("is not a date", "Write a date as 2018-03-15")
_NO_INSTANT = ("is not a date", "Write a date as 2018-03-15, or a moment as 2018-03-15T09:30:00+05:30")
A_DAY = ("is a day, not an instant", "Write it with time and zone, such as 2018-03-15T09:30:00+05:30")
NO_ZONE = ("has no time zone", "Add its offset, such as +05:30, or write the date alone")
TOO_FINE = ("is finer than a microsecond", "Round it to microseconds")
OUT_OF_RANGE = (
    f"is outside the years {YEARS[0]} to {YEARS[-1]}",
    "Write a date in between, or nothing where there is no end",
)


class NotATime(Exception):  # noqa: N818 - never leaves the package
    """A value that is not a day or an instant: the fault, and the remedy."""


class NotInCalendar(NotATime):
    """A well-formed day or instant that is not in the calendar, such as 30 February."""


def read_day(text: str) -> date:
    """Read a day.

    Raises:
        NotATime: the text is not in the grammar, or not in the calendar.

    >>> read_day("2018-03-15")
    datetime.date(2018, 3, 15)
    """
    if (match := _MIDNIGHT.fullmatch(text)) is None:
        raise NotATime(*_NO_DAY)
    if (found := _day(match[1])) is None:
        raise NotInCalendar(*_NO_DAY)
    return found


def read_instant(text: str, zone: tzinfo | None) -> datetime:
    """Read an instant, and return it in UTC.

    Args:
        text: the text, without spaces around it.
        zone: the zone of a date alone; None if a date alone is not an instant.

    Raises:
        NotATime: the text is not in the grammar, not in the calendar, or out of range.

    >>> read_instant("2018-03-20 17:30+0530", None).isoformat()
    '2018-03-20T12:00:00+00:00'
    """
    if is_day(text):
        if zone is None:
            raise NotATime(*A_DAY)
        found: date | None = _day(text)
    elif match := _MOMENT.fullmatch(text):
        finer, offset = match.groups(default="")
        if not offset:
            raise NotATime(*NO_ZONE)
        if finer.strip("0"):
            raise NotATime(*TOO_FINE)
        found = _moment(text)
    else:
        raise NotATime(*_NO_INSTANT)
    if found is None:
        raise NotInCalendar(*_NO_INSTANT)
    return instant_of(found, zone)


@lru_cache(maxsize=1024)  # a table repeats its few dates thousands of times
def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def day_of(value: object) -> date:
    """Return a date as a plain `date`.

    Raises:
        NotATime: another type, such as a datetime, which is an instant.
    """
    if type(value) is not date:
        raise NotATime(*_NO_DAY)
    return value


def instant_of(value: object, zone: tzinfo | None) -> datetime:
    """Return the instant of a datetime, or of the first moment of a date in a zone, in UTC.

    Raises:
        NotATime: of another type, without a zone, or out of range.
    """
    if issubclass(type(value), datetime) and not is_missing(value):  # pandas' NaT is a datetime by its type
        return in_utc(cast("datetime", value))
    if type(value) is not date:
        raise NotATime(*_NO_INSTANT)
    return (_midnight if type(zone).__module__ in _OWN else midnight)(value, zone)


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """Return the first instant of a day in a zone, in UTC: where summer time skips midnight, the end of the gap.

    Raises:
        NotATime: there is no zone, or the day is out of range.

    >>> midnight(date(2018, 3, 15), UTC).isoformat()
    '2018-03-15T00:00:00+00:00'
    """
    wall = datetime.combine(day, time(), zone)
    begin = in_utc(wall)
    if begin.astimezone(zone).date() == day and begin.astimezone(zone).time() == time():
        return begin
    return turn(in_utc(wall.replace(fold=1)), begin, zone)


_midnight = lru_cache(maxsize=1024)(midnight)  # as of a date above
_OWN = ("datetime", "zoneinfo")  # a zone of another library may have no hash


def midnights(day: date, zone: tzinfo) -> tuple[datetime, ...]:
    """Return every instant at which a day may begin or end, the first at which it is midnight last.

    That is one instant, except where clocks are put back over midnight, as in Newfoundland for some years: then it is
    midnight twice, and the previous day in between.
    """
    wall = datetime.combine(day, time(), zone)
    first, again = midnight(day, zone), in_utc(wall.replace(fold=1))
    return (first, turn(first, again, zone), again) if again > first else (first,)


def turn(before: datetime, after: datetime, zone: tzinfo | None) -> datetime:
    """Return the first instant of the offset in force at the later of two instants, and not at the earlier."""
    low, high = 0, int((after - before).total_seconds())
    offset = after.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)


def is_day(text: str) -> bool:
    """Tell whether a text has the form of a day, whether or not it is in the calendar."""
    return _DAY.fullmatch(text) is not None


def is_moment(text: str) -> bool:
    """Tell whether a text looks like a day with a time of day, valid or not: then its digits are not an IMEI."""
    return _LIKE_A_MOMENT.fullmatch(text) is not None


def in_utc(value: datetime) -> datetime:
    """Return an aware datetime as a plain one in UTC.

    Raises:
        NotATime: it has no zone, is finer than a microsecond, or out of range.
    """
    if getattr(value, "nanosecond", 0):
        raise NotATime(*TOO_FINE)
    if value.year not in YEARS:
        raise NotATime(*OUT_OF_RANGE)
    try:
        plain = datetime.combine(value.date(), value.time(), value.tzinfo)
        # Without an offset, astimezone would read the machine's own zone.
        found = None if plain.utcoffset() is None else plain.astimezone(UTC)
    except Exception:  # noqa: BLE001 - a zone is foreign code
        found = None
    if found is None:
        raise NotATime(*NO_ZONE)
    return found


def in_zone(text: str, zone: tzinfo) -> str:
    """Return a sentence for people: each instant in UTC in it is converted to a zone.

    >>> from datetime import timezone
    >>> in_zone("it ends at 2018-03-20T18:30:00+00:00", timezone(timedelta(hours=5, minutes=30)))
    'it ends at 2018-03-21 00:00:00+05:30'
    """
    return _IN_UTC.sub(lambda found: _in_words(found[0], zone), text)


def _in_words(text: str, zone: tzinfo) -> str:
    at = _moment(text)
    return text if at is None else at.astimezone(zone).isoformat(sep=" ")


def micros(at: datetime) -> int:
    """Return an instant in whole microseconds since 1970.

    >>> micros(datetime(1970, 1, 1, 0, 0, 1, 2, tzinfo=UTC))
    1000002
    """
    return (at - EPOCH) // TICK


def from_micros(us: int) -> datetime:
    """Return the instant of `micros`."""
    return EPOCH + timedelta(microseconds=us)


def as_date(value: object) -> object:
    """Return the date that a frame stores as a midnight without a zone, None for NaT, and anything else unchanged."""
    if is_missing(value):
        return None
    if not issubclass(type(value), datetime):
        return value
    moment = cast("datetime", value)
    return moment.date() if moment.tzinfo is None and moment.time() == time() else value
