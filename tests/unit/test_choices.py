"""Several choices in one question: each acts as its own, in every world, at the door, by the solver, and in files."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest

from miexchange import Condition, Device, InvalidValue, Programme, Quote, Refusal, appraise, sql, worst_case
from miexchange._questions import together
from miexchange.batch import appraise_frame, columns_in
from miexchange.cli import _ask, _asking
from miexchange.condition import Deduction, Option, Question, Questionnaire
from miexchange.coupon import device_token
from miexchange.inspection import Examination, examine
from miexchange.programme import lint
from miexchange.prove import prove
from miexchange.tuning import simulate_book, simulate_inspections
from miexchange.valuation import WorstCase
from unit import small, trade
from unit.command import run

if TYPE_CHECKING:
    from collections.abc import Mapping

NONE = Option("none", "None of these")
CASHIFY = Path(__file__).parents[1] / "cases" / "cashify"


def choice(name: str, **does: Any) -> Question:  # noqa: ANN401 - any field of an option
    says, axis = Option(name, f"The {name}", **does), "functional"
    ask = "Which of these are broken?"
    return Question(f"broken.{name}", ask, f"broken.{name}", axis, (NONE, says), choice_of="broken")  # type: ignore[arg-type]


CHOICES = (
    choice("camera", deduction=Deduction(amount_minor=5_000)),
    choice("buttons", deduction=Deduction(amount_minor=700), grade=1),
    choice("board", gate=True),
)
POWER = Question("power", "Does it start?", "power", "functional", (Option("yes", "Yes"), Option("no", "No", grade=2)))
WHERE = Question(
    "where",
    "Where is the camera broken?",
    "where",
    "functional",
    (Option("lens", "The lens"), Option("flash", "The flash", deduction=Deduction(amount_minor=90))),
    asked_after="broken.camera",
    asked_answers=("camera",),
)
QUESTIONNAIRE = Questionnaire("1", (POWER, *CHOICES, WHERE))


def programme(questionnaire: Questionnaire = QUESTIONNAIRE) -> Programme:
    return small.programme(small.TERMS.replace(questionnaire=questionnaire, exchange=trade.RULES))


def quoted(answers: Mapping[str, str]) -> Quote | Refusal:
    return appraise(Device(small.MODEL, trade.IMEI), Condition(answers), programme(), at=small.AT)


CAMERA = {"where": "lens"}
WORTH: list[tuple[str | None, dict[str, str], int | tuple[str, ...]]] = [
    ("none", {}, 1_000_000),
    ("buttons", {}, 899_300),  # 90 % for grade B, and 7.00
    ("camera", CAMERA, 995_000),
    ("camera", {"where": "flash"}, 994_910),
    ("camera|buttons", CAMERA, 894_300),
    ("buttons|camera", CAMERA, 894_300),
    ("board", {}, ("condition_gate",)),
    ("board|buttons", {}, ("condition_gate",)),
    ("camera|board", {}, ("answer_missing", "condition_gate")),
    ("buttons", CAMERA, ("question_not_asked",)),
    (None, {}, ("answer_missing",)),
    ("camera|camera", {}, ("answer_unknown",)),
    ("none|camera", {}, ("answer_unknown",)),
    ("camera|", {}, ("answer_unknown",)),
    ("|", {}, ("answer_unknown",)),
    ("", {}, ("answer_unknown",)),
    ("camera,buttons", {}, ("answer_unknown",)),
    ("camera|lid", {}, ("answer_unknown",)),
    (" camera", {}, ("answer_unknown",)),
    ("Camera", {}, ("answer_unknown",)),
    ("broken.camera", {}, ("answer_unknown",)),
    ("cam", {}, ("answer_unknown",)),
]


def said(number: int) -> dict[str, str]:
    broken, others, _ = WORTH[number]
    return {"power": "yes", **({} if broken is None else {"broken": broken}), **others}


@pytest.mark.parametrize("number", range(len(WORTH)))
def test_each_choice_acts_as_its_own(number: int) -> None:
    found = quoted(said(number))
    got = found.exchange_value if isinstance(found, Quote) else tuple(sorted(found.codes))
    assert got == WORTH[number][2]


def columns() -> dict[str, list[str | None]]:
    names = ("power", "broken", "where")
    rows = [said(number) for number in range(len(WORTH))]
    return {"model": [small.MODEL] * len(WORTH), **{name: [row.get(name) for row in rows] for name in names}}


def worth(table: Any) -> list[int | tuple[str, ...]]:  # noqa: ANN401 - an Arrow table
    return [
        tuple(sorted(row["reasons"].split("|"))) if row["exchange_value_minor"] is None else row["exchange_value_minor"]
        for row in table.to_pylist()
    ]


def test_a_table_has_one_column_and_the_same_values() -> None:
    found = appraise_frame(pa.table(columns()), programme(), at=small.AT, problems=True)
    assert worth(found) == [wanted for *_, wanted in WORTH]
    required, optional = columns_in(programme())
    assert required == {"model", "at", "power", "broken", "where"}
    assert not any(name.startswith("broken.") for name in optional)
    problem = dict(zip(columns()["broken"], found["problems"].to_pylist(), strict=True))["camera|lid"]
    wanted = "broken='camera|lid': 'camera|lid' is no answer to broken. Answer one of: none, or with | between them: "
    assert problem.startswith(wanted)


def test_a_query_reads_one_column_and_says_the_same() -> None:
    table = pa.table({**columns(), "row": list(range(len(WORTH)))})
    with duckdb.connect() as connection:
        connection.register("phones", table)
        query = sql.query(programme(), source="main.phones", columns=columns(), at=small.AT, keep=["row"])
        found = connection.sql(query).order("row").to_arrow_table()
    assert worth(found) == [wanted for *_, wanted in WORTH]


def test_the_order_of_choices_never_matters() -> None:
    """A quote and a coupon's code are of one canonical form, that of the questionnaire's order."""
    quotes = {
        quoted({"power": "yes", "broken": "|".join(order), "where": "lens"})
        for order in permutations(("buttons", "camera"))
    }
    alone = {"broken.board": "none", "broken.buttons": "buttons", "broken.camera": "camera"}
    quotes.add(quoted({"power": "yes", **alone, "where": "lens"}))
    (quote,) = quotes
    assert isinstance(quote, Quote)
    assert quote.condition["broken"] == "camera|buttons"
    assert [line.source for line in quote.lines if line.rule.startswith("deduction")] == [
        "condition[broken=camera]",
        "condition[broken=buttons]",
    ]


def test_answers_in_every_form() -> None:
    read = QUESTIONNAIRE.as_options
    chosen = {"broken.board": "none", "broken.buttons": "buttons", "broken.camera": "none"}
    for given in ("buttons", ["buttons"], ("buttons",), {"buttons"}, frozenset({"buttons"})):
        assert read({"broken": given}) == Condition(chosen)
    assert read({"broken": []}) == Condition(dict.fromkeys(chosen, "none"))
    assert read({"broken": ["camera", "camera"]}) == Condition(dict.fromkeys(chosen, "camera|camera"))
    assert read({"broken": [None]}) == Condition(dict.fromkeys(chosen, ""))  # type: ignore[list-item]
    assert read({"broken": "none", "broken.camera": "camera"})["broken.camera"] == "camera"
    assert QUESTIONNAIRE.as_asked(Condition(chosen)) == Condition({"broken": "buttons"})
    assert QUESTIONNAIRE.as_asked(Condition({"broken.camera": "camera"})) == Condition({"broken.camera": "camera"})
    strange = Condition({**chosen, "broken.camera": "lens"})
    assert QUESTIONNAIRE.as_asked(strange) == strange


def test_the_best_and_the_fitted_answers_are_as_they_are_asked() -> None:
    variant = small.VARIANT
    assert QUESTIONNAIRE.best(variant) == Condition({"power": "yes", "broken": "none"})
    assert QUESTIONNAIRE.best(variant, {"where": "flash"}) == Condition(
        {"power": "yes", "broken": "camera", "where": "flash"}
    )
    changed = Condition({"power": "yes", "broken": "none", "broken.camera": "camera"})
    assert QUESTIONNAIRE.fitted(changed, variant)["broken"] == "camera"
    asked = [one.id for one in QUESTIONNAIRE.asked_of(variant, Condition({"broken": "camera"}))]
    assert asked == ["power", "broken.camera", "broken.buttons", "broken.board", "where"]
    only = [one.replace(asked_models=("acme-two",)) for one in CHOICES]
    restricted = Questionnaire("1", (POWER, *only))
    assert restricted.best(variant) == Condition({"power": "yes"})
    reasons = restricted.grade(Condition({"power": "yes", "broken": "camera"}), variant).reasons
    assert [(one.code, one.subject) for one in reasons] == [("question_not_asked", "broken")]


def refused(*questions: Question) -> str:
    with pytest.raises(InvalidValue) as caught:
        Questionnaire("1", questions)
    return caught.value.rule


def test_what_the_choices_of_a_question_must_be() -> None:
    camera, buttons, board = CHOICES
    assert refused(camera, POWER, buttons) == "let the choices of a question be neighbours, asked alike"
    assert refused(camera, board.replace(ask="And this?")) == "let the choices of a question be neighbours, asked alike"
    named = POWER.replace(id="broken")
    assert refused(named, *CHOICES) == "let no question have the id of one with several choices"
    assert refused(*CHOICES, WHERE.replace(asked_after="broken")) == (
        "ask where after one choice of broken, such as broken.camera"
    )


FAULTS = [
    ({"options": (Option("nothing", "None"), camera := CHOICES[0].options[1])}, "let the first option be none"),
    ({"options": (NONE,)}, "let the first option be none"),
    ({"options": (NONE.replace(grade=1), camera)}, "let none change nothing"),
    ({"options": (NONE, Option("a|b", "Both"))}, r"call a\|b otherwise, without \|"),
    ({"options": (NONE, Option("most", "Most", least=1, most=2))}, "and give it no numbers"),
    ({"options": (NONE, camera, Option("lens", "Lens"))}, "give a choice two options"),
    ({"id": "broken"}, "call it by its question and itself"),
    ({"optional": True}, "let none stand for no choice"),
]


@pytest.mark.parametrize(("changes", "rule"), FAULTS)
def test_a_choice_has_two_options(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule):
        CHOICES[0].replace(**changes)


def test_terms_with_other_choices_ask_under_another_id() -> None:
    """A cell is read before it is known which terms are in force."""
    later = small.TERMS.replace(version="2", effective_from=small.AT, questionnaire=Questionnaire("2", CHOICES[:2]))
    both = replace(programme(), terms=(*programme().terms, later))
    with pytest.raises(InvalidValue, match="has other choices of broken in other terms"):
        columns_in(both)


def test_each_broken_part_that_a_door_finds_is_a_change_of_its_own() -> None:
    quote = quoted({"power": "yes", "broken": "none"})
    assert isinstance(quote, Quote)
    seen = {"power": "yes", "broken": "camera|buttons", "where": "flash"}
    tokens = [device_token(imei, key=small.KEY) for imei in quote.imeis]

    def look(*evidence: str) -> Examination | Refusal:
        shown = tuple((name, "photo") for name in evidence)
        inspection = trade.seen(answers=Condition(seen), evidence=shown)
        return examine(quote.without_imei(), inspection, programme(), device_tokens=tokens, key=small.KEY)

    bare = look("where")
    assert isinstance(bare, Refusal)
    assert [(one.code, one.subject) for one in bare.reasons] == [
        ("evidence_missing", "broken.camera"),
        ("evidence_missing", "broken.buttons"),
    ]
    for evidence in (("broken", "where"), ("broken.camera", "broken.buttons", "where")):
        found = look(*evidence)
        assert isinstance(found, Examination)
        assert found.condition["broken"] == "camera|buttons"
        assert [(one.question, one.said, one.seen, one.amount) for one in found.changes] == [
            ("broken.camera", "none", "camera", -5_000),
            ("broken.buttons", "none", "buttons", -100_700),
            ("where", "", "flash", -90),
        ]
    seen["broken"] = "lid"
    unknown = look("broken")
    assert isinstance(unknown, Refusal)
    assert unknown.codes == ("answer_unknown",)


def test_the_worst_case_has_every_choice_that_is_taken() -> None:
    quote = quoted({"power": "yes", "broken": "none"})
    assert isinstance(quote, Quote)
    worst = worst_case(quote, programme())
    assert isinstance(worst, WorstCase)
    assert worst.condition == Condition({"power": "no", "broken": "camera|buttons", "where": "flash"})
    assert worst.gates == ("broken=board",)


def test_the_solver_sees_every_choice() -> None:
    found = prove(programme())
    assert found, found.refuted
    assert {"broken.camera=camera", "broken.board=board"} <= {one.subject for one in found.proofs}


def test_a_programme_with_choices_is_written_as_it_is_read(tmp_path: Path) -> None:
    plain = Programme.load(CASHIFY)
    (terms,) = plain.terms
    asked = [one.replace(asked_brands=("POCO",)) if one.choice_of else one for one in terms.questionnaire.questions]
    some = replace(plain, terms=(terms.replace(questionnaire=terms.questionnaire.replace(questions=tuple(asked))),))
    for name, one in (("plain", plain), ("some", some)):
        saved = one.save(tmp_path / name)
        assert Programme.load(saved) == one
        assert lint(saved) == ()
        assert 'choices = "several"' in (saved / "questions.toml").read_text("utf-8")


def test_the_linter_says_where_choices_do_not_fit(tmp_path: Path) -> None:
    saved = Programme.load(CASHIFY).save(tmp_path / "cashify")
    bank = (saved / "questions.toml").read_text("utf-8")
    (saved / "questions.toml").write_text(bank.replace('choices = "several"', 'optional = true\nchoices = "several"'))
    (found,) = [one for one in lint(saved) if "choices" in one.message]
    assert found.message == "hardware has several choices"
    rows = (saved / "condition.csv").read_text("utf-8").splitlines()
    assert (found.column, found.line) == ("option", 1 + [row.startswith("hardware,none") for row in rows].index(True))
    assert found.remedy == "Let it be answered: none stands for no choice"
    (saved / "questions.toml").write_text(bank)
    lines = (saved / "programme.toml").read_text("utf-8").split("[[terms]]")
    later = lines[1].replace("2026-10", "2027-01").replace('"questions', '"fewer').replace('"condition', '"few')
    (saved / "programme.toml").write_text("[[terms]]".join([*lines, later]), "utf-8")
    fewer = [line for line in bank.splitlines() if 'id = "wifi"' not in line]
    (saved / "fewer.toml").write_text("\n".join(fewer), "utf-8")
    rows = [line for line in (saved / "condition.csv").read_text("utf-8").splitlines() if ",wifi," not in line]
    (saved / "few.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (found,) = [one for one in lint(saved) if "choices" in one.message]
    place = 1 + [line.startswith("hardware,none") for line in rows].index(True)
    assert (found.line, found.message) == (place, "hardware has other choices than in other terms")
    assert found.remedy == "Ask a question whose choices are others under an id of its own"


def test_the_command_shows_and_takes_one_question() -> None:
    quote = ("quote", "--programme", f"{CASHIFY}", "--model", "poco-f4-5g-8-128", "--at", "2026-10-05T12:00Z")
    clear = ("--imei-status", "clear", "--best")
    code, out, _ = run(*quote, *clear, "--answer", "hardware=speaker|camera")
    assert code == 0, out
    code, _, error = run(*quote, *clear, "--answer", "hardware=camera|camrea")
    assert code == 2
    assert "'camera|camrea' is no answer to hardware" in error
    code, out, _ = run("programme", "show", f"{CASHIFY}")
    assert "hardware (several choices, with | between them): Which of these do not work?" in " ".join(out.split())


def test_a_simulated_book_has_one_column_for_all_choices() -> None:
    rules = programme()
    book = simulate_book(rules, 200, seed=1, at=small.AT, faults=0.5)
    assert set(book.columns) == {"model", "purchased_on", "power", "broken", "where"}
    assert set(book["broken"]) == {"none", "camera", "buttons", "camera|buttons"}
    assert not appraise_frame(book, rules, at=small.AT)["coupon_value_minor"].isna().any()
    elsewhere = programme(Questionnaire("1", tuple(one.replace(asked_models=("acme-two",)) for one in CHOICES)))
    assert simulate_book(elsewhere, 3, seed=1, at=small.AT)["broken"].isna().all()


def test_what_is_fitted_is_asked_one_by_one() -> None:
    with pytest.raises(InvalidValue, match="asks broken, which has several choices: give a programme that asks of"):
        simulate_inspections(programme(), 10, seed=1, at=small.AT)


def test_a_person_types_all_that_apply(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["", "1 2", "9", "2, buttons", "<", "none"]
    monkeypatch.setattr(_ask, "_line", lambda *_: typed.pop(0))
    (question,) = together(CHOICES)
    assert _ask.for_answer(question, 1, 1, several=True) == "camera|buttons"
    assert capsys.readouterr().err.count("Type numbers from 1 to 4 with spaces between them") == 3
    assert _ask.for_answer(question, 2, 2, several=True) == "<"
    assert _ask.for_answer(question, 2, 2, several=True) == "none"
    typed += ["4", "no", "x"]
    variant, asked = small.VARIANT, Questionnaire("1", CHOICES)
    monkeypatch.setattr(_ask, "goes_back", lambda *_: False)
    assert _asking.the_rest(Condition(), asked, variant) == Condition({"broken": "board"})
    typed[:] = ["2 3"]
    assert _asking.the_rest(Condition(), asked, variant) == Condition({"broken": "camera|buttons"})
