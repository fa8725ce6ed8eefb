"""What every fit asks of its data first: errors and warnings that name the rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from miexchange.errors import InvalidValue, MiExchangeError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

__all__ = ["NotFitted", "TuningWarning", "as_frame", "duplicates", "fitted", "named_rows", "numbers", "warn"]

_FEW = 5


class TuningWarning(UserWarning):
    """The data can be used, and somebody should look at the rows that it names.

    Silence it with ``warnings.simplefilter("ignore", TuningWarning)``.
    """


class NotFitted(MiExchangeError, AttributeError):  # noqa: N818 - named after what is wrong, as InvalidValue is
    """A learned value was asked for before `fit`."""


def fitted(estimator: object, name: str) -> Any:  # noqa: ANN401 - whatever the estimator learned
    """Return a learned value.

    Raises:
        NotFitted: there is none yet.
    """
    value = estimator.__dict__.get(name)
    if value is None:
        kind = type(estimator).__name__
        raise NotFitted(f"this {kind} is not fitted yet, so it has no {name.rstrip('_')}: call fit first")
    return value


def warn(message: str) -> None:
    """Warn at the caller's caller."""
    warnings.warn(message, TuningWarning, stacklevel=3)


def named_rows(labels: Iterable[object]) -> str:
    """Name rows by their index labels: the first few, and how many more.

    >>> named_rows([3, 4])
    'rows 3, 4'
    >>> named_rows(range(8))
    'rows 0, 1, 2, 3, 4 and 3 more'
    """
    found = list(labels)
    first = ", ".join(str(label) if isinstance(label, int | np.integer) else shown(label) for label in found[:_FEW])
    more = f" and {len(found) - _FEW} more" if len(found) > _FEW else ""
    return f"row{'s'[: len(found) != 1]} {first}{more}"


def as_frame(data: object, columns: Iterable[str | None], what: str) -> pd.DataFrame:
    """Return the data as a frame that has the columns and at least one row.

    Raises:
        InvalidValue: no frame, a column is missing, or there are no rows.
    """
    if not isinstance(data, pd.DataFrame):
        raise InvalidValue(what, data, "give a pandas DataFrame")
    missing = [column for column in columns if column is not None and column not in data.columns]
    if missing:
        raise InvalidValue(what, ", ".join(missing), f"there is no such column; known: {', '.join(map(str, data))}")
    if data.empty:
        raise InvalidValue(what, "an empty frame", "give at least one row")
    return data


def numbers(
    data: pd.DataFrame, column: str, *, above: float | None = None, at_least: float | None = None
) -> npt.NDArray[np.float64]:
    """Return a column as floats within bounds; never a silent NaN.

    Raises:
        InvalidValue: rows that hold no number, or one out of bounds, are named.
    """
    values = pd.to_numeric(data[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    rule, bad = "a number", ~np.isfinite(values)
    if above is not None:
        rule, bad = f"a number above {above:g}", bad | ~(values > above)
    if at_least is not None:
        rule, bad = f"a number of {at_least:g} or more", bad | ~(values >= at_least)
    if bad.any():
        first = data[column].iloc[int(np.flatnonzero(bad)[0])]
        raise InvalidValue(column, first, f"{named_rows(data.index[bad])}: give {rule} in each, or take them out")
    return values


def duplicates(data: pd.DataFrame, columns: Iterable[str] | None = None) -> npt.NDArray[np.bool_]:
    """Tell which rows repeat an earlier one."""
    chosen = data if columns is None else data[[*columns]]
    # Each column becomes codes, and the codes of a row one number: rows whose numbers differ do differ.
    mixed = np.zeros(len(chosen), dtype=np.uint64)
    for position in range(chosen.shape[1]):
        codes, _ = pd.factorize(chosen.iloc[:, position], use_na_sentinel=True)
        mixed = (mixed ^ (codes + 2).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    suspects = np.flatnonzero(pd.Series(mixed).duplicated(keep=False).to_numpy())
    found: npt.NDArray[np.bool_] = np.zeros(len(chosen), dtype=bool)
    found[suspects] = chosen.iloc[suspects].astype(str).duplicated().to_numpy()
    return found
