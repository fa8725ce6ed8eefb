"""A small table of cases that reaches everything in a programme, and detects a change of any of its numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from miexchange._arguments import instance, takes
from miexchange._time import TICK, midnight
from miexchange.cases._case import Case, devices_of, said_by, sum_of
from miexchange.cases._numbers import name_of, numbers_of, stated_numbers
from miexchange.cases._text import text_of_cases
from miexchange.errors import InvalidValue
from miexchange.imei import Imei
from miexchange.market import AnchorTable, PriceTable
from miexchange.programme import Programme
from miexchange.quote import Quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from miexchange.catalogue import Variant
    from miexchange.condition import Option, Question
    from miexchange.programme import Bonus, Terms

__all__ = ["Cover", "covering_cases"]

_SERIAL = "000001"
_UNKNOWN_TAC = "01000000"
_NEVER_SHOWN = ("usage.", "exchange.", "quote_valid_hours")


@dataclass(frozen=True)
class Cover:
    """Cases, and the number of mutants of the programme that they detect.

    Attributes:
        cases: the cases.
        mutants: the number of programmes in which one number is one more or one less.
        killed: the number of mutants that a case detects, or that cannot be programmes.
        by_value: the number of those that a value or a refusal detects; the others by a number that the case states.
        survivors: the names of the numbers of the undetected mutants.
    """

    cases: tuple[Case, ...]
    mutants: int
    killed: int
    by_value: int
    survivors: tuple[str, ...] = ()

    @takes(programme=instance(Programme))
    def text(self, programme: Programme) -> str:
        """Return the cases as a file.

        >>> programme = Programme.load("uk-trade-in")
        >>> print(covering_cases(programme).text(programme)[:31])
        # Cases that cover uk-trade-in:
        """
        head = (
            f"Cases that cover {programme.id}: {self.mutants - self.killed:,} of {self.mutants:,} programmes with one "
            "number that is one more or less pass them."
        )
        return text_of_cases(self.cases, head, programme)


@takes(programme=instance(Programme))
def covering_cases(programme: Programme) -> Cover:
    """Make a table of cases that reaches every row of a programme and both sides of every threshold.

    The outcomes are those of the current programme: review them before you keep them. From then on they detect
    changes. Numbers that no value shows, such as the validity of a coupon, are stated by a case.

    Args:
        programme: the programme.
    """
    cases = [case for case in _distinct(_wanted(programme)) if case.model or case.models or case.tacs]
    cases = [_answered(case, programme) for case in cases]
    mutants, by_value, rows = _tables_seen(programme, cases)
    stated: dict[str, dict[str, int]] = {}
    for terms in programme.terms:
        numbers = stated_numbers(programme, terms.effective_from)
        shown = [name for name in numbers if name.startswith(_NEVER_SHOWN)]
        unseen = []
        for name, _, changed in _mutants_of(terms):
            mutants += 1
            if name in shown:
                continue
            if changed is None or _sees(_with_terms(programme, terms, changed), cases, terms):
                by_value += 1
            else:
                unseen.append(name)
        stated[terms.version] = {name: numbers[name] for name in (*shown, *dict.fromkeys(unseen))}
    begins = programme.terms[0].effective_from
    if rows:
        numbers = stated_numbers(programme, begins)
        said = {name: numbers[name] for name in dict.fromkeys(rows)}
        cases.append(Case(rule="Prices and anchors that no value shows", at=begins, stated=said))
    cases += [
        Case(rule=f"What the terms {terms.version} say and no value shows", at=terms.effective_from, stated=said)
        for terms in programme.terms
        if (said := stated[terms.version])
    ]
    return Cover(tuple(cases), mutants, mutants, by_value)


def _mutants_of(terms: Terms) -> Iterator[tuple[str, int, Terms | None]]:
    """Yield every number of some terms, one less and one more, with the terms; None if those are invalid."""
    for name, number, make in numbers_of(terms):
        for other in (number - 1, number + 1):
            try:
                yield name, other, make(other)
            except InvalidValue:
                yield name, other, None


def _with_terms(programme: Programme, terms: Terms, changed: Terms) -> Programme:
    return dataclasses.replace(programme, terms=tuple(changed if one is terms else one for one in programme.terms))


def _sees(changed: Programme, cases: Sequence[Case], terms: Terms) -> bool:
    """Tell whether a case of one phone, in a version of terms, has another outcome in another programme."""
    for case in cases:
        before = changed.terms_at(case.at)
        if case.model and before is not None and before.version == terms.version and any(case.differing(changed)):
            return True
    return False


def _tables_seen(programme: Programme, cases: Sequence[Case]) -> tuple[int, int, list[str]]:
    """Count the rows of prices and anchors with another number, and those that a case detects; name the others.

    A phone reads one price, and one anchor of each component, so all rows are changed at once: each phone whose value
    changes has detected its own.
    """
    mutants = seen = 0
    unseen: list[str] = []
    entries = [(case, model) for case in cases for model in ([case.model] if case.model else case.models)]
    for step in (-1, 1):
        prices = [row.replace(price_minor=max(row.price_minor + step, 1)) for row in programme.prices]
        changed = dataclasses.replace(programme, prices=PriceTable.of(prices))
        reached = set()
        for case, model in entries:
            row = programme.prices.as_of(model, case.at) if model in programme.prices else None
            if row is not None and (model, row.effective_from) not in reached and _is_other(case, model, changed):
                reached.add((model, row.effective_from))
        mutants, seen = mutants + len(prices), seen + len(reached)
        unseen += [name_of(row) for row in programme.prices if (row.model, row.effective_from) not in reached]
        for component in sorted({row.component for row in programme.anchors}):
            rows = [
                row.replace(amount_minor=max(row.amount_minor + step, 1)) if row.component == component else row
                for row in programme.anchors
            ]
            changed = dataclasses.replace(programme, anchors=AnchorTable.of(rows))
            reached = set()
            for case, model in entries:
                anchor = programme.anchors.as_of(model, component, case.at) if model in programme.prices else None
                if (
                    anchor is not None
                    and (model, anchor.effective_from) not in reached
                    and _is_other(case, model, changed)
                ):
                    reached.add((model, anchor.effective_from))
            of_it = [row for row in programme.anchors if row.component == component]
            mutants, seen = mutants + len(of_it), seen + len(reached)
            unseen += [name_of(row) for row in of_it if (row.model, row.effective_from) not in reached]
    return mutants, seen, unseen


def _is_other(case: Case, model: str, changed: Programme) -> bool:
    if case.models:
        return sum_of(case.outcome(changed, model)) != case.models[model]
    return any(case.differing(changed))


def _answered(case: Case, programme: Programme) -> Case:
    """Return a case with the programme's outcome."""
    found: dict[str, Any] = said_by(case.outcome(programme)) if case.model else {}
    found.pop("exchange_value", None) if found.get("value") == found.get("exchange_value") else None
    if not found.get("warnings", True):
        del found["warnings"]
    if case.models:
        found["models"] = {model: sum_of(case.outcome(programme, model)) for model in case.models}
    return dataclasses.replace(case, **found)


def _distinct(cases: Iterable[Case]) -> list[Case]:
    """Drop cases with the same arguments as an earlier one."""
    kept: dict[str, Case] = {}
    for case in cases:
        kept.setdefault(repr(dataclasses.replace(case, rule="")), case)
    return list(kept.values())


class _Market:
    """A version of terms at an instant, with the phones that can be valued then, the dearest first."""

    def __init__(self, programme: Programme, terms: Terms, at: datetime) -> None:
        self.programme, self.terms, self.at = programme, terms, at
        fresh = timedelta(terms.price_max_age_days)
        on = at.astimezone(programme.zone).date()
        priced = []
        for listing in programme.eligible:
            price = programme.prices.as_of(listing.model, at)
            if price is not None and at - price.effective_from <= fresh and programme.eligible.as_of(listing.model, on):
                priced.append((-price.price_minor, listing.model))
        self.variants = [programme.catalogue.by_model[model] for _, model in sorted(priced)]

    def variant(self, question: Question | None = None) -> Variant | None:
        """Return the dearest phone of those to which a question applies."""
        for variant in self.variants:
            if question is None or question in self.terms.questionnaire.asked_of(variant):
                return variant
        return None

    def case(self, rule: str, variant: Variant | None = None, **given: Any) -> Case:  # noqa: ANN401 - of a case
        variant = variant or self.variants[0]
        bands = any(one.reads == "months_owned" for one in self.terms.retentions)
        if bands and "purchased_on" not in given:
            given["purchased_on"] = self.at.astimezone(self.programme.zone).date()
        return Case(rule=rule, model=variant.model, **{"at": self.at.astimezone(self.programme.zone), **given})


def _wanted(programme: Programme) -> Iterator[Case]:
    ends = [*(terms.effective_from for terms in programme.terms[1:]), None]
    for terms, until in zip(programme.terms, ends, strict=True):
        dates = sorted({price.effective_from for price in programme.prices} | {*_first_used(programme)})
        instants = [
            terms.effective_from,
            *(one for one in dates if one > terms.effective_from and (until is None or one < until)),
        ]
        markets = [market for one in instants if (market := _Market(programme, terms, one)).variants]
        if not markets:
            continue
        market = markets[0]
        name = f"terms {terms.version}"
        yield market.case(f"A clean phone, {name}")
        if terms is programme.terms[0]:
            yield market.case(
                "The moment before the first terms", at=(terms.effective_from - TICK).astimezone(programme.zone)
            )
        for one in markets[1:]:
            yield one.case(f"The moment before prices change, {name}", at=(one.at - TICK).astimezone(programme.zone))
        yield from _answers(market, name)
        yield from _retentions(market, name)
        yield from _overlaps(market, name)
        yield from _bonuses(market, name, until)
        yield from _floors(market, name)
        yield from _freshness(markets[-1], name, until)
        if terms is programme.terms[0]:
            yield from _devices(market)
        yield from _lists(programme, markets, name)
    if len(programme.tacs):
        tacs = dict.fromkeys(sorted({tac for tac, _ in programme.tacs}))
        at = programme.terms[0].effective_from.astimezone(programme.zone)
        yield Case(rule="Which phones a TAC belongs to", at=at, tacs={tac: devices_of(programme, tac) for tac in tacs})


def _first_used(programme: Programme) -> Iterator[datetime]:
    """Yield the first instant at which each price applies that is older than the listing of its model."""
    for listing in programme.eligible:
        opens = midnight(listing.listed_from, programme.zone)
        price = programme.prices.as_of(listing.model, opens)
        if price is not None and price.effective_from < opens:
            yield opens


def _before(terms: Terms, question: Question) -> dict[str, str]:
    """Return the answers after which a question is asked."""
    if not question.asked_after:
        return {}
    before = next(one for one in terms.questionnaire.questions if one.id == question.asked_after)
    return {**_before(terms, before), before.id: question.asked_answers[0]}


def _said(option: Option) -> tuple[str, ...]:
    """Return the values for an answer: itself, or the numbers at both of its ends."""
    if option.least is None or option.most is None:
        return (option.id,)
    return tuple(dict.fromkeys((f"{option.least}", f"{option.most}")))


def _answers(market: _Market, name: str) -> Iterator[Case]:
    for question in market.terms.questionnaire.questions:
        variant = market.variant(question)
        if variant is None:
            continue
        before = _before(market.terms, question)
        for place, option in enumerate(question.options):
            for answer in _said(option):
                if place or answer != option.id or before or variant is not market.variants[0]:
                    yield market.case(
                        f"{question.id}={answer}, {name}", variant, answers={**before, question.id: answer}
                    )
        yield market.case(f"{question.id} is not answered, {name}", variant, answers=before, unanswered=[question.id])
        others = [one for one in market.variants if question not in market.terms.questionnaire.asked_of(one)]
        if others:
            yield market.case(f"A phone that {question.id} is not asked of, {name}", others[0])


def _worst(questions: Iterable[Question], components: Sequence[str] = ()) -> dict[str, str]:
    """Return the last answers that do not refuse, for questions about some components, or all."""
    return {
        question.id: _said([option for option in question.options if not option.gate][-1])[-1]
        for question in questions
        if not question.asked_after and (not components or question.component in components)
    }


def _retentions(market: _Market, name: str) -> Iterator[Case]:
    on = market.at.astimezone(market.programme.zone).date()
    for before, band in pairwise((None, *market.terms.age_bands)):
        assert band is not None or before is None  # noqa: S101 - the first one only
        if band is None or not band.from_months:
            continue
        for months in (band.from_months - 1, band.from_months):
            yield market.case(f"{months} months old, {name}", purchased_on=_months_before(on, months))
    if market.terms.age_bands:
        yield market.case(f"Without a day of purchase, {name}", purchased_on=None)
        yield market.case(f"Bought tomorrow, {name}", purchased_on=on + timedelta(1))
    for customer in market.terms.customer_classes:
        yield market.case(f"A customer of the class {customer.id}, {name}", customer=customer.id)
    if market.terms.drift_bps_per_day:
        for days in (1, 10):
            at = (market.at + timedelta(days)).astimezone(market.programme.zone)
            yield market.case(f"{days} days after the price, {name}", at=at)


def _months_before(on: date, months: int) -> date:
    month = on.year * 12 + on.month - 1 - months
    return date(month // 12, month % 12 + 1, min(on.day, 28))


def _overlaps(market: _Market, name: str) -> Iterator[Case]:
    questions = market.terms.questionnaire.asked_of(market.variants[0])
    for overlap in market.terms.overlaps:
        worst = _worst(questions, (overlap.one, overlap.other))
        yield market.case(f"{overlap.one} and {overlap.other} together, {name}", answers=worst)
        for component, least in ((overlap.one, overlap.other), (overlap.other, overlap.one)):
            faults = [
                (question.id, _said(option)[0])
                for question in questions
                for option in question.options
                if question.component == least and option.deduction is not None and not option.gate
            ]
            if faults:
                answers = {**_worst(questions, (component,)), **dict(faults[:1])}
                yield market.case(f"{component} much and {least} little, {name}", answers=answers)


def _bonuses(market: _Market, name: str, until: datetime | None) -> Iterator[Case]:
    zone = market.programme.zone
    for bonus in market.terms.bonuses:
        target = bonus.targets[0] if bonus.targets else None
        yield market.case(f"{bonus.id}, {name}", target=target)
        yield market.case(f"{bonus.id} with another phone, {name}", target="another phone")
        for wanted in bonus.targets[1:]:
            yield market.case(f"{bonus.id} for {wanted}, {name}", target=wanted)
        for day in (bonus.begins, bonus.ends):
            moment = None if day is None else midnight(day, zone)
            for at in () if moment is None else (moment - TICK, moment):
                if market.at <= at and (until is None or at < until):
                    yield market.case(f"{bonus.id} at {day}, {name}", at=at.astimezone(zone), target=target)
        if bonus.quota is not None:
            for given in (bonus.quota - 1, bonus.quota):
                yield market.case(
                    f"{bonus.id}, given {given} times, {name}", target=target, bonuses_given={bonus.id: given}
                )
        yield from _least_values(market, bonus, target, name)


def _least_values(market: _Market, bonus: Bonus, target: str | None, name: str) -> Iterator[Case]:
    """Yield the phones just below and at the least value of a bonus, and the latter with the quota used up."""
    values = [
        (quote.exchange_value, variant)
        for variant in market.variants
        if bonus.from_value_minor and isinstance(quote := market.case("", variant).outcome(market.programme), Quote)
    ]
    below = [row for row in values if row[0] < bonus.from_value_minor]
    above = [row for row in values if row[0] >= bonus.from_value_minor]
    nearest = [("below", max(below, key=itemgetter(0)))] if below else []
    nearest += [("from", min(above, key=itemgetter(0)))] if above else []
    for side, (_, variant) in nearest:
        told = f"{side} its least value, {name}"
        yield market.case(f"{bonus.id}, {told}", variant, target=target)
        if bonus.quota is not None:
            counts = {bonus.id: bonus.quota}
            yield market.case(f"After {bonus.id}, {told}", variant, target=target, bonuses_given=counts)


def _floors(market: _Market, name: str) -> Iterator[Case]:
    of_rows: dict[str, Variant] = {}
    for variant in reversed(market.variants):  # the cheapest first
        of_rows.setdefault("", variant)
        for row in market.terms.scrap_values:
            if getattr(variant, row.per, None) == row.of:
                of_rows.setdefault(f" of {row.of}", variant)
    for title, variant in of_rows.items():
        worst = _worst(market.terms.questionnaire.asked_of(variant))
        yield market.case(f"The cheapest phone{title} at its worst, {name}", variant, answers=worst)
    yield market.case(
        f"The dearest phone at its worst, {name}",
        answers=_worst(market.terms.questionnaire.asked_of(market.variants[0])),
    )


def _freshness(market: _Market, name: str, until: datetime | None) -> Iterator[Case]:
    variant = market.variants[0]
    price = market.programme.prices.as_of(variant.model, market.at)
    assert price is not None  # noqa: S101 - see `_Market`
    last = price.effective_from + timedelta(market.terms.price_max_age_days)
    for at in (last, last + TICK, last + timedelta(1), last + timedelta(1) + TICK):
        if until is None or at < until:
            days = market.terms.price_max_age_days
            yield market.case(
                f"A price of {days} days, at {at:%H:%M:%S.%f}, {name}", variant, at=at.astimezone(market.programme.zone)
            )


def _devices(market: _Market) -> Iterator[Case]:
    """Yield the reasons of refusal, whatever the value."""
    programme, terms = market.programme, market.terms
    family = programme.catalogue.family_of
    by_family = {family(device.brand, device.model): tac for tac, device in programme.tacs}
    variant = next((one for one in market.variants if one.family in by_family), None)
    if variant is None:
        return
    imei = Imei.from_body(by_family[variant.family] + _SERIAL).digits
    for status in ("clear", "unverified", "blocked"):
        yield market.case(f"A phone that the register has as {status}", variant, imei=imei, imei_status=status)
    unknown = Imei.from_body(_UNKNOWN_TAC + _SERIAL).digits
    yield market.case("A phone whose TAC nobody knows", variant, imei=unknown, imei_status="clear")
    other = next((tac for one, tac in by_family.items() if one not in {None, variant.family}), None)
    if other is not None:
        number = Imei.from_body(other + _SERIAL).digits
        yield market.case("A phone whose TAC is of another model", variant, imei=number, imei_status="clear")
    yield market.case("An account with an exchange under way", variant, exchange_open=True)
    yield market.case(
        "A phone that was traded in before", variant, imei=imei, imei_status="clear", device_exchanged=True
    )
    unlisted = next((one for one in programme.catalogue if one not in market.variants), None)
    if unlisted is not None:
        yield market.case("A phone that is not taken", unlisted)
    del terms


def _lists(programme: Programme, markets: Sequence[_Market], name: str) -> Iterator[Case]:
    """Yield the value of every phone when clean, and with the fault of each anchor that costs most of it."""
    faults = _fault_of_each_anchor(markets[0].terms)
    for market in markets:
        since = market.at.astimezone(programme.zone)
        models = dict.fromkeys([one.model for one in programme.catalogue], "")
        yield Case(rule=f"Every phone, clean, on {since.date()}, {name}", at=since, models=models)
        if (
            market is markets[0] and market.at in {row.effective_from for row in programme.anchors}
        ) or market is not markets[0]:
            valued = dict.fromkeys([one.model for one in programme.catalogue if one in market.variants], "")
            for anchor, answers in faults.items():
                yield Case(
                    rule=f"Every phone, its {anchor} to be repaired, on {since.date()}, {name}",
                    at=since,
                    answers=answers,
                    models=valued,
                )


def _fault_of_each_anchor(terms: Terms) -> dict[str, dict[str, str]]:
    """Return for each anchor the answer that costs most of it."""
    found: dict[str, tuple[int, dict[str, str]]] = {}
    for question in terms.questionnaire.questions:
        for option in question.options:
            cost = option.deduction
            if cost is None or not cost.anchor or option.gate:
                continue
            root = cost.anchor.partition(".")[0]
            if root not in found or cost.weight_bps > found[root][0]:
                found[root] = cost.weight_bps, {**_before(terms, question), question.id: _said(option)[0]}
    return {anchor: answers for anchor, (_, answers) in sorted(found.items())}
