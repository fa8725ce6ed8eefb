"""What every report can do: show itself as text, and in a notebook as tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from miexchange._text import printable
from miexchange.money import PAISE_PER_RUPEE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report", "in_rupees"]


def in_rupees(paise: float) -> str:
    """Write an amount in whole rupees, with separators as in India.

    >>> in_rupees(123456700), in_rupees(-95000)
    ('₹12,34,567', '-₹950')
    """
    whole = round(abs(paise) / PAISE_PER_RUPEE)
    head, tail = divmod(whole, 1000)
    text = str(whole) if not head else f"{tail:03d}"
    while head:
        head, part = divmod(head, 100)
        text = f"{part:02d},{text}" if head else f"{part},{text}"
    return f"{'-' if paise < 0 and whole else ''}₹{text}"


class Report:
    """A result with tables to look at."""

    title = "Report"

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of the report, each with its heading."""
        raise NotImplementedError

    def notes(self) -> list[str]:
        """Return sentences that stand above the tables."""
        return []

    def __str__(self) -> str:
        """Return the report as text."""
        parts = [self.title, *self.notes()]
        parts += [f"{heading}\n{table.to_string()}" for heading, table in self.tables() if len(table)]
        return "\n".join(map(printable, "\n\n".join(parts).split("\n")))

    def _repr_html_(self) -> str:
        """Return the report as HTML, for a notebook; every text is escaped."""
        parts = [f"<h4>{escape(self.title)}</h4>", *(f"<p>{escape(note)}</p>" for note in self.notes())]
        for heading, table in self.tables():
            if len(table):
                parts.append(f"<p><b>{escape(heading)}</b></p>{table.to_html(border=0, escape=True)}")
        return "\n".join(parts)
