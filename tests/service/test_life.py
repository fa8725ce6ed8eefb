"""The whole life of exchanges over HTTP, as a shop and its customers drive it; and no IMEI anywhere behind it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger import shop
from miexchange import Exchange, Quote, ledger
from service.running import KEY, OPERATOR, Client, Service, has_status, numbers_in
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


def test_what_is_on_record_and_a_phone_that_is_still_locked(client: Client) -> None:
    """docs/service.md: papers, parcel, lock and wiping, from the order to the hand-over."""
    code = reserved(client, 4)
    sent = has_status(client.operate(f"/exchanges/{code}/send", {"order": "order-4"}), 200)
    assert sent["sent_at"] == sent["at"]
    locked = seen(4)
    locked["inspection"]["screen_lock_off"] = False
    waiting = has_status(client.operate(f"/exchanges/{code}/inspect", locked), 200)
    assert (state(waiting), waiting["examination"]["kind"]) == ("reserved", "locked")
    assert waiting["unlock_until"] > waiting["at"]
    locked["inspection"]["accounts_removed"] = False  # it was unlocked, and is locked otherwise
    again = has_status(client.operate(f"/exchanges/{code}/inspect", locked), 422)
    assert again["type"] == "/reasons/screen_lock_on"
    early = has_status(client.operate(f"/exchanges/{code}/wipe", {"method": "clear", "certificate": "reset 4"}), 409)
    assert early["type"] == "/reasons/event_not_possible"
    assert state(has_status(client.operate(f"/exchanges/{code}/inspect", seen(4)), 200)) == "inspected"
    papers = {"identity": "file 7f3a", "ownership": "invoice 17"}
    assert has_status(client.operate(f"/exchanges/{code}/identify", papers), 200)["identity"] == "file 7f3a"
    other = has_status(client.operate(f"/exchanges/{code}/identify", {"identity": "file 8b21"}), 409)
    assert other["type"] == "/reasons/already_recorded"
    wiped = {"method": "purge", "certificate": "certificate 4"}
    assert has_status(client.operate(f"/exchanges/{code}/wipe", wiped), 200)["wiped"]["method"] == "purge"
    done = has_status(client.operate(f"/exchanges/{code}/complete", {"order": "order-4"}), 200)
    assert (state(done), done["ownership"]) == ("completed", "invoice 17")


def test_a_number_is_no_reference_and_is_not_repeated(client: Client) -> None:
    code = reserved(client, 5)
    for path, body in (
        ("identify", {"identity": shop.imei(10).digits}),
        ("identify", {"identity": "ABCDE1234F"}),
        ("identify", {"ownership": shop.imei(10).digits}),
        ("wipe", {"method": "clear", "certificate": shop.imei(10).digits}),
    ):
        answer = client.operate(f"/exchanges/{code}/{path}", body)
        assert has_status(answer, 422)["faults"]
        assert "ABCDE1234F" not in answer.text
    assert client.act(f"/exchanges/{code}/identify", {"identity": "file 7"}).status_code in {401, 403}


def test_a_person_of_a_role_agrees_to_more_than_the_requote(client: Client) -> None:
    codes = {number: reserved(client, number) for number in (6, 7)}
    for number, code in codes.items():
        answer = client.operate(f"/exchanges/{code}/inspect", seen(number, "scratched"))
        assert state(has_status(answer, 200)) == "requoted"

    def agree(number: int, value: int, role: str = "agent", key: str = "") -> Any:  # noqa: ANN401 - an answer
        body = {"order": f"order-{number}", "exchange_value": value, "reason": "goodwill"}
        who = {"person": "p-7", "role": role, "authorization": f"Bearer {OPERATOR}"}
        return client.act(f"/exchanges/{codes[number]}/override", body, key=key, **who)

    assert has_status(agree(6, 915_001), 409)["type"] == "/reasons/authority_exceeded"
    assert has_status(agree(6, 900_000, "courier"), 409)["type"] == "/reasons/authority_missing"
    assert has_status(agree(6, 995_001), 422)["reasons"][0]["code"] == "override_out_of_range"
    better = has_status(agree(6, 915_000, key="override-6"), 200)
    assert (state(better), better["override"]["person"]) == ("requoted", "p-7")
    assert has_status(agree(6, 915_000, key="override-6"), 200) == better
    assert state(has_status(client.act(f"/exchanges/{codes[6]}/agree", account="account-6"), 200)) == "adjusted"
    problem = has_status(agree(7, 910_000), 409)
    assert (problem["type"], problem["reasons"][0]["values"]["most_minor"]) == ("/reasons/authority_used_up", 30_000)


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
