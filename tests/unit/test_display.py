"""Amounts for people, by locale."""

from __future__ import annotations

import sys

import pytest

from miexchange.display import _pattern, amount_text
from miexchange.errors import InvalidValue
from miexchange.money import Currency, Money


@pytest.mark.parametrize(
    ("amount", "code", "locale", "text"),
    [
        (123_456_789, "INR", None, "₹12,34,567.89"),
        (-123_456_789, "INR", None, "-₹12,34,567.89"),
        (123_456_789, "INR", "hi_IN", "₹12,34,567.89"),
        (123_456_789, "GBP", None, "£1,234,567.89"),
        (123_456_789, "GBP", "de", "1.234.567,89\xa0£"),
        (12_499, "JPY", None, "¥12,499"),
        (12_345, "KWD", None, "KWD\xa012.345"),
        (123_456, "XOF", None, "F\u202fCFA\xa0123,456"),
        (12_345, "KWD", "fr", "12,345\xa0KWD"),
    ],
)
def test_an_amount_is_written_for_people_by_locale(amount: int, code: str, locale: str | None, text: str) -> None:
    assert amount_text(Money(amount, Currency(code)), locale) == text


@pytest.mark.parametrize("locale", ["", "xx_YY_zz", "no such", 5, "en\n"])
def test_a_locale_that_is_none_is_refused(locale: object) -> None:
    with pytest.raises(InvalidValue, match="give a locale that Babel knows"):
        amount_text(Money(1, Currency("INR")), locale)  # type: ignore[arg-type]


def test_without_babel_an_amount_is_its_symbol_and_plain_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "babel", None)
    _pattern.cache_clear()
    try:
        assert amount_text(Money(-1_072_050, Currency("INR"))) == "-₹10720.50"
        assert amount_text(Money(1_072_050, Currency("KWD")), "de") == "KWD 1072.050"
    finally:
        _pattern.cache_clear()
