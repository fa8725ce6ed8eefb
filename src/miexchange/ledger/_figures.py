"""What a ledger says in figures: of its live coupons, and of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from miexchange._value import Value

__all__ = ["Exposure", "Sweep"]


@dataclass(frozen=True, slots=True)
class Exposure(Value):
    """What live coupons may still cost.

    Attributes:
        day: the day on which they expire; None for those that an order holds, which do not.
        coupons: how many they are.
        value_paise: what they are worth together.
    """

    day: date | None
    coupons: int
    value_paise: int


@dataclass(frozen=True, slots=True)
class Sweep(Value):
    """What a sweep ended.

    Attributes:
        expired: coupons that were not used in time.
        undecided: re-quotes that were not answered in time.
    """

    expired: int
    undecided: int
