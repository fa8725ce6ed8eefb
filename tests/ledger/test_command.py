"""`miexchange ledger`: what it shows of a real ledger, to people and to programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger import shop
from ledger.shop import AT, KEY, accepted, account, code, made, order, reserved
from miexchange import Exchange, ledger
from miexchange.ledger import Checkpoint
from unit import trade
from unit.command import Ran, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange.ledger import Ledger


@pytest.fixture
def filled(store: Ledger) -> Ledger:
    reserved(store, 1)
    answers = trade.SAID.replace(glass="scratched")
    seen = trade.seen(imeis=(shop.imei(2),), answers=answers, evidence=(("glass", "photo-7"),))
    made(store.inspect(code(1), seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="inspect-1"))
    accepted(store, 2)
    return store


@pytest.fixture
def ask(filled: Ledger, url: str) -> Callable[..., Ran]:
    del filled
    return lambda *arguments: run("ledger", *arguments, "--ledger", url)


def test_show_says_how_an_exchange_stands(ask: Callable[..., Ran], filled: Ledger) -> None:
    ran = ask("show", code(1).lower())
    assert ran.code == 0, ran.err
    for words in (
        "requoted",
        "account-1",
        "Acme One (4 GB, 64 GB)",
        "₹9,950.00",
        "as was disclosed",
        "order-1, ₹9,950.00 off",
        "valued ₹8,950.00",
        "best -> scratched, -₹1,000.00",
        "to pay at the door  ₹1,000.00",
        "2020-01-13 11:30:00+05:30",
    ):
        assert words in ran.out, words
    data = ask("show", code(1), "--json").data
    assert Exchange.from_dict(data["exchange"]) == filled.get(code(1))
    assert "issued" in ask("show", code(2)).out


def test_show_says_when_a_phone_was_not_valued(store: Ledger, url: str) -> None:
    reserved(store, 3)
    seen = trade.seen(imeis=(shop.imei(99),))
    made(store.inspect(code(3), seen, shop.PROGRAMME, order="order-3", at=AT, idempotency_key="i"))
    ran = run("ledger", "show", code(3), "--ledger", url)
    assert "at the door  other_device\n" in ran.out


@pytest.mark.parametrize("verb", ["show", "history"])
@pytest.mark.parametrize("unknown", [code(9), "mistyped"])
def test_a_code_that_is_unknown_is_a_business_no(ask: Callable[..., Ran], verb: str, unknown: str) -> None:
    ran = ask(verb, unknown)
    assert ran.code == 1
    assert f"There is no coupon with the code {unknown}." in ran.out
    ran = ask(verb, unknown, "--json")
    assert (ran.code, ran.data) == (1, {"answer": "refusal", "code": unknown})


def test_history_says_what_happened(ask: Callable[..., Ran], filled: Ledger) -> None:
    ran = ask("history", code(1))
    assert ran.code == 0
    for words in (
        "accept-1",
        "reserve-1",
        "inspect-1",
        "2020-01-11 11:30:00+05:30",
        filled.history(code(1))[0].hash[:12],
    ):
        assert words in ran.out
    entries = ask("history", code(1), "--json").data["entries"]
    assert [(entry["version"], entry["event"]["kind"]) for entry in entries] == [
        (1, "accept"),
        (2, "reserve"),
        (3, "inspect"),
    ]
    assert entries[0]["hash"] == filled.history(code(1))[0].hash


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Give the file of the ledger's key."""
    (tmp_path / "key").write_bytes(KEY)
    return tmp_path / "key"


def test_old_answers_are_removed(ask: Callable[..., Ran], key_file: Path) -> None:
    key = ("--key-file", str(key_file))
    ran = ask("forget-answers")
    assert ran.code == 2
    assert "To remove answers needs the secret key, and none was given" in ran.err
    ran = ask("forget-answers", "--before", "2100-01-01T00:00Z", *key)
    assert ran.code == 2
    assert "--before '2100-01-01T00:00Z' is after this machine's clock" in ran.err
    told = ask("forget-answers", "--before", "2000-01-01T00:00Z", *key).out
    assert told == "Removed: 0 answers to requests before 2000-01-01T00:00:00+00:00.\n"
    assert ask("forget-answers", "--json", *key).data["answers"] == 0, "answers about open exchanges stay"
    assert ask("sweep", *key).code == 0
    data = ask("forget-answers", "--json", *key).data
    assert (data["answer"], data["skipped"]) == ("forgotten", 0)
    assert data["answers"] > 0, "by default those of the last 30 days stay"


def test_sweep_needs_the_key(ask: Callable[..., Ran], key_file: Path, tmp_path: Path) -> None:
    ran = ask("sweep")
    assert ran.code == 2
    assert "A sweep needs the secret key, and none was given" in ran.err
    (tmp_path / "new").write_bytes(b"the second key, a newer one")
    ran = ask("sweep", "--key-file", str(tmp_path / "new"))
    assert ran.code == 2
    assert "Exchanges are open that began under the key" in ran.err
    ran = ask("sweep", "--key-file", str(tmp_path / "new"), "--old-key-file", str(key_file))
    assert ran.code == 0, ran.err


def test_sweep_ends_what_is_due(ask: Callable[..., Ran], key_file: Path) -> None:
    key = ("--key-file", str(key_file))
    ran = ask("sweep", "--at", "2020-01-13T05:59:59.999999Z", *key)
    assert (ran.code, ran.out) == (0, "Ended: 0 coupons, 0 re-quotes.\n")
    assert ask("sweep", "--at", "2020-01-13T06:00:00Z", *key).out == "Ended: 0 coupons, 1 re-quotes.\n"
    data = ask("sweep", "--json", *key).data
    assert (data["expired"], data["undecided"]) == (1, 0)
    assert "a sweep" in ask("history", code(2)).out


def test_verify_says_whether_the_ledger_is_whole(ask: Callable[..., Ran], filled: Ledger, key_file: Path) -> None:
    unsealed = "Hashes, seals and the running count were not checked: give the key.\n"
    ran = ask("verify")
    assert (ran.code, ran.out) == (0, f"The ledger is whole. 2 exchanges, 4 events.\n{unsealed}")
    key = ("--key-file", str(key_file))
    assert ask("verify", *key).out == "The ledger is whole. 2 exchanges, 4 events.\n"
    data = ask("verify", "--json", *key).data
    assert len(data.pop("head")) == 64
    assert data == {
        "answer": "verification",
        "whole": True,
        "exchanges": 2,
        "events": 4,
        "faults": [],
        "answers": 4,
        "is_sealed": True,
    }
    with filled.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE exchanges SET value_minor = 1 WHERE code = '{code(2)}'")  # noqa: S608 - our own
    ran = ask("verify")
    assert ran.code == 1
    assert ran.out == (
        "The ledger is not whole: 1 faults. 2 exchanges, 4 events.\n"
        f"  {code(2)}: its row says value_minor 1, and its events say 995000\n"
        f"{unsealed}"
    )
    assert ask("verify", "--json").code == 1


def test_a_checkpoint_is_kept_and_compared(
    ask: Callable[..., Ran], filled: Ledger, key_file: Path, tmp_path: Path
) -> None:
    key = ("--key-file", str(key_file))
    ran = ask("checkpoint", "--at", "2020-01-13T06:00:00Z", *key)
    assert ran.code == 0, ran.err
    assert Checkpoint.from_json(ran.out).exchanges == 2
    kept = tmp_path / "checkpoint.json"
    kept.write_text(ran.out, encoding="utf-8")
    made(filled.void(code(2), reason="why", at=AT, idempotency_key="v"))
    assert ask("verify", "--against", str(kept), *key).code == 0
    ran = ask("verify", "--against", str(kept))
    assert ran.code == 2
    assert "The proof needs the secret key" in ran.err
    kept.write_text(ran.out.replace("2", "3"), encoding="utf-8")
    ran = ask("verify", "--against", str(kept), *key)
    assert ran.code == 2
    assert "--against" in ran.err
    with filled.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE exchanges SET value_minor = 1 WHERE code = '{code(2)}'")  # noqa: S608 - our own
    ran = ask("checkpoint", *key)
    assert ran.code == 2
    assert "a checkpoint is taken of a whole ledger only" in ran.err


def test_exposure_says_what_live_coupons_are_worth(ask: Callable[..., Ran]) -> None:
    ran = ask("exposure")
    assert ran.code == 0
    words = [line.split() for line in ran.out.splitlines()[2:]]
    assert words == [
        ["held", "by", "orders", "1", "₹9,950.00"],
        ["2020-01-25", "1", "₹9,950.00"],
        ["together", "2", "₹19,900.00"],
    ]
    assert ask("exposure", "--json").data["days"] == [
        {"day": None, "coupons": 1, "value_minor": 995000, "currency": "INR"},
        {"day": "2020-01-25", "coupons": 1, "value_minor": 995000, "currency": "INR"},
    ]


def test_migrate_says_the_version(ask: Callable[..., Ran]) -> None:
    assert ask("migrate").out == "The ledger's tables are of version 0009.\n"
    assert ask("migrate", "--json").data == {"answer": "migration", "version": "0009"}


def test_no_command_makes_a_ledger(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    missing = str(tmp_path / "none.db")
    for verb in (("show", code(1)), ("verify",), ("sweep",), ("exposure",), ("migrate",), ("history", code(1))):
        ran = run("ledger", *verb, "--ledger", missing, environ={"MIEXCHANGE_KEY": KEY.decode()})
        assert ran.code == 2
        assert "There is no ledger" in ran.err
    assert not (tmp_path / "none.db").exists()


def test_an_empty_database_is_no_ledger(url: str) -> None:
    if "://" not in url:
        Path(url).touch()
    ran = run("ledger", "verify", "--ledger", url)
    assert ran.code == 2
    assert "The database is empty: there is no ledger in it" in ran.err


def test_the_ledger_may_be_named_once_for_all(filled: Ledger, url: str) -> None:
    del filled
    assert run("ledger", "verify", environ={"MIEXCHANGE_LEDGER": url}).code == 0
    ran = run("ledger", "verify")
    assert ran.code == 2
    assert "--ledger" in ran.err


def test_a_life_from_the_command_s_point_of_view(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    path = str(tmp_path / "x.db")
    with ledger.open(path, key=KEY, create=True) as store:
        accepted(store, 1)
        made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="r"))
        made(store.complete(code(1), order="order-1", at=AT, idempotency_key="c"))
    ran = run("ledger", "show", code(1), "--ledger", path)
    assert "completed" in ran.out
    assert "ends by itself" not in ran.out
