"""The sentences about what a spreadsheet leaves in a table."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from miexchange import DataError, PriceTable
from miexchange._spreadsheet import as_serial, remedy_of_date, remedy_of_header, remedy_of_number

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("₹12,499", "a currency sign"),
        ("12499 €", "a currency sign"),
        ("Rs 12499", "a currency sign"),
        ("INR 5", "a currency sign"),
        ("12.499,00", "a decimal comma"),
        ("9,5", "a decimal comma"),
        ("1,24,990", "in groups"),
        ("12 499", "in groups"),
        ("12'499.00", "in groups"),
    ],
)
def test_an_amount_for_people_is_told(text: str, what: str) -> None:
    assert what in remedy_of_number(text)
    assert remedy_of_number(text).endswith("1249900 of them")


@pytest.mark.parametrize("text", ["12499.50", "abc", "", "1e5", "Rsx", "12,4999"])
def test_other_text_gets_no_such_sentence(text: str) -> None:
    assert remedy_of_number(text) == ""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("43174", date(2018, 3, 15)),
        ("43174.0", date(2018, 3, 15)),
        ("10000", date(1927, 5, 18)),
        ("99999", date(2173, 10, 13)),
    ],
)
def test_a_count_of_days_is_told(text: str, day: date) -> None:
    assert as_serial(text) == day
    assert f"It is {day}" in remedy_of_date(text)


@pytest.mark.parametrize("text", ["4317", "09999", "431740", "43174.5", "2018-03-15", "", "x"])
def test_another_number_is_no_count_of_days(text: str) -> None:
    assert as_serial(text) is None
    assert remedy_of_date(text) == ""


@pytest.mark.parametrize("text", ["15/03/2018", "3.5.18", "15-03-2018"])
def test_a_date_that_can_be_two_days_is_told(text: str) -> None:
    assert "which of the other numbers is the month cannot be told" in remedy_of_date(text)


@pytest.mark.parametrize(
    ("names", "called"),
    [(["a;b"], "semicolons"), (["a\tb"], "tabs"), (["a|b"], "bars"), (["a"], ""), (["a;b", "c"], "")],
)
def test_a_header_of_one_cell_is_told(names: list[str], called: str) -> None:
    remedy = remedy_of_header(names)
    assert remedy == (called and f"Its cells stand between {called}: save the file as CSV with commas between them")


def test_a_table_with_semicolons_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("model;effective_from;price_minor\na;2018-01-01;5\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        PriceTable.read(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (1, "the header is one cell")
    assert "semicolons" in problem.remedy


def test_an_excel_file_in_place_of_a_table_is_told(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_bytes(b"PK\x03\x04\xff")
    with pytest.raises(DataError, match="It looks like an Excel file: save the sheet as CSV in UTF-8"):
        PriceTable.read(file)
