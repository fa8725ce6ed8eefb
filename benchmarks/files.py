"""How fast `miexchange batch` takes files of devices, and how much memory it takes, whatever the size of the file.

The command runs in a process of its own, which reports the most memory that it ever had. The files
are made in another one: what a process starts with counts as its child's on some systems.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from _measure import is_quick, print_table

PROGRAMME = "graded-trade-in"
GROUP = 4_000_000
"""Rows of each row group, all of them in one: none must be read whole."""

LARGE_BYTES = 2_000_000_000
SMALL_ROWS = 2_000_000
GOAL_MB = 600
MB = 1_000_000
KIB = 1 if sys.platform == "darwin" else 1024
"""What the system counts the most memory in, in bytes."""


class Run(NamedTuple):
    """What a run of the command took."""

    rows: int
    seconds: float
    peak: int


def make(path: Path, rows: int, group: int, least: int) -> None:
    """Write a file of devices.

    Args:
        path: a CSV or Parquet file.
        rows: how many rows, at least.
        group: how many rows are made at once, and lie in one row group of Parquet.
        least: how many bytes the file has, at least.
    """
    import pyarrow as pa  # noqa: PLC0415 - in the process that makes the files, and in no other
    import pyarrow.csv as pacsv  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    from _devices import devices  # noqa: PLC0415 - as above
    from miexchange import Programme  # noqa: PLC0415 - as above

    programme = Programme.load(PROGRAMME)
    table = devices(programme, group, 0, encoded=path.suffix == ".parquet")
    if path.suffix == ".csv":
        plain = [
            column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns
        ]
        table = pa.table(plain, names=table.column_names)
    kind = pq.ParquetWriter if path.suffix == ".parquet" else pacsv.CSVWriter
    with kind(f"{path}", table.schema) as writer:
        made = 0
        while made < rows or path.stat().st_size < least:
            sizes = {"row_group_size": group} if path.suffix == ".parquet" else {}
            writer.write_table(table, **sizes)
            made += group


def run(source: Path, target: Path) -> Run:
    """Run the command, and see that it took every row."""
    command = [sys.executable, "-m", "miexchange.cli", "batch", f"{source}", f"{target}", "--json"]
    begin = time.perf_counter()
    with subprocess.Popen([*command, "--programme", PROGRAMME], stdout=subprocess.PIPE) as process:  # noqa: S603
        if process.stdout is None:
            raise RuntimeError
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.perf_counter() - begin
    target.unlink()
    return Run(json.loads(answer)["rows"], seconds, usage.ru_maxrss * KIB)


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    rows, group, least = (20_000, 10_000, 0) if quick else (SMALL_ROWS, GROUP, LARGE_BYTES)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        small, text, large = (Path(folder, name) for name in ("small.parquet", "small.csv", "large.parquet"))
        files = [(small, rows, rows // 2, 0), (text, rows, rows // 2, 0), (large, rows, group, least)]
        for source, target in (
            (small, "out.parquet"),
            (small, "out.csv"),
            (text, "out.parquet"),
            (text, "out.csv"),
            (large, "out.parquet"),
        ):
            if not source.exists():
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    pool.submit(make, *next(file for file in files if file[0] == source)).result()
            taken = run(source, Path(folder, target))
            table.append(
                (
                    f"{source.suffix[1:]} to {target.partition('.')[2]}",
                    f"{source.stat().st_size / MB:,.0f} MB",
                    f"{taken.rows:,}",
                    f"{taken.rows / taken.seconds:,.0f}",
                    f"{taken.peak / MB:,.0f} MB",
                    f"<= {GOAL_MB} MB",
                    "met" if taken.peak <= GOAL_MB * MB else "missed",
                )
            )
    head = ("`miexchange batch`", "file", "rows", "rows/s", "most memory", "goal", "")
    print_table("Files of devices, start to end of the command", head, table)


if __name__ == "__main__":
    main()
