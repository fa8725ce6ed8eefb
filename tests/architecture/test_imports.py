"""Who may import whom: one way up the house, and nothing heavy on the stairs."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("imports")  # one worker reads the sources
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "miexchange"

# The rooms of the core, from the ground up. A room may use those before it, never one after it.
# Modules of one room may use each other: the private ones are its back rooms.
ROOMS = (
    {"_limits", "_text", "_time"},
    {"_privacy"},
    {"errors", "_extras", "_kernel"},
    {"_html", "_new_file"},
    {"_json"},
    {"_bounded", "_schema"},
    {"_fits", "_forms"},
    {"_door"},
    {"_value", "_words", "_written", "_zone"},
    {"_data"},
    {"money"},
    {"_arguments"},
    {"_keyed"},
    {"_problems"},
    {"_amounts", "_files", "_frame", "_spreadsheet"},
    {"_csv"},
    {"_table"},
    {"refusal", "_decisions", "_texts"},
    {"imei"},
    {"tac", "_tac_files"},
    {"device_report"},
    {"catalogue", "_makers"},
    {"eligibility"},
    {"condition", "_questions"},
    {"market", "treatment"},
    {"programme"},
    {"quote"},
    {"valuation", "_periods", "_refused", "_valued"},
    {"changes", "_cures", "_raising"},
    {"coupon"},
    {"inspection"},
    {"events"},
    {"exchange", "_history", "_split", "_steps", "_transitions"},
)
FLOOR = {module: number for number, room in enumerate(ROOMS) for module in room}
ISLANDS = {
    "batch",
    "cases",
    "cli",
    "_demo",
    "display",
    "laws",
    "ledger",
    "losses",
    "pricelists",
    "prove",
    "report",
    "simulator",
    "spark",
    "sql",
    "strategies",
    "tuning",
}
BRIDGES = {
    ("cli", "_demo"),
    ("cli", "batch"),
    ("cli", "cases"),
    ("cli", "display"),
    ("cli", "ledger"),
    ("cli", "losses"),
    ("cli", "pricelists"),
    ("cli", "prove"),
    ("cli", "report"),
    ("cli", "tuning"),
    ("losses", "batch"),
    ("losses", "prove"),
    ("laws", "batch"),
    ("laws", "cases"),
    ("laws", "ledger"),
    ("laws", "prove"),
    ("laws", "strategies"),
    ("pricelists", "tuning"),
    ("report", "batch"),
    ("report", "display"),
    ("simulator", "ledger"),
    ("spark", "batch"),
    ("spark", "sql"),
    ("sql", "batch"),
    ("tuning", "batch"),
}
# The wings of the island of columns, one way as well: each may use itself and those that it names.
WINGS: dict[str, set[str]] = {
    "arrow": set(),
    "plan": {"arrow"},
    "_problems": {"arrow", "plan"},
    "_frames": {"arrow", "plan", "_problems"},
    "_lookups": {"arrow", "plan"},
    "files": {"arrow", "plan", "_problems", "_frames"},
}
HEAVY = {"numba", "numpy", "pandas", "polars", "pyarrow", "pyspark", "scipy", "sklearn", "matplotlib", "tqdm", "z3"}
HEAVY |= {
    "alembic",
    "babel",
    "charset_normalizer",
    "click",
    "hypothesis",
    "openpyxl",
    "psycopg",
    "rich",
    "sqlalchemy",
    "sqlglot",
    "typer",
}


FILES: dict[str, list[Path]] = {}
"""The files of every module; of a subpackage, such as an island, all of them."""
for _file in sorted(PACKAGE.rglob("*.py")):
    FILES.setdefault(_file.relative_to(PACKAGE).with_suffix("").parts[0], []).append(_file)
CORE = sorted(FILES.keys() - ISLANDS - {"__init__"})


@cache
def tree(module: str) -> ast.Module:
    """Return a module's syntax tree; the files of a subpackage as one."""
    return ast.Module([node for file in FILES[module] for node in ast.parse(file.read_text(encoding="utf-8")).body], [])


def imported(source: ast.AST) -> set[str]:
    """Return every module that is imported, at the top or within a function, for types or for work."""
    names: set[str] = set()
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides what it imports from this test"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == "miexchange" else {module}
    return names


def siblings(source: ast.AST) -> set[str]:
    """Return the modules of the package that are imported; "" for the package itself."""
    modules = set()
    for name in imported(source):
        top, _, rest = name.partition(".")
        if top == "miexchange" and rest:
            module = rest.split(".")[0]
            modules.add(module if module in FILES else "")
    return modules


def test_the_rooms_are_all_the_modules_there_are() -> None:
    assert set(CORE) == FLOOR.keys()


@pytest.mark.parametrize("module", CORE)
def test_a_core_module_imports_nothing_to_its_right(module: str) -> None:
    allowed = {other for other, floor in FLOOR.items() if floor <= FLOOR[module]}
    assert siblings(tree(module)) <= allowed


def test_the_ground_floor_stands_on_nothing() -> None:
    for module in ROOMS[0]:
        assert siblings(tree(module)) <= ROOMS[0]


@pytest.mark.parametrize("module", [*CORE, "__init__"])
def test_the_core_imports_no_heavy_package(module: str) -> None:
    assert not {name.partition(".")[0] for name in imported(tree(module))} & HEAVY


def test_the_package_offers_the_core_only() -> None:
    assert siblings(tree("__init__")) <= set(CORE)


@pytest.mark.parametrize("module", sorted(ISLANDS & FILES.keys()))
def test_an_island_uses_no_other_island(module: str) -> None:
    bridges = {end for start, end in BRIDGES if start == module}
    assert siblings(tree(module)) & ISLANDS <= bridges | {module}


def test_the_wings_are_all_that_batch_has() -> None:
    names = {file.stem for file in (PACKAGE / "batch").iterdir() if file.name != "__pycache__"}
    assert names == {*WINGS, "__init__"}


@pytest.mark.parametrize("file", sorted((PACKAGE / "batch").rglob("*.py")), ids=lambda file: file.stem)
def test_a_wing_of_batch_imports_only_those_it_may(file: Path) -> None:
    wing = file.relative_to(PACKAGE / "batch").with_suffix("").parts[0]
    modules = [name.split(".") for name in imported(ast.parse(file.read_text(encoding="utf-8")))]
    used = {parts[2] for parts in modules if parts[:2] == ["miexchange", "batch"] and len(parts) > 2}
    assert wing == "__init__" or used <= {wing, *WINGS[wing]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import miexchange.coupon", {"coupon"}),
        ("from miexchange import money", {"money"}),
        ("from miexchange import Quote", {""}),
        ("from miexchange.coupon import check", {"coupon"}),
        ("def later():\n    from miexchange import _kernel", {"_kernel"}),
        ("import json", set()),
    ],
)
def test_this_test_sees_every_way_to_import(source: str, expected: set[str]) -> None:
    assert siblings(ast.parse(source)) == expected


def test_importing_the_package_loads_nothing_heavy_and_nothing_that_comes_after_a_quote() -> None:
    later = {f"miexchange.{name}" for name in ("coupon", "inspection", "events", "exchange", "changes")}
    names = sorted(HEAVY | later | {"pydantic", "stdnum", "ssl", "asyncio"})
    code = f"import sys, miexchange; print(*(name for name in {names} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == []
