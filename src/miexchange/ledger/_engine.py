"""The database of a ledger: its engine, the begin of a transaction, and the meaning of its errors.

SQLite: write-ahead log with ``synchronous=FULL``, so that commits survive a power cut; every transaction takes the
write lock at its begin (``BEGIN IMMEDIATE``); the threads of a process queue for it (see `_turns`), and processes ask
again and again. PostgreSQL: its default isolation, READ COMMITTED, with row locks.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from miexchange._arguments import FLAG, check, whole
from miexchange._text import without_passwords
from miexchange.ledger._address import address_of, claim
from miexchange.ledger._errors import BusyError, LedgerError, UnreachableError, UnreadableError
from miexchange.ledger._forks import File, watch_connection, watch_engine
from miexchange.ledger._turns import Turn, turns_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from sqlalchemy import Connection

__all__ = [
    "FORGET",
    "PLACE",
    "PREPARE",
    "READ",
    "SCHEMA",
    "SWEEP",
    "VERB",
    "VERSIONS",
    "Conflict",
    "Outcome",
    "check_pooler",
    "engine_of",
    "frozen",
    "is_lost",
    "is_shared",
    "reading",
    "release",
    "translated",
    "turn",
    "writing",
]

VERSIONS = "miexchange_version"
"""Alembic's version table, under a name of our own: other programs use the default name."""

SCHEMA = "miexchange_schema"
"""The execution option of an engine that names the schema of the tables."""

_SECONDS_TO_WAIT = 30
_LONGEST_WAIT = 86_400
_MODE = "miexchange_begin"
_SHARED = "miexchange_shared"
_TURNS = "miexchange_turns"
_LOCKED = "The ledger is locked: somebody else has been writing to it all the while"
_AGAIN = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
_WAITED = {"55P03"}  # PostgreSQL: lock not available in time
_FULL = {"53100"}  # PostgreSQL: disk full


_RULES = {"seconds_to_wait": whole(0, _LONGEST_WAIT), "create": FLAG}


class Conflict(Exception):  # noqa: N818 - not an error: the caller tries again
    """Another transaction got there first; nothing was written."""


def engine_of(where: object, seconds_to_wait: int = _SECONDS_TO_WAIT, *, create: bool = False) -> Engine:
    """Return the engine of a database.

    Args:
        where: the path of an SQLite file, or the URL of an SQLite or PostgreSQL database; or the caller's own engine.
        seconds_to_wait: how long to wait for a lock; a caller's engine has its own setting. On SQLite, this long for
            the threads of this process that are ahead in the queue, and then as long again for other processes.
        create: whether to create a missing SQLite file; otherwise that is an error.

    Raises:
        LedgerError: the kind of database is not supported, the file does not exist, or the driver is not installed.
        InvalidValue: the seconds are not an integer.
    """
    check({"seconds_to_wait": seconds_to_wait, "create": create}, _RULES)
    if isinstance(where, Engine):
        return _shared(where)
    address = address_of(where)
    if address.file is not None:
        claim(address.file, create=create)
        files = {"timeout": seconds_to_wait, "check_same_thread": False, "factory": File}
        queue = {_TURNS: (turns_of(os.path.realpath(address.file)), seconds_to_wait)}
        engine = create_engine(
            address.url, connect_args=files, execution_options=queue, max_overflow=-1, hide_parameters=True
        )
        event.listen(engine, "connect", partial(_set_up_sqlite, create=create))
        event.listen(engine, "begin", _begin)
        event.listen(engine, "checkin", _be_patient)
    else:
        # Keep the options of the URL beside ours.
        options = f"{address.url.query.get('options', '')} -c lock_timeout={seconds_to_wait * 1000}".lstrip()
        if address.schema is not None:
            options += f" -c search_path={address.schema}"
        arguments = {**address.extra, "options": options}
        try:
            engine = create_engine(
                address.url,
                connect_args=arguments,
                execution_options={SCHEMA: address.schema},
                pool_size=16,
                max_overflow=32,
                hide_parameters=True,
            )
        except (NoSuchModuleError, ModuleNotFoundError):
            what = f"The driver of {address.url.drivername} is not installed"
            raise LedgerError(what, "Install the extra: pip install 'miexchange[ledger]'") from None
        event.listen(engine, "connect", watch_connection)
    watch_engine(engine)
    return engine


def _shared(engine: Engine) -> Engine:
    """Return a view of a caller's engine, with the caller's settings and pool."""
    kind = f"{engine.dialect.name}+{engine.dialect.driver}"
    if kind != "postgresql+psycopg":  # a file needs settings at every connection and every begin
        what = f"A ledger cannot use an engine of {kind}"
        raise LedgerError(what, "Give an engine of postgresql+psycopg, or the path of an SQLite file")
    if not engine.hide_parameters:
        what = "The engine shows parameters of statements in its errors and its log, and a ledger's are secret"
        raise LedgerError(what, "Make it by create_engine(..., hide_parameters=True)")
    event.listen(engine, "connect", watch_connection)
    watch_engine(engine)
    return engine.execution_options(**{_SHARED: True})


def check_pooler(connection: Connection) -> None:
    """Refuse a connection pooler if statements are prepared: another connection's statement could be run.

    A pooler is recognised because it reports a process number that is not the server's.

    Raises:
        LedgerError: there is a pooler.
    """
    if connection.dialect.name != "postgresql":
        return
    driver: Any = connection.connection.driver_connection
    if driver.prepare_threshold is None:
        return
    if connection.scalar(select(func.pg_backend_pid())) != driver.info.backend_pid:
        raise LedgerError("A connection pooler stands before the server of the ledger", _POOLER)


def is_shared(engine: Engine) -> bool:
    """Tell whether an engine is the caller's."""
    return bool(engine.get_execution_options().get(_SHARED))


def release(engine: Engine) -> None:
    """Close the connections of an engine, unless it is the caller's."""
    if not is_shared(engine):
        engine.dispose()


def _set_up_sqlite(connection: sqlite3.Connection, _record: object, *, create: bool) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    try:
        connection.execute("PRAGMA synchronous=FULL").close()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except UnicodeDecodeError:  # for a damaged file, the driver cannot even decode SQLite's message
        from sqlite3 import DatabaseError  # noqa: PLC0415 - it is this driver's, which is not loaded for PostgreSQL

        raise DatabaseError("malformed database schema: it holds text that is not UTF-8") from None
    if VERSIONS in tables or (create and not tables):  # the mode is stored in the file
        connection.execute("PRAGMA journal_mode=WAL").close()


def _be_patient(file: File | None, _record: object) -> None:
    if file is not None:  # otherwise it was given up
        file.be_patient()


def _begin(connection: Connection) -> None:
    """Begin as the engine's view requires: to write; to read one snapshot; or every statement by itself."""
    mode = connection.get_execution_options().get(_MODE, "IMMEDIATE")
    if mode == "IMMEDIATE":
        file: Any = connection.connection.dbapi_connection
        file.begin_writing(partial(connection.exec_driver_sql, "BEGIN IMMEDIATE"))
    elif mode:
        connection.exec_driver_sql(f"BEGIN {mode}")


def reading(engine: Engine) -> Engine:
    """Return a view of the engine for reading: each statement sees the latest commits, and nothing is locked."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_MODE: ""})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def frozen(engine: Engine) -> Engine:
    """Return a view of the engine for reading: all statements of a transaction see the same snapshot."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_MODE: "DEFERRED"})
    return engine.execution_options(isolation_level="REPEATABLE READ")


class Outcome(NamedTuple):
    """The wording of an error about an operation, and its remedy.

    Attributes:
        undone: the wording if it failed before the commit.
        unknown: the wording if the commit itself failed.
        again: the remedy.
        is_retried: whether the caller itself retries after a conflict.
    """

    undone: str
    unknown: str
    again: str
    is_retried: bool = False

    def remedy(self, how: str, *, is_unknown: bool) -> str:
        """Return what is known, and what to do: `how` has a place for `again`."""
        known = self.unknown if is_unknown else self.undone
        what = how.format(self.again)
        return ". ".join(filter(None, (known, what[0].upper() + what[1:])))


VERB = Outcome(
    "Nothing was changed",
    "Whether the transition was made is not known",
    "try again with the same idempotency key",
    is_retried=True,
)
SWEEP = Outcome(
    "What was ended before stays ended", "Whether the last ones were ended is not known", "sweep again", is_retried=True
)
FORGET = Outcome(
    "What was removed before stays removed",
    "Whether the last answers were removed is not known",
    "do it again",
    is_retried=True,
)
PLACE = Outcome("Nothing was changed", "Whether events got their positions is not known", "read the feed again")
PREPARE = Outcome("", "Whether the tables were changed is not known", "try again")
READ = Outcome("", "", "try again")


class translated:  # noqa: N801 - used as a function; a generator costs more, which a look-up would feel
    """Turn the exceptions of a database in a block into a `Conflict`, or into a `LedgerError` with a remedy."""

    __slots__ = ("_is_commit", "_outcome")

    def __init__(self, outcome: Outcome = VERB, *, is_commit: bool = False) -> None:
        """Begin the block.

        Args:
            outcome: the wording of an error.
            is_commit: whether the block commits; after any error but a conflict the outcome is then unknown.
        """
        self._outcome = outcome
        self._is_commit = is_commit

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Translate what was raised."""
        if isinstance(error, SQLAlchemyError):
            cause = error.orig if isinstance(error, DBAPIError) else None
            raise self._meaning(error if cause is None else cause) from error
        if error is not None and (_is_of_driver(error) or _is_no_text(error)):
            raise self._meaning(error) from error

    def _meaning(self, error: BaseException) -> Exception:
        if _is_conflict(error):
            if self._outcome.is_retried:
                return Conflict()
            what = "Somebody else was writing to the ledger"
            return BusyError(what, self._outcome.remedy("{}", is_unknown=False))
        kind, what, how = _said(error)
        return kind(what, self._outcome.remedy(how, is_unknown=self._is_commit), is_unknown=self._is_commit)


@contextmanager
def turn(engine: Engine, outcome: Outcome) -> Iterator[None]:
    """Hold the turn to write to an SQLite file among the threads of this process; a server needs no turns.

    Raises:
        BusyError: the turn did not come within the ledger's time to wait.
    """
    queue = engine.get_execution_options().get(_TURNS)
    if queue is None:
        yield
        return
    with Turn(*queue) as has_come:
        if not has_come:
            raise BusyError(_LOCKED, outcome.remedy("{}", is_unknown=False))
        yield


@contextmanager
def writing(engine: Engine, outcome: Outcome) -> Iterator[Connection]:
    """Lend a connection for a block, and commit what the block did, or nothing of it."""
    with turn(engine, outcome), translated(outcome), engine.connect() as connection:
        transaction = connection.begin()
        try:
            yield connection
        except BaseException:
            transaction.rollback()
            raise
        try:
            with translated(outcome, is_commit=True):
                transaction.commit()
        except BaseException:
            connection.invalidate()  # its state is unknown
            raise


def _is_of_driver(error: BaseException) -> bool:
    """Tell whether a driver raised it: each has the exception classes of PEP 249."""
    return any(kind.__name__ == "Error" and kind.__module__ in {"sqlite3", "psycopg"} for kind in type(error).mro())


def _is_no_text(error: BaseException) -> bool:
    """Tell whether SQLite's module could not decode text of a damaged file, even in an error message."""
    return isinstance(error, UnicodeDecodeError)


def _text(error: BaseException) -> str:
    return without_passwords(" ".join(str(error).split()))


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _is_conflict(error: BaseException) -> bool:
    """Tell whether it is a conflict with another transaction; the one that failed so was not committed."""
    return any(kind.__name__ == "IntegrityError" for kind in type(error).mro()) or _state(error) in _AGAIN


def is_lost(error: BaseException) -> bool:
    """Tell whether an error of a driver, or SQLAlchemy's around it, says that the connection is gone."""
    error = getattr(error, "orig", None) or error
    said = _text(error)
    lost = ("closed" in said or "connection" in said) and not said.startswith("invalid ")  # an option of the URL
    return lost or _state(error).startswith(("08", "57P"))


def _said(error: BaseException) -> tuple[Callable[..., LedgerError], str, str]:
    """Return the kind of error, its meaning, and the remedy, with a placeholder for the general remedy."""
    said, state = _text(error), _state(error)
    if _is_no_text(error) or "decode to UTF-8" in said:  # the driver's message contains the row
        return UnreadableError, "A row of the ledger cannot be read: it holds text that is not UTF-8", _ASK
    what = f"The ledger's database refused: {said}"
    if isinstance(error, SQLAlchemyError):  # an error of usage, not of the database
        what = f"The ledger could not be used: {said}"
    elif state in _WAITED or "database is locked" in said or "database table is locked" in said:
        return BusyError, _LOCKED, "{}"
    elif state in _FULL or "disk is full" in said:
        return LedgerError, "The disk of the ledger is full", "make room, then {}"
    elif said.startswith(("connection failed", "failed to resolve", "connection timeout", "[Errno")):
        return _not_opened(said)
    elif is_lost(error):
        return partial(UnreachableError, part="connection"), "The connection to the ledger was lost", "{}"
    return LedgerError, what, _ASK


def _not_opened(said: str) -> tuple[Callable[..., LedgerError], str, str]:
    """Find why psycopg could not connect; a server that answers says FATAL, in English."""
    answer = said.partition("FATAL:")[2].strip()
    if not answer:
        reason = said.removeprefix("connection failed: ").partition(" Is the server running")[0]
        what = f"The server of the ledger cannot be reached: {reason}"
        return partial(UnreachableError, part="host"), what, "check the host and the port of the URL, then {}"
    what = f"The ledger's database cannot be opened: {answer}"
    if re.match('database ".*" does not exist', answer):
        return partial(UnreachableError, part="database"), what, "correct the database in the URL, then {}"
    if answer.startswith("unsupported startup parameter"):
        return partial(UnreachableError, part="host"), what, f"{_POOLER[0].lower()}{_POOLER[1:]}, then {{}}"
    if re.search(_OF_A_ROLE, answer):
        return partial(UnreachableError, part="role"), what, "correct the user and the password of the URL, then {}"
    return partial(UnreachableError, part="host"), what, _ASK  # it is starting, or full


_OF_A_ROLE = '^(role|user) ".*"|authentication failed|no password supplied|pg_hba.conf|permission denied for database'
_POOLER = (
    "Behind PgBouncer, give an engine: create_engine(url, hide_parameters=True,"
    " connect_args=dict(prepare_threshold=None))"
)
_ASK = "ask the ledger's operator, then {}"
