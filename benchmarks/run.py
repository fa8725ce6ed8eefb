"""Run every benchmark, each in a process of its own, and say what fell back. See docs/performance.md.

python benchmarks/run.py [--quick] [--only SCRIPT …] [--check | --update --date DAY]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from _figures import Baseline, Compared, compare, read_runs
from _history import append, draw, history_of

SCRIPTS = (
    *("counting.py", "importing.py", "appraising.py", "redeeming.py", "loading.py"),
    *("tabulating.py", "beginning.py", "files.py", "querying.py", "sparking.py", "ledgering.py", "widening.py"),
    "serving.py",
)
WATCHED = (*SCRIPTS[:7], "ledgering.py")
"""Those that are compared with the baseline: what the others print is rather a server's or Spark's than ours."""

HERE = Path(__file__).resolve().parent
BASELINE, HISTORY = HERE / "baseline.json", HERE / "history.csv"
CHART = HERE.parent / "docs" / "charts" / "performance.svg"


def main() -> None:
    """Run them one after the other: two at once would disturb each other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few turns only; the numbers mean little")
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, metavar="SCRIPT", help="run these scripts only")
    parser.add_argument("--check", action="store_true", help="fail if a figure fell back since the baseline")
    parser.add_argument("--update", action="store_true", help="make this run the baseline, and add it to the history")
    parser.add_argument("--date", type=date.fromisoformat, help="the day of the run, for the history: 2026-11-30")
    given = parser.parse_args()
    if given.quick and (given.check or given.update):
        parser.error("the figures of a quick run mean little: leave --quick out")
    if given.update and given.date is None:
        parser.error("name the day of the run for the history: --date 2026-11-30")
    is_watched, waiting = given.check or given.update, os.getloadavg()[0]
    scripts = given.only or (WATCHED if is_watched else SCRIPTS)
    measured_commit = commit() if given.update else ""  # before the run's own files change
    with tempfile.TemporaryDirectory() as folder:
        for script in scripts:
            command = [sys.executable, str(HERE / script), "--json", f"{folder}/{script}.json"]
            subprocess.run([*command, *["--quick"] * given.quick], check=True)  # noqa: S603 - our own scripts
        if not is_watched:
            return
        run, measured = read_runs({script: Path(folder, f"{script}.json") for script in scripts})
    before = Baseline.read(BASELINE) if BASELINE.exists() else Baseline(run.machine, run.python, {})
    found = compare(before, run)
    print_outcome(found)
    print(f"\nPrograms that wanted one of {os.cpu_count()} cores at the beginning: {waiting:.1f}.")
    print("On a busy machine only memory and counts can be trusted.")
    if given.update:
        Baseline(run.machine, run.python, {**before.figures, **run.figures}).write(BASELINE)
        append(HISTORY, f"{given.date}", measured_commit, run.machine, measured)
        draw(history_of(HISTORY), CHART)
    elif any(one.is_bad for one in found):
        sys.exit(1)


def print_outcome(found: list[Compared]) -> None:
    """Print each figure that is not as before, the worst first, and how many there are of each kind."""
    print("## Since the baseline\n")
    for one in found:
        if one.outcome != "as before":
            print(f"{one.outcome}: {one.metric}: {one.words}")
    outcomes = [one.outcome for one in found]
    print(", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes)) or "no figures")


def commit() -> str:
    """Return the commit that was measured; with a plus, if files were changed since."""
    command = ["git", "-C", str(HERE), "describe", "--always", "--abbrev=7", "--dirty=+", "--exclude=*"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - git


if __name__ == "__main__":
    main()
