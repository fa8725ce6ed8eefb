"""A checkpoint: two Merkle roots over a ledger's content at one moment, signed. It is kept elsewhere.

Everything here is checked without a database and without a secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from miexchange._arguments import instance, takes
from miexchange._bounded import Chars, Count, Id, Number
from miexchange._limits import NAME
from miexchange._text import text_of
from miexchange._value import Value, canonical
from miexchange.ledger._merkle import is_included

__all__ = ["Checkpoint", "Inclusion", "leaf", "public_key_of", "signed"]

_Bytes = Annotated[str, Chars(2, NAME, "(?:[0-9a-f]{2})+", "hex digits")]
_SIGNED = b"miexchange checkpoint\x00"


@dataclass(frozen=True, slots=True)
class Checkpoint(Value):
    """The content of a ledger at one moment, signed with a key that is derived from the ledger's root.

    Attributes:
        number: the number of the checkpoint in its ledger, from 1.
        at: the instant at which it was taken, UTC.
        exchanges: the number of exchanges.
        events: the number of events.
        answers: the number of final answers.
        root: the Merkle root over the last event of each exchange.
        answers_root: the Merkle root over the final answers.
        public_key: the key that verifies the signature, as hex digits; it also identifies the ledger.
        signature: the Ed25519 signature over all the other fields, as hex digits.
    """

    number: Number
    at: datetime
    exchanges: Count
    events: Count
    answers: Count
    root: _Bytes
    answers_root: _Bytes
    public_key: _Bytes
    signature: _Bytes

    def is_signed_by(self, public_key: str) -> bool:
        """Tell whether the ledger with this public key signed the checkpoint.

        Args:
            public_key: the ledger's public key, from a trusted source: the first checkpoint, for example.
        """
        if text_of(public_key) != self.public_key:
            return False
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), _content(self))
        except (InvalidSignature, ValueError):
            return False
        return True


def _content(checkpoint: Checkpoint) -> bytes:
    data = checkpoint.to_dict()
    del data["signature"]
    return _SIGNED + canonical(data).encode()


def public_key_of(signing_key: bytes) -> str:
    """Return the public key of a ledger's signing key, as hex digits."""
    return Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw().hex()


def signed(checkpoint: Checkpoint, signing_key: bytes) -> Checkpoint:
    """Return the checkpoint with its signature."""
    signature = Ed25519PrivateKey.from_private_bytes(signing_key).sign(_content(checkpoint))
    return checkpoint.replace(signature=signature.hex())


def leaf(code: str, version: int, digest: str) -> bytes:
    """Return the leaf of an exchange: its code, and number and hash of its last event."""
    return json.dumps([code, version, digest]).encode()


@dataclass(frozen=True, slots=True)
class Inclusion(Value):
    """The proof that a coupon's history, up to an event, was in the ledger when a checkpoint was taken.

    Attributes:
        code: the coupon's code.
        version: the number of its last event then.
        hash: the hash of that event.
        index: the index of the coupon among all.
        path: the sibling hashes from the leaf to the root, as hex digits.
    """

    code: Id
    version: Number
    hash: Id
    index: Count
    path: tuple[_Bytes, ...]

    @takes(checkpoint=instance(Checkpoint))
    def is_in(self, checkpoint: Checkpoint, public_key: str) -> bool:
        """Tell whether the proof is valid; this needs neither a database nor a secret.

        Args:
            checkpoint: the checkpoint for which it was made.
            public_key: as in `Checkpoint.is_signed_by`.
        """
        content, path = leaf(self.code, self.version, self.hash), [bytes.fromhex(beside) for beside in self.path]
        fits = is_included(content, self.index, checkpoint.exchanges, path, bytes.fromhex(checkpoint.root))
        return fits and checkpoint.is_signed_by(public_key)
