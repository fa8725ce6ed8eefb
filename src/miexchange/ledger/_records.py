"""The verbs that put something on record of an exchange, and leave it where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from miexchange._arguments import INSTANT, Rule, one_of, takes
from miexchange._text import ID_RULE, is_id, text_of
from miexchange.events import Attempt, Identify, Send, Wipe
from miexchange.ledger._books import Books

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.exchange import Exchange
    from miexchange.refusal import Refusal

__all__ = ["KEY", "ORDER", "Records"]

ORDER = Rule(lambda value: is_id(text_of(value)), f"give the order's id: {ID_RULE}", text_of)
KEY = Rule(lambda value: is_id(text_of(value)), f"give {ID_RULE}, the same for every retry", text_of)
_REFERENCE = Rule(lambda value: is_id(text_of(value)), f"give where it is kept: {ID_RULE}", text_of)
_MAYBE_REFERENCE = Rule(
    lambda value: text_of(value) == "" or is_id(text_of(value)), f"{_REFERENCE.says}, or an empty text", text_of
)
_VISIT = Rule(lambda value: is_id(text_of(value)), f"give the carrier's name for this attempt: {ID_RULE}", text_of)
_METHOD = one_of("clear", "purge", "destroy")


class Records(Books):
    """A ledger's records: whose phone it is, that it was not there or was sent, that its data were wiped."""

    @takes(identity=_MAYBE_REFERENCE, ownership=_MAYBE_REFERENCE, at=INSTANT, idempotency_key=KEY)
    def identify(
        self, code: str, *, identity: str = "", ownership: str = "", at: datetime, idempotency_key: str
    ) -> Exchange | Refusal:
        """Record where the seller's identity, the proof of ownership, or both are kept; each is written once.

        Args:
            code: the code.
            identity: the reference to what shows who the seller is; "" for none. Never the number of a document.
            ownership: the reference to what shows that the phone is theirs; "" for none.
            at: the instant.
            idempotency_key: the caller's name for this request.

        Raises:
            InvalidValue: neither is given, or one looks like an IMEI or like the number of an identity document.
        """
        return self._later(code, Identify(at, identity, ownership), idempotency_key, (identity, ownership))

    @takes(order=ORDER, at=INSTANT, idempotency_key=KEY)
    def send(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Record that the customer sent the old phone: no sweep calls the exchange off while it is on its way.

        Args:
            code: the code.
            order: the id of the order for which it is sent.
            at: the instant at which a carrier took it.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Send(at, order), idempotency_key, (order,))

    @takes(order=ORDER, reference=_VISIT, at=INSTANT, idempotency_key=KEY)
    def attempt(
        self, code: str, *, order: str, reference: str, at: datetime, idempotency_key: str
    ) -> Exchange | Refusal:
        """Record that a carrier came for the old phone in vain; the last time that the terms allow calls it off.

        Args:
            code: the code.
            order: the id of the order for which it is collected.
            reference: the carrier's name for this attempt; the same again is no second one.
            at: the instant at which the carrier was there.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Attempt(at, order, reference), idempotency_key, (order, reference))

    @takes(method=_METHOD, certificate=_REFERENCE, at=INSTANT, idempotency_key=KEY)
    def wipe(
        self,
        code: str,
        *,
        method: Literal["clear", "purge", "destroy"],
        certificate: str,
        at: datetime,
        idempotency_key: str,
    ) -> Exchange | Refusal:
        """Record that the customer's data were wiped from the old phone; it is written once.

        Args:
            code: the code.
            method: how, in the words of NIST SP 800-88.
            certificate: the reference to the record of it.
            at: the instant.
            idempotency_key: the caller's name for this request.

        Raises:
            InvalidValue: the reference looks like an IMEI.
        """
        return self._later(code, Wipe(at, method, certificate), idempotency_key, (method, certificate))
