"""What the SQL and the Polars expressions have in common: the rules of a programme as plain numbers.

The findings of a device stand in one integer: reasons in the lowest bits, above them a bit for each
grade below the best that an answer leads to, and from bit 16 on the size of the deduction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from _contract import BIT
from _relations import micros, midnight
from miexchange import ReasonCode
from miexchange.money import BPS
from miexchange.programme import Bonus

if TYPE_CHECKING:
    from miexchange import Option, Programme, Question, Terms
    from miexchange.condition import Deduction

__all__ = [
    "DAY",
    "FIRST_GRADE",
    "FIRST_REASON",
    "MISSING",
    "NOT_ASKED",
    "POSITION",
    "REASONS",
    "SIZE",
    "UNKNOWN",
    "Offer",
    "costs",
    "deduction_of",
    "extra",
    "grade_bit",
    "keep",
    "keeps",
    "offers",
    "packed",
    "refusing",
    "white_space",
]

DAY = 86_400_000_000
POSITION = {code: position for position, code in enumerate(ReasonCode)}
FIRST_REASON = POSITION[ReasonCode.ANSWER_MISSING]
MISSING, UNKNOWN, NOT_ASKED, GATE = (
    BIT[code] >> FIRST_REASON
    for code in (
        ReasonCode.ANSWER_MISSING,
        ReasonCode.ANSWER_UNKNOWN,
        ReasonCode.QUESTION_NOT_ASKED,
        ReasonCode.CONDITION_GATE,
    )
)
REASONS = 0xFF
FIRST_GRADE, SIZE = 8, 16


def white_space() -> str:
    """Return every character that Python strips."""
    return "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


def grade_bit(step: int) -> int:
    """Return the bit of the grade so many steps below the best; 0 for the best."""
    return 1 << FIRST_GRADE + step - 1 if step else 0


def packed(option: Option) -> int:
    """Return all that an answer does to a device's findings."""
    size = 0 if option.deduction is None else option.deduction.size
    if size >> 16 or option.grade > SIZE - FIRST_GRADE:
        raise NotImplementedError(f"a deduction of {size}, or grade {option.grade}, is not written out here")
    return size << SIZE | grade_bit(option.grade) | (GATE if option.gate else 0)


def keep(option: Option) -> int:
    """Return what an answer keeps of the price, in basis points."""
    return option.keep_bps


def extra(option: Option) -> int:
    """Return what an answer adds, in paise."""
    return option.extra_minor


def costs(question: Question) -> bool:
    """Tell whether an answer to the question can cost a deduction."""
    return any(option.deduction for option in question.options)


def keeps(question: Question) -> bool:
    """Tell whether an answer to the question can keep less of the price."""
    return any(option.keep_bps != BPS for option in question.options)


def deduction_of(component: str, questions: tuple[Question, ...]) -> Deduction:
    """Return one of the deductions of a component group: the others are of the same kind."""
    of_it = (option.deduction for one in questions if one.component == component for option in one.options)
    return next(deduction for deduction in of_it if deduction is not None)


def refusing(terms: Terms) -> int:
    """Return the findings about an IMEI that refuse a device; the others are warnings."""
    warned = 0
    if terms.eligibility.unknown_tac == "warn":
        warned |= BIT[ReasonCode.TAC_UNKNOWN]
    if terms.eligibility.unverified_imei == "warn":
        warned |= BIT[ReasonCode.IMEI_UNVERIFIED]
    return (2 << POSITION[ReasonCode.INVALID_VALUE]) - 1 - warned


@dataclass(frozen=True, slots=True)
class Offer:
    """A bonus as it is offered: what is `paid`, from what value on, for which targets, from when until when.

    `targets` is None for all, and `ends` is None for open.
    """

    paid: Bonus
    stackable: bool
    from_value: int
    targets: frozenset[str] | None
    begins: int
    ends: int | None


def offers(programme: Programme) -> list[Offer]:
    """Return every bonus of every terms, in order; none was given yet, so only a quota of zero is used up."""
    found = []
    ends = [*(micros(terms.effective_from) for terms in programme.terms[1:]), None]
    for terms, terms_end in zip(programme.terms, ends, strict=True):
        for bonus in terms.bonuses:
            paid: Bonus | None = bonus
            while paid is not None and paid.quota == 0:
                paid = terms.bonus_by_id.get(paid.fall_back)
            if paid is None:
                continue
            starts = [micros(terms.effective_from)]
            starts += [midnight(one.begins, programme) for one in (bonus, paid) if one.begins is not None]
            stops = [midnight(one.ends, programme) for one in (bonus, paid) if one.ends is not None]
            stops += [] if terms_end is None else [terms_end]
            limits = [frozenset(one.targets) for one in (bonus, paid) if one.targets]
            targets = frozenset.intersection(*limits) if limits else None
            stop = min(stops) if stops else None
            found.append(Offer(paid, bonus.stackable, bonus.from_value_minor, targets, max(starts), stop))
    return found
