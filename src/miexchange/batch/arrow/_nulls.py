"""Arrow's validity bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miexchange.batch.arrow._compiled import are_worth_it, compiled
from miexchange.batch.arrow._memory import view, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Nulls", "part", "unpacked"]

_ALL = 255  # a byte of the bitmap without nulls
_EACH = np.uint64(0x0101010101010101)
_BITS = np.uint64(0x8040201008040201)
_HIGH = np.uint64(0x7F7F7F7F7F7F7F7F)  # added to a byte that is not 0, it sets the highest bit
_WHOLE = np.uint64(255)


class Nulls:
    """The nulls of a chunk."""

    def __init__(self, array: Any) -> None:
        """Read the bitmap of an Arrow array."""
        self._offset = array.offset
        bitmap = array.buffers()[0] if array.null_count else None
        self._bits = None if bitmap is None else view(bitmap, np.uint8)

    def fill(self, start: int, cells: NDArray[Any], filler: int) -> None:
        """Write a value into the null rows, beginning with a given row."""
        if self._bits is None:
            return
        if are_worth_it() and cells.itemsize == 1:
            _fill_bytes(self._bits, self._offset + start, cells, words_of(cells), filler)
        elif are_worth_it():
            _fill(self._bits, self._offset + start, cells, filler)
        else:
            cells[~unpacked(self._bits, self._offset + start, self._offset + start + len(cells))] = filler

    def of(self, start: int, stop: int) -> NDArray[np.bool_] | None:
        """Return the mask of null rows, or None if there are none."""
        if self._bits is None:
            return None
        valid = unpacked(self._bits, self._offset + start, self._offset + stop)
        return None if valid.all() else ~valid


@compiled
def _fill(bits: NDArray[np.uint8], first: int, cells: NDArray[Any], filler: int) -> None:
    """Write a value into every cell whose bit is not set; the bits begin at a given position."""
    byte = first // 8
    row = byte * 8 - first
    while row < len(cells):
        valid = bits[byte]
        if valid != _ALL:
            for bit in range(max(-row, 0), min(8, len(cells) - row)):
                cells[row + bit] = cells[row + bit] if valid >> bit & 1 else filler
        byte += 1
        row += 8


@compiled
def _fill_bytes(
    bits: NDArray[np.uint8], first: int, cells: NDArray[np.uint8], words: NDArray[np.uint64], filler: int
) -> None:
    """Do the same to cells of one byte: eight at a time, as the words that begin at each of them."""
    filling = np.uint64(filler) * _EACH
    row = 0
    while row < len(cells):
        place = first + row
        if place % 8 or row + 8 >= len(cells):
            cells[row] = cells[row] if bits[place // 8] >> (place % 8) & 1 else filler
            row += 1
            continue
        valid = np.uint64(bits[place // 8])
        if valid != _WHOLE:
            own = valid * _EACH & _BITS  # in each byte its own bit
            kept = ((own + _HIGH) >> np.uint64(7) & _EACH) * _WHOLE
            words[row] = words[row] & kept | filling & ~kept
        row += 8


def unpacked(bits: NDArray[np.uint8], start: int, stop: int) -> NDArray[np.bool_]:
    """Return a slice of a bitmap as booleans."""
    first = start // 8
    found = np.unpackbits(bits[first : (stop + 7) // 8], count=stop - first * 8, bitorder="little")
    return found[start - first * 8 :].view(np.bool_)


def part(mask: NDArray[np.bool_] | None, start: int, stop: int) -> NDArray[np.bool_] | None:
    """Return a slice of a mask; None, the empty mask, stays None."""
    return None if mask is None else mask[start:stop]
