"""Coupons, the orders that they are spent on, and their discounts."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from miexchange._arguments import instance, maybe, takes
from miexchange._time import TICK
from miexchange.condition import Condition
from miexchange.coupon import Coupon, Order, OrderLine, Redemption, _issue
from miexchange.eligibility import ImeiStatus
from miexchange.money import Currency
from miexchange.programme import UsageRules
from miexchange.quote import GrantedBonus, Quote, QuoteLine
from miexchange.strategies._imeis import imeis
from miexchange.strategies._numbers import (
    CURRENCIES,
    KEPT,
    amounts,
    bounded,
    instants,
    secret_keys,
    subsets,
    texts,
    tuples,
)
from miexchange.strategies._programmes import CATEGORIES, CHANNELS, NEW_BRANDS, PRODUCTS, usage_rules
from miexchange.strategies._treatments import covering

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from miexchange.refusal import Refusal

__all__ = ["coupons", "order_lines", "orders", "redemptions"]

_LATER = timedelta(days=3_650)  # of a coupon without end
_TARGETS = st.none() | st.sampled_from(PRODUCTS)


@st.composite
def _accepted(draw: st.DrawFn) -> Quote:
    """Draw a quote without a programme behind it: a coupon needs only its value, its bonuses and its rules."""
    at = draw(instants())
    value = draw(amounts(10**7) | st.integers(0, 10**7))
    bonuses = draw(tuples(st.builds(GrantedBonus, texts(), st.integers(1, 10**6), _TARGETS), most=2))
    given = [QuoteLine(f"bonus:{bonus.id}", bonus.amount, "A bonus", f"bonuses[{bonus.id}]") for bonus in bonuses]
    first, second = draw(imeis()), draw(st.none() | imeis())
    return Quote(
        programme="drawn",
        digest="0" * 64,
        terms="1",
        questionnaire="1",
        at=at,
        valid_until=at + timedelta(hours=24),
        model="acme-one-1-8",
        label="Acme One (1 GB, 8 GB)",
        imeis=(first,) if second in {None, first} else (first, second),
        indicative=False,
        imei_status=ImeiStatus.CLEAR,
        purchased_on=None,
        condition=Condition(),
        grade="A",
        priced_from=at,
        target=None,
        bonuses_given=(),
        bonuses=bonuses,
        lines=(QuoteLine("market", value, "a price", "market_prices[acme-one-1-8]"), *given),
        exchange_value=value,
        coupon_value=value + sum(bonus.amount for bonus in bonuses),
        warnings=(),
        usage=draw(usage_rules()),
        currency=draw(CURRENCIES),
    )


@takes(quote=maybe(instance(Quote)))
@st.composite
def coupons(draw: st.DrawFn, quote: Quote | None = None) -> Coupon:
    """Draw coupons of a quote with an IMEI.

    Args:
        quote: the quote; by default one with any value and any usage rules.
    """
    accepted = draw(_accepted()) if quote is None else quote
    at = draw(instants(accepted.at, accepted.valid_until - TICK))
    key = draw(secret_keys())
    found = draw(covering([bonus.id for bonus in accepted.bonuses]))
    coupon = _issue(accepted, [], found, account=draw(texts()), at=at, key=key, old_keys=())
    assert isinstance(coupon, Coupon), coupon.explain()  # noqa: S101 - it is accepted in time, with its IMEI
    return coupon


@takes(usage=maybe(instance(UsageRules)))
@lru_cache(KEPT)
def order_lines(usage: UsageRules | None = None) -> SearchStrategy[OrderLine]:
    """Draw lines of an order.

    Args:
        usage: the rules of use of a coupon, which the lines then satisfy; by default they may be of anything.

    >>> from hypothesis import find
    >>> line = find(order_lines(), lambda line: True)
    >>> line.product, line.category, line.channel, line.price_minor, line.quantity
    ('Redmi Note 5', 'smartphone', 'mi.com', 100000, 1)
    """
    minimum = 0 if usage is None else usage.minimum_order_minor
    edges = st.sampled_from((minimum, minimum - 1)) if minimum else st.nothing()
    return st.builds(
        OrderLine,
        product=st.sampled_from(PRODUCTS),
        category=st.sampled_from((*CATEGORIES, "tv") if usage is None else usage.categories),
        brand=st.sampled_from((*NEW_BRANDS, "Acme") if usage is None else usage.brands),
        channel=st.sampled_from((*CHANNELS, "street") if usage is None else usage.channels),
        price_minor=amounts(10**7) | bounded(OrderLine, "price_minor") | edges,
        quantity=st.integers(1, 3) | bounded(OrderLine, "quantity"),
    )


def _costs(line: OrderLine) -> bool:
    return line.price_minor > 0


@lru_cache(KEPT)
def _fitting(usage: UsageRules) -> SearchStrategy[list[OrderLine]]:
    return st.lists(order_lines(usage).filter(_costs), min_size=1, max_size=2)


@cache
def _others(least: int) -> SearchStrategy[list[OrderLine]]:
    return st.lists(order_lines(), min_size=least, max_size=2)


@takes(usage=maybe(instance(UsageRules)), currency=maybe(instance(Currency)))
@st.composite
def orders(draw: st.DrawFn, usage: UsageRules | None = None, currency: Currency | None = None) -> Order:
    """Draw orders of one to four lines; they shrink to one.

    Args:
        usage: the rules of use of a coupon: the order has at least one line that satisfies them, at a price, and no
            other discount with which the coupon cannot be combined.
        currency: the currency of its prices; any by default.
    """
    fits: list[OrderLine] = [] if usage is None else draw(_fitting(usage))
    others = draw(_others(0 if fits else 1))
    kinds = ("bank_offer", "festival") if usage is None else usage.stacks_with
    discounts = draw(subsets(kinds, 0)) if kinds else ()
    others_first = bool(fits) and draw(st.booleans())
    lines = (*others, *fits) if others_first else (*fits, *others)
    return Order(draw(texts()), lines, draw(CURRENCIES) if currency is None else currency, discounts)


@st.composite
def redemptions(draw: st.DrawFn) -> Redemption:
    """Draw the discount of a coupon on an order that it can buy."""
    coupon = draw(coupons())
    at = draw(instants(coupon.valid_from, (coupon.valid_until or coupon.valid_from + _LATER) - TICK))
    bought = orders(coupon.usage, coupon.currency)

    def check(order: Order) -> Redemption | Refusal:
        return coupon.check(order, account=coupon.account, at=at)

    found = check(draw(bought.filter(lambda order: isinstance(check(order), Redemption))))
    assert isinstance(found, Redemption)  # noqa: S101 - the filter's
    return found
