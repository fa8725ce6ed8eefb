"""What a rule declares that keeps a part of the price: a rate for each label, all labels in one order, best first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from miexchange.money import BPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from miexchange._value import Fault
    from miexchange.programme.rules import Facts
    from miexchange.programme.terms import StepName, Terms
    from miexchange.refusal import Reason, ReasonCode

__all__ = ["Label", "Retention", "falling"]

Label = int | str | None
"""What a rule looks its rate up by: a count, such as 12 months; a text, such as a class; None where it is not given."""


class Retention(ABC):
    """A rule that keeps a part of the price.

    Attributes:
        line: how the line is called, after ``retention:``.
        setting: the field of `Terms`, and the key in ``programme.toml``; where it is empty or 0, the rule is not used.
        reads: the name of the fact that is its label, see `Facts.label`.
        title: how the page of rules calls it.
    """

    line: ClassVar[str]
    setting: ClassVar[str]
    reads: ClassVar[str]
    title: ClassVar[str]

    def is_used(self, terms: Terms) -> bool:
        """Tell whether some terms use the rule."""
        return bool(getattr(terms, self.setting))

    @abstractmethod
    def faults(self, terms: Terms) -> Iterator[Fault]:
        """Yield what is wrong with the setting: a label never keeps more than the one before it."""

    @abstractmethod
    def labels(self, terms: Terms) -> Iterable[Label]:
        """Return the labels that have rates of their own, best first; a larger count has the rate of the last one."""

    @abstractmethod
    def rate(self, terms: Terms, label: Any) -> int:  # noqa: ANN401 - of the rule's own kind
        """Return what is kept, in basis points, of a label that nothing speaks against."""

    @abstractmethod
    def name(self, terms: Terms, label: Any) -> StepName:  # noqa: ANN401 - as above
        """Return how the line is called, what it says, and the row that says so."""

    def code(self, terms: Terms, label: Label) -> ReasonCode | None:  # noqa: ARG002 - nothing speaks against any, as a rule
        """Return why a device cannot be valued, or None."""
        return None

    def reason(self, code: ReasonCode, terms: Terms, facts: Facts) -> Reason:
        """Say it with the values.

        Raises:
            NotImplementedError: nothing speaks against any label of this rule.
        """
        raise NotImplementedError

    @abstractmethod
    def rows(self, terms: Terms) -> Iterable[tuple[int, str]]:
        """Return what the page of rules says: rates, in basis points, and of what they are."""

    @abstractmethod
    def drawn(self, whole: Callable[[int, int], int], fresh_days: int) -> Any:  # noqa: ANN401 - the setting's own type
        """Make a setting, or an empty one, of whole numbers that are drawn: what tests are run on.

        Args:
            whole: draws a number from the least to the most; its examples are best near the least.
            fresh_days: how long a price stays fresh in the terms.
        """

    def least(self, terms: Terms) -> int:
        """Return the least that it keeps of a device that is valued."""
        return min(self.rate(terms, label) for label in self.labels(terms))


def falling(field: str, rates: Iterable[int], rule: str) -> Iterator[Fault]:
    """Yield where a rate is above the one before it.

    Args:
        field: the field of `Terms` that holds them.
        rates: what is kept, best first.
        rule: why it must not be.
    """
    for number, (before, rate) in enumerate(pairwise((BPS, *rates))):
        if rate > before:
            yield f"{field}.{number}.keep_bps", rate, f"give at most {before}: {rule}"
