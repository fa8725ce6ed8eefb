"""IMEIs, the ways in which people write and mistype them, and TAC tables."""

from __future__ import annotations

import string
from collections import deque
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from miexchange._arguments import takes
from miexchange.imei import Imei, is_valid
from miexchange.strategies._models import BRANDS, NAMES
from miexchange.strategies._numbers import KEPT, SOURCE, STRATEGY
from miexchange.tac import TacTable

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["all_imeis", "imei_texts", "imeis", "is_drawn", "mistyped_imeis", "tac_tables"]

_BODY = 14
_ALLOCATING = ("35", "86", "01", "99")  # reporting bodies that assign numbers today
_SEPARATORS = ("", "-", " ", " - ", "--")
_SLIPS = ("wrong", "lost", "doubled", "letter", "script", "swapped", "signed", "dotted")
_SLIPPED = st.sampled_from([*product(_SLIPS, range(_BODY, -1, -1), range(len(string.digits) - 1))])
"""What went wrong, at which digit, and how: one draw, where three take three times as long."""
_OTHER_SCRIPTS = (0x630, 0x936, 0xFEE0)  # from the ASCII digits to the Arabic, Devanagari and fullwidth ones


@takes(tacs=STRATEGY)
@lru_cache(KEPT)
def imeis(tacs: SearchStrategy[str] | None = None) -> SearchStrategy[Imei]:
    """Draw IMEIs of phones that were sold: no placeholders, no test numbers.

    Args:
        tacs: their TACs; by default any of the reporting bodies that assign numbers.

    >>> from hypothesis import find
    >>> find(imeis(), lambda imei: imei.serial > "000123").digits
    '350000000001244'
    """
    if tacs is None:
        tacs = st.builds("{}{:06d}".format, st.sampled_from(_ALLOCATING), st.integers(0, 999_999))
    bodies = st.builds("{}{:06d}".format, tacs, st.integers(0, 999_999))
    return _of_bodies(bodies).filter(lambda imei: not imei.is_placeholder)


_DRAWN: deque[str] = deque(maxlen=10_000)


@st.composite
def _of_bodies(draw: st.DrawFn, bodies: SearchStrategy[str]) -> Imei:
    """Draw numbers, and remember them: they belong to nobody, so a failing example shows them in full."""
    imei = Imei.from_body(draw(bodies))
    _DRAWN.append(imei.digits)
    return imei


def is_drawn(imei: Imei) -> bool:
    """Tell whether a number was drawn recently."""
    return imei.digits in _DRAWN


def all_imeis() -> SearchStrategy[Imei]:
    """Draw any well-formed IMEI: placeholders, test numbers and unknown reporting bodies, too.

    >>> from hypothesis import find
    >>> find(all_imeis(), lambda imei: True).is_placeholder
    True
    """
    return _of_bodies(st.text(string.digits, min_size=_BODY, max_size=_BODY))


@takes(numbers=STRATEGY)
def imei_texts(numbers: SearchStrategy[Imei] | None = None) -> SearchStrategy[str]:
    """Draw IMEIs as people write them: with separators between the digits and white space around.

    Args:
        numbers: the IMEIs to write; any by default.

    >>> from hypothesis import find
    >>> find(imei_texts(), lambda text: "-" in text)
    '35000000000000-6'
    """
    between = st.lists(st.sampled_from(_SEPARATORS), min_size=_BODY, max_size=_BODY)
    around = st.sampled_from(("", " ", "\t", "\n", "\N{NO-BREAK SPACE}"))

    def written(imei: Imei, separators: list[str], before: str, after: str) -> str:
        spaced = "".join(map("".join, zip(imei.digits, [*separators, ""], strict=True)))
        return f"{before}{spaced}{after}"

    return st.builds(written, imeis() if numbers is None else numbers, between, around, around)


@st.composite
def mistyped_imeis(draw: st.DrawFn) -> str:
    """Draw near misses: one slip away from an IMEI, and each of them refused.

    >>> from hypothesis import find
    >>> find(mistyped_imeis(), lambda text: True)
    '350000000000000'
    """
    digits = draw(imeis()).digits
    slip, place, kind = draw(_SLIPPED)
    ahead, digit, behind = digits[:place], digits[place], digits[place + 1 :]
    swapped = digits[: place - 1] + digit + digits[place - 1] + behind
    if slip == "swapped" and place and not is_valid(swapped):
        return swapped
    return {
        "lost": f"{ahead}{behind}",
        "doubled": f"{ahead}{digit}{digit}{behind}",
        "letter": f"{ahead}{'OlISBxZqo'[kind]}{behind}",
        "script": f"{ahead}{chr(ord(digit) + _OTHER_SCRIPTS[kind % len(_OTHER_SCRIPTS)])}{behind}",
        "signed": f"{'+-'[kind % 2]}{digits}",
        "dotted": f"{ahead}{digit}.{behind}",
    }.get(slip, f"{ahead}{string.digits.replace(digit, '')[kind]}{behind}")


@takes(devices=STRATEGY)
def tac_tables(devices: SearchStrategy[tuple[str, str]] | None = None) -> SearchStrategy[TacTable]:
    """Draw TAC tables; a TAC may name more than one device.

    Args:
        devices: brand and model of a row.
    """
    if devices is None:
        devices = st.tuples(st.sampled_from(BRANDS), st.sampled_from(NAMES))
    tacs = st.one_of(
        st.sampled_from(("35000001", "35000002", "01234567")), st.integers(0, 10**8 - 1).map("{:08d}".format)
    )
    rows = st.builds(lambda tac, device: (tac, *device, SOURCE), tacs, devices)
    return st.lists(rows, max_size=8).map(TacTable.of)
