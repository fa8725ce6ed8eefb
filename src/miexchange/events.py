"""The events of an exchange: fifteen kinds, each a frozen value with its own instant."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from miexchange._bounded import Id, MaybeId, Name, Pair
from miexchange._privacy import could_be_imei
from miexchange._value import Value, check_types, require
from miexchange.coupon import Coupon, Order
from miexchange.eligibility import RegisterAnswer
from miexchange.inspection import Examination
from miexchange.money import Amount
from miexchange.programme import ExchangeRules
from miexchange.quote import GrantedBonus, Quote
from miexchange.valuation import WorstCase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange._value import Fault

__all__ = [
    "EVENTS",
    "Accept",
    "Agree",
    "Attempt",
    "Complete",
    "Decline",
    "Event",
    "Expire",
    "Identify",
    "Inspect",
    "Override",
    "Release",
    "Reserve",
    "Reverse",
    "Send",
    "Void",
    "Wipe",
]


@dataclass(frozen=True, slots=True)
class _Dated(Value):
    """The base of every event.

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
        worst_case: the disclosed worst case of an inspection.
        rules: the exchange's rules by the programme at the quote.
        register_answer: a register's answer at acceptance; None if the answer of the quote was new enough.
        tags: named values from the caller, for the limits that count by them.
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
        worth = self.quote.exchange_value, self.quote.bonuses
        check_parts("Accept", self.quote, self.coupon, self.worst_case, worth)


_WORTH = ("exchange_value", "bonuses")
_SHARED = ("programme", "digest", "terms", "model")


def check_parts(
    name: str, quote: Quote, coupon: Coupon, worst: WorstCase, worth: tuple[int, tuple[GrantedBonus, ...]]
) -> None:
    """Refuse a coupon and a worst case that do not belong to the quote.

    Args:
        name: the value that contains them.
        quote: the quote.
        coupon: the coupon.
        worst: the worst case.
        worth: the value of the coupon without bonuses, in minor units, and its bonuses.

    Raises:
        InvalidValue: the first field that does not fit.
    """
    wanted = {**{shared: getattr(quote, shared) for shared in _SHARED}, **dict(zip(_WORTH, worth, strict=True))}
    for shared, value in wanted.items():
        given, rule = getattr(coupon, shared), "give the coupon that was issued of the quote"
        require(given == value, f"{name}.coupon.{shared}", given, rule, "is not that of the quote")
    at_risk = quote.coupon_value if worst.gates else quote.coupon_value - worst.value
    require(
        worst.at_risk == at_risk,
        f"{name}.worst_case.at_risk",
        worst.at_risk,
        f"give the {at_risk} minor units that are at risk of this quote",
    )


_HIDDEN = "***"  # the error must not repeat a number that should never have been written
_OF_A_DOCUMENT = re.compile(r"[A-Z]{5}\d{4}[A-Z]|[A-Z]{0,3}\d{7,11}")  # a PAN; most passports and voter's cards


def _has_number(text: str) -> bool:
    """Tell whether a text contains what looks like the number of an identity document."""
    bare = text.upper().replace(" ", "").replace("-", "")
    return could_be_imei(text) or _OF_A_DOCUMENT.fullmatch(bare) is not None


def faults_of_papers(identity: str, ownership: str) -> Iterator[Fault]:
    """Yield the references to the seller's identity or the proof of ownership that are numbers instead."""
    if _has_number(identity):
        rule = "give the name under which the document is kept elsewhere, and never its number"
        yield "identity", _HIDDEN, rule
    if could_be_imei(ownership):
        yield "ownership", _HIDDEN, "give the name under which the proof is kept elsewhere, and no IMEI"


@dataclass(frozen=True, slots=True)
class Identify(_Dated):
    """The seller's identity, the proof of ownership, or both are on record, at these references.

    The references are opaque: the name of a file or a row elsewhere. They are not part of a `repr`, and so of no log.

    Attributes:
        identity: the reference to the proof of the seller's identity; "" for none. Anything that looks like the number
            of an identity document, or like an IMEI, is refused.
        ownership: the reference to the proof of ownership, such as an invoice or a signed declaration; ""
            for none. Anything that looks like an IMEI is refused.

    >>> from datetime import UTC
    >>> Identify(datetime(2018, 3, 20, tzinfo=UTC), identity="kyc/7f3a", ownership="invoice 17")
    Identify(at=datetime.datetime(2018, 3, 20, 0, 0, tzinfo=datetime.timezone.utc), kind='identify')
    """

    identity: MaybeId = field(default="", repr=False)
    ownership: MaybeId = field(default="", repr=False)
    kind: Literal["identify"] = "identify"

    def _faults(self) -> Iterator[Fault]:
        if not self.identity and not self.ownership:
            yield "identity", "", "give the reference to the identity, to the proof of ownership, or to both"
        yield from faults_of_papers(self.identity, self.ownership)


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
    """The order was cancelled; only it can release the coupon.

    Attributes:
        order: the order's id.
    """

    order: Id
    kind: Literal["release"] = "release"


@dataclass(frozen=True, slots=True)
class Send(_Dated):
    """The customer gave the old phone to a carrier, so it was sent in time whenever it arrives.

    Attributes:
        order: the id of its order.
    """

    order: Id
    kind: Literal["send"] = "send"


@dataclass(frozen=True, slots=True)
class Attempt(_Dated):
    """A carrier came for the old phone and did not get it.

    Attributes:
        order: the id of its order.
        reference: the carrier's id of this attempt, such as ``visit 2``; the same one again is a retry.
    """

    order: Id
    reference: Id
    kind: Literal["attempt"] = "attempt"


@dataclass(frozen=True, slots=True)
class Inspect(_Dated):
    """The old phone was inspected at the door.

    Attributes:
        order: the id of the delivered order.
        examination: the result of `miexchange.inspection.examine`.
    """

    order: Id
    examination: Examination
    kind: Literal["inspect"] = "inspect"


@dataclass(frozen=True, slots=True)
class Override(_Dated):
    """A named person of a role granted more than the rules give for the phone as it was found.

    Attributes:
        order: the id of the delivered order.
        exchange_value: the granted value of the phone, without bonuses, in minor units: at most the quoted one.
        role: the role; the exchange's rules say how much it may add.
        person: the id of the person in the operator's own systems; not part of a `repr`. Anything that looks like an
            IMEI is refused.
        reason: the reason, for the record, such as ``goodwill`` or the number of a complaint.
    """

    order: Id
    exchange_value: Amount
    role: Id
    person: Id = field(repr=False)
    reason: Name
    kind: Literal["override"] = "override"

    def _faults(self) -> Iterator[Fault]:
        if could_be_imei(self.person):
            yield "person", _HIDDEN, "give the name by which the operator knows the person, and no IMEI"


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
class Wipe(_Dated):
    """The customer's data were wiped from the old phone.

    Attributes:
        method: the method, in the terms of NIST SP 800-88 (Rev. 1 and Rev. 2): ``clear``, such as a reset to factory
            settings; ``purge``, such as the erasure of the key that the data are encrypted with; or ``destroy``, after
            which there is no phone any more.
        certificate: the reference to the record of it, such as a certificate of sanitization. Anything that
            looks like an IMEI is refused. It is not part of a `repr`.
    """

    method: Literal["clear", "purge", "destroy"]
    certificate: Id = field(repr=False)
    kind: Literal["wipe"] = "wipe"

    def _faults(self) -> Iterator[Fault]:
        if could_be_imei(self.certificate):
            yield "certificate", _HIDDEN, "give the name under which the certificate is kept, and no IMEI"


@dataclass(frozen=True, slots=True)
class Expire(_Dated):
    """A deadline passed: of the coupon, to send the phone, to unlock it, or to decide. A sweep reports it."""

    kind: Literal["expire"] = "expire"


@dataclass(frozen=True, slots=True)
class Void(_Dated):
    """The operator cancelled the exchange.

    Attributes:
        reason: the reason, for the record.
    """

    reason: Name
    kind: Literal["void"] = "void"


@dataclass(frozen=True, slots=True)
class Reverse(_Dated):
    """The new phone was returned.

    Attributes:
        order: the id of the returned order.
    """

    order: Id
    kind: Literal["reverse"] = "reverse"


# An event after the first. Errors and schemas list them in this order: the newest kinds come last.
Later = (
    Reserve
    | Release
    | Inspect
    | Agree
    | Decline
    | Complete
    | Expire
    | Void
    | Reverse
    | Identify
    | Send
    | Wipe
    | Attempt
    | Override
)
Event = Accept | Later

EVENTS: dict[str, type[Event]] = {
    "accept": Accept,
    "identify": Identify,
    "reserve": Reserve,
    "attempt": Attempt,
    "send": Send,
    "release": Release,
    "inspect": Inspect,
    "override": Override,
    "agree": Agree,
    "decline": Decline,
    "complete": Complete,
    "wipe": Wipe,
    "expire": Expire,
    "void": Void,
    "reverse": Reverse,
}
"""Every kind of event with its type, in the order of a typical life."""
