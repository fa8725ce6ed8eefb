"""`miexchange report`: a book of devices as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from miexchange import _new_file
from miexchange.cli import _given, _output
from miexchange.cli._files import at_hand
from miexchange.cli._options import At, Json, ProgrammeOption
from miexchange.cli._wrong import Wrong, quoted
from miexchange.pricelists import read_book

__all__ = ["report"]


def report(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="CSV of devices: model, answers, at; - is stdin.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file to write.")],
    programme: ProgrammeOption = "mi-exchange-india",
    at: At = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
    as_json: Json = False,
) -> None:
    """Write a report on a book of devices: what the programme pays for them, what it refuses, and why.

    One HTML file without scripts, for a browser, a phone or paper: the terms in force at --at, price changes, quotes by
    brand and grade, refusals by reason, exposure by day, and an example of each grade. BOOK has the columns of
    miexchange batch; without a column at, its devices are valued at --at. The report contains no IMEI.
    """
    rules = _given.programme(programme)
    moment = _given.instant(at, "--at", rules.zone)
    if output.exists() and not force:
        raise Wrong(f"{quoted(output)} is there: name another file, or overwrite it with --force")
    with at_hand(book, "BOOK", ("csv",)) as path:
        devices = read_book(path, keep_wrong=True)
    from miexchange.report import book_report  # noqa: PLC0415 - it loads what values tables

    text = book_report(devices, rules, at=moment)
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with _new_file.create(unfinished, "output") as file:
            file.write(text.encode())
        _new_file.place(unfinished, output)
    except OSError as error:
        raise Wrong(f"{quoted(output)} cannot be written: {error.strerror or error}") from None
    if as_json:
        _output.write_json({"output": f"{output}", "devices": len(devices), "digest": rules.digest})
        return
    _output.say(f"{output}: {len(devices):,} devices, {rules.title}")
