"""Several old phones in one order: each coupon gets its own unit, so that no two pay for the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._limits import VALUE_ITEMS
from miexchange._value import argument, elements, instant, require
from miexchange.coupon import Coupon, Order, Redemption
from miexchange.refusal import ReasonCode, Refusal, refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["split_order"]

_COUPONS = "give a list of coupons, each once"


def split_order(order: Order, coupons: Sequence[Coupon], *, at: datetime) -> tuple[Order, ...] | Refusal:
    """Split an order among several coupons: a part of one unit for each, and last the rest, if there is any.

    Each part is an order of its own: its coupon is reserved, inspected, released and redeemed with it alone,
    independently of the others. The parts contain all units of the order, each once, so no two coupons pay for the
    same one. The coupon with the largest value chooses first: the unit with the largest discount, the dearest of
    those; among equals the one with the smaller code. So the parts do not depend on the order of the coupons. A part
    is named after its line and unit, such as ``order-7/2.1``.

    Args:
        order: what the customer wants to buy.
        coupons: the coupons, each for one unit, in any order.
        at: the instant of the reservation.

    Returns:
        The parts, in the order of the coupons, and the rest. Or a refusal: a coupon's rules allow fewer old phones for
        one order, the order has too few units, or a coupon cannot be used for any remaining unit.

    Raises:
        InvalidValue: an argument is of another type, a coupon is duplicate, or the order's id is too long for
            a part's id.
    """
    at = instant(at, "at")
    argument(order, Order, "order")
    given = [argument(coupon, Coupon, "coupons", _COUPONS) for coupon in elements(coupons, "coupons", _COUPONS)]
    codes = {coupon.code for coupon in given}
    require(len(codes) == len(given) <= VALUE_ITEMS, "coupons", None, _COUPONS, "has a coupon twice")
    units = sum(line.quantity for line in order.lines)
    most = min([units, *(coupon.usage.devices_per_order for coupon in given)])
    if len(given) > most:
        return refused(ReasonCode.ORDER_DEVICES, devices=len(given), most=most, order=order.id)
    taken = [0] * len(order.lines)
    parts: dict[str, Order] = {}
    for coupon in sorted(given, key=lambda one: (-one.value, one.code)):
        found = _part_for(coupon, order, taken, at)
        if isinstance(found, Refusal):
            return found
        place, parts[coupon.code] = found
        taken[place] += 1
    return (*(parts[coupon.code] for coupon in given), *_rest(order, taken))


def _part_for(coupon: Coupon, order: Order, taken: Sequence[int], at: datetime) -> tuple[int, Order] | Refusal:
    """Return the remaining unit with the largest discount by a coupon, with the position of its line."""
    best: tuple[int, ...] = ()  # less than any
    chosen: tuple[int, Order] | Refusal | None = None
    for place, line in enumerate(order.lines):
        if taken[place] == line.quantity:
            continue
        part = order.replace(id=f"{order.id}/{place + 1}.{taken[place] + 1}", lines=(line.replace(quantity=1),))
        checked = coupon.check(part, account=coupon.account, at=at)
        if isinstance(checked, Redemption):
            worth = checked.discount, line.price_minor
            if worth > best:
                best, chosen = worth, (place, part)
        elif chosen is None:
            chosen = checked
    assert chosen is not None  # noqa: S101 - there are as many units as coupons
    return chosen


def _rest(order: Order, taken: Sequence[int]) -> tuple[Order, ...]:
    """Return the units without a coupon."""
    left = [(line, line.quantity - count) for line, count in zip(order.lines, taken, strict=True)]
    lines = tuple(line.replace(quantity=quantity) for line, quantity in left if quantity)
    if not lines:
        return ()
    return (order.replace(lines=lines, id=f"{order.id}/rest") if any(taken) else order,)
