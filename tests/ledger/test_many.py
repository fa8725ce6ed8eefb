"""Many quotes in one transaction are what one after the other would be: every answer, and every row that is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from ledger import server, shop
from ledger.shop import AT, KEY, account, made, order, phone
from miexchange import Exchange, InvalidValue, MiExchangeError, Quote, Refusal, appraise, ledger
from miexchange.ledger import LedgerError, Observed, _accepting, _schema, verify
from miexchange.programme import Bonus, Limit
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miexchange.ledger import AcceptArguments, Ledger
    from miexchange.programme import Programme

FEW = settings(deadline=None, suppress_health_check=list(HealthCheck))
DAY = timedelta(days=1)
BONUSES = (
    Bonus("first", "First bonus", amount_minor=50_000, quota=2, fall_back="second"),
    Bonus("second", "Second bonus", amount_minor=20_000, quota=1),
)
LIMITS = (Limit("account", "account", 2, 30), Limit("phone", "device", 2, 20), Limit("home", "address", 2, 10))
LIMITED = trade.RULES.replace(rebuy="after", rebuy_days=1, limits=LIMITS)
PROGRAMMES = {
    "plain": shop.PROGRAMME,
    "quotas": trade.programme(bonuses=BONUSES),
    "limits": trade.programme(LIMITED),
    "quotas and limits": trade.programme(LIMITED, bonuses=BONUSES),
    "several": trade.programme(usage=small.USAGE.replace(applies_to="one_unit", devices_per_order=2)),
}


def item(
    number: int, who: int | None = None, key: str = "", *, programme: Programme = shop.PROGRAMME, **more: object
) -> AcceptArguments:
    """Return the arguments with which an account accepts the quote of a phone."""
    answer = appraise(phone(number), trade.SAID, programme, at=AT)
    assert isinstance(answer, Quote)
    who = number if who is None else who
    told: Any = {"quote": answer, "programme": programme, "account": account(who), "at": AT}
    found: AcceptArguments = told | {"idempotency_key": key or f"{number}-{who}"} | more
    return found


def one_by_one(store: Ledger, items: Sequence[AcceptArguments]) -> list[object]:
    """Accept one after the other."""
    found: list[object] = []
    for one in items:
        try:
            found.append(store.accept(**one))
        except MiExchangeError as error:
            found.append(error)
    return found


def plain(answers: Sequence[object]) -> list[object]:
    """Return answers as they can be compared."""
    return [(type(one), str(one)) if isinstance(one, MiExchangeError) else one for one in answers]


def rows(store: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Return all that a ledger keeps; the numbers of the queue may have gaps, its order counts."""
    with store.engine.connect() as connection:
        return {
            table.name: [
                tuple(row)[table is _schema.feed_queue :]
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in _schema._metadata.sorted_tables  # noqa: SLF001 - behind the ledger's back
        }


@pytest.fixture(scope="module")
def empty(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Iterator[Ledger]]]:
    """Give three ledgers with nothing in them, again and again: two files and a server's database."""
    folder = tmp_path_factory.mktemp("many")
    with (
        server.database(postgresql) as url,
        ledger.open(folder / "one.db", key=KEY, create=True) as one,
        ledger.open(folder / "many.db", key=KEY, create=True) as many,
        ledger.open(url, key=KEY, create=True) as far,
    ):
        first = rows(one)["tallies"]
        given: list[Ledger] = []

        def given_back() -> None:
            while given:  # each has connections of an engine that goes on
                given.pop()._sessions.close()  # noqa: SLF001 - as above

        def emptied() -> Iterator[Ledger]:
            given_back()
            for store in (one, many, far):
                with store.engine.begin() as connection:
                    for table in _schema._metadata.sorted_tables:  # noqa: SLF001 - as above
                        if table is not _schema.secret_keys:
                            connection.execute(table.delete())
                    names = [column.name for column in _schema.tallies.c]
                    connection.execute(_schema.tallies.insert(), [dict(zip(names, row, strict=True)) for row in first])
                given.append(ledger.Ledger(store.engine, KEY, ()))
                yield given[-1]

        yield emptied
        given_back()


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[AcceptArguments], list[AcceptArguments]]:
    """Draw two lists that fight for few phones, accounts, requests and addresses; the second repeats some.

    They are of two editions of a programme, which may limit by different things.
    """
    editions = draw(st.lists(st.sampled_from(sorted(PROGRAMMES)), min_size=1, max_size=2))

    def one() -> AcceptArguments:
        found = item(
            draw(st.integers(1, 5)),
            draw(st.integers(1, 5)),
            draw(st.sampled_from(("", "", "a", "b"))),
            programme=PROGRAMMES[draw(st.sampled_from(editions))],
            tags={"address": draw(st.sampled_from(("here", "there", "away")))} if draw(st.booleans()) else {},
            at=AT + draw(st.sampled_from((timedelta(), DAY, 400 * DAY))),
        )
        if draw(st.integers(0, 9)) == 0:
            found["account"] = "not an id \n"
        if draw(st.integers(0, 9)) == 0:  # a forged one
            found["quote"] = found["quote"].replace(label="Acme Nine")
        return found

    first = [one() for _ in range(draw(st.integers(0, 8)))]
    again = [draw(st.sampled_from(first)) for _ in range(2)] if first else []
    second = [*again[:1], one(), one(), *again[1:]]
    return first, second


@FEW
@given(drawn=lists(), ends=st.sets(st.integers(0, 7)))
def test_many_at_once_are_one_after_the_other(
    empty: Callable[[], Iterator[Ledger]],
    drawn: tuple[list[AcceptArguments], list[AcceptArguments]],
    ends: set[int],
) -> None:
    """The answers are those of `accept` for one item after the other, and so is every row."""
    one, many, far = empty()
    for items in drawn:
        expected = one_by_one(one, items)
        for store in (many, far):
            assert plain(store.accept_many(items)) == plain(expected)
        for place in sorted(ends):
            if place < len(expected) and isinstance(begun := expected[place], Exchange):
                for store in (one, many, far):
                    store.void(begun.code, reason="no", at=AT + DAY, idempotency_key=begun.code)
    kept = rows(one)
    assert rows(many) == kept
    assert rows(far) == kept
    assert verify(one) == verify(many) == verify(far)
    assert verify(far)
    assert many.events() == far.events() == one.events()


def test_what_fights_within_a_list_is_refused_as_one_after_the_other(store: Ledger) -> None:
    """The same phone twice, the same account twice, the same request twice; the others are accepted."""
    items = [item(1), item(2), item(1, 9), item(3, 2), item(4), item(2), item(5, 2, "2-2")]
    found = store.accept_many(items)
    kinds = [one.codes if isinstance(one, Refusal) else type(one).__name__ for one in found]
    assert kinds == [
        "Exchange",
        "Exchange",
        ("device_in_exchange",),
        ("exchange_open",),
        "Exchange",
        "Exchange",
        ("request_changed",),
    ]
    assert found[5] == found[1]
    assert plain(store.accept_many(items)) == plain(found), "the same list again"
    assert plain(store.accept_many(items[3:1:-1])) == plain(found[3:1:-1]), "a part of it"
    assert verify(store)


def test_a_bad_item_takes_no_other_down(store: Ledger) -> None:
    strange: Any = item(2) | {"quote": "no quote"}
    found = store.accept_many([item(1), strange, item(3)])
    assert [type(one) for one in found] == [Exchange, InvalidValue, Exchange]
    assert "quote" in str(found[1])
    assert verify(store)
    assert store.accept_many([]) == ()
    assert [type(one) for one in store.accept_many([strange])] == [InvalidValue]


@pytest.mark.parametrize(
    "items", ["text", 7, [item(1), "no item"], [{"quote": 1}], [{**item(1), "more": 1}], [item(1)] * 1_001]
)
def test_what_is_no_list_of_items_is_refused_as_a_whole(store: Ledger, items: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidValue, match="items"):
        store.accept_many(items)
    assert verify(store) == ledger.Verification(0, 0, ())


def test_a_damaged_row_of_the_count_takes_down_its_own_items_only(store: Ledger) -> None:
    """What `accept` raises for an item alone is its answer."""
    names = _schema.tallies.c
    hurt = ledger._seals.bucket_of(shop.code(1))  # noqa: SLF001 - where the first is counted
    with store.engine.begin() as connection:
        connection.execute(_schema.tallies.update().where(names.bucket == hurt).values(seal="0" * 64))
    found = store.accept_many([item(number) for number in (1, 2)])
    assert [type(one) for one in found] == [LedgerError, Exchange]


def test_whoever_watches_is_told_of_each(url: str) -> None:
    told: list[Observed] = []
    with ledger.open(url, key=KEY, create=True, observer=told.append, timer=lambda: 0.0) as store:
        store.accept_many([item(1), item(1, 2), item(1)])
        outcomes = [(one.kind, one.outcome, one.attempts) for one in told]
        assert outcomes == [("accept", "made", 1), ("accept", "refused", 1), ("accept", "repeated", 1)]
        told.clear()
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE answers")
        with pytest.raises(LedgerError):
            store.accept_many([item(3), item(4)])
        assert [one.outcome for one in told] == ["failed", "failed"]


def test_a_phone_that_was_bought_meanwhile_is_looked_at_again(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server a purchase may be committed while the index makes a transaction wait."""
    shop.bought(store, 1)
    plain_known = _accepting._Known.facts  # noqa: SLF001 - as it was before the purchase
    calls: list[int] = []

    def late(known: _accepting._Known, event: Any) -> Any:  # noqa: ANN401 - as of the method
        calls.append(1)
        facts = plain_known(known, event)
        return facts._replace(device_bought=None) if len(calls) == 1 else facts

    monkeypatch.setattr(_accepting._Known, "facts", late)  # noqa: SLF001 - as above
    (found,) = store.accept_many([item(1, 2)])
    assert isinstance(found, Refusal)
    assert found.codes == ("device_exchanged",)
    assert len(calls) == 2


def test_a_coupon_that_went_on_is_not_accepted_again(store: Ledger) -> None:
    made(store.accept(**item(1)))
    store.reserve(shop.code(1), order(1), account=account(1), at=AT, idempotency_key="r")
    (found,) = store.accept_many([item(1, key="another")])
    assert isinstance(found, Refusal)
    assert found.codes == ("quote_accepted",)


@pytest.mark.parametrize("programme", ["plain", "quotas and limits"])
def test_what_a_list_asks_the_database_does_not_grow_with_it(store: Ledger, programme: str) -> None:
    """Each table is asked once for all items, and on a server written once; SQLite is asked for each answer."""
    limits = (LIMITS[0], LIMITS[1], Limit("home", "address", 50, 10))
    bonuses = (Bonus("first", "First bonus", amount_minor=50_000, quota=50),)
    counted = trade.programme(LIMITED.replace(limits=limits), bonuses=bonuses)
    rules = shop.PROGRAMME if programme == "plain" else counted
    items = [item(number, programme=rules, tags={"address": "here"}) for number in range(30)]
    store.accept_many(items[:2])  # the programme is kept then
    heard: list[str] = []

    def hear(*words: Any) -> None:  # noqa: ANN401 - of SQLAlchemy
        if "FROM answers" not in words[2]:
            heard.append(words[2])

    event.listen(store.engine, "before_cursor_execute", hear)
    counts = []
    for part in (items[2:6], items[6:]):
        heard.clear()
        assert [type(one) for one in store.accept_many(part)] == [Exchange] * len(part)
        counts.append(len(heard))
    assert counts[0] == counts[1], heard


def test_what_no_limit_of_an_item_counts_counts_for_those_after_it(store: Ledger) -> None:
    """Defect: items of two editions, of which one limits by address, were one run, in which it was not counted."""
    plain, limited = PROGRAMMES["plain"], trade.programme(trade.RULES.replace(limits=(Limit("h", "home", 1, 10),)))
    tags = {"home": "one", "account": account(3)}  # the second is a tag as any other, and nobody's account
    by_account = trade.programme(trade.RULES.replace(limits=(Limit("a", "account", 1, 10),)))
    items = [item(1, programme=plain, tags=tags), item(2, programme=limited, tags=tags), item(3, programme=by_account)]
    first, second, third = store.accept_many(items)
    assert isinstance(second, Refusal)
    assert second.codes == ("limit_reached",)
    assert (type(first), type(third)) == (Exchange, Exchange)


def test_a_list_runs_out_of_places_and_below_a_limit(store: Ledger) -> None:
    """What items before it took is counted at each item, and of a later list too."""
    rules = trade.programme(trade.RULES.replace(limits=(Limit("home", "address", 2, 10),)), bonuses=BONUSES)
    items = [item(number, programme=rules, tags={"address": f"{number // 4}"}) for number in range(8)]
    found = store.accept_many(items)
    said = [", ".join(one.codes) if isinstance(one, Refusal) else "" for one in found]
    assert said == ["", "", *["bonus_used_up, limit_reached"] * 2, *["bonus_used_up"] * 4]
    assert verify(store)


@pytest.mark.sweep
@pytest.mark.parametrize("wanted", ["limit", "places"])
def test_lists_that_fight_for_a_limit_or_for_places_pass_neither(store: Ledger, wanted: str) -> None:
    """Eight threads accept lists of phones in one store at once: 13 may, by a limit or by the quota of a bonus."""
    limits = (Limit("shop", "store", 13, 10),) if wanted == "limit" else ()
    bonuses = (Bonus("b", "Bonus", amount_minor=50_000, quota=13),) if wanted == "places" else ()
    rules = trade.programme(trade.RULES.replace(limits=limits), bonuses=bonuses)

    def ask(thread: int) -> list[object]:
        phones = range(5 * thread, 5 * thread + 5)
        return list(store.accept_many([item(one, programme=rules, tags={"store": "one"}) for one in phones]))

    with ThreadPoolExecutor(8) as pool:
        found = [answer for answers in pool.map(ask, range(8)) for answer in answers]
    assert sum(isinstance(answer, Exchange) for answer in found) == 13
    assert verify(store).faults == ()


@pytest.mark.sweep
def test_lists_and_single_requests_that_fight_leave_a_whole_ledger(store: Ledger) -> None:
    """Eight threads accept the same phones at once, in lists and alone: each phone is accepted once."""

    def ask(thread: int) -> list[object]:
        numbers = [(7 * thread + 3 * number) % 60 for number in range(60)]
        items = [item(number, key=f"{number}-{thread}") for number in dict.fromkeys(numbers)]
        return one_by_one(store, items) if thread % 2 else list(store.accept_many(items))

    with ThreadPoolExecutor(8) as pool:
        found = [answer for answers in pool.map(ask, range(8)) for answer in answers]
    assert all(isinstance(answer, Exchange) for answer in found)
    assert verify(store).faults == ()
    assert verify(store).exchanges == len({answer.code for answer in found if isinstance(answer, Exchange)})


def test_all_arguments_of_accept_are_those_of_an_item() -> None:
    import inspect  # noqa: PLC0415 - for this test

    names = set(inspect.signature(ledger.Ledger.accept).parameters) - {"self"}
    assert set(_accepting.AcceptArguments.__annotations__) == names
