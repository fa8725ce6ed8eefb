"""What the first table in a process takes, in processor time from the start of Python: ours, DuckDB and Polars.

python benchmarks/beginning.py [--quick]

Each run is a process of its own. Ours counts everything: Python, imports, the programme, the table's values. What the
peers have to be told of a programme is made before the clock of their query starts: they count Python, the import of
the library, and the query. `nothing kept` has an empty cache of machine code, as on a machine that never ran one.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from _first_table import OURS, PROGRAMME
from _measure import AS_INSTALLED, is_quick, print_table, processes

SEED = 20180315
CHILD = str(Path(__file__).with_name("_first_table.py"))
GOALS = {100: (0.5, 0.003), 100_000: (2.0, None)}
"""By rows: seconds for the first table in a process, and for the second one."""

MS = 1e3
FEW = 100  # rows that are measured in 15 processes; more of them in two


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    cells: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        kept = f"{folder}/kept"
        for rows, goals in GOALS.items():
            if quick and rows > FEW:
                continue
            table = f"{folder}/{rows}.arrow"
            write(rows, table)
            contenders = {OURS: (OURS, kept), f"{OURS}, nothing kept": (OURS, None)}
            contenders |= {name: (name, kept) for name in ("DuckDB", "Polars")}
            seconds: dict[str, float] = {}
            times = processes(
                {name: partial(run_apart, *one, table, name, seconds) for name, one in contenders.items()},
                quick=rows > FEW or quick,
            )
            for name, timing in times.items():
                goal, second_goal = goals if name.startswith(OURS) else (None, None)
                first = judged(timing.best, goal, "s", 1)
                cells.append((f"{rows:,}", name, *first, *judged(seconds[name], second_goal, "ms", MS)))
    head = ("rows", "who", "first table", "goal", "", "second table", "goal", "")
    print_table("The first table in a process, processor time", head, cells)


def judged(seconds: float, goal: float | None, unit: str, per: float) -> tuple[str, str, str]:
    """Return a time, its goal and whether it is met, as three cells."""
    digits = 2 if per == 1 else 1
    if goal is None:
        return f"{seconds * per:.{digits}f} {unit}", "", ""
    return f"{seconds * per:.{digits}f} {unit}", f"<= {goal * per:g} {unit}", "met" if seconds <= goal else "missed"


def write(rows: int, file: str) -> None:
    """Write devices to a file that every contender reads without parsing."""
    import pyarrow as pa  # noqa: PLC0415 - the processes that are timed import it themselves

    from _devices import devices  # noqa: PLC0415 - as above
    from miexchange import Programme  # noqa: PLC0415 - as above

    table = devices(Programme.load(PROGRAMME), rows, SEED)
    with pa.ipc.new_file(file, table.schema) as stream:
        stream.write_table(table)


def run_apart(who: str, cache: str | None, table: str, name: str, seconds: dict[str, float]) -> float:
    """Value a table twice in a fresh process; return the time of the first one, and keep the shortest second one."""
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(  # noqa: S603 - this script
            [sys.executable, CHILD, who, table],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env=AS_INSTALLED | {"XDG_CACHE_HOME": cache or empty},
        )
    first, second = map(float, done.stdout.split())
    seconds[name] = min(second, seconds.get(name, second))
    return first


if __name__ == "__main__":
    main()
