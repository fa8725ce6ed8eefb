"""Which quote to collect next, on the public condition quotes: how many it takes, beside quotes in random order.

A quote that is collected is known; the others are predicted by the model that is fitted on what is there. The error is
the mean over all rows of the table. Two tables: the rows that `condition.py` predicts from one another (ten devices
with two quotes of a family each; all other quotes are known from the start), and every damaged quote, begun with six
that are drawn at random. In the second one most devices and families have a single quote, which nothing else tells.

python benchmarks/tuning/collecting.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from _given import arguments, file_of, print_table
from _written import quiet
from condition import fit, quotes_of, single

from miexchange.tuning import CLEAN, next_quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDERS, STARTS, BEGUN = 20, 5, 6
LEVELS = (10.0, 5.0, 2.0, 1.0)  # percent


def course(table: pd.DataFrame, known: pd.DataFrame, order: Sequence[int], begun: int, *, ranked: bool) -> list[float]:
    """Return the error of the table in percent after each quote.

    Args:
        table: the rows that are wanted.
        known: quotes that are there from the start.
        order: in which order quotes come, where they are not ranked.
        begun: how many of them are there from the start as well.
        ranked: whether `next_quotes` chooses.
    """
    have, errors = [*order[:begun]], []
    while len(have) < len(table):
        there = pd.concat([known, table.iloc[have]], ignore_index=True)
        left = np.setdiff1d(np.arange(len(table)), have)
        wanted = table.iloc[left]
        model = fit(there)
        errors.append(100 * float((model.predict(wanted) / wanted["price"] - 1).abs().sum()) / len(table))
        if ranked:
            with quiet():
                first = next_quotes(model, wanted.reset_index(drop=True), most=1).frame.index[0]
            have.append(int(left[first]))
        else:
            have.append(order[len(have)])
    return [*errors, 0.0]


def needed(errors: Sequence[float], level: float, begun: int) -> int:
    """Return how many quotes were there when the error first was no greater than a level."""
    return begun + int(np.argmax(np.array(errors) <= level))


def compared(name: str, table: pd.DataFrame, known: pd.DataFrame, orders: int, begun: int) -> None:
    """Measure both ways on a table, and print them."""
    drawn = [np.random.default_rng(seed).permutation(len(table)).tolist() for seed in range(orders)]
    random = [course(table, known, order, begun, ranked=False) for order in drawn]
    starts = drawn[: STARTS if begun else 1]
    ranked = [course(table, known, order, begun, ranked=True) for order in starts]
    rows = []
    for level in LEVELS:
        one, other = (float(np.mean([needed(each, level, begun) for each in many])) for many in (ranked, random))
        verdict = "met" if one <= other / 2 else "missed"
        rows.append((f"{level:g} %", f"{one:.1f}", f"{other:.1f}", f"{100 * one / other:.0f} % (<= 50: {verdict})"))
    head = ("error of the table", "quotes, ranked", "quotes at random", "share")
    print_table(f"{name}: {len(table)} quotes", head, rows)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "condition_quotes.csv")
    if path is None:
        return
    rows = quotes_of(str(path))
    told = single(rows)
    orders = 1 if asked.quick else ORDERS
    compared("Quotes that tell each other", rows[told].reset_index(drop=True), rows[~told], orders, 0)
    if not asked.quick:
        damaged = rows[(rows["findings"] != CLEAN) & (rows["price"] < rows["clean"])].reset_index(drop=True)
        compared("Every damaged quote", damaged, damaged.iloc[:0], STARTS, BEGUN)


if __name__ == "__main__":
    main()
