"""The possible loss on locked quotes while the market moves, and its covers.

A quote that is locked for some days is a promise at an old price. Its possible loss comes from price changes in past
stretches of the same length, a stretch drawn at once for all phones, because prices fall together:
historical simulation (Hull, "Risk Management and Financial Institutions", chapter 13). The falls after launches are
removed from the past and put where the calendar has them. Between two days on which a market's price was observed it
is a random walk (a Brownian bridge) with the variance of the panel's own changes.

>>> from datetime import date
>>> from miexchange.tuning import LockRisk, simulate_panel
>>> launches = [date(2018, 9, 1), date(2019, 9, 1), date(2020, 9, 1)]
>>> panel = simulate_panel(20, 900, seed=1, launches=launches[:2])
>>> risk = LockRisk(launches=launches).fit(panel)
>>> risk.by_day(on=date(2020, 8, 25), days=14).round(1).loc[[1, 7, 14], ["mean_pct", "bound_pct"]].to_numpy().tolist()
[[0.1, 1.2], [0.6, 3.4], [2.3, 6.3]]
"""

from __future__ import annotations

from copy import copy
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import pandas as pd

from miexchange.errors import out_of_range
from miexchange.money import BPS, Currency
from miexchange.tuning._arguments import (
    COLUMN,
    DATE,
    SEED,
    Rule,
    check,
    each,
    instance,
    maybe,
    one_of,
    real,
    takes,
    whole,
)
from miexchange.tuning._checks import as_frame, days, fitted, minor, named_rows, of_another_unit, warn, words
from miexchange.tuning._intervals import share_of
from miexchange.tuning._normal import NORMAL_95
from miexchange.tuning._open import LONGEST, Asked, OpenRisk, drawn_of, groups_of, shortfall
from miexchange.tuning._progress import track
from miexchange.tuning._report import Report
from miexchange.tuning.curve import Estimator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from miexchange.tuning._additive import Floats

    Ints = npt.NDArray[np.int64]

__all__ = ["LockReplay", "LockRisk", "OpenRisk"]

_MOST_CELLS = 50_000_000  # model-days of a panel
_BLOCK = 30  # days that scatter together, for errors
_DAY = np.timedelta64(1, "D")
_OF_ALL = 3.0  # the number of own changes at which a model's variance weighs as much as that of all models
_NOTHING = 1e-12
_LEVEL = Rule(lambda level: real(above=0.5, below=1).fits(level), "give a level between 0.5 and 1, such as 0.95")
_LOCK = whole(1, LONGEST)
_RULES = {
    "between": one_of("walk", "step"),
    "launches": each(DATE),
    "launch_days": whole(1, LONGEST),
    "longest_gap": whole(1, 10 * LONGEST),
    "seed": SEED,
}
_CURRENCY = Rule(lambda code: bool(Currency(code)), "give the code of a currency, such as INR")


class LockReplay(Report):
    """The loss of a lock on every day of the past, beside the bound computed on that day.

    Attributes:
        rows: one row for each day and model: `on`, `model`, `loss_pct`, `bound_pct`, `broken`.
        lock: the days of validity of the quotes.
        level: the level of the bound.
    """

    title = "Replay of a lock"

    def __init__(self, rows: pd.DataFrame, lock: int, level: float) -> None:
        """Keep the parts; use `LockRisk.replay`."""
        self.rows = rows
        self.lock = lock
        self.level = level

    @property
    def summary(self) -> pd.Series[float]:
        """The number of model-dates, and the share that broke the bound, with its 95 % interval, clustered by day."""
        return _broken(self.rows)

    @property
    def by_year(self) -> pd.DataFrame:
        """The same by year."""
        years = self.rows["on"].dt.year
        return pd.DataFrame({year: _broken(rows) for year, rows in self.rows.groupby(years)}).T.rename_axis("year")

    def __repr__(self) -> str:
        """Return a summary of the breaks."""
        found = self.summary
        return (
            f"<LockReplay of {self.lock} days: the {100 * self.level:g} % bound is broken in "
            f"{found['broken_pct']:.1f} % of {found['n']:.0f} model-dates "
            f"(95 %: {found['low_pct']:.1f} to {found['high_pct']:.1f})>"
        )

    def notes(self) -> list[str]:
        """Return the result as a sentence."""
        return [repr(self).strip("<>")]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the shares by year, and the worst days."""
        worst = self.rows.assign(over_pct=self.rows["loss_pct"] - self.rows["bound_pct"])
        worst = worst.sort_values("over_pct", ascending=False, kind="stable").head(10)
        worst = worst.assign(on=[f"{day:%Y-%m-%d}" for day in worst["on"]])
        return [("By year", self.by_year.round(1)), ("Broken most", worst.round(1))]

    def to_frame(self) -> pd.DataFrame:
        """Return the model-dates."""
        return self.rows.copy()


class LockRisk(Estimator):
    """Price changes over stretches of days: drift, falls after launches, and common and individual scatter.

    Args:
        between: the price between two days on which it was observed: ``walk`` for a market's, a
            random walk from one to the other; ``step`` for a list's, which holds until the next one.
        launches: the calendar: days of launches, past and to come.
        launch_days: the days from a launch on during which prices fall faster.
        longest_gap: the most days between two observations of a model; longer gaps are not filled.
        seed: the seed of the walks.

    Attributes:
        together_: for walks, the share of the variance of a day's change that all models have in common.
        drift_: the daily fall of the logarithm of a price, outside of launches.
        launches_: the past launches: `effect` (the total extra fall of the logarithm; one below 0 counts as
            0) and the number of observed `models`.
        n_: the number of fitted prices.
        models_: the number of their models.
        first_: the first day of the panel.
        last_: its last day.
    """

    def __init__(
        self,
        *,
        between: Literal["walk", "step"] = "walk",
        launches: Sequence[date] = (),
        launch_days: int = 30,
        longest_gap: int = 100,
        seed: int = 0,
    ) -> None:
        """Store the parameters; `fit` checks and uses them, and a later change has no effect until the next `fit`."""
        self.between = between
        self.launches = launches
        self.launch_days = launch_days
        self.longest_gap = longest_gap
        self.seed = seed

    def __repr__(self) -> str:
        """Return a summary of the fit."""
        if "drift_" not in self.__dict__:
            return "<LockRisk, not fitted>"
        more = f", {len(self.launches_)} launches" if len(self.launches_) else ""
        return (
            f"<LockRisk fitted on {self.n_} prices of {self.models_} models, {self.first_:%Y-%m-%d} to "
            f"{self.last_:%Y-%m-%d}: {BPS * self.drift_:.1f} basis points a day{more}>"
        )

    @takes(model_col=COLUMN, on_col=COLUMN, price_col=COLUMN)
    def fit(
        self, panel: pd.DataFrame, *, model_col: str = "model", on_col: str = "on", price_col: str = "price_minor"
    ) -> Self:
        """Learn from prices of the same models on several days.

        Args:
            panel: one row for each model and day on which it was observed; unchanged.
            model_col: the model, in one memory size.
            on_col: the day.
            price_col: the price on that day, in minor units.

        Raises:
            InvalidValue: a parameter is out of range, a column is missing, rows have no usable value, a model has two
                prices on a day, or no model is observed on two days.
        """
        check(self.get_params(), _RULES, "LockRisk.")
        self._calendar, self._fall_days = tuple(sorted(set(self.launches))), self.launch_days
        panel = as_frame(panel, (model_col, on_col, price_col), "LockRisk.fit")
        models, names = pd.factorize(words(panel, model_col), sort=True)  # so that the order of rows decides nothing
        self._model_names = np.asarray(names)
        self.n_, self.models_ = len(panel), len(names)
        self._read(panel, models, days(panel, on_col), np.log(minor(panel, price_col)), on_col)
        return self

    def _read(
        self, panel: pd.DataFrame, models: npt.NDArray[np.intp], on: npt.NDArray[np.datetime64], logs: Floats, col: str
    ) -> None:
        """Make the paths: the logarithm of each model's price on each day, NaN where it is unknown."""
        first, last = on.min(), on.max()
        place = ((on - first) / _DAY).astype(np.int64)
        wide, long = int(models.max()) + 1, int(place.max()) + 1
        if wide * long > _MOST_CELLS:
            what = f"has {wide} models in {long} days"
            raise out_of_range(col, None, f"give at most {_MOST_CELLS:,} model-days", what)
        order = np.lexsort((place, models))
        again = (np.diff(models[order]) == 0) & (np.diff(place[order]) == 0)
        if again.any():
            bad = order[1:][again]
            which = f"is there twice for a model ({named_rows(panel.index[bad])})"
            raise out_of_range(col, on[bad[0]].astype(date), "give each model one price for a day", which=which)
        sights = [
            (int(models[rows[0]]), place[rows], logs[rows])
            for rows in np.split(order, np.flatnonzero(np.diff(models[order])) + 1)
        ]
        jumps = np.diff(logs[order]), np.diff(models[order]) == 0
        leaps = order[1:][jumps[1] & of_another_unit(np.exp(jumps[0]), 1.0)]
        if len(leaps):
            warn(f"{named_rows(panel.index[leaps])} are three times the price before, or a third: is the unit right?")
        paths = np.full((long, wide), np.nan)
        for model, seen, price in sights:
            paths[:, model] = self._path(seen, price, long)
        self.first_, self.last_ = first.astype(date), last.astype(date)
        self._asked_on = np.unique(place) if self.between == "walk" else np.arange(long)
        if not np.isfinite(np.diff(paths, axis=0)).any():
            what = f"has no model with two prices within {self.longest_gap} days"
            raise out_of_range(col, None, "give prices of the same models on several days", what)
        self._fit_falls(paths)
        self._paths = paths + self._walks(sights, paths) if self.between == "walk" else paths

    def _path(self, place: Ints, logs: Floats, long: int) -> Floats:
        """Return one model's logarithms on every day, at the mean of its walks."""
        every = np.arange(long)
        if self.between == "walk":
            found = np.interp(every, place, logs, left=np.nan, right=np.nan)
        else:
            before = np.searchsorted(place, every, side="right") - 1
            found = np.where((before >= 0) & (every <= place[-1]), logs[before], np.nan)
        for begin in np.flatnonzero(np.diff(place) > self.longest_gap):
            found[place[begin] + 1 : place[begin + 1]] = np.nan
        return found

    def _walks(self, sights: list[tuple[int, Ints, Floats]], paths: Floats) -> Floats:
        """Return each model's deviation from the line between its observations; 0 on their days.

        Its variance comes from the model's own changes and those of all models; the common part from the correlation of
        the models' changes on a day (the mean over pairs).
        """
        squares = [((np.diff(price) + self.drift_ * np.diff(seen)) ** 2 / np.diff(seen)) for _, seen, price in sights]
        pooled = float(np.concatenate(squares).mean())
        variance = np.array([(own.sum() + _OF_ALL * pooled) / (len(own) + _OF_ALL) for own in squares])
        size = np.sqrt(variance)  # observations are sorted by model
        changes = (np.diff(paths, axis=0) + self.drift_) / np.maximum(size, _NOTHING)
        number, sums = np.isfinite(changes).sum(axis=1), np.nansum(changes, axis=1)
        square = np.nansum(changes**2, axis=1)
        pairs = float((np.maximum(number - 1, 0) * square).sum())
        self.together_ = float(np.clip((sums**2 - square).sum() / pairs, 0.0, 1.0)) if pairs > 0 else 0.0
        make = np.random.default_rng(self.seed)
        steps = np.sqrt(self.together_) * make.normal(size=(len(paths), 1))
        steps = steps + np.sqrt(1 - self.together_) * make.normal(size=paths.shape)
        walk = np.cumsum(steps, axis=0) * size
        every = np.arange(len(paths))
        for model, seen, _ in sights:
            walk[:, model] -= np.interp(every, seen, walk[seen, model])
        found: Floats = walk
        return found

    def _fit_falls(self, paths: Floats) -> None:
        """Fit the drift and the fall after each observed launch, by least squares on the days."""
        changes = np.diff(paths, axis=0)
        seen = np.isfinite(changes).sum(axis=1)
        mean = np.where(seen > 0, np.nansum(changes, axis=1) / np.maximum(seen, 1), 0.0)
        every, begins = np.arange(len(mean)), [(launch - self.first_).days for launch in self._calendar]
        inside = [(every >= begin) & (every < begin + self._fall_days) for begin in begins]
        # A launch of which less than half was observed determines no fall, and its days no drift either.
        told = [(seen[own] > 0).sum() * 2 >= self._fall_days for own in inside]
        used = seen > 0
        for own, there in zip(inside, told, strict=True):
            used = used & (there | ~own)
        kept = [own for own, there in zip(inside, told, strict=True) if there]
        if not (used & ~np.any([np.zeros(len(used), dtype=bool), *inside], axis=0)).any():
            what = "leaves no day of the panel"
            raise out_of_range("LockRisk.launches", None, "give a panel with days outside of launches", what)
        design = np.column_stack([np.ones(len(mean)), *(own / self._fall_days for own in kept)])[used]
        weight = seen[used].astype(np.float64)
        inverse = np.linalg.pinv((design * weight[:, None]).T @ design)
        solution = inverse @ (design.T @ (weight * mean[used]))
        # Successive days are correlated; the scatter of blocks gives the effective number of days.
        left = mean[used] - design @ solution
        sums, sizes = np.bincount(every[used] // _BLOCK, left), np.bincount(every[used] // _BLOCK)
        spare = max((sizes > 0).sum() / max((sizes > 0).sum() - design.shape[1], 1), 1.0)
        scatter = float((sums**2).sum() / sizes.sum()) * spare
        heavy = design * weight[:, None]
        self._solution, self._covariance = -solution, scatter * inverse @ (heavy.T @ heavy) @ inverse
        self.drift_ = float(-solution[0])
        days_of = [begin for begin, there in zip(begins, told, strict=True) if there]
        # A launch never raises a price: an apparent rise is chance.
        self._effects = np.array([np.maximum(-solution[1:], 0.0), days_of], dtype=np.float64).reshape(2, -1)
        index = pd.Index([self.first_ + timedelta(begin) for begin in days_of], name="launch", dtype=object)
        models = [int(np.isfinite(changes[own]).any(axis=0).sum()) for own in kept]
        self.launches_ = pd.DataFrame({"effect": -solution[1:], "models": models}, index=index)

    @property
    def summary(self) -> pd.DataFrame:
        """Drift and launches with their errors, 95 % bounds and n (days, models), on the logarithm of the price.

        `effect` is the loss as a share of the price: daily for the drift, in total for a launch.

        Raises:
            NotFitted: before `fit`.
        """
        fitted(self, "drift_")
        errors = np.sqrt(np.maximum(np.diag(self._covariance), 0.0))
        labels = [("drift", ""), *(("launch", f"{day:%Y-%m-%d}") for day in self.launches_.index)]
        frame = pd.DataFrame(
            {"coefficient": self._solution, "se": errors}, pd.MultiIndex.from_tuples(labels, names=["term", "level"])
        )
        frame["low"] = frame["coefficient"] - NORMAL_95 * errors
        frame["high"] = frame["coefficient"] + NORMAL_95 * errors
        frame["n"] = [int(np.isfinite(np.diff(self._paths, axis=0)).any(axis=1).sum()), *self.launches_["models"]]
        frame["effect"] = -np.expm1(-frame["coefficient"])
        return frame

    def _launched(self, begin: Floats, first: Floats, horizon: int) -> Floats:
        """Return the share of each launch's days that lies in a stretch, for each day of it: first, launch, day."""
        ends = first[:, None, None] + np.arange(horizon + 1)[None, None, :]
        begins = begin[None, :, None]
        inside = np.minimum(ends, begins + self._fall_days) - np.maximum(first[:, None, None], begins)
        found: Floats = np.maximum(inside, 0.0) / self._fall_days
        return found

    def _ahead(self, on: date, horizon: int) -> Floats:
        """Return the same of the calendar from a day on: launch, day; only launches within reach.

        Raises:
            InvalidValue: a launch is within reach, and the panel contains none.
        """
        begin = np.array([(launch - on).days for launch in self._calendar], dtype=np.float64)
        shares: Floats = self._launched(begin, np.zeros(1), horizon)[0]
        shares = shares[shares[:, -1] > 0]
        if len(shares) and not self._effects.size:
            rule = "give a panel with a launch in it, or no launches"
            raise out_of_range("LockRisk.launches", None, rule, "has a launch ahead, and none that the panel has seen")
        return shares

    def _stretches(self, horizon: int) -> npt.NDArray[np.intp]:
        """Return the first days of the stretches of that length that some model has in full.

        Raises:
            InvalidValue: there is none.
        """
        there = np.vstack([np.zeros((1, self.models_)), np.cumsum(np.isfinite(self._paths), axis=0)])
        starts = np.arange(max(len(self._paths) - horizon, 0))
        found: npt.NDArray[np.intp] = starts[((there[starts + horizon + 1] - there[starts]) == horizon + 1).any(axis=1)]
        if not len(found):
            rule = f"give a panel in which some model is seen for {horizon} days and more, or a shorter lock"
            raise out_of_range("panel", None, rule, f"has no stretch of {horizon} days")
        return found

    def _changes(self, starts: npt.NDArray[np.intp], horizon: int) -> Floats:
        """Return the log-change over that many days, without launches: a row for each start, NaN where unknown."""
        past = self._launched(self._effects[1], starts.astype(np.float64), horizon)[:, :, -1] @ self._effects[0]
        found: Floats = self._paths[starts + horizon] - self._paths[starts] + past[:, None]
        return found

    def _values(self, on: date, horizon: int) -> Floats:
        """Return the factor of the price after that many days, one for each stretch and model of the past."""
        changes = self._changes(np.arange(max(len(self._paths) - horizon, 0)), horizon)
        changes = changes[np.isfinite(changes)]
        ahead = float(self._ahead(on, horizon)[:, -1].sum())
        if ahead:
            changes = (changes[:, None] - ahead * self._effects[0][None, :]).ravel()
        return np.exp(changes)

    @takes(on=DATE, days=_LOCK, level=_LEVEL)
    def by_day(self, *, on: date, days: int, level: float = 0.95) -> pd.DataFrame:
        """Return the possible loss of a quote made on a day, by the days that it is locked.

        Args:
            on: the day of the quote.
            days: the most days that it may be locked.
            level: the level of the bound.

        Returns:
            A row for each number of days: `mean_pct`, `median_pct`, `bound_pct` and `shortfall_pct` of the loss, in
            percent of the quote (below 0 where prices rise), and the number of model-dates, `n`.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: the panel has no such stretch, or no launch although one is ahead.
        """
        fitted(self, "drift_")
        self._stretches(days)
        found = {}
        for held in range(1, days + 1):
            lost = 100 * (1 - self._values(on, held))
            bound = float(np.quantile(lost, level))
            found[held] = (lost.mean(), np.median(lost), bound, shortfall(lost, level), len(lost))
        columns = ["mean_pct", "median_pct", "bound_pct", "shortfall_pct", "n"]
        return pd.DataFrame.from_dict(found, orient="index", columns=columns).rename_axis("days").astype({"n": "int64"})

    @takes(on=DATE, days=_LOCK)
    def drift_bps_per_day(self, *, on: date, days: int) -> int:
        """Return the setting of that name for terms whose price list is made on a day and renewed some days later.

        It is the mean fall until then, with the launches of the calendar, shared out over the days and rounded to the
        nearest whole basis point; 0 if prices rise. Terms refuse one that would take the whole price while it is
        fresh.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: the panel has no such stretch, or no launch although one is ahead.
        """
        fitted(self, "drift_")
        self._stretches(days)
        return max(round(BPS * (1 - float(self._values(on, days).mean())) / days), 0)

    @takes(
        on=DATE,
        level=_LEVEL,
        redeemed=maybe(each(real(least=0), "give a share for each day after the quote, beginning with the day itself")),
        asks_again=instance(bool, "give True or False"),
        no_end_days=maybe(whole(0, LONGEST)),
        draws=whole(100, 1_000_000),
        seed=SEED,
        currency=_CURRENCY,
    )
    def forecast(
        self,
        book: pd.DataFrame,
        *,
        on: date,
        level: float = 0.95,
        redeemed: Sequence[float] | None = None,
        asks_again: bool = True,
        no_end_days: int | None = None,
        draws: int = 1_000,
        seed: int = 0,
        currency: str = "INR",
    ) -> OpenRisk:
        """Forecast the loss on open quotes and coupons from a day until they are redeemed.

        The loss is the payment minus the market's price on the day of redemption. The list's fall since the
        quotes were made is not included: it is known, and `exposure` reports it.

        Args:
            book: one row for each quote, or for several of one day: `value_minor`, the promise; `day`, the last
                day of validity (missing if there is no end); and optionally `coupons`, their
                number, and `quoted_on`. The days, coupons and values of `Ledger.open_exposure` are such a table.
                Unchanged.
            on: the first day.
            level: the level of the bound.
            redeemed: the share of quotes redeemed on the day of the quote, one day after it, …; the rest lapses.
                None: all are redeemed on their last day, which is the worst case if prices fall.
            asks_again: a customer whose quote is below the market's price asks for a new one, so a rise gains nothing.
            no_end_days: the latest redemption of quotes without an end, in days.
            draws: the number of past stretches drawn.
            seed: the seed of the draws.
            currency: of the values.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: a column is missing, rows have no usable value or are past their last day, rows have no end
                and `no_end_days` is not given, or the panel has no such stretch.
        """
        fitted(self, "drift_")
        shares = None if redeemed is None else tuple(float(one) for one in redeemed)
        if shares is not None and not 0 < sum(shares) <= 1 + 1e-9:
            what = f"adds up to {sum(shares):g}"
            raise out_of_range("redeemed", None, "give shares that add up to more than 0 and at most 1", what)
        groups = groups_of(book, on, no_end_days)
        # A copy, because the covers are drawn later, when this model may have been fitted again.
        asked = Asked(copy(self), groups, on, shares, asks_again, draws, seed)
        longest = max(group.held + group.left for group in groups)
        return OpenRisk(asked, drawn_of(asked, longest, None)[0], level, Currency(currency))

    @takes(
        lock=_LOCK, since=DATE, level=_LEVEL, every=_LOCK, **dict.fromkeys(("model_col", "on_col", "price_col"), COLUMN)
    )
    def replay(
        self,
        panel: pd.DataFrame,
        *,
        lock: int,
        since: date,
        level: float = 0.95,
        every: int = 1,
        model_col: str = "model",
        on_col: str = "on",
        price_col: str = "price_minor",
    ) -> LockReplay:
        """Compute on each day of a panel the bound of a lock from earlier data, and compare the actual loss with it.

        The calendar is taken as known; a launch without an earlier one in the data has no effect.

        Args:
            panel: as for `fit`; neither it nor this model is changed.
            lock: the days of validity of the quotes.
            since: the first day.
            level: the level of the bound.
            every: use every n-th day on which prices are known.
            model_col: as in `fit`.
            on_col: as in `fit`.
            price_col: as in `fit`.

        Raises:
            InvalidValue: the panel cannot be fitted, or has no stretch of that length before and after `since`.
        """
        columns = {"model_col": model_col, "on_col": on_col, "price_col": price_col}
        whole_panel = type(self)(**self.get_params()).fit(panel, **columns)
        panel = as_frame(panel, (model_col, on_col, price_col), "LockRisk.replay")
        seen = days(panel, on_col)
        first = max((since - whole_panel.first_).days, lock)
        asked = whole_panel._asked_on  # noqa: SLF001 - of its own kind
        asked = asked[(asked >= first) & (asked + lock < len(whole_panel._paths))][::every]  # noqa: SLF001
        rows = []
        for start in track(asked.tolist(), "Replay"):
            on = whole_panel.first_ + timedelta(start)
            known = type(self)(**self.get_params()).fit(panel[seen <= np.datetime64(on)], **columns)
            if not known._effects.size:  # noqa: SLF001
                known._calendar = ()  # noqa: SLF001
            known._stretches(lock)  # noqa: SLF001
            bound = float(np.quantile(1 - known._values(on, lock), level))  # noqa: SLF001
            lost = -np.expm1(whole_panel._paths[start + lock] - whole_panel._paths[start])  # noqa: SLF001
            told = np.isfinite(lost)
            names = whole_panel._model_names[told]  # noqa: SLF001
            part = {"on": pd.Timestamp(on), "model": names, "loss_pct": 100 * lost[told], "bound_pct": 100 * bound}
            rows.append(pd.DataFrame(part))
        if not rows or not sum(map(len, rows)):
            what = f"has no price {lock} days after {since:%Y-%m-%d} or later"
            raise out_of_range("since", since, f"give a day that is followed by {lock} days of the panel", what)
        found = pd.concat(rows, ignore_index=True)
        # Equal amounts differ in the last digits after they were logarithms.
        found["broken"] = found["loss_pct"] > found["bound_pct"] + 1e-9
        return LockReplay(found, lock, level)


def _broken(rows: pd.DataFrame) -> pd.Series[float]:
    """Return the share of rows that broke the bound, clustered by day."""
    share = share_of(rows["broken"].to_numpy(dtype=bool), pd.factorize(rows["on"])[0])
    bounds = {"broken_pct": 100 * share.value, "low_pct": 100 * share.low, "high_pct": 100 * share.high}
    return pd.Series({"n": float(len(rows)), "days": float(rows["on"].nunique()), **bounds})
