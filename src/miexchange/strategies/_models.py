"""Models, catalogues, and the lists of those that may be traded in."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from miexchange._arguments import DATE, TEXT, maybe, takes
from miexchange.catalogue import Catalogue, Variant
from miexchange.eligibility import EligibleModels, Listing
from miexchange.strategies._numbers import COUNT, SOURCE, START, amounts, days, subsets

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["BRANDS", "NAMES", "catalogues", "eligible_models", "listings", "model_of", "variants"]

BRANDS = ("Acme", "Bolt", "Comet")
"""Fictitious brands."""

NAMES = ("One", "Two", "Three", "Four", "Five")
"""The names of the models."""

_NAMED = st.sampled_from(tuple(product(BRANDS, NAMES, (1, 2, 4), (8, 16, 64))))
_CATEGORIES = st.sampled_from(("smartphone", "smartphone", "tablet"))
_FEATURES = subsets(("esim", "s_pen"), 0)
_LAUNCHED = st.tuples(st.none() | days(date(2014, 1, 1), date(2019, 12, 31)), st.none() | amounts(10**8))


@cache
@st.composite
def variants(draw: st.DrawFn) -> Variant:
    """Draw one model in one memory size.

    >>> from hypothesis import find
    >>> find(variants(), lambda variant: True).label
    'Acme One (1 GB, 8 GB)'
    """
    brand, name, ram, storage = draw(_NAMED)
    launched_on, launch_price = draw(_LAUNCHED)
    model = f"{brand}-{name}-{ram}-{storage}".lower()
    facts = (draw(_CATEGORIES), ram * 1024, storage, launched_on, launch_price, (), SOURCE)
    return Variant(model, brand, name, *facts, draw(st.sampled_from((None, None, 1, 2))), draw(_FEATURES))


@takes(least=COUNT, most=COUNT)
def catalogues(least: int = 1, most: int = 4) -> SearchStrategy[Catalogue]:
    """Draw model catalogues, sorted by id, as a catalogue is.

    Args:
        least: the smallest number of variants.
        most: the largest number of variants.

    >>> from hypothesis import find
    >>> [variant.model for variant in find(catalogues(), lambda catalogue: True)]
    ['acme-one-1-8']
    """
    models = st.lists(variants(), min_size=least, max_size=most, unique_by=model_of)
    return models.map(Catalogue.of)


def model_of(variant: Variant) -> str:
    """Return the variant's id."""
    return variant.model


@takes(model=maybe(TEXT), first=DATE)
def listings(model: str | None = None, first: date = START) -> SearchStrategy[Listing]:
    """Draw rows of an eligible-model list.

    Args:
        model: the variant's id; any by default.
        first: the first possible day; rows begin within ten days of it.
    """
    models = variants().map(model_of) if model is None else st.just(model)
    start = days(first, first + timedelta(10))
    until = st.none() | days(first + timedelta(12), first + timedelta(100))
    return st.builds(Listing, models, start, until, st.just(SOURCE))


def eligible_models() -> SearchStrategy[EligibleModels]:
    """Draw dated lists of eligible models."""
    rows = st.lists(listings(), max_size=4, unique_by=lambda listing: listing.model)
    return rows.map(EligibleModels.of)
