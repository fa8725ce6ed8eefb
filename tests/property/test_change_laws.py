"""What would change an answer: as a search over all sets of changes finds it, in every programme that there is."""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations, islice
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given

from miexchange import (
    Changes,
    Condition,
    Device,
    Imei,
    ImeiStatus,
    Programme,
    Quote,
    ReasonCode,
    Refusal,
    RegisterAnswer,
    appraise,
    replay,
    what_would_change,
)
from miexchange._cures import HERE, MOST_CURES, Place, Said, Search
from miexchange._time import TICK
from miexchange.strategies import hostile_enquiries
from miexchange.valuation import appraise_again
from unit import small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange import Question, Questionnaire, Variant
    from miexchange.strategies import Enquiry

CASES = Path(__file__).resolve().parents[1] / "cases"
NAMES = (
    *("graded-trade-in", "mi-exchange-india", "uk-trade-in", "age-and-bonus", "apple-trade-in-india", "cashify"),
    *(f"google-store-{country}" for country in ("gb", "in", "it", "us")),
)
MOST_SETS = 400
"""Sets of changes of one size that are looked at one by one for one case; a case with more is not looked at."""

_OF_REGISTER = {"imei_blocked", "imei_tracked", "imei_duplicate", "imei_unverified", "register_stale"}

Key = tuple[str, str, str | None]


@cache
def programme_of(name: str) -> Programme:
    directory = CASES / name
    return Programme.load(directory if directory.is_dir() else name)


class Case(NamedTuple):
    """A valuation, drawn."""

    programme: Programme
    device: Device
    condition: Condition
    facts: dict[str, Any]

    def answer(self) -> Quote | Refusal:
        return appraise(self.device, self.condition, self.programme, **self.facts)

    def changes(self) -> Changes:
        answer = self.answer()
        if isinstance(answer, Quote):
            return what_would_change(answer, self.programme)
        return what_would_change(answer, self.programme, device=self.device, condition=self.condition, **self.facts)


def cases(name: str, count: int) -> Iterator[Case]:
    """Draw valuations: most of the answers are the best ones, and most phones are taken or nearly so."""
    programme, make = programme_of(name), random.Random(name)  # noqa: S311 - cases, no secrets
    models = [listing.model for listing in programme.eligible]
    instants = [price.effective_from for price in programme.prices]
    for _ in range(count):
        model = make.choice(models) if make.random() < 0.9 else make.choice([*programme.catalogue]).model
        variant = programme.catalogue.by_model[model]
        at = make.choice(instants) + make.choice([0, 1, 5, 10, 60]) * 86_400_000_000 * TICK
        terms = programme.terms_at(at) or programme.terms[0]
        condition = answers(terms.questionnaire, variant, make)
        bought = None if make.random() < 0.2 else (at - make.randrange(-20, 1_200) * 86_400_000_000 * TICK).date()
        imei = make.choice([None, None, Imei(small.IMEI), "354178036859780", "490154203237518"])
        targets = [target for bonus in terms.bonuses for target in bonus.targets]
        given = {bonus.id: bonus.quota for bonus in terms.bonuses if bonus.quota is not None and make.random() < 0.3}
        classes = [one.id for one in terms.customer_classes]
        facts: dict[str, Any] = {
            "at": at,
            "imei_status": make.choice([*ImeiStatus]) if make.random() < 0.4 else ImeiStatus.CLEAR,
            "exchange_open": make.random() < 0.05,
            "device_exchanged": make.random() < 0.05,
            "bonuses_given": given,
            "target": make.choice([None, *targets]),
            "customer": make.choice([None, *classes, *classes, "strange"]) if classes else None,
        }
        name_of = variant.family if make.random() < 0.05 else model
        yield Case(programme, Device(name_of, imei, None, bought), condition, facts)


def answers(questionnaire: Questionnaire, variant: Variant, make: random.Random) -> Condition:
    found = {question.id: drawn(question, make) for question in questionnaire.questions}
    asked = questionnaire.fitted(Condition(found), variant)
    kept = {name: asked[name] for name in asked if make.random() < 0.98}
    if make.random() < 0.03:
        kept["strange"] = "yes"
    if make.random() < 0.03:
        kept[make.choice(questionnaire.questions).id] = make.choice(["strange", *found.values()])
    return Condition(kept)


def drawn(question: Question, make: random.Random) -> str:
    return question.best.id if make.random() < 0.85 else make.choice(question.options).id


# The search over all sets.


def completed(case: Case, place: Place, picks: tuple[Key, ...]) -> Condition:
    """Answer, again and again, what is asked only because of changes, and leave out what is not asked any more."""
    catalogue, programme = case.programme.catalogue, case.programme
    variant = catalogue.named(place.model or case.device.model)
    terms = programme.terms_at(place.at or case.facts["at"])
    if variant is None or terms is None:
        return case.condition
    here, then = catalogue.named(case.device.model), programme.terms_at(case.facts["at"])
    before = None
    if here is not None and then is not None:
        options = then.questionnaire.as_options(case.condition)
        before = {question.id for question in then.questionnaire.asked_of(here, options)}
    said: dict[str, str | None] = dict(terms.questionnaire.as_options(case.condition))
    for what, name, option in picks:
        if what == "condition" and name in terms.questionnaire.several:
            said.update({one.id: one.best.id for one in terms.questionnaire.several[name]})
        elif what == "condition":
            said[name] = option
    while True:
        now = Condition(said)
        asked = {question.id: question for question in terms.questionnaire.asked_of(variant, now)}
        known = {question.id for question in terms.questionnaire.questions}
        gone = {name for name in now if name in known - asked.keys() and (before is None or name in before)}
        new = [one for one in asked.values() if one.id not in now and not one.optional]
        new = [one for one in new if before is None or one.id not in before]
        if not gone and not new:
            return now
        said.update(dict.fromkeys(gone))
        said.update({one.id: one.best.id for one in new})


def after(case: Case, place: Place, picks: tuple[Key, ...]) -> Quote | Refusal:
    """Value the phone after some changes, each of which is made on its own."""
    facts, device = dict(case.facts), case.device
    whats = {what for what, _, _ in picks}
    facts["at"] = place.at or facts["at"]
    on = facts["at"].astimezone(case.programme.zone).date()
    device = device.replace(model=place.model or device.model)
    if "imei" in whats:
        device = device.replace(imei=None, imei2=None)
    if "purchased_on" in whats:
        device = device.replace(purchased_on=on)
    if "imei_status" in whats:
        facts["imei_status"] = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", facts["at"], "1")
    facts.update({what: False for what in whats if what in {"exchange_open", "device_exchanged"}})
    facts.update({what: option for what, _, option in picks if what == "customer"})
    facts["target"] = place.target or facts["target"]
    return appraise(device, completed(case, place, picks), case.programme, **facts)


def is_good(case: Case, worth: int | None, place: Place, picks: tuple[Key, ...]) -> bool:
    found = after(case, place, picks)
    if isinstance(found, Refusal):
        return False
    whats = {what for what, _, _ in picks}
    if "imei" in whats and "imei_status" not in whats:  # another number is no better a phone
        named = after(case, place, tuple(key for key in picks if key[0] != "imei"))
        if isinstance(named, Refusal) and _OF_REGISTER & {*named.codes}:
            return False
    return worth is None or found.coupon_value > worth


def keys(case: Case, place: Place, worth: int | None) -> list[Key]:
    """Return every change that there could be: each better answer to each question, and the rest."""
    terms = case.programme.terms_at(place.at or case.facts["at"])
    found: list[Key] = []
    if terms is not None:
        said = terms.questionnaire.as_options(case.condition)
        several = terms.questionnaire.several.items()
        unsaid = {
            name
            for name, choices in several
            if not all(said.get(one.id) in {option.id for option in one.options} for one in choices)
        }
        found += [("condition", name, "none") for name in unsaid]  # one question, however many choices it has
        for question in terms.questionnaire.questions:
            if question.asked_as in unsaid:
                continue
            every = [option.id for option in question.options]
            given = said.get(question.id)
            if given is None and question.optional:
                given = every[-1]
            taken = [option.id for option in question.options if not option.gate]
            better = [one for one in taken if given in every and every.index(one) < every.index(given)]
            found += [("condition", question.id, one) for one in (better if given in every else taken[:1])]
        asked = {question.id for question in terms.questionnaire.questions}
        found += [("condition", name, None) for name in said if name not in asked]
        answer = after(case, place, ())
        reasons = answer.reasons if isinstance(answer, Refusal) else ()
        out = [f"{dict(one.values)['question']}" for one in reasons if one.code is ReasonCode.QUESTION_NOT_ASKED]
        found += [("condition", name, None) for name in out]
        classes = [one.id for one in terms.customer_classes]
        mine = case.facts["customer"]
        best = classes[: classes.index(mine)] if mine in classes else classes[:1]
        found += [("customer", "", one) for one in best]
    if worth is None:
        numbered = case.device.imei is not None or case.device.imei2 is not None
        found += [("imei", "", None), ("imei_status", "", None)] if numbered else []
        found += [(what, "", None) for what in ("exchange_open", "device_exchanged") if case.facts[what]]
        found += [("purchased_on", "", None)]
    return found


def searched(case: Case, size: int, worth: int | None, places: list[Place]) -> set[object] | None:
    """Return what can be changed to reach the goal by so many changes; None where there are too many sets to try."""
    found: set[object] = set()
    possible = {place: keys(case, place, worth) for place in places if place.size <= size}
    if sum(comb(len(those), size - place.size) for place, those in possible.items()) > MOST_SETS:
        return None
    for place, those in possible.items():
        for picks in combinations(those, size - place.size):
            subjects = [(what, name) for what, name, _ in picks]
            if len(set(subjects)) == len(picks) and is_good(case, worth, place, picks):
                found.add(named(case, place, subjects))
    return found


def named(case: Case, place: Place, subjects: list[tuple[str, str]]) -> object:
    later = None if place.at is None else place.at > case.facts["at"]
    return place.model, later, place.target, frozenset(subjects)


def check(case: Case) -> int | None:
    """Compare one case, and return how many changes it takes; None where it was not looked at."""
    answer, found = case.answer(), case.changes()
    worth = answer.coupon_value if isinstance(answer, Quote) else None
    assert found.complete
    changes = [change for cure in found.cures for change in cure.changes]
    assert all(change.before != change.after or change.what == "imei" for change in changes)  # none reads like none
    facts = {name: case.facts[name] for name in ("imei_status", "exchange_open", "device_exchanged", "bonuses_given")}
    told = {name: case.facts[name] for name in ("target", "customer")}
    said = Said(case.device, case.condition, case.facts["at"], **facts, told=told)
    if isinstance(answer, Quote):
        said = Said(case.device, answer.condition, answer.at, **{**facts, "exchange_open": False}, told=told)
    places = [*Search(case.programme, said, answer).places()]
    assert places[0] == HERE
    size = len(found.cures[0].changes) if found else None
    for smaller in range(1, size if size is not None else 3):
        tried = searched(case, smaller, worth, places)
        if tried is None:
            return None
        assert not tried, (smaller, tried, found.explain())
    if size is None:
        return 0
    tried = searched(case, size, worth, places)
    if tried is None:
        return None
    mine = {of_cure(cure.changes) for cure in found.cures}
    assert mine <= tried, (mine - tried, tried, found.explain())
    assert mine == tried or len(found.cures) == MOST_CURES, (tried - mine, found.explain())
    return size


def of_cure(changes: Any) -> object:
    said = {change.what: change for change in changes}
    later = None
    if "at" in said:
        later = said["at"].by is not None
    model, target = (said[what].after if what in said else None for what in ("model", "target"))
    rest = [(one.what, one.subject) for one in changes if one.what not in {"model", "at", "target"}]
    return model, later, target, frozenset(rest)


@pytest.mark.parametrize("name", NAMES)
def test_more_cures_never_lower_the_offer(name: str) -> None:
    """`appraise` accepts every cure, and every further change for the better leaves the offer at least as high."""
    for case in cases(name, 8):
        for cure in case.changes().cures[:2]:
            quote = cure.quote
            assert replay(quote, case.programme)
            terms = case.programme.terms_at(quote.at)
            assert terms is not None
            variant = case.programme.catalogue.by_model[quote.model]
            for question in terms.questionnaire.asked_of(variant, quote.condition):
                better = quote.condition.replace(**{question.id: question.best.id})
                said = terms.questionnaire.fitted(better, variant)
                more = appraise_again(quote, case.programme, condition=said)
                assert isinstance(more, Quote)
                assert more.coupon_value >= quote.coupon_value


@pytest.mark.parametrize("name", NAMES)
def test_the_sets_are_those_of_a_search_over_all(name: str) -> None:
    sizes = [check(case) for case in cases(name, 5)]
    assert any(sizes)


@pytest.mark.sweep
@pytest.mark.parametrize("name", NAMES)
def test_the_sets_are_those_of_a_search_over_all_in_thousands(name: str) -> None:
    looked_at = (size for case in cases(name, 5_000) if (size := check(case)) is not None)
    assert len([*islice(looked_at, 1_000)]) == 1_000


@pytest.mark.sweep
@given(hostile_enquiries().filter(lambda asked: isinstance(asked.answer(), Refusal)))
def test_the_sets_are_those_of_a_search_over_all_in_drawn_programmes(asked: Enquiry) -> None:
    """With several choices, numbers as answers, questions after others, floors of models, and in JPY or KWD."""
    check(Case(asked.programme, asked.device, asked.condition, asked.facts))
