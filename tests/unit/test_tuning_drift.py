"""The drift monitor: what it tells and when, what it leaves alone, and what it refuses."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from miexchange import InvalidValue
from miexchange.tuning import (
    Drift,
    DriftMonitor,
    NotFitted,
    Observations,
    TuningWarning,
    simulate_deals,
    simulate_observations,
)
from miexchange.tuning._cusum import run_length, side_of, sums
from unit.tuned import graded

if TYPE_CHECKING:
    from collections.abc import Callable

NOISE, A_DAY = 0.08, 7


def deals(days: int, seed: int, *, begin: str = "2026-01-01", too_high: float = 0.0) -> pd.DataFrame:
    make = np.random.default_rng(seed)
    n = days * A_DAY
    paid = np.exp(make.normal(np.log(1_000_000), 0.5, n))
    return pd.DataFrame(
        {
            "id": [f"{begin}-{number}" for number in range(n)],
            "on": np.repeat(pd.date_range(begin, periods=days, unit="s"), A_DAY),
            "brand": make.choice(["OnePlus", "Xiaomi"], n),
            "grade": make.choice(["A", "B", "C"], n),
            "price_minor": paid.astype(np.int64),
            "expected_minor": (paid * (1 + too_high) * np.exp(make.normal(0, NOISE, n))).astype(np.int64),
        }
    )


@cache
def monitor() -> DriftMonitor:
    return DriftMonitor().fit(deals(120, 1))


@cache
def shifted() -> Drift:
    """The table is right for twenty days, and then 5 % too high."""
    return monitor().watch(pd.concat([deals(20, 2), deals(40, 3, begin="2026-01-21", too_high=0.05)]))


def test_run_lengths_are_those_of_the_literature() -> None:
    """Montgomery, Introduction to Statistical Quality Control, table 9.3: one side of k = 0.5, of a normal law."""
    normal = ndtri((np.arange(20_000) + 0.5) / 20_000)
    assert run_length(normal, 0.5, 4.0) == pytest.approx(2 * 168, rel=0.01)
    assert run_length(normal, 0.5, 5.0) == pytest.approx(2 * 465, rel=0.01)
    assert run_length(normal + 1.0, 0.5, 4.0) == pytest.approx(8.38, rel=0.01)
    assert run_length(normal + 1.0, 0.5, 5.0) == pytest.approx(10.4, rel=0.01)
    side = side_of(normal, 1.0, 930.0)
    assert side.allowance == 0.5
    assert side.limit == pytest.approx(5.0, abs=0.02)
    assert side.between == pytest.approx(930, rel=0.01)


def test_run_lengths_are_those_of_simulated_series() -> None:
    make = np.random.default_rng(4)
    steps = make.standard_t(5, 400)
    series = [sums(one) for one in make.choice(steps, (3_000, 600)) - 0.4]
    lengths = [int(np.argmax(one >= 4.0)) + 1 for one in series]
    assert run_length(np.sort(steps), 0.4, 4.0) == pytest.approx(np.mean(lengths), rel=0.05)


def test_a_planted_shift_is_told_within_sixty_deals() -> None:
    top = shifted().alarms.iloc[0]
    assert top[["by", "side"]].to_list() == ["all", "too high"]
    assert pd.Timestamp("2026-01-21") < top["told_on"] <= pd.Timestamp("2026-01-21") + timedelta(days=60 // A_DAY)
    assert abs((top["since"] - pd.Timestamp("2026-01-21")).days) <= 3
    assert top["bias_pct"] == pytest.approx(5, abs=3)
    assert all(side.delay <= 60 for side in monitor().sides_.values())


def test_a_shift_of_one_brand_is_told_of_that_brand() -> None:
    rows = deals(60, 5)
    rows.loc[rows["brand"] == "Xiaomi", "expected_minor"] = rows["expected_minor"] * 88 // 100
    alarms = monitor().watch(rows).alarms
    told = alarms[alarms["by"] == "brand"]
    assert told[["stream", "side"]].to_numpy().tolist() == [["Xiaomi", "too low"]]
    assert told["bias_pct"].iloc[0] == pytest.approx(-12, abs=4)


def test_a_table_that_is_right_is_left_alone() -> None:
    report = monitor().watch(deals(120, 7))
    assert report.alarms.empty
    assert report.notes() == ["840 deals from 2026-01-01 to 2026-04-30: nothing says that the table is wrong."]
    assert (report.standing[["too high", "too low"]] < 1).all(axis=None)
    months = report.months
    assert ((months["low_pct"] < months["bias_pct"]) & (months["bias_pct"] < months["high_pct"])).all()


def test_no_single_deal_is_an_alarm() -> None:
    rows = deals(20, 8)
    rows["expected_minor"] = rows["expected_minor"].where(rows.index != 3, rows["expected_minor"] * 50)
    assert monitor().watch(rows).alarms.empty


def test_the_report_is_one_screen_and_says_when_and_since() -> None:
    said = repr(shifted())
    assert len(said.splitlines()) <= 26
    assert "The table is too high by about" in said
    assert repr(monitor()) == (
        "<DriftMonitor: residuals of 840 deals scatter by 7.8 %; a shift of 5 % is detected after about 50 deals>"
    )
    assert repr(DriftMonitor()) == "<DriftMonitor, not fitted>"


def same(one: Drift, other: Drift) -> None:
    pd.testing.assert_frame_equal(one.alarms, other.alarms, rtol=1e-3)
    pd.testing.assert_frame_equal(one.standing.sort_index(), other.standing.sort_index(), rtol=1e-3, atol=1e-3)


def test_order_unit_and_repeated_ids_decide_nothing() -> None:
    rows = pd.concat([deals(20, 2), deals(40, 3, begin="2026-01-21", too_high=0.05)])
    mixed = rows.sample(frac=1, random_state=1)
    same(monitor().watch(mixed), shifted())
    same(DriftMonitor().fit(deals(120, 1).sample(frac=1, random_state=2)).watch(rows), shifted())
    cents = rows.assign(price_minor=rows["price_minor"] * 100, expected_minor=rows["expected_minor"] * 100)
    same(monitor().watch(cents), shifted())
    same(monitor().watch(pd.concat([rows, rows.head(50)])), shifted())
    same(monitor().watch(rows.rename(columns={"id": "deal"}), id_col="deal"), shifted())


def test_deals_are_valued_by_a_programme() -> None:
    at = datetime(2018, 4, 20, 12, tzinfo=UTC)
    rows = simulate_deals(graded(), 600, seed=3, at=at, models=30)
    when = [at - timedelta(days=day % 20) for day in range(len(rows))]
    rows = rows.assign(at=pd.Series(when, index=rows.index))
    found = DriftMonitor(graded())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found.fit(rows)
        # The market falls by a tenth, and the programme's table stays.
        report = found.watch(rows.assign(price_minor=rows["price_minor"] * 9 // 10))
    top = report.alarms.iloc[0]
    assert top[["by", "side"]].to_list() == ["all", "too high"]
    assert top["bias_pct"] == pytest.approx(11, abs=6)
    assert set(report.chart["by"]) == {"all", "brand", "grade"}


def test_what_was_observed_is_held_against_the_price_table() -> None:
    rows = simulate_observations(graded(), 600, seed=1, models=12, begin=date(2018, 4, 1), end=date(2018, 6, 1))
    seen = Observations.read(rows.assign(kind="deal"), graded().catalogue, as_of=date(2018, 6, 30))
    found = DriftMonitor(graded()).fit(seen)
    assert found.spread_ == pytest.approx(0.06, abs=0.03)
    assert found.watch(seen).alarms.empty
    asked = Observations.read(rows.assign(kind="listing"), graded().catalogue, as_of=date(2018, 6, 30))
    with pytest.raises(InvalidValue, match="has none that can be used"):
        found.watch(asked)
    with pytest.raises(InvalidValue, match="give the programme"):
        DriftMonitor().fit(seen)


def test_a_reference_that_is_wrong_already_is_warned_of() -> None:
    with pytest.warns(TuningWarning, match="too low by 9"):
        DriftMonitor().fit(deals(60, 1, too_high=-0.09))


REFUSED: dict[str, tuple[str, Callable[[], object]]] = {
    "few deals": ("give 30 deals or more", lambda: DriftMonitor().fit(deals(4, 1))),
    "no column": ("has no column grade", lambda: DriftMonitor().fit(deals(9, 1).drop(columns="grade"))),
    "a price of nothing": ("price_minor", lambda: monitor().watch(deals(9, 1).assign(price_minor=0))),
    "no day": ("give a day in each", lambda: monitor().watch(deals(9, 1).assign(on=None))),
    "a shift of everything": ("between 0 and 1", lambda: DriftMonitor(shift=1.0).fit(deals(9, 1))),
    "no frame": ("DriftMonitor", lambda: monitor().watch("deals.csv")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused(case: str) -> None:
    said, ask = REFUSED[case]
    with pytest.raises(InvalidValue, match=said):
        ask()


def test_before_fit_nothing_is_watched() -> None:
    with pytest.raises(NotFitted):
        DriftMonitor().watch(deals(9, 1))


def test_equal_prices_have_a_scatter_that_is_not_zero() -> None:
    rows = deals(60, 1)
    rows["expected_minor"] = rows["price_minor"]
    quiet = DriftMonitor().fit(rows)
    assert quiet.watch(rows).alarms.empty
    assert not quiet.watch(rows.assign(expected_minor=rows["price_minor"] * 105 // 100)).alarms.empty
