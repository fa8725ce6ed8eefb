"""Tables and columns as callers have them: names that nobody reads, columns that are no Series, and bounds."""

from __future__ import annotations

import decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import InvalidValue
from miexchange.batch import appraise_frame, validate_many
from parity.tables import plain
from unit import small

ROW = {"model": [small.MODEL]}
PROGRAMME = small.programme()


def outcomes(frame: Any) -> list[str]:  # noqa: ANN401 - any table
    return [row["outcome"] for row in plain(appraise_frame(frame, PROGRAMME, at=small.AT))]


def named(*names: Any) -> pd.DataFrame:  # noqa: ANN401 - names of any type
    return pd.DataFrame([[small.MODEL] * len(names)], columns=pd.Index(list(names), dtype=object))


class Mine(pd.DataFrame):
    """Somebody's own kind of table."""


@pytest.mark.parametrize(
    "frame",
    [
        named("model", 0, 1),
        named("model", None, ("a", "b"), 1.5),
        named("x", "model", "x"),
        named(np.str_("model"), "x"),
        pd.DataFrame(ROW, index=pd.MultiIndex.from_tuples([("a", 1)])),
        pd.concat([pd.DataFrame(ROW), pd.DataFrame(ROW)]),
        Mine(ROW),
        pa.Table.from_arrays([pa.array([small.MODEL]), pa.array([1]), pa.array([2])], names=["model", "x", "x"]),
        pa.table(ROW).to_reader(),
        duckdb.from_arrow(pa.table(ROW)),
    ],
)
def test_columns_that_nobody_reads_may_be_called_anything(frame: Any) -> None:  # noqa: ANN401 - any table
    rows = len(frame) if isinstance(frame, pd.DataFrame) else 1
    assert outcomes(frame) == ["indicative"] * rows


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (named("model", "model"), "frame has two columns 'model': rename one of them"),
        (named("model", np.str_("model")), "frame has two columns 'model': rename one of them"),
        (pd.DataFrame({("model", "a"): [small.MODEL]}), "^frame has no column model: add it$"),
        (
            pa.Table.from_arrays([pa.array([""])] * 2, names=["model"] * 2),
            "frame has two columns 'model': rename one of them",
        ),
        (pl.LazyFrame(ROW), r"give what its collect\(\) returns: a LazyFrame has no rows yet"),
        (pd.Series([small.MODEL]), "frame is a Series(, which cannot be read|: give a pandas)"),
        (ROW, "frame is a dict: give a pandas"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(frame: Any, message: str) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidValue, match=message):
        appraise_frame(frame, PROGRAMME, at=small.AT)


def test_a_reader_that_is_used_up_or_fails_is_an_error() -> None:
    def failing() -> Any:  # noqa: ANN401 - a generator of batches
        yield pa.record_batch(ROW)
        raise RuntimeError

    reader = pa.RecordBatchReader.from_batches(pa.table(ROW).schema, failing())
    with pytest.raises(InvalidValue, match="which cannot be read"):
        appraise_frame(reader, PROGRAMME, at=small.AT)


def test_a_batch_of_no_rows_stays_a_batch() -> None:
    result = appraise_frame(pa.record_batch(ROW).slice(0, 0), PROGRAMME, at=small.AT)
    assert type(result) is pa.RecordBatch
    assert result.num_rows == 0


def test_a_name_or_zone_that_is_no_utf8_stops_nobody() -> None:
    sink = pa.BufferOutputStream()
    table = pa.table(ROW | {"n\xe4me": [1], "at": pa.array([small.AT], pa.timestamp("us", "Z\xf6ne"))})
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    data = (
        sink.getvalue()
        .to_pybytes()
        .replace("n\xe4me".encode(), b"n\xff\xffme")
        .replace("Z\xf6ne".encode(), b"Z\xff\xffne")
    )
    read = pa.ipc.open_stream(data).read_all()
    assert plain(appraise_frame(read, PROGRAMME))[0]["outcome"] == "indicative"


COLUMN = [small.IMEI, "", None]


@pytest.mark.parametrize(
    "column",
    [
        pd.Index(COLUMN),
        pd.Index(pd.Categorical(COLUMN)),
        pd.Categorical(COLUMN),
        pd.array(COLUMN, dtype="string"),
        np.array(COLUMN, dtype=object),
        pa.chunked_array([pa.array(COLUMN)]),
    ],
)
def test_a_column_that_is_no_series_is_read_like_one(column: Any) -> None:  # noqa: ANN401 - any column
    result = validate_many(column)
    assert isinstance(result, pa.Table if isinstance(column, pa.ChunkedArray) else pd.DataFrame)
    assert [row["reason"] for row in plain(result)] == [None, "imei_empty", "imei_not_text"]
    assert not isinstance(result, pd.DataFrame) or list(result.index) == [0, 1, 2]


@pytest.mark.parametrize(
    "column",
    [
        pd.MultiIndex.from_tuples([("a", "b")]),
        pd.DataFrame({"imei": COLUMN}),
        pl.DataFrame({"imei": COLUMN}),
        pl.LazyFrame({"imei": COLUMN}),
        pa.table({"imei": COLUMN}),
        pa.record_batch({"imei": COLUMN}),
        np.array([COLUMN], dtype=object),
        np.array(small.IMEI),
        np.ma.masked_array([small.IMEI], [True]),
        np.array([(small.IMEI, 1)], dtype=[("imei", "U15"), ("n", "i4")]),
        pa.scalar(small.IMEI),
        (small.IMEI,),
        {small.IMEI},
    ],
)
def test_what_is_no_column_is_refused(column: object) -> None:
    with pytest.raises(InvalidValue, match="one column, no table"):
        validate_many(column)


def test_a_mixture_of_which_arrow_dies_is_read_cell_by_cell() -> None:
    cells = [np.datetime64("NaT"), np.float32("nan"), small.IMEI, decimal.Decimal("NaN"), ["x"], object()]
    found = [row["reason"] for row in plain(validate_many(pd.Series(cells, dtype=object)))]
    assert found == ["imei_not_text"] * 2 + [None] + ["imei_not_text"] * 3


def test_many_small_pieces_are_joined() -> None:
    pieces = [pa.array([small.IMEI, None, "x"]).dictionary_encode(), pa.array(["x", None]).dictionary_encode()] * 20
    found = validate_many(pa.chunked_array(pieces)).column("reason").to_pylist()
    assert found == [None, "imei_not_text", "imei_characters", "imei_characters", "imei_not_text"] * 20


@pytest.mark.parametrize("name", ["model", "imei", "imei_status", "target"])
def test_a_text_of_any_length_is_only_not_known(name: str) -> None:
    long = "1" * 3_000_000
    for cells in (pa.array([long]), pa.array([long]).dictionary_encode()):
        assert outcomes(pa.table(ROW | {name: cells})) == ["indicative" if name == "target" else "refused"]


def test_a_wide_header_is_looked_through_once() -> None:
    names = [f"modle{number}" for number in range(30_000)]
    with pytest.raises(InvalidValue, match=r"^frame has no column model: add it$") as refused:
        appraise_frame(pa.Table.from_arrays([pa.array([1])] * len(names), names=names), PROGRAMME, at=small.AT)
    assert len(f"{refused.value}") < 1_000
