"""How many calls and how many instructions of bytecode the verbs take: the same on every machine with one Python.

A count says nothing about time, but it does not depend on what else a machine does: if one grew, a change made it grow.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from _counts import calls_of, instructions_of, of_phones, of_programmes
from _measure import is_quick, print_table

# Calls and instructions; the baseline holds each figure to what it was.
GOALS = {
    "`appraise`": (350, 7_000),
    "JSON to JSON": (450, 8_000),
    "`coupon.check`": (250, 3_500),
    "`Programme.load": (300_000, 5_000_000),
    "pickling": (5_000, 50_000),
    "unpickling": (100_000, 1_200_000),
    "`TacTable.read`": (70_000, 800_000),
}


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = of_phones() if quick else of_phones() | of_programmes(Path(folder))
        for name, call in work.items():
            counts = calls_of(call), instructions_of(call)
            goals = next(goal for begins, goal in GOALS.items() if name.startswith(begins))
            cells = []
            for count, unit, goal in zip(counts, ("calls", "instructions"), goals, strict=True):
                cells += [f"{count:,} {unit}", f"<= {goal:,} {unit}", "met" if count <= goal else "missed"]
            rows.append((name, *cells))
    print_table("Calls and instructions", ("what", "calls", "goal", "", "instructions", "goal", ""), rows)


if __name__ == "__main__":
    main()
