"""The verbs that record what somebody did or decided: papers, a shipment, a data wipe, an override."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from miexchange._arguments import INSTANT, TEXT, Rule, one_of, takes, whole
from miexchange._text import ID_RULE, is_id, text_of
from miexchange.events import Attempt, Identify, Override, Send, Wipe
from miexchange.ledger._books import Books
from miexchange.money import GREATEST_AMOUNT

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
_PERSON = Rule(lambda value: is_id(text_of(value)), f"give the name by which the operator knows it: {ID_RULE}", text_of)


class Records(Books):
    """A ledger's records: the seller's papers, failed pickups, shipments, data wipes and overrides."""

    @takes(identity=_MAYBE_REFERENCE, ownership=_MAYBE_REFERENCE, at=INSTANT, idempotency_key=KEY)
    def identify(
        self, code: str, *, identity: str = "", ownership: str = "", at: datetime, idempotency_key: str
    ) -> Exchange | Refusal:
        """Record the references to the seller's identity, to the proof of ownership, or both; each is written once.

        Args:
            code: the code.
            identity: the reference to the proof of the seller's identity; "" for none. Never a document's number.
            ownership: the reference to the proof of ownership; "" for none.
            at: the instant.
            idempotency_key: the caller's name for this request.

        Raises:
            InvalidValue: neither is given, or one looks like an IMEI or like the number of an identity document.
        """
        return self._later(code, Identify(at, identity, ownership), idempotency_key, (identity, ownership))

    @takes(order=ORDER, at=INSTANT, idempotency_key=KEY)
    def send(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Record that the customer sent the old phone, so that no sweep cancels the exchange while it is in transit.

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
        """Record a failed pickup of the old phone; the last attempt that the terms allow cancels the exchange.

        Args:
            code: the code.
            order: the id of the order for which it is collected.
            reference: the carrier's id of this attempt; repeating it is not a second attempt.
            at: the instant of the attempt.
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
        """Record that the customer's data were wiped from the old phone; this is written once.

        Args:
            code: the code.
            method: the method, in the terms of NIST SP 800-88.
            certificate: the reference to the certificate.
            at: the instant.
            idempotency_key: the caller's name for this request.

        Raises:
            InvalidValue: the reference looks like an IMEI.
        """
        return self._later(code, Wipe(at, method, certificate), idempotency_key, (method, certificate))

    @takes(
        order=ORDER,
        exchange_value=whole(0, GREATEST_AMOUNT),
        role=_PERSON,
        person=_PERSON,
        reason=TEXT,
        at=INSTANT,
        idempotency_key=KEY,
    )
    def override(
        self,
        code: str,
        *,
        order: str,
        exchange_value: int,
        role: str,
        person: str,
        reason: str,
        at: datetime,
        idempotency_key: str,
    ) -> Exchange | Refusal:
        """Grant more than the rules give for the phone as it was found, within the authority of a role.

        The service must authenticate the person and their role. The amounts that one person of a role adds within the
        window of the terms are summed over all exchanges of the ledger in the same currency.

        Args:
            code: the code.
            order: the id of the order that is delivered.
            exchange_value: the exchange value to grant, without bonuses, in minor units; at most the quoted one.
            role: the role of the person.
            person: the id of the person.
            reason: why, for the record.
            at: the instant.
            idempotency_key: the caller's name for this request.

        Raises:
            InvalidValue: an argument is not of its type, or the person looks like an IMEI.
        """
        event = Override(at, order, exchange_value, role, person, reason)
        content = (order, f"{exchange_value}", role, person, reason)
        return self._later(code, event, idempotency_key, content)
