"""Memory for columns, from Arrow: it keeps what is given back for the next table; the system clears each page anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["apart", "empty", "view"]

_CACHE_LINE = 64  # bytes


def empty(count: int, kind: Any) -> NDArray[Any]:
    """Return an uninitialised array."""
    return np.frombuffer(pa.allocate_buffer(count * np.dtype(kind).itemsize), dtype=kind)


def view(buffer: Any, kind: Any, *, count: int = -1, offset: int = 0) -> NDArray[Any]:
    """Return what stands in a buffer, as numbers that cannot be written, whether or not the buffer can.

    numba compiles a loop anew, for a second or so, for what can be written; a reader needs one form.
    """
    numbers = np.frombuffer(buffer, kind, count=count, offset=offset)
    numbers.flags.writeable = False
    return numbers


def apart(columns: int, rows: int, kind: Any) -> NDArray[Any]:
    """Return uninitialised columns that a loop goes through together; two at least.

    No two of them are a power of two apart: such columns meet in the processor's cache, and take four times as long.
    There is always something between them: numba compiles a loop anew, for seconds, for columns that lie end to end,
    and one column alone is such to it.
    """
    columns = max(columns, 2)
    per_line = _CACHE_LINE // np.dtype(kind).itemsize
    distance = ((rows // per_line + 1) | 1) * per_line  # an odd number of cache lines
    return empty(columns * distance, kind).reshape(columns, distance)[:, :rows]
