"""`miexchange programme prove`: what it shows, what it refuses, and the certificate that it writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from miexchange import Programme
from miexchange.programme import lint
from unit.command import run

if TYPE_CHECKING:
    from pathlib import Path


PROVE = ("programme", "prove")


def test_a_sound_programme_is_proved() -> None:
    done = run(*PROVE, "uk-trade-in")
    assert done.code == 0
    assert "a worse answer never pays more" in done.out
    assert done.out.rstrip().endswith("uk-trade-in: all proved")


def test_a_programme_that_breaks_a_law_is_shown_with_its_phones(tmp_path: Path) -> None:
    path = Programme.load("uk-trade-in").save(tmp_path / "uk")
    table = path / "condition.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",3500,", ",700,"), encoding="utf-8")
    done = run(*PROVE, str(path), "--law", "worse_answer", "--certify")
    assert done.code == 2
    for said in ("screen: cracked after scratched", "refuted", "screen=cracked", "must not go live"):
        assert said in done.out
    assert not (path / "certificate.toml").exists()


def test_a_certificate_is_written_where_all_is_proved(tmp_path: Path) -> None:
    path = Programme.load("uk-trade-in").save(tmp_path / "uk")
    table = path / "condition.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",2500,", ",9900,"), encoding="utf-8")
    assert lint(path)
    done = run(*PROVE, str(path), "--certify")
    assert done.code == 0
    assert "certificate.toml" in done.out
    assert lint(path) == ()


def test_proofs_are_written_as_json_and_as_a_table_of_markdown() -> None:
    done = run(*PROVE, "uk-trade-in", "--law", "reach", "--json")
    assert json.loads(done.out)["laws"] == ["reach"]
    done = run(*PROVE, "uk-trade-in", "--law", "reach", "--markdown")
    assert done.out.splitlines()[0] == "| uk-trade-in | proved | refuted | undecided |"


def test_an_unknown_law_is_refused() -> None:
    done = run(*PROVE, "uk-trade-in", "--law", "reech")
    assert done.code == 2
    assert "Did you mean reach?" in done.err
