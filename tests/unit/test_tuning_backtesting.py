"""Backtests: splits, duplicates, leaks, bands, groups."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest

from miexchange import InvalidValue, Programme, Questionnaire
from miexchange.tuning import Backtest, ByDevice, ByTime, TuningWarning, backtest, simulate_deals, what_if
from miexchange.tuning.comparing import _changed
from unit.tuned import graded

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)


@cache
def deals() -> pd.DataFrame:
    return simulate_deals(graded(), 400, seed=3, at=AT, models=30)


@cache
def report() -> Backtest:
    return backtest(graded(), deals(), split=ByDevice(folds=4), at=AT)


def test_every_deal_is_tested_once_and_the_frame_is_not_changed() -> None:
    before = deals().copy()
    assert len(report().rows) == len(deals())
    assert report().rows.index.sort_values().equals(deals().index)
    pd.testing.assert_frame_equal(before, deals())


def test_the_values_are_those_of_the_programme() -> None:
    near = (report().rows["predicted_minor"] / report().rows["actual_minor"] - 1).abs()
    assert float(near.median()) < 0.04
    assert report().summary["bias_pct"] == pytest.approx(0, abs=1.5)
    assert report().summary["coverage_80"] == pytest.approx(80, abs=7)


def test_no_device_is_in_both_parts_of_a_fold() -> None:
    for train, test in ByDevice(folds=5, seed=1).split(deals(), pd.Series(dtype=object)):
        assert not set(deals()["model"].iloc[train]) & set(deals()["model"].iloc[test])
        assert len(train) + len(test) == len(deals())


def test_by_time_the_past_teaches_and_the_future_tests() -> None:
    rows = deals().assign(at=[AT + timedelta(days=number % 20) for number in range(len(deals()))])
    cut = date(2018, 5, 1)
    found = backtest(graded(), rows, split=ByTime(cut))
    later = rows.index[rows["at"] >= datetime(2018, 5, 1, tzinfo=UTC)]
    assert set(found.rows.index) <= set(later)
    assert len(found.rows) + found.refused.sum() == len(later)
    for wrong in (date(2018, 1, 1), date(2019, 1, 1)):
        with pytest.raises(InvalidValue, match="which has no deals on one side"):
            backtest(graded(), rows, split=ByTime(wrong))


def test_without_a_split_all_is_tested_without_a_band() -> None:
    found = backtest(graded(), deals(), at=AT)
    assert len(found.rows) == len(deals())
    assert np.isnan(found.summary["coverage_80"])
    assert "band" not in repr(found)


def test_repeated_rows_are_left_out_and_named() -> None:
    """A repeat is a row with the id of an earlier one, whatever else it says."""
    told = deals().assign(deal=[f"d{number}" for number in range(len(deals()))])
    twice = pd.concat([told, told.head(3).assign(price_minor=[1, 2, 3])], ignore_index=True)
    with pytest.warns(TuningWarning, match="rows 400, 401, 402 repeat earlier rows and are left out"):
        found = backtest(graded(), twice, at=AT, id_col="deal")
    assert (found.dropped, found.alike) == (3, 0)
    assert len(found.rows) == len(deals())
    assert "3 repeated rows were left out." in found.notes()
    with pytest.warns(TuningWarning, match="rows 400, 401, 402 repeat"):
        assert backtest(graded(), twice.rename(columns={"deal": "id"}), at=AT).dropped == 3
    unnamed = told.assign(deal=told["deal"].mask(told.index < 2))
    assert backtest(graded(), unnamed, at=AT, id_col="deal").dropped == 0


def test_deals_that_look_alike_are_all_tested() -> None:
    """700 real deals became 200: phones of one model in one condition are paid alike."""
    alike = pd.concat([deals().head(200)] * 3 + [deals().head(100)], ignore_index=True)
    found = backtest(graded(), alike, at=AT)
    assert (len(found.rows), found.dropped, found.alike) == (700, 0, 500)
    assert "500 deals look like earlier ones: name the column that tells them apart, id_col=." in found.notes()
    told = backtest(graded(), alike.assign(id=range(700)), at=AT)
    assert (len(told.rows), told.dropped, told.alike) == (700, 0, 0)


@pytest.mark.parametrize("leak", ["plain", "scaled", "logarithm"])
def test_a_column_that_says_the_price_in_other_words_is_warned_of(leak: str) -> None:
    price = deals()["price_minor"].astype(float)
    values = {"plain": price, "scaled": 3 * price + 7, "logarithm": pd.Series(np.log(price))}[leak]
    with pytest.warns(TuningWarning, match="the column hint is price_minor in other words"):
        backtest(graded(), deals().assign(hint=values), at=AT)


def test_innocent_columns_are_not_warned_of() -> None:
    noise = np.random.default_rng(0).normal(size=len(deals()))
    backtest(graded(), deals().assign(noise=noise, constant=1.0, empty=np.nan), at=AT)


def test_a_device_in_both_parts_is_warned_of() -> None:
    half = len(deals()) // 2
    mixed = [(np.arange(half), np.arange(half, len(deals())))]
    with pytest.warns(TuningWarning, match="are of a model that is also trained on: the test is a leak"):
        backtest(graded(), deals(), split=mixed, at=AT)
    tokens = deals().assign(token=[f"t{number // 2}" for number in range(len(deals()))])
    rows = tokens.assign(at=[AT + timedelta(days=number % 2) for number in range(len(deals()))])
    with pytest.warns(TuningWarning, match="are of a token that is also trained on"):
        backtest(graded(), rows, split=ByTime(date(2018, 4, 21)), device_col="token")


def test_regimes_that_the_programme_does_not_ask_for_are_warned_of() -> None:
    fields = {name: getattr(graded(), name) for name in Programme.__dataclass_fields__}
    silent = []
    for terms in graded().terms:
        asked = tuple(one for one in terms.questionnaire.questions if one.id != "warranty")
        silent.append(terms.replace(questionnaire=Questionnaire("2", asked)))
    base = Programme(**{**fields, "terms": tuple(silent)})
    rows = deals().assign(warranty=["in", "out"] * (len(deals()) // 2))
    with pytest.warns(TuningWarning, match=r"the deals mix warranty regimes \(in, out\)"):
        backtest(base, rows, at=AT)
    backtest(base, rows.assign(warranty="in"), at=AT)


def test_a_made_programme_is_made_of_training_deals_only_and_its_band_is_honest() -> None:
    seen: list[pd.DataFrame] = []

    def make(train: pd.DataFrame) -> Programme:
        seen.append(train)
        return graded()

    found = backtest(make, deals(), split=ByDevice(folds=4), at=AT)
    assert len(seen) == 4
    for fold, train in enumerate(seen):
        assert not set(train.index) & set(found.rows.index[found.rows["fold"] == fold])
    assert found.name == "make"
    assert found.summary["coverage_80"] == pytest.approx(80, abs=7)
    assert len(backtest(make, deals(), at=AT).rows) == len(deals())


def test_a_made_programme_by_time_has_its_band_from_folds_of_the_past() -> None:
    rows = deals().assign(at=[AT + timedelta(days=number % 10) for number in range(len(deals()))])
    calls: list[int] = []

    def make(train: pd.DataFrame) -> Programme:
        calls.append(len(train))
        return graded()

    found = backtest(make, rows, split=ByTime(date(2018, 4, 26)))
    assert len(calls) == 5
    assert np.isfinite(found.summary["coverage_80"])


def test_refused_deals_are_counted_by_reason_and_not_scored() -> None:
    rows = pd.concat([deals(), deals().head(2).assign(model=["nokia", "nokia-2"])], ignore_index=True)
    found = backtest(graded(), rows, at=AT)
    assert found.refused.to_dict() == {"model_unknown": 2}
    assert any("2 deals are refused and not scored: model_unknown 2." in note for note in found.notes())
    with pytest.raises(InvalidValue, match=r"deals has 2 deals, all of which the programme refuses \(model_unknown\)"):
        backtest(graded(), rows.tail(2), at=AT)


def test_groups_are_in_their_order_and_add_up() -> None:
    ages = report().by("age")
    assert ages.index.to_list() == [
        name for name in ("0-5 months", "6-11 months", "1 year", "2 years") if name in ages.index
    ]
    for name in ("brand", "age", "grade", "price_band", "fold"):
        assert report().by(name)["n"].sum() == len(deals())
    with pytest.raises(InvalidValue, match="by"):
        report().by("colour")


def test_too_few_rows_have_no_band() -> None:
    found = backtest(graded(), deals().head(24), split=ByDevice(folds=2), at=AT)
    assert np.isnan(found.rows["low_minor"]).any()


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(InvalidValue, match="give the instant"):
        backtest(graded(), deals())
    with pytest.raises(InvalidValue, match="give a number above 0"):
        backtest(graded(), deals().assign(price_minor=0), at=AT)
    with pytest.raises(InvalidValue, match=r"has no column .*: add it, or name the column that holds it; known: "):
        backtest(graded(), deals().drop(columns="model"), at=AT)
    for folds in (1, 31):
        with pytest.raises(InvalidValue, match="number of devices"):
            backtest(graded(), deals(), split=ByDevice(folds=folds), at=AT)


def test_a_worse_programme_scores_worse() -> None:
    mean = _changed(graded(), {"factor_bps": 8_000})
    worse = backtest(mean, deals(), at=AT).summary
    assert worse["mape"] > report().summary["mape"] + 10
    assert worse["bias_pct"] == pytest.approx(-20, abs=2)
    assert what_if(graded(), {"factor_bps": 8_000}, deals(), at=AT).summary["total_pct"] == pytest.approx(-20, abs=2)


def test_the_report_shows_itself() -> None:
    assert "By brand" in str(report())
    assert "By price band" in report()._repr_html_()


def test_deals_in_another_unit_are_warned_of() -> None:
    rupees = deals().assign(price_minor=deals()["price_minor"] // 100)
    with pytest.warns(TuningWarning, match="is the unit right"):
        backtest(graded(), rupees, at=AT)
