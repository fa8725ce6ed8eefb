"""The possible loss on open quotes and coupons until they are redeemed, and its covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from miexchange.errors import out_of_range
from miexchange.money import BPS
from miexchange.tuning._arguments import maybe, takes, whole
from miexchange.tuning._checks import as_frame, days, minor, named_rows, warn
from miexchange.tuning._report import Report, in_units

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from matplotlib.axes import Axes

    from miexchange.money import Currency
    from miexchange.tuning._additive import Floats
    from miexchange.tuning.locks import LockRisk

__all__ = ["LONGEST", "Asked", "Group", "OpenRisk", "drawn_of", "groups_of", "shortfall"]

LONGEST = 365
"""The range of a lock, in days."""

_FEW = 20  # non-overlapping stretches; with fewer, a bound of one in twenty rests on too little
_DAY = np.timedelta64(1, "D")


class Group(NamedTuple):
    """A group of open quotes: the days since the quote, the days left, and the promised amount."""

    held: int
    left: int
    value: int
    worth: float  # the effective number of quotes of equal size


class Drawn(NamedTuple):
    """The draws: a row for each draw, a column for each day from today.

    Attributes:
        lost: the loss on the amount redeemed on the day.
        open: the amount still promised at the end of the day, the same in every draw.
    """

    lost: Floats
    open: Floats


class Asked(NamedTuple):
    """The arguments of a forecast, so that it can be repeated with other terms."""

    risk: LockRisk
    groups: tuple[Group, ...]
    on: date
    redeemed: tuple[float, ...] | None
    asks_again: bool
    draws: int
    seed: int


class OpenRisk(Report):
    """The possible loss on open quotes and coupons until they are redeemed.

    Attributes:
        frame: one row for each day from the day of the question: `open_minor` (still promised at its end),
            and the loss until then: `mean_minor`, `median_minor`, `bound_minor` (exceeded in one case of twenty,
            or as `level` says) and `shortfall_minor` (the mean loss of those cases).
        losses: the total loss in minor units, one for each draw.
        level: the level of the bound.
        currency: the currency of the amounts.
    """

    title = "Lock risk"

    def __init__(self, asked: Asked, drawn: Drawn, level: float, currency: Currency) -> None:
        """Keep the parts; use `LockRisk.forecast`."""
        self.level = level
        self.currency = currency
        self._asked = asked
        until = np.cumsum(drawn.lost, axis=1)
        self.losses = until[:, -1]
        index = pd.date_range(asked.on, periods=until.shape[1], name="day").as_unit("s")
        columns = {
            "open_minor": drawn.open,
            "mean_minor": until.mean(axis=0),
            "median_minor": np.median(until, axis=0),
            "bound_minor": np.quantile(until, level, axis=0),
            "shortfall_minor": [shortfall(column, level) for column in until.T],
        }
        self.frame = pd.DataFrame({name: np.rint(column).astype(np.int64) for name, column in columns.items()}, index)

    @property
    def summary(self) -> pd.Series[float]:
        """The promised amount, and the mean, the bound and the shortfall of the loss, in minor units."""
        last = self.frame.iloc[-1]
        names = ("mean_minor", "bound_minor", "shortfall_minor")
        promised = sum(group.value for group in self._asked.groups)
        return pd.Series({"promised_minor": float(promised), **{name: float(last[name]) for name in names}})

    def __repr__(self) -> str:
        """Return a summary of the risk."""
        promised, mean, bound, _ = (in_units(amount, self.currency) for amount in self.summary)
        return (
            f"<OpenRisk from {self._asked.on:%Y-%m-%d}: {promised} promised, expected to lose {mean}, "
            f"{100 * self.level:g} % sure not above {bound}>"
        )

    def notes(self) -> list[str]:
        """Return a summary of the risk."""
        return [repr(self).strip("<>")]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the loss by day."""
        return [("Loss until the day", self.frame.set_axis([f"{day:%Y-%m-%d}" for day in self.frame.index]))]

    def to_frame(self) -> pd.DataFrame:
        """Return the loss by day."""
        return self.frame.copy()

    @takes(budget_minor=whole(0, 10**15), bonus_days=maybe(whole(0, LONGEST)))
    def covers(self, budget_minor: int, *, bonus_days: int | None = None) -> pd.DataFrame:
        """Compare the covers that would keep the bound of such a book within a budget, had the quotes been made so.

        A cover moves money from customers to the operator, so the cheapest is the one with the least
        `customers_minor`.

        Args:
            budget_minor: the greatest bound.
            bonus_days: also compare a haircut that a bonus gives back if the phone is handed in within that many days
                of the quote; None to leave it out. Nobody is assumed to come earlier because of it.

        Returns:
            A row for each cover that can keep within the budget: `haircut_bps` (the cut of all quotes),
            `lock_days` (their validity), `bonus_days`, `mean_minor` and `bound_minor` of the remaining loss,
            and `customers_minor`, the expected reduction for customers.

        Raises:
            InvalidValue: the budget is not an amount.

        >>> import pandas as pd
        >>> from datetime import date
        >>> from miexchange.tuning import LockRisk, simulate_panel
        >>> risk = LockRisk().fit(simulate_panel(20, 900, seed=1))
        >>> book = pd.DataFrame({"day": [date(2020, 7, 14)] * 50, "value_minor": 1_000_000})
        >>> covers = risk.forecast(book, on=date(2020, 6, 30), seed=1).covers(500_000)
        >>> covers[["haircut_bps", "lock_days"]].to_numpy().tolist()
        [[0, 14], [230, 14], [0, 2]]
        """
        whole_lock = max(group.held + group.left for group in self._asked.groups)
        found = {"none": self._row(0, whole_lock, None), "haircut": self._haircut(budget_minor, whole_lock, None)}
        short = _least(whole_lock, lambda cut: self._row(0, whole_lock - cut, None)["bound_minor"] <= budget_minor)
        if short is not None:
            found["shorter lock"] = self._row(0, whole_lock - short, None)
        if bonus_days is not None:
            found["haircut and bonus"] = self._haircut(budget_minor, whole_lock, bonus_days)
        frame = pd.DataFrame([row for row in found.values() if row], [name for name, row in found.items() if row])
        frame["customers_minor"] = frame["mean_minor"].iloc[0] - frame["mean_minor"]
        return frame.astype({"bonus_days": "Int64"})

    def _haircut(self, budget: int, lock: int, bonus_days: int | None) -> dict[str, Any] | None:
        """Return the smallest haircut that keeps within the budget, or None."""
        least = _least(BPS, lambda bps: self._row(bps, lock, bonus_days)["bound_minor"] <= budget)
        return None if least is None else self._row(least, lock, bonus_days)

    def _row(self, haircut_bps: int, lock: int, bonus_days: int | None) -> dict[str, Any]:
        """Return the loss of a book of these quotes under other terms."""
        drawn, cut = self._again(lock, bonus_days)
        lost = drawn.lost.sum(axis=1) - haircut_bps / BPS * cut
        mean, bound = int(np.rint(lost.mean())), int(np.rint(np.quantile(lost, self.level)))
        names = ("haircut_bps", "lock_days", "bonus_days", "mean_minor", "bound_minor")
        return dict(zip(names, (haircut_bps, lock, bonus_days, mean, bound), strict=True))

    def _again(self, lock: int, bonus_days: int | None) -> tuple[Drawn, Floats]:
        """Repeat the draws with another lock, and return the payments that a haircut reduces as well."""
        kept: dict[tuple[int, int | None], tuple[Drawn, Floats]] = self.__dict__.setdefault("_kept", {})
        if (lock, bonus_days) not in kept:
            kept[lock, bonus_days] = drawn_of(self._asked, lock, bonus_days)
        return kept[lock, bonus_days]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the loss until each day, and what is still open; see `plots.lock_risk`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.lock_risk(self, ax=ax)


def shortfall(lost: Floats, level: float) -> float:
    """Return the mean of the losses from the bound on."""
    return float(lost[lost >= np.quantile(lost, level)].mean())


def _least(most: int, fits: Callable[[int], bool]) -> int | None:
    """Return the least whole number up to `most` for which a test is true, by bisection; None if there is none."""
    if not fits(most):
        return None
    below, found = -1, most
    while found - below > 1:
        middle = (below + found) // 2
        below, found = (below, middle) if fits(middle) else (middle, found)
    return found


def groups_of(book: pd.DataFrame, on: date, no_end_days: int | None) -> tuple[Group, ...]:
    """Return the open quotes grouped by the days since the quote and the days left.

    Raises:
        InvalidValue: as for `LockRisk.forecast`.
    """
    book = as_frame(book, ("day", "value_minor"), "LockRisk.forecast")
    value = minor(book, "value_minor", least=0).astype(np.float64)
    begin = np.datetime64(on, "D")
    end = days(book, "day", gaps=True)
    open_ended = np.isnat(end)
    if open_ended.any() and no_end_days is None:
        which = f"is missing ({named_rows(book.index[open_ended])})"
        raise out_of_range("day", None, "give their last day, or say no_end_days", which=which)
    left = np.where(open_ended, no_end_days or 0, (np.where(open_ended, begin, end) - begin) / _DAY).astype(np.int64)
    held = np.zeros(len(book), dtype=np.int64)
    if "quoted_on" in book.columns:
        held = ((begin - days(book, "quoted_on")) / _DAY).astype(np.int64)
    number = minor(book, "coupons").astype(np.float64) if "coupons" in book.columns else np.ones(len(book))
    for column, wrong, rule in (
        ("day", left < 0, "take what has expired out"),
        ("day", held + left > LONGEST, f"give locks of at most {LONGEST} days"),
        ("quoted_on", held < 0, f"give quotes of {on:%Y-%m-%d} or before"),
    ):
        if wrong.any():
            cell = book[column].iloc[int(np.flatnonzero(wrong)[0])]
            raise out_of_range(column, cell, rule, which=f"does not fit ({named_rows(book.index[wrong])})")
    if not value.sum():
        raise out_of_range("value_minor", None, "give open quotes", "promises nothing")
    table = pd.DataFrame({"held": held, "left": left, "value": value, "square": value**2 / number})
    sums = table[table["value"] > 0].groupby(["held", "left"]).sum()
    return tuple(
        Group(int(held), int(left), int(row["value"]), row["value"] ** 2 / row["square"])
        for (held, left), row in zip(sums.index, sums.to_dict("records"), strict=True)
    )


def _when(group: Group, lock: int, horizon: int, redeemed: tuple[float, ...] | None) -> Floats:
    """Return the share of a group that is redeemed on each day from today, under a lock of a number of days."""
    found = np.zeros(horizon + 1)
    last = max(min(group.left, lock - group.held), 0)
    if redeemed is None:
        found[last] = 1.0
        return found
    shares = np.zeros(group.held + horizon + 1)
    shares[: len(redeemed)] = redeemed[: len(shares)]
    # The share of the original quotes that is still open; rounding must not make it less than what is yet redeemed.
    still = max(1 - shares[: group.held].sum(), shares[group.held :].sum())
    if still > 0:
        found[: last + 1] = shares[group.held : group.held + last + 1] / still
    if group.held > lock:
        found[:] = 0.0
    return found


def drawn_of(asked: Asked, lock: int, bonus_days: int | None) -> tuple[Drawn, Floats]:
    """Draw the loss of a book by day, and for each draw the part of the payments that a haircut reduces."""
    risk, horizon = asked.risk, max(group.left for group in asked.groups)
    starts = risk._stretches(horizon)  # noqa: SLF001 - of this package
    separate = (risk.last_ - risk.first_).days // max(horizon, 1)
    if separate < _FEW:
        warn(f"the panel has {separate} separate stretches of {horizon} days: bounds rest on few, give a longer panel")
    whole_paths = [
        np.flatnonzero(np.isfinite(risk._paths[start : start + horizon + 1]).all(axis=0))  # noqa: SLF001
        for start in starts
    ]
    effects, begins = risk._effects  # noqa: SLF001
    past = np.moveaxis(risk._launched(begins, starts.astype(np.float64), horizon), 1, 2) @ effects  # noqa: SLF001
    ahead = risk._ahead(asked.on, horizon)  # noqa: SLF001
    shares = np.array([_when(group, lock, horizon, asked.redeemed) for group in asked.groups])
    amounts = shares * np.array([[group.value] for group in asked.groups], dtype=np.float64)
    days_held = np.array([[group.held] for group in asked.groups]) + np.arange(horizon + 1)
    late = np.ones_like(amounts) if bonus_days is None else (days_held > bonus_days).astype(np.float64)
    size = np.array([max(round(group.worth), 1) for group in asked.groups])
    weight = np.array([len(chosen) for chosen in whole_paths], dtype=np.float64)
    make = np.random.default_rng(asked.seed)
    lost, cut = np.zeros((asked.draws, horizon + 1)), np.zeros(asked.draws)
    for number, place in enumerate(make.choice(len(starts), asked.draws, p=weight / weight.sum())):
        chosen, start = whole_paths[place], starts[place]
        paths = risk._paths[start : start + horizon + 1, chosen]  # noqa: SLF001
        fall = make.choice(effects, len(ahead)) @ ahead if len(ahead) else np.zeros(horizon + 1)
        left = np.exp(paths - paths[0] + (past[place] - fall)[:, None])
        # A customer whose quote is below the market asks for a new one, at the market price.
        pays = np.maximum(left, 1.0) if asked.asks_again else np.ones_like(left)
        picked = make.multinomial(size, np.full(len(chosen), 1 / len(chosen))) / size[:, None]
        lost[number] = (picked @ (pays - left).T * amounts).sum(axis=0)
        cut[number] = (picked @ pays.T * amounts * late).sum()
    still = np.array([group.value for group in asked.groups], dtype=np.float64)[:, None] - np.cumsum(amounts, axis=1)
    expired = np.arange(horizon + 1) >= np.array([[group.left] for group in asked.groups])
    return Drawn(lost, np.where(expired, 0.0, still).sum(axis=0)), cut
