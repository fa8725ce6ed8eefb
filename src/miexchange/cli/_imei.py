"""`miexchange imei`: what a number says about itself, and what a TAC table says of it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from miexchange import _data
from miexchange._privacy import mask
from miexchange.cli import _output
from miexchange.cli._files import at_hand
from miexchange.cli._options import Json
from miexchange.errors import InvalidImei
from miexchange.imei import Imei
from miexchange.tac import TacReport, TacTable

__all__ = ["imei"]

_MOST_PROBLEMS = 5


def imei(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT...", help="IMEIs, with or without hyphens or spaces.")],
    *,
    tac_table: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A TAC table of your own (Osmocom, GSMA or DIRBS layout, or tac,brand,model)."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell whether each TEXT is a valid IMEI, what its parts are, and which phone its TAC belongs to.

    The exit code is 1 if any of them is invalid. Serial numbers are never shown. Quote an IMEI that has spaces in it.
    """
    with at_hand(_data.folder() / "tac.csv" if tac_table is None else tac_table, "--tac-table", ("csv",)) as path:
        table = TacTable.read(path)
    results = [_result(text, table) for text in texts]
    invalid = sum(not result["valid"] for result in results)
    if as_json:
        report = None if tac_table is None else table.report.to_dict()
        _output.write_json({"invalid": invalid, "results": results, "tac_table": report})
    else:
        if tac_table is not None:
            _show_report(table.report)
        for result in results:
            _show(result, shipped=tac_table is None)
    raise typer.Exit(1 if invalid else 0)


def _result(text: str, table: TacTable) -> dict[str, Any]:
    try:
        number = Imei.parse(text)
    except InvalidImei as error:
        return {
            "valid": False,
            "imei": error.masked,
            "code": str(error.code),
            "message": error.what,
            "remedy": error.remedy,
        }
    body = number.reporting_body
    return {
        "valid": True,
        "imei": mask(number.digits),
        "tac": number.tac,
        "check_digit": number.check_digit,
        "reporting_body": None if body is None else body.to_dict(),
        "is_placeholder": number.is_placeholder,
        "is_test": number.is_test,
        "candidates": [device.to_dict() for device in table.lookup(number)],
    }


def _show(result: dict[str, Any], *, shipped: bool) -> None:
    if not result["valid"]:
        _output.say(f"{result['imei']}  not valid", style="bold")
        _output.say(f"{result['code']}: it {result['message']}.", indent=2)
        _output.say(f"-> {result['remedy']}", indent=4)
        return
    _output.say(f"{result['imei']}  valid", style="bold")
    body = result["reporting_body"]
    rows = [
        ("TAC", result["tac"]),
        ("serial", "six digits, not shown"),
        ("check digit", f"{result['check_digit']}, right"),
        ("given out by", f"{body['rbi']}: {body['body']} ({body['status']})" if body else "nobody that is listed"),
    ]
    if result["is_placeholder"]:
        rows.append(("but", "it is a known placeholder that many devices share, not a phone's own number"))
    elif result["is_test"]:
        rows.append(("but", "it lies in a range for test phones"))
    table = "the shipped example table" if shipped else "your table"
    rows += [
        ("phone", f"{device['brand']} {device['model']}".strip() + f" ({device['source']})")
        for device in result["candidates"]
    ]
    if not result["candidates"]:
        rows.append(("phone", f"unknown: {table} does not have this TAC, which does not make it false"))
    _output.say_facts(rows)


def _show_report(report: TacReport) -> None:
    _output.say(f"TAC table {report.file}", style="bold")
    rows = [
        ("layout", report.layout),
        ("rows", f"{report.rows}, of which {report.merged} repeat another and {report.left_out} are left out"),
        ("devices", f"{report.devices}"),
        ("zeros put back", f"{report.padded_7} TACs had 7 digits, {report.padded_6} had 6"),
        ("several phones", f"{report.conflicts} TACs name more than one; all of them are kept"),
    ]
    _output.say_facts(rows)
    for problem in report.problems[:_MOST_PROBLEMS]:
        _output.say(f"left out: {problem}", indent=2)
    if report.left_out > _MOST_PROBLEMS:
        listed = "them all" if report.left_out == len(report.problems) else f"the first {len(report.problems):,}"
        _output.say(f"... and {report.left_out - _MOST_PROBLEMS} more; --json lists {listed}.", indent=2)
