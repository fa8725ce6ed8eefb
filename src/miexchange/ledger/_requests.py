"""One call of a verb: its content, its caller and its idempotency key; and the refusals that need no exchange."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from miexchange._limits import NAME, REFUSAL_BYTES, TEXT
from miexchange._text import text_of
from miexchange._value import Value, packed
from miexchange.coupon import normal_code
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of, refused

__all__ = [
    "CHANGED",
    "MISTYPED",
    "OTHER_ACCOUNT",
    "TAKEN",
    "UNKNOWN",
    "Content",
    "Request",
    "bounded",
    "plain_code",
]

_KEPT = 4_096
Content = tuple[str | Value, ...]
"""The content of a request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a verb.

    Attributes:
        verb: its name.
        key: the caller's idempotency key.
        content: the arguments, as texts and values; the instant is not part of it, because a retry may have a later
            one.
        at: the instant.
        code: the coupon's code, if one was given.
        asker: the account that asks; None for the operator, who may see everything. Idempotency keys belong to an
            asker and a verb: a customer's key blocks nobody else's.
        older: the content as earlier versions had it, which included the register's answer.
        fingerprint: the fingerprint of the content, under the ledger's root.
    """

    verb: str
    key: str
    content: Content
    at: datetime
    code: str | None = None
    asker: str | None = None
    older: Content = ()
    fingerprint: str = ""


_known_code = lru_cache(_KEPT)(normal_code)


def plain_code(code: object) -> str | None:
    """Return a code as it was issued; the last few are cached, because a coupon is asked for several times in a row."""
    text = text_of(code)
    return _known_code(text) if text is not None and len(text) <= NAME else None


def bounded(refusal: Refusal) -> Refusal:
    """Return a refusal that fits into a ledger: the first reason of each kind, and as many others as there is room for.

    >>> many = Refusal(tuple(Reason(ReasonCode.ORDER_BRAND, "x" * 200, "Add another") for _ in range(2_000)))
    >>> kept = bounded(many)
    >>> len(kept.reasons) < 300, kept.reasons[-1].message
    (True, 'There are 1824 more reasons')
    """
    if sum(_size(reason) for reason in refusal.reasons) <= REFUSAL_BYTES:
        return refusal
    reasons = [_cut(reason) for reason in refusal.reasons]
    sizes = [_size(reason) for reason in reasons]
    first = {reason.code: place for place, reason in reversed(list(enumerate(reasons)))}
    places, left = [], REFUSAL_BYTES
    for place in (*first.values(), *(set(range(len(sizes))) - set(first.values()))):
        if sizes[place] <= left:
            places.append(place)
            left -= sizes[place]
    kept = [reasons[place] for place in sorted(places)]
    more = reason_of(reasons[-1].code, "more", more=len(sizes) - len(kept))
    return Refusal((*kept, more))


def _size(reason: Reason) -> int:
    return len(packed(reason).encode())


def _cut(reason: Reason) -> Reason:
    """Return a reason with its texts cut to a readable length."""
    texts = {name: _shortened(getattr(reason, name)) for name in ("message", "remedy", "subject")}
    values = tuple((name, _shortened(value) if isinstance(value, str) else value) for name, value in reason.values)
    return reason.replace(**texts, values=values)


def _shortened(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"


MISTYPED = refused(ReasonCode.COUPON_CODE_MISTYPED)
UNKNOWN = refused(ReasonCode.COUPON_UNKNOWN)
OTHER_ACCOUNT = refused(ReasonCode.COUPON_OTHER_ACCOUNT)
TAKEN = refused(ReasonCode.ORDER_TAKEN)
CHANGED = refused(ReasonCode.REQUEST_CHANGED)
