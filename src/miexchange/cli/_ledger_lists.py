"""`miexchange ledger list | export | reconcile`: what is in a ledger, for people, warehouses and other systems."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miexchange.cli import _given, _ledger, _output
from miexchange.cli._files import FormatOption, at_hand
from miexchange.cli._options import Json, KeyFile, OldKeyFiles
from miexchange.errors import InvalidImei
from miexchange.exchange import State
from miexchange.imei import Imei

if TYPE_CHECKING:
    from miexchange.ledger import Difference

__all__ = ["export", "listing", "reconcile"]

InState = Annotated[
    State | None, typer.Option("--state", metavar="STATE", help=f"Only this state: {', '.join(State)}.")
]
OnDay = Annotated[
    str | None, typer.Option("--day", metavar="DAY", help="Only those accepted on this day, such as 2018-03-20.")
]
OfProgramme = Annotated[str | None, typer.Option("--programme", metavar="ID", help="Only those of this programme.")]


def _day(text: str | None) -> date | None:
    return None if text is None else _given.day(text, "--day")


def listing(
    *,
    ledger: _ledger.Where,
    account: Annotated[str | None, typer.Option(metavar="ID", help="Only this account.")] = None,
    state: InState = None,
    day: OnDay = None,
    zone: _ledger.DaysOf = "UTC",
    imei: Annotated[
        str | None,
        typer.Option(metavar="IMEI", help="Only the phone with this IMEI, of either SIM. Needs the key."),
    ] = None,
    order: Annotated[
        str | None, typer.Option(metavar="ID", help="The exchange that is, or was last, used for this order.")
    ] = None,
    programme: OfProgramme = None,
    after: Annotated[
        str | None, typer.Option(metavar="CODE", help="The code of the last one of the page before.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="The most exchanges to list, up to 1000.")] = 50,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """List exchanges in the order in which they were accepted, a page at a time.

    The exit code is 0 even if there are none.
    """
    begins = _given.zone(zone, "--zone")
    try:
        number = None if imei is None else Imei.parse(imei)
    except InvalidImei as error:
        raise _given.Wrong(f"--imei is no IMEI: {error}") from None
    has_key = number is not None
    with (
        _ledger.unlocked(ledger, key_file, old_key_file, "A phone's IMEI") if has_key else _ledger.opened(ledger)
    ) as store:
        found = store.find(
            account=account,
            state=state,
            day=_day(day),
            imei=number,
            order=order,
            programme=programme,
            zone=begins,
            after=after,
            limit=limit,
        )
    last = found[-1].code if len(found) == limit else None
    if as_json:
        listed = {"answer": "exchanges", "exchanges": [one.to_dict() for one in found], "after": last}
        _output.write_json(listed, *dict.fromkeys(one.currency for one in found))
        return
    heads = ("Accepted", "Code", "State", "Account", "Order")
    columns = [*map(_output.Column, heads), _output.Column("Worth", justify="right")]
    rows = [
        (
            _output.moment(one.began, begins)[:16],  # to the minute
            one.code,
            one.state.value,
            one.account,
            one.order or "",
            _output.writer(one.currency)(one.value_minor),
        )
        for one in found
    ]
    _output.say_table(columns, rows)
    if last is not None:
        _output.say(f"There may be more: add --after {last}")


def export(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The Parquet file to write.")],
    *,
    ledger: _ledger.Where,
    events: Annotated[bool, typer.Option("--events", help="The events of the feed; by default the exchanges.")] = False,
    after: Annotated[str, typer.Option(metavar="POSITION", help="For events, the position to begin after.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT if it exists.")] = False,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Write all exchanges, or all events, to a Parquet file that only its owner can read.

    Events without a position in the feed get one now, which needs the key; without the key they are left out.
    """
    has_key = events and _given.has_key(key_file)
    with _ledger.unlocked(ledger, key_file, old_key_file, "The feed") if has_key else _ledger.opened(ledger) as store:
        what = "events" if events else "exchanges"
        written = _ledger.package().export(store, target, what=what, after=after, overwrite=force)
    if as_json:
        _output.write_json({"answer": "export", "what": what, **written.to_dict()})
        return
    _output.say(f"{written.rows:,} {what} are in {target}.")
    if written.position:
        _output.say(f"To go on behind them later: --after {written.position}")


def reconcile(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or JSON lines (.jsonl) with columns of these names: code or order, or both; and what is to be "
            "compared of state, value_minor (the coupon's worth) and discount_minor (what came off the order).",
        ),
    ],
    *,
    ledger: _ledger.Where,
    state: InState = None,
    day: OnDay = None,
    zone: _ledger.DaysOf = "UTC",
    programme: OfProgramme = None,
    format: FormatOption = None,  # noqa: A002 - as it is typed
    as_json: Json = False,
) -> None:
    """Compare the ledger with a file of the shop or the payment system, and list the differences in both directions.

    The options select the exchanges that the file should have; by default all. The exit code is 1 if anything differs.
    """
    begins = _given.zone(zone, "--zone")
    with _ledger.opened(ledger) as store, at_hand(source, "FILE", ("csv", "jsonl"), format) as path:
        found = _ledger.package().reconcile(store, path, state=state, day=_day(day), programme=programme, zone=begins)
    if as_json:
        told = {"answer": "reconciliation", "agrees": bool(found), **found.to_dict()}
        _output.write_json(told, *dict.fromkeys(one.currency for one in found.differences if one.currency))
    else:
        agrees = "They agree" if found else f"They differ in {len(found.differences)} points"
        _output.say(f"{agrees}. {found.rows} rows, {found.exchanges} exchanges.", style="bold")
        if not found:
            columns = [_output.Column(name) for name in ("Line", "What", "Code", "Order", "File", "Ledger")]
            _output.say_table(columns, map(_told, found.differences))
    if not found:
        raise typer.Exit(1)


def _told(one: "Difference") -> tuple[str, ...]:
    theirs, ours = one.theirs, one.ours
    if one.currency is not None and one.what in {"value_minor", "discount_minor"}:
        theirs, ours = (_output.writer(one.currency)(int(amount)) for amount in (theirs, ours))
    return (f"{one.line or ''}", one.what, one.code, one.order, theirs, ours)
