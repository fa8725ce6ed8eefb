"""The accuracy that is promised, on public data that are no part of the project: skipped where they are absent.

`benchmarks/tuning` measures the same beside its peers; here its own functions are called, so that a change that makes a
fit worse is seen.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PRICES = ROOT.parent / "shared" / "data" / "prices"
RECELL, QUOTES = PRICES / "recell_used_devices.csv", PRICES / "condition_quotes.csv"
MARKET = PRICES.parent / "market"
LISTS, MONTHS = MARKET / "apple_us_max_trade_in_2022-11_2026-03.csv", MARKET / "howmuch_iphone_used_monthly_usd.csv"
NEEDS = "the public data are not at ../shared/data/prices of the project"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "tuning"))
    return importlib.import_module(request.param)


@pytest.mark.skipif(not RECELL.is_file(), reason=NEEDS)
@pytest.mark.parametrize("benchmark", ["recell"], indirect=True)
def test_the_transparent_formula_on_recell(benchmark: ModuleType) -> None:
    rows = benchmark.rows_of(str(RECELL))
    score = benchmark.scored(rows, benchmark.out_of_fold(rows, benchmark.formula))
    assert score["mape"] <= 22.0
    assert score["r2_log"] >= 0.79
    assert 78 <= score["held"] <= 82


@pytest.mark.skipif(not RECELL.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.parametrize("benchmark", ["recell"], indirect=True)
def test_the_formula_with_specifications_on_recell(benchmark: ModuleType) -> None:
    rows = benchmark.rows_of(str(RECELL))
    score = benchmark.scored(rows, benchmark.out_of_fold(rows, benchmark.with_specifications))
    assert score["mape"] <= 19.0
    assert score["r2_log"] >= 0.84
    assert 78 <= score["held"] <= 82


@pytest.mark.skipif(not RECELL.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.parametrize("benchmark", ["recell"], indirect=True)
def test_fifty_rows_are_within_three_points_of_two_thousand(benchmark: ModuleType) -> None:
    rows = benchmark.rows_of(str(RECELL))

    def mape(size: int, draw: int) -> float:
        return float(benchmark.scored(rows, benchmark.out_of_fold(rows, benchmark.formula, size, draw))["mape"])

    few, many = (sum(mape(size, draw) for draw in range(4)) for size in (50, 2_000))
    assert (few - many) / 4 <= 3.0


@pytest.mark.skipif(not QUOTES.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.parametrize("benchmark", ["condition"], indirect=True)
def test_condition_quotes_leaving_one_device_out(benchmark: ModuleType) -> None:
    found = benchmark.leave_one_out(benchmark.quotes_of(str(QUOTES)))
    wrong = 100 * (found["value"] / found["price"] - 1).abs()
    one, none = wrong[found["anchor"] == "one"], wrong[found["anchor"] == "none"]
    assert len(one) == len(none) == 20
    assert one.median() <= 0.1
    assert (one <= 1.0).mean() >= 0.9
    assert none.mean() <= 10.5


@pytest.mark.skipif(not QUOTES.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.xfail(strict=True, reason="the goal is missed: 10.26 % (docs/tuning.md, how good it is)")
@pytest.mark.parametrize("benchmark", ["condition"], indirect=True)
def test_condition_quotes_without_an_anchor_are_within_ten_percent(benchmark: ModuleType) -> None:
    """No spread of a weight is chosen by looking at the answers; where some were, it was 9.58 %."""
    found = benchmark.leave_one_out(benchmark.quotes_of(str(QUOTES)))
    none = found[found["anchor"] == "none"]
    assert (100 * (none["value"] / none["price"] - 1).abs()).mean() <= 10.0


@pytest.mark.skipif(not LISTS.is_file(), reason=NEEDS)
@pytest.mark.parametrize("benchmark", ["season"], indirect=True)
def test_a_list_is_forecast_over_a_launch_and_between_two(benchmark: ModuleType) -> None:
    """One rate for all months misses the second window by 14.6 %, no change the first by 27.1 %."""
    rows = benchmark.listed(str(LISTS))
    over, between = (benchmark.carried(rows, *window) for window in benchmark.WINDOWS)
    assert (len(over), len(between)) == (13, 17)
    assert benchmark.mape(over, "before") == pytest.approx(27.1, abs=0.05)
    assert benchmark.mape(over) <= 4.0
    assert benchmark.mape(between) <= 4.0


@pytest.mark.skipif(not MONTHS.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.parametrize("benchmark", ["season"], indirect=True)
def test_later_months_of_phones_that_were_seen(benchmark: ModuleType) -> None:
    assert benchmark.mape(benchmark.later_months(benchmark.pd.read_csv(MONTHS), benchmark.CUT)) <= 7.4


@pytest.mark.skipif(not MONTHS.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.parametrize("benchmark", ["season"], indirect=True)
def test_families_that_were_not_seen(benchmark: ModuleType) -> None:
    found = benchmark.other_families(benchmark.pd.read_csv(MONTHS), 1)
    assert benchmark.mape(found) <= 16.0
    assert benchmark.mape(found) < benchmark.mape(found, "ridge")


@pytest.mark.skipif(not QUOTES.is_file(), reason=NEEDS)
@pytest.mark.sweep
@pytest.mark.parametrize("benchmark", ["condition"], indirect=True)
def test_a_clean_quote_alone_is_ahead_of_the_multipliers_where_a_finding_was_only_seen_with_another(
    benchmark: ModuleType,
) -> None:
    """In shuffle 2 no phone with a faulty image alone is left to learn from; six have another screen as well."""
    rows = benchmark.quotes_of(str(QUOTES))
    (ours, theirs) = benchmark.splits(rows, 3)[2]
    assert ours <= 12.0 < theirs
