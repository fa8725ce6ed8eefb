"""Folds that keep related rows together: variants, families, months."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from miexchange._time import as_date
from miexchange.errors import out_of_range
from miexchange.tuning._cells import cells_of, told
from miexchange.tuning._checks import words

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Flags = npt.NDArray[np.bool_]

__all__ = ["folds_of", "labels_by"]

_FOLDS, _BLOCKS = 10, 6
_FEWEST = 3  # groups; with two, each would be predicted by the other alone
_FIRST = 2  # the share of blocks in time that is only used for training
_TIME = re.compile(r"[12][0-9]{3}-[01][0-9](?:-[0-3][0-9](?:[ T][0-9:.]+)?)?")


def labels_by(data: pd.DataFrame, column: str) -> npt.NDArray[np.object_]:
    """Return the group of each row as a text, a day as ``2023-01-31``; a row without one is a group of its own.

    Raises:
        InvalidValue: rows with neither a text, nor a number, nor a day.
    """
    days = [told(as_date, cell) for cell in cells_of(data[column]).distinct[:-1]]
    if days and all(isinstance(day, date) for day in days):
        texts = np.array([*(f"{day:%Y-%m-%d}" for day in days), ""], dtype=object)
        return texts[cells_of(data[column]).codes]
    return words(data, column)


def folds_of(labels: npt.NDArray[np.object_]) -> list[tuple[Flags, Flags]]:
    """Return the rows to train on and to test on: whole groups, or blocks of time predicted by the earlier ones.

    >>> months = np.array([f"2023-{month:02d}" for month in range(1, 13)], dtype=object)
    >>> [(int(train.sum()), int(test.sum())) for train, test in folds_of(months)]
    [(4, 2), (6, 2), (8, 2), (10, 2)]
    """
    names = np.unique(labels.astype(str))
    if len(names) < _FEWEST:
        what = f"has {len(names)} different ones"
        raise out_of_range("groups", None, f"name a column with {_FEWEST} groups or more", what)
    if all(_TIME.fullmatch(name) for name in names):
        blocks = np.array_split(names, min(_BLOCKS, len(names)))
        return [
            (np.isin(labels, np.concatenate(blocks[:number])), np.isin(labels, blocks[number]))
            for number in range(min(_FIRST, len(blocks) - 1), len(blocks))
        ]
    order = np.random.default_rng(0).permutation(len(names)) % min(_FOLDS, len(names))
    fold = dict(zip(names.tolist(), order.tolist(), strict=True))
    of_row = np.array([fold[str(label)] for label in labels])
    return [(of_row != number, of_row == number) for number in range(int(order.max()) + 1)]
