"""Reading the price lists that people have: by what is stated, and every row that it does not say is told."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from miexchange import InvalidValue, Programme
from miexchange import _limits as limits
from miexchange.pricelists import Form, read
from shipped import shipped_programme
from unit.lists import APRIL, FLIP, ONE, amounts, base, excel, reading_of, told, with_part

if TYPE_CHECKING:
    from collections.abc import Callable

MARCH = datetime(2018, 3, 14, 18, 30, tzinfo=UTC)


# Amounts.


@pytest.mark.parametrize(
    ("cell", "form", "minor"),
    [
        ("12499", {}, 1_249_900),
        ("12499.5", {}, 1_249_950),
        ("12499.50", {}, 1_249_950),
        ("12,499", {"grouping": "comma"}, 1_249_900),
        ("1,24,990", {"grouping": "comma"}, 12_499_000),
        ("12,34,567.89", {"grouping": "comma"}, 123_456_789),
        ("1,234,567", {"grouping": "comma"}, 123_456_700),
        ("₹12,499", {"grouping": "comma", "signs": ("₹",)}, 1_249_900),
        ("₹ 12,499/-", {"grouping": "comma", "signs": ("₹", "/-")}, 1_249_900),
        ("Rs. 12499", {"signs": ("Rs.",)}, 1_249_900),
        ("12499 INR", {"signs": ("INR",)}, 1_249_900),
        ("12.499,00", {"grouping": "point", "decimal": "comma"}, 1_249_900),
        ("12499,5", {"decimal": "comma"}, 1_249_950),
        ("12 499,00", {"grouping": "space", "decimal": "comma"}, 1_249_900),
        ("12\u202f499", {"grouping": "space"}, 1_249_900),
        ("12\u00a0499", {"grouping": "space"}, 1_249_900),
        ("12'499.00", {"grouping": "apostrophe"}, 1_249_900),
        ("12\u2019499", {"grouping": "apostrophe"}, 1_249_900),
        ("1249900", {"unit": "minor"}, 1_249_900),
        ("12,49,900", {"unit": "minor", "grouping": "comma"}, 1_249_900),
        (" 12499 ", {}, 1_249_900),
        ("499", {"grouping": "comma"}, 49_900),
    ],
)
def test_an_amount_is_read_as_it_is_stated(tmp_path: Path, cell: str, form: dict[str, Any], minor: int) -> None:
    programme = _finely_stepped()
    reading = reading_of(tmp_path, f"model\tprice\n{ONE}\t{cell}\n", programme, delimiter="tab", **form)
    assert (told(reading), amounts(reading)) == ([], {ONE: minor})


def _finely_stepped() -> Programme:
    from dataclasses import replace  # noqa: PLC0415 - of this one

    return replace(base(), price_step_minor=1)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("12,499", "'12,499' is no amount as stated. Nothing is guessed: --grouping comma reads it as 12499.00"),
        ("12,49", "--decimal comma reads it as 12.49"),
        ("1,24,990", "--grouping comma reads it as 124990.00"),
        ("12.499,00", "--decimal comma --grouping point reads it as 12499.00"),
        ("12,499.00", "--grouping comma reads it as 12499.00"),
        ("₹12,499", "--grouping comma --sign '₹' reads it as 12499.00"),
        ("₹12499", "--sign '₹' reads it as 12499.00"),
        ("Rs. 12499/-", "--sign 'Rs.' --sign '/-' reads it as 12499.00"),
        ("12.499", "--grouping point"),
        ("12 499", "--grouping space reads it as 12499.00"),
        ("12'499", "--grouping apostrophe reads it as 12499.00"),
        ("1,2345", "Write the amount in digits, as the other rows have it"),
        ("1,24,990,000", "Write the amount in digits"),
        ("12499.505", "Write the amount in digits"),
        ("१२४९९", "Write the amount in digits"),
        ("12e3", "Write the amount in digits"),
        ("N/A", "Write the amount in digits"),
        ("9" * 61, "Write the amount in digits"),
        ("9" * 14, "is out of range"),
        ("0", "'0' is out of range. Write an amount above 0, and of at most 1000000000.00 INR"),
        ("-5", "Write the amount in digits"),
        ("(5)", "Write the amount in digits"),
        ("₹-5", "Write the amount in digits"),
        ("12499.01", "is not a multiple of the price step, 1.00 INR. Round the price"),
        ("", "is empty. Write an amount; a formula that was never computed is empty too"),
        ("12.499,00 EUR", "--decimal comma --grouping point --sign 'EUR' reads it as 12499.00"),
    ],
)
def test_an_amount_that_is_not_as_stated_is_told_with_the_option_that_reads_it(
    tmp_path: Path, cell: str, words: str
) -> None:
    reading = reading_of(tmp_path, f"model\tprice\n{ONE}\t{cell}\n", delimiter="tab")
    ((line, column, sentence),) = told(reading)
    assert (line, column, amounts(reading)) == (2, "price", {})
    assert words in sentence


def test_an_amount_that_can_be_two_is_told_as_both(tmp_path: Path) -> None:
    """What can be two amounts is one only where somebody says which."""
    programme = shipped_programme("uk-trade-in")
    text = "model;price\napple-iphone-15-128;1.25\n"
    reading = reading_of(tmp_path, text, programme, delimiter="semicolon", decimal="comma")
    ((_, _, sentence),) = told(reading)
    assert "--decimal point reads it as 1.25" in sentence
    text = text.replace("1.25", "1.250")
    ((_, _, sentence),) = told(reading_of(tmp_path, text, programme, delimiter="semicolon"))
    assert sentence.endswith("--grouping point reads it as 1250.00") or "--decimal comma" in sentence


def test_minor_units_have_no_decimals(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f"model,price\n{ONE},12499.00\n", unit="minor")
    assert "Write the amount in digits" in told(reading)[0][2]
    reading = reading_of(tmp_path, f'model,price\n{ONE},"12,499"\n', unit="minor")
    assert told(reading)[0][2].endswith("--grouping comma reads it as 12499")


# Dates.


@pytest.mark.parametrize(
    ("cell", "dates", "day"),
    [
        ("2018-03-15", "iso", MARCH),
        ("2018-03-15", "dmy", MARCH),
        ("2018-03-15T00:00+05:30", "iso", MARCH),
        ("15/03/2018", "dmy", MARCH),
        ("15.3.2018", "dmy", MARCH),
        ("03-15-2018", "mdy", MARCH),
        ("2018/3/15", "ymd", MARCH),
        ("43174", "excel", MARCH),
    ],
)
def test_a_date_is_read_in_the_order_that_is_stated(tmp_path: Path, cell: str, dates: str, day: datetime) -> None:
    reading = reading_of(tmp_path, f"model,price,since\n{ONE},9000,{cell}\n", date="since", dates=dates)
    assert told(reading) == []
    assert reading.prices.prices[0].effective_from == day


@pytest.mark.parametrize(
    ("cell", "dates", "words"),
    [
        ("15/03/2018", "iso", "Nothing is guessed: --dates dmy reads it as 2018-03-15"),
        ("05/03/2018", "iso", "--dates dmy reads it as 2018-03-05, and --dates mdy reads it as 2018-05-03"),
        ("15/03/2018", "mdy", "--dates dmy reads it as 2018-03-15"),
        ("2018.03.15", "iso", "--dates ymd reads it as 2018-03-15"),
        ("30/02/2018", "dmy", "is no date as stated. Write the date as 2018-03-15"),
        ("15/03/18", "dmy", "Write the date as 2018-03-15"),
        ("43174", "iso", "--dates excel reads it as 2018-03-15"),
        ("2018-02-30", "excel", "is not a date. Write a date as 2018-03-15"),
        ("4317", "excel", "is not a date"),
        ("15/03/2018", "excel", "is not a date. Write the date as 2018-03-15"),
        ("soon", "dmy", "'soon' is not a date. Write a date as 2018-03-15"),
        ("2018-03-15T09:00", "iso", "has no time zone"),
        ("", "iso", "is empty"),
        ("0001-01-01", "iso", "is outside the years"),
    ],
)
def test_a_date_that_is_not_as_stated_is_told(tmp_path: Path, cell: str, dates: str, words: str) -> None:
    reading = reading_of(tmp_path, f"model,price,since\n{ONE},9000,{cell}\n", date="since", dates=dates)
    ((line, column, sentence),) = told(reading)
    assert (line, column) == (2, "since")
    assert words in sentence


# Names.


@pytest.mark.parametrize(
    "name", [ONE, "Acme One 4GB/64GB", "acme one (4 GB, 64 GB)", "Acme One", " ACME one 4GB+64GB "]
)
def test_a_name_is_an_id_or_what_people_write(tmp_path: Path, name: str) -> None:
    assert amounts(reading_of(tmp_path, f'model,price\n"{name}",9000\n')) == {ONE: 900_000}


def test_a_name_may_stand_in_several_columns(tmp_path: Path) -> None:
    text = "Brand,Model,Size,price\nAcme,One,4GB/64GB,9000\nZeta,Flip,,3000\n,,,5\n"
    reading = reading_of(tmp_path, text, model=("Brand", "Model", "Size"))
    assert amounts(reading) == {ONE: 900_000, FLIP: 300_000}
    assert [(line, column) for line, column, _ in told(reading)] == [(4, "Brand")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Acme Onne", "is no model of the catalogue. Did you mean one of: Acme One (4 GB, 64 GB) = acme-one-4-64"),
        ("qqqqqq", "is no model of the catalogue. Correct its name, or add it to the catalogue"),
        ("x" * 201, "is no model of the catalogue. Correct its name"),
        ("Nilo X", "nilo-x-1-8 is not on the programme's list of models. Add it to the eligible models"),
        ("", "is empty. Write a model, or take the row out"),
        ("354178036859789", "'35417803"),
    ],
)
def test_a_name_that_leads_to_no_variant_is_told_with_the_nearest(tmp_path: Path, name: str, words: str) -> None:
    ((line, column, sentence),) = told(reading_of(tmp_path, f"model,price\n{name},9000\n"))
    assert (line, column) == (2, "model")
    assert words in sentence


def test_a_name_of_several_variants_is_told_with_them(tmp_path: Path) -> None:
    programme = shipped_programme("mi-exchange-india")
    ((_, _, sentence),) = told(reading_of(tmp_path, "model,price\nXiaomi Redmi Note 4,9000\n", programme))
    assert sentence.startswith(
        "'Xiaomi Redmi Note 4' may be 3 variants. Write one of: Xiaomi Redmi Note 4 (2 GB, 32 GB)"
    )


def test_a_variant_has_one_price(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f"model,price\n{ONE},9000\nAcme One,9000\n")
    assert told(reading) == [
        (3, "model", "acme-one-4-64 has a price on line 2 already. Keep one price for each variant")
    ]
    assert amounts(reading) == {ONE: 900_000}


# What a price is, and where it is from.


def test_the_basis_is_stated_or_a_column(tmp_path: Path) -> None:
    text = f"model,price,basis\n{ONE},9000,modelled\n{FLIP},3000,guess\n"
    reading = reading_of(tmp_path, text, basis=None)
    assert [one.basis for one in reading.prices] == ["modelled"]
    assert told(reading) == [(3, "basis", "'guess' is not known here. Write one of: observed, modelled")]
    assert [one.basis for one in reading_of(tmp_path, text).prices] == ["observed", "observed"]
    ((line, column, sentence),) = told(reading_of(tmp_path, f"model,price\n{ONE},9000\n", basis=None))
    assert (line, column) == (1, "basis")
    assert "--basis observed" in sentence


def test_the_source_is_stated_a_column_or_the_row(tmp_path: Path) -> None:
    text = f"model,price,source\n{ONE},9000,a shop\n{FLIP},3000,\n"
    assert [one.source for one in reading_of(tmp_path, text).prices] == ["our desk", "our desk"]
    assert [one.source for one in reading_of(tmp_path, text, source="").prices] == ["a shop", "list.csv, row 3"]


@pytest.mark.parametrize("source", ["=HYPERLINK(1)", "@SUM(A1)", "\x1b[2J", "x" * 1_001])
def test_a_source_that_a_spreadsheet_would_run_is_refused(tmp_path: Path, source: str) -> None:
    ((line, column, _),) = told(reading_of(tmp_path, f'model,price,source\n{ONE},9000,"{source}"\n', source=""))
    assert (line, column) == (2, "source")


# Files of text.


@pytest.mark.parametrize(
    ("encode", "form"),
    [
        (lambda text: text.encode("utf-8"), {}),
        (lambda text: text.encode("utf-8-sig"), {}),
        (lambda text: text.encode("utf-16"), {}),
        (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), {}),
        (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), {"encoding": "utf-16-be"}),
        (lambda text: text.encode("utf-16-le"), {"encoding": "utf-16-le"}),
        (lambda text: text.replace("ü", "e").encode("windows-1252"), {"encoding": "windows-1252"}),
        (lambda text: text.replace("\n", "\r\n").encode(), {}),
        (lambda text: text.replace("\n", "\r").encode(), {}),
        (lambda text: (text + "\n\n,,\n").encode(), {}),
    ],
)
def test_a_file_is_read_in_its_encoding(tmp_path: Path, encode: Callable[[str], bytes], form: dict[str, Any]) -> None:
    reading = reading_of(tmp_path, encode(f"model,price,note\n{ONE},9000,ü\n"), **form)
    assert (told(reading), amounts(reading)) == ([], {ONE: 900_000})
    assert (reading.rows, reading.not_read) == (1, ("note",))


@pytest.mark.parametrize(
    ("data", "form", "line", "words"),
    [
        (b"", {}, None, "has no header"),
        (b"\n", {}, None, "has no header"),
        (b"model;price\n", {}, 1, "or state --delimiter semicolon"),
        (b"model\tprice\n", {}, 1, "or state --delimiter tab"),
        (b"sep=;\nmodel;price\n", {}, 1, "--header-row 2 --delimiter semicolon reads it so"),
        (b"sep=x\nmodel;price\n", {}, 1, "--header-row 2 --delimiter comma"),
        (b"Handset,Rate\n", {"basis": None}, 1, "the column is missing. State its name"),
        (b"modell,price\n", {}, 1, "State its name: --model 'modell'"),
        (b"model,price_minor\n", {}, 1, "State its name: --price price_minor --unit minor"),
        (b"model,model,price\n", {}, 1, "2 columns have this name. Give each of them a name of its own"),
        (b"model,price\n\xe9,5\n", {}, 2, "is not utf-8 text: byte 0xe9. State its encoding"),
        ("model,price\nx,5\n".encode("utf-16-le"), {}, 1, "NUL bytes. --encoding utf-16-le may read it"),
        ("model,price\nx,5\n".encode("utf-16-be"), {}, 1, "--encoding utf-16-be may read it"),
        (b"\xef\xbb\xbfmodel,price\n", {"encoding": "windows-1252"}, None, "has the byte order mark of utf-8, and"),
        (b'model,price\n"x,5\n', {}, 2, "is not CSV"),
        (b"model,price\nx\n", {}, 2, "the row has 1 cell, the header 2"),
        (b"model,price\nx,12,499\n", {}, 2, "Quote a cell that holds what stands between cells"),
        (b"\xd0\xcf\x11\xe0", {}, None, "is an Excel file of the old kind, or one with a password"),
        (b"model,price\n", {"sheet": "Prices"}, None, "which has no sheet 'Prices'"),
        (b",".join([b"c"] * 201) + b"\n", {}, 1, "has more than 200 columns"),
        (b"model,price\n" + b'"' + b"x" * 140_000 + b'",5\n', {}, 2, "is not CSV: field larger"),
    ],
)
def test_a_file_that_is_not_as_stated_is_told(
    tmp_path: Path, data: bytes, form: dict[str, Any], line: int | None, words: str
) -> None:
    reading = reading_of(tmp_path, data, **form)
    assert amounts(reading) == {}
    first, _, sentence = told(reading)[0]
    assert first == line
    assert words in sentence


def test_the_charset_that_a_file_looks_to_be_in_is_named_and_not_taken(tmp_path: Path) -> None:
    text = "model,price,note\n" + "".join(f"{ONE},9000,«Prix déjà négocié à l'été, reçu €»\n" for _ in range(20))
    ((line, _, sentence),) = told(reading_of(tmp_path, text.encode("windows-1252")))
    assert line == 2
    assert "State its encoding: it looks like windows-125" in sentence


def test_without_the_charset_detector_the_encoding_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    ((_, _, sentence),) = told(reading_of(tmp_path, b"model,price\n\xe9,5\n"))
    assert sentence.endswith("State its encoding; or save it as UTF-8")


def test_titles_may_stand_above_the_header(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f"Prices of March\n\nmodel,price\n{ONE},9000\n", header_row=3)
    assert amounts(reading) == {ONE: 900_000}


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("a\0b")):
        (problem,) = read(path, base(), Form(basis="observed")).problems
        assert problem.line is None
        assert "does not exist" in problem.message or "cannot be read" in problem.message


def test_a_list_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((_, _, sentence),) = told(reading_of(tmp_path, b"x" * (limits.LIST_BYTES + 1)))
    assert "has more than 5,000,000 bytes" in sentence
    monkeypatch.setattr("miexchange.pricelists._reading.LIST_ROWS", 1)
    reading = reading_of(tmp_path, f"model,price\n{ONE},9000\n{FLIP},3000\n")
    assert told(reading) == [(3, "", "has more than 1 rows. Split it")]


def test_problems_have_a_bound(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "model,price\n" + "x,\n" * 2_000)
    assert len(reading.problems) == limits.PROBLEMS + 1
    assert "the rest was not looked at" in reading.problems[-1].message


def test_what_is_no_path_no_programme_or_no_form_is_refused(tmp_path: Path) -> None:
    wrong: list[tuple[Any, ...]] = [(7, base(), Form()), (tmp_path, "base", Form()), (tmp_path, base(), "csv")]
    for arguments in wrong:
        with pytest.raises(InvalidValue):
            read(*arguments)
    forms: list[Any] = [{"decimal": "comma", "grouping": "comma"}, {"signs": ("5",)}, {"signs": (" ₹",)}, {"model": ()}]
    for form in forms:
        with pytest.raises(InvalidValue):
            Form(**form)


# Files of Excel.


def test_a_sheet_of_excel_is_read(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Model", "Price", "Since", "Note", None],
        [ONE, 9000, date(2020, 4, 1), "x"],
        [],
        ["Zeta Flip", 3000.0, datetime(2020, 4, 1), None],  # noqa: DTZ001 - Excel knows no zones
        ["Acme Two", "₹11,000", "01/04/2020"],
    ]
    stated: dict[str, Any] = {"model": ("Model",), "price": "Price", "date": "Since"}
    reading = reading_of(tmp_path, excel(*rows), **stated, signs=("₹",), grouping="comma", dates="dmy")
    assert told(reading) == []
    assert amounts(reading) == {ONE: 900_000, FLIP: 300_000, "acme-two-6-128": 1_100_000}
    assert {one.effective_from for one in reading.prices} == {APRIL}
    assert (reading.rows, reading.not_read) == (3, ("Note",))


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ([ONE, True], "Price (column B)", "True is not an amount"),
        ([ONE, 9000.005], "Price (column B)", "has more than 2 decimals, or is out of range. Round it"),
        ([ONE, 1e300], "Price (column B)", "has more than 2 decimals, or is out of range"),
        ([ONE, -1], "Price (column B)", "is out of range"),
        ([ONE, date(2020, 1, 1)], "Price (column B)", "a date is not an amount"),
        ([ONE, timedelta(hours=1)], "Price (column B)", "a time is not an amount"),
        ([ONE, None], "Price (column B)", "a formula that was never computed is empty too"),
        ([ONE, "=1+1"], "Price (column B)", "a formula that was never computed is empty too"),
        ([ONE, "#REF!"], "Price (column B)", "#REF! is an error of the spreadsheet. Correct its formula there"),
        (["#N/A", 9000], "Model (column A)", "#N/A is no name"),
        ([4.5, 9000], "Model (column A)", "4.5 is no name"),
        ([3310, 9000], "Model (column A)", "'3310' is no model"),
        ([ONE, 9000, 43174], "Since (column C)", "43174 is a number. Format the column as a date; --dates excel reads"),
        ([ONE, 9000, 5], "Since (column C)", "'5' is not a date"),
        ([ONE, 9000, datetime(2020, 1, 1, 9)], "Since (column C)", "has a time of day"),  # noqa: DTZ001 - as above
        ([ONE, 9000, time(9)], "Since (column C)", "is not a date"),
        ([ONE, 9000, date(2020, 4, 1), "#DIV/0!"], "basis (column D)", "#DIV/0! is not known here"),
    ],
)
def test_a_cell_of_excel_that_cannot_be_read_is_told(tmp_path: Path, row: list[Any], column: str, words: str) -> None:
    data = excel(["Model", "Price", "Since", "basis"], [*row, *[date(2020, 4, 1), "observed"][max(len(row) - 2, 0) :]])
    stated: dict[str, Any] = {"model": ("Model",), "price": "Price", "date": "Since", "basis": None}
    ((line, found, sentence),) = told(reading_of(tmp_path, data, **stated))
    assert (line, found) == (2, column)
    assert words in sentence


def test_an_error_of_excel_in_the_source_is_kept_as_its_text(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, excel(["model", "price", "source"], [ONE, 9000, "#N/A"]), source="")
    assert reading.prices.prices[0].source == "#N/A"


def test_days_that_excel_counts_are_read_where_that_is_stated(tmp_path: Path) -> None:
    data = excel(["model", "price", "since"], [ONE, 9000, 43174])
    reading = reading_of(tmp_path, data, date="since", dates="excel")
    assert reading.prices.prices[0].effective_from == MARCH
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["model", "price", "since"], [ONE, 9000, 43174 - 1462]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    reading = read(tmp_path / "list.xlsx", base(), Form(basis="observed", date="since", dates="excel"))
    assert reading.prices.prices[0].effective_from == MARCH


def test_the_sheet_of_several_is_stated(tmp_path: Path) -> None:
    data = excel(["model", "price"], [ONE, 9000], sheets=("March", "April"))
    ((_, _, sentence),) = told(reading_of(tmp_path, data))
    assert sentence == "has 2 sheets. State one with --sheet: March, April"
    assert amounts(reading_of(tmp_path, data, sheet="March")) == {ONE: 900_000}
    assert "has no sheet 'May'" in told(reading_of(tmp_path, data, sheet="May"))[0][2]
    ((line, _, sentence),) = told(reading_of(tmp_path, data, sheet="April"))
    assert (line, sentence.startswith("row 1 is empty")) == (1, True)


def test_titles_may_stand_above_the_header_in_excel(tmp_path: Path) -> None:
    data = excel(["Prices of March"], [], ["model", "price"], [ONE, "x"])
    ((line, column, _),) = told(reading_of(tmp_path, data, header_row=3))
    assert (line, column) == (4, "price (column B)")


def test_a_column_far_to_the_right_is_named_with_its_letters(tmp_path: Path) -> None:
    data = excel(["model", *["x"] * 26, "price"], [ONE, *[""] * 26, "x"])
    ((_, column, _),) = told(reading_of(tmp_path, data))
    assert column == "price (column AB)"


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"
ROW = b"".join(
    [
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>model</t></is></c>',
        b'<c r="B1" t="inlineStr"><is><t>price</t></is></c></row>',
    ]
)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (SHEET, HEAD + b" " * 4_000_000 + TAIL, "unpacks to more than 4,000,000 bytes"),
        (SHEET, HEAD + b"<row/>" * 400_001 + TAIL, "has more than 400,000 tags"),
        ("xl/styles.xml", b" " * 200_001, "has more than 200,000 bytes of styles"),
        (SHEET, b'<!DOCTYPE x [<!ENTITY a "b">]>' + HEAD + TAIL, "declares entities"),
        (SHEET, HEAD + b"<row", "cannot be read as .xlsx"),
        (SHEET, HEAD + ROW + b"<row", "cannot be read as .xlsx"),
        (
            SHEET,
            HEAD + ROW + b'<row r="2"><c r="A2"><v>' + b"9" * 5_000 + b"</v></c></row>" + TAIL,
            "cannot be read as",
        ),
        ("xl/workbook.xml", b"<x/>", "has 0 sheets"),
    ],
)
def test_a_bomb_or_a_damaged_file_is_told(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    data = with_part(excel(["model", "price"]), name, content)
    assert words in told(reading_of(tmp_path, data))[0][2]


def test_a_file_of_many_parts_is_told(tmp_path: Path) -> None:
    data = excel(["model", "price"])
    for number in range(2):
        data = with_part(data, f"xl/{number}.xml", b"")
    import io  # noqa: PLC0415 - of this one
    import zipfile  # noqa: PLC0415 - as above

    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a") as book:
        for number in range(1_001):
            book.writestr(f"a{number}.xml", b"")
    assert "unpacks to more" in told(reading_of(tmp_path, packed.getvalue()))[0][2]


def test_a_damaged_zip_is_told(tmp_path: Path) -> None:
    assert "cannot be read as .xlsx: BadZipFile" in told(reading_of(tmp_path, b"PK\x03\x04" + b"x" * 100))[0][2]


def test_a_row_far_to_the_right_and_far_below_costs_nothing(tmp_path: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    reading = reading_of(tmp_path, with_part(excel(["model", "price"]), SHEET, HEAD + ROW + far + TAIL))
    assert (told(reading), reading.rows) == ([], 0)


def test_without_openpyxl_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = excel(["model", "price"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'miexchange[prices]'" in told(reading_of(tmp_path, data))[0][2]
