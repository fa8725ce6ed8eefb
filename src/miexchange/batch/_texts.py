"""Cells of a file of texts, such as CSV: what they say, each text read once.

Nothing is guessed: which type a cell is to hold is known before, and a text that does not say such a
thing is marked as strange and stays in its row. An empty cell is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from miexchange._time import CLOCK, NotATime, read_day, read_instant
from miexchange.batch._columns import Column, nulls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from numpy.typing import NDArray

    from miexchange.batch._columns import Kind

__all__ = ["decoded", "parsed"]

_UTC = pa.timestamp("us", "UTC")

# The instants of which the digits alone say that they are some, and near ones, so that Arrow can read all at once.
_CERTAIN = (
    r"^(?:19[7-9]\d|20\d\d)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8])){CLOCK}$"
)


def decoded(cells: pa.ChunkedArray) -> Column:
    """Return a column of bytes, or of texts that nobody has checked, as texts; what is no UTF-8 is strange."""
    array = cells
    try:
        if pa.types.is_dictionary(array.type):
            pieces = [pa.DictionaryArray.from_arrays(one.indices, _checked(one.dictionary)) for one in array.chunks]
            return Column(pa.chunked_array(pieces, pa.dictionary(array.type.index_type, pa.string())))
        return Column(_checked(array))
    except pa.ArrowInvalid:
        texts = [_decoded(cell) for cell in _bytes(array).to_pylist()]
        array = pa.chunked_array([pa.array(texts, pa.string())])
        return Column(array, nulls_of(array) & ~nulls_of(cells))


def _checked(array: Any) -> Any:
    """Return texts that are UTF-8: going from bytes to texts, Arrow looks at each byte."""
    if not pa.types.is_binary(array.type):
        array = array.cast(pa.binary())
    return array.cast(pa.string())


def _bytes(array: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return array.cast(pa.large_binary())


def _decoded(cell: bytes | None) -> str | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError:
        return None


def parsed(cells: pa.ChunkedArray, kind: Kind) -> Column:
    """Read a column of bytes.

    Args:
        cells: the bytes of each cell; an empty cell is null.
        kind: what a cell is to hold. A text is anything in UTF-8; an instant (``2018-03-20T12:00+05:30``) and a
            date are read as `_time` says; a flag is ``true`` or ``false``.
    """
    column = decoded(cells)
    if kind == "text":
        return column
    encoded = column.array.combine_chunks().dictionary_encode()
    array = pa.chunked_array([_READERS[kind](encoded.dictionary).take(encoded.indices)])
    strange = nulls_of(array) & ~nulls_of(cells)
    return Column(array, strange if strange.any() else None)


def _instants(texts: pa.Array) -> pa.Array:
    certain = pc.match_substring_regex(texts, pattern=_CERTAIN)
    found = pc.if_else(certain, texts, None).cast(_UTC)
    rest: NDArray[np.bool_] = ~np.asarray(certain.to_numpy(zero_copy_only=False), dtype=np.bool_)
    if not rest.any():
        return found
    mask = pa.array(rest)
    others = pa.array([_instant_of(text) for text in texts.filter(mask).to_pylist()], _UTC)
    return pc.replace_with_mask(found, mask, others)


def _instant_of(text: str) -> datetime | None:
    try:
        return read_instant(text, None)
    except NotATime:
        return None


def _days(texts: pa.Array) -> pa.Array:
    return pa.array([_day_of(text) for text in texts.to_pylist()], pa.date32())


def _day_of(text: str) -> date | None:
    try:
        return read_day(text)
    except NotATime:
        return None


def _flags(texts: pa.Array) -> pa.Array:
    return pa.array([_FLAGS.get(text.lower()) for text in texts.to_pylist()], pa.bool_())


_FLAGS = {"true": True, "false": False}
_READERS: Mapping[str, Callable[[pa.Array], pa.Array]] = {"instant": _instants, "day": _days, "flag": _flags}
