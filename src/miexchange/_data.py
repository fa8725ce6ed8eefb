"""Where the reference data lies: beside the package in a wheel, at the top of a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from miexchange.errors import DataError, Problem

__all__ = ["folder"]


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
