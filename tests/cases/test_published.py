"""Run the worked cases of published programmes: what is paid at checkout, and what an inspection leads to."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cases.test_cases import programme_of
from miexchange import Device, Exchange, Imei, Inspection, Order, OrderLine, Quote, accept, appraise
from miexchange.events import Agree, Attempt, Complete, Decline, Expire, Inspect, Reserve, Reverse
from miexchange.exchange import State, apply, split_order
from miexchange.inspection import Examination, examine
from miexchange.programme import lint

if TYPE_CHECKING:
    from miexchange.events import Event

HERE = Path(__file__).parent
KEY, DAY = b"a key for the worked cases", timedelta(days=1)
MODEL, IMEI = "google-pixel-7-128", Imei.from_body("35417803123456")


@dataclass(frozen=True, kw_only=True)
class Case:
    """An order with a trade-in, what the inspection sees, and how it ends."""

    rule: str
    programme: str
    at: datetime
    new_phone: str
    state: str
    paid: str
    because: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    then: str = ""
    refund: str = "0.00"
    store_credit: str = "0.00"
    cash: str = "0.00"
    credit_of_reversal: str = "0.00"


def read() -> list[Case]:
    data = tomllib.loads((HERE / "google-store.toml").read_text(encoding="utf-8"))
    return [Case(at=data["at"], **case) for case in data["case"]]


CASES = read()


@pytest.mark.parametrize("name", sorted({case.programme for case in CASES}))
def test_a_published_programme_is_sound(name: str) -> None:
    assert lint(HERE / name) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.programme}: {case.rule}")
def test_a_trade_in_ends_as_the_programme_says(case: Case) -> None:
    programme, at = programme_of(case.programme), case.at
    best = programme.terms[0].questionnaire.best(programme.catalogue.by_model[MODEL])
    quote = appraise(Device(MODEL, IMEI), best, programme, at=at)
    assert isinstance(quote, Quote), quote.explain()
    exchange = accept(quote, programme, account="buyer", at=at, key=KEY)
    assert isinstance(exchange, Exchange), exchange.explain()
    assert exchange.coupon.valid_until == programme.terms[0].usage.until(at)
    minor = round(float(case.new_phone) * 100)
    line = OrderLine("Pixel 8", "smartphone", "Google", "store.google.com", minor)
    order = Order("order-1", (line,), programme.currency)
    seen = Inspection(
        best.replace(**case.seen),
        (IMEI,),
        screen_lock_off=True,
        accounts_removed=True,
        memory_card_out=True,
        evidence=tuple((question, "photo") for question in case.seen),
    )
    found = examine(quote, seen, programme, device_tokens=exchange.coupon.device_tokens, key=KEY)
    assert isinstance(found, Examination)
    asked_at, decide = at + 6 * DAY, timedelta(hours=exchange.rules.decide_hours)
    events: list[Event] = [Reserve(at, order, "buyer")]
    events += [Attempt(at + number * DAY, order.id, f"visit {number}") for number in range(1, case.attempts + 1)]
    is_over = 0 < exchange.rules.pickup_attempts <= case.attempts
    events += [] if is_over else [Inspect(asked_at, order.id, found)]
    answers: dict[str, Event] = {
        "agree": Agree(asked_at + decide - timedelta(seconds=1), "buyer"),
        "decline": Decline(asked_at + DAY, "buyer"),
        "wait": Expire(asked_at + decide),
    }
    events += [answers[case.then]] if case.then in answers else []
    if case.state in {"completed", "adjusted", "reversed"} and case.then != "agree":
        events.append(Complete(at + 10 * DAY, order.id))
    if case.then == "return":
        events.append(Reverse(at + 20 * DAY, order.id))
    for event in events:
        after = apply(exchange, event)
        assert isinstance(after, Exchange), after.explain()
        exchange = after
    write = programme.currency.plain
    settled = exchange.settled
    assert settled is not None
    assert exchange.state == case.state
    assert write(exchange.to_pay_at_checkout) == case.paid
    assert write(exchange.refund) == case.refund
    given = settled if exchange.state != State.VOID else None
    assert write(given.store_credit if given else 0) == case.store_credit
    assert write(given.cash if given else 0) == case.cash
    assert write(exchange.credit_of_reversal) == case.credit_of_reversal
    assert exchange.to_pay_at_the_door == 0
    assert Exchange.from_json(exchange.to_json()) == exchange


def test_an_order_of_two_phones_has_two_trade_ins() -> None:
    """Google's pages: one trade-in for an item. Both orders are paid in full, and each phone is credited by itself."""
    programme, at = programme_of("google-store-us"), CASES[0].at
    best = programme.terms[0].questionnaire.best(programme.catalogue.by_model[MODEL])
    lives = []
    for number in (IMEI, Imei.from_body("35417803654321")):
        quote = appraise(Device(MODEL, number), best, programme, at=at)
        assert isinstance(quote, Quote)
        life = accept(quote, programme, account="buyer", at=at, key=KEY)
        assert isinstance(life, Exchange)
        lives.append(life)
    line = OrderLine("Pixel 8", "smartphone", "Google", "store.google.com", 69_900, 2)
    order = Order("order-1", (line,), programme.currency)
    parts = split_order(order, [life.coupon for life in lives], at=at)
    assert isinstance(parts, tuple)
    held = [apply(life, Reserve(at, part, "buyer")) for life, part in zip(lives, parts, strict=True)]
    assert sum(life.to_pay_at_checkout for life in held if isinstance(life, Exchange)) == order.total_minor
    assert sorted(part.id for part in parts) == ["order-1/1.1", "order-1/1.2"]
