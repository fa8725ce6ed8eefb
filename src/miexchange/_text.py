"""Text from outside: what is text, what is missing, what two spellings have in common, and what is safe to show."""

from __future__ import annotations

import math
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["folded", "is_missing", "listed", "printable", "text_of"]


def text_of(value: object) -> str | None:
    """Return a text as a plain `str`, or None for anything else.

    A subclass such as `numpy.str_` or an `enum.StrEnum` is a text too. Its own characters count, not what its
    `__str__` prints.

    >>> from enum import StrEnum
    >>> text_of(StrEnum("Colour", {"RED": "red"}).RED)
    'red'
    >>> text_of(7) is None
    True
    """
    if type(value) is str:
        return value
    # Asked of the type: an object may claim any __class__.
    return str.__str__(cast("str", value)) if issubclass(type(value), str) else None


def is_missing(value: object) -> bool:
    """Tell whether a value stands for none: None, a NaN, or the `NaT` and `NA` of pandas, which is not imported.

    >>> is_missing(float("nan")), is_missing(0), is_missing("")
    (True, False, False)
    """
    if value is None:
        return True
    if issubclass(type(value), float):
        return math.isnan(cast("float", value))
    kind = type(value)
    return kind.__name__ in {"NaTType", "NAType"} and kind.__module__.partition(".")[0] == "pandas"


# What is written between the letters and digits of a name, and does not tell two names apart.
_BETWEEN = frozenset("-_ \t\r\n\x0b\x0c.,:;/\\'\"()[]{}|\u00b7\u2022\u2212")
_BETWEEN_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Pd", "Ps", "Pe", "Pi", "Pf"})
_MARKS = dict.fromkeys(map(ord, "\u00a9\u00ae\u2120\u2122"))  # copyright, registered, service mark, trade mark
# Unicode's Default_Ignorable_Code_Point beyond the format characters (Cf): they are not drawn.
_IGNORED = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0})
_VARIATION_SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def folded(text: str) -> str:
    """Return what is left of a name when everything goes that Unicode, or a typist, takes for the same.

    Compatibility forms (full width, superscripts), case, and characters that are not drawn go by Unicode's
    NFKC_Casefold (Unicode Standard, section 3.13); spaces, dashes, brackets, quotation marks and the signs of a trade
    mark go as well. **Nothing else is dropped**: a Cyrillic letter that looks Latin, or a word in another alphabet,
    stays, and so makes another name.

    >>> folded("Galaxy S8\uff0b"), folded("Mi\u2122 A1"), folded("Redmi\u00a0Note\u20114")
    ('galaxys8+', 'mia1', 'redminote4')
    >>> folded("OnePlus 3\u0422") == folded("OnePlus 3T")
    False
    """
    if text.isascii():
        return "".join(character for character in text.lower() if character not in _BETWEEN)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.translate(_MARKS)).casefold())
    return "".join(character for character in text if not _is_between(character))


def _is_between(character: str) -> bool:
    if character in _BETWEEN:
        return True
    if character.isascii():
        return False
    return unicodedata.category(character) in _BETWEEN_CATEGORIES or _is_ignored(character)


def _is_ignored(character: str) -> bool:
    number = ord(character)
    if unicodedata.category(character) == "Cf" or number in _IGNORED:
        return True
    return any(number in span for span in _VARIATION_SELECTORS)


_FEW = 10
_LONGEST = 60


def listed(texts: Collection[str], between: str = ", ", longest: int = _LONGEST) -> str:
    """Return texts as one, for a message: of many the first few, and how many more there are; of a long one the start.

    >>> listed([f"b{number}" for number in range(12)])
    'b0, b1, b2, b3, b4, b5, b6, b7, b8, b9 and 2 more'
    """
    first = between.join(text if len(text) <= longest else text[: longest - 1] + "…" for text in islice(texts, _FEW))
    return f"{first} and {len(texts) - _FEW:,} more" if len(texts) > _FEW else first


_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""Return a text that a terminal and a log only show: what they would act on is written as an escape.

    These are control characters, line breaks of every kind, marks that turn the direction of writing (Unicode Standard
    Annex 9, explicit formatting), and halves of surrogate pairs.

    >>> printable("A\x1b[31m\nB\u202e")
    'A\\x1b[31m\\nB\\u202e'
    >>> printable("Redmi Note 4 \u0928\u094b\u091f")
    'Redmi Note 4 नोट'
    """
    if text.isprintable():
        return text
    return "".join(_escaped(character) if _acts(character) else character for character in text)


def _acts(character: str) -> bool:
    return character in _REORDERING or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
