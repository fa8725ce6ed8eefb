"""The files of a programme as types: the keys of its TOML, and the columns of the tables without a value.

The loader fits the files to them, and the page of all keys and columns is generated from their docstrings.
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

    `Question` describes the other keys.

    Attributes:
        choices: ``one``, or ``several``: the answer is then any of the options, each of which acts on its own, or the
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
        version: the version of the questions; a quote records it.
        question: the questions, in the order in which they are asked.
    """

    version: Id
    question: Annotated[tuple[BankQuestion, ...], Items(1, LISTED, "id")]


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One grade of the scale; the rows are ordered best first.

    Attributes:
        grade: the grade, such as ``A``.
        keep_bps: the share of the price that is kept at this grade.
        ctia: the CTIA cross-reference, functional/cosmetic.
        r2: the R2v3 cross-reference, functional/cosmetic.
        meaning: the meaning of the grade, for people.
        source: the source of the numbers.
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
        gate: ``refuse`` if this answer refuses the device; then the other columns are empty.
        grade: the grade that the device falls to; empty for the best.
        keep_bps: the share of the price that is kept; empty for all of it.
        deduct_minor: the cost of the answer, as a fixed amount. A row has one of this, ``deduct_bps`` and ``anchor``.
        deduct_bps: the cost of the answer, as a share of the market price.
        anchor: the component of whose repair anchor the answer costs a share, such as ``display``.
        weight_bps: that share of the anchor.
        extra_minor: a small fixed amount on top; below 0 it is taken off.
        source: the source of the numbers.
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
    """The models of which a question is asked, and the answers after which it is asked, if that is restricted.

    Attributes:
        question: the question's id.
        brands: the brands of the models; without them, all.
        launched_from: the first day on which they were launched; without it, any.
        models: the models, by the variant's id; without them, all.
        categories: the categories of the models; without them, all.
        features: features of which the models have at least one, by their column ``features``; without them, all.
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
        """Return the restrictions of a question."""
        return cls(question.asked_as, **{name: getattr(question, f"asked_{name}") for name in RESTRICTIONS})

    def restricted(self, question: Question, earlier: Mapping[str, Question]) -> Question:
        """Return the question with its restrictions; invalid ones are left out."""
        by_model = [name for name in RESTRICTIONS if name not in {"after", "answers"}]
        asked = replace(question, **{f"asked_{name}": getattr(self, name) for name in by_model})
        if not (self.after and self.answers):
            return asked
        after = replace(asked, asked_after=self.after, asked_answers=self.answers)
        return asked if fault_of_after(after, earlier) else after


@dataclass(frozen=True, slots=True)
class Head:
    """The part of ``programme.toml`` above the terms.

    `Programme` describes the other keys.

    Attributes:
        zone: the zone of its days: the name of a zone of the IANA database, such as ``Asia/Kolkata``. Exactly one of
            this and utc_offset_minutes is required.
        utc_offset_minutes: the offset of its days, in minutes east of UTC all year, such as 330 for India.
        models: the file of the models, relative to the directory of this one, like all files.
        tacs: the file of the TAC table.
        eligible_models: the file of the accepted models, dated.
        market_prices: the file of the market prices, dated.
        repair_anchors: the file of the repair anchors, dated; required if an answer deducts by one.
        tax_treatments: the file of the tax treatments of the parts of a trade-in, dated.
        source: the source of the programme.
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
        condition: the file of the effect of each answer. The questions with rows in it are those that are asked.
        grades: the file of the grades, best first.
        asked: the models of which a question is asked, if not all.
    """

    questions: Text
    condition: Text
    grades: Text
    asked: Annotated[tuple[Asked, ...], Items(0, LISTED)] = ()


def terms_shape() -> Shape:
    """Return the keys of ``[[terms]]``: those of `Terms`, with the names of files in place of tables."""
    shape, tables = shape_of(Terms), shape_of(TermsTables)
    kept = {key: kind for key, kind in shape.types.items() if key not in {"questionnaire", "grades"}}
    required = (shape.required - {"questionnaire"}) | tables.required
    return Shape({**kept, **tables.types}, frozenset(required))
