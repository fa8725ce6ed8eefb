"""One set-up for everybody: exact versions, and a sentence where it cannot be made."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

import pytest

from group import requirements
from lowest import lowest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


def normal(name: str) -> str:
    """Return a distribution's name as its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def assigned(name: str) -> list[str]:
    """Return the words of a variable of the Makefile."""
    found = re.search(rf"^{name} := ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert found is not None, name
    return found[1].replace("\\\n", " ").split()


def required() -> list[str]:
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    more = chain(*extras.values(), *PROJECT["dependency-groups"].values())
    direct = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"], *more]
    names = (re.split(r"[<>=\[]", requirement)[0] for requirement in direct)
    return sorted({normal(name) for name in names} - {"miexchange"})


@pytest.mark.parametrize("name", required())
def test_every_requirement_is_pinned(name: str) -> None:
    assert name in {normal(pin) for pin in PINS}


def test_the_lowest_versions_are_those_of_the_project() -> None:
    """`python tools/lowest.py` writes them."""
    written = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8")
    assert written == lowest((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {line.partition("==")[0] for line in written.splitlines()[1:]} == set(required())


@pytest.mark.parametrize(
    ("requirement", "is_bounded"), [("b>=3", True), ("b", False), ("b<3", False), ("a>=2", False), ("a>=1.2", True)]
)
def test_each_requirement_has_one_lower_bound(requirement: str, *, is_bounded: bool) -> None:
    project = f'[build-system]\nrequires=["a>=1.2"]\n[project]\nname="p"\ndependencies=["{requirement}"]'
    with nullcontext() if is_bounded else pytest.raises(ValueError, match="give it one lower bound"):
        assert lowest(project)


def test_every_pin_is_one_plain_version() -> None:
    odd = {name for name, version in PINS.items() if not re.fullmatch(r"[0-9]+(\.[0-9]+)+", version)}
    assert odd == {"sphinx-basic-ng"}, "the base of furo, which has no release but betas"
    assert list(PINS) == sorted(PINS, key=normal)


def test_nothing_is_built_from_source_by_tools_that_are_not_pinned() -> None:
    """pip takes wheels only, but for the packages that are named, and builds these with the pinned tools."""
    options = assigned("PIP")
    assert {"--use-pep517", "--no-build-isolation"} <= set(options)
    assert options[options.index("--only-binary") + 1] == ":all:"
    assert options[options.index("--no-binary") + 1] == "$(FROM_SOURCE)"
    tools = assigned("BUILD_TOOLS")
    assert {*tools, *assigned("FROM_SOURCE")} <= PINS.keys()
    assert {re.split("[<>=]", tool)[0] for tool in PROJECT["build-system"]["requires"]} <= set(tools)
    # A package without a pyproject.toml, as pyspark is, is built by setuptools; older ones need a wheel package, too.
    assert "setuptools" in tools
    assert int(PINS["setuptools"].split(".")[0]) > 70
    installed = re.findall(r"^\t@\$\(PIP\) (.+)", MAKEFILE, re.MULTILINE)
    everything = "--editable '.[$(EXTRAS)]' --requirement $(VENV)/dev.txt"
    assert installed == ["$(BUILD_TOOLS)", "--editable '.[batch,cli]'", everything]


def test_a_pip_that_knows_no_groups_gets_the_same_list() -> None:
    """pip knows `--group` from 25.1 on, and a Python of 2023 brings 23.2: `tools/group.py` prints the group for it."""
    printed = requirements((ROOT / "pyproject.toml").read_text(encoding="utf-8"), "dev")
    assert printed == PROJECT["dependency-groups"]["dev"]
    assert len(re.findall(r"tools/group\.py dev > ", MAKEFILE)) == 2, "to install, and to lock"
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(re.split(r"[\[\],]", everything)[1:-1]) == extras.keys() - {"all", "service"}


def test_the_lock_keeps_all_but_ourselves_and_pip() -> None:
    assert re.findall(r"--exclude (\S+?);?\s", MAKEFILE) == ["miexchange", "pip"]


HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PIP_CACHE_DIR", "PYTHONUSERBASE")
FAKE_MAKE = """#!/bin/sh
{ echo "$1" "$(pwd -P)" "$(git rev-parse HEAD)" "$(ls ../shared)"; for name in %s; do printenv $name; done; } >> "$LOG"
find "$HOME" >> "$LOG.home"
[ "$1" != "$FAILS" ]
""" % " ".join(HOMES)  # noqa: UP031 - the script has braces of its own


@pytest.mark.skipif(shutil.which("git") is None or os.name == "nt", reason="needs git and a POSIX shell")
@pytest.mark.parametrize("fails", ["none", "style", "cover", "test", "sweep"])
def test_continuous_integration_starts_from_nothing(tmp_path: Path, fails: str) -> None:
    """A `make` that only notes where it runs stands for the real one."""
    checkout, log = tmp_path / "checkout", tmp_path / "log"
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", checkout / ".ci" / "run")
    programs, shared = tmp_path / "bin", tmp_path / "shared"
    for folder in (programs, shared, tmp_path / "temporary"):
        folder.mkdir()
    (shared / "prices").touch()
    (programs / "make").write_text(FAKE_MAKE, encoding="utf-8")
    (programs / "make").chmod(0o755)
    environment = {
        **{name: str(tmp_path / "used") for name in HOMES},
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "temporary"),
        "LOG": str(log),
        "FAILS": fails,
    }

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own script, and git
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )

    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (("init",), ("add", "."), (*author, "commit", "--message", "One")):
        assert run("git", *command).returncode == 0
    (checkout / "uncommitted").touch()
    done = run(checkout / ".ci" / "run")
    assert (done.returncode == 0) == (fails == "none"), done.stderr
    assert ("failed: " + fails in done.stderr) == (fails != "none")
    lines = log.read_text(encoding="utf-8").splitlines()
    size = 1 + len(HOMES)
    targets, head = lines[::size], run("git", "rev-parse", "HEAD").stdout.strip()
    assert [line.split()[0] for line in targets] == ["demo", "style", "cover", "test", "sweep"]
    temporary = (tmp_path / "temporary").resolve()
    for line in targets:
        _, place, commit, beside = line.split()
        assert Path(place).is_relative_to(temporary)
        assert (commit, beside) == (head, "prices")
    homes = [line for number, line in enumerate(lines) if number % size]
    assert len(homes) == len(targets) * len(HOMES)
    assert all(Path(home).resolve().is_relative_to(temporary) for home in homes)
    seen = Path(f"{log}.home").read_text(encoding="utf-8").splitlines()
    assert len(seen) == len(targets), "the home was empty, as nothing but this make ran"
    assert list(temporary.iterdir()) == []


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
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "constraints-lowest.txt"):
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
@pytest.mark.parametrize(("target", "extras"), [("demo", ["batch,cli"]), ("lint", ["batch,cli", "all,service"])])
def test_the_demo_installs_little(tmp_path: Path, target: str, extras: list[str]) -> None:
    """A first look need not wait for Spark."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "constraints-lowest.txt"):
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
