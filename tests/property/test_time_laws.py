"""One grammar for days and instants: what one reader takes every reader takes, as the same instant."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miexchange._csv import Row
from miexchange._problems import Problems
from miexchange._time import NotATime, read_day, read_instant
from miexchange._value import instant
from miexchange.batch.files._texts import parsed
from miexchange.cli import _given
from miexchange.errors import InvalidValue
from miexchange.tuning import Observations, TuningWarning
from property.effort import effort
from unit.tuned import graded

IST = timezone(timedelta(hours=5, minutes=30))

days = st.one_of(
    st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    st.dates(),
    st.sampled_from([date(1899, 12, 31), date(1900, 1, 1), date(9900, 12, 31), date(9901, 1, 1), date(2016, 2, 29)]),
)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, datetime | None]:
    """Write an instant in one of the forms of the grammar, and say which instant it is; None out of range."""
    day, hour, minute = draw(days), draw(st.integers(0, 23)), draw(st.integers(0, 59))
    text = f"{day.isoformat()}{draw(st.sampled_from('T '))}{hour:02}:{minute:02}"
    passed = timedelta(hours=hour, minutes=minute)
    if draw(st.booleans()):
        second = draw(st.integers(0, 59))
        text, passed = f"{text}:{second:02}", passed + timedelta(seconds=second)
        if digits := draw(st.text("0123456789", max_size=6)):
            passed += timedelta(microseconds=int(digits.ljust(6, "0")))
            text += f".{digits.ljust(draw(st.integers(len(digits), 9)), '0') if len(digits) == 6 else digits}"
    hours, minutes, sign = draw(st.integers(0, 23)), draw(st.integers(0, 59)), draw(st.sampled_from("+-"))
    form = draw(st.sampled_from(["Z", "{0}{1:02}:{2:02}", "{0}{1:02}{2:02}", "{0}{1:02}"]))
    ahead = timedelta(0) if form == "Z" else timedelta(hours=hours, minutes=minutes if "{2" in form else 0)
    ahead = -ahead if sign == "-" else ahead
    text += form.format(sign, hours, minutes)
    return text, datetime(
        day.year, day.month, day.day, tzinfo=UTC
    ) + passed - ahead if 1900 <= day.year <= 9900 else None


# Texts near the grammar: those in it with something changed, and what other readers take.
changes = st.sampled_from("0123456789:-+.,TtZz WU\t\n\u00a0\u0662\uff12\u2212_/[]").flatmap(
    lambda character: st.tuples(st.integers(0, 35), st.integers(0, 2)).map(
        lambda place: lambda text: text[: place[0]] + character + text[place[0] + place[1] :]
    )
)
near = st.builds(lambda pair, change: change(pair[0]), written(), changes)
STRANGE = [
    "2018-W12-2T12:00Z",
    "20180320T120000Z",
    "2018-079T12:00Z",
    "2018-03-20T12:00:00,5Z",
    "2018-03-20T12:00:60Z",
    "2018-03-20T24:00Z",
    "2018-03-20T12Z",
    "2018-03-20T12:00+24:00",
    "2018-03-20T12:00+05:30:15",
    "2018-03-20T12:00+5:30",
    "2018-03-20T12:00-00:00",
    "2018-03-20T12:00 +05:30",
    "2018-03-20t12:00z",
    "2018-03-20_12:00Z",
    "2018-03-20T12:00[Asia/Kolkata]",
    "2018-03-20T12:00 UTC",
    "2018-03-20T12:00",
    "2018-03-20",
    "2018-02-29",
    "2018-02-29T12:00Z",
    "0000-01-01",
    "0000-01-01T00:00Z",
    "20/03/2018",
    "43174",
    "1521504000",
    "now",
    "today",
    "NaT",
    "None",
    "2018-03-20T12:00:00.1234567Z",
    "2018-03-20T12:00:00.1234560000Z",
    "2" * 5_000,
]
hostile = near | st.sampled_from(STRANGE) | st.text(max_size=30)


def outcome(read: object, *given_: object) -> object:
    try:
        return read(*given_)  # type: ignore[operator]
    except (NotATime, _given.Wrong):
        return None


def in_a_table(text: str, *, day: bool = False) -> object:
    row = Row("f", 1, {"c": text}, Problems())
    found = row.day("c") if day else row.instant("c", IST)
    assert (found is None) == (len(row.problems.found) == 1)
    return found


def in_a_batch(text: str, kind: str) -> object:
    column = parsed(pa.chunked_array([pa.array([text.encode("utf-8", "replace")])]), kind)  # type: ignore[arg-type]
    (found,) = column.array.to_pylist()
    assert (found is None) == (column.strange is not None)
    return found


@given(written())
@effort(0.5)
def test_every_form_of_the_grammar_is_that_instant(pair: tuple[str, datetime | None]) -> None:
    """The grammar: day, "T" or one space, HH:MM, optionally :SS and a fraction, then Z, +HH:MM, +HHMM or +HH."""
    text, at = pair
    found = outcome(read_instant, text, None)
    assert found == at
    assert found is None or (type(found) is datetime and found.tzinfo is UTC)


@given(written().map(lambda pair: pair[0]) | hostile)
@example("2018-03-20T12:00+0530")
@example("2018-03-20 12:00:00.123456000Z")
@effort(1)
def test_every_reader_takes_the_same_instants(text: str) -> None:
    """One grammar: a table, a batch file and the command read the same instant of a text, or refuse it."""
    at = outcome(read_instant, text, None)
    assert outcome(_given.instant, text, "--at", None) == at
    if text:  # an empty cell of a batch is null
        assert in_a_batch(text, "instant") == at
    zoned = outcome(read_instant, text, IST)
    assert zoned == at or at is None
    assert outcome(_given.instant, text, "--at", IST) == zoned
    assert in_a_table(text) == outcome(read_instant, text.strip(), IST)


@given(days.map(date.isoformat) | written().map(lambda pair: pair[0]) | hostile)
@effort(1)
def test_every_reader_takes_the_same_days(text: str) -> None:
    """One grammar: a day is YYYY-MM-DD, for a table, a batch file and the command."""
    day = outcome(read_day, text)
    assert day is None or (type(day) is date and day.isoformat() == text)
    assert outcome(_given.day, text, "--purchased-on") == day
    if text:
        assert in_a_batch(text, "day") == day
    assert in_a_table(text, day=True) == outcome(read_day, text.strip())


@given(days.map(date.isoformat) | written().map(lambda pair: pair[0]) | hostile)
@effort(0.3)
def test_observations_take_the_same_days(text: str) -> None:
    """One grammar: `tuning.Observations` reads the days of the grammar and no others."""
    day = outcome(read_day, text.strip())
    good = {"model": "oneplus-3t-6-64", "price_minor": 1_100_000, "kind": "deal", "source": "a", "on": "2018-03-01"}
    rows = pd.DataFrame([good, {**good, "source": "b", "on": text}])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found = Observations.read(rows, graded().catalogue, as_of=date(2100, 1, 1))
    expected = [day] if isinstance(day, date) and 1900 <= day.year <= 2100 and day <= date(2100, 1, 1) else []
    assert [*found.frame["on"].dt.date][1:] == expected


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
@effort(0.5)
def test_what_python_writes_is_read(at: datetime) -> None:
    """What `isoformat` writes of an instant with a zone of whole minutes is in the grammar."""
    try:
        expected: datetime | None = instant(at, "at")
    except InvalidValue:
        expected = None
    whole = not (at.utcoffset() or timedelta(0)).total_seconds() % 60
    for separator in "T ":
        found = outcome(read_instant, at.isoformat(separator), None)
        assert found == (expected if whole else None)


@pytest.mark.parametrize("text", STRANGE)
def test_what_other_readers_take_is_refused(text: str) -> None:
    """The grammar has one form for each thing, so that no two readers differ."""
    taken = {"2018-03-20T12:00-00:00": datetime(2018, 3, 20, 12, tzinfo=UTC)}
    assert outcome(read_instant, text, None) == taken.get(text)
