"""Hostile tables of devices, and every kind of table that they can be.

A row is an enquiry that anything may be wrong with; some cells are then emptied or filled with what does
not belong there.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from miexchange import Imei, Programme, RegisterAnswer
from miexchange.laws._one_by_one import Row, questions_of
from miexchange.programme.rules import COUNTED
from miexchange.strategies import hostile_enquiries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miexchange.strategies import Enquiry

__all__ = ["KINDS", "columns_of", "odd_rows", "plain", "rows"]

_OWN: dict[str, pa.DataType] = {
    "model": pa.string(),
    "imei": pa.string(),
    "imei2": pa.string(),
    "imei_status": pa.string(),
    "register_asked_at": pa.timestamp("us", "UTC"),
    "purchased_on": pa.date32(),
    "at": pa.timestamp("us", "UTC"),
    "exchange_open": pa.bool_(),
    "device_exchanged": pa.bool_(),
    "target": pa.string(),
}


def columns_of(programme: Programme) -> dict[str, pa.DataType]:
    """Return every column that a programme's table can have, with its type."""
    rules = (rule for terms in programme.terms for rule in terms.retentions)
    texts = [rule.reads for rule in rules if rule.reads not in COUNTED]
    return _OWN | dict.fromkeys([*texts, *questions_of(programme)], pa.string())


def _row(asked: Enquiry) -> Row:
    """Write an enquiry down as a row."""
    device = asked.device
    row: Row = {"model": device.model, "purchased_on": device.purchased_on, "at": asked.at}
    for name, number in (("imei", device.imei), ("imei2", device.imei2)):
        row[name] = number.digits if isinstance(number, Imei) else number
    row |= {"exchange_open": asked.exchange_open, "device_exchanged": asked.device_exchanged}
    said = asked.imei_status
    status, asked_at = (said.status, said.asked_at) if isinstance(said, RegisterAnswer) else (said, None)
    row |= {"imei_status": str(status), "register_asked_at": asked_at, **asked.told}
    return row | {name: asked.condition.get(name) for name in questions_of(asked.programme)}


@st.composite
def rows(draw: st.DrawFn, programme: Programme, most: int = 6) -> list[Row]:
    """Draw tables whose cells are of the right type or empty."""
    drawn = [_row(asked) for asked in draw(st.lists(hostile_enquiries(programme), min_size=1, max_size=most))]
    for row in drawn:
        for name in draw(st.lists(st.sampled_from(sorted(columns_of(programme))), max_size=2)):
            row[name] = None
        if draw(st.integers(0, 9)) == 0:
            row["imei_status"] = draw(st.sampled_from(["", "CLEAR", "cleared", "blocked "]))
    return drawn


_ODD = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.booleans(),
    st.binary(max_size=4),
    st.dates(date(2017, 1, 1), date(2019, 1, 1)),
    st.datetimes(datetime(2017, 1, 1), datetime(2019, 1, 1)),  # noqa: DTZ001 - without a zone: that is the point
    st.sampled_from(["", "x", "\ud800", "2018-04-01", (), ("a",), datetime(1, 1, 1, tzinfo=UTC), object]),
)


@st.composite
def odd_rows(draw: st.DrawFn, programme: Programme) -> list[Row]:
    """Draw tables in which cells hold anything at all."""
    drawn = draw(rows(programme))
    for row in drawn:
        for name in draw(st.lists(st.sampled_from(sorted(columns_of(programme))), max_size=2)):
            row[name] = draw(_ODD)
    return drawn


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
