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
    Imei,
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

__all__ = ["Acceptance", "Asked", "Desk", "Inspected", "Quoted", "Register", "asks_nobody"]

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


class Quoted(BaseModel):
    """A quote as it leaves the service: without IMEIs, and with the seal over the whole of it."""

    quote: Quote
    seal: str


class Acceptance(Body):
    """A quote that came back, with the IMEIs that it was made for: the seal fits only those."""

    quote: Quote
    seal: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    imeis: Annotated[list[Imei], Field(min_length=1, max_length=2)]

    @property
    def whole(self) -> Quote:
        """The quote as it was made."""
        return self.quote.replace(imeis=tuple(self.imeis), seal=self.seal)


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
        key: the ledger's key, which seals quotes, too.
        clock: the clock.
        register: what is asked about an IMEI.
    """

    store: Ledger
    programmes: Programmes
    key: bytes
    clock: Clock
    register: Register = asks_nobody

    def quote(self, asked: Asked) -> Quoted | Refusal:
        """Value a phone."""
        programme, at = self.programmes.current, self.clock()
        quote = appraise(
            asked.device,
            asked.condition,
            programme,
            at=at,
            imei_status=self.register(asked.device, at),
            bonuses_given=self.store.bonuses_given(programme),
            key=self.key,
            target=asked.target,
        )
        return quote if isinstance(quote, Refusal) else Quoted(quote=quote, seal=quote.seal)

    def accept(self, accepted: Acceptance, account: str, request: str) -> Exchange | Refusal:
        """Accept a quote.

        Args:
            accepted: the quote.
            account: who is signed in.
            request: the idempotency key: the ledger gives the first answer again.
        """
        quote = accepted.whole
        return self.store.accept(quote, self._maker(quote), account=account, at=self.clock(), idempotency_key=request)

    def _maker(self, quote: Quote) -> Programme:
        """Return the programme that made a quote: one that was served, or is kept; if it is neither, that in force."""
        found = self.programmes.served.get(quote.digest) or self.store.programmes.get(quote.digest)
        return found or self.programmes.current

    def try_accept(self, accepted: Acceptance, account: str) -> Exchange | Refusal:
        """Say what `accept` would do at this instant, and write nothing; only a ledger counts limits of the terms."""
        quote = accepted.whole
        programme = self._maker(quote)
        verb = partial(accept, quote, programme, account=account, at=self.clock(), key=self.key)
        begun = verb()
        if isinstance(begun, Exchange) and (found := self.store.get(begun.code)) is not None:
            return found if found.version == 1 else refused(ReasonCode.QUOTE_ACCEPTED)
        first, second = (*quote.imeis, None)[:2]
        standing = self.store.standing_of(Device(quote.model, first, second))
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
