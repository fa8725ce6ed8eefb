"""One set-up for everybody: exact versions, and a sentence where it cannot be made."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


def normal(name: str) -> str:
    """Return a distribution's name as its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> list[str]:
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    direct = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"], *chain(*extras.values())]
    names = (re.split(r"[<>=\[]", requirement)[0] for requirement in direct)
    return sorted({normal(name) for name in names} - {"miexchange"})


@pytest.mark.parametrize("name", required())
def test_every_requirement_is_pinned(name: str) -> None:
    assert name in {normal(pin) for pin in PINS}


def test_every_pin_is_one_plain_version() -> None:
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)+", version) for version in PINS.values())
    assert list(PINS) == sorted(PINS, key=normal)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_without_a_python_make_says_what_to_do(tmp_path: Path) -> None:
    """A folder with an old Python and nothing else stands for the machine's programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "touch", "sed"):
        (programs / name).symlink_to(str(shutil.which(name)))
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(  # noqa: S603 - our own Makefile
        [str(shutil.which("make")), "demo"],
        cwd=tmp_path,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "make PYTHON=/path/to/python3" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_without_a_target_lists_the_targets() -> None:
    done = subprocess.run(  # noqa: S603 - our own Makefile
        [str(shutil.which("make")), "--no-print-directory"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    for target in ("demo", "test", "lint", "bench"):
        assert f"make {target} " in done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
@pytest.mark.parametrize(("target", "extras"), [("demo", ["batch,cli"]), ("lint", ["batch,cli", "dev"])])
def test_the_demo_installs_little(tmp_path: Path, target: str, extras: list[str]) -> None:
    """A first look need not wait for Spark."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(  # noqa: S603 - our own Makefile, which only says what it would do
        [str(shutil.which("make")), "--dry-run", target],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"--editable '\.\[(.*)\]'", done.stdout) == extras
    offered: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    light = [requirement for extra in ("batch", "cli") for requirement in offered[extra]]
    assert not any(requirement.startswith("pyspark") for requirement in light)


def test_the_oldest_python_is_the_same_everywhere() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert PROJECT["tool"]["mypy"]["python_version"] == "3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"
    assert sys.version_info >= (3, 11)
