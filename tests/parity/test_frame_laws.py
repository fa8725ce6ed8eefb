"""One rule, any width: whatever a row holds, and whatever table it stands in, the answer is that for one device."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import Catalogue, InvalidValue, Programme
from miexchange.batch.arrow import _threads
from miexchange.laws._one_by_one import rows_of, valued
from miexchange.strategies import imeis, programmes
from parity.both_ways import appraise_frame
from parity.tables import KINDS, columns_of, odd_rows, plain, rows
from property.effort import effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from miexchange.programme import Bonus

SHIPPED = ("graded-trade-in", "mi-exchange-india", "uk-trade-in")


def given_of(draw: st.DataObject, programme: Programme) -> dict[str, int]:
    """Draw how often bonuses were given."""
    limited: list[Bonus] = [one for terms in programme.terms for one in terms.bonuses if one.quota is not None]
    return {bonus.id: draw.draw(st.integers(0, (bonus.quota or 0) + 1)) for bonus in limited}


def frame_of(kind: str, table: list[dict[str, Any]], programme: Programme) -> Any:  # noqa: ANN401 - any table
    return KINDS[kind](table, columns_of(programme))


@given(draw=st.data())
def test_a_table_is_worth_what_its_rows_are(draw: st.DataObject) -> None:
    """Promise 6: one device and ten million rows run the same formula, and agree on every row, reasons included."""
    programme, kind = draw.draw(programmes()), draw.draw(st.sampled_from(sorted(KINDS)))
    table, counts = draw.draw(rows(programme)), given_of(draw, programme)
    result = appraise_frame(frame_of(kind, table, programme), programme, bonuses_given=counts)
    assert rows_of(plain(result)) == [valued(row, programme, counts) for row in table]


@pytest.mark.parametrize("name", SHIPPED)
@effort(0.5)
@given(draw=st.data())
def test_a_table_of_a_shipped_programme_is_worth_what_its_rows_are(name: str, draw: st.DataObject) -> None:
    """Promise 6, for the programmes that ship with the package."""
    programme = shipped_programme(name)
    table = draw.draw(rows(programme))
    kind = draw.draw(st.sampled_from(sorted(KINDS)))
    result = appraise_frame(frame_of(kind, table, programme), programme)
    assert rows_of(plain(result)) == [valued(row, programme, {}) for row in table]


@effort(0.5)
@given(draw=st.data())
def test_the_second_number_of_a_phone_is_asked_for_alike(draw: st.DataObject) -> None:
    """Promise 6, where both IMEIs of a phone with two SIMs are required: either alone is refused, in a table too."""
    programme = draw.draw(programmes())
    terms = (one.replace(eligibility=one.eligibility.replace(second_imei="required")) for one in programme.terms)
    variants = (one.replace(sims=draw.draw(st.sampled_from((None, 1, 2, 2)))) for one in programme.catalogue.variants)
    programme = replace(programme, catalogue=Catalogue(tuple(variants)), terms=tuple(terms))
    table = draw.draw(rows(programme))
    for row in table:
        numbers = draw.draw(st.tuples(imeis(), st.none() | imeis()))
        row["imei"], row["imei2"] = draw.draw(st.permutations([number and number.digits for number in numbers]))
        row["model"] = draw.draw(st.sampled_from([listing.model for listing in programme.eligible]))
    result = appraise_frame(frame_of("arrow", table, programme), programme)
    assert rows_of(plain(result)) == [valued(row, programme, {}) for row in table]


@given(draw=st.data())
def test_a_cell_of_any_type_is_a_reason_of_its_row(draw: st.DataObject) -> None:
    """Promise 8: anything that can arrive from outside gives a value or a refusal; nothing is dropped."""
    programme = draw.draw(programmes())
    table = draw.draw(odd_rows(programme))
    frame = frame_of("pandas, objects", table, programme)
    others = ("at", "register_asked_at", "purchased_on", "exchange_open", "device_exchanged")
    if any(_is_a_column_of_texts([row[name] for row in table]) for name in others):
        with pytest.raises(InvalidValue):  # of one wrong type throughout, which is the column's fault and no row's
            appraise_frame(frame, programme)
        return
    result = appraise_frame(frame, programme)
    assert rows_of(plain(result)) == [valued(row, programme, {}) for row in table]


def _is_a_column_of_texts(cells: list[Any]) -> bool:
    """Tell whether cells make a column of Arrow's texts: all of them texts, and all of them UTF-8."""
    try:
        return bool(pa.types.is_string(pa.array(cells).type))
    except (pa.ArrowException, UnicodeError, OverflowError):
        return False


@effort(0.25)
@given(draw=st.data())
def test_the_instant_may_be_an_argument(draw: st.DataObject) -> None:
    """Promise 1: the clock is an argument; as a column or as one instant for all rows, it means the same."""
    programme = draw.draw(programmes())
    table = draw.draw(rows(programme))
    at = table[0]["at"] or programme.terms[0].effective_from
    frame = frame_of("arrow", table, programme).drop_columns(["at"])
    result = appraise_frame(frame, programme, at=at)
    assert rows_of(plain(result)) == [valued(row, programme, {}, at) for row in table]


@effort(0.25)
@given(draw=st.data())
def test_columns_that_are_not_there_are_empty(draw: st.DataObject) -> None:
    """A column left out means what an argument left out means."""
    programme = draw.draw(programmes())
    table = draw.draw(rows(programme))
    optional = {one.asked_as for terms in programme.terms for one in terms.questionnaire.questions}
    required = {
        one.asked_as for terms in programme.terms for one in terms.questionnaire.questions if not one.optional
    } | {
        "model",
        "at",
    }
    can_go = sorted((columns_of(programme).keys() | optional) - required)
    gone = draw.draw(st.lists(st.sampled_from(can_go), unique=True))
    frame = frame_of("arrow", table, programme).drop_columns(gone)
    emptied = [row | dict.fromkeys(gone) for row in table]
    assert rows_of(plain(appraise_frame(frame, programme))) == [valued(row, programme, {}) for row in emptied]


@effort(0.25)
@given(draw=st.data())
def test_a_table_is_the_sum_of_its_parts(draw: st.DataObject) -> None:
    """appraise_frame(concat(a, b)) = concat(appraise_frame(a), appraise_frame(b)); the order of rows never matters."""
    programme = draw.draw(programmes())
    one, other = draw.draw(rows(programme)), draw.draw(rows(programme))
    both = plain(appraise_frame(frame_of("arrow", one + other, programme), programme))
    parts = [plain(appraise_frame(frame_of("arrow", part, programme), programme)) for part in (one, other)]
    assert both == parts[0] + parts[1]
    order = list(range(len(both)))
    random.Random(0).shuffle(order)  # noqa: S311 - any order will do
    shuffled = [(one + other)[place] for place in order]
    assert plain(appraise_frame(frame_of("arrow", shuffled, programme), programme)) == [both[place] for place in order]


@effort(0.25)
@given(draw=st.data())
def test_blocks_and_threads_leave_no_trace(draw: st.DataObject) -> None:
    """Promise 1: the same inputs give the same answer, however the work is shared."""
    programme = draw.draw(programmes())
    frame = frame_of(draw.draw(st.sampled_from(sorted(KINDS))), draw.draw(rows(programme)), programme)
    whole = plain(appraise_frame(frame, programme, threads=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_threads, "_MOST", draw.draw(st.integers(1, 3)))
        assert plain(appraise_frame(frame, programme, threads=3)) == whole


@effort(0.2)
@given(draw=st.data())
def test_the_result_is_of_the_same_kind_and_the_input_untouched(draw: st.DataObject) -> None:
    """A table is the caller's: it is read, and what comes back has its kind and its index."""
    programme, kind = draw.draw(programmes()), draw.draw(st.sampled_from(sorted(KINDS)))
    table = draw.draw(rows(programme))
    frame, copy = (frame_of(kind, table, programme) for _ in range(2))
    result = appraise_frame(frame, programme)
    assert type(result) is type(frame)
    if isinstance(frame, pd.DataFrame):
        assert isinstance(copy, pd.DataFrame)
        pd.testing.assert_frame_equal(frame, copy)
        pd.testing.assert_index_equal(result.index, frame.index)
    else:
        assert frame.equals(copy)
    expected = appraise_frame(frame_of(kind, table[:1], programme), programme)
    names = [
        list(one.schema.names if isinstance(one, pa.RecordBatch | pa.Table) else one.columns)
        for one in (result, expected)
    ]
    assert names[0] == names[1]
