"""The shortest history that leads to an exchange: the events as they were, as far as the exchange stores them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from miexchange._history import shortest, was_credited
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.events import (
    Agree,
    Attempt,
    Complete,
    Decline,
    Expire,
    Identify,
    Inspect,
    Override,
    Release,
    Reserve,
    Reverse,
    Send,
    Void,
    Wipe,
)
from miexchange.exchange import Exchange
from miexchange.inspection import Examination
from miexchange.programme import Authority
from miexchange.refusal import ReasonCode, reason_of
from unit import small
from unit.trade import ACCOUNT, HOUR, ORDER, RULES, TICK, after, found, issued

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.events import Event
    from miexchange.programme import ExchangeRules

AT, DAY, ID = small.AT, timedelta(days=1), ORDER.id
SENT = RULES.replace(send_days=7, unlock_hours=48, pickup_attempts=3)
LATER = SENT.replace(inspection="required", coupon="after_inspection")
ALLOWED = RULES.replace(authorities=(Authority("agent", 500_000, 500_000, 30),))
CODE = issued(LATER).code
LOCKED = Examination("locked", Condition(), reasons=(reason_of(ReasonCode.SCREEN_LOCK_ON),))
UNLOCKED_SINCE = LOCKED.replace(reasons=(reason_of(ReasonCode.ACCOUNTS_PRESENT),))
RESERVE = Reserve(AT + HOUR, ORDER, ACCOUNT)
BEGIN, LAST_DAY = AT + HOUR, AT + 3 * DAY


def inspect(at: datetime, value: int = 1_000_000, order: str = ID, **changes: Any) -> Inspect:  # noqa: ANN401 - of an examination
    return Inspect(at, order, found(value).replace(**changes))


def wipe(at: datetime) -> Wipe:
    return Wipe(at, "purge", "record 9")


def register(at: datetime) -> RegisterAnswer:
    return RegisterAnswer(ImeiStatus.CLEAR, "CEIR", at, "1")


OVERRIDE = Override(AT + 3 * DAY, ID, 950_000, "agent", "p-7", "goodwill")
EARLY = inspect(AT + 2 * DAY, register_answer=register(AT + DAY))

KNOWN: dict[str, tuple[ExchangeRules, tuple[Event, ...]]] = {
    "nothing": (RULES, ()),
    "an order": (RULES, (RESERVE,)),
    "a phone that is sent": (SENT, (RESERVE, Send(AT + DAY, ID))),
    "visits": (SENT, (RESERVE, Attempt(AT + DAY, ID, "one"), Attempt(AT + 2 * DAY, ID, "two"))),
    "a visit, and then it is sent": (SENT, (RESERVE, Attempt(AT + DAY, ID, "one"), Send(AT + 2 * DAY, ID))),
    "an inspection": (RULES, (RESERVE, inspect(AT + 2 * HOUR))),
    "an inspection with a register's answer": (RULES, (RESERVE, EARLY)),
    "a lock": (SENT, (RESERVE, Send(AT + DAY, ID), Inspect(AT + 2 * DAY, ID, LOCKED))),
    "a re-quote": (RULES, (RESERVE, inspect(AT + 2 * DAY, 900_000))),
    "a re-quote that is agreed to": (RULES, (RESERVE, inspect(AT + 2 * DAY, 900_000), Agree(AT + 3 * DAY, ACCOUNT))),
    "one that is declined": (RULES, (RESERVE, inspect(AT + 2 * DAY, 900_000), Decline(AT + 3 * DAY, ACCOUNT))),
    "an override": (ALLOWED, (RESERVE, inspect(AT + 2 * DAY, 900_000), OVERRIDE)),
    "an override that is agreed to": (
        ALLOWED,
        (RESERVE, inspect(AT + 2 * DAY, 900_000), OVERRIDE, Agree(AT + 3 * DAY + HOUR, ACCOUNT)),
    ),
    "a wiping before the hand-over": (RULES, (RESERVE, inspect(AT + HOUR), wipe(AT + DAY), Complete(AT + 2 * DAY, ID))),
    "a wiping after a register's answer": (
        RULES,
        (RESERVE, EARLY.replace(at=AT + DAY), wipe(AT + 2 * DAY), Complete(AT + 3 * DAY, ID)),
    ),
    "a wiping and then an override": (ALLOWED, (RESERVE, inspect(AT + 2 * DAY, 900_000), wipe(AT + 2 * DAY), OVERRIDE)),
    "a wiping after the hand-over": (RULES, (RESERVE, Complete(AT + 2 * DAY, ID), wipe(AT + 3 * DAY))),
    "a wiping after an agreement": (
        RULES,
        (RESERVE, inspect(AT + 2 * DAY, 900_000), Agree(AT + 2 * DAY + HOUR, ACCOUNT), wipe(AT + 3 * DAY)),
    ),
    "a hand-over": (RULES, (RESERVE, Complete(AT + 2 * DAY, ID))),
    "an end": (RULES, (Expire(AT + 14 * DAY),)),
    "a coupon that is void": (RULES, (Void(AT + DAY, "withdrawn"),)),
    "papers": (RULES, (RESERVE, Identify(AT + DAY, "file 7"))),
    "a phone that is sent for a coupon": (LATER, (Send(AT + DAY, CODE),)),
    "a coupon after an inspection": (LATER, (Send(AT + DAY, CODE), inspect(AT + 2 * DAY, order=CODE))),
    "a lower one": (LATER, (inspect(AT + 2 * DAY, 900_000, CODE), Agree(AT + 3 * DAY, ACCOUNT))),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_stored_is_the_history_itself(name: str) -> None:
    rules, events = KNOWN[name]
    exchange = after(issued(rules), *events)
    assert shortest(exchange) == events
    assert Exchange.from_json(exchange.to_json()) == exchange


GUESSED: dict[str, tuple[ExchangeRules, tuple[Event, ...], tuple[Event, ...]]] = {
    "a released order": (RULES, (RESERVE, Release(AT + DAY, ID)), ()),
    "the earliest inspection": (
        RULES,
        (RESERVE, inspect(AT + 2 * DAY), Complete(AT + 3 * DAY, ID)),
        (RESERVE, inspect(AT + HOUR), Complete(AT + 3 * DAY, ID)),
    ),
    "after it was sent": (
        SENT,
        (RESERVE, Send(AT + DAY, ID), inspect(AT + 3 * DAY), Complete(AT + 4 * DAY, ID)),
        (RESERVE, Send(AT + DAY, ID), inspect(AT + DAY), Complete(AT + 4 * DAY, ID)),
    ),
    "after the register's answer": (
        RULES,
        (RESERVE, EARLY, Complete(AT + 3 * DAY, ID)),
        (RESERVE, EARLY.replace(at=AT + DAY), Complete(AT + 3 * DAY, ID)),
    ),
    "after the order, where the answer is older": (
        RULES,
        (RESERVE, inspect(AT + 2 * DAY, register_answer=register(AT)), Complete(AT + 3 * DAY, ID)),
        (RESERVE, inspect(AT + HOUR, register_answer=register(AT)), Complete(AT + 3 * DAY, ID)),
    ),
    "a phone that was unlocked": (
        SENT,
        (
            RESERVE,
            Send(AT + DAY, ID),
            Inspect(AT + 2 * DAY, ID, LOCKED),
            inspect(AT + 3 * DAY),
            Complete(AT + 4 * DAY, ID),
        ),
        (
            RESERVE,
            Send(AT + DAY, ID),
            Inspect(AT + 2 * DAY, ID, UNLOCKED_SINCE),
            inspect(AT + 2 * DAY),
            Complete(AT + 4 * DAY, ID),
        ),
    ),
    "the latest hand-over": (
        RULES,
        (RESERVE, Complete(AT + 2 * DAY, ID), Reverse(AT + 3 * DAY, ID)),
        (RESERVE, Complete(AT + 3 * DAY, ID), Reverse(AT + 3 * DAY, ID)),
    ),
    "the latest before it had to be sent": (
        SENT,
        (RESERVE, Complete(AT + 2 * DAY, ID), Reverse(AT + 20 * DAY, ID)),
        (RESERVE, Complete(AT + HOUR + 7 * DAY - TICK, ID), Reverse(AT + 20 * DAY, ID)),
    ),
    "the latest agreement": (
        RULES,
        (RESERVE, inspect(AT + 2 * DAY, 900_000), Agree(AT + 2 * DAY + HOUR, ACCOUNT), Reverse(AT + 10 * DAY, ID)),
        (RESERVE, inspect(AT + 2 * DAY, 900_000), Agree(AT + 4 * DAY - TICK, ACCOUNT), Reverse(AT + 10 * DAY, ID)),
    ),
    "an agreement of the day": (
        RULES,
        (RESERVE, inspect(AT + 2 * DAY, 900_000), Agree(AT + 2 * DAY + HOUR, ACCOUNT), Reverse(AT + 3 * DAY, ID)),
        (RESERVE, inspect(AT + 2 * DAY, 900_000), Agree(AT + 3 * DAY, ACCOUNT), Reverse(AT + 3 * DAY, ID)),
    ),
    "an order on a coupon after an inspection": (
        LATER,
        (Send(AT + DAY, CODE), inspect(AT + 2 * DAY, order=CODE), RESERVE.replace(at=AT + 3 * DAY)),
        (RESERVE.replace(at=AT + 3 * DAY),),
    ),
}


@pytest.mark.parametrize("name", GUESSED)
def test_of_what_is_not_stored_the_earliest_is_told_and_of_a_hand_over_the_latest(name: str) -> None:
    rules, events, told = GUESSED[name]
    exchange = after(issued(rules), *events)
    assert shortest(exchange) == told
    assert Exchange.from_json(exchange.to_json()) == exchange


def test_a_coupon_that_was_awaited_is_credited_once_it_can_be_used() -> None:
    seen = inspect(AT + 2 * DAY, order=CODE)
    low = inspect(AT + 2 * DAY, 900_000, CODE)
    order = RESERVE.replace(at=AT + 3 * DAY)
    assert [
        was_credited(exchange)
        for exchange in (
            after(issued(RULES), RESERVE),
            issued(LATER),
            after(issued(LATER), seen),
            after(issued(LATER), low),
            after(issued(LATER), low, Agree(AT + 3 * DAY, ACCOUNT)),
            after(issued(LATER), seen, Identify(AT + 3 * DAY, "file 7")),
            after(issued(LATER), seen, order),
            after(issued(LATER), seen, order, Release(AT + 4 * DAY, ID)),
        )
    ] == [False, False, False, False, False, True, True, True]
