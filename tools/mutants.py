"""Change one small thing in the core, and see whether a test notices; then another, drawn from a seed.

    python tools/mutants.py                       a sample of every module of the core
    python tools/mutants.py --count 80 coupon     eighty mutants of coupon.py, or all there are

A mutant is a comparison, a number, a condition, a filter, a word or a returned value that is another one. The tests of
its module run until one fails. Survivors are printed as changes, to be killed by a test or listed in docs/testing.md
with why they are equivalent.

Each mutant lives in memory alone, in a fork that imports the package anew: no file is changed or copied.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import json
import multiprocessing
import os
import random
import resource
import signal
import tempfile
from collections import defaultdict
from contextlib import suppress
from fnmatch import fnmatch
from importlib.machinery import SourceFileLoader
from pathlib import Path
from time import process_time
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import coverage
import pytest

os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # our strategies would load the package, which each fork loads anew
from hypothesis import entry_points

del os.environ["HYPOTHESIS_NO_PLUGINS"]
importlib.import_module("pytest_cov.plugin")  # loaded once for all forks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "miexchange"
SEED = 16
SECONDS = 90  # of processor time that the tests of a module may take
LAWS = [  # what every survivor meets last
    "tests/property/test_argument_laws.py::test_an_error_names_the_argument",
    "tests/unit/test_defaults.py::test_what_is_not_given_is_nothing_but_for_these",
]
# Tests of a module that do not have its name, in the order in which they run.
TESTS = {
    "_amounts": "amounts pricelists_reading tuning_spreadsheets",
    "_arguments": "arguments",
    "_bounded": "bounded value forms schema",
    "_csv": "rows tables bounds eligibility pricelists_publishing",
    "_cures": "changes raising",
    "_data": "data_folder data/imei_data imei",
    "_decisions": "decisions batch choices",
    "_door": "door value written",
    "_extras": "extras losses cli_prices",
    "_files": "files rows",
    "_fits": "fits value_checks value",
    "_forms": "forms compat/older_json value",
    "_frame": "frame tables",
    "_history": "history exchange overrides awaited steps",
    "_html": "html coupon",
    "_json": "json bounds value",
    "_kernel": "kernel scrap asked valuation",
    "_keyed": "keyed ids_and_secrets value_checks coupon quote",
    "_limits": "bounds value_checks",
    "_makers": "names eligibility",
    "_new_file": "new_file programme_save file_doors pricelists_publishing",
    "_periods": "periods zone market valued changes",
    "_privacy": "privacy errors imei value ids_and_secrets eligibility",
    "_problems": "problems rows names pricelists_reading",
    "_questions": "condition value_checks forms choices asked programme compat/values_kept tuning_forms",
    "_raising": "raising changes",
    "_refused": "eligibility valuation decisions changes",
    "_schema": "schema compat/older_json",
    "_split": "split treatment exchange",
    "_steps": "steps exchange awaited overrides register",
    "_table": "tables rows market pricelists_publishing bounds",
    "_tac_files": "tac_table tables bounds",
    "_text": "value_checks names value ids_and_secrets missing errors new_file eligibility rows",
    "_texts": "reasons refusal words valuation",
    "_time": "time value instants rows cli_programme_diff zone periods",
    "_transitions": "exchange overrides",
    "_value": "value_checks value forms inspection compat/values_kept compat/older_json toml_schema written awaited",
    "_valued": "valued valuation quote choices mi_exchange_terms rules",
    "_words": "value_checks words refusal",
    "_written": "written value compat/values_kept",
    "_zone": "zone programme time",
    "catalogue": "names eligibility tables forms compat/values_kept value",
    "condition": "condition programme forms choices asked",
    "coupon": "coupon treatment split html quote "
    "forms compat/older_json compat/promised compat/values_kept mi_exchange_terms",
    "eligibility": "eligibility decisions register tables compat/promised changes reasons frame",
    "errors": "errors value_checks refusal compat/promised",
    "events": "events exchange overrides compat/promised",
    "exchange": "exchange overrides events awaited forms "
    "compat/promised compat/older_json compat/values_kept steps register",
    "imei": "imei value inspection",
    "inspection": "inspection device_report awaited overrides steps choices asked",
    "market": "market tables pricelists_publishing scrap",
    "money": "money compat/older_json",
    "programme/__init__": "programme",
    "programme/_certificate": "certificate",
    "programme/_checked": "data/doubts",
    "programme/_diff": "programme_diff",
    "programme/_digest": "programmes_by_digest programme valuation quote",
    "programme/_doubts": "data/doubts",
    "programme/_effects": "valuation changes",
    "programme/_fit": "fit data/broken_programmes",
    "programme/_form": "programme programmes_by_digest forms failing_examples",
    "programme/_layout": "toml_schema new_programme programme",
    "programme/_lint": "data/broken_programmes data/doubts register",
    "programme/_load": "data/broken_programmes data/doubts programme_save certificate",
    "programme/_new": "new_programme",
    "programme/_published": "data/doubts",
    "programme/_save": "programme_save new_programme",
    "programme/_shapes": "toml_schema fit data/broken_programmes programme_save",
    "programme/_toml": "toml fit data/broken_programmes bounds",
    "programme/_toml_schema": "toml_schema",
    "programme/authority": "overrides terms value toml_schema",
    "programme/days_off": "steps terms exchange awaited toml_schema",
    "programme/limits": "programme_limits toml_schema",
    "programme/programme": "programme programmes_by_digest data/doubts programme_save eligibility valuation "
    "new_programme laws failing_examples",
    "programme/rules/__init__": "rules customers valuation programme toml_schema",
    "programme/rules/_rule": "rules valuation programme data/broken_programmes",
    "programme/rules/age": "rules valuation programme toml_schema data/broken_programmes failing_examples",
    "programme/rules/bonuses": "rules terms valuation programme toml_schema data/broken_programmes asked cli",
    "programme/rules/customers": "rules customers programme data/broken_programmes changes valued",
    "programme/rules/drift": "rules exchange programme data/broken_programmes report asked",
    "programme/rules/overlaps": "rules valuation programme data/broken_programmes asked cli",
    "programme/scrap": "scrap report tuning_forms",
    "programme/terms": "terms programme valuation forms toml_schema rules customers scrap periods value_checks "
    "overrides data/broken_programmes mi_exchange_terms compat/values_kept awaited steps exchange",
    "quote": "quote valuation valued html register compat/values_kept compat/older_json",
    "refusal": "refusal reasons compat/promised bounds changes",
    "tac": "tac_table tables",
    "treatment": "treatment split",
    "valuation": "valuation valued quote steps mi_exchange_terms compat/promised customers laws programmes_by_digest",
}
_OPTIONS = [
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-m",
    "not sweep",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]
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
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One change of one line.

    Attributes:
        module: the module, such as ``coupon`` or ``programme/terms``.
        line: its line.
        kind: what is changed.
        tree: the whole changed module.
        before: the line as it is.
        after: the expression as it is changed.
    """

    module: str
    line: int
    kind: str
    tree: ast.Module
    before: str
    after: str


# What is changed


def free(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield what of a node may be otherwise without a test that says so: what is written for people and for types."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from node.decorator_list
    if isinstance(node, ast.FunctionDef) and node.name == "drawn":  # what a strategy may draw; any other would do
        yield from node.body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.returns
        yield from (one.annotation for one in (*node.args.args, *node.args.kwonlyargs))
    if isinstance(node, ast.AnnAssign):
        bounded = isinstance(node.annotation, ast.Subscript) and isinstance(node.annotation.slice, ast.Tuple)
        is_bound = bounded and ast.unparse(node.annotation.value) == "Annotated"  # type: ignore[attr-defined]
        yield node.annotation.slice.elts[0] if is_bound else node.annotation  # type: ignore[attr-defined]
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        yield node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        # `strict` of `zip` says that lengths are equal, which no test can break.
        yield from node.keywords if node.func.id == "zip" else ()
        yield from node.args[:1] if node.func.id in {"cast", "ParamSpec", "TypeVar"} else ()
    yield from _for_people(node)


def _for_people(node: ast.AST) -> Iterator[ast.AST]:
    """Yield docstrings, wording, and the lists of names and of examples."""
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if is_docstring or _is_wording(node):
        yield node
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name) and target.id in {"__all__", "_example"}:
            yield node
    if isinstance(node, ast.JoinedStr):
        parts = [one for one in node.values if isinstance(one, ast.Constant)]
        yield from parts if any(" " in str(one.value) for one in parts) else ()


def _is_wording(node: ast.AST) -> bool:
    """Tell whether this is a text with a space in it: the words of messages are free, codes and names are not."""
    return isinstance(node, ast.Constant) and type(node.value) is str and " " in node.value.strip()


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


def _operand(node: Any, choice: random.Random) -> str:  # noqa: ANN401
    if choice.random() < 0.5:  # noqa: PLR2004 - one change or the other
        return _operator(node, choice)
    node.values[choice.randrange(len(node.values))] = ast.Constant(isinstance(node.op, ast.And))
    return "operand"


def _comparison(node: Any, _: random.Random) -> str:  # noqa: ANN401
    node.ops[0] = _SWAPPED[type(node.ops[0])]()
    return "comparison"


def _negation(node: Any, _: random.Random) -> str:  # noqa: ANN401
    if not isinstance(node.op, ast.Not):
        return ""
    node.operand = ast.UnaryOp(ast.Not(), node.operand)
    return "negation"


def _choice(node: Any, _: random.Random) -> str:  # noqa: ANN401
    node.body, node.orelse = node.orelse, node.body
    return "choice"


def _filter(node: Any, choice: random.Random) -> str:  # noqa: ANN401
    if not node.ifs:
        return ""
    del node.ifs[choice.randrange(len(node.ifs))]
    return "filter"


def _called(node: Any, _: random.Random) -> str:  # noqa: ANN401
    if not (isinstance(node.func, ast.Name) and node.func.id in _NAMES):
        return ""
    node.func.id = _NAMES[node.func.id]
    return "called"


def _returned(node: Any, _: random.Random) -> str:  # noqa: ANN401
    if node.value is None or isinstance(node.value, ast.Constant):
        return ""
    node.value = ast.Constant(None)
    return "returned"


_CHANGES: dict[type[ast.AST], Callable[[Any, random.Random], str]] = {
    ast.Constant: _constant,
    ast.BoolOp: _operand,
    ast.BinOp: _operator,
    ast.UnaryOp: _negation,
    ast.Compare: _comparison,
    ast.IfExp: _choice,
    ast.comprehension: _filter,
    ast.Call: _called,
    ast.Return: _returned,
}


def _text(module: str) -> str:
    return (PACKAGE / f"{module}.py").read_text(encoding="utf-8")


def mutants(module: str, count: int, seed: int) -> list[Mutant]:
    """Return so many changes of a module, drawn from a seed."""
    text = _text(module)
    many = len(sites(ast.parse(text)))
    choice = random.Random(f"{seed} {module}")  # noqa: S311 - a sample, and no secret
    found: list[Mutant] = []
    for place in choice.sample(range(many), many):
        tree = ast.parse(text)
        node = sites(tree)[place]
        line = getattr(node, "lineno", 0) or node.target.lineno
        kind = _CHANGES[type(node)](node, choice)
        if kind:
            before = text.splitlines()[line - 1].strip()
            found.append(Mutant(module, line, kind, ast.fix_missing_locations(tree), before, ast.unparse(node)))
        if len(found) == count:
            break
    return found


# How it is tried


def in_a_fork(work: Callable[[], int], seconds: int = SECONDS) -> int:
    """Return the exit code of some work, which a fork of this process does within bounds; below 0 if it was stopped."""
    child = os.fork()
    if not child:
        code = 3
        with suppress(BaseException):  # it must end here, whatever the change has broken
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
            signal.alarm(20 * seconds)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(nowhere, number)
            code = work()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(files: list[str], *plugins: object) -> int:
    """Run the tests of some files until one fails."""
    entry_points.run()
    return int(pytest.main([*_OPTIONS, *files], plugins))


def dotted(module: str) -> str:
    """Return the name by which a module is imported."""
    return ".".join(("miexchange", *Path(module).parts)).removesuffix(".__init__")


def survives(mutant: Mutant, seconds: int) -> bool:
    """Tell whether all tests pass if the package is imported with a change: the nearest file, the others, the laws."""
    near, *others = tests(mutant.module)
    rounds = (([near], seconds), (others, seconds), (["-m", "", *LAWS], SECONDS))
    return all(_passes(mutant, wanted, limit) for wanted, limit in rounds)


def _passes(mutant: Mutant, wanted: list[str], seconds: int) -> bool:
    def work() -> int:
        name, plain = dotted(mutant.module), SourceFileLoader.get_code

        def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
            changed = fullname == name
            return compile(mutant.tree, self.path, "exec", dont_inherit=True) if changed else plain(self, fullname)

        SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
        importlib.import_module(name)
        return run(wanted)

    return in_a_fork(work, seconds) == 0


class Swapping:
    """A plugin of pytest that runs the collected tests again and again, each time with another body of a function.

    A mutant meets the tests that run its line, or all if none does, the quickest first.
    """

    def __init__(self, drawn: list[Mutant], folder: str) -> None:
        """Hold the mutants, and a folder for the trace."""
        self.drawn, self.folder = drawn, Path(folder)
        self.path = str(PACKAGE / f"{drawn[0].module}.py")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Write down which mutants no such test fails for, or that are no change of a body."""
        begun = _used()
        if in_a_fork(lambda: self._trace(session.items)):
            return True
        seconds = round(15 + 3 * (_used() - begun))  # a change may make a loop without end
        lines, order = json.loads((self.folder / "lines").read_text(encoding="utf-8"))
        bodies = self._bodies()
        left = []
        for place, mutant in enumerate(self.drawn):
            new = {_place(code): code for code in _codes(compile(mutant.tree, self.path, "exec", dont_inherit=True))}
            changed = [(one, new[key]) for key in bodies.keys() & new.keys() for one in bodies[key]]
            changed = [(one, code) for one, code in changed if one.__code__ != code]
            meets = set(lines.get(str(mutant.line)) or order)  # a line that ran before all tests is everybody's
            items = [session.items[number] for number in order if number in meets]

            def work(changed: list[tuple[FunctionType, CodeType]] = changed, items: list[Any] = items) -> int:
                for one, code in changed:
                    one.__code__ = code
                return any(map(_fails, items))

            if not changed or in_a_fork(work, seconds) == 0:
                left.append(place)
        (self.folder / "left").write_text(json.dumps([seconds, left]), encoding="utf-8")
        return True

    def _trace(self, items: list[pytest.Item]) -> int:
        """Run every test, and write down which ones run a line, and all in the order of their time."""
        tracer = coverage.Coverage(None, include=[self.path], config_file=False)
        tracer.set_option("run:disable_warnings", ["no-data-collected"])  # a module of constants alone runs no line
        took: dict[int, float] = {}
        tracer.start()
        for number, item in enumerate(items):
            tracer.switch_context(f"{number}")
            begun = process_time()
            if _fails(item):
                return 1
            took[number] = process_time() - begun
        tracer.stop()
        found = tracer.get_data().contexts_by_lineno(self.path)
        lines = {line: [int(number) for number in numbers if number] for line, numbers in found.items()}
        text = json.dumps([lines, sorted(took, key=took.__getitem__)])
        (self.folder / "lines").write_text(text, encoding="utf-8")
        return 0

    def _bodies(self) -> dict[tuple[str, int], list[FunctionType]]:
        """Return the functions of the module that there are, by their place in it."""
        gc.unfreeze()  # what is frozen is not listed
        found: defaultdict[tuple[str, int], list[FunctionType]] = defaultdict(list)
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename == self.path:
                found[_place(one.__code__)].append(one)
        gc.freeze()
        return found


def _fails(item: pytest.Item) -> bool:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    return item.session.testsfailed > 0


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _codes(part)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tried(job: tuple[str, int, int]) -> tuple[str, int, list[Mutant] | None]:
    """Return a module, the number of mutants drawn, and those that survive; None if its tests fail without a change.

    The bodies of functions are changed first, with all else imported and collected once. What survives that, such as
    a constant, or a body that has run already, is imported anew.
    """
    module = job[0]
    drawn = mutants(*job)
    if not drawn:
        return module, 0, []

    def work() -> int:
        importlib.import_module(dotted(module))
        return run(tests(module), Swapping(drawn, folder))

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder  # forks leave their files behind
        in_a_fork(work, SECONDS * len(drawn))
        written = Path(folder, "left")
        if not written.exists():
            return module, len(drawn), None
        seconds, left = json.loads(written.read_text(encoding="utf-8"))
        alive = [drawn[place] for place in left if survives(drawn[place], seconds)]
    return module, len(drawn), alive


# Which tests


def core() -> list[str]:
    """Return the modules of the core, such as ``programme/terms``: all files but those that the Makefile excepts."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    islands = makefile.partition("\nISLANDS := ")[2].partition("\n")[0].split(",")
    files = [one for one in sorted(PACKAGE.rglob("*.py")) if not any(fnmatch(str(one), glob) for glob in islands)]
    return [str(one.relative_to(PACKAGE).with_suffix("")) for one in files]


def tests(module: str) -> list[str]:
    """Return the files of tests of a module; the last one is the module itself, with its examples."""
    files = []
    for name in TESTS.get(module, module.rpartition("/")[2].strip("_")).split():
        room, _, stem = name.rpartition("/")
        files.append(f"tests/{room or 'unit'}/test_{stem}.py")
    return [*files, f"src/miexchange/{module}.py"]


def main() -> None:
    """Try the sample, and print what survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as programme/terms; by default all")
    parser.add_argument("--count", type=int, default=40, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    modules = arguments.modules or core()
    os.chdir(ROOT)
    total, killed = 0, 0
    with multiprocessing.get_context("fork").Pool(arguments.jobs) as pool:
        jobs = [(module, arguments.count, arguments.seed) for module in modules]
        for module, count, left in pool.imap_unordered(tried, jobs):
            if left is None:
                print(f"{module}: its tests fail without a change", flush=True)
                continue
            for one in left:
                print(f"{one.module}.py:{one.line} {one.kind}\n  - {one.before}\n  + {one.after}")
            print(f"{module}: {count - len(left)} of {count} killed", flush=True)
            total, killed = total + count, killed + count - len(left)
    print(f"{killed} of {total} killed, {100 * killed / total:.1f} %, in {_used():.0f} s of processor time")


if __name__ == "__main__":
    main()
