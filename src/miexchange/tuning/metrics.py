"""The errors of predicted values against what was paid, in minor units, in the order of the reference.

n, bias in minor units and %, share over- and under-paid, MAE in minor units, MdAPE, MAPE on the
price, share within 3, 10 and 20 %, R² of the logarithm, and how many prices the 80 % band holds. Errors in percent are
of the price itself, never of its logarithm.

>>> import pandas as pd
>>> score(pd.Series([100_000, 200_000]), pd.Series([110_000, 190_000])).round(3).to_dict()["mape"]
7.5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from miexchange.errors import out_of_range
from miexchange.tuning._arguments import COLUMN, instance, maybe, takes
from miexchange.tuning._cells import cells_of, number_of, told
from miexchange.tuning._checks import as_frame, words

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["METRICS", "score", "score_by"]

METRICS = (
    "n",
    "bias_minor",
    "bias_pct",
    "overpaid_pct",
    "underpaid_pct",
    "mae_minor",
    "mdape",
    "mape",
    "within_3",
    "within_10",
    "within_20",
    "r2_log",
    "coverage_80",
)
"""The metrics, in their order; those in percent run from 0 to 100."""

_SCORED = ("actual_minor", "predicted_minor", "low_minor", "high_minor")
_NEXT_TO_NOTHING = 1e-12


_COLUMN = instance(pd.Series, "give a pandas Series")


@takes(actual=_COLUMN, predicted=_COLUMN, low=maybe(_COLUMN), high=maybe(_COLUMN))
def score(
    actual: pd.Series[int],
    predicted: pd.Series[int],
    low: pd.Series[float] | None = None,
    high: pd.Series[float] | None = None,
) -> pd.Series[float]:
    """Return every metric of a set of values.

    Args:
        actual: the amounts paid, in minor units, above zero.
        predicted: the predicted amounts, in minor units, aligned.
        low: the lower end of each row's 80 % band; None or NaN without a band.
        high: its upper end.

    Raises:
        InvalidValue: no rows, a different index, or a value that is not a number above zero.
    """
    aligned: list[pd.Series[Any]] = [actual, predicted]
    aligned += [one for one in (low, high) if one is not None]
    if len(actual) == 0 or not all(actual.index.equals(one.index) for one in aligned):
        rows = " and ".join(str(len(one)) for one in aligned)
        raise out_of_range("score", None, "give aligned rows, at least one", f"has {rows} rows")
    paid, value = _floats(actual), _floats(predicted)
    if not (np.isfinite(paid) & (paid > 0) & np.isfinite(value)).all():
        what = "has a value that is missing or not above zero"
        raise out_of_range("score", None, "leave refused rows out first", what)
    wrong = value - paid
    relative = np.abs(wrong) / paid
    found = {
        "n": float(len(paid)),
        "bias_minor": wrong.mean(),
        "bias_pct": 100 * wrong.sum() / paid.sum(),
        "overpaid_pct": 100 * (wrong > 0).mean(),
        "underpaid_pct": 100 * (wrong < 0).mean(),
        "mae_minor": np.abs(wrong).mean(),
        "mdape": 100 * np.median(relative),
        "mape": 100 * relative.mean(),
        **{f"within_{limit}": 100 * (relative <= limit / 100).mean() for limit in (3, 10, 20)},
        "r2_log": _r2_log(paid, value),
        "coverage_80": np.nan,
    }
    if low is not None and high is not None:
        below, above = _floats(low), _floats(high)
        banded = np.isfinite(below) & np.isfinite(above)
        if banded.any():
            found["coverage_80"] = 100 * ((paid >= below) & (paid <= above))[banded].mean()
    return pd.Series({name: float(found[name]) for name in METRICS}, name="score")


def _r2_log(paid: npt.NDArray[np.float64], value: npt.NDArray[np.float64]) -> float:
    logs = np.log(paid)
    scatter = float(((logs - logs.mean()) ** 2).sum())
    if scatter < _NEXT_TO_NOTHING or (value <= 0).any():
        return float("nan")  # a single price has no variance to explain, and 0 no logarithm
    return 1 - float(((np.log(value) - logs) ** 2).sum()) / scatter


def _floats(values: pd.Series[int] | pd.Series[float]) -> npt.NDArray[np.float64]:
    cells = cells_of(values)
    found = [told(number_of, cell) for cell in cells.distinct]
    numbers = [one if isinstance(one, float) else np.nan for one in found]
    return np.array(numbers, dtype=np.float64)[cells.codes]


@takes(by=COLUMN)
def score_by(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the metrics of each group of `actual_minor`, `predicted_minor`, `low_minor`, `high_minor`.

    Raises:
        InvalidValue: a column is missing, or rows have no usable number.
    """
    rows = as_frame(rows, (*_SCORED, by), "score_by")
    label = by if isinstance(rows[by].dtype, pd.CategoricalDtype) else pd.Series(words(rows, by), rows.index)
    groups = {
        name: score(*(group[column] for column in _SCORED))
        for name, group in rows.groupby(label, observed=True, sort=True)
    }
    return pd.DataFrame(groups).T.rename_axis(by)
