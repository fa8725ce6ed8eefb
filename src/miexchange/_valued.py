"""The way of a phone that nothing speaks against: decided by bits and look-ups, and valued by the kernel.

Reasons have texts, so they are collected only if there are any: see `miexchange._refused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from miexchange import _kernel
from miexchange._decisions import WARNED, let_pass
from miexchange._periods import line_of, period_at
from miexchange._value import proved
from miexchange.eligibility import about_numbers, stale_reason, warnings_of
from miexchange.imei import Imei
from miexchange.money import BPS
from miexchange.programme.rules import Facts
from miexchange.quote import GrantedBonus, quote_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from miexchange._periods import Period
    from miexchange.catalogue import Device
    from miexchange.condition import Condition
    from miexchange.eligibility import ImeiStatus, RegisterAnswer
    from miexchange.programme import Bonus, Programme, StepName
    from miexchange.programme._effects import Effect
    from miexchange.programme.rules import Label, Retention
    from miexchange.programme.terms import Offer
    from miexchange.quote import Quote, QuoteLine
    from miexchange.refusal import Reason

__all__ = ["granted", "quoted"]

_Read = list[tuple["Retention", "Label"]]
_Numbers = tuple[tuple[Imei, ...], tuple["Reason", ...]]

Grant = tuple[int, "Bonus", "str | None"]
"""The amount of a bonus, the bonus, and the new model that it is bound to."""


class _Worth(NamedTuple):
    """The value of a phone without bonuses, and its steps; those that cost nothing have no place in them.

    Attributes:
        value: the exchange value.
        steps: its steps, as the kernel writes them.
        grade: the position of the grade.
        names: the names of the steps before the grade's, and of those between it and the last four.
    """

    value: int
    steps: list[int]
    grade: int
    names: tuple[list[StepName], list[StepName]]


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
        period, (before, after) = self.period, self.worth.names
        terms = period.terms
        grade = terms.grade_names[self.worth.grade]
        of_rules = [rule.name(terms, label) for rule, label in self.read]
        lines = [period.market_line]
        names = (*before, *of_rules, grade, *after, *period.closing)
        for amount, name in zip(self.worth.steps[1:], names, strict=True):
            if amount or name is grade:
                lines.append(line_of(name, amount))
        for amount, bonus, _ in self.grants:
            lines.append(line_of((f"bonus:{bonus.id}", bonus.says, f"bonuses[{bonus.id}]"), amount))
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
    grants: list[Grant] = []
    if terms.bonuses:
        on = at.astimezone(programme.zone).date()
        grants = granted(worth.value, period.offers(told["target"], dict(kept), on))
    imeis, warnings = numbers
    valued = Valued(period, device, options, at, imeis, status, answer, warnings, kept, told, read, worth, grants)
    return quote_of(valued, worth.value, worth.value + sum([amount for amount, *_ in grants]))


_NOTHING: _Read = []
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
    if one is None and other is None:
        return _NO_NUMBERS
    imeis = [number for number in (one, other) if type(number) is Imei]
    if len(imeis) < (one is not None) + (other is not None):
        return None  # one cannot be read
    hours = period.terms.eligibility.register_hours
    is_old = hours > 0 and stale_reason(answer, hours, at) is not None
    said = about_numbers(len(imeis) == 1, len(imeis) > 1 and imeis[0].body == imeis[-1].body, status, is_old)
    for imei in imeis:
        said |= period.bits_of(imei, programme)
    if said:
        passing = let_pass(said, period.refused)
        if said != passing:
            return None
        if said & WARNED:
            return tuple(imeis), warnings_of(imeis, said, period.variant, programme.catalogue, programme.tacs)
    return tuple(imeis), ()


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
    added: list[StepName] = []
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
            added.append(effect.added)
    retentions += [rule.rate(terms, label) for rule, label in read]
    retentions.append(terms.grades[grade].keep_bps)
    places = sorted(costs)
    deductions, names = [costs[place] for place in places], [deducted[place] for place in places]
    ones, others, counted = list[int](), list[int](), list[int]()
    if len(places) > 1:
        for (one, other, counted_bps), name in zip(terms.overlap_positions, terms.overlap_names, strict=True):
            if one in costs and other in costs:
                ones.append(places.index(one))
                others.append(places.index(other))
                counted.append(counted_bps)
                names.append(name)
    steps = [0] * (len(retentions) + len(deductions) + len(ones) + len(extras) + _kernel.FIXED_STEPS)
    operands = (period.market, retentions, deductions, ones, others, counted, extras)
    value = _kernel.write_steps(steps, *operands, terms.factor_bps, period.floor, terms.step_minor)
    return _Worth(value, steps, grade, (retained, names + added))


def granted(value: int, offers: tuple[Offer, ...]) -> list[Grant]:
    """Return every stackable bonus that a value earns, and the largest of the others."""
    amounts = [
        _kernel.bonus(value, bonus.from_value_minor, bonus.amount_minor, bonus.share_bps, bonus.most_minor)
        for bonus, _ in offers
    ]
    _kernel.grant(amounts, [bonus.stackable for bonus, _ in offers])
    earned = [(amount, *offer) for amount, offer in zip(amounts, offers, strict=True) if amount]
    return sorted(earned, key=lambda grant: not grant[1].stackable)
