"""The checkpoints of a ledger: the moment that one covers, and proofs of inclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange.ledger import _sql as sql
from miexchange.ledger._checkpoint import Checkpoint, Inclusion, leaf
from miexchange.ledger._engine import READ, frozen, translated
from miexchange.ledger._merkle import leaf_of, path_of
from miexchange.ledger._seals import BUCKETS

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from miexchange.ledger._seals import Seals
    from miexchange.ledger._session import Session, Sessions

__all__ = ["inclusion_of", "next_epoch"]


def next_epoch(sessions: Sessions, seals: Seals) -> int:
    """Increment the number of the running count; return the previous one, under which nothing more is written.

    It locks all rows of the count, so everything written under the previous number is committed.
    """

    def next_one(session: Session, _: int) -> int:
        session.hold(set(range(BUCKETS)))
        held = [session.tally(bucket) for bucket in range(BUCKETS)]
        for tally in held:
            seals.check(tally)
            tally.epoch += 1
        session.core.execute(sql.COUNT, [seals.counted(tally) for tally in held])
        return held[0].epoch - 1

    return sessions.settled(next_one)


def inclusion_of(engine: Engine, code: str, checkpoint: Checkpoint) -> Inclusion | None:
    """Return the proof that a coupon was in the ledger at a checkpoint; None if it was not."""
    found: tuple[int, int, str] | None = None
    leaves: list[bytes] = []
    with translated(READ), frozen(engine).connect() as connection:
        rows = connection.execute(sql.LAST_EVENTS, {"epoch": checkpoint.number})
        for row in sorted(rows, key=lambda one: str(one.code)):
            if row.code == code:
                found = len(leaves), row.version, row.hash
            leaves.append(leaf_of(leaf(row.code, row.version, row.hash)))
    if found is None:
        return None
    index, version, digest = found
    return Inclusion(code, version, digest, index, tuple(one.hex() for one in path_of(leaves, index)))
