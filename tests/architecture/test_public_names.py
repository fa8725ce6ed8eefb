"""Every public name is listed once, in order, and stands in the reference."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import miexchange

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "miexchange"
FILES = sorted(
    file.relative_to(PACKAGE).with_suffix("").as_posix()
    for file in PACKAGE.rglob("*.py")
    if file != PACKAGE / "__init__.py" and file.stem != "__main__"
)
# The packages within the package offer what their `__init__` lists, and what their public modules add to it.
PACKAGES = sorted(file.parent.name for file in PACKAGE.glob("*/__init__.py"))
PUBLIC = [file for file in FILES if not file.startswith("_") and "/" not in file]
LONGEST_FILE = {"src": 700, "tests": 900, "tools": 700, "benchmarks": 700}  # lines

REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
# The first cell of every row of a table: `Name`, or `module.name` for what only the module offers.
NAMES = re.sub("<!-- reasons.*?<!-- end -->", "", REFERENCE, flags=re.DOTALL)
DOCUMENTED = re.findall(r"^\| `([A-Za-z_.]+)`", NAMES, re.MULTILINE)


def top_level(module: str) -> set[str]:
    """Return the names that a module defines, or takes over from another one to offer them."""
    names: set[str] = set()
    body = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8")).body
    if any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in body):
        # Names that are loaded when they are asked for stand in a block for type checkers; that they load is tested.
        assert all(hasattr(importlib.import_module(_dotted(module)), name) for name in _listed(body))
        body += [inner for node in body if isinstance(node, ast.If) for inner in node.body]
    # What needs an extra is imported in a block that names it.
    body += [inner for node in body if isinstance(node, ast.With) for inner in node.body]
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def _dotted(module: str) -> str:
    return f"miexchange.{module.removesuffix('/__init__').replace('/', '.')}"


def _listed(body: list[ast.stmt]) -> list[str]:
    assigned = [node for node in body if isinstance(node, ast.Assign)]
    return [
        name for node in assigned if ast.unparse(node.targets[0]) == "__all__" for name in ast.literal_eval(node.value)
    ]


def only_in(module: str) -> list[str]:
    """Return the names that a module offers and the package does not."""
    offered: list[str] = importlib.import_module(f"miexchange.{module}").__all__
    return [f"{module}.{name}" for name in offered if is_apart(module, name)]


def offered_by(package: str) -> list[str]:
    """Return the names of a package within the package, and those that only one of its public modules offers."""
    listed: list[str] = importlib.import_module(f"miexchange.{package}").__all__
    modules = [file.removeprefix(f"{package}/") for file in FILES if file.startswith(f"{package}/")]
    added = [
        f"{module}.{name}"
        for module in modules
        if not module.startswith("_") and "/" not in module
        for name in importlib.import_module(f"miexchange.{package}.{module}").__all__
        if name not in listed
    ]
    return [f"{package}.{name}" for name in (*(name for name in listed if is_apart(package, name)), *added)]


def is_apart(module: str, name: str) -> bool:
    """Tell a module's own thing from a thing that the package offers by the same name."""
    own = getattr(importlib.import_module(f"miexchange.{module}"), name)
    return name not in miexchange.__all__ or own is not getattr(miexchange, name)


def test_the_package_lists_its_names_in_order_and_once() -> None:
    assert miexchange.__all__ == sorted(set(miexchange.__all__))
    assert dir(miexchange) == miexchange.__all__


def test_the_package_lists_every_name_that_it_imports() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    own = [node for node in imports if f"{node.module}".startswith("miexchange.")]
    assert {alias.name for node in own for alias in node.names} == set(miexchange.__all__)


@pytest.mark.parametrize("module", FILES)
def test_every_module_lists_its_public_names(module: str) -> None:
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    lists = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
    ]
    assert len(lists) == 1, f"{module}.py has no __all__"
    assert len(lists[0]) == len(set(lists[0]))
    assert set(lists[0]) <= top_level(module)


@pytest.mark.parametrize("module", FILES)
def test_every_public_name_of_a_module_has_a_docstring(module: str) -> None:
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    found = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    for name, node in found.items():  # of an overloaded function the last, which is the function itself
        assert name.startswith("_") or ast.get_docstring(node), f"{module}.{name}"


def test_the_reference_documents_every_public_name_and_nothing_else() -> None:
    expected = [*miexchange.__all__, *(name for module in PUBLIC for name in only_in(module))]
    expected += [name for package in PACKAGES for name in offered_by(package)]
    assert sorted(DOCUMENTED) == sorted(expected)


def test_no_package_but_the_documented_ones_is_there() -> None:
    assert PACKAGES == [
        "batch",
        "cases",
        "cli",
        "laws",
        "ledger",
        "pricelists",
        "programme",
        "prove",
        "report",
        "simulator",
        "sql",
        "strategies",
        "tuning",
    ]


@pytest.mark.parametrize("folder", LONGEST_FILE)
def test_no_file_is_a_giant(folder: str) -> None:
    lengths = {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / folder).rglob("*.py")
    }
    assert lengths
    assert {file: length for file, length in lengths.items() if length > LONGEST_FILE[folder]} == {}
