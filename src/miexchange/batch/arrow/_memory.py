"""Memory for columns from Arrow's pool, which reuses freed pages; the system would zero new ones each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["apart", "arrow_of", "bools_to_arrow", "empty", "texts_to_arrow", "view", "words_of"]

_CACHE_LINE = 64  # bytes
_WORD = 8


def empty(count: int, kind: Any) -> NDArray[Any]:
    """Return an uninitialised array."""
    return np.frombuffer(pa.allocate_buffer(count * np.dtype(kind).itemsize), dtype=kind)


def view(buffer: Any, kind: Any, *, count: int = -1, offset: int = 0) -> NDArray[Any]:
    """Return a buffer as a read-only array, even if the buffer is writable.

    numba compiles a loop again, for a second or so, for writable arrays; readers get a single form.
    """
    numbers = np.frombuffer(buffer, kind, count=count, offset=offset)
    numbers.flags.writeable = False
    return numbers


def arrow_of(numbers: NDArray[Any]) -> pa.Array:
    """Return numbers as an Arrow array, which shares their memory; ``pa.array`` would import pandas, 0.2 s."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, pa.py_buffer(numbers)])


def bools_to_arrow(mask: NDArray[np.bool_]) -> pa.Array:
    """Return booleans as an Arrow array; ``pa.array`` would import pandas."""
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, pa.py_buffer(np.packbits(mask, bitorder="little"))])


def texts_to_arrow(texts: Sequence[str]) -> pa.Array:
    """Return texts as an Arrow array; ``pa.array`` would import pandas."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def words_of(numbers: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the little-endian words that begin at each byte, without a copy: compiled code reads one at once.

    Only a few bytes are copied, and zeros added: numba compiles a loop again for a single word, which needs no strides.
    """
    lacking = _WORD + 1 - len(numbers)
    shared = numbers if lacking <= 0 else np.append(numbers, np.zeros(lacking, np.uint8))
    words: NDArray[np.uint64] = np.ndarray(len(shared) - _WORD + 1, "<u8", shared, strides=(1,))
    words.flags.writeable = numbers.flags.writeable
    return words


def apart(columns: int, rows: int, kind: Any) -> NDArray[Any]:
    """Return at least two uninitialised columns for a loop that uses them together.

    Their distance is no power of two: such columns compete for the same cache sets, and take four times as long. There
    is always a gap between them: numba compiles a loop again, for seconds, for a contiguous block of columns, and
    takes a single column for one.
    """
    columns = max(columns, 2)
    per_line = _CACHE_LINE // np.dtype(kind).itemsize
    distance = ((rows // per_line + 1) | 1) * per_line  # an odd number of cache lines
    return empty(columns * distance, kind).reshape(columns, distance)[:, :rows]
