"""Result tables, of the same library as the input and with the same index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from miexchange.batch.arrow._compiled import are_worth_it, compiled
from miexchange.batch.arrow._inputs import is_of_pandas, is_of_polars
from miexchange.batch.arrow._layouts import numbers_of
from miexchange.batch.arrow._memory import arrow_of, empty, texts_to_arrow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Amounts", "AnyColumn", "ArrowColumn", "Texts", "sets_of", "table_like", "to_arrow"]


class Texts:
    """A dictionary-encoded column of texts."""

    def __init__(self, codes: NDArray[Any], texts: Sequence[str], nulls: NDArray[np.bool_] | None = None) -> None:
        """Make a column.

        Args:
            codes: the position of each row's text, as signed integers.
            texts: the distinct texts.
            nulls: the mask of missing rows; None if there are none.
        """
        self.codes, self.texts, self.nulls = codes, texts, nulls

    def to_arrow(self, bitmaps: _Bitmaps) -> pa.Array:
        """Return the column as a dictionary array, which shares the codes."""
        kind = pa.from_numpy_dtype(self.codes.dtype)
        indices = pa.Array.from_buffers(kind, len(self.codes), [bitmaps.of(self.nulls), pa.py_buffer(self.codes)])
        return pa.DictionaryArray.from_arrays(indices, texts_to_arrow(self.texts), safe=False)

    def to_pandas(self) -> Any:
        """Return the column as a pandas Categorical."""
        import pandas as pd  # noqa: PLC0415 - only a pandas table wants it

        codes = self.codes if self.nulls is None else np.where(self.nulls, self.codes.dtype.type(-1), self.codes)
        return pd.Categorical.from_codes(codes, categories=pd.Index(list(self.texts), dtype="str"))


class Amounts:
    """A column of integers, such as amounts in minor units."""

    def __init__(self, values: NDArray[np.int64], nulls: NDArray[np.bool_] | None = None) -> None:
        """Take the numbers and the mask of missing ones."""
        self.values, self.nulls = values, nulls

    def to_arrow(self, bitmaps: _Bitmaps) -> pa.Array:
        """Return the column as an int64 array, which shares the numbers."""
        buffers = [bitmaps.of(self.nulls), pa.py_buffer(self.values)]
        return pa.Array.from_buffers(pa.int64(), len(self.values), buffers)

    def to_pandas(self) -> Any:
        """Return the column as a nullable pandas integer array."""
        import pandas as pd  # noqa: PLC0415 - as above

        nulls = np.zeros(len(self.values), dtype=np.bool_) if self.nulls is None else self.nulls.copy()
        return pd.arrays.IntegerArray(self.values, nulls)


class ArrowColumn:
    """A column that is already an Arrow array."""

    def __init__(self, array: pa.ChunkedArray) -> None:
        """Take the array."""
        self._array = array

    def to_arrow(self, _bitmaps: _Bitmaps) -> pa.ChunkedArray:
        """Return the array."""
        return self._array

    def to_pandas(self) -> Any:
        """Return the array as a pandas column."""
        return self._array.to_pandas().array


AnyColumn = Texts | Amounts | ArrowColumn


class _Bitmaps:
    """The validity bitmaps of a table; columns with the same mask share one."""

    def __init__(self) -> None:
        """Begin with no bitmaps."""
        self._made: dict[int, Any] = {}

    def of(self, nulls: NDArray[np.bool_] | None) -> Any:
        """Return the validity bitmap for a mask of missing rows, or None if no row is missing."""
        if nulls is None:
            return None
        if id(nulls) not in self._made:
            self._made[id(nulls)] = pa.py_buffer(np.packbits(~nulls, bitorder="little"))
        return self._made[id(nulls)]


def sets_of(sets: NDArray[np.int64], names: Mapping[Any, int]) -> Texts:
    """Return sets of bits as texts: the names of the bits, joined by ``|``; "" for none.

    Args:
        sets: a set of bits for each row.
        names: the bit of each name.

    >>> sets_of(np.array([0, 3, 0]), {"one": 1, "two": 2}).texts
    ['', 'one|two']
    """
    codes = empty(len(sets), np.int32)
    distinct = np.zeros(_MOST_SETS, dtype=np.int64)
    count = _number_sets(sets, np.zeros(_SLOTS, dtype=np.int32), distinct, codes) if are_worth_it() else 0
    if not count:  # numba is not used, or there are very many
        some = np.flatnonzero(sets)
        encoded = arrow_of(sets[some]).dictionary_encode()
        codes[:] = 0
        codes[some] = numbers_of(encoded.indices) + 1
        distinct = np.append(0, numbers_of(encoded.dictionary))
        count = len(distinct)
    texts = ("|".join(f"{name}" for name, bit in names.items() if one & bit) for one in distinct[:count].tolist())
    return Texts(codes, list(texts))


_MOST_SETS, _SLOTS, _SHIFT = 4_096, 16_384, np.uint64(64 - 14)
_NEXT_SLOT = np.uint64(_SLOTS - 1)
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, as in Fibonacci hashing


@compiled
def _number_sets(
    sets: NDArray[np.int64], slots: NDArray[np.int32], distinct: NDArray[np.int64], codes: NDArray[np.int32]
) -> int:
    """Number the sets in order of appearance, the empty one first, and return how many there are; 0 if too many."""
    count = 1
    for row in range(len(sets)):
        one = sets[row]
        code = np.int32(0)
        if one:
            slot = (np.uint64(one) * _MIXER) >> _SHIFT
            while slots[slot] and distinct[slots[slot]] != one:
                slot = (slot + np.uint64(1)) & _NEXT_SLOT
            code = slots[slot]
            if not code:
                if count == len(distinct):
                    return 0
                code = slots[slot] = np.int32(count)
                distinct[count] = one
                count += 1
        codes[row] = code
    return count


class _Convertible(Protocol):
    """A column that has an Arrow form."""

    def to_arrow(self, bitmaps: Any, /) -> Any:
        """Return it."""
        ...


def to_arrow(columns: Mapping[str, _Convertible]) -> pa.Table:
    """Make an Arrow table; columns with the same mask share one bitmap."""
    bitmaps = _Bitmaps()
    return pa.Table.from_arrays([column.to_arrow(bitmaps) for column in columns.values()], names=list(columns))


def table_like(given: Any, columns: Mapping[str, AnyColumn]) -> Any:
    """Make a table of the same library as the given table or column; a numpy array gives a pandas table."""
    if is_of_pandas(given):
        import pandas as pd  # noqa: PLC0415 - the caller has it

        index = getattr(given, "index", None) if isinstance(given, pd.DataFrame | pd.Series) else None
        data = {name: pd.Series(column.to_pandas(), index=index, copy=False) for name, column in columns.items()}
        return pd.DataFrame(data, index=index, copy=False)
    table = to_arrow(columns)
    if is_of_polars(given):
        import polars as pl  # noqa: PLC0415 - the caller has it

        return pl.from_arrow(table)
    if not isinstance(given, pa.RecordBatch):
        return table
    return table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=table.schema)
