"""What more terms promise, in a real database: a lower value unasked, visits in vain, a coupon without end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ledger.shop import AT, HOUR, KEY, account, imei, made, order, phone
from miexchange import Quote, appraise
from miexchange.exchange import State
from miexchange.ledger import Sweep, verify
from unit import small, trade
from unit.command import run

if TYPE_CHECKING:
    from miexchange import Exchange
    from miexchange.ledger import Ledger

DAY = timedelta(days=1)
RULES = trade.RULES.replace(
    inspection="required",
    mismatch="lower",
    decide_hours=0,
    return_below_bps=8_000,
    payment="after_inspection",
    pickup_attempts=2,
)
USAGE = small.USAGE.replace(valid_days=0, surplus="cash")
PROGRAMME = trade.programme(RULES, usage=USAGE)


def begun(store: Ledger, number: int) -> Exchange:
    quote = appraise(phone(number), trade.SAID, PROGRAMME, at=AT)
    assert isinstance(quote, Quote)
    return made(store.accept(quote, PROGRAMME, account=account(number), at=AT, idempotency_key=f"accept-{number}"))


def held(store: Ledger, number: int) -> str:
    code = begun(store, number).code
    at, key = AT + 4_000 * DAY, f"reserve-{number}"
    return made(store.reserve(code, order(number), account=account(number), at=at, idempotency_key=key)).code


def looked(store: Ledger, code: str, number: int, glass: str) -> Exchange:
    answers = trade.SAID.replace(glass=glass)
    seen = trade.seen(answers=answers, imeis=(imei(2 * number),), evidence=(("glass", "photo"),))
    at, key = AT + 4_001 * DAY, f"inspect-{number}"
    return made(store.inspect(code, seen, order=order(number).id, at=at, idempotency_key=key))


def test_a_coupon_without_end_is_never_swept(store: Ledger) -> None:
    exchange = begun(store, 1)
    assert store.sweep(AT + 4_000 * DAY) == Sweep(0, 0)
    (exposed,) = store.open_exposure()
    assert (exposed.day, exposed.coupons, exposed.value_minor) == (None, 1, exchange.coupon.value)
    assert store.get(exchange.code) == exchange
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("glass", "state", "refund"),
    [("best", State.COMPLETED, 995_000), ("scratched", State.ADJUSTED, 895_000)],
)
def test_what_the_inspection_found_is_paid_after_it(store: Ledger, glass: str, state: State, refund: int) -> None:
    code = held(store, 1)
    exchange = looked(store, code, 1, glass)
    assert (exchange.state, exchange.refund, exchange.due) == (State.INSPECTED, 0, None)
    done = made(store.complete(code, order="order-1", at=AT + 4_002 * DAY, idempotency_key="complete"))
    assert (done.state, done.refund, done.to_pay_at_the_door) == (state, refund, 0)
    assert store.standing_of(phone(1)).bought == code
    assert verify(store).faults == ()


def test_visits_in_vain_are_counted_once_each_and_end_it(store: Ledger, url: str) -> None:
    code = held(store, 1)
    at = AT + 4_001 * DAY
    first = made(store.attempt(code, order="order-1", reference="visit 1", at=at, idempotency_key="one"))
    again = made(store.attempt(code, order="order-1", reference="visit 1", at=at + HOUR, idempotency_key="two"))
    assert (again, len(first.attempts)) == (first, 1)
    shown = run("ledger", "show", code, "--ledger", url).out
    for words in ("without end", "came in vain", "1 of 2 times"):
        assert words in shown
    given = ("--order", "order-1", "--reference", "visit 2", "--at", at.isoformat(), "--idempotency-key", "three")
    ran = run("ledger", "attempt", code, *given, "--ledger", url, environ={"MIEXCHANGE_KEY": KEY.decode()})
    assert (ran.code, "void" in ran.out) == (0, True)
    assert store.standing_of(phone(1)).open is None
    assert verify(store).faults == ()


def test_the_command_says_what_is_paid_after_the_inspection(store: Ledger, url: str) -> None:
    code = held(store, 1)
    looked(store, code, 1, "best")
    made(store.complete(code, order="order-1", at=AT + 4_002 * DAY, idempotency_key="complete"))
    shown = run("ledger", "show", code, "--ledger", url).out
    for words in ("order-1, paid in full", "paid after inspection"):
        assert words in shown
