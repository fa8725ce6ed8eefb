"""What holds for every subcommand, found by walking through the app: no list of them is kept here."""

from __future__ import annotations

import errno
import io
import json
import shutil
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from miexchange.cli import _given, main
from unit.command import COMMANDS, IMEI, _load_once, leaves, put_at_hand, run

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = leaves()

ERROR = {
    "type": "object",
    "required": ["answer", "error", "exit_code"],
    "additionalProperties": False,
    "properties": {
        "answer": {"const": "error"},
        "exit_code": {"enum": [2, 130]},
        "error": {
            "type": "object",
            "required": ["field", "help", "kind", "message", "problems", "remedy", "value"],
            "additionalProperties": False,
            "properties": {
                "kind": {"enum": ["usage", "value", "data", "ledger", "output", "stopped", "fault", "other"]},
                "message": {"type": "string", "minLength": 10},
                "problems": {
                    "type": "array",
                    "items": {"type": "object", "required": ["file", "line", "column", "message", "remedy"]},
                },
                **{name: {"type": "string"} for name in ("field", "help", "remedy", "value")},
            },
        },
    },
}
"""What stderr holds with --json where there is no answer."""


def params(command: tuple[str, ...]) -> list[Any]:
    return list(LEAVES[command].params)


def name_of(param: Any) -> str:  # noqa: ANN401 - typer's
    return f"{next((name for name in param.opts if name.startswith('--')), param.opts[0])}"


def is_argument(param: Any) -> bool:  # noqa: ANN401 - typer's
    return not any(name.startswith("-") for name in param.opts)


def kind_of(param: Any) -> str:  # noqa: ANN401 - typer's
    """Return what a parameter holds, as the newest typer says it, or one that stands on click."""
    described = getattr(param, "type_descriptor", None)
    return f"{param.type}" if described is None else f"{described.annotation}"


def choice_of(param: Any) -> str | None:  # noqa: ANN401 - typer's
    """Return the first of the words that a parameter takes."""
    described = getattr(param, "type_descriptor", None)
    words = getattr(param.type, "choices", ()) if described is None else described.annotation
    enum = isinstance(words, type) and issubclass(words, StrEnum)
    first = next(iter(words), None) if enum or isinstance(words, list | tuple) else None
    return None if first is None else f"{getattr(first, 'value', first)}"


def is_file(param: Any) -> bool:  # noqa: ANN401 - typer's
    """Tell whether a file is read from it: what is written to says so in its help."""
    is_path = "path" in kind_of(param).lower()
    return is_path and not any(word in (param.help or "") for word in ("to write", "Write ", "to this"))


def given(command: tuple[str, ...], **instead: str) -> list[str]:
    """Give what a subcommand demands, so that only what is instead can be wrong with the command line."""
    words: list[str] = []
    for param in params(command):
        value = instead.get(param.name)
        if value is None and not param.required:
            continue
        if value is None:
            value = choice_of(param) or VALUES.get(param.name, "x")
        words += [value] if is_argument(param) else [name_of(param), value]
    return words


SMALL = "uk-trade-in"
VALUES = {"ledger": "no-such-ledger.db", "shell": "bash", "at": "2018-03-20T12:00Z", "old": SMALL, "new": SMALL}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_at_hand(tmp_path_factory.mktemp("at-hand"))


def test_the_walk_finds_them_all() -> None:
    assert {("quote",), ("ledger", "reconcile"), ("prices", "import"), ("completion",)} <= set(COMMANDS)
    assert len(COMMANDS) > 25
    assert sum(is_file(param) for command in COMMANDS for param in params(command)) > 20


def answering(command: tuple[str, ...], files: Path) -> dict[str, str]:
    """Give a subcommand what it can answer, as far as the files at hand go."""
    known = {
        "model": "oneplus-3t-6-64",
        "words": "oneplus",
        "texts": IMEI.digits,
        "path": "no-such-programme",
        "into": "mi-exchange-india",
        "coupon": f"{files / 'coupon.json'}",
        "order": f"{files / 'order.json'}",
        "account": "asha",
    }
    return {
        param.name: known[param.name]
        for param in params(command)
        if param.name in known and (param.required or param.name == "model")
    }


# Errors.


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_error_in_json_has_one_schema(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where `programme new` may write
    wanted = [given(command)] if any(param.required for param in params(command)) else []
    for arguments in (["--no-such-option"], *wanted):
        plain = run(*command, *arguments)
        shutil.rmtree("x", ignore_errors=True)  # what `programme new` has made
        ran = run(*command, *arguments, "--json")
        assert ran.code == plain.code
        if ran.code != 2:
            continue
        assert ran.out == plain.out == ""
        assert ran.err.count("\n") == 1
        data = json.loads(ran.err)
        jsonschema.validate(data, ERROR)
        assert plain.err == "miexchange: " + data["error"]["message"] + "\n"


@pytest.mark.sweep
@pytest.mark.parametrize("command", [one for one in COMMANDS if one[0] == "ledger"], ids=" ".join)
def test_what_is_wrong_with_a_ledger_comes_with_what_to_do(command: tuple[str, ...], files: Path) -> None:
    for where in (f"{files / 'none.db'}", f"{files / 'order.json'}", "postgresql://u@127.0.0.1:1/none", "redis://x"):
        ran = run(*command, *given(command, ledger=where, key_file=f"{files / 'key'}"), "--json")
        if command == ("ledger", "create") and where.endswith("none.db"):
            (files / "none.db").unlink()
            continue
        error = json.loads(ran.err)["error"]
        if error["kind"] == "ledger":
            assert error["remedy"], error
            assert "old_keys" not in error["message"]
        else:
            assert error["kind"] == "value", error


def test_python_names_of_arguments_become_options() -> None:
    def said(*arguments: str) -> str:
        return run(*arguments).err

    assert said("batch", "a.csv", "b.csv", "--rows", "0").startswith("miexchange: --rows is 0")
    assert said("batch", "none.csv", "b.csv").startswith("miexchange: IN is 'none.csv', which does not exist")


# Instants and days.


INSTANTS = [
    (command, param.name) for command in COMMANDS for param in params(command) if param.metavar in {"INSTANT", "DATE"}
]


@pytest.mark.sweep
@pytest.mark.parametrize(("command", "name"), INSTANTS, ids=str)
def test_a_day_is_a_day_or_told_to_be_one_where_an_instant_is_asked(
    command: tuple[str, ...], name: str, files: Path
) -> None:
    typed = next(name_of(param) for param in params(command) if param.name == name)
    known = {
        one: value
        for one, value in (
            ("coupon", files / "coupon.json"),
            ("order", files / "order.json"),
            ("key_file", files / "key"),
            ("programme", "mi-exchange-india"),
            ("model", "oneplus-3t-6-64"),
            ("book", files / "order.json"),
            ("file", files / "order.json"),
        )
        if any(param.name == one and (param.required or one in {"key_file", "model"}) for param in params(command))
    }
    instead = {one: f"{value}" for one, value in known.items()}
    for text, words in (("2018-03-20T12:00", "has no time zone"), ("soon", "is no instant"), ("2018-03-20", None)):
        ran = run(*command, *given(command, **{**instead, name: text}))
        if words is not None:
            assert ran.code == 2
            assert typed in ran.err
            assert words in ran.err
        elif ran.code == 2 and typed in ran.err and command[0] != "prices":
            assert "is a day, not an instant: write it with time and zone" in ran.err


# Files.


FILES = [(command, param.name) for command in COMMANDS for param in params(command) if is_file(param)]


@pytest.mark.parametrize(("command", "name"), FILES, ids=str)
def test_every_file_may_be_standard_input(
    command: tuple[str, ...], name: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with the content is told, and never that there is no file "-"."""
    monkeypatch.chdir(tmp_path)  # `programme new -` makes a folder of that name
    instead = {one.name: f"{files / 'key'}" for one in params(command) if one.name == "key_file"}
    instead |= {"ledger": f"{tmp_path / 'l.db'}", "account": "asha", "programme": "mi-exchange-india"}
    instead |= {"coupon": f"{files / 'coupon.json'}", "order": f"{files / 'order.json'}", "into": "mi-exchange-india"}
    instead |= {"texts": IMEI.digits, "target": f"{tmp_path / 'out.csv'}", "model": "oneplus-3t-6-64"}
    if any(one.name == "format" for one in params(command)):
        instead["format"] = "csv"
    wanted = {one.name for one in params(command)}
    if command[0] == "ledger":
        assert run("ledger", "create", "--ledger", instead["ledger"], "--key-file", f"{files / 'key'}").code == 0
    words = given(command, **{**{one: value for one, value in instead.items() if one in wanted}, name: "-"})
    ran = run(*command, *words, data=b"\xff\xfe no such thing")
    assert ran.code in {0, 1, 2}
    for not_said in ("no such file", "does not exist", "miexchange-stdin", "Traceback", "fault of miexchange"):
        assert not_said not in ran.err + ran.out


def test_standard_input_is_read_once(files: Path) -> None:
    both = ("--coupon", "-", "--order", "-", "--account", "a")
    ran = run("coupon", "check", *both, data=(files / "coupon.json").read_bytes())
    assert (ran.code, "--order is standard input (-), which was read already: name a file" in ran.err) == (2, True)


# What reads stdout may have had enough.


class Closed(io.RawIOBase):
    """A pipe whose reader has ended; at the end of a test it takes what is left."""

    ended = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        if self.ended:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        return len(data)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_ends_early_changes_neither_stderr_nor_the_exit_code(
    command: tuple[str, ...], files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where `programme new` may write
    for more in (["--help"], ["--json"] if command[0] == "ledger" else []):
        arguments = [*given(command, **answering(command, files)), *more]
        plain = run(*command, *arguments)
        shutil.rmtree("x", ignore_errors=True)
        pipe = Closed()
        out, err = io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(_given, "programme", _load_once)
            patch.setenv("COLUMNS", "80")
            assert main([*command, *arguments]) == plain.code
        assert err.getvalue() == plain.err
        pipe.ended = False
        out.close()
