"""The whole life of exchanges over HTTP, as a shop and its customers drive it; and no IMEI anywhere behind it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger import shop
from miexchange import Exchange, Quote, ledger
from service.running import KEY, Client, Service, has_status, numbers_in
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture
def client(service: Service) -> Client:
    return service.client()


def seen(number: int, glass: str = "best") -> dict[str, Any]:
    """Return what a courier sends who sees the phone as quoted, but for its glass."""
    answers, evidence = trade.SAID.replace(glass=glass), (("glass", "photo-1"),)
    found = trade.seen(imeis=(shop.imei(2 * number),), answers=answers, evidence=evidence)
    return {"order": f"order-{number}", "inspection": found.to_dict(reveal_imei=True)}


def state(answer: dict[str, Any]) -> str:
    return str(Exchange.from_dict(answer).state.value)


def reserved(client: Client, number: int) -> str:
    """Let a phone's exchange come as far as its order; return its code."""
    code = str(client.accept(number)["coupon"]["code"])
    assert state(has_status(client.reserve(number, code), 200)) == "reserved"
    return code


def test_a_phone_is_quoted_exchanged_and_handed_over(client: Client) -> None:
    quoted = client.quote(1)
    quote = Quote.from_dict(quoted)
    assert (quote.imeis, len(quote.device_tokens), quote.indicative) == ((), 2, False)
    begun = has_status(client.act("/exchanges", quoted, account="account-1"), 201)
    code = begun["coupon"]["code"]
    assert state(begun) == "issued"
    coupon = has_status(client.ask("GET", f"/coupons/{code}", account="account-1"), 200)
    assert coupon == begun["coupon"]
    assert state(has_status(client.reserve(1, code), 200)) == "reserved"
    assert state(has_status(client.operate(f"/exchanges/{code}/inspect", seen(1)), 200)) == "inspected"
    done = has_status(client.operate(f"/exchanges/{code}/complete", {"order": "order-1"}), 200)
    assert state(done) == "completed"
    assert has_status(client.look(f"/exchanges/{code}"), 200) == done
    device = {"model": small.MODEL, "imei": shop.imei(2).digits}
    standing = has_status(client.operate("/standing", device), 200)
    assert (standing["open"], standing["bought"]) == (None, code)
    assert state(has_status(client.operate(f"/exchanges/{code}/reverse", {"order": "order-1"}), 200)) == "reversed"
    assert has_status(client.operate("/standing", device), 200)["bought"] is None


def test_a_cancelled_order_gives_the_coupon_back_and_a_worse_phone_is_requoted(client: Client) -> None:
    code = reserved(client, 2)
    assert state(has_status(client.operate(f"/exchanges/{code}/cancel", {"order": "order-2"}), 200)) == "issued"
    assert state(has_status(client.reserve(2, code, order="order-2b"), 200)) == "reserved"
    body = seen(2, "scratched") | {"order": "order-2b"}
    requoted = has_status(client.operate(f"/exchanges/{code}/inspect", body), 200)
    assert state(requoted) == "requoted"
    assert state(has_status(client.act(f"/exchanges/{code}/agree", account="account-2"), 200)) == "adjusted"
    declined = reserved(client, 3)
    assert state(has_status(client.operate(f"/exchanges/{declined}/inspect", seen(3, "scratched")), 200)) == "requoted"
    assert state(has_status(client.act(f"/exchanges/{declined}/decline", account="account-3"), 200)) == "void"


def test_the_operator_lists_exchanges_a_page_at_a_time(client: Client) -> None:
    codes = [client.accept(number)["coupon"]["code"] for number in range(10, 15)]
    found, after = [], ""
    while True:
        page = has_status(client.look(f"/exchanges?limit=2&state=issued{after}"), 200)
        found += [one["code"] for one in page["exchanges"]]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert [code for code in found if code in codes] == codes
    (only,) = has_status(client.look("/exchanges?account=account-12"), 200)["exchanges"]
    assert (only["code"], only["value_minor"], only["state"]) == (codes[2], 995_000, "issued")
    assert has_status(client.look("/exchanges?after=7K3M9QXT011ZW8VBJ"), 422)["faults"][0]["field"] == "after"


def test_a_request_that_is_sent_again_has_the_same_answer(client: Client) -> None:
    body = client.quote(20)
    first = client.act("/exchanges", body, key="accept-20", account="account-20")
    code = has_status(first, 201)["coupon"]["code"]
    again = client.act("/exchanges", body, key="accept-20", account="account-20")
    assert (again.status_code, again.json()) == (201, first.json())
    held = client.reserve(20, code, key="reserve-20")
    has_status(client.operate(f"/exchanges/{code}/complete", {"order": "order-20"}, key="complete-20"), 200)
    assert client.reserve(20, code, key="reserve-20").json()["order"] == held.json()["order"]
    other = client.reserve(20, code, key="reserve-20", order="another")
    assert has_status(other, 422)["type"] == "/reasons/request_changed"


def test_an_altered_quote_is_refused(client: Client) -> None:
    body = client.quote(30)
    for change in (
        {"imei_status": "clear"},
        {"imeis": [shop.imei(600).digits]},
        {"device_tokens": body["device_tokens"][:1]},
        {"seal": "0" * 64},
    ):
        answer = client.act("/exchanges", body | change, account="account-30")
        assert has_status(answer, 403)["type"] == "/reasons/quote_altered"
    unsealed = client.act("/exchanges", body | {"seal": ""}, account="account-30")
    assert has_status(unsealed, 422)["type"] == "/reasons/quote_unsealed"
    has_status(client.act("/exchanges", body, account="account-30"), 201)


@pytest.fixture(scope="module", autouse=True)
def _nothing_has_an_imei(service: Service) -> Iterator[None]:
    """Look behind all of it: into the database, the log, and every answer and its headers."""
    yield
    service.process.terminate()
    service.process.wait()
    said = [text for client in service.clients for text in client.said]
    log = service.log.read_text(encoding="utf-8")
    assert len(said) > 40
    assert '"route": "/exchanges/{code}/inspect"' in log
    assert not numbers_in("\n".join(said))
    assert not numbers_in(log)
    kept = content_of(service.ledger)
    assert b"order-2b" in kept
    assert not numbers_in(kept)
    with ledger.open(service.ledger, key=KEY) as store:
        assert not ledger.verify(store).faults


def content_of(url: str) -> bytes:
    """Return all that a database keeps."""
    if "://" not in url:
        with sqlite3.connect(url) as connection:
            dumped = "\n".join(connection.iterdump())
        connection.close()
        return dumped.encode() + b"".join(path.read_bytes() for path in Path(url).parent.iterdir())
    with psycopg.connect(url) as server:
        tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [server.execute(f'SELECT t::text FROM "{one}" t').fetchall() for (one,) in tables]  # noqa: S608 - ours
    return repr(rows).encode()
