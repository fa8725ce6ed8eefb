"""The laws of the coupon: its window, its discounts, and its code."""

from __future__ import annotations

import dataclasses
import string
from datetime import datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import (
    Coupon,
    CouponStanding,
    Order,
    Programme,
    Quote,
    Redemption,
    Refusal,
    UsageRules,
    coupon_for,
    issue,
)
from miexchange.coupon import device_token, normal_code
from miexchange.exchange import split_order
from miexchange.imei import Imei
from miexchange.laws import _oracle as oracle
from miexchange.strategies import Enquiry, coupons, enquiries, imeis, orders
from property.effort import effort

if TYPE_CHECKING:
    from random import Random

KEY = b"0123456789abcdef"
TICK = timedelta(microseconds=1)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of Crockford's base 32
TYPED = string.digits + string.ascii_letters + "-* "
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
KEYS = st.binary(max_size=8).map(lambda drawn: sha256(drawn).digest())


@st.composite
def purchases(draw: st.DrawFn) -> tuple[Coupon, Order]:
    """Draw a coupon with an order that it may buy something of."""
    coupon = draw(coupons())
    return coupon, draw(orders(coupon.usage, coupon.currency))


@cache
def code_of(text: str) -> str:
    """Return a code that a text leads to."""
    symbols = (f"{text}{number:015d}" for number in range(40))
    return next(code for one in symbols for end in string.digits if (code := normal_code(one + end)) is not None)


def spend(coupon: Coupon, order: Order, at: datetime | None = None) -> Redemption | Refusal:
    """Check as the account that the coupon was given to."""
    return coupon.check(order, account=coupon.account, at=at or coupon.valid_from)


# ----- the window


@given(coupons(), ZONES, st.data())
def test_the_window_is_half_open_to_the_microsecond(coupon: Coupon, zone: timezone, data: st.DataObject) -> None:
    """Design, section 8: window half open on UTC instants, [issued_at, issued_at + 14 x 24 h); in any zone."""
    end = coupon.valid_until or coupon.valid_from + timedelta(days=36_500)
    edges = {
        coupon.valid_from - TICK: False,
        coupon.valid_from: True,
        end - TICK: True,
        end: not coupon.usage.valid_days,
    }
    at = data.draw(st.sampled_from(sorted(edges)))
    assert coupon.is_valid_at(at.astimezone(zone)) is edges[at]
    days = coupon.usage.valid_days
    assert coupon.valid_until == (coupon.valid_from + timedelta(hours=24 * days) if days else None)


@given(purchases(), ZONES, st.timedeltas(-timedelta(400), timedelta(400)))
def test_check_and_is_valid_at_are_one_rule(purchase: tuple[Coupon, Order], zone: timezone, after: timedelta) -> None:
    """Design, section 8: one function decides, every path uses it."""
    coupon, order = purchase
    at = (coupon.valid_from + after).astimezone(zone)
    answer = spend(coupon, order, at)
    codes = set() if isinstance(answer, Redemption) else set(answer.codes)
    assert bool(codes & {"coupon_expired", "coupon_not_yet_valid"}) is not coupon.is_valid_at(at)


@st.composite
def offers(draw: st.DrawFn) -> tuple[Quote, Programme]:
    """Draw a quote with an IMEI, and the programme that made it."""
    enquiry = draw(enquiries(imei=True))
    quote = enquiry.answer()
    assert isinstance(quote, Quote)
    return quote, enquiry.programme


@given(offers(), st.timedeltas(-timedelta(10), timedelta(10)))
def test_a_quote_can_be_accepted_in_its_window_only(offer: tuple[Quote, Programme], after: timedelta) -> None:
    """Quote.valid_until: the first instant at which it can no longer be accepted."""
    quote, programme = offer
    at = quote.at + after
    answer = issue(quote, programme, account="a", at=at, key=KEY)
    assert isinstance(answer, Coupon) is (quote.at <= at < quote.valid_until)
    if isinstance(answer, Coupon):
        assert answer.valid_from == at
        assert answer.value == quote.coupon_value
    for edge, good in ((quote.at, True), (quote.valid_until - TICK, True), (quote.valid_until, False)):
        assert isinstance(issue(quote, programme, account="a", at=edge, key=KEY), Coupon) is good


# ----- the discount


def pencil(coupon: Coupon, order: Order) -> tuple[int, ...] | None:
    """Work out the discounts again, from the words of the rules; None where nothing can be bought."""
    usage = coupon.usage
    fits = [
        all((line.category in usage.categories, line.brand in usage.brands, line.channel in usage.channels))
        for line in order.lines
    ]
    total = sum(line.price_minor * line.quantity for line, fit in zip(order.lines, fits, strict=True) if fit)
    if (
        not any(fits)
        or total < max(usage.minimum_order_minor, 1)
        or set(order.other_discounts) - set(usage.stacks_with)
    ):
        return None

    def worth(products: set[str]) -> int:
        return coupon.exchange_value + sum(
            bonus.amount for bonus in coupon.bonuses if bonus.target is None or bonus.target in products
        )

    if usage.applies_to == "eligible_lines":
        weights = [line.price_minor * line.quantity * fit for line, fit in zip(order.lines, fits, strict=True)]
        bought = {line.product for line, fit in zip(order.lines, fits, strict=True) if fit}
        return oracle.shares(min(worth(bought), total), weights)
    best: tuple[int, int, int] | None = None
    for place, (line, fit) in enumerate(zip(order.lines, fits, strict=True)):
        if fit:
            offer = (min(worth({line.product}), line.price_minor), line.price_minor, -place)
            best = offer if best is None else max(best, offer)
    assert best is not None
    return tuple(best[0] if place == -best[2] else 0 for place in range(len(order.lines)))


@given(purchases())
@effort(1.5)
def test_the_discounts_are_what_a_pencil_says(purchase: tuple[Coupon, Order]) -> None:
    """Design, section 8: discount per order line, by largest remainder; or on one unit, the dearest."""
    coupon, order = purchase
    # The pencil splits one paisa at a time, so it gets small prices.
    lines = tuple(line.replace(price_minor=line.price_minor % 3_000) for line in order.lines)
    order = order.replace(lines=lines)
    bonuses = tuple(bonus.replace(amount=bonus.amount % 500) for bonus in coupon.bonuses)
    coupon = coupon.replace(exchange_value=coupon.exchange_value % 4_000, bonuses=bonuses)
    answer, expected = spend(coupon, order), pencil(coupon, order)
    assert isinstance(answer, Redemption) is (expected is not None)
    if isinstance(answer, Redemption):
        assert answer.discounts == expected


@given(purchases())
@effort(1.5)
def test_a_discount_is_never_too_large(purchase: tuple[Coupon, Order]) -> None:
    """Design, section 8: never above a line, never negative; the lines add up, and nothing is lost."""
    coupon, order = purchase
    answer = spend(coupon, order)
    if not isinstance(answer, Redemption):
        return
    for discount, line in zip(answer.discounts, order.lines, strict=True):
        unit = line.price_minor if coupon.usage.applies_to == "one_unit" else line.total_minor
        assert 0 <= discount <= unit
    assert sum(answer.discounts) == answer.discount <= min(coupon.value, order.total_minor)
    assert answer.to_pay == order.total_minor - answer.discount >= 0
    assert answer.given + answer.forfeited == coupon.value
    assert min(answer.forfeited, answer.store_credit) >= 0
    assert not answer.store_credit or coupon.usage.surplus == "store_credit"
    if coupon.usage.applies_to == "one_unit":
        assert sum(discount > 0 for discount in answer.discounts) <= 1


@given(purchases(), st.integers(1, 10**6))
def test_a_coupon_worth_more_never_takes_less_off(purchase: tuple[Coupon, Order], more: int) -> None:
    """Design, promise 5, at the till: what is worth more never buys less."""
    coupon, order = purchase
    answer = spend(coupon, order)
    richer = spend(coupon.replace(exchange_value=coupon.exchange_value + more), order)
    assert isinstance(answer, Redemption) is isinstance(richer, Redemption)
    if isinstance(answer, Redemption) and isinstance(richer, Redemption):
        assert richer.discount >= answer.discount


def usage_codes(usage: UsageRules, order: Order) -> set[str]:
    """Say which rules of use an order breaks where no line of it can be bought."""
    codes = set()
    for line in order.lines:
        codes |= {"order_category"} if line.category not in usage.categories else set()
        codes |= {"order_brand"} if line.brand not in usage.brands else set()
        codes |= {"order_channel"} if line.channel not in usage.channels else set()
    return codes


@given(
    coupons(),
    orders(),
    st.sampled_from(CouponStanding),
    st.sampled_from(["", "!"]),
    st.timedeltas(-timedelta(2), timedelta(400)),
)
@effort(1.5)
def test_a_refusal_has_every_reason(
    coupon: Coupon, order: Order, standing: CouponStanding, account: str, after: timedelta
) -> None:
    """Design, section 8: or a Refusal with every reason."""
    at, usage = coupon.valid_from + after, coupon.usage
    answer = coupon.check(order, account=coupon.account + account, at=at, standing=standing)
    expected = {"coupon_other_account"} if account else set()
    expected |= {"coupon_not_yet_valid"} if at < coupon.valid_from else set()
    expected |= {"coupon_expired"} if coupon.valid_until is not None and at >= coupon.valid_until else set()
    expected |= set() if standing == "unused" else {f"coupon_{standing}"}
    expected |= {"order_stacking"} if set(order.other_discounts) - set(usage.stacks_with) else set()
    fits = [
        line.category in usage.categories and line.brand in usage.brands and line.channel in usage.channels
        for line in order.lines
    ]
    total = sum(line.total_minor for line, fit in zip(order.lines, fits, strict=True) if fit)
    if not any(fits):
        expected |= usage_codes(usage, order)
    elif order.currency == coupon.currency and total < max(usage.minimum_order_minor, 1):
        expected.add("order_below_minimum")
    expected |= {"order_currency"} if order.currency != coupon.currency else set()
    assert isinstance(answer, Refusal) is bool(expected)
    if isinstance(answer, Refusal):
        assert set(answer.codes) == expected
        assert answer.public().codes == ("coupon_not_usable",)


@given(coupons(), orders(), orders())
def test_every_stranger_hears_the_same(coupon: Coupon, one: Order, other: Order) -> None:
    """Design, section 8: Refusal.public is one uniform answer, so that a guesser learns nothing."""
    at = coupon.valid_until or coupon.valid_from
    heard = [coupon.check(order, account="somebody else", at=at) for order in (one, other)]
    assert all(isinstance(answer, Refusal) for answer in heard)
    assert len({answer.public() for answer in heard if isinstance(answer, Refusal)}) == 1


# ----- the code


@given(offers(), st.text(string.ascii_letters, min_size=1), KEYS, st.timedeltas(timedelta(), timedelta(0, 3599)))
def test_accepting_twice_gives_the_same_code(
    offer: tuple[Quote, Programme], account: str, key: bytes, later: timedelta
) -> None:
    """Design, section 8: the code is derived, not drawn; accepting twice gives the same coupon."""
    quote, programme = offer
    first, again = (issue(quote, programme, account=account, at=at, key=key) for at in (quote.at, quote.at + later))
    assert isinstance(first, Coupon)
    assert isinstance(again, Coupon)
    assert first.code == again.code
    assert first.device_tokens == again.device_tokens
    window = {"valid_from": again.valid_from, "valid_until": again.valid_until, "seal": again.seal}
    assert first.replace(**window) == again
    read = Quote.from_json(quote.to_json(reveal_imei=True))
    assert issue(read, programme, account=account, at=quote.at, key=key) == first
    rotated = issue(quote, programme, account=account, at=quote.at, key=key + b"!", old_keys=(key,))
    assert isinstance(rotated, Coupon)
    assert rotated.code == first.code
    assert set(rotated.device_tokens) > set(first.device_tokens)


@given(enquiries(imei=True), st.sampled_from(["account", "key", "quote", "imei"]), imeis())
def test_another_account_key_or_quote_has_another_code(enquiry: Enquiry, changed: str, number: Imei) -> None:
    """Design, section 8: a keyed hash of quote and account."""
    other = enquiry
    if changed == "quote":
        other = dataclasses.replace(enquiry, at=enquiry.at + TICK)
    if changed == "imei":
        assert isinstance(enquiry.device.imei, Imei)
        imei = Imei.from_body(enquiry.device.imei.tac + number.serial)
        other = dataclasses.replace(enquiry, device=enquiry.device.replace(imei=imei))
    quote, another = enquiry.answer(), other.answer()
    assert isinstance(quote, Quote)
    assume(isinstance(another, Quote) and (changed != "imei" or another != quote))
    assert isinstance(another, Quote)
    one = issue(quote, enquiry.programme, account="a", at=quote.at, key=KEY)
    two = issue(
        another,
        enquiry.programme,
        account="b" if changed == "account" else "a",
        at=another.at,
        key=KEY[::-1] if changed == "key" else KEY,
    )
    assert isinstance(one, Coupon)
    assert isinstance(two, Coupon)
    assert one.code != two.code
    assert (one.device_tokens == two.device_tokens) is (changed in {"account", "quote"})


@given(coupons())
def test_a_code_has_no_look_alikes(coupon: Coupon) -> None:
    """Design, section 8: an alphabet without look-alikes, and a check character."""
    assert len(coupon.code) == 17
    assert set(coupon.code) <= set(ALPHABET)
    assert normal_code(coupon.code) == coupon.code == coupon.display_code.replace("-", "")


@given(coupons(), st.lists(st.sampled_from(["", "-", " ", " - "]), min_size=17, max_size=17), st.data())
def test_a_code_is_read_as_people_type_it(coupon: Coupon, between: list[str], data: st.DataObject) -> None:
    """Design, section 8: reading repairs O/0 and I/1, case and hyphens."""
    alike = {"0": "0Oo", "1": "1IiLl"}
    typed = [
        data.draw(st.sampled_from(alike.get(character, character + character.lower()))) for character in coupon.code
    ]
    text = "".join(map("".join, zip(typed, between, strict=True)))
    assert normal_code(text) == coupon.code


@given(coupons())
@effort(0.3)
def test_every_single_slip_in_a_code_is_found(coupon: Coupon) -> None:
    """normal_code: the check character finds every single wrong character and every swapped pair."""
    code = coupon.code
    for place in range(17):
        for character in TYPED:
            typed = code[:place] + character + code[place + 1 :]
            assert normal_code(typed) in (None, code)
            same = character.upper().translate(str.maketrans("OIL", "011")) == code[place]
            assert (normal_code(typed) == code) is same
    for place in range(16):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert normal_code(swapped) == (code if code[place] == code[place + 1] else None)
    assert normal_code(code[:-1]) is None
    assert normal_code(f"{code}0") is None


@given(imeis(), imeis(), KEYS)
def test_a_token_is_the_phones_and_not_its_number(one: Imei, other: Imei, key: bytes) -> None:
    """Design, promise 10: stored only as a keyed token; every spelling of one phone's number has one."""
    token = device_token(one, key=key)
    assert device_token(Imei.from_imeisv(f"{one.body}07"), key=key) == token
    assert (device_token(other, key=key) == token) is (one.body == other.body)
    assert device_token(one, key=key + b"!") != token
    assert len(token) == 32


@given(enquiries(imei=True))
def test_one_call_is_two(enquiry: Enquiry) -> None:
    """coupon_for: appraise and issue in one call."""
    quote = enquiry.answer()
    assert isinstance(quote, Quote)
    at_once = coupon_for(enquiry.device, enquiry.condition, enquiry.programme, account="a", key=KEY, **enquiry.facts)
    assert at_once == issue(quote, enquiry.programme, account="a", at=enquiry.at, key=KEY)


# ----- several old phones for one order


OTHERS = st.lists(st.tuples(st.integers(1, 10**7), st.sampled_from("ab")), min_size=1, max_size=3)


@given(purchases(), OTHERS, st.randoms(use_true_random=False))
@effort(0.5)
def test_no_two_coupons_of_an_order_pay_for_the_same_unit(
    purchase: tuple[Coupon, Order], others: list[tuple[int, str]], random: Random
) -> None:
    """exchange.md: every unit is in one part, whatever the order of the coupons; none gives more than alone."""
    (first, order), at = purchase, purchase[0].valid_from
    usage = first.usage.replace(applies_to="one_unit", devices_per_order=4, minimum_order_minor=0)
    until = usage.until(at)
    given_ones = {
        code_of(f"{number}"): first.replace(
            code=code_of(f"{number}"), exchange_value=value, account=account, usage=usage, valid_until=until, seal=""
        )
        for number, (value, account) in enumerate([(first.exchange_value, first.account), *others])
    }
    used = list(given_ones.values())
    parts = split_order(order, used, at=at)
    if isinstance(parts, Refusal):
        assert isinstance(split_order(order, used[::-1], at=at), Refusal)
        return
    units = [(line.product, line.price_minor) for line in order.lines for _ in range(min(line.quantity, 50))]
    assert sum(part.total_minor for part in parts) == order.total_minor
    assert all(part.lines[0].quantity == len(part.lines) == 1 for part in parts[: len(used)])
    found = [spend(coupon, part, at) for coupon, part in zip(used, parts, strict=False)]
    for coupon, redemption, part in zip(used, found, parts, strict=False):
        alone = spend(coupon, order, at)
        assert isinstance(redemption, Redemption)
        assert isinstance(alone, Redemption)
        assert redemption.discount <= alone.discount
        assert redemption.discount + redemption.to_pay == part.total_minor
        assert (part.lines[0].product, part.lines[0].price_minor) in units
    shuffled = random.sample(used, len(used))
    again = split_order(order, shuffled, at=at)
    assert not isinstance(again, Refusal)
    whose = {coupon.code: part for coupon, part in zip(used, parts, strict=False)}
    assert whose == {coupon.code: part for coupon, part in zip(shuffled, again, strict=False)}
    assert parts[len(used) :] == again[len(used) :]
