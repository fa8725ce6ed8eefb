"""The proof that a ledger is whole finds whatever somebody changed behind its back."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from ledger import insider, shop
from ledger.shop import AT, accepted, code, made, reserved
from miexchange import ledger
from miexchange.ledger import LedgerError, _engine, verify
from miexchange.ledger._seals import Seals
from unit import trade

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.ledger import Ledger

TAMPERING = {
    "the state of a row": ("UPDATE exchanges SET state = 'completed' WHERE code = '{one}'", "says state completed"),
    "its account": ("UPDATE exchanges SET account = 'thief' WHERE code = '{one}'", "says account thief"),
    "its version": ("UPDATE exchanges SET version = 9 WHERE code = '{one}'", "says version 9"),
    "its order": ("UPDATE exchanges SET order_id = 'x' WHERE code = '{one}'", "says order_id x"),
    "its due instant": ("UPDATE exchanges SET due_us = 1 WHERE code = '{one}'", "says due_us 1"),
    "its instant": ("UPDATE exchanges SET at_us = 1 WHERE code = '{one}'", "says at_us 1"),
    "its value": ("UPDATE exchanges SET value_minor = 1 WHERE code = '{one}'", "says value_minor 1"),
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


# ----- promises, without the indexes that keep them


def without_indexes(store: Ledger) -> None:
    with store.engine.begin() as connection:
        for name in ("exchanges_open_account", "exchanges_order", "device_tokens_open"):
            connection.exec_driver_sql(f"DROP INDEX {name}")


def test_open_and_verify_look_for_the_indexes(filled: Ledger, url: str) -> None:
    """Defect: with its indexes dropped, a ledger was opened and said to be whole."""
    without_indexes(filled)
    with filled.engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX exchanges_order ON exchanges (order_id)")
    said = [fault for fault in verify(filled).faults if "index" in fault]
    assert said == [
        "The index device_tokens_open is missing",
        "The index exchanges_open_account is missing",
        "The index exchanges_order is of other columns or rows, or not unique",
    ]
    with pytest.raises(LedgerError, match="The index device_tokens_open is missing"):
        ledger.open(url, key=shop.KEY)


def test_a_table_or_a_column_that_is_missing_is_named(filled: Ledger, url: str) -> None:
    with filled.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE quotas")
        connection.exec_driver_sql("ALTER TABLE events RENAME COLUMN request TO asked")
    with pytest.raises(LedgerError) as caught:
        ledger.open(url, key=shop.KEY)
    assert "The column request of the table events is missing" in str(caught.value)
    assert "The table quotas is missing" in str(caught.value)
    assert "The table quotas is missing" in verify(filled).faults


def test_a_promise_that_is_broken_names_its_coupons(store: Ledger) -> None:
    """Defect: several open exchanges of one account, and an order with three coupons, were said to be whole."""
    without_indexes(store)
    for number in (1, 2, 3):
        begun = store.accept(
            shop.quote(number), shop.PROGRAMME, account="one", at=AT, idempotency_key=f"accept-{number}"
        )
        held = store.reserve(made(begun).code, shop.order(1), account="one", at=AT, idempotency_key=f"reserve-{number}")
        assert made(held).is_open
    again = shop.quote(1).replace(imeis=(shop.imei(3),))
    made(store.accept(again, shop.PROGRAMME, account="two", at=AT, idempotency_key="again"))
    said = "\n".join(verify(store).faults)
    assert "the account one has 3 open exchanges" in said
    assert "the order order-1 has 3 coupons" in said
    assert "has 2 open exchanges" in said, "the device"
    exchanges = [row["code"] for row in insider.snapshot(store.engine)["exchanges"]]
    assert all(one in said for one in exchanges)


# ----- broken bytes

BROKEN = {
    "a text that is no UTF-8": "UPDATE events SET body = CAST(x'ff00fe' AS TEXT) WHERE code = '{one}' AND version = 2",
    "an account that is no UTF-8": "UPDATE exchanges SET account = CAST(x'c3' AS TEXT) WHERE code = '{one}'",
    "bytes for a text": "UPDATE events SET hash = x'00ff' WHERE code = '{one}' AND version = 1",
    "a text for a number": "UPDATE exchanges SET at_us = 'soon' WHERE code = '{one}'",
    "no JSON": "UPDATE events SET body = '{{' WHERE code = '{one}' AND version = 1",
    "a fault in an answer": "UPDATE answers SET refusal = x'80' WHERE code = '{one}' AND verb = 'reserve'",
}


@pytest.mark.parametrize("what", BROKEN)
def test_verify_never_stops_at_a_broken_byte(tmp_path: Path, what: str) -> None:
    """Defect: a text that was no UTF-8 ended `verify`. SQLite keeps whatever bytes it is given."""
    with ledger.open(str(tmp_path / "x.db"), key=shop.KEY, create=True) as store:
        for number in (1, 2):
            reserved(store, number)
        with store.engine.begin() as connection:
            connection.exec_driver_sql(BROKEN[what].format(one=code(1)))
            connection.exec_driver_sql(f"UPDATE exchanges SET value_minor = 1 WHERE code = '{code(2)}'")  # noqa: S608 - our own
        found = verify(store)
        assert any(fault.startswith(code(1)) for fault in found.faults)
        assert any(fault.startswith(f"{code(2)}: its row says value_minor 1") for fault in found.faults)
        with store.engine.connect() as connection:  # the connection reads as before
            assert connection.exec_driver_sql("SELECT 'é'").scalar() == "é"


@pytest.mark.sweep
def test_a_flipped_bit_of_the_file_is_found_or_changes_nothing(tmp_path: Path) -> None:
    """Whatever bit of a page is flipped, `verify` ends; and where a row or an index changed, it is not clean."""
    path, copy = tmp_path / "x.db", tmp_path / "copy.db"
    with ledger.open(str(path), key=shop.KEY, create=True) as store:
        for number in range(1, 4):
            reserved(store, number)
        before = insider.snapshot(store.engine)
    whole, chance = path.read_bytes(), Random(7)  # noqa: S311 - places, not secrets
    clean = 0
    for _ in range(150):
        broken = bytearray(whole)
        broken[chance.randrange(4_096, len(whole))] ^= 1 << chance.randrange(8)
        for rest in tmp_path.glob("copy.db*"):
            rest.unlink()
        copy.write_bytes(broken)
        store = ledger.Ledger(_engine.engine_of(str(copy)), shop.KEY, ())
        try:
            found = verify(store)
        except LedgerError as error:  # the bit is of what says which tables there are
            if "malformed database schema" not in error.what:
                raise
            continue
        if found:
            clean += 1
            assert insider.snapshot(store.engine) == before
        store.close()
    assert clean < 150
