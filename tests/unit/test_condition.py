"""The condition: answers as a value, what an option does, and how answers become a grade and findings."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections import OrderedDict
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ValidationError

from miexchange.condition import Condition, Deduction, Finding, Grade, Grading, Option, Question, Questionnaire
from miexchange.errors import InvalidValue
from miexchange.refusal import ReasonCode
from unit import small

ANSWERS = {"power": "works", "glass": "cracked"}


# The answers as a value.


def test_a_condition_is_a_mapping_in_alphabetical_order() -> None:
    condition = Condition(ANSWERS)
    assert dict(condition) == ANSWERS
    assert list(condition) == ["glass", "power"]
    assert len(condition) == 2
    assert condition["glass"] == "cracked"
    assert condition.get("bill") is None
    assert "power" in condition
    with pytest.raises(KeyError):
        condition["bill"]


@pytest.mark.parametrize("given", [None, {}, MappingProxyType({}), Condition()])
def test_a_condition_may_be_empty(given: Any) -> None:  # noqa: ANN401 - whatever arrives
    assert Condition(given) == Condition({})


def test_none_means_not_answered() -> None:
    assert Condition({"power": "works", "bill": None}) == Condition({"power": "works"})


def test_the_callers_mapping_is_copied() -> None:
    given = dict(ANSWERS)
    condition = Condition(given)
    given["power"] = "dead"
    assert condition["power"] == "works"


def test_the_order_of_answers_never_matters() -> None:
    conditions = [Condition(OrderedDict(pairs)) for pairs in itertools.permutations(ANSWERS.items())]
    assert len(set(conditions)) == 1
    assert len({condition.to_json() for condition in conditions}) == 1


def test_a_condition_is_equal_to_a_condition_only() -> None:
    assert Condition(ANSWERS) == Condition(dict(reversed(ANSWERS.items())))
    assert Condition(ANSWERS) != Condition({"power": "works"})
    assert Condition(ANSWERS) != ANSWERS  # a dict has no hash
    assert hash(Condition(ANSWERS)) == hash(Condition(dict(reversed(ANSWERS.items()))))


def test_the_repr_can_be_pasted_back() -> None:
    assert repr(Condition(ANSWERS)) == "Condition({'glass': 'cracked', 'power': 'works'})"
    assert eval(repr(Condition(ANSWERS))) == Condition(ANSWERS)  # noqa: S307 - our own text


def test_a_condition_survives_copy_and_pickle() -> None:
    condition = Condition(ANSWERS)
    for other in (copy.copy(condition), copy.deepcopy(condition), pickle.loads(pickle.dumps(condition))):  # noqa: S301 - our own bytes
        assert other == condition
        assert hash(other) == hash(condition)


def test_a_condition_is_immutable() -> None:
    condition = Condition(ANSWERS)
    with pytest.raises(AttributeError, match="a Condition is immutable; power cannot be set"):
        condition.power = "dead"
    with pytest.raises(AttributeError, match="a Condition is immutable; _answers cannot be set"):
        condition._answers = {}  # noqa: SLF001 - the attempt itself
    with pytest.raises(AttributeError, match="a Condition is immutable; _answers cannot be deleted"):
        del condition._answers  # noqa: SLF001 - the attempt itself
    with pytest.raises(TypeError):
        condition["power"] = "dead"  # type: ignore[index]


def test_replace_changes_adds_and_takes_away() -> None:
    condition = Condition(ANSWERS)
    assert condition.replace(glass="flawless")["glass"] == "flawless"
    assert condition.replace(bill="included") == Condition({**ANSWERS, "bill": "included"})
    assert condition.replace(glass=None) == Condition({"power": "works"})
    assert condition.replace() == condition
    assert condition == Condition(ANSWERS)


NO_ANSWERS: list[tuple[object, str, str]] = [
    ([("power", "works")], "Condition", "give a mapping of question to answer"),
    ("power=works", "Condition", "give a mapping"),
    (5, "Condition", "give a mapping"),
    ({5: "works"}, "Condition", "has (5|None) as a question: give the ids of questions, which are texts"),
    ({None: "works"}, "Condition", "has (5|None) as a question: give the ids of questions, which are texts"),
    ({"power": 1}, "Condition.power", "give the id of an option, a text"),
    ({"power": True}, "Condition.power", "give the id of an option, a text"),
    ({"power": ["works"]}, "Condition.power", "give the id of an option, a text"),
    ({"power": b"works"}, "Condition.power", "give the id of an option, a text"),
]


@pytest.mark.parametrize(("given", "field", "rule"), NO_ANSWERS)
def test_what_is_no_set_of_answers_is_refused(given: Any, field: str, rule: str) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match=rule) as caught:
        Condition(given)
    assert caught.value.field == field


@pytest.mark.parametrize("kind", [dict, MappingProxyType, OrderedDict])
def test_a_condition_has_five_hundred_answers_at_most(kind: Any) -> None:  # noqa: ANN401 - a type of mappings
    many = {f"q{number}": "yes" for number in range(501)}
    del many["q0"]
    assert len(Condition(kind(many))) == 500
    for given in ({**many, "q0": "no"}, {**many, "q0": None}):
        with pytest.raises(InvalidValue, match=r"^Condition has 501 answers: give at most 500$"):
            Condition(kind(given))


def test_what_is_no_text_is_no_question() -> None:
    condition: Any = Condition(ANSWERS)
    assert condition[np.str_("glass")] == "cracked"
    for name in (5, None, b"glass"):
        assert name not in condition
        with pytest.raises(KeyError):
            condition[name]


def test_a_text_of_any_kind_is_stored_as_a_plain_one() -> None:
    given: Any = {np.str_("glass"): np.str_("cracked"), "box": float("nan"), "bill": pd.NA}
    assert Condition(given).to_dict() == {"glass": "cracked"}
    assert [type(text) for text in (*Condition(given), *Condition(given).values())] == [str, str]


def test_an_imei_given_as_a_question_is_masked() -> None:
    with pytest.raises(InvalidValue) as caught:
        Condition({small.IMEI: 5})  # type: ignore[dict-item]
    assert small.IMEI[8:14] not in str(caught.value)


def test_the_json_form_is_an_object_with_sorted_keys() -> None:
    condition = Condition(ANSWERS)
    assert condition.to_json() == '{"glass":"cracked","power":"works"}'
    assert condition.to_dict() == ANSWERS
    assert Condition.from_json(condition.to_json()) == condition
    assert Condition.from_json(condition.to_json().encode()) == condition


NO_JSON: list[tuple[object, str]] = [
    ("", "give a JSON object"),
    ("{", "give a JSON object"),
    ("[]", "give a JSON object"),
    ("null", "give a JSON object"),
    ("null_", "give a JSON object"),
    ('{"power":1}', "give the id of an option"),
    ('{"power":["works"]}', "give the id of an option"),
    ('{"power":{"works":"works"}}', "give the id of an option"),
    ('{"power":"works","power":"dead"}', "answer each question once"),
    ("[" * 100_000, "give at most 50 objects and arrays within one another"),
    (b"\xff", "is not UTF-8 at byte 0: save it as UTF-8"),
    (5, "give a JSON object"),
]


@pytest.mark.parametrize(("text", "rule"), NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json_form_is_refused(text: Any, rule: str) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match=rule):
        Condition.from_json(text)


class Form(BaseModel):
    """A model of a service, with a condition in it."""

    condition: Condition


def test_a_condition_is_a_field_of_any_model() -> None:
    form = Form(condition=Condition(ANSWERS))
    assert Form.model_validate_json(form.model_dump_json()) == form
    assert form.model_dump(mode="json") == {"condition": ANSWERS}
    assert Form.model_json_schema()["$defs"]["Condition"] == {
        "additionalProperties": {"type": "string"},
        "description": "The answers about one device: the id of each question, and of the option",
        "examples": [{"power": "works", "screen_glass": "cracked"}],
        "type": "object",
    }
    for wrong in ('{"condition":{"power":1}}', '{"condition":[]}', '{"condition":{"power":null}}'):
        with pytest.raises(ValidationError):
            Form.model_validate_json(wrong)
    assert Form.model_validate({"condition": ANSWERS}) == form


# What an option does.


DEDUCTIONS = [
    (Deduction(amount_minor=5_000), "amount", 5_000, "a fixed amount"),
    (Deduction(share_bps=300), "share", 300, "3 % of the market price"),
    (
        Deduction(anchor="display", weight_bps=20_260),
        "anchor display",
        20_260,
        "202.6 % of the display repair anchor",
    ),
]


@pytest.mark.parametrize(("deduction", "kind", "size", "effect"), DEDUCTIONS)
def test_a_deduction_is_one_of_three_kinds(deduction: Deduction, kind: str, size: int, effect: str) -> None:
    assert (deduction.kind, deduction.size, deduction.effect()) == (kind, size, effect)


CLEAN = [
    (Option("a", "A"), True),
    (Option("a", "A", ctia="0", r2="F6", source="a page"), True),  # cross-references change nothing
    (Option("a", "A", gate=True), False),
    (Option("a", "A", grade=1), False),
    (Option("a", "A", keep_bps=9_999), False),
    (Option("a", "A", deduction=Deduction(1)), False),
    (Option("a", "A", extra_minor=-1), False),
    (Option("a", "A", extra_minor=1), False),
]


@pytest.mark.parametrize(("option", "clean"), CLEAN)
def test_a_clean_answer_changes_nothing(option: Option, *, clean: bool) -> None:
    assert option.is_clean is clean


ASKED = [
    ((), None, "Acme", date(2018, 6, 1), True),  # asked of all
    ((), None, "Acme", None, True),
    (("Zeta",), None, "Acme", date(2018, 6, 1), False),
    (("Zeta", "Acme"), None, "Acme", date(2018, 6, 1), True),
    ((), date(2018, 6, 2), "Acme", date(2018, 6, 1), False),  # launched the day before
    ((), date(2018, 6, 1), "Acme", date(2018, 6, 1), True),  # launched that day
    ((), date(2018, 6, 1), "Acme", None, False),  # not known counts as old
    (("Acme",), date(2018, 6, 1), "Acme", date(2018, 6, 1), True),
    (("Zeta",), date(2018, 6, 1), "Acme", date(2018, 6, 1), False),
]


@pytest.mark.parametrize(("brands", "since", "brand", "launched", "asked"), ASKED)
def test_a_question_is_asked_of_some_models(
    brands: tuple[str, ...], since: date | None, brand: str, launched: date | None, *, asked: bool
) -> None:
    question = WARRANTY.replace(asked_brands=brands, asked_launched_from=since)
    variant = small.VARIANT.replace(brand=brand, launched_on=launched)
    assert question.is_asked_of(variant) is asked
    assert Questionnaire("1", (POWER, question)).asked_of(variant) == ((POWER, question) if asked else (POWER,))


# From answers to a grade and findings.

POWER = small.functional("power", "power", Option("dead", "It is dead", gate=True))
GLASS = small.cosmetic(
    "glass", "display", Option("scratched", "It is scratched", grade=1), Option("cracked", "It is cracked", grade=2)
)
BATTERY = small.functional("battery", "battery", Option("weak", "It is weak", grade=1))
BODY = small.cosmetic("body", "body", Option("dented", "It is dented", grade=1))
BILL = small.functional("bill", "accessory", Option("missing", "It is missing", extra_minor=-500), optional=True)
WARRANTY = small.functional("warranty", "warranty", Option("over", "It is over", keep_bps=7_700))
QUESTIONS = Questionnaire("1", (POWER, GLASS, BATTERY, BODY, BILL))
BEST = QUESTIONS.best(small.VARIANT)


def graded(**answers: str | None) -> Grading:
    return QUESTIONS.grade(BEST.replace(**answers), small.VARIANT)


def test_the_best_answers_are_the_first_options() -> None:
    assert dict(BEST) == dict.fromkeys(("power", "glass", "battery", "body", "bill"), "best")
    assert POWER.best is POWER.options[0]
    assert graded() == Grading(0, 0, (), ())
    assert graded().overall == 0


GRADES = [
    ({"glass": "scratched"}, 0, 1, 1),
    ({"glass": "cracked"}, 0, 2, 2),
    ({"battery": "weak"}, 1, 0, 1),
    ({"battery": "weak", "glass": "cracked"}, 1, 2, 2),  # the worse axis
    ({"body": "dented", "glass": "cracked"}, 0, 2, 2),  # the worst on an axis, they do not add up
    ({"body": "dented", "glass": "scratched"}, 0, 1, 1),
]


@pytest.mark.parametrize(("answers", "functional", "cosmetic", "overall"), GRADES)
def test_the_worst_answer_of_an_axis_is_its_grade(
    answers: dict[str, str], functional: int, cosmetic: int, overall: int
) -> None:
    grading = graded(**answers)
    assert (grading.functional, grading.cosmetic, grading.overall) == (functional, cosmetic, overall)
    assert grading.reasons == ()


def test_findings_stand_in_the_questionnaires_order() -> None:
    grading = graded(body="dented", glass="cracked")
    assert [finding.subject for finding in grading.findings] == ["glass=cracked", "body=dented"]
    assert grading.findings[0] == Finding(GLASS, GLASS.options[2])


def test_a_gate_is_a_reason_and_a_finding() -> None:
    grading = graded(power="dead")
    assert [reason.code for reason in grading.reasons] == [ReasonCode.CONDITION_GATE]
    reason = grading.reasons[0]
    assert reason.subject == "power=dead"
    assert str(reason) == (
        "How is power? It is dead: this programme does not take such a device. "
        "Have it put right, or choose a programme that takes it."
    )
    assert [finding.subject for finding in grading.findings] == ["power=dead"]


def test_a_required_question_unanswered_is_named_with_its_options() -> None:
    grading = graded(glass=None)
    assert [reason.code for reason in grading.reasons] == [ReasonCode.ANSWER_MISSING]
    assert grading.reasons[0].subject == "glass"
    assert str(grading.reasons[0]) == ("glass is not answered: How is glass? Answer one of: best, scratched, cracked.")


def test_an_optional_question_unanswered_counts_as_its_worst_answer() -> None:
    assert graded(bill=None) == graded(bill="missing")
    assert [finding.subject for finding in graded(bill=None).findings] == ["bill=missing"]


def test_an_unknown_answer_is_named_with_the_known_ones() -> None:
    grading = graded(glass="shattered")
    assert [reason.code for reason in grading.reasons] == [ReasonCode.ANSWER_UNKNOWN]
    assert str(grading.reasons[0]) == "'shattered' is no answer to glass. Answer one of: best, scratched, cracked."


def test_an_unknown_answer_to_an_optional_question_is_no_less_unknown() -> None:
    assert [reason.code for reason in graded(bill="lost").reasons] == [ReasonCode.ANSWER_UNKNOWN]


def test_an_unknown_question_is_named_with_the_known_ones() -> None:
    grading = graded(colour="red")
    assert [(reason.code, reason.subject) for reason in grading.reasons] == [(ReasonCode.QUESTION_UNKNOWN, "'colour'")]
    assert str(grading.reasons[0]) == ("There is no question 'colour'. Known: power, glass, battery, body, bill.")


def test_an_unknown_question_is_not_hidden_by_an_optional_one_left_out() -> None:
    # As many answers as questions: a count alone would not tell.
    grading = graded(colour="red", bill=None)
    assert [reason.code for reason in grading.reasons] == [ReasonCode.QUESTION_UNKNOWN]


def test_an_unknown_question_is_not_hidden_by_a_required_one_left_out() -> None:
    grading = graded(colour="red", glass=None)
    assert {reason.code for reason in grading.reasons} == {ReasonCode.QUESTION_UNKNOWN, ReasonCode.ANSWER_MISSING}


def test_an_answer_to_a_question_that_is_not_asked_is_named() -> None:
    questions = Questionnaire("1", (POWER, WARRANTY.replace(asked_brands=("Zeta",))))
    grading = questions.grade(Condition({"power": "best", "warranty": "best"}), small.VARIANT)
    assert [(reason.code, reason.subject) for reason in grading.reasons] == [
        (ReasonCode.QUESTION_NOT_ASKED, "warranty")
    ]
    assert str(grading.reasons[0]) == "warranty is not asked of Acme One. Leave the answer out."
    assert questions.grade(Condition({"power": "best"}), small.VARIANT).reasons == ()
    other = small.VARIANT.replace(brand="Zeta")
    assert questions.grade(Condition({"power": "best"}), other).reasons[0].code is ReasonCode.ANSWER_MISSING
    assert questions.grade(Condition({"power": "best", "warranty": "over"}), other).reasons == ()


def test_every_reason_is_given_at_once() -> None:
    grading = graded(power="dead", glass=None, battery="odd", colour="red", size="big")
    assert sorted(reason.code for reason in grading.reasons) == sorted(
        [
            ReasonCode.CONDITION_GATE,
            ReasonCode.ANSWER_MISSING,
            ReasonCode.ANSWER_UNKNOWN,
            ReasonCode.QUESTION_UNKNOWN,
            ReasonCode.QUESTION_UNKNOWN,
        ]
    )


def test_an_imei_among_the_answers_is_masked_in_the_reason() -> None:
    grading = graded(glass=small.IMEI, **{small.IMEI: "x"})
    for reason in grading.reasons:
        assert small.IMEI[8:14] not in f"{reason} {reason.subject}"
    assert len(grading.reasons) == 2


def test_no_question_no_answer() -> None:
    nothing = Questionnaire("1", ())
    assert nothing.best(small.VARIANT) == Condition()
    assert nothing.grade(Condition(), small.VARIANT) == Grading(0, 0, (), ())
    assert [reason.code for reason in nothing.grade(BEST, small.VARIANT).reasons] == [ReasonCode.QUESTION_UNKNOWN] * 5


def test_a_grade_keeps_a_share() -> None:
    assert Grade("B", 9_500).keep_bps == 9_500
    assert Grade("B", 9_500) != Grade("B", 9_000)


def test_grading_twice_gives_the_same() -> None:
    again = Questionnaire.from_json(QUESTIONS.to_json())
    for answers in ({}, {"glass": "cracked"}, {"bill": None}, {"power": "dead"}):
        assert again.grade(BEST.replace(**answers), small.VARIANT) == graded(**answers)


def test_a_question_has_an_axis_of_three() -> None:
    with pytest.raises(InvalidValue, match="functional, cosmetic, none"):
        Question("q", "?", "c", "sideways", (Option("a", "A"),))  # type: ignore[arg-type]


def test_half_of_a_surrogate_pair_has_a_json_form_that_can_be_written() -> None:
    condition = Condition({"gl\ud800ass": "cr\udfffacked"})
    text = condition.to_json()
    assert text.encode() == b'{"gl\\ud800ass":"cr\\udfffacked"}'
    assert Condition.from_json(text) == condition


WHERE = small.cosmetic("where", "display", Option("edge", "At the edge", grade=1)).replace(
    asked_after="glass", asked_answers=("scratched", "cracked")
)
ASKING = Questionnaire("1", (GLASS, WHERE))


def test_why_a_question_is_not_asked_is_said() -> None:
    (reason,) = ASKING.grade(Condition({"glass": "best", "where": "edge"}), small.VARIANT).reasons
    assert (reason.code, reason.subject) == (ReasonCode.QUESTION_NOT_ASKED, "where")
    assert dict(reason.values) == {"question": "where", "earlier": "glass", "options": "scratched, cracked"}
    elsewhere = Questionnaire("1", (GLASS.replace(asked_brands=("Zeta",)), WHERE))
    reasons = elsewhere.grade(Condition({"glass": "best", "where": "edge"}), small.VARIANT).reasons
    assert [dict(one.values) for one in reasons] == [
        {"question": name, "family": small.VARIANT.family} for name in ("glass", "where")
    ]
    assert elsewhere.asked_of(small.VARIANT) == ()


def test_the_best_answer_before_another_is_the_first_that_leads_to_it() -> None:
    assert ASKING.best(small.VARIANT, {"where": "edge"}) == Condition({"glass": "scratched", "where": "edge"})
    assert ASKING.best(small.VARIANT) == Condition({"glass": "best"})
    assert ASKING.fitted(Condition({"glass": "cracked"}), small.VARIANT) == Condition(
        {"glass": "cracked", "where": "best"}
    )
    assert ASKING.asked_of(small.VARIANT, Condition({"glass": "best"})) == (GLASS,)
    assert ASKING.asked_of(small.VARIANT) == (GLASS, WHERE)
    assert ASKING.may_ask(WHERE, small.VARIANT)
    assert not Questionnaire("1", (GLASS.replace(asked_brands=("Zeta",)), WHERE)).may_ask(WHERE, small.VARIANT)
    assert not ASKING.may_ask(WHERE.replace(asked_brands=("Zeta",)), small.VARIANT)


def test_the_worst_answers_are_the_last_that_are_taken_and_gates_are_named() -> None:
    gated = small.functional("power", "power", Option("weak", "Weak", grade=1), Option("dead", "Dead", gate=True))
    worst, gates = Questionnaire("1", (gated, GLASS, WHERE)).worst_of(small.VARIANT)
    assert (worst, gates) == (Condition({"power": "weak", "glass": "cracked", "where": "edge"}), ("power=dead",))


CHOICES = tuple(
    Question(
        f"faults.{name}", "Which?", name, "functional", (Option("none", "None"), Option(name, name)), choice_of="faults"
    )
    for name in ("camera", "buttons", "mic")
)


def test_what_is_taken_as_an_answer_is_said() -> None:
    several = Questionnaire("1", (POWER, *CHOICES))
    assert several.takes(POWER) == "best, dead"
    assert several.takes(CHOICES[1]) == "none, or with | between them: camera, buttons, mic"
    reasons = several.grade(Condition({"power": "best", "faults": "lens"}), small.VARIANT).reasons
    assert [(one.code, one.subject) for one in reasons] == [(ReasonCode.ANSWER_UNKNOWN, "faults")]
    assert several.as_asked(several.as_options({"faults": {"mic", "camera"}})) == Condition({"faults": "camera|mic"})


def test_the_choices_of_a_question_stand_together_and_are_asked_alike() -> None:
    camera, buttons, mic = CHOICES
    assert Questionnaire("1", (camera, buttons, mic, POWER)).several == {"faults": CHOICES}
    odd = buttons.replace(axis="cosmetic")
    wrong = ((camera, POWER, buttons), (camera, buttons, POWER, mic), (camera, odd), (camera, odd, mic))
    for questions in (*wrong, (*CHOICES, POWER.replace(id="faults"))):
        with pytest.raises(InvalidValue) as caught:
            Questionnaire("1", questions)
        assert (caught.value.field, caught.value.value) == ("Questionnaire.questions", "'faults'")
    with pytest.raises(InvalidValue) as caught:
        Questionnaire("1", (WHERE, GLASS))
    assert (caught.value.field, caught.value.value) == ("Questionnaire.questions", "'where'")


def test_a_grade_keeps_nothing_to_all() -> None:
    assert [Grade("B", share).keep_bps for share in (0, 10_000)] == [0, 10_000]
    for share in (-1, 10_001):
        with pytest.raises(InvalidValue) as caught:
            Grade("B", share)
        assert caught.value.field == "Grade.keep_bps"


DOORS: list[tuple[str, Any]] = [
    ("condition", lambda: QUESTIONS.grade({}, small.VARIANT)),  # type: ignore[arg-type]  # the fault that is tested
    ("variant", lambda: QUESTIONS.grade(BEST, "acme")),  # type: ignore[arg-type]
    ("variant", lambda: QUESTIONS.asked_of("acme")),  # type: ignore[arg-type]
    ("condition", lambda: QUESTIONS.asked_of(small.VARIANT, {})),  # type: ignore[arg-type]
    ("question", lambda: QUESTIONS.may_ask("glass", small.VARIANT)),  # type: ignore[arg-type]
    ("variant", lambda: QUESTIONS.may_ask(GLASS, "acme")),  # type: ignore[arg-type]
    ("variant", lambda: QUESTIONS.best("acme")),  # type: ignore[arg-type]
    ("condition", lambda: QUESTIONS.fitted({}, small.VARIANT)),  # type: ignore[arg-type]
    ("variant", lambda: QUESTIONS.fitted(BEST, "acme")),  # type: ignore[arg-type]
    ("condition", lambda: QUESTIONS.as_asked({})),  # type: ignore[arg-type]
    ("answers", lambda: QUESTIONS.as_options(5)),  # type: ignore[arg-type]
    ("question", lambda: QUESTIONS.takes("glass")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("field", "ask"), DOORS, ids=range(len(DOORS)))
def test_an_argument_of_another_type_is_named(field: str, ask: Any) -> None:  # noqa: ANN401 - a function
    with pytest.raises(InvalidValue) as caught:
        ask()
    assert caught.value.field == field
