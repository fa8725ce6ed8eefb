"""The compiled loop that values row after row: find the operands, run the kernel, write the lines.

`Rules` holds the effect of every model, day, TAC, answer and label. Every amount is computed by the functions of
`miexchange._kernel`, every decision about a row by those of `miexchange._decisions`; the loop finds their operands.
It takes plain integers only and knows no null: an empty or invalid cell has a code of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miexchange._decisions import BITS, UNVERIFIED
from miexchange._kernel import NOT_GIVEN
from miexchange.batch.arrow._compiled import compiled, inlined
from miexchange.batch.arrow._imeis import CODES
from miexchange.batch.arrow._memory import apart, empty
from miexchange.batch.plan._arrays import FINDINGS, Ints, Positions, Rules, TacRules, ZoneTurns
from miexchange.batch.plan._asof import find
from miexchange.batch.plan._kernel import (
    at_least,
    bonus,
    calendar,
    finding,
    grant,
    identity,
    is_stale,
    let_pass,
    numbers,
    position_of,
    shown,
    whole_months,
    write_steps,
)
from miexchange.batch.plan._tacs import PAGE, SERIALS
from miexchange.money import BPS
from miexchange.programme.rules import COUNTED
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DAY",
    "DAYS",
    "INDICATIVE",
    "INVALID",
    "MONTHS",
    "NO_DAY",
    "NO_EVIDENCE",
    "NO_STATUS",
    "OF_FINDINGS",
    "OF_TEXT",
    "QUOTE",
    "REFUSED",
    "WARNINGS",
    "Block",
    "Tile",
    "Values",
    "appraise_rows",
]

QUOTE, INDICATIVE, REFUSED = range(3)
"""The outcomes, by number."""

NO_STATUS = UNVERIFIED + 1
"""The code of a status that the register does not have."""

NO_DAY = -(2**31)
"""Stands for a missing date of purchase."""

NO_EVIDENCE = -(2**62)
"""Stands for a missing instant of the register's answer: long before any, so that it is never fresh."""

WARNINGS = (ReasonCode.TAC_UNKNOWN, ReasonCode.IMEI_UNVERIFIED)
"""The doubts that a programme may tolerate; the first is bit 0 of a row's warnings."""

DAY = 86_400_000_000
"""Microseconds of a day."""

_TILE = 1_024  # rows of a tile: its scratch space stays in the processor's cache

_CODE, _AMOUNT = 1, 8  # bytes

INVALID = BITS[ReasonCode.INVALID_VALUE]
"""The set of the one reason against a row with an invalid cell."""

_TAC_UNKNOWN = BITS[ReasonCode.TAC_UNKNOWN]
_IMEI_UNVERIFIED = BITS[ReasonCode.IMEI_UNVERIFIED]
MONTHS, DAYS = map(COUNTED.index, ("months_owned", "days_priced"))
"""The positions of these counts in `Scales.reads`."""

_COUNTED = len(COUNTED)

OF_TEXT = np.array([*(0 if code is None else BITS[code] for code in CODES), 0])
"""The reasons of a text that is not an IMEI; none for an IMEI and for a missing one."""

OF_FINDINGS = np.array(
    [sum(BITS[code] for bit, code in enumerate(FINDINGS) if found >> bit & 1) for found in range(1 << len(FINDINGS))]
)
"""The reasons of a set of findings."""


class Block(NamedTuple):
    """A block of rows.

    Attributes:
        keys: the key of the model, as `Plan.keys` says.
        at: the instant of the valuation, in microseconds since 1970.
        facts: the reasons that follow from the cells alone, a set of `BITS`.
        status: uint8, the register's answer.
        evidence: when it was asked, in microseconds since 1970, or `NO_EVIDENCE`.
        target: uint8, the code of the new model: 0 for a model without a bonus; the last one for a cell that is not a
            text.
        bought: int32, the date of purchase, in days since 1970, or `NO_DAY`.
        code: uint8, the verdict on each IMEI, a position in `CODES`; by column and row.
        tac: their first eight digits.
        rest: their other digits.
        answers: the codes of the answers, by question and row, followed by those of the texts that rules read.
    """

    keys: Positions
    at: Ints
    facts: Ints
    status: NDArray[np.uint8]
    evidence: Ints
    target: NDArray[np.uint8]
    bought: NDArray[np.int32]
    code: NDArray[np.uint8]
    tac: Positions
    rest: Positions
    answers: NDArray[np.uint8]


class Values(NamedTuple):
    """The values of rows, in minor units; all amounts are 0 if the row is refused.

    Attributes:
        outcome: uint8: `QUOTE`, `INDICATIVE` or `REFUSED`.
        reasons: the set of reasons against it.
        warnings: uint8, the set of `WARNINGS`.
        grade: uint8, a position in `Plan.grades`.
        exchange_value: the value of the device.
        coupon_value: the value of the coupon.
        lines: every line, by `Plan.lines` and row.
    """

    outcome: NDArray[np.uint8]
    reasons: Ints
    warnings: NDArray[np.uint8]
    grade: NDArray[np.uint8]
    exchange_value: Ints
    coupon_value: Ints
    lines: Ints

    @classmethod
    def empty(cls, rows: int, lines: int) -> Values:
        """Allocate the columns of a number of rows."""
        outcome, warnings, grade = apart(3, rows, np.uint8)
        reasons, exchange_value, coupon_value = apart(3, rows, np.int64)
        return cls(outcome, reasons, warnings, grade, exchange_value, coupon_value, apart(lines, rows, np.int64))


class Tile(NamedTuple):
    """Scratch space for 1,024 rows, so that the loop allocates nothing and numba needs no reference counting.

    Attributes:
        periods: the position of each row's period.
        reasons: the reasons against it, a set of `BITS`.
        doubts: the doubts that are tolerated, a set of `BITS`.
        is_known: whether it has an IMEI.
        against: the reasons against its answers, a set of `FINDINGS`.
        grades: the steps below the best grade.
        deductions: the deduction of each component; by component and row.
        extras: the small fixed amounts; by extra and row.
        some: the rows that need work in the current step.
        retentions: the shares that are kept, in basis points, the grade's last; of one row, like the next ones.
        counted: the part of each overlap that counts, in basis points.
        amounts: the amount of each bonus.
    """

    periods: Positions
    reasons: Ints
    doubts: Ints
    is_known: NDArray[np.bool_]
    against: NDArray[np.uint8]
    grades: NDArray[np.uint8]
    deductions: Ints
    extras: Ints
    some: Positions
    retentions: Ints
    counted: Ints
    amounts: Ints

    @classmethod
    def of(cls, rules: Rules) -> Tile:
        """Allocate the scratch space that the rules need."""
        answers, settings = rules.answers, rules.settings
        periods, some = apart(2, _TILE, np.uint32)
        reasons, doubts = apart(2, _TILE, np.int64)
        against, grades = apart(2, _TILE, np.uint8)
        return cls(
            periods=periods,
            reasons=reasons,
            doubts=doubts,
            is_known=empty(_TILE, np.bool_),
            against=against,
            grades=grades,
            deductions=apart(answers.components, _TILE, np.int64),
            extras=apart(len(answers.added), _TILE, np.int64),
            some=some,
            retentions=empty(len(answers.retentions) + len(rules.scales.reads) + 1, np.int64),
            counted=empty(len(settings.ones), np.int64),
            amounts=empty(len(rules.bonuses.stackable), np.int64),
        )


@compiled
def appraise_rows(block: Block, rules: Rules, values: Values, begin: int, tile: Tile) -> None:
    """Value every row of a block, and write the results from a given position.

    Each question is applied to all rows of a tile before the next one, which keeps branches predictable.
    """
    if not _are_adjacent(block, values, tile):
        raise ValueError("block")
    for first in range(0, len(block.keys), _TILE):
        last = min(first + _TILE, len(block.keys))
        _find_periods(block, first, last, rules, tile)
        _judge_numbers(block, first, last, rules, tile)
        _leave_out(block, first, last, rules, tile)
        _read_answers(block, first, last, rules, tile)
        for row in range(last - first):
            _value(block, first + row, rules, values, begin + first + row, tile, row)
        _add_bonuses(block, first, last, rules, values, begin + first, tile)


@inlined
def _are_adjacent(block: Block, values: Values, tile: Tile) -> Any:
    """Tell whether the cells of each column are next to one another, as `apart` makes them.

    The loop is compiled for columns at any distance; knowing this one, it multiplies no position by it.
    """
    return (
        (block.answers.strides[1] == _CODE)
        & (values.lines.strides[1] == _AMOUNT)
        & (tile.deductions.strides[1] == _AMOUNT)
        & (tile.extras.strides[1] == _AMOUNT)
    )


@inlined
def _find_periods(block: Block, first: int, last: int, rules: Rules, tile: Tile) -> None:
    """Find the period of every row, and its reasons."""
    keys, at, facts = block.keys[first:last], block.at[first:last], block.facts[first:last]
    status, target, no_text = block.status[first:last], block.target[first:last], rules.bonuses.case.shape[1] - 1
    for row in range(len(keys)):
        key = keys[row]
        period = find(rules.starts, rules.first[key], rules.last[key], at[row])
        tile.periods[row] = period
        is_strange = (status[row] == NO_STATUS) | (target[row] == no_text)
        tile.reasons[row] = facts[row] | rules.reasons[period] | is_strange * INVALID


@inlined
def _judge_numbers(block: Block, first: int, last: int, rules: Rules, tile: Tile) -> None:
    """Add the reasons that follow from the IMEIs of every row."""
    for row in range(last - first):
        hours, at = rules.hours[tile.periods[row]], block.at[first + row]
        is_old = is_stale(block.evidence[first + row], at, hours)
        found, is_known = _judge(block, first + row, rules.family[block.keys[first + row]], rules.tacs, is_old)
        passing = let_pass(found, rules.doubts[tile.periods[row]])
        tile.doubts[row] = passing
        tile.is_known[row] = is_known
        tile.reasons[row] |= found ^ passing


@inlined
def _judge(block: Block, row: int, family: int, tacs: TacRules, is_old: Any) -> tuple[int, bool]:
    """Return the reasons that follow from a row's IMEIs, doubts included, and whether it has one."""
    found, is_known, is_same, given = 0, False, False, 0
    for column in range(len(block.code)):
        code = block.code[column, row]
        if code:
            found |= OF_TEXT[code]
            given += int(OF_TEXT[code] != 0)
            continue
        given += 1
        tac, rest = block.tac[column, row], block.rest[column, row]
        page = tac // PAGE
        group = tacs.cells[tacs.pages[page] + tac - page * PAGE]
        said = tacs.reasons[tacs.said[group, family]]
        if tacs.suspects[group]:
            body = tac * SERIALS + rest // 10
            nearest = tacs.placeholders[find(tacs.placeholders, 0, len(tacs.placeholders) - 1, body)]
            said = identity(said, nearest == body)
        found |= said
        is_same = is_known and tac == block.tac[0, row] and rest // 10 == block.rest[0, row] // 10
        is_known = True
    return found | numbers(is_known, given == 1, is_same, block.status[row], is_old), is_known


@inlined
def _leave_out(block: Block, first: int, last: int, rules: Rules, tile: Tile) -> None:
    """Replace the code of each answer whose question is not asked; the block may be overwritten."""
    answers = rules.answers
    for guard in range(len(answers.guards)):
        before = block.answers[answers.guards[guard], first:last]
        codes = block.answers[answers.guarded[guard], first:last]
        for row in range(last - first):
            if not answers.opens[guard, rules.asked[tile.periods[row]], before[row]]:
                codes[row] = answers.unasked[guard, codes[row]]


@inlined
def _read_answers(block: Block, first: int, last: int, rules: Rules, tile: Tile) -> None:
    """Apply the answers of every row, question by question; most have no effect."""
    answers = rules.answers
    tile.against[:] = 0
    tile.grades[:] = 0
    tile.deductions[:] = 0
    tile.extras[:] = 0
    for question in range(len(answers.base)):
        codes, base = block.answers[question, first:last], answers.base[question]
        some = tile.some[: _find_from(codes, answers.least[question], tile.some)]
        for row in some:
            case, code = rules.asked[tile.periods[row]], base + codes[row]
            tile.against[row] |= answers.reasons[case, code]
            grade = np.int64(answers.grades[case, code])
            tile.grades[row] = at_least(grade, np.int64(tile.grades[row]))
        if answers.is_costly[question]:
            _deduct(codes, base, some, rules, tile)
        if answers.is_extra[question]:
            extras = tile.extras[answers.extra[question]]
            for row in some:
                extras[row] = answers.extras[rules.asked[tile.periods[row]], base + codes[row]]


@inlined
def _find_from(codes: NDArray[np.uint8], least: int, rows: Positions) -> np.uint64:
    """Write the positions of the rows whose code is at least a given one, and return their number."""
    count = np.uint64(0)
    for row in range(len(codes)):
        rows[count] = row
        count += np.uint64(codes[row] >= least)
    return count


@inlined
def _deduct(codes: NDArray[np.uint8], base: int, some: Positions, rules: Rules, tile: Tile) -> None:
    """Apply the deductions of a question's answers; only the largest of a component counts."""
    answers = rules.answers
    for row in some:
        period = tile.periods[row]
        case, code = rules.asked[period], base + codes[row]
        anchor = rules.anchors[period, answers.anchor[case, code]]
        amounts = answers.fixed[case, code], answers.share[case, code], answers.weight[case, code]
        cost = finding(rules.price[period], anchor, amounts[0], amounts[1], amounts[2])
        component = answers.component[case, code]
        tile.deductions[component, row] = at_least(cost, tile.deductions[component, row])


@inlined
def _value(block: Block, row: int, rules: Rules, values: Values, place: int, tile: Tile, of_tile: int) -> None:
    """Value one row.

    Args:
        block: the block.
        row: which of its rows.
        rules: the rules.
        values: where everything but the bonuses is written,
        place: at this position.
        tile: the scratch space of the row,
        of_tile: at this position.
    """
    answers, settings, scales = rules.answers, rules.settings, rules.scales
    held, counted = len(answers.retentions), tile.counted
    period = tile.periods[of_tile]
    asked, terms = rules.asked[period], rules.terms[period]
    version = (terms + 1) * (asked > 0)
    reasons = tile.reasons[of_tile] | OF_FINDINGS[tile.against[of_tile]]
    if len(scales.reads):
        days = (block.at[row] - rules.priced_from[period]) // DAY
        months = NOT_GIVEN
        if scales.counts_months and block.bought[row] != NO_DAY:
            months = _months(block.bought[row], (block.at[row] + _ahead(rules.zone, block.at[row])) // DAY)
        for number in range(len(scales.reads)):
            fact = scales.reads[number]
            label = months if fact == MONTHS else days if fact == DAYS else block.answers[fact - _COUNTED, row]
            kept = scales.kept[number, version, position_of(label, scales.last[number])]
            tile.retentions[held + number] = kept
            reasons |= -kept * (kept < 0)
    if reasons:
        values.reasons[place] = shown(reasons)
        values.outcome[place] = REFUSED
        values.warnings[place] = values.grade[place] = 0
        values.exchange_value[place] = values.coupon_value[place] = 0
        for line in range(rules.steps):
            values.lines[line, place] = 0
        return
    passing = tile.doubts[of_tile]
    values.reasons[place] = 0
    values.outcome[place] = QUOTE if tile.is_known[of_tile] else INDICATIVE
    values.warnings[place] = int(passing & _TAC_UNKNOWN != 0) + 2 * int(passing & _IMEI_UNVERIFIED != 0)

    for number in range(held):
        question = answers.retentions[number]
        kept = answers.keeps[asked, answers.base[question] + block.answers[question, row]]
        tile.retentions[number] = kept if answers.applies[asked, number] else BPS
    for overlap in range(len(counted)):
        counted[overlap] = settings.counted[terms, overlap]
    grade = tile.grades[of_tile]
    tile.retentions[-1] = settings.keeps[terms, grade]
    exchange_value = write_steps(
        values.lines[: rules.steps, place],
        rules.price[period],
        tile.retentions,
        tile.deductions[: answers.components, of_tile],
        settings.ones,
        settings.others,
        counted,
        tile.extras[: len(answers.added), of_tile],
        settings.factor[terms],
        rules.scrap[period],
        settings.step[terms],
    )
    values.grade[place] = settings.ids[terms, grade]
    values.exchange_value[place] = exchange_value
    values.coupon_value[place] = exchange_value


@inlined
def _add_bonuses(block: Block, first: int, last: int, rules: Rules, values: Values, begin: int, tile: Tile) -> None:
    """Add the bonuses to the values of the rows, which begin at a given position."""
    for line in range(rules.steps, len(values.lines)):
        values.lines[line, begin : begin + last - first] = 0
    bonuses, count = rules.bonuses, np.uint64(0)
    for row in range(last - first):
        tile.some[count] = row
        case = bonuses.case[rules.offer[tile.periods[row]], block.target[first + row]]
        count += np.uint64((case > 0) & (values.outcome[begin + row] != REFUSED))
    for row in tile.some[:count]:
        place = np.uint64(begin) + row
        case = bonuses.case[rules.offer[tile.periods[row]], block.target[np.uint64(first) + row]]
        value = values.exchange_value[place]
        for number in range(len(bonuses.stackable)):
            fixed, share, most = bonuses.fixed[number, case], bonuses.share[number, case], bonuses.most[number, case]
            tile.amounts[number] = bonus(value, bonuses.from_value[number, case], fixed, share, most)
        grant(tile.amounts, bonuses.stackable)
        for number in range(len(bonuses.stackable)):
            amount = tile.amounts[number]
            values.lines[bonuses.line[number, case], place] += amount
            values.coupon_value[place] += amount


@inlined
def _ahead(zone: ZoneTurns, at: int) -> Any:
    """Return the offset of the programme's zone from UTC at an instant."""
    return zone.offsets[find(zone.starts, 0, len(zone.starts) - 1, at)]


@inlined
def _months(since: int, on: int) -> Any:
    """Return the number of whole months between two days, given in days since 1970."""
    since_month, since_day = calendar(since)
    month, day = calendar(on)
    return whole_months(since_month, since_day, month, day)
