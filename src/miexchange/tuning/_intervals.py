"""95 % intervals of shares, means and kappas, for independent or clustered rows.

The variance is that of the influence of each cluster (Liang and Zeger 1986), with Student's t on the clusters less one,
or on fewer degrees of freedom if a few clusters dominate it; a row without a cluster is a cluster of its own.
Few exchanges differ at the door, so no interval is symmetric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from miexchange.tuning._normal import NORMAL_95

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

__all__ = ["Estimate", "cohen", "fleiss", "mean_of", "share_of"]

_BELOW = 0.025


class Estimate(NamedTuple):
    """A number, and the bounds of its 95 % interval; NaN if the rows do not determine them."""

    value: float
    low: float
    high: float


_UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


class _Scatter:
    """The sampling distribution of an estimate: of the sum of its rows' influences, cluster by cluster.

    Attributes:
        error: the standard error; NaN for a single row.
        skewness: of the estimate, as far as it exceeds chance: a single large amount does not count.
        quantile: the number of standard errors to either side that cover 95 %.
    """

    def __init__(self, influence: npt.NDArray[np.floating[Any]], clusters: Codes | None) -> None:
        codes = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
        # One cluster carries no information about others, so its rows are treated as independent.
        sums = influence if codes is None or not codes.any() else np.bincount(codes, influence)
        free = float(max(len(sums) - 1, 1))
        square, cube, fourth, sixth = (float((sums**power).sum()) for power in (2, 3, 4, 6))
        self.error = float(np.sqrt(square * len(sums) / free)) if len(sums) > 1 else float("nan")
        self.skewness = 0.0
        if cube**2 > sixth > 0:  # with random signs the cubes would add up to the root of the sixth powers
            self.skewness = cube * len(sums) / free / self.error**3 * (1 - sixth / cube**2)
        if fourth > 0:  # the degrees of freedom for which normal influences would have that fourth moment
            free = min(free, max(3 * square**2 / fourth, 1))
        self.quantile = float(student.ppf(1 - _BELOW, free))


def share_of(hits: npt.NDArray[np.bool_], clusters: Codes | None = None) -> Estimate:
    """Return the share of hits with Wilson's interval (1927), on the effective number of rows.

    The design effect is never below 1, as Korn and Graubard (1998) have it.

    >>> [round(number, 4) for number in share_of(np.array([True] * 8 + [False] * 2))]
    [0.8, 0.4902, 0.9433]
    """
    if not len(hits):
        return _UNKNOWN
    share, rows, quantile = float(hits.mean()), float(len(hits)), NORMAL_95
    if clusters is not None:
        scatter = _Scatter((hits - share) / rows, clusters)
        quantile = scatter.quantile
        rows = min(rows, share * (1 - share) / scatter.error**2) if scatter.error > 0 else rows
    weight = quantile**2 / rows
    middle = (share + weight / 2) / (1 + weight)
    reach = quantile * np.sqrt(share * (1 - share) / rows + weight / (4 * rows)) / (1 + weight)
    return Estimate(share, max(float(middle - reach), 0.0), min(float(middle + reach), 1.0))


def mean_of(values: Floats, clusters: Codes | None = None) -> Estimate:
    """Return the mean with an interval that is as skewed as the values.

    If most values are 0, Student's interval misses on one side; Hall's transformation (1992) removes the
    skewness.

    >>> [round(number, 4) for number in mean_of(np.array([0.0] * 90 + [-10.0] * 10))]
    [-1.0, -1.7675, -0.4765]
    """
    if not len(values):
        return _UNKNOWN
    mean = float(values.mean())
    scatter = _Scatter((values - mean) / len(values), clusters)
    low, high = (mean - scatter.error * _unskewed(side * scatter.quantile, scatter.skewness) for side in (1, -1))
    return Estimate(mean, low, high)


def _unskewed(quantile: float, skewness: float) -> float:
    """Return the original quantile of a transformed one: x + sx²/3 + s²x³/27 + s/6, solved for x."""
    if abs(skewness) < 1e-9:  # noqa: PLR2004 - the line that the cubic becomes
        return quantile
    return float(3 / skewness * (np.cbrt(1 + skewness * (quantile - skewness / 6)) - 1))


def cohen(one: Codes, other: Codes, clusters: Codes | None = None) -> Estimate:
    """Return the agreement of two raters in roles of their own, such as customer and inspector (Cohen 1960).

    >>> cohen(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])).value
    0.5
    """
    kinds = int(max(one.max(initial=-1), other.max(initial=-1))) + 1
    of_one, of_other = (np.bincount(codes, minlength=kinds) / max(len(codes), 1) for codes in (one, other))
    chance = float(of_one @ of_other)
    influence = of_other[one] + of_one[other] - 2 * chance
    return _kappa((one != other).astype(np.float64), 1 - chance, -influence, clusters)


def fleiss(counts: Floats, clusters: Codes | None = None) -> Estimate:
    """Return the agreement of interchangeable raters (Fleiss 1971), two or more for each subject.

    Args:
        counts: the number of raters by answer: a row for each subject, a column for each answer.
        clusters: the cluster of each subject.

    >>> round(fleiss(np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])).value, 4)
    0.4667
    """
    raters = counts.sum(axis=1)
    shares = counts / raters[:, None]
    differ = 1 - (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))
    of_all = shares.mean(axis=0) if len(shares) else np.zeros(counts.shape[1])
    chance = float(of_all @ of_all)
    return _kappa(differ, 1 - chance, -2 * (shares @ of_all - chance), clusters)


def _kappa(differ: Floats, by_chance: float, influence: Floats, clusters: Codes | None) -> Estimate:
    """Return 1 - observed / expected disagreement; the interval is of the logarithm of that ratio, so never above 1.

    Args:
        differ: the disagreement of the ratings of each subject.
        by_chance: the expected disagreement.
        influence: of each subject on the expected disagreement.
        clusters: the cluster of each subject.
    """
    if not len(differ) or by_chance < 1e-12:  # noqa: PLR2004 - all gave one answer: there is nothing to agree on
        return _UNKNOWN
    seen = float(differ.mean())
    ratio = seen / by_chance
    if not seen:  # the bound of Clopper and Pearson (1934) if nothing disagrees
        return Estimate(1.0, max(1 - (1 - _BELOW ** (1 / len(differ))) / by_chance, -1.0), 1.0)
    scatter = _Scatter((differ - seen - ratio * influence) / (len(differ) * by_chance), clusters)
    factor = float(np.exp(scatter.quantile * scatter.error / ratio))
    return Estimate(1 - ratio, max(1 - ratio * factor, -1.0), 1 - ratio / factor)
