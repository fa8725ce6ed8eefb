"""The eligibility check: may this device be traded in, under this programme, on this day?

The dated list of eligible models, and the verdict: every reason at once,
each with a stable code and the remedy.

>>> from miexchange import Device, Programme
>>> programme = Programme.load("mi-exchange-india")
>>> [variant.label for variant in programme.catalogue.search("redmi note 4")][:2]
['Xiaomi Redmi Note 4 (2 GB, 32 GB)', 'Xiaomi Redmi Note 4 (3 GB, 32 GB)']
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, cast

from miexchange._bounded import After, Between, Id, Note
from miexchange._decisions import (
    BITS,
    BLOCKED,
    CLEAR,
    DUPLICATE,
    TRACKED,
    UNVERIFIED,
    WARNED,
    identity,
    is_stale,
    let_pass,
    numbers,
)
from miexchange._limits import WINDOWS
from miexchange._table import Table
from miexchange._text import closest, printable, text_of
from miexchange._time import micros
from miexchange._value import Value, argument, day, elements, flag, instant, proved, text
from miexchange._words import Word
from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.errors import InvalidImei, shown
from miexchange.imei import Imei, is_valid
from miexchange.refusal import Reason, ReasonCode, reason_of
from miexchange.tac import TacDevice, TacTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miexchange._makers import TacReading
    from miexchange._value import Fault

__all__ = [
    "EligibilityTerms",
    "EligibleModels",
    "ImeiStatus",
    "Listing",
    "Register",
    "RegisterAnswer",
    "Verdict",
    "assess",
]
_FEW = 3
_MOST_NAMED = 5  # of the models that a TAC may belong to


class ImeiStatus(Word):
    """The status of an IMEI in an outside register (in India: CEIR); the library never asks one itself."""

    CLEAR = "clear"
    """Nothing is known against it."""
    BLOCKED = "blocked"
    """It is on a list of lost, stolen, tampered or restricted devices."""
    TRACKED = "tracked"
    """It was reported, and networks are to say where it is used."""
    DUPLICATE = "duplicate"
    """Several devices have this number."""
    UNVERIFIED = "unverified"
    """The register gave no answer, or nobody asked it."""


@dataclass(frozen=True, slots=True)
class RegisterAnswer(Value):
    """The answer of a register about a device, with its evidence; it contains no IMEI.

    Attributes:
        status: the status; of two IMEIs the worse.
        register: the register, such as ``CEIR``.
        asked_at: the instant of the query, UTC.
        reference: the proof of the answer, such as the id of the request. It must not contain an IMEI.
    """

    status: ImeiStatus
    register: Id
    asked_at: datetime
    reference: Id

    def _faults(self) -> Iterator[Fault]:
        for field, said in (("register", self.register), ("reference", self.reference)):
            if any(map(is_valid, (said, *_FIFTEEN.findall(said)))):
                yield field, said, "give a reference that has no IMEI in it"


class Register(Protocol):
    """The protocol of a register's adapter; ``examples/register.py`` is one. The library itself queries none."""

    def ask(self, imeis: tuple[Imei, ...], *, at: datetime) -> RegisterAnswer:
        """Return a register's answer about a phone, by all of its IMEIs; unverified if it gives none.

        Args:
            imeis: the IMEIs.
            at: the instant, for the evidence.
        """


_FIFTEEN = re.compile(r"(?<!\d)[0-9]{15}(?!\d)")

LONGEST_HOURS = 8_760
"""The greatest age in hours that terms can set for a register's answer: a year."""

Hours = Annotated[int, Between(0, LONGEST_HOURS)]


@dataclass(frozen=True, slots=True)
class Listing(Value):
    """One row of an eligible-model list: a variant, and the window in which it is on the list.

    Attributes:
        model: the variant's id.
        listed_from: the first day on the list.
        listed_until: the first day no longer on it, or None while it is open.
        source: the source of the row.
    """

    model: Id
    listed_from: date
    listed_until: Annotated[date | None, After("listed_from")] = None
    source: Note = ""


@dataclass(frozen=True)
class EligibleModels(Table[Listing]):
    """The dated eligible-model list of a programme, sorted by variant and day: a model not on it is not eligible.

    Attributes:
        listings: the rows, sorted; make a table with `of` or `read`, of a CSV file or a DataFrame with the columns
            ``model,listed_from,source``, and ``listed_until`` if wanted.
    """

    listings: tuple[Listing, ...]
    _kind = Listing
    _field = "listings"
    _dates = ("listed_from", "listed_until")
    _next_ends = False
    _most_of_key = WINDOWS
    _optional = ("listed_until",)

    def as_of(self, model: str, on: date) -> Listing | None:
        """Return the row that has a model on the list that day, or None.

        Raises:
            InvalidValue: an argument is of another type.
        """
        if type(model) is not str or type(on) is not date:  # this is the hot path
            model, on = text(model, "model", "give a variant's id"), day(on, "on")
        return self._in_force(model, on)


@dataclass(frozen=True, slots=True)
class EligibilityTerms(Value):
    """The rules of a programme about eligibility.

    Attributes:
        unknown_tac: the effect of a TAC that the table lacks. TAC lists lag behind reality, so it
            means unknown, not fake.
        unverified_imei: the effect of an IMEI status that could not be verified; it never counts
            as clear.
        second_imei: whether both IMEIs are ``required`` of a model that is known to have two SIMs. If one is
            enough, a phone can be named by either, and only the inspection shows that the two are one.
        register_hours: the greatest age of a register's answer at the quote; 0 if no evidence is demanded, and a plain
            status is enough.
    """

    unknown_tac: Literal["warn", "refuse"]
    unverified_imei: Literal["warn", "refuse"]
    second_imei: Literal["optional", "required"] = "optional"
    register_hours: Hours = 0


@dataclass(frozen=True, slots=True)
class Verdict(Value):
    """The result of the eligibility check: no reasons means eligible.

    Attributes:
        variant: the variant in the catalogue, or None if the name does not determine one.
        listed: whether the variant is of an accepted brand and on the list that day.
        imeis: the device's valid IMEIs; the set of their bodies is its identity.
        reasons: all reasons against it.
        warnings: facts that the programme accepts, and that the customer or the operator should know.
    """

    variant: Variant | None
    listed: bool
    imeis: tuple[Imei, ...]
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]


def assess(
    device: Device,
    *,
    catalogue: Catalogue,
    brands: frozenset[str],
    categories: frozenset[str],
    eligible: EligibleModels,
    tacs: TacTable,
    terms: EligibilityTerms,
    on: date,
    imei_status: ImeiStatus | RegisterAnswer,
    exchange_open: bool,
    device_exchanged: bool,
    at: datetime | None = None,
) -> Verdict:
    """Decide whether the device may be traded in; all reasons at once.

    Args:
        device: the phone as the customer names it.
        catalogue: the known models.
        brands: the accepted brands.
        categories: the accepted categories of devices.
        eligible: the programme's dated list.
        tacs: the TAC table.
        terms: the programme's rules.
        on: the day, in the programme's time zone.
        imei_status: the register's answer about the IMEI, with evidence or without; anything else counts as not
            verified.
        exchange_open: whether the account has an open exchange.
        device_exchanged: whether this device was traded in before.
        at: the instant, if the terms limit the age of evidence; without it no evidence is new enough.

    Raises:
        InvalidValue: an argument is of another type.
    """
    answer = imei_status if type(imei_status) is RegisterAnswer else None
    at = None if at is None else instant(at, "at")
    return assessed(
        argument(device, Device, "device"),
        catalogue=argument(catalogue, Catalogue, "catalogue"),
        brands=_texts(brands, "brands"),
        categories=_texts(categories, "categories"),
        eligible=argument(eligible, EligibleModels, "eligible"),
        tacs=argument(tacs, TacTable, "tacs"),
        terms=argument(terms, EligibilityTerms, "terms"),
        on=day(on, "on"),
        imei_status=_STATUS.get(text_of(imei_status) or "", ImeiStatus.UNVERIFIED) if answer is None else answer.status,
        stale=stale_reason(None if at is None else answer, terms.register_hours, at or _NEVER),
        exchange_open=flag(exchange_open, "exchange_open"),
        device_exchanged=flag(device_exchanged, "device_exchanged"),
    )


_NEVER = datetime.min.replace(tzinfo=UTC)
_STATUS = {status.value: status for status in ImeiStatus}


def _texts(given: object, field: str) -> frozenset[str]:
    rule = f"give a set of {field}"
    return frozenset(text(one, field, rule) for one in elements(given, field, rule))


def assessed(
    device: Device,
    *,
    catalogue: Catalogue,
    brands: frozenset[str],
    categories: frozenset[str],
    eligible: EligibleModels,
    tacs: TacTable,
    terms: EligibilityTerms,
    on: date,
    imei_status: ImeiStatus,
    stale: Reason | None,
    exchange_open: bool,
    device_exchanged: bool,
) -> Verdict:
    """Assess a device like `assess`, with arguments of validated types: this is the hot path."""
    reasons: list[Reason] = []
    warnings: list[Reason] = []
    imeis, said = _read_imeis(device, imei_status, stale, reasons)
    variant = catalogue.named(device.model)
    listed = False
    if variant is None:
        reasons.append(_not_named(device.model, catalogue))
    else:
        code = listing_code(variant, brands, categories, eligible, on)
        listed = code is None
        if code is ReasonCode.BRAND_NOT_ACCEPTED:
            reasons.append(_brand_not_accepted(variant, brands))
        elif code is ReasonCode.CATEGORY_NOT_ACCEPTED:
            reasons.append(_category_not_accepted(variant, categories))
        elif code is ReasonCode.MODEL_NOT_LISTED:
            reasons.append(_not_listed(variant, catalogue, eligible, on))
    if imeis:
        for imei in imeis:
            said |= imei_bits(imei, variant, catalogue, tacs)
        passing = let_pass(said, refused_doubts(variant, terms))
        found = _about(imeis, said, variant, catalogue, tacs)
        found += [(_STALE, stale)] if stale is not None else []
        reasons += [reason for bit, reason in found if not passing & bit]
        warnings += [reason for bit, reason in found if passing & WARNED & bit]
    if exchange_open:
        reasons.append(reason_of(ReasonCode.EXCHANGE_OPEN))
    if device_exchanged:
        reasons.append(reason_of(ReasonCode.DEVICE_EXCHANGED))
    return proved(
        Verdict, variant=variant, listed=listed, imeis=imeis, reasons=tuple(reasons), warnings=tuple(warnings)
    )


# The rules themselves, each as its code: used for one device here, and for columns of devices too.


def naming_code(name: str, catalogue: Catalogue) -> ReasonCode:
    """Return why a name has no variant: it has several in a family, or none."""
    return ReasonCode.VARIANT_MISSING if catalogue.meant(name) else ReasonCode.MODEL_UNKNOWN


def listing_code(
    variant: Variant, brands: frozenset[str], categories: frozenset[str], eligible: EligibleModels, on: date
) -> Literal[ReasonCode.CATEGORY_NOT_ACCEPTED, ReasonCode.BRAND_NOT_ACCEPTED, ReasonCode.MODEL_NOT_LISTED] | None:
    """Return why a variant may not be traded in that day, or None."""
    if variant.category not in categories:
        return ReasonCode.CATEGORY_NOT_ACCEPTED
    if variant.brand not in brands:
        return ReasonCode.BRAND_NOT_ACCEPTED
    return ReasonCode.MODEL_NOT_LISTED if eligible.as_of(variant.model, on) is None else None


_OwnCode = Literal[ReasonCode.IMEI_PLACEHOLDER, ReasonCode.IMEI_TEST, ReasonCode.IMEI_REPORTING_BODY]
_NOT_ITS_OWN: dict[int, _OwnCode] = {
    BITS[ReasonCode.IMEI_PLACEHOLDER]: ReasonCode.IMEI_PLACEHOLDER,
    (_TEST := BITS[ReasonCode.IMEI_TEST]): ReasonCode.IMEI_TEST,
    (_NO_BODY := BITS[ReasonCode.IMEI_REPORTING_BODY]): ReasonCode.IMEI_REPORTING_BODY,
}
# Bits that one device needs often: looking one up by its code costs as much as a decision.
_TAC_UNKNOWN = BITS[ReasonCode.TAC_UNKNOWN]
_TAC_OTHER_MODEL = BITS[ReasonCode.TAC_OTHER_MODEL]
_NOT_VERIFIED = BITS[ReasonCode.IMEI_UNVERIFIED]
_NO_SECOND = BITS[ReasonCode.IMEI2_MISSING]
_REPEATED = BITS[ReasonCode.IMEI_REPEATED]
_STALE = BITS[ReasonCode.REGISTER_STALE]


def refused_doubts(variant: Variant | None, terms: EligibilityTerms) -> int:
    """Return the doubts that refuse a device of a variant, as bits."""
    return (
        (terms.unknown_tac == "refuse") * _TAC_UNKNOWN
        | (terms.unverified_imei == "refuse") * _NOT_VERIFIED
        | needs_second(variant, terms) * _NO_SECOND
    )


def needs_second(variant: Variant | None, terms: EligibilityTerms) -> bool:
    """Tell whether a device of a variant must be named by both of its IMEIs."""
    return terms.second_imei == "required" and variant is not None and (variant.sims or 1) > 1


def identity_code(imei: Imei) -> _OwnCode | None:
    """Return why a well-formed number is not a phone's own, or None."""
    body = imei.reporting_body
    said = _NO_BODY if body is None else _TEST if body.status == "test" else 0
    return _NOT_ITS_OWN.get(identity(said, imei.is_placeholder))


def imei_bits(imei: Imei, variant: Variant | None, catalogue: Catalogue, tacs: TacTable) -> int:
    """Return the reasons about a number itself, as bits."""
    codes = identity_code(imei), tac_code(tacs.lookup(imei), variant, catalogue)
    return sum(BITS[code] for code in codes if code is not None)


def tac_code(
    candidates: tuple[TacDevice, ...], variant: Variant | None, catalogue: Catalogue
) -> Literal[ReasonCode.TAC_UNKNOWN, ReasonCode.TAC_OTHER_MODEL] | None:
    """Return the reason of a TAC's candidates against a variant: unknown, another model, or None.

    A name that the catalogue lacks may mean the same phone, so it counts as unknown; so does the claimed model under
    another brand, for a table may name a phone by its maker.
    """
    if not candidates:
        return ReasonCode.TAC_UNKNOWN
    if variant is None:
        return None
    for candidate in candidates:  # spelled exactly as in the catalogue: no look-up needed
        if candidate.brand == variant.brand and candidate.model == variant.name:
            return None
    return reading_code([catalogue.tac_reading(candidate) for candidate in candidates], variant)


def reading_code(
    readings: Sequence[TacReading], variant: Variant
) -> Literal[ReasonCode.TAC_UNKNOWN, ReasonCode.TAC_OTHER_MODEL] | None:
    """Return the reason of the readings of a TAC's candidates against a variant, as `tac_code` does."""
    family, brand = variant.family, variant.brand
    for reading in readings:
        if family in reading.families or brand in reading.brands:
            return None
    for reading in readings:
        if family in reading.doubtful_families or brand in reading.doubtful_brands:
            return ReasonCode.TAC_UNKNOWN
    return ReasonCode.TAC_OTHER_MODEL


_AGAINST = {
    ImeiStatus.BLOCKED: ReasonCode.IMEI_BLOCKED,
    ImeiStatus.TRACKED: ReasonCode.IMEI_TRACKED,
    ImeiStatus.DUPLICATE: ReasonCode.IMEI_DUPLICATE,
    ImeiStatus.UNVERIFIED: ReasonCode.IMEI_UNVERIFIED,
}
_OF_NUMBERS = tuple((BITS[code], code) for code in (ReasonCode.IMEI2_MISSING, *_AGAINST.values()))
_ANSWERS = {ImeiStatus.BLOCKED: BLOCKED, ImeiStatus.TRACKED: TRACKED, ImeiStatus.DUPLICATE: DUPLICATE}


def stale_reason(answer: RegisterAnswer | None, hours: int, at: datetime) -> Reason | None:
    """Return why a register's answer is not valid evidence at an instant, or None: it is, or none is demanded.

    Args:
        answer: the answer; None for a plain status, or for none at all.
        hours: the greatest age by the terms; 0 for no demand.
        at: the instant.
    """
    if not hours:
        return None
    if answer is None:
        return reason_of(ReasonCode.REGISTER_STALE, "missing")
    if not is_stale(micros(answer.asked_at), micros(at), hours):
        return None
    case, fact = ("early", {"at": at}) if answer.asked_at > at else ("", {"hours": hours})
    return reason_of(
        ReasonCode.REGISTER_STALE, case, register=answer.register, asked_at=answer.asked_at, **cast("Any", fact)
    )


def against(answer: RegisterAnswer | None, hours: int, at: datetime) -> list[Reason]:
    """Return the reasons of a register's answer against a device at an instant at which it must be asked again.

    A status that could not be verified counts if the terms demand evidence.
    """
    found = [] if (stale := stale_reason(answer, hours, at)) is None else [stale]
    status = ImeiStatus.CLEAR if answer is None else answer.status
    if status is not ImeiStatus.CLEAR and (hours or status is not ImeiStatus.UNVERIFIED):
        found.append(reason_of(_AGAINST[status]))
    return found


@cache  # of 40 values
def about_numbers(is_one: bool, is_same: bool, status: ImeiStatus, is_old: bool) -> int:  # noqa: FBT001 - as `numbers`
    """Return the reasons about a device's IMEIs together, of which one at least can be read, as bits."""
    answer = CLEAR if status is ImeiStatus.CLEAR else _ANSWERS.get(status, UNVERIFIED)
    said: int = numbers(1, is_one, is_same, answer, is_old)
    return said


def _read_imeis(
    device: Device, status: ImeiStatus, stale: Reason | None, reasons: list[Reason]
) -> tuple[tuple[Imei, ...], int]:
    """Return the distinct IMEIs, and the reasons about them together, as bits."""
    imeis: list[Imei] = []
    for number in (device.imei, device.imei2):
        if number is None:
            continue
        try:
            imeis.append(number if isinstance(number, Imei) else Imei.parse(number))  # type: ignore[arg-type]
        except InvalidImei as error:
            what, remedy = f"The IMEI {error.masked} {error.what}", error.remedy.removesuffix(".")
            reasons.append(Reason(ReasonCode(error.code), what, remedy, error.masked, error.values))
    if not imeis:
        return (), 0
    is_one = device.imei is None or device.imei2 is None
    is_same = len(imeis) > 1 and imeis[0].body == imeis[1].body
    said = about_numbers(is_one, is_same, status, stale is not None)
    if said & _REPEATED:
        reasons.append(reason_of(ReasonCode.IMEI_REPEATED, imei=str(imeis.pop())))
    return tuple(imeis), said


def _about(
    imeis: Sequence[Imei], said: int, variant: Variant | None, catalogue: Catalogue, tacs: TacTable
) -> list[tuple[int, Reason]]:
    """Return the reasons about IMEIs, of each and of them together, with their bits."""
    found = [one for imei in imeis for one in _about_one(imei, variant, catalogue, tacs)]
    return found + [(bit, reason_of(code)) for bit, code in _OF_NUMBERS if said & bit]


def warnings_of(
    imeis: Sequence[Imei], said: int, variant: Variant | None, catalogue: Catalogue, tacs: TacTable
) -> tuple[Reason, ...]:
    """Return the warnings about IMEIs of which all doubts are accepted.

    Args:
        imeis: the numbers.
        said: everything found about them, as bits.
        variant: the claimed model.
        catalogue: the known models.
        tacs: the TAC table.
    """
    return tuple([reason for bit, reason in _about(imeis, said, variant, catalogue, tacs) if bit & WARNED])


def _about_one(
    imei: Imei, variant: Variant | None, catalogue: Catalogue, tacs: TacTable
) -> Iterator[tuple[int, Reason]]:
    """Yield the reasons about a number itself, with their bits."""
    not_its_own = identity_code(imei)
    if not_its_own is not None:
        yield BITS[not_its_own], _not_its_own(imei, not_its_own)
    candidates = tacs.lookup(imei)
    code = tac_code(candidates, variant, catalogue)
    if code is None:
        return
    names = list(dict.fromkeys(f"{candidate.brand} {candidate.model}".strip() for candidate in candidates))
    others = [f"{len(names) - _MOST_NAMED} others"] if len(names) > _MOST_NAMED else []
    named = " or ".join([*map(printable, names[:_MOST_NAMED]), *others])
    if code is ReasonCode.TAC_OTHER_MODEL:
        family = "" if variant is None else variant.family  # never so here: it is another one than the variant's
        yield _TAC_OTHER_MODEL, reason_of(code, imei=str(imei), names=named, family=family)
    elif candidates:
        yield _TAC_UNKNOWN, reason_of(code, "name", imei=str(imei), tac=imei.tac, names=named)
    else:
        yield _TAC_UNKNOWN, reason_of(code, imei=str(imei), tac=imei.tac)


def _not_its_own(imei: Imei, code: _OwnCode) -> Reason:
    if code is ReasonCode.IMEI_REPORTING_BODY:
        return reason_of(code, imei=str(imei), rbi=imei.tac[:2])
    return reason_of(code, imei=str(imei))


def _not_named(name: str, catalogue: Catalogue) -> Reason:
    """Return the variants that a name could mean, or the nearest names."""
    variants = catalogue.meant(name)
    if variants:
        family = variants[0].family
        return reason_of(
            ReasonCode.VARIANT_MISSING,
            family=family,
            variants=len(catalogue.variants_of(family)),
            choices=", ".join(f"{variant.memory} ({variant.model})" for variant in variants),
            name=shown(name),
        )
    close = catalogue.nearest(name)
    if not close:
        return reason_of(ReasonCode.MODEL_UNKNOWN, name=shown(name))
    near = ", ".join(variant.model for variant in close)
    return reason_of(ReasonCode.MODEL_UNKNOWN, "near", name=shown(name), near=near)


def _brand_not_accepted(variant: Variant, brands: frozenset[str]) -> Reason:
    return reason_of(ReasonCode.BRAND_NOT_ACCEPTED, brand=variant.brand, accepted=", ".join(sorted(brands)))


def _category_not_accepted(variant: Variant, categories: frozenset[str]) -> Reason:
    accepted = ", ".join(sorted(categories))
    return reason_of(
        ReasonCode.CATEGORY_NOT_ACCEPTED, label=variant.label, category=variant.category, accepted=accepted
    )


def _not_listed(variant: Variant, catalogue: Catalogue, eligible: EligibleModels, on: date) -> Reason:
    listed = [other for other in catalogue if other.brand == variant.brand and eligible.as_of(other.model, on)]
    close = closest(variant.label, [other.label for other in listed], _FEW, 0.0)
    code, about = ReasonCode.MODEL_NOT_LISTED, {"label": variant.label, "on": on, "model": variant.model}
    return reason_of(code, "near", near="; ".join(close), **about) if close else reason_of(code, "", **about)
