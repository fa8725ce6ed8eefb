"""What a valuation needs of a programme for one model, in a period in which nothing about it changes.

Terms, price, repair anchors, listing and bonuses are constant between two instants at which a row begins or ends. So
they are looked up once, and kept with the programme, which is immutable.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from miexchange import _kernel
from miexchange._time import TICK, NotATime, midnights
from miexchange.eligibility import imei_bits, listing_code, refused_doubts
from miexchange.imei import TAC_DIGITS
from miexchange.market import broader
from miexchange.quote import QuoteLine, Shared
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from miexchange._table import Table
    from miexchange.catalogue import Variant
    from miexchange.imei import Imei
    from miexchange.market import Price
    from miexchange.programme import Programme, StepName, Terms
    from miexchange.programme._effects import Effect, Reader
    from miexchange.programme.terms import Offers

__all__ = ["Period", "changing_at", "line_of", "period_at", "price_code"]

_MOST_MODELS = 1_024
_MOST_PERIODS = 4  # of a model: those of today, and a few that are replayed
_MOST_TACS = 64  # of a model: a model has few of its own
_MOST_TARGETS = 16


def price_code(price: Price | None, terms: Terms, at: datetime) -> ReasonCode | None:
    """Return why a device cannot be priced by this price at this instant, or None."""
    if price is None:
        return ReasonCode.PRICE_MISSING
    return ReasonCode.PRICE_STALE if at - price.effective_from > terms.price_max_age else None


_NEW = object.__new__
_SET_RULE, _SET_AMOUNT, _SET_EFFECT, _SET_SOURCE = (
    getattr(QuoteLine, name).__set__ for name in ("rule", "amount", "effect", "source")
)


def line_of(name: StepName, amount: int) -> QuoteLine:
    """Make a line of validated parts without checking them again: a quote has ten, and this is the hot path."""
    line = _NEW(QuoteLine)
    _SET_RULE(line, name[0])
    _SET_AMOUNT(line, amount)
    _SET_EFFECT(line, name[1])
    _SET_SOURCE(line, name[2])
    return line


class Period:
    """One model in one period of a programme.

    Attributes:
        variant: the model.
        terms: the terms in force.
        price: the price in force, if the model is listed and the price fresh; None: it cannot be valued.
        refused: the doubts about a device that refuse it, as bits.
        reader: the reader of the answers; None if it depends on the answers which questions are asked.
        floor: the scrap value of the model.
        market_line: the first line of every quote.
        shared: the fields of a quote that are the same for every phone.
    """

    __slots__ = (
        "_deductions",
        "_offers",
        "_tacs",
        "closing",
        "floor",
        "market",
        "market_line",
        "price",
        "reader",
        "refused",
        "shared",
        "terms",
        "variant",
    )

    def __init__(
        self, programme: Programme, variant: Variant, terms: Terms, at: datetime, tacs: dict[str, int]
    ) -> None:
        on = at.astimezone(programme.zone).date()
        code = listing_code(variant, programme.brands, programme.categories, programme.eligible, on)
        price = programme.prices.as_of(variant.model, at) if code is None else None
        self.variant, self.terms = variant, terms
        self.price = None if price_code(price, terms, at) is not None else price
        self.refused = refused_doubts(variant, terms.eligibility)
        self.floor = terms.scrap_of(variant)
        self._tacs = tacs
        self._deductions: dict[Effect, QuoteLine | None] = {}
        self._offers: dict[str | None, Offers] = {}
        questions, left_out = terms.questionnaire, terms.questionnaire._left_out(variant, None)  # noqa: SLF001 - of the core
        asked_after = any(one.asked_after and one.id not in left_out for one in questions.questions)
        self.reader: Reader | None = None if asked_after else terms._reader(left_out)  # noqa: SLF001 - as above
        if self.price is None:
            return
        self.market = self.price.price_minor
        name = programme.price_names[variant.model, self.price.effective_from]
        self.market_line = line_of(("market", *name), self.market)
        self.closing = terms.closing_names(programme.currency, variant)
        self.shared = Shared(
            programme=programme.id,
            digest=programme.digest,
            terms=terms.version,
            questionnaire=questions.version,
            model=variant.model,
            label=programme.catalogue.labels[variant.model],
            priced_from=self.price.effective_from,
            usage=terms.usage,
            currency=programme.currency,
            zone_data=programme.zone_data,
            device_tokens=(),
            seal="",
        )

    def bits_of(self, imei: Imei, programme: Programme) -> int:
        """Return the reasons about a number of its own, as bits."""
        if imei.is_placeholder:  # a matter of all its digits
            return imei_bits(imei, self.variant, programme.catalogue, programme.tacs)
        tac = imei.digits[:TAC_DIGITS]
        bits = self._tacs.get(tac)
        if bits is None:
            bits = imei_bits(imei, self.variant, programme.catalogue, programme.tacs)
            if len(self._tacs) < _MOST_TACS:
                self._tacs[tac] = bits
        return bits

    def reader_of(self, answers: dict[str, str]) -> Reader:
        """Return the reader of some answers."""
        if self.reader is not None:
            return self.reader
        left_out = self.terms.questionnaire._left_out(self.variant, answers)  # noqa: SLF001 - of the core
        return self.terms._reader(left_out)  # noqa: SLF001 - as above

    def deduction(self, effect: Effect, programme: Programme, at: datetime) -> QuoteLine | None:
        """Return the line of an answer that is deducted; None if its repair anchor is missing."""
        try:
            return self._deductions[effect]
        except KeyError:
            line = self._deductions[effect] = self._deduction(effect, programme, at)
            return line

    def _deduction(self, effect: Effect, programme: Programme, at: datetime) -> QuoteLine | None:
        deduction, anchored = effect.deduction, 0
        assert deduction is not None  # noqa: S101 - asked of deductions only
        if deduction.anchor:
            anchor = programme.anchors.as_of(self.variant.model, deduction.anchor, at)
            if anchor is None:
                return None
            anchored = anchor.amount_minor
        shares = deduction.share_bps, deduction.weight_bps
        return line_of(effect.deducted, -_kernel.finding(self.market, anchored, deduction.amount_minor, *shares))

    def offers(self, programme: Programme, at: datetime, target: str | None, given: Mapping[str, int]) -> Offers:
        """Return the bonuses that are paid if the value earns them."""
        found = None if given else self._offers.get(target)
        if found is None:
            on = at.astimezone(programme.zone).date()
            found = self.terms._offers(given, on, target)  # noqa: SLF001 - of the core
            if not given and len(self._offers) < _MOST_TARGETS:
                self._offers[target] = found
        return found


class _Model:
    """The instants at which something about a model changes, and the periods between them that were asked for."""

    __slots__ = ("edges", "periods", "tacs")

    def __init__(self, programme: Programme, variant: Variant) -> None:
        self.edges = sorted({*changing_at(programme, variant)})
        self.periods: dict[int, Period] = {}
        self.tacs: dict[str, int] = {}


def period_at(programme: Programme, name: str, at: datetime) -> Period | None:
    """Return the period of the model that a name means; None if it means no model, or no terms are in force."""
    models: dict[str, _Model] = programme._kept  # noqa: SLF001 - of the core
    model = models.get(name)
    if model is None:
        variant = programme.catalogue.named(name)
        if variant is None:
            return None
        model = models.get(variant.model)
        if model is None:
            model = _Model(programme, variant)
            if len(models) >= _MOST_MODELS:
                models.clear()
            models[variant.model] = model
    place = bisect_right(model.edges, at)
    period = model.periods.get(place)
    if period is None:
        terms, variant = programme.terms_at(at), programme.catalogue.named(name)
        if terms is None or variant is None:
            return None
        period = Period(programme, variant, terms, at, model.tacs)
        if len(model.periods) >= _MOST_PERIODS:
            model.periods.clear()
        model.periods[place] = period
    return period


def _rows_of(table: Table[Any], key: object) -> tuple[Any, ...]:
    series = table.by_key.get(key)
    return () if series is None else series.rows


def changing_at(programme: Programme, variant: Variant) -> Iterator[datetime]:
    """Yield the instants of changes for a model: terms, prices, anchors, listings, bonuses."""
    model = variant.model
    rows = [*_rows_of(programme.prices, model)]
    ages = {terms.price_max_age for terms in programme.terms}
    yield from (row.effective_from + age + TICK for row in rows for age in ages)
    for anchor in {part for terms in programme.terms for name in terms.anchors for part in broader(name)}:
        rows += _rows_of(programme.anchors, (model, anchor))
    yield from (row.effective_from for row in (*programme.terms, *rows))
    yield from (row.effective_until for row in rows if row.effective_until is not None)
    days: list[date | None] = []
    for listing in _rows_of(programme.eligible, model):
        days += [listing.listed_from, listing.listed_until]
    for terms in programme.terms:
        days += [day for bonus in terms.bonuses for day in (bonus.begins, bonus.ends)]
    for day in days:
        if day is not None:
            with suppress(NotATime):  # the first and the last day that there are: no instant is on the other side
                yield from midnights(day, programme.zone)
