"""The amount that is given back if two component groups are damaged together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miexchange._bounded import Id, Note
from miexchange._privacy import mask
from miexchange._text import listed
from miexchange._value import Value
from miexchange.money import Bps, percent
from miexchange.programme.rules._rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from miexchange._value import Fault
    from miexchange.programme.terms import StepName, Terms

__all__ = ["OVERLAPS", "Overlap"]


@dataclass(frozen=True, slots=True)
class Overlap(Value):
    """Two component groups that are damaged together: the smaller deduction counts only in part.

    Attributes:
        one: a component group.
        other: another one.
        counted_bps: the part of the smaller deduction that counts, in basis points.
        source: the source of the number.
    """

    one: Id
    other: Id
    counted_bps: Bps
    source: Note = ""

    def _faults(self) -> Iterator[Fault]:
        if self.one == self.other:
            yield "other", self.other, "name two component groups"

    @property
    def name(self) -> StepName:
        """The labels of its line: the rule, the effect, and the source row."""
        pair = f"{self.one}+{self.other}"
        return f"overlap:{pair}", f"{percent(self.counted_bps)} of the smaller counts", f"overlaps[{pair}]"


class _Overlaps(Rule):
    setting, title = "overlaps", "overlap"

    def faults(self, terms: Terms) -> Iterator[Fault]:
        seen: set[str] = set()
        for number, overlap in enumerate(terms.overlaps):
            for key, name in (("one", overlap.one), ("other", overlap.other)):
                if name not in terms.components:
                    rule = f"name a component that costs something: {listed(tuple(map(mask, terms.components)))}"
                    yield f"overlaps.{number}.{key}", name, rule
                if name in seen:
                    yield f"overlaps.{number}.{key}", name, "let a component overlap with one other"
                seen.add(name)

    def rows(self, terms: Terms, write: Callable[[int], str]) -> Iterable[str]:  # noqa: ARG002 - it has no amounts
        return (
            f"{one.one} and {one.other}: {percent(one.counted_bps)} of the smaller counts" for one in terms.overlaps
        )


OVERLAPS = _Overlaps()
