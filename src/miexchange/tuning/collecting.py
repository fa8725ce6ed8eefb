"""Ranks which quotes to collect next by how much each would reduce the error of the whole table.

`DeductionModel` is a linear model of logarithms, so the variance of every row of a table is known, and that after
another row is quoted as well. The quote that reduces the sum most comes first; the next one is ranked as if the
first were already collected. This chooses data by their expected effect on the predictions (MacKay 1992,
"Information-based objective functions for active data selection"; Cohn, Ghahramani and Jordan 1996).

>>> from miexchange.tuning import DeductionModel, next_quotes, simulate_quotes
>>> quotes, scales = simulate_quotes(30, seed=1)
>>> damaged = quotes[quotes["findings"] != "clean"]
>>> model = DeductionModel(scales).fit(damaged.head(20))
>>> next_quotes(model, damaged.tail(40), most=2)
<QuotePlan: 2 of 40 quotes take the expected error of the table from 20.9 % to 10.3 %, first device-0023 display_lines>
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from miexchange._privacy import masked
from miexchange.errors import out_of_range
from miexchange.tuning._arguments import check, instance, one_of, takes, whole
from miexchange.tuning._checks import fitted, frame_of
from miexchange.tuning._findings import CLEAN
from miexchange.tuning._normal import TO_SIGMA
from miexchange.tuning._report import Report
from miexchange.tuning.deductions import DeductionModel

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from miexchange.tuning._additive import Floats

__all__ = ["QuotePlan", "next_quotes"]

_MOST_ROWS = 5_000  # rows of a table: every row is compared with every other
_LEAST_SHARE = 0.05  # the least share of the clean price in the denominator
_DEVIATIONS = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 40)])  # rows whose errors are computed at once
_QUANTILES = ndtri((np.arange(101) + 0.5) / 101)
_FEWEST = 6  # with fewer quotes beside others of their device and family, their scatter is not estimated
_NOTHING = 1e-15


class QuotePlan(Report):
    """The quotes to collect, the most useful one first.

    Attributes:
        frame: one row for each quote to collect, with its label in the table: `device`, `findings`,
            `saves` (by how much it reduces the error of the table, given those above it) and `left` (the
            error afterwards).
        before: the expected error of the table as it is.
        rows: the number of rows of the table.
        by: ``share`` for errors in percent of the quote, ``amount`` for errors in the unit of the quotes; the mean
            over the rows.
    """

    title = "Quotes to collect next"

    def __init__(self, frame: pd.DataFrame, before: float, rows: int, by: str) -> None:
        """Keep the parts; use `next_quotes`."""
        self.frame = frame
        self.before = before
        self.rows = rows
        self.by = by

    def __repr__(self) -> str:
        """Return a summary of the plan."""
        first = self.frame.iloc[0]
        return (
            f"<QuotePlan: {len(self.frame)} of {self.rows} quotes take the expected error of the table from "
            f"{self._written(self.before)} to {self._written(float(self.frame['left'].iloc[-1]))}, "
            f"first {masked(str(first['device']))} {masked(str(first['findings']))}>"
        )

    def _written(self, error: float) -> str:
        return f"{error:.1f} %" if self.by == "share" else f"{error:,.0f}"

    def notes(self) -> list[str]:
        """Return the plan as a sentence."""
        return [repr(self).strip("<>")]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the quotes, the most useful one first."""
        return [("In this order", self.frame.round(3))]

    def to_frame(self) -> pd.DataFrame:
        """Return the quotes, a row for each."""
        return self.frame.copy()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the expected error of the table by the number of quotes; see `plots.collected`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.collected(self, ax=ax)


_MODEL = instance(DeductionModel, "give a DeductionModel")


@takes(model=_MODEL, most=whole(1, _MOST_ROWS), by=one_of("share", "amount"))
def next_quotes(
    model: DeductionModel, wanted: pd.DataFrame, *, most: int = 10, by: Literal["share", "amount"] = "share"
) -> QuotePlan:
    """Rank the unquoted rows of a table by how much their quote would reduce its error.

    Args:
        model: a model fitted on the existing quotes. Spreads that it estimates (None) make the errors
            those of these quotes.
        wanted: the rows of the table without a quote, as `DeductionModel.predict` takes them; up
            to 5,000, each of a damaged device; unchanged.
        most: the number of quotes to rank.
        by: ``share`` to measure every row's error in percent of its quote, ``amount`` to measure it in money.

    Raises:
        NotFitted: the model is not fitted.
        InvalidValue: a column is missing, rows have no usable number, a row is of a clean device, or there are too
            many.
    """
    check({"model": model}, {"model": _MODEL})
    fitted(model, "weights_")
    rows = model._rows(wanted)  # noqa: SLF001 - of this package: the same table as `predict` takes
    findings_col = model.columns_[1]
    if len(rows) > _MOST_ROWS:
        what = f"has {len(rows)} rows"
        raise out_of_range("wanted", None, f"give at most {_MOST_ROWS:,} rows, such as those of a brand", what)
    if not (rows["named"].str.len() > 0).all():
        which = "names no finding: a clean quote tells of no repair"
        raise out_of_range(findings_col, CLEAN, "leave clean rows out", which=which)
    unsure, hidden, cost = _unsure(model, rows)
    errors = _errors(rows["clean"].to_numpy(dtype=np.float64), cost, by) / len(rows)
    chosen, left = _greedy(unsure, hidden, errors, min(most, len(rows)))
    before = float(_summed(np.diag(unsure)[:, None], errors)[0])
    frame = pd.DataFrame(
        {
            "device": rows["device"].to_numpy()[chosen],
            "findings": ["+".join(rows["named"].iloc[place]) for place in chosen],
            "saves": -np.diff([before, *left]),
            "left": left,
        },
        index=frame_of(wanted, "wanted").index[chosen],
    )
    return QuotePlan(frame, before, len(rows), by)


def _errors(clean: Floats, cost: Floats, by: str) -> Floats:
    """Return the expected error of each row, a column for each possible standard deviation of its logarithm.

    The deduction is lognormal, so a quote with a large deduction may be far more wrong in percent than in
    money: the mean is over quantiles of the normal distribution.
    """
    price = np.maximum(clean - cost, _LEAST_SHARE * clean)
    found = np.zeros((len(clean), len(_DEVIATIONS)))
    for quantile in _QUANTILES:
        other = clean[:, None] - cost[:, None] * np.exp(quantile * _DEVIATIONS[None, :])
        other = np.maximum(other, _LEAST_SHARE * clean[:, None])
        missed = np.abs(price[:, None] - other)
        found += (100.0 * missed / other if by == "share" else missed) / len(_QUANTILES)
    return found


def _summed(variance: Floats, errors: Floats) -> Floats:
    """Return the expected error of the whole table for each column of the rows' variances."""
    found = np.zeros(variance.shape[1])
    for own, row in zip(np.sqrt(np.maximum(variance, 0.0)), errors, strict=True):
        found += np.interp(own, _DEVIATIONS, row)
    return found


def _greedy(unsure: Floats, hidden: Floats, errors: Floats, most: int) -> tuple[list[int], list[float]]:
    """Return the positions of the quotes that reduce the error of the table most, and the error after each.

    Args:
        unsure: the covariance of the rows.
        hidden: the variance from rounding of a quoted row.
        errors: the result of `_errors`.
        most: the number to choose.
    """
    current = unsure.copy()
    chosen: list[int] = []
    left: list[float] = []
    for _ in range(most):
        own = np.maximum(np.diag(current), 0.0)
        after = np.maximum(own[:, None] - current**2 / np.maximum(own + hidden, _NOTHING)[None, :], 0.0)
        sums = _summed(after, errors)
        sums[chosen] = np.inf
        place = int(np.argmin(sums))
        chosen.append(place)
        left.append(float(sums[place]))
        column = current[:, place]
        current = current - np.outer(column, column) / max(own[place] + hidden[place], _NOTHING)
    return chosen, left


def _unsure(model: DeductionModel, rows: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return the covariance of the log-deductions of the rows, the variance from rounding, and the cost.

    The parameters are those of the model (shares, weights, one offset for each device and family); a row with several
    findings is their mean weighted by cost, which is its logarithm to first order. In addition each row
    has its own scatter, like that of the quotes of one device and family around each other.
    """
    quotes = model._quotes  # noqa: SLF001 - of this package: what it was fitted on
    both = pd.concat([quotes[["device", "series", "clean", "named"]], rows], ignore_index=True)
    at, names, logs, _ = model._flat(both, model.whole_)  # noqa: SLF001 - as above
    clean, series, device = (both[name].to_numpy(dtype=object)[at] for name in ("clean", "series", "device"))
    matrix, precision = model._design(names, clean.astype(np.float64), series)  # noqa: SLF001 - as above
    families = [f"{one}\x1f{model._family[name]}" for one, name in zip(device, names, strict=True)]  # noqa: SLF001
    codes, groups = pd.factorize(pd.Series(families, dtype=object))
    cost = clean.astype(np.float64) * np.exp(logs)
    whole_cost = np.bincount(at, cost, minlength=len(both)).astype(np.float64)
    part = cost / whole_cost[at]
    wide, number = matrix.shape[1], len(quotes)
    design = np.zeros((len(both), wide + len(groups)))
    np.add.at(design[:, :wide], at, matrix * part[:, None])
    np.add.at(design, (at, wide + codes), part)
    hidden = (np.sqrt(2.0) * model.step_ / np.sqrt(12.0) / whole_cost) ** 2
    left = np.log(quotes["cost"].to_numpy(dtype=np.float64) / whole_cost[:number])
    alone = np.bincount(at, minlength=len(both))[:number] == 1
    apart = max(_scatter(left[alone], codes[at < number][alone[at[at < number]]]), model.weight_noise) ** 2
    error = (quotes["error"].to_numpy(dtype=np.float64) / whole_cost[:number]) ** 2
    told = design[:number] / (apart + hidden[:number] + error)[:, None]
    known = np.diag([*precision, *np.full(len(groups), 1.0 / model.spread_**2)])
    covariance = np.linalg.inv(known + told.T @ design[:number])
    asked = design[number:]
    found: Floats = asked @ covariance @ asked.T + apart * np.eye(len(asked))
    return found, hidden[number:], whole_cost[number:]


def _scatter(left: Floats, codes: npt.NDArray[np.intp]) -> float:
    """Return the scatter of the quotes of one device and family around each other; 0 if too few have several.

    Args:
        left: the model's residual of the logarithm of each quote.
        codes: the device and family of each.
    """
    counts = np.bincount(codes) if len(codes) else np.zeros(1)
    several = counts[codes] > 1
    if several.sum() < _FEWEST:
        return 0.0
    apart = left - (np.bincount(codes, left) / np.maximum(counts, 1))[codes]
    spare = apart[several] / np.sqrt(1 - 1 / counts[codes][several])
    return float(TO_SIGMA * np.median(np.abs(spare)))
