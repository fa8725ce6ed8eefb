"""What other processes do to a ledger: they redeem, storm, or live until they are killed.

python load.py redeem URL COUPONS WORKER    each coupon once, for orders of this worker
python load.py account URL ROUNDS WORKER    accept quotes of different phones for one account
python load.py device URL ROUNDS WORKER     accept quotes of one phone for different accounts
python load.py read URL COUPONS WORKER      read all coupons until a line comes
python load.py nursery                      read lines of URL and NUMBER, and fork a process for each that lives until
                                            it is killed

Each says ``ready`` and waits for a line, so that all begin at once.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from itertools import count
from random import Random
from select import select
from typing import TYPE_CHECKING

from ledger import shop
from ledger.shop import AT, KEY, account, code, order, quote
from miexchange import Exchange, ledger
from miexchange.ledger import Ledger, LedgerError, verify
from miexchange.ledger import _books as books

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange import Quote

__all__ = ["WORK", "accept_one_account", "accept_one_device", "digest", "read", "redeem"]


def redeem(store: Ledger, coupons: int, worker: int) -> list[int]:
    """Try to use every coupon for an order of this worker, in an order of its own; return those that it got."""
    mine = []
    for number in Random(worker).sample(range(coupons), coupons):  # noqa: S311 - an order, not a secret
        wanted = order(number, f"-of-{worker}")
        held = store.reserve(
            code(number), wanted, account=account(number), at=AT, idempotency_key=f"reserve-{number}-{worker}"
        )
        if isinstance(held, Exchange):
            done = store.complete(code(number), order=wanted.id, at=AT, idempotency_key=f"complete-{number}-{worker}")
            if isinstance(done, Exchange):
                mine.append(number)
    return mine


def accept_one_account(store: Ledger, rounds: int, worker: int) -> list[int]:
    """Accept, in each round, the quote of a phone of this worker for the one account of the round."""
    return [
        number
        for number in range(rounds)
        if _accepts(store, quote(1_000 * (worker + 1) + number), f"account of round {number}", f"{number}-{worker}")
    ]


def accept_one_device(store: Ledger, rounds: int, worker: int) -> list[int]:
    """Accept, in each round, a quote of the one phone of the round for an account of this worker.

    Half of the workers know both of its SIMs, the others one of them, in every other round the second.
    """
    return [
        number
        for number in range(rounds)
        if _accepts(store, _known(number, worker), f"account-{number}-{worker}", f"{number}-{worker}")
    ]


def _known(number: int, worker: int) -> Quote:
    both = quote(number)
    return both.replace(imeis=(both.imeis[number % 2],)) if worker % 2 else both


def _accepts(store: Ledger, given: Quote, of: str, key: str) -> bool:
    answer = store.accept(given, shop.PROGRAMME, account=of, at=AT, idempotency_key=f"accept-{key}")
    return isinstance(answer, Exchange)


def digest(exchange: Exchange) -> str:
    """Return a short name of a state of an exchange."""
    return sha256(exchange.to_json().encode()).hexdigest()


def read(store: Ledger, coupons: int, is_over: Callable[[], bool]) -> set[str]:
    """Read all coupons until it is over; return the states that were seen. No exchange ever goes back."""
    seen: set[str] = set()
    versions = [0] * coupons
    while not is_over():
        for number in range(coupons):
            exchange = store.get(code(number))
            if exchange is None or exchange.version < versions[number]:
                raise ValueError(exchange)
            versions[number] = exchange.version
            seen.add(digest(exchange))
        if not verify(store):
            raise ValueError(verify(store).faults)
    return seen


def read_until_a_line_comes(store: Ledger, coupons: int) -> list[str]:
    """Read all coupons, every time their events too, until there is a line to read."""
    books._KEPT = 0  # noqa: SLF001 - nothing is kept in memory
    print("reading", flush=True)  # noqa: T201 - to whoever started it
    return sorted(read(store, coupons, lambda: bool(select([sys.stdin], [], [], 0)[0])))


WORK = {"redeem": redeem, "account": accept_one_account, "device": accept_one_device}
"""What a worker can do, by its name."""


def live(url: str, first: int) -> None:
    """Go through lives, one coupon after the other, and say before and after each transition what it is."""

    def say(*words: object) -> None:
        os.write(1, (" ".join(map(str, words)) + "\n").encode())  # at once, and whole: a kill cuts no line

    with ledger.open(url, key=KEY) as store:
        for number in count(first):
            for verb in ("accept", "reserve", "complete"):
                key = f"{verb}-{number}"
                say("begin", verb, number)
                try:
                    answer = step(store, verb, number, key)
                except LedgerError:  # the server was killed instead
                    say("lost", verb, number)
                    return
                say("done" if isinstance(answer, Exchange) else "refused", verb, number)


def step(store: Ledger, verb: str, number: int, key: str) -> object:
    """Make one transition of a life."""
    if verb == "accept":
        return store.accept(quote(number), shop.PROGRAMME, account=account(number), at=AT, idempotency_key=key)
    if verb == "reserve":
        return store.reserve(code(number), order(number), account=account(number), at=AT, idempotency_key=key)
    return store.complete(code(number), order=order(number).id, at=AT, idempotency_key=key)


def nursery() -> None:
    """Fork a child for each line: everything is imported already, so a life begins at once."""
    for line in sys.stdin:
        url, number = line.split()
        child = os.fork()
        if child == 0:
            try:
                live(url, int(number))
            finally:
                os._exit(0)
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"ended\n")


def _worked(what: str, store: Ledger, number: str, worker: str) -> list[int]:
    return WORK[what](store, int(number), int(worker))


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    if arguments == ["nursery"]:
        nursery()
        return
    what, url, number, worker = arguments
    with ledger.open(url, key=KEY) as store:
        print("ready", flush=True)  # noqa: T201 - to whoever started it
        sys.stdin.readline()
        done = read_until_a_line_comes(store, int(number)) if what == "read" else _worked(what, store, number, worker)
        print(*done, flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main(sys.argv[1:])
