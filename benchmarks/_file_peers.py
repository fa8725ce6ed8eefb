"""One peer's whole job on a file, in a process of its own: python benchmarks/_file_peers.py NAME SOURCE TARGET.

It prints the seconds of the statement that reads, values and writes. What comes before, such as the import and the
relations of the programme, is not in them.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from _devices import devices
from miexchange import Programme

FEW = 20_000  # devices, among which all names and texts occur


def main() -> None:
    """Do it."""
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    programme = Programme.load("graded-trade-in")
    known = devices(programme, FEW, 0, encoded=False)
    threads = os.cpu_count() or 1
    if name == "DuckDB":
        from _duckdb_peer import DuckDb  # noqa: PLC0415 - only this peer

        job = DuckDb(known, programme, threads=threads).copy
    else:
        from _polars_peer import Polars  # noqa: PLC0415 - as above

        job = Polars(known, programme).sink
    begin = time.perf_counter()
    job(source, target)
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main()
