"""The tables of a ledger, and which version of them a database has.

- ``exchanges``: one row for each exchange, with its current state. It can be rebuilt from the events; the unique
  indexes and the compare-and-set need it. Open exchanges of an account have different seats, numbered from 0, below
  the number that the terms of each allow.
- ``events``: the history, in a chain of keyed hashes for each exchange. Rows are added, never changed.
- ``device_tokens``: the tokens of each device, whether its exchange is open, and when the device was bought.
- ``answers``: the answer to each request, by asker, verb and idempotency key; the audit log of refusals.
- ``tags``: the caller's tags of an exchange, by which limits count.
- ``overrides``: the amount that each override added, and who made it; authorities count by it.
- ``quotas``: the number of places taken of each bonus with a quota.
- ``feed_queue``: the events that have no position in the feed yet, in the order in which they were written.
- ``feed``: the positions of the others; see `miexchange.ledger._feed`.
- ``forgotten``: the number of old answers removed, by the numbers of the checkpoints before which they were removed
  and written.
- ``tallies``: the running count of events and answers, sealed with the ledger's key.
- ``programmes``: the programmes by which quotes were accepted: each once, by its digest, with its first exchange.
- ``secret_keys``: the keys of the ledger: the id of each, and the ledger's secrets encrypted under it.

Instants are integers, microseconds since 1970 in UTC: an integer has no zone, and no database rounds it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import CreateSchema

from miexchange._limits import NAME
from miexchange.exchange import OPEN
from miexchange.ledger._engine import PREPARE, SCHEMA, VERSIONS, writing
from miexchange.ledger._errors import LedgerError, LedgerVersionError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import ReflectedIndex

__all__ = [
    "HAS_PAST_ORDER",
    "HEAD",
    "IS_OPEN",
    "TOKEN_IS_OPEN",
    "answers",
    "check",
    "device_tokens",
    "differences",
    "events",
    "exchanges",
    "feed",
    "feed_queue",
    "forgotten",
    "is_empty",
    "migrate",
    "overrides",
    "programmes",
    "quotas",
    "secret_keys",
    "tags",
    "tallies",
    "version_of",
]

HEAD = "0009"
"""The version of the tables that this package reads and writes: the last of the migrations."""

_metadata = MetaData()
IS_OPEN = text(f"state IN ({', '.join(repr(state.value) for state in OPEN)})")
"""The predicate of the partial indexes. Queries must repeat it literally: planners cannot infer it from parameters."""

TOKEN_IS_OPEN = text("is_open")
"""The predicate for device tokens."""

HAS_PAST_ORDER = text("past_order IS NOT NULL")
"""The predicate for exchanges that ended and had an order."""

exchanges = Table(
    "exchanges",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("account", String(NAME), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("order_id", String(NAME)),
    Column("due_us", BigInteger),
    Column("at_us", BigInteger, nullable=False),
    Column("value_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("head", String(64), nullable=False),
    Column("programme", String(NAME), nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("past_order", String(NAME)),
    Column("seat", Integer, nullable=False, server_default=text("0")),
    Index("exchanges_open_account", "account", "seat", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    Index("exchanges_order", "order_id", unique=True),
    Index("exchanges_past_order", "past_order", sqlite_where=HAS_PAST_ORDER, postgresql_where=HAS_PAST_ORDER),
    Index(
        "exchanges_due",
        "due_us",
        "code",
        sqlite_where=text("due_us IS NOT NULL"),
        postgresql_where=text("due_us IS NOT NULL"),
    ),
    Index("exchanges_began", "began_us", "code"),
    Index("exchanges_account", "account", "began_us", "code"),
    Index("exchanges_state", "state", "began_us", "code"),
    Index("exchanges_programme", "programme", "began_us", "code"),
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
    Column("request", String(NAME)),
    Column("hash", String(64), nullable=False),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
    sqlite_with_rowid=False,
)

device_tokens = Table(
    "device_tokens",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("token", String(32), primary_key=True),
    Column("is_open", Boolean, nullable=False),
    Column("bought_us", BigInteger),
    Index(
        "device_tokens_open",
        "token",
        unique=True,
        sqlite_where=TOKEN_IS_OPEN,
        postgresql_where=TOKEN_IS_OPEN,
    ),
    Index("device_tokens_token", "token", "code"),
    sqlite_with_rowid=False,
)

answers = Table(
    "answers",
    _metadata,
    Column("asker", String(NAME), primary_key=True),
    Column("verb", String(16), primary_key=True),
    Column("request", String(NAME), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("code", String(17)),
    Column("version", Integer),
    Column("refusal", Text),
    Column("is_public", Boolean, nullable=False),
    Column("is_final", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seal", String(64), nullable=False),
    Index("answers_at", "at_us"),
    sqlite_with_rowid=False,
)

forgotten = Table(
    "forgotten",
    _metadata,
    Column("removed_in", Integer, primary_key=True, autoincrement=False),
    Column("made_in", Integer, primary_key=True, autoincrement=False),
    Column("answers", Integer, nullable=False),
    Column("before_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("name", String(NAME), primary_key=True),
    Column("value", String(NAME), nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Index("tags_value", "name", "value", "began_us", "code"),
    sqlite_with_rowid=False,
)

overrides = Table(
    "overrides",
    _metadata,
    Column("code", String(17), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("role", String(NAME), nullable=False),
    Column("person", String(NAME), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("more_minor", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("overrides_person", "role", "person", "currency", "at_us", "code"),
    sqlite_with_rowid=False,
)

quotas = Table(
    "quotas",
    _metadata,
    Column("programme", String(NAME), primary_key=True),
    Column("bonus", String(NAME), primary_key=True),
    Column("given", Integer, nullable=False),
    sqlite_with_rowid=False,
)

tallies = Table(
    "tallies",
    _metadata,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("events", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("sum", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seal", String(64), nullable=False),
    sqlite_with_rowid=False,
)

feed_queue = Table(
    "feed_queue",
    _metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # SQLite's rowid
    Column("code", String(17), nullable=False),
    Column("version", Integer, nullable=False),
)

feed = Table(
    "feed",
    _metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("code", String(17), nullable=False),
    Column("version", Integer, nullable=False),
)

programmes = Table(
    "programmes",
    _metadata,
    Column("digest", String(64), primary_key=True),
    Column("code", String(17), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

secret_keys = Table(
    "secret_keys",
    _metadata,
    Column("key_id", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("wrapped", Text),
    Index("secret_keys_number", "number", unique=True),
    sqlite_with_rowid=False,
)

_version = Table(VERSIONS, MetaData(), Column("version_num", String(32), primary_key=True))
_older_version = _version.to_metadata(MetaData(), name="alembic_version")
"""The same until version 0003."""


def is_empty(connection: Connection) -> bool:
    """Tell whether a database has no tables and no views."""
    found = inspect(connection)
    return not found.get_table_names() and not found.get_view_names()


def check(connection: Connection) -> None:
    """Refuse a database whose tables are not those of this version.

    Raises:
        LedgerVersionError: it is a ledger of an older or a newer version.
        LedgerError: it is not a ledger.
    """
    found = version_of(connection)
    if found != HEAD:
        what = f"The ledger's tables are of version {found}, and this package needs {HEAD}"
        raise LedgerVersionError(what, "Make a backup, then run: miexchange ledger migrate")
    if wrong := differences(connection):
        raise LedgerError("; ".join(wrong), "Restore the ledger from a backup, or make what is missing again")


def version_of(connection: Connection) -> str:
    """Return the version of a ledger's tables, this one or an older one; "none" for a ledger without a version.

    Raises:
        LedgerVersionError: it is a ledger of a newer version.
        LedgerError: the database is not a ledger.
    """
    table = _table_of_version(connection)
    if table is None:
        what = "The database has tables and is no ledger of miexchange"
        raise LedgerError(what, "Give the URL of a ledger, or that of an empty database")
    found = str(connection.scalar(select(table.c.version_num)) or "none")
    if found != HEAD and found not in _known_versions():
        what = f"The ledger's tables are of version {found}, which is newer than {HEAD}, the last that this package"
        raise LedgerVersionError(f"{what} knows", "Install a newer miexchange")
    return found


def _table_of_version(connection: Connection) -> Table | None:
    """Return the version table of a ledger; None if there is no ledger."""
    there = set(inspect(connection).get_table_names())
    if _version.name in there:
        return _version
    # Other programs may use a version table of the older name, and also count from 0001.
    is_older = _older_version.name in there and bool(there & {"exchanges", "device_tokens"})
    return _older_version if is_older else None


def differences(connection: Connection) -> list[str]:
    """Return the differences between the actual and the required tables, columns, primary keys and indexes.

    An index that enforces a promise must have exactly these columns and rows, and be unique and valid.
    """
    found = inspect(connection)
    ours = _metadata.sorted_tables
    # All tables at once: PostgreSQL takes longer to be asked of each than for all else that opening a ledger does.
    names = [table.name for table in ours]
    columns_of = found.get_multi_columns(filter_names=names)
    keys = found.get_multi_pk_constraint(filter_names=names)
    indexes_of = found.get_multi_indexes(filter_names=names)
    wrong = []
    for table in ours:
        name = (None, table.name)
        if name not in columns_of:
            wrong.append(f"The table {table.name} is missing")
            continue
        columns = {column["name"] for column in columns_of[name]}
        wrong += [
            f"The column {column.name} of the table {table.name} is missing"
            for column in table.c
            if column.name not in columns
        ]
        if keys[name]["constrained_columns"] != [column.name for column in table.primary_key]:
            wrong.append(f"The primary key of the table {table.name} is of other columns")
        indexes = {index["name"]: index for index in indexes_of[name]}
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if index.name not in indexes:
                wrong.append(f"The index {index.name} is missing")
            elif _told(indexes[index.name]) != _meant(index, connection.dialect.name):
                wrong.append(f"The index {index.name} is of other columns or rows, or not unique")
    return wrong + _unused(connection)


def _told(index: ReflectedIndex) -> tuple[object, ...]:
    """Return columns, uniqueness and predicate of an existing index."""
    options = index.get("dialect_options", {})
    predicate = options.get("sqlite_where", options.get("postgresql_where", ""))
    return (index["column_names"], bool(index["unique"]), _bare(str(predicate)))


def _meant(index: Index, dialect: str) -> tuple[object, ...]:
    """Return columns, uniqueness and predicate of a required index."""
    predicate = index.dialect_options[dialect]["where"]
    names = [column.name for column in index.columns]
    return (names, bool(index.unique), "" if predicate is None else _bare(str(predicate)))


def _bare(predicate: str) -> str:
    """Return a predicate without the casts, brackets and form of IN that PostgreSQL adds to its text."""
    bare = re.sub(r"::[a-z ]+(\[\])?|[\s()\[\]]", "", predicate.replace("= ANY", "IN").replace("ARRAY", ""))
    return bare.casefold()


def _unused(connection: Connection) -> list[str]:
    """Return the names of PostgreSQL's invalid indexes."""
    if connection.dialect.name != "postgresql":
        return []
    ours = [table.name for table in _metadata.sorted_tables]
    query = text(
        "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
        " WHERE pg_table_is_visible(t.oid) AND t.relname = ANY(:ours) AND NOT (x.indisvalid AND x.indisready)"
    )
    return [f"The index {name} is not in use" for name in connection.scalars(query, {"ours": ours})]


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
    """Create the tables of an empty database, or migrate older ones to this version, in one transaction.

    Returns:
        The version that the tables have now.
    """
    from alembic import command  # noqa: PLC0415 - as above

    config = _config()
    with writing(engine, PREPARE) as connection:
        if engine.dialect.name == "postgresql":  # SQLite's transaction has locked the whole file already
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('miexchange ledger'))"))
            schema = engine.get_execution_options().get(SCHEMA)
            if schema is not None and not inspect(connection).has_schema(schema):
                connection.execute(CreateSchema(schema))
        if _table_of_version(connection) is _older_version:
            _version.create(connection)
            connection.execute(insert(_version).from_select(["version_num"], select(_older_version)))
            _older_version.drop(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(connection.scalar(select(_version.c.version_num)))
