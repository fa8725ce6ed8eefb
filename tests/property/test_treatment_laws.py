"""The laws of tax treatments: nothing is lost or made when what comes off an order is split, or goes back."""

from __future__ import annotations

import itertools
from dataclasses import fields
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import Coupon, LineParts, Order, Redemption, TreatmentTable, _kernel
from miexchange.strategies import coupons, line_parts, orders, treatment_tables
from property.effort import effort

AMOUNTS = ("in_kind", "discount", "bonus", "tax_base")


@st.composite
def split(draw: st.DrawFn) -> tuple[Coupon, Order, Redemption]:
    """Draw a redemption that is split by tax treatments, with its coupon and its order."""
    coupon = draw(coupons().filter(lambda coupon: bool(coupon.treatments)))
    order = draw(orders(coupon.usage, coupon.currency))
    found = coupon.check(order, account=coupon.account, at=coupon.valid_from)
    assume(isinstance(found, Redemption))  # the order may be below the least
    assert isinstance(found, Redemption)
    return coupon, order, found


def sums(parts: list[LineParts]) -> dict[str, int]:
    return {name: sum(getattr(part, name) for part in parts) for name in ("units", *AMOUNTS)}


@given(split())
@effort(2)
def test_the_parts_add_up_line_by_line_and_in_all(drawn: tuple[Coupon, Order, Redemption]) -> None:
    """Payment in kind, discount and bonus are what comes off; the value for tax is the price without the discount."""
    coupon, order, redemption = drawn
    rows = {row.part: row.treatment for row in coupon.treatments}
    for line, parts, discount in zip(order.lines, redemption.parts, redemption.discounts, strict=True):
        assert parts.taken == discount
        assert parts.to_pay == line.total_minor - discount
        assert parts.tax_base == line.total_minor - parts.discount
        assert parts.tax_base == parts.to_pay + parts.in_kind + parts.bonus
        assert min(getattr(parts, field.name) for field in fields(parts)) >= 0
    left, totals = redemption.discount, {"payment": 0, "discount": 0}
    products = {line.product for line, off in zip(order.lines, redemption.discounts, strict=True) if off}
    bought = [bonus for bonus in coupon.bonuses if bonus.target is None or bonus.target in products]
    if coupon.usage.applies_to == "one_unit":  # each bonus is spent where it counts, in the order of the coupon
        for bonus in bought:
            spent = min(bonus.amount, left)
            totals[rows[f"bonus:{bonus.id}"]] += spent
            left -= spent
        in_kind = 0 if rows["exchange_value"] == "discount" else left
        by_discount = totals["discount"] + (left if rows["exchange_value"] == "discount" else 0)
        total = sums(list(redemption.parts))
        assert (total["in_kind"], total["discount"], total["bonus"]) == (in_kind, by_discount, totals["payment"])


@given(split())
@effort(1)
def test_each_line_has_its_share_of_each_part_to_the_minor_unit(drawn: tuple[Coupon, Order, Redemption]) -> None:
    """A share is the proportional one, off by less than two minor units: one rounding at either end of the line."""
    *_, redemption = drawn
    total = sums(list(redemption.parts))
    for parts in redemption.parts:
        for name in ("in_kind", "discount", "bonus"):
            share = Fraction(total[name] * parts.taken, max(redemption.discount, 1))
            assert abs(getattr(parts, name) - share) < 2


@given(line_parts(), st.data())
@effort(3)
def test_what_goes_back_in_portions_adds_up_to_the_line(line: LineParts, data: st.DataObject) -> None:
    """The sums of partial returns, in whatever portions, equal the whole, and no unit gives back too much."""
    cuts = data.draw(st.lists(st.integers(1, line.units), unique=True).map(sorted))
    ends = sorted({0, *cuts, line.units})
    back = [line.returned(end - begin, before=begin) for begin, end in itertools.pairwise(ends)]
    assert sums(back) == sums([line])
    price = (line.tax_base + line.discount) // line.units
    for part in back:
        assert part.tax_base + part.discount == price * part.units
        assert min(part.in_kind, part.discount, part.bonus, part.tax_base, part.to_pay) >= 0
    assert line.returned(line.units) == line


@given(split(), st.data())
@effort(1)
def test_a_reversal_gives_back_the_parts_in_any_order(
    drawn: tuple[Coupon, Order, Redemption], data: st.DataObject
) -> None:
    """Portions of several lines, returned in any order, give back exactly what the redemption says."""
    *_, redemption = drawn
    portions = []
    for place, line in enumerate(redemption.parts):
        cuts = data.draw(st.lists(st.integers(1, line.units), max_size=4))
        portions += [(place, *ends) for ends in itertools.pairwise(sorted({0, *cuts, line.units}))]
    back = [
        redemption.parts[place].returned(end - begin, before=begin)
        for place, begin, end in data.draw(st.permutations(portions))
    ]
    assert sums(back) == sums(list(redemption.parts))


@given(treatment_tables(), st.timedeltas(timedelta(0), timedelta(4_000)))
def test_a_coupon_keeps_every_row_that_can_still_decide(table: TreatmentTable, later: timedelta) -> None:
    """What the whole table says at any later instant, the rows that the coupon keeps say too."""
    for row in table:
        kept = table.since(row.effective_from)
        at = row.effective_from + later
        assert all(kept.as_of(part, at) == table.as_of(part, at) for part in table.by_key)


def many(count: int, seed: int) -> None:
    """Split random orders of five lines at once, each line of up to seven units that go back one by one."""
    random = np.random.default_rng(seed)
    lines, units = 5, 7
    price = random.integers(0, 5 * 10**7, (count, lines))
    quantity = random.integers(1, units + 1, (count, lines))
    off = (price * quantity * random.random((count, lines))).astype(np.int64)
    total = off.sum(axis=1)
    bonus = (total * random.random(count)).astype(np.int64)
    discount = ((total - bonus) * random.integers(0, 2, count) * random.random(count)).astype(np.int64)
    before: Any = np.zeros((3, count), np.int64)
    sums_of_lines: Any = np.zeros((3, count), np.int64)
    taken: Any = np.zeros(count, np.int64)
    for line in range(lines):
        taken = taken + off[:, line]
        after = np.array(_kernel.parts_of_first(taken, total, bonus, discount))
        parts = after - before
        assert (parts >= 0).all()
        assert (parts.sum(axis=0) == off[:, line]).all()
        sums_of_lines += parts
        before = after
        gone: Any = np.zeros((3, count), np.int64)
        back: Any = gone
        for unit in range(1, units + 1):
            first = off[:, line] * np.minimum(unit, quantity[:, line]) // quantity[:, line]
            now = np.array(_kernel.parts_of_first(first, off[:, line], parts[1], parts[2]))
            assert (now >= gone).all()
            assert ((now - gone).sum(axis=0) <= price[:, line]).all()
            back, gone = back + (now - gone), now
        assert (back == parts).all()
    whole = np.array([total - bonus - discount, bonus, discount])
    assert (sums_of_lines == whole).all()


def test_thousands_of_random_orders_are_split_exactly() -> None:
    """The law of `many`, in the ordinary suite."""
    many(5_000, seed=10)


@pytest.mark.sweep
def test_a_million_random_orders_are_split_exactly() -> None:
    """Parts add up to the minor unit on 10**6 random orders, and what goes back unit by unit is what was given."""
    for chunk in range(20):
        many(50_000, seed=chunk)
