"""Ledgers to measure on either kind of database, and the same statements by hand, with the database's own driver.

A life is an exchange that is accepted, reserved and completed. Its statements are noted while a ledger makes them, and
repeated without one on an empty ledger beside it, one life after the other: that is the life that is written by hand.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch
from uuid import uuid4

import psycopg

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # where the server and the phones are

from ledger import load, server
from miexchange import Exchange
from miexchange.ledger._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miexchange.ledger import Ledger

__all__ = ["VERBS", "Bare", "Places", "Transactions", "bare", "databases", "live", "noted_lives", "notes", "unsynced"]

VERBS = ("accept", "reserve", "complete")
ROW = ("x" * 200, "issued", 995_000)
Transactions = list[list[tuple[str, dict[str, object]]]]
"""The statements of each transaction, with their values."""


class Bare(NamedTuple):
    """What is done by hand: a durable transaction of one row, a look-up by primary key, and all that a ledger does."""

    write: Callable[[int], object]
    read: Callable[[str], object]
    repeat: Callable[[Transactions], object]


class Places(NamedTuple):
    """Three empty databases of one kind: for the ledger, for one whose statements are noted, for these by hand."""

    ledger: str
    noted: str
    by_hand: str


@contextlib.contextmanager
def databases() -> Iterator[dict[str, Places]]:
    """Give the databases of either kind."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(server.postgresql(f"bench-{uuid4().hex[:8]}", durable=True))
        made = [stack.enter_context(server.database(url)) for _ in Places._fields]
        files = [f"{folder}/{name}.db" for name in Places._fields]
        yield {"SQLite": Places(*files), "PostgreSQL": Places(*made)}


@contextlib.contextmanager
def notes() -> Iterator[Transactions]:
    """Note the statements of every transaction."""
    noted: Transactions = []
    begin, run = Session.begin, Session.run

    def begun(session: Session) -> None:
        noted.append([])
        begin(session)

    def ran(session: Session, statement: str, values: dict[str, object]) -> object:
        noted[-1].append((statement, dict(values)))
        return run(session, statement, values)

    with patch.object(Session, "begin", begun), patch.object(Session, "run", ran):
        yield noted


@contextlib.contextmanager
def bare_file(path: str) -> Iterator[Bare]:
    """Open the same SQLite file by hand."""
    file = sqlite3.connect(path, isolation_level=None, timeout=60)
    file.execute("PRAGMA synchronous=FULL")
    file.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, body TEXT, state TEXT, value INTEGER)")

    def write(number: int) -> None:
        file.execute("BEGIN IMMEDIATE")
        file.execute("INSERT INTO bare VALUES (?, ?, ?, ?)", (number, *ROW))
        file.execute("COMMIT")

    def read(code: str) -> object:
        return file.execute("SELECT * FROM exchanges WHERE code = ?", (code,)).fetchone()

    def repeat(transactions: Transactions) -> None:
        for statements in transactions:
            file.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                file.execute(statement, values).fetchone()
            file.execute("COMMIT")

    yield Bare(write, read, repeat)
    file.close()


@contextlib.contextmanager
def bare_server(url: str) -> Iterator[Bare]:
    """Open the same PostgreSQL database by hand."""
    with psycopg.connect(url) as connection, psycopg.connect(url, autocommit=True) as reader:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bare (id BIGINT PRIMARY KEY, body TEXT, state TEXT, value BIGINT)"
        )
        connection.commit()

        def write(number: int) -> None:
            connection.execute("INSERT INTO bare VALUES (%s, %s, %s, %s)", (number, *ROW))
            connection.commit()

        def read(code: str) -> object:
            return reader.execute("SELECT * FROM exchanges WHERE code = %s", (code,)).fetchone()

        def repeat(transactions: Transactions) -> None:
            for statements in transactions:
                for statement, values in statements:
                    done = connection.execute(statement.encode(), values)
                    if done.description:
                        done.fetchone()
                connection.commit()

        yield Bare(write, read, repeat)


def bare(url: str) -> contextlib.AbstractContextManager[Bare]:
    """Open the same database by hand."""
    return bare_server(url) if "://" in url else bare_file(url)


def live(store: Ledger, numbers: range) -> None:
    """Let coupons be accepted, reserved and completed, one after the other."""
    for number in numbers:
        for verb in VERBS:
            done = load.step(store, verb, number, f"{verb}-{number}")
            if not isinstance(done, Exchange):
                raise TypeError(done)


@contextlib.contextmanager
def unsynced(store: Ledger) -> Iterator[None]:
    """Do not wait for the disk in a block, in which the ledger is used by this thread alone."""
    off, on = ("SET synchronous_commit = off", "SET synchronous_commit = on")
    if store.engine.dialect.name == "sqlite":
        off, on = ("PRAGMA synchronous = OFF", "PRAGMA synchronous = FULL")
    for statement in (off, on):
        with store._sessions.lent() as session:  # noqa: SLF001 - the one connection of this thread
            session.core.exec_driver_sql(statement)
        if statement == off:
            yield


def noted_lives(store: Ledger, numbers: range) -> list[Transactions]:
    """Return the statements of each life, for which nobody waits for the disk."""
    found = []
    with unsynced(store):
        for number in numbers:
            with notes() as transactions:
                live(store, range(number, number + 1))
            found.append(transactions)
    return found
