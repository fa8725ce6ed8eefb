"""What Mi Exchange's terms said in March 2018, rule by rule, against the programme that ships.

Each test states one rule in its docstring, in our words, with the page that reports it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from miexchange import (
    Condition,
    Coupon,
    CouponStanding,
    Device,
    ImeiStatus,
    Order,
    OrderLine,
    Quote,
    Redemption,
    Refusal,
    appraise,
    coupon_for,
    headline,
    issue,
    replay,
)
from miexchange.coupon import device_token, normal_code
from miexchange.imei import Imei
from shipped import shipped_programme
from unit.small import INR

PROGRAMME = shipped_programme("mi-exchange-india")
MODEL = "oneplus-3t-6-64"
VARIANT = PROGRAMME.catalogue.by_model[MODEL]
QUESTIONS = PROGRAMME.terms[0].questionnaire
BEST = QUESTIONS.best(VARIANT)
IMEI, IMEI2 = "863664031234569", "863664036543212"  # both with a TAC of the OnePlus 3T
KEY = b"the shop's own secret key"
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FORTNIGHT = timedelta(days=14)


def value(device: Device | None = None, condition: Condition = BEST, **more: Any) -> Quote | Refusal:  # noqa: ANN401 - passed on
    given: dict[str, Any] = {"at": AT, "imei_status": ImeiStatus.CLEAR} | more
    return appraise(device or Device(MODEL, IMEI), condition, PROGRAMME, **given)


def quoted(device: Device | None = None, condition: Condition = BEST, **more: Any) -> Quote:  # noqa: ANN401 - passed on
    quote = value(device, condition, **more)
    assert isinstance(quote, Quote), quote.explain()
    return quote


def refused(device: Device | None = None, condition: Condition = BEST, **more: Any) -> tuple[str, ...]:  # noqa: ANN401 - passed on
    refusal = value(device, condition, **more)
    assert isinstance(refusal, Refusal)
    return refusal.codes


def credited(*, account: str = "buyer", at: datetime = AT, key: bytes = KEY) -> Coupon:
    coupon = issue(quoted(at=at), PROGRAMME, account=account, at=at, key=key)
    assert isinstance(coupon, Coupon)
    return coupon


def phone(rupees: int, **more: Any) -> OrderLine:  # noqa: ANN401 - passed on
    given = {"product": "Redmi Note 5", "category": "smartphone", "brand": "Redmi", "channel": "mi.com"} | more
    return OrderLine(price_minor=rupees * 100, **given)


def used(*lines: OrderLine, discounts: tuple[str, ...] = (), **more: Any) -> Redemption | Refusal:  # noqa: ANN401 - passed on
    given: dict[str, Any] = {"account": "buyer", "at": AT} | more
    return credited().check(Order("order-1", lines, INR, discounts), **given)


def spent(*lines: OrderLine, **more: Any) -> Redemption:  # noqa: ANN401 - passed on
    redemption = used(*lines, **more)
    assert isinstance(redemption, Redemption), redemption.explain()
    return redemption


def codes(*lines: OrderLine, **more: Any) -> tuple[str, ...]:  # noqa: ANN401 - passed on
    refusal = used(*lines, **more)
    assert isinstance(refusal, Refusal)
    return refusal.codes


# The programme and its models.


def test_it_is_online_from_15_march_2018() -> None:
    """On mi.com since 15 March 2018, read as that midnight in India.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    begins = datetime(2018, 3, 15, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert refused(at=begins - MICROSECOND) == ("programme_not_in_force",)
    assert quoted(at=begins).terms == "2018-03"


def test_fifteen_brands_are_accepted() -> None:
    """Old phones of fifteen brands are taken.

    http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968
    """
    assert len(PROGRAMME.brands) == 15
    listed = {PROGRAMME.catalogue.by_model[listing.model].brand for listing in PROGRAMME.eligible}
    assert listed == PROGRAMME.brands


def test_apple_is_not_accepted() -> None:
    """Three outlets list the brands, and Apple is not among them; the catalogue has no Apple at all.

    https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/
    """
    assert "Apple" not in PROGRAMME.brands
    for name in ("Apple iPhone 7", "iPhone 7", "apple-iphone-7-32", "iphone x"):
        assert refused(Device(name)) == ("model_unknown",)


def test_a_brand_that_is_not_listed_is_not_accepted() -> None:
    """The brands are a closed list.

    https://www.news18.com/news/tech/mi-exchange-goes-online-heres-how-to-exchange-your-old-smartphone-for-a-new-xiaomi-phone-1690657.html
    """
    refusal = value(Device("honor-7-3-16"), QUESTIONS.best(PROGRAMME.catalogue.by_model["honor-7-3-16"]))
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("brand_not_accepted",)
    assert refusal.reasons[0].remedy.startswith("Accepted brands: Asus, Gionee, Google")


def test_a_model_that_is_not_listed_is_not_eligible() -> None:
    """A model that the list does not have cannot be exchanged.

    http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968
    """
    unlisted = [
        variant
        for variant in PROGRAMME.catalogue.variants
        if variant.brand in PROGRAMME.brands and variant.model not in PROGRAMME.eligible
    ]
    assert unlisted
    for variant in unlisted:
        assert refused(Device(variant.model), QUESTIONS.best(variant)) == ("model_not_listed",)


def test_the_variant_must_be_chosen() -> None:
    """RAM and storage must be chosen, since the values differ.

    http://www.financialexpress.com/industry/technology/xiaomi-mi-exchange-how-to-exchange-your-old-smartphone-for-new-xiaomi-smartphone/1100970/
    """
    refusal = value(Device("OnePlus 3T"))
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("variant_missing",)
    assert refusal.reasons[0].remedy == (
        "Choose RAM and storage: 6 GB, 64 GB (oneplus-3t-6-64), 6 GB, 128 GB (oneplus-3t-6-128)"
    )
    assert quoted().exchange_value < quoted(Device("oneplus-3t-6-128", IMEI)).exchange_value


# The IMEI.


def test_the_value_is_shown_before_the_imei() -> None:
    """The value comes first; the IMEI is asked for afterwards.

    http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968
    """
    quote = quoted(Device(MODEL))
    assert quote.indicative
    assert quote.exchange_value == quoted().exchange_value == 1_129_000


def test_the_coupon_needs_the_imei() -> None:
    """The coupon is given for an IMEI.

    https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/
    """
    refusal = issue(quoted(Device(MODEL)), PROGRAMME, account="buyer", at=AT, key=KEY)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("imei_missing",)


def test_either_imei_of_a_dual_sim_phone_will_do() -> None:
    """A dual-SIM phone may be named by its first or its second IMEI; both belong to one device.

    http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968
    """
    for device in (Device(MODEL, IMEI), Device(MODEL, IMEI2), Device(MODEL, None, IMEI2), Device(MODEL, IMEI, IMEI2)):
        assert quoted(device).exchange_value == 1_129_000
    both = coupon_for(Device(MODEL, IMEI2, IMEI), BEST, PROGRAMME, account="buyer", at=AT, key=KEY)
    assert isinstance(both, Coupon)
    assert set(both.device_tokens) == {device_token(Imei(imei), key=KEY) for imei in (IMEI, IMEI2)}


def test_the_imei_of_another_model_is_found_out() -> None:
    """The courier compares the IMEI with the phone; what its TAC says is compared at once.

    https://www.netans.com/2018/03/16/mi-exchange-program/
    """
    assert refused(Device(MODEL, "868617031234562")) == ("tac_other_model",)  # a Xiaomi Mi A1


@pytest.mark.parametrize(
    ("imei", "code"),
    [("863664031234568", "imei_check_digit"), ("86366403123456", "imei_14_digits"), ("", "imei_empty")],
)
def test_a_wrong_imei_is_named_and_not_shown(imei: str, code: str) -> None:
    """The IMEI must be right for the coupon to be given.

    https://www.techradar.com/in/news/xiaomi-now-lets-you-exchange-old-smartphones-for-new-ones-online
    """
    refusal = value(Device(MODEL, imei))
    assert isinstance(refusal, Refusal)
    assert refusal.codes == (code,)
    assert "123456" not in refusal.explain()


# One device at a time.


def test_one_device_at_a_time() -> None:
    """While an exchange is under way the account cannot begin another one.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    assert refused(exchange_open=True) == ("exchange_open",)


def test_a_device_that_was_exchanged_before_is_refused() -> None:
    """One device is exchanged once: what follows from one device at a time.

    http://indianexpress.com/article/technology/mobile-tabs/xiaomi-mi-exchange-programme-now-on-mi-com-heres-how-it-works-5099103/
    """
    assert refused(device_exchanged=True) == ("device_exchanged",)
    assert refused(Device(MODEL), device_exchanged=True) == ("device_exchanged",)  # named by nothing but its model


# The condition.

DAMAGE = [
    "power=unstable",
    "power=dead",
    "touch=faulty",
    "screen_glass=cracked",
    "screen_image=faint_marks",
    "screen_image=lines_or_spots",
    "body=cracked",
    "bend=small_dents",
    "bend=major_dents",
    "bend=bent",
    "cameras=front_fault",
    "cameras=back_fault",
    "speaker_mic=weak",
    "speaker_mic=failed",
    "buttons=sticking",
    "buttons=failed",
    "biometrics=failed",
    "charging_port=faulty",
    "battery=failed",
    "wireless=one_fails",
    "wireless=no_network",
    "liquid=exposed",
    "original_screen=not_original",
]


@pytest.mark.parametrize("answer", DAMAGE)
def test_a_damaged_or_faulty_phone_is_refused(answer: str) -> None:
    """The phone works and has no physical damage: no dent, no crack, nothing irregular.

    https://www.financialexpress.com/industry/technology/mi-exchange-offer-exchange-your-old-phone-and-get-new-redmi-5-note-5-among-others-at-cheap-prices/1104218/
    """
    question, option = answer.split("=")
    refusal = value(condition=BEST.replace(**{question: option}))
    assert isinstance(refusal, Refusal)
    assert [(reason.code, reason.subject) for reason in refusal.reasons] == [("condition_gate", answer)]


def test_there_is_no_other_gate() -> None:
    """Every answer that refuses a phone is tested here by name.

    https://www.techradar.com/in/news/xiaomi-now-lets-you-exchange-old-smartphones-for-new-ones-online
    """
    gates = [
        f"{question.id}={option.id}" for question in QUESTIONS.questions for option in question.options if option.gate
    ]
    assert sorted(gates) == sorted([*DAMAGE, *HAND_OVER])


WEAR = [
    ("screen_glass", "light_scratches", "B", 1_072_000),  # 11,290 x 0.95 = 10,725.50, down to Rs 10
    ("body", "heavy_scratches", "C", 1_016_000),  # 11,290 x 0.90 = 10,161
    ("battery", "worn", "B", 1_072_000),
    ("battery", "weak", "C", 1_016_000),
]


@pytest.mark.parametrize(("question", "answer", "grade", "worth"), WEAR)
def test_wear_is_no_damage_and_lowers_the_grade(question: str, answer: str, grade: str, worth: int) -> None:
    """Normal wear is read as acceptable by one outlet; the programme grades it.

    https://www.gogi.in/mi-exchange-program-lets-you-exchange-your-old-phone.html
    """
    quote = quoted(condition=BEST.replace(**{question: answer}))
    assert (quote.grade, quote.exchange_value) == (grade, worth)


HAND_OVER = ["locks=on", "accounts=present", "memory_card=inside"]


@pytest.mark.parametrize("answer", HAND_OVER)
def test_locks_accounts_and_memory_card_are_gone_at_hand_over(answer: str) -> None:
    """Screen locks are off, accounts are signed out, the memory card is out.

    http://indianexpress.com/article/technology/mobile-tabs/xiaomi-mi-exchange-programme-now-on-mi-com-heres-how-it-works-5099103/
    """
    question, option = answer.split("=")
    refusal = value(condition=BEST.replace(**{question: option}))
    assert isinstance(refusal, Refusal)
    assert [(reason.code, reason.subject) for reason in refusal.reasons] == [("condition_gate", answer)]


def test_box_charger_and_bill_change_nothing() -> None:
    """The reported terms name no box, charger or bill.

    https://techforyou.in/xiaomi-smartphone-exchange-offer-comes-online-via-mi-com/
    """
    without = BEST.replace(box="missing", charger="missing", bill=None)
    assert quoted(condition=without).exchange_value == 1_129_000


# The coupon.


def test_the_coupon_is_credited_at_once_with_the_quotes_value() -> None:
    """On acceptance a coupon of the value shown is in the account at once.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    quote = quoted()
    coupon = issue(quote, PROGRAMME, account="buyer", at=AT, key=KEY)
    assert isinstance(coupon, Coupon)
    assert (coupon.value, coupon.valid_from, coupon.account) == (quote.coupon_value, AT, "buyer")
    assert coupon.money.plain == quote.money.plain == "11290.00"


ZONES = [UTC, ZoneInfo("Asia/Kolkata"), timezone(timedelta(hours=14)), timezone(timedelta(hours=-11))]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_coupon_is_valid_for_14_days_from_the_moment_of_issue(zone: timezone | ZoneInfo) -> None:
    """Fourteen days from the time of issuance, which is an instant and not a day.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    assert codes(phone(9_999), at=(AT - MICROSECOND).astimezone(zone)) == ("coupon_not_yet_valid",)
    assert spent(phone(9_999), at=AT.astimezone(zone)).discount == 999_900
    assert spent(phone(9_999), at=(AT + FORTNIGHT - MICROSECOND).astimezone(zone)).discount == 999_900
    assert codes(phone(9_999), at=(AT + FORTNIGHT).astimezone(zone)) == ("coupon_expired",)


def test_a_clock_that_is_put_forward_takes_nothing_from_the_14_days() -> None:
    """Fourteen days are 14 x 24 hours for a buyer abroad too, though clocks change on 25 March 2018.

    https://www.news18.com/news/tech/mi-exchange-goes-online-heres-how-to-exchange-your-old-smartphone-for-a-new-xiaomi-phone-1690657.html
    """
    berlin = ZoneInfo("Europe/Berlin")
    there = datetime(2018, 3, 20, 13, tzinfo=berlin)  # 12:00 UTC in winter time
    coupon = credited(at=there)
    last = datetime(2018, 4, 3, 14, tzinfo=berlin)  # 12:00 UTC in summer time, 14 x 24 hours later
    order = Order("order-1", (phone(9_999),), INR)
    assert coupon.valid_until == last
    assert isinstance(coupon.check(order, account="buyer", at=datetime(2018, 4, 3, 13, 30, tzinfo=berlin)), Redemption)
    assert isinstance(coupon.check(order, account="buyer", at=last - MICROSECOND), Redemption)
    assert isinstance(coupon.check(order, account="buyer", at=last), Refusal)


def test_a_clock_that_is_put_back_adds_nothing_to_the_14_days() -> None:
    """The same in autumn, when an hour comes twice: New York, 4 November 2018, with a later price list.

    https://www.news18.com/news/tech/mi-exchange-goes-online-heres-how-to-exchange-your-old-smartphone-for-a-new-xiaomi-phone-1690657.html
    """
    new_york = ZoneInfo("America/New_York")
    issued_at = datetime(2018, 10, 21, 1, 30, tzinfo=new_york)  # 05:30 UTC
    coupon = credited().replace(valid_from=issued_at, valid_until=issued_at.astimezone(UTC) + FORTNIGHT)
    first, second = (datetime(2018, 11, 4, 1, 30, fold=fold, tzinfo=new_york) for fold in (0, 1))  # 05:30, 06:30 UTC
    order = Order("order-1", (phone(9_999),), INR)
    assert isinstance(coupon.check(order, account="buyer", at=first - timedelta(hours=1)), Redemption)
    for at in (first, second):
        refusal = coupon.check(order, account="buyer", at=at)
        assert isinstance(refusal, Refusal)
        assert refusal.codes == ("coupon_expired",)


def test_it_buys_a_smartphone_only() -> None:
    """A new smartphone only: no other device, no accessory.

    http://indianexpress.com/article/technology/mobile-tabs/xiaomi-mi-exchange-programme-now-on-mi-com-heres-how-it-works-5099103/
    """
    for category in ("accessory", "television", "tablet"):
        assert codes(phone(1_999, product="Mi thing", brand="Mi", category=category)) == ("order_category",)
    redemption = spent(phone(9_999), phone(599, product="Mi case", brand="Mi", category="accessory"))
    assert redemption.discounts == (999_900, 0)
    assert redemption.to_pay == 59_900  # the accessory is paid in full


def test_it_buys_mi_and_redmi_only() -> None:
    """The coupon is for a new Xiaomi phone.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    assert codes(phone(9_999, product="Galaxy J7", brand="Samsung")) == ("order_brand",)
    for brand in ("Mi", "Redmi"):
        assert spent(phone(9_999, brand=brand)).discount == 999_900


def test_it_is_not_valid_at_mi_home() -> None:
    """It works on mi.com and in no Mi Home store.

    http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968
    """
    for channel in ("mi-home", "mi-home-partner", "mi.com.pl"):
        assert codes(phone(9_999, channel=channel)) == ("order_channel",)
    assert used(phone(9_999, channel="MI.COM "))  # the same channel, as another system spells it


def test_it_is_not_transferable() -> None:
    """The coupon is in one Mi account; that nobody else may use it is stated for the Chinese sister programme.

    http://cdn.cnbj0.fds.api.mi-img.com/b2c-data-mishop/87b3741e2e0b.html
    """
    assert codes(phone(9_999), account="somebody else") == ("coupon_other_account",)


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (CouponStanding.USED, "coupon_used"),
        (CouponStanding.RESERVED, "coupon_reserved"),
        (CouponStanding.VOID, "coupon_void"),
    ],
)
def test_it_is_used_once(standing: CouponStanding, code: str) -> None:
    """A coupon is applied at one checkout; what the ledger says of it is an argument.

    https://www.news18.com/news/tech/mi-exchange-goes-online-heres-how-to-exchange-your-old-smartphone-for-a-new-xiaomi-phone-1690657.html
    """
    assert codes(phone(9_999), standing=standing) == (code,)


def test_the_surplus_is_forfeited() -> None:
    """A coupon above the price of the new phone pays no refund and no cashback.

    https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/
    """
    redemption = spent(phone(7_999))
    # 11,290 - 7,999 = 3,291
    assert (redemption.discount, redemption.to_pay) == (799_900, 0)
    assert (redemption.forfeited, redemption.store_credit) == (329_100, 0)


def test_the_balance_is_paid() -> None:
    """A dearer phone: the customer pays the rest as they choose.

    https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/
    """
    redemption = spent(phone(13_999, product="Redmi Note 5 Pro"))
    # 13,999 - 11,290 = 2,709
    assert (redemption.discount, redemption.to_pay, redemption.forfeited) == (1_129_000, 270_900, 0)


def test_there_is_no_minimum_order_and_there_could_be_one() -> None:
    """No least order is reported, so it is a setting: nothing here.

    https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/
    """
    assert spent(phone(1)).discount == 100
    coupon = credited()
    strict = coupon.replace(usage=coupon.usage.replace(minimum_order_minor=500_000))
    for rupees, least in ((4_999, False), (5_000, True)):
        answer = strict.check(Order("order-1", (phone(rupees),), INR), account="buyer", at=AT)
        assert isinstance(answer, Redemption) is least


def test_of_two_phones_in_an_order_one_gets_the_discount() -> None:
    """One device is exchanged for one new phone: the one that it takes most off.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    redemption = spent(phone(7_999, product="Redmi 5"), phone(13_999, product="Redmi Note 5 Pro"))
    assert redemption.discounts == (0, 1_129_000)
    assert redemption.to_pay == 799_900 + 270_900


def test_of_a_quantity_of_two_one_unit_gets_the_discount() -> None:
    """Two of one phone are two phones.

    http://indianexpress.com/article/technology/mobile-tabs/xiaomi-mi-exchange-programme-now-on-mi-com-heres-how-it-works-5099103/
    """
    redemption = spent(phone(7_999, quantity=2))
    assert (redemption.discounts, redemption.to_pay, redemption.forfeited) == ((799_900,), 799_900, 329_100)


def test_what_it_combines_with_is_a_setting() -> None:
    """Some clubbing was allowed, but the report is cut off, so the programme allows none until it is set.

    http://www.financialexpress.com/industry/technology/xiaomi-mi-exchange-how-to-exchange-your-old-smartphone-for-new-xiaomi-smartphone/1100970/
    """
    assert codes(phone(9_999), discounts=("bank_offer",)) == ("order_stacking",)
    coupon = credited()
    lenient = coupon.replace(usage=coupon.usage.replace(stacks_with=("bank_offer",)))
    order = Order("order-1", (phone(9_999),), INR, ("bank_offer",))
    assert isinstance(lenient.check(order, account="buyer", at=AT), Redemption)


# What follows from them for a shop.


def test_a_code_cannot_be_guessed() -> None:
    """The coupon belongs to an account: its code says nothing about the next one.

    https://gadgets.ndtv.com/mobiles/news/xiaomi-mi-exchange-offer-program-india-how-to-use-1824324
    """
    issued = {credited(account=f"buyer {number}").code for number in range(100)}
    assert len(issued) == 100
    for place in range(16):  # no place of the code is fixed
        assert len({code[place] for code in issued}) > 10
    assert credited(key=b"some other secret").code not in issued


def test_a_code_is_derived_so_a_lost_answer_can_be_asked_for_again() -> None:
    """Credited at once: a second press of the button gives the same coupon and not a second one.

    https://www.financialexpress.com/industry/technology/mi-exchange-offer-exchange-your-old-phone-and-get-new-redmi-5-note-5-among-others-at-cheap-prices/1104218/
    """
    assert credited() == credited()


def test_a_mistyped_code_is_repaired_or_refused() -> None:
    """The code is typed at checkout by hand.

    https://www.news18.com/news/tech/mi-exchange-goes-online-heres-how-to-exchange-your-old-smartphone-for-a-new-xiaomi-phone-1690657.html
    """
    coupon = credited()
    assert normal_code(coupon.display_code.lower().replace("0", "o").replace("1", "l")) == coupon.code
    wrong = ("2" if coupon.code[0] == "3" else "3") + coupon.code[1:]
    assert normal_code(wrong) is None


def test_strangers_learn_nothing_from_a_refusal() -> None:
    """Not transferable: whoever tries codes gets one answer, whatever is wrong.

    http://cdn.cnbj0.fds.api.mi-img.com/b2c-data-mishop/87b3741e2e0b.html
    """
    answers = [
        used(phone(9_999), account="somebody else"),
        used(phone(9_999), at=AT + FORTNIGHT),
        used(phone(9_999), standing=CouponStanding.USED),
        used(phone(9_999, channel="mi-home")),
    ]
    public = {answer.public().to_json() for answer in answers if isinstance(answer, Refusal)}
    assert len(public) == 1
    assert "another account" not in public.pop()


def test_the_value_rests_on_the_condition_and_the_market_price_of_the_day() -> None:
    """The value is that of the device's condition and of the current market price.

    https://www.financialexpress.com/industry/technology/mi-exchange-offer-exchange-your-old-phone-and-get-new-redmi-5-note-5-among-others-at-cheap-prices/1104218/
    """
    midnight = datetime(2018, 4, 15, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert quoted(at=midnight - MICROSECOND).exchange_value == 1_129_000
    assert quoted(at=midnight).exchange_value == 1_077_000


def test_the_value_shown_is_the_value_credited_and_can_be_proved() -> None:
    """The customer accepts the value that is shown.

    https://www.netans.com/2018/03/16/mi-exchange-program/
    """
    quote = headline(MODEL, PROGRAMME, at=AT)
    assert isinstance(quote, Quote)
    assert quote.exchange_value == credited().exchange_value
    assert replay(Quote.from_json(quoted().to_json()), PROGRAMME)
