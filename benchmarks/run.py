"""Run every benchmark, each in a process of its own. See docs/performance.md.

python benchmarks/run.py [--quick]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    *("importing.py", "appraising.py", "redeeming.py", "loading.py"),
    *("tabulating.py", "beginning.py", "files.py", "sparking.py", "ledgering.py", "widening.py", "serving.py"),
)


def main() -> None:
    """Run them one after the other: two at once would disturb each other."""
    here = Path(__file__).resolve().parent
    for script in SCRIPTS:
        subprocess.run([sys.executable, str(here / script), *sys.argv[1:]], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
