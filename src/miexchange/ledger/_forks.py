"""Forks: no database connection is shared across one.

SQLite records per process which files are open and which locks it holds. A child inherits this record but not the
locks: a connection that the child opens to the same file then takes no lock, and when the parent closes its last
connection it removes the write-ahead log together with the child's commits. So before a fork all connections to a file
are closed, after waiting for those in use; both processes open new ones.

A connection to a server is a socket that the parent continues to use. The child neither uses nor closes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sqlite3
from threading import RLock
from time import sleep
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from miexchange.errors import shown
from miexchange.ledger import _turns
from miexchange.ledger._errors import LedgerError
from miexchange.ledger._turns import pauses

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from miexchange.ledger._books import Books

__all__ = ["File", "watch", "watch_connection", "watch_engine"]

_TRIES = 5_000
_PAUSE = 0.001  # seconds; with the tries: how long a fork waits for the connections in use


class _Process:
    """The open connections of this process. A child has its own.

    Weak dictionaries by id rather than weak sets: their values can be listed while other threads add to them.
    """

    def __init__(self, lost: frozenset[str]) -> None:
        self.gate = RLock()  # held while a file is being opened, and during a fork
        self.files: WeakValueDictionary[int, File] = WeakValueDictionary()
        self.connections: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self.lost = lost  # the files that were open across a fork


_process = _Process(frozenset())
_engines: WeakValueDictionary[int, Engine] = WeakValueDictionary()
_ledgers: WeakValueDictionary[int, Books] = WeakValueDictionary()


class File(sqlite3.Connection):
    """A connection to an SQLite file."""

    def __init__(self, path: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as of sqlite3.connect
        """Open it, but not during a fork; `timeout` is how many seconds it waits for other connections."""
        self.path = os.path.realpath(path)
        self._seconds: int = options["timeout"]
        self._is_patient = True
        with _process.gate:
            if self.path in _process.lost:
                what = f"The ledger {shown(path)} was in use while this process was forked, so it cannot be opened here"
                remedy = "Fork while no transaction is under way and no connection of the ledger is held, or use spawn"
                raise LedgerError(what, remedy)
            super().__init__(path, *arguments, **options)
            _process.files[id(self)] = self

    def begin_writing(self, begin: Callable[[], object]) -> None:
        """Begin a transaction as soon as no other process writes.

        Not by SQLite's own retries: the longer they have waited, the longer they sleep, so that whoever came last gets
        the lock, and of 16 busy processes some wait for minutes.

        Args:
            begin: executes the statement.
        """
        self.be_patient(is_patient=False)
        for pause in pauses(self._seconds):
            try:
                begin()
            except Exception as error:
                if "database is locked" not in str(error):
                    raise
                sleep(pause)
            else:
                return
        begin()

    def be_patient(self, *, is_patient: bool = True) -> None:
        """Let SQLite retry by itself, as readers need while a file is recovered; or let it not, for `begin_writing`."""
        if self._seconds and self._is_patient is not is_patient:
            self.execute(f"PRAGMA busy_timeout={self._seconds * 1000 * is_patient}")
            self._is_patient = is_patient

    def close(self) -> None:
        """Close it."""
        super().close()
        _process.files.pop(id(self), None)


def watch(ledger: Books) -> None:
    """Register a ledger, to return its connections before a fork and to reset itself in the child."""
    _ledgers[id(ledger)] = ledger


def watch_engine(engine: Engine) -> None:
    """Register an engine, to close its files before a fork and to forget its connections in the child."""
    _engines[id(engine)] = engine


def watch_connection(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's
    """Register a connection to a server."""
    _process.connections[id(connection)] = connection


def _values(those: WeakValueDictionary[int, Any]) -> list[Any]:
    return [one for one in (reference() for reference in those.valuerefs()) if one is not None]


def _before() -> None:
    """Close every connection to a file; wait for those in use, for a limited time."""
    _process.gate.acquire()
    for _ in range(_TRIES):
        for one in _values(_ledgers):
            with contextlib.suppress(Exception):  # an error here comes up again when the connection is used
                one._rest()  # noqa: SLF001 - a part of it
        for engine in _values(_engines):
            if engine.dialect.name == "sqlite":
                engine.pool.dispose()
        if not _process.files:
            return
        sleep(_PAUSE)


def _after_in_parent() -> None:
    _process.gate.release()


def _after_in_child() -> None:
    """Start anew. Inherited connections are never freed: that would close them, and they are the parent's."""
    global _process  # noqa: PLW0603 - there is one process
    inherited = _process
    files, connections = _values(inherited.files), _values(inherited.connections)
    _process = _Process(inherited.lost | {one.path for one in files})
    _cut(connections)
    _turns.start_anew()
    left: list[object] = [files, connections]
    for engine in _values(_engines):
        left.append(engine.pool)
        engine.dispose(close=False)
    left += [one._start_anew() for one in _values(_ledgers)]  # noqa: SLF001 - as above
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(left))  # a name of the module would be freed as the process ends


def _cut(connections: list[Any]) -> None:
    """Detach the sockets of connections to a server in this process.

    So code that still holds one cannot disturb the parent, and the server notices when the parent dies.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for one in connections:
        with contextlib.suppress(Exception):  # it is closed already
            os.dup2(nowhere, one.fileno(), inheritable=False)
    os.close(nowhere)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
