"""Whatever cannot be done is a problem of RFC 9457: its status, its reasons in the client's language, and no IMEI."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ledger import shop
from service import running
from service.running import has_status, numbers_in
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.running import Client, Service

pytestmark = pytest.mark.xdist_group("service")
NUMBER = shop.imei(2).digits
ASKED = {"device": {"model": small.MODEL, "imei": NUMBER}, "condition": running.ANSWERS}
GATED = ASKED | {"condition": running.ANSWERS | {"glass": "cracked", "battery": "nonsense"}}


@pytest.fixture
def client(alone: Service) -> Iterator[Client]:
    client = alone.client()
    yield client
    assert not numbers_in("\n".join(client.said))
    assert not numbers_in(alone.log.read_bytes())


def test_a_refusal_says_every_reason_and_who_can_cure_it(client: Client) -> None:
    answer = client.ask("POST", "/quotes", GATED)
    problem = has_status(answer, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(one["code"], one["kind"], one["subject"]) for one in problem["reasons"]] == [
        ("answer_unknown", "customer", "battery"),
        ("condition_gate", "other_device", "glass=cracked"),
    ]
    assert (problem["type"], problem["title"]) == ("/reasons/answer_unknown", "Answer unknown")
    meaning = has_status(client.ask("GET", problem["type"]), 200)
    assert (meaning["kind"], meaning["status"], meaning["is_final"]) == ("customer", 422, True)


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("hi", "hi"),
        ("fr, ur;q=0.9, en;q=0.5", "ur"),
        ("en;q=0.1, hi-IN;q=0.8", "hi-IN"),
        ("*", "en"),
        ("fr;q=high", "en"),
        ("hi;q=0", "en"),
        ("", "en"),
    ],
)
def test_texts_are_in_the_language_of_the_client(client: Client, wanted: str, language: str) -> None:
    answer = client.ask("POST", "/quotes", GATED, accept_language=wanted)
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept-Language"
    english = {one["text"] for one in client.ask("POST", "/quotes", GATED).json()["reasons"]}
    assert ({one["text"] for one in answer.json()["reasons"]} == english) is (language == "en")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (json.dumps(ASKED)[:-1] + ', "device": {"model": "another"}}', "Duplicate key"),
        (json.dumps(ASKED).replace('"glass"', '"box": "no", "box"', 1), "Duplicate key"),
        (json.dumps({"condition": {f"k{number}": "" for number in range(1_001)}}), "has up to 1,000 keys"),
    ],
)
def test_a_body_that_two_readers_would_read_as_two_is_refused(client: Client, body: str, says: str) -> None:
    for path in ("/quotes", "/exchanges"):
        headers = {"Content-Type": "application/json", "Account": "asha", "Idempotency-Key": "one"}
        problem = has_status(client.http.post(path, content=body, headers=headers), 400)
        assert says in problem["detail"]


def test_a_body_that_cannot_be_read_has_the_place_of_each_fault(client: Client) -> None:
    order = shop.order(1).to_dict()
    order["lines"][0]["quantity"] = "2"
    problem = has_status(client.act("/exchanges/CODE/reserve", order, account="asha"), 422)
    assert problem["faults"][0]["field"] == "body.lines.0.quantity"
    for body in (
        {**ASKED, NUMBER: 1},
        {**ASKED, "device": {"model": NUMBER, NUMBER: 1}},
        NUMBER,
        [NUMBER],
        int(NUMBER),
    ):
        assert has_status(client.ask("POST", "/quotes", body), 422)["faults"]
    assert has_status(client.operate("/standing", {"model": small.MODEL}), 422)["faults"][0]["field"] == "device"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[" * 100_000, b"1" * 10_000, b'{"device": "\\ud800"}', b'{"\\ud800": 1}', b"\xff\xfe", b'{"device": NaN}'],
    ids=["half", "deep", "long", "surrogate", "surrogate key", "bytes", "NaN"],
)
def test_bytes_that_are_no_body_are_the_client_s_fault(client: Client, body: bytes) -> None:
    answer = client.http.post("/quotes", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_request_needs_its_key_its_account_and_its_token(client: Client) -> None:
    order = shop.order(1).to_dict()
    assert client.ask("POST", "/exchanges/CODE/reserve", order, account="asha").status_code == 400
    assert client.act("/exchanges/CODE/reserve", order).status_code == 422
    assert client.ask("GET", "/exchanges").status_code in {401, 403}
    assert client.ask("GET", "/exchanges", authorization="Bearer guessed").status_code == 401
    assert client.ask("GET", "/nowhere").headers["content-type"] == "application/problem+json"
    assert client.ask("DELETE", "/quotes").status_code == 405


def test_strangers_get_one_answer(client: Client) -> None:
    code = client.accept(40)["coupon"]["code"]
    asked = [(code, "account-41"), ("7K3M9QXT011ZW8VBJ", "account-40")]
    seen = {client.ask("GET", f"/coupons/{code}", account=account).text for code, account in asked}
    order = trade.ORDER.to_dict()
    seen |= {client.act(f"/exchanges/{code}/reserve", order, account=account).text for code, account in asked}
    (only,) = seen
    assert json.loads(only)["type"] == "/reasons/coupon_not_usable"
    assert has_status(client.look(f"/exchanges/{NUMBER}"), 404)


def test_a_body_says_how_long_it_is_and_is_not_too_long(alone: Service) -> None:
    where = urlsplit(alone.url)
    for headers, status in (({"Content-Length": "9000000"}, 413), ({"Transfer-Encoding": "chunked"}, 411)):
        connection = HTTPConnection(str(where.hostname), where.port, timeout=10)
        connection.putrequest("POST", "/quotes")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_the_document_is_of_openapi_3_1_and_says_that_failures_are_problems(client: Client) -> None:
    document = client.http.get("/openapi.json").json()  # which has the IMEI of the library's examples
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert set(operation["responses"]) - {"200", "201"} == {"4XX", "5XX"}, path
            assert set(operation["responses"]["4XX"]["content"]) == {"application/problem+json"}
    parameters = document["paths"]["/exchanges/{code}/reserve"]["post"]["parameters"]
    assert {one["name"] for one in parameters} == {"code", "account", "Idempotency-Key"}
