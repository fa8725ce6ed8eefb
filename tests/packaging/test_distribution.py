"""What is built can be installed, finds its data and quotes a phone: as wheel, sdist, editable install and checkout.

Nothing here needs a network: the build tools are those of the running environment, and so are the
packages that miexchange depends on. miexchange itself comes from what was built, and from nowhere else.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import stat
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_string
from pathlib import Path
from typing import NamedTuple

import pytest

import miexchange

ROOT = Path(__file__).resolve().parents[2]
NAME = f"miexchange-{miexchange.__version__}"

# One worker builds; the others need not build the same again.
pytestmark = pytest.mark.xdist_group("packaging")

QUOTE = """
import json
from datetime import UTC, datetime
import miexchange
from miexchange import Programme, headline, _data
programme = Programme.load("mi-exchange-india")
quote = headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 20, tzinfo=UTC))
print(json.dumps([miexchange.__file__, str(_data.folder()), quote.money.plain]))
"""
LOOK_FOR_DATA = """
from miexchange import DataError, _data
try:
    _data.folder()
except DataError as error:
    print(error)
"""
COMMAND = ("quote", "--model", "oneplus-3t-6-64", "--best", "--at", "2018-03-20", "--json")

REGISTRIES = re.compile("pypi[.]org|pythonhosted[.]org|npmjs[.]org|crates[.]io|deb[.]debian[.]org|repo1[.]maven[.]org")
MACHINE_PATHS = re.compile(r"(?<![\w.:/])/(?:home|root|Users|opt|work)/\w")


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a command apart from the caller's own Python paths, and return what it prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP", "COV"))}
    done = subprocess.run(  # noqa: S603 - our own tools
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Built(NamedTuple):
    """What was built, and the unpacked sdist."""

    sdist: Path
    wheel: Path
    sdist_of_sdist: Path
    wheel_of_sdist: Path
    unpacked: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--sdist", "--outdir", folder / "sdist", ROOT)
    run(*build, "--wheel", "--outdir", folder / "wheel", ROOT)
    sdist = folder / "sdist" / f"{NAME}.tar.gz"
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    unpacked = folder / "unpacked" / NAME
    make_strange(unpacked)
    for kind in ("--sdist", "--wheel"):
        run(*build, kind, "--outdir", folder / "again", unpacked)
    wheel, again = f"{NAME}-py3-none-any.whl", folder / "again"
    return Built(sdist, folder / "wheel" / wheel, again / sdist.name, again / wheel, unpacked)


def make_strange(folder: Path) -> None:
    """Give every file the time and the rights that it has on another machine: of 2001, and for nobody but its owner."""
    for path in folder.rglob("*"):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))


def fresh_environment(folder: Path) -> Path:
    """Make an environment that sees the packages of the running one, and return its Python.

    A line in a .pth file adds a folder and does not read the .pth files in it: an editable install
    of miexchange in the running environment stays out of sight.
    """
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    paths = sysconfig.get_paths()
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip()
    lines = dict.fromkeys((paths["purelib"], paths["platlib"]))
    (Path(site) / "borrowed.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return python


def install(python: Path, *what: str | Path) -> None:
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", "--use-pep517", "--no-build-isolation", *what)


def quote_there(python: Path, cwd: Path, **environment: str) -> tuple[Path, Path]:
    """Quote a phone through the API, and return where the package and its data are."""
    package, data, amount = json.loads(run(python, "-c", QUOTE, cwd=cwd, **environment))
    assert amount == "11290.00"
    return Path(package), Path(data)


def quote_by_command(python: Path, cwd: Path) -> None:
    """Quote a phone through the command that was installed beside Python."""
    answer = json.loads(run(python.with_name("miexchange"), *COMMAND, cwd=cwd))
    assert answer["answer"] == "quote"
    assert answer["quote"]["coupon_value"] == 1129000


@pytest.mark.parametrize("kind", ["wheel", "sdist", "wheel_of_sdist"])
def test_an_installed_archive_quotes_a_phone(kind: str, built: Built, tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "env")
    install(python, getattr(built, kind))
    package, data = quote_there(python, tmp_path)
    assert package.is_relative_to(tmp_path / "env")
    assert data == package.parent / "data"
    quote_by_command(python, tmp_path)


def test_an_editable_install_uses_the_checkout(built: Built, tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "env")
    install(python, "--editable", built.unpacked)
    package, data = quote_there(python, tmp_path)
    assert package == built.unpacked / "src" / "miexchange" / "__init__.py"
    assert data == built.unpacked / "data"
    assert list((tmp_path / "env").rglob("models.csv")) == [], "an editable install holds a copy of the data"
    quote_by_command(python, tmp_path)


def test_a_package_that_is_source_only_is_built_by_the_tools_of_the_environment(tmp_path: Path) -> None:
    """As pyspark is: a setup.py, and no pyproject.toml that would say what builds it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='old_fashioned', version='1.0', py_modules=['old_fashioned'])\n",
        encoding="utf-8",
    )
    (source / "old_fashioned.py").write_text("WORD = 'built'\n", encoding="utf-8")
    python = fresh_environment(tmp_path / "env")
    install(python, source)
    assert run(python, "-c", "import old_fashioned; print(old_fashioned.WORD)", cwd=tmp_path) == "built\n"


def test_a_checkout_needs_no_install(built: Built, tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "env")
    package, data = quote_there(python, tmp_path, PYTHONPATH=str(built.unpacked / "src"))
    assert package.is_relative_to(built.unpacked)
    assert data == built.unpacked / "data"


def test_without_its_data_the_package_says_so(built: Built, tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "env")
    install(python, built.wheel)
    package, data = quote_there(python, tmp_path)
    (data / "models.csv").unlink()
    said = run(python, "-c", LOOK_FOR_DATA, cwd=tmp_path)
    assert str(package.parent / "data") in said
    assert "Install miexchange anew" in said


def test_the_wheel_holds_package_types_data_and_licences(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
        metadata = message_from_string(archive.read(f"{NAME}.dist-info/METADATA").decode())
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
    data = {f"miexchange/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "data").rglob("*") if path.is_file()}
    assert {name for name in names if name.startswith("miexchange/")} == sources | data | {"miexchange/py.typed"}
    licences = {"LICENSE", *(f"data/LICENSES/{path.name}" for path in (ROOT / "data" / "LICENSES").iterdir())}
    assert {f"{NAME}.dist-info/licenses/{name}" for name in licences} <= names
    assert set(metadata.get_all("License-File", [])) == licences
    assert metadata["License-Expression"] == "MIT AND CC-BY-SA-3.0"
    assert metadata["Requires-Python"] == ">=3.11"
    extras = {
        *("all", "batch", "cli", "ledger", "prices", "prove", "report"),
        *("service", "spark", "sql", "testing", "tuning"),
    }
    assert set(metadata.get_all("Provides-Extra", [])) == extras


def test_the_same_sources_make_the_same_bytes(built: Built) -> None:
    """In another folder, at another time, with other rights, out of a checkout or an sdist."""
    assert built.wheel.read_bytes() == built.wheel_of_sdist.read_bytes()
    assert built.sdist.read_bytes() == built.sdist_of_sdist.read_bytes()


def test_an_installed_wheel_makes_a_programme_from_nothing(built: Built, tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "env")
    install(python, built.wheel)
    command = python.with_name("miexchange")
    begins = ("--like", "graded-trade-in", "--country", "JP", "--begins", "2026-04-01")
    made = json.loads(run(command, "programme", "new", "tokyo", *begins, "--json", cwd=tmp_path))
    assert (made["currency"], made["zone"], made["has_examples"]) == ("JPY", "Asia/Tokyo", True)
    assert json.loads(run(command, "programme", "lint", "tokyo", "--strict", "--json", cwd=tmp_path)) == []
    quote = (
        "quote",
        "--programme",
        "tokyo",
        "--model",
        "example-smartphone-64",
        "--best",
        "--at",
        "2026-04-02",
        "--json",
    )
    assert json.loads(run(command, *quote, cwd=tmp_path))["answer"] == "quote"
    schema = run(command, "programme", "schema", cwd=tmp_path)
    shipped = next((tmp_path / "env").rglob("programme.schema.json"))
    assert schema == shipped.read_text("utf-8") == (tmp_path / "tokyo" / "programme.schema.json").read_text("utf-8")


def test_the_sdist_holds_all_that_a_contributor_needs(built: Built) -> None:
    names = {path.relative_to(built.unpacked).as_posix() for path in built.unpacked.rglob("*") if path.is_file()}
    for folder in ("src", "data", "tests", "tools", "docs", "examples", "benchmarks"):
        there = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not {"__pycache__", ".hypothesis"} & set(path.parts)
        }
        assert there, folder
        assert there <= names
    top = {"Makefile", "constraints.txt", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    assert {*top, "SECURITY.md", ".editorconfig", ".gitignore", ".ci/run"} <= names
    assert os.access(built.unpacked / ".ci" / "run", os.X_OK)


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine(built: Built) -> None:
    found = []
    for path in sorted(built.unpacked.rglob("*")):
        if path.is_file():
            raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
            text = raw.decode("utf-8", "replace" if path.suffix == ".xz" else "strict")
            for number, line in enumerate(text.splitlines(), 1):
                if REGISTRIES.search(line) or MACHINE_PATHS.search(line):
                    found.append(f"{path.relative_to(built.unpacked)}:{number}: {line.strip()}")
    assert found == []


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("index-url = https://" + "pypi" + ".org/simple", True),
        ("see " + "/home" + "/ada/miexchange", True),
        ("#!/usr/bin/env bash", False),
        ("https://example.org/home/page", False),
        ("PYTHON=/path/to/python3", False),
    ],
)
def test_this_test_sees_such_a_line(line: str, named: bool) -> None:  # noqa: FBT001 - an expectation
    assert bool(REGISTRIES.search(line) or MACHINE_PATHS.search(line)) == named
