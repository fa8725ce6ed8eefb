"""What the terms bound by a window: new exchanges, and what people add by overrides.

What counts is read in the transaction, once everybody who could have taken the last of it has committed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from miexchange._time import TICK, from_micros, micros
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import Conflict
from miexchange.ledger._rows import row_of_override
from miexchange.programme.limits import ACCOUNT, DEVICE, reached
from miexchange.refusal import ReasonCode, Refusal, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from miexchange.events import Accept
    from miexchange.exchange import Exchange
    from miexchange.ledger._session import Session

__all__ = ["begun", "grant", "keep", "subjects"]


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
    for name, value in event.tags:
        if name in counted:
            _hold(session, name, value)
    if any(reached(event.rules.limits, event.at, dict(event.tags), begun(session.core, event))):
        raise Conflict


def grant(session: Session, after: Exchange) -> Refusal | None:
    """Note what an override adds, if the authority of the person has that much left in its window.

    Two overrides of one person wait for each other here; SQLite has one writer anyhow.

    Args:
        session: a session in a transaction, which holds the exchange.
        after: the exchange as it is after the override.
    """
    row = row_of_override(after)
    authority = after.rules.authority_of(row["role"])
    assert authority is not None  # noqa: S101 - without one the override was refused
    _hold(session, "override", row["role"], row["person"], row["currency"])
    since = {"since": row["at_us"] - authority.window // TICK}
    found = session.core.execute(sql.GRANTED, {**row, **since})
    free = authority.free_from(row["more_minor"], [(from_micros(one.at_us), one.more_minor) for one in found])
    if free is not None and free > from_micros(row["at_us"]):
        return refused(
            ReasonCode.AUTHORITY_USED_UP,
            role=authority.role,
            currency=row["currency"],
            more_minor=row["more_minor"],
            most_minor=authority.total_minor,
            days=authority.days,
            again_at=free,
        )
    session.core.execute(sql.ADD_OVERRIDE, row)
    return None


def _hold(session: Session, *whose: str) -> None:
    """Let those who count by the same wait for each other, where a server lets several transactions write at once.

    Two that share a number by chance wait for each other, and no more.
    """
    if session.core.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256("\0".join(whose).encode()).digest()[:8], signed=True)
        session.core.execute(sql.HOLD, {"number": number})
