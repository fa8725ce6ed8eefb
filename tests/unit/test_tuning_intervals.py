"""Intervals hold what they state, of rows that are alone and of rows in clusters; kappas are those of the textbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from miexchange.tuning._intervals import Estimate, cohen, fleiss, mean_of, share_of

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWS = 1_000
WORLDS = {"rows": (400, 0), "clusters": (600, 40)}


def held(estimate: Callable[[np.random.Generator, int, int], Estimate], truth: float, world: str) -> float:
    """Return the share of draws whose interval holds the truth."""
    make = np.random.default_rng(1)
    found = [estimate(make, *WORLDS[world]) for _ in range(DRAWS)]
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def alike(make: np.random.Generator, rows: int, clusters: int) -> tuple[np.ndarray | None, np.ndarray]:
    """Return clusters, and for each row how likely it is to differ: 10 % on average."""
    if not clusters:
        return None, np.full(rows, 0.1)
    codes = make.integers(0, clusters, rows)
    return codes, make.beta(1.5, 13.5, clusters)[codes]


def some_share(make: np.random.Generator, rows: int, clusters: int) -> Estimate:
    codes, likely = alike(make, rows, clusters)
    return share_of(make.random(rows) >= likely, codes)


def some_cost(make: np.random.Generator, rows: int, clusters: int) -> Estimate:
    """Draw costs that few rows have and that differ widely."""
    codes, likely = alike(make, rows, clusters)
    cost = np.exp(make.normal(0, 0.8, rows) - 0.32)
    return mean_of(np.where(make.random(rows) < likely, -cost, 0.0), codes)


def some_error(make: np.random.Generator, rows: int, clusters: int) -> Estimate:
    """Draw amounts of either sign, which a few large ones decide."""
    codes, likely = alike(make, rows, clusters)
    amount = np.exp(make.normal(0, 1.0, rows)) * make.choice([-1.0, 1.0], rows)
    return mean_of(np.where(make.random(rows) < likely, amount, 0.0), codes)


def some_raters(make: np.random.Generator, rows: int, clusters: int) -> Estimate:
    """Draw answers of two raters who agree on half of the phones and guess otherwise: kappa is a half."""
    codes = make.integers(0, clusters, rows) if clusters else None
    one, guess = make.integers(0, 3, (2, rows))
    return cohen(one, np.where(make.random(rows) < 0.5, one, guess), codes)


def some_inspectors(make: np.random.Generator, rows: int, clusters: int) -> Estimate:
    """Draw answers of three inspectors, each of whom sees the truth with 80 %: two agree beyond chance with 64 %."""
    codes = make.integers(0, clusters, rows) if clusters else None
    truth, guess = make.integers(0, 3, rows), make.integers(0, 3, (3, rows))
    seen = np.where(make.random((3, rows)) < 0.8, truth, guess)
    return fleiss((seen[:, :, None] == np.arange(3)).sum(axis=0).astype(float), codes)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(
    ("estimate", "truth"),
    [(some_share, 0.9), (some_cost, -0.1), (some_error, 0.0), (some_raters, 0.5), (some_inspectors, 0.64)],
)
def test_an_interval_of_95_percent_holds_93_to_97(
    estimate: Callable[[np.random.Generator, int, int], Estimate], truth: float, world: str
) -> None:
    assert 0.93 <= held(estimate, truth, world) <= 0.97


def test_clusters_that_differ_widen_an_interval_and_those_that_do_not_leave_it() -> None:
    hits = np.repeat([True, False, True, True], 25)
    alone, together = share_of(hits), share_of(hits, np.repeat(np.arange(4), 25))
    assert together.low < alone.low < alone.value < alone.high < together.high
    mixed = share_of(np.tile([True, False, True, True], 250), np.repeat(np.arange(100), 10))
    assert mixed.high - mixed.low == pytest.approx(2 * 1.96 * np.sqrt(0.75 * 0.25 / 1000), rel=0.05)


def test_one_cluster_says_nothing_of_others() -> None:
    values = np.array([0.0, 1.0, 5.0, 2.0])
    assert mean_of(values, np.zeros(4, dtype=np.intp)) == mean_of(values)


def test_what_rows_cannot_tell_is_missing() -> None:
    nothing = np.array([], dtype=np.intp)
    for found in (share_of(nothing.astype(bool)), mean_of(nothing.astype(float)), cohen(nothing, nothing)):
        assert np.isnan(found).all()
    assert np.isnan(fleiss(np.zeros((0, 2)))).all()
    assert np.isnan(mean_of(np.array([3.0])).low)
    assert np.isnan(cohen(np.zeros(5, dtype=np.intp), np.zeros(5, dtype=np.intp))).all()


def test_all_or_none_is_no_certainty() -> None:
    assert share_of(np.ones(10, dtype=bool)) == pytest.approx((1.0, 0.7225, 1.0), abs=1e-4)
    codes = np.array([0, 1] * 5)
    assert share_of(np.ones(10, dtype=bool), np.arange(10)).low < 0.7225
    assert cohen(codes, codes) == pytest.approx((1.0, 1 - 2 * (1 - 0.025**0.1), 1.0))
    assert mean_of(np.zeros(10)) == (0.0, 0.0, 0.0)


def test_kappa_of_two_is_that_of_scikit_learn() -> None:
    make = np.random.default_rng(2)
    one, other = make.integers(0, 4, (2, 200))
    assert cohen(one, other).value == pytest.approx(cohen_kappa_score(one, other))


def test_kappa_of_several_is_that_of_the_paper() -> None:
    """Example: Fleiss, Measuring nominal scale agreement among many raters (1971), as it is told everywhere: 0.210."""
    counts = """0 0 0 0 14; 0 2 6 4 2; 0 0 3 5 6; 0 3 9 2 0; 2 2 8 1 1; 7 7 0 0 0; 3 2 6 3 0; 2 5 3 2 2; 6 5 2 1 0;
    0 2 2 3 7"""
    rows = [[float(cell) for cell in row.split()] for row in counts.split(";")]
    found = fleiss(np.array(rows))
    assert found.value == pytest.approx(0.2099, abs=1e-4)
    assert -1 <= found.low < found.value < found.high < 1
