"""Used phones of a Nepali shop with four condition scores: the curve with monotone scores, on unseen models.

Repeated rows are dropped, and so are typing errors: a price below a tenth of the new price, or above it. Every price of
ours is what a programme pays that was written of the prediction.

python benchmarks/tuning/nepal.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from _boosted import boosted
from _given import arguments, file_of, met, print_table
from _written import FOLDS, unseen

from miexchange.tuning import DepreciationCurve

SCORES = ("Battery_condition", "Phone_condition", "Display_condition", "Audio_condition")
MORE = ("Warranty", "Earphone", "Charger", "Ram", "Internal Storage")
SHUFFLES = 5
LIMIT = 16.0


def rows_of(path: str) -> pd.DataFrame:
    """Read the set."""
    rows = pd.read_csv(path).iloc[:, :18].rename(columns=str.strip)
    texts = rows.select_dtypes(exclude="number").columns
    rows[texts] = rows[texts].apply(lambda column: column.str.strip())
    named = {"Selling_price": "price", "Original_price": "new_price", "Used_for": "age_months", "Brand": "brand"}
    rows = rows.drop_duplicates(ignore_index=True).rename(columns=named)
    rows = rows[(rows["price"] / rows["new_price"]).between(0.1, 1.0)]
    return rows.assign(variant=(rows["brand"] + " " + rows["Model"]).str.lower()).reset_index(drop=True)


def with_scores(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Predict by the curve: more of a score or of memory is never worth less."""
    curve = DepreciationCurve().fit(train, year_col=None, increasing=(*SCORES, *MORE))
    return curve.predict_interval(test)


def without(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Predict by age, new price and brand alone."""
    return DepreciationCurve().fit(train, year_col=None).predict_interval(test)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    path = file_of(asked, "nepal_valuate_raw.csv", "market")
    if path is None:
        return
    rows = rows_of(str(path))
    models = {"formula without scores": without, "formula with monotone scores": with_scores}
    peers = boosted(("new_price", "age_months", "Battery", *SCORES, *MORE), ("brand",), quick=asked.quick)
    table = []
    for name, model in {**models, **peers}.items():
        mapes = unseen(
            rows, "variant", model, shuffles=1 if asked.quick else SHUFFLES, currency="NPR" if name in models else ""
        )
        mape = float(np.mean(mapes))
        verdict = f" ({met(mape, LIMIT)})" if model is with_scores else ""
        table.append((name, f"{mape:.2f} %{verdict}", f"{min(mapes):.1f} to {max(mapes):.1f} %"))
    title = f"Nepal, {len(rows)} rows, {rows['variant'].nunique()} models in {FOLDS} folds"
    print_table(title, ("model", "MAPE", "shuffles"), table)


if __name__ == "__main__":
    main()
