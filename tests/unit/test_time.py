"""Days and instants: what a datetime from elsewhere may bring with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange._time import NotATime, as_date, day_of, in_utc, instant_of, is_moment
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
