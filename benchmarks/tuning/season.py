"""Prices over time: forecasts over a launch and between two, later months, and families that were not seen.

The curve learns a step at the launch of each successor and a season. Every fit sees rows up to a day only, and the
days of launches, which are known before. Beside it stand "no change" and one constant rate.

python benchmarks/tuning/season.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from _given import Asked, arguments, file_of, met, print_table
from _written import quiet

from miexchange.tuning import DepreciationCurve

HUBER = 1.345  # efficient to 95 % for a normal law (Huber 1981), and deaf to a list that is revised twice in a week
WINDOWS = (("2025-01-16", "2025-09-30"), ("2025-09-30", "2026-03-02"))
CUT = "2023-07"
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
    rows["on"] = pd.to_datetime(rows["date"].where(~unsaid, rows["date"] + np.where(until, "-01", "-30")))
    rows.loc[until & ~unsaid, "on"] -= pd.Timedelta(days=1)
    rows["age_months"] = (rows["on"] - pd.to_datetime(rows["model"].map(LAUNCHED))).dt.days / MONTH_DAYS
    return rows.assign(price=rows["usd"].astype(float), line=rows["model"].str.split().str[0])


def curve_of(rows: pd.DataFrame, robust: float, *, steps: bool = True) -> DepreciationCurve:
    """Fit the curve on a list; without steps it has one rate, and a season that nothing tells from it."""
    columns = {"new_price_col": None, "brand_col": None, "year_col": None, "variant_col": "model", "day_col": "on"}
    known = {"line_col": "line", "launches": LAUNCHES} if steps else {}
    with quiet():
        return DepreciationCurve(robust=robust).fit(rows, **columns, **known)  # type: ignore[arg-type]


def windows(asked: Asked) -> None:
    """Forecast each window's last prices from its first, fitted on what was known on its first day."""
    path = file_of(asked, "apple_us_max_trade_in_2022-11_2026-03.csv", "market")
    if path is None:
        return
    rows, table = listed(str(path)), []
    for first, last in WINDOWS:
        held = rows[rows["in_force"] != "until"].set_index("model")
        start, end = (held[held["on"] == day] for day in (first, last))
        start, paid = start.loc[start.index.intersection(end.index)].reset_index(), end["price"]
        train, paid = rows[rows["on"] <= first], paid.loc[start["model"]].to_numpy()
        for name, robust in ((f"residuals beyond {HUBER} bounded", HUBER), ("as it comes", 4.0)):
            found = curve_of(train, robust).forecast(start, on=date.fromisoformat(last))
            inside = 100 * float(((found["low"] <= paid) & (paid <= found["high"])).mean())
            missed, bias = found["price"] / paid - 1, 100 * float((found["price"] / paid - 1).mean())
            mape = 100 * float(missed.abs().mean())
            table.append(
                (f"{first} to {last}", name, f"{mape:.2f} %", met(mape, 4.0), f"{bias:+.1f} %", f"{inside:.0f} %")
            )
        same = 100 * float((start["price"] / paid - 1).abs().mean())
        table.append((f"{first} to {last}", "no change", f"{same:.2f} %", "", "", ""))
    head = ("window", "forecast", "MAPE", "goal", "bias", "its 80 % band holds")
    print_table("A list's prices over a launch, and between two", head, table)
    following(rows, quick=asked.quick)


def following(rows: pd.DataFrame, *, quick: bool) -> None:
    """Say what the band holds when every later list is forecast from the one before, each fit on what was known."""
    held = rows[rows["in_force"] != "until"]
    days = sorted(held["on"].unique())[2:]
    inside: list[bool] = []
    for first, last in zip(days[: 1 if quick else None], days[1:], strict=False):
        start, end = (held[held["on"] == day].set_index("model") for day in (first, last))
        both = start.index.intersection(end.index)
        if len(both):
            found = curve_of(rows[rows["on"] <= first], HUBER).forecast(
                start.loc[both].reset_index(), on=pd.Timestamp(last).date()
            )
            paid = end["price"].loc[both].to_numpy()
            inside += ((found["low"] <= paid) & (paid <= found["high"])).tolist()
    print(f"Each later list from the one before: bands of 80 % hold {100 * np.mean(inside):.0f} % of {len(inside)}\n")


def months(asked: Asked) -> None:
    """Predict used prices by month: later ones of variants that were seen, and families that were not."""
    path = file_of(asked, "howmuch_iphone_used_monthly_usd.csv", "market")
    if path is None:
        return
    rows = pd.read_csv(path).assign(line="iPhone")
    seen, table = rows["month"] <= CUT, []
    train, test = rows[seen], rows[~seen]
    given = {"brand_col": None, "day_col": "date", "launches": {"iPhone": LAUNCHES["iPhone"]}}
    with quiet():
        curve = DepreciationCurve().fit(train, variant_col="model", groups="month", **given)  # type: ignore[arg-type]
    found = curve.predict_interval(test)
    mape = 100 * float((found["price"] / test["price"] - 1).abs().mean())
    inside = 100 * float(((found["low"] <= test["price"]) & (test["price"] <= found["high"])).mean())
    table.append(("months after July 2023", f"{mape:.2f} %", met(mape, 7.4), f"{inside:.1f} %"))
    families, missed = rows["family"].unique(), []
    for seed in range(1 if asked.quick else SHUFFLES):
        order = np.random.default_rng(seed).permutation(len(families)) % FOLDS
        fold = rows["family"].map(dict(zip(families, order, strict=True)))
        for number in range(FOLDS):
            part, kept = rows[fold != number], rows[fold == number]
            part = part.assign(weight=1.0 / part.groupby("family")["price"].transform("size"))
            with quiet():
                curve = DepreciationCurve().fit(part, numeric=("gb",), weights_col="weight", **given)  # type: ignore[arg-type]
            missed += (curve.predict(kept) / kept["price"] - 1).abs().tolist()
    mape = 100 * float(np.mean(missed))
    table.append(("families that were not seen", f"{mape:.2f} %", met(mape, 16.0), ""))
    print_table("Used prices by month", ("not seen", "MAPE", "goal", "its 80 % band holds"), table)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    windows(asked)
    months(asked)


if __name__ == "__main__":
    main()
