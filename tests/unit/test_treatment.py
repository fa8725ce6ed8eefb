"""Tax treatments: which row is in force, how a line is split, and what goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from miexchange import (
    Coupon,
    Device,
    GrantedBonus,
    InvalidValue,
    LineParts,
    Order,
    OrderLine,
    Redemption,
    Treatment,
    TreatmentTable,
    issue,
)
from miexchange.events import Inspect, Reserve
from unit import small, trade
from unit.small import INR

DAY = timedelta(days=1)
DEVICE = Device(small.MODEL, small.IMEI)
SINCE = small.AT - DAY
VALUE = Treatment("exchange_value", SINCE, "payment", "a rule")
EXTRA = Treatment("bonus:extra", SINCE, "discount", "a rule")
RESOLD = Treatment("resale", SINCE, "margin", "a rule")
LINE = LineParts(units=3, in_kind=1_000, discount=100, bonus=0, tax_base=29_900)


def coupon(*rows: Treatment, bonus: int = 50_000, **changes: object) -> Coupon:
    programme = replace(small.programme(), treatments=TreatmentTable.of(rows))
    made = issue(small.quoted(device=DEVICE), programme, account=trade.ACCOUNT, at=small.AT, key=small.KEY)
    assert isinstance(made, Coupon), made.explain()
    return made.replace(bonuses=(GrantedBonus("extra", bonus),) if bonus else (), **changes)


def spent(paper: Coupon, *prices: int, at: timedelta = timedelta()) -> Redemption:
    lines = tuple(OrderLine(f"new {price}", "smartphone", "Acme", "shop", price) for price in prices)
    found = paper.check(Order("1", lines, INR), account=trade.ACCOUNT, at=small.AT + at)
    assert isinstance(found, Redemption), found.explain()
    return found


def test_a_coupon_of_a_programme_without_treatments_says_nothing_of_tax() -> None:
    found = spent(coupon(), 2_000_000)
    assert (found.parts, found.purchase_price) == ((), None)
    assert "parts" in found.to_dict()


def test_an_old_phone_pays_and_a_bonus_lowers_the_price() -> None:
    found = spent(coupon(VALUE, EXTRA), 2_000_000)
    assert found.parts == (LineParts(1, 1_000_000, 50_000, 0, 1_950_000),)
    assert (found.to_pay, found.purchase_price) == (950_000, 1_000_000)


def test_a_bonus_that_pays_is_in_the_value_for_tax() -> None:
    found = spent(coupon(VALUE, EXTRA.replace(treatment="payment")), 2_000_000)
    assert found.parts == (LineParts(1, 1_000_000, 0, 50_000, 2_000_000),)


def test_a_bonus_that_pays_is_shared_by_the_lines() -> None:
    found = spent(coupon(VALUE, EXTRA.replace(treatment="payment")), 1_000_000, 2_000_000)
    assert [(line.in_kind, line.bonus, line.discount) for line in found.parts] == [
        (333_334, 16_666, 0),
        (666_666, 33_334, 0),
    ]


def test_an_allowance_that_is_a_discount_leaves_the_money_alone() -> None:
    found = spent(coupon(VALUE.replace(treatment="discount"), bonus=0), 2_000_000)
    assert found.parts == (LineParts(1, 0, 1_000_000, 0, 1_000_000),)
    assert found.purchase_price == 0


def test_bonuses_are_spent_first() -> None:
    found = spent(coupon(VALUE, EXTRA), 30_000)
    assert found.parts == (LineParts(1, 0, 30_000, 0, 0),)


def test_several_lines_share_each_part() -> None:
    found = spent(coupon(VALUE, EXTRA), 1_000_000, 2_000_000)
    assert [line.discount for line in found.parts] == [16_666, 33_334]
    assert [line.taken for line in found.parts] == list(found.discounts)


def test_a_surplus_that_becomes_store_credit_is_part_of_the_purchase_price() -> None:
    usage = small.USAGE.replace(surplus="store_credit")
    found = spent(coupon(VALUE, bonus=0, usage=usage), 600_000)
    assert (found.parts[0].in_kind, found.store_credit, found.purchase_price) == (600_000, 400_000, 1_000_000)


def test_the_rule_in_force_at_the_check_decides() -> None:
    later = VALUE.replace(effective_from=small.AT + DAY, treatment="discount", source="a new rule")
    paper = coupon(VALUE, later, bonus=0)
    assert spent(paper, 2_000_000).parts[0].in_kind == 1_000_000
    assert spent(paper, 2_000_000, at=DAY).parts[0].discount == 1_000_000


def test_a_rule_that_is_over_is_no_guess() -> None:
    paper = coupon(VALUE.replace(effective_until=small.AT + DAY), bonus=0)
    assert spent(paper, 2_000_000).parts
    assert spent(paper, 2_000_000, at=DAY).parts == ()


def test_a_bonus_without_a_rule_is_no_guess_unless_nothing_of_it_is_spent() -> None:
    assert spent(coupon(VALUE), 2_000_000).parts == ()
    assert spent(coupon(VALUE, bonus=0), 2_000_000).parts


def test_a_coupon_keeps_what_is_in_force_or_to_come() -> None:
    past = VALUE.replace(effective_from=SINCE - DAY)
    assert coupon(past, VALUE, EXTRA).treatments == TreatmentTable.of([VALUE, EXTRA])


@pytest.mark.parametrize(("selling", "purchase", "base"), [(400_000, 300_000, 100_000), (300_000, 400_000, 0)])
def test_a_margin_is_never_negative(selling: int, purchase: int, base: int) -> None:
    table = TreatmentTable.of([RESOLD])
    assert table.resale_base(selling, purchase, at=small.AT) == base
    assert table.resale_base(selling, purchase, at=SINCE - DAY) is None
    assert TreatmentTable.of([RESOLD.replace(treatment="full")]).resale_base(selling, purchase, at=small.AT) == selling


@pytest.mark.parametrize(("selling", "purchase", "field"), [(-1, 0, "selling_minor"), (0, -1, "purchase_minor")])
def test_no_price_is_negative(selling: int, purchase: int, field: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{field} is -1"):
        TreatmentTable.of([RESOLD]).resale_base(selling, purchase, at=small.AT)


@pytest.mark.parametrize(
    ("part", "treatment"), [("resale", "payment"), ("exchange_value", "margin"), ("bonus:extra", "full")]
)
def test_a_treatment_is_one_of_its_part(part: str, treatment: str) -> None:
    with pytest.raises(InvalidValue, match=r"Treatment\.treatment"):
        Treatment(part, SINCE, treatment)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["", "bonus:", "bonus: ", "exchange", "bonus:a\nb"])
def test_a_part_is_one_of_a_coupon_or_the_resale(part: str) -> None:
    with pytest.raises(InvalidValue, match=r"Treatment\.part"):
        Treatment(part, SINCE, "payment")


def test_units_go_back_with_their_shares() -> None:
    assert [LINE.returned(1, before=before).taken for before in range(3)] == [366, 367, 367]
    assert [LINE.returned(1, before=before).tax_base for before in range(3)] == [9_967, 9_967, 9_966]
    assert LINE.returned(3) == LINE


@pytest.mark.parametrize(
    ("units", "before", "field"),
    [(0, 0, "units"), (4, 0, "units"), (3, 1, "units"), (2, 2, "units"), (1, 3, "before"), (1, -1, "before")],
)
def test_no_more_goes_back_than_there_is(units: int, before: int, field: str) -> None:
    rule = "0 to 2" if field == "before" else f"1 to {3 - before}"
    with pytest.raises(InvalidValue, match=f"^{field} is .*, {rule}$"):
        LINE.returned(units, before=before)


@pytest.mark.parametrize("changes", [{"tax_base": 999}, {"units": 7}])
def test_a_line_that_makes_no_sense_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InvalidValue, match=rf"^LineParts\.{min(changes)} is"):
        LINE.replace(**changes)


def test_a_redemption_adds_up_to_its_parts() -> None:
    found = spent(coupon(VALUE, bonus=0), 2_000_000)
    with pytest.raises(InvalidValue, match=r"Redemption\.parts"):
        found.replace(parts=(LINE,))
    with pytest.raises(InvalidValue, match=r"Redemption\.parts"):
        found.replace(to_pay=found.to_pay + 1)


def test_a_re_quote_settles_the_parts_anew() -> None:
    issued = trade.issued()
    issued = issued.replace(coupon=issued.coupon.replace(treatments=TreatmentTable.of([VALUE]), seal=""))
    assert issued.settled is None
    held = trade.after(issued, Reserve(small.AT + trade.HOUR, trade.ORDER, trade.ACCOUNT))
    assert held.settled is held.redemption
    requoted = trade.after(held, Inspect(small.AT + 2 * trade.HOUR, trade.ORDER.id, trade.found(600_000)))
    assert requoted.settled is requoted.settlement
    assert requoted.settled is not None
    assert [line.in_kind for line in requoted.settled.parts] == [600_000]


def test_what_is_not_negative_may_be_nothing() -> None:
    assert TreatmentTable.of([RESOLD]).resale_base(0, 0, at=small.AT) == 0
    nothing = LineParts(units=1, in_kind=0, discount=0, bonus=0, tax_base=0)
    assert (nothing.to_pay, nothing.taken, nothing.returned(1)) == (0, 0, nothing)
    paid = LineParts(units=2, in_kind=700, discount=100, bonus=300, tax_base=1_000)
    with pytest.raises(InvalidValue, match=r"^LineParts\.units is 2: give the units of the line"):
        paid.replace(tax_base=1_001)
    assert (paid.to_pay, paid.taken) == (0, 1_100)


def test_a_table_of_treatments_is_read_with_the_day_of_the_end_and_without() -> None:
    frame = pd.DataFrame({"part": ["bonus:b", "resale"], "treatment": ["payment", "full"], "source": ["a", "b"]})
    frame["effective_from"] = "2020-01-01T00:00Z"
    table = TreatmentTable.read(frame)
    assert [(row.part, row.treatment, row.effective_until) for row in table] == [
        ("bonus:b", "payment", None),
        ("resale", "full", None),
    ]
    assert table.as_of("resale", small.AT) == table.treatments[1]
    ended = TreatmentTable.read(frame.assign(effective_until="2020-01-02T00:00Z"))
    assert ended.as_of("resale", small.AT) is None
    assert TreatmentTable.of([EXTRA, VALUE]).since(SINCE) == TreatmentTable.of([VALUE, EXTRA])


@pytest.mark.parametrize("field", ["part", "at"])
def test_what_is_looked_up_is_named(field: str) -> None:
    given: dict[str, Any] = {"part": "resale", "at": small.AT, field: 5}
    with pytest.raises(InvalidValue) as caught:
        TreatmentTable.of([RESOLD]).as_of(**given)
    assert caught.value.field == field
