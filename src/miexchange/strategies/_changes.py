"""Changes that would improve an answer: each part on its own, for tests of code that shows and stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from hypothesis import strategies as st

from miexchange.changes import Against, Change, Changes, Cure, What
from miexchange.refusal import ReasonKind
from miexchange.strategies._conditions import conditions
from miexchange.strategies._enquiries import quotes, reasons
from miexchange.strategies._numbers import bounded, texts, tuples

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["against", "changes", "cures", "single_changes"]

_BY = st.sampled_from(ReasonKind)


def single_changes() -> SearchStrategy[Change]:
    """Draw single changes."""
    said = st.just("") | texts()
    return st.builds(Change, st.sampled_from(get_args(What)), said, said, said, st.none() | _BY)


def cures() -> SearchStrategy[Cure]:
    """Draw sets of changes with the quote after them."""
    several = st.lists(single_changes(), min_size=1, max_size=3).map(tuple)
    return st.builds(Cure, several, quotes(), conditions())


def against() -> SearchStrategy[Against]:
    """Draw reasons with who can cure them."""
    return st.builds(Against, reasons(), _BY, st.booleans())


def changes() -> SearchStrategy[Changes]:
    """Draw whole results of `what_would_change`."""
    found = st.lists(cures(), max_size=2).map(tuple)
    return st.builds(
        Changes,
        st.none() | bounded(Changes, "coupon_value"),
        tuples(against()),
        found,
        bounded(Changes, "appraisals"),
        st.booleans(),
    )
