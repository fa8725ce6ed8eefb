"""The scikit-learn adapter passes scikit-learn's own checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from miexchange import InvalidValue
from miexchange.tuning import DepreciationCurve, simulate_market
from miexchange.tuning.adapter import AdditiveRegressor, CurveRegressor

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


def test_columns_of_texts_are_categories() -> None:
    market = simulate_market(300, seed=1)
    columns = market[["new_price", "age_months", "brand"]]
    model = AdditiveRegressor().fit(columns, market["price"])
    assert set(model.levels_) == {2}
    codes = market["brand"].astype("category").cat.codes
    same = AdditiveRegressor(categories=[2]).fit(columns.assign(brand=codes).to_numpy(), market["price"])
    assert model.predict(columns) == pytest.approx(same.predict(columns.assign(brand=codes).to_numpy()))
    assert np.isfinite(model.predict(columns.assign(brand="of nobody"))).all()


def test_a_column_of_which_more_is_better_never_lowers_the_price() -> None:
    market = simulate_market(300, seed=1)
    score = np.tile(np.arange(3.0), 100)
    matrix = np.column_stack([market["new_price"], market["age_months"], score])
    model = AdditiveRegressor(increasing=[2]).fit(matrix, market["price"] * (1.2 - 0.1 * score))
    found = model.predict([[20_000.0, 12.0, one] for one in range(3)])
    assert (np.diff(found) >= -1e-9 * found[0]).all()


def test_the_curve_is_a_regressor_that_a_search_tunes() -> None:
    market = simulate_market(300, seed=1)
    table = market.drop(columns="price")
    search = GridSearchCV(CurveRegressor(), {"knots": [(40.0,), (6.0, 12.0, 24.0)]}, cv=3).fit(table, market["price"])
    assert search.best_params_ == {"knots": (6.0, 12.0, 24.0)}
    curve = DepreciationCurve().fit(market)
    assert search.predict(table) == pytest.approx(curve.predict(market).to_numpy())
    assert clone(CurveRegressor(robust=None)).robust is None
    weighed = CurveRegressor(brand_col=None).fit(table, market["price"], sample_weight=np.ones(300))
    assert weighed.predict(table).shape == (300,)


def test_a_regressor_refuses_what_does_not_fit() -> None:
    market = simulate_market(30, seed=1)
    table = market.drop(columns="price")
    with pytest.raises(InvalidValue, match=r"y is refused: .*30 rows"):
        CurveRegressor().fit(table, [1.0, 2.0])
    with pytest.raises(InvalidValue, match="has no column brand"):
        CurveRegressor().fit(table.drop(columns="brand"), market["price"])
    with pytest.raises(InvalidValue, match="X is"):
        CurveRegressor().fit(pd.Series([1.0]), [1.0])
