"""The shortest history that leads to an exchange as it stands: a value from outside is held against it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from miexchange._time import TICK
from miexchange.events import Agree, Complete, Inspect, Release, Reserve, Reverse

if TYPE_CHECKING:
    from miexchange.events import Later
    from miexchange.exchange import Exchange

__all__ = ["shortest"]


def shortest(exchange: Exchange) -> tuple[Later, ...]:
    """Return the events since its coupon was free that made an exchange, as far as it remembers them.

    Orders that were released leave nothing but a version and a window, and an instant between two events leaves nothing
    at all; the earliest is taken then, and of a hand-over the latest, so that no deadline is passed.
    """
    last, events = exchange.last, _of_order(exchange)
    if last is None or isinstance(last, Release):
        return tuple(events)
    if events and type(events[-1]) is type(last):
        events.pop()
    return (*events, last.replace(at=exchange.at))


def _of_order(exchange: Exchange) -> list[Later]:
    """Return what happened to the order before the last event."""
    order, redemption, found = exchange.order, exchange.redemption, exchange.examination
    if order is None or redemption is None:
        return []
    events: list[Later] = [Reserve(redemption.at, order, exchange.account)]
    decide_until = exchange.decide_until
    if found is not None:
        hours = timedelta(hours=exchange.rules.decide_hours)
        seen = redemption.at if decide_until is None else decide_until - hours
        if decide_until is None and found.register_answer is not None:  # which was asked before
            seen = min(max(seen, found.register_answer.asked_at), exchange.at)
        events.append(Inspect(seen, order.id, found))
    if isinstance(exchange.last, Reverse):
        if decide_until is None:
            events.append(Complete(exchange.at, order.id))
        else:
            events.append(Agree(min(exchange.at, decide_until - TICK), exchange.account))
    return events
