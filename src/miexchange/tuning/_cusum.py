"""Cumulative sums: how far a series of residuals has left zero, and after how many of them that is told.

The chart is Page's (1954), its run lengths are exact but for a grid: those of the Markov chain of Brook and Evans
(1972), on the residuals that were seen and not on a normal law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Side", "run_length", "side_of", "sums"]

_STATES = 160
_ROUNDS = 40  # halvings of the bracket of a limit
_GREATEST = 400.0  # standard deviations: no limit is sought beyond


class Side(NamedTuple):
    """One side of a chart, in standard deviations of a residual.

    Attributes:
        allowance: what is taken off each residual, half the shift that is to be told.
        limit: the sum from which the shift is told.
        between: the mean number of residuals between two false alarms.
        delay: the mean number of residuals until the shift is told, from a sum of zero.
    """

    allowance: float
    limit: float
    between: float
    delay: float


def run_length(steps: Floats, allowance: float, limit: float) -> float:
    """Return the mean number of residuals until the sum reaches the limit, from zero.

    Args:
        steps: residuals, sorted, each of which is as likely as any other.
        allowance: what is taken off each.
        limit: the limit.

    A residual that is always one unit above the allowance takes five to reach five.

    >>> round(run_length(np.array([1.5]), 0.5, 5.0))
    5
    """
    width = 2 * limit / (2 * _STATES - 1)
    place = np.arange(_STATES)
    edges = (place[None, :] - place[:, None] + 0.5) * width + allowance
    below = np.searchsorted(steps, edges, side="right") / len(steps)
    chain = np.diff(below, axis=1, prepend=0.0)
    found = np.linalg.solve(np.eye(_STATES) - chain + 1e-12 * np.eye(_STATES), np.ones(_STATES))
    return float(found[0])


def side_of(residuals: Floats, shift: float, between: float) -> Side:
    """Return the side of a chart that tells an upward shift, with so many residuals between two false alarms.

    Args:
        residuals: in control, in standard deviations, of mean zero.
        shift: what is to be told, in standard deviations.
        between: the mean number of residuals between two false alarms.
    """
    steps, allowance = np.sort(residuals), shift / 2
    low, high = 0.0, 1.0
    while high < _GREATEST and run_length(steps, allowance, high) < between:
        low, high = high, 2 * high
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if run_length(steps, allowance, middle) < between else (low, middle)
    return Side(allowance, high, run_length(steps, allowance, high), run_length(steps + shift, allowance, high))


def sums(steps: Floats) -> Floats:
    """Return the cumulative sums that never fall below zero.

    >>> sums(np.array([1.0, -3.0, 2.0, 1.0])).tolist()
    [1.0, 0.0, 2.0, 3.0]
    """
    total = np.cumsum(steps)
    found: Floats = total - np.minimum(np.minimum.accumulate(total), 0.0)
    return found
