"""Price lists: the changes from one to the next, and their effect on outstanding coupons.

>>> from datetime import UTC, datetime
>>> from miexchange import Programme
>>> from miexchange.tuning import diff
>>> prices = Programme.load("mi-exchange-india").prices
>>> march, may = (datetime(2018, month, 20, tzinfo=UTC) for month in (3, 5))
>>> print(diff(prices, prices, at=march, after_at=may).sentence)
119 of 282 variants fell by more than 10 %; 0 rose by more than 10 %; 0 are new and 0 are gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange._value import instant, require
from miexchange.coupon import Coupon
from miexchange.errors import out_of_range
from miexchange.market import PriceTable
from miexchange.money import same_currency
from miexchange.programme import Programme
from miexchange.quote import Quote
from miexchange.tuning._arguments import INSTANT, Rule, check, instance, maybe, real, takes
from miexchange.tuning._book import valued
from miexchange.tuning._report import Report, in_units

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.money import Currency

__all__ = ["Exposure", "PriceDiff", "diff", "exposure"]


_PAIRS = "give pairs of a Coupon and the Quote that it was issued on"


_PAIR = Rule(lambda pair: type(pair) in (tuple, list) and [*map(type, pair)] == [Coupon, Quote], _PAIRS)
_SHARE = "give a share from 0 to below 1"


class PriceDiff(Report):
    """The changes from one price list to another.

    Attributes:
        frame: one row for each variant: `before_minor`, `after_minor`, `change_minor`, `change_pct`.
        threshold: the share above which a change is called large.
    """

    title = "Price lists"

    def __init__(self, frame: pd.DataFrame, threshold: float) -> None:
        """Keep the parts; use `diff`."""
        self.frame = frame
        self.threshold = threshold

    @property
    def fell(self) -> pd.DataFrame:
        """The variants that fell by more than the threshold, the largest fall first."""
        large = self.frame[self.frame["change_pct"] < -100 * self.threshold]
        return large.sort_values("change_pct", kind="stable")

    @property
    def rose(self) -> pd.DataFrame:
        """The variants that rose by more than the threshold, the largest rise first."""
        large = self.frame[self.frame["change_pct"] > 100 * self.threshold]
        return large.sort_values("change_pct", ascending=False, kind="stable")

    @property
    def sentence(self) -> str:
        """The change in words."""
        both = self.frame["change_pct"].notna().sum()
        new, gone = self.frame["before_minor"].isna().sum(), self.frame["after_minor"].isna().sum()
        limit = f"{100 * self.threshold:g} %"
        return (
            f"{len(self.fell)} of {both} variants fell by more than {limit}; "
            f"{len(self.rose)} rose by more than {limit}; {new} are new and {gone} are gone."
        )

    def __repr__(self) -> str:
        """Return a summary of the change."""
        return f"<PriceDiff: {self.sentence}>"

    def notes(self) -> list[str]:
        """Return a summary of the change."""
        return [self.sentence]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the large changes."""
        return [("Fell most", self.fell.head(20).round(2)), ("Rose most", self.rose.head(20).round(2))]


_TABLE = instance(PriceTable, "give two PriceTables")


@takes(before=_TABLE, after=_TABLE, at=INSTANT, after_at=maybe(INSTANT), threshold=real(least=0, below=1, says=_SHARE))
def diff(
    before: PriceTable, after: PriceTable, *, at: datetime, after_at: datetime | None = None, threshold: float = 0.10
) -> PriceDiff:
    """Compare the prices in force of two price lists.

    Args:
        before: the current list.
        after: the new one.
        at: the instant of the look-up.
        after_at: the instant of the look-up in `after`; the same one by default.
        threshold: the share above which a change is called large.

    Raises:
        InvalidValue: an argument is invalid.
    """
    moments = (instant(at, "at"), instant(at if after_at is None else after_at, "after_at"))
    models = sorted({price.model for table in (before, after) for price in table})
    columns = []
    for table, moment in zip((before, after), moments, strict=True):
        found = [table.as_of(model, moment) for model in models]
        columns.append(pd.array([None if one is None else one.price_minor for one in found], dtype="Int64"))
    frame = pd.DataFrame(
        {"before_minor": columns[0], "after_minor": columns[1]}, index=pd.Index(models, name="model", dtype=object)
    )
    frame = frame[frame.notna().any(axis=1)]
    frame["change_minor"] = frame["after_minor"] - frame["before_minor"]
    change = frame["change_minor"].to_numpy(dtype=np.float64, na_value=np.nan)
    frame["change_pct"] = 100 * change / frame["before_minor"].to_numpy(dtype=np.float64, na_value=np.nan)
    return PriceDiff(frame, threshold)


class Exposure(Report):
    """The promises of live coupons, beside the values of their devices under a new list.

    Attributes:
        frame: one row for each live coupon, by its code: `model`, `promised_minor`, `new_minor`,
            `over_minor` (the promise minus the new value), `valid_until`, `outcome` under the new list.
        currency: the currency of its amounts.
        at: the instant.
    """

    title = "Exposure of live coupons"

    def __init__(self, frame: pd.DataFrame, currency: Currency, at: datetime) -> None:
        """Keep the parts; use `exposure`."""
        self.frame = frame
        self.currency = currency
        self.at = at

    @property
    def summary(self) -> pd.Series[float]:
        """The number of live coupons, their promises and new values, and the number refused under the new list."""
        amounts = ("promised_minor", "new_minor", "over_minor")
        return pd.Series(
            {
                "live": float(len(self.frame)),
                **{name: float(self.frame[name].sum()) for name in amounts},
                "refused_anew": float((self.frame["outcome"] == "refused").sum()),
            }
        )

    def __repr__(self) -> str:
        """Return a summary of the exposure."""
        found = self.summary
        promised, over = (in_units(found[name], self.currency) for name in ("promised_minor", "over_minor"))
        return (
            f"<Exposure at {self.at:%Y-%m-%d}: {found['live']:.0f} live coupons promise "
            f"{promised}, {over} above what the new list would pay>"
        )

    def notes(self) -> list[str]:
        """Return a summary of the exposure."""
        return [repr(self).strip("<>")]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the coupons whose promise exceeds the new value most."""
        return [("Promised most above the new list", self.frame.head(20))]


@takes(coupons=instance(Iterable, _PAIRS), programme=instance(Programme), at=INSTANT)
def exposure(coupons: Iterable[tuple[Coupon, Quote]], programme: Programme, *, at: datetime) -> Exposure:
    """Compare the promises of coupons that are still valid with a new list.

    Each device is valued again from the answers in its quote; a device that the new programme refuses
    counts as 0 there.

    Args:
        coupons: the unused coupons, each with its quote.
        programme: the programme with the new list.
        at: the instant; coupons that are not valid then are left out.

    Raises:
        InvalidValue: an argument is of another type, a coupon is in another currency, or none is valid at the instant.
    """
    at = instant(at, "at")
    live = []
    for pair in coupons:
        check({"coupons": pair}, {"coupons": _PAIR})
        coupon, quote = pair
        what = f"pairs a coupon of {coupon.model} with a quote of {quote.model}"
        require(coupon.model == quote.model, "coupons", quote.model, _PAIRS, what)
        same_currency(coupon.currency, programme.currency, "coupons", "the programme")
        if coupon.is_valid_at(at):
            live.append((coupon, quote))
    codes = [coupon.code for coupon, _ in live]
    require(len(set(codes)) == len(codes), "coupons", None, "give each coupon once", "has a coupon twice")
    if not live:
        what = f"has none that is valid at {at.isoformat()}"
        raise out_of_range("coupons", None, "give live coupons, or another instant", what)
    terms = programme.terms_at(at)
    asked = [] if terms is None else [question.asked_as for question in terms.questionnaire.questions]
    book = pd.DataFrame(
        [
            {
                "model": quote.model,
                "purchased_on": quote.purchased_on,
                **{question: quote.condition.get(question) for question in asked},
            }
            for _, quote in live
        ],
        index=pd.Index(codes, name="coupon"),
    )
    values = valued(book, programme, at)
    frame = pd.DataFrame(
        {
            "model": book["model"],
            "promised_minor": [coupon.value for coupon, _ in live],
            "new_minor": values["coupon_value_minor"].fillna(0).astype("int64"),
            "valid_until": [coupon.valid_until for coupon, _ in live],
            "outcome": values["outcome"].astype(str),
        }
    )
    frame.insert(3, "over_minor", frame["promised_minor"] - frame["new_minor"])
    return Exposure(frame.sort_values("over_minor", ascending=False, kind="stable"), programme.currency, at)
