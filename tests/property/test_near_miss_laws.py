"""What is one slip away from what a reader takes: refused, or forgiven, as it is stated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from miexchange import InvalidValue, Money
from miexchange.strategies import READERS, NearMiss, near_misses
from property.effort import effort


@pytest.mark.parametrize("reader", READERS)
@effort(1)
@given(draw=st.data())
def test_a_near_miss_is_refused_or_forgiven_as_it_is_stated(reader: str, draw: st.DataObject) -> None:
    """A text that is not quite right is refused, or read as what is meant; nothing else."""
    miss = draw.draw(near_misses(reader))
    assert miss.is_rightly_read, miss


@given(near_misses())
def test_a_near_miss_can_be_pasted_back(miss: NearMiss) -> None:
    assert eval(pretty(miss), {"NearMiss": NearMiss}) == miss  # noqa: S307 - what somebody would paste


def test_a_near_miss_that_states_too_much_is_told() -> None:
    miss = NearMiss("Money.read", "10", "nothing", is_refused=True)
    assert isinstance(miss.read(), Money)
    assert not miss.is_rightly_read
    assert not NearMiss("Money.read", "-10", "a sign", is_refused=False).is_rightly_read
    with pytest.raises(InvalidValue, match="reader"):
        near_misses("Money")
