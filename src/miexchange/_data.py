"""The location of the reference data: beside the package in a wheel, at the top of a checkout."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from miexchange.errors import DataError, Problem

__all__ = ["folder", "rows"]


@cache
def folder() -> Path:
    """Return the folder that holds `models.csv`, `tac.csv` and `programmes/`.

    Raises:
        DataError: the package was installed without its data.
    """
    here = Path(__file__).resolve()
    candidates = (here.parent / "data", here.parents[2] / "data")
    for candidate in candidates:
        if (candidate / "models.csv").is_file():
            return candidate
    raise DataError(
        tuple(
            Problem(str(candidate), None, "", "no reference data here", "Install miexchange anew")
            for candidate in candidates
        )
    )


def rows(name: str, columns: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a shipped table.

    Raises:
        DataError: it is missing, or has other columns.
    """
    path = folder() / name
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames == columns:
                return list(reader)
        message = f"the columns are not {','.join(columns)}"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    raise DataError((Problem(str(path), None, "", message, "Install miexchange anew"),))
