"""Money: reading and writing rupees, and splitting an amount to the paisa."""

from __future__ import annotations

from typing import Any

import pytest

from miexchange.errors import InvalidValue
from miexchange.money import GREATEST_AMOUNT, allocate, paise, rupees

READ = [
    ("0", 0),
    ("7", 700),
    ("10550", 10_550_00),
    ("10550.5", 10_550_50),  # one decimal is tens of paise
    ("10550.05", 10_550_05),
    ("26599.30", 26_599_30),
    ("1,000", 1_000_00),  # thousands
    ("1,50,000", 1_50_000_00),  # lakhs
    ("12,34,56,789.01", 12_34_56_789_01),  # crores
    ("123,456,789", 123_456_789_00),  # millions
    ("007", 7_00),
    ("1000000000", GREATEST_AMOUNT),  # the largest amount
]


@pytest.mark.parametrize(("text", "amount"), READ)
def test_rupees_are_read_as_exact_minor(text: str, amount: int) -> None:
    assert paise(text) == amount


REFUSED: list[object] = [
    "",
    " 7",  # white space
    "7 ",
    "7\n",
    "-7",  # an amount is not negative
    "+7",
    ".5",
    "5.",
    "5.001",  # a tenth of a paisa
    "5,00",  # two digits at the end are no thousands
    "1,5",
    ",500",
    "1,,000",
    "1234,567",  # four digits ahead of a comma
    "1_000",
    "1e3",
    "0x10",
    "\N{ARABIC-INDIC DIGIT SEVEN}",  # digits of another script
    "\N{FULLWIDTH DIGIT SEVEN}",
    "₹7",
    "NaN",
    "1000000000.01",  # a paisa above the largest amount
    "1" + "0" * 30,
    "1" + "0" * 5_000,  # longer than Python reads
    None,
    7,
    7.5,
    b"7",
    ["7"],
]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_amount_is_refused_with_a_remedy(text: object) -> None:
    with pytest.raises(InvalidValue, match=r"write rupees as digits|at most") as caught:
        paise(text)  # type: ignore[arg-type]
    assert caught.value.field == "amount"


WRITTEN = [
    (0, "0.00"),
    (1, "0.01"),
    (99, "0.99"),
    (100, "1.00"),
    (1_055_000, "10550.00"),
    (-1, "-0.01"),  # not "-1.99"
    (-100, "-1.00"),
    (-12_345, "-123.45"),
    (10**30 + 1, "1" + "0" * 28 + ".01"),  # no float on the way
]


@pytest.mark.parametrize(("amount", "text"), WRITTEN)
def test_paise_are_written_as_plain_rupees(amount: int, text: str) -> None:
    assert rupees(amount) == text


ALLOCATED = [
    (0, [], ()),  # nothing to split, nobody to get it
    (0, [0, 0], (0, 0)),
    (0, [1, 2], (0, 0)),
    (10, [5], (10,)),
    (1000, [1, 1, 1], (334, 333, 333)),  # a tie goes to the earlier one
    (1001, [1, 1, 1], (334, 334, 333)),
    (1, [1, 1], (1, 0)),
    (5, [0, 1, 0, 1], (0, 3, 0, 2)),  # a weight of zero gets nothing
    (100, [1, 2, 4], (14, 29, 57)),  # 14.29, 28.57, 57.14: the largest remainder is .57
    (7, [10, 20, 30], (1, 2, 4)),  # 1.17, 2.33, 3.50: the one left over goes to .50
    (60, [10, 20, 30], (10, 20, 30)),  # all of it: nobody gets more than the weight
    (59, [10, 20, 30], (10, 20, 29)),  # 9.83, 19.67, 29.5: two left over go to .83 and .67
    (10**11, [10**11, 10**11 - 1], (50_000_000_000, 50_000_000_000)),  # .25 each way of a half: exact in whole numbers
]


@pytest.mark.parametrize(("amount", "weights", "shares"), ALLOCATED)
def test_an_amount_is_split_by_largest_remainder(amount: int, weights: list[int], shares: tuple[int, ...]) -> None:
    assert allocate(amount, weights) == shares
    assert sum(shares) == amount


NOT_ALLOCATED = [
    (-1, [1], "is -1: give whole numbers of 0 or more"),
    (1, [-1], "is -1: give whole numbers of 0 or more"),
    (1, [2, -1], "is -1: give whole numbers of 0 or more"),
    (1, [], "has none above 0: give at least one above 0"),
    (1, [0], "has none above 0: give at least one above 0"),
]


@pytest.mark.parametrize(("amount", "weights", "rule"), NOT_ALLOCATED)
def test_what_cannot_be_split_is_refused(amount: int, weights: list[int], rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule):
        allocate(amount, weights)


@pytest.mark.parametrize(("amount", "weights"), [(True, [1]), (1.0, [1]), (1, [1, 0.5]), ("1", [1])])
def test_only_whole_numbers_are_shared_out(amount: Any, weights: Any) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match="whole numbers"):
        allocate(amount, weights)
