"""Cases that cover a programme: they pass it, and fail every programme with one number that is one more or less."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import InvalidValue, Programme
from miexchange.cases import covering_cases
from miexchange.cases._numbers import numbers_of
from miexchange.strategies import programmes

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange.cases import Case

Mutant = tuple[str, "Callable[[int], Programme]"]


def mutants(programme: Programme) -> list[Mutant]:
    """Return the name of each number of a programme, and the programme with so much more of it."""
    found: list[Mutant] = []
    for terms in programme.terms:
        for name, number, make in numbers_of(terms):

            def of_terms(more: int, terms=terms, number=number, make=make) -> Programme:  # type: ignore[no-untyped-def] # noqa: ANN001
                rows = [make(number + more) if one is terms else one for one in programme.terms]
                return dataclasses.replace(programme, terms=tuple(rows))

            found.append((name, of_terms))
    for field, table, amount in (
        ("prices", programme.prices, "price_minor"),
        ("anchors", programme.anchors, "amount_minor"),
    ):
        for row in table:

            def of_row(more: int, field=field, table=table, amount=amount, row=row) -> Programme:  # type: ignore[no-untyped-def] # noqa: ANN001
                changed = row.replace(**{amount: getattr(row, amount) + more})
                rows = [changed if one is row else one for one in table]
                return dataclasses.replace(programme, **{field: type(table).of(rows)})

            found.append((f"{field} of {row.model}", of_row))
    return found


def is_seen(cases: tuple[Case, ...], changed: Programme) -> bool:
    return any(any(case.differing(changed)) for case in cases)


@pytest.mark.sweep
@given(programmes(), st.data())
def test_one_changed_number_fails_the_cases(programme: Programme, data: st.DataObject) -> None:
    cover = covering_cases(programme)
    assert len(cover.cases) <= 200
    assert not is_seen(cover.cases, programme)
    several = data.draw(st.lists(st.sampled_from(mutants(programme)), min_size=1, max_size=20))
    for name, make in several:
        for more in (-1, 1):
            try:
                changed = make(more)
            except InvalidValue:
                continue
            assert is_seen(cover.cases, changed), (name, more)
