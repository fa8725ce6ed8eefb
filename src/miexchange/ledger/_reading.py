"""Reads the tables of a ledger even if they are damaged.

Rows are read without the ledger's column types and indexes. Invalid UTF-8, a number in a text column or an unreadable
page is reported as a fault, and reading continues after it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, Integer, String, text

from miexchange._value import is_text
from miexchange.errors import shown
from miexchange.ledger._engine import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Column, Connection, Engine, Table

__all__ = ["Row", "misfits", "place_of", "raw", "rows"]

Row = dict[str, Any]
AT_ONCE = 1_000
"""Rows fetched from a server at once."""
_NO_INDEXES = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")


def _forgiving(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def raw(engine: Engine) -> Iterator[Connection]:
    """Open a connection that reads one snapshot of the ledger, without indexes; invalid UTF-8 is no error."""
    with frozen(engine).connect() as connection:
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            plain, driver.text_factory = driver.text_factory, _forgiving
            try:
                yield connection
            finally:
                driver.text_factory = plain
            return
        for setting in _NO_INDEXES:
            connection.exec_driver_sql(f"SET LOCAL {setting} = off")
        connection.exec_driver_sql("SET LOCAL client_encoding = 'SQL_ASCII'")  # texts come as bytes
        yield connection


def rows(connection: Connection, table: Table, order: list[str], report: Callable[[str], None]) -> Iterator[Row]:
    """Yield the rows of a table ordered by columns that identify a row; skip what cannot be read.

    Args:
        connection: one of `raw`.
        table: the table.
        order: the columns.
        report: is called with each fault.
    """
    last: tuple[Any, ...] | None = None
    try:
        for row in _select(connection, table, order):
            last = _key(row, order)
            yield row
    except Exception as error:  # noqa: BLE001 - whatever a driver raises for a broken page
        report(f"the table {table.name} cannot be read whole: {_said(error)}")
        if connection.dialect.name == "sqlite":
            yield from _behind(connection, table, order, last)


def _behind(connection: Connection, table: Table, order: list[str], last: tuple[Any, ...] | None) -> list[Row]:
    """Return the readable rows after the last one, read from both ends of the table."""
    primary = [column.name for column in table.primary_key]
    found: dict[tuple[Any, ...], Row] = {}
    for direction in ("ASC", "DESC"):
        try:
            for row in _select(connection, table, primary, direction):
                found[_key(row, primary)] = row
        except Exception:  # noqa: BLE001, S112 - reported before
            continue
    rest = [row for row in found.values() if last is None or _key(row, order) > last]
    return sorted(rest, key=lambda row: _key(row, order))


def _select(connection: Connection, table: Table, order: list[str], direction: str = "ASC") -> Iterator[Row]:
    names = [column.name for column in table.c]
    is_file = connection.dialect.name == "sqlite"
    how = direction if is_file else f"{direction} NULLS FIRST"
    by = ", ".join(f"{_ordered(table.c[name], is_file=is_file)} {how}" for name in order)
    listed = ", ".join(f'"{name}"' for name in names)
    statement = text(f'SELECT {listed} FROM "{table.name}" ORDER BY {by}')  # noqa: S608 - our own names
    bools = [name for name in names if isinstance(table.c[name].type, Boolean)]
    with connection.execute(statement, execution_options={"stream_results": True, "max_row_buffer": AT_ONCE}) as found:
        for values in found:
            row = {
                name: _forgiving(value) if type(value) is bytes and not is_file else value
                for name, value in zip(names, values, strict=True)
            }
            for name in bools:
                if row[name] in {0, 1}:
                    row[name] = bool(row[name])
            yield row


def _ordered(column: Column[Any], *, is_file: bool) -> str:
    """Return a column to order by: texts by their bytes, whatever the collation of the database."""
    return f'"{column.name}"' if is_file or not isinstance(column.type, String) else f'"{column.name}" COLLATE "C"'


def _is_number(column: Column[Any]) -> bool:
    return isinstance(column.type, (Integer, BigInteger))


def _key(row: Row, order: list[str]) -> tuple[Any, ...]:
    return tuple(place_of(row[name]) for name in order)


def place_of(value: object) -> tuple[int, Any]:
    """Return a sort key in the order of SQLite: nulls, numbers, texts by their bytes, blobs."""
    if value is None:
        return (0, 0)
    if isinstance(value, str):
        return (2, value.encode("utf-8", "surrogateescape"))
    return (3, value) if isinstance(value, bytes) else (1, value)


def _said(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", error)).split())


def misfits(table: Table, row: Row) -> Iterator[str]:
    """Yield the faults of each cell by itself."""
    for column in table.c:
        value = row[column.name]
        if value is None:
            if not column.nullable:
                yield f"its row of {table.name} has no {column.name}"
        elif not _fits(column, value):
            yield f"its row of {table.name} has a broken {column.name}: {shown(value)}"


def _fits(column: Column[Any], value: object) -> bool:
    if isinstance(column.type, Boolean):
        return type(value) is bool
    if _is_number(column):
        return type(value) is int
    return is_text(value)
