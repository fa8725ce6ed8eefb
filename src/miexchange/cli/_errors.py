"""The errors of the command: one sentence in its own words, or with ``--json`` one JSON object.

The library names arguments, such as ``rows`` or ``force=True``, and a person types ``--rows`` and ``--force``. Each
option is found by the name that the command's function has for it, so that no list of them has to be kept.

With ``--json`` stderr holds one line::

    {"answer":"error","error":{"field":"--rows","help":"miexchange batch --help","kind":"value",
    "message":"--rows is 0: ...","problems":[],"remedy":"give a whole number from 1 on","value":"0"},"exit_code":2}

``kind`` is ``usage`` (the command line cannot be read), ``value`` (something given cannot be used), ``data`` (a file
must not be used; ``problems`` has each with file, line and column), ``ledger``, ``output`` (nothing can be written),
``stopped``, ``fault`` (of miexchange itself) or ``other``. What does not apply is "".
"""

from __future__ import annotations

import dataclasses
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from miexchange.cli import _output
from miexchange.cli._wrong import Wrong
from miexchange.errors import DataError, InvalidValue, MiExchangeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Said", "fail", "nowhere", "of_fault", "said", "stopped"]

_MOST_PROBLEMS = 3

_FLAG = re.compile(r"\b([a-z][a-z0-9_]*)=True\b")
# What the ledger, whose errors are of a library, calls what is given here as a file or in the environment.
_KEY_WORDS = {
    "in old_keys": "as --old-key-file",
    "Open it with the key": "Name its file with --key-file",
    "as the key": "as --key-file",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """An error in the command's words; see the module."""

    kind: str
    sentences: tuple[str, ...]
    field: str = ""
    value: str = ""
    remedy: str = ""
    problems: tuple[dict[str, Any], ...] = ()
    page: str = ""

    def to_dict(self, code: int) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        error = {
            "kind": self.kind,
            "message": "\n".join(self.sentences),
            "field": self.field,
            "value": self.value,
            "remedy": self.remedy,
            "problems": self.problems,
            "help": self.page,
        }
        return {"answer": "error", "error": error, "exit_code": code}


def said(error: BaseException, arguments: Sequence[str]) -> Said:
    """Say what is wrong.

    Args:
        error: what was raised.
        arguments: what was typed.
    """
    from miexchange.cli import _app  # noqa: PLC0415 - it imports every command, and some raise errors of ours

    path, command = _app.found(arguments)
    page = f"{path} --help"
    names = dict(_names(getattr(command, "params", ())))
    if isinstance(error, InvalidValue):
        sentence, remedy = _translated(f"{error}", names), _translated(error.rule, names)
        field = names.get(error.field, error.field)
        if error.field in names and sentence.startswith(f"{error.field} "):
            sentence = f"{field}{sentence[len(error.field) :]}"
        return Said("value", (sentence,), field, error.value, remedy, page=page)
    if isinstance(error, DataError):
        return _of_data(error, page)
    if isinstance(error, MiExchangeError):
        what, remedy = getattr(error, "what", ""), getattr(error, "remedy", "")
        kind = "value" if isinstance(error, Wrong) else "ledger" if what else "other"
        return Said(kind, (_translated(f"{error}", names),), remedy=_translated(remedy, names), page=page)
    if isinstance(error, (_output.CannotWrite, OSError)):  # of typer's help: every file that is read has its sentence
        _output.abandon()
        words = error if isinstance(error, _output.CannotWrite) else _output.CannotWrite(error)
        return Said("output", (f"{words}",), page=page)
    if isinstance(error, _app.COMMAND_LINE_ERRORS):
        text = " ".join(error.format_message().split())  # type: ignore[attr-defined]
        text = text.replace("Value error, ", "")
        ended = text if text.endswith((".", "?")) else f"{text}."
        return Said("usage", (f"{ended} See: {page}",), remedy=f"See: {page}", page=page)
    return of_fault(error)


def of_fault(error: BaseException) -> Said:
    """Say that the package itself is wrong, and where."""
    return Said("fault", (_fault_sentence(error),))


def nowhere() -> Said:
    """Say that stdout is closed."""
    return Said("output", ("There is nowhere to write the answer to: stdout is closed.",))


def _names(params: Iterable[Any]) -> Iterable[tuple[str, str]]:
    """Yield what a person types for each parameter of a command's function."""
    for param in params:
        options = [name for name in param.opts if name.startswith("--")]
        yield param.name, options[0] if options else f"{param.metavar or param.name.upper()}"


def _translated(text: str, names: dict[str, str]) -> str:
    text = _FLAG.sub(lambda found: names.get(found[1], found[0]), text).replace(", or None", "")
    for words, typed in _KEY_WORDS.items():
        text = text.replace(words, typed)
    return text


def _of_data(error: DataError, page: str) -> Said:
    """Say the first problems of a data file; all of them are what `programme lint` is for."""
    problems = error.problems
    more = len(problems) - _MOST_PROBLEMS
    lines = [str(problem) for problem in problems[:_MOST_PROBLEMS]] or [f"{error}"]
    if more > 0:
        lines.append(f"... and {more} more problems: miexchange programme lint PATH shows them all.")
    return Said("data", tuple(lines), problems=tuple(map(dataclasses.asdict, problems)), page=page)


def _fault_sentence(error: BaseException) -> str:
    """Say where the package itself is wrong, without a value: it may be a secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    what = f"{error}" if isinstance(error, ImportError) else type(error).__name__
    return f"This is a fault of miexchange or of its installation: {what}{where}. Report it with what you typed."


def stopped(sentence: str) -> Said:
    """Say that it was stopped; below the question, if one is on the screen."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\n")
    return Said("stopped", (sentence,))


def fail(what: Said, code: int, *, as_json: bool = False) -> int:
    """Write what is wrong to stderr, each sentence on one line whatever is quoted in it; return the exit code."""
    with suppress(OSError, AttributeError, ValueError):  # stderr may be closed as well
        if as_json:
            text = _output.json_line(what.to_dict(code), _output.hide_all)
        else:
            text = "miexchange: " + "\n".join(map(_output.hide_all, what.sentences)) + "\n"
        sys.stderr.write(text)
        sys.stderr.flush()
    return code
