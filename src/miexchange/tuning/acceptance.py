"""The share of offers that is accepted, and the offer that earns most: margin times acceptance.

An offer is compared with what the phone would fetch elsewhere. The share of offers that is accepted is a logistic curve
of the logarithm of the offer over that price, which is the bid-response function of pricing (Phillips, "Pricing and
Revenue Optimization", 2005, chapter 11). Declined offers are half of the data: the fit needs them.

>>> from miexchange.tuning import AcceptanceModel, simulate_offers
>>> offers = simulate_offers(4_000, seed=1)
>>> model = AcceptanceModel().fit(offers)
>>> model
<AcceptanceModel fitted on 4000 offers, 54.7 % accepted: one in the middle that is 1 % higher gains 3.0 points>
>>> model.best(offers.head(100), step_minor=1_000, floor_minor=10_000)
<BestOffers: 100 devices, the middle offer 84.4 % of the market, 73 % accepted, margin ₹2,36,505 instead of ₹1,62,331>
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from scipy.special import expit

from miexchange.errors import out_of_range
from miexchange.money import BPS, GREATEST_AMOUNT, Currency
from miexchange.programme import Programme
from miexchange.tuning._arguments import COLUMN, INSTANT, Rule, check, each, instance, maybe, takes, whole
from miexchange.tuning._book import valued
from miexchange.tuning._checks import as_frame, fitted, minor, named_rows, of_another_unit, warn, words
from miexchange.tuning._groups import labels_by
from miexchange.tuning._normal import NORMAL_95
from miexchange.tuning._report import Report, in_units
from miexchange.tuning.curve import Estimator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from miexchange.tuning._additive import Floats

    Ints = npt.NDArray[np.int64]

__all__ = ["AcceptanceModel", "BestOffers"]

_ROUNDS, _AGAIN = 30, 8
_WIDE = 30.0  # the prior of level and slope, as a standard deviation: almost flat, but the fit converges even if a line
# separates the accepted offers from the declined
_FLAT = 1e-4  # the least standard deviation of log(offer / market) from which a slope is estimated
_HALVINGS = 60
_SPREAD = 0.5  # the initial spread of the segments
_YES, _NO = frozenset({"True", "true", "1"}), frozenset({"False", "false", "0"})


class BestOffers(Report):
    """The offer that earns most for each device, under the given rules.

    Attributes:
        frame: one row for each device: `offer_minor` with its 95 % bounds `low_minor` and `high_minor`, the share
            `accepted` of it, the expected `margin_minor` (a float: margin times share), and `bound_by`: "floor", "cap"
            or "seen" if a rule, or the range of observed offers, limits the offer; else "".
        made: the expected margin of the offers that were made, in a series; None if they are not known.
        shares: the offer over the market price, for each device.
        currency: the currency of the amounts.
    """

    title = "Best offers"

    def __init__(self, frame: pd.DataFrame, made: pd.Series[float] | None, shares: Floats, currency: Currency) -> None:
        """Keep the parts; use `AcceptanceModel.best`."""
        self.frame = frame
        self.made = made
        self.shares = shares
        self.currency = currency

    @property
    def summary(self) -> pd.Series[float]:
        """The number of devices, the median offer in percent of the market, and the margin, now and at best."""
        return pd.Series(
            {
                "n": float(len(self.frame)),
                "share_pct": 100 * float(np.median(self.shares)),
                "accepted_pct": 100 * float(self.frame["accepted"].mean()),
                "margin_minor": float(self.frame["margin_minor"].sum()),
                "now_minor": np.nan if self.made is None else float(self.made.sum()),
            }
        )

    def __repr__(self) -> str:
        """Return a summary of the offers."""
        found = self.summary
        before = "" if self.made is None else f" instead of {in_units(found['now_minor'], self.currency)}"
        return (
            f"<BestOffers: {len(self.frame)} devices, the middle offer {found['share_pct']:.1f} % of the market, "
            f"{found['accepted_pct']:.0f} % accepted, margin {in_units(found['margin_minor'], self.currency)}{before}>"
        )

    def notes(self) -> list[str]:
        """Return a summary in sentences."""
        notes = [repr(self).strip("<>")]
        counts = self.frame["bound_by"].value_counts().drop("", errors="ignore")
        if len(counts):
            notes.append("Held back: " + ", ".join(f"{n} by {name}" for name, n in counts.items()) + ".")
        return notes

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the devices with the largest gain; if the offers made are not known, those with the largest margin."""
        gain = self.frame["margin_minor"] - (0.0 if self.made is None else self.made)
        order = np.argsort(-gain.to_numpy(), kind="stable")[:20]
        return [("The largest gains", self.frame.assign(gain_minor=gain).iloc[order].round(2))]

    def to_frame(self) -> pd.DataFrame:
        """Return the offers, a row for each device."""
        return self.frame.copy()


class AcceptanceModel(Estimator):
    """The share of offers that is accepted, by the offer over what the phone fetches elsewhere.

    Attributes:
        level_: the log-odds of acceptance of an offer at the market price.
        slope_: the change of the log-odds with the logarithm of offer over market.
        segments_: the offset of each segment, shrunk to 0.
        spread_: the standard deviation of the segments; 0 without segments.
        seen_: the least and the greatest observed offer over market.
        n_: the number of fitted offers.
        accepted_: the share of them that was accepted.
    """

    def __init__(self) -> None:
        """Have no parameters: every number is fitted."""

    def __repr__(self) -> str:
        """Return a summary of the fit."""
        if "slope_" not in self.__dict__:
            return "<AcceptanceModel, not fitted>"
        odds = self.level_ + self.slope_ * self._middle
        gain = 100 * float(expit(odds + 0.01 * self.slope_) - expit(odds))
        return (
            f"<AcceptanceModel fitted on {self.n_} offers, {100 * self.accepted_:.1f} % accepted: one in the middle "
            f"that is 1 % higher gains {gain:.1f} points>"
        )

    @takes(offer_col=COLUMN, market_col=COLUMN, accepted_col=COLUMN, segment_col=maybe(COLUMN), groups=maybe(COLUMN))
    def fit(
        self,
        offers: pd.DataFrame,
        *,
        offer_col: str = "offer_minor",
        market_col: str = "market_minor",
        accepted_col: str = "accepted",
        segment_col: str | None = None,
        groups: str | None = None,
    ) -> Self:
        """Fit the curve.

        Offers show how acceptance depends on them only as far as they vary for reasons unrelated to demand: an
        experiment, or a list that changed. If popular phones were offered more, the slope measures their popularity.

        Args:
            offers: one row for each offer, accepted or declined; unchanged.
            offer_col: the offer, in minor units.
            market_col: the price of the phone in its condition elsewhere, in minor units: the one that the customer
                compares the offer with.
            accepted_col: true or false, or 1 or 0.
            segment_col: a column each of whose values has its own offset, such as the channel.
            groups: the cluster of each row, such as the customer or the day; the errors are then wider.

        Raises:
            InvalidValue: a column is missing, rows have no usable value, all offers were accepted or all declined, or
                all are the same share of the market.
        """
        offers = as_frame(offers, (offer_col, market_col, accepted_col, segment_col, groups), "AcceptanceModel.fit")
        offered, market = minor(offers, offer_col), minor(offers, market_col)
        share, far = np.log(offered / market), of_another_unit(offered, market)
        if 2 * far.sum() > len(far):
            warn(f"{named_rows(offers.index[far])} are far from the market's price: is the unit of both columns one?")
        accepted = _flags(offers, accepted_col)
        if accepted.all() or not accepted.any():
            what = f"has {len(accepted)} offers, all {'accepted' if accepted.all() else 'declined'}"
            raise out_of_range(accepted_col, None, "give accepted and declined offers: both are data", what)
        if float(np.std(share)) < _FLAT:
            what = "is the same share of the market in every row"
            raise out_of_range(offer_col, None, "give offers that differ: without, no slope can be told", what)
        names = np.full(len(offers), "", dtype=object) if segment_col is None else words(offers, segment_col)
        levels = sorted(set(names)) if segment_col is not None else []
        self._middle = float(share.mean())
        design = np.column_stack(
            [np.ones(len(share)), share - self._middle, *(np.asarray(names == one, np.float64) for one in levels)]
        )
        self.spread_ = _SPREAD if levels else 0.0
        solution = np.zeros(design.shape[1])
        for _ in range(_AGAIN if levels else 1):
            solution, covariance = _solved(design, accepted, solution, self.spread_)
            if levels:  # by the posterior means and variances, like `DeductionModel`
                variance = np.diag(covariance)[2:]
                self.spread_ = float(np.sqrt(np.mean(solution[2:] ** 2 + variance)))
        if groups is not None:
            covariance = _widened(design, accepted, solution, covariance, labels_by(offers, groups))
        self.slope_ = float(solution[1])
        self.level_ = float(solution[0] - solution[1] * self._middle)
        self.segments_ = dict(zip(levels, solution[2:].tolist(), strict=True))
        self._solution, self._covariance = solution, covariance
        self._counts = [int((names == one).sum()) for one in levels]
        self.seen_ = (float(np.exp(share.min())), float(np.exp(share.max())))
        self.n_, self.accepted_ = len(share), float(accepted.mean())
        self.columns_, self._accepted_col = (offer_col, market_col, segment_col), accepted_col
        if self.slope_ - NORMAL_95 * float(np.sqrt(covariance[1, 1])) <= 0:
            warn(
                f"{named_rows(offers.index)}: that a higher offer is accepted more often cannot be told from chance "
                f"(slope {self.slope_:.2f}): vary the offers more, or give more of them"
            )
        return self

    def _odds(self, data: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return each row's part of the log-odds without that of its offer, and its design matrix without the slope."""
        segment_col = self.columns_[2]
        names = np.full(len(data), "", dtype=object) if segment_col is None else words(data, segment_col)
        design = np.column_stack(
            [np.ones(len(data)), np.zeros(len(data)), *(np.asarray(names == one, np.float64) for one in self.segments_)]
        )
        own: Floats = design @ self._solution - self.slope_ * self._middle
        return own, design

    def predict(self, data: pd.DataFrame) -> pd.Series[float]:
        """Return the share of each offer that is accepted, aligned to the index.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: a column is missing, or rows have no usable number.
        """
        return self.predict_interval(data)["accepted"]

    def predict_interval(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return accepted, low and high: the share of such offers that is accepted, with its 95 % bounds."""
        fitted(self, "slope_")
        offer_col, market_col, segment_col = self.columns_
        data = as_frame(data, (offer_col, market_col, segment_col), "AcceptanceModel.predict")
        share = np.log(minor(data, offer_col) / minor(data, market_col))
        own, design = self._odds(data)
        design[:, 1] = share - self._middle
        error = NORMAL_95 * np.sqrt(np.maximum(((design @ self._covariance) * design).sum(axis=1), 0.0))
        odds = own + self.slope_ * share
        shares = {"accepted": odds, "low": odds - error, "high": odds + error}
        return pd.DataFrame({name: expit(value) for name, value in shares.items()}, index=data.index)

    @property
    def summary(self) -> pd.DataFrame:
        """Level, slope and segments with their errors, 95 % bounds and n.

        The level is the log-odds of an offer in the middle of those observed; `effect` is the change of acceptance in
        percentage points: for the slope by an offer that is 1 % higher, for a segment relative to the others.

        Raises:
            NotFitted: before `fit`.
        """
        fitted(self, "slope_")
        errors = np.sqrt(np.maximum(np.diag(self._covariance), 0.0))
        labels = [("level", ""), ("offer", ""), *(("segment", one) for one in self.segments_)]
        index = pd.MultiIndex.from_tuples(labels, names=["term", "level"])
        frame = pd.DataFrame({"coefficient": self._solution, "se": errors}, index=index)
        frame["low"] = frame["coefficient"] - NORMAL_95 * errors
        frame["high"] = frame["coefficient"] + NORMAL_95 * errors
        frame["n"] = [self.n_, self.n_, *self._counts]
        steps = self._solution * np.array([0.0, 0.01, *np.ones(len(self.segments_))])
        frame["effect"] = 100 * (expit(self._solution[0] + steps) - expit(self._solution[0]))
        return frame

    @takes(
        resale_col=COLUMN,
        cap_col=maybe(COLUMN),
        step_minor=whole(1, GREATEST_AMOUNT),
        floor_minor=whole(0, GREATEST_AMOUNT),
        currency=Rule(lambda code: bool(Currency(code)), "give the code of a currency, such as INR"),
    )
    def best(
        self,
        devices: pd.DataFrame,
        *,
        resale_col: str = "resale_minor",
        cap_col: str | None = None,
        step_minor: int,
        floor_minor: int = 0,
        currency: str = "INR",
    ) -> BestOffers:
        """Return for each device the offer with the greatest margin times acceptance.

        The margin of an accepted offer is the resale value of the device less the offer. An offer is a whole number of
        steps, at least the floor, at most the cap, and within the observed range of shares of the market: outside of
        it the curve is a guess. Its 95 % bounds come from the errors of level and slope (the delta method).

        Args:
            devices: the columns of market prices and segments of `fit`, and those named below; if it has the column of
                offers, the report shows what those earn.
            resale_col: the resale value of the device less the cost of selling it, in minor units.
            cap_col: the greatest offer allowed, such as the programme's market price; None for none.
            step_minor: the programme's rounding step (`Terms.step_minor`).
            floor_minor: the least offer (`Terms.scrap_minor`).
            currency: of the amounts.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: a column is missing, rows have no usable number, or the fitted slope is not above 0.
        """
        fitted(self, "slope_")
        if self.slope_ <= 0:
            what = f"has a slope of {self.slope_:.2f}: higher offers were not accepted more often"
            raise out_of_range("AcceptanceModel", None, "fit it on offers that were varied by chance", what)
        offer_col, market_col, segment_col = self.columns_
        devices = as_frame(devices, (market_col, segment_col, resale_col, cap_col), "AcceptanceModel.best")
        market, resale = minor(devices, market_col).astype(np.float64), minor(devices, resale_col)
        own, design = self._odds(devices)
        floor = -(-floor_minor // step_minor) * step_minor
        cap = np.full(len(devices), GREATEST_AMOUNT) if cap_col is None else minor(devices, cap_col)
        low, high = (bound * market for bound in self.seen_)
        most = np.maximum(np.minimum(high, cap), floor)  # the programme's rules take precedence over the observed range
        bounds = np.minimum(np.maximum(low, floor), most), most
        best = self._optimum(own, market, resale, *bounds)
        offer = self._in_steps(best, own, market, resale, bounds, step_minor, floor)
        error = NORMAL_95 * self._error(best, own, design, market, resale)
        ends = (best * np.exp(sign * error) for sign in (-1, 1))
        lower, upper = (np.clip(end, *bounds) for end in ends)
        accepted, margin = self._earned(offer.astype(np.float64), own, market, resale)
        at_most, at_least = best >= most * (1 - 1e-9), best <= bounds[0] * (1 + 1e-9)
        held = np.select(
            [at_least & (floor >= np.minimum(low, cap)), at_most, at_least],
            ["floor", np.where(high <= cap, "seen", "cap"), "seen"],
            "",
        )
        frame = pd.DataFrame(
            {
                "offer_minor": offer,
                "low_minor": np.minimum((lower // step_minor).astype(np.int64) * step_minor, offer),
                "high_minor": np.maximum(-(-upper // step_minor).astype(np.int64) * step_minor, offer),
                "accepted": accepted,
                "margin_minor": margin,
                "bound_by": held.astype(object),
            },
            index=devices.index,
        )
        earned = None
        if offer_col in devices.columns:
            made = minor(devices, offer_col).astype(np.float64)
            earned = pd.Series(self._earned(made, own, market, resale)[1], index=devices.index)
        return BestOffers(frame, earned, offer / market, Currency(currency))

    @takes(
        programme=instance(Programme, "give a Programme, as Programme.load returns"),
        factors_bps=each(whole(1, BPS), "give factors in basis points from 1 to 10000"),
        at=maybe(INSTANT),
        resale_col=COLUMN,
    )
    def by_factor(
        self,
        programme: Programme,
        book: pd.DataFrame,
        *,
        factors_bps: Sequence[int],
        at: datetime | None = None,
        resale_col: str = "resale_minor",
    ) -> pd.DataFrame:
        """Return the expected earnings of a book if the programme kept other shares of the price: its `factor_bps`.

        Every device is valued by the programme with each factor, so all its rules count: steps, floors, caps, bonuses.

        Args:
            programme: the rules.
            book: the devices, as `compare` takes them, with the columns of market prices and segments of `fit`;
                unchanged. A device that the programme refuses earns nothing.
            factors_bps: the factors to try.
            at: the instant of the valuation, unless the book has instants.
            resale_col: as in `best`.

        Returns:
            A row for each factor: `n` valued devices, `accepted_pct` of them, and the expected `margin_minor`
            with its 95 % bounds `low_minor` and `high_minor`.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: an argument or a column is invalid, or the programme refuses every device.
        """
        fitted(self, "slope_")
        check({"factors_bps": len(factors_bps)}, {"factors_bps": Rule(bool, "give one factor or more")})
        _, market_col, segment_col = self.columns_
        book = as_frame(book, ("model", market_col, segment_col, resale_col), "AcceptanceModel.by_factor")
        market, resale = minor(book, market_col).astype(np.float64), minor(book, resale_col)
        own, design = self._odds(book)
        found = {}
        for factor in sorted(set(factors_bps)):
            terms = tuple(one.replace(factor_bps=int(factor)) for one in programme.terms)
            value = valued(book, replace(programme, terms=terms), at, ("coupon_value_minor",))["coupon_value_minor"]
            offer = value.to_numpy(dtype=np.float64, na_value=np.nan)
            taken = np.isfinite(offer) & (offer > 0)
            if not taken.any():
                raise out_of_range("book", None, "give devices that the programme takes", "has none")
            share = np.log(offer[taken] / market[taken])
            accepted, margin = self._earned(offer[taken], own[taken], market[taken], resale[taken])
            rows = design[taken].copy()
            rows[:, 1] = share - self._middle
            slope = (margin * (1 - accepted)) @ rows
            error = NORMAL_95 * float(np.sqrt(max(slope @ self._covariance @ slope, 0.0)))
            total = float(margin.sum())
            found[int(factor)] = (taken.sum(), 100 * accepted.mean(), total, total - error, total + error)
        columns = ["n", "accepted_pct", "margin_minor", "low_minor", "high_minor"]
        return pd.DataFrame.from_dict(found, orient="index", columns=columns).rename_axis("factor_bps")

    def _earned(self, offer: Floats, own: Floats, market: Floats, resale: Floats | Ints) -> tuple[Floats, Floats]:
        """Return the share of each offer that is accepted, and the expected margin."""
        with np.errstate(divide="ignore"):
            accepted: Floats = expit(own + self.slope_ * np.log(offer / market))
        return accepted, (resale - offer) * accepted

    def _optimum(self, own: Floats, market: Floats, resale: Ints, low: Floats, high: Floats) -> Floats:
        """Return the best offer between two bounds, before rounding to steps.

        The logarithm of margin times acceptance is concave (its slope falls with the offer), so bisection finds it.
        """
        below, above = np.log(np.maximum(low, 1.0)), np.log(np.maximum(high, 1.0))
        for _ in range(_HALVINGS):
            middle = (below + above) / 2
            offer = np.exp(middle)
            gain = self.slope_ * expit(-(own + self.slope_ * (middle - np.log(market))))
            rising = gain * (resale - offer) > offer  # its derivative in the logarithm of the offer, times the margin
            below, above = np.where(rising, middle, below), np.where(rising, above, middle)
        found: Floats = np.exp((below + above) / 2)
        return found

    def _in_steps(
        self,
        best: Floats,
        own: Floats,
        market: Floats,
        resale: Ints,
        bounds: tuple[Floats, Floats],
        step: int,
        floor: int,
    ) -> Ints:
        """Return the better of the two whole steps around the best offer, within the bounds."""
        under = np.maximum((best // step).astype(np.int64) * step, floor or step)
        over = np.where(under + step <= bounds[1], under + step, under)
        earned = [self._earned(one.astype(np.float64), own, market, resale)[1] for one in (under, over)]
        found: Ints = np.where(earned[1] > earned[0], over, under)
        return found

    def _error(self, best: Floats, own: Floats, design: Floats, market: Floats, resale: Ints) -> Floats:
        """Return the standard error of the logarithm of the best offer, from those of level and slope."""
        share = np.log(best / market)
        declined = expit(-(own + self.slope_ * share))
        accepted, margin = 1 - declined, np.maximum(resale - best, 1.0)
        # At the best offer: slope x declined = offer / margin; these are the derivatives by each coefficient.
        by_odds = -self.slope_ * accepted * declined
        by_offer = by_odds * self.slope_ - best / margin - (best / margin) ** 2
        moves = design * by_odds[:, None]
        moves[:, 1] = declined + by_odds * (share - self._middle)
        moves /= -by_offer[:, None]
        error: Floats = np.sqrt(np.maximum(((moves @ self._covariance) * moves).sum(axis=1), 0.0))
        return error

    def accepted_by_tenth(self, offers: pd.DataFrame) -> pd.DataFrame:
        """Compare the curve with the data in ten parts by share of the market: deviations show that its form is wrong.

        Args:
            offers: as for `fit`.

        Returns:
            A row for each part: `n`, the mean `share` of the market, the share `accepted`, and the fitted one,
            `predicted`.

        Raises:
            NotFitted: before `fit`.
            InvalidValue: a column is missing, or rows have no usable value.
        """
        fitted(self, "slope_")
        offer_col, market_col, _ = self.columns_
        offers = as_frame(offers, (offer_col, market_col, self._accepted_col), "AcceptanceModel.accepted_by_tenth")
        rows = pd.DataFrame(
            {
                "accepted": _flags(offers, self._accepted_col),
                "predicted": self.predict(offers).to_numpy(),
                "share": minor(offers, offer_col) / minor(offers, market_col),
            }
        )
        part = np.minimum((rows["share"].rank(method="first") - 1) * 10 // len(rows), 9).astype(int)
        found = rows.groupby(part).agg(
            n=("accepted", "size"),
            share=("share", "mean"),
            accepted=("accepted", "mean"),
            predicted=("predicted", "mean"),
        )
        return found.rename_axis("tenth")

    def plot(self, offers: pd.DataFrame | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw the accepted share by the offer, and the observed shares; see `plots.acceptance`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.acceptance(self, offers, ax=ax)


def _flags(offers: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    """Return a column of Booleans.

    Raises:
        InvalidValue: names the rows with neither true nor false.
    """
    texts = words(offers, column)
    bad = np.array([text not in _YES and text not in _NO for text in texts])
    if bad.any():
        which = f"cannot be used ({named_rows(offers.index[bad])})"
        raise out_of_range(column, texts[bad][0], "give true or false, or 1 or 0, in each", which=which)
    return np.array([text in _YES for text in texts])


def _solved(design: Floats, accepted: npt.NDArray[np.bool_], start: Floats, spread: float) -> tuple[Floats, Floats]:
    """Return the coefficients of a logistic curve and their covariance, by Newton's method.

    Args:
        design: level, slope, and a column for each segment.
        accepted: the outcome of each offer.
        start: the initial coefficients.
        spread: the standard deviation of the segments.
    """
    prior = np.array([_WIDE, _WIDE, *np.full(design.shape[1] - 2, max(spread, 1e-3))]) ** -2.0
    solution = start.copy()
    for _ in range(_ROUNDS):
        share = expit(design @ solution)
        hessian = (design * (share * (1 - share))[:, None]).T @ design + np.diag(prior)
        step = np.linalg.solve(hessian, design.T @ (accepted - share) - prior * solution)
        size = float(np.abs(step).max())
        solution = solution + step * min(1.0, 5.0 / max(size, 1e-12))
        if size < 1e-10:  # noqa: PLR2004 - next to nothing
            break
    return solution, np.linalg.inv(hessian)


def _widened(
    design: Floats,
    accepted: npt.NDArray[np.bool_],
    solution: Floats,
    covariance: Floats,
    labels: npt.NDArray[np.object_],
) -> Floats:
    """Return the covariance clustered by group: the sandwich of Liang and Zeger (1986)."""
    scores = design * (accepted - expit(design @ solution))[:, None]
    codes = pd.factorize(labels)[0]
    alone = labels == ""
    codes[alone] = len(labels) + np.arange(int(alone.sum()))
    codes = np.unique(codes, return_inverse=True)[1]
    sums = np.zeros((codes.max() + 1, design.shape[1]))
    np.add.at(sums, codes, scores)
    found: Floats = covariance @ (sums.T @ sums) @ covariance * len(sums) / max(len(sums) - 1, 1)
    return found
