"""Run every benchmark of tuning, each in a process of its own. See docs/tuning.md.

python benchmarks/tuning/run_all.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    *("recell.py", "condition.py", "grid.py", "nepal.py", "indian.py"),
    *("bands.py", "season.py", "drift.py", "recovery.py", "speed.py"),
    *("locks.py", "offers.py", "collecting.py"),
)


def main() -> None:
    """Run them one after the other: two at once would disturb each other."""
    here = Path(__file__).resolve().parent
    for script in SCRIPTS:
        subprocess.run([sys.executable, str(here / script), *sys.argv[1:]], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
