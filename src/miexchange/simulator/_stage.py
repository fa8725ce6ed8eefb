"""Runs one client at a time: each waits before every statement and every commit until the simulation resumes it.

Clients are threads, because a database that makes a client wait blocks its thread. They stop inside the
driver's connections, below everything that the ledger does.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from time import sleep
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from miexchange.ledger import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange.ledger import Ledger
    from miexchange.simulator._model import Request

__all__ = ["AFTER_COMMIT", "BEFORE_COMMIT", "IDLE", "Actor", "Killed", "watch"]

IDLE, BEFORE_COMMIT, AFTER_COMMIT = "idle", "commit", "committed"
_PATIENCE = 60.0
"""Seconds after which a thread that neither stops nor waits for a lock counts as hanging."""
_LOOK = 0.005
_SETTLED = 0.015
"""Seconds that a client of a server gets before the simulation checks whether it waits for a lock."""
"""Seconds after which the server has checked a waiting client for a deadlock. So the client that closes a cycle later
is refused, always the same one."""

_local = threading.local()


class Killed(BaseException):
    """The process of a client dies."""


class _Over(BaseException):
    """The simulation is over."""


class Actor:
    """A client: a thread that makes one request after the other, and stops wherever others could interleave.

    Attributes:
        number: its number.
        at: its position: idle, before a statement, before or after a commit.
        request: its request.
        answer: its answer, or its error.
        has_answer: whether it has one that was not taken yet.
        pid: the number of the server's process that works for it; 0 for a file.
        in_transaction: whether it is in a transaction.
        is_waiting: whether it waits for a lock of the database.
    """

    def __init__(self, number: int) -> None:
        """Start the thread; it is idle."""
        self.number = number
        self.at = IDLE
        self.request: Request | None = None
        self.answer: object = None
        self.has_answer = False
        self.pid = 0
        self.in_transaction = self.is_waiting = False
        self._work: Callable[[], object] | None = None
        self._fault = ""
        self._go, self._here = threading.Semaphore(0), threading.Semaphore(0)
        self._is_over = self._is_dead = False
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        self._arrived(_PATIENCE)

    # ----- in its own thread

    def _live(self) -> None:
        _local.actor = self
        try:
            while True:
                self._stop(IDLE)
                assert self._work is not None  # noqa: S101 - `begin` gave some
                try:
                    self.answer = self._work()
                except Exception as error:  # noqa: BLE001 - an error is an answer, and is judged as one
                    self.answer = error
                except Killed as error:
                    self.answer = error
                    self._is_dead = False
                self.in_transaction, self.has_answer = False, True
        except _Over:
            self._here.release()

    def _stop(self, at: str) -> str:
        """Wait to be resumed; return the fault to inject here."""
        if not self._is_over:
            self.at = at
            self._here.release()
            self._go.acquire()
        if self._is_over:
            raise _Over
        fault, self._fault = self._fault, ""
        return fault

    def stop(self, at: str, connection: Any) -> None:  # noqa: ANN401 - a driver's connection
        """Stop before or after an operation of the connection."""
        if self._is_dead:  # a dead process does none of the ledger's cleaning up
            raise Killed
        self.pid = getattr(connection, "simulated_pid", 0)
        fault = self._stop(at)
        if fault:
            self.in_transaction = False
            connection.close()
        if fault == "kill":
            self._is_dead = True
            raise Killed
        if fault == "cut" and at == AFTER_COMMIT:  # the commit was done, and its answer is lost on the way
            raise _lost(connection)

    # ----- in the thread of the simulation

    @property
    def is_asking(self) -> bool:
        """Whether a request of it is in progress."""
        return self.request is not None and (self.at != IDLE or self.has_answer)

    def begin(self, request: Request | None, work: Callable[[], object]) -> None:
        """Give it a request."""
        self.request, self._work, self.answer = request, work, None

    def go_on(self, fault: str = "") -> None:
        """Resume it until its next stop, or until it waits for a lock."""
        self._fault = fault
        self._go.release()

    def _arrived(self, seconds: float) -> bool:
        return self._here.acquire(timeout=seconds)

    def wait(self, blockers: Callable[[Actor], list[int]] | None) -> list[int]:
        """Wait until it stopped; else return the numbers of the server's processes for which it waits.

        Args:
            blockers: asks the server for which an actor waits; None if the database makes nobody wait.
        """
        if blockers is None:
            if not self._arrived(_PATIENCE):
                raise self._hanging()
            return []
        for _ in range(int(_PATIENCE / _LOOK)):
            if self._arrived(_LOOK):
                self.is_waiting = False
                return []
            found = blockers(self)
            if found:
                if not self.is_waiting:
                    sleep(_SETTLED)
                self.is_waiting = True
                return found
        raise self._hanging()

    def _hanging(self) -> LedgerError:
        what = f"Client {self.number} of the simulation got no answer after {self.at}"
        return LedgerError(what, "Look at the database: something else may hold its locks")

    def end(self) -> None:
        """End the thread; its transaction is rolled back."""
        self._is_over = True
        self._go.release()
        self._thread.join(_PATIENCE)


def _lost(connection: Any) -> Exception:  # noqa: ANN401 - a driver's connection
    if isinstance(connection, sqlite3.Connection):
        return sqlite3.OperationalError("disk I/O error")
    from psycopg import OperationalError  # noqa: PLC0415 - only where there is a server

    return OperationalError("server closed the connection unexpectedly")


def _actor() -> Actor | None:
    return getattr(_local, "actor", None)


def _before(connection: Any, statement: object) -> None:  # noqa: ANN401 - a driver's connection
    actor = _actor()
    if actor is not None:
        actor.stop(_named(statement), connection)


def _after(statement: object) -> None:
    actor = _actor()
    if actor is not None and isinstance(statement, str) and statement.startswith("BEGIN"):
        actor.in_transaction = True


_names: dict[str, str] = {}


def _named(statement: object) -> str:
    """Return a statement as text: its operation, and its table."""
    text = str(statement)
    found = _names.get(text)
    if found is None:
        words = text.split()
        tables = [words[place + 1] for place, word in enumerate(words[:-1]) if word in {"FROM", "INTO", "UPDATE"}]
        found = _names[text] = " ".join([words[0], *tables[:1], *(words[1:2] if words[0] == "BEGIN" else ())])
    return found


class _FileCursor(sqlite3.Cursor):
    """A cursor whose client stops before each statement."""

    def execute(self, sql: str, parameters: Any = (), /) -> _FileCursor:  # noqa: ANN401 - as of the driver
        _before(self.connection, sql)
        super().execute(sql, parameters)
        _after(sql)
        return self

    def executemany(self, sql: str, parameters: Any, /) -> _FileCursor:  # noqa: ANN401 - as of the driver
        _before(self.connection, sql)
        super().executemany(sql, parameters)
        return self


def _ending(connection: Any, name: str) -> Callable[[], None]:  # noqa: ANN401 - a driver's connection
    """Wrap the commit or the roll-back of a connection, at which its client stops."""
    plain: Callable[[], None] = getattr(connection, name)

    def end() -> None:
        actor = _actor()
        if actor is None or not actor.in_transaction:
            plain()
            return
        if name == "commit":
            actor.stop(BEFORE_COMMIT, connection)
            plain()
            actor.in_transaction = False
            actor.stop(AFTER_COMMIT, connection)
            return
        plain()
        actor.in_transaction = False

    return end


def _file(connection: Any, _: object) -> None:  # noqa: ANN401 - as above
    connection.execute("PRAGMA synchronous=OFF").close()  # no power failure; every commit would wait for the disk
    connection.cursor = lambda factory=_FileCursor: sqlite3.Connection.cursor(connection, factory)
    connection.execute = lambda sql, parameters=(): connection.cursor().execute(sql, parameters)
    connection.commit, connection.rollback = _ending(connection, "commit"), _ending(connection, "rollback")


def _socket(connection: Any, _: object) -> None:  # noqa: ANN401 - as above
    with contextlib.suppress(Exception):
        # The server detects deadlocks at once, and not after a second; only a superuser may set this.
        connection.execute("SET deadlock_timeout = '1ms'")
        connection.commit()
    connection.rollback()
    plain = connection.cursor_factory

    class Cursor(plain):  # type: ignore[misc, valid-type] # of the driver, which is loaded by now
        def execute(self, query: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - as of the driver
            _before(self.connection, query)
            super().execute(query, *rest, **options)
            _after(query)
            return self

        def executemany(self, query: Any, *rest: Any, **options: Any) -> None:  # noqa: ANN401 - as of the driver
            _before(self.connection, query)
            super().executemany(query, *rest, **options)

    connection.cursor_factory = Cursor
    connection.simulated_pid = connection.info.backend_pid
    connection.commit, connection.rollback = _ending(connection, "commit"), _ending(connection, "rollback")


def watch(store: Ledger) -> Ledger:
    """Make every connection of a ledger stop its client, and return the ledger."""
    event.listen(store.engine, "connect", _file if store.engine.dialect.name == "sqlite" else _socket)
    store.engine.dispose()  # its existing connections are not watched
    # Clients wait for the file, at a statement, like other processes: a queue of threads would see no statement.
    store._sessions._engine.update_execution_options(miexchange_turns=None)  # noqa: SLF001 - the proof of this very ledger
    return store
