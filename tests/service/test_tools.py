"""The MCP door, as an agent's client sees it: four tools, by the schemas of the web door."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from ledger import shop
from miexchange import ledger
from service import running
from service.app import make
from service.desk import Desk
from service.programmes import Programmes
from service.running import KEY, numbers_in
from service.tools import door
from unit import small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = shop.imei(2).digits
ASKED = {"device": {"model": small.MODEL, "imei": FIRST}, "condition": running.ANSWERS}
ORDER = shop.order(1).to_dict()


@pytest.fixture
def desk(programme: Path, tmp_path: Path) -> Iterator[Desk]:
    with ledger.open(tmp_path / "exchanges.db", key=KEY, create=True) as store:
        yield Desk(store, Programmes(str(programme)), lambda: small.AT + timedelta(hours=1))


served = cache(door)  # its schemas take a while


def call(desk: Desk, name: str, /, account: str = "asha", **given: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """Let an agent of an account call a tool, and return its structured answer; of an error, its text."""

    async def ask() -> Any:  # noqa: ANN401 - as above
        async with Client(served(desk, account)) as client:
            answer = await client.call_tool(name, given)
            text = "".join(getattr(one, "text", "") for one in answer.content)
            assert not numbers_in(f"{text} {answer.structured_content}")
            return text if answer.is_error else answer.structured_content

    return asyncio.run(ask())


def quoted(desk: Desk) -> dict[str, Any]:
    """Return what an agent needs to accept a quote."""
    answer = call(desk, "quote", asked=ASKED)
    assert answer["reasons"] == []
    return dict(answer["quote"])


def test_an_agent_tries_before_it_binds(desk: Desk) -> None:
    body = quoted(desk)
    tried = call(desk, "accept", quote=body, idempotency_key="1")
    assert (tried["is_done"], tried["exchange"]["state"]) == (False, "issued")
    assert desk.store.find() == ()
    begun = call(desk, "accept", quote=body, idempotency_key="1", dry_run=False)
    assert (begun["is_done"], begun["exchange"]) == (True, tried["exchange"])
    assert call(desk, "accept", quote=body, idempotency_key="1", dry_run=False) == begun
    code = begun["exchange"]["coupon"]["code"]
    tried = call(desk, "reserve", code=code, order=ORDER, idempotency_key="2")
    assert (tried["is_done"], tried["exchange"]["state"]) == (False, "reserved")
    assert [one.state.value for one in desk.store.find()] == ["issued"]
    held = call(desk, "reserve", code=code, order=ORDER, idempotency_key="2", dry_run=False)
    assert (held["is_done"], held["exchange"]) == (True, tried["exchange"])


def test_a_trial_is_refused_as_the_verb_would_be(desk: Desk) -> None:
    body = quoted(desk)
    call(desk, "accept", quote=body, idempotency_key="1", dry_run=False)
    again: dict[str, Any] = {"quote": body, "idempotency_key": "2"}
    tried, done = (call(desk, "accept", "ravi", **again, dry_run=dry_run)["reasons"] for dry_run in (True, False))
    assert [one["code"] for one in tried] == ["device_in_exchange"]
    assert tried == done
    tried, done = (call(desk, "accept", **again, dry_run=dry_run)["exchange"] for dry_run in (True, False))
    assert tried == done is not None
    refused = [
        call(desk, "reserve", "ravi", code=code, order=ORDER, idempotency_key=code, dry_run=dry_run)["reasons"]
        for code in ("7K3M9QXT011ZW8VBJ", desk.store.find()[0].code)
        for dry_run in (True, False)
    ]
    assert {tuple(one["code"] for one in reasons) for reasons in refused} == {("coupon_not_usable",)}


def test_why_not_says_who_can_cure_it_and_how(desk: Desk) -> None:
    worse = ASKED | {"condition": running.ANSWERS | {"glass": "cracked"}}
    (reason,) = call(desk, "why_not", asked=worse)["result"]
    assert (reason["code"], reason["kind"], reason["cure"]) == (
        "condition_gate",
        "other_device",
        "final: answer otherwise",
    )
    (hindi,) = call(desk, "why_not", asked=worse, language="hi-IN")["result"]
    assert hindi["text"] != reason["text"]
    assert call(desk, "why_not", asked=ASKED)["result"] == []


def test_a_number_in_the_wrong_place_is_not_repeated(desk: Desk) -> None:
    for asked in ({**ASKED, FIRST: 1}, {**ASKED, "target": [FIRST]}, {"device": FIRST}, FIRST):
        assert "Error executing tool quote" in call(desk, "quote", asked=asked)
    assert "3541" in call(desk, "accept", quote=quoted(desk) | {"seal": FIRST}, idempotency_key="1")


def test_the_tools_have_the_schemas_of_the_web_door(desk: Desk) -> None:
    async def ask() -> dict[str, Any]:
        async with Client(door(desk, "asha")) as client:
            return {one.name: one for one in (await client.list_tools()).tools}

    tools = asyncio.run(ask())
    assert set(tools) == {"quote", "why_not", "accept", "reserve"}
    assert [name for name, one in tools.items() if one.annotations.read_only_hint] == ["quote", "why_not"]
    web = make(desk, "token").openapi()["components"]["schemas"]
    for tool, name in (("quote", "Asked"), ("accept", "Quote"), ("reserve", "Order")):
        ours, theirs = tools[tool].input_schema["$defs"][name], web.get(name) or web[f"{name}-Input"]
        assert ours["properties"].keys() == theirs["properties"].keys()
        assert ours["required"] == theirs["required"]
