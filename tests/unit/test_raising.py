"""The sets of better answers that raise a quote, where the way of a value is followed and where it is not."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Condition, Device, Quote, _cures, appraise, what_would_change
from miexchange._cures import Search
from miexchange.condition import Deduction, Option
from miexchange.programme import CustomerClass, Overlap
from unit import small
from unit.small import AT, MODEL, asking, costs, functional

if TYPE_CHECKING:
    from miexchange.condition import Question
    from miexchange.programme import Programme


def graded(name: str, component: str, grade: int, amount: int) -> Question:
    return functional(name, component, Option("bad", "Bad", grade=grade, deduction=Deduction(amount_minor=amount)))


KINDS: dict[str, tuple[Question, ...]] = {
    "costs of one group": tuple(
        graded(name, "display", 0, amount) for name, amount in (("a", 100), ("b", 100), ("c", 90))
    ),
    "grades": (graded("a", "x", 2, 10), graded("b", "y", 1, 200), graded("c", "x", 2, 10), graded("d", "z", 0, 300)),
    "extras": tuple(
        functional(n, n, Option("bad", "Bad", extra_minor=-amount)) for n, amount in (("a", 100), ("b", 150))
    ),
    "retentions": (
        functional("a", "a", Option("bad", "Bad", keep_bps=9_000)),
        functional("b", "b", Option("bad", "Bad", keep_bps=8_000)),
        graded("c", "c", 1, 120),
    ),
    "too many retentions": tuple(functional(n, n, Option("bad", "Bad", keep_bps=9_900)) for n in "abcd"),
    "a best answer that costs": (
        functional("a", "a", costs("bad", amount_minor=300)).replace(
            options=(costs("fair", amount_minor=50), costs("bad", amount_minor=300))
        ),
        graded("b", "b", 0, 100),
    ),
    "a cost with an extra": (
        functional("a", "a", Option("bad", "Bad", extra_minor=-50, deduction=Deduction(amount_minor=100))),
        graded("b", "b", 0, 100),
    ),
}


def programme(questions: tuple[Question, ...], scrap: int, **terms: Any) -> Programme:  # noqa: ANN401 - of the terms
    return small.programme(asking(*questions).replace(scrap_minor=scrap, step_minor=10, **terms), price=1_000)


def sets(rules: Programme, questions: tuple[Question, ...], **facts: str) -> set[frozenset[str]]:
    """Return the smallest sets that raise the quote, by valuing after every set of changes."""
    said = {question.id: question.options[-1].id for question in questions}
    best = {question.id: question.best.id for question in questions}

    def worth(names: tuple[str, ...]) -> int:
        told = dict(facts)
        if "" in names:
            told["customer"] = "gold"
        answers = {**said, **{name: best[name] for name in names if name}}
        found = appraise(Device(MODEL), Condition(answers), rules, at=AT, **told)  # type: ignore[arg-type]
        assert isinstance(found, Quote)
        return found.coupon_value

    names = [*best, ""] if facts.get("customer", "gold") != "gold" else [*best]
    for size in range(1, len(names) + 1):
        found = {frozenset(one) for one in combinations(names, size) if worth(one) > worth(())}
        if found:
            return found
    return set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scrap", [0, 500, 700, 800, 900, 1_000])
def test_the_sets_are_those_of_trying_all(kind: str, scrap: int) -> None:
    questions = KINDS[kind]
    overlaps = (Overlap("x", "y", 5_000),) if kind == "grades" else ()
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_800))
    for terms, facts in (({}, {}), ({"customer_classes": classes}, {"customer": "new"})):
        rules = programme(questions, scrap, overlaps=overlaps, **terms)
        said = Condition({question.id: question.options[-1].id for question in questions})
        quote = appraise(Device(MODEL), said, rules, at=AT, **facts)  # type: ignore[arg-type]
        assert isinstance(quote, Quote)
        found = what_would_change(quote, rules)
        assert {frozenset(one.subject for one in cure.changes) for cure in found.cures} == sets(
            rules, questions, **facts
        )


def test_where_the_way_is_known_few_phones_are_valued() -> None:
    parts = tuple(graded(f"q{number}", f"q{number}", 0, 100 + number) for number in range(15))
    rules = programme(parts, 400)
    quote = appraise(Device(MODEL), Condition({one.id: "bad" for one in parts}), rules, at=AT)
    assert isinstance(quote, Quote)
    found = what_would_change(quote, rules)
    assert (len(found.cures), found.complete) == (_cures.MOST_CURES, True)
    assert found.appraisals < 60


@pytest.mark.parametrize("kind", KINDS)
def test_which_ways_are_known(kind: str) -> None:
    questions = KINDS[kind]
    rules = programme(questions, 0)
    quote = appraise(Device(MODEL), Condition({one.id: one.options[-1].id for one in questions}), rules, at=AT)
    assert isinstance(quote, Quote)
    said = _cures.Said(
        Device(MODEL), quote.condition, AT, quote.imei_status,
        exchange_open=False, device_exchanged=False, bonuses_given={}, told=dict.fromkeys(quote.told),
    )  # fmt: skip
    known = Search(rules, said, quote).raised(_cures.HERE) is not None
    assert known is (kind not in {"too many retentions", "a best answer that costs", "a cost with an extra"})
