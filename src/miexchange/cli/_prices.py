"""`miexchange prices`: the life of a price list, from a spreadsheet to the price in force."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from miexchange._text import counted, listed
from miexchange.cli import _given, _output
from miexchange.cli._files import FormatOption, at_hand
from miexchange.cli._options import At, Json
from miexchange.errors import DataError, InvalidValue, Problem
from miexchange.pricelists import (
    DRAFT,
    Form,
    PriceChange,
    Publication,
    Reading,
    programme_of,
    read,
    read_book,
    read_draft,
    write_draft,
)
from miexchange.pricelists import cost as cost_of
from miexchange.pricelists import diff as diff_of
from miexchange.pricelists import publish as publish_list
from miexchange.pricelists import rollback as take_back
from miexchange.programme import Programme, doubts

__all__ = ["cost", "diff", "import_", "publish", "rollback"]

_Own = Annotated[str, typer.Argument(metavar="PROGRAMME", help="The directory of a programme of your own.")]
_SHOWN = 20


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The price list: CSV, or Excel (.xlsx).")],
    *,
    into: Annotated[
        str, typer.Option("--into", metavar="PROGRAMME", help="Whose prices they are: a directory, or an id to try.")
    ],
    write: Annotated[
        bool, typer.Option("--write", help=f"Keep the list as {DRAFT}. Without it, nothing is written.")
    ] = False,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Keep the rows that can be read, and leave the others out.")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="The column of the model; repeated, columns are read as one name."),
    ] = None,
    price: Annotated[str, typer.Option(metavar="COLUMN", help="The column of the price.")] = "price",
    unit: Annotated[str, typer.Option(metavar="unit|minor", help="Prices in rupees, or in paise.")] = "unit",
    date: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the first day of each price, if there is one.")
    ] = "",
    basis: Annotated[
        str | None,
        typer.Option(metavar="observed|modelled", help="The basis of the prices, without a column basis."),
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="The source of the prices. By default the column source, or the row.")
    ] = "",
    format: FormatOption = None,  # noqa: A002 - as it is typed
    sheet: Annotated[str, typer.Option(metavar="NAME", help="The sheet of an Excel file with several.")] = "",
    header_row: Annotated[int, typer.Option(metavar="N", help="The row with the names of the columns.")] = 1,
    encoding: Annotated[str, typer.Option(metavar="NAME", help="The encoding of CSV, such as windows-1252.")] = "utf-8",
    delimiter: Annotated[
        str, typer.Option(metavar="NAME", help="Between cells: comma, semicolon, tab or bar.")
    ] = "comma",
    decimal: Annotated[str, typer.Option(metavar="NAME", help="The decimal mark: point or comma.")] = "point",
    grouping: Annotated[
        str, typer.Option(metavar="NAME", help="Between digits: none, comma, point, space or apostrophe.")
    ] = "none",
    sign: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="A sign beside the digits, such as ₹. May be repeated.")
    ] = None,
    dates: Annotated[
        str,
        typer.Option(metavar="ORDER", help="The order of text dates: iso, dmy, mdy or ymd; excel for day numbers."),
    ] = "iso",
    as_json: Json = False,
) -> None:
    """Read the price list of a spreadsheet in the format that the options state; nothing is guessed.

    Each row that cannot be read is listed with its cell and the remedy. It is a dry run unless --write is given, which
    stores the list beside the programme as its next one. The exit code is 2 if a row cannot be read.
    """
    rules = programme_of(_given.programme_source(into))
    asked = _form(
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        grouping=grouping,
        signs=tuple(sign or ()),
        dates=dates,
        sheet=sheet,
        header_row=header_row,
        model=tuple(model or ("model",)),
        price=price,
        unit=unit,
        date=date,
        basis=basis,
        source=source,
    )
    with at_hand(file, "FILE", ("csv", "xlsx"), format) as path:
        reading = read(path, rules, asked)
    is_whole = bool(len(reading.prices)) and (leave_out or not reading.problems)
    written = write_draft(reading.prices, into) if write and is_whole else None
    if as_json:
        _output.write_json(_reading_data(reading, written), rules.currency)
    else:
        _show_reading(file, reading, rules, written, asked=write)
    raise typer.Exit(0 if is_whole else 2)


def _form(**stated: Any) -> Form:  # noqa: ANN401 - what was typed
    try:
        return Form(**stated)
    except InvalidValue as fault:
        option = _OPTIONS.get(fault.field.split(".")[1], fault.field.split(".")[1].replace("_", "-"))
        raise _given.Wrong(f"--{option} {fault.what}: {fault.rule}") from None


_OPTIONS = {"signs": "sign"}


def _reading_data(reading: Reading, written: Path | None) -> dict[str, Any]:
    return {
        "rows": reading.rows,
        "prices": [one.to_dict() for one in reading.prices],
        "problems": [_problem_data(problem) for problem in reading.problems],
        "not_read": list(reading.not_read),
        "written": None if written is None else f"{written}",
    }


def _problem_data(problem: Problem) -> dict[str, Any]:
    names = ("file", "line", "column", "message", "remedy")
    return {name: getattr(problem, name) for name in names}


def _show_reading(file: Path, reading: Reading, rules: Programme, written: Path | None, *, asked: bool) -> None:
    _output.say_lines(str(problem) for problem in reading.problems)
    count = len(reading.prices)
    _output.say(f"{file.name}: {counted(count, 'price')} of {counted(reading.rows, 'row')}", style="bold")
    write = _output.writer(rules.currency)
    if count:
        _output.say_table(
            [_output.Column("Model"), _output.Column("Price", justify="right")],
            ((rules.catalogue.labels[one.model], write(one.price_minor)) for one in [*reading.prices][:_SHOWN]),
        )
    if count > _SHOWN:
        _output.say(f"{count - _SHOWN} more are not shown: --json has all of them.")
    if reading.not_read:
        _output.say(f"Columns that are not read: {listed(reading.not_read)}")
    if written is not None:
        _output.say(f"Kept as {written}. Next: miexchange prices diff {written.parent}")
    elif reading.problems:
        _output.say("Nothing is written. Correct the file, state its form, or --leave-out what cannot be read.")
    elif not asked:
        _output.say("Nothing is written: this was a dry run. To keep the list, add --write.")


def diff(programme: _Own, *, at: At = None, as_json: Json = False) -> None:
    """Compare the next list with the prices in force: prices that fall, rise, or are surely wrong.

    The exit code is 1 if a price is surely wrong, such as ten times its last one.
    """
    rules = programme_of(_given.programme_source(programme))
    moment = _given.instant(at, "--at", rules.zone)
    found = diff_of(read_draft(programme), rules, at=moment)
    if as_json:
        _output.write_json(found.to_dict(), rules.currency)
        raise typer.Exit(1 if found.doubts else 0)
    _output.say(f"The next list of {rules.title}, beside {_output.moment(moment, rules.zone)}", style="bold")
    missing = f"{len(found.missing)} on no row of the list, which keep their price"
    _output.say_facts([("same", f"{found.same}"), ("missing", missing)])
    for heading, changes in (("Fell", found.fell), ("Rose", found.rose), ("New", found.new)):
        _show_changes(heading, changes, rules)
    for doubt in found.doubts:
        _output.say(f"Surely wrong: {doubt}")
    raise typer.Exit(1 if found.doubts else 0)


def _show_changes(heading: str, changes: tuple[PriceChange, ...], rules: Programme) -> None:
    if not changes:
        return
    write = _output.writer(rules.currency)
    columns = [_output.Column(f"{heading}: {len(changes)}")]
    columns += [_output.Column(name, justify="right") for name in ("Before", "After", "Change")]
    rows = (
        (
            rules.catalogue.labels.get(one.model, one.model),
            "none" if one.before_minor is None else write(one.before_minor),
            write(one.after_minor),
            "" if one.change_bps is None else f"{one.change_bps / 100:+.1f} %",
        )
        for one in changes[:_SHOWN]
    )
    _output.say()
    _output.say_table(columns, rows)
    if len(changes) > _SHOWN:
        _output.say(f"{len(changes) - _SHOWN} more are not shown: --json has all of them.", indent=2)


def cost(
    programme: _Own,
    *,
    book: Annotated[
        Path, typer.Option("--book", metavar="FILE", help="CSV of devices: model, answers, at; - is stdin.")
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="INSTANT", help="The instant of the valuation, without a column at."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute what the next list would have paid for a book of devices, such as those of last month.

    The list's price replaces every price of a variant on the list, whenever it began. Winners are devices that would
    have been paid more, losers less.
    """
    rules = programme_of(_given.programme_source(programme))
    moment = None if at is None else _given.instant(at, "--at", rules.zone)
    with at_hand(book, "--book", ("csv",)) as path:
        devices = read_book(path)
    found = cost_of(read_draft(programme), rules, devices, at=moment)
    change = found.rows["change_minor"]
    before, after = int(found.rows["a_minor"].sum()), int(found.rows["b_minor"].sum())
    winners, losers = int((change > 0).sum()), int((change < 0).sum())
    by_model = change[change != 0].groupby(devices.loc[change.index, "model"].astype(str)).agg(["sum", "size"])
    models: list[dict[str, Any]] = [
        {"model": f"{model}", "change_minor": int(total), "devices": int(count)}
        for model, total, count in by_model.sort_values("sum", kind="stable").itertuples()
    ]
    if as_json:
        counts = {"devices": len(found.rows), "winners": winners, "losers": losers, "models": models}
        amounts = {"before_minor": before, "after_minor": after, "change_minor": after - before}
        _output.write_json({**counts, **amounts}, rules.currency)
        return
    write = _output.writer(rules.currency)
    _output.say(f"{len(found.rows):,} devices, {rules.title}", style="bold")
    rows = [
        ("paid", write(before)),
        ("with the list", f"{write(after)}, a change of {write(after - before)}"),
        ("winners", f"{winners:,} would have been paid more"),
        ("losers", f"{losers:,} would have been paid less"),
    ]
    _output.say_facts(rows)
    if models:
        columns = [_output.Column("Model"), *(_output.Column(name, justify="right") for name in ("Devices", "Change"))]
        shown = models if len(models) <= _SHOWN else [*models[: _SHOWN // 2], *models[-_SHOWN // 2 :]]
        _output.say()
        _output.say_table(columns, ((one["model"], f"{one['devices']:,}", write(one["change_minor"])) for one in shown))
        if len(models) > _SHOWN:
            _output.say(f"{len(models) - _SHOWN} between these are not shown: --json has all of them.", indent=2)


def publish(
    programme: _Own,
    *,
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="The first day of the prices, in the programme's zone."),
    ] = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Publish the next list from a future day: its rows are added, and no other row is changed.

    The files are replaced only if the programme has no problems with the list. The instant of the publication is --at.
    """
    rules = programme_of(_given.programme_source(programme))
    moment = _given.instant(at, "--at", rules.zone)
    start = None if begins is None else _given.instant(begins, "--from", rules.zone)
    known = _messages(programme)
    try:
        done = publish_list(read_draft(programme), programme, at=moment, begins=start)
    except InvalidValue as fault:
        raise _said(fault) from None
    _show_publication("Published", done, rules, as_json=as_json)
    if not as_json:
        _output.say_lines(f"warning: {one}" for one in doubts(programme) if one.message not in known)


def _messages(programme: str) -> set[str]:
    """Return what is doubted before a list is published; models that wait for their first price are a problem still."""
    with suppress(DataError):
        return {one.message for one in doubts(programme)}
    return set()


def rollback(programme: _Own, *, at: At = None, as_json: Json = False) -> None:
    """Remove the last published list, if none of its prices has been in force yet.

    A list that has been in force stays, because quotes were made with it: import the right prices and publish them.
    """
    rules = programme_of(_given.programme_source(programme))
    moment = _given.instant(at, "--at", rules.zone)
    try:
        done = take_back(programme, at=moment)
    except InvalidValue as fault:
        raise _said(fault) from None
    _show_publication("Taken back", done, rules, as_json=as_json)


def _said(fault: InvalidValue) -> _given.Wrong:
    """Say what is wrong with an argument by what is typed."""
    names = {"begins": "--from", "at": "--at", "prices": "the next list", "directory": "PROGRAMME"}
    return _given.Wrong(f"{names.get(fault.field, fault.field)} {fault.what}: {fault.rule}")


def _show_publication(what: str, done: Publication, rules: Programme, *, as_json: bool) -> None:
    if as_json:
        _output.write_json(done.to_dict())
        return
    _output.say(f"{what}: {counted(done.rows, 'price')}, {rules.title}", style="bold")
    _output.say_facts(
        [
            ("from", _output.moment(done.begins, rules.zone)),
            ("published", _output.moment(done.published_at, rules.zone)),
        ]
    )
