"""Run the worked cases: examples as data, worked out by hand, which an operator can read and add to.

Each ``*.toml`` beside this file holds cases; the top of mi-exchange-india.toml says how to read one.
A key that no case has is an error, so that a slip of the pen is not passed over.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from miexchange import (
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
)
from miexchange.cases import Case, read_cases
from miexchange.laws import assert_exact, assert_replays
from miexchange.money import Money
from unit.small import INR

HERE = Path(__file__).parent
KEY = b"a key for the worked cases"
PHONE, IMEI = "oneplus-3t-6-64", "863664031234569"


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


VALUATIONS: list[Case] = [
    case
    for name in (
        "mi-exchange-india",
        "graded-trade-in",
        "age-and-bonus",
        "uk-trade-in",
        "cashify",
        "apple-trade-in-india",
    )
    for case in read_cases(HERE / f"{name}.toml")
]
PURCHASES: list[Purchase] = read("coupons.toml", Purchase)


ALL: list[Case | Purchase] = [*VALUATIONS, *PURCHASES]


def named(case: Case | Purchase) -> str:
    return f"{case.programme}: {case.rule}"


@cache
def programme_of(name: str) -> Programme:
    directory = HERE / name
    return Programme.load(directory if directory.is_dir() else name)


@pytest.mark.parametrize("case", VALUATIONS, ids=named)
def test_a_phone_is_worth_what_was_worked_out_by_hand(case: Case) -> None:
    programme = programme_of(case.programme)
    assert not [*case.differing(programme)]
    outcome = case.outcome(programme)
    if isinstance(outcome, Quote):
        assert_exact(outcome)
        assert_replays([outcome], programme)


@pytest.mark.parametrize("case", PURCHASES, ids=named)
def test_a_coupon_takes_off_what_was_worked_out_by_hand(case: Purchase) -> None:
    programme = programme_of(case.programme)
    quote = appraise(
        Device(PHONE, case.imei or None),
        Case(rule="", at=case.quoted_at, answers=case.answers).condition(programme, PHONE),
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
        worth = case.value if isinstance(case, Case) else case.coupon
        assert (worth is None) is (case.refused is not None), case.rule
        assert bool(case.because) is (worth is not None), case.rule


def test_no_rule_stands_twice() -> None:
    for cases in (VALUATIONS, PURCHASES):
        assert len(set(map(named, cases))) == len(cases)


def test_there_are_enough_of_them() -> None:
    assert len(VALUATIONS) + len(PURCHASES) >= 60
    assert {case.programme for case in PURCHASES} == {"mi-exchange-india", "graded-trade-in"}
