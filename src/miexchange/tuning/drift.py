"""Checks whether a table is still right, by comparing what was paid with what the table says, deal by deal.

A control chart for the whole table, for each brand and for each grade: two-sided cumulative sums (Page 1954) of the
logarithm of the table's value over what was paid. Their limits come from deals of a time when the table was right, by
the exact run lengths of Brook and Evans (1972), and are widened for the error of that estimate, so
that the false alarms stay as rare as promised in nine references of ten (Gandy and Kvaløy 2013).

>>> from datetime import date
>>> import numpy as np, pandas as pd
>>> from miexchange.tuning import DriftMonitor
>>> def deals(days, too_high, seed):
...     make = np.random.default_rng(seed)
...     paid = np.exp(make.normal(np.log(10_000), 0.5, 4 * days))
...     table = paid * np.exp(make.normal(np.log1p(too_high), 0.05, 4 * days))
...     return pd.DataFrame({"on": np.repeat(pd.date_range("2026-01-01", periods=days), 4), "brand": "OnePlus",
...         "expected_minor": (100 * table).astype(int), "price_minor": (100 * paid).astype(int)})
>>> monitor = DriftMonitor(by=("brand",)).fit(deals(90, 0.0, seed=1))
>>> monitor
<DriftMonitor: residuals of 360 deals scatter by 5.2 %; a shift of 5 % is detected after about 21 deals>
>>> monitor.watch(deals(30, 0.0, seed=2)).alarms.empty
True
>>> found = monitor.watch(deals(30, 0.05, seed=3)).alarms.iloc[0]
>>> print(f"{found['stream']}: {found['side']}, told on {found['told_on']:%Y-%m-%d} after {found['deals']} deals")
all: too high, told on 2026-01-03 after 12 deals
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy.special import ndtri

from miexchange._text import is_a
from miexchange.errors import out_of_range
from miexchange.programme import Programme
from miexchange.tuning._arguments import COLUMN, check, each, instance, maybe, real, takes
from miexchange.tuning._book import days_of, valued
from miexchange.tuning._checks import as_frame, days, fitted, minor, named_rows, warn, words
from miexchange.tuning._cusum import side_of, sums
from miexchange.tuning._launches import MONTH_DAYS
from miexchange.tuning._normal import NORMAL_95, TO_SIGMA
from miexchange.tuning._report import Report
from miexchange.tuning.curve import Estimator
from miexchange.tuning.observations import Observations

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

__all__ = ["Drift", "DriftMonitor"]

_FEWEST = 30  # deals of a reference: fewer do not determine the scatter
_SURE = 1.2816  # the quantile of nine references of ten
_ALL = "all"
_SIDES = ("too high", "too low")
_RULES = {
    "programme": maybe(instance(Programme)),
    "by": each(COLUMN),
    "shift": real(above=0, below=1, says="give a share between 0 and 1"),
    "months": real(least=1, below=100_000),
    "most": real(least=1, below=100),
}


class DriftMonitor(Estimator):
    """Control charts of a price table, or of a programme, against what is paid.

    Args:
        programme: the programme that values the deals, at the instant in their column `at`; the clean ones of
            `Observations` are compared with its price table. None if the deals have `expected_minor`.
        by: the columns each of whose values has its own chart, beside the one of all deals.
        shift: the shift to detect, as a share of the price: 0.05 for 5 %, up or down.
        months: the mean number of months between two false alarms, over all charts.
        most: the cap of a residual in standard deviations, so that no single deal is an alarm.

    Attributes:
        n_: the number of deals of the reference.
        spread_: the standard deviation of a residual, on the logarithm.
        deals_a_month_: the number of deals of the reference a month.
        sides_: for each side, `too high` and `too low`, the allowance, the limit, the mean number of
            deals of a chart between two false alarms, and the mean number of deals until the shift is detected.
    """

    def __init__(
        self,
        programme: Programme | None = None,
        *,
        by: Sequence[str] = ("brand", "grade"),
        shift: float = 0.05,
        months: float = 100.0,
        most: float = 3.0,
    ) -> None:
        """Store the parameters; they are checked by `fit`."""
        self.programme = programme
        self.by = by
        self.shift = shift
        self.months = months
        self.most = most

    def __repr__(self) -> str:
        """Return a summary of the fit."""
        if "sides_" not in self.__dict__:
            return "<DriftMonitor, not fitted>"
        delay = max(side.delay for side in self.sides_.values())
        return (
            f"<DriftMonitor: residuals of {self.n_} deals scatter by {100 * self.spread_:.1f} %; a shift of "
            f"{100 * self.shift:g} % is detected after about {delay:.0f} deals>"
        )

    @takes(id_col=maybe(COLUMN))
    def fit(self, deals: pd.DataFrame | Observations, *, id_col: str | None = None) -> Self:
        """Estimate the scatter of the residuals, and set the limits.

        Args:
            deals: deals of a time when the table was right: `price_minor` (the price paid), a day in `on`, the columns
                of `by`, and `expected_minor`, the table's value. With a programme they are valued by it: `model`,
                `at` and the answers, as `backtest` takes them, and brand and grade are its own. Or `Observations`,
                whose clean deals and quotes are taken.
            id_col: of rows with one id the first counts; `id` by default if it exists.

        Raises:
            InvalidValue: a parameter is out of range, a column is missing, or there are fewer than 30 deals.
        """
        check(self.get_params(), _RULES, "DriftMonitor.")
        rows = self._rows(deals, id_col)
        if len(rows) < _FEWEST:
            rule = f"give {_FEWEST} deals or more: of fewer nobody can tell how they scatter"
            raise out_of_range("deals", None, rule, f"has {len(rows)}")
        left = rows["residual"].to_numpy()
        middle = float(np.median(left))
        robust = TO_SIGMA * float(np.median(np.abs(left - middle)))
        bounded = np.clip(left - middle, -self.most * robust, self.most * robust)
        self.n_ = len(rows)
        # Residuals are capped at `most` standard deviations, and the shift has to be below that.
        self.spread_ = max(float(np.std(bounded, ddof=1)), float(np.log1p(self.shift)) / self.most)
        span = (rows["on"].max() - rows["on"].min()).days + 1
        self.deals_a_month_ = len(rows) * MONTH_DAYS / max(span, MONTH_DAYS)
        relative = (bounded - bounded.mean()) / self.spread_
        # The variance of few deals may be underestimated by chance, and false alarms are rare only with the true one.
        unsure = float(np.sqrt(max((relative**4).mean() - 1, 0.0) / len(rows)))
        between = self.months * self.deals_a_month_ * (1 + len(self.by)) * len(_SIDES)
        up, down = np.log1p(self.shift) / self.spread_, -np.log1p(-self.shift) / self.spread_
        wide = relative * (1 + _SURE * unsure / 2)
        self.sides_ = {"too high": side_of(wide, up, between), "too low": side_of(-wide, down, between)}
        error = float(left.std(ddof=1)) / np.sqrt(len(left))
        if abs(left.mean()) > NORMAL_95 * error and abs(left.mean()) > np.log1p(self.shift) / 2:
            warn(f"the table was {_said(float(left.mean()))} in the reference already: alarms will say so again")
        return self

    def watch(self, deals: pd.DataFrame | Observations, *, id_col: str | None = None) -> Drift:
        """Compare later deals with the table.

        Args:
            deals: deals since the table was made, as `fit` takes them. Deals of one day are added together.
            id_col: as in `fit`.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: a column is missing, or rows have no usable number.
        """
        fitted(self, "sides_")
        check({"id_col": id_col}, {"id_col": maybe(COLUMN)})
        rows = self._rows(deals, id_col)
        streams = [(_ALL, _ALL, np.ones(len(rows), dtype=bool))]
        for column in self.by:
            names = rows[column].to_numpy()
            streams += [(column, str(name), names == name) for name in sorted(set(names))]
        parts = {(kind, name): self._chart(rows[own]) for kind, name, own in streams}
        chart = pd.concat(parts, names=["by", "stream"]).reset_index(level=[0, 1]).reset_index(drop=True)
        return Drift(self, rows, chart)

    def _rows(self, deals: Any, id_col: str | None) -> pd.DataFrame:  # noqa: ANN401 - a table of any library
        """Return day, residual and the columns of `by` of every deal that counts, by day."""
        rows = self._observed(deals) if is_a(deals, Observations) else self._dealt(deals, id_col)
        if rows.empty:
            raise out_of_range("deals", None, "give deals whose models the table prices", "has none that can be used")
        return rows.sort_values(["on", "residual"], kind="stable").reset_index(drop=True)

    def _dealt(self, deals: Any, id_col: str | None) -> pd.DataFrame:  # noqa: ANN401 - a table of any library
        own = self.programme is None
        columns = ("expected_minor", "on", *self.by) if own else ("model", "at")
        deals = as_frame(deals, ("price_minor", id_col, *columns), "DriftMonitor")
        named = id_col or ("id" if "id" in deals.columns else None)
        if named is not None:
            ids = pd.Series(words(deals, named))
            deals = deals[~(ids.duplicated() & (ids != "")).to_numpy()]
        paid = minor(deals, "price_minor").astype(np.float64)
        if self.programme is None:
            expected = minor(deals, "expected_minor").astype(np.float64)
            groups = {column: words(deals, column) for column in self.by}
            on = days(deals, "on").astype("datetime64[s]")
            return pd.DataFrame({"on": on, "residual": np.log(expected / paid), **groups})
        values = valued(deals, self.programme, None, ["exchange_value_minor", "grade"])
        values["on"], values["paid"] = days_of(deals, None), paid
        values = as_frame(values, self.by, "DriftMonitor")
        kept = values["exchange_value_minor"].notna()
        if not kept.all():
            warn(f"{self.programme.id} refuses {named_rows(values.index[~kept])}: they are left out")
        values = values[kept]
        residual = np.log(values["exchange_value_minor"].to_numpy(dtype=np.float64) / values["paid"].to_numpy())
        groups = {column: words(values, column) for column in self.by}
        return pd.DataFrame({"on": values["on"].to_numpy(), "residual": residual, **groups})

    def _observed(self, seen: Observations) -> pd.DataFrame:
        """Compare clean deals and quotes with the programme's price table; an asked price is not a paid one."""
        if self.programme is None:
            raise out_of_range("DriftMonitor.programme", None, "give the programme whose prices they are held against")
        programme, rows = self.programme, seen.clean()
        rows = rows[rows["kind"] != "listing"].reset_index(drop=True)
        at = [moment.to_pydatetime() for moment in rows["on"].dt.tz_localize(programme.zone)]
        prices = [programme.prices.as_of(model, moment) for model, moment in zip(rows["model"], at, strict=True)]
        rows["expected"] = [np.nan if price is None else price.price_minor for price in prices]
        brands = {variant.model: variant.brand for variant in programme.catalogue}
        rows["brand"] = rows["model"].map(brands)
        if "grade" not in rows.columns:
            rows["grade"] = "clean"
        rows = as_frame(rows, self.by, "DriftMonitor") if len(rows) else rows
        rows = rows[rows["expected"].notna()]
        residual = np.log(rows["expected"].to_numpy(dtype=np.float64) / rows["price_minor"].to_numpy(dtype=np.float64))
        groups = {column: words(rows, column) for column in self.by}
        return pd.DataFrame({"on": rows["on"].to_numpy(), "residual": residual, **groups})

    def _chart(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return one row for each day: deals, sum of residuals, and both cumulative sums as shares of their limits.

        The deals of a day have no order, so they are added at once; no alarm comes earlier by that.
        """
        bounded = np.clip(rows["residual"] / self.spread_, -self.most, self.most)
        by_day = bounded.groupby(rows["on"])
        n, total = by_day.size(), by_day.sum()
        found = pd.DataFrame({"n": n, "residual": rows["residual"].groupby(rows["on"]).sum()})
        for sign, (name, side) in zip((1, -1), self.sides_.items(), strict=True):
            found[name] = sums((sign * total - side.allowance * n).to_numpy()) / side.limit
        return found.rename_axis("on").reset_index()


class Drift(Report):
    """The state of the table: whether it is still right, and if not, where, since when and by how much.

    Attributes:
        monitor: the monitor.
        chart: a row for each chart (`by`, `stream`) and day: `n` deals, the sum of their residuals, and how far the
            cumulative sums `too high` and `too low` are, 1 being the limit.
        alarms: a row for each chart and side that passed its limit, the first alarm on top: `told_on`, the day;
            `since`, when the sum left zero, which is about when the shift began; `deals`, the number of the chart's
            deals from then until the alarm; `bias_pct`, the excess of the table over what was paid since then.
    """

    title = "Drift of the table"

    def __init__(self, monitor: DriftMonitor, rows: pd.DataFrame, chart: pd.DataFrame) -> None:
        """Keep the parts; use `DriftMonitor.watch`."""
        self.monitor = monitor
        self.chart = chart
        self._rows = rows
        self.alarms = _alarms(chart)

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the alarms, the state of each chart, and the bias by month."""
        alarms = self.alarms.round({"bias_pct": 1}).set_index(["by", "stream", "side"])
        for column in ("told_on", "since"):
            alarms[column] = alarms[column].dt.date
        return [("Alarms", alarms), ("Charts", self.standing.round(2)), ("Months", self.months.round(1))]

    def notes(self) -> list[str]:
        """Return in a sentence whether the table is still right."""
        first, last = (f"{day:%Y-%m-%d}" for day in (self._rows["on"].min(), self._rows["on"].max()))
        seen = f"{len(self._rows)} deals from {first} to {last}"
        if self.alarms.empty:
            return [f"{seen}: nothing says that the table is wrong."]
        top = self.alarms.iloc[0]
        where = "The table" if top["by"] == _ALL else f"{top['by']} {top['stream']}"
        more = f", and {len(self.alarms) - 1} more charts say so" if len(self.alarms) > 1 else ""
        bias = f"{where} is {top['side']} by about {abs(top['bias_pct']):.1f} % since {top['since']:%Y-%m-%d}"
        told = f"told on {top['told_on']:%Y-%m-%d} after {top['deals']} deals{more}"
        return [f"{seen}: the table is no longer right.", f"{bias}, {told}."]

    @property
    def standing(self) -> pd.DataFrame:
        """The final state of each chart: deals, bias in percent, and both sums, 1 being the limit."""
        groups = self.chart.groupby(["by", "stream"], sort=False)
        found = groups[["n", "residual"]].sum()
        found["bias_pct"] = 100 * np.expm1(found.pop("residual") / found["n"])
        return found.join(groups[[*_SIDES]].last())

    @property
    def months(self) -> pd.DataFrame:
        """The bias of each chart by month, in percent, and limits that chance exceeds as rarely as the alarms."""
        month = self.chart["on"].dt.to_period("M").astype(str).rename("month")
        found = self.chart.groupby([month, "by", "stream"], sort=False)[["n", "residual"]].sum()
        streams = len(self.chart.groupby(["by", "stream"]))
        quantile = -float(ndtri(0.5 / (self.monitor.months * streams)))
        away = quantile * self.monitor.spread_ / np.sqrt(found["n"])
        found["bias_pct"] = 100 * np.expm1(found.pop("residual") / found["n"])
        return found.assign(low_pct=100 * np.expm1(-away), high_pct=100 * np.expm1(away))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the distance of each chart from its alarm; see `plots.drift`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.drift(self, ax=ax)


_ALARMS = ["by", "stream", "side", "told_on", "since", "deals", "bias_pct"]


def _alarms(chart: pd.DataFrame) -> pd.DataFrame:
    found = []
    for (kind, name), rows in chart.groupby(["by", "stream"], sort=False):
        for side in _SIDES:
            past = np.flatnonzero(rows[side].to_numpy() >= 1)
            if len(past):
                told = rows.iloc[: past[0] + 1]
                zero = np.flatnonzero(told[side].to_numpy() == 0)
                since = told.iloc[zero[-1] + 1 :] if len(zero) else told
                bias = 100 * float(np.expm1(since["residual"].sum() / since["n"].sum()))
                days_ = (told["on"].iloc[-1], since["on"].iloc[0])
                found.append((kind, name, side, *days_, int(since["n"].sum()), bias))
    alarms = pd.DataFrame(found, columns=_ALARMS)
    alarms = alarms.astype({"told_on": "datetime64[s]", "since": "datetime64[s]"})
    return alarms.sort_values("told_on", kind="stable").reset_index(drop=True)


def _said(residual: float) -> str:
    return f"{_SIDES[residual < 0]} by {abs(100 * np.expm1(residual)):.1f} %"
