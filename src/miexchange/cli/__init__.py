"""The `miexchange` command: quote a phone or a file, read an IMEI, check a programme, a coupon or a ledger.

Exit codes, the same for every command:

- 0: yes. There is an answer, and it is not a "no".
- 1: refused, a business "no": the phone is not taken, the IMEI is not valid, no model has that name, the coupon
  cannot be used. The reasons and what to do stand on stdout.
- 2: wrong usage or wrong data: an option, a file or a date that cannot be used, or a programme with problems.
- 130: stopped with Ctrl-C.

Answers go to stdout, errors and questions to stderr. With ``--json`` stdout holds one line of canonical JSON and
nothing else. No output shows a whole IMEI.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_WRONG, _STOPPED = 2, 130
_MOST_PROBLEMS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 yes, 1 refused, 2 wrong usage or data, 130 stopped.

    Args:
        arguments: what follows ``miexchange`` on the command line; by default that of this process.

    >>> main(["imei", "--json", "35-417803-685978-2"])  # doctest: +ELLIPSIS
    {"invalid":1,"results":[{"code":"imei_check_digit",...}
    1
    """
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:  # also while the modules are still being loaded
        return _stopped()
    except Exception as error:  # noqa: BLE001 - a traceback says nothing that its reader can do
        return _fail(_fault_sentence(error), _WRONG)


def _run(arguments: list[str]) -> int:
    from miexchange.cli import _app, _output  # noqa: PLC0415 - inside main's `try`
    from miexchange.errors import MiExchangeError  # noqa: PLC0415 - as above

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that has no rupee sign must not end in a traceback
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is None:
        return _fail("There is nowhere to write the answer to: stdout is closed.", _WRONG)
    sentence = "Stopped."
    try:
        code = _app.command().main(arguments, prog_name="miexchange", standalone_mode=False)
        _output.flush()
    except _app.STOPS:
        code = _STOPPED
    except _output.Stopped as stop:
        code, sentence = _STOPPED, f"{stop}"
    except _app.COMMAND_LINE_ERRORS as error:
        return _fail(_usage_sentence(error, arguments), _WRONG)
    except MiExchangeError as error:
        return _fail(_data_sentences(error), _WRONG)
    except (_output.CannotWrite, OSError, SystemExit) as error:
        # Every file that is read has its own sentence, so an OSError is of typer's help, which could not be written;
        # where the help meets a broken pipe, typer exits.
        reason = error if isinstance(error, OSError) else BrokenPipeError()
        _abandon(sys.stdout)
        return _fail(f"{error if isinstance(error, _output.CannotWrite) else _output.CannotWrite(reason)}", _WRONG)
    if code == _STOPPED:  # newer versions of typer catch Ctrl-C themselves
        return _stopped(sentence)
    return code if isinstance(code, int) else 0


def _stopped(sentence: str = "Stopped.") -> int:
    """Say so below the question, if one was on the screen."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\n")
    return _fail(sentence, _STOPPED)


def _fail(sentences: str | list[str], code: int) -> int:
    """Write sentences to stderr, each on one line whatever is quoted in it; return the exit code."""
    from miexchange.cli._output import hide_all  # noqa: PLC0415 - as above

    with contextlib.suppress(OSError, AttributeError):  # stderr may be closed as well
        lines = [sentences] if isinstance(sentences, str) else sentences
        text = "\n".join(map(hide_all, lines))
        sys.stderr.write(f"miexchange: {text}\n")
        sys.stderr.flush()
    return code


def _abandon(stream: TextIO) -> None:
    """Let the interpreter flush what is left into nothing, so that it does not complain at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = stream.fileno()
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, number)
        os.close(sink)


def _usage_sentence(error: Exception, arguments: list[str]) -> str:
    """Make one sentence of what typer says, and name the page that helps."""
    from miexchange.cli._app import command  # noqa: PLC0415 - as above

    text = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    text = text.replace("Value error, ", "")
    path, here = "miexchange", command()
    for argument in arguments:
        here = getattr(here, "commands", {}).get(argument)
        if here is None:
            break
        path += f" {argument}"
    return f"{text if text.endswith(('.', '?')) else text + '.'} See: {path} --help"


def _data_sentences(error: Exception) -> list[str]:
    """Show the first problems of a data file; all of them are what `programme lint` is for."""
    problems = getattr(error, "problems", ())
    more = len(problems) - _MOST_PROBLEMS
    lines = [str(problem) for problem in problems[:_MOST_PROBLEMS]] or [f"{error}"]
    if more > 0:
        lines.append(f"... and {more} more problems: miexchange programme lint PATH shows them all.")
    return lines


def _fault_sentence(error: Exception) -> str:
    """Say where the package itself is wrong, without a value: it may be a secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    what = f"{error}" if isinstance(error, ImportError) else type(error).__name__
    return f"This is a fault of miexchange or of its installation: {what}{where}. Report it with what you typed."
