"""Values as HTML for a notebook: plain tables, every text printable and escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from miexchange._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["table"]


def table(caption: str, rows: Iterable[tuple[str, ...]], notes: Iterable[str] = ()) -> str:
    """Return a table; the second cell of a row is an amount, aligned right.

    >>> table("A & B", [("market", "100.00", "a price")])
    '<table><caption>A &amp; B</caption><tbody><tr><td>market</td><td style="text-align:right">100.00</td>\
<td>a price</td></tr></tbody></table>'
    """
    body = "".join(f"<tr>{''.join(map(_cell, range(len(row)), row))}</tr>" for row in rows)
    below = "".join(f"<p>{_text(note)}</p>" for note in notes)
    return f"<table><caption>{_text(caption)}</caption><tbody>{body}</tbody></table>{below}"


def _cell(position: int, text: str) -> str:
    style = ' style="text-align:right"' if position == 1 else ""
    return f"<td{style}>{_text(text)}</td>"


def _text(text: str) -> str:
    return escape(printable(text))
