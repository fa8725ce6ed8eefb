"""What a type checker knows after each public verb that may say no: ``if quote := appraise(...)`` tells the two apart.

It is checked, not run: by mypy and by pyright, both strict. Each function asks some verbs, and looks at both branches.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, assert_type

from miexchange import (
    Coupon,
    Examination,
    Exchange,
    Order,
    Quote,
    Redemption,
    Refusal,
    accept,
    appraise,
    coupon_for,
    headline,
    issue,
)
from miexchange.coupon import check
from miexchange.exchange import apply
from miexchange.inspection import examine
from miexchange.valuation import confirmed

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange import Condition, Device, Inspection, Programme
    from miexchange.events import Event
    from miexchange.ledger import Ledger


def of_quotes(device: Device, condition: Condition, programme: Programme, at: datetime, key: bytes) -> None:
    if quote := appraise(device, condition, programme, at=at):
        assert_type(quote, Quote)
        if sure := confirmed(quote, programme, keys=[key]):
            assert_type(sure, Quote)
        else:
            assert_type(sure, Refusal)
    else:
        assert_type(quote, Refusal)
    if best := headline("oneplus-3t-6-64", programme, at=at):
        assert_type(best, Quote)
    else:
        assert_type(best, Refusal)


def of_coupons(
    quote: Quote,
    device: Device,
    condition: Condition,
    programme: Programme,
    order: Order,
    facts: dict[str, Any],
    key: bytes,
) -> None:
    if coupon := issue(quote, programme, key=key, **facts):
        assert_type(coupon, Coupon)
        if redemption := coupon.check(order, **facts):
            assert_type(redemption, Redemption)
        else:
            assert_type(redemption, Refusal)
        if redemption := check(coupon, order, **facts):
            assert_type(redemption, Redemption)
        else:
            assert_type(redemption, Refusal)
    else:
        assert_type(coupon, Refusal)
    if at_once := coupon_for(device, condition, programme, key=key, **facts):
        assert_type(at_once, Coupon)
    else:
        assert_type(at_once, Refusal)


def of_exchanges(
    quote: Quote, programme: Programme, event: Event, inspection: Inspection, facts: dict[str, Any], key: bytes
) -> None:
    if exchange := accept(quote, programme, key=key, **facts):
        assert_type(exchange, Exchange)
        if after := apply(exchange, event):
            assert_type(after, Exchange)
        else:
            assert_type(after, Refusal)
    else:
        assert_type(exchange, Refusal)
    if seen := examine(quote, inspection, programme, device_tokens=(), key=key):
        assert_type(seen, Examination)
    else:
        assert_type(seen, Refusal)


def of_fields(order: Order) -> None:
    assert_type(dataclasses.replace(order, id="order-2"), Order)
    dataclasses.replace(order, ids="order-2")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    dataclasses.replace(order, id=2)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def of_a_ledger(
    ledger: Ledger, quote: Quote, programme: Programme, inspection: Inspection, order: Order, facts: dict[str, Any]
) -> None:
    for exchange in (
        ledger.accept(quote, programme, **facts),
        ledger.reserve("code", order, **facts),
        ledger.release("code", **facts),
        ledger.inspect("code", inspection, programme, **facts),
        ledger.agree("code", **facts),
        ledger.decline("code", **facts),
        ledger.complete("code", **facts),
        ledger.identify("code", **facts),
        ledger.send("code", **facts),
        ledger.attempt("code", **facts),
        ledger.wipe("code", **facts),
        ledger.override("code", **facts),
        ledger.expire("code", **facts),
        ledger.void("code", **facts),
        ledger.reverse("code", **facts),
    ):
        if exchange:
            assert_type(exchange, Exchange)
        else:
            assert_type(exchange, Refusal)
