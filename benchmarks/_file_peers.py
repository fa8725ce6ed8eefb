"""One contender's job on a file, in a process of its own: python benchmarks/_file_peers.py NAME SOURCE TARGET.

It prints the seconds of the statement that reads, values and writes, and those of what comes before it and is spared:
what a peer has to be told of the programme. Its own import is not spared. Of `appraise_file` the programme and the
machine code are loaded before; `miexchange batch` is timed by another process, from start to end.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WARM"]

WARM = "appraise_file"
PROGRAMME = "graded-trade-in"
FEW = 20_000  # devices, among which all names and texts occur


def main() -> None:
    """Do it."""
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if name != WARM:
        __import__(name.lower())
    begin = time.perf_counter()
    job = warm(source, target) if name == WARM else peer(name)
    spared = time.perf_counter() - begin
    begin = time.perf_counter()
    job(source, target)
    print(time.perf_counter() - begin, spared)


def warm(source: Path, target: Path) -> Callable[[Path, Path], object]:
    """Return our verb, after it has valued a file of the same kind, with machine code."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # as the command does
    from miexchange import Programme  # noqa: PLC0415 - peers are not to pay for it
    from miexchange.batch import appraise_file  # noqa: PLC0415 - as above
    from miexchange.batch.arrow import _compiled  # noqa: PLC0415 - as above

    programme = Programme.load(PROGRAMME)
    _compiled.are_worth_it(1_000_000)
    appraise_file(source.with_name(f"few{source.suffix}"), target, programme, force=True)
    return partial(appraise_file, programme=programme, force=True)


def peer(name: str) -> Callable[[Path, Path], object]:
    """Return the statement of DuckDB or Polars."""
    from _devices import devices  # noqa: PLC0415 - as above
    from miexchange import Programme  # noqa: PLC0415 - as above

    programme = Programme.load(PROGRAMME)
    known = devices(programme, FEW, 0, encoded=False)
    if name == "DuckDB":
        from _duckdb_peer import DuckDb  # noqa: PLC0415 - only this peer

        return DuckDb(known, programme, threads=os.cpu_count() or 1).copy
    from _polars_peer import Polars  # noqa: PLC0415 - as above

    return Polars(known, programme).sink


if __name__ == "__main__":
    main()
