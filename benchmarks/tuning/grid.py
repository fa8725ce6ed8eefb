"""A US buyer's grid of conditions, whole devices kept aside: the deduction model beside median multipliers.

The grid says what each phone is paid in five worse conditions. A fifth of the devices is kept aside in turn, and
nothing but their best price is known. The conditions are fitted as findings of one family, and as five families.

python benchmarks/tuning/grid.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from _given import arguments, file_of, met, print_table

from miexchange.tuning import DeductionModel, Scale

CONDITIONS = ("good", "fair", "damaged", "broken", "noPower")
FOLDS = 5


def grid_of(path: str) -> pd.DataFrame:
    """Read the quotes of unlocked phones, each beside the price of the same phone without a flaw."""
    rows = pd.read_csv(path)
    rows = rows[rows["lock"] == "unlocked"].assign(device=rows["model"] + " " + rows["storage"])
    best = rows[rows["condition"] == "flawless"].set_index("device")["price_usd"]
    rows = rows[rows["condition"].isin(CONDITIONS)].assign(clean=rows["device"].map(best))
    return rows.rename(columns={"price_usd": "price", "condition": "findings"}).dropna(subset=["clean"])


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "us_buyback_grid_2026-02.csv", "market")
    if path is None:
        return
    rows = grid_of(str(path))
    devices = rows["device"].unique()
    order = np.random.default_rng(0).permutation(len(devices)) % FOLDS
    fold = rows["device"].map(dict(zip(devices, order, strict=True)))
    kinds = {"one family": [Scale("one", "one", CONDITIONS)], "five": [Scale(one, one, (one,)) for one in CONDITIONS]}
    missed: dict[str, list[float]] = {name: [] for name in (*kinds, "median multipliers")}
    for number in range(1 if asked.quick else FOLDS):
        train, test = rows[fold != number], rows[fold == number]
        multiplier = (train["price"] / train["clean"]).groupby(train["findings"]).median()
        values = {name: DeductionModel(scales).fit(train).predict(test) for name, scales in kinds.items()}
        values["median multipliers"] = test["clean"] * test["findings"].map(multiplier)
        for name, value in values.items():
            missed[name] += (100 * (value / test["price"] - 1).abs()).tolist()
    means = {name: float(np.mean(errors)) for name, errors in missed.items()}
    peer = means["median multipliers"]
    table = [
        (
            name,
            f"{len(missed[name])}",
            f"{mean:.2f} %" if name == "median multipliers" else f"{mean:.2f} % ({met(mean, round(peer, 2))})",
        )
        for name, mean in means.items()
    ]
    print_table(f"US grid, {len(devices)} devices in {FOLDS} folds", ("what", "predictions", "MAPE"), table)


if __name__ == "__main__":
    main()
