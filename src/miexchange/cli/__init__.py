"""The `miexchange` command: quote a phone or a file, read an IMEI, check a programme, a coupon or a ledger.

Exit codes, the same for every command:

- 0: yes. There is an answer, and it is not a "no".
- 1: refused, a business "no": the phone is not taken, the IMEI is not valid, no model has that name, the coupon
  cannot be used. The reasons and the remedies are on stdout.
- 2: wrong usage or wrong data: an option, a file or a date that cannot be used, or a programme with problems.
- 130: stopped with Ctrl-C.

Answers go to stdout, errors and questions to stderr. With ``--json`` stdout holds one line of canonical JSON and
nothing else, and an error is one line of JSON on stderr (see `miexchange.cli._errors`). No output shows a whole IMEI. A
reader that closes stdout early, such as ``head``, is no error: the rest is discarded, and the exit code is the same.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_WRONG, _STOPPED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 yes, 1 refused, 2 wrong usage or data, 130 stopped.

    Args:
        arguments: what follows ``miexchange`` on the command line; by default that of this process.

    >>> main(["imei", "--json", "35-417803-685978-2"])  # doctest: +ELLIPSIS
    {"invalid":1,"results":[{"code":"imei_check_digit",...}
    1
    """
    as_json = False
    try:
        typed = sys.argv[1:] if arguments is None else list(arguments)
        as_json = "--json" in typed[: typed.index("--") if "--" in typed else None]
        return _run(typed, as_json=as_json)
    except KeyboardInterrupt:  # also while the modules are still being loaded
        from miexchange.cli._errors import fail, stopped  # noqa: PLC0415 - little is loaded before Ctrl-C counts

        return fail(stopped("Stopped."), _STOPPED, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - a traceback says nothing that its reader can do
        from miexchange.cli._errors import fail, of_fault  # noqa: PLC0415 - as above

        return fail(of_fault(error), _WRONG, as_json=as_json)


def _run(arguments: list[str], *, as_json: bool) -> int:
    from miexchange.cli import _app, _completion, _errors, _output  # noqa: PLC0415 - inside main's `try`

    _output.write_anything()
    if sys.stdout is None:
        return _errors.fail(_errors.nowhere(), _WRONG, as_json=as_json)
    sentence = "Stopped."
    try:
        code = _app.command().main(arguments, prog_name="miexchange", standalone_mode=False)
        _output.flush()
    except _app.STOPS:
        code = _STOPPED
    except _output.Stopped as stop:
        code, sentence = _STOPPED, f"{stop}"
    except SystemExit as end:
        code = _completion.ended(end.code)
    except _app.ERRORS as error:
        return _errors.fail(_errors.said(error, arguments), _WRONG, as_json=as_json)
    if code == _STOPPED:  # newer versions of typer catch Ctrl-C themselves
        return _errors.fail(_errors.stopped(sentence), _STOPPED, as_json=as_json)
    return code if isinstance(code, int) else 0
