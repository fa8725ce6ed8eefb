"""What the JSON Schema says to people: examples that are within the bounds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from miexchange import Coupon, DeviceReport, Exchange, Order, Quote, Redemption, Terms, UsageRules, Variant
from miexchange._bounded import After, Between, Chars, Since, hints_of
from miexchange._schema import descriptions_of, example_of, example_of_value
from miexchange._value import Value
from miexchange.coupon import Code
from miexchange.eligibility import Listing
from shipped import shipped_programme
from unit.trade import ACCOUNT


@dataclass(frozen=True, slots=True)
class Stay(Value):
    """A stay of a phone
    in a shop.

    More of it.

    Attributes:
        shop: the shop,
            such as ``a kiosk``.
        left_on: the day on which it left.
    """

    shop: str
    came_on: date
    left_on: Annotated[date, After("came_on")]


def schema_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any value's type
    """Return the JSON Schema of a value."""
    return TypeAdapter(kind).json_schema()


def test_a_schema_has_the_descriptions_of_the_docstring_and_an_example_of_each_field() -> None:
    schema = schema_of(Stay)
    assert schema.keys() == {"additionalProperties", "description", "properties", "required", "title", "type"}
    assert (schema["title"], schema["description"]) == ("Stay", "A stay of a phone in a shop.")
    assert schema["properties"] == {
        "shop": {"type": "string", "description": "the shop, such as ``a kiosk``.", "examples": ["a kiosk"]},
        "came_on": {"type": "string", "format": "date", "description": "", "examples": ["2018-03-20"]},
        "left_on": {
            "type": "string",
            "format": "date",
            "description": "the day on which it left.",
            "examples": ["2018-03-21"],
        },
    }


def test_the_descriptions_of_a_type_are_those_of_its_bases_too() -> None:
    assert {field.name for field in fields(Quote)} <= descriptions_of(Quote).keys()
    assert {field.name for field in fields(Terms)} <= descriptions_of(Terms).keys()
    assert descriptions_of(int) == {}


def test_the_number_of_a_form_is_described() -> None:
    number = schema_of(Terms)["properties"]["form"]
    assert number["description"].startswith("the form")
    assert number["examples"] == [2]


def test_the_examples_are_of_a_programme_that_there_is() -> None:
    programme, quote, coupon = shipped_programme("mi-exchange-india"), example_of_value(Quote), example_of_value(Coupon)
    assert quote["programme"] == coupon["programme"] == programme.id
    variant = programme.catalogue.by_model[quote["model"]]
    assert quote["label"] == variant.label
    assert coupon["account"] == ACCOUNT
    assert example_of(Code, "code", "") == coupon["code"]
    assert example_of_value(Variant)["brand"] == variant.brand
    assert example_of_value(UsageRules)["brands"] == [variant.brand]
    assert example_of_value(Order)["lines"][0]["product"] == "Mi A1"


def test_an_example_of_a_pair_names_its_parts() -> None:
    assert example_of(hints_of(Quote)["bonuses_given"], "bonuses_given", "") == [{"bonus": "bonus", "given": 3}]


def test_an_example_of_a_value_has_an_example_of_each_field() -> None:
    for kind in (Coupon, DeviceReport, Exchange, Listing, Order, Quote, Redemption, Terms):
        assert [*example_of_value(kind)] == [field.name for field in fields(kind) if field.init]
    assert example_of_value(Listing) == {
        "model": "xiaomi-redmi-note-4-4-64",
        "listed_from": "2018-03-20",
        "listed_until": "2018-03-21",
        "source": "source",
    }
    coupon = example_of_value(Coupon)
    assert {name: coupon[name] for name in ("awaited", "device_tokens", "valid_from", "valid_until")} == {
        "awaited": True,
        "device_tokens": ["0123456789abcdef" * 2],
        "valid_from": "2018-03-20T12:00:00Z",
        "valid_until": "2018-03-21T12:00:00Z",
    }
    quote = example_of_value(Quote)
    assert (quote["currency"], quote["imei_status"]) == ("INR", "clear")
    assert quote["seal"] == "0123456789abcdef" * 4
    amounts = {"exchange_value": 150_000, "coupon_value": 150_000}
    assert {name: quote[name] for name in amounts} == amounts
    assert quote["lines"][0]["amount"] == example_of_value(Redemption)["discount"] == 150_000
    assert example_of_value(Terms)["factor_bps"] == 9_000


@pytest.mark.parametrize(
    ("name", "bound", "example"),
    [
        ("price_minor", Between(0, 10**9), 150_000),
        ("keep_bps", Between(0, 10_000), 9_000),
        ("count", Between(0, 5), 3),
        ("count", Between(4, 20), 4),
        ("count", Between(10, 20), 10),
        ("count", None, 3),
    ],
)
def test_an_example_of_a_number_is_within_its_bounds(name: str, bound: Between | None, example: int) -> None:
    assert example_of(int if bound is None else Annotated[int, Since(2), bound], name, "") == example


@pytest.mark.parametrize(
    ("name", "said", "bound", "example"),
    [
        ("brand", "", Chars(1, 9), "Xiaomi"),
        ("remark", "such as ``a dent``", Chars(1, 9), "a dent"),
        ("remark", "", Chars(1, 9), "remark"),
        ("remark", "", Chars(16, 16, "[0-9a-f]+"), "0123456789abcdef"),
        ("remark", "", Chars(2, 2, "[0-9]+"), "01"),
    ],
)
def test_an_example_of_a_text_is_of_its_form(name: str, said: str, bound: Chars, example: str) -> None:
    assert example_of(Annotated[str, bound], name, said) == example
