"""A strict CSV parser in a compiled loop: no row is lost and no cell is guessed, whatever the bytes are.

The grammar is that of RFC 4180 as Python's `csv` module reads it with ``strict=True``; `tests/parity` compares the
two. A row ends in LF, CR LF or CR. A quotation mark at the beginning of a cell quotes it; only a comma or the end of
the row may follow the closing one. Anywhere else a quotation mark is an ordinary character. An empty line is not a
row, except in a file of one column, where it is an empty cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from miexchange._limits import CELL_BYTES, COLUMNS, ROW_BYTES
from miexchange.batch.arrow._compiled import compiled, is_worth_parsing
from miexchange.batch.arrow._memory import apart, bools_to_arrow, empty
from miexchange.batch.files._few_texts import SLACK, codes_of, validity, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

__all__ = ["WRONG", "NotCsv", "Records", "header_of", "read_records"]

WRONG = "\0wrong"
"""The last column of a table of rows: bool, whether the row has too few or too many cells. Its cells are then null."""

_BLOCK = 1 << 20  # bytes read at once
_PART = 1 << 26  # bytes of rows, after which they are handed over
_CELLS_AT_ONCE = 1 << 22  # cells, likewise

# The bytes that can end an unquoted cell, or a run within a quoted one.
_COMMA, _QUOTE, _LINE_END = 1, 2, 4
_KINDS = np.zeros(256, dtype=np.uint8)
_KINDS[list(b',"\n\r')] = _COMMA, _QUOTE, _LINE_END, _LINE_END
_LF, _CR, _MARK = b'\n\r"'

_FINE, _NOT_CLOSED, _AFTER_QUOTE, _LONG_CELL, _LONG_ROW = range(5)
_BEGIN, _LINE, _ROWS_READ, _CELLS, _CELL_LINE = range(5)  # the fields of a scan's report, see `_scan`


class NotCsv(Exception):  # noqa: N818 - the caller makes an error of it, which names the file
    """The bytes are not valid CSV; the message says where and why, without the cell."""


@dataclass(slots=True)
class _Block:
    """The positions of the cells of some rows.

    Attributes:
        starts: where each cell begins; one row of the array per wanted column.
        ends: where it ends; `~end` if the cell has doubled quotation marks.
        wrong: whether a row has too few or too many cells.
        sizes: an upper bound of the bytes in the cells of a column.
        report: the result of `_scan`.
    """

    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    wrong: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    report: NDArray[np.int64]

    @classmethod
    def of(cls, columns: int, rows: int, line: int = 1) -> _Block:
        """Allocate a block for a number of wanted columns, whose first row is in a line of the file."""
        return cls(
            apart(columns, rows, np.int32),
            apart(columns, rows, np.int32),
            empty(rows, np.bool_),
            np.zeros(columns, dtype=np.int64),
            np.array([0, line, 0, 0, 0]),
        )

    def scan(self, data: NDArray[np.uint8], size: int, columns: int, slots: NDArray[np.int32], *, is_all: bool) -> None:
        """Find the cells of the complete rows, from where the last scan ended.

        Args:
            data: the bytes.
            size: how many of them are valid.
            columns: how many cells a row must have; 0 for any number.
            slots: the position of each column among the wanted ones, or -1.
            is_all: whether these are the last bytes.

        Raises:
            NotCsv: a row is malformed.
        """
        about = self.starts, self.ends, self.wrong, self.sizes, self.report
        first, begin = int(self.report[_ROWS_READ]), int(self.report[_BEGIN])
        if is_worth_parsing():
            found = _scan(_KINDS, data, size, is_all, columns, slots, *about)
        else:  # step by step: Python reads bytes and memory faster than arrays
            memory = [one.data for one in about]
            found = _scan.by_column(_KINDS.tobytes(), data[:size].tobytes(), size, is_all, columns, slots.data, *memory)  # type: ignore[attr-defined]
            is_worth_parsing(int(self.report[_BEGIN]) - begin)
        if found != _FINE:
            raise NotCsv(_FAULTS[found].format(line=self.report[_LINE], cell_line=self.report[_CELL_LINE]))
        wrong = first + np.flatnonzero(self.wrong[first : int(self.report[_ROWS_READ])])
        self.starts[:, wrong] = self.ends[:, wrong] = 0


_FAULTS = {
    _NOT_CLOSED: (
        f"the quotation mark that opens a cell in line {{cell_line}} is not closed within {CELL_BYTES:,} bytes"
    ),
    _AFTER_QUOTE: (
        "the quotation mark that opens a cell in line {cell_line} is closed, and text follows where a comma or the end "
        "of the line must; a quotation mark within quotation marks is written twice"
    ),
    _LONG_ROW: f"the row that begins in line {{line}} has more than {ROW_BYTES:,} bytes",
    _LONG_CELL: f"a cell in line {{cell_line}} has more than {CELL_BYTES:,} bytes",
}


@compiled
def _scan(  # noqa: C901, PLR0912, PLR0915 - one automaton, and compiled code pays for calls with arrays
    kinds: NDArray[np.uint8],
    data: NDArray[np.uint8],
    size: int,
    is_all: bool,  # noqa: FBT001 - numba knows no keywords
    columns: int,
    slots: NDArray[np.int32],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    wrong: NDArray[np.bool_],
    sizes: NDArray[np.int64],
    report: NDArray[np.int64],
) -> int:
    """Write the positions of the cells of complete rows, and which rows are wrong; see `_Block.scan`.

    The report holds the start of the next row, its line, the number of rows, the number of cells of the last row, and
    the line in which a malformed cell begins.
    """
    begin, line = report[_BEGIN], report[_LINE]
    row, position = report[_ROWS_READ], report[_BEGIN]
    fault = _FINE
    while row < len(wrong) and begin < size:
        cells, here, is_whole = 0, line, False
        if columns != 1 and kinds[data[position]] == _LINE_END:
            is_empty = True
        else:
            is_empty = False
            while True:
                first, is_doubled = position, False
                if position < size and kinds[data[position]] == _QUOTE:
                    cell_line = here
                    first += 1
                    position += 1
                    is_closed = False
                    while position < size:
                        kind = kinds[data[position]]
                        if kind & (_QUOTE | _LINE_END) == 0:
                            position += 1
                        elif kind == _LINE_END:
                            position += 1
                            if data[position - 1] == _LF or position >= size or data[position] != _LF:
                                here += 1
                        elif position + 1 < size and kinds[data[position + 1]] == _QUOTE:
                            is_doubled = True
                            position += 2
                        else:
                            is_closed = True
                            break
                    if position - first > CELL_BYTES or (not is_closed and is_all):
                        fault, report[_CELL_LINE] = _NOT_CLOSED, cell_line
                        break
                    last = position
                    position += 1
                    if not is_closed or (position >= size and not is_all):
                        break
                    if position < size and kinds[data[position]] & (_COMMA | _LINE_END) == 0:
                        fault, report[_CELL_LINE] = _AFTER_QUOTE, cell_line
                        break
                else:
                    while position < size and kinds[data[position]] & (_COMMA | _LINE_END) == 0:
                        position += 1
                    if position - first > CELL_BYTES:
                        fault, report[_CELL_LINE] = _LONG_CELL, here
                        break
                    last = position
                    if position >= size and not is_all:
                        break
                if cells < len(slots) and slots[cells] >= 0:
                    slot = slots[cells]
                    starts[slot, row] = first
                    ends[slot, row] = ~last if is_doubled else last
                    sizes[slot] += last - first
                cells += 1
                if position >= size:
                    is_whole = True
                    break
                if kinds[data[position]] == _LINE_END:
                    break
                position += 1
        if position - begin > ROW_BYTES and fault == _FINE:
            fault = _LONG_ROW
        if fault != _FINE:
            break
        if not is_whole:  # now at the end of the line, or at the end of the bytes
            if position >= size or (data[position] == _CR and position + 1 >= size and not is_all):
                break
            position += 2 if data[position] == _CR and position + 1 < size and data[position + 1] == _LF else 1
        begin, line = position, here + 1
        if is_empty:
            continue
        wrong[row] = cells != columns and columns > 0
        row += 1
        report[_CELLS] = cells
    report[_BEGIN], report[_LINE], report[_ROWS_READ] = begin, line, row
    return fault


@compiled
def _gather(
    words: NDArray[np.uint64],
    data: NDArray[np.uint8],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    offsets: NDArray[np.int32],
    out_words: NDArray[np.uint64],
    out: NDArray[np.uint8],
) -> None:
    """Concatenate the cells of a column, eight bytes at a time: what is too much is overwritten by the next cell."""
    position = 0
    for row in range(len(starts)):
        offsets[row] = position
        place, last = starts[row], ends[row]
        if last >= 0:
            end = position + last - place
            while position < end:
                out_words[position] = words[place]
                position += SLACK
                place += SLACK
            position = end
        else:
            while place < ~last:
                out[position] = data[place]
                position += 1
                place += 2 if data[place] == _MARK else 1
    offsets[len(starts)] = position


class Records:
    """Some rows of a file: their bytes, and where the cells are. They are read once, and their memory is then free."""

    def __init__(
        self, data: NDArray[np.uint8], block: _Block, names: Sequence[str], few: Collection[str], skipped: int = 0
    ) -> None:
        """Take the bytes, with `SLACK` more, and what a scan found in them; rows at the beginning may be skipped."""
        self._found, self._names, self._few, self._skipped = [(data, block)], names, few, skipped
        self._rows = int(block.report[_ROWS_READ])

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._rows - self._skipped

    def without(self, rows: int) -> Records:
        """Return the same without so many rows at the beginning."""
        return Records(*self._found.pop(), self._names, self._few, rows)

    def table(self) -> pa.Table:
        """Return the rows as a table of bytes; an empty cell is null, and the last column is `WRONG`."""
        (data, block), rows = self._found.pop(), self._rows
        few = [slot for slot, name in enumerate(self._names) if name in self._few]
        codes: dict[int, pa.Array | None] = dict.fromkeys(few)
        if few and is_worth_parsing():
            codes = dict(zip(few, codes_of(data, block.starts, block.ends, rows, few), strict=True))
        cells = []
        for slot in range(len(self._names)):
            array = codes.get(slot)
            if array is None:
                array = _cells(data, block, slot, rows)
                array = array.dictionary_encode() if slot in codes else array
            cells.append(array)
        table = pa.Table.from_arrays([*cells, bools_to_arrow(block.wrong[:rows])], names=[*self._names, WRONG])
        return table.slice(self._skipped)


def _cells(data: NDArray[np.uint8], block: _Block, slot: int, rows: int) -> pa.Array:
    starts, ends = block.starts[slot, :rows], block.ends[slot, :rows]
    if not is_worth_parsing():
        return _cells_of(data, starts, ends)
    offsets, out = pa.allocate_buffer(4 * rows + 4), pa.allocate_buffer(int(block.sizes[slot]) + SLACK)
    places, cells = np.frombuffer(offsets, dtype=np.int32), np.frombuffer(out, dtype=np.uint8)
    _gather(words_of(data), data, starts, ends, places, words_of(cells), cells)
    nulls, valid = validity(places[1:] > places[:-1])
    return pa.Array.from_buffers(pa.binary(), rows, [valid, offsets, out], nulls)


def _cells_of(data: NDArray[np.uint8], starts: NDArray[np.int32], ends: NDArray[np.int32]) -> pa.Array:
    """Return the cells of a column without compiled code; empty ones, such as all of a wrong row, cost nothing."""
    memory = data.data
    filled = np.flatnonzero(starts != np.where(ends < 0, ~ends, ends))
    cells = [
        bytes(memory[start:end]) if end >= 0 else bytes(memory[start:~end]).replace(b'""', b'"')
        for start, end in zip(starts[filled].tolist(), ends[filled].tolist(), strict=True)
    ]
    sizes = np.zeros(len(starts) + 1, dtype=np.int32)
    sizes[filled + 1] = list(map(len, cells))
    offsets = np.cumsum(sizes, dtype=np.int32)
    nulls, valid = validity(sizes[1:] > 0)
    return pa.Array.from_buffers(
        pa.binary(), len(starts), [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(cells))], nulls
    )


def header_of(data: bytes) -> list[bytes]:
    """Return the cells of the first row.

    Args:
        data: the first bytes of the file, more than the longest row, or all of them.

    Raises:
        NotCsv: it is malformed, or has more columns than a table may have.
    """
    block, slots = _Block.of(COLUMNS, 1), np.arange(COLUMNS, dtype=np.int32)
    first = np.frombuffer(bytearray(data) + bytes(SLACK), dtype=np.uint8)  # numba would compile again for read-only
    block.scan(first, len(data), 0, slots, is_all=True)
    if block.report[_CELLS] > COLUMNS:
        raise NotCsv(f"line 1 has more than {COLUMNS:,} columns")
    table = Records(first, block, [""] * int(block.report[_CELLS]), ()).table()
    return [cell or b"" for column in table.columns[:-1] for cell in column.to_pylist()]


def read_records(
    read: Callable[[memoryview], int],
    columns: int,
    wanted: Mapping[str, int],
    few: Collection[str] = (),
    rows: int = 1 << 14,
) -> Iterator[Records]:
    """Yield every row after the first one, so many at once, or fewer if they are long; at least once, if none.

    Args:
        read: fills a buffer with the next bytes of the file, and returns their number.
        columns: how many cells a row must have.
        wanted: the columns to read, each with its position.
        few: those of them that are dictionary-encoded, because they probably have few distinct texts.
        rows: how many rows.

    Raises:
        NotCsv: a row is malformed.
    """
    slots = np.full(columns, -1, dtype=np.int32)
    slots[list(wanted.values())] = np.arange(len(wanted))
    most = max(min(rows, _CELLS_AT_ONCE // max(len(wanted), 1)), 1)
    blocks = _blocks(read, columns, slots, len(wanted), most)
    next(blocks)  # the names of the columns
    for number, (data, block) in enumerate(blocks):
        records = Records(data, block, list(wanted), few)
        if len(records) or not number:
            yield records


def _blocks(
    read: Callable[[memoryview], int], columns: int, slots: NDArray[np.int32], wanted: int, most: int
) -> Iterator[tuple[NDArray[np.uint8], _Block]]:
    """Yield the first row, then so many at once; the last time none."""
    left, line, is_all = np.empty(0, dtype=np.uint8), 1, False
    limit, room = 1, 2 * _BLOCK + SLACK
    rows = -1
    while rows:
        block, size = _Block.of(wanted, limit, line), len(left)
        data = np.empty(max(room, size + _BLOCK + SLACK), dtype=np.uint8)
        data[:size] = left
        while True:
            block.scan(data, size, columns, slots, is_all=is_all)
            begin, line, rows = (int(block.report[field]) for field in (_BEGIN, _LINE, _ROWS_READ))
            if is_all or rows == limit or begin > _PART:
                break
            if size + _BLOCK + SLACK > len(data):
                data = np.concatenate([data[:size], np.empty(size + _BLOCK + SLACK, dtype=np.uint8)])
            found = read(data[size : size + _BLOCK].data)
            size, is_all = size + found, not found
        left, limit, room = data[begin:size].copy(), most, len(data)
        yield data, block
