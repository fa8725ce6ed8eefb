"""The order of the questions at the terminal, and going back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._questions import together
from miexchange.cli import _ask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miexchange.catalogue import Variant
    from miexchange.condition import Condition, Question, Questionnaire

__all__ = ["in_order", "the_rest"]


def in_order(questions: Iterable[Question]) -> list[Question]:
    """Return questions in the order of asking: first those with an answer that refuses the phone.

    So the owner of a phone that is not taken answers few of them.
    """
    return sorted(questions, key=lambda question: not any(option.gate for option in question.options))


def the_rest(condition: Condition, questionnaire: Questionnaire, variant: Variant) -> Condition:
    """Ask the questions that the answers so far leave open; one may go back, and an answer that refuses ends it.

    Args:
        condition: the answers so far, which are not asked again.
        questionnaire: the questions.
        variant: the model.

    Returns:
        All answers. After one that refuses the phone, the best answers fill in for the questions that were not asked,
        so that no further reason is reported.
    """
    said: dict[str, str | None] = {}
    while True:
        asked = questionnaire.asked_of(variant, condition.replace(**said))
        left = in_order(one for one in together(asked) if one.id not in condition and one.id not in said)
        if not left:
            return condition.replace(**said)
        question = left[0]
        several = question.id in questionnaire.several
        answer = _ask.for_answer(question, len(said) + 1, len(said) + len(left), several=several)
        if answer == _ask.BACK:
            said.popitem()
            continue
        said[question.id] = answer
        given = set(questionnaire.as_options({question.id: answer}).values())
        option = next((one for one in question.options if one.id in given and one.gate), None)
        if option is not None:
            if not _ask.goes_back(question, option):
                return questionnaire.best(variant, condition.replace(**said)).replace(**said)
            said.popitem()
