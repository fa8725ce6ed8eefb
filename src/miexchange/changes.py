"""What would change an answer: the fewest changes that turn a refusal into an offer, or an offer into a higher one.

The person who is refused has a right to it: procedure and principles by which an automated decision was made, such that
it can be seen how other data would have changed the result (CJEU, C-203/22 of 27 February 2025, on Article 15(1)(h) of
the GDPR).

>>> from datetime import UTC, datetime
>>> from miexchange import Condition, Device, Programme, appraise, what_would_change
>>> programme, at = Programme.load("uk-trade-in"), datetime(2025, 3, 20, tzinfo=UTC)
>>> device = Device("google-pixel-8-128")
>>> said = Condition({"power": "works", "screen": "perfect", "body": "good", "battery": "good", "locks": "on"})
>>> refusal = appraise(device, said, programme, at=at)
>>> print(what_would_change(refusal, programme, device=device, condition=said, at=at).explain())
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from heapq import heappop, heappush
from itertools import count, islice
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Unpack

from miexchange._bounded import Count, Items, MaybeId, Note
from miexchange._limits import TEXT
from miexchange._privacy import mask
from miexchange._time import TICK, YEARS, midnight
from miexchange._value import Value, argument, flag, instant, require
from miexchange.catalogue import Device, Variant
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer, listing_code
from miexchange.errors import missing, one_line
from miexchange.imei import Imei
from miexchange.market import broader
from miexchange.programme import NONE_GIVEN, Programme
from miexchange.programme.rules import Inputs, plain_inputs, told_by_name
from miexchange.quote import Quote
from miexchange.refusal import Reason, ReasonCode, ReasonKind, Refusal
from miexchange.valuation import appraise, check_programme, price_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miexchange._table import Table
    from miexchange.condition import Questionnaire

__all__ = ["Against", "Change", "Changes", "Cure", "What", "what_would_change"]

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
"""What a change is of: the argument of `miexchange.appraise`, or the field of its device."""

_MOST_CURES = 16
_MOST_MODELS = 6
_MOST_DAYS = 3
_MOST_APPRAISALS = 2_000


@dataclass(frozen=True, slots=True)
class Change(Value):
    """One thing that would be otherwise.

    Attributes:
        what: what it is of: an argument of `appraise`.
        subject: the question, where it is an answer; else "".
        before: what was said; "" for nothing.
        after: what would be said instead: for an answer the worst one that is good enough; "" for nothing.
        by: who or what can bring it about: the ``customer`` alone, such as by an answer that was left out or by
            removing a lock; ``other_device``, a repaired phone or another one; an ``operator``; ``wait``, for a later
            day. None for a day that is past: nobody can.
    """

    what: What
    subject: MaybeId
    before: Note
    after: Note
    by: ReasonKind | None

    def __str__(self) -> str:
        """Say it in a line."""
        what = self.subject or _CALLED[self.what]
        if self.what == "imei":
            return "the phone's own IMEI"
        instead = f" instead of {self.before}" if self.before else ""
        return f"{what}: {self.after}{instead}" if self.after else f"{what}: no answer{instead}"


_CALLED: dict[str, str] = {
    "model": "model",
    "at": "asked at",
    "imei_status": "the register says",
    "exchange_open": "another exchange under way",
    "device_exchanged": "traded in before",
    "purchased_on": "bought on",
    "target": "new phone",
    "customer": "class of customer",
}


@dataclass(frozen=True, slots=True)
class Cure(Value):
    """A smallest set of changes, and what is offered after them.

    Attributes:
        changes: the changes.
        quote: what `appraise` answers after them, without IMEIs and seal. It is no offer: nobody has said what it says.
        assumed: the answers in it that nobody gave, to questions that are asked only after the changes: the best ones.
    """

    changes: Annotated[tuple[Change, ...], Items(1, 1_000)]
    quote: Quote
    assumed: Condition = Condition()


@dataclass(frozen=True, slots=True)
class Against(Value):
    """A reason of a refusal, with whether it can be cured and by whom.

    Attributes:
        reason: the reason.
        by: who or what can cure it. That is `ReasonCode.kind`, but for answers about nothing of the phone itself, such
            as a lock, which the customer can change.
        curable: whether there is a change that cures it, whatever else speaks against the phone.
    """

    reason: Reason
    by: ReasonKind
    curable: bool


@dataclass(frozen=True, slots=True)
class Changes(Value):
    """What would change an answer. It is true where something would.

    Attributes:
        coupon_value: what is offered as it is, in minor units; None where it is refused.
        against: the reasons of the refusal; none of a quote.
        cures: every smallest set of changes that turns the refusal into a quote, or raises the quote: the highest offer
            first, of very many the first 16.
        appraisals: how many valuations it took to find them.
        complete: whether the search came to its end; if not, a set of changes may be larger than it need be.
    """

    coupon_value: Count | None
    against: tuple[Against, ...]
    cures: tuple[Cure, ...]
    appraisals: Count
    complete: bool = True

    def __bool__(self) -> bool:
        """Tell whether there is a set of changes."""
        return bool(self.cures)

    def explain(self, write: Callable[[int], str] | None = None) -> str:
        """Return it as text: each reason with who can cure it, then each set of changes with its offer.

        Args:
            write: how to write an amount; by default plain digits with the currency's decimals.
        """
        rows = [f"- {one.reason} ({_WHO[one.by] if one.curable else 'nobody can change that'})" for one in self.against]
        goal = "To be taken" if self.coupon_value is None else "To be worth more"
        for cure in self.cures:
            amount = (write or cure.quote.currency.plain)(cure.quote.coupon_value)
            rows.append(f"{goal}, at {amount}:")
            rows += [f"  {change} ({_WHO[change.by]})" for change in cure.changes]
            if cure.assumed:
                rows.append(f"  with the best answers to {', '.join(cure.assumed)}")
        return "\n".join(rows if self.cures else [*rows, "No set of changes that is known here would change it."])


_WHO: dict[ReasonKind | None, str] = {
    ReasonKind.CUSTOMER: "the customer can do it",
    ReasonKind.OTHER_DEVICE: "a repair, or another phone",
    ReasonKind.WAIT: "by waiting",
    ReasonKind.OPERATOR: "the shop can do it",
    ReasonKind.STRANGER: "nobody can change that",
    None: "that day is past",
}

_OF_REGISTER = frozenset(
    {
        ReasonCode.IMEI_BLOCKED,
        ReasonCode.IMEI_TRACKED,
        ReasonCode.IMEI_DUPLICATE,
        ReasonCode.IMEI_UNVERIFIED,
        ReasonCode.REGISTER_STALE,
    }
)
_OF_ONE: dict[ReasonCode, What] = {
    **dict.fromkeys(_OF_REGISTER, "imei_status"),
    ReasonCode.EXCHANGE_OPEN: "exchange_open",
    ReasonCode.DEVICE_EXCHANGED: "device_exchanged",
    ReasonCode.PURCHASE_DATE_MISSING: "purchased_on",
    ReasonCode.PURCHASE_DATE_IN_FUTURE: "purchased_on",
    ReasonCode.CUSTOMER_MISSING: "customer",
    ReasonCode.CUSTOMER_UNKNOWN: "customer",
}
"""The one argument that a reason is about."""

_OF_NAMES = frozenset({ReasonCode.TAC_OTHER_MODEL})
_OF_IMEI = frozenset(code for code in ReasonCode if code.startswith(("imei", "tac"))) - _OF_REGISTER
_OF_ANSWERS = frozenset({ReasonCode.ANSWER_MISSING, ReasonCode.ANSWER_UNKNOWN, ReasonCode.CONDITION_GATE})

_Key = tuple[What, str, str | None]
"""A change: what it is of, its question, and the answer; of what has one best value only, that is left to the end."""

_Picks = frozenset[_Key]
_Found = tuple["_Place", _Picks]


@told_by_name
def what_would_change(
    answer: Quote | Refusal,
    programme: Programme,
    *,
    device: Device | None = None,
    condition: Condition | None = None,
    at: datetime | None = None,
    imei_status: ImeiStatus | RegisterAnswer = ImeiStatus.UNVERIFIED,
    exchange_open: bool = False,
    device_exchanged: bool = False,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    **told: Unpack[Inputs],
) -> Changes:
    """Return every smallest set of changes that turns a refusal into an offer, or raises what is offered.

    What may change: an answer to a better one, or to one at all; the variant, to another one of its family; the day, to
    the nearest ones before and after on which the programme takes the model; the register's answer, to clear; an IMEI
    that is none of the phone's, to the phone's own; the date of purchase, the class of customer, and the rest that
    `appraise` is told. For a quote also the new phone that is wanted, for a bonus on it; of variant, day and new phone
    then one alone. Each set is as small as any, and each of its answers no better than it need be.

    Args:
        answer: what `appraise` returned.
        programme: the programme that it was asked of.
        device: what it was asked about, and the rest as it was given to `appraise`; all of that for a refusal, and
            nothing of it for a quote, which carries it.
        condition: as above.
        at: as above.
        imei_status: as above.
        exchange_open: as above.
        device_exchanged: as above.
        bonuses_given: as above.
        **told: as above.

    Raises:
        InvalidValue: an argument is not of its type, is missing for a refusal or given with a quote, or `appraise`
            answers otherwise to what is given.
    """
    check_programme(programme)
    if type(answer) is Quote:
        given = device is None and condition is None and at is None and not any(told.values())
        require(given, "answer", answer.label, "give a quote alone: it carries what it was asked about")
        imeis = dict(zip(("imei", "imei2"), answer.imeis, strict=False))
        said = _Said(
            Device(answer.model, **imeis, purchased_on=answer.purchased_on),
            answer.condition,
            answer.at,
            answer.register_answer or answer.imei_status,
            False,
            False,
            dict(answer.bonuses_given),
            plain_inputs(answer.told),
        )
    else:
        argument(answer, Refusal, "answer", "give what appraise returned")
        for name, value in (("device", device), ("condition", condition), ("at", at)):
            if value is None:
                raise missing(name, "give with a refusal what appraise was asked")
        said = _Said(
            argument(device, Device, "device"),
            argument(condition, Condition, "condition"),
            instant(at, "at"),
            imei_status,
            flag(exchange_open, "exchange_open"),
            flag(device_exchanged, "device_exchanged"),
            bonuses_given,
            plain_inputs(told),
        )
    return _Search(programme, said, answer).changes()


@dataclass(frozen=True)
class _Said:
    """What a valuation is asked."""

    device: Device
    condition: Condition
    at: datetime
    imei_status: ImeiStatus | RegisterAnswer
    exchange_open: bool
    device_exchanged: bool
    bonuses_given: Mapping[str, int]
    told: Mapping[str, str | None]


class _Place(NamedTuple):
    """A variant, an instant and a wish: what is not better or worse than another, but other. None: as it was said."""

    model: str | None = None
    at: datetime | None = None
    target: str | None = None

    @property
    def size(self) -> int:
        return sum(one is not None for one in self)


_HERE = _Place()


class _Enough(Exception):  # noqa: N818 - never leaves this module
    """The search takes more valuations than it may."""


class _Search:
    """The search for the smallest sets of changes.

    It grows sets, the smallest first. What still speaks against a phone after some changes names those of which one
    more is needed at least, so no others are tried: Reiter's tree of hitting sets.
    """

    def __init__(self, programme: Programme, said: _Said, answer: Quote | Refusal) -> None:
        self.programme, self.said = programme, said
        self.count, self.most = 0, _MOST_APPRAISALS
        self.seen: dict[_Found, Quote | Refusal] = {}
        self.questionnaires: dict[datetime | None, Questionnaire] = {}
        self.deciders: dict[datetime | None, set[str]] = {}
        self.useless: list[_Picks] = []
        self.variant = programme.catalogue.named(said.device.model)
        terms = programme.terms_at(said.at)
        self.was_asked: frozenset[str] | None = None  # nobody can tell
        if terms is not None and self.variant is not None:
            asked = terms.questionnaire.asked_of(self.variant, terms.questionnaire.as_options(said.condition))
            self.was_asked = frozenset(question.id for question in asked)
        self.first = self.value(_HERE, frozenset())
        self.worth = _worth(self.first)
        same = self.first == answer if self.worth is None else self.worth == _worth(answer)
        require(same, "answer", answer, "give what appraise answers to what is given", "is another answer")

    def changes(self) -> Changes:
        """Return what would change the answer."""
        complete, found = True, list[_Found]()
        try:
            self.search(found)
        except _Enough:
            complete = False
            self.most += _MOST_APPRAISALS
            found = found or self.shrunk()
        cures = [self.cure(place, self.eased(place, picks)) for place, picks in self.nearest(found)]
        cures.sort(key=lambda cure: -cure.quote.coupon_value)
        against = tuple(self.against(reason, curable=bool(cures)) for reason in _reasons(self.first))
        return Changes(self.worth, against, tuple(cures[:_MOST_CURES]), self.count, complete)

    # What a set of changes leads to.

    def at(self, place: _Place) -> datetime:
        return self.said.at if place.at is None else place.at

    def questionnaire(self, place: _Place) -> Questionnaire:
        """Return the questions at a place where there are terms."""
        known = self.questionnaires.get(place.at)
        if known is None:
            terms = self.programme.terms_at(self.at(place))
            assert terms is not None  # noqa: S101 - an answer to a question is spoken of
            known = self.questionnaires[place.at] = terms.questionnaire
        return known

    def completed(self, place: _Place, picks: _Picks) -> tuple[Condition, Condition]:
        """Return the answers after some changes, and those of them that are assumed.

        What is asked only because of a change has its best answer, and what is not asked any more because of it is left
        out. What was wrong or missing before stays so.
        """
        variant = self.variant if place.model is None else self.programme.catalogue.by_model[place.model]
        if variant is None or self.programme.terms_at(self.at(place)) is None:
            return self.said.condition, Condition()
        questionnaire = self.questionnaire(place)
        said = questionnaire.as_options(self.said.condition)
        chosen = {subject: option for what, subject, option in picks if what == "condition"}
        if place.model is None and place.at is None and self.deciding(place).isdisjoint(chosen):
            return said.replace(**chosen), Condition()  # the same questions are asked: this is the hot path
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

    def value(self, place: _Place, picks: _Picks) -> Quote | Refusal:
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
        """Return what a register would have to say, with evidence where the terms demand it."""
        terms = self.programme.terms_at(at)
        if terms is None or not terms.eligibility.register_hours:
            return ImeiStatus.CLEAR
        return RegisterAnswer(ImeiStatus.CLEAR, "register", at, "none yet")

    def reaches(self, place: _Place, picks: _Picks) -> bool:
        """Tell whether some changes lead to an offer, or to a higher one."""
        worth = _worth(self.value(place, picks))
        if worth is None or self.hides(place, picks):
            return False
        return self.worth is None or worth > self.worth

    def hides(self, place: _Place, picks: _Picks) -> bool:
        """Tell whether the register speaks against a phone whose IMEI would be another one."""
        if not {"imei", "imei_status"} & _whats(picks) == {"imei"}:
            return False
        as_named = self.value(place, frozenset(key for key in picks if key[0] != "imei"))
        return any(reason.code in _OF_REGISTER for reason in _reasons(as_named))

    # What may change.

    def places(self) -> Iterator[_Place]:
        """Yield the places where the phone may be valued, those with the fewest changes first."""
        yield _HERE
        models, is_quote = self.models(), self.worth is not None
        yield from (_Place(model) for model in models)
        if self.variant is not None:
            yield from (_Place(at=at) for at in self.days(self.variant))
        terms = self.programme.terms_at(self.said.at)
        if is_quote and terms is not None:
            wished = dict.fromkeys(target for bonus in terms.bonuses for target in bonus.targets)
            yield from (_Place(target=target) for target in [*wished][:_MOST_MODELS] if target != self.said.told["target"])
        for model in () if is_quote else models:
            yield from (_Place(model, at) for at in self.days(self.programme.catalogue.by_model[model]))

    def models(self) -> list[str]:
        """Return the variants that the phone could be: of the name, of the family, or of what the IMEI says."""
        catalogue, name, variant = self.programme.catalogue, self.said.device.model, self.variant
        found: list[Variant] = []
        if variant is None:
            found += catalogue.meant(name) or catalogue.nearest(name)
        else:
            if any(reason.code is ReasonCode.TAC_OTHER_MODEL for reason in _reasons(self.first)):
                imeis = [imei for imei in (self.said.device.imei, self.said.device.imei2) if isinstance(imei, Imei)]
                readings = (catalogue.tac_reading(row) for imei in imeis for row in self.programme.tacs.lookup(imei))
                families = dict.fromkeys(family for reading in readings for family in sorted(reading.families))
                found += [one for family in families for one in catalogue.variants_of(family)]
            found += catalogue.variants_of(variant.family)
        models = dict.fromkeys(one.model for one in found if one is not variant)
        return [*models][:_MOST_MODELS]

    def days(self, variant: Variant) -> list[datetime]:
        """Return the nearest instants at which a model is taken and something is otherwise than now.

        Of a quote only later ones: that a price was higher once helps nobody.
        """
        at = self.said.at
        edges = sorted(set(self.edges(variant)))
        now = bisect_right(edges, at)
        later = (edge for edge in edges[now:] if self.is_taken(variant, edge))
        earlier = (edge - TICK for edge in reversed(edges[:now]) if self.is_taken(variant, edge - TICK))
        return [*islice(later, _MOST_DAYS), *islice(earlier, _MOST_DAYS if self.worth is None else 0)]

    def edges(self, variant: Variant) -> Iterator[datetime]:
        """Yield the instants from which something is otherwise for a model."""
        programme, model = self.programme, variant.model
        rows: list[Any] = [*_rows_of(programme.prices, model)]
        ages = {terms.price_max_age for terms in programme.terms}
        yield from (row.effective_from + age + TICK for row in rows for age in ages)
        anchors = {
            part
            for terms in programme.terms
            for question in terms.questionnaire.questions
            for option in question.options
            if option.deduction is not None
            for part in broader(option.deduction.anchor)
        }
        rows += [row for anchor in anchors for row in _rows_of(programme.anchors, (model, anchor))]
        yield from (row.effective_from for row in (*programme.terms, *rows))
        yield from (row.effective_until for row in rows if row.effective_until is not None)
        days: list[date | None] = [self.said.device.purchased_on]
        for listing in _rows_of(programme.eligible, model):
            days += [listing.listed_from, listing.listed_until]
        for terms in programme.terms:
            days += [day for bonus in terms.bonuses for day in (bonus.begins, bonus.ends)]
        yield from (midnight(day, programme.zone) for day in days if day is not None and _FIRST < day < _LAST)

    def is_taken(self, variant: Variant, at: datetime) -> bool:
        """Tell whether a model is taken at an instant, its condition apart."""
        programme, terms = self.programme, self.programme.terms_at(at)
        if terms is None:
            return False
        on = at.astimezone(programme.zone).date()
        against = listing_code(variant, programme.brands, programme.categories, programme.eligible, on)
        return against is None and price_code(programme.prices.as_of(variant.model, at), terms, at) is None

    def better(self, place: _Place, key: _Key) -> Sequence[str]:
        """Return what a change could lead to instead, best first."""
        what, name, _ = key
        if what == "customer":
            terms = self.programme.terms_at(self.at(place))
            classes = () if terms is None else terms.labels_told.get("customer", ())
            said = self.said.told["customer"]
            return classes[: classes.index(said)] if said in classes else classes[:1]
        if what != "condition" or name not in self.questionnaire(place).by_id:
            return ()
        question = self.questionnaire(place).by_id[name]
        given = self.questionnaire(place).as_options(self.said.condition).get(name)
        if given is None and question.optional:
            given = question.options[-1].id
        names = [option.id for option in question.options]
        taken = [option.id for option in question.options if not option.gate]
        return [one for one in taken if names.index(one) < names.index(given)] if given in names else taken[:1]

    def answers(self, place: _Place, picks: _Picks, name: str) -> list[_Key]:
        """Return the changes of an answer.

        The best one stands for all that are better, but where others are asked after it: each opens and closes some.
        """
        if any(subject == name for what, subject, _ in picks if what == "condition"):
            return []
        better = self.better(place, ("condition", name, None))
        if name in self.deciding(place):
            return [("condition", name, option) for option in better]
        return [("condition", name, option) for option in better[:1]]

    def deciding(self, place: _Place) -> set[str]:
        """Return the questions that others are asked after."""
        if place.at not in self.deciders:
            asked = self.questionnaire(place).questions
            self.deciders[place.at] = {question.asked_after for question in asked if question.asked_after}
        return self.deciders[place.at]

    def above(self, place: _Place, picks: _Picks, name: str) -> list[_Key]:
        """Return the changes of an answer, and those of the answers that decide whether it is asked."""
        found: list[_Key] = []
        while name:
            found += self.answers(place, picks, name)
            name = self.questionnaire(place).by_id[name].asked_after
        return found

    # What is needed.

    def search(self, found: list[_Found]) -> None:
        """Note every smallest set of changes that reaches the goal."""
        order, most = count(), _FAR
        queue: list[tuple[int, int, _Place, _Picks]] = []
        queued: set[_Found] = set()
        places = self.places()
        place: _Place | None = next(places)
        while len(found) < _MOST_CURES:
            while place is not None and (not queue or place.size <= queue[0][0]):
                heappush(queue, (place.size, next(order), place, frozenset()))
                place = next(places, None)
            if not queue or queue[0][0] > most:
                return
            size, _, here, picks = heappop(queue)
            if self.reaches(here, picks):
                most = size
                found.append((here, picks))
            if size == most:
                continue
            for grown in self.grown(here, picks):
                if (here, grown) not in queued:
                    queued.add((here, grown))
                    heappush(queue, (here.size + len(grown), next(order), here, grown))

    def grown(self, place: _Place, picks: _Picks) -> list[_Picks]:
        """Return the sets of changes to try next, one of which is in every larger set that suffices."""
        needed = self.needed(place, picks)
        if not all(needed):
            return []  # there is something that nothing here cures
        forced = {keys[0] for keys in needed if len(keys) == 1}
        return [picks | forced] if forced else [picks | {key} for key in min(needed, key=len)]

    def needed(self, place: _Place, picks: _Picks) -> list[list[_Key]]:
        """Return lists of changes, of each of which one at least is needed beside some that do not suffice."""
        found = self.value(place, picks)
        if isinstance(found, Refusal):
            return [keys for reason in found.reasons for keys in self.curing(place, picks, reason)]
        if self.hides(place, picks):
            return [[("imei_status", "", None)]]
        return [self.raising(place, picks)]

    def curing(self, place: _Place, picks: _Picks, reason: Reason) -> Iterator[list[_Key]]:
        """Yield for a reason the changes of which one is needed; for some reasons several times."""
        code, values = reason.code, dict(reason.values)
        name, what = str(values.get("question", "")), _OF_ONE.get(code)
        if "more" in values:  # of a kind of which the first ones are named
            return
        if code in _OF_ANSWERS:
            yield self.above(place, picks, name)
        elif code is ReasonCode.QUESTION_NOT_ASKED:
            leaving_out: _Key = ("condition", name, None)
            yield [leaving_out, *self.above(place, picks, self.questionnaire(place).by_id[name].asked_after)]
        elif code is ReasonCode.QUESTION_UNKNOWN:
            known = self.questionnaire(place).by_id
            yield from ([("condition", one, None)] for one in self.completed(place, picks)[0] if one not in known)
        elif "anchor" in values:
            condition = self.completed(place, picks)[0]
            for question in self.questionnaire(place).questions:
                costs = {option.id: option.deduction for option in question.options}
                cost = costs.get(condition.get(question.id, question.options[-1].id))
                if cost is not None and cost.anchor == values["anchor"] :
                    yield self.above(place, picks, question.id)
        elif what == "customer":
            yield [(what, "", self.better(place, (what, "", None))[0])]
        elif what is not None:
            yield [(what, "", None)]
        elif code in _OF_IMEI:
            yield [("imei", "", None)]
        else:
            yield []

    def raising(self, place: _Place, picks: _Picks) -> list[_Key]:
        """Return the changes of which one at least is needed beside some that do not raise a quote.

        All that can be made without raising it, beside those, are left out.
        """
        left = [key for question in self.questionnaire(place).questions for key in self.answers(place, picks, question.id)]
        if "customer" not in _whats(picks):
            left += [("customer", "", name) for name in self.better(place, ("customer", "", None))[:1]]
        if not picks and any(self.reaches(place, frozenset({key})) for key in left):
            return left
        useless = next((known for known in self.useless if picks <= known), None)
        if useless is None:
            useless = picks
            deciding = self.deciding(place)
            for key in sorted(left, key=lambda key: self.gain(place, picks, key)):
                if key[1] not in deciding and not self.reaches(place, useless | {key}):
                    useless |= {key}
            if not deciding:
                self.useless.append(useless)
        return [key for key in left if key not in useless]

    def gain(self, place: _Place, picks: _Picks, key: _Key) -> int:
        """Return what one change is worth before the floor and all that comes after it."""
        found = self.value(place, frozenset({key}))
        return sum(line.amount for line in found.lines if line.rule not in _CLOSING) if isinstance(found, Quote) else 0

    def shrunk(self) -> list[_Found]:
        """Return one set of changes of which none can be left out, where the search for the smallest takes too long."""
        picks = frozenset(self.raising(_HERE, frozenset())) if self.worth is not None else frozenset()
        if not self.reaches(_HERE, picks):
            return []
        for key in sorted(picks, key=str):
            if self.reaches(_HERE, picks - {key}):
                picks -= {key}
        return [(_HERE, picks)]

    # What is told.

    def nearest(self, found: list[_Found]) -> list[_Found]:
        """Return of sets that differ in their days or in better answers alone the nearest ones."""
        kept: dict[object, _Found] = {}
        for place, picks in found:
            later = None if place.at is None else place.at > self.said.at
            subjects = frozenset((what, subject) for what, subject, _ in picks)
            key = place._replace(at=None), later, subjects
            if key not in kept or kept[key][0] == place:  # the nearest day comes first, and the least answer last
                kept[key] = place, picks
        return [*kept.values()]

    def eased(self, place: _Place, picks: _Picks) -> _Picks:
        """Return the same changes with answers no better than they need be."""
        for key in sorted(picks, key=str):
            what, subject, option = key
            better = self.better(place, key) if what == "customer" or subject not in self.deciding(place) else ()
            for other in reversed(better) if option is not None else ():
                eased = picks - {key} | {(what, subject, other)}
                if other == option or self.reaches(place, eased):
                    picks = eased
                    break
        return picks

    def cure(self, place: _Place, picks: _Picks) -> Cure:
        """Return a set of changes as it is told."""
        found = self.value(place, picks)
        assert isinstance(found, Quote)  # noqa: S101 - they reach the goal
        at, said, zone = self.said.at, self.said, self.programme.zone
        changes = []
        if place.model is not None:
            by = ReasonKind.OTHER_DEVICE
            if self.variant is None or any(one.code in _OF_NAMES for one in _reasons(self.first)):
                by = ReasonKind.CUSTOMER
            changes.append(Change("model", "", _note(said.device.model), place.model, by))
        if place.at is not None:
            both = (at.astimezone(zone).isoformat(), place.at.astimezone(zone).isoformat())
            changes.append(Change("at", "", *both, ReasonKind.WAIT if place.at > at else None))
        if place.target is not None:
            wish = _note(said.told["target"] or "")
            changes.append(Change("target", "", wish, _note(place.target), ReasonKind.CUSTOMER))
        changes += [self.change(place, key) for key in sorted(picks, key=self.order)]
        return Cure(tuple(changes), found.without_imei(), self.completed(place, picks)[1])

    def order(self, key: _Key) -> tuple[str, int]:
        """Return where a change is told: by what it is of, answers as they are asked."""
        what, subject, _ = key
        terms = self.programme.terms_at(self.said.at)
        names = [] if terms is None else [question.id for question in terms.questionnaire.questions]
        return what, names.index(subject) if subject in names else len(names)

    def change(self, place: _Place, key: _Key) -> Change:
        """Return one change as it is told."""
        what, subject, option = key
        said, by = self.said, ReasonKind.OPERATOR
        if what == "condition":
            return self.answer(place, subject, option)
        codes = _OF_IMEI if what == "imei" else {code for code, of in _OF_ONE.items() if of == what}
        by = next((one.code.kind for one in _reasons(self.value(place, frozenset())) if one.code in codes), by)
        on = self.at(place).astimezone(self.programme.zone).date().isoformat()
        bought = "" if said.device.purchased_on is None else said.device.purchased_on.isoformat()
        status = said.imei_status.status if isinstance(said.imei_status, RegisterAnswer) else said.imei_status
        shown = {
            "imei": ("", ""),
            "imei_status": (str(status), ImeiStatus.CLEAR.value),
            "exchange_open": ("yes", "no"),
            "device_exchanged": ("yes", "no"),
            "purchased_on": (bought, on),
            "customer": (_note(said.told["customer"] or ""), option or ""),
        }
        return Change(what, "", *shown[what], by)

    def answer(self, place: _Place, name: str, option: str | None) -> Change:
        """Return a change of an answer as it is told."""
        questionnaire = self.questionnaire(place)
        question = questionnaire.by_id.get(name)
        given = questionnaire.as_options(self.said.condition).get(name, "")
        known = () if question is None else [one.id for one in question.options]
        is_said = question is not None and question.axis != "none" and option is not None and given in known
        by = ReasonKind.OTHER_DEVICE if is_said else ReasonKind.CUSTOMER
        return Change("condition", _note(name), _note(given), option or "", by)

    def against(self, reason: Reason, *, curable: bool) -> Against:
        """Return a reason of the refusal with whether it can be cured and by whom."""
        by = reason.code.kind
        if reason.code is ReasonCode.CONDITION_GATE:
            name = str(dict(reason.values)["question"])
            by = self.answer(_HERE, name, self.questionnaire(_HERE).by_id[name].best.id).by or by
        return Against(reason, by, curable or all(self.curing(_HERE, frozenset(), reason)))


_CLOSING = frozenset({"floor", "cap", "rounding"})
_FAR = 10_000  # more changes than there can be
_FIRST, _LAST = date(YEARS[0], 1, 2), date(YEARS[-1], 12, 30)


def _worth(answer: Quote | Refusal) -> int | None:
    return answer.coupon_value if isinstance(answer, Quote) else None


def _reasons(answer: Quote | Refusal) -> tuple[Reason, ...]:
    return answer.reasons if isinstance(answer, Refusal) else ()


def _whats(picks: _Picks) -> set[What]:
    return {what for what, _, _ in picks}


def _note(said: str) -> str:
    """Return what somebody wrote as a line of a report; something like an IMEI masked."""
    return one_line(mask(said))[:TEXT]


def _rows_of(table: Table[Any], key: object) -> tuple[Any, ...]:
    series = table.by_key.get(key)
    return () if series is None else series.rows
