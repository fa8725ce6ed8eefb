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
"""A seal as text; "" for none."""
Token = Annotated[str, Hex(16)]
"""A keyed token of an IMEI."""
_KEY_BYTES = 16
_DISTINCT = 5
_RULE = (
    f"give at least {_KEY_BYTES} secret bytes, such as secrets.token_bytes(32) makes; "
    "zeros, spaces or a word that is repeated are no secret"
)


def check_key(key: object) -> bytes:
    """Return a secret key if it is acceptable.

    Keys with fewer than 5 different bytes (zeros, spaces, a line of dashes) and a repeated short text ("changeme"
    twice) are refused: they usually come from an unset variable or file. Of keys of 16 random decimal digits,
    the weakest that a generator makes, this refuses one in some thousands; of random bytes none.

    Raises:
        InvalidValue: the key is of another type, too short, or not secret. The error does not show it.
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
    """Return secret keys if each of them is acceptable.

    Raises:
        InvalidValue: it is not a sequence of such keys. The error shows none of them.
    """
    return tuple(map(check_key, elements(keys, field, "give a list of keys")))


def keyed(key: object, use: str, *parts: str) -> bytes:
    """Return the keyed hash of some texts.

    Args:
        key: at least 16 secret bytes.
        use: the purpose of the hash, so that no hash of one purpose can serve for another.
        parts: the texts; only the last may contain a NUL.

    Raises:
        InvalidValue: the key is of another type, or too short. The error does not show it.
    """
    import hmac  # noqa: PLC0415 - it loads OpenSSL, which a quote without a key never needs

    message = "\x00".join((f"miexchange {use}", *parts))
    return hmac.digest(check_key(key), message.encode(errors="surrogatepass"), "sha256")


def token_of(body: str, key: bytes) -> str:
    """Return the keyed token of an IMEI's 14-digit body."""
    return keyed(key, "device", body).hex()[:32]


def seal_of(form: str, use: str, key: bytes) -> str:
    """Return the seal over the canonical form of a value, without its own seal."""
    return keyed(key, use, form).hex()


def is_sealed(seal: str, form: str, use: str, keys: Iterable[bytes]) -> bool:
    """Tell whether a seal is that of one of the keys, by a constant-time comparison."""
    import hmac  # noqa: PLC0415 - as above

    return any(hmac.compare_digest(seal, seal_of(form, use, key)) for key in check_keys(keys))
