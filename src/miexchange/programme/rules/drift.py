"""The share of a price that is left by the days since it was set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange import _kernel
from miexchange.money import BPS, percent
from miexchange.programme.rules._rule import Retention

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from miexchange._value import Fault
    from miexchange.programme.terms import StepName, Terms

__all__ = ["DRIFT"]


class _Drift(Retention):
    line, setting, reads, title = "retention:drift", "drift_bps_per_day", "days_priced", "price loses a day"

    def faults(self, terms: Terms) -> Iterator[Fault]:
        most = BPS // terms.price_max_age_days
        if terms.drift_bps_per_day > most:
            rule = f"give at most {most}: a price may not fall below zero while it is fresh"
            yield self.setting, terms.drift_bps_per_day, rule

    def labels(self, terms: Terms) -> Iterable[int]:
        return range(terms.price_max_age_days + 1)

    def rate(self, terms: Terms, label: int) -> int:
        left: int = _kernel.drift_bps(label, terms.drift_bps_per_day)
        return left

    def name(self, terms: Terms, label: int) -> StepName:
        effect = f"{percent(self.rate(terms, label))} kept after {label} days"
        return self.line, effect, "terms[drift_bps_per_day]"

    def rows(self, terms: Terms, write: Callable[[int], str]) -> Iterable[str]:  # noqa: ARG002 - it has no amounts
        return (percent(terms.drift_bps_per_day),)

    def drawn(self, whole: Callable[[int, int], int], fresh_days: int) -> int:
        return whole(0, 1) and whole(0, BPS // fresh_days)


DRIFT = _Drift()
