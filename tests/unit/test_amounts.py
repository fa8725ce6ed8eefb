"""An amount as a cell has it, in a stated format: each edge of what is read, and the remedy for what is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from miexchange._amounts import Fault, Spelling, Unread, amount_of
from miexchange.money import GREATEST_AMOUNT, Currency
from unit.small import INR

if TYPE_CHECKING:
    from collections.abc import Callable

MINOR = Spelling(unit="minor")
LAKHS = Spelling(grouping="comma", signs=("₹", "/-"))
YEN = Currency("JPY")
GREATEST = f"{GREATEST_AMOUNT // 100}.{GREATEST_AMOUNT % 100:02}"
IN_DIGITS = "Write the amount in digits, as the other rows have it"
ROUND = "Round it in the spreadsheet: money is exact"


@pytest.mark.parametrize(
    ("cell", "spelling", "currency", "minor"),
    [
        ("1", Spelling(), INR, 100),
        ("0.01", Spelling(), INR, 1),
        ("1.5", Spelling(), INR, 150),
        ("1.50", Spelling(), INR, 150),
        ("7", MINOR, INR, 7),
        ("7", Spelling(), YEN, 7),
        (GREATEST, Spelling(), INR, GREATEST_AMOUNT),
        ("1,234", LAKHS, INR, 123_400),
        ("12,34,567", LAKHS, INR, 123_456_700),
        ("₹ 1,234 /-", LAKHS, INR, 123_400),
        ("1234/-", LAKHS, INR, 123_400),
        (" 5\u2007", Spelling(), INR, 500),
        ("₹" + " " * 58 + "5", LAKHS, INR, 500),  # 60 characters
        (7, Spelling(), INR, 700),
        (7, MINOR, INR, 7),
        (1.0, Spelling(), INR, 100),
        (1.25, Spelling(), INR, 125),
        (100.0, MINOR, INR, 100),
        (1e3, Spelling(), YEN, 1_000),
        (Decimal("1.2500"), Spelling(), INR, 125),
        (Decimal("1E+3"), Spelling(), INR, 100_000),
        (Decimal("5.000"), MINOR, INR, 5),
        (Decimal(50), MINOR, INR, 50),
    ],
)
def test_an_amount_in_its_format_is_read_exactly(
    cell: object, spelling: Spelling, currency: Currency, minor: int
) -> None:
    assert amount_of(cell, spelling, currency) == minor


@pytest.mark.parametrize(
    ("cell", "spelling", "says"),
    [
        ("₹" + " " * 59 + "5", LAKHS, "is no amount as stated"),  # 61 characters
        ("5.", Spelling(), "is no amount as stated"),
        (".5", Spelling(), "is no amount as stated"),
        ("1.255", Spelling(), "is no amount as stated"),
        ("7.0", MINOR, "is no amount as stated"),
        ("0", Spelling(), "is out of range"),
        (f"{GREATEST_AMOUNT + 1}", MINOR, "is out of range"),
        ("9" * 15, MINOR, "is out of range"),
        ("9" * 16, MINOR, "is no amount as stated"),
        (0, Spelling(), "is out of range"),
        (-1, Spelling(), "has more than 2 decimals, or is out of range"),
        (1.005, Spelling(), "has more than 2 decimals, or is out of range"),
        (7.5, MINOR, "has more than 0 decimals, or is out of range"),
        (Decimal("1E+60"), Spelling(), "has more than 2 decimals, or is out of range"),
        (Decimal("1E+999999"), Spelling(), "has more than 2 decimals, or is out of range"),
        (Decimal("1E+999999999999"), Spelling(), "has more than 2 decimals, or is out of range"),
        (Decimal("1E-999999"), Spelling(), "has more than 2 decimals, or is out of range"),
        (Decimal("NaN"), Spelling(), "is empty"),
        (None, Spelling(), "is empty"),
        (" ", Spelling(), "is empty"),
        (Fault("#REF!"), Spelling(), "#REF! is an error of the spreadsheet"),
        (True, Spelling(), "True is not an amount"),
        (date(2018, 3, 20), Spelling(), "a date is not an amount"),
        (datetime(2018, 3, 20, tzinfo=UTC), Spelling(), "a date is not an amount"),
        (time(9), Spelling(), "a time is not an amount"),
        (timedelta(1), Spelling(), "a time is not an amount"),
        (b"5", Spelling(), "a bytes is not an amount"),
    ],
)
def test_anything_else_is_refused(cell: object, spelling: Spelling, says: str) -> None:
    with pytest.raises(Unread) as caught:
        amount_of(cell, spelling, INR)
    what, remedy = caught.value.args
    assert what.endswith(says)
    assert remedy


def test_a_price_is_a_multiple_of_its_step() -> None:
    assert [amount_of(f"{amount}", MINOR, INR, 50) for amount in (50, 100)] == [50, 100]
    for amount in (49, 51):
        with pytest.raises(Unread, match=rf"'{amount}' is not a multiple of the price step, 0\.50 INR"):
            amount_of(f"{amount}", MINOR, INR, 50)


@pytest.mark.parametrize(
    ("cell", "fields", "remedy"),
    [
        ("1,234", {}, 'grouping="comma" reads it as 1234.00'),
        ("1.234,5", {}, 'decimal="comma", grouping="point" reads it as 1234.50'),
        ("₹5", {}, "signs=('₹',) reads it as 5.00"),
        ("X5", {}, "signs=('X',) reads it as 5.00"),
        ("₹5/-", {"signs": ("₹",)}, "signs=('₹', '/-') reads it as 5.00"),
        ("Rs.5/-", {"signs": ("₹",)}, "signs=('₹', 'Rs.', '/-') reads it as 5.00"),
        ("=5=", {}, "signs=('=',) reads it as 5.00"),
        ("1.25", {"decimal": "comma"}, 'decimal="point" reads it as 1.25'),
        (
            "1.234",
            {"decimal": "comma"},
            'grouping="point" reads it as 1234.00',
        ),
        ("1,234", {"unit": "minor"}, 'grouping="comma" reads it as 1234'),
    ],
)
def test_the_arguments_that_would_read_it_are_named(cell: str, fields: dict[str, Any], remedy: str) -> None:
    with pytest.raises(Unread) as caught:
        amount_of(cell, Spelling(options="python", **fields), INR)
    assert caught.value.args == (f"'{cell}' is no amount as stated", f"Nothing is guessed: {remedy}")


def test_a_cell_that_can_be_two_amounts_has_both_named_each_by_the_fewest_options() -> None:
    """With 3 decimals, 1,234 is a thousand or one."""
    with pytest.raises(Unread) as caught:
        amount_of("1,234", Spelling(), Currency("KWD"))
    ways = caught.value.args[1].removeprefix("Nothing is guessed: ").split(", and ")
    assert sorted(ways) == ["--decimal comma reads it as 1.234", "--grouping comma reads it as 1234.000"]
    with pytest.raises(Unread, match="as stated") as caught:
        amount_of("1234,5", Spelling(grouping="space"), INR)
    assert caught.value.args[1] == "Nothing is guessed: --decimal comma reads it as 1234.50"


@pytest.mark.parametrize("cell", ["-5", "+5", "5-", "5 -x", "5--", "(5)", "₹ -5", "₹(5)", "\u22125", "\u20135", "none"])
def test_what_is_negative_or_no_number_is_an_amount_in_no_format(cell: str) -> None:
    with pytest.raises(Unread) as caught:
        amount_of(cell, Spelling(), INR)
    assert caught.value.args[1] == IN_DIGITS


@pytest.mark.parametrize(
    ("spelling", "field"),
    [
        (Spelling(), None),
        (LAKHS, None),
        (Spelling("comma", "point"), None),
        (Spelling("comma", "comma"), "grouping"),
        (Spelling("point", "point"), "grouping"),
        (Spelling(signs=("₹", "5")), "signs"),
        (Spelling(signs=("x5y",)), "signs"),
        (Spelling(signs=(" ₹",)), "signs"),
        (Spelling(signs=("₹ ",)), "signs"),
    ],
)
def test_a_format_that_contradicts_itself_names_the_field(spelling: Spelling, field: str | None) -> None:
    fault = spelling.fault()
    assert (fault and fault[:2]) == (field and (field, getattr(spelling, field)))


def test_a_number_of_a_spreadsheet_is_rounded_there() -> None:
    tries: list[Callable[[], int]] = [lambda: amount_of(1.005, Spelling(), INR), lambda: amount_of(-1, MINOR, INR)]
    for read in tries:
        with pytest.raises(Unread) as caught:
            read()
        assert caught.value.args[1] == ROUND
