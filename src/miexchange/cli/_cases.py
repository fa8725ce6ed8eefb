"""`miexchange programme cases` and `programme test`: cases that cover a programme, and an operator's own, run."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from miexchange._new_file import create
from miexchange._text import counted
from miexchange.cases import covering_cases, differences, read_cases
from miexchange.cli import _given, _output
from miexchange.cli._options import Json
from miexchange.errors import DataError

__all__ = ["cases", "run"]

_NAME = "cases.toml"
_Path = Annotated[str, typer.Argument(metavar="PATH", help="A programme's directory, or a shipped programme's id.")]


_File = Annotated[Path | None, typer.Argument(metavar="FILE", help=f"The cases; by default {_NAME} in the directory.")]


def cases(
    path: _Path,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="A new file to write; otherwise it is printed.")] = None,
    as_json: Json = False,
) -> None:
    """Write worked cases that reach everything in a programme: each row, and both sides of each threshold.

    They say what the programme makes of phones as it is now: read them, keep them beside it, and run them with
    miexchange programme test. With --json: how many programmes with one changed number they detect.
    """
    if out is not None and out.exists():
        raise _given.Wrong(f"--out {out} is there already: give another name, for cases are an operator's own work")
    programme = _given.programme(path)
    cover = covering_cases(programme)
    if out is not None:
        with create(out, "--out") as file:
            file.write(cover.text(programme).encode())
    found = {
        "cases": len(cover.cases),
        "mutants": cover.mutants,
        "killed": cover.killed,
        "by_value": cover.by_value,
        "survivors": list(cover.survivors),
    }
    if as_json:
        _output.write_json(found)
    elif out is None:
        _output.say_lines(cover.text(programme).splitlines())
    else:
        killed = f"{cover.killed:,} of {cover.mutants:,} programmes with one number that is one more or less fail them"
        _output.say_lines([f"{out}: {counted(len(cover.cases), 'case')}; {killed}"])


def run(
    path: _Path,
    file: _File = None,
    *,
    as_json: Json = False,
) -> None:
    """Run worked cases against a programme, and list every difference by file:line, in the order of the file.

    The exit code is 0 if all is as they say and 2 otherwise.
    """
    programme = _given.programme(path)
    found = file or Path(path) / _NAME
    try:
        count, problems = len(read_cases(found)), differences(found, programme)
    except DataError as error:
        count, problems = 0, error.problems
    if as_json:
        _output.write_json([dataclasses.asdict(problem) for problem in problems])
    else:
        _output.say_lines(str(problem) for problem in problems)
        said = f"{counted(len(problems), 'difference')}: it must not go live" if problems else "all as they say"
        _output.say_lines([f"{found}: {counted(count, 'case')}, {said}"])
    raise typer.Exit(2 if problems else 0)
