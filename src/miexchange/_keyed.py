"""Keyed hashes: device tokens, coupon codes and seals are all HMAC-SHA-256 (RFC 2104) under the caller's key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import Hex
from miexchange._text import counted, is_a
from miexchange._value import elements
from miexchange.errors import out_of_range, wrong_type

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Seal", "Token", "check_key", "check_keys", "is_sealed", "keyed", "seal_of", "token_of"]

Seal = Annotated[str, Hex(32, optional=True)]
"""A seal as it is written; "" for none."""
Token = Annotated[str, Hex(16)]
"""A keyed token of an IMEI."""
_KEY_BYTES = 16
_DISTINCT = 5
_RULE = (
    f"give at least {_KEY_BYTES} secret bytes, such as secrets.token_bytes(32) makes; "
    "zeros, spaces or a word that is repeated are no secret"
)


def check_key(key: object) -> bytes:
    """Return a secret key, if it can be one.

    Fewer than 5 different bytes (zeros, spaces, a line of dashes) and a shorter text that is repeated ("changeme"
    twice) are refused: mostly they are a variable or a file that was never filled. Of 16 random decimal digits, the
    poorest key that a generator makes, that refuses one in some thousands; of random bytes none.

    Raises:
        InvalidValue: the key is not of its type, too short, or no secret. The error does not show it.
    """
    secret = bytes.__getitem__(key, slice(None)) if is_a(key, bytes) else b""  # a subclass may do anything
    if len(secret) < _KEY_BYTES or len(set(secret)) < _DISTINCT or secret in (secret + secret)[1:-1]:
        if not is_a(key, bytes):
            raise wrong_type("key", "***", _RULE, f"is {'a text' if is_a(key, str) else 'something else'}, not bytes")
        short = len(secret) < _KEY_BYTES
        what = f"is {counted(len(secret), 'byte')} long" if short else "is no secret: it repeats itself"
        raise out_of_range("key", "***", _RULE, what)
    return secret


def check_keys(keys: object, field: str = "keys") -> tuple[bytes, ...]:
    """Return secret keys, if each of them can be one.

    Raises:
        InvalidValue: it is no sequence of such keys. The error shows none of them.
    """
    return tuple(map(check_key, elements(keys, field, "give a list of keys")))


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

    message = "\x00".join((f"miexchange {use}", *parts))
    return hmac.digest(check_key(key), message.encode(errors="surrogatepass"), "sha256")


def token_of(body: str, key: bytes) -> str:
    """Return the keyed token of an IMEI's 14-digit body."""
    return keyed(key, "device", body).hex()[:32]


def seal_of(form: str, use: str, key: bytes) -> str:
    """Return the seal over the canonical form of a value, without a seal in it."""
    return keyed(key, use, form).hex()


def is_sealed(seal: str, form: str, use: str, keys: Iterable[bytes]) -> bool:
    """Tell whether a seal is that of one of the keys, in a time that does not depend on where it differs."""
    import hmac  # noqa: PLC0415 - as above

    return any(hmac.compare_digest(seal, seal_of(form, use, key)) for key in check_keys(keys))
