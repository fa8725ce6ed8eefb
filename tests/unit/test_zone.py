"""Where days begin: fixed offsets and the law of a place, for one device and for columns."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import tzdata

from miexchange import InvalidValue, Zone
from miexchange._time import micros, midnight, midnights
from miexchange._zone import data_of, named
from miexchange.batch.plan._periods import zone_turns
from shipped import shipped_programme
from unit import small
from unit.small import IST

LONDON, SAO_PAULO, ST_JOHNS, APIA = map(
    Zone, ("Europe/London", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia")
)


def test_a_zone_is_one_object_whoever_asks_and_survives_a_copy() -> None:
    assert Zone("Europe/London") is LONDON
    assert pickle.loads(pickle.dumps(LONDON)) is LONDON  # noqa: S301 - our own
    assert copy.deepcopy(LONDON) is LONDON
    assert (f"{LONDON}", repr(LONDON), named(LONDON)) == ("Europe/London", "Zone('Europe/London')", "Europe/London")
    assert named(IST) == "5:30:00"
    assert (data_of(LONDON), data_of(IST)) == (tzdata.IANA_VERSION, "")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "London",
        "Europe/",
        "../zones",
        "Europe/../Europe/London",
        "tzdata.zi",
        "__init__.py",
        "zone.tab",
        "x" * 300,
        None,
        5,
    ],
)
def test_what_is_no_zone_is_refused(key: Any) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match="the name of a zone in the IANA database, such as Asia/Kolkata"):
        Zone(key)


BEGINS = [
    (LONDON, date(2026, 3, 29), "2026-03-29T00:00:00+00:00"),  # the day on which summer time begins, at one o'clock
    (LONDON, date(2026, 3, 30), "2026-03-29T23:00:00+00:00"),
    (LONDON, date(2026, 10, 26), "2026-10-26T00:00:00+00:00"),
    (SAO_PAULO, date(2018, 11, 4), "2018-11-04T03:00:00+00:00"),  # 0:00 is skipped: the day begins at 1:00
    (SAO_PAULO, date(2018, 2, 18), "2018-02-18T03:00:00+00:00"),  # the hour before is there twice
    (ST_JOHNS, date(2010, 11, 7), "2010-11-07T02:30:00+00:00"),  # a minute of it, then an hour of the day before
    (Zone("America/Toronto"), date(1919, 3, 31), "1919-03-31T04:30:00+00:00"),  # from 23:30 to 0:30
    (APIA, date(2011, 12, 31), "2011-12-30T10:00:00+00:00"),  # after a day that never was
]


@pytest.mark.parametrize(("zone", "day", "begins"), BEGINS)
def test_a_day_begins_where_its_law_says(zone: Zone, day: date, begins: str) -> None:
    first = midnight(day, zone)
    assert first.isoformat() == begins
    assert first.astimezone(zone).date() == day
    assert (first - timedelta(microseconds=1)).astimezone(zone).date() < day


def test_a_day_may_begin_twice() -> None:
    first, back, again = midnights(date(2010, 11, 7), ST_JOHNS)
    shown = [at.astimezone(ST_JOHNS).replace(tzinfo=None).isoformat() for at in (first, back, again)]
    assert shown == ["2010-11-07T00:00:00", "2010-11-06T23:01:00", "2010-11-07T00:00:00"]
    assert midnights(date(2010, 11, 8), ST_JOHNS) == (midnight(date(2010, 11, 8), ST_JOHNS),)


@pytest.mark.parametrize(
    "key", ["Europe/London", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Asia/Kolkata"]
)
def test_a_column_has_the_offset_of_every_instant(key: str) -> None:
    """Batch: the table of a zone's turns says at every instant what the zone says, up to the year 9900."""
    zone, turns = Zone(key), zone_turns(Zone(key))
    assert (np.diff(turns.starts) > 0).all()
    drawn = np.random.default_rng(1).integers(0, 8_000 * 365 * 86_400, 3_000)
    instants = [datetime(1900, 1, 2, tzinfo=UTC) + timedelta(seconds=int(after)) for after in drawn]
    near = [datetime.fromtimestamp(int(at) / 1e6, UTC) for at in turns.starts[1:600]]
    for at in (*instants, *near, *(at - timedelta(microseconds=1) for at in near)):
        place = np.searchsorted(turns.starts, micros(at), side="right") - 1
        assert timedelta(microseconds=int(turns.offsets[place])) == at.astimezone(zone).utcoffset(), at


def test_the_data_are_those_of_the_package_and_not_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine's own database, or a broken one, is never asked."""
    monkeypatch.setattr("zoneinfo.TZPATH", ("/nowhere",))
    assert isinstance(LONDON, ZoneInfo)
    code = "import zoneinfo, io; zoneinfo.reset_tzpath(['/']); from miexchange import Zone; print(Zone('Europe/Oslo'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    assert done.stdout == "Europe/Oslo\n"


def test_a_quote_says_which_zone_data_it_rests_on() -> None:
    assert small.quoted().zone_data == ""
    programme = shipped_programme("mi-exchange-india")
    assert programme.zone_data == ""
