"""The location of a round's ledger: a file of its own, or a schema of its own on a server."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from miexchange.errors import out_of_range
from miexchange.ledger import UnreachableError
from miexchange.ledger import open as open_ledger
from miexchange.simulator._shop import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["place"]

_SCHEMA = "miexchange_simulated"


@contextmanager
def place(url: str | None) -> Iterator[str]:
    """Make an empty ledger, yield its address, and remove it.

    Args:
        url: the URL of a PostgreSQL database; None for an SQLite file in a temporary directory.

    Raises:
        InvalidValue: the database has the simulator's schema already, so that is somebody else's.
    """
    if url is None:
        with tempfile.TemporaryDirectory(prefix="miexchange-") as folder:
            file = Path(folder) / "simulated.db"
            file.write_bytes(_empty_ledger())
            yield str(file)
        return
    plain = _server(url)
    name = sql.Identifier(_SCHEMA)
    with _connected(plain) as connection:
        try:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        except psycopg.errors.DuplicateSchema:
            remedy = "drop it if an interrupted simulation left it, or give the URL of an empty database"
            raise out_of_range("url", _SCHEMA, remedy, "has a schema of this name") from None
        try:
            where = plain.update_query_dict({"schema": _SCHEMA}).render_as_string(hide_password=False)
            open_ledger(where, key=key_of(0), create=True).close()
            yield where
        finally:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(name))


def _server(url: str) -> URL:
    """Parse the URL of a server. No error contains it, for it may have a password."""
    with suppress(ArgumentError, TypeError, ValueError):
        plain = make_url(url)
        if plain.get_backend_name() == "postgresql":
            return plain
    rule = "give the URL of a PostgreSQL database, such as postgresql+psycopg://localhost/test, or None for SQLite"
    raise out_of_range("url", None, rule, "is none of a PostgreSQL database")


def _connected(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)
    except psycopg.Error as error:
        what = f"The database of the simulation cannot be reached: {type(error).__name__}"
        raise UnreachableError(what, "Correct its host, role and name", "connection") from None


@cache
def _empty_ledger() -> bytes:
    """Return the file of an empty ledger, cached: making one takes as long as hundreds of steps."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        open_ledger(file, key=key_of(0), create=True).close()
        return file.read_bytes()
