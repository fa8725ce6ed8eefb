"""Row groups that we encode: every reader finds in them what was put in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miexchange.batch.arrow._results import Amounts, ArrowColumn, Texts, to_arrow
from miexchange.batch.files._parquet_groups import MAGIC, Numbers, encoded, footer_of, moved
from miexchange.batch.files._thrift import read_struct, write_struct
from parity.both_ways import WAYS, way

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.batch.arrow._results import AnyColumn

    Columns = dict[str, AnyColumn | Numbers]


def columns(rows: int, first: int = 0) -> Columns:
    """Return columns of every kind: of one value, of few, of more than a dictionary holds, of nulls, nested."""
    random = np.random.default_rng(rows)
    some, every = random.random(rows) < 0.4, np.ones(rows, dtype=np.bool_)
    few = random.integers(-3, 300, rows)
    lists = pa.array([[place % 3, None] if place % 5 else None for place in range(rows)], pa.list_(pa.int8()))
    return {
        "row": Numbers(first, rows),
        "kept.list": ArrowColumn(pa.chunked_array([lists])),
        "one": Amounts(np.full(rows, 7), some),
        "few": Amounts(few, some),
        "extremes": Amounts(np.where(few > 100, 2**63 - 1, -(2**63)), None),
        "many": Amounts(random.integers(-(2**62), 2**62, rows), None),
        "nulls": Amounts(few, every),
        "texts": Texts((few % 3).astype(np.int8), ("", "é", "a\0b"), some),
        "same": Texts(np.zeros(rows, dtype=np.int32), ("x",)),
        "no texts": Texts(np.zeros(rows, dtype=np.int8), ("x",), every),
        "kept": ArrowColumn(pa.chunked_array([pa.array(few).cast(pa.string())])),
    }


@pytest.mark.parametrize("sizes", [(1,), (7, 8, 9), (300, 1), (40_000,)])
def test_every_reader_finds_what_was_put_in(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    file, groups, body = tmp_path / "it.parquet", [], MAGIC
    tables: list[pa.Table] = []
    groups_of = []
    for rows in sizes:
        part = columns(rows, sum(table.num_rows for table in tables))
        for enough in WAYS:
            with way(enough):
                groups_of.append(encoded(part, rows))
        assert groups_of[-1] == groups_of[-2]
        group = groups_of[-1]
        about, counted = moved(group.about, len(body))
        assert counted == rows
        groups.append(about)
        body += group.body
        tables.append(to_arrow(part))
    expected = pa.concat_tables(tables)
    file.write_bytes(body + footer_of(tables[0].slice(0, 0), sum(sizes), groups))
    found = pq.read_table(file)
    assert found.schema == expected.schema
    readers = (found, duckdb.from_parquet(str(file)).to_arrow_table(), pl.read_parquet(file).to_arrow())
    for name in expected.column_names:
        for table in readers:
            assert table[name].to_pylist() == expected[name].to_pylist(), name
    about = pq.ParquetFile(file).metadata
    assert (about.num_rows, about.num_row_groups) == (sum(sizes), len(sizes))
    for number, table in enumerate(tables):
        told = {about.row_group(number).column(place).path_in_schema: place for place in range(about.num_columns)}
        for name in ("row", "one", "few", "many", "nulls", "texts"):
            statistics = about.row_group(number).column(told[name]).statistics
            cells = [cell for cell in table[name].to_pylist() if cell is not None]
            assert statistics.null_count == len(table) - len(cells)
            assert statistics.has_min_max == bool(cells)
            if cells:
                assert (statistics.min, statistics.max) == (min(cells), max(cells))


def test_a_footer_of_a_library_is_read_and_written_again() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({f"column {number}": [None, number, -number] for number in range(40)}), sink)
    data = sink.getvalue().to_pybytes()
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    fields, end = read_struct(footer, 0)
    assert (write_struct(fields), end) == (footer, len(footer))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\x15", IndexError),
        (b"\x18\x7fabc\x00", IndexError),
        (b"\x19\xf5\xff\x7f\x00", IndexError),
        (b"\x1b\x00\x00", KeyError),
        (b"\x1c" * 20 + b"\x00" * 20, ValueError),
    ],
    ids=["a number", "bytes", "a list", "a map", "depth"],
)
def test_what_is_no_struct_is_an_error(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_struct(data, 0)
