"""The command with wrong input, at a terminal and on broken streams: one sentence, never a traceback."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import miexchange
from miexchange import _demo
from miexchange.cli import main
from unit.command import (
    AT,
    IMEI,
    QUOTE,
    VALUED,
    all_but,
    copy_programme,
    environment,
    put_at_hand,
    run,
    spawn,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_at_hand(tmp_path_factory.mktemp("at-hand"))


# A person at the terminal.

GRADED = ("quote", "--programme", "graded-trade-in", "--at", AT, "--imei-status", "clear")


def test_what_is_missing_is_asked_on_stderr_and_stdout_holds_the_answer() -> None:
    typed = ["nokia 3310", "xyzzy", "a", "redmi note 4", "0", "3x", "3", "86366403123456", ""]
    typed += ["", "7", "works", *["1"] * 17, "", "", "missing"]
    ran = run(*GRADED, "--json", typed="\n".join(typed) + "\n")
    assert ran.code == 0
    quote = ran.data["quote"]
    assert (quote["model"], quote["indicative"]) == ("xiaomi-redmi-note-4-4-64", True)
    assert quote["condition"]["bill"] == "missing"
    assert not {"box", "charger"} & set(quote["condition"])
    for words in (
        "No model has that name.",
        "models have that name. Type more of it",
        "   3  Xiaomi Redmi Note 4 (4 GB, 64 GB)",
        "Type a number from 1 to 3.",
        "The IMEI 86366403****** has 14 digits",
        "[1/21] Does the phone switch on",
        "Type a number from 1 to 3, or one of: works, unstable, dead.",
        "or Enter to leave it out, which counts as missing",
    ):
        assert words in ran.err


def test_a_model_with_one_variant_is_taken_and_its_imei_read() -> None:
    typed = ["oneplus 3t 128", IMEI.digits, *["1"] * 21]
    ran = run(*GRADED, typed="\n".join(typed) + "\n")
    assert ran.code == 0
    assert "That is the OnePlus 3T (6 GB, 128 GB)." in ran.err
    assert "86366403******9" in ran.out


def test_a_misspelt_model_gets_names_near_it() -> None:
    assert "Near it: OnePlus" in run(*GRADED, typed="onepls 3t\n").err


def test_a_phone_that_is_refused_anyway_is_not_asked_about() -> None:
    ran = run("quote", "--model", "oneplus-2-4-64", "--at", AT, typed="")
    assert (ran.code, ran.err) == (1, "")
    assert "model_not_listed" in ran.out


def test_questions_that_were_answered_are_not_asked() -> None:
    ran = run("quote", "--model", "oneplus-3t-6-64", "--at", AT, *all_but("battery"), typed="2\n")
    assert (ran.code, ran.err.count("[1/1] What does the battery health show")) == (0, 1)


def test_a_gate_that_is_answered_does_not_stop_the_questions() -> None:
    arguments = ("quote", "--model", "oneplus-3t-6-64", "--at", AT, "--answer", "screen_glass=cracked")
    ran = run(*arguments, typed="1\n" * 21)
    assert (ran.code, "condition_gate" in ran.out) == (1, True)
    assert "[21/21]" in ran.err


def test_the_end_of_the_input_is_one_sentence() -> None:
    ran = run("quote", "--model", "oneplus-3t-6-64", "--at", AT, typed="1\n")
    assert ran.code == 2
    assert ran.err.endswith("answer it, or give --answer touch=...\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is a Unix thing")
def test_a_real_terminal_is_asked_and_ctrl_c_is_130() -> None:
    import pty  # noqa: PLC0415 - Unix only

    def at_terminal() -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "miexchange.cli", "quote", "--model", "oneplus-3t-6-64", "--at", AT, "--json"]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=environment({}), start_new_session=True
        )
        os.close(theirs)
        return process, ours

    def read_until(ours: int, words: bytes, seconds: float = 60) -> bytes:
        seen = b""
        while words not in seen:
            if not select.select([ours], [], [], seconds)[0]:
                raise TimeoutError(f"{words!r} is not in {seen!r}")
            seen += os.read(ours, 4096)
        return seen

    process, ours = at_terminal()
    for number in range(1, 23):
        read_until(ours, b"[%d/22]" % number)
        os.write(ours, b"1\n")
    assert process.stdout is not None
    with process.stdout as stdout:
        answer = json.loads(stdout.read())
    assert (process.wait(60), answer["quote"]["grade"]) == (0, "A")
    os.close(ours)

    process, ours = at_terminal()
    read_until(ours, b"1 to 3: ")
    said = b""
    for _ in range(60):  # one that comes just before the terminal is read is seen only with the next
        process.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            said = read_until(ours, b"Stopped.", seconds=1)
            break
    assert process.wait(60) == 130
    assert b"Traceback" not in said
    assert process.stdout is not None
    with process.stdout as stdout:
        assert stdout.read() == b""
    os.close(ours)


# What can go wrong with the streams.


def test_ctrl_c_anywhere_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "journey", stop)
    assert run("demo") == (130, "", "miexchange: Stopped.\n")
    monkeypatch.setattr("miexchange.cli._run", lambda _arguments, **_options: stop())
    assert run("demo") == (130, "", "miexchange: Stopped.\n")


@pytest.mark.parametrize(
    "arguments", [("demo",), ("demo", "--json"), ("programme", "lint", "graded-trade-in"), ("--help",)]
)
def test_a_reader_that_ends_early_is_no_error(arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ran = spawn(*arguments, stdout=write)
    finally:
        os.close(write)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [("demo",), ("demo", "--json"), ("--help",)])
def test_a_full_disk_is_one_sentence(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = spawn(*arguments, stdout=full)
    assert ran.returncode == 2
    said = json.loads(ran.stderr)["error"]["message"] if "--json" in arguments else ran.stderr
    assert re.fullmatch(r"(miexchange: )?The output cannot be written: [^\n]+\. Send it elsewhere\.\n?", said)


def test_without_stdout_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["demo"]) == 2
    assert "stdout is closed" in capsys.readouterr().err


def test_a_stream_without_bytes_below_it_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    page = io.StringIO()
    monkeypatch.setattr(sys, "stdout", page)
    assert main(["models", "oneplus", "3t", "--json"]) == 0
    assert json.loads(page.getvalue())["found"] == 2


def test_the_arguments_of_the_process_are_the_default() -> None:
    ran = spawn("--version")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"miexchange {miexchange.__version__}\n", "")


def test_a_path_that_is_no_utf_8_is_named() -> None:
    ran = run(*QUOTE, "--programme", os.fsdecode(b"na\xefve"))
    assert (ran.code, "There is no programme 'na\\udcefve'" in ran.err) == (2, True)


# Wrong input: what was typed, and what the sentence must say.

CHECK = ("coupon", "check", "--coupon", "{dir}/coupon.json", "--order", "{dir}/order.json")
WRONG: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unknown command": (("qoute",), ("No such command 'qoute'", "miexchange --help")),
    "unknown subcommand": (("programme", "lnt"), ("'lnt'", "miexchange programme --help")),
    "unknown option": (("quote", "--modle", "x"), ("--modle", "--model", "miexchange quote --help")),
    "extra argument": (("demo", "now"), ("now", "miexchange demo --help")),
    "option without value": ((*QUOTE, "--at"), ("--at", "requires an argument")),
    "no model": (("quote",), ("--model oneplus-3t-6-64", "miexchange models WORDS")),
    "unknown status": (
        (*QUOTE, "--imei-status", "clean"),
        ("'clean'", "'clear'", "'blocked'", "'tracked'", "'duplicate'", "'unverified'"),
    ),
    "answer without =": ((*QUOTE, "--answer", "cracked"), ("--answer 'cracked'", "question=option", "screen_glass=")),
    "answer without option": ((*QUOTE, "--answer", "body="), ("'body='", "question=option")),
    "unknown question": (
        (*VALUED, "--answer", "screen_glas=cracked"),
        ("'screen_glas'", "Did you mean screen_glass", "Known: power, touch"),
    ),
    "unknown answer": (
        (*VALUED, "--answer", "screen_glass=craked"),
        ("'craked' is no answer to screen_glass", "Did you mean cracked?", "Known: unmarked"),
    ),
    "one question, two answers": (
        (*VALUED, "--answer", "power=works", "--answer", "power=dead"),
        ("power twice, works and dead", "keep one"),
    ),
    "no answers file": ((*VALUED, "--answers", "{dir}/none.json"), ("none.json'", "no such file", "check the path")),
    "answers are a directory": ((*VALUED, "--answers", "{dir}"), ("is a directory", "name a file")),
    "answers are no JSON": (
        (*VALUED, "--answers", "{dir}/broken.json"),
        ("broken.json' is not JSON", "line 1, column 10", "Correct it there"),
    ),
    "answers are a list": ((*VALUED, "--answers", "{dir}/list.json"), ("list.json'", '{{"power": "works"}}')),
    "an answer is a number": (
        (*VALUED, "--answers", "{dir}/number.json"),
        ("Condition.power is 1", "a text"),
    ),
    "answered twice in a file": (
        (*VALUED, "--answers", "{dir}/twice.json"),
        ("Condition.power is a duplicate key", "answer each question once"),
    ),
    "answers in UTF-16": ((*VALUED, "--answers", "{dir}/utf16.json"), ("utf16.json'", "save it as JSON in UTF-8")),
    "answers nested too deep": ((*VALUED, "--answers", "{dir}/deep.json"), ("deep.json'", "nested too deep")),
    "no instant": ((*QUOTE, "--at", "yesterday"), ("--at 'yesterday'", "YYYY-MM-DD", "2018-03-20T12:00+05:30")),
    "no such day": ((*QUOTE, "--at", "2018-02-30"), ("'2018-02-30' is not in the calendar", "give a day that exists")),
    "no time zone": ((*QUOTE, "--at", "2018-03-20T12:00"), ("'2018-03-20T12:00' has no time zone", "+05:30")),
    "year out of range": ((*QUOTE, "--at", "9999-12-31T23:59Z"), ("9999", "a year from 1900 to 9900")),
    "day out of range": ((*QUOTE, "--at", "0001-01-01"), ("'0001-01-01'", "a year from 1900 to 9900")),
    "no day of purchase": ((*VALUED, "--purchased-on", "20/03/2017"), ("'20/03/2017'", "YYYY-MM-DD")),
    "unknown programme": (
        (*QUOTE, "--programme", "mi-exchange-indai"),
        ("'mi-exchange-indai'", "Did you mean mi-exchange-india?", "graded-trade-in, mi-exchange-india, uk-trade-in"),
    ),
    "programme is a file": (
        ("programme", "lint", "{dir}/key"),
        ("is a file", "the directory that holds programme.toml"),
    ),
    "programme is an empty directory": (("programme", "show", "{dir}/empty"), ("empty' has no programme.toml",)),
    "programme with problems": (
        (*VALUED, "--programme", "{dir}/data/programmes/mi-exchange-india"),
        ("eligible_models.csv:", "2018-15-03"),
    ),
    "account without key": (
        (*VALUED, "--account", "asha"),
        ("needs the secret key", "--key-file", "MIEXCHANGE_KEY"),
    ),
    "key file missing": ((*VALUED, "--account", "a", "--key-file", "{dir}/none"), ("none'", "no such file")),
    "key too short": (
        (*VALUED, "--account", "a", "--key-file", "{dir}/short-key"),
        ("short-key' holds a key of 5 bytes", "at least 16"),
    ),
    "key without account": ((*VALUED, "--key-file", "{dir}/key"), ("--key-file is for a coupon", "add --account ID")),
    "coupon file without account": ((*VALUED, "--coupon-out", "x"), ("--coupon-out is for a coupon", "--account ID")),
    "empty account": (
        (*VALUED, "--account", "", "--key-file", "{dir}/key"),
        ("--account '' is empty", "up to 200 characters"),
    ),
    "coupon file exists": (
        (*VALUED, "--account", "a", "--key-file", "{dir}/key", "--coupon-out", "{dir}/coupon.json"),
        ("coupon.json' exists already", "name another file"),
    ),
    "coupon file in no directory": (
        (
            *VALUED,
            "--imei",
            "863664031234569",
            "--account",
            "a",
            "--key-file",
            "{dir}/key",
            "--coupon-out",
            "{dir}/no/c",
        ),
        ("/no/c' cannot be written", "Name another file"),
    ),
    "no IMEI": (("imei",), ("TEXT", "miexchange imei --help")),
    "TAC table missing": (
        ("imei", "1", "--tac-table", "{dir}/none.csv"),
        ("none.csv: does not exist", "Check the path"),
    ),
    "TAC table is none": (
        ("imei", "1", "--tac-table", "{dir}/no-table.csv"),
        ("no tac column", "'hello'", "Understood"),
    ),
    "no words": (("models",), ("WORDS", "miexchange models --help")),
    "limit of none": (("models", "oneplus", "--limit", "0"), ("--limit", "1")),
    "limit is no number": (("models", "oneplus", "--limit", "many"), ("--limit", "integer")),
    "no coupon": (("coupon", "check"), ("--coupon", "miexchange coupon check --help")),
    "coupon file missing": (
        ("coupon", "check", "--coupon", "{dir}/none", "--order", "{dir}/order.json", "--account", "a"),
        ("--coupon '", "no such file"),
    ),
    "coupon of another code": (
        ("coupon", "check", "--coupon", "{dir}/other-code.json", "--order", "{dir}/order.json", "--account", "a"),
        ("other-code.json' is no coupon", "unchanged"),
    ),
    "coupon without code": (
        ("coupon", "check", "--coupon", "{dir}/no-code.json", "--order", "{dir}/order.json", "--account", "a"),
        ("Coupon.code is missing", "quote --coupon-out"),
    ),
    "order with a text for a price": (
        ("coupon", "check", "--coupon", "{dir}/coupon.json", "--order", "{dir}/text-price.json", "--account", "a"),
        ("Order.lines.0.price_minor is the text '13999': give a whole number", "miexchange coupon check --help"),
    ),
    "order without lines": (
        ("coupon", "check", "--coupon", "{dir}/coupon.json", "--order", "{dir}/no-lines.json", "--account", "a"),
        ("no-lines.json' is no order", "Order.lines is empty: give 1 to 1,000 elements"),
    ),
    "a day for an instant": (
        (*CHECK, "--account", "a", "--at", "2018-03-20"),
        ("'2018-03-20' is a day, not an instant", "2018-03-20T12:00+05:30"),
    ),
    "no instant of a check": (
        (
            "coupon",
            "check",
            "--coupon",
            "{dir}/coupon.json",
            "--order",
            "{dir}/order.json",
            "--account",
            "a",
            "--at",
            "x",
        ),
        ("--at 'x' is no instant: write an instant such as 2018-03-20T12:00+05:30",),
    ),
    "unknown standing": (
        (*CHECK, "--account", "a", "--standing", "spent"),
        ("'spent'", "'unused', 'reserved', 'used', 'void'"),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_sentence_and_exit_code_2(case: str, files: Path) -> None:
    arguments, words = WRONG[case]
    ran = run(*(argument.replace("{dir}", str(files)) for argument in arguments))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("miexchange: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    for word in words:
        assert word.replace("{{", "{").replace("}}", "}") in ran.err


def test_of_many_problems_the_first_are_shown(tmp_path: Path) -> None:
    copy_programme(tmp_path / "data", {})
    programme = tmp_path / "data" / "programmes" / "mi-exchange-india"
    table = programme / "market_prices.csv"
    table.write_text(table.read_text("utf-8").replace(",modelled,", ",guessed,"), "utf-8")
    ran = run(*VALUED, "--programme", str(programme))
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 4
    assert "843 more problems: miexchange programme lint PATH shows them all." in ran.err


def test_a_file_that_may_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "secret.json":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    ran = run(*VALUED, "--answers", "secret.json")
    assert (ran.code, ran.err) == (2, "miexchange: --answers 'secret.json' cannot be read: Permission denied\n")


def test_a_coupon_that_cannot_be_written_whole_is_not_left_behind(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int, *_arguments: object, **_options: object) -> io.StringIO:
        os.close(number)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", refuse)
    file = tmp_path / "coupon.json"
    accept = ("--account", "asha", "--key-file", str(files / "key"), "--coupon-out", str(file))
    ran = run(*VALUED, "--imei", IMEI.digits, *accept)
    assert (ran.code, "No space left on device. Name another file" in ran.err) == (2, True)
    assert not file.exists()
