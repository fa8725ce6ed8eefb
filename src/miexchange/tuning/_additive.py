"""Additive least squares with shrinkage that is estimated from the data.

The formula is a sum of terms, each a few columns with one penalty of its own: a spline for a
number, an offset for each level of a category, a slope for each stretch of age. How strongly a
term is shrunk is estimated with the rest, as a variance component (the update of Fellner and
Schall; S. Wood and M. Fasiolo, "A generalized Fellner-Schall method for smoothing parameter
optimization", Biometrics 73, 2017). What is shrunk away is not noise in the result: a brand with
three rows gets an offset near zero, one with three hundred its own.

Everything is dense linear algebra on the normal equations: a hundred thousand rows take a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.interpolate import BSpline
from scipy.optimize import lsq_linear

from miexchange.tuning._normal import TO_SIGMA

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Additive", "Offsets", "Rates", "Rising", "Season", "Spline", "Term"]

_CUBIC = 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FEWEST_FOR_A_SPLINE = 8  # different values; a number with fewer gets a straight line
_ROUNDS = 50
_LEAST_PENALTY, _GREATEST_PENALTY = 1e-6, 1e7
_SETTLED = 1e-3  # the search ends when every penalty changes by less than this share
_LEAST_LEFT = 1e-5  # the least share of the scatter that is left as noise: no fit is exact
_PRIOR_ROWS, _PRIOR_SPREAD = 1.0, 0.1  # a prior coefficient of 10 % for each term: for thin data
_RIDGE = 1e-5  # keeps the equations solvable where two terms are collinear


class Term(Protocol):
    """A term of the sum: it learns its columns from the data, then makes them for any rows."""

    name: str

    def learn(self, values: npt.NDArray[np.object_] | Floats, weights: Floats) -> None:
        """Learn knots or levels."""

    def columns(self, values: npt.NDArray[np.object_] | Floats) -> Floats:
        """Return the columns of some rows."""

    def penalty(self) -> Floats:
        """Return the penalty matrix; its null space is not shrunk."""

    def sign(self) -> int:
        """Return -1 where no coefficient may be positive, 1 where none may be negative, else 0."""

    def labels(self) -> list[str]:
        """Name the columns."""


@dataclass
class Spline:
    """A smooth curve of a number: a straight line, and a cubic spline's departure from it.

    Beyond the outermost knots it goes on straight.

    Attributes:
        name: the term's name.
        knots: the number of knots, at quantiles of the values.
    """

    name: str
    knots: int = 8
    _at: Floats = field(default_factory=lambda: np.zeros(0))
    _centre: float = 0.0
    _width: float = 1.0
    _middle: Floats = field(default_factory=lambda: np.zeros(0))

    def learn(self, values: npt.NDArray[np.object_] | Floats, weights: Floats) -> None:
        """Place the knots."""
        numbers = np.asarray(values, dtype=np.float64)
        different = np.unique(numbers)
        self._centre = float(np.average(numbers, weights=weights))
        self._width = float(np.sqrt(np.average((numbers - self._centre) ** 2, weights=weights))) or 1.0
        if len(different) < _FEWEST_FOR_A_SPLINE:
            self._at = np.zeros(0)
            return
        # A row that counts twice moves a knot as two rows do.
        shares = np.clip(np.linspace(0, 1, self.knots) - 1e-9, 0, 1)  # never on a step, where rounding would decide
        at = np.quantile(numbers, shares, weights=weights, method="inverted_cdf")
        inner = np.unique(at)
        self._at = np.concatenate([[inner[0]] * _CUBIC, inner, [inner[-1]] * _CUBIC])
        self._middle = np.average(self._basis(numbers), axis=0, weights=weights)

    def _basis(self, numbers: Floats) -> Floats:
        low, high = self._at[0], self._at[-1]
        inside = np.clip(numbers, low, high)
        # The last knot itself belongs to no interval of scipy's matrix, so we stay a hair below it.
        inside = np.minimum(inside, np.nextafter(high, low))
        basis: Floats = BSpline.design_matrix(inside, self._at, _CUBIC).toarray()
        beyond = numbers - inside
        outside = np.flatnonzero(np.abs(beyond) > np.abs(high - low) * 1e-9)
        if len(outside):
            step = (high - low) * 1e-4
            inward = np.where(beyond[outside] > 0, inside[outside] - step, inside[outside] + step)
            slope = (
                (basis[outside] - BSpline.design_matrix(inward, self._at, _CUBIC).toarray())
                / step
                * np.sign(beyond[outside])[:, None]
            )
            basis[outside] += slope * beyond[outside][:, None]
        return basis

    def columns(self, values: npt.NDArray[np.object_] | Floats) -> Floats:
        """Return the line, and the spline's functions without their mean."""
        numbers = np.asarray(values, dtype=np.float64)
        line = ((numbers - self._centre) / self._width)[:, None]
        if not len(self._at):
            return line
        return np.hstack([line, self._basis(numbers) - self._middle])

    def penalty(self) -> Floats:
        """Penalise how much the spline bends; the line is free."""
        inner = max(len(self._at) - _CUBIC - 1, 0)
        matrix = np.zeros((1 + inner, 1 + inner))
        if inner:
            bends = np.diff(np.eye(inner), n=2, axis=0)
            # A small ridge on the rest, so that the spline does not repeat the line or the constant.
            matrix[1:, 1:] = bends.T @ bends + 1e-2 * np.eye(inner)
        return matrix

    def sign(self) -> int:
        """Let the coefficients have any sign."""
        return 0

    def labels(self) -> list[str]:
        """Name the line and the functions."""
        return ["slope", *(f"bend {number + 1}" for number in range(max(len(self._at) - _CUBIC - 1, 0)))]


@dataclass
class Offsets:
    """One offset for each level of a category, shrunk to their common mean; a new level has none.

    Attributes:
        name: the term's name.
    """

    name: str
    levels: tuple[str, ...] = ()

    def learn(self, values: npt.NDArray[np.object_] | Floats, weights: Floats) -> None:
        """List the levels."""
        del weights
        self.levels = tuple(sorted({str(value) for value in values}))

    def columns(self, values: npt.NDArray[np.object_] | Floats) -> Floats:
        """Return one column for each level."""
        position = {level: number for number, level in enumerate(self.levels)}
        codes = np.array([position.get(str(value), -1) for value in values], dtype=np.intp)
        matrix = np.zeros((len(codes), len(self.levels)))
        known = np.flatnonzero(codes >= 0)
        matrix[known, codes[known]] = 1.0
        return matrix

    def penalty(self) -> Floats:
        """Shrink every offset alike."""
        return np.eye(len(self.levels))

    def sign(self) -> int:
        """Let an offset have any sign."""
        return 0

    def labels(self) -> list[str]:
        """Return the levels."""
        return list(self.levels)


@dataclass
class Rates:
    """A loss for each stretch of age: linear between the knots, never rising.

    The stretches' rates are drawn to one another, so that a stretch without data takes its
    neighbours' rate. After the last knot the last rate goes on.

    Attributes:
        name: the term's name.
        knots: where one stretch ends and the next begins, in the unit of the age.
    """

    name: str
    knots: tuple[float, ...] = ()

    def learn(self, values: npt.NDArray[np.object_] | Floats, weights: Floats) -> None:
        """Learn nothing: the knots are given."""

    def columns(self, values: npt.NDArray[np.object_] | Floats) -> Floats:
        """Return the part of each stretch that an age has passed."""
        ages = np.asarray(values, dtype=np.float64)[:, None]
        starts = np.array([0.0, *self.knots])
        lengths = np.diff([*starts, np.inf])
        passed: Floats = np.clip(ages - starts, 0, lengths)
        return passed

    def penalty(self) -> Floats:
        """Penalise differences between neighbouring rates; their common level is free."""
        size = len(self.knots) + 1
        steps = np.diff(np.eye(size), axis=0)
        matrix: Floats = steps.T @ steps
        return matrix

    def sign(self) -> int:
        """A price never rises with age."""
        return -1

    def labels(self) -> list[str]:
        """Name the stretches."""
        starts = ["0", *(f"{knot:g}" for knot in self.knots)]
        ends = [*(f"{knot:g}" for knot in self.knots), "on"]
        return [f"{start} to {end}" if end != "on" else f"{start} on" for start, end in zip(starts, ends, strict=True)]


@dataclass
class Season:
    """One offset for each month of the year, drawn to those of its neighbours; December is January's.

    A month without data lies between the months beside it.

    Attributes:
        name: the term's name.
    """

    name: str

    def learn(self, values: npt.NDArray[np.object_] | Floats, weights: Floats) -> None:
        """Learn nothing: the months are known."""

    def columns(self, values: npt.NDArray[np.object_] | Floats) -> Floats:
        """Return one column for each month from 1 to 12; the month 0 means none."""
        months = np.asarray(values, dtype=np.float64).astype(np.intp)
        matrix: Floats = np.eye(len(_MONTHS) + 1)[months][:, 1:]
        return matrix

    def penalty(self) -> Floats:
        """Shrink every month, and its differences from its neighbours."""
        steps = np.eye(len(_MONTHS)) - np.roll(np.eye(len(_MONTHS)), 1, axis=1)
        matrix: Floats = steps.T @ steps + 1e-1 * np.eye(len(_MONTHS))
        return matrix

    def sign(self) -> int:
        """Let an offset have any sign."""
        return 0

    def labels(self) -> list[str]:
        """Return the months."""
        return [*_MONTHS]


@dataclass
class Rising:
    """A score that never lowers the price: linear between knots at its quantiles, flat beyond the observed range.

    Attributes:
        name: the term's name.
        steps: the most stretches.
    """

    name: str
    steps: int = 6
    _at: Floats = field(default_factory=lambda: np.zeros(2))

    def learn(self, values: npt.NDArray[np.object_] | Floats, weights: Floats) -> None:
        """Place the knots."""
        numbers = np.asarray(values, dtype=np.float64)
        shares = np.clip(np.linspace(0, 1, self.steps + 1) - 1e-9, 0, 1)
        at = np.unique(np.quantile(numbers, shares, weights=weights, method="inverted_cdf"))
        self._at = at if len(at) > 1 else np.array([at[0], at[0] + 1.0])

    def columns(self, values: npt.NDArray[np.object_] | Floats) -> Floats:
        """Return the part of each stretch that a score has passed, in stretches."""
        numbers = np.asarray(values, dtype=np.float64)[:, None]
        lengths = np.diff(self._at)
        passed: Floats = np.clip(numbers - self._at[:-1], 0, lengths) / lengths
        return passed

    def penalty(self) -> Floats:
        """Shrink every stretch, and differences between neighbours."""
        size = len(self._at) - 1
        steps = np.diff(np.eye(size), axis=0)
        matrix: Floats = steps.T @ steps + 1e-2 * np.eye(size)
        return matrix

    def sign(self) -> int:
        """A better score never lowers the price."""
        return 1

    def labels(self) -> list[str]:
        """Name the stretches."""
        return [f"{start:g} to {end:g}" for start, end in zip(self._at[:-1], self._at[1:], strict=True)]


@dataclass
class Additive:
    """The fitted sum.

    Attributes:
        terms: its terms.
        robust: residuals beyond this number of standard deviations count less; None for ordinary least squares.
        coefficients: the intercept, then each term's.
        covariance: of the coefficients, given the penalties.
        sigma: the standard deviation of the residuals.
        residuals: of the fitted rows, each computed as if the row had been left out.
        parameters: the effective number of parameters.
    """

    terms: Sequence[Term]
    robust: float | None = None
    coefficients: Floats = field(default_factory=lambda: np.zeros(0))
    covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    sigma: float = 0.0
    residuals: Floats = field(default_factory=lambda: np.zeros(0))
    parameters: float = 0.0

    def fit(self, values: Sequence[npt.NDArray[np.object_] | Floats], target: Floats, weights: Floats) -> Additive:
        """Fit; `values` has one array for each term, and a row of weight 2 counts as two rows."""
        for term, column in zip(self.terms, values, strict=True):
            term.learn(column, weights)
        design = self._design(values)
        # The unit of the prices is a constant on the logarithm: it is subtracted first, so that it has no effect.
        unit = float(np.average(target, weights=weights))
        target = target - unit
        solution = self._solve(design, target, weights)
        counted = weights
        for _ in range(3 if self.robust else 0):
            left = target - design @ solution
            sigma = TO_SIGMA * float(np.median(np.abs(left - np.median(left)))) or 1.0
            bounded = np.minimum(1.0, (self.robust or 1.0) * sigma / np.maximum(np.abs(left), 1e-12))
            counted = weights * bounded
            solution = self._solve(design, target, counted)
        leverage = np.einsum("ij,jk,ik->i", design, self._unscaled, design) * counted
        self.residuals = (target - design @ solution) / np.maximum(1.0 - leverage, 0.1)
        self._scores = design * (counted * (target - design @ solution))[:, None]
        self.coefficients = solution
        self.coefficients[0] += unit
        return self

    def _design(self, values: Sequence[npt.NDArray[np.object_] | Floats]) -> Floats:
        blocks = [term.columns(column) for term, column in zip(self.terms, values, strict=True)]
        rows = len(values[0])
        return np.hstack([np.ones((rows, 1)), *blocks])

    @property
    def slices(self) -> list[slice]:
        """The slice of each term's coefficients."""
        found, start = [], 1
        for term in self.terms:
            size = len(term.labels())
            found.append(slice(start, start + size))
            start += size
        return found

    def _solve(self, design: Floats, target: Floats, weights: Floats) -> Floats:
        """Alternate between the coefficients and the terms' shrinkage."""
        weighed = design * weights[:, None]
        gram, moment = weighed.T @ design, weighed.T @ target
        count = float(weights.sum())
        scatter = float((weights * (target - np.average(target, weights=weights)) ** 2).sum())
        least = max(_LEAST_LEFT * scatter / count, 1e-12)
        size = len(gram)
        # The intercept is never shrunk; offsets are identified by their own shrinkage to a mean of 0.
        own = np.maximum(np.diag(gram), 1e-9 * float(np.max(np.diag(gram))))
        own[0] = 0.0
        parts = []
        for term, place in zip(self.terms, self.slices, strict=True):
            matrix = term.penalty()
            full = np.zeros((size, size))
            full[place, place] = matrix
            parts.append((full, int(np.linalg.matrix_rank(matrix)) if matrix.size else 0))
        strengths: Floats = np.ones(len(parts), dtype=np.float64)
        for _ in range(_ROUNDS):
            penalised = gram + _RIDGE * np.diag(own)
            for strength, (full, _rank) in zip(strengths, parts, strict=True):
                penalised = penalised + strength * full
            inverse = np.asarray(np.linalg.inv(penalised), dtype=np.float64)
            solution = np.asarray(np.linalg.solve(penalised, moment), dtype=np.float64)
            left = float((weights * (target - design @ solution) ** 2).sum())
            parameters = float(np.trace(inverse @ gram))
            variance = max(left / max(count - parameters, 1.0), least)
            before = strengths.copy()
            for number, (full, rank) in enumerate(parts):
                if rank:
                    wiggle = float(solution @ full @ solution)
                    freedom = max(rank - strengths[number] * float(np.trace(inverse @ full)), 1e-9)
                    expected = (wiggle + _PRIOR_ROWS * _PRIOR_SPREAD**2) / (freedom + _PRIOR_ROWS)
                    strengths[number] = min(max(variance / expected, _LEAST_PENALTY), _GREATEST_PENALTY)
            moved: Floats = np.abs(np.log(strengths / before))
            if np.max(moved, initial=0.0) < _SETTLED:
                break
        self._unscaled = inverse
        self.covariance, self.sigma, self.parameters = inverse * variance, float(np.sqrt(variance)), parameters
        return self._bounded(penalised, moment, solution)

    def _bounded(self, penalised: Floats, moment: Floats, solution: Floats) -> Floats:
        """Solve again under the sign bounds if the free solution violates one."""
        lower, upper = np.full(len(solution), -np.inf), np.full(len(solution), np.inf)
        for term, place in zip(self.terms, self.slices, strict=True):
            if term.sign() < 0:
                upper[place] = 0.0
            elif term.sign() > 0:
                lower[place] = 0.0
        if np.all((lower <= solution) & (solution <= upper)):
            return solution
        root = np.linalg.cholesky(penalised).T
        found = lsq_linear(root, np.linalg.solve(root.T, moment), bounds=(lower, upper)).x
        bounded: Floats = np.clip(found, lower, upper)
        return bounded

    def widen(self, groups: npt.NDArray[np.object_]) -> None:
        """Widen the covariance for residuals that correlate within a group (the sandwich of Liang and Zeger 1986).

        Shrunk directions keep their uncertainty: no standard error becomes smaller.
        """
        codes, names = np.unique(groups.astype(str), return_inverse=True)[::-1]
        sums = np.zeros((len(names), self._scores.shape[1]))
        np.add.at(sums, codes, self._scores)
        together = self._unscaled @ (sums.T @ sums) @ self._unscaled * len(names) / max(len(names) - 1, 1)
        wider = np.sqrt(np.maximum(np.diag(together) / np.maximum(np.diag(self.covariance), 1e-300), 1.0))
        self.covariance = self.covariance * np.outer(wider, wider)

    def predict(self, values: Sequence[npt.NDArray[np.object_] | Floats]) -> Floats:
        """Return the sum for each row."""
        total: Floats = self._design(values) @ self.coefficients
        return total

    def parts(self, values: Sequence[npt.NDArray[np.object_] | Floats]) -> Floats:
        """Return the intercept and every term's part, one column each; they add up to `predict`."""
        design = self._design(values)
        columns = [np.full(len(design), float(self.coefficients[0]))]
        columns += [design[:, place] @ self.coefficients[place] for place in self.slices]
        return np.column_stack(columns)

    def errors(self) -> Floats:
        """Return the standard error of every coefficient."""
        spread: Floats = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return spread
