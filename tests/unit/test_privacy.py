"""What is shown of a text: nothing that could be an IMEI, but digests, UUIDs and instants as they are."""

from __future__ import annotations

import re

import pytest

from miexchange._privacy import HEX_ID, could_be_imei, mask, mask_each, masked

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
MANY = [
    ("12345678901", False),
    ("123456789012", True),
    ("1-2 3.4a5b6c7d8e9f0g1h2", True),  # digits with anything between them
    ("x" * 100, False),
    ("", False),
    *((f"{'0123456789' * 7}"[:size], True) for size in (32, 40, 64)),
    *((f"{'0123456789abcdef' * 4}"[:size], False) for size in (32, 40, 64)),
    *((f"{'0123456789abcdef' * 5}"[:size], True) for size in (31, 33, 39, 41, 63, 65)),
    (f"ab{'1' * 30}", True),  # letters by chance
    (f"abc{'1' * 29}", False),
    (UUID, False),
    (f"'{UUID}'", False),  # as it is shown
    (f"{UUID}0", True),
    (f"X{UUID}X", True),
    (re.sub("[a-f]", "1", UUID), True),
    ("2018-03-20T12:00:00.123456+05:30", False),
    ("'2018-03-20T12:00:00.123456+05:30'", False),
    ("2018-03-20T12:00:00.123456+05:30 and on", True),
]


@pytest.mark.parametrize(("text", "many"), MANY)
def test_a_text_with_twelve_digits_could_be_an_imei_unless_its_form_is_another(text: str, many: bool) -> None:  # noqa: FBT001 - a table
    assert could_be_imei(text) is many
    assert ("*" in masked(text)) is many


def test_what_hides_nothing_is_cut_and_what_is_cut_shows_no_end() -> None:
    assert masked("x" * 61) == "x" * 59 + "…"
    assert masked("1" + "x" * 40 + "23456789012345678901") == "1" + "x" * 40 + "2345678" + "*" * 11 + "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b", "a?"),
        ("\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f", "\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e*"),
        ("नोट 12345678", "नोट 12345678"),
        ("XX12345678", "XX12345678"),
        ("no number!", "no number!"),
    ],
)
def test_other_scripts_and_signs_are_masked_as_well(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_each_number_in_a_text_is_masked() -> None:
    numbers = re.compile("([0-9])[0-9]{14}")
    assert mask_each(numbers, "354178036859789, 12 or 354178030000000") == "35417803******9, 12 or 35417803******0"


def test_an_id_in_hex_is_the_whole_text() -> None:
    assert HEX_ID.fullmatch(UUID) is not None
    assert HEX_ID.fullmatch(f"x{UUID}") is None
