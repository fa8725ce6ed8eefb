"""Price tables from observations: robust, dated, each price with n, an interval and a basis.

For each variant and date: rows lose weight with age and are aged by the curve, asked prices are scaled to paid ones,
outliers beyond a number of median absolute deviations are left out, and the weighted median is shrunk to the
depreciation curve, the more so the fewer the data. The result is a `PriceTable` of the core.

>>> from datetime import date
>>> from miexchange import Programme
>>> from miexchange.tuning import Observations, PriceTableBuilder, simulate_observations
>>> programme = Programme.load("mi-exchange-india")
>>> rows = simulate_observations(programme, 600, seed=1, models=12)
>>> found = Observations.read(rows, programme.catalogue, as_of=date(2018, 6, 30))
>>> builder = PriceTableBuilder(catalogue=programme.catalogue).fit(found, zone=programme.zone, dates=[date(2018, 6, 1)])
>>> len(builder.table_)
12
>>> builder.summary.columns.to_list()
['price_minor', 'low_minor', 'high_minor', 'n', 'effective_n', 'curve_share', 'basis', 'regime', 'source']
"""

from __future__ import annotations

from datetime import date, tzinfo
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pandas as pd

from miexchange._text import counted
from miexchange._time import midnight
from miexchange.catalogue import Catalogue
from miexchange.errors import missing, out_of_range
from miexchange.market import Price, PriceTable
from miexchange.money import GREATEST_AMOUNT
from miexchange.tuning._arguments import TEXT, Rule, check, each, instance, mapping, maybe, one_of, real, takes, whole
from miexchange.tuning._cells import YEARS
from miexchange.tuning._checks import fitted, named_rows, of_another_unit, warn
from miexchange.tuning._kinds import KindOffsets, kind_offsets
from miexchange.tuning._launches import MONTH_DAYS, launches_of
from miexchange.tuning._normal import NORMAL_95, TO_SIGMA
from miexchange.tuning._progress import track
from miexchange.tuning._report import in_units
from miexchange.tuning.curve import DepreciationCurve, Estimator
from miexchange.tuning.observations import KINDS, REGIMES, Observations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miexchange.money import Currency

__all__ = ["PriceTableBuilder"]

_MEDIAN_COST = 1.2533  # the standard error of a median relative to that of a mean, for a normal distribution
_LEAST_SPREAD = 0.005  # prices come in round steps, so the scatter is not taken to be smaller
_POOLED = 5.0  # the weight, in rows, of the scatter that all variants share
_FEW_FAR = 0.5  # the share of models far from all in the curve's data up to which its unit is accepted
_FEWEST_ALONE = 5  # variants with one row, from which on the warning mentions price lists
_FEWEST_UNSAID = 5  # rows of a kind without a known ratio, from which on there is a warning
_FOREVER = 6.0  # half-lives after which a row is left out


_DAY = Rule(lambda day: type(day) is date and day.year in YEARS, f"give a date from {YEARS[0]} to {YEARS[-1]}")
_COUNT = real(above=0)
_RULES = {
    "catalogue": maybe(instance(Catalogue)),
    "curve": maybe(instance(DepreciationCurve)),
    "half_life_days": _COUNT,
    "outlier_mads": _COUNT,
    "minimum": whole(1),
    "curve_rows": real(least=0),
    "kind_weights": maybe(mapping(one_of(*KINDS), real(least=0))),
    "kind_ratios": maybe(mapping(one_of(*KINDS), real(least=0.1, below=10, says="give a ratio such as 1.15"))),
    "regime": maybe(one_of(*REGIMES)),
    "round_to_minor": whole(1, GREATEST_AMOUNT),
}


class PriceTableBuilder(Estimator):
    """Builds dated market prices from observations.

    Args:
        catalogue: the models; needed for the curve, which uses brand, launch and new price.
        curve: a fitted `DepreciationCurve` on minor units with its default column names, to which sparse data are
            shrunk; None for none. One with days has them in `on`, its lines in `brand` and its variants in `model`, as
            in `Observations.market`: an older row then takes the steps and the season up to the date.
        half_life_days: the age at which the weight of a row is half.
        outlier_mads: rows more than this number of median absolute deviations from their variant's median are dropped.
        minimum: a variant with fewer rows is not priced without a curve, and `modelled` with one; 1 for a price list.
        curve_rows: the weight of the curve, in rows.
        kind_weights: the weight of a row of each kind.
        kind_ratios: the known ratios of kinds of prices to paid prices, such as ``{"listing": 1.15}``; others are
            estimated from the variants that also have deals.
        regime: use rows of this warranty regime only; None for all.
        round_to_minor: prices are rounded to the nearest multiple.

    Attributes:
        table_: the `PriceTable`.
        outliers_: the rows left out as outliers, with their distance in deviations.
        kinds_: for each date and kind, its ratio to paid prices, and its basis: `paid`, `stated`, `estimated` (with
            the number of variants), or `assumed` if the data do not determine it.
        thin_: the variants that could not be priced, with n.
        zone_: the time zone of the table's days.
        currency_: the currency of its prices.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue | None = None,
        curve: DepreciationCurve | None = None,
        half_life_days: float = 45.0,
        outlier_mads: float = 4.0,
        minimum: int = 3,
        curve_rows: float = 3.0,
        kind_weights: Mapping[str, float] | None = None,
        kind_ratios: Mapping[str, float] | None = None,
        regime: str | None = None,
        round_to_minor: int = 1000,
    ) -> None:
        """Store the parameters; they are checked by `fit`."""
        self.catalogue = catalogue
        self.curve = curve
        self.half_life_days = half_life_days
        self.outlier_mads = outlier_mads
        self.minimum = minimum
        self.curve_rows = curve_rows
        self.kind_weights = kind_weights
        self.kind_ratios = kind_ratios
        self.regime = regime
        self.round_to_minor = round_to_minor

    def __repr__(self) -> str:
        """Return a summary of the table."""
        if "table_" not in self.__dict__:
            return "<PriceTableBuilder, not fitted>"
        count, dates = len(self._frame), self._frame.index.get_level_values("effective_from").nunique()
        return f"<PriceTableBuilder: {count} prices on {dates} dates; {len(self.thin_)} variants too thin>"

    @takes(
        observations=instance(Observations, "give Observations, as Observations.read returns"),
        dates=Rule(lambda dates: len(dates) > 0 and each(_DAY).fits(dates), "give at least one date"),
        launch_prices=maybe(mapping(TEXT, whole(1, GREATEST_AMOUNT))),
        zone=instance(tzinfo, "give a time zone, such as the programme's"),
    )
    def fit(
        self,
        observations: Observations,
        *,
        dates: Sequence[date],
        launch_prices: Mapping[str, int] | None = None,
        zone: tzinfo,
    ) -> Self:
        """Build the table.

        Args:
            observations: the observations; rows of clean devices are used.
            dates: the first days of the prices; each is computed from rows up to that day only.
            launch_prices: the price when new, in minor units, if the catalogue has none.
            zone: the time zone of those days.

        Raises:
            InvalidValue: a parameter is out of range, or no variant has enough rows.
        """
        self._check()
        rows = observations.clean()
        if self.regime is not None:
            rows = rows[rows["warranty"] == self.regime] if "warranty" in rows.columns else rows.iloc[:0]
        regimes = _regimes(rows)
        weights = {"deal": 1.0, "quote": 1.0, "listing": 0.5, **(self.kind_weights or {})}
        rows = rows.assign(_log=np.log(rows["price_minor"]), _kind=rows["kind"].map(weights).astype(float))
        rows = rows[rows["_kind"] > 0]
        self._launch = dict(launch_prices or {})
        self.zone_, self.currency_ = zone, observations.currency
        parts, outliers = [], []
        self._kinds: dict[date, KindOffsets] = {}
        self._far = ""
        for day in track(sorted(set(dates)), "Prices"):
            part, left_out = self._of_day(rows, day)
            parts.append(part)
            outliers.append(left_out)
        frame = pd.concat(parts, ignore_index=True)
        self.kinds_ = pd.concat({day: found.table for day, found in self._kinds.items()}, names=["effective_from"])
        self.outliers_ = pd.concat(outliers, ignore_index=True).drop_duplicates("row")
        priced = frame["price"].notna()
        self.thin_ = frame.loc[~priced, ["model", "effective_from", "n"]].reset_index(drop=True)
        if not priced.any():
            what = f"has {counted(len(rows), 'usable row')}, and no variant {self.minimum} of them"
            rule = "lower minimum, or give a curve; a price list has one row for each variant: give minimum=1"
            raise out_of_range("observations", None, rule, what)
        alone = int((self.thin_["n"] == 1).sum())
        if alone >= _FEWEST_ALONE and alone > _FEW_FAR * len(frame):
            warn(f"{alone} of {len(frame)} variants have one row each, and get no price: minimum=1 is for price lists")
        self._finish(frame[priced].copy(), regimes, zone)
        if self._far:
            warn(self._far)
        return self

    def _check(self) -> None:
        check(self.get_params(), _RULES, "PriceTableBuilder.")
        if self.curve is not None:
            fitted(self.curve, "model_")
            if self.catalogue is None:
                raise missing("PriceTableBuilder.catalogue", "give the catalogue, whose launch facts the curve needs")

    def _of_day(self, rows: pd.DataFrame, day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the prices of one day, and the rows that were left out as outliers."""
        days = (pd.Timestamp(day) - rows["on"]).dt.days.to_numpy()
        fresh = (days >= 0) & (days <= _FOREVER * self.half_life_days)
        rows = rows[fresh].assign(_weight=rows["_kind"][fresh] * 0.5 ** (days[fresh] / self.half_life_days))
        rows["_log"] += self._aged(rows["model"], days[fresh], day)
        kinds = self._kinds[day] = kind_offsets(rows["_log"], rows["model"], rows["kind"], self.kind_ratios or {})
        rows["_log"] -= kinds.logs
        unsaid = kinds.assumed(rows["kind"], _FEWEST_UNSAID)
        if unsaid.any():
            names = ", ".join(sorted(set(rows["kind"][unsaid])))
            warn(
                f"{named_rows(rows['row'][unsaid])} are of the kind {names}, and too few variants have deals or quotes "
                f"beside them: they are taken for what is paid on {day}. State the ratio with kind_ratios="
            )
        middle = rows.groupby("model")["_log"].transform("median")
        deviation = (rows["_log"] - middle).abs()
        spread = TO_SIGMA * deviation.groupby(rows["model"]).transform("median")
        everywhere = max(float(TO_SIGMA * deviation.median()) if len(deviation) else 0.0, _LEAST_SPREAD)
        count = rows.groupby("model")["_log"].transform("size")
        # The median deviation of three prices is unreliable: it is pooled with that of all variants.
        scale = np.sqrt((count * spread**2 + _POOLED * everywhere**2) / (count + _POOLED))
        far: pd.Series[float] = deviation / np.maximum(scale, _LEAST_SPREAD)
        outlying = far > self.outlier_mads
        apart = of_another_unit(np.exp(rows["_log"]), np.exp(middle)) & ~outlying
        if apart.any():
            beyond = "more than three times the price of their variant, or less than a third"
            warn(f"{named_rows(rows['row'][apart])} are {beyond}: is the unit right? Prices are in minor units")
        left_out = rows.loc[outlying, ["row", "model", "price_minor", "on", "kind", "source"]].assign(
            deviations=far[outlying]
        )
        kept = rows[~outlying]
        frame = _weighted_medians(pd.DataFrame(kept))
        frame["kinds"] = kept.groupby("model")["kind"].agg(lambda kind: ", ".join(map(kinds.says, sorted(set(kind)))))
        curve = self._curve_logs(day)
        if self.curve is not None:
            frame = frame.reindex(curve.index.union(frame.index)).fillna({"n": 0, "effective_n": 0.0, "weight": 0.0})
        frame["curve"] = curve.reindex(frame.index)
        scatter = frame["n"] * frame["spread"].fillna(0.0) ** 2 + _POOLED * everywhere**2
        own = np.maximum(np.sqrt(scatter / (frame["n"] + _POOLED)), _LEAST_SPREAD)
        return self._shrunk(frame, own).assign(effective_from=day).reset_index(), left_out

    def _aged(self, models: pd.Series[str], days: Any, day: date) -> Any:  # noqa: ANN401 - arrays
        """Return the fall of a price since some days ago, on the logarithm, if the curve can tell."""
        if self.curve is None or self.catalogue is None or models.empty:
            return 0.0
        launches = {variant.model: variant.launched_on for variant in self.catalogue}
        launched = np.array([launches.get(model) or "NaT" for model in models], dtype="datetime64[D]")
        known = ~np.isnat(launched)
        if self.curve.timed:
            return self._carried(models[known], days[known], launched[known], day).reindex(models.index).fillna(0.0)
        after = np.where(known, (np.datetime64(day) - launched).astype(np.float64) / MONTH_DAYS, 0.0)
        return np.where(known, np.log(self.curve.aging(np.asarray(after - days / MONTH_DAYS), np.asarray(after))), 0.0)

    def _carried(self, models: pd.Series[str], passed: Any, launched: Any, day: date) -> pd.Series[float]:  # noqa: ANN401 - arrays
        """Return the log-change of prices since, by age, successors and season."""
        seen = np.datetime64(day) - passed.astype("timedelta64[D]")
        rows = (
            launches_of(cast("Catalogue", self.catalogue))
            .reindex([*models])
            .assign(on=seen, age_months=np.maximum((seen - launched).astype(np.float64), 0.0) / MONTH_DAYS)
        )
        moved = cast("DepreciationCurve", self.curve).carried(rows, on=day)["factor"]
        return pd.Series(np.log(moved.to_numpy()), index=models.index)

    def _shrunk(self, frame: pd.DataFrame, spread: Any) -> pd.DataFrame:  # noqa: ANN401 - a column
        """Shrink each median to the curve, by the number of effective rows."""
        has_curve = frame["curve"].notna()
        share = (self.curve_rows / (self.curve_rows + frame["weight"])).where(has_curve, 0.0)
        share = share.where(frame["n"] > 0, 1.0)
        log = (1 - share) * frame["median"].fillna(0.0) + share * frame["curve"].fillna(0.0)
        enough = (frame["n"] >= self.minimum) | has_curve
        error = pd.Series(_MEDIAN_COST * spread / np.sqrt(np.maximum(frame["effective_n"], 1e-9)), index=frame.index)
        band = float(getattr(self.curve, "sigma_", 0.0))
        total = np.sqrt(((1 - share) * error.where(frame["n"] > 0, 0.0)) ** 2 + (share * band) ** 2)
        frame = frame.assign(price=np.exp(log).where(enough), error=total, curve_share=share)
        return frame.assign(observed=(frame["n"] >= self.minimum) & (share <= 0.5))  # noqa: PLR2004 - more data than curve

    def _curve_logs(self, day: date) -> pd.Series[float]:
        """Return the curve's log price of every variant whose launch the catalogue knows."""
        if self.curve is None or self.catalogue is None:
            return pd.Series(dtype=float)
        needed = self.curve.new_prices_ is not None
        asked = launches_of(self.catalogue, self._launch)
        asked["age_months"] = (pd.Timestamp(day) - asked["launched_on"]).dt.days / MONTH_DAYS
        asked = asked.assign(on=day, model=asked.index)
        asked = asked[(asked["age_months"] >= 0) & (asked["new_price"].notna() | (not needed))]
        if asked.empty:
            return pd.Series(dtype=float)
        if needed:
            self._compare(asked)
        return pd.Series(np.log(self.curve.predict(asked).to_numpy()), index=asked.index)

    def _compare(self, asked: pd.DataFrame) -> None:
        """Detect a curve that was fitted in another unit than minor units."""
        low, high = fitted(self.curve, "new_prices_")
        near = np.clip(asked["new_price"].to_numpy(dtype=np.float64), low, high)
        far = of_another_unit(asked["new_price"], near)
        if far.mean() > _FEW_FAR:
            self._far = (
                f"{named_rows(asked.index[far])} have new prices far from those that the curve was fitted on ({low:g} "
                f"to {high:g}): is the unit right? A curve for prices is fitted on minor units"
            )

    def _finish(self, frame: pd.DataFrame, regimes: pd.Series[str], zone: tzinfo) -> None:
        step = self.round_to_minor
        if not (frame["price"] <= GREATEST_AMOUNT).all():
            model = frame.loc[~(frame["price"] <= GREATEST_AMOUNT), "model"].iloc[0]
            what = f"leads to a price of {model} that is out of range"
            raise out_of_range("curve", model, "fit the curve on minor units", what)
        frame["price_minor"] = _rounded(frame["price"], step)
        frame["low_minor"] = _rounded(frame["price"] * np.exp(-NORMAL_95 * frame["error"]), step)
        frame["high_minor"] = _rounded(frame["price"] * np.exp(NORMAL_95 * frame["error"]), step)
        frame["basis"] = np.where(frame["observed"], "observed", "modelled")
        frame["n"] = frame["n"].astype(int)
        frame["regime"] = frame["model"].map(regimes).fillna("none")
        frame["source"] = [_source(row, self.currency_) for row in frame.itertuples()]
        columns = [
            "price_minor",
            "low_minor",
            "high_minor",
            "n",
            "effective_n",
            "curve_share",
            "basis",
            "regime",
            "source",
        ]
        self._frame = frame.set_index(["model", "effective_from"])[columns].sort_index()
        self.table_ = PriceTable.of(
            Price(
                str(model),
                midnight(day, zone),
                int(amount),
                basis,
                str(source),
            )
            for (model, day), amount, basis, source in zip(
                self._frame.index,
                self._frame["price_minor"].tolist(),
                self._frame["basis"].tolist(),
                self._frame["source"].tolist(),
                strict=True,
            )
        )

    @property
    def summary(self) -> pd.DataFrame:
        """Every price with its 95 % interval, n, effective n, the curve's share, basis, regime and source.

        Raises:
            NotFitted: before `fit`.
        """
        fitted(self, "table_")
        return self._frame.copy()


def _rounded(values: pd.Series[float], step: int) -> pd.Series[int]:
    """Round half up to whole steps once, at least one step: from here on, money is whole minor units."""
    within = np.minimum(
        values.to_numpy(), GREATEST_AMOUNT
    )  # the bound of an interval, or refused by `Price` when it is rounded up
    steps = np.floor(within / step + 0.5).astype(np.int64)
    return pd.Series(np.maximum(steps, 1) * step, index=values.index)


def _source(row: Any, currency: Currency) -> str:  # noqa: ANN401 - a row of a frame
    low, high = in_units(row.low_minor, currency), in_units(row.high_minor, currency)
    drawn = f", curve counts {100 * row.curve_share:.0f} %" if row.curve_share > 0 else ""
    kinds = f" of {row.kinds}" if isinstance(row.kinds, str) else ""
    return f"tuning: weighted median, n={row.n}{kinds}, 95 % {low} to {high}{drawn}, warranty {row.regime}"


def _regimes(rows: pd.DataFrame) -> pd.Series[str]:
    """Return each variant's warranty regime; warn of a table that mixes regimes."""
    if "warranty" not in rows.columns or not rows["warranty"].notna().any():
        return pd.Series("unknown", index=rows["model"].unique())
    found = rows["warranty"].fillna("unknown")
    table = sorted(found.unique())
    by_model = found.groupby(rows["model"]).agg(lambda regime: "+".join(sorted(set(regime))))
    mixed = by_model[by_model.str.contains("+", regex=False)]
    if len(table) > 1:
        inside = rows["model"].isin(mixed.index)
        where = f", {len(mixed)} variants in themselves: {named_rows(rows['row'][inside])}" if len(mixed) else ""
        warn(
            f"the table mixes warranty regimes ({', '.join(table)}){where}. A phone out of warranty is paid about a "
            "quarter less where the buyer asks: choose one with regime="
        )
    return by_model


def _weighted_medians(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each variant's weighted median of the logarithm, its scatter, n, and effective n (Kish)."""
    if rows.empty:
        return pd.DataFrame(
            dict.fromkeys(("median", "spread", "n", "effective_n", "weight"), ()), index=pd.Index([], name="model")
        )
    ordered = rows.sort_values(["model", "_log"], kind="stable")
    weight = ordered["_weight"]
    models = ordered["model"]
    total = weight.groupby(models).transform("sum")
    below = weight.groupby(models).cumsum()
    # The lower and the upper weighted median; for an even count, the median is between them.
    lower = ordered["_log"][below >= total / 2 - 1e-12 * total].groupby(models).first()
    upper = ordered["_log"][below > total / 2 + 1e-12 * total].groupby(models).first()
    median = (lower + upper) / 2
    spread = TO_SIGMA * (ordered["_log"] - models.map(median)).abs().groupby(models).median()
    effective = weight.groupby(models).sum() ** 2 / (weight**2).groupby(models).sum()
    return pd.DataFrame(
        {
            "median": median,
            "spread": spread,
            "n": weight.groupby(models).size(),
            "effective_n": effective,
            "weight": weight.groupby(models).sum(),
        }
    ).rename_axis("model")
