"""The location of a query's tables: within the query, or loaded under names of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange.sql._dialects import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from miexchange.sql._dialects import Dialect
    from miexchange.sql._tables import Layout

__all__ = ["Sources", "columns_of"]


def columns_of(layout: Layout) -> dict[str, dict[str, list[str] | NDArray[np.int64]]]:
    """Return the columns of each table of a query."""
    tables = layout.tables
    names, keys, families = tables.names
    groups = tables.tacs["tac_group"]
    return {
        "names": {"name": names, "key": keys, "family": families},
        "tacs": {**tables.tacs, "said": layout.said[groups], "suspect": layout.suspects[groups]},
        "fits": dict(tables.fits),
        "periods": dict(tables.periods),
    }


class Sources:
    """The tables of a query."""

    def __init__(self, dialect: Dialect, prefix: str | None) -> None:
        """Store their location.

        Args:
            dialect: the dialect.
            prefix: the prefix of the names of loaded tables; None for tables within the query.
        """
        self._dialect, self._prefix = dialect, prefix

    def name(self, table: str) -> str:
        """Return the name of a table."""
        return table if self._prefix is None else quoted(f"{self._prefix}{table}", self._dialect.name)

    def texts(self, layout: Layout, epoch: int | None) -> Iterator[str]:
        """Yield the tables within the query.

        Args:
            layout: their content.
            epoch: the only period that is needed, or None.
        """
        if self._prefix is not None:
            return
        length = len(layout.starts) + 1
        for table, columns in columns_of(layout).items():
            cells = {name: [_plain(cell) for cell in column] for name, column in columns.items()}
            if table == "periods":
                asked = [place for place, period in enumerate(cells["period"]) if epoch in {None, period % length}]
                wanted = [name for name, fact in columns.items() if name == "period" or min(fact) != max(fact)]
                cells = {name: [cells[name][place] for place in asked] for name in wanted}
            if not next(iter(cells.values())):
                cells = {name: [-1] for name in cells}  # a row without a reference: tables cannot be empty
            yield self._written(table, cells)

    def _written(self, table: str, cells: Mapping[str, list[int | str]]) -> str:
        name = self._dialect.name
        kinds = ["TEXT" if type(column[0]) is str else "BIGINT" for column in cells.values()]
        texts = [
            [literal(cell, name) if type(cell) is str else f"{cell}" for cell in column] for column in cells.values()
        ]
        return self._dialect.rows(table, [quoted(column, name) for column in cells], texts, kinds)


def _plain(cell: object) -> int | str:
    return cell if type(cell) is str else int(cell)  # type: ignore[call-overload]
