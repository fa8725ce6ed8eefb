"""The codes of texts that were looked up before, found again among the bytes of a column.

Columns of answers repeat a few short texts, and most rows have the same one. So a first pass compares each row with
that text, without a branch, and a second one looks the other rows up in a hash table. No text becomes a Python object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miexchange.batch.arrow._compiled import compiled, inlined
from miexchange.batch.arrow._memory import empty, view, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["KnownTexts"]

_WORD = np.uint64(8)  # bytes
_WHOLE = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)  # the bytes of a text in its first word
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, as in Fibonacci hashing
_SLOTS, _SHIFT = 512, np.uint64(64 - 9)
_NEXT = np.uint64(_SLOTS - 1)
_MOST = _SLOTS // 4  # texts
_LONGEST = 64  # bytes of a text; no answer is longer


class _Slots(NamedTuple):
    """A hash table with linear probing.

    Attributes:
        first: the first eight bytes of a text, or all of a shorter one; by slot, like the next ones.
        last: its last eight bytes; of a shorter one all.
        length: its length in bytes; -1 for an empty slot.
        begin: where its bytes begin in `words`.
        code: its code.
        words: the words that begin at each byte of all texts.
    """

    first: NDArray[np.uint64]
    last: NDArray[np.uint64]
    length: NDArray[np.int64]
    begin: NDArray[np.int64]
    code: NDArray[np.uint8]
    words: NDArray[np.uint64]


class KnownTexts:
    """Texts with their codes; immutable, so that threads share it."""

    def __init__(self, codes: Mapping[bytes, int]) -> None:
        """Take the code of each text, the most frequent text first; too many and too long ones are left out."""
        kept = [text for text in codes if len(text) <= _LONGEST][:_MOST]
        self.codes = {text: codes[text] for text in kept}
        joined = view(b"".join(kept) or b"\0", np.uint8)
        words = words_of(joined)
        ends = np.cumsum([len(text) for text in kept], dtype=np.int64)
        self._slots = _Slots(
            np.zeros(_SLOTS, np.uint64),
            np.zeros(_SLOTS, np.uint64),
            np.full(_SLOTS, -1),
            np.zeros(_SLOTS, np.int64),
            np.zeros(_SLOTS, np.uint8),
            words,
        )
        begins = view(np.concatenate([np.zeros(1, np.int64), ends]), np.int64)
        self._usual = _insert(begins, np.array([codes[text] for text in kept], np.uint8), self._slots)

    @property
    def is_full(self) -> bool:
        """Whether no more texts fit."""
        return len(self.codes) == _MOST

    def find(
        self, begins: NDArray[np.signedinteger[Any]], data: NDArray[np.uint8], codes: NDArray[np.uint8]
    ) -> NDArray[np.uint32]:
        """Write the codes of texts, and return the rows of those that are unknown.

        Args:
            begins: where each text begins, and the last one ends.
            data: the bytes of all texts.
            codes: where the codes go.
        """
        rows = empty(len(codes) + 1, np.uint32)
        return rows[: _find(begins, words_of(data), self._slots, self._usual, codes, rows)]


@inlined
def _word(words: NDArray[np.uint64], begin: np.uint64) -> np.uint64:
    """Return the word that begins at a byte, with zeros for those after the last byte."""
    near = min(begin, np.uint64(len(words) - 1))
    word: np.uint64 = words[near] >> (_WORD * min(begin - near, np.uint64(7)))
    return word


@inlined
def _slot(words: NDArray[np.uint64], begin: np.uint64, length: np.uint64, slots: _Slots) -> Any:
    """Return the slot of a text, whether it is there, and its first and last word."""
    if length < _WORD:
        first = last = _word(words, begin) & _WHOLE[length]
    else:
        first, last = words[begin], words[begin + length - _WORD]
    slot = ((first ^ last * _MIXER ^ length) * _MIXER) >> _SHIFT
    is_there = False
    while slots.length[slot] >= 0:
        if (slots.first[slot] == first) & (slots.last[slot] == last) & (slots.length[slot] == np.int64(length)):
            place, known = _WORD, np.uint64(slots.begin[slot])
            while place + _WORD < length and words[begin + place] == slots.words[known + place]:
                place += _WORD
            if place + _WORD >= length:
                is_there = True
                break
        slot = (slot + np.uint64(1)) & _NEXT
    return slot, is_there, first, last


@compiled
def _insert(begins: NDArray[np.int64], codes: NDArray[np.uint8], slots: _Slots) -> np.uint64:
    """Insert texts, and return the slot of the first one."""
    usual = np.uint64(0)
    for row in range(len(codes)):
        begin = np.uint64(begins[row])
        length = np.uint64(begins[row + 1]) - begin
        slot, _, slots.first[slot], slots.last[slot] = _slot(slots.words, begin, length, slots)
        slots.length[slot], slots.begin[slot], slots.code[slot] = length, begin, codes[row]
        if row == 0:
            usual = slot
    return usual


@compiled
def _find(
    begins: NDArray[np.signedinteger[Any]],
    words: NDArray[np.uint64],
    slots: _Slots,
    usual: np.uint64,
    codes: NDArray[np.uint8],
    rows: NDArray[np.uint32],
) -> np.uint64:
    """Write the codes of texts, and the rows of those that are unknown, whose number is returned."""
    if words.strides[0] != 1:  # `words_of` makes no others; knowing it, the loop multiplies no index by a distance
        raise ValueError("words")
    first, last, code = slots.first[usual], slots.last[usual], slots.code[usual]
    length = np.uint64(max(slots.length[usual], 0))
    whole, behind = _WHOLE[min(length, _WORD)], length - min(length, _WORD)
    usable = len(codes) if 0 <= slots.length[usual] <= 2 * np.int64(_WORD) else 0
    while usable and np.uint64(begins[usable - 1]) + behind >= np.uint64(len(words)):  # the last bytes begin no word
        usable -= 1
    codes[:] = code
    others, begin = np.uint64(0), np.uint64(begins[0])
    for row in range(usable):
        end = np.uint64(begins[row + 1])
        differing = (words[begin] ^ first) & whole | (end - begin ^ length)
        if behind:  # one loop for each case is compiled
            differing |= words[begin + behind] ^ last
        rows[others] = row
        others += np.uint64(differing != 0)
        begin = end
    for row in range(usable, len(codes)):
        rows[others] = row
        others += np.uint64(1)
    unknown = np.uint64(0)
    for number in range(others):
        row = rows[number]
        begin = np.uint64(begins[row])
        slot, is_there, _, _ = _slot(words, begin, np.uint64(begins[row + 1]) - begin, slots)
        codes[row], rows[unknown] = slots.code[slot], row
        unknown += np.uint64(not is_there)
    return unknown
