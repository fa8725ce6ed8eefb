"""Money: reading and writing amounts, and splitting one to the minor unit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from miexchange.errors import InvalidValue
from miexchange.money import GREATEST_AMOUNT, Currency, Money, allocate

INR, GBP, JPY, KWD = map(Currency, ("INR", "GBP", "JPY", "KWD"))

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
    assert Money.read(text, INR) == Money(amount, INR)


READ_IN = [
    ("215.50", GBP, 21_550),
    ("12,499", JPY, 12_499),
    ("100000000000", JPY, GREATEST_AMOUNT),
    ("1.2", KWD, 1_200),
    ("1.234", KWD, 1_234),
    ("100,000,000", KWD, GREATEST_AMOUNT),
]


@pytest.mark.parametrize(("text", "currency", "amount"), READ_IN)
def test_an_amount_has_the_decimals_of_its_currency(text: str, currency: Currency, amount: int) -> None:
    assert Money.read(text, currency).amount_minor == amount


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
    with pytest.raises(InvalidValue, match=r"write INR as digits, such as 10550 or 10550.50|at most INR 1,") as caught:
        Money.read(text, INR)  # type: ignore[arg-type]
    assert caught.value.field == "amount"


@pytest.mark.parametrize(("text", "currency"), [("5.0", JPY), ("5.", JPY), ("1.2345", KWD)])
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: Currency) -> None:
    with pytest.raises(InvalidValue, match=f"write {currency} as digits, such as 10550($| or 10550.500$)"):
        Money.read(text, currency)


def test_an_amount_is_read_in_a_currency() -> None:
    with pytest.raises(InvalidValue, match="give a Currency"):
        Money.read("5", "INR")  # type: ignore[arg-type]


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
    assert INR.plain(amount) == text


def test_money_is_written_with_its_currency() -> None:
    shown = [str(Money(amount, currency)) for amount in (1_234_567, -5) for currency in (INR, JPY, KWD)]
    assert shown == ["INR 12,345.67", "JPY 1,234,567", "KWD 1,234.567", "INR -0.05", "JPY -5", "KWD -0.005"]


@pytest.mark.parametrize("code", ["inr", "IN", "XXX", "", "₹"])
def test_what_is_no_currency_is_refused(code: Any) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match="code of ISO 4217, such as INR"):
        Currency(code)


def test_a_currency_knows_its_facts_and_is_its_code_in_json() -> None:
    assert (INR.name, INR.decimals, INR.symbol, f"{INR}") == ("Indian Rupee", 2, "₹", "INR")
    assert (KWD.decimals, KWD.symbol) == (3, "")
    assert Currency.from_json(INR.to_json()) == INR
    assert INR.to_json() == '"INR"'
    with pytest.raises(InvalidValue, match="ISO 4217"):
        Currency.from_json('"inr"')


@pytest.mark.parametrize("meet", [lambda one: one + 5, lambda one: one - 5, lambda one: one < 5, lambda one: 5 + one])
def test_money_and_a_number_do_not_add_up(meet: Any) -> None:  # noqa: ANN401 - a function
    with pytest.raises(TypeError):
        meet(Money(1, INR))


def test_money_of_one_currency_adds_up_and_is_compared() -> None:
    one, two, three = (Money(amount, INR) for amount in (1, 2, 3))
    assert one + two == three
    assert three - two == one
    assert [one < two, one < Money(1, INR), two < one] == [True, False, False]
    assert [one <= two, one <= Money(1, INR), two <= one, two > one] == [True, True, False, True]


def test_two_currencies_are_an_error_that_names_both() -> None:
    with pytest.raises(InvalidValue, match="is 'GBP': the other is in INR, and two currencies never meet"):
        Money(1, INR) + Money(1, GBP)


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


def test_a_currency_is_a_code_in_a_json_schema() -> None:
    rule = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "A currency of ISO 4217", "examples": ["INR"]}
    assert TypeAdapter(Currency).json_schema() == rule


def test_a_text_is_read_up_to_a_length() -> None:
    """Whatever is in range has 17 characters, with its separators."""
    assert Money.read("7".zfill(20), JPY) == Money(7, JPY)
    with pytest.raises(InvalidValue, match="give at most"):
        Money.read("7".zfill(21), JPY)


def test_an_amount_of_60_digits_is_written_and_no_wider_one() -> None:
    most = 10**60 - 1
    assert (JPY.plain(most), JPY.plain(-most)) == (f"{most}", f"-{most}")
    for amount in (most + 1, -most - 1):
        with pytest.raises(InvalidValue, match="at most 60 digits"):
            JPY.plain(amount)


def test_an_amount_is_written_plainly() -> None:
    assert (Money(1_055_005, INR).plain, Money(-5, JPY).plain) == ("10550.05", "-5")
