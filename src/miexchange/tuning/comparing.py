"""Two programmes on one book: who is paid more, who less, the total cost, and the reasons.

>>> from datetime import UTC, datetime
>>> from miexchange import Programme
>>> from miexchange.tuning import simulate_book, what_if
>>> programme = Programme.load("graded-trade-in")
>>> at = datetime(2018, 4, 20, tzinfo=UTC)
>>> book = simulate_book(programme, 200, seed=1, at=at)
>>> what_if(programme, {"factor_bps": 9_500}, book, at=at)
<Comparison of graded-trade-in with graded-trade-in (factor_bps=9500): 200 devices, 0 gain, 199 lose, -4.7 % in all>
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from miexchange.errors import out_of_range, wrong_type
from miexchange.market import AnchorTable, PriceTable
from miexchange.money import BPS, same_currency
from miexchange.programme import Programme
from miexchange.tuning._arguments import INSTANT, SEED, TEXT, Rule, check, instance, maybe, one_of, takes
from miexchange.tuning._book import GROUPS, encoded, price_bands, valued
from miexchange.tuning._checks import as_frame
from miexchange.tuning._report import Report, in_units

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from miexchange.money import Currency

__all__ = ["Change", "Comparison", "compare", "what_if"]

Change = Callable[[Programme], Programme] | Mapping[str, object]
"""The change to try: settings of the terms by name, `prices` or `anchors`; or a function of the programme."""

_DRAWS = 1_000
_BLOCKS = 2_000
_TEN = 10


class Comparison(Report):
    """The changes from one programme to another.

    Attributes:
        names: the two programmes.
        currency: the currency of both.
        rows: one row for each device that both accept: `a_minor`, `b_minor`, `change_minor`, and its group by
            `brand`, `age`, `grade` (in `a`) and `price_band`.
        outcomes: the number of devices that each programme accepts, as a table of `a` by `b`.
        explained: the ten largest changes, a row for each line: `a_minor`, `b_minor`, `change_minor`.
    """

    title = "Comparison"

    def __init__(
        self,
        names: tuple[str, str],
        currency: Currency,
        rows: pd.DataFrame,
        outcomes: pd.DataFrame,
        explained: pd.DataFrame,
        seed: int,
    ) -> None:
        """Keep the parts; use `compare`."""
        self.names = names
        self.currency = currency
        self.rows = rows
        self.outcomes = outcomes
        self.explained = explained
        self._seed = seed

    def __repr__(self) -> str:
        """Return a summary of the result."""
        found = self.summary
        return (
            f"<Comparison of {self.names[0]} with {self.names[1]}: {len(self.rows)} devices, "
            f"{found['winners']:.0f} gain, {found['losers']:.0f} lose, {found['total_pct']:+.1f} % in all>"
        )

    @property
    def summary(self) -> pd.Series[float]:
        """Winners, losers, total cost in minor units and %, and the mean change with a 95 % bootstrap interval."""
        return _summed(self.rows, np.random.default_rng(self._seed))

    def by(self, name: str) -> pd.DataFrame:
        """Return the same by ``brand``, ``age``, ``grade`` or ``price_band``."""
        check({"by": name}, {"by": one_of(*GROUPS)})
        make = np.random.default_rng(self._seed)
        groups = {key: _summed(group, make) for key, group in self.rows.groupby(name, observed=True, sort=True)}
        return pd.DataFrame(groups).T.rename_axis(name)

    def notes(self) -> list[str]:
        """Return the result as a sentence."""
        found = self.summary
        names = ("mean_minor", "mean_low_minor", "mean_high_minor", "total_minor")
        mean, low, high, total = (in_units(found[name], self.currency) for name in names)
        return [
            repr(self).strip("<>"),
            (f"The mean change is {mean} (95 %: {low} to {high}); the whole book changes by {total}."),
        ]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the changes, overall and by group, and the largest ones line by line."""
        whole = self.summary.to_frame().T.round(2)
        groups = [(f"By {name.replace('_', ' ')}", self.by(name).round(2)) for name in GROUPS]
        return [("All", whole), *groups, ("Outcomes", self.outcomes), ("The ten largest changes", self.explained)]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the change by group; see `plots.comparison`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.comparison(self, ax=ax)


_PROGRAMME = instance(Programme, "give a Programme, as Programme.load returns")


@takes(a=_PROGRAMME, b=_PROGRAMME, at=maybe(INSTANT), seed=SEED)
def compare(a: Programme, b: Programme, book: pd.DataFrame, *, at: datetime | None = None, seed: int = 0) -> Comparison:
    """Value a book by two programmes and compare row by row.

    Args:
        a: the programme as it is.
        b: the other one.
        book: `model`, a column for each question, `purchased_on` and `at` if they are needed; unchanged.
        at: the instant of the valuation, unless the book has instants.
        seed: the seed of the bootstrap.

    Raises:
        InvalidValue: an argument is invalid, or no device is accepted by both.
    """
    return _compare(a, b, book, at, seed, (_id_of(a), _id_of(b)))


@takes(
    programme=_PROGRAMME,
    change=Rule(
        lambda change: all(map(TEXT.fits, change)) if issubclass(type(change), Mapping) else callable(change),
        "give settings by name, or a function",
    ),
    at=maybe(INSTANT),
    seed=SEED,
)
def what_if(
    programme: Programme, change: Change, book: pd.DataFrame, *, at: datetime | None = None, seed: int = 0
) -> Comparison:
    """Compare a programme with itself after a change.

    Args:
        programme: the programme as it is.
        change: settings of all its terms by name, such as ``{"factor_bps": 9_500}``; ``prices`` or ``anchors`` for
            a new table, or for a factor in basis points on every price or anchor, such as ``{"prices": 9_700}``;
            or a function of the programme that returns another.
        book: as in `compare`.
        at: as in `compare`.
        seed: as in `compare`.

    Raises:
        InvalidValue: there is no such setting, or its value is out of range.
    """
    name = _id_of(programme)
    if isinstance(change, Mapping):
        said = ", ".join(f"{name}={value}" if type(value) is int else name for name, value in change.items())
        changed = _changed(programme, change)
    else:
        changed, said = change(programme), getattr(change, "__name__", "changed")
    return _compare(programme, changed, book, at, seed, (name, f"{_id_of(changed)} ({said})"))


def _id_of(programme: object) -> str:
    check({"programme": programme}, {"programme": _PROGRAMME})
    return cast("Programme", programme).id


def _changed(programme: Programme, change: Mapping[str, object]) -> Programme:
    """Return the programme with settings changed; the terms check them, and that values can be computed."""
    tables: dict[str, Any] = {}
    settings = dict(change)
    if "prices" in settings:
        tables["prices"] = _prices(programme.prices, settings.pop("prices"), programme.price_step_minor)
    if "anchors" in settings:
        tables["anchors"] = _anchors(programme.anchors, settings.pop("anchors"), programme.price_step_minor)
    terms = tuple(one.replace(**settings) for one in programme.terms)
    return replace(programme, terms=terms, **tables)


def _prices(table: PriceTable, change: object, step: int) -> PriceTable:
    if type(change) is PriceTable:
        return change
    bps = _factor(change, "prices")
    return PriceTable.of(one.replace(price_minor=_scaled(one.price_minor, bps, step)) for one in table)


def _anchors(table: AnchorTable, change: object, step: int) -> AnchorTable:
    if type(change) is AnchorTable:
        return change
    bps = _factor(change, "anchors")
    return AnchorTable.of(one.replace(amount_minor=_scaled(one.amount_minor, bps, step)) for one in table)


def _factor(change: object, name: str) -> int:
    if type(change) is not int or not 0 < change <= 100_000:  # noqa: PLR2004 - ten times as much
        rule = "give a new table, or a factor in basis points from 1 to 100000"
        raise (out_of_range if type(change) is int else wrong_type)(name, change, rule)
    return change


def _scaled(amount: int, bps: int, step: int) -> int:
    """Scale an amount and round it to whole steps, half up, at least one."""
    unit = step * BPS
    return max((amount * bps + unit // 2) // unit, 1) * step


def _compare(
    a: Programme, b: Programme, book: pd.DataFrame, at: datetime | None, seed: int, names: tuple[str, str]
) -> Comparison:
    same_currency(b.currency, a.currency, "compare.b", "the other programme")
    book = encoded(as_frame(book, ("model",), "compare"), a, b)
    before, after = (valued(book, programme, at) for programme in (a, b))
    one, other = (values["coupon_value_minor"] for values in (before, after))
    both = (one.notna() & other.notna()).to_numpy()
    # The labels of a book may be duplicated, so rows are matched by position.
    outcomes = pd.crosstab(before["outcome"].astype(str).to_numpy(), after["outcome"].astype(str).to_numpy())
    outcomes = outcomes.rename_axis(index="a", columns="b")
    if not both.any():
        what = f"has no device that both take ({outcomes.to_dict()})"
        raise out_of_range("book", None, "give devices that both programmes take", what)
    rows = pd.DataFrame(
        {
            "a_minor": one[both].to_numpy(dtype=np.int64),
            "b_minor": other[both].to_numpy(dtype=np.int64),
            "brand": before["brand"][both].to_numpy(),
            "age": before["age"][both].array,
            "grade": before["grade"][both].astype(str).to_numpy(),
            "price_band": price_bands(one[both].to_numpy(dtype=np.int64), a.currency),
        },
        index=one.index[both],
    )
    rows.insert(2, "change_minor", rows["b_minor"] - rows["a_minor"])
    largest = np.flatnonzero(both)[np.argsort(-rows["change_minor"].abs().to_numpy(), kind="stable")[:_TEN]]
    explained = _explained(book.iloc[largest], before.iloc[largest], after.iloc[largest])
    return Comparison(names, a.currency, rows, outcomes, explained, seed)


def _explained(book: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return both programmes' lines of some devices, and the change of each; the changes add up."""
    found = []
    totals = {"exchange_value_minor", "coupon_value_minor"}
    for position in range(len(book)):
        sides = []
        for values in (before, after):
            row = values.iloc[position]
            lines = [name for name in values.columns if name.endswith("_minor") and name not in totals]
            sides.append({name.removesuffix("_minor"): int(row[name]) for name in lines if pd.notna(row[name])})
        head = {"row": book.index[position], "model": book["model"].iloc[position]}
        for line in dict.fromkeys((*sides[0], *sides[1])):
            one, other = sides[0].get(line, 0), sides[1].get(line, 0)
            if one or other:
                found.append({**head, "line": line, "a_minor": one, "b_minor": other, "change_minor": other - one})
        whole = [int(values["coupon_value_minor"].iloc[position]) for values in (before, after)]
        found.append({**head, "line": "coupon value", "a_minor": whole[0], "b_minor": whole[1]})
        found[-1]["change_minor"] = whole[1] - whole[0]
    return pd.DataFrame(found).set_index(["row", "model", "line"])


def _summed(rows: pd.DataFrame, make: np.random.Generator) -> pd.Series[float]:
    change = rows["change_minor"].to_numpy(dtype=np.float64)
    before = float(rows["a_minor"].sum())
    low, high = _bootstrap(change, make)
    return pd.Series(
        {
            "n": float(len(change)),
            "winners": float((change > 0).sum()),
            "losers": float((change < 0).sum()),
            "total_minor": float(change.sum()),
            "total_pct": 100 * float(change.sum()) / before if before else float("nan"),
            "mean_minor": float(change.mean()),
            "mean_low_minor": low,
            "mean_high_minor": high,
            "median_minor": float(np.median(change)),
        }
    )


def _bootstrap(change: npt.NDArray[np.float64], make: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean.

    A large number of rows is dealt at random into blocks of nearly equal size, and the blocks are resampled: their
    means scatter like the rows, and a million rows take no longer than two thousand.
    """
    if len(change) > _BLOCKS:
        dealt = make.permutation(change)[: len(change) // _BLOCKS * _BLOCKS]
        change = dealt.reshape(_BLOCKS, -1).mean(axis=1)
    drawn = make.integers(0, len(change), (_DRAWS, len(change)))
    low, high = np.quantile(change[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
