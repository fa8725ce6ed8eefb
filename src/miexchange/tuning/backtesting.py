"""Backtests that do not flatter: split by device or by time, each deal counted once, scored in minor units.

>>> from datetime import UTC, datetime
>>> from miexchange import Programme
>>> from miexchange.tuning import ByDevice, backtest, simulate_deals
>>> programme = Programme.load("graded-trade-in")
>>> at = datetime(2018, 4, 20, tzinfo=UTC)
>>> deals = simulate_deals(programme, 300, seed=1, at=at)
>>> report = backtest(programme, deals, split=ByDevice(folds=3), at=at)
>>> report
<Backtest of graded-trade-in: 300 deals, MAPE 3.3 %, bias +0.1 %, 80 % band holds 79.0 %>
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange._text import is_a
from miexchange.errors import out_of_range
from miexchange.money import Currency, same_currency
from miexchange.programme import Programme
from miexchange.tuning._arguments import (
    COLUMN,
    DATE,
    INSTANT,
    SEED,
    Rule,
    check,
    each,
    maybe,
    one_of,
    takes,
    whole,
)
from miexchange.tuning._book import GROUPS, as_categories, days_of, price_bands, valued
from miexchange.tuning._checks import as_frame, duplicates, minor, named_rows, of_another_unit, warn, words
from miexchange.tuning._progress import track
from miexchange.tuning._report import Report
from miexchange.tuning.metrics import score, score_by

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    Rows = npt.NDArray[np.intp]
    Fold = tuple[Rows, Rows]

__all__ = ["Backtest", "ByDevice", "ByTime", "Maker", "backtest"]

Maker = Callable[[pd.DataFrame], Programme]
"""A function that makes a programme from the training deals."""

_SAME = 0.9999  # a correlation above this is not a coincidence
_ENOUGH = 20  # with fewer rows, neither a correlation nor a quantile means anything
_TAIL = 0.1
_FEW_FAR = 0.5  # the share of deals off by a factor of three up to which their unit is accepted
_INNER_FOLDS = 4
_VALUED = ["exchange_value_minor", "reasons", "grade"]
_READ = [*_VALUED, "brand", "age"]


_INSTANTS = Rule(
    lambda value: is_a(value, pd.Series) and value.dtype.kind == "M",
    "give a pandas Series of days or instants",
)


@dataclass(frozen=True, slots=True)
class ByDevice:
    """Folds in which no device model is in both training and test.

    Attributes:
        folds: the number of folds.
        seed: the seed of the shuffle of the devices.
        column: the column that identifies devices.
    """

    folds: int = 5
    seed: int = 0
    column: str = "model"

    def split(self, deals: pd.DataFrame, on: pd.Series[pd.Timestamp]) -> list[Fold]:
        """Return the rows to train on and to test on, for each fold."""
        del on
        given = {"seed": self.seed, "column": self.column, "folds": self.folds}
        check(given, {"seed": SEED, "column": COLUMN}, "ByDevice.")
        as_frame(deals, (self.column,), "ByDevice.split")
        codes, names = pd.factorize(words(deals, self.column))
        folds = whole(2, len(names))
        check(given, {"folds": Rule(folds.fits, f"give 2 to {len(names)}, the number of devices")}, "ByDevice.")
        order = np.random.default_rng(self.seed).permutation(len(names))
        fold = (order % self.folds)[codes]
        return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(self.folds)]


@dataclass(frozen=True, slots=True)
class ByTime:
    """One split: rows before a day are for training, rows on it or later for testing.

    Attributes:
        cut: the first day of the test.
    """

    cut: date

    @takes(on=_INSTANTS)
    def split(self, deals: pd.DataFrame, on: pd.Series[pd.Timestamp]) -> list[Fold]:
        """Return the rows to train on and to test on."""
        del deals
        check({"cut": self.cut}, {"cut": DATE}, "ByTime.")
        later = on.to_numpy(dtype="datetime64[s]") >= np.datetime64(self.cut)
        if later.all() or not later.any():
            which = "has no deals on one side of it"
            raise out_of_range("ByTime.cut", self.cut, "give a day within the deals", which=which)
        return [(np.flatnonzero(~later), np.flatnonzero(later))]


class Backtest(Report):
    """The values by a programme, beside the amounts that were paid.

    Attributes:
        name: the programme.
        currency: the currency of its amounts.
        rows: one row for each tested deal: `actual_minor`, `predicted_minor`, `low_minor` and `high_minor` of
            the 80 % band, `fold`, `brand`, `age`, `grade`, `price_band`.
        refused: the number of refused deals, by reason.
        dropped: the number of rows left out because an earlier one has the same id.
        alike: the number of rows identical to an earlier one, if no column identifies deals; they are tested.
    """

    title = "Backtest"

    def __init__(
        self, name: str, currency: Currency, rows: pd.DataFrame, refused: pd.Series[int], dropped: int, alike: int = 0
    ) -> None:
        """Keep the parts; use `backtest`."""
        self.name = name
        self.currency = currency
        self.rows = rows
        self.refused = refused
        self.dropped = dropped
        self.alike = alike

    def __repr__(self) -> str:
        """Return a summary of the result."""
        found = self.summary
        held = "" if np.isnan(found["coverage_80"]) else f", 80 % band holds {found['coverage_80']:.1f} %"
        return (
            f"<Backtest of {self.name}: {len(self.rows)} deals, MAPE {found['mape']:.1f} %, "
            f"bias {found['bias_pct']:+.1f} %{held}>"
        )

    @property
    def summary(self) -> pd.Series[float]:
        """The metrics of all tested deals, in the order of `METRICS`."""
        rows = self.rows
        return score(rows["actual_minor"], rows["predicted_minor"], rows["low_minor"], rows["high_minor"])

    def by(self, name: str) -> pd.DataFrame:
        """Return the metrics by ``brand``, ``age``, ``grade``, ``price_band`` or ``fold``."""
        check({"by": name}, {"by": one_of(*GROUPS, "fold")})
        return score_by(self.rows, name)

    def notes(self) -> list[str]:
        """Return the exclusions."""
        notes = [repr(self).strip("<>")]
        if self.dropped:
            notes.append(f"{self.dropped} repeated rows were left out.")
        if self.alike:
            notes.append(f"{self.alike} deals look like earlier ones: name the column that tells them apart, id_col=.")
        if len(self.refused):
            reasons = ", ".join(f"{reason} {count}" for reason, count in self.refused.items())
            notes.append(f"{int(self.refused.sum())} deals are refused and not scored: {reasons}.")
        return notes

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the metrics, overall and by group."""
        whole = self.summary.to_frame().T.round(2)
        return [("All", whole), *((f"By {name.replace('_', ' ')}", self.by(name).round(2)) for name in GROUPS)]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw predicted against paid values; see `plots.calibration`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.calibration(self, ax=ax)


_ROWS = each(whole())
_FOLDS = each(Rule(lambda fold: len(fold) == 2 and all(map(_ROWS.fits, fold)), ""))  # noqa: PLR2004 - train and test
_SPLITS = "give ByDevice, ByTime, or folds as pairs of row positions"


@takes(
    programme=Rule(
        lambda one: type(one) is Programme or callable(one), "give a Programme, or a function that makes one"
    ),
    split=maybe(Rule(lambda split: type(split) in (ByDevice, ByTime) or _FOLDS.fits(split), _SPLITS)),
    price_col=COLUMN,
    at=maybe(INSTANT),
    device_col=maybe(COLUMN),
    id_col=maybe(COLUMN),
)
def backtest(
    programme: Programme | Maker,
    deals: pd.DataFrame,
    *,
    split: ByDevice | ByTime | Sequence[Fold] | None = None,
    price_col: str = "price_minor",
    at: datetime | None = None,
    device_col: str | None = None,
    id_col: str | None = None,
) -> Backtest:
    """Value past deals and compare the values with what was paid.

    Args:
        programme: the programme; or a function that makes one of the training deals, called once for each fold.
        deals: `model`, the price paid, `at` (an instant) unless it is an argument, a column for each question,
            and `purchased_on` if the programme asks for the age; unchanged.
        split: by device (the default for a function), by time, or custom folds as pairs of row positions.
            A finished programme is tested on the test rows; without a split, on all rows and without a band.
        price_col: the price paid, in minor units.
        at: the instant of the valuation, unless `deals` has instants.
        device_col: the column that identifies single devices, such as a token; one in both parts is a leak.
        id_col: the column that identifies deals, `id` by default if it exists: of rows with one id the first counts.
            Identical rows without an id are all tested: phones of one model and condition are paid alike.

    Raises:
        InvalidValue: a column is missing, rows have no usable number, or the programme refuses every deal.
    """
    deals = as_frame(deals, ("model", price_col, device_col, id_col), "backtest")
    named = id_col or ("id" if "id" in deals.columns else None)
    minor(deals, price_col)
    coded = as_categories(deals)
    repeated = np.zeros(len(deals), dtype=bool) if named is None else _repeated(words(deals, named))
    alike = int(duplicates(coded).sum()) if named is None else 0
    if repeated.any():
        warn(f"{named_rows(deals.index[repeated])} repeat earlier rows and are left out: they would be in both parts")
        deals, coded = deals[~repeated], coded[~repeated]
    _warn_of_columns(deals, price_col)
    if split is None and not isinstance(programme, Programme):
        split = ByDevice()
    folds = _folds(split, deals, days_of(deals, at))
    if split is not None:
        _warn_of_devices(deals, folds, device_col or "model", split)
    if isinstance(programme, Programme):
        _warn_of_regimes(deals, programme)
        name, tested = programme.id, _test(programme, coded, folds, at)
    else:
        name = getattr(programme, "__name__", "a made programme")
        tested = _test_maker(programme, deals, folds, at)
    return _report(name, deals, tested, price_col, (int(repeated.sum()), alike))


def _repeated(ids: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Tell which rows have the id of an earlier one; a row without an id is a deal of its own."""
    found: npt.NDArray[np.bool_] = pd.Series(ids).duplicated().to_numpy() & (ids != "")
    return found


def _folds(
    split: ByDevice | ByTime | Sequence[Fold] | None, deals: pd.DataFrame, on: pd.Series[pd.Timestamp]
) -> list[Fold]:
    if split is None:
        return [(np.arange(0), np.arange(len(deals)))]
    if isinstance(split, ByDevice | ByTime):
        return split.split(deals, on)
    folds = [(np.asarray(train, dtype=np.intp), np.asarray(test, dtype=np.intp)) for train, test in split]
    if not folds or not all(len(test) and max(*train, *test) < len(deals) for train, test in folds):
        what = f"has {len(folds)} folds, of which one does not fit {len(deals)} deals"
        raise out_of_range("split", None, f"{_SPLITS}, below {len(deals)}", what)
    return folds


def _warn_of_columns(deals: pd.DataFrame, price_col: str) -> None:
    """Warn of columns that leak the price."""
    price = np.log(minor(deals, price_col))
    for place, column in enumerate(deals.columns):
        given = deals.iloc[:, place]
        if column == price_col or len(deals) < _ENOUGH or not pd.api.types.is_any_real_numeric_dtype(given):
            continue
        values = given.to_numpy(dtype=np.float64, na_value=np.nan)
        for tried in (values, np.log(np.where(values > 0, values, np.nan))):
            fit = np.isfinite(tried)
            if fit.sum() < _ENOUGH or np.ptp(tried[fit]) == 0 or np.ptp(price[fit]) == 0:
                continue
            for target in (price[fit], np.exp(price[fit])):
                if abs(float(np.corrcoef(tried[fit], target)[0, 1])) > _SAME:
                    warn(f"the column {column} is {price_col} in other words: a model that reads it has the answer")
                    break
            else:
                continue
            break


def _warn_of_regimes(deals: pd.DataFrame, programme: Programme) -> None:
    """Warn of deals of several warranty regimes if the programme does not ask for the warranty."""
    regimes = sorted(set(words(deals, "warranty")) - {""}) if "warranty" in deals.columns else []
    if len(regimes) < 2:  # noqa: PLR2004 - one regime is no mixture
        return
    if any(question.id == "warranty" for terms in programme.terms for question in terms.questionnaire.questions):
        return
    mixed = ", ".join(regimes)
    warn(f"the deals mix warranty regimes ({mixed}), and {programme.id} has one price for all: test each apart")


def _warn_of_devices(deals: pd.DataFrame, folds: list[Fold], column: str, split: object) -> None:
    if isinstance(split, ByDevice | ByTime) and column == "model":
        return  # by device no model can be in both; by time the same models go on, which is intended
    devices = words(deals, column)
    for train, test in folds:
        both = np.isin(devices[test].astype(str), devices[train].astype(str))
        if both.any():
            warn(f"{named_rows(deals.index[test[both]])} are of a {column} that is also trained on: the test is a leak")
            return


@dataclass(frozen=True, slots=True)
class _Tested:
    """Values of the tested deals, and for each fold those that determine its band.

    Attributes:
        rows: the positions of the tested deals.
        fold: the fold of each.
        frame: their values, as returned by `valued`.
        outside: for each fold, positions and values of the deals outside its test.
        currency: the currency of all values.
    """

    rows: Rows
    fold: Rows
    frame: pd.DataFrame
    outside: list[tuple[Rows, pd.DataFrame]]
    currency: Currency


def _test(programme: Programme, deals: pd.DataFrame, folds: list[Fold], at: datetime | None) -> _Tested:
    """Value every deal once; each fold's band comes from the rows that it trains on."""
    values = valued(deals, programme, at, _VALUED)[_READ]
    rows = np.concatenate([test for _, test in folds])
    fold = np.repeat(np.arange(len(folds)), [len(test) for _, test in folds])
    amounts = values[["exchange_value_minor"]]
    outside = [(train, amounts.iloc[train]) for train, _ in folds]
    return _Tested(rows, fold, values.iloc[rows], outside, programme.currency)


def _test_maker(make: Maker, deals: pd.DataFrame, folds: list[Fold], at: datetime | None) -> _Tested:
    """Build and value fold by fold; a band comes from values of deals that were not in their programme's training."""
    currencies: list[Currency] = []

    def outcome(fold: Fold) -> tuple[Rows, pd.DataFrame]:
        train, test = fold
        made = make(deals.iloc[train])
        values = valued(deals.iloc[test], made, at, _VALUED)[_READ]
        currencies.append(made.currency)
        same_currency(made.currency, currencies[0], "programme", "the first one that was made")
        return test, values

    tested = [outcome(fold) for fold in track(folds, "Backtest")]
    if len(folds) > 1:
        outside = [_joined([*tested[:number], *tested[number + 1 :]]) for number in range(len(folds))]
    else:
        train = folds[0][0]
        devices = deals["model"].iloc[train].nunique()
        inner = ByDevice(max(2, min(_INNER_FOLDS, devices))).split(deals.iloc[train], pd.Series(dtype=object))
        outside = [_joined([outcome((train[rest], train[test])) for rest, test in track(inner, "Band")])]
    rows, values = _joined(tested)
    fold = np.repeat(np.arange(len(folds)), [len(test) for _, test in folds])
    return _Tested(rows, fold, values, outside, currencies[0])


def _joined(parts: list[tuple[Rows, pd.DataFrame]]) -> tuple[Rows, pd.DataFrame]:
    return np.concatenate([rows for rows, _ in parts]), pd.concat([values for _, values in parts])


def _band(price: npt.NDArray[np.int64], values: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the logarithms of the factors between which 80 % of paid over value lie."""
    value = values["exchange_value_minor"].to_numpy(dtype=np.float64, na_value=np.nan)
    fit = np.isfinite(value) & (value > 0)
    if fit.sum() < _ENOUGH:
        return np.array([np.nan, np.nan])
    # The quantiles of n + 1 rows, as for any conformal band, so that small samples are not too optimistic.
    limits: npt.NDArray[np.float64] = np.quantile(np.log(price[fit] / value[fit]), [_TAIL, 1 - _TAIL], method="weibull")
    return limits


def _report(name: str, deals: pd.DataFrame, tested: _Tested, price_col: str, repeats: tuple[int, int]) -> Backtest:
    price = minor(deals, price_col)
    limits = np.array([_band(price[rows], values) for rows, values in tested.outside])[tested.fold]
    values = tested.frame
    taken = values["exchange_value_minor"].notna().to_numpy()
    reasons = values.loc[~taken, "reasons"].astype(str).value_counts()
    if not taken.any():
        why = ", ".join(map(str, reasons.index[:3]))
        what = f"has {len(values)} deals, all of which the programme refuses ({why})"
        raise out_of_range("deals", None, "give deals that the programme takes", what)
    actual = price[tested.rows][taken]
    predicted = values["exchange_value_minor"][taken].to_numpy(dtype=np.int64)
    far = of_another_unit(actual, np.maximum(predicted, 1))
    if far.mean() > _FEW_FAR:
        warn(
            f"{named_rows(values.index[taken][far])} were paid more than three times, or less than a third of, what "
            f"{name} pays: is the unit right? {price_col} is in minor units"
        )
    rows = pd.DataFrame(
        {
            "actual_minor": actual,
            "predicted_minor": predicted,
            "low_minor": predicted * np.exp(limits[taken, 0]),
            "high_minor": predicted * np.exp(limits[taken, 1]),
            "fold": tested.fold[taken],
            "brand": values["brand"][taken].to_numpy(),
            "age": values["age"][taken].array,
            "grade": values["grade"][taken].astype(str).to_numpy(),
            "price_band": price_bands(actual, tested.currency),
        },
        index=values.index[taken],
    )
    return Backtest(name, tested.currency, rows, reasons, *repeats)
