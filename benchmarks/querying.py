"""What the query that `miexchange.sql` writes costs in DuckDB, beside one that is written by hand for one programme.

python benchmarks/querying.py [--quick] [--json FILE] [--rows N]

All read the same table of plain texts, return the same columns, and take turns; the query by hand twice, with
reasons as texts, like the other, and as the bits that it counts in. Before anything is timed, the texts must
be those of `appraise_frame`. The time is that of the processor, of two threads: other programs disturb it less.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from _contract import BIT, result_columns
from _devices import devices
from _duckdb_imei import quoted
from _duckdb_sql import appraise_sql
from _measure import Timing, asked, print_table, verdict
from _relations import Relations, with_anchors_there
from _tables import exception_table, fact_table, tac_table
from miexchange import Programme, sql
from miexchange.batch import appraise_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from miexchange import ReasonCode

PROGRAMME, SEED, THREADS = "graded-trade-in", 20180315, 2
ROWS, FEW, TURNS = 300_000, 3_000, 9
GOAL = 1.2
OURS, BY_HAND, BITS = "`miexchange.sql`", "the query by hand", "the same, reasons as bits"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = asked(parser)
    rows, turns = (FEW, 1) if given.quick else (given.rows, TURNS)
    programme = Programme.load(PROGRAMME)
    table = plain(devices(programme, rows, SEED, encoded=False))
    contenders = {
        OURS: ours(table, programme),
        BY_HAND: by_hand(table, programme, are_texts=True),
        BITS: by_hand(table, programme, are_texts=False),
    }
    prove_equal({name: contenders[name]() for name in (OURS, BY_HAND)}, table, programme)
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, call in contenders.items():
            begin = time.process_time()
            call()
            taken[name].append(time.process_time() - begin)
    best = {name: Timing(tuple(turns)).best for name, turns in taken.items()}
    lines = [
        (OURS, cell(best[OURS] / rows), "", "", ""),
        (BY_HAND, cell(best[BY_HAND] / rows), *verdict(best[OURS] / best[BY_HAND], GOAL)),
        (BITS, cell(best[BITS] / rows), f"{best[OURS] / best[BITS]:.2f} x", "", ""),
    ]
    head = ("who", "processor time, a row", "ours over it", "goal", "")
    print_table(f"A query over {rows:,} devices in DuckDB, from texts to texts", head, lines)


def cell(seconds: float) -> str:
    """Return a time as the table shows it."""
    return f"{seconds * 1e9:,.0f} ns"


def plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries."""
    texts = (column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns)
    return pa.table(list(texts), names=table.column_names)


def connected(table: pa.Table) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that has the table, where it lies, as `devices`."""
    connection = duckdb.connect(config={"threads": THREADS})
    connection.register("devices", table)
    return connection


def ours(table: pa.Table, programme: Programme) -> Callable[[], pa.Table]:
    """Return the generated query, with its tables loaded."""
    connection, names = connected(table), names_of(table)
    for name, rows in sql.tables(programme, names=names).items():
        connection.register("rows", rows)
        connection.execute(f"CREATE TABLE loaded_{name} AS FROM rows")
    text = sql.query(programme, columns=table.column_names, names=names, loaded="loaded_")
    return lambda: connection.sql(text).to_arrow_table()


def by_hand(table: pa.Table, programme: Programme, *, are_texts: bool) -> Callable[[], pa.Table]:
    """Return the query by hand, with the names of models looked up before it, and reasons perhaps written after it."""
    connection, names = connected(table), {name: code for code, name in enumerate(names_of(table))}
    # The relations are what is hashed, however few the devices.
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    for name in ("outcomes", "grades"):
        connection.execute(f"CREATE TYPE {name} AS VARCHAR")
    programme = with_anchors_there(programme)
    relations = Relations(programme, names)
    made = {
        "names": pa.table({"text": list(names), "code": list(names.values())}),
        "keyed_facts": fact_table(relations, by_epoch=True),
        "tacs": tac_table(relations),
        "exceptions": exception_table(relations),
    }
    for name, rows in made.items():
        connection.register("rows", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM rows")
    later = list(enumerate(relations.starts))[:0:-1]
    window = f"CASE {' '.join(f'WHEN d.instant >= {start} THEN {number}' for number, start in later)} ELSE 0 END"
    facts = f"LEFT JOIN keyed_facts f ON d.model * {len(relations.starts)} + {window} = f.key"
    source = """(SELECT d.* EXCLUDE (model, "at"), n.code AS model, epoch_us("at") AS instant
        FROM devices d LEFT JOIN names n ON d.model = n.text)"""
    text = appraise_sql(programme, relations, {"model": names}, source, facts)
    if are_texts:
        possible = sql.query(programme, columns=table.column_names)
        codes = [code for code in BIT if quoted(code) in possible]
        shown = ", ".join(f"{texts_of(name, codes)} AS {name}" for name in ("reasons", "warnings"))
        text = f"SELECT * REPLACE ({shown}) FROM ({text})"  # noqa: S608 - our own texts
    return lambda: connection.sql(text).to_arrow_table()


def texts_of(bits: str, codes: Iterable[ReasonCode]) -> str:
    """Return the expression of the names of a set of reasons, of which only these are possible."""
    texts = ", ".join(f"CASE WHEN {bits} & {BIT[code]} <> 0 THEN {quoted(code)} END" for code in codes)
    return f"CASE WHEN {bits} = 0 THEN '' ELSE concat_ws('|', {texts}) END"


def names_of(table: pa.Table) -> list[str]:
    """Return the names that the devices go by."""
    return [name for name in table["model"].unique().to_pylist() if name is not None]


def prove_equal(found: dict[str, pa.Table], table: pa.Table, programme: Programme) -> None:
    """Refuse to measure contenders that do not agree with the batch on every row and column."""
    expected: Any = appraise_frame(table, programme)
    columns = result_columns(programme)
    rows = sorted(zip(*(expected[name].to_pylist() for name in columns), strict=True), key=str)
    for name, result in found.items():
        if sorted(zip(*(result[one].to_pylist() for one in columns), strict=True), key=str) != rows:
            raise SystemExit(f"{name} differs from the batch: nothing is measured")


if __name__ == "__main__":
    main()
