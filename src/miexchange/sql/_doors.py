"""`appraise`: lazy tables stay lazy. A DuckDB relation gives a relation; a Polars LazyFrame gives a LazyFrame."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from miexchange._arguments import COLUMNS, maybe, takes
from miexchange._value import instant
from miexchange.batch import appraise_frame, columns_in
from miexchange.batch.arrow._columns import check_names
from miexchange.batch.plan._plan import plan_of
from miexchange.errors import unknown, wrong_type
from miexchange.programme import NONE_GIVEN, Programme
from miexchange.sql._dialects import quoted
from miexchange.sql._query import check_free, query

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

__all__ = ["appraise"]

_TYPES = {
    "at": ("TIMESTAMP WITH TIME ZONE",),
    "register_asked_at": ("TIMESTAMP WITH TIME ZONE",),
    "purchased_on": ("DATE",),
    "exchange_open": ("BOOLEAN",),
    "device_exchanged": ("BOOLEAN",),
}
_TEXT = ("VARCHAR", "ENUM")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_NULL = '"NULL"'
_NUMBERS = count()


@takes(keep=COLUMNS, names=maybe(COLUMNS))
def appraise(
    devices: Any,
    programme: Programme,
    *,
    at: datetime | None = None,
    keep: Collection[str] = (),
    names: Collection[str] | None = None,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
) -> Any:
    """Value a lazy table of devices: nothing is computed until its result is requested.

    Args:
        devices: a relation of DuckDB, which is valued by `query`, or a LazyFrame of Polars, whose batches are valued
            by `miexchange.batch.appraise_frame`; with the columns of that function.
        programme: the rules.
        at: the instant of the valuation, if the table has no column ``at``.
        keep: columns of the table that come first in the result, unchanged: a key, to identify its rows.
        names: for a relation, the names in ``model`` besides ids. By default they are read from it, once and
            immediately; give them, or none, if it is large and slow to compute.
        bonuses_given: the number of times that each bonus with a quota was given so far; the same for every row.

    Returns:
        A relation or a LazyFrame: the kept columns, then those of `miexchange.batch.columns_out`. The rows of a
        LazyFrame keep their order, those of a relation have none.

    Raises:
        InvalidValue: a column is missing, misspelled or of an unsuitable type; or an argument
            is of another type.

    >>> import duckdb
    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 3, 20, 12, tzinfo=UTC)
    >>> best = headline("oneplus-3t-6-64", programme, at=at).condition
    >>> cells = ", ".join(f"'{answer}' AS {question}" for question, answer in best.items())
    >>> phones = duckdb.sql(f"SELECT 'oneplus-3t-6-64' AS model, NULL::VARCHAR AS warranty, {cells}")
    >>> appraise(phones, programme, at=at).fetchall()[0][:4]
    ('indicative', '', '', 'A')
    """
    kind = type(devices)
    if kind.__name__ == "LazyFrame" and kind.__module__.startswith("polars"):
        return _of_polars(devices, programme, at, tuple(keep), bonuses_given)
    if kind.__name__ == "DuckDBPyRelation":
        return _of_duckdb(devices, programme, at, tuple(keep), names, bonuses_given)
    raise wrong_type("devices", devices, "give a relation of DuckDB or a LazyFrame of Polars")


def _check_kept(keep: Sequence[str], there: Sequence[str]) -> None:
    for name in keep:
        if name not in there:
            raise unknown("devices", "column", name, there, "leave it out of keep")


def _of_polars(
    devices: Any, programme: Programme, at: datetime | None, keep: Sequence[str], bonuses_given: Mapping[str, int]
) -> Any:
    import polars as pl  # noqa: PLC0415 - the caller has it

    schema = devices.collect_schema()
    empty = appraise_frame(schema.to_frame(), programme, at=at, bonuses_given=bonuses_given)
    _check_kept(keep, schema.names())
    check_free(keep, empty.columns)
    required, optional = columns_in(programme)
    read = [name for name in schema.names() if name in required | optional]
    given, moment = dict(bonuses_given), None if at is None else instant(at, "at")

    def value(batch: pl.DataFrame) -> pl.DataFrame:
        values = appraise_frame(batch.select(read), programme, at=moment, bonuses_given=given)
        texts = [name for name, one in values.schema.items() if one != pl.Int64]
        return pl.concat([batch.select(keep), values.with_columns(pl.col(texts).cast(pl.String))], how="horizontal")

    kinds = {name: pl.Int64 if one == pl.Int64 else pl.String for name, one in empty.schema.items()}
    wanted = devices.select(list(dict.fromkeys((*read, *keep))))
    return wanted.map_batches(value, schema={**{name: schema[name] for name in keep}, **kinds}, streamable=True)


def _of_duckdb(
    devices: Any,
    programme: Programme,
    at: datetime | None,
    keep: Sequence[str],
    names: Collection[str] | None,
    bonuses_given: Mapping[str, int],
) -> Any:
    required, optional = columns_in(programme)
    numeric = plan_of(programme).numeric
    kinds = dict(zip(devices.columns, map(str, devices.types), strict=True))
    check_names(kinds, required if at is None else required - {"at"}, optional, "devices")
    read = [name for name in kinds if name in required | optional]
    _check_kept(keep, list(kinds))
    columns = []
    for name in dict.fromkeys((*read, *keep)):
        column = quoted(name, "duckdb")
        if name in read:
            kind = kinds[name]
            wanted = _TYPES.get(name, (*_TEXT, *_WHOLE) if name in numeric else _TEXT)
            if not kind.startswith(wanted) and kind != _NULL:
                raise wrong_type(name, kind, f"give {wanted[0]}", f"is a column of {kind}")
            given = column
            if kind.startswith(("ENUM", *_WHOLE)) or kind == _NULL:
                column = f"CAST({column} AS {wanted[0]})"
            if wanted[0] in _TEXT:  # the connection, or the column, may have a collation that ignores case
                column = f'{column} COLLATE "C"'
            column = f"{column} AS {given}"
        columns.append(column)
    devices = devices.project(", ".join(columns))
    if names is None:
        names = (
            [name for (name,) in devices.project("model").distinct().fetchall() if name is not None]
            if "model" in kinds
            else ()
        )
    # A view registered by the caller under the same name would silently be read instead.
    own = f"miexchange devices {next(_NUMBERS)}"
    text = query(programme, source=own, columns=read, keep=keep, at=at, names=names, bonuses_given=bonuses_given)
    return devices.query(own, text)
