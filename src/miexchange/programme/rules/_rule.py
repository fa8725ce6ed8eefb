"""A rule of value: its setting, the constraints of the setting, how it is shown, and its rates, if any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from miexchange.money import BPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from miexchange._value import Fault
    from miexchange.programme.rules import Facts
    from miexchange.programme.terms import StepName, Terms
    from miexchange.refusal import Reason, ReasonCode

__all__ = ["Label", "Problem", "Retention", "Rule", "Span"]

Label = int | str | None
"""The key of a rate: a count, such as 12 months; a text, such as a class; None if it is missing."""

Span = tuple[datetime, datetime]
"""A period: from an instant on, until another."""

Problem = tuple[int, str, str, str]
"""The element of a setting, its key, the problem, and the remedy."""


class Rule(ABC):
    """A rule of value.

    Attributes:
        setting: the field of `Terms`, and the key in ``programme.toml``; if it is empty or 0, the rule is not used.
        title: its name on the page of rules.
    """

    setting: ClassVar[str]
    title: ClassVar[str]

    def is_used(self, terms: Terms) -> bool:
        """Tell whether some terms use the rule."""
        return bool(getattr(terms, self.setting))

    @abstractmethod
    def faults(self, terms: Terms) -> Iterator[Fault]:
        """Yield the faults of the setting, such as one that pays more for less."""

    def problems(self, terms: Terms, period: Span | None, zone: tzinfo) -> Iterator[Problem]:  # noqa: ARG002 - as a rule
        """Yield further findings of a linter; of the period in which the terms are in force, if it is known."""
        yield from ()

    @abstractmethod
    def rows(self, terms: Terms, write: Callable[[int], str]) -> Iterable[str]:
        """Return the text for the page of rules; amounts are written by a function."""


class Retention(Rule):
    """A rule that keeps a part of the price.

    Attributes:
        line: the name of the line.
        reads: the name of the fact that is its label, see `Facts.label`.
    """

    line: ClassVar[str]
    reads: ClassVar[str]

    @abstractmethod
    def labels(self, terms: Terms) -> Iterable[Label]:
        """Return the labels with rates of their own, best first; a larger count has the rate of the last one."""

    @abstractmethod
    def rate(self, terms: Terms, label: Any) -> int:  # noqa: ANN401 - of the rule's own kind
        """Return the share that is kept, in basis points, for a label that has no `against`."""

    @abstractmethod
    def name(self, terms: Terms, label: Any) -> StepName:  # noqa: ANN401 - as above
        """Return the name of the line, its effect, and its source row."""

    def code(self, terms: Terms, label: Any) -> ReasonCode | None:  # noqa: ANN401, ARG002 - as above; nothing speaks against any
        """Return why a device cannot be valued, or None."""
        return None

    def reason(self, code: ReasonCode, terms: Terms, facts: Facts) -> Reason:
        """Return the reason with its values.

        Raises:
            NotImplementedError: this rule refuses no label.
        """
        raise NotImplementedError

    @abstractmethod
    def drawn(self, whole: Callable[[int, int], int], fresh_days: int) -> Any:  # noqa: ANN401 - the setting's own type
        """Make a setting, or an empty one, from drawn whole numbers: for tests.

        Args:
            whole: draws a number from the least to the most; its examples are best near the least.
            fresh_days: the days for which a price is fresh in the terms.
        """

    def falling(self, terms: Terms, rule: str) -> Iterator[Fault]:
        """Yield where an element of the setting keeps more than the one before it, and why it must not."""
        rates = (BPS, *(one.keep_bps for one in getattr(terms, self.setting)))
        for number, (before, rate) in enumerate(pairwise(rates)):
            if rate > before:
                yield f"{self.setting}.{number}.keep_bps", rate, f"give at most {before}: {rule}"

    def least(self, terms: Terms) -> int:
        """Return the least share that it keeps for a device that is valued."""
        return min(self.rate(terms, label) for label in self.labels(terms))
