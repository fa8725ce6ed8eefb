"""The search for the fewest changes that turn a refusal into an offer, or an offer into a higher one."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from miexchange._periods import changing_at, price_code
from miexchange._questions import NONE
from miexchange._raising import Raising, before_floor
from miexchange._time import TICK, YEARS, midnight
from miexchange._value import require
from miexchange.catalogue import Device, Variant
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer, listing_code
from miexchange.imei import Imei
from miexchange.quote import Quote
from miexchange.refusal import Reason, ReasonCode, Refusal
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miexchange.condition import Questionnaire
    from miexchange.programme import Programme

__all__ = [
    "HERE",
    "MOST_CURES",
    "OF_ONE",
    "Found",
    "Key",
    "Picks",
    "Place",
    "Said",
    "Search",
    "What",
    "gated",
    "is_taken",
    "reasons_of",
    "worth_of",
]

What = Literal[
    "condition",
    "model",
    "at",
    "imei",
    "imei_status",
    "exchange_open",
    "device_exchanged",
    "purchased_on",
    "target",
    "customer",
]
"""The subject of a change: an argument of `miexchange.appraise`, or a field of its device."""

MOST_CURES = 16
_MOST_MODELS = 6
_MOST_DAYS = 3
_MOST_APPRAISALS = 2_000

_OF_REGISTER: dict[ReasonCode, What] = dict.fromkeys(
    (
        ReasonCode.IMEI_BLOCKED,
        ReasonCode.IMEI_TRACKED,
        ReasonCode.IMEI_DUPLICATE,
        ReasonCode.IMEI_UNVERIFIED,
        ReasonCode.REGISTER_STALE,
    ),
    "imei_status",
)
OF_ONE: dict[ReasonCode, What] = {
    **dict.fromkeys((code for code in ReasonCode if code.startswith(("imei", "tac"))), "imei"),
    **_OF_REGISTER,
    ReasonCode.EXCHANGE_OPEN: "exchange_open",
    ReasonCode.DEVICE_EXCHANGED: "device_exchanged",
    ReasonCode.PURCHASE_DATE_MISSING: "purchased_on",
    ReasonCode.PURCHASE_DATE_IN_FUTURE: "purchased_on",
    ReasonCode.CUSTOMER_MISSING: "customer",
    ReasonCode.CUSTOMER_UNKNOWN: "customer",
}
"""The one argument that a reason is about."""

Key = tuple[What, str, str | None]
"""A change: its kind, its question, and the answer; the last is left open for kinds with one best value only."""

Picks = frozenset[Key]


@dataclass(frozen=True)
class Said:
    """The arguments of a valuation."""

    device: Device
    condition: Condition
    at: datetime
    imei_status: ImeiStatus | RegisterAnswer
    exchange_open: bool
    device_exchanged: bool
    bonuses_given: Mapping[str, int]
    told: Mapping[str, str | None]


class Place(NamedTuple):
    """A variant, an instant and a target: values that are neither better nor worse. None: as given."""

    model: str | None = None
    at: datetime | None = None
    target: str | None = None

    @property
    def size(self) -> int:
        return sum(one is not None for one in self)


HERE = Place()
Found = tuple[Place, Picks]
_NOTHING = Condition()
_CUSTOMER: Key = ("customer", "", None)


class _Enough(Exception):  # noqa: N818 - never leaves this module
    """The search exceeded its limit of valuations."""


class Search:
    """The search for the smallest sets of changes.

    It grows sets, the smallest first. Each reason left after some changes names those of which at least one more
    is needed, so no others are tried: Reiter's tree of hitting sets.
    """

    def __init__(self, programme: Programme, said: Said, answer: Quote | Refusal) -> None:
        self.programme, self.said = programme, said
        self.count, self.most = 0, _MOST_APPRAISALS
        self.seen: dict[Found, Quote | Refusal] = {}
        self.questionnaires: dict[datetime | None, Questionnaire] = {}
        self.deciders: dict[datetime | None, set[str]] = {}
        self.known_futile: defaultdict[Found, list[Picks]] = defaultdict(list)
        self.variant = programme.catalogue.named(said.device.model)
        terms = programme.terms_at(said.at)
        self.was_asked: frozenset[str] | None = None  # unknown
        if terms is not None and self.variant is not None:
            asked = terms.questionnaire.asked_of(self.variant, terms.questionnaire.as_options(said.condition))
            self.was_asked = frozenset(question.id for question in asked)
        self.first = self.value(HERE, frozenset())
        self.worth = worth_of(self.first)
        same = self.first == answer if self.worth is None else self.worth == worth_of(answer)
        require(same, "answer", answer, "give what appraise answers to what is given", "is another answer")

    def found(self) -> tuple[list[Found], bool]:
        """Return the smallest sets, with no answer better than needed, and whether the search was complete."""
        complete, found = True, list[Found]()
        try:
            found = self.search()
        except _Enough:
            complete = False
        self.most = sys.maxsize  # everything below is finite
        if not complete:
            found = self.shrunk()
        return [(place, self.eased(place, picks)) for place, picks in self.nearest(found)][:MOST_CURES], complete

    # The effect of a set of changes.

    def at(self, place: Place) -> datetime:
        return self.said.at if place.at is None else place.at

    def variant_of(self, place: Place) -> Variant | None:
        return self.variant if place.model is None else self.programme.catalogue.by_model[place.model]

    def questionnaire(self, place: Place) -> Questionnaire:
        """Return the questions at a place that has terms."""
        known = self.questionnaires.get(place.at)
        if known is None:
            terms = self.programme.terms_at(self.at(place))
            assert terms is not None  # noqa: S101 - an answer to a question is spoken of
            known = self.questionnaires[place.at] = terms.questionnaire
        return known

    def completed(self, place: Place, picks: Picks) -> tuple[Condition, Condition]:
        """Return the answers after some changes, and those of them that are assumed.

        A question that is asked only because of a change gets its best answer, and one that is no longer asked is left
        out. Answers that were wrong or missing before stay so.
        """
        variant = self.variant_of(place)
        if variant is None or self.programme.terms_at(self.at(place)) is None:
            return self.said.condition, _NOTHING
        questionnaire = self.questionnaire(place)
        chosen = {subject: option for what, subject, option in picks if what == "condition"}
        whole = {name: chosen.pop(name) for name in questionnaire.several if name in chosen}
        each = {one.id: None for name in whole for one in questionnaire.several[name]}
        said = self.said.condition.replace(**each, **whole) if whole else self.said.condition
        said = questionnaire.as_options(said)
        is_here = place.model is None and place.at is None
        if is_here and not whole and self.deciding(place).isdisjoint(chosen):
            return said.replace(**chosen), _NOTHING  # the same questions are asked: this is the hot path
        found: dict[str, str | None] = {**said, **chosen}
        assumed: dict[str, str] = {}
        asked: set[str] = set()
        for question in questionnaire.questions:
            name, after = question.id, question.asked_after
            is_open = not after or (after in asked and found.get(after) in question.asked_answers)
            if is_open and question.is_asked_of(variant):
                asked.add(name)
                is_new = self.was_asked is None or name not in self.was_asked
                if is_new and found.get(name) is None and not question.optional:
                    found[name] = assumed[name] = question.best.id
            elif self.was_asked is None or name in self.was_asked:
                found[name] = None
        return Condition(found), Condition(assumed)

    def value(self, place: Place, picks: Picks) -> Quote | Refusal:
        """Value the phone after some changes."""
        known = self.seen.get((place, picks))
        if known is not None:
            return known
        if self.count >= self.most:
            raise _Enough
        self.count += 1
        said, at, changed = self.said, self.at(place), _whats(picks)
        device, told = said.device, dict(said.told)
        if place.model is not None:
            device = device.replace(model=place.model)
        if place.target is not None:
            told["target"] = place.target
        if "imei" in changed:
            device = device.replace(imei=None, imei2=None)
        if "purchased_on" in changed:
            device = device.replace(purchased_on=at.astimezone(self.programme.zone).date())
        told.update({what: option for what, _, option in picks if what == "customer"})
        found = appraise(
            device,
            self.completed(place, picks)[0],
            self.programme,
            at=at,
            imei_status=self.clear(at) if "imei_status" in changed else said.imei_status,
            exchange_open=said.exchange_open and "exchange_open" not in changed,
            device_exchanged=said.device_exchanged and "device_exchanged" not in changed,
            bonuses_given=said.bonuses_given,
            **told,  # type: ignore[arg-type]  # the names of `Inputs`
        )
        self.seen[place, picks] = found
        return found

    def clear(self, at: datetime) -> ImeiStatus | RegisterAnswer:
        """Return the required answer of the register, with evidence if the terms demand it."""
        terms = self.programme.terms_at(at)
        if terms is None or not terms.eligibility.register_hours:
            return ImeiStatus.CLEAR
        return RegisterAnswer(ImeiStatus.CLEAR, "register", at, "none yet")

    def reaches(self, place: Place, picks: Picks) -> bool:
        """Tell whether some changes lead to an offer, or to a higher one."""
        worth = worth_of(self.value(place, picks))
        return worth is not None and (self.worth is None or worth > self.worth)

    # The possible changes.

    def places(self) -> Iterator[Place]:
        """Yield the places where the phone may be valued, those with the fewest changes first."""
        yield HERE
        models, is_quote = self.models(), self.worth is not None
        yield from (Place(model) for model in models)
        if self.variant is not None:
            yield from (Place(at=at) for at in self.days(self.variant))
        terms = self.programme.terms_at(self.said.at)
        if is_quote and terms is not None:
            wished = dict.fromkeys(target for bonus in terms.bonuses for target in bonus.targets)
            wished.pop(self.said.told["target"] or "", None)
            yield from (Place(target=target) for target in [*wished][:_MOST_MODELS])
        for model in () if is_quote else models:
            yield from (Place(model, at) for at in self.days(self.programme.catalogue.by_model[model]))

    def models(self) -> list[str]:
        """Return the variants that the phone could be: by name, by family, or by IMEI."""
        catalogue, name, variant = self.programme.catalogue, self.said.device.model, self.variant
        found: list[Variant] = []
        if variant is None:
            found += catalogue.meant(name) or catalogue.nearest(name)
        else:
            if any(reason.code is ReasonCode.TAC_OTHER_MODEL for reason in reasons_of(self.first)):
                imeis = [imei for imei in (self.said.device.imei, self.said.device.imei2) if isinstance(imei, Imei)]
                readings = (catalogue.tac_reading(row) for imei in imeis for row in self.programme.tacs.lookup(imei))
                families = dict.fromkeys(family for reading in readings for family in sorted(reading.families))
                found += [one for family in families for one in catalogue.variants_of(family)]
            found += catalogue.variants_of(variant.family)
        models = dict.fromkeys(one.model for one in found if one is not variant)
        return [*models][:_MOST_MODELS]

    def days(self, variant: Variant) -> list[datetime]:
        """Return the nearest instants at which a model is accepted and something differs from now.

        For a quote, only later ones: a higher price in the past helps nobody.
        """
        at = self.said.at
        edges = sorted({*changing_at(self.programme, variant), *self.own_edges()})
        now = bisect_right(edges, at)
        later = (edge for edge in edges[now:] if is_taken(self.programme, variant, edge))
        earlier = (edge - TICK for edge in reversed(edges[:now]) if is_taken(self.programme, variant, edge - TICK))
        return [*islice(later, _MOST_DAYS), *islice(earlier, _MOST_DAYS if self.worth is None else 0)]

    def own_edges(self) -> list[datetime]:
        """Return the first instant of the day of purchase, from which it is no longer in the future."""
        bought = self.said.device.purchased_on
        if bought is None or not YEARS[0] < bought.year < YEARS[-1]:
            return []
        return [midnight(bought, self.programme.zone)]

    def better(self, place: Place, key: Key) -> Sequence[str]:
        """Return the alternatives to a change, best first."""
        what, name, _ = key
        if what == "customer":
            terms = self.programme.terms_at(self.at(place))
            classes = () if terms is None else terms.labels_told.get("customer", ())
            said = self.said.told["customer"]
            return classes[: classes.index(said)] if said in classes else classes[:1]
        if what == "condition" and name in self.questionnaire(place).several:
            return (NONE,)
        if what != "condition" or name not in self.questionnaire(place).by_id:
            return ()
        question = self.questionnaire(place).by_id[name]
        given = self.questionnaire(place).as_options(self.said.condition).get(name)
        if given is None and question.optional:
            given = question.options[-1].id
        names = [option.id for option in question.options]
        taken = [option.id for option in question.options if not option.gate]
        return [one for one in taken if names.index(one) < names.index(given)] if given in names else taken[:1]

    def answers(self, place: Place, picks: Picks, name: str) -> list[Key]:
        """Return the changes of an answer.

        The best one stands for all better ones, unless questions depend on it: each answer opens and closes some.
        """
        if any(subject == name for _, subject, _ in picks):
            return []
        better = self.better(place, ("condition", name, None))
        if name in self.deciding(place):
            return [("condition", name, option) for option in better]
        return [("condition", name, option) for option in better[:1]]

    def best_class(self, place: Place) -> list[Key]:
        """Return the change to the best class of customer, if there is a better one."""
        return [("customer", "", name) for name in self.better(place, _CUSTOMER)[:1]]

    def deciding(self, place: Place) -> set[str]:
        """Return the questions on which others depend."""
        if place.at not in self.deciders:
            asked = self.questionnaire(place).questions
            self.deciders[place.at] = {question.asked_after for question in asked if question.asked_after}
        return self.deciders[place.at]

    def above(self, place: Place, picks: Picks, name: str) -> list[Key]:
        """Return the changes of an answer, and those of the answers that decide whether it is asked."""
        found: list[Key] = []
        while name:
            found += self.answers(place, picks, name)
            name = self.asked_after(place, name)
        return found

    def asked_after(self, place: Place, name: str) -> str:
        """Return the question that decides whether another is asked, which may be one with several choices."""
        questionnaire = self.questionnaire(place)
        return (questionnaire.by_id.get(name) or questionnaire.several[name][0]).asked_after

    # The necessary changes.

    def search(self) -> list[Found]:
        """Return every smallest set of changes that reaches the goal."""
        levels: defaultdict[int, dict[Found, None]] = defaultdict(dict)
        raisings: dict[Place, Raised] = {}
        places = self.places()
        place = next(places, None)
        size = -1
        while True:
            size += 1
            while place is not None and place.size <= size:
                raised = self.raised(place)
                if raised is None:
                    levels[size][place, frozenset()] = None
                else:
                    raisings[place] = raised
                place = next(places, None)
            level = levels.pop(size, {})
            sets = ((there, picks) for there, one in raisings.items() for picks in one.sets(size - there.size))
            found = [*islice((one for one in (*level, *sets) if self.reaches(*one)), MOST_CURES)]
            raisings = {there: one for there, one in raisings.items() if size - there.size < one.size}
            if found or (place is None and not level and not levels and not raisings):
                return found
            for here, picks in level:
                for grown in self.grown(here, picks):
                    levels[here.size + len(grown)][here, grown] = None

    def raised(self, place: Place) -> Raised | None:
        """Return the sets of changes of a quote at a place; None if it is refused, or their effects are not known."""
        quote = self.value(place, frozenset())
        if self.worth is None or isinstance(quote, Refusal):
            return None
        keys = self.raising(place, frozenset())
        if any(name in self.deciding(place) for _, name, _ in keys):
            return None  # questions are opened and closed
        answers = self.questionnaire(place).as_options(self.completed(place, frozenset())[0])
        raising = Raising(quote, self.programme, keys, answers)
        return Raised(self, place, raising, frozenset(keys)) if raising.is_known else None

    def grown(self, place: Place, picks: Picks) -> list[Picks]:
        """Return the sets of changes to try next, one of which is in every larger set that suffices."""
        needed = [[key for key in keys if key not in picks] for keys in self.needed(place, picks)]
        if not all(needed):
            return []  # no change cures one of the reasons
        forced = {keys[0] for keys in needed if len(keys) == 1}
        return [picks | forced] if forced else [picks | {key} for key in min(needed, key=len)]

    def needed(self, place: Place, picks: Picks) -> list[list[Key]]:
        """Return lists of changes; from each list at least one is needed in addition to a set that does not suffice."""
        found = self.value(place, picks)
        if isinstance(found, Refusal):
            return [keys for reason in found.reasons for keys in self.curing(place, picks, reason)]
        return [self.raising(place, picks)]

    def curing(self, place: Place, picks: Picks, reason: Reason) -> list[list[Key]]:
        """Return for a reason lists of changes, one of each of which is needed; an empty list means no cure."""
        code, values = reason.code, dict(reason.values)
        if "more" in values:  # a reason that names only the first of several
            return []
        if "anchor" in values:
            return [self.above(place, picks, name) for name in self.costing(place, picks, str(values["anchor"]))]
        if "question" in values:
            return self.answering(place, picks, reason)
        what = OF_ONE.get(code)
        if what is None:
            return [[]]
        return [self.best_class(place) if what == "customer" else [(what, "", None)]]

    def answering(self, place: Place, picks: Picks, reason: Reason) -> list[list[Key]]:
        """Return the same for a reason that is about an answer."""
        questionnaire, name = self.questionnaire(place), f"{dict(reason.values)['question']}"
        if reason.code is ReasonCode.QUESTION_UNKNOWN:
            known = questionnaire.by_id.keys() | questionnaire.several.keys()
            strange = (one for one in self.completed(place, picks)[0] if one not in known)
            return [[("condition", one, None)] for one in strange]
        if reason.code is ReasonCode.QUESTION_NOT_ASKED:
            return [[("condition", name, None), *self.above(place, picks, self.asked_after(place, name))]]
        return [self.above(place, picks, gated(questionnaire, reason) or name)]

    def costing(self, place: Place, picks: Picks, anchor: str) -> Iterator[str]:
        """Yield the questions whose answers are deducted by a repair anchor."""
        condition = self.completed(place, picks)[0]
        for question in self.questionnaire(place).questions:
            costs = {option.id: option.deduction for option in question.options}
            cost = costs.get(condition.get(question.id, ""))
            if cost is not None and cost.anchor == anchor:
                yield question.id

    def raising(self, place: Place, picks: Picks) -> list[Key]:
        """Return the changes of which at least one is needed in addition to a set that does not raise a quote.

        The changes that can all be added to that set without raising the quote are left out.
        """
        variant = self.variant_of(place)
        assert variant is not None  # noqa: S101 - there is a quote
        asked = self.questionnaire(place).asked_of(variant, self.completed(place, picks)[0])
        left = [key for question in asked for key in self.answers(place, picks, question.id)]
        left += self.best_class(place)
        if not picks:
            return left
        if len(picks) == 1 and picks <= self.futile(place, frozenset(), self.raising(place, frozenset())):
            return []  # every larger set that raises it has a change that is not futile, and is grown from that one
        futile = self.futile(place, picks, left)
        return [key for key in left if key not in futile]

    def futile(self, place: Place, picks: Picks, left: list[Key]) -> Picks:
        """Return a maximal set of changes that can be added without raising a quote; none that opens a question."""
        deciding = self.deciding(place)
        known = self.known_futile[place, frozenset(key for key in picks if key[1] in deciding)]
        futile = next((one for one in known if picks <= one), None)
        if futile is None:
            futile = picks
            for key in sorted(left, key=lambda key: self.gain(place, key)):
                if key[1] not in deciding and not self.reaches(place, futile | {key}):
                    futile |= {key}
            known.append(futile)
        return futile

    def gain(self, place: Place, key: Key) -> int:
        """Return the value of the phone after one change, before the floor and everything after it."""
        found = self.value(place, frozenset({key}))
        return before_floor(found) if isinstance(found, Quote) else 0

    def shrunk(self) -> list[Found]:
        """Return one set of changes from which none can be removed; used if the search for the smallest is too long."""
        picks = frozenset(self.raising(HERE, frozenset())) if self.worth is not None else frozenset()
        if not self.reaches(HERE, picks):
            return []
        for key in sorted(picks, key=str):
            if self.reaches(HERE, picks - {key}):
                picks -= {key}
        return [(HERE, picks)]

    # The sets that are reported.

    def nearest(self, found: list[Found]) -> list[Found]:
        """Return the nearest of those sets that differ only in their days or in better answers."""
        kept: dict[object, Found] = {}
        for place, picks in found:
            later = None if place.at is None else place.at > self.said.at
            subjects = frozenset((what, subject) for what, subject, _ in picks)
            key = place._replace(at=None), later, subjects
            if key not in kept or kept[key][0] == place:  # nearest day and worst sufficient answer first
                kept[key] = place, picks
        return [*kept.values()]

    def eased(self, place: Place, picks: Picks) -> Picks:
        """Return the same changes with answers no better than needed."""
        for key in sorted(picks, key=str):
            what, subject, option = key
            better = self.better(place, key) if subject not in self.deciding(place) else ()
            for other in reversed(better) if option is not None else ():
                eased = picks - {key} | {(what, subject, other)}
                if other == option or self.reaches(place, eased):
                    picks = eased
                    break
        return picks


class Raised:
    """The sets of changes of a quote at a place, by size.

    Attributes:
        size: the greatest size; 0 if no change raises it.
    """

    def __init__(self, search: Search, place: Place, raising: Raising, every: Picks) -> None:
        self._search, self._place, self._raising = search, place, raising
        self.size = self._least = 0
        if search.reaches(place, every):
            best = search.value(place, every)
            assert isinstance(best, Quote)  # noqa: S101 - it reaches the goal
            self.size, self._least = len(every), raising.least(search.worth or 0, before_floor(best))

    def sets(self, count: int) -> Iterator[Picks]:
        """Yield the sets of a size that may reach the goal, if no smaller one does."""
        if count == 0:
            yield frozenset()
        else:
            yield from self._raising.sets(count, self._needed)

    def _needed(self, picks: Picks) -> int:
        found = self._search.value(self._place, picks)
        assert isinstance(found, Quote)  # noqa: S101 - better answers refuse nothing
        return self._least - before_floor(found)


def gated(questionnaire: Questionnaire, reason: Reason) -> str:
    """Return the question of a gate's answer (of several choices, the choice); "" if it is not a gate."""
    if reason.code is not ReasonCode.CONDITION_GATE:
        return ""
    values = dict(reason.values)
    choice = f"{values['question']}.{values['answer']}"
    return choice if choice in questionnaire.by_id else f"{values['question']}"


def worth_of(answer: Quote | Refusal) -> int | None:
    """Return the offer in minor units; None for a refusal."""
    return answer.coupon_value if isinstance(answer, Quote) else None


def reasons_of(answer: Quote | Refusal) -> tuple[Reason, ...]:
    """Return the reasons of a refusal; none for a quote."""
    return answer.reasons if isinstance(answer, Refusal) else ()


def _whats(picks: Picks) -> set[What]:
    return {what for what, _, _ in picks}


def is_taken(programme: Programme, variant: Variant, at: datetime) -> bool:
    """Tell whether a model is accepted at an instant, apart from its condition."""
    terms = programme.terms_at(at)
    if terms is None:
        return False
    on = at.astimezone(programme.zone).date()
    against = listing_code(variant, programme.brands, programme.categories, programme.eligible, on)
    return against is None and price_code(programme.prices.as_of(variant.model, at), terms, at) is None
