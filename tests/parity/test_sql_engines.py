"""A query on the real engines: many devices are worth the same in DuckDB and in PostgreSQL; see `test_spark`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv

from ledger import server
from miexchange import Programme, sql
from miexchange.batch import appraise_frame, columns_out
from miexchange.laws._one_by_one import rows_of, valued
from miexchange.strategies import programmes
from parity.hostile import hostile
from parity.tables import rows
from parity.test_frame_laws import given_of
from parity.test_sql import answered, columns, made, named, same
from property.effort import PROOF, effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHIPPED = ("graded-trade-in", "mi-exchange-india", "uk-trade-in")
MANY = 10**6 if PROOF else 10**5

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="module")
def postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    run = getattr(request.config, "workerinput", {}).get("testrunuid") or uuid4().hex
    with server.postgresql(run) as url:
        yield url


@pytest.mark.parametrize("name", SHIPPED)
def test_many_devices_are_worth_the_same_in_duckdb(name: str) -> None:
    programme = shipped_programme(name)
    table = hostile(programme, MANY, seed=11)
    same(answered(programme, table, {}), appraise_frame(table, programme))


_LOADED: dict[pa.DataType, tuple[pa.DataType, str, str]] = {
    pa.timestamp("us", "UTC"): (pa.int64(), "BIGINT", "TIMESTAMPTZ 'epoch' + {} * INTERVAL '1 microsecond'"),
    pa.date32(): (pa.int32(), "INT", "DATE '1970-01-01' + {}"),
    pa.bool_(): (pa.bool_(), "BOOLEAN", "{}"),
    pa.int64(): (pa.int64(), "BIGINT", "{}"),
    pa.string(): (pa.string(), "TEXT", "{}"),
}
"""What a column is loaded as, and read as from there: PostgreSQL reads no text of a year before the first."""


def of_postgresql(url: str, programme: Programme, table: pa.Table, given: Mapping[str, int]) -> pa.Table:
    """Ask a PostgreSQL; return the rows in their order."""
    text = sql.query(
        programme, dialect="postgres", columns=columns(table), keep=["row"], names=named(table), bonuses_given=given
    )
    loaded = {field.name: _LOADED[field.type] for field in table.schema}
    created = ", ".join(f'"{name}" {kind}' for name, (_, kind, _) in loaded.items())
    read = ", ".join(f"""{how.format(f'"{name}"')} AS "{name}\"""" for name, (_, _, how) in loaded.items())
    plain = [column.cast(one[0]) for column, one in zip(table.columns, loaded.values(), strict=True)]
    sent, got = pa.BufferOutputStream(), io.BytesIO()
    csv.write_csv(pa.table(plain, names=table.column_names), sent, csv.WriteOptions(include_header=False))
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE loaded ({created}) ON COMMIT DROP")
        with cursor.copy("COPY loaded FROM STDIN (FORMAT csv)") as copy:
            copy.write(memoryview(sent.getvalue()))
        cursor.execute(f"CREATE TEMPORARY TABLE devices ON COMMIT DROP AS SELECT {read} FROM loaded")  # noqa: S608 - our own texts
        cursor.execute("ANALYZE devices")
        cursor.execute("SET LOCAL jit = off")
        with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv, HEADER)") as copy:
            got.writelines(bytes(part) for part in copy)
    got.seek(0)
    texts = dict.fromkeys(("outcome", "reasons", "warnings", "grade"), pa.string())
    amounts = dict.fromkeys((*columns_out(programme), "row"), pa.int64())
    options = csv.ConvertOptions(
        column_types=amounts | texts, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    return csv.read_csv(got, convert_options=options).sort_by("row").drop_columns(["row"])


@effort(0.5)
@given(draw=st.data())
def test_a_query_is_worth_the_same_in_postgresql(postgresql: str, draw: st.DataObject) -> None:
    programme = draw.draw(programmes())
    table, counts = draw.draw(rows(programme)), given_of(draw, programme)
    for row in table:  # PostgreSQL's texts hold no zero byte
        row.update({name: cell.replace("\0", "?") for name, cell in row.items() if isinstance(cell, str)})
    found = of_postgresql(postgresql, programme, made(table, programme), counts)
    assert rows_of(found.to_pylist()) == [valued(row, programme, counts) for row in table]


@effort(0.1)
@given(draw=st.data())
def test_hostile_devices_of_any_programme_are_worth_the_same(postgresql: str, draw: st.DataObject) -> None:
    """Promise 6: any currency, zone, class of customer, quota or overlap, beside any fault of a cell."""
    programme, number = draw.draw(programmes()), draw.draw(st.integers(0, 2**32))
    table, counts = hostile(programme, 500, number), given_of(draw, programme)
    expected = appraise_frame(table, programme, bonuses_given=counts)
    same(answered(programme, table, counts), expected)
    same(of_postgresql(postgresql, programme, table, counts), expected)


@pytest.mark.parametrize("name", SHIPPED)
def test_many_devices_are_worth_the_same_in_postgresql(postgresql: str, name: str) -> None:
    programme = shipped_programme(name)
    table = hostile(programme, MANY, seed=11)
    same(of_postgresql(postgresql, programme, table, {}), appraise_frame(table, programme))


def test_a_collation_of_postgresql_that_ignores_case_finds_no_answer(postgresql: str) -> None:
    """Promise 6: answers and names are compared exactly, whatever the collation of their columns."""
    programme = shipped_programme("uk-trade-in")
    read = ["model", "power", "works", "screen", "body", "lock"]
    at = programme.terms[0].effective_from
    row = dict(zip(read, ("Apple-iPad-10-64", "ON", "ALL", "clean", "good", "free"), strict=True))
    with psycopg.connect(postgresql) as connection:
        try:
            connection.execute(
                "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            )
        except psycopg.errors.FeatureNotSupported as error:
            pytest.skip(f"{error}: name a server with ICU in {server.VARIABLE}")
        kinds = ", ".join(f'"{name}" TEXT COLLATE any_case' for name in read)
        connection.execute(f"CREATE TEMPORARY TABLE devices ({kinds}) ON COMMIT DROP")
        connection.execute(f"INSERT INTO devices VALUES ({', '.join(['%s'] * len(read))})", list(row.values()))  # noqa: S608 - as above
        text = sql.query(programme, dialect="postgres", columns=read, names=[row["model"]], at=at)
        found = connection.execute(text).fetchall()
        connection.rollback()
    expected = appraise_frame(pa.Table.from_pylist([row]), programme, at=at).to_pylist()
    assert found == [tuple(expected[0].values())]
