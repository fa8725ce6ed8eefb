"""A storm for the limits of new exchanges: many accounts of one address and one store, all at once."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from ledger import shop
from ledger.shop import AT, KEY, account
from ledger.storm_workers import WORK, Figures, Part, Said, exchanges_of, run
from miexchange import Exchange, Quote, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import verify
from miexchange.programme import Limit
from unit import trade

if TYPE_CHECKING:
    from ledger.proofs import How
    from miexchange.ledger import Ledger

__all__ = ["limits"]

HOMES, HOME, STORE, TWICE, DAYS = 5, 6, 25, 1, 10
RULES = trade.RULES.replace(
    limits=(
        Limit("home", "address", HOME, DAYS),
        Limit("store", "store", STORE, DAYS),
        Limit("phone", "device", TWICE, DAYS),
    )
)
OFFER = trade.programme(RULES)


@dataclass(frozen=True, slots=True)
class Limits(Figures):
    """What became of the limits.

    Attributes:
        attempts: how many acceptances were asked for.
        reached: how many were refused because a limit was reached.
        accepted: how many exchanges began.
        called_off: how many of these were called off.
        counted: how many count at the end.
        over: by how many a limit is passed at the end.
        left: how many places nobody got, though more asked than there are.
        otherwise: how many were refused for another reason.
        faults: the faults that `verify` found, which looks at every window.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("over", "left", "otherwise", "faults")

    attempts: int
    reached: int
    accepted: int
    called_off: int
    counted: int
    over: int
    left: int
    otherwise: int
    faults: int


def limits(url: str, how: How, workers: int, customers: int, turns: int, *, seed: int = 0) -> Limits:
    """Let customers of a few addresses and one store begin exchanges; some call theirs off, and others follow.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many work at once.
        customers: how many customers each of them has in a turn.
        turns: how many turns, each after the window of the one before.
        seed: where the customers' ways are drawn from.
    """
    said: Said = []
    over = left = 0
    begin = time.perf_counter()
    with ledger.open(url, key=KEY, create=True) as store:
        for turn in range(turns):
            said += run(url, "limits", workers, customers, how, seed=seed, turn=turn)
            late = 100_000 * turn + 90_000
            for number in range(late, late + STORE + 1):  # more than there are places, of an address for each
                said += _begun(store, number, f"late-{number}", turn)[1]
            homes = _counted(store, turn)
            left += STORE - homes.total()
            over += max(0, homes.total() - STORE) + sum(
                max(0, count - HOME) for home, count in homes.items() if home.startswith("home")
            )
        counted = sum(exchange.state != State.VOID for exchange in exchanges_of(store))
        faults = len(verify(store).faults)
    count = Counter(what for what, _ in said)
    return Limits(
        attempts=count["attempt"],
        reached=count["reached"],
        accepted=count["accepted"],
        called_off=count["called off"],
        counted=counted,
        over=over,
        left=left,
        otherwise=count["otherwise"],
        faults=faults,
        seconds=time.perf_counter() - begin,
    )


def _at(turn: int) -> timedelta:
    return timedelta(days=DAYS * turn)


def _counted(store: Ledger, turn: int) -> Counter[str]:
    """Count the exchanges of a turn that did not end unused, by address: by the ledger's events, not by its tables."""
    homes: Counter[str] = Counter()
    for exchange in exchanges_of(store):
        if exchange.state != State.VOID and exchange.quote.at == AT + _at(turn):
            (first, *_) = store.history(exchange.code)
            homes[dict(first.event.tags)["address"]] += 1  # type: ignore[union-attr] # it is an acceptance
    return homes


def _begun(store: Ledger, number: int, home: str, turn: int) -> tuple[Exchange | None, Said]:
    at = AT + _at(turn)
    quote = appraise(shop.phone(number), trade.SAID, OFFER, at=at)
    assert isinstance(quote, Quote), quote.explain()
    answer = store.accept(
        quote,
        OFFER,
        account=account(number),
        at=at,
        idempotency_key=f"accept-{number}",
        tags={"address": home, "store": "one"},
    )
    said: Said = [("attempt", number)]
    if isinstance(answer, Exchange):
        return answer, [*said, ("accepted", number)]
    return None, [*said, ("reached" if answer.codes == ("limit_reached",) else "otherwise", number)]


def _asking(store: Ledger, part: Part) -> Said:
    said: Said = []
    dice = part.dice()
    for customer in range(part.things):
        number = 100_000 * part.turn + 1_000 * part.worker + customer
        exchange, told = _begun(store, number, f"home-{dice.randrange(HOMES)}", part.turn)
        said += told
        if exchange is not None and dice.random() < 0.3:
            store.void(exchange.code, reason="withdrawn", at=exchange.at, idempotency_key=f"void-{number}")
            said.append(("called off", number))
    return said


WORK["limits"] = _asking
