"""The ledger: exchanges in a database; nothing is lost and nothing is spent twice.

`open` takes the path of an SQLite file, which needs no server, or the URL of a PostgreSQL database; it needs the
extra ``ledger``. Events are stored and never changed; the state of an exchange is their fold, and `verify` proves it.
Everything is chained and counted with the ledger's key; a `Checkpoint` that is kept elsewhere detects a restored
backup.

>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     with open(f"{folder}/exchanges.db", key=b"0123456789abcdef", create=True) as ledger:
...         ledger.get("7K3M9QXT011ZW8VBJ") is None, verify(ledger).faults
(True, ())
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._extras import extra
from miexchange._keyed import check_key
from miexchange._value import require
from miexchange.errors import missing, wrong_type

with extra("ledger", "miexchange.ledger"):
    from miexchange.ledger import _feed, _keyring, _schema
    from miexchange.ledger._accepting import AcceptArguments
    from miexchange.ledger._address import MAKE
    from miexchange.ledger._checkpoint import Checkpoint, Inclusion
    from miexchange.ledger._engine import PREPARE, check_pooler, engine_of, reading, release, translated
    from miexchange.ledger._errors import BusyError, LedgerError, LedgerVersionError, UnreachableError, UnreadableError
    from miexchange.ledger._export import Exported, export
    from miexchange.ledger._feed import FeedEvent, Unread
    from miexchange.ledger._ledger import Ledger
    from miexchange.ledger._observing import LOG, Observed, Watching
    from miexchange.ledger._reconcile import Difference, Reconciliation, reconcile
    from miexchange.ledger._reports import DeviceStanding, Exposure, Forgotten, Listed, Sweep
    from miexchange.ledger._rows import Entry
    from miexchange.ledger._seals import Seals
    from miexchange.ledger._verify import Verification, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from sqlalchemy import Connection, Engine

    from miexchange.ledger._observing import Observer, Timer

__all__ = [
    "AcceptArguments",
    "BusyError",
    "Checkpoint",
    "DeviceStanding",
    "Difference",
    "Entry",
    "Exported",
    "Exposure",
    "FeedEvent",
    "Forgotten",
    "Inclusion",
    "Ledger",
    "LedgerError",
    "LedgerVersionError",
    "Listed",
    "Observed",
    "Reconciliation",
    "Sweep",
    "UnreachableError",
    "Unread",
    "UnreadableError",
    "Verification",
    "export",
    "migrate",
    "open",
    "reconcile",
    "verify",
]


def open(  # noqa: A001 - as in shelve.open: `ledger.open`
    url: str | PathLike[str] | Engine,
    *,
    key: bytes | None = None,
    old_keys: Sequence[bytes] = (),
    seconds_to_wait: int = 30,
    create: bool = False,
    observer: Observer | None = None,
    timer: Timer | None = None,
) -> Ledger:
    """Open a ledger of this version. A new one is created only with `create`, so that a mistyped path creates nothing.

    To replace a key, give the new one as `key` and the previous one in `old_keys`; without the previous one a new key
    is refused. Codes and tokens do not change, so neither a quote nor a phone is taken twice across the change. An old
    key can be dropped once no exchange that began under it is open; until then, opening without it is refused.

    Args:
        url: the path of an SQLite file, or a URL such as ``postgresql://user@host/database``. With ``?schema=trade_in``
            the tables are in a schema of their own; `create` makes it. Or an SQLAlchemy engine of
            ``postgresql+psycopg`` with ``hide_parameters=True``: its pool is shared, and closing the ledger leaves it.
        key: at least 16 secret bytes, for codes and device tokens. Without it the ledger is read-only.
        old_keys: the previous key, if `key` is new; and older ones, as long as exchanges that began under them are
            open.
        seconds_to_wait: how long a verb waits for a lock before it gives up. For a given engine its connections decide:
            ``connect_args={"options": "-c lock_timeout=30000"}``.
        create: whether to create a ledger if there is none: in a new file, readable by its owner only (mode 0600), or
            in an empty database. Without it that is an error.
        observer: is called with an `Observed` after every transition, and after a request that made none; an exporter
            of metrics, for example. It is called in the same thread, after the commit; its exceptions are logged.
        timer: a clock that returns seconds, such as `time.perf_counter`, for the durations that the observer gets.

    Raises:
        UnreachableError: there is no database, or it cannot be reached.
        LedgerVersionError: the ledger is of another version.
        BusyError: the ledger stayed locked.
        LedgerError: there is no ledger in it; the key is new and the previous one was not given; or the key of an open
            exchange is missing. No message shows a password.
        InvalidValue: a key is too short or not secret, or the observer or the timer is not callable.
    """
    _check_keys(key, old_keys)
    require(observer is None or callable(observer), "observer", observer, "give a function that takes an Observed")
    require(timer is None or callable(timer), "timer", timer, "give a function that returns seconds")
    engine = engine_of(url, seconds_to_wait, create=create)
    try:
        _prepare(engine, create=create)
        ring = None if key is None else _keyring.take(engine, (key, *old_keys))
    except BaseException:
        release(engine)
        raise
    if key is None or ring is None:
        return Ledger(engine, None, ())
    return Ledger(engine, ring.secrets[0], ring.secrets[1:], given=(key, *old_keys), watching=Watching(observer, timer))


def migrate(url: str | PathLike[str] | Engine, *, key: bytes | None = None, old_keys: Sequence[bytes] = ()) -> str:
    """Migrate the tables of a ledger to the version of this package, and return that version.

    Make a backup first. Only the tables of a ledger are changed; a database without a ledger is refused.

    Args:
        url: as of `open`.
        key: the key of a ledger from before version 0004: the migration begins its feed, and seals the exchanges of
            version 0001; `open` does neither.
        old_keys: as of `open`.

    Raises:
        UnreachableError: there is no database, or it cannot be reached.
        LedgerError: there is no ledger in it; or a chain of version 0001 is broken.
        InvalidValue: a key is too short or not secret.
    """
    _check_keys(key, old_keys)
    engine = engine_of(url)
    try:
        with translated(PREPARE), reading(engine).connect() as connection:
            check_pooler(connection)
            _check_is_there(connection)
            _schema.version_of(connection)
        version = _schema.migrate(engine)
        LOG.info("The tables are of version %s", version)
        if key is not None:
            _feed.begin(engine, Seals(_keyring.take(engine, (key, *old_keys), seals=True).secrets[0]))
        return version
    finally:
        release(engine)


def _check_keys(key: bytes | None, old_keys: Sequence[bytes]) -> None:
    if type(old_keys) not in {list, tuple}:
        raise wrong_type("old_keys", "***", "give a list or a tuple of keys", "is no list")
    for one in (*(() if key is None else (key,)), *old_keys):
        check_key(one)
    if key is None and old_keys:
        raise missing("key", "give the key that is in use, beside the old ones")


def _check_is_there(connection: Connection) -> None:
    if _schema.is_empty(connection):
        raise LedgerError("The database is empty: there is no ledger in it", f"Give the URL of a ledger; {MAKE}")


def _prepare(engine: Engine, *, create: bool) -> None:
    with translated(PREPARE):
        with reading(engine).connect() as connection:
            check_pooler(connection)
            if not create:
                _check_is_there(connection)
            if not _schema.is_empty(connection):
                _schema.check(connection)
                return
        _schema.migrate(engine)
