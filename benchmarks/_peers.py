"""How each peer is called, and where its own documentation says so. docs/performance.md has them as a table.

A peer is called as its documentation calls it, in the fastest form that we found there. Tests hold the benchmarks to
these calls: whoever adds a peer adds its call.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PEERS", "Peer"]


class Peer(NamedTuple):
    """A peer and one way in which it is called.

    Attributes:
        name: its name on the page.
        module: what is imported.
        call: how it is called, as it stands in the benchmarks.
        documented: the page of its documentation that shows the call.
    """

    name: str
    module: str
    call: str
    documented: str


PEERS = (
    Peer("zen-engine", "zen", "engine.evaluate", "https://docs.gorules.io/developers/sdks/python"),
    Peer("python-stdnum", "stdnum", "imei.validate", "https://arthurdejong.org/python-stdnum/doc/2.1/index"),
    Peer("python-stdnum", "stdnum", "imei.is_valid", "https://arthurdejong.org/python-stdnum/doc/2.1/index"),
    Peer("pydantic", "pydantic", "from pydantic import BaseModel", "https://docs.pydantic.dev/latest/concepts/models/"),
    Peer("DuckDB", "duckdb", "to_arrow_table", "https://duckdb.org/docs/2.0/guides/python/export_arrow"),
    Peer("DuckDB", "duckdb", "COPY", "https://duckdb.org/docs/2.0/guides/file_formats/parquet_export.html"),
    Peer("Polars", "polars", "collect", "https://docs.pola.rs/user-guide/concepts/streaming"),
    Peer("Polars", "polars", "sink_parquet", "https://docs.pola.rs/user-guide/lazy/sources_sinks"),
    Peer(
        "Spark",
        "pyspark",
        "mapInArrow",
        "https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.mapInArrow.html",
    ),
    Peer("SQLite", "sqlite3", "file.execute", "https://docs.python.org/3/library/sqlite3.html"),
    Peer("PostgreSQL", "psycopg", "connection.execute", "https://www.psycopg.org/psycopg3/docs/basic/usage.html"),
    Peer("scikit-learn", "sklearn", "fit", "https://scikit-learn.org/stable/getting_started.html"),
)
