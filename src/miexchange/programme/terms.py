"""The dated terms of a programme: the retentions, deductions and extras, and the rules of coupons and exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, cast

from miexchange._bounded import Between, Further, Id, Items, Note, Since, Words, bound_of
from miexchange._limits import LISTED
from miexchange._text import WIDEST, native
from miexchange._value import Value, argument, instant, pairs, require, whole
from miexchange.catalogue import Variant
from miexchange.condition import Grade, Questionnaire
from miexchange.eligibility import EligibilityTerms, Hours
from miexchange.errors import out_of_range, shown
from miexchange.money import BPS, GREATEST_AMOUNT, Amount, Currency, percent
from miexchange.programme._effects import Effect, Reader
from miexchange.programme.authority import Authority
from miexchange.programme.days_off import DaysOff, counted
from miexchange.programme.limits import LONGEST_DAYS, Limit
from miexchange.programme.rules import INPUTS, RETENTIONS, RULES, Bonus, Settings
from miexchange.programme.scrap import ScrapValue, closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miexchange._value import Fault
    from miexchange.programme._effects import Effects
    from miexchange.programme.rules import Retention

__all__ = ["NONE_GIVEN", "ExchangeRules", "StepName", "Terms", "UsageRules"]


SomeWords = Annotated[tuple[Id, ...], Items(1, LISTED, "self")]
"""Brands, categories or channels, without duplicates, at least one."""

StepName = tuple[str, str, str]
"""The labels of a step of a value: its rule, its effect for people, and its source row."""


class Offer(NamedTuple):
    """A bonus that is paid if a value earns it.

    Attributes:
        bonus: the bonus that is paid: the offered one, or its fall-back.
        target: the new model that it is bound to; None for any.
        operands: the threshold of the offered one, and the fixed amount, share and cap of the paid one.
        name: the names of its step.
    """

    bonus: Bonus
    target: str | None
    operands: tuple[int, int, int, int]
    name: StepName


Offers = tuple[tuple[Offer, ...], tuple[bool, ...]]
"""Offers, and whether each is stackable."""


NONE_GIVEN: Mapping[str, int] = MappingProxyType({})
"""No bonus with a quota was given yet."""


_MOST_READERS = 4_096
"""The number of cached readers of answers: each set of omitted questions has its own."""

_COUNTS = "give a mapping of bonus id to how often it was given"


def counts_given(given: object) -> Mapping[str, int]:
    """Return the number of times that each bonus was given, by its id as a plain text.

    Raises:
        InvalidValue: it is not such a mapping.
    """
    if given is NONE_GIVEN:
        return NONE_GIVEN
    counts = [(native(name), native(times)) for name, times in pairs(given, "bonuses_given", _COUNTS)]
    for name, times in counts:
        if not (type(name) is str and type(times) is int and 0 <= times < WIDEST):
            raise out_of_range("bonuses_given", given, _COUNTS, f"says {shown(times)} of {shown(name)}")
    return dict(cast("list[tuple[str, int]]", counts))


@dataclass(frozen=True, slots=True)
class UsageRules(Value):
    """The rules of use of a coupon.

    Attributes:
        valid_days: the validity as a number of times 24 hours from the moment of issue; 0 sets no end.
        categories: the product categories that it buys.
        brands: the brands that it buys.
        channels: the places where it can be used.
        applies_to: ``one_unit``: one unit of one line gets the discount, the dearest;
            ``eligible_lines``: every eligible line gets its share.
        minimum_order_minor: the least sum of eligible lines.
        surplus: the use of the part that the order does not use up: ``forfeit``, or it is returned as ``store_credit``
            or as ``cash``, as far as it is the phone's value and not a bonus.
        stacks_with: the kinds of other discounts that the order may have.
        source: the source of the rules.
        devices_per_order: the most old phones that may be traded in for one order, each for a unit of its own.
    """

    valid_days: Annotated[int, Between(0, LONGEST_DAYS), Further(2, (0,))]
    categories: SomeWords
    brands: SomeWords
    channels: SomeWords
    applies_to: Literal["one_unit", "eligible_lines"]
    minimum_order_minor: Amount
    surplus: Annotated[Literal["forfeit", "store_credit", "cash"], Further(2, ("cash",))]
    stacks_with: Words
    source: Note = ""
    devices_per_order: Annotated[int, Between(1, 100), Since(3)] = 1

    def _faults(self) -> Iterator[Fault]:
        if self.devices_per_order > 1 and self.applies_to != "one_unit":
            rule = 'give 1, or applies_to = "one_unit": each old phone is traded in for a unit of its own'
            yield "devices_per_order", self.devices_per_order, rule

    def until(self, at: datetime) -> datetime | None:
        """Return the first instant at which a coupon issued at an instant is no longer valid; None for never.

        Raises:
            InvalidValue: it is not an instant with a zone.
        """
        return instant(at, "at") + timedelta(days=self.valid_days) if self.valid_days else None


@dataclass(frozen=True, slots=True)
class ExchangeRules(Value):
    """The rules of an exchange between checkout and doorstep.

    Attributes:
        inspection: whether the old phone must be inspected before the exchange is completed.
        released_validity: the validity of a coupon after its order is cancelled: ``remaining``, the time that was
            left when it was reserved; or ``full``, all its days anew. Either counts from the cancellation.
        mismatch: the policy if the inspected phone is worth less than quoted by more than the tolerance:
            ``honour`` the quote all the same, let the customer agree to pay the ``difference``, accept the phone at its
            ``lower`` value without asking, or ``cancel`` the exchange.
        tolerance_minor: a shortfall of up to this is honoured; so is one within tolerance_bps.
        tolerance_bps: a shortfall of up to this share of the coupon's value, in basis points, is honoured; so is one
            within tolerance_minor.
        decide_hours: the time that the customer has to accept or decline a re-quote; 0 if none is made.
        reversal: the return for the old phone when the new one is returned: ``none``, the exchange
            cannot be reversed; ``store_credit`` of its value without bonuses; or the ``old_phone`` itself.
        reversal_days: the time for that after the hand-over, as a number of times 24 hours; 0 if it cannot be reversed.
        rebuy: whether a device that was bought is bought ``never`` again, or ``after`` some days. A reversal frees it.
        rebuy_days: the waiting time after the hand-over, as a number of times 24 hours; 0 if it is never bought again.
        skew_seconds: the greatest difference of the clocks of a service's machines: an instant that is earlier than the
            one that it follows by up to this much counts as that instant.
        accept_register_hours: the greatest age of a register's answer at acceptance; 0 if none is demanded.
        hand_over_register_hours: the same at the inspection before the hand-over, where the register is asked again.
        limits: limits of the number of exchanges begun in a window.
        identity_above_minor: above this exchange value, nothing is handed over before a reference to the seller's
            identity is on record; 0 demands it of everybody, None of nobody.
        ownership_above_minor: the same for the proof of ownership.
        send_days: the time after the order to send or hand over the old phone, as a number of times 24 hours; then a
            sweep cancels the exchange. 0 sets no limit.
        unlock_hours: the time that the customer has to unlock a phone that an inspection finds locked; then a sweep
            cancels the exchange. With 0 it is not a finding: the phone is inspected again once it is unlocked.
        wipe: whether a record of the wiped data is ``optional``, or demanded ``before_hand_over``; only a phone
            that was inspected has one by then.
        return_below_bps: if the phone is worth less than this share of the coupon's value, in basis points, the
            exchange is cancelled and the phone goes back, although the policy would pay the lower value; 0 for never.
        payment: whether the coupon is taken off the order ``at_checkout``; or nothing is, the order is paid in full,
            and the value of the phone is paid ``after_inspection``, once it was handed over.
        pickup_attempts: the number of failed pickups of the old phone at which the exchange is cancelled; 0 for no
            limit.
        days_off: the days that do not count in `send_days` and `reversal_days`, in order.
        source: the source of the rules.
        authorities: the roles that may grant more than the rules give for a phone that is worth less than quoted, and
            the greatest amounts; a role that is not listed may not.
        coupon: when the coupon can be used: ``at_acceptance``; or only ``after_inspection``, once the old phone was
            handed over and inspected, for any later order. Its value is then that of the phone as it was found, and its
            days count from then.
    """

    inspection: Literal["required", "optional"]
    released_validity: Literal["remaining", "full"]
    mismatch: Annotated[Literal["honour", "difference", "cancel", "lower"], Further(3, ("lower",))]
    reversal: Literal["none", "store_credit", "old_phone"]
    tolerance_minor: Amount = 0
    tolerance_bps: Annotated[int, Between(0, BPS - 1)] = 0
    decide_hours: Annotated[int, Between(0, 24 * LONGEST_DAYS)] = 0
    reversal_days: Annotated[int, Between(0, LONGEST_DAYS)] = 0
    rebuy: Literal["never", "after"] = "never"
    rebuy_days: Annotated[int, Between(0, LONGEST_DAYS)] = 0
    skew_seconds: Annotated[int, Between(0, 300)] = 2
    accept_register_hours: Hours = 0
    hand_over_register_hours: Hours = 0
    limits: Annotated[tuple[Limit, ...], Items(0, LISTED, "id")] = ()
    source: Note = ""
    identity_above_minor: Annotated[Amount | None, Since(2)] = None
    ownership_above_minor: Annotated[Amount | None, Since(2)] = None
    send_days: Annotated[int, Between(0, LONGEST_DAYS), Since(2)] = 0
    unlock_hours: Annotated[int, Between(0, 24 * LONGEST_DAYS), Since(2)] = 0
    wipe: Annotated[Literal["optional", "before_hand_over"], Since(2)] = "optional"
    return_below_bps: Annotated[int, Between(0, BPS), Since(3)] = 0
    payment: Annotated[Literal["at_checkout", "after_inspection"], Since(3)] = "at_checkout"
    pickup_attempts: Annotated[int, Between(0, 100), Since(3)] = 0
    days_off: Annotated[tuple[DaysOff, ...], Items(0, LISTED), Since(3)] = ()
    authorities: Annotated[tuple[Authority, ...], Items(0, LISTED, "role"), Since(3)] = ()
    coupon: Annotated[Literal["at_acceptance", "after_inspection"], Since(4)] = "at_acceptance"

    def _faults(self) -> Iterator[Fault]:
        for field, policy, is_read, is_needed in (
            ("tolerance_minor", "mismatch", self.mismatch != "honour", False),
            ("tolerance_bps", "mismatch", self.mismatch != "honour", False),
            ("decide_hours", "mismatch", self.mismatch == "difference", True),
            ("reversal_days", "reversal", self.reversal != "none", True),
            ("rebuy_days", "rebuy", self.rebuy == "after", True),
            ("hand_over_register_hours", "inspection", self.inspection == "required", False),
            ("return_below_bps", "mismatch", self.mismatch in {"difference", "lower"}, False),
            ("authorities", "mismatch", self.mismatch == "difference", False),
        ):
            number, said = getattr(self, field), f'{policy} = "{getattr(self, policy)}"'
            if number and not is_read:
                yield field, number, f"leave it out, or choose another policy: it is never read with {said}"
            elif is_needed and is_read and not number:
                most = bound_of(ExchangeRules, field).most
                yield field, number, f"give a whole number from 1 to {most} with {said}"
        if self.return_below_bps + self.tolerance_bps > BPS:
            rule = f"give at most {BPS - self.tolerance_bps}: what is within tolerance_bps is honoured"
            yield "return_below_bps", self.return_below_bps, rule
        if self.payment == "after_inspection" and self.inspection == "optional":
            yield "payment", self.payment, 'give "at_checkout", or inspection = "required"'
        yield from self._faults_of_coupon()
        for place, (one, other) in enumerate(pairwise(self.days_off), 1):
            if other.begins < one.ends:
                yield f"days_off.{place}.begins", other.begins, "give days off in their order, none twice"

    def _faults_of_coupon(self) -> Iterator[Fault]:
        for field, wanted in (("inspection", "required"), ("payment", "at_checkout"), ("wipe", "optional")):
            given = getattr(self, field)
            if self.coupon == "after_inspection" and given != wanted:
                yield field, given, f'give "{wanted}", or coupon = "at_acceptance"'

    def after_days(self, since: datetime, days: int) -> datetime:
        """Return the instant a number of days that count after another: a deadline of `send_days` or `reversal_days`.

        >>> from datetime import UTC
        >>> christmas = DaysOff(datetime(2024, 12, 25, tzinfo=UTC), datetime(2024, 12, 27, tzinfo=UTC), "Christmas")
        >>> rules = ExchangeRules("required", "remaining", "cancel", "none", send_days=3, days_off=(christmas,))
        >>> rules.after_days(datetime(2024, 12, 24, tzinfo=UTC), rules.send_days).isoformat()
        '2024-12-29T00:00:00+00:00'

        Raises:
            InvalidValue: it is not an instant, or not a number of days up to ten years.
        """
        since, days = instant(since, "since"), whole(days, "days")
        require(0 <= days <= LONGEST_DAYS, "days", days, f"give 0 to {LONGEST_DAYS} days")
        return counted(since, days, self.days_off)

    def following(self, at: datetime, after: datetime) -> datetime:
        """Return the instant of an event after another one, allowing for clocks that differ a little.

        >>> from datetime import UTC
        >>> rules = ExchangeRules("required", "remaining", "cancel", "none")
        >>> noon = datetime(2018, 3, 20, 12, tzinfo=UTC)
        >>> rules.following(noon - timedelta(milliseconds=1), noon) == noon
        True
        """
        at, after = instant(at, "at"), instant(after, "after")
        return max(at, after) if after - at <= timedelta(seconds=self.skew_seconds) else at

    def buys_again(self, bought: datetime, at: datetime) -> bool:
        """Tell whether a device that was bought at one instant may be bought again at another."""
        bought, at = instant(bought, "bought"), instant(at, "at")
        return self.rebuy == "after" and at - bought >= timedelta(days=self.rebuy_days)

    def demands_identity(self, value: int) -> bool:
        """Tell whether a reference to the seller's identity must be on record before a hand-over at a value.

        >>> rules = ExchangeRules("required", "remaining", "cancel", "none", identity_above_minor=1_000_000)
        >>> rules.demands_identity(1_000_000), rules.demands_identity(1_000_001)
        (False, True)
        """
        return self.identity_above_minor is not None and whole(value, "value") > self.identity_above_minor

    def demands_ownership(self, value: int) -> bool:
        """Tell the same for a reference to the proof of ownership."""
        return self.ownership_above_minor is not None and whole(value, "value") > self.ownership_above_minor

    def authority_of(self, role: str) -> Authority | None:
        """Return the authority of a role; None if it has none."""
        return next((one for one in self.authorities if one.role == role), None)

    def honours(self, shortfall: int, value: int) -> bool:
        """Tell whether a device with a given shortfall from the coupon's value is accepted as quoted.

        The share is compared without rounding: shortfall / value against tolerance_bps / 10 000. A device that is worth
        more is within any tolerance.

        >>> rules = ExchangeRules("required", "remaining", "cancel", "none", tolerance_minor=20_000)
        >>> rules.honours(20_000, 1_000_000), rules.honours(20_001, 1_000_000)
        (True, False)
        """
        shortfall, value = whole(shortfall, "shortfall"), whole(value, "value")
        within = shortfall <= self.tolerance_minor or shortfall * BPS <= value * self.tolerance_bps
        return self.mismatch == "honour" or within

    def sends_back(self, found: int, value: int) -> bool:
        """Tell whether a device of a given value, which is not honoured, is refused altogether.

        The share is compared without rounding: found / value against return_below_bps / 10 000.

        >>> rules = ExchangeRules("required", "remaining", "lower", "none", return_below_bps=7_500)
        >>> rules.sends_back(74_999, 100_000), rules.sends_back(75_000, 100_000)
        (True, False)
        """
        found, value = whole(found, "found"), whole(value, "value")
        return self.mismatch == "cancel" or found * BPS < value * self.return_below_bps


@dataclass(frozen=True)
class Terms(Settings, Value):
    """One dated version of a programme's terms. It holds until the next version begins.

    The settings of the rules of the list are fields too: see `miexchange.programme.rules.Settings`.

    Attributes:
        version: the version's name; a quote records it.
        effective_from: the first instant at which it is in force, UTC.
        eligibility: the rules of eligibility.
        questionnaire: the questions, and the effect of each answer.
        grades: the grades, best first.
        quote_valid_hours: the time in which a quote can be accepted.
        price_max_age_days: the days for which a price is fresh.
        factor_bps: the operator's share of the value.
        scrap_minor: the floor of models without a row of `scrap_values`.
        step_minor: the value is rounded down to whole steps of this.
        usage: the rules of use of the coupon.
        exchange: the rules between checkout and doorstep; None for a programme that only quotes.
        quote_seal: whether a quote is accepted only with a seal. If quotes leave the service, it must be
            ``required``: an unsealed quote that names another phone or other answers is like a new one.
        source: the source of the terms.
        scrap_values: the floors of models, brands and categories, without duplicates; the closest one counts.
    """

    version: Id
    effective_from: datetime
    eligibility: EligibilityTerms
    questionnaire: Questionnaire
    grades: Annotated[tuple[Grade, ...], Items(1, LISTED, "id")]
    quote_valid_hours: Annotated[int, Between(1, 24 * LONGEST_DAYS)]
    price_max_age_days: Annotated[int, Between(1, LONGEST_DAYS)]
    factor_bps: Annotated[int, Between(1, BPS)]
    scrap_minor: Amount
    step_minor: Annotated[int, Between(1, GREATEST_AMOUNT)]
    usage: UsageRules
    exchange: ExchangeRules | None = None
    quote_seal: Literal["optional", "required"] = "optional"
    source: Note = ""
    scrap_values: Annotated[tuple[ScrapValue, ...], Items(0, LISTED), Since(2)] = ()

    def _faults(self) -> Iterator[Fault]:
        if self.scrap_minor % self.step_minor:
            rule = f"give a multiple of step_minor, {self.step_minor}: rounding would go below it"
            yield "scrap_minor", self.scrap_minor, rule
        for place, row in enumerate(self.scrap_values):
            if row.scrap_minor % self.step_minor:
                rule = f"give a multiple of step_minor, {self.step_minor}: rounding would go below it"
                yield f"scrap_values.{place}.scrap_minor", row.scrap_minor, rule
            if self._scrap_rows[row.per, row.of] is not row:
                yield f"scrap_values.{place}.of", row.of, f"give each {row.per} one scrap value"
        options = (option for question in self.questionnaire.questions for option in question.options)
        if any(option.grade >= len(self.grades) for option in options):
            yield "grades", self.grades, "give a grade for every step that an answer can lead to"
        for element in RULES:
            if element.is_used(self):
                yield from element.faults(self)

    @cached_property
    def retentions(self) -> tuple[Retention, ...]:
        """The rules of the list that these terms use, in the order in which they are applied."""
        return tuple(rule for rule in RETENTIONS if rule.is_used(self))

    @cached_property
    def labels_told(self) -> dict[str, tuple[Any, ...]]:
        """The labels that have rates, best first, by the inputs that rules of these terms read."""
        return {rule.reads: tuple(rule.labels(self)) for rule in self.retentions if rule.reads in INPUTS}

    @cached_property
    def bonus_by_id(self) -> dict[str, Bonus]:
        """The bonuses by id."""
        return {bonus.id: bonus for bonus in self.bonuses}

    def paid_bonus(self, bonus: Bonus, given: Mapping[str, int], on: date, target: str | None) -> Bonus | None:
        """Return the bonus that is paid for an offered one: itself while its quota lasts, then its fall-back.

        Args:
            bonus: a bonus of these terms.
            given: the number of times that each bonus with a quota was given so far.
            on: the day.
            target: the new model that the customer wants to buy.

        Raises:
            InvalidValue: an argument is of another type.
        """
        argument(bonus, Bonus, "bonus")
        return self._paid(bonus, counts_given(given), on, target)

    def _paid(self, bonus: Bonus, given: Mapping[str, int], on: date, target: str | None) -> Bonus | None:
        """Return the result of `paid_bonus`, for validated counts: this is the hot path."""
        if not bonus.runs(on, target):
            return None
        paid: Bonus | None = bonus
        while paid is not None and paid.quota is not None and given.get(paid.id, 0) >= paid.quota:
            paid = self.bonus_by_id.get(paid.fall_back)
        return paid if paid is not None and paid.runs(on, target) else None

    def _offers(self, given: Mapping[str, int], on: date, target: str | None) -> Offers:
        """Return the bonuses that are paid if a value earns them, for validated counts."""
        offers: list[Offer] = []
        for bonus in self.bonuses:
            paid = self._paid(bonus, given, on, target)
            if paid is not None:
                operands = bonus.from_value_minor, paid.amount_minor, paid.share_bps, paid.most_minor
                name = f"bonus:{paid.id}", paid.says, f"bonuses[{paid.id}]"
                offers.append(Offer(paid, target if bonus.targets or paid.targets else None, operands, name))
        return tuple(offers), tuple([offer.bonus.stackable for offer in offers])

    @cached_property
    def _scrap_rows(self) -> dict[tuple[str, str], ScrapValue]:
        """The rows of the scrap values by their key: the first one of duplicates."""
        return {(row.per, row.of): row for row in reversed(self.scrap_values)}

    def scrap_of(self, variant: Variant) -> int:
        """Return the floor of a model, in minor units.

        Raises:
            InvalidValue: it is not a variant.
        """
        return self._floor_of(argument(variant, Variant, "variant"))[1]

    def _floor_of(self, variant: Variant) -> tuple[str, int]:
        """Return the row of the floor of a model, and the floor."""
        row = closest(self._scrap_rows, variant) if self.scrap_values else None
        return ("terms[scrap_minor]", self.scrap_minor) if row is None else (row.name, row.scrap_minor)

    @cached_property
    def components(self) -> dict[str, int]:
        """The component groups that can cost something, with their position in a quote."""
        names = (
            question.component
            for question in self.questionnaire.questions
            if any(option.deduction for option in question.options)
        )
        return {name: position for position, name in enumerate(dict.fromkeys(names))}

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The repair anchors that answers read."""
        options = (option for question in self.questionnaire.questions for option in question.options)
        costs = (option.deduction for option in options)
        return frozenset(cost.anchor for cost in costs if cost is not None and cost.anchor)

    @cached_property
    def least_kept(self) -> tuple[int, ...]:
        """The least that grade, answers and rules keep of a price, a rate for each that may keep less than all."""
        worst = [
            min((option.keep_bps for option in question.options if not option.gate), default=BPS)
            for question in self.questionnaire.questions
        ]
        rules = (rule.least(self) for rule in self.retentions)
        return (min(grade.keep_bps for grade in self.grades), *(rate for rate in worst if rate < BPS), *rules)

    @cached_property
    def worst_shares(self) -> tuple[int, ...]:
        """The worst share of the price that answers take, for each component group of which they take one."""
        worst: dict[str, int] = {}
        for question in self.questionnaire.questions:
            for option in question.options:
                if not option.gate and option.deduction is not None and (share := option.deduction.share_bps):
                    worst[question.component] = max(share, worst.get(question.component, share))
        return tuple(worst.values())

    @cached_property
    def overlap_positions(self) -> tuple[tuple[int, int, int], ...]:
        """The overlaps by position of their component groups, with the part that counts."""
        at = self.components
        return tuple((at[overlap.one], at[overlap.other], overlap.counted_bps) for overlap in self.overlaps)

    @cached_property
    def overlap_names(self) -> tuple[StepName, ...]:
        """The names of the overlaps' steps."""
        return tuple(overlap.name for overlap in self.overlaps)

    @cached_property
    def option_names(self) -> dict[tuple[str, str], tuple[StepName, StepName, StepName]]:
        """The names of an option's retention, deduction and extra: computed once, for the hot path."""
        names = {}
        for question in self.questionnaire.questions:
            for option in question.options:
                row = f"condition[{question.asked_as}={option.id}]"
                deduction = f"{option.says}: {option.deduction.effect() if option.deduction else ''}"
                names[question.id, option.id] = (
                    (f"retention:{question.id}", f"{percent(option.keep_bps)} kept: {option.says}", row),
                    (f"deduction:{question.component}", deduction, row),
                    (f"extra:{question.id}", option.says, row),
                )
        return names

    @cached_property
    def _effects(self) -> dict[str, Effects]:
        """The effects of all answers, by question."""
        names, at = self.option_names, self.components
        effects: dict[str, Effects] = {}
        for question, findings in self.questionnaire.findings.items():
            by_option = {
                found.option.id: Effect(found, names[question, found.option.id], at.get(found.question.component, 0))
                for found in findings.values()
                if found is not None
            }
            effects[question] = {
                answer: None if found is None else by_option[found.option.id] for answer, found in findings.items()
            }
        return effects

    @cached_property
    def _readers(self) -> dict[tuple[str, ...], Reader]:
        """The cache of `_reader`."""
        return {}

    def _reader(self, left_out: tuple[str, ...]) -> Reader:
        """Return the reader of the answers about a phone of which some questions are not asked."""
        known = self._readers.get(left_out)
        if known is None:
            known = Reader({name: found for name, found in self._effects.items() if name not in left_out})
            if len(self._readers) < _MOST_READERS:
                self._readers[left_out] = known
        return known

    @cached_property
    def grade_names(self) -> tuple[StepName, ...]:
        """The names of the grade's step, by grade."""
        return tuple(
            ("grade", f"grade {grade.id}: {percent(grade.keep_bps)} kept", f"grades[{grade.id}]")
            for grade in self.grades
        )

    def closing_names(self, currency: Currency, variant: Variant | None = None) -> tuple[StepName, ...]:
        """Return the names of the last four steps, which every value has, with amounts in a currency.

        Args:
            currency: the currency.
            variant: the model whose scrap value is named; None for the floor of models without one.

        Raises:
            InvalidValue: an argument is of another type.
        """
        argument(currency, Currency, "currency", "give a Currency")
        floor = ("terms[scrap_minor]", self.scrap_minor)
        if variant is not None:
            floor = self._floor_of(argument(variant, Variant, "variant"))
        return _closing_names(self.factor_bps, *floor, self.step_minor, currency)

    @cached_property
    def price_max_age(self) -> timedelta:
        """The duration for which a price stays fresh."""
        return timedelta(days=self.price_max_age_days)

    @cached_property
    def quote_life(self) -> timedelta:
        """The duration for which a quote can be accepted."""
        return timedelta(hours=self.quote_valid_hours)


@lru_cache(256)  # the hot path asks for the same few again and again
def _closing_names(
    factor_bps: int, floor: str, scrap_minor: int, step_minor: int, currency: Currency
) -> tuple[StepName, ...]:
    return (
        ("factor", f"{percent(factor_bps)}: the operator's share", "terms[factor_bps]"),
        ("floor", f"not below the scrap value of {currency.plain(scrap_minor)}", floor),
        ("cap", "not above the market price", "market_prices"),
        ("rounding", f"down to whole steps of {currency.plain(step_minor)}", "terms[step_minor]"),
    )
