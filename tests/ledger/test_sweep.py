"""The sweep: one that is damaged stops no other, others get their turn, and nothing ends by mistake."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ledger import shop
from ledger.shop import AT, HOUR, KEY, accepted, account, code, made, order, reserved
from ledger.test_outcomes import contents
from miexchange import ledger
from miexchange.exchange import State
from miexchange.ledger import Ledger, Sweep
from miexchange.ledger import _ledger as verbs
from miexchange.ledger import _sql as sql
from unit import trade
from unit.command import Ran, run

if TYPE_CHECKING:
    from collections.abc import Callable

DUE = AT + 30 * 24 * HOUR

DAMAGES = {
    "the head is another": "UPDATE exchanges SET head = 'x' WHERE code = :code",
    "there is no head": "UPDATE exchanges SET head = '' WHERE code = :code",
    "the version is too high": "UPDATE exchanges SET version = 7 WHERE code = :code",
    "the version is none": "UPDATE exchanges SET version = 0 WHERE code = :code",
    "it was due earlier": "UPDATE exchanges SET due_us = 1 WHERE code = :code AND due_us IS NOT NULL",
    "an event is missing": "DELETE FROM events WHERE code = :code",
    "an event is no JSON": "UPDATE events SET body = '{' WHERE code = :code",
    "an event is of no kind": "UPDATE events SET kind = 'x' WHERE code = :code",
    "an event was changed": "UPDATE events SET at_us = 1 WHERE code = :code",
    "an event is there already": (
        "INSERT INTO events (code, version, kind, at_us, body, key_id, request, hash) "
        "SELECT code, 2, 'void', at_us, body, key_id, request, hash FROM events WHERE code = :code"
    ),
}
DAMAGES_OF_A_FILE = {
    "an event is a blob": "UPDATE events SET body = x'00ff' WHERE code = :code",
    "an event is no UTF-8": "UPDATE events SET body = CAST(x'7bff7d' AS TEXT) WHERE code = :code",
    "an account is no UTF-8": "UPDATE exchanges SET account = CAST(x'ff' AS TEXT) WHERE code = :code",
    "a key's id is a blob": "UPDATE exchanges SET key_id = x'00ff' WHERE code = :code",
    "the head is a blob": "UPDATE exchanges SET head = x'00' WHERE code = :code",
}


def damage(store: Ledger, statement: str, number: int) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(statement), {"code": code(number)})


@pytest.mark.parametrize("forgets", [False, True], ids=["known", "unknown"])
@pytest.mark.parametrize("what", [*DAMAGES, *DAMAGES_OF_A_FILE])
def test_a_damaged_exchange_stops_no_other(store: Ledger, url: str, what: str, *, forgets: bool) -> None:
    """Law: whatever is wrong with one, the others of its batch end, it is reported, and the sweep ends."""
    if what in DAMAGES_OF_A_FILE and "://" in url:
        pytest.skip("a server takes no such value")
    for number in range(5):
        accepted(store, number)
    at = DUE
    if what == "it was due earlier":
        at = AT + HOUR  # by its events it is not due
    damage(store, {**DAMAGES, **DAMAGES_OF_A_FILE}[what], 2)
    with ledger.open(url, key=KEY) as fresh:
        swept = fresh if forgets else store
        would = swept.sweep(at, dry_run=True)
        found = swept.sweep(at)
        if at == DUE and what not in NOT_SEEN.get(forgets, ()):
            assert found == Sweep(4, 0, (code(2),))
        elif at == DUE:
            assert found in {Sweep(5, 0), Sweep(4, 0, (code(2),))}
        else:
            assert found == Sweep(0, 0, (code(2),))
        if what not in SEEN_BY_WRITING:
            assert would == found
        assert swept.sweep(at).expired == 0
    if at == DUE:
        ended = {number: store.get(code(number)) for number in (0, 1, 3, 4)}
        assert {one.state for one in ended.values() if one is not None} == {State.EXPIRED}


# What was read before, and is known by its head, is not read again: its damage is `verify`'s to find.
NOT_SEEN = {
    False: {
        "an event is missing",
        "an event is no JSON",
        "an event is of no kind",
        "an event was changed",
        "an event is a blob",
        "an event is no UTF-8",
    },
}
SEEN_BY_WRITING = {"an event is there already", "a key's id is a blob"}


def test_a_sweep_that_counts_writes_nothing_and_locks_nothing(store: Ledger, url: str) -> None:
    reserved(store, 1)
    answers = trade.SAID.replace(glass="scratched")
    seen = trade.seen(imeis=(shop.imei(2),), answers=answers, evidence=(("glass", "photo-7"),))
    made(store.inspect(code(1), seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="inspect-1"))
    for number in range(2, 5):
        accepted(store, number)
    was = contents(store)
    with ledger.open(url, key=KEY, seconds_to_wait=0) as other:
        with store.engine.begin() as connection:  # somebody holds everything, all the while
            connection.execute(text("UPDATE exchanges SET version = version"))
            assert other.sweep(DUE, dry_run=True) == Sweep(3, 1)
        assert contents(store) == was
        assert other.sweep(DUE) == Sweep(3, 1)
        assert other.sweep(DUE, dry_run=True) == Sweep(0, 0)


def test_others_write_between_two_batches(store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of a file is given up after each batch, and the sweep pauses: whoever waits gets a turn."""
    monkeypatch.setattr(sql, "DUE", sql.DUE.limit(2))
    for number in range(6):
        accepted(store, number)
    pauses: list[float] = []
    with ledger.open(url, key=KEY, seconds_to_wait=0) as other:

        def pause(seconds: float) -> None:
            number = 100 + len(pauses)
            pauses.append(seconds)
            accepted(other, number, at=AT)  # which does not wait at all
            held = other.reserve(
                code(number), order(number), account=account(number), at=AT, idempotency_key=f"{number}"
            )
            assert made(held).state == State.RESERVED

        monkeypatch.setattr(verbs, "sleep", pause)
        assert store.sweep(DUE) == Sweep(6, 0)
    if "://" in url:
        assert pauses == [], "on a server only those wait who want the same exchange"
    else:
        assert len(pauses) == 3
        assert min(pauses) > 0


def test_what_goes_on_between_the_look_and_the_lock_is_left_alone(
    store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        accepted(store, number)
    plain = Ledger._due  # noqa: SLF001 - where the look is
    with ledger.open(url, key=KEY) as other:

        def due(self: Ledger, *rest: object) -> list[tuple[int, str]]:
            found = plain(self, *rest)  # type: ignore[arg-type]
            other.void(code(1), reason="why", at=AT, idempotency_key="void")
            return found

        monkeypatch.setattr(Ledger, "_due", due)
        assert store.sweep(DUE) == Sweep(2, 0)


# ----- the command


@pytest.fixture
def ask(store: Ledger, url: str) -> Callable[..., Ran]:
    for number in range(3):
        accepted(store, number)
    key = {"MIEXCHANGE_KEY": KEY.decode()}
    return lambda *arguments: run("ledger", "sweep", *arguments, "--ledger", url, environ=key)


def test_an_instant_to_come_is_refused(ask: Callable[..., Ran], store: Ledger) -> None:
    """The reported case: 2081 for 2018."""
    soon = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    for late in ("2081-03-20T12:00+05:30", soon):
        ran = ask("--at", late)
        assert ran.code == 2
        assert f"--at '{late}' is after this machine's clock (20" in ran.err
        assert "Correct it, try --dry-run, or add --force" in ran.err
        assert all(made_ is not None and made_.is_open for made_ in map(store.get, map(code, range(3))))
    assert ask("--at", "2081-03-20T12:00+05:30", "--dry-run").out == "Would end: 3 coupons, 0 re-quotes.\n"
    assert ask("--at", "2081-03-20T12:00+05:30", "--force").out == "Ended: 3 coupons, 0 re-quotes.\n"


def test_a_dry_run_changes_nothing(ask: Callable[..., Ran]) -> None:
    data = ask("--dry-run", "--json").data
    del data["at"]
    others = {"undecided": 0, "skipped": []}
    assert data == {"answer": "sweep", "dry_run": True, "expired": 3, **others}
    ran = ask("--json")
    assert (ran.code, ran.data["dry_run"], ran.data["expired"]) == (0, False, 3)


def test_what_is_skipped_is_listed(ask: Callable[..., Ran], store: Ledger) -> None:
    damage(store, DAMAGES["the head is another"], 1)
    would = ask("--dry-run")
    assert (would.code, would.out.splitlines()[0]) == (1, "Would end: 2 coupons, 0 re-quotes.")
    ran = ask()
    assert ran.code == 1
    assert ran.out == (
        f"Ended: 2 coupons, 0 re-quotes.\nSkipped: 1 damaged exchanges. Run: miexchange ledger verify\n  {code(1)}\n"
    )
    ran = ask("--json")
    assert (ran.code, ran.data["expired"], ran.data["skipped"]) == (1, 0, [code(1)])


def test_a_row_that_holds_no_text_is_not_shown(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The driver's words hold the row; ours do not."""
    path = str(tmp_path_factory.mktemp("x") / "x.db")
    with ledger.open(path, key=KEY, create=True) as store:
        accepted(store, 1)
        with sqlite3.connect(path) as file:
            file.execute("UPDATE exchanges SET account = CAST(x'41ff' AS TEXT)")
        file.close()
        with pytest.raises(ledger.LedgerError, match="it holds text that is not UTF-8") as caught:
            store.get(code(1))
        assert "A\ufffd" not in str(caught.value)
