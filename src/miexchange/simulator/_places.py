"""Where a round's ledger is: a file of its own, or a schema of its own on a server."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from miexchange.errors import out_of_range
from miexchange.ledger import open as open_ledger
from miexchange.simulator._shop import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["place"]

_SCHEMA = "miexchange_simulated"


@contextmanager
def place(url: str | None) -> Iterator[str]:
    """Make an empty ledger, give its address, and remove it.

    Args:
        url: the URL of a PostgreSQL database; None for an SQLite file in a temporary directory.

    Raises:
        InvalidValue: the database has the simulator's schema already, which is then somebody else's.
    """
    if url is None:
        with tempfile.TemporaryDirectory(prefix="miexchange-") as folder:
            file = Path(folder) / "simulated.db"
            file.write_bytes(_empty_ledger())
            yield str(file)
        return
    plain = make_url(url)
    name = sql.Identifier(_SCHEMA)
    with psycopg.connect(
        plain.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as connection:
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


@cache
def _empty_ledger() -> bytes:
    """Return the file of an empty ledger: to make one takes as long as hundreds of steps."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        open_ledger(file, key=key_of(0), create=True).close()
        return file.read_bytes()
