"""Keyed hashes: device tokens, coupon codes and seals are all HMAC-SHA-256 (RFC 2104) under the caller's key."""

from __future__ import annotations

from miexchange.errors import InvalidValue

__all__ = ["keyed", "same"]

_KEY_BYTES = 16


def keyed(key: object, use: str, *parts: str) -> bytes:
    """Return the keyed hash of some texts.

    Args:
        key: at least 16 secret bytes.
        use: what the hash is for, so that no hash of one use can serve as one of another.
        parts: the texts; none of them but the last may hold a NUL.

    Raises:
        InvalidValue: the key is not of its type, or too short. The error does not show it.
    """
    import hmac  # noqa: PLC0415 - it loads OpenSSL, which a quote without a key never needs

    if not isinstance(key, bytes) or len(key) < _KEY_BYTES:
        given = "***" if isinstance(key, str) else key  # a key written as text is a secret all the same
        raise InvalidValue("key", given, f"give at least {_KEY_BYTES} secret bytes")
    message = "\x00".join((f"miexchange {use}", *parts))
    return hmac.digest(key, message.encode(errors="surrogatepass"), "sha256")


def same(one: str, other: str) -> bool:
    """Compare two tags in a time that does not depend on where they differ."""
    import hmac  # noqa: PLC0415 - as above

    return hmac.compare_digest(one, other)
