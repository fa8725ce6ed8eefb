"""Saving a programme: the way back from `Programme.load`, whole or not at all, and never over anything else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Catalogue, DataError, EligibleModels, Programme, TacTable, TreatmentTable, lint
from miexchange._text import visible
from miexchange.errors import InvalidValue
from miexchange.programme import Limit, shipped
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = Path(__file__).parents[1] / "data" / "programme_base"
CASHIFY = BASE.parents[1] / "cases" / "cashify"  # with a question of several choices

TEXTS = (
    '=HYPERLINK("http://example.org","a")',
    "@SUM(A1)",
    "+1",
    "-1",
    "'quoted'",
    'a "b" c',
    "a\\b\\n",
    "a,b;c|d\te",
    "one\rtwo\r\nthree\nfour",
    "नोट 手机 \U0001f4f1",
    "\ufeff.\u2028\x85\x7f\x00\x1b.",
    "# no comment",
)
"""What CSV, TOML and spreadsheets read as something else, unless it is written with care."""


@pytest.fixture(scope="module")
def base() -> Programme:
    return Programme.load(BASE)


def said(programme: Programme, text: str) -> Programme:
    """Put a text everywhere in the programme where people write what they like."""
    (first, *variants), terms = programme.catalogue.variants, programme.terms[0]
    asked = terms.questionnaire.questions
    options = tuple(one.replace(says=text, ctia=text, r2=text, source=text) for one in asked[0].options)
    questions = (asked[0].replace(ask=text, source=text, options=options), *asked[1:])
    alias = "".join(one for one in text.replace("|", "/") if one.isprintable())
    return replace(
        programme,
        title=text,
        catalogue=Catalogue((first.replace(aliases=(alias, f"{alias} {alias}"), source=text), *variants)),
        eligible=type(programme.eligible)(tuple(one.replace(source=text) for one in programme.eligible.listings)),
        prices=programme.prices.of(one.replace(source=text) for one in programme.prices.prices),
        anchors=programme.anchors.of(one.replace(source=text) for one in programme.anchors.anchors),
        tacs=TacTable.of((tac, one.brand, one.model, "a, \"b\" and 'c'") for tac, one in programme.tacs),
        terms=(
            terms.replace(
                questionnaire=terms.questionnaire.replace(version=visible(alias), questions=questions),
                grades=tuple(grade.replace(ctia=text, r2=text, meaning=text, source=text) for grade in terms.grades),
                bonuses=tuple(bonus.replace(says=text, source=text) for bonus in terms.bonuses),
                usage=terms.usage.replace(source=text),
                source=text,
            ),
            *programme.terms[1:],
        ),
    )


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def inside(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


@pytest.mark.parametrize("name", [*shipped(), str(BASE), str(CASHIFY)])
def test_what_is_saved_is_loaded_again(name: str, tmp_path: Path) -> None:
    programme = shipped_programme(name)
    saved = programme.save(tmp_path / "deep" / "down" / "saved")
    assert lint(saved) == ()
    loaded = Programme.load(saved)
    assert loaded.digest == programme.digest
    assert loaded.terms == programme.terms
    assert loaded.tacs == programme.tacs
    assert contents(loaded.save(str(tmp_path / "again"))) == contents(saved)
    assert inside(tmp_path) == ["again", "deep"]
    assert inside(saved.parent) == ["saved"]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_back_as_they_were(base: Programme, text: str, tmp_path: Path) -> None:
    programme = said(base, text)
    loaded = Programme.load(programme.save(tmp_path / "saved"))
    assert loaded == programme
    assert loaded.terms == programme.terms
    assert loaded.tacs == programme.tacs


def test_the_files_of_a_saved_programme_are_these(base: Programme, tmp_path: Path) -> None:
    """Whoever keeps programmes under version control sees a change of content, and nothing else."""
    written = contents(base.save(tmp_path / "saved"))
    for name in ("questions.toml", "condition.csv", "grades.csv"):  # the second terms ask the same
        assert written.pop(name.replace(".", "_2.")) == written[name]
    assert written == contents(BASE.parent / "programme_saved")


EFFECTS = """\
question,option,gate,grade,keep_bps,deduct_minor,deduct_bps,anchor,weight_bps,extra_minor,source,least,most
power,works,,,,,,,,,setting,,
power,dead,refuse,,,,,,,,setting,,
screen,clear,,,,,,,,,setting,,
screen,scratched,,,,,,display,2500,,setting,,
screen,cracked,,,,,,display,20000,,setting,,
body,clear,,,,,,,,,setting,,
body,worn,,B,9500,70,,,,-5,setting,,
body,bent,refuse,,,,,,,,setting,,
battery,good,,,,,,,,,setting,80,100
battery,weak,,,,,500,,,,setting,0,79
warranty,yes,,,,,,,,,setting,,
warranty,no,,,8000,,,,,,setting,,
box,there,,,,,,,,7,setting,,
box,missing,,,,,,,,-38000,setting,,
"""


def test_the_effects_of_answers_are_written_as_they_were_read(tmp_path: Path) -> None:
    written = Path(shutil.copytree(BASE, tmp_path / "base"))
    (written / "condition.csv").write_text(EFFECTS, "utf-8")
    bank = (written / "questions.toml").read_text("utf-8")
    (written / "questions.toml").write_text(
        bank.replace('id = "battery"\n', 'id = "battery"\nunit = "%"\nsource = "it"\n'), "utf-8"
    )
    saved = Programme.load(written).save(tmp_path / "saved")
    assert (saved / "condition.csv").read_text("utf-8") == EFFECTS
    assert 'axis = "functional"\nsource = "it"\nunit = "%"\noptions = [' in (saved / "questions.toml").read_text(
        "utf-8"
    )


def test_a_programme_without_anchors_has_no_table_of_them(tmp_path: Path) -> None:
    assert not (shipped_programme("mi-exchange-india").save(tmp_path / "saved") / "repair_anchors.csv").exists()


def test_a_programme_without_tax_treatments_has_no_table_of_them(tmp_path: Path) -> None:
    programme = replace(shipped_programme("mi-exchange-india"), treatments=TreatmentTable())
    saved = programme.save(tmp_path / "saved")
    assert not (saved / "tax_treatments.csv").exists()
    assert Programme.load(saved) == programme != shipped_programme("mi-exchange-india")


def test_limits_are_saved(base: Programme, tmp_path: Path) -> None:
    limits = (Limit("account", "account", 2, 30), Limit("store", "store", 100, 1, source="the shop's own"))
    *earlier, last = base.terms
    assert last.exchange is not None
    programme = replace(base, terms=(*earlier, last.replace(exchange=last.exchange.replace(limits=limits))))
    loaded = Programme.load(programme.save(tmp_path / "saved")).terms[-1].exchange
    assert loaded is not None
    assert loaded.limits == limits


def test_what_is_there_is_not_written_over(base: Programme, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"directory is .*, which is there already: give a new one"):
        base.save(tmp_path)
    saved = base.save(tmp_path / "saved")
    before = contents(saved)
    with pytest.raises(InvalidValue, match="which is there already: give a new one"):
        replace(base, title="Another").save(saved)
    assert contents(saved) == before
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidValue, match="which is there already: give a new one"):
        base.save(tmp_path / "link")


def test_a_programme_is_overwritten_where_that_is_asked_for(base: Programme, tmp_path: Path) -> None:
    saved = base.save(tmp_path / "saved", overwrite=True)
    (saved / "old.csv").write_text("model\n", encoding="utf-8")
    other = replace(base, title="Another")
    assert Programme.load(other.save(saved, overwrite=True)) == other
    assert inside(tmp_path) == ["saved"]
    assert "old.csv" not in contents(saved)


def _note(saved: Path) -> None:
    (saved / "notes.md").write_text("mine", encoding="utf-8")


def _folder(saved: Path) -> None:
    (saved / ".git").mkdir()


def _folder_of_rows(saved: Path) -> None:
    (saved / "more.csv").mkdir()


def _link(saved: Path) -> None:
    (saved / "link.csv").symlink_to(BASE / "models.csv")


def _no_programme(saved: Path) -> None:
    (saved / "programme.toml").unlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_note, "notes.md is no file"),
        (_folder, ".git is no"),
        (_folder_of_rows, "more.csv is no"),
        (_link, "link.csv is no"),
        (_no_programme, "is none"),
    ],
)
def test_only_a_programme_is_overwritten(
    base: Programme, change: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    saved = base.save(tmp_path / "saved")
    change(saved)
    before = inside(saved)
    with pytest.raises(InvalidValue, match=f"only a programme is overwritten, and .*{why}"):
        base.save(saved, overwrite=True)
    assert inside(saved) == before


def test_a_link_to_a_programme_is_not_overwritten(base: Programme, tmp_path: Path) -> None:
    saved = base.save(tmp_path / "saved")
    (tmp_path / "link").symlink_to(saved)
    with pytest.raises(InvalidValue, match="only a programme is overwritten"):
        base.save(tmp_path / "link", overwrite=True)
    assert Programme.load(saved) == base


def test_what_the_linter_refuses_is_not_saved(base: Programme, tmp_path: Path) -> None:
    """A scrap value above the cheapest price is such a programme."""
    dear = replace(base, terms=(base.terms[0].replace(scrap_minor=10_000_000), *base.terms[1:]))
    with pytest.raises(DataError, match="the floor") as caught:
        dear.save(tmp_path / "saved")
    assert caught.value.problems[0].file == "programme.toml"
    with pytest.raises(DataError, match=r"eligible_models.csv: lists no model"):
        replace(base, eligible=EligibleModels(())).save(tmp_path / "saved")
    with pytest.raises(InvalidValue, match=r"Programme\.title"):
        replace(base, title="half \ud800 of a pair")
    assert inside(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"source": " x"}, "space around"),
        ({"aliases": ("a|b",)}, "alias"),
        ({"aliases": ("a", " b", "c")}, "alias"),
    ],
)
def test_a_text_that_would_be_read_back_as_another_is_not_saved(
    base: Programme, change: dict[str, Any], why: str, tmp_path: Path
) -> None:
    first, *variants = base.catalogue.variants
    changed = replace(base, catalogue=Catalogue((first.replace(**change), *variants)))
    with pytest.raises(InvalidValue, match=why):
        changed.save(tmp_path / "saved")
    assert inside(tmp_path) == []


def test_a_programme_that_would_be_loaded_as_another_is_not_saved(base: Programme, tmp_path: Path) -> None:
    changed = replace(base, zone=timezone(timedelta(hours=5, seconds=10)))
    with pytest.raises(InvalidValue, match=r"Programme\.zone is not what loading would return: give a zone"):
        changed.save(tmp_path / "saved")
    assert inside(tmp_path) == []


def test_a_directory_that_cannot_be_written_is_our_error(base: Programme, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    wrong: tuple[Any, ...] = (tmp_path / "file" / "new", tmp_path / ("x" * 5_000), tmp_path / "\ud800", "\0", "", 7)
    for directory in wrong:
        with pytest.raises(InvalidValue, match="directory"):
            base.save(directory)
    with pytest.raises(InvalidValue, match="overwrite"):
        base.save(tmp_path / "saved", overwrite="no")  # type: ignore[arg-type]
    assert inside(tmp_path) == ["file"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_cannot_take_its_name_leaves_what_was_there(
    base: Programme, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, overwrite: bool
) -> None:
    saved = tmp_path / "saved"
    if overwrite:
        base.save(saved)
    rename = Path.rename

    def taken(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise FileExistsError("taken")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", taken)
    with pytest.raises(InvalidValue, match=r"directory is .*taken"):
        replace(base, title="Another").save(saved, overwrite=overwrite)
    assert inside(tmp_path) == ["saved"] * overwrite
    assert not overwrite or Programme.load(saved) == base
