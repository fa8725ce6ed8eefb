"""The laws as questions to the solver, each about the kernel's own lines on symbols.

A law is first asked of loose terms: every other answer may cost, keep and add what any answer of its question does,
in any combination. That allows more phones than exist, so a proof for them holds for all, in a hundredth of a
second. Only if loose terms break a law, the exact ones are asked, and the solver's model is a phone.
"""

from __future__ import annotations

from itertools import product
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import z3

from miexchange.money import BPS, GREATEST_AMOUNT
from miexchange.prove._sheet import NOT_ASKED, Inputs, Parts, parts_of, steps_of
from miexchange.prove._symbols import LEAST, MOST, Symbol, World

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from miexchange.prove._sheet import Asked, Case, Row, Scale, Sheet

    _Kernel = Any  # `_kernel`, or a copy that a test has changed
    _Term = Any  # a term of the solver, which has no types

__all__ = [
    "MOST_MOVED",
    "PROVED",
    "UNDECIDED",
    "Found",
    "Loose",
    "Model",
    "Units",
    "ask",
    "bounds",
    "exact_answers",
    "exact_fact",
    "exact_market",
    "loose_answers",
    "loose_fact",
    "loose_market",
    "width",
]

Units = tuple[int, ...]
"""Prices in price steps: one, or a lower and a higher one."""

PROVED, UNDECIDED = "proved", "undecided"

MOST_MOVED = 256
"""The most answers to questions opened by only one of two answers that are tried one by one."""

_QUICK = 3  # seconds, before a question is split


class Model(NamedTuple):
    """A phone from the solver's model: prices, positions of answers and labels; two of those that differ."""

    markets: tuple[int, int]
    anchors: dict[str, int]
    picks: tuple[dict[str, int], dict[str, int]]
    scales: tuple[tuple[int, ...], tuple[int, ...]]
    left_out: frozenset[str]


class Found(NamedTuple):
    """The solver's verdict: `PROVED`, `UNDECIDED`, or "" with a model; the prices, if it was asked loosely."""

    verdict: str
    model: Model | None = None
    units: Units = ()


def ask(world: World, broken: _Term, seconds: float, choices: Sequence[Sequence[_Term]] = ()) -> tuple[str, Any]:
    """Ask the solver whether a condition is possible, and return the verdict and its model.

    Args:
        world: the known facts.
        broken: the condition.
        seconds: the time limit of the solver.
        choices: if the time is not enough, it is asked about each case of the first of these, and so on.
    """
    solver = z3.Solver()
    solver.set("timeout", max(int(min(seconds, _QUICK if choices else seconds) * 1000), 1))
    solver.add(*world.facts, broken)
    answer = solver.check()
    if answer == z3.unsat:
        return PROVED, None
    if answer == z3.sat:
        return "", solver.model()
    if not choices:
        return UNDECIDED, None
    for case in choices[0]:
        verdict, model = ask(world, z3.And(broken, case), seconds, choices[1:])
        if verdict != PROVED:
            return verdict, model
    return PROVED, None


def _market(world: World, sheet: Sheet) -> tuple[Symbol, _Term]:
    """Return any price, and its number of price steps."""
    units = world.any(1, sheet.most_units, "units")
    market = units * sheet.price_step
    return Symbol(world, market.term, market.least, market.most), units.term


# Loose terms.


class Loose:
    """The effects of everything but the subject of a law: as much as possible, in any combination."""

    def __init__(
        self, sheet: Sheet, kernel: _Kernel, subjects: Collection[str] = (), fixed: Scale | None = None
    ) -> None:
        self.sheet, self.kernel, self.world = sheet, kernel, World()
        self.market, self.units = _market(self.world, sheet)
        self.choices: list[Sequence[_Term]] = []
        self.anchors = {name: self.world.any(1, GREATEST_AMOUNT, name) for name in sheet.anchors}
        others = [asked for asked in sheet.asked if asked.id not in subjects]
        self.keeps = {asked.id: self._some([row.keep for row in asked.taken]) for asked in others if asked.keeps}
        self.costs = [self._cost(others, place) for place in range(sheet.components)]
        ends = [[row.extra for row in asked.taken] for asked in others]
        self.extra = self.world.any(sum(map(min, ends)), sum(map(max, ends)), "extra")
        self.scales = [None if scale is fixed else self._some(scale.rates) for scale in sheet.scales]
        self.grades = [one.keep_bps for one in sheet.terms.grades]
        steps = [0, *(row.grade for asked in others for row in asked.taken)]
        self.grade = self._some(steps)
        self.world.run()  # the facts so far belong to no run

    def _some(self, numbers: Sequence[int]) -> Symbol:
        distinct = sorted(set(numbers))
        pick = self.world.pick(len(distinct))
        if len(distinct) > 1:
            self.choices.append(pick)
        return self.world.one_of(zip(pick, distinct, strict=True))

    def _cost(self, others: Sequence[Asked], place: int) -> Symbol:
        """Return any deduction in a component that answers to other questions can make."""
        rows = (row for asked in others if asked.component == place for row in asked.taken)
        return self.world.any(0, max((self._finding(row).most for row in rows), default=0), "cost")

    def _finding(self, row: Row, market: Symbol | None = None) -> Symbol:
        market = self.market if market is None else market
        anchor = self.anchors.get(row.anchor, self.world.lift(0))
        found = self.kernel.finding(market, anchor, row.fixed, row.share, row.weight)
        return self.world.lift(found)

    def value(
        self,
        rows: Mapping[str, Row] = MappingProxyType({}),
        *,
        market: Symbol | None = None,
        costs: Sequence[Symbol] | None = None,
        rate: int = BPS,
    ) -> Symbol:
        """Return the value of a phone, given answers to the subjects."""
        market = self.market if market is None else market
        deductions: list[Any] = list(self.costs if costs is None else costs)
        grade: Any = self.grade
        retentions = [
            self.world.lift(rows[asked.id].keep) if asked.id in rows else self.keeps[asked.id]
            for asked in self.sheet.asked
            if asked.keeps
        ]
        for subject, row in rows.items():
            asked = self.sheet.by_id[subject]
            if asked.costs:
                deductions[asked.component] = self.kernel.at_least(
                    self._finding(row, market), deductions[asked.component]
                )
            grade = self.kernel.at_least(self.world.lift(row.grade), grade)
        retentions += [self.world.lift(rate) if one is None else one for one in self.scales]
        retentions.append(self.world.select(self.world.places(grade, len(self.grades)), self.grades))
        extras = [self.extra, *(self.world.lift(row.extra) for row in rows.values())]
        parts = Parts(market, retentions, deductions, extras)
        return self.world.lift(sum(steps_of(self.sheet, self.kernel, parts)))

    def compare(self, better: tuple[Symbol, Any], worse: tuple[Symbol, Any], seconds: float, *more: _Term) -> Found:
        """Ask whether the worse one can be worth more; each comes with the trace of its run."""
        self.world.facts += self.world.compared(better[1], worse[1])
        choices = sorted(self.choices, key=len, reverse=True)
        verdict, model = ask(self.world, worse[0].term > better[0].term, seconds, choices)
        units = () if model is None else tuple(_number(model, term) for term in (self.units, *more))
        return Found(verdict, units=units)


def loose_answers(sheet: Sheet, kernel: _Kernel, asked: Asked, pair: tuple[Row, Row], seconds: float) -> Found:
    """Ask whether the worse of two answers to a question can pay more.

    Questions that only one of the two opens are answered there in every way, and are left out in the other.
    """
    moved = sheet.moved(asked.id, pair[0].id, pair[1].id)
    answers = [one.taken if one.before != asked.id else one.taken[:-1] or one.taken for one, _ in moved]
    if prod(map(len, answers)) > MOST_MOVED:
        return Found(UNDECIDED)
    for rows in product(*answers):
        loose = Loose(sheet, kernel, (asked.id, *(one.id for one, _ in moved)))
        better, worse = (
            (
                loose.value(
                    {
                        asked.id: row,
                        **{
                            one.id: answer if is_worse is bool(which) else NOT_ASKED
                            for (one, is_worse), answer in zip(moved, rows, strict=True)
                        },
                    }
                ),
                loose.world.run(),
            )
            for which, row in enumerate(pair)
        )
        found = loose.compare(better, worse, seconds)
        if found.verdict != PROVED:
            return found
    return Found(PROVED)


def loose_fact(sheet: Sheet, kernel: _Kernel, scale: Scale, pair: tuple[int, int], seconds: float) -> Found:
    """Ask whether the worse of two rates of a rule of the list can pay more."""
    loose = Loose(sheet, kernel, fixed=scale)
    better, worse = ((loose.value(rate=rate), loose.world.run()) for rate in pair)
    return loose.compare(better, worse, seconds)


def loose_market(sheet: Sheet, kernel: _Kernel, seconds: float) -> Found:
    """Ask whether a higher market price can pay less: deductions by share are exact, everything else is loose."""
    loose = Loose(sheet, kernel)
    world = loose.world
    dearer, more = _market(world, sheet)
    world.facts.append(more >= loose.units)
    sharing = [asked for asked in sheet.asked if any(row.share for row in asked.taken)]
    picks = {asked.id: world.pick(len(_shares(asked))) for asked in sharing}
    runs = []
    world.run()
    for market in (dearer, loose.market):
        costs: list[Any] = list(loose.costs)
        by_share: dict[int, Any] = {}
        for asked in sharing:
            found = [kernel.finding(market, 0, 0, share, 0) for share in _shares(asked)]
            cost = world.select(picks[asked.id], list(map(world.lift, found)))
            place = asked.component
            by_share[place] = kernel.at_least(cost, by_share[place]) if place in by_share else cost
        for place, cost in by_share.items():
            mixed = any(
                row.costs and not row.share for asked in sheet.asked if asked.component == place for row in asked.taken
            )
            costs[place] = kernel.at_least(cost, costs[place]) if mixed else cost
        runs.append((loose.value(market=market, costs=costs), world.run()))
    return loose.compare(runs[0], runs[1], seconds, more)


def _shares(asked: Asked) -> list[int]:
    return sorted({row.share for row in asked.taken})


def bounds(sheet: Sheet, kernel: _Kernel, law: str, seconds: float) -> Found:
    """Ask whether a value can be below zero or above the market price; or leave floor, cap or step."""
    loose = Loose(sheet, kernel)
    value, market, terms = loose.value(), loose.market.term, sheet.terms
    if law == "within_price":
        broken = z3.Or(value.term < 0, value.term > market)
    else:
        step = terms.step_minor
        rounded = market / step * step  # of a market price below the floor
        broken = z3.Or(
            value.term % step != 0,
            value.term > market,
            z3.And(market >= sheet.scrap, value.term < sheet.scrap),
            z3.And(market < sheet.scrap, value.term != rounded),
        )
    verdict, model = ask(loose.world, broken, seconds)
    return Found(verdict, units=() if model is None else (_number(model, loose.units),))


def width(sheet: Sheet, kernel: _Kernel, seconds: float) -> Found:
    """Ask whether an intermediate number of a value or a coupon can leave 64 bits."""
    loose = Loose(sheet, kernel)
    loose.value()
    for asked in sheet.asked:
        for row in asked.taken:
            kernel.at_least(loose._finding(row), loose.costs[asked.component] if loose.costs else 0)  # noqa: SLF001 - of this module
    value = loose.world.any(0, GREATEST_AMOUNT, "value")
    amounts = [
        kernel.bonus(value, bonus.from_value_minor, bonus.amount_minor, bonus.share_bps, bonus.most_minor)
        for bonus in sheet.terms.bonuses
    ]
    kernel.grant(amounts, [bonus.stackable for bonus in sheet.terms.bonuses])
    sum(amounts, value)
    wide = loose.world.wide
    if not wide:
        return Found(PROVED)
    verdict, _ = ask(loose.world, z3.Or(*(z3.Or(term < LEAST, term > MOST) for term in wide)), seconds)
    return Found(verdict if verdict == PROVED else UNDECIDED)


# Exact terms.


class _Exact:
    """The set of all possible phones."""

    def __init__(self, sheet: Sheet, kernel: _Kernel, cases: Sequence[Case]) -> None:
        self.sheet, self.kernel, self.world, self.cases = sheet, kernel, World(), cases
        self.market, self.units = _market(self.world, sheet)
        self.anchors = {name: self.world.any(1, GREATEST_AMOUNT, name) for name in sheet.anchors}
        self.case = self.world.pick(len(cases), "case")
        self._left_out = {
            asked.id: z3.Or(
                *(condition for condition, case in zip(self.case, cases, strict=True) if asked.id in case.left_out)
            )
            for asked in sheet.asked
        }
        self._drawn = {
            asked.id: self.world.pick(max(len(asked.taken) - bool(asked.before), 1), asked.id) for asked in sheet.asked
        }
        for asked in sheet.asked:
            if asked.is_restricted and not asked.before:
                self.world.facts.append(self._drawn[asked.id][-1] == self._left_out[asked.id])
        self.picks = self.answered({})
        self.scales = [self.world.pick(len(scale.rates)) for scale in sheet.scales]

    def answered(self, places: Mapping[str, int]) -> dict[str, tuple[_Term, ...]]:
        """Return the choice of an answer to each question, some of them given, for a phone that is asked these.

        Questions that only one of two answers opens are decided by them; if both open one, its answer is the same.
        """
        picks: dict[str, tuple[_Term, ...]] = {}
        for asked in self.sheet.asked:
            pick = self._drawn[asked.id]
            if asked.id in places:
                pick = tuple(z3.BoolVal(number == places[asked.id]) for number in range(len(pick)))
            if asked.before and len(asked.taken) > 1:
                opening = (picks[asked.before][place] for place in asked.opens)
                is_asked = z3.And(z3.Or(*opening), z3.Not(self._left_out[asked.id]))
                pick = (*(z3.And(is_asked, one) for one in pick), z3.Not(is_asked))
            picks[asked.id] = pick
        return picks

    def value(self, **changes: Any) -> Symbol:  # noqa: ANN401 - fields of `Inputs`
        phone = Inputs(self.market, self.anchors, self.picks, self.scales)._replace(**changes)
        parts = parts_of(self.sheet, self.kernel, self.world, phone)
        return self.world.lift(sum(steps_of(self.sheet, self.kernel, parts)))

    def compare(
        self, better: dict[str, Any], worse: dict[str, Any], near: Sequence[tuple[_Term, int]], seconds: float
    ) -> Found:
        """Ask whether the worse of two phones can be worth more, and read both from the solver's model.

        The prices at which loose terms break the law are tried first: there it is decided in a moment.
        """
        first, trace = self.value(**better), self.world.run()
        second, other = self.value(**worse), self.world.run()
        self.world.facts += self.world.compared(trace, other)
        broken = second.term > first.term
        verdict, model = (
            ask(self.world, z3.And(broken, *(term == units for term, units in near)), seconds)
            if near
            else (PROVED, None)
        )
        if verdict != "":
            verdict, model = ask(self.world, broken, seconds)
        return Found(verdict, None if model is None else self._read(model, better, worse))

    def _read(self, model: Any, better: dict[str, Any], worse: dict[str, Any]) -> Model:  # noqa: ANN401 - the solver's
        def place(pick: Sequence[_Term]) -> int:
            held = [z3.is_true(model.eval(condition, model_completion=True)) for condition in pick]
            return held.index(True)

        def phone(changes: dict[str, Any]) -> tuple[int, dict[str, int], tuple[int, ...]]:
            picks, scales = changes.get("picks", self.picks), changes.get("scales", self.scales)
            return (
                _number(model, changes.get("market", self.market).term),
                {name: place(pick) for name, pick in picks.items()},
                tuple(map(place, scales)),
            )

        (market, picks, scales), (another, others, ages) = phone(better), phone(worse)
        anchors = {name: _number(model, anchor.term) for name, anchor in self.anchors.items()}
        left_out = self.cases[place(self.case)].left_out
        return Model((market, another), anchors, (picks, others), (scales, ages), left_out)


def _number(model: Any, term: _Term) -> int:  # noqa: ANN401 - the solver's
    return int(model.eval(term, model_completion=True).as_long())


def _only(place: int, count: int) -> tuple[_Term, ...]:
    return tuple(z3.BoolVal(number == place) for number in range(count))


def exact_answers(sheet: Sheet, kernel: _Kernel, asked: Asked, place: int, units: Units, seconds: float) -> Found:
    """Ask whether the answer after one pays more than it."""
    exact = _Exact(sheet, kernel, sheet.open_cases(asked.id))
    better, worse = ({"picks": exact.answered({asked.id: place + more})} for more in (0, 1))
    if asked.is_restricted:  # a phone that is asked
        exact.world.facts.append(z3.Not(exact.picks[asked.id][-1]))
    return exact.compare(better, worse, [(exact.units, one) for one in units], seconds)


def exact_fact(sheet: Sheet, kernel: _Kernel, scale: Scale, place: int, units: Units, seconds: float) -> Found:
    """Ask whether the label after one of a rule of the list pays more than it."""
    exact = _Exact(sheet, kernel, sheet.cases)
    at, count = sheet.scales.index(scale), len(scale.rates)
    better, worse = (
        {"scales": [*exact.scales[:at], _only(place + more, count), *exact.scales[at + 1 :]]} for more in (0, 1)
    )
    return exact.compare(better, worse, [(exact.units, one) for one in units], seconds)


def exact_market(sheet: Sheet, kernel: _Kernel, units: Units, seconds: float) -> Found:
    """Ask whether a higher market price pays less."""
    exact = _Exact(sheet, kernel, sheet.cases)
    dearer, more = _market(exact.world, sheet)
    exact.world.facts.append(more >= exact.units)
    return exact.compare({"market": dearer}, {}, list(zip((exact.units, more), units, strict=False)), seconds)
