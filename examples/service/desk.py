"""The service behind both doors: each method is one verb, at the instant of the clock."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from miexchange import (
    Changes,
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
    what_would_change,
)
from miexchange.eligibility import Register
from miexchange.events import Reserve
from miexchange.exchange import OPEN, apply
from miexchange.ledger import Ledger
from miexchange.refusal import ReasonCode, refused

from .programmes import Programmes
from .settings import Clock

__all__ = ["Asked", "Desk", "Inspected"]


class Body(BaseModel):
    """A body of a request; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Asked(Body):
    """The phone, its owner's answers, and the new phone to buy."""

    device: Device
    condition: Condition
    target: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class Inspected(Body):
    """The inspection at the door where an order was delivered."""

    order: Annotated[str, Field(min_length=1, max_length=200)]
    inspection: Inspection


@dataclass(frozen=True)
class Desk:
    """The dependencies of the verbs.

    Attributes:
        store: the ledger.
        programmes: the programme in force.
        clock: the clock.
        register: queries IMEIs, such as in India's CEIR, by an adapter like examples/register.py; None for none.
            Its answer is the service's own knowledge: a client is not asked for it.
    """

    store: Ledger
    programmes: Programmes
    clock: Clock
    register: Register | None = None

    def quote(self, asked: Asked) -> Quote | Refusal:
        """Value a phone; the quote leaves sealed, with tokens in place of its IMEIs."""
        programme, at = self.programmes.current, self.clock()
        return appraise(
            asked.device,
            asked.condition,
            programme,
            at=at,
            imei_status=self._register_says(asked.device, at),
            bonuses_given=self.store.bonuses_given(programme),
            key=self.store.quote_key,
            target=asked.target,
        )

    def what_would_change(self, asked: Asked) -> Changes:
        """Return the changes that would get a phone an offer, or a higher one: its owner's right (CJEU C-203/22)."""
        programme, at = self.programmes.current, self.clock()
        facts: dict[str, Any] = {
            "at": at,
            "imei_status": self._register_says(asked.device, at),
            "bonuses_given": self.store.bonuses_given(programme),
            "target": asked.target,
        }
        answer = appraise(asked.device, asked.condition, programme, **facts)
        if isinstance(answer, Quote):
            return what_would_change(answer, programme)
        return what_would_change(answer, programme, device=asked.device, condition=asked.condition, **facts)

    def _register_says(self, device: Device, at: datetime) -> ImeiStatus | RegisterAnswer:
        imeis = tuple(imei for imei in (device.imei, device.imei2) if isinstance(imei, Imei))
        return self.register.ask(imeis, at=at) if self.register and imeis else ImeiStatus.UNVERIFIED

    def accept(self, quote: Quote, account: str, request: str) -> Exchange | Refusal:
        """Accept a quote of the service's own: anybody could have made one without a seal.

        Args:
            quote: the quote.
            account: the signed-in account.
            request: the idempotency key: a retry gets the first answer.
        """
        if not quote.seal:
            return refused(ReasonCode.QUOTE_UNSEALED)
        return self.store.accept(quote, self._maker(quote), account=account, at=self.clock(), idempotency_key=request)

    def _maker(self, quote: Quote) -> Programme:
        """Return the programme that made a quote: served or stored; if neither, the one in force."""
        found = self.programmes.served.get(quote.digest) or self.store.programmes.get(quote.digest)
        return found or self.programmes.current

    def try_accept(self, quote: Quote, account: str) -> Exchange | Refusal:
        """Return what `accept` would return now, without writing; only a ledger counts limits of the terms."""
        if not quote.seal:
            return refused(ReasonCode.QUOTE_UNSEALED)
        programme = self._maker(quote)
        verb = partial(accept, quote, programme, account=account, at=self.clock(), key=self.store.quote_key)
        begun = verb()
        if not isinstance(begun, Exchange):
            return begun
        if (found := self.store.get(begun.code)) is not None:
            return found if found.version == 1 else refused(ReasonCode.QUOTE_ACCEPTED)
        standing, most = self.store.standing_of(quote), begun.coupon.usage.devices_per_order
        return verb(
            exchange_open=sum(len(self.store.find(account=account, state=state, limit=most)) for state in OPEN) >= most,
            device_open=standing.open is not None,
            device_bought=standing.bought_at,
            bonuses_given=self.store.bonuses_given(programme),
        )

    def find(self, code: str, account: str) -> Exchange | Refusal:
        """Return an exchange to its account; to anybody else, the answer for strangers."""
        found = self.store.get(code)
        if found is None or found.account != account:
            return refused(ReasonCode.COUPON_UNKNOWN).public()
        return found

    def reserve(self, code: str, order: Order, account: str, request: str) -> Exchange | Refusal:
        """Hold a coupon for an order that was placed and paid for."""
        return self.store.reserve(code, order, account=account, at=self.clock(), idempotency_key=request)

    def try_reserve(self, code: str, order: Order, account: str) -> Exchange | Refusal:
        """Return what `reserve` would return now, without writing."""
        found = self.find(code, account)
        return found if isinstance(found, Refusal) else apply(found, Reserve(self.clock(), order, account))

    def inspect(self, code: str, seen: Inspected, request: str) -> Exchange | Refusal:
        """Compare the inspection at the door with the quote."""
        return self.store.inspect(code, seen.inspection, order=seen.order, at=self.clock(), idempotency_key=request)
