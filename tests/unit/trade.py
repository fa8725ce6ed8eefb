"""A trade-in in memory: a phone of one model, a questionnaire of four questions, and its exchange at any state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from miexchange.catalogue import Device
from miexchange.condition import Condition, Deduction, Option, Question
from miexchange.coupon import Order, OrderLine
from miexchange.events import Complete, Event, Inspect, Reserve
from miexchange.exchange import Exchange, accept, apply
from miexchange.imei import Imei
from miexchange.inspection import Examination, Inspection
from miexchange.programme import ExchangeRules, Programme, Terms
from miexchange.quote import Quote, QuoteLine
from miexchange.valuation import appraise
from unit import small
from unit.small import INR

ACCOUNT = "asha"
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)

RULES = ExchangeRules(
    inspection="optional",
    released_validity="remaining",
    mismatch="difference",
    reversal="store_credit",
    tolerance_minor=10_000,
    tolerance_bps=200,
    decide_hours=48,
    reversal_days=30,
)
STRICT = ExchangeRules("required", "full", "cancel", "none")

QUESTIONS = (
    small.cosmetic(
        "glass",
        "display",
        Option("marked", "A mark", deduction=Deduction(amount_minor=15_000)),
        Option("scratched", "Scratched", deduction=Deduction(amount_minor=100_000)),
        Option("cracked", "Cracked", gate=True),
    ),
    Question(
        "battery",
        "How is the battery?",
        "battery",
        "functional",
        (
            Option("good", "Good"),
            Option("worn", "Worn", deduction=Deduction(amount_minor=30_000)),
            Option("weak", "Weak", deduction=Deduction(amount_minor=60_000)),
        ),
    ),
    Question(
        "accounts",
        "Are all accounts signed out?",
        "account",
        "none",
        (Option("removed", "Yes"), Option("present", "No", gate=True)),
    ),
    Question(
        "box",
        "Is the box there?",
        "accessory",
        "none",
        (Option("there", "Yes"), Option("missing", "No", extra_minor=-5_000)),
        optional=True,
    ),
)
SAID = Condition({"glass": "best", "battery": "good", "accounts": "removed"})
IMEI, IMEI2, OTHER = Imei(small.IMEI), Imei(small.IMEI2), Imei.from_body("35417803111111")

ORDER = Order("order-1", (OrderLine("Two", "smartphone", "Acme", "shop", 1_200_000),), INR)


def programme(rules: ExchangeRules | None = RULES, **terms: Any) -> Programme:  # noqa: ANN401 - any of the terms
    """Return the programme: the phone is worth 10,000 rupees."""
    return small.programme(terms_of(rules, **terms))


def terms_of(rules: ExchangeRules | None = RULES, **terms: Any) -> Terms:  # noqa: ANN401 - as above
    return small.asking(*QUESTIONS).replace(exchange=rules, **terms)


def quote(rules: ExchangeRules | None = RULES, said: Condition = SAID, imei2: Imei | None = IMEI2) -> Quote:
    """Value the phone, by default without a fault."""
    answer = appraise(Device(small.MODEL, IMEI, imei2), said, programme(rules), at=small.AT)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def issued(rules: ExchangeRules = RULES, *, at: datetime = small.AT) -> Exchange:
    """Return the exchange just after acceptance."""
    begun = accept(quote(rules), programme(rules), account=ACCOUNT, at=at, key=small.KEY)
    assert isinstance(begun, Exchange), begun.explain()
    return begun


def after(exchange: Exchange, *events: Event) -> Exchange:
    """Apply events and insist that none is refused."""
    for event in events:
        following = apply(exchange, event)
        assert isinstance(following, Exchange), following.explain()
        exchange = following
    return exchange


def found(value: int) -> Examination:
    """Return what an inspection finds that values the phone at so much."""
    lines = (QuoteLine("market", value, "a price", "market_prices"),)
    return Examination("valued", SAID, lines=lines, exchange_value=value, coupon_value=value)


def reserved(rules: ExchangeRules = RULES) -> Exchange:
    return after(issued(rules), Reserve(small.AT + HOUR, ORDER, ACCOUNT))


def inspected(rules: ExchangeRules = RULES, value: int = 1_000_000) -> Exchange:
    return after(reserved(rules), Inspect(small.AT + 2 * HOUR, ORDER.id, found(value)))


def completed(rules: ExchangeRules = RULES) -> Exchange:
    return after(inspected(rules), Complete(small.AT + 3 * HOUR, ORDER.id))


def seen(**changes: Any) -> Inspection:  # noqa: ANN401 - any field of an inspection
    """Return an inspection that finds the phone as quoted, but for the changes."""
    plain = Inspection(SAID, (IMEI,), screen_lock_off=True, accounts_removed=True, memory_card_out=True)
    return plain.replace(**changes)
