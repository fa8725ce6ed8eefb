"""The arithmetic of grading, deductions and value, written once.

Every function uses only operators that mean the same for an `int`, for an int64 array and for the int64 of
compiled code (``+ - * // <`` and masks multiplied in): no branch on a value, no ``min``, no type test. One
device and ten million rows run these very lines: `miexchange.batch` compiles them.

Amounts are minor units, rates basis points. ``//`` floors, so every function here is monotone for
negative amounts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableSequence, Sequence

    _Int = Any  # an int, an int64 or an array of them: the point of this module is not to ask which

__all__ = [
    "FIXED_STEPS",
    "at_least",
    "at_most",
    "bonus",
    "calendar",
    "down_to_step",
    "drift_bps",
    "finding",
    "grant",
    "parts_of_first",
    "position_of",
    "scaled",
    "value_steps",
    "whole_months",
    "write_steps",
]

_BPS = 10_000
_HALF = 5_000


def scaled(amount: _Int, bps: _Int) -> _Int:
    """Return the amount times the rate, rounded half up to the minor unit.

    >>> scaled(3799900, 7000)
    2659930
    >>> [scaled(amount, 5000) for amount in (0, 1, 2, 3)]
    [0, 1, 1, 2]
    """
    return (amount * bps + _HALF) // _BPS


def at_least(amount: _Int, bound: _Int) -> _Int:
    """Return the larger of the two.

    >>> at_least(3, 5), at_least(5, 3)
    (5, 5)
    """
    return amount + (bound - amount) * (bound > amount)


def at_most(amount: _Int, bound: _Int) -> _Int:
    """Return the smaller of the two.

    >>> at_most(3, 5), at_most(5, 3)
    (3, 3)
    """
    return amount + (bound - amount) * (bound < amount)


def down_to_step(amount: _Int, step: _Int) -> _Int:
    """Return the amount rounded down to a whole number of steps.

    >>> down_to_step(1055999, 1000)
    1055000
    """
    return amount // step * step


def finding(market: _Int, anchor: _Int, fixed: _Int, share_bps: _Int, weight_bps: _Int) -> _Int:
    """Return the cost of one finding: a fixed amount, a share of the market price, or a weight x the anchor.

    A finding uses one of the three; the loader sets the others to zero.

    >>> finding(1000000, 160000, 0, 0, 20260)
    324160
    """
    return fixed + scaled(market, share_bps) + scaled(anchor, weight_bps)


def drift_bps(days: _Int, bps_per_day: _Int) -> _Int:
    """Return the share of a price that is left after a number of days, in basis points, never below zero.

    >>> drift_bps(30, 10), drift_bps(5000, 10)
    (9700, 0)
    """
    return at_least(_BPS - days * bps_per_day, 0)


def bonus(value: _Int, from_value: _Int, fixed: _Int, share_bps: _Int, cap: _Int) -> _Int:
    """Return a bonus on an exchange value: zero below its threshold, never above its cap.

    >>> bonus(200000, 100000, 0, 1000, 15000), bonus(99999, 100000, 6800, 0, 6800)
    (15000, 0)
    """
    return at_most(fixed + scaled(value, share_bps), cap) * (value >= from_value)


def grant(amounts: MutableSequence[_Int], stackable: Sequence[bool]) -> None:
    """Return the granted part of each bonus: every stackable one, and of the others the largest, the first of equals.

    >>> amounts = [500, 700, 700, 300]
    >>> grant(amounts, [True, False, False, False])
    >>> amounts
    [500, 700, 0, 0]
    """
    largest: _Int = 0
    for place in range(len(amounts)):
        if not stackable[place]:
            largest = at_least(amounts[place], largest)
    unclaimed: _Int = 1
    for place in range(len(amounts)):
        if not stackable[place]:
            chosen = (amounts[place] == largest) * unclaimed
            unclaimed = unclaimed - chosen
            amounts[place] = amounts[place] * chosen


def parts_of_first(amount: _Int, total: _Int, bonus: _Int, discount: _Int) -> tuple[_Int, _Int, _Int]:
    """Return the parts paid in kind, by bonuses and as discount in the first part of a total discount.

    Each share is rounded down cumulatively, with everything before it: so it never falls as the amount
    rises, the shares add up to the amount, and those of the total are exact, without a remainder.

    Args:
        amount: the first part of the total.
        total: the whole discount of an order.
        bonus: the part of it that bonuses pay.
        discount: the part of it that is discount; the rest is paid in kind.

    >>> [parts_of_first(amount, 100, 10, 45) for amount in (0, 33, 66, 100)]
    [(0, 0, 0), (15, 3, 15), (30, 6, 30), (45, 10, 45)]
    """
    by_bonus = bonus * amount // (total + (total == 0))
    rest, others = amount - by_bonus, total - bonus
    by_discount = discount * rest // (others + (others == 0))
    return rest - by_discount, by_bonus, by_discount


NOT_GIVEN = -(2**31)
"""The value for an unknown count, such as an age without a date of purchase."""


def position_of(count: _Int, last: _Int) -> _Int:
    """Return the position of a count in a table of rates.

    It is the count itself, and the last rate for larger ones. Two positions follow the rates: for counts below zero,
    which are invalid, and for an unknown count.

    >>> [position_of(count, 24) for count in (7, 40, -1, NOT_GIVEN)]
    [7, 24, 25, 26]
    """
    return at_most(count, last) + (last + 1 - count) * (count < 0) + (count == NOT_GIVEN)


def calendar(day: _Int) -> tuple[_Int, _Int]:
    """Return the month of a day and the day's position in it, both counted from 0, in the Gregorian calendar.

    Months are counted from March of the year 0: years begin in March here, so that the leap day is the last one of its
    year; the lengths of five such months add up to 153, again and again.

    Args:
        day: the day, in days since 1970.

    >>> calendar(0), calendar(31 + 28 + 20)
    ((23638, 0), (23640, 20))
    """
    days = day + 719_468  # since 1 March of the year 0
    era = days // 146_097  # 400 years
    of_era = days - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return (era * 400 + year) * 12 + month, of_year - (153 * month + 2) // 5


def whole_months(since_month: _Int, since_day: _Int, month: _Int, day: _Int) -> _Int:
    """Return the number of whole months between two dates, each given as its count of months and its day.

    >>> whole_months(2018 * 12 + 1, 31, 2018 * 12 + 3, 30), whole_months(2018 * 12 + 1, 31, 2018 * 12 + 3, 31)
    (1, 2)
    """
    return month - since_month - (day < since_day)


def value_steps(
    market: _Int,
    retentions_bps: Sequence[_Int],
    deductions: Sequence[_Int],
    overlaps: Sequence[tuple[int, int, _Int]],
    extras: Sequence[_Int],
    factor_bps: _Int,
    scrap: _Int,
    step: _Int,
) -> list[_Int]:
    """Return every step of an exchange value, in order; their sum is the value.

    Args:
        market: the price in force.
        retentions_bps: the shares kept by warranty, by the rules of the list and, last, by the grade.
        deductions: the cost of each component group, not negative.
        overlaps: pairs of positions in `deductions` whose smaller one counts only in part, and
            that part.
        extras: small fixed amounts, either way.
        factor_bps: the operator's share.
        scrap: the floor.
        step: the rounding step.

    Returns:
        market, one retention each, one deduction each (negative), one overlap each, one extra each,
        factor, floor, cap, rounding.

    >>> steps = value_steps(1000000, [7700, 9000], [324160], [], [38000], 10000, 0, 1000)
    >>> steps, sum(steps)
    ([1000000, -230000, -77000, -324160, 38000, 0, 0, 0, -840], 406000)
    """
    count = len(retentions_bps) + len(deductions) + len(overlaps) + len(extras) + FIXED_STEPS
    steps: list[_Int] = [0] * count
    ones, others, counted = [], [], []
    for one, other, counted_bps in overlaps:
        ones.append(one)
        others.append(other)
        counted.append(counted_bps)
    given = (market, retentions_bps, deductions, ones, others, counted, extras, factor_bps, scrap, step)
    write_steps(steps, *given)
    return steps


FIXED_STEPS = 5
"""The steps of every value: market, factor, floor, cap, rounding."""


def write_steps(
    steps: MutableSequence[_Int],
    market: _Int,
    retentions_bps: Sequence[_Int],
    deductions: Sequence[_Int],
    ones: Sequence[int],
    others: Sequence[int],
    counted_bps: Sequence[_Int],
    extras: Sequence[_Int],
    factor_bps: _Int,
    scrap: _Int,
    step: _Int,
) -> _Int:
    """Write the steps of `value_steps` to the given outputs, and return the value.

    The overlaps come as the positions of the one and of the other component, and the part that counts.

    >>> steps = [0] * 9
    >>> write_steps(steps, 1000000, [7700, 9000], [324160], [], [], [], [38000], 10000, 0, 1000)
    406000
    """
    steps[0] = running = market
    place = 1
    for bps in retentions_bps:
        kept = scaled(running, bps)
        steps[place] = kept - running
        running = kept
        place += 1
    for deduction in deductions:
        steps[place] = -deduction
        running = running - deduction
        place += 1
    for overlap in range(len(ones)):
        smaller = at_most(deductions[ones[overlap]], deductions[others[overlap]])
        given_back = scaled(smaller, _BPS - counted_bps[overlap])
        steps[place] = given_back
        running = running + given_back
        place += 1
    for extra in extras:
        steps[place] = extra
        running = running + extra
        place += 1
    shared = scaled(running, factor_bps)
    floored = at_least(shared, scrap)
    capped = at_most(floored, market)
    paid = down_to_step(capped, step)
    steps[place] = shared - running
    steps[place + 1] = floored - shared
    steps[place + 2] = capped - floored
    steps[place + 3] = paid - capped
    return paid
