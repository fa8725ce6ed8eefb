"""The shortest history that leads to an exchange's state, against which a value from outside is checked."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from miexchange._time import TICK
from miexchange.condition import Condition
from miexchange.events import Agree, Complete, Inspect, Override, Release, Reserve, Reverse, Send
from miexchange.inspection import Examination
from miexchange.refusal import ReasonCode, reason_of

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.events import Later
    from miexchange.exchange import Exchange

__all__ = ["shortest", "was_credited"]


@cache
def _locked() -> Examination:
    """Return an inspection for a phone that was unlocked since: the exchange stores only its time limit."""
    return Examination("locked", Condition(), reasons=(reason_of(ReasonCode.ACCOUNTS_PRESENT),))


def shortest(exchange: Exchange) -> tuple[Later, ...]:
    """Return the events since its coupon was free that explain an exchange, as far as it stores them.

    Of released orders only a version and a window remain, and an instant between two events is not stored
    at all; the earliest possible is used then, and the latest for a hand-over, so that no deadline is passed.
    """
    last = exchange.last
    for_coupon = exchange.rules.coupon == "after_inspection" and not was_credited(exchange)
    events = _of_phone(exchange, exchange.code) if for_coupon else _of_order(exchange)
    if last is None or isinstance(last, Release):
        return tuple(events)
    if events and type(events[-1]) is type(last):
        events.pop()
    return (*events, last.replace(at=exchange.at))


def was_credited(exchange: Exchange) -> bool:
    """Tell whether the last event concerns a coupon that was awaited, and could be used by then."""
    if exchange.rules.coupon == "at_acceptance" or exchange.coupon.awaited:
        return False
    return exchange.order is not None or not isinstance(exchange.last, Inspect | Agree | Override)


def _of_order(exchange: Exchange) -> list[Later]:
    """Return the events of the order before the last event."""
    order, redemption, wiped = exchange.order, exchange.redemption, exchange.wiped
    if order is None or redemption is None:
        return []
    events: list[Later] = [Reserve(redemption.at, order, exchange.account)]
    if not was_credited(exchange):
        events += _of_phone(exchange, order.id, events[0].at)
    if exchange.handed_over is not None or isinstance(exchange.last, Reverse):
        events.append(_hand_over(exchange, order.id))
    if wiped is not None and exchange.handed_over is not None:
        events.append(wiped)
    return events


def _of_phone(exchange: Exchange, order: str, since: datetime | None = None) -> list[Later]:
    """Return the events of the phone before the last event, for an order or for a coupon that comes after it."""
    found, wiped = exchange.examination, exchange.wiped
    events: list[Later] = [*exchange.attempts]
    if exchange.sent_at is not None:
        events.append(Send(exchange.sent_at, order))
    if exchange.unlock_until is not None:
        locked = found if found is not None and found.kind == "locked" else _locked()
        events.append(Inspect(exchange.unlock_until - timedelta(hours=exchange.rules.unlock_hours), order, locked))
    if found is not None and found.kind != "locked":
        earliest = events[-1].at if events else since or min(exchange.coupon.valid_from, exchange.at)
        events.append(Inspect(_seen(exchange, found, earliest), order, found))
    before = [exchange.override, wiped if exchange.handed_over is None else None]
    known = [event for event in before if event is not None]
    return events + sorted(known, key=lambda event: (event.at, type(event) is type(exchange.last)))


def _seen(exchange: Exchange, found: Examination, earliest: datetime) -> datetime:
    """Return the instant of the inspection: the earliest possible unless a deadline determines it."""
    if exchange.decide_until is not None:
        return exchange.decide_until - timedelta(hours=exchange.rules.decide_hours)
    if found.register_answer is None:
        return earliest
    later = [event for event in (exchange.wiped and exchange.wiped.at, exchange.handed_over, exchange.at) if event]
    return min(max(earliest, found.register_answer.asked_at), *later)  # it was asked before


def _hand_over(exchange: Exchange, order: str) -> Later:
    """Return the hand-over, at its instant if that is known."""
    if exchange.settlement is not None and exchange.decide_until is not None:
        return Agree(exchange.handed_over or min(exchange.at, exchange.decide_until - TICK), exchange.account)
    latest = exchange.at
    if exchange.examination is None and exchange.send_until is not None:
        latest = min(latest, exchange.send_until - TICK)
    return Complete(exchange.handed_over or latest, order)
