"""One rule, any width, for files: in whatever file a row stands, it is worth what one device is."""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange.batch import appraise_frame
from miexchange.laws._one_by_one import rows_of, valued
from miexchange.strategies import programmes
from parity.both_ways import appraise_file
from parity.tables import KINDS, columns_of, rows
from property.effort import effort
from unit.test_batch_files import csv as csv_file
from unit.test_batch_files import graded, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miexchange import Programme
    from miexchange.laws._one_by_one import Row

TARGETS = ("csv", "parquet")
NONSENSE = {
    "at": ("tomorrow", "2018-04-31", "2018-04-01T00:00", "2018-02-30T00:00Z", "1523000000", "2018-04-01T24:00Z"),
    "purchased_on": ("yesterday", "2017-02-29", "01.02.2017", "20170201", "2017-02-01T00:00Z"),
    "exchange_open": ("yes", "1", " true", "wahr"),
    "device_exchanged": ("no", "0", "nein"),
}
"""Cells that say nothing of what belongs there; a row of one device has 0 in their place, which is no value either."""
DAYS = ("2018-03-14", "2018-03-15", "2018-04-01")
"""Cells of the column at that are days; a row of one device has the date in their place."""


def written(folder: Path, table: pa.Table, kind: str) -> Path:
    path = folder / f"in.{kind}"
    if kind == "csv":
        pacsv.write_csv(table, path)
    else:
        pq.write_table(table, path, row_group_size=2)
    return path


def result_of(path: Path) -> list[Row]:
    """Return the rows of a result, from CSV too as they were."""
    if path.suffix == ".parquet":
        found: list[Row] = pq.read_table(path).to_pylist()
        return found
    with path.open(encoding="utf-8", newline="") as stream:
        return [{name: _cell(name, text) for name, text in row.items()} for row in csv.DictReader(stream)]


def _cell(name: str, text: str) -> Any:  # noqa: ANN401 - a number or a text
    if name.endswith("_minor") or name == "row":
        return int(text) if text else None
    return (text or None) if name == "grade" else text


def check(draw: st.DataObject, table: pa.Table, kind: str, programme: Programme, expected: Sequence[Row]) -> None:
    """Value a file of the table; its rows are what is expected, in their order, and the summary counts them."""
    target_kind, size = draw.draw(st.sampled_from(TARGETS)), draw.draw(st.integers(1, 7))
    with tempfile.TemporaryDirectory() as name:
        source, target = written(Path(name), table, kind), Path(name) / f"out.{target_kind}"
        summary = appraise_file(source, target, programme, rows=size)
        found = result_of(target)
    assert [row.pop("row") for row in found] == list(range(len(expected)))
    assert rows_of(found) == expected
    assert summary.rows == len(expected)
    assert summary.refused == sum(row["outcome"] == "refused" for row in expected)
    assert summary.coupon_value == sum(row["coupon_value"] or 0 for row in expected)
    assert {one.code.value: one.rows for one in summary.reasons} == {
        code: sum(code in row["reasons"] for row in expected) for row in expected for code in row["reasons"]
    }
    for shares in (summary.brands, summary.grades):
        assert sum(share.exchange_value for share in shares) == summary.exchange_value


@pytest.mark.parametrize("kind", ["arrow", "arrow, encoded", "arrow, in pieces"])
@effort(0.2)
@given(draw=st.data())
def test_a_parquet_file_is_worth_what_its_rows_are(kind: str, draw: st.DataObject) -> None:
    """Promise 6: scalar = frame = file for every row, valid, invalid, null and garbage."""
    programme = draw.draw(programmes())
    table = draw.draw(rows(programme))
    arrow = KINDS[kind](table, columns_of(programme))
    expected = [valued(row, programme, {}) for row in table]
    assert rows_of(appraise_frame(arrow, programme).to_pylist()) == expected
    check(draw, arrow, "parquet", programme, expected)


@effort(0.5)
@given(draw=st.data())
def test_a_csv_file_is_worth_what_its_rows_are(draw: st.DataObject) -> None:
    """Promise 6, where every cell is a text: an empty one is nothing, and one that cannot be read refuses its row.

    A day in the column at is its first instant in the programme's zone (docs/batch.md).
    """
    programme = draw.draw(programmes())
    table = draw.draw(rows(programme))
    texts = texts_of(KINDS["arrow"](table, columns_of(programme)))
    for row, cells in zip(table, texts, strict=True):
        row.update({name: None for name, cell in cells.items() if not cell})
        for name in draw.draw(st.lists(st.sampled_from(sorted(NONSENSE)), max_size=1)):
            cells[name] = draw.draw(st.sampled_from(NONSENSE[name]))
            row[name] = 0
        if draw.draw(st.integers(0, 3)) == 0:
            cells["at"] = day = draw.draw(st.sampled_from(DAYS))
            row["at"] = date.fromisoformat(day)
    arrow = pa.Table.from_pylist(texts, pa.schema([(name, pa.string()) for name in columns_of(programme)]))
    check(draw, arrow, "csv", programme, [valued(row, programme, {}) for row in table])


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2018-03-14", None),
        ("2018-03-14T18:29:59.999999Z", None),
        ("2018-03-15", 1_129_000),  # in India, 18:30 UTC of the day before: the terms begin
        ("2018-04-01", 1_129_000),
        ("2018-04-14", 1_129_000),
        ("2018-04-15", 1_077_000),  # the price changes
    ],
)
def test_a_day_in_a_csv_is_its_first_instant(tmp_path: Path, at: str, expected: int | None) -> None:
    """A plain day in the column at is its first instant in the programme's zone (docs/batch.md)."""
    target = tmp_path / "out.parquet"
    appraise_file(csv_file(tmp_path, line(at=""), line(at=at)), target, graded())
    assert [row["exchange_value_minor"] for row in result_of(target)] == [None, expected]


def texts_of(table: pa.Table) -> list[dict[str, str | None]]:
    """Return the cells as people and programs write them into a CSV file."""
    return [{name: _text(cell) for name, cell in row.items()} for row in table.to_pylist()]


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return f"{cell}".lower()
    return cell.isoformat()  # type: ignore[attr-defined,no-any-return]  # an instant or a date
