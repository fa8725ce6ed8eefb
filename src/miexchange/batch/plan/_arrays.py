"""A programme as the compiled loop reads it: the effect of each rule in each case, in arrays.

A device is a few positions in these arrays: its period (model and instant), its answers, its target.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from miexchange.refusal import ReasonCode

__all__ = [
    "FINDINGS",
    "MISPLACED",
    "MISSING",
    "STRANGE",
    "UNASKED",
    "UNKNOWN",
    "Answers",
    "Bonuses",
    "Ints",
    "Positions",
    "Rules",
    "Scales",
    "Settings",
    "TacRules",
    "ZoneTurns",
]

Ints = NDArray[np.int64]
Positions = NDArray[np.uint32]
"""Positions in arrays. They are unsigned, so that compiled code need not handle negative indices."""

FINDINGS = (
    ReasonCode.ANSWER_MISSING,
    ReasonCode.ANSWER_UNKNOWN,
    ReasonCode.QUESTION_UNKNOWN,
    ReasonCode.QUESTION_NOT_ASKED,
    ReasonCode.CONDITION_GATE,
    ReasonCode.PRICE_MISSING,
    ReasonCode.INVALID_VALUE,
)
"""The reasons against an answer, as a set of eight bits; the first is bit 0."""

UNKNOWN, MISSING, STRANGE, UNASKED, MISPLACED = range(5)
"""The codes after those of the options: unknown text, null, not a text; null and text where the question is not asked.

The last two belong to a question that an earlier answer makes irrelevant.
"""


class ZoneTurns(NamedTuple):
    """A zone's offsets from UTC in microseconds, and the start of each, in microseconds since 1970."""

    starts: Ints
    offsets: Ints


class TacRules(NamedTuple):
    """What the rules say about an IMEI, by its TAC.

    The first five digits of a TAC lead to a page, the last three to a cell of it: an address, where a search
    in a sorted table would take 100 to 200 ns a number.

    Attributes:
        pages: where the page of each first five digits begins.
        cells: the group of a TAC: TACs with the same reasons for every family.
        said: uint8, the reasons against a group's numbers, a position in `reasons`; by group and family, of which the
            last one stands for no family.
        reasons: the distinct sets of `BITS`.
        suspects: bool, whether a known placeholder has such a TAC, by group.
        placeholders: the fourteen digits of all known placeholders, sorted.
    """

    pages: Positions
    cells: Positions
    said: NDArray[np.uint8]
    reasons: Ints
    suspects: NDArray[np.bool_]
    placeholders: Ints


class Answers(NamedTuple):
    """The effects of answers, by case and code; the codes of all questions are concatenated.

    Attributes:
        base: where the codes of each question begin.
        least: uint8, the lowest code of each question that has an effect; most answers are below it.
        reasons: uint8, the reasons against an answer, a set of `FINDINGS`; by case (`Rules.asked`) and code.
        grades: uint8, the steps below the best grade; by case and code, like the next eight.
        keeps: the share that is kept, in basis points.
        component: the position of the component of the deduction.
        anchor: the position of the anchor that the weight refers to.
        fixed: the deduction as an amount in minor units,
        share: as a share of the market price in basis points,
        weight: or as a weight of its anchor in basis points.
        extras: the small fixed amounts, in minor units.
        retentions: the question of each retention, in the order in which they are applied.
        applies: whether the retention is applied at this position of the order; by case and retention.
        is_costly: whether some answer to the question has a deduction.
        components: how many components there are.
        extra: the position of each question among those that have extras.
        is_extra: whether a question has extras.
        added: the questions that have extras.
        guarded: the question of each guard: it is asked only after some answers to an earlier one.
        guards: the earlier question of each guard; if that one has guards of its own, the question has them too.
        opens: whether the question is asked after an answer to the earlier one; by guard, case and code.
        unasked: uint8, the code that replaces a cell's own if the question is not asked; by guard and code.
    """

    base: Positions
    least: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    grades: NDArray[np.uint8]
    keeps: Ints
    component: Positions
    anchor: Positions
    fixed: Ints
    share: Ints
    weight: Ints
    extras: Ints
    retentions: Positions
    applies: NDArray[np.bool_]
    is_costly: NDArray[np.bool_]
    components: int
    extra: Positions
    is_extra: NDArray[np.bool_]
    added: Positions
    guarded: Positions
    guards: Positions
    opens: NDArray[np.bool_]
    unasked: NDArray[np.uint8]


class Settings(NamedTuple):
    """The numbers of the terms, by version.

    Attributes:
        factor: the operator's share, in basis points.
        step: the rounding step, in minor units; values are rounded down to it.
        ones: the position of the one component of each overlap.
        others: the position of the other one.
        counted: the part of the smaller deduction that counts, in basis points; by version and overlap.
        keeps: the share that a grade keeps, in basis points; by version and grade.
        ids: uint8, the position of the grade's id in `Plan.grades`; by version and grade.
    """

    factor: Ints
    step: Ints
    ones: Positions
    others: Positions
    counted: Ints
    keeps: Ints
    ids: NDArray[np.uint8]


class Scales(NamedTuple):
    """The rates of `miexchange.programme.rules`, by rule, version of the terms and code of the label.

    The code of a count is the count itself, up to the last rate; that of a text is its position among the texts.
    After these come `UNKNOWN` (a negative count), `MISSING` and `STRANGE`. Version 0 stands for a device that is
    not valued.

    Attributes:
        kept: the share that is kept, in basis points; a negative number is minus the set of `BITS` against the device.
        reads: which fact each rule reads: a position among `COUNTED` and, after these, in `Block.answers`.
        last: the code of the last rate of each rule.
        counts_months: whether any rule reads the months since the purchase.
    """

    kept: Ints
    reads: Positions
    last: Ints
    counts_months: bool


class Bonuses(NamedTuple):
    """The bonuses: which one is paid at each position of the terms' list, by case.

    Attributes:
        case: the case, by `Rules.offer` and the code of the target: 0 for a model without a bonus, the last one for a
            cell that is not a text.
        stackable: whether the bonus combines with the others; by position.
        line: the line that it is written to; by position and case, like the next ones.
        from_value: the lowest exchange value that earns it, in minor units.
        fixed: the fixed amount, in minor units.
        share: the share of the exchange value, in basis points.
        most: its cap, in minor units.
    """

    case: Positions
    stackable: NDArray[np.bool_]
    line: Positions
    from_value: Ints
    fixed: Ints
    share: Ints
    most: Ints


class Rules(NamedTuple):
    """All that the compiled loop reads of a programme.

    Attributes:
        starts: when each period begins, in microseconds since 1970; the periods are grouped by key.
        first: the position of each key's first period.
        last: the position of each key's last period.
        family: the position of each key's family.
        reasons: the reasons that follow from model and instant alone, a set of `BITS`; by period, like the next ones.
        doubts: which doubts (an unknown TAC, an unverified IMEI, no second one) refuse, a set of `BITS`.
        hours: how old a register's answer may be; 0 if the terms require no evidence.
        asked: the case of the answers; 0 for a device that is not graded.
        offer: the case of the bonuses.
        price: the market price, in minor units.
        anchors: the amount of each repair anchor, in minor units; by period and anchor.
        scrap: the floor, in minor units.
        priced_from: when the price came into force, in microseconds since 1970.
        terms: the position of the terms; 0 if none are in force.
        zone: the offsets of the programme's zone from UTC.
        answers: the effects of the answers.
        settings: the numbers of the terms.
        scales: the rates of the rules.
        bonuses: the bonuses.
        tacs: the reasons by TAC.
        steps: how many lines come before those of the bonuses.
    """

    starts: Ints
    first: Positions
    last: Positions
    family: Positions
    reasons: Ints
    doubts: Ints
    hours: Ints
    asked: Positions
    offer: Positions
    price: Ints
    anchors: Ints
    scrap: Ints
    priced_from: Ints
    terms: Positions
    zone: ZoneTurns
    answers: Answers
    settings: Settings
    scales: Scales
    bonuses: Bonuses
    tacs: TacRules
    steps: int
