"""What stands for no value, in any library."""

from __future__ import annotations

import decimal
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from miexchange._text import is_missing

LOOKS_LIKE_ONE = type("NaTType", (), {"__module__": "pandas"})
NAMELESS = type("Decimal", (), {"__module__": 5})


@pytest.mark.parametrize(
    "value",
    [
        *(None, float("nan"), pd.NaT, pd.NA, decimal.Decimal("NaN"), decimal.Decimal("sNaN")),
        *(np.float64("nan"), np.float32("nan"), np.float16("nan"), np.longdouble("nan")),
        *(np.datetime64("NaT"), np.timedelta64("NaT")),
    ],
)
def test_a_value_of_none_is_missing(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "nan",
            0,
            0.0,
            False,
            (),
            decimal.Decimal(0),
            np.float32(0),
            np.datetime64("2018-01-01"),
            pd.Timestamp(0),
        ),
        *(datetime(2018, 1, 1, tzinfo=UTC), object(), LOOKS_LIKE_ONE(), NAMELESS(), LOOKS_LIKE_ONE),
    ],
)
def test_any_other_is_there(value: object) -> None:
    assert not is_missing(value)
