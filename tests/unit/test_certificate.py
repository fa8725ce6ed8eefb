"""What the loader refuses and the prover proves is accepted: a certificate beside the programme, checked at load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from miexchange import DataError, InvalidValue, Programme
from miexchange.programme import _certificate, lint
from miexchange.prove import Proofs, certify, load, prove
from unit.proved import changed

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.prove import Law

LAWS: tuple[Law, ...] = ("worse_answer", "worse_fact", "dearer_market")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a sound programme of which the loader only knows that a dearer market could pay less."""
    path = Programme.load("uk-trade-in").save(tmp_path / "uk")
    table = path / "condition.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",2500,", ",9900,"), encoding="utf-8")
    return path


def text(programme: Programme, laws: tuple[Law, ...] = LAWS) -> str:
    return _certificate.text_of(programme, laws)


def refused(directory: Path) -> list[str]:
    problems = [str(problem) for problem in lint(directory)]
    with pytest.raises(DataError):
        Programme.load(directory)
    return problems


def test_the_loader_refuses_what_it_cannot_tell(directory: Path) -> None:
    """ "Without the extra, today's condition stands"."""
    (problem,) = refused(directory)
    assert "a higher price could pay less" in problem


def test_what_is_proved_is_loaded_with_its_certificate(directory: Path) -> None:
    programme = load(directory)
    proofs = prove(programme, laws=LAWS)
    assert proofs
    path = certify(proofs, directory)
    assert path == directory / "certificate.toml"
    assert path.read_text(encoding="utf-8") == text(programme)
    assert lint(directory) == ()
    assert Programme.load(directory) == programme


def test_a_certificate_is_of_one_edition(directory: Path) -> None:
    (directory / "certificate.toml").write_text(text(load(directory)), encoding="utf-8")
    assert lint(directory) == ()
    table = directory / "condition.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("9900", "9901"), encoding="utf-8")
    _, problem = refused(directory)
    digest = load(directory).digest
    assert problem == (
        f"{directory / 'certificate.toml'}: is of another edition: this one is {digest[:12]}. "
        f"Prove it again: miexchange programme prove {directory} --certify"
    )


@pytest.mark.parametrize(
    ("word", "other", "said"),
    [
        ('version = "', 'version = "0', "another version of the arithmetic"),
        ('"dearer_market"', '"reach"', "does not prove all of dearer_market, worse_answer, worse_fact. Prove"),
        ("laws = [", "laws = 5 #", "does not prove all of"),
        ('"worse_fact"', "5", "does not prove all of"),
        ('"worse_fact"', "['worse_fact']", "does not prove all of"),
        ("digest = ", "digest ", "TOML"),
    ],
)
def test_a_certificate_of_something_else_does_not_hold(directory: Path, word: str, other: str, said: str) -> None:
    (directory / "certificate.toml").write_text(text(load(directory)).replace(word, other), encoding="utf-8")
    _, problem = refused(directory)
    assert said in problem


def test_a_version_of_the_arithmetic_is_sixteen_digits(directory: Path) -> None:
    """What is written in certificates is read as long as the arithmetic is the same."""
    assert re.search(r'^version = "[0-9a-f]{16}"$', text(load(directory)), re.MULTILINE)


def test_a_certificate_cures_nothing_else(directory: Path) -> None:
    (directory / "certificate.toml").write_text(text(load(directory)), encoding="utf-8")
    (directory / "grades.csv").write_text("grade\n", encoding="utf-8")
    assert refused(directory)
    with pytest.raises(DataError):
        load(directory)


def test_a_programme_that_needs_no_certificate_loads_as_before(tmp_path: Path) -> None:
    path = Programme.load("uk-trade-in").save(tmp_path / "uk")
    (path / "certificate.toml").write_text("digest = 'of something else'\n", encoding="utf-8")
    assert lint(path) == ()


def test_rows_out_of_order_are_for_the_prover_to_judge(tmp_path: Path) -> None:
    path = Programme.load("uk-trade-in").save(tmp_path / "uk")
    table, grades = path / "condition.csv", path / "grades.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",3500,", ",700,"), encoding="utf-8")
    grades.write_text(grades.read_text(encoding="utf-8").replace(",8500,", ",9400,"), encoding="utf-8")
    assert len(lint(path)) == 2
    programme = load(path)
    subjects = {proof.subject for proof in prove(programme, laws=["worse_answer"]).refuted}
    assert subjects == {"screen: cracked after scratched", "body: worn after good"}


def test_only_what_is_proved_is_certified(directory: Path) -> None:
    programme = load(directory)
    proofs = Proofs(programme.id, programme.digest, LAWS, ())
    with pytest.raises(InvalidValue, match="do not prove worse_fact"):
        certify(proofs.replace(laws=("worse_answer", "dearer_market")), directory)
    other = changed(programme, "works", "fault", source="another")
    with pytest.raises(InvalidValue, match="another edition"):
        certify(proofs.replace(digest=other.digest), directory)
    (directory / "certificate.toml").mkdir()
    with pytest.raises(InvalidValue, match="directory"):
        certify(proofs, directory)


def test_a_certificate_that_cannot_be_written_is_an_error(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programme = load(directory)

    def failing(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("miexchange.prove._certify.create", failing)
    with pytest.raises(InvalidValue, match="written to"):
        certify(Proofs(programme.id, programme.digest, LAWS, ()), directory)
