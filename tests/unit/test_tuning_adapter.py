"""The scikit-learn adapter passes scikit-learn's own checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from miexchange import InvalidValue
from miexchange.tuning import simulate_market
from miexchange.tuning.adapter import AdditiveRegressor

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore::UserWarning")
@parametrize_with_checks([AdditiveRegressor()])  # type: ignore[untyped-decorator] # scikit-learn has no types
def test_scikit_learn_accepts_it(estimator: AdditiveRegressor, check: Callable[[AdditiveRegressor], None]) -> None:
    check(estimator)


def test_categories_are_shrunken_offsets_and_numbers_smooth() -> None:
    market = simulate_market(400, seed=1)
    codes = market["brand"].astype("category").cat.codes
    matrix = np.column_stack([market["new_price"], market["age_months"], codes])
    model = AdditiveRegressor(categories=[2], robust=4.0).fit(matrix, market["price"])
    error = np.abs(model.predict(matrix) / market["price"] - 1)
    assert float(error.mean()) < 0.08
    assert np.isfinite(model.predict(np.column_stack([matrix[:, :2], np.full(400, 99.0)]))).all()


def test_a_price_is_above_zero() -> None:
    with pytest.raises(InvalidValue, match=r"y is 0.0: give prices above zero"):
        AdditiveRegressor().fit([[1.0], [2.0]], [1.0, 0.0])
