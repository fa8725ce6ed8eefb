"""The additive formula as a scikit-learn regressor, for pipelines, searches and comparisons.

>>> from miexchange.tuning.adapter import AdditiveRegressor
>>> from sklearn.model_selection import cross_val_score
>>> from miexchange.tuning import simulate_market
>>> market = simulate_market(200, seed=1)
>>> score = cross_val_score(AdditiveRegressor(), market[["new_price", "age_months"]], market["price"], cv=3)
>>> bool(score.mean() > 0.8)
True
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from miexchange._privacy import mask_each
from miexchange.errors import InvalidValue, one_line, out_of_range
from miexchange.tuning._additive import Additive, Offsets, Spline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miexchange.tuning._additive import Floats

__all__ = ["AdditiveRegressor"]


class _RefusedError(InvalidValue, TypeError):
    """What scikit-learn refuses: it expects a TypeError of every regressor where a cell is no number."""


@contextmanager
def _refusing(**given: object) -> Iterator[None]:
    """Turn whatever comes of asking scikit-learn about foreign data into an error of this package, with its words."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - foreign data may do anything
        said = type(error).__name__
        if isinstance(error, TypeError | ValueError):
            said = one_line(mask_each(_LONG_NUMBER, f"{error}"))
        rule = "give what scikit-learn takes: numbers in rows of one length"
        name, value = " or ".join(given), next(iter(given.values()))
        raise _RefusedError(name, value, rule, "type", f"is refused by scikit-learn ({said})") from None


_LONG_NUMBER = re.compile(r"\d(?:[\s.\-:/]*\d){11,}")


class AdditiveRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A product of factors for prices: a smooth one for each number, a shrunken one for each category.

    Args:
        categories: the positions of the columns that are categories, as numbers; all others are smooth.
        log: the positions of the columns that are taken by their logarithm where they are positive throughout.
        knots: of each smooth factor.
        robust: as in `DepreciationCurve`.

    Attributes:
        model_: the fitted sum, on the logarithm of the price.
        n_features_in_: how many columns there are.
    """

    def __init__(
        self,
        *,
        categories: Sequence[int] = (),
        log: Sequence[int] = (0,),
        knots: int = 8,
        robust: float | None = None,
    ) -> None:
        """Store the parameters."""
        self.categories = categories
        self.log = log
        self.knots = knots
        self.robust = robust

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: ANN401, N803 - scikit-learn's signature
        """Fit on prices above zero.

        Raises:
            InvalidValue: a price is not above zero, or scikit-learn refuses what is given.
        """
        with _refusing(X=X, y=y):
            matrix, prices = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
        if not (prices > 0).all():
            raise out_of_range("y", float(prices.min()), "give prices above zero")
        with _refusing(sample_weight=sample_weight):
            weights = _check_sample_weight(sample_weight, matrix, dtype=np.float64, ensure_non_negative=True)
        kept = weights > 0
        self.logged_ = [column for column in self.log if column < matrix.shape[1] and (matrix[:, column] > 0).all()]
        terms = [
            Offsets(f"column {column}") if column in self.categories else Spline(f"column {column}", self.knots)
            for column in range(matrix.shape[1])
        ]
        self.model_ = Additive(terms, self.robust).fit(
            self._values(matrix[kept]), np.log(prices[kept].astype(np.float64)), weights[kept]
        )
        return self

    def _values(self, matrix: Floats) -> list[Floats]:
        columns = [matrix[:, column] for column in range(matrix.shape[1])]
        for column in self.logged_:
            columns[column] = np.log(np.maximum(columns[column], np.finfo(np.float64).tiny))
        return columns

    def predict(self, X: Any) -> Floats:  # noqa: ANN401, N803 - scikit-learn's signature
        """Return the price of each row.

        Raises:
            InvalidValue: scikit-learn refuses what is given.
        """
        check_is_fitted(self)
        with _refusing(X=X):
            matrix = validate_data(self, X, reset=False, dtype=np.float64)
        price: Floats = np.exp(self.model_.predict(self._values(matrix)))
        return price

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn has no types
        """Say that prices are positive."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        tags.regressor_tags.poor_score = False
        return tags
