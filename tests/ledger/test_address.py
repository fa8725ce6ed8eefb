"""Where a ledger is: nothing is made unasked, no other program's file is touched, no password is shown."""

from __future__ import annotations

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from ledger.shop import KEY, accepted
from miexchange import InvalidValue, ledger
from miexchange.ledger import LedgerError, verify
from unit.command import run

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hunter2"  # noqa: S105 - a password that must not be shown
NOWHERE = "127.0.0.1:1/db?connect_timeout=2"


def chain(error: BaseException | None) -> Iterator[str]:
    """Return all that a traceback would show of an error."""
    while error is not None:
        yield f"{error!r} {error}"
        error = error.__cause__ or error.__context__


def refused(where: Any, *, create: bool = False) -> str:  # noqa: ANN401 - also wrong
    with pytest.raises(LedgerError) as caught:
        ledger.open(where, key=KEY, create=create)
    assert not any(SECRET in text for text in chain(caught.value))
    return str(caught.value)


# ----- nothing is made unasked


def test_a_mistyped_path_makes_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "exchagnes.db"
    assert "exchagnes.db'. Correct the path; or make a new ledger: ledger.open with create=True" in refused(path)
    with pytest.raises(LedgerError, match="There is no ledger"):
        ledger.migrate(str(path), key=KEY)
    assert list(tmp_path.iterdir()) == []
    ran = run("ledger", "verify", "--ledger", str(path))
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])
    assert "miexchange ledger create" in ran.err


def test_an_empty_database_is_no_ledger_until_that_is_asked_for(url: str) -> None:
    if "://" not in url:
        Path(url).touch()
    for call in (ledger.open, ledger.migrate):
        with pytest.raises(LedgerError, match="The database is empty: there is no ledger in it"):
            call(url, key=KEY)
    if "://" not in url:
        assert Path(url).stat().st_size == 0
    ledger.open(url, key=KEY, create=True).close()
    with ledger.open(url, key=KEY, create=True) as again:
        assert verify(again)


def test_the_command_makes_a_ledger_where_it_is_told_to(url: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY + b"\n")
    command = ("ledger", "create", "--ledger", url, "--key-file", str(tmp_path / "key"))
    assert run(*command).out.startswith("The ledger is ready.")
    assert run(*command, "--json").data == {"answer": "ledger"}
    assert run("ledger", "verify", "--ledger", url, "--key-file", str(tmp_path / "key")).code == 0
    assert run("ledger", "create", "--ledger", url).code == 2, "a ledger has a key"


FOREIGN = {
    "tables": ["CREATE TABLE songs (title TEXT)"],
    "a view": ["CREATE VIEW songs AS SELECT 1 AS title"],
    "a version of its own": [
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('0001')",
        "CREATE TABLE events (title TEXT)",
    ],
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("create", [False, True])
def test_the_database_of_another_program_is_left_as_it_is(url: str, what: str, *, create: bool) -> None:
    if "://" in url:
        import psycopg  # noqa: PLC0415 - only here

        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as there:
            for statement in FOREIGN[what]:
                there.execute(statement.encode())
    else:
        with closing(sqlite3.connect(url)) as connection, connection:
            for statement in FOREIGN[what]:
                connection.execute(statement)
        before = Path(url).read_bytes()
    assert "has tables and is no ledger of miexchange" in refused(url, create=create)
    with pytest.raises(LedgerError, match="has tables and is no ledger of miexchange"):
        ledger.migrate(url, key=KEY)
    if "://" not in url:
        assert Path(url).read_bytes() == before, "not even its journal mode is another"


@pytest.mark.parametrize("create", [False, True])
def test_what_is_no_file_is_no_ledger(tmp_path: Path, *, create: bool) -> None:
    (tmp_path / "notes").write_text("milk, bread\n" * 100, "utf-8")
    (tmp_path / "leads nowhere").symlink_to(tmp_path / "there")
    os.mkfifo(tmp_path / "pipe")
    assert "file is not a database" in refused(tmp_path / "notes", create=create)
    assert "is a directory" in refused(tmp_path, create=create)
    assert "is no file" in refused(tmp_path / "pipe", create=create)
    assert "There is no directory" in refused(tmp_path / "notes" / "x.db", create=create)
    assert "File name too long" in refused(tmp_path / ("x" * 300), create=create)
    words = "a link that leads nowhere" if create else "There is no ledger"
    assert words in refused(tmp_path / "leads nowhere", create=create)
    assert not (tmp_path / "there").exists()


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    assert "x.db' cannot be made: No space left on device" in refused(tmp_path / "x.db", create=True)


def test_two_may_make_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.open

    def slow(path: Any, *rest: Any) -> int:  # noqa: ANN401 - as of os.open
        os.close(plain(path, os.O_WRONLY | os.O_CREAT))
        return plain(path, *rest)

    monkeypatch.setattr(os, "open", slow)
    ledger.open(tmp_path / "x.db", key=KEY, create=True).close()


@pytest.mark.parametrize("name", ["a ledger.db", "100%.db", "what?.db", "a#b.db", "ü.db", "x:y@z.db", "q='1'.db"])
def test_a_path_is_taken_as_it_stands(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ledger.open(name, key=KEY, create=True) as store:
        monkeypatch.chdir("/")
        accepted(store, 1)
        store._sessions.close()  # noqa: SLF001 - so that another connection is opened elsewhere
        store.engine.dispose()
        assert verify(store).exchanges == 1
    with ledger.open(tmp_path / name) as store:
        assert verify(store).exchanges == 1


# ----- nobody else reads it


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_a_new_ledger_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with ledger.open(tmp_path / "x.db", key=KEY, create=True) as store:
            accepted(store, 1)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_an_existing_ledger_keeps_the_mode_that_its_owner_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    ledger.open(path, key=KEY, create=True).close()
    path.chmod(0o640)
    with ledger.open(path, key=KEY) as store:
        accepted(store, 1)
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o640}


# ----- an address is read in one way, and shows no password

BAD = [
    f"postgresql://u:{SECRET}@x@{NOWHERE}",
    f"postgresql://u:p@{SECRET}/x@{NOWHERE}",
    f"postgresql://u:{SECRET}@{NOWHERE}",
    f"postgres://u:{SECRET}%40@{NOWHERE}",
    f"postgresql://{NOWHERE}&password={SECRET}",
    f"postgresql://{NOWHERE}&sslpassword={SECRET}",
    f"postgresql://u@{NOWHERE}&password=x@{SECRET}",
    f"postgresql://{NOWHERE}&password={SECRET}&password=x",
    f"postgresql://u:{SECRET}@{NOWHERE}&password=x",
    f"postgresql://u:{SECRET}@{NOWHERE}&what=ever",
    f"postgresql://u:{SECRET}@127.0.0.1:port/db",
    f"postgresql://u:{SECRET}@h1:1,h2:2/db",
    f"postgresql://u:{SECRET}@[::1/db",
    f"postgres//u:{SECRET}@h/db",
    f"postgresql:u:{SECRET}@h/db",
    f"mysql://u:{SECRET}@h/db",
    f"sqlite://u:{SECRET}@h/x.db",
    f"sqlite+pysqlcipher://:{SECRET}@/x.db",
    f"://u:{SECRET}@h",
    f"host=h password={SECRET} dbname=x",
    f"host=h password = '{SECRET} \\' x' dbname=x",
    "sqlite:///x.db?mode=ro",
    "sqlite:///file:x.db?uri=true",
    "file:x.db?mode=ro",
    "a\x00b",
    b"x.db",
]


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("where", BAD)
def test_an_address_that_cannot_be_used_shows_no_password(
    where: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, create: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(where, create=create)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", [where for where in BAD if isinstance(where, str) and "\x00" not in where])
def test_the_command_shows_none_either(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (("exposure", "--ledger", where), ("exposure", where), ("show", where, "--ledger", "x.db")):
        ran = run("ledger", *arguments)
        assert ran.code == 2
        assert SECRET not in ran.out + ran.err


def test_an_engine_shows_no_password() -> None:
    engine = ledger._engine.engine_of(f"postgresql://h/db?password={SECRET}&sslpassword={SECRET}")  # noqa: SLF001 - its repr
    assert SECRET not in repr(engine) + repr(engine.url) + str(engine.url)
    engine = ledger._engine.engine_of(f"postgresql://u:{SECRET}@h/db")  # noqa: SLF001 - as above
    assert SECRET not in repr(engine) + repr(engine.url) + str(engine.url)


def test_a_server_that_says_no_is_no_lost_connection(postgresql: str) -> None:
    missing = make_url(postgresql).set(database="no such database").render_as_string(hide_password=False)
    assert 'cannot be opened: database "no such database" does not exist' in refused(missing)
    assert 'invalid connection option "what"' in refused(f"postgresql://{NOWHERE}&what=ever")


def test_the_options_of_a_url_count(postgresql: str) -> None:
    """Defect: ours took the place of those of the URL, so that a search_path was not heard."""
    from ledger import server  # noqa: PLC0415 - only here

    with server.database(postgresql) as url:
        engine = ledger._engine.engine_of(url)  # noqa: SLF001 - a plain connection
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA mine")
        engine.dispose()
        ours = make_url(url).update_query_dict({"options": "-c search_path=mine"})
        ledger.open(ours.render_as_string(hide_password=False), key=KEY, create=True).close()
        assert "The database is empty" in refused(url)
        nowhere = make_url(url).update_query_dict({"options": "-c search_path=nowhere"})
        refused(nowhere.render_as_string(hide_password=False))
        refused(nowhere.render_as_string(hide_password=False), create=True)


def test_the_tables_can_be_in_a_schema_of_their_own(postgresql: str) -> None:
    from ledger import server  # noqa: PLC0415 - only here

    with server.database(postgresql) as url:
        engine = ledger._engine.engine_of(url)  # noqa: SLF001 - a plain connection
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE events (title TEXT)")
        ours = make_url(url).update_query_dict({"schema": "trade_in"}).render_as_string(hide_password=False)
        for call in (ledger.open, ledger.migrate):
            with pytest.raises(LedgerError, match="The database is empty"):
                call(ours, key=KEY)
        with ThreadPoolExecutor(4) as pool:
            for opened in pool.map(lambda _: ledger.open(ours, key=KEY, create=True), range(4)):
                opened.close()
        assert ledger.migrate(ours, key=KEY) == ledger._schema.HEAD  # noqa: SLF001 - the last version
        with ledger.open(ours, key=KEY) as store:
            accepted(store, 1)
            assert len(store.events()) == 1
            assert verify(store)
        with engine.connect() as connection:
            assert inspect(connection).get_table_names() == ["events"], "the other schema is left as it is"
            assert "events" in inspect(connection).get_table_names("trade_in")
        engine.dispose()
        assert run("ledger", "verify", "--ledger", ours).code == 0


@pytest.mark.parametrize("schema", ["Trade", "a b", "a,b", "x -c fsync=off", 'a"b', "9", "a" * 64])
def test_a_schema_is_a_plain_name(schema: str) -> None:
    url = make_url(f"postgresql://{NOWHERE}").update_query_dict({"schema": schema})
    assert "is no plain name" in refused(url.render_as_string(hide_password=False))


@pytest.mark.parametrize("seconds", [-1, 1.5, True, None, "1", 10**9])
def test_the_seconds_to_wait_are_a_number(tmp_path: Path, seconds: Any) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(InvalidValue, match="seconds_to_wait is"):
        ledger.open(tmp_path / "x.db", seconds_to_wait=seconds)
