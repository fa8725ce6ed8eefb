"""What a type checker knows of the tables that the plural verbs give: those of the library of the column.

It is checked, not run, as `narrowing.py`. Arrow has no types, so of its columns nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import pandas as pd
import polars as pl

from miexchange.batch import appraise_frame, lookup_many, prices_as_of, validate_many

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from miexchange import Programme, TacTable
    from miexchange.market import PriceTable


def of_pandas(texts: pd.Series[str], array: NDArray[np.str_], tacs: TacTable, prices: PriceTable, at: datetime) -> None:
    assert_type(validate_many(texts), pd.DataFrame)
    assert_type(validate_many(pd.Index(["35"])), pd.DataFrame)
    assert_type(validate_many(array), pd.DataFrame)
    assert_type(lookup_many(tacs, texts, threads=1), pd.DataFrame)
    assert_type(prices_as_of(prices, texts, at), pd.DataFrame)


def of_polars(texts: pl.Series, tacs: TacTable, prices: PriceTable, at: datetime) -> None:
    assert_type(validate_many(texts), pl.DataFrame)
    assert_type(lookup_many(tacs, texts, threads=1), pl.DataFrame)
    assert_type(prices_as_of(prices, texts, at), pl.DataFrame)


def of_tables(pandas: pd.DataFrame, polars: pl.DataFrame, programme: Programme) -> None:
    assert_type(appraise_frame(pandas, programme), pd.DataFrame)
    assert_type(appraise_frame(polars, programme), pl.DataFrame)


def of_others(texts: Any, tacs: TacTable) -> None:  # noqa: ANN401 - a column of a library without types
    assert_type(validate_many(texts), Any)
    assert_type(lookup_many(tacs, texts), Any)
