"""Places a finding's share of the price where the mean percentage error of values is least.

The logarithm of a cost measures the error in the value badly: if a fault takes 80 % of the price, a cost that is
10 % too high makes a value that is 40 % too low. So the shares that replace unknown anchors are moved from the
estimates of the mixed model to where the mean percentage error of the quoted values is least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from miexchange.tuning._additive import Floats

__all__ = ["closest", "step_of"]

_ROUNDS = 60
_HALVINGS = 12
_SETTLED = 1e-9
_FLAT = 1e-4  # smaller errors, as a share of the price, count as this: keeps the reweighted squares solvable
_LEAST = 0.02  # of the clean price: values below it count as this, so that no error is a thousand percent
_SURE = 0.005  # quotes are not expected to be closer than half a percent on average


_STEP_OF_PRICE = 0.001  # a larger share of a middle price is not believed to be a step
_FINEST = 1e-5  # of the middle price: no step is finer
_CLOSE = 1e-6  # the tolerance for a price to be a whole number of steps


def step_of(prices: Floats) -> float:
    """Return the rounding step that prices show, of which all are whole multiples, or 0.

    The same prices in another unit show the same step in that unit.

    >>> step_of(np.array([14_410.0, 16_830.0, 17_010.0])), step_of(np.array([144.1, 168.3, 170.1]))
    (10.0, 0.1)
    >>> step_of(np.array([8_400.0, 17_000.0, 9_000.0 * 0.7071067]))
    0.0
    """
    middle = float(np.median(prices))
    found = 0.0
    for price in np.unique(prices).tolist():
        one, other = found, price
        while other > _FINEST * middle:
            one, other = other, one % other
            if one - other < _FINEST * middle:  # a whole multiple, up to the last bits of floats
                other = 0.0
        found = one
    whole = np.round(prices / found)
    found = float(prices @ whole / (whole @ whole))  # the remainders of floats have fewer digits than the prices
    times = prices / found
    if np.abs(times - np.round(times)).max() > _CLOSE:
        return 0.0
    part = next(divisor for divisor in _DIVISORS if found / divisor <= _STEP_OF_PRICE * middle)
    return float(f"{found / part:.9g}")


_DIVISORS = [factor * 10**power for power in range(16) for factor in (1, 2, 5)]


def _left(logs: Floats) -> Floats:
    """Return the share of the price that is left after a cost."""
    left: Floats = np.maximum(1.0 - np.exp(logs), _LEAST)
    return left


def closest(columns: Floats, start: Floats, price: Floats, spreads: Floats) -> Floats:
    """Return the move of each coefficient that makes the mean percentage error of the values least.

    The percentage errors have a Laplace distribution, the moves a normal one; absolute errors are minimised by
    iteratively reweighted least squares.

    Args:
        columns: one for each coefficient of the logarithm of a cost's share.
        start: that logarithm as it is now.
        price: the amount that was paid, as a share of the clean price.
        spreads: the standard deviation of each coefficient's move.
    """
    paid = np.maximum(price, _LEAST)
    first = float(np.abs(_left(start) / paid - 1).mean())
    scale = max(first, _SURE)
    inverse = 1.0 / np.square(spreads)

    def loss(moves: Floats) -> float:
        missed = np.abs(_left(start + columns @ moves) / paid - 1)
        return float(missed.sum() / scale + (inverse * moves * moves).sum() / 2)

    moves = np.zeros(columns.shape[1])
    least = loss(moves)
    for _ in range(_ROUNDS):
        logs = start + columns @ moves
        error = _left(logs) / paid - 1
        slope = -np.exp(np.minimum(logs, 0.0)) / paid  # also where nothing is left: towards the amount that was paid
        weight = 1.0 / (scale * np.maximum(np.abs(error), _FLAT))
        tilted = columns * slope[:, None]
        gram = (tilted * weight[:, None]).T @ tilted + np.diag(inverse)
        step = np.linalg.solve(gram, -(tilted * weight[:, None]).T @ error - inverse * moves)
        for _ in range(_HALVINGS):
            found = loss(moves + step)
            if found < least:
                break
            step = step / 2
        else:
            break
        moves, gained, least = moves + step, least - found, found
        if gained < _SETTLED:
            break
    return moves
