"""A proof that nobody gets less from one edition of a programme than from another."""

from __future__ import annotations

from copy import copy
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from miexchange import _kernel
from miexchange._cures import is_taken
from miexchange.prove._laws import MOST_MOVED, PROVED, Loose
from miexchange.prove._run import laws_of
from miexchange.prove._sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from miexchange.catalogue import Variant
    from miexchange.eligibility import EligibilityTerms
    from miexchange.programme import Bonus, Programme, Terms
    from miexchange.programme.rules import Retention
    from miexchange.prove._sheet import Asked, Row

__all__ = ["why_not_proved"]

_STRICT = {"warn": 0, "optional": 0, "refuse": 1, "required": 1}


def why_not_proved(old: Programme, new: Programme, taken: list[tuple[Variant, datetime]], seconds: float) -> str | None:
    """Return the obstacle to a proof that nobody gets less; None if it is proved.

    The proof has these steps: the new terms pay at least what the old ones do, for all prices and answers; a higher
    market price never pays less, nor does a cheaper repair; and in the tables of both editions no price is lower, no
    repair dearer and no model missing.

    Args:
        old: the edition in force.
        new: the next edition.
        taken: every model that the old one accepts, with the instants at which something changes.
        seconds: the time limit of the solver for one question.
    """
    return next(_obstacles(old, new, taken, seconds), None)


def _obstacles(old: Programme, new: Programme, taken: list[tuple[Variant, datetime]], seconds: float) -> Iterator[str]:
    if old.zone != new.zone:
        yield "days begin elsewhere"
    if {*old.tacs} != {*new.tacs}:
        yield "the TAC table is another one"
    editions: dict[tuple[int, int], tuple[Terms, Terms]] = {}
    for variant, at in taken:
        before, after = old.terms_at(at), new.terms_at(at)
        if before is None or after is None or not is_taken(new, variant, at):
            yield f"{variant.model} is not taken at {at.isoformat()}"
            return
        yield from (f"{said} at {at.isoformat()}" for said in _of_model(old, new, variant, at, after))
        editions[id(before), id(after)] = before, after
    for before, after in editions.values():
        yield from _of_eligibility(before.eligibility, after.eligibility)
        yield from _of_terms(before, after)
        floors = {(before.scrap_of(one), after.scrap_of(one)) for one in old.catalogue}
        for scraps in sorted(floors):
            yield from _of_values(Sheet(old, before, scraps[0]), Sheet(new, after, scraps[1]), seconds)
    yield from (f"{one.law} is not proved" for one in laws_of(new, _NEEDED, seconds) if not one)


_NEEDED = ("dearer_market", "bonuses")


def _of_model(old: Programme, new: Programme, variant: Variant, at: datetime, after: Terms) -> Iterator[str]:
    """Yield what is worse for a model at an instant."""
    if new.catalogue.lookup(variant.model) != variant:
        yield f"{variant.model} is another model"
    one, other = (edition.prices.as_of(variant.model, at) for edition in (old, new))
    if one is None or other is None or other.price_minor < one.price_minor:
        yield f"{variant.model} has a lower price"
    elif after.drift_bps_per_day and other.effective_from < one.effective_from:
        yield f"{variant.model} has an older price"
    for name in sorted(after.anchors):
        before, now = (edition.anchors.as_of(variant.model, name, at) for edition in (old, new))
        if before is not None and (now is None or now.amount_minor > before.amount_minor):
            yield f"the {name} repair of {variant.model} is dearer"


def _of_eligibility(before: EligibilityTerms, after: EligibilityTerms) -> Iterator[str]:
    names = ("unknown_tac", "unverified_imei", "second_imei")
    if any(_STRICT[getattr(after, name)] > _STRICT[getattr(before, name)] for name in names):
        yield "fewer phones are let pass"
    if after.register_hours and not 0 < before.register_hours <= after.register_hours:
        yield "newer evidence of a register is demanded"


def _of_terms(before: Terms, after: Terms) -> Iterator[str]:
    """Yield what the solver is not asked about."""
    if not _same_questions(before, after):
        yield "other questions are asked"
    for scale in {*before.retentions, *after.retentions}:
        if not _keeps(scale, before, after):
            yield f"{scale.title} has changed"
    if not all(any(_covers(mine, bonus) for mine in after.bonuses) for bonus in before.bonuses):
        yield "a bonus has changed"
    if len(before.grades) != len(after.grades):
        yield "there are other grades"


def _keeps(scale: Retention, before: Terms, after: Terms) -> bool:
    """Tell whether a rule keeps no less for any label."""
    if not scale.is_used(after):
        return True
    if not scale.is_used(before):
        return False
    labels = [label for label in (*scale.labels(before), *scale.labels(after)) if not scale.code(before, label)]
    return not any(scale.code(after, one) or scale.rate(after, one) < scale.rate(before, one) for one in labels)


def _same_questions(before: Terms, after: Terms) -> bool:
    """Tell whether the questions are the same, and nothing more is refused."""
    both = before.questionnaire.questions, after.questionnaire.questions
    if [one.id for one in both[0]] != [one.id for one in both[1]]:
        return False
    for one, other in zip(*both, strict=True):
        if one.replace(options=other.options, ask=other.ask, source=other.source) != other:
            return False
        for mine, theirs in zip(one.options, other.options, strict=False):
            same = (mine.id, mine.least, mine.most) == (theirs.id, theirs.least, theirs.most)
            if not same or theirs.gate > mine.gate:
                return False
        if len(one.options) != len(other.options):
            return False
    return before.components == after.components


def _covers(mine: Bonus, bonus: Bonus) -> bool:
    """Tell whether a bonus is given wherever another one was, and is at least as large."""
    fixed = ("id", "stackable", "fall_back")
    return (
        all(getattr(mine, name) == getattr(bonus, name) for name in fixed)
        and mine.amount_minor >= bonus.amount_minor
        and mine.share_bps >= bonus.share_bps
        and mine.most_minor >= bonus.most_minor
        and mine.from_value_minor <= bonus.from_value_minor
        and (not mine.targets or set(bonus.targets or ("",)) <= set(mine.targets))
        and (mine.begins is None or (bonus.begins is not None and mine.begins <= bonus.begins))
        and (mine.ends is None or (bonus.ends is not None and mine.ends >= bonus.ends))
        and (mine.quota is None or (bonus.quota is not None and mine.quota >= bonus.quota))
    )


def _of_values(before: Sheet, after: Sheet, seconds: float) -> Iterator[str]:
    """Ask the solver whether terms can pay less than others; the common parts are as loose as possible."""
    changed = [one for one, other in zip(before.asked, after.asked, strict=True) if one.every != other.every]
    rows = [[(row, _named(after.by_id[one.id], row.id)) for row in one.taken] for one in changed]
    if prod(map(len, rows)) > MOST_MOVED:
        yield "too many answers are otherwise"
        return
    for pairs in product(*rows):
        names = [one.id for one in changed]
        loose = Loose(before, _kernel, names)
        other: Any = copy(loose)
        other.sheet, other.grades = after, [grade.keep_bps for grade in after.terms.grades]
        worse, better = (
            (one.value({name: pair[side] for name, pair in zip(names, pairs, strict=True)}), loose.world.run())
            for side, one in enumerate((loose, other))
        )
        if loose.compare(better, worse, seconds).verdict != PROVED:
            said = [f"{name}={pair[0].id}" for name, pair in zip(names, pairs, strict=True)]
            yield f"the solver finds no proof {', '.join(['for all answers', *said])}"


def _named(asked: Asked, name: str) -> Row:
    return next(row for row in asked.taken if row.id == name)
