"""A storm for the places of bonuses."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from ledger import shop
from ledger.shop import AT, HOUR, KEY, account, imei, order
from ledger.storm_workers import (
    WORK,
    Figures,
    Part,
    Said,
    exchanges_of,
    run,
)
from miexchange import Exchange, Quote, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import verify
from miexchange.programme import Bonus
from unit import trade

if TYPE_CHECKING:
    from ledger.proofs import How
    from miexchange.ledger import Ledger


__all__ = ["quotas"]


@dataclass(frozen=True, slots=True)
class Quotas(Figures):
    """What became of a bonus with a quota, and of the one that is given in its place.

    Attributes:
        attempts: how many acceptances were asked for.
        used_up: how many were refused because the places were taken meanwhile.
        accepted: how many exchanges began.
        called_off: how many of these were called off.
        requoted: how many were re-quoted at the door.
        sweeps: how often a worker swept.
        first_given: how many coupons had the first bonus in the course of the storm.
        first_at_most: how often it was given at most at any time.
        second_given: how many coupons had the second one.
        second_at_most: how often it was given at most at any time.
        over: by how much either was more than its quota, at any time.
        other_counts: how often the ledger's count was not what the events say, with nobody at work.
        not_back: how many places had not come back when all coupons but the used ones had ended.
        otherwise: how many were refused for another reason.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("over", "other_counts", "not_back", "otherwise", "faults")

    attempts: int
    used_up: int
    accepted: int
    called_off: int
    requoted: int
    sweeps: int
    first_given: int
    first_at_most: int
    second_given: int
    second_at_most: int
    over: int
    other_counts: int
    not_back: int
    otherwise: int
    faults: int


PLACES = {"first": 20, "second": 30}
OFFER = trade.programme(
    bonuses=(
        Bonus(
            "first", "First", amount_minor=50_000, from_value_minor=900_000, quota=PLACES["first"], fall_back="second"
        ),
        Bonus("second", "Second", amount_minor=20_000, quota=PLACES["second"]),
    )
)
ENDED = AT + 20 * 24 * HOUR
"""When every coupon has expired."""
LATE = sum(PLACES.values()) + 5
"""How many customers come after the workers of a turn, more than there are places: so none is left when all count."""
QUOTES = 4
"""How often a customer asks for a quote, where its bonus was used up."""


def quotas(url: str, how: How, workers: int, customers: int, turns: int, *, seed: int = 0) -> Quotas:
    """Let customers fight for the places of a bonus, and give some back; after each turn all places are taken.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many work at once.
        customers: how many customers each of them has in a turn.
        turns: how many turns.
        seed: where the customers' ways are drawn from.
    """
    said: Said = []
    most, other_counts, not_back, seconds = Counter[str](), 0, 0, 0.0
    with ledger.open(url, key=KEY, create=True) as store:
        for turn in range(turns):
            begin = time.perf_counter()
            said += run(url, "quotas", workers, customers, how, seed=seed, turn=turn)
            for number in range(100_000 * turn + 90_000, 100_000 * turn + 90_000 + LATE):
                _begun(store, number, Random(number), said)  # noqa: S311 - dice, not secrets
            seconds += time.perf_counter() - begin
            held = _held(store)
            most |= held
            other_counts += held != +Counter(store.bonuses_given(OFFER))
            store.sweep(ENDED)
            kept = _held(store)
            other_counts += kept != +Counter(store.bonuses_given(OFFER))
            used = Counter(
                bonus.id
                for exchange in exchanges_of(store)
                if exchange.state in {State.COMPLETED, State.ADJUSTED}
                for bonus in _bonuses_of(exchange)
            )
            not_back += (kept - used).total()
        every = list(exchanges_of(store))
        faults = len(verify(store).faults)
    for what, number in said:  # what the workers read in the course of it
        if what in PLACES:
            most[what] = max(most[what], number)
    given = Counter(bonus.id for exchange in every for bonus in exchange.coupon.bonuses)
    count = Counter(what for what, _ in said if what not in PLACES)
    return Quotas(
        attempts=count["attempt"],
        used_up=count["used up"],
        accepted=count["accepted"],
        called_off=count["called off"],
        requoted=count["requoted"],
        sweeps=count["sweep"],
        first_given=given["first"],
        first_at_most=most["first"],
        second_given=given["second"],
        second_at_most=most["second"],
        over=sum(max(0, most[bonus] - quota) for bonus, quota in PLACES.items()),
        other_counts=other_counts,
        not_back=not_back,
        otherwise=count["otherwise"],
        faults=faults,
        seconds=seconds,
    )


def _bonuses_of(exchange: Exchange) -> set[Any]:
    """Return the bonuses of which an exchange has a place, as its events say; both, while a re-quote is undecided."""
    found = () if exchange.examination is None else exchange.examination.bonuses
    if exchange.state in {State.EXPIRED, State.VOID}:
        return set()
    if exchange.state == State.REQUOTED:
        return {*found, *exchange.coupon.bonuses}
    return set(found if exchange.state == State.ADJUSTED else exchange.coupon.bonuses)


def _held(store: Ledger) -> Counter[str]:
    """Count the places that are taken, as the events say."""
    return Counter(bonus.id for exchange in exchanges_of(store) for bonus in _bonuses_of(exchange))


def _bargaining(store: Ledger, part: Part) -> Said:
    said: Said = []
    dice = part.dice()
    for customer in range(part.things):
        number = 100_000 * part.turn + 1_000 * part.worker + customer
        exchange = _begun(store, number, dice, said)
        if exchange is not None:
            said.append(("accepted", number))
            _went_on(store, exchange, number, dice, said)
        given = store.bonuses_given(OFFER)
        said += [(bonus, times) for bonus, times in given.items()]
    return said


def _begun(store: Ledger, number: int, dice: Random, said: Said) -> Exchange | None:
    """Quote and accept, again where the bonus was used up; now and then the quote is from before the storm."""
    for turn in range(QUOTES):
        given = {} if dice.random() < 0.2 else store.bonuses_given(OFFER)
        quote = appraise(shop.phone(number), trade.SAID, OFFER, at=AT, bonuses_given=given)
        assert isinstance(quote, Quote)
        key = f"accept-{number}-{turn}"
        answer = store.accept(quote, OFFER, account=account(number), at=AT, idempotency_key=key)
        said.append(("attempt", number))
        if isinstance(answer, Exchange):
            return answer
        said.append(("used up" if answer.codes == ("bonus_used_up",) else "otherwise", number))
    return None


def _went_on(store: Ledger, exchange: Exchange, number: int, dice: Random, said: Said) -> None:
    """Let a coupon be called off, used, found worn at the door, or left to the sweep."""
    way, code, wanted = dice.random(), exchange.code, order(number)
    if way < 0.4:
        if store.void(code, reason="withdrawn", at=AT, idempotency_key=f"void-{number}"):
            said.append(("called off", number))
    elif way < 0.52:
        asked: dict[str, Any] = {"account": account(number), "at": AT}
        held = store.reserve(code, wanted, **asked, idempotency_key=f"reserve-{number}")
        if way < 0.41:
            store.complete(code, order=wanted.id, at=AT, idempotency_key=f"complete-{number}")
        elif held:
            seen = trade.seen(
                imeis=(imei(2 * number), imei(2 * number + 1)),
                answers=trade.SAID.replace(glass="scratched", battery="weak"),
                evidence=(("glass", "photo"), ("battery", "photo")),
            )
            found = store.inspect(code, seen, OFFER, order=wanted.id, at=AT, idempotency_key=f"inspect-{number}")
            if isinstance(found, Exchange) and found.state == State.REQUOTED:
                said.append(("requoted", number))
            if way < 0.42:
                store.agree(code, **asked, idempotency_key=f"agree-{number}")
            elif way < 0.5:
                store.decline(code, **asked, idempotency_key=f"decline-{number}")
    elif way < 0.53 and dice.random() < 0.5:
        store.sweep(ENDED)
        said.append(("sweep", number))


WORK["quotas"] = _bargaining
