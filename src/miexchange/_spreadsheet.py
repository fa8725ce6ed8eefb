"""Detects traces of spreadsheets in a table: semicolons, currency signs, decimal commas, serial dates; with remedies.

The readers of tables guess nothing. Each of these cases gets its own remedy.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

__all__ = ["as_serial", "remedy_of_date", "remedy_of_header", "remedy_of_number"]

_BETWEEN = {";": "semicolons", "\t": "tabs", "|": "bars"}
_DECIMAL_COMMA = re.compile(r"[0-9.]*[0-9],[0-9]{1,2}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,. '\u2019\xa0\u202f][0-9]{2,3})+(?:[.,][0-9]+)?")
_SLASHED = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{2}|[0-9]{4})")
_SERIAL = re.compile(r"([1-9][0-9]{4})(?:\.0+)?")  # from 1927 to 2173
_FIRST_DAY = date(1899, 12, 30)  # day 0 from March 1900 on: spreadsheets have a 29 February 1900


def as_serial(text: str) -> date | None:
    """Return the day of a spreadsheet's serial number, or None for any other text.

    >>> as_serial("43174")
    datetime.date(2018, 3, 15)
    """
    found = _SERIAL.fullmatch(text)
    return None if found is None else _FIRST_DAY + timedelta(days=int(found[1]))


def remedy_of_header(names: list[str]) -> str:
    """Return the remedy for a header of one cell that contains others, or ""."""
    if len(names) != 1:
        return ""
    called = next((called for mark, called in _BETWEEN.items() if mark in names[0]), "")
    return f"Its cells stand between {called}: save the file as CSV with commas between them" if called else ""


def remedy_of_number(text: str) -> str:
    """Return the sentence about an amount in display format, with a full stop before it, or ""."""
    if any(unicodedata.category(sign) == "Sc" for sign in text) or re.match(r"(?:Rs\b|INR\b)", text):
        what = "It has a currency sign"
    elif _DECIMAL_COMMA.fullmatch(text):
        what = "It has a decimal comma"
    elif _GROUPED.fullmatch(text):
        what = "Its digits stand in groups"
    else:
        return ""
    return f". {what}: write minor units alone: 12,499 rupees are 1249900 of them"


def remedy_of_date(text: str) -> str:
    """Return the sentence about a date of a spreadsheet, with a full stop before it, or ""."""
    if _SLASHED.fullmatch(text):
        return ". The year comes first: which of the other numbers is the month cannot be told"
    day = as_serial(text)
    return "" if day is None else f". It is {day} as a spreadsheet counts days: write the date, or format the column so"
