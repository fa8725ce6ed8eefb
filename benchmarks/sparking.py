"""How many devices a second Spark values on two cores of this machine, beside `appraise_frame` in one process.

Spark reads the rows as plain texts from a Parquet file, hands them to its Python workers in record batches and
takes the values back; `appraise_frame` has the same rows in memory. "The way alone" is Spark with a
function that values nothing, and returns as many columns, all null: what reading and handing over take.

The second table has the query, which needs no Python on the executors, beside a job that only reads the columns.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from _devices import devices
from _local_spark import NO_JAVA, java_home, local_spark
from _measure import Timing, is_quick, print_table, verdict
from miexchange import Programme, spark
from miexchange.batch import appraise_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

ROWS, QUICK = 1_000_000, 1_000
TURNS = 5
PARTITIONS = 8
SEED = 1
CORES = 2
BATCHES = (10_000, 100_000)  # rows of a record batch: what Spark does by itself, and ten times that
OURS = f"`appraise_frame`, {CORES} threads"
GOAL = 2  # times the way alone: the values are not to take longer than Spark takes to hand the rows over
READING = "Spark reads the columns, and discards them"
QUERY, STEPS = "`spark.appraise` by a query", "the same, `hugeMethodLimit` 8000"
QUERY_GOAL = 3  # million rows a second
COMPILE_ALL = "-XX:-DontCompileHugeMethods"  # otherwise HotSpot interprets the query


def plain(table: pa.Table) -> pa.Table:
    """Return the table as Spark has it: without dictionaries."""
    texts = (column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns)
    return pa.table(list(texts), names=table.column_names)


def handed_over(df: DataFrame, schema: StructType) -> DataFrame:
    """Send the columns to Python, and the columns of a result back, all null."""
    kinds = [pa.string() if field.dataType.typeName() == "string" else pa.int64() for field in schema]
    names = schema.names

    def nothing(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_arrays([pa.nulls(batch.num_rows, kind) for kind in kinds], names=names)

    return df.mapInArrow(nothing, schema)


def contenders(session: SparkSession, folder: Path, programme: Programme, rows: int) -> dict[str, Callable[[], object]]:
    """Return what is timed."""
    table = plain(devices(programme, rows, SEED))
    size = -(-rows // PARTITIONS)
    for part in range(PARTITIONS):
        pq.write_table(table.slice(part * size, size), folder / f"{part}.parquet")
    df = session.read.parquet(str(folder))
    schema = spark.appraise(df, programme).schema

    names = [name for name in table["model"].unique().to_pylist() if name is not None]

    def run(make: Callable[[], DataFrame], batch: int) -> None:
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(batch))
        make().write.format("noop").mode("overwrite").save()

    def query(limit: str) -> None:
        session.conf.set("spark.sql.codegen.hugeMethodLimit", limit)
        run(lambda: spark.appraise(df, programme, engine="sql", names=names), BATCHES[0])
        session.conf.unset("spark.sql.codegen.hugeMethodLimit")

    found: dict[str, Callable[[], object]] = {OURS: lambda: appraise_frame(table, programme, threads=CORES)}
    for batch in BATCHES:
        found[way(batch)] = lambda batch=batch: run(lambda: handed_over(df, schema), batch)  # type: ignore[misc]
        found[whole(batch)] = lambda batch=batch: run(lambda: spark.appraise(df, programme), batch)  # type: ignore[misc]
    found[READING] = lambda: run(lambda: df, BATCHES[0])
    return found | {QUERY: lambda: query("65535"), STEPS: lambda: query("8000")}  # Spark's own limit, and HotSpot's


def way(batch: int) -> str:
    """Return the name of the way alone, at so many rows a batch."""
    return f"Spark, {batch} rows a batch: the way alone"


def whole(batch: int) -> str:
    """Return the name of the values, at so many rows a batch."""
    return f"Spark, {batch} rows a batch: `spark.appraise`"


def main() -> None:
    """Print the table, or say why not."""
    quick = is_quick(__doc__)
    java = java_home()
    if java is None:
        print(f"No table of Spark: {NO_JAVA}.\n")
        return
    # Spark says to everybody that it does not know the newest pandas; nobody asks it for a pandas table here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    rows, programme = QUICK if quick else ROWS, Programme.load("graded-trade-in")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "devices"
        folder.mkdir()
        with local_spark(java, Path(temporary), spark__driver__extraJavaOptions=COMPILE_ALL) as session:
            timed = contenders(session, folder, programme, rows)
            for call in () if quick else timed.values():
                call()  # the first run starts the workers and compiles the programme in each
            taken: dict[str, list[float]] = {name: [] for name in timed}
            for _ in range(1 if quick else TURNS):
                for name, call in timed.items():
                    begin = time.perf_counter()
                    call()
                    taken[name].append(time.perf_counter() - begin)
    best = {name: Timing(tuple(turns)).best for name, turns in taken.items()}
    against = {whole(batch): verdict(best[whole(batch)] / best[way(batch)], GOAL) for batch in BATCHES}
    speeds = {name: rows / seconds / 1e6 for name, seconds in best.items()}
    lines = [
        (
            name,
            f"{speeds[name]:.2f} million",
            f"{seconds / rows * 1e9 * CORES / 3600:.2f}",
            f"{seconds / best[OURS]:.2f} x",
            *against.get(name, ("", "", "")),
        )
        for name, seconds in best.items()
        if name not in {READING, QUERY, STEPS}
    ]
    head = (
        f"{rows} devices, {CORES} cores",
        "rows a second",
        "core-hours for 10^9",
        "time against the first line",
        "against the way alone",
        "goal",
        "",
    )
    print_table("A Spark of this machine", head, lines)
    judged = (f">= {QUERY_GOAL} million", "met" if speeds[QUERY] >= QUERY_GOAL else "missed")
    print_table(
        "Without Python on the executors",
        (f"{rows} devices, {CORES} cores", "seconds", "rows a second", "goal", ""),
        [
            (name, f"{best[name]:.2f}", f"{speeds[name]:.2f} million", *(judged if name == QUERY else ("", "")))
            for name in (READING, whole(BATCHES[0]), QUERY, STEPS)
        ],
    )


if __name__ == "__main__":
    main()
