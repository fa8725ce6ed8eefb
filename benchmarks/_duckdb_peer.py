"""DuckDB as a contender: the same check and the same programme as SQL over the Arrow table where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import duckdb
import numpy as np
import pyarrow as pa

from _contract import OUTCOMES
from _duckdb_imei import quoted, validate_sql
from _duckdb_sql import appraise_sql
from _relations import Relations, with_anchors_there
from _tables import exception_table, fact_table, tac_table, with_codes

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Programme

__all__ = ["DuckDb"]


class DuckDb:
    """A table of devices and a programme in DuckDB, made once; then each verb is one query.

    Attributes:
        sql: the text of the query that appraises.
    """

    def __init__(
        self, table: pa.Table, programme: Programme, *, threads: int, join: Literal["epoch", "asof"] = "epoch"
    ) -> None:
        """Register the table, which is not copied, and make the relations of the programme.

        Args:
            table: the devices, as `devices` makes them.
            programme: the rules.
            threads: how many threads DuckDB may use.
            join: how what is dated is joined: by a dense key of name and window, which is the fastest; or
                by ASOF JOIN, which loses the order of the rows, so that they are sorted again.
        """
        self._connection = duckdb.connect(config={"threads": threads})
        # The relations are what is hashed, however few the devices: they then keep their order.
        self._connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        codes, registered = with_codes(table)
        programme = with_anchors_there(programme)
        relations = Relations(programme, codes["model"])
        self._programme, self._relations, self._codes = programme, relations, codes
        if join == "asof":
            registered = registered.append_column("row", pa.array(np.arange(table.num_rows)))
        self._connection.register("devices", registered)
        self._create(programme, relations)
        self.sql = appraise_sql(programme, relations, codes, "devices", _facts(relations, join))
        if join == "asof":
            self.sql += " ORDER BY row"

    def validate(self) -> pa.Table:
        """Return the position of the reason for each IMEI in `ReasonCode`, -1 for a valid one, null for null."""
        return self._connection.sql(validate_sql("devices")).to_arrow_table()

    def appraise(self) -> pa.Table:
        """Return the result of every row; see `_contract`. `outcome` and `grade` are dictionary-encoded."""
        return self._connection.sql(self.sql).to_arrow_table()

    def copy(self, source: Path, target: Path) -> None:
        """Value a file and write a Parquet file, in one statement; see `_contract` for the columns after `row`.

        The table that the contender was made with says which texts stand for which codes.
        """
        coded = []
        for name, texts in self._codes.items():
            self._connection.execute(f"""CREATE TYPE "{name} texts" AS ENUM ({", ".join(map(quoted, texts))})""")
            coded.append(f"""enum_code(TRY_CAST("{name}" AS "{name} texts")) AS "{name}\"""")
        read, row = f"read_parquet('{source}', file_row_number = true)", "file_row_number"
        if source.suffix == ".csv":
            names = self._connection.sql(f"FROM read_csv('{source}', all_varchar = true, header = true)").columns
            kinds = {**dict.fromkeys(names, "VARCHAR"), "at": "TIMESTAMPTZ", "purchased_on": "DATE"}
            read, row = f"read_csv('{source}', header = true, columns = {kinds})", "row_number() OVER () - 1"
        devices = f"""(SELECT * REPLACE ({", ".join(coded)}), epoch_us("at") AS instant, {row} AS "row"
            FROM {read})"""  # noqa: S608 - the names of our own files and columns
        facts = _facts(self._relations, "epoch")
        sql = appraise_sql(self._programme, self._relations, self._codes, devices, facts)
        sql = sql.replace("SELECT ", 'SELECT "row", ', 1)
        self._connection.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION snappy)")

    def _create(self, programme: Programme, relations: Relations) -> None:
        grades = dict.fromkeys(grade.id for terms in programme.terms for grade in terms.grades)
        for name, texts in (("outcomes", OUTCOMES), ("grades", tuple(grades))):
            self._connection.execute(f"CREATE TYPE {name} AS ENUM ({', '.join(map(quoted, texts))})")
        made = {
            "facts": fact_table(relations, by_epoch=False),
            "keyed_facts": fact_table(relations, by_epoch=True),
            "tacs": tac_table(relations),
            "exceptions": exception_table(relations),
        }
        for name, rows in made.items():
            self._connection.register("rows", rows)
            self._connection.execute(f"CREATE TABLE {name} AS FROM rows")
            self._connection.unregister("rows")


def _facts(relations: Relations, join: Literal["epoch", "asof"]) -> str:
    if join == "asof":
        return "ASOF LEFT JOIN facts f ON d.model = f.name AND d.instant >= f.since"
    later = list(enumerate(relations.starts))[:0:-1]
    window = f"CASE {' '.join(f'WHEN d.instant >= {start} THEN {number}' for number, start in later)} ELSE 0 END"
    return f"LEFT JOIN keyed_facts f ON CAST(d.model AS INTEGER) * {len(relations.starts)} + {window} = f.key"
