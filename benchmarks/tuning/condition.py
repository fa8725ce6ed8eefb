"""Condition quotes, leaving one device out: with one damaged quote of the same family known, and with none.

A device's rows are never in its own fit, but for the one quote that is given. The family is the anchor's: glass
(scratched, cracked), image (spots, lines), body, ports and cameras. Every value is what a programme pays that
`fit_programme` wrote. Foldable phones are a series of their own, and every spread is estimated from the rows that a fit
sees. Beside it stands what a median multiplier for each condition reaches in the same folds.

python benchmarks/tuning/condition.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

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
FOLDS, SHUFFLES = 5, 10


def quotes_of(path: str) -> pd.DataFrame:
    """Read the quotes; a device without a clean quote gets one from its headline, marked as uncertain."""
    rows = pd.read_csv(path)
    rows = rows[rows["comparability"] != "stale_not_comparable"].drop_duplicates(ignore_index=True)
    rows["device"] = rows["brand"] + " " + rows["model"].astype(str) + " " + rows["storage"].fillna("?")
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


def fit(rows: pd.DataFrame) -> DeductionModel:
    """Fit weights, anchors and shares."""
    model = DeductionModel(SCALES, anchor_spread=None, slope_spread=None, series_spread=None)
    with quiet():
        return model.fit(rows, series_col="form", clean_error_col="clean_error")


def single(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows are of one measured finding, beside a clean quote."""
    return rows["known"] & rows["findings"].map(FAMILY).isin(MEASURED)


def written(model: DeductionModel, rows: pd.DataFrame) -> pd.Series[float]:
    """Return what a programme that is written of the model pays for each row."""
    forms = {device: form for device, form in zip(rows["device"], rows["form"], strict=True) if form}
    prices = rows.set_index("device")["clean"]
    return paid(prices, findings=rows["findings"], deductions=model, series=forms).set_axis(rows.index)


def unknown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as devices that no fit has seen: a name has one price, and some were quoted on several days."""
    return rows.assign(device=[f"{device} {label}" for label, device in rows["device"].items()])


def multiplied(rows: pd.DataFrame, own: pd.DataFrame) -> pd.Series[float]:
    """Return what the median multiplier of each condition says."""
    multiplier = (rows["price"] / rows["clean"]).groupby(rows["findings"]).median()
    return own["clean"] * own["findings"].map(multiplier).fillna(float(multiplier.median()))


def leave_one_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Return every prediction: of a damaged quote, from another one of its device and family, or from none."""
    tested = rows[single(rows)]
    found = []
    for device in tested["device"].unique():
        others, own = rows[rows["device"] != device], tested[tested["device"] == device]
        by_median = multiplied(others, own)
        none = written(fit(others), unknown(own))
        for label, row in own.iterrows():
            found.append((device, "none", "", row["findings"], row["price"], none[label], by_median[label]))
            for other, given in own.iterrows():
                if other != label and FAMILY[given["findings"]] == FAMILY[row["findings"]]:
                    value = written(fit(pd.concat([others, own.loc[[other]]])), own.loc[[label]]).iloc[0]
                    said = (given["findings"], row["findings"], row["price"], value, by_median[label])
                    found.append((device, "one", *said))
    columns = ["device", "anchor", "given", "finding", "price", "value", "by_median"]
    return pd.DataFrame(found, columns=columns)


def splits(rows: pd.DataFrame, shuffles: int) -> list[tuple[float, float]]:
    """Return the MAPE in percent of ours and of the multipliers, of devices kept aside in folds, for each shuffle."""
    devices = rows.loc[single(rows), "device"].unique()
    found = []
    for seed in range(shuffles):
        order = np.random.default_rng(seed).permutation(len(devices)) % FOLDS
        fold = rows["device"].map(dict(zip(devices, order, strict=True)))
        wrong: tuple[list[float], list[float]] = ([], [])
        for number in range(FOLDS):
            train, own = rows[fold != number], rows[(fold == number) & single(rows)]
            for place, values in enumerate((written(fit(train), unknown(own)), multiplied(train, own))):
                wrong[place].extend((100 * (values / own["price"] - 1).abs()).tolist())
        found.append((float(np.mean(wrong[0])), float(np.mean(wrong[1]))))
    return found


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "condition_quotes.csv")
    if path is None:
        return
    rows = quotes_of(str(path))
    found = leave_one_out(rows)
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
    shuffled = splits(rows, 1 if asked.quick else SHUFFLES)
    ours, theirs = zip(*shuffled, strict=True)
    ahead = sum(one < other for one, other in shuffled)
    row = (f"{len(shuffled)}", *(f"{min(one):.1f} to {max(one):.1f} %" for one in (ours, theirs)), f"{ahead}")
    print_table("Clean quote alone, devices in 5 folds", ("shuffles", "MAPE", "multipliers", "ahead in"), [row])
    if not asked.quick:
        by = wrong.groupby([found["anchor"], found["finding"]]).agg(["size", "median", "mean", "max"]).round(2)
        cells = [(*map(str, key), *map(str, row)) for key, row in zip(by.index, by.to_numpy().tolist(), strict=True)]
        print_table("By finding", ("anchor known", "finding", "n", "median %", "mean %", "worst %"), cells)


if __name__ == "__main__":
    main()
