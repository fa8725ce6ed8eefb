"""Change one small thing in the core, and see whether a test notices; then another, drawn from a seed.

    python tools/mutants.py                     a sample of each module, some twenty minutes of processor time
    python tools/mutants.py --count 40 coupon   forty mutants of coupon.py

A mutant is a comparison, a number, a condition, a word or a returned value that is another one. For each, the tests of
its module run until one fails, and then, where none did, those of everything that values a phone. What survives is
printed as a change, to be killed by a test or listed in docs/testing.md with why it is equivalent.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "miexchange"
SEED = 16
SECONDS = 120  # of processor time
# The tests of each module, the quickest first.
TESTS = {
    "_value": ("unit/test_value_checks.py", "unit/test_forms.py", "unit/test_value.py"),
    "valuation": ("unit/test_valuation.py", "unit/test_quote.py", "unit/test_steps.py"),
    "eligibility": ("unit/test_eligibility.py", "unit/test_decisions.py", "unit/test_register.py"),
    "catalogue": ("unit/test_names.py", "unit/test_eligibility.py", "unit/test_tables.py"),
    "exchange": ("unit/test_exchange.py", "unit/test_overrides.py", "unit/test_events.py", "unit/test_awaited.py"),
    "coupon": ("unit/test_coupon.py", "unit/test_treatment.py", "unit/test_ids_and_secrets.py"),
    "market": ("unit/test_market.py", "unit/test_tables.py"),
    "money": ("unit/test_money.py",),
    "condition": ("unit/test_condition.py", "unit/test_choices.py", "unit/test_asked.py"),
    "inspection": ("unit/test_inspection.py", "unit/test_device_report.py"),
    "imei": ("unit/test_imei.py",),
    "tac": ("unit/test_tac_table.py",),
    "treatment": ("unit/test_treatment.py", "unit/test_split.py"),
    "quote": ("unit/test_quote.py", "unit/test_valuation.py"),
    "events": ("unit/test_events.py", "unit/test_exchange.py"),
    "refusal": ("unit/test_refusal.py", "unit/test_reasons.py"),
    "_steps": ("unit/test_steps.py", "unit/test_exchange.py", "unit/test_awaited.py"),
    "_kernel": ("unit/test_kernel.py",),
    "_decisions": ("unit/test_decisions.py",),
}
WIDER = (
    "cases",
    "compat",
    "unit/test_reasons.py",
    "unit/test_valuation.py",
    "unit/test_condition.py",
    "unit/test_inspection.py",
    "unit/test_programme.py",
    "unit/test_rules.py",
    "property/test_valuation_laws.py",
    "property/test_coupon_laws.py",
    "property/test_exchange_laws.py",
)
COPIED = ("src", "tests")
LINKED = ("data", "pyproject.toml", "docs", "examples", "README.md", "tools", "Makefile", "CHANGELOG.md")
_PAIRS = (
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.Eq, ast.NotEq),
    (ast.In, ast.NotIn),
    (ast.Is, ast.IsNot),
    (ast.Add, ast.Sub),
    (ast.Mult, ast.FloorDiv),
    (ast.And, ast.Or),
)
_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


class Mutant(NamedTuple):
    """One change of one line.

    Attributes:
        module: the module, such as ``coupon``.
        line: its line.
        kind: what is changed.
        source: the whole changed module.
        before: the line as it is.
        after: the expression as it is changed.
    """

    module: str
    line: int
    kind: str
    source: str
    before: str
    after: str


def free(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield what of a node may be otherwise without a test that says so: what is written for people and for types."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from node.decorator_list
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.returns
        yield from (one.annotation for one in (*node.args.args, *node.args.kwonlyargs))
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets):
        yield node
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        yield node


def sites(tree: ast.Module) -> list[Any]:
    """Return what can be changed."""
    skipped = {id(below) for node in ast.walk(tree) for one in free(node) if one is not None for below in ast.walk(one)}
    return [node for node in ast.walk(tree) if id(node) not in skipped and type(node) in _CHANGES]


def _constant(node: Any, choice: random.Random) -> str:  # noqa: ANN401 - a node of some kind, as below
    if type(node.value) is bool:
        node.value = not node.value
    elif type(node.value) is int:
        node.value += choice.choice((-1, 1))
    elif type(node.value) is str:
        node.value = f"XX{node.value}"
    else:
        return ""
    return "constant"


def _operator(node: Any, _: random.Random) -> str:  # noqa: ANN401
    if type(node.op) not in _SWAPPED:
        return ""
    node.op = _SWAPPED[type(node.op)]()
    return "operator"


def _comparison(node: Any, _: random.Random) -> str:  # noqa: ANN401
    node.ops[0] = _SWAPPED[type(node.ops[0])]()
    return "comparison"


def _choice(node: Any, _: random.Random) -> str:  # noqa: ANN401
    node.body, node.orelse = node.orelse, node.body
    return "choice"


def _returned(node: Any, _: random.Random) -> str:  # noqa: ANN401
    if node.value is None or isinstance(node.value, ast.Constant):
        return ""
    node.value = ast.Constant(None)
    return "returned"


_CHANGES: dict[type[ast.AST], Callable[[Any, random.Random], str]] = {
    ast.Constant: _constant,
    ast.BoolOp: _operator,
    ast.BinOp: _operator,
    ast.Compare: _comparison,
    ast.IfExp: _choice,
    ast.Return: _returned,
}


def mutants(module: str, count: int, seed: int) -> list[Mutant]:
    """Return so many changes of a module, drawn from a seed."""
    text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    many = len(sites(ast.parse(text)))
    choice = random.Random(f"{seed} {module}")  # noqa: S311 - a sample, and no secret
    found: list[Mutant] = []
    for place in choice.sample(range(many), many):
        tree = ast.parse(text)
        node = sites(tree)[place]
        kind = _CHANGES[type(node)](node, choice)
        if kind:
            before = text.splitlines()[node.lineno - 1].strip()
            found.append(Mutant(module, node.lineno, kind, ast.unparse(tree), before, ast.unparse(node)))
        if len(found) == count:
            break
    return found


def survives(folder: Path, mutant: Mutant, tests: tuple[str, ...]) -> bool:
    """Tell whether every one of some tests passes with a change."""
    target = folder / "src" / "miexchange" / f"{mutant.module}.py"
    kept = target.read_text(encoding="utf-8")
    target.write_text(mutant.source, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{folder}/src", "PYTHONDONTWRITEBYTECODE": "1"}
    limited = ["/bin/sh", "-c", f'ulimit -t {SECONDS}; exec "$@"', "sh"]  # a change may make a loop without end
    command = [*limited, sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += [f"tests/{name}" for name in tests]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, on a copy of the package
            command, cwd=folder, env=environment, capture_output=True, check=False
        )
    finally:
        target.write_text(kept, encoding="utf-8")
    return done.returncode == 0


def copied(folder: Path) -> None:
    """Make a copy of the package and its tests, beside the data: nothing that is here is changed, or changes it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)


def main() -> None:
    """Try the sample, and print what survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=sorted(TESTS), metavar="MODULE")
    parser.add_argument("--count", type=int, default=14, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied(folder)
        for module in arguments.modules:
            text = ast.unparse(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8")))
            if not survives(folder, Mutant(module, 1, "nothing", text, "", ""), TESTS[module]):
                sys.exit(f"the tests of {module} fail without a change")
            for mutant in mutants(module, arguments.count, arguments.seed):
                tried[module] += 1
                if survives(folder, mutant, TESTS[module]) and survives(folder, mutant, WIDER):
                    told = f"{module}.py:{mutant.line} {mutant.kind}"
                    print(f"{told}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
                else:
                    killed[module] += 1
            print(f"{module}: {killed[module]} of {tried[module]} killed", flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    share = 100 * killed.total() / tried.total()
    seconds = used.ru_utime + used.ru_stime
    print(f"{killed.total()} of {tried.total()} killed, {share:.1f} %, in {seconds:.0f} s of processor time")


if __name__ == "__main__":
    main()
