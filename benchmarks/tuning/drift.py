"""The drift monitor on simulated deals: how often it is wrong, and after how many deals it tells a shift of 5 %.

A month has 200 deals of 5 brands and 3 grades, whose price misses the table by 8 % (standard deviation of the
logarithm), by a normal law or by Student's with 5 degrees of freedom. Each run has a reference of its own.

python benchmarks/tuning/drift.py [--quick]
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from _given import arguments, met, print_table
from _written import quiet

from miexchange.tuning import DriftMonitor

NOISE, A_MONTH, MONTH_DAYS = 0.08, 200, 30.4375
REFERENCE, WATCHED = 6, 100  # months
RUNS = 60
SHIFT = 0.05
FREEDOM = 5


def deals(months: int, make: np.random.Generator, *, tails: bool = False, too_high: float = 0.0) -> pd.DataFrame:
    """Make deals of some months, with the table too high by a share throughout."""
    n = months * A_MONTH
    day = np.sort(make.uniform(0, months * MONTH_DAYS, n)).astype(np.int64)
    noise = make.standard_t(FREEDOM, n) / np.sqrt(FREEDOM / (FREEDOM - 2)) if tails else make.normal(size=n)
    paid = np.exp(make.normal(np.log(1_000_000), 0.5, n))
    return pd.DataFrame(
        {
            "on": np.datetime64("2026-01-01", "s") + (day * 86_400).astype("timedelta64[s]"),
            "brand": make.choice(["A", "B", "C", "D", "E"], n, p=[0.4, 0.25, 0.15, 0.12, 0.08]),
            "grade": make.choice(["good", "fair", "poor"], n),
            "price_minor": paid.astype(np.int64),
            "expected_minor": (paid * (1 + too_high) * np.exp(NOISE * noise)).astype(np.int64),
        }
    )


def false_alarms(runs: int, *, tails: bool) -> tuple[int, float]:
    """Return how many runs had a false alarm, and how many months were watched until then."""
    wrong, watched = 0, 0.0
    for run in range(runs):
        make = np.random.default_rng([1, run])
        with quiet():
            found = DriftMonitor().fit(deals(REFERENCE, make, tails=tails)).watch(deals(WATCHED, make, tails=tails))
        wrong += not found.alarms.empty
        first = found.alarms["told_on"].min()
        days = WATCHED * MONTH_DAYS if found.alarms.empty else (first - pd.Timestamp("2026-01-01")).days + 1
        watched += days / MONTH_DAYS
    return wrong, watched


def delays(runs: int, *, tails: bool, too_high: float) -> list[int]:
    """Return after how many deals from its first day on the shift was told by the chart of all deals."""
    found = []
    for run in range(runs):
        make = np.random.default_rng([2, run])
        with quiet():
            monitor = DriftMonitor().fit(deals(REFERENCE, make, tails=tails))
        rows = deals(3, make, tails=tails, too_high=too_high)
        alarms = monitor.watch(rows).alarms
        told = alarms.loc[alarms["by"] == "all", "told_on"].min()
        found.append(int((rows["on"] <= told).sum()))
    return found


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    runs, table = 2 if asked.quick else RUNS, []
    for name, tails in (("normal", False), ("Student, 5 degrees", True)):
        wrong, months = false_alarms(runs, tails=tails)
        rate = 100 * wrong / months
        many = [delays(4 * runs, tails=tails, too_high=shift) for shift in (SHIFT, -SHIFT)]
        for side, found in zip(("up", "down"), many, strict=True):
            mean = float(np.mean(found))
            told = f"{mean:.0f} (half by {np.median(found):.0f}, 90 % by {np.quantile(found, 0.9):.0f})"
            table.append((name, side, told, met(mean, 60), f"{wrong} in {months:,.0f} months", met(rate, 1.0)))
    head = (
        "noise of 8 %",
        f"shift of {100 * SHIFT:g} %",
        "deals until it is told",
        "goal",
        "false alarms",
        "in 100 months",
    )
    print_table("The drift monitor", head, table)


if __name__ == "__main__":
    main()
