"""What is kept by class of customer: an argument, a column, an option, and a field of the quote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from miexchange import Coupon, Device, InvalidValue, Programme, Quote, Refusal, appraise, coupon_for, headline, issue
from miexchange.batch import appraise_frame, columns_in
from miexchange.condition import Condition
from miexchange.programme import CustomerClass
from miexchange.valuation import WorstCase, confirmed, replay, worst_case
from unit import small
from unit.command import run

CLASSES = (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))
TERMS = small.TERMS.replace(customer_classes=CLASSES)
PROGRAMME = small.programme(TERMS)
CASES = Path(__file__).parents[1] / "cases" / "age-and-bonus"
KEY = b"a key of sixteen bytes and more"


def valued(customer: Any, programme: Programme = PROGRAMME) -> Quote | Refusal:  # noqa: ANN401 - anything
    return appraise(Device(small.MODEL, small.IMEI), Condition(), programme, at=small.AT, customer=customer)


@pytest.mark.parametrize(("customer", "value"), [("gold", 1_000_000), ("new", 900_000)])
def test_a_class_keeps_what_the_terms_say(customer: str, value: int) -> None:
    quote = valued(customer)
    assert isinstance(quote, Quote)
    assert (quote.exchange_value, quote.customer) == (value, customer)


@pytest.mark.parametrize(
    ("customer", "code", "subject"),
    [(None, "customer_missing", ""), (float("nan"), "customer_missing", ""), ("Gold", "customer_unknown", "'Gold'")],
)
def test_no_class_is_guessed(customer: object, code: str, subject: str) -> None:
    refusal = valued(customer)
    assert isinstance(refusal, Refusal)
    assert [(reason.code, reason.subject) for reason in refusal.reasons] == [(code, subject)]
    assert refusal.reasons[0].remedy == "Give one of: gold, new"


def test_what_is_no_text_is_no_class() -> None:
    with pytest.raises(InvalidValue, match="customer"):
        valued(5)


def test_a_class_is_not_read_where_the_terms_have_none() -> None:
    quote = valued("gold", small.programme())
    assert isinstance(quote, Quote)
    assert (quote.exchange_value, quote.customer) == (1_000_000, "gold")


def test_a_quote_is_valued_again_for_its_own_customer() -> None:
    quote = valued("new")
    assert isinstance(quote, Quote)
    assert replay(Quote.from_json(quote.to_json()), PROGRAMME)
    assert confirmed(quote, PROGRAMME, keys=(KEY,)) == quote
    worst = worst_case(quote, PROGRAMME)
    assert isinstance(worst, WorstCase)
    assert worst.value == 900_000
    richer = quote.replace(customer="gold")
    refusal = confirmed(richer, PROGRAMME, keys=(KEY,))
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("quote_altered",)


def test_the_headline_is_that_of_the_best_class() -> None:
    best = headline(small.MODEL, PROGRAMME, at=small.AT)
    assert isinstance(best, Quote)
    assert (best.customer, best.exchange_value) == ("gold", 1_000_000)


def test_the_class_is_part_of_what_a_coupon_is_derived_from() -> None:
    codes = set()
    for customer in (None, "gold", "silver"):
        facts: dict[str, Any] = {"account": "a", "at": small.AT, "key": KEY}
        coupon = coupon_for(Device(small.MODEL, small.IMEI), Condition(), small.programme(), customer=customer, **facts)
        quote = valued(customer, small.programme())
        assert isinstance(coupon, Coupon)
        assert isinstance(quote, Quote)
        assert issue(quote, small.programme(), **facts) == coupon
        codes.add(coupon.code)
    assert len(codes) == 3


def test_a_column_has_the_class_where_some_terms_read_it() -> None:
    assert "customer" in columns_in(PROGRAMME)[1]
    assert "customer" not in columns_in(small.programme())[1]
    table = pa.table({"model": [small.MODEL] * 5, "customer": ["gold", "new", "silver", "", None]})
    result = appraise_frame(table, PROGRAMME, at=small.AT)
    assert result["exchange_value_minor"].to_pylist() == [1_000_000, 900_000, None, None, None]
    assert result["reasons"].to_pylist() == ["", "", "customer_unknown", "customer_unknown", "customer_missing"]
    assert result["retention:customer_minor"].to_pylist()[:2] == [0, -100_000]
    strange = appraise_frame(table.set_column(1, "customer", pa.array([1] * 5)), PROGRAMME, at=small.AT)
    assert set(strange["reasons"].to_pylist()) == {"invalid_value"}
    ids = table.set_column(1, "customer", pa.array([1] * 5))  # somebody's own column of that name
    assert set(appraise_frame(ids, small.programme(), at=small.AT)["reasons"].to_pylist()) == {""}


def test_the_command_takes_and_shows_classes() -> None:
    asked = ("--model", "acme-one", "--best", "--at", "2020-02-03", "--programme", str(CASES))
    assert "9,500.00" in run("quote", *asked, "--customer", "silver").out
    ran = run("quote", *asked)
    assert (ran.code, "Give one of: gold, silver, new" in ran.out) == (1, True)
    assert "100 % for gold, 95 % for silver, 90 % for new" in " ".join(run("programme", "show", str(CASES)).out.split())
