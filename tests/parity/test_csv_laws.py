"""No line of a CSV is lost: rows and cells are those that Python's `csv` module reads, whatever the bytes are."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from miexchange import DataError, InvalidValue
from miexchange.batch.files import _csv_records as records
from miexchange.batch.files._csv_records import NotCsv, header_of, read_records
from miexchange.pricelists import read_book
from parity.both_ways import WAYS, appraise_file, way
from property.effort import effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECES = (
    b'"',
    b'""',
    b",",
    b"\r",
    b"\n",
    b"\r\n",
    b"a",
    b"bc",
    b" ",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b"=1",
    b"'",
    b"x" * 40,
)
CELLS = (
    b"x",
    b'"a""b"',
    b"",
    b'""',
    b'"two\nlines"',
    b'"two\r\nlines"',
    b'5.5" screen',
    b' "a"',
    b"caf\xe9",
    b"\xef\xbb\xbf",
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a file: mostly rows of CSV, with anything in between."""
    columns = draw(st.integers(1, 3))
    end = draw(st.sampled_from((b"\n", b"\r\n", b"\r")))
    row = st.lists(st.sampled_from(CELLS), min_size=columns, max_size=columns).map(b",".join)
    noise = st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)
    lines = draw(st.lists(row | noise, max_size=8))
    return end.join([b",".join(b"abc"[place : place + 1] for place in range(columns)), *lines]) + draw(
        st.sampled_from((b"", end))
    )


def oracle(data: bytes) -> list[list[bytes] | None] | None:
    """Return the rows, None for one with too few or too many cells; or None where that is no CSV."""
    try:
        head, *rows = csv.reader(io.StringIO(data.decode("latin-1"), newline=""), strict=True)
    except csv.Error:
        return None
    cells = [[cell.encode("latin-1") for cell in row] for row in rows if row or len(head) == 1]
    return [row or [b""] if len(row or [b""]) == len(head) else None for row in cells]


def found(data: bytes, rows: int) -> Iterator[list[bytes] | None]:
    stream, columns = io.BytesIO(data), len(header_of(data))
    wanted = {f"{place}": place for place in range(columns)}
    for some in read_records(stream.readinto, columns, wanted, rows=rows):
        *cells, wrong = (column.to_pylist() for column in some.table().columns)
        for place, is_wrong in enumerate(wrong):
            yield None if is_wrong else [column[place] or b"" for column in cells]


@pytest.mark.parametrize("enough", WAYS)
@pytest.mark.parametrize("block", [1, 7, 1 << 19])
@effort(2)
@given(data=texts(), rows=st.sampled_from([1, 2, 1 << 14]))
@example(data=b'a,b\n"x"y,z\n', rows=1)
@example(data=b'a,b\nx,"y\nz,z\n', rows=1)
@example(data=b"a\n\n\r\n\r", rows=1)
def test_rows_and_cells_are_those_of_pythons_reader(block: int, enough: int, data: bytes, rows: int) -> None:
    """Promise 7, files: every kept cell comes back byte for byte, or its row is refused; what is no CSV is an error."""
    with pytest.MonkeyPatch.context() as patch, way(enough):
        patch.setattr(records, "_BLOCK", block)
        expected = oracle(data)
        if expected is None:
            with pytest.raises(NotCsv, match=r"line \d+"):
                list(found(data, rows))
        else:
            assert list(found(data, rows)) == expected


@effort(0.5)
@given(data=texts())
@example(data=b'a,b\n"x"y,z\n')
@example(data=b"a,b\nx\n \nx,y,z\n\nx,y\n")
def test_the_rows_of_a_book_are_those_of_pythons_reader(data: bytes) -> None:
    """The same of `read_book`, which reads UTF-8 only: a row of another length is there, and empty."""
    assume(data.startswith(b"a,b"))  # a book has several columns: in one alone, an empty line is none
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "book.csv")
        file.write_bytes(data)
        try:
            data.decode()
        except UnicodeDecodeError:
            expected = None
        else:
            expected = oracle(data)
        if expected is None:
            with pytest.raises(DataError):
                read_book(file, keep_wrong=True)
            return
        columns = len(header_of(data))
        found = read_book(file, keep_wrong=True).to_numpy().tolist()
    assert [[(cell or "").encode() for cell in row] for row in found] == [row or [b""] * columns for row in expected]


PROGRAMME = shipped_programme("graded-trade-in")


@effort(0.3)
@given(
    notes=st.lists(st.sampled_from((*CELLS, b"x,y", b"x\ny", b'"a"b', b'"never closed')), max_size=12),
    size=st.integers(1, 5),
)
def test_no_row_of_a_file_is_lost_and_no_kept_cell_is_blanked(notes: list[bytes], size: int) -> None:
    """Rows of the file by an independent count are rows of the result; a cell that is no text refuses its row."""
    questions = [question.id for question in PROGRAMME.terms[0].questionnaire.questions]
    head = ",".join(["note", "model", "at", *questions]).encode()
    rest = b",nokia 3310,2018-03-20T12:00Z" + b"," * len(questions)
    data = b"\n".join([head, *(note + rest for note in notes)])
    expected = oracle(data)
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "in.csv"), Path(name, "out.parquet")
        source.write_bytes(data)
        if expected is None:
            with pytest.raises(InvalidValue, match=r"cannot be read as CSV.*line \d+"):
                appraise_file(source, target, PROGRAMME, keep=["note"], rows=size)
            assert not target.exists()
            return
        assert appraise_file(source, target, PROGRAMME, keep=["note"], rows=size).rows == len(expected)
        result = pq.read_table(target).to_pylist()
    for row, cells in zip(result, expected, strict=True):
        note = cells and cells[0].decode(errors="backslashreplace")
        assert (row["note"] or "") == (note or "")
        is_text = cells is not None and "\\x" not in (note or "")
        assert row["reasons"] == ("model_unknown" if is_text else "invalid_value")
