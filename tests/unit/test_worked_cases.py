"""Worked cases of an operator: read by file and line, run, and written so that they cover a programme."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from miexchange import DataError, Programme
from miexchange.cases import covering_cases, differences, read_cases
from shipped import shipped_programme
from unit.command import run

if TYPE_CHECKING:
    from pathlib import Path

BRITAIN = shipped_programme("uk-trade-in")
CASE = f"""
[[case]]
rule = "A cracked screen"
model = "{next(iter(BRITAIN.eligible)).model}"
at = 2025-03-10 12:00:00+00:00
answers = {{ screen = "cracked" }}
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cases that cover the British programme, as a file."""
    path = tmp_path_factory.mktemp("cases") / "cases.toml"
    path.write_text(covering_cases(BRITAIN).text(BRITAIN), encoding="utf-8")
    return path


def test_the_cases_that_cover_a_programme_pass_and_see_every_number(written: Path) -> None:
    cover = covering_cases(BRITAIN)
    assert (len(cover.cases) <= 200, cover.killed, cover.survivors) == (True, cover.mutants, ())
    assert read_cases(written) == cover.cases
    assert differences(written, BRITAIN) == ()
    reached = {name for case in cover.cases for name in (case.model, *case.models)}
    assert reached - {""} >= {price.model for price in BRITAIN.prices}
    answered = {pair for case in cover.cases for pair in case.answers.items()}
    worse = {
        (asked.id, option.id) for asked in BRITAIN.terms[0].questionnaire.questions for option in asked.options[1:]
    }
    assert answered >= worse


def test_a_changed_number_is_named_by_file_and_line(written: Path) -> None:
    (terms,) = BRITAIN.terms
    changed = dataclasses.replace(BRITAIN, terms=(terms.replace(quote_valid_hours=1, scrap_minor=550),))
    found = differences(written, changed)
    lines = written.read_text(encoding="utf-8").splitlines()
    assert {problem.column for problem in found} >= {"stated.quote_valid_hours"}
    for problem in found:
        assert problem.line is not None
        assert problem.column.rpartition(".")[2] in lines[problem.line - 1]


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["graded-trade-in", "mi-exchange-india"])
def test_few_cases_see_nearly_every_number_of_a_shipped_programme(name: str) -> None:
    cover = covering_cases(shipped_programme(name))
    assert len(cover.cases) <= 200
    assert cover.killed >= 0.99 * cover.mutants
    assert cover.by_value >= 0.95 * cover.mutants


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no [[case]]"),
        ("[[case", "is not TOML"),
        ('[[case]]\nrule = "x"', "at: is missing. Give the at of each case"),
        (f"{CASE}valeu = '1.00'", "7: valeu: is no key of a case"),
        (f"{CASE}value = 1", "7: value: is 1. Give a text"),
        (f"{CASE}models = 1", "7: models: is 1. Give a table of texts"),
        (f"{CASE}imei_status = 'stolen'", "7: imei_status: is 'stolen'. Give one of: "),
        (f"customer = 1{CASE}", "1: customer: is 1. Give a text"),
    ],
)
def test_a_file_that_holds_no_cases_is_refused_by_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_cases(path)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("value = '1.00'", "7: value: A cracked screen: the programme says "),
        ("refused = ['condition_gate']", "7: refused: A cracked screen: the programme says nothing, the case says"),
        ("tacs = { 00000000 = 'Acme One' }", "7: tacs.00000000: A cracked screen: the programme says nothing"),
        ("stated = { 'no.such' = 1 }", "7: stated.no.such: A cracked screen: the programme says nothing, the case"),
    ],
)
def test_what_differs_is_named_by_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.toml"
    path.write_text(CASE + text, encoding="utf-8")
    found = "\n".join(map(str, differences(path, BRITAIN)))
    assert told in found


def test_an_operator_writes_cases_and_runs_them(tmp_path: Path) -> None:
    path = BRITAIN.save(tmp_path / "mine")
    made = run("programme", "cases", str(path), "--out", str(path / "cases.toml"))
    assert (made.code, "cases; " in made.out) == (0, True)
    assert run("programme", "cases", str(path), "--out", str(path / "cases.toml")).code == 2
    assert run("programme", "test", str(path)).out.endswith("all as they say\n")
    assert Programme.load(path) == BRITAIN
    (path / "cases.toml").write_text(f"{CASE}value = '1.00'", encoding="utf-8")
    done = run("programme", "test", str(path), "--json")
    assert (done.code, [one["line"] for one in json.loads(done.out)]) == (2, [7])
    assert run("programme", "test", str(path), str(tmp_path / "none.toml")).code == 2
    assert json.loads(run("programme", "cases", str(path), "--json").out)["survivors"] == []
    assert run("programme", "cases", str(path)).out.startswith("# Cases that cover")
