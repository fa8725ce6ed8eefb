"""A query on the real engines: many devices are worth the same in DuckDB and in PostgreSQL; see `test_spark`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import server
from miexchange import Programme, sql
from miexchange.batch import appraise_frame
from miexchange.laws._one_by_one import Row, rows_of, valued
from miexchange.strategies import programmes
from parity.tables import rows
from parity.test_frame_laws import given_of
from parity.test_sql import answered, columns, made, mixed, named, same
from property.effort import PROOF, effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHIPPED = ("graded-trade-in", "mi-exchange-india")
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
    table = mixed(programme, MANY, seed=11)
    same(answered(programme, table, {}), appraise_frame(table, programme))


_TYPES = {
    "row": "BIGINT",
    "at": "TIMESTAMPTZ",
    "register_asked_at": "TIMESTAMPTZ",
    "purchased_on": "DATE",
    "exchange_open": "BOOLEAN",
    "device_exchanged": "BOOLEAN",
}


def of_postgresql(url: str, programme: Programme, table: pa.Table, given: Mapping[str, int]) -> list[Row]:
    """Ask a PostgreSQL; return the rows in their order."""
    text = sql.query(
        programme, dialect="postgres", columns=columns(table), keep=["row"], names=named(table), bonuses_given=given
    )
    kinds = ", ".join(f'"{name}" {_TYPES.get(name, "TEXT")}' for name in table.column_names)
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TEMPORARY TABLE devices ({kinds}) ON COMMIT DROP")
        with connection.cursor().copy("COPY devices FROM STDIN") as copy:
            for batch in table.to_batches(10_000):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    copy.write_row(row)
        connection.execute("ANALYZE devices")
        connection.execute("SET LOCAL jit = off")
        found = connection.execute(text)
        names = [column.name for column in found.description or ()]
        return [dict(zip(names[1:], row[1:], strict=True)) for row in sorted(found.fetchall())]


@effort(0.5)
@given(draw=st.data())
def test_a_query_is_worth_the_same_in_postgresql(postgresql: str, draw: st.DataObject) -> None:
    programme = draw.draw(programmes())
    table, counts = draw.draw(rows(programme)), given_of(draw, programme)
    for row in table:  # PostgreSQL's texts hold no zero byte
        row.update({name: cell.replace("\0", "?") for name, cell in row.items() if isinstance(cell, str)})
    found = of_postgresql(postgresql, programme, made(table, programme), counts)
    assert rows_of(found) == [valued(row, programme, counts) for row in table]


@pytest.mark.parametrize("name", SHIPPED)
def test_many_devices_are_worth_the_same_in_postgresql(postgresql: str, name: str) -> None:
    programme = shipped_programme(name)
    table = mixed(programme, MANY, seed=11)
    found = pa.Table.from_pylist(of_postgresql(postgresql, programme, table, {}))
    same(found, appraise_frame(table, programme))
