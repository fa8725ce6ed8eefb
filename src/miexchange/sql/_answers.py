"""The answer to a question as one number, whose bits are what the rules read of it.

A rule has an array by the codes of answers, such as the share of the price that each of them costs. Each array becomes
a few bits of a number, so that a row compares its text with the texts of the answers once, and not once for each rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlglot import exp

    from miexchange.sql._ints import Int, Ints

__all__ = ["Answer", "Cell", "Replaced"]

_WIDTH = 62  # bits of a number that are used; with 63, a sum of two would leave 64 bits


class Answer:
    """The answer to a question in each row."""

    def __init__(self, ints: Ints, codes: int) -> None:
        """Store the number of codes, with those of what is no answer."""
        self._ints, self.codes = ints, codes

    def of(self, numbers: Iterable[Any], says: str = "code", width: int = 0) -> Int:
        """Return the element of an array by the code of the answer.

        Args:
            numbers: the array.
            says: what it is, for a reader of the query.
            width: the least number of bits: what is united has the same, and is then cut out once.
        """
        raise NotImplementedError

    @property
    def code(self) -> Int:
        """The code of the answer."""
        return self.of(range(self.codes))


class Replaced(Answer):
    """An answer whose code is computed, such as that of a question that is asked only after some answers to another."""

    def __init__(self, ints: Ints, code: Int) -> None:
        """Store the code."""
        super().__init__(ints, code.most + 1)
        self._code = code

    def of(self, numbers: Iterable[Any], says: str = "code", width: int = 0) -> Int:  # noqa: ARG002 - nothing is packed
        """Return the element of an array by the code of the answer."""
        return self._ints.table([self._code], np.array(list(numbers)[: self.codes], dtype=np.int64))


class _Word:
    """One number; its fields are (the lowest bit, the least number, the numbers by code)."""

    def __init__(self) -> None:
        self.fields: list[tuple[int, int, tuple[int, ...]]] = []
        self.says: list[str] = []
        self.width = 0
        self.column: Int

    def of(self, code: int) -> int:
        return sum((numbers[code] - least) << place for place, least, numbers in self.fields)


class Cell(Answer):
    """An answer in a cell."""

    def __init__(
        self,
        ints: Ints,
        codes: int,
        write: Callable[[Callable[[int], int]], exp.Expr],
        carry: Callable[[str, Int], Int],
        name: str,
    ) -> None:
        """Store how its number is written.

        Args:
            ints: the maker of numbers.
            codes: the number of codes.
            write: returns the SQL of a number that depends on the code.
            carry: makes a number a column.
            name: the name of the column.
        """
        super().__init__(ints, codes)
        self._write, self._carry, self._name = write, carry, name
        self._words: list[_Word] = []
        self._made: dict[tuple[int, ...], Int] = {}

    def of(self, numbers: Iterable[Any], says: str = "code", width: int = 0) -> Int:
        """Return the element of an array by the code of the answer: some bits of a column."""
        wanted = tuple(int(number) for number in numbers)[: self.codes]
        if wanted not in self._made:
            self._made[wanted] = self._packed(wanted, says, width)
        return self._made[wanted]

    def comments(self) -> dict[str, str]:
        """Return what the bits of each column say."""
        return {word.column.value: "; ".join(word.says) for word in self._words}

    def _packed(self, numbers: tuple[int, ...], says: str, width: int) -> Int:
        ints, least, most = self._ints, min(numbers), max(numbers)
        if least == most:
            return ints.of(least)
        least, width = (0, width) if width else (least, (most - least).bit_length())
        word = self._word(width)
        place = word.width
        word.fields.append((place, least, numbers))
        word.says.append(f"{says}: bits {place} to {word.width + width - 1}" if width > 1 else f"{says}: bit {place}")
        word.width += width
        shifted = ints.shift(word.column, place) if place else word.column
        found = ints.known(shifted & (1 << width) - 1, 0, most - least)
        found.bits = int(np.bitwise_or.reduce([number - least for number in numbers]))
        return found - -least if least < 0 else found + least

    def _word(self, width: int) -> _Word:
        if self._words and self._words[-1].width + width <= _WIDTH:
            return self._words[-1]
        word = _Word()
        self._words.append(word)
        name = self._name if len(self._words) == 1 else f"{self._name}, {len(self._words)}"
        # Its fields are known only when all rules are written, so its SQL is made last.
        word.column = self._carry(name, self._ints.raw(lambda: self._write(word.of), 0, 2**_WIDTH - 1))
        return word
