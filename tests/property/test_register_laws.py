"""The laws of a register's answer: it counts from when it was asked for as long as the terms say, and no other time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from miexchange import Exchange, ImeiStatus, Programme, Quote, Refusal, RegisterAnswer, accept, appraise, replay
from miexchange.catalogue import Device
from miexchange.events import Complete, Inspect, Reserve
from miexchange.exchange import apply
from miexchange.inspection import Examination, examine
from miexchange.strategies import register_answers
from unit import small, trade

HOURS = st.sampled_from((0, 1, 24, 8_760)) | st.integers(0, 8_760)
AGES = st.timedeltas(-timedelta(10), timedelta(400)) | st.sampled_from(
    [timedelta(hours=hours) + timedelta(microseconds=tick) for hours in (0, 1, 24, 8_760) for tick in (-1, 0, 1)]
)
SKEW = timedelta(seconds=trade.RULES.skew_seconds)
DEVICE = Device(small.MODEL, small.IMEI)
OTHERS = st.sampled_from([status for status in ImeiStatus if status is not ImeiStatus.CLEAR])


def answered(age: timedelta) -> RegisterAnswer:
    return RegisterAnswer(ImeiStatus.CLEAR, "CEIR", small.AT - age, "r-1")


def programme(at_quote: int, at_accept: int, at_door: int) -> Programme:
    rules = trade.RULES.replace(
        inspection="required", accept_register_hours=at_accept, hand_over_register_hours=at_door
    )
    return trade.programme(rules, eligibility=small.TERMS.eligibility.replace(register_hours=at_quote))


def is_new(age: timedelta, hours: int, ahead: timedelta = timedelta()) -> bool:
    return not hours or -ahead <= age <= timedelta(hours=hours)


@given(AGES, HOURS)
def test_at_the_quote(age: timedelta, hours: int) -> None:
    """EligibilityTerms.register_hours: how old a register's answer may be at the quote; 0 where none is demanded."""
    rules, answer = programme(hours, 0, 0), answered(age)
    quote = appraise(DEVICE, trade.SAID, rules, at=small.AT, imei_status=answer)
    assert isinstance(quote, Quote) is is_new(age, hours)
    if isinstance(quote, Quote):
        assert quote.register_answer == answer
        assert replay(Quote.from_json(quote.to_json()), rules)
    else:
        assert quote.codes == ("register_stale",)


@given(AGES, HOURS, st.none() | AGES)
def test_at_acceptance(age: timedelta, hours: int, newer: timedelta | None) -> None:
    """ExchangeRules.accept_register_hours: a newer answer counts in the place of the quote's."""
    rules = programme(0, hours, 0)
    quote = appraise(DEVICE, trade.SAID, rules, at=small.AT, imei_status=answered(age))
    assert isinstance(quote, Quote)
    again = None if newer is None else answered(newer)
    exchange = accept(quote, rules, account="asha", at=small.AT, key=small.KEY, register_answer=again)
    assert isinstance(exchange, Exchange) is is_new(age if newer is None else newer, hours, SKEW)
    if isinstance(exchange, Refusal):
        assert exchange.codes == ("register_stale",)


@given(st.none() | AGES, HOURS)
def test_at_the_hand_over(age: timedelta | None, hours: int) -> None:
    """ExchangeRules.hand_over_register_hours: the register is asked again; an exchange from JSON is as it was."""
    rules = programme(0, 0, hours)
    quote = appraise(DEVICE, trade.SAID, rules, at=small.AT - timedelta(hours=3))
    assert isinstance(quote, Quote)
    exchange = accept(quote, rules, account="asha", at=quote.at, key=small.KEY)
    assert isinstance(exchange, Exchange)
    held = trade.after(exchange, Reserve(small.AT - timedelta(hours=2), trade.ORDER, "asha"))
    seen = trade.seen(register_answer=None if age is None else answered(age))
    found = examine(quote, seen, rules, device_tokens=held.coupon.device_tokens, key=small.KEY)
    assert isinstance(found, Examination)
    after = apply(held, Inspect(small.AT, trade.ORDER.id, found))
    assert isinstance(after, Exchange) is (not hours if age is None else is_new(age, hours, SKEW))
    if isinstance(after, Exchange):
        done = trade.after(after, Complete(small.AT + timedelta(hours=1), trade.ORDER.id))
        assert [Exchange.from_json(one.to_json()) for one in (after, done)] == [after, done]


@given(OTHERS, HOURS, HOURS)
def test_no_new_answer_makes_a_listed_phone_taken(status: ImeiStatus, at_quote: int, at_accept: int) -> None:
    """ImeiStatus: only a clear one is taken as clear, with evidence or without, however new it is."""
    rules, answer = programme(at_quote, at_accept, 0), answered(timedelta()).replace(status=status)
    quote = appraise(DEVICE, trade.SAID, rules, at=small.AT, imei_status=answer)
    warned = status is ImeiStatus.UNVERIFIED
    assert isinstance(quote, Quote) is warned
    if isinstance(quote, Quote):
        assert [warning.code.value for warning in quote.warnings] == ["imei_unverified"]
        exchange = accept(quote, rules, account="asha", at=small.AT, key=small.KEY)
        assert isinstance(exchange, Exchange) is not at_accept


@given(register_answers())
def test_evidence_comes_back_from_json_and_shows_no_number(answer: RegisterAnswer) -> None:
    """RegisterAnswer: evidence, and no IMEI."""
    assert RegisterAnswer.from_json(answer.to_json()) == answer
