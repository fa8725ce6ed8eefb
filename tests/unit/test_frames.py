"""Tables of devices for tests: of each kind, plain or hostile, valued like their rows, and pasted back."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Literal

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from miexchange import InvalidValue
from miexchange.laws import assert_parity
from miexchange.laws._tables import rows_in
from miexchange.strategies import frame_of, frames, programme_of
from property.effort import effort
from shipped import shipped_programme

SHOP = shipped_programme("uk-trade-in")
KINDS = ("pandas", "polars", "arrow")


@pytest.mark.parametrize("kind", KINDS)
@effort(0.4)
@given(draw=st.data())
def test_a_table_of_any_kind_is_worth_what_its_rows_are(
    kind: Literal["pandas", "polars", "arrow"], draw: st.DataObject
) -> None:
    assert_parity(draw.draw(frames(SHOP, kind, hostile=draw.draw(st.booleans()))), SHOP)


@pytest.mark.parametrize("kind", KINDS)
def test_the_least_table_is_one_plain_phone_and_can_be_pasted_back(kind: Literal["pandas", "polars", "arrow"]) -> None:
    few = settings(
        max_examples=20, derandomize=True, database=None, deadline=None, phases=[Phase.generate, Phase.shrink]
    )
    (row,) = rows_in(find(frames(SHOP, kind), lambda _: True, settings=few))
    said = {
        name: cell.astimezone(dt.UTC) if isinstance(cell, dt.datetime) else cell  # an older Arrow has a zone of its own
        for name, cell in row.items()
        if cell is not None
    }
    printed = f"frame_of({pretty([said])}, {pretty(SHOP)}, {kind!r})"
    names = {"frame_of": frame_of, "programme_of": programme_of, "datetime": dt, "zoneinfo": zoneinfo}
    assert rows_in(eval(printed, names)) == [row]  # noqa: S307 - what somebody would paste
    assert len(printed) < 1_000
    assert (
        said["screen"] == next(one for one in SHOP.terms[0].questionnaire.questions if one.id == "screen").options[0].id
    )


def test_a_cell_that_its_column_cannot_have_is_refused() -> None:
    assert frame_of([{"model": 5}], SHOP)["model"][0] == 5
    with pytest.raises(InvalidValue, match="rows"):
        frame_of([{"model": 5}], SHOP, "arrow")
