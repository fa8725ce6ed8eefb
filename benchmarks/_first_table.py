"""The process that `beginning.py` starts: it imports nothing but what its contender needs, and values a table twice.

python benchmarks/_first_table.py WHO FILE
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OURS", "PROGRAMME"]

OURS = "miexchange"
PROGRAMME = "graded-trade-in"
THREADS = 2


def measured(who: str, file: str) -> tuple[float, float]:
    """Return the processor time up to the end of the first table, and that of the second one."""
    spared = 0.0
    call: Callable[[], object]
    if who == OURS:
        import pyarrow as pa  # noqa: PLC0415 - its time counts

        from miexchange import Programme  # noqa: PLC0415 - as above
        from miexchange.batch import appraise_frame  # noqa: PLC0415 - as above

        table, programme = pa.ipc.open_file(file).read_all(), Programme.load(PROGRAMME)
        call = partial(appraise_frame, table, programme)
    else:
        import pyarrow as pa  # noqa: PLC0415 - as above

        __import__(who.lower())
        begin = time.process_time()
        from _duckdb_peer import DuckDb  # noqa: PLC0415 - as above
        from _polars_peer import Polars  # noqa: PLC0415 - as above
        from miexchange import Programme  # noqa: PLC0415 - as above

        table, programme = pa.ipc.open_file(file).read_all(), Programme.load(PROGRAMME)
        call = (
            DuckDb(table, programme, threads=THREADS).appraise if who == "DuckDB" else Polars(table, programme).appraise
        )
        spared = time.process_time() - begin
    call()
    first = time.process_time()
    call()
    return first - spared, time.process_time() - first


if __name__ == "__main__":
    print(*measured(sys.argv[1], sys.argv[2]))
