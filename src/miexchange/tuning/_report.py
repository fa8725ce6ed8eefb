"""The common base of reports: shown as text, and in a notebook as tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from miexchange._text import printable

if TYPE_CHECKING:
    import pandas as pd

    from miexchange.money import Currency

__all__ = ["Report", "grouped", "in_units"]

_BY_LAKH = frozenset({"INR"})
"""Currencies that group digits in twos above the thousands."""


def in_units(amount: float, currency: Currency) -> str:
    """Write minor units in whole units of their currency, with its separators.

    >>> from miexchange.money import Currency
    >>> in_units(123456700, Currency("INR")), in_units(-95000, Currency("GBP")), in_units(12499, Currency("JPY"))
    ('₹12,34,567', '-£950', '¥12,499')
    """
    units = round(abs(amount) / 10**currency.decimals)
    sign = "-" if amount < 0 and units else ""
    return f"{sign}{currency.symbol or f'{currency.code} '}{grouped(units, currency)}"


def grouped(units: int, currency: Currency) -> str:
    """Write whole units with the digit groups of their currency.

    >>> from miexchange.money import Currency
    >>> grouped(1234567, Currency("INR")), grouped(1234567, Currency("GBP"))
    ('12,34,567', '1,234,567')
    """
    wide = 2 if currency.code in _BY_LAKH else 3
    head, tail = divmod(units, 1_000)
    text = f"{tail:03d}" if head else str(tail)
    while head:
        head, part = divmod(head, 10**wide)
        text = f"{part:0{wide}d},{text}" if head else f"{part},{text}"
    return text


_ROWS, _LINES, _WIDTH = 6, 24, 120  # of a screen
_LONG = 10_000  # numbers with this many digits or more get separators


def separated(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns of whole numbers have separators, if one of them has five digits or more.

    >>> import pandas as pd
    >>> separated(pd.DataFrame({"a": [1234567, 5], "b": [1, 2]})).to_numpy().tolist()
    [['1,234,567', 1], ['5', 2]]
    """
    shown = table.copy()
    for place, kind in enumerate(table.dtypes):
        cells = table.iloc[:, place]
        if getattr(kind, "kind", "") not in {"i", "u", "f"} or not (cells.abs() >= _LONG).any():
            continue
        known = cells.dropna()
        if (known % 1 == 0).all():
            texts = [f"{cell:,.0f}" if there else "" for cell, there in zip(cells, cells.notna(), strict=True)]
            shown.isetitem(place, texts)
    return shown


class Report:
    """A result with tables to look at."""

    title = "Report"

    def __repr__(self) -> str:
        """Return the part of the report that fits a screen; `print` shows all of it."""
        lines = self._text(_ROWS).split("\n")
        cut = [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines[:_LINES]]
        return "\n".join([*cut, *(["… print it to see the rest"] if len(lines) > _LINES else [])])

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of the report, each with its heading."""
        raise NotImplementedError

    def notes(self) -> list[str]:
        """Return the sentences above the tables."""
        return []

    def __str__(self) -> str:
        """Return the report as text."""
        return self._text(None)

    def _text(self, most: int | None) -> str:
        """Return the report as text, with up to `rows` rows of each table."""
        parts = [self.title, *self.notes()]
        tables = [(heading, separated(table.head(most or len(table)))) for heading, table in self.tables()]
        parts += [f"{heading}\n{table.to_string()}" for heading, table in tables if len(table)]
        return "\n".join(map(printable, "\n\n".join(parts).split("\n")))

    def _repr_html_(self) -> str:
        """Return the report as HTML, for a notebook; every text is escaped."""
        parts = [f"<h4>{escape(self.title)}</h4>", *(f"<p>{escape(note)}</p>" for note in self.notes())]
        for heading, table in self.tables():
            if len(table):
                parts.append(f"<p><b>{escape(heading)}</b></p>{separated(table).to_html(border=0, escape=True)}")
        return "\n".join(parts)
