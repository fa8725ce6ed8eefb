"""A programme of one phone, built in memory: what the shipped programmes do not have is set here.

`TERMS` are plain terms without any question; a test replaces what it is about, and `programme`
puts a price, a list and a catalogue around them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.condition import Condition, Deduction, Grade, Option, Question, Questionnaire
from miexchange.eligibility import EligibilityTerms, EligibleModels, Listing
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import Currency
from miexchange.programme import Programme, Terms, UsageRules
from miexchange.quote import Quote
from miexchange.tac import TacTable
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Mapping

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
"""When the terms begin, and the price is from."""

AT = BEGIN + timedelta(days=10, hours=6)
"""The instant at which the tests value: ten whole days later."""

MODEL = "acme-one-4-64"
INR = Currency("INR")
IST = timezone(timedelta(hours=5, minutes=30), "IST")
IMEI = "354178036859789"
IMEI2 = "354178030000000"
KEY = b"0123456789abcdef"

VARIANT = Variant(MODEL, "Acme", "One", "smartphone", 4096, 64, launched_on=date(2018, 6, 1))

USAGE = UsageRules(
    valid_days=14,
    categories=("smartphone",),
    brands=("Acme", "Zeta"),
    channels=("shop",),
    applies_to="eligible_lines",
    minimum_order_minor=0,
    surplus="forfeit",
    stacks_with=("bank_offer",),
)

TERMS = Terms(
    version="1",
    effective_from=BEGIN,
    eligibility=EligibilityTerms(unknown_tac="warn", unverified_imei="warn"),
    questionnaire=Questionnaire("1", ()),
    grades=(Grade("A", 10_000), Grade("B", 9_000), Grade("C", 8_500)),
    quote_valid_hours=24,
    price_max_age_days=45,
    factor_bps=10_000,
    scrap_minor=0,
    step_minor=1,
    usage=USAGE,
)


def programme(
    terms: Terms = TERMS,
    *,
    price: int = 1_000_000,
    anchors: Mapping[str, int] | None = None,
    sims: int | None = None,
) -> Programme:
    """Put a programme of one phone around terms; amounts in minor units."""
    repairs = [
        Anchor(MODEL, component, BEGIN, amount, "observed") for component, amount in sorted((anchors or {}).items())
    ]
    return Programme(
        id="small",
        title="Small programme",
        zone=IST,
        currency=INR,
        categories=frozenset({"smartphone"}),
        brands=frozenset({"Acme"}),
        catalogue=Catalogue((VARIANT.replace(sims=sims),)),
        eligible=EligibleModels((Listing(MODEL, date(2020, 1, 1)),)),
        prices=PriceTable.of([Price(MODEL, BEGIN, price, "observed")]),
        anchors=AnchorTable.of(repairs),
        tacs=TacTable.of([(IMEI[:8], "Acme", "One")]),
        terms=(terms,),
    )


def cosmetic(name: str, component: str, *options: Option) -> Question:
    """Ask about looks; the first option, ``best``, is free."""
    return Question(name, f"How is {name}?", component, "cosmetic", (Option("best", "As new"), *options))


def functional(name: str, component: str, *options: Option, optional: bool = False) -> Question:
    """Ask about a function; the first option, ``best``, is free."""
    options = (Option("best", "As new"), *options)
    return Question(name, f"How is {name}?", component, "functional", options, optional=optional)


def costs(name: str, *, amount_minor: int = 0, share_bps: int = 0, anchor: str = "", weight_bps: int = 0) -> Option:
    """Make an option that costs a deduction."""
    return Option(name, f"It is {name}", deduction=Deduction(amount_minor, share_bps, anchor, weight_bps))


def asking(*questions: Question, terms: Terms = TERMS) -> Terms:
    """Return the terms with these questions."""
    return terms.replace(questionnaire=Questionnaire("1", questions))


def quoted(
    terms: Terms = TERMS,
    answers: Mapping[str, str] | None = None,
    *,
    price: int = 1_000_000,
    anchors: Mapping[str, int] | None = None,
    device: Device | None = None,
    at: datetime = AT,
    target: str | None = None,
    bonuses_given: Mapping[str, int] | None = None,
) -> Quote:
    """Value the phone and insist on a quote."""
    quote = appraise(
        device or Device(MODEL),
        Condition(answers),
        programme(terms, price=price, anchors=anchors),
        at=at,
        target=target,
        bonuses_given=bonuses_given or {},
    )
    assert isinstance(quote, Quote), quote.explain()
    return quote


def amounts(quote: Quote) -> list[tuple[str, int]]:
    """Return rule and amount of every line."""
    return [(line.rule, line.amount) for line in quote.lines]
