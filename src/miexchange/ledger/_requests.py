"""One call of a verb: what is asked, by whom, under which key; and the refusals that need no exchange."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from miexchange._text import ID_RULE, is_id
from miexchange._value import require
from miexchange.coupon import normal_code
from miexchange.refusal import Reason, ReasonCode, Refusal

__all__ = [
    "CHANGED",
    "MISTYPED",
    "OTHER_ACCOUNT",
    "TAKEN",
    "UNKNOWN",
    "Request",
    "checked_key",
    "plain_code",
    "refused",
]

_KEPT = 4_096
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a verb.

    Attributes:
        verb: its name.
        key: the caller's idempotency key.
        content: what is asked for, as text; its instant is not part of it, as a retry may have a later one.
        at: the instant.
        code: the coupon's code, where one was given.
        asker: the account that asks; None for the operator, who may see everything. Idempotency keys are of an asker
            and a verb: a customer's key blocks nobody else's.
    """

    verb: str
    key: str
    content: tuple[str, ...]
    at: datetime
    code: str | None = None
    asker: str | None = None


_known_code = lru_cache(_KEPT)(normal_code)


def plain_code(code: str) -> str | None:
    """Return a code as it was issued; the last ones are known, because a coupon is asked for several times in a row."""
    return _known_code(code) if type(code) is str and len(code) <= _LONGEST else None


def checked_key(key: object) -> str:
    """Return an idempotency key that can be kept."""
    require(is_id(key), "idempotency_key", key, f"give {ID_RULE}, the same for every retry")
    return str(key)


def refused(code: ReasonCode, what: str, remedy: str) -> Refusal:
    """Return a refusal with one reason."""
    return Refusal((Reason(code, what, remedy),))


MISTYPED = refused(
    ReasonCode.COUPON_CODE_MISTYPED,
    "The code is mistyped: its last character does not fit the others",
    "Compare it with the coupon, character by character",
)
UNKNOWN = refused(ReasonCode.COUPON_UNKNOWN, "There is no coupon with this code", "Compare the code with the coupon")
OTHER_ACCOUNT = refused(
    ReasonCode.COUPON_OTHER_ACCOUNT,
    "The coupon was given to another account, and it is not transferable",
    "Sign in with the account that it was given to",
)
TAKEN = refused(
    ReasonCode.ORDER_TAKEN,
    "Another coupon is used for this order",
    "Place another order: one coupon is used for each",
)
CHANGED = refused(
    ReasonCode.REQUEST_CHANGED,
    "The idempotency key was used before, for another request",
    "Choose a new key for a new request; repeat the old one with what it was first sent with",
)
