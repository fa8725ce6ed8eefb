"""Amounts for people, in the format of their language: by Babel, if it is installed.

>>> amount_text(Money(1_23_456_50, Currency("INR")))
'₹1,23,456.50'
"""

from __future__ import annotations

import re
from copy import copy
from functools import cache, partial
from typing import TYPE_CHECKING

from miexchange._text import text_of
from miexchange._value import argument
from miexchange.errors import out_of_range
from miexchange.money import Currency, Money

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["amount_text"]

_ENGLISH = {"INR": "en_IN"}
"""The English locale of a currency's own country, if it does not group digits by thousands."""

_LETTER_BY_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")


def amount_text(money: Money, locale: str | None = None) -> str:
    r"""Return an amount for people, exact, with the decimals of ISO 4217.

    Args:
        money: the amount.
        locale: the locale, such as ``de`` or ``hi_IN``; None for English, with the groups of digits of the
            currency's own country. Babel writes it if it is installed (the extra ``cli``); otherwise it is the
            symbol and plain digits.

    Raises:
        InvalidValue: Babel knows no such locale.

    >>> amount_text(Money(1_23_456_50, Currency("INR")), "de")
    '123.456,50\xa0₹'
    """
    argument(money, Money, "money", "give a Money")
    currency = money.currency
    wanted = _ENGLISH.get(currency.code, "en") if locale is None else text_of(locale) or ""
    pattern = _pattern(wanted, currency)
    if pattern is None:
        symbol = currency.symbol or f"{currency.code} "
        return f"{'-' if money.amount_minor < 0 else ''}{symbol}{currency.plain(abs(money.amount_minor))}"
    # CLDR separates letters from digits, and Babel does not.
    return _LETTER_BY_DIGIT.sub("\xa0", pattern(money.plain))


@cache
def _pattern(locale: str, currency: Currency) -> Callable[[str], str] | None:
    """Return the format of a locale for amounts of a currency; None if Babel is not installed."""
    try:
        from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - it is optional
    except ModuleNotFoundError:
        return None
    try:
        found = Locale.parse(locale)
    except (UnknownLocaleError, ValueError, TypeError):
        raise out_of_range("locale", locale, "give a locale that Babel knows, such as en_IN") from None
    pattern = copy(found.currency_formats["standard"])
    pattern.frac_prec = (currency.decimals, currency.decimals)  # of ISO 4217; Babel's would round an amount
    return partial(pattern.apply, locale=found, currency=currency.code, currency_digits=False)
