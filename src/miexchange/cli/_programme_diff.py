"""`miexchange programme diff`: the changes of a new edition of a programme, and who gets less by it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miexchange._time import in_zone
from miexchange.cli import _given, _output
from miexchange.cli._files import at_hand
from miexchange.cli._options import At, Json
from miexchange.programme import diff as diff_of

if TYPE_CHECKING:
    from miexchange.programme import Programme
    from miexchange.tuning import Comparison

__all__ = ["diff"]

_Edition = "A programme's directory, or a shipped programme's id"


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"The edition in force: {_Edition}.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The edition to follow it, likewise.")],
    *,
    at: At = None,
    book: Annotated[
        Path | None, typer.Option("--book", metavar="FILE", help="CSV of devices, to count winners and losers in.")
    ] = None,
    seconds: Annotated[
        int, typer.Option(min=1, max=86_400, help="How long the solver may think about one question.")
    ] = 20,
    as_json: Json = False,
) -> None:
    """List the changes of a new edition, and who gets less by it from --at on: nobody, proved, or these phones.

    Changes of what was in force by --at are named too: old quotes cannot be replayed with the new edition. The
    exit code is 0 if nobody gets less, and 1 if somebody does or nobody can tell. A proof needs the extra prove.
    """
    from miexchange.losses import losses  # noqa: PLC0415 - slow to load

    before, after = (_given.programme(edition) for edition in (old, new))
    moment = _given.instant(at, "--at", before.zone)
    changes = diff_of(before, after, at=moment)
    compared = None if book is None else _compared(before, after, book)  # first: a wrong file is reported at once
    found = losses(before, after, at=moment, seconds=seconds)
    if as_json:
        data: dict[str, Any] = {"diff": changes.to_dict(), "losses": found.to_dict()}
        if compared is not None:
            data["book"] = _counts(compared)
        _output.write_json(data, before.currency)
    else:
        write = _output.writer(before.currency)
        _output.say(f"{before.title}: what changed", style="bold")
        _output.say_lines(changes.explain().splitlines())
        _output.say()
        _output.say(f"Who gets less, from {_output.moment(moment, before.zone)} on", style="bold")
        _output.say_lines(in_zone(found.explain(write), before.zone).splitlines())
        if compared is not None:
            counts = _counts(compared)
            _output.say()
            _output.say(f"{counts['devices']:,} devices of {book}", style="bold")
            rows = [("winners", f"{counts['winners']:,}"), ("losers", f"{counts['losers']:,}")]
            _output.say_facts([*rows, ("cost", write(counts["change_minor"]))])
    raise typer.Exit(0 if found.verdict in {"proved", "valued"} else 1)


def _compared(before: "Programme", after: "Programme", book: Path) -> "Comparison":
    from miexchange.pricelists import read_book  # noqa: PLC0415 - as above
    from miexchange.tuning import compare  # noqa: PLC0415 - as above

    with at_hand(book, "--book", ("csv",)) as path:
        return compare(before, after, read_book(path))


def _counts(compared: "Comparison") -> dict[str, int]:
    change = compared.rows["change_minor"]
    winners, losers = int((change > 0).sum()), int((change < 0).sum())
    return {"devices": len(change), "winners": winners, "losers": losers, "change_minor": int(change.sum())}
