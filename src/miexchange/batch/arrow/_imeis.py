"""IMEIs by the column: the same verdict as `miexchange.imei.Imei.parse`, on whole Arrow buffers.

A compiled loop reads the bytes of the texts where they lie; no text becomes a Python object.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from miexchange.batch.arrow._compiled import are_worth_it, compiled, inlined
from miexchange.batch.arrow._layouts import are_utf8, bools_of, bytes_of, nulls_of, texts_of
from miexchange.batch.arrow._memory import arrow_of, empty, words_of
from miexchange.errors import InvalidImei
from miexchange.imei import Imei
from miexchange.refusal import ReasonCode

__all__ = ["ABSENT", "CODES", "NOT_TEXT", "Numbers", "digits_of", "read_numbers"]

CODES = (
    None,
    ReasonCode.IMEI_NOT_TEXT,
    ReasonCode.IMEI_EMPTY,
    ReasonCode.IMEI_SIGN,
    ReasonCode.IMEI_CHARACTERS,
    ReasonCode.IMEI_14_DIGITS,
    ReasonCode.IMEI_16_DIGITS,
    ReasonCode.IMEI_LENGTH,
    ReasonCode.IMEI_NETWORK_FORM,
    ReasonCode.IMEI_CHECK_DIGIT,
)
"""What a text can be found to be, by number: 0 for an IMEI, else why it is none."""

ABSENT = len(CODES)
"""The code of a row without a number, where that is allowed."""

_FINE, NOT_TEXT, _EMPTY, _SIGN, _CHARACTERS, _14, _16, _LENGTH, _NETWORK, _CHECK = range(len(CODES))
_FOREIGN = ABSENT + 1  # holds bytes that are not ASCII: white space and signs of other scripts are Arrow's to know

_DIGITS, _TAC = 15, 8
# As unsigned numbers, by which numba addresses without asking whether they are negative.
_LONG, _OVERLAP = np.uint64(_DIGITS), np.uint64(_DIGITS - 8)

# What a byte is to the rules.
_DIGIT, _SPACE, _HYPHEN, _BLANK, _PLUS, _OTHER, _NOT_ASCII = range(7)
_KINDS = np.full(256, _OTHER, dtype=np.uint8)
_KINDS[list(b"0123456789")] = _DIGIT
_KINDS[[byte for byte in range(128) if chr(byte).isspace()]] = _BLANK
_KINDS[list(b" -+")] = _SPACE, _HYPHEN, _PLUS
_KINDS[128:] = _NOT_ASCII

# Twice a digit, its digits added up: 3GPP TS 23.003 annex B.
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])

# Words of eight bytes, and of four lanes of sixteen bits.
_ONES = np.uint64(0x0001000100010001)
_THREES = np.uint64(0x0003000300030003)
_EVERY_OTHER = np.uint64(0x00FF00FF00FF00FF)
_EVERY_FOURTH = np.uint64(0x0000FFFF0000FFFF)
_ZEROS = np.uint64(0x3030303030303030)
_ABOVE_NINE = np.uint64(0x7676767676767676)  # added to a byte above 9, it sets the highest bit
_HIGHEST_BIT = np.uint64(0x8080808080808080)

# What str.strip() removes, for Arrow has another idea of white space.
_WHITE = "".join(character for character in map(chr, range(0x3001)) if character.isspace())


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a column of texts says, a row each.

    Attributes:
        code: uint8, a position in `CODES`: 0 for an IMEI.
        tac: uint32, the first 8 digits as a number; 0 where there are no fifteen digits.
        rest: uint32, the serial number and the check digit as a number; likewise.
    """

    code: NDArray[np.uint8]
    tac: NDArray[np.uint32]
    rest: NDArray[np.uint32]

    @classmethod
    def empty(cls, rows: int) -> Numbers:
        """Allocate the columns for a number of rows."""
        return cls(empty(rows, np.uint8), empty(rows, np.uint32), empty(rows, np.uint32))

    def of(self, rows: slice) -> Numbers:
        """Return a view of some rows."""
        return Numbers(self.code[rows], self.tac[rows], self.rest[rows])

    def take(self, rows: NDArray[np.integer[Any]], found: Numbers) -> None:
        """Write the verdicts of some rows, or of one row several times; a position that is none is the nearest."""
        if not self.code.size:  # every row is null
            found.code[:], found.tac[:], found.rest[:] = NOT_TEXT, 0, 0
        else:
            places = rows.astype(np.intp)
            self.code.take(places, mode="clip", out=found.code)
            self.tac.take(places, mode="clip", out=found.tac)
            self.rest.take(places, mode="clip", out=found.rest)


def read_numbers(texts: pa.Array, numbers: Numbers) -> None:
    """Read a column of texts (an Arrow array of string or large_string); the result of a null is meaningless."""
    if not are_worth_it():
        _read_by_column(texts, numbers)
        return
    begins, data = bytes_of(texts)
    if _read(begins, data, words_of(data), False, numbers.code, numbers.tac, numbers.rest):  # noqa: FBT003 - numba knows no keywords
        foreign = np.flatnonzero(numbers.code == _FOREIGN)
        _read_foreign(texts.take(arrow_of(foreign)), foreign, numbers)


def _read_by_column(texts: pa.Array, numbers: Numbers) -> None:
    """Read most texts as columns of words, and those that are not just fifteen digits one by one."""
    begins, data = bytes_of(texts)
    numbers.code[:], numbers.tac[:], numbers.rest[:] = NOT_TEXT, 0, 0
    rows = np.flatnonzero(np.diff(begins) == _DIGITS)
    is_plain = np.zeros(len(texts), dtype=np.bool_)
    if len(rows):
        is_digits, tac, rest, luhn = _fifteen.by_column(words_of(data), begins[rows].astype(np.uint64))  # type: ignore[attr-defined]
        code = np.where(luhn % 10 == 0, _FINE, np.where(rest % 10 == 0, _NETWORK, _CHECK))
        numbers.code[rows], numbers.tac[rows], numbers.rest[rows] = code, tac, rest
        is_plain[rows] = is_digits
    others = np.flatnonzero(~is_plain & ~nulls_of(texts))
    for row, text in zip(others, texts_of(texts.take(arrow_of(others)), sys.maxsize), strict=True):
        numbers.code[row], numbers.tac[row], numbers.rest[row] = _verdict(text)


def _verdict(text: str | bytes | None) -> tuple[int, int, int]:
    """Return the verdict on a text, and its digits as two numbers."""
    try:
        digits = Imei.parse(cast("str", text)).digits  # bytes are not UTF-8, and no text
    except InvalidImei as error:
        return CODES.index(error.code), 0, 0
    return _FINE, int(digits[:_TAC]), int(digits[_TAC:])


def _read_foreign(texts: pa.Array, rows: NDArray[np.intp], numbers: Numbers) -> None:
    """Read texts that are not ASCII: after trimming, only a sign differs from any other character."""
    known = are_utf8(texts)
    plain = texts if known.all() else pc.if_else(pa.array(known), texts, None)
    plain = pc.utf8_trim(plain, characters=_WHITE)
    found = Numbers.empty(len(rows))
    begins, data = bytes_of(plain)
    _read(begins, data, words_of(data), True, found.code, found.tac, found.rest)  # noqa: FBT003 - as above
    found.code[bools_of(pc.starts_with(plain, "\N{MINUS SIGN}").fill_null(False))] = _SIGN  # noqa: FBT003 - Arrow's own
    found.code[~known] = NOT_TEXT
    numbers.code[rows], numbers.tac[rows], numbers.rest[rows] = found.code, found.tac, found.rest


@inlined
def _number(word: np.uint64) -> np.int64:
    """Return the number that the eight digits of a word write: by pairs, fours and eights."""
    pairs = (word * np.uint64(10 * 256 + 1)) >> np.uint64(8)
    fours = ((pairs & _EVERY_OTHER) * np.uint64(100 * 2**16 + 1)) >> np.uint64(16)
    return np.int64(((fours & _EVERY_FOURTH) * np.uint64(10_000 * 2**32 + 1)) >> np.uint64(32))


@inlined
def _fifteen(words: NDArray[np.uint64], first: np.uint64) -> Any:
    """Read fifteen bytes, eight at a time; return whether they are digits, the TAC, the others, and Luhn's sum.

    The sum is taken modulo 10, where adding up the digits of twice a digit is the same as adding 1 to it above 4.
    """
    low, high = words[first] ^ _ZEROS, words[first + _OVERLAP] ^ _ZEROS  # the two have one digit in common
    strange = ((low + _ABOVE_NINE) | low | (high + _ABOVE_NINE) | high) & _HIGHEST_BIT
    later = high >> np.uint64(8)
    single = (low & _EVERY_OTHER) + (later & _EVERY_OTHER)
    double = (low >> np.uint64(8)) & _EVERY_OTHER
    double_later = (later >> np.uint64(8)) & _EVERY_OTHER
    above_four = (((double + _THREES) >> np.uint64(3)) & _ONES) + (((double_later + _THREES) >> np.uint64(3)) & _ONES)
    luhn = ((single + (double + double_later) * np.uint64(2) + above_four) * _ONES) >> np.uint64(48)
    return strange == 0, _number(low), _number(later << np.uint64(8)), np.int64(luhn)


@compiled
def _read(
    begins: NDArray[np.signedinteger[Any]],
    data: NDArray[np.uint8],
    words: NDArray[np.uint64],
    trimmed: bool,  # noqa: FBT001 - numba knows no keywords
    code: NDArray[np.uint8],
    tac: NDArray[np.uint32],
    rest: NDArray[np.uint32],
) -> int:
    """Read texts by the rules of `Imei.parse`, in their order, and return how many are `_FOREIGN`.

    Args:
        begins: where each text begins, and the last one ends.
        data: the bytes of all texts.
        words: the eight bytes that begin at each of them.
        trimmed: whether white space that is not ASCII is gone; else a text that is not ASCII is `_FOREIGN`.
        code: where the verdicts go, as in `Numbers`; so do the numbers.
        tac: the first eight digits.
        rest: the others.
    """
    if words.strides[0] != 1:  # `words_of` makes no others; knowing it, the loop multiplies no index by a distance
        raise ValueError("words")
    foreign = 0
    for row in range(len(code)):
        first, last = np.int64(begins[row]), np.int64(begins[row + 1]) - 1
        if last - first == _DIGITS - 1:  # most texts are just the digits
            is_digits, number, body, luhn = _fifteen(words, np.uint64(first))
            if is_digits:
                tac[row], rest[row] = number, body
                code[row] = _FINE if luhn % 10 == 0 else (_CHECK if body % 10 else _NETWORK)
                continue
        while first <= last and (_KINDS[data[first]] == _BLANK or _KINDS[data[first]] == _SPACE):
            first += 1
        while first <= last and (_KINDS[data[last]] == _BLANK or _KINDS[data[last]] == _SPACE):
            last -= 1
        if first > last:
            code[row] = _EMPTY
            tac[row] = rest[row] = 0
            continue
        tac[row] = rest[row] = count = 0
        luhn = number = body = np.int64(0)
        is_wrong = _KINDS[data[last]] == _HYPHEN
        is_foreign = False
        for place in range(first, last + 1):
            kind = _KINDS[data[place]]
            if kind == _DIGIT:
                digit = np.int64(data[place]) - 48  # the code of 0
                luhn += _DOUBLED[digit] if count & 1 else digit
                if count < _TAC:
                    number = number * 10 + digit
                elif count < _DIGITS:
                    body = body * 10 + digit
                count += 1
            elif kind == _NOT_ASCII:
                is_foreign = is_wrong = True
            elif kind not in (_SPACE, _HYPHEN):
                is_wrong = True
        if is_foreign and not trimmed:
            code[row] = _FOREIGN
            foreign += 1
        elif _KINDS[data[first]] == _HYPHEN or _KINDS[data[first]] == _PLUS:
            code[row] = _SIGN
        elif is_wrong:
            code[row] = _CHARACTERS
        elif count == _DIGITS:
            tac[row], rest[row] = number, body
            code[row] = _FINE if luhn % 10 == 0 else (_CHECK if body % 10 else _NETWORK)
        elif count == _DIGITS - 1:
            code[row] = _14
        else:
            code[row] = _16 if count == _DIGITS + 1 else _LENGTH
    return foreign


def digits_of(texts: pa.Array, numbers: Numbers) -> pa.Array:
    """Return the fifteen digits of the texts that are IMEIs, and null for the others.

    Args:
        texts: what was read, an Arrow array of string or large_string.
        numbers: what `read_numbers` made of it.
    """
    begins, data = bytes_of(texts)
    is_fine = numbers.code == _FINE
    offsets = empty(len(texts) + 1, np.int32)
    digits = empty(_DIGITS * int(np.count_nonzero(is_fine)), np.uint8)
    if not are_worth_it():
        _write_by_column(numbers, is_fine, offsets, digits)
    else:
        _write_digits(
            begins, words_of(data), numbers.code, numbers.tac, numbers.rest, offsets, digits, words_of(digits)
        )
    validity = pa.py_buffer(np.packbits(is_fine, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(texts), [validity, pa.py_buffer(offsets), pa.py_buffer(digits)])


def _write_by_column(
    numbers: Numbers, is_fine: NDArray[np.bool_], offsets: NDArray[np.int32], digits: NDArray[np.uint8]
) -> None:
    """Write what `_write_digits` writes."""
    offsets[0] = 0
    np.cumsum(is_fine, out=offsets[1:])
    offsets *= _DIGITS
    values = numbers.tac[is_fine].astype(np.int64) * 10 ** (_DIGITS - _TAC) + numbers.rest[is_fine]
    powers = 10 ** np.arange(_DIGITS - 1, -1, -1)
    digits[:] = (values[:, None] // powers % 10 + ord("0")).ravel()


@compiled
def _write_digits(
    begins: NDArray[np.signedinteger[Any]],
    words: NDArray[np.uint64],
    code: NDArray[np.uint8],
    tac: NDArray[np.uint32],
    rest: NDArray[np.uint32],
    offsets: NDArray[np.int32],
    digits: NDArray[np.uint8],
    written: NDArray[np.uint64],
) -> None:
    """Write the digits of every IMEI one after the other, and where they begin."""
    if words.strides[0] != 1 or written.strides[0] != 1:  # as in `_read`
        raise ValueError("words")
    end = np.uint64(0)
    for row in range(len(code)):
        offsets[row] = end
        if code[row] != _FINE:
            continue
        first = np.uint64(begins[row])
        if begins[row + 1] - begins[row] == _DIGITS:  # copied as two words, which have one digit in common
            written[end], written[end + _OVERLAP] = words[first], words[first + _OVERLAP]
        else:
            number = tac[row] * 10 ** (_DIGITS - _TAC) + rest[row]
            for place in range(_DIGITS - 1, -1, -1):
                digits[np.int64(end) + place] = number % 10 + 48  # the code of 0
                number //= 10
        end += _LONG
    offsets[len(code)] = end
