"""An insider who may write to the database, knows this package, and has no key."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, LargeBinary, String, delete, insert, select
from sqlalchemy.exc import DBAPIError

from ledger import shop
from ledger.shop import AT, HOUR, account, code, made, order, quote
from miexchange import ledger
from miexchange.exchange import fold
from miexchange.ledger import _schema as tables
from miexchange.ledger._rows import bought_us, entry_of, row_of
from miexchange.ledger._seals import Seals, Tally, bucket_of
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from sqlalchemy import Connection, Engine, Table

    from miexchange.ledger import Ledger

__all__ = ["EDITS", "TABLES", "busy", "edited", "snapshot", "undo"]

TABLES: tuple[Table, ...] = (
    tables.exchanges,
    tables.events,
    tables.device_tokens,
    tables.answers,
    tables.quotas,
    tables.tallies,
    tables.secret_keys,
    tables.feed,
    tables.programmes,
)
EVERYTHING = (*TABLES, tables.feed_queue)
"""What a backup holds: what waits for a position as well, of which nobody promises the order."""
THEIR_KEY = b"a key that the insider made up"
Snapshot = dict[str, list[dict[str, Any]]]
FORTNIGHT = 14 * 24 * HOUR


def busy(store: Ledger) -> None:
    """Let everything happen in a ledger that can: every state, refusals of owners and strangers, a second key."""
    for number in range(1, 11):
        shop.accepted(store, number)
    for number in range(1, 9):
        key = f"reserve-{number}"
        made(store.reserve(code(number), order(number), account=account(number), at=AT, idempotency_key=key))
    for number in (1, 2, 3):
        made(store.complete(code(number), order=f"order-{number}", at=AT, idempotency_key=f"complete-{number}"))
    made(store.reverse(code(3), order="order-3", at=AT, idempotency_key="reverse-3"))
    for number in (4, 5):
        said = trade.SAID.replace(glass="scratched")
        seen = trade.seen(imeis=(shop.imei(2 * number),), answers=said, evidence=(("glass", "photo-7"),))
        made(
            store.inspect(
                code(number), seen, shop.PROGRAMME, order=f"order-{number}", at=AT, idempotency_key=f"inspect-{number}"
            )
        )
    made(store.agree(code(4), account=account(4), at=AT, idempotency_key="agree-4"))
    made(store.release(code(6), order="order-6", at=AT, idempotency_key="release-6"))
    made(store.void(code(7), reason="withdrawn", at=AT, idempotency_key="void-7"))
    store.sweep(AT + FORTNIGHT)
    shop.accepted(store, 11)
    for number, who in ((1, "stranger"), (2, account(2)), (12, "guesser")):
        store.reserve(code(number), order(20), account=who, at=AT, idempotency_key=f"again-{number}")
    store.accept(quote(13), shop.PROGRAMME, account=account(8), at=AT, idempotency_key="accept-13")
    store.accept(quote(13), shop.PROGRAMME, account=account(13), at=AT + FORTNIGHT, idempotency_key="late-13")
    ledger.open(
        store.engine.url.render_as_string(hide_password=False), key=b"the second key, a newer one", old_keys=(shop.KEY,)
    ).close()
    store.events()  # so that all have positions: nobody promises the order of those that have none


def snapshot(engine: Engine) -> Snapshot:
    """Return all rows of all tables."""
    with engine.connect() as connection:
        return {
            table.name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=repr)
            for table in EVERYTHING
        }


def undo(engine: Engine, before: Snapshot) -> None:
    """Put back what was there."""
    with engine.begin() as connection:
        for table in EVERYTHING:
            connection.execute(delete(table))
            if before[table.name]:
                connection.execute(insert(table), before[table.name])


def edited(engine: Engine, before: Snapshot, chance: Random) -> str:
    """Make one edit that changes something, and return which kind it is."""
    while True:
        kind = chance.choice(tuple(EDITS))
        try:
            with engine.begin() as connection:
                EDITS[kind](connection, before, chance)
        except (DBAPIError, IndexError):  # an index refused it, or there is no such row
            continue
        if snapshot(engine) != before:
            return kind


def _row(before: Snapshot, chance: Random, table: Table) -> dict[str, Any]:
    return chance.choice(before[table.name])


def _table(before: Snapshot, chance: Random) -> Table:
    return chance.choice([table for table in TABLES if before[table.name]])


def _is(table: Table, row: dict[str, Any]) -> Any:  # noqa: ANN401 - a condition
    condition: Any = True
    for column in table.primary_key:
        condition = (column == row[column.name]) & condition
    return condition


def _cell(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Change one cell."""
    table = _table(before, chance)
    row, column = _row(before, chance, table), chance.choice(list(table.c))
    old = row[column.name]
    others = [one[column.name] for one in before[table.name]]
    if isinstance(column.type, Boolean):
        new: Any = not old
    elif isinstance(column.type, String):
        text = old or ""
        place = chance.randrange(len(text) + 1)
        letter = chance.choice("0123456789abcdefXZ é")
        new = chance.choice([text[:place] + letter + text[place + 1 :], text[:place], letter + text, "", *others[:3]])
    elif isinstance(column.type, LargeBinary):
        new = chance.choice([old[:-1], old[::-1], old + b"x", b"", zlib.compress(zlib.decompress(old).upper())])
    else:
        new = chance.choice([(old or 0) + chance.choice((-1, 1, 1_000)), -(old or 1), 0, *others[:3]])
    if column.nullable and chance.random() < 0.2:
        new = None
    connection.execute(table.update().where(_is(table, row)).values({column.name: new}))


def _swap(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Give two rows each other's cells, but for their primary keys."""
    table = _table(before, chance)
    one, other = _row(before, chance, table), _row(before, chance, table)
    keys = {column.name for column in table.primary_key}
    names = [column.name for column in table.c if column.name not in keys]
    if names and chance.random() < 0.5:
        names = [chance.choice(names)]
    for row, source in ((one, other), (other, one)):
        connection.execute(table.update().where(_is(table, row)).values({name: source[name] for name in names}))


def _remove(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Delete a row."""
    table = _table(before, chance)
    connection.execute(delete(table).where(_is(table, _row(before, chance, table))))


def _add(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Copy a row under another primary key."""
    table = _table(before, chance)
    row = dict(_row(before, chance, table))
    column = chance.choice(list(table.primary_key))
    others = [one[column.name] for one in before[table.name]]
    is_text = isinstance(column.type, String)
    row[column.name] = chance.choice([*others, f"x{str(row[column.name])[1:]}" if is_text else row[column.name] + 1])
    connection.execute(insert(table).values(row))


def _erase(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Delete a whole exchange, with all that is about it."""
    gone = _row(before, chance, tables.exchanges)["code"]
    for table in (tables.exchanges, tables.events, tables.device_tokens, tables.answers):
        connection.execute(delete(table).where(table.c.code == gone))


def _refusals(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Delete refusals."""
    table = tables.answers
    row = chance.choice([one for one in before["answers"] if one["refusal"] is not None])
    connection.execute(delete(table).where(_is(table, row) if chance.random() < 0.8 else table.c.refusal.is_not(None)))


def _turn_back(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Delete the last events of an exchange with their answers, and reset its row and tokens to what is left."""
    row = chance.choice([one for one in before["exchanges"] if one["version"] > 1])
    left = chance.randrange(1, row["version"])
    of_code, events, answers = row["code"], tables.events, tables.answers
    connection.execute(delete(events).where(events.c.code == of_code, events.c.version > left))
    connection.execute(delete(answers).where(answers.c.code == of_code, answers.c.version > left))
    told = connection.execute(select(events).where(events.c.code == of_code).order_by(events.c.version)).all()
    exchange = fold(entry_of(one).event for one in told)
    values = row_of(exchange, row["key_id"], told[-1].hash)
    connection.execute(tables.exchanges.update().where(tables.exchanges.c.code == of_code).values(values))
    tokens = tables.device_tokens
    state = {"is_open": exchange.is_open, "bought_us": bought_us(exchange)}
    connection.execute(tokens.update().where(tokens.c.code == of_code).values(state))


def _turn_back_and_count(connection: Connection, before: Snapshot, chance: Random) -> None:
    """The same, and count again what is left, sealed with a key of their own."""
    _turn_back(connection, before, chance)
    _count_again(connection, Seals(THEIR_KEY))


def _erase_and_count(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Delete a whole exchange, and count again."""
    _erase(connection, before, chance)
    _count_again(connection, Seals(THEIR_KEY))


def _count_again(connection: Connection, seals: Seals) -> None:
    for row in connection.execute(select(tables.tallies)).all():
        tally = Tally(row.bucket, 0, 0, "0" * 64, row.epoch, "")
        for event in connection.execute(select(tables.events)).all():
            if bucket_of(event.code) == row.bucket:
                seals.add_event(tally, event.hash)
        for answer in connection.execute(select(tables.answers)).all():
            if bucket_of(answer.code or answer.request) == row.bucket:
                seals.add_answer(tally, answer.seal)
        values = {"events": tally.events, "answers": tally.answers, "sum": tally.sum, "seal": seals.seal_of(tally)}
        if (tally.events, tally.answers) != (row.events, row.answers):
            connection.execute(tables.tallies.update().where(tables.tallies.c.bucket == row.bucket).values(values))


def _rewrite(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Change what happened to an exchange, and chain its events anew with a key of their own."""
    row = _row(before, chance, tables.exchanges)
    events, seals = tables.events, Seals(THEIR_KEY)
    told = connection.execute(select(events).where(events.c.code == row["code"]).order_by(events.c.version)).mappings()
    head = ""
    for one in [dict(event) for event in told]:
        one["body"] = one["body"].replace("account-", "account-9").replace("995000", "995001")
        one["hash"] = head = seals.chained(head, one)
        connection.execute(events.update().where(_is(events, one)).values(one))
    connection.execute(tables.exchanges.update().where(tables.exchanges.c.code == row["code"]).values(head=head))


def _replace_key(connection: Connection, before: Snapshot, chance: Random) -> None:
    """Put a key of their own in place of one of the ledger's."""
    table, row = tables.secret_keys, _row(before, chance, tables.secret_keys)
    other = _row(before, chance, tables.secret_keys)
    connection.execute(table.update().where(_is(table, row)).values(wrapped=other["wrapped"][::-1]))


EDITS: dict[str, Callable[[Connection, Snapshot, Random], None]] = {
    "a cell": _cell,
    "cells of two rows exchanged": _swap,
    "a row removed": _remove,
    "a row added": _add,
    "an exchange removed": _erase,
    "an exchange removed, and counted again": _erase_and_count,
    "refusals removed": _refusals,
    "the last events removed": _turn_back,
    "the last events removed, and counted again": _turn_back_and_count,
    "a history rewritten": _rewrite,
    "a key replaced": _replace_key,
}
