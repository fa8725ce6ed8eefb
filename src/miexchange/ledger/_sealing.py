"""Sealing a ledger when its first key is taken, with whatever an older version left in it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, tuple_, update

from miexchange.ledger import _sql as sql
from miexchange.ledger._errors import LedgerError
from miexchange.ledger._reading import AT_ONCE
from miexchange.ledger._schema import answers, events, exchanges, secret_keys, tallies
from miexchange.ledger._seals import FEED, Seals, Tally, bucket_of, chained_as_in_0001

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

__all__ = ["count_key", "seal_all"]

_NAMED = 5

_CHAIN = (
    update(events)
    .where(events.c.code == bindparam("of_code"), events.c.version == bindparam("of_version"))
    .values(hash=bindparam("new_hash"))
)
_HEAD = update(exchanges).where(exchanges.c.code == bindparam("of_code")).values(head=bindparam("new_head"))
_SEAL = (
    update(answers)
    .where(
        answers.c.asker == bindparam("of_asker"),
        answers.c.verb == bindparam("of_verb"),
        answers.c.request == bindparam("of_request"),
    )
    .values(seal=bindparam("new_seal"))
)


def count_key(connection: Connection, seals: Seals, row: Mapping[str, Any]) -> None:
    """Add a row of the table ``secret_keys`` to the running count."""
    found = connection.execute(sql.LOCKED_TALLIES, {"buckets": [bucket_of(row["key_id"])]}).one()
    tally = Tally(*found)
    seals.check(tally)
    seals.add_key(tally, row)
    connection.execute(sql.COUNT, seals.counted(tally))


def seal_all(connection: Connection, seals: Seals) -> None:
    """Chain all events with the key, seal all answers and begin the running count, in the caller's transaction.

    In a new ledger there is nothing yet. Version 0001 left chains without a key; they are checked first.

    Raises:
        LedgerError: an old chain is broken.
    """
    counts = [seals.first(bucket) for bucket in range(FEED + 1)]
    _chain_all(connection, seals, counts)
    _seal_answers(connection, seals, counts)
    for row in connection.execute(select(secret_keys)).mappings():
        seals.add_key(counts[bucket_of(row["key_id"])], row)
    rows = [{column.name: getattr(tally, column.name) for column in tallies.c} for tally in counts]
    connection.execute(
        insert(tallies), [{**row, "seal": seals.seal_of(tally)} for row, tally in zip(rows, counts, strict=True)]
    )


def _chain_all(connection: Connection, seals: Seals, counts: list[Tally]) -> None:
    broken: list[str] = []
    for codes in _pages(connection):
        heads = {
            row.code: row.head
            for row in connection.execute(select(exchanges.c.code, exchanges.c.head).where(exchanges.c.code.in_(codes)))
        }
        query = select(events).where(events.c.code.in_(codes)).order_by(events.c.code, events.c.version)
        chains, ends = [], []
        for code, told in groupby(connection.execute(query).mappings().all(), key=lambda row: str(row["code"])):
            old = new = ""
            is_whole = True
            for row in told:
                old = chained_as_in_0001(old, row)
                is_whole = is_whole and old == row["hash"]
                new = seals.chained(new, row)
                seals.add_event(counts[bucket_of(code)], new)
                chains.append({"of_code": code, "of_version": row["version"], "new_hash": new})
            if not is_whole or old != heads.get(code):
                broken.append(code)
            ends.append({"of_code": code, "new_head": new})
        if chains:
            connection.execute(_CHAIN, chains)
            connection.execute(_HEAD, ends)
    untold = ~select(events.c.code).where(events.c.code == exchanges.c.code).exists()
    broken += map(str, connection.scalars(select(exchanges.c.code).where(untold)))
    if broken:
        named = ", ".join(broken[:_NAMED]) + (f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else "")
        what = f"The ledger cannot be sealed: events were changed of {named}"
        raise LedgerError(what, "Restore them from a backup, and migrate again")


def _pages(connection: Connection) -> Iterator[list[str]]:
    """Yield the codes of all events, some at a time."""
    last = ""
    while True:
        query = select(events.c.code).where(events.c.code > last).distinct().order_by(events.c.code).limit(AT_ONCE)
        codes = [str(code) for code in connection.scalars(query)]
        if not codes:
            return
        yield codes
        last = codes[-1]


def _seal_answers(connection: Connection, seals: Seals, counts: list[Tally]) -> None:
    key = (answers.c.asker, answers.c.verb, answers.c.request)
    query = select(answers).order_by(*key).limit(AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        sealed = []
        for row in rows:
            seal = seals.sealed(row._mapping)  # noqa: SLF001 - a row as a mapping is SQLAlchemy's public API
            seals.add_answer(counts[bucket_of(row.code or row.request)], seal)
            sealed.append({"of_asker": row.asker, "of_verb": row.verb, "of_request": row.request, "new_seal": seal})
        connection.execute(_SEAL, sealed)
        last = tuple_(rows[-1].asker, rows[-1].verb, rows[-1].request)
        rows = connection.execute(query.where(tuple_(*key) > last)).all()
