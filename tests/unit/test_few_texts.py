"""Cells of a CSV file as codes: the same texts as without, whatever they are, or no codes at all."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miexchange.batch.arrow._memory import apart
from miexchange.batch.files import _csv_records
from miexchange.batch.files._csv_records import read_records
from parity.both_ways import WAYS, way


def cells(lines: list[bytes], few: list[str]) -> pa.ChunkedArray:
    stream = io.BytesIO(b"\n".join((b"a,b", *lines)))
    (records,) = read_records(stream.readinto, 2, {"a": 0, "b": 1}, few)
    return records.table()["a"].combine_chunks()


def check(lines: list[bytes], ways: tuple[int, ...] = WAYS) -> None:
    for enough in ways:
        with way(enough):
            plain, codes = cells(lines, []), cells(lines, ["a"])
        assert pa.types.is_dictionary(codes.type)
        codes.validate(full=True)
        assert codes.to_pylist() == plain.to_pylist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text("abc\0é", max_size=20), min_size=1, max_size=60))
def test_codes_stand_for_the_same_texts(texts: list[str]) -> None:
    check([text.encode() + b",x" for text in texts])


@pytest.mark.parametrize(
    "texts",
    [
        [b"x" * length for length in range(30)] * 2,
        [b"x" * length + b"\0" for length in range(12)] + [b"x" * length for length in range(12)],
        [b"aaaaaaaa-%d-bbbbbbbb" % number for number in range(40)] * 2,  # alike at both ends
        [b"%d" % number for number in range(3_000)] * 2,  # more than are few
        [b"x", b"y" * 200, b"y" * 201, b"z" * 90_000, b"x"],
        [b'"a""b"', b'a""b', b'a"b', b'"a,b"', b'"a\nb"', b'""', b""],
        [b"\xff", b"\xff\xff", b"\xff"],
    ],
    ids=["lengths", "NULs", "alike", "many", "long", "quotation marks", "no UTF-8"],
)
@pytest.mark.parametrize("block", [300, 1 << 20])
def test_texts_of_every_kind_come_through(texts: list[bytes], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv_records, "_BLOCK", block)
    # Step by step, a cell of 90,000 bytes that arrives in small blocks takes seconds; `test_csv_laws` has short ones.
    check([text + b",x" for text in texts], WAYS if block > max(map(len, texts)) else WAYS[1:])


def test_columns_never_lie_end_to_end() -> None:
    """Else numba would compile the loop over rows a second time."""
    assert not any(apart(3, rows, kind).flags.c_contiguous for rows in range(1, 200) for kind in ("i8", "i4", "u1"))
