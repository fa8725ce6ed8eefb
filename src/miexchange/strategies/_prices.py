"""Market prices and repair anchors, and tables of them."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st

from miexchange._arguments import TEXT, maybe, takes, whole
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import GREATEST_AMOUNT
from miexchange.strategies._conditions import COMPONENTS
from miexchange.strategies._models import variants
from miexchange.strategies._numbers import COUNT, KEPT, SOURCE, STRATEGY, amounts, instants

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

__all__ = ["BASES", "anchor_tables", "anchors", "price_tables", "prices"]

BASES: SearchStrategy[Literal["observed", "modelled"]] = st.sampled_from(("observed", "modelled"))
"""Whether a price was observed or modelled."""


@lru_cache(KEPT)
def _amounts(most: int) -> SearchStrategy[int]:
    return amounts(most) | st.sampled_from((1, most))


_ANY_COMPONENT = st.sampled_from(COMPONENTS)
_LASTING = st.none() | st.timedeltas(timedelta(0, 1), timedelta(365))


@takes(model=maybe(TEXT), most=whole(100, GREATEST_AMOUNT))
@lru_cache(KEPT)
@st.composite
def prices(draw: st.DrawFn, model: str | None = None, most: int = GREATEST_AMOUNT) -> Price:
    """Draw market prices, as rows of a table.

    Args:
        model: the variant's id; any by default.
        most: the largest price, in minor units.

    >>> from hypothesis import find
    >>> find(prices(), lambda price: True).price_minor
    100000
    """
    name = draw(variants()).model if model is None else model
    since, until = draw(instants()), draw(_LASTING)
    end = None if until is None else since + until
    return Price(name, since, draw(_amounts(most)), draw(BASES), SOURCE, end)


@takes(model=maybe(TEXT))
@lru_cache(KEPT)
@st.composite
def anchors(draw: st.DrawFn, model: str | None = None) -> Anchor:
    """Draw repair anchors.

    Args:
        model: the variant's id; any by default.
    """
    component, price = draw(_ANY_COMPONENT), draw(prices(model))
    return Anchor(
        price.model, component, price.effective_from, price.price_minor, price.basis, SOURCE, price.effective_until
    )


@takes(models=STRATEGY, most=COUNT)
def price_tables(models: SearchStrategy[str] | None = None, most: int = 6) -> SearchStrategy[PriceTable]:
    """Draw price tables: dated rows of a few models, without overlaps.

    Args:
        models: the variants' ids; a few by default.
        most: the largest number of rows.

    >>> from hypothesis import find
    >>> len(find(price_tables(), lambda table: len(table) > 0))
    1
    """
    names = st.sampled_from(("acme-one-1-8", "bolt-two-2-16")) if models is None else models
    rows = st.lists(names.flatmap(prices), max_size=most, unique_by=lambda price: (price.model, price.effective_from))
    return rows.map(lambda found: PriceTable(without_overlaps(found, lambda price: price.model)))


@takes(models=STRATEGY, most=COUNT)
def anchor_tables(models: SearchStrategy[str] | None = None, most: int = 6) -> SearchStrategy[AnchorTable]:
    """Draw tables of repair anchors, without overlaps.

    Args:
        models: the variants' ids; a few by default.
        most: the largest number of rows.
    """
    names = st.sampled_from(("acme-one-1-8", "bolt-two-2-16")) if models is None else models
    rows = st.lists(
        names.flatmap(anchors), max_size=most, unique_by=lambda row: (row.model, row.component, row.effective_from)
    )
    return rows.map(lambda found: AnchorTable(without_overlaps(found, lambda row: (row.model, row.component))))


def without_overlaps(rows: list[Any], key: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Sort the rows, and cut each window at the start of the next one of its series."""
    rows = sorted(rows, key=lambda row: (key(row), row.effective_from))
    kept = []
    for row, following in zip(rows, [*rows[1:], None], strict=False):
        clashes = following is not None and key(row) == key(following) and row.effective_until is not None
        if clashes and row.effective_until > following.effective_from:
            kept.append(row.replace(effective_until=following.effective_from))
        else:
            kept.append(row)
    return tuple(kept)
