"""The findings that a programme deducts for, in order: what `DeductionModel` fits the weights of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from miexchange._bounded import Id, Items, Line
from miexchange._limits import LISTED
from miexchange._value import Value
from miexchange.money import BPS
from miexchange.programme import Terms
from miexchange.tuning._arguments import instance, takes

__all__ = ["Scale", "prior_of", "scales_of"]


@dataclass(frozen=True, slots=True)
class Scale(Value):
    """Findings of one kind, from the mildest to the worst.

    Attributes:
        anchor: the family whose repair anchor they weigh, such as ``glass``.
        component: the component group; of the findings of a group only the dearest counts.
        findings: the findings, mildest first: a worse one never costs less.
    """

    anchor: Id
    component: Id
    findings: Annotated[tuple[Line, ...], Items(1, LISTED)]


_TERMS = instance(Terms, "give the terms of a programme")


@takes(terms=_TERMS)
def scales_of(terms: Terms) -> tuple[Scale, ...]:
    """Return the scales of a programme's questions that are deducted by anchor; a finding is ``question=option``.

    >>> from miexchange import Programme
    >>> [scale.anchor for scale in scales_of(Programme.load("graded-trade-in").terms[0])]
    ['display', 'display', 'display', 'body', 'body', 'ports', 'ports', 'display']
    """
    found = []
    for question in terms.questionnaire.questions:
        costly = [option for option in question.options if option.deduction is not None and option.deduction.anchor]
        if costly:
            names = tuple(f"{question.id}={option.id}" for option in costly)
            anchor = costly[0].deduction.anchor if costly[0].deduction else ""
            found.append(Scale(anchor, question.component, names))
    return tuple(found)


@takes(terms=_TERMS)
def prior_of(terms: Terms) -> dict[str, float]:
    """Return the weights that a programme's terms have now, for `DeductionModel(prior=...)`.

    >>> from miexchange import Programme
    >>> prior_of(Programme.load("graded-trade-in").terms[0])["screen_glass=cracked"]
    2.026
    """
    return {
        f"{question.id}={option.id}": option.deduction.weight_bps / BPS
        for question in terms.questionnaire.questions
        for option in question.options
        if option.deduction is not None and option.deduction.anchor
    }
