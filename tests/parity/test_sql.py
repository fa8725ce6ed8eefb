"""A query is worth what the rules are: whatever a row holds, each dialect gives the answer for one device."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from _devices import devices
from miexchange import Programme, Zone, sql
from miexchange.batch import appraise_frame, columns_out
from miexchange.laws._one_by_one import Row, rows_of, valued
from miexchange.programme.rules.age import AgeBand
from miexchange.strategies import programmes
from parity.tables import KINDS, columns_of, plain, rows
from parity.test_frame_laws import given_of
from property.effort import effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "sql"
SHIPPED = ("graded-trade-in", "mi-exchange-india")


def made(table: list[Row], programme: Programme) -> pa.Table:
    """Return rows as a table, each with its number."""
    frame = KINDS["arrow"](table, columns_of(programme))
    return frame.append_column("row", pa.array(range(len(table)), pa.int64()))


def mixed(programme: Programme, count: int, seed: int) -> pa.Table:
    """Return a table of mixed devices whose texts are plain, each with its number."""
    table = devices(programme, count, seed=seed, encoded=False)
    texts = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.columns]
    return pa.table(texts, names=table.column_names).append_column("row", pa.array(range(count), pa.int64()))


def named(table: pa.Table) -> list[str]:
    """Return the names that a table's devices go by."""
    return [name for name in table["model"].unique().to_pylist() if name is not None]


def columns(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name != "row"]


@cache
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def queried(text: str, table: pa.Table) -> pa.Table:
    """Ask DuckDB, and put the rows in their order."""
    engine().register("devices", table)
    return engine().sql(text).to_arrow_table().sort_by("row").drop_columns(["row"])


def answered(
    programme: Programme, table: pa.Table, given: Mapping[str, int], at: datetime | None = None, dialect: str = "duckdb"
) -> pa.Table:
    text = sql.query(
        programme, dialect=dialect, columns=columns(table), keep=["row"], names=named(table), at=at, bonuses_given=given
    )
    return queried(text if dialect == "duckdb" else sqlglot.transpile(text, read=dialect, write="duckdb")[0], table)


@effort(0.6)
@given(draw=st.data())
def test_a_query_is_worth_what_its_rows_are(draw: st.DataObject) -> None:
    """Promise 6, for a query: the same rules over expressions, for any programme, reasons included."""
    programme = draw.draw(programmes())
    table, counts = draw.draw(rows(programme)), given_of(draw, programme)
    found = answered(programme, made(table, programme), counts)
    assert rows_of(plain(found)) == [valued(row, programme, counts) for row in table]


@effort(0.2)
@given(draw=st.data())
def test_the_day_of_a_purchase_is_that_of_the_programmes_zone(draw: st.DataObject) -> None:
    """Age is counted in days of the programme's zone, whose clocks turn; also where a rule says when, after 2100."""
    programme = draw.draw(programmes())
    bands = (AgeBand(0, 10_000), AgeBand(12, 9_000), AgeBand(30, 5_000))
    terms = tuple(one.replace(age_bands=bands) for one in programme.terms)
    programme = replace(programme, zone=Zone("Europe/London"), terms=terms)
    table = draw.draw(rows(programme))
    for row in table:
        row["at"] = draw.draw(st.none() | st.sampled_from([row["at"], *_late(row["at"])]))
    found = answered(programme, made(table, programme), {})
    assert rows_of(plain(found)) == [valued(row, programme, {}) for row in table]


def _late(at: datetime | None) -> list[datetime]:
    """Return the same instant in other years: of summer, of winter, and of a far rule."""
    days = [(year, month) for year in (2099, 2450, 9_888) for month in (3, 7)]
    return [] if at is None else [at.replace(year=year, month=month, day=28) for year, month in days]


@effort(0.2)
@given(draw=st.data())
def test_the_instant_of_a_query_may_be_an_argument(draw: st.DataObject) -> None:
    """Promise 1: as a column or as one instant for all rows, it means the same."""
    programme = draw.draw(programmes())
    table = draw.draw(rows(programme))
    at = table[0]["at"] or programme.terms[0].effective_from
    found = answered(programme, made(table, programme).drop_columns(["at"]), {}, at)
    assert rows_of(plain(found)) == [valued(row, programme, {}, at) for row in table]


@pytest.mark.parametrize("name", SHIPPED)
def test_some_thousand_devices_are_worth_the_same_in_duckdb(name: str) -> None:
    programme = shipped_programme(name)
    table = mixed(programme, 3_000, seed=5)
    assert answered(programme, table, {}).to_pylist() == appraise_frame(table, programme).to_pylist()


@effort(0.2)
@given(draw=st.data())
def test_a_query_of_the_programme_without_indian_models_is_worth_the_same(draw: st.DataObject) -> None:
    programme = shipped_programme("uk-trade-in")
    table = draw.draw(rows(programme, 30))
    found = answered(programme, made(table, programme), {})
    assert rows_of(plain(found)) == [valued(row, programme, {}) for row in table]


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery"])
def test_a_dialect_that_is_not_at_hand_means_the_same_to_sqlglot(dialect: str) -> None:
    """The query of each is parsed, transpiled to DuckDB's dialect by sqlglot, and run."""
    programme = shipped_programme("graded-trade-in")
    table = mixed(programme, 500, seed=7)
    text = sql.query(
        programme, dialect=dialect, columns=columns(table), keep=["row"], names=named(table), loaded="loaded_"
    )
    for name, rows_looked_up in sql.tables(programme, names=named(table)).items():
        engine().register(f"loaded_{name}", rows_looked_up)
    found = queried(sqlglot.transpile(text, read=dialect, write="duckdb")[0], table)
    assert found.to_pylist() == appraise_frame(table, programme).to_pylist()


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "spark", "snowflake", "bigquery"])
def test_the_text_of_a_query_is_known(dialect: str) -> None:
    """What each dialect is given, word by word; `python -m parity.test_sql` writes it anew."""
    assert golden(dialect) == (GOLDEN / f"{dialect}.sql").read_bytes().decode()


def golden(dialect: str) -> str:
    return sql.query(shipped_programme("uk-trade-in"), dialect=dialect, keep=["order"], loaded="trade_in_")


@pytest.mark.parametrize("dialect", ["postgres", "spark", "snowflake", "bigquery"])
def test_a_query_with_its_tables_in_it_can_be_parsed(dialect: str) -> None:
    text = sql.query(shipped_programme("uk-trade-in"), dialect=dialect)
    parsed = sqlglot.parse_one(text, read=dialect)
    assert isinstance(parsed, exp.Select)
    assert parsed.named_selects == [*columns_out(shipped_programme("uk-trade-in"))]


def test_a_relation_of_duckdb_leads_to_a_relation() -> None:
    programme = shipped_programme("graded-trade-in")
    table = mixed(programme, 300, seed=3)
    engine().register("table_of_devices", table)
    answers = ", ".join(f"'{text}'" for text in table["screen_glass"].unique().to_pylist() if text is not None)
    encoded = f"CAST(screen_glass AS ENUM ({answers})) AS screen_glass"
    relation = engine().sql(f"SELECT * REPLACE ({encoded}) FROM table_of_devices")  # noqa: S608 - our own texts
    found = sql.appraise(relation, programme, keep=["row"])
    assert type(found) is type(relation)
    values = found.to_arrow_table().sort_by("row").drop_columns(["row"])
    assert values.to_pylist() == appraise_frame(table, programme).to_pylist()


def test_a_collation_that_ignores_case_finds_no_answer() -> None:
    """Promise 6: answers and names are compared exactly; no name is looked up twice."""
    programme = shipped_programme("uk-trade-in")
    connection = duckdb.connect()
    connection.execute("SET default_collation = 'NOCASE'")
    names = "UNNEST(['apple-ipad-10-64', 'Apple-iPad-10-64'])"
    answers = "'ON' AS power, 'all' AS works, 'clean' AS screen, 'good' AS body, 'free' AS lock"
    relation = connection.sql(f"SELECT {names} AS model, {answers}")
    found = sql.appraise(relation, programme, at=programme.terms[0].effective_from)
    expected = appraise_frame(relation.to_arrow_table(), programme, at=programme.terms[0].effective_from)
    assert found.to_arrow_table().to_pylist() == expected.to_pylist()
    assert "answer_unknown" in expected["reasons"].to_pylist()[0].split("|")


def test_a_lazy_frame_of_polars_leads_to_one() -> None:
    programme = shipped_programme("graded-trade-in")
    table = mixed(programme, 300, seed=3)
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    found = sql.appraise(frame.lazy(), programme, keep=["row"])
    assert type(found) is pl.LazyFrame
    assert found.collect_schema().names() == ["row", *columns_out(programme)]
    assert found.collect().drop("row").to_dicts() == appraise_frame(table, programme).to_pylist()


def same(found: pa.Table, expected: pa.Table) -> None:
    """Compare column by column: a million rows as Python objects would fill the memory."""
    assert found.column_names == expected.column_names
    for name in found.column_names:
        one, other = (_plain(column[name]) for column in (found, expected))
        assert one.equals(other), name


def _plain(column: pa.ChunkedArray) -> pa.Array:
    kind = pa.string() if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type) else pa.int64()
    return column.cast(kind).combine_chunks()


def _write() -> None:
    for dialect in ("duckdb", "postgres", "spark", "snowflake", "bigquery"):
        (GOLDEN / f"{dialect}.sql").write_bytes(golden(dialect).encode())


if __name__ == "__main__":
    _write()
