"""What every message of an error has to be, whatever was handed over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miexchange import DataError, InvalidValue

if TYPE_CHECKING:
    from miexchange import MiExchangeError

__all__ = ["NUMBER", "fault_of_message", "fault_of_sentence", "said_of", "shows_imei"]

NUMBER = "354178036859789"
"""An IMEI, which no message may show."""

_LONGEST = 20_000
_MANY = 1_000_000
_SEPARATORS = re.compile(r"[\s.\-:/]")


FOREIGN = re.compile(
    r"Field required|Input should be|Extra inputs|Unexpected keyword|Value error|valid (?:integer|string|dict|list)"
    r"|cannot be (?:a|an|None|True|False|\d|')\b"
)
"""Words of pydantic's, and those of a sentence that says a type as if it were the fault."""

REMEDIES = {
    "add", "answer", "ask", "build", "call", "collect", "compare", "correct", "dial", "export", "fit", "give",
    "install", "keep", "leave", "let", "make", "name", "narrow", "order", "overwrite", "read", "remove",
    "rename", "round", "run", "save", "say", "show", "sort", "take", "throw", "type", "use", "write",
}  # fmt: skip
"""What a rule begins with: what to do."""


def fault_of_message(error: MiExchangeError) -> str:
    """Return what is wrong with a message: it is short, each problem is one printable line, and it shows no IMEI.

    That of a value names its field, says in words of ours what is wrong, and ends in what to do.
    """
    return _fault_of_text(error) or (fault_of_sentence(error) if isinstance(error, InvalidValue) else "")


def fault_of_sentence(error: InvalidValue) -> str:
    """Return what is wrong with the sentence of an `InvalidValue`."""
    said = f"{error}"
    whole = error.field.rpartition(".")[0] if error.kind == "unknown" else error.field
    if not said.startswith(f"{whole} {error.what}: "):
        return f"a message that does not begin with its field and fault: {said[:200]}"
    if FOREIGN.search(said):
        return f"a message in words of somebody else: {said[:200]}"
    if error.rule.partition(" ")[0].rstrip(":,") not in REMEDIES:
        return f"a message without a remedy: {said[:200]}"
    return "" if error.kind in {"missing", "unknown", "type", "range"} else f"a message of no maker: {said[:200]}"


def _fault_of_text(error: MiExchangeError) -> str:
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
