"""Same inputs, same bytes: the core reads no clock, no environment, no chance and no locale, and money is whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "miexchange"
ISLANDS = {"batch", "cli", "_demo", "ledger", "spark", "strategies", "tuning"}
CORE = sorted(file.stem for file in PACKAGE.glob("*.py") if file.stem not in ISLANDS)
MONEY_PATH = ("_kernel", "condition", "coupon", "exchange", "inspection", "market", "money", "programme", "valuation")

# Modules whose answer depends on when, where or how often they are asked.
IMPURE_MODULES = {
    "getpass",
    "locale",
    "platform",
    "random",
    "secrets",
    "socket",
    "time",
    "uuid",
    "zoneinfo",
}
IMPURE_NAMES = {
    "environ",
    "getcwd",
    "getenv",
    "getpid",
    "localtime",
    "now",
    "urandom",
    "utcnow",
    "today",
    "fromtimestamp",  # in local time, unless it is told a zone
    "strftime",  # its month names follow the locale
    "strptime",
}


def impurities(source: str) -> list[str]:
    """Return what a source reads besides its arguments, with the line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name in IMPURE_MODULES]
        elif isinstance(node, ast.ImportFrom):
            if node.module in IMPURE_MODULES:
                found.append((node.lineno, node.module or ""))
            found += [(node.lineno, alias.name) for alias in node.names if alias.name in IMPURE_NAMES]
        elif isinstance(node, ast.Attribute) and node.attr in IMPURE_NAMES:
            found.append((node.lineno, node.attr))
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "astimezone" and not node.args:
                found.append((node.lineno, "astimezone() into the local zone"))
            is_raw = ast.unparse(node.func) == "os.open"  # bytes have no encoding
            opens = (name == "open" and not is_raw) or (
                name in {"read_text", "write_text"} and isinstance(node.func, ast.Attribute)
            )
            if opens and "encoding" not in {word.arg for word in node.keywords}:
                found.append((node.lineno, f"{name} in the encoding of the locale"))
    return [f"line {line}: {what}" for line, what in found]


def inexact(source: str) -> list[str]:
    """Return whatever could make an amount a fraction, with the line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append((node.lineno, f"{node.value}"))
        elif isinstance(node, ast.Name) and node.id in {"float", "round", "complex", "Decimal", "pow"}:
            found.append((node.lineno, node.id))
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            right = node.right if isinstance(node, ast.BinOp) else node.value
            if not (isinstance(right, ast.Constant) and isinstance(right.value, str)):  # that joins a path
                found.append((node.lineno, "true division"))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [(node.lineno, module) for module in modules if module in {"math", "decimal", "statistics"}]
    return [f"line {line}: {what}" for line, what in found]


@pytest.mark.parametrize("module", CORE)
def test_the_core_reads_no_clock_no_environment_no_chance_and_no_locale(module: str) -> None:
    assert impurities((PACKAGE / f"{module}.py").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", MONEY_PATH)
def test_no_float_stands_on_the_money_path(module: str) -> None:
    assert inexact((PACKAGE / f"{module}.py").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from time import time",
        "import os\nos.environ['HOME']",
        "from os import getenv",
        "datetime.now(UTC)",
        "date.today()",
        "at.astimezone()",
        "Path('x').read_text()",
        "open('x')",
        "at.strftime('%B')",
    ],
)
def test_this_test_sees_an_impurity(source: str) -> None:
    assert len(impurities(source)) == 1


@pytest.mark.parametrize("source", ["from datetime import time", "at.astimezone(UTC)", "open('x', encoding='utf-8')"])
def test_this_test_lets_pure_code_pass(source: str) -> None:
    assert impurities(source) == []


@pytest.mark.parametrize(
    "source", ["0.285 * 100", "a / b", "a /= b", "float(a)", "round(a)", "import math", "from decimal import Context"]
)
def test_this_test_sees_a_fraction(source: str) -> None:
    assert len(inexact(source)) == 1


@pytest.mark.parametrize("source", ["a // b", "a * 5000", "'0.5'", "folder / 'programmes'"])
def test_this_test_lets_whole_numbers_pass(source: str) -> None:
    assert inexact(source) == []
