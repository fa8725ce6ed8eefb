"""The list of rules: what an element has to declare, and what a valuation is told for them to read."""

from __future__ import annotations

import inspect
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from miexchange import Condition, Device, InvalidValue, appraise, coupon_for
from miexchange._limits import MESSAGE
from miexchange.programme import AgeBand, Bonus, CustomerClass, Overlap
from miexchange.programme.rules import (
    BONUSES,
    INPUTS,
    RETENTIONS,
    RULES,
    Facts,
    Inputs,
    Retention,
    plain_input,
    plain_inputs,
)
from miexchange.programme.rules.age import AGE
from miexchange.programme.rules.drift import DRIFT
from miexchange.refusal import ReasonCode
from unit import small

if TYPE_CHECKING:
    from miexchange.programme.rules import Span


def test_every_rule_has_a_line_and_a_setting_of_its_own() -> None:
    for name in ("line", "setting", "reads", "title"):
        said = [getattr(rule, name) for rule in RETENTIONS]
        assert all(said)
        assert len(set(said)) == len(said)
    assert all(hasattr(small.TERMS, rule.setting) for rule in RULES)


def test_a_rule_that_leaves_something_out_cannot_be_made() -> None:
    class Half(Retention):
        line, setting, reads, title = "half", "drift_bps_per_day", "days_priced", "half a rule"

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


def test_nothing_speaks_against_the_days_of_a_price() -> None:
    facts = Facts(None, small.AT.date(), 3, {})
    assert DRIFT.code(small.TERMS, facts.days_priced) is None
    with pytest.raises(NotImplementedError):
        DRIFT.reason(ReasonCode.PURCHASE_DATE_MISSING, small.TERMS, facts)


def test_what_is_not_used_has_nothing_to_say() -> None:
    for rule in RULES:
        used = rule.is_used(small.TERMS)
        assert list(rule.problems(small.TERMS, None, small.programme().zone)) == []
        assert used or rule.setting == "drift_bps_per_day" or list(rule.rows(small.TERMS, str)) == []


def test_a_valuation_is_told_what_is_declared_and_nothing_else() -> None:
    for verb in (appraise, coupon_for):
        parameters = inspect.signature(verb).parameters
        assert all(parameters[name].default is None for name in INPUTS)
        assert all(one.kind is not one.VAR_KEYWORD for one in parameters.values())
    device, told = Device(small.MODEL, small.IMEI), {"costumer": "gold"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'costumer'"):
        appraise(device, Condition(), small.programme(), at=small.AT, **told)  # type: ignore[arg-type]


def test_no_other_inputs_are_told_than_are_described() -> None:
    assert Inputs.__optional_keys__ == INPUTS.keys()
    told: dict[str, object] = {"zone": "x", "costumer": "gold"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'costumer'"):
        plain_inputs(told)  # the first one, in alphabetical order


@pytest.mark.parametrize(
    ("given", "plain"), [("gold", "gold"), (np.str_("gold"), "gold"), ("", ""), (None, None), (float("nan"), None)]
)
def test_an_input_is_a_plain_text_or_nothing(given: object, plain: str | None) -> None:
    said = plain_input(given, "customer")
    assert (said, type(said)) == (plain, type(plain))
    assert plain_inputs({"customer": given}) == {"target": None, "customer": plain}


def test_what_is_no_input_is_refused_in_the_words_of_the_input() -> None:
    for name, said in INPUTS.items():
        with pytest.raises(InvalidValue, match=f"^{name} is 5: give {said}, or None$"):
            plain_input(5, name)
    assert plain_input("x" * MESSAGE, "target") == "x" * MESSAGE
    for wrong in ("x" * (MESSAGE + 1), "\ud800"):
        with pytest.raises(InvalidValue, match=r"^customer "):
            plain_input(wrong, "customer")


def test_the_last_label_is_the_last_that_has_a_rate_of_its_own() -> None:
    """Retention.labels: a larger count has the rate of the last one."""
    aged = small.TERMS.replace(age_bands=(AgeBand(0, 9_000), AgeBand(12, 8_000)))
    assert [*AGE.labels(aged)] == [*range(13)]
    assert [AGE.rate(aged, months) for months in (0, 11, 12, 13, 1_200)] == [9_000, 9_000, 8_000, 8_000, 8_000]
    drifting = small.TERMS.replace(drift_bps_per_day=100, price_max_age_days=100)
    assert [*DRIFT.labels(drifting)] == [*range(101)]
    assert (AGE.least(aged), DRIFT.least(drifting)) == (8_000, 0)


def test_a_line_names_its_rule_its_effect_and_its_row() -> None:
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))
    bands = (AgeBand(0, 9_000), AgeBand(12, 8_000))
    terms = small.TERMS.replace(age_bands=bands, drift_bps_per_day=100, customer_classes=classes)
    labels = {"retention:age": 13, "retention:drift": 7, "retention:customer": "new"}
    assert [rule.name(terms, labels[rule.line]) for rule in RETENTIONS] == [
        ("retention:age", "80 % kept at 13 months", "age_bands[12]"),
        ("retention:drift", "93 % kept after 7 days", "terms[drift_bps_per_day]"),
        ("retention:customer", "90 % kept for customers of class new", "customer_classes[new]"),
    ]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"age_bands": (AgeBand(1, 9_000),)}, "age_bands.0.from_months"),
    ({"age_bands": (AgeBand(0, 9_000), AgeBand(5, 9_000), AgeBand(5, 9_000))}, "age_bands.2.from_months"),
    ({"age_bands": (AgeBand(0, 9_000), AgeBand(5, 9_001))}, "age_bands.1.keep_bps"),
    ({"customer_classes": (CustomerClass("gold", 9_000), CustomerClass("new", 9_001))}, "customer_classes.1.keep_bps"),
    ({"customer_classes": (CustomerClass("gold", 9_000), CustomerClass("gold", 9_000))}, "customer_classes"),
    ({"price_max_age_days": 3, "drift_bps_per_day": 3_334}, "drift_bps_per_day"),
    ({"overlaps": (Overlap("a", "z", 1),)}, "overlaps.0.other"),
    ({"overlaps": (Overlap("a", "b", 1), Overlap("z", "c", 1))}, "overlaps.1.one"),
    ({"overlaps": (Overlap("a", "b", 1), Overlap("c", "b", 1))}, "overlaps.1.other"),
    ({"overlaps": (Overlap("a", "b", 1), Overlap("b", "c", 1))}, "overlaps.1.one"),
    ({"bonuses": (Bonus("a", "A", 1), Bonus("a", "B", 2))}, "bonuses"),
    ({"bonuses": (Bonus("a", "A", 1), Bonus("b", "B", 2, fall_back="c"))}, "bonuses.1.fall_back"),
]
GROUPS = small.asking(*(small.functional(of, of, small.costs("bad", amount_minor=1)) for of in "abcd"))
SOUND: list[dict[str, Any]] = [
    {"age_bands": (AgeBand(0, 9_000), AgeBand(1, 9_000), AgeBand(2, 0))},
    {"customer_classes": (CustomerClass("gold", 9_000), CustomerClass("new", 9_000))},
    {"price_max_age_days": 3, "drift_bps_per_day": 3_333},
    {"overlaps": (Overlap("a", "b", 1), Overlap("d", "c", 1))},
]


@pytest.mark.parametrize(("change", "field"), FAULTS)
def test_a_setting_that_pays_more_for_less_or_names_what_is_not_there_is_refused(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        GROUPS.replace(**change)
    assert caught.value.field == f"Terms.{field}"


@pytest.mark.parametrize("change", SOUND)
def test_a_setting_at_its_bounds_is_taken(change: dict[str, Any]) -> None:
    assert GROUPS.replace(**change).to_dict() != GROUPS.to_dict()


def test_fall_backs_in_a_ring_are_named_in_their_order() -> None:
    of = {"a": "b", "b": "c", "c": "d", "d": "b"}
    ring = tuple(Bonus(one, "A", 1, quota=1, fall_back=other) for one, other in of.items())
    with pytest.raises(InvalidValue, match=r"bonuses\.1\.fall_back is 'c': .* come to an end: b > c > d > b$"):
        small.TERMS.replace(bonuses=ring)
    ended = tuple(one.replace(fall_back="" if one.id == "d" else one.fall_back) for one in ring)
    assert small.TERMS.replace(bonuses=ended).bonuses == ended


# Bonuses that are legal, and senseless.

DAY = timedelta(days=1)
FIRST, LAST = date(2020, 3, 1), date(2020, 6, 1)
PERIOD = datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC)
ONE, TWO = Bonus("a", "A", 2, quota=1, fall_back="b"), Bonus("b", "B", 1)


def keys_of_problems(*bonuses: Bonus, period: Span | None = PERIOD) -> list[tuple[int, str]]:
    terms = small.TERMS.replace(bonuses=bonuses)
    found = [*BONUSES.problems(terms, period, UTC)]
    assert all(what.startswith(f"{bonuses[number].id} ") and remedy for number, _, what, remedy in found)
    return [(number, key) for number, key, *_ in found]


@pytest.mark.parametrize(
    ("days", "keys"),
    [
        ({}, []),
        ({"ends": FIRST}, [(1, "ends")]),
        ({"ends": FIRST + DAY}, []),
        ({"begins": LAST}, [(1, "begins")]),
        ({"begins": LAST - DAY}, []),
        ({"begins": FIRST - DAY, "ends": LAST + DAY}, []),
    ],
)
def test_a_bonus_is_offered_within_its_terms(days: dict[str, date], keys: list[tuple[int, str]]) -> None:
    assert keys_of_problems(ONE.replace(fall_back=""), TWO.replace(**days)) == keys
    assert keys_of_problems(TWO.replace(**days), period=None) == [], "it is not known when they are in force"


FALL_BACKS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({"quota": None}, {}, False),
    ({"stackable": True}, {}, False),
    ({}, {"stackable": True}, False),
    ({"stackable": True}, {"stackable": True}, False),
    ({}, {"begins": FIRST}, False),
    ({"begins": FIRST}, {"begins": FIRST}, True),
    ({"begins": FIRST - DAY}, {"begins": FIRST}, False),
    ({"begins": FIRST + DAY}, {"begins": FIRST}, True),
    ({"begins": FIRST}, {}, True),
    ({}, {"ends": LAST}, False),
    ({"ends": LAST}, {"ends": LAST}, True),
    ({"ends": LAST + DAY}, {"ends": LAST}, False),
    ({"ends": LAST - DAY}, {"ends": LAST}, True),
    ({"ends": LAST}, {}, True),
    ({"begins": FIRST, "ends": LAST}, {"begins": FIRST + DAY, "ends": LAST - DAY}, False),
    ({}, {"targets": ("Two",)}, False),
    ({"targets": ("Two",)}, {"targets": ("Two",)}, True),
    ({"targets": ("Two",)}, {"targets": ("One", "Two")}, True),
    ({"targets": ("One", "Two")}, {"targets": ("Two",)}, False),
    ({"targets": ("One",)}, {"targets": ("Two",)}, False),
    ({"targets": ("Two",)}, {}, True),
]


@pytest.mark.parametrize(("of", "to", "covers"), FALL_BACKS)
def test_a_fall_back_is_reached_covers_its_bonus_and_is_paid_once(
    of: dict[str, Any], to: dict[str, Any], *, covers: bool
) -> None:
    assert keys_of_problems(ONE.replace(**of), TWO.replace(**to)) == ([] if covers else [(0, "fall_back")])


ROWS: list[tuple[Bonus, str]] = [
    (Bonus("a", "A", 500), "A: 500; the largest of its kind counts"),
    (Bonus("a", "A", 500, stackable=True), "A: 500; combines with others"),
    (Bonus("a", "A", share_bps=250, cap_minor=90), "A: 2.5 %, at most 90; the largest of its kind counts"),
    (Bonus("a", "A", 5, from_value_minor=7), "A: 5; from a value of 7; the largest of its kind counts"),
    (Bonus("a", "A", 5, targets=("One", "Two")), "A: 5; on a new One or Two; the largest of its kind counts"),
    (
        Bonus("a", "A", 5, begins=FIRST),
        "A: 5; from 2020-03-01 until further notice (exclusive); the largest of its kind counts",
    ),
    (
        Bonus("a", "A", 5, ends=LAST),
        "A: 5; from the beginning until 2020-06-01 (exclusive); the largest of its kind counts",
    ),
    (Bonus("a", "A", 5, quota=3), "A: 5; 3 times; the largest of its kind counts"),
    (Bonus("a", "A", 5, quota=3, fall_back="b"), "A: 5; 3 times, then b; the largest of its kind counts"),
]


@pytest.mark.parametrize(("bonus", "row"), ROWS)
def test_the_page_of_rules_says_all_of_a_bonus(bonus: Bonus, row: str) -> None:
    first, *_ = BONUSES.rows(small.TERMS.replace(bonuses=(bonus, TWO)), str)
    assert first == row


def test_the_page_of_rules_has_all_rules_by_title() -> None:
    terms = GROUPS.replace(
        age_bands=(AgeBand(0, 10_000), AgeBand(12, 9_050)),
        drift_bps_per_day=5,
        customer_classes=(CustomerClass("gold", 10_000), CustomerClass("new", 9_000)),
        overlaps=(Overlap("a", "b", 3_000),),
        bonuses=(TWO,),
    )
    assert {rule.title: [*rule.rows(terms, str)] for rule in RULES} == {
        "kept by age": ["100 % from 0 months", "90.5 % from 12 months"],
        "price loses a day": ["0.05 %"],
        "kept by class of customer": ["100 % for gold", "90 % for new"],
        "overlap": ["a and b: 30 % of the smaller counts"],
        "bonuses": ["B: 1; the largest of its kind counts"],
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"share_bps": 1, "cap_minor": 1}, "amount_minor"),
        ({"amount_minor": 0, "share_bps": 1}, "cap_minor"),
        ({"cap_minor": 1}, "cap_minor"),
        ({"begins": FIRST, "ends": FIRST}, "ends"),
    ],
)
def test_a_bonus_is_an_amount_or_a_share_with_a_cap(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        TWO.replace(**change)
    assert caught.value.field == f"Bonus.{field}"
    assert TWO.replace(amount_minor=0, share_bps=1, cap_minor=7, begins=FIRST, ends=FIRST + DAY).most_minor == 7


def test_a_target_that_is_missing_is_none() -> None:
    bound = TWO.replace(targets=("Two",))
    given: list[Any] = [np.str_("Two"), float("nan"), None]
    assert [bound.runs(FIRST, target) for target in given] == [True, False, False]
    assert TWO.runs(FIRST, given[1])


def test_an_overlap_is_of_two_groups() -> None:
    with pytest.raises(InvalidValue, match=r"Overlap\.other is 'a': name two component groups"):
        Overlap("a", "a", 1)
    assert Overlap("a", "b", 250).name == ("overlap:a+b", "2.5 % of the smaller counts", "overlaps[a+b]")
