"""What the pages say is so: links lead somewhere, blocks run. (The Python examples with ``>>>`` are doctests.)"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import miexchange
from docs_shell import blocks, run_page
from miexchange._value import Value
from property.doors import DOORS as FOUND

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_page_is_in_the_index(page: Path) -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert page.name == "index.md" or f"({page.name})" in index


PIP = re.compile(r"pip install ('[^'`]+'|[^\s`;)]+)")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"].keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_line_that_installs_the_package_works_in_a_checkout_or_where_it_is_installed(page: Path) -> None:
    """It is on no index: `.` is a checkout, a wheel is named, and an extra is added to what is installed."""
    version = re.escape(miexchange.__version__)
    for what in PIP.findall(page.read_text(encoding="utf-8")):
        found = re.fullmatch(rf"'?(?:\.|miexchange(?:-{version}-py3-none-any\.whl)?)(?:\[([a-z,]+)\])?'?", what)
        assert found, what
        assert what.startswith("'") or "[" not in what, "a shell may read brackets"
        assert set((found[1] or "all").split(",")) <= EXTRAS, what
    if page.name not in {"README.md", "CHANGELOG.md"}:
        assert "pip install 'miexchange[" not in page.read_text(encoding="utf-8"), "say what works in a checkout"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_of_a_page_is_overlooked(page: Path) -> None:
    """Fences are at the start of a line, and name their language unless they are a drawing."""
    fences = re.findall(r"^\s*```(\w+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert fences == [block.kind for block in blocks(page)]
    assert "sh" in fences or page.name != "README.md"


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nmiexchange imei 35\n```\n",
        "```sh\nfalse | true; false\n```\n",
        "```sh\npip install 'miexchange[none]'\n```\n",
        "```sh\nmake nothing\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "```console\n$ exit 3\n```\n",
        "```python\nassert False\n```\n",
        "`one.txt`:\n\n```csv\n1\n```\n\n```sh\ntest ! -e one.txt\n```\n",
    ],
)
def test_a_block_that_is_wrong_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        run_page(tmp_path / "page.md", tmp_path)


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda script: script.name)
def test_an_example_runs(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


DOORS = (ROOT / "docs" / "doors.md").read_text(encoding="utf-8")
SHOWS = ("strategies.", "display.", "tuning.plots.", "tuning.simulate_", "batch.Summary.")
"""Functions that read nothing from outside: they draw, show and make up, or add up what the package said."""


def test_where_a_change_is_made_is_a_file() -> None:
    """A stranger names the file from its name alone, so each is there, and answers one question."""
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    section = page.split("\n## Where would I change …?\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| [^|]+ \| (`[^|]+`) \|$", section, re.MULTILINE)
    assert len(cells) == 31
    files = [file for cell in cells for file in re.findall("`([^`]+)`", cell)]
    assert len(set(files)) == len(files)
    places = [ROOT / ("" if file.startswith("data/") else "src/miexchange") / file for file in files]
    assert [place for place in places if not place.is_file()] == []


def test_every_public_function_is_on_the_page() -> None:
    named = set(re.findall(r"`([A-Za-z_.]+)`", DOORS))
    readers = {
        door.name
        for door in FOUND
        if door.of is None and not inspect.isclass(door.verb) and not hasattr(Value, door.name.rpartition(".")[2])
    }
    readers = {name for name in readers if not name.startswith(SHOWS)}
    readers |= {name for name in re.findall(r"^\| `([a-z]\w+)`", REFERENCE, re.MULTILINE) if name in miexchange.__all__}
    assert readers - named == set()


def test_every_door_on_the_page_is_there() -> None:
    names = [name for name in re.findall(r"^\| (`[^|]+) \|", DOORS, re.MULTILINE) if "miexchange " not in name]
    doors = {door.name for door in FOUND} | {"ledger.Ledger", "from_json", "from_dict", "replace"}
    missing = {one for name in names for one in re.findall(r"`([A-Za-z_.]+)`", name)} - doors
    assert {one for one in missing if not one.isupper()} == set()


def test_the_glossary_names_what_is_there() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+) \| (.+) \| ([^|]*)\|$", page, re.MULTILINE)
    names = [name for _, meaning, _ in terms for name in re.findall(r": `([A-Za-z_.]+)`(?: |$)", meaning)]
    assert len(names) > 20
    documented = set(re.findall(r"`([A-Za-z_.]+)`", REFERENCE))
    documented |= {name.rpartition(".")[2] for name in documented} | {"Ledger.events"}
    assert {*names} - documented == set()
    rows = [term for term, _, _ in terms if term not in {"term", "---"}]
    assert len(rows) == len(set(rows)) > 50
