"""The rows of a ledger: how an exchange and its events are stored, chained, and read back."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miexchange._limits import EVENT_BYTES
from miexchange._steps import added_by
from miexchange._time import micros
from miexchange._value import packed, require
from miexchange.errors import InvalidValue, out_of_range
from miexchange.events import EVENTS, Event
from miexchange.exchange import State
from miexchange.ledger._errors import unreadable

if TYPE_CHECKING:
    from miexchange.exchange import Exchange
    from miexchange.ledger._seals import Seals

__all__ = [
    "Entry",
    "asker_of",
    "bought_us",
    "entry_of",
    "key_id",
    "row_of",
    "row_of_event",
    "row_of_override",
]

_OF_CUSTOMERS = {"accept", "reserve", "agree", "decline"}
_HELD = {State.RESERVED, State.INSPECTED, State.REQUOTED, State.COMPLETED, State.ADJUSTED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the ledger.

    Attributes:
        version: its number in the history of its exchange, from 1.
        event: what happened.
        request: the idempotency key of the request that made it; None for a sweep.
        hash: the keyed hash of this entry and of the hash before it.
    """

    version: int
    event: Event
    request: str | None
    hash: str


def key_id(key: bytes) -> str:
    """Return the key's id: a keyed hash that does not reveal it."""
    return hmac.digest(key, b"miexchange key id", "sha256").hex()[:16]


def row_of(exchange: Exchange, key_of_code: str, head: str) -> dict[str, Any]:
    """Return an exchange as its row in the table ``exchanges``."""
    due = exchange.due
    order = None if exchange.order is None else exchange.order.id
    is_held = exchange.state in _HELD
    return {
        "code": exchange.code,
        "account": exchange.account,
        "state": exchange.state.value,
        "version": exchange.version,
        "order_id": order if is_held else None,
        "due_us": None if due is None else micros(due),
        "at_us": micros(exchange.at),
        "value_minor": exchange.coupon.value,
        "currency": exchange.coupon.currency.code,
        "key_id": key_of_code,
        "head": head,
        "programme": exchange.quote.programme,
        "began_us": micros(exchange.accepted_at or exchange.coupon.valid_from),
        "past_order": None if is_held else order,
    }


def row_of_override(exchange: Exchange) -> dict[str, Any]:
    """Return the override of an exchange, its last event, as its row in the table ``overrides``."""
    override = exchange.override
    assert override is not None  # noqa: S101 - as the docstring says
    return {
        "code": exchange.code,
        "version": exchange.version,
        "role": override.role,
        "person": override.person,
        "currency": exchange.coupon.currency.code,
        "more_minor": added_by(exchange, override.exchange_value),
        "at_us": micros(override.at),
    }


def asker_of(verb: str, account: str) -> str:
    """Return the asker of a verb as stored in the table ``answers``: the account, or an empty text for the operator."""
    return account if verb in _OF_CUSTOMERS else ""


def bought_us(exchange: Exchange) -> int | None:
    """Return the instant at which this exchange bought the device; None if it did not, and while it is open."""
    at = None if exchange.is_open else exchange.bought_at
    return None if at is None else micros(at)


def row_of_event(
    seals: Seals,
    code: str,
    version: int,
    event: Event,
    key_of_code: str,
    request: str | None,
    previous: str,
    epoch: int,
    *,
    body: str | None = None,
) -> dict[str, Any]:
    """Return an event as its row in the table ``events``, chained to the one before it; `body` is its JSON, if known.

    Raises:
        InvalidValue: the event is too large for a ledger.
    """
    body = packed(event) if body is None else body
    fits = len(body) <= EVENT_BYTES // 4 or len(body.encode()) <= EVENT_BYTES  # a character has up to 4 bytes in UTF-8
    rule = f"give one of at most {EVENT_BYTES:,} bytes as JSON"
    require(fits, f"{type(event).__name__}", event, rule, f"has more than {EVENT_BYTES:,} bytes as JSON")
    row = {
        "code": code,
        "version": version,
        "kind": event.kind,
        "at_us": micros(event.at),
        "body": body,
        "key_id": key_of_code,
        "request": request,
        "epoch": epoch,
    }
    return {**row, "hash": seals.chained(previous, row)}


def entry_of(row: Any) -> Entry:  # noqa: ANN401 - a row of the table ``events``
    """Read an event back.

    Raises:
        UnreadableError: the row is not a valid event of its kind.
    """
    kind = EVENTS.get(row.kind)
    try:
        if kind is None:
            raise out_of_range("events.kind", row.kind, f"give one of: {', '.join(EVENTS)}")
        return Entry(row.version, kind.from_json(row.body), row.request, row.hash)
    except InvalidValue as error:
        raise unreadable(error) from error
