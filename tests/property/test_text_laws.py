"""The laws of text from outside: what a pasted code, a brand or a channel is, and that no text acts on a log."""

from __future__ import annotations

import sys
import unicodedata
from enum import StrEnum
from functools import cache
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import (
    Condition,
    Coupon,
    Device,
    DeviceReport,
    Imei,
    ImeiStatus,
    InvalidImei,
    MiExchangeError,
    Order,
    OrderLine,
    Redemption,
    Refusal,
    appraise,
    headline,
    issue,
    replay,
)
from miexchange._limits import MESSAGE, TEXT
from miexchange._text import folded, is_between, names, native, printable, visible, word_key
from miexchange.coupon import check, coupon_for, normal_code
from miexchange.errors import DataError, InvalidValue, Problem, shown
from miexchange.refusal import Reason, ReasonCode
from property.effort import effort
from unit import small
from unit.small import INR

CODE = "7K3M9QXT011ZW8VBJ"
EVERY = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in {"Cn", "Co"}]
FILLERS = "\u115f\u1160\u3164\uffa0"  # letters by their category, and not drawn
COUPON = cast(
    "Coupon",
    issue(
        small.quoted(device=Device(small.MODEL, small.IMEI)),
        small.programme(),
        account="a1",
        at=small.AT,
        key=small.KEY,
    ),
)


# ----- codes as people paste them


@cache
def ascii_forms() -> dict[str, str]:
    """Return every character that is not ASCII and is compatible with one of ASCII, by the Unicode database."""
    return {c: form for c in EVERY[128:] if len(form := unicodedata.normalize("NFKC", c)) == 1 and form.isascii()}


@pytest.mark.parametrize("step", [37, pytest.param(1, marks=pytest.mark.sweep)])
def test_every_character_of_unicode_in_every_place_leads_to_the_code_or_to_none(step: int) -> None:
    """normal_code: nothing else is dropped or read for another; the check character stays the judge.

    Of the characters that are not compatible with one of ASCII, a plain run takes some.
    """
    for place in (0, 8, 17):
        for character in (*EVERY[:128], *ascii_forms(), *EVERY[128::step]):
            put = normal_code(CODE[:place] + character + CODE[place:])
            assert put in (None, CODE)
            instead = normal_code(CODE[:place] + character + CODE[place + 1 :])
            assert instead in (None, CODE)
            if character.isalnum() and not character.isascii() and character not in FILLERS:
                assert put is None  # a letter or a digit of any script is never dropped
                if instead == CODE:
                    form = unicodedata.normalize("NFKC", character).strip("().,")
                    assert form.upper().translate(str.maketrans("OIL", "011")) == CODE[place]


SPREAD = st.lists(
    st.text(
        " -\t\n\r\u00a0\u2009\u3000\u2013\u2014\u2212\u2011\u00ad\u200b\u200d\ufeff\u200e\u202e\u2066\u2069\ufe0f\uff0d"
        "\u2028\x85\"'`\u201c\u201d\u2018\u201e\u00ab\u203a\u300c.,\uff0c",
        max_size=2,
    ),
    min_size=18,
    max_size=18,
)


@given(SPREAD, st.data())
def test_a_code_is_read_as_people_paste_it(between: list[str], data: st.DataObject) -> None:
    """normal_code: white space, dashes, quotation marks and what is not drawn do not matter; nor does full width."""
    wide = {c: chr(ord(c) + 0xFEE0) for c in CODE}
    typed = [data.draw(st.sampled_from([c, c.lower(), wide[c], wide[c].lower()])) for c in CODE]
    text = between[0] + "".join(map("".join, zip(typed, between[1:], strict=True)))
    assert normal_code(text) == CODE


@given(
    st.text(
        st.sampled_from(CODE + "".join(sorted(ascii_forms())) + "\u0131\u0130\u00df\ufb00\u041a\u0430-\u00a0"),
        max_size=20,
    )
)
def test_no_text_outside_ascii_leads_to_another_code_than_its_folded_form(text: str) -> None:
    """The promise of the doors, for codes."""
    assert normal_code(text) in (None, normal_code(folded(text)))


NO_CODE = {
    "Cyrillic": CODE.replace("K", "\u041a"),
    "Greek": CODE.replace("K", "\u039a"),
    "dotless i": CODE.replace("1", "\u0131"),
    "dotted I": CODE.replace("1", "\u0130"),
    "Devanagari": CODE.replace("7", "\u096d"),
    "sharp s": "\u00df" + CODE[2:],
    "ligature": "\ufb00" + CODE[2:],
    "keycap": "7\ufe0f\u20e3" + CODE[1:],
    "emoji": CODE + "\U0001f600",
    "accent": "7K\u0301" + CODE[2:],
    "zero of ideographs": CODE.replace("0", "\u3007"),
    "escape": CODE + "\x1b",
    "NUL": CODE + "\x00",
    "star": f"*{CODE}*",
    "too long": CODE + " " * 200,
}


@pytest.mark.parametrize("text", NO_CODE.values(), ids=NO_CODE)
def test_what_only_looks_like_a_code_is_none(text: str) -> None:
    assert normal_code(text) is None


# ----- brands, categories and channels


@pytest.mark.parametrize(
    "word", ["Redmi ", "redmi", "REDMI", " Redmi", "Re-dmi", "\uff32edmi", "Redmi\u00a0", "Redmi\u200b"]
)
def test_a_brand_in_another_case_or_with_a_space_is_the_brand(word: str) -> None:
    assert names(("Mi", "Redmi"), word)


@pytest.mark.parametrize("word", ["R\u0435dmi", "Redm\u0131", "Redmi2", "Red", "", "-", "R\u00e9dmi"])
def test_a_look_alike_is_another_brand(word: str) -> None:
    assert not names(("Mi", "Redmi"), word)


def test_words_of_signs_alone_are_themselves() -> None:
    assert names(("-",), "-")
    assert not names(("-",), "()")
    assert not names(("-",), "")


@given(st.text(max_size=8), st.text(max_size=8))
def test_words_are_compared_by_one_key(one: str, other: str) -> None:
    assert names((one,), other) is (word_key(one) == word_key(other)) is names((other,), one)


@pytest.mark.parametrize("change", [{"brand": "acme "}, {"category": "SmartPhone"}, {"channel": "Shop"}])
def test_an_order_in_other_words_is_bought(change: dict[str, str]) -> None:
    line = OrderLine("Two", "smartphone", "Acme", "shop", 999_900).replace(**change)
    paid = COUPON.check(Order("o1", (line,), INR), account="a1", at=small.AT)
    assert isinstance(paid, Redemption)
    other = line.replace(**{name: word.replace("a", "\u0430").replace("o", "\u043e") for name, word in change.items()})
    assert isinstance(COUPON.check(Order("o1", (other,), INR), account="a1", at=small.AT), Refusal)


def test_the_kinds_of_other_discounts_are_compared_alike() -> None:
    coupon = COUPON.replace(usage=small.USAGE.replace(stacks_with=("bank_offer",)), seal="")
    line = OrderLine("Two", "smartphone", "Acme", "shop", 999_900)
    assert isinstance(coupon.check(Order("o1", (line,), INR, ("Bank Offer",)), account="a1", at=small.AT), Redemption)
    assert isinstance(coupon.check(Order("o1", (line,), INR, ("bank_offers",)), account="a1", at=small.AT), Refusal)


# ----- an order that costs nothing


@pytest.mark.parametrize("applies_to", ["one_unit", "eligible_lines"])
def test_an_order_whose_eligible_lines_cost_nothing_uses_no_coupon(applies_to: str) -> None:
    coupon = COUPON.replace(usage=small.USAGE.replace(applies_to=applies_to), seal="")
    free, dear = OrderLine("Two", "smartphone", "Acme", "shop", 0, 3), OrderLine("Tea", "tea", "Acme", "shop", 500)
    for lines in ((free,), (free, free), (free, dear)):
        answer = coupon.check(Order("o1", lines, INR), account="a1", at=small.AT)
        assert isinstance(answer, Refusal)
        assert answer.codes == ("order_below_minimum",)
        assert "cost nothing" in answer.explain()
    assert isinstance(
        coupon.check(Order("o1", (free, free.replace(price_minor=1)), INR), account="a1", at=small.AT), Redemption
    )


# ----- texts of other types, and what is missing


class Given(StrEnum):
    """Every text that a verb takes, as an enum."""

    MODEL = small.MODEL
    IMEI = small.IMEI
    ACCOUNT = "a1"
    CLEAR = "clear"
    UNUSED = "unused"
    TARGET = "Two"
    BONUS = "diwali"
    CODE = CODE


@pytest.mark.parametrize("kind", [np.str_, lambda text: Given(text)], ids=["numpy", "enum"])  # noqa: PLW0108 - a kind
def test_every_verb_takes_a_text_of_any_subclass(kind: Any) -> None:
    nat, nothing, nan = cast("Any", (pd.NaT, pd.NA, float("nan")))
    device, programme = Device(kind(small.MODEL), kind(small.IMEI), purchased_on=nat), small.programme()
    plain_device = Device(small.MODEL, small.IMEI)
    assert device == plain_device
    assert [type(part) for part in (device.model, device.imei, device.purchased_on)] == [str, Imei, type(None)]
    condition = Condition({np.str_("glass"): np.str_("unmarked"), "box": nothing, "bill": nan, "case": nat})
    assert condition == Condition({"glass": "unmarked"})
    assert condition.to_json() == '{"glass":"unmarked"}'
    asked: dict[str, Any] = {"at": pd.Timestamp(small.AT), "imei_status": kind("clear"), "target": kind("Two")}
    asked["bonuses_given"] = {kind("diwali"): np.int64(1)}
    said: dict[str, Any] = {
        "at": small.AT,
        "imei_status": ImeiStatus.CLEAR,
        "target": "Two",
        "bonuses_given": {"diwali": 1},
    }
    quote = appraise(device, Condition(), programme, **asked)
    assert quote == appraise(plain_device, Condition(), programme, **said)
    assert repr(quote) == repr(appraise(plain_device, Condition(), programme, **said))
    assert appraise(device, Condition(), programme, at=small.AT, target=nothing) == appraise(
        plain_device, Condition(), programme, at=small.AT
    )
    assert headline(kind(small.MODEL), programme, at=small.AT) == headline(small.MODEL, programme, at=small.AT)
    coupon = coupon_for(device, Condition(), programme, account=kind("a1"), key=small.KEY, **asked)
    assert coupon == coupon_for(plain_device, Condition(), programme, account="a1", key=small.KEY, **said)
    assert type(cast("Coupon", coupon).account) is str
    order = Order("o1", (OrderLine("Two", "smartphone", "Acme", "shop", 999_900),), INR)
    paid = check(COUPON, order, account=kind("a1"), at=small.AT, standing=kind("unused"))
    assert isinstance(paid, Redemption)
    assert normal_code(kind(CODE)) == CODE
    assert type(normal_code(kind(CODE))) is str


@pytest.mark.parametrize("missing", [pd.NaT, pd.NA, float("nan"), None], ids=repr)
def test_a_missing_instant_is_said_to_be_missing(missing: Any) -> None:
    for verb in (
        lambda: headline(small.MODEL, small.programme(), at=missing),
        lambda: COUPON.is_valid_at(missing),
        lambda: appraise(Device(small.MODEL), Condition(), small.programme(), at=missing),
    ):
        with pytest.raises(InvalidValue, match="is missing: give an instant") as caught:
            verb()
        assert "0001" not in str(caught.value)
    device = Device(small.MODEL, missing, missing, missing)
    assert device == Device(small.MODEL)


def test_nothing_is_shown_as_what_it_is() -> None:
    assert shown(pd.NaT) == "NaT"
    assert native((pd.NaT, (np.int8(3), (np.str_("x"), (np.str_("y"),))))) == (None, (3, ("x", (np.str_("y"),))))


# ----- no text acts on a log or a terminal


HOSTILE = st.text(
    st.sampled_from("a\n\r\t\x00\x1b\x85\x9b\u2028\u2029\u202e\u2066\u200e\u061c\x7f\ud800'\"\\"),
    min_size=1,
    max_size=8,
) | st.text(max_size=5)


def is_calm(text: str) -> bool:
    return printable(text) == text and len(text) <= 5 * MESSAGE


@given(HOSTILE, HOSTILE)
@effort(1.5)
def test_no_text_acts_on_a_log_or_a_terminal(one: str, other: str) -> None:
    """CWE-117, CWE-150: a message holds no character that a log or a terminal would act on."""
    programme = small.programme()
    quote = small.quoted(device=Device(small.MODEL, small.IMEI))
    verbs: list[Any] = [
        lambda: Imei.parse(one),
        lambda: Device(one, other),
        lambda: Condition({one: other}),
        lambda: appraise(Device(one, other), Condition({other: one}), programme, at=small.AT, target=one),
        lambda: appraise(Device(small.MODEL, other), Condition({one: other}), programme, at=small.AT),
        lambda: headline(one, programme, at=small.AT),
        lambda: OrderLine(one, other, one, other, 100),
        lambda: Order(one, (OrderLine("Two", "smartphone", "Acme", "shop", 999_900),), INR, (other,)),
        lambda: COUPON.check(
            Order(one, (OrderLine(one, other, one, other, 100),), INR, (other,)), account=one, at=small.AT
        ),
        lambda: COUPON.replace(code=one),
        lambda: COUPON.replace(**{one: other}),
        lambda: appraise(Device(small.MODEL), Condition(), programme, at=small.AT, imei_status=cast("Any", one)),
        lambda: Order.from_json(one),
        lambda: Order.from_dict({"id": "o", "lines": [], one: other}),
        lambda: Condition.from_json(one),
        lambda: DeviceReport.parse(one),
        lambda: replay(quote.replace(digest=one, label=other, grade=one), programme),
        lambda: quote.replace(label=one, grade=other),
        lambda: issue(quote.replace(grade=one, digest=other), programme, account="a1", at=small.AT, key=small.KEY),
        lambda: Reason(ReasonCode.PRICE_MISSING, one, other, one),
    ]
    for verb in verbs:
        made, error = answer(verb)
        if error is not None:
            parts = [part for part in vars(error).values() if isinstance(part, str)]
            assert all(map(is_calm, (str(error), repr(error), *parts)))
            continue
        assert is_calm(repr(made))
        assert is_calm(str(made))
        for reason in getattr(made, "reasons", ()):
            assert all(map(is_calm, (reason.message, reason.remedy, reason.subject, f"{reason}")))
        if hasattr(made, "explain"):
            assert all(map(is_calm, made.explain().split("\n")))
        if hasattr(made, "_repr_html_"):
            assert is_calm(made._repr_html_())
        assert all(map(is_calm, getattr(made, "differences", ())))


def answer(verb: Any) -> tuple[Any, MiExchangeError | None]:
    """Return what a verb returns, or what of ours it raises."""
    try:
        return verb(), None
    except MiExchangeError as error:
        return None, error


@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=4))
def test_every_problem_is_one_line(texts: list[tuple[str, str, str, str]]) -> None:
    """CWE-117: names of files and columns forge no line; the message of a DataError has one for each problem."""
    problems = tuple(Problem(file, 7, column, message, remedy) for file, column, message, remedy in texts)
    lines = str(DataError(problems)).split("\n")
    assert lines == [str(problem) for problem in problems]
    assert all(is_calm(line) and line.isprintable() for line in lines)
    assert MiExchangeError(texts[0][0]).args == (visible(texts[0][0]),)


def test_a_message_has_an_end() -> None:
    long = "x" * 100_000
    for text, most in (
        (Reason(ReasonCode.PRICE_MISSING, long, "r").message, MESSAGE),
        (InvalidValue(long, long, long).rule, MESSAGE),
        (f"{InvalidImei('imei_empty', long, long, long)}", MESSAGE),
        (Problem(long, 1, "c", "m", "r").file, TEXT),
        (f"{MiExchangeError(long)}", MESSAGE),
    ):
        assert len(text) == most
        assert text.endswith("\u2026")
    many = DataError((Problem("f", 1, "c", "m", "r"),) * 1_005)
    assert str(many).splitlines()[-2:] == ["f:1: c: m. r", "and 5 more problems"]
    assert len(many.problems) == 1_005


def test_a_text_is_calmed_once() -> None:
    """Reason round-trips: what is printable stays as it is."""
    reason = Reason(ReasonCode.PRICE_MISSING, "a\nb\u202e" + "x" * 9_000, "r")
    assert Reason.from_json(reason.to_json()) == reason
    assert is_between("\u00a0")
