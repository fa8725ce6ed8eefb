"""Devices, the arguments of valuations, and their answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from miexchange._arguments import FLAG, TEXT, maybe, takes
from miexchange._time import TICK, midnight
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer, Verdict, assess, needs_second
from miexchange.imei import TAC_DIGITS, Imei
from miexchange.programme import Programme, Terms
from miexchange.programme.rules import Told
from miexchange.refusal import Reason, ReasonCode, Refusal
from miexchange.strategies._conditions import conditions, hostile_conditions
from miexchange.strategies._imeis import imeis, mistyped_imeis
from miexchange.strategies._models import model_of, variants
from miexchange.strategies._numbers import PROGRAMME, RARELY, START, instants, subsets, texts, tuples
from miexchange.strategies._programmes import programmes
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from miexchange.quote import Quote


__all__ = [
    "Enquiry",
    "devices",
    "enquiries",
    "hostile_enquiries",
    "quotes",
    "reasons",
    "refusals",
    "register_answers",
    "verdicts",
]

_IN_EVERY_MONTH = 28
_ANY_TIME = instants(datetime(2018, 3, 1, tzinfo=UTC), datetime(2018, 8, 1, tzinfo=UTC))
_OF_DEVICE = {"model", "imei", "imei2", "purchased_on"}
_AGES = st.timedeltas(timedelta(), timedelta(1_500)).map(lambda age: timedelta(age.days))


@dataclass(frozen=True)
class Enquiry(Told):
    """The arguments of `miexchange.appraise`, ``target`` and the like among them.

    Attributes:
        device: the phone as the customer names it.
        condition: the answers.
        programme: the rules.
        at: the instant of the valuation.
        imei_status: the register's answer for the IMEI, with evidence or without.
        exchange_open: whether the account has an open exchange.
        device_exchanged: whether this device was traded in before.
        bonuses_given: the number of times that each bonus with a quota was given so far.
    """

    device: Device
    condition: Condition
    programme: Programme
    at: datetime
    imei_status: ImeiStatus | RegisterAnswer = ImeiStatus.CLEAR
    exchange_open: bool = False
    device_exchanged: bool = False
    bonuses_given: tuple[tuple[str, int], ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """The keyword arguments of `appraise` and `coupon_for`."""
        return {
            "at": self.at,
            "imei_status": self.imei_status,
            "exchange_open": self.exchange_open,
            "device_exchanged": self.device_exchanged,
            "bonuses_given": dict(self.bonuses_given),
            **self.told,
        }

    @property
    def terms(self) -> Terms:
        """The terms in force at the instant; the first ones before that."""
        return self.programme.terms_at(self.at) or self.programme.terms[0]

    def answer(self) -> Quote | Refusal:
        """Value the device."""
        return appraise(self.device, self.condition, self.programme, **self.facts)


@takes(programme=PROGRAMME, model=maybe(TEXT), imei=maybe(FLAG))
@st.composite
def devices(
    draw: st.DrawFn,
    programme: Programme | None = None,
    model: str | None = None,
    *,
    imei: bool | None = None,
) -> Device:
    """Draw devices; those of a programme are listed, with IMEIs whose TAC is that of their model.

    Args:
        programme: the programme; by default the model may be any.
        model: the variant's id; any by default.
        imei: True for devices with an IMEI only, False for those without one.
    """
    tacs = None
    begins, dated = START, draw(st.booleans())
    if programme is None:
        name = model or model_of(draw(variants()))
    else:
        name = model or draw(st.sampled_from([listing.model for listing in programme.eligible]))
        tacs = _tacs_by_family(programme).get(programme.catalogue.by_model[name].family)
        begins = programme.terms[0].effective_from.astimezone(programme.zone).date()
        dated = dated or any(rule.reads == "months_owned" for one in programme.terms for rule in one.retentions)
    first: Imei | None = None
    second: Imei | None = None
    if imei or (imei is None and draw(st.booleans())):
        numbers = imeis(tacs)
        first = draw(numbers)
        second = draw(st.none() | numbers.filter(lambda number: number != first))
    bought = draw(_AGES.map(lambda age: begins - age)) if dated else None
    return Device(name, first, second, bought)


@lru_cache(16)
def _tacs_by_family(programme: Programme) -> dict[str, SearchStrategy[str]]:
    """Return the TACs of each family: a table has a thousand, and a draw needs those of one model."""
    found: dict[str, list[str]] = {}
    for tac, device in programme.tacs:
        family = programme.catalogue.family_of(device.brand, device.model)
        if family is not None:
            found.setdefault(family, []).append(tac)
    return {family: st.sampled_from(tacs) for family, tacs in found.items()}


@lru_cache(16)
def _listed_tacs(programme: Programme) -> frozenset[str]:
    """Return the TACs in a table, without its look-up, which might be at fault."""
    return frozenset(tac for tac, _ in programme.tacs)


@lru_cache(16)
def _unknown_tacs(programme: Programme) -> SearchStrategy[str]:
    """Return TACs that a table lacks: one digit off a known one, between two known ones, and any.

    A look-up that takes the nearest TAC, or compares fewer digits, finds a phone for them.
    """
    listed = _listed_tacs(programme)
    known = sorted(map(int, listed))
    gaps = [(low + 1, high - 1) for low, high in pairwise(known) if high - low > 1]
    between = st.sampled_from(gaps).flatmap(lambda gap: st.integers(*gap)) if gaps else st.nothing()
    places = st.sampled_from([10**place for place in range(TAC_DIGITS)])
    slips = st.builds(_with_digit, st.sampled_from(known), places, st.integers(1, 9)) if known else st.nothing()
    tacs = st.one_of(slips.map("{:08d}".format), between.map("{:08d}".format), imeis().map(attrgetter("tac")))
    return tacs.filter(lambda tac: tac not in listed and _is_sold(tac))


def _with_digit(tac: int, place: int, more: int) -> int:
    """Return a TAC in which the digit at a power of ten is another one."""
    digit = tac // place % 10
    return tac + ((digit + more) % 10 - digit) * place


def _is_sold(tac: str) -> bool:
    """Tell whether phones with a TAC were sold: a reporting body assigned it, and not for tests."""
    imei = Imei.from_body(f"{tac}000001")
    return imei.reporting_body is not None and not imei.is_test and not imei.is_placeholder


@lru_cache(16)
def _windows(programme: Programme) -> tuple[tuple[str, datetime, datetime], ...]:
    """Return the first and the last instant of each window in which a model can be valued: listed, at a fresh price."""
    fresh = timedelta(min(version.price_max_age_days for version in programme.terms))
    windows = []
    for listing in programme.eligible:
        opens = max(midnight(listing.listed_from, programme.zone), programme.terms[0].effective_from)
        closes = [] if listing.listed_until is None else [midnight(listing.listed_until, programme.zone)]
        dated = programme.prices.by_key[listing.model].rows
        for price, following in zip(dated, [*dated[1:], None], strict=True):
            ends = [*closes]
            ends += [price.effective_until] if price.effective_until else []
            ends += [following.effective_from] if following else []
            start, last = (
                max(opens, price.effective_from),
                min([price.effective_from + fresh, *(one - TICK for one in ends)]),
            )
            if start <= last:
                windows.append((listing.model, start, last))
    return tuple(windows)


@lru_cache(16)
def _changes(programme: Programme) -> tuple[datetime, ...]:
    """Return the instants at which other rules apply, and those just before."""
    dates = (day for terms in programme.terms for bonus in terms.bonuses for day in (bonus.begins, bonus.ends) if day)
    moments = {midnight(day, programme.zone) for day in dates} | {terms.effective_from for terms in programme.terms}
    return tuple(sorted(at for moment in moments for at in (moment - TICK, moment)))


@st.composite
def _moments(draw: st.DrawFn, programme: Programme, first: datetime, last: datetime) -> datetime:
    """Draw an instant of a window; often its last one, or one at which other rules begin to apply."""
    edges = [last, *(at for at in _changes(programme) if first <= at <= last)]
    at: datetime = draw(instants(first, last))
    return draw(st.sampled_from(edges)) if draw(RARELY) else at


def _days_of_bands(terms: Terms, on: date) -> SearchStrategy[date]:
    """Draw days of purchase at the edges of bands of age, seen on a day."""
    months = [on.year * 12 + on.month - 1 - band.from_months for band in terms.age_bands]
    days = [date(month // 12, month % 12 + 1, min(on.day, _IN_EVERY_MONTH)) for month in months]
    return st.sampled_from([day + timedelta(more) for day in days for more in (0, 1) if day + timedelta(more) <= on])


def register_answers() -> SearchStrategy[RegisterAnswer]:
    """Draw answers of a register about a device, with evidence.

    >>> from hypothesis import find
    >>> find(register_answers(), lambda answer: True).register
    'CEIR'
    """
    registers = st.sampled_from(("CEIR", "GSMA Device Check"))
    return st.builds(RegisterAnswer, st.sampled_from(ImeiStatus), registers, instants(), texts())


@st.composite
def _new_enough(draw: st.DrawFn, at: datetime, hours: int) -> ImeiStatus | RegisterAnswer:
    """Draw a clear answer that terms accept: without evidence if they demand none."""
    if not hours:
        return ImeiStatus.CLEAR
    age = draw(st.timedeltas(timedelta(), timedelta(hours=hours)) | st.just(timedelta(hours=hours)))
    return RegisterAnswer(ImeiStatus.CLEAR, "CEIR", at - age, draw(texts()))


@takes(programme=PROGRAMME, imei=maybe(FLAG))
@st.composite
def enquiries(draw: st.DrawFn, programme: Programme | None = None, *, imei: bool | None = None) -> Enquiry:
    """Draw enquiries that are answered with a quote.

    If the terms only warn of an unknown TAC, it is sometimes one that the table lacks, such as one digit off a known
    one.

    Args:
        programme: the rules; any small programme by default.
        imei: True for devices with an IMEI only, False for those without one.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, database=None)
    ... @given(enquiries(imei=False))
    ... def test_without_an_imei_a_quote_is_indicative(enquiry):
    ...     assert enquiry.answer().indicative
    >>> test_without_an_imei_a_quote_is_indicative()
    """
    rules = draw(programmes()) if programme is None else programme
    model, opens, closes = draw(st.sampled_from(_windows(rules)))
    at = draw(_moments(rules, opens, closes))
    terms = rules.terms_at(at) or rules.terms[0]
    device = draw(devices(rules, model, imei=imei))
    if device.purchased_on is not None and terms.age_bands and draw(st.booleans()):
        device = device.replace(purchased_on=draw(_days_of_bands(terms, at.astimezone(rules.zone).date())))
    known = isinstance(device.imei, Imei) and device.imei.tac in _listed_tacs(rules)
    if known and terms.eligibility.unknown_tac == "warn" and draw(st.booleans()):
        field = draw(st.sampled_from(("imei", "imei2")))
        device = device.replace(**{field: draw(imeis(_unknown_tacs(rules)))})
    if not known and terms.eligibility.unknown_tac == "refuse":
        device = device.replace(imei=None, imei2=None)  # the table has no TAC of this model
    variant = rules.catalogue.by_model[model]
    if isinstance(device.imei, Imei) and device.imei2 is None and needs_second(variant, terms.eligibility):
        first, numbers = device.imei, imeis(_tacs_by_family(rules).get(variant.family))
        device = device.replace(imei2=draw(numbers.filter(lambda second: second.body != first.body)))
    targets = [target for bonus in terms.bonuses for target in bonus.targets]
    counted = {bonus.id: st.integers(0, bonus.quota) for bonus in terms.bonuses if bonus.quota is not None}
    return Enquiry(
        device=device,
        condition=draw(conditions(terms.questionnaire, variant, gates=False)),
        programme=rules,
        at=at,
        imei_status=draw(_new_enough(at, terms.eligibility.register_hours)),
        target=draw(st.sampled_from([None, *targets])),
        **{name: draw(st.sampled_from(labels)) for name, labels in terms.labels_told.items()},
        bonuses_given=tuple(sorted(draw(st.fixed_dictionaries(counted)).items())),
    )


@takes(programme=PROGRAMME)
@st.composite
def hostile_enquiries(draw: st.DrawFn, programme: Programme | None = None) -> Enquiry:
    """Draw enquiries with any faults, which are answered or refused; half of them have one fault alone.

    Args:
        programme: the rules; any small programme by default.
    """
    fine = draw(enquiries(programme))
    rules, device, asked = fine.programme, fine.device, fine.terms.questionnaire
    edges = [at for model, *ends in _windows(rules) if model == device.model for at in (ends[0] - TICK, ends[1] + TICK)]
    names = [name for variant in rules.catalogue for name in (variant.model, variant.family)]
    numbers = imeis(_unknown_tacs(rules)) | mistyped_imeis() | st.text(max_size=20) | st.just("0" * 15)
    variant = rules.catalogue.named(device.model)
    anything: dict[str, SearchStrategy[Any]] = {
        "at": RARELY.flatmap(lambda rare: _ANY_TIME if rare else st.sampled_from(edges)),
        "model": st.sampled_from(names) | st.text(max_size=20),
        "imei": numbers,
        "imei2": st.just(device.imei) | numbers,
        "purchased_on": st.none() | st.dates(),
        "condition": conditions(asked, variant) | hostile_conditions(asked, variant),
        "imei_status": st.sampled_from(ImeiStatus) | register_answers() | _new_enough(fine.at, 24),
        "exchange_open": st.booleans(),
        "device_exchanged": st.booleans(),
        **{name: st.none() | st.text(max_size=20) for name in fine.told},
    }
    # A mistake that another fault hides is not found, so half of the examples have one.
    one = st.sampled_from(["at", "at", *anything]).map(lambda name: (name,))
    wrong = draw(one | subsets((*anything,), 0))
    drawn = {name: draw(anything[name]) for name in wrong}
    of_device = {name: drawn.pop(name) for name in wrong if name in _OF_DEVICE}
    return replace(fine, device=device.replace(**of_device), **drawn)


@takes(programme=PROGRAMME, imei=maybe(FLAG))
def quotes(programme: Programme | None = None, *, imei: bool | None = None) -> SearchStrategy[Quote]:
    """Draw quotes: the answers to enquiries. A failing one is printed as its enquiry.

    Args:
        programme: the rules; any small programme by default.
        imei: True for devices with an IMEI only, False for indicative quotes.
    """
    answered: SearchStrategy[Quote] = enquiries(programme, imei=imei).map(methodcaller("answer"))
    return answered


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Draw results of the eligibility check of a device."""
    asked = draw(hostile_enquiries())
    rules = asked.programme
    return assess(
        asked.device,
        catalogue=rules.catalogue,
        brands=rules.brands,
        categories=rules.categories,
        eligible=rules.eligible,
        tacs=rules.tacs,
        terms=asked.terms.eligibility,
        on=asked.at.astimezone(rules.zone).date(),
        imei_status=asked.imei_status,
        exchange_open=asked.exchange_open,
        device_exchanged=asked.device_exchanged,
        at=asked.at,
    )


def reasons() -> SearchStrategy[Reason]:
    """Draw reasons with any code."""
    values = st.dictionaries(texts(), texts() | st.integers(0, 10**6), max_size=3).map(lambda drawn: (*drawn.items(),))
    return st.builds(Reason, st.sampled_from(ReasonCode), texts(), texts(), st.just("") | texts(), values)


def refusals() -> SearchStrategy[Refusal]:
    """Draw refusals with one to three reasons."""
    return tuples(reasons(), 1).map(Refusal)
