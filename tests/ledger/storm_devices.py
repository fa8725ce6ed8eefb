"""Storms of phones: some have two SIMs, and some are offered to servers with old and new keys."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from ledger import shop
from ledger.shop import AT, HOUR, KEY, account, imei, order
from ledger.storm_workers import (
    KEYS_OF,
    WORK,
    Figures,
    Part,
    Said,
    exchanges_of,
    handed_over,
    run,
)
from miexchange import Device, Exchange, Quote, Refusal, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import LedgerError, verify
from unit import small, trade

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.proofs import How
    from miexchange.ledger import Ledger


__all__ = ["keys", "sims"]


@dataclass(frozen=True, slots=True)
class Sims(Figures):
    """What became of phones with two SIMs that were offered by either, and by both.

    Attributes:
        phones: how many.
        attempts: how many acceptances were asked for.
        accepted: how many exchanges began.
        closed_by_the_door: how many of these were called off, because the phone was seen at another one's door.
        bought_once: how many phones were bought once.
        bought_twice: how many were bought more often.
        bought_again: how many offers were accepted after all phones had been bought.
        other_standing: how many phones are not known as bought, in that exchange, by each SIM.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("bought_twice", "bought_again", "other_standing", "faults")
    SAME: ClassVar[tuple[tuple[str, str], ...]] = (("bought_once", "phones"),)

    phones: int
    attempts: int
    accepted: int
    closed_by_the_door: int
    bought_once: int
    bought_twice: int
    bought_again: int
    other_standing: int
    faults: int


DOOR = trade.programme(trade.RULES.replace(inspection="required"))
SHOWN = ((0,), (1,), (0, 1))
"""By which of its SIMs a phone is offered."""
OFFERED = 3
"""How often each worker offers each phone."""


def sims(url: str, how: How, workers: int, phones: int, *, seed: int = 0) -> Sims:
    """Offer phones with two SIMs by the one, the other and both, for different accounts; the door sees both.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many offer each phone.
        phones: how many phones.
        seed: where the SIMs are drawn from.
    """
    with ledger.open(url, key=KEY, create=True) as store:
        begin = time.perf_counter()
        said = run(url, "sims", workers, phones, how, seed=seed)
        seconds = time.perf_counter() - begin
        every = list(exchanges_of(store))
        bought = Counter(number for what, number in said if what == "bought")
        done = {exchange.code for exchange in every if exchange.state == State.COMPLETED}
        assert sum(bought.values()) == len(done)
        again = [_offer(store, phone, which, "late", AT + HOUR) for phone in range(phones) for which in SHOWN]
        wrong = sum(not _is_known_as_bought(store, phone, done) for phone in range(phones))
        closed = sum(_is_closed_by_the_door(store, exchange) for exchange in every)
        faults = len(verify(store).faults)
    count = Counter(what for what, _ in said)
    return Sims(
        phones=phones,
        attempts=count["attempt"],
        accepted=count["accepted"],
        closed_by_the_door=closed,
        bought_once=sum(times == 1 for times in bought.values()),
        bought_twice=sum(times > 1 for times in bought.values()),
        bought_again=sum(isinstance(answer, Exchange) for answer in again),
        other_standing=wrong,
        faults=faults,
        seconds=seconds,
    )


@cache
def _shown(phone: int, which: tuple[int, ...]) -> Quote:
    first, second = (*(imei(2 * phone + sim) for sim in which), None)[:2]
    answer = appraise(Device(small.MODEL, first, second), trade.SAID, DOOR, at=AT)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _offer(store: Ledger, phone: int, which: tuple[int, ...], who: str, at: datetime) -> Exchange | Refusal:
    named = f"{who}-{phone}-{which}"
    return store.accept(_shown(phone, which), DOOR, account=named, at=at, idempotency_key=named)


def _is_known_as_bought(store: Ledger, phone: int, done: set[str]) -> bool:
    standings = [store.standing_of(Device(small.MODEL, imei(2 * phone + sim))) for sim in (0, 1)]
    codes = {standing.bought for standing in standings}
    return len(codes) == 1 and codes <= done and all(standing.open is None for standing in standings)


def _is_closed_by_the_door(store: Ledger, exchange: Exchange) -> bool:
    last = store.history(exchange.code)[-1]
    return last.event.kind == "void" and last.request is None


def _offering(store: Ledger, part: Part) -> Said:
    said: Said = []
    dice = part.dice()
    for turn in range(OFFERED):
        who, begun = f"buyer-{part.worker}-{turn}", {}
        for phone in dice.sample(range(part.things), part.things):
            answer = _offer(store, phone, dice.choice(SHOWN), who, AT)
            said.append(("attempt", phone))
            if isinstance(answer, Exchange):
                said.append(("accepted", phone))
                begun[phone] = answer
        for phone, exchange in begun.items():  # by now another worker may have accepted it by its other SIM
            if _through_the_door(store, exchange, phone, who):
                said.append(("bought", phone))
    return said


def _through_the_door(store: Ledger, begun: Exchange, phone: int, who: str) -> bool:
    """Use a coupon, show the phone with both numbers, hand it over; tell whether all that was possible."""
    wanted, code = order(phone, f"-{who}"), begun.code
    seen = trade.seen(imeis=(imei(2 * phone), imei(2 * phone + 1)))
    key = f"{who}-{phone}"
    answers = (
        store.reserve(code, wanted, account=begun.account, at=AT, idempotency_key=f"r-{key}"),
        store.inspect(code, seen, DOOR, order=wanted.id, at=AT, idempotency_key=f"i-{key}"),
        store.complete(code, order=wanted.id, at=AT, idempotency_key=f"c-{key}"),
    )
    if all(answers):
        return True
    store.void(code, reason="bought by somebody else", at=AT, idempotency_key=f"v-{key}")
    return False


@dataclass(frozen=True, slots=True)
class Keys(Figures):
    """What became of quotes and phones while servers with different keys worked on them.

    Attributes:
        rotations: how often the operator's key was replaced.
        quotes: how many quotes were offered.
        attempts: how many acceptances were asked for, of the quotes, and of their phones by other accounts.
        other_seal: how many were refused because the quote was sealed with a key that the server does not have.
        accepted: how many were answered with the quote's coupon.
        second_coupons: how many coupons there are for a quote beyond the first.
        phones_twice: how many phones of a quote were accepted or bought again.
        never: how many phones were not bought.
        strange_refused: how often a server with a strange key was refused.
        strange_opened: how often it was not.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("second_coupons", "phones_twice", "never", "strange_opened", "faults")

    rotations: int
    quotes: int
    attempts: int
    other_seal: int
    accepted: int
    second_coupons: int
    phones_twice: int
    never: int
    strange_refused: int
    strange_opened: int
    faults: int


STRANGE = b"a key of somebody else"


def _key(number: int) -> bytes:
    """Return the operator's keys, one after the other."""
    return b"key number %05d of the operator" % number if number else KEY


def _keys_of_server(part: Part) -> tuple[bytes, ...]:
    """Return the keys of a server: a third has the old one, a third both, a third the new one alone."""
    old, new = _key(part.turn), _key(part.turn + 1)
    return ((old,), (new, old), (new,))[part.worker * 3 // part.workers]


def keys(url: str, how: How, workers: int, quotes: int, rotations: int, *, seed: int = 0) -> Keys:
    """Replace the operator's key again and again, while servers with the old, with both and with the new one work.

    Args:
        url: an empty database.
        how: threads, or processes.
        workers: how many servers; three at least.
        quotes: how many quotes are new in each rotation; those of earlier ones are offered again.
        rotations: how often the key is replaced.
        seed: where orders and seals are drawn from.
    """
    said: Said = []
    begin = time.perf_counter()
    for turn in range(rotations):
        said += run(url, "keys", workers, quotes, how, seed=seed, turn=turn)
    seconds = time.perf_counter() - begin
    last, *before = map(_key, range(rotations, -1, -1))
    with ledger.open(url, key=last, old_keys=before) as store:
        every = list(exchanges_of(store))
        faults = len(verify(store).faults)
    coupons = Counter(exchange.account for exchange in every if exchange.account.startswith("account-"))
    bought = Counter(exchange.account.rpartition("-")[2] for exchange in every if exchange.state == State.COMPLETED)
    count = Counter(what for what, _ in said)
    return Keys(
        rotations=rotations,
        quotes=rotations * quotes,
        attempts=count["attempt"],
        other_seal=count["other seal"],
        accepted=count["accepted"],
        second_coupons=sum(times - 1 for times in coupons.values()),
        phones_twice=count["thief"] + sum(times > 1 for times in bought.values()),
        never=rotations * quotes - len(bought),
        strange_refused=count["strange refused"],
        strange_opened=count["strange opened"],
        faults=faults,
        seconds=seconds,
    )


@cache
def _sealed(number: int, key: bytes | None) -> Quote:
    answer = appraise(shop.phone(number), trade.SAID, shop.PROGRAMME, at=AT, key=key)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _rotating(store: Ledger, part: Part) -> Said:
    said: Said = [("strange opened" if _opens(part.url, STRANGE) else "strange refused", part.turn)]
    dice = part.dice()
    seals = (None, _key(part.turn), _key(part.turn + 1))
    for number in dice.sample(range((part.turn + 1) * part.things), (part.turn + 1) * part.things):
        name = f"{part.turn}-{part.worker}-{number}"
        said.append(("attempt", number))
        answer = _accepts(store, _sealed(number, dice.choice(seals)), account(number), name)
        if isinstance(answer, Exchange):
            said.append(("accepted", number))
            handed_over(store, answer, account(number), int(f"{number}{part.worker:03d}{part.turn:03d}"))
        elif "quote_altered" in answer.codes:
            said.append(("other seal", number))
            continue  # nobody may have accepted it yet
        said.append(("attempt", number))
        if isinstance(_accepts(store, _shown_by(number, dice.choice(SHOWN)), f"thief-{name}", name), Exchange):
            said.append(("thief", number))
    return said


def _opens(url: str, key: bytes) -> bool:
    try:
        ledger.open(url, key=key).close()
    except LedgerError:
        return False
    return True


def _accepts(store: Ledger, quote: Quote, who: str, key: str) -> Exchange | Refusal:
    return store.accept(quote, shop.PROGRAMME, account=who, at=AT, idempotency_key=key)


@cache
def _shown_by(number: int, which: tuple[int, ...]) -> Quote:
    first, second = (*(imei(2 * number + sim) for sim in which), None)[:2]
    answer = appraise(Device(small.MODEL, first, second), trade.SAID, shop.PROGRAMME, at=AT)
    assert isinstance(answer, Quote), answer.explain()
    return answer


WORK["sims"], WORK["keys"] = _offering, _rotating
KEYS_OF["keys"] = _keys_of_server
