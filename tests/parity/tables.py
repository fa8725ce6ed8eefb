"""Hostile tables of devices, and every kind of table that they can be.

A row is an enquiry that anything may be wrong with; some cells are then emptied or filled with what does
not belong there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa

from miexchange.strategies import _frames

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import SearchStrategy

    from miexchange import Programme
    from miexchange.strategies._frames import Row

__all__ = ["KINDS", "columns_of", "odd_rows", "plain", "rows"]

_KINDS = {"string": pa.string(), "timestamp": pa.timestamp("us", "UTC"), "date": pa.date32(), "bool": pa.bool_()}


def columns_of(programme: Programme) -> dict[str, pa.DataType]:
    """Return every column that a programme's table can have, with its type."""
    return {name: _KINDS[word] for name, word in _frames.columns_of(programme).items()}


def rows(programme: Programme, most: int = 6) -> SearchStrategy[list[Row]]:
    """Draw tables whose cells are of the right type or empty."""
    return _whole(_frames.hostile_rows(programme, most), programme)


def odd_rows(programme: Programme) -> SearchStrategy[list[Row]]:
    """Draw tables in which cells hold anything at all."""
    return _whole(_frames.odd_rows(programme), programme)


def _whole(drawn: SearchStrategy[list[Row]], programme: Programme) -> SearchStrategy[list[Row]]:
    """Fill the empty cells with None."""
    empty: Row = dict.fromkeys(_frames.columns_of(programme))
    return drawn.map(lambda found: [empty | row for row in found])


# Every kind of table, as a way to make it of rows and a way to read its result.


def _arrow(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], type=kind) for name, kind in columns.items()})


def _encoded(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pa.Table:
    """Encode every text, the IMEIs too."""
    table = _arrow(rows, columns)
    cells = [column.dictionary_encode() if column.type == pa.string() else column for column in table.columns]
    return pa.table(cells, names=table.column_names)


def _in_pieces(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pa.Table:
    """Cut the table into chunks of one row, each with a beginning of its own within a longer buffer."""
    table = _encoded([*rows[:1], *rows], columns).slice(1)
    return pa.concat_tables([table.slice(start, 1) for start in range(len(table))])


def _batch(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pa.RecordBatch:
    return _arrow(rows, columns).to_batches()[0]


def _objects(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pd.DataFrame:
    """Make a pandas table of Python objects, with an index in no order."""
    data = {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    return pd.DataFrame(data).set_index(pd.Index([f"row {-place}" for place in range(len(rows))]))


def _pandas(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pd.DataFrame:
    frame: pd.DataFrame = _arrow(rows, columns).to_pandas()
    return frame


def _categories(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pd.DataFrame:
    frame = _pandas(rows, columns)
    return frame.astype({name: "category" for name, kind in columns.items() if kind == pa.string()})


def _polars(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pl.DataFrame:
    frame = pl.from_arrow(_arrow(rows, columns))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _polars_categories(rows: Sequence[Row], columns: dict[str, pa.DataType]) -> pl.DataFrame:
    texts = [name for name, kind in columns.items() if kind == pa.string()]
    return _polars(rows, columns).with_columns(pl.col(texts).cast(pl.Categorical))


KINDS: dict[str, Callable[[Sequence[Row], dict[str, pa.DataType]], Any]] = {
    "arrow": _arrow,
    "arrow, encoded": _encoded,
    "arrow, in pieces": _in_pieces,
    "arrow batch": _batch,
    "pandas": _pandas,
    "pandas, categories": _categories,
    "pandas, objects": _objects,
    "polars": _polars,
    "polars, categories": _polars_categories,
}


def plain(result: Any) -> list[Row]:  # noqa: ANN401 - any table
    """Return the rows of any kind of table as plain dicts."""
    if isinstance(result, pd.DataFrame):
        rows = result.astype(object).where(result.notna(), None).to_dict("records")
        return [{str(name): cell for name, cell in row.items()} for row in rows]
    if isinstance(result, pl.DataFrame):
        return result.to_dicts()
    found: list[Row] = result.to_pylist()
    return found
