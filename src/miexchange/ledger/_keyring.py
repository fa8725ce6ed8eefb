"""The ledger's secrets, and the operator's keys that decrypt them.

The first key that a ledger is opened with becomes its root: codes, device tokens, hashes and seals are derived from it,
so that a quote has one coupon and a phone one token whatever key the operator uses. Each later key of the operator
has a row with the same secrets, encrypted under it (AES key wrap, RFC 5649). Adding a row needs the secrets of the
last one, so a new key is accepted only together with the previous one, and two servers with different keys cannot
both work.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)
from sqlalchemy import insert, select, text, update

from miexchange.exchange import OPEN
from miexchange.ledger._engine import PREPARE, reading, translated, writing
from miexchange.ledger._errors import LedgerError
from miexchange.ledger._rows import key_id
from miexchange.ledger._schema import events, exchanges, secret_keys
from miexchange.ledger._sealing import count_key, seal_all
from miexchange.ledger._seals import Seals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

__all__ = ["Ring", "take", "unwrapped"]


@dataclass(frozen=True, slots=True)
class Ring:
    """The secrets of a ledger, as decrypted by one key.

    Attributes:
        key_id: the id of the operator's key.
        secrets: the root first; then those that device tokens of an older ledger were made with.
    """

    key_id: str
    secrets: tuple[bytes, ...] = field(repr=False)


def take(engine: Engine, given: Sequence[bytes], *, seals: bool = False) -> Ring:
    """Decrypt the ledger's secrets with the operator's key; store a new key.

    Args:
        engine: the engine of a ledger.
        given: the key in use, then the old ones.
        seals: whether to seal a ledger of version 0001, which has exchanges but no seals.

    Raises:
        LedgerError: the key is new and the previous one is not among the old ones; or the key of an open exchange is
            missing; or there are exchanges without seals.
    """
    with translated(PREPARE), reading(engine).connect() as connection:
        ring = _opened(connection, given)
    if ring is not None:
        return ring
    with writing(engine, PREPARE) as connection:
        if engine.dialect.name == "postgresql":  # SQLite's transaction holds the whole file already
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('miexchange keys'))"))
        return _opened(connection, given) or _added(connection, given, seals=seals)


def _opened(connection: Connection, given: Sequence[bytes]) -> Ring | None:
    """Return the secrets, if the key in use is known."""
    ids = [key_id(one) for one in given]
    rows = {row.key_id: row for row in connection.execute(select(secret_keys).order_by(secret_keys.c.number))}
    for missing in sorted(rows.keys() - set(ids)):
        is_open = exchanges.c.state.in_([state.value for state in OPEN])
        query = select(exchanges.c.code).where(exchanges.c.key_id == missing, is_open).limit(1)
        if connection.execute(query).first() is not None:
            what = f"Exchanges are open that began under the key {missing}, and it was not given"
            raise LedgerError(what, "Give it in old_keys, until they have ended")
    row = rows.get(ids[0])
    return None if row is None or row.wrapped is None else Ring(ids[0], unwrapped(given[0], row))


def _added(connection: Connection, given: Sequence[bytes], *, seals: bool) -> Ring:
    """Store the key in use: the first one as the root, a later one only together with the previous one."""
    by_id = {key_id(one): one for one in reversed(given)}
    ours = key_id(given[0])
    rows = connection.execute(select(secret_keys).order_by(secret_keys.c.number)).all()
    if rows and rows[-1].key_id not in by_id:
        what = f"The key {ours} is new to this ledger, and the last one, {rows[-1].key_id}, was not given"
        raise LedgerError(what, "Give the last one in old_keys, beside the new one")
    if ours in {row.key_id for row in rows[:-1]}:  # a key of version 0001 that was not given when the ledger was sealed
        what = f"The key {ours} was replaced by the key {rows[-1].key_id}"
        raise LedgerError(what, f"Give {rows[-1].key_id} as the key")
    if not rows or rows[-1].wrapped is None:
        known = [by_id[row.key_id] for row in rows if row.key_id in by_id]
        secrets = tuple(dict.fromkeys((*known, *given)))
    else:
        secrets = unwrapped(by_id[rows[-1].key_id], rows[-1])
    is_first = not rows or rows[-1].wrapped is None
    if is_first and not seals and connection.execute(select(events.c.code).limit(1)).first() is not None:
        # An attacker with write access could imitate version 0001, to have a forged history sealed.
        what = "The ledger has exchanges, and no seals: version 0001 left it so, or somebody took them away"
        remedy = (
            "If it was just migrated from 0001, run miexchange ledger migrate with its key; if not, restore a backup"
        )
        raise LedgerError(what, remedy)
    for row in rows:
        if row.wrapped is None and row.key_id in by_id:
            wrapped = _wrapped(by_id[row.key_id], row.key_id, row.number, secrets)
            connection.execute(update(secret_keys).where(secret_keys.c.key_id == row.key_id).values(wrapped=wrapped))
    added = None
    if ours not in {row.key_id for row in rows}:
        number = rows[-1].number + 1 if rows else 1
        added = {"key_id": ours, "number": number, "wrapped": _wrapped(given[0], ours, number, secrets)}
        connection.execute(insert(secret_keys), added)
    if is_first:
        seal_all(connection, Seals(secrets[0]))
    elif added is not None:
        count_key(connection, Seals(secrets[0]), added)
    return Ring(ours, secrets)


def _wrapping_key(key: bytes) -> bytes:
    return hmac.digest(key, b"miexchange wrap", "sha256")


def _wrapped(key: bytes, of_key: str, number: int, secrets: Sequence[bytes]) -> str:
    """Encrypt the secrets under a key, together with the row's other columns, so that these cannot be changed."""
    content = json.dumps([of_key, number, [secret.hex() for secret in secrets]]).encode()
    return aes_key_wrap_with_padding(_wrapping_key(key), content).hex()


def unwrapped(key: bytes, row: Any) -> tuple[bytes, ...]:  # noqa: ANN401 - a row of the table ``secret_keys``
    """Decrypt the secrets of a row."""
    try:
        content = aes_key_unwrap_with_padding(_wrapping_key(key), bytes.fromhex(row.wrapped))
        of_key, number, secrets = json.loads(content)
    except (InvalidUnwrap, ValueError, TypeError):
        of_key, number, secrets = "", 0, ()
    if (of_key, number) != (row.key_id, row.number):
        what = f"The ledger's secrets under the key {row.key_id} were changed"
        raise LedgerError(what, "Restore the table secret_keys from a backup")
    return tuple(map(bytes.fromhex, secrets))
