"""The feed: every event once, in the order of the commits, whoever writes, reads or is killed meanwhile."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count, groupby, pairwise
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import select

from ledger import load, proofs, server, shop
from ledger.shop import AT, KEY, accepted, account, bought, code, made, reserved
from miexchange import Exchange, InvalidValue, ledger
from miexchange.ledger import FeedEvent, LedgerError, _feed, _schema, verify
from miexchange.ledger._session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.ledger import Ledger

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "outbox.py"
WRITERS, READERS, EACH = 16, 3, 3
VERBS = ("accept", "reserve", "complete")


def read(store: Ledger, after: str = "", *, limit: int = 100) -> list[FeedEvent]:
    """Read the feed to its end, page after page."""
    found: list[FeedEvent] = []
    while page := store.events(found[-1].position if found else after, limit=limit):
        found += page
    return found


def told(found: list[FeedEvent]) -> list[tuple[str, int]]:
    return [(event.code, event.entry.version) for event in found]


def written(store: Ledger) -> set[tuple[str, int]]:
    """Return all events, past the feed."""
    table = _schema.events
    with store.engine.connect() as connection:
        return {(row.code, row.version) for row in connection.execute(select(table.c.code, table.c.version))}


@pytest.fixture
def filled(store: Ledger) -> Ledger:
    bought(store, 1)
    reserved(store, 2)
    made(store.void(code(2), reason="withdrawn", at=AT, idempotency_key="void-2"))
    return store


# ----- one reader


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_of_any_size_are_all_the_events_in_their_order(filled: Ledger, limit: int) -> None:
    found = read(filled, limit=limit)
    assert told(found) == [(code(1), 1), (code(1), 2), (code(1), 3), (code(2), 1), (code(2), 2), (code(2), 3)]
    assert [event.number for event in found] == [1, 2, 3, 4, 5, 6]
    assert [event.entry for event in found] == [*filled.history(code(1)), *filled.history(code(2))]
    assert filled.events(found[-1].position) == ()
    accepted(filled, 3)
    assert told(read(filled, found[-1].position)) == [(code(3), 1)]
    assert verify(filled)


def test_a_long_queue_gets_its_positions_in_several_transactions(
    filled: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_feed, "_QUEUED", select(_schema.feed_queue).order_by(_schema.feed_queue.c.id).limit(2))
    assert [event.number for event in read(filled)] == [1, 2, 3, 4, 5, 6]
    assert verify(filled)


def test_what_a_sweep_and_a_door_end_is_in_the_feed(store: Ledger) -> None:
    accepted(store, 1)
    store.sweep(AT + 14 * 24 * shop.HOUR)
    assert [event.entry.event.kind for event in read(store)] == ["accept", "expire"]
    assert [event.entry.request for event in read(store)] == ["accept-1", None]


@pytest.mark.parametrize("wrong", ["1", "0-0123456789abcdef", "1-0123", "x", "1-0123456789ABCDEF", " ", None, 1])
def test_what_is_no_position_is_refused(filled: Ledger, wrong: Any) -> None:  # noqa: ANN401 - whatever is given
    with pytest.raises(InvalidValue, match="or the position of an event as the ledger gave it"):
        filled.events(wrong)


@pytest.mark.parametrize("limit", [0, 1_001, True, "5"])
def test_a_page_has_a_size(filled: Ledger, limit: Any) -> None:  # noqa: ANN401 - as above
    with pytest.raises(InvalidValue, match="limit"):
        filled.events(limit=limit)


def test_without_the_key_only_what_has_a_position_is_read(filled: Ledger, url: str) -> None:
    with ledger.open(url) as keyless:
        assert keyless.events() == ()
        found = read(filled)
        assert read(keyless) == found


def test_a_reader_finds_out_that_the_ledger_was_put_back(tmp_path: Path) -> None:
    path, kept = tmp_path / "x.db", tmp_path / "backup.db"
    with ledger.open(path, key=KEY, create=True) as store:
        reserved(store, 1)
        read(store)
    shutil.copy(path, kept)
    with ledger.open(path, key=KEY) as store:
        accepted(store, 2)
        last = read(store)[-1].position
    shutil.copy(kept, path)
    with ledger.open(path, key=KEY) as store:
        with pytest.raises(LedgerError, match="The event at position 3 is another one, or gone"):
            store.events(last)
        accepted(store, 3)
        with pytest.raises(
            LedgerError, match=r"position 3 .* put back to an older state, begin at an earlier position"
        ):
            store.events(last)
        assert [event.number for event in read(store)] == [1, 2, 3]


# ----- the order of the commits


def held(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Let the next commit of this process wait; return what says that it waits, and what lets it go on."""
    waits, goes_on = Event(), Event()
    commit = Session.commit

    def late(session: Session) -> None:
        monkeypatch.setattr(Session, "commit", commit)
        waits.set()
        assert goes_on.wait(60)
        commit(session)

    monkeypatch.setattr(Session, "commit", late)
    return waits, goes_on


@pytest.fixture
def server_url(postgresql: str) -> Iterator[str]:
    """Give an empty database of PostgreSQL, where writers do not wait for one another."""
    with server.database(postgresql) as made_url:
        yield made_url


def test_an_event_that_is_committed_later_gets_a_later_position(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that goes by a number drawn before the commit is past this event, and never sees it."""
    with ledger.open(server_url, key=KEY, create=True) as store, ThreadPoolExecutor(1) as pool:
        accepted(store, 3)  # the first of a programme has the others of it wait, until it is kept
        before = read(store)[-1].position
        waits, goes_on = held(monkeypatch)
        late = pool.submit(accepted, store, 1)
        assert waits.wait(60)
        accepted(store, 2)
        first = read(store, before)
        assert told(first) == [(code(2), 1)]
        goes_on.set()
        late.result()
        queue = _schema.feed_queue
        with store.engine.connect() as connection:
            drawn = connection.scalars(select(queue.c.id)).all()
        assert drawn == [2], "its number is before that of the other"
        assert told(read(store, first[-1].position)) == [(code(1), 1)]
        assert verify(store)


def test_what_an_account_was_free_for_comes_after_what_freed_it(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.open(server_url, key=KEY, create=True) as store, ThreadPoolExecutor(2) as pool:
        accepted(store, 1)
        waits, goes_on = held(monkeypatch)
        void = pool.submit(store.void, code(1), reason="withdrawn", at=AT, idempotency_key="void-1")
        assert waits.wait(60)
        again = pool.submit(
            store.accept, shop.quote(2), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="again"
        )
        with psycopg.connect(server_url, autocommit=True) as connection:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while connection.execute(query).fetchone() == (0,):
                time.sleep(0.01)
        goes_on.set()
        made(void.result())
        made(again.result())
        assert [event.entry.event.kind for event in read(store)] == ["accept", "void", "accept"]


class Storm:
    """Writers, readers and a killer of connections at one ledger; what each of them saw."""

    def __init__(self, url: str, store: Ledger, each: int) -> None:
        """Know the ledger, and how many coupons each writer has."""
        self.url, self.store, self.each = url, store, each
        self.clock = count()
        self.spans: dict[tuple[str, int], tuple[int, int]] = {}
        self.is_over = Event()
        self.killed = 0

    def write(self, worker: int) -> None:
        """Let coupons live, and try again with the same key where a connection was lost."""
        for number in range(worker * self.each, (worker + 1) * self.each):
            for version, verb in enumerate(VERBS, 1):
                began = next(self.clock)
                while True:
                    with suppress(LedgerError):
                        answer = load.step(self.store, verb, number, f"{verb}-{number}")
                        assert isinstance(answer, Exchange)
                        break
                self.spans[code(number), version] = began, next(self.clock)

    def read(self, reader: int) -> list[FeedEvent]:
        """Read page after page until all writers have ended, and then to the end."""
        found: list[FeedEvent] = []
        while True:
            was_over = self.is_over.is_set()
            try:
                page = self.store.events(found[-1].position if found else "", limit=1 + 9 * reader)
            except LedgerError as error:
                if "position" in error.what:  # no lost connection
                    raise
                continue
            found += page
            if was_over and not page:
                return found

    def kill(self) -> None:
        """End the transactions of some connections, as a server that fails over does."""
        dice = random.Random(7)  # noqa: S311 - dice
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.is_over.wait(0.05):
                pids = [pid for (pid,) in connection.execute(query)]
                for pid in dice.sample(pids, min(2, len(pids))):
                    connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
                    self.killed += 1


def storm(url: str, each: int) -> None:
    """Let it storm, and hold the law.

    What every reader saw, page by page, is every event once, in one and the same order; that of each exchange's own
    history; and what began after another transition was acknowledged comes after it.
    """
    for number in range(WRITERS * each):
        shop.quote(number), shop.code(number)
    with ledger.open(url, key=KEY, create=True) as store, ThreadPoolExecutor(WRITERS + READERS) as pool:
        it = Storm(url, store, each)
        killer = Thread(target=it.kill) if "://" in url else None
        if killer is not None:
            killer.start()
        readers = [pool.submit(it.read, reader) for reader in range(READERS)]
        writers = [pool.submit(it.write, worker) for worker in range(WRITERS)]
        try:
            for one in writers:
                one.result()
        finally:
            it.is_over.set()
        if killer is not None:
            killer.join()
            assert it.killed
        found, *others = [one.result() for one in readers]
        assert all(other == found for other in others)
        assert [event.number for event in found] == list(range(1, 3 * WRITERS * each + 1))
        order = told(found)
        assert len(order) == len(set(order))
        assert set(order) == written(store)
        for _, versions in groupby(sorted(range(len(order)), key=lambda place: order[place][0]), lambda p: order[p][0]):
            assert all(order[one][1] + 1 == order[other][1] for one, other in pairwise(versions))
        ends = float("inf")
        for place in reversed(range(len(order))):
            began, ended = it.spans[order[place]]
            assert ends >= began, "what comes later ended before this began"
            ends = min(ends, ended)
        assert verify(store)


def test_sixteen_writers_and_killed_connections_leave_one_feed(url: str) -> None:
    storm(url, EACH)


@pytest.mark.sweep
def test_the_same_for_long(url: str) -> None:
    storm(url, 60)


def test_readers_that_give_positions_at_once_give_each_once(filled: Ledger) -> None:
    start = Barrier(6)

    def first(_: int) -> list[FeedEvent]:
        start.wait()
        return read(filled)

    with ThreadPoolExecutor(6) as pool:
        found, *others = pool.map(first, range(6))
    assert all(other == found for other in others)
    assert len(found) == 6
    assert verify(filled)


# ----- an insider

EDITS = {
    "a position that is gone": (("DELETE FROM feed WHERE position = 2",), "the feed has other events of it"),
    "a position of another event": (
        ("UPDATE feed SET code = '{two}' WHERE position = 2",),
        "the feed has other events of it than there are",
    ),
    "positions of two exchanges": (
        (
            "UPDATE feed SET position = 70 WHERE position = 3",
            "UPDATE feed SET position = 3 WHERE position = 4",
            "UPDATE feed SET position = 4 WHERE position = 70",
        ),
        "row 256 of the running count: what is there is not what was written",
    ),
    "positions of one exchange": (
        (
            "UPDATE feed SET position = 70 WHERE position = 4",
            "UPDATE feed SET position = 4 WHERE position = 5",
            "UPDATE feed SET position = 5 WHERE position = 70",
        ),
        "the feed has its events in another order",
    ),
    "a position far away": (("UPDATE feed SET position = 90 WHERE position = 6",), "are not those from 1 on"),
    "the count of the positions": (
        ("UPDATE tallies SET events = 5 WHERE bucket = 256",),
        "row 256 of the running count",
    ),
    "no count of the positions": (
        ("DELETE FROM tallies WHERE bucket = 256",),
        "row 256 of the running count is missing",
    ),
    "an event that is in the queue again": (
        ("INSERT INTO feed_queue (id, code, version) VALUES (99, '{one}', 1)",),
        "the feed has other events of it than there are",
    ),
    "an event of nobody in the queue": (
        ("INSERT INTO feed_queue (id, code, version) VALUES (99, 'x', 1)",),
        "x: its row is missing, and rows of feed_queue are there",
    ),
    "an event that is out of the queue": (
        ("DELETE FROM feed_queue",),
        "the feed has other events of it than there are",
    ),
    "the queue in another order": (
        ("UPDATE feed_queue SET id = -id",),
        "the feed has its events in another order",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_insider_at_the_feed_is_found(filled: Ledger, what: str) -> None:
    read(filled)
    statements, words = EDITS[what]
    reserved(filled, 3)  # its two events are in the queue
    with filled.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.format(one=code(1), two=code(2)))
    assert words in "\n".join(verify(filled).faults)
    if "tallies" in statement:
        with pytest.raises(LedgerError, match=r"Row 256 of the ledger's running count is missing|changed in row 256"):
            filled.events(limit=1_000)


# ----- the example


def test_the_example_publishes_each_event_through_every_kill(url: str, tmp_path: Path) -> None:
    where, to = tmp_path / "position", tmp_path / "events.jsonl"
    environ = {**proofs.environment(), "MIEXCHANGE_KEY": KEY.decode()}
    dice, kills = random.Random(5), 4  # noqa: S311 - moments, not secrets
    with ledger.open(url, key=KEY, create=True) as store:
        numbers = count()
        for turn in range(kills + 1):
            with subprocess.Popen([sys.executable, str(EXAMPLE), url, str(where), str(to)], env=environ) as relay:  # noqa: S603 - our own script
                for _ in range(4):
                    bought(store, next(numbers))
                every = written(store)
                published = wait_for(to, lines(to) + (2 if turn < kills else 0), every if turn == kills else None)
                if turn < kills:
                    time.sleep(dice.uniform(0, 0.02))
                os.kill(relay.pid, signal.SIGKILL)
        assert {(one["code"], one["version"]) for one in published} == every
    again = Counter(one["number"] for one in published)
    assert sorted(again) == list(range(1, len(every) + 1))
    first_seen = list(dict.fromkeys(one["number"] for one in published))
    assert first_seen == sorted(first_seen), "a reader that takes each number once has them in their order"
    by_place = {one["number"]: one["position"] for one in published}
    assert all(by_place[one["number"]] == one["position"] for one in published)


def lines(to: Path) -> int:
    return len(to.read_text(encoding="utf-8").splitlines()) if to.exists() else 0


def wait_for(to: Path, least: int, every: set[tuple[str, int]] | None) -> list[dict[str, Any]]:
    """Wait until some lines were published, or all events, and return what was published; a kill may cut a line."""
    for _ in range(1_200):
        text = to.read_text(encoding="utf-8") if to.exists() else ""
        published = []
        for line in text.splitlines():
            with suppress(json.JSONDecodeError):
                published.append(json.loads(line))
        if len(published) >= least and (every is None or {(one["code"], one["version"]) for one in published} == every):
            return published
        time.sleep(0.05)
    raise AssertionError(text)
