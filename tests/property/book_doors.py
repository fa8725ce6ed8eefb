"""Books as doors: observations and devices below a megabyte that are made to cost much."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from miexchange.report import book_report
from miexchange.tuning import Observations
from property.bounded import Door
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange import Programme

__all__ = ["DOORS"]

_AT = datetime(2018, 4, 20, tzinfo=UTC)
_MOST = 990_000
_HEAD = "model,price_minor,on,kind,source\n"


@cache
def _programme() -> Programme:
    programme = shipped_programme("graded-trade-in")
    _ = programme.digest, programme.catalogue.labels
    return programme


def _rows(row: Callable[[int], str]) -> str:
    longest = len(row(99_999).encode())
    return _HEAD + "".join(map(row, range((_MOST - len(_HEAD)) // longest)))


_OBSERVATIONS: dict[str, Callable[[], str]] = {
    "names of nobody": lambda: _rows(lambda number: f"m{number},1,2,3,4\n"),
    "names like many": lambda: _rows(lambda number: f"Xiaomi Redmi Note {number} Pro,1,2018-03-01,deal,s\n"),
    "wrong cells": lambda: _rows(lambda number: f"oneplus-3t-6-64,x{number},y{number},z,s\n"),
    "sound rows": lambda: _rows(lambda number: f"oneplus-3t-6-64,{number + 1},2018-03-01,deal,s\n"),
    "empty cells": lambda: _rows(lambda _: ",,,,\n"),
    "a header of commas": lambda: "," * _MOST,
    "long cells": lambda: _rows(lambda _: f"{'x' * 900},1,2018-03-01,deal,s\n"),
}


def _observed(text: str) -> object:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "observations.csv")
        file.write_text(text, encoding="utf-8")
        return Observations.read(file, _programme().catalogue, as_of=date(2018, 6, 30))


def _book(rows: int, **columns: Any) -> pd.DataFrame:
    questions = _programme().terms[-1].questionnaire.questions
    cells: dict[str, Any] = {"model": "oneplus-3t-6-64", **{question.id: None for question in questions}, **columns}
    return pd.DataFrame({name: pd.Series(cell, index=range(rows)) for name, cell in cells.items()})


_BOOKS: dict[str, Callable[[], pd.DataFrame]] = {
    "names of nobody": lambda: _book(40_000, model=[f"n{number}" for number in range(40_000)]),
    "an instant for each": lambda: _book(40_000, at=[_AT + timedelta(hours=number) for number in range(40_000)]),
    "far instants": lambda: _book(2, at=[datetime(1900, 1, 2, tzinfo=UTC), datetime(9890, 1, 1, tzinfo=UTC)]),
    "a long name": lambda: _book(1, model="x" * 900_000),
    "many columns": lambda: pd.concat([_book(1), pd.DataFrame([["x"] * 20_000])], axis=1),
}


def _reported(book: pd.DataFrame) -> object:
    return len(book_report(book, _programme(), at=_AT))


DOORS: dict[str, Door] = {
    "Observations.read": Door(
        _observed, lambda: f"{_HEAD}oneplus-3t-6-64,1,2018-03-01,deal,s\nx,1,2,3,4\n", _OBSERVATIONS
    ),
    "report.book_report": Door(_reported, partial(_book, 2), _BOOKS),
}
