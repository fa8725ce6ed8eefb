"""Parsing of cells that are texts, as in CSV; each distinct text is parsed once.

Nothing is guessed: the type of a column is known beforehand, and a cell that does not parse is flagged as invalid
in its row. An empty cell is null.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from miexchange._text import for_spreadsheet
from miexchange._time import CLOCK, EPOCH, NotATime, micros, read_day, read_instant
from miexchange.batch.arrow._columns import INSTANT, TEXTS, Column
from miexchange.batch.arrow._compiled import are_worth_it
from miexchange.batch.arrow._layouts import bools_of, is_text, nulls_of
from miexchange.batch.arrow._memory import bools_to_arrow
from miexchange.batch.files._instants import certain_instants

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from numpy.typing import NDArray

    from miexchange.batch.arrow._columns import Kind

__all__ = ["decoded", "for_spreadsheets", "is_textual", "parsed", "without_codes"]

# Libraries write seconds with up to nine decimals.
_NO_NANOSECONDS = r"(\.\d{6})0{1,3}(Z|[+-])"
# Instants that are valid whenever their digits match, so that Arrow can parse all of them at once.
_CERTAIN = (
    r"^(?:19[7-9]\d|20\d\d)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8])){CLOCK}$"
)


def is_textual(kind: Any) -> bool:
    """Tell whether an Arrow type holds texts or dictionary-encoded texts."""
    if pa.types.is_dictionary(kind):
        return is_textual(kind.value_type)
    return is_text(kind)


def decoded(cells: pa.ChunkedArray) -> Column:
    r"""Return a column of bytes, or of unchecked texts, as texts.

    A cell that is not valid UTF-8 is flagged; its invalid bytes are written as escapes (``caf\xe9``).
    """
    pieces, strange, is_any = [], [], False
    for one in cells.chunks or [pa.nulls(0, cells.type)]:
        is_encoded = pa.types.is_dictionary(one.type)
        texts, wrong = _checked(one.dictionary if is_encoded else one)
        pieces.append(pa.DictionaryArray.from_arrays(one.indices, texts) if is_encoded else texts)
        if wrong is None:
            wrong = pa.nulls(len(one), pa.bool_())
        else:
            wrong, is_any = wrong.take(one.indices) if is_encoded else wrong, True
        strange.append(wrong)
    mask = bools_of(pa.chunked_array(strange).fill_null(False)) if is_any else None  # noqa: FBT003 - pyarrow's own
    return Column(pa.chunked_array(pieces), mask)


def _checked(texts: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Return bytes or texts as texts, and the mask of those that are not valid UTF-8; None if there are none."""
    kind = pa.string() if pa.types.is_string(texts.type) or pa.types.is_binary(texts.type) else pa.large_string()
    if pa.types.is_string_view(texts.type):
        texts = texts.cast(kind)
    if not pa.types.is_binary(texts.type):
        texts = texts.cast(pa.binary() if kind == pa.string() else pa.large_binary())
    try:  # casting from bytes to text, Arrow validates each byte
        return texts.cast(kind), None
    except pa.ArrowInvalid:
        cells = texts.to_pylist()
    return pa.array([_shown(cell) for cell in cells], kind), pa.array([_shown(cell) != _text(cell) for cell in cells])


def _shown(cell: bytes | None) -> str | None:
    return None if cell is None else cell.decode(errors="backslashreplace")


def _text(cell: bytes | None) -> str | None:
    """Return the text with invalid bytes escaped."""
    return None if cell is None else cell.decode(errors="ignore")


def without_codes(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decode a dictionary-encoded column."""
    return cells.cast(cells.type.value_type) if pa.types.is_dictionary(cells.type) else cells


# Matches every text that `for_spreadsheet` changes, and few others.
_SUSPECT = r"(?:^|;)[\s\pZ\x{1c}-\x{1f}]*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]|[\pC\p{Zl}\p{Zp}]"


def for_spreadsheets(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts that no spreadsheet runs; see `miexchange._text.for_spreadsheet`."""
    return pa.chunked_array([_for_spreadsheet(one) for one in cells.chunks], cells.type)


def _for_spreadsheet(texts: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(texts.type):
        return pa.DictionaryArray.from_arrays(texts.indices, _for_spreadsheet(texts.dictionary))
    suspect = pc.match_substring_regex(texts, pattern=_SUSPECT)
    if not suspect.true_count:
        return texts
    safe = [for_spreadsheet(text) for text in texts.filter(suspect).to_pylist()]
    return pc.replace_with_mask(texts, suspect, pa.array(safe, texts.type))


def parsed(cells: pa.ChunkedArray, kind: Kind, zone: tzinfo | None = None) -> Column:
    """Parse a column of bytes.

    Args:
        cells: the bytes of each cell; an empty cell is null.
        kind: the type of the column. A text is any valid UTF-8; an instant (``2018-03-20T12:00+05:30``) and a date
            follow the grammar of `_time`; a flag is ``true`` or ``false``.
        zone: the zone in which a plain day stands for its first instant; None if a day is not an instant.
    """
    if kind == "instant" and pa.types.is_binary(cells.type) and are_worth_it():
        return _parsed_at_once(cells.combine_chunks(), zone)
    column = decoded(cells)
    if kind in TEXTS:
        return column
    encoded = column.array.combine_chunks().dictionary_encode()
    read = partial(_instants, zone=zone) if kind == "instant" else _READERS[kind]
    array = pa.chunked_array([read(encoded.dictionary).take(encoded.indices)])
    strange = nulls_of(array) & ~nulls_of(cells)
    return Column(array, strange if strange.any() else None)


def _parsed_at_once(cells: pa.Array, zone: tzinfo | None) -> Column:
    """Parse instants, of which almost all are usually written as libraries write them."""
    found, certain = certain_instants(cells)
    others = bools_to_arrow(~certain & ~nulls_of(cells))
    if not others.true_count:
        return Column(pa.chunked_array([found]))
    column = decoded(pa.chunked_array([cells.filter(others)]))
    encoded = column.array.combine_chunks().dictionary_encode()
    read = _instants(encoded.dictionary, zone).take(encoded.indices)
    array = pa.chunked_array([pc.replace_with_mask(found, others, read)])
    strange = nulls_of(array) & ~nulls_of(cells)
    return Column(array, strange if strange.any() else None)


def _instants(texts: pa.Array, zone: tzinfo | None) -> pa.Array:
    certain = pc.match_substring_regex(texts, pattern=_CERTAIN)
    found = pc.if_else(certain, texts, pa.nulls(len(texts), texts.type)).cast(INSTANT)
    rest: NDArray[np.bool_] = ~bools_of(certain)
    if not rest.any():
        return found
    mask = bools_to_arrow(rest)
    others = texts.filter(mask)
    shorter = pc.replace_substring_regex(others, pattern=_NO_NANOSECONDS, replacement=r"\1\2", max_replacements=1)
    if not shorter.equals(others):
        others = _instants(shorter, zone)
    else:
        others = _each(others, lambda text: micros(read_instant(text, zone)), np.int64, INSTANT)
    return pc.replace_with_mask(found, mask, others)


def _each(texts: pa.Array, read: Callable[[str], int], dtype: Any, kind: Any) -> pa.Array:
    """Parse one text after the other, each as a number of Arrow's type; a text that does not parse becomes null."""
    found, certain = np.zeros(len(texts), dtype), np.zeros(len(texts), np.bool_)
    for place, text in enumerate(texts.to_pylist()):
        with suppress(NotATime, KeyError):
            found[place], certain[place] = read(text), True
    valid = pa.py_buffer(np.packbits(certain, bitorder="little"))
    return pa.Array.from_buffers(kind, len(texts), [valid, pa.py_buffer(found)])  # pa.array would import pandas


_FLAGS = {"true": 1, "false": 0}
_READERS: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "day": lambda texts: _each(texts, lambda text: (read_day(text) - EPOCH.date()).days, np.int32, pa.date32()),
    "flag": lambda texts: _each(texts, lambda text: _FLAGS[text.lower()], np.int8, pa.int8()).cast(pa.bool_()),
}
