"""Tables of any library, as the readers of programmes' tables take them."""

from __future__ import annotations

import decimal
import subprocess
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import AnchorTable, Catalogue, DataError, EligibleModels, PriceTable
from unit.small import IST

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS: dict[str, list[Any]] = {
    "model": ["one", "two"],
    "effective_from": [date(2018, 3, 15), date(2018, 3, 16)],
    "price_minor": [100, 200],
    "basis": ["observed", "modelled"],
    "source": ["a list", "a list"],
}


class Stream:
    """A table of a library that nobody knows."""

    def __init__(self, table: Any) -> None:  # noqa: ANN401 - an Arrow table
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class Mapping:
    """A table that is only asked for its columns by name."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.columns = list(columns)
        self._cells = columns

    def __getitem__(self, name: str) -> list[Any]:
        return self._cells[name]


class Frame(pd.DataFrame):
    """Somebody's own."""


KINDS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "pandas, derived": Frame,
    "pandas, categories": lambda rows: pd.DataFrame(rows).astype({"model": "category", "basis": "category"}),
    "pandas, arrow": lambda rows: pd.DataFrame(rows).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "polars, categories": lambda rows: pl.DataFrame(rows).with_columns(pl.col("model").cast(pl.Categorical)),
    "arrow": pa.table,
    "arrow batch": lambda rows: pa.table(rows).to_batches()[0],
    "arrow, encoded": lambda rows: pa.table(rows).set_column(0, "model", pa.array(rows["model"]).dictionary_encode()),
    "arrow, from polars": lambda rows: pa.table(pl.DataFrame(rows).with_columns(pl.col("model").cast(pl.Categorical))),
    "a reader": lambda rows: pa.table(rows).to_reader(),
    "a stream": lambda rows: Stream(pa.table(rows)),
    "duckdb": lambda rows: duckdb.from_arrow(pa.table(rows)),
    "anything with columns": Mapping,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_any_library_is_read_alike(kind: str) -> None:
    expected = PriceTable.read(pd.DataFrame(ROWS), zone=IST)
    assert PriceTable.read(KINDS[kind](ROWS), zone=IST) == expected
    assert len(expected.prices) == 2


def test_every_reader_takes_them() -> None:
    anchors = {"component": ["display", "battery"], "amount_minor": ROWS["price_minor"]} | ROWS
    del anchors["price_minor"]
    assert len(AnchorTable.read(pa.table(anchors), zone=IST).anchors) == 2
    listings = {"model": ["one"], "listed_from": ["2018-03-15"], "source": ["a list"]}
    assert EligibleModels.read(pl.DataFrame(listings)) == EligibleModels.read(pa.table(listings))
    models = [
        {"model": "acme-one", "brand": "Acme", "name": "One", "ram_mb": 4096, "storage_gb": 64}
        | {"launched_on": "2018-01-01", "aliases": "", "source": "a list"}
    ]
    read = []
    for table in (pd.DataFrame(models), pa.Table.from_pylist(models), pl.DataFrame(models)):
        try:
            read.append(Catalogue.read(table))
        except DataError as error:
            read.append(f"{error}")  # type: ignore[arg-type] # the same columns are missing from each
    assert read[0] == read[1] == read[2]


class Basis(StrEnum):
    OBSERVED = "observed"


@pytest.mark.parametrize("text", [np.str_("observed"), Basis.OBSERVED])
def test_a_text_of_another_class_is_a_text(text: str) -> None:
    frame = pd.DataFrame(ROWS | {"basis": pd.Series([text, text], dtype=object)})
    assert {type(price.basis) for price in PriceTable.read(frame, zone=IST).prices} == {str}


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NaT, pd.NA, decimal.Decimal("NaN"), np.datetime64("NaT")])
def test_what_is_missing_in_any_library_is_an_empty_cell(nothing: object) -> None:
    frame = pd.DataFrame(ROWS | {"effective_until": pd.Series([nothing, nothing], dtype=object)})
    assert [price.effective_until for price in PriceTable.read(frame, zone=IST).prices] == [None, None]
    with pytest.raises(DataError, match=r"<frame>:1: effective_from: is empty"):
        PriceTable.read(frame.assign(effective_from=frame["effective_until"]), zone=IST)


class Torn:
    """As a table of Arrow whose columns are not of one length, which Arrow itself would not make."""

    column_names = tuple(ROWS)

    def column(self, place: int) -> Any:  # noqa: ANN401 - an Arrow array
        return pa.table(ROWS).column(place).slice(place // 4)


def no_utf8() -> Any:  # noqa: ANN401 - an Arrow table
    ends = pa.py_buffer(np.array([0, 1, 2], np.int32))
    texts = pa.Array.from_buffers(pa.string(), 2, [None, ends, pa.py_buffer(b"\xffa")])
    return pa.Table.from_arrays([texts, *pa.table(ROWS).columns[1:]], names=list(ROWS))


FAR = np.array(["20000-01-01"] * 2, dtype="M8[s]")
ZONE = pa.array([0, 0]).cast(pa.timestamp("us", "Mars/Olympus"))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (no_utf8(), r"<frame>: model: cannot be read \(ArrowInvalid\)"),
        (pa.table(ROWS | {"effective_from": ZONE}), r"<frame>: effective_from: cannot be read \(\w+\)"),
        (pd.DataFrame(ROWS).assign(effective_from=FAR), "an InstantOutOfRange is not a date"),
        (pa.table(ROWS | {"price_minor": pa.array([1.5, 2.0])}), r"price_minor: 1\.5 is a float"),
        (pa.table(ROWS | {"price_minor": pa.array([1, 2], pa.decimal128(20, 0))}), "a Decimal is not a whole number"),
        (pl.LazyFrame(ROWS), r"a LazyFrame has no rows yet\. Give what its collect\(\) returns"),
        (ROWS, "a dict is no table"),
        (pd.Series([1]), "a Series is no table"),
        (pl.Series([1]), "a Series is no table"),
        (pa.array([1]), "an Int64Array is no table"),
        (Mapping({**ROWS, "source": ["a list"]}), "a Mapping is no table"),
        (pd.DataFrame(ROWS).rename(columns={"source": 5}), "5: is not a column of this table"),
        (
            pd.DataFrame(ROWS).set_axis([*list(ROWS)[:4], None], axis=1),
            r"column 5 \((nan|None)\): is not a column of this table",
        ),
        (pd.DataFrame({("a", "b"): [1]}), r"column 1 \(a tuple\): is not a column of this table"),
        (Torn(), "<frame>: source: is not as long as the others"),
        (pa.table([[1], [2]], names=["model", "model"]), "model: duplicate column"),
    ],
)
def test_what_cannot_be_read_is_named(table: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        PriceTable.read(table, zone=IST)


def test_without_pyarrow_a_stream_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pyarrow")
    with pytest.raises(DataError, match=r"a Stream can be read only with pyarrow\. Give what pyarrow\.table\(it\) ret"):
        PriceTable.read(Stream(pa.table(ROWS)), zone=IST)


def test_a_relation_is_read_where_nobody_has_loaded_pyarrow() -> None:
    code = """
import sys, duckdb
from miexchange import PriceTable, Zone
row = "'one' as model, date '2018-03-15' as effective_from, 100 as price_minor, 'observed' as basis, 'a list' as source"
relation = duckdb.connect().sql(f"select {row}")
assert "pyarrow" not in sys.modules
print(*PriceTable.read(relation, zone=Zone("Asia/Kolkata")).prices)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert "model='one'" in done.stdout


class Endless(Stream):
    """A table that is never one of Arrow, and always offers to become one."""

    def to_arrow_table(self) -> Endless:
        return self


@pytest.mark.parametrize("source", [Endless(None), Stream(None), Stream(pa.array([1]))])
def test_a_stream_that_is_no_table_is_refused(source: object) -> None:
    with pytest.raises(DataError, match=r"is no table\. Give a CSV path or a DataFrame"):
        PriceTable.read(source, zone=IST)


def test_an_instant_of_a_zone_is_that_instant() -> None:
    at = datetime(2018, 3, 15, 6, tzinfo=UTC)
    for zone in ("UTC", "Asia/Kolkata", "+05:30"):
        table = pa.table(ROWS | {"effective_from": pa.array([at, at], pa.timestamp("us", zone))})
        assert {price.effective_from for price in PriceTable.read(table, zone=IST).prices} == {at}
