"""Small programmes with every kind of rule, all of which pass the linter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache, lru_cache, partial
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st

from miexchange._arguments import INSTANT, TEXT, Rule, takes, whole
from miexchange._bounded import bound_of
from miexchange._time import midnight
from miexchange._zone import AnyZone, Zone
from miexchange.condition import Deduction, Grade, Option, Questionnaire
from miexchange.eligibility import EligibilityTerms, EligibleModels
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import BPS, GREATEST_AMOUNT
from miexchange.programme import (
    Authority,
    Bonus,
    DaysOff,
    ExchangeRules,
    Limit,
    Overlap,
    Programme,
    ScrapValue,
    Terms,
    UsageRules,
)
from miexchange.programme.rules import RETENTIONS
from miexchange.strategies._conditions import questionnaires
from miexchange.strategies._models import catalogues, listings
from miexchange.strategies._numbers import (
    CURRENCIES,
    IST,
    OFTEN,
    SOURCE,
    START,
    VARIANTS,
    ZONES,
    amounts,
    ascents,
    bounded,
    days,
    rates,
    subsets,
    tuples,
)
from miexchange.strategies._prices import BASES
from miexchange.strategies._treatments import covering
from miexchange.tac import TacTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from miexchange.catalogue import Variant

__all__ = [
    "CATEGORIES",
    "CHANNELS",
    "NEW_BRANDS",
    "PRODUCTS",
    "ROLES",
    "exchange_rules",
    "programmes",
    "terms",
    "usage_rules",
]

CATEGORIES = ("smartphone", "accessory")
NEW_BRANDS = ("Mi", "Redmi")
CHANNELS = ("mi.com", "mi-home")
ROLES = ("agent", "manager")
PRODUCTS = ("Redmi Note 5", "Mi A1", "Case")

_AMOUNT = whole(1, GREATEST_AMOUNT)
_FRESH = whole(1, bound_of(Terms, "price_max_age_days").most)
_RANGE = Rule(
    lambda value: type(value) is tuple and [_AMOUNT.fits(amount) for amount in value] == [True, True],
    "give the lowest and the highest market price, in minor units",
)

_SECOND = START + timedelta(20)  # the start of the second version of the terms
_POLICIES: SearchStrategy[Literal["warn", "refuse"]] = st.sampled_from(("warn", "refuse"))
_IMEIS: SearchStrategy[Literal["optional", "required"]] = st.sampled_from(("optional", "required"))
_STEPS = st.sampled_from((1_000, 100, 1, 1, 1, 5_000)) | st.integers(1, 10_000)
_PRICE_STEPS = st.sampled_from((100, 1, 25))
_TACS = ("35000000", "35000005", "35000006", "35000050")
"""The TACs of a programme's models: neighbours, and gaps between them."""
_LOOKALIKES = st.sampled_from((None, "Able", "Zeta"))
"""The brand of a second device of a TAC: a table has it before the first one, or after it."""
_HOURS = st.sampled_from((24, 1, 168))
PLACES = st.sampled_from(
    tuple(map(Zone, ("Asia/Kolkata", "Europe/London", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia")))
)
"""Time zones: without summer time, with it, skipping midnight for it, and repeating midnight."""
_ZONES: SearchStrategy[AnyZone] = st.sampled_from((IST, *(zone for zone in ZONES if zone is not IST))) | PLACES


@cache
def usage_rules() -> SearchStrategy[UsageRules]:
    """Draw the rules of use of a coupon.

    >>> from hypothesis import find
    >>> find(usage_rules(), lambda rules: True).valid_days
    14
    """
    rules = st.builds(
        UsageRules,
        valid_days=bounded(UsageRules, "valid_days", 14, 1, 365),
        categories=subsets(CATEGORIES),
        brands=subsets(NEW_BRANDS),
        channels=subsets(CHANNELS),
        applies_to=st.sampled_from(("one_unit", "eligible_lines")),
        minimum_order_minor=st.just(0) | amounts(10**6),
        surplus=st.sampled_from(("forfeit", "store_credit", "cash")),
        stacks_with=subsets(("bank_offer", "festival"), 0),
        source=st.just(SOURCE),
    )
    phones = st.just(1) | bounded(UsageRules, "devices_per_order", 1, 1, 3)
    return st.tuples(rules, phones).map(lambda drawn: _for_phones(*drawn))


def _for_phones(rules: UsageRules, phones: int) -> UsageRules:
    return rules.replace(devices_per_order=phones) if rules.applies_to == "one_unit" else rules


@cache
def _days_off() -> SearchStrategy[tuple[DaysOff, ...]]:
    """Draw up to three spans of days that do not count, without overlaps."""
    begin = datetime(START.year, START.month, START.day, tzinfo=UTC)
    ends = st.lists(st.integers(0, 24 * 60), max_size=6, unique=True).map(sorted)
    return ends.map(
        lambda hours: tuple(
            DaysOff(begin + timedelta(hours=one), begin + timedelta(hours=other), SOURCE)
            for one, other in zip(hours[::2], hours[1::2], strict=False)
        )
    )


_POLICY = {
    "inspection": st.sampled_from(("optional", "required")),
    "released_validity": st.sampled_from(("remaining", "full")),
    "mismatch": st.sampled_from(("cancel", "difference", "honour", "lower")),
    "reversal": st.sampled_from(("none", "store_credit", "old_phone")),
    "payment": st.sampled_from(("at_checkout", "after_inspection")),
    "wipe": st.sampled_from(("optional", "optional", "before_hand_over")),
    "tolerance_minor": st.integers(0, 100_000) | bounded(ExchangeRules, "tolerance_minor"),
    "identity_above_minor": st.none() | bounded(ExchangeRules, "identity_above_minor", 1_000_000),
    "ownership_above_minor": st.none() | bounded(ExchangeRules, "ownership_above_minor", 1_000_000),
}
"""The policies of exchanges that are not a plain number."""


@st.composite
def exchange_rules(draw: st.DrawFn) -> ExchangeRules:
    """Draw the rules of an exchange between checkout and doorstep.

    >>> from hypothesis import find
    >>> find(exchange_rules(), lambda rules: rules.decide_hours > 0).mismatch
    'difference'
    """
    first = ("inspection", "released_validity", "mismatch", "reversal")
    policies: dict[str, Any] = {name: draw(_POLICY[name]) for name in first}
    if policies["mismatch"] != "honour":
        policies["tolerance_minor"] = draw(_POLICY["tolerance_minor"])
        policies["tolerance_bps"] = draw(bounded(ExchangeRules, "tolerance_bps"))
    if policies["mismatch"] in {"difference", "lower"}:
        least = bounded(ExchangeRules, "return_below_bps", 0, 7_500)
        policies["return_below_bps"] = min(draw(least), BPS - policies["tolerance_bps"])
    if policies["inspection"] == "required":
        policies["payment"] = draw(_POLICY["payment"])
    if policies["mismatch"] == "difference":
        policies["decide_hours"] = draw(bounded(ExchangeRules, "decide_hours", 168, least=1))
        policies["authorities"] = tuple(
            Authority(
                role, most, draw(st.integers(most, GREATEST_AMOUNT)), draw(bounded(Authority, "days", 30)), SOURCE
            )
            for role in draw(subsets(ROLES, 0))
            for most in (draw(bounded(Authority, "most_minor", 100_000)),)
        )
    if policies["reversal"] != "none":
        policies["reversal_days"] = draw(bounded(ExchangeRules, "reversal_days", 30, least=1))
    if draw(st.booleans()):
        policies |= {"rebuy": "after", "rebuy_days": draw(bounded(ExchangeRules, "rebuy_days", 90, least=1))}
    policies["accept_register_hours"] = draw(bounded(ExchangeRules, "accept_register_hours", 0, 24))
    if policies["inspection"] == "required":
        policies["hand_over_register_hours"] = draw(bounded(ExchangeRules, "hand_over_register_hours", 0, 24))
    for name in ("identity_above_minor", "ownership_above_minor", "wipe"):
        policies[name] = draw(_POLICY[name])
    policies["send_days"] = draw(bounded(ExchangeRules, "send_days", 0, 14))
    policies["pickup_attempts"] = draw(bounded(ExchangeRules, "pickup_attempts", 0, 3))
    policies["days_off"] = draw(_days_off())
    policies["unlock_hours"] = draw(bounded(ExchangeRules, "unlock_hours", 0, 168))
    policies["skew_seconds"] = draw(bounded(ExchangeRules, "skew_seconds", 2))
    policies["limits"] = tuple(
        Limit(f"{per}-limit", per, draw(bounded(Limit, "most", 5)), draw(bounded(Limit, "days", 365)), SOURCE)
        for per in draw(subsets(("account", "device"), 0))
    )
    return ExchangeRules(**policies, source=SOURCE)


@lru_cache(64)
def _bonus(dearest: int) -> SearchStrategy[Bonus]:
    """Draw a bonus of a fixed amount, or of a share with a cap."""
    rules = {
        "says": st.just("A bonus"),
        "from_value_minor": st.just(0) | st.just(dearest) | st.integers(0, dearest),
        "targets": subsets(PRODUCTS[:2], 0),
        "begins": st.none() | days(START, _SECOND - timedelta(1)),
        "ends": st.none() | days(_SECOND + timedelta(1), _SECOND + timedelta(60)),
        "stackable": st.booleans(),
        "quota": st.none() | st.integers(1, 3),
        "source": st.just(SOURCE),
    }
    names, amount = st.just("bonus"), st.integers(1, 100_000)
    fixed = st.builds(Bonus, names, amount_minor=amount, **rules)
    share = st.builds(Bonus, names, share_bps=st.integers(1, BPS), cap_minor=amount, **rules)
    return fixed | share


@st.composite
def _bonuses(draw: st.DrawFn, dearest: int) -> tuple[Bonus, ...]:
    """Draw a few bonuses; one falls back only to a later one, which is offered whenever it is."""
    drawn = list(draw(tuples(_bonus(dearest))))
    for place, bonus in enumerate(drawn):
        drawn[place] = bonus.replace(id=f"bonus-{place + 1}")
        ahead = draw(st.integers(0, len(drawn) - place - 1)) if bonus.quota else 0
        if ahead:
            drawn[place] = drawn[place].replace(fall_back=f"bonus-{place + ahead + 1}", stackable=False)
            plain = {"stackable": False, "begins": None, "ends": None, "targets": ()}
            drawn[place + ahead] = drawn[place + ahead].replace(**plain)
    return tuple(drawn)


def _used_grades(questionnaire: Questionnaire) -> tuple[Questionnaire, int]:
    """Number the grades of answers without gaps, and count them: an unreachable grade is refused."""
    used = sorted({0} | {option.grade for question in questionnaire.questions for option in question.options})
    return _with_options(questionnaire, lambda option: option.replace(grade=used.index(option.grade))), len(used)


def _with_options(questionnaire: Questionnaire, change: Callable[[Option], Option]) -> Questionnaire:
    asked = [question.replace(options=tuple(map(change, question.options))) for question in questionnaire.questions]
    return questionnaire.replace(questions=tuple(asked))


def _whole(draw: st.DrawFn, least: int, most: int) -> int:
    return draw(st.integers(least, most))


def _affordable(made: Terms, price_step_minor: int) -> Questionnaire:
    """Scale shares of the market price down just so far that a price a step higher can never pay less.

    A step raises the kept part by more than ``step x keep - roundings`` minor units and the shares by less than
    ``step x share + 1`` in each group; a programme must satisfy that inequality.
    Where no share does, fixed amounts take their place.
    """
    rates, shares = made.least_kept, made.worst_shares
    keep, total = Fraction(prod(rates), BPS ** len(rates)), sum(shares)
    most = max(int((keep - Fraction(len(rates) + len(shares), price_step_minor)) * BPS), 0)

    def scaled(option: Option) -> Option:
        deduction = option.deduction
        if deduction is None or not deduction.share_bps or total <= most:
            return option
        if not most:
            return option.replace(deduction=Deduction(amount_minor=deduction.share_bps))
        share = deduction.share_bps * most // total
        return option.replace(deduction=deduction.replace(share_bps=share) if share else None)

    return _with_options(made.questionnaire, scaled)


@takes(
    variants=VARIANTS, begins=INSTANT, prices=_RANGE, price_max_age_days=_FRESH, version=TEXT, price_step_minor=_AMOUNT
)
@st.composite
def terms(
    draw: st.DrawFn,
    variants: tuple[Variant, ...] = (),
    begins: datetime = datetime(2018, 3, 15, tzinfo=UTC),
    prices: tuple[int, int] = (100_000, 100_000),
    price_max_age_days: int = 45,
    version: str = "1",
    price_step_minor: int = 100,
) -> Terms:
    """Draw one version of a programme's terms, with every kind of rule, which passes the linter.

    No register has to be asked again after the quote, so that a quote alone can be accepted.

    Args:
        variants: the models that are listed.
        begins: the first instant at which it is in force.
        prices: the lowest and the highest market price: no floor exceeds the first, no threshold the second.
        price_max_age_days: the days for which a price is fresh.
        version: its name.
        price_step_minor: every market price is a multiple of this.
    """
    settings = {rule.setting: rule.drawn(partial(_whole, draw), price_max_age_days) for rule in RETENTIONS}
    questionnaire, count = _used_grades(draw(questionnaires(variants)))
    lost = [0, *draw(ascents(count - 1, BPS // 2))] if draw(st.booleans()) else draw(ascents(count, BPS // 2))
    scale = tuple(
        Grade(name, BPS - less, "", "", f"Grade {name}", SOURCE) for name, less in zip("ABCD", lost, strict=False)
    )
    cheapest, dearest = prices
    step = min(draw(_STEPS), cheapest)
    made = Terms(
        version=version,
        effective_from=begins,
        eligibility=EligibilityTerms(
            draw(_POLICIES), draw(_POLICIES), draw(_IMEIS), draw(bounded(EligibilityTerms, "register_hours", 0, 24))
        ),
        questionnaire=questionnaire,
        grades=scale,
        quote_valid_hours=draw(_HOURS),
        price_max_age_days=price_max_age_days,
        factor_bps=draw(st.just(BPS) | rates(least=1)),
        scrap_minor=draw(st.just(0) | st.integers(0, cheapest // step)) * step,
        step_minor=step,
        usage=draw(usage_rules()),
        bonuses=draw(_bonuses(dearest // step * step)),
        exchange=draw(exchange_rules()).replace(accept_register_hours=0, hand_over_register_hours=0),  # see `terms`
        source=SOURCE,
        scrap_values=tuple(
            ScrapValue(per, getattr(variant, per), draw(st.integers(0, cheapest // step)) * step, SOURCE)
            for variant in variants[:1]
            for per in draw(st.just(()) | subsets(("model", "brand", "category"), 0))
        ),
        **settings,
    )
    made = made.replace(questionnaire=_affordable(made, price_step_minor))
    if len(made.components) > 1 and draw(OFTEN):
        one, other, *_ = made.components
        made = made.replace(overlaps=(Overlap(one, other, draw(st.integers(0, BPS)), SOURCE),))
    return made


@takes(most_minor=whole(100, GREATEST_AMOUNT))
@st.composite
def programmes(draw: st.DrawFn, most_minor: int = 10**7) -> Programme:
    """Draw small programmes, with every kind of rule, that pass the linter.

    Up to four models, of which some are not listed, up to three prices for each, one or two
    versions of terms, in a currency of two decimals, of none or of three. The days begin at midnight of a drawn
    zone.

    Args:
        most_minor: the largest market price and repair anchor.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, database=None)
    ... @given(programmes())
    ... def test_every_listed_model_has_a_price(programme):
    ...     assert all(listing.model in programme.prices for listing in programme.eligible)
    >>> test_every_listed_model_has_a_price()
    """
    catalogue = draw(catalogues())
    listed = draw(subsets(catalogue.variants, 1))
    zone, currency, step = draw(_ZONES), draw(CURRENCIES), draw(_PRICE_STEPS)
    begin = midnight(START, zone)
    fresh = draw(st.integers(30, 60))
    table: list[Price] = []
    for variant in listed:
        since = begin
        for further in range(draw(st.integers(1, 3))):
            if further:
                since += draw(st.timedeltas(timedelta(hours=1), timedelta(fresh)))
            table.append(Price(variant.model, since, draw(amounts(most_minor, step)), draw(BASES), SOURCE))
        if draw(st.booleans()):
            table[-1] = table[-1].replace(effective_until=since + timedelta(fresh - draw(st.integers(0, 10))))
    paid = [price.price_minor for price in table]
    prices = min(paid), max(paid)
    versions = [draw(terms(listed, begin, prices, fresh, "1", step))]
    if draw(st.booleans()):
        versions.append(draw(terms(listed, midnight(_SECOND, zone), prices, fresh, "2", step)))
    needed = sorted(
        {
            option.deduction.anchor
            for version in versions
            for question in version.questionnaire.questions
            for option in question.options
            if option.deduction and option.deduction.anchor
        }
    )
    repairs = [
        Anchor(variant.model, component, since, draw(amounts(most_minor, 1)), draw(BASES), SOURCE)
        for variant in listed
        for component in needed
        for since in (begin, begin + timedelta(15))[: draw(st.integers(1, 2))]
    ]
    tacs = [(tac, variant.brand, variant.name, SOURCE) for tac, variant in zip(_TACS, catalogue, strict=False)]
    lookalike = draw(_LOOKALIKES)
    if lookalike is not None:
        tacs.append(("35000000", lookalike, "Lookalike", SOURCE))
    return Programme(
        id="drawn",
        title="Drawn programme",
        zone=zone,
        currency=currency,
        brands=frozenset(variant.brand for variant in listed),
        categories=frozenset(variant.category for variant in listed),
        price_step_minor=step,
        catalogue=catalogue,
        eligible=EligibleModels(tuple(draw(listings(variant.model)) for variant in listed)),
        prices=PriceTable.of(table),
        anchors=AnchorTable.of(repairs),
        tacs=TacTable.of(tacs),
        terms=tuple(versions),
        treatments=draw(covering([bonus.id for version in versions for bonus in version.bonuses])),
    )
