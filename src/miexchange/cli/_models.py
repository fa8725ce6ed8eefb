"""`miexchange models`: search the catalogue, with what a programme says of each model today."""

from datetime import datetime
from typing import Annotated, Any

import typer

from miexchange.catalogue import Variant
from miexchange.cli import _given, _output
from miexchange.cli._options import At, Json, ProgrammeOption
from miexchange.eligibility import listing_code
from miexchange.errors import shown
from miexchange.programme import Programme

__all__ = ["models"]


def models(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="Words of the name, such as redmi note 4.")],
    *,
    programme: ProgrammeOption = "mi-exchange-india",
    at: At = None,
    limit: Annotated[int, typer.Option(min=1, help="The most models to show.")] = 20,
    as_json: Json = False,
) -> None:
    """Search the models by words of their name: is it on the list that day, and what is its price?

    The exit code is 1 if no model has all the words; the nearest names are then shown.
    """
    rules = _given.programme(programme)
    moment = _given.instant(at, "--at", rules.zone)
    text = " ".join(words)
    found = rules.catalogue.search(text)
    rows = [_row(variant, rules, moment) for variant in found[:limit]]
    near = () if found else rules.catalogue.nearest(text)
    if as_json:
        nearest = [variant.model for variant in near]
        when = moment.isoformat()
        data = {"at": when, "found": len(found), "models": rows, "nearest": nearest, "programme": rules.id}
        _output.write_json(data, rules.currency)
    elif found:
        _show(rows, len(found), rules, moment)
    else:
        _output.say(f"No model has the words {shown(text)}.")
        if near:
            _output.say("Did you mean one of these?")
            _output.say_facts((one.model, one.label) for one in near)
        else:
            _output.say("Try fewer words, or the brand alone.")
    raise typer.Exit(0 if found else 1)


def _row(variant: Variant, rules: Programme, at: datetime) -> dict[str, Any]:
    terms = rules.terms_at(at)
    on = at.astimezone(rules.zone).date()
    price = rules.prices.as_of(variant.model, at)
    return {
        "model": variant.model,
        "label": variant.label,
        "listed": listing_code(variant, rules.brands, rules.categories, rules.eligible, on) is None,
        "price_minor": None if price is None else price.price_minor,
        "priced_from": None if price is None else price.effective_from.astimezone(rules.zone).isoformat(),
        "basis": None if price is None else price.basis,
        "stale": price is not None and terms is not None and at - price.effective_from > terms.price_max_age,
    }


def _show(rows: list[dict[str, Any]], count: int, rules: Programme, at: datetime) -> None:
    write = _output.writer(rules.currency)
    _output.say(f"{rules.title} at {_output.moment(at, rules.zone)}", style="bold")
    _output.say()
    cells = []
    for row in rows:
        price = "none" if row["price_minor"] is None else write(row["price_minor"])
        since = (row["priced_from"][:10], row["basis"]) if row["priced_from"] else ""
        name, listed = (row["label"], row["model"]), "yes" if row["listed"] else "no"
        cells.append((name, listed, (price, "stale") if row["stale"] else price, since))
    columns = [_output.Column("Model"), _output.Column("Listed"), _output.Column("Price", justify="right")]
    _output.say_table([*columns, _output.Column("Since")], cells, indent=0)
    _output.say()
    if count > len(rows):
        _output.say(f"{count - len(rows)} more are not shown: add words, or --limit {count}.")
    if any(row["basis"] == "modelled" for row in rows):
        _output.say("A modelled price is made by a formula from published figures; nobody observed or offered it.")
    if rules.terms_at(at) is None:
        _output.say(f"The programme begins at {_output.moment(rules.terms[0].effective_from, rules.zone)}.")
    if any(row["stale"] for row in rows):
        latest = max(row["priced_from"][:10] for row in rows if row["stale"])
        _output.say(f"A stale price is too old to quote at that instant. To ask as of then, add --at {latest}.")
