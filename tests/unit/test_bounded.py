"""The bounds of a field, each alone: what is within, what it wants, what is wrong otherwise, and its JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from miexchange import _bounded
from miexchange._bounded import (
    ONE_LINE,
    After,
    Between,
    Chars,
    Hex,
    Items,
    Older,
    OlderText,
    Pair,
    Since,
    bound_of,
    hints_of,
    parts_of,
)
from miexchange._text import is_id

ONE, TWO = SimpleNamespace(id="a"), SimpleNamespace(id="b")
FOUR_HEX = Hex(2)


@pytest.mark.parametrize(
    ("bound", "within", "beyond"),
    [
        (Between(2, 4), [2, 3, 4], [1, 5]),
        (Chars(2, 4), ["ab", "abcd", "\n\n"], ["a", "abcde"]),
        (Chars(0, 4), ["", "abcd"], ["abcde"]),
        (Chars(0, 4, "[0-9]+"), ["", "1234"], ["12345", "a", "1a", "a1"]),
        (Chars(1, 4, "[0-9]+"), ["1", "1234"], ["", "12345", "a", "1\n"]),
        (Chars(1, 4, ONE_LINE), ["a", "a b", " a"], ["", "abcde", "  ", "a\n"]),
        (FOUR_HEX, ["09af"], ["", "09a", "09aff", "09aF", "09ag"]),
        (Hex(2, optional=True), ["", "09af"], ["09a", "09aff", "09AF"]),
        (Items(1, 2), [(1,), (1, 1)], [(), (1, 2, 3)]),
        (Items(0, 2, "self"), [(), (1,), (1, 2)], [(1, 1), (1, 2, 3)]),
        (Items(0, 2, "id"), [(), (ONE,), (ONE, TWO)], [(ONE, ONE)]),
    ],
)
def test_a_bound_holds_on_both_sides(bound: Any, within: list[Any], beyond: list[Any]) -> None:  # noqa: ANN401 - of any kind
    assert [one for one in within if not bound.fits(one)] == []
    assert [one for one in beyond if bound.fits(one)] == []


@pytest.mark.parametrize(
    ("bound", "wants"),
    [
        (Between(2, 4), "a whole number from 2 to 4"),
        (Between(2, 4, "two to four"), "two to four"),
        (Chars(2, 4_000), "a text of 2 to 4,000 characters"),
        (Chars(0, 4), "a text of up to 4 characters"),
        (Chars(0, 4, says="a word"), "a word"),
        (FOUR_HEX, "4 hex digits"),
        (Hex(2, optional=True), "4 hex digits, or an empty text"),
        (Items(2, 4_000), "2 to 4,000 elements"),
        (Items(0, 4), "up to 4 elements"),
        (Items(0, 4, "self"), "up to 4 elements, no two alike"),
        (Items(1, 4, "id"), "1 to 4 elements, no two of one id"),
        (Pair("bonus", "given", ("the id", "how often")), "an object of bonus and given"),
    ],
)
def test_a_bound_says_what_it_wants(bound: Any, wants: str) -> None:  # noqa: ANN401 - of any kind
    assert bound.wants == wants


@pytest.mark.parametrize(
    ("bound", "wrong", "fault"),
    [
        (Between(2, 4), 5, "is out of range"),
        (Chars(1, 4), "", "is empty"),
        (Chars(1, 4), "abcde", "has 5 characters"),
        (Chars(1, 4, "[0-9]+"), "abcd", "is not of that form"),
        (Items(1, 4), (), "is empty"),
        (Items(2, 4), (1,), "has 1 element"),
        (Items(1, 4), (1,) * 5_000, "has 5,000 elements"),
    ],
)
def test_a_bound_says_what_is_wrong(bound: Any, wrong: Any, fault: str) -> None:  # noqa: ANN401 - of any kind
    assert bound.fault(wrong) == fault


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (Annotated[int, Between(2, 4)], {"type": "integer", "minimum": 2, "maximum": 4}),
        (Annotated[str, Chars(2, 4)], {"type": "string", "minLength": 2, "maxLength": 4}),
        (
            Annotated[str, Chars(1, 4, "a|b")],
            {"type": "string", "minLength": 1, "maxLength": 4, "pattern": "^(?:a|b)$"},
        ),
        (
            Annotated[str, Chars(0, 4, "a|b")],
            {"type": "string", "minLength": 0, "maxLength": 4, "pattern": "^(?:a|b)?$"},
        ),
        (
            Annotated[tuple[int, ...], Items(1, 4)],
            {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 4},
        ),
        (
            Annotated[tuple[int, ...], Items(0, 4, "self")],
            {"type": "array", "items": {"type": "integer"}, "minItems": 0, "maxItems": 4, "uniqueItems": True},
        ),
        (
            Annotated[tuple[str, int], Pair("bonus", "given", ("the id", "how often"))],
            {
                "type": "object",
                "properties": {
                    "bonus": {"type": "string", "description": "the id"},
                    "given": {"type": "integer", "description": "how often"},
                },
                "required": ["bonus", "given"],
                "additionalProperties": False,
            },
        ),
    ],
)
def test_the_json_schema_has_the_same_bounds(hint: Any, schema: dict[str, Any]) -> None:  # noqa: ANN401 - an annotation
    assert TypeAdapter(hint).json_schema() == schema


LINES = ["a", " a", "a ", "order 17", "é", "e\u0301", "a\u200b", "😀"]
NO_LINES = [
    "",
    " ",
    "\u00a0",
    "a\x00",
    "a\n",
    "\ta",
    "a\x1f",
    "a\x7f",
    "a\x80",
    "a\x9f",
    "a\u2028",
    "\u2029a",
    "\ud800",
]
NO_LINES += ["a\udfff", "\n", "\x00"]


@pytest.mark.parametrize("text", [*LINES, *NO_LINES])
def test_the_rule_of_an_id_is_the_same_in_a_json_schema(text: str) -> None:
    assert (re.fullmatch(ONE_LINE, text) is not None) is is_id(text) is (text in LINES)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("Id", 1, 200), ("MaybeId", 0, 200), ("Name", 1, 200), ("Text", 1, 1_000), ("Note", 0, 1_000), ("Line", 0, 4_000)],
)
def test_a_kind_of_text_has_so_many_characters(name: str, least: int, most: int) -> None:
    _, (bound,), _ = parts_of(getattr(_bounded, name))
    assert [size for size in (0, 1, most, most + 1) if bound.fits("x" * size)] == [*range(least, 2), most]
    assert bound.fits("\n") is (name not in {"Id", "MaybeId"})
    is_empty_named = bound.wants.endswith(", or an empty text")
    assert is_empty_named is (name == "MaybeId")


def test_counts_and_words_have_bounds() -> None:
    assert parts_of(_bounded.Number)[:2] == (int, (Between(1, 2**63 - 1),))
    assert parts_of(_bounded.Count)[:2] == (int, (Between(0, 2**63 - 1),))
    _, (bound,), _ = parts_of(_bounded.Words)
    assert [size for size in (0, 1, 500, 501) if bound.fits(tuple(range(size)))] == [0, 1, 500]
    assert not bound.fits(("a", "a"))


@dataclass
class Shelf:
    width: Annotated[int, Between(1, 900), Since(2)]
    note: Annotated[Annotated[str, Chars(0, 9)] | None, After("width")]
    either: int | str | None


def test_the_parts_of_an_annotation() -> None:
    hints = hints_of(Shelf)
    assert parts_of(hints["width"]) == (int, (Between(1, 900), Since(2)), False)
    assert parts_of(hints["note"]) == (str, (Chars(0, 9), After("width")), True)
    assert parts_of(hints["either"]) == (int | str | None, (), False)
    assert parts_of(int) == (int, (), False)
    assert parts_of(int | None) == (int, (), True)
    assert (bound_of(Shelf, "width"), bound_of(Shelf, "note")) == (Between(1, 900), Chars(0, 9))


def test_a_field_that_older_json_lacks_is_made() -> None:
    @dataclass
    class Parcel:
        to: str
        notes: Annotated[list[str], Older(lambda: ["none"])]
        source: Annotated[str, OlderText("_paise]", "_minor]")] = ""

    adapter = TypeAdapter(Parcel)
    assert adapter.validate_python({"to": "Pune"}).notes == ["none"]
    assert adapter.validate_python({"to": "Pune", "notes": [], "source": "price_paise]"}) == Parcel(
        "Pune", [], "price_minor]"
    )
    assert adapter.json_schema()["required"] == ["to"]


def test_a_pair_is_an_object_and_once_was_a_list() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[str, int], Pair("bonus", "given", ("the id", "how often"))])
    assert adapter.dump_json(("a", 5)) == b'{"bonus":"a","given":5}'
    for text in ('{"bonus":"a","given":5}', '{"given":5,"bonus":"a"}', '["a",5]'):
        assert adapter.validate_json(text) == ("a", 5)
    for text in ("{}", '{"bonus":"a"}', '{"bonus":"a","given":5,"more":1}', '["a"]', '"a5"', "7"):
        with pytest.raises(ValidationError):
            adapter.validate_json(text)
