"""Proofs of a programme's laws, checked by what does not depend on the solver: numbers, phones and planted faults."""

from __future__ import annotations

import dataclasses
import re
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
import z3

from miexchange import InvalidValue, Programme, Quote, Refusal, _decisions, _kernel
from miexchange.condition import Deduction
from miexchange.programme import AgeBand, Bonus, CustomerClass
from miexchange.prove import LAWS, Counterexample, Phone, Progress, Proof, Proofs, _run, prove
from miexchange.prove._decided import DECISIONS, Set, decided
from miexchange.prove._laws import ask
from miexchange.prove._reach import Span
from miexchange.prove._run import _Prover, laws_of
from miexchange.prove._search import drawn, values
from miexchange.prove._sheet import Inputs, Sheet
from miexchange.prove._symbols import Symbol, Truth, World
from shipped import shipped_programme
from unit.proved import changed, copied, faults, first_terms

UK, INDIA = shipped_programme("uk-trade-in"), shipped_programme("mi-exchange-india")
GRADED = first_terms("graded-trade-in")
YES, NO = map(z3.BoolVal, (True, False))
NUMBERS = (-20_001, -10_000, -9_999, -1, 0, 1, 9_999, 10_000, 20_001)


def broken(programme: Programme, *laws: str) -> list[Proof]:
    """Return what is not proved, and see that every phone is worth what it says."""
    found = [proof for proof in prove(programme, laws=laws or LAWS).proofs if not proof]
    assert all(proof.counterexample.confirms(programme) for proof in found if proof.counterexample)
    return found


# What is proved.


@pytest.mark.parametrize("programme", [UK, INDIA], ids=lambda one: one.id)
def test_every_law_of_a_shipped_programme_is_proved(programme: Programme) -> None:
    told: list[Progress] = []
    proofs = prove(programme, progress=told.append)
    assert proofs
    assert not proofs.refuted
    assert not proofs.undecided
    assert (proofs.programme, proofs.digest, proofs.laws) == (programme.id, programme.digest, LAWS)
    assert [one.done for one in told] == list(range(1, len(proofs.proofs) + 1))
    worse = [proof for proof in proofs.proofs if proof.law == "worse_answer"]
    questions = programme.terms[0].questionnaire.questions
    assert len(worse) == sum(len(question.options) - 1 for question in questions)


@pytest.mark.sweep
def test_the_graded_programme_is_proved_with_age_classes_and_drift() -> None:
    programme = shipped_programme("graded-trade-in")
    first, second = programme.terms
    second = second.replace(
        age_bands=(AgeBand(0, 10_000), AgeBand(12, 8_500), AgeBand(24, 6_999)),
        customer_classes=(CustomerClass("gold", 10_000), CustomerClass("plain", 9_301)),
        bonuses=first.bonuses,
    )
    proofs = prove(dataclasses.replace(programme, terms=(first, second)))
    assert [(one.law, one.subject) for one in proofs.proofs if not one and one.law != "reach"] == []


@pytest.mark.parametrize("laws", [(), ("no law",), "worse_answer", 5])
def test_laws_that_are_none_are_refused(laws: object) -> None:
    with pytest.raises(InvalidValue, match="laws"):
        prove(UK, laws=laws)  # type: ignore[arg-type]  # that is the point


# Phones: what breaks a law, confirmed by appraise.


def test_a_worse_answer_that_pays_more_comes_with_two_phones() -> None:
    """ "What is not proved comes with a phone: model, price, two sets of answers, both values"."""
    programme = changed(UK, "screen", "cracked", deduction=Deduction(share_bps=799))
    (proof,) = broken(programme, "worse_answer")
    assert (proof.verdict, proof.subject) == ("refuted", "screen: cracked after scratched")
    found = proof.counterexample
    assert found is not None
    assert found.second is not None
    assert found.first.condition.replace(screen=None) == found.second.condition.replace(screen=None)
    assert (found.first.condition["screen"], found.second.condition["screen"]) == ("scratched", "cracked")
    assert found.second_value is not None
    assert found.first_value is not None
    assert found.second_value > found.first_value
    shown = found.shown(programme)
    assert len(shown.splitlines()) <= 25
    for said in (found.first.model, "screen=scratched", "screen=cracked", "pays more", "every other answer"):
        assert said in shown
    assert not found.confirms(UK)


@pytest.mark.parametrize(("question", "option", "fields"), list(faults(UK)))
def test_a_fault_that_is_planted_in_a_table_is_a_phone(question: str, option: str, fields: dict[str, object]) -> None:
    programme = changed(UK, question, option, **fields)
    found = broken(programme, "worse_answer")
    assert [proof.verdict for proof in found] == ["refuted"] * len(found)
    assert any(proof.counterexample for proof in found)


@pytest.mark.sweep
def test_fifty_faults_that_are_planted_in_a_large_table_are_fifty_phones() -> None:
    planted = list(faults(GRADED))[:50]
    assert len(planted) == 50
    for question, option, fields in planted:
        programme = changed(GRADED, question, option, **fields)
        terms = programme.terms[0]
        prover = _Prover(programme, terms, Span(terms.effective_from, None), _kernel, 20)
        (asked,) = (asked for asked in prover.sheet.asked if asked.id == question)
        phones = [found.counterexample for found in prover._answers(asked) if found.counterexample]  # noqa: SLF001 - of one question
        assert any(phone.confirms(programme) for phone in phones), (question, option, fields)


def test_a_dearer_market_that_pays_less_comes_with_two_prices() -> None:
    programme = changed(
        dataclasses.replace(UK, price_step_minor=1), "works", "fault", deduction=Deduction(share_bps=4_900)
    )
    (proof,) = broken(programme, "dearer_market")
    found = proof.counterexample
    assert found is not None
    assert found.second is not None
    assert found.first.price_minor > found.second.price_minor
    assert found.first.condition == found.second.condition


def test_what_the_loader_cannot_tell_is_proved() -> None:
    """The loader's condition is sufficient and no more: of a share this large it only knows that it could go wrong."""
    programme = changed(GRADED, "battery", "weak", deduction=Deduction(share_bps=8_000))
    assert broken(programme, "dearer_market") == []


def test_an_answer_that_nobody_can_give_is_unreachable() -> None:
    few = type(GRADED.eligible).of(list(GRADED.eligible)[:3])
    nowhere = dataclasses.replace(GRADED, anchors=type(GRADED.anchors).of(()), eligible=few)
    found = broken(nowhere, "reach")
    assert "touch=faulty" in {proof.subject for proof in found}
    assert all(proof.counterexample and proof.counterexample.first_value is None for proof in found)


def test_a_question_that_no_model_is_asked_is_unreachable() -> None:
    terms = UK.terms[0]
    asked = terms.questionnaire.questions[0].replace(asked_brands=("Nobody",))
    questions = terms.questionnaire.replace(questions=(asked, *terms.questionnaire.questions[1:]))
    programme = dataclasses.replace(UK, terms=(terms.replace(questionnaire=questions),))
    assert {proof.subject for proof in broken(programme, "reach")} == {"question lock", "lock=free", "lock=locked"}
    assert broken(programme, "worse_answer", "64_bits") == []


def test_a_bonus_that_another_always_beats_is_unreachable() -> None:
    bonuses = (
        Bonus("small", "Small", amount_minor=100),
        Bonus("large", "Large", amount_minor=200),
        Bonus("share", "Share", share_bps=100, cap_minor=100),
        Bonus("first", "First", amount_minor=300, quota=5, fall_back="large", targets=("Pixel 9",)),
    )
    programme = dataclasses.replace(UK, terms=(UK.terms[0].replace(bonuses=bonuses),))
    found = broken(programme, "reach", "bonuses", "64_bits")
    assert {(proof.subject, proof.verdict) for proof in found} == {
        ("bonus small", "refuted"),
        ("bonus share", "refuted"),
    }


def test_without_a_listed_model_nothing_is_reached() -> None:
    programme = dataclasses.replace(UK, eligible=type(UK.eligible).of(()))
    found = prove(programme, laws=["reach"]).refuted
    assert {proof.detail for proof in found} == {"no listed model has a price while these terms are in force"}


def test_terms_that_take_no_model_pay_nothing() -> None:
    programme = dataclasses.replace(UK, brands=frozenset({"Nobody"}))
    assert broken(programme, "worse_answer", "worse_fact", "dearer_market", "within_price") == []


# The solver by itself: without the quick look, it finds the same.

FAULTS = {
    "worse_answer": ("screen", "cracked", 799),
    "dearer_market": ("works", "fault", 4_900),
}


@pytest.mark.parametrize("near", [0, 1], ids=["exact", "near"])
@pytest.mark.parametrize("law", ["worse_answer", pytest.param("dearer_market", marks=pytest.mark.sweep)])
def test_the_solver_finds_a_phone_by_itself(law: str, near: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run, "_SEEDS", 0)
    monkeypatch.setattr(_run, "_NEAR", near)
    question, option, share = FAULTS[law]
    programme = changed(
        dataclasses.replace(UK, price_step_minor=1), question, option, deduction=Deduction(share_bps=share)
    )
    (proof,) = broken(programme, law)
    assert proof.verdict == "refuted"
    assert proof.counterexample


WITH_FACTS = dataclasses.replace(
    UK,
    terms=(
        UK.terms[0].replace(
            price_max_age_days=5,
            drift_bps_per_day=30,
            age_bands=(AgeBand(0, 10_000), AgeBand(12, 8_500), AgeBand(14, 8_500)),
            customer_classes=(CustomerClass("gold", 10_000), CustomerClass("plain", 9_301)),
        ),
    ),
)


def test_worse_facts_are_proved_and_every_band_is_reached() -> None:
    proofs = prove(WITH_FACTS, laws=["worse_fact", "reach"])
    assert proofs
    subjects = {proof.subject for proof in proofs.proofs}
    assert {"customer: plain after gold", "months_owned: 12 after 0", "days_priced: 5 after 4"} <= subjects
    assert {"age_bands[14]", "customer_classes[plain]"} <= subjects


@pytest.mark.parametrize(("seeds", "near"), [(1, 0), (0, 1), (0, 0)], ids=["search", "near", "exact"])
def test_a_worse_fact_that_pays_more_is_found(seeds: int, near: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel is a copy, so `appraise` does not confirm the phone, and the proof says so."""
    monkeypatch.setattr(_run, "_SEEDS", seeds)
    monkeypatch.setattr(_run, "_NEAR", near)
    lower = copied("kept = scaled(running, bps)", "kept = scaled(running, bps + (bps == 8_500) * 1_600)")
    found = [proof for proof in laws_of(WITH_FACTS, ["worse_fact"], 20, kernel=lower) if not proof]
    assert [(proof.subject, proof.verdict, proof.counterexample) for proof in found] == [
        ("months_owned: 12 after 0", "refuted", None)
    ]
    assert "something else to appraise" in found[0].detail


@pytest.mark.parametrize("law", ["within_price", "floor_cap_step"])
def test_a_value_that_leaves_its_bounds_is_not_proved_without_a_look(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run, "_SEEDS", 0)
    uncapped = copied("capped = at_most(floored, market)", "capped = floored + market")
    (proof,) = laws_of(UK, [law], 20, kernel=uncapped)
    assert proof.verdict == "refuted"
    monkeypatch.setattr(_run, "_NEAR", 0)
    (proof,) = laws_of(UK, [law], 20, kernel=uncapped)
    assert proof.verdict == "undecided"


def test_what_the_solver_does_not_find_in_its_time_is_undecided() -> None:
    world = World()
    first, second, third = (world.any(2, 10**9, name) for name in ("a", "b", "c"))
    cubes = [one.term * one.term * one.term for one in (first, second, third)]
    hard = cubes[0] + cubes[1] == cubes[2]
    assert ask(world, hard, 0.05) == ("undecided", None)
    assert ask(world, hard, 0.05, [world.pick(2), world.pick(2)]) == ("undecided", None)
    assert ask(world, first.term < 2, 5, [world.pick(2)]) == ("proved", None)
    easier = world.pick(2)
    assert ask(world, z3.And(hard, z3.Not(z3.Or(*easier))), 5, [easier]) == ("proved", None)


# The kernel: a changed line is not proved.

CHANGES = [
    (
        "for deduction in deductions:\n",
        "for deduction in [one * (one < 9_999) for one in deductions]:\n",
        "worse_answer",
    ),
    ("capped = at_most(floored, market)", "capped = floored", "within_price"),
    ("floored = at_least(shared, scrap)", "floored = shared", "floor_cap_step"),
    ("    paid = down_to_step(capped, step)", "    paid = capped", "floor_cap_step"),
    ("return amount // step * step", "return (amount + step - 1) // step * step", "within_price"),
    (
        "return (amount * bps + _HALF) // _BPS",
        "return (amount * bps + _HALF) // _BPS * (amount < 99_999)",
        "dearer_market",
    ),
    (
        "scaled(value, share_bps), cap) * (value >= from_value)",
        "scaled(value, share_bps), cap) * (value < from_value)",
        "bonuses",
    ),
    ("return fixed + scaled(market, share_bps)", "return fixed * 10**9 + scaled(market, share_bps)", "64_bits"),
]


@pytest.mark.parametrize(("line", "other", "law"), CHANGES)
def test_a_changed_line_of_the_kernel_is_not_proved(line: str, other: str, law: str) -> None:
    terms = UK.terms[0]
    bonus = Bonus("b", "B", amount_minor=100, from_value_minor=500)
    questions = changed(UK, "works", "fault", deduction=Deduction(amount_minor=10**9)).terms[0].questionnaire
    if law != "64_bits":
        questions = terms.questionnaire
    terms = terms.replace(bonuses=(bonus,), questionnaire=questions)
    programme = dataclasses.replace(UK, terms=(terms,), price_step_minor=1)
    found = [proof for proof in laws_of(programme, [law], 5, kernel=copied(line, other)) if not proof]
    assert found
    assert all(proof.counterexample is None or proof.counterexample.confirms(programme) for proof in found)


@pytest.mark.parametrize(
    ("name", "change", "law"),
    [
        ("let_pass", lambda found, _: found, "doubts"),
        ("shown", lambda reasons: reasons & 1, "hides nothing"),
        ("numbers", lambda *_: 0, "register"),
        ("is_stale", lambda asked, at, hours: (asked > at) & (hours > 0), ""),
        ("is_stale", lambda asked, at, hours: (at - asked < hours) & (hours > 0), "evidence"),
        ("identity", lambda said, _: said, "identity"),
    ],
)
def test_a_changed_decision_is_not_proved(name: str, change: object, law: str) -> None:
    copy = type("Decisions", (), {**vars(_decisions), name: staticmethod(change)})  # type: ignore[arg-type]  # a function
    terms = GRADED.terms[0]
    terms = terms.replace(eligibility=terms.eligibility.replace(register_hours=24))
    found = {name for name, verdict, _ in decided(GRADED, terms, copy, 5) if verdict != "proved"}
    assert found == set() if not law else law in found
    assert found <= DECISIONS.keys()


# Independent of the solver.


def test_columns_and_appraise_say_the_same_of_drawn_phones() -> None:
    terms = GRADED.terms[0].replace(
        age_bands=(AgeBand(0, 10_000), AgeBand(7, 8_000)),
        customer_classes=(CustomerClass("gold", 9_000),),
        drift_bps_per_day=7,
    )
    programme = dataclasses.replace(GRADED, terms=(terms,))
    prover = _Prover(programme, terms, Span(terms.effective_from, None), _kernel, 1)
    phones, case = drawn(prover.sheet, prover.sheet.cases, 7)
    worth = values(prover.sheet, _kernel, phones)
    for number in range(25):
        pair = prover._at(phones, case, prover.sheet.cases, number)  # noqa: SLF001 - what the prover makes of a drawn phone
        outcome = prover._phone(pair, 0).appraise(programme)  # noqa: SLF001 - as above
        assert isinstance(outcome, Quote)
        assert outcome.exchange_value == worth[number]


def _small(random: Random) -> Programme:
    """Return a programme of two questions with rows that nobody has looked at."""
    programme = changed(UK, "works", "fault", deduction=Deduction(share_bps=random.randint(1, 9_999)))
    programme = changed(programme, "screen", "scratched", deduction=Deduction(share_bps=random.randint(1, 9_999)))
    programme = changed(programme, "screen", "cracked", deduction=Deduction(share_bps=random.randint(1, 9_999)))
    programme = changed(programme, "body", "good", extra_minor=random.choice((0, 0, 50, -50)))
    terms = programme.terms[0].replace(scrap_minor=random.choice((0, 50)), factor_bps=random.randint(5_000, 10_000))
    return dataclasses.replace(programme, terms=(terms,), price_step_minor=random.choice((1, 50)))


def _brute(programme: Programme) -> set[str]:
    """Return the laws that a search over all small prices and all answers finds broken."""
    sheet = Sheet(programme, programme.terms[0], programme.terms[0].scrap_minor)
    taken = [range(len(asked.taken)) for asked in sheet.asked]
    market = np.arange(1, 1_200) * programme.price_step_minor
    worth = {}
    for places in product(*taken):
        picks = {asked.id: np.full(len(market), place) for asked, place in zip(sheet.asked, places, strict=True)}
        worth[places] = values(sheet, _kernel, Inputs(market, {}, picks, []))
    found = {"dearer_market" for value in worth.values() if (np.diff(value) < 0).any()}
    for places, value in worth.items():
        for number, place in enumerate(places):
            worse = (*places[:number], place + 1, *places[number + 1 :])
            if worse in worth and (worth[worse] > value).any():
                found.add("worse_answer")
    return found


def _agree(seed: int) -> tuple[set[str], set[str]]:
    programme = _small(Random(seed))  # noqa: S311 - not a secret
    found = broken(programme, "worse_answer", "dearer_market")
    refuted: set[str] = {proof.law for proof in found if proof.counterexample}
    return _brute(programme), refuted


@pytest.mark.parametrize("seed", range(4))
def test_what_a_search_over_all_small_phones_refutes_comes_with_a_phone(seed: int) -> None:
    brute, refuted = _agree(seed)
    assert brute <= refuted


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(100, 160))
def test_what_a_search_refutes_of_many_programmes_comes_with_a_phone(seed: int) -> None:
    brute, refuted = _agree(seed)
    assert brute <= refuted


# The operands.


def value_of(symbol: Symbol, world: World) -> int:
    solver = z3.Solver()
    solver.add(*world.facts)
    assert solver.check() == z3.sat
    return int(solver.model().eval(symbol.term, model_completion=True).as_long())


@pytest.mark.parametrize(("number", "divisor"), list(product(NUMBERS, (1, 7, 10_000))))
def test_a_symbol_is_divided_as_python_divides(number: int, divisor: int) -> None:
    world = World()
    found = world.lift(number) // divisor
    assert value_of(found, world) == number // divisor
    assert found.least <= number // divisor <= found.most


@pytest.mark.parametrize(("one", "other"), list(product(NUMBERS, NUMBERS)))
def test_operators_mean_the_same_for_symbols(one: int, other: int) -> None:
    world = World()
    first = world.one_of([(YES, one), (NO, one + 1)])
    second = world.any(other, other + 1)
    world.facts.append(second.term == other)
    cases = {
        "sum": (first + second, one + other),
        "difference": (5 - first, 5 - one),
        "product": (first * second, one * other),
        "least": (_kernel.at_most(first, second), min(one, other)),
        "most": (_kernel.at_least(second, 3), max(other, 3)),
        "equal": (7 * (first == second), 7 * (one == other)),
        "unequal": ((first != second) * 7, 7 * (one != other)),
        "at most": ((first <= second) + 1, (one <= other) + 1),
        "count": (1 - (first < second), 1 - (one < other)),
        "both": (((first < second) & (first > 0)) * 3, 3 * (0 < one < other)),
        "one": (((first < second) | (first >= 0)) * 3, 3 * (one < other or one >= 0)),
    }
    for name, (symbol, expected) in cases.items():
        found = world.lift(symbol)
        assert value_of(found, world) == expected, name
        assert found.least <= expected <= found.most, name


def test_a_symbol_cannot_be_branched_on() -> None:
    world = World()
    with pytest.raises(TypeError, match="branch"):
        bool(world.lift(1) > 0)
    for divisor in (0, -1, world.lift(2)):
        with pytest.raises(TypeError, match="above zero"):
            world.lift(1) // divisor


def test_what_two_runs_are_compared_by_is_true() -> None:
    """ "Each is a theorem about whole numbers": no numbers contradict what is said of two runs."""
    for one, other, rate in product((-15_000, 0, 7_777), (-3, 0, 15_001), (1, 4_999, 12_000)):
        world = World()
        pick = world.pick(3)
        traces = []
        for number in (one, other):
            amount = world.any(-20_000, 20_000)
            world.facts.append(amount.term == number)
            _kernel.scaled(amount, rate)
            _kernel.scaled(amount, world.select(pick, [0, rate, 10_000]))
            traces.append(world.run())
        hints = world.compared(*traces)
        for place in range(3):
            solver = z3.Solver()
            solver.add(*world.facts, *hints, pick[place])
            assert solver.check() == z3.sat


def test_a_set_of_reasons_is_a_number_of_64_bits() -> None:
    three, five = Set(z3.BitVecVal(3, 64)), Set(z3.BitVecVal(5, 64))
    found = [three & 5, three | five, 3 ^ five, three + 5, five * 3, Truth(None, NO).__rmul__, three]
    assert [int(z3.simplify(one.term).as_long()) for one in found if isinstance(one, Set)] == [1, 7, 6, 8, 15, 3]
    assert z3.is_true(z3.simplify((five > three).term))


# The values.


def test_proofs_are_counted_law_by_law() -> None:
    proof = Proof("reach", "2025-03", "question lock", "proved")
    other = proof.replace(verdict="undecided", subject="question power")
    proofs = Proofs(UK.id, UK.digest, ("reach",), (proof, other))
    assert not proofs
    assert proofs.undecided == (other,)
    assert proofs.rows() == (("every question, answer, band, class and bonus can be reached", 1, 0, 1),)
    assert proofs.markdown().splitlines()[0] == "| uk-trade-in | proved | refuted | undecided |"
    assert Proofs.from_json(proofs.to_json()) == proofs


def test_a_phone_says_what_it_is() -> None:
    terms = UK.terms[0].replace(customer_classes=(CustomerClass("gold", 9_000),), age_bands=(AgeBand(0, 9_000),))
    programme = dataclasses.replace(UK, terms=(terms,))
    at, variant = terms.effective_from, UK.catalogue.by_model[next(iter(UK.eligible)).model]
    phone = Phone(
        variant.model, at, at, 20_000, terms.questionnaire.best(variant), purchased_on=at.date(), customer="gold"
    )
    outcome = phone.appraise(programme)
    assert isinstance(outcome, Quote)
    assert outcome.exchange_value == 16_200
    assert isinstance(phone.replace(customer="tin").appraise(programme), Refusal)
    found = Counterexample("only this phone", phone, 16_200)
    assert found.confirms(programme)
    shown = found.shown(programme)
    for said in ("only this phone", "market price 200.00", "bought on 2025-03-01", "customer: gold", "162.00"):
        assert said in shown
    assert Phone.from_json(phone.to_json()) == phone
    assert "refused" in Counterexample("x", phone.replace(customer="tin")).shown(programme)


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "prove.md").read_text(encoding="utf-8")
TABLES = PAGE.partition("<!-- proofs -->\n")[2].partition("<!-- end -->")[0]


def test_the_page_has_the_tables_of_the_command() -> None:
    for programme in (UK, INDIA):
        assert prove(programme).markdown() in TABLES
    rows = [row.split("|") for row in TABLES.splitlines() if row.startswith("| ") and "proved" not in row]
    assert len(rows) == 7 + 7 + 9
    assert {(refuted.strip(), undecided.strip()) for *_, refuted, undecided, _ in rows} == {("0", "0")}
    assert set(LAWS) <= set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))


@pytest.mark.sweep
def test_the_page_has_the_table_of_the_graded_programme() -> None:
    assert prove(shipped_programme("graded-trade-in")).markdown() in TABLES
