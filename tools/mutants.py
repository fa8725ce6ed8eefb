"""Change one small thing in the core, and see whether a test notices; then another, drawn from a seed.

    python tools/mutants.py                     a sample of each module, about twenty minutes of processor time
    python tools/mutants.py --count 40 coupon   forty mutants of coupon.py

A mutant is a comparison, a number, a condition, a word or a returned value that is another one. For each, the tests of its
module run until one fails, and then, where none did, those of everything that values a phone. What survives is printed as
a change, to be killed by a test or listed in docs/testing.md with why it is equivalent.
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
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "miexchange"
SEED = 16
SECONDS = 120  # of processor time
# The tests of each module, the quickest first.
TESTS = {
    "_value": ("unit/test_value.py", "unit/test_value_checks.py"),
    "valuation": ("unit/test_valuation.py", "unit/test_quote.py", "unit/test_steps.py"),
    "eligibility": ("unit/test_eligibility.py", "unit/test_decisions.py", "unit/test_register.py"),
    "catalogue": ("unit/test_names.py", "unit/test_eligibility.py", "unit/test_tables.py"),
    "exchange": ("unit/test_exchange.py", "unit/test_overrides.py", "unit/test_events.py"),
    "coupon": ("unit/test_coupon.py", "unit/test_ids_and_secrets.py"),
    "market": ("unit/test_market.py", "unit/test_tables.py"),
    "money": ("unit/test_money.py",),
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
_SWAPPED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


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


def sites(tree: ast.Module) -> Iterator[ast.expr | ast.Return]:
    """Yield what can be changed: no docstring, no annotation, no decorator and no name that a module offers."""
    skipped = set()
    for node in ast.walk(tree):
        left: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            left += node.decorator_list
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            left += [node.returns, *(one.annotation for one in (*node.args.args, *node.args.kwonlyargs))]
        if isinstance(node, ast.AnnAssign):
            left.append(node.annotation)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left.append(node)
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets):
            left.append(node)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            left += [node]
        skipped |= {id(below) for one in left if one is not None for below in ast.walk(one)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.IfExp):
            yield node
        elif isinstance(node, ast.Constant) and node.value is not None and node.value is not ...:
            yield node
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node


def change(node: ast.expr | ast.Return, choice: random.Random) -> str:
    """Change a node where it is, and return what was changed; "" for nothing."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED:
        node.ops[0] = _SWAPPED[type(node.ops[0])]()
        return "comparison"
    if isinstance(node, ast.BoolOp):
        node.op = _SWAPPED[type(node.op)]()
        return "condition"
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPPED:
        node.op = _SWAPPED[type(node.op)]()
        return "arithmetic"
    if isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
        return "choice"
    if isinstance(node, ast.Return):
        if isinstance(node.value, ast.Constant):
            return ""
        node.value = ast.Constant(None)
        return "returned"
    if isinstance(node, ast.Constant):
        if type(node.value) is bool:
            node.value = not node.value
        elif type(node.value) is int:
            node.value += choice.choice((-1, 1))
        elif type(node.value) is str:
            node.value = f"XX{node.value}"
        else:
            return ""
        return "constant"
    return ""


def mutants(module: str, count: int, seed: int) -> list[Mutant]:
    """Return so many changes of a module, drawn from a seed."""
    text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    many = len(list(sites(ast.parse(text))))
    choice = random.Random(f"{seed} {module}")  # noqa: S311 - a sample, and no secret
    found: list[Mutant] = []
    for place in choice.sample(range(many), many):
        tree = ast.parse(text)
        node = list(sites(tree))[place]
        kind = change(node, choice)
        if kind:
            before = text.splitlines()[node.lineno - 1].strip()
            source = ast.unparse(tree)
            found.append(Mutant(module, node.lineno, kind, source, before, ast.unparse(node)))
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
    """Make a copy of the package whose files can be changed, beside the tests and the data."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "data", "pyproject.toml", "docs", "examples", "README.md", "tools", "Makefile", "CHANGELOG.md"):
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
                    print(f"{module}.py:{mutant.line} {mutant.kind}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
                else:
                    killed[module] += 1
            print(f"{module}: {killed[module]} of {tried[module]} killed", flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    share = 100 * killed.total() / tried.total()
    print(f"{killed.total()} of {tried.total()} killed, {share:.1f} %, in {used.ru_utime + used.ru_stime:.0f} s of processor time")


if __name__ == "__main__":
    main()
