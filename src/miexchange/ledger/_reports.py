"""The reports of a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from miexchange._bounded import Count, Id, Line, Number, Since
from miexchange._limits import JSON_VALUES
from miexchange._value import Value
from miexchange.exchange import State
from miexchange.money import Currency, CurrencyOfOld

if TYPE_CHECKING:
    from miexchange.exchange import Exchange

__all__ = ["ENDINGS", "DeviceStanding", "Exposure", "Forgotten", "Listed", "Sweep", "ending"]


@dataclass(frozen=True, slots=True)
class Exposure(Value):
    """The liability from live coupons.

    Attributes:
        day: the day on which they expire; None for those that do not: an order holds them, or they have no end.
        coupons: their number.
        value_minor: the sum of their values, in minor units.
        currency: the currency of the sum.
    """

    day: date | None
    coupons: Count
    value_minor: Count
    currency: CurrencyOfOld


@dataclass(frozen=True, slots=True)
class Sweep(Value):
    """The result of a sweep.

    Attributes:
        expired: coupons that were not used in time.
        undecided: re-quotes that were not answered in time.
        skipped: the codes of exchanges that cannot be read or written: the ledger is damaged there, or a newer version
            wrote them.
        unsent: orders whose old phone was not sent or handed over in time.
        locked: phones that were locked, and not unlocked in time.
    """

    expired: Count
    undecided: Count
    skipped: tuple[Line, ...] = ()
    unsent: Annotated[Count, Since(2)] = 0
    locked: Annotated[Count, Since(2)] = 0
    _most_items: ClassVar[int] = JSON_VALUES

    @property
    def counts(self) -> str:
        """The result as a sentence.

        >>> Sweep(3, 0).counts, Sweep(3, 0, unsent=1).counts
        ('3 coupons, 0 re-quotes', '3 coupons, 0 re-quotes, 1 phones not sent')
        """
        rare = ((self.unsent, "phones not sent"), (self.locked, "phones still locked"))
        return f"{self.expired} coupons, {self.undecided} re-quotes" + "".join(f", {n} {what}" for n, what in rare if n)


ENDINGS = ("expired", "undecided", "unsent", "locked")
"""The field of `Sweep` that counts an end, by the kind of deadline."""


def ending(exchange: Exchange) -> str:
    """Return the kind of deadline that an exchange has passed."""
    if exchange.state == State.RESERVED:
        return "unsent" if exchange.unlock_until is None else "locked"
    return "expired" if exchange.state == State.ISSUED else "undecided"


@dataclass(frozen=True, slots=True)
class Forgotten(Value):
    """The result of `Ledger.forget_answers`.

    Attributes:
        answers: the number of answers removed.
        skipped: the number kept because somebody changed them without the key: the ledger is damaged there.
    """

    answers: Count
    skipped: Count = 0


@dataclass(frozen=True, slots=True)
class Listed(Value):
    """An exchange in a list; `Ledger.get` returns all of it.

    Attributes:
        code: its coupon's code.
        account: the account.
        state: its state.
        version: the number of its events.
        order: the order that it is used for, or was when it was called off or reversed; None for none.
        programme: the id of the programme of its quote.
        value_minor: the value of its coupon, in minor units.
        currency: the currency of the value.
        began: when it was accepted, UTC.
        at: the instant of the last event, UTC.
        due: when a sweep ends it; None for never.
    """

    code: Line
    account: Id
    state: State
    version: Number
    order: Id | None
    programme: Id
    value_minor: Count
    currency: Currency
    began: datetime
    at: datetime
    due: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceStanding(Value):
    """The state of a device in a ledger.

    Attributes:
        open: the code of the open exchange of the device; None for none.
        bought: the code of the exchange by which it was last bought; None if it was not, or that was reversed.
        bought_at: when it was bought, UTC.
    """

    open: str | None = None
    bought: str | None = None
    bought_at: datetime | None = None
