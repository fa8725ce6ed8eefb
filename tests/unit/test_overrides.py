"""Overrides: who may agree to more than the rules give, between which values, and what an exchange keeps of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from miexchange import Exchange, InvalidValue, Refusal
from miexchange.events import Agree, Complete, Decline, Event, Inspect, Override, Release, Reserve, Reverse, Void, Wipe
from miexchange.exchange import State, apply
from miexchange.inspection import Examination
from miexchange.programme import Authority, ExchangeRules
from miexchange.quote import GrantedBonus, QuoteLine
from unit import small, trade
from unit.trade import ACCOUNT, HOUR, ORDER, RULES, TICK, after, inspected

AT, DAY = small.AT, timedelta(days=1)
QUOTED, FOUND = 995_000, 900_000
AGENT, MANAGER = Authority("agent", 20_000, 50_000, 30), Authority("manager", 200_000, 200_000, 30)
ALLOWED = RULES.replace(authorities=(AGENT, MANAGER))


def requoted(rules: ExchangeRules = ALLOWED) -> Exchange:
    exchange = inspected(rules, FOUND)
    assert (exchange.state, exchange.quote.exchange_value) == (State.REQUOTED, QUOTED)
    return exchange


def to(value: int, role: str = "manager", at: timedelta = 3 * HOUR, order: str = ORDER.id) -> Override:
    return Override(AT + at, order, value, role, "p-7", "goodwill")


def codes(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def kept(exchange: Exchange) -> Exchange:
    again = Exchange.from_json(exchange.to_json())
    assert again == exchange, "a history leads to it"
    return exchange


def test_the_customer_pays_what_is_still_missing() -> None:
    before = requoted()
    exchange = kept(after(before, to(FOUND + 20_000, "agent")))
    assert (exchange.state, exchange.exchange_value) == (State.REQUOTED, FOUND + 20_000)
    assert (before.to_pay_at_the_door, exchange.to_pay_at_the_door) == (95_000, 75_000)
    assert exchange.examination == before.examination, "what the rules say stays beside it"
    assert (exchange.due, exchange.override) == (before.due, to(FOUND + 20_000, "agent"))
    agreed = kept(after(exchange, Agree(AT + DAY, ACCOUNT)))
    assert (agreed.state, agreed.exchange_value, agreed.to_pay_at_the_door) == (State.ADJUSTED, FOUND + 20_000, 75_000)
    undone = kept(after(agreed, Reverse(AT + 2 * DAY, ORDER.id)))
    assert undone.credit_of_reversal == FOUND + 20_000
    assert kept(after(exchange, Decline(AT + DAY, ACCOUNT))).to_pay_at_the_door == QUOTED
    assert kept(after(exchange, Void(AT + DAY, "withdrawn"))).state == State.VOID


def test_at_the_quoted_value_the_phone_is_taken_as_quoted() -> None:
    exchange = kept(after(requoted(), to(QUOTED)))
    assert (exchange.state, exchange.exchange_value, exchange.to_pay_at_the_door) == (State.INSPECTED, QUOTED, 0)
    assert (exchange.settlement, exchange.due) == (None, None)
    done = kept(after(exchange, Complete(AT + DAY, ORDER.id)))
    assert (done.state, done.settled) == (State.COMPLETED, done.redemption)
    assert kept(after(done, Reverse(AT + 2 * DAY, ORDER.id))).credit_of_reversal == QUOTED
    assert codes(apply(exchange, Agree(AT + DAY, ACCOUNT))) == ("event_not_possible",)


@pytest.mark.parametrize(
    ("value", "role", "reasons"),
    [
        (FOUND, "manager", ("override_out_of_range",)),
        (0, "manager", ("override_out_of_range",)),
        (QUOTED + 1, "manager", ("override_out_of_range",)),
        (FOUND + 20_001, "agent", ("authority_exceeded",)),
        (QUOTED, "agent", ("authority_exceeded",)),
        (FOUND + 1, "chef", ("authority_missing",)),
        (QUOTED + 1, "chef", ("override_out_of_range", "authority_missing")),
    ],
)
def test_an_override_is_refused_in_words(value: int, role: str, reasons: tuple[str, ...]) -> None:
    """docs/exchange.md, overrides: above what the rules give, at most what was quoted, within the authority."""
    before = requoted()
    answer = apply(before, to(value, role))
    assert codes(answer) == reasons
    assert isinstance(apply(before, to(FOUND + 1, "agent")), Exchange)
    assert isinstance(apply(before, to(FOUND + 20_000, "agent")), Exchange)


def test_it_is_of_the_order_in_time_and_once() -> None:
    before = requoted()
    assert before.decide_until is not None
    late = before.decide_until - AT
    assert codes(apply(before, to(QUOTED, order="order-2"))) == ("order_other",)
    assert codes(apply(before, to(QUOTED, at=late))) == ("decision_late",)
    assert isinstance(apply(before, to(QUOTED, at=late - TICK)), Exchange)
    exchange = after(before, to(FOUND + 1))
    assert apply(exchange, to(FOUND + 1, at=DAY)) == exchange
    assert codes(apply(exchange, to(FOUND + 2, at=DAY))) == ("already_recorded",)


def test_it_needs_a_requote() -> None:
    for exchange in (inspected(ALLOWED), trade.reserved(ALLOWED), trade.completed(ALLOWED), trade.issued(ALLOWED)):
        assert codes(apply(exchange, to(QUOTED))) == ("event_not_possible",)


def test_a_cancelled_order_takes_it_along() -> None:
    exchange = kept(after(requoted(), to(QUOTED), Release(AT + DAY, ORDER.id)))
    assert (exchange.state, exchange.override) == (State.ISSUED, None)
    again = after(exchange, Reserve(AT + DAY, ORDER, ACCOUNT))
    assert kept(again).version == 6


@pytest.mark.parametrize("value", [FOUND + 1, QUOTED])
@pytest.mark.parametrize("gap", [timedelta(), HOUR])
def test_a_record_of_the_wiping_comes_before_or_after_it(value: int, gap: timedelta) -> None:
    wiped, agreed = Wipe(AT + 3 * HOUR, "clear", "record 9"), to(value, at=3 * HOUR + gap)
    orders: tuple[tuple[Event, Event], ...] = ((wiped, agreed), (agreed.replace(at=AT + 3 * HOUR - gap), wiped))
    for first, second in orders:
        exchange = kept(after(requoted(), first, second))
        assert (exchange.version, exchange.wiped) == (5, wiped)
        assert apply(exchange, wiped.replace(at=AT + DAY)) == exchange, "it is on record"
        hand_over = Complete(AT + DAY, ORDER.id) if value == QUOTED else Agree(AT + DAY, ACCOUNT)
        assert kept(after(exchange, hand_over)).exchange_value == value


def test_a_bonus_that_is_lost_counts_for_what_is_added() -> None:
    """At the quoted value the quote's bonuses are paid; below it, those of the phone as it was found."""
    quote = trade.quote(ALLOWED)
    gift = GrantedBonus("gift", 50_000)
    lines = (*quote.lines, QuoteLine("bonus:gift", 50_000, "a gift", "bonuses[gift]"))
    held = trade.reserved(ALLOWED)
    coupon = held.coupon.replace(bonuses=(gift,))
    worst = held.worst_case.replace(at_risk=held.worst_case.at_risk + 50_000)
    assert held.redemption is not None
    redemption = coupon.check(ORDER, account=ACCOUNT, at=held.redemption.at)
    quote = held.quote.replace(bonuses=(gift,), lines=lines, coupon_value=quote.coupon_value + 50_000)
    held = held.replace(quote=quote, coupon=coupon, worst_case=worst, redemption=redemption)
    found = Examination(
        "valued", trade.SAID, lines=(lines[0].replace(amount=QUOTED),), exchange_value=QUOTED, coupon_value=QUOTED
    )
    before = after(held, Inspect(AT + 2 * HOUR, ORDER.id, found))
    assert (before.state, before.to_pay_at_the_door) == (State.REQUOTED, 50_000)
    assert codes(apply(before, to(QUOTED, "agent"))) == ("authority_exceeded",), "it adds the gift"
    exchange = kept(after(before, to(QUOTED)))
    assert (exchange.state, exchange.to_pay_at_the_door) == (State.INSPECTED, 0)


def test_an_override_adds_at_most_what_is_missing_to_the_quote() -> None:
    """With a bonus that was never quoted, the phone as found needs less than the phone's worth fell by."""
    plain = trade.found(FOUND)
    found = plain.replace(
        bonuses=(GrantedBonus("gift", 50_000),),
        lines=(*plain.lines, QuoteLine("bonus:gift", 50_000, "a gift", "bonuses[gift]")),
        coupon_value=FOUND + 50_000,
    )
    before = after(trade.reserved(ALLOWED), Inspect(AT + 2 * HOUR, ORDER.id, found))
    assert isinstance(apply(before, to(FOUND + 45_000)), Exchange)
    assert codes(apply(before, to(FOUND + 45_001))) == ("override_out_of_range",)
    assert isinstance(apply(before, to(QUOTED)), Exchange), "as quoted, without that bonus"


# ----- the terms


def test_an_authority_is_of_programmes_that_requote() -> None:
    for rules in (trade.STRICT, RULES.replace(mismatch="honour", tolerance_minor=0, tolerance_bps=0, decide_hours=0)):
        with pytest.raises(InvalidValue, match=r"ExchangeRules\.authorities .*never read with mismatch"):
            rules.replace(authorities=(AGENT,))
    with pytest.raises(InvalidValue, match=r"ExchangeRules\.authorities"):
        RULES.replace(authorities=(AGENT, AGENT.replace(most_minor=1)))


def test_a_person_can_add_all_of_one_override_in_the_window() -> None:
    with pytest.raises(InvalidValue, match=r"Authority\.total_minor .* at least what one override may add, 20000"):
        AGENT.replace(total_minor=19_999)


@pytest.mark.parametrize(
    ("granted", "free"),
    [
        ([], None),
        ([(AT, 30_000)], None),
        ([(AT, 30_001)], AT),
        ([(AT + DAY, 20_000), (AT, 10_001)], AT),
        ([(AT, 10_001), (AT + DAY, 20_000), (AT + 2 * DAY, 20_000)], AT + DAY),
    ],
)
def test_what_the_window_leaves(granted: list[tuple[object, int]], free: object) -> None:
    expected = None if free is None else free + AGENT.window  # type: ignore[operator] # an instant
    assert AGENT.free_from(20_000, granted) == expected  # type: ignore[arg-type] # pairs of an instant and an amount


@pytest.mark.parametrize("granted", [7, [7], [(AT,)], [(AT, "1")], [("2018", 1)]])
def test_what_is_no_list_of_overrides_is_refused(granted: object) -> None:
    with pytest.raises(InvalidValue, match=r"^granted"):
        AGENT.free_from(1, granted)  # type: ignore[arg-type] # the fault that is tested


def test_a_person_is_in_no_repr_and_no_imei() -> None:
    assert "p-7" not in f"{to(1)!r}{after(requoted(), to(QUOTED))!r}"
    with pytest.raises(InvalidValue, match=r"Override\.person") as caught:
        to(1).replace(person=small.IMEI)
    assert small.IMEI[:8] not in f"{caught.value}"
