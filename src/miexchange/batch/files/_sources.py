"""Files of devices, read a few rows at a time: CSV, in which every cell is a text, and Parquet.

However large a file and its row groups are, only a few tables of the requested size are in memory.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from miexchange._limits import CELL_BYTES, COLUMNS, ROW_BYTES
from miexchange.batch.arrow._columns import TEXTS, Column, read_column
from miexchange.batch.arrow._layouts import bools_of
from miexchange.batch.files._csv_records import WRONG, NotCsv, Records, header_of, read_records
from miexchange.batch.files._parquet_pages import TooLarge, most_rows
from miexchange.batch.files._texts import decoded, is_textual, parsed
from miexchange.errors import InvalidValue, out_of_range, shown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from miexchange.batch.arrow._columns import Kind

_Part = TypeVar("_Part")

__all__ = ["FORMATS", "Source", "format_of", "open_source"]

FORMATS = (".csv", ".parquet")
"""The kinds of files, by suffix."""

_TABLE = 1 << 26  # approximate bytes of a table
_UNPACKED = 200_000_000, 100  # bytes that Parquet may unpack to, absolute or by size
_BUFFER = 1 << 18  # bytes of a column of Parquet that are read at once
_CANNOT_READ = (pa.ArrowException, OSError, UnicodeDecodeError)  # the last character of the name of a column


def format_of(path: Path, field: str) -> str:
    """Return the kind of file that a path names.

    Raises:
        InvalidValue: it is not a kind that can be read and written.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise out_of_range(field, f"{path}", f"give a name that ends in {' or '.join(FORMATS)}, which says what it is")
    return kind


class Source(Protocol):
    """A file of devices.

    Attributes:
        path: where it is.
        names: its columns, in order; names may be duplicated.
        types: the Arrow type of each.
        total: how much there is to read: rows of Parquet, or bytes of CSV.
        done: how much of that has been read.
        rows: about how many rows there are.
        part_rows: how many rows a part has by default: more take less time per row, and more memory.
    """

    path: Path
    names: list[str]
    types: list[Any]
    total: int
    done: int
    rows: int
    part_rows: int

    def parts(self, names: Sequence[str], few: Sequence[str], first: int, rows: int) -> Generator[Records | pa.Table]:
        """Yield the given columns in parts of `rows` rows, from row `first`; the last part has the rest, or nothing.

        Args:
            names: the columns.
            few: those of them with few distinct texts, which may be dictionary-encoded.
            first: the position of the first row.
            rows: how many rows each part has, or fewer if cells are long.

        Raises:
            InvalidValue: the file cannot be read to its end.
        """
        ...

    def table(self, part: Any) -> pa.Table:
        """Return a part as a table; in any thread."""
        ...

    def nothing(self, names: Sequence[str]) -> pa.Table:
        """Return such a table without rows."""
        ...

    def column(self, table: pa.Table, name: str, kind: Kind, zone: tzinfo | None = None) -> Column:
        """Read a column of such a table; in a zone a day alone is an instant, too."""
        ...

    def kept(self, table: pa.Table, name: str) -> Column:
        """Return a column of such a table for the output, and the mask of its invalid cells."""
        ...

    def wrong(self, table: pa.Table) -> NDArray[np.bool_] | None:
        """Return the mask of the rows that are malformed as a whole; None if there are none."""
        ...


def open_source(path: Path) -> Source:
    """Open a file of devices.

    Raises:
        InvalidValue: the file does not exist, or its content does not match its suffix.
    """
    kind = format_of(path, "source")
    if not path.is_file():
        found = "is a directory" if path.is_dir() else "is no regular file, but a pipe or a device"
        rule = "give the path of a file of devices"
        raise out_of_range("source", f"{path}", rule, which=found if path.exists() else "does not exist")
    source: Source = _Csv(path) if kind == ".csv" else _Parquet(path)
    return source


class _Parquet:
    """A Parquet file; see `Source`."""

    part_rows = 81_920

    def __init__(self, path: Path) -> None:
        """Read the footer of the file."""
        self.path = path
        file = self._opened()
        if file.metadata.num_columns > COLUMNS:
            which = f"has {file.metadata.num_columns:,} columns"
            raise out_of_range("source", f"{path}", f"leave some out: at most {COLUMNS:,}", which=which)
        try:
            self._schema = file.schema_arrow
            self.names = list(self._schema.names)
            self.types = [kind for kind in self._schema.types if str(kind)]
        except _CANNOT_READ as error:
            raise _unreadable(path, "Parquet", error) from None
        self.total = self.rows = file.metadata.num_rows
        self.done = 0
        self._size = path.stat().st_size

    def _opened(self, few: Sequence[str] = ()) -> pq.ParquetFile:
        try:  # without a buffer size, the whole column of a row group would be read
            return pq.ParquetFile(self.path, buffer_size=_BUFFER, pre_buffer=False, read_dictionary=list(few))
        except _CANNOT_READ as error:
            raise _unreadable(self.path, "Parquet", error) from None

    def _most_rows(self, names: Sequence[str], few: Sequence[str], rows: int) -> int:
        with self.path.open("rb", buffering=0) as stream:
            try:
                return most_rows(stream, self._opened().metadata, names, few, rows)
            except TooLarge as error:
                raise _no_file_of("Parquet", self.path, error) from None

    def parts(self, names: Sequence[str], few: Sequence[str], first: int, rows: int) -> Generator[pa.Table]:
        """Begin in the row group that holds the first row."""
        codes = [name for name in few if pa.types.is_string(self._schema.field(name).type)]
        most = self._most_rows(names, [name for name in codes if name != "model"], rows)
        file = self._opened(codes)
        group = before = 0
        while group < file.num_row_groups and before + file.metadata.row_group(group).num_rows <= first:
            before += file.metadata.row_group(group).num_rows
            group += 1
        try:
            # A batch never spans two row groups, so that a resumed run cuts the same tables.
            batches = (
                batch
                for number in range(group, file.num_row_groups)
                for batch in file.iter_batches(most, row_groups=[number], columns=list(names))
            )
            pieces = (pa.Table.from_batches([batch]).select(list(names)) for batch in batches)
            done, size = first, 0
            for table in _ahead(_cut(pieces, first - before, rows, self.nothing(names))):
                self._check(table, done)
                size += sum(_bytes_of(table[name]) for name in names if name not in few or name == "model")
                if size > max(_UNPACKED[0], _UNPACKED[1] * self._size):
                    which = f"has {self._size:,} bytes, and its cells unpack to more than {size:,}"
                    raise out_of_range("source", f"{self.path}", "leave columns out", which=which)
                done += len(table)
                self.done = min(done, self.total)
                yield table
        except _CANNOT_READ as error:
            raise _unreadable(self.path, "Parquet", error) from None

    def _check(self, table: pa.Table, first: int) -> None:
        """Refuse a cell that is too long; those of a dictionary have been checked already."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            if is_textual(column.type) and not pa.types.is_dictionary(column.type):
                lengths = pc.binary_length(column.cast(pa.large_binary()))
                if (pc.max(lengths).as_py() or 0) > CELL_BYTES:
                    row = first + pc.index(pc.greater(lengths, CELL_BYTES), True).as_py()
                    which = f"has more than {CELL_BYTES:,} bytes in row {row}, column {shown(name)}"
                    raise out_of_range("source", f"{self.path}", "leave that cell out", which=which)

    def table(self, part: pa.Table) -> pa.Table:
        """Return the table that it is."""
        return part

    def nothing(self, names: Sequence[str]) -> pa.Table:
        """Return an empty table with the file's types."""
        return _empty(self._schema).select(list(names))

    def column(self, table: pa.Table, name: str, kind: Kind, zone: tzinfo | None = None) -> Column:
        """Read the column as `appraise_frame` does, and check that its texts are valid UTF-8."""
        read = read_column(table, name, kind, zone)
        return decoded(read.array) if kind in TEXTS and read.strange is None else read

    def kept(self, table: pa.Table, name: str) -> Column:
        """Return the column unchanged, whatever its type; texts must be valid UTF-8."""
        column = table[name]
        return decoded(column) if is_textual(column.type) else Column(column)

    def wrong(self, table: pa.Table) -> None:
        """Every row has all its cells."""


def _empty(schema: pa.Schema) -> pa.Table:
    """Return a table without rows; Arrow's ``empty_table`` would import pandas, 0.2 s."""
    return pa.Table.from_arrays([pa.nulls(0, kind) for kind in schema.types], schema=schema)


def _bytes_of(column: pa.ChunkedArray) -> int:
    """Return how many bytes a column has, without codes."""
    if not (pa.types.is_dictionary(column.type) and is_textual(column.type)):
        return int(column.nbytes)
    lengths = (pc.binary_length(one.dictionary).take(one.indices) for one in column.chunks)
    return sum(int(pc.sum(one).as_py() or 0) for one in lengths)


class _Csv:
    """A CSV file; see `Source`."""

    part_rows = 65_536

    def __init__(self, path: Path) -> None:
        """Read the first line."""
        self.path = path
        with path.open("rb") as stream:
            first = stream.read(len(_BOM) + ROW_BYTES + 1)
            self.total = os.fstat(stream.fileno()).st_size
        for begin, what in _NOT_TEXT.items():
            if first.startswith(begin):
                raise out_of_range("source", f"{path}", "export it as CSV in UTF-8", which=f"is {what}")
        self._begin = len(_BOM) if first.startswith(_BOM) else 0
        try:
            head = header_of(first[self._begin :])
            self.names = [name.decode() for name in head]
        except NotCsv as error:
            raise _not_csv(path, error) from None
        except UnicodeDecodeError:
            raise _not_csv(path, "line 1 is not in UTF-8") from None
        if not any(self.names) or first[self._begin : self._begin + 1] in {b"\n", b"\r"}:
            raise out_of_range("source", f"{path}", "name the columns in its first line", which="names no columns")
        if any(name.strip().casefold().startswith("sep=") for name in self.names):
            raise _not_csv(path, "its first line names a separator for Excel, and no columns; take that line out")
        if len(self.names) == 1 and (mark := next((one for one in _SEPARATORS if one in self.names[0]), None)):
            raise _not_csv(path, f"its cells are separated by {_SEPARATORS[mark]}; separate them by commas")
        if any("\0" in name for name in self.names):
            raise _not_csv(path, "the names of its columns have NUL characters in them, as in UTF-16")
        self.types = [pa.string()] * len(self.names)
        self.rows = self.total * max(first.count(b"\n"), first.count(b"\r")) // len(first) - 1
        self.done = 0

    def parts(self, names: Sequence[str], few: Sequence[str], first: int, rows: int) -> Generator[Records]:
        """Read from the beginning: the start of a CSV row is known only after the row before it."""
        wanted = {name: self.names.index(name) for name in names}
        try:
            with self.path.open("rb", buffering=0) as stream:
                stream.seek(self._begin)
                before = 0
                for part in _ahead(read_records(stream.readinto, len(self.names), wanted, few, rows)):
                    self.done = stream.tell()
                    skipped = min(max(first - before, 0), len(part))
                    if not skipped or skipped < len(part):
                        yield part.without(skipped) if skipped else part
                    before += len(part)
        except NotCsv as error:
            raise _not_csv(self.path, error) from None

    def table(self, part: Records) -> pa.Table:
        """Return its cells, as bytes."""
        return part.table()

    def nothing(self, names: Sequence[str]) -> pa.Table:
        """Return an empty table of bytes; see `column`."""
        kinds = {**dict.fromkeys(names, pa.binary()), WRONG: pa.bool_()}
        return _empty(pa.schema(kinds.items()))

    def column(self, table: pa.Table, name: str, kind: Kind, zone: tzinfo | None = None) -> Column:
        """Read the texts of the column."""
        return parsed(table[name], kind, zone)

    def kept(self, table: pa.Table, name: str) -> Column:
        """Return the texts; invalid bytes are written as escapes."""
        return decoded(table[name])

    def wrong(self, table: pa.Table) -> NDArray[np.bool_]:
        """Return the mask of the rows with too few or too many cells."""
        return bools_of(table[WRONG])


_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "pipes"}
"""Separators of other programs, for the error about a file that seems to have a single column."""

_BOM = b"\xef\xbb\xbf"
_NOT_TEXT = {
    b"\x1f\x8b": "compressed with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"PK\x03\x04": "a workbook or another zip file",
    b"\xd0\xcf\x11\xe0": "a workbook of an old Excel",
    b"PAR1": "a Parquet file by another name",
    b"\xff\xfe": "in UTF-16",
    b"\xfe\xff": "in UTF-16",
}
"""The first bytes of files that people mistake for CSV."""


def _not_csv(path: Path, reason: object) -> InvalidValue:
    return _no_file_of("CSV in UTF-8", path, reason)


def _no_file_of(kind: str, path: Path, reason: object) -> InvalidValue:
    which = f"cannot be read as {kind} ({reason})"
    return out_of_range("source", f"{path}", "correct it or export it anew", which=which)


def _cut(pieces: Iterator[pa.Table], skipped: int, rows: int, empty: pa.Table) -> Iterator[pa.Table]:
    """Cut tables of any size into tables of `rows` rows, or fewer if cells are long.

    Rows at the beginning may be skipped, and the last table has the rest. There is always at least one table.
    """
    waiting: list[pa.Table] = []
    held, size, first = 0, 0, True
    for piece in pieces:
        start = min(skipped, len(piece))
        skipped -= start
        while start < len(piece):
            waiting.append(piece.slice(start, rows - held))
            start += len(waiting[-1])
            held += len(waiting[-1])
            size += waiting[-1].nbytes
            if held == rows or size > _TABLE:
                yield _joined(waiting)
                waiting, held, size, first = [], 0, 0, False
    if held or first:
        yield _joined(waiting or [empty])


def _joined(pieces: list[pa.Table]) -> pa.Table:
    """Concatenate tables; each column of the result is contiguous."""
    return pa.concat_tables(pieces).combine_chunks() if len(pieces) > 1 else pieces[0]


def _ahead(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Read one part ahead, in a thread."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part


def _unreadable(path: Path, kind: str, error: Exception) -> Exception:
    """Turn errors about the content of a file into ours; errors of the system, such as a missing disk, pass."""
    if isinstance(error, OSError) and error.errno:
        return error
    return _no_file_of(kind, path, f"{error}".splitlines()[0].rstrip("."))
