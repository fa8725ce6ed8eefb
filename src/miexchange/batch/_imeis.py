"""IMEIs by the column: the same verdict as `miexchange.imei.Imei.parse`, on whole Arrow buffers.

A text of fifteen ASCII digits is read as two overlapping words of eight bytes, and everything about
it (are these digits, does the check digit fit, which TAC is it) is arithmetic on those words. Any
other text is made compact by Arrow's own functions first. No text becomes a Python object.

The arithmetic on eight digits at once is a common trick ("SWAR"); the Luhn sum is that of 3GPP TS
23.003 annex B, taken modulo 10: doubling a digit above 4 and adding its two digits is the same as
doubling it and adding 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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

_DIGITS = 15
_SECOND_WORD = 7  # the second word of eight bytes begins here, so that both lie within the fifteen
_SHORTEST_DATA = 16

_BYTES = np.uint64(0x0101010101010101)
_ZEROS = _BYTES * np.uint64(ord("0"))
_ABOVE_NINE = _BYTES * np.uint64(0x76)  # added to a byte above 9 it sets the highest bit
_HIGHEST_BIT = _BYTES * np.uint64(0x80)
_EVERY_OTHER = np.uint64(0x00FF00FF00FF00FF)
_LANES = np.uint64(0x0001000100010001)  # four lanes of 16 bits
_THREES = _LANES * np.uint64(3)

# What str.strip() removes, for Arrow has another idea of white space.
_WHITE = "".join(character for character in map(chr, range(0x3001)) if character.isspace())


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a column of texts says, a row each.

    Attributes:
        code: uint8, a position in `CODES`: 0 for an IMEI.
        tac: int64, the first 8 digits as a number; 0 where there are no fifteen digits.
        rest: int64, the serial number and the check digit as a number; likewise.
    """

    code: NDArray[np.uint8]
    tac: NDArray[np.int64]
    rest: NDArray[np.int64]

    def take(self, rows: NDArray[np.integer[Any]]) -> Numbers:
        """Return the verdicts of some rows, or of one row several times; a position that is none is the nearest."""
        if not self.code.size:
            return Numbers(np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64))
        code, tac, rest = self.code.take(rows, mode="clip"), self.tac.take(rows, mode="clip"), self.rest
        return Numbers(code, tac, rest.take(rows, mode="clip"))


def read_numbers(texts: pa.Array) -> Numbers:
    """Read a column of texts (an Arrow array of string or large_string); what is null is `NOT_TEXT`."""
    begins, lengths, data = _buffers(texts)
    numbers, is_digits = _of_fifteen(begins, lengths, data)
    if texts.null_count:
        nulls = ~_bools(pc.is_valid(texts))
        is_digits |= nulls
        numbers.code[nulls] = NOT_TEXT
    if not is_digits.all():
        _read_others(texts, np.flatnonzero(~is_digits), numbers)
    return numbers


def digits_of(tacs: NDArray[np.int64], rests: NDArray[np.int64]) -> pa.Array:
    """Write the fifteen digits of numbers.

    >>> digits_of(np.array([1234567]), np.array([89])).to_pylist()
    ['012345670000089']
    """
    digits = np.empty((len(tacs), _DIGITS), dtype=np.uint8)
    number = tacs * 10_000_000 + rests
    for place in reversed(range(_DIGITS)):
        shorter = number // 10
        digits[:, place] = number - shorter * 10 + ord("0")
        number = shorter
    offsets = np.arange(0, digits.size + 1, _DIGITS, dtype=np.int64)
    return pa.Array.from_buffers(pa.large_string(), len(digits), [None, pa.py_buffer(offsets), pa.py_buffer(digits)])


def _buffers(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return where each text begins, how long it is, and the bytes of all."""
    wide = pa.types.is_large_string(texts.type)
    _, offsets, data = texts.buffers()
    ends: NDArray[Any] = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)
    ends = ends[texts.offset : texts.offset + len(texts) + 1]
    raw = np.frombuffer(data or b"", dtype=np.uint8)
    if raw.size < _SHORTEST_DATA:
        raw = np.concatenate([raw, np.zeros(_SHORTEST_DATA, dtype=np.uint8)])
    begins: NDArray[np.int64] = ends[:-1]
    return begins, ends[1:] - begins, raw


def _of_fifteen(
    begins: NDArray[np.int64], lengths: NDArray[np.int64], data: NDArray[np.uint8]
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Read every row as if it were fifteen digits, and tell where it is."""
    is_fifteen = lengths == _DIGITS
    places = np.where(is_fifteen, begins, 0)  # a text that is not so long is read from the beginning, and not looked at
    words: NDArray[np.uint64] = np.ndarray((data.size - 7,), dtype="<u8", buffer=data.data, strides=(1,))
    low, high = words[places] ^ _ZEROS, words[places + _SECOND_WORD] ^ _ZEROS
    strange = ((low + _ABOVE_NINE) | low | (high + _ABOVE_NINE) | high) & _HIGHEST_BIT
    is_digits = is_fifteen & (strange == 0)
    later = high >> np.uint64(8)  # without the digit that both words have
    single = (low & _EVERY_OTHER) + (later & _EVERY_OTHER)
    double, double_later = (low >> np.uint64(8)) & _EVERY_OTHER, (later >> np.uint64(8)) & _EVERY_OTHER
    above_four = (((double + _THREES) >> np.uint64(3)) & _LANES) + (((double_later + _THREES) >> np.uint64(3)) & _LANES)
    lanes = single + (double + double_later) * np.uint64(2) + above_four
    luhn = (lanes * _LANES) >> np.uint64(48)
    wrong = luhn - luhn // np.uint64(10) * np.uint64(10) != 0
    code = wrong * np.uint8(_CHECK)
    if wrong.any():
        code -= wrong & ((high >> np.uint64(56)) == 0)  # _NETWORK is one below
    tac, rest = _eight_digits(low), _eight_digits(high)
    rest -= (high & np.uint64(0xFF)).view(np.int64) * 10_000_000
    return Numbers(code, tac * is_digits, rest * is_digits), is_digits


def _eight_digits(word: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number that eight digits, one in each byte, write: by pairs, fours and eights."""
    word = (word * np.uint64(2561)) >> np.uint64(8)
    word = ((word & _EVERY_OTHER) * np.uint64(6_553_601)) >> np.uint64(16)
    word = ((word & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42_949_672_960_001)) >> np.uint64(32)
    return word.view(np.int64)


def _read_others(texts: pa.Array, rows: NDArray[np.intp], numbers: Numbers) -> None:
    """Read the rows that are not plainly fifteen digits, in the order of the rules of `Imei.parse`."""
    texts = texts.take(pa.array(rows))
    signed = np.zeros(len(rows), dtype=np.bool_)
    begins, lengths, data = _buffers(texts)
    if (data[begins[0] : begins[-1] + lengths[-1]] > _LAST_ASCII).any():  # white space and signs of other scripts
        texts = pc.utf8_trim(texts, characters=_WHITE)
        signed = _bools(pc.starts_with(texts, "\N{MINUS SIGN}"))
        begins, lengths, data = _buffers(texts)
    read = np.flatnonzero(lengths)  # what is empty has no bytes to look at
    code = np.full(len(rows), _EMPTY, dtype=np.uint8)
    if read.size:
        found = _of_bytes(data[begins[0] : begins[-1] + lengths[-1]], begins[read] - begins[0])
        code[read] = np.where(signed[read], _SIGN, found.code)
        numbers.tac[rows[read]], numbers.rest[rows[read]] = found.tac, found.rest
    numbers.code[rows] = code


def _of_bytes(data: NDArray[np.uint8], begins: NDArray[np.int64]) -> Numbers:
    """Read texts that lie one after the other, none of them empty, byte by byte."""
    kind = _KIND_OF[data]
    place = np.arange(len(data))
    is_ink = kind != _BLANK
    is_ink &= kind != _SPACE
    first = np.minimum.reduceat(np.where(is_ink, place, len(data)), begins)
    last = np.maximum.reduceat(np.where(is_ink, place, -1), begins)
    is_blank = last < 0
    first, last = np.where(is_blank, 0, first), np.where(is_blank, 0, last)
    inside = kind == _BLANK
    if inside.any():  # a tab, say, is allowed around the digits, and not between them
        lengths = np.diff(begins, append=len(data))
        inside &= (place > np.repeat(first, lengths)) & (place < np.repeat(last, lengths))
    is_wrong = np.logical_or.reduceat(inside | (kind >= _PLUS), begins) | (kind[last] == _HYPHEN)
    is_digit = kind == _DIGIT
    count = np.add.reduceat(is_digit, begins, dtype=np.int64)
    digits = np.concatenate([data[is_digit], np.zeros(_SHORTEST_DATA, dtype=np.uint8)])
    numbers, _ = _of_fifteen(np.cumsum(count) - count, count, digits)
    code = np.select(
        [
            is_blank,
            (kind[first] == _HYPHEN) | (kind[first] == _PLUS),
            is_wrong,
            count == 14,  # noqa: PLR2004 - the digits of an IMEI without its check digit
            count == 16,  # noqa: PLR2004 - the digits of an IMEISV
            count != _DIGITS,
        ],
        [_EMPTY, _SIGN, _CHARACTERS, _14, _16, _LENGTH],
        numbers.code.astype(np.int64),
    ).astype(np.uint8)
    return Numbers(code, numbers.tac, numbers.rest)


# What a byte is to the rules, in an order that they use: what is at least a plus sign does not belong between digits.
_DIGIT, _SPACE, _HYPHEN, _BLANK, _PLUS, _OTHER = range(6)
_KIND_OF = np.full(256, _OTHER, dtype=np.uint8)
_KIND_OF[list(b"0123456789")] = _DIGIT
_KIND_OF[[byte for byte in range(128) if chr(byte).isspace()]] = _BLANK
_KIND_OF[list(b" -+")] = _SPACE, _HYPHEN, _PLUS
_LAST_ASCII = 127


def _bools(array: Any) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = array.to_numpy(zero_copy_only=False)
    return result
