"""Tax treatments, tables of them, and order lines that are split by them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from miexchange._arguments import TEXT, maybe, takes
from miexchange._text import WIDEST
from miexchange.strategies._numbers import KEPT, SOURCE, amounts
from miexchange.strategies._prices import prices, without_overlaps
from miexchange.treatment import EXCHANGE_VALUE, RESALE, LineParts, Treatment, TreatmentTable

if TYPE_CHECKING:
    from collections.abc import Collection

    from hypothesis.strategies import SearchStrategy

__all__ = ["covering", "line_parts", "treatment_tables", "treatments"]

_PARTS = (EXCHANGE_VALUE, RESALE, "bonus:launch")
_ANY_PART = st.sampled_from(_PARTS)
_COUNTING: SearchStrategy[Literal["payment", "discount"]] = st.sampled_from(("payment", "discount"))
_RESOLD: SearchStrategy[Literal["margin", "full"]] = st.sampled_from(("margin", "full"))
_LONG_AGO = datetime(2017, 7, 1, tzinfo=UTC)


@takes(part=maybe(TEXT))
@lru_cache(KEPT)
@st.composite
def treatments(draw: st.DrawFn, part: str | None = None) -> Treatment:
    """Draw tax treatments, as rows of a table.

    Args:
        part: the part of a trade-in; any by default.
    """
    name, price = draw(_ANY_PART) if part is None else part, draw(prices("any"))
    treatment = draw(_RESOLD if name == RESALE else _COUNTING)
    return Treatment(name, price.effective_from, treatment, SOURCE, price.effective_until)


def treatment_tables() -> SearchStrategy[TreatmentTable]:
    """Draw tables of tax treatments, without overlaps.

    >>> from hypothesis import find
    >>> find(treatment_tables(), lambda table: len(table) > 0).treatments[0].treatment
    'payment'
    """
    rows = st.lists(treatments(), max_size=4, unique_by=lambda row: (row.part, row.effective_from))
    return rows.map(lambda found: TreatmentTable(without_overlaps(found, lambda row: row.part)))


@st.composite
def covering(draw: st.DrawFn, bonuses: Collection[str]) -> TreatmentTable:
    """Draw a treatment for each part of a coupon with some bonuses, always in force; or no treatment at all."""
    if not draw(st.booleans()):
        return TreatmentTable()
    parts = (EXCHANGE_VALUE, *sorted({f"bonus:{bonus}" for bonus in bonuses}))
    return TreatmentTable.of([Treatment(part, _LONG_AGO, draw(_COUNTING), SOURCE) for part in parts])


@st.composite
def line_parts(draw: st.DrawFn) -> LineParts:
    """Draw order lines, split by the tax treatment of their parts.

    >>> from hypothesis import find
    >>> find(line_parts(), lambda line: line.units == 1).units
    1
    """
    units = draw(st.integers(1, 5) | st.just(WIDEST - 1))
    price = 1 if units == WIDEST - 1 else draw(amounts(10**7) if units > 1 else amounts(10**7) | st.just(WIDEST - 1))
    parts, left = [], units * price
    for _ in ("discount", "in_kind", "bonus"):
        parts.append(draw(st.integers(0, left) | st.sampled_from((0, left))))
        left -= parts[-1]
    discount, in_kind, bonus = parts
    return LineParts(units, in_kind, discount, bonus, units * price - discount)
