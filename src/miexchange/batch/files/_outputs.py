"""A CSV or Parquet file of values, written under a temporary name and renamed when it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from miexchange._new_file import create, place
from miexchange._text import for_spreadsheet
from miexchange.batch.arrow._results import ArrowColumn, to_arrow
from miexchange.batch.files._parquet_groups import MAGIC, Group, encoded, footer_of, moved
from miexchange.batch.files._sources import format_of
from miexchange.batch.files._texts import for_spreadsheets, is_textual, without_codes
from miexchange.errors import out_of_range

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miexchange.batch.arrow._results import AnyColumn
    from miexchange.batch.files._parquet_groups import Numbers

__all__ = ["Output"]


class Output:
    """An output file: its pieces are encoded in any order and any thread, and written one after the other.

    It is written under a temporary name and renamed when it is complete.
    """

    def __init__(
        self, path: Path, field: str, columns: list[str], nothing: pa.Table, *, escape: bool, refused_only: bool = False
    ) -> None:
        """Create nothing yet.

        Args:
            path: the final name.
            field: the argument that the name came from, for errors.
            columns: the columns of the parts to write.
            nothing: a part without rows.
            escape: whether texts in a CSV are made safe for spreadsheets.
            refused_only: whether only refused rows are written.

        Raises:
            InvalidValue: a column is of a type that such a file cannot hold.
        """
        self._path, self._field, self._columns, self._refused_only = path, field, columns, refused_only
        self._unfinished = path.with_name(f"{path.name}.unfinished")
        self._is_csv = format_of(path, field) == ".csv"
        self._escape, self._nothing = escape, nothing.select(columns)
        self._stream: BinaryIO | None = None
        self._size = self._rows = 0
        self._groups: list[bytes] = []
        if self._is_csv:
            for name in columns:
                _check_csv(nothing.select([name]))

    def encoded(self, part: Mapping[str, AnyColumn | Numbers], rows: int, *, is_first: bool) -> Group:
        """Encode a part of the rows.

        Args:
            part: the columns of all outputs.
            rows: how many rows it has.
            is_first: whether it is the first part, before which a CSV names its columns.
        """
        columns = {name: part[name] for name in self._columns}
        if self._refused_only:
            table = to_arrow(columns)
            refused = table.filter(to_arrow({"": part["coupon_value_minor"]})[""].is_null())
            columns, rows = dict(zip(columns, map(ArrowColumn, refused.columns), strict=True)), len(refused)
        if not self._is_csv:
            return encoded(columns, rows) if rows else Group(b"", b"")
        sink, options = pa.BufferOutputStream(), pacsv.WriteOptions(include_header=is_first)
        pacsv.write_csv(_for_csv(to_arrow(columns), escape=self._escape), sink, options)
        return Group(sink.getvalue().to_pybytes(), b"")

    def write(self, piece: Group) -> None:
        """Write an encoded part, after those before it."""
        if self._stream is None:
            self._stream = create(self._unfinished, self._field)
            self._put(b"" if self._is_csv else MAGIC)
        if piece.about:
            about, rows = moved(piece.about, self._size)
            self._groups.append(about)
            self._rows += rows
        self._put(piece.body)

    def _put(self, data: bytes) -> None:
        if self._stream is not None:
            self._stream.write(data)
            self._size += len(data)

    def finish(self) -> Path:
        """Complete and close the file, and return its temporary path."""
        if not self._is_csv:
            self._put(footer_of(self._nothing, self._rows, self._groups))
        self._close()
        return self._unfinished

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def place(self) -> None:
        """Rename the file to its final name."""
        place(self._unfinished, self._path)

    def discard(self) -> None:
        """Remove the temporary file, if it was not renamed."""
        if self._stream is not None:
            self._close()
            self._unfinished.unlink(missing_ok=True)


def _for_csv(table: pa.Table, *, escape: bool) -> pa.Table:
    """Return a table for writing: texts instead of codes, and none that a spreadsheet would run."""
    columns = [
        without_codes(for_spreadsheets(column) if escape and is_textual(column.type) else column)
        for column in table.columns
    ]
    names = table.column_names
    return pa.Table.from_arrays(columns, names=[for_spreadsheet(name) for name in names] if escape else names)


def _check_csv(column: pa.Table) -> None:
    name, kind = column.column_names[0], column.schema.types[0]
    try:
        plain = without_codes(column[name])
        pacsv.write_csv(pa.table({name: plain}), pa.BufferOutputStream())
        is_fit = not _is_bytes(plain.type)  # need not be valid UTF-8
    except pa.ArrowException:
        is_fit = False
    if not is_fit:
        which = f"is a column of {kind}, which a CSV cannot hold"
        raise out_of_range("keep", name, "leave it out, or write Parquet", which=which)


def _is_bytes(kind: Any) -> bool:
    return any(test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary))
