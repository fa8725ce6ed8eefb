"""Condition quotes, leaving one device out: with one damaged quote of the same family known, and with none.

A device's rows are never in its own fit, but for the one quote that is given. The family is the anchor's: glass
(scratched, cracked), image (spots, lines), body, ports and cameras. Every value is what a programme pays that
`fit_programme` wrote. How far anchors scatter is estimated; how far series and slopes may differ, and whether a series is
that of the name or the form factor, is chosen by inner folds of the other devices. Beside it stands what a median
multiplier for each condition reaches in the same folds.

python benchmarks/tuning/condition.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from _given import arguments, file_of, met, print_table
from _written import FINDINGS, base, paid, quiet

from miexchange.tuning import CLEAN, DeductionModel, scales_of

SCALES = scales_of(base().terms[0])
FAMILY = {finding: scale.anchor for scale in SCALES for finding in scale.findings}
MEASURED = ("display.glass", "display.image", "body", "ports")
# A clean phone is paid this share of the headline, where the buyer asks for the warranty and where not, and how far
# that share scatters: docs/tuning.md.
ASKED, NOT_ASKED, SCATTER = 0.767, 0.996, 0.043
CHOICES = tuple(product(("series", "form"), (0.25, 0.5), (0.2, 0.5)))  # of the series, and the two spreads
INNER = 5


def quotes_of(path: str) -> pd.DataFrame:
    """Read the quotes; a device without a clean quote gets one from its headline, marked as uncertain."""
    rows = pd.read_csv(path)
    rows = rows[rows["comparability"] != "stale_not_comparable"].drop_duplicates(ignore_index=True)
    rows["device"] = rows["brand"] + " " + rows["model"].astype(str) + " " + rows["storage"].fillna("?")
    # The series is what stands before the first digit of the model: Galaxy Z Fold5 is of the series Galaxy Z Fold.
    rows["series"] = rows["brand"] + " " + rows["model"].astype(str).str.extract(r"^([^0-9]*)")[0].str.strip()
    rows["form"] = np.where(rows["model"].str.contains("Fold|Flip", regex=True), "foldable", "")
    clean = rows[rows["condition"] == "clean"]
    of_source = clean.groupby(["device", "source"])["quote_inr"].median()
    keys = pd.MultiIndex.from_frame(rows[["device", "source"]])
    known = of_source.reindex(keys).set_axis(rows.index)
    known = known.fillna(rows["device"].map(clean.groupby("device")["quote_inr"].median()))
    share = np.where(rows["in_warranty"] == 0, ASKED, NOT_ASKED)
    rows["known"] = known.notna()
    rows["clean"] = known.fillna(rows["get_upto_inr"] * share)
    rows["clean_error"] = np.where(rows["known"], 0.0, SCATTER)
    rows = rows.rename(columns={"quote_inr": "price", "condition": "findings"})
    rows = rows[[all(one == CLEAN or one in FINDINGS for one in said.split("+")) for said in rows["findings"]]]
    named = ["+".join(FINDINGS.get(one, one) for one in said.split("+")) for said in rows["findings"]]
    return rows.assign(findings=named).reset_index(drop=True)


Choice = tuple[str, float, float]


def fit(rows: pd.DataFrame, choice: Choice) -> DeductionModel:
    """Fit weights, anchors and shares."""
    series, slope, spread = choice
    model = DeductionModel(SCALES, anchor_spread=None, slope_spread=slope, series_spread=spread)
    with quiet():
        return model.fit(rows, series_col=series, clean_error_col="clean_error")


def single(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows are of one measured finding, beside a clean quote."""
    return rows["known"] & rows["findings"].map(FAMILY).isin(MEASURED)


def chosen(rows: pd.DataFrame, choices: tuple[Choice, ...]) -> Choice:
    """Return the choice that misses least on devices of these rows that its fit has not seen."""
    if len(choices) == 1:
        return choices[0]
    devices = rows.loc[single(rows), "device"].unique()
    fold = rows["device"].map(dict(zip(devices, np.arange(len(devices)) % INNER, strict=True)))
    missed = []
    for choice in choices:
        wrong = []
        for number in range(INNER):
            test = rows[(fold == number) & single(rows)]
            wrong += (fit(rows[fold != number], choice).predict(test) / test["price"] - 1).abs().tolist()
        missed.append(float(np.mean(wrong)))
    return choices[int(np.argmin(missed))]


def written(model: DeductionModel, rows: pd.DataFrame, series: str) -> pd.Series[float]:
    """Return what a programme that is written of the model pays for each row."""
    prices = rows.set_index("device")["clean"]
    named = {device: name for device, name in zip(rows["device"], rows[series], strict=True) if name}
    values = paid(prices, findings=rows["findings"], deductions=model, series=named)
    return values.set_axis(rows.index)


def leave_one_out(rows: pd.DataFrame, choices: tuple[Choice, ...]) -> pd.DataFrame:
    """Return every prediction: of a damaged quote, from another one of its device and family, or from none."""
    tested = rows[single(rows)]
    found = []
    for device in tested["device"].unique():
        others, own = rows[rows["device"] != device], tested[tested["device"] == device]
        multiplier = (others["price"] / others["clean"]).groupby(others["findings"]).median()
        choice = chosen(others, choices)
        # A device of one name has one price: where it was quoted on several days, each day is a device of its own.
        apart = own.assign(device=[f"{device} {label}" for label in own.index])
        none = written(fit(others, choice), apart, choice[0])
        for label, row in own.iterrows():
            by_median = row["clean"] * multiplier.get(row["findings"], float(multiplier.median()))
            found.append((device, "none", "", row["findings"], row["price"], none[label], by_median))
            for other, given in own.iterrows():
                if other != label and FAMILY[given["findings"]] == FAMILY[row["findings"]]:
                    model = fit(pd.concat([others, own.loc[[other]]]), choice)
                    value = written(model, own.loc[[label]], choice[0]).iloc[0]
                    found.append((device, "one", given["findings"], row["findings"], row["price"], value, by_median))
    columns = ["device", "anchor", "given", "finding", "price", "value", "by_median"]
    return pd.DataFrame(found, columns=columns)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "condition_quotes.csv")
    if path is None:
        return
    rows = quotes_of(str(path))
    found = leave_one_out(rows, CHOICES[:1] if asked.quick else CHOICES)
    wrong = 100 * (found["value"] / found["price"] - 1).abs()
    peer = 100 * (found["by_median"] / found["price"] - 1).abs()
    one, none = found["anchor"] == "one", found["anchor"] == "none"
    median, within = float(wrong[one].median()), 100 * float((wrong[one] <= 1.0).mean())
    mape = float(wrong[none].mean())
    table = [
        (
            "clean and one damaged quote of the family",
            f"{int(one.sum())}",
            f"{median:.3f} % ({met(median, 0.1)})",
            f"{within:.0f} % ({met(within, 90.0, at_least=True)})",
            f"{wrong[one].mean():.2f} %",
            f"{peer[one].mean():.1f} %",
        ),
        (
            "clean quote alone",
            f"{int(none.sum())}",
            f"{wrong[none].median():.2f} %",
            f"{100 * float((wrong[none] <= 1.0).mean()):.0f} %",
            f"{mape:.2f} % ({met(mape, 10.0)})",
            f"{peer[none].mean():.1f} %",
        ),
    ]
    devices = found["device"].nunique()
    head = ("known of the device", "predictions", "median error", "within 1 %", "MAPE", "MAPE of median multipliers")
    print_table(f"Condition quotes, leaving one of {devices} devices out", head, table)
    if not asked.quick:
        by = wrong.groupby([found["anchor"], found["finding"]]).agg(["size", "median", "mean", "max"]).round(2)
        cells = [(*map(str, key), *map(str, row)) for key, row in zip(by.index, by.to_numpy().tolist(), strict=True)]
        print_table("By finding", ("anchor known", "finding", "n", "median %", "mean %", "worst %"), cells)


if __name__ == "__main__":
    main()
