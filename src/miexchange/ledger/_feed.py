"""The feed: every event of a ledger once, in commit order, as an outbox for other systems.

A PostgreSQL sequence does not follow the order of commits: a lower number may be committed later, and a reader that
has passed it would never see it. So readers assign positions, after the commit. A transition inserts its event into a
queue, in its own transaction; a reader moves the committed events from the queue to the next positions, while it locks
the feed's row of the running count. Writers and readers do not block each other. An event that is not committed yet
gets a later position; one that is rolled back never appears.

A transition takes its number in the queue after it has the locks of its row, account, device or order. So the events
of an exchange keep their order, an event that began after the commit of another follows it, and an event that had to
wait for an account, a device or an order to become free follows the event that freed it.

A position contains a hash of its event. So a reader notices when the database was restored to an older state and its
last positions now hold other events. All positions are counted and sealed with the ledger's key, as events are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from sqlalchemy import bindparam, delete, insert, select

from miexchange._arguments import Rule
from miexchange._bounded import Chars, Line, Number
from miexchange._limits import EVENT_BYTES
from miexchange._text import text_of
from miexchange._time import from_micros
from miexchange._value import Value
from miexchange.errors import InvalidValue
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import PLACE, PREPARE, READ, reading, translated, writing
from miexchange.ledger._errors import LedgerError, UnreadableError
from miexchange.ledger._observing import LOG
from miexchange.ledger._rows import Entry, entry_of
from miexchange.ledger._schema import events, feed, feed_queue, tallies
from miexchange.ledger._seals import FEED, Seals

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from miexchange.ledger._session import Sessions

__all__ = ["AT_ONCE", "POSITION", "FeedEvent", "Unread", "begin", "page", "place"]

AT_ONCE = 1_000
"""The events that get positions in one transaction; on SQLite, writers wait for it."""

_MARK = 16
POSITION = Rule(
    lambda value: re.fullmatch("([1-9][0-9]{0,17}-[0-9a-f]{16})?", text_of(value) or f"{value}") is not None,
    'give "", to begin, or the position of an event as the ledger gave it',
    text_of,
)
"""The grammar of a position."""


@dataclass(frozen=True, slots=True)
class Unread(Value):
    """An event that this version cannot read: a newer one wrote it, or its row is damaged.

    It keeps its place in the feed, so that readers can go on with the events after it.

    Attributes:
        version: its number in the history of its exchange, from 1.
        kind: its kind, according to its row.
        at: its instant, according to its row, UTC.
        body: its JSON, unparsed.
        request: the idempotency key of the request that made it; None for a sweep.
        hash: its keyed hash.
        why: why it cannot be read, and what to do.
    """

    version: Number
    kind: Line
    at: datetime
    body: Annotated[str, Chars(0, EVENT_BYTES)]
    request: Line | None
    hash: Line
    why: Line

    @property
    def event(self) -> Unread:
        """The event as far as it is known: its kind and its instant, as in `Entry`."""
        return self


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event in the feed.

    Attributes:
        position: its position, to pass to `Ledger.events` as `after`; it also identifies the event.
        number: the position as a number: events are numbered from 1, without gaps.
        code: the coupon's code.
        entry: the event, as in `Ledger.history`; `Unread` if this version cannot read it.
    """

    position: str
    number: int
    code: str
    entry: Entry | Unread


def _place(number: int, digest: str) -> str:
    return f"{number}-{digest[:_MARK]}"


_PAGE = (
    select(feed.c.position, events)
    .join(events, (events.c.code == feed.c.code) & (events.c.version == feed.c.version))
    .where(feed.c.position >= bindparam("number"))
    .order_by(feed.c.position)
    .limit(bindparam("most"))
)
_QUEUED = select(feed_queue).order_by(feed_queue.c.id).limit(AT_ONCE)
_IS_QUEUED = select(feed_queue.c.id).limit(1)
_TAKE = delete(feed_queue).where(feed_queue.c.id.in_(bindparam("ids", expanding=True)))
_GIVE = insert(feed)


def page(engine: Engine, after: str, most: int) -> list[FeedEvent]:
    """Return the next events that have a position.

    Raises:
        LedgerError: `after` now holds another event.
    """
    number = int(after.partition("-")[0] or 0)
    with translated(READ), reading(engine).connect() as connection:
        rows = list(connection.execute(_PAGE, {"number": number, "most": most + bool(number)}))
    if number:
        if not rows or _place(rows[0].position, rows[0].hash) != after:
            what = f"The event at position {number} is another one, or gone"
            remedy = "If the ledger was put back to an older state, begin at an earlier position"
            raise LedgerError(what, f"{remedy}, and drop what is known; if not, run miexchange ledger verify")
        del rows[0]
    return [FeedEvent(_place(row.position, row.hash), row.position, row.code, _entry(row)) for row in rows]


def _entry(row: Any) -> Entry | Unread:  # noqa: ANN401 - a row of `_PAGE`
    try:
        return entry_of(row)
    except UnreadableError as error:
        try:
            return Unread(row.version, row.kind, from_micros(row.at_us), row.body, row.request, row.hash, f"{error}")
        except InvalidValue:  # SQLite stores a value of any type in any column
            raise error from None


def place(sessions: Sessions, engine: Engine, seals: Seals) -> None:
    """Assign positions to the first events in the queue, if there are any.

    Raises:
        LedgerError: the feed was not begun, or its row of the running count was changed.
    """
    with translated(READ), reading(engine).connect() as connection:
        if connection.execute(_IS_QUEUED).first() is None:
            return
    with sessions.transaction(PLACE) as session:
        tally = session.tally(FEED)
        seals.check(tally)
        queued = session.core.execute(_QUEUED).all()
        placed = []
        for row in queued:
            seals.add_position(tally, tally.events + 1, row.code, row.version)
            placed.append({"position": tally.events, "code": row.code, "version": row.version})
        if placed:
            session.core.execute(_GIVE, placed)
            session.core.execute(_TAKE, {"ids": [row.id for row in queued]})
            session.core.execute(sql.COUNT, seals.counted(tally))
    LOG.debug("%d events got their positions", len(placed))


def begin(engine: Engine, seals: Seals) -> None:
    """Begin the feed of a ledger that an older version made.

    Raises:
        LedgerError: it was begun, and its row of the running count is gone.
    """
    with writing(engine, PREPARE) as connection:
        if connection.execute(select(tallies.c.bucket).where(tallies.c.bucket == FEED)).first() is not None:
            return
        if connection.execute(select(feed.c.position).limit(1)).first() is not None:
            what = f"Events have positions in the feed, and row {FEED} of the ledger's running count is missing"
            raise LedgerError(what, "Restore it from a backup")
        first = seals.first(FEED)
        connection.execute(insert(tallies), {column.name: getattr(first, column.name) for column in tallies.c})
