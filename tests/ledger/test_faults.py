"""Faults of the world: a full disk, a locked database, a lost connection. A clear error each, and nothing half done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from ledger import server
from ledger.shop import AT, KEY, PROGRAMME, accepted, account, code, made, order, quote, reserved
from miexchange import Exchange, ledger
from miexchange.exchange import State
from miexchange.ledger import LedgerError, verify
from miexchange.ledger import _engine as engines
from miexchange.ledger import _ledger as verbs
from miexchange.ledger import _sql as sql
from miexchange.ledger._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from miexchange.ledger import Ledger

STATEMENTS = ["SELECT exchanges", "INSERT events", "UPDATE exchanges", "INSERT answers"]


@contextmanager
def disturbed(words: str, disturb: Callable[[Connection], None]) -> Iterator[None]:
    """Disturb the first statement with these words, just before it is executed."""
    done: list[str] = []
    plain = Session.run

    def run(session: Session, statement: str, values: Any) -> Any:  # noqa: ANN401 - as of Session
        if not done and all(word in statement for word in words.split()):
            done.append(statement)
            disturb(session.core)
        return plain(session, statement, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "run", run)
        yield
    assert done, f"no statement was disturbed: {words}"


def unchanged_and_then_done(store: Ledger, before: Exchange) -> None:
    """Nothing was half done, and the same request is made when it is sent again."""
    assert store.get(code(1)) == before
    assert verify(store).faults == ()
    assert made(complete(store)).state == State.COMPLETED
    assert made(complete(store)).version == 3
    assert verify(store).faults == ()


def complete(store: Ledger) -> Any:  # noqa: ANN401 - an Exchange or a Refusal
    return store.complete(code(1), order="order-1", at=AT, idempotency_key="complete")


# ----- the disk is full


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    """SQLite is told how many pages there may be: what it then raises is what it raises on a full disk."""
    with ledger.open(str(tmp_path / "x.db"), key=KEY, create=True) as store:

        def room(pages: int) -> None:
            with store._sessions.lent() as session:  # noqa: SLF001 - the one connection of this thread has the bound
                used = session.core.exec_driver_sql("PRAGMA page_count").scalar()
                session.core.exec_driver_sql(f"PRAGMA max_page_count = {(used or 0) + pages}")

        accepted(store, 0)
        room(6)
        done = 0

        def fill() -> None:
            nonlocal done
            while done < 1_000:
                done += 1
                accepted(store, done)

        with pytest.raises(LedgerError) as caught:
            fill()
        assert str(caught.value) == (
            "The disk of the ledger is full. Nothing was changed. Make room, then try again with the same "
            "idempotency key."
        )
        assert not caught.value.is_unknown
        assert store.get(code(done)) is None
        assert verify(store) == ledger.Verification(done, done, ())
        room(1_000)
        assert accepted(store, done).version == 1
        assert verify(store).faults == ()


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON answers EXECUTE FUNCTION full_disk();
"""


@pytest.fixture
def far(postgresql: str) -> Iterator[Ledger]:
    """Give an empty ledger on the server."""
    with server.database(postgresql) as url, ledger.open(url, key=KEY, create=True, seconds_to_wait=1) as store:
        yield store


def test_a_full_disk_of_a_server_is_a_clear_error(far: Ledger) -> None:
    """The server is made to raise what it raises where a file cannot grow."""
    held = reserved(far, 1)
    with far.engine.begin() as connection:
        connection.exec_driver_sql(FULL)
    with pytest.raises(LedgerError, match="The disk of the ledger is full"):
        complete(far)
    with far.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full_disk ON answers")
    unchanged_and_then_done(far, held)


# ----- the database is locked


def test_a_locked_file_is_a_clear_error(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    with ledger.open(path, key=KEY, create=True, seconds_to_wait=0) as store, ledger.open(path, key=KEY) as other:
        held = reserved(store, 1)
        with other.engine.begin(), pytest.raises(LedgerError) as caught:
            complete(store)
        assert "The ledger is locked" in str(caught.value)
        assert "Nothing was changed. Try again with the same idempotency key" in str(caught.value)
        with other.engine.begin():
            assert store.get(code(1)) == held, "reading waits for nobody"
        unchanged_and_then_done(store, held)


def test_a_locked_row_is_a_clear_error(far: Ledger) -> None:
    held = reserved(far, 1)
    accepted(far, 2)
    with far.engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT * FROM exchanges WHERE code = '{code(1)}' FOR UPDATE")  # noqa: S608 - our own
        with pytest.raises(LedgerError, match="The ledger is locked"):
            complete(far)
        assert far.get(code(1)) == held
        other = far.void(code(2), reason="why", at=AT, idempotency_key="v")
        assert made(other).state == State.VOID, "another row is free"
        assert far.sweep(AT).expired == 0, "a sweep passes over what others hold"
    unchanged_and_then_done(far, held)


# ----- the connection is lost


def kill(engine: Engine) -> Callable[[Any], None]:
    """Return what ends a connection of the ledger from outside."""

    def by_server(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        pid = connection.connection.driver_connection.info.backend_pid
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    def by_hand(connection: Any) -> None:  # noqa: ANN401 - as above
        connection.connection.driver_connection.close()

    return by_server if engine.dialect.name == "postgresql" else by_hand


@pytest.mark.parametrize("words", STATEMENTS)
def test_a_connection_that_is_lost_in_a_transaction_is_a_clear_error(store: Ledger, words: str) -> None:
    held = reserved(store, 1)
    with disturbed(words, kill(store.engine)), pytest.raises(LedgerError) as caught:
        complete(store)
    assert "The connection to the ledger was lost" in str(caught.value)
    assert not caught.value.is_unknown, "it was lost before anything was committed"
    store.engine.dispose()
    unchanged_and_then_done(store, held)


@pytest.mark.parametrize("words", ["INSERT exchanges", "INSERT device_tokens", "INSERT answers"])
def test_an_acceptance_is_whole_or_not_at_all(store: Ledger, words: str) -> None:
    with disturbed(words, kill(store.engine)), pytest.raises(LedgerError):
        accepted(store, 1)
    store.engine.dispose()
    assert store.get(code(1)) is None
    assert verify(store) == ledger.Verification(0, 0, ())
    assert accepted(store, 1).version == 1


def test_a_connection_that_is_lost_at_the_commit_says_that_the_outcome_is_not_known(store: Ledger) -> None:
    reserved(store, 1)
    lose = kill(store.engine)
    plain = Session.commit

    def commit(session: Session) -> None:
        lose(session.core)
        plain(session)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "commit", commit)
        with pytest.raises(LedgerError) as caught:
            complete(store)
    assert caught.value.is_unknown
    assert "Whether the transition was made is not known. Try again with the same idempotency key" in str(caught.value)
    store.engine.dispose()
    assert made(complete(store)).state == State.COMPLETED
    assert verify(store).faults == ()


# ----- others are quicker, all the time


def test_a_request_that_always_comes_second_gives_up(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(*_: object) -> None:
        raise engines.Conflict

    held = reserved(store, 1)
    monkeypatch.setattr(verbs.Ledger, "_write", conflict)
    with pytest.raises(LedgerError, match="too busy"):
        complete(store)
    with pytest.raises(LedgerError, match="too busy"):
        made(store.void(code(1), reason="why", at=AT, idempotency_key="v"))
    monkeypatch.undo()
    made(store.release(code(1), order="order-1", at=AT, idempotency_key="r"))
    monkeypatch.setattr(verbs.Ledger, "_write", conflict)
    assert store.sweep(AT.replace(year=2021)).skipped == (code(1),), "one that cannot be written stops no sweep"
    monkeypatch.undo()
    assert held.version == 2
    assert verify(store).faults == ()


def test_a_fault_of_the_library_is_an_error_of_the_ledger(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miexchange.ledger._sql.HISTORY", sql.DUE)
    with pytest.raises(LedgerError, match="could not be used"):
        store.history(code(1))


def test_a_statement_that_the_database_refuses_is_an_error_of_the_ledger(store: Ledger) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE answers")
    with pytest.raises(LedgerError, match="The ledger's database refused"):
        store.accept(quote(1), PROGRAMME, account=account(1), at=AT, idempotency_key="a")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE answers (request TEXT)")
    with pytest.raises(LedgerError, match="The ledger's database refused"):
        store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="a")


def test_a_deadlock_or_a_failed_serialization_is_tried_again() -> None:
    class Lost(Exception):  # noqa: N818 - as a driver raises it
        sqlstate = "40P01"

    failed = DBAPIError("UPDATE", {}, Lost("deadlock detected"))
    with pytest.raises(engines.Conflict), engines.translated():
        raise failed
