"""What a cell says by a stated form: an amount, or a day. What the form does not say is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from miexchange._spreadsheet import as_serial
from miexchange._text import counted, is_blank
from miexchange._time import NotATime, is_day, midnight, read_instant
from miexchange.errors import shown
from miexchange.money import GREATEST_AMOUNT
from miexchange.pricelists._form import GROUPS, MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from miexchange.money import Currency
    from miexchange.pricelists._form import Form

__all__ = ["Fault", "Unread", "amount_of", "instant_of"]

_LONGEST = 60  # characters of an amount with its signs
_SPACES = re.compile("[\xa0\u2007\u2009\u202f]")
_APOSTROPHES = re.compile("[\u2019\u02bc]")
_DIGITS = re.compile(r"([^0-9]*)([0-9](?:.*[0-9])?)([^0-9]*)", re.DOTALL)
_DATE = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})")
_ORDERS = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
_YEAR = 4  # digits
_MINUS = frozenset("-+\u2212\u2013()")
_TIMES = 2  # how many of the options that would read a cell are named


class Unread(Exception):  # noqa: N818 - never leaves the package
    """A cell that cannot be read by the form: what is wrong, and the remedy."""


class Fault(NamedTuple):
    """An error of Excel in a cell, such as ``#REF!``."""

    says: str


def _plain(text: str) -> str:
    return _APOSTROPHES.sub("'", _SPACES.sub(" ", text)).strip()


def amount_of(cell: object, form: Form, currency: Currency, step: int) -> int:
    """Return an amount in minor units.

    Args:
        cell: a text, or a number of Excel.
        form: how it is written.
        currency: of which it is.
        step: what it is a multiple of, in minor units.

    Raises:
        Unread: it is none by that form.
    """
    _check_kind(cell, "an amount", (str, int, float))
    decimals = currency.decimals if form.unit == "unit" else 0
    if isinstance(cell, str):
        amount = _parsed(_plain(cell), form, decimals)
        if amount is None:
            raise Unread(f"{shown(cell)} is no amount as stated", _options_for(_plain(cell), form, decimals, currency))
    else:
        text = f"{cell}" if type(cell) is int else repr(cell).removesuffix(".0")
        amount = _digits(text, ".", "", decimals)
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


def _check_kind(cell: object, what: str, kinds: tuple[type, ...]) -> None:
    if isinstance(cell, Fault):
        raise Unread(f"{cell.says} is an error of the spreadsheet", "Correct its formula there")
    if is_blank(cell):
        never = "a formula that was never computed is empty too: open the file and save it"
        raise Unread("is empty", f"Write {what}; {never}")
    if type(cell) not in kinds:
        called = "a date" if isinstance(cell, date) else "a time" if isinstance(cell, time | timedelta) else shown(cell)
        raise Unread(f"{called} is not {what}", f"Write {what}, and format the column so")


def _parsed(text: str, form: Form, decimals: int) -> int | None:
    """Return the amount that a text says by a form, or None."""
    if len(text) > _LONGEST:
        return None
    signs = [_plain(sign) for sign in form.signs]
    text = next((text.removeprefix(sign).lstrip() for sign in signs if text.startswith(sign)), text)
    text = next((text.removesuffix(sign).rstrip() for sign in signs if text.endswith(sign)), text)
    return _digits(text, MARKS[form.decimal], GROUPS[form.grouping], decimals)


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


def _options_for(text: str, form: Form, decimals: int, currency: Currency) -> str:
    """Say which options would read an amount, and as what."""
    found: dict[int, str] = {}
    for options, other in _other_forms(text, form):
        amount = _parsed(text, other, decimals)
        if amount is not None:
            found.setdefault(amount, options)
    if not found:
        return "Write the amount in digits, as the other rows have it"
    plain = (lambda amount: f"{amount}") if form.unit == "minor" else currency.plain
    ways = [f"{options} reads it as {plain(amount)}" for amount, options in [*found.items()][:_TIMES]]
    return f"Nothing is guessed: {', and '.join(ways)}"


def _other_forms(text: str, form: Form) -> Iterator[tuple[str, Form]]:
    """Yield every form that may be meant, with its options; the one with the fewest first."""
    parts = _DIGITS.fullmatch(text)
    before, after = ("", "") if parts is None else (sign.strip() for sign in parts.group(1, 3))
    if _MINUS & {*before} or after[:1] in _MINUS:
        return  # a debt is no price, however it is written
    signs = tuple(dict.fromkeys(sign for sign in (before, after) if sign))
    strange = tuple(sign for sign in signs if sign not in form.signs)
    tries = []
    for mark, group in product(MARKS, GROUPS):
        if mark == group:
            continue
        stated = [f"--decimal {mark}"] * (mark != form.decimal) + [f"--grouping {group}"] * (group != form.grouping)
        stated += [f"--sign '{sign}'" for sign in strange]
        other = form.replace(decimal=mark, grouping=group, signs=(*form.signs, *strange))
        tries.append((len(stated), " ".join(stated), other))
    for _, options, other in sorted(tries, key=lambda one: one[0]):
        yield options, other


def instant_of(cell: object, form: Form, zone: tzinfo, first_day: date) -> datetime:
    """Return the first instant of a day in a zone; a text may be an instant, too.

    Args:
        cell: a text, a date of Excel, or a count of days.
        form: how it is written.
        zone: where days begin.
        first_day: from which the file counts days.

    Raises:
        Unread: it is none by that form.
    """
    _check_kind(cell, "a date", (str, date, datetime, int, float))
    try:
        if isinstance(cell, datetime):
            if cell.time() != time():
                raise Unread(f"{cell.isoformat()} has a time of day", "Write the day alone")
            return midnight(cell.date(), zone)
        if isinstance(cell, date):
            return midnight(cell, zone)
        if isinstance(cell, str):
            return _read_text(cell.strip(), form, zone)
        return midnight(_counted(f"{cell}".removesuffix(".0"), form, first_day), zone)
    except NotATime as fault:
        raise Unread(f"{shown(cell)} {fault.args[0]}", fault.args[1]) from None


def _read_text(text: str, form: Form, zone: tzinfo) -> datetime:
    try:
        return read_instant(text, zone)
    except NotATime as fault:
        if is_day(text) or (_DATE.fullmatch(text) is None and as_serial(text) is None):
            raise Unread(f"{shown(text)} {fault.args[0]}", fault.args[1]) from None
    if form.dates == "excel":
        return midnight(_counted(text, form, _DAY_0), zone)
    day = _in_order(text, form.dates)
    if day is None:
        read = [(order, _in_order(text, order)) for order in _ORDERS]
        ways = [f"--dates {order} reads it as {found}" for order, found in read if found is not None]
        if (serial := as_serial(text)) is not None:
            ways = [f"--dates excel reads it as {serial}"]
        remedy = f"Nothing is guessed: {', and '.join(ways)}" if ways else "Write the date as 2018-03-15"
        raise Unread(f"{shown(text)} is no date as stated", remedy)
    return midnight(day, zone)


_DAY_0 = date(1899, 12, 30)


def _counted(text: str, form: Form, first_day: date) -> date:
    day = as_serial(text)
    if day is None:
        raise Unread(f"{shown(text)} is not a date", "Write the date as 2018-03-15")
    day += first_day - _DAY_0
    if form.dates != "excel":
        raise Unread(f"{text} is a number", f"Format the column as a date; --dates excel reads it as {day}")
    return day


def _in_order(text: str, order: str) -> date | None:
    """Return the day that a text says in an order of its parts, or None; a year has four digits."""
    match, places = _DATE.fullmatch(text), _ORDERS.get(order)
    if match is None or places is None:
        return None
    parts = match.group(1, 3, 4)
    year, month, day = (parts[place] for place in places)
    if len(year) != _YEAR or max(len(month), len(day)) == _YEAR:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
