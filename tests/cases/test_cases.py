"""Run the worked cases: examples as data, worked out by hand, which an operator can read and add to.

Each ``*.toml`` beside this file holds cases; the top of mi-exchange-india.toml says how to read one.
A key that no case has is an error, so that a slip of the pen is not passed over.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from miexchange import (
    Condition,
    Coupon,
    CouponStanding,
    Device,
    ImeiStatus,
    Order,
    OrderLine,
    Programme,
    Quote,
    Redemption,
    Refusal,
    appraise,
    issue,
    replay,
)
from miexchange.money import Money
from unit.small import INR

HERE = Path(__file__).parent
KEY = b"a key for the worked cases"
PHONE, IMEI = "oneplus-3t-6-64", "863664031234569"


@dataclass(frozen=True, kw_only=True)
class Valuation:
    """A phone, an instant, and what it is worth or why it is refused."""

    rule: str
    programme: str
    model: str
    at: datetime
    because: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    imei: str | None = None
    imei2: str | None = None
    imei_status: str = "unverified"
    purchased_on: date | None = None
    exchange_open: bool = False
    device_exchanged: bool = False
    target: str | None = None
    customer: str | None = None
    bonuses_given: dict[str, int] = field(default_factory=dict)
    value: str | None = None
    exchange_value: str | None = None
    grade: str | None = None
    lines: list[str] | None = None
    refused: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A coupon, an order, and what comes off it or why not."""

    rule: str
    programme: str
    quoted_at: datetime
    order: list[dict[str, Any]]
    because: str = ""
    accepted_at: datetime | None = None
    checked_at: datetime | None = None
    answers: dict[str, str] = field(default_factory=dict)
    imei: str = IMEI
    target: str | None = None
    signed_in: str = "buyer"
    standing: str = "unused"
    other_discounts: list[str] = field(default_factory=list)
    coupon: str | None = None
    discounts: list[str] | None = None
    to_pay: str | None = None
    forfeited: str = "0.00"
    store_credit: str = "0.00"
    refused: list[str] | None = None


def read(name: str, kind: type[Any]) -> list[Any]:
    data = tomllib.loads((HERE / name).read_text(encoding="utf-8"))
    shared = {key: value for key, value in data.items() if key != "case"}
    return [kind(**shared, **case) for case in data["case"]]


VALUATIONS: list[Valuation] = [
    case
    for name in (
        "mi-exchange-india",
        "graded-trade-in",
        "age-and-bonus",
        "uk-trade-in",
        "cashify",
        "apple-trade-in-india",
    )
    for case in read(f"{name}.toml", Valuation)
]
PURCHASES: list[Purchase] = read("coupons.toml", Purchase)


ALL: list[Valuation | Purchase] = [*VALUATIONS, *PURCHASES]


def named(case: Valuation | Purchase) -> str:
    return f"{case.programme}: {case.rule}"


@cache
def programme_of(name: str) -> Programme:
    directory = HERE / name
    return Programme.load(directory if directory.is_dir() else name)


def condition_of(
    programme: Programme, model: str, at: datetime, answers: dict[str, str], left_out: list[str]
) -> Condition:
    """Return the best answers but for those of the case; none where the model or the terms are not known."""
    terms = programme.terms_at(at)
    family = programme.catalogue.family_of("", model)
    variants = [programme.catalogue.by_model[model]] if model in programme.catalogue.by_model else []
    if family is not None:
        variants += programme.catalogue.variants_of(family)
    best = terms.questionnaire.best(variants[0], answers) if terms is not None and variants else Condition(answers)
    return best.replace(**dict.fromkeys(left_out))


@pytest.mark.parametrize("case", VALUATIONS, ids=named)
def test_a_phone_is_worth_what_was_worked_out_by_hand(case: Valuation) -> None:
    programme = programme_of(case.programme)
    outcome = appraise(
        Device(case.model, case.imei, case.imei2, purchased_on=case.purchased_on),
        condition_of(programme, case.model, case.at, case.answers, case.unanswered),
        programme,
        at=case.at,
        imei_status=ImeiStatus(case.imei_status),
        exchange_open=case.exchange_open,
        device_exchanged=case.device_exchanged,
        target=case.target,
        customer=case.customer,
        bonuses_given=case.bonuses_given,
    )
    if case.refused is not None:
        assert isinstance(outcome, Refusal), outcome.explain()
        assert sorted(outcome.codes) == sorted(case.refused)
        return
    assert isinstance(outcome, Quote), outcome.explain()
    assert outcome.money.plain == case.value, outcome.explain()
    assert case.exchange_value in {None, outcome.currency.plain(outcome.exchange_value)}
    assert case.grade in {None, outcome.grade}
    if case.lines is not None:
        assert [f"{line.rule} {outcome.currency.plain(line.amount)}" for line in outcome.lines] == case.lines
    assert replay(Quote.from_json(outcome.to_json()), programme)


@pytest.mark.parametrize("case", PURCHASES, ids=named)
def test_a_coupon_takes_off_what_was_worked_out_by_hand(case: Purchase) -> None:
    programme = programme_of(case.programme)
    quote = appraise(
        Device(PHONE, case.imei or None),
        condition_of(programme, PHONE, case.quoted_at, case.answers, []),
        programme,
        at=case.quoted_at,
        imei_status=ImeiStatus.CLEAR,
        target=case.target,
    )
    assert isinstance(quote, Quote), quote.explain()
    accepted_at = case.accepted_at or case.quoted_at
    coupon = issue(quote, programme, account="buyer", at=accepted_at, key=KEY)
    if isinstance(coupon, Coupon):
        outcome = coupon.check(
            Order("order-1", tuple(map(order_line, case.order)), INR, tuple(case.other_discounts)),
            account=case.signed_in,
            at=case.checked_at or accepted_at,
            standing=CouponStanding(case.standing),
        )
    else:
        outcome = coupon
    if case.refused is not None:
        assert isinstance(outcome, Refusal)
        assert sorted(outcome.codes) == sorted(case.refused)
        return
    assert isinstance(coupon, Coupon)
    assert isinstance(outcome, Redemption), outcome.explain()
    assert coupon.money.plain == case.coupon
    assert [INR.plain(discount) for discount in outcome.discounts] == case.discounts
    paid = [INR.plain(amount) for amount in (outcome.to_pay, outcome.forfeited, outcome.store_credit)]
    assert paid == [case.to_pay, case.forfeited, case.store_credit]


def order_line(given: dict[str, Any]) -> OrderLine:
    return OrderLine(
        price_minor=Money.read(given["price"], INR).amount_minor,
        **{key: value for key, value in given.items() if key != "price"},
    )


def test_every_case_has_one_outcome_and_says_why() -> None:
    for case in ALL:
        worth = case.value if isinstance(case, Valuation) else case.coupon
        assert (worth is None) is (case.refused is not None), case.rule
        assert bool(case.because) is (worth is not None), case.rule


def test_no_rule_stands_twice() -> None:
    for cases in (VALUATIONS, PURCHASES):
        assert len(set(map(named, cases))) == len(cases)


def test_there_are_enough_of_them() -> None:
    assert len(VALUATIONS) + len(PURCHASES) >= 60
    assert {case.programme for case in PURCHASES} == {"mi-exchange-india", "graded-trade-in"}
