"""The files of a programme as types: the keys of its TOML, and the columns of the tables without a value.

The loader fits the files to them, and the page of all keys and columns is made of their docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from miexchange._bounded import Between, Id, Items, MaybeId, Note, Text, Words, bound_of
from miexchange._limits import LISTED
from miexchange._questions import GREATEST_WEIGHT, RESTRICTIONS, BankOption, Option, fault_of_after
from miexchange.money import GREATEST_AMOUNT, Amount, Bps, PriceMinor
from miexchange.programme import Terms
from miexchange.programme._fit import Shape, shape_of
from miexchange.programme.terms import SomeWords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.condition import Question

__all__ = [
    "BAND_COLUMNS",
    "CONDITION_COLUMNS",
    "GRADE_COLUMNS",
    "Asked",
    "Bank",
    "BankQuestion",
    "ConditionRow",
    "GradeRow",
    "Head",
    "TermsTables",
    "terms_shape",
]


@dataclass(frozen=True, slots=True)
class BankQuestion:
    """One question of a bank, which any programme may price.

    `Question` says what the other keys are.

    Attributes:
        choices: ``one``, or ``several``: the answer is then any of the options, each of which acts as its own, or the
            first option, ``none``. An option's component is then ``component.option``.
    """

    id: Id
    ask: Text
    component: Id
    axis: Literal["functional", "cosmetic", "none"]
    options: Annotated[tuple[BankOption, ...], Items(2, LISTED, "id")]
    optional: bool = False
    source: Note = ""
    unit: Note = ""
    choices: Literal["one", "several"] = "one"


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank of questions: the file that terms name in ``questions``.

    Attributes:
        version: the version of the questions; a quote names it.
        question: the questions, in the order in which they are asked.
    """

    version: Id
    question: Annotated[tuple[BankQuestion, ...], Items(1, LISTED, "id")]


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One grade of the scale; the rows stand best first.

    Attributes:
        grade: the grade, such as ``A``.
        keep_bps: what is kept of the price at this grade.
        ctia: the CTIA cross-reference, functional/cosmetic.
        r2: the R2v3 cross-reference, functional/cosmetic.
        meaning: what the grade means, for people.
        source: where the numbers are from.
    """

    grade: Id
    keep_bps: Bps
    ctia: Note
    r2: Note
    meaning: Text
    source: Text


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """The effect of one answer. A question that is asked has a row per option; one without rows is not asked.

    Attributes:
        question: the id of a question of the bank.
        option: the id of one of its options.
        gate: ``refuse`` where this answer refuses the device; then the other columns are empty.
        grade: the grade that the device falls to; empty for the best.
        keep_bps: what is kept of the price; empty for all of it.
        deduct_minor: what the answer costs, as a fixed amount. A row has one of this, ``deduct_bps`` and ``anchor``.
        deduct_bps: what the answer costs, as a share of the market price.
        anchor: the component whose repair anchor the answer costs a share of, such as ``display``.
        weight_bps: that share of the anchor.
        extra_minor: a small fixed amount on top; below 0 it is taken off.
        source: where the numbers are from.
        least: the smallest number that is this answer, in the question's unit; without such questions, no column.
        most: the largest one.
    """

    question: Id
    option: Id
    gate: Literal["refuse"] | None
    grade: MaybeId
    keep_bps: Bps | None
    deduct_minor: Amount | None
    deduct_bps: Bps | None
    anchor: MaybeId
    weight_bps: Annotated[int, Between(0, GREATEST_WEIGHT)] | None
    extra_minor: Annotated[int, Between(-GREATEST_AMOUNT, GREATEST_AMOUNT)] | None
    source: Text
    least: Annotated[int, bound_of(Option, "least")] | None = None
    most: Annotated[int, bound_of(Option, "most")] | None = None


GRADE_COLUMNS = tuple(one.name for one in fields(GradeRow))
BAND_COLUMNS = ("least", "most")
CONDITION_COLUMNS = tuple(one.name for one in fields(ConditionRow) if one.name not in BAND_COLUMNS)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which models a question is asked, and after which answer, where that is not all of them and any.

    Attributes:
        question: the question's id.
        brands: the brands of the models; without them, all.
        launched_from: the first day on which they were launched; without it, any.
        models: the models, by the variant's id; without them, all.
        categories: the categories of the models; without them, all.
        features: features of which the models have one, by the column ``features`` of the models; without them, all.
        after: an earlier question, whose answer decides whether this one is asked.
        answers: the answers to it after which this one is asked.
        source: why it is not asked of others.
    """

    question: Id
    brands: Words = ()
    launched_from: date | None = None
    models: Words = ()
    categories: Words = ()
    features: Words = ()
    after: MaybeId = ""
    answers: Words = ()
    source: Note = ""

    @classmethod
    def of(cls, question: Question) -> Asked:
        """Return what a question says of it."""
        return cls(question.asked_as, **{name: getattr(question, f"asked_{name}") for name in RESTRICTIONS})

    def restricted(self, question: Question, earlier: Mapping[str, Question]) -> Question:
        """Return the question as it is asked; what the linter has something against is left out."""
        by_model = [name for name in RESTRICTIONS if name not in {"after", "answers"}]
        asked = replace(question, **{f"asked_{name}": getattr(self, name) for name in by_model})
        if not (self.after and self.answers):
            return asked
        after = replace(asked, asked_after=self.after, asked_answers=self.answers)
        return asked if fault_of_after(after, earlier) else after


@dataclass(frozen=True, slots=True)
class Head:
    """The part of ``programme.toml`` above the terms.

    `Programme` says what the other keys are.

    Attributes:
        zone: where its days begin: the name of a zone of the IANA database, such as ``Asia/Kolkata``. This or
            utc_offset_minutes must be there, and not both.
        utc_offset_minutes: where its days begin, in minutes east of UTC that hold all year, such as 330 for India.
        models: the file of the models, from the directory of this one, as all files.
        tacs: the file of the TAC table: which model a TAC belongs to.
        eligible_models: the file of the models that it takes, dated.
        market_prices: the file of the market prices, dated.
        repair_anchors: the file of the repair anchors, dated; needed where an answer deducts by one.
        tax_treatments: the file of how the parts of a trade-in count for tax, dated.
        source: where it is from.
    """

    id: Id
    title: Text
    currency: Text
    categories: SomeWords
    brands: SomeWords
    models: Text
    tacs: Text
    eligible_models: Text
    market_prices: Text
    repair_anchors: Note = ""
    tax_treatments: Note = ""
    price_step_minor: PriceMinor = 1
    zone: Note = ""
    utc_offset_minutes: (
        Annotated[int, Between(-840, 840, says="minutes east of UTC, from -840 to 840: 330 for India")] | None
    ) = None
    source: Note = ""


@dataclass(frozen=True, slots=True)
class TermsTables:
    """The keys of ``[[terms]]`` in ``programme.toml`` besides the fields of `Terms`.

    Attributes:
        questions: the file of the bank of questions.
        condition: the file of what each answer does. The questions that it has rows of are those that are asked.
        grades: the file of the grades, best first.
        asked: of which models a question is asked, where that is not all of them.
    """

    questions: Text
    condition: Text
    grades: Text
    asked: Annotated[tuple[Asked, ...], Items(0, LISTED)] = ()


def terms_shape() -> Shape:
    """Return the keys of ``[[terms]]``: those of `Terms`, with the names of tables in place of what is in them."""
    shape, tables = shape_of(Terms), shape_of(TermsTables)
    kept = {key: kind for key, kind in shape.types.items() if key not in {"questionnaire", "grades"}}
    required = (shape.required - {"questionnaire"}) | tables.required
    return Shape({**kept, **tables.types}, frozenset(required))
