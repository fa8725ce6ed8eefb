"""What an annotation takes, what it asks for in Python and in JSON, and what is said of a value that does not fit."""

from __future__ import annotations

import string
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest

from miexchange._bounded import ONE_LINE, Between, Chars, Items, Pair
from miexchange._fits import a_kind, check_of, fault, wants

AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
MOST = 3


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Order:
    """An order."""

    id: str = ""


class Word(str):
    __slots__ = ()


class Number(int):
    pass


SMALL = Annotated[int, Between(1, 9)]
PAIR = Annotated[tuple[str, int], Pair("bonus", "given", ("the id", "how often"))]
DISTINCT = Annotated[tuple[str, ...], Items(1, 2, "self")]


@pytest.mark.parametrize(
    ("hint", "fitting", "strange"),
    [
        (str, ["", "a", "é"], [Word("a"), "\ud800", b"a", None, 5]),
        (int, [0, -(2**63), 2**63 - 1], [True, 1.0, Number(1), 2**63, -(2**63) - 1, "1", None]),
        (bool, [True, False], [0, None, "true"]),
        (bytes, [b""], ["", bytearray()]),
        (date, [date(2018, 3, 20)], [AT, "2018-03-20"]),
        (
            datetime,
            [AT, AT.replace(year=1900), AT.replace(year=9900)],
            [
                AT.replace(year=1899),
                AT.replace(year=9901),
                AT.replace(tzinfo=None),
                AT.replace(tzinfo=timezone(timedelta(0), "x")),
                AT.date(),
            ],
        ),
        (Colour, [Colour.RED], ["red", None]),
        (Literal["a", "b"], ["a", "b"], ["c", "", Word("a"), ["a"], None]),
        (SMALL, [1, 9], [0, 10, True, Number(1), "1"]),
        (SMALL | None, [None, 1, 9], [0, 10]),
        (int | None, [None, 1], ["a", 1.0]),
        (int | str, [1, "a"], [None, 1.0]),
        (int | str | None, [1, "a", None], [1.0]),
        (Annotated[str, Chars(1, 3)], ["a", "abc", "\n"], ["", "abcd", "\ud800", Word("a"), 1]),
        (Annotated[str, Chars(1, 3, "[0-9]+")], ["1", "123"], ["", "1234", "a"]),
        (Annotated[str, Chars(1, 3, ONE_LINE)], ["a", "a b", "a\u200b"], ["", "abcd", " ", "a\n", "\u2028", "\xa0"]),
        (Annotated[str, Chars(0, 3, ONE_LINE)], ["", "a"], ["  ", "a\n"]),
        (tuple[int, ...], [(), (1, 2, 3)], [(1,) * 4, [1], ("a",), None]),
        (tuple[int, str], [(1, "a")], [(), (1,), (1, "a", 2), ("a", 1), [1, "a"]]),
        (frozenset[str], [frozenset(), frozenset("abc")], [frozenset("abcd"), {"a"}, frozenset({1}), ("a",)]),
        (DISTINCT, [("a",), ("a", "b")], [(), ("a", "a"), ("a", "b", "c"), (1,)]),
        (PAIR, [("a", 1)], [("a",), (1, "a"), ["a", 1]]),
        (Order, [Order()], [{}, None]),
    ],
)
def test_an_annotation_takes_exactly_its_values(hint: Any, fitting: list[object], strange: list[object]) -> None:  # noqa: ANN401 - an annotation
    fits = check_of(hint, MOST)
    assert [one for one in fitting if fits(one) is not True] == []
    assert [one for one in strange if fits(one)] == []


WHOLE = "a whole number of 64 bits"


@pytest.mark.parametrize(
    ("hint", "python", "in_json"),
    [
        (str, "a text", "a text"),
        (int, WHOLE, WHOLE),
        (bool, "True or False", "true or false"),
        (bytes, "bytes", "bytes"),
        (date, "a date", "a day as text, such as 2018-03-20"),
        (
            datetime,
            "an instant: a datetime with a time zone",
            "an instant as text, such as 2018-03-20T12:00:00Z",
        ),
        (Colour, "a Colour", "one of: red, blue"),
        (Order, "an Order", "the JSON form of an Order"),
        (Literal["a", "b"], "one of: a, b", "one of: a, b"),
        (SMALL, "a whole number from 1 to 9", "a whole number from 1 to 9"),
        (SMALL | None, "a whole number from 1 to 9, or None", "a whole number from 1 to 9, or null"),
        (Annotated[str, Chars(0, 3)], "a text of up to 3 characters", "a text of up to 3 characters"),
        (int | str, f"{WHOLE} or a text", f"{WHOLE} or a text"),
        (int | str | None, f"{WHOLE} or a text, or None", f"{WHOLE} or a text, or null"),
        (tuple[int, ...], f"a tuple, each element {WHOLE}", f"a list, each element {WHOLE}"),
        (frozenset[str], "a frozenset, each element a text", "a list, each element a text"),
        (tuple[int, str], "a tuple of 2", "a list of 2"),
        (PAIR, "a tuple of 2", "an object of bonus and given"),
    ],
)
def test_what_to_give_is_said_in_the_words_of_python_or_of_json(hint: Any, python: str, in_json: str) -> None:  # noqa: ANN401 - an annotation
    assert (wants(hint, MOST), wants(hint, MOST, as_json=True)) == (python, in_json)


def test_a_kind_has_its_article() -> None:
    assert [a_kind(kind) for kind in (Order, Colour, int)] == ["an Order", "a Colour", "a int"]
    letters = {letter: a_kind(type(letter, (), {})).split()[0] for letter in string.ascii_uppercase}
    assert {letter for letter, article in letters.items() if article == "an"} == {*"AEIOU"}


NO_WHOLE = f"give {WHOLE}"


@pytest.mark.parametrize(
    ("hint", "value", "kind", "says"),
    [
        (int, "5", "type", f"X.f is the text '5': {NO_WHOLE}"),
        (int, True, "type", f"X.f is True: {NO_WHOLE}"),
        (SMALL, 10, "range", "X.f is 10: give a whole number from 1 to 9"),
        (SMALL | None, 10, "range", "X.f is 10: give a whole number from 1 to 9, or None"),
        (
            datetime,
            AT.replace(year=1899),
            "range",
            "X.f is 1899-03-20T12:00:00+00:00: give an instant: a datetime",
        ),
        (Literal["a", "b"], "c", "range", "X.f is 'c': give one of: a, b"),
        (Literal["a", "b"], 5, "type", "X.f is 5: give one of: a, b"),
        (Annotated[str, Chars(1, 3)], "abc" * 2, "range", "X.f has 6 characters: give a text of 1 to 3 characters"),
        (Annotated[str, Chars(1, 3)], "", "range", "X.f is empty: give a text of 1 to 3 characters"),
        (Annotated[str, Chars(1, 3, "[0-9]+")], "abc", "range", "X.f is 'abc': give a text of 1 to 3 characters"),
        (str, "\ud800", "range", "X.f is "),
        (Colour, "red", "type", "X.f is the text 'red': give a Colour"),
        (Order, {}, "type", "X.f is a dict: give an Order"),
        (tuple[int, ...], [1], "type", f"X.f is a list: give a tuple, each element {WHOLE}"),
        (tuple[int, ...], (1, "a", "b"), "type", f"X.f.1 is the text 'a': {NO_WHOLE}"),
        (tuple[int, ...], (1,) * 4, "range", "X.f has 4 elements: give up to 3 elements"),
        (tuple[int, ...], ("a",) * 4, "range", "X.f has 4 elements: give up to 3 elements"),
        (tuple[tuple[int, ...], ...], ((1,) * 4,), "range", "X.f.0 has 4 elements: give up to 3 elements"),
        (tuple[int, str], (1,), "range", "X.f has 1 element: give 2 elements"),
        (tuple[int, str], (1, 2), "type", "X.f.1 is 2: give a text"),
        (frozenset[str], frozenset({5}), "range", "X.f has 5 in it: give a text in each place"),
        (frozenset[int], frozenset({0, 7.5}), "range", "X.f has 7.5 in it: "),
        (frozenset[str], frozenset("abcd"), "range", "X.f has 4 elements: give up to 3 elements"),
        (frozenset[str], ("a",), "type", "X.f is a tuple: give a frozenset, each element a text"),
        (DISTINCT, ("a", "a"), "range", "X.f has 2 elements: give 1 to 2 elements, no two alike"),
        (DISTINCT, ("a", "b", "c"), "range", "X.f has 3 elements: give 1 to 2 elements, no two alike"),
        (DISTINCT, (), "range", "X.f is empty: give 1 to 2 elements, no two alike"),
        (Annotated[tuple[int, ...], Items(0, 9)], (1,) * 4, "range", "X.f has 4 elements: give up to 9 elements"),
        (Annotated[tuple[int, ...], Items(0, 9)], ("a",) * 4, "range", "X.f has 4 elements: give up to 9 elements"),
        (Annotated[tuple[int, ...], Items(0, 2)], ("a",) * 3, "range", "X.f has 3 elements: give up to 2 elements"),
    ],
)
def test_a_value_that_does_not_fit_is_told(hint: Any, value: object, kind: str, says: str) -> None:  # noqa: ANN401 - an annotation
    error = fault("X.f", value, hint, MOST)
    assert error.kind == kind
    assert str(error).startswith(says)


@pytest.mark.parametrize(
    ("hint", "value", "kind", "says"),
    [
        (int, "5", "type", f"X.f is the text '5': {NO_WHOLE}"),
        (int, 2**63, "range", f"X.f is 92233720***********: {NO_WHOLE}"),
        (int, True, "type", f"X.f is true: {NO_WHOLE}"),
        (int, False, "type", f"X.f is false: {NO_WHOLE}"),
        (int, None, "type", f"X.f is null: {NO_WHOLE}"),
        (int, {}, "type", f"X.f is an object: {NO_WHOLE}"),
        (int, [], "type", f"X.f is a list: {NO_WHOLE}"),
        (bool, 1, "type", "X.f is 1: give true or false"),
        (date, "soon", "range", "X.f is 'soon': give a day as text, such as 2018-03-20"),
        (datetime, "soon", "range", "X.f is 'soon': give an instant as text"),
        (datetime, 5, "type", "X.f is 5: give an instant as text"),
        (Colour, "green", "range", "X.f is 'green': give one of: red, blue"),
        (Colour, 5, "type", "X.f is 5: give one of: red, blue"),
        (Order, "o", "type", "X.f is the text 'o': give the JSON form of an Order"),
        (tuple[int, ...], {}, "type", f"X.f is an object: give a list, each element {WHOLE}"),
        (tuple[int, ...], (1,), "type", f"X.f is a tuple: give a list, each element {WHOLE}"),
        (tuple[int, ...], [1] * 4, "range", "X.f has 4 elements: give up to 3 elements"),
        (tuple[int, ...], [1, "a"], "type", f"X.f.1 is the text 'a': {NO_WHOLE}"),
        (tuple[int, str], [1], "range", "X.f has 1 element: give 2 elements"),
        (OrderedDict, 5, "type", "X.f is 5: give the JSON form of an OrderedDict"),
    ],
)
def test_so_is_one_of_json(hint: Any, value: object, kind: str, says: str) -> None:  # noqa: ANN401 - an annotation
    error = fault("X.f", value, hint, MOST, as_json=True)
    assert error.kind == kind
    assert str(error).startswith(says)
