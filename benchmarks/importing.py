"""How long `import miexchange` takes, beside importing the two packages that it stands on.

pydantic is imported as its documentation does, with its `BaseModel`: `import pydantic` alone loads no model.
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial

from _measure import AS_INSTALLED, is_quick, print_table, processes, verdict

OURS = "import miexchange"
THEIRS = "from pydantic import BaseModel; from stdnum import imei"
LESS = "import pydantic, stdnum.imei"
NOTHING = "pass"
GOAL = 1


def wall_time(code: str) -> float:
    """Return how long a fresh Python takes to run a statement, from start to end."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=AS_INSTALLED)  # noqa: S603
    return time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    codes = (THEIRS, OURS, LESS, NOTHING)
    times = processes({code: partial(wall_time, code) for code in codes}, quick=is_quick(__doc__))
    base = times[THEIRS].best
    rows = [
        (f"`{THEIRS}`", times[THEIRS].ms, "1 x", "", ""),
        (f"`{OURS}`", times[OURS].ms, *verdict(times[OURS].best / base, GOAL)),
        (f"`{LESS}` (no model)", times[LESS].ms, f"{times[LESS].best / base:.2f} x", "", ""),
        (f"`{NOTHING}` (Python itself)", times[NOTHING].ms, f"{times[NOTHING].best / base:.2f} x", "", ""),
    ]
    print_table("Import, in a fresh process", ("what", "time", "against pydantic + stdnum", "goal", ""), rows)


if __name__ == "__main__":
    main()
