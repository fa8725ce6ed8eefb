"""Readers beside writers: whoever reads sees one of the states that an exchange really had, and never an error."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from ledger import load, proofs
from ledger.shop import AT, HOUR, KEY, accepted, account, code, made, order, reserved
from miexchange import Exchange, ledger
from miexchange.exchange import State, fold
from miexchange.ledger import Ledger, LedgerError, Verification, verify
from miexchange.ledger import _books as books
from miexchange.ledger._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 12
EXCHANGES = 3
END = AT + 400 * 24 * HOUR


# ----- between any two statements


@contextmanager
def between(store: Ledger, act: Callable[[], object]) -> Iterator[list[str]]:
    """Act after every statement of a ledger, as another process might, and note the statements."""
    noted: list[str] = []
    running: list[str] = []  # SQLAlchemy's events see what a session runs, too
    plain = Session.run

    def after(statement: str) -> None:
        noted.append(statement)
        act()

    def run(session: Session, statement: str, values: Any) -> Any:  # noqa: ANN401 - as of Session
        running.append(statement)
        done = plain(session, statement, values)
        running.pop()
        if session.core.engine.pool is not store.engine.pool:
            return done
        rows = done.fetchall()
        after(statement)
        return _Rows(rows)

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not running:
            after(statement)

    event.listen(store.engine, "after_cursor_execute", executed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "run", run)
        yield noted
    event.remove(store.engine, "after_cursor_execute", executed)


class _Rows:
    """What a cursor found, read before anybody acts."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:  # noqa: ANN401 - a row
        return self._rows[0] if self._rows else None


class Writer:
    """Another ledger on the same database, that moves an exchange on at every call: reserved, released, and so on."""

    def __init__(self, store: Ledger, number: int) -> None:
        self.store, self.number, self.calls = store, number, 0
        self.states = [accepted(store, number)]

    def __call__(self) -> None:
        number, call = self.number, self.calls
        self.calls += 1
        wanted = order(number, f"-{call - call % 2}")
        done = (
            self.store.release(code(number), order=wanted.id, at=AT + HOUR, idempotency_key=f"w-{number}-{call}")
            if call % 2
            else self.store.reserve(
                code(number), wanted, account=account(number), at=AT + HOUR, idempotency_key=f"w-{number}-{call}"
            )
        )
        self.states.append(made(done))


@pytest.fixture
def writer(url: str, store: Ledger) -> Iterator[Writer]:
    """Give one, while the ledger that reads keeps nothing in memory."""
    del store
    with ledger.open(url, key=KEY) as other:
        yield Writer(other, 1)


READERS: dict[str, Callable[[Ledger], object]] = {
    "get": lambda store: store.get(code(1)),
    "history": lambda store: store.history(code(1)),
    "exposure": lambda store: store.open_exposure(),
    "verify": verify,
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_between_whose_statements_others_write_sees_a_state_that_was(
    store: Ledger, writer: Writer, name: str
) -> None:
    """Law: another process writes between any two statements, and the answer is still one of a single moment."""
    writer()
    with between(store, writer) as noted:
        answer = READERS[name](store)
    assert noted
    if isinstance(answer, Exchange):
        assert answer in writer.states
    elif isinstance(answer, Verification):
        assert answer.faults == ()
    elif name == "history":
        assert isinstance(answer, tuple)
        assert fold(entry.event for entry in answer) in writer.states
    else:
        assert isinstance(answer, tuple)
        assert [one.coupons for one in answer] == [1]
    assert verify(writer.store).faults == ()


def test_an_exchange_that_moves_on_while_it_is_read_is_not_corrupt(store: Ledger, writer: Writer) -> None:
    """The reported case: the row is read, somebody writes, the events are read."""
    with between(store, writer) as noted:
        assert store.get(code(1)) == writer.states[0]
    assert len(noted) == 2, "the row, then its events"
    assert store.get(code(1)) == writer.states[-1]


def test_a_first_answer_is_that_of_its_moment(store: Ledger, url: str) -> None:
    """The request is known, its exchange went on, and goes on while the answer is made again."""
    held = reserved(store, 1)
    made(store.release(code(1), order="order-1", at=AT, idempotency_key="release"))
    with ledger.open(url, key=KEY) as other:
        again = other.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="reserve-1")
    assert again == held


@pytest.mark.parametrize("head", ["", "0" * 64])
def test_a_row_that_its_events_do_not_lead_to_is_still_found(store: Ledger, url: str, head: str) -> None:
    reserved(store, 1)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE exchanges SET head = '{head}'")  # noqa: S608 - our own
    with ledger.open(url, key=KEY) as other, pytest.raises(LedgerError, match="do not lead to its row"):
        other.get(code(1))


def test_a_row_that_was_put_back_is_found_before_it_is_written_to(store: Ledger, url: str) -> None:
    """An older row with its own head: what a reader sees was once so, and a writer finds the later event."""
    first = accepted(store, 1)
    row = f"version = 1, state = 'issued', order_id = NULL, head = '{store.history(code(1))[0].hash}'"
    reserved(store, 1)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE exchanges SET {row}")  # noqa: S608 - our own
    with ledger.open(url, key=KEY) as other:
        with pytest.raises(LedgerError, match="do not lead to its row"):
            other.void(code(1), reason="why", at=AT, idempotency_key="v")
        assert other.get(code(1)) == first
        assert verify(other).faults


# ----- in threads and in other processes


@pytest.mark.sweep
def test_readers_beside_writers_see_only_states_that_were(
    store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: readers in threads and in another process, writers in threads: no error, and every state really was."""
    monkeypatch.setattr(books, "_KEPT", 0)  # so that every look reads the events
    for number in range(EXCHANGES):
        accepted(store, number)
    process = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, str(Path(load.__file__)), "read", url, str(EXCHANGES), "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=proofs.environment(),
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "reading\n"
    is_over = False

    def write(number: int) -> None:
        for each in range(ROUNDS):
            wanted = order(number, f"-{each}")
            key = f"{number}-{each}"
            held = store.reserve(code(number), wanted, account=account(number), at=AT, idempotency_key=f"r-{key}")
            assert made(held).state == State.RESERVED
            made(store.release(code(number), order=wanted.id, at=AT, idempotency_key=f"b-{key}"))

    def read(_: int) -> set[str]:
        return load.read(store, EXCHANGES, lambda: is_over)

    with ThreadPoolExecutor(EXCHANGES + 2) as pool:
        readers = [pool.submit(read, reader) for reader in range(2)]
        writers = [pool.submit(write, number) for number in range(EXCHANGES)]
        try:
            for one in writers:
                one.result(120)
        finally:
            is_over = True
        seen = set().union(*(one.result(120) for one in readers))
    others, _ = process.communicate("\n", 120)
    assert process.returncode == 0
    seen |= set(others.split())
    were = {
        load.digest(fold(entry.event for entry in entries[:version]))
        for number in range(EXCHANGES)
        for entries in [store.history(code(number))]
        for version in range(1, len(entries) + 1)
    }
    assert seen <= were
    assert len(seen) > EXCHANGES, "they read while it was written"
