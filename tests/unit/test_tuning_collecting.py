"""Which quote to collect next."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest

from miexchange import InvalidValue
from miexchange.tuning import DeductionModel, NotFitted, QuotePlan, TuningWarning, next_quotes, simulate_quotes
from miexchange.tuning.collecting import _errors, _greedy

Frame = pd.DataFrame


@cache
def made() -> tuple[DeductionModel, Frame, Frame]:
    quotes, scales = simulate_quotes(24, seed=3)
    damaged = quotes[quotes["findings"] != "clean"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        return DeductionModel(scales, anchor_spread=None).fit(damaged.head(40)), damaged.head(40), damaged.iloc[40:]


def test_a_plan_takes_the_error_down_and_never_up() -> None:
    model, _, wanted = made()
    plan = next_quotes(model, wanted, most=len(wanted) + 5)
    assert len(plan.frame) == plan.rows == len(wanted)
    assert (plan.frame["saves"] >= -1e-9).all()
    assert plan.before - plan.frame["saves"].sum() == pytest.approx(plan.frame["left"].iloc[-1])
    assert plan.frame["left"].iloc[-1] < 0.1 * plan.before
    assert set(plan.frame.index) == set(wanted.index)
    assert plan.frame["device"].to_dict() == wanted["device"].loc[plan.frame.index].to_dict()


def test_the_first_one_is_the_best_of_all_and_the_second_the_best_after_it() -> None:
    model, _, wanted = made()
    some = wanted.head(12)
    first = next_quotes(model, some, most=1).frame
    alone = {
        label: next_quotes(model, pd.concat([some.loc[[label]], some.drop(label)]), most=12).frame
        for label in some.index
    }
    assert all(len(one) == 12 for one in alone.values())
    assert {one.index[0] for one in alone.values()} == {first.index[0]}  # whatever the order of the rows


def test_the_second_quote_of_a_device_tells_little_after_the_first() -> None:
    model, there, _ = made()
    twin = there.head(1).assign(device="unheard of", findings="heavy_scratches")
    pair = pd.concat([twin, twin.assign(findings="cracked_glass")], ignore_index=True)
    plan = next_quotes(model, pair)
    assert plan.frame["saves"].iloc[1] < 0.2 * plan.frame["saves"].iloc[0]
    known = there.iloc[[0]]
    assert next_quotes(model, known).before < 0.2 * next_quotes(model, known.assign(device="unheard of")).before


def test_by_amount_a_dear_phone_comes_first_and_by_share_any() -> None:
    model, there, _ = made()
    one = there.head(1).assign(findings="display_lines")
    both = pd.concat([one.assign(device="cheap", clean=3_000.0), one.assign(device="dear", clean=60_000.0)])
    assert next_quotes(model, both, by="amount").frame["device"].iloc[0] == "dear"
    assert "%" not in next_quotes(model, both, by="amount").notes()[0]


def test_a_plan_shows_itself() -> None:
    model, _, wanted = made()
    plan = next_quotes(model, wanted, most=3)
    assert isinstance(plan, QuotePlan)
    assert repr(plan).startswith(f"<QuotePlan: 3 of {len(wanted)} quotes take the expected error of the table from ")
    assert "In this order" in str(plan)
    assert plan.to_frame().equals(plan.frame)
    polars = next_quotes(model, pl.from_pandas(wanted.reset_index(drop=True)), most=3)  # type: ignore[arg-type] # any
    assert polars.frame["device"].to_list() == plan.frame["device"].to_list()


def test_expected_errors_are_those_of_the_lognormal_law() -> None:
    make = np.random.default_rng(1)
    clean, cost = np.array([100.0]), np.array([30.0])
    by_rule = {by: _errors(clean, cost, by)[0] for by in ("share", "amount")}
    deviations = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 40)])
    place = int(np.argmin(np.abs(deviations - 0.2)))
    drawn = 100 - 30 * np.exp(deviations[place] * make.normal(size=200_000))
    assert by_rule["amount"][place] == pytest.approx(np.abs(70 - drawn).mean(), rel=0.02)
    assert by_rule["share"][place] == pytest.approx(100 * np.abs(70 / drawn - 1).mean(), rel=0.02)
    assert by_rule["share"][0] == 0


def test_what_is_known_exactly_is_left_for_last() -> None:
    unsure = np.diag([0.0, 0.04])
    errors = _errors(np.array([100.0, 100.0]), np.array([10.0, 10.0]), "share")
    assert _greedy(unsure, np.zeros(2), errors, 2)[0] == [1, 0]


def test_wanted_rows_that_cannot_be_ranked() -> None:
    model, _, wanted = made()
    with pytest.raises(InvalidValue, match="leave clean rows out"):
        next_quotes(model, wanted.assign(findings="clean"))
    with pytest.raises(InvalidValue, match="give at most 5,000 rows"):
        next_quotes(model, wanted.loc[[wanted.index[0]] * 5_001])
    with pytest.raises(InvalidValue, match="give some of"):
        next_quotes(model, wanted.assign(findings="burnt"))
    with pytest.raises(NotFitted):
        next_quotes(DeductionModel(), wanted)
    with pytest.raises(InvalidValue, match="give a DeductionModel"):
        next_quotes(None, wanted)  # type: ignore[arg-type]
