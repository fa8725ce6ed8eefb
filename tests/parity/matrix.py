"""Type by door by library: every column that a library can make, through every door, beside the scalar verbs.

`python -m parity.matrix` prints each case that fails, and names the last one if the process dies.
`tests/parity/test_matrix.py` runs it in a process of its own: a crash is then a failure, not the end of the suite.
"""

from __future__ import annotations

import decimal
import sys
import traceback
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from miexchange import InvalidImei, InvalidValue, Price, PriceTable, TacTable
from miexchange._text import is_missing, text_of
from miexchange.batch import appraise_frame, lookup_many, prices_as_of, validate_many
from miexchange.condition import Option, Question, Questionnaire
from miexchange.imei import Imei, validate
from miexchange.laws._one_by_one import rows_of, valued
from parity.tables import plain
from unit import small

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["main"]

QUESTION = Question("screen", "?", "part", "none", (Option("fine", "Fine"), Option("worn", "Worn", keep_bps=5_000)))
PROGRAMME = small.programme(small.TERMS.replace(questionnaire=Questionnaire("1", (QUESTION,))))
TACS = TacTable.of([(small.IMEI[:8], "Acme", "One")])
PRICES = PriceTable.of([Price(small.MODEL, small.BEGIN, 1_000_000, "observed")])

TEXTS = [small.IMEI, None, "35-417803-685978-9", small.MODEL, "acme one", "worn", "", "क", small.IMEI, None]
INSTANTS = [small.AT, None, datetime(1899, 12, 31, tzinfo=UTC), small.BEGIN - timedelta(days=1), small.AT]
DAYS = [date(2020, 1, 2), None, date(1969, 12, 31), date(2031, 1, 1), date(2020, 1, 2)]
FLAGS = [True, None, False, True]

IN_TEXT = ("model", "imei", "imei2", "screen", "imei_status", "target")
TWICE = ("dictionary<int8>", "runs<int32>", "extension", "slice")
GOOD = {"model": small.MODEL, "screen": "fine", "at": small.AT}
INDEX_TYPES = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())

Case = tuple[str, Any, list[object]]
"""What a column is called, the column, and its cells as Python has them."""


class _Own(pa.ExtensionType):  # type: ignore[misc] # pyarrow has no types
    """An extension that nobody has registered."""

    def __init__(self, storage: Any) -> None:  # noqa: ANN401 - an Arrow type
        super().__init__(storage, "own.type")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, _: bytes) -> _Own:  # noqa: ANN401 - as above
        return cls(storage)


class _Capsule:
    """An array of a library that nobody knows."""

    def __init__(self, array: Any) -> None:  # noqa: ANN401 - an Arrow array
        self._array = array

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_array__(requested_schema)


class _Stream:
    """Likewise, in pieces."""

    def __init__(self, array: Any) -> None:  # noqa: ANN401 - a chunked array
        self._array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_stream__(requested_schema)


def _wrappings(array: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - an Arrow array
    """Wrap an array in everything that Arrow has."""
    rows = len(array)
    places = [None if row == 2 else row for row in range(rows)]
    for kind in INDEX_TYPES:
        codes = pa.array(places, kind)
        # Anything may lie under a null, such as a place that there is not.
        raw = np.array([100 if row is None else row for row in places], kind.to_pandas_dtype())
        buffers = [codes.buffers()[0], pa.py_buffer(raw)]
        codes = pa.Array.from_buffers(kind, rows, buffers)
        yield f"dictionary<{kind}>", pa.DictionaryArray.from_arrays(codes, array, safe=False)
    for kind in (pa.int16(), pa.int32(), pa.int64()):
        ends = pa.array([2 * row for row in range(1, rows + 1)], kind)
        yield f"runs<{kind}>", pa.RunEndEncodedArray.from_arrays(ends, array).slice(1, 2 * rows - 3)
    if not isinstance(array.type, pa.BaseExtensionType):
        yield "extension", pa.ExtensionArray.from_storage(_Own(array.type), array)
    yield "slice", array.slice(1, rows - 2)


def _wrapped(name: str, array: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - an Arrow array
    """Wrap an array in nothing, in everything, and in everything twice."""
    yield name, array
    for outer, once in _wrappings(array):
        yield f"{outer} of {name}", once
        for outermost, twice in _wrappings(once):
            if outermost in TWICE:
                yield f"{outermost} of {outer} of {name}", twice


def _chunked(name: str, array: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    yield f"{name}, in pieces", pa.chunked_array([array.slice(1), array.slice(0, 0), array])
    yield f"{name}, in no piece", pa.chunked_array([], array.type)
    yield f"{name}, a capsule", _Capsule(array)
    yield f"{name}, a stream", _Stream(pa.chunked_array([array, array]))


def arrow_texts() -> Iterator[Case]:
    """Yield texts as Arrow has them."""
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        array = pa.array(TEXTS, kind)
        for name, one in _wrapped(f"{kind}", array):
            yield name, one, one.to_pylist()
        for wrapped, one in (("", array), *_wrappings(array)):
            for name, given in _chunked(f"{wrapped} {kind}", one):
                yield name, given, _cells(given)
    nothing = pa.nulls(3, pa.string())
    for name, one in (("all null", nothing), ("all null, encoded", nothing.dictionary_encode())):
        yield name, one, [None] * 3
    empty = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int8()), pa.array([], pa.string()))
    yield "no value", empty, [None, None]
    yield "without buffers", _empty(pa.string()), []
    yield "json", pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(TEXTS)), list(TEXTS)
    repeated = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 3]), pa.array([small.MODEL, None, small.MODEL, "worn"])
    )
    yield "repeated and null values", repeated, repeated.to_pylist()


def _cells(given: Any) -> list[object]:  # noqa: ANN401 - any column
    """Return what Arrow itself makes of a column."""
    array = given._array if isinstance(given, _Capsule | _Stream) else given  # noqa: SLF001 - our own
    cells: list[object] = array.to_pylist()
    return cells


def _empty(kind: Any) -> Any:  # noqa: ANN401 - an Arrow type
    """Return an empty array as a producer may send it: the offsets may be left out (Arrow's format, version 1)."""
    return pa.Array.from_buffers(kind, 0, [None, pa.py_buffer(b""), pa.py_buffer(b"")])


def arrow_others() -> Iterator[Case]:
    """Yield everything in Arrow that is no text."""
    yield "null", pa.nulls(3), [None] * 3
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2)):
        yield f"{kind}", pa.array([b"ab", None, b"cd"], kind), [b"ab", None, b"cd"]
    for kind in (*INDEX_TYPES, pa.float16(), pa.float32(), pa.float64(), pa.decimal32(9), pa.decimal64(9)):
        array = pa.array([1, None, 0], pa.int8()).cast(kind)
        for name, one in ((f"{kind}", array), *_wrappings(array)):
            yield f"{name}, numbers", one, one.to_pylist()
    for kind in (pa.decimal128(20, 2), pa.decimal256(40, 2)):
        yield f"{kind}", pa.array([decimal.Decimal("1.5"), None], kind), [decimal.Decimal("1.5"), None]
    yield "NaN", pa.array([float("nan"), 1.0, None]), [float("nan"), 1.0, None]
    for kind in (pa.time32("s"), pa.time64("us"), pa.duration("s"), pa.duration("us"), pa.month_day_nano_interval()):
        array = (
            pa.array([1, None], pa.int32() if kind == pa.time32("s") else pa.int64()).view(kind)
            if "interval" not in f"{kind}"
            else pa.nulls(2, kind)
        )
        yield f"{kind}", array, array.to_pylist()
    for kind in (
        pa.list_(pa.string()),
        pa.large_list(pa.string()),
        pa.list_view(pa.string()),
        pa.list_(pa.string(), 1),
    ):
        array = pa.array([["worn"], None], kind)
        yield f"{kind}", array, [["worn"], None]
    yield "struct", pa.array([{"a": "worn"}, None]), [{"a": "worn"}, None]
    yield "map", pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int8())), [[("a", 1)], None]
    kinds = pa.array([0, 1, 0], pa.int8())
    union = pa.UnionArray.from_sparse(kinds, [pa.array(["worn"] * 3), pa.array([None, 1, 2], pa.int8())])
    yield "sparse union", union, [("worn",), (1,), ("worn",)]  # whatever it holds, a cell of it is no text
    union = pa.UnionArray.from_dense(kinds, pa.array([0, 0, 1], pa.int32()), [pa.array(["a", "b"]), pa.array([1])])
    yield "dense union", union, [("a",), (1,), ("b",)]
    yield "uuid", pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16), None], pa.binary(16))), [b"", None]


def arrow_instants() -> Iterator[Case]:
    """Yield instants as Arrow has them; the zone only says how they print."""
    for unit in ("s", "ms", "us", "ns"):
        for zone in ("UTC", "Asia/Kolkata", "+05:30", "Mars/Olympus"):
            array = pa.array(INSTANTS, pa.timestamp(unit, "UTC")).cast(pa.int64()).cast(pa.timestamp(unit, zone))
            yield f"{array.type}", array, list(INSTANTS)
        seconds = pa.array(INSTANTS, pa.timestamp(unit, "UTC"))
        for name, one in _wrappings(seconds):
            yield f"{name} of instants in {unit}", one, _instants(one)


def _instants(array: Any) -> list[object]:  # noqa: ANN401 - an Arrow array
    """Return the cells of wrapped instants; those of nanoseconds come as pandas has them."""
    return [cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for cell in array.to_pylist()]


def arrow_days() -> Iterator[Case]:
    """Yield days as Arrow has them."""
    for kind in (pa.date32(), pa.date64(), *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns"))):
        array = pa.array(DAYS, pa.date32()).cast(kind)
        yield f"{kind}", array, list(DAYS)
        if kind == pa.date32():
            for name, one in _wrappings(array):
                yield f"{name} of days", one, one.to_pylist()


def arrow_flags() -> Iterator[Case]:
    """Yield flags as Arrow has them."""
    array = pa.array(FLAGS)
    for name, one in _wrapped("bool", array):
        yield name, one, one.to_pylist()
    bytes_ = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0, 2], pa.int8()))
    yield "bool8", bytes_, list(FLAGS)
    for name, one in _wrappings(bytes_):
        yield f"{name} of bool8", one, one.to_pylist()


class _Colour(StrEnum):
    WORN = "worn"


class _Hostile:
    """A cell whose every answer is an exception."""

    def _refuse(self, *_: object) -> Any:  # noqa: ANN401 - never returns
        raise RuntimeError

    __eq__ = __bool__ = __len__ = __iter__ = __getattr__ = __float__ = __int__ = __str__ = __repr__ = _refuse
    __hash__ = None  # type: ignore[assignment]


NOTHING = [None, float("nan"), pd.NaT, pd.NA, decimal.Decimal("NaN"), np.datetime64("NaT"), np.float32("nan")]
ODD = [
    *(np.str_("worn"), _Colour.WORN, b"worn", 1, 1.5, True, np.True_, np.int64(5), ["worn"], {"worn"}, {"a": 1}, ()),
    *(np.array(["worn"]), np.array([]), _Hostile(), object, "\ud800", pd.Timestamp.min, pd.Timestamp.max, date.min),
    *(
        datetime(9999, 12, 31, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        pd.Timestamp("2020-01-11 06:00Z"),
        np.datetime64("2020-01-01"),
    ),
    *(
        pd.Timestamp(np.datetime64("20000-01-01", "s")),
        pd.Interval(0, 1),
        pd.Period("2020-01"),
        pd.Timedelta(1),
        small.MODEL,
        small.IMEI,
    ),
]


def _objects(cells: list[object]) -> pd.Series[Any]:
    """Return a column of objects, each of which numpy is given alone: it may ask those of a list how long they are."""
    array = np.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):
        array[place] = cell
    return pd.Series(array)


def pandas_texts() -> Iterator[Case]:
    """Yield texts as pandas and numpy have them, and all that can stand in a column of objects."""
    plain_texts = [text or "" for text in TEXTS]
    kinds: dict[str, Any] = {
        "str": pd.Series(TEXTS, dtype="str"),
        "string, pyarrow": pd.Series(TEXTS, dtype="string[pyarrow]"),
        "string, python": pd.Series(TEXTS, dtype="string[python]"),
        "object": pd.Series(TEXTS, dtype=object),
        "category": pd.Series(TEXTS, dtype="category"),
        "category, ordered": pd.Series(pd.Categorical(TEXTS, ["worn", small.IMEI], ordered=True)),
        "category of numbers": pd.Series([1, 2, None], dtype="category"),
        "category of both": pd.Series(pd.Categorical([1, "worn", None], [1, "worn"])),
        "arrow": pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
        "arrow, views": pd.Series(pd.arrays.ArrowExtensionArray(pa.array(TEXTS, pa.string_view()))),
        "arrow, encoded": pd.Series(pd.arrays.ArrowExtensionArray(pa.array(TEXTS).dictionary_encode())),
        "sparse": pd.Series(pd.arrays.SparseArray([1.0, 0.0, float("nan")])),
        "Int64": pd.Series([1, None], dtype="Int64"),
        "boolean": pd.Series([True, None], dtype="boolean"),
        "complex": pd.Series([1j, 2j]),
        "period": pd.Series(pd.period_range("2020-01", periods=2, freq="M")),
        "interval": pd.Series(pd.interval_range(0, 2)),
        "timedelta": pd.Series(pd.to_timedelta([1, None])),
        "odd objects": _objects(ODD),
        "nothing": pd.Series([*NOTHING, "worn"], dtype=object),
        "repeated rows": pd.Series(TEXTS, index=[0] * len(TEXTS), dtype=object),
        "rows of several levels": pd.Series(["worn"] * 4, index=pd.MultiIndex.from_product([[0, 1], [0, 1]])),
        "bytes": pd.Series([b"worn", b"1"]),
    }
    for name, series in kinds.items():
        yield name, series, list(series)
        if name not in {"odd objects", "rows of several levels"}:
            yield f"{name}, an Index", pd.Index(series), list(pd.Index(series))
        yield f"{name}, an array", series.array, list(series.array)
    arrays: dict[str, Any] = {
        "numpy, U": np.array(plain_texts),
        "numpy, S": np.array([b"worn", b"1"]),
        "numpy, O": np.array(TEXTS, dtype=object),
        "numpy, T": np.array(plain_texts, dtype=np.dtypes.StringDType()),
        "numpy, i8": np.array([1, 2]),
        "numpy, >i4": np.array([1, 2], dtype=">i4"),
        "numpy, f2": np.array([1, np.nan], dtype="f2"),
        "numpy, M8[Y]": np.array(["2020", "NaT"], dtype="M8[Y]"),
    }
    for name, array in arrays.items():
        yield name, array, list(array)


def polars_texts() -> Iterator[Case]:
    """Yield what Polars has, as it is and by the capsule interface."""
    texts = pl.Series(TEXTS, dtype=pl.String)
    distinct = list(dict.fromkeys(text for text in TEXTS if text is not None))
    kinds = {
        "String": texts,
        "Categorical": texts.cast(pl.Categorical),
        "Enum": texts.cast(pl.Enum(distinct)),
        "sliced": texts.cast(pl.Categorical).slice(2, 5),
        "in pieces": pl.concat([texts, texts], rechunk=False).cast(pl.Categorical),
        "Null": pl.Series([None, None]),
        "Binary": pl.Series([b"worn", None]),
        "List": pl.Series([["worn"], None]),
        "Struct": pl.Series([{"a": "worn"}, {"a": "x"}]),
        "Array": pl.Series([["worn"], None], dtype=pl.Array(pl.String, 1)),
        "Decimal": pl.Series([decimal.Decimal("1.5"), None]),
        "Time": pl.Series([datetime(2020, 1, 1, tzinfo=UTC).time(), None]),
        "Duration": pl.Series([timedelta(1), None]),
        "Int128": pl.Series([2**100, None], dtype=pl.Int128),
        "UInt8": pl.Series([1, None], dtype=pl.UInt8),
        "Float32": pl.Series([1.5, None, float("nan")], dtype=pl.Float32),
        "Object": pl.Series([_Colour.WORN, object(), None, "worn"], dtype=pl.Object),
    }
    for name, series in kinds.items():
        cells = [_Colour.WORN, object(), None, "worn"] if name == "Object" else series.to_list()
        yield f"Polars {name}", series, cells
        if name not in {"Int128", "Object", "Struct"}:  # a stream of structs is a table
            yield f"Polars {name}, a stream", _Stream(series), cells


def duckdb_texts() -> Iterator[Case]:
    """Yield what DuckDB has, as it hands it over."""
    values = (
        *("'worn'", "'worn'::ENUM('worn', 'fine')", "uuid()", "5::HUGEINT", "'{}'::JSON", "TIME '01:00'", "'101'::BIT"),
        *("1.5::DECIMAL(10, 2)", "1::UTINYINT", "INTERVAL 1 DAY", "{'a': 1}", "MAP {'a': 1}", "[1]", "'b'::BLOB"),
        *("union_value(k := 'x')", "NULL", "1.5", "TIMETZ '01:00:00+01'"),
    )
    for value in values:
        table = pa.table(duckdb.sql(f"SELECT {value} AS x UNION ALL SELECT NULL"))
        cells = [("x",), None] if "union" in value else table["x"].to_pylist()
        yield f"DuckDB {value}", table["x"], cells


def broken() -> Iterator[tuple[str, Any]]:
    """Yield arrays that contradict themselves, or hold what is no UTF-8: Arrow lets a producer hand these over."""

    def offsets(*ends: int) -> Any:  # noqa: ANN401 - a buffer
        return pa.py_buffer(np.array(ends, np.int32))

    text = pa.py_buffer(b"worn\xffworn")
    backwards = pa.Array.from_buffers(pa.string(), 3, [None, offsets(0, 9, -1_000_000, 9), text])
    far = pa.Array.from_buffers(pa.string(), 3, [None, offsets(0, 2**30, 2**30, 9), text])
    no_utf8 = pa.Array.from_buffers(pa.string(), 3, [None, offsets(0, 4, 5, 9), text])
    views = pa.array([small.IMEI + "0"], pa.string_view()).buffers()
    number = (16).to_bytes(4, "little") + b"3541" + (9).to_bytes(4, "little") + bytes(4)
    yield "a view of no buffer", pa.Array.from_buffers(pa.string_view(), 1, [None, pa.py_buffer(number), *views[2:]])
    for name, array in (("backwards", backwards), ("far", far), ("no UTF-8", no_utf8)):
        yield name, array
        yield f"a slice of {name}", array.slice(1)
        yield f"a dictionary of {name}", pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), array, safe=False)
        yield f"an extension of {name}", pa.ExtensionArray.from_storage(_Own(pa.string()), array)
    few = pa.array(["worn"])
    for kind in INDEX_TYPES:
        for place in (1, 100, -1):
            if place >= 0 or "u" not in f"{kind}":
                codes = pa.array([0, place], kind)
                yield f"{kind} {place}", pa.DictionaryArray.from_arrays(codes, few, safe=False)
    zeros = pa.py_buffer(bytes(8))
    lying = pa.Array.from_buffers(pa.int8(), 3, [pa.py_buffer(b"\x05"), zeros], null_count=0)
    yield "a wrong count of nulls", pa.DictionaryArray.from_arrays(lying, few, safe=False)
    kind = pa.run_end_encoded(pa.int32(), pa.string())
    for ends in ([1, 2, 3], [1, 1, 2], [5, 2, 9], [-1, 2, 9], [1, 2, 1]):
        try:
            yield f"runs {ends}", pa.Array.from_buffers(kind, 2, [None], children=[pa.array(ends, pa.int32()), no_utf8])
        except pa.ArrowInvalid:
            continue  # Arrow itself would not make it


# The doors.


def _reasoned(cell: object) -> tuple[str | None, str | None]:
    text = text_of(cell)
    if text is not None:
        text = text.encode("utf-8", "replace").decode()
    try:
        return validate(cell if text is None else text), None  # type: ignore[arg-type]
    except InvalidImei as error:
        return None, error.code


def _plural(column: Any, cells: list[object]) -> None:  # noqa: ANN401 - any column
    expected = [_reasoned(cell) for cell in cells]
    found = [(row["digits"], row["reason"]) for row in plain(validate_many(column, threads=1))]
    assert found == expected, (found, expected)
    found = [(row["brand"], row["reason"]) for row in plain(lookup_many(TACS, column, threads=1))]
    known = [(_brand(digits), reason) for digits, reason in expected]
    assert found == known, (found, known)
    prices = [row["price_minor"] for row in plain(prices_as_of(PRICES, column, small.AT))]
    priced = [PRICES.as_of(cell, small.AT) if (cell := text_of(one)) else None for one in cells]
    assert prices == [price and price.price_minor for price in priced], (prices, priced)


def _brand(digits: str | None) -> str | None:
    devices = TACS.lookup(Imei(digits)) if digits is not None else ()
    return devices[0].brand if devices else None


def _cell(cell: object, name: str) -> object:
    """Return a cell as `parity.one_by_one` and the scalar verbs take it."""
    if is_missing(cell):
        return None
    text = text_of(cell)
    if text is not None:
        return text if name == "target" else text.encode("utf-8", "replace").decode()  # what a quote holds is written
    if isinstance(cell, np.bool_) and name == "exchange_open":
        return bool(cell)
    return (0,) if name in {"exchange_open", "screen", *IN_TEXT} and not isinstance(cell, bool) else cell


def _frame(column: Any, cells: list[object], name: str) -> None:  # noqa: ANN401 - any column
    """Value a table with a column of a name; the other columns are plain Arrow arrays."""
    rows = [GOOD | {name: _cell(cell, name)} for cell in cells]
    expected = [valued(row, PROGRAMME, {}) for row in rows]
    frame = _table_of(column, name, len(cells))
    found = rows_of(plain(appraise_frame(frame, PROGRAMME, at=None, threads=1)))
    assert found == expected, (found, expected)


def _table_of(column: Any, name: str, rows: int) -> Any:  # noqa: ANN401 - any column, any table
    others = {other: [cell] * rows for other, cell in GOOD.items() if other != name}
    if isinstance(column, pl.Series):
        instants = pl.Series(others.pop("at", []), dtype=pl.Datetime("us", "UTC"))
        return pl.DataFrame({**others, **({"at": instants} if name != "at" else {}), name: column})
    if isinstance(column, pd.Series):
        frame = pd.DataFrame({other: pd.Series(cells, index=column.index) for other, cells in others.items()})
        if name != "at":
            frame["at"] = frame["at"].astype("datetime64[us, UTC]")
        frame[name] = column
        return frame
    if isinstance(column, _Capsule):
        column = pa.array(column)
    elif not isinstance(column, pa.Array | pa.ChunkedArray):
        column = pa.chunked_array(column)
    arrays = {other: pa.array(cells, pa.string()) for other, cells in others.items() if other != "at"}
    if name != "at":
        arrays["at"] = pa.array(others["at"], pa.timestamp("us", "UTC"))
    return pa.Table.from_arrays([*arrays.values(), column], names=[*arrays, name])


def _refused(column: Any, name: str) -> None:  # noqa: ANN401 - any column
    try:
        appraise_frame(_table_of(column, name, len(column)), PROGRAMME, threads=1)
    except InvalidValue as error:
        assert name in f"{error}", error  # noqa: PT017 - this is no test function
    else:
        raise AssertionError("a whole column of a wrong type is refused")


def _appraised(column: Any, name: str) -> None:  # noqa: ANN401 - any column
    plain(appraise_frame(_table_of(column, name, len(column)), PROGRAMME, threads=1))


def _safe(column: Any) -> None:  # noqa: ANN401 - any column
    """Nothing but our errors comes out, and what is no text is no text."""
    asks: list[Callable[[], object]] = [
        partial(validate_many, column),
        partial(lookup_many, TACS, column),
        partial(prices_as_of, PRICES, column, small.AT),
        *(partial(_appraised, column, name) for name in IN_TEXT),
    ]
    for ask in asks:
        try:
            ask()
        except InvalidValue as error:
            assert "contradict one another" in f"{error}", error  # noqa: PT017 - as above
        except pa.ArrowInvalid as error:
            assert "In chunk" in f"{error}", error  # noqa: PT017 - Arrow itself would make no table of it


def _in_frame(column: object) -> bool:
    return isinstance(column, pa.Array | pa.ChunkedArray | _Capsule | _Stream | pd.Series | pl.Series)


def text_cases() -> Iterator[tuple[str, partial[None]]]:
    """Yield every column at every door of texts."""
    for source in (arrow_texts, arrow_others, pandas_texts, polars_texts, duckdb_texts):
        for name, column, cells in source():
            yield f"{source.__name__}: {name}", partial(_plural, column, cells)
            for door in IN_TEXT if _in_frame(column) else ():
                yield f"{source.__name__}: {name} as {door}", partial(_frame, column, cells, door)


def typed_cases() -> Iterator[tuple[str, partial[None]]]:
    """Yield every column at every other door, which refuses what is of another type."""
    doors = {"at": arrow_instants, "purchased_on": arrow_days, "exchange_open": arrow_flags}
    for door, own in doors.items():
        for name, column, cells in own():
            yield f"{door}: {name}", partial(_frame, column, cells, door)
        foreign = (other for name, other in doors.items() if name != door)
        for source in (arrow_texts, arrow_others, *foreign):
            for name, column, cells in source():
                if door == "at" and source is arrow_days and not name.startswith("timestamp"):
                    yield f"{door}: {name}", partial(_frame, column, cells, door)  # a day is its first instant
                elif isinstance(column, pa.Array) and any(cell is not None for cell in cells):
                    yield f"{door}: {name}", partial(_refused, column, door)


def cases() -> Iterator[tuple[str, partial[None]]]:
    """Yield every case: what it is called, and what asks it."""
    yield from text_cases()
    yield from typed_cases()
    for name, column in broken():
        yield f"broken: {name}", partial(_safe, column)


def main() -> int:
    """Ask every case; print those that fail, and how many there were."""
    asked = failed = 0
    for name, ask in cases():
        sys.stderr.write(f"\r{name}")  # where the process dies, if it does
        sys.stderr.flush()
        asked += 1
        try:
            ask()
        except Exception:  # noqa: BLE001 - anything is a failure
            failed += 1
            sys.stdout.write(f"FAILED {name}\n{traceback.format_exc(limit=-2)}")
    sys.stdout.write(f"{asked} cases, {failed} failed\n")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
