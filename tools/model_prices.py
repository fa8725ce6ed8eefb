"""Model the programme tables: eligible models, market prices, repair anchors.

    python tools/model_prices.py            write the tables
    python tools/model_prices.py --check    exit 1 if a table on disk differs

Every amount written here is modelled. None is an observed price, and none is a price of Xiaomi, of
Cashify or of anyone. The inputs are files of `data/` only: `models.csv`, and the curves
of used prices in `curves`, whose knots name their sources. Integers and fractions, no floats.

Prices that are in force are not modelled anew: a day takes the last curve that had begun by then (`CURVES`), and
that of 2021 tells brands apart.

    age(day)       = (day - launch day) / 30.4375 months = days x 16 / 487
    share(curve)   = piecewise linear in age between the knots, flat outside, down to a whole bps
    launch base    = launch price, or new price x 10 000 / share(new-price curve, age at that price)
    a brand's knot = share x (10 000 + (brand factor - 10 000) x min(age, 36) / 36) / 10 000, no less than its next one
    market price   = launch base x share(used curve, age) / 10 000, down to Rs 10, at least Rs 300
    repair anchor  = market price x rate / 10 000, down to Rs 10, at least Rs 50

The new-price curve says what share of its launch price a phone still costs new. It is measured here
and written to `curves/new_price_share_of_launch.csv`: the variants with a launch day, a launch price
and a later new-phone price are put into bands of age at that new price; a band's share is the median
ratio of new to launch price, down to a whole bps and at most 10 000; a band above its younger
neighbour is merged with it and the median taken anew, until no share rises with age; a band's knot
is the median age in whole months. The OnePlus 3T is left out: its one published Mi Exchange quote is
kept to test the model against, and nothing is fitted to it.

Anchor rates are one less the median share of the clean quote that a phone with one fault kept in a
public set of quotes of an Indian buyer (github:Shaik-Nvd/fhoneify, August to October 2026): heavy
screen scratches 0.84 (n = 12), major dents 0.90 (n = 3), charging fault 0.94 (n = 3).
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

DATA = Path(__file__).resolve().parents[1] / "data"
TOOL = "tools/model_prices.py"

BPS = 10_000
TEN_RUPEES = 10 * 100
LEAST_PRICE = 300 * 100
LEAST_ANCHOR = 50 * 100
MONTHS_PER_DAY = Fraction(16, 487)  # a month is 30.4375 days, a twelfth of 365.25

STARTED_ON = date(2018, 3, 15)
PRICE_DAYS = (STARTED_ON, date(2018, 4, 15), date(2018, 5, 15))

BRANDS = frozenset(
    [
        "Xiaomi",
        "Samsung",
        "Sony",
        "HTC",
        "Motorola",
        "Micromax",
        "Gionee",
        "Oppo",
        "Asus",
        "Lenovo",
        "OnePlus",
        "Huawei",
        "Vivo",
        "LeEco",
        "Google",
    ]
)
BRANDS_SOURCE = "http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968"
MI_EXCHANGE, GRADED = "mi-exchange-india", "graded-trade-in"
PROGRAMMES = {
    MI_EXCHANGE: (
        BRANDS,
        f"example list: the original list is not published; accepted brands as reported by {BRANDS_SOURCE}",
    ),
    GRADED: (BRANDS | {"Honor"}, "example list of an invented programme"),
}

BAND_STARTS = (0, 12, 18, 24, 36)  # months
LEFT_OUT = ("OnePlus", "3T")

ANCHORS = (
    ("display", 1600, "heavy screen scratches, median of 12 quotes"),
    ("body", 1000, "major dents, median of 3 quotes"),
    ("ports", 600, "charging fault, median of 3 quotes"),
)

BRANDS_FROM = 36  # months from which a brand's factor counts in full


class UsedCurve(NamedTuple):
    """The files of a curve of used prices, and the first day whose prices are modelled by it."""

    begins: date
    levels: str
    brands: str


CURVES = (
    UsedCurve(STARTED_ON, "used_share_of_launch.csv", ""),
    UsedCurve(date(2021, 12, 17), "used_share_of_launch_2021.csv", "used_brand_factor_2021.csv"),
)

Curve = list[tuple[int, int]]
"""Knots of age in months and share in bps, by age."""

Table = list[list[str]]
"""A header and its rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A catalogued variant with a known launch day."""

    model: str
    brand: str
    name: str
    launched_on: date
    launch_price: int | None
    new_price: int | None
    new_price_on: date | None
    source: str
    new_price_source: str

    def days(self, on: date) -> int:
        """Return the days since launch."""
        return (on - self.launched_on).days


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """The launch price a variant is priced from, and how it is known."""

    paise: int
    source: str


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, every cell as text."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def dated_variants() -> list[Variant]:
    """Return the variants of the catalogue that have a launch day, in its order."""
    return [
        Variant(
            model=row["model"],
            brand=row["brand"],
            name=row["name"],
            launched_on=date.fromisoformat(row["launched_on"]),
            launch_price=int(row["launch_price_minor"]) if row["launch_price_minor"] else None,
            new_price=int(row["new_price_minor"]) if row["new_price_minor"] else None,
            new_price_on=date.fromisoformat(row["new_price_on"]) if row["new_price_on"] else None,
            source=row["source"].partition(" ; ")[0],
            new_price_source=row["new_price_source"],
        )
        for row in read(DATA / "models.csv")
        if row["launched_on"]
    ]


def share(curve: Curve, days: int) -> int:
    """Return the share in bps at an age in days.

    >>> share([(0, 7000), (10, 7000), (20, 4000)], 487), share([(0, 7000), (16, 3000)], 244)
    (5200, 4995)
    """
    age = days * MONTHS_PER_DAY
    if age <= curve[0][0]:
        return curve[0][1]
    for (start, before), (end, after) in pairwise(curve):
        if age <= end:
            return int(before + (after - before) * (age - start) / (end - start))
    return curve[-1][1]


class UsedShare:
    """What share of its launch price a used phone keeps on a day, by the curve that is used from then on."""

    def __init__(self) -> None:
        """Read the curves."""
        self._levels: dict[date, Curve] = {}
        self._brands: dict[tuple[date, str], Curve] = {}
        for curve in CURVES:
            rows = read(DATA / "curves" / curve.levels)
            levels = [(int(row["age_months"]), int(row["share_bps"])) for row in rows]
            self._levels[curve.begins] = levels
            for row in read(DATA / "curves" / curve.brands) if curve.brands else []:
                self._brands[curve.begins, row["brand"]] = of_brand(levels, int(row["factor_bps"]))

    def of(self, variant: Variant, on: date) -> int:
        """Return the share in bps, down to a whole one."""
        begins = max(curve.begins for curve in CURVES if curve.begins <= on)
        return share(self._brands.get((begins, variant.brand), self._levels[begins]), variant.days(on))


def of_brand(levels: Curve, factor: int) -> Curve:
    """Return the knots of a brand, whose factor grows from none at launch; no phone rises with age.

    >>> of_brand([(0, 7000), (18, 4000), (36, 3000), (48, 2000)], 20_000)
    [(0, 7000), (18, 6000), (36, 6000), (48, 4000)]
    """
    found: Curve = []
    for age, bps in reversed(levels):
        grown = BPS + (factor - BPS) * min(age, BRANDS_FROM) // BRANDS_FROM
        found.insert(0, (age, max(bps * grown // BPS, found[0][1] if found else 0)))
    return found


def new_price_curve(variants: list[Variant]) -> tuple[Curve, Table]:
    """Measure what share of its launch price a phone still costs new, by age."""
    bands: list[tuple[int, list[tuple[int, Fraction]]]] = [(start, []) for start in BAND_STARTS]
    observed_on = ""
    for variant in variants:
        if (variant.brand, variant.name) == LEFT_OUT or not variant.launch_price:
            continue
        if variant.new_price and variant.new_price_on and variant.new_price_on >= variant.launched_on:
            days = variant.days(variant.new_price_on)
            band = max(index for index, start in enumerate(BAND_STARTS) if days * MONTHS_PER_DAY >= start)
            bands[band][1].append((days, Fraction(variant.new_price, variant.launch_price)))
            observed_on = str(variant.new_price_on)

    pooled: list[tuple[int, list[tuple[int, Fraction]], int]] = []
    for start, members in bands:
        first, group = start, members
        while pooled and pooled[-1][2] < median_share(group):
            first, younger, _ = pooled.pop()
            group = younger + group
        pooled.append((first, group, median_share(group)))

    table = [["age_months", "share_bps", "n", "source"]]
    ends = [f"to {start}" for start, _, _ in pooled[1:]] + ["and more"]
    for (start, group, bps), end in zip(pooled, ends, strict=True):
        age = int(median(days * MONTHS_PER_DAY for days, _ in group))
        what = f"median of new / launch price, variants aged {start} {end} months on {observed_on}"
        table.append([str(age), str(bps), str(len(group)), f"{what}; OnePlus 3T left out; {TOOL}"])
    return [(int(row[0]), int(row[1])) for row in table[1:]], table


def median_share(group: list[tuple[int, Fraction]]) -> int:
    """Return the median ratio in bps, at most 10 000."""
    return min(BPS, int(median(ratio for _, ratio in group) * BPS))


def base_of(variant: Variant, new_curve: Curve) -> Base | None:
    """Return what a variant is priced from, or None where no price of it is known."""
    if variant.launch_price:
        return Base(paise=variant.launch_price, source=f"launch price {variant.launch_price} paise ({variant.source})")
    if variant.new_price and variant.new_price_on:
        days = variant.days(variant.new_price_on)
        bps = share(new_curve, days)
        return Base(
            paise=variant.new_price * BPS // bps,
            source=f"new price {variant.new_price} paise of {variant.new_price_on} ({variant.new_price_source})"
            f" / {bps} bps at {days} days",
        )
    return None


def down(paise: int, least: int) -> int:
    """Round down to ten rupees, but not below the least amount."""
    return max(least, paise // TEN_RUPEES * TEN_RUPEES)


def programme_tables(variants: list[Variant], used: UsedShare, new_curve: Curve) -> dict[Path, Table]:
    """Return the tables of the two programmes by their paths."""
    tables: dict[Path, Table] = {}
    for programme, (brands, why) in PROGRAMMES.items():
        eligible: Table = [["model", "listed_from", "listed_until", "source"]]
        prices: Table = [["model", "effective_from", "price_minor", "basis", "source"]]
        anchors: Table = [["model", "component", "effective_from", "amount_minor", "basis", "source"]]
        for variant in variants:
            base = base_of(variant, new_curve)
            if variant.brand not in brands or variant.launched_on > STARTED_ON or base is None:
                continue
            eligible.append([variant.model, str(STARTED_ON), "", why])
            for day in PRICE_DAYS:
                days = variant.days(day)
                bps = used.of(variant, day)
                price = down(base.paise * bps // BPS, LEAST_PRICE)
                source = f"{base.source} x {bps} bps at {days} days, {TOOL}"
                prices.append([variant.model, str(day), str(price), "modelled", source])
                for component, rate, fault in ANCHORS:
                    amount = down(price * rate // BPS, LEAST_ANCHOR)
                    source = f"market price {price} paise x {rate} bps ({fault}), {TOOL}"
                    anchors.append([variant.model, component, str(day), str(amount), "modelled", source])
        folder = DATA / "programmes" / programme
        tables[folder / "eligible_models.csv"] = eligible
        tables[folder / "market_prices.csv"] = prices
        if programme == GRADED:
            tables[folder / "repair_anchors.csv"] = anchors
    return tables


def as_csv(table: Table) -> str:
    """Return a table as CSV text with line feeds."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue()


def main() -> int:
    """Write or check the tables."""
    parser = argparse.ArgumentParser(description="Model the programme tables from the reference data.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a table on disk differs")
    check: bool = parser.parse_args().check

    variants = dated_variants()
    new_curve, measured = new_price_curve(variants)
    tables = {DATA / "curves" / "new_price_share_of_launch.csv": measured}
    tables |= programme_tables(variants, UsedShare(), new_curve)

    return settled(tables, TOOL, check=check)


def settled(tables: dict[Path, Table], tool: str, *, check: bool) -> int:
    """Write tables, or compare them with those on disk; return 1 where one differs from what the tool makes."""
    differing = 0
    for path, table in tables.items():
        text = as_csv(table).encode()
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        elif not path.is_file() or path.read_bytes() != text:
            differing += 1
            print(f"{path} differs from what {tool} makes", file=sys.stderr)
            continue
        print(f"{path.relative_to(DATA)}: {len(table) - 1} rows")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
