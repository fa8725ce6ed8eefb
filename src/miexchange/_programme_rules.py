"""The rules that a programme's tables must keep, so that every quote keeps its promises.

A worse answer never pays more; a higher market price never pays less; what is listed can be
priced; nothing stands in a table that no quote can ever read.
"""

from __future__ import annotations

from datetime import datetime, time
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from miexchange.money import BPS, GREATEST_PAISE, PAISE_PER_RUPEE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange._programme_files import Places
    from miexchange._rows import Problems
    from miexchange.condition import Option, Question
    from miexchange.programme import Programme, Terms

__all__ = ["check"]

_GREATEST_DAYS = 3_650
_GREATEST_OFFSET = 14 * 60


def check(programme: Programme, places: Places, problems: Problems) -> None:
    """Note every rule that the programme breaks."""
    _check_head(programme, places, problems)
    _check_listings(programme, places, problems)
    _check_prices(programme, places, problems)
    for index, terms in enumerate(programme.terms):
        _check_settings(terms, index, places, problems)
        _check_grades(terms, places, problems)
        for question in terms.questionnaire.questions:
            _check_question(question, terms, programme, places, problems)
        _check_bands(terms, index, places, problems)
        _check_overlaps(terms, index, places, problems)
        _check_bonuses(terms, index, places, problems)
        _check_shares(terms, index, places, problems)
        _check_anchors(terms, programme, places, problems)


def _check_head(programme: Programme, places: Places, problems: Problems) -> None:
    def bad(key: str, message: str, remedy: str) -> None:
        problems.add(places.file, places.toml.line_of((key,)), key, message, remedy)

    if not programme.brands:
        bad("brands", "is empty", "Name the brands of old phones that are accepted")
    for brand in sorted(programme.brands - {variant.brand for variant in programme.catalogue.variants}):
        bad("brands", f"{brand} has no model in the catalogue", "Correct its spelling, or take it out")
    offset = programme.zone.utcoffset(None)
    if abs(offset.total_seconds()) > _GREATEST_OFFSET * 60:
        bad("utc_offset_minutes", "is out of range", "Write minutes east of UTC, such as 330 for India")
    for index, (before, terms) in enumerate(pairwise(programme.terms), 1):
        line = places.toml.line_of(("terms", index, "effective_from"))
        if terms.effective_from <= before.effective_from:
            what = f"{terms.version} does not begin after {before.version}: their dates overlap"
            problems.add(places.file, line, "effective_from", what, "Order the terms by date, each with its own")
    versions = [terms.version for terms in programme.terms]
    for index, version in enumerate(versions):
        if version in versions[:index]:
            line = places.toml.line_of(("terms", index, "version"))
            problems.add(places.file, line, "version", f"{version} stands twice", "Give each its own version")


def _check_listings(programme: Programme, places: Places, problems: Problems) -> None:
    file = places.files["eligible_models"]
    if not programme.eligible.listings:
        problems.add(file, None, "", "lists no model", "Add the models that may be traded in")
    for listing in programme.eligible:
        line = places.listings[listing]
        variant = programme.catalogue.by_model.get(listing.model)
        if variant is None:
            problems.add(
                file, line, "model", f"{listing.model} is not in the catalogue", "Correct the id, or add it there"
            )
            continue
        if variant.brand not in programme.brands:
            problems.add(
                file,
                line,
                "model",
                f"{listing.model} is unreachable: {variant.brand} is not accepted",
                "Accept the brand, or take the row out",
            )
        if listing.model not in programme.prices:
            problems.add(file, line, "model", f"{listing.model} is listed without a price", "Add its price")
            continue
        begins = datetime.combine(listing.listed_from, time(), programme.zone)
        begins = max(begins, programme.terms[0].effective_from)
        if programme.prices.as_of(listing.model, begins) is None:
            what = f"{listing.model} has no price yet on {begins.date()}, its first day on the list"
            problems.add(file, line, "listed_from", what, "List it from its first price on")


def _check_prices(programme: Programme, places: Places, problems: Problems) -> None:
    for price in programme.prices.prices:
        if price.model not in programme.eligible:
            what = f"{price.model} has a price and is not listed"
            remedy = "List the model, or take the price out"
            problems.add(places.files["market_prices"], places.prices[price], "model", what, remedy)
    for anchor in programme.anchors.anchors:
        if anchor.model not in programme.eligible:
            what = f"{anchor.model} has an anchor and is not listed"
            remedy = "List the model, or take the anchor out"
            problems.add(places.files["repair_anchors"], places.anchors[anchor], "model", what, remedy)
    longest = max(terms.price_max_age for terms in programme.terms)
    for gap in programme.prices.gaps(longest):
        what = f"{gap.model} has no fresh price from {gap.begins.isoformat()} to {gap.ends.isoformat()}"
        following = next(
            line
            for price, line in places.prices.items()
            if price.model == gap.model and price.effective_from == gap.ends
        )
        remedy = "Add a price in between, or raise price_max_age_days"
        problems.add(places.files["market_prices"], following, "effective_from", what, remedy)


def _check_settings(terms: Terms, index: int, places: Places, problems: Problems) -> None:
    usage = terms.usage
    bounds: tuple[tuple[tuple[str, ...], int, int, int], ...] = (
        (("quote_valid_hours",), terms.quote_valid_hours, 1, 24 * _GREATEST_DAYS),
        (("price_max_age_days",), terms.price_max_age_days, 1, _GREATEST_DAYS),
        (("factor_bps",), terms.factor_bps, 1, BPS),
        (("scrap_paise",), terms.scrap_paise, 0, GREATEST_PAISE),
        (("step_paise",), terms.step_paise, 1, GREATEST_PAISE),
        (
            ("drift_bps_per_day",),
            terms.drift_bps_per_day,
            0,
            BPS // terms.price_max_age_days if terms.price_max_age_days > 0 else 0,
        ),
        (("usage", "valid_days"), usage.valid_days, 1, _GREATEST_DAYS),
        (("usage", "minimum_order_paise"), usage.minimum_order_paise, 0, GREATEST_PAISE),
    )
    for path, value, least, most in bounds:
        if not least <= value <= most:
            line = places.toml.line_of(("terms", index, *path))
            remedy = f"Write a whole number from {least} to {most}"
            problems.add(places.file, line, ".".join(path), f"{value} is out of range", remedy)
    if terms.step_paise > 0 and terms.scrap_paise % terms.step_paise:
        line = places.toml.line_of(("terms", index, "scrap_paise"))
        what = f"{terms.scrap_paise} is not a whole number of steps, so rounding would go below it"
        problems.add(places.file, line, "scrap_paise", what, f"Write a multiple of step_paise, {terms.step_paise}")
    cheapest = min((price for price in places.prices), key=lambda price: price.price_paise, default=None)
    if cheapest is not None and terms.scrap_paise > cheapest.price_paise:
        line = places.toml.line_of(("terms", index, "scrap_paise"))
        what = (
            f"the floor of {terms.scrap_paise} is above the cap, the price of {cheapest.model}: {cheapest.price_paise}"
        )
        problems.add(places.file, line, "scrap_paise", what, "Lower the floor")
    for key in ("categories", "brands", "channels"):
        if not getattr(usage, key):
            line = places.toml.line_of(("terms", index, "usage", key))
            problems.add(places.file, line, f"usage.{key}", "is empty: the coupon buys nothing", "Name at least one")


def _check_grades(terms: Terms, places: Places, problems: Problems) -> None:
    used = {option.grade for question in terms.questionnaire.questions for option in question.options}
    for step, grade in enumerate(terms.grades):
        file, line = places.grades[terms.version, grade.id]
        if step and grade.keep_bps > terms.grades[step - 1].keep_bps:
            what = f"grade {grade.id} keeps more than {terms.grades[step - 1].id}, which is better"
            problems.add(file, line, "keep_bps", what, "Order the grades best first, none keeping more than the last")
        if step and step not in used:
            what = f"grade {grade.id} is unreachable: no answer leads to it"
            problems.add(file, line, "grade", what, "Use it in the condition table, or take it out")


def _check_question(question: Question, terms: Terms, programme: Programme, places: Places, problems: Problems) -> None:
    def bad(option: Option, column: str, message: str, remedy: str) -> None:
        file, line = places.options[terms.version, question.id, option.id]
        problems.add(file, line, column, message, remedy)

    best = question.options[0]
    if best.gate or best.deduction or best.grade:
        bad(
            best,
            "option",
            f"{question.id}={best.id} is the best answer and costs something",
            "Let the best answer be free",
        )
    kinds = {option.deduction.kind for option in question.options if option.deduction is not None}
    if len(kinds) > 1:
        what = f"{question.id} mixes deductions by {' and '.join(sorted(kinds))}, which cannot be ordered"
        bad(best, "option", what, "Use one kind of deduction in a question")
    for better, worse in pairwise(question.options):
        for column, message in _inversions(better, worse):
            remedy = "Order the options best first; a worse answer never pays more"
            bad(worse, column, f"{question.id}={worse.id} {message} than {better.id}, which is better", remedy)
    for option in question.options:
        if option.gate and (option.deduction or option.grade or option.extra_paise or option.keep_bps != BPS):
            what = f"{question.id}={option.id} refuses the device, so nothing else on its row is ever read"
            bad(option, "gate", what, "Leave the other columns empty")
        if question.optional and (option.gate or option.deduction or option.grade or option.keep_bps != BPS):
            what = f"{question.id} may stay unanswered, so it cannot decide more than an extra"
            bad(option, "option", what, "Make the question required")
        if option.grade and question.axis == "none":
            bad(option, "grade", f"{question.id} has no axis, so its grade is never read", "Give the question an axis")
    if all(option.gate for option in question.options[1:]) and question.optional:
        return
    listed = (programme.catalogue.by_model.get(listing.model) for listing in programme.eligible)
    if not any(variant is not None and question.is_asked_of(variant) for variant in listed):
        what = f"{question.id} is asked of no listed model, so its rows are unreachable"
        bad(best, "question", what, "Ask it of a listed model, or take its rows out")


def _inversions(better: Option, worse: Option) -> Iterator[tuple[str, str]]:
    """Yield what makes the worse of two answers pay more."""
    if worse.gate:
        return
    if better.gate:
        yield "gate", "is taken, and is worse"
    if worse.grade < better.grade:
        yield "grade", "has a better grade"
    if worse.keep_bps > better.keep_bps:
        yield "keep_bps", "keeps more"
    if (worse.deduction.size if worse.deduction else 0) < (better.deduction.size if better.deduction else 0):
        yield "deduct_paise", "costs less"
    if worse.extra_paise > better.extra_paise:
        yield "extra_paise", "adds more: a fault that pays,"


def _check_bands(terms: Terms, index: int, places: Places, problems: Problems) -> None:
    def bad(number: int, message: str, remedy: str) -> None:
        line = places.toml.line_of(("terms", index, "age_bands", number))
        problems.add(places.file, line, "age_bands", message, remedy)

    for number, band in enumerate(terms.age_bands):
        if not 0 <= band.keep_bps <= BPS:
            bad(number, f"{band.keep_bps} is out of range", f"Write basis points from 0 to {BPS}")
        if number == 0:
            if band.from_months != 0:
                bad(number, f"the first band begins at {band.from_months} months", "Begin at 0")
            continue
        before = terms.age_bands[number - 1]
        if band.from_months <= before.from_months:
            bad(
                number, f"bands are inverted: {band.from_months} after {before.from_months} months", "Order them by age"
            )
        if band.keep_bps > before.keep_bps:
            bad(number, f"an older device would keep more: {band.keep_bps} after {before.keep_bps} bps", "Let it fall")


def _check_overlaps(terms: Terms, index: int, places: Places, problems: Problems) -> None:
    seen: set[str] = set()
    for number, overlap in enumerate(terms.overlaps):
        line = places.toml.line_of(("terms", index, "overlaps", number))
        for name in (overlap.one, overlap.other):
            if name not in terms.components:
                remedy = f"Known: {', '.join(terms.components)}"
                problems.add(places.file, line, "overlaps", f"{name} is a component that nothing deducts for", remedy)
            if name in seen:
                problems.add(places.file, line, "overlaps", f"{name} overlaps twice", "Let a component overlap once")
            seen.add(name)
        if not 0 <= overlap.counted_bps <= BPS:
            what = f"{overlap.counted_bps} is out of range"
            problems.add(places.file, line, "overlaps", what, f"Write basis points from 0 to {BPS}")


def _check_bonuses(terms: Terms, index: int, places: Places, problems: Problems) -> None:
    by_id = {bonus.id: bonus for bonus in terms.bonuses}
    for number, bonus in enumerate(terms.bonuses):
        line = places.toml.line_of(("terms", index, "bonuses", number))

        def bad(message: str, remedy: str, line: int | None = line, name: str = bonus.id) -> None:
            problems.add(places.file, line, f"bonuses.{name}", message, remedy)

        if by_id[bonus.id] is not bonus:
            bad("stands twice", "Give each bonus its own id")
        amounts = (bonus.paise, bonus.share_bps, bonus.from_value_paise, bonus.cap_paise or 0)
        if min(amounts) < 0 or max(bonus.paise, bonus.from_value_paise, bonus.cap_paise or 0) > GREATEST_PAISE:
            bad("an amount is out of range", f"Write paise from 0 to {GREATEST_PAISE}")
        if bool(bonus.paise) == bool(bonus.share_bps):
            bad("is neither a fixed amount nor a share, or both", "Set paise or share_bps")
        if bonus.share_bps and bonus.cap_paise is None:
            bad("a share without a cap", "Set cap_paise")
        if bonus.share_bps > BPS:
            bad(f"{bonus.share_bps} is out of range", f"Write basis points from 1 to {BPS}")
        if bonus.begins is not None and bonus.ends is not None and bonus.ends <= bonus.begins:
            bad(f"ends on {bonus.ends}, not after {bonus.begins}", "End it after it begins")
        if bonus.quota is not None and bonus.quota < 1:
            bad(f"a quota of {bonus.quota} is never given", "Write a quota above zero, or leave it out")
        if bonus.fall_back and bonus.fall_back not in by_id:
            bad(f"falls back on {bonus.fall_back}, which is no bonus", f"Known: {', '.join(by_id)}")
        if bonus.fall_back and bonus.quota is None:
            bad("has a fall-back and no quota, so it is never reached", "Set a quota, or take the fall-back out")
        chain, name = {bonus.id}, bonus.fall_back
        while name in by_id and name not in chain:
            chain.add(name)
            name = by_id[name].fall_back
        if name in chain:
            bad("falls back on itself", "Let the chain of fall-backs end")


def _check_shares(terms: Terms, index: int, places: Places, problems: Problems) -> None:
    """Prove that a higher market price never pays less, or say why it could.

    Prices are whole rupees. One rupee more raises what is kept by more than 100 x keep - r paise,
    where keep is the least product of retentions and grade and r how many roundings make it, and
    raises the deductions by share by less than 100 x s + k, for k groups whose worst shares add up
    to s. So 100 x (keep - s) >= r + k is enough, whatever the answers are.
    """
    keep, roundings = Fraction(1), 1
    worst: dict[str, int] = {}
    for question in terms.questionnaire.questions:
        options = [option for option in question.options if not option.gate]
        least = min((option.keep_bps for option in options), default=BPS)
        if least < BPS:
            keep, roundings = keep * Fraction(least, BPS), roundings + 1
        shares = [option.deduction.share_bps for option in options if option.deduction is not None]
        worst[question.component] = max([worst.get(question.component, 0), *shares])
    if terms.age_bands:
        keep, roundings = keep * Fraction(min(band.keep_bps for band in terms.age_bands), BPS), roundings + 1
    if terms.drift_bps_per_day:
        left = BPS - terms.price_max_age_days * terms.drift_bps_per_day
        keep, roundings = keep * Fraction(max(left, 0), BPS), roundings + 1
    keep *= Fraction(min((grade.keep_bps for grade in terms.grades), default=BPS), BPS)
    shares_bps = sum(worst.values())
    groups = sum(1 for share in worst.values() if share)
    if shares_bps and PAISE_PER_RUPEE * (keep - Fraction(shares_bps, BPS)) < roundings + groups:
        line = places.toml.line_of(("terms", index))
        kept = int(keep * BPS)
        what = f"shares of the market price take up to {shares_bps} bps where only {kept} are kept"
        problems.add(places.file, line, "condition", what, "A higher price could pay less: lower the shares")


def _check_anchors(terms: Terms, programme: Programme, places: Places, problems: Problems) -> None:
    """See that every anchor that an answer needs is there for every listed model, from its first day on."""
    needed = {
        option.deduction.anchor: (question.id, option.id)
        for question in terms.questionnaire.questions
        for option in question.options
        if option.deduction is not None and option.deduction.anchor
    }
    for component, (question_id, option_id) in needed.items():
        for listing in programme.eligible:
            begins = datetime.combine(listing.listed_from, time(), programme.zone)
            begins = max(begins, terms.effective_from)
            if programme.anchors.as_of(listing.model, component, begins) is None:
                file, line = places.files.get("repair_anchors"), None
                if file is None:
                    file, line = places.options[terms.version, question_id, option_id]
                what = f"{listing.model} has no {component} anchor on {begins.date()}, and {question_id}={option_id} needs it"
                problems.add(file, line, "anchor", what, "Add the anchor")
