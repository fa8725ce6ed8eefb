"""The proof that a ledger is whole finds whatever somebody changed behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import shop
from ledger.shop import AT, accepted, code, made, reserved
from miexchange import ledger
from miexchange.ledger import LedgerError, verify
from miexchange.ledger._seals import Seals
from unit import trade

if TYPE_CHECKING:
    from miexchange.ledger import Ledger

TAMPERING = {
    "the state of a row": ("UPDATE exchanges SET state = 'completed' WHERE code = '{one}'", "says state completed"),
    "its account": ("UPDATE exchanges SET account = 'thief' WHERE code = '{one}'", "says account thief"),
    "its version": ("UPDATE exchanges SET version = 9 WHERE code = '{one}'", "says version 9"),
    "its order": ("UPDATE exchanges SET order_id = 'x' WHERE code = '{one}'", "says order_id x"),
    "its due instant": ("UPDATE exchanges SET due_us = 1 WHERE code = '{one}'", "says due_us 1"),
    "its instant": ("UPDATE exchanges SET at_us = 1 WHERE code = '{one}'", "says at_us 1"),
    "its value": ("UPDATE exchanges SET value_paise = 1 WHERE code = '{one}'", "says value_paise 1"),
    "its key": ("UPDATE exchanges SET key_id = 'x' WHERE code = '{one}'", "says key_id x"),
    "its head": ("UPDATE exchanges SET head = 'x' WHERE code = '{one}'", "says head x"),
    "its code": ("UPDATE exchanges SET code = '0000000000000000Z' WHERE code = '{one}'", "its row is missing"),
    "a row that is gone": ("DELETE FROM exchanges WHERE code = '{one}'", "its row is missing, and rows of events"),
    "the body of an event": (
        "UPDATE events SET body = replace(body, '1200000', '1300000') WHERE code = '{one}' AND version = 2",
        "event 2 was changed",
    ),
    "its kind": ("UPDATE events SET kind = 'void' WHERE code = '{one}' AND version = 2", "event 2 was changed"),
    "its moment": ("UPDATE events SET at_us = 5 WHERE code = '{one}' AND version = 1", "event 1 was changed"),
    "its key id": ("UPDATE events SET key_id = 'x' WHERE code = '{one}' AND version = 1", "event 1 was changed"),
    "its request": ("UPDATE events SET request = 'x' WHERE code = '{one}' AND version = 1", "event 1 was changed"),
    "its hash": ("UPDATE events SET hash = 'x' WHERE code = '{one}' AND version = 1", "event 1 was changed"),
    "its version too": ("UPDATE events SET version = 7 WHERE code = '{one}' AND version = 2", "event 2 is missing"),
    "an event that is gone": ("DELETE FROM events WHERE code = '{one}' AND version = 1", "event 1 is missing"),
    "the last event, gone": ("DELETE FROM events WHERE code = '{one}' AND version = 2", "answered with event 2"),
    "all events, gone": ("DELETE FROM events WHERE code = '{one}'", "its events make no history"),
    "a token": ("UPDATE device_tokens SET token = 'x' WHERE code = '{one}' AND token = '{token}'", "device tokens"),
    "a token that is closed": ("UPDATE device_tokens SET is_open = (1 = 0) WHERE code = '{one}'", "device tokens"),
    "a token that is gone": ("DELETE FROM device_tokens WHERE code = '{one}'", "device tokens"),
    "a token of nobody": (
        "INSERT INTO device_tokens (code, token, is_open) VALUES ('x', 'y', (1 = 1))",
        "x: its row is missing",
    ),
    "an answer that is gone": ("DELETE FROM answers WHERE request = 'reserve-1'", "event 2 was made by a request"),
    "an answer to another event": (
        "UPDATE answers SET version = 4 WHERE request = 'accept-1'",
        "answered with event 4",
    ),
}


@pytest.fixture
def filled(store: Ledger) -> Ledger:
    accepted(store, 2)
    reserved(store, 1)
    seen = trade.seen(imeis=(shop.imei(4),))
    made(store.reserve(code(2), shop.order(2), account=shop.account(2), at=AT, idempotency_key="reserve-2"))
    made(store.inspect(code(2), seen, shop.PROGRAMME, order="order-2", at=AT, idempotency_key="inspect-2"))
    made(store.complete(code(2), order="order-2", at=AT, idempotency_key="complete-2"))
    return store


def test_a_whole_ledger_is_whole(filled: Ledger) -> None:
    found = verify(filled)
    assert found
    assert (found.exchanges, found.events, found.faults) == (2, 6, ())


@pytest.mark.parametrize("what", TAMPERING)
def test_a_row_that_was_tampered_with_is_found(filled: Ledger, what: str) -> None:
    statement, words = TAMPERING[what]
    exchange = filled.get(code(1))
    assert exchange is not None
    with filled.engine.begin() as connection:
        connection.exec_driver_sql(statement.format(one=code(1), token=exchange.coupon.device_tokens[0]))
    found = verify(filled)
    assert not found
    assert words in "\n".join(found.faults)
    assert not any(fault.startswith(code(2)) for fault in found.faults)


def rechained(filled: Ledger, body: str, kind: str) -> None:
    """Change an event and compute its hash anew, as somebody would who has the key."""
    with filled.engine.begin() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT * FROM events WHERE code = '{code(1)}' ORDER BY version"  # noqa: S608 - our own code
        ).all()
        row = {**rows[1]._mapping, "body": body, "kind": kind}  # noqa: SLF001 - SQLAlchemy's public API
        connection.execute(
            ledger._schema.events.update()  # noqa: SLF001 - behind the ledger's back
            .where(ledger._schema.events.c.code == code(1), ledger._schema.events.c.version == 2)  # noqa: SLF001 - as above
            .values(body=body, kind=kind, hash=Seals(shop.KEY).chained(rows[0].hash, row))
        )


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("haggle", "{}", "event 2 cannot be read"),
        ("void", "{}", "event 2 cannot be read"),
        ("void", '{"at":"2020-01-11T06:00:00Z","reason":"why","kind":"void"}', "says state reserved, and its events"),
        ("void", '{"at":"2020-01-12T06:00:00Z","reason":"why","kind":"void"}', "another kind or instant than its col"),
        ("release", '{"at":"2020-01-11T06:00:00Z","order":"x","kind":"release"}', "its events make no history"),
    ],
)
def test_a_chain_that_was_forged_is_found_by_the_fold(filled: Ledger, kind: str, body: str, words: str) -> None:
    rechained(filled, body, kind)
    assert words in "\n".join(verify(filled).faults)


def test_a_tampered_exchange_is_not_worked_on(filled: Ledger, url: str) -> None:
    with filled.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE events SET body = replace(body, 'order-1', 'order-7') WHERE code = '{code(1)}'"  # noqa: S608 - our own
        )
    with (
        ledger.open(url, key=shop.KEY) as fresh,
        pytest.raises(LedgerError, match="do not lead to its row"),
    ):
        fresh.complete(code(1), order="order-7", at=AT, idempotency_key="x")
