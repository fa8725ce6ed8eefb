"""The proof that a ledger is whole: every chain, every fold, every row."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from miexchange._value import Value
from miexchange.errors import MiExchangeError
from miexchange.exchange import fold
from miexchange.ledger._engine import READ, frozen, translated
from miexchange.ledger._rows import chained, entry_of, micros, row_of
from miexchange.ledger._schema import answers, device_tokens, events, exchanges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from miexchange.ledger._ledger import Ledger

__all__ = ["Verification", "verify"]

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Verification(Value):
    """What `verify` found. It is truthy where the ledger is whole.

    Attributes:
        exchanges: how many exchanges were read.
        events: how many events were read.
        faults: everything that is wrong, as sentences that name the coupon's code.
    """

    exchanges: int
    events: int
    faults: tuple[str, ...]

    def __bool__(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.faults


def verify(ledger: Ledger) -> Verification:
    """Read the whole ledger and prove that it is consistent.

    The events of each exchange form a chain of hashes that nobody broke; their fold is what the exchange's row says,
    column by column; its device tokens are those of its coupon; and every answer that was given has its event.

    Args:
        ledger: the ledger; others may write to it meanwhile.
    """
    faults: list[str] = []
    counts = [0, 0]
    with translated(READ), frozen(ledger.engine).connect() as connection:
        faults += _faults_of_exchanges(connection, counts)
        faults += _orphans(connection)
    return Verification(counts[0], counts[1], tuple(faults))


def _faults_of_exchanges(connection: Connection, counts: list[int]) -> Iterator[str]:
    last = ""
    while True:
        page = select(exchanges).where(exchanges.c.code > last).order_by(exchanges.c.code).limit(_AT_ONCE)
        rows = connection.execute(page).all()
        if not rows:
            return
        codes = [row.code for row in rows]
        told = _by_code(connection, events, codes, "version")
        tokens = _by_code(connection, device_tokens, codes, "token")
        for row in rows:
            counts[0] += 1
            counts[1] += len(told.get(row.code, ()))
            for fault in _faults_of(row, told.get(row.code, []), tokens.get(row.code, [])):
                yield f"{row.code}: {fault}"
        last = codes[-1]


def _by_code(connection: Connection, table: Any, codes: list[str], order: str) -> dict[str, list[Any]]:  # noqa: ANN401 - a Table
    query = select(table).where(table.c.code.in_(codes)).order_by(table.c.code, table.c[order])
    rows = connection.execute(query).all()
    return {code: list(group) for code, group in groupby(rows, key=lambda row: str(row.code))}


def _faults_of(row: Any, told: list[Any], tokens: list[Any]) -> Iterator[str]:  # noqa: ANN401 - rows
    head, entries = "", []
    for number, one in enumerate(told, start=1):
        if one.version != number:
            yield f"event {number} is missing"
            return
        head = chained(head, one._mapping)  # noqa: SLF001 - a row as a mapping is SQLAlchemy's public API
        if head != one.hash:
            yield f"event {number} was changed: its hash is {one.hash[:12]}, and should be {head[:12]}"
            return
        try:
            entries.append(entry_of(one))
        except MiExchangeError as error:
            yield f"event {number} cannot be read: {error}"
            return
        if (one.kind, one.at_us) != (entries[-1].event.kind, micros(entries[-1].event.at)):
            yield f"event {number} says another kind or instant than its columns"
    try:
        exchange = fold(entry.event for entry in entries)
    except MiExchangeError as error:
        yield f"its events make no history: {error}"
        return
    should = row_of(exchange, told[0].key_id, head)
    for name, value in should.items():
        if getattr(row, name) != value:
            yield f"its row says {name} {getattr(row, name)}, and its events say {value}"
    expected = {(token, exchange.is_open) for token in exchange.coupon.device_tokens}
    if {(token.token, token.is_open) for token in tokens} != expected:
        yield "its device tokens are not those of its coupon"


def _orphans(connection: Connection) -> Iterator[str]:
    """Find rows that belong to no exchange, and answers without their event."""
    for table in (events, device_tokens):
        missing = ~select(exchanges.c.code).where(exchanges.c.code == table.c.code).exists()
        for code in connection.scalars(select(table.c.code).where(missing).distinct()):
            yield f"{code}: its row is missing, and rows of {table.name} are there"
    event = select(events.c.code).where(events.c.code == answers.c.code, events.c.version == answers.c.version)
    for row in connection.execute(select(answers).where(answers.c.version.is_not(None), ~event.exists())):
        yield f"{row.code}: the request {row.request!r} was answered with event {row.version}, which is missing"
    request = select(answers.c.code).where(answers.c.request == events.c.request, answers.c.code == events.c.code)
    unanswered = select(events.c.code, func.min(events.c.version)).where(
        events.c.request.is_not(None), ~request.exists()
    )
    for code, version in connection.execute(unanswered.group_by(events.c.code)):
        yield f"{code}: event {version} was made by a request, and its answer is missing"
