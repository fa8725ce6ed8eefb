"""The keyed hashes of a ledger: the chains of its events, the seals of its answers, and the running count of both.

All keys are derived from the ledger's root, each for one use. The running count has 256 rows, so that writers seldom
wait for one another. Each row holds the number of its events and answers, and the sum of their keyed hashes modulo
2**256: an incremental hash of a set, to which members can be added and removed one by one. Each row is sealed, so
that the count can be made to match added, changed or removed events only with the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miexchange.ledger._errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BUCKETS", "FEED", "FIRST_EPOCH", "FORGOTTEN", "Seals", "Tally", "bucket_of", "chained_as_in_0001"]

BUCKETS = 256
FEED = BUCKETS
"""The row of the running count after those: the number of events with a position in the feed, and their sum."""
FORGOTTEN = "forgotten"
"""The key under which rows of the table ``forgotten`` are counted."""
FIRST_EPOCH = 1
_MODULUS = 2**256
_OF_EVENT = ("code", "version", "kind", "at_us", "body", "key_id", "request", "epoch")
_OF_ANSWER = (
    "asker",
    "verb",
    "request",
    "fingerprint",
    "at_us",
    "code",
    "version",
    "refusal",
    "is_public",
    "is_final",
    "epoch",
)
_OF_FORGOTTEN = ("removed_in", "made_in", "answers", "before_us")
_OF_KEY = ("key_id", "number", "wrapped")


def bucket_of(name: str) -> int:
    """Return the row of the running count to which a coupon's code belongs, or a request that has none."""
    return hashlib.sha256(name.encode(errors="surrogatepass")).digest()[0]


@dataclass(slots=True)
class Tally:
    """One row of the running count, while a transaction holds it.

    Attributes:
        bucket: its number.
        events: the number of events.
        answers: the number of answers.
        sum: the sum of their keyed hashes.
        epoch: the number of the next checkpoint.
        seal: its seal as it is stored.
        is_checked: whether its seal was verified.
    """

    bucket: int
    events: int
    answers: int
    sum: str
    epoch: int
    seal: str
    is_checked: bool = False


class Seals:
    """The hashes that need the ledger's root."""

    __slots__ = ("_answers", "_chain", "_keys", "_members", "_tallies", "signing_key")

    def __init__(self, root: bytes) -> None:
        """Derive a key for each use."""
        *keys, self.signing_key = (
            hmac.digest(root, f"miexchange {use}".encode(), "sha256")
            for use in ("chain", "answer", "key row", "member", "tally", "checkpoint")
        )
        # Each is copied for every hash: to take the key in takes longer than most of what is hashed.
        self._chain, self._answers, self._keys, self._members, self._tallies = (
            hmac.new(key, digestmod="sha256") for key in keys
        )

    def chained(self, previous: str, row: Mapping[Any, Any]) -> str:
        """Return the hash of an event's row: over all its columns and the hash before it."""
        return _digest(self._chain, [previous, *(row[name] for name in _OF_EVENT)])

    def sealed(self, row: Mapping[Any, Any]) -> str:
        """Return the seal of an answer's row."""
        return _digest(self._answers, [row[name] for name in _OF_ANSWER])

    def add_event(self, tally: Tally, digest: str) -> None:
        """Count an event."""
        tally.events += 1
        self._add(tally, "event", digest)

    def add_answer(self, tally: Tally, seal: str, times: int = 1) -> None:
        """Count an answer; `times` is -1 to remove it."""
        tally.answers += times
        self._add(tally, "answer", seal, times)

    def add_key(self, tally: Tally, row: Mapping[Any, Any], times: int = 1) -> None:
        """Count a row of the table ``secret_keys``; `times` is -1 to remove it."""
        self._add(tally, "key", _digest(self._keys, [row[name] for name in _OF_KEY]), times)

    def add_programme(self, tally: Tally, row: Mapping[Any, Any], times: int = 1) -> None:
        """Count a row of the table ``programmes``, with the exchange that it came with."""
        self._add(tally, "programme", f"{row['digest']} {row['code']}", times)

    def add_forgotten(self, tally: Tally, row: Mapping[Any, Any], times: int = 1) -> None:
        """Count a row of the table ``forgotten``; `times` is -1 to remove it."""
        self._add(tally, "forgotten", " ".join(str(row[name]) for name in _OF_FORGOTTEN), times)

    def add_position(self, tally: Tally, position: int, code: str, version: int) -> None:
        """Count an event that got its position in the feed."""
        tally.events += 1
        self._add(tally, "position", f"{position} {code} {version}")

    def _add(self, tally: Tally, kind: str, digest: str, times: int = 1) -> None:
        member = int(_hashed(self._members, f"{kind} {digest}"), 16)
        tally.sum = f"{(int(tally.sum, 16) + times * member) % _MODULUS:064x}"

    def seal_of(self, tally: Tally) -> str:
        """Return the seal of a row of the running count."""
        return _digest(self._tallies, [tally.bucket, tally.events, tally.answers, tally.sum, tally.epoch])

    def check(self, tally: Tally) -> None:
        """Verify the seal of a row of the running count, once.

        Raises:
            LedgerError: it was changed without the key.
        """
        if tally.is_checked:
            return
        if not hmac.compare_digest(self.seal_of(tally), tally.seal):
            what = f"The running count of the ledger was changed in row {tally.bucket}"
            raise LedgerError(what, "Run miexchange ledger verify, and do not write to the ledger before it is clean")
        tally.is_checked = True

    def counted(self, tally: Tally) -> dict[str, object]:
        """Return a row of the running count as the values of `miexchange.ledger._sql.COUNT`, sealed anew."""
        return {
            "tally_bucket": tally.bucket,
            "tally_events": tally.events,
            "tally_answers": tally.answers,
            "tally_sum": tally.sum,
            "tally_epoch": tally.epoch,
            "tally_seal": self.seal_of(tally),
        }

    def first(self, bucket: int) -> Tally:
        """Return a row of the running count of an empty ledger."""
        tally = Tally(bucket, 0, 0, "0" * 64, FIRST_EPOCH, "")
        tally.seal = self.seal_of(tally)
        return tally


def _digest(keyed: hmac.HMAC, content: list[Any]) -> str:
    return _hashed(keyed, json.dumps(content))


def _hashed(keyed: hmac.HMAC, text: str) -> str:
    one = keyed.copy()
    one.update(text.encode())
    return one.hexdigest()


def chained_as_in_0001(previous: str, row: Mapping[Any, Any]) -> str:
    """Return the hash of an event's row as in version 0001, without a key."""
    told = [previous, *(row[name] for name in _OF_EVENT if name != "epoch")]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
