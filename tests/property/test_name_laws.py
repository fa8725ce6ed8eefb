"""Names of models: no text outside ASCII leads to another phone than its folded form."""

from __future__ import annotations

import string
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miexchange._text import folded, words
from property.effort import THOROUGH, effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOGUE = shipped_programme("graded-trade-in").catalogue
EVERY = range(sys.maxunicode + 1)
NAMES = ("OnePlus 3", "Galaxy S8", "Honor 8", "OnePlus One (3 GB, 64 GB)", "oneplus-3t-6-64")

# Unicode Character Database, DerivedCoreProperties.txt: Default_Ignorable_Code_Point.
IGNORABLE = frozenset(
    number
    for first, last in (
        *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
        *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
        *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    )
    for number in range(first, last + 1)
)
BETWEEN = {"Zs", "Zl", "Zp", "Pd", "Ps", "Pe", "Pi", "Pf"}


def ascii_forms(character: str) -> Iterator[str]:
    """Yield what a character may stand for in ASCII: the letters that Unicode makes of it, a space, or nothing."""
    form = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    if form.isascii():
        yield form
    if ord(character) in IGNORABLE or character in "\u00a9\u00ae\u2120\u2122":
        yield ""
    if unicodedata.category(form[:1] or " ") in BETWEEN or form in {"\x85", "\u00b7", "\u2022", "\u2043", "\u2212"}:
        yield from (" ", "-")
    if set(form) <= {"\u2032"}:  # primes, of minutes and inches
        yield from (" ", "-")


def check(name: str, character: str, position: int) -> None:
    found = CATALOGUE.named(name[:position] + character + name[position:])
    if found is not None:
        forms = ascii_forms(character)
        assert found in {CATALOGUE.named(name[:position] + form + name[position:]) for form in forms}, (
            name,
            hex(ord(character)),
        )


def test_no_character_leads_to_another_phone_than_its_folded_form() -> None:
    """Read or refuse: what is left over makes the name unknown. Every code point that folds into ASCII at every place
    of a name, and of the others every one in a thorough run, some in a plain one.
    """
    telling = [number for number in EVERY if folded(chr(number)).isascii()]
    assert len(telling) > 5_000
    for name in NAMES:
        for number in telling if THOROUGH else telling[:: 7 - len(name) % 3]:
            for position in {0, 3, len(name) // 2, len(name)}:
                check(name, chr(number), position)
    for number in EVERY if THOROUGH else EVERY[::211]:
        name = NAMES[number % len(NAMES)]
        check(name, chr(number), number % (len(name) + 1))


@given(st.sampled_from(CATALOGUE.variants), st.text(min_size=1, max_size=3), st.integers(0, 40))
@example(CATALOGUE.by_model["oneplus-3t-6-64"], "\u0422", 10)
@effort(3)
def test_whatever_stands_in_a_name_is_read_or_makes_it_another(variant: object, text: str, position: int) -> None:
    """No text outside ASCII leads to another phone than its folded form."""
    label = f"{variant.label}"  # type: ignore[attr-defined]
    name = label[:position] + text + label[position:]
    found = CATALOGUE.named(name)
    assert found == CATALOGUE.named(words(name))
    if found is not None:
        assert words(name).isascii()


@given(st.text(alphabet=st.characters() | st.sampled_from(string.printable)))
@effort(3)
def test_folding_twice_is_folding_once(text: str) -> None:
    """What two spellings have in common is a spelling of its own."""
    assert words(words(text)) == words(text)


LOOK_ALIKE = {
    "Cyrillic": ("OnePlus 3\u0422", "Hon\u043er 8", "\u0405amsung Galaxy S8", "Nexus 5\u0425"),
    "Greek": ("OnePlus 3\u03a4", "H\u03bfnor 8", "Ne\u03c7us 5"),
    "Armenian": ("H\u0585nor 8", "\u0555nePlus 3"),
    "digits of other scripts": ("OnePlus \u0663T", "Honor \u096e", "Galaxy S\u06f8"),
    "combining marks": ("Honor 8\u0301", "OnePlu\u0301s 3T", "Galaxy S8\u20e3"),
    "emoji": ("Honor 8 \U0001f680", "Galaxy S8\u2764"),
    "words": ("Honor 8 \u9752\u6625\u7248", "Redmi Note 4 \u0928\u094b\u091f"),
    "dotted and dotless": ("X\u0130aomi M\u0130 A1", "Xiaom\u0131 Mi A1"),
    "signs": ("Honor 8!", "Honor 8#", "Honor 8*", "Honor 8~", "Honor 8$", "Honor 8&", "Honor 8=", "Honor 8\x00"),
    "numbers": ("Honor 8.0", "Honor 1.0", "Honor 1 0", "Galaxy S8\u00bd", "Honor 8\u2153"),
}


@pytest.mark.parametrize("name", [name for names in LOOK_ALIKE.values() for name in names])
def test_what_only_looks_like_a_name_is_unknown_and_the_nearest_are_told(name: str) -> None:
    assert CATALOGUE.meant(name) == ()
    assert CATALOGUE.nearest(name)


SAME = (
    ("Galaxy S8\uff0b", "samsung-galaxy-s8-plus-4-64"),
    ("\uff27\uff41\uff4c\uff41\uff58\uff59 \uff33\uff18", "samsung-galaxy-s8-4-64"),  # full width
    ("Galaxy S\u2078", "samsung-galaxy-s8-4-64"),  # superscript
    ("Galaxy S\u2467", "samsung-galaxy-s8-4-64"),  # in a circle
    ("Galaxy \U0001d412\U0001d7d6", "samsung-galaxy-s8-4-64"),  # mathematical bold
    ("Galaxy\u00a0S8\u2122", "samsung-galaxy-s8-4-64"),
    ("\u202bGalaxy S8\u202c\ufeff", "samsung-galaxy-s8-4-64"),  # marks of direction, a byte order mark
    ("Galaxy\u200bS\u00ad8", "samsung-galaxy-s8-4-64"),  # not drawn
    ("Gala\u034fxy S8\ufe0f", "samsung-galaxy-s8-4-64"),
    ("\u201cGalaxy\u2013S8\u201d", "samsung-galaxy-s8-4-64"),
    ("\u017fam\u017fung Galaxy \u017f8", "samsung-galaxy-s8-4-64"),  # the long s
    ("oneplu\u017f-3t-6-64", "oneplus-3t-6-64"),
    ("ONEPLUS\u20113T\u20116\u201164", "oneplus-3t-6-64"),
)


@pytest.mark.parametrize(("name", "model"), SAME)
def test_what_unicode_says_is_the_same_leads_to_the_same_phone(name: str, model: str) -> None:
    found = CATALOGUE.named(name)
    assert found is not None
    assert found.model == model


@pytest.mark.parametrize(
    ("character", "form"), [("\u212a", "k"), ("\u00df", "ss"), ("\u1e9e", "ss"), ("\ufb03", "ffi")]
)
def test_a_letter_is_the_letters_that_unicode_makes_of_it(character: str, form: str) -> None:
    assert folded(character) == form
