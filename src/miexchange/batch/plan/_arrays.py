"""A programme as the compiled loop reads it: what each rule says in each case, in arrays.

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
"""Where things stand. No position is below zero, so that compiled code need not ask whether to count from the end."""

FINDINGS = (
    ReasonCode.ANSWER_MISSING,
    ReasonCode.ANSWER_UNKNOWN,
    ReasonCode.QUESTION_UNKNOWN,
    ReasonCode.QUESTION_NOT_ASKED,
    ReasonCode.CONDITION_GATE,
    ReasonCode.PRICE_MISSING,
    ReasonCode.INVALID_VALUE,
)
"""What can be said against an answer; in a small set of eight bits, the first is bit 0."""

UNKNOWN, MISSING, STRANGE, UNASKED, MISPLACED = range(5)
"""The codes after those of the options: another text, null, no text; null or a text where nothing is asked.

The last two are of a question that is not asked after the answer to an earlier one.
"""


class ZoneTurns(NamedTuple):
    """How far a zone is ahead of UTC, in microseconds, and from when on, in microseconds since 1970."""

    starts: Ints
    offsets: Ints


class TacRules(NamedTuple):
    """What is said of a number, by its TAC.

    The first five digits of a TAC lead to a page, the last three to a cell of it: an address, where a search
    in a sorted table would take 100 to 200 ns a number.

    Attributes:
        pages: where the page of each first five digits begins.
        cells: the group of a TAC: those of which the same is said, whatever the family.
        said: uint8, what is said of a group's numbers, a position in `reasons`; by group and family, the last one
            being none.
        reasons: the distinct sets of `BITS` that are said.
        suspects: bool, whether known placeholders have such a TAC, by group.
        placeholders: the fourteen digits of all known placeholders, sorted.
    """

    pages: Positions
    cells: Positions
    said: NDArray[np.uint8]
    reasons: Ints
    suspects: NDArray[np.bool_]
    placeholders: Ints


class Answers(NamedTuple):
    """What the answers do, by case and code; the codes of all questions stand one after the other.

    Attributes:
        base: where the codes of each question begin.
        least: uint8, the first code of each question that does more than keep; most answers are below it.
        reasons: uint8, the reasons against an answer, a set of `FINDINGS`; by case (`Rules.asked`) and code.
        grades: uint8, the steps below the best grade; likewise, as the next eight are.
        keeps: what is kept, in basis points.
        component: the position of the component that is deducted for.
        anchor: the position of the amount that a finding is a weight of.
        fixed: what a finding costs, in minor units,
        share: as a share of the market price, in basis points,
        weight: or as a weight of its anchor, in basis points.
        extras: the small fixed amounts, in minor units.
        retentions: the question of each retention, in the order in which they are applied.
        applies: whether a retention stands at this place of the order; by case and retention.
        is_costly: whether some answer to a question is deducted for.
        components: how many components there are.
        extra: the position of each question among those that have extras.
        is_extra: whether a question has extras.
        added: the questions that have extras.
        guarded: the question of each guard: it is asked only after some answers to an earlier one.
        guards: the earlier question of each guard; where that one has guards of its own, the question has them too.
        opens: whether the question can be asked after an answer to the earlier one; by guard, case and code.
        unasked: uint8, which code a cell has where the question is not asked, in place of its own; by guard and code.
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
    """The numbers of the terms, by their position; the versions stand one after the other.

    Attributes:
        factor: the operator's share, in basis points.
        step: what is rounded down to, in minor units.
        ones: the position of the one component of each overlap.
        others: the position of the other one.
        counted: the part of the smaller deduction that counts, in basis points; by version and overlap.
        keeps: what a grade keeps, in basis points; by version and grade.
        ids: uint8, the position of its id in `Plan.grades`; likewise.
    """

    factor: Ints
    step: Ints
    ones: Positions
    others: Positions
    counted: Ints
    keeps: Ints
    ids: NDArray[np.uint8]


class Scales(NamedTuple):
    """What the rules of `miexchange.programme.rules` keep, by rule, version of the terms and code of the label.

    The codes of a count are the count itself as far as there are rates, those of a text its position among the texts;
    after these come `UNKNOWN` (a count below zero), `MISSING` and `STRANGE`. Version 0 stands for a device that is not
    valued at all.

    Attributes:
        kept: what is kept, in basis points; or, below zero, what speaks against the device: minus a set of `BITS`.
        reads: which fact each rule reads: a position among `COUNTED` and, after these, in `Block.answers`.
        last: the code of the last rate of each rule.
        counts_months: whether any rule reads the months since the purchase.
    """

    kept: Ints
    reads: Positions
    last: Ints
    counts_months: bool


class Bonuses(NamedTuple):
    """What comes on top: which bonus is paid in each place of the terms' list, by case.

    Attributes:
        case: which case it is, by `Rules.offer` and the code of the target: 0 for a model that no bonus is for, the
            last one for what is no text.
        stackable: for each place, whether it adds to the others.
        line: the line that it is written to; by place and case, as the next ones are.
        from_value: from which exchange value on, in minor units.
        fixed: the fixed amount, in minor units.
        share: the share of the exchange value, in basis points.
        most: the most that it can be, in minor units.
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
        starts: when each period begins, in microseconds since 1970; those of one key after those of another.
        first: the position of each key's first period.
        last: the position of each key's last period.
        family: the position of each key's family.
        reasons: the reasons that model and instant alone lead to, a set of `BITS`; by period, as the next ones are.
        doubts: which doubts (an unknown TAC, an unverified IMEI, no second one) refuse, a set of `BITS`.
        hours: how old a register's answer may be; 0 where the terms demand no evidence.
        asked: the case of the answers; 0 for a device that is not graded.
        offer: the case of the bonuses.
        price: the market price, in minor units.
        anchors: what each anchor of a device is, in minor units; by period and anchor.
        scrap: the floor, in minor units.
        priced_from: since when it is in force, in microseconds since 1970.
        terms: the position of the terms; 0 where none are in force.
        zone: how far the programme's days are ahead of UTC, and from when on.
        answers: what the answers do.
        settings: the numbers of the terms.
        scales: what the rules of the list keep.
        bonuses: what comes on top.
        tacs: what a number says.
        steps: how many steps a value has: that many lines, before those of the bonuses.
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
