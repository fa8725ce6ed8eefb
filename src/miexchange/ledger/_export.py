"""Exports exchanges and events as Parquet files, for analysis elsewhere."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miexchange._arguments import FLAG, PATH, instance, one_of, takes
from miexchange._bounded import Count, Line
from miexchange._extras import extra
from miexchange._new_file import create
from miexchange._value import Value, packed
from miexchange.errors import out_of_range
from miexchange.ledger import _feed, _queries
from miexchange.ledger._books import Books
from miexchange.ledger._engine import READ, frozen, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from miexchange.ledger._ledger import Ledger

__all__ = ["Exported", "export"]

_AT_ONCE = 10_000
_EXCHANGES = {
    "code": "string",
    "account": "string",
    "state": "string",
    "version": "int32",
    "order": "string",
    "programme": "string",
    "value_minor": "int64",
    "currency": "string",
    "began": "instant",
    "at": "instant",
    "due": "instant",
}
_EVENTS = {
    "number": "int64",
    "position": "string",
    "code": "string",
    "version": "int32",
    "kind": "string",
    "at": "instant",
    "request": "string",
    "hash": "string",
    "event": "string",
}


@dataclass(frozen=True, slots=True)
class Exported(Value):
    """The result of `export`.

    Attributes:
        rows: the number of rows written.
        position: for events, the position of the last one; the next export continues after it.
    """

    rows: Count
    position: Line = ""


@takes(
    ledger=instance(Books, "give a Ledger, as miexchange.ledger.open returns"),
    path=PATH,
    what=one_of("exchanges", "events"),
    after=_feed.POSITION,
    overwrite=FLAG,
)
def export(
    ledger: Ledger, path: Path, *, what: str = "exchanges", after: str = "", overwrite: bool = False
) -> Exported:
    """Write a snapshot of all exchanges, or the events of the feed, to a Parquet file.

    Only its owner may read the file. It contains codes and accounts, but no IMEI. Amounts are in minor units, instants
    in UTC, and an event is its JSON. It is written atomically. This needs the package pyarrow.

    Args:
        ledger: the ledger.
        path: the file.
        what: "exchanges" or "events".
        after: for events, the position to begin after; see `Ledger.events`.
        overwrite: whether to replace an existing file.

    Raises:
        InvalidValue: the file exists or cannot be created; or an argument has a wrong type.
        LedgerError: the database cannot be reached.
        ModuleNotFoundError: pyarrow is not installed; a `MiExchangeError` too.
    """
    with extra("batch", "A Parquet file"):
        import pyarrow as pa  # noqa: PLC0415 - it is optional, and loads slowly
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above
    if path.exists() and not overwrite:
        raise out_of_range("path", f"{path}", "a file is there: give another name, or overwrite it")
    columns, pages = (_EXCHANGES, _exchanges(ledger)) if what == "exchanges" else (_EVENTS, _events(ledger, after))
    types = {"instant": pa.timestamp("us", tz="UTC"), "string": pa.string(), "int32": pa.int32(), "int64": pa.int64()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    new = path.with_name(f"{path.name}.new")
    done, position = 0, after
    try:
        with create(new, "path", is_private=True) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for page in pages:
                writer.write_table(pa.Table.from_pylist(page, schema=schema))
                done += len(page)
                position = page[-1].get("position", "")
        new.replace(path)
    except OSError as error:
        raise out_of_range("path", f"{path}", f"it cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            new.unlink()
    return Exported(done, position)


def _exchanges(ledger: Ledger) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a snapshot of all exchanges, in batches."""
    query = _queries.statement(_queries.Filters())
    with translated(READ), frozen(ledger.engine).connect() as connection:
        found = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
        for part in found.partitions():
            rows = map(_queries.listed, part)
            yield [
                {name: getattr(row, name) for name in _EXCHANGES}
                | {"state": row.state.value, "currency": row.currency.code}
                for row in rows
            ]


def _events(ledger: Ledger, after: str) -> Iterator[list[dict[str, Any]]]:
    while page := ledger.events(after, limit=_feed.AT_ONCE):
        after = page[-1].position
        yield [
            {
                "number": one.number,
                "position": one.position,
                "code": one.code,
                "version": one.entry.version,
                "kind": one.entry.event.kind,
                "at": one.entry.event.at,
                "request": one.entry.request,
                "hash": one.entry.hash,
                "event": one.entry.body if isinstance(one.entry, _feed.Unread) else packed(one.entry.event),
            }
            for one in page
        ]
