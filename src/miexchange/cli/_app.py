"""The command's parts, put together; see `miexchange.cli` for the exit codes."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer

import miexchange
from miexchange import _data, _demo
from miexchange.cli import (
    _batch,
    _cases,
    _completion,
    _coupon,
    _imei,
    _ledger,
    _ledger_lists,
    _ledger_records,
    _models,
    _new,
    _output,
    _prices,
    _programme,
    _programme_diff,
    _prove,
    _quote,
    _report,
)
from miexchange.cli._options import EXIT_CODES, Json
from miexchange.errors import MiExchangeError

__all__ = ["COMMAND_LINE_ERRORS", "ERRORS", "STOPS", "app", "command", "found"]

COMMAND_LINE_ERRORS: type[Exception] = [kind for kind in typer.BadParameter.mro() if hasattr(kind, "format_message")][
    -1
]
"""The root of what typer raises for a wrong command line: click's own class, or the one typer has in its place."""

ERRORS: tuple[type[Exception], ...] = (COMMAND_LINE_ERRORS, MiExchangeError, _output.CannotWrite, OSError)
"""What is raised where there is no answer; an OSError by typer, whose help cannot be written."""

STOPS = (KeyboardInterrupt, typer.Abort)

_SETTINGS = {"help_option_names": ["-h", "--help"]}

# Plain help: it reads the same in a terminal, in a pipe and in the documentation. A traceback would show
# local variables, and among them keys and IMEIs.
app = typer.Typer(
    add_completion=False,
    context_settings=_SETTINGS,
    epilog=EXIT_CODES,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_programmes = typer.Typer(epilog=EXIT_CODES, rich_markup_mode=None)
_coupons = typer.Typer(epilog=EXIT_CODES, rich_markup_mode=None)
_ledgers = typer.Typer(epilog=EXIT_CODES, rich_markup_mode=None)
_price_lists = typer.Typer(epilog=EXIT_CODES, rich_markup_mode=None)


def _version(value: bool) -> None:  # noqa: FBT001 - the shape of a typer callback
    if value:
        _output.say_lines([f"miexchange {miexchange.__version__}"])
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Trade-in pricing, exact to the minor unit: from an IMEI to a coupon, explained line by line.

    Start with: miexchange demo
    """
    del version
    _help_without_command(context)


@_programmes.callback(invoke_without_command=True)
def _programme_group(context: typer.Context) -> None:
    """Make a programme, check its files, show its rules, prove its laws, run its cases, or compare two editions."""
    _help_without_command(context)


@_coupons.callback(invoke_without_command=True)
def _coupon_group(context: typer.Context) -> None:
    """Check a coupon against an order."""
    _help_without_command(context)


@_ledgers.callback(invoke_without_command=True)
def _ledger_group(context: typer.Context) -> None:
    """Query a ledger of exchanges, record something, cancel an exchange, sweep the ledger, or verify it."""
    _help_without_command(context)


@_price_lists.callback(invoke_without_command=True)
def _price_list_group(context: typer.Context) -> None:
    """Bring a price list from a spreadsheet into force: import, diff, cost, publish, roll back."""
    _help_without_command(context)


def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        _output.say_lines(context.get_help().splitlines())
        raise typer.Exit(2)


def demo(
    *,
    devices: Annotated[
        bool, typer.Option("--devices", help="Write a made-up devices.csv instead, for miexchange batch.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one trade-in on the shipped data, from the IMEI to the coupon, with refusals.

    It asks nothing and writes no file. The exit code is 0.
    """
    if devices:
        _output.write_sample(_data.folder() / "devices.csv", as_json=as_json)
        return
    story = _demo.journey()
    if as_json:
        _output.write_json(story.to_dict(), story.programme.currency)
        return
    _output.say_story(_demo.tell(story, _output.writer(story.programme.currency), _output.width()))


app.command("quote", epilog=EXIT_CODES)(_quote.quote)
app.command("batch", epilog=EXIT_CODES)(_batch.batch)
app.command("report", epilog=EXIT_CODES)(_report.report)
app.command("imei", epilog=EXIT_CODES)(_imei.imei)
app.command("models", epilog=EXIT_CODES)(_models.models)
_programmes.command("lint", epilog=EXIT_CODES)(_programme.lint)
_programmes.command("show", epilog=EXIT_CODES)(_programme.show)
_programmes.command("prove", epilog=EXIT_CODES)(_prove.prove)
_programmes.command("diff", epilog=EXIT_CODES)(_programme_diff.diff)
_programmes.command("cases", epilog=EXIT_CODES)(_cases.cases)
_programmes.command("test", epilog=EXIT_CODES)(_cases.run)
_programmes.command("new", epilog=EXIT_CODES)(_new.new)
_programmes.command("schema", epilog=EXIT_CODES)(_new.schema)
_coupons.command("check", epilog=EXIT_CODES)(_coupon.check)
_price_lists.command("import", epilog=EXIT_CODES)(_prices.import_)
for _step in (_prices.diff, _prices.cost, _prices.publish, _prices.rollback):
    _price_lists.command(_step.__name__, epilog=EXIT_CODES)(_step)
app.add_typer(_programmes, name="programme")
app.add_typer(_price_lists, name="prices")
app.add_typer(_coupons, name="coupon")
for _verb in (
    _ledger.create,
    _ledger.show,
    _ledger.history,
    _ledger.void,
    _ledger_records.identify,
    _ledger_records.attempt,
    _ledger_records.send,
    _ledger_records.wipe,
    _ledger_records.override,
    _ledger.sweep,
    _ledger.forget_answers,
    _ledger.verify,
    _ledger.checkpoint,
    _ledger.exposure,
    _ledger.migrate,
):
    _ledgers.command(_verb.__name__.replace("_", "-"), epilog=EXIT_CODES)(_verb)
_ledgers.command("list", epilog=EXIT_CODES)(_ledger_lists.listing)
_ledgers.command("export", epilog=EXIT_CODES)(_ledger_lists.export)
_ledgers.command("reconcile", epilog=EXIT_CODES)(_ledger_lists.reconcile)
app.add_typer(_ledgers, name="ledger")
app.command("demo", epilog=EXIT_CODES)(demo)
app.command("completion", epilog=EXIT_CODES)(_completion.completion)


def command() -> Any:  # noqa: ANN401 - click's class, or the one that typer has in its place
    """Return the command as one object, ready to be run."""
    if _completion.is_asked():
        _completion.get_ready()
    return _built()


@cache
def _built() -> Any:  # noqa: ANN401 - as above
    """Build the command once: it takes longer than most subcommands do, and a mistake looks into it as well."""
    return typer.main.get_command(app)


def found(arguments: Sequence[str]) -> tuple[str, Any]:
    """Return the part of the command that some arguments lead to, and how it is called."""
    path, here = "miexchange", command()
    for argument in arguments:
        below = getattr(here, "commands", {}).get(argument)
        if below is None:
            break
        path, here = f"{path} {argument}", below
    return path, here
