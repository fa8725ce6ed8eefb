"""Parses amounts as people and spreadsheets write them, in a stated format; anything else is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple

from miexchange._text import counted, is_blank
from miexchange.errors import shown
from miexchange.money import GREATEST_AMOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.money import Currency

__all__ = ["GROUPS", "MARKS", "Fault", "Spelling", "Unread", "amount_of", "check_kind"]

MARKS = {"point": ".", "comma": ","}
GROUPS = {"none": "", "comma": ",", "point": ".", "space": " ", "apostrophe": "'"}

_LONGEST = 60  # characters of an amount with its signs
_SPACES = re.compile("[\xa0\u2007\u2009\u202f]")
_APOSTROPHES = re.compile("[\u2019\u02bc]")
_DIGITS = re.compile(r"([^0-9]*)([0-9](?:.*[0-9])?)([^0-9]*)", re.DOTALL)
_MINUS = frozenset("-+\u2212\u2013()")
_TIMES = 2  # the options named in a remedy, at most


class Unread(Exception):  # noqa: N818 - never leaves the package
    """A cell that cannot be read in the stated format: the fault, and the remedy."""


class Fault(NamedTuple):
    """An error value of Excel in a cell, such as ``#REF!``."""

    says: str


class Spelling(NamedTuple):
    """The format of an amount.

    Attributes:
        decimal: the decimal mark of an amount that is text.
        grouping: the separator between its groups of digits, of three or as lakhs; ``none`` for no groups.
        signs: the texts that may stand before or after its digits, such as ``₹`` or ``/-``.
        unit: whether it is in units of the currency, or in its minor units.
        options: the names of its options in a remedy: those of the command, or arguments of Python.
    """

    decimal: str = "point"
    grouping: str = "none"
    signs: tuple[str, ...] = ()
    unit: str = "unit"
    options: Literal["command", "python"] = "command"

    def fault(self) -> tuple[str, object, str] | None:
        """Return the first invalid field, its value and the rule, or None."""
        if self.decimal == self.grouping:
            return "grouping", self.grouping, "give another mark than the decimal one"
        if any(sign != sign.strip() or any(map(str.isdigit, sign)) for sign in self.signs):
            return "signs", self.signs, "give signs without digits, and without space around them"
        return None

    def _named(self, other: Spelling) -> list[str]:
        """Name the options by which another format differs; `sign` is repeated for each new sign."""
        command, found = self.options == "command", []
        for name, value in (("decimal", other.decimal), ("grouping", other.grouping)):
            if value != getattr(self, name):
                found.append(f"--{name} {value}" if command else f'{name}="{value}"')
        strange = other.signs[len(self.signs) :]
        if command:
            return found + [f"--sign '{sign}'" for sign in strange]
        return found + ([f"signs={other.signs!r}"] if strange else [])


def _plain(text: str) -> str:
    return _APOSTROPHES.sub("'", _SPACES.sub(" ", text)).strip()


def amount_of(cell: object, spelling: Spelling, currency: Currency, step: int = 1) -> int:
    """Return an amount in minor units.

    Args:
        cell: a text, or a number of a spreadsheet.
        spelling: its format.
        currency: its currency.
        step: the amount must be a multiple of this, in minor units.

    Raises:
        Unread: it is not an amount in that format.

    >>> from miexchange.money import Currency
    >>> amount_of("₹ 1,12,499", Spelling(grouping="comma", signs=("₹",)), Currency("INR"))
    11249900
    """
    check_kind(cell, "an amount", (str, int, float, Decimal))
    decimals = currency.decimals if spelling.unit == "unit" else 0
    if isinstance(cell, str):
        amount = _parsed(_plain(cell), spelling, decimals)
        if amount is None:
            remedy = _options_for(_plain(cell), spelling, decimals, currency)
            raise Unread(f"{shown(cell)} is no amount as stated", remedy)
    else:
        amount = _digits(_written(cell), ".", "", decimals)
        if amount is None:
            what = f"has more than {counted(decimals, 'decimal')}, or is out of range"
            raise Unread(f"{shown(cell)} {what}", "Round it in the spreadsheet: money is exact")
    if not 0 < amount <= GREATEST_AMOUNT:
        most = currency.plain(GREATEST_AMOUNT)
        raise Unread(f"{shown(cell)} is out of range", f"Write an amount above 0, and of at most {most} {currency}")
    if amount % step:
        what = f"{shown(cell)} is not a multiple of the price step, {currency.plain(step)} {currency}"
        raise Unread(what, "Round the price, or state a smaller price_step_minor in programme.toml")
    return amount


def _written(cell: object) -> str:
    """Return a number in digits, without trailing zeros."""
    if type(cell) is int:
        return f"{cell}"
    short = isinstance(cell, Decimal) and abs(cell.adjusted()) < _LONGEST  # written out, it would not fit in memory
    text = f"{cell:f}" if short else repr(cell)
    return text.rstrip("0").removesuffix(".") if "." in text else text


def check_kind(cell: object, what: str, kinds: tuple[type, ...]) -> None:
    """Refuse an empty cell, an error value of the spreadsheet, or a value of another type.

    Raises:
        Unread: it is one of them.
    """
    if isinstance(cell, Fault):
        raise Unread(f"{cell.says} is an error of the spreadsheet", "Correct its formula there")
    if is_blank(cell):
        never = "a formula that was never computed is empty too: open the file and save it"
        raise Unread("is empty", f"Write {what}; {never}")
    if type(cell) not in kinds:
        called = "a date" if isinstance(cell, date) else "a time" if isinstance(cell, time | timedelta) else shown(cell)
        raise Unread(f"{called} is not {what}", f"Write {what}, and format the column so")


def _parsed(text: str, spelling: Spelling, decimals: int) -> int | None:
    """Parse a text in a format; return the amount, or None."""
    if len(text) > _LONGEST:
        return None
    signs = [_plain(sign) for sign in spelling.signs]
    text = next((text.removeprefix(sign).lstrip() for sign in signs if text.startswith(sign)), text)
    text = next((text.removesuffix(sign).rstrip() for sign in signs if text.endswith(sign)), text)
    return _digits(text, MARKS[spelling.decimal], GROUPS[spelling.grouping], decimals)


def _digits(text: str, mark: str, group: str, decimals: int) -> int | None:
    units, found, fraction = text.partition(mark)
    if group and group in units:
        between = re.escape(group)
        by_three = rf"[0-9]{{1,3}}(?:{between}[0-9]{{3}})+"
        by_two = rf"[0-9]{{1,2}}(?:{between}[0-9]{{2}})*{between}[0-9]{{3}}"  # lakhs and crores
        if re.fullmatch(f"{by_three}|{by_two}", units) is None:
            return None
        units = units.replace(group, "")
    if re.fullmatch("[0-9]{1,15}", units) is None or (found and re.fullmatch("[0-9]+", fraction) is None):
        return None
    return int(units + fraction.ljust(decimals, "0")) if len(fraction) <= decimals else None


def _options_for(text: str, spelling: Spelling, decimals: int, currency: Currency) -> str:
    """Return the options that would read an amount, each with its result."""
    found: dict[int, str] = {}
    for options, other in _others(text, spelling):
        amount = _parsed(text, other, decimals)
        if amount is not None:
            found.setdefault(amount, options)
    if not found:
        return "Write the amount in digits, as the other rows have it"
    plain = (lambda amount: f"{amount}") if spelling.unit == "minor" else currency.plain
    ways = [f"{options} reads it as {plain(amount)}" for amount, options in [*found.items()][:_TIMES]]
    return f"Nothing is guessed: {', and '.join(ways)}"


def _others(text: str, spelling: Spelling) -> Iterator[tuple[str, Spelling]]:
    """Yield every format that may be meant, with its options; the one with the fewest first."""
    parts = _DIGITS.fullmatch(text)
    if parts is None:
        return  # no digits
    before, after = (sign.strip() for sign in parts.group(1, 3))
    if _MINUS & {*before} or after[:1] in _MINUS:
        return  # a negative amount is not a price in any format
    signs = tuple(dict.fromkeys(sign for sign in (before, after) if sign))
    strange = tuple(sign for sign in signs if sign not in spelling.signs)
    tries = []
    for mark, group in product(MARKS, GROUPS):
        if mark != group:
            other = spelling._replace(decimal=mark, grouping=group, signs=(*spelling.signs, *strange))
            tries.append((spelling._named(other), other))  # noqa: SLF001 - of its own kind
    for options, other in sorted(tries, key=lambda one: len(one[0])):
        yield (" " if spelling.options == "command" else ", ").join(options), other
