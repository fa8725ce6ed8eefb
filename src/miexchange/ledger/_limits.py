"""Limits over a rolling window: the number of new exchanges, and the amount that people add by overrides.

Usage is read within the transaction, after every competing transaction has committed.
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
    """Yield each limit of an acceptance, with its id, the name, and the account, device or tag that it counts by."""
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
    """Return, for each limit of an acceptance, the begin of the exchanges that count, latest first."""
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
    """Store the tags of a new exchange, and check its limits again.

    Two acceptances of one account or device are serialised by the unique indexes of open exchanges. Those that share
    only a tag are serialised here, because a server lets several transactions write at once.

    Args:
        session: a session in a transaction, in which the exchange was added.
        event: the acceptance.

    Raises:
        Conflict: another transaction has used up the limit.
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
    """Store the amount that an override adds, if the person's authority has that much left in its window.

    Two overrides of one person are serialised here; SQLite has a single writer anyhow.

    Args:
        session: a session in a transaction, which holds the exchange.
        after: the exchange after the override.
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
    """Take an advisory lock on what a limit counts by, on a server that lets several transactions write at once.

    A collision of hashes only makes two transactions wait for each other.
    """
    if session.core.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256("\0".join(whose).encode()).digest()[:8], signed=True)
        session.core.execute(sql.HOLD, {"number": number})
