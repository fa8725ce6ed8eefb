"""Instants of CSV: what the compiled loop reads is what the grammar says, and all that it is there for it reads."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from miexchange._time import NotATime, read_instant
from miexchange.batch.files._instants import certain_instants

DIGITS = st.text("0123456789", min_size=2, max_size=2)
DAYS = st.dates().map(str) | st.tuples(st.sampled_from(("1970", "2000", "2099", "2100")), DIGITS, DIGITS).map("-".join)
CLOCKS = st.times().map(str) | st.tuples(DIGITS, DIGITS).map(":".join) | st.tuples(DIGITS, DIGITS, DIGITS).map(":".join)
ZONES = st.sampled_from(("Z", "", "z", "+0530", "-05")) | st.tuples(
    st.sampled_from("+-"), DIGITS, st.just(":"), DIGITS
).map("".join)
TEXTS = st.tuples(DAYS, st.sampled_from((" ", "T", "t")), CLOCKS, st.sampled_from(("", ".5", ".")), ZONES).map("".join)


def found(text: str) -> object:
    cells = pa.array([b"before", text.encode(), None]).slice(1)
    instants, certain = certain_instants(cells)
    assert not certain[1]
    return instants[0].as_py() if certain[0] else None


@settings(deadline=None)  # the first call compiles
@given(text=TEXTS | st.text("0123456789-:. TZ+", max_size=30))
@example("2018-02-29T12:00Z")
@example("2000-02-29 00:00:00+00:00")
@example("2018-12-31 23:59:59.999999-23:59")
def test_an_instant_that_is_read_is_the_one_that_the_grammar_reads(text: str) -> None:
    instant = found(text)
    if instant is not None:
        assert instant == read_instant(text, None)


@pytest.mark.parametrize("day", ["1970-01-01", "2000-02-29", "2018-03-20", "2099-12-31", "2024-12-31", "2023-03-01"])
@pytest.mark.parametrize("clock", [" 00:00", "T23:59:59", " 12:00:00.5", "T12:00:01.123456"])
@pytest.mark.parametrize("zone", ["Z", "+05:30", "-11:00"])
def test_what_libraries_write_is_read(day: str, clock: str, zone: str) -> None:
    assert found(f"{day}{clock}{zone}") == read_instant(f"{day}{clock}{zone}", None)


@pytest.mark.parametrize("text", ["", "2018-03-20", "2018-02-30T12:00Z", "2018-03-20T24:00Z", "2018-03-20T12:00+24:00"])
def test_what_is_none_is_left_to_the_grammar(text: str) -> None:
    assert found(text) is None
    with pytest.raises(NotATime):
        read_instant(text, None)
