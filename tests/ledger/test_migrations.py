"""A ledger of an older version is brought to this one with all that is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect

from ledger import insider, old, shop
from ledger.shop import AT, KEY, account, code, made, order, quote, reserved
from miexchange import Refusal, ledger
from miexchange.exchange import State
from miexchange.ledger import LedgerError, _engine, verify

if TYPE_CHECKING:
    from miexchange.ledger import Ledger


SECOND = b"the second key, a newer one"


def lived(store: Ledger) -> None:
    for number in (1, 2):
        reserved(store, number)
    made(store.complete(code(1), order="order-1", at=AT, idempotency_key="complete-1"))
    assert not store.reserve(code(2), order(3), account="stranger", at=AT, idempotency_key="try")
    assert not store.accept(quote(3), shop.PROGRAMME, account=account(2), at=AT, idempotency_key="accept-3")


@pytest.fixture
def unsealed(url: str) -> str:
    """Give the URL of a ledger of version 0001 whose tables were migrated, and nothing else."""
    old.left(url, lived)
    with pytest.raises(LedgerError, match="of version 0001, and this package needs 0009"):
        ledger.open(url, key=KEY)
    assert ledger.migrate(url) == "0009"
    return url


@pytest.fixture
def migrated(unsealed: str) -> str:
    """Give the URL of a ledger of version 0001 that was migrated with its key."""
    assert ledger.migrate(unsealed, key=KEY) == "0009"
    return unsealed


def test_a_ledger_without_seals_is_sealed_by_a_migration_only(unsealed: str) -> None:
    """Whoever can write to the database can make a ledger look old; opening it must not seal what he made of it."""
    for _ in range(2):
        with pytest.raises(
            LedgerError, match=r"has exchanges, and no seals.*run miexchange ledger migrate with its key"
        ):
            ledger.open(unsealed, key=KEY)
    ledger.migrate(unsealed, key=KEY)
    with ledger.open(unsealed, key=KEY) as store:
        assert verify(store)
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM secret_keys")
            connection.exec_driver_sql("DELETE FROM tallies")
    with pytest.raises(LedgerError, match="somebody took them away"):
        ledger.open(unsealed, key=b"a key of the insider's own")


def test_a_ledger_of_version_0001_goes_on(migrated: str) -> None:
    with ledger.open(migrated, key=KEY) as store:
        assert verify(store) == ledger.Verification(2, 5, ())
        again = store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="reserve-1")
        assert made(again).version == 2, "the first answer"
        assert made(store.complete(code(1), order="order-1", at=AT, idempotency_key="complete-1")).version == 3
        other = store.reserve(code(2), order(5), account=account(2), at=AT, idempotency_key="reserve-2")
        assert isinstance(other, Refusal)
        assert other.codes == ("request_changed",)
        done = made(store.complete(code(2), order="order-2", at=AT, idempotency_key="complete-2"))
        assert done.state == State.COMPLETED
        assert verify(store) == ledger.Verification(2, 6, ())


@pytest.fixture
def third(url: str) -> str:
    """Give the URL of a ledger of version 0003 in which everything happened."""
    old.left(url, insider.busy, version="0003")
    with pytest.raises(LedgerError, match="of version 0003, and this package needs 0009"):
        ledger.open(url, key=KEY)
    return url


def test_version_0003_stays_as_it_went_out(third: str) -> None:
    """A migration that somebody ran is never changed: what is new comes in the next one."""
    then = "code account state version order_id due_us at_us value_minor key_id head"
    engine = _engine.engine_of(third)
    assert {column["name"] for column in inspect(engine).get_columns("exchanges")} == {*then.split()}
    engine.dispose()
    ledger.migrate(third, key=SECOND, old_keys=(KEY,))
    with ledger.open(third, key=SECOND, old_keys=(KEY,)) as store:
        assert {one.currency.code for one in store.find()} == {"INR"}


def test_a_ledger_of_version_0003_gets_its_feed(third: str) -> None:
    """Its rows are what their events make of them, and its events have positions in the order of their instants."""
    assert ledger.migrate(third, key=SECOND, old_keys=(KEY,)) == "0009"
    with ledger.open(third, key=SECOND, old_keys=(KEY,)) as store:
        assert "alembic_version" not in inspect(store.engine).get_table_names(), "its version has a name of its own"
        assert verify(store).faults == ()
        found = store.events(limit=1_000)
        assert verify(store).faults == ()
        with store.engine.connect() as connection:
            assert len(found) == connection.exec_driver_sql("SELECT count(*) FROM events").scalar()
        instants = [event.entry.event.at for event in found]
        assert instants == sorted(instants)
        for number in (3, 7, 8):
            told = [event.entry for event in found if event.code == code(number)]
            assert tuple(told) == store.history(code(number))
        assert [one.code for one in store.find(order="order-3")] == [code(3)], "it was reversed"
        assert [one.code for one in store.find(order="order-7")] == [code(7)], "it was called off"
        assert store.find(order="order-6") == (), "it was released"


def test_a_feed_begins_with_the_key_only(third: str) -> None:
    assert ledger.migrate(third) == "0009"
    with ledger.open(third, key=SECOND, old_keys=(KEY,)) as store:
        with pytest.raises(LedgerError, match="Row 256 of the ledger's running count is missing"):
            store.events()
        begin = "the feed was not begun: run miexchange ledger migrate with the ledger's key"
        assert verify(store).faults == (begin,)
        ledger.migrate(third, key=SECOND, old_keys=(KEY,))
        assert store.events()
        assert verify(store)
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM tallies WHERE bucket = 256")
    with pytest.raises(LedgerError, match=r"Events have positions in the feed, and row 256 .* is missing"):
        ledger.migrate(third, key=SECOND, old_keys=(KEY,))


def test_a_new_key_is_taken_after_a_migration(migrated: str) -> None:
    new = b"the second key, a newer one"
    with pytest.raises(LedgerError, match="Exchanges are open that began under the key"):
        ledger.open(migrated, key=new)
    with ledger.open(migrated, key=new, old_keys=(KEY,)) as store:
        again = store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="another")
        assert isinstance(again, Refusal)
        assert again.codes == ("quote_accepted",), "its code is derived from the root, which is the old key"
        assert verify(store) == ledger.Verification(2, 5, ())


def test_a_ledger_whose_old_hashes_do_not_hold_is_not_sealed(unsealed: str) -> None:
    with ledger.open(unsealed) as keyless, keyless.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE events SET request = 'x' WHERE code = '{code(1)}' AND version = 2")  # noqa: S608 - our own
    with pytest.raises(LedgerError, match=f"cannot be sealed: events were changed of {code(1)}"):
        ledger.migrate(unsealed, key=KEY)
    with ledger.open(unsealed) as keyless, keyless.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tallies").scalar() == 0, "nothing is half done"
        assert connection.exec_driver_sql("SELECT wrapped FROM secret_keys").scalar() is None
