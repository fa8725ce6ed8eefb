"""The law of every table of devices: its values are those of its rows, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miexchange._arguments import INSTANT, instance, maybe, takes
from miexchange.laws._one_by_one import questions_of, rows_of, valued
from miexchange.programme import NONE_GIVEN, Programme

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from miexchange.laws._one_by_one import Row

__all__ = ["assert_parity", "rows_in"]


@takes(programme=instance(Programme), at=maybe(INSTANT))
def assert_parity(
    frame: object,
    programme: Programme,
    *,
    at: datetime | None = None,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
) -> None:
    """Assert that `batch.appraise_frame` values each row of a table like `appraise` its device.

    Args:
        frame: a pandas or Polars DataFrame, or an Arrow table, as `appraise_frame` takes it.
        programme: the rules.
        at: the instant of the valuation, if the table has no column ``at``.
        bonuses_given: the number of times that each bonus with a quota was given so far.

    Raises:
        AssertionError: a row differs: the first one, without the irrelevant cells.
        InvalidValue: an argument is of another type.

    >>> import pandas as pd
    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 3, 20, 12, tzinfo=UTC)
    >>> best = headline("oneplus-3t-6-64", programme, at=at).condition
    >>> assert_parity(pd.DataFrame([{"model": "oneplus-3t-6-64", "warranty": None, **best}]), programme, at=at)
    """
    from miexchange.batch import appraise_frame  # noqa: PLC0415 - of an extra

    result = rows_of(rows_in(appraise_frame(frame, programme, at=at, bonuses_given=bonuses_given)))
    for number, (row, found) in enumerate(zip(rows_in(frame), result, strict=True)):
        expected = valued(row, programme, bonuses_given, at)
        if found != expected:
            told = [f"row {number:,} of {len(result):,} is not worth what its device is:", *_shown(row, programme)]
            told += [
                f"  {name}: {found[name]!r} in the table, {expected[name]!r} alone"
                for name in expected
                if found[name] != expected[name]
            ]
            raise AssertionError("\n".join(told))


def _shown(row: Row, programme: Programme) -> list[str]:
    """Return the relevant cells of a row: neither empty nor a best answer."""
    variant = programme.catalogue.named(row["model"]) if isinstance(row["model"], str) else None
    best = {} if variant is None else {**programme.terms[-1].questionnaire.best(variant)}
    questions = questions_of(programme)
    said = {name: cell for name, cell in row.items() if cell is not None and cell != best.get(name)}
    rows = [f"  {name}: {cell!r}" for name, cell in said.items() if "imei" not in name or name == "imei_status"]
    rows += [f"  {name}: given" for name in said if name in {"imei", "imei2"}]
    return [*rows, "  every other answer is the best one"] if questions else rows


def rows_in(frame: Any) -> list[Row]:  # noqa: ANN401 - a table of any library
    """Return the rows of any kind of table as plain dicts."""
    if hasattr(frame, "iloc"):
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        return [{str(name): cell for name, cell in row.items()} for row in rows]
    if hasattr(frame, "to_dicts"):
        found: list[Row] = frame.to_dicts()
        return found
    import pyarrow as pa  # noqa: PLC0415 - of an extra

    return [*pa.table(frame).to_pylist()] if not hasattr(frame, "to_pylist") else [*frame.to_pylist()]
