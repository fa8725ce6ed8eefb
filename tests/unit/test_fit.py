"""Fitting a TOML table to a dataclass: what is right goes through as it is, what is not is told where it stands."""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

import pytest

from miexchange._bounded import Text, Words
from miexchange._problems import Problems
from miexchange.errors import InvalidValue
from miexchange.programme._fit import Fitter, dotted, shape_of
from miexchange.programme._toml import Toml

IST = timezone(timedelta(hours=5, minutes=30))


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    size: int = 1

    def __post_init__(self) -> None:
        if self.size > 9:
            raise InvalidValue("Part.size", self.size, "give a size up to 9")


@dataclasses.dataclass(frozen=True)
class Whole:
    text: Text
    count: int
    flag: bool = False
    kind: Literal["one", "two"] = "one"
    day: date | None = None
    at: datetime | None = None
    words: Words = ()
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    free: str = ""


def fit(text: str, kind: type[Any] = Whole) -> tuple[Any, list[tuple[int | None, str, str]]]:
    problems = Problems()
    toml = Toml(tomllib.loads(text), text)
    fitted = Fitter(toml, "t.toml", IST, problems).table(kind, toml.data, ())
    return fitted, [(one.line, one.column, f"{one.message}. {one.remedy}") for one in problems.found]


def test_a_table_that_fits_becomes_its_value() -> None:
    text = """
text = "a"
count = 2
flag = true
kind = "two"
day = 2018-03-15
at = 2018-03-15
words = ["a", "b"]
free = ""
part = { name = "p" }
[[parts]]
name = "q"
size = 9
"""
    fitted, problems = fit(text)
    assert problems == []
    begins = datetime(2018, 3, 14, 18, 30, tzinfo=UTC)
    assert fitted == Whole(
        "a", 2, flag=True, kind="two", day=date(2018, 3, 15), at=begins, words=("a", "b"),
        part=Part("p"), parts=(Part("q", 9),),
    )  # fmt: skip
    assert fitted.at.tzinfo is UTC
    assert fit('text = "a"\ncount = 0') == (Whole("a", 0), [])


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("text = 1", "text", "1 is not a text. Write it in quotes"),
        ("text = ''", "text", "is empty. Write a text"),
        ("count = '1'", "count", "'1' is not a whole number. Write digits alone, without quotes and decimals"),
        ("count = 1.0", "count", "1.0 is not a whole number. Write digits alone, without quotes and decimals"),
        ("count = true", "count", "true is not a whole number. Write digits alone, without quotes and decimals"),
        ("flag = 1", "flag", "1 is not true or false. Write true or false, without quotes"),
        ("flag = 'true'", "flag", "'true' is not true or false. Write true or false, without quotes"),
        ("kind = 'three'", "kind", "'three' is not known here. Write one of: one, two"),
        ("kind = 1", "kind", "1 is not known here. Write one of: one, two"),
        ("kind = ['one']", "kind", "a list is not known here. Write one of: one, two"),
        ("day = '2018-03-15'", "day", "'2018-03-15' is not a date. Write it as 2018-03-15, without quotes"),
        ("day = 2018-03-15T00:00:00Z", "day", "2018-03-15T00:00:00+00:00 is not a date. Write it as 2018-03-15"),
        ("day = 09:00:00", "day", "09:00:00 is not a date. Write it as 2018-03-15, without quotes"),
        ("at = 09:00:00", "at", "09:00:00 is not a date. Write a date as 2018-03-15, or a moment as 2018-03-15T"),
        ("at = '2018-03-15'", "at", "2018-03-15T09:30:00+05:30, without quotes"),
        ("at = 2018-03-15T09:00:00", "at", "has no time zone. Add its offset, such as +05:30, or write the date alone"),
        ("at = 9999-12-31", "at", "9999-12-31 is outside the years 1900 to 9900"),
        ("words = 'a'", "words", "'a' is not a list. Write it in square brackets"),
        ("words = ['a', 1]", "words", "1 is not a text. Write it in quotes"),
        ("words = ['a', '']", "words", "is empty. Write one line of text of up to 200 characters"),
        ("words = ['a', 'b', 'a']", "words", "duplicate 'a'. Keep one of the two"),
        ("part = 'p'", "part", "'p' is no table. Write it as a table: keys with values"),
        ("part = {}", "part.name", "is missing. Add the key: a text"),
        ("part = { nam = 'p' }", "part.nam", "is not a known key. Did you mean name?"),
        ("part = { name = 'p', xyz = 1 }", "part.xyz", "is not a known key. Known: name, size"),
        ("part = { name = 'p', size = 10 }", "part.size", "'10' does not fit. Give a size up to 9"),
        ("parts = [1]", "parts", "1 is no table. Write it as a table: keys with values"),
        ("parts = { name = 'p' }", "parts", "a table is not a list. Write it as [[parts]]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(line: str, column: str, words: str) -> None:
    key = line.partition(" ")[0]
    others = {"text": 'text = "a"\n', "count": "count = 2\n"}
    text = "".join(other for name, other in others.items() if name != key)
    fitted, problems = fit(f"{text}{line}\n")
    assert fitted is None
    assert [(where, name) for where, name, _ in problems] == [(text.count("\n") + 1, column)]
    assert words in problems[0][2]


def test_all_that_does_not_fit_is_told() -> None:
    _, problems = fit("count = ''\nwords = [1, 2]\nflags = true\n")
    assert [(line, column) for line, column, _ in problems] == [
        (3, "flags"), (None, "text"), (1, "count"), (2, "words"), (2, "words"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "noun"),
    [
        (str, "a text"),
        (int, "a whole number"),
        (bool, "true or false"),
        (date, "a date"),
        (datetime, "a date"),
        (tuple[str, ...], "a list"),
        (Part, "a table"),
        (Literal["one", "two"], "one or two"),
    ],
)
def test_a_missing_key_is_told_with_what_it_wants(wanted: Any, noun: str) -> None:  # noqa: ANN401 - an annotation
    kind = dataclasses.make_dataclass("Kind", [("key", wanted)])
    assert fit("", kind) == (None, [(None, "key", f"is missing. Add the key: {noun}")])


def test_a_shape_is_worked_out_once() -> None:
    assert shape_of(Part) is shape_of(Part)
    assert shape_of(Part).required == {"name"}
    assert dict(shape_of(Part).types) == {"name": str, "size": int}


def test_a_path_is_written_as_in_the_file() -> None:
    assert dotted(("terms", 1, "age_bands", 0, "keep_bps")) == "terms.age_bands.keep_bps"
