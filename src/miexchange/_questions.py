"""One question of a questionnaire: its text, its models, its options, and their effects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from miexchange._bounded import Between, Id, Items, MaybeId, Note, Since, Text, Words
from miexchange._limits import LISTED
from miexchange._value import Value, argument
from miexchange.catalogue import Variant
from miexchange.money import BPS, GREATEST_AMOUNT, Amount, Bps, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from miexchange._value import Fault

__all__ = [
    "BETWEEN",
    "GREATEST_WEIGHT",
    "NONE",
    "RESTRICTIONS",
    "SAME_CHOICES",
    "BankOption",
    "Deduction",
    "Option",
    "Question",
    "Step",
    "fault_of_after",
    "fault_of_bands",
    "fault_of_choices",
    "said_of_choices",
    "together",
]

GREATEST_WEIGHT = 100 * BPS
"""The largest weight of a deduction: a hundred times its repair anchor."""

RESTRICTIONS = ("brands", "launched_from", "models", "categories", "features", "after", "answers")
"""The restrictions of a question: the ``asked_`` fields of `Question`, and keys of ``[[terms.asked]]``."""

NONE = "none"
"""The first option of a question with several choices: none of them."""

BETWEEN = "|"
"""The separator of several choices in one answer, such as ``camera|buttons``."""

SAME_CHOICES = "ask a question whose choices are others under an id of its own"
"""A grade of the terms of one programme: cells are read before it is known which terms are in force."""

Step = Annotated[int, Between(0, LISTED)]
"""Steps below the best grade."""


@dataclass(frozen=True, slots=True)
class Deduction(Value):
    """What one finding costs: a fixed amount, a share of the market price, or a weight x the repair anchor.

    Exactly one of the three is set.

    Attributes:
        amount_minor: a fixed amount, in minor units.
        share_bps: a share of the market price, in basis points.
        anchor: the repair anchor's component, or "" if the deduction is not by anchor.
        weight_bps: the weight on the anchor, in basis points (10 000 = the anchor itself).
    """

    amount_minor: Amount = 0
    share_bps: Bps = 0
    anchor: MaybeId = ""
    weight_bps: Annotated[int, Between(0, GREATEST_WEIGHT)] = 0

    def _faults(self) -> Iterator[Fault]:
        if self.anchor and not self.weight_bps:
            yield "weight_bps", self.weight_bps, "give the weight on the anchor, in basis points"
        elif self.weight_bps and not self.anchor:
            yield "anchor", self.anchor, "name the repair anchor that is weighed"
        elif sum(map(bool, (self.amount_minor, self.share_bps, self.weight_bps))) != 1:
            yield (
                "amount_minor",
                self.amount_minor,
                "give exactly one of amount_minor, share_bps, and anchor with weight_bps",
            )

    @property
    def kind(self) -> str:
        """Which of the three it is."""
        return f"anchor {self.anchor}" if self.anchor else ("share" if self.share_bps else "amount")

    @property
    def size(self) -> int:
        """The one number that is set; deductions of one kind are compared by it."""
        return self.amount_minor + self.share_bps + self.weight_bps

    def effect(self) -> str:
        """Return the deduction in words."""
        if self.anchor:
            return f"{percent(self.weight_bps)} of the {self.anchor} repair anchor"
        return f"{percent(self.share_bps)} of the market price" if self.share_bps else "a fixed amount"


_Number = Annotated[int, Between(0, 10**6)]

_MOST_NUMBERS = 1_000
"""The most numbers in the bands of a question: each has an entry in a look-up table, in a query too."""


@dataclass(frozen=True, slots=True)
class BankOption:
    """One answer in a bank of questions, without a programme's effects.

    Attributes:
        id: the option's id, unique in its question.
        says: the answer in the customer's words.
        ctia: the CTIA Wireless Device Grading Scales cross-reference of this answer, or "".
        r2: the R2v3 Equipment Categorization cross-reference, or "".
    """

    id: Id
    says: Text
    ctia: Note = ""
    r2: Note = ""


@dataclass(frozen=True, slots=True)
class Option(BankOption, Value):
    """One answer to a question, and its effect in this programme.

    Attributes:
        gate: whether this answer refuses the device.
        grade: the number of steps below the best grade that this answer puts the device.
        keep_bps: the share of the price that is kept (warranty regimes), in basis points; 10 000 for all of it.
        deduction: its cost, or None.
        extra_minor: a small fixed amount on top, in minor units.
        source: the source of the numbers.
        least: the smallest number that is this answer, in the question's unit; None if none is.
        most: the largest one.
    """

    gate: bool = False
    grade: Step = 0
    keep_bps: Bps = BPS
    deduction: Deduction | None = None
    extra_minor: Annotated[int, Between(-GREATEST_AMOUNT, GREATEST_AMOUNT)] = 0
    source: Note = ""
    least: Annotated[_Number | None, Since(2)] = None
    most: Annotated[_Number | None, Since(2)] = None

    def _faults(self) -> Iterator[Fault]:
        if (self.least is None) is not (self.most is None):
            yield "most", self.most, "give least and most, or neither"
        elif self.least is not None and self.most is not None and self.least > self.most:
            yield "most", self.most, f"give least, {self.least}, or more"

    @property
    def is_clean(self) -> bool:
        """Whether this answer has no effect."""
        return not (self.gate or self.grade or self.deduction or self.extra_minor) and self.keep_bps == BPS


@dataclass(frozen=True, slots=True)
class Question(Value):
    """One question, its options in order, best first.

    Attributes:
        id: the question's id.
        ask: the question in the customer's words.
        component: the component group; within a group only the worst deduction counts.
        axis: the grade that the answer affects.
        options: the answers, best first.
        optional: whether it may stay unanswered; only for extras, for which that counts as the worst answer.
        asked_brands: the brands for which it is asked; empty for all.
        asked_launched_from: asked only of models launched on that day or later; None for all.
        source: the source of the question.
        asked_models: the models for which it is asked, by the variant's id; empty for all.
        asked_categories: the categories for which it is asked; empty for all.
        asked_features: asked only of models that have one of these features (`Variant.features`); empty for all.
        asked_after: the earlier question whose answer decides whether it is asked; "" for none.
        asked_answers: asked only if that question is asked, and has one of these answers.
        unit: the unit of a number as its answer, such as ``%``; "" if numbers are not answers.
        choice_of: the question with several choices to which this choice belongs, with the options ``none`` and the
            choice; its id is then ``faults.camera``. "" for an ordinary question.
    """

    id: Id
    ask: Text
    component: Id
    axis: Literal["functional", "cosmetic", "none"]
    options: Annotated[tuple[Option, ...], Items(1, LISTED, "id")]
    optional: bool = False
    asked_brands: Words = ()
    asked_launched_from: date | None = None
    source: Note = ""
    asked_models: Annotated[Words, Since(2)] = ()
    asked_categories: Annotated[Words, Since(2)] = ()
    asked_features: Annotated[Words, Since(2)] = ()
    asked_after: Annotated[MaybeId, Since(2)] = ""
    asked_answers: Annotated[Words, Since(2)] = ()
    unit: Annotated[Note, Since(2)] = ""
    choice_of: Annotated[MaybeId, Since(3)] = ""

    def _faults(self) -> Iterator[Fault]:
        if fault := fault_of_bands(self.options):
            yield "options", fault[0].id, fault[1]
        if self.choice_of and (rule := fault_of_choices(self.options)):
            yield "options", [option.id for option in self.options], rule
        elif self.choice_of and (len(self.options) != 2 or self.id != f"{self.choice_of}.{self.options[1].id}"):  # noqa: PLR2004 - none, and the choice
            yield "id", self.id, "give a choice two options, none and itself, and call it by its question and itself"
        elif self.choice_of and self.optional:
            yield "optional", self.optional, "let none stand for no choice: a question with several must be answered"
        if bool(self.asked_after) is not bool(self.asked_answers):
            yield "asked_answers", self.asked_answers, "give them with asked_after, and neither without the other"

    @property
    def asked_as(self) -> str:
        """The id under which it is answered: that of the question to which it belongs as a choice, or its own."""
        return self.choice_of or self.id

    @property
    def is_restricted(self) -> bool:
        """Whether there may be a phone for which it is not asked."""
        return any(getattr(self, f"asked_{name}") for name in RESTRICTIONS)

    def is_asked_of(self, variant: Variant) -> bool:
        """Tell whether the question is asked for a model, as far as the model decides.

        An unknown launch date counts as old, and a model without features has none.
        """
        if type(variant) is not Variant:
            argument(variant, Variant, "variant")
        since = self.asked_launched_from
        return (
            (not self.asked_brands or variant.brand in self.asked_brands)
            and (since is None or (variant.launched_on is not None and variant.launched_on >= since))
            and (not self.asked_models or variant.model in self.asked_models)
            and (not self.asked_categories or variant.category in self.asked_categories)
            and (not self.asked_features or not set(self.asked_features).isdisjoint(variant.features))
        )

    @property
    def best(self) -> Option:
        """The first option: what a clean device answers."""
        return self.options[0]

    @property
    def numbers(self) -> tuple[int, int] | None:
        """The smallest and the largest number that is an answer, or None if no number is."""
        ends = [(option.least, option.most) for option in self.options if option.least is not None]
        return (min(least for least, _ in ends), max(most or 0 for _, most in ends)) if ends else None

    @property
    def takes(self) -> str:
        """The possible answers in words: the options' ids, and the numbers."""
        names = ", ".join(option.id for option in self.options)
        if self.numbers is None:
            return names
        return f"{names}, or a whole number from {self.numbers[0]} to {self.numbers[1]} {self.unit}".rstrip()


def fault_of_bands(options: Iterable[Option]) -> tuple[Option, str] | None:
    """Return the option whose numbers leave a gap, overlap others or are out of order, and why.

    Args:
        options: the answers, best first; the numbers either fall or rise with them.
    """
    bands = [(option.least, option.most or 0, option) for option in options if option.least is not None]
    rises = len(bands) > 1 and bands[1][0] > bands[0][0]
    for (least, most, before), (begin, end, option) in pairwise(bands):
        edge, needed = (begin, most + 1) if rises else (end, least - 1)
        if edge != needed:
            which = "least" if rises else "most"
            return option, f"give {needed} as {which}: the numbers follow those of {before.id}, without gap or overlap"
    count = sum(most - least + 1 for least, most, _ in bands)
    if count > _MOST_NUMBERS:
        return bands[-1][2], f"give bands of at most {_MOST_NUMBERS:,} numbers in all, not {count:,}"
    return None


def fault_of_choices(options: Sequence[BankOption]) -> str:
    """Return the fault of the options of a question with several choices; "" if there is none.

    Args:
        options: the options; the first one stands for none of the others.
    """
    first, *choices = options
    if first.id != NONE or not choices:
        return f"let the first option be {NONE}, for none of the choices that follow"
    if type(first) is Option and not first.is_clean:
        return f"let {NONE} change nothing: each choice says what it does"
    odd = next((one.id for one in options if BETWEEN in one.id or getattr(one, "least", None) is not None), "")
    return f"call {odd} otherwise, without {BETWEEN}, and give it no numbers" if odd else ""


def together(questions: Iterable[Question]) -> list[Question]:
    """Return questions as a person sees them, and as a bank has them: several choices as the options of one."""
    found: dict[str, Question] = {}
    for question in questions:
        name, (first, *rest) = question.asked_as, question.options
        if not question.choice_of:
            found[name] = question
        elif name in found:
            found[name] = found[name].replace(options=(*found[name].options, *rest))
        else:
            component = question.component.removesuffix(f".{rest[0].id}")
            found[name] = question.replace(id=name, choice_of="", component=component, options=(first, *rest))
    return list(found.values())


def said_of_choices(answer: str, choices: Collection[str]) -> frozenset[str] | None:
    """Return the choices in an answer, in any order; None if it is not an answer.

    Args:
        answer: ``none``, or choices separated by ``|``, without duplicates.
        choices: the possible choices.

    >>> sorted(said_of_choices("camera|buttons", ("buttons", "camera", "screen")))
    ['buttons', 'camera']
    >>> said_of_choices("camera|camera", ("buttons", "camera")), said_of_choices("none|camera", ("camera",))
    (None, None)
    """
    if answer == NONE:
        return frozenset()
    named = answer.split(BETWEEN)
    found = frozenset(named)
    return found if len(found) == len(named) and found.issubset(choices) else None


def fault_of_after(question: Question, earlier: Mapping[str, Question]) -> str:
    """Return the fault of the answers after which a question is asked; "" if there is none.

    Args:
        question: a question that is asked after another's answer.
        earlier: the earlier questions, by id.
    """
    before = earlier.get(question.asked_after)
    if before is None:
        choice = next((one.id for one in earlier.values() if one.choice_of == question.asked_after), "")
        if choice:
            return f"ask {question.id} after one choice of {question.asked_after}, such as {choice}"
        return f"ask {question.id} after a question that stands before it, which {question.asked_after} does not"
    known = [option.id for option in before.options]
    strange = next((answer for answer in question.asked_answers if answer not in known), None)
    if strange is not None:
        return f"ask {question.id} after answers of {before.id}, which {strange} is not: {', '.join(known)}"
    return f"ask {question.id} after a question that must be answered, not {before.id}" if before.optional else ""
