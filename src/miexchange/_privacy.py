"""Masks IMEIs: of any text that could be one, only the TAC is shown."""

from __future__ import annotations

import re

from miexchange._text import shortened
from miexchange._time import is_moment

__all__ = ["HEX_ID", "could_be_imei", "mask", "mask_each", "masked"]

_MANY_DIGITS = re.compile(r"(?:\d\D*+){12}")  # this many digits could be an IMEI with a few lost
_DIGITS = 15

# 16, 20 or 32 bytes in hex with letters among the digits, or a UUID.
_DIGEST = r"(?=(?:[0-9]*[a-f]){3})(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})"
_UUID = r"(?=(?:[0-9-]*[a-f]){3})[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
HEX_ID = re.compile(f"{_DIGEST}|{_UUID}")
"""A digest or a UUID, whose digits are not an IMEI."""


def could_be_imei(text: str) -> bool:
    """Tell whether a text has too many digits to be shown; digests and instants are exempt."""
    many = _MANY_DIGITS.search(text)
    return many is not None and not HEX_ID.fullmatch(bare := text.strip("'")) and not is_moment(bare)


def masked(text: str) -> str:
    """Return a text for a message: anything that could be an IMEI is masked, and a long text is cut.

    >>> masked("my phone is 354178036859789")
    'my phone is 35417803******9'
    >>> masked("2018-03-20T12:00:00+05:30")
    '2018-03-20T12:00:00+05:30'
    """
    return mask(text) if could_be_imei(text) else shortened(text)


def mask(text: str) -> str:
    """Hide the serial number of anything that could be an IMEI, and cut a long text.

    Of 15 digits (an IMEI) the TAC and the check digit stay, of 16 (an IMEISV) the TAC and the
    software version; of any other number only the first 8 digits, since nobody knows which of
    them are the serial. Separators stay, so that a person can still recognise the number.
    Characters that control a terminal or a log become a question mark.

    >>> mask("49-015420-323751-8")
    '49-015420-******-8'
    >>> mask("3541780368597823")
    '35417803******23'
    >>> mask("35417803685978")
    '35417803******'
    >>> mask("12345")
    '12345'
    """
    if len(text) == _DIGITS and text.isascii() and text.isdigit():  # a plain IMEI, the most frequent case
        return f"{text[:8]}******{text[14]}"
    kept_ahead = 8
    short = shortened(text)
    if short.isascii() and short.isprintable() and sum(map(short.count, "0123456789")) <= kept_ahead:
        return short  # nothing is hidden
    digits = [index for index, character in enumerate(short) if character.isnumeric()]  # of any script
    kept_behind = {_DIGITS: 1, 16: 2}.get(len(digits), 0) if short == text else 0
    hidden = set(digits[kept_ahead : len(digits) - kept_behind])
    return "".join(
        "*" if index in hidden else character if character.isprintable() else "?"
        for index, character in enumerate(short)
    )


def mask_each(numbers: re.Pattern[str], text: str) -> str:
    """Return a text in which every number that a pattern finds is masked."""
    return numbers.sub(lambda found: mask(found[0]), text)
