"""Every reason against a phone, in order, with its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._periods import price_code
from miexchange.eligibility import assessed, stale_reason
from miexchange.programme.rules import Facts
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of, refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from miexchange.catalogue import Device, Variant
    from miexchange.condition import Condition, Finding
    from miexchange.eligibility import ImeiStatus, RegisterAnswer
    from miexchange.market import Price
    from miexchange.programme import Programme, Terms

__all__ = ["refused_phone"]


def refused_phone(
    device: Device,
    condition: Condition,
    programme: Programme,
    at: datetime,
    status: ImeiStatus,
    answer: RegisterAnswer | None,
    told: Mapping[str, str | None],
    *,
    exchange_open: bool,
    device_exchanged: bool,
) -> Refusal:
    """Return the refusal of a phone against which there is a reason, given arguments of validated types."""
    terms = programme.terms_at(at)
    if terms is None:
        return Refusal((_not_in_force(programme, at),))
    on = at.astimezone(programme.zone).date()
    verdict = assessed(
        device,
        catalogue=programme.catalogue,
        brands=programme.brands,
        categories=programme.categories,
        eligible=programme.eligible,
        tacs=programme.tacs,
        terms=terms.eligibility,
        on=on,
        imei_status=status,
        stale=stale_reason(answer, terms.eligibility.register_hours, at),
        exchange_open=exchange_open,
        device_exchanged=device_exchanged,
    )
    variant = verdict.variant
    if variant is None:
        return refusal_of(verdict.reasons)
    grading = terms.questionnaire.grade(condition, variant)
    price = programme.prices.as_of(variant.model, at) if verdict.listed else None
    reasons = [*verdict.reasons, *grading.reasons]
    if verdict.listed:
        reasons += _price_reasons(variant, price, terms, at)
    days = 0 if price is None else (at - price.effective_from).days
    facts = Facts(device.purchased_on, on, days, told)
    for rule in terms.retentions:
        code = rule.code(terms, facts.label(rule.reads))
        if code is not None:
            reasons.append(rule.reason(code, terms, facts))
    return refusal_of([*reasons, *_anchor_reasons(grading.findings, variant, programme, at)])


def _not_in_force(programme: Programme, at: datetime) -> Reason:
    code, about = ReasonCode.PROGRAMME_NOT_IN_FORCE, {"title": programme.title, "programme": programme.id, "at": at}
    if not programme.terms:
        return reason_of(code, "empty", **about)
    return reason_of(code, "", begins_at=programme.terms[0].effective_from, **about)


def _price_reasons(variant: Variant, price: Price | None, terms: Terms, at: datetime) -> list[Reason]:
    code = price_code(price, terms, at)
    if code is None:
        return []
    about = {"label": variant.label, "model": variant.model}
    if price is None:
        return [reason_of(code, at=at, **about)]
    return [reason_of(code, since=price.effective_from, days=terms.price_max_age_days, **about)]


def _anchor_reasons(
    findings: tuple[Finding, ...], variant: Variant, programme: Programme, at: datetime
) -> Iterator[Reason]:
    """Yield the repair anchors that the findings need and that are missing: such a cost is never zero."""
    costs = (finding.option.deduction for finding in findings)
    for anchor in dict.fromkeys(cost.anchor for cost in costs if cost is not None and cost.anchor):
        if programme.anchors.as_of(variant.model, anchor, at) is None:
            about = {"label": variant.label, "model": variant.model}
            yield reason_of(ReasonCode.PRICE_MISSING, "anchor", anchor=anchor, at=at, **about)
