"""Bands of 80 % on used prices of iPhones: on rows, variants, families and months that the curve has not seen.

Beside them stand the bands of a curve that was not told which rows belong together.

python benchmarks/tuning/bands.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from _given import arguments, file_of, print_table

from miexchange.tuning import DepreciationCurve

FOLDS, SHUFFLES = 5, 3
LOW, HIGH = 76.0, 84.0
CUT = "2023-01"


def held(train: pd.DataFrame, test: pd.DataFrame, groups: str | None) -> float:
    """Return how many of the tested prices lie in the band, in percent."""
    curve = DepreciationCurve().fit(train, brand_col=None, groups=groups)
    band = curve.predict_interval(test)
    return 100 * float(((test["price"] >= band["low"]) & (test["price"] <= band["high"])).mean())


def splits(rows: pd.DataFrame, column: str | None) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the rows to learn from and to test on."""
    if column == "month":
        return [(rows[rows["month"] < CUT], rows[rows["month"] >= CUT])]
    keys = np.arange(len(rows)) if column is None else pd.factorize(rows[column])[0]
    found = []
    for seed in range(SHUFFLES):
        fold = (np.random.default_rng(seed).permutation(int(keys.max()) + 1) % FOLDS)[keys]
        found += [(rows[fold != number], rows[fold == number]) for number in range(FOLDS)]
    return found


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "howmuch_iphone_used_monthly_usd.csv", "market")
    if path is None:
        return
    rows = pd.read_csv(path)
    table = []
    for name, column in (("rows", None), ("variants", "model"), ("families", "family"), ("later months", "month")):
        pairs = splits(rows, column)[: 1 if asked.quick else None]
        told = float(np.mean([held(train, test, column) for train, test in pairs]))
        untold = float(np.mean([held(train, test, None) for train, test in pairs]))
        verdict = "met" if LOW <= told <= HIGH else "missed"
        table.append((name, f"{told:.1f} % ({LOW:g}-{HIGH:g}: {verdict})", f"{untold:.1f} %"))
    print_table("What bands of 80 % hold", ("not seen", "with groups", "without"), table)


if __name__ == "__main__":
    main()
