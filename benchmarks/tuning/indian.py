"""An Indian buyer's list of December 2021 beside the shipped catalogue: unseen models, and the shipped curve.

The list is joined by name to the variants that have a launch day and a launch price, or a later new price. Models
are kept aside by family. Every price of ours is what a programme pays that was written of the prediction. The
shipped curves, before and after, are also compared with two offers, to which nothing was fitted: those of phones whose
launch day and price the catalogue has.

python benchmarks/tuning/indian.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import sys
from datetime import date
from fractions import Fraction

import numpy as np
from _boosted import boosted
from _given import ROOT, arguments, file_of, met, print_table
from _written import FOLDS, unseen

from miexchange import Programme
from miexchange.tuning import DepreciationCurve

sys.path.insert(0, str(ROOT / "tools"))
import model_prices
import used_curve

SHUFFLES = 5
LIMIT = 11.9
# The offers of models whose launch day and price the shipped catalogue has, each with its source; day and rupees.
OFFERS = (
    ("oneplus-3t-6-64", date(2018, 3, 15), 10_550),
    ("oneplus-6t-6-128", date(2020, 9, 24), 14_850),
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
    launched = [Programme.load("mi-exchange-india").catalogue.by_model[model] for model, *_ in OFFERS]
    for name, number in (("before", 0), ("after", -1)):
        found, true = [], []
        for variant, (_, on, offer) in zip(launched, OFFERS, strict=True):
            assert variant.launched_on is not None  # noqa: S101 - these have one
            assert variant.launch_price_minor is not None  # noqa: S101 - as above
            months = float((on - variant.launched_on).days * model_prices.MONTHS_PER_DAY)
            found.append(share(number, variant.brand, months))
            true.append(100 * offer / variant.launch_price_minor)
        table.append(("offers of 2018 and 2020", name, *missed(found, true)))
        table.append(("OnePlus 3T, ₹10,550", name, *missed(found[:1], true[:1])))
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
    models = {
        "curve": lambda train, test: DepreciationCurve(knots=(48.0,)).fit(train).predict_interval(test),
        **boosted(("new_price", "age_months", "launch_year"), ("brand",), quick=asked.quick),
    }
    table = []
    for name, model in models.items():
        currency = "INR" if name == "curve" else ""
        mapes = unseen(rows, "family", model, shuffles=1 if asked.quick else SHUFFLES, currency=currency)
        mape = float(np.mean(mapes))
        verdict = f" ({met(mape, LIMIT)})" if name == "curve" else ""
        table.append((name, f"{mape:.2f} %{verdict}", f"{min(mapes):.1f} to {max(mapes):.1f} %"))
    title = f"Indian list x catalogue, {len(rows)} variants of {rows['family'].nunique()} families in {FOLDS} folds"
    print_table(title, ("model", "MAPE", "shuffles"), table)


if __name__ == "__main__":
    main()
