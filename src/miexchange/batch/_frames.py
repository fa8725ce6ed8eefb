"""`appraise_frame`: a table of devices in, a table of their values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from miexchange._arguments import FLAG, takes
from miexchange._decisions import BITS
from miexchange._time import micros
from miexchange._value import instant
from miexchange.batch._problems import PROBLEMS, UNREADABLE, problems_of
from miexchange.batch.arrow._columns import Kind, check_names, read_cells
from miexchange.batch.arrow._inputs import cell_of, open_frame
from miexchange.batch.arrow._results import Amounts, AnyColumn, Texts, sets_of, table_like
from miexchange.batch.arrow._threads import workers
from miexchange.batch.plan._blocks import appraise_columns
from miexchange.batch.plan._loop import REFUSED, WARNINGS, Values
from miexchange.batch.plan._plan import Plan, plan_of
from miexchange.errors import out_of_range
from miexchange.programme import NONE_GIVEN, Programme

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "OUTCOMES",
    "appraise_frame",
    "as_columns",
    "columns_in",
    "columns_out",
    "day_zone",
    "kinds_of",
]

_Frame = TypeVar("_Frame")

OUTCOMES = ("quote", "indicative", "refused")
"""The outcomes of a row: a quote, a quote without an IMEI (it earns no coupon), or a refusal."""

_WARNINGS = ["|".join(name for bit, name in enumerate(WARNINGS) if one >> bit & 1) for one in range(4)]

_KINDS: dict[str, Kind] = {
    "model": "text",
    "imei": "text",
    "imei2": "text",
    "imei_status": "text",
    "register_asked_at": "instant",
    "purchased_on": "day",
    "at": "instant",
    "exchange_open": "flag",
    "device_exchanged": "flag",
    "target": "told",
}


@takes(problems=FLAG)
def appraise_frame(
    frame: _Frame,
    programme: Programme,
    *,
    at: datetime | None = None,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    threads: int | None = None,
    problems: bool = False,
) -> _Frame:
    """Value a table of devices, a row each, by the same rules as `miexchange.appraise`.

    The columns are ``model`` and one for each question of the programme, named by its id, and where
    they are known ``imei``, ``imei2``, ``imei_status``, ``register_asked_at``, ``purchased_on``, ``at``,
    ``exchange_open``, ``device_exchanged``, ``target`` and whatever its rules read, such as ``customer``. They mean
    the same as the arguments of `miexchange.appraise`, and an empty cell the same as an omitted argument; a status with
    an instant in ``register_asked_at`` is a `miexchange.RegisterAnswer`, one without is plain. Other columns are
    ignored. The column of a question with numeric answers may hold whole numbers. A day in ``at`` stands for its first
    instant in the programme's zone. Text columns may be dictionary-encoded (categorical), which is several times
    faster.

    No row is dropped and no row raises: a cell that is not of its column's type (invalid UTF-8 in a text, for
    example), or a missing instant, refuses its row with ``invalid_value``.

    Args:
        frame: a pandas or Polars DataFrame, an Arrow table, or anything with the Arrow PyCapsule
            interface, such as a relation of DuckDB; a stream is used up. It is not changed.
        programme: the rules.
        at: the instant of the valuation, where the table has no column ``at``.
        bonuses_given: how often each bonus with a quota was given so far; the same for every row.
        threads: how many threads share the work; by default as many as there are processors.
        problems: whether to add a last column ``problems``. For a refused row it names up to eight cells that refuse
            it, each with its content (an IMEI masked) and the remedy, joined by ``" | "``; for any other row it is "".
            It costs about 250 microseconds per refused row, and nothing for the others.

    Returns:
        A table of the same kind, with the same index: ``outcome`` (``quote``, ``indicative`` without an
        IMEI, ``refused``), ``reasons`` and ``warnings`` (codes joined by ``|``, in the order of
        `miexchange.ReasonCode`, "" for none), ``grade``, each line of the quote in minor units (``market_minor``,
        ``deduction:display_minor``, …; 0 where the quote has no such line), ``exchange_value_minor`` and
        ``coupon_value_minor``. Grade and amounts are null where the row is refused. The columns depend on
        the programme alone.

    Raises:
        InvalidValue: a column is missing, misspelled, duplicated or of the wrong type; its Arrow buffers are
            inconsistent; or an argument has the wrong type.

    >>> import pandas as pd
    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 3, 20, 12, tzinfo=UTC)
    >>> best = headline("oneplus-3t-6-64", programme, at=at).condition
    >>> frame = pd.DataFrame([{"model": "oneplus-3t-6-64", **best}, {"model": "oneplus 9", **best}], index=["a", "b"])
    >>> frame = frame.assign(screen_glass="cracked", warranty=None)
    >>> result = appraise_frame(frame, programme, at=at)
    >>> print(result[["outcome", "reasons", "deduction:display_minor", "coupon_value_minor"]].to_string())
          outcome        reasons  deduction:display_minor  coupon_value_minor
    a  indicative                                 -364680              835800
    b     refused  model_unknown                     <NA>                <NA>
    """
    plan = plan_of(programme, bonuses_given)
    table = open_frame(frame)
    names = table.names
    if at is not None and "at" in names:
        raise out_of_range("at", at, "give one of the two", "is given, and the table has a column at")
    required, optional = columns_in(programme)
    check_names(names, required if at is None else required - {"at"}, optional)
    kinds = {name: kind for name, kind in kinds_of(plan).items() if name in names}
    given = {name: table.column(name) for name in kinds}
    columns = {name: read_cells(given[name], kind, name, day_zone(name, programme)) for name, kind in kinds.items()}
    for name, column in columns.items():
        if len(column.array) != table.rows:
            what = f"has {len(column.array):,} rows, and the table {table.rows:,}"
            raise out_of_range(name, None, "write the table anew", what)
    moment = None if at is None else micros(instant(at, "at"))
    values = appraise_columns(columns, table.rows, plan, at=moment, threads=workers(threads))
    cells: dict[str, AnyColumn] = {**as_columns(values, plan)}
    if problems:
        cells[PROBLEMS] = problems_of(
            values, columns, kinds, plan, at=moment, cell=lambda name, row: cell_of(given[name], row, UNREADABLE)
        )
    result: _Frame = table_like(frame, cells)
    return result


def columns_in(programme: Programme) -> tuple[set[str], set[str]]:
    """Return the required and the optional columns of a programme's table.

    >>> from miexchange import Programme
    >>> required, optional = columns_in(Programme.load("graded-trade-in"))
    >>> sorted(required)[:3], sorted(optional)[:3]
    (['accounts', 'at', 'battery'], ['bill', 'box', 'charger'])
    """
    plan = plan_of(programme)
    required = {"model", "at"} | plan.required
    return required, kinds_of(plan).keys() - required


def columns_out(programme: Programme) -> tuple[str, ...]:
    """Return the columns of `appraise_frame`'s result; they depend on the programme alone.

    >>> from miexchange import Programme
    >>> columns_out(Programme.load("mi-exchange-india"))[3:6]
    ('grade', 'market_minor', 'grade_minor')
    """
    plan = plan_of(programme)
    return tuple(as_columns(Values.empty(0, len(plan.lines)), plan))


def kinds_of(plan: Plan) -> dict[str, Kind]:
    """Return the kind of each column that the rules read."""
    told: dict[str, Kind] = dict.fromkeys(plan.texts, "told")
    numbers: dict[str, Kind] = dict.fromkeys(plan.numeric, "number")
    return {**_KINDS, **told, **dict.fromkeys(plan.columns.values(), "text"), **numbers}


def day_zone(name: str, programme: Programme) -> tzinfo | None:
    """Return the zone in which a plain day counts as an instant of a column, or None if it does not."""
    return programme.zone if name == "at" else None


def as_columns(values: Values, plan: Plan) -> dict[str, Texts | Amounts]:
    """Return the columns of a result; they share memory with the values."""
    refused = values.outcome == REFUSED
    lines: dict[str, NDArray[np.int64]] = {}
    for name, line in zip(plan.lines, values.lines, strict=True):
        lines[name] = lines[name] + line if name in lines else line
    return {
        "outcome": Texts(values.outcome.view("int8"), OUTCOMES),
        "reasons": sets_of(values.reasons, BITS),
        "warnings": Texts(values.warnings.view("int8"), _WARNINGS),
        "grade": Texts(values.grade.view("int8"), plan.grades, refused),
        **{f"{name}_minor": Amounts(line, refused) for name, line in lines.items()},
        "exchange_value_minor": Amounts(values.exchange_value, refused),
        "coupon_value_minor": Amounts(values.coupon_value, refused),
    }
