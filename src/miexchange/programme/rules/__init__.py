"""The rules of value that keep a part of the price, as one list: each is an element, and to add a rule is to add one.

`miexchange.appraise` walks the list for one device, `miexchange.batch` lays the same elements out as arrays. Linter,
strategies and the page of rules ask them too; the keys of ``programme.toml`` are the settings in `Terms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from miexchange import _kernel
from miexchange.programme.rules._retention import Label, Retention, falling
from miexchange.programme.rules.age import AGE, AgeBand
from miexchange.programme.rules.customers import CUSTOMERS, CustomerClass
from miexchange.programme.rules.drift import DRIFT

if TYPE_CHECKING:
    from datetime import date

__all__ = ["COUNTED", "RETENTIONS", "AgeBand", "CustomerClass", "Facts", "Label", "Retention", "falling"]

RETENTIONS: tuple[Retention, ...] = (AGE, DRIFT, CUSTOMERS)
"""The rules, in the order in which they are applied; each rounds what it leaves."""

COUNTED = ("months_owned", "days_priced")
"""The facts that are counts of time. Every other fact that a rule reads is a text: an argument, and a column."""


class Facts(NamedTuple):
    """What the rules of the list read of a device, its customer and the instant.

    Attributes:
        purchased_on: when the customer bought the device, where it is given.
        on: the day of the valuation, in the programme's zone.
        days_priced: whole days since the market price became effective.
        customer: the class of the customer, where it is given.
    """

    purchased_on: date | None
    on: date
    days_priced: int
    customer: str | None

    @property
    def months_owned(self) -> int | None:
        """Whole months since the purchase: below zero where that is still to come, None where it is not given."""
        since, on = self.purchased_on, self.on
        if since is None:
            return None
        months: int = _kernel.whole_months(since.year * 12 + since.month, since.day, on.year * 12 + on.month, on.day)
        return months
