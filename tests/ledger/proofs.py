"""The proofs of the ledger, each with its figures: small in the tests, as large as the promise in `make prove`."""

from __future__ import annotations

import contextlib
import os
import signal
import string
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from threading import Barrier
from typing import TYPE_CHECKING, Literal

import psycopg
from sqlalchemy.engine import make_url

import miexchange
from ledger import insider, load, shop
from ledger.shop import AT, KEY, accepted, account, code, order, reserved
from miexchange import Exchange, Refusal, ledger
from miexchange.coupon import normal_code
from miexchange.ledger import LedgerError, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miexchange.ledger import Ledger

__all__ = ["Crashes", "Forgeries", "Insiders", "Race", "crash", "forge", "insiders", "meet", "race", "timings"]

TESTS = Path(__file__).resolve().parents[1]
SOURCES = Path(miexchange.__file__).parents[1]
How = Literal["threads", "processes"]
TICK = shop.HOUR / 3_600_000_000


def environment() -> dict[str, str]:
    """Return surroundings in which a process finds the package and this folder."""
    return {**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{TESTS}", "PYTHONDONTWRITEBYTECODE": "1"}


# ----- races


@dataclass(frozen=True, slots=True)
class Race:
    """What became of a race.

    Attributes:
        attempts: how often somebody tried.
        won: how often somebody succeeded.
        twice: how many things were won more than once.
        never: how many things nobody won.
        seconds: how long it took.
    """

    attempts: int
    won: int
    twice: int
    never: int
    seconds: float


def race(url: str, what: str, things: int, workers: int, how: How) -> Race:
    """Let workers fight for the same things; each can be won once.

    Args:
        url: an empty database.
        what: ``redeem``, ``account`` or ``device``; see `load`.
        things: how many coupons, accounts or devices.
        workers: how many fight.
        how: whether they are threads that share a ledger, or processes.
    """
    with ledger.open(url, key=KEY, create=True) as store:
        if what == "redeem":
            for number in range(things):
                accepted(store, number)
        begin = time.perf_counter()
        won = (
            _by_threads(store, what, things, workers) if how == "threads" else _by_processes(url, what, things, workers)
        )
        seconds = time.perf_counter() - begin
        found = verify(store)
        assert found, found.faults
        is_done = [exchange.is_open is (what != "redeem") for exchange in _all(store)]
        assert len(is_done) == things
        assert all(is_done)
    count = Counter(won)
    return Race(
        attempts=things * workers,
        won=len(won),
        twice=sum(1 for times in count.values() if times > 1),
        never=sum(1 for number in range(things) if not count[number]),
        seconds=seconds,
    )


def _all(store: Ledger) -> Iterator[Exchange]:
    with store.engine.connect() as connection:
        codes = connection.exec_driver_sql("SELECT code FROM exchanges").scalars().all()
    for one in codes:
        exchange = store.get(one)
        assert exchange is not None
        yield exchange


def _by_threads(store: Ledger, what: str, things: int, workers: int) -> list[int]:
    start = Barrier(workers)

    def work(worker: int) -> list[int]:
        start.wait()
        return load.WORK[what](store, things, worker)

    with ThreadPoolExecutor(workers) as pool:
        return [number for mine in pool.map(work, range(workers)) for number in mine]


def _by_processes(url: str, what: str, things: int, workers: int) -> list[int]:
    running = [
        subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, str(TESTS / "ledger" / "load.py"), what, url, str(things), str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for worker in range(workers)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won: list[int] = []
    for process in running:
        said, _ = process.communicate()
        assert process.returncode == 0
        won += map(int, said.split())
    return won


def meet(store: Ledger, first: int, rounds: int) -> dict[str, Counter[str]]:
    """Let two opposite verbs meet on one coupon, round after round; return the states that came of each pair.

    Args:
        store: the ledger.
        first: the first number of a phone that is not used yet.
        rounds: how often each pair meets.
    """
    ends = AT + 14 * 24 * shop.HOUR
    pairs: dict[str, tuple[bool, Callable[[int], object], Callable[[int], object]]] = {
        "cancel against redeem": (
            False,
            lambda n: store.void(code(n), reason="cancelled", at=AT, idempotency_key=f"void-{n}"),
            lambda n: store.reserve(code(n), order(n), account=account(n), at=AT, idempotency_key=f"reserve-{n}"),
        ),
        "sweep against reserve": (
            False,
            lambda _: store.sweep(ends).expired,
            lambda n: store.reserve(
                code(n), order(n), account=account(n), at=ends - TICK, idempotency_key=f"reserve-{n}"
            ),
        ),
        "release against complete": (
            True,
            lambda n: store.release(code(n), order=order(n).id, at=AT, idempotency_key=f"release-{n}"),
            lambda n: store.complete(code(n), order=order(n).id, at=AT, idempotency_key=f"complete-{n}"),
        ),
    }
    ended: dict[str, Counter[str]] = {name: Counter() for name in pairs}
    numbers = iter(range(first, first + rounds * len(pairs)))
    for name, (is_reserved, one, other) in pairs.items():
        for _ in range(rounds):
            number = next(numbers)
            (reserved if is_reserved else accepted)(store, number)
            start = Barrier(2)

            def run(verb: Callable[[int], object], number: int = number, start: Barrier = start) -> bool:
                start.wait()
                return bool(verb(number))

            with ThreadPoolExecutor(2) as pool:
                done = list(pool.map(run, (one, other)))
            exchange = store.get(code(number))
            assert exchange is not None
            assert exchange.version == 1 + is_reserved + sum(done), "each success is one event"
            if name != "cancel against redeem":
                assert sum(done) == 1, "each of the two ends what the other needs"
            ended[name][exchange.state.value] += 1
            if exchange.is_open:
                store.void(code(number), reason="next round", at=ends, idempotency_key=f"next-{number}")
    assert verify(store)
    return ended


# ----- crashes


@dataclass(frozen=True, slots=True)
class Crashes:
    """What became of a ledger that was written to by processes that were killed.

    Attributes:
        kills: how many processes were killed.
        acknowledged: how many transitions had been acknowledged.
        lost: how many of these are not there.
        doubled: how many requests made more than one event.
        unacknowledged: how many were under way when the process was killed.
        committed: how many of these had been made all the same.
        unresolved: how many of these a retry with their key did not resolve.
        unclean: how often `verify` found a fault afterwards.
    """

    kills: int
    acknowledged: int
    lost: int
    doubled: int
    unacknowledged: int
    committed: int
    unresolved: int
    unclean: int


def crash(urls: Iterator[str], kills: int, *, each: int = 50, backends: bool = False, seed: int = 0) -> Crashes:
    """Kill processes in the middle of their work, and look at what they leave.

    Args:
        urls: empty databases; a new one is taken after some kills, so that `verify` has not ever more to read.
        kills: how many.
        each: how many kills on one database.
        backends: whether to kill the PostgreSQL process that serves the writer, not the writer.
        seed: where the moments of the kills are drawn from.
    """
    totals = [0] * 7
    moments = Random(seed)  # noqa: S311 - moments, not secrets
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, str(TESTS / "ledger" / "load.py"), "nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as children:
        for done in range(0, kills, each):
            url = next(urls)
            ledger.open(url, key=KEY, create=True).close()
            first = 1
            for _ in range(min(each, kills - done)):
                said = _killed(children, url, first, moments, backends=backends)
                figures = _looked_at(url, said)
                totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
                first = max((int(line.split()[2]) for line in said), default=first) + 1
        assert children.stdin is not None
        children.stdin.close()
    return Crashes(kills, *totals)


def _killed(children: subprocess.Popen[bytes], url: str, first: int, moments: Random, *, backends: bool) -> list[str]:
    """Let a process live for a moment, kill it, and return what it said."""
    assert children.stdin is not None
    assert children.stdout is not None
    children.stdin.write(f"{url} {first}\n".encode())
    children.stdin.flush()
    pid, said = 0, []
    is_killed = False
    while (line := children.stdout.readline().decode().strip()) != "ended":
        assert line, "the nursery has ended"
        if line.startswith("pid"):
            pid = int(line.split()[1])
        else:
            said.append(line)
        if pid and not is_killed and any(line.startswith("done") for line in said):
            time.sleep(moments.uniform(0, 0.05))
            is_killed = True
            if backends:
                _kill_backend(url)
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    return [line for line in said if not line.startswith("lost")]


def _kill_backend(url: str) -> None:
    """Kill the server's process of every writer; PostgreSQL then ends all sessions and recovers from its log."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid() AND query <> ''"
        for (pid,) in connection.execute(query, (make_url(url).database,)).fetchall():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _opened(url: str) -> Ledger:
    """Open the ledger, as soon as its server has recovered."""
    for _ in range(600):
        try:
            return ledger.open(url, key=KEY)
        except LedgerError:
            time.sleep(0.05)
    return ledger.open(url, key=KEY)


def _looked_at(url: str, said: list[str]) -> tuple[int, ...]:
    """Count what is there of what a process said before it was killed."""
    done = {tuple(line.split()[1:]) for line in said if line.startswith("done")}
    begun = {tuple(line.split()[1:]) for line in said if line.startswith("begin")}
    assert not [line for line in said if line.startswith("refused")]
    with _opened(url) as store:
        lost = sum(1 for verb, number in done if not _events_of(store, verb, number))
        open_ones = begun - done
        committed = sum(1 for verb, number in open_ones if _events_of(store, verb, number))
        unresolved = sum(
            1
            for verb, number in open_ones
            if not isinstance(load.step(store, verb, int(number), f"{verb}-{number}"), Exchange)
            or _events_of(store, verb, number) != 1
        )
        doubled = sum(1 for verb, number in begun if _events_of(store, verb, number) > 1)
        unclean = not verify(store)
    return len(done), lost, doubled, len(open_ones), committed, unresolved, unclean


def _events_of(store: Ledger, verb: str, number: str) -> int:
    kinds = [entry.event.kind for entry in store.history(code(int(number))) if entry.request == f"{verb}-{number}"]
    assert set(kinds) <= {verb}
    return len(kinds)


# ----- forgeries


@dataclass(frozen=True, slots=True)
class Forgeries:
    """What became of codes that nobody issued.

    Attributes:
        tried: how many.
        mistyped: how many the check character refused, before the database was asked.
        refused: how many the ledger refused.
        accepted: how many were taken.
    """

    tried: int
    mistyped: int
    refused: int
    accepted: int


def forge(store: Ledger, coupons: int, tries: int, *, seed: int = 0) -> Forgeries:
    """Try codes that are made up, or real ones with a few characters changed, as the account that owns a coupon.

    Args:
        store: an empty ledger.
        coupons: how many coupons are live.
        tries: how many codes to try.
        seed: where the codes are drawn from.
    """
    chance = Random(seed)  # noqa: S311 - a guesser's dice
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    for number in range(coupons):
        accepted(store, number)
    real = [code(number) for number in range(coupons)]
    issued = set(real)
    figures: Counter[str] = Counter()
    for tried in range(tries):
        number = chance.randrange(coupons)
        guess = _forged(real[number], chance, alphabet)
        while normal_code(guess) in issued:
            guess = _forged(real[number], chance, alphabet)
        answer = store.reserve(guess, order(number), account=account(number), at=AT, idempotency_key=f"try-{tried}")
        if not isinstance(answer, Refusal):
            figures["accepted"] += 1
        else:
            figures[answer.codes[0]] += 1
    assert set(figures) <= {"accepted", "coupon_code_mistyped", "coupon_not_usable"}
    return Forgeries(tries, figures["coupon_code_mistyped"], figures["coupon_not_usable"], figures["accepted"])


def _forged(real: str, chance: Random, alphabet: str) -> str:
    """Make up a code, or change a real one: substitute, swap, drop, double or look alike."""
    kind = chance.randrange(6)
    if kind == 0:
        return "".join(chance.choices(alphabet, k=len(real)))
    symbols = list(real)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(symbols) - 1)
        if kind == 1:
            symbols[place] = chance.choice(alphabet)
        elif kind == 2:
            symbols[place], symbols[place + 1] = symbols[place + 1], symbols[place]
        elif kind == 3:
            symbols[place] = chance.choice(string.printable)
        elif kind == 4:
            del symbols[place]
        else:
            symbols.insert(place, symbols[place])
    return "".join(symbols)


def timings(store: Ledger, times: int) -> dict[str, float]:
    """Return the median seconds of a stranger's refusal, by what is wrong with the code.

    Args:
        store: an empty ledger.
        times: how often each is tried, in turns.
    """
    for number in (1, 2, 3):
        accepted(store, number)
    store.expire(code(2), at=AT + 14 * 24 * shop.HOUR, idempotency_key="expire")
    store.reserve(code(3), order(3), account=account(3), at=AT, idempotency_key="reserve")
    store.complete(code(3), order=order(3).id, at=AT, idempotency_key="complete")
    guesses = {"foreign": code(1), "expired": code(2), "spent": code(3), "unknown": code(4)}
    taken: dict[str, list[float]] = {kind: [] for kind in guesses}
    for turn in range(times):
        for kind, guess in guesses.items():
            begin = time.perf_counter()
            store.reserve(guess, order(9), account="stranger", at=AT, idempotency_key=f"{kind}-{turn}")
            taken[kind].append(time.perf_counter() - begin)
    return {kind: median(seconds) for kind, seconds in taken.items()}


# ----- an insider


@dataclass(frozen=True, slots=True)
class Insiders:
    """What became of edits that an insider without the key made.

    Attributes:
        edits: how many.
        kinds: how many of each kind.
        missed: the kinds of those that `verify` did not find.
    """

    edits: int
    kinds: dict[str, int]
    missed: tuple[str, ...]


def insiders(store: Ledger, edits: int, seed: int = 0) -> Insiders:
    """Make random edits behind the back of a ledger, one after the other, and see whether `verify` finds each.

    Args:
        store: an empty ledger.
        edits: how many.
        seed: where they are drawn from.
    """
    insider.busy(store)
    before, chance = insider.snapshot(store.engine), Random(seed)  # noqa: S311 - edits, not secrets
    found = verify(store)
    assert found, found.faults
    kinds: Counter[str] = Counter()
    missed = []
    for _ in range(edits):
        kind = insider.edited(store.engine, before, chance)
        kinds[kind] += 1
        if verify(store):
            missed.append(kind)
        insider.undo(store.engine, before)
    found = verify(store)
    assert found, found.faults
    return Insiders(edits, dict(kinds), tuple(missed))
