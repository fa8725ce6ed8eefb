"""Parses a cell by a stated format: an amount, or a day. Anything else is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from miexchange._amounts import Unread, check_kind
from miexchange._spreadsheet import as_serial
from miexchange._time import NotATime, is_day, midnight, read_instant
from miexchange.errors import shown

if TYPE_CHECKING:
    from datetime import tzinfo

    from miexchange.pricelists._form import Form

__all__ = ["instant_of"]

_DATE = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})")
_ORDERS = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
_YEAR = 4  # digits


def instant_of(cell: object, form: Form, zone: tzinfo, first_day: date) -> datetime:
    """Return the first instant of a day in a zone; a text may be an instant, too.

    Args:
        cell: a text, a date of Excel, or a count of days.
        form: its format.
        zone: the zone of days.
        first_day: the first day of the file's count of days.

    Raises:
        Unread: it is not a day in that format.
    """
    check_kind(cell, "a date", (str, date, datetime, int, float))
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
    """Return the day in a text with a given order of parts, or None; a year has four digits."""
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
