"""The limits of new exchanges: when those that count began, and the hold of what two acceptances share."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from miexchange._time import from_micros, micros
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import Conflict
from miexchange.programme.limits import ACCOUNT, DEVICE, reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from miexchange.events import Accept
    from miexchange.ledger._session import Session

__all__ = ["begun", "keep", "subjects"]


def subjects(event: Accept) -> Iterator[tuple[str, str, str]]:
    """Yield each limit of an acceptance with what it counts by: its id, the name and whose exchanges are counted."""
    told = dict(event.tags)
    for limit in event.rules.limits:
        if limit.per == ACCOUNT:
            yield limit.id, limit.per, event.coupon.account
        elif limit.per == DEVICE:
            for token in event.coupon.device_tokens:
                yield limit.id, limit.per, token
        elif limit.per in told:
            yield limit.id, limit.per, told[limit.per]


def begun(connection: Connection, event: Accept) -> dict[str, list[datetime]]:
    """Return when the exchanges began that each limit of an acceptance counts, the last first."""
    told, found = dict(event.tags), {}
    for limit in event.rules.limits:
        asked = {
            "account": event.coupon.account,
            "tokens": event.coupon.device_tokens,
            "name": limit.per,
            "value": told.get(limit.per, ""),
            "code": event.coupon.code,
            "since": micros(event.at - limit.window),
            "most": limit.most,
        }
        statement = sql.BEGUN.get(limit.per, sql.BEGUN_OF_TAG)
        found[limit.id] = [from_micros(us) for us in connection.execute(statement, asked).scalars()]
    return found


def keep(session: Session, event: Accept) -> None:
    """Note the tags of a new exchange, and look once more whether its limits allow it.

    Two acceptances of one account or device wait for each other at the unique indexes of what is open. Those that have
    no more than a tag in common wait here, where a server lets several transactions write at once.

    Args:
        session: a session in a transaction, in which the exchange was added.
        event: the acceptance.

    Raises:
        Conflict: a limit is reached; somebody was quicker.
    """
    if event.tags:
        code, began = event.coupon.code, micros(event.at)
        rows = [{"code": code, "name": name, "value": value, "began_us": began} for name, value in event.tags]
        session.core.execute(sql.ADD_TAGS, rows)
    if not event.rules.limits:
        return
    counted = {limit.per for limit in event.rules.limits}
    if session.core.dialect.name == "postgresql":
        for name, value in event.tags:
            if name in counted:
                session.core.execute(sql.HOLD, {"number": _number(name, value)})
    if any(reached(event.rules.limits, event.at, dict(event.tags), begun(session.core, event))):
        raise Conflict


def _number(name: str, value: str) -> int:
    """Return the number under which a server holds a tag; two that share one wait for each other, and no more."""
    return int.from_bytes(hashlib.sha256(f"{name}\0{value}".encode()).digest()[:8], signed=True)
