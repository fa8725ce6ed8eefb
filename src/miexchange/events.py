"""What happens to an exchange: ten kinds of events, each a frozen value with its own instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from miexchange._bounded import Id, Name, Pair
from miexchange._value import Value, check_types, require
from miexchange.coupon import Coupon, Order
from miexchange.eligibility import RegisterAnswer
from miexchange.inspection import Examination
from miexchange.programme import ExchangeRules
from miexchange.quote import Quote
from miexchange.valuation import WorstCase

__all__ = [
    "EVENTS",
    "Accept",
    "Agree",
    "Complete",
    "Decline",
    "Event",
    "Expire",
    "Inspect",
    "Release",
    "Reserve",
    "Reverse",
    "Void",
]


@dataclass(frozen=True, slots=True)
class _Dated(Value):
    """What every event has.

    Attributes:
        at: its instant, UTC.
        kind: which event it is.
    """

    at: datetime


_TAG = Pair("name", "value", ("the tag's name", "what the caller told, such as a token of an address"))


@dataclass(frozen=True, slots=True)
class Accept(_Dated):
    """The customer accepted the quote: the exchange begins.

    Attributes:
        quote: the quote, without its IMEIs.
        coupon: the coupon that was issued of it.
        worst_case: what was disclosed that an inspection can lead to.
        rules: the exchange's rules, as the programme had them at the quote.
        register_answer: what a register said at acceptance; None where the answer of the quote was new enough.
        tags: what the caller told by name, for the limits that count by it.
    """

    quote: Quote
    coupon: Coupon
    worst_case: WorstCase
    rules: ExchangeRules
    register_answer: RegisterAnswer | None = None
    tags: tuple[Annotated[tuple[Id, Name], _TAG], ...] = ()
    kind: Literal["accept"] = "accept"

    def __post_init__(self) -> None:
        check_types(self)
        check_parts("Accept", self.quote, self.coupon, self.worst_case)


_SHARED = ("programme", "digest", "terms", "model", "exchange_value", "bonuses")


def check_parts(name: str, quote: Quote, coupon: Coupon, worst: WorstCase) -> None:
    """Refuse a coupon and a worst case that are not of the quote.

    Raises:
        InvalidValue: the first field that does not fit.
    """
    for field in _SHARED:
        fits = getattr(quote, field) == getattr(coupon, field)
        rule = "give the coupon that was issued of the quote"
        require(fits, f"{name}.coupon.{field}", getattr(coupon, field), rule, "is not that of the quote")
    at_risk = quote.coupon_value if worst.gates else quote.coupon_value - worst.value
    require(
        worst.at_risk == at_risk,
        f"{name}.worst_case.at_risk",
        worst.at_risk,
        f"give the {at_risk} minor units that are at risk of this quote",
    )


@dataclass(frozen=True, slots=True)
class Reserve(_Dated):
    """An order was placed and paid for with the coupon.

    Attributes:
        order: the order.
        account: the account that placed it.
    """

    order: Order
    account: Id
    kind: Literal["reserve"] = "reserve"


@dataclass(frozen=True, slots=True)
class Release(_Dated):
    """The order was cancelled; only it can give the coupon back.

    Attributes:
        order: the order's id.
    """

    order: Id
    kind: Literal["release"] = "release"


@dataclass(frozen=True, slots=True)
class Inspect(_Dated):
    """The old phone was inspected at the door.

    Attributes:
        order: the id of the order that is being delivered.
        examination: what `miexchange.inspection.examine` found.
    """

    order: Id
    examination: Examination
    kind: Literal["inspect"] = "inspect"


@dataclass(frozen=True, slots=True)
class Agree(_Dated):
    """The customer accepted the re-quote, paid what is due, and the phone was handed over.

    Attributes:
        account: the account of the customer.
    """

    account: Id
    kind: Literal["agree"] = "agree"


@dataclass(frozen=True, slots=True)
class Decline(_Dated):
    """The customer declined the re-quote and keeps the phone.

    Attributes:
        account: the account of the customer.
    """

    account: Id
    kind: Literal["decline"] = "decline"


@dataclass(frozen=True, slots=True)
class Complete(_Dated):
    """The phone was handed over as quoted.

    Attributes:
        order: the id of the order that was delivered.
    """

    order: Id
    kind: Literal["complete"] = "complete"


@dataclass(frozen=True, slots=True)
class Expire(_Dated):
    """The time ran out: the coupon's, or that for a decision. A sweep says so."""

    kind: Literal["expire"] = "expire"


@dataclass(frozen=True, slots=True)
class Void(_Dated):
    """The operator called the exchange off.

    Attributes:
        reason: why, for the record.
    """

    reason: Name
    kind: Literal["void"] = "void"


@dataclass(frozen=True, slots=True)
class Reverse(_Dated):
    """The new phone was returned.

    Attributes:
        order: the id of the order that was returned.
    """

    order: Id
    kind: Literal["reverse"] = "reverse"


Event = Accept | Reserve | Release | Inspect | Agree | Decline | Complete | Expire | Void | Reverse
Later = Reserve | Release | Inspect | Agree | Decline | Complete | Expire | Void | Reverse

EVENTS: dict[str, type[Event]] = {
    "accept": Accept,
    "reserve": Reserve,
    "release": Release,
    "inspect": Inspect,
    "agree": Agree,
    "decline": Decline,
    "complete": Complete,
    "expire": Expire,
    "void": Void,
    "reverse": Reverse,
}
"""Every kind of event with its type, in the order of a life."""
