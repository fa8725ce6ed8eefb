"""Nothing but our errors comes out of `tuning`, whatever stands in the place of an argument, a column or a cell."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from miexchange import MiExchangeError
from property.effort import effort
from property.tuning_doors import CELLS, COLUMNS, NASTY, doors, frames_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def one_of(data: st.DataObject, several: Sequence[Any]) -> Any:
    """Draw one of several objects by its place: Hypothesis itself compares and prints what it draws."""
    return several[data.draw(st.integers(0, len(several) - 1))]


def instead_of(data: st.DataObject, good: Any) -> Any:
    """Draw what stands in the place of an argument."""
    if not isinstance(good, pd.DataFrame) or data.draw(st.integers(0, 3)) == 0:
        return one_of(data, NASTY)
    kind, column = one_of(data, ("frame", "column", "cell")), one_of(data, [*good.columns])
    if kind == "frame":
        return one_of(data, frames_of(good))
    if kind == "column":
        made = one_of(data, COLUMNS)(len(good))
        if isinstance(made, np.ndarray) and made.dtype == object:  # pandas would look into its objects here, in the law
            made = pd.Series(made, index=good.index, dtype=object)
        return good.assign(**{column: made})
    cells = good[column].astype(object).to_numpy().copy()
    cells[data.draw(st.integers(0, len(good) - 1))] = one_of(data, CELLS)
    return good.assign(**{column: pd.Series(cells, index=good.index, dtype=object)})


@given(data=st.data())
@effort(3)
def test_any_object_at_a_door_of_tuning(data: st.DataObject) -> None:
    """Nothing but our errors comes out of any door for any object; and the frame that was given is not changed."""
    door = doors()[data.draw(st.sampled_from([*doors()]))]
    argument = data.draw(st.sampled_from([*door.given]))
    changed = instead_of(data, door.given[argument])
    before = changed.copy(deep=True) if issubclass(type(changed), pd.DataFrame) else None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with suppress(MiExchangeError):
            door.call(**{**door.given, argument: changed})
    if before is not None:
        assert changed.columns.equals(before.columns)
        assert changed.index.equals(before.index)
        assert [*changed.dtypes] == [*before.dtypes]


def test_every_door_opens() -> None:
    """The arguments that the law starts from are good ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for door in doors().values():
            if door.name != "fit_programme":  # of which the law writes nothing
                door.call(**door.given)
