"""The cells of a chunk of a table as machine integers, a block of rows at a time, without a copy where possible."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from miexchange._limits import CELL_BYTES
from miexchange.batch.arrow._compiled import are_worth_it, compiled
from miexchange.batch.arrow._imeis import ABSENT, NOT_TEXT, Numbers, digits_of, read_numbers
from miexchange.batch.arrow._known_texts import KnownTexts
from miexchange.batch.arrow._layouts import bytes_of, compact, numbers_of, texts_of
from miexchange.batch.arrow._memory import arrow_of, view
from miexchange.batch.arrow._nulls import Nulls, part, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["Codes", "Flags", "Imeis", "Integers"]


_SAMPLE = 1_024  # rows; enough to find the most frequent text


@compiled
def _look_up(indices: NDArray[np.integer[Any]], table: NDArray[Any], codes: NDArray[Any]) -> None:
    """Write the code at each index; the index of a null may be anything."""
    for row in range(len(indices)):
        index = np.int64(indices[row])
        codes[row] = table[index if 0 <= index < len(table) else 0]


class Codes:
    """Texts of a small set, encoded as integers."""

    def __init__(
        self,
        array: Any,
        strange: NDArray[np.bool_] | None,
        code_of: Callable[[str], int],
        missing: int,
        no_text: int,
        kind: Any = np.uint8,
    ) -> None:
        """Look up every distinct text once.

        Args:
            array: the texts.
            strange: the mask of cells that are not texts.
            code_of: returns the code of a text.
            missing: the code of an empty cell.
            no_text: the code of a cell that is not a text.
            kind: the integer type of the codes.
        """
        self._strange = strange
        self._missing, self._no_text, self._kind = missing, no_text, kind
        self._plain = None if pa.types.is_dictionary(array.type) else array
        if self._plain is not None:
            self._code_of = cache(code_of)
            self._known: KnownTexts | None = None
            self._nulls = Nulls(array)
            return
        array = compact(array)
        codes = [self._code(text, code_of) for text in texts_of(array.dictionary, CELL_BYTES)]
        indices = array.indices
        self._indices = numbers_of(indices)
        self._codes = np.array(codes or [missing], dtype=kind)
        self._is_code = kind is np.uint8 and codes == list(range(len(codes)))
        self._nulls = Nulls(indices)

    def _code(self, text: str | bytes | None, code_of: Callable[[str], int]) -> int:
        if text is None:
            return self._missing
        return code_of(text) if isinstance(text, str) else self._no_text

    def write(self, start: int, stop: int, codes: NDArray[Any]) -> None:
        """Write the codes of the rows."""
        if self._plain is not None:
            self._write_plain(self._plain.slice(start, stop - start), codes)
        else:
            self._write_encoded(start, stop, codes)
        self._nulls.fill(start, codes, self._missing)
        if self._strange is not None:
            codes[self._strange[start:stop]] = self._no_text

    def _write_encoded(self, start: int, stop: int, codes: NDArray[Any]) -> None:
        indices = self._indices[start:stop]
        if self._is_code:  # the dictionary has the texts in the order of their codes, so that nothing has to be mapped
            np.copyto(codes, indices, casting="unsafe")
        elif are_worth_it():
            _look_up(indices, self._codes, codes)
        else:
            self._codes.take(indices.astype(np.intp), mode="clip", out=codes)

    def _write_plain(self, texts: pa.Array, codes: NDArray[Any]) -> None:
        """Write the codes of texts: most of them were looked up before, and the others are learned."""
        if self._kind is not np.uint8 or not are_worth_it():  # names of models are many
            self._look_up_once(texts, codes)
            return
        known = self._known
        if known is None:
            known = self._known = self._learned(texts.slice(0, _SAMPLE), {})
        unknown = known.find(*bytes_of(texts), codes)
        if len(unknown):
            others = texts.take(arrow_of(unknown))
            found = np.empty(len(unknown), dtype=np.uint8)
            self._look_up_once(others, found)
            codes[unknown] = found
            if not known.is_full:
                self._known = self._learned(others, known.codes)

    def _look_up_once(self, texts: pa.Array, codes: NDArray[Any]) -> None:
        """Write the code of each text, of which each distinct one is looked up once."""
        Codes(texts.dictionary_encode(), None, self._code_of, self._missing, self._no_text, self._kind).write(
            0, len(texts), codes
        )

    def _learned(self, texts: pa.Array, known: Mapping[bytes, int]) -> KnownTexts:
        """Return known texts and more of them, the most frequent one first."""
        encoded = texts.drop_null().dictionary_encode()
        often = np.argsort(-np.bincount(numbers_of(encoded.indices), minlength=1), kind="stable")
        distinct = encoded.dictionary.take(arrow_of(often[: len(encoded.dictionary)]))
        found = texts_of(distinct, CELL_BYTES)
        codes = [self._code(text, self._code_of) for text in found]
        raw = [text if isinstance(text, bytes) else text.encode() for text in found if text is not None]
        more, nothing = dict(zip(raw, codes, strict=True)), {b"": self._code_of("")}  # what most nulls have for bytes
        is_mostly_null = 2 * texts.null_count > len(texts)
        return KnownTexts({**known, **(nothing | more if is_mostly_null else more | nothing)})


class Integers:
    """Instants or dates, as whole numbers."""

    def __init__(self, array: Any, strange: NDArray[np.bool_] | None) -> None:
        """Look at the column."""
        self._values = numbers_of(array)
        self._nulls = Nulls(array)
        self._strange = strange

    def write(self, start: int, stop: int, numbers: NDArray[Any], missing: int) -> NDArray[np.bool_] | None:
        """Write the numbers of the rows, with a given number for null, and return the mask of invalid cells."""
        np.copyto(numbers, self._values[start:stop])
        self._nulls.fill(start, numbers, missing)
        return part(self._strange, start, stop)

    def of(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
        """Return the numbers of the rows, the mask of nulls, and the mask of invalid cells."""
        return self._values[start:stop], self._nulls.of(start, stop), part(self._strange, start, stop)


class Flags:
    """Flags; null is False."""

    def __init__(self, array: Any, strange: NDArray[np.bool_] | None) -> None:
        """Look at the column."""
        self._offset = array.offset
        self._bits = view(array.buffers()[1] or bytes(len(array) // 8 + 1), np.uint8)
        self._nulls = Nulls(array)
        self._strange = strange

    def of(self, start: int, stop: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
        """Return the flags of the rows, and the mask of invalid cells."""
        flags = unpacked(self._bits, self._offset + start, self._offset + stop)
        nulls = self._nulls.of(start, stop)
        return (flags if nulls is None else flags & ~nulls), part(self._strange, start, stop)


class Imeis:
    """IMEIs, each with its verdict."""

    def __init__(self, array: Any, strange: NDArray[np.bool_] | None, nothing: int = ABSENT) -> None:
        """Look at the column.

        Args:
            array: the texts, or a dictionary of them.
            strange: the mask of cells that are not texts.
            nothing: the code of an empty cell.
        """
        self._distinct: Numbers | None = None
        nulls = array
        if pa.types.is_dictionary(array.type):
            array = compact(array)
            self._distinct = Numbers.empty(len(array.dictionary))
            read_numbers(array.dictionary, self._distinct)
            Nulls(array.dictionary).fill(0, self._distinct.code, nothing)
            nulls = array.indices
            self._indices = numbers_of(nulls)
        self._array, self._nothing = array, nothing
        self._nulls = Nulls(nulls)
        self._strange = strange

    def write(self, start: int, stop: int, numbers: Numbers) -> None:
        """Write the verdicts of the rows."""
        if self._distinct is None:
            read_numbers(self._array.slice(start, stop - start), numbers)
        else:
            self._distinct.take(self._indices[start:stop], numbers)
        self._nulls.fill(start, numbers.code, self._nothing)
        if self._strange is not None:
            numbers.code[self._strange[start:stop]] = NOT_TEXT

    def digits(self, start: int, stop: int, numbers: Numbers) -> pa.Array:
        """Return the digits of the rows, whose verdicts are given."""
        if self._distinct is None:
            return digits_of(self._array.slice(start, stop - start), numbers)
        distinct = digits_of(self._array.dictionary, self._distinct)
        is_none = numbers.code != 0
        places = np.where(is_none, 0, self._indices[start:stop].astype(np.int64))
        return distinct.take(pa.array(places, mask=is_none))
