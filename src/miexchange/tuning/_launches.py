"""Launches: a model's own by the catalogue, and the number of its successors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import numpy.typing as npt

    from miexchange.catalogue import Catalogue

__all__ = ["MONTH_DAYS", "launches_of", "pace_of", "successors_of"]

MONTH_DAYS = 30.4375  # days
_SIBLINGS = 90  # days: models of one generation come out up to two months apart


def launches_of(catalogue: Catalogue, launch_prices: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return brand, day and year of launch, and new price of every variant by its id; missing where unknown.

    Args:
        catalogue: the variants.
        launch_prices: new prices in minor units that override or complete the catalogue's.
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


def successors_of(
    days: npt.NDArray[np.datetime64],
    months: npt.NDArray[np.float64],
    lines: npt.NDArray[np.object_],
    launches: Mapping[str, Sequence[date]],
) -> npt.NDArray[np.float64]:
    """Return the number of models of its line that came out after a phone, up to and including a day.

    Launches within 90 days are one generation and count once; a phone's own generation does not count.

    Args:
        days: the day of each price.
        months: the age of the phone on that day.
        lines: the line of the phone.
        launches: the days of the launches of each line.

    >>> from datetime import date
    >>> days = np.array(["2018-09-20", "2018-09-21"], dtype="datetime64[D]")
    >>> launches = {"X": [date(2017, 9, 22), date(2018, 9, 21)]}
    >>> successors_of(days, np.array([12.0, 12.0]), np.array(["X", "X"], dtype=object), launches).tolist()
    [0.0, 1.0]
    """
    born = days - np.round(months * MONTH_DAYS).astype("timedelta64[D]")
    found = np.zeros(len(days))
    for line in set(lines):
        own, at = lines == line, _generations(launches[line])
        came = np.searchsorted(at, days[own], side="right")
        found[own] = np.maximum(came - np.searchsorted(at, born[own] + _SIBLINGS, side="right"), 0)
    return found


def _generations(launches: Sequence[date]) -> npt.NDArray[np.datetime64]:
    """Return the first day of each generation, in order."""
    found: list[np.datetime64] = []
    for day in np.sort(np.array(launches, dtype="datetime64[D]")):
        if not found or day - found[-1] > _SIBLINGS:
            found.append(day)
    return np.array(found, dtype="datetime64[D]")


def pace_of(launches: Mapping[str, Sequence[date]]) -> float:
    """Return the generations a month of a line, as the mean over lines with two or more.

    >>> from datetime import date
    >>> round(1 / pace_of({"X": [date(2017, 9, 22), date(2018, 9, 21)], "Y": []}), 1)
    12.0
    """
    lines = [_generations(days) for days in launches.values()]
    paces = [
        (len(days) - 1) * MONTH_DAYS / int((days[-1] - days[0]).astype(np.int64)) for days in lines if len(days) > 1
    ]
    return sum(paces) / len(paces) if paces else 0.0
