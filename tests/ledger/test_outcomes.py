"""An error that says "Nothing was changed" is right: what fails at a begin, at a statement, at a commit."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import func, select
from sqlalchemy.engine.default import DefaultDialect

from ledger.shop import AT, HOUR, KEY, PROGRAMME, accepted, account, code, made, order, quote, reserved
from miexchange import ledger
from miexchange.exchange import State
from miexchange.ledger import Ledger, LedgerError, Sweep, verify
from miexchange.ledger import _schema as tables
from miexchange.ledger import _sql as sql
from miexchange.ledger._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DUE = AT + 400 * 24 * HOUR
STRANGE = (KeyboardInterrupt, MemoryError, ZeroDivisionError)
FAILURES: dict[str, tuple[BaseException, BaseException]] = {
    "disk fails": (sqlite3.OperationalError("disk I/O error"), errors.IoError("could not write block")),
    "disk full": (sqlite3.OperationalError("database or disk is full"), errors.DiskFull("could not extend file")),
    "locked": (sqlite3.OperationalError("database is locked"), errors.LockNotAvailable("canceling statement")),
    "lost": (
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
        psycopg.OperationalError("server closed the connection unexpectedly"),
    ),
    "refused": (sqlite3.DatabaseError("database disk image is malformed"), errors.InsufficientPrivilege("no")),
    **{kind.__name__: (kind(), kind()) for kind in STRANGE},
}
EVERY_DAY = {"disk full", "lost", KeyboardInterrupt.__name__}
"""One failure that a database reports, one after which it cannot, one that is not its own; the sweep tries all."""
FAILS = [pytest.param(name, marks=[] if name in EVERY_DAY else pytest.mark.sweep) for name in FAILURES]
BEGUN_AGAIN = ("lost", "begin")
"""A connection that was lost before the transaction began is replaced, and nobody is told."""
CONFLICT = (sqlite3.IntegrityError("UNIQUE constraint failed"), errors.SerializationFailure("could not serialize"))


class Step:
    """One of the steps of all the transactions of a ledger, which fails once: just before it is taken, or just after.

    Attributes:
        taken: the step's name, and the session that took it; None as long as nothing failed.
    """

    def __init__(self, number: int, error: BaseException, *, is_after: bool) -> None:
        self.number, self.error, self.is_after = number, error, is_after
        self.taken: tuple[str, Session] | None = None

    def take(self, name: str, session: Session, plain: Callable[[], Any]) -> Any:  # noqa: ANN401 - as of `plain`
        self.number -= 1
        if self.number != -1:
            return plain()
        self.taken = (name, session)
        if self.is_after:
            plain()
        raise self.error


@contextmanager
def failing(number: int, error: BaseException, *, is_after: bool) -> Iterator[Step]:
    """Let a step fail; begin, every statement and commit are steps."""
    step = Step(number, error, is_after=is_after)
    begin, run, commit = Session.begin, Session.run, Session.commit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "begin", lambda self: step.take("begin", self, lambda: begin(self)))
        patch.setattr(Session, "run", lambda self, *rest: step.take("statement", self, lambda: run(self, *rest)))
        patch.setattr(Session, "commit", lambda self: step.take("commit", self, lambda: commit(self)))
        yield step


def raised(call: Callable[..., object], *arguments: object) -> BaseException | None:
    """Return what a call raises of what may be raised here."""
    try:
        call(*arguments)
    except (LedgerError, *STRANGE) as error:
        return error
    return None


def contents(store: Ledger) -> list[object]:
    """Return what there is in a ledger: how many rows of each table, and how the exchanges stand."""
    with store.engine.connect() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (tables.exchanges, tables.events, tables.device_tokens, tables.answers)
        ]
        heads = connection.execute(select(tables.exchanges.c.code, tables.exchanges.c.head)).all()
    return [*counts, *sorted(map(tuple, heads))]


def accept(store: Ledger, number: int) -> object:
    return store.accept(quote(number), PROGRAMME, account=account(number), at=AT, idempotency_key=f"a-{number}")


def reserve(store: Ledger, number: int) -> object:
    return store.reserve(code(number), order(number), account=account(number), at=AT, idempotency_key=f"r-{number}")


def void(store: Ledger, number: int) -> object:
    return store.void(code(number), reason="why", at=AT, idempotency_key=f"v-{number}")


def refused(store: Ledger, number: int) -> object:
    return store.reverse(code(number), order="1", at=AT, idempotency_key=f"b-{number}")


VERBS: dict[str, tuple[Callable[[Ledger, int], object], Callable[[Ledger, int], object] | None]] = {
    "accept": (accept, None),
    "reserve": (reserve, accept),
    "void": (void, accept),
    "a refusal": (refused, accept),
}


@pytest.mark.parametrize("failure", FAILS)
@pytest.mark.parametrize("verb", VERBS)
def test_nothing_was_changed_is_only_said_where_it_is_true(store: Ledger, url: str, verb: str, failure: str) -> None:
    """Law: whatever fails, at whatever step, the error is true of what a fresh connection sees."""
    do, before = VERBS[verb]
    error = FAILURES[failure]["://" in url]
    names = []
    with ledger.open(url, key=KEY) as witness:
        for number in range(200):
            if before is not None:
                before(store, number)
            was = contents(witness)
            with failing(number // 2, error, is_after=bool(number % 2)) as step:
                caught = raised(do, store, number)
            if step.taken is None:
                break
            name, session = step.taken
            names.append(name)
            is_unknown = name == "commit"
            is_again = (failure, name) == BEGUN_AGAIN
            assert is_unknown or is_again or contents(witness) == was, "before the commit it is known"
            if is_again:
                assert caught is None
            elif isinstance(error, STRANGE):
                assert caught is error
            else:
                assert isinstance(caught, LedgerError)
                assert caught.is_unknown is is_unknown
                assert ("Nothing was changed" in str(caught)) is not is_unknown
                assert "same idempotency key" in str(caught)
            if is_unknown:
                assert session.core.closed
                assert session not in store._sessions._idle  # noqa: SLF001 - what is tested here
            again = do(store, number)
            assert do(store, number) == again, "it was made once"
            assert contents(witness) != was
        assert names[0] == "begin"
        assert names[-2:] == ["commit"] * 2
        assert verify(witness).faults == ()


@pytest.mark.parametrize("is_after", [False, True])
def test_a_conflict_is_definite_and_tried_again(store: Ledger, url: str, *, is_after: bool) -> None:
    """A transaction that ends in a conflict was not committed, at the commit too; that is the only such error."""
    steps = range(3) if is_after else range(4)  # what is raised after a commit is no conflict
    for number in steps:
        with failing(number, CONFLICT["://" in url], is_after=is_after) as step:
            made(store.accept(quote(number), PROGRAMME, account=account(number), at=AT, idempotency_key=f"{number}"))
        if step.taken is None:
            assert number > 2, "a server takes one statement"
    assert verify(store).faults == ()


@pytest.mark.parametrize("failure", FAILS[: -len(STRANGE)])
def test_a_sweep_that_fails_claims_nothing_of_what_it_ended_before(
    store: Ledger, url: str, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier batches stay ended, so a later error must not say that nothing was changed."""
    monkeypatch.setattr(sql, "DUE", sql.DUE.limit(1))
    error = FAILURES[failure]["://" in url]
    for number in range(200):
        for each in (2 * number, 2 * number + 1):
            accepted(store, each)
        with failing(number // 2, error, is_after=bool(number % 2)) as step:
            caught = raised(store.sweep, DUE)
        if step.taken is None:
            break
        if (failure, step.taken[0]) == BEGUN_AGAIN:
            assert caught is None
        else:
            assert isinstance(caught, LedgerError)
            assert "Nothing was changed" not in str(caught)
            assert "sweep again" in str(caught).lower()
            assert caught.is_unknown is (step.taken[0] == "commit")
        store.sweep(DUE)
        assert {store.get(code(each)).state for each in (2 * number, 2 * number + 1)} == {State.EXPIRED}  # type: ignore[union-attr]
        assert store.sweep(DUE) == Sweep(0, 0)
    assert verify(store).faults == ()


@pytest.mark.parametrize("failure", FAILS)
@pytest.mark.parametrize("is_after", [False, True])
def test_what_prepares_a_ledger_claims_nothing_where_its_commit_fails(
    url: str, failure: str, *, is_after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = FAILURES[failure]["://" in url]
    plain = DefaultDialect.do_commit

    def fail_once(self: DefaultDialect, connection: Any) -> None:  # noqa: ANN401 - a driver's
        monkeypatch.setattr(DefaultDialect, "do_commit", plain)
        if is_after:
            plain(self, connection)  # type: ignore[no-untyped-call]
        raise error

    def open_it(key: bytes, *old_keys: bytes) -> None:
        ledger.open(url, key=key, create=True, old_keys=old_keys).close()

    calls: list[Callable[[], object]] = [
        lambda: ledger.open(url, create=True).close(),
        lambda: open_it(KEY),
        lambda: open_it(KEY + b"2", KEY),
        lambda: ledger.migrate(url),
    ]
    for number, call in enumerate(calls):
        monkeypatch.setattr(DefaultDialect, "do_commit", fail_once)
        caught = raised(call)
        if isinstance(caught, LedgerError):
            assert caught.is_unknown
            assert "Nothing was changed" not in str(caught)
        else:
            assert caught is error or number in {1, 3}, "there may be nothing to commit"
        monkeypatch.setattr(DefaultDialect, "do_commit", plain)
        call()
    with ledger.open(url, key=KEY) as store:
        assert reserved(store, 1).version == 2
        assert verify(store).faults == ()


def test_a_disk_that_fails_at_the_commit_is_not_known_to_have_failed(tmp_path: Path) -> None:
    """A real write that the system refuses: no file of this process may grow beyond a bound."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "x.db"
    with ledger.open(str(path), key=KEY, create=True) as store, ledger.open(str(path), key=KEY) as witness:
        held = reserved(store, 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("x.db-wal").stat().st_size, hard))
        try:
            with pytest.raises(LedgerError) as caught:
                store.complete(code(1), order="order-1", at=AT, idempotency_key="complete")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert str(caught.value) == (
            "The ledger's database refused: disk I/O error. Whether the transition was made is not known. Ask the "
            "ledger's operator, then try again with the same idempotency key."
        )
        assert caught.value.is_unknown
        assert witness.get(code(1)) == held
        done = store.complete(code(1), order="order-1", at=AT, idempotency_key="complete")
        assert made(done).version == 3
        assert verify(witness).faults == ()
