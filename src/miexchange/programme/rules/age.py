"""The share of the price that is kept by the age of the device."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import Between
from miexchange._value import Value
from miexchange.money import BPS, Bps, percent
from miexchange.programme.rules._rule import Retention
from miexchange.refusal import Reason, ReasonCode, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from miexchange._value import Fault
    from miexchange.programme.rules import Facts
    from miexchange.programme.terms import StepName, Terms

__all__ = ["AGE", "AgeBand"]


@dataclass(frozen=True, slots=True)
class AgeBand(Value):
    """The share of the price that is kept from an age on.

    Attributes:
        from_months: whole months since the purchase, from which the band applies.
        keep_bps: the share that is kept, in basis points.
    """

    from_months: Annotated[int, Between(0, 1_200)]
    keep_bps: Bps


class _Age(Retention):
    line, setting, reads, title = "retention:age", "age_bands", "months_owned", "kept by age"

    def faults(self, terms: Terms) -> Iterator[Fault]:
        if first := terms.age_bands[0].from_months:
            yield "age_bands.0.from_months", first, "begin the first band at 0 months"
        for number, (before, band) in enumerate(pairwise(terms.age_bands), 1):
            if band.from_months <= before.from_months:
                rule = f"order the bands by age: give more than {before.from_months} months"
                yield f"age_bands.{number}.from_months", band.from_months, rule
        yield from self.falling(terms, "an older device may not keep more")

    def labels(self, terms: Terms) -> Iterable[int]:
        return range(terms.age_bands[-1].from_months + 1)

    def _band(self, terms: Terms, months: int) -> AgeBand:
        return [band for band in terms.age_bands if band.from_months <= months][-1]

    def rate(self, terms: Terms, label: int) -> int:
        return self._band(terms, label).keep_bps

    def name(self, terms: Terms, label: int) -> StepName:
        band = self._band(terms, label)
        return self.line, f"{percent(band.keep_bps)} kept at {label} months", f"age_bands[{band.from_months}]"

    def code(self, terms: Terms, label: int | None) -> ReasonCode | None:  # noqa: ARG002 - as below
        if label is None:
            return ReasonCode.PURCHASE_DATE_MISSING
        return ReasonCode.PURCHASE_DATE_IN_FUTURE if label < 0 else None

    def reason(self, code: ReasonCode, terms: Terms, facts: Facts) -> Reason:  # noqa: ARG002 - as below
        if code is ReasonCode.PURCHASE_DATE_IN_FUTURE:
            return reason_of(code, purchased_on=facts.purchased_on, on=facts.on)
        return reason_of(code)

    def rows(self, terms: Terms, write: Callable[[int], str]) -> Iterable[str]:  # noqa: ARG002 - it has no amounts
        return (f"{percent(band.keep_bps)} from {band.from_months} months" for band in terms.age_bands)

    def drawn(self, whole: Callable[[int, int], int], fresh_days: int) -> tuple[AgeBand, ...]:  # noqa: ARG002 - of no matter
        bands: list[AgeBand] = []
        for number in range(whole(0, 3)):
            months = bands[-1].from_months + whole(1, 20) if number else 0
            bands.append(AgeBand(months, (bands[-1].keep_bps if number else BPS) - whole(0, 2_000)))
        return tuple(bands)


AGE = _Age()
