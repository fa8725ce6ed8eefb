"""Every column that a library can make, through every door: see `parity.matrix`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.sweep
def test_every_type_of_every_library_is_read_or_refused_by_one_rule() -> None:
    """Promise 8: what arrives from outside gives a value or a refusal of its row, never a crash."""
    path = os.pathsep.join([*filter(None, sys.path), str(TESTS)])
    done = subprocess.run(
        [sys.executable, "-m", "parity.matrix"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    last = done.stderr.rpartition("\r")[2]
    assert done.returncode == 0, f"{done.stdout}\nended with {done.returncode} at: {last}"
    asked = re.search(r"([0-9]+) cases, 0 failed", done.stdout)
    assert asked is not None
    assert int(asked[1]) > 3_000, "the matrix has lost cases"
