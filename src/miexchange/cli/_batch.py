"""`miexchange batch`: value a file of devices, a row each."""

import gc
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miexchange.cli import _given, _output
from miexchange.cli._files import FormatOption, at_hand, is_stdin
from miexchange.cli._options import Json, ProgrammeOption
from miexchange.programme import Programme

if TYPE_CHECKING:
    from miexchange.batch import Share, Summary

__all__ = ["batch"]

_SPARING = "ARROW_DEFAULT_MEMORY_POOL", "system"
"""Arrow reads it once: of its own, it would take memory from a pool that keeps some 100 MB more than a run needs."""


_SELDOM = 100_000
"""Objects made between two runs of the garbage collector: modules that are loaded make many, and nothing to collect."""


def batch(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A CSV or Parquet file of devices, a row each; - is standard input.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The CSV or Parquet file to write.")],
    *,
    programme: ProgrammeOption = "mi-exchange-india",
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="INSTANT", help="The instant of the valuation, if IN has no column at."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column of IN to copy to OUT, such as an order id."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the refused rows to this file, with the cells to correct."),
    ] = None,
    reveal_imei: Annotated[bool, typer.Option("--reveal-imei", help="Allow --keep imei: it is personal data.")] = False,
    problems: Annotated[
        bool,
        typer.Option("--problems", help="Add a column to OUT: the cells that refuse a row, and the remedy."),
    ] = False,
    format: FormatOption = None,  # noqa: A002 - as it is typed
    raw: Annotated[
        bool, typer.Option("--raw", help="Write CSV for a program: cells that look like formulas stay as they are.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT and the rejects if they exist.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Discard the parts of a stopped run.")] = False,
    rows: Annotated[
        int | None, typer.Option(metavar="N", help="Rows of each saved part; by default 81920, or 65536 of CSV.")
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="By default one thread per processor.")] = None,
    as_json: Json = False,
) -> None:
    """Value every row of IN, and write its outcome, reasons, grade, lines and values to OUT.

    IN needs the columns model and one per question of the programme; imei, imei2, imei_status, register_asked_at,
    purchased_on, at, exchange_open, device_exchanged and target are optional. OUT has the position of each row, from 0,
    the columns of --keep, then the result. A row that cannot be valued is refused with its reasons; no row is dropped.
    The exit code is 0 if OUT is complete, even if rows are refused.

    A plain day in at stands for its first instant in the programme's zone. To resume a run that was stopped, start it
    again; its finished parts are kept in OUT.parts until then.
    """
    os.environ.setdefault(*_SPARING)
    gc.set_threshold(_SELDOM)
    from miexchange.batch import appraise_file  # noqa: PLC0415 - pyarrow is loaded where it is needed
    from miexchange.cli._bar import Bar  # noqa: PLC0415 - as above

    rules = _given.programme(programme)
    moment = None if at is None else _given.instant(at, "--at", rules.zone)
    gc.freeze()  # what is loaded lives until the end: the collector need not look at all of it again and again
    bar = Bar()
    try:
        with at_hand(source, "IN", ("csv", "parquet"), format, most=None) as devices, bar:
            summary = appraise_file(
                devices,
                target,
                rules,
                at=moment,
                keep=keep or (),
                reveal_imei=reveal_imei,
                rejects=rejects,
                escape=not raw,
                rows=rows,
                threads=threads,
                force=force,
                restart=restart,
                problems=problems,
                progress=bar.show,
            )
    except KeyboardInterrupt:
        again = "run the same command again; to begin anew, add --restart"
        if is_stdin(source):
            again = "give a file: of standard input nothing is kept but OUT.parts, which --restart throws away"
        raise _output.Stopped(f"Stopped after {bar.rows:,} rows. To go on, {again}.") from None
    except OSError as error:
        raise _given.Wrong(
            f"'{error.filename or target}' cannot be read or written: {error.strerror or error}"
        ) from None
    if as_json:
        _output.write_json(summary.to_dict(), rules.currency)
    else:
        _show(summary, rules, target, rejects)


def _show(summary: "Summary", rules: Programme, target: Path, rejects: Path | None) -> None:
    write = _output.writer(rules.currency)
    _output.say(f"{summary.rows:,} rows, {rules.title}", style="bold")
    rows = [
        ("quotes", f"{summary.quotes:,}"),
        ("indicative", f"{summary.indicative:,}, which lack an IMEI"),
        ("refused", f"{summary.refused:,}"),
        ("exchange value", f"{write(summary.exchange_value)}, the indicative ones included"),
        ("coupon value", f"{write(summary.coupon_value)}, likewise"),
        ("written to", f"{target}"),
    ]
    if rejects is not None:
        rows.append(("rejects", f"{rejects}"))
    _output.say_facts(rows)
    if summary.reasons:
        _output.say()
        most = sorted(summary.reasons, key=lambda reason: -reason.rows)
        heads = [_output.Column("Refused for"), _output.Column("Rows", justify="right")]
        _output.say_table(heads, ((str(reason.code), f"{reason.rows:,}") for reason in most))
    for what, shares in (("Brand", summary.brands), ("Grade", summary.grades)):
        if shares:
            _output.say()
            _show_shares(what, shares, write)


def _show_shares(what: str, shares: Sequence["Share"], write: Callable[[int], str]) -> None:
    amounts = (_output.Column(head, justify="right") for head in ("Devices", "Exchange value", "Coupon value"))
    rows = ((one.name, f"{one.devices:,}", write(one.exchange_value), write(one.coupon_value)) for one in shares)
    _output.say_table([_output.Column(what), *amounts], rows)
