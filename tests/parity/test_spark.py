"""A DataFrame of Spark is worth what the same table is here, row by row; on a real Spark, on two cores."""

from __future__ import annotations

import doctest
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyspark
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from pyspark.sql import functions as F  # noqa: N812 - its name everywhere
from pyspark.sql.types import LongType, StringType

from _devices import devices
from _local_spark import NO_JAVA, java_home, local_spark
from docs_shell import blocks
from miexchange import InvalidValue, Programme, spark
from miexchange.batch import appraise_frame, columns_out
from miexchange.laws._one_by_one import Row, rows_of, valued
from miexchange.strategies import programmes
from parity.hostile import hostile
from parity.tables import KINDS, columns_of, rows
from parity.test_sql import same
from property.effort import PROOF
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy
    from pyspark.sql import DataFrame, SparkSession

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2018, 4, 20, 12, tzinfo=UTC)
EXAMPLES, ORDINARY, MIXED = 60, 300, 3_000
MANY = 10**6 if PROOF else 20_000
HAS_QUERY = int(pyspark.__version__.partition(".")[0]) >= 4
SMALL_BATCH = 128  # rows of a record batch: a partition is a stream of several

STEP = re.compile(r"^[ :+*-]*(?:\(\d+\) )?([A-Z][A-Za-z]+(?: parquet)?)", re.MULTILINE)
"""A line of a physical plan."""

SHIPPED = ("graded-trade-in", "mi-exchange-india")
JAVA = java_home()
# One worker starts the one Spark.
pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.skipif(JAVA is None, reason=NO_JAVA)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Start a Spark on whose executors no pandas can be imported."""
    assert JAVA is not None
    without = tmp_path_factory.mktemp("without")
    (without / "pandas.py").write_text("raise ImportError('an executor needs no pandas')\n", encoding="utf-8")
    with local_spark(
        JAVA,
        tmp_path_factory.mktemp("spark"),
        spark__executorEnv__PYTHONPATH=str(without),
        spark__sql__parquet__datetimeRebaseModeInRead="CORRECTED",  # as it is from Spark 4 on
        spark__driver__extraJavaOptions="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # quick to start: it runs a minute
        spark__sql__execution__arrow__maxRecordsPerBatch=str(SMALL_BATCH),
    ) as started:
        yield started


@pytest.fixture(scope="module")
def programme() -> Programme:
    return shipped_programme("graded-trade-in")


@pytest.fixture(scope="module")
def mixed(programme: Programme) -> pa.Table:
    table = devices(programme, MIXED, seed=5, encoded=False)
    return numbered(pa.table([_plain(column) for column in table.columns], names=table.column_names))


@pytest.fixture(scope="module")
def df(session: SparkSession, mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    return loaded(session, mixed, tmp_path_factory.mktemp("mixed"))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def numbered(table: pa.Table) -> pa.Table:
    """Give each row its number, which the rows of the result are found by."""
    return table.append_column("row", pa.array(range(table.num_rows), pa.int64()))


def loaded(session: SparkSession, table: pa.Table, folder: Path, partitions: int = 3) -> DataFrame:
    """Hand a table to Spark as a file, with its rows strewn over partitions."""
    pq.write_table(table, folder / "devices.parquet")
    return session.read.parquet(str(folder)).repartition(partitions)


def arrow(df: Any) -> pa.Table:  # noqa: ANN401 - a DataFrame, of which the types of one version know one way only
    """Return a DataFrame as a table; before Spark 4 the way is a private one."""
    return df.toArrow() if hasattr(df, "toArrow") else pa.Table.from_batches(df._collect_as_arrow())  # noqa: SLF001


def collected(result: DataFrame) -> pa.Table:
    """Return the rows of a result in the order of their numbers, without these."""
    return arrow(result).sort_by("row").drop_columns(["row"])


def drawn(strategy: SearchStrategy[Any], examples: int) -> list[Any]:
    """Draw examples, always the same ones."""
    found: list[Any] = []

    @seed(1)
    @settings(max_examples=examples, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(example=strategy)
    def collect(example: Any) -> None:  # noqa: ANN401 - of any strategy
        found.append(example)

    collect()
    return found


def drawn_rows(programme: Programme) -> list[Row]:
    """Draw some 150 rows that anything may be wrong with: few of them lead to a quote."""
    return [row for table in drawn(rows(programme), EXAMPLES) for row in table]


@pytest.mark.parametrize("name", [pytest.param("graded-trade-in", marks=pytest.mark.sweep), "mi-exchange-india"])
def test_every_row_is_worth_what_one_device_is(session: SparkSession, tmp_path: Path, name: str) -> None:
    """Promise 6: scalar = batch = Spark, for every row, reasons included."""
    programme = shipped_programme(name)
    ordinary = devices(programme, ORDINARY, seed=3).to_pylist()
    table = drawn_rows(programme) + [dict.fromkeys(columns_of(programme)) | row for row in ordinary]
    arrow = KINDS["arrow"](table, columns_of(programme))
    counts = {one.id: 1 for terms in programme.terms for one in terms.bonuses if one.quota is not None}
    given_df = loaded(session, numbered(arrow), tmp_path)
    result = collected(spark.appraise(given_df, programme, keep=["row"], bonuses_given=counts)).to_pylist()
    assert result == appraise_frame(arrow, programme, bonuses_given=counts).to_pylist()
    assert rows_of(result) == [valued(row, programme, counts) for row in table]
    assert {row["outcome"] for row in result} == {"quote", "indicative", "refused"}
    assert len({row["reasons"] for row in result}) > 20


@pytest.mark.parametrize("partitions", [1, 7])
def test_partitions_and_the_order_of_rows_leave_no_trace(
    df: DataFrame, mixed: pa.Table, programme: Programme, partitions: int
) -> None:
    """Promise 1: the same inputs give the same answer, however Spark shares the work."""
    strewn = df.repartition(partitions, F.hash("model", "row"))
    result = collected(spark.appraise(strewn, programme, keep=["row"]))
    expected = appraise_frame(mixed, programme)
    assert result.column_names == expected.column_names
    assert [name for name in expected.column_names if result[name] != expected[name].cast(result[name].type)] == []
    assert set(pc.unique(result["outcome"]).to_pylist()) == {"quote", "indicative", "refused"}


def test_without_a_key_the_rows_are_in_order(
    session: SparkSession, mixed: pa.Table, programme: Programme, tmp_path: Path
) -> None:
    few = mixed.slice(0, 300)
    pq.write_table(few, tmp_path / "few.parquet")
    result = arrow(spark.appraise(session.read.parquet(str(tmp_path)).coalesce(1), programme))
    assert result.to_pylist() == appraise_frame(few, programme).to_pylist()


def test_the_result_depends_on_the_programme_alone(df: DataFrame, programme: Programme) -> None:
    schema = spark.appraise(df, programme).schema
    assert tuple(schema.names) == columns_out(programme)
    texts = {field.name for field in schema if field.dataType == StringType()}
    assert texts == {"outcome", "reasons", "warnings", "grade"}
    assert {field.dataType for field in schema if field.name not in texts} == {LongType()}
    assert spark.appraise(df.select("model", "at", *_required(programme)).limit(0), programme).schema == schema


def _required(programme: Programme) -> list[str]:
    return [question.asked_as for question in programme.terms[-1].questionnaire.questions if not question.optional]


def test_a_table_without_rows_has_a_result_without_rows(df: DataFrame, programme: Programme) -> None:
    assert spark.appraise(df.limit(0), programme).collect() == []


def test_kept_columns_come_first_and_as_they_are(df: DataFrame, programme: Programme) -> None:
    odd = df.select(
        *df.columns,
        F.struct("row", "model").alias("shop.order"),
        F.array("imei", "target").alias("it`s"),
        F.col("row").cast("decimal(20, 2)").alias("Größe"),
    )
    keep = ["it`s", "row", "at", "imei", "shop.order", "Größe"]
    result = spark.appraise(odd, programme, keep=keep)
    assert result.columns == [*keep, *columns_out(programme)]
    kept = arrow(result).select(keep).sort_by("row")
    assert kept == arrow(odd).select(keep).sort_by("row").cast(kept.schema)


def test_a_column_that_holds_no_texts_refuses_its_rows(session: SparkSession, programme: Programme) -> None:
    """Promise 8: a number is no text, and each row says so; nothing is dropped."""
    texts = dict.fromkeys(columns_of(programme), "'x'")
    texts |= {"at": "TIMESTAMP '2018-04-20 12:00:00'", "purchased_on": "DATE '2017-01-01'"}
    texts |= {"exchange_open": "NULL", "device_exchanged": "NULL", "register_asked_at": texts["at"]}
    faults = {"imei": "354178036859789L", "imei2": "1.5D", "model": "7", "target": "array(1)", "power": "X'00'"}
    for name, fault in faults.items():
        cells = ", ".join(f"{cell} AS `{column}`" for column, cell in (texts | {name: fault}).items())
        one = session.sql(f"SELECT 0L AS row, {cells}")
        result = collected(spark.appraise(one, programme, keep=["row"])).to_pylist()
        assert result == appraise_frame(arrow(one), programme).to_pylist()
        assert result[0]["outcome"] == "refused"


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "-08:00"])
def test_the_zone_of_the_session_moves_no_instant(
    session: SparkSession, df: DataFrame, mixed: pa.Table, programme: Programme, zone: str
) -> None:
    before = session.conf.get("spark.sql.session.timeZone")
    assert before is not None
    session.conf.set("spark.sql.session.timeZone", zone)
    try:
        result = collected(spark.appraise(df, programme, keep=["row"]))
    finally:
        session.conf.set("spark.sql.session.timeZone", before)
    assert result.to_pylist() == appraise_frame(mixed, programme).to_pylist()


def test_a_time_without_a_zone_is_an_instant_once_its_zone_is_said(df: DataFrame, programme: Programme) -> None:
    """As the page says it is done."""
    said = F.expr("to_utc_timestamp(cast(at AS timestamp), 'Asia/Kolkata')")
    there = df.drop("at").withColumn("at", F.expr("TIMESTAMP_NTZ '2018-04-20 17:30:00'")).withColumn("at", said)
    result = spark.appraise(there, programme, keep=["row", "at"])
    assert pc.unique(arrow(result)["at"]).to_pylist() == [AT]
    expected = spark.appraise(df.drop("at"), programme, at=AT, keep=["row"])
    assert collected(result.drop("at")) == collected(expected)


def test_the_instant_may_be_an_argument(df: DataFrame, mixed: pa.Table, programme: Programme) -> None:
    """Promise 1: the clock is an argument; and what a caller does to a dict after the call changes nothing."""
    counts = {"redmi-note-5-launch": 0}
    result = spark.appraise(df.drop("at"), programme, at=AT, keep=["row"], bonuses_given=counts)
    expected = appraise_frame(mixed.drop_columns(["at"]), programme, at=AT, bonuses_given=counts)
    counts["redmi-note-5-launch"] = 10**9
    assert collected(result).to_pylist() == expected.to_pylist()


WRONG: list[tuple[str, Callable[[DataFrame], Any], dict[str, Any], str]] = [
    ("no DataFrame", lambda _: 7, {}, "give a Spark DataFrame"),
    ("a column missing", lambda df: df.drop("model"), {}, "frame has no column model: add it"),
    (
        "a column misspelled",
        lambda df: df.withColumnRenamed("box", "box_"),
        {},
        "frame has no column box: rename 'box_' to box",
    ),
    ("a column twice", lambda df: df.select("*", "model"), {}, "frame has two columns 'model': rename one of them"),
    (
        "no zone",
        lambda df: df.withColumn("at", F.col("at").cast("timestamp_ntz")),
        {},
        "at is a column of TIMESTAMP_NTZ: .*which zone",
    ),
    (
        "no instant",
        lambda df: df.withColumn("at", F.lit("2018-04-20")),
        {},
        "at is a column of STRING: give a TIMESTAMP",
    ),
    (
        "no date",
        lambda df: df.withColumn("purchased_on", F.col("at")),
        {},
        "purchased_on is a column of TIMESTAMP: give a DATE",
    ),
    (
        "no flag",
        lambda df: df.withColumn("exchange_open", F.lit(1)),
        {},
        "exchange_open is a column of INT: give a BOOLEAN",
    ),
    ("two instants", lambda df: df, {"at": AT}, "give one of the two"),
    ("no instant given", lambda df: df.drop("at"), {"at": "now"}, "give an instant"),
    ("no counts", lambda df: df, {"bonuses_given": 3}, "give a mapping"),
    ("nothing to keep", lambda df: df, {"keep": ["rwo"]}, "df has no column 'rwo': write row"),
    ("nothing like it", lambda df: df, {"keep": [None]}, "give a list of names of columns"),
    ("a text to keep", lambda df: df, {"keep": "row"}, "give a list"),
    ("a number to keep", lambda df: df, {"keep": 1}, "give a list"),
    ("kept twice", lambda df: df, {"keep": ["row", "row"]}, "keep it once"),
    ("a name taken", lambda df: df.withColumnRenamed("row", "Outcome"), {"keep": ["Outcome"]}, "rename it"),
]


@pytest.mark.parametrize(("change", "arguments", "words"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_what_is_wrong_is_said_before_any_job_runs(
    session: SparkSession,
    df: DataFrame,
    programme: Programme,
    change: Callable[[DataFrame], DataFrame],
    arguments: dict[str, Any],
    words: str,
) -> None:
    def jobs() -> list[int]:
        return list(session.sparkContext.statusTracker().getJobIdsForGroup(None))

    changed, before = change(df), jobs()
    with pytest.raises(InvalidValue, match=words):
        spark.appraise(changed, programme, **arguments)
    assert jobs() == before


def test_no_programme_is_said_before_any_job_runs(df: DataFrame) -> None:
    with pytest.raises(InvalidValue, match="give a Programme"):
        spark.appraise(df, "graded-trade-in")  # type: ignore[arg-type]


def told(session: SparkSession) -> dict[int, tuple[int, bool]]:
    """Ask the workers how often each compiled a programme, and whether it has loaded pandas."""

    def probe(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import os  # noqa: PLC0415 - this runs in a process of Spark
        import sys  # noqa: PLC0415 - as above

        from miexchange.batch.plan import _plan  # noqa: PLC0415 - as above

        cached = _plan._plan_of.cache_info()  # noqa: SLF001 - what is asked about
        for _ in batches:
            answer = {"worker": os.getpid(), "compiled": cached.misses, "pandas": "pandas" in sys.modules}
            yield pa.RecordBatch.from_pylist([answer])

    schema = "worker bigint, compiled bigint, pandas boolean"
    answers = session.range(0, 400, numPartitions=8).mapInArrow(probe, schema).collect()
    return {row["worker"]: (row["compiled"], row["pandas"]) for row in answers}


def test_a_process_compiles_a_programme_once(session: SparkSession, df: DataFrame, programme: Programme) -> None:
    """However many partitions and record batches it gets, and however often the same rules are sent."""
    other = replace(programme, title="a programme that no process has seen")
    before = told(session)
    for _ in range(2):
        spark.appraise(df.repartition(8), other).write.format("noop").mode("overwrite").save()
    after = told(session)
    assert after
    fresh = {worker: compiled - before.get(worker, (0, False))[0] for worker, (compiled, _) in after.items()}
    assert set(fresh.values()) <= {0, 1}
    assert 1 in fresh.values()


def test_no_worker_loads_pandas(session: SparkSession, df: DataFrame, programme: Programme) -> None:
    spark.appraise(df, programme).write.format("noop").mode("overwrite").save()
    assert {pandas for _, pandas in told(session).values()} == {False}


def test_nothing_is_shuffled_and_only_what_is_needed_is_read(
    session: SparkSession, mixed: pa.Table, programme: Programme, tmp_path: Path
) -> None:
    """The plan is the one that the page shows."""
    pq.write_table(mixed.append_column("remark", pa.array(["-"] * MIXED)), tmp_path / "devices.parquet")
    result = spark.appraise(session.read.parquet(str(tmp_path)), programme, keep=["row"])
    plan: str = result._jdf.queryExecution().executedPlan().toString()  # noqa: SLF001
    steps = [step.removeprefix("Python") for step in STEP.findall(plan)]  # which it was called before Spark 4
    assert steps == ["MapInArrow", "Project", "ColumnarToRow", "FileScan parquet"]
    assert "remark" not in plan
    page = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
    assert [step for step in STEP.findall(page) if step in {*steps, "Exchange"}] == steps


def test_a_partition_is_one_stream(mixed: pa.Table, programme: Programme) -> None:
    """Its memory is bounded: a record batch is asked for when the one before it is done with."""
    asked: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(mixed.to_batches(max_chunksize=1_000)):
            asked.append(number)
            yield batch

    arguments: dict[str, Any] = {"names": mixed.column_names, "at": None, "keep": ("row",), "bonuses_given": {}}
    stream = spark._values(batches(), programme, **arguments)  # noqa: SLF001 - what an executor calls
    parts = []
    for number, part in enumerate(stream):
        assert asked == list(range(number + 1))
        parts.append(part)
    assert len(parts) == len(asked)
    expected = appraise_frame(mixed, programme)
    assert pa.Table.from_batches(parts).drop_columns(["row"]).to_pylist() == expected.to_pylist()


def test_the_example_runs(session: SparkSession) -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(spark.appraise, globs={"session": session})
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


# The engine without Python.

of_query = pytest.mark.skipif(not HAS_QUERY, reason="the query needs Spark 4")


def names_in(table: pa.Table) -> list[str]:
    return [name for name in table["model"].unique().to_pylist() if name is not None]


@of_query
@pytest.mark.sweep
@pytest.mark.parametrize("name", SHIPPED)
def test_a_query_is_worth_what_one_device_is(session: SparkSession, tmp_path: Path, name: str) -> None:
    """Promise 6, by a query: no Python runs on the executors, and every row is worth the same, reasons included."""
    programme = shipped_programme(name)
    table = drawn_rows(programme)
    frame = numbered(KINDS["arrow"](table, columns_of(programme)))
    loaded_frame = loaded(session, frame, tmp_path)
    result = spark.appraise(loaded_frame, programme, keep=["row"], engine="sql", names=names_in(frame))
    assert "Arrow" not in result._jdf.queryExecution().executedPlan().toString()  # noqa: SLF001 - the only way to it
    assert rows_of(collected(result).to_pylist()) == [valued(row, programme, {}) for row in table]


@of_query
@pytest.mark.sweep
def test_bytes_that_are_no_text_are_the_same_to_a_query(df: DataFrame, mixed: pa.Table, programme: Programme) -> None:
    """Each column in a fifth of the rows, so that one row has no two."""
    columns, odd, frame = (
        ("model", "imei", "imei_status", "screen_glass", "target"),
        F.expr("CAST(X'FF41' AS STRING)"),
        df,
    )
    for place, column in enumerate(columns):
        frame = frame.withColumn(column, F.when(F.col("row") % len(columns) == place, odd).otherwise(F.col(column)))
    one, other = (
        collected(spark.appraise(frame, programme, keep=["row"], engine=engine, names=names_in(mixed)))
        for engine in ("python", "sql")
    )
    same(other, one)


@of_query
@pytest.mark.sweep
@pytest.mark.parametrize("name", SHIPPED)
def test_many_devices_are_worth_the_same_to_a_query(session: SparkSession, tmp_path: Path, name: str) -> None:
    programme = shipped_programme(name)
    table = hostile(programme, MANY, seed=11)
    frame = loaded(session, table, tmp_path)
    result = spark.appraise(frame, programme, keep=["row"], engine="sql", names=names_in(table))
    result.write.parquet(str(tmp_path / "valued"))
    found = pq.read_table(tmp_path / "valued").sort_by("row").drop_columns(["row"])
    same(found, appraise_frame(table, programme))


@of_query
@pytest.mark.sweep
def test_hostile_devices_of_any_programme_are_worth_the_same_to_a_query(session: SparkSession, tmp_path: Path) -> None:
    """Promise 6: the last of some programmes, which are larger than the first ones drawn."""
    for number, programme in enumerate(drawn(programmes(), 20)[-2:]):
        table, folder = hostile(programme, 500, number), tmp_path / f"{number}"
        folder.mkdir()
        counts = {one.id: one.quota or 0 for terms in programme.terms for one in terms.bonuses if one.quota is not None}
        result = spark.appraise(
            loaded(session, table, folder),
            programme,
            keep=["row"],
            engine="sql",
            names=names_in(table),
            bonuses_given=counts,
        )
        same(collected(result), appraise_frame(table, programme, bonuses_given=counts))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("screen_glass", "BIGINT"),
        ("purchased_on", "TIMESTAMP_NTZ"),
        pytest.param("screen_glass", "STRING COLLATE UTF8_LCASE", marks=of_query),
    ],
)
def test_a_query_takes_no_column_of_another_type(df: DataFrame, programme: Programme, column: str, kind: str) -> None:
    frame = df.withColumn(column, F.expr(f"CAST(NULL AS {kind})"))
    refused = f"{column} is a column of {kind}: give a" if HAS_QUERY else "take Spark 4, or engine python"
    with pytest.raises(InvalidValue, match=refused):
        spark.appraise(frame, programme, engine="sql")


@pytest.mark.sweep
def test_the_blocks_of_the_page_run(session: SparkSession, mixed: pa.Table, tmp_path: Path) -> None:
    """They are one script; its relative paths are Spark's own, and so are put into a folder of the test's."""
    few = mixed.slice(0, SMALL_BATCH).rename_columns(
        ["order_id" if one == "row" else one for one in mixed.column_names]
    )
    pq.write_table(few, tmp_path / "devices")
    names: dict[str, Any] = {"session": session}
    for block in blocks(ROOT / "docs" / "spark.md"):
        if block.kind == "python":
            text = re.sub(r'parquet\("(\w+)"\)', rf'parquet("{tmp_path}/\1")', block.text)
            exec(compile(text, "docs/spark.md", "exec"), names)  # noqa: S102 - our own page
    ids = pc.sort_indices(few["order_id"])
    assert sorted(pq.read_table(tmp_path / "values")["order_id"].to_pylist()) == few["order_id"].take(ids).to_pylist()
    by_query = arrow(names["values"])
    assert by_query.num_rows == len(ids)
