"""What one percent of each number moves: exactly what valuing the book again says."""

from __future__ import annotations

import dataclasses

import pandas as pd

from miexchange import Condition, Device, Programme, Quote, appraise
from miexchange.condition import Deduction, Option
from miexchange.market import PriceTable
from miexchange.programme import AgeBand, Bonus, Overlap, ScrapValue
from miexchange.tuning import Sensitivity, sensitivity
from unit import small
from unit.small import AT, MODEL, asking, cosmetic, costs, functional

BOOK = pd.DataFrame(
    {"model": MODEL, "port": ["best", "bad", "bad"], "back": ["best", "best", "worn"], "purchased_on": AT.date()}
)


def programme() -> Programme:
    back = cosmetic("back", "back", Option("worn", "Worn", grade=1, keep_bps=9_000, extra_minor=-5_000))
    bad = functional("port", "port", costs("bad", anchor="port", weight_bps=5_000))
    back = back.replace(options=(*back.options, Option("broken", "Broken", deduction=Deduction(share_bps=500))))
    bonus = Bonus("all", "All", share_bps=100, cap_minor=5_000, from_value_minor=100)
    terms = asking(bad, back).replace(
        bonuses=(bonus,),
        age_bands=(AgeBand(0, 9_500), AgeBand(12, 9_000)),
        overlaps=(Overlap("port", "back", 5_000),),
        scrap_minor=100,
        scrap_values=(ScrapValue("brand", "Acme", 200),),
    )
    return small.programme(terms, anchors={"port": 100_000})


def paid(rules: Programme) -> int:
    """Value the book one by one."""
    total = 0
    for row in BOOK.to_dict("records"):
        device = Device(MODEL, purchased_on=row["purchased_on"])
        quote = appraise(device, Condition({"port": row["port"], "back": row["back"]}), rules, at=AT)
        assert isinstance(quote, Quote)
        total += quote.coupon_value
    return total


def test_the_money_is_that_of_valuing_again() -> None:
    rules = programme()
    found = sensitivity(BOOK, rules, at=AT)
    assert isinstance(found, Sensitivity)
    assert found.paid == paid(rules)
    moved = found.frame.set_index("number")["change_minor"]
    dearer = PriceTable.of([row.replace(price_minor=1_010_000) for row in rules.prices])
    assert moved["market prices"] == paid(dataclasses.replace(rules, prices=dearer)) - paid(rules)
    lower = dataclasses.replace(rules, terms=(rules.terms[0].replace(factor_bps=9_900),))
    assert moved["1: factor_bps"] == paid(lower) - paid(rules)
    assert moved["1: condition[back=broken].share_bps"] == 0
    assert moved["1: condition[back=worn].extra_minor"] == -50
    assert moved.abs().is_monotonic_decreasing
    assert {"port repair anchors", "1: age_bands[0].keep_bps", "1: bonuses[all].cap_minor"} <= {*moved.index}
    assert found.frame.set_index("number").loc["1: grades[A].keep_bps", "after"] == "9900"


def test_it_fits_on_a_screen() -> None:
    found = sensitivity(BOOK, programme(), at=AT)
    assert len(repr(found).splitlines()) <= 25
    assert "Each number is changed alone, by 1 %." in f"{found}"
    assert "What moves nothing here" in found._repr_html_()
