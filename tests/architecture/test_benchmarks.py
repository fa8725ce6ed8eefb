"""The benchmarks run. What they measure decides nothing here: a test must not depend on a machine's mood."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import run

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPTS = (
    *("counting", "importing", "appraising", "redeeming", "loading", "tabulating", "beginning"),
    *("files", "querying", "sparking", "ledgering", "widening", "serving"),
)


def test_every_script_is_run_by_all() -> None:
    there = {path.stem for path in BENCHMARKS.glob("*.py") if not path.stem.startswith("_")}
    assert tuple(name.removesuffix(".py") for name in run.SCRIPTS) == SCRIPTS
    assert there == {*SCRIPTS, "run"}


# The worker that starts a Spark for the other tests starts this one too: one at a time.
GROUPS = {"sparking": [pytest.mark.xdist_group("spark")]}


@pytest.mark.sweep
@pytest.mark.parametrize("script", [pytest.param(script, marks=GROUPS.get(script, [])) for script in SCRIPTS])
def test_a_benchmark_prints_its_table(script: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", str(BENCHMARKS / f"{script}.py"), "--quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("No table of Spark"):
        pytest.skip(done.stdout)
    assert done.stdout.startswith("## "), done.stdout
    assert re.search(r"\| (met|missed) +\|$", done.stdout, re.MULTILINE)


TUNING = (
    *("recell", "condition", "grid", "nepal", "indian", "bands", "season", "drift", "recovery", "speed"),
    *("locks", "offers", "collecting"),
)


def test_every_script_of_tuning_is_run_by_all() -> None:
    named = re.findall(r'"([a-z]+)\.py"', (BENCHMARKS / "tuning" / "run_all.py").read_text(encoding="utf-8"))
    there = {path.stem for path in (BENCHMARKS / "tuning").glob("*.py") if not path.stem.startswith("_")}
    assert tuple(named) == TUNING
    assert there == {*TUNING, "run_all"}


@pytest.mark.sweep
@pytest.mark.parametrize("script", TUNING)
def test_a_benchmark_of_tuning_prints_its_table_or_says_what_it_lacks(script: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", str(BENCHMARKS / "tuning" / f"{script}.py"), "--quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("## ", "skipped: there is no ")), done.stdout
