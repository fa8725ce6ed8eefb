"""Terms and the rules of an exchange: each bound from both sides, each policy with what is read under it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from miexchange.condition import Grade, Option
from miexchange.errors import InvalidValue
from miexchange.programme import AgeBand, Authority, Bonus, CustomerClass, DaysOff, ExchangeRules, ScrapValue
from miexchange.quote import GrantedBonus
from unit import small

if TYPE_CHECKING:
    from collections.abc import Callable

AT, DAY, TICK = small.AT, timedelta(days=1), timedelta(microseconds=1)
PLAIN = ExchangeRules("required", "remaining", "cancel", "none")
OPEN = PLAIN.replace(mismatch="difference", decide_hours=48)
MANAGER = Authority("manager", 20_000, 50_000, 30)
X: Any = 5.5
"""What is no instant, no whole number, no text and no value."""


def refused(make: Callable[[], object]) -> str:
    """Return the field that is refused."""
    with pytest.raises(InvalidValue) as caught:
        make()
    return caught.value.field


# Policies, and the fields that are read under some of them.

READ: list[tuple[str, object, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "tolerance_minor",
        1,
        {"mismatch": "honour"},
        [{"mismatch": "cancel"}, {"mismatch": "lower"}, {"mismatch": "difference", "decide_hours": 1}],
    ),
    (
        "tolerance_bps",
        1,
        {"mismatch": "honour"},
        [{"mismatch": "cancel"}, {"mismatch": "lower"}, {"mismatch": "difference", "decide_hours": 1}],
    ),
    ("decide_hours", 1, {"mismatch": "lower"}, [{"mismatch": "difference"}]),
    ("reversal_days", 1, {"reversal": "none"}, [{"reversal": "store_credit"}, {"reversal": "old_phone"}]),
    ("rebuy_days", 1, {"rebuy": "never"}, [{"rebuy": "after"}]),
    ("hand_over_register_hours", 1, {"inspection": "optional"}, [{"inspection": "required"}]),
    (
        "return_below_bps",
        1,
        {"mismatch": "cancel"},
        [{"mismatch": "lower"}, {"mismatch": "difference", "decide_hours": 1}],
    ),
    ("return_below_bps", 1, {"mismatch": "honour"}, []),
    ("authorities", (MANAGER,), {"mismatch": "lower"}, [{"mismatch": "difference", "decide_hours": 1}]),
]


@pytest.mark.parametrize(("field", "given", "unread", "read"), READ, ids=[row[0] for row in READ])
def test_a_field_that_no_policy_reads_is_refused(
    field: str, given: object, unread: dict[str, Any], read: list[dict[str, Any]]
) -> None:
    assert refused(lambda: PLAIN.replace(**unread, **{field: given})) == f"ExchangeRules.{field}"
    assert getattr(PLAIN.replace(**unread), field) in {0, ()}
    for policy in read:
        assert getattr(PLAIN.replace(**policy, **{field: given}), field) == given


@pytest.mark.parametrize(
    ("field", "policy", "most"),
    [
        ("decide_hours", {"mismatch": "difference"}, 87_600),
        ("reversal_days", {"reversal": "old_phone"}, 3_650),
        ("rebuy_days", {"rebuy": "after"}, 3_650),
    ],
)
def test_a_time_that_a_policy_needs_is_demanded(field: str, policy: dict[str, Any], most: int) -> None:
    ((name, word),) = policy.items()
    with pytest.raises(
        InvalidValue, match=f'{field} is 0: give a whole number from 1 to {most} with {name} = "{word}"'
    ):
        PLAIN.replace(**policy)


def test_what_a_tolerance_honours_is_not_sent_back() -> None:
    rules = PLAIN.replace(mismatch="lower", tolerance_bps=200, return_below_bps=9_800)
    with pytest.raises(InvalidValue, match="return_below_bps is 9801: give at most 9800"):
        rules.replace(return_below_bps=9_801)


def test_a_phone_that_is_paid_after_its_inspection_is_inspected() -> None:
    paid = PLAIN.replace(payment="after_inspection")
    assert refused(lambda: paid.replace(inspection="optional")) == "ExchangeRules.payment"
    assert PLAIN.replace(inspection="optional").payment == "at_checkout"


@pytest.mark.parametrize(
    ("field", "given"), [("inspection", "optional"), ("payment", "after_inspection"), ("wipe", "before_hand_over")]
)
def test_a_coupon_after_the_inspection_excludes_what_comes_before_it(field: str, given: str) -> None:
    """ExchangeRules.coupon: only after_inspection, once the old phone was handed over and inspected."""
    awaited = PLAIN.replace(coupon="after_inspection")
    assert refused(lambda: awaited.replace(**{field: given})) == f"ExchangeRules.{field}"
    assert getattr(PLAIN.replace(**{field: given}), field) == given


def test_days_off_follow_one_another() -> None:
    first, second = DaysOff(AT, AT + DAY), DaysOff(AT + DAY, AT + 2 * DAY)
    assert PLAIN.replace(days_off=(first, second)).days_off == (first, second)
    early = second.replace(begins=AT + DAY - TICK)
    assert refused(lambda: PLAIN.replace(days_off=(first, early))) == "ExchangeRules.days_off.1.begins"


def test_only_days_before_the_deadline_move_it() -> None:
    """ExchangeRules.days_off: the days that do not count."""
    for off, moved in (
        (DaysOff(AT - 2 * DAY, AT), 0 * DAY),
        (DaysOff(AT - DAY, AT + TICK), TICK),
        (DaysOff(AT + 3 * DAY - TICK, AT + 4 * DAY), DAY + TICK),
        (DaysOff(AT + 3 * DAY, AT + 4 * DAY), 0 * DAY),
    ):
        assert PLAIN.replace(days_off=(off,)).after_days(AT, 3) == AT + 3 * DAY + moved


def test_a_deadline_is_up_to_ten_years_away() -> None:
    assert [PLAIN.after_days(AT, days) - AT for days in (0, 3_650)] == [0 * DAY, 3_650 * DAY]
    assert [refused(lambda days=days: PLAIN.after_days(AT, days)) for days in (-1, 3_651)] == ["days", "days"]  # type: ignore[misc]


# What the rules of an exchange say of instants and amounts.


@pytest.mark.parametrize(
    ("behind", "is_that_instant"),
    [(TICK, True), (timedelta(seconds=2), True), (timedelta(seconds=2) + TICK, False), (-TICK, False)],
)
def test_clocks_may_differ_by_two_seconds(behind: timedelta, *, is_that_instant: bool) -> None:
    """ExchangeRules.skew_seconds: earlier than the one that it follows by up to this much."""
    assert PLAIN.following(AT - behind, AT) == (AT if is_that_instant else AT - behind)
    assert PLAIN.replace(skew_seconds=0).following(AT - behind, AT) == AT - behind


def test_a_phone_is_bought_again_after_its_days_or_never() -> None:
    after = PLAIN.replace(rebuy="after", rebuy_days=30)
    assert [after.buys_again(AT, AT + 30 * DAY + more) for more in (-TICK, 0 * DAY)] == [False, True]
    assert not PLAIN.buys_again(AT, AT + 3_650 * DAY)


@pytest.mark.parametrize("of", ["identity", "ownership"])
def test_papers_are_demanded_above_a_value(of: str) -> None:
    rules = PLAIN.replace(**{f"{of}_above_minor": 500})
    demands = getattr(rules, f"demands_{of}")
    assert [demands(value) for value in (500, 501)] == [False, True]
    assert not getattr(PLAIN, f"demands_{of}")(10**9)
    assert refused(lambda: demands("501")) == "value"


def test_a_role_has_its_own_authority_or_none() -> None:
    agent = MANAGER.replace(role="agent")
    rules = OPEN.replace(authorities=(agent, MANAGER))
    assert [rules.authority_of(role) for role in ("agent", "manager", "chef")] == [agent, MANAGER, None]


@pytest.mark.parametrize(
    ("rules", "least_refused"),
    [
        (PLAIN, 1),
        (PLAIN.replace(tolerance_minor=500), 501),
        (PLAIN.replace(tolerance_bps=333), 334),  # 333.33 of 10,010
        (PLAIN.replace(tolerance_bps=1_000), 1_002),  # 1,001 of 10,010, which is just within
        (PLAIN.replace(tolerance_minor=500, tolerance_bps=333), 501),
        (PLAIN.replace(tolerance_minor=100, tolerance_bps=333), 334),
    ],
)
def test_a_shortfall_is_honoured_within_either_tolerance(rules: ExchangeRules, least_refused: int) -> None:
    """ExchangeRules.tolerance_minor: a shortfall of up to this is honoured; so is one within tolerance_bps."""
    honoured = [rules.honours(shortfall, 10_010) for shortfall in (-1, 0, least_refused - 1, least_refused)]
    assert honoured == [True, True, True, False]
    assert PLAIN.replace(mismatch="honour").honours(10_010, 10_010)


def test_what_is_worth_too_little_goes_back() -> None:
    """ExchangeRules.return_below_bps: less than this share of the coupon's value."""
    lower = PLAIN.replace(mismatch="lower", return_below_bps=3_333)
    assert [lower.sends_back(found, 10_010) for found in (3_336, 3_337)] == [True, False]  # 3,336.33
    assert not lower.replace(return_below_bps=0).sends_back(0, 10_010)
    assert PLAIN.sends_back(10_009, 10_010), "with cancel, everything that is not honoured"


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: PLAIN.after_days(X, 1), "since"),
        (lambda: PLAIN.after_days(AT, X), "days"),
        (lambda: PLAIN.following(X, AT), "at"),
        (lambda: PLAIN.following(AT, X), "after"),
        (lambda: PLAIN.buys_again(X, AT), "bought"),
        (lambda: PLAIN.buys_again(AT, X), "at"),
        (lambda: PLAIN.honours(X, 1), "shortfall"),
        (lambda: PLAIN.honours(1, X), "value"),
        (lambda: PLAIN.sends_back(X, 1), "found"),
        (lambda: PLAIN.sends_back(1, X), "value"),
        (lambda: small.USAGE.until(X), "at"),
        (lambda: MANAGER.free_from(X, []), "more"),
        (lambda: MANAGER.free_from(1, X), "granted"),
        (lambda: MANAGER.free_from(1, [X]), "granted"),
        (lambda: MANAGER.free_from(1, [(X, 1)]), "granted"),
        (lambda: MANAGER.free_from(1, [(AT, X)]), "granted"),
        (lambda: small.TERMS.scrap_of(X), "variant"),
        (lambda: small.TERMS.closing_names(X), "currency"),
        (lambda: small.TERMS.closing_names(small.INR, X), "variant"),
        (lambda: small.TERMS.paid_bonus(X, {}, AT.date(), None), "bonus"),
        (lambda: Bonus("a", "A", 1).runs(X, None), "on"),
        (lambda: Bonus("a", "A", 1).runs(AT.date(), X), "target"),
    ],
)
def test_what_is_of_another_type_is_refused_by_the_argument_s_name(call: Callable[[], object], field: str) -> None:
    assert refused(call) == field


def test_a_coupon_is_valid_for_its_days_or_without_end() -> None:
    assert small.USAGE.until(AT) == AT + 14 * DAY
    assert small.USAGE.replace(valid_days=0).until(AT) is None


def test_more_than_one_old_phone_is_for_a_unit_each() -> None:
    assert refused(lambda: small.USAGE.replace(devices_per_order=2)) == "UsageRules.devices_per_order"
    assert small.USAGE.replace(devices_per_order=2, applies_to="one_unit").devices_per_order == 2


# The terms.


def test_a_scrap_value_is_a_whole_step() -> None:
    with pytest.raises(InvalidValue, match=r"Terms\.scrap_minor is 1: give a multiple of step_minor, 10"):
        small.TERMS.replace(step_minor=10, scrap_minor=1)
    row = ScrapValue("brand", "Acme", 15)
    refusal = refused(
        lambda: small.TERMS.replace(step_minor=10, scrap_values=(row.replace(scrap_minor=20, of="B"), row))
    )
    assert refusal == "Terms.scrap_values.1.scrap_minor"


def test_there_is_a_grade_for_every_step_of_an_answer() -> None:
    one = small.TERMS.replace(grades=(Grade("A", 10_000),))
    assert one.grade_names == (("grade", "grade A: 100 % kept", "grades[A]"),)
    asked = small.asking(small.cosmetic("body", "body", Option("worn", "Worn", grade=2)))
    assert refused(lambda: asked.replace(grades=asked.grades[:2])) == "Terms.grades"


@pytest.mark.parametrize("given", [{7: 1}, {"a": -1}, {"a": 2**63}, {"a": True}, {"a": 1.0}, [("a", 1)], None])
def test_counts_of_bonuses_are_whole_numbers_by_id(given: Any) -> None:  # noqa: ANN401 - whatever arrives
    bonus = Bonus("a", "A", 1, quota=1)
    of = small.TERMS.replace(bonuses=(bonus,))
    assert refused(lambda: of.paid_bonus(bonus, given, AT.date(), None)) == "bonuses_given"
    assert of.paid_bonus(bonus, {"a": 2**63 - 1}, AT.date(), None) is None
    assert of.paid_bonus(bonus, {"b": 1}, AT.date(), None) is bonus


def test_a_bonus_is_bound_to_a_target_if_it_or_what_it_stands_in_for_is() -> None:
    first, second = Bonus("a", "A", 2, quota=1, fall_back="b"), Bonus("b", "B", 1)
    for of, to, bound in ((("Two",), (), "Two"), ((), ("Two",), "Two"), (("Two",), ("Two",), "Two"), ((), (), None)):
        offered = (first.replace(targets=of), second.replace(targets=to))
        quote = small.quoted(small.TERMS.replace(bonuses=offered), target="Two", bonuses_given={"a": 1})
        assert quote.bonuses == (GrantedBonus("b", 1, bound),)


def test_the_labels_of_a_rule_are_told_where_it_reads_what_is_told() -> None:
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))
    of = small.TERMS.replace(age_bands=(AgeBand(0, 10_000),), drift_bps_per_day=5, customer_classes=classes)
    assert of.labels_told == {"customer": ("gold", "new")}
    assert [rule.setting for rule in of.retentions] == ["age_bands", "drift_bps_per_day", "customer_classes"]
    assert (small.TERMS.labels_told, small.TERMS.retentions) == ({}, ())


def test_the_least_that_is_kept_is_of_the_worst_answers_that_are_taken() -> None:
    power = small.functional(
        "power", "power", Option("weak", "Weak", keep_bps=8_000), Option("dead", "Dead", keep_bps=1, gate=True)
    )
    body = small.cosmetic(
        "body",
        "body",
        small.costs("worn", share_bps=300),
        small.costs("bent", share_bps=200),
        small.costs("torn", amount_minor=7),
        small.costs("gone", share_bps=9_000).replace(gate=True),
    )
    back = small.cosmetic("back", "body", small.costs("worn", share_bps=100))
    side = small.cosmetic(
        "side", "side", small.costs("worn", share_bps=400), small.costs("torn", anchor="side", weight_bps=1)
    )
    of = small.asking(power, body, back, side).replace(drift_bps_per_day=5)
    assert of.least_kept == (8_500, 8_000, 10_000 - 5 * 45)
    assert of.worst_shares == (300, 400)
    assert of.components == {"body": 0, "side": 1}
    assert of.anchors == {"side"}
