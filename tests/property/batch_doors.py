"""The doors of tables of devices, and files and frames below 1 MB that are made to cost much."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from miexchange import Programme, Quote, headline
from miexchange.batch import appraise_file, appraise_frame, validate_many
from property.bounded import Door
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DOORS"]

_AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
_MOST = 999_000


@cache
def _programme() -> Programme:
    return shipped_programme("graded-trade-in")


@cache
def _row() -> dict[str, str | None]:
    best = headline("oneplus-3t-6-64", _programme(), at=_AT)
    assert isinstance(best, Quote)
    return {"model": "oneplus-3t-6-64", "imei": None, **best.condition, "warranty": None}


def _csv(*lines: str) -> bytes:
    return "\n".join([",".join(_row()), *lines, ""]).encode()


def _line(**changed: str) -> str:
    return ",".join(cell or "" for cell in {**_row(), **changed}.values())


def _filled(line: str) -> bytes:
    """Fill the file with one line, as often as it goes in."""
    head, rows = _csv(), f"{line}\n".encode()
    return head + rows * ((_MOST - len(head)) // len(rows))


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}{number}" for number in range(count)]


def _header(names: list[str]) -> bytes:
    return (",".join(names) + "\n").encode()


def _long(size: int) -> pa.Array:
    return pa.array(["x" * size], pa.large_string())


def _of(column: Callable[[str | None], Any]) -> pa.Table:
    return pa.table({name: column(cell) for name, cell in _row().items()})


def _wide(name: str, count: int) -> pd.DataFrame:
    return pd.DataFrame([[0] * count], columns=_numbered(name, count))


def _runs(cell: str) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(pa.array([2**33], pa.int64()), [cell])


CSV: dict[str, Callable[[], bytes]] = {
    "a header of commas": lambda: b"," * 100_000,
    "a header of more commas": lambda: b"," * _MOST,
    "2,000 columns": lambda: _header([*_row(), *_numbered("c", 1_900)]),
    "2,000 columns that look like others": (",".join(f"mode{number}" for number in range(1_990)) + "\n").encode,
    "sound rows": lambda: _filled(_line()),
    "rows that are all wrong": lambda: _filled(_line(model="x", imei="1", power="?")),
    "short rows": lambda: _filled("x"),
    "empty lines": lambda: _filled(""),
    "one column of empty lines": lambda: b"model\n" * 1 + b"\n" * _MOST,
    "rows of quotation marks": lambda: _filled('""'),
    "one huge cell": lambda: _csv(_line(model="x" * 900_000)),
    "a cell of 99 kB, nine times": lambda: _csv(*[_line(model="x" * 99_000)] * 9),
    "a cell that grows": lambda: _csv(*[_line(model="\ufdfa" * 33_000)] * 9),
    "an open quotation mark": lambda: _csv(_line(model='"' + "x,\n" * 300_000)),
    "doubled quotation marks": lambda: _csv(_line(model='"' + '""' * 49_000 + '"')),
    "NUL": lambda: b"\0" * _MOST,
    "NUL after the header": lambda: _csv() + b"\0" * 900_000,
    "no UTF-8": lambda: _csv() + b"\xff" * 900_000,
    "no UTF-8 in each line": lambda: _csv() + b"\xff\n" * 150_000,
    "CR": lambda: _csv() + b"\r" * 900_000,
    "unknown names": lambda: _csv(*(_line(model=f"nokia {number}") for number in range(4_000))),
}


def _parquet(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _table(rows: int, **changed: Any) -> pa.Table:
    columns = {name: pa.array([cell] * rows, pa.string()) for name, cell in _row().items()}
    return pa.table({**columns, **changed})


PARQUET: dict[str, Callable[[], bytes]] = {
    "a cell of 400 MB": lambda: _parquet(_table(1, model=_long(400_000_000)), compression="zstd"),
    "a kept cell of 100 MB": lambda: _parquet(_table(1, imei=pa.array(["x" * 100_000_000])), compression="zstd"),
    "a dictionary of one long cell": lambda: _parquet(
        _table(60_000, model=pa.DictionaryArray.from_arrays(np.zeros(60_000, "int32"), ["x" * 90_000])),
        compression="zstd",
    ),
    "many rows of one value": lambda: _parquet(_table(390_000), compression="zstd"),
    "many columns": lambda: _parquet(pa.table({f"c{number}": pa.array([1]) for number in range(1_900)})),
    "many more rows of one value": lambda: _parquet(_table(900_000), compression="zstd"),
    "nested columns": lambda: _parquet(_table(1, model=pa.array([[["x"]]]))),
    "many row groups": lambda: _parquet(_table(300), row_group_size=1),
    "rows of nothing": lambda: _parquet(pa.table({name: pa.nulls(390_000, pa.string()) for name in _row()})),
}


def _file(suffix: str, content: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"in{suffix}")
        source.write_bytes(content)
        return appraise_file(source, Path(folder, "out.csv"), _programme(), at=_AT, threads=1)


def _pieces(cells: pa.Array, count: int) -> pa.ChunkedArray:
    return pa.chunked_array([cells] * count)


FRAMES: dict[str, Callable[[], Any]] = {
    "a header of 100,000 columns": lambda: _wide("c", 100_000),
    "columns that look like others": lambda: _wide("model", 20_000),
    "200 pieces": lambda: _of(lambda cell: _pieces(pa.array([cell], pa.string()), 200)),
    "a cell of 900 kB": lambda: _table(1, model=_long(900_000)),
    "nothing in 2^33 rows": lambda: _of(lambda _: pa.nulls(2**33)),
    "runs of 2^33 rows": lambda: _of(lambda cell: _runs(cell or "x")),
}

COLUMNS: dict[str, Callable[[], Any]] = {
    "nothing in 2^33 rows": lambda: pa.nulls(2**33),
    "runs of 2^33 rows": lambda: _runs("x"),
    "a long cell": lambda: pa.array(["9" * 900_000]),
    "60,000 wrong cells": lambda: pa.array(["35417803685978x"] * 60_000),
}


def _frames(tables: Any) -> object:
    """Value a table, or several of other types: the ordinary ones, so that what each type compiles is compiled."""
    tables = tables if isinstance(tables, list) else [tables]
    return [appraise_frame(table, _programme(), at=_AT, threads=1) for table in tables]


DOORS: dict[str, Door] = {
    "appraise_file: CSV": Door(partial(_file, ".csv"), lambda: _csv(_line(), "x", _line(model="x")) + b"\xff\n", CSV),
    "appraise_file: Parquet": Door(partial(_file, ".parquet"), lambda: _parquet(_table(1)), PARQUET),
    "appraise_frame": Door(_frames, lambda: [FRAMES["200 pieces"](), _table(1), _table(1, model=_long(9))], FRAMES),
    "validate_many": Door(validate_many, lambda: pa.array(["x"]), COLUMNS),
}
