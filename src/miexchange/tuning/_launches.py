"""What the catalogue says of a model's launch, as the columns that `DepreciationCurve` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.catalogue import Catalogue

__all__ = ["MONTH_DAYS", "launches_of"]

MONTH_DAYS = 30.4375  # days


def launches_of(catalogue: Catalogue, launch_prices: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return brand, day and year of launch and new price of every variant, by its id; missing where nothing says them.

    Args:
        catalogue: the variants.
        launch_prices: the new price in minor units where it is to be another than the catalogue's, or that has none.
    """
    given = launch_prices or {}
    rows = [
        (
            variant.model,
            variant.brand,
            variant.launched_on,
            np.nan if variant.launched_on is None else variant.launched_on.year,
            given.get(variant.model, variant.launch_price_minor),
        )
        for variant in catalogue
    ]
    found = pd.DataFrame(rows, columns=["model", "brand", "launched_on", "launch_year", "new_price"]).set_index("model")
    days = [np.datetime64("NaT") if pd.isna(day) else np.datetime64(day) for day in found["launched_on"]]
    found["launched_on"] = np.array(days, dtype="datetime64[s]")
    return found.astype({"launch_year": float, "new_price": float})
