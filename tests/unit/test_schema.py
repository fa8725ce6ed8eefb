"""What the JSON Schema says to people: examples that are within the bounds."""

from __future__ import annotations

from typing import Annotated

import pytest

from miexchange._bounded import Between, Chars
from miexchange._schema import example_of


@pytest.mark.parametrize(
    ("name", "bound", "example"),
    [
        ("price_minor", Between(0, 10**9), 150_000),
        ("keep_bps", Between(0, 10_000), 9_000),
        ("count", Between(0, 5), 3),
        ("count", Between(10, 20), 10),
    ],
)
def test_an_example_of_a_number_is_within_its_bounds(name: str, bound: Between, example: int) -> None:
    assert example_of(Annotated[int, bound], name, "") == example


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
