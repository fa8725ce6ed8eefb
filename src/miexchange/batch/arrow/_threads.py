"""How threads share the rows of a chunk: in independent blocks.

So the result cannot depend on the order of rows, the chunks of a table or the number of threads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from miexchange.errors import out_of_range, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["blocks", "shared", "workers"]

_MOST = 131_072  # rows of a block: enough to make the overhead per block small
_LEAST = 8_192  # the fewest rows that are worth a thread


def blocks(rows: int, threads: int) -> list[tuple[int, int]]:
    """Return the begin and end of each block; every thread gets equally many, and the first block is the largest.

    >>> blocks(10_000, 2), blocks(1_000, 2), len(blocks(1_000_000, 2))
    ([(0, 5000), (5000, 10000)], [(0, 1000)], 8)
    """
    count = max(-(-rows // _MOST), min(threads, -(-rows // _LEAST)), 1)
    shared = count if count < threads else -(-count // threads) * threads
    size = max(-(-rows // shared), 1)
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


@contextmanager
def shared(rows: int, threads: int) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]]:
    """Return a `map` whose calls are shared by threads; a table of one block starts none, which takes 0.2 ms."""
    if threads == 1 or len(blocks(rows, threads)) == 1:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def workers(threads: int | None) -> int:
    """Return the number of threads to use.

    Raises:
        InvalidValue: it is not a positive integer.
    """
    if threads is None:
        return os.cpu_count() or 1
    if type(threads) is not int or threads < 1:
        wrong = out_of_range if type(threads) is int else wrong_type
        raise wrong("threads", threads, "give a whole number of 1 or more, or None for every processor")
    return threads
