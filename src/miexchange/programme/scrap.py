"""Scrap values: the least that is paid for an accepted phone, by model, by brand or by category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from miexchange._bounded import Id, Note
from miexchange._value import Value
from miexchange.money import Amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from miexchange.catalogue import Variant

__all__ = ["ScrapValue"]


@dataclass(frozen=True, slots=True)
class ScrapValue(Value):
    """A row of the scrap values. The closest one counts: that of the model, else of the brand, else of the category.

    Attributes:
        per: the kind of its key: a ``model``, a ``brand`` or a ``category``.
        of: the key: a variant's id, a brand or a category.
        scrap_minor: the floor for these, in minor units.
        source: the source of the value.
    """

    per: Literal["model", "brand", "category"]
    of: Id
    scrap_minor: Amount
    source: Note = ""

    @property
    def name(self) -> str:
        """The effect text of its line in a quote.

        >>> ScrapValue("brand", "Acme", 5_000).name
        'scrap_values[brand=Acme]'
        """
        return f"scrap_values[{self.per}={self.of}]"


def closest(rows: Mapping[tuple[str, str], ScrapValue], variant: Variant) -> ScrapValue | None:
    """Return the row that counts for a model; None if there is none."""
    for per, of in (("model", variant.model), ("brand", variant.brand), ("category", variant.category)):
        if (row := rows.get((per, of))) is not None:
            return row
    return None


def in_words(least: int, rows: Iterable[ScrapValue], write: Callable[[int], str]) -> str:
    """Describe the floor, and those of models, brands and categories.

    >>> in_words(2_000, [ScrapValue("brand", "Acme", 5_000)], str)
    '2000; Acme 5000'
    """
    return "; ".join([write(least), *(f"{row.of} {write(row.scrap_minor)}" for row in rows)])
