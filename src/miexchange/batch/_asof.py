"""The last row in force, for whole columns: a binary search in every row's own series at once.

The series of all keys lie one after the other, each sorted and each beginning with "ever since". A
round halves what is left of every row's series, so a column takes as many rounds as the longest
series has bits, however the rows are ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["EVER_SINCE", "Series"]

EVER_SINCE = -(2**63)
"""Where every series begins, so that each instant has a row."""


@dataclass(frozen=True, slots=True)
class Series:
    """The sorted series of many keys.

    Attributes:
        starts: int64, from when on each row holds, in microseconds since 1970; one series after the other.
        first: the position of each key's first row.
        last: the position of each key's last row.
    """

    starts: NDArray[np.int64]
    first: NDArray[np.intp]
    last: NDArray[np.intp]

    @classmethod
    def of(cls, series: Sequence[Sequence[int]]) -> Series:
        """Lay the series of the keys 0, 1, 2, … one after the other.

        >>> Series.of([[EVER_SINCE, 10], [EVER_SINCE]]).last
        array([1, 2])
        """
        lengths = np.array([len(starts) for starts in series], dtype=np.intp)
        ends = np.cumsum(lengths)
        flat = [start for starts in series for start in starts]
        return cls(np.array(flat, dtype=np.int64), ends - lengths, ends - 1)

    def find(self, keys: NDArray[np.intp], at: NDArray[np.int64] | int) -> NDArray[np.intp]:
        """Return the position of the last row that began at or before each instant, in each key's series.

        >>> series = Series.of([[EVER_SINCE, 10, 20], [EVER_SINCE, 15]])
        >>> series.find(np.array([0, 0, 1, 1]), np.array([9, 20, 14, 15]))
        array([0, 2, 3, 4])
        """
        position, last = self.first[keys], self.last[keys]
        longest = int((self.last - self.first).max(initial=0)) + 1
        for half in (1 << bit for bit in reversed(range((longest - 1).bit_length()))):
            probe = np.minimum(position + half, last)
            position = np.where(self.starts[probe] <= at, probe, position)
        return position
