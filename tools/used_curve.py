"""Refit the curve of used prices on a buyer's list: the share of its launch price that a used phone keeps.

    python tools/used_curve.py --list FILE            write the two tables of `data/curves`
    python tools/used_curve.py --list FILE --check    exit 1 if a table on disk differs

FILE is a list with `brand`, `model`, `variant` and `up_to_inr` of December 2021; it is not part of this
repository. Nothing of a single phone is written: only a level for each age, a factor for each brand, and
their arithmetic.

    share     = list price / launch base        (`tools/model_prices.py` says what the launch base is)
    log share = level + rate x (age - 36 months) + offset of the brand + scatter

It is a ridge regression: offsets are drawn to their mean, rows beyond four standard deviations count less,
and variants of one family miss together. An interval holds 80 % of single phones, by the scatter and by how
unsure the fit is. The list has no phone younger than 36 months: up to 14 months the knots are those of
`used_share_of_launch.csv`, between them the share is linear. A brand's factor is a difference that grows
with age: all of it counts from 36 months on, none of it at launch.
"""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange import Catalogue
from miexchange.tuning._additive import Additive, Offsets, Rates
from model_prices import BPS, BRANDS_FROM, CURVES, DATA, MONTHS_PER_DAY, base_of, dated_variants, new_price_curve, read
from model_prices import settled as written_or_checked

if TYPE_CHECKING:
    from model_prices import Table

TOOL = "tools/used_curve.py"
ON = date(2021, 12, 17)
HEAD_UNTIL = 14  # months: the published shares
LEVELS = (BRANDS_FROM, 48, 60, 72)  # months at which the fitted line is written
OLDEST = 84  # months: one phone is older, which would decide the rate alone
TENTH = 1.2816  # the quantile of a normal law above which a tenth lies
ROBUST = 4.0


def priced(path: Path) -> pd.DataFrame:
    """Return each variant of the list that the catalogue has by one name: its price and launch base in rupees."""
    catalogue = Catalogue.read(DATA / "models.csv")
    variants = {variant.model: variant for variant in dated_variants()}
    new_curve, _ = new_price_curve([*variants.values()])
    found = []
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            name = f"{row['model']} {row['variant']}"
            meant = catalogue.meant(name) or catalogue.meant(f"{row['brand']} {name}")
            variant = variants.get(meant[0].model) if len(meant) == 1 else None
            base = None if variant is None else base_of(variant, new_curve)
            if variant is None or base is None:
                continue
            age = float(variant.days(ON) * MONTHS_PER_DAY)
            if age <= OLDEST:
                family = f"{variant.brand} {variant.name}"
                year = variant.launched_on.year
                found.append((family, variant.brand, age, year, base.paise / 100, float(row["up_to_inr"])))
    return pd.DataFrame(found, columns=["family", "brand", "age_months", "launch_year", "new_price", "price"])


def rows_of(path: Path) -> list[tuple[str, str, float, float]]:
    """Return family, brand, age in months and share of the launch base of each variant."""
    rows = priced(path)
    shares = rows["price"] / rows["new_price"]
    return [*zip(rows["family"], rows["brand"], rows["age_months"], shares, strict=True)]


def tables(rows: list[tuple[str, str, float, float]]) -> dict[Path, Table]:
    """Fit, and return both tables by their paths."""
    families, brands, ages, shares = (np.array(column) for column in zip(*rows, strict=True))
    model = Additive([Rates("months"), Offsets("brand")], ROBUST)
    model.fit([ages - BRANDS_FROM, brands.astype(object)], np.log(shares), np.ones(len(rows)))
    model.widen(families)
    level, rate = (float(one) for one in model.coefficients[:2])
    by = f"ridge regression on {len(rows)} variants of an Indian buyer's list of {ON}, {TOOL}"
    levels: Table = [["age_months", "share_bps", "low_bps", "high_bps", "n", "basis", "source"]]
    head = [(int(row["age_months"]), int(row["share_bps"])) for row in read(DATA / "curves" / CURVES[0].levels)]
    for age, bps in head:
        if age <= HEAD_UNTIL:
            said = f"published: {CURVES[0].levels}; the scatter is taken to be that of old phones"
            levels.append([str(age), *_bounds(bps, model.sigma), "0", "modelled", said])
    place = model.slices[0]
    for age in LEVELS:
        bps = _bps(level + rate * (age - BRANDS_FROM))
        row = np.zeros(len(model.coefficients))
        row[0], row[place] = 1.0, age - BRANDS_FROM
        unsure = float(np.hypot(model.sigma, np.sqrt(row @ model.covariance @ row)))
        near = sum(abs(one - age) <= 6 for one in ages)  # noqa: PLR2004 - half of the step from one level to the next
        said = f"exp({level:.4f} {rate:+.5f} x {age - BRANDS_FROM} months), n within 6 months; {by}"
        levels.append([str(age), *_bounds(bps, unsure), f"{near}", "modelled", said])
    factors: Table = [["brand", "factor_bps", "low_bps", "high_bps", "n", "basis", "source"]]
    offsets, errors = model.coefficients[model.slices[1]], model.errors()[model.slices[1]]
    for brand, offset, error in zip(model.terms[1].labels(), offsets, errors, strict=True):
        said = f"exp({offset:+.4f}), drawn to the mean of the brands; {by}"
        unsure = float(np.hypot(model.sigma, error))
        factors.append([brand, *_bounds(_bps(float(offset)), unsure), f"{(brands == brand).sum()}", "modelled", said])
    folder = DATA / "curves"
    return {folder / CURVES[-1].levels: levels, folder / CURVES[-1].brands: factors}


def _bps(logarithm: float) -> int:
    return round(BPS * float(np.exp(logarithm)))


def _bounds(bps: int, unsure: float) -> tuple[str, str, str]:
    away = float(np.exp(TENTH * unsure))
    return f"{bps}", f"{round(bps / away)}", f"{round(bps * away)}"


def main() -> int:
    """Write or check the tables."""
    parser = argparse.ArgumentParser(description="Refit the curve of used prices on a buyer's list.")
    parser.add_argument("--list", type=Path, required=True, help="the list, which is not part of this repository")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a table on disk differs")
    asked = parser.parse_args()
    return written_or_checked(tables(rows_of(asked.list)), TOOL, check=asked.check)


if __name__ == "__main__":
    sys.exit(main())
