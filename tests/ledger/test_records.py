"""What a ledger keeps on record of an exchange, and the times that its sweep ends: in a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ledger.shop import AT, HOUR, KEY, account, imei, made, order, phone
from miexchange import Exchange, InvalidValue, Quote, appraise
from miexchange.exchange import State
from miexchange.ledger import Sweep, verify
from unit import small, trade
from unit.command import Ran, run

if TYPE_CHECKING:
    from miexchange import Refusal
    from miexchange.ledger import Ledger

DAY = timedelta(days=1)
RULES = trade.RULES.replace(
    identity_above_minor=0, ownership_above_minor=0, wipe="before_hand_over", send_days=14, unlock_hours=72
)
PROGRAMME = trade.programme(RULES)


def begun(store: Ledger, number: int) -> str:
    """Let a phone be traded in for an order, and return the code of the exchange."""
    quote = appraise(phone(number), trade.SAID, PROGRAMME, at=AT)
    assert isinstance(quote, Quote)
    answer = made(store.accept(quote, PROGRAMME, account=account(number), at=AT, idempotency_key=f"accept-{number}"))
    held = store.reserve(
        answer.code, order(number), account=account(number), at=AT, idempotency_key=f"reserve-{number}"
    )
    return made(held).code


def looked(store: Ledger, code: str, number: int, *, is_locked: bool = False) -> Exchange | Refusal:
    seen = trade.seen(imeis=(imei(2 * number),), accounts_removed=not is_locked)
    at, key = (AT + HOUR, "locked") if is_locked else (AT + DAY, "inspected")
    return store.inspect(code, seen, order=order(number).id, at=at, idempotency_key=f"{key}-{number}")


def test_what_is_recorded_is_kept_and_proved(store: Ledger) -> None:
    """Law: the row is the fold of the events; a phone is bought at its hand-over, whatever is recorded since."""
    code = begun(store, 1)
    made(store.send(code, order="order-1", at=AT + HOUR, idempotency_key="send"))
    assert looked(store, code, 1, is_locked=True)
    assert looked(store, code, 1)
    refused = store.complete(code, order="order-1", at=AT + 2 * DAY, idempotency_key="too soon")
    assert not refused
    assert refused.codes == ("identity_missing", "ownership_missing", "wipe_missing")
    papers = {"identity": "file 7f3a", "ownership": "invoice 17"}
    told = made(store.identify(code, **papers, at=AT + 2 * DAY, idempotency_key="papers"))
    again = store.identify(code, **papers, at=AT + 9 * DAY, idempotency_key="papers")
    assert again == told
    made(store.wipe(code, method="clear", certificate="reset 9", at=AT + 2 * DAY, idempotency_key="wipe"))
    taken = made(store.complete(code, order="order-1", at=AT + 2 * DAY, idempotency_key="too soon"))
    assert (taken.state, taken.version) == (State.COMPLETED, 8)
    other = store.wipe(code, method="purge", certificate="reset 9", at=AT + 3 * DAY, idempotency_key="wipe again")
    assert not other
    assert other.codes == ("already_recorded",)
    assert store.get(code) == taken
    assert [entry.event.kind for entry in store.history(code)][3:] == [
        "inspect",
        "inspect",
        "identify",
        "wipe",
        "complete",
    ]
    assert (verify(store).faults, store.sweep(AT + 90 * DAY)) == ((), Sweep(0, 0))


def test_a_wipe_after_the_hand_over_moves_neither_the_purchase_nor_the_days_to_reverse(store: Ledger) -> None:
    code = begun(store, 1)
    assert looked(store, code, 1)
    made(store.identify(code, identity="file 7", ownership="invoice 17", at=AT + DAY, idempotency_key="papers"))
    refused = store.wipe(code, method="destroy", certificate="shredder 4", at=AT + DAY, idempotency_key="destroy")
    assert not refused
    assert refused.codes == ("wipe_too_early",)
    made(store.wipe(code, method="purge", certificate="purge 4", at=AT + DAY, idempotency_key="purge"))
    made(store.complete(code, order="order-1", at=AT + 2 * DAY, idempotency_key="complete"))
    assert store.standing_of(phone(1)).bought_at == AT + 2 * DAY
    undone = made(store.reverse(code, order="order-1", at=AT + 31 * DAY, idempotency_key="reverse"))
    assert (undone.state, store.standing_of(phone(1)).bought) == (State.REVERSED, None)
    assert verify(store).faults == ()


def test_a_wipe_later_is_of_a_phone_that_was_bought_before(store: Ledger) -> None:
    rules = trade.RULES
    programme = trade.programme(rules)
    quote = appraise(phone(1), trade.SAID, programme, at=AT)
    assert isinstance(quote, Quote)
    code = made(store.accept(quote, programme, account="account-1", at=AT, idempotency_key="accept")).code
    made(store.reserve(code, order(1), account="account-1", at=AT, idempotency_key="reserve"))
    made(store.complete(code, order="order-1", at=AT + DAY, idempotency_key="complete"))
    wiped = made(store.wipe(code, method="destroy", certificate="shredder 4", at=AT + 9 * DAY, idempotency_key="wipe"))
    assert (wiped.state, wiped.at, wiped.handed_over_at) == (State.COMPLETED, AT + 9 * DAY, AT + DAY)
    assert store.standing_of(phone(1)).bought_at == AT + DAY
    assert verify(store).faults == ()


def test_a_sweep_ends_what_was_not_sent_and_what_stayed_locked(store: Ledger, url: str) -> None:
    codes = {number: begun(store, number) for number in range(1, 5)}
    made(store.send(codes[1], order="order-1", at=AT + DAY, idempotency_key="send"))
    assert looked(store, codes[2], 2, is_locked=True)
    assert looked(store, codes[3], 3)
    assert store.sweep(AT + HOUR + 3 * DAY, dry_run=True) == Sweep(0, 0, locked=1)
    assert store.sweep(AT + HOUR + 3 * DAY) == Sweep(0, 0, locked=1)
    late = looked(store, codes[2], 2)
    assert not late
    assert "event_not_possible" in late.codes
    assert store.sweep(AT + 14 * DAY - timedelta(microseconds=1)) == Sweep(0, 0)
    key = {"MIEXCHANGE_KEY": KEY.decode()}
    ran = run("ledger", "sweep", "--at", (AT + 14 * DAY).isoformat(), "--ledger", url, environ=key)
    assert ran.out == "Ended: 0 coupons, 0 re-quotes, 1 phones not sent.\n"
    states = {number: made_.state for number, code in codes.items() if (made_ := store.get(code)) is not None}
    assert states == {1: State.RESERVED, 2: State.VOID, 3: State.INSPECTED, 4: State.VOID}
    assert store.standing_of(phone(4)).open is None
    assert verify(store).faults == ()


def test_the_command_records(store: Ledger, url: str) -> None:
    code, key = begun(store, 1), {"MIEXCHANGE_KEY": KEY.decode()}

    def ask(verb: str, *given: str) -> Ran:
        at = ("--at", (AT + DAY).isoformat(), "--idempotency-key", f"{verb}{len(given)}")
        return run("ledger", verb, code, *given, *at, "--ledger", url, environ=key)

    assert ask("send", "--order", "order-1").code == 0
    assert looked(store, code, 1)
    assert ask("identify", "--identity", "file 7", "--ownership", "invoice 17").code == 0
    ran = ask("identify", "--identity", "file 8", "--json")
    assert (ran.code, ran.data["refusal"]["reasons"][0]["code"]) == (1, "already_recorded")
    assert ask("identify", "--identity", "ABCDE1234F").code == 2
    early = ask("wipe", "--method", "destroy", "--certificate", "shredder 4")
    assert (early.code, "wipe_too_early" in early.out) == (1, True)
    wiped = ask("wipe", "--method", "purge", "--certificate", "purge 4", "--json")
    assert Exchange.from_dict(wiped.data["exchange"]) == store.get(code)
    assert [entry.event.kind for entry in store.history(code)][2:] == ["send", "inspect", "identify", "wipe"]


def test_the_command_says_what_is_on_record_and_not_where(store: Ledger, url: str) -> None:
    code = begun(store, 1)
    made(store.send(code, order="order-1", at=AT + HOUR, idempotency_key="send"))
    assert looked(store, code, 1)
    made(store.identify(code, identity="file 7f3a", ownership="invoice 17", at=AT + DAY, idempotency_key="papers"))
    made(store.wipe(code, method="clear", certificate="reset 9", at=AT + DAY, idempotency_key="wipe"))
    shown = run("ledger", "show", code, "--ledger", url).out
    for words in ("identity, proof of ownership", "data wiped", "clear, 2", "sent"):
        assert words in shown
    assert not [text for text in ("7f3a", "invoice 17", "reset 9") if text in shown]


def test_a_number_of_a_document_reaches_no_database(store: Ledger) -> None:
    code = begun(store, 1)
    for papers in ({"identity": "ABCDE1234F"}, {"ownership": small.IMEI}, {"identity": ""}, {"identity": "two\nlines"}):
        with pytest.raises(InvalidValue):
            store.identify(code, **papers, at=AT, idempotency_key="papers")
    with pytest.raises(InvalidValue, match="clear, purge, destroy"):
        store.wipe(code, method="burn", certificate="x", at=AT, idempotency_key="wipe")  # type: ignore[arg-type]  # the fault
    exchange = store.get(code)
    assert exchange is not None
    assert (exchange.version, exchange.identity) == (2, "")
