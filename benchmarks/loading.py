"""How long it takes to load a programme in a fresh process, to pickle it, and to read tables of TACs; what they hold.

Beside each stands the same by hand, without any check: the files' cells as Python's own readers return them, and a
pickle of the programme as plain data, as `to_dict` returns it.
"""

from __future__ import annotations

import csv
import gc
import pickle
import subprocess
import sys
import tempfile
import time
import tomllib
import tracemalloc
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from _measure import AS_INSTALLED, Timing, is_quick, print_table, processes, side_by_side, verdict
from miexchange import Programme, TacTable
from miexchange.programme import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOAD = "import time, miexchange as m; a = time.perf_counter(); m.Programme.load({!r}); print(time.perf_counter() - a)"
# The modules too: they are a third of it, as they are of ours.
BY_HAND = """
import time
begin = time.perf_counter()
import csv, tomllib
for path in {!r}:
    with open(path, newline="", encoding="utf-8") as file:
        tomllib.loads(file.read()) if path.endswith("toml") else list(csv.reader(file))
print(time.perf_counter() - begin)
"""

GOAL_LOAD = 0.060
GOAL_OSMOCOM = 0.1
GOAL_LARGE = 1.0
GOAL_HELD_MB = 24
GOAL_PICKLE = 0.010
GOALS_BY_HAND = {"load": 4, "pickle": 4, "unpickle": 8, "read": 5}
LARGE = 250_000
MB = 1_000_000

ROOT = Path(__file__).resolve().parents[1]
OSMOCOM = ROOT.parent / "shared" / "data" / "tac" / "osmocom_tacdb_2025.csv"


def own_time(code: str) -> float:
    """Return the time that a fresh process prints: without that of its start, and of the import of the package."""
    done = subprocess.run(  # noqa: S603 - code of ours
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=AS_INSTALLED
    )
    return float(done.stdout)


def files_of(name: str) -> list[str]:
    """Return the files that a shipped programme is read from."""
    folder = ROOT / "data" / "programmes" / name
    head = tomllib.loads((folder / "programme.toml").read_text(encoding="utf-8"))
    parts = [head, *head["terms"]]
    named = {
        value for part in parts for value in part.values() if type(value) is str and value.endswith((".csv", ".toml"))
    }
    return [str(folder / file) for file in ("programme.toml", *sorted(named))]


def read_times(path: Path, turns: int) -> tuple[Timing, Timing]:
    """Return how long a table takes to read, and how long its cells take by hand, in turns."""
    taken: tuple[list[float], list[float]] = [], []
    for _ in range(turns):
        readers: tuple[Callable[[Path], object], ...] = (TacTable.read, cells_of)
        for times, read in zip(taken, readers, strict=True):
            begin = time.perf_counter()
            read(path)
            times.append(time.perf_counter() - begin)
    ours, by_hand = (Timing(tuple(times)) for times in taken)
    return ours, by_hand


def cells_of(path: Path) -> list[list[str]]:
    """Return the cells of a file as Python's own reader returns them."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


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


def row_of(what: str, timing: Timing, goal: float, by_hand: Timing, most: float) -> tuple[str, ...]:
    """Return a row of the table."""
    met = "met" if timing.best <= goal else "missed"
    return what, timing.ms, f"<= {goal * 1e3:.0f} ms", met, by_hand.ms, *verdict(timing.best / by_hand.best, most)


def rows_of_programme(name: str, *, quick: bool) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a programme: loaded, pickled and unpickled."""
    codes = {"load": LOAD.format(name), "by hand": BY_HAND.format(files_of(name))}
    times = processes({key: partial(own_time, code) for key, code in codes.items()}, quick=quick)
    what = f"`Programme.load({name!r})`, fresh process"
    yield row_of(what, times["load"], GOAL_LOAD, times["by hand"], GOALS_BY_HAND["load"])
    programme = Programme.load(name)
    plain = programme.to_dict()
    pickled, of_plain = pickle.dumps(programme), pickle.dumps(plain)
    times = side_by_side(
        {
            "pickle": partial(pickle.dumps, programme),
            "pickle by hand": partial(pickle.dumps, plain),
            "unpickle": partial(pickle.loads, pickled),
            "unpickle by hand": partial(pickle.loads, of_plain),
        },
        quick=quick,
    )
    for verb in ("pickle", "unpickle"):
        yield row_of(f"{verb} {name}", times[verb], GOAL_PICKLE, times[f"{verb} by hand"], GOALS_BY_HAND[verb])


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    turns, large = (1, LARGE // 50) if quick else (5, LARGE)
    rows = [row for name in shipped() for row in rows_of_programme(name, quick=quick)]
    if OSMOCOM.is_file():
        times = read_times(OSMOCOM, turns)
        rows.append(
            row_of("`TacTable.read`, Osmocom export of 2025", times[0], GOAL_OSMOCOM, times[1], GOALS_BY_HAND["read"])
        )
    else:
        rows.append(("`TacTable.read`, Osmocom export of 2025", "skipped: the file is not there", *[""] * 6))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write_large(path, large)
        times = read_times(path, turns)
        what = f"`TacTable.read`, {large} generated rows"
        rows.append(row_of(what, times[0], GOAL_LARGE, times[1], GOALS_BY_HAND["read"]))
        size = held(path) / MB
        met = "met" if size <= GOAL_HELD_MB else "missed"
        rows.append((f"memory that those {large} rows hold", f"{size:.1f} MB", f"<= {GOAL_HELD_MB} MB", met, *[""] * 4))
    print_table("Loading", ("what", "measured", "goal", "", "by hand", "ratio", "goal", ""), rows)


if __name__ == "__main__":
    main()
