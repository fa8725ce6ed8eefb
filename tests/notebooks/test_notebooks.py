"""The notebooks run from top to bottom, and what is committed shows what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = ("a_season.ipynb", "read_a_quote.ipynb", "tune_a_programme.ipynb", "your_own_programme.ipynb")
MADE_UP = "your_own_programme.ipynb"  # which reads no public data


def cells_of(name: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    return cells


def test_these_are_all_the_notebooks() -> None:
    assert tuple(sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_notebook_is_executed_and_says_nothing_of_its_machine(name: str) -> None:
    code = [cell for cell in cells_of(name) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {kind for cell in code for output in cell["outputs"] for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds
    assert not [cell for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    assert str(NOTEBOOKS.parents[1]) + "/" not in text
    assert name == MADE_UP or "skipped: there is no ../shared/data/prices beside the project" in text


def test_every_notebook_runs() -> None:
    """On made-up data always, and on the public data where they are beside the project."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(NOTEBOOKS / "execute.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == list(NAMES)
