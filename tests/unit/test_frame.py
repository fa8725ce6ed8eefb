"""Tables of any library, as the readers of programmes' tables take them."""

from __future__ import annotations

import decimal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import AnchorTable, Catalogue, DataError, EligibleModels, InvalidValue, PriceTable
from miexchange._frame import Columns, NotATable, Unreadable, readable
from miexchange.report import book_report
from miexchange.tuning import compare
from unit import small
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


@pytest.mark.parametrize("kind", ["pandas", "polars", "anything with columns"])
def test_without_pyarrow_a_table_is_read_by_its_own_library(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    expected = PriceTable.read(pa.table(ROWS), zone=IST)
    table = KINDS[kind](ROWS)
    monkeypatch.delitem(sys.modules, "pyarrow")
    assert PriceTable.read(table, zone=IST) == expected


def test_what_is_no_table_is_an_argument_of_a_wrong_type() -> None:
    error = NotATable("is no table", "Give a CSV path").of("rows", 5)
    assert (error.kind, error.field, str(error)) == ("type", "rows", "rows is no table: give a CSV path")


def test_the_cells_of_a_column_are_values_of_python() -> None:
    columns = Columns(pd.DataFrame({"a": [1, 2], 5: ["x", None], ("b", "c"): [pd.NaT, pd.Timestamp(0, tz="UTC")]}))
    assert columns.names == ["a", "5", "column 3 (a tuple)"]
    cells = [columns.cells(place) for place in range(3)]
    assert cells == [[1, 2], ["x", None], [None, datetime(1970, 1, 1, tzinfo=UTC)]]
    assert [type(cell) for cell in cells[0]] == [int, int]


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


# ---- columns that pandas keeps in Arrow, and fails at


class Own(pa.ExtensionType):  # type: ignore[misc] # pyarrow has no types
    """An extension that nobody has registered."""

    def __init__(self) -> None:
        super().__init__(pa.string_view(), "own")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""


def kept(array: Any) -> pd.Series[Any]:  # noqa: ANN401 - an Arrow array
    """Return a column that pandas keeps as it was."""
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])))


def of_bytes(ends: list[int], data: bytes) -> Any:  # noqa: ANN401 - an Arrow array
    return pa.Array.from_buffers(
        pa.string(), len(ends) - 1, [None, pa.py_buffer(np.array(ends, np.int32)), pa.py_buffer(data)]
    )


LONG = "a text of more than twelve bytes"
VIEWS = pa.array([small.MODEL, LONG, None], pa.string_view())
OWN = pa.ExtensionArray.from_storage(Own(), VIEWS)
PLACES = pa.array([0, 1, 2])
KEPT: dict[str, tuple[Any, list[object]]] = {
    "views": (VIEWS, [small.MODEL, LONG, None]),
    "runs of views": (
        pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3]), VIEWS),
        [small.MODEL, LONG, None],
    ),
    "an extension": (OWN, [small.MODEL, LONG, None]),
    "a dictionary of an extension": (pa.DictionaryArray.from_arrays(PLACES, OWN), [small.MODEL, LONG, None]),
    "views of bytes": (pa.array([b"a", None], pa.binary_view()), [b"a", None]),
    "no UTF-8": (of_bytes([0, 4, 5], b"worn\xff"), ["worn", "Unreadable"]),
    "a year too far": (
        pa.array([2**60, 0], pa.timestamp("s", "UTC")),
        ["Unreadable", datetime(1970, 1, 1, tzinfo=UTC)],
    ),
    "a day too far": (pa.array([2**30, 0], pa.int32()).view(pa.date32()), ["Unreadable", date(1970, 1, 1)]),
    "an instant after the last year of Python": (
        pa.array([0, 568_971_820_800], pa.timestamp("s", "UTC")),
        [datetime(1970, 1, 1, tzinfo=UTC), "Unreadable"],
    ),
    "an instant before the first year of Python": (
        pa.array([-63_000_000_000, 0], pa.timestamp("s", "UTC")),
        ["Unreadable", datetime(1970, 1, 1, tzinfo=UTC)],
    ),
    "an unknown zone": (pa.array([0], pa.timestamp("us", "Mars/Olympus")), ["Unreadable"]),
}
PLAIN = {
    "texts": pa.array(["a", None]),
    "large texts": pa.array(["a", None], pa.large_string()),
    **{f"{kind}": pa.array([1, None]).cast(kind) for kind in (pa.bool_(), pa.float32(), pa.float64())},
    **{f"{kind}": pa.array([1, None], kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{f"{kind}": pa.array([1, None], kind) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    "instants": pa.array([0, None], pa.timestamp("us", "UTC")),
    "days": pa.array([0, None], pa.date32()),
    "no rows": pa.array([], pa.timestamp("us", "UTC")),
}
BROKEN = {
    "places that are not there": pa.DictionaryArray.from_arrays(pa.array([0, 5]), pa.array(["a"]), safe=False),
    "offsets that go back": of_bytes([0, 9, -1_000_000, 9], b"wornwornx"),
}


@pytest.mark.parametrize("kind", KEPT)
def test_a_column_that_pandas_fails_at_is_one_of_objects(kind: str) -> None:
    array, cells = KEPT[kind]
    frame = pd.DataFrame({"other": kept(pa.array([1] * len(array))), "it": kept(array)})
    found = readable(frame)
    assert found is not frame
    assert [
        type(cell).__name__ if type(cell).__module__ == "miexchange._frame" else cell for cell in found["it"]
    ] == cells
    assert found["other"].dtype == frame["other"].dtype


def test_of_several_columns_those_that_pandas_fails_at_become_objects() -> None:
    frame = pd.DataFrame({"a": kept(VIEWS), "b": kept(PLACES), "c": kept(VIEWS)})
    frame.index = pd.Index([7, 8, 9])
    found = readable(frame)
    assert [str(kind) for kind in found.dtypes] == ["object", str(frame["b"].dtype), "object"]
    assert found.index.tolist() == [7, 8, 9]
    assert found["c"].tolist() == KEPT["views"][1]
    assert str(frame["a"].dtype) != "object", "the frame that was given is as it was"


def of_pandas(array: Any) -> pd.Series[Any]:  # noqa: ANN401 - an Arrow array
    """Return a column of the texts that pandas keeps in Arrow."""
    return pd.Series(
        pd.arrays.ArrowStringArray(pa.chunked_array([array.cast(pa.large_binary()).view(pa.large_string())]))
    )


def test_texts_that_pandas_keeps_in_arrow_are_read_as_well() -> None:
    frame = pd.DataFrame({"it": of_pandas(pa.array(["worn", "a"]))})
    assert readable(frame) is frame
    found = readable(pd.DataFrame({"it": of_pandas(of_bytes([0, 4, 5], b"worn\xff"))}))["it"].tolist()
    assert (found[0], type(found[1])) == ("worn", Unreadable)


def test_a_column_that_cannot_be_read_is_named_by_its_place_where_its_name_is_no_text() -> None:
    frame = pd.DataFrame({"a": [1] * 3}).assign(b=kept(BROKEN["offsets that go back"]))
    with pytest.raises(NotATable, match=r"has the column 'b', which cannot be read \(ArrowInvalid\)"):
        readable(frame)
    frame.columns = pd.MultiIndex.from_tuples([("a", "a"), ("b", "b")])
    with pytest.raises(NotATable, match=r"has the column 'column 2 \(a tuple\)', which cannot be read"):
        readable(frame)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_column_that_pandas_can_read_stays(kind: str) -> None:
    frame = pd.DataFrame({"it": kept(PLAIN[kind])})
    assert readable(frame) is frame


@pytest.mark.parametrize("kind", [*KEPT, *BROKEN])
def test_a_book_of_any_column_is_valued_or_an_error_of_ours(kind: str) -> None:
    """Promise 8, where pandas itself dies or raises whatever it likes."""
    array = KEPT[kind][0] if kind in KEPT else BROKEN[kind]
    rest = {question.id: [None] * len(array) for question in small.TERMS.questionnaire.questions}
    programme = small.programme()
    for name in ("model", "note"):
        book = pd.DataFrame({"model": [small.MODEL] * len(array), **rest, name: kept(array)})
        for door in (
            lambda book: compare(programme, programme, book, at=small.AT),
            lambda book: book_report(book, programme, at=small.AT),
        ):
            if kind in BROKEN:
                with pytest.raises(InvalidValue, match=f"the column '{name}', which cannot be read"):
                    door(book)
            else:
                with suppress(InvalidValue):  # such as for a book of no device that is taken
                    door(book)


@pytest.mark.parametrize("kind", BROKEN)
def test_contradictory_buffers_behind_pandas_are_a_fault_of_the_table(kind: str) -> None:
    rows = {name: cells * 2 for name, cells in ROWS.items()}
    count = len(BROKEN[kind])
    frame = pd.DataFrame({name: cells[:count] for name, cells in rows.items()}).assign(source=kept(BROKEN[kind]))
    with pytest.raises(DataError, match="cannot be read"):
        PriceTable.read(frame, zone=IST)
