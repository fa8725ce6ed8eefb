"""Files of devices, read a few rows at a time: CSV, in which every cell is a text, and Parquet.

However large a file and its row groups are, no more than a few tables of the asked size are in memory.
"""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from miexchange.batch._columns import Column, read_column
from miexchange.batch._texts import decoded, parsed
from miexchange.errors import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from miexchange.batch._columns import Kind

__all__ = ["FORMATS", "Source", "format_of", "open_source"]

FORMATS = (".csv", ".parquet")
"""The kinds of files, by the end of their names."""

_BLOCK = 1 << 19  # bytes of CSV that are parsed at once; Arrow sets that much aside for each column
_BUFFER = 1 << 18  # bytes of a column of Parquet that are read at once
_CODES = pa.dictionary(pa.int32(), pa.binary())  # not even UTF-8 is taken for granted
_CANNOT_READ = (pa.ArrowException, OSError)
_NO_TEXT = b"\xff"  # what no text in UTF-8 holds


def format_of(path: Path, field: str) -> str:
    """Return which kind of file a path names.

    Raises:
        InvalidValue: none that can be read and written.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise InvalidValue(field, f"{path}", f"its name must end in {' or '.join(FORMATS)}, which says what it is")
    return kind


class Source(Protocol):
    """A file of devices.

    Attributes:
        names: its columns, in order.
        types: the type of each, as Arrow has it.
        total: how much there is to read: rows of Parquet, or bytes of CSV.
        done: how much of that is read.
    """

    names: list[str]
    types: list[Any]
    total: int
    done: int

    def tables(self, names: Sequence[str], few: Sequence[str], first: int, rows: int) -> Generator[pa.Table]:
        """Yield some columns, from a row on, in tables of so many rows; the last one has what is left, maybe none.

        Args:
            names: the columns.
            few: those of them whose texts are few and may come as codes.
            first: the position of the first row.
            rows: how many.

        Raises:
            InvalidValue: the file cannot be read to its end.
        """
        ...

    def nothing(self, names: Sequence[str]) -> pa.Table:
        """Return such a table without rows."""
        ...

    def column(self, table: pa.Table, name: str, kind: Kind) -> Column:
        """Read a column of such a table."""
        ...

    def kept(self, table: pa.Table, name: str) -> pa.ChunkedArray:
        """Return a column of such a table as it is to be kept."""
        ...


def open_source(path: Path) -> Source:
    """Open a file of devices.

    Raises:
        InvalidValue: there is no such file, or it is not what its name says.
    """
    kind = format_of(path, "source")
    if not path.is_file():
        raise InvalidValue("source", f"{path}", "it is a directory" if path.is_dir() else "there is no such file")
    source: Source = _Csv(path) if kind == ".csv" else _Parquet(path)
    repeated = sorted({name for name in source.names if source.names.count(name) > 1})
    if repeated:
        raise InvalidValue("source", f"{path}", f"it has two columns {shown(repeated[0])}; rename one of them")
    return source


class _Parquet:
    """A Parquet file; see `Source`."""

    def __init__(self, path: Path) -> None:
        """Read the end of the file, which says what is in it."""
        self._path = path
        file = self._opened()
        self._schema = file.schema_arrow
        self.names = list(self._schema.names)
        self.types = list(self._schema.types)
        self.total = file.metadata.num_rows
        self.done = 0

    def _opened(self, few: Sequence[str] = ()) -> pq.ParquetFile:
        try:  # without the buffer a column of a row group would be read whole
            return pq.ParquetFile(self._path, buffer_size=_BUFFER, pre_buffer=False, read_dictionary=list(few))
        except _CANNOT_READ as error:
            raise _unreadable(self._path, "Parquet", error) from None

    def tables(self, names: Sequence[str], few: Sequence[str], first: int, rows: int) -> Generator[pa.Table]:
        """Begin in the row group that holds the first row."""
        file = self._opened([name for name in few if pa.types.is_string(self._schema.field(name).type)])
        group = before = 0
        while group < file.num_row_groups and before + file.metadata.row_group(group).num_rows <= first:
            before += file.metadata.row_group(group).num_rows
            group += 1
        try:
            batches = file.iter_batches(rows, row_groups=list(range(group, file.num_row_groups)), columns=list(names))
            pieces = (pa.Table.from_batches([batch]).select(list(names)) for batch in batches)
            for table in _ahead(_cut(pieces, first - before, rows, self.nothing(names))):
                self.done = min(max(self.done, first) + len(table), self.total)
                yield table
        except _CANNOT_READ as error:
            raise _unreadable(self._path, "Parquet", error) from None

    def nothing(self, names: Sequence[str]) -> pa.Table:
        """Keep the types."""
        return self._schema.empty_table().select(list(names))

    def column(self, table: pa.Table, name: str, kind: Kind) -> Column:
        """Take the column as `appraise_frame` does; but nobody has checked that its texts are texts."""
        read = read_column(table, name, kind)
        return decoded(read.array) if kind == "text" and read.strange is None else read

    def kept(self, table: pa.Table, name: str) -> pa.ChunkedArray:
        """Return the column as it is, whatever its type."""
        column = table[name]
        return decoded(column).array if pa.types.is_string(column.type) else column


class _Csv:
    """A CSV file; see `Source`."""

    def __init__(self, path: Path) -> None:
        """Read the first line."""
        self._path = path
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                self.names = next(csv.reader(stream, strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise _unreadable(path, "CSV in UTF-8", error) from None
        if not any(self.names):
            raise InvalidValue("source", f"{path}", "its first line must name the columns")
        self.types = [pa.string()] * len(self.names)
        self.total = path.stat().st_size
        self.done = 0

    def tables(self, names: Sequence[str], few: Sequence[str], first: int, rows: int) -> Generator[pa.Table]:
        """Begin at the beginning: only who has read a line of CSV knows where the next one begins."""
        try:
            with pa.OSFile(f"{self._path}") as stream:
                for table in _ahead(_cut(self._pieces(stream, names, few), first, rows, self.nothing(names))):
                    self.done = stream.tell()
                    yield table
        except _CANNOT_READ as error:
            raise _unreadable(self._path, "CSV", error) from None

    def nothing(self, names: Sequence[str]) -> pa.Table:
        """Give bytes: see `column`."""
        return pa.table({name: pa.array([], pa.binary()) for name in names})

    def _pieces(self, stream: pa.NativeFile, names: Sequence[str], few: Sequence[str]) -> Iterator[pa.Table]:
        """Yield every row, also those with too few or too many cells, whose texts are then no texts."""
        broken: list[int] = []

        def note(row: pacsv.InvalidRow) -> str:
            broken.append(row.number - 2)  # counted from 1, and the first one names the columns
            return "skip"

        reader = pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(use_threads=False, block_size=_BLOCK),  # with threads rows have no numbers
            parse_options=pacsv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=note, ignore_empty_lines=len(self.names) > 1
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(names),
                column_types=dict.fromkeys(names, pa.binary()) | dict.fromkeys(few, _CODES),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        begin = 0
        for batch in reader:
            table, begin = _with_broken(pa.Table.from_batches([batch]), begin, broken)
            yield table
        if broken:
            yield _with_broken(reader.schema.empty_table(), begin, broken)[0]

    def column(self, table: pa.Table, name: str, kind: Kind) -> Column:
        """Read the texts of the column."""
        return parsed(table[name], kind)

    def kept(self, table: pa.Table, name: str) -> pa.ChunkedArray:
        """Return the texts; what is no text is left empty."""
        return decoded(table[name]).array


def _with_broken(table: pa.Table, begin: int, broken: list[int]) -> tuple[pa.Table, int]:
    """Put the rows that could not be parsed back where they were.

    Args:
        table: the rows that could.
        begin: the position of its first row.
        broken: the positions of those that could not, in order; what is put back is removed.

    Returns:
        The table, and the position of the row after it.
    """
    end, number = begin + len(table), 0
    while number < len(broken) and broken[number] <= end:  # every broken row moves the end by one
        number, end = number + 1, end + 1
    put, broken[:number] = broken[:number], []
    if not put:
        return table, end
    wrong = set(put)
    rows = iter(range(len(table)))
    places = [None if place in wrong else next(rows) for place in range(begin, end)]
    table = table.take(pa.array(places, pa.int64()))
    mask = pa.array([place is None for place in places])
    return pa.table({name: _spoiled(table[name], mask) for name in table.column_names}), end


def _spoiled(column: pa.ChunkedArray, mask: pa.Array) -> pa.ChunkedArray:
    """Put what is no text into some cells."""
    plain = pc.if_else(mask, pa.scalar(_NO_TEXT, pa.binary()), column.cast(pa.binary()))
    return plain.dictionary_encode() if column.type == _CODES else plain


def _cut(pieces: Iterator[pa.Table], skipped: int, rows: int, empty: pa.Table) -> Iterator[pa.Table]:
    """Cut tables of any size into tables of so many rows, but for the last one; leave some rows out at the beginning.

    There is always one table at least.
    """
    waiting: list[pa.Table] = []
    held, first = 0, True
    for piece in pieces:
        start = min(skipped, len(piece))
        skipped -= start
        while start < len(piece):
            waiting.append(piece.slice(start, rows - held))
            start += len(waiting[-1])
            held += len(waiting[-1])
            if held == rows:
                yield _joined(waiting)
                waiting, held, first = [], 0, False
    if held or first:
        yield _joined(waiting or [empty])


def _joined(pieces: list[pa.Table]) -> pa.Table:
    """Make one table, each of whose columns lies in one piece."""
    return pa.concat_tables(pieces).combine_chunks() if len(pieces) > 1 else pieces[0]


def _ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Read the next table while the last one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, tables, None)
        while (table := coming.result()) is not None:
            coming = pool.submit(next, tables, None)
            yield table


def _unreadable(path: Path, kind: str, error: Exception) -> Exception:
    """Say what is wrong with a file; what the system says of it, such as a disk that is gone, stays as it is."""
    if isinstance(error, OSError) and error.errno:
        return error
    reason = f"{error}".splitlines()[0].rstrip(".")
    return InvalidValue("source", f"{path}", f"it cannot be read as {kind}: {reason}. Correct or export it anew")
