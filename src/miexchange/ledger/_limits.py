"""Limits over a rolling window: the number of new exchanges, and the amount that people add by overrides.

Usage is read within the transaction, after every competing transaction has committed. An acceptance looks before it
writes, too: one that is over a limit would otherwise write its rows and take them back, and make others wait for that.
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
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from miexchange.events import Accept
    from miexchange.exchange import Exchange
    from miexchange.ledger._session import Session
    from miexchange.programme import Limit

__all__ = ["Begun", "begun", "grant", "is_open", "is_reached", "keep", "keep_all", "those"]


def those(event: Accept, limit: Limit) -> Sequence[str]:
    """Return the account, the device's tokens, or the tag's value that a limit counts an acceptance by."""
    if limit.per == ACCOUNT:
        return (event.coupon.account,)
    if limit.per == DEVICE:
        return event.coupon.device_tokens
    return [value for name, value in event.tags if name == limit.per]


class Begun:
    """The begin of the exchanges that the limits of several acceptances count, read with one query per kind of limit.

    Acceptances that are added later count too.
    """

    def __init__(self, connection: Connection, acceptances: Sequence[Accept], but: Collection[str] = ()) -> None:
        """Read from the database.

        Args:
            connection: a connection, in a transaction.
            acceptances: the acceptances.
            but: codes of exchanges that do not count until they are added.
        """
        self._found: dict[tuple[str, str], dict[str, int]] = {}
        asked: dict[str, list[tuple[Accept, Limit]]] = {}
        for event in acceptances:
            for limit in event.rules.limits:
                asked.setdefault(limit.per, []).append((event, limit))
        for per, wanted in sorted(asked.items()):
            values = {
                "name": per,
                "those": sorted({one for event, limit in wanted for one in those(event, limit)}),
                "since": min(micros(event.at - limit.window) for event, limit in wanted),
                "most": max(limit.most for _, limit in wanted) + len(acceptances),  # their own codes may be among them
            }
            for row in connection.execute(sql.BEGUN.get(per, sql.BEGUN_OF_TAG), values):
                if row.code not in but:
                    self._found.setdefault((per, row.whose), {})[row.code] = row.began_us

    def of(self, event: Accept) -> dict[str, list[datetime]]:
        """Return, for each limit of an acceptance, the begin of the exchanges that count, latest first."""
        found = {}
        for limit in event.rules.limits:
            since, counted = micros(event.at - limit.window), dict[str, int]()
            for one in those(event, limit):
                counted |= self._found.get((limit.per, one), {})
            counted.pop(event.coupon.code, None)
            times = sorted((us for us in counted.values() if us > since), reverse=True)
            found[limit.id] = [from_micros(us) for us in times[: limit.most]]
        return found

    def add(self, event: Accept) -> None:
        """Count a new exchange, for whatever limits others have."""
        coupon, tokens = event.coupon, [(DEVICE, token) for token in event.coupon.device_tokens]
        tags = [(name, value) for name, value in event.tags if name not in {ACCOUNT, DEVICE}]
        for counted in ((ACCOUNT, coupon.account), *tokens, *tags):
            self._found.setdefault(counted, {})[coupon.code] = micros(event.at)


def begun(connection: Connection, event: Accept) -> dict[str, list[datetime]]:
    """Return, for each limit of an acceptance, the begin of the exchanges that count, latest first."""
    return Begun(connection, [event]).of(event)


def is_open(connection: Connection, event: Accept) -> bool:
    """Return whether no limit of an acceptance is reached yet."""
    return not event.rules.limits or not is_reached(event, begun(connection, event))


def keep(session: Session, event: Accept) -> None:
    """Store the tags of a new exchange, and check its limits again where others may write meanwhile.

    Two acceptances of one account or device are serialised by the unique indexes of open exchanges. Those that share
    only a tag are serialised here, because a server lets several transactions write at once.

    Args:
        session: a session in a transaction, in which the exchange was added.
        event: the acceptance.

    Raises:
        Conflict: another transaction has used up the limit.
    """
    _note(session, [event])
    if _is_shared(session) and not is_open(session.core, event):
        raise Conflict


def keep_all(session: Session, acceptances: Sequence[Accept]) -> None:
    """Store the tags of several new exchanges, and check their limits again, each with those before it.

    Raises:
        Conflict: as of `keep`.
    """
    _note(session, acceptances)
    counted = Begun(session.core, acceptances, but={event.coupon.code for event in acceptances})
    for event in acceptances:
        if is_reached(event, counted.of(event)):
            raise Conflict
        counted.add(event)


def is_reached(event: Accept, found: Mapping[str, Sequence[datetime]]) -> bool:
    """Return whether an acceptance reaches a limit, given the begin of the exchanges that count."""
    return any(reached(event.rules.limits, event.at, dict(event.tags), found))


def _note(session: Session, acceptances: Sequence[Accept]) -> None:
    rows: list[dict[str, object]] = []
    held: set[tuple[str, str]] = set()
    for event in acceptances:
        row = {"code": event.coupon.code, "began_us": micros(event.at)}
        rows += [{**row, "name": name, "value": value} for name, value in event.tags]
        counted = {limit.per for limit in event.rules.limits}
        held |= {(name, value) for name, value in event.tags if name in counted}
    if rows:
        session.core.execute(sql.ADD_TAGS, rows)
    for name, value in sorted(held):  # always in this order, so that two lists cannot deadlock
        _hold(session, name, value)


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


def _is_shared(session: Session) -> bool:
    """Return whether the database lets several transactions write at once; SQLite has a single writer."""
    return session.core.dialect.name == "postgresql"


def _hold(session: Session, *whose: str) -> None:
    """Take an advisory lock on what a limit counts by, on a server that lets several transactions write at once.

    A collision of hashes only makes two transactions wait for each other.
    """
    if _is_shared(session):
        number = int.from_bytes(hashlib.sha256("\0".join(whose).encode()).digest()[:8], signed=True)
        session.core.execute(sql.HOLD, {"number": number})
