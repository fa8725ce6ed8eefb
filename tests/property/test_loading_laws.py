"""Tables are read by columns, each text once: that changes neither a value nor an error."""

from __future__ import annotations

import csv
import io
import pickle
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import AnchorTable, Catalogue, EligibleModels, PriceTable
from miexchange._csv import read_lines
from miexchange._problems import Problems
from miexchange.treatment import TreatmentTable

DAYS = ["2018-03-01", "2018-06-01", " 2018-09-01 ", "2018-02-30", "01/03/2018", ""]
INSTANTS = [*DAYS, "2018-03-01T00:00Z", "2018-03-01T05:30+05:30", "2018-03-01T00:00"]
TEXTS = ["one", "two", " one ", "", "ones\x00", "x" * 201, "y" * 1_001]
NUMBERS = ["1", "64", "0", "-1", "1.0", "007", "9" * 20, ""]
OTHERS = {
    "category": ["smartphone", "tablet", ""],
    "basis": ["observed", "modelled", "guessed", ""],
    "features": ["", "5g", "5g|nfc", "5g|5g"],
    "aliases": ["", "One", "One|Two"],
    "part": ["exchange_value", "bonus:one", "resale", "bonus:", "one"],
    "treatment": ["payment", "discount", "margin", "none"],
}
KINDS: list[Any] = [Catalogue, EligibleModels, PriceTable, AnchorTable, TreatmentTable]


def cells_of(kind: Any, column: str) -> list[str]:
    """Return cells of a column, of which some fit: the sound ones first, as they are what Hypothesis draws most."""
    if column in OTHERS:
        return OTHERS[column]
    if column.endswith(("_minor", "_gb", "_mb", "_bps")):
        return NUMBERS
    if column.endswith(("_on", "_from", "_until")):
        return DAYS if kind in {Catalogue, EligibleModels} else INSTANTS
    return TEXTS


@st.composite
def files(draw: st.DrawFn, kind: Any) -> str:
    """Draw a file of a table: sound rows of different models or days, and then another text in one or two cells."""
    columns = [name for name in kind.columns if name not in kind._optional or draw(st.booleans())]  # noqa: SLF001 - its own
    sound = {name: draw(st.sampled_from(cells_of(kind, name)[:2])) for name in columns}
    first = next(name for name in columns if name in {"model", "effective_from"})
    own = {"model": "model {}", "effective_from": "201{}-03-01"}[first]
    rows = [sound | {first: own.format(number)} for number in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(0, 2))):
        column = draw(st.sampled_from(columns))
        draw(st.sampled_from(rows))[column] = draw(st.sampled_from(cells_of(kind, column)))
    text = io.StringIO()
    csv.writer(text).writerows([columns, *(row.values() for row in rows)])
    return text.getvalue()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_reading_by_columns_is_reading_row_by_row(kind: Any, data: st.DataObject, tmp_path_factory: Any) -> None:
    """miexchange._table: only a table without faults is made at once, and it is the one that its rows make."""
    file = tmp_path_factory.getbasetemp() / f"{kind.__name__}.csv"
    file.write_text(data.draw(files(kind)), encoding="utf-8")
    required = tuple(name for name in kind.columns if name not in kind._optional)  # noqa: SLF001 - its own two ways
    problems = Problems()
    lines = read_lines(file, required, kind._optional, problems)  # noqa: SLF001 - as above
    at_once, row_by_row = kind._without_faults(lines, UTC), kind._one_by_one(lines, UTC)  # noqa: SLF001 - as above
    assert (at_once is None) == bool(problems.found)
    assert at_once in (None, row_by_row)
    found = Problems()
    table = kind._read(file, found, zone=UTC)  # noqa: SLF001 - as above
    assert [*table] == row_by_row[0]
    assert {*found.found} == {*problems.found}
    assert pickle.loads(pickle.dumps(table)) == table  # noqa: S301 - our own bytes
