"""Text from outside: what an id is, and what of an address is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import Coupon, Device, InvalidValue, appraise, issue
from miexchange._keyed import check_key, keyed
from miexchange._text import is_id, printable, without_passwords
from unit import small, trade

KEPT = ["asha", "order 17", "a ", "é", "e\u0301", "\u0928\u094b\u091f", "a\u200b", "😀" * 200, "x" * 200, "-"]
REFUSED: list[object] = [
    "",
    " ",
    "\u00a0",
    "a\x00",
    "a\n",
    "\ta",
    "a\x85",
    "a\u2028",
    "a\u2029",
    "\x1b[2J",
    "\ud800",
    "x" * 201,
]
REFUSED += [7, None, b"a"]


@pytest.mark.parametrize("value", KEPT)
def test_one_line_of_text_is_an_id(value: str) -> None:
    assert is_id(value)


@pytest.mark.parametrize("value", REFUSED)
def test_what_some_database_or_log_would_change_is_none(value: object) -> None:
    assert not is_id(value)


@given(st.text(max_size=210))
def test_an_id_is_written_on_one_line_as_it_is(text: str) -> None:
    """`is_id`: no control characters, no line breaks, no halves of pairs: UTF-8 keeps it, and a log shows one line."""
    if is_id(text):
        assert text.encode().decode() == text
        assert "\x00" not in text
        assert len(text.splitlines()) == 1
        assert len(printable(text).splitlines()) == 1


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)


@given(PASSWORDS.filter(lambda drawn: "//" not in drawn and "=" not in drawn))
def test_the_password_of_a_url_is_never_shown(password: str) -> None:
    """`without_passwords`: of a URL that is not well formed, all that can be the password goes."""
    assert without_passwords(f"'postgresql://asha:{password}@host/db'").endswith(":***@host/db'")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://host/db?password=a&user=b", "postgresql://host/db?password=***&user=b"),
        ("postgresql://host/db?sslpassword=a%20b", "postgresql://host/db?sslpassword=***"),
        ("host=h PASSWORD = 'it\\'s' user=u", "host=h PASSWORD = *** user=u"),
        ("postgresql://h:5432/db?password=a@b", "postgresql://h:5432/db?password=***"),
        ("postgresql://asha@host:5432/db", "postgresql://asha@host:5432/db"),
        ("nothing: to see", "nothing: to see"),
    ],
)
def test_passwords_are_known_by_their_place(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


NO_SECRETS = [bytes(16), b" " * 16, b"\r\n" * 8, b"0" * 64, b"abcd" * 4, b"changeme" * 2, b"password" * 3, b"x" * 15]


@pytest.mark.parametrize("key", NO_SECRETS)
def test_what_is_no_secret_is_no_key_anywhere(key: bytes) -> None:
    quote, programme = trade.quote(), trade.programme()
    calls = (
        lambda: check_key(key),
        lambda: keyed(key, "use", "text"),
        lambda: issue(quote, programme, account="a", at=small.AT, key=key),
        lambda: issue(quote, programme, account="a", at=small.AT, key=small.KEY, old_keys=(key,)),
        lambda: appraise(Device(small.MODEL), trade.SAID, programme, at=small.AT, key=key),
    )
    for call in calls:
        with pytest.raises(InvalidValue, match="at least 16 secret bytes"):
            call()


@given(st.binary(min_size=16, max_size=16).filter(lambda drawn: len(set(drawn)) > 8))
def test_a_key_that_looks_random_is_taken(key: bytes) -> None:
    assert check_key(key + b"\x00") == key + b"\x00"


def test_a_coupon_of_an_odd_account_is_none() -> None:
    quote, programme = trade.quote(), trade.programme()
    coupon = issue(quote, programme, account="asha", at=small.AT, key=small.KEY)
    assert isinstance(coupon, Coupon)
    with pytest.raises(InvalidValue, match=r"Coupon\.account"):
        coupon.replace(account="asha\x00")
