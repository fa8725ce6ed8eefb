"""Forked and spawned processes: each has its own connections, and its own answers."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger import forks, proofs
from ledger.shop import KEY, accepted, code
from miexchange import MiExchangeError, ledger
from miexchange.ledger import Ledger, LedgerError, verify

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, SpawnContext

needs_forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")


def ran(scenario: str, url: str) -> list[str]:
    """Run a scenario in a process of its own, and return the lines that it printed."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", str(Path(forks.__file__)), scenario, url],
        env=proofs.environment(),
        capture_output=True,
        text=True,
        timeout=3 * forks.PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.sweep
@needs_forks
def test_eight_children_and_their_children_and_the_parent_get_their_own_answers(url: str) -> None:
    """Forked while threads of the parent are in the middle of transactions, which then go on."""
    assert ran("storm", url) == [f"{[0] * forks.CHILDREN} True"]


@needs_forks
def test_a_ledger_that_is_opened_first_and_forked_then_outlives_its_parent_s(url: str) -> None:
    """The parent closes its last connection; on SQLite that removes the write-ahead log, unless the child has locks."""
    assert ran("preloaded", url) == ["[0]"]


@needs_forks
def test_a_child_that_ends_disturbs_no_transaction_of_its_parent(url: str) -> None:
    assert ran("ending", url) == ["[0] ()"]


@needs_forks
def test_a_connection_that_is_held_across_a_fork_is_the_parent_s(url: str) -> None:
    """A server has other connections for the child. A file that is open in the parent cannot be opened safely."""
    first, *said = ran("held", url)
    assert first == "[0] 1 ()"
    if "://" in url:
        assert said == ["True", "True"]
        return
    assert len(said) == 2
    for one in said:
        assert "was in use while this process was forked, so it cannot be opened here. Fork while no" in one


@needs_forks
def test_a_lock_that_another_thread_had_at_the_fork_is_free_in_the_child(url: str) -> None:
    assert ran("locked", url) == ["[0]"]


@needs_forks
def test_a_transaction_of_a_parent_that_is_killed_does_not_live_on_in_its_child(url: str) -> None:
    assert ran("orphaned", url) == ["issued", "()"]


def live_in_another(url: str, number: int) -> None:
    """Open the ledger in a process that was spawned."""
    with ledger.open(url, key=KEY) as store:
        forks.live(store, range(number, number + 2))


def use_what_was_forked(store: Ledger, number: int) -> None:
    forks.live(store, range(number, number + 2))


def ended(context: ForkContext | SpawnContext, target: object, *arguments: object) -> list[int | None]:
    """Run three processes, and return how they ended."""
    running = [context.Process(target=target, args=(*arguments, 10 * number)) for number in range(1, 4)]  # type: ignore[arg-type]
    for one in running:
        one.start()
    for one in running:
        one.join(forks.PATIENCE)
    return [one.exitcode for one in running]


def test_a_process_that_is_spawned_opens_the_ledger_itself(store: Ledger, url: str) -> None:
    accepted(store, 0)
    assert ended(multiprocessing.get_context("spawn"), live_in_another, url) == [0, 0, 0]
    forks.whole(store, range(10, 12))
    assert verify(store).faults == ()


@needs_forks
def test_processes_of_the_standard_library_may_be_forked(store: Ledger) -> None:
    accepted(store, 0)
    assert ended(multiprocessing.get_context("fork"), use_what_was_forked, store) == [0, 0, 0]
    forks.whole(store, range(30, 32))
    assert verify(store).faults == ()


def test_a_ledger_cannot_be_sent_to_another_process(store: Ledger) -> None:
    for send in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(MiExchangeError, match="cannot be sent to another process"):
            send(store)
    with pytest.raises(LedgerError):
        multiprocessing.get_context("spawn").Process(target=use_what_was_forked, args=(store, 1)).start()
    assert store.get(code(0)) is None
