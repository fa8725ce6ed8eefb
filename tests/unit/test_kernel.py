"""The arithmetic, each step alone: for one number and for a column of them, by the same lines."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from miexchange import _kernel

SCALED = [
    (0, 10_000, 0),
    (100, 10_000, 100),
    (100, 0, 0),
    (1, 4_999, 0),  # 0.4999: below half
    (1, 5_000, 1),  # 0.5: half goes up
    (1, 5_001, 1),
    (3, 5_000, 2),  # 1.5
    (5, 5_000, 3),  # 2.5: half up, not half to even
    (3_333, 3_000, 1_000),  # 999.9
    (3_799_900, 7_000, 2_659_930),
    (-1, 4_999, 0),  # -0.4999
    (-1, 5_000, 0),  # -0.5: up is towards zero
    (-1, 5_001, -1),  # -0.5001
    (-3, 5_000, -1),  # -1.5 goes up to -1
    (10**11, 10_000, 10**11),  # the greatest amount
]


@pytest.mark.parametrize(("amount", "bps", "result"), SCALED)
def test_an_amount_times_a_rate_is_rounded_half_up(amount: int, bps: int, result: int) -> None:
    assert _kernel.scaled(amount, bps) == result


BOUNDS = [(3, 5), (5, 3), (4, 4), (-1, 0), (0, -1), (-3, -5)]


@pytest.mark.parametrize(("amount", "bound"), BOUNDS)
def test_a_floor_is_the_larger_and_a_cap_the_smaller(amount: int, bound: int) -> None:
    assert _kernel.at_least(amount, bound) == max(amount, bound)
    assert _kernel.at_most(amount, bound) == min(amount, bound)


STEPS = [
    (1_055_999, 100, 1_055_900),  # to Rs 1
    (1_055_999, 500, 1_055_500),  # to Rs 5
    (1_055_999, 1_000, 1_055_000),  # to Rs 10
    (1_055_999, 5_000, 1_055_000),  # to Rs 50
    (1_054_999, 5_000, 1_050_000),
    (1_055_000, 1_000, 1_055_000),  # a whole step stays
    (999, 1_000, 0),
    (-1, 1_000, -1_000),  # down, not towards zero
    (7, 1, 7),
]


@pytest.mark.parametrize(("amount", "step", "result"), STEPS)
def test_a_value_is_rounded_down_to_whole_steps(amount: int, step: int, result: int) -> None:
    assert _kernel.down_to_step(amount, step) == result


FINDINGS = [
    ((1_000_000, 160_000, 0, 0, 0), 0),
    ((1_000_000, 160_000, 38_000, 0, 0), 38_000),  # a fixed amount
    ((1_000_000, 160_000, 0, 300, 0), 30_000),  # 3 % of the market price
    ((1_000_000, 160_000, 0, 0, 20_260), 324_160),  # 2.026 x the anchor
    ((33, 0, 0, 5_000, 0), 17),  # 16.5 goes up
]


@pytest.mark.parametrize(("arguments", "cost"), FINDINGS)
def test_a_finding_costs_an_amount_a_share_or_a_weight(arguments: tuple[int, int, int, int, int], cost: int) -> None:
    assert _kernel.finding(*arguments) == cost


DRIFTS = [
    (0, 10, 10_000),
    (1, 10, 9_990),
    (30, 10, 9_700),
    (30, 0, 10_000),  # no drift
    (999, 10, 10),
    (1_000, 10, 0),
    (1_001, 10, 0),  # never below zero
]


@pytest.mark.parametrize(("days", "bps_per_day", "left"), DRIFTS)
def test_a_price_fades_day_by_day(days: int, bps_per_day: int, left: int) -> None:
    assert _kernel.drift_bps(days, bps_per_day) == left


BONUSES = [
    ((99_999, 100_000, 6_800, 0, 6_800), 0),  # a paisa below the threshold
    ((100_000, 100_000, 6_800, 0, 6_800), 6_800),  # at it
    ((100_001, 100_000, 6_800, 0, 6_800), 6_800),
    ((100_000, 0, 0, 1_000, 15_000), 10_000),  # a tenth
    ((149_990, 0, 0, 1_000, 15_000), 14_999),
    ((150_000, 0, 0, 1_000, 15_000), 15_000),  # at the cap
    ((200_000, 0, 0, 1_000, 15_000), 15_000),  # above it
    ((0, 0, 6_800, 0, 6_800), 6_800),  # no threshold
]


@pytest.mark.parametrize(("arguments", "amount"), BONUSES)
def test_a_bonus_has_a_threshold_and_a_cap(arguments: tuple[int, int, int, int, int], amount: int) -> None:
    assert _kernel.bonus(*arguments) == amount


GRANTS = [
    ([], [], []),
    ([5], [False], [5]),
    ([5], [True], [5]),
    ([1, 0], [False, False], [1, 0]),
    ([0, 0], [False, False], [0, 0]),
    ([5, 7, 7, 3], [True, False, False, False], [5, 7, 0, 0]),  # the first of equals
    ([7, 5, 9], [False, False, True], [7, 0, 9]),  # a stackable one is no rival
    ([3, 5], [False, False], [0, 5]),
    ([3, 5, 2], [True, True, True], [3, 5, 2]),
]


@pytest.mark.parametrize(("amounts", "stackable", "granted"), GRANTS)
def test_every_stackable_bonus_is_granted_and_the_largest_of_the_others(
    amounts: list[int], stackable: list[bool], granted: list[int]
) -> None:
    amounts = [*amounts]
    _kernel.grant(amounts, stackable)
    assert amounts == granted


PARTS = [
    ((0, 100, 10, 45), (0, 0, 0)),
    ((33, 100, 10, 45), (15, 3, 15)),
    ((100, 100, 10, 45), (45, 10, 45)),
    ((1, 1, 1, 0), (0, 1, 0)),  # all by bonuses
    ((1, 1, 0, 1), (0, 0, 1)),  # all as discount
    ((1, 1, 0, 0), (1, 0, 0)),  # all in kind
    ((2, 2, 1, 1), (0, 1, 1)),
    ((2, 2, 1, 0), (1, 1, 0)),
    ((0, 0, 0, 0), (0, 0, 0)),
    ((7, 9, 9, 0), (0, 7, 0)),
]


@pytest.mark.parametrize(("arguments", "parts"), PARTS)
def test_the_parts_of_a_discount_add_up_to_it(
    arguments: tuple[int, int, int, int], parts: tuple[int, int, int]
) -> None:
    assert _kernel.parts_of_first(*arguments) == parts
    assert sum(parts) == arguments[0]


MONTHS = [
    ((0, 10, 0, 10), 0),
    ((0, 10, 1, 9), 0),
    ((0, 10, 1, 10), 1),
    ((0, 10, 1, 11), 1),
    ((5, 30, 17, 29), 11),
    ((5, 1, 4, 1), -1),
]


@pytest.mark.parametrize(("arguments", "months"), MONTHS)
def test_a_month_is_whole_on_the_day_of_its_date(arguments: tuple[int, int, int, int], months: int) -> None:
    assert _kernel.whole_months(*arguments) == months


def test_a_count_that_is_not_given_is_one_that_no_column_counts_to() -> None:
    assert np.iinfo(np.int32).min == _kernel.NOT_GIVEN
    positions = [_kernel.position_of(count, 2) for count in (0, 1, 2, 3, 99, -1, -2, _kernel.NOT_GIVEN)]
    assert positions == [0, 1, 2, 2, 2, 3, 3, 4]


def test_the_calendar_is_the_gregorian_one() -> None:
    """Each month's first and last day, about leap years, centuries that have no leap day, and the turn of 400 years."""
    for year in (1600, 1899, 1900, 1970, 1999, 2000, 2001, 2003, 2004, 2099, 2100, 2101, 2199, 2200, 2299, 2300, 2399):
        for month in range(1, 13):
            first = date(year, month, 1)
            for found in (first, first - timedelta(1)):
                months = found.year * 12 + found.month - 3, found.day - 1
                assert _kernel.calendar((found - date(1970, 1, 1)).days) == months, found


Arguments = tuple[int, list[int], int, list[int], list[tuple[int, int, int]], list[int], int, int, int]
VALUES: list[tuple[str, Arguments, list[int]]] = [
    ("market alone", (1_000, [], 10_000, [], [], [], 10_000, 0, 1), [1_000, 0, 0, 0, 0, 0]),
    ("a retention", (1_000, [7_700], 10_000, [], [], [], 10_000, 0, 1), [1_000, -230, 0, 0, 0, 0, 0]),
    # 1000 x 0.77 = 770; 770 x 0.5 = 385: each keeps part of what is left
    ("two retentions", (1_000, [7_700, 5_000], 10_000, [], [], [], 10_000, 0, 1), [1_000, -230, -385, 0, 0, 0, 0, 0]),
    ("a grade", (1_000, [], 9_000, [], [], [], 10_000, 0, 1), [1_000, -100, 0, 0, 0, 0]),
    ("deductions add up", (1_000, [], 10_000, [30, 0, 7], [], [], 10_000, 0, 1), [1_000, 0, -30, 0, -7, 0, 0, 0, 0]),
    # the smaller of 30 and 20 counts to 0.3: 0.7 x 20 = 14 comes back
    (
        "an overlap",
        (1_000, [], 10_000, [30, 20], [(0, 1, 3_000)], [], 10_000, 0, 1),
        [1_000, 0, -30, -20, 14, 0, 0, 0, 0],
    ),
    ("extras either way", (1_000, [], 10_000, [], [], [50, -20], 10_000, 0, 1), [1_000, 0, 50, -20, 0, 0, -30, 0]),
    ("a factor", (1_000, [], 10_000, [], [], [], 9_700, 0, 1), [1_000, 0, -30, 0, 0, 0]),
    ("a floor", (1_000, [], 10_000, [950], [], [], 10_000, 100, 1), [1_000, 0, -950, 0, 50, 0, 0]),
    ("a floor from below zero", (1_000, [], 10_000, [2_000], [], [], 10_000, 0, 1), [1_000, 0, -2_000, 0, 1_000, 0, 0]),
    # the factor shares a loss too: -1000 x 0.97 = -970, and the floor lifts that
    ("a factor below zero", (1_000, [], 10_000, [2_000], [], [], 9_700, 0, 1), [1_000, 0, -2_000, 30, 970, 0, 0]),
    ("a cap", (1_000, [], 10_000, [], [], [1], 10_000, 0, 1), [1_000, 0, 1, 0, 0, -1, 0]),
    ("rounding", (1_055, [], 10_000, [], [], [], 10_000, 0, 50), [1_055, 0, 0, 0, 0, -5]),
]


@pytest.mark.parametrize(("arguments", "steps"), [value[1:] for value in VALUES], ids=[value[0] for value in VALUES])
def test_every_step_stands_alone_and_they_add_up(arguments: Arguments, steps: list[int]) -> None:
    market, retentions, grade = arguments[:3]
    assert _kernel.value_steps(market, [*retentions, grade], *arguments[3:]) == steps


@pytest.mark.parametrize(("arguments", "steps"), [value[1:] for value in VALUES], ids=[value[0] for value in VALUES])
def test_a_column_runs_the_same_lines(arguments: Arguments, steps: list[int]) -> None:
    market, retentions, grade, deductions, overlaps, extras, factor, scrap, step = arguments
    column = np.array([market, market], dtype=np.int64)
    rows = [np.array([deduction, deduction]) for deduction in deductions]
    got = _kernel.value_steps(column, [*retentions, grade], rows, overlaps, extras, factor, scrap, step)
    assert [np.broadcast_to(amount, 2).tolist() for amount in got] == [[amount, amount] for amount in steps]


def test_the_other_functions_take_a_column_too() -> None:
    amounts = np.array([amount for amount, _, _ in SCALED])
    rates = np.array([bps for _, bps, _ in SCALED])
    assert _kernel.scaled(amounts, rates).tolist() == [result for _, _, result in SCALED]
    one, other = np.array(BOUNDS).T
    assert _kernel.at_least(one, other).tolist() == [max(pair) for pair in BOUNDS]
    assert _kernel.at_most(one, other).tolist() == [min(pair) for pair in BOUNDS]
    days, rates = np.array([(days, bps) for days, bps, _ in DRIFTS]).T
    assert _kernel.drift_bps(days, rates).tolist() == [left for _, _, left in DRIFTS]
    columns = np.array([arguments for arguments, _ in BONUSES]).T
    assert _kernel.bonus(*columns).tolist() == [amount for _, amount in BONUSES]
    columns = np.array([arguments for arguments, _ in FINDINGS]).T
    assert _kernel.finding(*columns).tolist() == [cost for _, cost in FINDINGS]


def test_the_greatest_amount_times_the_greatest_rate_fits_an_int64() -> None:
    column = np.array([10**11], dtype=np.int64)
    assert _kernel.scaled(column, 100 * 10_000).tolist() == [10**13]
