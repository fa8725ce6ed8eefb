"""Run the blocks of a page as its reader would: one session from top to bottom, in an empty folder.

| block | what is done with it |
|---|---|
| after a line `` `devices.csv`: `` | written to that file |
| ``sh`` | run; each line succeeds, or ends with the code that its comment names: ``# refused: exit code 1`` |
| ``console`` | each line after ``$`` is run, and its answer compared; ``...`` is any text, ``[exit code 1]`` a code |
| ``python`` without ``>>>`` | run as a script; with ``>>>`` it is a doctest, and pytest runs it |
| after ``<!-- not run: why -->`` | left out |

The folder has links to the checkout's folders, so that a page may read ``examples/``. Lines that only call
``miexchange`` are called within this process, which saves a start of Python for each; a block that needs a shell gets
one. `pip` and `make` install and test nothing here: stand-ins on the PATH look whether the extra or the target that
they are asked for is there.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miexchange.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Block", "blocks", "run_page"]

ROOT = Path(__file__).resolve().parents[1]
LINKED = ("benchmarks", "data", "docs", "examples", "notebooks")
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n\n?)?(?:^`(?P<file>[\w./-]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
EXIT = re.compile(r"#.*\bexit code (\d+)")
# What only a shell understands. A comment and quotes are no reason to start one.
SHELL_ONLY = re.compile(r"[|<>;&$`*\\]")

PIP = """#!{python}
import re, sys
extras = {extras}
for word in sys.argv[1:]:
    named = re.search(r"\\[(.*)\\]", word)
    for extra in named[1].split(",") if named else ():
        if ("miexchange" in word or word.startswith(".")) and extra not in extras:
            sys.exit(f"miexchange has no extra {{extra!r}}")
"""
MAKE = """#!/bin/sh
for target in "$@"; do
    case $target in *=*) ;; *) grep -q "^$target:" '{makefile}' || {{ echo "no target $target" >&2; exit 2; }} ;; esac
done
"""
COMMAND = """#!/bin/sh
exec '{python}' -m miexchange.cli "$@"
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text, the file that it is, and why it is not run."""

    kind: str
    text: str
    file: str | None = None
    why: str | None = None


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page that have a language, in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(one["kind"], one["text"], one["file"], one["why"]) for one in found]


def run_page(page: Path, folder: Path) -> None:
    """Run every block of a page in a folder, which becomes the working directory meanwhile.

    Raises:
        AssertionError: a command failed, or answered otherwise than the page says.
    """
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    programs = folder / ".programs"
    programs.mkdir()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    given = {
        "python": sys.executable,
        "extras": sorted(project["project"]["optional-dependencies"]),
        "makefile": ROOT / "Makefile",
    }
    for name, text in (("pip", PIP), ("make", MAKE), ("miexchange", COMMAND)):
        (programs / name).write_text(text.format(**given), encoding="utf-8")
        (programs / name).chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with contextlib.chdir(folder), _environment(PATH=path, COLUMNS="80", PYTHONPATH=os.pathsep.join(sys.path)):
        names: dict[str, object] = {"__name__": "__main__"}
        for block in blocks(page):
            if block.why is None:
                _run(block, folder, names)


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _run(block: Block, folder: Path, names: dict[str, object]) -> None:
    if block.file is not None:
        file = folder / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
    elif block.kind == "python" and ">>>" not in block.text:
        exec(compile(block.text, "<page>", "exec"), names)  # noqa: S102 - our own page
    elif block.kind == "sh":
        lines = block.text.replace("\\\n", " ").splitlines()
        if all(_is_plain(line) for line in lines):
            for line in lines:
                _succeed(line)
        else:
            _succeed(block.text)
    elif block.kind == "console":
        for said in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            _answer(said)


def _is_plain(line: str) -> bool:
    command = line.partition(" # ")[0].strip()
    return command.startswith("miexchange ") and SHELL_ONLY.search(command) is None


def _succeed(command: str) -> None:
    expected = EXIT.search(command)
    code, out, err = _call(command)
    assert code == (int(expected[1]) if expected else 0), f"{command}: exit code {code}\n{out}{err}"


def _answer(said: str) -> None:
    command, wanted = re.split(r"(?<!\\)\n", said, maxsplit=1)
    code, out, err = _call(command.replace("\\\n", " "))
    text = out + err * bool(code)  # of what takes long, stderr has a progress bar
    lines = [line.rstrip() for line in text.splitlines()] + ([f"[exit code {code}]"] if code else [])
    got = "".join(f"{line}\n" for line in lines)
    assert doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS), f"$ {command}\n{got}"


def _call(command: str) -> tuple[int, str, str]:
    if _is_plain(command):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(shlex.split(command, comments=True)[1:])
        return code, out.getvalue(), err.getvalue()
    done = subprocess.run(  # noqa: S603 - our own page
        ["sh", "-eu", "-c", command],  # noqa: S607 - the reader's shell
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr
