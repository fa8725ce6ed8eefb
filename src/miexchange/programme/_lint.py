"""The rules for a programme's tables, so that every quote keeps its promises.

A worse answer never pays more; a higher market price never pays less; every listed model can be
priced; the arithmetic stays within 64 bits; every row of a table can be read by some quote.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from itertools import pairwise, takewhile
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from miexchange._questions import RESTRICTIONS, SAME_CHOICES, fault_of_after
from miexchange._time import instant_of
from miexchange.errors import sentence
from miexchange.market import broader, stale_from
from miexchange.money import BPS, percent
from miexchange.programme.rules import RULES, Span
from miexchange.treatment import BONUS, EXCHANGE_VALUE, RESALE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.catalogue import Variant
    from miexchange.condition import Option, Question
    from miexchange.eligibility import Listing
    from miexchange.market import Price
    from miexchange.money import Currency
    from miexchange.programme import Terms
    from miexchange.programme._load import Answers, Draft
    from miexchange.programme._shapes import Asked
    from miexchange.programme._toml import TomlPath

__all__ = ["REGISTER_AGES", "check", "is_under_register_law"]

_REGISTER_LAW = datetime(2025, 10, 22, tzinfo=timezone(timedelta(hours=5, minutes=30)))
REGISTER_AGES = ("accept_register_hours", "hand_over_register_hours")
"""The greatest ages of a register's answer at acceptance and at the door: fields of `ExchangeRules`."""

_FOREVER = datetime.max.replace(tzinfo=UTC)

_Fault = tuple[str, str, str]
"""The column or key, the fault, and the remedy."""


def check(draft: Draft) -> None:
    """Record every rule that the programme breaks. Rules skip what could not be read: its fault is reported already."""
    for part in draft.parts:
        if part.answers is not None:
            _check_answers(part.answers, draft)
            _check_asked(part.index, part.answers, draft)
        if part.settings is not None:
            _check_rules(part.settings, part.index, draft)
            _check_register(part.settings, part.index, draft)
            if part.answers is not None:
                _check_shares(part.settings, part.index, draft)
    _check_versions(draft)
    _check_choices(draft)
    if draft.tables_read:
        _Tables(draft).check()


def _check_choices(draft: Draft) -> None:
    """Check that a question has the same choices in all versions of the terms that ask it."""
    known: dict[str, frozenset[str]] = {}
    for answers in (part.answers for part in draft.parts if part.answers is not None):
        for name in dict.fromkeys(one.asked_as for one in answers.questions):
            asked = [one for one in answers.questions if one.asked_as == name]
            choices = frozenset(one.id for one in asked if one.choice_of)
            if known.setdefault(name, choices) != choices:
                file, line = answers.option_places[name, asked[0].best.id]
                what = f"{name} has other choices than in other terms"
                draft.problems.add(file, line, "question", what, sentence(SAME_CHOICES))


def _check_versions(draft: Draft) -> None:
    """Check that the versions of the terms follow one another, each with its own name."""
    read = [(part.index, part.settings) for part in draft.parts if part.settings is not None]
    for (_, before), (index, terms) in pairwise(read):
        if terms.effective_from <= before.effective_from:
            what = f"{terms.version} does not begin after {before.version}: their dates overlap"
            remedy = "Order the terms by date, each beginning on a day of its own"
            draft.bad(("terms", index, "effective_from"), what, remedy)
    seen: set[str] = set()
    for index, terms in read:
        if terms.version in seen:
            draft.bad(("terms", index, "version"), f"duplicate version {terms.version}", "Give each its own name")
        seen.add(terms.version)


# The condition and grades tables.


def _check_answers(answers: Answers, draft: Draft) -> None:
    for question in answers.questions:
        for option, (column, message, remedy) in _faults_of_question(question):
            file, line = answers.option_places[question.id, option.id]
            draft.problems.add(file, line, column, f"{question.asked_as}={option.id} {message}", remedy)
        for option, (column, message, remedy) in _faults_of_order(question):
            file, line = answers.option_places[question.id, option.id]
            with draft.of_a_law():
                draft.problems.add(file, line, column, f"{question.asked_as}={option.id} {message}", remedy)
    used = {option.grade for question in answers.questions for option in question.options}
    for step, grade in enumerate(answers.grades):
        file, line = answers.grade_places[grade.id]
        better = answers.grades[max(step - 1, 0)]
        if grade.keep_bps > better.keep_bps:
            kept, less = percent(grade.keep_bps), percent(better.keep_bps)
            what = f"grade {grade.id} keeps {kept}, more than {better.id}, which is better: {less}"
            remedy = "Order the grades best first, none keeping more than the one before"
            with draft.of_a_law():
                draft.problems.add(file, line, "keep_bps", what, remedy)
        if step and step not in used:
            what = f"grade {grade.id} is unreachable: no answer leads to it"
            draft.problems.add(file, line, "grade", what, "Use it in the condition table, or take it out")


def _faults_of_question(question: Question) -> Iterator[tuple[Option, _Fault]]:
    best = question.best
    if best.gate or best.deduction or best.grade or best.keep_bps != BPS or best.extra_minor < 0:
        yield best, ("option", "is the best answer and costs something", "Let the best answer be free")
    for option in question.options:
        for fault in _faults_of_option(option, question):
            yield option, fault


def _faults_of_order(question: Question) -> Iterator[tuple[Option, _Fault]]:
    """Yield where a worse answer could pay more; `miexchange.prove` may decide cases that this cannot."""
    kinds = {option.deduction.kind: option for option in reversed(question.options) if option.deduction is not None}
    found = [*reversed(kinds.items())]
    for other, option in found[1:]:
        kind, first = found[0]
        what = f"deducts by {other}, and {first.id} by {kind}: which is worse cannot be told"
        yield option, ("deduct_minor", what, "Use one kind of deduction in a question")
    for better, worse in pairwise(question.options):
        for column, message in _inversions(better, worse, comparable=len(kinds) < 2):  # noqa: PLR2004 - one kind
            yield worse, (column, message, "Order the options best first: a worse answer never pays more")


def _faults_of_option(option: Option, question: Question) -> Iterator[_Fault]:
    decides = option.deduction or option.grade or option.keep_bps != BPS
    if option.gate and (decides or option.extra_minor):
        what = "refuses the device, so nothing else on its row is ever read"
        yield "gate", what, "Leave the other columns empty, or take the gate out"
    if question.optional and (option.gate or decides):
        what = "decides more than an extra, and the question may stay unanswered"
        yield "option", what, "Make the question required, or leave it an extra only"
    if option.grade and question.axis == "none":
        what = "has a grade that is never read: the question has no axis"
        yield "grade", what, "Give the question an axis, or take the grade out"


def _inversions(better: Option, worse: Option, *, comparable: bool) -> Iterator[tuple[str, str]]:
    """Yield the reasons why the worse of two answers pays more."""
    if worse.gate:
        return
    if better.gate:
        yield "gate", f"is taken, where {better.id} is refused, which is better"
        return
    costs = [0 if option.deduction is None else option.deduction.size for option in (better, worse)]
    pairs = (
        ("grade", "has a better grade", -better.grade, -worse.grade),
        ("keep_bps", f"keeps {percent(worse.keep_bps)}", better.keep_bps, worse.keep_bps),
        ("deduct_minor", f"costs {costs[1]}", -costs[0], -costs[1] if comparable else -costs[0]),
        ("extra_minor", f"adds {worse.extra_minor}", better.extra_minor, worse.extra_minor),
    )
    for column, what, less, more in pairs:
        if more > less:
            yield column, f"{what}: it would pay more than {better.id}, which is better"


def _check_asked(index: int, answers: Answers, draft: Draft) -> None:
    """Check that each restriction is of an existing question, and restricts it."""
    asked = draft.parts[index].asked
    known = dict.fromkeys(question.asked_as for question in answers.questions)
    seen: set[str] = set()
    for number, one in enumerate(asked):
        path = ("terms", index, "asked", number)
        if one.question not in known:
            draft.bad((*path, "question"), f"{one.question} is not asked here", f"Known: {', '.join(known)}")
        if one.question in seen:
            draft.bad((*path, "question"), f"duplicate restriction of {one.question}", "Write one for each question")
        seen.add(one.question)
        if not any(getattr(one, name) for name in RESTRICTIONS):
            remedy = f"Set {', '.join(RESTRICTIONS[:-2])}, or after with answers; or take it out"
            draft.bad(path, f"{one.question} is not restricted by it", remedy)
        for name, accepted, noun in (("brands", draft.brands, "brand"), ("categories", draft.categories, "category")):
            for word in getattr(one, name):
                if accepted and word not in accepted:
                    remedy = f"Correct its spelling, or accept the {noun}"
                    draft.bad((*path, name), f"{word} is not an accepted {noun}", remedy)
        if one.question in known and (one.after or one.answers):
            _check_after(one, path, answers, draft)


def _check_after(one: Asked, path: TomlPath, answers: Answers, draft: Draft) -> None:
    """Check that a question is asked after existing answers, and that a worse one of these never pays more.

    A worse answer to the earlier question may open a question, since no answer to that one pays more than not
    asking it. It may not close one, unless the phone is refused: the better answer, with the worst to the further
    question, could be worth less.
    """
    by_id = {question.id: question for question in answers.questions}
    first = next(question for question in answers.questions if question.asked_as == one.question)
    if not (one.after and one.answers):
        missing = "answers" if one.after else "after"
        draft.bad((*path, missing), f"{one.question} has no {missing}", "Write after with answers, or neither")
        return
    earlier = {name: by_id[name] for name in takewhile(first.id.__ne__, by_id)}
    question = replace(first, asked_after=one.after, asked_answers=one.answers)
    if rule := fault_of_after(question, earlier):
        key = "answers" if one.after in earlier and not earlier[one.after].optional else "after"
        draft.bad((*path, key), f"{one.question} cannot be asked so", sentence(rule))
        return
    before = earlier[one.after]
    taken = [option.id for option in before.options if not option.gate]
    for answer in one.answers:
        if answer not in taken:
            what = f"{one.question} is never asked after {one.after}={answer}, which refuses the phone"
            draft.bad((*path, "answers"), what, "Take the answer out")
    if set(taken) <= set(one.answers):
        draft.bad((*path, "answers"), f"{one.question} is asked after every answer to {one.after}", "Take it out")
    with draft.of_a_law():
        ended = next(
            (worse for better, worse in pairwise(taken) if better in one.answers and worse not in one.answers), None
        )
        if ended is not None:
            what = f"{one.question} is not asked after {one.after}={ended}, which is worse than one after which it is"
            remedy = f"Ask it after {ended} too: else {ended} could pay more than a better answer"
            draft.bad((*path, "answers"), what, remedy)
        paid = next((option for option in question.options if option.extra_minor > 0), None)
        if paid is not None:
            what = f"{one.question}={paid.id} adds {paid.extra_minor}, and is asked after a worse answer to {one.after}"
            draft.bad((*path, "after"), what, "Let its answers add nothing: a worse answer never pays more")


# The terms.


def _check_shares(terms: Terms, index: int, draft: Draft) -> None:
    """Prove that a higher market price never pays less, or return why it could.

    Prices are multiples of a step p. A price that is q >= p higher raises the kept part by more than q x keep - r minor
    units, where keep is the least product of retentions and grade and r the number of its roundings, and raises the
    deductions by share by less than q x s + k, for k groups whose worst shares add up to s. So p x (keep - s) >= r + k
    is enough, whatever the answers are.
    """
    kept, shares_bps = terms.least_kept, sum(terms.worst_shares)
    # The product of the rates stays a whole number: it is the numerator over BPS ** len(kept).
    numerator, denominator = prod(kept), BPS ** len(kept)
    margin = draft.price_step_minor * (numerator * BPS - shares_bps * denominator)
    needed = (len(kept) + len(terms.worst_shares)) * denominator * BPS
    if shares_bps and draft.price_step_minor and margin < needed:
        what = (
            f"answers can take {percent(shares_bps)} of the market price where others leave "
            f"{percent(numerator * BPS // denominator)} of it, so a higher price could pay less"
        )
        remedy = "Lower the worst deduct_bps of some questions, or keep more"
        if margin > 0:
            remedy = f"{remedy}, or state a larger price_step_minor"
        with draft.of_a_law():
            draft.bad(("terms", index, "condition"), what, remedy)


def _check_rules(terms: Terms, index: int, draft: Draft) -> None:
    periods = _periods(draft)
    for rule in RULES:
        for number, key, what, remedy in rule.problems(terms, periods[index] if periods else None, draft.zone):
            draft.bad(("terms", index, rule.setting, number, key), what, remedy)


def is_under_register_law(currency: Currency | None, begin: datetime) -> bool:
    """Tell whether terms in a currency that begin at an instant are under the law that `_check_register` cites."""
    return currency is not None and currency.code == "INR" and begin >= _REGISTER_LAW


def _check_register(terms: Terms, index: int, draft: Draft) -> None:
    """Check that Indian terms accept no used phone without a register's answer, as the law demands since 2025-10-22.

    Sellers and buyers of used equipment with an IMEI must query the register of tampered and restricted ones first, and
    must not deal in equipment that is in it: Telecommunications (Telecom Cyber Security) Amendment Rules, 2025,
    G.S.R. 771(E), https://gazettetracker.com/g/CG-DL-E-22102025-267074. The terms set the greatest age of an answer.
    """
    if not is_under_register_law(draft.currency, terms.effective_from):
        return
    because = "from 22 October 2025 on a register must be asked before a used phone is bought: G.S.R. 771(E)"
    if terms.eligibility.unverified_imei != "refuse":
        what = f"an unverified IMEI is taken, and {because}"
        draft.bad(("terms", index, "eligibility", "unverified_imei"), what, "Write refuse")
    hours = {("eligibility", "register_hours"): terms.eligibility.register_hours}
    if terms.exchange is not None:
        hours |= {("exchange", name): getattr(terms.exchange, name) for name in REGISTER_AGES}
    for path, number in hours.items():
        if not number:
            what, remedy = f"an answer of any age is taken, and {because}", "Say how many hours an answer is taken"
            draft.bad(("terms", index, *path), what, remedy)


def _periods(draft: Draft) -> list[Span]:
    """Return the window in which each version of the terms is in force; nothing if that is unknown."""
    starts = [part.settings.effective_from for part in draft.parts if part.settings is not None]
    if len(starts) < len(draft.parts) or any(before >= after for before, after in pairwise(starts)):
        return []
    return list(pairwise([*starts, _FOREVER]))


# The relations of the tables.


class _Tables:
    """The rules about several tables at once."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._problems = draft.problems
        self._ends = _ends_before_another(draft)
        periods = _periods(draft)
        read = [(part.index, part.settings) for part in draft.parts if part.settings is not None]
        self._versions = [(*one, period) for one, period in zip(read, periods, strict=False)]
        self._answers = [part.answers for part in draft.parts if part.answers is not None]
        self._listings = {model: series.rows for model, series in draft.eligible.by_key.items()}
        self._lines = dict(zip(draft.eligible, draft.listing_lines, strict=True))
        by_model = draft.catalogue.by_model
        self._variants = [
            by_model[model]
            for model in self._listings
            if model in by_model and model in draft.prices and self._is_taken(by_model[model])
        ]

    def check(self) -> None:
        """Record every rule that the tables break."""
        self._check_brands()
        self._check_steps()
        self._check_listings()
        self._check_unlisted()
        if not self._versions:
            return
        self._check_first_days()
        self._check_gaps()
        self._check_amounts()
        self._check_treatments()
        if len(self._answers) == len(self._versions):
            self._check_reach()
            self._check_anchors()

    @cached_property
    def _spans(self) -> dict[str, list[tuple[Listing, Span]]]:
        """The rows of the list by model, each with its window."""
        return {model: [(one, self._span(one)) for one in rows] for model, rows in self._listings.items()}

    def _span(self, listing: Listing) -> Span:
        begin, until, zone = listing.listed_from, listing.listed_until, self._draft.zone
        end = _FOREVER if until is None else instant_of(until, zone)
        return max(instant_of(begin, zone), self._versions[0][2][0]), end

    def _day(self, at: datetime) -> str:
        """Return a day in the notation of the tables: in the programme's zone."""
        return str(at.astimezone(self._draft.zone).date())

    def _is_taken(self, variant: Variant) -> bool:
        return variant.brand in self._draft.brands and variant.category in self._draft.categories

    def _check_steps(self) -> None:
        """Check that each market price is a multiple of the price step, on which proofs about prices rely."""
        draft = self._draft
        for price, line in zip(draft.prices, draft.price_lines, strict=True):
            if price.price_minor % draft.price_step_minor:
                what = f"{price.price_minor} is not a multiple of price_step_minor, {draft.price_step_minor}"
                remedy = "Round the price, or state a smaller step in programme.toml"
                self._problems.add(draft.files["market_prices"], line, "price_minor", what, remedy)

    def _check_brands(self) -> None:
        draft = self._draft
        known = {variant.brand for variant in draft.catalogue}
        for number, brand in enumerate(draft.brands):
            if brand not in known:
                what, remedy = f"{brand} has no model in the catalogue", "Correct its spelling, or take it out"
                draft.bad(("brands", number), what, remedy)
        for number, category in enumerate(draft.categories):
            if all(variant.category != category for variant in draft.catalogue):
                what, remedy = f"{category} has no model in the catalogue", "Correct its spelling, or take it out"
                draft.bad(("categories", number), what, remedy)

    def _check_listings(self) -> None:
        draft, file = self._draft, self._draft.files["eligible_models"]
        if not draft.eligible:
            self._problems.add(file, None, "", "lists no model", "Add the models that may be traded in")
        for listing in draft.eligible:
            variant = draft.catalogue.lookup(listing.model)
            unpriced = f"{listing.model} is listed without a price"
            if variant is None:
                what = f"{listing.model} is not in {Path(draft.files['models']).name}"
                remedy = "Correct the id, or add it there"
            elif variant.brand not in draft.brands:
                what = f"{listing.model} is unreachable: {variant.brand} is not an accepted brand"
                remedy = "Accept the brand, or take the row out"
            elif variant.category not in draft.categories:
                what = f"{listing.model} is unreachable: {variant.category} is not an accepted category"
                remedy = "Accept the category, or take the row out"
            elif listing.model not in draft.prices:
                what, remedy = unpriced, "Add its price, or take the row out"
            else:
                continue
            self._problems.add(file, self._lines[listing], "model", what, remedy)
            if what == unpriced:
                draft.awaited.append(self._problems.found[-1])

    def _check_unlisted(self) -> None:
        """Check that every model with a price or an anchor is listed: one problem for each model, at its first row."""
        draft = self._draft
        if not self._listings:
            return
        prices = zip(draft.prices, draft.price_lines, strict=True)
        anchors = zip(draft.anchors, draft.anchor_lines, strict=True)
        for table, what, rows in (("market_prices", "a price", prices), ("repair_anchors", "an anchor", anchors)):
            unlisted: dict[str, int] = {}
            for row, line in rows:
                if row.model not in self._listings:
                    unlisted.setdefault(row.model, line)
            for model, line in unlisted.items():
                message, remedy = f"{model} has {what} and is not listed", f"List the model, or take {what} out"
                self._problems.add(draft.files[table], line, "model", message, remedy)

    def _check_first_days(self) -> None:
        """Check that each model has a fresh price on its first day, and has such a day."""
        draft, file = self._draft, self._draft.files["eligible_models"]
        for listing in draft.eligible:
            begin, end = self._span(listing)
            prices = draft.prices.by_key[listing.model].rows if listing.model in draft.prices else ()
            if begin >= end:
                what = f"{listing.model} leaves the list on {listing.listed_until}, before the programme begins"
                column, remedy = "listed_until", "Take the row out, or let it end later"
            elif prices and begin < prices[0].effective_from:
                what = f"{listing.model} has no price yet on {self._day(begin)}, its first day on the list"
                column, remedy = (
                    "listed_from",
                    f"List it from its first price on, {self._day(prices[0].effective_from)}",
                )
            elif prices and self._is_over(prices[-1], begin):
                since = self._day(prices[-1].effective_from)
                what = f"{listing.model} has no fresh price on {self._day(begin)}: its last one is from {since}"
                column, remedy = "listed_from", "Add a newer price"
            else:
                continue  # a gap between two prices is reported there
            self._problems.add(file, self._lines[listing], column, what, remedy)

    def _is_over(self, last: Price, at: datetime) -> bool:
        """Tell whether a model's last price is stale or ended at an instant."""
        age = next(terms.price_max_age for _, terms, (_, end) in self._versions if at < end)
        return at - last.effective_from > age or (last.effective_until is not None and last.effective_until <= at)

    def _check_gaps(self) -> None:
        """Check that no listed model is without a fresh price between two of its prices."""
        draft = self._draft
        spans = {model: [span for _, span in rows] for model, rows in self._spans.items()}
        starts = [begin for _, _, (begin, _) in self._versions]
        for (price, following), line in zip(pairwise(draft.prices), draft.price_lines[1:], strict=True):
            if price.model != following.model or price.model not in spans:
                continue
            until = following.effective_from
            first = max(bisect_right(starts, price.effective_from) - 1, 0)
            for _, terms, period in self._versions[first : bisect_left(starts, until)]:
                begins = stale_from(price, until, terms.price_max_age)
                hole = _within(_common((begins, until), period), spans[price.model])
                if hole[0] >= hole[1]:
                    continue
                what = f"{price.model} has no fresh price from {self._day(hole[0])} to {self._day(hole[1])}"
                longer = f"raise price_max_age_days from {terms.price_max_age_days}"
                if begins == price.effective_until:
                    longer = "let the one before end later"
                remedy = f"Add a price in between, or {longer}"
                self._problems.add(draft.files["market_prices"], line, "effective_from", what, remedy)
                break

    def _check_amounts(self) -> None:
        """Check that no setting is out of all proportion to the prices."""
        draft = self._draft
        prices = sorted((price.price_minor, price.model) for price in draft.prices if price.model in self._listings)
        if not prices:
            return
        (least, cheapest), (most, dearest) = prices[0], prices[-1]
        of_cheapest = f"the price of {cheapest}, {least}"
        for index, terms, _ in self._versions:
            path = ("terms", index)
            if terms.scrap_minor > least:
                what = f"the floor of {terms.scrap_minor} is above the cap, {of_cheapest}"
                draft.bad((*path, "scrap_minor"), what, "Lower the floor")
            self._check_scrap_values(path, terms)
            if terms.step_minor > least:
                what = f"a step of {terms.step_minor} rounds {of_cheapest}, down to nothing"
                draft.bad((*path, "step_minor"), what, "Write a smaller step")
            for number, bonus in enumerate(terms.bonuses):
                if bonus.from_value_minor > most:
                    what = f"{bonus.id} is unreachable: no price is above that of {dearest}, {most}"
                    draft.bad((*path, "bonuses", number, "from_value_minor"), what, "Lower it, or take the bonus out")

    def _check_scrap_values(self, path: tuple[str | int, ...], terms: Terms) -> None:
        """Check that each scrap value is for some listed model, and above no price of it."""
        draft, catalogue = self._draft, self._draft.catalogue
        for number, row in enumerate(terms.scrap_values):
            where = (*path, "scrap_values", number)
            listed = {model for model in self._listings if model in catalogue.by_model}
            own = {model for model in listed if getattr(catalogue.by_model[model], row.per) == row.of}
            least = min((price.price_minor for price in draft.prices if price.model in own), default=row.scrap_minor)
            if not own:
                draft.bad((*where, "of"), f"no listed model is of the {row.per} {row.of}", "Take the row out")
            elif row.scrap_minor > least:
                what = f"the floor of {row.scrap_minor} is above the cap, a price of {least}"
                draft.bad((*where, "scrap_minor"), what, "Lower the floor")

    def _check_treatments(self) -> None:
        """Check that each part of a coupon has a tax treatment while it is given, and each row a part."""
        draft, table = self._draft, self._draft.treatments
        if not table:
            return
        given: dict[str, list[Span]] = {}
        for _, terms, period in self._versions:
            for part in (EXCHANGE_VALUE, *(f"{BONUS}{bonus.id}" for bonus in terms.bonuses)):
                given.setdefault(part, []).append(period)
        file = draft.files["tax_treatments"]
        for row, line in zip(table, draft.treatment_lines, strict=True):
            if row.part not in given and row.part != RESALE:
                what, remedy = f"{row.part} is of no bonus in the terms", f"Known: {', '.join((*given, RESALE))}"
                self._problems.add(file, line, "part", what, remedy)
        for part, periods in given.items():
            ends = [row.effective_until for row in table if row.part == part and row.effective_until is not None]
            for begin, end in periods:
                hole = next((at for at in (begin, *ends) if begin <= at < end and table.as_of(part, at) is None), None)
                if hole is not None:
                    what = f"{part} has no tax treatment on {self._day(hole)}"
                    self._problems.add(file, None, "part", what, "Add a row that is in force then")
                    break

    def _check_reach(self) -> None:
        """Check that each question is asked of a listed model, and that an answer reads each anchor."""
        draft = self._draft
        for (_, terms, _), answers in zip(self._versions, self._answers, strict=True):
            unasked = [*terms.questionnaire.questions]
            for variant in self._variants:
                asked = terms.questionnaire.asked_of(variant)
                unasked = [question for question in unasked if question not in asked]
                if not unasked:
                    break
            for question in unasked if self._variants else ():
                file, line = answers.option_places[question.id, question.best.id]
                what = f"{question.asked_as} is asked of no listed model, so its rows are unreachable"
                self._problems.add(file, line, "question", what, "Ask it of a listed model, or take its rows out")
        needed = {part for _, terms, _ in self._versions for component in _needs(terms) for part in broader(component)}
        unread: dict[str, int] = {}
        for anchor, line in zip(draft.anchors, draft.anchor_lines, strict=True):
            if anchor.component not in needed:
                unread[anchor.component] = min(line, unread.get(anchor.component, line))
        for component, line in unread.items():
            what = f"no answer reads a {component} anchor"
            remedy = (
                f"Known: {', '.join(sorted(needed))}" if needed else "Take the table out: no answer needs an anchor"
            )
            self._problems.add(draft.files["repair_anchors"], line, "component", what, remedy)

    def _check_anchors(self) -> None:
        """Check that every anchor that an answer needs exists while the model is listed."""
        draft = self._draft
        told: set[tuple[str, str]] = set()
        for (_, terms, period), answers in zip(self._versions, self._answers, strict=True):
            listed = {one.model: self._listed(one.model, period) for one in self._variants}
            for component, needs in _needs(terms).items():
                question, option = needs[0]
                questions = tuple({need.id: need for need, _ in needs}.values())
                is_asked_of_all = not all(one.is_restricted for one in questions)
                if "repair_anchors" not in draft.files:
                    file, line = answers.option_places[question.id, option.id]
                    needing = f"{question.asked_as}={option.id} needs the {component} anchor"
                    what = f"{needing}, and programme.toml names no anchors"
                    self._problems.add(file, line, "anchor", what, "Name the table in repair_anchors")
                    continue
                for variant in self._variants:
                    model = variant.model
                    if (model, component) in told or not (
                        is_asked_of_all or any(terms.questionnaire.may_ask(one, variant) for one in questions)
                    ):
                        continue
                    hole = self._hole(model, component, listed[model])
                    if hole is not None:
                        told.add((model, component))
                        listing, at = hole
                        needing = f"{question.asked_as}={option.id} needs it"
                        what = f"{model} has no {component} anchor on {self._day(at)}, and {needing}"
                        file, line = draft.files["eligible_models"], self._lines[listing]
                        self._problems.add(
                            file, line, "model", what, f"Add it to {Path(draft.files['repair_anchors']).name}"
                        )

    def _listed(self, model: str, period: Span) -> list[tuple[Listing, Span]]:
        """Return the rows of the list of a model that are in force within a period, each with its window there."""
        found = ((listing, _common(span, period)) for listing, span in self._spans[model])
        return [(listing, span) for listing, span in found if span[0] < span[1]]

    def _hole(self, model: str, component: str, listed: list[tuple[Listing, Span]]) -> tuple[Listing, datetime] | None:
        """Return a row of the list and its first instant without an anchor, before the last one ends."""
        parts = broader(component) if self._ends else ()
        ends = sorted(end for part in parts for end in self._ends.get((model, part), ()))
        for listing, (begin, end) in listed:
            for at in (begin, *ends[bisect_left(ends, begin) : bisect_left(ends, end)]):
                if self._draft.anchors.as_of(model, component, at) is None:
                    return listing, at
        return None


def _end(span: Span) -> datetime:
    return span[1]


def _ends_before_another(draft: Draft) -> dict[tuple[str, str], list[datetime]]:
    """Return, by model and component, when an anchor ends some time before the next one begins."""
    ends: dict[tuple[str, str], list[datetime]] = {}
    for one, other in pairwise(draft.anchors):
        end = one.effective_until
        if (
            end is not None
            and end < other.effective_from
            and (one.model, one.component) == (other.model, other.component)
        ):
            ends.setdefault((one.model, one.component), []).append(end)
    return ends


def _needs(terms: Terms) -> dict[str, list[tuple[Question, Option]]]:
    """Return the anchors that answers need, and the answers."""
    needs: dict[str, list[tuple[Question, Option]]] = {}
    for question in terms.questionnaire.questions:
        for option in question.options:
            if option.deduction is not None and option.deduction.anchor:
                needs.setdefault(option.deduction.anchor, []).append((question, option))
    return needs


def _within(span: Span, windows: list[Span]) -> Span:
    """Return the intersection of a span and the first window that ends after it begins; windows are in order."""
    first = bisect_right(windows, span[0], key=_end)
    return _common(span, windows[first]) if first < len(windows) else (span[1], span[1])


def _common(*spans: Span) -> Span:
    """Return the intersection of spans; it is empty if it would end before it begins."""
    return max(begin for begin, _ in spans), min(end for _, end in spans)
