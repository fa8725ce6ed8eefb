"""What a table of devices takes, column by column: beside a loop over the scalar verbs, DuckDB and Polars.

python benchmarks/tabulating.py [--quick] [--json FILE] [--rows N] [--chart FILE]

Every contender works on the same table in turns. Before anything is timed, all results must be equal,
row by row; otherwise no table is printed. Each count of threads has a process of its own, for Polars
asks for it once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from _measure import asked, print_table, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMME = "graded-trade-in"
THREADS = (1, 2)
SEED = 20180315
GOALS = {"scalar": 200, "DuckDB": 3, "Polars": 2, "stdnum": 200, "threads": 1.7, "memory": 3}
GOALS |= {"validate, DuckDB": 5, "validate, Polars": 5}
OURS = "miexchange"
FEW = 20_000  # rows for what takes a row at a time, and for the proof that all are equal
GB = 1e9
MB = 1e6
SHADES = ("#08519c", "#3182bd", "#6baed6", "#bdd7e7", "#eff3ff")  # of the parts

Taken = dict[str, float]
"""Seconds for one row, by contender."""


def main() -> None:
    """Measure in a process for each count of threads, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--chart", type=Path, help="draw the parts of a run there, as SVG")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    given = asked(parser)
    rows = 30_000 if given.quick else given.rows
    if given.threads:
        print(json.dumps(measure(rows, given.threads, turns=1 if given.quick else 3)))
        return
    runs = {threads: run_apart(rows, threads, quick=given.quick) for threads in THREADS}
    print_verbs(rows, runs)
    print_parts(rows, runs)
    if given.chart:
        draw(runs[1], given.chart)


def run_apart(rows: int, threads: int, *, quick: bool) -> dict[str, Any]:
    """Measure in a fresh process, where Polars may use so many threads."""
    command = [sys.executable, __file__, "--threads", str(threads), "--rows", str(rows)]
    environment = os.environ | {"POLARS_MAX_THREADS": str(threads)}
    done = subprocess.run(  # noqa: S603 - this script
        [*command, *(["--quick"] if quick else [])], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(rows: int, threads: int, turns: int) -> dict[str, Any]:
    """Make the devices, prove that all contenders agree, and let them take turns."""
    import pyarrow as pa  # noqa: PLC0415 - the parent process needs none of these
    from stdnum import imei as stdnum_imei  # noqa: PLC0415 - as above

    from _devices import devices  # noqa: PLC0415 - as above
    from _duckdb_peer import DuckDb  # noqa: PLC0415 - as above
    from _polars_peer import Polars  # noqa: PLC0415 - as above
    from _scalar_peer import appraise_table  # noqa: PLC0415 - as above
    from miexchange import Programme  # noqa: PLC0415 - as above
    from miexchange.batch import appraise_frame, validate_many  # noqa: PLC0415 - as above

    programme = Programme.load(PROGRAMME)
    table = devices(programme, rows, SEED)
    texts = table["imei"]
    few = table.slice(0, FEW)
    numbers = [text for text in few["imei"].to_pylist() if text is not None]
    prove_equal(few, programme)
    found: dict[str, Any] = {"parts": parts(table, programme)}
    found["memory"] = memory_of(partial(appraise_frame, table, programme, threads=threads))
    for encoded in (True, False):
        if not encoded:
            table = devices(programme, rows, SEED, encoded=False)
        contenders: dict[str, tuple[Callable[[], object], int]] = {
            OURS: (partial(appraise_frame, table, programme, threads=threads), rows),
        }
        for join in ("epoch", "asof") if encoded else ("epoch",):
            name = "" if join == "epoch" else ", ASOF join"
            contenders[f"DuckDB{name}"] = (DuckDb(table, programme, threads=threads, join=join).appraise, rows)
            contenders[f"Polars{name}"] = (Polars(table, programme, join=join).appraise, rows)
        contenders["Polars, in memory"] = (Polars(table, programme, engine="in-memory").appraise, rows)
        if encoded:
            contenders["scalar"] = (partial(appraise_table, few, programme), len(few))
        found["appraise, encoded" if encoded else "appraise, plain"] = in_turns(contenders, turns)
        if encoded:
            checks: dict[str, tuple[Callable[[], object], int]] = {
                OURS: (partial(validate_many, texts, threads=threads), rows),
                "DuckDB": (DuckDb(table, programme, threads=threads).validate, rows),
                "Polars": (Polars(table, programme).validate, rows),
                "stdnum": (lambda: list(map(stdnum_imei.is_valid, numbers)), len(numbers)),
            }
            found["validate"] = in_turns(checks, turns)
    found["bandwidth"] = bandwidth()
    found["bytes"] = table.nbytes + pa.table(appraise_frame(table.slice(0, FEW), programme)).nbytes * rows // len(few)
    return found


def prove_equal(few: Any, programme: Any) -> None:  # noqa: ANN401 - an Arrow table, a programme
    """Refuse to measure contenders that do not agree on every row and column."""
    from _contract import result_columns  # noqa: PLC0415 - as in `measure`
    from _duckdb_peer import DuckDb  # noqa: PLC0415 - as above
    from _polars_peer import Polars  # noqa: PLC0415 - as above
    from miexchange import ReasonCode  # noqa: PLC0415 - as above
    from miexchange.batch import appraise_frame  # noqa: PLC0415 - as above

    bits = {code.value: 1 << place for place, code in enumerate(ReasonCode)}
    ours = appraise_frame(few, programme)
    for name in result_columns(programme):
        expected = ours[name].to_pylist()
        if name in {"reasons", "warnings"}:
            expected = [sum(bits[code] for code in codes.split("|") if code) for codes in expected]
        for peer in (DuckDb(few, programme, threads=1).appraise(), Polars(few, programme).appraise().to_arrow()):
            if peer[name].to_pylist() != expected:
                raise SystemExit(f"{name} is not the same for all contenders: nothing is measured")


def in_turns(contenders: dict[str, tuple[Callable[[], object], int]], turns: int) -> Taken:
    """Return the shortest of several turns of each contender, in seconds for one row.

    A turn is two calls: what the others left behind in memory falls on the first of them, whosever turn it is.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, (call, rows) in contenders.items():
            for _ in range(2):
                begin = time.perf_counter()
                call()
                taken[name].append((time.perf_counter() - begin) / rows)
    return {name: min(times) for name, times in taken.items()}


def parts(table: Any, programme: Any) -> Taken:  # noqa: ANN401 - an Arrow table, a programme
    """Return where the time goes, in seconds for one row, on one thread."""
    from miexchange.batch import _frames  # noqa: PLC0415 - as in `measure`
    from miexchange.batch.arrow import _compiled, _imeis, _results, _threads  # noqa: PLC0415 - as in `measure`
    from miexchange.batch.plan import _blocks, _loop, _plan  # noqa: PLC0415 - as in `measure`

    plan = _plan.plan_of(programme)
    rows = min(len(table), 1_000_000)
    _compiled.are_worth_it(rows)  # so that compiled loops read the cells, as they do in every large table
    blocks = _threads.blocks(rows, 1)
    arrays = {name: (table[name].chunk(0).slice(0, rows), None) for name in table.column_names}
    chunk = _blocks.Chunk(arrays, plan, None)
    room = _blocks.Room(plan, blocks[0][1])
    values = _loop.Values.empty(rows, len(plan.lines))
    imeis = arrays["imei"][0]

    def timed(call: Callable[[], object]) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            call()
            times.append(time.perf_counter() - begin)
        return min(times) / rows

    numbers = _imeis.Numbers.empty(room.rows)

    def read() -> None:
        for start, stop in blocks:
            _imeis.read_numbers(imeis.slice(start, stop - start), numbers.of(slice(stop - start)))

    texts = timed(read)
    gathered = timed(lambda: [chunk.block(start, stop, room) for start, stop in blocks])

    def value() -> None:
        for start, stop in blocks:
            _loop.appraise_rows(chunk.block(start, stop, room), plan.rules, values, start, room.tile)

    valued = timed(value) - gathered
    written = timed(lambda: _results.to_arrow(_frames.as_columns(values, plan)))
    return {"texts of IMEIs": texts, "other cells": gathered - texts, "values": valued, "result": written}


def memory_of(call: Callable[[], Any]) -> tuple[float, float]:
    """Return how far the resident memory grew during a call at its peak, and the size of what came back."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    result = call()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return max(after, before) - now, result.nbytes


def bandwidth() -> float:
    """Return how many bytes a second one thread reads and writes when it copies memory."""
    import numpy as np  # noqa: PLC0415 - as in `measure`

    source = np.ones(50_000_000, dtype=np.int64)
    target = np.empty_like(source)
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - begin)
    return 2 * source.nbytes / median(times)


def print_verbs(rows: int, runs: dict[int, dict[str, Any]]) -> None:
    """Print each verb's contenders, with the ratio to ours."""
    titles = {
        "validate": f"A column of {rows:,} IMEIs",
        "appraise, encoded": f"A table of {rows:,} devices with all lines, answers dictionary-encoded",
        "appraise, plain": "The same table, answers as plain texts; DuckDB and Polars without the ASOF join",
    }
    for verb, title in titles.items():
        cells = []
        for threads, run in runs.items():
            taken = run[verb]
            for name, seconds in taken.items():
                ratio = seconds / taken[OURS]
                peer = name.split(",")[0]
                fastest = min(other for key, other in taken.items() if key.startswith(peer))
                goal = GOALS.get(f"{verb}, {peer}", GOALS.get(peer))
                judged = ("", "")
                if goal and seconds == fastest and name != OURS:
                    _, *judged_by = verdict(ratio, goal, at_least=True)
                    judged = (judged_by[0], judged_by[1])
                cells.append((f"{name}", f"{threads}", f"{seconds * 1e9:,.0f} ns", f"{ratio:.2f} x", *judged))
        alone, together = (runs[threads][verb][OURS] for threads in THREADS)
        cells.append(
            (
                f"{OURS}: {THREADS[1]} threads over 1",
                "",
                "",
                *verdict(alone / together, GOALS["threads"], at_least=True),
            )
        )
        print_table(title, ("who", "threads", "a row", "over ours", "goal", ""), cells)


def print_parts(rows: int, runs: dict[int, dict[str, Any]]) -> None:
    """Print where the time goes, how near that is to the memory's own speed, and what memory it takes."""
    run = runs[1]
    total = sum(run["parts"].values())
    cells = [
        (name, f"{seconds * 1e9:.0f} ns", f"{seconds / total:.0%}", "", "") for name, seconds in run["parts"].items()
    ]
    through = run["bytes"] / rows / run["appraise, encoded"][OURS]
    cells.append(
        (
            "bytes in and out, a second",
            f"{through / GB:.1f} GB",
            f"{through / run['bandwidth']:.0%} of a copy's",
            "",
            "",
        )
    )
    for threads, one in runs.items():
        grown, size = one["memory"]
        ratio = verdict(grown / size, GOALS["memory"])
        cells.append(
            (
                f"memory at its peak, {threads} threads",
                f"{grown / MB:,.0f} MB",
                f"{ratio[0]} of {size / MB:,.0f} MB",
                *ratio[1:],
            )
        )
    print_table("Where the time of a table goes, on one thread", ("what", "a row", "share", "goal", ""), cells)


def draw(run: dict[str, Any], file: Path) -> None:
    """Draw what a row takes: ours by its parts, and the contenders."""
    import matplotlib as mpl  # noqa: PLC0415 - only a chart needs it

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "miexchange"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    taken = run["appraise, encoded"]
    names = [name for name in taken if name != "scalar"]
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(names) + 1.2), layout="constrained")
    left = 0.0
    rest = max(taken[OURS] - sum(run["parts"].values()), 0)
    named = {**run["parts"], "memory, and the rest": rest}
    for shade, (part, seconds) in zip(SHADES, named.items(), strict=True):
        axes.barh(OURS, seconds * 1e9, left=left, color=shade, label=part)
        left += seconds * 1e9
    for name in names[1:]:
        axes.barh(name, taken[name] * 1e9, color="#bdbdbd")
    for name in names:
        axes.text(taken[name] * 1e9, name, f" {taken[name] * 1e9:,.0f} ns", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel(
        f"ns a row, one thread, all lines of the quote (a loop over the scalar verb: {taken['scalar'] * 1e6:,.0f} µs)"
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    axes.legend(title=f"{OURS}, by part", frameon=False, fontsize=8, loc="lower right")
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
