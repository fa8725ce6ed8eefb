"""An independent valuation, in exact fractions and from the tables alone, against which quotes are checked.

It shares no code with `miexchange.valuation` or `miexchange._kernel`: it reads the rows of a programme one after
another, and rounds by the definition: half a minor unit counts as a whole one.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miexchange.catalogue import Variant
    from miexchange.condition import Condition, Option, Question
    from miexchange.market import Anchor, Price
    from miexchange.programme import Bonus, Programme, Terms


__all__ = [
    "anchor_at",
    "bonus_amounts",
    "exchange_steps",
    "exchange_value",
    "half_up",
    "is_listed",
    "last_in_force",
    "price_at",
    "share",
    "shares",
]


def half_up(exact: Fraction) -> int:
    """Round to the nearest whole number, and a half upwards."""
    below = math.floor(exact)
    return below + 1 if exact - below >= Fraction(1, 2) else below


def share(amount: int, bps: int) -> int:
    """Return a share in basis points of an amount, rounded half up."""
    return half_up(Fraction(amount) * Fraction(bps, 10_000))


def last_in_force(rows: Iterable[Price | Anchor], at: datetime) -> Price | Anchor | None:
    """Look through all rows for the one that began last and has not ended."""
    found = None
    for row in rows:
        if row.effective_from <= at and (found is None or row.effective_from > found.effective_from):
            found = row
    if found is not None and found.effective_until is not None and found.effective_until <= at:
        return None
    return found


def price_at(programme: Programme, model: str, at: datetime) -> Price | None:
    """Return the market price in force."""
    rows = [row for row in programme.prices.prices if row.model == model]
    return last_in_force(rows, at)  # type: ignore[return-value]


def is_listed(programme: Programme, model: str, on: date) -> bool:
    """Tell whether a row of the list takes a model on a day."""
    rows = [row for row in programme.eligible if row.model == model and row.listed_from <= on]
    return any(row.listed_until is None or on < row.listed_until for row in rows)


def anchor_at(programme: Programme, model: str, component: str, at: datetime) -> int:
    """Return the repair anchor in force, in minor units: of the component, or else of the part before a dot."""
    parts = component.split(".")
    for name in (".".join(parts[:count]) for count in range(len(parts), 0, -1)):
        rows = [row for row in programme.anchors.anchors if (row.model, row.component) == (model, name)]
        found = last_in_force(rows, at)
        if found is not None:
            return found.amount_minor  # type: ignore[union-attr]
    raise AssertionError(f"{model} has no {component} anchor")


def terms_at(programme: Programme, at: datetime) -> Terms:
    """Return the terms that began last."""
    return max(
        (terms for terms in programme.terms if terms.effective_from <= at), key=lambda terms: terms.effective_from
    )


def whole_months(since: date, on: date) -> int:
    """Count birthdays of the month: how often the day of the month came round."""
    months = 0
    while True:
        year, month = divmod(since.year * 12 + since.month - 1 + months + 1, 12)
        if (year, month + 1, since.day) > (on.year, on.month, on.day):
            return months
        months += 1


def answered(condition: Condition, terms: Terms, variant: Variant) -> list[tuple[Question, Option]]:
    """Return each question that is asked of the model with its answer; an optional one not answered counts as worst."""
    pairs: list[tuple[Question, Option]] = []
    given = dict(condition)
    for question in terms.questionnaire.questions:
        if question.asked_brands and variant.brand not in question.asked_brands:
            continue
        if question.asked_models and variant.model not in question.asked_models:
            continue
        if question.asked_categories and variant.category not in question.asked_categories:
            continue
        if question.asked_features and not any(one in variant.features for one in question.asked_features):
            continue
        said = [option.id for before, option in pairs if before.id == question.asked_after]
        if question.asked_after and (not said or said[0] not in question.asked_answers):
            continue
        since = question.asked_launched_from
        if since is not None and (variant.launched_on is None or variant.launched_on < since):
            continue
        if question.choice_of:
            chosen = given[question.choice_of].split("|")
            answer = question.options[question.options[1].id in chosen].id
        else:
            answer = given.get(question.id, question.options[-1].id)
        pairs.append((question, next(option for option in question.options if option.id == answer)))
    return pairs


def exchange_steps(
    condition: Condition,
    programme: Programme,
    model: str,
    at: datetime,
    purchased_on: date | None,
    customer: str | None,
) -> list[int]:
    """Return what changes the value of a device, in minor units, from the market price on; their sum is its value."""
    terms = terms_at(programme, at)
    variant = programme.catalogue.by_model[model]
    price = price_at(programme, model, at)
    assert price is not None  # noqa: S101 - a quote has a price
    market = price.price_minor
    pairs = answered(condition, terms, variant)
    rates = [option.keep_bps for _, option in pairs]
    if terms.age_bands:
        assert purchased_on is not None  # noqa: S101 - such terms ask for it
        months = whole_months(purchased_on, at.astimezone(programme.zone).date())
        rates.append([band.keep_bps for band in terms.age_bands if band.from_months <= months][-1])
    days = 0
    while price.effective_from + timedelta(days=days + 1) <= at:
        days += 1
    rates.append(max(10_000 - days * terms.drift_bps_per_day, 0))
    rates += [one.keep_bps for one in terms.customer_classes if one.id == customer]
    worst_grade = max([option.grade for question, option in pairs if question.axis != "none"], default=0)
    rates.append(terms.grades[worst_grade].keep_bps)
    steps = [market]
    for bps in rates:
        steps.append(share(sum(steps), bps) - sum(steps))
    costs: dict[str, int] = {}
    for question, option in pairs:
        if option.deduction is None:
            continue
        cost = option.deduction.amount_minor + share(market, option.deduction.share_bps)
        if option.deduction.anchor:
            anchor = anchor_at(programme, model, option.deduction.anchor, at)
            cost += share(anchor, option.deduction.weight_bps)
        costs[question.component] = max(cost, costs.get(question.component, 0))
    steps += [-cost for cost in costs.values()]
    for overlap in terms.overlaps:
        smaller = min(costs.get(overlap.one, 0), costs.get(overlap.other, 0))
        steps.append(share(smaller, 10_000 - overlap.counted_bps))
    steps += [option.extra_minor for _, option in pairs]
    steps.append(share(sum(steps), terms.factor_bps) - sum(steps))
    rows = [row for row in terms.scrap_values if getattr(variant, row.per) == row.of]
    rows.sort(key=lambda row: ("model", "brand", "category").index(row.per))
    steps.append(max((rows[0].scrap_minor if rows else terms.scrap_minor) - sum(steps), 0))
    steps.append(min(market - sum(steps), 0))
    steps.append(-(sum(steps) % terms.step_minor))
    return steps


def exchange_value(
    condition: Condition,
    programme: Programme,
    model: str,
    at: datetime,
    purchased_on: date | None,
    customer: str | None,
) -> int:
    """Return the value of a device, in minor units."""
    return sum(exchange_steps(condition, programme, model, at, purchased_on, customer))


def bonus_amounts(
    value: int, terms: Terms, on: date, target: str | None, given: Mapping[str, int]
) -> list[tuple[str, int]]:
    """Return what comes on top: every stackable bonus, and the first of the largest others; id and amount."""
    stacked: list[tuple[str, int]] = []
    others: list[tuple[str, int]] = []
    for bonus in terms.bonuses:
        if bonus.begins is not None and on < bonus.begins:
            continue
        if bonus.ends is not None and on >= bonus.ends:
            continue
        if bonus.targets and target not in bonus.targets:
            continue
        paid = _left(bonus, terms, given)
        if paid is None or value < bonus.from_value_minor:
            continue
        amount = paid.amount_minor or min(share(value, paid.share_bps), paid.cap_minor or 0)
        if amount:
            (stacked if bonus.stackable else others).append((paid.id, amount))
    if others:
        largest = max(amount for _, amount in others)
        stacked.append(next(one for one in others if one[1] == largest))
    return stacked


def _left(bonus: Bonus, terms: Terms, given: Mapping[str, int]) -> Bonus | None:
    """Return the bonus, or what is given in its place once its quota is used up."""
    if bonus.quota is None or given.get(bonus.id, 0) < bonus.quota:
        return bonus
    for other in terms.bonuses:
        if other.id == bonus.fall_back:
            return _left(other, terms, given)
    return None


def shares(amount: int, weights: list[int]) -> tuple[int, ...]:
    """Split by largest remainder, one minor unit at a time to whoever is owed most; the earlier one of equals."""
    total = sum(weights)
    if not total:
        return (0,) * len(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    split = [math.floor(part) for part in exact]
    while sum(split) < amount:
        owed = [part - have for part, have in zip(exact, split, strict=True)]
        split[owed.index(max(owed))] += 1
    return tuple(split)
