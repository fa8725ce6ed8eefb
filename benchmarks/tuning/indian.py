"""An Indian buyer's list of December 2021 beside the shipped catalogue: unseen models, and the shipped curve.

The list is joined by name to the variants that have a launch day and a launch price, or a later new price. Models
are kept aside by family. Every price of ours is what a programme pays that was written of the prediction. The
shipped curves, before and after, are also compared with offers of 2018 to 2020, to which nothing was fitted; their
launch days and prices are as announced in India, from memory: no page of these is kept.

python benchmarks/tuning/indian.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import sys
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
from _boosted import boosted
from _given import ROOT, arguments, file_of, met, print_table
from _written import paid

from miexchange.tuning import DepreciationCurve

sys.path.insert(0, str(ROOT / "tools"))
import model_prices
import used_curve

FOLDS, SHUFFLES = 5, 5
LIMIT = 11.9
# Brand, name, launch and launch price in India, and the offer; for an age between two days the middle one.
OFFERS = (
    ("OnePlus", "3T", date(2016, 12, 2), 29_999, date(2018, 3, 15), 10_550),
    ("Apple", "iPhone 6s 16 GB", date(2015, 10, 16), 62_000, date(2018, 2, 1), 20_000),
    ("Apple", "iPhone 6s 64 GB", date(2015, 10, 16), 72_000, date(2018, 2, 1), 22_300),
    ("Apple", "iPhone 6s 128 GB", date(2015, 10, 16), 82_000, date(2018, 2, 1), 26_200),
    ("Apple", "iPhone 7 32 GB", date(2016, 10, 7), 60_000, date(2018, 2, 1), 27_500),
    ("Apple", "iPhone 7 128 GB", date(2016, 10, 7), 70_000, date(2018, 2, 1), 30_800),
    ("Apple", "iPhone 7 256 GB", date(2016, 10, 7), 80_000, date(2018, 2, 1), 32_700),
    ("Samsung", "Galaxy S10", date(2019, 3, 8), 66_900, date(2020, 9, 24), 23_020),
    ("Samsung", "Galaxy S10 Plus", date(2019, 3, 8), 73_900, date(2020, 9, 24), 29_765),
    ("Samsung", "Galaxy S10e", date(2019, 3, 8), 55_900, date(2020, 9, 24), 19_650),
    ("Samsung", "Galaxy Note 10 Plus", date(2019, 8, 23), 79_999, date(2020, 9, 24), 36_230),
    ("Samsung", "Galaxy Note 10", date(2019, 8, 23), 69_999, date(2020, 9, 24), 27_175),
    ("Samsung", "Galaxy S9", date(2018, 3, 16), 57_900, date(2020, 9, 24), 13_140),
    ("Samsung", "Galaxy S9 Plus", date(2018, 3, 16), 64_900, date(2020, 9, 24), 13_020),
    ("Samsung", "Galaxy Note 9", date(2018, 8, 24), 67_900, date(2020, 9, 24), 18_395),
    ("Samsung", "Galaxy A51", date(2020, 1, 31), 23_999, date(2020, 9, 24), 11_545),
    ("Samsung", "Galaxy A71", date(2020, 2, 24), 29_999, date(2020, 9, 24), 13_975),
    ("Samsung", "Galaxy A70", date(2019, 5, 1), 28_990, date(2020, 9, 24), 9_710),
    ("Samsung", "Galaxy A70s", date(2019, 9, 28), 28_999, date(2020, 9, 24), 10_565),
    ("Samsung", "Galaxy A80", date(2019, 8, 1), 47_990, date(2020, 9, 24), 11_310),
    ("OnePlus", "7", date(2019, 6, 4), 32_999, date(2020, 9, 24), 15_655),
    ("OnePlus", "7T", date(2019, 9, 28), 37_999, date(2020, 9, 24), 19_170),
    ("OnePlus", "6T", date(2018, 11, 1), 37_999, date(2020, 9, 24), 14_850),
)


def share(number: int, brand: str, months: float, tables: dict[str, list[dict[str, str]]] | None = None) -> float:
    """Return what share a shipped curve says, of the first or the last; or one of other tables."""
    curve = model_prices.CURVES[number]
    folder = model_prices.DATA / "curves"
    rows = tables["levels"] if tables else model_prices.read(folder / curve.levels)
    levels = [(int(row["age_months"]), int(row["share_bps"])) for row in rows]
    brands = tables["brands"] if tables else model_prices.read(folder / curve.brands) if curve.brands else []
    factor = next((int(row["factor_bps"]) for row in brands if row["brand"] == brand), model_prices.BPS)
    days = int(Fraction(months) / model_prices.MONTHS_PER_DAY)
    return float(model_prices.share(model_prices.of_brand(levels, factor), days)) / model_prices.BPS


def refitted(rows: list[tuple[str, str, float, float]]) -> dict[str, list[dict[str, str]]]:
    """Return the tables of the last curve, fitted to some rows."""
    levels, brands = used_curve.tables(rows).values()
    return {name: [dict(zip(table[0], row, strict=True)) for row in table[1:]] for name, table in
            (("levels", levels), ("brands", brands))}  # fmt: skip


def missed(found: list[float], true: list[float]) -> tuple[str, str, str, str]:
    """Return n, MAPE, the median error and the bias, in percent."""
    wrong = 100 * (np.array(found) / np.array(true) - 1)
    return (
        f"{len(wrong)}",
        f"{np.abs(wrong).mean():.1f} %",
        f"{np.median(np.abs(wrong)):.1f} %",
        f"{wrong.mean():+.1f} %",
    )


def shipped(rows: list[tuple[str, str, float, float]]) -> list[tuple[str, ...]]:
    """Compare the shipped curves with the list, whose families are left out in turn, and with the offers."""
    fit: dict[str, dict[str, list[dict[str, str]]]] = {}
    for family in {row[0] for row in rows}:
        fit[family] = refitted([row for row in rows if row[0] != family])
    true = [paid_share for _, _, _, paid_share in rows]
    before = [share(0, brand, age) for _, brand, age, _ in rows]
    after = [share(-1, brand, age, fit[family]) for family, brand, age, _ in rows]
    table: list[tuple[str, ...]] = [
        ("list of December 2021", "before", *missed(before, true)),
        ("list of December 2021", "after, families left out", *missed(after, true)),
    ]
    ages = [float((on - launch).days * model_prices.MONTHS_PER_DAY) for _, _, launch, _, on, _ in OFFERS]
    paid_of = [offer[5] / offer[3] for offer in OFFERS]
    for name, number in (("before", 0), ("after", -1)):
        found = [share(number, offer[0], age) for offer, age in zip(OFFERS, ages, strict=True)]
        table.append(("offers of 2018 to 2020", name, *missed(found, paid_of)))
        table.append(("OnePlus 3T, ₹10,550", name, *missed(found[:1], paid_of[:1])))
    return table


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "sellit_2022-02_up_to_prices.csv", "market")
    if path is None:
        return
    head = ("what", "curve", "n", "MAPE", "median error", "bias")
    print_table("The shipped curve of used prices", head, shipped(used_curve.rows_of(path)))
    rows = used_curve.priced(path)
    families = rows["family"].unique()
    models = {
        "curve": lambda train, test: DepreciationCurve(knots=(48.0,)).fit(train).predict_interval(test),
        **boosted(("new_price", "age_months", "launch_year"), ("brand",), quick=asked.quick),
    }
    table = []
    for name, model in models.items():
        mapes = []
        for seed in range(1 if asked.quick else SHUFFLES):
            order = np.random.default_rng(seed).permutation(len(families)) % FOLDS
            fold = rows["family"].map(dict(zip(families, order, strict=True)))
            parts = [model(rows[fold != number], rows[fold == number])["price"] for number in range(FOLDS)]
            found = pd.concat(parts).sort_index()
            if name == "curve":
                found = paid(found)
            mapes.append(100 * float((found / rows["price"] - 1).abs().mean()))
        mape = float(np.mean(mapes))
        verdict = f" ({met(mape, LIMIT)})" if name == "curve" else ""
        table.append((name, f"{mape:.2f} %{verdict}", f"{min(mapes):.1f} to {max(mapes):.1f} %"))
    title = f"Indian list x catalogue, {len(rows)} variants of {len(families)} families in {FOLDS} folds"
    print_table(title, ("model", "MAPE", "shuffles"), table)


if __name__ == "__main__":
    main()
