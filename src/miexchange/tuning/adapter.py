"""The formulas as scikit-learn regressors, for pipelines, searches and comparisons.

`CurveRegressor` is the depreciation curve, `AdditiveRegressor` the sum of smooth terms alone, of any columns.

>>> from miexchange.tuning.adapter import AdditiveRegressor, CurveRegressor
>>> from sklearn.model_selection import GridSearchCV, cross_val_score
>>> from miexchange.tuning import simulate_market
>>> market = simulate_market(200, seed=1)
>>> score = cross_val_score(AdditiveRegressor(), market[["new_price", "age_months", "brand"]], market["price"], cv=3)
>>> bool(score.mean() > 0.8)
True
>>> search = GridSearchCV(CurveRegressor(), {"knots": [(12.0,), (6.0, 12.0, 24.0)]}, cv=3)
>>> search.fit(market.drop(columns="price"), market["price"]).best_params_
{'knots': (6.0, 12.0, 24.0)}
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from miexchange._privacy import mask_each
from miexchange.errors import InvalidValue, one_line, out_of_range
from miexchange.tuning._additive import Additive, Offsets, Rising, Spline
from miexchange.tuning._checks import as_frame, frame_of, words
from miexchange.tuning.curve import DepreciationCurve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from miexchange.tuning._additive import Floats, Term

__all__ = ["AdditiveRegressor", "CurveRegressor"]


class _RefusedError(InvalidValue, TypeError):
    """The TypeError that scikit-learn expects of a regressor if a cell is not a number."""


@contextmanager
def _refusing(**given: object) -> Iterator[None]:
    """Turn any error of scikit-learn about the given data into an error of this package, with its message."""
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
    """A product of factors for prices: a smooth one for each number, a shrunk one for each category.

    Text columns of a DataFrame are categories; an unknown text has no offset.

    Args:
        categories: the positions of the columns that are categories, as numbers; all others are smooth.
        log: the positions of the columns whose logarithm is used if they are positive throughout.
        increasing: the positions of the columns in which a greater number never lowers the price.
        knots: the number of knots of each smooth factor.
        robust: as in `DepreciationCurve`.

    Attributes:
        model_: the fitted sum, on the logarithm of the price.
        levels_: the known texts, by the position of each text column.
        n_features_in_: the number of columns.
    """

    def __init__(
        self,
        *,
        categories: Sequence[int] = (),
        log: Sequence[int] = (0,),
        increasing: Sequence[int] = (),
        knots: int = 8,
        robust: float | None = None,
    ) -> None:
        """Store the parameters."""
        self.categories = categories
        self.log = log
        self.increasing = increasing
        self.knots = knots
        self.robust = robust

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: ANN401, N803 - scikit-learn's signature
        """Fit on prices above zero.

        Raises:
            InvalidValue: a price is not above zero, or scikit-learn refuses the data.
        """
        self.levels_ = _levels(X)
        with _refusing(X=X, y=y):
            matrix, prices = validate_data(self, self._coded(X), y, y_numeric=True, dtype=np.float64)
        if not (prices > 0).all():
            raise out_of_range("y", float(prices.min()), "give prices above zero")
        with _refusing(sample_weight=sample_weight):
            weights = _check_sample_weight(sample_weight, matrix, dtype=np.float64, ensure_non_negative=True)
        kept = weights > 0
        smooth = [column for column in self.log if column < matrix.shape[1] and column not in self.levels_]
        self.logged_ = [column for column in smooth if (matrix[:, column] > 0).all()]
        self.model_ = Additive([self._term(column) for column in range(matrix.shape[1])], self.robust).fit(
            self._values(matrix[kept]), np.log(prices[kept].astype(np.float64)), weights[kept]
        )
        return self

    def _term(self, column: int) -> Term:
        name = f"column {column}"
        if column in self.categories or column in self.levels_:
            return Offsets(name)
        return Rising(name) if column in self.increasing else Spline(name, self.knots)

    def _coded(self, X: Any) -> Any:  # noqa: ANN401, N803 - scikit-learn's name
        """Return the columns with a code for each known text, and -1 for any other."""
        if not self.levels_:
            return X
        frame = frame_of(X, "X").copy()
        for column, levels in self.levels_.items():
            codes = {text: float(code) for code, text in enumerate(levels)}
            frame.isetitem(column, [codes.get(text, -1.0) for text in _texts(frame, column)])
        return frame

    def _values(self, matrix: Floats) -> list[Floats]:
        columns = [matrix[:, column] for column in range(matrix.shape[1])]
        for column in self.logged_:
            columns[column] = np.log(np.maximum(columns[column], np.finfo(np.float64).tiny))
        return columns

    def predict(self, X: Any) -> Floats:  # noqa: ANN401, N803 - scikit-learn's signature
        """Return the price of each row.

        Raises:
            InvalidValue: scikit-learn refuses the data.
        """
        check_is_fitted(self)
        with _refusing(X=X):
            matrix = validate_data(self, self._coded(X), reset=False, dtype=np.float64)
        price: Floats = np.exp(self.model_.predict(self._values(matrix)))
        return price

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn has no types
        """Return the tags: prices are positive."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        tags.regressor_tags.poor_score = False
        return tags


def _levels(X: Any) -> dict[int, list[str]]:  # noqa: N803, ANN401 - scikit-learn's name
    """Return the distinct texts of each text column of a frame, sorted."""
    if not issubclass(type(X), pd.DataFrame):
        return {}
    numeric = (pd.api.types.is_numeric_dtype(kind) for kind in X.dtypes)
    return {place: sorted({*_texts(X, place)}) for place, known in enumerate(numeric) if not known}


def _texts(frame: pd.DataFrame, place: int) -> list[str]:
    return words(frame.iloc[:, [place]].set_axis(["X"], axis=1), "X").tolist()  # type: ignore[no-any-return]


class CurveRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """The `DepreciationCurve` as a regressor: `X` is a table with its columns, `y` the price of each row.

    Args:
        age: as in `DepreciationCurve`, like the next four.
        knots: where stretches of age end.
        interval: how much of the market the band holds.
        robust: residuals beyond this number of standard deviations count less.
        age_col: the columns, as in `DepreciationCurve.fit`; None for none.
        new_price_col: of the new price.
        brand_col: of the brand.
        year_col: of the year of launch.
        numeric: further numbers.
        categorical: further categories, as texts.
        increasing: numbers of which a greater one never lowers the price.
        day_col: of the day of the price.
        line_col: of the line.
        variant_col: of the variant.
        launches: the days of launches of each line.

    Attributes:
        curve_: the fitted curve.
    """

    def __init__(
        self,
        *,
        age: Literal["piecewise", "two_rate"] = "piecewise",
        knots: Sequence[float] = (6.0, 12.0, 24.0),
        interval: float = 0.80,
        robust: float | None = 4.0,
        age_col: str = "age_months",
        new_price_col: str | None = "new_price",
        brand_col: str | None = "brand",
        year_col: str | None = "launch_year",
        numeric: Sequence[str] = (),
        categorical: Sequence[str] = (),
        increasing: Sequence[str] = (),
        day_col: str | None = None,
        line_col: str | None = None,
        variant_col: str | None = None,
        launches: Mapping[str, Sequence[date]] | None = None,
    ) -> None:
        """Store the parameters."""
        self.age = age
        self.knots = knots
        self.interval = interval
        self.robust = robust
        self.age_col = age_col
        self.new_price_col = new_price_col
        self.brand_col = brand_col
        self.year_col = year_col
        self.numeric = numeric
        self.categorical = categorical
        self.increasing = increasing
        self.day_col = day_col
        self.line_col = line_col
        self.variant_col = variant_col
        self.launches = launches

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: ANN401, N803 - scikit-learn's signature
        """Fit the curve.

        Raises:
            InvalidValue: as `DepreciationCurve.fit`; or `y` or `sample_weight` is not as long as `X`.
        """
        data = as_frame(X, (), "X").copy()
        for name, column, given in (("y", _PRICE, y), ("sample_weight", _WEIGHT, sample_weight)):
            if given is not None:
                with _refusing(**{name: given}):
                    cells = np.asarray(given)
                if cells.shape != (len(data),):
                    what = f"is refused: it is of shape {cells.shape}, beside {len(data)} rows"
                    raise out_of_range(name, None, "give one number for each row of X", what)
                data[column] = cells
        own = ("age", "knots", "interval", "robust")
        params = self.get_params(deep=False)
        columns = {name: value for name, value in params.items() if name not in own}
        curve = DepreciationCurve(**{name: params[name] for name in own})
        weights = None if sample_weight is None else _WEIGHT
        self.curve_ = curve.fit(data, price_col=_PRICE, weights_col=weights, **columns)
        return self

    def predict(self, X: Any) -> Floats:  # noqa: ANN401, N803 - scikit-learn's signature
        """Return the price of each row.

        Raises:
            InvalidValue: a column is missing, or rows have no usable number.
        """
        check_is_fitted(self)
        return np.asarray(self.curve_.predict(X), dtype=np.float64)


_PRICE, _WEIGHT = "price of y", "weight of y"
