"""Days and instants: what a datetime from elsewhere may bring with it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange._time import (
    CLOCK,
    NotATime,
    NotInCalendar,
    as_date,
    day_of,
    from_micros,
    in_utc,
    instant_of,
    is_moment,
    micros,
    read_day,
    read_instant,
)
from miexchange._value import instant

NOON = datetime(2018, 3, 20, 12, tzinfo=UTC)


class Hostile(tzinfo):
    """A zone that breaks when it is asked."""

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        raise ZeroDivisionError

    def dst(self, _: datetime | None) -> timedelta | None:
        raise ZeroDivisionError

    def tzname(self, _: datetime | None) -> str | None:
        raise ZeroDivisionError


def test_what_pandas_has_for_nothing_is_no_day_and_no_instant() -> None:
    assert as_date(pd.NaT) is None
    with pytest.raises(InvalidValue, match="a datetime with a time zone"):
        instant(pd.NaT, "at")
    for read in (lambda value: instant_of(value, UTC), day_of):
        with pytest.raises(NotATime, match="is not a date"):
            read(pd.NaT)


def test_an_instant_of_pandas_is_exact_or_refused() -> None:
    assert instant(pd.Timestamp("2018-03-20 17:30", tz="Asia/Kolkata"), "at") == NOON
    with pytest.raises(InvalidValue, match="round it to microseconds"):
        instant(pd.Timestamp("2018-03-20T12:00:00.000000001Z"), "at")
    last = pd.Timestamp.max.tz_localize("UTC").floor("us").tz_convert("America/New_York")
    assert instant(last, "at").year == 2262


def test_a_zone_that_breaks_is_no_zone() -> None:
    with pytest.raises(NotATime, match="has no time zone"):
        in_utc(datetime(2018, 3, 20, tzinfo=Hostile()))


def test_a_date_begins_in_a_zone() -> None:
    assert instant_of(date(2018, 3, 20), UTC) == datetime(2018, 3, 20, tzinfo=UTC)
    assert as_date(pd.Timestamp("2018-03-20")) == date(2018, 3, 20)
    assert as_date(NOON) is NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2018-03-20T12:00", True), ("2018-03-20 25:61:99Z", True), ("354178036859789", False), ("2018-03-20", False)],
)
def test_a_moment_may_be_shown_whole(text: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_moment(text) is expected


@pytest.mark.parametrize("clock", ["", "T00:00:00", " 00:00:00", " 00:00:00.0", "T00:00:00.000000000"])
def test_a_day_may_be_written_as_its_midnight(clock: str) -> None:
    assert read_day(f"2018-03-15{clock}") == date(2018, 3, 15)
    with pytest.raises(NotInCalendar):
        read_day(f"2018-02-30{clock}")


@pytest.mark.parametrize(
    "clock", ["T00:00:01", "T00:00", "X00:00:00", "T00:00:00Z", "T00:00:00.", "T00:00:00.0000000000"]
)
def test_another_time_of_day_is_no_day(clock: str) -> None:
    with pytest.raises(NotATime, match="is not a date"):
        read_day(f"2018-03-15{clock}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("2018-03-20T12:00:00.123456000+05:30", ""),
        ("2018-03-20T12:00:00.1234560000+05:30", "is not a date"),
        ("2018-03-20T12:00:00.123456001Z", "is finer than a microsecond"),
        ("2018-03-20T12:00:00", "has no time zone"),
        ("2018-03-20", "is a day, not an instant"),
        ("2018-02-30T12:00Z", "is not a date"),
        ("2018-03-20T12:00Z" + " " * 5_000, "is not a date"),
    ],
)
def test_an_instant_is_read_or_its_fault_is_told(text: str, fault: str) -> None:
    if not fault:
        assert read_instant(text, None) == datetime(2018, 3, 20, 6, 30, 0, 123456, UTC)
        return
    with pytest.raises(NotATime) as caught:
        read_instant(text, None)
    assert caught.value.args[0] == fault


@pytest.mark.parametrize(
    ("clock", "fits"),
    [("T12:00Z", True), (" 12:00:00+0530", True), ("T12:00:00.5+05", True), ("12:00Z", False), ("T12:00", False)],
)
def test_the_part_of_an_instant_after_the_day(clock: str, fits: bool) -> None:  # noqa: FBT001 - a table
    assert (re.fullmatch(CLOCK, clock) is not None) is fits


class Unhashable(tzinfo):
    """A zone of another library."""

    __hash__ = None  # type: ignore[assignment]  # that is the test

    def __eq__(self, other: object) -> bool:
        return self is other

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        return timedelta(hours=1)

    def dst(self, _: datetime | None) -> timedelta | None:
        return timedelta()

    def tzname(self, _: datetime | None) -> str | None:
        return "away"


def test_a_zone_need_not_have_a_hash() -> None:
    assert instant_of(date(2018, 3, 20), Unhashable()) == datetime(2018, 3, 19, 23, tzinfo=UTC)


def test_an_instant_in_microseconds_is_the_instant() -> None:
    assert [from_micros(us).isoformat() for us in (-1, 1)] == [
        "1969-12-31T23:59:59.999999+00:00",
        "1970-01-01T00:00:00.000001+00:00",
    ]
    assert from_micros(micros(NOON)) == NOON
