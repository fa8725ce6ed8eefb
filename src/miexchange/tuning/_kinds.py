"""What is asked, quoted and paid: by how much prices of one kind lie above another, where both are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

__all__ = ["KindOffsets", "kind_offsets"]

_BEST = ("deal", "quote", "listing")  # what is nearest to what is paid, first
_FEWEST = 1.5  # pairs of rows, as n m / (n + m) of two kinds: three of each tell a ratio, two of one and three do not
_OWN = 3.0  # such pairs for which the ratio of all variants counts beside a variant's own


class KindOffsets:
    """By how much each row lies above what is paid, and what that rests on.

    Attributes:
        logs: for each row, the logarithm of its ratio to what is paid.
        table: for each kind, its ratio, its basis (`paid`, `stated`, `estimated` or `assumed`), and how many cells and
            rows told it.
    """

    def __init__(self, logs: npt.NDArray[np.floating[Any]], table: pd.DataFrame) -> None:
        """Keep the parts; use `kind_offsets`."""
        self.logs = logs
        self.table = table

    def says(self, kind: str) -> str:
        """Say of a kind what its prices are of what is paid, where that is not assumed to be all."""
        row = self.table.loc[kind]
        return kind if row["basis"] in {"paid", "assumed"} else f"{kind} at {100 * row['ratio']:.0f} % ({row['basis']})"

    def assumed(self, kind: pd.Series[str], fewest: int) -> pd.Series[bool]:
        """Tell which rows are of a kind that nothing says a ratio of, where there are not just a few."""
        unsaid = self.table.index[(self.table["basis"] == "assumed") & (self.table["rows"] >= fewest)]
        return kind.isin(unsaid)


def kind_offsets(
    logs: pd.Series[float], cell: pd.Series[str], kind: pd.Series[str], stated: Mapping[str, float]
) -> KindOffsets:
    """Compare the kinds of prices within cells of like devices.

    Deals are what is paid; without any, quotes are, and without these, listings. A ratio that is stated stands. Else it
    is the middle of those of the cells, and a cell with rows enough is drawn to its own.

    Args:
        logs: the logarithms of prices.
        cell: the rows that are alike, such as those of one variant.
        kind: the kind of each row.
        stated: ratios to what is paid, by kind.
    """
    found = pd.Series(0.0, index=logs.index)
    there = [name for name in _BEST if (kind == name).any()]
    table: list[tuple[str, float, str, int, int]] = []
    paid = next((name for name in there if name not in stated), "")
    if paid == "listing":
        paid = ""  # what is asked is not what is paid, whatever else is not there
    grouped = logs.groupby([cell, kind])
    middles, counts = grouped.median().unstack(), grouped.size().unstack()  # noqa: PD010 - cells by kinds
    for name in there:
        rows = int((kind == name).sum())
        if name == paid:
            table.append((name, 1.0, "paid", int(counts[name].notna().sum()), rows))
            continue
        if name in stated:
            found[kind == name] = np.log(stated[name])
            table.append((name, stated[name], "stated", 0, rows))
            continue
        pairs = pd.Series(dtype=float)
        if paid:
            pairs = (counts[name] * counts[paid] / (counts[name] + counts[paid])).dropna()
        if pairs.sum() < _FEWEST:
            table.append((name, 1.0, "assumed", 0, rows))
            continue
        apart = (middles[name] - middles[paid]).loc[pairs.index]
        ordered = apart.sort_values(kind="stable")
        half = pairs[ordered.index].cumsum() - pairs[ordered.index] / 2
        middle = float(np.interp(pairs.sum() / 2, half.to_numpy(), ordered.to_numpy()))
        own = middle + pairs / (pairs + _OWN) * (apart - middle)
        where = kind == name
        found[where] = cell[where].map(own).fillna(middle)
        table.append((name, float(np.exp(middle)), "estimated", len(pairs), rows))
    columns = ["kind", "ratio", "basis", "variants", "rows"]
    return KindOffsets(found.to_numpy(dtype=np.float64), pd.DataFrame(table, columns=columns).set_index("kind"))
