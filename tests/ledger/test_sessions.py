"""The connections that a ledger keeps at hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ledger.shop import accepted, code
from ledger.test_faults import kill
from miexchange.ledger import LedgerError, verify

if TYPE_CHECKING:
    from miexchange.ledger import Ledger
    from miexchange.ledger._session import Session, Sessions


@pytest.fixture
def sessions(store: Ledger) -> Sessions:
    """Give the sessions of an empty ledger in a database of either kind."""
    return store._sessions  # noqa: SLF001 - what is tested here


def at_hand(sessions: Sessions, count: int) -> list[Session]:
    """Have so many sessions at the same time, and give them all back."""
    taken = [sessions.take() for _ in range(count)]
    for one in taken:
        sessions.keep(one)
    return taken


def test_a_session_is_lent_again(sessions: Sessions) -> None:
    with sessions.lent() as first:
        pass
    with sessions.lent() as second:
        assert second is first
    with sessions.transaction() as third:
        assert third is first


def test_a_few_sessions_are_kept_and_the_others_closed(sessions: Sessions) -> None:
    taken = at_hand(sessions, 11)
    assert sorted(one.core.closed for one in taken) == [False] * 8 + [True] * 3


def test_a_session_that_failed_is_not_lent_again(sessions: Sessions) -> None:
    with pytest.raises(ZeroDivisionError), sessions.lent() as failed:
        _ = 1 // 0
    assert failed.core.closed
    with sessions.lent() as another:
        assert another is not failed


def test_a_transaction_that_failed_leaves_nothing_and_its_session_is_lent_again(store: Ledger) -> None:
    sessions = store._sessions  # noqa: SLF001 - what is tested here
    accepted(store, 1)
    with pytest.raises(ZeroDivisionError), sessions.transaction() as failed:
        _ = 1 // (failed.core.exec_driver_sql("DELETE FROM exchanges").rowcount - 1)
    assert store.get(code(1)) is not None
    with sessions.lent() as again:
        assert again is failed
    assert verify(store).faults == ()


def test_where_one_connection_is_lost_all_that_are_at_hand_are_given_up(store: Ledger) -> None:
    """A server that was started anew is one error, not one for each connection that was kept."""
    accepted(store, 1)
    sessions, lose = store._sessions, kill(store.engine)  # noqa: SLF001 - what is tested here
    taken = at_hand(sessions, 5)
    for one in taken:
        lose(one.core)
    with pytest.raises(LedgerError, match="The connection to the ledger was lost"):
        store.get(code(1))
    assert store.get(code(1)) is not None

    for one in at_hand(sessions, 5):
        lose(one.core)
    assert accepted(store, 2).version == 1, "a transaction that could not begin begins again"
    assert verify(store).faults == ()


def test_where_all_connections_are_lost_only_one_request_is_told(store: Ledger) -> None:
    """Defect: every connection that SQLAlchemy's pool had was an error of its own, 17 in a row."""
    sessions, lose = store._sessions, kill(store.engine)  # noqa: SLF001 - what is tested here

    def lose_all() -> None:
        taken = [sessions.take() for _ in range(24)]
        drivers = [SimpleNamespace(connection=SimpleNamespace(driver_connection=one._driver)) for one in taken]  # noqa: SLF001 - as above
        for one in taken:
            sessions.keep(one)
        for driver in drivers:
            lose(driver)

    lose_all()
    assert [accepted(store, number).version for number in range(1, 21)] == [1] * 20
    lose_all()
    told = []
    for number in range(1, 21):
        try:
            assert store.get(code(number)) is not None
        except LedgerError as error:
            told.append(error)
    assert [error.is_unknown for error in told] == [False]
    assert verify(store).faults == ()
