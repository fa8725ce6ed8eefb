"""Which questions are asked of a phone, and numbers as answers: in every world, at the door, and by a solver."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miexchange import (
    Condition,
    Device,
    InvalidValue,
    Programme,
    Quote,
    Refusal,
    _kernel,
    appraise,
    condition,
    sql,
    worst_case,
)
from miexchange.batch import appraise_file, appraise_frame
from miexchange.catalogue import Catalogue
from miexchange.condition import Deduction, Option, Question, Questionnaire
from miexchange.coupon import device_token
from miexchange.inspection import Examination, examine
from miexchange.prove import _laws, prove
from miexchange.prove._search import values
from miexchange.prove._sheet import Inputs, Sheet
from miexchange.tuning import simulate_book, simulate_inspections
from miexchange.valuation import WorstCase
from unit import small, trade
from unit.command import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.inspection import Inspection


BASE = Path(__file__).parents[1] / "data" / "programme_base"


def option(name: str, cost: int = 0, **does: Any) -> Option:  # noqa: ANN401 - any field
    return Option(name, f"It is {name}", deduction=Deduction(amount_minor=cost) if cost else None, **does)


def question(name: str, *options: Option, **asked: Any) -> Question:  # noqa: ANN401 - as above
    return Question(name, f"How is {name}?", name, "functional", options, **asked)


SCREEN = question("screen", option("whole"), option("marked", 5_000), option("dead", 30_000))
WHERE = question(
    "where", option("edge"), option("centre", 7_000), asked_after="screen", asked_answers=("marked", "dead")
)
DEEP = question("deep", option("no"), option("yes", 11), asked_after="where", asked_answers=("centre",))
PEN = question("pen", option("there"), option("gone", 900), asked_features=("s_pen",))
TIP = question("tip", option("fine"), option("worn", 90), asked_after="pen", asked_answers=("gone",))
BATTERY = question(
    "battery",
    option("good", least=85, most=100),
    option("worn", 400, least=80, most=84),
    option("bad", least=0, most=79, gate=True),
    unit="%",
)
QUESTIONNAIRE = Questionnaire("1", (SCREEN, WHERE, DEEP, PEN, TIP, BATTERY))
PLAIN, WITH_PEN = small.VARIANT, small.VARIANT.replace(model="acme-pen-4-64", name="Pen", features=("s_pen",))


def programme(questionnaire: Questionnaire = QUESTIONNAIRE) -> Programme:
    return small.programme(small.TERMS.replace(questionnaire=questionnaire, exchange=trade.RULES))


def worth(answers: Mapping[str, str]) -> int | tuple[str, ...]:
    outcome = appraise(Device(small.MODEL), Condition(answers), programme(), at=small.AT)
    return outcome.exchange_value if isinstance(outcome, Quote) else outcome.codes


WORTH = [
    ({"screen": "whole", "battery": "good"}, 1_000_000),
    ({"screen": "marked", "where": "edge", "battery": "good"}, 995_000),
    ({"screen": "dead", "where": "centre", "deep": "yes", "battery": "good"}, 962_989),
    ({"screen": "whole", "where": "edge", "battery": "good"}, ("question_not_asked",)),
    ({"screen": "whole", "where": "no answer of it", "battery": "good"}, ("question_not_asked",)),
    ({"screen": "marked", "battery": "good"}, ("answer_missing",)),
    ({"screen": "marked", "where": "edge", "deep": "no", "battery": "good"}, ("question_not_asked",)),
    ({"where": "edge", "battery": "good"}, ("answer_missing", "question_not_asked")),
    ({"screen": "whole", "battery": "good", "pen": "there"}, ("question_not_asked",)),
    ({"screen": "whole", "battery": "good", "tip": "fine"}, ("question_not_asked",)),
    ({"screen": "whole", "battery": "100"}, 1_000_000),
    ({"screen": "whole", "battery": "85"}, 1_000_000),
    ({"screen": "whole", "battery": "84"}, 999_600),
    ({"screen": "whole", "battery": "80"}, 999_600),
    ({"screen": "whole", "battery": "79"}, ("condition_gate",)),
    ({"screen": "whole", "battery": "101"}, ("answer_unknown",)),
    ({"screen": "whole", "battery": "084"}, ("answer_unknown",)),
    ({"screen": "whole", "battery": "84 %"}, ("answer_unknown",)),
    ({"screen": "whole", "battery": "-1"}, ("answer_unknown",)),
]


@pytest.mark.parametrize(("answers", "wanted"), WORTH)
def test_what_is_asked_decides_what_a_phone_is_worth(answers: dict[str, str], wanted: int | tuple[str, ...]) -> None:
    found = worth(answers)
    assert (found if isinstance(found, int) else tuple(sorted(found))) == wanted


def columns() -> dict[str, list[str | None]]:
    names = [one.id for one in QUESTIONNAIRE.questions]
    return {"model": [small.MODEL] * len(WORTH), **{name: [said.get(name) for said, _ in WORTH] for name in names}}


def rows(table: Any) -> list[int | tuple[str, ...]]:  # noqa: ANN401 - an Arrow table
    found: list[int | tuple[str, ...]] = []
    for row in table.to_pylist():
        value = row["exchange_value_minor"]
        found.append(tuple(sorted(row["reasons"].split("|"))) if value is None else value)
    return found


def test_a_table_is_asked_the_same() -> None:
    assert rows(appraise_frame(pa.table(columns()), programme(), at=small.AT)) == [wanted for _, wanted in WORTH]


def test_a_query_asks_the_same() -> None:
    table = pa.table({**columns(), "row": list(range(len(WORTH)))})
    with duckdb.connect() as connection:
        connection.register("phones", table)
        query = sql.query(programme(), source="main.phones", columns=columns(), at=small.AT, keep=["row"])
        found = connection.sql(query).order("row").to_arrow_table()
    assert rows(found) == [wanted for _, wanted in WORTH]


NUMBERS = {**columns(), "battery": [100, 84, None] + [85] * (len(WORTH) - 3), "screen": ["whole"] * len(WORTH)}
NUMBERS |= {name: [None] * len(WORTH) for name in ("where", "deep", "pen", "tip")}
OF_NUMBERS = [1_000_000, 999_600, ("answer_missing",)] + [1_000_000] * (len(WORTH) - 3)


def test_whole_numbers_stand_in_a_column_of_whole_numbers(tmp_path: Path) -> None:
    table = pa.table(
        NUMBERS, schema=pa.schema([(name, pa.int16() if name == "battery" else pa.string()) for name in NUMBERS])
    )
    assert rows(appraise_frame(table, programme(), at=small.AT)) == OF_NUMBERS
    pq.write_table(table, tmp_path / "phones.parquet")
    appraise_file(tmp_path / "phones.parquet", tmp_path / "worth.parquet", programme(), at=small.AT)
    assert rows(pq.read_table(tmp_path / "worth.parquet")) == OF_NUMBERS
    objects = table.to_pandas().astype(object)
    objects["battery"] = NUMBERS["battery"]
    objects["battery"] = objects["battery"].astype(object)
    assert appraise_frame(objects, programme(), at=small.AT)["reasons"][2] == "answer_missing"
    with duckdb.connect() as connection:
        connection.register("phones", table)
        found = sql.appraise(connection.sql("FROM phones"), programme(), at=small.AT)
        assert sorted(map(str, rows(found.to_arrow_table()))) == sorted(map(str, OF_NUMBERS))


def test_a_cell_that_is_no_whole_number_says_what_to_write() -> None:
    others = dict.fromkeys(("where", "deep", "pen", "tip"))
    said = {"model": [small.MODEL] * 3, "screen": "whole", "battery": [90.0, 101.5, float("nan")], **others}
    frame = pd.DataFrame(said)
    found = appraise_frame(frame, programme(), at=small.AT, problems=True)["problems"]
    assert found[0] == "battery=90.0 is no text and no whole number. Write a whole number."
    assert found[1] == "battery=101.5 is no text and no whole number. Write a whole number."
    assert "a whole number from 0 to 100 %" in found[2]


def test_two_terms_may_read_a_number_otherwise() -> None:
    bands = option("good", least=84, most=100), option("worn", 400, least=80, most=83), BATTERY.options[2]
    first = small.TERMS.replace(questionnaire=Questionnaire("1", (BATTERY,)))
    second = small.TERMS.replace(
        version="2", effective_from=small.AT, questionnaire=Questionnaire("2", (BATTERY.replace(options=bands),))
    )
    both = replace(small.programme(), terms=(first, second))
    table = pa.table(
        {"model": [small.MODEL] * 2, "battery": ["84"] * 2, "at": [small.AT - timedelta(hours=1), small.AT]}
    )
    assert rows(appraise_frame(table, both)) == [999_600, 1_000_000]


def test_a_model_with_the_feature_is_asked() -> None:
    assert [one.id for one in QUESTIONNAIRE.asked_of(PLAIN)] == ["screen", "where", "deep", "battery"]
    assert [one.id for one in QUESTIONNAIRE.asked_of(WITH_PEN)] == ["screen", "where", "deep", "pen", "tip", "battery"]
    said = Condition({"screen": "whole", "pen": "gone"})
    assert [one.id for one in QUESTIONNAIRE.asked_of(WITH_PEN, said)] == ["screen", "pen", "tip", "battery"]
    assert QUESTIONNAIRE.may_ask(PEN, WITH_PEN)
    assert QUESTIONNAIRE.may_ask(TIP, WITH_PEN)
    assert not QUESTIONNAIRE.may_ask(PEN, PLAIN)
    assert not QUESTIONNAIRE.may_ask(TIP, PLAIN)


@pytest.mark.parametrize(
    ("restriction", "is_asked"),
    [
        ({"asked_models": (small.MODEL,)}, True),
        ({"asked_models": ("acme-two",)}, False),
        ({"asked_categories": ("smartphone", "tablet")}, True),
        ({"asked_categories": ("tablet",)}, False),
        ({"asked_features": ("esim", "s_pen")}, False),
    ],
)
def test_a_question_is_asked_of_some_models(restriction: dict[str, tuple[str, ...]], *, is_asked: bool) -> None:
    one = question("lid", option("whole"), **restriction)
    assert one.is_restricted
    assert one.is_asked_of(PLAIN) is is_asked


def test_the_best_answers_around_some_that_are_given() -> None:
    best = QUESTIONNAIRE.best
    assert best(PLAIN) == Condition({"screen": "whole", "battery": "good"})
    given = best(PLAIN, {"deep": "yes"})
    assert given == Condition({"screen": "marked", "where": "centre", "deep": "yes", "battery": "good"})
    assert best(WITH_PEN, {"screen": "dead"})["where"] == "edge"


def test_answers_are_fitted_to_one_another() -> None:
    said = Condition({"screen": "whole", "where": "centre", "deep": "yes", "battery": "worn", "pen": "gone"})
    assert QUESTIONNAIRE.fitted(said, PLAIN) == Condition({"screen": "whole", "battery": "worn"})
    fitted = QUESTIONNAIRE.fitted(said.replace(screen="dead", deep=None), PLAIN)
    assert fitted == Condition({"screen": "dead", "where": "centre", "deep": "no", "battery": "worn"})
    extra = question("box", option("there", extra_minor=10), option("gone"), optional=True)
    assert Questionnaire("1", (extra,)).fitted(Condition(), PLAIN) == Condition()


def test_numbers_are_read_in_any_form_that_a_number_has() -> None:
    read = QUESTIONNAIRE.as_options
    assert read({"battery": 87, "screen": "whole"}) == Condition({"battery": "good", "screen": "whole"})
    assert read(Condition({"battery": "83"})) == Condition({"battery": "worn"})
    assert read({"battery": 300, "screen": None}) == Condition({"battery": "300"})
    assert BATTERY.numbers == (0, 100)
    assert BATTERY.takes == "good, worn, bad, or a whole number from 0 to 100 %"
    with pytest.raises(InvalidValue, match="give the id of an option, a text"):
        read({"battery": 87.5})  # type: ignore[dict-item]
    with pytest.raises(InvalidValue, match="give the id of an option, a text"):
        read({"battery": True})


def refused(*questions: Question) -> str:
    with pytest.raises(InvalidValue) as caught:
        Questionnaire("1", questions)
    return caught.value.rule


def test_a_question_stands_after_the_one_that_decides_about_it() -> None:
    assert refused(WHERE, SCREEN) == "ask where after a question that stands before it, which screen does not"
    wrong = WHERE.replace(asked_answers=("marked", "lost"))
    assert refused(SCREEN, wrong) == "ask where after answers of screen, which lost is not: whole, marked, dead"
    box = question("screen", option("whole", extra_minor=5), option("marked"), optional=True)
    assert refused(box, WHERE.replace(asked_answers=("marked",))).startswith("ask where after a question that must be")
    with pytest.raises(InvalidValue, match="give them with asked_after"):
        SCREEN.replace(asked_after="power")


BANDS = [
    (((80, 100), (0, 79)), ""),
    (((0, 79), (80, 100)), ""),
    (((80, 100), (0, 78)), "give 79 as most: the numbers follow those of a0, without gap or overlap"),
    (((80, 100), (0, 80)), "give 79 as most: the numbers follow those of a0, without gap or overlap"),
    (((5, 9), (5, 9)), "give 4 as most: the numbers follow those of a0, without gap or overlap"),
    (((0, 0), (1, 5), (6, 6)), ""),
    (((3, 3), (2, 2), (0, 1)), ""),
    (((0, 0),), ""),
    (((0, 999),), ""),
    (((0, 9), (11, 20)), "give 10 as least: the numbers follow those of a0, without gap or overlap"),
    (((0, 9), (10, 19), (5, 9)), "give 20 as least: the numbers follow those of a1, without gap or overlap"),
    (((1, 1_000), (0, 0)), "give bands of at most 1,000 numbers in all, not 1,001"),
]


@pytest.mark.parametrize(("bands", "rule"), BANDS)
def test_bands_have_no_gap_and_no_overlap(bands: tuple[tuple[int, int], ...], rule: str) -> None:
    options = [option(f"a{place}", least=least, most=most) for place, (least, most) in enumerate(bands)]
    options.append(option("unknown"))
    if not rule:
        ends = [end for band in bands for end in band]
        assert question("battery", *options).numbers == (min(ends), max(ends))
        return
    with pytest.raises(InvalidValue) as caught:
        question("battery", *options)
    assert caught.value.rule == rule


def test_a_band_has_two_ends_in_order() -> None:
    with pytest.raises(InvalidValue, match="give least and most, or neither"):
        option("good", least=1)
    with pytest.raises(InvalidValue, match="give least, 5, or more"):
        option("good", least=5, most=4)


def test_what_needs_no_new_field_has_the_form_that_it_had() -> None:
    assert '"form"' not in small.VARIANT.to_json()
    assert '"form"' not in question("screen", option("whole")).to_json()
    assert '"asked_after":"screen"' in WHERE.to_json()
    assert Question.from_json(WHERE.to_json()) == WHERE


def test_answers_that_are_read_in_very_many_ways_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condition, "_MOST_PLANS", 1)
    fresh = Questionnaire("1", QUESTIONNAIRE.questions)
    for _ in range(2):
        said = ({"screen": "whole", "battery": "good"}, {"screen": "marked", "where": "edge", "battery": "good"})
        assert [fresh.grade(Condition(one), PLAIN).reasons for one in said] == [(), ()]


# ----- at the door


def seen(answers: Mapping[str, str], evidence: tuple[str, ...] = ()) -> Inspection:
    shown = tuple((name, "photo") for name in evidence)
    return trade.seen(answers=Condition(answers), evidence=shown)


def looked(said: Mapping[str, str], inspection: Inspection) -> Examination | Refusal:
    rules = programme()
    quote = appraise(Device(small.MODEL, trade.IMEI), Condition(said), rules, at=small.AT)
    assert isinstance(quote, Quote), quote.explain()
    tokens = [device_token(imei, key=small.KEY) for imei in quote.imeis]
    return examine(quote.without_imei(), inspection, rules, device_tokens=tokens, key=small.KEY)


def changes(said: Mapping[str, str], inspection: Inspection) -> list[tuple[str, str, str, int]]:
    examination = looked(said, inspection)
    assert isinstance(examination, Examination), examination.explain()
    return [(one.question, one.said, one.seen, one.amount) for one in examination.changes]


def test_a_worse_answer_at_the_door_has_further_questions_asked() -> None:
    said, found = (
        {"screen": "whole", "battery": "90"},
        {"screen": "marked", "where": "centre", "deep": "no", "battery": "84"},
    )
    assert changes(said, seen(found, ("screen", "where", "battery"))) == [
        ("screen", "whole", "marked", -5_000),
        ("where", "", "centre", -7_000),
        ("deep", "", "no", 0),
        ("battery", "good", "worn", -400),
    ]
    missing = looked(said, seen({"screen": "marked", "battery": "90"}, ("screen",)))
    assert isinstance(missing, Refusal)
    assert missing.codes == ("answer_missing",)
    unshown = looked(said, seen(found, ("screen", "battery")))
    assert isinstance(unshown, Refusal)
    assert "where was not asked and is centre, and nothing shows it" in unshown.explain()


def test_a_better_answer_at_the_door_ends_them() -> None:
    said = {"screen": "marked", "where": "centre", "deep": "yes", "battery": "good"}
    examination = looked(said, seen({"screen": "whole", "where": "edge", "battery": "good"}))
    assert isinstance(examination, Examination)
    assert examination.unasked == ("where=edge",)
    assert [(one.question, one.seen, one.amount) for one in examination.changes] == [
        ("screen", "whole", 12_011),
        ("where", "", 0),
        ("deep", "", 0),
    ]


def test_the_worst_case_answers_what_is_asked_then() -> None:
    quote = appraise(Device(small.MODEL), Condition({"screen": "whole", "battery": "good"}), programme(), at=small.AT)
    assert isinstance(quote, Quote)
    worst = worst_case(quote, programme())
    assert isinstance(worst, WorstCase)
    assert worst.condition == Condition({"screen": "dead", "where": "centre", "deep": "yes", "battery": "worn"})
    assert worst.gates == ("battery=bad",)


# ----- by a solver


def broken(*questions: Question) -> set[str]:
    rules = programme(Questionnaire("1", questions))
    found = [
        one for one in prove(rules, laws=["worse_answer", "reach", "dearer_market"]).proofs if one.verdict != "proved"
    ]
    for one in found:
        assert one.verdict == "refuted"
        assert one.counterexample is not None
        assert one.counterexample.confirms(rules)
    return {one.subject for one in found}


def test_a_solver_knows_what_is_asked_after_what() -> None:
    assert broken(*QUESTIONNAIRE.questions[:3]) == set()
    ended = WHERE.replace(asked_answers=("marked",))
    assert broken(SCREEN, ended) == set()  # for dead costs more than marked in the centre does
    cheap = SCREEN.replace(options=(*SCREEN.options[:2], option("dead", 11_999)))
    assert broken(cheap, ended) == {"screen: dead after marked"}
    dear = SCREEN.replace(options=(*SCREEN.options[:2], option("dead", 12_000)))
    assert broken(dear, ended) == set()
    gift = WHERE.replace(options=(option("edge", extra_minor=6_000), option("centre")))
    body = question("body", option("whole"), option("bent", 20_000))
    assert broken(SCREEN, gift, body) == {"screen: marked after whole"}
    barred = WHERE.replace(options=(option("edge"), option("centre", gate=True)))
    assert broken(SCREEN, barred) == set()


def test_a_solver_is_asked_exactly_where_loose_terms_do_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_laws, "MOST_MOVED", 0)
    ended = WHERE.replace(asked_answers=("marked",))
    assert broken(SCREEN, ended, DEEP) == set()


def test_a_question_after_an_answer_that_nobody_can_give_is_unreachable() -> None:
    gate = SCREEN.replace(options=(*SCREEN.options[:2], option("dead", gate=True)))
    assert broken(gate, WHERE.replace(asked_answers=("dead",))) == {"where=edge", "where=centre"}


# ----- by hand and in books


def of_base() -> Programme:
    """Return the programme on the disk, with numbers, and a question after an answer."""
    base = Programme.load(BASE)
    edge, centre = (Option(name, name, source="setting") for name in ("edge", "centre"))
    asked = Question("where", "Where?", "display", "functional", (edge, centre.replace(extra_minor=-900)), source="x")
    asked = asked.replace(asked_after="screen", asked_answers=("cracked",), asked_features=("s_pen",))
    versions = []
    for terms in base.terms:
        questions = list(terms.questionnaire.questions)
        good, weak = questions[3].options
        options = good.replace(least=80, most=100), weak.replace(least=0, most=79)
        questions[3] = questions[3].replace(options=options, unit="%")
        versions.append(terms.replace(questionnaire=Questionnaire("2", (*questions, asked))))
    pens = [one.replace(features=("s_pen",)) if one.brand == "Acme" else one for one in base.catalogue]
    return replace(base, terms=tuple(versions), catalogue=Catalogue.of(pens))


def test_the_command_asks_what_is_to_be_asked(tmp_path: Path) -> None:
    of_base().save(tmp_path / "base")
    assert Programme.load(tmp_path / "base") == of_base()
    assert Programme.load(tmp_path / "base").digest == of_base().digest
    given: tuple[str, ...] = ("quote", "--programme", str(tmp_path / "base"), "--model", "acme-one-4-64")
    given = (*given, "--at", "2020-01-11", "--purchased-on", "2020-01-01")
    ran = run(*given, "--json", typed="1\n1\n3\n200\n79\n1\n\n2\n")
    assert ran.code == 0, ran.err
    assert '"battery":"weak"' in ran.out.replace(" ", "")
    assert '"where":"centre"' in ran.out.replace(" ", "")
    assert "[7/7] Where?" in ran.err
    assert "Type one of: good, weak, or a whole number from 0 to 100 %." in ran.err
    ran = run(*given, "--answer", "battery=90", "--answer", "where=centre", "--best", "--json")
    assert '"screen":"cracked"' in ran.out.replace(" ", "")
    wrong = run(*given, "--answer", "battery=190", "--best")
    assert "'190' is no answer to battery." in wrong.err
    shown = run("programme", "show", str(tmp_path / "base"))
    assert "where (asked of models with s_pen; asked after screen=cracked): Where?" in shown.out
    assert "good, 80-100 %" in shown.out


def test_a_number_that_may_stay_unanswered_is_left_out() -> None:
    """As any optional question: Enter leaves it out, and it counts as the worst answer."""
    bands = option("many", extra_minor=9, least=1, most=9), option("none", least=0, most=0)
    spare = question("cables", *bands, optional=True)
    outcome = appraise(Device(small.MODEL), Condition(), programme(Questionnaire("1", (spare,))), at=small.AT)
    assert isinstance(outcome, Quote)


def test_a_simulated_book_answers_what_is_asked() -> None:
    book = simulate_book(programme(), 300, seed=1, at=small.AT, faults=0.5)
    asked = book["screen"].isin(["marked", "dead"])
    assert book["where"].notna().eq(asked).all()
    assert book["tip"].isna().all()
    assert (appraise_frame(book, programme(), at=small.AT)["outcome"] != "refused").all()
    inspections, _ = simulate_inspections(programme(), 300, seed=1, at=small.AT, faults=0.5)
    assert len(inspections) == 300
    assert inspections["seen:where"].notna().eq(inspections["seen:screen"].isin(["marked", "dead"])).all()


def random_programme(random: Random) -> Programme:
    """Return a programme of questions after one another that nobody has looked at: many of them break a law."""

    def some(name: str, before: Question | None) -> Question:
        options = [option("a0", extra_minor=random.choice((0, 0, 0, 40)))]
        for place in range(1, random.randint(2, 3)):
            does = {"keep_bps": random.choice((10_000, 10_000, 9_000)), "grade": random.choice((0, 0, 1))}
            options.append(option(f"a{place}", random.choice((0, 10, 60, 90)), **does))
        one = question(name, *options).replace(component=random.choice(("one", "two")))
        if before is None:
            return one
        opening = [one.id for one in before.options if random.random() < 1 / 2] or [before.options[-1].id]
        return one.replace(asked_after=before.id, asked_answers=tuple(opening))

    first = some("first", None)
    second = some("second", random.choice((None, first)))
    return programme(Questionnaire("1", (first, second, some("third", random.choice((first, second))))))


def search(rules: Programme) -> bool:
    """Tell whether a worse answer pays more at some small price, by looking at every phone."""
    sheet = Sheet(rules, rules.terms[0], rules.terms[0].scrap_minor)
    market = np.arange(1, 400)
    taken = [range(len(asked.taken) - bool(asked.before)) for asked in sheet.asked]
    worth = {}
    for places in product(*taken):
        picks = {asked.id: np.full(len(market), place) for asked, place in zip(sheet.asked, places, strict=True)}
        worth[places] = values(sheet, _kernel, Inputs(market, {}, picks, []))
    return any(
        (worth[worse] > value).any()
        for places, value in worth.items()
        for number, place in enumerate(places)
        if (worse := (*places[:number], place + 1, *places[number + 1 :])) in worth
    )


def agrees(seed: int) -> None:
    rules = random_programme(Random(seed))  # noqa: S311 - not a secret
    phones = [one.counterexample for one in prove(rules, laws=["worse_answer"]).proofs if one.counterexample]
    assert all(phone.confirms(rules) for phone in phones)
    assert bool(phones) or not search(rules)


@pytest.mark.parametrize("seed", range(3))
def test_what_a_search_over_all_phones_refutes_comes_with_a_phone(seed: int) -> None:
    agrees(seed)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(100, 140))
def test_what_a_search_refutes_of_many_programmes_comes_with_a_phone(seed: int) -> None:
    agrees(seed)
