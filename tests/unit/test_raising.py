"""The sets of better answers that raise a quote, where the way of a value is followed and where it is not."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Condition, Device, Quote, _cures, appraise, what_would_change
from miexchange._cures import Search
from miexchange._raising import Raising, _most, _Part, _parts, before_floor
from miexchange.condition import Deduction, Option
from miexchange.programme import Bonus, CustomerClass, Overlap
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
    "three retentions": tuple(functional(n, n, Option("bad", "Bad", keep_bps=9_900)) for n in "abc"),
    "too many retentions": tuple(functional(n, n, Option("bad", "Bad", keep_bps=9_900)) for n in "abcd"),
    "a best answer that costs": (
        functional("a", "a", costs("bad", amount_minor=300)).replace(
            options=(costs("fair", amount_minor=50), costs("bad", amount_minor=300))
        ),
        graded("b", "b", 0, 100),
    ),
    "a best answer that keeps less": (
        functional("a", "a").replace(
            options=(Option("fair", "Fair", keep_bps=9_500), Option("bad", "Bad", keep_bps=9_000))
        ),
        graded("b", "b", 0, 100),
    ),
    "a best answer of a lower grade": (
        functional("a", "a").replace(options=(Option("fair", "Fair", grade=1), Option("bad", "Bad", grade=2))),
        graded("b", "b", 0, 100),
    ),
    "an answer that costs nothing": (functional("a", "a", Option("good", "Good")), graded("b", "b", 0, 100)),
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
@pytest.mark.parametrize("customer", [None, "new"])
def test_which_ways_are_known(kind: str, customer: str | None) -> None:
    questions = KINDS[kind]
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_800)) if customer else ()
    rules = programme(questions, 0, customer_classes=classes)
    said_of = Condition({one.id: one.options[-1].id for one in questions})
    quote = appraise(Device(MODEL), said_of, rules, at=AT, customer=customer)
    assert isinstance(quote, Quote)
    told = {name: customer if name == "customer" else None for name in quote.told}
    said = _cures.Said(
        Device(MODEL), quote.condition, AT, quote.imei_status,
        exchange_open=False, device_exchanged=False, bonuses_given={}, told=told,
    )  # fmt: skip
    known = Search(rules, said, quote).raised(_cures.HERE) is not None
    unknown = {"too many retentions", "a cost with an extra", *({"three retentions"} if customer else ())}
    assert known is (kind not in unknown and not kind.startswith("a best answer")), "the class is a retention too"


EXTRA = functional("pen", "pen", Option("bad", "Bad", extra_minor=200))
COST = graded("a", "a", 0, 100)
VALUES: list[tuple[tuple[Question, ...], dict[str, Any], int]] = [
    ((COST,), {}, 900),
    ((COST,), {"factor_bps": 9_000}, 900),
    ((COST,), {"scrap_minor": 950}, 900),
    ((COST,), {"step_minor": 700}, 900),
    ((EXTRA,), {}, 1_200),  # a quote is at most the price
    ((COST,), {"bonuses": (Bonus("gift", "Gift", amount_minor=50),)}, 900),
]


@pytest.mark.parametrize(("questions", "terms", "value"), VALUES)
def test_the_value_before_the_floor_has_no_step_that_closes(
    questions: tuple[Question, ...], terms: dict[str, Any], value: int
) -> None:
    rules = small.programme(asking(*questions).replace(**terms), price=1_000)
    quote = appraise(Device(MODEL), Condition({one.id: "bad" for one in questions}), rules, at=AT)
    assert isinstance(quote, Quote)
    assert before_floor(quote) == value


def key(name: str) -> tuple[Any, str, str | None]:
    return "condition", name, "best"


def test_the_least_value_is_the_first_that_is_worth_more() -> None:
    """By trying each value: with a factor, a floor, a step and a bonus."""
    rules = programme((COST,), 500, factor_bps=9_000, bonuses=(Bonus("gift", "Gift", share_bps=1_000, cap_minor=500),))
    quote = appraise(Device(MODEL), Condition({"a": "bad"}), rules, at=AT)
    assert isinstance(quote, Quote)
    raising = Raising(quote, rules, [key("a")], {"a": "bad"})
    offers = [raising._offer(value) for value in range(1_001)]  # noqa: SLF001 - what is asked about
    assert offers[900] == quote.coupon_value == 891
    assert offers[0] == 550, "the scrap value, with its bonus"
    assert offers == sorted(offers)
    for worth in range(891, 990):
        least = raising.least(worth, 1_000)
        assert offers[least] > worth >= offers[least - 1]


def test_a_group_may_stay_at_each_of_its_costs() -> None:
    a, b, c = key("a"), key("b"), key("c")
    costs = {a: 100, b: 100, c: 90}
    assert _parts(costs, frozenset()) == [(frozenset({a, b}), 10), (frozenset({a, b, c}), 100)]
    assert _parts(costs, frozenset({a})) == [(frozenset({b}), 10), (frozenset({b, c}), 100)]
    assert _parts(costs, frozenset({a, b, c})) == _parts({}, frozenset()) == []


def test_the_most_that_groups_can_gain_by_each_number_of_changes() -> None:
    a, b, c, d = (frozenset({key(name)}) for name in "abcd")
    groups = [[_Part(a | b, 10), _Part(a | b | c, 100)], [_Part(d, 150)]]
    possible = [[gain if gain > 0 else None for gain in row[1:]] for row in _most(groups, 4)]
    assert possible == [[150, 10, 160, 250], [150, None, None, None], [None] * 4]
    assert [row[0] for row in _most(groups, 4)] == [0, 0, 0]


SETS: list[tuple[str, int, int, set[str]]] = [
    ("costs and extras", 1, 0, {"x", "y"}),
    ("costs and extras", 2, 10, {"ab", "xy"}),
    ("costs and extras", 2, 11, {"xy"}),
    ("costs and extras", 2, 250, {"xy"}),
    ("costs and extras", 2, 251, set()),
    ("costs and extras", 3, 100, {"abc", "abx", "aby"}),
    ("costs and extras", 3, 160, {"aby"}),
    ("costs and extras", 5, 0, {"abcxy"}),
    ("grades", 1, 0, {"b", "d"}),
    ("grades", 2, 0, {"ac", "bd"}),
    ("grades", 3, 0, {"abc", "acd"}),
    ("grades", 3, 250, {"acd"}),
    ("retentions", 1, 0, {"a", "b", "c"}),
    ("retentions", 2, 0, {"ab", "ac", "bc"}),
    ("retentions", 2, 120, {"ac", "bc"}),
    ("extra and grade", 1, 0, {"a", "b"}),
    ("extra and grade", 2, 0, {"ab"}),
]


@pytest.mark.parametrize(("kind", "count", "needed", "sets"), SETS)
def test_the_sets_of_a_size_gain_what_is_needed(kind: str, count: int, needed: int, sets: set[str]) -> None:
    """Of each component group as many as its worst cost falls by; a change of the grade or a retention in any way."""
    plain = [functional(n, n, Option("bad", "Bad", extra_minor=-gain)) for n, gain in (("x", 100), ("y", 150))]
    both = functional("a", "a", Option("bad", "Bad", grade=1, extra_minor=-100))
    more = {
        "costs and extras": (*KINDS["costs of one group"], *plain),
        "extra and grade": (both, functional("b", "b", Option("bad", "Bad", extra_minor=-50))),
    }
    questions = more.get(kind) or KINDS[kind]
    rules, answers = programme(questions, 0), {one.id: "bad" for one in questions}
    quote = appraise(Device(MODEL), Condition(answers), rules, at=AT)
    assert isinstance(quote, Quote)
    raising = Raising(quote, rules, [key(name) for name in answers], answers)
    found = ["".join(sorted(name for _, name, _ in picks)) for picks in raising.sets(count, lambda _: needed)]
    assert sorted(found) == sorted(sets)
