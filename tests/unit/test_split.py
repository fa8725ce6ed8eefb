"""Several old phones in one order: a part of one unit for each coupon, none of which pays for what another pays."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, cast

import pytest

from miexchange import Coupon, Currency, Exchange, GrantedBonus, InvalidValue, Order, OrderLine, Redemption, Refusal
from miexchange.coupon import _check_character
from miexchange.events import Complete, Inspect, Release, Reserve
from miexchange.exchange import State, apply, split_order
from unit import small, trade
from unit.trade import ACCOUNT, HOUR, RULES, found

if TYPE_CHECKING:
    from collections.abc import Sequence

AT, INR = small.AT, small.INR
USAGE = small.USAGE.replace(applies_to="one_unit", devices_per_order=3)


def coupon(number: int, value: int, **usage: Any) -> Coupon:  # noqa: ANN401 - any field of the usage rules
    """Return one of several coupons, each with a code of its own."""
    plain = trade.issued().coupon
    symbols = next(
        one
        for one in (f"{number}{letter}{plain.code[2:16]}" for letter in "ABCDEFGH")
        if _check_character(one) in "0123456789"
    )
    code = symbols + _check_character(symbols)
    return plain.replace(code=code, exchange_value=value, usage=USAGE.replace(**usage), seal="")


def line(product: str, price: int, quantity: int = 1, **other: Any) -> OrderLine:  # noqa: ANN401 - any field of a line
    return OrderLine(
        product,
        **{"category": "smartphone", "brand": "Acme", "channel": "shop", **other},
        price_minor=price,
        quantity=quantity,
    )


ORDER = Order("o", (line("Two", 700_000, 2), line("Cover", 9_900, category="cover"), line("Three", 1_200_000)), INR)
DEAR, MIDDLE, CHEAP = coupon(1, 1_000_000), coupon(2, 400_000), coupon(3, 90_000)


def parts_of(order: Order, coupons: Sequence[Coupon]) -> tuple[Order, ...]:
    parts = split_order(order, coupons, at=AT)
    assert not isinstance(parts, Refusal), parts.explain()
    return parts


def said(order: Order) -> tuple[str, list[tuple[str, int]]]:
    return order.id, [(one.product, one.quantity) for one in order.lines]


def test_each_coupon_has_a_unit_of_its_own_and_nothing_is_lost() -> None:
    parts = parts_of(ORDER, [MIDDLE, DEAR, CHEAP])
    assert [said(part) for part in parts] == [
        ("o/1.1", [("Two", 1)]),
        ("o/3.1", [("Three", 1)]),
        ("o/1.2", [("Two", 1)]),
        ("o/rest", [("Cover", 1)]),
    ]
    assert sum(part.total_minor for part in parts) == ORDER.total_minor
    checked = [one.check(part, account=ACCOUNT, at=AT) for one, part in zip((MIDDLE, DEAR, CHEAP), parts, strict=False)]
    assert [one.discount for one in checked if isinstance(one, Redemption)] == [400_000, 1_000_000, 90_000]


def test_the_parts_are_the_same_in_whatever_order_the_coupons_are_given() -> None:
    wanted = dict(zip("123", map(said, parts_of(ORDER, [DEAR, MIDDLE, CHEAP])), strict=False))
    for order in permutations((DEAR, MIDDLE, CHEAP)):
        assert {one.code[0]: said(part) for one, part in zip(order, parts_of(ORDER, order), strict=False)} == wanted
    same = coupon(4, 400_000)
    alike = [
        {one.code: said(part) for one, part in zip(order, parts_of(ORDER, order), strict=False)}
        for order in permutations((MIDDLE, same))
    ]
    assert alike[0] == alike[1], "of one value, the smaller code chooses first"


def test_a_coupon_takes_the_unit_that_it_takes_most_off() -> None:
    bound = DEAR.replace(bonuses=(GrantedBonus("gift", 90_000, "Two"),))
    (part, _) = parts_of(ORDER.replace(lines=(line("Three", 990_000), line("Two", 1_100_000))), [bound])
    assert said(part) == ("o/2.1", [("Two", 1)])
    (part, _) = parts_of(ORDER.replace(lines=ORDER.lines[::-1]), [DEAR])
    assert said(part) == ("o/1.1", [("Three", 1)])
    (part, _) = parts_of(ORDER.replace(lines=(line("Two", 700_000), line("Three", 700_000))), [DEAR])
    assert said(part) == ("o/1.1", [("Two", 1)]), "of equal ones, the first line"


def test_an_order_without_coupons_or_with_nothing_left_is_whole() -> None:
    assert parts_of(ORDER, []) == (ORDER,)
    assert [said(part) for part in parts_of(Order("o", (line("Two", 5),), INR), [CHEAP])] == [("o/1.1", [("Two", 1)])]


REFUSED: list[tuple[Order, list[Coupon], tuple[str, ...]]] = [
    (ORDER, [DEAR.replace(usage=USAGE.replace(devices_per_order=1)), CHEAP], ("order_devices",)),
    (Order("o", (line("Two", 5),), INR), [DEAR, CHEAP], ("order_devices",)),
    (ORDER.replace(lines=ORDER.lines[1:]), [DEAR, CHEAP], ("order_category",)),
    (ORDER.replace(lines=ORDER.lines[1:2] * 2), [DEAR], ("order_category",)),
    (ORDER.replace(currency=Currency("USD")), [DEAR], ("order_currency",)),
    (ORDER, [DEAR.replace(awaited=True, valid_until=None)], ("coupon_awaited",)),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_why_an_order_is_not_split(number: int) -> None:
    order, coupons, codes = REFUSED[number]
    answer = split_order(order, coupons, at=AT)
    assert isinstance(answer, Refusal)
    assert answer.codes == codes


def test_what_is_no_order_and_no_list_of_coupons_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="coupons has a coupon twice"):
        split_order(ORDER, [DEAR, DEAR], at=AT)
    wrong: Any
    for wrong in (DEAR, [ORDER]):
        with pytest.raises(InvalidValue, match=r"coupons is .*: give a list of coupons"):
            split_order(ORDER, wrong, at=AT)
    with pytest.raises(InvalidValue, match=r"^order is missing"):
        split_order(cast("Any", None), [DEAR], at=AT)
    with pytest.raises(InvalidValue, match=r"^at is missing"):
        split_order(ORDER, [DEAR], at=cast("Any", None))
    with pytest.raises(InvalidValue, match=r"Order\.id"):
        split_order(ORDER.replace(id="o" * 199), [DEAR], at=AT)


def test_one_device_at_a_time_is_the_default() -> None:
    assert small.USAGE.devices_per_order == 1
    assert '"devices_per_order"' not in small.USAGE.to_json()
    with pytest.raises(InvalidValue, match='give 1, or applies_to = "one_unit"'):
        small.USAGE.replace(devices_per_order=2)


def exchange_of(one: Coupon) -> Exchange:
    """Return an exchange with one of the coupons: the quote is of its value."""
    begun = trade.issued(RULES)
    (first, *_) = begun.quote.lines
    quote = begun.quote.replace(
        lines=(first.replace(amount=one.value),), exchange_value=one.value, coupon_value=one.value, usage=USAGE
    )
    worst = begun.worst_case.replace(value=0, at_risk=one.value)
    return begun.replace(quote=quote, coupon=one, worst_case=worst)


def test_what_becomes_of_one_phone_leaves_the_others() -> None:
    """Each coupon is spent once, by its own exchange; cancelling one part gives back one coupon."""
    coupons = (DEAR, MIDDLE, CHEAP)
    *parts, rest = parts_of(ORDER, coupons)
    lives = [exchange_of(one) for one in coupons]
    held = [apply(life, Reserve(AT + HOUR, part, ACCOUNT)) for life, part in zip(lives, parts, strict=True)]
    paid = rest.total_minor + sum(life.to_pay_at_checkout for life in held if isinstance(life, Exchange))
    assert paid == ORDER.total_minor - sum(one.value for one in coupons)
    first, second, _ = (life for life in held if isinstance(life, Exchange))
    wrong = apply(second, Release(AT + 2 * HOUR, parts[0].id))
    assert isinstance(wrong, Refusal), "only its own part gives a coupon back"
    free = apply(second, Release(AT + 2 * HOUR, parts[1].id))
    assert isinstance(free, Exchange)
    assert (free.state, first.state) == (State.ISSUED, State.RESERVED)
    seen = apply(first, Inspect(AT + 2 * HOUR, parts[0].id, found(1_000_000)))
    assert isinstance(seen, Exchange)
    done = apply(seen, Complete(AT + 3 * HOUR, parts[0].id))
    assert isinstance(done, Exchange)
    assert done.state == State.COMPLETED
    again = parts_of(ORDER, [MIDDLE, CHEAP])
    assert [said(part)[0] for part in again] == ["o/3.1", "o/1.1", "o/rest"]
