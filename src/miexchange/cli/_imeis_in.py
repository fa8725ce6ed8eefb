"""The IMEIs in a text that the command writes: which digits are one, and which are an order, an amount or a digest.

An IMEI is fifteen digits with a right check digit that a reporting body gives out; they may stand in any groups. One
number in ten has such a digit by chance, so the reporting body is looked at too.
"""

from __future__ import annotations

import re
from itertools import accumulate, takewhile

from miexchange._privacy import HEX_ID, mask
from miexchange.errors import InvalidImei
from miexchange.imei import Imei, reporting_bodies

__all__ = ["without_imeis"]

_GROUPS = r"[0-9]+(?:[ ./-][0-9]+)*"
# A number that touches a letter is part of something longer, such as a digest, and stays.
_ALONE = re.compile(rf"(?<![0-9A-Za-z]){_GROUPS}(?![0-9A-Za-z])")
# What is said about wrong input may have an IMEI within a word; a digest is none.
_ANYWHERE = re.compile(rf"(?<![0-9A-Za-z])(?:{HEX_ID.pattern})(?![0-9A-Za-z])|{_GROUPS}")
_GROUP = re.compile("[0-9]+")

_DIGITS = 15
_NEARLY = range(_DIGITS - 1, _DIGITS + 3)
"""The numbers of digits of an IMEI that lost one, or that has one or two more, such as a software version."""


def without_imeis(text: str, *, mistyped: bool = False) -> str:
    """Return a text in which every IMEI is masked.

    Args:
        text: the text.
        mistyped: whether also what could be one with a slip of the finger is, and what stands within a word.

    >>> without_imeis("354 178 036 859 789 and 354178036859780")
    '354 178 03* *** **9 and 354178036859780'
    >>> without_imeis("x354178036859780", mistyped=True)
    'x35417803******0'
    """
    return (_ANYWHERE if mistyped else _ALONE).sub(lambda found: _masked(found[0], mistyped=mistyped), text)


def _masked(text: str, *, mistyped: bool) -> str:
    """Mask the groups of digits that are an IMEI together; those beside them stay."""
    if HEX_ID.fullmatch(text):
        return text
    groups = list(_GROUP.finditer(text))
    for first, group in enumerate(groups):
        sizes = accumulate(len(one[0]) for one in groups[first:])
        for last, _ in enumerate(takewhile(lambda size: size < _NEARLY.stop, sizes), first):
            number = text[group.start() : groups[last].end()]
            if _is_one(number, mistyped=mistyped):
                rest = _masked(text[groups[last].end() :], mistyped=mistyped)
                return f"{text[: group.start()]}{mask(number)}{rest}"
    return text


def _is_one(number: str, *, mistyped: bool) -> bool:
    digits = "".join(filter(str.isdigit, number))
    if digits[:2] not in reporting_bodies():
        return False
    if len(digits) != _DIGITS:
        return mistyped and len(digits) in _NEARLY
    try:
        Imei.parse(digits)
    except InvalidImei:
        return mistyped
    return True
