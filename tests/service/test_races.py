"""Many clients at once, a process that is killed, a database that is locked: what was acknowledged stays so."""

from __future__ import annotations

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ledger import shop
from miexchange import ledger
from service.running import KEY, Service, has_status

if TYPE_CHECKING:
    from pathlib import Path

    from service.running import Client

pytestmark = pytest.mark.xdist_group("service")
MANY = 16


def together(tasks: list[Any]) -> list[httpx2.Response]:
    """Run them at once."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [one.result() for one in [pool.submit(task) for task in tasks]]


def test_one_phone_has_one_exchange_whoever_asks_at_once(service: Service) -> None:
    clients = [service.client() for _ in range(MANY)]
    quoted = clients[0].quote(100)
    answers = together(
        [
            lambda client=client, number=number: client.act("/exchanges", quoted, account=f"racer-{number}")
            for number, client in enumerate(clients)
        ]
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: MANY - 1}
    refused = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert refused == {"/reasons/device_in_exchange"}


def test_one_coupon_is_held_by_one_order(service: Service) -> None:
    clients = [service.client() for _ in range(MANY)]
    code = clients[0].accept(101)["coupon"]["code"]
    answers = together(
        [
            lambda client=client, number=number: client.reserve(101, code, order=f"racing-order-{number}")
            for number, client in enumerate(clients)
        ]
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: MANY - 1}


def test_a_request_that_is_sent_many_times_at_once_is_done_once(service: Service) -> None:
    clients = [service.client() for _ in range(MANY)]
    quoted = clients[0].quote(102)
    answers = together(
        [
            lambda client=client: client.act("/exchanges", quoted, key="at once", account="account-102")
            for client in clients
        ]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1


class Journeys:
    """Phones on their way from the quote to the hand-over, and the steps of each that were acknowledged."""

    def __init__(self) -> None:
        self.quoted: dict[int, dict[str, Any]] = {}
        self.codes: dict[int, str] = {}
        self.steps: dict[int, int] = {}
        self.stopped = Event()

    def go(self, client: Client, number: int) -> None:
        """Take a phone all the way; each step by a key that says which it is, so that it can be sent again."""
        body = self.quoted.get(number) or self.quoted.setdefault(number, client.quote(number))
        begun = client.act("/exchanges", body, key=f"accept-{number}", account=shop.account(number))
        code = self.codes[number] = str(has_status(begun, 201)["coupon"]["code"])
        self.steps[number] = max(self.steps.get(number, 0), 1)
        has_status(client.reserve(number, code, key=f"reserve-{number}"), 200)
        self.steps[number] = max(self.steps[number], 2)
        order = {"order": f"order-{number}"}
        has_status(client.operate(f"/exchanges/{code}/complete", order, key=f"complete-{number}"), 200)
        self.steps[number] = 3

    def work(self, client: Client, first: int) -> None:
        """Take one phone after the other, until the service is gone."""
        for number in range(first, first + 1_000):
            if self.stopped.is_set():
                return
            try:
                self.go(client, number)
            except httpx2.HTTPError:
                return


def test_a_process_that_is_killed_loses_no_acknowledged_step(service: Service) -> None:
    journeys = Journeys()
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(journeys.work, service.client(), 1_000 * worker) for worker in range(1, 5)]
        until = monotonic() + 30
        while sum(journeys.steps.values()) < 40 and monotonic() < until:
            sleep(0.01)
        service.kill()
        journeys.stopped.set()
        for one in done:
            one.result()
    assert sum(journeys.steps.values()) >= 40
    acknowledged = dict(journeys.steps)
    service.start()
    client = service.client()
    for number, step in acknowledged.items():
        path = f"/exchanges/{journeys.codes[number]}"
        assert step <= has_status(client.look(path), 200)["version"] <= step + 1  # one may be done and not answered
        journeys.go(client, number)
        found = has_status(client.look(path), 200)
        assert (found["version"], found["state"]) == (3, "completed")
    with ledger.open(service.ledger, key=KEY) as store:
        assert not ledger.verify(store).faults


def test_a_locked_database_does_not_stop_the_event_loop(programme: Path, tmp_path: Path) -> None:
    """Sixty requests wait for threads, of which there are few; what reads no ledger is answered meanwhile."""
    where = tmp_path / "exchanges.db"
    ledger.open(where, key=KEY, create=True).close()
    with Service(str(where), programme, tmp_path) as service, ThreadPoolExecutor(60) as pool:
        client = service.client()
        bodies = [client.quote(number) for number in range(60)]
        clients = [service.client() for _ in bodies]
        other = sqlite3.connect(where, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = [
            pool.submit(one.act, "/exchanges", body, account=shop.account(number))
            for number, (one, body) in enumerate(zip(clients, bodies, strict=True))
        ]
        until = monotonic() + 2
        slowest = 0.0
        while monotonic() < until:
            began = monotonic()
            has_status(client.ask("GET", "/health"), 200)
            slowest = max(slowest, monotonic() - began)
        assert slowest < 3  # a loop that is stopped answers after the lock is gone
        assert not any(one.done() for one in waiting)
        other.execute("ROLLBACK")
        other.close()
        assert {one.result().status_code for one in waiting} == {201}


def test_a_database_that_stays_locked_is_busy_and_says_when_to_try_again(alone: Service) -> None:
    client = alone.client()
    quoted = client.quote(200)
    other = sqlite3.connect(alone.ledger, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = client.act("/exchanges", quoted, key="accept-200", account="account-200")
    other.execute("ROLLBACK")
    other.close()
    assert (has_status(answer, 503)["title"], answer.headers["retry-after"]) == ("Service Unavailable", "1")
    has_status(client.act("/exchanges", quoted, key="accept-200", account="account-200"), 201)
