"""The generators: the same seed gives the same rows, and what they cannot make they refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.market import PriceTable
from miexchange.tuning import simulate_book, simulate_deals, simulate_market, simulate_observations, simulate_quotes
from miexchange.tuning.comparing import _changed
from unit.tuned import graded

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)
MAKERS: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "market": lambda rows, seed: simulate_market(rows, seed=seed),
    "quotes": lambda rows, seed: simulate_quotes(rows, seed=seed)[0],
    "observations": lambda rows, seed: simulate_observations(graded(), rows, seed=seed),
    "book": lambda rows, seed: simulate_book(graded(), rows, seed=seed, at=AT),
    "deals": lambda rows, seed: simulate_deals(graded(), rows, seed=seed, at=AT),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_seed_decides_the_rows(name: str) -> None:
    one, again, other = MAKERS[name](30, 1), MAKERS[name](30, 1), MAKERS[name](30, 2)
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("rows", [0, -1, 2.5])
def test_a_number_of_rows_is_one_or_more(name: str, rows: int) -> None:
    with pytest.raises(InvalidValue, match="one or more"):
        MAKERS[name](rows, 1)


def test_a_book_answers_what_is_asked_and_nothing_else() -> None:
    book = simulate_book(graded(), 200, seed=1, at=AT)
    questions = graded().terms[0].questionnaire.questions
    warranty = next(question for question in questions if question.id == "warranty")
    asked = [warranty.is_asked_of(graded().catalogue.by_model[model]) for model in book["model"]]
    assert book["warranty"].notna().tolist() == asked


def test_a_programme_without_prices_or_listings_makes_nothing() -> None:
    empty = _changed(graded(), {"prices": PriceTable(())})
    with pytest.raises(InvalidValue, match="which has no prices"):
        simulate_observations(empty, 5, seed=1)
    with pytest.raises(InvalidValue, match="lists no model"):
        simulate_book(graded(), 5, seed=1, at=datetime(2017, 1, 1, tzinfo=UTC))
