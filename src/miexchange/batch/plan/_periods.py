"""A programme by model and time: the periods in which nothing about a model changes.

Whatever depends only on the model and the instant (the terms in force, whether the model is listed, its price
and whether that is still fresh, its repair anchors, the bonuses that run) is constant between two instants at
which a row of a table begins or ends. So the rules are asked once for each period, and a column of devices only has
to find its period.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from miexchange._periods import price_code
from miexchange._time import TICK, YEARS, micros, midnights, turn
from miexchange.batch.plan._arrays import ZoneTurns
from miexchange.batch.plan._asof import EVER_SINCE
from miexchange.eligibility import listing_code
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miexchange._zone import AnyZone
    from miexchange.catalogue import Variant
    from miexchange.market import Anchor, Price
    from miexchange.programme import Programme

__all__ = ["Asked", "Period", "Timetable", "zone_turns"]

_NO_LATER = datetime(YEARS.stop, 1, 1, tzinfo=UTC)  # no instant is


@dataclass(frozen=True, slots=True)
class Asked:
    """The circumstances that determine the effect of an answer.

    Attributes:
        terms: the position of the terms in the programme.
        left_out: the questions that are not asked of the model.
        missing: the repair anchors that are not in force; a finding that needs one is refused.
    """

    terms: int
    left_out: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """One period of one model.

    Attributes:
        start: when it begins, in microseconds since 1970.
        code: why the model cannot be valued then, or None.
        terms: the position of the terms in force; None for none.
        asked: the circumstances of the answers; None without a model or terms.
        price: the market price in minor units; 0 for none.
        priced_from: when the price came into force, in microseconds since 1970.
        anchors: the repair anchors, in minor units, in the order of `Timetable.anchors`; 0 for none.
        scrap: the floor of the model, in minor units.
        on: the day on which it begins, in the programme's zone.
    """

    start: int
    code: ReasonCode | None
    terms: int | None = None
    asked: Asked | None = None
    price: int = 0
    priced_from: int = 0
    anchors: tuple[int, ...] = ()
    scrap: int = 0
    on: date = date.min


_DAY = timedelta(days=1)
_CYCLE = timedelta(days=146_097)  # 400 years: the Gregorian calendar repeats, weekdays included
_RULED = datetime(2100, 1, 1, tzinfo=UTC)  # no zone has a table of turns up to here: a rule says what comes after


@lru_cache(32)
def zone_turns(zone: AnyZone) -> ZoneTurns:
    """Return a zone's offsets from UTC over all years that an instant may have."""
    turns = [(EVER_SINCE, _ahead(zone, datetime(YEARS.start - 1, 12, 30, tzinfo=UTC)))]
    if not isinstance(zone, timezone):
        found = list(_turns(zone, datetime(YEARS.start - 1, 12, 30, tzinfo=UTC), _RULED + _CYCLE))
        turns += found
        ruled = [turn for turn in found if turn[0] >= micros(_RULED)]
        cycle = _CYCLE // TICK
        for number in range(1, (_NO_LATER - _RULED) // _CYCLE + 1):
            turns += [(at + number * cycle, ahead) for at, ahead in ruled]
    starts, offsets = zip(*turns, strict=True)
    return ZoneTurns(np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64))


def _ahead(zone: AnyZone, at: datetime) -> int:
    return (at.astimezone(zone).utcoffset() or timedelta()) // TICK


def _turns(zone: AnyZone, begin: datetime, end: datetime) -> Iterator[tuple[int, int]]:
    """Yield each instant at which a zone's offset changes, and the new offset; a day has one change at most."""
    before = _ahead(zone, begin)
    for day in range((end - begin).days):
        at = begin + day * _DAY
        after = _ahead(zone, at + _DAY)
        if after != before:
            yield micros(turn(at, at + _DAY, zone)), after
            before = after


class Timetable:
    """The instants at which a programme changes, and the periods between them.

    Attributes:
        anchors: the names of the repair anchors that an answer may need.
    """

    def __init__(self, programme: Programme) -> None:
        """Collect, for each model, every instant at which a row begins or ends."""
        self._programme = programme
        deductions = (
            option.deduction
            for terms in programme.terms
            for question in terms.questionnaire.questions
            for option in question.options
        )
        self.anchors = tuple(dict.fromkeys(one.anchor for one in deductions if one is not None and one.anchor))
        self._shared = {terms.effective_from for terms in programme.terms}
        for terms in programme.terms:
            for bonus in terms.bonuses:
                days = (edge for edge in (bonus.begins, bonus.ends) if edge is not None)
                self._shared.update(*(midnights(day, programme.zone) for day in days))
        self._changes: dict[str, set[datetime]] = {}
        for model, at in self._edges():
            self._changes.setdefault(model, set()).add(at)
        self._repriced = {
            (one.model, at) for one in programme.anchors for at in (one.effective_from, one.effective_until)
        }

    def _edges(self) -> Iterator[tuple[str, datetime]]:
        programme = self._programme
        for listing in programme.eligible:
            for day in (listing.listed_from, listing.listed_until):
                if day is not None:
                    yield from ((listing.model, at) for at in midnights(day, programme.zone))
        ages = {terms.price_max_age for terms in programme.terms}
        for price in programme.prices:
            for age in ages:
                yield price.model, price.effective_from + age + TICK  # the first instant at which it is stale
        every: list[Price | Anchor] = [*programme.prices, *programme.anchors]
        for dated in every:
            yield dated.model, dated.effective_from
            if dated.effective_until is not None:
                yield dated.model, dated.effective_until

    def periods(self, variant: Variant | None, code: ReasonCode | None = None) -> list[Period]:
        """Return the periods of a model, oldest first; the first one begins before any instant.

        Args:
            variant: the model, or None for a name that leads to no model.
            code: why it leads to none.
        """
        begin = min((terms.effective_from for terms in self._programme.terms), default=None)
        changes = self._shared | (self._changes.get(variant.model, set()) if variant is not None else set())
        instants = [at.astimezone(UTC) for at in sorted(changes) if begin is not None and begin <= at < _NO_LATER]
        before = Period(EVER_SINCE, ReasonCode.PROGRAMME_NOT_IN_FORCE)
        found, anchors = [before], None
        for at in instants:
            if variant is not None and (anchors is None or (variant.model, at) in self._repriced):
                anchors = [self._programme.anchors.as_of(variant.model, name, at) for name in self.anchors]
            found.append(self._period(at, variant, code, anchors or []))
        return found

    def _period(
        self, at: datetime, variant: Variant | None, code: ReasonCode | None, found: Sequence[Anchor | None]
    ) -> Period:
        programme = self._programme
        position = sum(terms.effective_from <= at for terms in programme.terms) - 1
        terms = programme.terms[position]
        on = at.astimezone(programme.zone).date()
        if variant is None:
            return Period(micros(at), code, position, on=on)
        price = programme.prices.as_of(variant.model, at)
        code = listing_code(variant, programme.brands, programme.categories, programme.eligible, on)
        if code is None:
            code = price_code(price, terms, at)
        asked = {question.id for question in terms.questionnaire.asked_of(variant)}
        return Period(
            start=micros(at),
            code=code,
            terms=position,
            asked=Asked(
                position,
                tuple(question.id for question in terms.questionnaire.questions if question.id not in asked),
                tuple(name for name, anchor in zip(self.anchors, found, strict=True) if anchor is None),
            ),
            price=0 if price is None else price.price_minor,
            priced_from=0 if price is None else micros(price.effective_from),
            anchors=tuple(0 if anchor is None else anchor.amount_minor for anchor in found),
            scrap=terms.scrap_of(variant),
            on=on,
        )
