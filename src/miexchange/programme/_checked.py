"""The prices that look wrong, were checked, and are confirmed: a file beside ``programme.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._bounded import bound_of
from miexchange._csv import read_rows
from miexchange.market import Price

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange._problems import Problems

__all__ = ["CHECKED", "COLUMNS", "read_checked"]

CHECKED = "checked_prices.csv"
COLUMNS = ("model", "price_minor", "source")


def read_checked(directory: Path, problems: Problems) -> set[tuple[str, int]]:
    """Return the models with the confirmed price of each; empty if there is no such file.

    Each row gives the reason in ``source``. Another price of the same model is doubted again.

    Args:
        directory: the directory of the programme.
        problems: the list to which faults are added.
    """
    if not (directory / CHECKED).exists():
        return set()
    found = set()
    for row in read_rows(directory / CHECKED, COLUMNS, (), problems):
        price = row.whole("price_minor", bound_of(Price, "price_minor"))
        model, _ = row.text("model"), row.text("source")
        if row.good:
            found.add((model, price))
    return found
