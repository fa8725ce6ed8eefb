"""Comparisons: paired differences, intervals, lines, and what a change may be."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from miexchange import Condition, Device, InvalidValue, Programme, Quote, appraise
from miexchange.market import AnchorTable, PriceTable
from miexchange.tuning import Comparison, compare, simulate_book, what_if
from miexchange.tuning.comparing import _bootstrap
from shipped import shipped_programme
from unit.tuned import graded

if TYPE_CHECKING:
    import pandas as pd

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)


@cache
def book() -> pd.DataFrame:
    return simulate_book(graded(), 300, seed=5, at=AT)


@cache
def dearer() -> Comparison:
    return what_if(graded(), {"prices": 9_000}, book(), at=AT)


def test_a_programme_compared_with_itself_changes_nothing() -> None:
    same = compare(graded(), graded(), book(), at=AT)
    found = same.summary
    assert (found["winners"], found["losers"], found["total_minor"]) == (0, 0, 0)
    assert (found["mean_low_minor"], found["mean_high_minor"]) == (0, 0)


def test_the_differences_are_paired_and_add_up() -> None:
    rows = dearer().rows
    assert (rows["change_minor"] == rows["b_minor"] - rows["a_minor"]).all()
    found = dearer().summary
    assert found["total_minor"] == rows["change_minor"].sum()
    assert found["winners"] + found["losers"] <= found["n"] == len(rows)
    assert found["mean_low_minor"] < found["mean_minor"] < found["mean_high_minor"] < 0
    assert dearer().by("brand")["total_minor"].sum() == pytest.approx(found["total_minor"])


def test_the_values_are_those_of_appraise() -> None:
    answers = book().drop(columns=["model", "purchased_on"]).to_dict("index")
    values = dearer().rows["a_minor"].head(20).to_dict()
    for label, paise in values.items():
        given = {str(name): value for name, value in answers[label].items() if isinstance(value, str)}
        quote = appraise(Device(str(book()["model"].to_dict()[label])), Condition(given), graded(), at=AT)
        assert isinstance(quote, Quote)
        assert quote.coupon_value == paise


def test_the_ten_largest_changes_are_explained_line_by_line_and_add_up() -> None:
    explained = dearer().explained
    sums = []
    for _, lines in explained.groupby(level=["row", "model"], sort=False):
        changes = lines["change_minor"].to_numpy()
        assert lines.index.get_level_values("line")[-1] == "coupon value"
        assert changes[:-1].sum() == changes[-1]
        sums.append(abs(int(changes[-1])))
    assert sums == dearer().rows["change_minor"].abs().nlargest(10).tolist()


def test_who_is_taken_by_one_only_is_counted() -> None:
    other = shipped_programme("mi-exchange-india")
    found = compare(graded(), other, book(), at=AT)
    assert found.outcomes.to_numpy().sum() == len(book())
    counts = found.outcomes.to_dict("index")["indicative"]
    assert counts["refused"] > 0
    assert len(found.rows) == counts["indicative"]


def test_none_taken_by_both_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="book has no device that both take"):
        compare(graded(), graded(), book().assign(model="nokia"), at=AT)


def test_changes_may_be_settings_tables_factors_or_functions() -> None:
    scrap = what_if(graded(), {"scrap_minor": 5_000_000, "step_minor": 1_000}, book(), at=AT)
    assert scrap.summary["winners"] > 0
    prices = PriceTable.of(one.replace(price_minor=one.price_minor + 100_000) for one in graded().prices.prices)
    assert what_if(graded(), {"prices": prices}, book(), at=AT).summary["losers"] == 0
    assert what_if(graded(), {"anchors": 20_000}, book(), at=AT).summary["winners"] == 0
    anchors = AnchorTable.of(graded().anchors.anchors)
    assert what_if(graded(), {"anchors": anchors}, book(), at=AT).summary["total_minor"] == 0

    def unchanged(programme: Programme) -> Programme:
        return programme

    named = what_if(graded(), unchanged, book(), at=AT)
    assert named.names[1] == "graded-trade-in (unchanged)"
    assert named.summary["total_minor"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "Terms has no field 'colour': leave it out"),
        ({"factor_bps": 20_000}, "factor_bps"),
        ({"factor_bps": 0.9}, "factor_bps"),
        ({"prices": 0.9}, "give a new table, or a factor in basis points"),
        ({"anchors": 0}, "give a new table, or a factor in basis points"),
    ],
)
def test_a_change_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        what_if(graded(), change, book(), at=AT)


def test_two_currencies_are_not_compared() -> None:
    with pytest.raises(InvalidValue, match=r"'GBP': the other programme is in INR, and two currencies never meet"):
        compare(graded(), shipped_programme("uk-trade-in"), book(), at=AT)


def test_a_book_in_pounds_is_told_in_pounds() -> None:
    programme = shipped_programme("uk-trade-in")
    at = programme.terms[0].effective_from
    found = what_if(programme, {"prices": 9_000}, simulate_book(programme, 60, seed=1, at=at), at=at)
    assert {band[0] for band in found.rows["price_band"].astype(str)} <= {"£", "b"}
    assert "£" in str(found)
    assert "₹" not in str(found)


def test_what_is_no_programme_is_refused() -> None:
    with pytest.raises(InvalidValue, match="give a Programme"):
        compare(graded(), "graded-trade-in", book(), at=AT)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="by"):
        dearer().by("colour")


def test_the_same_seed_gives_the_same_interval() -> None:
    again = what_if(graded(), {"prices": 9_000}, book(), at=AT)
    assert again.summary.equals(dearer().summary)


@pytest.mark.parametrize("rows", [50, 1_999, 50_000])
def test_the_bootstrap_interval_is_as_wide_as_theory_says(rows: int) -> None:
    values = np.random.default_rng(1).normal(10, 5, rows)
    low, high = _bootstrap(values, np.random.default_rng(2))
    width = 2 * 1.96 * values.std() / np.sqrt(rows)
    assert low < values.mean() < high
    assert high - low == pytest.approx(width, rel=0.15)


def test_the_report_shows_itself() -> None:
    assert "The ten largest changes" in str(dearer())
    assert "The mean change is -₹" in dearer()._repr_html_()
