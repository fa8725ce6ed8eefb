"""Questionnaires, the answers to them, and their gradings."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st

from miexchange._arguments import FLAG, instance, maybe, takes, whole
from miexchange._questions import NONE
from miexchange.catalogue import Variant
from miexchange.condition import Condition, Deduction, Grade, Grading, Option, Question, Questionnaire
from miexchange.money import BPS
from miexchange.strategies import _models
from miexchange.strategies._numbers import OFTEN, RARELY, SOURCE, VARIANTS, ascents, rates, subsets

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "COMPONENTS",
    "conditions",
    "grades",
    "gradings",
    "hostile_conditions",
    "options",
    "questionnaires",
    "questions",
]

COMPONENTS = ("display", "body", "battery")
"""The component groups that are drawn; the first two may have repair anchors."""

_MOST_GRADES = 4
_LARGEST = {"amount_minor": 500_000, "share_bps": BPS, "weight_bps": 4 * BPS}
_KINDS = st.sampled_from(tuple(_LARGEST))
_ANCHORS = st.sampled_from(COMPONENTS[:2])
_COMPONENTS = st.sampled_from(COMPONENTS)
_EFFECTS = subsets(("grade", "extra", "keep", "gate"), 0)
_BY_MODEL = ("asked_brands", "asked_features", "asked_categories", "asked_models")
_ODD = ("a0", "yes", "", "354178036859789", "0", "50", "100", "101", "087", "none", "a2|a1", "a1|a1", "none|a1", "|")
_EDGES = st.lists(st.integers(1, 100), min_size=3, max_size=3, unique=True)
_RESTRICTIONS = subsets((*_BY_MODEL, "asked_launched_from"), 0)
_AXES: SearchStrategy[Literal["functional", "cosmetic", "none"]] = st.sampled_from(("functional", "cosmetic", "none"))


def grades() -> SearchStrategy[Grade]:
    """Draw one grade of a scale."""
    return st.builds(
        Grade, st.sampled_from("ABCD"), rates(), st.just("0/A"), st.just("F6/C7"), st.just("a grade"), st.just(SOURCE)
    )


def options() -> SearchStrategy[Option]:
    """Draw one answer of a question, with its effect."""
    return questions().flatmap(lambda question: st.sampled_from(question.options))


@takes(number=whole(), variants=VARIANTS)
@st.composite
def questions(
    draw: st.DrawFn,
    number: int = 1,
    variants: tuple[Variant, ...] = (),
) -> Question:
    """Draw one question whose answers are ordered best first: a worse one never pays more.

    Args:
        number: the number in its id, ``q1`` and so on.
        variants: the models of which at least one is asked it; by default it is asked of all.

    >>> from hypothesis import find
    >>> find(questions(), lambda question: any(option.gate for option in question.options)).options[1].gate
    True
    """
    count = draw(st.integers(2, 4))
    optional = draw(RARELY)
    does = ("extra",) if optional else draw(_EFFECTS)
    axis = draw(_AXES)
    gates = draw(st.integers(1, max(count - 2, 1))) if "gate" in does else 0
    paid = count - gates
    steps = [0, *draw(ascents(paid - 1, _MOST_GRADES - 1))] if "grade" in does and axis != "none" else [0] * paid
    lost = [0, *draw(ascents(paid - 1, BPS // 2))] if "keep" in does else [0] * paid
    extras = [0, *draw(ascents(paid - 1, 100_000))] if "extra" in does else [0] * paid
    most_extra = draw(st.integers(0, 50_000)) if "extra" in does else 0
    deductions: list[Deduction | None] = [None] * paid
    if not optional and draw(OFTEN):
        kind = draw(_KINDS)
        anchor = draw(_ANCHORS) if kind == "weight_bps" else ""
        sizes = [0, *draw(ascents(paid - 1, _LARGEST[kind]))]
        deductions = [Deduction(**{kind: size}, anchor=anchor) if size else None for size in sizes]
    answers = [
        Option(
            id=f"a{place}",
            says=f"Answer {place}",
            grade=step,
            keep_bps=BPS - less,
            deduction=deduction,
            extra_minor=most_extra - extra,
            source=SOURCE,
        )
        for place, (step, less, deduction, extra) in enumerate(zip(steps, lost, deductions, extras, strict=True))
    ]
    answers += [Option(f"a{place}", f"Answer {place}", gate=True, source=SOURCE) for place in range(paid, count)]
    unit = "%" if draw(RARELY) else ""
    if unit:
        edges = [101, *sorted(draw(_EDGES), reverse=True)[: count - 1], 0]
        bands = [(below, edge - 1) for edge, below in pairwise(edges)]
        answers = [one.replace(least=least, most=most) for one, (least, most) in zip(answers, bands, strict=True)]
    one = draw(st.none() | st.sampled_from(variants)) if variants else None
    return Question(
        f"q{number}",
        f"Question {number}?",
        draw(_COMPONENTS),
        axis,
        tuple(answers),
        optional,
        source=SOURCE,
        unit=unit,
        **_restrictions(draw, one),
    )


def _restrictions(draw: st.DrawFn, one: Variant | None) -> dict[str, Any]:
    """Draw a restriction of a question to some models, including this one."""
    if one is None:
        return {}
    by = {
        "asked_brands": (one.brand,),
        "asked_launched_from": one.launched_on,
        "asked_models": (one.model,),
        "asked_categories": (one.category,),
        "asked_features": one.features,
    }
    return {name: by[name] for name in draw(_RESTRICTIONS)}


@takes(variants=VARIANTS, most=whole(1, 1_000))
def questionnaires(variants: tuple[Variant, ...] = (), most: int = 4) -> SearchStrategy[Questionnaire]:
    """Draw questionnaires of up to a number of questions.

    Args:
        variants: the models that are asked; by default every question is asked of all models.
        most: the largest number of questions.
    """
    return _questionnaires(variants, most)


@st.composite
def _questionnaires(draw: st.DrawFn, variants: tuple[Variant, ...], most: int) -> Questionnaire:
    asked: list[Question] = []
    for number in range(1, draw(st.integers(1, most) | st.integers(min(2, most), most)) + 1):
        question = draw(questions(number, variants))
        is_shared: bool = draw(OFTEN)
        if asked and is_shared:  # of one component only the worst deduction counts, so several questions are about it
            question = question.replace(component=asked[0].component.partition(".")[0])
        earlier = [one for one in asked if not one.optional and len(_taken(one)) > 1]
        before = draw(st.none() | st.sampled_from(earlier)) if earlier else None
        question = question if before is None else draw(_after(question, before))
        is_one = question.optional or bool(question.unit) or not draw(RARELY)
        asked += [question] if is_one else _choices(question)
    return Questionnaire("1", tuple(asked))


def _choices(question: Question) -> list[Question]:
    """Return a question with several choices, one for each worse answer; its id names them: choices are unique."""
    none, *choices = (one.replace(extra_minor=0) for one in question.options)
    name = f"{question.id}-{len(choices)}"
    return [
        question.replace(
            id=f"{name}.{choice.id}",
            component=f"{question.component}.{choice.id}",
            options=(none.replace(id=NONE), choice),
            choice_of=name,
        )
        for choice in choices
    ]


def _taken(question: Question) -> list[str]:
    return [option.id for option in question.options if not option.gate]


@st.composite
def _after(draw: st.DrawFn, question: Question, before: Question) -> Question:
    """Draw a question that is asked after the worse answers to another one; it adds nothing, so they pay no more."""
    taken = _taken(before)
    most = question.best.extra_minor
    options = [option.replace(extra_minor=option.extra_minor - most * (not option.gate)) for option in question.options]
    answers = tuple(taken[draw(st.integers(1, len(taken) - 1)) :])
    if before.is_restricted:  # else there might be no model that is asked both
        question = question.replace(**dict.fromkeys(_BY_MODEL, ()), asked_launched_from=None)
    return question.replace(asked_after=before.id, asked_answers=answers, options=tuple(options))


@takes(questionnaire=maybe(instance(Questionnaire)), variant=maybe(instance(Variant)), gates=FLAG)
def conditions(
    questionnaire: Questionnaire | None = None, variant: Variant | None = None, *, gates: bool = True
) -> SearchStrategy[Condition]:
    """Draw complete and valid answers about a device. They shrink to the best answers.

    Args:
        questionnaire: the questions; any by default.
        variant: the model; any by default.
        gates: whether to draw answers that refuse the device, too.

    >>> from hypothesis import find
    >>> from miexchange import Option, Question, Questionnaire, Variant
    >>> answers = Option("yes", "Yes"), Option("no", "No")
    >>> glass = Question("glass", "Is the glass whole?", "display", "cosmetic", answers)
    >>> power = Question("power", "Does it start?", "power", "functional", answers)
    >>> asked, model = Questionnaire("1", (glass, power)), Variant("acme-one-1-8", "Acme", "One", "smartphone", 1024, 8)
    >>> find(conditions(asked, model), lambda condition: condition["power"] == "no")
    Condition({'glass': 'yes', 'power': 'no'})
    """
    if questionnaire is None:
        return questionnaires().flatmap(lambda drawn: conditions(drawn, variant, gates=gates))
    if variant is None:
        return _models.variants().flatmap(lambda drawn: conditions(questionnaire, drawn, gates=gates))
    answers = {
        question.id: [option.id for option in question.options if gates or not option.gate]
        for question in questionnaire.asked_of(variant)
    }
    any_answers = st.fixed_dictionaries({name: st.sampled_from(options) for name, options in answers.items()})
    faults = {name: options[1:] or options for name, options in answers.items()}
    return _asked(questionnaire, variant, st.builds(_with_faults, any_answers, st.just(faults), _HOW_MANY))


_HOW_MANY = st.sampled_from(("some", "some", "all", "worst"))
"""Which answers have faults. It is drawn after the answers, so that examples shrink to the best ones."""


def _with_faults(drawn: dict[str, str], faults: dict[str, list[str]], how_many: str) -> dict[str, str]:
    """Return drawn answers, or the same without the best ones, or the worst answers."""
    if how_many == "worst":
        return {name: options[-1] for name, options in faults.items()}
    if how_many == "all":
        return {name: said if said in faults[name] else faults[name][0] for name, said in drawn.items()}
    return drawn


@st.composite
def _asked(
    draw: st.DrawFn, questionnaire: Questionnaire, variant: Variant, answers: SearchStrategy[dict[str, str]]
) -> Condition:
    """Draw answers to the dependent questions; a failing example shows them, and not how they were made."""
    drawn = draw(answers)
    said = Condition({one.id: drawn[one.id] for one in questionnaire.asked_of(variant, Condition(drawn))})
    return questionnaire.as_asked(said)


@takes(questionnaire=maybe(instance(Questionnaire)), variant=maybe(instance(Variant)))
@st.composite
def hostile_conditions(
    draw: st.DrawFn, questionnaire: Questionnaire | None = None, variant: Variant | None = None
) -> Condition:
    """Draw answers with missing, unknown or surplus ones among them.

    Args:
        questionnaire: the questions; any by default.
        variant: the model; any by default.
    """
    asked = draw(questionnaires()) if questionnaire is None else questionnaire
    answers: dict[str, str | None] = dict(draw(conditions(asked, variant)))
    names = st.sampled_from([question.asked_as for question in asked.questions] or ["q1"])
    for name in draw(st.lists(names | st.text(max_size=20), min_size=1, max_size=3)):
        known = st.sampled_from(_ODD)
        answers[name] = draw(st.none() | known | st.text(max_size=20))
    return Condition(answers)


@st.composite
def gradings(draw: st.DrawFn) -> Grading:
    """Draw gradings of answers, of valid and of hostile ones."""
    asked, variant = draw(questionnaires()), draw(_models.variants())
    return asked.grade(draw(conditions(asked, variant) | hostile_conditions(asked, variant)), variant)
