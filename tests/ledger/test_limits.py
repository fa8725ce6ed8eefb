"""No limit of new exchanges is passed, whoever accepts at the same time; what ended unused counts no longer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ledger import shop
from ledger.shop import AT, made, order
from miexchange import Exchange, Quote, Refusal, appraise
from miexchange.ledger import verify
from miexchange.ledger._verify import _over_a_limit
from miexchange.programme import Limit
from unit import trade

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.ledger import Ledger

DAY = timedelta(days=1)
LIMITS = (Limit("account", "account", 2, 30), Limit("phone", "device", 2, 20), Limit("home", "address", 3, 10))
RULES = trade.RULES.replace(rebuy="after", rebuy_days=1, limits=LIMITS)
PROGRAMME = trade.programme(RULES)


def ask(store: Ledger, number: int, *, who: int, home: str = "", at: datetime = AT) -> Exchange | Refusal:
    """Let an account accept a quote of a phone, at an address of its own if none is said."""
    answer = appraise(shop.phone(number), trade.SAID, PROGRAMME, at=at)
    assert isinstance(answer, Quote)
    told: dict[str, Any] = {"account": shop.account(who), "at": at, "tags": {"address": home or f"home-{who}"}}
    return store.accept(answer, PROGRAMME, **told, idempotency_key=f"{number}-{who}-{at}")


def used(store: Ledger, exchange: Exchange, at: datetime) -> None:
    """Let its coupon be used and the phone be handed over."""
    wanted = order(0, exchange.code)
    asked: dict[str, Any] = {"at": at}
    made(store.reserve(exchange.code, wanted, account=exchange.account, **asked, idempotency_key=exchange.code))
    made(store.complete(exchange.code, order=wanted.id, **asked, idempotency_key=exchange.code))


def codes(answer: Exchange | Refusal) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def test_an_account_begins_so_many_in_a_window(store: Ledger) -> None:
    for number in range(2):
        used(store, made(ask(store, number, who=1, at=AT + number * DAY)), AT + number * DAY)
    third = ask(store, 3, who=1, at=AT + 5 * DAY)
    assert codes(third) == ("limit_reached",)
    assert dict(third.reasons[0].values)["again_at"] == (AT + 30 * DAY).isoformat()  # type: ignore[union-attr]
    assert isinstance(ask(store, 4, who=2, at=AT + 5 * DAY), Exchange), "another account may"
    assert codes(ask(store, 3, who=1, at=AT + 30 * DAY - timedelta(microseconds=1))) == ("limit_reached",)
    assert isinstance(ask(store, 3, who=1, at=AT + 30 * DAY), Exchange)
    assert verify(store).faults == ()


def test_a_device_is_counted_by_either_of_its_imeis_and_whoever_brings_it(store: Ledger) -> None:
    for turn in range(2):
        at = AT + 2 * turn * DAY
        used(store, made(ask(store, 1, who=turn, at=at)), at)
    assert codes(ask(store, 1, who=7, at=AT + 6 * DAY)) == ("limit_reached",)
    assert isinstance(ask(store, 1, who=7, at=AT + 20 * DAY), Exchange)
    assert verify(store).faults == ()


def test_what_ended_unused_counts_no_longer(store: Ledger) -> None:
    begun = [made(ask(store, number, who=number, home="one")) for number in range(3)]
    assert codes(ask(store, 4, who=4, home="one")) == ("limit_reached",)
    assert isinstance(ask(store, 5, who=5, home="two"), Exchange)
    store.void(begun[0].code, reason="withdrawn", at=AT, idempotency_key="v")
    assert isinstance(ask(store, 4, who=4, home="one", at=AT + timedelta(seconds=1)), Exchange)
    assert verify(store).faults == ()


def test_what_is_over_a_limit_is_refused_at_its_first_attempt(store: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written that would be taken back, and nobody waits for it."""
    for number in range(3):
        made(ask(store, number, who=number, home="one"))
    with caplog.at_level("DEBUG", "miexchange.ledger"):
        assert codes(ask(store, 4, who=4, home="one")) == ("limit_reached",)
    assert not caplog.messages
    assert codes(ask(store, 4, who=4, home="one")) == ("limit_reached",), "asked again, it is not final"


def test_a_retry_has_its_answer_and_another_tag_is_another_request(store: Ledger) -> None:
    first = ask(store, 1, who=1, home="one")
    assert ask(store, 1, who=1, home="one") == first
    assert codes(ask(store, 1, who=1, home="two")) == ("request_changed",)


def test_workers_who_begin_at_once_pass_no_limit(store: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: ask(store, number, who=number, home=f"{number % 2}"), range(40)))
    begun = [answer for answer in answers if isinstance(answer, Exchange)]
    assert len(begun) == 6
    assert {codes(answer) for answer in answers if isinstance(answer, Refusal)} == {("limit_reached",)}
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DELETE FROM tags", "its tags are not those that were told"),
        ("UPDATE tags SET value = 'elsewhere'", "its tags are not those that were told"),
        ("INSERT INTO tags VALUES ('x', 'address', 'one', 0)", "its row is missing, and rows of tags are there"),
    ],
)
def test_verify_finds_tags_that_were_changed(store: Ledger, change: str, fault: str) -> None:
    made(ask(store, 1, who=1))
    with store.engine.begin() as connection:
        connection.exec_driver_sql(change)
    assert [one for one in verify(store).faults if fault in one]


def test_verify_finds_a_limit_that_was_passed(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miexchange.ledger._limits.begun", lambda *_: {limit.id: [] for limit in LIMITS})
    for number in range(4):
        made(ask(store, number, who=number, home="one"))
    assert [one for one in verify(store).faults if "more than 3 of one address in 10 days" in one]


def test_a_limit_that_was_raised_is_not_passed_by_what_it_allows_since() -> None:
    """Each acceptance is held to the terms of its quote: the second one was allowed two."""
    begun = [(AT, 1, "A"), (AT + DAY, 2, "B")]
    assert list(_over_a_limit("account", 10 * DAY, begun)) == []
    (fault,) = _over_a_limit("account", 10 * DAY, [*begun, (AT + 2 * DAY, 2, "C")])
    assert fault == "A, B, C: more than 2 of one account in 10 days"
