"""Terms as the rows that the kernel reads, and the kernel's arguments for a phone.

`parts_of` collects the kernel's arguments, like `miexchange.appraise` for one device. It works on symbols of the
solver and on columns of numbers alike: a world chooses one of several numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from miexchange.money import BPS, GREATEST_AMOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miexchange.catalogue import Variant
    from miexchange.condition import Option, Question
    from miexchange.programme import Programme, Terms
    from miexchange.programme.rules import Label, Retention

__all__ = [
    "NOT_ASKED",
    "Asked",
    "Case",
    "Inputs",
    "Parts",
    "Row",
    "Scale",
    "Sheet",
    "parts_of",
    "scraps_of",
    "steps_of",
]

_Number = Any  # an operand of the kernel


class Row(NamedTuple):
    """The effect of one answer; none if the question is not asked."""

    id: str
    gate: bool = False
    grade: int = 0
    keep: int = BPS
    fixed: int = 0
    share: int = 0
    anchor: str = ""
    weight: int = 0
    extra: int = 0

    @classmethod
    def of(cls, option: Option) -> Row:
        """Return the effect of an option."""
        cost = option.deduction
        amounts = (0, 0, "", 0) if cost is None else (cost.amount_minor, cost.share_bps, cost.anchor, cost.weight_bps)
        return cls(option.id, option.gate, option.grade, option.keep_bps, *amounts, option.extra_minor)

    @property
    def costs(self) -> bool:
        """Whether it deducts something."""
        return bool(self.fixed or self.share or self.weight)


NOT_ASKED = Row("")


class Asked(NamedTuple):
    """A question: its id, the position of its component, all of its answers, and those with which a phone is accepted.

    If some phones are not asked, the last one of `taken` represents that. If it is asked after an
    answer to an earlier question, that is `before`, and `opens` are the positions of those answers in its `taken`.
    """

    id: str
    component: int
    every: tuple[Row, ...]
    taken: tuple[Row, ...]
    before: str = ""
    opens: tuple[int, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether an answer to it keeps less than all."""
        return any(row.keep != BPS for row in self.taken)

    @property
    def costs(self) -> bool:
        """Whether an answer to it deducts something."""
        return any(row.costs for row in self.taken)

    @property
    def is_restricted(self) -> bool:
        """Whether it is asked of some phones only."""
        return self.taken[-1] is NOT_ASKED


class Scale(NamedTuple):
    """A rule of the list with its rates, the best first, each with the first label that has it."""

    rule: Retention
    labels: tuple[Label, ...]
    rates: tuple[int, ...]


class Case(NamedTuple):
    """The questions that a model is not asked, with a model of that kind."""

    left_out: frozenset[str]
    model: str


class Parts(NamedTuple):
    """The operands of the kernel."""

    market: _Number
    retentions: Sequence[_Number]
    deductions: Sequence[_Number]
    extras: Sequence[_Number]


class Inputs(NamedTuple):
    """A phone: its price, its anchors by name, and a choice for each question and for each rule of the list."""

    market: _Number
    anchors: Mapping[str, _Number]
    picks: Mapping[str, Any]
    scales: Sequence[Any]


class _World(Protocol):
    def select(self, pick: Any, numbers: Sequence[Any]) -> Any: ...  # noqa: ANN401 - a choice of the world's own

    def places(self, number: Any, count: int) -> Any: ...  # noqa: ANN401 - as above


class Sheet:
    """Terms as the kernel reads them.

    Attributes:
        terms: the terms.
        price_step: every price is a multiple of this.
        by_id: the questions by id.
        asked: the questions.
        components: the number of component groups with a cost.
        anchors: the names of the repair anchors.
        scales: the rules of the list that the terms use.
        scrap: the floor.
        cases: the kinds of models with that floor by the questions that they are not asked; those that are listed come
            first.
    """

    def __init__(self, programme: Programme, terms: Terms, scrap: int) -> None:
        """Read the rows."""
        self.terms, self.price_step, self.scrap = terms, programme.price_step_minor, scrap
        self.cases = _cases(programme, terms, scrap)
        left_out = frozenset[str]().union(*(case.left_out for case in self.cases))
        self.by_id: dict[str, Asked] = {}
        for question in terms.questionnaire.questions:
            self.by_id[question.id] = self._asked(question, bool(question.asked_after) or question.id in left_out)
        self.asked = tuple(self.by_id.values())
        self.components = len(terms.components)
        rows = (row for asked in self.asked for row in asked.taken)
        self.anchors = tuple(dict.fromkeys(row.anchor for row in rows if row.anchor))
        self.scales = tuple(_scale(rule, terms) for rule in terms.retentions)
        self.most_units = GREATEST_AMOUNT // self.price_step

    def _asked(self, question: Question, is_restricted: bool) -> Asked:  # noqa: FBT001 - of this class alone
        every = tuple(map(Row.of, question.options))
        taken = tuple(row for row in every if not row.gate)
        component = self.terms.components.get(question.component, 0)
        taken = (*taken, NOT_ASKED) if is_restricted or not taken else taken
        before = self.by_id[question.asked_after].taken if question.asked_after else ()
        opens = tuple(place for place, row in enumerate(before) if row.id in question.asked_answers)
        return Asked(question.id, component, every, taken, question.asked_after, opens)

    def moved(self, question: str, better: str, worse: str) -> tuple[tuple[Asked, bool], ...]:
        """Return the questions that only one of two answers to a question opens, and whether it is the worse one.

        Questions that are asked after an answer to one of these are included.
        """
        found: dict[str, bool] = {}
        for asked in self.asked:
            if asked.before == question:
                opening = {self.by_id[question].taken[place].id for place in asked.opens}
                if (better in opening) is not (worse in opening):
                    found[asked.id] = worse in opening
            elif asked.before in found:
                found[asked.id] = found[asked.before]
        return tuple((self.by_id[name], is_worse) for name, is_worse in found.items())

    def open_cases(self, question: str) -> tuple[Case, ...]:
        """Return the kinds of models that are asked a question."""
        return tuple(case for case in self.cases if question not in case.left_out)


def _taken(programme: Programme) -> list[Variant]:
    """Return the models that terms of a programme could accept."""
    return [
        variant
        for variant in programme.catalogue
        if variant.brand in programme.brands and variant.category in programme.categories
    ]


def scraps_of(programme: Programme, terms: Terms) -> tuple[int, ...]:
    """Return every floor that a model can have, without duplicates."""
    found = dict.fromkeys(terms.scrap_of(variant) for variant in _taken(programme))
    return tuple(found) or (terms.scrap_minor,)


def _cases(programme: Programme, terms: Terms, scrap: int) -> tuple[Case, ...]:
    found: dict[frozenset[str], str] = {}
    taken = [variant for variant in _taken(programme) if terms.scrap_of(variant) == scrap]
    for variant in sorted(taken, key=lambda one: one.model not in programme.eligible):
        asked = {question.id for question in terms.questionnaire.asked_of(variant)}
        left_out = frozenset(one.id for one in terms.questionnaire.questions if one.id not in asked)
        found.setdefault(left_out, variant.model)
    return tuple(Case(left_out, model) for left_out, model in found.items())


def _scale(rule: Retention, terms: Terms) -> Scale:
    rates: dict[int, Label] = {}
    for label in rule.labels(terms):
        rates.setdefault(rule.rate(terms, label), label)
    return Scale(rule, tuple(rates.values()), tuple(rates))


def parts_of(sheet: Sheet, kernel: Any, world: _World, phone: Inputs) -> Parts:  # noqa: ANN401 - `_kernel`, or a copy
    """Return the kernel's arguments for a phone, in the order of `miexchange.appraise`."""
    retentions: list[_Number] = []
    deductions: list[_Number] = [0] * sheet.components
    extras: list[_Number] = []
    grade: _Number = 0
    for asked in sheet.asked:
        pick, rows = phone.picks[asked.id], asked.taken
        if asked.keeps:
            retentions.append(world.select(pick, [row.keep for row in rows]))
        if asked.costs:
            costs = [
                kernel.finding(phone.market, phone.anchors.get(row.anchor, 0), row.fixed, row.share, row.weight)
                if row.costs
                else 0
                for row in rows
            ]
            deductions[asked.component] = kernel.at_least(world.select(pick, costs), deductions[asked.component])
        if any(row.extra for row in rows):
            extras.append(world.select(pick, [row.extra for row in rows]))
        if any(row.grade for row in rows):
            grade = kernel.at_least(world.select(pick, [row.grade for row in rows]), grade)
    for scale, pick in zip(sheet.scales, phone.scales, strict=True):
        retentions.append(world.select(pick, scale.rates))
    keeps = [one.keep_bps for one in sheet.terms.grades]
    retentions.append(world.select(world.places(grade, len(keeps)), keeps))
    return Parts(phone.market, retentions, deductions, extras)


def steps_of(sheet: Sheet, kernel: Any, parts: Parts) -> list[_Number]:  # noqa: ANN401 - as above
    """Return every step of the value that the kernel makes; their sum is the value."""
    terms = sheet.terms
    steps: list[_Number] = kernel.value_steps(
        parts.market,
        parts.retentions,
        parts.deductions,
        terms.overlap_positions,
        parts.extras,
        terms.factor_bps,
        sheet.scrap,
        terms.step_minor,
    )
    return steps
