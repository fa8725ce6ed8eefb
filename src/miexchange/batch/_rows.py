"""The valuation of one row after the other, as machine code: find the numbers, run the kernel, write the lines.

The loop decides nothing: what is said of a model, a number or an answer stands in `Rules`, and every amount is made
by the functions of `miexchange._kernel`. It takes plain integers only, and knows no null: a cell that holds
nothing, or what it cannot hold, has a code of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miexchange.batch._asof import find
from miexchange.batch._compiled import at_least, bonus, compiled, drift_bps, grant, inlined, whole_months, write_steps
from miexchange.batch._imeis import CODES
from miexchange.batch._memory import apart
from miexchange.batch._rules import BITS, FINDINGS, Bonuses, Ints, Rules, TacRules
from miexchange.batch._tacs import PAGE
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BLOCKED",
    "CLEAR",
    "INDICATIVE",
    "NO_DAY",
    "NO_STATUS",
    "QUOTE",
    "REFUSED",
    "UNVERIFIED",
    "WARNINGS",
    "Cells",
    "Values",
    "appraise_rows",
    "scratch_of",
]

QUOTE, INDICATIVE, REFUSED = range(3)
"""The outcomes, by number."""

CLEAR, BLOCKED, UNVERIFIED, NO_STATUS = range(4)
"""What the register can say of a number, by number; the last is what it cannot."""

NO_DAY = -(2**31)
"""Where there is no date of purchase."""

WARNINGS = (ReasonCode.TAC_UNKNOWN, ReasonCode.IMEI_UNVERIFIED)
"""What a programme can let pass: the first is bit 0 of a row's warnings."""

_DAY = 86_400_000_000  # microseconds
_AHEAD = 512  # rows whose lines are cleared together, shortly before they are written
_SERIALS = 1_000_000  # of a TAC
_BPS = 10_000

_INVALID = BITS[ReasonCode.INVALID_VALUE]
_NOT_IN_FORCE = BITS[ReasonCode.PROGRAMME_NOT_IN_FORCE]
_TAC_UNKNOWN = BITS[ReasonCode.TAC_UNKNOWN]
_UNVERIFIED = BITS[ReasonCode.IMEI_UNVERIFIED]
_BLOCKED = BITS[ReasonCode.IMEI_BLOCKED]
_REPEATED = BITS[ReasonCode.IMEI_REPEATED]
_NO_PURCHASE = BITS[ReasonCode.PURCHASE_DATE_MISSING]
_LATER_PURCHASE = BITS[ReasonCode.PURCHASE_DATE_IN_FUTURE]

# The reasons of a text that is no IMEI; of one that is, and of no text at all, none.
_OF_TEXT = np.array([*(0 if code is None else BITS[code] for code in CODES), 0])
# The reasons of a set of findings.
_OF_FINDINGS = np.array(
    [sum(BITS[code] for bit, code in enumerate(FINDINGS) if found >> bit & 1) for found in range(1 << len(FINDINGS))]
)


# A de Bruijn sequence: its 64 windows of six bits are all different, so that a window tells by how much it was shifted.
_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)
_POSITIONS = np.zeros(64, dtype=np.int64)
for _position in range(64):
    _POSITIONS[(int(_SEQUENCE) << _position) % 2**64 >> 58] = _position


class Cells(NamedTuple):
    """A block of rows.

    Attributes:
        keys: int32, the key of the model, as `Tables.keys` says.
        at: the instant of the valuation, in microseconds since 1970.
        facts: what the cells alone lead to, a set of `BITS`.
        status: uint8, what the register says.
        target: uint8, the code of the new model; 0 for one that no bonus is for.
        bought: int32, the date of purchase, in days since 1970, or `NO_DAY`.
        code: uint8, what the texts of the IMEIs are found to be, a position in `CODES`; by column and row.
        tac: their first eight digits.
        rest: their other digits.
        answers: the codes of the answers, by question and row.
    """

    keys: NDArray[np.int32]
    at: Ints
    facts: Ints
    status: NDArray[np.uint8]
    target: NDArray[np.uint8]
    bought: NDArray[np.int32]
    code: NDArray[np.uint8]
    tac: Ints
    rest: Ints
    answers: NDArray[np.uint8]


class Values(NamedTuple):
    """What rows are worth, a row each, in paise; all amounts are 0 where a row is refused.

    Attributes:
        outcome: uint8: `QUOTE`, `INDICATIVE` or `REFUSED`.
        reasons: the set of reasons against it.
        warnings: uint8, the set of `WARNINGS`.
        grade: uint8, a position in `Tables.grades`.
        exchange_value: what the device is worth.
        coupon_value: what the coupon is worth.
        lines: every line, by `Tables.lines` and row.
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
        """Make room for so many rows."""
        outcome, warnings, grade = apart(3, rows, np.uint8)
        reasons, exchange_value, coupon_value = apart(3, rows, np.int64)
        return cls(outcome, reasons, warnings, grade, exchange_value, coupon_value, apart(lines, rows, np.int64))


def scratch_of(rules: Rules, rows: int) -> tuple[Ints, ...]:
    """Make room for what a row is made of: compiled loops make no arrays, so that they need not count their owners.

    Args:
        rules: the rules, which say how much there is of everything.
        rows: how many rows a block has at most.
    """
    answers, settings = rules.answers, rules.settings
    lengths = (
        len(rules.lines),
        len(answers.retentions) + settings.ages_matter + settings.drifts,
        answers.components,
        len(settings.ones),
        len(answers.added),
        len(rules.bonuses.stackable),
        rows,
    )
    return tuple(np.zeros(length, dtype=np.int64) for length in lengths)


@compiled
def appraise_rows(cells: Cells, rules: Rules, values: Values, begin: int, scratch: tuple[Ints, ...]) -> None:
    """Value every row of a block, and write what it is worth from a position on."""
    answers, settings = rules.answers, rules.settings
    ages, drifts = int(settings.ages_matter), int(settings.drifts)
    held = len(answers.retentions)
    steps, retentions, deductions, counted, extras, amounts, marks = scratch
    _mark_answers(cells.answers, answers.is_idle, marks)
    for row in range(len(cells.keys)):
        place = begin + row
        if row % _AHEAD == 0:
            for line in range(len(values.lines)):
                for later in range(place, min(place + _AHEAD, begin + len(cells.keys))):
                    values.lines[line, later] = 0
        key, at = cells.keys[row], cells.at[row]
        period = find(rules.starts, rules.first[key], rules.last[key], at)
        asked, terms = rules.asked[period], rules.terms[period]
        reasons = cells.facts[row] | rules.reasons[period]
        found, is_known = _judge(cells, row, rules.family[key], rules.tacs)
        let_pass = found & (_TAC_UNKNOWN | _UNVERIFIED) & ~rules.doubts[period]
        reasons |= found ^ let_pass
        case = asked * answers.width
        mark, against = marks[row], 0
        while mark:
            question = _lowest_bit(mark)
            mark &= mark - 1
            against |= answers.reasons[case + answers.base[question] + cells.answers[question, row]]
        reasons |= _OF_FINDINGS[against]
        months = 0
        if ages and asked and settings.is_aged[terms]:
            on = (at + rules.zone) // _DAY
            bought = cells.bought[row]
            if bought == NO_DAY:
                reasons |= _NO_PURCHASE
            elif bought > on:
                reasons |= _LATER_PURCHASE
            else:
                months = min(_months(bought, on), settings.months - 1)
        if reasons:
            # With either of these, nothing else was asked.
            values.reasons[place] = (
                _INVALID if reasons & _INVALID else _NOT_IN_FORCE if reasons & _NOT_IN_FORCE else reasons
            )
            values.outcome[place] = REFUSED
            values.warnings[place] = values.grade[place] = 0
            values.exchange_value[place] = values.coupon_value[place] = 0
            continue
        values.reasons[place] = 0
        values.outcome[place] = QUOTE if is_known else INDICATIVE
        values.warnings[place] = int(let_pass & _TAC_UNKNOWN != 0) + 2 * int(let_pass & _UNVERIFIED != 0)

        for number in range(held):
            question = answers.retentions[number]
            is_here = answers.applies[asked * held + number]
            kept = answers.keeps[case + answers.base[question] + cells.answers[question, row]]
            retentions[number] = kept if is_here else _BPS
        if ages:
            retentions[held] = settings.ages[terms * settings.months + months]
        if drifts:
            days = (at - rules.priced_from[period]) // _DAY
            retentions[held + ages] = drift_bps(days, settings.drift[terms])
        for component in range(len(deductions)):
            deductions[component] = 0
        for number in range(len(extras)):
            extras[number] = 0
        costs, of_case, grade = rules.cost[period] * answers.cost_width, asked * answers.costly, np.int64(0)
        mark = marks[row]
        while mark:
            question = _lowest_bit(mark)
            mark &= mark - 1
            code = cells.answers[question, row]
            answer = case + answers.base[question] + code
            grade = max(grade, np.int64(answers.grades[answer]))
            number = answers.priced[question]
            if number >= 0:
                component = answers.component[of_case + number]
                cost = answers.costs[costs + answers.cost_base[number] + code]
                deductions[component] = at_least(cost, deductions[component])
            number = answers.extra[question]
            if number >= 0:
                extras[number] = answers.extras[answer]
        for overlap in range(len(counted)):
            counted[overlap] = settings.counted[terms * len(counted) + overlap]
        of_grade = terms * settings.grades + grade
        exchange_value = write_steps(
            steps,
            rules.price[period],
            retentions,
            settings.keeps[of_grade],
            deductions,
            settings.ones,
            settings.others,
            counted,
            extras,
            settings.factor[terms],
            settings.scrap[terms],
            settings.step[terms],
        )
        for number in range(len(steps)):
            amount = steps[number]
            if amount:  # most are nothing, and what is not written costs no memory
                before = values.lines[rules.lines[number], place] if rules.again[number] else 0
                values.lines[rules.lines[number], place] = before + amount
        values.grade[place] = settings.ids[of_grade]
        values.exchange_value[place] = exchange_value
        plan = rules.bonuses.plan[rules.offer[period] * rules.bonuses.targets + cells.target[row]]
        on_top = _add_bonuses(exchange_value, plan, rules.bonuses, amounts, values.lines, place)
        values.coupon_value[place] = exchange_value + on_top


@inlined
def _judge(cells: Cells, row: int, family: int, tacs: TacRules) -> tuple[int, bool]:
    """Return what is found about a row's IMEIs, doubts included, and whether it has one."""
    found, is_known = 0, False
    for column in range(len(cells.code)):
        code = cells.code[column, row]
        if code:
            found |= _OF_TEXT[code]
            continue
        tac, rest = cells.tac[column, row], cells.rest[column, row]
        page = tac // PAGE
        group = tacs.cells[tacs.pages[page] + tac - page * PAGE]
        said = tacs.reasons[tacs.said[group * tacs.families + family]]
        if tacs.suspects[group]:
            body = tac * _SERIALS + rest // 10
            if tacs.placeholders[find(tacs.placeholders, 0, len(tacs.placeholders) - 1, body)] == body:
                said = said & tacs.kept | tacs.placeholder
        found |= said
        is_same = is_known and tac == cells.tac[0, row] and rest // 10 == cells.rest[0, row] // 10
        found |= _REPEATED if is_same else 0
        is_known = True
    if is_known and cells.status[row] != CLEAR:
        found |= _BLOCKED if cells.status[row] == BLOCKED else _UNVERIFIED
    return found, is_known


@inlined
def _mark_answers(codes: NDArray[np.uint8], is_idle: NDArray[np.bool_], marks: Ints) -> None:
    """Give each row a bit for every question whose answer has to be looked at."""
    for row in range(codes.shape[1]):
        marks[row] = 0
    for question in range(codes.shape[0]):
        least = 1 if is_idle[question] else 0
        for row in range(codes.shape[1]):
            marks[row] |= np.int64(codes[question, row] >= least) << question


@inlined
def _lowest_bit(mark: int) -> Any:
    """Return the position of the lowest bit that is set: what it shifts a de Bruijn sequence by."""
    return _POSITIONS[(np.uint64(mark & -mark) * _SEQUENCE) >> np.uint64(58)]


@inlined
def _add_bonuses(exchange_value: int, plan: int, bonuses: Bonuses, amounts: Ints, lines: Ints, row: int) -> int:
    """Write what is granted of each bonus, and return the sum."""
    if not plan:
        return 0
    for place in range(len(amounts)):
        amounts[place] = 0
        if bonuses.is_paid[place, plan]:
            fixed, share, most = bonuses.fixed[place, plan], bonuses.share[place, plan], bonuses.most[place, plan]
            amounts[place] = bonus(exchange_value, bonuses.from_value[place, plan], fixed, share, most)
    grant(amounts, bonuses.stackable)
    total = 0
    for place in range(len(amounts)):
        if amounts[place]:
            lines[bonuses.line[place, plan], row] += amounts[place]
            total += amounts[place]
    return total


@inlined
def _months(since: int, on: int) -> Any:
    """Return how many whole months lie between two days, each counted from 1970."""
    since_month, since_day = _calendar(since)
    month, day = _calendar(on)
    return whole_months(since_month, since_day, month, day)


@inlined
def _calendar(day: int) -> tuple[int, int]:
    """Return the count of months of a day, and its place in the month, in the Gregorian calendar.

    The days are counted in years that begin in March, so that the leap day is the last one of its year; the
    lengths of five such months from March on add up to 153, again and again.
    """
    days = day + 719_468  # since 1 March of the year 0
    era = days // 146_097  # 400 years
    of_era = days - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return (era * 400 + year) * 12 + month, of_year - (153 * month + 2) // 5
