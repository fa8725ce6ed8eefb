"""`appraise`: values a Spark DataFrame of devices, by the rules of `miexchange.batch`.

Needs pyspark, the extra ``spark``, on the driver and on the executors. See docs/spark.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from miexchange._arguments import COLUMNS, FLAG, one_of, takes
from miexchange._extras import extra
from miexchange._value import instant
from miexchange.errors import out_of_range, unknown, wrong_type
from miexchange.programme import NONE_GIVEN

with extra("spark", "miexchange.spark"):
    import pyarrow as pa
    from pyspark.sql import functions as F  # noqa: N812 - its name everywhere
    from pyspark.sql.types import (
        BooleanType,
        DateType,
        LongType,
        NullType,
        StringType,
        StructField,
        StructType,
        TimestampNTZType,
        TimestampType,
    )

    from miexchange.batch import appraise_frame, columns_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pyspark.core.broadcast import Broadcast
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType

    from miexchange.programme import Programme

__all__ = ["appraise"]


@takes(keep=COLUMNS, engine=one_of("python", "sql"), names=COLUMNS, problems=FLAG)
def appraise(
    df: DataFrame,
    programme: Programme,
    *,
    at: datetime | None = None,
    keep: Collection[str] = (),
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    engine: Literal["python", "sql"] = "python",
    names: Collection[str] = (),
    problems: bool = False,
) -> DataFrame:
    """Value a Spark DataFrame of devices, a row each, as `miexchange.batch.appraise_frame` values a table.

    The columns of devices are those of `miexchange.batch.appraise_frame`: ``at`` is a TIMESTAMP,
    ``purchased_on`` a DATE (or a TIMESTAMP_NTZ at midnight), ``exchange_open`` and ``device_exchanged`` are
    BOOLEAN, all others are STRING. Only these and the kept ones are read. Nothing is shuffled: each
    partition is one stream of record batches, and its rows stay in it, in order. Like every
    transformation of Spark it is lazy; its arguments are checked at once, without running a job.

    Args:
        df: the devices.
        programme: the rules. They are broadcast once for each call; on Spark Connect, which has no
            broadcasts, they are sent with the function.
        at: the instant of the valuation, if the DataFrame has no column ``at``.
        keep: columns of the DataFrame that come first in the result, unchanged: a key, to identify its rows.
        bonuses_given: the number of times that each bonus with a quota was given so far; the same for every row.
        engine: ``python`` runs batches in Python on the executors; ``sql`` needs none there, but Spark 4 and the extra
            ``sql``: the programme is the query of `miexchange.sql.query`. Start the executors with
            ``-XX:-DontCompileHugeMethods`` for it, or Java interprets the query; see docs/spark.md.
        names: for ``sql``, the names in ``model`` besides ids, as there: any other name is refused as unknown.
        problems: whether the result has the column ``problems`` of `miexchange.batch.appraise_frame`, with the
            cells that refuse a row; only for engine ``python``.

    Returns:
        The kept columns, then those of `miexchange.batch.columns_out`: texts as STRING, amounts in minor units
        as BIGINT. They depend on the programme alone.

    Raises:
        InvalidValue: a column is missing, misspelled or of an unsuitable type; or
            an argument is of another type.

    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline, spark
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 3, 20, 12, tzinfo=UTC)
    >>> best = dict(headline("oneplus-3t-6-64", programme, at=at).condition)
    >>> good = {"order": "a", "model": "oneplus-3t-6-64", "warranty": None, **best, "screen_glass": "cracked"}
    >>> bad = {"order": "b", "model": "oneplus 9", "warranty": "under_warranty", **best}
    >>> df = session.createDataFrame([good, bad])  # a SparkSession
    >>> result = spark.appraise(df, programme, at=at, keep=["order"])
    >>> result.select("order", "outcome", "reasons", "deduction:display_minor", "coupon_value_minor").show()
    +-----+----------+-------------+-----------------------+------------------+
    |order|   outcome|      reasons|deduction:display_minor|coupon_value_minor|
    +-----+----------+-------------+-----------------------+------------------+
    |    a|indicative|             |                -364680|            835800|
    |    b|   refused|model_unknown|                   NULL|              NULL|
    +-----+----------+-------------+-----------------------+------------------+
    <BLANKLINE>
    """
    if not hasattr(type(df), "mapInArrow"):
        raise wrong_type("df", df, "give a Spark DataFrame")
    at = None if at is None else instant(at, "at")
    # A table without rows is valued here, on the driver: it has the same faults, and the columns of every result.
    empty = pa.Table.from_arrays([pa.nulls(0) for _ in df.columns], names=df.columns)
    values = appraise_frame(empty, programme, at=at, bonuses_given=bonuses_given, problems=problems).schema
    known = set().union(*columns_in(programme))
    _check_types(df.schema)
    keep = _kept(keep, df.columns, values.names)
    columns = [name for name in df.columns if name in known or name in keep]
    if engine == "sql":
        if problems:
            raise out_of_range("problems", problems, "take engine python, or leave it out", "is asked of engine sql")
        return _queried(df, programme, at, keep, known, names, bonuses_given)
    given = dict(bonuses_given)  # the caller's may change before a job runs
    rules = _shipped(programme, df.sparkSession)

    def appraise_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _values(batches, rules(), names=columns, at=at, keep=keep, bonuses_given=given, problems=problems)

    # Spark looks a column up by name, in which a dot separates a field and case may not matter. Positions are exact.
    placed = df.select(*map(_column, columns))
    placed = placed.toDF(*(f"_{place}" for place in range(len(columns))))
    return placed.mapInArrow(appraise_partition, _schema(df.schema, keep, values))


def _queried(
    df: DataFrame,
    programme: Programme,
    at: datetime | None,
    keep: Sequence[str],
    known: Collection[str],
    names: Collection[str],
    bonuses_given: Mapping[str, int],
) -> DataFrame:
    """Value a DataFrame by a query over it and the tables of the programme, which are broadcast."""
    from miexchange import sql  # noqa: PLC0415 - an extra of its own

    session = df.sparkSession
    if int(session.version.partition(".")[0]) < _SQL_FROM:
        raise out_of_range(
            "engine", "sql", f"take Spark {_SQL_FROM}, or engine python", f"is asked of {session.version}"
        )
    read = [name for name in df.columns if name in known]
    _check_texts(df.schema, read)
    # Renaming a result makes Spark analyse the query again; only names that differ in case alone need it.
    both = list(dict.fromkeys((*read, *keep)))
    has_to_rename = len({name.casefold() for name in both}) < len(both)
    kept = [f"_{place}" for place in range(len(keep))] if has_to_rename else keep
    placed = df.select(*map(_column, (*read, *keep) if has_to_rename else both))
    if has_to_rename:
        placed = placed.toDF(*read, *kept)
    text = sql.query(
        programme,
        dialect="spark",
        source="{devices}",
        columns=read,
        keep=kept,
        at=at,
        names=names,
        bonuses_given=bonuses_given,
        loaded="{miexchange_",
    )
    loaded = {}
    for name, table in sql.tables(programme, names=names, bonuses_given=bonuses_given).items():
        loaded[f"miexchange_{name}"] = F.broadcast(session.createDataFrame(table))
        text = text.replace(f"`{{miexchange_{name}`", f"\0{name}\1")
    # Anything else in braces, such as an option's name, is not a table.
    text = text.replace("`{devices}`", "\0devices\1").replace("{", "{{").replace("}", "}}")
    for name in loaded:
        text = text.replace(f"\0{name.removeprefix('miexchange_')}\1", f"{{{name}}}")
    found: dict[str, Any] = {"devices": placed, **loaded}
    result = session.sql(text.replace("\0devices\1", "{devices}"), None, **found)
    return result.toDF(*keep, *result.columns[len(keep) :]) if has_to_rename else result


_BYTES = "UTF8_BINARY"
"""The collation of a STRING without one."""
_SQL_FROM = 4
"""The first version of Spark that detects invalid UTF-8, which the query needs."""


def _column(name: str) -> Column:
    """Return a column by its exact name, in which a dot would otherwise separate a field."""
    return F.col(f"`{name.replace('`', '``')}`")


def _check_texts(devices: StructType, names: Collection[str]) -> None:
    """Refuse a column that is not a STRING if the query reads texts, and a day that is not a DATE.

    Raises:
        InvalidValue: the first such column.
    """
    for name in names:
        wanted = {"purchased_on": (DateType, NullType)}.get(name) or _TAKES.get(name, (StringType, NullType))
        of = devices[name].dataType
        # Texts are compared by the collation of their column, which may ignore case.
        if not isinstance(of, wanted) or getattr(of, "collation", _BYTES) != _BYTES:
            kind = of.simpleString().upper()
            rule = f"give a {wanted[0]().simpleString().upper()}, or engine python"
            raise wrong_type(name, kind, rule, f"is a column of {kind}")


def _shipped(programme: Programme, session: SparkSession) -> Callable[[], Programme]:
    """Return a function that gives an executor the programme: a broadcast, or on Spark Connect the programme itself."""
    context = getattr(session, "sparkContext", None)
    if context is None:
        return lambda: programme
    broadcast: Broadcast[Programme] = context.broadcast(programme)
    return lambda: broadcast.value


def _values(
    batches: Iterable[pa.RecordBatch],
    programme: Programme,
    *,
    names: Sequence[str],
    at: datetime | None,
    keep: Collection[str],
    bonuses_given: Mapping[str, int],
    problems: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Value one partition, a record batch at a time; this runs on the executors.

    Args:
        batches: its rows, as columns without meaningful names.
        programme: the rules; `miexchange.batch` compiles them once in each process, and caches them by digest.
        names: the names of the columns.
        at: the instant of the valuation, or None if there is a column of instants.
        keep: the columns that come first in the result.
        bonuses_given: the number of times that each bonus was given.
        problems: whether the refused rows list their problems.
    """
    for batch in batches:
        devices = pa.Table.from_arrays(batch.columns, names=list(names))
        # One thread: a task of Spark has one core.
        values = appraise_frame(devices, programme, at=at, bonuses_given=bonuses_given, threads=1, problems=problems)
        plain = [column.cast(pa.string()) if _is_text(column) else column for column in values.columns]
        kept = devices.select(list(keep))
        result = pa.Table.from_arrays([*kept.columns, *plain], names=[*keep, *values.column_names])
        yield from result.combine_chunks().to_batches()


def _is_text(column: Any) -> bool:
    return bool(pa.types.is_dictionary(column.type) or pa.types.is_string(column.type))


def _schema(devices: StructType, keep: Iterable[str], values: Any) -> StructType:
    """Return the columns of the result: kept ones unchanged, and Spark's types for an Arrow schema of values."""
    kept = [devices[name] for name in keep]
    kinds = [StringType() if _is_text(field) else LongType() for field in values]
    return StructType([*kept, *map(StructField, values.names, kinds)])


_TAKES: dict[str, tuple[type[DataType], ...]] = {
    "at": (TimestampType, NullType),
    "register_asked_at": (TimestampType, NullType),
    "purchased_on": (DateType, TimestampNTZType, NullType),
    "exchange_open": (BooleanType, NullType),
    "device_exchanged": (BooleanType, NullType),
}
_ADVICE = {
    "at": "give a TIMESTAMP, which is an instant; a TIMESTAMP_NTZ or a text is one only in a zone: say in which zone",
    "register_asked_at": "give a TIMESTAMP, which is an instant: say in which zone",
    "purchased_on": "give a DATE, or a TIMESTAMP_NTZ at midnight",
    "exchange_open": "give a BOOLEAN",
    "device_exchanged": "give a BOOLEAN",
}


def _check_types(devices: StructType) -> None:
    """Refuse a column whose type cannot be read. A wrong cell in a text column refuses only its row.

    Raises:
        InvalidValue: the first such column.
    """
    for field in devices:
        if not isinstance(field.dataType, _TAKES.get(field.name, object)):
            kind = field.dataType.simpleString().upper()
            raise wrong_type(field.name, kind, _ADVICE[field.name], f"is a column of {kind}")


def _kept(keep: Collection[str], there: Sequence[str], values: Sequence[str]) -> tuple[str, ...]:
    """Return the names of kept columns; refuse missing ones, and those that would be ambiguous in the result.

    Raises:
        InvalidValue: the first such column.
    """
    taken = {name.casefold() for name in values}
    for name in keep:
        if name not in there:
            raise unknown("df", "column", name, there, "leave it out of keep")
        if name.casefold() in taken:
            which = "the result has as a column already"
            raise out_of_range("keep", name, "rename it, or keep it once", which=which)
        taken.add(name.casefold())
    return tuple(keep)
