"""Reading tables strictly: every cell, every file and every frame that can be wrong, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
import pytest

from miexchange import DataError, Problem
from miexchange._bounded import Between, Id
from miexchange._csv import Lines, Row, has_columns, read_columns, read_lines, read_rows
from miexchange._files import read_text
from miexchange._limits import COLUMNS
from miexchange._problems import Problems
from miexchange._time import NotATime, instant_of
from miexchange._value import Value
from miexchange.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

IST = timezone(timedelta(hours=5, minutes=30))


@dataclass(frozen=True)
class Dated:
    """A row with a day, where it is known."""

    c: date | None


@dataclass(frozen=True)
class Timed:
    """A row with an instant, where it is known."""

    c: datetime | None


def row(value: object) -> Row:
    return Row("t.csv", 7, {"c": value}, Problems())


def told(one: Row) -> list[tuple[str, str]]:
    """Return what was noted about a row, each at its place; a row that was told of is not good."""
    assert all((problem.file, problem.line, problem.column) == ("t.csv", 7, "c") for problem in one.problems.found)
    assert one.good == (not one.problems.found)
    return [(problem.message, problem.remedy) for problem in one.problems.found]


BLANKS: list[object] = [None, "", "  ", "\t", float("nan"), np.float64("nan"), pd.NA, pd.NaT]


@pytest.mark.parametrize("value", BLANKS, ids=repr)
def test_a_blank_is_empty_whatever_it_is_made_of(value: object) -> None:
    assert row(value).is_empty("c")
    assert row(value).optional("c") == ""
    assert row(value).whole_or_none("c", Between(0, 9)) is None
    assert row(value).value(Dated, IST) == Dated(None)
    assert row(value).value(Timed, IST) == Timed(None)
    readings: dict[str, tuple[Callable[[Row], object], str]] = {
        "text": (lambda one: one.text("c"), "Write a value"),
        "whole": (lambda one: one.whole("c", Between(3, 9)), "Write a whole number"),
        "day": (lambda one: one.day("c"), "Write a date as 2018-03-15"),
        "instant": (
            lambda one: one.instant("c", IST),
            "Write a date as 2018-03-15, or a moment as 2018-03-15T09:30:00+05:30",
        ),
    }
    for read, remedy in readings.values():
        one = row(value)
        assert read(one) in {"", 3, None}
        assert told(one) == [("is empty", remedy)]


def test_a_column_that_is_not_there_is_empty() -> None:
    one = row("x")
    assert one.is_empty("other")
    assert one.optional("other") == ""
    assert one.good


def test_a_text_loses_the_space_around_it() -> None:
    assert row(" a b ").text("c") == "a b"
    assert row(" a b ").optional("c") == "a b"


@pytest.mark.parametrize(
    ("value", "shown"), [(5, "5"), (True, "True"), (1.5, "1.5"), (b"x", "a bytes"), (date(2018, 3, 15), "2018-03-15")]
)
def test_what_is_no_text_is_told(value: object, shown: str) -> None:
    for read in (Row.text, Row.optional):
        one = row(value)
        assert read(one, "c") == ""
        assert [message.replace("a date", "2018-03-15") for message, _ in told(one)] == [f"{shown} is not text"]


def test_a_choice_is_one_of_a_few_words() -> None:
    assert row("b").choice("c", ("a", "b")) == "b"
    one = row("x")
    one.choice("c", ("a", "b"))
    assert told(one) == [("'x' is not known here", "Write one of: a, b")]
    one = row("")
    one.choice("c", ("a", "b"))
    assert told(one) == [("is empty", "Write a value")]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0", 0),
        (" 42 ", 42),
        ("-7", -7),
        ("007", 7),
        (42, 42),
        (np.int64(42), 42),
        (np.uint8(7), 7),
        ("999", 999),
        ("-999", -999),
    ],
)
def test_a_whole_number_is_read_exactly(value: object, number: int) -> None:
    one = row(value)
    read = one.whole("c", Between(-999, 999))
    assert (read, type(read), told(one)) == (number, int, [])
    assert row(value).whole_or_none("c", Between(-999, 999)) == number


DIGITS_ALONE = "Write digits alone: whole minor units, basis points, or a count"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1.5", "'1.5'"),
        ("1e3", "'1e3'"),
        ("+5", "'+5'"),
        ("--5", "'--5'"),
        ("-", "'-'"),
        ("1,000", "'1,000'"),
        ("1_000", "'1_000'"),
        ("₹5", "'₹5'"),
        ("٣", "'٣'"),  # a digit of another script
        ("²", "'²'"),
        (True, "True"),
        (np.True_, "a bool"),
        (type("bool_", (int,), {})(5), "a bool"),  # as numpy 1 has it
        (Decimal(5), "a Decimal"),
        ([5], "a list"),
    ],
)
def test_what_is_no_whole_number_is_told(value: object, shown: str) -> None:
    one = row(value)
    assert one.whole("c", Between(3, 9)) == 3
    more = {"1,000": "Its digits stand in groups", "₹5": "It has a currency sign"}.get(f"{value}", "")
    more = more and f". {more}: write minor units alone: 12,499 rupees are 1249900 of them"
    assert [(message.replace("a bool_", "a bool"), remedy) for message, remedy in told(one)] == [
        (f"{shown} is not a whole number", f"{DIGITS_ALONE}{more}")
    ]


@pytest.mark.parametrize("value", [5.0, 1.5, np.float64(5), float("inf")])
def test_a_float_is_never_money(value: float) -> None:
    one = row(value)
    one.whole("c", Between(0, 9))
    assert told(one) == [
        (f"{float(value)} is a float", "A float is not exact: give a column of integers, such as pandas' Int64")
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("-1", "-1"),
        ("1000", "1000"),
        (1000, "1000"),
        ("9" * 19, "'99999999***********'"),
        (f"{2**63 - 1}", "92233720***********"),
        (f"{2**63}", "'92233720***********'"),  # a number of more than 64 bits is shown as it is written
        ("354178036859789", "35417803******9"),  # an IMEI in another column is an IMEI still
        (354178036859789, "35417803******9"),
        ("1" + "0" * 5_000, None),
    ],
)
def test_a_number_out_of_range_is_told_with_the_range(value: object, shown: str | None) -> None:
    one = row(value)
    one.whole("c", Between(0, 999))
    ((message, remedy),) = told(one)
    assert message.endswith("is out of range")
    assert len(message) < 100
    assert shown is None or message == f"{shown} is out of range"
    assert remedy == "Write a whole number from 0 to 999"


@pytest.mark.parametrize(
    "value",
    ["2018-03-15", " 2018-03-15 ", date(2018, 3, 15), datetime(2018, 3, 15), pd.Timestamp("2018-03-15")],  # noqa: DTZ001 - a midnight of a frame
)
def test_a_day_is_read_from_one_form(value: object) -> None:
    one = row(value)
    read = one.day("c")
    assert (read, type(read), told(one)) == (date(2018, 3, 15), date, [])
    assert row(value).day("c") == date(2018, 3, 15)


@pytest.mark.parametrize(
    "value",
    [
        "15-03-2018",
        "2018/03/15",
        "20180315",
        "2018-W11-4",  # Python reads this week date
        "2018-3-15",
        "2018-02-30",
        "2018-03-15T00:00",
        "0000-01-01",
        "２018-03-15",  # noqa: RUF001 - a digit of another script
        20180315,
        datetime(2018, 3, 15, 9),  # noqa: DTZ001 - a time of day without a zone
        datetime(2018, 3, 15, tzinfo=UTC),  # an instant: a day in another zone may be another one
        pd.Timestamp("2018-03-15T09:00"),
    ],
)
def test_what_is_no_day_is_told(value: object) -> None:
    one = row(value)
    assert one.day("c") is None
    ((message, remedy),) = told(one)
    assert message.endswith(" is not a date")
    more = ". The year comes first: which of the other numbers is the month cannot be told"
    assert remedy == "Write a date as 2018-03-15" + more * (value == "15-03-2018")


MIDNIGHT = datetime(2018, 3, 14, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2018-03-15",
        date(2018, 3, 15),
        datetime(2018, 3, 15),  # noqa: DTZ001 - as a frame holds a date
        pd.Timestamp("2018-03-15"),
        pd.Timestamp("2018-03-15", tz="Asia/Kolkata"),
        "2018-03-15T00:00+05:30",
        "2018-03-15T00:00:00+05:30",
        "2018-03-14T18:30:00.000000Z",
        datetime(2018, 3, 14, 18, 30, tzinfo=UTC),
    ],
    ids=str,
)
def test_an_instant_is_read_in_utc(value: object) -> None:
    one = row(value)
    read = one.instant("c", IST)
    assert (read, type(read), told(one)) == (MIDNIGHT, datetime, [])
    assert read is not None
    assert read.tzinfo is UTC
    assert row(value).instant("c", IST) == MIDNIGHT


def test_an_instant_keeps_its_microseconds() -> None:
    assert row("2018-03-15T00:00:00.000001+05:30").instant("c", IST) == MIDNIGHT + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("2018-03-15T09:30", "2018-03-15T09:30 has no time zone"),
        ("2018-03-15T00:00:00", "2018-03-15T00:00:00 has no time zone"),
        (datetime(2018, 3, 15, 9), "2018-03-15 09:00:00 has no time zone"),  # noqa: DTZ001 - the point
        ("2018-03-15T25:00Z", "2018-03-15T25:00Z is not a date"),
        ("2018-W11-4T09:30Z", "'2018-W11-4T09:30Z' is not a date"),
        ("2018-02-30T09:30Z", "2018-02-30T09:30Z is not a date"),
        ("soon", "'soon' is not a date"),
        (20180315, "20180315 is not a date"),
        ("2018-03-15T00:00:00.000000001Z", "2018-03-15T00:00:00.000000001Z is finer than a microsecond"),
        ("9999-12-31", "'9999-12-31' is outside the years 1900 to 9900"),
        ("0001-01-01T00:00:00+05:30", "0001-01-01T00:00:00+05:30 is outside the years 1900 to 9900"),
        (
            pd.Timestamp("2018-03-15T00:00:00.000000001Z"),
            "2018-03-15 00:00:00.000000001+00:00 is finer than a microsecond",
        ),
    ],
)
def test_what_is_no_instant_is_told(value: object, what: str) -> None:
    one = row(value)
    assert one.instant("c", IST) is None
    assert [message for message, _ in told(one)] == [what]
    assert one.problems.found[0].remedy


@pytest.mark.parametrize("value", ["2018-03-15", " 2018-03-15", date(2018, 3, 15), pd.Timestamp("2018-03-15")], ids=str)
def test_a_day_is_no_instant_without_a_zone(value: object) -> None:
    one = row(value)
    assert one.instant("c", None) is None
    ((message, remedy),) = told(one)
    assert message.endswith("is a day, and no zone says when it begins")
    assert remedy == "Give `zone`, or write a moment with its offset"


def test_an_instant_is_within_the_years_of_every_instant() -> None:
    for moment in (date(1900, 1, 1), date(9900, 12, 31)):
        assert instant_of(moment, IST).tzinfo is UTC
    for moment in (date(1899, 12, 31), date(9901, 1, 1)):
        with pytest.raises(NotATime):
            instant_of(moment, IST)


@dataclass(frozen=True)
class Parcel(Value):
    """A parcel, whose days are in order."""

    to: Id
    size: Literal["small", "large"]
    weight: Annotated[int, Between(1, 9)]
    tags: tuple[str, ...]
    sent: date
    seen: datetime
    kept: date | None = None
    price: Annotated[int, Between(5, 9)] | None = None

    def _faults(self) -> Iterator[tuple[str, object, str]]:
        if self.to == "nobody":
            yield "to", self.to, "give somebody"
        if self.weight == 7:
            yield "weight", self.weight, "give another weight than 7"


PARCEL = {"to": "Pune", "size": "small", "weight": "5", "tags": "", "sent": "2018-03-15", "seen": "2018-03-15"}
NAMES = (*PARCEL, "kept", "price")


def parcels(*changes: dict[str, Any]) -> tuple[Lines, list[Problem]]:
    problems = Problems()
    cells = [
        (line, [{**PARCEL, "kept": "", "price": "", **change}[name] for name in NAMES])
        for line, change in enumerate(changes, 7)
    ]
    return Lines("t.csv", NAMES, cells, problems), problems.found


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, {}),
        ({"to": " Pune "}, {}),
        ({"size": "large"}, {"size": "large"}),
        ({"weight": "9"}, {"weight": 9}),
        ({"tags": "a|b"}, {"tags": ("a", "b")}),
        ({"tags": " a | | b |"}, {"tags": ("a", "b")}),
        ({"kept": "2018-03-16"}, {"kept": date(2018, 3, 16)}),
        ({"price": "5"}, {"price": 5}),
        ({"seen": "2018-03-15T00:00Z"}, {"seen": datetime(2018, 3, 15, tzinfo=UTC)}),
    ],
)
def test_a_cell_is_read_by_the_type_of_its_field(change: dict[str, Any], fields: dict[str, Any]) -> None:
    made = Parcel("Pune", "small", 5, (), date(2018, 3, 15), MIDNIGHT).replace(**fields)
    lines, problems = parcels({}, change)
    assert [one.value(Parcel, IST) for one in lines.rows()][1] == made
    assert (lines.values(Parcel, IST) or [])[1:] == [made]
    assert problems == []


@pytest.mark.parametrize(
    ("change", "column", "message", "remedy"),
    [
        ({"to": ""}, "to", "is empty", "Write a value"),
        ({"to": "nobody"}, "to", "'nobody' does not fit", "Give somebody"),
        ({"to": "x" * 201}, "to", f"{shown('x' * 201)} does not fit", "Give one line of text"),
        ({"size": "huge"}, "size", "'huge' is not known here", "Write one of: small, large"),
        ({"weight": "0"}, "weight", "0 is out of range", "Write a whole number from 1 to 9"),
        ({"weight": "7"}, "weight", "'7' does not fit", "Give another weight than 7"),
        ({"price": "4"}, "price", "4 is out of range", "Write a whole number from 5 to 9"),
        ({"sent": ""}, "sent", "is empty", "Write a date"),
        ({"sent": "soon"}, "sent", "'soon' is not a date", "Write a date"),
        ({"seen": "soon"}, "seen", "'soon' is not a date", "Write a date"),
        ({"tags": 5}, "tags", "5 is not text", "Write a text"),
    ],
)
def test_a_cell_that_does_not_fit_is_told_with_its_column(
    change: dict[str, Any], column: str, message: str, remedy: str
) -> None:
    """Of the columns at once, `Lines.values`, nothing is told: the rows are then read one by one."""
    lines, problems = parcels({}, change, {})
    assert lines.values(Parcel, IST) is None
    assert problems == []
    read = [one.value(Parcel, IST) for one in lines.rows()]
    assert [one is None for one in read] == [False, True, False]
    ((line, where, what, how),) = [(one.line, one.column, one.message, one.remedy) for one in problems]
    assert (line, where, what) == (8, column, message)
    assert how.startswith(remedy)


def test_the_columns_of_a_table_without_rows_are_no_values() -> None:
    assert not parcels()[0].values(Parcel, IST)
    lines, _ = parcels({})
    bare = Lines("t.csv", NAMES[:6], [(7, lines.cells[0][1][:6])], lines.problems)
    assert bare.values(Parcel, IST) == lines.values(Parcel, IST)
    assert bare.values(Parcel, None) is None  # a day without a zone


def test_a_value_names_the_column_of_its_field() -> None:
    def made(cells: dict[str, Any], columns: dict[str, str]) -> tuple[Row, object]:
        one = Row("t.csv", 7, cells, Problems())
        fields = ("nobody", "small", 5, (), date(2018, 3, 15))
        return one, one.made(Parcel, columns, *fields, seen=MIDNIGHT)

    one, found = made({"town": "nobody "}, {"to": "town"})
    assert found is None
    assert not one.good
    assert [str(problem) for problem in one.problems.found] == ["t.csv:7: town: 'nobody ' does not fit. Give somebody"]
    one, found = made({}, {})  # where no cell says it, the value does
    assert [str(problem) for problem in one.problems.found] == ["t.csv:7: to: 'nobody' does not fit. Give somebody"]
    one.good = False
    assert one.made(Parcel, {}, "never made") is None
    assert len(one.problems.found) == 1


def test_problems_are_raised_all_at_once() -> None:
    problems = Problems()
    problems.raise_if_any()
    problems.add("a.csv", 2, "c", "is wrong", "Mend it")
    problems.add("a.csv", None, "", "is empty", "Fill it")
    with pytest.raises(DataError) as caught:
        problems.raise_if_any()
    assert caught.value.problems == tuple(problems.found)
    assert str(caught.value) == "a.csv:2: c: is wrong. Mend it\na.csv: is empty. Fill it"


# Files.


def read(tmp_path: Path, content: bytes) -> tuple[list[tuple[int, dict[str, Any]]], list[Problem]]:
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    problems = Problems()
    rows = read_rows(file, ("a", "b"), ("x",), problems, file="t.csv")
    return [(one.line, one.cells) for one in rows], problems.found


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n3,4\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"a,b\r\n1,2\r\n3,4\r\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"a,b\r1,2\r", [(2, "1", "2")]),
        (b"\xef\xbb\xbfa,b\n1,2", [(2, "1", "2")]),
        (b"\n\na , b\n\n1,2\n", [(5, "1", "2")]),
        (b"b,a\n2,1\n", [(2, "1", "2")]),
        (b'a,b\n"1\n1","2,2"\n"3""",4\n', [(2, "1\n1", "2,2"), (4, '3"', "4")]),
        ("a,b\n1\u2028\x0b\x85,2\n3,4\n".encode(), [(2, "1\u2028\x0b\x85", "2"), (3, "3", "4")]),  # no line ends
        (b"a,b\n", []),
    ],
    ids=range(9),
)
def test_rows_are_read_with_their_lines(tmp_path: Path, content: bytes, rows: list[tuple[int, str, str]]) -> None:
    found, problems = read(tmp_path, content)
    assert [(line, cells["a"], cells["b"]) for line, cells in found] == rows
    assert problems == []


def test_an_optional_column_may_be_there(tmp_path: Path) -> None:
    found, problems = read(tmp_path, b"a,x,b\n1,9,2\n")
    assert (found, problems) == ([(2, {"a": "1", "x": "9", "b": "2"})], [])


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (b"", None, "", "is empty"),
        (b"\n \n"[:1], None, "", "is empty"),
        (b"a,b,c\n", 1, "c", "is not a column of this table"),
        (b"\na,b,\n", 2, "", "column 3 of the header has no name"),
        (b"a\n", 1, "b", "the column is missing"),
        (b"a,b,a\n", 1, "a", "duplicate column"),
        (b"a,b\n1\n", 2, "", "the row has 1 cell, the header 2"),
        (b"a,b\n1,2,3\n", 2, "", "the row has 3 cells, the header 2"),
        (b'"a,b\n', 1, "", "is not CSV: unexpected end of data"),
        (b'a,b\n1,"2\n3,4\n', 2, "", "is not CSV: unexpected end of data"),
        (b"a,b\n1," + b"9" * 200_000 + b"\n", 2, "", "is not CSV: field larger than field limit (131072)"),
        (b"a,b\n\n1,\xff\n", 3, "", "is not UTF-8 text: byte 0xff"),
        ("a,b\n".encode("utf-16"), 1, "", "is not UTF-8 text: byte 0xff"),
    ],
    ids=range(13),
)
def test_a_file_that_is_wrong_is_told_with_the_line(
    tmp_path: Path, content: bytes, line: int | None, column: str, message: str
) -> None:
    found, problems = read(tmp_path, content)
    assert found == []
    assert [(one.file, one.line, one.column, one.message) for one in problems] == [("t.csv", line, column, message)]
    assert problems[0].remedy


def test_every_fault_of_a_header_is_told(tmp_path: Path) -> None:
    _, problems = read(tmp_path, b"b,b,c,\n1,2,3,4\n")
    assert [(one.column, one.message) for one in problems] == [
        ("b", "duplicate column"),
        ("c", "is not a column of this table"),
        ("", "column 4 of the header has no name"),
        ("a", "the column is missing"),
    ]


def test_good_rows_are_read_around_bad_ones(tmp_path: Path) -> None:
    found, problems = read(tmp_path, b"a,b\n1\n1,2\n1,2,3\n")
    assert [line for line, _ in found] == [3]
    assert [one.line for one in problems] == [2, 4]


def test_a_path_may_be_a_text_and_names_the_file(tmp_path: Path) -> None:
    problems = Problems()
    assert read_rows(f"{tmp_path}/none.csv", ("a",), (), problems) == []
    assert [str(one) for one in problems.found] == [
        f"{tmp_path}/none.csv: does not exist. Check the path, or add the file"
    ]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    problems = Problems()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, loop, tmp_path / "a\0b"):
        assert read_text(path, "f", problems) is None
    assert problems.found[0].message == "is a directory"
    assert [one.message.partition(":")[0] for one in problems.found[1:]] == ["cannot be read"] * 2


def test_a_table_is_named_by_its_path_or_by_its_caller(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    for source, named in ((file, f"{file}"), (f"{file}", f"{file}"), (pd.DataFrame({"a": [], "b": []}), "<frame>")):
        assert read_lines(source, ("a",), ("b",), Problems()).file == named
        assert read_lines(source, ("a",), ("b",), Problems(), file="it").file == "it"
        assert {one.file for one in read_rows(source, ("a",), ("b",), Problems())} <= {named}


def test_the_cells_of_a_file_are_columns(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("b, a\n1,2\n3,4\n", encoding="utf-8")
    problems = Problems()
    assert read_columns(file, ("a",), ("b",), problems) == {"b": ["1", "3"], "a": ["2", "4"]}
    assert problems.found == []
    assert read_columns(file, ("c",), ("a",), problems) == {}
    assert [(one.file, one.column) for one in problems.found] == [(f"{file}", "b"), (f"{file}", "c")]


def test_an_empty_file_is_told_the_header_that_it_lacks(tmp_path: Path) -> None:
    _, problems = read(tmp_path, b"")
    assert [(one.message, one.remedy) for one in problems] == [("is empty", "Write a header line: a,b")]


def test_a_header_has_columns_and_not_too_many() -> None:
    problems = Problems()
    assert has_columns(["a"] * COLUMNS, ("a", "b"), "t.csv", 1, problems)
    assert problems.found == []
    assert not has_columns(["a"] * (COLUMNS + 1), ("a", "b"), "t.csv", 1, problems)
    assert not has_columns(["a;b"], ("a", "b"), "t.csv", 1, problems)
    assert [(one.line, one.column, one.message) for one in problems.found] == [
        (1, "", "has 2,001 columns"),
        (1, "", "the header is one cell"),
    ]
    assert problems.found[0].remedy == "Keep at most 2,000: a,b"


# Frames.


def frame_of(rows: Any) -> tuple[list[Row], list[Problem]]:  # noqa: ANN401 - anything may be given
    problems = Problems()
    return read_rows(rows, ("a", "b"), ("x",), problems), problems.found


def test_a_frame_is_read_by_its_columns_and_counted_from_one() -> None:
    frame = pd.DataFrame({"b": ["x", "y"], "a": [1, 2]}, index=[70, 3])
    rows, problems = frame_of(frame)
    assert problems == []
    assert [(one.file, one.line, one.cells) for one in rows] == [
        ("<frame>", 1, {"a": 1, "b": "x"}),
        ("<frame>", 2, {"a": 2, "b": "y"}),
    ]
    assert frame_of(pd.DataFrame({"a": [], "b": []})) == ([], [])


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pd.DataFrame({"a": [1]}), [("b", "the column is missing")]),
        (pd.DataFrame({"a": [1], "b": [2], 7: [3]}), [("7", "is not a column of this table")]),
        (pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), [("a", "duplicate column")]),
    ],
)
def test_the_columns_of_a_frame_are_checked(frame: pd.DataFrame, told: list[tuple[str, str]]) -> None:
    rows, problems = frame_of(frame)
    assert rows == []
    assert [(one.file, one.line, one.column, one.message) for one in problems] == [
        ("<frame>", None, column, message) for column, message in told
    ]


class Ragged:
    columns = ("a", "b")

    def __getitem__(self, name: str) -> list[int]:
        return [1] * len(self.columns) if name == "a" else [1]


class Hollow:
    columns = ("a", "b")

    def __getitem__(self, name: str) -> list[int]:
        raise KeyError(name)


@pytest.mark.parametrize("source", [None, 5, [1], {"a": [1]}, Ragged(), Hollow(), pd.DataFrame])
def test_what_is_no_table_is_told(source: object) -> None:
    rows, problems = frame_of(source)
    assert rows == []
    assert [one.message.endswith("is no table") for one in problems] == [True]
    assert problems[0].remedy == "Give a CSV path or a DataFrame"
