"""What a person at the command meets: the order of questions, narrow terminals, masks, units, completion."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import Imei
from miexchange.cli import _asking, _files, _output
from miexchange.cli._imeis_in import without_imeis
from miexchange.cli._wrong import Wrong
from miexchange.imei import reporting_bodies
from shipped import shipped_programme
from unit.command import AT, IMEI, IN_PAISE, QUOTE, VALUED, leaves, put_at_hand, run

ASKED = ("quote", "--model", "oneplus-3t-6-64", "--programme", "graded-trade-in", "--imei-status", "clear", "--at", AT)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_at_hand(tmp_path_factory.mktemp("at-hand"))


# Questions.


def test_questions_that_can_refuse_the_phone_are_asked_first() -> None:
    for name in ("graded-trade-in", "mi-exchange-india", "uk-trade-in"):
        questions = shipped_programme(name).terms[-1].questionnaire.questions
        gates = [any(option.gate for option in question.options) for question in _asking.in_order(questions)]
        assert gates == sorted(gates, reverse=True)
        assert sorted(_asking.in_order(questions), key=questions.index) == list(questions)


def test_one_can_go_back_as_far_as_one_likes() -> None:
    straight = run(*ASKED, "--json", typed="1\n" * 21)
    there_and_back = run(*ASKED, "--json", typed="\n".join(["1", "1", "<", "<", *"1" * 21]) + "\n")
    assert "or < to go back" in straight.err
    assert "[1/21]" in there_and_back.err.partition("[2/21]")[2]
    assert there_and_back.data == straight.data


def test_there_is_nothing_before_the_first_question() -> None:
    ran = run(*ASKED, typed="<\n")
    assert "Type a number from 1 to" in ran.err
    assert "go back" not in ran.err.partition("[2/")[0]


def test_an_answer_that_refuses_the_phone_ends_the_questions_or_is_changed() -> None:
    ended = run(*ASKED, typed="3\n\n")
    assert (ended.code, ended.out.count("condition_gate"), "answer_missing" in ended.out) == (1, 1, False)
    assert "This programme takes no phone with power=dead." in ended.err
    assert "[2/" not in ended.err
    changed = run(*ASKED, "--json", typed="3\n<\n" + "1\n" * 21)
    assert changed.data == run(*ASKED, "--json", typed="1\n" * 21).data


def test_a_target_that_no_bonus_is_for_is_told() -> None:
    graded = (*QUOTE, "--programme", "graded-trade-in", "--at", AT)
    ran = run(*graded, "--target", "Redmi Note 5 Por")
    assert ran.code == 0
    assert ran.err.startswith(
        "miexchange: warning: --target 'Redmi Note 5 Por' is no product that graded-trade-in has a"
    )
    assert "Did you mean Redmi Note 5 Pro" in ran.err
    assert run(*graded, "--target", "Redmi Note 5").err == ""
    told = run(*VALUED, "--target", "anything", "--json")
    assert json.loads(told.err) == {
        "answer": "warning",
        "message": "--target 'anything' is no product that mi-exchange-india has a bonus for.",
    }
    assert told.data["answer"] == "quote"


# Narrow and wide.

CELLS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30) | st.text(" ab", max_size=30)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=3), st.integers(12, 90), st.booleans())
def test_a_table_loses_no_letter_at_any_width(rows: list[tuple[str, ...]], columns: int, header: bool) -> None:  # noqa: FBT001 - drawn
    """`say_table`: nothing is ever cut."""
    heads = ["Model", "Price of it", "Since"]
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setenv("COLUMNS", f"{columns}")
        patch.setattr(_output, "_emit", said.append)
        _output.say_table([_output.Column(head) for head in heads], rows, header=header, indent=0)
    out = "".join(said)
    wanted = Counter("".join("".join(map(_output.hide, row)) for row in rows).replace(" ", ""))
    assert wanted <= Counter(out)
    assert max(map(len, out.splitlines()), default=0) <= columns


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_word_of_a_table_is_broken(files: Path, columns: int) -> None:
    paper = ("--coupon", str(files / "coupon.json"), "--order", str(files / "order.json"), "--account", "asha")
    for arguments in (
        ("models", "oneplus", "3t", "--at", AT),
        (*VALUED, "--explain"),
        ("programme", "show", "graded-trade-in"),
        ("coupon", "check", *paper, "--at", AT),
        ("demo",),
    ):
        narrow, wide = (run(*arguments, environ={"COLUMNS": f"{width}"}).out for width in (columns, 500))
        assert max(map(len, narrow.splitlines())) <= columns
        short = {word for word in wide.split() if len(word) <= 12 and set(word) != {"─"}}
        assert short <= set(narrow.split()) | {word.rstrip(":") for word in narrow.split()}, arguments


# Masks.


@st.composite
def grouped(draw: st.DrawFn) -> tuple[str, str]:
    """Draw an IMEI, and how a person may group it."""
    rbi = draw(st.sampled_from(sorted(reporting_bodies())))
    imei = Imei.from_body(rbi + draw(st.from_regex(r"[0-9]{12}", fullmatch=True)))
    marks = draw(st.lists(st.sampled_from(["", "", "", " ", "-", ".", "/"]), min_size=14, max_size=14))
    return imei.digits, imei.digits[0] + "".join(
        mark + digit for mark, digit in zip(marks, imei.digits[1:], strict=True)
    )


@given(grouped(), st.sampled_from(["{}", "phone {}, x", "({})", "42 {}", "{} 7"]))
def test_an_imei_is_masked_however_it_is_grouped(number: tuple[str, str], sentence: str) -> None:
    """`hide`: every IMEI is masked."""
    digits, text = number
    for hide in (_output.hide, _output.hide_all):
        assert digits[:14] not in "".join(filter(str.isdigit, hide(sentence.format(text))))


@given(st.from_regex(r"[0-9]{13,17}", fullmatch=True))
def test_what_is_no_imei_stays(number: str) -> None:
    """`hide`: nothing but an IMEI is masked: an order, an account and an amount have as many digits."""
    try:
        is_one = Imei.parse(number).reporting_body is not None
    except ValueError:
        is_one = False
    assert (without_imeis(number) == number) is not is_one


def test_digests_instants_and_amounts_stay_in_errors_too() -> None:
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78521234",
        "123e4567-e89b-12d3-a456-426614174000",
        "2018-03-20T12:00:00.123456+05:30",
        "/book/20180320120000123.csv",
        "1234567890123456",
    ):
        assert _output.hide_all(text) == text
    assert "863664031234560" not in _output.hide_all("a slip: 863664031234560")


# Units, and what a shell completes.


def test_json_with_amounts_says_their_unit(files: Path) -> None:
    paper = ("--coupon", str(files / "coupon.json"), "--order", str(files / "order.json"), "--account", "asha")
    for arguments in (
        VALUED,
        ("models", "oneplus", "--at", AT),
        ("programme", "show"),
        ("coupon", "check", *paper, "--at", AT),
        ("demo",),
    ):
        assert run(*arguments, "--json").data["amounts"] == IN_PAISE


def test_a_shell_is_told_every_subcommand() -> None:
    for shell in ("bash", "zsh", "fish"):
        ran = run("completion", shell)
        assert (ran.code, ran.err) == (0, "")
        assert "_MIEXCHANGE_COMPLETE" in ran.out
        assert run("completion", shell, "--json").data["script"].split() == ran.out.split()
    known = {path[0] for path in leaves()}
    asked = {"_MIEXCHANGE_COMPLETE": "complete_bash", "COMP_WORDS": "miexchange ", "COMP_CWORD": "1"}
    ran = run(environ=asked)
    assert (ran.code, set(ran.out.split()), ran.err) == (0, known, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_reads_its_script(shell: str) -> None:
    if (path := shutil.which(shell)) is None:
        pytest.skip(f"there is no {shell} here")
    script = run("completion", shell).out
    ran = subprocess.run([path, "-n"], input=script, check=False, capture_output=True, text=True)  # noqa: S603 - a shell
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_sample_of_devices_is_what_the_batch_reads(tmp_path: Path) -> None:
    sample = run("demo", "--devices").out
    assert len(run("demo", "--devices", "--json").data["devices"]) == len(sample.splitlines()) - 1
    out, rejects = tmp_path / "values.csv", tmp_path / "no.csv"
    options = ("--format", "csv", "--rejects", f"{rejects}", "--json")
    data = run("batch", "-", f"{out}", *options, data=sample.encode()).data
    assert (data["rows"], data["quotes"], data["indicative"]) == (14, 7, 1)
    said = rejects.read_text("utf-8")
    for words in ("at='2018-13-04' is not a date", "power='wroks'", "imei=86366403******", "screen_glass='cracked'"):
        assert words in said
    assert "standard input (-), whose format no name tells: add --format csv" in run("batch", "-", f"{out}").err
    assert IMEI.digits not in said


@pytest.mark.parametrize("most", [9, 10, None])
def test_of_standard_input_no_more_is_kept_than_is_read(monkeypatch: pytest.MonkeyPatch, most: int | None) -> None:
    """A pipe need not end, and would fill the disk."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 10)))
    taken = _files.at_hand(Path("-"), "BOOK", ("csv",), most=most)
    if most == 9:
        with pytest.raises(Wrong, match="BOOK is larger than 9 bytes: give less of it"), taken:
            pass
    else:
        with taken as path:
            assert path.read_bytes() == b"x" * 10
