"""Cumulative sums: how far a series of residuals has left zero, and the mean delay until a chart alarms.

The chart is Page's (1954). Its run lengths are those of the Markov chain of Brook and Evans (1972), exact up to a grid,
computed on the observed residuals and not on a normal distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Side", "run_length", "side_of", "sums"]

_STATES = 100
_ROUNDS, _NEAR = 30, 0.002  # a limit is found when the logarithm of its run length is this near
_LEAST, _GREATEST = 1.0, 400.0  # standard deviations, between which a limit is searched


class Side(NamedTuple):
    """One side of a chart, in standard deviations of a residual.

    Attributes:
        allowance: the amount subtracted from each residual, half the shift to detect.
        limit: the sum that raises an alarm.
        between: the mean number of residuals between two false alarms.
        delay: the mean number of residuals until the shift is detected, from a sum of zero.
    """

    allowance: float
    limit: float
    between: float
    delay: float


def run_length(steps: Floats, allowance: float, limit: float) -> float:
    """Return the mean number of residuals until the sum reaches the limit, from zero.

    Args:
        steps: residuals, sorted, each of which is as likely as any other.
        allowance: the amount subtracted from each residual.
        limit: the limit.

    A residual that is always one unit above the allowance takes five to reach five.

    >>> round(run_length(np.array([1.5]), 0.5, 5.0))
    5
    """
    width = 2 * limit / (2 * _STATES - 1)
    place = np.arange(_STATES)
    edges = (np.arange(1 - _STATES, _STATES) + 0.5) * width + allowance
    below = np.searchsorted(steps, edges, side="right") / len(steps)
    chain = np.diff(below[place[None, :] - place[:, None] + _STATES - 1], axis=1, prepend=0.0)
    found = np.linalg.solve(np.eye(_STATES) - chain + 1e-12 * np.eye(_STATES), np.ones(_STATES))
    return float(found[0])


def side_of(residuals: Floats, shift: float, between: float) -> Side:
    """Return the chart side that detects an upward shift, with a given mean distance between two false alarms.

    Args:
        residuals: in control, in standard deviations, of mean zero.
        shift: the shift to detect, in standard deviations.
        between: the mean number of residuals between two false alarms.
    """
    steps, allowance = np.sort(residuals), shift / 2
    wanted = np.log(between)

    def short(limit: float) -> float:
        return float(np.log(run_length(steps, allowance, limit)) - wanted)

    low, high = (0.0, -wanted), (_LEAST, short(_LEAST))
    while high[0] < _GREATEST and high[1] < 0:
        low, high = high, (2 * high[0], short(2 * high[0]))
    # The logarithm of the run length is nearly linear, so try the secant; every other time the middle.
    for number in range(_ROUNDS):
        if high[1] <= _NEAR or high[0] == _LEAST:
            break
        share = 0.5 if number % 2 else float(np.clip(low[1] / (low[1] - high[1]) + 0.01, 0.02, 0.98))
        at = low[0] + share * (high[0] - low[0])
        found = (at, short(at))
        low, high = (found, high) if found[1] < 0 else (low, found)
    limit = high[0]
    return Side(allowance, limit, run_length(steps, allowance, limit), run_length(steps + shift, allowance, limit))


def sums(steps: Floats) -> Floats:
    """Return the cumulative sums, floored at zero.

    >>> sums(np.array([1.0, -3.0, 2.0, 1.0])).tolist()
    [1.0, 0.0, 2.0, 3.0]
    """
    total = np.cumsum(steps)
    found: Floats = total - np.minimum(np.minimum.accumulate(total), 0.0)
    return found
