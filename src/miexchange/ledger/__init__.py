"""The ledger: exchanges in a database, where nothing is lost and nothing is spent twice.

`open` takes the path of an SQLite file, which needs nothing started, or the URL of a PostgreSQL
database; it comes with the extra ``ledger``. What happened is kept as events that are never
changed; the state of an exchange is their fold, and `verify` proves it. Everything is chained and
counted with the ledger's key; a `Checkpoint` that is kept elsewhere finds a restored backup.

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
    """Open a ledger of this version. One that is not there is made only with `create`: a mistyped path makes none.

    A key can be replaced: give the new one as `key` and the last one in `old_keys`; without the last one a new key is
    refused. Codes and tokens stay as they are, so neither a quote nor a phone is taken twice across the change. An old
    key can be left out once no exchange is open that began under it; before that, opening is refused.

    Args:
        url: the path of an SQLite file, or a URL such as ``postgresql://user@host/database``. With ``?schema=trade_in``
            the tables are in a schema of their own; `create` makes it. Or an SQLAlchemy engine of
            ``postgresql+psycopg`` with ``hide_parameters=True``: its pool is shared, and closing the ledger leaves it.
        key: at least 16 secret bytes, for codes and device tokens. Without it the ledger can only be read.
        old_keys: the key before it, when it is new; and those before, as long as exchanges are open that began
            under them.
        seconds_to_wait: how long a verb waits for a lock before it gives up. A given engine waits as its connections
            are set: ``connect_args={"options": "-c lock_timeout=30000"}``.
        create: whether a ledger is made where there is none: in a file that is not there, which nobody else may then
            read (mode 0600), or in an empty database. Without it that is an error.
        observer: what is called with an `Observed` after every transition, and after a request that made none; such
            as an exporter of metrics. It is called in the same thread, after the commit; what it raises is logged.
        timer: a clock that returns seconds, such as `time.perf_counter`, by which the observer is told how long each
            took.

    Raises:
        UnreachableError: there is no database, or it cannot be reached.
        LedgerVersionError: the ledger is of another version.
        BusyError: others hold it all the while.
        LedgerError: there is no ledger in it; the key is new and the last one is not beside it; or the key of an open
            exchange is missing. No message shows a password.
        InvalidValue: a key is too short or no secret, or the observer or the timer cannot be called.
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
    """Bring the tables of a ledger to the version of this package, and return that version.

    Make a backup first. Only the tables of a ledger are changed: a database that holds none is refused.

    Args:
        url: as of `open`.
        key: the key of a ledger before version 0004, whose feed begins with it, and whose exchanges are sealed with it
            where version 0001 left them without; `open` does neither.
        old_keys: as of `open`.

    Raises:
        UnreachableError: there is no database, or it cannot be reached.
        LedgerError: there is no ledger in it; or the hashes of version 0001 do not hold.
        InvalidValue: a key is too short or no secret.
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
