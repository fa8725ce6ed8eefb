"""The programme is replaced under a service that runs: whole, or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from ledger import shop
from miexchange import ledger
from service import running
from service.running import KEY, Service, has_status
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service.running import Client

pytestmark = pytest.mark.xdist_group("service")
SECONDS = 20


@pytest.fixture
def served(programme: Path, tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    """Give a service of a programme that can be changed."""
    ours = tmp_path / "programme"
    shutil.copytree(programme, ours)
    ledger.open(tmp_path / "exchanges.db", key=KEY, create=True).close()
    with Service(str(tmp_path / "exchanges.db"), ours, tmp_path) as service:
        yield service, ours


def waits_for(client: Client, digest: str, *, has_fault: bool) -> str:
    """Wait until the service says that it serves a programme; return what it says of the files."""
    until = monotonic() + SECONDS
    while monotonic() < until:
        said = has_status(client.ask("GET", "/health"), 200)
        if said["digest"] == digest and bool(said["fault"]) is has_fault:
            return str(said["fault"])
        sleep(0.05)
    raise AssertionError(said)


@contextmanager
def quoting(client: Client) -> Iterator[set[int]]:
    """Ask for quotes all the while, each of which must be given; yield what they are worth."""
    values: set[int] = set()
    stopped = Event()

    def ask_on() -> None:
        while not stopped.is_set():
            values.add(client.quote(1)["coupon_value"])

    thread = Thread(target=ask_on)
    thread.start()
    try:
        yield values
    finally:
        stopped.set()
        thread.join()


def test_a_changed_programme_is_served_at_once_and_a_broken_one_never(served: tuple[Service, Path]) -> None:
    service, files = served
    client = service.client()
    first, second = running.programme(), running.programme(price=1_200_000)
    waits_for(client, first.digest, has_fault=False)
    with quoting(service.client()) as values:
        second.save(files, overwrite=True)
        waits_for(client, second.digest, has_fault=False)
        prices = files / "market_prices.csv"
        whole = prices.read_bytes()
        prices.write_bytes(whole.replace(b"1200000", b"12000.00"))
        assert "market_prices.csv:2: price_minor" in waits_for(client, second.digest, has_fault=True)
        assert "its files are not served" in service.log.read_text(encoding="utf-8")
        prices.write_bytes(whole)
        waits_for(client, second.digest, has_fault=False)
    assert values == {995_000, 1_195_000}


def test_a_quote_is_accepted_and_inspected_by_the_programme_that_made_it(served: tuple[Service, Path]) -> None:
    """The service keeps the last programmes; the ledger keeps each by which a quote was accepted, for good."""
    service, files = served
    client = service.client()
    quoted = {number: client.quote(number) for number in (2, 3)}
    second = running.programme(price=1_200_000)
    second.save(files, overwrite=True)
    waits_for(client, second.digest, has_fault=False)
    begun = has_status(client.act("/exchanges", quoted[2], account="account-2"), 201)
    assert begun["coupon"]["exchange_value"] == 995_000
    assert client.accept(4)["coupon"]["exchange_value"] == 1_195_000
    service.kill()
    service.start()
    client = service.client()
    assert has_status(client.act("/exchanges", quoted[3], account="account-3"), 201)["quote"]["coupon_value"] == 995_000
    code = begun["coupon"]["code"]
    has_status(client.reserve(2, code), 200)
    seen = trade.seen(imeis=(shop.imei(4),)).to_dict(reveal_imei=True)
    found = has_status(client.operate(f"/exchanges/{code}/inspect", {"order": "order-2", "inspection": seen}), 200)
    assert (found["state"], found["examination"]["exchange_value"]) == ("inspected", 995_000)


def test_a_quote_whose_programme_nobody_has_is_refused_where_another_makes_another(
    served: tuple[Service, Path],
) -> None:
    service, files = served
    quoted = service.client().quote(5)
    service.kill()
    running.programme(price=1_200_000).save(files, overwrite=True)
    service.start()
    answer = service.client().act("/exchanges", quoted, account="account-5")
    assert has_status(answer, 409)["type"] == "/reasons/quote_outdated"
