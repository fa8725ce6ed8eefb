"""The condition of a device: questions with ordered answers, and the effect of each answer.

A questionnaire is data. A question has its options in order, best first, a component group and an
axis (functional or cosmetic); each option may refuse the device (a gate), lower its grade, keep
less of the price, cost a deduction, or add a small extra. "Not asked" is not "no": a question
that is not asked for a model, or after the answer to an earlier one, is left out and costs nothing,
and a question that is asked must be answered.

>>> from miexchange import Condition
>>> condition = Condition({"screen_glass": "cracked", "power": "works"})
>>> condition["screen_glass"]
'cracked'
>>> condition.replace(screen_glass="unmarked")["screen_glass"]
'unmarked'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, cast, final

from miexchange._bounded import Id, Items, Note
from miexchange._door import Served, in_own_words
from miexchange._json import read_json
from miexchange._limits import ANSWERS, QUESTIONS
from miexchange._privacy import masked
from miexchange._questions import (
    BETWEEN,
    NONE,
    Deduction,
    Option,
    Question,
    Step,
    fault_of_after,
    said_of_choices,
)
from miexchange._text import is_a, is_missing, text_of
from miexchange._value import Fault, Value, argument, canonical, pairs, proved
from miexchange.catalogue import Variant
from miexchange.device_report import DeviceReport
from miexchange.errors import out_of_range, shown, wrong_type
from miexchange.money import Bps
from miexchange.refusal import Reason, ReasonCode, reason_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["Condition", "Deduction", "Finding", "Grade", "Grading", "Option", "Question", "Questionnaire"]


def _are_texts(answers: dict[object, object]) -> bool:
    """Tell whether answers can be stored as they are, as they nearly always can."""
    for question, answer in answers.items():
        if type(question) is not str or type(answer) is not str:
            return False
    return len(answers) <= ANSWERS


@final
class Condition(Mapping[str, str]):
    """The answers about one device, as question id to option id. Immutable, hashable, unordered.

    An answer of None means "not answered" and is left out, as is a NaN, or the NA of pandas.

    Raises:
        InvalidValue: a question or an answer is not a text, or there are more than 500.

    >>> Condition({"box": "yes", "bill": None}) == Condition({"box": "yes"})
    True
    """

    __slots__ = ("_answers",)
    __pydantic_serializer__ = Served()
    _example: ClassVar[dict[str, str]] = {"power": "works", "screen_glass": "cracked"}
    _answers: dict[str, str]

    def __init__(self, answers: Mapping[str, str | None] | None = None) -> None:
        """Store a copy of the answers."""
        if type(answers) is dict and _are_texts(copied := answers.copy()):
            _SET_ANSWERS(self, copied)
            return
        given = [] if answers is None else pairs(answers, "Condition", "give a mapping of question to answer")
        if len(given) > ANSWERS:
            what = f"has {len(given):,} answers"
            raise out_of_range("Condition", answers, f"give at most {ANSWERS}", what)
        kept: dict[str, str] = {}
        for question, answer in given:
            name = question if type(question) is str else text_of(question)
            if name is None:
                raise wrong_type(
                    "Condition",
                    question,
                    "give the ids of questions, which are texts",
                    f"has {shown(question)} as a question",
                )
            if type(answer) is str:
                kept[name] = answer
            elif (said := text_of(answer)) is not None:
                kept[name] = said
            elif not is_missing(answer):
                raise wrong_type(f"Condition.{masked(name)}", answer, "give the id of an option, a text")
        object.__setattr__(self, "_answers", kept)

    def __getitem__(self, question: str) -> str:
        """Return the answer to a question.

        Raises:
            KeyError: it is not answered.
        """
        name = text_of(question)
        if name is None or name not in self._answers:
            raise KeyError(shown(question))
        return self._answers[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the questions that are answered, in alphabetical order."""
        return iter(sorted(self._answers))

    def __len__(self) -> int:
        """Return the number of answers."""
        return len(self._answers)

    def __hash__(self) -> int:
        return hash(frozenset(self._answers.items()))

    def __eq__(self, other: object) -> bool:
        """Compare with another condition only, so that equal values hash alike."""
        return self._answers == other._answers if is_a(other, Condition) else NotImplemented

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Condition is immutable; {name} cannot be set. Use replace")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Condition is immutable; {name} cannot be deleted. Use replace")

    def __repr__(self) -> str:
        """Return an expression that makes an equal condition."""
        return f"Condition({self.to_dict()!r})"

    def __reduce__(self) -> tuple[type[Condition], tuple[dict[str, str]]]:
        """Pickle by the answers."""
        return (Condition, (self.to_dict(),))

    def replace(self, **answers: str | None) -> Condition:
        """Return a copy with some answers changed; None removes an answer."""
        return Condition({**self._answers, **answers})

    def to_dict(self) -> dict[str, str]:
        """Return the answers as plain JSON data, the questions in alphabetical order."""
        answers = self._answers
        return {question: answers[question] for question in sorted(answers)}

    def _written(self, *_: bool) -> dict[str, str]:
        return self.to_dict()

    def to_json(self) -> str:
        """Return the canonical JSON text: an object with sorted keys."""
        return canonical(self._answers)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read the answers back from their JSON form; a duplicate question is refused.

        Raises:
            InvalidValue: not a JSON object of texts, or a duplicate question.
        """
        answers = read_json(text, "Condition", "give a JSON object of question and answer", "answer each question once")
        if not isinstance(answers, dict):
            raise wrong_type("Condition", answers, "give a JSON object of question and answer")
        return cls(answers)

    @classmethod
    def from_device_report(cls, text: str | bytes) -> Self:
        """Return the answers that a phone gives about itself in the trade-in report of Android 16.

        Only facts that it reports for certain: battery, screen part, liquid and accounts.
        A person must answer for scratches and dents; merge the two with an `Inspection`, in which the
        worse answer always counts.

        Args:
            text: the JSON that ``adb shell tradeinmode getstatus`` prints; see `DeviceReport`.

        Raises:
            InvalidValue: it is not such a report.

        >>> Condition.from_device_report('{"locks": {"factory_reset_protection": true}}')
        Condition({'accounts': 'present'})
        """
        return cls(dict(DeviceReport.parse(text).answers))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate a condition as a field of any pydantic model: a JSON object of texts."""
        from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

        answers = core_schema.dict_schema(core_schema.str_schema(strict=True), core_schema.str_schema(strict=True))
        schema = core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(cls, answers),
            python_schema=core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
        )
        return in_own_words(cls, lambda: schema, lambda condition, _: condition.to_dict())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        said = {"description": "The answers about one device: the id of each question, and of the option"}
        return {**handler(schema), **said, "examples": [cls._example]}


_SET_ANSWERS = cast("Any", Condition)._answers.__set__  # noqa: SLF001 - of this module


@dataclass(frozen=True, slots=True)
class Grade(Value):
    """One grade of a programme's scale.

    Attributes:
        id: the grade, such as ``A``.
        keep_bps: the share of the price that is kept at this grade, in basis points.
        ctia: the CTIA cross-reference, functional/cosmetic.
        r2: the R2v3 cross-reference, functional/cosmetic.
        meaning: the meaning of the grade, for people.
        source: the source of the numbers.
    """

    id: Id
    keep_bps: Bps
    ctia: Note = ""
    r2: Note = ""
    meaning: Note = ""
    source: Note = ""


@dataclass(frozen=True, slots=True)
class Finding(Value):
    """One answer that is not clean.

    Attributes:
        question: the question.
        option: the answer.
    """

    question: Question
    option: Option

    @property
    def subject(self) -> str:
        """Question and answer in the notation of the tables, such as ``screen_glass=cracked``."""
        return f"{self.question.asked_as}={self.option.id}"


@dataclass(frozen=True, slots=True)
class Grading(Value):
    """The effect of the answers: two grades as steps below the best, the findings, and any reasons against.

    Attributes:
        functional: the steps of the worst functional answer.
        cosmetic: the steps of the worst cosmetic answer.
        findings: the answers that are not clean, in the questionnaire's order.
        reasons: missing and unknown answers, and every gate.
    """

    functional: Step
    cosmetic: Step
    findings: tuple[Finding, ...]
    reasons: tuple[Reason, ...]

    @property
    def overall(self) -> int:
        """The worse of the two axes."""
        return max(self.functional, self.cosmetic)


_Reading = tuple[Question, str, dict[str | None, Finding | None]]
_Plan = tuple[frozenset[str], tuple[_Reading, ...]]
_UNREAD: Any = object()  # for an answer that is unknown or missing


def _findings(question: Question) -> dict[str | None, Finding | None]:
    """Map each answer to its finding, or to None if it is clean: one look-up for each question."""
    found: dict[str | None, Finding | None] = {
        option.id: None if option.is_clean else Finding(question, option) for option in question.options
    }
    if question.optional:
        found[None] = found[question.options[-1].id]  # a missing answer counts as the worst
    return found


_MOST_PLANS = 4_096
"""The number of cached readers of answers: each set of omitted questions has its own."""


@dataclass(frozen=True)
class Questionnaire(Value):
    """A versioned set of questions, as one programme prices them.

    A question can be asked after another's answer. It then comes after that question, which must be answered.

    A question with several choices is stored here as one question of two options for each choice, so that each acts
    on its own: see `several`.

    Attributes:
        version: the questionnaire's version; a quote records it.
        questions: the questions, in the order in which they are asked.
    """

    version: Id
    questions: Annotated[tuple[Question, ...], Items(0, QUESTIONS, "id")]

    def _faults(self) -> Iterator[Fault]:
        earlier: dict[str, Question] = {}
        for question in self.questions:
            if question.asked_after and (rule := fault_of_after(question, earlier)):
                yield "questions", question.id, rule
            earlier[question.id] = question
        for name, choices in self.several.items():
            places = [place for place, one in enumerate(self.questions) if one.choice_of == name]
            alike = {one.replace(id="q", component="c", choice_of="", options=one.options[:1]) for one in choices}
            if len(alike) > 1 or places[-1] - places[0] >= len(places):
                yield "questions", name, "let the choices of a question be neighbours, asked alike"
            elif name in earlier:
                yield "questions", name, "let no question have the id of one with several choices"

    @cached_property
    def several(self) -> dict[str, tuple[Question, ...]]:
        """The questions with several choices, each as one question for every choice, in order; by id."""
        found: dict[str, tuple[Question, ...]] = {}
        for question in self.questions:
            if question.choice_of:
                found[question.choice_of] = (*found.get(question.choice_of, ()), question)
        return found

    @cached_property
    def numbers(self) -> dict[str, dict[str, str]]:
        """The numbers that are answers, as texts, each mapped to its option; by question."""
        return {
            question.id: {
                str(number): option.id
                for option in question.options
                if option.least is not None and option.most is not None
                for number in range(option.least, option.most + 1)
            }
            for question in self.questions
            if question.numbers is not None
        }

    def as_options(self, answers: Mapping[str, str | int | Collection[str] | None]) -> Condition:
        """Return answers as ids of options: a number becomes the option with its band, and each choice its own answer.

        A number in no band, and unknown choices, are unchanged, and grading reports that they are not an
        answer. An answer to one choice alone (``faults.camera``) overrides that of its question.

        Args:
            answers: the answers; a number as an `int`, or as a text without sign or leading zeros; several choices as a
                list or a set, or as a text with ``|`` between them.

        Raises:
            InvalidValue: it is not a mapping of questions to answers.

        >>> bands = Option("good", "80 % or more", least=80, most=100), Option("weak", "Less", least=0, most=79)
        >>> battery = Question("battery", "What is its maximum capacity?", "battery", "functional", bands, unit="%")
        >>> Questionnaire("1", (battery,)).as_options({"battery": 87})
        Condition({'battery': 'good'})
        >>> choices = [
        ...     Question(f"faults.{one}", "Which do not work?", one, "functional", (Option("none", "None"),
        ...              Option(one, one.title())), choice_of="faults")
        ...     for one in ("camera", "buttons")
        ... ]
        >>> Questionnaire("1", tuple(choices)).as_options({"faults": ["camera"]})
        Condition({'faults.buttons': 'none', 'faults.camera': 'camera'})
        """
        if type(answers) is Condition:
            if not self.is_reworded:  # the hot path
                return answers
        else:
            given = pairs(answers, "answers", "give a mapping of question to answer")
            answers = Condition({name: _as_text(answer) for name, answer in given})
        said: dict[str, str | None] = {
            name: option
            for name, numbers in self.numbers.items()
            if (option := numbers.get(answers.get(name, ""))) is not None
        }
        for name in self.several.keys() & answers.keys():
            said |= {one: answer for one, answer in self._chosen(name, answers[name]).items() if one not in answers}
            said[name] = None
        return answers.replace(**said) if said else answers

    @cached_property
    def is_reworded(self) -> bool:
        """Whether an answer may be something other than the id of an option."""
        return bool(self.numbers or self.several)

    def _chosen(self, name: str, answer: str) -> dict[str, str]:
        """Return the answer to every choice of a question; an unknown answer is repeated for each."""
        choices = {one.options[1].id: one.id for one in self.several[name]}
        found = said_of_choices(answer, choices)
        return {
            one: answer if found is None else choice if choice in found else NONE for choice, one in choices.items()
        }

    def as_asked(self, condition: Condition) -> Condition:
        """Return answers in the form in which the questions are asked: several choices as one answer, in order.

        >>> choices = [
        ...     Question(f"faults.{one}", "Which do not work?", one, "functional", (Option("none", "None"),
        ...              Option(one, one.title())), choice_of="faults")
        ...     for one in ("camera", "buttons")
        ... ]
        >>> Questionnaire("1", tuple(choices)).as_asked(Condition({"faults": "buttons|camera"}))
        Condition({'faults': 'camera|buttons'})
        """
        condition = self.as_options(argument(condition, Condition, "condition"))
        said: dict[str, str | None] = {}
        for name, choices in self.several.items():
            given = {one.id: condition[one.id] for one in choices if one.id in condition}
            answers = [answer for one in choices if (answer := given.get(one.id)) != NONE]
            if len(given) == len(choices) and all(given[one.id] in {NONE, one.options[1].id} for one in choices):
                said |= {**dict.fromkeys(given), name: BETWEEN.join(filter(None, answers)) or NONE}
        return condition.replace(**said) if said else condition

    @cached_property
    def by_id(self) -> dict[str, Question]:
        """The questions by id."""
        return {question.id: question for question in self.questions}

    @cached_property
    def findings(self) -> dict[str, dict[str | None, Finding | None]]:
        """The findings of all answers, by question; None for a clean one. A missing answer is one if it is optional."""
        return {question.id: _findings(question) for question in self.questions}

    @cached_property
    def _plans(self) -> dict[tuple[str, ...], _Plan]:
        """Readers of answers by the omitted questions; filled as models are graded."""
        return {}

    def _plan(self, variant: Variant, answers: Mapping[str, str]) -> _Plan:
        left_out = self._left_out(variant, answers)
        plan = self._plans.get(left_out)
        if plan is None:
            asked = [question for question in self.questions if question.id not in left_out]
            readings = tuple([(question, question.id, self.findings[question.id]) for question in asked])
            plan = frozenset(question.id for question in asked), readings
            if len(self._plans) < _MOST_PLANS:
                self._plans[left_out] = plan
        return plan

    @cached_property
    def _restricted(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.is_restricted)

    def _left_out(self, variant: Variant, answers: Mapping[str, str] | None) -> tuple[str, ...]:
        """Return the omitted questions: for the model or, if answers are given, after them."""
        left_out: list[str] = []
        for question in self._restricted:
            after = question.asked_after
            if not question.is_asked_of(variant):
                left_out.append(question.id)
            elif after:
                is_open = answers is None or answers.get(after) in question.asked_answers
                if after in left_out or not is_open:
                    left_out.append(question.id)
        return tuple(left_out)

    def asked_of(self, variant: Variant, condition: Condition | None = None) -> tuple[Question, ...]:
        """Return the questions that are asked for a model.

        Args:
            variant: the model.
            condition: the answers so far: a question that is asked after an answer which is not given is left out.
                Without it, such questions are included, for some answers lead to them.

        >>> yes, no, light = (Option(name, name) for name in ("yes", "no", "light"))
        >>> whole = Question("whole", "Is the glass whole?", "display", "cosmetic", (yes, no))
        >>> where = Question("where", "Where?", "display", "cosmetic", (light, no), asked_after="whole",
        ...                  asked_answers=("no",))
        >>> questionnaire, model = Questionnaire("1", (whole, where)), Variant("a", "Acme", "A", "phone", 1, 8)
        >>> [question.id for question in questionnaire.asked_of(model)]
        ['whole', 'where']
        >>> [question.id for question in questionnaire.asked_of(model, Condition({"whole": "yes"}))]
        ['whole']
        """
        argument(variant, Variant, "variant")
        if condition is not None:
            condition = self.as_options(argument(condition, Condition, "condition"))
        left_out = self._left_out(variant, condition)
        return tuple([question for question in self.questions if question.id not in left_out])

    def may_ask(self, question: Question, variant: Variant) -> bool:
        """Tell whether one of the questions is asked for a model after some answers.

        Raises:
            InvalidValue: an argument is of another type.
        """
        argument(question, Question, "question")
        if not question.is_asked_of(variant):
            return False
        return not question.asked_after or question.id not in self._left_out(variant, None)

    def best(self, variant: Variant, given: Mapping[str, str] | None = None) -> Condition:
        """Return the best answers that a device of this model can have.

        Args:
            variant: the model.
            given: fixed answers, to questions that are asked for the model. If one of them is asked
                after another's answer that is not given, that answer is the best one after which it is asked.
        """
        argument(variant, Variant, "variant")
        answers = dict(self.as_options(Condition(given)))
        for question in reversed(self.questions):
            if question.asked_after and question.id in answers:
                before = self.by_id[question.asked_after]
                taken = [option.id for option in before.options if option.id in question.asked_answers]
                answers.setdefault(before.id, taken[0])
        left_out = self._left_out(variant, None)
        for question in self.questions:
            after = question.asked_after
            if question.id not in left_out and (not after or answers.get(after) in question.asked_answers):
                answers.setdefault(question.id, question.best.id)
        return self.as_asked(Condition(answers))

    def fitted(self, condition: Condition, variant: Variant) -> Condition:
        """Complete answers after one was changed: add the questions that are asked now, and remove the others.

        An answer to a question that is not asked is left out; a required question without an answer gets its best
        answer.

        Args:
            condition: the answers.
            variant: the model.
        """
        argument(variant, Variant, "variant")
        condition = self.as_options(argument(condition, Condition, "condition"))
        left_out = self._left_out(variant, None)
        found: dict[str, str] = {}
        for question in self.questions:
            after, name = question.asked_after, question.id
            if name in left_out or (after and found.get(after) not in question.asked_answers):
                continue
            if name in condition or not question.optional:
                found[name] = condition.get(name, question.best.id)
        return self.as_asked(Condition(found))

    @cached_property
    def _worst(self) -> dict[tuple[str, ...], tuple[Condition, tuple[str, ...]]]:
        """The cache of `worst_of`, by the omitted questions."""
        return {}

    def worst_of(self, variant: Variant) -> tuple[Condition, tuple[str, ...]]:
        """Return the worst answers about a model of the catalogue that do not refuse it, and those that do.

        The latter are written as ``question=option``.
        """
        left_out = self._left_out(variant, None)
        found = self._worst.get(left_out)
        if found is None:
            asked = self.asked_of(variant)
            gates = [
                f"{question.asked_as}={option.id}" for question in asked for option in question.options if option.gate
            ]
            taken = {question.id: [option.id for option in question.options if not option.gate] for question in asked}
            worst = self.fitted(Condition({name: options[-1] for name, options in taken.items()}), variant)
            found = self._worst[left_out] = worst, tuple(gates)
        return found

    def grade(self, condition: Condition, variant: Variant) -> Grading:
        """Grade the answers about a device of this model.

        The order of the answers never matters, and the result is total: a missing or
        unknown answer becomes a reason, never a guess.

        Raises:
            InvalidValue: an argument is of another type.
        """
        argument(condition, Condition, "condition")
        if type(variant) is not Variant:
            argument(variant, Variant, "variant")
        condition = self.as_options(condition)
        answers = condition._answers  # noqa: SLF001 - the dict itself: this is the hot path
        asked, readings_of_all = self._plan(variant, answers)
        reasons: list[Reason] = []
        findings: list[Finding] = []
        for question, name, readings in readings_of_all:
            answer = answers.get(name)
            finding = readings.get(answer, _UNREAD)
            if finding is None:
                continue
            if finding is not _UNREAD:
                findings.append(finding)
            elif answer is None:
                reasons.append(self.answer_missing(question))
            else:
                reasons.append(self.answer_unknown(question, answer))
        if not asked.issuperset(answers):
            reasons += self._not_asked(condition, asked, variant)
        functional = cosmetic = 0
        for finding in findings:
            option = finding.option
            if option.gate:
                reasons.append(_gate(finding))
            if finding.question.axis == "cosmetic":
                cosmetic = max(cosmetic, option.grade)
            else:
                functional = max(functional, option.grade)
        return proved(
            Grading,
            functional=functional,
            cosmetic=cosmetic,
            findings=tuple(findings),
            reasons=tuple(dict.fromkeys(reasons)),  # all choices of a question may have the same one
        )

    def _not_asked(self, condition: Condition, asked: frozenset[str], variant: Variant) -> Iterator[Reason]:
        known = dict.fromkeys(question.asked_as for question in self.questions)
        for name in condition:
            if name in asked:
                continue
            if name in self.by_id:
                yield self._why_not(self.by_id[name], variant)
            else:
                yield reason_of(ReasonCode.QUESTION_UNKNOWN, question=shown(name), known=", ".join(known))

    def _why_not(self, question: Question, variant: Variant) -> Reason:
        """Return why a question is not asked: for the model, or after the given answers."""
        name, code = question.asked_as, ReasonCode.QUESTION_NOT_ASKED
        if question.id in self._left_out(variant, None):
            return reason_of(code, question=name, family=variant.family)
        answers = ", ".join(question.asked_answers)
        return reason_of(code, "after", question=name, earlier=question.asked_after, options=answers)

    def answer_missing(self, question: Question) -> Reason:
        """Return the reason for a question without an answer."""
        takes, name = self.takes(question), question.asked_as
        return reason_of(ReasonCode.ANSWER_MISSING, question=name, ask=question.ask, options=takes)

    def answer_unknown(self, question: Question, answer: str) -> Reason:
        """Return the reason for an answer that is not among a question's options."""
        takes, name = self.takes(question), question.asked_as
        return reason_of(ReasonCode.ANSWER_UNKNOWN, answer=shown(answer), question=name, options=takes)

    def takes(self, question: Question) -> str:
        """Return the possible answers to a question, for a person."""
        choices = self.several.get(argument(question, Question, "question").choice_of)
        if choices is None:
            return question.takes
        return f"{NONE}, or with {BETWEEN} between them: {', '.join(one.options[1].id for one in choices)}"


def _as_text(answer: object) -> Any:  # noqa: ANN401 - what `Condition` then looks at
    """Return a number as a text, and several choices as one."""
    if type(answer) is int:
        return f"{answer}"
    if isinstance(answer, list | tuple | set | frozenset):
        return BETWEEN.join(sorted(text_of(one) or "" for one in answer)) if answer else NONE
    return answer


def _gate(finding: Finding) -> Reason:
    question, option = finding.question, finding.option
    return reason_of(
        ReasonCode.CONDITION_GATE, question=question.asked_as, answer=option.id, ask=question.ask, says=option.says
    )
