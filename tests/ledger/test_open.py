"""Opening a ledger: its tables are made once, their version is checked, and what cannot be used says why."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from ledger.shop import KEY, accepted
from miexchange import InvalidValue, MiExchangeError, ledger
from miexchange.ledger import Ledger, LedgerError, _engine, _schema, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

TABLES = {"exchanges", "events", "device_tokens", "answers", "quotas", "tallies", "secret_keys"}
TABLES |= {"feed", "feed_queue", "forgotten", "overrides", "programmes", "tags", "miexchange_version"}
LATER = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "0010", "0009"
def upgrade():
    op.add_column("exchanges", sa.Column("note", sa.String(10)))
"""


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Reach a database that need not be a ledger."""
    engine = _engine.engine_of(url, create=True)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_an_empty_database_becomes_a_ledger(url: str) -> None:
    with ledger.open(url, key=KEY, create=True) as store:
        assert set(inspect(store.engine).get_table_names()) == TABLES
        accepted(store, 1)
    with ledger.open(url, key=KEY) as again:
        assert verify(again) == ledger.Verification(1, 1, ())


def test_the_migrations_make_the_tables_that_the_code_reads(url: str) -> None:
    with ledger.open(url, create=True) as store, store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": _engine.VERSIONS})
        assert compare_metadata(context, _schema._metadata) == []  # noqa: SLF001 - the tables that are read
    assert ScriptDirectory.from_config(_schema._config()).get_current_head() == _schema.HEAD  # noqa: SLF001 - as above


def test_many_may_open_an_empty_database_at_once(url: str) -> None:
    def opened(_: int) -> set[str]:
        with ledger.open(url, key=KEY, create=True) as store:
            return set(inspect(store.engine).get_table_names())

    with ThreadPoolExecutor(8) as pool:
        assert all(tables == TABLES for tables in pool.map(opened, range(16)))


def stamp(url: str, version: str) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql(f"UPDATE miexchange_version SET version_num = '{version}'")  # noqa: S608 - our own


def test_a_newer_ledger_is_refused(url: str) -> None:
    ledger.open(url, create=True).close()
    stamp(url, "9999")
    with pytest.raises(LedgerError) as caught:
        ledger.open(url)
    assert str(caught.value) == (
        "The ledger's tables are of version 9999, which is newer than 0009, the last that this package knows. "
        "Install a newer miexchange."
    )


def test_an_older_ledger_is_refused_until_it_is_migrated(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 1)
    plain = Path(str(_schema.__file__)).parent / "migrations"
    later = Path(shutil.copytree(plain, tmp_path / "migrations"))
    (later / "versions" / "v0010_later.py").write_text(LATER, encoding="utf-8")
    config = _schema._config()  # noqa: SLF001 - a package of tomorrow is imitated
    config.set_main_option("script_location", str(later))
    monkeypatch.setattr(_schema, "_config", lambda: config)
    monkeypatch.setattr(_schema, "HEAD", "0010")
    with pytest.raises(LedgerError, match=r"of version 0009, and this package needs 0010\. Make a backup, then run: m"):
        ledger.open(url)
    assert ledger.migrate(url) == "0010"
    assert ledger.migrate(url) == "0010", "there is nothing left to do"
    with ledger.open(url, key=KEY, create=True) as store:
        assert verify(store) == ledger.Verification(1, 1, ())
        assert "note" in {column["name"] for column in inspect(store.engine).get_columns("exchanges")}


def test_a_ledger_that_lost_its_version_is_refused(url: str) -> None:
    ledger.open(url, create=True).close()
    with connected(url) as connection:
        connection.exec_driver_sql("DELETE FROM miexchange_version")
    with pytest.raises(LedgerError, match="of version none, and this package needs 0009"):
        ledger.open(url)


def test_another_program_may_use_alembic_beside_a_ledger(url: str) -> None:
    """Defect: the ledger's version was in Alembic's default table, which every program that uses Alembic has."""
    ledger.open(url, key=KEY, create=True).close()
    with connected(url) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('4f1e0a2b3c5d')")
    assert ledger.migrate(url, key=KEY) == _schema.HEAD
    with ledger.open(url, key=KEY) as store, store.engine.connect() as connection:
        assert verify(store)
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "4f1e0a2b3c5d"


def test_a_database_of_somebody_else_is_refused(url: str) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql("CREATE TABLE songs (title TEXT)")
    with pytest.raises(LedgerError, match="has tables and is no ledger of miexchange"):
        ledger.open(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "A database in memory is lost"),
        ("sqlite:///:memory:", "A database in memory is lost"),
        ("", "A database in memory is lost"),
        ("no/such/folder/exchanges.db", "There is no directory 'no/such/folder'"),
        ("mysql://localhost/x", "A ledger cannot be kept in 'mysql'. Give the path of an SQLite file"),
        ("://", "cannot be read"),
        ("postgresql://user@localhost:port/x", "cannot be read"),
        (None, "cannot be read"),
        ("postgresql://nobody@127.0.0.1:1/none?connect_timeout=5", "The server of the ledger cannot be reached: "),
    ],
)
def test_a_url_that_cannot_be_used_says_why(url: Any, words: str) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(LedgerError) as caught:
        ledger.open(url)
    assert words in str(caught.value)
    assert isinstance(caught.value, MiExchangeError)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(_engine, "create_engine", missing)
    with pytest.raises(LedgerError, match=r"pip install 'miexchange\[ledger\]'"):
        ledger.open("postgresql://localhost/x")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk, bread\n" * 100, encoding="utf-8")
    with pytest.raises(LedgerError, match="file is not a database"):
        ledger.open(str(tmp_path / "notes.txt"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(LedgerError, match="cannot be made: Permission denied"):
        ledger.open(str(tmp_path / "exchanges.db"), create=True)


@pytest.mark.parametrize("key", [b"short", "a text of many characters", 7])
def test_a_key_is_secret_bytes(tmp_path: Path, key: Any) -> None:  # noqa: ANN401 - also wrong
    for keys in ({"key": key}, {"key": KEY, "old_keys": (key,)}):
        with pytest.raises(InvalidValue, match="give at least 16 secret bytes"):
            ledger.open(str(tmp_path / "x.db"), **keys)
    with pytest.raises(InvalidValue, match="key is missing: give the key that is in use, beside the old ones"):
        ledger.open(str(tmp_path / "x.db"), old_keys=(KEY,))


def test_a_key_is_noted_once_by_however_many(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for store in pool.map(lambda _: ledger.open(url, key=KEY, create=True), range(8)):
            store.close()
    with ledger.open(url) as store, store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM secret_keys").scalar() == 1


def test_the_file_is_durable(tmp_path: Path) -> None:
    with ledger.open(str(tmp_path / "x.db"), create=True) as store, store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"


def test_an_error_of_a_ledger_survives_a_process_pool() -> None:
    error = LedgerError("The disk is full", "Make room", is_unknown=True)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(copy), copy.is_unknown, copy.remedy) == ("The disk is full. Make room.", True, "Make room")


def test_a_ledger_needs_no_postgresql_driver_for_a_file(tmp_path: Path) -> None:
    with Ledger(create_engine(f"sqlite:///{tmp_path / 'x.db'}"), KEY, ()) as store:
        assert store.engine.dialect.name == "sqlite"
