"""Money: whole minor units of one currency, whole basis points, one named rounding at a time.

An amount is an `int` of minor units of a `Currency` (100 paise = ₹1, 100 pence = £1, one yen, 1 000 fils = 1 Kuwaiti
dinar), a rate an `int` of basis points (10 000 bps = 100 %). No float is used for money. `Money` is an amount with its
currency, for display and for parsing text.

>>> Money.read("10,550", Currency("INR"))
Money(amount_minor=1055000, currency=Currency(code='INR'))
>>> print(Money(1055000, Currency("INR")))
INR 10,550.00
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache, total_ordering
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from miexchange import _data
from miexchange._bounded import Between, Older
from miexchange._door import in_own_words
from miexchange._text import GREATEST_SHOWN, native, text_of
from miexchange._value import Value, argument, check_types, elements
from miexchange.errors import out_of_range, wrong_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import CoreSchema

__all__ = ["BPS", "GREATEST_AMOUNT", "Currency", "Money", "allocate"]

BPS = 10_000
"""Basis points in 100 %."""

GREATEST_AMOUNT = 10**11
"""The largest amount in a table or an order, in minor units. An amount times a rate of 10 000 bps then
stays below 2**63 by a factor of 9 000, so the arithmetic is the same in an int64 column."""

Bps = Annotated[int, Between(0, BPS)]
"""A share, in basis points."""

Amount = Annotated[int, Between(0, GREATEST_AMOUNT)]
"""An amount in minor units, zero or more."""

PriceMinor = Annotated[int, Between(1, GREATEST_AMOUNT)]
"""A price in minor units, one or more."""

_WRITTEN = re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.([0-9]+))?")
_LONGEST = 20  # characters of an amount that can be in range


class _Facts(NamedTuple):
    decimals: int
    name: str
    symbol: str


@cache
def currencies() -> dict[str, _Facts]:
    """Return the rows of ``data/currencies.csv`` by code."""
    rows = _data.rows("currencies.csv", ["code", "decimals", "name", "symbol", "source"])
    return {row["code"]: _Facts(int(row["decimals"]), row["name"], row["symbol"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Currency(Value):
    """A currency of ISO 4217, of those in ``data/currencies.csv``. In JSON it is its code.

    Attributes:
        code: its three letters, such as ``INR``.

    Raises:
        InvalidValue: no currency has that code.

    >>> [(Currency(code).name, Currency(code).decimals) for code in ("JPY", "GBP", "KWD")]
    [('Yen', 0), ('Pound Sterling', 2), ('Kuwaiti Dinar', 3)]
    """

    code: str
    _example = "INR"

    def __post_init__(self) -> None:
        check_types(self)
        if self.code not in currencies():
            raise out_of_range("Currency.code", self.code, "give a code of ISO 4217, such as INR")

    @property
    def decimals(self) -> int:
        """The number of decimals: the minor unit is 1 / 10**decimals of the unit."""
        return currencies()[self.code].decimals

    @property
    def name(self) -> str:
        """Its name in ISO 4217."""
        return currencies()[self.code].name

    @property
    def symbol(self) -> str:
        """Its symbol, such as ``£``, or "" if it has none of its own."""
        return currencies()[self.code].symbol

    def plain(self, amount: int) -> str:
        """Write minor units as plain digits with the currency's decimals: exact, and the same in every locale.

        Raises:
            InvalidValue: not a whole number, or of more than 60 digits.

        >>> [Currency(code).plain(-5) for code in ("JPY", "INR", "KWD")]
        ['-5', '-0.05', '-0.005']
        """
        return self._digits(amount, "")

    def _digits(self, amount: int, separator: str) -> str:
        taken = native(amount)
        if type(taken) is not int or not -GREATEST_SHOWN < taken < GREATEST_SHOWN:
            raise wrong_type("amount", amount, "give a whole number of minor units, of at most 60 digits")
        decimals = self.decimals
        units, part = divmod(abs(taken), 10**decimals)
        fraction = f".{part:0{decimals}d}" if decimals else ""
        return f"{'-' if taken < 0 else ''}{units:{separator}}{fraction}"

    def _written(self, *_: bool) -> str:
        return self.code

    def __str__(self) -> str:
        """Return the code."""
        return self.code

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """Serialise as a JSON string, the code."""
        from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

        schema = core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )
        return in_own_words(cls, lambda: schema, lambda currency, _: str(currency))

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "description": "A currency of ISO 4217",
            "examples": [cls._example],
        }


CurrencyOfOld = Annotated[Currency, Older(lambda: Currency("INR"))]
"""The currency of values of older versions of this package, which knew only rupees."""


def same_currency(given: Currency, wanted: Currency, field: str, whose: str) -> None:
    """Refuse an amount in another currency than that of the other party.

    Args:
        given: its currency.
        wanted: the required currency.
        field: the name of the amount.
        whose: the owner of the required currency, such as ``the coupon``.

    Raises:
        InvalidValue: the two differ; both are named.
    """
    if given != wanted:
        raise out_of_range(field, given.code, f"{whose} is in {wanted.code}, and two currencies never meet")


@total_ordering
@dataclass(frozen=True, slots=True)
class Money(Value):
    """An amount with its currency: for display, and for parsing text.

    Sums, differences and comparisons are exact, and refuse two currencies.

    Attributes:
        amount_minor: the amount in minor units; negative for a debt.
        currency: its currency.

    >>> rupees = Currency("INR")
    >>> print(Money(1_055_000, rupees) - Money(5, rupees))
    INR 10,549.95
    >>> Money(100, rupees) < Money(100, Currency("GBP"))
    Traceback (most recent call last):
    miexchange.errors.InvalidValue: Money.currency is 'GBP': the other is in INR, and two currencies never meet
    """

    amount_minor: int
    currency: Currency

    @classmethod
    def read(cls, text: str, currency: Currency) -> Money:
        """Parse an amount as a person writes it, exactly.

        Args:
            text: digits with up to as many decimals as the currency has, with or without thousands or lakh separators.
            currency: the currency.

        Raises:
            InvalidValue: the text is not such an amount, or the amount is above `GREATEST_AMOUNT`.

        >>> Money.read("1,50,000.5", Currency("INR")).amount_minor, Money.read("12,499", Currency("JPY")).amount_minor
        (15000050, 12499)
        """
        argument(currency, Currency, "currency", "give a Currency")
        decimals = currency.decimals
        said = text_of(text) or ""
        match = _WRITTEN.fullmatch(said)
        if match is None or len(match[2] or "") > decimals:
            example = f" or {currency.plain(10_550 * 10**decimals + 5 * 10**decimals // 10)}" if decimals else ""
            raise out_of_range("amount", text, f"write {currency} as digits, such as 10550{example}")
        units = int(match[1].replace(",", "")) if len(said) <= _LONGEST else GREATEST_AMOUNT + 1
        amount = units * 10**decimals + int((match[2] or "0").ljust(decimals, "0"))
        if amount > GREATEST_AMOUNT:
            raise out_of_range("amount", text, f"give at most {cls(GREATEST_AMOUNT, currency)}")
        return cls(amount, currency)

    @property
    def plain(self) -> str:
        """The amount as plain digits, without the currency: see `Currency.plain`."""
        return self.currency.plain(self.amount_minor)

    def __str__(self) -> str:
        """Return the code of the currency and the amount in groups of thousands: exact, the same in every locale."""
        return f"{self.currency.code} {self.currency._digits(self.amount_minor, ',')}"  # noqa: SLF001 - of this module

    def _other(self, other: Money) -> int:
        same_currency(other.currency, self.currency, "Money.currency", "the other")
        return other.amount_minor

    def __add__(self, other: Money) -> Money:
        """Return the sum; two currencies are an error."""
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount_minor + self._other(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference; two currencies are an error."""
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount_minor - self._other(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare amounts; two currencies are an error."""
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor < self._other(other)


@lru_cache(1_024)  # there are few different rates, and a quote names several
def percent(bps: int) -> str:
    """Write basis points, 0 or more, as a percentage for people, exactly.

    >>> percent(9500), percent(701), percent(9950)
    ('95 %', '7.01 %', '99.5 %')
    """
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02d}".rstrip("0") + " %" if rest else f"{whole} %"


def allocate(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount in proportion to weights, to the minor unit, by largest remainder.

    Every share is the exact proportional share rounded down or up; the shares add up to the
    amount; a weight of zero gets nothing; and if the amount is at most the sum of the weights,
    no share is above its weight. Ties go to the earlier weight.

    Args:
        amount: minor units to split, not negative.
        weights: not negative, at least one of them above zero unless the amount is zero.

    Raises:
        InvalidValue: an amount or a weight is negative or not an int, or all weights are zero.

    >>> allocate(1000, [1, 1, 1])
    (334, 333, 333)
    """
    weights = elements(weights, "weights", "give a list of whole numbers")
    numbers = [amount, *weights]
    if {*map(type, numbers)} != {int}:
        number = next(number for number in numbers if type(number) is not int)
        raise wrong_type("amount or weights", number, "give whole numbers")
    if min(numbers) < 0:
        raise out_of_range("amount or weights", min(numbers), "give whole numbers of 0 or more")
    total = sum(weights)
    if total == 0:
        if amount:
            raise out_of_range("weights", weights, "give at least one above 0", "has none above 0")
        return (0,) * len(weights)
    shares = [amount * weight // total for weight in weights]
    left = amount - sum(shares)
    if left:
        by_remainder = sorted(range(len(weights)), key=lambda index: -(amount * weights[index] % total))
        for index in by_remainder[:left]:
            shares[index] += 1
    return tuple(shares)
