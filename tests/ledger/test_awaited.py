"""A ledger keeps a coupon that comes only after the inspection: refused before, worth what was found, of one device."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ledger import shop
from ledger.shop import AT, made, order
from miexchange import Device, Exchange, Quote, Refusal, appraise
from miexchange.exchange import State
from miexchange.ledger import verify
from unit import small, trade

if TYPE_CHECKING:
    from miexchange.ledger import Ledger

DAY = timedelta(days=1)
PROGRAMME = trade.programme(
    trade.RULES.replace(inspection="required", coupon="after_inspection", mismatch="lower", decide_hours=0, send_days=7)
)


def accepted(store: Ledger, number: int, phone: Device | None = None) -> Exchange:
    quote = appraise(phone or shop.phone(number), trade.SAID, PROGRAMME, at=AT)
    assert isinstance(quote, Quote)
    who = shop.account(number)
    return made(store.accept(quote, PROGRAMME, account=who, at=AT, idempotency_key=f"accept-{number}"))


def test_a_ledger_credits_nothing_before_the_inspection(store: Ledger) -> None:
    begun, who, wanted = accepted(store, 1), shop.account(1), order(1)
    early = store.reserve(begun.code, wanted, account=who, at=AT, idempotency_key="early")
    assert isinstance(early, Refusal)
    assert early.codes == ("coupon_awaited",)
    assert [one.due for one in store.find()] == [AT + 7 * DAY]
    scratched = trade.SAID.replace(glass="scratched")
    seen = trade.seen(imeis=(shop.imei(2),), answers=scratched, evidence=(("glass", "photo-7"),))
    inspect: dict[str, Any] = {"order": begun.code, "at": AT + 3 * DAY, "idempotency_key": "inspect"}
    found = made(store.inspect(begun.code, seen, **inspect))
    assert (found.state, found.coupon.value, found.due) == (State.ISSUED, 895_000, AT + 17 * DAY)
    assert made(store.inspect(begun.code, seen, **inspect)) == found, "a retry is no second step"
    (line,) = store.open_exposure()
    assert (line.value_minor, line.coupons) == (895_000, 1)
    assert verify(store).faults == ()
    elsewhere = appraise(shop.phone(1), trade.SAID, PROGRAMME, at=AT + 4 * DAY)
    assert isinstance(elsewhere, Quote)
    twice = store.accept(elsewhere, PROGRAMME, account="else", at=AT + 4 * DAY, idempotency_key="twice")
    assert isinstance(twice, Refusal), "the device was handed over for a coupon that is still to be used"
    held = made(store.reserve(begun.code, wanted, account=who, at=AT + 5 * DAY, idempotency_key="early"))
    assert held.redemption is not None
    assert held.redemption.discount == 895_000
    done = made(store.complete(begun.code, order=wanted.id, at=AT + 6 * DAY, idempotency_key="complete"))
    assert done.state == State.COMPLETED
    assert store.get(begun.code) == done
    assert verify(store).faults == ()


def test_a_coupon_that_its_phone_has_paid_for_is_not_called_off_by_another_door(store: Ledger) -> None:
    """The simulator found it: the phone had been handed over, and its second SIM then took the coupon away."""
    first, second = (accepted(store, number, Device(small.MODEL, shop.imei(number))) for number in (1, 2))
    for begun, imeis in ((first, (1,)), (second, (1, 2))):
        seen = trade.seen(imeis=tuple(map(shop.imei, imeis)))
        answer = store.inspect(begun.code, seen, order=begun.code, at=AT + DAY, idempotency_key=f"inspect-{len(imeis)}")
    assert isinstance(answer, Refusal)
    assert answer.codes == ("device_exchanged",)
    assert made(
        store.reserve(first.code, order(1), account=shop.account(1), at=AT + DAY, idempotency_key="reserve")
    ).is_open
    assert verify(store).faults == ()


def test_a_phone_that_never_came_is_swept(store: Ledger) -> None:
    begun = accepted(store, 1)
    store.sweep(AT + 7 * DAY)
    ended = store.get(begun.code)
    assert ended is not None
    assert ended.state == State.EXPIRED
    again = accepted_later(store)
    assert again.is_open, "account and phone are free"
    assert verify(store).faults == ()


def accepted_later(store: Ledger) -> Exchange:
    quote = appraise(shop.phone(1), trade.SAID, PROGRAMME, at=AT + 8 * DAY)
    assert isinstance(quote, Quote)
    who = shop.account(1)
    return made(store.accept(quote, PROGRAMME, account=who, at=AT + 8 * DAY, idempotency_key="again"))
