"""What the example service answers in a second, and how long 1, 8 and 32 clients wait: on SQLite and PostgreSQL.

The service runs in a process of its own, as `python -m examples.service` starts it; the clients are connections of this
process that stay open, each of which sends its next request when it has the answer to the last. The phones and the
PostgreSQL server are those of the tests; the databases wait for the disk.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from _measure import is_quick, print_table

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # where the server and the phones are

from ledger import server, shop
from miexchange import ledger
from service.running import ANSWERS, KEY, OPERATOR, Service, programme
from unit import small

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CLIENTS = (1, 8, 32)
GOAL_MS = 500
"""A client's wait for all but one in a hundred requests: that of the ledger's writers."""
NUMBERS = count()


class Connection:
    """A connection that stays open.

    Attributes:
        waits: how long each answer took, in seconds.
    """

    def __init__(self, url: str) -> None:
        """Name the service; `open` connects."""
        self.host = urlsplit(url)
        self.waits: list[float] = []

    async def open(self) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(self.host.hostname, self.host.port)

    async def ask(self, path: str, body: object = None, *, account: str = "") -> Any:  # noqa: ANN401 - what JSON holds
        """Send a request, as whoever may send it, and return its answer."""
        content = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{'GET' if body is None else 'POST'} {path} HTTP/1.1",
            f"Host: {self.host.netloc}",
            f"Content-Length: {len(content)}",
            "Content-Type: application/json",
            f"Idempotency-Key: {next(NUMBERS)}",
            f"Account: {account}" if account else f"Authorization: Bearer {OPERATOR}",
        ]
        request = "\r\n".join([*head, "", ""]).encode() + content
        began = time.perf_counter()
        self.writer.write(request)
        said = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        answer = await self.reader.readexactly(int(said.partition("content-length: ")[2].partition("\r\n")[0]))
        self.waits.append(time.perf_counter() - began)
        if " 20" not in said.partition("\r\n")[0]:
            raise RuntimeError(answer.decode())
        return json.loads(answer)


async def health(client: Connection, number: int) -> None:
    """Ask for what needs no ledger."""
    del number
    await client.ask("/health")


async def quote(client: Connection, number: int) -> object:
    """Ask for the quote of a phone."""
    device = {"model": small.MODEL, "imei": shop.imei(2 * number).digits}
    return await client.ask("/quotes", {"device": device, "condition": ANSWERS})


async def exchange(client: Connection, number: int) -> None:
    """Take a phone from its quote to the hand-over: four requests, three of which are written."""
    account, order = shop.account(number), shop.order(number).to_dict()
    begun = await client.ask("/exchanges", await quote(client, number), account=account)
    path = f"/exchanges/{begun['coupon']['code']}"
    await client.ask(f"{path}/reserve", order, account=account)
    await client.ask(f"{path}/complete", {"order": order["id"]})


PHONES = count(1)


async def load(
    url: str, clients: int, seconds: float, task: Callable[[Connection, int], Awaitable[object]]
) -> list[float]:
    """Let clients do something for some seconds; return how long each answer took."""
    connections = [Connection(url) for _ in range(clients)]
    for one in connections:
        await one.open()
    until = time.perf_counter() + seconds

    async def work(one: Connection) -> None:
        while time.perf_counter() < until:
            await task(one, next(PHONES))

    await asyncio.gather(*map(work, connections))
    for one in connections:
        one.writer.close()
        await one.writer.wait_closed()
    return [wait for one in connections for wait in one.waits]


def rows_of(database: str, url: str, *, quick: bool) -> list[tuple[str, ...]]:
    """Measure a service."""
    rows: list[tuple[str, ...]] = []
    for name, task in (("/health", health), ("quote", quote), ("quote, accept, reserve, complete", exchange)):
        for clients in CLIENTS:
            asyncio.run(load(url, clients, 0.1, task))  # connections, caches
            seconds = 0.3 if quick else 10
            began = time.perf_counter()
            waits = asyncio.run(load(url, clients, seconds, task))
            took = time.perf_counter() - began
            cuts = quantiles(waits, n=100)
            p50, p99 = cuts[49] * 1e3, cuts[98] * 1e3
            met = "met" if p99 <= GOAL_MS else "missed"
            figures = (f"{len(waits) / took:,.0f}", f"{p50:.1f} ms", f"{p99:.1f} ms", f"<= {GOAL_MS} ms", met)
            rows.append((database, name, f"{clients}", *figures))
    return rows


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as made, server.postgresql(uuid4().hex, durable=True) as host:
        folder = Path(made)
        files = programme().save(folder / "programme")
        with server.database(host) as database:
            for name, url in (("SQLite", str(folder / "exchanges.db")), ("PostgreSQL", database)):
                ledger.open(url, key=KEY, create=True).close()
                with Service(url, files, folder) as service:
                    rows += rows_of(name, service.url, quick=quick)
    head = ("ledger", "requests", "clients", "a second", "p50", "p99", "goal of p99", "")
    print_table("A service of one process", head, rows)


if __name__ == "__main__":
    main()
