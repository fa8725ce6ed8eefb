"""TAC tables: every layout that circulates, every way in which a file is broken, and the table itself."""

from __future__ import annotations

import dataclasses
import gzip
import pickle
from array import array
from base64 import b64decode
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from miexchange._tac_files import named
from miexchange.errors import DataError, InvalidValue, Problem, VersionError
from miexchange.imei import Imei
from miexchange.tac import TacDevice, TacReport, TacTable

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "tac"

# layout, rows, entries, devices, padded_7, merged, conflicts, lines with a problem
SAMPLE_COUNTS = {
    "osmocom_tacdb_2025.csv": ("osmocom", 22527, 22525, 6196, 0, 2, 1, ()),
    "formats/gsma_dump_BlankTac_july_2016.txt": ("gsma (pipe)", 3, 2, 2, 0, 0, 0, (2,)),
    "formats/gsma_dump_InvalidTac_july_2016.txt": ("gsma (pipe)", 3, 2, 2, 0, 0, 0, (2,)),  # 09: a test number
    "formats/gsma_dump_commadelimited_2016.txt": ("gsma (comma)", 3, 3, 3, 0, 0, 0, ()),
    "formats/gsma_dump_duplicaterecord_2016.txt": ("gsma (pipe)", 2, 1, 1, 0, 1, 0, ()),
    "formats/gsma_dump_extracolumns_July_2016.txt": ("gsma (pipe)", 3, 3, 3, 0, 0, 0, ()),
    "formats/gsma_dump_mixedcases_2016.txt": ("gsma (pipe)", 3, 3, 3, 0, 0, 0, ()),
    "formats/gsma_dump_rat_computation_check.txt": ("gsma (pipe)", 9, 9, 3, 0, 0, 0, ()),
    "formats/gsma_dump_requiredfields_reordered_july_2016.txt": ("gsma (pipe)", 3, 3, 3, 0, 0, 0, ()),
    "formats/gsma_dump_uneven_columns.txt": ("gsma (pipe)", 1, 0, 0, 0, 0, 0, (2,)),  # its one row lacks a cell
    "formats/gsma_dump_white_spaces.txt": ("gsma (pipe)", 2, 2, 2, 0, 0, 0, ()),
    "formats/sample_gsma_import_list_anonymized.txt": ("dirbs (pipe)", 7, 7, 3, 0, 0, 0, ()),
}


OLDER = (
    "gASVrQEAAAAAAACMDm1pZXhjaGFuZ2UudGFjlIwIVGFjVGFibGWUk5QpgZRdlCiMBWFycmF5lIwUX2FycmF5X3JlY29uc3RydWN0b3KUk5Qo"
    "jAVhcnJheZSMBWFycmF5lJOUjAFJlEsGQwjLbhwCy24cApR0lFKUaAcoaApoC0sGQwgAAAAAAQAAAJR0lFKUjBFtaWV4Y2hhbmdlLl92YWx1"
    "ZZSMCl91bnBpY2tsZWSUk5RoAIwJVGFjRGV2aWNllJOUSwF9lCiMBWJyYW5klIwEQWNtZZSMBW1vZGVslIwDT25llIwGc291cmNllIwAlHWH"
    "lFKUaBRoFksBfZQoaBhoGWgajANUd2+UaByMBmEgc2hvcJR1h5RSlIaUaBRoAIwJVGFjUmVwb3J0lJOUSwF9lCiMBGZpbGWUjAY8cm93cz6U"
    "jAZsYXlvdXSUjARyb3dzlGgsSwKMB2RldmljZXOUSwKMCHBhZGRlZF83lEsAjAhwYWRkZWRfNpRLAIwGbWVyZ2VklEsAjAljb25mbGljdHOU"
    "SwGMCHByb2JsZW1zlCmMCGxlZnRfb3V0lEsAdYeUUpRlYi4="
)
"""A pickle of two devices, of the version before 2026-11-30."""


def read(folder: Path, content: str | bytes, *, pad_six_digits: bool = False) -> TacTable:
    path = folder / "tacs.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TacTable.read(path, pad_six_digits=pad_six_digits)


def entries(table: TacTable) -> list[tuple[str, str, str]]:
    return [(tac, device.brand, device.model) for tac, device in table]


def test_every_sample_reads_with_exact_counts() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the public samples are not beside this checkout")
    found = {}
    for path in sorted(SAMPLES.rglob("*.*")):
        table = TacTable.read(path)
        report = table.report
        assert report.file == str(path)
        assert report.padded_6 == 0
        assert report.rows == len(table) + report.merged + report.left_out
        assert report.left_out == len(report.problems)
        lines = tuple(problem.line for problem in report.problems)
        counts = (report.rows, len(table), report.devices, report.padded_7, report.merged, report.conflicts)
        found[path.relative_to(SAMPLES).as_posix()] = (report.layout, *counts, lines)
    assert found == SAMPLE_COUNTS


def test_the_osmocom_sample_names_known_phones() -> None:
    path = SAMPLES / "osmocom_tacdb_2025.csv"
    if not path.is_file():
        pytest.skip("the public samples are not beside this checkout")
    table = TacTable.read(path)
    assert table.lookup(Imei("490154203237518")) == (TacDevice("Nokia", "3110", path.name),)
    assert [device.model for device in table.lookup("33205600")] == ["DMC 830", "M314-B0"]  # one had a leading space
    assert table.lookup("86000000") == ()


OSMOCOM = "tac,name,name,contributor,comment,gsmarena,gsmarena,aka\n"
GSMA = "TAC|Marketing Name|Manufacturer (or) Applicant|Bands|Brand Name|Model Name\n"

LAYOUTS = [
    (f"Some TAC database, its licence\n{OSMOCOM}01234567,Acme,One,me,,,,\n", "osmocom", "Acme", "One"),
    (f'{OSMOCOM}01234567,Acme,unknown,me,,,,"A1,A2"\n', "osmocom", "Acme", "A1,A2"),  # its other names
    ("tac,name,name\n01234567,Acme,One\n", "osmocom", "Acme", "One"),
    (f"{GSMA}01234567|One|Acme Ltd|GSM 900|Acme|A1\n", "gsma (pipe)", "Acme", "One"),
    (f"{GSMA}01234567|Not Known|Acme Ltd|GSM 900|NOT KNOWN|A1\n", "gsma (pipe)", "Acme Ltd", "A1"),  # null tokens
    (f"{GSMA}01234567|N/A|Acme Ltd|GSM 900|NOT SUPPORTED|-\n", "gsma (pipe)", "Acme Ltd", ""),
    (GSMA.replace("|", "\t") + '01234567\tOne 5"\tAcme\t-\t\t\n', "gsma (tab)", "Acme", 'One 5"'),  # an inch
    ("Brand Name|MARKETING NAME|Tac\nAcme|One|01234567\n", "gsma (pipe)", "Acme", "One"),  # order and case
    ("tac|manufacturer|model_name|optional_fields\n01234567|Acme|One|{}\n", "dirbs (pipe)", "Acme", "One"),
    ("tac,brand,model\n01234567,Acme,One\n", "plain (comma)", "Acme", "One"),
    ('tac,brand,model\n01234567,Acme,"One, red, 5"""\n', "plain (comma)", "Acme", 'One, red, 5"'),
    ("tac,manufacturer,model\r\n01234567,Acme,One\r\n", "plain (comma)", "Acme", "One"),  # line ends of Windows
    ("tac,brand,model\r01234567,Acme,One\r", "plain (comma)", "Acme", "One"),  # and of old Macs
    ("tac;marca;modelo\n01234567;Acme;Uno\n", "plain (semicolon)", "Acme", "Uno"),
    ("TAC Code, Handset-Brand ,handset  model\n01234567,Acme,One\n", "plain (comma)", "Acme", "One"),
    ("\ufefftac,brand,model\n01234567,Acme,One\n", "plain (comma)", "Acme", "One"),  # byte order mark
    ('"tac","brand","model"\n"01234567","Acme","One"\n', "plain (comma)", "Acme", "One"),
    ("tac,brand,model\n'01234567, Acme ,'One\n", "plain (comma)", "Acme", "One"),  # a spreadsheet's marks of a text
    ("tac,brand,model\n 01234567 ,,One\n", "plain (comma)", "", "One"),
    ("tac,brand,model\n1234567,Acme,One\n", "plain (comma)", "Acme", "One"),  # a lost zero
    ("tac,brand,model\n01234567,Acme,\u00c4\u2028\u00d6\n", "plain (comma)", "Acme", "\u00c4\u2028\u00d6"),
    ('Brand,TAC,SPECS\nAcme,01234567,"One, GSM 900"\n', "specs (comma)", "Acme", "One"),
    ('Brand,TAC,SPECS\nAcme,01234567,"ACME, One, GSM"\n', "specs (comma)", "Acme", "One"),  # the brand repeated
    ("Brand,TAC,SPECS\nAcme,01234567,Acme\n", "specs (comma)", "Acme", "Acme"),
]


@pytest.mark.parametrize(("content", "layout", "brand", "model"), LAYOUTS, ids=range(len(LAYOUTS)))
def test_a_layout_is_recognised_by_its_header(
    tmp_path: Path, content: str, layout: str, brand: str, model: str
) -> None:
    table = read(tmp_path, content)
    assert entries(table) == [("01234567", brand, model)]
    assert (table.report.layout, table.report.rows, table.report.problems) == (layout, 1, ())
    assert table.lookup("01234567")[0].source == "tacs.csv"


def test_a_source_column_wins_over_the_files_name(tmp_path: Path) -> None:
    table = read(tmp_path, "tac,brand,model,source\n01234567,Acme,One,a shop\n01234568,Acme,One,\n")
    assert [device.source for _, device in table] == ["a shop", "tacs.csv"]


BAD_ROWS = [
    ("", "", "the line is blank"),
    ("01234567", "", "the row has 1 cell, the header 3"),
    ("01234567,Acme", "", "the row has 2 cells, the header 3"),  # ragged
    ("01234567,Acme,One,red", "", "the row has 4 cells, the header 3"),  # a comma that wants quotes
    (",Acme,One", "tac", "the TAC is blank"),
    ("',Acme,One", "tac", "the TAC is blank"),
    ("0123456A,Acme,One", "tac", "'0123456A' is not digits alone"),
    ("\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667,Acme,One", "tac", "is not digits alone"),  # Arabic-Indic
    ("01234567.0,Acme,One", "tac", "'01234567.0' is not digits alone"),  # a spreadsheet's float
    ("123456,Acme,One", "tac", "'123456' has 6 digits, which may be a whole TAC or not"),
    ("12345,Acme,One", "tac", "'12345' has 5 digits, a TAC has 8"),
    ("1,Acme,One", "tac", "'1' has 1 digit, a TAC has 8"),
    ("354178036859789,Acme,One", "tac", "'35417803******9' has 15 digits, a TAC has 8"),  # an IMEI, masked
    ("01234567,-,n/a", "", "the row names neither a brand nor a model"),
    ("01234567,NULL,#N/A", "", "the row names neither a brand nor a model"),
    ("9113177,Acme,One", "tac", "'9113177' has 7 digits, and with a leading zero it would be a test number"),
    ("0123456,Acme,One", "tac", "'0123456' has 7 digits, and with a leading zero it would be a test number"),
    ("\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17,Acme,One", "tac", "is not digits alone"),  # full width
    ("\u200b01234567,Acme,One", "tac", "is not digits alone"),  # a space of no width
    (f"01234567,{'x' * 201},One", "brand", "has 201 characters, at most 200 are read"),
    (f"01234567,Acme,{'x' * 201}", "model", "has 201 characters, at most 200 are read"),
    (f"01234567,Acme,{'x' * 100_000}", "", "the line has 100014 characters, at most 100000 are read"),
    ("01234567;Acme;One", "", "the row has 1 cell, the header 3"),  # another delimiter
    ('01234567,"Acme,One', "", "a quote is not closed on its line"),
    ('01234567,"Acme"x,One', "", "a quote is not closed on its line"),  # or closed too early
    ("01234567,Acme,\udce4", "", "the row is not UTF-8 text"),  # one byte of latin-1
]


@pytest.mark.parametrize(("row", "column", "message"), BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_a_bad_row_is_left_out_and_reported(tmp_path: Path, row: str, column: str, message: str) -> None:
    content = f"tac,brand,model\n35417803,Acme,Good\n{row}\n35417804,Acme,Good\n"
    table = read(tmp_path, content.encode(errors="surrogateescape"))
    assert [tac for tac, _ in table] == ["35417803", "35417804"]
    (problem,) = table.report.problems
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "tacs.csv"), 3, column)
    assert message in problem.message
    assert problem.remedy
    assert table.report.rows == 3


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ('="01234567"', "It is a formula of a spreadsheet"),
        ('"=""01234567"""', "It is a formula of a spreadsheet"),
        ("1.23E+07", "A spreadsheet rounded it: set the column to text"),
        ('"1,23E+07"', "A spreadsheet rounded it: set the column to text"),
        ("01234567.0", "It was read as a decimal number"),
        ('"""01234567"""', "Write the 8 digits without quotation marks"),
        ("0123456A", "Write the 8 digits of the TAC"),
    ],
)
def test_what_a_spreadsheet_made_of_a_tac_has_its_remedy(tmp_path: Path, cell: str, remedy: str) -> None:
    table = read(tmp_path, f"tac,brand,model\n{cell},Acme,One\n")
    (problem,) = table.report.problems
    assert (problem.line, problem.column, len(table)) == (2, "tac", 0)
    assert problem.remedy.startswith(remedy)


def test_a_file_of_nothing_but_faults_lists_the_first_and_counts_them_all(tmp_path: Path) -> None:
    report = read(tmp_path, "tac,brand,model\n" + "x\n" * 1_500).report
    assert (report.rows, report.left_out, len(report.problems)) == (1_500, 1_500, 1_000)
    assert [problem.line for problem in report.problems] == list(range(2, 1_002))


def test_a_cell_with_a_line_feed_makes_two_rows_and_both_are_reported(tmp_path: Path) -> None:
    table = read(tmp_path, 'tac,brand,model\n01234567,Acme,"One\nred"\n35417803,Acme,Two\n')
    assert [problem.line for problem in table.report.problems] == [2, 3]
    assert (table.report.rows, len(table)) == (3, 1)


WORDS_FOR_NOTHING = (
    *("", " ", "-", "--", "?", "???", "...", "*", "n/a", "N/A", "#N/A", "N.A.", "NA", "<NA>", "null", "NULL", "(null)"),
    *("None", "nan", "NaN", "nil", "unknown", "Not Known", "NOT SUPPORTED", "not available", "Not-Applicable", "TBD"),
    *("undefined", "(blank)", "0", "0.0", "#REF!", "#VALUE!", "#DIV/0!", "\u2014", "\uff1f", "\u00a0"),
    *("\\N", "NaT", "#NV", "#N/D", "#BEZUG!", "#\u00a1REF!", "#\u0421\u0421\u042b\u041b\u041a\u0410!", "unspecified"),
    *(
        "no data",
        "Unknown model",
        "None None",
        "unbekannt",
        "\u672a\u77e5",
        "\u041d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e",
    ),
)
REAL_NAMES = (
    "Nothing Phone",
    "Nokia",
    "8",
    "007",
    "NULL 2",
    "Nano",
    "#1",
    "#Acme",
    "N",
    "Unknown 5",
    "C++ 1",
    "\u8363\u8000",
    "\u0661",
)


@pytest.mark.parametrize("word", WORDS_FOR_NOTHING)
def test_words_for_nothing_name_no_phone(tmp_path: Path, word: str) -> None:
    rows = f"01234567;{word};One;{word}\n01234568;Acme;{word};\n01234569;{word};{word};x\n"
    table = read(tmp_path, f"tac;brand;model;source\n{rows}")
    assert list(table) == [
        ("01234567", TacDevice("", "One", "tacs.csv")),
        ("01234568", TacDevice("Acme", "", "tacs.csv")),
    ]
    assert [problem.message for problem in table.report.problems] == ["the row names neither a brand nor a model"]
    assert TacTable.of([("01234567", word, "One", word)]).lookup("01234567") == (TacDevice("", "One"),)
    with pytest.raises(InvalidValue, match="has a row that names no device: name a brand or a model in it"):
        TacTable.of([("01234567", word, word)])


MEANS_NOTHING = (
    *("na", "null", "none", "nan", "nat", "nil", "unknown", "undefined", "unspecified", "tbd", "tba", "tbc", "missing"),
    *("empty", "blank", "no data", "no value", "not known", "not supported", "not available", "not applicable"),
    *("0", "00", "not specified", "not provided", "not set", "not found", "not assigned", "unassigned"),
    *("unknown brand", "unknown model", "unknown device", "unknown manufacturer"),
    *("unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto"),
    *("неизвестно", "неизвестный", "未知", "不明", "نامعلوم"),
)


def test_each_word_for_nothing_is_read_in_any_spelling() -> None:
    for word in MEANS_NOTHING:
        spellings = (word, word.upper(), word.replace(" ", "-"), word.replace(" ", ""), f"({word})")
        assert [text for text in spellings if named(text)] == []
        assert named(f"{word}x") == f"{word}x"
    assert named("-" * 24) == ""
    assert named("-" * 25) == "-" * 25, "longer than any word for nothing"


COLUMNS = {
    "tac": ("tac", "TAC_Code"),
    "brand": (
        *("Brand Name", "brand", "handset-brand", "marca", "manufacturer"),
        *("manufacturer (or) applicant", "manufacturer or applicant"),
    ),
    "model": ("marketing name", "model", "model name", "handset model", "modelo", "internal model name"),
}
"""The names of each column; of several, the first has the name."""


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_is_known_by_each_of_its_names_in_an_order(tmp_path: Path, column: str) -> None:
    others = {name: cell for name, cell in (("tac", "01234567"), ("brand", "Acme"), ("model", "One")) if name != column}
    cell = "01234567" if column == "tac" else "Zeta"
    for name in COLUMNS[column]:
        content = f"{name};{';'.join(others)}\n{cell};{';'.join(others.values())}\n"
        assert cell in entries(read(tmp_path, content))[0]
    for first, second in pairwise(COLUMNS[column]) if column != "tac" else ():
        content = f"{second};{first};{';'.join(others)}\nOther;Zeta;{';'.join(others.values())}\n"
        assert "Zeta" in entries(read(tmp_path, content))[0]


def test_a_banner_before_the_header_has_at_most_nine_lines(tmp_path: Path) -> None:
    rows = "tac,brand,model\n01234567,Acme,One X\n"
    assert entries(read(tmp_path, "banner\n" * 9 + rows)) == [("01234567", "Acme", "One X")]
    with pytest.raises(DataError, match="has no tac column in its first 10 lines"):
        read(tmp_path, "banner\n" * 10 + rows)


@pytest.mark.parametrize("pad_six_digits", [False, True])
def test_a_tac_with_signs_around_it_is_read(tmp_path: Path, pad_six_digits: bool) -> None:  # noqa: FBT001 - a table
    content = "tac,brand,model\n'01234567,Acme,One\n 1234568 ,Acme,Two\n012345678,Acme,Three\n12345,Acme,Four\n"
    table = read(tmp_path, content, pad_six_digits=pad_six_digits)
    assert [tac for tac, _ in table] == ["01234567", "01234568"]
    assert [problem.line for problem in table.report.problems] == [4, 5]


@pytest.mark.parametrize("name", REAL_NAMES)
def test_a_name_that_only_looks_like_nothing_is_kept(tmp_path: Path, name: str) -> None:
    assert entries(read(tmp_path, f"tac,brand,model\n01234567,{name},{name}\n")) == [("01234567", name, name)]


@pytest.mark.parametrize("tac", [f"{first}234567" for first in range(10)])
def test_a_lost_zero_comes_back_only_where_phones_on_sale_have_one(tmp_path: Path, tac: str) -> None:
    # GSMA TS.06, appendix A: 00 and 02 to 09 are for test numbers, so of the TACs with a leading zero 01 is left.
    report = read(tmp_path, f"tac,brand,model\n{tac},Acme,One\n").report
    assert (report.padded_7, report.left_out) == ((1, 0) if tac[0] == "1" else (0, 1))


def test_every_bad_row_is_reported_with_its_own_line(tmp_path: Path) -> None:
    table = read(tmp_path, "banner\ntac,brand,model\n\nx,Acme,One\n01234567,Acme,One\n,,\n\n\n")
    assert [problem.line for problem in table.report.problems] == [3, 4, 6]  # the end of the file is no row
    assert (table.report.rows, len(table)) == (4, 1)


def test_six_digits_are_padded_only_on_request(tmp_path: Path) -> None:
    content = "tac,brand,model\n440236,Acme,One\n1234567,Acme,One\n"
    assert [problem.line for problem in read(tmp_path, content).report.problems] == [2]
    table = read(tmp_path, content, pad_six_digits=True)
    assert [tac for tac, _ in table] == ["00440236", "01234567"]
    assert (table.report.padded_6, table.report.padded_7, table.report.problems) == (1, 1, ())


def test_duplicates_merge_and_conflicts_stay(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "tac,brand,model,source\n"
        "35417803,Acme,One,x\n35417803,Acme,One,x\n 35417803 ,Acme,One,x\n"  # one entry thrice
        "35417803,Acme,Two,x\n35417803,Acme,Three,x\n"  # two more candidates: one conflict
        "35417804,Acme,One,x\n35417804,Acme,One,y\n",  # two sources that agree
    )
    assert (table.report.rows, len(table), table.report.merged, table.report.conflicts) == (7, 5, 2, 1)
    assert [device.model for device in table.lookup("35417803")] == ["One", "Three", "Two"]
    assert [device.source for device in table.lookup("35417804")] == ["x", "y"]


REFUSED = [
    (b"", "is empty"),
    (b"\xef\xbb\xbf \n \n", "is empty"),
    (b"brand,model\nAcme,One\n", "no tac column in its first 10 lines; the first is 'brand,model'. Understood are"),
    (b"\n\nbrand,model\n", "the first is 'brand,model'"),
    (b"\n" * 10 + b"tac,brand,model\n", "the first is 'tac,brand,model'"),  # too far down
    (b"tac,model,model2\n01234567,SM-1,SM-2\n", "the header 'tac,model,model2' has no column for the brand"),
    (b"tac\n01234567\n", "the header 'tac' has no column for the brand or manufacturer"),
    (b"tac:brand:model\n01234567:Acme:One\n", "no tac column in its first 10 lines; the first is 'tac:brand:model'"),
    (b"tac,brand\n01234567,Acme\n", "has no column for the model"),
    (b"tac,brand,model" + b"," * 100_000, "the header has 100003 columns, at most 2000 are read"),
    (b"tac,brand,model,Model\n01234567,Acme,One,Two\n", "model: stands 2 times in the header"),
    (
        b"01234567,Acme,One,\n01234568,Acme,Two,x\n",
        "has no header: its first line is '01234567,Acme,One,', which looks",
    ),
    (b"1234567,Acme,One\n", "Put a header such as tac,brand,model above it"),
    (b"354178036859789\n", "the first is '35417803******9'"),  # a list of IMEIs, masked
    (b"tac,brand,model\n\x00\x01", "is a binary file"),
    (b"PK\x03\x04rest", "is a zip file, as Excel workbooks are"),
    (gzip.compress(b"tac,brand,model\n"), "is compressed with gzip"),
    ("tac,brand,model".encode("utf-16"), "is UTF-16 text"),
    (b"\xfe\xff\0t\0a\0c", "is UTF-16 text"),
    (b'{"tac": "01234567"}', "no tac column"),
]


@pytest.mark.parametrize(("content", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_tac_table_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    assert words in str(caught.value)
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "tacs.csv")
    assert problem.remedy


def test_what_is_no_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a directory"):
        TacTable.read(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        TacTable.read(str(tmp_path / "none.csv"))
    with pytest.raises(DataError, match="cannot be read"):
        TacTable.read("\0")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DataError, match="cannot be read"):
        TacTable.read(tmp_path / "loop")


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    table = read(tmp_path, "tac,brand,model\n")
    assert (len(table), list(table), table.report.rows) == (0, [], 0)
    assert table.lookup("01234567") == ()
    assert table == TacTable.of([])


class TestTable:
    rows = (("35417803", "Acme", "Two"), ("35417803", "Acme", "One"), ("01234567", "Bolt", "A", "a shop"))

    def test_entries_are_ordered(self) -> None:
        assert entries(TacTable.of(self.rows)) == [
            ("01234567", "Bolt", "A"),
            ("35417803", "Acme", "One"),
            ("35417803", "Acme", "Two"),
        ]

    def test_lookup_by_imei_or_tac(self) -> None:
        table = TacTable.of(self.rows)
        both = (TacDevice("Acme", "One"), TacDevice("Acme", "Two"))
        assert table.lookup(Imei("354178036859789")) == table.lookup("35417803") == both
        assert table.lookup("01234567") == (TacDevice("Bolt", "A", "a shop"),)
        assert table.lookup("00000000") == table.lookup("20000000") == table.lookup("99999999") == ()

    @pytest.mark.parametrize(
        "given",
        [
            "354178036859789",  # an IMEI as text has to be read first
            "3541780",
            "3541780A",
            "\u0663" * 8,
            35417803,
            None,
        ],
    )
    def test_what_is_no_tac_is_refused(self, given: str) -> None:
        with pytest.raises(InvalidValue, match="give the 8 digits of a TAC as text") as caught:
            TacTable.of(self.rows).lookup(given)
        assert "685978" not in str(caught.value)

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (("3541780", "Acme", "One"), "give the 8 digits of a TAC as text"),
            (("35417803", "Acme", 1), "give brand, model and source as texts"),
            (("35417803", "Acme", "One", None), "give brand, model and source as texts"),
            (("35417803", "", ""), "has a row that names no device: name a brand or a model in it"),
        ],
    )
    def test_a_row_in_code_is_strict(self, row: tuple[str, str, str], words: str) -> None:
        with pytest.raises(InvalidValue, match=words):
            TacTable.of([row])

    @pytest.mark.parametrize("place", [1, 2, 3])
    def test_a_text_that_no_device_may_have_is_refused_by_its_field(self, place: int) -> None:
        row = ["35417803", "Acme", "One", "a shop"]
        for text in ("half of a pair: \ud800", "long " * 500):
            row[place] = text
            with pytest.raises(InvalidValue, match=f"TacDevice.{('brand', 'model', 'source')[place - 1]} "):
                TacTable.of([("35417803", "Acme", "Two", "a shop"), tuple(row)])  # type: ignore[list-item]  # of texts

    def test_equality_and_hash_are_by_content(self, tmp_path: Path) -> None:
        table = TacTable.of(self.rows)
        assert table == TacTable.of(reversed(self.rows))
        assert hash(table) == hash(TacTable.of(reversed(self.rows)))
        assert table != TacTable.of(self.rows[:2])
        assert table != self.rows
        assert table == pickle.loads(pickle.dumps(table))  # noqa: S301 - our own bytes
        again = TacTable.of((tac, device.brand, device.model, device.source) for tac, device in table)
        assert table == again
        file = read(tmp_path, "tac,brand,model\n35417803,Acme,One\n")
        assert file == TacTable.of([("35417803", "Acme", "One", "tacs.csv")])  # the report is not content

    def test_a_pickle_of_an_earlier_version_is_read(self) -> None:
        """It stored each device, and was not checked."""
        table = TacTable.of([("35417803", "Acme", "One"), ("35417803", "Acme", "Two", "a shop")])
        assert pickle.loads(b64decode(OLDER)) == table  # noqa: S301 - our own bytes
        assert pickle.loads(b64decode(OLDER)).report == table.report  # noqa: S301 - as above
        unset = object.__new__(TacTable)
        one = (TacDevice("Acme", "One"),)
        unset.__setstate__([[1], [0], one, table.report])
        assert entries(unset) == [("00000001", "Acme", "One")]
        states = [[[1], [0], (), table.report], [[1], [0], ("Acme One",), None], [[1], [], (), None]]
        lengths = [[[1], [0, 0], one, table.report], [[1, 2], [0], one, table.report]]
        for state in (None, [[1], [0], one, None], *states, *lengths):
            with pytest.raises(InvalidValue, match="TacTable is pickled in another form: read its file"):
                unset.__setstate__(state)

    @pytest.mark.parametrize("cells", [(), ("35417803",), ("35417803", "Acme"), ("35417803", "Acme", "One", "s", "x")])
    def test_a_row_has_three_cells_or_four(self, cells: tuple[str, ...]) -> None:
        rule = "give rows of TAC, brand, model, and where it matters the source"
        with pytest.raises(InvalidValue, match=f"^TacTable.of has a row of {len(cells)} cells: {rule}$"):
            TacTable.of([cells])  # type: ignore[list-item]  # the fault that is tested

    @pytest.mark.parametrize("tac", ["0123456", "012345678", "0123456A", "", 1234567, b"01234567"])
    def test_what_is_no_tac_is_told_from_another_type(self, tac: Any) -> None:  # noqa: ANN401 - anything
        for field, read in (
            ("TacTable.lookup", TacTable.of(self.rows).lookup),
            ("TacTable.of", lambda it: TacTable.of([(it, "Acme", "One")])),
        ):
            with pytest.raises(InvalidValue) as caught:
                read(tac)
            assert (caught.value.field, caught.value.kind) == (field, "range" if type(tac) is str else "type")
        assert tac not in TacTable.of(self.rows)
        assert "35417803" in TacTable.of(self.rows)
        assert "01234568" not in TacTable.of(self.rows)

    @pytest.mark.parametrize(
        "columns",
        [
            {"_tacs": array("I", [10**8])},  # of nine digits
            {"_tacs": array("L", [1])},
            {"_tacs": [1]},
            {"_tacs": array("I", [1, 2])},  # more than there are devices
            {"_devices": [array("I", [0])] * 3},
            {"_devices": (array("I", [0]),) * 2},
            {"_devices": (array("I", [0]), array("I", [0]), array("I"))},
            {"_devices": (array("I", [0]), array("I", [1]), array("I", [0]))},  # of which there is no text
            {"_texts": [("A",), ("B",), ("",)]},
            {"_texts": (("A",), ("B",))},
            {"_texts": (["A"], ("B",), ("",))},
            {"_texts": (("A",), ("B", "C"), ("",))},  # of which one is unused
            {"_texts": (("A",), ("x" * 201,), ("",))},
            {"_texts": (("",), ("",), ("",))},  # the name of no device
        ],
    )
    def test_columns_are_those_of_a_table(self, columns: dict[str, Any]) -> None:
        zero = array("I", [0])
        report = TacTable.of([("00000001", "A", "B")]).report
        sound: dict[str, Any] = {"_tacs": array("I", [1]), "_devices": (zero, zero, zero), "report": report}
        sound["_texts"] = (("A",), ("B",), ("",))
        assert entries(TacTable(**sound)) == [("00000001", "A", "B")]
        with pytest.raises(InvalidValue, match="TacTable is not sorted"):
            TacTable(**{**sound, **columns})

    @pytest.mark.parametrize(
        ("tacs", "places", "names"),
        [
            ([2, 1], [0, 0], ("A",)),
            ([1, 1], [0, 0], ("A",)),  # twice the same
            ([1, 1], [1, 0], ("A", "B")),
            ([1, 2], [0, 1], ("B", "A")),
            ([1, 2], [0, 1], ("A", "A")),
        ],
    )
    def test_columns_are_sorted_without_duplicates(
        self, tacs: list[int], places: list[int], names: tuple[str, ...]
    ) -> None:
        report, nothing = TacTable.of([]).report, array("I", [0, 0])
        sound = TacTable(array("I", [1, 1]), (array("I", [0, 1]), nothing, nothing), (("A", "B"), ("",), ("",)), report)
        assert entries(sound) == [("00000001", "A", ""), ("00000001", "B", "")]
        with pytest.raises(InvalidValue, match="TacTable is not sorted"):
            TacTable(array("I", tacs), (array("I", places), nothing, nothing), (names, ("",), ("",)), report)

    def test_the_form_of_a_pickle_is_known(self) -> None:
        _, (kind, form, state) = TacTable.of(self.rows).__reduce__()
        assert kind._of_state(form, state) == TacTable.of(self.rows)  # noqa: SLF001 - what pickle calls
        for another, columns in ((form + 1, state), (form, {**state, "more": 1}), (form, {})):
            with pytest.raises((InvalidValue, VersionError), match="TacTable"):
                kind._of_state(another, columns)  # noqa: SLF001 - as above

    def test_it_is_immutable(self) -> None:
        table = TacTable.of(self.rows)
        with pytest.raises(dataclasses.FrozenInstanceError):
            table.report = None  # type: ignore[misc,assignment]
        assert not hasattr(table, "__dict__")

    def test_repr(self) -> None:
        assert repr(TacTable.of(self.rows)) == "<TacTable: 3 entries, 3 devices, from <rows>>"

    def test_the_report_is_a_value(self) -> None:
        report = TacTable.of([*self.rows, self.rows[0]]).report
        assert report == TacReport("<rows>", "rows", 4, 3, 0, 0, 1, 1, ())
        broken = report.replace(problems=(Problem("x.csv", 2, "tac", "the TAC is blank", "Fill it in"),))
        assert TacReport.from_json(broken.to_json()) == broken
        assert TacDevice.from_json(TacDevice("Acme", "One").to_json()) == TacDevice("Acme", "One")
        with pytest.raises(InvalidValue, match=r"^TacDevice\.model is empty: name a brand or a model$"):
            TacDevice("", "")


def test_what_is_no_table_is_refused_with_the_right_words() -> None:
    with pytest.raises(DataError, match="5 is no table"):
        TacTable.read(5)
    with pytest.raises(InvalidValue, match=r"^pad_six_digits is 1: give True or False$"):
        TacTable.read(5, pad_six_digits=1)  # type: ignore[arg-type]  # the fault that is tested
