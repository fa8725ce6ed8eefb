"""Instants as libraries write them, read in a compiled loop: ``2018-03-20 12:00:00.5+05:30``.

Only texts are read that are instants without a doubt; any other text is left to `miexchange._time`, which knows the
whole grammar. `tests/unit/test_instants.py` compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from miexchange.batch.arrow._columns import INSTANT
from miexchange.batch.arrow._compiled import compiled
from miexchange.batch.arrow._memory import empty, view

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["certain_instants"]

_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365], dtype=np.int64)  # each month
_POWERS = 10 ** np.arange(7, dtype=np.int64)
_FIRST, _LAST = 1970, 2099  # years, of which each fourth is a leap year except none
_MINUTE = 16  # bytes of a day, a space or T, and hours and minutes


def certain_instants(cells: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return the instants in a column of bytes, null where there is none for certain, and the mask of those found."""
    rows = len(cells)
    found, certain = empty(rows, np.int64), empty(rows, np.bool_)
    _, offsets, data = cells.buffers()
    if data is None:
        data = pa.py_buffer(b"")
    _read(view(data, np.uint8), view(offsets, np.int32, count=rows + 1, offset=4 * cells.offset), found, certain)
    valid = pa.py_buffer(np.packbits(certain, bitorder="little"))
    return pa.Array.from_buffers(pa.int64(), rows, [valid, pa.py_buffer(found)]).cast(pa.timestamp("us")).cast(
        INSTANT
    ), certain


@compiled
def _read(  # noqa: C901, PLR0912 - one grammar, and compiled code pays for calls with arrays
    data: NDArray[np.uint8], offsets: NDArray[np.int32], found: NDArray[np.int64], certain: NDArray[np.bool_]
) -> None:
    for row in range(len(found)):
        begin, end = offsets[row], offsets[row + 1]
        found[row], certain[row] = 0, False
        if end - begin <= _MINUTE or end - begin > 32:  # noqa: PLR2004 - no instant of this form is longer
            continue
        year = _number(data, begin, 4)
        month, day = _number(data, begin + 5, 2), _number(data, begin + 8, 2)
        hour, minute = _number(data, begin + 11, 2), _number(data, begin + 14, 2)
        if (
            min(year, month, day, hour, minute) < 0
            or data[begin + 4] != ord("-")
            or data[begin + 7] != ord("-")
            or data[begin + 13] != ord(":")
            or (data[begin + 10] != ord(" ") and data[begin + 10] != ord("T"))
        ):
            continue
        at, second, micros = begin + _MINUTE, 0, 0
        if data[at] == ord(":"):
            if at + 3 >= end:
                continue
            second, at = _number(data, at + 1, 2), at + 3
            if data[at] == ord("."):
                first = at + 1
                at = first
                while at < end and data[at] - ord("0") < 10 and data[at] >= ord("0"):  # noqa: PLR2004
                    at += 1
                if at == first or at - first > 6 or at >= end:  # noqa: PLR2004 - microseconds
                    continue
                micros = _number(data, first, at - first) * _POWERS[6 - (at - first)]
        offset = 0
        if data[at] == ord("Z") and at + 1 == end:
            pass
        elif at + 6 == end and data[at + 3] == ord(":") and (data[at] == ord("+") or data[at] == ord("-")):
            hours, minutes = _number(data, at + 1, 2), _number(data, at + 4, 2)
            if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:  # noqa: PLR2004
                continue
            offset = (hours * 60 + minutes) * (1 if data[at] == ord("+") else -1)
        else:
            continue
        is_leap = year % 4 == 0
        if (
            year < _FIRST
            or year > _LAST
            or month < 1
            or month > 12  # noqa: PLR2004
            or day < 1
            or day > _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (is_leap and month == 2)  # noqa: PLR2004
            or hour > 23  # noqa: PLR2004
            or minute > 59  # noqa: PLR2004
            or second < 0
            or second > 59  # noqa: PLR2004
        ):
            continue
        days: Any = (year - _FIRST) * 365 + (year - _FIRST + 1) // 4 + _DAYS_BEFORE[month - 1] + day - 1
        days += 1 if is_leap and month > 2 else 0  # noqa: PLR2004 - February
        found[row] = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000_000 + micros
        certain[row] = True


@compiled
def _number(data: NDArray[np.uint8], begin: int, count: int) -> int:
    """Return the number that some digits are, or -1."""
    value = 0
    for place in range(begin, begin + count):
        digit = np.int64(data[place]) - 48
        if digit < 0 or digit > 9:  # noqa: PLR2004
            return -1
        value = 10 * value + int(digit)
    return value
