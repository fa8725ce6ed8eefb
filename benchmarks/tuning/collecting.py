"""Which quote to collect next, on the public condition quotes: how many it takes, beside quotes in random order.

A quote that is collected is known; the others are predicted by the model that is fitted on what is there. The error is
the mean over all rows of the table. Three tables: the rows that `condition.py` predicts from one another (ten devices
with two quotes of a family each; all other quotes are known from the start); every damaged quote, begun with six that
are drawn at random, where most devices and families have a single quote, which nothing else tells; and a US buyer's
grid, begun with twenty, ten at a time. `with the answers` is a floor: how many quotes it takes where each is chosen
with a look at all of them.

python benchmarks/tuning/collecting.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from _given import arguments, file_of, print_table
from _written import quiet
from condition import FAMILY, fit, quotes_of, single
from grid import CONDITIONS, grid_of

from miexchange.tuning import CLEAN, DeductionModel, Scale, next_quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ORDERS, STARTS = 20, 5
LEVELS = (10.0, 5.0, 2.0, 1.0)  # percent


def fit_grid(rows: pd.DataFrame) -> DeductionModel:
    """Fit the conditions of the grid as one family."""
    model = DeductionModel([Scale("one", "one", CONDITIONS)], anchor_spread=None, slope_spread=None)
    with quiet():
        return model.fit(rows)


def course(
    table: pd.DataFrame,
    known: pd.DataFrame,
    order: Sequence[int],
    *,
    begun: int,
    at_once: int,
    fitted: Callable[[pd.DataFrame], DeductionModel],
    ranked: bool,
) -> dict[int, float]:
    """Return the error of the table in percent by how many of its quotes are there.

    Args:
        table: the rows that are wanted.
        known: quotes that are there from the start.
        order: in which order quotes come, where they are not ranked.
        begun: how many of them are there from the start as well.
        at_once: how many come at a time.
        fitted: makes a model of quotes.
        ranked: whether `next_quotes` chooses.
    """
    have, errors = [*order[:begun]], {}
    while len(have) < len(table):
        there = pd.concat([known, table.iloc[have]], ignore_index=True)
        left = np.setdiff1d(np.arange(len(table)), have)
        wanted = table.iloc[left]
        model = fitted(there)
        errors[len(have)] = 100 * float((model.predict(wanted) / wanted["price"] - 1).abs().sum()) / len(table)
        if ranked:
            with quiet():
                plan = next_quotes(model, wanted.reset_index(drop=True), most=at_once)
            have += left[plan.frame.index.to_numpy()].tolist()
        else:
            have += order[len(have) : len(have) + at_once]
    return {**errors, len(table): 0.0}


def with_the_answers(
    table: pd.DataFrame, known: pd.DataFrame, fitted: Callable[[pd.DataFrame], DeductionModel]
) -> dict[int, float]:
    """Return the same where each quote is chosen that takes most off the error, looking at all of them: a floor."""
    have: list[int] = []
    errors = course(table, known, [], begun=0, at_once=len(table), fitted=fitted, ranked=True)
    while errors[len(have)] > LEVELS[1]:
        found = []
        for place in np.setdiff1d(np.arange(len(table)), have).tolist():
            there = pd.concat([known, table.iloc[[*have, place]]], ignore_index=True)
            left = table.drop(index=[*have, place])
            missed = (fitted(there).predict(left) / left["price"] - 1).abs().sum()
            found.append((100 * float(missed) / len(table), place))
        error, best = min(found)
        have.append(best)
        errors[len(have)] = error
    return errors


def needed(errors: dict[int, float], level: float) -> int:
    """Return how many quotes were there when the error first was no greater than a level."""
    return min(number for number, error in errors.items() if error <= level)


def compared(
    name: str,
    table: pd.DataFrame,
    known: pd.DataFrame,
    fitted: Callable[[pd.DataFrame], DeductionModel],
    *,
    orders: int,
    begun: int = 0,
    at_once: int = 1,
) -> None:
    """Measure both ways on a table, and print them."""
    drawn = [np.random.default_rng(seed).permutation(len(table)).tolist() for seed in range(orders)]
    given: dict[str, Any] = {"begun": begun, "at_once": at_once, "fitted": fitted}
    random = [course(table, known, order, **given, ranked=False) for order in drawn]
    ranked = [course(table, known, order, **given, ranked=True) for order in drawn[: STARTS if begun else 1]]
    families = ["+".join(FAMILY.get(one, "one") for one in said.split("+")) for said in table["findings"]]
    apart = len(set(zip(table["device"], families, strict=True)))
    rows = []
    floor = with_the_answers(table, known, fitted) if orders > 1 and not begun else {}
    for level in LEVELS:
        one, other = (float(np.mean([needed(each, level) for each in many])) for many in (ranked, random))
        verdict = "met" if one <= other / 2 else "missed"
        best = "" if not floor or level < LEVELS[1] else f"{needed(floor, level)}"
        share = f"{100 * one / other:.0f} % (<= 50: {verdict})"
        rows.append((f"{level:g} %", f"{one:.1f}", f"{other:.1f}", share, best))
    head = ("error of the table", "quotes, ranked", "quotes at random", "share", "with the answers")
    print_table(f"{name}: {len(table)} quotes of {apart} devices and families", head, rows)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path, grid = file_of(asked, "condition_quotes.csv"), file_of(asked, "us_buyback_grid_2026-02.csv", "market")
    if path is not None:
        rows = quotes_of(str(path))
        told = single(rows)
        orders = 1 if asked.quick else ORDERS
        compared("Quotes that tell each other", rows[told].reset_index(drop=True), rows[~told], fit, orders=orders)
        if not asked.quick:
            damaged = rows[(rows["findings"] != CLEAN) & (rows["price"] < rows["clean"])].reset_index(drop=True)
            compared("Every damaged quote", damaged, damaged.iloc[:0], fit, orders=STARTS, begun=6)
    if grid is not None and not asked.quick:
        rows = grid_of(str(grid))
        rows = rows[rows["price"] < rows["clean"]].drop_duplicates(["device", "findings"]).reset_index(drop=True)
        compared("US grid", rows, rows.iloc[:0], fit_grid, orders=STARTS, begun=20, at_once=10)


if __name__ == "__main__":
    main()
