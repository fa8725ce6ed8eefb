"""The way of a phone that nothing speaks against: decided by bits and look-ups, and valued by the kernel.

Reasons have texts, so they are collected only if there are any: see `miexchange._refused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from miexchange import _kernel
from miexchange._decisions import WARNED, let_pass
from miexchange._periods import period_at
from miexchange._value import proved
from miexchange.eligibility import about_numbers, stale_reason, warnings_of
from miexchange.imei import Imei
from miexchange.money import BPS
from miexchange.programme.rules import Facts
from miexchange.quote import GrantedBonus, QuoteLine, quote_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from miexchange._periods import Period
    from miexchange.catalogue import Device
    from miexchange.condition import Condition
    from miexchange.eligibility import ImeiStatus, RegisterAnswer
    from miexchange.programme import Bonus, Programme, StepName, Terms
    from miexchange.programme._effects import Effect
    from miexchange.programme.rules import Label, Retention
    from miexchange.programme.terms import Offer
    from miexchange.quote import Quote
    from miexchange.refusal import Reason

__all__ = ["granted", "quoted"]

_Read = list[tuple["Retention", "Label"]]
_Numbers = tuple[tuple[Imei, ...], tuple["Reason", ...]]

Grant = tuple[int, "Bonus", "str | None"]
"""The amount of a bonus, the bonus, and the new model that it is bound to."""


_NEW = object.__new__
_SET_RULE, _SET_AMOUNT, _SET_EFFECT, _SET_SOURCE = (
    getattr(QuoteLine, name).__set__ for name in ("rule", "amount", "effect", "source")
)


def _line(name: StepName, amount: int) -> QuoteLine:
    """Make a line of validated parts without checking them again: a quote has ten, and this is the hot path."""
    line = _NEW(QuoteLine)
    _SET_RULE(line, name[0])
    _SET_AMOUNT(line, amount)
    _SET_EFFECT(line, name[1])
    _SET_SOURCE(line, name[2])
    return line


class _Worth(NamedTuple):
    """The value of a phone without bonuses, and its steps; those that cost nothing have no place in them.

    Attributes:
        value: the exchange value.
        steps: its steps, as the kernel writes them.
        grade: the position of the grade.
        retained: the names of the steps before those of rules.
        names: the names of the steps between the grade's and the last four.
    """

    value: int
    steps: list[int]
    grade: int
    retained: list[StepName]
    names: list[StepName]


class Valued(NamedTuple):
    """A phone and its value: a quote takes its fields from here when they are asked for."""

    period: Period
    device: Device
    options: Condition
    at: datetime
    imeis: tuple[Imei, ...]
    imei_status: ImeiStatus
    register_answer: RegisterAnswer | None
    warnings: tuple[Reason, ...]
    bonuses_given: tuple[tuple[str, int], ...]
    told: Mapping[str, str | None]
    read: _Read
    worth: _Worth
    grants: list[Grant]

    def field(self, name: str) -> object:
        """Return a field of the quote."""
        shared = self.period.shared
        if name in shared:
            return shared[name]
        return self.told[name] if name in self.told else getattr(self, name)

    @property
    def valid_until(self) -> datetime:
        return self.at + self.period.terms.quote_life

    @property
    def indicative(self) -> bool:
        return not self.imeis

    @property
    def purchased_on(self) -> date | None:
        return self.device.purchased_on

    @property
    def condition(self) -> Condition:
        questionnaire = self.period.terms.questionnaire
        return questionnaire.as_asked(self.options) if questionnaire.several else self.options

    @property
    def grade(self) -> str:
        return self.period.terms.grades[self.worth.grade].id

    @property
    def bonuses(self) -> tuple[GrantedBonus, ...]:
        return tuple(
            [
                proved(GrantedBonus, id=bonus.id, amount=amount, target=bound_to, quota=bonus.quota)
                for amount, bonus, bound_to in self.grants
            ]
        )

    @property
    def lines(self) -> tuple[QuoteLine, ...]:
        """Every step that changed the value, with its name; the grade's always."""
        period, worth = self.period, self.worth
        terms = period.terms
        grade = terms.grade_names[worth.grade]
        of_rules = [rule.name(terms, label) for rule, label in self.read]
        names = (period.market_name, *worth.retained, *of_rules, grade, *worth.names, *period.closing)
        lines = [
            _line(name, amount)
            for name, amount in zip(names, worth.steps, strict=True)
            if amount or name is grade or name is period.market_name
        ]
        for amount, bonus, _ in self.grants:
            lines.append(_line((f"bonus:{bonus.id}", bonus.says, f"bonuses[{bonus.id}]"), amount))
        return tuple(lines)


def quoted(
    device: Device,
    condition: Condition,
    programme: Programme,
    at: datetime,
    status: ImeiStatus,
    answer: RegisterAnswer | None,
    given: Mapping[str, int],
    told: Mapping[str, str | None],
) -> Quote | None:
    """Return the quote of a phone, given arguments of validated types; None if anything speaks against the phone."""
    period = period_at(programme, device.model, at)
    if period is None or period.price is None:
        return None
    terms = period.terms
    numbers = _numbers(device, period, programme, at, status, answer)
    if numbers is None:
        return None
    options = terms.questionnaire.as_options(condition) if terms.questionnaire.is_reworded else condition
    effects = period.reader_of(options._answers).read(options._answers)  # noqa: SLF001 - the dict itself: the hot path
    read = _read(device, period, programme, at, told) if terms.retentions else _NOTHING
    worth = None if effects is None or read is None else _worth(effects, read, period, programme, at)
    if worth is None or read is None:
        return None
    kept: tuple[tuple[str, int], ...] = ()
    if given:
        quotas = {bonus.id for bonus in terms.bonuses if bonus.quota is not None}
        kept = tuple(sorted((name, times) for name, times in given.items() if name in quotas))
    grants, coupon_value = _NO_GRANTS, worth.value
    if terms.bonuses:
        grants = granted(worth.value, period.offers(programme, at, told["target"], dict(kept)))
        for amount, *_ in grants:
            coupon_value += amount
    imeis, warnings = numbers
    valued = Valued(period, device, options, at, imeis, status, answer, warnings, kept, told, read, worth, grants)
    return quote_of(valued, worth.value, coupon_value)


_NOTHING: _Read = []
_NO_GRANTS: list[Grant] = []
_NO_NUMBERS: _Numbers = (), ()


def _numbers(
    device: Device,
    period: Period,
    programme: Programme,
    at: datetime,
    status: ImeiStatus,
    answer: RegisterAnswer | None,
) -> _Numbers | None:
    """Return the IMEIs and the warnings about them; None if there is a reason against them."""
    one, other = device.imei, device.imei2
    if one is None:
        one, other = other, None
    if one is None:
        return _NO_NUMBERS
    if type(one) is not Imei or not (other is None or type(other) is Imei):
        return None  # it cannot be read
    imeis = (one,) if other is None else (one, other)
    hours = period.terms.eligibility.register_hours
    is_old = hours > 0 and stale_reason(answer, hours, at) is not None
    said = about_numbers(other is None, other is not None and one.body == other.body, status, is_old)
    for imei in imeis:
        said |= period.bits_of(imei, programme)
    if said:
        passing = let_pass(said, period.refused)
        if said != passing:
            return None
        if said & WARNED:
            return imeis, warnings_of(imeis, said, period.variant, programme.catalogue, programme.tacs)
    return imeis, ()


def _read(
    device: Device, period: Period, programme: Programme, at: datetime, told: Mapping[str, str | None]
) -> _Read | None:
    """Return the labels that the rules of the list read; None if one of them is a reason against the phone."""
    terms, on = period.terms, at.astimezone(programme.zone).date()
    facts = Facts(device.purchased_on, on, (at - period.shared["priced_from"]).days, told)
    read = [(rule, facts.label(rule.reads)) for rule in terms.retentions]
    return read if all(rule.code(terms, label) is None for rule, label in read) else None


def _worth(effects: list[Effect], read: _Read, period: Period, programme: Programme, at: datetime) -> _Worth | None:
    """Collect the numbers and run the kernel; None if an answer refuses the phone, or its repair anchor is missing."""
    terms, grade = period.terms, 0
    retentions: list[int] = []
    retained: list[StepName] = []
    costs: dict[int, int] = {}
    deducted: dict[int, StepName] = {}
    extras: list[int] = []
    names: list[StepName] = []
    for effect in effects:
        if effect.gate:
            return None
        grade = max(grade, effect.grade)
        if effect.keep_bps != BPS:
            retentions.append(effect.keep_bps)
            retained.append(effect.retained)
        if effect.deduction is not None:
            cost = period.cost(effect, programme, at)
            if cost is None:
                return None
            if cost > costs.get(effect.place, 0):
                costs[effect.place], deducted[effect.place] = cost, effect.deducted
        if effect.extra_minor:
            extras.append(effect.extra_minor)
            names.append(effect.added)
    for rule, label in read:
        retentions.append(rule.rate(terms, label))
    retentions.append(terms.grades[grade].keep_bps)
    operands: _Costs = _NO_COSTS
    if costs:
        operands, of_costs = _costs(costs, deducted, terms)
        names = of_costs + names
    steps = [0] * (len(retentions) + sum(map(len, operands[:2])) + len(extras) + _kernel.FIXED_STEPS)
    closing = terms.factor_bps, period.floor, terms.step_minor
    value = _kernel.write_steps(steps, period.market, retentions, *operands, extras, *closing)
    return _Worth(value, steps, grade, retained, names)


_Costs = tuple["Sequence[int]", "Sequence[int]", "Sequence[int]", "Sequence[int]"]
_NO_COSTS: _Costs = (), (), (), ()


def _costs(costs: dict[int, int], deducted: dict[int, StepName], terms: Terms) -> tuple[_Costs, list[StepName]]:
    """Return the deductions, the overlaps of two of them as the kernel takes both, and their names."""
    places = sorted(costs)
    names = [deducted[place] for place in places]
    ones, others, counted = list[int](), list[int](), list[int]()
    for (one, other, counted_bps), name in zip(terms.overlap_positions, terms.overlap_names, strict=True):
        if one in costs and other in costs:
            ones.append(places.index(one))
            others.append(places.index(other))
            counted.append(counted_bps)
            names.append(name)
    return ([costs[place] for place in places], ones, others, counted), names


def granted(value: int, offers: Sequence[Offer]) -> list[Grant]:
    """Return every stackable bonus that a value earns, and the largest of the others."""
    amounts: list[int] = []
    for bonus, _ in offers:
        amount = _kernel.bonus(value, bonus.from_value_minor, bonus.amount_minor, bonus.share_bps, bonus.most_minor)
        amounts.append(amount)
    _kernel.grant(amounts, [bonus.stackable for bonus, _ in offers])
    earned = [(amount, *offer) for amount, offer in zip(amounts, offers, strict=True) if amount]
    return sorted(earned, key=_is_exclusive) if len(earned) > 1 else earned


def _is_exclusive(grant: Grant) -> bool:
    return not grant[1].stackable
