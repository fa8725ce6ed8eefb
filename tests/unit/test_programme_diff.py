"""Two editions of a programme: every field that is otherwise, and what old quotes cannot be replayed by any more."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pytest

from miexchange import (
    Anchor,
    AnchorTable,
    Catalogue,
    Currency,
    EligibleModels,
    Listing,
    Price,
    PriceTable,
    Programme,
    TacTable,
)
from miexchange._bounded import hints_of, parts_of
from miexchange.errors import InvalidValue
from miexchange.programme import (
    Authority,
    CustomerClass,
    DaysOff,
    Edit,
    Limit,
    Overlap,
    PriceChange,
    ProgrammeDiff,
    ScrapValue,
    Terms,
    diff,
)
from miexchange.programme._diff import _NAMES, changed_prices, fell, prices_in_force, rose
from miexchange.treatment import Treatment, TreatmentTable
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


def named(changed: ProgrammeDiff) -> list[str]:
    return [f"{edit.part} {edit.where}" for edit in changed.edits]


def test_rows_in_terms_are_named_by_what_tells_them_apart() -> None:
    """A change of one of two rows is a difference, whichever of them it is."""
    rules = trade.RULES.replace(
        limits=(Limit("once", "account", 1, 30), Limit("store", "store", 9, 1)),
        days_off=(DaysOff(AT, AT + DAY), DaysOff(AT + 2 * DAY, AT + 3 * DAY)),
        authorities=(Authority("clerk", 100, 200, 1), Authority("manager", 300, 400, 1)),
    )
    terms = small.asking(
        *(small.functional(name, name, small.costs("bad", share_bps=1)) for name in ("glass", "frame", "lens", "cell"))
    ).replace(
        exchange=rules,
        overlaps=(Overlap("glass", "frame", 5_000), Overlap("lens", "cell", 4_000)),
        scrap_values=(ScrapValue("brand", "Acme", 5), ScrapValue("brand", "Zeta", 6)),
        customer_classes=(CustomerClass("gold", 9_000), CustomerClass("silver", 8_000)),
    )
    rows: dict[str, tuple[Any, str]] = {
        "overlaps": (lambda one: one.replace(counted_bps=1), "overlaps[glass].counted_bps"),
        "scrap_values": (lambda one: one.replace(scrap_minor=1), "scrap_values[brand=Acme].scrap_minor"),
        "customer_classes": (lambda one: one.replace(keep_bps=9_001), "customer_classes[gold].keep_bps"),
    }
    within: dict[str, tuple[Any, str]] = {
        "limits": (lambda one: one.replace(most=2), "exchange.limits[once].most"),
        "days_off": (lambda one: one.replace(source="x"), "exchange.days_off[2020-03-05T00:00:00Z].source"),
        "authorities": (lambda one: one.replace(days=2), "exchange.authorities[clerk].days"),
    }
    old = small.programme(terms)
    for name, (change, where) in rows.items():
        first, second = getattr(terms, name)
        new = small.programme(terms.replace(**{name: (change(first), second)}))
        assert named(diff(old, new, at=AT)) == [f"terms 1: {where}"]
    for name, (change, where) in within.items():
        first, second = getattr(rules, name)
        new = small.programme(terms.replace(exchange=rules.replace(**{name: (change(first), second)})))
        assert named(diff(old, new, at=AT)) == [f"terms 1: {where}"]


def test_every_list_in_terms_has_rows_that_are_named() -> None:
    """By its place a row would be taken for another one as soon as one before it is gone."""
    seen: set[Any] = set()
    left: list[Any] = [Terms]
    while left:
        kind = left.pop()
        seen.add(kind)
        for hint in hints_of(kind).values():
            inner, _, _ = parts_of(hint)
            parts = [part for part in (inner, *get_args(inner)) if dataclasses.is_dataclass(part)]
            if get_origin(inner) is tuple:
                assert all({field.name for field in dataclasses.fields(part)} & {*_NAMES} for part in parts), hint
            left += [part for part in parts if part not in seen]
    assert {ScrapValue, Overlap, DaysOff, Authority, Limit, CustomerClass} <= seen


def test_rows_of_each_table_are_named_by_their_key() -> None:
    old = dataclasses.replace(
        small.programme(anchors={"display": 100}),
        treatments=TreatmentTable.of([Treatment("resale", small.BEGIN, "margin", "a rule")]),
    )
    changes: dict[str, Any] = {
        "catalogue": Catalogue.of(one.replace(ram_mb=1) for one in old.catalogue),
        "eligible": EligibleModels.of(one.replace(source="x") for one in old.eligible),
        "prices": PriceTable.of(one.replace(price_minor=1) for one in old.prices),
        "anchors": AnchorTable.of(one.replace(amount_minor=1) for one in old.anchors),
        "treatments": TreatmentTable.of(one.replace(treatment="full") for one in old.treatments),
        "tacs": TacTable.of([(small.IMEI[:8], "Acme", "Two")]),
    }
    found = diff(old, dataclasses.replace(old, **changes), at=AT)
    assert said(found) == [
        f"models {small.MODEL}: ram_mb: 4096 -> 1",
        f"eligible {small.MODEL} 2020-01-01: source: not there -> x",
        f"prices {small.MODEL} 2020-01-01T00:00:00Z: price_minor: 1000000 -> 1",
        f"anchors {small.MODEL} display 2020-01-01T00:00:00Z: amount_minor: 100 -> 1",
        "treatments resale 2020-01-01T00:00:00Z: treatment: margin -> full",
        f"tacs {small.IMEI[:8]}: Acme One -> Acme Two",
    ]
    assert [edit.part for edit in found.unreplayable] == ["prices", "anchors"]  # another source changes no quote
    assert found.explain().splitlines() == [
        *(f"{part}: 1 change" for part in ("models", "eligible", "prices", "anchors", "treatments", "tacs")),
        "prices in force: 1 fell, 0 rose, 1 changed",
        "Changed or removed although it was in force: old quotes can no longer be replayed with it.",
        *(f"  {edit}" for edit in found.unreplayable),
    ]


TICK = timedelta(microseconds=1)


def test_what_begins_or_ends_at_the_instant_was_in_force_by_then() -> None:
    old, (price,) = small.programme(), small.programme().prices
    dearer = PriceTable.of([price.replace(price_minor=1)])
    ended = PriceTable.of([price.replace(effective_until=AT)])
    later = small.programme(small.TERMS.replace(effective_from=AT, factor_bps=9_000))
    first = small.programme(small.TERMS.replace(effective_from=AT))
    sourced = small.programme(small.TERMS.replace(source="another", factor_bps=9_000))
    midnight = datetime(2020, 4, 30, 18, 30, tzinfo=UTC)  # the first of May in India
    unlisted = EligibleModels.of([Listing(small.MODEL, date(2020, 1, 1), date(2020, 5, 1))])
    cases: list[tuple[Programme, Programme, datetime, list[str]]] = [
        (old, dataclasses.replace(old, prices=dearer), small.BEGIN, ["price_minor"]),
        (old, dataclasses.replace(old, prices=ended), AT, ["effective_until"]),
        (first, later, AT, ["factor_bps"]),
        (old, dataclasses.replace(old, eligible=unlisted), midnight, ["listed_until"]),
    ]
    for before, after, at, fields in cases:
        assert [edit.where.rpartition(" ")[2] for edit in diff(before, after, at=at).unreplayable] == fields
        assert diff(before, after, at=at - TICK).unreplayable == ()
    assert [edit.where for edit in diff(old, sourced, at=AT).unreplayable] == ["1: factor_bps"]
    assert len(diff(old, sourced, at=AT).edits) == 2


def test_a_model_without_a_price_by_then_has_none_and_a_lost_price_is_no_change() -> None:
    old = small.programme()
    assert prices_in_force(old, small.BEGIN - TICK) == {}
    assert prices_in_force(old, small.BEGIN) == {small.MODEL: 1_000_000}
    assert changed_prices({"a": 1, "b": 2}, {"c": 4, "b": 3}) == (PriceChange("b", 2, 3), PriceChange("c", None, 4))


def test_a_change_is_rounded_towards_a_fall() -> None:
    assert [PriceChange("a", 3, after).change_bps for after in (2, 3, 4)] == [-3_334, 0, 3_333]
    steep, flat = PriceChange("b", 10_000, 10_001), PriceChange("a", 1_000_000, 1_000_001)
    assert rose([flat, steep, PriceChange("c", 5, 5), PriceChange("d", None, 1)]) == (steep, flat)
    assert fell([PriceChange("c", 5, 5), PriceChange("d", None, 1), PriceChange("e", 5, 4)]) == (
        PriceChange("e", 5, 4),
    )


@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_screen_shows_twelve_of_a_kind_and_counts_the_others(more: int) -> None:
    edits = tuple(Edit("terms", f"1: {number}", "a", "b") for number in range(12 + more))
    prices = (Edit("prices", "x", "1", "2"), Edit("prices", "y", "1", "2"))
    changes = (PriceChange("x", 2, 1), PriceChange("y", 1, 2), PriceChange("z", None, 2))
    found = ProgrammeDiff("a", "b", (*edits, *prices), changes, edits)
    assert found.explain().splitlines() == [
        *(f"{edit}" for edit in edits[:12]),
        *([f"terms: {more} more"] if more else []),
        "prices: 2 changes",
        "prices in force: 1 fell, 1 rose, 3 changed",
        "Changed or removed although it was in force: old quotes can no longer be replayed with it.",
        *(f"  {edit}" for edit in edits[:12]),
        *([f"  and {more} more"] if more else []),
    ]


def test_a_long_value_is_cut() -> None:
    old, new = (small.programme(small.TERMS.replace(source=letter * 150)) for letter in "ab")
    assert diff(old, new, at=AT).edits == (Edit("terms", "1: source", "a" * 120, "b" * 120),)
