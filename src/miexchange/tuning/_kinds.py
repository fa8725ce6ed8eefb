"""Ratios of asked, quoted and paid prices, where both kinds are observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

__all__ = ["KindOffsets", "kind_offsets"]

_BEST = ("deal", "quote", "listing")  # nearest to paid prices first
_FEWEST = 1.5  # rows, as n m / (n + m) of two kinds: three of each determine a ratio
_OWN = 3.0  # pairs at which the ratio of all variants weighs as much as a variant's own


class KindOffsets:
    """The offset of each row from paid prices, and its basis.

    Attributes:
        logs: for each row, the logarithm of its ratio to paid prices.
        table: for each kind, its ratio, its basis (`paid`, `stated`, `estimated` or `assumed`), and the number of
            cells and rows behind it.
    """

    def __init__(self, logs: npt.NDArray[np.floating[Any]], table: pd.DataFrame) -> None:
        """Keep the parts; use `kind_offsets`."""
        self.logs = logs
        self.table = table

    def says(self, kind: str) -> str:
        """Return the ratio of a kind to paid prices in words, unless it is assumed to be 1."""
        row = self.table.loc[kind]
        return kind if row["basis"] in {"paid", "assumed"} else f"{kind} at {100 * row['ratio']:.0f} % ({row['basis']})"

    def assumed(self, kind: pd.Series[str], fewest: int) -> pd.Series[bool]:
        """Tell which rows are of a kind without a known ratio, if there are more than a few."""
        unsaid = self.table.index[(self.table["basis"] == "assumed") & (self.table["rows"] >= fewest)]
        return kind.isin(unsaid)


def kind_offsets(
    logs: pd.Series[float], cell: pd.Series[str], kind: pd.Series[str], stated: Mapping[str, float]
) -> KindOffsets:
    """Compare the kinds of prices within cells of similar devices.

    Deals are paid prices; without any, quotes count as paid, and without these, listings. A stated ratio is used as
    it is. Otherwise it is the median of the cells' ratios, and a cell with enough rows is shrunk towards it.

    Args:
        logs: the logarithms of prices.
        cell: the group of similar rows, such as those of one variant.
        kind: the kind of each row.
        stated: ratios to paid prices, by kind.
    """
    found = pd.Series(0.0, index=logs.index)
    there = [name for name in _BEST if (kind == name).any()]
    table: list[tuple[str, float, str, int, int]] = []
    paid = next((name for name in there if name not in stated), "")
    if paid == "listing":
        paid = ""  # an asked price is not a paid one, even if no other kind occurs
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
