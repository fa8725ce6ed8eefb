"""The laws of money: splitting it, writing it, and the arithmetic that one device and a column share."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import _kernel
from miexchange.errors import InvalidValue
from miexchange.laws import _oracle as oracle
from miexchange.money import GREATEST_AMOUNT, Currency, Money, allocate

if TYPE_CHECKING:
    from collections.abc import Iterable

    _Column = np.ndarray[tuple[int], np.dtype[np.int64]]

amounts = st.integers(0, GREATEST_AMOUNT)
signed = st.integers(-GREATEST_AMOUNT, GREATEST_AMOUNT)
rates = st.integers(0, 10_000)
currencies = st.sampled_from(tuple(map(Currency, ("INR", "GBP", "JPY", "KWD", "CLP", "BHD"))))
weights = st.lists(st.integers(0, 5) | amounts, max_size=8)


# ----- allocate


@given(st.integers(0, 60), st.lists(st.integers(0, 9), max_size=6))
def test_a_split_is_by_largest_remainder(amount: int, parts: list[int]) -> None:
    """Design, section 8: discount per order line, by largest remainder; ties go to the earlier one."""
    assume(sum(parts) or not amount)
    assert allocate(amount, parts) == oracle.shares(amount, parts)


@given(amounts, weights)
def test_a_split_loses_nothing(amount: int, parts: list[int]) -> None:
    """Allocate: the shares add up to the amount; each is its exact part rounded down or up; zero gets nothing."""
    assume(sum(parts))
    split = allocate(amount, parts)
    assert sum(split) == amount
    for share, weight in zip(split, parts, strict=True):
        assert 0 <= abs(share - Fraction(amount * weight, sum(parts))) < 1
        assert weight or not share


@given(weights, st.data())
def test_no_share_is_above_its_weight(parts: list[int], data: st.DataObject) -> None:
    """Allocate: where the amount is at most the sum of the weights, no share is above its weight."""
    split = allocate(data.draw(st.integers(0, sum(parts))), parts)
    assert all(share <= weight for share, weight in zip(split, parts, strict=True))


@given(weights, st.integers(1, 10**6))
def test_a_split_over_nothing_is_refused(parts: list[int], amount: int) -> None:
    """Allocate: amounts and weights are zero or more, and there is something to split over."""
    with pytest.raises(InvalidValue):
        allocate(amount, [0 for _ in parts])
    with pytest.raises(InvalidValue):
        allocate(-amount, [1, *parts])
    with pytest.raises(InvalidValue):
        allocate(amount, [*parts, -1])


# ----- reading and writing


@given(amounts, currencies)
def test_an_amount_reads_back_as_it_was_written(amount: int, currency: Currency) -> None:
    """Money: it renders an amount for people, and reads what a person wrote, exactly."""
    money = Money(amount, currency)
    assert Money.read(money.plain, currency) == money
    assert Money.read(str(money).removeprefix(f"{currency} "), currency) == money
    assert Decimal(money.plain).scaleb(currency.decimals) == amount


@given(signed, currencies)
def test_a_debt_is_written_with_its_sign(amount: int, currency: Currency) -> None:
    """Currency.plain: plain digits with the currency's decimals, the same in every locale."""
    assert Decimal(currency.plain(amount)).scaleb(currency.decimals) == amount
    assert Decimal(currency.plain(amount)).as_tuple().exponent == -currency.decimals


@given(signed, signed, currencies, currencies)
def test_two_currencies_never_meet(one: int, other: int, mine: Currency, yours: Currency) -> None:
    """Money: sums, differences and comparisons are exact, and refuse two currencies by name."""
    first, second = Money(one, mine), Money(other, yours)
    if mine == yours:
        assert (first + second).amount_minor == one + other
        assert (first - second).amount_minor == one - other
        assert (first < second, first <= second) == (one < other, one <= other)
        return
    for meet in (lambda: first + second, lambda: first - second, lambda: first < second):
        with pytest.raises(InvalidValue, match=f"is '{yours}': the other is in {mine}"):
            meet()


# ----- the kernel


@given(amounts, rates)
def test_scaled_is_half_up(amount: int, bps: int) -> None:
    """Design, promise 2: one named rounding, half up, as `decimal` does it for amounts that are not negative."""
    exact = Decimal(amount) * Decimal(bps) / Decimal(10_000)
    assert _kernel.scaled(amount, bps) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(signed, signed, rates)
def test_scaled_keeps_order(one: int, other: int, bps: int) -> None:
    """Design, promise 5: every step is monotone, below zero too."""
    low, high = sorted((one, other))
    assert _kernel.scaled(low, bps) <= _kernel.scaled(high, bps)


@given(signed, signed)
def test_the_larger_and_the_smaller(one: int, other: int) -> None:
    """Kernel: at_least is the larger of two, at_most the smaller."""
    assert _kernel.at_least(one, other) == max(one, other)
    assert _kernel.at_most(one, other) == min(one, other)


@given(signed, st.integers(1, 10**6))
def test_down_to_step_floors(amount: int, step: int) -> None:
    """Kernel: the amount rounded down to a whole number of steps."""
    floored = _kernel.down_to_step(amount, step)
    assert floored % step == 0
    assert floored <= amount < floored + step


@given(amounts, amounts, amounts, rates, st.integers(0, 10**6))
def test_a_finding_adds_its_kinds(market: int, anchor: int, fixed: int, share: int, weight: int) -> None:
    """Kernel: a fixed amount, a share of the market price, or a weight x the anchor."""
    expected = fixed + oracle.share(market, share) + oracle.share(anchor, weight)
    assert _kernel.finding(market, anchor, fixed, share, weight) == expected


@given(amounts, amounts, st.integers(0, 10**6), rates, st.integers(0, 10**6))
def test_a_bonus_is_capped_and_has_a_threshold(value: int, least: int, fixed: int, share: int, cap: int) -> None:
    """Kernel: nothing below the threshold, never above the cap."""
    expected = min(fixed + oracle.share(value, share), cap) if value >= least else 0
    assert _kernel.bonus(value, least, fixed, share, cap) == expected


_Arguments = tuple[int, list[int], int, list[int], list[tuple[int, int, int]], list[int], int, int, int]


@st.composite
def steps(draw: st.DrawFn) -> _Arguments:
    """Draw the arguments of `value_steps`, of the size that tables may hold."""
    groups = draw(st.integers(0, 4))
    pairs = [(0, 1), (2, 3)][: groups // 2]
    return (
        draw(st.integers(100, GREATEST_AMOUNT)),
        draw(st.lists(rates, max_size=3)),
        draw(rates),
        draw(st.lists(amounts, min_size=groups, max_size=groups)),
        [(one, other, draw(rates)) for one, other in pairs],
        draw(st.lists(st.integers(-(10**6), 10**6), max_size=2)),
        draw(rates),
        draw(amounts),
        draw(st.integers(1, 10**6)),
    )


@given(steps())
def test_the_steps_add_up_to_the_value(arguments: _Arguments) -> None:
    """Kernel: market, retentions, grade, deductions, overlaps, extras, factor, floor, cap and rounding add up."""
    market, retentions, grade, deductions, overlaps, extras, factor, scrap, step = arguments
    running = market
    for bps in (*retentions, grade):
        running = oracle.share(running, bps)
    running -= sum(deductions)
    for one, other, counted in overlaps:
        running += oracle.share(min(deductions[one], deductions[other]), 10_000 - counted)
    running += sum(extras)
    running = oracle.share(running, factor)
    running = min(max(running, scrap), market)
    running -= running % step
    found = _kernel.value_steps(market, [*retentions, grade], *arguments[3:])
    assert sum(found) == running
    assert all(type(amount) is int for amount in found)


@given(st.lists(steps(), min_size=1, max_size=4))
def test_a_column_runs_the_same_arithmetic(rows: list[_Arguments]) -> None:
    """Design, promise 6: one device and ten million rows run the same formula, and agree on every row."""
    # Rows of one column have the same rules, so the first row's shape is everybody's.
    first = rows[0]
    same = [row for row in rows if _shape(row) == _shape(first)]

    def column(values: Iterable[int]) -> _Column:
        return np.array(list(values), dtype=np.int64)

    wide = _kernel.value_steps(
        column(row[0] for row in same),
        [column(column_of) for column_of in zip(*((*row[1], row[2]) for row in same), strict=True)],
        [column(column_of) for column_of in zip(*(row[3] for row in same), strict=True)],
        [(one, other, column(row[4][place][2] for row in same)) for place, (one, other, _) in enumerate(first[4])],
        [column(column_of) for column_of in zip(*(row[5] for row in same), strict=True)],
        column(row[6] for row in same),
        column(row[7] for row in same),
        column(row[8] for row in same),
    )
    assert all(part.dtype == np.int64 for part in wide)
    for place, row in enumerate(same):
        found = _kernel.value_steps(row[0], [*row[1], row[2]], *row[3:])
        assert [int(part[place]) for part in wide] == found


def _shape(row: _Arguments) -> list[int]:
    return [len(part) for part in row if isinstance(part, list)]


@given(
    st.lists(st.tuples(amounts, amounts, st.integers(0, 10**6), rates, st.integers(0, 10**6)), min_size=1, max_size=5)
)
def test_a_column_of_bonuses_and_findings_agrees(rows: list[tuple[int, int, int, int, int]]) -> None:
    """Design, promise 6: one rule, any width."""
    one, two, three, four, five = np.array(rows, dtype=np.int64).T
    wide = _kernel.bonus(one, two, three, four, five)
    found = _kernel.finding(one, two, three, four, five)
    drift = _kernel.drift_bps(three % 5_000, four % 50)
    for place, (value, least, fixed, share, cap) in enumerate(rows):
        assert int(wide[place]) == _kernel.bonus(value, least, fixed, share, cap)
        assert int(found[place]) == _kernel.finding(value, least, fixed, share, cap)
        assert int(drift[place]) == _kernel.drift_bps(fixed % 5_000, share % 50)


@given(st.integers(0, 10**5), st.integers(0, 10**4))
def test_a_price_never_drifts_below_nothing(days: int, bps: int) -> None:
    """Kernel: what is left of a price, never below zero, and no more on a later day."""
    left = _kernel.drift_bps(days, bps)
    assert 0 <= left <= 10_000
    assert _kernel.drift_bps(days + 1, bps) <= left
