"""What a ledger costs beside bare transactions and bare look-ups, on SQLite and PostgreSQL, and as it grows.

The phones, the accounts and the PostgreSQL server are those of the tests; the server waits for the disk, as it does by
default. The statements of a life are repeated by hand with the database's own driver, in turns with ours (`_ledgers`),
and so is a transaction of one row, as often as a life has transactions: what is between ours and the statements by hand
is Python's, and what is between those and the bare transactions is the tables'. `widening.py` has several clients.

What the ledger's own sessions save is measured in turns with SQLAlchemy's pool, and with its own way to execute, each
on a database of its own.

The last table is what others wait for while a sweep ends coupons that are due, and without one.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from select import select
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text

from _ledgers import VERBS, bare, databases, live, notes, unsynced
from _measure import is_quick, print_table, verdict
from _sqlalchemy_peer import CoreSessions, PooledSessions
from ledger import load, shop
from miexchange import ledger
from miexchange.exchange import State
from miexchange.ledger import _schema as tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from _ledgers import Bare, Places
    from miexchange.ledger import Ledger

RATE, LOOK_UP, GROWTH = 0.5, 2.0, 1.5
MANY = 5_000  # rows in one statement
FEW = 16
WAIT = 0.5  # seconds
THREADS = 3
REST = 0.02
DUE_FROM = 5 * 10**6
WAYS: dict[str, type[PooledSessions] | None] = {
    "ours": None,
    "SQLAlchemy's pool": PooledSessions,
    "SQLAlchemy's pool and statements": CoreSessions,
}


def timed(call: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def lives(
    store: Ledger, noted: Ledger, repeated: Bare, by_hand: Bare, first: int, turns: int, length: int
) -> tuple[float, float, float]:
    """Return the median seconds of a life, of its statements by hand, and of as many bare transactions, in turns."""
    ours, statements, bare_ones = [], [], []
    for turn in range(turns):
        numbers = range(first + turn * length, first + (turn + 1) * length)
        for number in numbers:
            shop.quote(number), shop.code(number), shop.order(number)  # what comes before a ledger is asked
        ours.append(timed(partial(live, store, numbers)) / length)
        with notes() as transactions:
            live(noted, numbers)
        statements.append(timed(partial(repeated.repeat, transactions)) / length)
        ids = range(3 * numbers.start, 3 * numbers.stop)
        bare_ones.append(timed(lambda ids=ids: [by_hand.write(number) for number in ids]) / length)  # type: ignore[misc]
    return median(ours), median(statements), median(bare_ones)


def look_ups(store: Ledger, by_hand: Bare, codes: list[str], turns: int) -> tuple[float, float]:
    """Return the median seconds of a look-up by code, ours and a bare one, taken in turns."""
    ours, bare_ones = [], []
    for _ in range(turns):
        ours.append(timed(lambda: [store.get(code) for code in codes]) / len(codes))
        bare_ones.append(timed(lambda: [by_hand.read(code) for code in codes]) / len(codes))
    return median(ours), median(bare_ones)


def first_look_ups(store: Ledger, codes: list[str]) -> float:
    """Return the median seconds of a look-up by a ledger that has not seen the exchange before."""
    codes = codes[:FEW]  # each ledger keeps a connection at hand, and the server has not many
    forgetful = [ledger.Ledger(store.engine, shop.KEY, ()) for _ in codes]
    return median(timed(lambda one=one, code=code: one.get(code)) for one, code in zip(forgetful, codes, strict=True))  # type: ignore[misc]


def ways(places: Places, turns: int, length: int) -> list[tuple[str, ...]]:
    """Return what a life and a look-up cost by the ledger's own sessions, and by SQLAlchemy's, in turns."""
    with contextlib.ExitStack() as stack:
        stores: dict[str, Ledger] = {}
        for (way, kind), place in zip(WAYS.items(), places, strict=True):
            stores[way] = stack.enter_context(ledger.open(place, key=shop.KEY, create=True))
            if kind is not None:
                stores[way]._sessions = kind(stores[way].engine)  # noqa: SLF001 - what is compared
        found: dict[str, list[list[float]]] = {way: [[], [], []] for way in WAYS}
        for turn in range(turns + 1):
            numbers = range(turn * length, (turn + 1) * length)
            codes = [shop.code(number) for number in numbers if shop.quote(number).imeis]
            for way, store in stores.items():
                before = time.process_time()
                spent = [timed(partial(live, store, numbers)), time.process_time() - before]
                spent.append(timed(lambda get=store.get, codes=codes: list(map(get, codes))))  # type: ignore[misc]
                if turn:  # the first warms up
                    for column, seconds in zip(found[way], spent, strict=True):
                        column.append(seconds / length)
        middle = {way: [median(column) for column in columns] for way, columns in found.items()}
        ours = middle["ours"]
        return [
            (way, *(f"{us(one)}, {one / other:.2f} x" for one, other in zip(middle[way], ours, strict=True)))
            for way in WAYS
        ]


def fill(store: Ledger, first: int, last: int) -> None:
    """Add exchanges that are over, as rows: to live them all would take hours."""
    body = "x" * 200  # nobody reads it
    answer = {"asker": "", "verb": "", "fingerprint": "", "at_us": 0, "is_public": False, "is_final": True}
    answer |= {"epoch": 0, "seal": ""}
    for start in range(first, last, MANY):
        numbers = range(start, min(start + MANY, last))
        code = {number: f"{number * 7_919_993 % 10**15:017}" for number in numbers}
        rows: dict[Any, list[dict[str, object]]] = {
            tables.exchanges: [
                {
                    "code": code[number],
                    "account": f"filler-{number}",
                    "state": State.COMPLETED.value,
                    "version": 1,
                    "order_id": f"filler-{number}",
                    "due_us": None,
                    "at_us": number,
                    "value_minor": 1,
                    "key_id": "k",
                    "head": "h",
                }
                for number in numbers
            ],
            tables.device_tokens: [
                {"code": code[number], "token": f"{number:032x}", "is_open": False} for number in numbers
            ],
            tables.events: [
                {"code": code[number], "version": 1, "kind": "x", "at_us": 0, "body": body, "key_id": "", "hash": ""}
                for number in numbers
            ],
            tables.answers: [{**answer, "request": f"filler-{number}"} for number in numbers],
        }
        with store.engine.begin() as connection:
            for table, those in rows.items():
                connection.execute(insert(table), those)
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def fill_due(store: Ledger, first: int, last: int) -> None:
    """Let coupons be accepted that a sweep will end; the disk is not waited for meanwhile."""
    with unsynced(store):
        for number in range(first, last):
            shop.accepted(store, number)
            if number % MANY == 0:
                shop.quote.cache_clear()


def waits(url: str, first: int, work: Callable[[], object]) -> tuple[list[float], float]:
    """Return what each verb of others took while something was done, and how long that took.

    The others are THREADS threads that share a ledger, and one other process.
    """
    is_over = threading.Event()
    command = [sys.executable, __file__, "--live", url, str(first + 9_000_000)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:  # noqa: S603 - this file
        assert other.stdout is not None  # noqa: S101 - a pipe was asked for
        other.stdout.readline()
        with ledger.open(url, key=shop.KEY) as shared, ThreadPoolExecutor(THREADS) as pool:
            running = [
                pool.submit(waits_of, shared, first + 1_000_000 * (1 + number), is_over.is_set)
                for number in range(THREADS)
            ]
            took = timed(work)
            is_over.set()
            found = [one for each in running for one in each.result()]
        others, _ = other.communicate("over\n")
    return found + [float(one) for one in others.split()], took


def waits_of(store: Ledger, first: int, is_over: Callable[[], bool]) -> list[float]:
    """Live until it is over, with a rest after each verb, and return what each took."""
    found: list[float] = []
    for number in count(first):
        shop.quote(number), shop.code(number)
        for verb in VERBS:
            if is_over():
                return found
            found.append(timed(partial(load.step, store, verb, number, f"{verb}-{number}")))
            time.sleep(REST)
    return found


def live_until_a_line_comes(url: str, first: int) -> None:
    """Be the other process."""
    print("ready", flush=True)
    with ledger.open(url, key=shop.KEY) as store:
        print(*waits_of(store, first, lambda: bool(select([sys.stdin], [], [], 0)[0])))


def beside_a_sweep(name: str, url: str, due: int, seconds: float) -> list[tuple[str, ...]]:
    """Return what others wait for, without a sweep and during one."""
    rows: list[tuple[str, ...]] = []
    with ledger.open(url, key=shop.KEY, create=True) as store:
        fill_due(store, DUE_FROM, DUE_FROM + due)
        at = shop.AT + 400 * 24 * shop.HOUR
        for what, first, work in (
            ("no sweep", 10**7, lambda: time.sleep(seconds)),
            (f"a sweep of {due:,}", 3 * 10**7, lambda: store.sweep(at)),
        ):
            found, took = waits(url, first, work)
            middle, late = median(found), sorted(found)[len(found) * 99 // 100]
            row = (f"{name}, {what}, {took:.0f} s", f"{len(found):,}", ms(middle), ms(late), ms(max(found)))
            rows.append((*row, f"<= {WAIT:g} s", "met" if late <= WAIT else "missed"))
    return rows


def ms(seconds: float) -> str:
    """Write seconds as milliseconds."""
    return f"{seconds * 1e3:.1f} ms"


def us(seconds: float) -> str:
    """Write seconds as microseconds."""
    return f"{seconds * 1e6:.0f} us"


def main() -> None:
    """Print the tables."""
    quick = is_quick(__doc__)
    turns, length = (2, 3) if quick else (15, 40)
    few, many = (200, 1_000) if quick else (10_000, 1_000_000)
    writes: list[tuple[str, ...]] = []
    reads: list[tuple[str, ...]] = []
    growth: list[tuple[str, ...]] = []
    with databases() as urls:
        for name, places in urls.items():
            ledger.open(places.by_hand, key=shop.KEY, create=True).close()  # which makes the tables
            with (
                ledger.open(places.ledger, key=shop.KEY, create=True) as store,
                ledger.open(places.noted, key=shop.KEY, create=True) as noted,
                bare(places.ledger) as by_hand,
                bare(places.by_hand) as repeated,
            ):
                first, costs = 1, []
                for size, before in ((few, 0), (many, few)):
                    fill(store, before, size)
                    live(store, range(first, first + 1))
                    ours, statements, bare_one = lives(store, noted, repeated, by_hand, first + 1, turns, length)
                    codes = [shop.code(number) for number in range(first, first + turns * length)]
                    look_up, bare_look_up = look_ups(store, by_hand, codes, turns)
                    fresh = first_look_ups(store, codes[: 5 * turns])
                    costs.append((ours, look_up))
                    at = f"{name}, {size:,} exchanges"
                    goal = verdict(statements / ours, RATE, at_least=True)
                    writes.append((at, us(ours), us(statements), us(bare_one), *goal))
                    reads.append(
                        (at, us(look_up), us(fresh), us(bare_look_up), *verdict(look_up / bare_look_up, LOOK_UP))
                    )
                    first += 1 + turns * length
                for what, (before_it, after_it) in zip(("a life", "a look-up"), zip(*costs, strict=True), strict=True):
                    row = (f"{name}, {what}", us(before_it), us(after_it), *verdict(after_it / before_it, GROWTH))
                    growth.append(row)
    head = ("accept, reserve, complete", "ours", "by hand", "as many bare transactions", "our rate", "goal", "")
    print_table("A life beside its statements by hand", head, writes)
    head_of_reads = ("look-up by code", "ours", "ours, read for the first time", "bare select", "ratio", "goal", "")
    print_table("A look-up beside a bare select by primary key", head_of_reads, reads)
    head_of_growth = ("as the ledger grows", f"{few:,}", f"{many:,}", "ratio", "goal", "")
    print_table("From few exchanges to many", head_of_growth, growth)
    with databases() as urls:
        for name, places in urls.items():
            head_of_ways = (name, "a life", "processor time of a life", "a look-up")
            print_table(
                f"{name}: our sessions beside SQLAlchemy's", head_of_ways, ways(places, 2 * turns, length // 4 + 1)
            )
    waiting: list[tuple[str, ...]] = []
    with databases() as urls:
        for name, places in urls.items():
            waiting += beside_a_sweep(name, places.ledger, 100 if quick else 100_000, 1 if quick else 30)
    head_of_waits = ("a verb of others", "verbs", "p50", "p99", "longest", "goal of p99", "")
    print_table(f"What {THREADS} threads and a process wait for beside a sweep", head_of_waits, waiting)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--live"]:
        live_until_a_line_comes(sys.argv[2], int(sys.argv[3]))
    else:
        main()
