"""A CSV or Parquet file of values, written under a temporary name and renamed when it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from miexchange._new_file import create, place
from miexchange._text import for_spreadsheet
from miexchange.batch.files._parts import PART_ROWS
from miexchange.batch.files._sources import format_of
from miexchange.batch.files._texts import for_spreadsheets, is_textual, without_codes
from miexchange.errors import out_of_range

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Output"]

_GROUP = 8 * PART_ROWS  # rows of a Parquet row group; metadata of each group stay in memory


class Output:
    """An output file, written under a temporary name and renamed when it is complete."""

    def __init__(
        self, path: Path, field: str, columns: list[str], nothing: pa.Table, *, escape: bool, refused_only: bool = False
    ) -> None:
        """Create the temporary file.

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
        self._escape = escape
        self._stream: BinaryIO | None = None
        self._writer: pacsv.CSVWriter | pq.ParquetWriter | None = None
        if self._is_csv:
            for name in columns:
                _check_csv(nothing.select([name]))

    def write(self, part: pa.Table) -> None:
        """Write a part, after those before it."""
        if self._refused_only:
            part = part.filter(pc.is_null(part["coupon_value_minor"]))
        table = part.select(self._columns)
        if self._is_csv:
            table = _for_csv(table, escape=self._escape)
        if self._stream is None:
            self._stream = create(self._unfinished, self._field)
        if self._writer is None:
            kind = pacsv.CSVWriter if self._is_csv else pq.ParquetWriter
            self._writer = kind(self._stream, table.schema)
        for batch in table.to_batches():
            if self._is_csv:
                self._writer.write_batch(batch)
            else:
                self._writer.write_batch(batch, row_group_size=_GROUP)

    def finish(self) -> Path:
        """Close the file, and return its temporary path."""
        if self._writer is not None:
            self._writer.close()
        if self._stream is not None:
            self._stream.close()
        self._writer = None
        return self._unfinished

    def place(self) -> None:
        """Rename the file to its final name."""
        place(self._unfinished, self._path)

    def discard(self) -> None:
        """Remove the temporary file, if it was not renamed."""
        if self._stream is not None:
            self.finish().unlink(missing_ok=True)


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
