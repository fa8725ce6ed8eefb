"""A quote takes its fields from its valuation when they are asked for; many phones are valued by one call."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, cast

import pytest

from miexchange import (
    Condition,
    Device,
    ImeiStatus,
    InvalidValue,
    Quote,
    Refusal,
    RegisterAnswer,
    appraise,
    appraise_many,
)
from miexchange._value import canonical
from miexchange.condition import Deduction, Option
from miexchange.eligibility import EligibilityTerms
from miexchange.imei import Imei
from miexchange.programme import Bonus, CustomerClass, Overlap
from unit import small
from unit.small import AT, IMEI, IMEI2, MODEL, asking, cosmetic, costs, functional

QUESTIONS = (
    cosmetic("screen", "display", costs("marked", amount_minor=20_000), Option("broken", "It is", grade=2)),
    functional("battery", "battery", costs("weak", amount_minor=50_000)),
    functional("touch", "display", Option("slow", "It is", deduction=Deduction(share_bps=0, amount_minor=90_000))),
    functional("power", "power", Option("dead", "It is dead", gate=True)),
    functional("bill", "bill", Option("lost", "No", extra_minor=-1_000), optional=True),
    functional("warranty", "warranty", Option("over", "Over", keep_bps=9_000)),
)
TERMS = asking(*QUESTIONS).replace(
    overlaps=(Overlap("display", "battery", 5_000),),
    bonuses=(
        Bonus("trade-up", "Trade up", amount_minor=5_000, quota=3),
        Bonus("extra", "Extra", amount_minor=7, stackable=True),
    ),
    customer_classes=(CustomerClass("gold", 10_000), CustomerClass("new", 9_500)),
)
PROGRAMME = small.programme(TERMS)
SAID = Condition({"screen": "marked", "battery": "weak", "touch": "slow", "power": "best", "warranty": "over"})
FACTS: Any = {"at": AT, "customer": "new", "imei_status": ImeiStatus.CLEAR}


def quote(**facts: Any) -> Quote:  # noqa: ANN401 - of appraise
    found = appraise(Device(MODEL, IMEI, purchased_on=date(2019, 1, 1)), SAID, PROGRAMME, **{**FACTS, **facts})
    assert isinstance(found, Quote)
    return found


def test_every_line_is_there_in_its_order() -> None:
    found = quote(bonuses_given={"trade-up": 2, "extra": 9})
    assert [(line.rule, line.amount) for line in found.lines] == [
        ("market", 1_000_000),
        ("retention:warranty", -100_000),
        ("retention:customer", -45_000),
        ("grade", 0),
        ("deduction:display", -90_000),
        ("deduction:battery", -50_000),
        ("overlap:display+battery", 25_000),
        ("extra:bill", -1_000),
        ("bonus:extra", 7),
        ("bonus:trade-up", 5_000),
    ]
    assert (found.exchange_value, found.coupon_value) == (739_000, 744_007)
    assert found.bonuses_given == (("trade-up", 2),)
    assert [(bonus.id, bonus.amount, bonus.quota) for bonus in found.bonuses] == [
        ("extra", 7, None),
        ("trade-up", 5_000, 3),
    ]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Quote)])
def test_a_field_is_the_same_whichever_is_asked_for_first(field: str) -> None:
    whole = quote().replace()  # by the constructor, which checks every field
    first = quote()
    assert getattr(first, field) == getattr(whole, field)
    assert first == whole


def test_a_quote_is_the_same_value_however_it_is_used() -> None:
    whole = quote().replace()
    assert hash(quote()) == hash(whole)
    assert repr(quote()) == repr(whole)
    assert quote().to_json(reveal_imei=True) == whole.to_json(reveal_imei=True)
    assert quote().to_json() == whole.to_json()
    assert quote().without_imei() == whole.without_imei()
    assert quote().explain() == whole.explain()
    pickled = pickle.dumps(quote())
    assert pickle.loads(pickled) == whole  # noqa: S301 - our own
    for again in (copy.copy(quote()), copy.deepcopy(quote()), dataclasses.replace(quote())):
        assert again == whole
    assert Quote.from_json(quote().to_json(reveal_imei=True)) == whole


def test_a_quote_has_no_other_attributes_and_none_can_be_set() -> None:
    for found in (quote(), quote().replace()):
        with pytest.raises(AttributeError, match="'Quote' object has no attribute 'price'"):
            _ = cast("Any", found).price
        with pytest.raises(dataclasses.FrozenInstanceError):
            found.lines = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        _ = object.__new__(Quote).lines


def test_threads_read_one_quote() -> None:
    names = [field.name for field in dataclasses.fields(Quote)]
    whole = quote().replace()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            found = quote()
            read = pool.map(lambda name: getattr(found, name), names)  # noqa: B023 - read in this turn
            written = pool.submit(found.to_dict)
            assert [*read] == [getattr(whole, name) for name in names]
            assert written.result() == whole.to_dict()


def test_quotes_of_a_model_share_nothing_that_a_caller_can_change() -> None:
    before = quote().to_json(reveal_imei=True)
    data = quote().to_dict(reveal_imei=True)
    data["usage"]["brands"].append("Other")
    data["usage"]["valid_days"], data["condition"]["screen"], data["programme"] = 1, "broken", "other"
    data["lines"][0]["amount"] = 0
    assert quote().to_json(reveal_imei=True) == before
    assert canonical(quote().to_dict(reveal_imei=True)) == before


def test_two_imeis_are_judged_together() -> None:
    strict = small.programme(TERMS.replace(eligibility=EligibilityTerms("warn", "refuse", "required")), sims=2)
    for first, other, codes in (
        (IMEI, IMEI2, ()),
        (None, IMEI2, ("imei2_missing",)),
        (IMEI, IMEI, ("imei_repeated",)),
        (IMEI, "12", ("imei_length",)),
        ("12", None, ("imei_length",)),
    ):
        answer = appraise(Device(MODEL, first, other), SAID, strict, **FACTS)
        assert (answer.codes if isinstance(answer, Refusal) else ()) == codes
    both = appraise(Device(MODEL, None, IMEI2), SAID, PROGRAMME, **FACTS)
    assert isinstance(both, Quote)
    assert both.imeis == (Imei(IMEI2),)


def test_a_cost_of_nothing_is_no_line() -> None:
    free = asking(functional("battery", "battery", costs("weak", share_bps=1)))
    found = appraise(Device(MODEL), Condition({"battery": "weak"}), small.programme(free, price=100), at=AT)
    assert isinstance(found, Quote)
    assert [line.rule for line in found.lines] == ["market", "grade"]


def test_many_are_valued_as_one_by_one() -> None:
    clear = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", AT - timedelta(hours=1), "1")
    phones: list[Any] = [
        (Device(MODEL, IMEI), SAID),
        (Device(MODEL, IMEI), SAID, clear),
        (Device(MODEL, IMEI), SAID, "blocked"),
        (Device("nothing"), SAID),
    ]
    facts: Any = {"at": AT, "customer": "gold", "bonuses_given": {"trade-up": 3}, "key": small.KEY}
    one_by_one = [
        appraise(phone[0], phone[1], PROGRAMME, imei_status=(*phone, "unverified")[2], **facts) for phone in phones
    ]
    assert appraise_many(phones, PROGRAMME, **facts) == one_by_one
    assert [bool(answer) for answer in one_by_one] == [True, True, False, False]
    assert appraise_many(iter(phones[:1]), PROGRAMME, at=AT, customer="gold")[0]
    assert appraise_many([], PROGRAMME, at=AT) == []


@pytest.mark.parametrize(
    ("phones", "field"),
    [
        (7, "phones"),
        ([Device(MODEL)], "phones.0"),
        ([(Device(MODEL), SAID), (Device(MODEL),)], "phones.1"),
        ([(MODEL, SAID)], "phones.0.0"),
        ([(Device(MODEL), {})], "phones.0.1"),
        ([(Device(MODEL), SAID, "odd")], "phones.0.2"),
    ],
)
def test_which_of_many_is_wrong_is_said(phones: Any, field: str) -> None:  # noqa: ANN401 - anything may be given
    with pytest.raises(InvalidValue) as error:
        appraise_many(phones, PROGRAMME, at=AT)
    assert error.value.field == field


@pytest.mark.parametrize(("hours", "is_taken"), [(0, True), (1, False), (2, True)])
def test_the_answer_of_a_register_is_taken_for_its_hours(hours: int, is_taken: bool) -> None:  # noqa: FBT001 - a table
    """An answer of two hours ago; the programme that asks for none takes one of any age."""
    wants = small.TERMS.eligibility.replace(register_hours=hours)
    programme = small.programme(small.TERMS.replace(eligibility=wants))
    told = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", small.AT - timedelta(hours=2), "r-17")
    answer = appraise(Device(small.MODEL, small.IMEI), Condition(), programme, at=small.AT, imei_status=told)
    assert isinstance(answer, Quote) is is_taken
