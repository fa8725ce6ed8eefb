"""The last row in force, for whole columns, however the rows are ordered.

The series of all keys are concatenated, each sorted and beginning with minus infinity. The compiled search is a
binary search within the row's series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miexchange.batch.arrow._compiled import are_worth_it, compiled, inlined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miexchange.batch.plan._arrays import Ints, Positions

__all__ = ["EVER_SINCE", "Series", "find", "find_by_column", "lay", "search"]

EVER_SINCE = -(2**63)
"""The start of every series, before any instant, so that each instant finds a row."""

_ONE = np.uint64(1)


class Series(NamedTuple):
    """The sorted series of many keys.

    Attributes:
        starts: when each row comes into force, in microseconds since 1970; one series after the other.
        first: the position of each key's first row.
        last: the position of each key's last row.
    """

    starts: Ints
    first: Positions
    last: Positions


def lay(series: Sequence[Sequence[int]]) -> Series:
    """Lay the series of the keys 0, 1, 2, … one after the other.

    >>> lay([[EVER_SINCE, 10], [EVER_SINCE]]).last
    array([1, 2], dtype=uint32)
    """
    ends = np.cumsum(np.array([0, *map(len, series)], dtype=np.uint32), dtype=np.uint32)
    starts = np.array([start for one in series for start in one], dtype=np.int64)
    return Series(starts, ends[:-1], ends[1:] - np.uint32(1))


@inlined
def find(starts: Ints, first: int, last: int, at: int) -> np.uint64:
    """Return the position of the last row, between first and last, that begins at or before an instant."""
    position, later = np.uint64(first), np.uint64(last) - np.uint64(first)
    while later:
        half = (later + _ONE) >> _ONE
        # Without a branch: it would be mispredicted half of the time.
        position += half * np.uint64(starts[position + half] <= at)
        later -= half
    return position


def find_by_column(starts: Ints, first: Positions, last: Positions, at: Ints) -> NDArray[np.intp]:
    """Return what `find` returns, for each row of columns."""
    position, later = first.astype(np.intp), last.astype(np.intp) - first
    while later.any():
        half = (later + 1) >> 1
        position += half * (starts[position + half] <= at)
        later -= half
    return position


def search(series: Series, keys: NDArray[np.unsignedinteger[Any]], at: Ints, found: Ints) -> None:
    """Find a position for each row.

    >>> series, found = lay([[EVER_SINCE, 10, 20], [EVER_SINCE, 15]]), np.zeros(4, dtype=np.int64)
    >>> search(series, np.array([0, 0, 1, 1], dtype=np.uint32), np.array([9, 20, 14, 15]), found)
    >>> found
    array([0, 2, 3, 4])
    """
    if are_worth_it():
        _search(series, keys, at, found)
    else:
        found[:] = find_by_column(series.starts, series.first[keys], series.last[keys], at)


@compiled
def _search(series: Series, keys: NDArray[np.unsignedinteger[Any]], at: Ints, found: Ints) -> None:
    for row in range(len(keys)):
        key = keys[row]
        found[row] = find(series.starts, series.first[key], series.last[key], at[row])
