"""The depreciation curve: the share of its new price that a clean used phone keeps.

A transparent formula on the logarithm of the price, so that every part is a factor:

    price = level x f(new price) x g(age) x brand x h(launch year) x (specifications) x (scores)
            x s(successors) x (month) x (variant)

`f` and `h` are smooth; `g` has one rate for each stretch of age and never rises; `s` falls with every successor
that has come out and never rises; a score's factor never falls; brand offsets are pooled and shrunk.
Published curves are front-loaded, so a single rate is wrong; see
docs/tuning.md for the measurements.

>>> import pandas as pd
>>> from miexchange.tuning import DepreciationCurve, simulate_market
>>> market = simulate_market(400, seed=1)
>>> curve = DepreciationCurve().fit(market)
>>> curve
<DepreciationCurve fitted on 400 rows: piecewise age, new price, brand, launch year; residual 8.2 %>
>>> price = curve.predict(market.head(2))
>>> list(price.index) == [0, 1]
True
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from scipy.special import ndtri

from miexchange._text import printable
from miexchange.errors import missing, out_of_range, unknown, wrong_type
from miexchange.tuning._additive import Additive, Offsets, Rates, Rising, Season, Spline
from miexchange.tuning._arguments import COLUMN, DATE, TEXT, Rule, check, each, mapping, maybe, one_of, real, takes
from miexchange.tuning._cells import cells_of, number_of, told
from miexchange.tuning._checks import as_frame, days, duplicates, fitted, named_rows, numbers, warn, words
from miexchange.tuning._groups import folds_of, labels_by
from miexchange.tuning._launches import MONTH_DAYS, pace_of, successors_of
from miexchange.tuning._normal import NORMAL_95
from miexchange.tuning._progress import track
from miexchange.tuning._wandering import wandering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from miexchange.tuning._additive import Floats, Term

    Days = npt.NDArray[np.datetime64]
    Texts = npt.NDArray[np.object_]

__all__ = ["DepreciationCurve", "Estimator"]

_CANDIDATES = 12  # the number of breaks tried for two rates
_FEWEST_A_SIDE = 5
_ENOUGH = 10_000  # rows that are used to find a break: all of a hundred thousand take half a minute
_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_FLAT = 1e-9
_MONTHS, _SUCCESSORS, _SEASON = "months", "successors", "season"
_STEPS = (1.0, 2.0, 4.0)  # the first successor, the second, the next two, and later ones have one step each
_OLDEST = 12_000.0  # months


class Estimator:
    """The scikit-learn conventions that estimators share: the constructor only stores, `fit` learns."""

    @classmethod
    def _names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002, ARG002 - scikit-learn's signature
        """Return the constructor's parameters."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:  # noqa: ANN401 - the constructor's own types
        """Set some of the constructor's parameters.

        Raises:
            InvalidValue: there is no such parameter.
        """
        for name, value in params.items():
            if name not in self._names():
                raise unknown(type(self).__name__, "parameter", name, self._names())
            setattr(self, name, value)
        return self


_AGE = each(real(least=-_OLDEST, below=_OLDEST))
_AGES = Rule(lambda ages: len(ages) > 0 and _AGE.fits(ages), "give a list of ages in months, at least one")
_RULES = {
    "age": one_of("piecewise", "two_rate"),
    "knots": each(real(above=0), "give months above 0, rising"),
    "interval": real(above=0, below=1, says="give a share between 0 and 1"),
    "robust": maybe(real(above=0)),
}


class DepreciationCurve(Estimator):
    """A used price as a product of factors: level, new price, age, brand, launch year.

    Args:
        age: ``piecewise``: one rate for each stretch between the knots; ``two_rate``: a rate up to a
            break that is found in the data, and one after it.
        knots: where stretches of age end, in months, for ``piecewise``.
        interval: the share of prices that the band of `predict_interval` is to contain.
        robust: rows with residuals beyond this number of standard deviations count less; None for equal weights.

    Attributes:
        n_: the number of fitted rows.
        break_: for ``two_rate``, the age at which the second rate begins, in months.
        sigma_: the standard deviation of the logarithm of price over formula.
        band_: the factors below and above the formula that contain `interval` of the prices, from
            leave-one-out residuals.
        oldest_: the greatest age in the data, in months.
        new_prices_: the least and the greatest new price in the data; None if the curve has none.
        named_: the names of the columns of price and age.
    """

    def __init__(
        self,
        *,
        age: Literal["piecewise", "two_rate"] = "piecewise",
        knots: Sequence[float] = (6.0, 12.0, 24.0),
        interval: float = 0.80,
        robust: float | None = 4.0,
    ) -> None:
        """Store the parameters; they are checked by `fit`."""
        self.age = age
        self.knots = knots
        self.interval = interval
        self.robust = robust

    def __repr__(self) -> str:
        """Return a summary of the fit."""
        if "model_" not in self.__dict__:
            return "<DepreciationCurve, not fitted>"
        named = ", ".join(f"{self.age} age" if term.name == _MONTHS else self._says[term.name] for term in self._terms)
        return f"<DepreciationCurve fitted on {self.n_} rows: {named}; residual {100 * self.sigma_:.1f} %>"

    @takes(
        price_col=COLUMN,
        age_col=COLUMN,
        new_price_col=maybe(COLUMN),
        brand_col=maybe(COLUMN),
        year_col=maybe(COLUMN),
        weights_col=maybe(COLUMN),
        groups=maybe(COLUMN),
        numeric=each(COLUMN),
        categorical=each(COLUMN),
        increasing=each(COLUMN),
        day_col=maybe(COLUMN),
        line_col=maybe(COLUMN),
        variant_col=maybe(COLUMN),
        launches=maybe(mapping(TEXT, each(DATE))),
    )
    def fit(
        self,
        data: pd.DataFrame,
        *,
        price_col: str = "price",
        age_col: str = "age_months",
        new_price_col: str | None = "new_price",
        brand_col: str | None = "brand",
        year_col: str | None = "launch_year",
        weights_col: str | None = None,
        groups: str | None = None,
        numeric: Sequence[str] = (),
        categorical: Sequence[str] = (),
        increasing: Sequence[str] = (),
        day_col: str | None = None,
        line_col: str | None = None,
        variant_col: str | None = None,
        launches: Mapping[str, Sequence[date]] | None = None,
    ) -> Self:
        """Fit the curve.

        Args:
            data: one row for each observed price; unchanged.
            price_col: the used price, in any one unit.
            age_col: the age in months at that price.
            new_price_col: the price of the model when new, in the same unit: the price segment. None if it is
                unknown: shares are then relative to the worth of the phone at launch, by this same curve.
            brand_col: the brand; None to leave it out.
            year_col: the year of launch; None to leave it out.
            weights_col: the weight of a row.
            groups: the cluster of each row, such as the variant, the family or the month: bands and errors are
                then for unseen groups. Days and months (dates, or texts such as ``2023-01``) are taken in order:
                the band is for later ones.
            numeric: further numbers, such as RAM; an empty cell counts as the median.
            categorical: further categories, such as the operating system.
            increasing: further numbers of which a greater one never lowers the price, such as a battery score; an empty
                cell counts as the median.
            day_col: the day of the price (dates, or texts such as ``2023-01-31``): the curve then has a season, by
                month of the year.
            line_col: the line of models within which a phone has successors, if `launches` has several.
            variant_col: the variant whose prices belong together over time: each has its own level, shrunk like a
                brand's, and `forecast` learns how far prices wander.
            launches: the launch days of each line's models, including the phones' own and known future
                ones: the price steps down at each that is later than the phone's own. Needs `day_col`.

        Raises:
            InvalidValue: a parameter is out of range, a column is missing, or rows have no usable number.
        """
        self._check_parameters()
        self._when = _checked(day_col, line_col, variant_col, launches)
        self._launches = None if launches is None else {line: [*came] for line, came in launches.items()}
        if variant_col is not None and variant_col not in categorical:
            categorical = (*categorical, variant_col)
        more = (*numeric, *categorical, *increasing)
        named = (price_col, age_col, new_price_col, brand_col, year_col, weights_col, groups, day_col, line_col, *more)
        data = as_frame(data, named, "DepreciationCurve.fit")
        price = np.log(numbers(data, price_col, above=0))
        weights = np.ones(len(data)) if weights_col is None else numbers(data, weights_col, above=0)
        weights = weights / weights.mean()
        self._columns = (age_col, new_price_col, brand_col, year_col, tuple(numeric), tuple(categorical))
        self._increasing = tuple(increasing)
        self._medians = {column: _median(data, column) for column in (*numeric, *increasing)}
        self._says = {"new": "new price", "brand": "brand", "year": "launch year", **{one: one for one in more}}
        self._says |= {_SUCCESSORS: "successors", _SEASON: "season"}
        values = self._values(data)
        self._warn(data, price, brand_col, price_col)
        months = values[0]
        knots = tuple(self.knots) if self.age == "piecewise" else (self._break(months, price, weights, values),)
        self._terms = self._make_terms(knots)
        self.model_ = Additive(self._terms, self.robust).fit(values, price, weights)
        self.break_ = None if self.age == "piecewise" else knots[0]
        self._wanders(data, price, values, variant_col)
        self.n_ = len(data)
        self.sigma_ = self.model_.sigma
        self._shape = _spread(self.model_.predict(values), self.model_.residuals)
        relative = self.model_.residuals / self._spread_at(self.model_.predict(values))
        tail = (1 - self.interval) / 2
        self._quantiles = np.quantile(relative, [tail, 1 - tail], method="weibull")
        if groups is not None:
            labels = labels_by(data, groups)
            self.model_.widen(labels)
            away, each = self._of_groups(values, price, weights, labels, knots)
            self._quantiles = np.quantile(away, [tail, 1 - tail], weights=each, method="inverted_cdf")
        typical = float(np.median(self._spread_at(self.model_.predict(values))))
        self.band_ = (float(np.exp(self._quantiles[0] * typical)), float(np.exp(self._quantiles[1] * typical)))
        self._seen = [np.asarray(column) for column in values]
        self.oldest_, self._youngest = float(values[0].max()), float(values[0].min())
        new = None if new_price_col is None else values[1]
        self.new_prices_ = None if new is None else (float(np.exp(new.min())), float(np.exp(new.max())))
        self.named_ = (price_col, age_col)
        return self

    def _wanders(self, data: pd.DataFrame, price: Floats, values: list[Any], variant_col: str | None) -> None:
        """Learn the error of forecasts; warn if the data do not determine a step."""
        day_col, _ = self._when
        self._wandering = None
        if variant_col is None or day_col is None:
            return
        variants = words(data, variant_col)
        left = price - self.model_.predict(values)
        self._wandering = wandering(left, days(data, day_col), variants, (1 - self.interval) / 2)
        if self._launches is not None:
            came = pd.Series(self._column(_SUCCESSORS, values)).groupby(variants)
            if (came.max() == came.min()).all():
                warn(f"{named_rows(data.index)}: no variant has prices before and after a launch, which tell its step")

    def _column(self, name: str, values: list[Any]) -> Any:  # noqa: ANN401 - an array
        return values[[term.name for term in self._terms].index(name)]

    def _of_groups(
        self,
        values: list[Any],
        price: Floats,
        weights: Floats,
        labels: npt.NDArray[np.object_],
        knots: tuple[float, ...],
    ) -> tuple[Floats, Floats]:
        """Return the residuals of rows from a curve fitted without their group, and the weight of each row."""
        away, seen = [], []
        for train, test in track(folds_of(labels), "Groups"):
            model = Additive(self._make_terms(knots), self.robust)
            model.fit([column[train] for column in values], price[train], weights[train] / weights[train].mean())
            found = model.predict([column[test] for column in values])
            away.append((price[test] - found) / self._spread_at(found))
            seen.append(np.flatnonzero(test))
        tested = labels[np.concatenate(seen)]
        sizes = pd.Series(tested).map(pd.Series(tested).value_counts()).to_numpy(dtype=np.float64)
        return np.concatenate(away), 1.0 / sizes

    def _check_parameters(self) -> None:
        check(self.get_params(), _RULES, "DepreciationCurve.")
        knots = [*self.knots]
        if sorted(set(knots)) != knots:
            raise out_of_range("DepreciationCurve.knots", knots, _RULES["knots"].says, f"is {knots}")

    @staticmethod
    def _warn(data: pd.DataFrame, price: Floats, brand_col: str | None, price_col: str) -> None:
        repeated = duplicates(data)
        if repeated.any():
            warn(f"{named_rows(data.index[repeated])} repeat earlier rows, so they count twice: drop_duplicates first")
        if float(np.ptp(price)) < _FLAT and len(data) > 1:
            warn(f"{named_rows(data.index)}: every {price_col} is the same, so the curve can tell nothing apart")
        brands = set() if brand_col is None else set(words(data, brand_col))
        if len(brands) == 1:
            only = printable(brands.pop())
            warn(f"{named_rows(data.index)} are all of one brand, {only}: its offset cannot be told from the level")

    def _make_terms(self, knots: tuple[float, ...]) -> list[Term]:
        _, new_price_col, brand_col, year_col, numeric, categorical = self._columns
        terms: list[Term] = [Rates(_MONTHS, knots)]
        if new_price_col is not None:
            terms.append(Spline("new"))
        if brand_col is not None:
            terms.append(Offsets("brand"))
        if year_col is not None:
            terms.append(Spline("year", 5))
        terms += [Spline(column, 6) for column in numeric]
        terms += [Offsets(column) for column in categorical]
        terms += [Rising(column) for column in self._increasing]
        if self._launches is not None:
            terms.append(Rates(_SUCCESSORS, _STEPS))
        if self._when[0] is not None:
            terms.append(Season(_SEASON))
        return terms

    def _values(self, data: pd.DataFrame) -> list[Any]:
        """Return one array for each term."""
        age_col, new_price_col, brand_col, year_col, numeric, categorical = self._columns
        values: list[Any] = [numbers(data, age_col, at_least=0)]
        if new_price_col is not None:
            values.append(np.log(numbers(data, new_price_col, above=0)))
        if brand_col is not None:
            values.append(words(data, brand_col))
        if year_col is not None:
            values.append(numbers(data, year_col))
        values += [self._filled(data, column) for column in numeric]
        values += [words(data, column) for column in categorical]
        values += [self._filled(data, column) for column in self._increasing]
        day_col, _ = self._when
        if day_col is not None:
            values += self._time(values[0], days(data, day_col), self._lines(data))
        return values

    def _lines(self, data: pd.DataFrame) -> Texts | None:
        """Return the line of each row; None without a calendar."""
        _, line_col = self._when
        if self._launches is None:
            return None
        if line_col is None:
            return np.full(len(data), next(iter(self._launches)), dtype=object)
        lines = words(data, line_col)
        lacking = np.array([line not in self._launches for line in lines], dtype=bool)
        if lacking.any():
            rule = "add its launches; an empty list for a line without any"
            which = f"has no line {printable(lines[lacking][0])} ({named_rows(data.index[lacking])})"
            raise out_of_range("launches", None, rule, which)
        return lines

    def _time(self, months: Floats, on: Days, lines: Texts | None) -> list[Floats]:
        """Return the successors of each phone, if there is a calendar, and the month of each day."""
        season = on.astype("datetime64[M]").astype(np.int64) % 12 + 1
        came = [] if lines is None or self._launches is None else [successors_of(on, months, lines, self._launches)]
        return [*came, season.astype(np.float64)]

    def _filled(self, data: pd.DataFrame, column: str) -> Floats:
        """Return a column of numbers, with the median of the fitted rows for an empty cell."""
        found = numbers(data, column, gaps=True)
        return np.where(np.isnan(found), self._medians[column], found)

    def _break(self, months: Floats, price: Floats, weights: Floats, values: list[Any]) -> float:
        """Find the age at which the break of two rates fits best."""
        candidates = np.unique(np.round(np.quantile(months, np.linspace(0.1, 0.9, _CANDIDATES)), 1))
        sides = [min((months < one).sum(), (months > one).sum()) for one in candidates]
        possible = [float(one) for one, side in zip(candidates, sides, strict=True) if side >= _FEWEST_A_SIDE]
        if not possible:
            rule = f"give {_FEWEST_A_SIDE} rows younger and older than some age, or another curve"
            raise out_of_range("DepreciationCurve.age", "two_rate", rule)
        # To find a break, a thinned sample does as well as all rows.
        some = slice(None, None, -(-len(price) // _ENOUGH))
        found, few, weight = price[some], [column[some] for column in values], weights[some]
        fits = [Additive(self._make_terms((one,))).fit(few, found, weight).sigma for one in track(possible, "Break")]
        return possible[int(np.argmin(fits))]

    def _spread_at(self, predicted: Floats) -> Floats:
        low, high, base, slope = self._shape
        spread: Floats = np.exp(base + slope * np.clip(predicted, low, high))
        return spread

    def _band(self, predicted: Floats, months: Floats) -> tuple[Floats, Floats]:
        """Return the log-bounds of the band: wider where the scatter is, and with every month beyond the known ages."""
        model = self.model_
        place = model.slices[0]
        error = float(np.sqrt(max(model.covariance[place, place][-1, -1], 0.0)))
        rates = float(np.hypot(error, np.std(model.coefficients[place])))
        beyond = np.maximum(np.maximum(months - self.oldest_, self._youngest - months), 0.0) * rates
        spread = self._spread_at(predicted)
        low, high = self._quantiles
        away = float(ndtri(0.5 + self.interval / 2)) * beyond
        more = [np.hypot(quantile * spread, away) - np.abs(quantile) * spread for quantile in (low, high)]
        return predicted + low * spread - more[0], predicted + high * spread + more[1]

    def predict(self, data: pd.DataFrame) -> pd.Series[float]:
        """Return the formula's price for each row, in the fitted unit, aligned to the index.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: rows have no usable number.
        """
        model = fitted(self, "model_")
        data = as_frame(data, self._needed(), "DepreciationCurve.predict")
        return pd.Series(np.exp(model.predict(self._values(data))), index=data.index, name="price")

    def _needed(self) -> list[str | None]:
        age_col, new_price_col, brand_col, year_col, numeric, categorical = self._columns
        return [age_col, new_price_col, brand_col, year_col, *numeric, *categorical, *self._increasing, *self._when]

    def predict_interval(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return price, low and high: the band that contains `interval` of such prices.

        The band rests on residuals that leave out their own row, or their own group, scaled by the scatter of prices at
        that level; it widens where the scatter does, and beyond the observed ages.
        """
        price = self.predict(data)
        low, high = map(np.exp, self._band(np.log(price.to_numpy()), numbers(data, self._columns[0], at_least=0)))
        return pd.DataFrame({"price": price, "low": low, "high": high}, index=data.index)

    @takes(ages=_AGES)
    def typical(self, ages: Floats) -> pd.DataFrame:
        """Return the share of its new price that a typical phone keeps at some ages, with the band.

        For a curve without a new price it is the share of the phone's worth at launch.

        All but the age is at its median: the new price, the launch year, numbers; categories and months count as their
        mean. Successors come at the rate of the line's launches.

        Args:
            ages: in months.
        """
        model = fitted(self, "model_")
        months = np.asarray(ages, dtype=np.float64)
        middle = [self._middle(term, seen, months) for term, seen in zip(self._terms, self._seen, strict=True)]
        at = model.predict([months, *middle[1:]])
        if self._columns[1] is None:
            new_price = float(np.exp(model.predict([np.zeros(1), *(column[:1] for column in middle[1:])])[0]))
        else:
            new_price = float(np.exp(middle[1][0]))
        low, high = (np.exp(bound) / new_price for bound in self._band(at, months))
        return pd.DataFrame({"share": np.exp(at) / new_price, "low": low, "high": high}, index=pd.Index(months))

    def _middle(self, term: Term, seen: Any, months: Floats) -> Any:  # noqa: ANN401 - arrays of texts or numbers
        """Return the value of a term for a typical phone at some ages."""
        if isinstance(term, Offsets):
            return np.full(len(months), "", dtype=object)
        if isinstance(term, Season):
            return np.zeros(len(months))
        if term.name == _SUCCESSORS:
            return np.floor(months * pace_of(self._launches or {}))
        return np.full(len(months), float(np.median(seen)))

    @takes(before=_AGES, after=_AGES)
    def aging(self, before: Floats, after: Floats) -> Floats:
        """Return the factor by which a price falls from one age to another, all else equal, even successors and month.

        Args:
            before: ages in months.
            after: later ages.
        """
        fitted(self, "model_")
        if len(before) != len(after):
            rule = f"give as many as before: {len(before)}"
            raise out_of_range("after", None, rule, f"has {len(after)} ages")
        factor: Floats = np.exp(self._moved([np.maximum(before, 0.0)], [np.maximum(after, 0.0)], (_MONTHS,)))
        return factor

    def _moved(self, before: list[Floats], after: list[Floats], names: tuple[str, ...]) -> Floats:
        """Return the standard error of the logarithm of the price due to some terms."""
        moved = np.zeros(len(after[0]))
        for name, old, new in zip(names, before, after, strict=True):
            place = [term.name for term in self._terms].index(name)
            rates = self.model_.coefficients[self.model_.slices[place]]
            moved += (self._terms[place].columns(new) - self._terms[place].columns(old)) @ rates
        return moved

    @takes(on=DATE)
    def forecast(self, data: pd.DataFrame, *, on: date) -> pd.DataFrame:
        """Forecast observed prices to a later day: price, low and high, aligned to the index.

        Each price is carried forward from its own day: it ages, takes the step of each successor that comes out, and
        follows the season. This is for prices that are in force, such as a list's; for single prices that scatter,
        `predict` gives the level of their variant. The band contains `interval` of such prices, by the wandering of
        those that were fitted; steps that they do not show are not included.

        Args:
            data: price, age, day and line, in the columns of `fit`.
            on: the day.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: `fit` had no `day_col` or `variant_col`, or a row is later than the day.
        """
        carried = self.carried(data, on=on)
        if self._wandering is None:
            raise missing("variant_col", "fit the curve with it: how far prices wander is learned within variants")
        data = as_frame(data, (self.named_[0],), "DepreciationCurve.forecast")
        price = numbers(data, self.named_[0], above=0) * carried["factor"]
        low, high = map(np.exp, self._wandering.band(carried["months"].to_numpy()))
        return pd.DataFrame({"price": price, "low": price * low, "high": price * high}, index=data.index)

    @takes(on=DATE)
    def carried(self, data: pd.DataFrame, *, on: date) -> pd.DataFrame:
        """Return the `factor` by which the price of each row changes until a later day, and the `months` until then.

        The price itself is not needed, nor constant attributes such as the brand.

        Args:
            data: age, day and line, in the columns of `fit`.
            on: the day.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: `fit` had no `day_col`, or a row is later than the day.
        """
        fitted(self, "model_")
        (day_col, line_col), age_col = self._when, self.named_[1]
        if day_col is None:
            raise missing("day_col", "fit the curve with it: without one it knows no days")
        data = as_frame(data, (age_col, day_col, line_col), "DepreciationCurve.carried")
        seen, months = days(data, day_col), numbers(data, age_col, at_least=0)
        late = seen > np.datetime64(on)
        if late.any():
            raise out_of_range("on", on, f"give a day that is not before those of {named_rows(data.index[late])}")
        passed = (np.datetime64(on) - seen).astype(np.float64) / MONTH_DAYS
        lines, names = self._lines(data), (_SEASON,) if self._launches is None else (_SUCCESSORS, _SEASON)
        before = [months, *self._time(months, seen, lines)]
        after = [months + passed, *self._time(months + passed, np.full(len(data), np.datetime64(on, "D")), lines)]
        moved = self._moved(before, after, (_MONTHS, *names))
        return pd.DataFrame({"factor": np.exp(moved), "months": passed}, index=data.index)

    @property
    def timed(self) -> bool:
        """Whether the curve was fitted with days, so that prices move with launches and seasons.

        Raises:
            NotFitted: before `fit`.
        """
        when: tuple[str | None, str | None] = fitted(self, "_when")
        return when[0] is not None

    def explain(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the parts of the prices, a column for each factor, which add up to the price in each row.

        The factors are applied in order: level, age, new price, brand, launch year, specifications.
        """
        model = fitted(self, "model_")
        data = as_frame(data, self._needed(), "DepreciationCurve.explain")
        running = np.exp(np.cumsum(model.parts(self._values(data)), axis=1))
        steps = np.diff(running, axis=1, prepend=0.0)
        names = ["level", *("age" if term.name == _MONTHS else self._says[term.name] for term in self._terms)]
        return pd.DataFrame(steps, index=data.index, columns=names)

    @property
    def summary(self) -> pd.DataFrame:
        """Every coefficient with its error, 95 % bounds and row count.

        Indexed by term and level. `coefficient` is on the logarithm (for age: per month); `effect` is
        its effect on the price. A smooth term is shown at five quantiles of its number, a category's
        offset relative to the mean of its levels.

        Raises:
            NotFitted: before `fit`.
        """
        model = fitted(self, "model_")
        rows = [("level", "", model.coefficients[0], model.errors()[0], self.n_)]
        for term, place, seen in zip(self._terms, model.slices, self._seen, strict=True):
            name = "age" if term.name == _MONTHS else self._says[term.name]
            rows += list(_summarised(term, name, model, place, seen))
        frame = pd.DataFrame(rows, columns=["term", "level", "coefficient", "se", "n"]).set_index(["term", "level"])
        frame["low"] = frame["coefficient"] - NORMAL_95 * frame["se"]
        frame["high"] = frame["coefficient"] + NORMAL_95 * frame["se"]
        frame["effect"] = np.expm1(frame["coefficient"])
        return frame[["coefficient", "se", "low", "high", "n", "effect"]]

    def plot(self, data: pd.DataFrame | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw price over new price by age, with the band, and the observations if they are given."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.depreciation(self, data, ax=ax)


def _checked(
    day_col: str | None, line_col: str | None, variant_col: str | None, launches: Mapping[str, Sequence[date]] | None
) -> tuple[str | None, str | None]:
    """Return the columns of day and line; refuse one that needs another."""
    if launches is not None and day_col is None:
        raise missing("day_col", "name the column of each price's day: launches are before or after it")
    if launches is not None and line_col is None and len(launches) != 1:
        raise missing("line_col", "name the column of each phone's line", f"is missing, of {len(launches)} lines")
    if launches is None and line_col is not None:
        raise missing("launches", "give the days of the launches of each line, or no line_col")
    if variant_col is not None and day_col is None:
        raise missing("day_col", "name the column of each price's day, or give the variant in categorical")
    return day_col, line_col


def _median(data: pd.DataFrame, column: str) -> float:
    if all(type(told(number_of, cell)) is not float for cell in cells_of(data[column]).distinct):
        what = "is a column without any number"
        raise wrong_type(column, data[column].iloc[0], "leave it out of numeric", what)
    return float(np.nanmedian(numbers(data, column, gaps=True)))


def _spread(predicted: Floats, residuals: Floats) -> tuple[float, float, float, float]:
    """Fit the scatter at each level: log |residual|, linear in the predicted logarithm, shrunk to flat."""
    low, high = (float(bound) for bound in np.quantile(predicted, [0.05, 0.95]))
    inside = np.clip(predicted, low, high)
    size = np.log(np.maximum(np.abs(residuals), float(np.median(np.abs(residuals))) / 20 + 1e-12))
    centred = inside - inside.mean()
    slope = float((centred * (size - size.mean())).sum() / (float((centred**2).sum()) + 20.0))
    return low, high, float(size.mean() - slope * inside.mean()), slope


def _summarised(term: Term, name: str, model: Additive, place: slice, seen: Any) -> Any:  # noqa: ANN401 - an array, rows
    """Yield the rows of one term."""
    errors = model.errors()[place]
    if isinstance(term, Spline):
        told: set[str] = set()
        for quantile in _QUANTILES:
            at = np.quantile(seen, quantile)
            shown = f"{np.exp(at):,.0f}" if term.name == "new" else f"{at:g}"
            if shown in told:  # of a number with few distinct values
                continue
            told.add(shown)
            row = term.columns(np.array([at]))[0]
            spread = float(np.sqrt(max(row @ model.covariance[place, place] @ row, 0.0)))
            low, high = np.quantile(seen, [quantile - 0.1, quantile + 0.1])  # a fifth of the rows
            near = int(((seen >= low) & (seen <= high)).sum())
            yield (name, shown, float(row @ model.coefficients[place]), spread, near)
        return
    columns = term.columns(seen)
    counts = (columns > 0).sum(axis=0)
    coefficients = model.coefficients[place]
    if isinstance(term, Offsets) and len(coefficients):
        # Only differences between levels count: their common part is confounded with the level.
        differ = np.eye(len(coefficients)) - 1.0 / len(coefficients)
        coefficients = differ @ coefficients
        errors = np.sqrt(np.maximum(np.diag(differ @ model.covariance[place, place] @ differ.T), 0.0))
    for label, coefficient, error, count in zip(term.labels(), coefficients, errors, counts, strict=True):
        yield (name, label, float(coefficient), float(error), int(count))
