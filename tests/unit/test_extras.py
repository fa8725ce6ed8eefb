"""What is not installed is named by its extra: in Python and at the command, by one sentence."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from miexchange import MiExchangeError
from miexchange._extras import MissingExtraError, extra
from unit.command import environment

PARTS = [
    ("batch", "miexchange.batch", "pyarrow"),
    ("prove", "miexchange.prove", "z3"),
    ("ledger", "miexchange.ledger", "sqlalchemy"),
    ("ledger", "miexchange.simulator", "sqlalchemy"),
    ("tuning", "miexchange.tuning", "pyarrow"),
    ("report", "miexchange.report", "pyarrow"),
    ("sql", "miexchange.sql", "pyarrow"),
    ("spark", "miexchange.spark", "pyarrow"),
    ("testing", "miexchange.strategies.imeis", "hypothesis"),
]
COMMANDS = [
    ("batch", "miexchange.batch", "pyarrow", ["batch", "in.csv", "out.csv"]),
    ("prove", "miexchange.prove", "z3", ["programme", "prove", "uk-trade-in"]),
    ("ledger", "miexchange.ledger", "sqlalchemy", ["ledger", "verify", "--ledger", "x.db"]),
]
CODE = """
import contextlib, importlib, io, json, sys
given, found = json.loads(sys.argv[1]), []
sys.modules.update(dict.fromkeys(("pyarrow", "z3", "sqlalchemy", "hypothesis")))
for _, name, _ in given["parts"]:
    place, _, attribute = name.rpartition(".")
    try:
        getattr(importlib.import_module(place), attribute) if "strategies" in name else importlib.import_module(name)
    except ImportError as error:
        found.append([type(error).__name__, error.name, error.extra, str(error)])
from miexchange.cli import main
for *_, arguments in given["commands"]:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(arguments)
    found.append([code, said.getvalue()])
print(json.dumps(found))
"""


def test_each_part_names_its_extra_and_so_does_the_command(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", CODE, json.dumps({"parts": PARTS, "commands": COMMANDS})],
        cwd=tmp_path,
        env=environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)

    def sentence(name: str, part: str, package: str) -> str:
        part = part.removesuffix(".imeis")
        return f"{part} needs {package}, which is not installed: pip install 'miexchange[{name}]'"

    assert found[: len(PARTS)] == [
        ["MissingExtraError", package, name, sentence(name, part, package)] for name, part, package in PARTS
    ]
    assert found[len(PARTS) :] == [
        [2, f"miexchange: {sentence(name, part, package)}\n"] for name, part, package, _ in COMMANDS
    ]


def test_every_extra_that_is_named_is_one() -> None:
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert {name for name, *_ in PARTS} <= project["optional-dependencies"].keys()


def test_it_is_an_error_of_ours_and_of_an_import() -> None:
    said = r"^a table needs other, which is not installed: pip install"
    with pytest.raises(MissingExtraError, match=said) as caught, extra("batch", "a table"):
        raise ModuleNotFoundError(name="other.part")
    assert isinstance(caught.value, MiExchangeError)
    assert isinstance(caught.value, ModuleNotFoundError)
    assert (caught.value.name, caught.value.extra) == ("other", "batch")


def test_of_extras_within_extras_the_outer_one_is_named() -> None:
    said = pytest.raises(MissingExtraError, match=r"sql needs pyarrow.*miexchange\[sql\]")
    with said, extra("sql", "sql"), extra("batch", "batch"):
        raise ModuleNotFoundError(name="pyarrow")


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError(name="miexchange.x"), ModuleNotFoundError("?"), ImportError("x")]
)
def test_what_is_wrong_with_a_package_is_left_as_it_is(error: ImportError) -> None:
    with pytest.raises(ImportError) as caught, extra("batch", "a table"):
        raise error
    assert caught.value is error


def test_what_is_there_is_imported() -> None:
    with extra("batch", "a table"):
        found = importlib.import_module("math")
    assert found.pi > 3
