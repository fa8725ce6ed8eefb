"""The valuation: every step with its line, every bonus rule, what a quote shows, and what replays.

The phone of `small` has a market price of Rs 10,000 (1,000,000 paise) and no question, so each test
shows one rule alone. Amounts are paise.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from miexchange.catalogue import Device
from miexchange.condition import Condition, Option
from miexchange.eligibility import ImeiStatus
from miexchange.errors import InvalidValue
from miexchange.programme import AgeBand, Bonus, Overlap, Programme, Terms
from miexchange.quote import GrantedBonus, Quote, QuoteLine
from miexchange.refusal import Refusal
from miexchange.valuation import Replay, WorstCase, appraise, appraise_again, headline, replay, worst_case
from unit import small

MARKET = ("market", 1_000_000)
NO_GRADE = ("grade", 0)  # the grade is always named, though the best one takes nothing


def lines(terms: Terms, answers: dict[str, str] | None = None, **given: Any) -> list[tuple[str, int]]:  # noqa: ANN401 - passed on
    return small.amounts(small.quoted(terms, answers, **given))


# Retention.


WARRANTY = small.functional("warranty", "warranty", Option("over", "It is over", keep_bps=7_700))
BANDS = (AgeBand(0, 10_000), AgeBand(12, 8_000), AgeBand(24, 5_000))


def test_a_clean_phone_is_worth_the_market_price() -> None:
    assert lines(small.TERMS) == [MARKET, NO_GRADE]


def test_a_regime_keeps_a_share() -> None:
    assert lines(small.asking(WARRANTY), {"warranty": "over"}) == [MARKET, ("retention:warranty", -230_000), NO_GRADE]


AGES = [
    (date(2020, 1, 11), 0),  # bought today
    (date(2019, 1, 12), 0),  # eleven months and 30 days
    (date(2019, 1, 11), -200_000),  # twelve months to the day
    (date(2019, 1, 10), -200_000),
    (date(2018, 1, 12), -200_000),  # a day before 24 months
    (date(2018, 1, 11), -500_000),
    (date(2000, 1, 1), -500_000),  # the last band has no end
]


@pytest.mark.parametrize(("bought", "lost"), AGES)
def test_age_is_counted_in_whole_months(bought: date, lost: int) -> None:
    quote = small.quoted(small.TERMS.replace(age_bands=BANDS), device=Device(small.MODEL, purchased_on=bought))
    expected = [MARKET, ("retention:age", lost), NO_GRADE] if lost else [MARKET, NO_GRADE]
    assert small.amounts(quote) == expected
    assert quote.purchased_on == bought


MONTH_ENDS = [
    (date(2019, 2, 28), datetime(2020, 2, 28, 12, tzinfo=UTC), -200_000),
    (date(2019, 2, 28), datetime(2020, 2, 27, 12, tzinfo=UTC), 0),
    (date(2019, 1, 31), datetime(2020, 1, 30, 12, tzinfo=UTC), 0),
    (date(2019, 1, 31), datetime(2020, 1, 31, 12, tzinfo=UTC), -200_000),
    # 18:30 UTC is midnight in the programme's zone, five and a half hours ahead
    (date(2019, 1, 12), datetime(2020, 1, 11, 18, 29, 59, 999_999, tzinfo=UTC), 0),
    (date(2019, 1, 12), datetime(2020, 1, 11, 18, 30, tzinfo=UTC), -200_000),
]


@pytest.mark.parametrize(("bought", "at", "lost"), MONTH_ENDS)
def test_a_month_is_whole_on_its_day_in_the_programmes_zone(bought: date, at: datetime, lost: int) -> None:
    terms = small.TERMS.replace(age_bands=BANDS, price_max_age_days=100)
    quote = small.quoted(terms, device=Device(small.MODEL, purchased_on=bought), at=at)
    assert quote.exchange_value == 1_000_000 + lost


def test_where_age_matters_the_date_must_be_known_and_past() -> None:
    programme = small.programme(small.TERMS.replace(age_bands=BANDS))
    for bought, code in ((None, "purchase_date_missing"), (date(2020, 1, 12), "purchase_date_in_future")):
        refusal = appraise(Device(small.MODEL, purchased_on=bought), Condition(), programme, at=small.AT)
        assert isinstance(refusal, Refusal)
        assert refusal.codes == (code,)
    # where it does not matter, nobody looks at it
    assert small.quoted(device=Device(small.MODEL, purchased_on=date(2030, 1, 1))).exchange_value == 1_000_000


DRIFT = [
    (small.BEGIN, 0),
    (small.BEGIN + timedelta(days=1) - timedelta(microseconds=1), 0),  # not yet a whole day
    (small.BEGIN + timedelta(days=1), -1_000),  # 10 bps
    (small.AT, -10_000),  # ten days and six hours: ten whole ones
]


@pytest.mark.parametrize(("at", "lost"), DRIFT)
def test_a_price_loses_for_every_whole_day(at: datetime, lost: int) -> None:
    expected = [MARKET, ("retention:drift", lost), NO_GRADE] if lost else [MARKET, NO_GRADE]
    assert lines(small.TERMS.replace(drift_bps_per_day=10), at=at) == expected


def test_retentions_apply_one_after_the_other() -> None:
    terms = small.asking(WARRANTY).replace(age_bands=BANDS, drift_bps_per_day=10)
    quote = small.quoted(terms, {"warranty": "over"}, device=Device(small.MODEL, purchased_on=date(2019, 1, 11)))
    # 1,000,000 x 0.77 = 770,000; x 0.8 = 616,000; x 0.99 = 609,840
    assert small.amounts(quote) == [
        MARKET,
        ("retention:warranty", -230_000),
        ("retention:age", -154_000),
        ("retention:drift", -6_160),
        NO_GRADE,
    ]
    assert [line.source for line in quote.lines] == [
        "market_prices[acme-one-4-64@2020-01-01]",
        "condition[warranty=over]",
        "age_bands[12]",
        "terms[drift_bps_per_day]",
        "grades[A]",
    ]


# Grade, deductions, overlaps, extras.

GLASS = small.cosmetic(
    "glass",
    "display",
    Option("scratched", "It is scratched", grade=1),
    small.costs("cracked", anchor="display", weight_bps=20_260),
)
TOUCH = small.functional("touch", "display", small.costs("dead", anchor="display", weight_bps=36_250))
BODY = small.cosmetic("body", "body", small.costs("dented", share_bps=500))
BILL = small.functional(
    "bill", "accessory", Option("copy", "A copy", extra_minor=1_500), Option("none", "None", extra_minor=-5_000),
    optional=True,
)  # fmt: skip
PORT = small.functional("port", "port", small.costs("loose", amount_minor=12_345))
ASKING = small.asking(GLASS, TOUCH, BODY, PORT, BILL)
BEST = {"glass": "best", "touch": "best", "body": "best", "port": "best", "bill": "best"}
ANCHORS = {"display": 160_000}


def with_answers(terms: Terms = ASKING, **answers: str) -> list[tuple[str, int]]:
    return lines(terms, BEST | answers, anchors=ANCHORS)


def test_a_grade_keeps_a_share() -> None:
    assert with_answers(glass="scratched") == [MARKET, ("grade", -100_000)]  # B keeps 9,000 bps


def test_a_deduction_is_an_amount_a_share_or_a_weight() -> None:
    assert with_answers(port="loose") == [MARKET, NO_GRADE, ("deduction:port", -12_345)]
    assert with_answers(body="dented") == [MARKET, NO_GRADE, ("deduction:body", -50_000)]  # 5 % of the market price
    assert with_answers(glass="cracked") == [MARKET, NO_GRADE, ("deduction:display", -324_160)]  # 2.026 x 160,000


def test_a_share_is_of_the_market_price_and_not_of_what_is_kept() -> None:
    terms = small.asking(WARRANTY, BODY)
    assert lines(terms, {"warranty": "over", "body": "dented"})[-1] == ("deduction:body", -50_000)


def test_within_a_group_only_the_worst_counts_whatever_the_order() -> None:
    worst = [MARKET, NO_GRADE, ("deduction:display", -580_000)]  # 3.625 x 160,000, and not 324,160 on top
    assert with_answers(glass="cracked", touch="dead") == worst
    assert with_answers(small.asking(TOUCH, GLASS, BODY, PORT, BILL), glass="cracked", touch="dead") == worst


def test_of_two_equal_faults_the_first_is_named() -> None:
    one = small.functional("mic", "audio", small.costs("dead", amount_minor=700))
    two = small.functional("speaker", "audio", small.costs("dead", amount_minor=700))
    quote = small.quoted(small.asking(one, two), {"mic": "dead", "speaker": "dead"})
    assert small.amounts(quote) == [MARKET, NO_GRADE, ("deduction:audio", -700)]
    assert quote.lines[-1].source == "condition[mic=dead]"


def test_groups_add_up() -> None:
    assert with_answers(glass="cracked", body="dented", port="loose") == [
        MARKET,
        NO_GRADE,
        ("deduction:display", -324_160),
        ("deduction:body", -50_000),
        ("deduction:port", -12_345),
    ]


OVERLAP = (Overlap("display", "body", 3_270, "a rule"),)


def test_of_two_groups_that_damage_together_the_smaller_counts_in_part() -> None:
    terms = ASKING.replace(overlaps=OVERLAP)
    # the smaller is 50,000; 3,270 bps of it count, so 6,730 bps come back: 33,650
    assert with_answers(terms, glass="cracked", body="dented") == [
        MARKET,
        NO_GRADE,
        ("deduction:display", -324_160),
        ("deduction:body", -50_000),
        ("overlap:display+body", 33_650),
    ]
    assert with_answers(terms, body="dented") == [MARKET, NO_GRADE, ("deduction:body", -50_000)]  # nothing to overlap


def test_extras_go_either_way_and_never_above_the_market_price() -> None:
    assert with_answers(port="loose", bill="copy") == [
        MARKET,
        NO_GRADE,
        ("deduction:port", -12_345),
        ("extra:bill", 1_500),
    ]
    assert with_answers(bill="none") == [MARKET, NO_GRADE, ("extra:bill", -5_000)]
    assert with_answers(bill="copy") == [MARKET, NO_GRADE, ("extra:bill", 1_500), ("cap", -1_500)]


def test_an_optional_question_left_out_counts_as_its_worst_answer() -> None:
    answers = {name: answer for name, answer in BEST.items() if name != "bill"}
    assert lines(ASKING, answers, anchors=ANCHORS) == with_answers(bill="none")


# Factor, floor, rounding.


def test_the_operator_keeps_its_share() -> None:
    assert lines(small.TERMS.replace(factor_bps=9_700)) == [MARKET, NO_GRADE, ("factor", -30_000)]


def test_the_factor_applies_to_what_is_left() -> None:
    assert with_answers(ASKING.replace(factor_bps=9_700), port="loose") == [
        MARKET,
        NO_GRADE,
        ("deduction:port", -12_345),
        ("factor", -29_630),  # 987,655 x 0.03 = 29,629.65: 958,025.35 is kept as 958,025
    ]


SCRAP = small.asking(small.functional("glass", "display", small.costs("cracked", anchor="display", weight_bps=10_000)))
FLOORS = [
    (899_900, 0),  # a rupee above the floor
    (900_000, 0),  # at it
    (900_100, 100),  # below it
    (1_000_000, 100_000),  # nothing left
    (1_500_000, 600_000),  # less than nothing left
]


@pytest.mark.parametrize(("repair", "lifted"), FLOORS)
def test_the_value_is_never_below_the_scrap_value(repair: int, lifted: int) -> None:
    terms = SCRAP.replace(scrap_minor=100_000)
    expected = [MARKET, NO_GRADE, ("deduction:display", -repair)]
    if lifted:
        expected.append(("floor", lifted))
    assert lines(terms, {"glass": "cracked"}, anchors={"display": repair}) == expected


def test_with_no_scrap_value_the_floor_is_zero() -> None:
    quote = small.quoted(SCRAP, {"glass": "cracked"}, anchors={"display": 1_500_000})
    assert small.amounts(quote)[-1] == ("floor", 500_000)
    assert (quote.exchange_value, quote.coupon_value, quote.money.plain) == (0, 0, "0.00")


ROUNDINGS = [
    (1, 0),  # 9,876.55 to the paisa
    (100, -55),  # to Rs 1: 9,876
    (500, -155),  # to Rs 5: 9,875
    (1_000, -655),  # to Rs 10: 9,870
    (5_000, -2_655),  # to Rs 50: 9,850
]


@pytest.mark.parametrize(("step", "lost"), ROUNDINGS)
def test_the_value_is_rounded_down_to_the_programmes_step(step: int, lost: int) -> None:
    expected = [MARKET, NO_GRADE, ("deduction:port", -12_345)]
    if lost:
        expected.append(("rounding", lost))
    assert with_answers(ASKING.replace(step_minor=step), port="loose") == expected


# Bonuses.

DIWALI = Bonus("diwali", "Diwali bonus", amount_minor=50_000)


def bonuses(*given: Bonus, **more: Any) -> list[tuple[str, int]]:  # noqa: ANN401 - passed on
    quote = small.quoted(small.TERMS.replace(bonuses=given), **more)
    assert quote.coupon_value == quote.exchange_value + sum(bonus.amount for bonus in quote.bonuses)
    assert [(f"bonus:{bonus.id}", bonus.amount) for bonus in quote.bonuses] == small.amounts(quote)[2:]
    return [(bonus.id, bonus.amount) for bonus in quote.bonuses]


def test_a_fixed_bonus_comes_on_top() -> None:
    quote = small.quoted(small.TERMS.replace(bonuses=(DIWALI,)))
    assert (quote.exchange_value, quote.coupon_value) == (1_000_000, 1_050_000)
    assert quote.lines[-1] == QuoteLine("bonus:diwali", 50_000, "Diwali bonus", "bonuses[diwali]")
    assert quote.bonuses == (GrantedBonus("diwali", 50_000),)


SHARES = [(150_000, 100_000), (100_000, 100_000), (99_999, 99_999), (1, 1)]


@pytest.mark.parametrize(("cap", "amount"), SHARES)
def test_a_share_has_a_cap(cap: int, amount: int | None) -> None:
    # a tenth of 1,000,000; a bonus of nothing is not granted
    expected = [("tenth", amount)] if amount else []
    assert bonuses(Bonus("tenth", "A tenth on top", share_bps=1_000, cap_minor=cap)) == expected


THRESHOLDS = [(999_999, True), (1_000_000, True), (1_000_001, False)]


@pytest.mark.parametrize(("least", "earned"), THRESHOLDS)
def test_a_threshold_is_reached_at_it(least: int, *, earned: bool) -> None:
    assert bonuses(DIWALI.replace(from_value_minor=least)) == ([("diwali", 50_000)] if earned else [])


def test_stackable_bonuses_add_up_and_of_the_others_the_largest_counts() -> None:
    one, two = DIWALI.replace(id="one", stackable=True), DIWALI.replace(id="two", stackable=True, amount_minor=7_000)
    small_one, large = DIWALI.replace(id="small"), DIWALI.replace(id="large", amount_minor=60_000)
    assert bonuses(one, two) == [("one", 50_000), ("two", 7_000)]
    assert bonuses(small_one, large) == bonuses(large, small_one) == [("large", 60_000)]
    assert bonuses(large, one, small_one, two) == [("one", 50_000), ("two", 7_000), ("large", 60_000)]
    assert bonuses(small_one, DIWALI) == [("small", 50_000)]  # of two equal ones the first


DAYS = [
    # 18:30 UTC is midnight in the programme's zone
    (datetime(2020, 1, 9, 18, 29, 59, 999_999, tzinfo=UTC), False),
    (datetime(2020, 1, 9, 18, 30, tzinfo=UTC), True),  # the 10th begins
    (datetime(2020, 1, 11, 18, 29, 59, 999_999, tzinfo=UTC), True),
    (datetime(2020, 1, 11, 18, 30, tzinfo=UTC), False),  # the 12th begins
]


@pytest.mark.parametrize(("at", "runs"), DAYS)
def test_a_bonus_runs_on_its_days_in_the_programmes_zone(at: datetime, *, runs: bool) -> None:
    dated = DIWALI.replace(begins=date(2020, 1, 10), ends=date(2020, 1, 12))
    assert bonuses(dated, at=at) == ([("diwali", 50_000)] if runs else [])


def test_a_bonus_for_a_target_needs_that_target_and_is_bound_to_it() -> None:
    bonus = DIWALI.replace(targets=("Two", "Three"))
    for target in (None, "Four", "two"):
        assert bonuses(bonus, target=target) == []
    quote = small.quoted(small.TERMS.replace(bonuses=(bonus,)), target="Three")
    assert quote.bonuses == (GrantedBonus("diwali", 50_000, "Three"),)
    assert quote.target == "Three"
    # a bonus for all targets is bound to none
    quote = small.quoted(small.TERMS.replace(bonuses=(DIWALI,)), target="Three")
    assert quote.bonuses == (GrantedBonus("diwali", 50_000, None),)


QUOTAS = [
    ({}, [("first", 50_000)]),
    ({"first": 0}, [("first", 50_000)]),
    ({"first": 1}, [("first", 50_000)]),
    ({"first": 2}, [("second", 40_000)]),  # used up
    ({"first": 3}, [("second", 40_000)]),
    ({"first": 2, "second": 1}, [("third", 30_000)]),  # and the next one too
    ({"second": 1}, [("first", 50_000)]),
    ({"first": 2, "second": 1, "third": 9}, [("third", 30_000)]),  # no quota, no end
]


@pytest.mark.parametrize(("given", "granted"), QUOTAS)
def test_a_bonus_used_up_falls_back_along_its_chain(given: dict[str, int], granted: list[tuple[str, int]]) -> None:
    first = DIWALI.replace(id="first", quota=2, fall_back="second")
    second = DIWALI.replace(id="second", amount_minor=40_000, quota=1, fall_back="third")
    third = DIWALI.replace(id="third", amount_minor=30_000)
    assert bonuses(first, second, third, bonuses_given=given) == granted


def test_a_fall_back_is_given_only_where_it_is_offered() -> None:
    first = DIWALI.replace(id="first", quota=2, fall_back="second")
    second = DIWALI.replace(id="second", amount_minor=40_000, targets=("Two",))
    assert bonuses(first, second, bonuses_given={"first": 2}) == []
    quote = small.quoted(small.TERMS.replace(bonuses=(first, second)), target="Two", bonuses_given={"first": 2})
    assert quote.bonuses == (GrantedBonus("second", 40_000, "Two"),)


def test_a_bonus_used_up_without_a_fall_back_is_gone() -> None:
    assert bonuses(DIWALI.replace(quota=2), bonuses_given={"diwali": 2}) == []


def test_a_quote_keeps_only_the_counts_that_bear_on_it() -> None:
    terms = small.TERMS.replace(bonuses=(DIWALI.replace(quota=2), DIWALI.replace(id="free")))
    quote = small.quoted(terms, bonuses_given={"other": 5, "free": 1, "diwali": 1})
    assert quote.bonuses_given == (("diwali", 1),)


def test_a_bonus_never_touches_the_exchange_value() -> None:
    for given in ((), (DIWALI,), (DIWALI.replace(share_bps=1_000, amount_minor=0, cap_minor=10**9),)):
        assert small.quoted(small.TERMS.replace(bonuses=given)).exchange_value == 1_000_000


# Refusals.


def refused(programme: Programme, answers: dict[str, str] | None = None, **more: Any) -> tuple[str, ...]:  # noqa: ANN401 - passed on
    refusal = appraise(Device(small.MODEL), Condition(answers), programme, **({"at": small.AT} | more))
    assert isinstance(refusal, Refusal)
    return refusal.codes


def test_before_the_first_terms_nothing_is_valued() -> None:
    programme = small.programme()
    assert refused(programme, at=small.BEGIN - timedelta(microseconds=1)) == ("programme_not_in_force",)
    assert small.quoted(at=small.BEGIN).exchange_value == 1_000_000


def test_a_price_goes_stale() -> None:
    limit = small.BEGIN + timedelta(days=45)
    assert small.quoted(at=limit).exchange_value == 1_000_000  # exactly 45 days old
    assert refused(small.programme(), at=limit + timedelta(microseconds=1)) == ("price_stale",)


def test_a_price_that_ended_or_has_not_begun_is_missing() -> None:
    programme = small.programme()
    price = programme.prices.prices[0]
    for change in ({"effective_until": small.AT}, {"effective_from": small.AT + timedelta(microseconds=1)}):
        table = type(programme.prices).of([price.replace(**change)])
        other = Programme(
            **{name: getattr(programme, name) for name in programme.__dataclass_fields__} | {"prices": table}
        )
        assert refused(other) == ("price_missing",)


def test_a_repair_anchor_that_is_missing_is_a_reason_and_never_zero() -> None:
    programme = small.programme(ASKING)
    refusal = appraise(
        Device(small.MODEL), Condition(BEST | {"glass": "cracked", "touch": "dead"}), programme, at=small.AT
    )
    assert isinstance(refusal, Refusal)
    assert [(reason.code, reason.subject) for reason in refusal.reasons] == [("price_missing", "acme-one-4-64/display")]
    assert isinstance(appraise(Device(small.MODEL), Condition(BEST), programme, at=small.AT), Quote)


def test_a_model_that_is_not_listed_has_no_price_to_look_up() -> None:
    programme = small.programme(price=100)
    nobody = {"brands": frozenset({"Zeta"})}
    other = Programme(**{name: getattr(programme, name) for name in programme.__dataclass_fields__} | nobody)
    assert refused(other) == ("brand_not_accepted",)
    assert refused(other, at=small.BEGIN + timedelta(days=46)) == ("brand_not_accepted",)  # and none to be stale


def test_all_reasons_come_at_once() -> None:
    terms = small.asking(GLASS, small.functional("power", "power", Option("dead", "It is dead", gate=True)))
    refusal = appraise(
        Device(small.MODEL, "nonsense"),
        Condition({"power": "dead", "glass": "odd"}),
        small.programme(terms.replace(age_bands=BANDS)),
        at=small.BEGIN + timedelta(days=46),
        exchange_open=True,
        device_exchanged=True,
    )
    assert isinstance(refusal, Refusal)
    assert set(refusal.codes) == {
        "imei_characters",
        "exchange_open",
        "device_exchanged",
        "answer_unknown",
        "condition_gate",
        "price_stale",
        "purchase_date_missing",
    }


def test_without_a_model_only_what_is_known_is_said() -> None:
    refusal = appraise(Device("nothing like it"), Condition({"odd": "odd"}), small.programme(), at=small.AT)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("model_unknown",)


HOSTILE: list[tuple[str, dict[str, object]]] = [
    ("device", {"device": small.MODEL}),
    ("condition", {"condition": {"glass": "best"}}),
    ("condition", {"condition": None}),
    ("programme", {"programme": "mi-exchange-india"}),
    ("at", {"at": datetime(2020, 1, 11, 12)}),  # noqa: DTZ001 - the fault itself
    ("at", {"at": "2020-01-11"}),
    ("at", {"at": date(2020, 1, 11)}),
    ("at", {"at": None}),
    ("at", {"at": datetime.max.replace(tzinfo=UTC)}),
    ("target", {"target": 5}),
    ("imei_status", {"imei_status": "lost"}),
    ("imei_status", {"imei_status": None}),
    ("imei_status", {"imei_status": []}),
    ("exchange_open", {"exchange_open": "no"}),
    ("device_exchanged", {"device_exchanged": 1}),
    ("bonuses_given", {"bonuses_given": None}),
    ("bonuses_given", {"bonuses_given": [("diwali", 1)]}),
    ("bonuses_given", {"bonuses_given": {"diwali": "1"}}),
    ("bonuses_given", {"bonuses_given": {"diwali": True}}),
    ("bonuses_given", {"bonuses_given": {"diwali": 2**63}}),  # a quote could not hold any of these
    ("target", {"target": "x" * 4_001}),
    ("target", {"target": "\ud800"}),
    ("customer", {"customer": "x" * 4_001}),
    ("bonuses_given", {"bonuses_given": {"diwali": -1}}),
    ("bonuses_given", {"bonuses_given": {1: 1}}),
]


@pytest.mark.parametrize(("field", "change"), HOSTILE)
def test_an_argument_of_the_wrong_kind_is_an_error_that_names_it(field: str, change: dict[str, object]) -> None:
    arguments: dict[str, Any] = {
        "device": Device(small.MODEL, small.IMEI),
        "condition": Condition(),
        "programme": small.programme(),
        "at": small.AT,
    }
    with pytest.raises(InvalidValue) as caught:
        appraise(**(arguments | change))
    assert field in caught.value.field


def test_a_plain_text_status_is_the_status() -> None:
    quote = appraise(
        Device(small.MODEL, small.IMEI),
        Condition(),
        small.programme(),
        at=small.AT,
        imei_status="clear",  # type: ignore[arg-type]
    )
    assert isinstance(quote, Quote)
    assert quote.imei_status is ImeiStatus.CLEAR
    assert quote.warnings == ()


# What a quote shows.


def test_the_lines_add_up() -> None:
    quote = small.quoted(ASKING.replace(bonuses=(DIWALI,)), BEST | {"glass": "cracked"}, anchors=ANCHORS)
    assert sum(line.amount for line in quote.lines) == quote.coupon_value
    with pytest.raises(InvalidValue, match="give what its lines add up to, 725840"):
        quote.replace(coupon_value=725_841)
    with pytest.raises(InvalidValue, match="give what its lines add up to without bonuses, 675840"):
        quote.replace(exchange_value=725_840)


def test_the_quote_pins_what_it_read() -> None:
    programme = small.programme()
    quote = small.quoted()
    assert (quote.programme, quote.digest, quote.terms, quote.questionnaire) == ("small", programme.digest, "1", "1")
    assert (quote.at, quote.valid_until) == (small.AT, small.AT + timedelta(hours=24))
    assert (quote.model, quote.label, quote.grade) == (small.MODEL, "Acme One (4 GB, 64 GB)", "A")
    assert quote.priced_from == small.BEGIN
    assert quote.usage == small.USAGE
    assert quote.money.plain == "10000.00"
    assert quote.currency.plain(quote.lines[0].amount) == "10000.00"


def test_a_quote_without_an_imei_is_indicative() -> None:
    quote = small.quoted()
    assert quote.indicative
    assert quote.imeis == ()
    assert quote.without_imei() is quote


def test_the_imei_stays_out_of_the_json_unless_it_is_asked_for() -> None:
    quote = small.quoted(device=Device(small.MODEL, small.IMEI, small.IMEI2))
    assert not quote.indicative
    assert [imei.digits for imei in quote.imeis] == [small.IMEI, small.IMEI2]
    stored = Quote.from_json(quote.to_json())
    assert stored == quote.without_imei()
    assert (stored.imeis, stored.indicative) == ((), False)
    assert small.IMEI not in quote.to_json()
    assert small.IMEI[8:14] not in repr(quote)
    revealed = quote.to_json(reveal_imei=True)
    assert Quote.from_json(revealed) == quote
    assert Quote.from_dict(quote.to_dict(reveal_imei=True)) == quote
    assert small.IMEI in revealed
    assert "imeis" in quote.to_dict()


EXPLAINED = """\
Acme One (4 GB, 64 GB), grade A, small terms 1
  market             10000.00  observed price of a clean device since 2020-01-01
  grade                  0.00  grade A: 100 % kept
  deduction:display  -3241.60  It is cracked: 202.6 % of the display repair anchor
  deduction:port      -123.45  It is loose: a fixed amount
  extra:bill           -50.00  None
  factor              -197.55  97 %: the operator's share
  rounding              -7.40  down to whole steps of 10.00
  exchange value      6380.00
  bonus:diwali         500.00  Diwali bonus
  coupon value        6880.00"""


def test_a_quote_explains_itself() -> None:
    # 10,000 - 3,241.60 - 123.45 - 50 = 6,584.95; x 0.97 = 6,387.4015, so 6,387.40: the factor takes 197.55
    terms = ASKING.replace(bonuses=(DIWALI,), factor_bps=9_700, step_minor=1_000)
    quote = small.quoted(terms, BEST | {"glass": "cracked", "port": "loose", "bill": "none"}, anchors=ANCHORS)
    assert quote.explain() == EXPLAINED


EXPLAINED_SHORT = """\
Acme One (4 GB, 64 GB), grade B, small terms 1
  market        ₹1000000  observed price of a clean device since 2020-01-01
  grade         ₹-100000  grade B: 90 % kept
  coupon value   ₹900000
  note: It could not be verified that the IMEI is clear. Ask the register again; \
a status that is not known is never taken as clear."""


def test_a_quote_explains_itself_in_the_callers_money_with_its_warnings() -> None:
    quote = small.quoted(ASKING, BEST | {"glass": "scratched"}, anchors=ANCHORS, device=Device(small.MODEL, small.IMEI))
    assert quote.explain(lambda amount: f"₹{amount}") == EXPLAINED_SHORT


# The best and the worst.


def test_the_headline_is_the_best_quote_and_the_answers_that_reach_it() -> None:
    programme = small.programme(ASKING.replace(age_bands=BANDS, bonuses=(DIWALI.replace(targets=("Two",)),)))
    best = headline(small.MODEL, programme, at=small.AT, target="Two")
    assert isinstance(best, Quote)
    assert best.condition == Condition(BEST)
    assert (best.grade, best.exchange_value, best.coupon_value) == ("A", 1_000_000, 1_050_000)
    assert best.purchased_on == date(2020, 1, 11)
    assert best.indicative


def test_the_headline_takes_a_name_too() -> None:
    programme = small.programme(ASKING)
    assert headline("acme one", programme, at=small.AT) == headline(small.MODEL, programme, at=small.AT)


def test_no_headline_where_there_is_no_quote() -> None:
    for model, at, code in (
        ("nothing like it", small.AT, "model_unknown"),
        (small.MODEL, small.BEGIN - timedelta(days=1), "programme_not_in_force"),
    ):
        refusal = headline(model, small.programme(), at=at)
        assert isinstance(refusal, Refusal)
        assert refusal.codes == (code,)


GATED = small.functional("power", "power", Option("weak", "Weak", grade=1), Option("dead", "Dead", gate=True))


def test_the_worst_case_without_a_gate_is_what_the_worst_answers_leave() -> None:
    programme = small.programme(ASKING, anchors=ANCHORS)
    quote = small.quoted(ASKING, BEST, anchors=ANCHORS)
    worst = worst_case(quote, programme)
    assert isinstance(worst, WorstCase)
    # display 580,000 (touch is worse than glass), body 50,000, port 12,345, bill 5,000; glass=cracked has no grade
    assert worst.value == 1_000_000 - 580_000 - 50_000 - 12_345 - 5_000
    assert worst.at_risk == 647_345
    assert dict(worst.condition) == {
        "glass": "cracked", "touch": "dead", "body": "dented", "port": "loose", "bill": "none",
    }  # fmt: skip
    assert worst.gates == ()


def test_the_worst_case_with_a_gate_is_everything() -> None:
    terms = small.asking(GATED).replace(bonuses=(DIWALI,))
    quote = small.quoted(terms, {"power": "best"})
    worst = worst_case(quote, small.programme(terms))
    assert isinstance(worst, WorstCase)
    assert worst.gates == ("power=dead",)
    assert dict(worst.condition) == {"power": "weak"}
    assert worst.value == 900_000 + 50_000  # grade B, and the bonus stays
    assert worst.at_risk == quote.coupon_value == 1_050_000


def test_the_worst_case_can_lose_a_bonus_too() -> None:
    question = small.functional("port", "port", small.costs("loose", amount_minor=1))
    terms = small.asking(question).replace(bonuses=(DIWALI.replace(from_value_minor=1_000_000),))
    worst = worst_case(small.quoted(terms, {"port": "best"}), small.programme(terms))
    assert isinstance(worst, WorstCase)
    assert (worst.value, worst.at_risk) == (999_999, 50_001)


def test_the_worst_case_needs_the_programme_that_made_the_quote() -> None:
    quote, other = small.quoted(), small.programme(price=999_900)
    refusal = worst_case(quote, other)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("programme_unknown",)
    assert f"The edition {quote.digest[:12]} of small, which made the quote, is not at hand" in refusal.explain()
    programme = small.programme()
    both = {one.digest: one for one in (programme, other)}
    assert worst_case(quote, both) == worst_case(quote, programme)
    assert worst_case(quote, {other.digest: other}) == refusal


def test_the_worst_case_of_a_programme_with_a_hole_is_an_error() -> None:
    programme = small.programme(ASKING)  # no display anchor, which the loader would refuse
    quote = appraise(Device(small.MODEL), Condition(BEST), programme, at=small.AT)
    assert isinstance(quote, Quote)
    with pytest.raises(InvalidValue, match="quote is refused with its worst answers \\(price_missing\\)"):
        worst_case(quote, programme)


# Replay.


FULL = ASKING.replace(
    bonuses=(DIWALI.replace(quota=5, targets=("Two",)),), age_bands=BANDS, drift_bps_per_day=10, overlaps=OVERLAP
)
QUOTED = small.quoted(
    FULL,
    BEST | {"glass": "cracked", "body": "dented"},
    anchors=ANCHORS,
    device=Device(small.MODEL, small.IMEI, purchased_on=date(2019, 1, 1)),
    target="Two",
    bonuses_given={"diwali": 4},
)


def test_a_quote_replays_from_its_stored_form() -> None:
    again = replay(Quote.from_json(QUOTED.to_json()), small.programme(FULL, anchors=ANCHORS))
    assert again
    assert again == Replay(())


CHANGES: list[tuple[dict[str, object], list[str]]] = [
    ({"terms": "0"}, ["terms was 0, is now 1"]),
    ({"questionnaire": "0"}, ["questionnaire was 0, is now 1"]),
    ({"grade": "B"}, ["grade was B, is now A"]),
    (
        {"priced_from": datetime(2019, 12, 1, tzinfo=UTC)},
        ["priced_from was 2019-12-01 00:00:00+00:00, is now 2020-01-01 00:00:00+00:00"],
    ),
    (
        {"valid_until": datetime(2020, 1, 13, tzinfo=UTC)},
        ["valid_until was 2020-01-13 00:00:00+00:00, is now 2020-01-12 06:00:00+00:00"],
    ),
    # 1,000,000 x 0.8 = 800,000; x 0.99 = 792,000; less 324,160 and 50,000, plus 33,650; no bonus at a count of 5
    ({"bonuses_given": (("diwali", 5),)}, ["bonus:diwali was 500.00 (Diwali bonus), is now not there"]),
]


@pytest.mark.parametrize(("change", "differences"), CHANGES)
def test_a_replay_names_every_difference(change: dict[str, object], differences: list[str]) -> None:
    again = replay(QUOTED.replace(**change), small.programme(FULL, anchors=ANCHORS))
    assert not again
    assert list(again.differences) == differences


def test_a_replay_that_differs_names_the_zone_data_first() -> None:
    before = QUOTED.replace(terms="0", grade="B", zone_data="2017a")
    found = replay(before, small.programme(FULL, anchors=ANCHORS)).differences
    assert found == ("zone_data was 2017a, is now none", "terms was 0, is now 1", "grade was B, is now A")
    assert replay(QUOTED.replace(zone_data="2017a"), small.programme(FULL, anchors=ANCHORS)), "it pays nothing"


def test_a_replay_compares_the_rules_of_the_coupon() -> None:
    again = replay(QUOTED.replace(usage=small.USAGE.replace(valid_days=7)), small.programme(FULL, anchors=ANCHORS))
    assert len(again.differences) == 1
    assert again.differences[0].startswith("usage was UsageRules(valid_days=7,")


FORGED: list[tuple[str, dict[str, object]]] = [
    ("another programme's name", {"programme": "other"}),
    ("another phone's name", {"label": "Acme Nine (8 GB, 512 GB)"}),
    ("a bonus of another name", {"bonuses": (GrantedBonus("other", 50_000, "Two"),)}),
    ("a bonus that may be spent on anything", {"bonuses": (GrantedBonus("diwali", 50_000, None),)}),
    ("its lines in another order", {"lines": tuple(reversed(QUOTED.lines))}),
    ("a line that stands twice", {"lines": (QUOTED.lines[0].replace(amount=0), *QUOTED.lines)}),
    ("a line with another reason", {"lines": (*QUOTED.lines[:-1], QUOTED.lines[-1].replace(effect="a gift"))}),
]


@pytest.mark.parametrize("change", [change for _, change in FORGED], ids=[what for what, _ in FORGED])
def test_a_replay_notices_whatever_the_valuation_makes(change: dict[str, object]) -> None:
    assert not replay(QUOTED.replace(**change), small.programme(FULL, anchors=ANCHORS))


def test_a_replay_by_another_programme_says_so_and_compares_line_by_line() -> None:
    other = small.programme(FULL.replace(factor_bps=9_700), anchors=ANCHORS)
    again = replay(QUOTED, other)
    # 792,000 - 324,160 - 50,000 + 33,650 = 451,490; less 3 %: 437,945.30
    assert again.differences == (
        f"the programme is {other.digest[:12]}, the quote was made by {QUOTED.digest[:12]}",
        "factor was not there, is now -135.45 (97 %: the operator's share)",
    )


def test_a_replay_that_is_refused_says_why() -> None:
    again = replay(QUOTED.replace(purchased_on=None), small.programme(FULL, anchors=ANCHORS))
    assert again.differences == ("refused now: purchase_date_missing",)


@pytest.mark.parametrize("hostile", [None, 5, "quote", Refusal.__name__])
def test_replay_and_worst_case_take_a_quote_and_a_programme(hostile: Any) -> None:  # noqa: ANN401 - whatever arrives
    for verb in (replay, worst_case):
        with pytest.raises(InvalidValue):
            verb(hostile, small.programme())
        with pytest.raises(InvalidValue):
            verb(small.quoted(), hostile)
    with pytest.raises(InvalidValue):
        headline(small.MODEL, hostile, at=small.AT)


@pytest.mark.parametrize("model", [None, 5, [], b"acme"])
def test_a_headline_takes_a_models_name(model: Any) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue) as caught:
        headline(model, small.programme(), at=small.AT)
    assert caught.value.field == "model"


# Terms that were put together by hand, without the loader.

UNSOUND: list[tuple[dict[str, Any], str]] = [
    ({"quote_valid_hours": 10**9}, "Terms.quote_valid_hours"),  # longer than a timedelta
    ({"price_max_age_days": 0}, "Terms.price_max_age_days"),
    ({"factor_bps": -1}, "Terms.factor_bps"),
    ({"scrap_minor": -1}, "Terms.scrap_minor"),
    ({"step_minor": 0}, "Terms.step_minor"),  # nothing can be divided by it
    ({"drift_bps_per_day": 10_001}, "Terms.drift_bps_per_day"),
    ({"grades": ()}, "Terms.grades"),
    ({"age_bands": (AgeBand(6, 9_000),)}, "Terms.age_bands.0.from_months"),  # a younger phone would be in none
    ({"overlaps": (Overlap("display", "soul", 5_000),)}, "Terms.overlaps.0.one"),
]


@pytest.mark.parametrize(("change", "field"), UNSOUND, ids=[field for _, field in UNSOUND])
def test_terms_that_cannot_be_computed_are_an_error_of_ours(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        small.quoted(small.TERMS.replace(**change))
    assert caught.value.field == field


def test_a_programme_without_terms_is_never_in_force() -> None:
    bare = dataclasses.replace(small.programme(), terms=())
    refusal = appraise(Device(small.MODEL), Condition(), bare, at=small.AT)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("programme_not_in_force",)
    assert "has no terms" in refusal.explain()


def test_a_worst_case_of_a_model_that_the_programme_lacks_is_an_error_of_ours() -> None:
    programme = small.programme()
    quote = small.quoted().replace(model="nope", digest=programme.digest)
    with pytest.raises(InvalidValue) as caught:
        worst_case(quote, programme)
    assert caught.value.field == "Quote.model"


LOW = Bonus("low", "Low", amount_minor=10_000, quota=5)
HIGH = Bonus("high", "High", amount_minor=20_000, from_value_minor=900_000, quota=5)


@pytest.mark.parametrize(("bonuses", "lost"), [((HIGH, LOW), 10_000), ((LOW,), 0)])
def test_the_worst_case_counts_on_no_bonus_but_the_quotes_own(bonuses: tuple[Bonus, ...], lost: int) -> None:
    """A lower value may earn another bonus, whose places others can take until the inspection."""
    terms = ASKING.replace(bonuses=bonuses)
    quote, programme = small.quoted(terms, BEST, anchors=ANCHORS), small.programme(terms, anchors=ANCHORS)
    assert [bonus.id for bonus in quote.bonuses] == [bonuses[0].id]
    worst = worst_case(quote, programme)
    assert isinstance(worst, WorstCase)
    again = appraise_again(quote, programme, condition=worst.condition)
    assert isinstance(again, Quote)
    assert again.coupon_value - worst.value == lost
    assert again.coupon_value - again.exchange_value == 10_000


@pytest.mark.parametrize(
    ("given", "left"), [({}, 50), ({"first": 5}, 50), ({"second": 2}, 100), ({"first": 5, "second": 2}, 5_000)]
)
def test_the_worst_case_counts_on_no_fall_back_that_pays_more(given: dict[str, int], left: int) -> None:
    """The one that it stands in for may last; where it was used up before the quote, it does not come back."""
    high = Bonus("high", "High", amount_minor=20_000, from_value_minor=900_000)
    first = Bonus("first", "First", amount_minor=100, quota=5, fall_back="second")
    second = Bonus("second", "Second", amount_minor=50, from_value_minor=900_000, quota=2, fall_back="third")
    third = Bonus("third", "Third", amount_minor=5_000, from_value_minor=900_000)
    terms = ASKING.replace(bonuses=(high, first, second, third))
    programme = small.programme(terms, anchors=ANCHORS)
    plain = small.quoted(terms, BEST, anchors=ANCHORS)
    quote = appraise_again(plain, programme, bonuses_given=given)
    assert isinstance(quote, Quote)
    assert [bonus.id for bonus in quote.bonuses] == ["high"]
    worst = worst_case(quote, programme)
    assert isinstance(worst, WorstCase)
    found = appraise_again(quote, programme, condition=worst.condition)
    assert isinstance(found, Quote)
    assert worst.value == found.exchange_value + left < quote.coupon_value


ORDER = ", ".join(line.rule for line in QUOTED.lines)
BACKWARDS = ", ".join(reversed(ORDER.split(", ")))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lines": tuple(reversed(QUOTED.lines))}, f"the lines were {BACKWARDS}, are now {ORDER}"),
        (
            {"bonuses": (GrantedBonus("diwali", 50_000),)},
            f"bonuses were {(GrantedBonus('diwali', 50_000),)}, are now {QUOTED.bonuses}",
        ),
    ],
)
def test_a_replay_names_what_differs_in_no_line(changed: dict[str, object], said: str) -> None:
    assert replay(QUOTED.replace(**changed), small.programme(FULL, anchors=ANCHORS)).differences == (said,)
