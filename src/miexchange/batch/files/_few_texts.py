"""Dictionary encoding of cells with few distinct texts.

A column with many texts is not for this: `FewTexts.codes` then says so, after little work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from miexchange.batch.arrow._compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SLACK", "FewTexts", "validity"]

SLACK = 8
"""The bytes that must follow the last cell, because the first eight bytes of a cell are read as one word."""

_MOST = 1_024  # texts
_SLOTS = 4 * _MOST
_TRIES = 16  # slots probed for one cell
_LONGEST = 200  # bytes of a text; no name is longer
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, as in Fibonacci hashing


@compiled
def _encode(  # noqa: C901, PLR0912 - compiled code pays for calls with arrays
    data: NDArray[np.uint8],
    words: NDArray[np.uint64],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    slots: NDArray[np.int32],
    texts: NDArray[np.int32],
    kept: NDArray[np.uint8],
    codes: NDArray[np.int32],
) -> bool:
    """Write the code of each cell, -1 for an empty one, and return whether the texts are few and short.

    `words` holds the eight bytes of `data` from each position. The texts are concatenated in `kept`; `texts` has the
    end of each, and their number as its last element.
    """
    for row in range(len(starts)):
        first, length = starts[row], ends[row] - starts[row]
        if length == 0:
            codes[row] = -1
            continue
        if length < 0 or length > _LONGEST:
            return False
        if length < SLACK:
            mixed = words[first] << np.uint64(8 * (SLACK - length))
        else:
            mixed = words[first] * _MIXER ^ words[first + length - SLACK]
        slot = np.int64((mixed * _MIXER) >> np.uint64(40))
        code = found = -1
        for _ in range(_TRIES):
            slot = (slot + 1) % _SLOTS
            code = slots[slot]
            if code < 0:
                break
            begin = texts[code]
            if texts[code + 1] - begin == length:
                same = 0
                while same < length and kept[begin + same] == data[first + same]:
                    same += 1
                if same == length:
                    found = code
                    break
        if found < 0:
            found = texts[_MOST + 1]
            if code >= 0 or found == _MOST:
                return False
            slots[slot] = found
            for place in range(length):
                kept[texts[found] + place] = data[first + place]
            texts[found + 1] = texts[found] + length
            texts[_MOST + 1] += 1
        codes[row] = found
    return True


class FewTexts:
    """The distinct texts of one column, in order of appearance."""

    def __init__(self) -> None:
        """Begin with none."""
        self._slots = np.full(_SLOTS, -1, dtype=np.int32)
        self._texts = np.zeros(_MOST + 2, dtype=np.int32)
        self._kept = np.empty(_MOST * _LONGEST, dtype=np.uint8)
        self._dictionary = pa.array([], pa.binary())

    def codes(self, data: NDArray[np.uint8], starts: NDArray[np.int32], ends: NDArray[np.int32]) -> pa.Array | None:
        """Return cells as codes, or None if they have too many distinct texts.

        Args:
            data: the bytes, and `SLACK` more.
            starts: where each cell begins.
            ends: where it ends; negative if the cell has quotation marks to remove.
        """
        rows = len(starts)
        buffer = pa.allocate_buffer(4 * rows)
        codes = np.frombuffer(buffer, dtype=np.int32)
        words = np.ndarray(len(data) - SLACK + 1, "<u8", data, strides=1)
        if not _encode(data, words, starts, ends, self._slots, self._texts, self._kept, codes):
            return None
        nulls, valid = validity(codes >= 0)
        if nulls:
            np.maximum(codes, 0, out=codes)
        count = int(self._texts[-1])
        if count != len(self._dictionary):
            texts = [
                pa.py_buffer(self._texts[: count + 1].copy()),
                pa.py_buffer(self._kept[: self._texts[count]].copy()),
            ]
            self._dictionary = pa.Array.from_buffers(pa.binary(), count, [None, *texts])
        indices = pa.Array.from_buffers(pa.int32(), rows, [valid, buffer], nulls)
        return pa.DictionaryArray.from_arrays(indices, self._dictionary)


def validity(is_there: NDArray[np.bool_]) -> tuple[int, pa.Buffer | None]:
    """Return the number of empty cells, and Arrow's validity bitmap."""
    nulls = len(is_there) - int(np.count_nonzero(is_there))
    return nulls, pa.py_buffer(np.packbits(is_there, bitorder="little")) if nulls else None
