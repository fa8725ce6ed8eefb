"""The workers of a storm: threads or processes that all begin at once, and the figures that they leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Barrier
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ledger import forks as forking
from ledger import proofs
from ledger.shop import AT, KEY, order
from miexchange import Exchange, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.proofs import How
    from miexchange.ledger import Ledger


__all__ = [
    "KEYS_OF",
    "MINUTE",
    "PATIENCE",
    "SECOND",
    "WORK",
    "Edit",
    "Figures",
    "Part",
    "Said",
    "Work",
    "exchanges_of",
    "fork_workers",
    "handed_over",
    "run",
    "script",
]

Said = list[tuple[str, int]]
"""What a worker saw, and of which phone."""
Edit = Callable[[dict[str, Any], Random], None]
Work = Callable[["Ledger", "Part"], Said]

WORK: dict[str, Work] = {}
"""What a worker does, by the name of its storm; each storm notes its own."""
KEYS_OF: dict[str, Callable[[Part], tuple[bytes, ...]]] = {}
"""With which keys a worker opens the ledger, where a storm is about keys."""
PATIENCE = 30  # seconds that a worker waits for another before it gives up
TURN = 300  # seconds for an SQLite file: it has no queue for processes, so that one of sixteen can starve for long
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


HEADS = {
    "altered": "refused as altered",
    "faults": "`verify` faults",
    "first_at_most": "first at most at once",
    "made_later": "made later by the same key",
    "never": "never bought",
    "not_back": "places not back",
    "other_counts": "counts that are not the events'",
    "other_coupons": "coupons not as appraised",
    "other_seal": "sealed with a key that the server lacks",
    "other_standing": "standing wrong",
    "otherwise": "refused otherwise",
    "outdated": "as outdated",
    "over": "too many",
    "refused_within": "refused within 2 s",
    "second_at_most": "second at most at once",
    "strange_opened": "strange key opened",
    "strange_refused": "strange key refused",
    "taken": "phone taken before",
    "unreadable": "refused when read",
    "unsealed": "as unsealed",
    "within": "lives within 2 s",
}
"""What a table calls a figure, where its name does not say it to everybody."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a storm.

    Attributes:
        ZERO: the figures that must be 0.
        SAME: pairs of figures that must be equal.
        seconds: how long it took.
    """

    ZERO: ClassVar[tuple[str, ...]] = ()
    SAME: ClassVar[tuple[tuple[str, str], ...]] = ()

    seconds: float

    @property
    def broken(self) -> list[str]:
        """What breaks a promise, each as one text."""
        zero = [f"{name} is {getattr(self, name)}" for name in self.ZERO if getattr(self, name)]
        pairs = [(one, other) for one, other in self.SAME if getattr(self, one) != getattr(self, other)]
        return zero + [f"{one} is {getattr(self, one)}, not the {getattr(self, other)} {other}" for one, other in pairs]

    @property
    def row(self) -> dict[str, object]:
        """The figures by name, as a table shows them."""
        names = [field.name for field in fields(self) if field.name != "seconds"]
        told = {HEADS.get(name, name.replace("_", " ")): getattr(self, name) for name in names}
        return {**told, "took": f"{self.seconds:.0f} s"}


class Part(NamedTuple):
    """What one worker of a storm has to do.

    Attributes:
        url: the database.
        worker: the worker's number.
        workers: how many there are.
        things: the size of the storm, as its own work counts it.
        seed: where dice are drawn from.
        turn: which turn of the storm it is.
    """

    url: str
    worker: int
    workers: int
    things: int
    seed: int
    turn: int

    def dice(self) -> Random:
        """Return the worker's dice."""
        return Random(f"{self.seed} {self.turn} {self.worker}")  # noqa: S311 - dice, not secrets


def run(url: str, what: str, workers: int, things: int, how: How, *, seed: int, turn: int = 0) -> Said:
    """Let all workers do their parts at once; return what they said."""
    if how == "processes":
        numbers = [str(number) for number in (workers, things, seed, turn)]
        done = script(what, url, *numbers)
        return [(said, number) for line in done for said, number in json.loads(line)]
    parts = [Part(url, worker, workers, things, seed, turn) for worker in range(workers)]
    start = Barrier(workers)
    with ExitStack() as stack:
        stores: dict[tuple[bytes, ...], Ledger] = {}
        for part in parts:
            keys_of = _keys_of(what, part)
            if keys_of not in stores:
                opened = ledger.open(url, key=keys_of[0], create=True, old_keys=keys_of[1:], seconds_to_wait=TURN)
                stores[keys_of] = stack.enter_context(opened)

        def work(part: Part) -> Said:
            start.wait()
            return WORK[what](stores[_keys_of(what, part)], part)

        pool = stack.enter_context(ThreadPoolExecutor(workers))
        return [one for said in pool.map(work, parts) for one in said]


def script(*arguments: str) -> list[str]:
    """Run `storms.py` in a process of its own, and return the lines that it printed."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(Path(__file__).with_name("storms.py").resolve()), *arguments],
        env=proofs.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def fork_workers(what: str, url: str, workers: int, things: int, seed: int, turn: int) -> None:
    """Fork a process for each worker; each opens the ledger, all begin at once, and what they said is printed."""
    go_read, go_write = os.pipe()
    answers, children = [], []
    for worker in range(workers):
        ready_read, ready_write = os.pipe()
        read, write = os.pipe()
        part = Part(url, worker, workers, things, seed, turn)
        child = os.fork()
        if child == 0:
            os.close(go_write)
            os._exit(_worked(what, part, ready_write, go_read, write))
        os.close(ready_write)
        os.close(write)
        os.read(ready_read, 1)  # one after the other: the first one of a new key takes it into the ledger
        os.close(ready_read)
        answers.append(read)
        children.append(child)
    os.close(go_write)
    for read in answers:
        with os.fdopen(read) as lines:
            print(lines.read(), end="")  # noqa: T201 - to whoever started it
    if any(forking.waited(children)):
        sys.exit("a worker failed")


def _worked(what: str, part: Part, ready: int, go: int, write: int) -> int:
    """Do a worker's part in a process; return its exit code."""
    try:
        keys_of = _keys_of(what, part)
        with ledger.open(part.url, key=keys_of[0], create=True, old_keys=keys_of[1:], seconds_to_wait=TURN) as store:
            os.write(ready, b".")
            os.read(go, 1)  # until the other end is closed
            said = WORK[what](store, part)
        with os.fdopen(write, "w") as lines:
            lines.write(json.dumps(said) + "\n")
    except BaseException:  # noqa: BLE001 - the parent's stack is not the child's to unwind
        traceback.print_exc()
        return 1
    return 0


def _keys_of(what: str, part: Part) -> tuple[bytes, ...]:
    """Return the keys with which a worker opens the ledger, the one in use first."""
    return KEYS_OF[what](part) if what in KEYS_OF else (KEY,)


def exchanges_of(store: Ledger) -> Iterator[Exchange]:
    """Fold every exchange of a ledger."""
    return proofs._all(store)  # noqa: SLF001 - as the proofs do


def handed_over(store: Ledger, exchange: Exchange, who: str, number: int) -> bool:
    """Use a coupon and hand the phone over; tell whether that was possible."""
    wanted = order(number)
    asked: dict[str, Any] = {"account": who, "at": AT, "idempotency_key": f"use-{number}"}
    held = store.reserve(exchange.code, wanted, **asked)
    done = store.complete(exchange.code, order=wanted.id, at=AT, idempotency_key=f"hand-over-{number}")
    return isinstance(held, Exchange) and isinstance(done, Exchange)
