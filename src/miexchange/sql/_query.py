"""`query`: a programme as the text of one query; `tables`: its lookup tables, to be loaded beside the devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from miexchange._arguments import COLUMNS, TEXT, maybe, one_of, takes
from miexchange._time import micros
from miexchange._value import instant
from miexchange.batch._frames import as_columns, kinds_of
from miexchange.batch.arrow._columns import check_names
from miexchange.batch.plan._loop import Values
from miexchange.batch.plan._plan import plan_of
from miexchange.errors import out_of_range
from miexchange.programme import NONE_GIVEN, Programme
from miexchange.sql._dialects import DIALECTS, quoted
from miexchange.sql._sources import Sources, columns_of
from miexchange.sql._tables import layout_of
from miexchange.sql._writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

__all__ = ["check_free", "query", "tables"]


@takes(
    dialect=one_of(*DIALECTS),
    source=TEXT,
    columns=maybe(COLUMNS),
    keep=COLUMNS,
    names=COLUMNS,
    loaded=maybe(TEXT),
)
def query(
    programme: Programme,
    *,
    dialect: str = "duckdb",
    source: str = "devices",
    columns: Collection[str] | None = None,
    keep: Collection[str] = (),
    at: datetime | None = None,
    names: Collection[str] = (),
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    loaded: str | None = None,
) -> str:
    """Write a programme as one query over a table of devices, in whole numbers, with the values of `appraise`.

    The table has the columns of `miexchange.batch.appraise_frame`: texts, ``at`` and ``register_asked_at`` as instants
    (TIMESTAMP WITH TIME ZONE), ``purchased_on`` as DATE, ``exchange_open`` and ``device_exchanged`` as BOOLEAN; whole
    numbers, or texts, for answers that are numbers. Names are quoted in the query, as they are given here.

    Args:
        programme: the rules.
        dialect: ``duckdb``, ``postgres``, ``spark``, ``snowflake`` or ``bigquery``.
        source: the table of devices; a dot separates a schema.
        columns: the columns of the table; by default all that a programme may read. Others are not read.
        keep: columns of the table that come first in the result, unchanged: a key, to identify its rows.
        at: the instant of the valuation, if the table has no column ``at``.
        names: the names in ``model`` besides ids, such as "Redmi Note 4": each is looked up here, like
            `miexchange.appraise` does. A name that is neither an id nor one of these is refused as unknown.
        bonuses_given: the number of times that each bonus with a quota was given so far; the same for every row.
        loaded: the prefix of the names of the tables that `tables` returns, if they are loaded; by default they
            are within the query.

    Returns:
        The query. Its result has the kept columns, then those of `miexchange.batch.columns_out`, a row for each device,
        in no order.

    Raises:
        InvalidValue: a column is missing or kept under the name of a result; the table has the name of a step of
            the query; the programme has amounts beyond 64 bits in SQL; or an argument is of another type.

    >>> from miexchange import Programme
    >>> programme = Programme.load("uk-trade-in")
    >>> columns = ["model", "at", "lock", "power", "works", "screen", "body"]
    >>> text = query(programme, source="shop.phones", columns=columns, keep=["order"], loaded="trade_in_")
    >>> print(text[:103])
    WITH
    cells AS (
      SELECT
        "model" AS "cell:model",
        "at" AS "cell:at",
        "lock" AS "cell:lock",
    """
    plan = plan_of(programme, bonuses_given)
    required = {"model", "at"} | plan.required
    optional = kinds_of(plan).keys() - required
    instant_given = None if at is None else micros(instant(at, "at"))
    known = required | optional
    if columns is None:
        columns = known if at is None else known - {"at"}
    elif at is not None and "at" in columns:
        raise out_of_range("at", at, "give one of the two", "is given, and the table has a column at")
    check_names(columns, required if at is None else required - {"at"}, optional, "columns")
    check_free(keep, as_columns(Values.empty(0, len(plan.lines)), plan))
    layout = layout_of(plan, frozenset(names))
    spoken = DIALECTS[dialect]
    writer = Writer(plan, layout, spoken, columns=known & set(columns), keep=tuple(keep), at=instant_given)
    text = writer.text(Sources(spoken, loaded), ".".join(quoted(part, dialect) for part in source.split(".")))
    # A step of this name would be read instead of the table.
    if source.casefold() in writer.steps:
        raise out_of_range(
            "source", source, "name its schema, too, or rename it", "is what a step of the query is called"
        )
    return text


def check_free(keep: Collection[str], values: Collection[str]) -> None:
    """Refuse to keep a column under the name of a result.

    Raises:
        InvalidValue: the first such column.
    """
    taken = {name.casefold() for name in values}
    for name in keep:
        if name.casefold() in taken:
            which = "the result has as a column already"
            raise out_of_range("keep", name, "rename it, or keep it once", which=which)
        taken.add(name.casefold())


@takes(names=COLUMNS)
def tables(
    programme: Programme, *, names: Collection[str] = (), bonuses_given: Mapping[str, int] = NONE_GIVEN
) -> dict[str, Any]:
    """Return the lookup tables of a query, as Arrow tables by name, to be loaded where the query runs: see `query`.

    Args:
        programme: the rules.
        names: as for `query`.
        bonuses_given: likewise.

    Returns:
        ``names`` maps the names of devices to models, ``periods`` model and time to the rules in force,
        ``tacs`` and ``fits`` TACs and models to the reasons about them.

    >>> from miexchange import Programme
    >>> {name: table.num_rows for name, table in tables(Programme.load("uk-trade-in")).items()}
    {'names': 7, 'tacs': 933, 'fits': 7, 'periods': 70}
    """
    layout = layout_of(plan_of(programme, bonuses_given), frozenset(names))
    return {
        table: pa.table({name: pa.array(list(column)) for name, column in columns.items()})
        for table, columns in columns_of(layout).items()
    }
