"""The tables of a ledger, and which version of them a database has.

- ``exchanges``: one row for each exchange as it stands. It can always be made again of the events; it is what the
  unique indexes and the compare-and-set look at.
- ``events``: what happened, in a chain of hashes for each exchange. Rows are added, never changed.
- ``device_tokens``: under which tokens a device is known, and whether its exchange is open.
- ``answers``: what each request was answered, by its idempotency key; the audit log of refusals.
- ``secret_keys``: the ids of the keys that codes and tokens were made with; never the keys.

Instants are whole microseconds since 1970, UTC: an integer has no zone, and no database rounds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
)

from miexchange.exchange import OPEN
from miexchange.ledger._engine import PREPARE, writing
from miexchange.ledger._errors import LedgerError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

__all__ = [
    "HEAD",
    "IS_OPEN",
    "answers",
    "check",
    "device_tokens",
    "events",
    "exchanges",
    "is_empty",
    "migrate",
    "secret_keys",
]

HEAD = "0001"
"""The version of the tables that this package reads and writes: the last of the migrations."""

_LONGEST = 200
_metadata = MetaData()
IS_OPEN = text(f"state IN ({', '.join(repr(state.value) for state in OPEN)})")
"""The predicate of the partial indexes. A query must say it in the same words: no planner proves it of parameters."""

TOKEN_IS_OPEN = text("is_open")
"""The same of device tokens."""

exchanges = Table(
    "exchanges",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("account", String(_LONGEST), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("order_id", String(_LONGEST)),
    Column("due_us", BigInteger),
    Column("at_us", BigInteger, nullable=False),
    Column("value_paise", BigInteger, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("head", String(64), nullable=False),
    Index("exchanges_open_account", "account", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    Index("exchanges_order", "order_id", unique=True),
    Index(
        "exchanges_due",
        "due_us",
        "code",
        sqlite_where=text("due_us IS NOT NULL"),
        postgresql_where=text("due_us IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("request", String(_LONGEST)),
    Column("hash", String(64), nullable=False),
    sqlite_with_rowid=False,
)

device_tokens = Table(
    "device_tokens",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("token", String(32), primary_key=True),
    Column("is_open", Boolean, nullable=False),
    Index(
        "device_tokens_open",
        "token",
        unique=True,
        sqlite_where=TOKEN_IS_OPEN,
        postgresql_where=TOKEN_IS_OPEN,
    ),
    sqlite_with_rowid=False,
)

answers = Table(
    "answers",
    _metadata,
    Column("request", String(_LONGEST), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("verb", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("code", String(17)),
    Column("version", Integer),
    Column("refusal", Text),
    Column("is_public", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

secret_keys = Table(
    "secret_keys",
    _metadata,
    Column("key_id", String(16), primary_key=True),
)

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def is_empty(connection: Connection) -> bool:
    """Tell whether a database has no tables of anybody."""
    return not inspect(connection).get_table_names()


def check(connection: Connection) -> None:
    """Refuse a database whose tables are not those of this version.

    Raises:
        LedgerError: it is no ledger, or one of an older or a newer version.
    """
    if not inspect(connection).has_table("alembic_version"):
        what = "The database has tables and is no ledger of miexchange"
        raise LedgerError(what, "Give the URL of a ledger, or that of an empty database")
    found = connection.scalar(select(_version.c.version_num)) or "none"
    if found == HEAD:
        return
    if found in _known_versions():
        what = f"The ledger's tables are of version {found}, and this package needs {HEAD}"
        raise LedgerError(what, "Make a backup, then run: miexchange ledger migrate")
    what = f"The ledger's tables are of version {found}, which is newer than {HEAD}, the last that this package knows"
    raise LedgerError(what, "Install a newer miexchange")


def _known_versions() -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - it loads slowly, and only a wrong version needs it

    script = ScriptDirectory.from_config(_config())
    return {"none", *(revision.revision for revision in script.walk_revisions())}


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", "miexchange.ledger:migrations")
    return config


def migrate(engine: Engine) -> str:
    """Create the tables of an empty database, or bring older ones to this version, in one transaction.

    Returns:
        The version that the tables have now.
    """
    from alembic import command  # noqa: PLC0415 - as above

    config = _config()
    with writing(engine, PREPARE) as connection:
        if engine.dialect.name == "postgresql":  # SQLite's transaction holds the whole file already
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('miexchange ledger'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(connection.scalar(select(_version.c.version_num)))
