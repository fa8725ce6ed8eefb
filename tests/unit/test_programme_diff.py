"""Two editions of a programme: every field that is otherwise, and what old quotes cannot be replayed by any more."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Anchor, AnchorTable, Currency, EligibleModels, Listing, Price, PriceTable, Programme, TacTable
from miexchange.errors import InvalidValue
from miexchange.programme import Edit, PriceChange, ProgrammeDiff, diff
from unit import lists, small, trade

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2020, 3, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def edition(change: Callable[[Programme], dict[str, Any]]) -> tuple[Programme, Programme]:
    old = lists.base()
    return old, dataclasses.replace(old, **change(old))


def said(found: ProgrammeDiff) -> list[str]:
    return [f"{edit}" for edit in found.edits]


def test_the_same_content_is_no_change() -> None:
    found = diff(lists.base(), lists.base(), at=AT)
    assert (bool(found), found.edits, found.prices, found.unreplayable) == (False, (), (), ())
    assert found.explain() == "Nothing changed."


def test_fields_of_the_head_are_named() -> None:
    old = small.programme()
    new = dataclasses.replace(
        old, title="Another", zone=UTC, currency=Currency("GBP"), brands=frozenset({"Acme", "Zeta"}), price_step_minor=5
    )
    assert said(diff(old, new, at=AT)) == [
        "programme title: Small programme -> Another",
        "programme zone: +05:30 -> +00:00",
        "programme currency: INR -> GBP",
        "programme price_step_minor: 1 -> 5",
        'programme brands: ["Acme"] -> ["Acme","Zeta"]',
    ]
    assert diff(old, new, at=AT).explain().splitlines() == said(diff(old, new, at=AT))


def test_terms_are_compared_by_their_versions_and_ids() -> None:
    old, new = edition(
        lambda one: {"terms": (one.terms[0].replace(factor_bps=9_000), one.terms[1].replace(version="b"))}
    )
    found = diff(old, new, at=AT)
    assert said(found)[0] == "terms spring: factor_bps: 10000 -> 9000"
    assert [edit.where for edit in found.edits if "summer" in edit.where] == ["summer"]
    assert [edit.where for edit in found.unreplayable] == ["spring: factor_bps", "summer", "b"]


def test_an_answer_and_a_bonus_are_named_by_their_ids() -> None:
    def change(one: Programme) -> dict[str, Any]:
        spring = one.terms[0]
        questions = list(spring.questionnaire.questions)
        power = questions[0]
        dead = power.options[1].replace(gate=False, grade=1)
        questions[0] = power.replace(options=(power.options[0], dead))
        asked = spring.questionnaire.replace(questions=tuple(questions))
        bonuses = (spring.bonuses[0].replace(quota=5), spring.bonuses[1])
        bands = (spring.age_bands[0], spring.age_bands[1].replace(keep_bps=8_000))
        return {"terms": (spring.replace(questionnaire=asked, bonuses=bonuses, age_bands=bands), one.terms[1])}

    assert said(diff(*edition(change), at=AT - 400 * DAY)) == [
        "terms spring: age_bands[12].keep_bps: 9000 -> 8000",
        "terms spring: bonuses[large].quota: 20 -> 5",
        "terms spring: questionnaire.questions[power].options[dead].gate: true -> false",
        "terms spring: questionnaire.questions[power].options[dead].grade: 0 -> 1",
    ]


def test_a_price_in_force_that_was_changed_or_removed_is_named() -> None:
    def change(one: Programme) -> dict[str, Any]:
        first, *others = one.prices
        cheaper = others[0].replace(price_minor=others[0].price_minor - 100)
        later = Price(first.model, AT + 9 * DAY, 900_000, "observed")
        return {"prices": PriceTable.of([cheaper, *others[1:], later])}

    old, new = edition(change)
    found = diff(old, new, at=AT)
    gone, cheaper = [*old.prices][:2]
    assert [edit.part for edit in found.unreplayable] == ["prices", "prices"]
    assert {edit.where.split()[0] for edit in found.unreplayable} == {gone.model, cheaper.model}
    assert "old quotes can no longer be replayed" in found.explain()
    assert len([edit for edit in found.edits if edit.part == "prices"]) == 3
    assert diff(old, new, at=AT - 400 * DAY).unreplayable == ()
    assert found.prices == tuple(one for one in found.prices if one.after_minor != one.before_minor)


def test_prices_in_force_fall_rise_and_begin() -> None:
    old = small.programme()
    rows = {
        "a": (100, 90),
        "b": (100, 50),
        "c": (100, 120),
        "d": (100, 150),
        "e": (0, 7),
        "f": (100, 0),
        "g": (5, 5),
    }
    tables = [
        PriceTable.of(Price(name, small.BEGIN, pair[side], "observed") for name, pair in rows.items() if pair[side])
        for side in (0, 1)
    ]
    found = diff(*(dataclasses.replace(old, prices=table) for table in tables), at=AT)
    assert [one.model for one in found.prices] == ["a", "b", "c", "d", "e"]
    assert [one.model for one in found.fell] == ["b", "a"]
    assert [one.model for one in found.rose] == ["d", "c"]
    assert PriceChange("e", None, 7).change_bps is None
    assert "prices in force: 2 fell, 2 rose, 5 changed" in found.explain()


def test_an_end_that_is_still_to_come_breaks_no_quote() -> None:
    old = small.programme(anchors={"display": 100})
    ends = AT + 30 * DAY
    price, anchor = (next(iter(old.prices)), next(iter(old.anchors)))
    listing = Listing(small.MODEL, date(2020, 1, 1), date(2020, 5, 1))
    new = dataclasses.replace(
        old,
        prices=PriceTable.of([price.replace(effective_until=ends)]),
        anchors=AnchorTable.of([anchor.replace(effective_until=ends)]),
        eligible=EligibleModels.of([listing]),
    )
    assert diff(old, new, at=AT).unreplayable == ()
    assert len(diff(old, new, at=ends + 60 * DAY).unreplayable) == 3
    soon = dataclasses.replace(old, anchors=AnchorTable.of([Anchor(small.MODEL, "display", ends, 100, "observed")]))
    assert [edit.part for edit in diff(old, soon, at=AT).unreplayable] == ["anchors"]


def test_a_screen_holds_many_edits() -> None:
    old = small.programme(trade.terms_of())
    text = diff(old, dataclasses.replace(old, terms=(), tacs=TacTable.of([])), at=AT).explain()
    assert text.splitlines()[0].startswith("terms 1: {")
    assert "tacs: 1 change" in text
    many = old.terms[0].replace(
        usage=old.terms[0].usage.replace(valid_days=3, minimum_order_minor=5, surplus="cash", channels=("web",)),
        exchange=None,
        quote_valid_hours=3,
        price_max_age_days=3,
        factor_bps=9,
        step_minor=3,
        scrap_minor=6,
        quote_seal="required",
        source="x",
        grades=tuple(grade.replace(keep_bps=7) for grade in old.terms[0].grades),
    )
    text = diff(old, dataclasses.replace(old, terms=(many,)), at=AT).explain()
    assert "terms: " in text
    assert text.splitlines()[-1].startswith("  and ")
    assert len(text.splitlines()) < 40


def test_what_is_no_programme_is_refused() -> None:
    pairs: list[Any] = [(None, lists.base()), (lists.base(), "base")]
    for pair in pairs:
        with pytest.raises(InvalidValue):
            diff(*pair, at=AT)
    with pytest.raises(InvalidValue, match="at"):
        diff(lists.base(), lists.base(), at=None)  # type: ignore[arg-type]  # it is none
    assert f"{Edit('terms', 'x', '', '1')}" == "terms x: not there -> 1"
