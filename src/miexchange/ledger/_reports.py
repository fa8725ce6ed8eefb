"""What a ledger reports."""

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
    """What live coupons may still cost.

    Attributes:
        day: the day on which they expire; None for those that do not: an order holds them, or they have no end.
        coupons: how many they are.
        value_minor: what they are worth together, in minor units.
        currency: the currency of that.
    """

    day: date | None
    coupons: Count
    value_minor: Count
    currency: CurrencyOfOld


@dataclass(frozen=True, slots=True)
class Sweep(Value):
    """What a sweep ended.

    Attributes:
        expired: coupons that were not used in time.
        undecided: re-quotes that were not answered in time.
        skipped: the codes of exchanges that cannot be read or written: the ledger is damaged there, or a newer version
            wrote what this one does not know.
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
        """What ended, for people.

        >>> Sweep(3, 0).counts, Sweep(3, 0, unsent=1).counts
        ('3 coupons, 0 re-quotes', '3 coupons, 0 re-quotes, 1 phones not sent')
        """
        rare = ((self.unsent, "phones not sent"), (self.locked, "phones still locked"))
        return f"{self.expired} coupons, {self.undecided} re-quotes" + "".join(f", {n} {what}" for n, what in rare if n)


ENDINGS = ("expired", "undecided", "unsent", "locked")
"""What a sweep counts, by what ran out."""


def ending(exchange: Exchange) -> str:
    """Return the name of what runs out of an exchange that is due."""
    if exchange.state == State.RESERVED:
        return "unsent" if exchange.unlock_until is None else "locked"
    return "expired" if exchange.state == State.ISSUED else "undecided"


@dataclass(frozen=True, slots=True)
class Forgotten(Value):
    """What `Ledger.forget_answers` removed.

    Attributes:
        answers: how many answers it removed.
        skipped: how many stay because somebody changed them without the key: the ledger is damaged there.
    """

    answers: Count
    skipped: Count = 0


@dataclass(frozen=True, slots=True)
class Listed(Value):
    """An exchange in a list; `Ledger.get` returns all of it.

    Attributes:
        code: its coupon's code.
        account: the account.
        state: where it stands.
        version: how many events there were.
        order: the order that it is used for, or was when it was called off or reversed; None for none.
        programme: the id of the programme of its quote.
        value_minor: what its coupon is worth, in minor units.
        currency: the currency of that.
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
    """What a ledger knows of a device.

    Attributes:
        open: the code of the open exchange that the device is in; None for none.
        bought: the code of the exchange by which it was bought last; None if it was not, or that was reversed.
        bought_at: when that was, UTC.
    """

    open: str | None = None
    bought: str | None = None
    bought_at: datetime | None = None
