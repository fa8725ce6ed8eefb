"""Row groups of Parquet, encoded part by part, and the footer that makes one file of them.

A result has some thirty columns of few distinct numbers, and most of them are null in the same rows. Encoders of
libraries treat each column as if it were the only one, and nulls as an exception; here the nulls are encoded once, and
a column is one pass of a compiled loop. Any other column, such as one that is kept, is encoded by Arrow. The format is
that of every Parquet file: dictionaries, pages of version 1, Snappy.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from miexchange.batch.arrow._compiled import are_worth_it, compiled
from miexchange.batch.arrow._layouts import numbers_of
from miexchange.batch.arrow._memory import arrow_of, empty
from miexchange.batch.arrow._results import Amounts, Texts, to_arrow
from miexchange.batch.files._thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Struct,
    read_struct,
    varint,
    write_struct,
    zigzag,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from miexchange.batch.arrow._results import AnyColumn


__all__ = ["MAGIC", "Group", "Numbers", "encoded", "footer_of", "moved"]

MAGIC = b"PAR1"
"""The first and the last bytes of a file."""

# Numbers of the format: types of values and of pages, encodings, codecs.
_INT64, _BYTE_ARRAY = 2, 6
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_PLAIN, _RLE, _DELTA, _CODES = 0, 3, 5, 8
_SNAPPY = 1

# Fields of structs.
_ROWS, _GROUPS = 3, 4  # of the footer; the rows of a row group, too
_CHUNK = 3  # of a column in a row group: what is said of it
_PATH, _DATA_AT, _DICTIONARY_AT = 3, 9, 11  # of what is said of it
_TOTAL, _PACKED = 6, 7  # likewise: bytes

_MOST = 1 << 15  # distinct values of a dictionary
_SLOTS = 2 * _MOST
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, as in Fibonacci hashing
_AT_ONCE, _WORD = 8, 64  # codes that are packed at once; bits
_DELTA_BLOCK, _DELTA_PARTS = 128, 4  # values of a block, and its parts
_LENGTH = 4  # bytes of a length


class Numbers:
    """A column of consecutive numbers."""

    def __init__(self, first: int, count: int) -> None:
        """Take the first one, and how many they are."""
        self.first, self.count = first, count

    def to_arrow(self, _bitmaps: Any) -> pa.Array:
        """Return the numbers."""
        return arrow_of(np.arange(self.first, self.first + self.count))


class Group(NamedTuple):
    """An encoded row group.

    Attributes:
        body: the bytes of its columns.
        about: its description for the footer, in which positions count from the beginning of `body`.
    """

    body: bytes
    about: bytes


def encoded(columns: Mapping[str, AnyColumn | Numbers], rows: int) -> Group:
    """Encode a row group.

    Args:
        columns: its columns, in the order of the file.
        rows: how many rows it has.
    """
    others = {name: one for name, one in columns.items() if not isinstance(one, Amounts | Texts | Numbers)}
    body, described = _by_arrow(others) if others else (b"", {})
    pieces, position = [body], len(body)
    levels, room = _Levels(rows), _Room(rows)
    for name, column in columns.items():
        if isinstance(column, Amounts | Texts | Numbers):
            pages, chunk = _chunk(name, column, levels, room)
            _shift(chunk, position)
            described[name] = [chunk]
            pieces += pages
            position += sum(map(len, pages))
    chunks = [chunk for name in columns for chunk in described[name]]
    sizes = [sum(chunk[_CHUNK][1][field][1] for chunk in chunks) for field in (_TOTAL, _PACKED)]
    about = {1: (LIST, (STRUCT, chunks)), 2: (I64, sizes[0]), _ROWS: (I64, rows), 5: (I64, 0), 6: (I64, sizes[1])}
    return Group(b"".join(pieces), write_struct(about))


def moved(about: bytes, by: int) -> tuple[bytes, int]:
    """Return the description of a row group whose body begins at a position of the file, and its number of rows."""
    group, _ = read_struct(about, 0)
    for chunk in group[1][1][1]:
        _shift(chunk, by)
    group[5] = I64, by
    return write_struct(group), group[_ROWS][1]


def _shift(chunk: Struct, by: int) -> None:
    described = chunk[_CHUNK][1]
    for field in (_DATA_AT, _DICTIONARY_AT):
        if field in described:
            described[field] = I64, described[field][1] + by


def footer_of(nothing: pa.Table, rows: int, groups: Sequence[bytes]) -> bytes:
    """Return the end of a file.

    Args:
        nothing: a table without rows that has the columns of the file; Arrow describes them.
        rows: how many rows the file has.
        groups: the descriptions of its row groups.
    """
    footer = _footer_in(_file_of(nothing))
    footer |= {_ROWS: (I64, rows), _GROUPS: (LIST, (STRUCT, list(groups)))}
    written = write_struct(footer)
    return written + len(written).to_bytes(_LENGTH, "little") + MAGIC


def _file_of(table: pa.Table) -> bytes:
    """Let Arrow write a file of one row group."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=max(len(table), 1))
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _footer_in(file: bytes) -> Struct:
    return read_struct(file[_footer_at(file) :], 0)[0]


def _footer_at(file: bytes) -> int:
    end = len(file) - len(MAGIC) - _LENGTH
    return end - int.from_bytes(file[end : end + _LENGTH], "little")


def _by_arrow(columns: Mapping[str, Any]) -> tuple[bytes, dict[str, list[Struct]]]:
    """Return the bytes of columns, and the descriptions of each; a nested column has several."""
    file = _file_of(to_arrow(columns))
    described: dict[str, list[Struct]] = {}
    for chunk in _footer_in(file)[_GROUPS][1][1][0][1][1][1]:
        _shift(chunk, -len(MAGIC))
        described.setdefault(chunk[_CHUNK][1][_PATH][1][1][0].decode(), []).append(chunk)
    return file[len(MAGIC) : _footer_at(file)], described


class _Levels:
    """Which rows of a column are null, encoded once for all columns with the same mask."""

    def __init__(self, rows: int) -> None:
        """Begin with a column without nulls."""
        self._rows = rows
        every = varint(rows << 1) + b"\1"  # a run of ones
        self._made = {id(None): (_sized(every), np.arange(rows, dtype=np.int32))}

    def of(self, nulls: NDArray[np.bool_] | None) -> tuple[bytes, NDArray[np.int32]]:
        """Return the beginning of a page, and the rows that are not null."""
        if id(nulls) not in self._made:
            there = ~nulls  # type: ignore[operator] # None was made at once
            runs = varint(-(-self._rows // 8) << 1 | 1) + np.packbits(there, bitorder="little").tobytes()
            self._made[id(nulls)] = _sized(runs), np.flatnonzero(there).astype(np.int32)
        return self._made[id(nulls)]


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH, "little") + data


class _Room:
    """Scratch space of the loops below."""

    def __init__(self, rows: int) -> None:
        """Allocate it for columns of so many rows."""
        self.slots, self.places = np.full(_SLOTS, -1, np.int32), empty(_MOST, np.int32)
        self.keys, self.codes = empty(_MOST, np.int64), empty(rows + _AT_ONCE, np.uint16)
        self.packed = empty(2 * rows + 4 * _AT_ONCE, np.uint8)
        self.words = np.ndarray(len(self.packed) - 7, "<u8", self.packed, strides=(1,))


def _chunk(name: str, column: Amounts | Texts | Numbers, levels: _Levels, room: _Room) -> tuple[list[bytes], Struct]:
    """Return the pages of a column, and its description, in which they begin at 0."""
    rows = len(levels.of(None)[1])
    if isinstance(column, Numbers):
        begin, there, encoding = levels.of(None)[0], rows, _DELTA
        values, pages, unpacked = _consecutive(column), [], 0
        ends = [struct.pack("<q", one) for one in (column.first, column.first + column.count - 1)]
    else:
        begin, places = levels.of(column.nulls)
        there = len(places)
        numbers = column.values if isinstance(column, Amounts) else column.codes.astype(np.int64)
        count = _encoded(numbers, places, room)
        if count > 0:
            distinct = _plain(column, room.keys[:count])
            values, encoding = _codes(room, there, count), _CODES
            page, unpacked = _page(_DICTIONARY_PAGE, {1: (I32, count), 2: (I32, _PLAIN)}, b"".join(distinct))
            pages = [page]
        else:
            distinct = _plain(column, numbers[places])
            values, encoding, pages, unpacked = b"".join(distinct), _PLAIN, [], 0
        ends = _ends(column, distinct)
    about = {1: (I32, rows), 2: (I32, encoding), 3: (I32, _RLE), 4: (I32, _RLE)}
    page, more = _page(_DATA_PAGE, about, begin + values)
    at = sum(map(len, pages))
    pages.append(page)
    kinds = [(_DICTIONARY_PAGE, _PLAIN)] * (at > 0) + [(_DATA_PAGE, encoding)]
    statistics: Struct = {3: (I64, rows - there)}
    if ends:
        statistics |= {5: (BINARY, ends[1]), 6: (BINARY, ends[0])}
    described: Struct = {
        1: (I32, _BYTE_ARRAY if isinstance(column, Texts) else _INT64),
        2: (LIST, (I32, sorted({_RLE, *(one for _, one in kinds)}))),
        _PATH: (LIST, (BINARY, [name.encode()])),
        4: (I32, _SNAPPY),
        5: (I64, rows),
        _TOTAL: (I64, unpacked + more),
        _PACKED: (I64, sum(map(len, pages))),
        _DATA_AT: (I64, at),
        12: (STRUCT, statistics),
        13: (LIST, (STRUCT, [{1: (I32, kind), 2: (I32, one), 3: (I32, 1)} for kind, one in kinds])),
    }
    if at:
        described[_DICTIONARY_AT] = I64, 0
    return pages, {2: (I64, 0), _CHUNK: (STRUCT, described)}


def _page(kind: int, about: Struct, data: bytes) -> tuple[bytes, int]:
    """Return a page with its header, and their bytes before compression."""
    packed: bytes = pa.compress(data, codec="snappy", asbytes=True)
    sizes = {1: (I32, kind), 2: (I32, len(data)), 3: (I32, len(packed))}
    header = write_struct({**sizes, 7 if kind == _DICTIONARY_PAGE else 5: (STRUCT, about)})
    return header + packed, len(header) + len(data)


def _plain(column: Amounts | Texts, keys: NDArray[np.int64]) -> list[bytes]:
    """Return distinct values, or all, as they are written."""
    if isinstance(column, Amounts):
        return [keys.tobytes()]
    texts = {key: _sized(column.texts[key].encode()) for key in set(keys.tolist())}
    return [texts[key] for key in keys.tolist()]


def _ends(column: Amounts | Texts, distinct: list[bytes]) -> list[bytes]:
    """Return the least and the largest value; none of a column of nulls."""
    if isinstance(column, Amounts):
        numbers = np.frombuffer(distinct[0], np.int64)
        return [struct.pack("<q", one) for one in (numbers.min(), numbers.max())] if len(numbers) else []
    texts = [text[_LENGTH:] for text in distinct]
    return [min(texts), max(texts)] if texts else []


def _consecutive(column: Numbers) -> bytes:
    """Return differences of one, in blocks: the least of each block, and no bits beyond it."""
    begin = varint(_DELTA_BLOCK) + varint(_DELTA_PARTS) + varint(column.count) + varint(zigzag(column.first))
    return begin + (varint(zigzag(1)) + bytes(_DELTA_PARTS)) * -(-(column.count - 1) // _DELTA_BLOCK)


def _codes(room: _Room, there: int, count: int) -> bytes:
    """Return the codes of a column as one run, after their width in bits."""
    width = max((count - 1).bit_length(), 1)
    if count == 1:
        return bytes([width]) + varint(there << 1) + b"\0"
    room.codes[there : there + _AT_ONCE] = 0
    groups = -(-there // _AT_ONCE)
    if are_worth_it():
        _pack(room.codes, there, width, room.words)
        packed = room.packed[: groups * width]
    else:
        bits = room.codes[: groups * _AT_ONCE, np.newaxis] >> np.arange(width, dtype=np.uint16) & 1
        packed = np.packbits(bits.astype(np.bool_), bitorder="little")
    return bytes([width]) + varint(groups << 1 | 1) + packed.tobytes()


def _encoded(values: NDArray[np.int64], rows: NDArray[np.int32], room: _Room) -> int:
    """Write the codes of some rows, and the values by code; return their number, -1 if they are too many."""
    if are_worth_it():
        return int(_encode(values, rows, room.slots, room.keys, room.places, room.codes))
    encoded = arrow_of(values[rows]).dictionary_encode()
    keys = numbers_of(encoded.dictionary)
    if len(keys) > _MOST:
        return -1
    room.keys[: len(keys)], room.codes[: len(rows)] = keys, numbers_of(encoded.indices)
    return len(keys)


@compiled
def _encode(
    values: NDArray[np.int64],
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    keys: NDArray[np.int64],
    places: NDArray[np.int32],
    codes: NDArray[np.uint16],
) -> int:
    """Write the code of the value of each row, and the values by code; return their number, -1 if they are too many.

    `slots` is a table by hash; it is empty (-1) before and after.
    """
    count, is_full = 0, False
    for place in range(len(rows)):
        value = values[rows[place]]
        slot = np.int64((np.uint64(value) * _MIXER) >> np.uint64(48))
        code = slots[slot]
        while code >= 0 and keys[code] != value:
            slot = (slot + 1) % _SLOTS
            code = slots[slot]
        if code < 0:
            if count == _MOST:
                is_full = True
                break
            code = count
            slots[slot], keys[code], places[code] = code, value, slot
            count += 1
        codes[place] = code
    for code in range(count):
        slots[places[code]] = -1
    return -1 if is_full else count


@compiled
def _pack(codes: NDArray[np.uint16], count: int, width: int, words: NDArray[np.uint64]) -> None:
    """Write codes of so many bits one after the other, eight at a time, the lowest bits first."""
    position = 0
    for first in range(0, count, _AT_ONCE):
        low = high = np.uint64(0)
        for place in range(_AT_ONCE):
            code, at = np.uint64(codes[first + place]), place * width
            if at < _WORD:
                low |= code << np.uint64(at)
                if at + width > _WORD:
                    high |= code >> np.uint64(_WORD - at)
            else:
                high |= code << np.uint64(at - _WORD)
        words[position] = low
        if width > _AT_ONCE:
            words[position + 8] = high
        position += width
