"""JSON from outside, and data that shall become JSON: each bound on both of its sides, and which fault is named."""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Currency, InvalidValue, Money, _json
from miexchange._json import is_deep, json_text, plain, read_json

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(work: Callable[[], object]) -> tuple[str, str]:
    """Return the kind and the sentence of an error."""
    with pytest.raises(InvalidValue) as caught:
        work()
    return caught.value.kind, str(caught.value)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bounds so small that texts at them are short."""
    for name, most in {"JSON_BYTES": 12, "JSON_DEPTH": 3, "JSON_KEYS": 2, "JSON_DIGITS": 4, "JSON_VALUES": 5}.items():
        monkeypatch.setattr(_json, name, most)
    monkeypatch.setattr(_json, "_GREATEST", 10**4)


@pytest.mark.usefixtures("small")
def test_a_text_of_json_has_so_many_bytes() -> None:
    for text in ('"' + "x" * 10 + '"', '"' + "é" * 5 + '"'):
        assert json_text(text, "X", "rule") == json_text(text.encode(), "X", "rule") == text
    for text, size in (('"' + "x" * 11 + '"', 13), ('"x' + "é" * 5 + '"', 13), ('"' + "é" * 9 + '"', 20)):
        for given in (text, text.encode()):
            kind, says = refused(lambda given=given: json_text(given, "X", "rule"))  # type: ignore[misc]
            assert (kind, says) == ("range", f"X has {size} bytes: give at most 12 bytes of JSON")


def test_what_is_no_text_of_json_is_told() -> None:
    assert refused(lambda: json_text(7, "X", "give it")) == ("type", "X is 7: give it")
    assert refused(lambda: json_text(b"ab\xff", "X", "r")) == ("range", "X is not UTF-8 at byte 2: save it as UTF-8")
    assert refused(lambda: json_text("\ud800", "X", "r"))[1].endswith("give a text that can be written as UTF-8")
    for text in ("\ufeff{}", b"\xef\xbb\xbf{}"):
        kind, says = refused(lambda text=text: json_text(text, "X", "r"))  # type: ignore[misc]
        assert (kind, says) == ("range", "X begins with a byte order mark: save it without a byte order mark")
    assert json_text("{}\ufeff", "X", "r") == "{}\ufeff"


def test_around_json_is_white_space_alone() -> None:
    money = Money(500, Currency("INR"))
    assert Money.from_json(f" \t\n\r{money.to_json()}\r\n\t ") == money
    for around in ("X", "\f", "\u00a0", "\x00"):
        for text in (around + money.to_json(), money.to_json() + around):
            with pytest.raises(InvalidValue):
                Money.from_json(text)
            with pytest.raises(InvalidValue):
                read_json(text, "money")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "text",
    [
        *("[[[1]]]", '{"a":[{}]}', '[{"a":[]}]', "[[],[],[]]", " [1]\r\n\t", "null", "1234", "-123", "1.50", '""'),
        *('{"a":1}', "true", "0", '{"":0}', "[{},{}]"),
    ],
)
def test_json_at_its_bounds_is_read(text: str) -> None:
    assert read_json(text, "X") == json.loads(text)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[[[]]]]", "X is nested too deep: give at most "),
        ('[[{"a":{}}]]', "X is nested too deep"),
        ('{"a":1,"b":2,"c":3}', "X has 19 bytes: give at most 12 bytes of JSON"),
        ("12345", "X has a number of 5 digits: give at most 4 digits"),
        ("1.234", "X has a number of 5 digits: give at most 4 digits"),
        ("[NaN]", "X has NaN: give a number that JSON has: neither NaN nor Infinity is one"),
        ("Infinity", "X has Infinity: give a number that JSON has"),
        ("-Infinity", "X has -Infinity: give a number that JSON has"),
        ("[1", "X is '[1', which is no JSON: give a JSON text"),
        ("1 2", "X is '1 2', which is no JSON: give a JSON text"),
        ("\x0b1", "X is "),
        ("", "X is empty: give a JSON text"),
    ],
)
def test_json_beyond_its_bounds_is_told(text: str, says: str) -> None:
    kind, said = refused(lambda: read_json(text, "X"))
    assert kind == "range"
    assert said.startswith(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a":1,"b":2,"c":3}', "X has an object of 3 keys: give at most 2 keys"),
        ('[{"a":1,"b":2}, 1234, 1.50, NaN]', "X has NaN: "),  # what is at its bound is no fault
        ('{"a":1,"a":2}', "X.a is a duplicate key: write each key once"),
        ('{"a":1,"b":2,"a":3}', "X.a is a duplicate key"),
        ('{"b":1,"a":{"c":1,"c":1}}', "X.a.c is a duplicate key"),
        ('{"b":1,"a":1,"a":2}', "X.a is a duplicate key"),
        ('[0, [{"b":1,"b":2}], {"c":1,"c":2}]', "X.1.0.b is a duplicate key"),
        ('{"a":{"b":1,"b":2},"a":3}', "X.a is a duplicate key"),
        ('{"354178036859789":{"a":1,"a":2}}', "X.35417803******9.a is a duplicate key"),
    ],
)
def test_the_first_fault_of_json_is_named(monkeypatch: pytest.MonkeyPatch, text: str, says: str) -> None:
    monkeypatch.setattr(_json, "JSON_KEYS", 2)
    monkeypatch.setattr(_json, "JSON_DIGITS", 4)
    kind, said = refused(lambda: read_json(text, "X"))
    assert kind == "range"
    assert said.startswith(says)


def test_the_caller_says_what_to_give() -> None:
    assert refused(lambda: read_json("?", "X", "give a report"))[1] == "X is '?', which is no JSON: give a report"
    text = '{"a":1,"a":2}'
    assert refused(lambda: read_json(text, "X", repeated="ask"))[1] == "X.a is a duplicate key: ask"


@pytest.mark.parametrize(
    ("data", "depth"), [(1, 0), ("[]", 0), ([], 1), ({}, 1), ([1, [2]], 2), ({"a": [{}], "b": 1}, 3)]
)
def test_the_depth_of_data_is_that_of_its_deepest_part(data: object, depth: int) -> None:
    assert [is_deep(data, most) for most in range(5)] == [most < depth for most in range(5)]


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    TWO = 2


class Half(float):
    pass


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("data", "copy"),
    [
        *((value, value) for value in (None, True, False, 5, -9999, 9999, 1.5, "text", {"a": [1, 2]}, [1, 2, 3, 4])),
        *(((1, (2,)), [1, [2]]), (Colour.RED, "red"), (Size.TWO, 2), (Half(0.5), 0.5), ({Colour.RED: 1}, {"red": 1})),
        *(([[[]]], [[[]]]), ({"a": {"b": {}}}, {"a": {"b": {}}}), ("é" * 6, "é" * 6), ({"é" * 6: 1}, {"é" * 6: 1})),
        ({"ab": "c" * 10}, {"ab": "c" * 10}),
        ("\ud800", "\ud800"),  # half of a pair is refused only where it is read
    ],
)
def test_data_at_its_bounds_is_copied_into_the_types_of_json(data: object, copy: Any) -> None:  # noqa: ANN401 - JSON
    found = plain(data, "X", "give data")
    assert (found, type(found)) == (copy, type(copy))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        ([1, 2, 3, 4, 5], "range", "X has more than 5 values: give at most 5 values in all"),
        ({"a": [1, 2, 3, 4]}, "range", "X has more than 5 values"),
        ([[[[]]]], "range", "X is nested too deep: give at most "),
        ({"a": {"b": {"c": {}}}}, "range", "X is nested too deep"),
        ("é" * 7, "range", "X has 14 bytes: give at most 12 bytes of JSON"),
        ("x" * 13, "range", "X has 13 bytes"),
        ({"ab": "c" * 11}, "range", "X has 13 bytes"),
        ({"c" * 13: 1}, "range", "X has 13 bytes"),
        (10_000, "range", "X has a number of more than 4 digits: give at most 4 digits"),
        (-10_000, "range", "X has a number of more than 4 digits"),
        (b"a", "type", "X is a bytes: give data"),
        ([b"a"], "type", "X has a bytes in it: give data"),
        ({"a": {1}}, "type", "X has a set in it: give data"),
        ({5: 1}, "type", "X has 5 as a key: give data"),
        ({None: 1}, "type", "X has None as a key: give data"),
    ],
)
def test_data_beyond_its_bounds_is_told(data: object, kind: str, says: str) -> None:
    found, said = refused(lambda: plain(data, "X", "give data"))
    assert found == kind
    assert said.startswith(says)


def test_a_number_has_a_hundred_digits_at_most() -> None:
    assert [plain(number, "X", "r") for number in (10**100 - 1, 1 - 10**100)] == [10**100 - 1, 1 - 10**100]
    for number in (10**100, -(10**100)):
        assert "more than 100 digits" in refused(lambda number=number: plain(number, "X", "r"))[1]  # type: ignore[misc]
