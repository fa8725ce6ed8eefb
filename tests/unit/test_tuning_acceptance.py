"""The share of offers that is accepted, and the offer that earns most under the programme's rules."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.batch import appraise_frame
from miexchange.tuning import AcceptanceModel, BestOffers, NotFitted, TuningWarning, simulate_offers
from unit import small, trade


@cache
def offers() -> pd.DataFrame:
    return simulate_offers(3_000, seed=2)


@cache
def model() -> AcceptanceModel:
    return AcceptanceModel().fit(offers())


def best(**more: Any) -> BestOffers:  # noqa: ANN401 - arguments
    return model().best(offers().head(50), **{"step_minor": 1_000, **more})


def test_the_planted_curve_is_found() -> None:
    truth, summary = offers().attrs["truth"], model().summary
    assert summary.loc[("offer", ""), "low"] <= truth["slope"] <= summary.loc[("offer", ""), "high"]
    assert model().level_ == pytest.approx(truth["level"], abs=0.3)
    assert summary.loc[("offer", ""), "effect"] == pytest.approx(3, abs=0.5)
    tenths = model().accepted_by_tenth(offers())
    assert tenths["n"].to_list() == [300] * 10
    assert (tenths["accepted"] - tenths["predicted"]).abs().max() < 0.08


def test_no_step_beside_the_best_offer_earns_more() -> None:
    found, rows = best().frame, offers().head(50)
    for step in (-1_000, 1_000):
        beside = rows.assign(offer_minor=found["offer_minor"] + step)
        earned = (rows["resale_minor"] - beside["offer_minor"]) * model().predict(beside)
        assert (earned <= found["margin_minor"] + 1e-6).all()
    assert (found["offer_minor"] % 1_000 == 0).all()
    assert (found["low_minor"] <= found["offer_minor"]).all()
    assert (found["offer_minor"] <= found["high_minor"]).all()
    assert (found["bound_by"] == "").all()


def test_the_report_says_what_is_gained() -> None:
    found = best()
    now = (offers()["resale_minor"] - offers()["offer_minor"]).head(50) * model().predict(offers().head(50))
    assert found.summary["now_minor"] == pytest.approx(now.sum())
    assert found.summary["margin_minor"] > now.sum()
    assert "The largest gains" in str(found)
    assert "instead of" in repr(found)
    unknown = model().best(offers().head(5).drop(columns="offer_minor"), step_minor=1_000)
    assert np.isnan(unknown.summary["now_minor"])
    assert "instead of" not in repr(unknown)
    assert len(unknown.tables()[0][1]) == 5
    assert found.to_frame().equals(found.frame)


def test_floor_cap_and_the_range_that_was_seen_hold_an_offer_back() -> None:
    high = int(offers()["market_minor"].max()) * 2
    assert (best(floor_minor=high).frame["bound_by"] == "floor").all()
    assert (best(floor_minor=high).frame["offer_minor"] == -(-high // 1_000) * 1_000).all()
    capped = model().best(offers().head(50).assign(cap=500_000), cap_col="cap", step_minor=1_000)
    assert (capped.frame["offer_minor"] <= 500_000).all()
    held = capped.frame["bound_by"] == "cap"
    assert held.any()
    assert (capped.frame.loc[held, "offer_minor"] == 500_000).all()
    assert f"Held back: {held.sum()} by cap" in " ".join(capped.notes())
    dear = model().best(offers().head(5).assign(resale_minor=10**9), step_minor=1_000).frame
    assert (dear["bound_by"] == "seen").all()
    worthless = model().best(offers().head(5).assign(resale_minor=1), step_minor=1_000).frame
    assert (worthless["bound_by"] == "seen").all()
    assert (worthless["margin_minor"] < 0).all()


def test_segments_have_offsets_of_their_own() -> None:
    many = [
        simulate_offers(800, seed=seed, level=level).assign(shop=f"s{seed}") for seed, level in enumerate((2, 3, 4))
    ]
    rows = pd.concat(many, ignore_index=True)
    found = AcceptanceModel().fit(rows, segment_col="shop")
    assert found.segments_["s2"] - found.segments_["s0"] == pytest.approx(2, abs=0.6)
    assert found.summary["n"].to_list() == [2_400, 2_400, 800, 800, 800]
    same = rows.head(1).assign(offer_minor=900_000, market_minor=1_000_000)
    shares = [found.predict(same.assign(shop=shop)).iloc[0] for shop in ("s0", "s1", "unknown", "s2")]
    assert shares[0] < shares[1] < shares[3]
    assert shares[0] < shares[2] < shares[3]
    assert found.spread_ > 0.3


def test_groups_widen_the_errors() -> None:
    rows = pd.concat([offers().head(300)] * 4, ignore_index=True).assign(who=[*range(300)] * 4)
    alone, together = AcceptanceModel().fit(rows), AcceptanceModel().fit(rows, groups="who")
    assert together.summary["se"].iloc[1] == pytest.approx(2 * alone.summary["se"].iloc[1], rel=0.2)
    nobody = AcceptanceModel().fit(rows.assign(who=None), groups="who")
    assert nobody.summary["se"].iloc[1] == pytest.approx(alone.summary["se"].iloc[1], rel=0.1)


def test_factors_are_valued_by_the_programme() -> None:
    programme = small.programme(trade.terms_of())
    book = pd.DataFrame([{"model": small.MODEL, "at": small.AT, **dict(trade.SAID)}] * 2)
    worth = int(appraise_frame(book, programme)["coupon_value_minor"].iloc[0])
    book = book.assign(market_minor=worth, resale_minor=2 * worth)
    found = model().by_factor(programme, book, factors_bps=[10_000, 8_000])
    assert found.index.to_list() == [8_000, 10_000]
    assert found["accepted_pct"].iloc[0] < found["accepted_pct"].iloc[1]
    made = pd.DataFrame({"offer_minor": [worth], "market_minor": [worth]})
    assert found["margin_minor"].iloc[1] == pytest.approx(2 * worth * model().predict(made).iloc[0])
    assert (found["low_minor"] < found["margin_minor"]).all()
    assert (found["margin_minor"] < found["high_minor"]).all()
    with pytest.raises(InvalidValue, match="give one factor or more"):
        model().by_factor(programme, book, factors_bps=[])
    with pytest.raises(InvalidValue, match="give devices that the programme takes"):
        model().by_factor(programme, book.assign(model="x"), factors_bps=[9_000])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accepted": True}, "all accepted: give accepted and declined offers"),
        ({"accepted": 0}, "all declined"),
        ({"accepted": "maybe"}, r"give true or false, or 1 or 0, in each"),
        ({"accepted": None}, r"give true or false, or 1 or 0, in each"),
        ({"offer_minor": 100, "market_minor": 100}, "give offers that differ"),
        ({"offer_minor": 0}, "above 0"),
        ({"market_minor": 1.5}, "whole minor units"),
    ],
)
def test_offers_that_cannot_be_used(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        AcceptanceModel().fit(offers().head(50).assign(**change))


@pytest.mark.parametrize("words", [("1", "0"), ("true", "false"), (1.0, 0.0)])
def test_accepted_is_read_as_people_write_it(words: tuple[object, object]) -> None:
    written = offers()["accepted"].map(dict(zip((True, False), words, strict=True)))
    assert AcceptanceModel().fit(offers().assign(accepted=written)).slope_ == pytest.approx(model().slope_)


def test_offers_that_are_accepted_less_when_they_are_higher_have_no_best() -> None:
    rows = offers().assign(accepted=~offers()["accepted"])
    with pytest.warns(TuningWarning, match="cannot be told from chance"):
        found = AcceptanceModel().fit(rows)
    with pytest.raises(InvalidValue, match="higher offers were not accepted more often"):
        found.best(rows, step_minor=1_000)


def test_a_line_that_parts_the_accepted_ones_ends_a_fit() -> None:
    rows = offers().head(200)
    parted = rows.assign(accepted=rows["offer_minor"] > 0.8 * rows["market_minor"])
    assert np.isfinite(AcceptanceModel().fit(parted).slope_)


def test_nothing_is_known_before_fit() -> None:
    assert repr(AcceptanceModel()) == "<AcceptanceModel, not fitted>"
    with pytest.raises(NotFitted):
        AcceptanceModel().predict(offers())
    with pytest.raises(InvalidValue, match="give the code of a currency"):
        best(currency="XXXX")
