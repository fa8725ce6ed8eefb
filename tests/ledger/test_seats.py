"""An account has as many open exchanges as the terms of the new one allow, whoever accepts at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier, Event
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, inspect

from ledger.shop import AT, KEY, account, made, phone
from miexchange import Exchange, Order, Quote, Refusal, appraise, ledger
from miexchange.exchange import split_order
from miexchange.ledger import LedgerError, _engine, _schema, verify
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from miexchange.ledger import AcceptArguments, Ledger
    from miexchange.programme import Programme

DAY = timedelta(days=1)


def allowing(devices: int) -> Programme:
    """Return a programme whose terms allow so many old phones for one order."""
    return trade.programme(usage=small.USAGE.replace(applies_to="one_unit", devices_per_order=devices))


ONE, TWO, THREE = map(allowing, (1, 2, 3))


def item(number: int, programme: Programme = THREE, who: int = 1) -> AcceptArguments:
    """Return the arguments with which an account accepts the quote of a phone."""
    quote = appraise(phone(number), trade.SAID, programme, at=AT)
    assert isinstance(quote, Quote)
    return {
        "quote": quote,
        "programme": programme,
        "account": account(who),
        "at": AT,
        "idempotency_key": f"{number}-{programme.digest[:9]}-{who}",
    }


def said(answers: Sequence[object]) -> list[str]:
    return [",".join(one.codes) if isinstance(one, Refusal) else type(one).__name__ for one in answers]


def seats(store: Ledger, who: int = 1) -> list[int]:
    """Return the seats of the open exchanges of an account."""
    query = f"SELECT seat FROM exchanges WHERE account = '{account(who)}' AND {_schema.IS_OPEN} ORDER BY seat"  # noqa: S608 - our own
    with store.engine.connect() as connection:
        return list(connection.exec_driver_sql(query).scalars())


def ended(store: Ledger, exchange: object) -> None:
    assert isinstance(exchange, Exchange)
    made(store.void(exchange.code, reason="no", at=AT + DAY, idempotency_key=f"void-{exchange.code}"))


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in a list"])
def test_an_account_has_as_many_as_its_terms_allow(store: Ledger, at_once: bool) -> None:  # noqa: FBT001 - a case
    def accept(*items: AcceptArguments) -> list[object]:
        return list(store.accept_many(items)) if at_once else [store.accept(**one) for one in items]

    wanted = [item(number) for number in range(1, 5)]
    found = accept(*wanted, item(9, who=2))
    assert said(found) == ["Exchange"] * 3 + ["exchange_open", "Exchange"]
    assert (seats(store), seats(store, 2)) == ([0, 1, 2], [0])
    assert said(accept(item(1, who=3))) == ["device_in_exchange"], "a phone is in one exchange as before"
    assert accept(*wanted[:3]) == found[:3], "a retry gets its first answer"
    ended(store, found[1])
    assert said(accept(wanted[3])) == ["Exchange"], "the seat that is free is taken"
    assert seats(store) == [0, 1, 2]
    assert len(store.find(account=account(1))) == 4
    assert verify(store).faults == ()


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in a list"])
def test_each_is_held_to_its_own_terms(store: Ledger, at_once: bool) -> None:  # noqa: FBT001 - a case
    """What is open under other terms counts, in whatever seat: the first is free, and it is still one too many."""

    def accept(one: AcceptArguments) -> object:
        return store.accept_many([one])[0] if at_once else store.accept(**one)

    first, _ = accept(item(1)), accept(item(2))
    assert said([accept(item(3, TWO)), accept(item(4, ONE))]) == ["exchange_open"] * 2
    ended(store, first)
    assert seats(store) == [1]
    assert said([accept(item(4, ONE))]) == ["exchange_open"]
    assert said([accept(item(3, TWO))]) == ["Exchange"]
    assert said([accept(item(5, TWO)), accept(item(6))]) == ["exchange_open", "Exchange"]
    assert seats(store) == [0, 1, 2]
    assert verify(store).faults == ()


def test_two_phones_are_traded_in_for_one_order(store: Ledger) -> None:
    """Each is reserved, and handed over, with its own part of the order; what becomes of one leaves the other."""
    first, second = (made(store.accept(**item(number))) for number in (1, 2))
    (line,) = trade.ORDER.lines
    wanted = trade.ORDER.replace(lines=(line.replace(quantity=2),))
    parts = split_order(wanted, [first.coupon, second.coupon], at=AT)
    assert not isinstance(parts, Refusal)
    told: dict[str, Any] = {"account": account(1), "at": AT}
    for one, part in zip((first, second), parts, strict=True):
        assert isinstance(part, Order)
        made(store.reserve(one.code, part, **told, idempotency_key=f"reserve-{one.code}"))
    made(store.complete(first.code, order=parts[0].id, at=AT, idempotency_key="complete"))
    assert seats(store) == [1]
    ended(store, second)
    assert [one.code for one in store.find(order=parts[1].id)] == [second.code]
    assert verify(store).faults == ()


@pytest.mark.parametrize("in_lists", [False, True], ids=["one by one", "in lists"])
def test_workers_who_accept_at_once_take_each_seat_once(store: Ledger, in_lists: bool) -> None:  # noqa: FBT001 - a case
    """Six workers fight for the seats of an account, and one that allows a single exchange takes none beside others."""
    accounts, workers = 3, 6
    start = Barrier(workers)

    def work(worker: int) -> list[object]:
        programme = (THREE, ONE)[worker == 0]
        items = [item(10 * worker + who, programme, who) for who in range(accounts)]
        start.wait()
        return list(store.accept_many(items)) if in_lists else [store.accept(**one) for one in items]

    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(work, range(workers)))
    assert {one for each in answers for one in said(each)} == {"Exchange", "exchange_open"}
    for who in range(accounts):
        assert seats(store, who) == [0, 1, 2]
    assert verify(store).faults == ()


@pytest.mark.parametrize("at_once", [False, True], ids=["one", "a list"])
def test_a_seat_beyond_ones_terms_that_is_taken_meanwhile_is_seen(
    store: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    at_once: bool,  # noqa: FBT001 - a case
) -> None:
    """The index cannot refuse it: the first seat is free. On a server the other may be committed during the wait."""
    first, _ = (store.accept(**item(number)) for number in (1, 2))
    ended(store, first)
    plain = ledger._accepting._Known.facts  # noqa: SLF001 - as it was before the other
    calls: list[int] = []

    def late(known: Any, event: Any) -> Any:  # noqa: ANN401 - as of the method
        calls.append(1)
        facts = plain(known, event)
        return facts._replace(exchange_open=False, seat=0) if len(calls) == 1 else facts

    monkeypatch.setattr(ledger._accepting._Known, "facts", late)  # noqa: SLF001 - as above
    wanted = item(4, ONE)
    answer = store.accept_many([wanted])[0] if at_once else store.accept(**wanted)
    assert said([answer]) == ["exchange_open"]
    assert len(calls) == 2 * at_once
    assert seats(store) == [1]


@pytest.mark.sweep
def test_at_no_instant_has_an_account_one_too_many(store: Ledger) -> None:
    """Eight workers accept by terms that allow one, two and three, and call off, while another looks on."""
    workers, turns = 8, 40
    done, seen = Event(), set[int]()

    def look() -> None:
        while not done.is_set():
            found = verify(store)
            assert found, found.faults
            seen.add(len(seats(store)))

    def work(worker: int) -> int:
        dice, begun = Random(worker), 0  # noqa: S311 - dice
        for turn in range(turns):
            answer = store.accept(**item(1_000 * worker + turn, dice.choice((ONE, TWO, THREE))))
            if isinstance(answer, Exchange):
                begun += 1
                ended(store, answer)
        return begun

    with ThreadPoolExecutor(workers + 1) as pool:
        looking = pool.submit(look)
        begun = sum(pool.map(work, range(workers)))
        done.set()
        looking.result()
    assert begun > workers
    assert max(seen) <= 3
    assert seats(store) == []
    assert verify(store).faults == ()


def test_verify_finds_one_too_many(store: Ledger) -> None:
    """From the events alone: somebody dropped the index, and seated a fourth one where another sat."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX exchanges_open_account")
    for number in range(1, 5):  # without an index each takes the first seat
        made(store.accept(**item(number)))
        if number == 3:
            assert [one for one in verify(store).faults if "open exchanges" in one] == []
    codes = sorted(one.code for one in store.find(account=account(1)))
    assert verify(store).faults == (
        "The index exchanges_open_account is missing",
        f"{', '.join(codes)}: the account {account(1)} has 4 open exchanges",
    )


@pytest.mark.parametrize("seat", [-1, 3])
def test_verify_finds_a_seat_that_the_terms_do_not_have(store: Ledger, seat: int) -> None:
    exchange = made(store.accept(**item(1)))
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE exchanges SET seat = {seat}")  # noqa: S608 - our own
    assert verify(store).faults == (f"{exchange.code}: its row says seat {seat}, and its terms have those from 0 to 2",)


def test_the_index_of_older_tables_is_no_index_of_seats(store: Ledger, url: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX exchanges_open_account")
        connection.exec_driver_sql(
            f"CREATE UNIQUE INDEX exchanges_open_account ON exchanges (account) WHERE {_schema.IS_OPEN}"
        )
    with pytest.raises(LedgerError, match="exchanges_open_account is of other columns or rows"):
        ledger.open(url, key=KEY)


def test_one_statement_more_is_asked_of_nobody(store: Ledger) -> None:
    """What the terms of others may have beyond one's own is asked for with the purchases."""
    made(store.accept(**item(1, ONE)))
    heard: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *words: heard.append(words[2]))
    made(store.accept(**item(2, ONE, 2)))
    asked = [one for one in heard if "bought_us" in one and one.lstrip().startswith("SELECT")]
    assert len(asked) == 1
    assert not [one for one in heard if one.startswith("SELECT exchanges.seat")]


def test_what_was_open_before_the_seats_sits_in_the_first(url: str) -> None:
    with ledger.open(url, key=KEY, create=True) as store:
        made(store.accept(**item(1)))
    engine = _engine.engine_of(url)
    with engine.begin() as connection:  # as version 0008 had it
        connection.exec_driver_sql("DROP INDEX exchanges_open_account")
        connection.exec_driver_sql("ALTER TABLE exchanges DROP COLUMN seat")
        connection.exec_driver_sql(
            f"CREATE UNIQUE INDEX exchanges_open_account ON exchanges (account) WHERE {_schema.IS_OPEN}"
        )
        connection.exec_driver_sql("UPDATE miexchange_version SET version_num = '0008'")
    engine.dispose()
    assert ledger.migrate(url, key=KEY) == _schema.HEAD
    with ledger.open(url, key=KEY) as store:
        assert "seat" in {column["name"] for column in inspect(store.engine).get_columns("exchanges")}
        assert seats(store) == [0]
        assert said([store.accept(**item(2))]) == ["Exchange"]
        assert seats(store) == [0, 1]
        assert verify(store).faults == ()
