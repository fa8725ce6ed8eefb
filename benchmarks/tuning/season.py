"""Prices over time: forecasts over a launch and between two, later months, and families that were not seen.

The curve learns a step at the launch of each successor and a season. Every fit sees rows up to a day only, and the
days of launches, which are known before. Beside it stand "no change" and one constant rate, and for families that were
not seen a ridge regression on the same columns.

python benchmarks/tuning/season.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from _given import Asked, arguments, file_of, met, print_table
from _written import quiet
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from miexchange.tuning import DepreciationCurve

WINDOWS = (("2025-01-16", "2025-09-30"), ("2025-09-30", "2026-03-02"))
CUT, OTHER_CUTS = "2023-07", ("2022-12", "2023-03", "2023-12")
FOLDS, SHUFFLES = 5, 3
# The days of sale, as their makers announced them.
IPHONES = """2012-09-21 2013-09-20 2014-09-19 2015-09-25 2016-09-16 2017-09-22 2018-09-21 2019-09-20 2020-10-23
    2021-09-24 2022-09-16 2023-09-22 2024-09-20 2025-09-19"""
GALAXY_S = "2020-03-06 2021-01-29 2022-02-25 2023-02-17 2024-01-31 2025-02-07 2026-03-11"
PIXELS = "2021-10-28 2022-10-13 2023-10-12 2024-08-22 2025-08-20"
LAUNCHES = {
    line: [date.fromisoformat(day) for day in days.split()]
    for line, days in (("iPhone", IPHONES), ("Samsung", GALAXY_S), ("Google", PIXELS))
}
MONTHLY: dict[str, Any] = {"brand_col": None, "day_col": "date", "launches": {"iPhone": LAUNCHES["iPhone"]}}
LAUNCHED = {
    "iPhone 7": "2016-09-16", "iPhone 7 Plus": "2016-09-16", "iPhone 8": "2017-09-22", "iPhone 8 Plus": "2017-09-22",
    "iPhone X": "2017-11-03", "iPhone XR": "2018-10-26", "iPhone XS": "2018-09-21", "iPhone XS Max": "2018-09-21",
    "iPhone 11": "2019-09-20", "iPhone 11 Pro": "2019-09-20", "iPhone 11 Pro Max": "2019-09-20",
    "iPhone SE 2": "2020-04-24", "iPhone 12": "2020-10-23", "iPhone 12 Pro": "2020-10-23",
    "iPhone 12 mini": "2020-11-13", "iPhone 12 Pro Max": "2020-11-13", "iPhone 13": "2021-09-24",
    "iPhone 13 Pro": "2021-09-24", "iPhone 13 mini": "2021-09-24", "iPhone 13 Pro Max": "2021-09-24",
    "iPhone SE 3": "2022-03-18", "iPhone 14": "2022-09-16", "iPhone 14 Pro": "2022-09-16",
    "iPhone 14 Pro Max": "2022-09-16", "iPhone 14 Plus": "2022-10-07", "iPhone 15": "2023-09-22",
    "iPhone 15 Plus": "2023-09-22", "iPhone 15 Pro": "2023-09-22", "iPhone 15 Pro Max": "2023-09-22",
    "iPhone 16": "2024-09-20", "iPhone 16 Plus": "2024-09-20", "iPhone 16 Pro": "2024-09-20",
    "iPhone 16 Pro Max": "2024-09-20", "iPhone 16e": "2025-02-28", "Google Pixel 6 Pro": "2021-10-28",
    "Samsung Galaxy Note 20 Ultra": "2020-08-21", "Samsung Galaxy S22 5G": "2022-02-25",
    "Samsung Galaxy S22 Ultra 5G": "2022-02-25",
}  # fmt: skip
MONTH_DAYS = 30.4375


def listed(path: str) -> pd.DataFrame:
    """Return the list's prices by day; the price until a revision is that of the day before.

    Of the revision of September 2025 the month is known: its prices held from the 30th, the others until the 1st.
    """
    rows = pd.read_csv(path)
    until, unsaid = rows["in_force"] == "until", rows["date"].str.len() == len("2025-09")
    rows["on"] = pd.to_datetime(rows["date"].where(~unsaid, rows["date"] + until.map({True: "-01", False: "-30"})))
    rows.loc[until & ~unsaid, "on"] -= pd.Timedelta(days=1)
    rows["age_months"] = (rows["on"] - pd.to_datetime(rows["model"].map(LAUNCHED))).dt.days / MONTH_DAYS
    return rows.assign(price=rows["usd"].astype(float), line=rows["model"].str.split().str[0])


def curve_of(rows: pd.DataFrame) -> DepreciationCurve:
    """Fit the curve on a list; the new price, the brand and the year of launch say no more than the variant does."""
    with quiet():
        return DepreciationCurve().fit(
            rows, new_price_col=None, brand_col=None, year_col=None,
            variant_col="model", day_col="on", line_col="line", launches=LAUNCHES,
        )  # fmt: skip


def carried(rows: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """Return the forecasts of one day from the list of another, fitted up to it, beside both lists' prices."""
    held = rows[rows["in_force"] != "until"]
    start, end = (held[held["on"] == day].set_index("model") for day in (first, last))
    start = start.loc[start.index.intersection(end.index)]
    found = curve_of(rows[rows["on"] <= first]).forecast(start.reset_index(), on=date.fromisoformat(last))
    return found.set_axis(start.index).assign(before=start["price"], paid=end["price"])


def later_months(rows: pd.DataFrame, cut: str) -> pd.DataFrame:
    """Return the predictions of the months after one, beside what was asked in them."""
    later = rows["month"] > cut
    with quiet():
        curve = DepreciationCurve().fit(rows[~later], variant_col="model", groups="month", **MONTHLY)
    return curve.predict_interval(rows[later]).assign(paid=rows["price"])


def other_families(rows: pd.DataFrame, shuffles: int) -> pd.DataFrame:
    """Return the predictions of families that were left out, each of which counts alike in a fit.

    What the families of a fit have in common is told from what one has alone by an offset of each, which is shrunk as
    its variance says; one that was not seen has none.
    """
    families, parts = rows["family"].unique(), []
    for seed in range(shuffles):
        order = np.random.default_rng(seed).permutation(len(families)) % FOLDS
        fold = rows["family"].map(dict(zip(families, order, strict=True)))
        for number in range(FOLDS):
            part, kept = rows[fold != number], rows[fold == number]
            part = part.assign(weight=1.0 / part.groupby("family")["price"].transform("size"))
            with quiet():
                curve = DepreciationCurve().fit(
                    part, numeric=("gb",), categorical=("family",), weights_col="weight", **MONTHLY
                )
            found = curve.predict_interval(kept).assign(paid=kept["price"], ridge=ridge(part, kept))
            parts.append(found.assign(family=kept["family"], shuffle=seed))
    return pd.concat(parts)


def ridge(part: pd.DataFrame, kept: pd.DataFrame) -> Any:  # noqa: ANN401 - an array
    """Return what a ridge regression with a cross-validated penalty predicts from the same columns."""
    seen, asked = (
        np.column_stack([np.log(rows["new_price"]), rows[["age_months", "gb", "launch_year"]], days_of(rows["date"])])
        for rows in (part, kept)
    )
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 4, 15)))
    model.fit(seen, np.log(part["price"]), ridgecv__sample_weight=part["weight"])
    return np.exp(model.predict(asked))


def days_of(days: pd.Series[str]) -> Any:  # noqa: ANN401 - an array
    """Return days as numbers."""
    return pd.to_datetime(days).to_numpy().astype("datetime64[D]").astype(np.int64)


def mape(found: pd.DataFrame, column: str = "price") -> float:
    """Return by how many percent a column misses what was paid, in the mean."""
    return 100 * float((found[column] / found["paid"] - 1).abs().mean())


def held(found: pd.DataFrame) -> float:
    """Return how many of the paid prices lie in their band, in percent."""
    return 100 * float(((found["low"] <= found["paid"]) & (found["paid"] <= found["high"])).mean())


def windows(asked: Asked) -> None:
    """Print the forecasts of both windows, and what the band holds from each list to the next."""
    path = file_of(asked, "apple_us_max_trade_in_2022-11_2026-03.csv", "market")
    if path is None:
        return
    rows, table = listed(str(path)), []
    for first, last in WINDOWS:
        found = carried(rows, first, last)
        bias, same = 100 * float((found["price"] / found["paid"] - 1).mean()), f"{mape(found, 'before'):.2f} %"
        missed = (f"{mape(found):.2f} %", met(mape(found), 4.0), f"{bias:+.1f} %", same)
        table.append((f"{first} to {last}", f"{len(found)}", *missed, f"{held(found):.0f} %"))
    head = ("window", "n", "MAPE", "goal", "bias", "MAPE of no change", "the 80 % band holds")
    print_table("A list's prices over a launch, and between two", head, table)
    days = sorted(rows.loc[rows["in_force"] != "until", "on"].dt.strftime("%Y-%m-%d").unique())[2:]
    every = pd.concat([carried(rows, first, last) for first, last in pairwise(days[: 3 if asked.quick else None])])
    print(
        f"From each list since March 2023 to the next, bands of 80 % hold {held(every):.0f} % of {len(every)} prices\n"
    )


def months(asked: Asked) -> None:
    """Print how later months and other families are predicted."""
    path = file_of(asked, "howmuch_iphone_used_monthly_usd.csv", "market")
    if path is None:
        return
    rows, table = pd.read_csv(path), []
    for cut in (CUT, *OTHER_CUTS)[: 1 if asked.quick else None]:
        found = later_months(rows, cut)
        goal = met(mape(found), 7.4) if cut == CUT else ""
        table.append((f"months after {cut}", f"{mape(found):.2f} %", goal, f"{held(found):.1f} %"))
    found = other_families(rows, 1 if asked.quick else SHUFFLES)
    table.append(("families that were not seen", f"{mape(found):.2f} %", met(mape(found), 16.0), ""))
    table.append(("the same, ridge regression", f"{mape(found, 'ridge'):.2f} %", "", ""))
    print_table("Used prices by month", ("not seen", "MAPE", "goal", "the 80 % band holds"), table)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    windows(asked)
    months(asked)


if __name__ == "__main__":
    main()
