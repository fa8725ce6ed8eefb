"""The findings that a programme deducts for, in order: `DeductionModel` fits their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import Between, Id, Items, Line, Since
from miexchange._limits import LISTED
from miexchange._value import Value
from miexchange.condition import Finding
from miexchange.money import BPS, Bps
from miexchange.programme import Overlap, Terms
from miexchange.tuning._arguments import instance, takes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange._value import Fault

__all__ = ["Scale", "prior_of", "scales_of"]


@dataclass(frozen=True, slots=True)
class Scale(Value):
    """Findings of one kind, from the mildest to the worst.

    Attributes:
        anchor: the family whose repair anchor they weigh, such as ``glass``. An unquoted one with a dot, such
            as ``display.touch``, is replaced by a quoted one of the same ``display``.
        component: the component group; of the findings of a group only the dearest counts.
        findings: the findings, mildest first: a worse one never costs less.
        keeps_bps: the share that the price keeps by the grade of each finding, in basis points; () if none leads
            to a grade.
        others_bps: the share kept by the worst grade, none worse than that, to which an answer without a weight leads:
            a worse finding takes at least as much.
        overlaps: the components that are damaged together, and the share of the smaller cost that counts.
        best_bps: the share kept by the best grade, to which the others are relative: quotes of a clean phone have it.
    """

    anchor: Id
    component: Id
    findings: Annotated[tuple[Line, ...], Items(1, LISTED)]
    keeps_bps: Annotated[tuple[Bps, ...], Items(0, LISTED), Since(2)] = ()
    others_bps: Annotated[tuple[Bps, ...], Items(0, LISTED), Since(2)] = ()
    overlaps: Annotated[tuple[Overlap, ...], Items(0, LISTED), Since(2)] = ()
    best_bps: Annotated[int, Between(1, BPS), Since(3)] = BPS

    def _faults(self) -> Iterator[Fault]:
        sizes = {len(self.findings)} if self.keeps_bps or self.others_bps else {0}
        for field, given in (("keeps_bps", self.keeps_bps), ("others_bps", self.others_bps)):
            if {len(given)} != sizes:
                yield field, given, f"give both, of each of the {len(self.findings)} findings, or neither"


_TERMS = instance(Terms, "give the terms of a programme")


@takes(terms=_TERMS)
def scales_of(terms: Terms) -> tuple[Scale, ...]:
    """Return the scales of a programme's questions that are deducted by anchor; a finding is ``question=option``.

    Each choice of a question with several is a scale of its own, so that the costs of two choices add up.

    >>> from miexchange import Programme
    >>> [scale.anchor for scale in scales_of(Programme.load("graded-trade-in").terms[0])][:5]
    ['display.touch', 'display.glass', 'display.image', 'body', 'body']
    """
    found = []
    # The grades to which answers without a weight lead: the best one, and some worse ones.
    others = {0} | {
        option.grade
        for question in terms.questionnaire.questions
        for option in question.options
        if not option.gate and not (option.deduction is not None and option.deduction.anchor)
    }
    for question in terms.questionnaire.questions:
        costly = [option for option in question.options if option.deduction is not None and option.deduction.anchor]
        if costly:
            names = tuple(Finding(question, option).subject for option in costly)
            anchor = costly[0].deduction.anchor if costly[0].deduction else ""
            keeps = tuple(terms.grades[option.grade].keep_bps for option in costly)
            others_keep = tuple(
                terms.grades[max(step for step in others if step <= option.grade)].keep_bps for option in costly
            )
            found.append(
                Scale(anchor, question.component, names, keeps, others_keep, terms.overlaps, terms.grades[0].keep_bps)
            )
    return tuple(found)


@takes(terms=_TERMS)
def prior_of(terms: Terms) -> dict[str, float]:
    """Return the weights that a programme's terms have now, for `DeductionModel(prior=...)`.

    >>> from miexchange import Programme
    >>> prior_of(Programme.load("graded-trade-in").terms[0])["screen_glass=cracked"]
    2.026
    """
    return {
        Finding(question, option).subject: option.deduction.weight_bps / BPS
        for question in terms.questionnaire.questions
        for option in question.options
        if option.deduction is not None and option.deduction.anchor
    }
