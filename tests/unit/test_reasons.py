"""Reasons: one table of what they are and say, values in their texts, and the same texts in every language."""

from __future__ import annotations

import ast
import csv
import dataclasses
import re
import sys
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import (
    Condition,
    CouponStanding,
    Currency,
    Device,
    Imei,
    ImeiStatus,
    InvalidImei,
    InvalidValue,
    Reason,
    ReasonCode,
    ReasonKind,
    Refusal,
    RegisterAnswer,
    _texts,
    appraise,
    refusal,
)
from miexchange.condition import Option
from miexchange.coupon import Coupon, Order, OrderLine, check, device_token, issue
from miexchange.events import Agree, Complete, Expire, Identify, Inspect, Override, Reserve, Reverse, Wipe
from miexchange.exchange import accept, apply, split_order
from miexchange.inspection import Examination, examine
from miexchange.market import PriceTable
from miexchange.programme import AgeBand, Authority, Bonus, CustomerClass, Limit
from miexchange.quote import Quote
from miexchange.refusal import reason_of, refusal_of
from unit import small, trade
from unit.small import INR, KEY
from unit.test_eligibility import REFUSE, imei, judged
from unit.trade import ACCOUNT, HOUR, ORDER, RULES, SAID, STRICT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.condition import Question

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "miexchange"
AT, DAY = small.AT, timedelta(days=1)
DIGITS = "354178036859789"
OTHERS = tuple(language for language in _texts.LANGUAGES if language != "en")
MARKS = re.compile("[\u2066-\u2069]")


def table(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CODES, TEXTS, VALUES = table("reasons.csv"), table("reason_texts.csv"), table("reason_values.csv")
ROWS = [(row["code"], row["case"]) for row in TEXTS]
PLACES = re.compile(r"{(\w+)}")


# What is said of a code.


def test_the_table_has_a_row_for_each_code_in_order() -> None:
    assert [row["code"] for row in CODES] == list(ReasonCode)


@pytest.mark.parametrize("code", ReasonCode)
def test_a_code_has_a_kind_a_status_and_what_cures_it(code: ReasonCode) -> None:
    assert code.kind in ReasonKind
    assert code.status in {403, 404, 409, 410, 422}, "a refusal is an answer, not a failure of the service"
    assert code.is_final == code.cure.startswith("final")
    assert code.is_final or code.kind is not ReasonKind.STRANGER
    assert (code.kind is ReasonKind.STRANGER) == (code.status in {403, 404})


def test_every_kind_is_that_of_some_code() -> None:
    assert {code.kind for code in ReasonCode} == set(ReasonKind)


def test_the_status_of_a_refusal_is_that_of_what_decides_it() -> None:
    wait, gone = reason_of(ReasonCode.EXCHANGE_OPEN), reason_of(ReasonCode.COUPON_VOID)
    assert [refusal_of(reasons).status for reasons in ([wait], [wait, gone], [gone, wait])] == [409, 410, 410]
    assert refusal_of([gone]).public().status == 404


# The texts and their values.


def test_a_row_of_texts_stands_once_and_is_of_a_code() -> None:
    assert len(set(ROWS)) == len(ROWS)
    assert {code for code, _ in ROWS} == {*ReasonCode, ""} - {"invalid_value"}, "that is a code of columns only"


def test_every_value_of_a_text_is_in_the_table_of_values_and_the_other_way_round() -> None:
    named = {name for row in TEXTS for part in ("message", "remedy", "subject") for name in PLACES.findall(row[part])}
    assert named - {"dial"} == {row["name"] for row in VALUES} - {"currency"}
    assert {row["type"] for row in VALUES} == {"text", "count", "amount", "day", "instant"}
    assert {row["name"] for row in VALUES if row["type"] == "amount"} == {
        row["name"] for row in VALUES if row["name"].endswith("_minor")
    }


def test_no_text_ends_in_a_full_stop() -> None:
    assert not [row for row in TEXTS for part in ("message", "remedy") if row[part].endswith(".")]


EXAMPLES = {row["name"]: (row["type"], row["example"]) for row in VALUES}


def example(code: str, case: str) -> Reason:
    """Return the reason with the values of the table's examples, under any code if it is of none."""
    values: dict[str, Any] = {}
    for name in _texts.template(code or "order_brand", case).names:
        kind, text = EXAMPLES[name]
        values[name] = int(text) if kind in {"count", "amount"} else text
        if kind == "day":
            values[name] = date.fromisoformat(text)
        elif kind == "instant":
            values[name] = AT.fromisoformat(text)
    return reason_of(ReasonCode(code or "order_brand"), case, **values)


@pytest.mark.parametrize(("code", "case"), ROWS)
def test_the_examples_make_every_reason(code: str, case: str) -> None:
    reason = example(code, case)
    assert all(f"{value}" == EXAMPLES[name][1] for name, value in reason.values)
    assert "{" not in f"{reason}{reason.subject}"
    template, said = _texts.template(code or "order_brand", case), _texts.shown(dict(reason.values))
    assert reason.subject == template.subject.format_map(said)
    assert reason.message == template.message.format_map(said)
    assert f"{reason}" == reason.text() == reason.text("en_IN")
    again = Reason.from_json(reason.to_json())
    assert (again, dict(again.values)) == (reason, dict(reason.values))
    assert reason.to_dict()["values"] == [{"name": name, "value": value} for name, value in reason.values]


def test_an_amount_is_written_in_its_currency() -> None:
    amounts = {"total_minor": 149_900, "minimum_minor": 500_000, "order": "o"}
    yen = reason_of(ReasonCode.ORDER_BELOW_MINIMUM, "", **amounts, currency="JPY")
    rupees = reason_of(ReasonCode.ORDER_BELOW_MINIMUM, "", **amounts, currency="INR")
    assert "come to 149900, below the least of 500000" in yen.message
    assert "come to 1499.00, below the least of 5000.00" in rupees.message
    assert dict(rupees.values) == {**amounts, "currency": "INR"}


@pytest.mark.parametrize(
    ("case", "values", "message"),
    [
        ("none", {}, "case is 'none': give one of: '', 'more_of_kind', 'more'"),
        (7, {}, "case is 7: give a text"),
        ("", {"bonus": "b"}, "values.quota is missing: give all that the text names"),
        ("", {"bonus": "b", "quota": 1, "quote": 1}, "values has no value 'quote': write quota, or leave it out"),
        ("", {"bonus": "b", "quota": "1"}, "values.quota is the text '1': give a whole number of 64 bits"),
        ("", {"bonus": 1, "quota": 1}, "values.bonus is 1: give a text"),
    ],
)
def test_values_that_do_not_fit_are_an_error(case: Any, values: dict[str, Any], message: str) -> None:  # noqa: ANN401
    with pytest.raises(InvalidValue) as caught:
        reason_of(ReasonCode.BONUS_USED_UP, case, **values)
    assert str(caught.value) == message


def test_a_code_that_there_is_not_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="code is 'coupon_lost'"):
        reason_of("coupon_lost")  # type: ignore[arg-type]


def test_values_are_no_part_of_what_makes_two_reasons_equal() -> None:
    """A quote of a version that knew no values is the same quote: its warnings say the same."""
    reason = example("order_stacking", "")
    bare = Reason(reason.code, reason.message, reason.remedy, reason.subject)
    assert (reason, hash(reason)) == (bare, hash(bare))


def test_a_reason_of_an_older_version_is_read() -> None:
    older = '{"code":"coupon_used","message":"It was used","remedy":"Take another","subject":""}'
    reason = Reason.from_json(older)
    assert reason.values == ()
    assert reason.text("hi") == "It was used. Take another."


def test_values_may_be_any_from_json_and_are_printable() -> None:
    data = {"code": "coupon_used", "message": "m", "remedy": "r", "subject": ""}

    def read(*values: tuple[object, object]) -> Reason:
        return Reason.from_dict({**data, "values": [{"name": name, "value": value} for name, value in values]})

    assert read(("x", "a\nb"), ("n", 5)).values == (("x", "a\\nb"), ("n", 5))
    for wrong in (
        [("x", 1), ("x", 2)],
        [("x", None)],
        [("x", 1.5)],
        [("x", True)],
        [("", 1)],
        [(f"{n}", n) for n in range(21)],
    ):
        with pytest.raises(InvalidValue, match=r"^Reason\.values"):
            read(*wrong)


# Languages.


def translations(language: str) -> dict[str, str]:
    """Return a catalogue as Babel reads it."""
    pofile = pytest.importorskip("babel.messages.pofile")
    with (ROOT / "data" / "locales" / f"{language}.po").open("rb") as opened:
        return {message.id: message.string for message in pofile.read_po(opened) if message.id}


def test_the_languages_are_those_that_have_a_catalogue() -> None:
    assert {file.name for file in (ROOT / "data" / "locales").iterdir()} == {f"{language}.po" for language in OTHERS}


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_complete_and_read_as_babel_reads_it(language: str) -> None:
    known = translations(language)
    assert known.keys() == {row[part] for row in TEXTS for part in ("message", "remedy")} | {"."}
    assert all(known.values())
    assert _texts._catalogue(language) == known, "make texts writes each text on one line"  # noqa: SLF001 - what is read


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_places_and_digits(language: str) -> None:
    for text, translated in translations(language).items():
        assert sorted(PLACES.findall(translated)) == sorted(PLACES.findall(text)), text
        assert re.sub(r"{\w+}", "", translated).count("{") == 0
        assert numbers(translated) == numbers(text), text
        assert MARKS.search(translated) is None, "the marks are put around values when they are filled in"


def numbers(text: str) -> list[str]:
    """Return the numbers of a text, of any script."""
    return sorted(re.findall(r"\d+", text))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(("code", "case"), ROWS)
def test_a_reason_says_the_same_values_in_every_language(code: str, case: str, language: str) -> None:
    reason = example(code, case)
    english, text = reason.text(), reason.text(language)
    assert text != english
    bare = MARKS.sub("", text)
    assert numbers(bare) == numbers(english)
    for value in ("*#06#", *_texts.shown(dict(reason.values)).values()):
        assert english.count(value) == bare.count(value)
    assert text == Reason.from_json(reason.to_json()).text(f"{language}_IN")


@pytest.mark.parametrize(("code", "case"), ROWS)
def test_each_value_keeps_its_direction_in_urdu(code: str, case: str) -> None:
    """Unicode Standard Annex 9: first strong isolate, pop directional isolate."""
    text = example(code, case).text("ur")
    assert (text[0], text[-1]) == ("\u2067", "\u2069")
    template, said = _texts.template(code or "order_brand", case), _texts.shown(dict(example(code, case).values))
    for part in template[:2]:
        assert _texts._catalogue("ur")[part].format_map(said) in MARKS.sub("", text)  # noqa: SLF001 - what is read
    values = re.findall("\u2068([^\u2068\u2069]*)\u2069", text)
    for name in PLACES.findall("".join(_texts.template(code or "order_brand", case)[:2])):
        assert _texts.shown(dict(example(code, case).values))[name] in values


def test_the_code_that_shows_an_imei_is_in_every_text() -> None:
    assert _texts.shown({}) == {"dial": "*#06#"}


@pytest.mark.parametrize("end", [".", "?", "!", "\u061f"])
def test_a_sentence_that_ends_gets_no_full_stop(end: str) -> None:
    assert Reason(ReasonCode.COUPON_USED, f"Used{end}", "Take another").text() == f"Used{end} Take another."
    assert Reason(ReasonCode.COUPON_USED, "Used", f"Really{end}").text() == f"Used. Really{end}"


def test_a_refusal_is_explained_in_a_language() -> None:
    refusal = refusal_of([reason_of(ReasonCode.COUPON_USED), reason_of(ReasonCode.COUPON_VOID)])
    assert refusal.explain("hi").split("\n") == [f"- {reason.text('hi')}" for reason in refusal.reasons]
    assert refusal.explain("hi").startswith("- कूपन")


@pytest.mark.parametrize("locale", ["hi", "HI", "hi-IN", "hi_IN.UTF-8", "hi@latin"])
def test_a_locale_leads_to_its_language(locale: str) -> None:
    assert reason_of(ReasonCode.COUPON_USED).text(locale).startswith("कूपन")


@pytest.mark.parametrize("locale", ["de", "", "hindi", 7, "../hi"])
def test_a_locale_without_a_catalogue_is_an_error(locale: Any) -> None:  # noqa: ANN401 - that is the test
    with pytest.raises(InvalidValue, match="give a locale in one of: en, hi, ur"):
        reason_of(ReasonCode.COUPON_USED).text(locale)


FORGED = [
    {"message": "The bonus launch was given 9 times, which is all there are"},
    {"remedy": "Pay"},
    {"values": ()},
    {"values": (("bonus", "launch"), ("quota", 9))},
    {"values": (("bonus", "launch"), ("quota", "1000"), ("more", 1))},
    {"code": ReasonCode.COUPON_USED},
    {"values": (("total_minor", 5), ("minimum_minor", 5))},
    {"values": (("total_minor", 5), ("minimum_minor", 5), ("currency", "XXX"), ("order", "o"))},
]


@pytest.mark.parametrize("changes", FORGED)
def test_only_what_a_template_makes_of_the_values_is_translated(changes: dict[str, Any]) -> None:
    reason = example("bonus_used_up", "").replace(**changes)
    assert reason.text("hi") == reason.text("ur") == reason.text()


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_value_is_said_as_it_is_and_is_no_template(name: str, near: str) -> None:
    """Reason: texts are only shown; braces, directions and line breaks of a value change nothing else."""
    reason = reason_of(ReasonCode.MODEL_UNKNOWN, "near", name=name, near=near)
    assert reason.message.isprintable()
    assert all(f"{value}".isprintable() for _, value in reason.values)
    for language in OTHERS:
        assert all(value in reason.text(language) for value in dict(reason.values).values())  # type: ignore[operator]


def test_a_machine_without_babel_translates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "babel", None)
    _texts._catalogue.cache_clear()  # noqa: SLF001 - as in a new process
    assert reason_of(ReasonCode.COUPON_USED).text("hi").startswith("कूपन")


# No dead row: each is made by the module that it names, and by the verbs.


@cache
def made_in(module: str) -> str:
    return (PACKAGE / module).read_text(encoding="utf-8")


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: f"{row['code']}-{row['case']}")
def test_a_row_names_the_module_that_makes_it(row: dict[str, str]) -> None:
    strings = {node.value for node in ast.walk(ast.parse(made_in(row["source"]))) if isinstance(node, ast.Constant)}
    assert not row["code"] or f"ReasonCode.{row['code'].upper()}" in made_in(row["source"])
    assert not row["case"] or row["case"] in strings


def imeis() -> Iterator[object]:
    for text in (
        5,
        "",
        "+354178036859789",
        "354178036859789-",
        "3541 78036859 7\t89",
        "35417803685978\u0669",
        "3541780368597x9",
        f"{DIGITS} / 78",
        "35417803685978",
        "13326008234563",
        f"{DIGITS}3",
        "12345",
        "7",
        f"{DIGITS}78",
        "354178036859780",
        "354178036859782",
    ):
        with pytest.raises(InvalidImei):
            Imei.parse(text)  # type: ignore[arg-type]
        yield judged(Device("acme-one-4-64", text))
    with pytest.raises(InvalidImei, match="has spaces or hyphens"):
        Imei("35 417803 685978 9")


def devices() -> Iterator[object]:
    one = "acme-one-4-64"
    for device in (
        Device(one, Imei("000000000000000")),
        Device(one, imei("00499902")),
        Device(one, imei("97417803")),
        Device(one, imei("35417803"), imei("35417803")),
        Device(one, imei("35417899")),
        Device(one, imei("35417808")),
        Device(one, imei("35417804")),
        Device("acme one"),
        Device("acme-one-4-65"),
        Device("nothing like it at all"),
        Device("zeta-zero-1-8"),
        Device("acme-one-6-64"),
    ):
        yield judged(device, terms=REFUSE)
    yield judged(Device(one, imei("35417803")), terms=REFUSE, imei_status=ImeiStatus.BLOCKED, exchange_open=True)
    yield judged(Device(one, imei("35417803")), terms=REFUSE, imei_status=ImeiStatus.UNVERIFIED, device_exchanged=True)
    for status in (ImeiStatus.TRACKED, ImeiStatus.DUPLICATE):
        yield judged(Device(one, imei("35417803")), imei_status=status)
    for asked_at in (AT - DAY, AT + DAY):
        answer, wants = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", asked_at, "r1"), REFUSE.replace(register_hours=1)
        yield judged(Device(one, imei("35417803")), terms=wants, imei_status=answer, at=AT)
    yield judged(Device(one, imei("35417803")), terms=REFUSE.replace(register_hours=1))
    yield judged(Device(one), brands=frozenset({"Zeta"}), on=date(2017, 1, 1))
    yield judged(Device(one), categories=frozenset({"tablet"}))
    yield judged(Device("zeta-flip-16"), on=date(2017, 1, 1))
    both = small.TERMS.replace(eligibility=small.TERMS.eligibility.replace(second_imei="required"))
    yield appraise(Device(small.MODEL, DIGITS), Condition(), small.programme(both, sims=2), at=AT)


def asked(said: Condition, *questions: Question, at: datetime = AT, **changes: Any) -> Quote | Refusal:  # noqa: ANN401 - of terms
    rules = small.asking(*trade.QUESTIONS, *questions).replace(**changes)
    return appraise(Device(small.MODEL), said, small.programme(rules), at=at)


DEEP = small.cosmetic("deep", "deep", Option("worn", "It is worn", grade=1))
DEEP = DEEP.replace(asked_after="glass", asked_answers=("scratched",))


def conditions() -> Iterator[object]:
    back = small.cosmetic("back", "cover", small.costs("dull", anchor="cover", weight_bps=10))
    lid = small.cosmetic("lid", "lid").replace(asked_brands=("Zeta",))
    yield asked(SAID.replace(glass=None, back="dull"), back)
    yield asked(SAID.replace(glass="shattered", battery="weak"))
    yield asked(SAID.replace(glass="cracked", lid="best", colour="red"), lid)
    yield asked(SAID.replace(deep="worn"), DEEP)


def valuations() -> Iterator[object]:
    by_age = small.TERMS.replace(age_bands=(AgeBand(0, 10_000),), customer_classes=(CustomerClass("gold", 9_000),))
    programme, bare = small.programme(by_age), dataclasses.replace(small.programme(), terms=())
    yield appraise(Device(small.MODEL), Condition(), programme, at=AT)
    yield appraise(Device(small.MODEL, purchased_on=date(2030, 1, 1)), Condition(), programme, at=AT, customer="lead")
    yield appraise(Device(small.MODEL), Condition(), bare, at=AT)
    yield asked(SAID, at=AT - 20 * DAY)
    yield asked(SAID, at=AT + 400 * DAY)
    unpriced = dataclasses.replace(small.programme(), prices=PriceTable.of([]))
    yield appraise(Device(small.MODEL), Condition(), unpriced, at=AT)


def coupons() -> Iterator[object]:
    quote, programme = trade.quote(), trade.programme()
    given: dict[str, Any] = {"account": ACCOUNT, "key": KEY}
    yield issue(quote, programme, at=AT - DAY, **given)
    yield issue(quote.without_imei(), programme, at=AT + 9 * DAY, **given)
    yield issue(quote.replace(imeis=(), indicative=True), programme, at=AT, **given)
    yield issue(quote.replace(seal="0" * 64), programme, at=AT, **given)
    yield issue(quote.replace(exchange_value=0, coupon_value=0, lines=()), programme, at=AT, **given)
    yield issue(quote, trade.programme(factor_bps=9_000), at=AT, **given)
    yield issue(quote, trade.programme(quote_seal="required"), at=AT, **given)
    yield issue(quote, {}, at=AT, **given)
    yield issue(quote.sealed(small.KEY).without_imei().replace(seal=""), trade.programme(), at=AT, **given)
    coupon = trade.issued().coupon
    plain: dict[str, Any] = {"account": ACCOUNT, "at": AT}
    free = Order("o", (OrderLine("Two", "smartphone", "Acme", "shop", 0),), INR, ("student",))
    other = Order("o", (OrderLine("Pad", "tablet", "Nilo", "street", 5),), Currency("JPY"))
    dear = coupon.replace(usage=coupon.usage.replace(minimum_order_minor=10**9))
    yield check(coupon.replace(account="b"), free, keys=(KEY,), **plain)
    yield check(dear, ORDER, **plain)
    other_coupon = issue(quote, programme, account="b", at=AT, key=KEY)
    assert isinstance(other_coupon, Coupon)
    yield split_order(ORDER, [coupon, other_coupon], at=AT)
    yield check(coupon.replace(awaited=True, valid_until=None), ORDER, **plain)
    for standing in (CouponStanding.RESERVED, CouponStanding.USED, CouponStanding.VOID):
        yield check(coupon, other, standing=standing, **plain)
    yield check(coupon, ORDER, account=ACCOUNT, at=AT - DAY)
    yield check(coupon, ORDER, account=ACCOUNT, at=AT + 90 * DAY)


def exchanges() -> Iterator[object]:
    given: dict[str, Any] = {"account": ACCOUNT, "at": AT, "key": KEY}
    for rules in (RULES.replace(rebuy="after", rebuy_days=90), RULES.replace(rebuy="never")):
        quote, programme = trade.quote(rules), trade.programme(rules)
        yield accept(quote, programme, exchange_open=True, device_open=True, device_bought=AT - DAY, **given)
    programme = trade.programme(usage=small.USAGE.replace(applies_to="one_unit", devices_per_order=2))
    several = appraise(Device(small.MODEL, trade.IMEI), SAID, programme, at=AT)
    assert isinstance(several, Quote)
    yield accept(several, programme, exchange_open=True, **given)
    scarce = Bonus("launch", "Launch", amount_minor=5, quota=1)
    programme = trade.programme(bonuses=(scarce,))
    last = appraise(Device(small.MODEL, trade.IMEI), SAID, programme, at=AT)
    assert isinstance(last, Quote)
    yield accept(last, programme, bonuses_given={"launch": 1}, **given)
    limits = RULES.replace(limits=(Limit("once", "account", 1, 30), Limit("home", "address", 1, 30)))
    yield accept(trade.quote(limits), trade.programme(limits), begun={"once": [AT]}, **given)
    yield accept(trade.quote(None), trade.programme(None), **given)
    begun, held, ended = trade.issued(), trade.reserved(), trade.completed()
    dearer = ORDER.replace(lines=(ORDER.lines[0].replace(price_minor=1_300_000),))
    yield apply(begun, Complete(AT, ORDER.id))
    yield apply(begun, Expire(AT - DAY))
    yield apply(begun, Expire(AT + HOUR))
    yield apply(held, Reserve(AT + DAY, dearer, ACCOUNT))
    yield apply(held, Complete(AT + DAY, "order-2"))
    yield apply(trade.reserved(STRICT), Complete(AT + DAY, ORDER.id))
    yield apply(ended, Reverse(AT + 90 * DAY, ORDER.id))
    yield apply(trade.after(ended, Reverse(AT + DAY, ORDER.id)), Expire(AT + 2 * DAY))
    yield apply(trade.completed(RULES.replace(reversal="none", reversal_days=0)), Reverse(AT + DAY, ORDER.id))
    asking = RULES.replace(
        identity_above_minor=0, ownership_above_minor=0, wipe="before_hand_over", send_days=1, unlock_hours=1
    )
    waiting, seen = trade.reserved(asking), trade.inspected(asking)
    yield apply(waiting, Complete(AT + 2 * DAY, ORDER.id))
    yield apply(seen, Complete(AT + DAY, ORDER.id))
    yield apply(seen, Wipe(AT + DAY, "destroy", "record 9"))
    yield apply(trade.after(seen, Identify(AT + DAY, "file 7")), Identify(AT + DAY, "file 8"))
    locks = Examination("locked", SAID, reasons=(reason_of(ReasonCode.ACCOUNTS_PRESENT),))
    locked = trade.after(waiting, Inspect(AT + 2 * HOUR, ORDER.id, locks))
    yield apply(locked, Inspect(AT + DAY, ORDER.id, trade.found(1)))
    destroyed = trade.after(trade.completed(RULES.replace(reversal="old_phone")), Wipe(AT + DAY, "destroy", "record 9"))
    yield apply(destroyed, Reverse(AT + DAY, ORDER.id))
    again = trade.after(held, Inspect(AT + 2 * HOUR, ORDER.id, trade.found(900_000)))
    yield apply(again, Agree(AT + 3 * HOUR, "somebody"))
    yield apply(again, Agree(AT + 90 * DAY, ACCOUNT))
    agent = RULES.replace(authorities=(Authority("agent", 20_000, 50_000, 30),))
    for value, role in ((10**6, "manager"), (980_000, "agent")):
        yield apply(trade.inspected(agent, 900_000), Override(AT + DAY, ORDER.id, value, role, "p-7", "goodwill"))


def inspections() -> Iterator[object]:
    quote, programme = trade.quote(), trade.programme()
    tokens = [device_token(imei, key=KEY) for imei in quote.imeis]
    for seen in (
        trade.seen(imeis=(), screen_lock_off=False, accounts_removed=False, memory_card_out=False),
        trade.seen(answers=SAID.replace(glass="scratched")),
        trade.seen(imeis=(trade.OTHER,)),
        trade.seen(model="acme-two"),
    ):
        yield examine(quote.without_imei(), seen, programme, device_tokens=tokens, key=KEY)
    deeper = small.programme(small.asking(*trade.QUESTIONS, DEEP))
    quoted = appraise(Device(small.MODEL, trade.IMEI, trade.IMEI2), SAID, deeper, at=AT)
    assert isinstance(quoted, Quote)
    seen = trade.seen(answers=SAID.replace(glass="scratched", deep="worn"), evidence=(("glass", "photo"),))
    yield examine(quoted, seen, deeper, device_tokens=tokens, key=KEY)


def many() -> Iterator[object]:
    yield refusal_of([reason_of(ReasonCode.ORDER_STACKING, discount=f"{number}") for number in range(99)])


def reasons_in(answer: object) -> Iterator[Reason]:
    for name in ("reasons", "warnings"):
        yield from getattr(answer, name, ())


def test_every_row_is_made_by_the_verbs_and_each_reason_can_be_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    made = set()
    template = _texts.template

    def noted(code: str, case: str) -> _texts.Template:
        made.add((code, case) if (code, case) in ROWS else ("", case))
        return template(code, case)

    monkeypatch.setattr(_texts, "template", noted)
    refusal._plain.cache_clear()  # noqa: SLF001 - it remembers those without values
    refusal._public.cache_clear()  # noqa: SLF001 - as above
    Refusal((Reason(ReasonCode.ORDER_BRAND, "m", "r"),)).public()
    for scene in (imeis, devices, conditions, valuations, coupons, exchanges, inspections, many):
        for answer in scene():
            for reason in reasons_in(answer):
                assert small.IMEI[8:14] not in f"{reason}{reason.values}{reason.subject}"
                assert reason.text("hi") != reason.text() != reason.text("ur"), reason
    in_ledger = {(row["code"], row["case"]) for row in TEXTS if row["source"].startswith("ledger/")}
    assert set(ROWS) - made == in_ledger
