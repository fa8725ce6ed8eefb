"""Keyed hashes: what is a key, and that every token and seal is HMAC-SHA-256 as anybody can compute it."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import InvalidValue
from miexchange._keyed import Seal, Token, check_key, check_keys, is_sealed, keyed, seal_of, token_of
from unit.small import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = "35417803685978"
FIVE = bytes([1, 2, 3, 4, 5, *[1] * 11])
FOUR = bytes([1, 2, 3, 4, *[1] * 12])
RULE = (
    "give at least 16 secret bytes, such as secrets.token_bytes(32) makes; "
    "zeros, spaces or a word that is repeated are no secret"
)


def by_hand(text: str, key: bytes = KEY) -> str:
    return hmac.new(key, text.encode(errors="surrogatepass"), "sha256").hexdigest()


def test_a_hash_is_that_of_its_use_and_its_texts() -> None:
    assert keyed(KEY, "use").hex() == by_hand("miexchange use")
    assert keyed(KEY, "use", "a", "b").hex() == by_hand("miexchange use\x00a\x00b")
    assert keyed(KEY, "use", "\ud800").hex() == by_hand("miexchange use\x00\ud800")
    assert token_of(BODY, KEY) == by_hand(f"miexchange device\x00{BODY}")[:32]
    assert seal_of("{}", "quote", KEY) == by_hand("miexchange quote\x00{}")


def test_a_seal_is_that_of_one_of_the_keys() -> None:
    seal, other = seal_of("{}", "quote", KEY), bytes(range(16))
    assert is_sealed(seal, "{}", "quote", [KEY])
    assert is_sealed(seal, "{}", "quote", [other, KEY])
    assert not is_sealed(seal, "{}", "quote", [other])
    assert not is_sealed(seal, "{}", "quote", [])
    assert not is_sealed(seal, "{}", "coupon", [KEY])
    assert not is_sealed(seal, "{ }", "quote", [KEY])


def test_tokens_and_seals_have_their_length() -> None:
    (token,), (seal,) = Token.__metadata__, Seal.__metadata__  # type: ignore[attr-defined]  # of an annotation
    assert token.fits(token_of(BODY, KEY))
    assert not token.fits("")
    assert seal.fits(seal_of("{}", "quote", KEY))
    assert seal.fits("")
    assert not seal.fits(token_of(BODY, KEY))


@pytest.mark.parametrize("key", [FIVE, bytes(range(16)), b"abcde" * 3 + b"x", bytes(range(5)) * 4 + b"\x07"])
def test_sixteen_bytes_of_which_five_differ_are_a_key(key: bytes) -> None:
    assert check_key(key) == key
    assert check_keys([key, KEY]) == (key, KEY)


@pytest.mark.parametrize(
    ("key", "kind", "what"),
    [
        (b"", "range", "is 0 bytes long"),
        (b"x", "range", "is 1 byte long"),
        (bytes(range(15)), "range", "is 15 bytes long"),
        (FOUR, "range", "is no secret: it repeats itself"),
        (b"changeme" * 2, "range", "is no secret: it repeats itself"),
        ("0123456789abcdef", "type", "is a text, not bytes"),
        (None, "type", "is something else, not bytes"),
        (bytearray(KEY), "type", "is something else, not bytes"),
    ],
)
def test_what_is_no_key_is_told_without_it(key: Any, kind: str, what: str) -> None:  # noqa: ANN401 - of any kind
    calls: list[Callable[[], object]] = [
        lambda: check_key(key),
        lambda: keyed(key, "u"),
        lambda: check_keys([KEY, key]),
    ]
    for call in calls:
        with pytest.raises(InvalidValue) as caught:
            call()
        error = caught.value
        assert (error.kind, error.field, str(error)) == (kind, "key", f"key {what}: {RULE}")
        assert error.value == "'***'"


def test_keys_are_a_list_that_is_named() -> None:
    with pytest.raises(InvalidValue, match=r"^keys is 7: give a list of keys$"):
        check_keys(7)
    with pytest.raises(InvalidValue, match=r"^old_keys is 7: give a list of keys$"):
        check_keys(7, "old_keys")
