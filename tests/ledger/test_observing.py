"""What a ledger lets be seen: a log without secrets, a call for each transition, every statement to who listens."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from ledger import load, shop, storms, test_feed
from ledger.shop import AT, KEY, accepted, account, bought, code, made, order, reserved
from miexchange import Exchange, InvalidValue, ledger
from miexchange.ledger import LedgerError, Observed, _schema, verify
from miexchange.ledger._session import Session
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.ledger import Ledger

STORMS = {"sims": (8, 4), "keys": (6, 3, 1), "quotas": (8, 4, 1), "forge": (4, 60)}


class Heard(logging.Handler):
    """Everything that is logged, with its parts."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        parts = (record.getMessage(), record.args, record.exc_info, record.stack_info, sorted(record.__dict__))
        self.lines.append(" ".join(map(str, parts)))


@pytest.fixture
def heard() -> Iterator[Heard]:
    logger, handler = logging.getLogger("miexchange.ledger"), Heard()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


def secrets_in(url: str, lines: list[str]) -> list[str]:
    """Return the lines with an IMEI, a code, a token, an account, a key of any kind or a hash in them."""
    with ledger.open(url) as store, store.engine.connect() as connection:
        words = {
            str(value)
            for table, column in (
                (_schema.exchanges, "code"),
                (_schema.exchanges, "account"),
                (_schema.device_tokens, "token"),
                (_schema.answers, "request"),
                (_schema.secret_keys, "key_id"),
                (_schema.events, "hash"),
            )
            for value in connection.scalars(select(table.c[column]))
            if value is not None and len(str(value)) > 3
        }
    words |= {KEY.decode(), KEY.hex()} | {f"{word[:4]}-{word[4:8]}" for word in words if len(word) == 17}
    return [line for line in lines if re.search(r"\d{6}", line) or any(word in line for word in words)]


@pytest.mark.parametrize("name", STORMS)
def test_no_line_of_a_storm_has_a_secret(url: str, name: str, heard: Heard) -> None:
    storms.STORMS[name](url, "threads", *STORMS[name])
    assert secrets_in(url, heard.lines) == []


def test_a_storm_with_killed_connections_is_heard_and_has_no_secret(url: str, heard: Heard) -> None:
    test_feed.storm(url, 2)
    said = "\n".join(heard.lines)
    assert "events got their positions" in said
    if "://" in url:
        assert "A connection is given up" in said
        assert "failed after" in said
    assert secrets_in(url, heard.lines) == []


def test_who_was_quicker_is_heard(url: str, heard: Heard) -> None:
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 1)
        assert not store.accept(shop.quote(1), shop.PROGRAMME, account="another", at=AT, idempotency_key="a")
    assert any(line.startswith("Somebody was quicker at attempt 1") for line in heard.lines)
    assert secrets_in(url, heard.lines) == []


def test_a_sweep_is_heard(store: Ledger, heard: Heard) -> None:
    accepted(store, 1)
    reserved(store, 2)
    late = AT + 14 * 24 * shop.HOUR
    store.sweep(late, dry_run=True)
    store.sweep(late)
    assert [line.partition(" (")[0] for line in heard.lines] == [
        "A sweep would end: 1 coupons, 0 re-quotes; 0 are damaged",
        "A sweep ended: 1 coupons, 0 re-quotes; 0 are damaged",
    ]


def test_a_library_is_silent_by_itself() -> None:
    assert any(isinstance(one, logging.NullHandler) for one in logging.getLogger("miexchange.ledger").handlers)


# ----- the observer


@pytest.fixture
def told() -> list[Observed]:
    return []


@pytest.fixture
def watched(url: str, told: list[Observed]) -> Iterator[Ledger]:
    with ledger.open(url, key=KEY, create=True, observer=told.append, timer=count().__next__) as store:
        yield store


def test_every_outcome_is_told(watched: Ledger, told: list[Observed]) -> None:
    bought(watched, 1)
    watched.complete(code(1), order=order(1).id, at=AT, idempotency_key="complete-1")
    watched.reserve(code(1), order(9), account=account(1), at=AT, idempotency_key="again")
    assert [(one.kind, one.outcome, one.attempts, one.reasons) for one in told] == [
        ("accept", "made", 1, ()),
        ("reserve", "made", 1, ()),
        ("complete", "made", 1, ()),
        ("complete", "repeated", 2, ()),
        ("reserve", "refused", 1, ("coupon_used",)),
    ]
    assert [one.seconds for one in told] == [1] * 5


def test_what_else_a_transaction_made_is_told(watched: Ledger, told: list[Observed]) -> None:
    """A phone that is seen at a door is called off elsewhere; a sweep ends several."""
    one_sim = shop.quote(1).replace(imeis=(shop.imei(2),))
    made(watched.accept(one_sim, shop.PROGRAMME, account=account(1), at=AT, idempotency_key="a1"))
    held = watched.reserve(watched.find()[0].code, order(1), account=account(1), at=AT, idempotency_key="r1")
    other = shop.quote(1).replace(imeis=(shop.imei(3),))
    made(watched.accept(other, shop.PROGRAMME, account=account(2), at=AT, idempotency_key="a2"))
    seen = trade.seen(imeis=(shop.imei(2), shop.imei(3)))
    made(watched.inspect(made(held).code, seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="i"))
    accepted(watched, 5)
    accepted(watched, 6)
    watched.sweep(AT + 14 * 24 * shop.HOUR)
    kinds = ["accept", "reserve", "accept", "void", "inspect", "accept", "accept", "expire", "expire"]
    assert [(one.kind, one.outcome) for one in told] == [(kind, "made") for kind in kinds]


@pytest.mark.parametrize(("where", "outcome", "begun"), [("begin", "failed", 0), ("commit", "unknown", 1)])
def test_an_error_is_told(
    watched: Ledger, told: list[Observed], monkeypatch: pytest.MonkeyPatch, where: str, outcome: str, begun: int
) -> None:
    def broken(_: Session) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Session, where, broken)
    with pytest.raises(LedgerError):
        accepted(watched, 1)
    assert [(one.kind, one.outcome, one.attempts) for one in told] == [("accept", outcome, begun)]


def test_an_observer_that_fails_touches_nothing(url: str, heard: Heard) -> None:
    def fails(_: Observed) -> None:
        raise ValueError(code(1))

    with ledger.open(url, key=KEY, create=True, observer=fails) as store:
        assert bought(store, 1).version == 3
        assert not store.reserve(code(1), order(9), account=account(1), at=AT, idempotency_key="again")
        assert verify(store)
    assert sum("The observer failed: ValueError" in line for line in heard.lines) == 4
    assert secrets_in(url, heard.lines) == []


def test_an_observer_may_ask_the_ledger(url: str) -> None:
    """It is called after the commit, and the connection is given back."""
    states = []

    def asks(_: Observed) -> None:
        states.append([one.state.value for one in store.find()])

    with ledger.open(url, key=KEY, create=True, observer=asks) as store:
        bought(store, 1)
    assert states == [["issued"], ["reserved"], ["completed"]]


def test_each_event_of_a_storm_is_told_once(watched: Ledger, told: list[Observed]) -> None:
    def live(worker: int) -> None:
        for number in range(4):
            for verb in ("accept", "reserve", "complete"):
                assert load.step(watched, verb, number, f"{verb}-{number}-{worker}") is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, range(8)))
    with watched.engine.connect() as connection:
        kinds = Counter(connection.scalars(select(_schema.events.c.kind)))
    assert Counter(one.kind for one in told if one.outcome == "made") == kinds
    assert len(told) == 8 * 4 * 3


@pytest.mark.parametrize("wrong", [1, "print"])
def test_an_observer_is_a_function(url: str, wrong: Any) -> None:  # noqa: ANN401 - whatever is given
    with pytest.raises(InvalidValue, match="give a function that takes an Observed"):
        ledger.open(url, key=KEY, create=True, observer=wrong)
    with pytest.raises(InvalidValue, match="give a function that returns seconds"):
        ledger.open(url, key=KEY, create=True, timer=wrong)


def test_without_a_timer_nothing_is_timed(url: str, told: list[Observed]) -> None:
    with ledger.open(url, key=KEY, create=True, observer=told.append) as store:
        accepted(store, 1)
    assert [one.seconds for one in told] == [None]


# ----- SQLAlchemy's events


def test_who_listens_to_the_engine_sees_every_statement(store: Ledger) -> None:
    """The connections that are at hand are heard as well, and go on unheard afterwards."""
    bought(store, 1)
    seen: list[str] = []

    def hears(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", hears)
    assert isinstance(bought(store, 2), Exchange)
    said = "\n".join(seen)
    assert said.count("BEGIN") == 3
    for words in ("INSERT INTO exchanges", "INSERT INTO events", "INSERT INTO answers", "INSERT INTO feed_queue"):
        assert words in said
    assert said.count("UPDATE exchanges") == 2
    assert said.count("UPDATE tallies") == 3
    event.remove(store.engine, "before_cursor_execute", hears)
    del seen[:]
    bought(store, 3)
    assert seen == []
    assert verify(store)
