"""The scatter of a variant's prices around the curve, by the months that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from miexchange.errors import out_of_range
from miexchange.tuning._launches import MONTH_DAYS

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Wandering", "wandering"]

_LEAST = 1e-12


class Wandering(NamedTuple):
    """The distribution of log(later price / forecast): variance `at_once`, plus `monthly` for each month.

    Attributes:
        at_once: the variance between two prices of one variant on nearby days.
        monthly: the variance that every month adds.
        low: the quantile below, in standard deviations.
        high: the quantile above.
    """

    at_once: float
    monthly: float
    low: float
    high: float

    def band(self, months: Floats) -> tuple[Floats, Floats]:
        """Return the logarithms of the factors below and above a forecast over some months."""
        spread = np.sqrt(self.at_once + self.monthly * months)
        return self.low * spread, self.high * spread


def wandering(
    residuals: Floats, days: npt.NDArray[np.datetime64], variants: npt.NDArray[np.object_], tail: float
) -> Wandering:
    """Fit it on pairs of one variant; all variants move together between two days, so each pair of days counts once.

    Args:
        residuals: the logarithm of price over curve.
        days: the day of each.
        variants: the variant of each.
        tail: the share below the band, and the share above it.

    Raises:
        InvalidValue: no variant has prices on two days.
    """
    codes = np.unique(variants.astype(str), return_inverse=True)[1]
    day = days.astype(np.int64)
    # Ties of one day are ordered by the residual, so that the result does not depend on the order of the table.
    order = np.lexsort((residuals, day, codes))
    codes, day, left = codes[order], day[order], residuals[order]
    parts, lag = [], 1
    while lag < len(codes):  # each row with those 1, 2, 4, … rows later: all pairs would not fit in memory
        pair = (codes[lag:] == codes[:-lag]) & (day[lag:] > day[:-lag])
        parts.append(np.column_stack([day[:-lag][pair], day[lag:][pair], (left[lag:] - left[:-lag])[pair]]))
        lag *= 2
    pairs = pd.DataFrame(np.concatenate([np.zeros((0, 3)), *parts]), columns=["from", "to", "moved"])
    if pairs.empty:
        raise out_of_range("variant_col", None, "give prices of at least one variant on two days", "has none")
    weight = 1.0 / pairs.groupby(["from", "to"])["moved"].transform("size").to_numpy(dtype=np.float64)
    months = (pairs["to"] - pairs["from"]).to_numpy() / MONTH_DAYS
    moved = pairs["moved"].to_numpy()
    root = np.sqrt(weight)
    at_once, monthly = nnls(np.column_stack([root, root * months]), root * moved**2)[0].tolist()
    spread = np.sqrt(np.maximum(at_once + monthly * months, _LEAST))
    low, high = np.quantile(moved / spread, [tail, 1 - tail], weights=weight, method="inverted_cdf").tolist()
    return Wandering(at_once, monthly, min(low, 0.0), max(high, 0.0))
