"""`miexchange ledger list | export | reconcile | void`: what they do with a real ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from ledger import shop
from ledger.shop import KEY, accepted, account, bought, code, reserved
from miexchange import Exchange
from unit.command import Ran, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miexchange.ledger import Ledger

WITH_KEY = {"MIEXCHANGE_KEY": KEY.decode()}


@pytest.fixture
def filled(store: Ledger) -> Ledger:
    """Give a ledger with a completed exchange, a reserved one and a coupon."""
    bought(store, 1)
    reserved(store, 2)
    accepted(store, 3)
    return store


@pytest.fixture
def ask(filled: Ledger, url: str) -> Callable[..., Ran]:
    del filled
    return lambda *arguments, environ=(): run("ledger", *arguments, "--ledger", url, environ=dict(environ))


def codes(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return [one["code"] for one in ran.data["exchanges"]]


def test_list_shows_exchanges_to_people(ask: Callable[..., Ran]) -> None:
    ran = ask("list")
    assert ran.code == 0, ran.err
    for words in (code(1), "completed", account(2), "order-2", "2020-01-11 06:00", "₹9,950.00"):
        assert words in ran.out
    assert "--after" not in ran.out


def test_list_finds_by_each_option(ask: Callable[..., Ran]) -> None:
    everything = {code(1), code(2), code(3)}
    assert set(codes(ask("list", "--json"))) == everything
    assert codes(ask("list", "--state", "completed", "--json")) == [code(1)]
    assert codes(ask("list", "--account", account(2), "--json")) == [code(2)]
    assert codes(ask("list", "--order", "order-1", "--json")) == [code(1)]
    assert set(codes(ask("list", "--day", "2020-01-11", "--json"))) == everything
    assert codes(ask("list", "--day", "2020-01-12", "--json")) == []
    assert set(codes(ask("list", "--programme", shop.PROGRAMME.id, "--json"))) == everything


def test_list_finds_a_phone_with_the_key_and_shows_no_imei(ask: Callable[..., Ran]) -> None:
    number = shop.imei(5).digits
    ran = ask("list", "--imei", number, "--json", environ=WITH_KEY)
    assert codes(ran) == [code(2)]
    assert number not in ran.out
    ran = ask("list", "--imei", number)
    assert ran.code == 2
    assert "A phone's IMEI needs the secret key" in ran.err
    ran = ask("list", "--imei", number[:-1] + "x", environ=WITH_KEY)
    assert ran.code == 2
    assert "--imei is no IMEI" in ran.err
    assert number[:-1] not in ran.err


def test_list_goes_on_page_by_page(ask: Callable[..., Ran]) -> None:
    first = ask("list", "--limit", "2", "--json")
    assert len(codes(first)) == 2
    assert first.data["after"] == codes(first)[-1]
    assert f"There may be more: add --after {first.data['after']}" in ask("list", "--limit", "2").out
    rest = ask("list", "--limit", "2", "--after", first.data["after"], "--json")
    assert {*codes(first), *codes(rest)} == {code(1), code(2), code(3)}
    assert rest.data["after"] is None


@pytest.mark.parametrize(
    "wrong", [("--limit", "0"), ("--after", "nobody's"), ("--day", "soon"), ("--state", "paid"), ("--account", "")]
)
def test_list_refuses_what_is_no_filter(ask: Callable[..., Ran], wrong: tuple[str, str]) -> None:
    ran = ask("list", *wrong)
    assert ran.code == 2
    assert wrong[0].strip("-") in ran.err


def test_export_writes_a_file_and_says_how_to_go_on(ask: Callable[..., Ran], tmp_path: Path) -> None:
    target = tmp_path / "x.parquet"
    assert "3 exchanges are in" in ask("export", str(target)).out
    ran = ask("export", str(target))
    assert ran.code == 2
    assert "a file is there" in ran.err
    ran = ask("export", str(target), "--force", "--events", "--json", environ=WITH_KEY)
    assert (ran.data["answer"], ran.data["what"], ran.data["rows"]) == ("export", "events", 6)
    assert pq.read_table(target).num_rows == 6
    last = ran.data["position"]
    ran = ask("export", str(target), "--force", "--events", "--after", last)
    assert "0 events are in" in ran.out
    assert f"--after {last}" in ran.out


def test_without_the_key_events_without_a_position_are_left_out(ask: Callable[..., Ran], tmp_path: Path) -> None:
    assert ask("export", str(tmp_path / "x.parquet"), "--events", "--json").data["rows"] == 0


def test_reconcile_says_whether_a_file_agrees(ask: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    file.write_text("order,state,discount_minor\norder-1,completed,995000\norder-2,reserved,\n", encoding="utf-8")
    ran = ask("reconcile", str(file))
    assert (ran.code, ran.out) == (0, "They agree. 2 rows, 2 exchanges.\n")
    file.write_text("order,state,discount_minor\norder-1,reversed,1000\norder-7,void,\n", encoding="utf-8")
    ran = ask("reconcile", str(file))
    assert ran.code == 1
    assert "They differ in 4 points. 2 rows, 2 exchanges." in ran.out
    for words in ("not_in_file", "not_in_ledger", "order-7", "reversed", "₹10.00", "₹9,950.00"):
        assert words in ran.out
    ran = ask("reconcile", str(file), "--state", "completed", "--json")
    assert ran.code == 1
    assert ran.data["agrees"] is False
    assert [one["what"] for one in ran.data["differences"]] == ["state", "discount_minor", "not_in_ledger"]
    file.write_text("paid\n1\n", encoding="utf-8")
    ran = ask("reconcile", str(file))
    assert ran.code == 2
    assert "paid" in ran.err


def test_void_calls_an_exchange_off_once(ask: Callable[..., Ran], filled: Ledger) -> None:
    asked = ("void", code(3).lower(), "--reason", "withdrawn", "--idempotency-key", "v-3", "--at", "2020-01-12T00:00Z")
    ran = ask(*asked)
    assert ran.code == 2
    assert "To call an exchange off needs the secret key" in ran.err
    ran = ask(*asked, environ=WITH_KEY)
    assert ran.code == 0, ran.err
    assert ": void" in ran.out
    again = ask(*asked, "--json", environ=WITH_KEY)
    assert Exchange.from_dict(again.data["exchange"]) == filled.get(code(3))
    last = filled.history(code(3))[-1]
    assert (len(filled.history(code(3))), last.request) == (2, "v-3")
    assert last.event.to_dict()["reason"] == "withdrawn"


def test_a_void_that_is_refused_is_a_business_no(ask: Callable[..., Ran]) -> None:
    asked = ("--reason", "why", "--idempotency-key", "v-1")
    ran = ask("void", code(1), *asked, environ=WITH_KEY)
    assert ran.code == 1
    assert "event_not_possible" in ran.out
    ran = ask("void", "mistyped", *asked, "--json", environ=WITH_KEY)
    assert ran.code == 1
    assert ran.data["refusal"]["reasons"][0]["code"] == "coupon_code_mistyped"
    assert ask("void", code(1), "--reason", "why", environ=WITH_KEY).code == 2
