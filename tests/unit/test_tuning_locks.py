"""Lock risk: what open quotes may lose, what covers it, and how often the bound was broken."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.tuning import LockReplay, LockRisk, NotFitted, OpenRisk, TuningWarning, simulate_panel
from unit import small

LAUNCHES = (date(2018, 6, 1), date(2019, 6, 1))
ON = date(2019, 5, 25)


@cache
def panel() -> pd.DataFrame:
    return simulate_panel(8, 500, seed=1, launches=LAUNCHES[:1], every=5, common=0.0005, own=0.003)


@cache
def risk() -> LockRisk:
    return LockRisk(launches=LAUNCHES).fit(panel())


def listed(*prices: int, first: date = date(2018, 1, 1), every: int = 1, model: str = "a") -> pd.DataFrame:
    days = [first + timedelta(number * every) for number in range(len(prices))]
    return pd.DataFrame({"model": model, "on": days, "price_minor": prices})


def book(days: int = 14, rows: int = 20, **more: Any) -> pd.DataFrame:  # noqa: ANN401 - columns
    return pd.DataFrame({"day": [ON + timedelta(days)] * rows, "value_minor": 1_000_000}).assign(**more)


def of(given: pd.DataFrame, on: date = ON, **more: Any) -> OpenRisk:  # noqa: ANN401 - arguments
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        return risk().forecast(given, on=on, **{"draws": 100, **more})


def test_drift_and_launch_are_told_apart() -> None:
    found = risk().summary
    assert found.index.to_list() == [("drift", ""), ("launch", "2018-06-01")]
    assert found["low"].iloc[0] <= 0.0007 <= found["high"].iloc[0]
    assert found["coefficient"].iloc[1] == pytest.approx(0.05, abs=3 * found["se"].iloc[1])
    assert risk().launches_["models"].to_list() == [8]


def test_a_list_of_one_fall_a_day_has_that_fall() -> None:
    falling = listed(*(round(1_000_000 * 0.999**day) for day in range(100)))
    found = LockRisk(between="step").fit(falling)
    assert found.drift_ == pytest.approx(-np.log(0.999), rel=1e-3)
    assert found.drift_bps_per_day(on=ON, days=10) == 10
    by_day = found.by_day(on=ON, days=10)
    assert by_day.loc[10].to_numpy() == pytest.approx([0.9955, 0.9955, 0.9955, 0.9955, 90], rel=1e-3)
    assert small.TERMS.replace(drift_bps_per_day=10).drift_bps_per_day == 10


def test_a_rising_list_has_no_drift_for_the_terms() -> None:
    rising = LockRisk(between="step").fit(listed(*range(1_000, 1_100)))
    assert rising.drift_ < 0
    assert rising.drift_bps_per_day(on=ON, days=10) == 0


def test_a_step_holds_until_the_next_one_and_a_walk_passes_both() -> None:
    rows = listed(1_000, 500, 900, every=10)
    step = LockRisk(between="step").fit(rows)
    assert step.by_day(on=ON, days=1)["mean_pct"].iloc[0] == pytest.approx((50 - 80) / 20)  # on two days of twenty
    walk = LockRisk().fit(rows)
    assert np.exp(walk._paths[[0, 10, 20], 0]) == pytest.approx([1_000, 500, 900])  # noqa: SLF001
    assert walk.by_day(on=ON, days=20)["mean_pct"].iloc[-1] == pytest.approx(10)
    assert LockRisk(seed=1).fit(rows)._paths[5] != walk._paths[5]  # noqa: SLF001


def test_a_gap_that_is_too_long_tells_nothing() -> None:
    rows = pd.concat([listed(100, 99), listed(50, 49, first=date(2019, 1, 1))])
    found = LockRisk(between="step", longest_gap=10).fit(rows)
    assert found.by_day(on=ON, days=1)["n"].to_list() == [2]
    with pytest.raises(InvalidValue, match="has no stretch of 5 days"):
        found.by_day(on=ON, days=5)


def test_a_launch_ahead_is_in_the_bound_and_one_that_is_over_is_not() -> None:
    plain = risk().by_day(on=date(2019, 4, 1), days=14)
    ahead = risk().by_day(on=ON, days=14)
    assert plain["bound_pct"].iloc[-1] + 0.5 < ahead["bound_pct"].iloc[-1]
    assert ahead["bound_pct"].iloc[:7].to_numpy() == pytest.approx(plain["bound_pct"].iloc[:7].to_numpy())
    assert (ahead["shortfall_pct"] >= ahead["bound_pct"]).all()
    assert risk().drift_bps_per_day(on=ON, days=14) > risk().drift_bps_per_day(on=date(2019, 4, 1), days=14)


def test_a_launch_that_nothing_tells_of_is_no_guess() -> None:
    untold = LockRisk(launches=LAUNCHES[1:]).fit(panel())
    assert untold.launches_.empty
    with pytest.raises(InvalidValue, match="none that the panel has seen"):
        untold.by_day(on=ON, days=14)
    assert len(untold.by_day(on=date(2019, 4, 1), days=14)) == 14


def test_a_launch_lifts_no_price() -> None:
    rising = listed(*([1_000] * 40 + [1_000 + 10 * day for day in range(30)] + [1_300] * 40))
    found = LockRisk(between="step", launches=[date(2018, 2, 10), ON]).fit(rising)
    assert found.launches_["effect"].iloc[0] < 0
    assert found.by_day(on=ON, days=14)["bound_pct"].iloc[-1] >= 0


def test_the_loss_of_open_quotes_grows_until_their_last_day() -> None:
    found = of(book())
    assert found.frame["open_minor"].to_list() == [20_000_000] * 14 + [0]
    assert (found.frame["bound_minor"] >= found.frame["mean_minor"]).all()
    assert found.frame["mean_minor"].iloc[:14].to_list() == [0] * 14
    assert found.summary["mean_minor"] == pytest.approx(found.losses.mean(), abs=0.5)
    assert found.to_frame().equals(found.frame)
    assert repr(found).startswith("<OpenRisk from 2019-05-25: ₹2,00,000 promised")
    assert "Loss until the day" in str(found)


def test_redemptions_spread_the_loss_and_lapse() -> None:
    daily = [0.05] * 15
    spread = of(book(quoted_on=ON), redeemed=daily)
    assert spread.frame["open_minor"].iloc[0] == 19_000_000
    assert spread.frame["open_minor"].iloc[-1] == 0
    whole = of(book())
    assert 0 < spread.summary["mean_minor"] < whole.summary["mean_minor"]
    older = of(book(days=4, quoted_on=ON - timedelta(10)), redeemed=daily)  # half of them are gone
    assert older.frame["open_minor"].iloc[0] == 18_000_000
    all_gone = of(book(days=4, quoted_on=ON - timedelta(10)), redeemed=[1.0])
    assert all_gone.summary["bound_minor"] == 0


def test_who_may_ask_again_gains_nothing_for_the_operator() -> None:
    kept, asked = (of(book(rows=1), on=date(2019, 4, 1), asks_again=again, no_end_days=1) for again in (False, True))
    assert kept.losses.min() < 0 <= asked.losses.min()
    assert (asked.losses >= kept.losses).all()


def test_many_small_quotes_scatter_less_than_a_large_one() -> None:
    one = of(book(rows=1))
    several = of(book(rows=1, coupons=200))
    assert several.summary["promised_minor"] == one.summary["promised_minor"]
    assert several.losses.std() < one.losses.std()
    assert of(book(rows=200)).losses.std() / 200 == pytest.approx(several.losses.std(), rel=0.2)


def test_quotes_without_an_end_need_one() -> None:
    open_ended = book().assign(day=None)
    with pytest.raises(InvalidValue, match="say no_end_days"):
        of(open_ended)
    assert of(open_ended, no_end_days=14).losses == pytest.approx(of(book()).losses)


def test_covers_keep_within_the_budget_and_cost_what_they_save() -> None:
    found = of(book(quoted_on=ON), redeemed=[0.05] * 15)
    budget = int(found.summary["bound_minor"]) * 2 // 3
    covers = found.covers(budget, bonus_days=3)
    assert covers.index.to_list() == ["none", "haircut", "shorter lock", "haircut and bonus"]
    assert covers["bound_minor"].iloc[0] == found.summary["bound_minor"]
    assert (covers["bound_minor"].iloc[1:] <= budget).all()
    assert covers["customers_minor"].to_list() == (covers["mean_minor"].iloc[0] - covers["mean_minor"]).to_list()
    haircut = covers["haircut_bps"].to_dict()
    assert haircut["haircut and bonus"] > haircut["haircut"] > 0
    assert covers["lock_days"].to_dict()["shorter lock"] < 14
    less = haircut["haircut"] - 1
    one_less = found._row(less, 14, None)  # noqa: SLF001
    assert one_less["bound_minor"] > budget
    assert (found.covers(10**9)[["haircut_bps", "lock_days"]] == [0, 14]).all(axis=None)


def test_covers_are_those_of_the_panel_that_was_fitted() -> None:
    """A model may be changed and fitted again while a report of it is read."""
    changing = LockRisk(launches=LAUNCHES).fit(panel())
    found, same = (changing.forecast(book(quoted_on=ON), on=ON, draws=100) for _ in range(2))
    covers = found.covers(1_000)
    changing.set_params(launch_days=0, launches=())
    assert changing.by_day(on=ON, days=3).equals(risk().by_day(on=ON, days=3))
    changing.set_params(launch_days=30).fit(panel().assign(price_minor=1_000))
    assert same.covers(1_000).equals(covers)


@pytest.mark.parametrize("redeemed", [[0.7, 0.1, 0.1, 0.1, 0.0, 1e-9], [0.3, 0.3, 0.3, 0.1, 0.0, 1e-9]])
def test_quotes_are_redeemed_once_however_their_shares_are_rounded(redeemed: list[float]) -> None:
    """0.7 and three tenths add up to a little less than 1: the rest is no share to divide by."""
    found = of(book(days=3, quoted_on=ON - timedelta(4)), redeemed=redeemed)
    assert found.losses.max() <= found.summary["promised_minor"] / 5


def test_a_bonus_for_all_gives_back_what_the_haircut_took() -> None:
    assert "haircut and bonus" not in of(book(quoted_on=ON), redeemed=[0.05] * 15).covers(0, bonus_days=14).index


def test_a_replay_asks_only_of_what_was_known() -> None:
    rows = listed(*[1_000] * 60, *[900] * 15)
    found = LockRisk(between="step").replay(rows, lock=10, since=date(2018, 2, 15))
    broken = found.rows[found.rows["broken"]]["on"]
    # The fall comes on 2 March: the ten days before it lose what nothing had told of.
    assert (broken.min(), broken.max()) == (pd.Timestamp(2018, 2, 20), pd.Timestamp(2018, 3, 1))
    assert found.summary["broken_pct"] == pytest.approx(100 * 10 / len(found.rows))
    assert repr(found).startswith("<LockReplay of 10 days: the 95 % bound is broken in ")
    assert found.by_year.index.to_list() == [2018]
    assert "Broken most" in str(found)
    assert found.to_frame().equals(found.rows)
    assert isinstance(found, LockReplay)


def test_a_replay_takes_the_calendar_from_the_first_launch_that_was_seen() -> None:
    found = risk().replay(panel(), lock=14, since=date(2018, 5, 1), every=7)
    assert 0 <= found.summary["broken_pct"] <= 20


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        (listed(100, 99).assign(on="soon"), {}, "give a day in each"),
        (listed(100, 99).assign(price_minor=0), {}, "whole minor units"),
        (pd.concat([listed(100, 99), listed(98)]), {}, r"on is 2018-01-01, which is there twice for a model \(row 0\)"),
        (listed(100), {}, "has no model with two prices within 100 days"),
        (listed(100, 99, every=200), {}, "has no model with two prices within 100 days"),
        (listed(100, 99), {"launches": [date(2018, 1, 1)], "launch_days": 2}, "leaves no day of the panel"),
        (listed(100, 99), {"between": "line"}, "give one of: walk, step"),
    ],
)
def test_panels_that_cannot_be_used(rows: pd.DataFrame, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        LockRisk(**more).fit(rows)


def test_a_panel_is_bounded() -> None:
    days = np.array(["1900-01-01", "2200-01-01"], dtype="datetime64[s]")
    wide = pd.DataFrame({"model": np.repeat(np.arange(700), 2), "on": np.tile(days, 700), "price_minor": 100})
    with pytest.raises(InvalidValue, match="give at most 50,000,000 model-days"):
        LockRisk().fit(wide)


@pytest.mark.parametrize(
    ("given", "more", "said"),
    [
        (book(days=-1), {}, "take what has expired out"),
        (book(days=400), {}, "give locks of at most 365 days"),
        (book(quoted_on=ON + timedelta(1)), {}, "give quotes of 2019-05-25 or before"),
        (book(value_minor=0), {}, "promises nothing"),
        (book(coupons=0), {}, "whole minor units"),
        (book(), {"redeemed": [0.6, 0.6]}, "adds up to 1.2"),
        (book(), {"redeemed": []}, "adds up to 0"),
        (book(days=14, quoted_on=date(2018, 6, 1)), {}, "give locks of at most 365 days"),
        (book(), {"level": 0.4}, "between 0.5 and 1"),
    ],
)
def test_books_that_cannot_be_used(given: pd.DataFrame, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        of(given, **more)


def test_a_short_panel_is_warned_of() -> None:
    with pytest.warns(TuningWarning, match="has 16 separate stretches of 30 days"):
        risk().forecast(book(days=30), on=ON, draws=100)


def test_nothing_is_known_before_fit() -> None:
    assert repr(LockRisk()) == "<LockRisk, not fitted>"
    assert repr(risk()).startswith("<LockRisk fitted on 800 prices of 8 models, 2018-01-01 to 2019-05-11: ")
    with pytest.raises(NotFitted):
        LockRisk().by_day(on=ON, days=3)
    with pytest.raises(InvalidValue, match="is followed by 14 days"):
        risk().replay(panel(), lock=14, since=date(2020, 1, 1))
