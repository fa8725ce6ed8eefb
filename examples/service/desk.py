"""What the service does, whichever door a request comes by: each method is one verb, at the instant of the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from miexchange import (
    Condition,
    Device,
    Exchange,
    ImeiStatus,
    Inspection,
    Order,
    Programme,
    Quote,
    Refusal,
    RegisterAnswer,
    accept,
    appraise,
)
from miexchange.events import Reserve
from miexchange.exchange import OPEN, apply
from miexchange.ledger import Ledger
from miexchange.refusal import ReasonCode, refused

from .programmes import Programmes
from .settings import Clock

__all__ = ["Asked", "Desk", "Inspected", "Register", "asks_nobody"]

Register = Callable[[Device, datetime], ImeiStatus | RegisterAnswer]
"""Asks a register of IMEIs, such as India's CEIR. The answer is the service's own: a client is not asked for it."""


def asks_nobody(device: Device, at: datetime) -> ImeiStatus | RegisterAnswer:
    """Leave the IMEI unverified: put the register of your country here."""
    del device, at
    return ImeiStatus.UNVERIFIED


class Body(BaseModel):
    """A body of a request: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Asked(Body):
    """The phone, what its owner answered, and the new phone that is to be bought."""

    device: Device
    condition: Condition
    target: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class Inspected(Body):
    """What was seen at the door where an order was delivered."""

    order: Annotated[str, Field(min_length=1, max_length=200)]
    inspection: Inspection


@dataclass(frozen=True)
class Desk:
    """Everything that a verb needs.

    Attributes:
        store: the ledger.
        programmes: the programme in force.
        clock: the clock.
        register: what is asked about an IMEI.
    """

    store: Ledger
    programmes: Programmes
    clock: Clock
    register: Register = asks_nobody

    def quote(self, asked: Asked) -> Quote | Refusal:
        """Value a phone; the quote leaves sealed, with tokens in place of its IMEIs."""
        programme, at = self.programmes.current, self.clock()
        return appraise(
            asked.device,
            asked.condition,
            programme,
            at=at,
            imei_status=self.register(asked.device, at),
            bonuses_given=self.store.bonuses_given(programme),
            key=self.store.quote_key,
            target=asked.target,
        )

    def accept(self, quote: Quote, account: str, request: str) -> Exchange | Refusal:
        """Accept a quote of the service's own: one without a seal can be anybody's.

        Args:
            quote: the quote.
            account: who is signed in.
            request: the idempotency key: the ledger gives the first answer again.
        """
        if not quote.seal:
            return refused(ReasonCode.QUOTE_UNSEALED)
        return self.store.accept(quote, self._maker(quote), account=account, at=self.clock(), idempotency_key=request)

    def _maker(self, quote: Quote) -> Programme:
        """Return the programme that made a quote: one that was served, or is kept; if it is neither, that in force."""
        found = self.programmes.served.get(quote.digest) or self.store.programmes.get(quote.digest)
        return found or self.programmes.current

    def try_accept(self, quote: Quote, account: str) -> Exchange | Refusal:
        """Say what `accept` would do at this instant, and write nothing; only a ledger counts limits of the terms."""
        if not quote.seal:
            return refused(ReasonCode.QUOTE_UNSEALED)
        programme = self._maker(quote)
        verb = partial(accept, quote, programme, account=account, at=self.clock(), key=self.store.quote_key)
        begun = verb()
        if not isinstance(begun, Exchange):
            return begun
        if (found := self.store.get(begun.code)) is not None:
            return found if found.version == 1 else refused(ReasonCode.QUOTE_ACCEPTED)
        standing = self.store.standing_of(quote)
        return verb(
            exchange_open=any(self.store.find(account=account, state=state, limit=1) for state in OPEN),
            device_open=standing.open is not None,
            device_bought=standing.bought_at,
            bonuses_given=self.store.bonuses_given(programme),
        )

    def find(self, code: str, account: str) -> Exchange | Refusal:
        """Return an exchange to its account; to everybody else, what strangers get."""
        found = self.store.get(code)
        if found is None or found.account != account:
            return refused(ReasonCode.COUPON_UNKNOWN).public()
        return found

    def reserve(self, code: str, order: Order, account: str, request: str) -> Exchange | Refusal:
        """Hold a coupon for an order that was placed and paid for."""
        return self.store.reserve(code, order, account=account, at=self.clock(), idempotency_key=request)

    def try_reserve(self, code: str, order: Order, account: str) -> Exchange | Refusal:
        """Say what `reserve` would do at this instant, and write nothing."""
        found = self.find(code, account)
        return found if isinstance(found, Refusal) else apply(found, Reserve(self.clock(), order, account))

    def inspect(self, code: str, seen: Inspected, request: str) -> Exchange | Refusal:
        """Hold what was seen at the door against the quote."""
        return self.store.inspect(code, seen.inspection, order=seen.order, at=self.clock(), idempotency_key=request)
