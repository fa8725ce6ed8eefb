"""How many devices a second Spark values on the cores of this machine, beside `appraise_frame` in one process.

Both read the same rows as plain texts: Spark from a Parquet file, which it hands to its Python workers in
record batches and takes the values back; `appraise_frame` from memory. "Handed to Python and back" is Spark
with a function that does nothing but return amounts of the right number of columns: what the way takes.
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

ROWS, QUICK = 1_000_000, 5_000
TURNS = 5
PARTITIONS = 8
SEED = 1
CORES = 2
BATCHES = (10_000, 100_000)  # rows of a record batch: what Spark does by itself, and ten times that
GOAL = 0.5  # of the rate of `appraise_frame`: the way there and back is not to cost more than the values


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
    for part in range(PARTITIONS):
        size = -(-rows // PARTITIONS)
        pq.write_table(table.slice(part * size, size), folder / f"{part}.parquet")
    df = session.read.parquet(str(folder))
    schema = spark.appraise(df, programme).schema

    def run(make: Callable[[], DataFrame], batch: int) -> None:
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(batch))
        make().write.format("noop").mode("overwrite").save()

    found: dict[str, Callable[[], object]] = {
        f"`appraise_frame`, {CORES} threads": lambda: appraise_frame(table, programme, threads=CORES),
    }
    for batch in BATCHES:
        name = f"{batch} rows a batch"
        found[f"`spark.appraise`, {name}"] = lambda batch=batch: run(lambda: spark.appraise(df, programme), batch)  # type: ignore[misc]
        found[f"- handed to Python and back, {name}"] = lambda batch=batch: run(  # type: ignore[misc]
            lambda: handed_over(df, schema), batch
        )
    return found


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
        with local_spark(java, Path(temporary)) as session:
            timed = contenders(session, folder, programme, rows)
            for call in timed.values():
                call()  # the first run starts the workers and compiles the programme in each
            taken: dict[str, list[float]] = {name: [] for name in timed}
            for _ in range(1 if quick else TURNS):
                for name, call in timed.items():
                    begin = time.perf_counter()
                    call()
                    taken[name].append(time.perf_counter() - begin)
    best = {name: Timing(tuple(turns)).best for name, turns in taken.items()}
    ours = next(iter(best.values()))
    lines = [
        (
            name,
            f"{rows / seconds / 1e6:.2f} million/s",
            f"{seconds / rows * 1e9 * CORES / 3600:.2f}",
            *(verdict(ours / seconds, GOAL, at_least=True) if "spark" in name else (f"{ours / seconds:.2f} x", "", "")),
        )
        for name, seconds in best.items()
    ]
    head = (f"{rows} devices, {CORES} cores", "rows", "core-hours for 10^9", "rate against the first line", "goal", "")
    print_table("A Spark of this machine", head, lines)


if __name__ == "__main__":
    main()
