"""No phone is bought twice: not by its other SIM, not after a new key, not by who was quicker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from ledger import shop
from ledger.shop import AT, HOUR, KEY, account, bought, code, made, order, quote
from miexchange import Device, Exchange, InvalidValue, Quote, Refusal, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import DeviceStanding, LedgerError, verify
from unit import small, trade

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.ledger import Ledger
    from miexchange.programme import Programme

DAY = timedelta(days=1)
NEW = b"the second key, a newer one"
LATER = trade.programme(trade.RULES.replace(rebuy="after", rebuy_days=90), price_max_age_days=3_650)


def codes(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def seen_by(sims: tuple[int, ...], at: datetime = AT, programme: Programme = shop.PROGRAMME) -> Quote:
    """Value a phone that is named by some of the SIMs that it has."""
    first, second = (*map(shop.imei, sims), None, None)[:2]
    answer = appraise(Device(small.MODEL, first, second), trade.SAID, programme, at=at)
    assert isinstance(answer, Quote)
    return answer


def ask(
    store: Ledger, asked: Quote, who: str, key: str, at: datetime = AT, programme: Programme = shop.PROGRAMME
) -> Exchange | Refusal:
    return store.accept(asked, programme, account=who, at=at, idempotency_key=key)


# ----- bought


@pytest.mark.parametrize("sims", [(2,), (3,), (3, 2)], ids=str)
def test_a_phone_that_was_handed_over_is_not_bought_again(store: Ledger, sims: tuple[int, ...]) -> None:
    bought(store, 1)
    for hour in (1, 2, 3):
        at = AT + hour * HOUR
        assert codes(ask(store, seen_by(sims, at), f"buyer {hour}", f"again {hour}", at)) == ("device_exchanged",)
    assert verify(store)


def test_a_reversal_frees_the_phone(store: Ledger) -> None:
    bought(store, 1)
    made(store.reverse(code(1), order="order-1", at=AT + HOUR, idempotency_key="back"))
    at = AT + 2 * HOUR
    assert made(ask(store, seen_by((2,), at), "b", "again", at)).is_open
    assert verify(store)


def test_the_terms_may_buy_it_again_after_some_days(store: Ledger) -> None:
    bought(store, 1)
    for days, tick in ((89, 0), (90, 1)):
        at = AT + days * DAY - tick * timedelta(microseconds=1)
        answer = ask(store, seen_by((3,), at, LATER), "b", f"after {days}", at, LATER)
        assert codes(answer) == ("device_exchanged",)
        assert isinstance(answer, Refusal)
        assert f"from {(AT + 90 * DAY).isoformat()}" in answer.explain()
    at = AT + 90 * DAY
    assert made(ask(store, seen_by((3,), at, LATER), "b", "then", at, LATER)).is_open
    assert verify(store)


def test_a_phone_stays_bought_under_a_new_key(store: Ledger, url: str) -> None:
    bought(store, 1)
    with ledger.open(url, key=NEW, old_keys=(KEY,)) as rotated:
        assert codes(ask(rotated, seen_by((3,)), "b", "beside the old one")) == ("device_exchanged",)
        again = rotated.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="the same quote")
        assert codes(again) == ("quote_accepted",)
    with ledger.open(url, key=NEW) as alone:
        assert codes(ask(alone, seen_by((2,)), "c", "alone")) == ("device_exchanged",)
        again = alone.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="the quote, alone")
        assert codes(again) == ("quote_accepted",)
        assert alone.standing_of(shop.phone(1)).bought == code(1)
        assert verify(alone)


def test_two_servers_with_different_keys_never_work_on_one_ledger(store: Ledger, url: str) -> None:
    bought(store, 1)
    with pytest.raises(LedgerError, match="the last one"):
        ledger.open(url, key=NEW)


def test_a_quote_is_sealed_with_any_of_the_operators_keys(store: Ledger, url: str) -> None:
    facts = {"at": AT}
    old, new = (
        appraise(shop.phone(number), trade.SAID, shop.PROGRAMME, key=key, **facts)  # type: ignore[arg-type]
        for number, key in ((1, KEY), (2, NEW))
    )
    assert isinstance(old, Quote)
    assert isinstance(new, Quote)
    assert codes(ask(store, new, "a", "not yet")) == ("quote_altered",)
    with ledger.open(url, key=NEW, old_keys=(KEY,)) as rotated:
        assert made(ask(rotated, old, "a", "old")).code == made(ask(rotated, old, "a", "old")).code
        assert made(ask(rotated, new, "b", "new")).is_open
        assert verify(rotated)


def test_a_purchase_meets_an_acceptance(store: Ledger) -> None:
    """Whoever is quicker: the hand-over of a phone, or another acceptance of it, never both."""
    for number in range(1, 13):
        shop.reserved(store, number)
        start = Barrier(2)

        def complete(number: int = number, start: Barrier = start) -> object:
            start.wait()
            return store.complete(code(number), order=order(number).id, at=AT, idempotency_key=f"c-{number}")

        def accept(number: int = number, start: Barrier = start) -> object:
            start.wait()
            return ask(store, seen_by((2 * number + 1,)), f"thief {number}", f"t-{number}")

        with ThreadPoolExecutor(2) as pool:
            done, stolen = pool.submit(complete), pool.submit(accept)
        assert isinstance(done.result(), Exchange)
        assert codes(stolen.result()) in {("device_in_exchange",), ("device_exchanged",)}
    assert verify(store)


# ----- what is known of a device


def test_the_standing_of_a_device(store: Ledger) -> None:
    phone = shop.phone(1)
    assert store.standing_of(phone) == DeviceStanding()
    shop.accepted(store, 1)
    assert store.standing_of(Device(small.MODEL, shop.imei(3))) == DeviceStanding(open=code(1))
    sealed = shop.quote(1).sealed(store.quote_key)
    for one in (shop.quote(1), sealed, sealed.without_imei()):
        assert store.standing_of(one) == DeviceStanding(open=code(1))
    made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="r"))
    at = AT + HOUR
    made(store.complete(code(1), order="order-1", at=at, idempotency_key="c"))
    assert store.standing_of(phone) == DeviceStanding(bought=code(1), bought_at=at)
    made(store.reverse(code(1), order="order-1", at=at, idempotency_key="b"))
    assert store.standing_of(phone) == DeviceStanding()
    for wrong in (Device(small.MODEL), "a phone"):
        with pytest.raises(InvalidValue, match="device"):
            store.standing_of(wrong)  # type: ignore[arg-type]


# ----- one phone, two SIMs


def at_the_door(store: Ledger, number: int, sims: tuple[int, ...], key: str = "i", at: datetime = AT) -> object:
    seen = trade.seen(imeis=tuple(shop.imei(sim) for sim in sims))
    return store.inspect(
        code_by_first(number), seen, shop.PROGRAMME, order=order(number).id, at=at, idempotency_key=key
    )


def code_by_first(number: int) -> str:
    """Return the code of the exchange that names a phone by its first SIM only."""
    return _CODES[number]


_CODES: dict[int, str] = {}


def by_one_sim(store: Ledger, number: int, sim: int, who: int) -> Exchange:
    exchange = made(ask(store, seen_by((sim,)), account(who), f"one sim {sim} {who}"))
    _CODES[number] = exchange.code
    return exchange


def test_what_the_door_sees_closes_the_exchange_by_the_other_sim(store: Ledger) -> None:
    first, second = by_one_sim(store, 1, 2, 1), made(ask(store, seen_by((3,)), account(2), "by the second SIM"))
    assert first.coupon.device_tokens != second.coupon.device_tokens
    made(store.reserve(first.code, order(1), account=account(1), at=AT, idempotency_key="r1"))
    made(store.reserve(second.code, order(2), account=account(2), at=AT + HOUR, idempotency_key="r2"))
    inspected = at_the_door(store, 1, (2, 3))
    assert isinstance(inspected, Exchange)
    assert inspected.state == State.INSPECTED
    assert len(inspected.coupon.device_tokens) == 2
    other = store.get(second.code)
    assert other is not None
    assert other.state == State.VOID
    assert other.to_pay_at_the_door == 995_000, "its order has no discount any more"
    entry = store.history(second.code)[-1]
    assert (entry.event.kind, entry.request) == ("void", None)
    assert "at the door of another exchange" in entry.event.to_json()
    standing = store.standing_of(Device(small.MODEL, shop.imei(3)))
    assert standing.open == first.code
    made(store.complete(first.code, order="order-1", at=AT + HOUR, idempotency_key="c"))
    assert codes(ask(store, seen_by((3,)), account(3), "again")) == ("device_exchanged",)
    assert verify(store)


def test_a_phone_that_was_bought_by_its_other_sim_is_not_taken_at_the_door(store: Ledger) -> None:
    first, second = by_one_sim(store, 1, 2, 1), made(ask(store, seen_by((3,)), account(2), "by the second SIM"))
    made(store.reserve(second.code, order(2), account=account(2), at=AT, idempotency_key="r2"))
    made(store.complete(second.code, order="order-2", at=AT, idempotency_key="c2"))
    made(store.reserve(first.code, order(1), account=account(1), at=AT, idempotency_key="r1"))
    assert codes(at_the_door(store, 1, (2, 3))) == ("device_exchanged",)
    exchange = store.get(first.code)
    assert exchange is not None
    assert exchange.state == State.RESERVED
    assert verify(store)


def test_a_phone_that_is_not_taken_calls_nothing_else_off(store: Ledger) -> None:
    first, second = by_one_sim(store, 1, 2, 1), made(ask(store, seen_by((3,)), account(2), "by the second SIM"))
    made(store.reserve(first.code, order(1), account=account(1), at=AT, idempotency_key="r1"))
    seen = trade.seen(
        imeis=(shop.imei(2), shop.imei(3)),
        answers=trade.SAID.replace(glass="cracked"),
        evidence=(("glass", "photo"),),
    )
    answer = store.inspect(first.code, seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="i")
    assert made(answer).state == State.VOID
    assert made(store.get(second.code) or Refusal(())).state == State.ISSUED
    assert verify(store)


def test_a_programme_may_ask_for_both_numbers_of_a_phone_that_is_known_to_have_two() -> None:
    programme = trade.programme()
    terms = programme.terms[0]
    strict = terms.replace(eligibility=terms.eligibility.replace(second_imei="required"))
    two_sims = small.programme(strict, sims=2)
    asked = {"condition": trade.SAID, "programme": two_sims, "at": AT}
    one = appraise(Device(small.MODEL, shop.imei(2)), **asked)  # type: ignore[arg-type]
    assert codes(one) == ("imei2_missing",)
    other = appraise(Device(small.MODEL, None, shop.imei(3)), **asked)  # type: ignore[arg-type]
    assert codes(other) == ("imei2_missing",)
    assert isinstance(appraise(shop.phone(1), **asked), Quote)  # type: ignore[arg-type]
    assert isinstance(appraise(Device(small.MODEL), **asked), Quote)  # type: ignore[arg-type]
    for sims in (None, 1):
        asked["programme"] = small.programme(strict, sims=sims)
        assert isinstance(appraise(Device(small.MODEL, shop.imei(2)), **asked), Quote)  # type: ignore[arg-type]
