"""Text from outside: conversion, missing values, comparison of spellings, and safe output."""

from __future__ import annotations

import math
import os
import re
import sys
import unicodedata
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from miexchange._limits import NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import UnionType

    from typing_extensions import TypeIs

__all__ = [
    "GREATEST_SHOWN",
    "ID_RULE",
    "WIDEST",
    "bytes_of",
    "closest",
    "counted",
    "folded",
    "for_spreadsheet",
    "is_a",
    "is_between",
    "is_blank",
    "is_id",
    "is_missing",
    "listed",
    "name_of",
    "names",
    "native",
    "path_of",
    "printable",
    "shortened",
    "text_of",
    "visible",
    "whole_of",
    "without_passwords",
    "word_key",
    "words",
]


_T = TypeVar("_T")


def is_a(value: object, kind: type[_T] | UnionType) -> TypeIs[_T]:
    """Tell whether a value's type is, or is derived from, another one; by the type itself, as an object may claim any.

    `isinstance` asks the object, which may also raise.
    """
    return issubclass(type(value), kind)


def text_of(value: object) -> str | None:
    """Return a text as a plain `str`, or None for anything else.

    A subclass such as `numpy.str_` or an `enum.StrEnum` is a text too. Its own characters count, not the result of its
    `__str__`.

    >>> from enum import StrEnum
    >>> text_of(StrEnum("Colour", {"RED": "red"}).RED)
    'red'
    >>> text_of(7) is None
    True
    """
    if type(value) is str:
        return value
    return str.__str__(value) if is_a(value, str) else None


def bytes_of(value: object) -> bytes | None:
    """Return `bytes` or a `bytearray` as plain bytes, or None for anything else."""
    if is_a(value, bytes):
        return bytes.__getitem__(value, slice(None))
    return bytes(bytearray.__getitem__(value, slice(None))) if is_a(value, bytearray) else None


def path_of(value: object) -> Path | None:
    """Return a text or path object as a path, or None for anything else."""
    try:
        return Path(text_of(value) or os.fspath(cast("Any", value)))
    except Exception:  # noqa: BLE001 - a path may be foreign code
        return None


def whole_of(text: str) -> int | None:
    """Return the whole number in ASCII digits, or None for any other text.

    One that exceeds 64 bits becomes `WIDEST`, with its sign: Python refuses to read 5,000 digits at all.

    >>> whole_of("-0501"), whole_of("9" * 30) == WIDEST, whole_of("5.0")
    (-501, True, None)
    """
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        return None
    if len(text) <= _INT64_DIGITS:
        return int(text)
    return -WIDEST if text.startswith("-") else WIDEST


_INT64_DIGITS = 19
WIDEST = 2**63
"""The first whole number beyond 64 bits: numbers are as wide as a column."""


def is_blank(value: object) -> bool:
    """Tell whether a cell is empty: a text of white space alone, or missing by `is_missing`.

    >>> is_blank(" "), is_blank(0)
    (True, False)
    """
    return not value or value.isspace() if type(value) is str else is_missing(value)


def is_missing(value: object) -> bool:
    """Tell whether a value is missing: None, a NaN of any library, or the `NaT` and `NA` of numpy and pandas.

    None of these libraries is imported.

    >>> is_missing(float("nan")), is_missing(0), is_missing("")
    (True, False, False)
    """
    kind = type(value)
    if value is None or kind is str:
        return value is None
    if issubclass(kind, float):
        return math.isnan(cast("float", value))
    name, where = name_of(kind), _module_of(kind)
    if name not in _CAN_BE_NAN or type(where) is not str:
        return False
    if getattr(sys.modules.get(where), name, None) is not kind:
        return False  # it only resembles one
    return where.partition(".")[0] == "pandas" or _is_nan(value)


_DEEPEST = 3  # no field of a value has tuples nested more deeply


def native(value: object, depth: int = _DEEPEST) -> object:
    """Return the Python equivalent of a value of numpy, of pandas or of an enum, if it is unambiguous.

    A text of any subclass becomes a `str`, a number or Boolean of numpy that of Python, a missing value None, and a
    tuple one of such items. Anything else is returned unchanged, to be refused by name.

    >>> native(("red", float("nan"), 1.5))
    ('red', None, 1.5)
    """
    kind = type(value)
    if is_missing(value):
        return None
    if issubclass(kind, str):
        return text_of(value)
    if kind is tuple and depth:
        return tuple(native(item, depth - 1) for item in cast("tuple[object, ...]", value))
    if name_of(kind) in _NUMPY_SCALARS and getattr(sys.modules.get("numpy"), name_of(kind), None) is kind:
        return cast("Any", value).item()
    return value


# By name, for numpy's durations are integers too, and its instants have no zone.
_NUMPY_SCALARS = frozenset(
    {
        *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
        *("longlong", "ulonglong", "bool", "bool_", "float16", "float32", "float64"),
    }
)


# Asked of the type itself: a class may answer anything for its own name and module.
name_of = type.__dict__["__name__"].__get__
_module_of = type.__dict__["__module__"].__get__
_CAN_BE_NAN = frozenset(
    {"NaTType", "NAType", "Decimal", "datetime64", "timedelta64", "float16", "float32", "longdouble"}
)


def _is_nan(number: Any) -> bool:  # noqa: ANN401 - of numpy or decimal, neither of which is imported
    try:
        return bool(number != number)  # noqa: PLR0124 - NaN and NaT differ from themselves
    except ArithmeticError:  # a signalling NaN of decimal
        return True


# Characters between the letters and digits of a name that do not distinguish two names: Unicode's White_Space,
# its Dash property except for those that are a letter or a sign elsewhere, quotation marks, brackets, and some points.
# The lists are written out: `unicodedata` of another Python version knows other characters.
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DASHES = "\\-\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0"
_QUOTES = "'\"`\xab\xbb\u2018-\u201f\u2032\u2033\u2039\u203a\u300c-\u300f"
_BRACKETS = "()\\[\\]{}\u207d\u207e\u3008-\u300b\u3010\u3011\u3014-\u301b"
_POINTS = "_,:;/\\\\|\xb7\u2022"
_POINT = r"(?<![0-9])\.|\.(?![0-9])"  # a point between two digits makes another number: a Nokia 3.1 is not a Nokia 31
_BETWEEN = re.compile(f"(?:[{_SPACES}{_DASHES}{_QUOTES}{_BRACKETS}{_POINTS}]|{_POINT})+")

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), which is invisible, and the signs of a trade mark
# (copyright, registered, service mark, trade mark), which NFKC would turn into letters.
_NOT_READ = re.compile(
    "[\xa9\xae\u2120\u2122\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def words(text: str) -> str:
    """Return a name in words, separated by one space, without the differences that a typist ignores.

    Compatibility forms (full width, superscripts), case, and invisible characters are folded by Unicode's
    NFKC_Casefold (Unicode Standard, section 3.13). Spaces, dashes, brackets, quotation marks and the like become
    the space, and the signs of a trade mark are removed. **Nothing else is dropped**: a Cyrillic letter that looks
    Latin, a word in another alphabet, a digit of another script or a character that this Python's Unicode does not have
    yet stays, and so makes another name.

    >>> words("Galaxy S8\uff0b"), words("Mi\u2122 A1"), words("Redmi\u00a0Note\u20114 (2017)")
    ('galaxy s8+', 'mi a1', 'redmi note 4 2017')
    """
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", _NOT_READ.sub("", text)).casefold()
        text = unicodedata.normalize("NFKC", text)
    return _BETWEEN.sub(" ", text).strip(" ")


def folded(text: str) -> str:
    """Return the words of a name as one word: the common form of its spellings.

    >>> folded("Redmi Note-4"), folded("OnePlus 3\u0422") == folded("OnePlus 3T")
    ('redminote4', False)
    """
    return words(text).replace(" ", "")


def word_key(word: str) -> str:
    """Return the key to compare a brand, a category, a channel or a product by; one of signs alone is its own key."""
    return folded(word) or word


@lru_cache(256)
def _keys(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(word_key, words))


def names(words: tuple[str, ...], word: str) -> bool:
    """Tell whether a rule names a word, ignoring case, spaces and dashes; a look-alike is another word.

    >>> names(("Redmi", "Mi"), "redmi "), names(("Redmi", "Mi"), "R\u0435dmi")
    (True, False)
    """
    return word in words or word_key(word) in _keys(words)


def is_between(character: str) -> bool:
    """Tell whether a character only separates letters and digits, or is invisible."""
    return not folded(character)


_FEW = 10
_LONGEST = 60
GREATEST_SHOWN = 10**60
"""The greatest whole number that a message writes out: much wider ones are slow, or refused by Python."""


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a text, cut with an ellipsis if it is longer.

    >>> shortened("Redmi Note 4", 6)
    'Redmi…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def counted(number: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "digit"), counted(0, "digit")
    ('1 digit', '0 digits')
    """
    return f"{number} {noun}{'s'[: number != 1]}"


def listed(texts: Collection[str], between: str = ", ", longest: int = _LONGEST) -> str:
    """Join texts for a message: the first few and the number of others; a long one is cut.

    >>> listed([f"b{number}" for number in range(12)])
    'b0, b1, b2, b3, b4, b5, b6, b7, b8, b9 and 2 more'
    """
    first = between.join(shortened(text, longest) for text in islice(texts, _FEW))
    return f"{first} and {len(texts) - _FEW:,} more" if len(texts) > _FEW else first


_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""Return a text that a terminal and a log only display: characters that control them are escaped.

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


def visible(text: str) -> str:
    r"""Return a text with every character visible in a message: as `printable`, and invisible ones are escaped too.

    >>> visible("model\ufeff"), visible("Redmi\u00a0Note")
    ('model\\ufeff', 'Redmi\\xa0Note')
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _acts(character: str) -> bool:
    return character in _REORDERING or _breaks(character)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


# The characters that begin a formula in a spreadsheet, in full width too, after white space of any kind.
_FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\\t\\r]")
_NUMBER = re.compile(r" *[+-]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?%? *", re.ASCII)
# The characters after which a spreadsheet may begin another cell, if its separator is not the file's: a quotation
# mark that opens a cell for one of them is within a cell for the other.
_CELLS = re.compile(r"(\r\n|\n|\t|;)")


def for_spreadsheet(text: str) -> str:
    r"""Return a cell of a CSV file that a spreadsheet shows and does not run, and a terminal neither.

    A text that begins like a formula gets an apostrophe before it, unless it is a plain number; so does a part of it
    after a line break, a tab or a semicolon, where many a spreadsheet begins another cell. What `printable` escapes is
    escaped; tabs and the line breaks LF and CR LF stay, which a cell may have.

    >>> for_spreadsheet("=HYPERLINK(1)"), for_spreadsheet(" @SUM(A1)"), for_spreadsheet("-5.25"), for_spreadsheet("A+")
    ("'=HYPERLINK(1)", "' @SUM(A1)", '-5.25', 'A+')
    >>> for_spreadsheet("two\nlines\x1b[31m"), for_spreadsheet("red;=HYPERLINK(1)")
    ('two\nlines\\x1b[31m', "red;'=HYPERLINK(1)")
    """
    if text.isprintable() and text[:1].isalnum() and ";" not in text:
        return text
    first, *rest = _CELLS.split(text)
    parts = [_lead(text) + printable(first)]
    parts += [part if _CELLS.fullmatch(part) else _lead(part) + printable(part) for part in rest]
    return "".join(parts)


def _lead(text: str) -> str:
    return "'" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else ""


ID_RULE = f"one line of text of up to {NAME} characters, without control characters"
"""The rule of `is_id`, in words."""


def is_id(value: object) -> bool:
    r"""Tell whether a value can be an identifier, such as of an account, an order or a request: one line of text.

    It has 1 to 200 characters, not all of them spaces, and none of them controls a terminal, ends a line or is half of
    a surrogate pair: then every database stores it unchanged, and a log shows it on one line.

    >>> is_id("order 17"), is_id("order\x0017"), is_id("order\n17"), is_id("  "), is_id("")
    (True, False, False, False, False)
    """
    if type(value) is not str or not 0 < len(value) <= NAME:
        return False
    return not value.isspace() and (value.isprintable() or not any(map(_breaks, value)))


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _BREAKING


_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})

_KEYWORD = re.compile(r"((?:password|passwd|pwd)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE)
_USERINFO = re.compile(r"(//[^\s/?#:@]*:)(?:(?!//)[^\n])*(?=@)")


def without_passwords(text: str) -> str:
    """Return a text with the password of every URL and of every connection string in it shown as ``***``.

    Of a malformed URL, everything that can be the password is hidden.

    >>> without_passwords("postgresql://asha:pass/w@rd@host/db and host=h password='a b' sslpassword=c")
    'postgresql://asha:***@host/db and host=h password=*** sslpassword=***'
    """
    return _USERINFO.sub(r"\1***", _KEYWORD.sub(r"\1***", text))


def closest(text: str, among: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the texts that are most similar to another one, the nearest first.

    Args:
        text: the text to compare.
        among: the texts to choose from.
        most: the most texts to return.
        cutoff: the least similarity, from 0 to 1.
    """
    if len(text) > NAME:  # too long for a name, and difflib's time grows with the square of the length
        return []
    import difflib  # noqa: PLC0415 - only a refusal needs it

    return difflib.get_close_matches(text, list(among), n=most, cutoff=cutoff)
