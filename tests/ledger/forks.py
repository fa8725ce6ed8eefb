"""What processes do that are forked while a ledger is open; each scenario prints what it found, and ends by itself.

python forks.py SCENARIO URL
"""

from __future__ import annotations

import os
import signal
import sys
from ctypes import pythonapi
from functools import partial
from threading import Event, Thread
from time import sleep
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ledger import load
from ledger.shop import AT, KEY, accepted, code, made, order, reserved
from miexchange import ledger
from miexchange.exchange import State
from miexchange.ledger import LedgerError, verify
from miexchange.ledger import _forks as forks

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange.ledger import Ledger

CHILDREN, EACH, THREADS = 8, 4, 3
PATIENCE = 60  # seconds, after which a process that hangs is killed


def forked(work: Callable[[], object]) -> int:
    """Let a child work; return its process id. It ends with 0 where all was well."""
    child = os.fork()
    if child:
        return child
    signal.alarm(PATIENCE)
    code_of_exit = 1
    try:
        work()
        code_of_exit = 0
    except BaseException as error:  # noqa: BLE001 - the parent's stack is not the child's to unwind
        os.write(2, f"{error!r}\n".encode())
    os._exit(code_of_exit)


def waited(children: list[int]) -> list[int]:
    """Return how the children ended."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def live(store: Ledger, numbers: range) -> None:
    """Let coupons of these customers live, and see that every answer is about them."""
    for number in numbers:
        for verb in ("accept", "reserve", "complete"):
            answer = made(load.step(store, verb, number, f"{verb}-{number}"))  # type: ignore[arg-type]
            found = store.get(code(number))
            if not answer.code == code(number) or found != answer:
                raise ValueError((number, answer, found))
        if len(store.history(code(number))) != 3:
            raise ValueError(number)


def whole(store: Ledger, numbers: range) -> None:
    """See that all of them are there, and the ledger is whole."""
    for number in numbers:
        found = store.get(code(number))
        if found is None or found.state != State.COMPLETED:
            raise ValueError((number, found))
    if verify(store).faults:
        raise ValueError(verify(store).faults)


def storm(url: str) -> None:
    """Threads of the parent write and read while it forks; its children do, and a child of each child."""
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 0)  # so that there are connections to inherit
        is_over = Event()
        counts = [0] * THREADS

        def work(thread: int) -> None:
            while not is_over.is_set():
                live(store, customers(CHILDREN + thread, counts[thread], 1))
                counts[thread] += 1

        threads = [Thread(target=work, args=(thread,)) for thread in range(THREADS)]
        for one in threads:
            one.start()
        children = []
        for number in range(CHILDREN):
            sleep(0.02)  # in the middle of whatever they do
            children.append(forked(partial(have_a_child, store, number)))
        ended = waited(children)
        is_over.set()
        for one in threads:
            one.join(PATIENCE)
        for number in range(CHILDREN):
            whole(store, customers(number, 0, 3 * EACH))
        for thread in range(THREADS):
            whole(store, customers(CHILDREN + thread, 0, counts[thread]))
        print(ended, min(counts) > 0)  # noqa: T201 - to whoever started it


def customers(group: int, start: int, count: int) -> range:
    """Return the numbers of some customers of a group; no two groups have one in common."""
    first = 10_000 * (group + 1) + start
    return range(first, first + count)


def have_a_child(store: Ledger, number: int) -> None:
    """Do what a child of the storm does."""
    live(store, customers(number, 0, EACH))
    if waited([forked(partial(live, store, customers(number, EACH, EACH)))]) != [0]:
        raise ValueError(number)
    if number % 3 == 0:
        store.close()  # what it closes is its own
    live(store, customers(number, 2 * EACH, EACH))
    with store.engine.connect() as connection:
        if (connection.scalar(text("SELECT count(*) FROM exchanges")) or 0) < 3 * EACH:
            raise ValueError(number)


def preloaded(url: str) -> None:
    """The parent opens, uses and forks; then it closes, and the child goes on: as servers do that load first."""
    read, write = os.pipe()
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 0)

        def child() -> None:
            live(store, range(1, 2))
            os.read(read, 1)  # until the parent has closed
            live(store, range(2, 3))

        children = [forked(child)]
        while store.get(code(1)) is None:
            sleep(0.01)
    os.write(write, b".")
    ended = waited(children)
    with ledger.open(url, key=KEY) as again:
        whole(again, range(1, 3))
    print(ended)  # noqa: T201 - as above


def ending(url: str) -> None:
    """A child ends as a program does, and all that it inherited would be freed; the parent's transaction goes on."""
    forks._TRIES = 10  # noqa: SLF001 - the connection is held on purpose
    with ledger.open(url, key=KEY, create=True) as store:
        reserved(store, 0)
        with store._sessions.transaction() as session:  # noqa: SLF001 - in the middle of a transaction
            session.run(session.statements.close_tokens, {"of_code": code(0), "bought_us": None})
            child = os.fork()
            if child == 0:
                signal.alarm(PATIENCE)
                pythonapi.Py_Exit(0)  # frees the modules and all they hold, but does not unwind the parent's stack
            ended = waited([child])
            session.run(session.statements.close_tokens, {"of_code": code(0), "bought_us": None})
            session.rollback()
            session.begin()
        live(store, range(1, 2))
        print(ended, verify(store).faults)  # noqa: T201 - as above


def held(url: str) -> None:
    """A connection of the ledger is held across a fork."""
    forks._TRIES = 10  # noqa: SLF001 - as above
    read, write = os.pipe()
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 0)

        def child() -> None:
            stores: list[Callable[[], Ledger]] = [lambda: store, lambda: ledger.open(url, key=KEY)]
            for use in stores:
                try:
                    found = use().get(code(0))
                except LedgerError as error:
                    os.write(write, f"{error}\n".encode())
                else:
                    os.write(write, f"{found is not None}\n".encode())

        with store.engine.connect() as connection:
            connection.execute(text("SELECT count(*) FROM exchanges"))
            ended = waited([forked(child)])
            still = connection.scalar(text("SELECT count(*) FROM exchanges"))
        live(store, range(1, 2))
        print(ended, still, verify(store).faults)  # noqa: T201 - as above
    print(os.read(read, 4_096).decode(), end="")  # noqa: T201 - as above


def locked(url: str) -> None:
    """Another thread has the locks of the ledger at the moment of the fork."""
    has, is_over = Event(), Event()
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 0)
        pool: Any = store.engine.pool
        # Files are given back before a fork, for which the locks of their pool must be free.
        locks = [store._lock, *([pool._overflow_lock, pool._pool.mutex] if "://" in url else [])]  # noqa: SLF001 - as above

        def hold() -> None:
            for one in locks:
                one.acquire()
            has.set()
            is_over.wait(PATIENCE)
            for one in locks:
                one.release()

        thread = Thread(target=hold)
        thread.start()
        has.wait(PATIENCE)
        ended = waited([forked(lambda: live(store, range(1, 3)))])
        is_over.set()
        thread.join()
        whole(store, range(1, 3))
        print(ended)  # noqa: T201 - as above


def orphaned(url: str) -> None:
    """The parent is killed in a transaction while a child lives on: the database ends the transaction."""
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:
        store = ledger.open(url, key=KEY, create=True)
        reserved(store, 0)
        forks._TRIES = 10  # noqa: SLF001 - as above
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE exchanges SET version = version"))
            child = forked(lambda: sleep(PATIENCE))
            os.write(write, f"{child}".encode())
            os.kill(os.getpid(), signal.SIGKILL)
    child = int(os.read(read, 100))
    waited([parent])
    with ledger.open(url, key=KEY, seconds_to_wait=5) as store:
        print(made(store.release(code(0), order=order(0).id, at=AT, idempotency_key="release")).state)  # noqa: T201 - as above
        print(verify(store).faults)  # noqa: T201 - as above
    os.kill(child, signal.SIGKILL)


SCENARIOS = {one.__name__: one for one in (storm, preloaded, ending, held, locked, orphaned)}

if __name__ == "__main__":
    signal.alarm(2 * PATIENCE)
    SCENARIOS[sys.argv[1]](sys.argv[2])
    sys.stdout.flush()
