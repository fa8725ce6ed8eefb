"""The reachable parts of a programme: each question, answer, band, class and bonus, with a phone that reaches it.

The phones are those of the tables, at their own prices: listed that day, with a fresh price and with its anchors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from miexchange._time import midnight
from miexchange.catalogue import Device
from miexchange.market import Price
from miexchange.programme.rules import INPUTS
from miexchange.prove._offers import is_never_paid, offers
from miexchange.prove._phones import Counterexample, Phone
from miexchange.quote import Quote
from miexchange.refusal import ReasonCode, Refusal
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miexchange.condition import Condition
    from miexchange.programme import Bonus, Programme, Terms
    from miexchange.programme.rules import Label

__all__ = ["Reached", "Span", "bought", "reached"]

_MOST_TRIED = 2_000


class Span(NamedTuple):
    """The window of terms; None for no end."""

    begin: datetime
    end: datetime | None


class Reached(NamedTuple):
    """Whether a part can be reached, and a phone that shows it."""

    subject: str
    verdict: str
    counterexample: Counterexample | None = None
    detail: str = ""


def bought(on: date, months: int) -> date:
    """Return a day that is a number of whole months before another.

    >>> bought(date(2018, 3, 15), 14)
    datetime.date(2017, 1, 1)
    """
    count = on.year * 12 + on.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class _Stand:
    """A listed model at an instant, with the price in force."""

    model: str
    at: datetime
    price: Price
    left_out: frozenset[str]


def reached(programme: Programme, terms: Terms, span: Span, kernel: Any, seconds: float) -> Iterator[Reached]:  # noqa: ANN401 - `_kernel`, or a copy
    """Yield, for each part of the terms, whether a phone reaches it."""
    search = _Search(programme, terms, span)
    for question in terms.questionnaire.questions:
        yield search.found(f"question {question.id}", {}, lambda _: True, asked=question.id)
        for option in question.options:
            fits = _refuses if option.gate else _quotes
            yield search.found(f"{question.id}={option.id}", {question.id: option.id}, fits, asked=question.id)
    for rule in terms.retentions:
        if rule.reads == "days_priced":
            continue  # the age of a price depends on the price list
        rows: dict[str, Label] = {}
        for label in rule.labels(terms):
            rows.setdefault(rule.name(terms, label)[2], label)
        for row, label in rows.items():
            yield search.found(row, {}, _quotes, facts={rule.reads: label})
    for bonus in terms.bonuses:
        yield search.bonus(bonus, kernel, seconds)


def _quotes(outcome: Quote | Refusal) -> bool:
    return isinstance(outcome, Quote)


def _refuses(outcome: Quote | Refusal) -> bool:
    return isinstance(outcome, Refusal) and set(outcome.codes) == {ReasonCode.CONDITION_GATE}


class _Search:
    """Phones of the tables, tried one after the other."""

    def __init__(self, programme: Programme, terms: Terms, span: Span) -> None:
        self.programme, self.terms, self.span = programme, terms, span
        stands = sorted(self._stands(), key=lambda one: -one.price.price_minor)
        kinds: dict[frozenset[str], _Stand] = {}
        for stand in stands:
            kinds.setdefault(stand.left_out, stand)
        first = tuple(kinds.values())
        self.stands = (*first, *(stand for stand in stands if stand not in first))

    def _stands(self) -> Iterator[_Stand]:
        programme, terms = self.programme, self.terms
        by_model = programme.catalogue.by_model
        for listing in programme.eligible:
            variant = by_model.get(listing.model)
            if variant is None or listing.model not in programme.prices:
                continue
            asked = {question.id for question in terms.questionnaire.asked_of(variant)}
            left_out = frozenset(one.id for one in terms.questionnaire.questions if one.id not in asked)
            begin = max(midnight(listing.listed_from, programme.zone), self.span.begin)
            for price in programme.prices.by_key[listing.model].rows:
                at = max(begin, price.effective_from)
                if (self.span.end is None or at < self.span.end) and programme.prices.as_of(listing.model, at) == price:
                    yield _Stand(listing.model, at, price, left_out)

    def _facts(self, stand: _Stand, given: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs for a phone: the best ones, unless others are given."""
        on = stand.at.astimezone(self.programme.zone).date()
        told = {name: labels[0] for name, labels in self.terms.labels_told.items()} | given
        months = told.pop("months_owned", 0)
        return {"purchased_on": bought(on, months) if months else on, **told}

    def _valued(self, stand: _Stand, condition: Condition, facts: dict[str, Any]) -> Quote | Refusal:
        told: dict[str, Any] = {name: facts.get(name) for name in INPUTS}
        device = Device(stand.model, purchased_on=facts["purchased_on"])
        given = facts.get("bonuses_given", {})
        return appraise(device, condition, self.programme, at=stand.at, bonuses_given=given, **told)

    def _best(self, stand: _Stand, given: dict[str, str] | None = None) -> Condition:
        return self.terms.questionnaire.best(self.programme.catalogue.by_model[stand.model], given)

    def found(
        self,
        subject: str,
        answers: dict[str, str],
        fits: Callable[[Quote | Refusal], bool],
        *,
        asked: str = "",
        facts: dict[str, Any] | None = None,
    ) -> Reached:
        """Find a phone whose valuation satisfies a condition."""
        last: tuple[_Stand, Condition, dict[str, Any], Quote | Refusal] | None = None
        tried = (stand for stand in self.stands if asked not in stand.left_out)
        given = answers or ({asked: self.terms.questionnaire.by_id[asked].best.id} if asked else {})
        for stand in islice(tried, _MOST_TRIED):
            condition, told = self._best(stand, given), self._facts(stand, facts or {})
            outcome = self._valued(stand, condition, told)
            if fits(outcome):
                return Reached(subject, "proved")
            last = last or (stand, condition, told, outcome)
        if last is None and self.stands:  # asked of no model: take one of them, with an answer to it
            stand = self.stands[0]
            condition = self._best(stand, given)
            told = self._facts(stand, {})
            last = (stand, condition, told, self._valued(stand, condition, told))
        if last is None:
            return Reached(subject, "refuted", None, "no listed model has a price while these terms are in force")
        stand, condition, told, outcome = last
        why = f": {', '.join(outcome.codes)}" if isinstance(outcome, Refusal) else ""
        return Reached(subject, "refuted", self._shown(f"no phone reaches {subject}{why}", stand, condition, told))

    def _shown(self, says: str, stand: _Stand, condition: Condition, told: dict[str, Any]) -> Counterexample:
        found = {
            name: self.programme.anchors.as_of(stand.model, name, stand.at)
            for name in dict.fromkeys(
                option.deduction.anchor
                for question in self.terms.questionnaire.questions
                for option in question.options
                if option.deduction is not None and option.deduction.anchor
            )
        }
        phone = Phone(
            stand.model,
            stand.at,
            stand.price.effective_from,
            stand.price.price_minor,
            condition,
            anchors=tuple((name, anchor.amount_minor) for name, anchor in found.items() if anchor is not None),
            purchased_on=told["purchased_on"],
            bonuses_given=tuple(told.get("bonuses_given", {}).items()),
            **{name: told.get(name) for name in INPUTS},
        )
        outcome = phone.appraise(self.programme)
        return Counterexample(says, phone, outcome.exchange_value if isinstance(outcome, Quote) else None)

    def bonus(self, bonus: Bonus, kernel: Any, seconds: float) -> Reached:  # noqa: ANN401 - as above
        """Find a phone that is granted a bonus, or let the solver prove that there is none."""
        subject = f"bonus {bonus.id}"
        given = {one.id: one.quota for one in self.terms.bonuses if one.quota is not None and one is not bonus}
        targets = tuple(
            dict.fromkeys((*bonus.targets[:1], None, *(one for each in self.terms.bonuses for one in each.targets)))
        )
        last: tuple[_Stand, Condition, dict[str, Any]] | None = None
        for stand in islice(self._on_offer(bonus), _MOST_TRIED):
            condition = self._best(stand)
            for target in targets:
                for used in ({}, given):
                    told = self._facts(stand, {"target": target, "bonuses_given": used})
                    outcome = self._valued(stand, condition, told)
                    if isinstance(outcome, Quote) and any(one.id == bonus.id for one in outcome.bonuses):
                        return Reached(subject, "proved")
                    last = last or (stand, condition, told)
        most = max((stand.price.price_minor for stand in self.stands), default=0)
        zone, (begin, end) = self.programme.zone, self.span
        days = begin.astimezone(zone).date(), None if end is None else end.astimezone(zone).date()
        is_never = all(
            is_never_paid(self.terms, kernel, bonus.id, offer, most, seconds) for offer in offers(self.terms, *days)
        )
        if last is None and self.stands:
            last = (self.stands[0], self._best(self.stands[0]), self._facts(self.stands[0], {}))
        shown = None if last is None else self._shown(f"no phone is granted {bonus.id}, not even this one", *last)
        return Reached(subject, "refuted" if is_never else "undecided", shown if is_never else None)

    def _on_offer(self, bonus: Bonus) -> Iterator[_Stand]:
        """Yield the phones of the tables on days on which a bonus runs, the dearest first."""
        zone = self.programme.zone
        begin = self.span.begin if bonus.begins is None else max(self.span.begin, midnight(bonus.begins, zone))
        ends = [end for end in (self.span.end, None if bonus.ends is None else midnight(bonus.ends, zone)) if end]
        for stand in self.stands:
            at = max(stand.at, begin)
            if all(at < end for end in ends) and self.programme.prices.as_of(stand.model, at) == stand.price:
                yield _Stand(stand.model, at, stand.price, stand.left_out)
