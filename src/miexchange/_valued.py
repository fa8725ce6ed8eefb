"""The way of a phone that nothing speaks against: decided by bits and look-ups, and valued by the kernel.

Reasons have texts, so they are collected only if there are any: see `miexchange._refused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from miexchange._periods import Period
    from miexchange.catalogue import Device
    from miexchange.condition import Condition
    from miexchange.eligibility import ImeiStatus, RegisterAnswer
    from miexchange.programme import Programme, StepName, Terms
    from miexchange.programme._effects import Effect
    from miexchange.programme.rules import Label, Retention
    from miexchange.programme.terms import Offer, Offers
    from miexchange.quote import Quote, QuoteLine, Shared
    from miexchange.refusal import Reason

__all__ = ["granted", "quoted"]

_Read = list[tuple["Retention", "Label"]]
_Numbers = tuple[tuple[Imei, ...], tuple["Reason", ...]]

Grant = tuple[int, "Offer"]
"""The amount of a bonus, and its offer."""


class _Worth(NamedTuple):
    """The value of a phone without bonuses, and its steps; those that cost nothing have no place in them.

    Attributes:
        value: the exchange value.
        steps: its steps, as the kernel writes them.
        grade: the position of the grade.
        retained: the names of the steps of answers that keep a part of the price.
        deducted: the lines of the deductions.
        overlapping: the names of the overlaps.
        added: the names of the extras.
    """

    value: int
    steps: list[int]
    grade: int
    retained: list[StepName]
    deducted: list[QuoteLine]
    overlapping: list[StepName]
    added: list[StepName]


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
        """Return a field of the quote, other than its values."""
        shared = self.period.shared
        if name in shared:
            return shared[name]
        return self.told[name] if name in self.told else getattr(self, name)

    @property
    def shared(self) -> Shared:
        return self.period.shared

    def own(self) -> dict[str, Any]:
        """Return the fields that are not shared, other than its values."""
        return {
            **self.told,
            "at": self.at,
            "valid_until": self.valid_until,
            "imeis": self.imeis,
            "indicative": not self.imeis,
            "imei_status": self.imei_status,
            "purchased_on": self.device.purchased_on,
            "condition": self.condition,
            "grade": self.grade,
            "bonuses_given": self.bonuses_given,
            "bonuses": self.bonuses,
            "lines": self.lines,
            "warnings": self.warnings,
            "register_answer": self.register_answer,
        }

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
                proved(GrantedBonus, id=offer.bonus.id, amount=amount, target=offer.target, quota=offer.bonus.quota)
                for amount, offer in self.grants
            ]
        )

    @property
    def lines(self) -> tuple[QuoteLine, ...]:
        """Every step that changed the value, with its name; the grade's always."""
        period, worth, steps = self.period, self.worth, self.worth.steps
        terms, retained, after = period.terms, worth.retained, 1
        if self.read:
            retained = [*retained, *[rule.name(terms, label) for rule, label in self.read]]
        lines = [period.market_line]
        for name in retained:
            if steps[after]:
                lines.append(line_of(name, steps[after]))
            after += 1
        lines.append(line_of(terms.grade_names[worth.grade], steps[after]))
        lines += worth.deducted
        after += 1 + len(worth.deducted)
        for name in (*worth.overlapping, *worth.added, *period.closing):
            if steps[after]:
                lines.append(line_of(name, steps[after]))
            after += 1
        for amount, offer in self.grants:
            lines.append(line_of(offer.name, amount))
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
        for amount, _ in grants:
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
    deducted: dict[int, QuoteLine] = {}
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
            line = period.deduction(effect, programme, at)
            if line is None:
                return None
            if line.amount < (deducted[effect.place].amount if effect.place in deducted else 0):
                deducted[effect.place] = line
        if effect.extra_minor:
            extras.append(effect.extra_minor)
            added.append(effect.added)
    for rule, label in read:
        retentions.append(rule.rate(terms, label))
    retentions.append(terms.grades[grade].keep_bps)
    lines, overlapping, costs = _NO_LINES, _NO_NAMES, _NO_COSTS
    if deducted:
        lines, overlapping, costs = _costs(deducted, terms)
    steps = [0] * (len(retentions) + len(lines) + len(overlapping) + len(extras) + _kernel.FIXED_STEPS)
    closing = terms.factor_bps, period.floor, terms.step_minor
    value = _kernel.write_steps(steps, period.market, retentions, *costs, extras, *closing)
    return _Worth(value, steps, grade, retained, lines, overlapping, added)


_Costs = tuple["Sequence[int]", "Sequence[int]", "Sequence[int]", "Sequence[int]"]
_NO_COSTS: _Costs = (), (), (), ()
_NO_LINES: list[QuoteLine] = []
_NO_NAMES: list[StepName] = []


def _costs(deducted: dict[int, QuoteLine], terms: Terms) -> tuple[list[QuoteLine], list[StepName], _Costs]:
    """Return the deductions in order, the names of their overlaps, and both as the kernel takes them."""
    places = sorted(deducted)
    lines = [deducted[place] for place in places]
    names: list[StepName] = []
    ones, others, counted = list[int](), list[int](), list[int]()
    for position, (one, other, counted_bps) in enumerate(terms.overlap_positions):
        if one in deducted and other in deducted:
            ones.append(places.index(one))
            others.append(places.index(other))
            counted.append(counted_bps)
            names.append(terms.overlap_names[position])
    return lines, names, ([-line.amount for line in lines], ones, others, counted)


def granted(value: int, offers: Offers) -> list[Grant]:
    """Return every stackable bonus that a value earns, and the largest of the others."""
    amounts = [_kernel.bonus(value, *offer.operands) for offer in offers[0]]
    _kernel.grant(amounts, offers[1])
    grants = [grant for grant in zip(amounts, offers[0], strict=True) if grant[0]]
    return sorted(grants, key=_is_exclusive)


def _is_exclusive(grant: Grant) -> bool:
    return not grant[1].bonus.stackable
