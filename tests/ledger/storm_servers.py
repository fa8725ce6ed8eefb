"""Storms of servers: some fork while they serve, and some have clocks that differ."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, ClassVar

from ledger import forks as forking
from ledger import load, shop
from ledger.shop import AT, KEY, account, order
from ledger.storm_workers import (
    MINUTE,
    PATIENCE,
    SECOND,
    WORK,
    Figures,
    Part,
    Said,
    exchanges_of,
    run,
    script,
)
from miexchange import Exchange, Quote, Refusal, accept, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import _forks as guarded
from miexchange.ledger import verify
from unit import trade

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ledger.proofs import How
    from miexchange.ledger import Ledger


__all__ = ["fork", "serve_and_fork", "skew"]


@dataclass(frozen=True, slots=True)
class Forks(Figures):
    """What became of a server that forks while it serves.

    Attributes:
        processes: how many children were forked, with the child of each of them.
        answers: how many answers were about the coupon that was asked for, and as the ledger has it.
        foreign: how many were not.
        errors: how many calls raised an error, and how many processes ended with one.
        hanging: how many processes had to be killed.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("foreign", "errors", "hanging", "faults")

    processes: int
    answers: int
    foreign: int
    errors: int
    hanging: int
    faults: int


def fork(url: str, children: int, each: int, *, patience: int = 300, careless: bool = False) -> Forks:
    """Let a server fork workers while it serves, and each of them another one; all serve customers of their own.

    Args:
        url: an empty database.
        children: how many workers the server forks.
        each: how many customers a process serves, before its own child and after it.
        patience: the seconds after which a process counts as hanging.
        careless: whether the ledger does not notice the forks.
    """
    begin = time.perf_counter()
    (line,) = script("forks", url, str(children), str(each), str(patience), *(["careless"] if careless else []))
    answers, foreign, errors, hanging, faults = json.loads(line)
    seconds = time.perf_counter() - begin
    return Forks(seconds, 2 * children, answers, foreign, errors, hanging, faults)


def _served(store: Ledger, numbers: range) -> Counter[str]:
    """Let coupons live; count the answers that are the asker's own and those that are not."""
    count: Counter[str] = Counter()
    for number in numbers:
        for verb in ("accept", "reserve", "complete"):
            try:
                answer = load.step(store, verb, number, f"{verb}-{number}")
                found = store.get(shop.code(number))
            except Exception:  # noqa: BLE001 - whatever a connection in two processes makes of it
                count["errors"] += 1
            else:
                is_own = isinstance(answer, Exchange) and answer.code == shop.code(number) and answer == found
                count["answers" if is_own else "foreign"] += 1
    return count


def serve_and_fork(url: str, children: int, each: int, patience: int, *, careless: bool) -> None:
    """Be the server: open the ledger, warm its connections, fork, go on, and print the figures."""
    forking.PATIENCE = patience
    signal.alarm(8 * patience)
    store = ledger.open(url, key=KEY, create=True)
    forking.live(store, range(1, 2))
    if careless:
        guarded._ledgers.clear()  # noqa: SLF001 - this ledger is to notice no fork
        guarded._engines.clear()  # noqa: SLF001 - as above
        guarded._process.connections.clear()  # noqa: SLF001 - as above
    is_over, count = Event(), Counter[str]()
    read, write = os.pipe()

    def go_on(thread: int) -> None:
        served = 0
        while not is_over.is_set():
            count.update(_served(store, forking.customers(children + thread, served, 1)))
            served += 1

    threads = [Thread(target=go_on, args=(thread,), daemon=True) for thread in range(forking.THREADS)]
    for one in threads:
        one.start()
    pids = []
    for number in range(children):
        time.sleep(0.02)  # in the middle of whatever they do
        pids.append(forking.forked(partial(_child, store, number, each, write)))
    ended = forking.waited(pids)
    is_over.set()
    for one in threads:
        one.join(patience)
    os.close(write)
    with os.fdopen(read) as lines:
        for line in lines:
            count.update(json.loads(line))
    killed = [code for code in ended if code == -signal.SIGALRM]
    hanging = len(killed) + sum(one.is_alive() for one in threads)
    count["errors"] += sum(code != 0 for code in ended) - len(killed)
    with ledger.open(url, key=KEY) as again:
        faults = len(verify(again).faults)
    figures = [count["answers"], count["foreign"], count["errors"], hanging, faults]
    print(json.dumps(figures), flush=True)  # noqa: T201 - to whoever started it
    os._exit(0)  # a thread that hangs is not waited for


def _child(store: Ledger, number: int, each: int, write: int) -> None:
    count = _served(store, forking.customers(number, 0, each))
    grandchild = forking.forked(
        lambda: _say(write, _served(store, forking.customers(number, each, each)))  # its parent goes on meanwhile
    )
    count += _served(store, forking.customers(number, 2 * each, each))
    if number % 3 == 0:
        store.close()  # what it closes is its own
    if forking.waited([grandchild]) != [0]:
        count["errors"] += 1
    count += _served(store, forking.customers(number, 3 * each, each))
    _say(write, count)


def _say(write: int, count: Counter[str]) -> None:
    os.write(write, (json.dumps(count) + "\n").encode())  # short enough to be written at once


@dataclass(frozen=True, slots=True)
class Skew(Figures):
    """What became of lives whose steps were made on machines with different clocks.

    Attributes:
        lives: how many coupons were quoted, accepted, reserved and completed.
        requests: how many first requests that is.
        within: how many lives only met clocks that differ by no more than the terms allow.
        refused_within: how many requests of these were refused.
        refused_beyond: how many requests of the others were refused.
        made_later: how many of these were made by the same idempotency key, once the clock was right.
        otherwise: refusals for another reason than the instant.
        unfinished: how many coupons are not completed.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("refused_within", "otherwise", "unfinished", "faults")
    SAME: ClassVar[tuple[tuple[str, str], ...]] = (("made_later", "refused_beyond"),)

    lives: int
    requests: int
    within: int
    refused_within: int
    refused_beyond: int
    made_later: int
    otherwise: int
    unfinished: int
    faults: int


VERBS = ("accept", "reserve", "complete")
FAR = {5: -4 * MINUTE, 7: 6 * MINUTE}
"""The workers whose clocks are wrong by minutes."""
PUT_RIGHT = 10 * MINUTE
"""When all clocks are right."""
OF_THE_INSTANT = {"event_before_last", "quote_not_yet_valid", "coupon_not_yet_valid"}


def skew(url: str, how: How, workers: int, lives: int, *, seed: int = 0) -> Skew:
    """Let coupons live on machines whose clocks differ by up to a second either way, and two of them by minutes.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many machines there are, at least 8.
        lives: how many coupons.
        seed: where the clocks are drawn from.
    """
    with ledger.open(url, key=KEY, create=True) as store:
        begin = time.perf_counter()
        said = run(url, "skew", workers, lives, how, seed=seed)
        seconds = time.perf_counter() - begin
        done = sum(exchange.state == State.COMPLETED for exchange in exchanges_of(store))
        faults = len(verify(store).faults)
    count = Counter(what for what, _ in said)
    return Skew(
        lives=lives,
        requests=count["request"],
        within=sum(_is_within(number, workers) for number in range(lives)),
        refused_within=count["refused within"],
        refused_beyond=count["refused beyond"],
        made_later=count["made later"],
        otherwise=count["otherwise"],
        unfinished=lives - done,
        faults=faults,
        seconds=seconds,
    )


def _machines(number: int, workers: int) -> list[int]:
    """Return the machines of a life: the one that quotes, then those of the steps."""
    return [(number + step) % workers for step in range(1 + len(VERBS))]


def _is_within(number: int, workers: int) -> bool:
    return FAR.keys().isdisjoint(_machines(number, workers))


def _small_skew(seed: int, worker: int) -> timedelta:
    """Return by how much the clock of a machine is wrong that is as right as clocks are."""
    return Random(f"{seed} clock {worker}").uniform(-1, 1) * SECOND  # noqa: S311 - a clock, not a secret


def _clock(seed: int, worker: int, number: int, step: int) -> datetime:
    """Return what a machine's clock shows at a step of a life; the steps follow each other in a millisecond."""
    now = AT + (10 * number + step) * SECOND / 1_000
    return now + FAR.get(worker, _small_skew(seed, worker))


@cache
def _quoted_at(at: datetime, number: int) -> Quote:
    answer = appraise(shop.phone(number), trade.SAID, shop.PROGRAMME, at=at)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _skewing(store: Ledger, part: Part) -> Said:
    said: Said = []
    for step, verb in enumerate(VERBS, start=1):
        for number in range(part.things):
            machines = _machines(number, part.workers)
            if machines[step] != part.worker:
                continue
            quote = _quoted_at(_clock(part.seed, machines[0], number, 0), number)
            code = _code_of(quote, number)
            _wait_for(store, code, step - 1)
            at = _clock(part.seed, part.worker, number, step)
            answer = _step(store, verb, quote, number, at)
            said.append(("request", number))
            if isinstance(answer, Exchange):
                continue
            said.append(("refused within" if _is_within(number, part.workers) else "refused beyond", number))
            if not set(answer.codes) <= OF_THE_INSTANT:
                said.append(("otherwise", number))
            at = AT + PUT_RIGHT + _small_skew(part.seed, part.worker)
            if isinstance(_step(store, verb, quote, number, at), Exchange):
                said.append(("made later", number))
            else:
                _step(store, verb, quote, number, at + MINUTE, "another key ")  # so that the life goes on
    return said


@cache
def _code_of(quote: Quote, number: int) -> str:
    return shop.made(accept(quote, shop.PROGRAMME, account=account(number), at=quote.at, key=KEY)).code


def _wait_for(store: Ledger, code: str, version: int) -> None:
    """Wait until another machine has made the step before."""
    for _ in range(1_000 * PATIENCE):
        found = store.get(code) if version else None
        if not version or (found is not None and found.version >= version):
            return
        time.sleep(0.001)
    raise TimeoutError(code)


def _step(store: Ledger, verb: str, quote: Quote, number: int, at: datetime, of: str = "") -> Exchange | Refusal:
    code, key = _code_of(quote, number), f"{of}{verb}-{number}"
    if verb == "accept":
        return store.accept(quote, shop.PROGRAMME, account=account(number), at=at, idempotency_key=key)
    if verb == "reserve":
        return store.reserve(code, order(number), account=account(number), at=at, idempotency_key=key)
    return store.complete(code, order=order(number).id, at=at, idempotency_key=key)


WORK["skew"] = _skewing
