"""How the rows of a chunk are shared among threads: in blocks that know nothing of one another.

So no order of rows, cut of a table or count of threads can matter.
"""

from __future__ import annotations

__all__ = ["shares"]

_MOST = 131_072  # rows of a block: enough for the calls of a block to cost little
_LEAST = 8_192  # rows that are worth a thread of their own


def shares(rows: int, threads: int) -> list[tuple[int, int]]:
    """Return where each block begins and ends; all threads have as many blocks, and the first one is the largest.

    >>> shares(10_000, 2), shares(1_000, 2), len(shares(1_000_000, 2))
    ([(0, 5000), (5000, 10000)], [(0, 1000)], 8)
    """
    blocks = max(-(-rows // _MOST), min(threads, -(-rows // _LEAST)), 1)
    shared = blocks if blocks < threads else -(-blocks // threads) * threads
    size = max(-(-rows // shared), 1)
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]
