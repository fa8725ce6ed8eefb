"""The simulated shop: one model of phone, its schemes in two editions each, its quotes, and altered ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.condition import Condition, Deduction, Grade, Option, Question, Questionnaire
from miexchange.coupon import Order, OrderLine
from miexchange.eligibility import EligibilityTerms, EligibleModels, Listing
from miexchange.imei import Imei
from miexchange.inspection import Inspection
from miexchange.market import AnchorTable, Price, PriceTable
from miexchange.money import Currency
from miexchange.programme import Authority, Bonus, ExchangeRules, Limit, Programme, Terms, UsageRules
from miexchange.quote import Quote
from miexchange.tac import TacTable
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from random import Random

__all__ = [
    "ACCOUNTS",
    "ADDRESSES",
    "AUTHORITY",
    "BEGIN",
    "BONUSES",
    "DAY",
    "DECIDE",
    "DEDUCTIONS",
    "FOREIGN_ORDER",
    "GRACE",
    "HOUR",
    "LIMITS",
    "ORDERS",
    "OWN",
    "PEOPLE",
    "PHONES",
    "REBUY",
    "REVERSAL",
    "SCHEMES",
    "SECOND",
    "SKEW",
    "TOLERANCE",
    "VALIDITY",
    "Offer",
    "Scheme",
    "editions_of",
    "forged",
    "imei_of",
    "instant_of",
    "key_of",
    "older",
    "order_id",
    "order_of",
    "price_of",
    "quote_of",
    "seen",
    "total_of",
    "whole_order",
]

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
"""Durations in microseconds: the simulator counts instants like a ledger."""

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
BEGIN = 10 * DAY
"""The first instant of a simulation, in microseconds since the beginning of the terms."""

_PRICE_CHANGES = 30 * DAY
_PRICES = (1_000_000, 900_000)
"""The value of a phone without faults: before the change of the price, and by the second edition after it."""

DEDUCTIONS = {"good": 0, "marked": 15_000, "worn": 130_000}
"""The deduction of each kind of answers: the law of value."""

BONUSES = {"first": (50_000, 8), "second": (20_000, 8)}
"""The amount and the number of places of each bonus; the second replaces the first when that is used up."""

LIMITS = {"account": (4, 12 * DAY), "device": (3, 30 * DAY), "address": (6, 10 * DAY)}
"""The limit of exchanges, and its window."""

AUTHORITY = (130_000, 180_000, 20 * DAY)
"""The limit of one override, of all overrides by one person, and the window."""

VALIDITY, GRACE, DECIDE, REVERSAL, REBUY = 10 * DAY, 24 * HOUR, 48 * HOUR, 20 * DAY, 8 * DAY
"""The validity of a coupon and a quote, the deadlines of a decision and a reversal, and the time until a rebuy."""

SKEW = 2 * SECOND
TOLERANCE = 20_000
ACCOUNTS, PHONES, ORDERS, ADDRESSES, PEOPLE = 6, 9, 40, 3, 2
FOREIGN_ORDER = ORDERS - 1
"""An order that the coupon does not buy: it is of another category."""
OWN = -1
"""The exchange itself in place of an order: for a phone that is inspected before its coupon can be used."""


class Scheme(NamedTuple):
    """A programme that a round is of.

    Attributes:
        is_credited: whether the coupon comes only after the inspection.
        devices: how many open exchanges an account may have, each with a unit of an order.
    """

    is_credited: bool = False
    devices: int = 1


SCHEMES = (Scheme(), Scheme(is_credited=True), Scheme(devices=2))

_MODEL = "acme-one-4-64"
_INR = Currency("INR")
_ANSWERS = {
    "good": {"glass": "best", "battery": "good"},
    "marked": {"glass": "marked", "battery": "good"},
    "worn": {"glass": "scratched", "battery": "worn"},
}
_SOURCE = "made up by the simulator"


def instant_of(us: int) -> datetime:
    """Return an instant of the simulation in the ledger's form."""
    return _FIRST + timedelta(microseconds=us)


def _programme(scheme: Scheme, title: str, *prices: Price) -> Programme:
    questions = (
        Question(
            "glass",
            "How is the glass?",
            "display",
            "cosmetic",
            (
                Option("best", "As new"),
                Option("marked", "A mark", deduction=Deduction(amount_minor=15_000)),
                Option("scratched", "Scratched", deduction=Deduction(amount_minor=100_000)),
            ),
        ),
        Question(
            "battery",
            "How is the battery?",
            "battery",
            "functional",
            (Option("good", "Good"), Option("worn", "Worn", deduction=Deduction(amount_minor=30_000))),
        ),
    )
    once, in_all, counts = AUTHORITY
    rules = ExchangeRules(
        inspection="required" if scheme.is_credited else "optional",
        coupon="after_inspection" if scheme.is_credited else "at_acceptance",
        released_validity="remaining",
        mismatch="difference",
        reversal="store_credit",
        tolerance_minor=TOLERANCE,
        decide_hours=DECIDE // HOUR,
        reversal_days=REVERSAL // DAY,
        rebuy="after",
        rebuy_days=REBUY // DAY,
        skew_seconds=SKEW // SECOND,
        authorities=(Authority("agent", once, in_all, counts // DAY),),
        limits=tuple(Limit(f"per-{per}", per, most, window // DAY) for per, (most, window) in LIMITS.items()),
    )
    (first, (amount, places)), (second, (less, others)) = BONUSES.items()
    terms = Terms(
        version="1",
        effective_from=_FIRST,
        eligibility=EligibilityTerms(unknown_tac="warn", unverified_imei="warn"),
        questionnaire=Questionnaire("1", questions),
        grades=(Grade("A", 10_000),),
        quote_valid_hours=GRACE // HOUR,
        price_max_age_days=3_650,
        factor_bps=10_000,
        scrap_minor=0,
        step_minor=1,
        usage=UsageRules(
            valid_days=VALIDITY // DAY,
            categories=("smartphone",),
            brands=("Acme",),
            channels=("shop",),
            applies_to="eligible_lines" if scheme.devices == 1 else "one_unit",
            devices_per_order=scheme.devices,
            minimum_order_minor=0,
            surplus="store_credit",
            stacks_with=(),
        ),
        exchange=rules,
        quote_seal="required",
        bonuses=(
            Bonus(first, "First", amount_minor=amount, quota=places, fall_back=second),
            Bonus(second, "Second", amount_minor=less, quota=others),
        ),
    )
    return Programme(
        id="simulated",
        title=title,
        zone=UTC,
        currency=_INR,
        categories=frozenset({"smartphone"}),
        brands=frozenset({"Acme"}),
        catalogue=Catalogue((Variant(_MODEL, "Acme", "One", "smartphone", 4096, 64, launched_on=date(2018, 6, 1)),)),
        eligible=EligibleModels((Listing(_MODEL, date(2020, 1, 1)),)),
        prices=PriceTable.of(prices),
        anchors=AnchorTable.of([]),
        tacs=TacTable.of([("35417803", "Acme", "One")]),
        terms=(terms,),
    )


_THEN, _NOW = _PRICES
_LATER = Price(_MODEL, instant_of(_PRICE_CHANGES), _NOW, "modelled", _SOURCE)
_OLD = Price(_MODEL, _FIRST, _THEN, "modelled", _SOURCE)


@cache
def editions_of(scheme: Scheme) -> tuple[Programme, Programme]:
    """Return two editions, as in two versions of a service: they agree until the price changes."""
    older_one = _programme(scheme, "The older edition", _OLD)
    return older_one, _programme(scheme, "The newer edition", _OLD, _LATER)


def price_of(at: int, edition: int) -> int:
    """Return the value of a phone without faults by an edition, independently of the editions' own tables."""
    return _PRICES[edition == 1 and at >= _PRICE_CHANGES]


@cache
def imei_of(number: int) -> Imei:
    """Return an IMEI by its number; those of one phone are 2n and 2n + 1."""
    return Imei.from_body(f"35417803{number:06d}")


@cache
def key_of(number: int) -> bytes:
    """Return an operator's key by its number."""
    return f"simulated key {number:08d}".encode()


def total_of(order: int, scheme: Scheme) -> int:
    """Return the price of an order: below the value of a phone, near it, or above it."""
    return 450_000 * (1 + order // scheme.devices % 3)


def order_id(number: int, scheme: Scheme, code: str = "") -> str:
    """Return the id of an order by its number; where several phones fit one order, that of the part for one of them."""
    if number == OWN:
        return code
    whole, unit = divmod(number, scheme.devices)
    return f"order-{number}" if scheme.devices == 1 else f"order-{whole}/1.{unit + 1}"


@cache
def whole_order(number: int, scheme: Scheme) -> Order:
    """Return the order that one by its number is a part of."""
    category = "television" if number // scheme.devices == FOREIGN_ORDER // scheme.devices else "smartphone"
    line = OrderLine("Two", category, "Acme", "shop", total_of(number, scheme), scheme.devices)
    return Order(f"order-{number // scheme.devices}", (line,), _INR)


@cache
def order_of(number: int, scheme: Scheme) -> Order:
    """Return an order by its number, or the part of one unit."""
    whole = whole_order(number, scheme)
    return whole.replace(id=order_id(number, scheme), lines=(whole.lines[0].replace(quantity=1),))


class Offer(NamedTuple):
    """An honest quote, in the terms of the model.

    Attributes:
        sims: the numbers of the IMEIs that the customer gave.
        answers: the kind of answers.
        at: its instant.
        given: the number of times that each bonus had been given.
        edition: the edition of the programme that made it.
        seal: the number of the key that sealed it.
    """

    sims: tuple[int, ...]
    answers: str
    at: int
    given: tuple[tuple[str, int], ...]
    edition: int
    seal: int

    @property
    def worth(self) -> int:
        """The value of the phone by the law, without a bonus."""
        return price_of(self.at, self.edition) - DEDUCTIONS[self.answers]

    @property
    def bonus(self) -> str | None:
        """The bonus by the law."""
        given = dict(self.given)
        return next((name for name, (_, quota) in BONUSES.items() if given.get(name, 0) < quota), None)

    @property
    def value(self) -> int:
        """The value of the coupon by the law."""
        return self.worth + (BONUSES[self.bonus][0] if self.bonus else 0)


@lru_cache(4_096)
def quote_of(offer: Offer, scheme: Scheme, root: bytes) -> Quote:
    """Return the quote itself; `root` is the ledger's own key for quotes."""
    imei, imei2 = [*map(imei_of, offer.sims), None][:2]
    device = Device(_MODEL, imei, imei2)
    key = key_of(offer.seal) if offer.seal else root
    answer = appraise(
        device,
        Condition(_ANSWERS[offer.answers]),
        editions_of(scheme)[offer.edition],
        at=instant_of(offer.at),
        bonuses_given=dict(offer.given),
        key=key,
    )
    assert isinstance(answer, Quote), answer.explain()  # noqa: S101 - the shop's own programme takes its own phones
    return answer


@lru_cache(256)
def seen(answers: str, sims: tuple[int, ...]) -> Inspection:
    """Return an inspection at the door, with a photograph of everything."""
    condition = Condition(_ANSWERS[answers])
    return Inspection(
        condition,
        tuple(map(imei_of, sims)),
        screen_lock_off=True,
        accounts_removed=True,
        memory_card_out=True,
        evidence=tuple((question, "photo-1") for question in condition),
    )


def older(data: Any) -> Any:  # noqa: ANN401 - JSON data
    """Return JSON data in the form of versions that knew only paise."""
    if isinstance(data, list):
        return [older(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {name.replace("_minor", "_paise"): older(value) for name, value in data.items() if name != "currency"}


def _worth_more(data: dict[str, Any], dice: Random) -> None:
    """Raise the value, with a line that explains it."""
    more = dice.randrange(1, 500_000)
    data["lines"][0]["amount"] += more
    data["exchange_value"] += more
    data["coupon_value"] += more


def _own_bonus(data: dict[str, Any], dice: Random) -> None:
    more = dice.randrange(1, 500_000)
    data["bonuses"].append({"id": "mine", "amount": more, "target": None, "quota": None})
    data["lines"].append({"rule": "bonus:mine", "amount": more, "effect": "Mine", "source": "bonuses[mine]"})
    data["coupon_value"] += more


def _longer(data: dict[str, Any], _: Random) -> None:
    data["usage"]["valid_days"] = 3_650


def _other_phone(data: dict[str, Any], dice: Random) -> None:
    data["imeis"] = [imei_of(900_000 + dice.randrange(1_000)).digits]


def _unsealed(data: dict[str, Any], dice: Random) -> None:
    """Remove the seal, so that nothing detects other changes."""
    data["seal"] = ""
    _other_phone(data, dice)


def _later(data: dict[str, Any], _: Random) -> None:
    data["valid_until"] = "2035-01-01T00:00:00Z"


_EDITS = (_worth_more, _own_bonus, _longer, _other_phone, _unsealed, _later)


def forged(quote: Quote, dice: Random) -> dict[str, Any]:
    """Return the JSON form of a quote with a change in the customer's favour."""
    data: dict[str, Any] = quote.to_dict(reveal_imei=True)
    dice.choice(_EDITS)(data, dice)
    return data
