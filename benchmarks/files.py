"""How fast `miexchange batch` takes files of devices, beside DuckDB and Polars, and how much memory it takes.

python benchmarks/files.py [--quick] [--json FILE] [--rows N]

Every contender takes its turns in processes of its own, which report the most memory that they ever had. The files are
made in another one: what a process starts with counts as its child's on some systems. Before anything is timed, all
results must be equal, column by column; otherwise no table is printed. All write Snappy. DuckDB and Polars write
reasons and warnings as numbers, which is less than the texts that we write.

All are timed from the start of their process to its end. What a peer has to be told of the programme, such as its
relations, is not counted; the import of its library is. A second table has the job alone, in a process that is warm:
a peer's statement beside `appraise_file`, which has valued a small file before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from _file_peers import PROGRAMME, WARM
from _measure import AS_INSTALLED, asked, print_table, verdict

OURS = "miexchange batch"
PEERS = ("Polars", "DuckDB")
GOAL, GOAL_MB = 1.5, 600
ROWS, FEW, GROUP = 5_000_000, 20_000, 1_000_000
"""Rows; rows that are compared; rows that are made at once, and lie in one row group of Parquet."""

MB = 1_000_000
KIB = 1 if sys.platform == "darwin" else 1024
"""What the system counts the most memory in, in bytes."""


class Run(NamedTuple):
    """What a run took: its process, the job alone (of the command, all of it), and the most memory."""

    seconds: float
    job: float
    peak: int


def make(path: Path, rows: int) -> None:
    """Write a file of devices; a text is never empty, for CSV cannot tell an empty one from none.

    Args:
        path: a CSV or Parquet file.
        rows: how many rows.
    """
    import pyarrow as pa  # noqa: PLC0415 - in the process that makes the files, and in no other
    import pyarrow.compute as pc  # noqa: PLC0415 - as above
    import pyarrow.csv as pacsv  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    from _devices import devices  # noqa: PLC0415 - as above
    from miexchange import Programme  # noqa: PLC0415 - as above

    programme = Programme.load(PROGRAMME)
    writer: Any = None
    for seed, begin in enumerate(range(0, rows, GROUP)):
        table = devices(programme, min(GROUP, rows - begin), seed, encoded=False)
        for place, name in enumerate(table.column_names):
            column = table[name]
            if pa.types.is_dictionary(column.type):
                column = column.cast(pa.string())
            if pa.types.is_string(column.type):
                column = pc.if_else(pc.equal(column, ""), "iphone 7" if name == "model" else None, column)
            table = table.set_column(place, name, column)
        kind = pq.ParquetWriter if path.suffix == ".parquet" else pacsv.CSVWriter
        writer = writer or kind(f"{path}", table.schema)
        writer.write_table(table)
    writer.close()


def run(who: str, source: Path, target: Path) -> Run:
    """Let a contender take its turn, and see that it took every row."""
    command = [sys.executable, "-m", "miexchange.cli", "batch", f"{source}", f"{target}", "--json", "--force"]
    command += ["--programme", PROGRAMME]
    if who != OURS:
        command = [sys.executable, f"{Path(__file__).with_name('_file_peers.py')}", who, f"{source}", f"{target}"]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=AS_INSTALLED) as process:  # noqa: S603
        if process.stdout is None:
            raise RuntimeError
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.perf_counter() - begin
    job, spared = (seconds, 0.0) if who == OURS else map(float, answer.split())
    return Run(seconds - spared, job, usage.ru_maxrss * KIB)


def check_equal(folder: Path, source: Path) -> None:
    """Refuse to measure contenders that do not agree on every row and column."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - the files are large, and this process small

    from miexchange import ReasonCode  # noqa: PLC0415 - as above

    bits = {code.value: 1 << place for place, code in enumerate(ReasonCode)}
    found = {}
    for who in (OURS, *PEERS):
        target = folder / "equal.parquet"
        run(who, source, target)
        table = pq.read_table(target)
        found[who] = {name: table[name].to_pylist() for name in table.column_names}
        target.unlink()
    for name in ("reasons", "warnings"):
        texts = found[OURS][name]
        found[OURS][name] = [sum(bits[code] for code in text.split("|") if code) for text in texts]
    for who in PEERS:
        if found[who] != found[OURS]:
            names = [name for name, cells in found[OURS].items() if found[who].get(name) != cells]
            raise SystemExit(f"{who}: {', '.join(names)} of {source.name} differ: nothing is measured")


def race(folder: Path, source: Path, turns: int) -> dict[str, list[Run]]:
    """Return the runs of each contender from one file to Parquet; they take turns."""
    runs: dict[str, list[Run]] = {who: [] for who in (OURS, WARM, *PEERS)}
    for _ in range(turns):
        for who, taken in runs.items():
            target = folder / "out.parquet"
            taken.append(run(who, source, target))
            target.unlink()
    return runs


def judged(runs: dict[str, list[Run]], kind: str, rows: int, ours: str) -> list[tuple[str, ...]]:
    """Return the rows of a table: ours, which is the command or the verb in a warm process, and the peers."""
    best = {who: min(one.seconds if ours == OURS else one.job for one in taken) for who, taken in runs.items()}
    cells: list[tuple[str, ...]] = []
    for who in (ours, *PEERS):
        peak = max(one.peak for one in runs[who])
        ratio, goal, is_met = "", f"<= {GOAL_MB} MB", "met" if peak <= GOAL_MB * MB else "missed"
        if who != ours:
            ratio, goal, is_met = verdict(best[who] / best[ours], GOAL, at_least=True)
        time_of = f"{best[who] / rows * 1e9:,.0f} ns"
        cells.append((kind, who, f"{best[who]:.2f} s", time_of, ratio, f"{peak / MB:,.0f} MB", goal, is_met))
    return cells


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--kinds", default="parquet,csv", help="the kinds of sources")
    given = asked(parser)
    rows, turns = (FEW, 1) if given.quick else (given.rows, 2)
    with tempfile.TemporaryDirectory() as name:
        folder, cells, warm, others = Path(name), [], [], []
        for kind in given.kinds.split(","):
            few, source = folder / f"few.{kind}", folder / f"in.{kind}"
            for path, count in ((few, FEW), (source, rows)):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    pool.submit(make, path, count).result()
            check_equal(folder, few)
            size = f"{source.stat().st_size / MB:,.0f} MB"
            runs = race(folder, source, turns)
            cells += judged(runs, kind, rows, OURS)
            warm += judged(runs, kind, rows, WARM)
            peak = run(OURS, source, folder / "out.csv").peak
            met = "met" if peak <= GOAL_MB * MB else "missed"
            others.append((f"{kind} to csv", size, f"{rows:,}", f"{peak / MB:,.0f} MB", f"<= {GOAL_MB} MB", met))
            source.unlink()
    head = ("from", "who", "time", "a row", "over ours", "most memory", "goal", "")
    print_table(f"A file of {rows:,} devices to Parquet", head, cells)
    print_table("The same in a warm process, the job alone", head, warm)
    print_table("The same to CSV", ("what", "file", "rows", "most memory", "goal", ""), others)


if __name__ == "__main__":
    main()
