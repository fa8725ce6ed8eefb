"""Metrics against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.tuning import METRICS, score, score_by

PAID = pd.Series([100_00, 200_00, 400_00, 1_000_00])
SAID = pd.Series([102_00, 190_00, 400_00, 1_300_00])


def test_each_metric_by_hand() -> None:
    found = score(PAID, SAID, pd.Series([90_00.0] * 4), pd.Series([500_00.0] * 4))
    assert found.index.to_list() == list(METRICS)
    assert found["n"] == 4
    assert found["bias_minor"] == pytest.approx(100 * (2 - 10 + 0 + 300) / 4)
    assert found["bias_pct"] == pytest.approx(100 * 292 / 1700)
    assert found["overpaid_pct"] == 50
    assert found["underpaid_pct"] == 25
    assert found["mae_minor"] == pytest.approx(100 * 312 / 4)
    assert found["mdape"] == pytest.approx(3.5)
    assert found["mape"] == pytest.approx((2 + 5 + 0 + 30) / 4)
    assert (found["within_3"], found["within_10"], found["within_20"]) == (50, 75, 75)
    assert found["coverage_80"] == 75
    logs, at = np.log(PAID), np.log(SAID)
    assert found["r2_log"] == pytest.approx(1 - ((logs - at) ** 2).sum() / ((logs - logs.mean()) ** 2).sum())


def test_a_perfect_value_is_perfect() -> None:
    found = score(PAID, PAID)
    assert found["r2_log"] == 1
    assert found[["mape", "mae_minor", "bias_minor"]].tolist() == [0, 0, 0]
    assert np.isnan(found["coverage_80"])


def test_r2_needs_a_scatter_and_values_above_zero() -> None:
    assert np.isnan(score(PAID.head(1), SAID.head(1))["r2_log"])
    assert np.isnan(score(PAID, SAID.where(SAID > 150_00, 0))["r2_log"])


def test_rows_without_a_band_do_not_count_in_its_coverage() -> None:
    low, high = pd.Series([90_00.0, np.nan, np.nan, np.nan]), pd.Series([110_00.0, np.nan, np.nan, np.nan])
    assert score(PAID, SAID, low, high)["coverage_80"] == 100
    assert np.isnan(score(PAID, SAID, low * np.nan, high)["coverage_80"])


def test_groups_are_scored_apart() -> None:
    rows = pd.DataFrame({"actual_minor": PAID, "predicted_minor": SAID, "low_minor": np.nan, "high_minor": np.nan})
    found = score_by(rows.assign(brand=["a", "b", "a", "b"]), "brand")
    assert found["mape"].to_dict() == pytest.approx({"a": 1.0, "b": 17.5})


@pytest.mark.parametrize(
    ("paid", "said"),
    [
        (PAID.head(0), SAID.head(0)),
        (PAID, SAID.head(3)),
        (PAID * 0, SAID),
        (PAID, SAID.astype(float) * np.nan),
    ],
)
def test_what_cannot_be_scored_is_refused(paid: pd.Series[int], said: pd.Series[int]) -> None:
    with pytest.raises(InvalidValue, match="score"):
        score(paid, said)
