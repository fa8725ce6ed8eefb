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
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from miexchange.events import Accept
    from miexchange.exchange import Exchange
    from miexchange.ledger._session import Session
    from miexchange.programme import Limit

__all__ = ["Begun", "begun", "grant", "is_reached", "keep", "keep_all", "those"]


def those(event: Accept, limit: Limit) -> Sequence[str]:
    """Return whose exchanges a limit counts of an acceptance: an account's, a device's by its tokens, or a tag's."""
    if limit.per == ACCOUNT:
        return (event.coupon.account,)
    if limit.per == DEVICE:
        return event.coupon.device_tokens
    return [value for name, value in event.tags if name == limit.per]


class Begun:
    """When the exchanges began that the limits of some acceptances count.

    What each limit counts by is asked once for all of them. Those that are added since are counted, too.
    """

    def __init__(self, connection: Connection, acceptances: Sequence[Accept], but: Collection[str] = ()) -> None:
        """Ask the database.

        Args:
            connection: a connection, in a transaction.
            acceptances: the acceptances.
            but: the codes of exchanges that are not counted until they are added.
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
        """Return when the exchanges began that each limit of an acceptance counts, the last first."""
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
        """Count an exchange that is begun now."""
        for limit in event.rules.limits:
            for one in those(event, limit):
                self._found.setdefault((limit.per, one), {})[event.coupon.code] = micros(event.at)


def begun(connection: Connection, event: Accept) -> dict[str, list[datetime]]:
    """Return when the exchanges began that each limit of an acceptance counts, the last first."""
    return Begun(connection, [event]).of(event)


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
    _note(session, [event])
    if event.rules.limits and is_reached(event, begun(session.core, event)):
        raise Conflict


def keep_all(session: Session, acceptances: Sequence[Accept]) -> None:
    """Do the same for several, each of which is counted for those after it.

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
    """Tell whether a limit speaks against an acceptance, by when the exchanges began that its limits count."""
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
    for name, value in sorted(held):  # in one order, so that two lists do not wait for each other
        _hold(session, name, value)


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
