"""What can arrive from outside: anything at all. Values here are made to break what is not careful."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from miexchange.strategies import imei_texts, mistyped_imeis

FAR = [
    datetime.min,  # noqa: DTZ901 - without a zone: that is the point
    datetime.max,  # noqa: DTZ901 - as above
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    datetime(2018, 3, 20),  # noqa: DTZ001 - as above
]

texts = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(), max_size=5),  # surrogates, too
    st.sampled_from(["", "\ud800", "\x00", "a\nb", "x" * 5_000, "9" * 5_000, "\u202e", "NaN", "-0", "1e400"]),
    imei_texts(),
    mistyped_imeis(),
)

numbers = st.one_of(
    st.integers(),
    st.floats(),
    # Too long for Python to write out, for Hypothesis too: hence only made when it is drawn.
    st.builds(lambda sign: sign * 10**5_000, st.sampled_from([1, -1])),
    st.sampled_from([2**63, -1, 0, float("nan"), float("inf"), True, 1j]),
    st.decimals(),
    st.fractions(),
)

scalars = st.one_of(
    st.none(),
    texts,
    numbers,
    st.binary(max_size=20),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.timedeltas(),
    st.sampled_from([*FAR, date.min, date.max, object, object(), ..., NotImplemented, type, len, Exception("x")]),
)

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)

anything: st.SearchStrategy[Any] = st.one_of(
    scalars,
    st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(st.none() | texts | st.integers(), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    json_data,
    st.from_type(object),
)
