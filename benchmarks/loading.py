"""How long it takes to load a programme in a fresh process, and to read tables of TACs, and what they hold."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
import tracemalloc
from functools import partial
from pathlib import Path

from _measure import AS_INSTALLED, Timing, is_quick, print_table, processes
from _phones import PROGRAMMES
from miexchange import TacTable

LOAD = "import time, miexchange as m; a = time.perf_counter(); m.Programme.load({!r}); print(time.perf_counter() - a)"

GOAL_LOAD = 0.150
GOAL_OSMOCOM = 0.3
GOAL_LARGE = 2.0
GOAL_HELD_MB = 64
LARGE = 250_000
MB = 1_000_000

ROOT = Path(__file__).resolve().parents[1]
OSMOCOM = ROOT.parent / "shared" / "data" / "tac" / "osmocom_tacdb_2025.csv"


def load_time(name: str) -> float:
    """Return how long `Programme.load` takes in a fresh process, the import not counted."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LOAD.format(name)], check=True, capture_output=True, text=True, env=AS_INSTALLED
    )
    return float(done.stdout)


def read_time(path: Path, turns: int) -> Timing:
    """Return how long a table takes to read."""
    taken = []
    for _ in range(turns):
        begin = time.perf_counter()
        TacTable.read(path)
        taken.append(time.perf_counter() - begin)
    return Timing(tuple(taken))


def held(path: Path) -> int:
    """Return how many bytes a table holds once it is read."""
    tracemalloc.start()
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    table = TacTable.read(path)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before if len(table) else 0


def write_large(path: Path, rows: int) -> None:
    """Write a table like a register's: each model has some twenty TACs."""
    lines = [f"{35_000_000 + 13 * row:08d},Brand {row % 97},Model {row // 20}\n" for row in range(rows)]
    path.write_text("tac,brand,model\n" + "".join(lines), encoding="utf-8")


def row_of(what: str, timing: Timing, goal: float) -> tuple[str, ...]:
    """Return a row of the table."""
    return what, timing.ms, f"<= {goal * 1e3:.0f} ms", "met" if timing.best <= goal else "missed"


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    turns, large = (1, LARGE // 50) if quick else (5, LARGE)
    loads = processes({name: partial(load_time, name) for name in PROGRAMMES}, quick=quick)
    rows = [row_of(f"`Programme.load({name!r})`, fresh process", timing, GOAL_LOAD) for name, timing in loads.items()]
    if OSMOCOM.is_file():
        rows.append(row_of("`TacTable.read`, Osmocom export of 2025", read_time(OSMOCOM, turns), GOAL_OSMOCOM))
    else:
        rows.append(("`TacTable.read`, Osmocom export of 2025", "skipped: the file is not beside the project", "", ""))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write_large(path, large)
        rows.append(row_of(f"`TacTable.read`, {large} generated rows", read_time(path, turns), GOAL_LARGE))
        size = held(path) / MB
        met = "met" if size <= GOAL_HELD_MB else "missed"
        rows.append((f"memory that those {large} rows hold", f"{size:.0f} MB", f"<= {GOAL_HELD_MB} MB", met))
    print_table("Loading", ("what", "measured", "goal", ""), rows)


if __name__ == "__main__":
    main()
