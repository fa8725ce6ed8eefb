"""The law of the fair price: nothing that is worse ever pays more, on any programme that the linter takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import AnchorTable, Condition, Device, PriceTable, Programme, Quote, Refusal
from miexchange.money import BPS
from miexchange.programme.rules import INPUTS
from miexchange.strategies import Enquiry, conditions, enquiries
from property.effort import effort

REFUSED = (-1, -1)


def worth(enquiry: Enquiry) -> tuple[int, int]:
    """Return exchange value and coupon value; a refusal is below every quote."""
    answer = enquiry.answer()
    return (answer.exchange_value, answer.coupon_value) if isinstance(answer, Quote) else REFUSED


def pays_no_more(worse: Enquiry, better: Enquiry) -> bool:
    """Compare both values."""
    return all(less <= more for less, more in zip(worth(worse), worth(better), strict=True))


def worst_of(enquiry: Enquiry, one: Condition, other: Condition) -> Condition:
    """Take the worse of two answers to each question."""
    questions = {question.id: question for question in enquiry.terms.questionnaire.questions}

    def rank(question: str, answer: str) -> int:
        return [option.id for option in questions[question].options].index(answer)

    def worse(question: str) -> str:
        given = [answers[question] for answers in (one, other) if question in answers]
        return max(given, key=lambda answer: rank(question, answer))

    one, other = map(enquiry.terms.questionnaire.as_options, (one, other))
    answers = Condition({question: worse(question) for question in {**one, **other}})
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    return enquiry.terms.questionnaire.fitted(answers, variant)


@given(enquiries(), st.data())
@effort(2)
def test_worse_answers_never_pay_more(enquiry: Enquiry, data: st.DataObject) -> None:
    """Design, promise 5: a worse answer never pays more; an added fault never raises the value."""
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    other = data.draw(conditions(enquiry.terms.questionnaire, variant))
    worse = replace(enquiry, condition=worst_of(enquiry, enquiry.condition, other))
    assert pays_no_more(worse, enquiry)


@given(enquiries(), st.data())
@effort(1.5)
def test_one_step_down_never_pays_more(enquiry: Enquiry, data: st.DataObject) -> None:
    """Design, promise 5: a worse answer never pays more, not even by a paisa of rounding."""
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    questionnaire = enquiry.terms.questionnaire
    asked = questionnaire.asked_of(variant, enquiry.condition)
    assume(asked)
    question = data.draw(st.sampled_from(asked))
    ids = [option.id for option in question.options]
    place = ids.index(questionnaire.as_options(enquiry.condition)[question.id])
    assume(place + 1 < len(ids))
    answers = enquiry.condition.replace(**{question.id: ids[place + 1]})
    assert pays_no_more(replace(enquiry, condition=questionnaire.fitted(answers, variant)), enquiry)


@given(enquiries(), st.data())
def test_silence_about_an_extra_never_pays_more_than_an_answer(enquiry: Enquiry, data: st.DataObject) -> None:
    """Condition: an optional question that is not answered counts as the worst answer."""
    optional = [question.id for question in enquiry.terms.questionnaire.questions if question.optional]
    asked = [name for name in optional if name in enquiry.condition]
    if not asked:
        return
    silent = replace(enquiry, condition=enquiry.condition.replace(**{data.draw(st.sampled_from(asked)): None}))
    assert isinstance(silent.answer(), Quote)
    assert pays_no_more(silent, enquiry)


def dearer(programme: Programme, model: str, more: int) -> Programme:
    """Raise every price of a model."""
    rows = [
        row.replace(price_minor=row.price_minor + more) if row.model == model else row
        for row in programme.prices.prices
    ]
    return replace(programme, prices=PriceTable.of(rows))


@given(enquiries(), st.integers(1, 5) | st.integers(1, 10**5))
@effort(2)
def test_a_higher_market_price_never_pays_less(enquiry: Enquiry, steps: int) -> None:
    """Design, promise 5: a higher market price never pays less; not by one price step, near no rounding edge."""
    more = enquiry.programme.price_step_minor * steps
    raised = replace(enquiry, programme=dearer(enquiry.programme, enquiry.device.model, more))
    assert pays_no_more(enquiry, raised)


@given(enquiries(), st.data())
@effort(1.5)
def test_a_higher_price_never_pays_less_whatever_the_answers(enquiry: Enquiry, data: st.DataObject) -> None:
    """Design, promise 5, at the worst answers, where the shares of the price weigh most."""
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    questions = enquiry.terms.questionnaire.asked_of(variant)
    worst = {question.id: [option.id for option in question.options if not option.gate][-1] for question in questions}
    enquiry = replace(enquiry, condition=enquiry.terms.questionnaire.fitted(Condition(worst), variant))
    more = enquiry.programme.price_step_minor * data.draw(st.integers(1, 30))
    raised = replace(enquiry, programme=dearer(enquiry.programme, variant.model, more))
    assert pays_no_more(enquiry, raised)


@given(enquiries())
@effort(0.3)
def test_no_price_of_many_in_a_row_pays_less_than_the_one_before(enquiry: Enquiry) -> None:
    """Design, "Why a higher price can never pay less": by brute force, price step by price step, worst answers."""
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    questions = enquiry.terms.questionnaire.asked_of(variant)
    worst = {question.id: [option.id for option in question.options if not option.gate][-1] for question in questions}
    before = replace(enquiry, condition=enquiry.terms.questionnaire.fitted(Condition(worst), variant))
    step = enquiry.programme.price_step_minor
    assert all(price.price_minor % step == 0 for price in enquiry.programme.prices)
    for _ in range(30):
        after = replace(before, programme=dearer(before.programme, variant.model, step))
        assert pays_no_more(before, after)
        before = after


@given(enquiries(), st.integers(1, 10**5))
def test_a_dearer_repair_never_pays_more(enquiry: Enquiry, more: int) -> None:
    """Design, section 6: a finding costs a weight times the repair anchor."""
    rows = [row.replace(amount_minor=row.amount_minor + more) for row in enquiry.programme.anchors.anchors]
    assert pays_no_more(replace(enquiry, programme=replace(enquiry.programme, anchors=AnchorTable.of(rows))), enquiry)


@given(enquiries(), st.integers(0, 4_000))
@effort(1.5)
def test_an_older_device_never_pays_more(enquiry: Enquiry, days: int) -> None:
    """Design, promise 5: a later age band keeps no more than an earlier one."""
    bought = enquiry.device.purchased_on
    assume(bought is not None)
    assert bought is not None
    older = Device(enquiry.device.model, purchased_on=bought - timedelta(days=days))
    younger = Device(enquiry.device.model, purchased_on=bought)
    assert pays_no_more(replace(enquiry, device=older), replace(enquiry, device=younger))


@given(enquiries(), st.data())
def test_a_lower_class_never_pays_more(enquiry: Enquiry, data: st.DataObject) -> None:
    """Terms.customer_classes, and every rule that reads a text: what is kept, the best first."""
    labels: dict[str, list[Any]] = {
        rule.reads: [*rule.labels(enquiry.terms)] for rule in enquiry.terms.retentions if rule.reads in INPUTS
    }
    assume(any(len(known) > 1 for known in labels.values()))
    for name, known in labels.items():
        places = sorted(data.draw(st.lists(st.integers(0, len(known) - 1), min_size=2, max_size=2)))
        better, worse = (replace(enquiry, **{name: known[place]}) for place in places)
        assert pays_no_more(worse, better)


@given(enquiries())
@effort(1.5)
def test_a_label_further_down_never_keeps_more(enquiry: Enquiry) -> None:
    """Retention: labels stand best first, whatever the rule; nothing keeps more than all of the price."""
    for rule in enquiry.terms.retentions:
        rates = [rule.rate(enquiry.terms, label) for label in rule.labels(enquiry.terms)]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] <= BPS
        assert rule.least(enquiry.terms) == rates[-1] >= 0


@given(enquiries(), st.timedeltas(timedelta(), timedelta(60)))
@effort(1.5)
def test_waiting_never_raises_the_exchange_value(enquiry: Enquiry, later: timedelta) -> None:
    """Terms.drift_bps_per_day: what a price loses for each whole day, while price and terms are the same."""
    early, late = enquiry.answer(), replace(enquiry, at=enquiry.at + later).answer()
    assert isinstance(early, Quote)
    same = isinstance(late, Refusal) or (late.terms, late.priced_from) == (early.terms, early.priced_from)
    assume(same)
    assert isinstance(late, Refusal) or late.exchange_value <= early.exchange_value


@given(enquiries(imei=True), st.sampled_from(["exchange_open", "device_exchanged"]))
def test_a_fact_against_the_device_never_pays_more(enquiry: Enquiry, fact: str) -> None:
    """Design, section 3: whatever stands against a device refuses it; nothing lifts its value."""
    assert worth(replace(enquiry, **{fact: True})) == REFUSED  # type: ignore[arg-type]


@given(enquiries(), st.integers(1, 10**4))
def test_a_smaller_share_for_the_operator_never_pays_less(enquiry: Enquiry, bps: int) -> None:
    """Terms.factor_bps: the operator's share of the value."""
    terms = enquiry.terms
    lower = terms.replace(factor_bps=max(terms.factor_bps - bps, 1))
    versions = tuple(lower if one is terms else one for one in enquiry.programme.terms)
    assert pays_no_more(replace(enquiry, programme=replace(enquiry.programme, terms=versions)), enquiry)
