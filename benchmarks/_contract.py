"""What every contender returns for a table of devices: one row each, in the order of the table.

`outcome` is ``quote`` (with a valid IMEI), ``indicative`` (without any) or ``refused``. `reasons` and
`warnings` are sums of powers of two: bit i stands for the i-th member of `ReasonCode`. `grade` and all
amounts are null where the device is refused. Amounts are paise, one column for each line that a quote
of the programme can have, under any of its terms; 0 where the quote has no such line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange import ReasonCode
from miexchange.money import BPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miexchange import Programme, Question

__all__ = ["BIT", "OUTCOMES", "mask", "questions", "result_columns", "rules"]

OUTCOMES = ("quote", "indicative", "refused")
BIT = {code: 1 << position for position, code in enumerate(ReasonCode)}


def mask(codes: Iterable[ReasonCode]) -> int:
    """Return a set of reasons as one number.

    >>> mask([ReasonCode.IMEI_EMPTY, ReasonCode.IMEI_EMPTY, ReasonCode.IMEI_SIGN])
    6
    """
    return sum(BIT[code] for code in set(codes))


def questions(programme: Programme) -> tuple[Question, ...]:
    """Return the questions of all terms, each once."""
    found: dict[str, Question] = {}
    for terms in programme.terms:
        for question in terms.questionnaire.questions:
            found.setdefault(question.id, question)
    return tuple(found.values())


def rules(programme: Programme) -> tuple[str, ...]:
    """Return the rules of every line that a quote of the programme can have, in the order of a quote."""
    asked = [question for terms in programme.terms for question in terms.questionnaire.questions]
    retained = [one.id for one in asked if any(option.keep_bps != BPS for option in one.options)]
    extra = [one.id for one in asked if any(option.extra_minor for option in one.options)]
    names = (
        "market",
        *(f"retention:{name}" for name in retained),
        *("retention:age" for terms in programme.terms if terms.age_bands),
        *("retention:drift" for terms in programme.terms if terms.drift_bps_per_day),
        "grade",
        *(f"deduction:{name}" for terms in programme.terms for name in terms.components),
        *(f"overlap:{one.one}+{one.other}" for terms in programme.terms for one in terms.overlaps),
        *(f"extra:{name}" for name in extra),
        *("factor", "floor", "cap", "rounding"),
        *(f"bonus:{bonus.id}" for terms in programme.terms for bonus in terms.bonuses),
    )
    return tuple(dict.fromkeys(names))


def result_columns(programme: Programme) -> tuple[str, ...]:
    """Return the names of the result's columns, in order."""
    amounts = (f"{rule}_minor" for rule in rules(programme))
    return ("outcome", "reasons", "warnings", "grade", *amounts, "exchange_value_minor", "coupon_value_minor")
