"""Threads write to an SQLite file in the order in which they asked; whoever gives up is in nobody's way."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from ledger.shop import KEY, accepted, code
from miexchange import ledger
from miexchange.ledger import BusyError, _turns, verify
from miexchange.ledger._turns import Turn, Turns, turns_of

if TYPE_CHECKING:
    from pathlib import Path

LONG = 60.0


def queued(turns: Turns, names: list[int], told: list[int]) -> list[Thread]:
    """Let threads queue one after the other, each to tell its name when its turn comes."""

    def run(name: int) -> None:
        with Turn(turns, LONG):
            told.append(name)

    threads = []
    for name in names:
        threads.append(Thread(target=run, args=(name,)))
        threads[-1].start()
        while len(turns._queue) < len(threads) + 1:  # noqa: SLF001 - the one in front holds the turn
            pass
    return threads


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns, told = Turns(), []  # type: tuple[Turns, list[int]]
    with Turn(turns, LONG) as has_come:
        assert has_come
        threads = queued(turns, list(range(8)), told)
        assert told == []
    for one in threads:
        one.join()
    assert told == list(range(8))


def test_whoever_waited_too_long_is_in_nobody_s_way() -> None:
    turns, told = Turns(), []  # type: tuple[Turns, list[int]]
    with Turn(turns, LONG):
        with Turn(turns, 0) as has_come:
            assert not has_come
        threads = queued(turns, [1], told)
        with Turn(turns, 0.01) as has_come:
            assert not has_come
    threads[0].join()
    assert told == [1]
    with Turn(turns, 0) as has_come:
        assert has_come


def test_an_interrupt_leaves_the_turn_to_the_next() -> None:
    turns = Turns()
    with patch.object(turns, "enter", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        Turn(turns, 0).__enter__()
    interrupted = Turn(turns, 0)
    turns.enter(interrupted)  # and interrupted before it ran
    turns.leave(interrupted)
    with Turn(turns, 0) as has_come:
        assert has_come


def test_a_child_begins_with_nobody_in_the_queue() -> None:
    """The threads before it are the parent's, and one of them may hold the guard of the queue."""
    turns = turns_of("a file")
    assert turns_of("a file") is turns
    with Turn(turns, 0) as has_come:
        assert has_come
        turns._guard.acquire()  # noqa: SLF001 - what another thread may have done at the fork
        _turns.start_anew()
        with Turn(turns, 0) as in_child:
            assert in_child
    with Turn(turns, 0) as has_come:
        assert has_come


def test_all_ledgers_of_a_process_share_the_turns_of_their_file(tmp_path: Path) -> None:
    """A link leads to the same file."""
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    with (
        ledger.open(tmp_path / "x.db", key=KEY, create=True) as store,
        ledger.open(tmp_path / "link.db", key=KEY, seconds_to_wait=0) as other,
        ledger.open(tmp_path / "y.db", key=KEY, create=True) as elsewhere,
        store._sessions.transaction(),  # noqa: SLF001 - a transaction that lasts
        ThreadPoolExecutor(1) as pool,
    ):
        late = pool.submit(accepted, other, 1)
        with pytest.raises(BusyError, match="somebody else has been writing to it all the while") as told:
            late.result()
        assert "Nothing was changed" in str(told.value)
        assert pool.submit(accepted, elsewhere, 1).result().code == code(1)


def test_other_processes_are_waited_for_as_before(tmp_path: Path) -> None:
    """Another connection to the file, as another process has one, is in no queue of ours."""
    path = tmp_path / "x.db"
    with ledger.open(path, key=KEY, create=True) as store:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        begun = Event()

        def ask() -> bool:
            begun.set()
            return accepted(store, 1).code == code(1)

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask)
            begun.wait()
            other.execute("COMMIT")
            assert answer.result()
        other.close()


def test_a_process_that_never_gets_the_file_gives_up(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with ledger.open(path, key=KEY, create=True, seconds_to_wait=1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="Nothing was changed"):
            accepted(store, 1)
        other.execute("COMMIT")
        assert accepted(store, 1).code == code(1)
        other.close()


def test_who_has_waited_longer_asks_more_often() -> None:
    """By SQLite's own retries it would ask less often, and the last to come would get the file."""
    waits = list(_turns.pauses(2))
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > 2 * waits[-1]
    assert 2 <= sum(waits) < 2 + waits[-1]
    assert list(_turns.pauses(0)) == []


def test_sixteen_threads_write_and_each_gets_its_own_answers(tmp_path: Path) -> None:
    with ledger.open(tmp_path / "x.db", key=KEY, create=True) as store:
        with ThreadPoolExecutor(16) as pool:
            codes = list(pool.map(lambda number: accepted(store, number).code, range(32)))
        assert codes == [code(number) for number in range(32)]
        assert verify(store)
