"""The effects of the answers under some terms, ready to be looked up."""

from __future__ import annotations

from operator import getitem
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.condition import Finding
    from miexchange.programme.terms import StepName

__all__ = ["Effect", "Effects", "Reader"]


class Effect:
    """The effect of an answer that is not clean. There is one object for each answer, so that it can be a key.

    Attributes:
        gate: whether the answer refuses the device.
        grade: the steps below the best grade.
        keep_bps: the share of the price that is kept.
        deduction: its cost, or None.
        place: the position of its component group among those that can cost something; 0 without a deduction.
        extra_minor: a small fixed amount on top.
        retained: the names of its retention.
        deducted: the names of its deduction.
        added: the names of its extra.
    """

    __slots__ = ("added", "deducted", "deduction", "extra_minor", "gate", "grade", "keep_bps", "place", "retained")

    def __init__(self, finding: Finding, names: tuple[StepName, StepName, StepName], place: int) -> None:
        option = finding.option
        self.gate, self.grade, self.keep_bps = option.gate, option.grade, option.keep_bps
        self.deduction, self.place, self.extra_minor = option.deduction, place, option.extra_minor
        self.retained, self.deducted, self.added = names


Effects = dict[str | None, Effect | None]
"""The effects of the answers to a question; None for a clean answer."""


class Reader:
    """Reads the answers to the questions that are asked of a phone."""

    __slots__ = ("_asked", "_effects", "_names")

    def __init__(self, effects: Mapping[str, Effects]) -> None:
        self._names, self._effects, self._asked = tuple(effects), tuple(effects.values()), frozenset(effects)

    def read(self, answers: dict[str, str]) -> list[Effect] | None:
        """Return the effects of the answers that are not clean, in the questionnaire's order.

        None: an answer is missing, unknown, or to a question that is not asked; `Questionnaire.grade` says which.
        """
        try:
            found = [*filter(None, map(getitem, self._effects, map(answers.get, self._names)))]
        except KeyError:
            return None
        return found if self._asked.issuperset(answers) else None
