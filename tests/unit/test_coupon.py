"""The coupon: issued once from a quote, checked against an order, with every amount to the paisa."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from miexchange._html import table
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.coupon import (
    Coupon,
    CouponStanding,
    Order,
    OrderLine,
    Redemption,
    _check_character,
    check,
    coupon_for,
    device_token,
    issue,
    normal_code,
)
from miexchange.eligibility import ImeiStatus
from miexchange.errors import InvalidValue
from miexchange.imei import Imei
from miexchange.money import GREATEST_AMOUNT
from miexchange.programme import Bonus, CustomerClass, Programme, UsageRules
from miexchange.quote import GrantedBonus, Quote
from miexchange.refusal import ReasonCode, Refusal, reason_of
from miexchange.valuation import appraise
from unit import small
from unit.small import INR

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DEVICE = Device(small.MODEL, small.IMEI)
QUOTE = small.quoted(device=DEVICE)
PROGRAMME = small.programme()
MICROSECOND = timedelta(microseconds=1)


def issued(
    quote: Quote = QUOTE,
    programme: Programme = PROGRAMME,
    *,
    account: str = "a1",
    at: datetime = small.AT,
    key: bytes = small.KEY,
) -> Coupon:
    coupon = issue(quote, programme, account=account, at=at, key=key)
    assert isinstance(coupon, Coupon)
    return coupon


COUPON = issued()


def worth(value: int, *bonuses: GrantedBonus, usage: UsageRules = small.USAGE) -> Coupon:
    """Return a coupon of an exchange value."""
    return COUPON.replace(exchange_value=value, bonuses=bonuses, usage=usage)


def line(
    price: int,
    product: str = "Two",
    *,
    category: str = "smartphone",
    brand: str = "Acme",
    channel: str = "shop",
    quantity: int = 1,
) -> OrderLine:
    return OrderLine(product, category, brand, channel, price, quantity)


def redeemed(coupon: Coupon, *lines: OrderLine, **more: Any) -> Redemption:  # noqa: ANN401 - passed on
    redemption = coupon.check(Order("o1", lines, INR, **more), account="a1", at=small.AT)
    assert isinstance(redemption, Redemption), redemption.explain()
    assert redemption.replace() == redemption, "it is made unchecked, and would pass the check"
    return redemption


def refused(coupon: Coupon, *lines: OrderLine, **more: Any) -> tuple[str, ...]:  # noqa: ANN401 - passed on
    given: dict[str, Any] = {"account": "a1", "at": small.AT}
    given |= {name: more.pop(name) for name in ("account", "at", "standing") if name in more}
    refusal = coupon.check(Order("o1", lines or (line(100_000),), INR, **more), **given)
    assert isinstance(refusal, Refusal)
    return refusal.codes


# Issue.


def test_a_coupon_carries_what_the_quote_says() -> None:
    assert (COUPON.programme, COUPON.digest, COUPON.terms) == (QUOTE.programme, QUOTE.digest, QUOTE.terms)
    assert (COUPON.account, COUPON.model, COUPON.usage) == ("a1", small.MODEL, small.USAGE)
    assert (COUPON.exchange_value, COUPON.bonuses, COUPON.value) == (1_000_000, (), 1_000_000)
    assert COUPON.money.plain == "10000.00"
    assert (COUPON.valid_from, COUPON.valid_until) == (small.AT, small.AT + timedelta(days=14))


def test_a_coupons_value_is_that_of_the_quote_with_its_bonuses() -> None:
    terms = small.TERMS.replace(bonuses=(Bonus("b", "B", amount_minor=50_000),))
    quote = small.quoted(terms, device=DEVICE)
    assert issued(quote, small.programme(terms)).value == quote.coupon_value == 1_050_000


def test_accepting_twice_gives_the_same_coupon() -> None:
    assert issued() == COUPON
    assert issued(Quote.from_json(QUOTE.to_json(reveal_imei=True))) == COUPON


def test_accepting_later_gives_the_same_code() -> None:
    assert issued(at=small.AT + timedelta(hours=1)).code == COUPON.code


ACCEPTED_AT = [
    (small.AT - MICROSECOND, ("quote_not_yet_valid",)),
    (small.AT, ()),
    (small.AT + timedelta(hours=24) - MICROSECOND, ()),
    (small.AT + timedelta(hours=24), ("quote_expired",)),  # the first instant at which it no longer can be
    (small.AT + timedelta(days=400), ("quote_expired",)),
]


@pytest.mark.parametrize(("at", "codes"), ACCEPTED_AT)
def test_a_quote_can_be_accepted_while_it_lasts(at: datetime, codes: tuple[str, ...]) -> None:
    coupon = issue(QUOTE, PROGRAMME, account="a1", at=at, key=small.KEY)
    assert (coupon.codes if isinstance(coupon, Refusal) else ()) == codes


def test_a_quote_without_an_imei_earns_no_coupon() -> None:
    indicative = issue(small.quoted(), PROGRAMME, account="a1", at=small.AT, key=small.KEY)
    stored = issue(QUOTE.without_imei(), PROGRAMME, account="a1", at=small.AT, key=small.KEY)
    assert isinstance(indicative, Refusal)
    assert isinstance(stored, Refusal)
    assert indicative.codes == stored.codes == ("imei_missing",)
    assert indicative.reasons[0].message == "The quote is indicative: no IMEI was given"
    assert stored.reasons[0].message == "The quote was stored without its IMEI"


def test_all_reasons_against_a_quote_come_at_once() -> None:
    refusal = issue(small.quoted(), PROGRAMME, account="a1", at=small.AT + timedelta(days=2), key=small.KEY)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("imei_missing", "quote_expired")


HOSTILE: list[tuple[str, dict[str, object]]] = [
    ("quote", {"quote": None}),
    ("quote", {"quote": COUPON}),
    ("quote", {"quote": QUOTE.to_json()}),
    ("account", {"account": None}),
    ("account", {"account": ""}),
    ("account", {"account": "a" * 201}),
    ("account", {"account": 5}),
    ("account", {"account": "\ud800"}),  # half a character: nobody can store it
    ("at", {"at": None}),
    ("at", {"at": datetime(2020, 1, 11, 12)}),  # noqa: DTZ001 - the fault itself
    ("key", {"key": b"0123456789abcde"}),  # 15 bytes
    ("key", {"key": "0123456789abcdef"}),
    ("key", {"key": bytearray(16)}),
    ("key", {"key": None}),
]


@pytest.mark.parametrize(("field", "change"), HOSTILE, ids=range(len(HOSTILE)))
def test_an_argument_of_the_wrong_kind_is_an_error_that_names_it(field: str, change: dict[str, object]) -> None:
    arguments: dict[str, Any] = {"quote": QUOTE, "account": "a1", "at": small.AT, "key": small.KEY} | change
    with pytest.raises(InvalidValue) as caught:
        issue(arguments.pop("quote"), PROGRAMME, **arguments)
    assert caught.value.field == field


def test_an_error_about_the_key_does_not_show_it() -> None:
    for key in ("a secret as text", b"a secret"):
        with pytest.raises(InvalidValue) as caught:
            device_token(Imei(small.IMEI), key=key)  # type: ignore[arg-type]
        assert "secret as text" not in str(caught.value)
        assert "a secret" not in repr(caught.value.value)


def test_the_longest_account_is_taken() -> None:
    assert issued(account="a" * 200).account == "a" * 200


def test_valuing_and_issuing_in_one_call() -> None:
    arguments: dict[str, Any] = {"account": "a1", "at": small.AT, "key": small.KEY}
    assert coupon_for(DEVICE, Condition(), small.programme(), **arguments) == COUPON
    refusal = coupon_for(DEVICE, Condition(), small.programme(), exchange_open=True, **arguments)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("exchange_open",)
    refusal = coupon_for(Device(small.MODEL), Condition(), small.programme(), **arguments)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("imei_missing",)


# Code and token.


def test_a_code_has_eighty_bits_and_a_check_character_without_look_alikes() -> None:
    codes = {issued(account=f"account {number}").code for number in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == 17
        assert set(code) <= set(ALPHABET)
        assert normal_code(code) == code


def test_the_code_depends_on_the_key_the_account_and_all_of_the_quote() -> None:
    others = [
        issued(key=b"another sixteen!"),
        issued(account="a2"),
        issued(small.quoted(device=DEVICE, at=small.AT - MICROSECOND)),
        issued(small.quoted(device=DEVICE, price=999_900), small.programme(price=999_900)),
        issued(small.quoted(device=Device(small.MODEL, small.IMEI2))),
    ]
    assert len({COUPON.code, *(other.code for other in others)}) == 6


def test_the_code_is_shown_in_groups_that_are_read_back() -> None:
    assert COUPON.display_code.replace("-", "") == COUPON.code
    assert [len(group) for group in COUPON.display_code.split("-")] == [4, 4, 4, 5]
    assert normal_code(COUPON.display_code) == COUPON.code


def test_a_code_is_read_as_people_write_it() -> None:
    code = next(
        coupon.code
        for coupon in (issued(account=str(number)) for number in range(100))
        if {"0", "1"} <= set(coupon.code)
    )
    for written in (
        code.lower(),
        f" {code[:4]} {code[4:8]}-{code[8:]} ",
        code.replace("0", "O"),
        code.replace("0", "o"),
        code.replace("1", "I"),
        code.replace("1", "i"),
        code.replace("1", "L"),
        code.replace("1", "l"),
    ):
        assert normal_code(written) == code


def test_every_wrong_character_and_every_swapped_pair_is_found() -> None:
    code = COUPON.code
    for place, character in itertools.product(range(len(code)), ALPHABET):
        wrong = code[:place] + character + code[place + 1 :]
        assert normal_code(wrong) == (code if wrong == code else None)
    for place in range(len(code) - 1):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert normal_code(swapped) == (code if swapped == code else None)


NO_CODES = [
    "",
    COUPON.code[:-1],
    COUPON.code + "0",
    "U" * 17,
    "é" * 17,
    COUPON.code[:-1] + "*",
    "0" * 1_000,
    None,
    5,
    b"",
]


@pytest.mark.parametrize("text", NO_CODES, ids=range(len(NO_CODES)))
def test_what_is_no_code_is_none(text: Any) -> None:  # noqa: ANN401 - whatever arrives
    assert normal_code(text) is None


def test_a_token_is_a_keyed_hash_of_the_body_only() -> None:
    imei = Imei(small.IMEI)
    token = device_token(imei, key=small.KEY)
    assert token == hmac.new(small.KEY, b"miexchange device\x0035417803685978", hashlib.sha256).hexdigest()[:32]
    assert device_token(Imei.from_imeisv("3541780368597823"), key=small.KEY) == token  # another software version
    assert device_token(imei, key=b"another sixteen!") != token
    assert device_token(Imei(small.IMEI2), key=small.KEY) != token


def test_a_dual_sim_has_two_tokens_whichever_comes_first() -> None:
    one = issued(small.quoted(device=Device(small.MODEL, small.IMEI, small.IMEI2)))
    other = issued(small.quoted(device=Device(small.MODEL, small.IMEI2, small.IMEI)))
    assert one.device_tokens == other.device_tokens == tuple(sorted(one.device_tokens))
    assert set(COUPON.device_tokens) < set(one.device_tokens)


def test_an_imei_that_stands_twice_in_a_quote_was_not_put_there_by_us() -> None:
    refusal = issue(QUOTE.replace(imeis=QUOTE.imeis * 2), PROGRAMME, account="a1", at=small.AT, key=small.KEY)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("quote_altered",)


def test_a_coupon_holds_no_imei() -> None:
    assert small.IMEI[8:14] not in f"{COUPON!r} {COUPON.to_json()}"


# The value.


def test_a_coupon_round_trips() -> None:
    coupon = worth(100, GrantedBonus("b", 50, "Two"))
    assert Coupon.from_json(coupon.to_json()) == coupon


TAMPERED: list[tuple[dict[str, object], str]] = [
    ({"exchange_value": True}, "exchange_value"),
    ({"exchange_value": "1"}, "exchange_value"),
    ({"exchange_value": 1.0}, "exchange_value"),
    ({"exchange_value": -1}, r"Coupon\.exchange_value is -1: give a whole number from 0"),
    ({"exchange_value": GREATEST_AMOUNT + 1}, "give a whole number from 0 to 100000000000"),
    (
        {"bonuses": [{"id": "b", "amount": -1, "target": None}]},
        r"Coupon\.bonuses\.0\.amount is -1: give a whole number",
    ),
    ({"code": "0" * 17}, "give a code as `issue` makes it"),
    ({"code": COUPON.code.lower()}, "give a code as `issue` makes it"),
    ({"code": COUPON.display_code}, "give a code as `issue` makes it"),
    ({"account": ""}, r"Coupon\.account is empty: give one line of text"),
    ({"account": None}, "account"),
    ({"device_tokens": []}, "Coupon\\.device_tokens is empty: give 1 to 2,000 elements"),
    ({"valid_from": "2020-01-11T06:00:00"}, "names no instant"),
    ({"valid_until": "2020-01-11T06:00:00Z"}, "give an instant after valid_from"),
    ({"valid_until": "2020-01-25"}, "valid_until"),
    ({"valid_until": 1_579_932_000}, "valid_until"),
    ({"usage": {}}, "usage"),
    ({"valid": True}, "valid"),
]


@pytest.mark.parametrize(("change", "rule"), TAMPERED)
def test_a_coupons_json_is_validated(change: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule):
        Coupon.from_dict(COUPON.to_dict() | change)


def test_a_coupons_json_is_validated_and_no_more() -> None:
    # What a coupon is worth is what the ledger holds under its code: the form alone proves nothing.
    changed = Coupon.from_dict(COUPON.to_dict() | {"exchange_value": 1})
    assert changed.value == 1
    assert changed != COUPON


def test_instants_are_read_in_any_zone() -> None:
    coupon = COUPON.replace(valid_from=small.AT.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert coupon == COUPON
    assert coupon.to_json() == COUPON.to_json()


# The window.

END = COUPON.valid_from + timedelta(days=14)
LAST = END - MICROSECOND
WINDOW = [
    (COUPON.valid_from - MICROSECOND, "coupon_not_yet_valid"),
    (COUPON.valid_from, ""),
    (LAST, ""),
    (COUPON.valid_until, "coupon_expired"),
    (END + timedelta(days=1), "coupon_expired"),
]


@pytest.mark.parametrize(("at", "code"), WINDOW)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati"])
def test_the_first_moment_counts_and_the_last_does_not(at: datetime, code: str, zone: str) -> None:
    there = at.astimezone(ZoneInfo(zone))
    assert COUPON.is_valid_at(there) is (not code)
    answer = COUPON.check(Order("o1", (line(100),), INR), account="a1", at=there)
    assert (answer.codes if isinstance(answer, Refusal) else ()) == ((code,) if code else ())
    if isinstance(answer, Redemption):
        assert answer.at == at
        assert answer.at.tzinfo is UTC


def test_an_expired_coupon_says_since_when() -> None:
    refusal = COUPON.check(Order("o1", (line(100),), INR), account="a1", at=END)
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].message == "The coupon was valid for 14 days, until 2020-01-25T06:00:00+00:00"


# Check.


def test_a_coupon_takes_its_value_off() -> None:
    assert redeemed(worth(30_000), line(100_000)) == Redemption(
        COUPON.code, "o1", small.AT, (30_000,), 30_000, to_pay=70_000, forfeited=0, store_credit=0, currency=INR
    )


def test_the_verb_and_the_method_are_one() -> None:
    order = Order("o1", (line(100),), INR)
    assert check(COUPON, order, account="a1", at=small.AT) == COUPON.check(order, account="a1", at=small.AT)


PAID = [
    (99_999, 99_999, 1, 0),  # a paisa left to pay
    (100_000, 100_000, 0, 0),  # exactly the price
    (100_001, 100_000, 0, 1),  # a paisa forfeited
    (0, 0, 100_000, 0),  # worth nothing, and no error
]


@pytest.mark.parametrize(("value", "discount", "to_pay", "forfeited"), PAID)
def test_never_more_than_the_order_costs(value: int, discount: int, to_pay: int, forfeited: int) -> None:
    redemption = redeemed(worth(value), line(100_000))
    assert (redemption.discount, redemption.to_pay) == (discount, to_pay)
    assert (redemption.forfeited, redemption.store_credit) == (forfeited, 0)


def test_the_surplus_may_come_back_as_store_credit() -> None:
    usage = small.USAGE.replace(surplus="store_credit")
    redemption = redeemed(worth(130_000, usage=usage), line(100_000))
    assert (redemption.discount, redemption.forfeited, redemption.store_credit) == (100_000, 0, 30_000)
    redemption = redeemed(worth(90_000, usage=usage), line(100_000))
    assert (redemption.discount, redemption.forfeited, redemption.store_credit) == (90_000, 0, 0)


def test_the_discount_is_spread_over_the_eligible_lines_in_proportion() -> None:
    # 100 over 300, 200 and 100: 50, 33.33 and 16.67; the paisa left over goes to the largest remainder
    lines = line(300), line(999, "Case", category="accessory"), line(200, "Three"), line(100, "Four")
    redemption = redeemed(worth(100), *lines)
    assert redemption.discounts == (50, 0, 33, 17)
    assert redemption.to_pay == 300 + 999 + 200 + 100 - 100


def test_units_count() -> None:
    redemption = redeemed(worth(1_000), line(300, quantity=2), line(200, "Three"))
    assert redemption.discounts == (600, 200)
    assert (redemption.discount, redemption.to_pay, redemption.forfeited) == (800, 0, 200)


ONE = small.USAGE.replace(applies_to="one_unit")
ONE_UNIT = [
    ("the dearest", 50_000, [line(60_000), line(70_000, "Three")], (0, 50_000), 80_000, 0),
    ("the one that it takes most off", 50_000, [line(40_000), line(30_000, "Three")], (40_000, 0), 30_000, 10_000),
    ("one unit of two", 50_000, [line(40_000, quantity=2)], (40_000,), 40_000, 10_000),
    ("what is not covered is left out", 50_000, [line(90_000, brand="B"), line(40_000)], (0, 40_000), 90_000, 10_000),
    ("of two equal ones the first", 50_000, [line(60_000), line(60_000, "Three")], (50_000, 0), 70_000, 0),
    ("not a free one", 50_000, [line(0), line(40_000, "Three")], (0, 40_000), 0, 10_000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "lines", "discounts", "to_pay", "forfeited"),
    [case[1:] for case in ONE_UNIT],
    ids=[c[0] for c in ONE_UNIT],
)
def test_one_unit_of_one_line_gets_the_discount(
    value: int, lines: list[OrderLine], discounts: tuple[int, ...], to_pay: int, forfeited: int
) -> None:
    redemption = redeemed(worth(value, usage=ONE), *lines)
    assert redemption.discounts == discounts
    assert (redemption.discount, redemption.to_pay, redemption.forfeited) == (sum(discounts), to_pay, forfeited)


LAUNCH = GrantedBonus("launch", 20_000, "Two")


def test_a_bonus_for_a_target_is_spent_on_it_only() -> None:
    redemption = redeemed(worth(50_000, LAUNCH), line(100_000, "Three"))
    assert (redemption.discount, redemption.forfeited) == (50_000, 20_000)
    redemption = redeemed(worth(50_000, LAUNCH), line(100_000, "Two"))
    assert (redemption.discount, redemption.forfeited) == (70_000, 0)
    redemption = redeemed(worth(50_000, GrantedBonus("any", 20_000)), line(100_000, "Three"))
    assert (redemption.discount, redemption.forfeited) == (70_000, 0)


def test_a_bonus_for_a_target_draws_the_one_unit_to_it() -> None:
    # 70,000 off the target, or 50,000 off the dearer one
    redemption = redeemed(worth(50_000, LAUNCH, usage=ONE), line(90_000, "Three"), line(80_000, "Two"))
    assert redemption.discounts == (0, 70_000)
    # but not where the target is cheap: 60,000 at most
    redemption = redeemed(worth(65_000, LAUNCH, usage=ONE), line(90_000, "Three"), line(60_000, "Two"))
    assert redemption.discounts == (65_000, 0)
    assert redemption.forfeited == 20_000


def test_a_bonus_that_does_not_apply_is_no_store_credit() -> None:
    usage = small.USAGE.replace(surplus="store_credit")
    redemption = redeemed(worth(50_000, LAUNCH, usage=usage), line(40_000, "Three"))
    assert (redemption.discount, redemption.store_credit, redemption.forfeited) == (40_000, 10_000, 20_000)


LINES = [
    ("order_category", line(100, category="accessory")),
    ("order_brand", line(100, brand="Other")),
    ("order_channel", line(100, channel="store")),
]


@pytest.mark.parametrize(("code", "other"), LINES)
def test_a_line_that_is_not_covered_gets_nothing(code: str, other: OrderLine) -> None:
    assert refused(COUPON, other) == (code,)
    assert redeemed(worth(50), line(80), other).discounts == (50, 0)


def test_every_reason_of_every_line_is_given() -> None:
    bad = line(100, "Case", category="accessory", brand="Other", channel="store")
    refusal = COUPON.check(Order("o1", (bad, line(5, "Pen", brand="Other")), INR), account="a1", at=small.AT)
    assert isinstance(refusal, Refusal)
    assert [(reason.code, reason.subject) for reason in refusal.reasons] == [
        ("order_category", "Case"),
        ("order_brand", "Case"),
        ("order_channel", "Case"),
        ("order_brand", "Pen"),
    ]
    assert refusal.reasons[1].message == "Case is not covered: the coupon buys Acme, Zeta, not Other"
    assert refusal.reasons[2].message == "Case is not covered: the coupon is used on shop, not store"


MINIMUM = [(99_999, ("order_below_minimum",)), (100_000, ()), (100_001, ())]


@pytest.mark.parametrize(("total", "codes"), MINIMUM)
def test_the_least_order_is_of_eligible_lines(total: int, codes: tuple[str, ...]) -> None:
    coupon = worth(10, usage=small.USAGE.replace(minimum_order_minor=100_000))
    lines = line(total - 1), line(1, "Three"), line(50_000, "Case", category="accessory")
    answer = coupon.check(Order("o1", lines, INR), account="a1", at=small.AT)
    assert (answer.codes if isinstance(answer, Refusal) else ()) == codes


def test_only_some_discounts_stack() -> None:
    assert redeemed(COUPON, line(100), other_discounts=("bank_offer",)).discount == 100
    assert refused(COUPON, other_discounts=("bank_offer", "sale")) == ("order_stacking",)


STANDINGS = [
    (CouponStanding.RESERVED, "coupon_reserved"),
    (CouponStanding.USED, "coupon_used"),
    (CouponStanding.VOID, "coupon_void"),
]


@pytest.mark.parametrize(("standing", "code"), STANDINGS)
def test_a_coupon_is_used_once(standing: CouponStanding, code: str) -> None:
    assert refused(COUPON, standing=standing) == (code,)
    assert refused(COUPON, standing=standing.value) == (code,)  # the plain text is the standing too


def test_a_coupon_is_its_accounts() -> None:
    assert refused(COUPON, account="a2") == ("coupon_other_account",)
    assert refused(COUPON, account="A1") == ("coupon_other_account",)


def test_all_reasons_come_at_once_and_strangers_see_none_of_them() -> None:
    order = Order("o1", (line(5, brand="Other"),), INR, ("sale",))
    refusal = COUPON.check(order, account="a2", at=END, standing=CouponStanding.USED)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("coupon_other_account", "coupon_expired", "coupon_used", "order_brand", "order_stacking")
    assert refusal.public().codes == ("coupon_not_usable",)


HOSTILE_CHECKS: list[tuple[str, dict[str, object]]] = [
    ("coupon", {"coupon": None}),
    ("coupon", {"coupon": COUPON.code}),
    ("order", {"order": None}),
    ("order", {"order": (line(100),)}),
    ("at", {"at": datetime(2020, 1, 11, 12)}),  # noqa: DTZ001 - the fault itself
    ("at", {"at": None}),
    ("at", {"at": date(2020, 1, 11)}),
    ("standing", {"standing": "lost"}),
    ("standing", {"standing": None}),
    ("standing", {"standing": 5}),
    ("standing", {"standing": []}),
    ("standing", {"standing": {}}),
]


@pytest.mark.parametrize(("field", "change"), HOSTILE_CHECKS)
def test_a_check_names_the_argument_of_the_wrong_kind(field: str, change: dict[str, object]) -> None:
    order = Order("o1", (line(100),), INR)
    arguments: dict[str, Any] = {"coupon": COUPON, "order": order, "account": "a1", "at": small.AT} | change
    with pytest.raises(InvalidValue) as caught:
        check(arguments.pop("coupon"), arguments.pop("order"), **arguments)
    assert caught.value.field == field


@pytest.mark.parametrize("account", [None, 5, [], b"a1", ""])
def test_nobody_is_another_account(account: Any) -> None:  # noqa: ANN401 - whatever arrives
    assert refused(COUPON, account=account) == ("coupon_other_account",)


# Orders and redemptions as values.

NO_LINES: list[tuple[dict[str, object], str]] = [
    ({"product": ""}, "OrderLine.product"),
    ({"category": "x" * 201}, "OrderLine.category"),
    ({"brand": "\udfff"}, "OrderLine.brand"),
    ({"channel": ""}, "OrderLine.channel"),
    ({"price_minor": -1}, "OrderLine.price_minor"),
    ({"price_minor": GREATEST_AMOUNT + 1}, "OrderLine.price_minor"),
    ({"price_minor": 10**5_000}, "OrderLine.price_minor"),
    ({"quantity": 0}, "OrderLine.quantity"),
    ({"quantity": 1_000_001}, "OrderLine.quantity"),
]


@pytest.mark.parametrize(("change", "field"), NO_LINES)
def test_a_line_has_texts_a_price_and_a_quantity(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        line(100).replace(**change)
    assert caught.value.field == field


def test_the_greatest_line_is_taken() -> None:
    assert line(GREATEST_AMOUNT, quantity=1_000_000).total_minor == 10**17


def test_the_price_of_an_order_that_no_ledger_can_hold_is_refused() -> None:
    most = line(GREATEST_AMOUNT, quantity=1_000_000)
    assert redeemed(worth(30_000), *[most] * 92).to_pay == 92 * 10**17 - 30_000
    with pytest.raises(InvalidValue, match=r"Redemption\.to_pay is 92999999\*+: give a whole number"):
        redeemed(worth(30_000), *[most] * 93)


def test_an_order_has_an_id_and_a_line() -> None:
    assert Order("o1", (line(100, quantity=2), line(5)), INR).total_minor == 205
    with pytest.raises(InvalidValue, match=r"Order\.id is empty: give one line of text"):
        Order("", (line(100),), INR)
    with pytest.raises(InvalidValue, match=r"Order\.lines is empty: give 1 to 1,000 elements"):
        Order("o1", (), INR)


NO_REDEMPTIONS = [
    {"discount": 31_000},  # more than its lines
    {"to_pay": -1},
    {"forfeited": -1},
    {"store_credit": -1},
    {"discounts": (40_000, -10_000)},
]


@pytest.mark.parametrize("change", NO_REDEMPTIONS)
def test_a_redemption_adds_up_and_is_never_negative(change: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match="Redemption"):
        redeemed(worth(30_000), line(100_000)).replace(**change)


def test_the_smallest_of_many_amounts_is_named() -> None:
    with pytest.raises(InvalidValue, match=r"Redemption.* is -7"):
        redeemed(worth(30_000), line(100_000)).replace(to_pay=-7)


def test_a_redemption_is_of_an_instant() -> None:
    redemption = redeemed(worth(30_000), line(100_000))
    assert redemption.replace(at=small.AT.astimezone(ZoneInfo("Asia/Kolkata"))) == redemption
    with pytest.raises(InvalidValue, match=r"Redemption.at is .* names no instant"):
        redemption.replace(at=datetime(2020, 1, 11, 12))  # noqa: DTZ001 - the fault itself


@pytest.mark.parametrize("days", [-1, 3_651, 10**9])
def test_a_validity_that_cannot_be_added_to_an_instant_is_an_error_of_ours(days: int) -> None:
    with pytest.raises(InvalidValue) as caught:
        small.USAGE.replace(valid_days=days)
    assert caught.value.field == "UsageRules.valid_days"


def test_a_surplus_in_cash_is_given_to_the_customer() -> None:
    redemption = redeemed(worth(130_000, usage=small.USAGE.replace(surplus="cash")), line(100_000))
    assert (redemption.discount, redemption.cash, redemption.store_credit) == (100_000, 30_000, 0)
    assert (redemption.surplus, redemption.given) == (30_000, 130_000)


def test_a_code_with_one_full_width_character_is_the_same_code() -> None:
    assert normal_code("\N{FULLWIDTH DIGIT SEVEN}K3M9QXT011ZW8VBJ") == normal_code(
        "7K3M9QXT011ZW8VB\N{FULLWIDTH LATIN CAPITAL LETTER J}"
    )
    assert normal_code("\N{FULLWIDTH DIGIT SEVEN}K3M9QXT011ZW8VBJ") == "7K3M9QXT011ZW8VBJ"


def test_a_name_of_sixty_characters_is_told_in_full() -> None:
    product = "p" * 60
    wrong = OrderLine(product, "tv", "Acme", "shop", 100_000)
    found = COUPON.check(Order("o1", (wrong,), INR), account="a1", at=small.AT)
    assert isinstance(found, Refusal)
    assert product in found.explain()


def test_an_error_of_a_code_names_its_field_and_its_maker() -> None:
    with pytest.raises(InvalidValue, match=r"Coupon\.code is .*: give a code as `issue` makes it") as caught:
        COUPON.replace(code=f"{COUPON.code[:-1]}{'0' if COUPON.code[-1] != '0' else '1'}")
    assert caught.value.field == "Coupon.code"


def test_a_changed_coupon_is_named_before_all_else() -> None:
    """It is not what was issued: whatever else it says comes after that."""
    refusal = COUPON.replace(exchange_value=5).check(
        Order("o1", (line(100),), INR), account="a2", at=END, keys=(small.KEY,)
    )
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("coupon_altered", "coupon_other_account", "coupon_expired")


@pytest.mark.parametrize(
    ("days", "awaited", "is_open"), [(0, False, True), (1, False, False), (14, True, True), (0, True, True)]
)
def test_only_a_coupon_without_an_end_has_none(days: int, *, awaited: bool, is_open: bool) -> None:
    fields: dict[str, Any] = {"usage": small.USAGE.replace(valid_days=days), "awaited": awaited}
    wrong, right = (END, None) if is_open else (None, END)
    assert COUPON.replace(valid_until=right, **fields).valid_until == right
    with pytest.raises(InvalidValue) as caught:
        COUPON.replace(valid_until=wrong, **fields)
    assert caught.value.field == "Coupon.valid_until"


def test_a_coupon_in_a_notebook() -> None:
    coupon = worth(100_000, GrantedBonus("any", 5_000), GrantedBonus("launch", 2_050, "Two"))
    rows = [
        ("device", "", small.MODEL),
        ("exchange value", "1000.00", "small terms 1"),
        ("bonus:any", "50.00", ""),
        ("bonus:launch", "20.50", "Two"),
        ("coupon value", "1070.50", "valid 2020-01-11T06:00:00+00:00 to 2020-01-25T06:00:00+00:00"),
    ]
    assert coupon._repr_html_() == table(f"Coupon {coupon.code[:4]}-…", rows)


def test_a_code_is_the_same_in_every_version() -> None:
    """What a quote says, each under its name, is hashed with the key: a coupon that was issued is never issued anew."""
    terms = small.TERMS.replace(
        bonuses=(Bonus("b", "B", amount_minor=50_000, quota=9),), customer_classes=(CustomerClass("gold", 9_500),)
    )
    programme = small.programme(small.asking(small.cosmetic("glass", "display"), terms=terms))
    device = Device(small.MODEL, small.IMEI, purchased_on=date(2019, 5, 1))
    told: dict[str, Any] = {"bonuses_given": {"b": 2}, "target": "Two", "customer": "gold"}
    quote = appraise(device, Condition({"glass": "best"}), programme, at=small.AT, imei_status=ImeiStatus.CLEAR, **told)
    assert isinstance(quote, Quote)
    coupon = issued(quote, programme)
    said = (
        '"account":"a1","at":"2020-01-11T06:00:00+00:00","bonuses_given":[["b",2]],"condition":{"glass":"best"},'
        f'"counter":COUNTER,"customer":"gold","imei_status":"clear","imeis":["{coupon.device_tokens[0]}"],'
        f'"model":"{small.MODEL}","programme":"small","purchased_on":"2019-05-01","target":"Two","value":1000000'
    )

    def code(counter: int) -> str:
        text = f"miexchange coupon\x00{{{said.replace('COUNTER', str(counter))}}}"
        number = int(hmac.new(small.KEY, text.encode(), hashlib.sha256).hexdigest()[:20], 16)
        symbols = "".join(ALPHABET[number >> 5 * place & 31] for place in range(15, -1, -1))
        return symbols + _check_character(symbols)

    assert coupon.code == next(found for found in map(code, itertools.count()) if set(found) <= set(ALPHABET))


def test_a_seal_is_over_the_coupon_without_its_seal() -> None:
    bare = COUPON.replace(seal="")
    sealed = b"miexchange coupon seal\x00" + bare.to_json().encode()
    assert COUPON.seal == hmac.new(small.KEY, sealed, hashlib.sha256).hexdigest()
    assert (COUPON.sealed(small.KEY), bare.sealed(small.KEY)) == (COUPON, COUPON)
    assert COUPON.is_sealed_by(b"another sixteen!", small.KEY)
    assert not COUPON.is_sealed_by(b"another sixteen!")
    assert not bare.is_sealed_by(small.KEY)


def test_what_is_typed_is_read_up_to_a_length_and_a_ligature_is_no_two_letters() -> None:
    assert normal_code(COUPON.code.ljust(200)) == COUPON.code
    assert normal_code(COUPON.code.ljust(201)) is None
    symbols = next(one for one in (f"CC{number:014}" for number in range(99)) if _check_character(one) in "0123456789")
    code = symbols + _check_character(symbols)
    assert normal_code(f"\uff23\u00adC{code[2:]}") == code
    assert normal_code(f"\u33c4{code[2:]}") is None  # one character for the two letters


def test_a_quote_before_all_terms_is_refused_and_no_error() -> None:
    answer = issue(
        QUOTE.replace(at=small.BEGIN - timedelta(days=1)), PROGRAMME, account="a1", at=small.BEGIN, key=small.KEY
    )
    assert isinstance(answer, Refusal)
    assert answer.codes == ("quote_altered",)


@pytest.mark.parametrize(("account", "kind"), [(5, "type"), (b"a1", "type"), ("", "range"), ("a\n1", "range")])
def test_another_type_is_told_from_another_text(account: Any, kind: str) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match="give the account's id: one line of text") as caught:
        issued(account=account)
    assert (caught.value.field, caught.value.kind) == ("account", kind)


def test_an_awaited_coupon_is_never_valid() -> None:
    awaited = COUPON.replace(awaited=True, valid_until=None)
    endless = COUPON.replace(valid_until=None, usage=small.USAGE.replace(valid_days=0))
    assert [one.is_valid_at(small.AT + timedelta(days=9_999)) for one in (awaited, endless, COUPON)] == [
        *(False, True, False)
    ]
    assert not endless.is_valid_at(small.AT - MICROSECOND)
    assert [one.to_dict().get("form") for one in (COUPON, endless, awaited)] == [None, 2, 3], "who must know of it"


def test_the_least_order_is_one_minor_unit() -> None:
    assert redeemed(COUPON, line(1)).discount == 1
    refusal = COUPON.check(Order("o1", (line(0), line(9, category="tv")), INR), account="a1", at=small.AT)
    assert isinstance(refusal, Refusal)
    assert [(reason.code, reason.message.partition(":")[0]) for reason in refusal.reasons] == [
        (
            "order_below_minimum",
            reason_of(ReasonCode.ORDER_BELOW_MINIMUM, "nothing", order="o1").message.partition(":")[0],
        )
    ]


def test_a_coupon_takes_no_more_than_its_own_lines_cost() -> None:
    other = line(50, category="accessory")
    assert redeemed(worth(1_000), line(100), other).discounts == (100, 0)
    one_unit = worth(1_000, usage=small.USAGE.replace(applies_to="one_unit"))
    assert redeemed(one_unit, other, line(100, "Two"), line(100, "Three")).discounts == (0, 100, 0), "the first of two"
    assert redeemed(one_unit, line(100), line(0, "Free")).discounts == (100, 0)


def test_the_names_in_a_reason_are_cut_at_their_bounds() -> None:
    usage = small.USAGE.replace(categories=("a" * 30, "b" * 31))
    wrong = OrderLine("p" * 61, "c" * 61, "Acme", "shop", 100)
    found = COUPON.replace(usage=usage).check(Order("o1", (wrong,), INR), account="a1", at=small.AT)
    assert isinstance(found, Refusal)
    said = f"{'p' * 59}… is not covered: the coupon buys {'a' * 30}, {'b' * 29}…, not {'c' * 59}…"
    assert (found.reasons[0].message, found.reasons[0].subject) == (said, "p" * 61)


def test_the_greatest_price_of_an_order_is_that_of_64_bits() -> None:
    most = [line(GREATEST_AMOUNT, quantity=1_000_000)] * 92
    rest, few = divmod(2**63 - 1 - 92 * 10**17, 10**6)
    lines = [*most, line(rest, quantity=10**6), line(few + 30_000)]
    assert redeemed(worth(30_000), *lines).to_pay == 2**63 - 1
    beyond = Order("o1", (*lines, line(1)), INR)
    with pytest.raises(InvalidValue) as caught:
        worth(30_000).check(beyond, account="a1", at=small.AT)
    assert caught.value.field == "Redemption.to_pay"


def test_the_kinds_of_other_discounts_are_names() -> None:
    order = Order("o1", (line(1),), INR, ("", "x" * 200))
    assert order.other_discounts == ("", "x" * 200)
    for wrong in ("x" * 201, 5):
        with pytest.raises(InvalidValue) as caught:
            order.replace(other_discounts=(wrong,))
        assert caught.value.field.startswith("Order.other_discounts")
