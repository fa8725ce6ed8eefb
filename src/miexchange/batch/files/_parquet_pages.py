"""The unpacked size of a Parquet file, found before anything is unpacked.

The footer states the sizes of columns, but it can lie. A reader unpacks by the header of each page, so those are read.
A page of a few kilobytes can hold a cell of a gigabyte, and a dictionary of one long cell can stand for a million.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from miexchange._limits import CELL_BYTES, ROWS
from miexchange.batch.files._thrift import read_struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["TooLarge", "most_rows"]

_AT_ONCE = 100_000_000  # bytes of pages that are unpacked at once; for a larger file, its own size
_TABLE = 48_000_000  # bytes of a table of rows
_PAGES = 20_000, 1_000  # pages of any file; and one more for so many bytes or values
_HEADER = 1 << 20  # bytes of the header of a page, whose statistics can hold long cells
_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3
_CODECS = {"SNAPPY": "snappy", "GZIP": "gzip", "BROTLI": "brotli", "ZSTD": "zstd", "LZ4": "lz4_raw"}


class TooLarge(Exception):  # noqa: N818 - the caller makes an error of it, which names the file
    """The file is not valid Parquet or unpacks to too much; the message says which."""


@dataclass(frozen=True, slots=True)
class _Page:
    kind: int
    begin: int
    packed: int
    unpacked: int
    values: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A column of a row group.

    Attributes:
        values: the number of values in each page.
        sizes: the unpacked bytes of each page.
        longest: the bytes of the longest value that a page only refers to, as in a dictionary.
        dictionary: the unpacked bytes of its dictionary.
        is_flat: whether a value is a row.
    """

    values: NDArray[np.int64]
    sizes: NDArray[np.int64]
    longest: int
    dictionary: int
    is_flat: bool

    def bytes_of(self, rows: int) -> int:
        """Return an upper bound of the bytes of consecutive rows."""
        if not self.is_flat:
            return int(self.sizes.sum() + self.values.sum() * self.longest)
        ends, sizes = np.cumsum(self.values), np.cumsum(self.sizes)
        last = np.minimum(np.searchsorted(ends, ends - self.values + rows), len(ends) - 1)
        own = int((sizes[last] - sizes + self.sizes).max(initial=0))
        return min(own, rows * CELL_BYTES) + rows * self.longest


def most_rows(stream: BinaryIO, metadata: Any, names: Collection[str], few: Collection[str], rows: int) -> int:
    """Return how many rows of the given columns can be read at once.

    Args:
        stream: the file.
        metadata: its footer.
        names: the columns.
        few: those of them that are read as codes.
        rows: how many rows are wanted.

    Raises:
        TooLarge: a single row is too large, or a page header is invalid.
    """
    size = stream.seek(0, 2)
    if metadata.num_rows > max(ROWS, size // 2):
        raise TooLarge(f"it says that it has {metadata.num_rows:,} rows in {size:,} bytes")
    leaves = [
        (leaf, path.partition(".")[0] if "." in path and path not in names else path)
        for leaf, path in ((leaf, metadata.schema.column(leaf).path) for leaf in range(metadata.num_columns))
        if any(path == name or path.startswith(f"{name}.") for name in names)
    ]
    budget = _PAGES[0] + (size + metadata.num_rows * len(leaves)) // _PAGES[1]
    values = 0
    for number in range(metadata.num_row_groups):
        group, at_once, chunks = metadata.row_group(number), 0, []
        if not group.num_rows:
            continue
        for leaf, name in leaves:
            chunk = _chunk(stream, group.column(leaf), metadata.schema.column(leaf), budget, name, is_few=name in few)
            budget -= len(chunk.values)
            values = max(values, int(chunk.values.sum()))
            at_once += chunk.dictionary + int(chunk.sizes.max(initial=0))
            if name not in few:
                chunks.append(chunk)
        if at_once > max(_AT_ONCE, size):
            raise TooLarge(f"its pages unpack to {at_once:,} bytes at once; write it with smaller pages")
        if values > max(ROWS, size // 2):
            raise TooLarge(f"a column has {values:,} values in {size:,} bytes")
        while rows > 1 and sum(chunk.bytes_of(rows) for chunk in chunks) > _TABLE:
            rows = (rows + 1) // 2
        if sum(chunk.bytes_of(rows) for chunk in chunks) > max(_AT_ONCE, size):
            raise TooLarge("one row of it has more than 100,000,000 bytes")
    return rows


def _chunk(stream: BinaryIO, column: Any, leaf: Any, budget: int, name: str, *, is_few: bool) -> _Chunk:
    """Read the headers of the pages of a column of a row group; a column of few texts needs no exact longest one."""
    values, sizes, longest, dictionary = [], [], 0, 0
    for page in _pages(stream, column):
        if page.kind == _DICTIONARY:
            dictionary = page.unpacked
            if is_few and page.unpacked <= CELL_BYTES:
                longest = page.unpacked
            elif leaf.physical_type == "BYTE_ARRAY":
                longest = _longest(stream, page, column.compression)
        elif page.kind in {_DATA, _DATA_2}:
            values.append(page.values)
            sizes.append(page.unpacked)
        if len(values) > budget:
            raise TooLarge(f"it has more than {budget:,} pages; write it with larger ones")
    if "DELTA_BYTE_ARRAY" in column.encodings:  # delta encoding: a value repeats the prefix of the previous one
        longest = max(longest, *sizes, 0)
    elif leaf.physical_type == "FIXED_LEN_BYTE_ARRAY":
        longest = leaf.length
    if longest > CELL_BYTES and "DELTA_BYTE_ARRAY" not in column.encodings:
        raise TooLarge(f"a cell of the column {name!r} has more than {CELL_BYTES:,} bytes")
    is_flat = leaf.max_repetition_level == 0
    return _Chunk(np.array(values, np.int64), np.array(sizes, np.int64), longest, dictionary, is_flat)


def _pages(stream: BinaryIO, column: Any) -> Iterator[_Page]:
    begin = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset:
        begin = min(begin, column.dictionary_page_offset)
    end = begin + column.total_compressed_size
    while begin < end:
        page = _page(stream, begin)
        yield page
        begin = page.begin + page.packed


def _page(stream: BinaryIO, begin: int) -> _Page:
    for length in (1 << 9, _HEADER):
        stream.seek(begin)
        data = stream.read(length)
        try:
            found, end = read_struct(data, 0)
            kind, unpacked, packed = (found[number][1] for number in (1, 2, 3))
            _, about = found.get({_DATA: 5, _DICTIONARY: 7, _DATA_2: 8}.get(kind, 0), (0, {}))
            _, values = about.get(1, (0, 0))
            if min(unpacked, packed, values) >= 0:
                return _Page(kind, begin + end, packed, unpacked, values)
        except (IndexError, KeyError, TypeError, AttributeError, RecursionError, ValueError):
            continue
    raise TooLarge("the header of a page cannot be read; the file is damaged or encrypted")


def _longest(stream: BinaryIO, page: _Page, compression: str) -> int:
    """Return the length in bytes of the longest text of a dictionary."""
    if page.unpacked > _AT_ONCE or (compression != "UNCOMPRESSED" and compression not in _CODECS):
        return page.unpacked
    stream.seek(page.begin)
    data: Any = stream.read(page.packed)
    try:
        if compression != "UNCOMPRESSED":
            data = pa.decompress(data, page.unpacked, _CODECS[compression], asbytes=True)
        position = longest = 0
        for _ in range(page.values):
            (length,) = struct.unpack_from("<I", data, position)
            longest, position = max(longest, length), position + 4 + length
    except (pa.ArrowException, OSError, struct.error):
        raise TooLarge("a dictionary cannot be read; the file is damaged") from None
    return longest
