"""Dictionary encoding of cells with few distinct texts.

A column with many texts is not for this: `codes_of` then says so, after little work.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray  # noqa: TC002 - numba reads the annotations of a named tuple's class

from miexchange.batch.arrow._compiled import compiled

__all__ = ["SLACK", "codes_of", "validity", "words_of"]

SLACK = 8
"""The bytes that must follow the last cell, because the first eight bytes of a cell are read as one word."""

_MOST = 1_024  # texts
_SLOTS = 4 * _MOST
_TILE = 1_024  # rows: their bytes fit into the cache, and there are enough for the processor to learn a column
_TRIES = 16  # slots probed for one cell
_LONGEST = 200  # bytes of a text; no name is longer
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, as in Fibonacci hashing


@compiled
def _encode(  # noqa: C901, PLR0912 - compiled code pays for calls with arrays
    words: NDArray[np.uint64],
    data: NDArray[np.uint8],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    rows: int,
    few: NDArray[np.int64],
    room: _Room,
    codes: NDArray[np.int16],
    bits: NDArray[np.uint8],
) -> None:
    """Write the code of each cell of the given columns, and the bits of those that are not empty.

    Some rows of all columns come first, then the next ones: so the bytes stay in the processor's cache. `words` holds
    the eight bytes of `data` from each position.
    """
    for begin in range(0, rows, _TILE):
        for column in range(len(few)):
            texts, slots, heads, tails = room.texts[column], room.slots[column], room.heads[column], room.tails[column]
            kept, firsts, lasts = room.kept[column], starts[few[column]], ends[few[column]]
            own, there = codes[column], bits[column]
            last = recent = -1  # the text before, if it is as short as most: answers repeat
            last_head = last_tail = np.uint64(0)
            for row in range(begin, min(begin + _TILE, rows) if room.counts[column] >= 0 else begin):
                first, length = np.int64(firsts[row]), np.int64(lasts[row]) - firsts[row]
                if length == 0:
                    own[row] = 0
                    room.nulls[column] += 1
                    continue
                if length < 0 or length > _LONGEST:
                    room.counts[column] = -1
                    break
                if length < SLACK:
                    head = tail = words[first] << np.uint64(8 * (SLACK - length))
                else:
                    head, tail = words[first], words[first + length - SLACK]
                there[row >> 3] |= 1 << (row & 7)
                if length == last and head == last_head and tail == last_tail:
                    own[row] = recent
                    continue
                slot = np.int64(((head * _MIXER ^ tail) * _MIXER) >> np.uint64(40))
                code = found = -1
                for _ in range(_TRIES):
                    slot = (slot + 1) & (_SLOTS - 1)
                    code = slots[slot]
                    if code < 0:
                        break
                    if heads[code] == head and tails[code] == tail and texts[code + 1] - texts[code] == length:
                        same, middle = SLACK, texts[code]
                        while same < length - SLACK and kept[middle + same] == data[first + same]:
                            same += 1
                        if same >= length - SLACK:
                            found = code
                            break
                if found < 0:
                    found = room.counts[column]
                    if code >= 0 or found == _MOST:
                        room.counts[column] = -1
                        break
                    slots[slot], heads[found], tails[found] = found, head, tail
                    for same in range(length):
                        kept[texts[found] + same] = data[first + same]
                    texts[found + 1] = texts[found] + length
                    room.counts[column] += 1
                own[row] = found
                if length <= 2 * SLACK:  # then head and tail are the whole text
                    last, last_head, last_tail, recent = length, head, tail, found


class _Room(NamedTuple):
    """The distinct texts of some columns, in order of appearance; a row of each array for a column.

    Attributes:
        slots: a table by hash: the code of a text, or -1.
        texts: where each text begins in `kept`, and the last one ends.
        kept: the texts, one after the other.
        heads: the first eight bytes of each text, or the shorter text.
        tails: likewise the last eight bytes.
        counts: how many texts there are; -1 if they are too many or too long.
        nulls: how many cells are empty.
    """

    slots: NDArray[np.int32]
    texts: NDArray[np.int32]
    kept: NDArray[np.uint8]
    heads: NDArray[np.uint64]
    tails: NDArray[np.uint64]
    counts: NDArray[np.int64]
    nulls: NDArray[np.int64]


def codes_of(
    data: NDArray[np.uint8], starts: NDArray[np.int32], ends: NDArray[np.int32], rows: int, few: list[int]
) -> list[pa.Array | None]:
    """Return columns of cells as codes, and None for one with too many distinct texts, or long ones.

    Args:
        data: the bytes, and `SLACK` more.
        starts: where each cell begins; a row of the array for each column.
        ends: where it ends; negative if the cell has quotation marks to remove.
        rows: how many rows there are.
        few: the positions of the columns.
    """
    count = len(few)
    room = _Room(
        np.full((count, _SLOTS), -1, dtype=np.int32),
        np.zeros((count, _MOST + 1), dtype=np.int32),
        np.empty((count, _MOST * _LONGEST), dtype=np.uint8),
        np.empty((count, _MOST), dtype=np.uint64),
        np.empty((count, _MOST), dtype=np.uint64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
    )
    codes, bits = np.empty((count, rows), dtype=np.int16), np.zeros((count, -(-rows // 8)), dtype=np.uint8)
    _encode(words_of(data), data, starts, ends, rows, np.array(few, dtype=np.int64), room, codes, bits)
    return [_array(room, column, codes[column], bits[column]) for column in range(count)]


def _array(room: _Room, column: int, codes: NDArray[np.int16], bits: NDArray[np.uint8]) -> pa.Array | None:
    count, nulls = int(room.counts[column]), int(room.nulls[column])
    if count < 0:
        return None
    texts = room.texts[column, : count + 1].copy()
    buffers = [None, pa.py_buffer(texts), pa.py_buffer(room.kept[column, : texts[-1]].copy())]
    indices = pa.Array.from_buffers(
        pa.int16(), len(codes), [pa.py_buffer(bits) if nulls else None, pa.py_buffer(codes)], nulls
    )
    return pa.DictionaryArray.from_arrays(indices, pa.Array.from_buffers(pa.binary(), count, buffers), safe=False)


def words_of(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the eight bytes from each position on, as numbers."""
    return np.ndarray(len(data) - SLACK + 1, "<u8", data, strides=(1,))


def validity(is_there: NDArray[np.bool_]) -> tuple[int, pa.Buffer | None]:
    """Return the number of empty cells, and Arrow's validity bitmap."""
    nulls = len(is_there) - int(np.count_nonzero(is_there))
    return nulls, pa.py_buffer(np.packbits(is_there, bitorder="little")) if nulls else None
