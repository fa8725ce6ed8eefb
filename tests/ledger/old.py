"""A ledger as an older version of the package left it.

Of the first version: its tables, its unkeyed hashes, its answers by request. Of the third: all but the feed,
the currency, and what exchanges are looked for by.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from typing import TYPE_CHECKING, Any

from alembic import command
from sqlalchemy import column as named
from sqlalchemy import insert, select, table

from ledger import shop
from miexchange import ledger
from miexchange.ledger import _engine, _schema
from miexchange.ledger._seals import FEED, Seals, Tally, bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange.ledger import Ledger

__all__ = ["left"]

FIRST = {
    "exchanges": "code account state version order_id due_us at_us value_paise key_id head",
    "events": "code version kind at_us body key_id request hash",
    "device_tokens": "code token is_open",
    "answers": "request fingerprint verb at_us code version refusal is_public",
    "secret_keys": "key_id",
}
LATER = {
    "exchanges": "currency programme began_us past_order seat",
    "feed": "position code version",
    "feed_queue": "id code version",
}
"""What version 0003 has not."""


def _third() -> dict[str, str]:
    tables = _schema._metadata.tables  # noqa: SLF001 - behind the ledger's back
    return {
        name: " ".join(column.name for column in table.c if column.name not in LATER.get(name, "").split())
        for name, table in tables.items()
        if name not in {"feed", "feed_queue", "forgotten", "programmes"}
    }


def _uncount(tallies: list[dict[str, Any]], kept: list[dict[str, Any]], seals: Seals) -> None:
    """Take the programmes out of the running count of a version that kept none."""
    for programme in kept:
        row = next(row for row in tallies if row["bucket"] == bucket_of(programme["code"]))
        tally = Tally(**row)
        seals.add_programme(tally, programme, -1)
        row |= {"sum": tally.sum, "seal": seals.seal_of(tally)}


def left(url: str, fill: Callable[[Ledger], object], key: bytes = shop.KEY, *, version: str = "0001") -> None:
    """Make a ledger of version 0001 or 0003 in an empty database, with what `fill` does to one of today."""
    columns_of = FIRST if version == "0001" else _third()
    with tempfile.TemporaryDirectory() as folder, ledger.open(f"{folder}/today.db", key=key, create=True) as today:
        fill(today)
        with today.engine.connect() as connection:
            rows: dict[str, list[dict[str, Any]]] = {
                name: [dict(row._mapping) for row in connection.execute(select(_schema._metadata.tables[name]))]  # noqa: SLF001 - behind the ledger's back
                for name in columns_of
            }
            kept = [dict(row._mapping) for row in connection.execute(select(_schema.programmes))]  # noqa: SLF001 - as above
    if version == "0001":
        for row in rows["events"]:
            row["body"] = json.dumps(_named_as_then(json.loads(row["body"])))
        heads = _chained_as_then(rows["events"])
        for row in rows["exchanges"]:
            row["head"] = heads[row["code"]]
            row["value_paise"] = row.pop("value_minor")
    else:
        rows["tallies"] = [row for row in rows["tallies"] if row["bucket"] != FEED]
        _uncount(rows["tallies"], kept, Seals(key))
    engine = _engine.engine_of(url, create=True)
    with engine.begin() as connection:
        config = _schema._config()  # noqa: SLF001 - as above
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        connection.exec_driver_sql(f"ALTER TABLE {_engine.VERSIONS} RENAME TO alembic_version")
        for name, columns in columns_of.items():
            then = table(name, *map(named, columns.split()))
            if rows[name]:
                only = [{one: row[one] for one in columns.split()} for row in rows[name]]
                connection.execute(insert(then), only)
    engine.dispose()


def _named_as_then(data: Any) -> Any:  # noqa: ANN401 - JSON data
    """Return a body as versions wrote it that knew paise alone."""
    if isinstance(data, list):
        return [_named_as_then(item) for item in data]
    if not isinstance(data, dict):
        return data.replace("_minor]", "_paise]") if isinstance(data, str) else data
    since = {"currency", "zone_data", "customer"}
    return {
        name.replace("_minor", "_paise"): _named_as_then(value) for name, value in data.items() if name not in since
    }


def _chained_as_then(events: list[dict[str, Any]]) -> dict[str, str]:
    heads: dict[str, str] = {}
    for row in sorted(events, key=lambda row: (row["code"], row["version"])):
        names = ("code", "version", "kind", "at_us", "body", "key_id", "request")
        told = [heads.get(row["code"], ""), *(row[name] for name in names)]
        row["hash"] = heads[row["code"]] = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return heads
