"""Recovery: on data made from a known truth plus noise, the truth lies in the 95 % intervals at the stated rate.

With so many intervals, a rate of 95 % that is truly held stays within the bounds below in all but one of a thousand
sets of worlds; the seeds are fixed, so the outcome is too.
"""

from __future__ import annotations

import numpy as np
import pytest

from miexchange.tuning import DeductionModel, DepreciationCurve, simulate_market, simulate_quotes

WORLDS = 30


def held_by_curves() -> tuple[list[bool], list[bool]]:
    """Return for each world and each rate and brand whether its interval holds the truth."""
    rates, brands = [], []
    for seed in range(WORLDS):
        market = simulate_market(800, seed=seed)
        curve = DepreciationCurve(knots=(6.0, 12.0, 24.0)).fit(market, year_col=None)
        summary, truth = curve.summary, market.attrs["truth"]
        for rate, (_, row) in zip(truth["rates"], summary.loc["age"].iterrows(), strict=True):
            rates.append(bool(row["low"] <= -rate <= row["high"]))
        for name, row in summary.loc["brand"].iterrows():
            brands.append(bool(row["low"] <= truth["brands"][name] <= row["high"]))
    return rates, brands


def test_rates_and_brands_hold_what_they_state() -> None:
    rates, brands = held_by_curves()
    assert 0.89 <= np.mean(rates) <= 1.0
    assert 0.91 <= np.mean(brands) <= 0.99


def test_the_band_holds_four_of_five_new_prices_of_the_same_world() -> None:
    held = []
    for seed in range(WORLDS):
        world = simulate_market(1_600, seed=seed)
        curve = DepreciationCurve().fit(world.iloc[:800], year_col=None)
        new = world.iloc[800:]
        limits = curve.predict_interval(new)
        held += ((new["price"] >= limits["low"]) & (new["price"] <= limits["high"])).tolist()
    assert np.mean(held) == pytest.approx(0.80, abs=0.02)


def test_weights_hold_what_they_state() -> None:
    held = []
    for seed in range(WORLDS):
        quotes, scales = simulate_quotes(150, seed=seed)
        summary = DeductionModel(scales, weight_noise=0.007).fit(quotes).summary
        truth = quotes.attrs["truth"]["weights"]
        for _, family in summary.groupby("anchor"):
            base = truth[str(family.index[family["se"] == 0.0][0])]
            for name, row in family[family["se"] > 0].iterrows():
                held.append(bool(row["low"] <= truth[str(name)] / base <= row["high"]))
    assert 0.91 <= np.mean(held) <= 1.0


def test_anchors_hold_what_they_state() -> None:
    held = []
    for seed in range(5):
        quotes, scales = simulate_quotes(150, seed=seed)
        model = DeductionModel(scales, weight_noise=0.007).fit(quotes)
        truth = quotes.attrs["truth"]
        bases = {"glass": "", "image": "", "body": "", "ports": ""}
        for name, row in model.summary.iterrows():
            if row["se"] == 0.0:
                bases[str(row["anchor"])] = str(name)
        for told in model.anchors_.reset_index().to_dict("records"):
            amount = truth["anchors"][told["device"], told["anchor"]] * truth["weights"][bases[told["anchor"]]]
            held.append(bool(told["low"] <= amount <= told["high"]))
    assert 0.92 <= np.mean(held) <= 0.99
