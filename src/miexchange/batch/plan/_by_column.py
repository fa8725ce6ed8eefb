"""The loop of `_loop`, step by step for whole columns of numpy: for tables too small to compile it.

A row takes about ten times as long, and no numba is needed. The amounts and decisions are those of `miexchange._kernel`
and `miexchange._decisions`, whose operators mean the same for columns; `tests/parity` compares both, byte by byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miexchange._decisions import BITS, identity, is_stale, let_pass, numbers, shown
from miexchange._kernel import (
    NOT_GIVEN,
    at_least,
    bonus,
    calendar,
    finding,
    grant,
    position_of,
    whole_months,
    write_steps,
)
from miexchange.batch.plan._asof import find_by_column
from miexchange.batch.plan._loop import (
    DAY,
    DAYS,
    INDICATIVE,
    INVALID,
    MONTHS,
    NO_DAY,
    NO_STATUS,
    OF_FINDINGS,
    OF_TEXT,
    QUOTE,
    REFUSED,
    WARNINGS,
)
from miexchange.batch.plan._tacs import PAGE, SERIALS
from miexchange.money import BPS
from miexchange.programme.rules import COUNTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miexchange.batch.plan._arrays import Ints, Rules
    from miexchange.batch.plan._loop import Block, Values

__all__ = ["appraise_by_column"]

_Rows = Any  # NDArray[np.intp]
_steps: Any = write_steps  # rows of an array are a sequence of columns


def appraise_by_column(block: Block, rules: Rules, values: Values, begin: int) -> None:
    """Value every row of a block, and write the results from a given position, as `appraise_rows` does."""
    rows = len(block.keys)
    place = slice(begin, begin + rows)
    period = find_by_column(rules.starts, rules.first[block.keys], rules.last[block.keys], block.at)
    is_strange = (block.status == NO_STATUS) | (block.target == rules.bonuses.case.shape[1] - 1)
    found, is_known = _judge(block, rules, is_stale(block.evidence, block.at, rules.hours[period]))
    passing = let_pass(found, rules.doubts[period])
    reasons = block.facts | rules.reasons[period] | is_strange * INVALID | found ^ passing
    _leave_out(block, rules, period)
    against, grades, deductions, extras = _answers(block, rules, period)
    kept = _kept(block, rules, period)
    reasons |= OF_FINDINGS[against]
    for bps in kept:
        reasons |= -bps * (bps < 0)

    is_refused = reasons != 0
    values.reasons[place] = shown(reasons)
    values.outcome[place] = np.where(is_refused, REFUSED, np.where(is_known, QUOTE, INDICATIVE))
    warnings = sum(((passing & BITS[code]) > 0) * np.uint8(1 << bit) for bit, code in enumerate(WARNINGS))
    values.warnings[place] = warnings * ~is_refused
    values.grade[place] = values.exchange_value[place] = values.coupon_value[place] = 0
    values.lines[:, place] = 0

    some = np.flatnonzero(~is_refused)
    answers, settings, period, grades = rules.answers, rules.settings, period[some], grades[some]
    asked, terms = rules.asked[period], rules.terms[period]
    held = [
        np.where(applies[asked], answers.keeps[asked, answers.base[question] + block.answers[question, some]], BPS)
        for question, applies in zip(answers.retentions, answers.applies.T, strict=True)
    ]
    steps = np.zeros((rules.steps, len(some)), dtype=np.int64)
    exchange_value = _steps(
        steps,
        rules.price[period],
        [*held, *(bps[some] for bps in kept), settings.keeps[terms, grades]],
        deductions[:, some],
        settings.ones,
        settings.others,
        settings.counted[terms].T,
        extras[:, some],
        settings.factor[terms],
        rules.scrap[period],
        settings.step[terms],
    )
    some += begin
    values.lines[: rules.steps, some] = steps
    values.grade[some] = settings.ids[terms, grades]
    values.exchange_value[some] = values.coupon_value[some] = exchange_value
    _add_bonuses(block, rules, values, begin, some, period)


def _judge(block: Block, rules: Rules, is_old: Any) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the reasons that follow from the IMEIs of every row, doubts included, and whether it has one."""
    tacs, family = rules.tacs, rules.family[block.keys]
    found = np.zeros(len(family), dtype=np.int64)
    given = np.zeros(len(family), dtype=np.int64)
    is_known, is_same = np.zeros((2, len(family)), dtype=np.bool_)
    for code, tac, rest in zip(block.code, block.tac, block.rest, strict=True):
        said, is_imei = OF_TEXT[code], code == 0
        given += is_imei | (said != 0)
        found |= said
        some = np.flatnonzero(is_imei)
        page = tac[some] // PAGE
        group = tacs.cells[tacs.pages[page] + tac[some] - page * PAGE]
        body = tac[some].astype(np.int64) * SERIALS + rest[some] // 10
        nearest = tacs.placeholders[np.searchsorted(tacs.placeholders, body, side="right") - 1]
        is_placeholder = tacs.suspects[group] & (nearest == body)
        found[some] |= identity(tacs.reasons[tacs.said[group, family[some]]], is_placeholder)
        first = block.tac[0], block.rest[0] // 10
        is_same = np.where(is_imei, is_known & (tac == first[0]) & (rest // 10 == first[1]), is_same)
        is_known |= is_imei
    return found | numbers(is_known, given == 1, is_same, block.status, is_old), is_known


def _leave_out(block: Block, rules: Rules, period: _Rows) -> None:
    """Replace the code of each answer whose question is not asked; the block may be overwritten."""
    answers = rules.answers
    for guard, (before, guarded) in enumerate(zip(answers.guards, answers.guarded, strict=True)):
        codes = block.answers[guarded]
        is_asked = answers.opens[guard, rules.asked[period], block.answers[before]]
        codes[:] = np.where(is_asked, codes, answers.unasked[guard, codes])


def _answers(block: Block, rules: Rules, period: _Rows) -> tuple[NDArray[np.uint8], Ints, Ints, Ints]:
    """Return the findings, the grade, the deduction of each component and each extra of every row."""
    answers, rows = rules.answers, len(period)
    against = np.zeros(rows, dtype=np.uint8)
    grades = np.zeros(rows, dtype=np.int64)
    deductions = np.zeros((answers.components, rows), dtype=np.int64)
    extras = np.zeros((len(answers.added), rows), dtype=np.int64)
    for question, base in enumerate(answers.base):
        codes = block.answers[question]
        some = np.flatnonzero(codes >= answers.least[question])
        if not len(some):
            continue
        of_some = period[some]
        effect = rules.asked[of_some], base + codes[some]
        against[some] |= answers.reasons[effect]
        grades[some] = at_least(answers.grades[effect].astype(np.int64), grades[some])
        if answers.is_costly[question]:
            anchor = rules.anchors[of_some, answers.anchor[effect]]
            amounts = answers.fixed[effect], answers.share[effect], answers.weight[effect]
            cost = finding(rules.price[of_some], anchor, *amounts)
            component = answers.component[effect]
            deductions[component, some] = at_least(cost, deductions[component, some])
        if answers.is_extra[question]:
            extras[answers.extra[question], some] = answers.extras[effect]
    return against, grades, deductions, extras


def _kept(block: Block, rules: Rules, period: _Rows) -> list[Ints]:
    """Return what each rule of the list keeps of every row, in basis points, or minus the reasons against it."""
    scales = rules.scales
    version = (rules.terms[period].astype(np.int64) + 1) * (rules.asked[period] > 0)
    labels: dict[int, Ints] = {DAYS: (block.at - rules.priced_from[period]) // DAY}
    if scales.counts_months:
        turn = np.searchsorted(rules.zone.starts, block.at, side="right") - 1
        today = calendar((block.at + rules.zone.offsets[turn]) // DAY)
        since = calendar(block.bought.astype(np.int64))
        labels[MONTHS] = np.where(block.bought == NO_DAY, NOT_GIVEN, whole_months(*since, *today))
    kept = []
    for number, fact in enumerate(scales.reads.tolist()):
        label = labels[fact] if fact in labels else block.answers[fact - len(COUNTED)].astype(np.int64)
        kept.append(scales.kept[number, version, position_of(label, scales.last[number])])
    return kept


def _add_bonuses(block: Block, rules: Rules, values: Values, begin: int, places: _Rows, period: _Rows) -> None:
    """Add the bonuses to the values at some places, whose periods are given."""
    bonuses = rules.bonuses
    case = bonuses.case[rules.offer[period], block.target[places - begin]]
    places, case = places[case > 0], case[case > 0]
    value = values.exchange_value[places]
    of_case = zip(bonuses.from_value, bonuses.fixed, bonuses.share, bonuses.most, strict=True)
    amounts = [
        bonus(value, from_value[case], fixed[case], share[case], most[case])
        for from_value, fixed, share, most in of_case
    ]
    grant(amounts, bonuses.stackable.tolist())
    for line, amount in zip(bonuses.line, amounts, strict=True):
        values.lines[line[case], places] += amount
        values.coupon_value[places] += amount
