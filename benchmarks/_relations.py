"""A programme as small relations: what the SQL and the Polars expressions join a table of devices with.

Time is in microseconds since 1970 throughout. What the tables say of one model changes at a few
instants only, so each model has a few rows, each with the window in which it holds.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from _contract import BIT
from miexchange import ReasonCode
from miexchange.eligibility import naming_code, tac_code
from miexchange.market import broader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miexchange import Programme, TacDevice, Terms, Variant
    from miexchange.condition import Option, Question
    from miexchange.eligibility import Listing
    from miexchange.market import Anchor, Price

__all__ = [
    "ALWAYS",
    "EVER",
    "Fact",
    "Relations",
    "TacRow",
    "micros",
    "midnight",
    "placeholders",
    "reporting_bodies",
    "with_anchors_there",
]

_Dated = TypeVar("_Dated", "Price", "Anchor")

ALWAYS, EVER = -(2**62), 2**62
DATA = Path(__file__).resolve().parents[1] / "data"


def placeholders() -> frozenset[str]:
    """Return the fourteen digits of every known placeholder."""
    with (DATA / "placeholder_imeis.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["body"] for row in csv.DictReader(file))


def reporting_bodies() -> dict[int, str]:
    """Return the status of every reporting body, by its two digits as a number."""
    with (DATA / "reporting_bodies.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["rbi"]): row["status"] for row in csv.DictReader(file)}


def micros(at: datetime) -> int:
    """Return an instant in microseconds since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def midnight(day: date, programme: Programme) -> int:
    """Return when a day begins in the programme's zone."""
    return micros(datetime.combine(day, time(), programme.zone))


@dataclass(frozen=True, slots=True)
class Fact:
    """What holds for a name that devices go by, from `since` until before `until`.

    `model_bits` are reasons against the model, and `PRICE_MISSING`. `family` is -1 for a name of
    nothing. `asked` has a bit for each restricted question that is asked.
    """

    name: int
    since: int
    until: int
    family: int
    model_bits: int
    market: int | None
    priced_from: int | None
    anchors: tuple[int | None, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class TacRow:
    """A TAC of the table, or of a placeholder: the family that it is of, and whether to look at the whole number.

    `family` is -1 for a TAC that is not in the table, -2 for one that is of none or of several families.
    """

    tac: int
    family: int
    suspect: bool


def with_anchors_there(programme: Programme) -> Programme:
    """Return a programme whose deductions name the families of anchors that it has: `display`, not `display.glass`."""
    there = {anchor.component for anchor in programme.anchors.anchors}

    def named(option: Option) -> Option:
        if option.deduction is None or not option.deduction.anchor:
            return option
        family = next((one for one in broader(option.deduction.anchor) if one in there), option.deduction.anchor)
        return option.replace(deduction=option.deduction.replace(anchor=family))

    def asked(question: Question) -> Question:
        return question.replace(options=tuple(map(named, question.options)))

    terms = (
        one.replace(questionnaire=one.questionnaire.replace(questions=tuple(map(asked, one.questionnaire.questions))))
        for one in programme.terms
    )
    return replace(programme, terms=tuple(terms))


class Relations:
    """The relations of a programme for the names that a table uses.

    Attributes:
        anchors: the names of the repair anchors that answers need.
        restricted: the questions that are not asked of every model.
        facts: what holds for each name, when.
        starts: all instants at which something changes for some name, the first `ALWAYS`.
        tacs: the TACs.
        exceptions: pairs of a TAC and a family that are not what `TacRow.family` says: True where the TAC
            fits the family all the same, False where the table only spells it otherwise.
    """

    def __init__(self, programme: Programme, names: Iterable[str]) -> None:
        """Make the relations.

        Args:
            programme: the rules.
            names: the names in the order of their codes.

        Raises:
            NotImplementedError: the programme has rules that the SQL and the expressions do not write out.
        """
        _check_uniform(programme.terms)
        self._programme = programme
        self._listings: dict[str, list[Listing]] = {}
        self._prices: dict[str, list[Price]] = {}
        self._anchors: dict[str, list[Anchor]] = {}
        for listing in programme.eligible:
            self._listings.setdefault(listing.model, []).append(listing)
        for price in programme.prices.prices:
            self._prices.setdefault(price.model, []).append(price)
        for anchor in programme.anchors.anchors:
            self._anchors.setdefault(anchor.model, []).append(anchor)
        families = sorted({variant.family for variant in programme.catalogue.variants})
        self.families = {name: number for number, name in enumerate(families)}
        questions = [question for terms in programme.terms for question in terms.questionnaire.questions]
        found = (option.deduction for question in questions for option in question.options if option.deduction)
        self.anchors = tuple(dict.fromkeys(deduction.anchor for deduction in found if deduction.anchor))
        asked = (question.id for question in questions if question.asked_brands or question.asked_launched_from)
        self.restricted = tuple(dict.fromkeys(asked))
        self.facts = [fact for code, name in enumerate(names) for fact in self._facts_of(code, name)]
        self.starts = sorted({fact.since for fact in self.facts})
        self.tacs, self.exceptions = self._tac_rows()

    def facts_by_epoch(self) -> list[tuple[int, Fact]]:
        """Return a fact for each name and each window between two `starts`, with a dense key.

        The key is the name's code times the number of windows, plus the window's number.
        """
        keyed = []
        windows = len(self.starts)
        for fact in self.facts:
            first = bisect_right(self.starts, fact.since) - 1
            last = bisect_right(self.starts, fact.until - 1) - 1
            keyed += [(fact.name * windows + window, fact) for window in range(first, last + 1)]
        return sorted(keyed, key=lambda pair: pair[0])

    def _facts_of(self, code: int, name: str) -> list[Fact]:
        catalogue = self._programme.catalogue
        variant = catalogue.named(name)
        if variant is None:
            bits = BIT[naming_code(name, catalogue)]
            return [Fact(code, ALWAYS, EVER, -1, bits, None, None, (None,) * len(self.anchors), 0)]
        changes = sorted(self._changes(variant))
        ends = (*changes[1:], EVER)
        return [self._fact_at(code, variant, since, until) for since, until in zip(changes, ends, strict=True)]

    def _changes(self, variant: Variant) -> set[int]:
        programme, model = self._programme, variant.model
        listings = self._listings.get(model, [])
        days = {day for one in listings for day in (one.listed_from, one.listed_until) if day is not None}
        dated: list[Price | Anchor] = [*self._prices.get(model, []), *self._anchors.get(model, [])]
        instants = {at for one in dated for at in (one.effective_from, one.effective_until) if at is not None}
        if self.restricted:
            instants |= {terms.effective_from for terms in programme.terms}
        return {ALWAYS, *(midnight(day, programme) for day in days), *map(micros, instants)}

    def _fact_at(self, code: int, variant: Variant, since: int, until: int) -> Fact:
        programme, model = self._programme, variant.model
        price = _in_force(self._prices.get(model, []), since)
        by_component = [[one for one in self._anchors.get(model, []) if one.component == name] for name in self.anchors]
        anchors = [_in_force(series, since) for series in by_component]
        bits = 0
        if variant.brand not in programme.brands:
            bits = BIT[ReasonCode.BRAND_NOT_ACCEPTED]
        elif not any(self._is_listed(listing, since) for listing in self._listings.get(model, [])):
            bits = BIT[ReasonCode.MODEL_NOT_LISTED]
        elif price is None:
            bits = BIT[ReasonCode.PRICE_MISSING]
        return Fact(
            name=code,
            since=since,
            until=until,
            family=self.families[variant.family],
            model_bits=bits,
            market=None if bits or price is None else price.price_minor,
            priced_from=None if bits or price is None else micros(price.effective_from),
            anchors=tuple(None if anchor is None else anchor.amount_minor for anchor in anchors),
            asked=self._asked(variant, since),
        )

    def _is_listed(self, listing: Listing, at: int) -> bool:
        begins = midnight(listing.listed_from, self._programme)
        ends = EVER if listing.listed_until is None else midnight(listing.listed_until, self._programme)
        return begins <= at < ends

    def _asked(self, variant: Variant, since: int) -> int:
        in_force = [terms for terms in self._programme.terms if micros(terms.effective_from) <= since]
        if not in_force:
            return 0
        by_id = {question.id: question for question in in_force[-1].questionnaire.questions}
        return sum(by_id[name].is_asked_of(variant) << bit for bit, name in enumerate(self.restricted))

    def _tac_rows(self) -> tuple[list[TacRow], dict[tuple[int, int], bool]]:
        programme = self._programme
        suspects = {int(body[:8]) for body in placeholders()}
        candidates: dict[int, tuple[TacDevice, ...]] = {}
        for tac, device in programme.tacs:
            candidates[int(tac)] = (*candidates.get(int(tac), ()), device)
        verdicts = {devices: self._verdicts(devices) for devices in set(candidates.values())}
        rows: list[TacRow] = []
        exceptions: dict[tuple[int, int], bool] = {}
        for number in sorted(candidates.keys() | suspects):
            family = -1
            if number in candidates:
                named = verdicts[candidates[number]]
                fitting = [one for one, fits in named.items() if fits]
                family = fitting[0] if len(fitting) == 1 else -2
                exceptions |= {(number, one): fits for one, fits in named.items() if one != family}
            rows.append(TacRow(number, family, number in suspects))
        return rows, exceptions

    def _verdicts(self, devices: tuple[TacDevice, ...]) -> dict[int, bool]:
        """Return for each family whether the devices fit it or may be it; the others they are not."""
        catalogue = self._programme.catalogue
        found: dict[int, bool] = {}
        for variant in catalogue.variants:
            number = self.families[variant.family]
            code = tac_code(devices, variant, catalogue)
            if code is None:
                found[number] = True
            elif code is ReasonCode.TAC_UNKNOWN:
                found.setdefault(number, False)
        return found


def _check_uniform(terms: tuple[Terms, ...]) -> None:
    """Refuse what the SQL and the expressions leave out, since no programme that is measured needs it."""
    if not terms or any(one.age_bands for one in terms):
        raise NotImplementedError("a programme without terms, or with age bands, is not written out here")
    same = {(_without_asked(one), one.grades, one.overlap_positions) for one in terms}
    if len(same) > 1:
        raise NotImplementedError("terms that differ in their answers, grades or overlaps are not written out here")
    for component in terms[0].components:
        of_it = [one for one in terms[0].questionnaire.questions if one.component == component]
        found = [option.deduction for one in of_it for option in one.options if option.deduction is not None]
        if len({deduction.kind for deduction in found}) > 1:
            raise NotImplementedError(f"the worst answer about {component} depends on the price: not written out here")


def _without_asked(terms: Terms) -> tuple[object, ...]:
    return tuple((one.id, one.component, one.axis, one.options, one.optional) for one in terms.questionnaire.questions)


def _in_force(series: list[_Dated], at: int) -> _Dated | None:
    """Return the last row that began, unless it ended."""
    begun = [one for one in series if micros(one.effective_from) <= at]
    if not begun:
        return None
    last = max(begun, key=lambda one: one.effective_from)
    return last if last.effective_until is None or at < micros(last.effective_until) else None
