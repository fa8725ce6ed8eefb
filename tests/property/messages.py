"""What every message of an error has to be, whatever was handed over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miexchange import DataError

if TYPE_CHECKING:
    from miexchange import MiExchangeError

__all__ = ["NUMBER", "fault_of_message", "said_of", "shows_imei"]

NUMBER = "354178036859789"
"""An IMEI, which no message may show."""

_LONGEST = 20_000
_MANY = 1_000_000
_SEPARATORS = re.compile(r"[\s.\-:/]")


def fault_of_message(error: MiExchangeError) -> str:
    """Return what is wrong with a message: it is short, each problem is one printable line, and it shows no IMEI."""
    said = f"{error}"
    parts = [f"{problem}" for problem in error.problems] if isinstance(error, DataError) else [said]
    if not said.strip():
        return "an empty message"
    if max(map(len, parts)) > _LONGEST or len(said) > _MANY:
        return f"a message of {len(said)} characters"
    if not all(part.isprintable() for part in parts):
        return f"a message that does not print: {ascii(said)[:200]}"
    return f"a message that shows an IMEI: {said[:200]}" if shows_imei(said) else ""


def shows_imei(text: str) -> bool:
    """Tell whether twelve digits of the number stand in a text, in a row or with separators between them."""
    digits = _SEPARATORS.sub("", text)
    return any(NUMBER[begin : begin + 12] in digits for begin in range(4))


def said_of(error: BaseException) -> str:
    """Return an error in a line; what it says may be no text at all."""
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except Exception:  # noqa: BLE001 - whatever a hostile object does
        return type(error).__name__
