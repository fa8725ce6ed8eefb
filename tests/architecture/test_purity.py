"""Same inputs, same bytes: the core reads no clock, no environment, no chance and no locale, and money is whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "miexchange"
ISLANDS = {
    "batch",
    "cases",
    "cli",
    "_demo",
    "laws",
    "ledger",
    "pricelists",
    "prove",
    "report",
    "simulator",
    "spark",
    "sql",
    "strategies",
    "tuning",
}
EVERY_FILE = sorted(file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py"))
CORE = [file.removesuffix(".py") for file in EVERY_FILE if Path(file).parts[0].removesuffix(".py") not in ISLANDS]
MONEY_PATH = ("_kernel", "condition", "coupon", "exchange", "inspection", "market", "money", "quote", "valuation")
MONEY_FILES = (*MONEY_PATH, "programme/programme", "programme/terms")

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


# The command is the edge: an option that is not given is now. Every other room is told the instant.
CLOCK = "cli/_given.py"
CLOCK_CALLS = {"now", "utcnow", "today", "localtime", "gmtime", "ctime", "monotonic", "perf_counter", "process_time"}
CLOCK_CALLS |= {"time_ns", "monotonic_ns", "perf_counter_ns", "clock_gettime"}
TEXT_READERS = {"to_datetime", "Timestamp", "datetime64", "DatetimeIndex"}  # of "now" and "today" they read the clock


def clocks(source: str) -> list[str]:
    """Return whatever reads the clock, with the line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [(node.lineno, alias.name) for alias in node.names if alias.name in {*CLOCK_CALLS, "time"}]
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            of = getattr(getattr(node.func, "value", None), "id", "")
            reads = name in CLOCK_CALLS or (name == "time" and of == "time")
            reads = reads or (name == "astimezone" and not node.args)  # the machine's own zone
            words = [word.value for word in node.args if isinstance(word, ast.Constant)]
            reads = reads or (name in TEXT_READERS and bool({"now", "today"} & {str(word) for word in words}))
            if reads and not (name == "now" and of == "_given"):
                found.append((node.lineno, name))
    return [f"line {line}: {what}" for line, what in found]


@pytest.mark.parametrize("file", EVERY_FILE)
def test_nothing_reads_the_clock(file: str) -> None:
    """Nothing reads the clock: the same inputs give the same answer tomorrow."""
    found = clocks((PACKAGE / file).read_text(encoding="utf-8"))
    assert bool(found) == (file == CLOCK), found


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "date.today()",
        "pd.Timestamp.now('UTC')",
        "import time\ntime.time()",
        "from time import time_ns",
        "at.astimezone()",
        "pd.to_datetime('now')",
        "np.datetime64('today')",
    ],
)
def test_this_test_sees_a_clock(source: str) -> None:
    assert len(clocks(source)) == 1


@pytest.mark.parametrize("module", CORE)
def test_the_core_reads_no_clock_no_environment_no_chance_and_no_locale(module: str) -> None:
    found = impurities((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    if module == "_zone":  # it takes the class, whose data it reads from the package tzdata: tests/unit/test_zone.py
        assert [what.partition(": ")[2] for what in found] == ["zoneinfo"]
        return
    assert found == []


@pytest.mark.parametrize("module", MONEY_FILES)
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
