"""Model the prices of the British example programme from its own list of models.

    python tools/british_prices.py            write the tables
    python tools/british_prices.py --check    exit 1 if a table on disk differs

No amount written here is an observed price or anybody's offer. A price is the launch price in `models.csv` of the
programme, times the share that is left at the device's age, down to 50 pence. The shares are what iPhones lost, and
what phones of Samsung lost, 12 and 24 months after launch, as musicMagpie stated in 2021; Google's phones are taken to
be like the latter, and iPads like iPhones. Between the knots a share is linear, and flat after the last. Integers only.
"""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

from model_prices import Table, settled

FOLDER = Path(__file__).resolve().parents[1] / "data" / "programmes" / "uk-trade-in"
TOOL = "tools/british_prices.py"
DAYS = (date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1))
STEP = 50  # pence
BPS = 10_000
CURVES = {  # knots of days since launch and what is left, in basis points
    "Apple": ((0, 10_000), (365, 5_900), (730, 4_000)),
    "Google": ((0, 10_000), (365, 3_600), (730, 2_300)),
}
SAID = {
    "Apple": "iPhones lose 41 % in 12 and 60 % in 24 months",
    "Google": "Samsung phones lose 64 % in 12 and 77 % in 24 months",
}


def share(brand: str, days: int) -> int:
    """Return what is left of a launch price, in basis points, rounded down."""
    knots = CURVES[brand]
    for (begin, more), (end, less) in pairwise(knots):
        if days < end:
            return more - -(-(more - less) * (days - begin) // (end - begin))
    return knots[-1][1]


def tables() -> dict[Path, Table]:
    """Return each table by its file."""
    with (FOLDER / "models.csv").open(encoding="utf-8", newline="") as lines:
        models = list(csv.DictReader(lines))
    listed = [["model", "listed_from", "listed_until", "source"]]
    prices = [["model", "effective_from", "price_minor", "basis", "source"]]
    for row in models:
        brand, launch, launched = row["brand"], int(row["launch_price_minor"]), date.fromisoformat(row["launched_on"])
        listed.append([row["model"], DAYS[0].isoformat(), "", "example list of an invented programme"])
        for on in DAYS:
            left = share(brand, (on - launched).days)
            price = launch * left // BPS // STEP * STEP
            source = f"launch price {launch} pence x {left} bps ({SAID[brand]}, musicMagpie 2021), {TOOL}"
            prices.append([row["model"], on.isoformat(), f"{price}", "modelled", source])
    return {FOLDER / "eligible_models.csv": listed, FOLDER / "market_prices.csv": prices}


def main() -> int:
    """Write the tables, or compare them."""
    parser = argparse.ArgumentParser(description="Model the prices of the British example programme.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    return settled(tables(), TOOL, check=parser.parse_args().check)


if __name__ == "__main__":
    sys.exit(main())
