"""Money: whole paise, whole basis points, one named rounding at a time.

An amount is an `int` of paise (100 paise = ₹1), a rate an `int` of basis points
(10 000 bps = 100 %). No float ever touches money: `rupees` renders an amount for people, and
`paise` reads what a person wrote, exactly.

>>> paise("10,550")
1055000
>>> rupees(1055000)
'10550.00'
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import Between
from miexchange._text import GREATEST_SHOWN, native, text_of
from miexchange._value import elements
from miexchange.errors import InvalidValue, out_of_range, wrong_type

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BPS", "GREATEST_AMOUNT", "PAISE_PER_RUPEE", "allocate", "paise", "rupees"]

PAISE_PER_RUPEE = 100
"""Paise in one rupee (Coinage Act 2011, India, section 4)."""

BPS = 10_000
"""Basis points in 100 %."""

GREATEST_AMOUNT = 10**11
"""The largest amount that a table or an order may hold: ₹1 000 000 000. An amount times a rate of
10 000 bps then stays below 2**63 by a factor of 9 000, so the arithmetic is the same in an int64
column."""

Bps = Annotated[int, Between(0, BPS)]
"""What is kept of something, or a share of it, in basis points."""

Amount = Annotated[int, Between(0, GREATEST_AMOUNT)]
"""An amount in paise, zero or more."""

_WHOLE_RUPEES = f"whole rupees as paise: a multiple of 100 from {PAISE_PER_RUPEE} to {GREATEST_AMOUNT}"
Rupees = Annotated[int, Between(PAISE_PER_RUPEE, GREATEST_AMOUNT, PAISE_PER_RUPEE, _WHOLE_RUPEES)]
"""A price in paise: whole rupees, one or more."""

_RUPEES = re.compile(r"(?P<rupees>[0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.(?P<paise>[0-9]{1,2}))?")


def paise(text: str) -> int:
    """Read an amount in rupees, as a person writes it, as exact paise.

    Args:
        text: digits with up to two decimals, with or without thousands or lakh separators.

    Raises:
        InvalidValue: the text is not such an amount, or the amount is above `GREATEST_AMOUNT`.

    >>> paise("26599.30")
    2659930
    >>> paise("1,50,000")
    15000000
    """
    said = text_of(text) or ""
    match = _RUPEES.fullmatch(said)
    if match is None:
        raise InvalidValue("amount", text, "write rupees as digits, such as 10550 or 10550.50")
    number = int(match["rupees"].replace(",", "")) if len(said) <= 20 else GREATEST_AMOUNT  # noqa: PLR2004
    amount = number * PAISE_PER_RUPEE + int((match["paise"] or "0").ljust(2, "0"))
    if amount > GREATEST_AMOUNT:
        raise InvalidValue("amount", text, f"give at most {rupees(GREATEST_AMOUNT)} rupees")
    return amount


def rupees(amount: int) -> str:
    """Render paise as plain rupees with two decimals: exact, and the same in every locale.

    Raises:
        InvalidValue: not a whole number, or of more than 60 digits.

    >>> rupees(-5)
    '-0.05'
    """
    taken = native(amount)
    if type(taken) is not int or not -GREATEST_SHOWN < taken < GREATEST_SHOWN:
        raise InvalidValue("amount", amount, "give a whole number of minor units, of at most 60 digits")
    amount = taken
    units, fraction = divmod(abs(amount), PAISE_PER_RUPEE)
    return f"{'-' if amount < 0 else ''}{units}.{fraction:02d}"


@lru_cache(1_024)  # of few different rates; a quote names several
def percent(bps: int) -> str:
    """Write basis points, 0 or more, as a percentage for people, exactly.

    >>> percent(9500), percent(701), percent(9950)
    ('95 %', '7.01 %', '99.5 %')
    """
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02d}".rstrip("0") + " %" if rest else f"{whole} %"


def allocate(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount in proportion to weights, to the paisa, by largest remainder.

    Every share is the exact proportional share rounded down or up; the shares add up to the
    amount; a weight of zero gets nothing; and where the amount is at most the sum of the weights,
    no share is above its weight. Ties go to the earlier weight.

    Args:
        amount: paise to split, not negative.
        weights: not negative, at least one of them above zero unless the amount is zero.

    Raises:
        InvalidValue: an amount or a weight is negative or no int, or there is nothing to split it over.

    >>> allocate(1000, [1, 1, 1])
    (334, 333, 333)
    """
    weights = elements(weights, "weights", "give a list of whole numbers")
    if not all(type(number) is int for number in (amount, *weights)):
        number = next(number for number in (amount, *weights) if type(number) is not int)
        raise wrong_type("amount or weights", number, "give whole numbers")
    total = sum(weights)
    if amount < 0 or any(weight < 0 for weight in weights):
        raise out_of_range("amount or weights", min((amount, *weights)), "give whole numbers of 0 or more")
    if total == 0:
        if amount:
            raise out_of_range("weights", weights, "give at least one above 0", "has none above 0")
        return (0,) * len(weights)
    shares = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -(amount * weights[index] % total))
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return tuple(shares)
