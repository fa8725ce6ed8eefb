"""A lock of 14 days, replayed: how often more is lost than the 95 % bound that was known on the day.

Two panels: used iPhones by month, whose prices walk between the months, and Apple's own list by day, which holds from
revision to revision. Of a monthly panel 14 days lie between two sights, so that replay tests the walk as well as the
bound; a lock of 31 days tests the bound alone. What the months' own scatter says of the walk is printed below.

python benchmarks/tuning/locks.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from _given import arguments, file_of, print_table
from _written import quiet

from miexchange.tuning import LockRisk

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.tuning import LockReplay

LOW, HIGH = 2.0, 8.0
LAUNCHES = (date(2020, 10, 23), date(2021, 9, 24), date(2022, 9, 16), date(2023, 9, 22))
SEEDS = 5
UNSTATED = "-15"  # the day of a revision of which the month alone is known


def by_month(path: Path) -> pd.DataFrame:
    """Return the monthly medians of used iPhones, with how far prices scatter within the month."""
    rows = pd.read_csv(path)
    rows["price_minor"] = (100 * rows["price"]).round().astype(int)
    return rows.rename(columns={"date": "on"})


def by_day(path: Path) -> pd.DataFrame:
    """Return Apple's list on every day of which it is known, model by model.

    Where a model's price after one revision is not the one before the next, it changed on some day between that nobody
    stated: these days are left out.
    """
    rows = pd.read_csv(path)
    rows["on"] = pd.to_datetime(
        rows["date"].where(rows["date"].str.len() == len("2025-09-15"), rows["date"] + UNSTATED)
    )
    found: list[tuple[object, pd.Timestamp, float]] = []
    for model, own in rows.groupby("model"):
        seen: list[tuple[pd.Timestamp, float | None, float | None]] = []
        for on, group in own.groupby("on"):
            price = dict(zip(group["in_force"], group["usd"].astype(float), strict=True))
            seen.append((pd.Timestamp(on), price.get("until", price.get("on")), price.get("from", price.get("on"))))  # type: ignore[arg-type] # a day
        for (begin, _, after), (end, before, then) in pairwise(seen):
            if after is not None and after == before:
                found += [(model, day, after) for day in pd.date_range(begin, end - pd.Timedelta(days=1))]
                found += [] if then is None else [(model, end, then)]
    table = pd.DataFrame(found, columns=["model", "on", "usd"]).drop_duplicates(["model", "on"])
    return table.assign(price_minor=(100 * table["usd"]).round().astype(int))


def within(rows: pd.DataFrame) -> float:
    """Return how far prices scatter within a month, over what medians change to the next one; the widest 1 % apart."""
    rows = rows.sort_values(["model", "on"])
    inside = rows["std"] / rows["price"]
    change = pd.Series(np.log(rows.groupby("model")["price"].shift(-1) / rows["price"]), rows.index).abs()
    kept = change.notna() & (inside <= inside.quantile(0.99)) & (change <= change.quantile(0.99))
    return float(np.sqrt((inside[kept] ** 2).mean() / (change[kept] ** 2).mean()))


def line(name: str, replays: list[LockReplay]) -> tuple[str, ...]:
    """Return a row of the table, of one replay or of several whose walks have other seeds."""
    shares = [float(one.summary["broken_pct"]) for one in replays]
    first, mean = replays[0].summary, float(np.mean(shares))
    verdict = "met" if LOW <= mean <= HIGH else "missed"
    between = "" if len(shares) == 1 else f", seeds {min(shares):.1f} to {max(shares):.1f}"
    years = replays[0].by_year
    return (
        name,
        f"{first['n']:.0f} on {first['days']:.0f} days",
        f"{mean:.1f} % ({LOW:g}-{HIGH:g}: {verdict}{between})",
        f"{first['low_pct']:.1f} to {first['high_pct']:.1f} %",
        f"{years['broken_pct'].min():.1f} to {years['broken_pct'].max():.1f} %",
    )


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    month, day = (
        file_of(asked, name, "market")
        for name in ("howmuch_iphone_used_monthly_usd.csv", "apple_us_max_trade_in_2022-11_2026-03.csv")
    )
    table = []
    if month is not None:
        rows = by_month(month)
        since = date(2024, 3, 1) if asked.quick else date(2021, 1, 1)
        for lock in (14, 31):
            for name, calendar in (("", ()), (", with the calendar", LAUNCHES)):
                replays = [
                    LockRisk(seed=seed, launches=calendar).replay(rows, lock=lock, since=since)
                    for seed in range(1 if asked.quick else SEEDS)
                ]
                table.append(line(f"used iPhones by month, {lock} days{name}", replays))
    if day is not None:
        risk, since = LockRisk(between="step", longest_gap=2), date(2025, 6, 1) if asked.quick else date(2023, 1, 20)
        with quiet():
            replay = risk.replay(by_day(day), lock=14, since=since, every=28 if asked.quick else 3)
        table.append(line("Apple's list by day, 14 days", [replay]))
    if table:
        head = ("panel and lock", "model-dates", "broken", "95 % of that share", "by year")
        print_table("The 95 % bound of a lock, replayed", head, table)
    if month is not None:
        walk = [(f"{within(rows):.2f}", "0.50", "0.29")]
        print_table("Scatter within a month over the change to the next", ("seen", "of a walk", "of a line"), walk)


if __name__ == "__main__":
    main()
