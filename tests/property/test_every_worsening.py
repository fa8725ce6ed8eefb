"""Every single worsening of every listed model of the shipped programmes, one after another: none pays more.

Not drawn but exhaustive: from the clean device, and from every device with one fault, each answer is made
one step worse, so that every pair of faults is seen. Each device is valued by `appraise` itself. A refusal
counts as below every quote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import pytest

from miexchange import Condition, Device, Programme, Quote, Refusal, appraise
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange import Question, Variant

REFUSED = (-1, -1)
TARGET = "Redmi Note 5"
# An instant in each version of the terms; in May the price is 12 days old, so the drift counts.
INSTANTS = (datetime(2018, 3, 20, 12, tzinfo=UTC), datetime(2018, 5, 27, 12, tzinfo=UTC))
BRITISH = (datetime(2025, 4, 13, 12, tzinfo=UTC),)
CASES = [
    (name, brand, at)
    for name in ("graded-trade-in", "mi-exchange-india", "uk-trade-in")
    for brand in sorted(shipped_programme(name).brands)
    for at in (BRITISH if name == "uk-trade-in" else INSTANTS)[: len(shipped_programme(name).terms)]
]

_Faults = tuple[tuple[int, int], ...]
"""Positions of questions with the positions of their answers, where those are not the best ones."""


class Market(NamedTuple):
    """A programme at an instant."""

    programme: Programme
    at: datetime

    def questions(self, variant: Variant) -> tuple[Question, ...]:
        """Return what is asked of a model."""
        terms = self.programme.terms_at(self.at)
        assert terms is not None
        return terms.questionnaire.asked_of(variant)

    def worth(self, variant: Variant, questions: tuple[Question, ...], faults: _Faults) -> tuple[int, int]:
        """Return exchange value and coupon value of a device with these faults."""
        answers = {question.id: question.options[0].id for question in questions}
        for place, option in faults:
            answers[questions[place].id] = questions[place].options[option].id
        device = Device(variant.model, purchased_on=variant.launched_on)
        answer = appraise(device, Condition(answers), self.programme, at=self.at, target=TARGET)
        if isinstance(answer, Refusal):
            assert set(answer.codes) == {"condition_gate"}, answer.explain()
            return REFUSED
        assert isinstance(answer, Quote)
        return answer.exchange_value, answer.coupon_value


def with_up_to_two_faults(questions: tuple[Question, ...]) -> Iterator[_Faults]:
    """Yield every combination of at most two answers that are not the best, fewer and better ones first."""
    faults = [(place, option) for place, question in enumerate(questions) for option in range(1, len(question.options))]
    yield ()
    for fault in faults:
        yield (fault,)
    for one, other in combinations(faults, 2):
        if one[0] != other[0]:
            yield (one, other)


def one_step_better(faults: _Faults) -> Iterator[_Faults]:
    """Yield every device that becomes this one by a single step for the worse."""
    for place, option in faults:
        others = tuple(fault for fault in faults if fault[0] != place)
        yield tuple(sorted((*others, (place, option - 1)))) if option > 1 else others


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "brand", "at"), CASES, ids=lambda part: f"{part:%b}" if isinstance(part, datetime) else part
)
def test_no_worsening_pays_more(name: str, brand: str, at: datetime) -> None:
    """Design, promise 5: a worse answer never pays more; an added fault never raises the value."""
    market = Market(shipped_programme(name), at)
    models = [variant for variant in market.programme.catalogue.variants if variant.brand == brand]
    listed = [variant for variant in models if market.programme.eligible.as_of(variant.model, at.date())]
    assert listed, f"no model of {brand} is listed"
    steps = 0
    for variant in listed:
        questions = market.questions(variant)
        worth: dict[_Faults, tuple[int, int]] = {}
        for faults in with_up_to_two_faults(questions):
            worth[faults] = market.worth(variant, questions, faults)
            for better in one_step_better(faults):
                steps += 1
                assert all(less <= more for less, more in zip(worth[faults], worth[better], strict=True)), (
                    f"{variant.model}: {faults} is worth {worth[faults]}, and {better} only {worth[better]}"
                )
        assert worth[()] > REFUSED
    least = 30 if name == "uk-trade-in" else 500
    assert steps > least * len(listed), "two faults of some twenty questions, or of five, make more steps than that"


def test_every_listed_model_is_looked_at() -> None:
    """The brands above cover both lists."""
    for name in ("graded-trade-in", "mi-exchange-india", "uk-trade-in"):
        programme = shipped_programme(name)
        brands = {brand for case, brand, _ in CASES if case == name}
        assert {programme.catalogue.by_model[listing.model].brand for listing in programme.eligible} <= brands
