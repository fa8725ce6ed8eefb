"""The share of the price that is kept by the class of the customer, such as a loyalty tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miexchange._bounded import Id, Note
from miexchange._text import listed
from miexchange._value import Value
from miexchange.errors import shown
from miexchange.money import BPS, Bps, percent
from miexchange.programme.rules._rule import Label, Retention
from miexchange.refusal import Reason, ReasonCode, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from miexchange._value import Fault
    from miexchange.programme.rules import Facts
    from miexchange.programme.terms import StepName, Terms

__all__ = ["CUSTOMERS", "CustomerClass"]


@dataclass(frozen=True, slots=True)
class CustomerClass(Value):
    """One class of customers, and the share of the price that is kept for them; the best class comes first.

    Attributes:
        id: the class, such as ``gold``.
        keep_bps: the share that is kept, in basis points.
        source: the source of the number.
    """

    id: Id
    keep_bps: Bps
    source: Note = ""


class _Customers(Retention):
    line, setting, reads, title = "retention:customer", "customer_classes", "customer", "kept by class of customer"

    def faults(self, terms: Terms) -> Iterator[Fault]:
        return self.falling(terms, "a lower class may not keep more than the one before")

    def labels(self, terms: Terms) -> Iterable[str]:
        return (one.id for one in terms.customer_classes)

    def rate(self, terms: Terms, label: str) -> int:
        return next(one.keep_bps for one in terms.customer_classes if one.id == label)

    def name(self, terms: Terms, label: str) -> StepName:
        effect = f"{percent(self.rate(terms, label))} kept for customers of class {label}"
        return self.line, effect, f"customer_classes[{label}]"

    def code(self, terms: Terms, label: Label) -> ReasonCode | None:
        if label is None:
            return ReasonCode.CUSTOMER_MISSING
        return None if label in {one.id for one in terms.customer_classes} else ReasonCode.CUSTOMER_UNKNOWN

    def reason(self, code: ReasonCode, terms: Terms, facts: Facts) -> Reason:
        classes = listed(tuple(self.labels(terms)))
        if code is ReasonCode.CUSTOMER_UNKNOWN:
            return reason_of(code, customer=shown(facts.label(self.reads)), classes=classes)
        return reason_of(code, classes=classes)

    def rows(self, terms: Terms, write: Callable[[int], str]) -> Iterable[str]:  # noqa: ARG002 - it has no amounts
        return (f"{percent(one.keep_bps)} for {one.id}" for one in terms.customer_classes)

    def drawn(self, whole: Callable[[int, int], int], fresh_days: int) -> tuple[CustomerClass, ...]:  # noqa: ARG002 - of no matter
        rates = [BPS]
        for _ in range(whole(0, 3)):
            rates.append(rates[-1] - whole(0, 2_000))
        return tuple(CustomerClass(f"class-{number}", rate) for number, rate in enumerate(rates[1:], 1))


CUSTOMERS = _Customers()
