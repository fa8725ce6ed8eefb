"""`miexchange programme new` and `schema`: a programme from nothing, and what an editor needs to complete it."""

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from miexchange._questions import together
from miexchange._text import counted, listed
from miexchange._zone import named
from miexchange.cli import _ask, _country, _given, _output
from miexchange.cli._options import Json
from miexchange.money import currencies
from miexchange.programme import Programme, _toml_schema, new_programme

__all__ = ["new", "schema"]

_LIKE, _ALL, _NONE = "mi-exchange-india", "all", "none"


def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A directory that is not there yet; its name becomes the id.")
    ],
    *,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            metavar="ID|PATH",
            help="The programme whose questions, grades and settings are taken over. By default mi-exchange-india, "
            "which refuses every fault; graded-trade-in prices them.",
        ),
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(
            "--country", metavar="CODE", help="Two letters of ISO 3166, such as JP: its currency and its zone."
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CODE", help="The currency (ISO 4217), such as JPY.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="The zone of the days, such as Asia/Tokyo.")
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", metavar="WORD", help="A category of devices, such as tablet. May be repeated."),
    ] = None,
    question: Annotated[
        list[str] | None,
        typer.Option("--question", metavar="ID", help="A question that is asked. May be repeated. By default all."),
    ] = None,
    begins: Annotated[
        str | None,
        typer.Option("--begins", metavar="DAY", help="Its first day. By default today, or the first price's."),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Its name for people.")] = None,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="FILE", help="Your models, in the columns of models.csv.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option("--prices", metavar="FILE", help="Your prices, in the columns of market_prices.csv.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a new programme that lints, with a comment at each key.

    Without --models and --prices it contains examples, marked as such, to be replaced. Missing options are asked for at
    a terminal. No file is overwritten.
    """
    if directory.exists():
        raise _given.Wrong(f"'{directory}' is there already: give a directory that is not, or remove it")
    if (models is None) is not (prices is None):
        lacking = "--models" if models is None else "--prices"
        raise _given.Wrong(f"Models and prices are given together, or neither: add {lacking}")
    asks = _ask.can_ask()
    like = like or (_ask.for_word("Whose questions and settings?", _LIKE, "--like", _programme) if asks else _LIKE)
    old = _given.programme(like)
    day = None if begins is None else _given.day(begins, "--begins")
    place = _place(country, day or _given.now().date(), old.id, asks=asks and currency is None and zone is None)
    where = _zone(zone, place, asks=asks)
    if day is None and prices is None:
        day = _given.now().astimezone(old.zone if where is None else _given.zone(where, "--zone")).date()
    if asks and not category and models is None:
        category = _ask.for_word("Which categories?", ", ".join(sorted(old.categories)), "--category", _words)
    known = [one.id for one in together(old.terms[-1].questionnaire.questions)]
    if question:
        question = _questions(",".join(question), known)
    elif asks:
        prompt = f"Which questions, of {', '.join(known)}?"
        question = _ask.for_word(prompt, _ALL, "--question", lambda text: _questions(text, known))
    made = new_programme(
        directory,
        models,
        prices,
        begins=day,
        like=old,
        currency=_currency(currency, place, asks=asks),
        zone=where,
        categories=category or None,
        questions=question or None,
        title=title,
    )
    _tell(made, place, has_examples=prices is None, as_json=as_json)


def schema(*, as_json: Json = False) -> None:
    """Print the JSON Schema of programme.toml, with which editors complete and check it.

    `programme new` puts it beside the programme. To use it in another one, save it there as programme.schema.json and
    write `#:schema programme.schema.json` as the first line of programme.toml.
    """
    if as_json:
        _output.write_json(_toml_schema.schema())
    else:
        _output.say_lines(_toml_schema.schema_text().splitlines())


def _programme(text: str) -> str:
    return _given.programme_source(text)


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _questions(text: str, known: Sequence[str]) -> list[str]:
    if text == _ALL:
        return []
    for name in _words(text):
        if name not in known:
            raise _given.Wrong(f"There is no question '{name}'.{_given.nearest(name, known)}")
    return _words(text)


def _place(code: str | None, on: date, like: str, *, asks: bool) -> _country.Country | None:
    if code is None and asks:
        prompt = f"Which country, as two letters such as IN? {_NONE}: the currency and the zone of {like}"
        return _ask.for_word(
            prompt, _NONE, "--country", lambda text: None if text == _NONE else _country.country(text, on)
        )
    return None if code is None else _country.country(code, on)


def _currency(code: str | None, place: _country.Country | None, *, asks: bool) -> str | None:
    if code is not None and code not in currencies():
        near = _given.nearest(code, currencies())
        raise _given.Wrong(f"--currency '{code}' is none: give the three letters of ISO 4217, such as INR.{near}")
    if code is not None or place is None:
        return code
    known = [code for code in place.currencies if code in currencies()]
    return _one_of(known, f"currency of {place.name}", "--currency", asks=asks)


def _zone(name: str | None, place: _country.Country | None, *, asks: bool) -> str | None:
    if place is None:
        return name
    if name is None:
        return _one_of(place.zones, f"zone of {place.name}", "--zone", asks=asks)
    others = _country.countries_of(name)
    if others and place.code not in others:
        what = f"--zone '{name}' is a zone of {listed(others)}, and --country is {place.code}"
        raise _given.Wrong(f"{what}: give a zone of its own, such as {listed(place.zones)}, or leave --country out")
    return name


def _one_of(known: Sequence[str], what: str, option: str, *, asks: bool) -> str:
    """Return the only one of its kind, or the one that is chosen at the terminal."""
    if len(known) == 1:
        return known[0]
    if not asks or not known:
        those = f"{len(known)}: {listed(known)}" if known else "none that is known here"
        raise _given.Wrong(f"There is not one {what}, but {those}. Choose with {option}")

    def read(text: str) -> str:
        if text not in known:
            raise _given.Wrong(f"'{text}' is no {what}.{_given.nearest(text, known)}")
        return text

    return _ask.for_word(f"Which {what}, of {', '.join(known)}?", "", option, read)


def _tell(made: Path, place: _country.Country | None, *, has_examples: bool, as_json: bool) -> None:
    rules = Programme.load(made)
    (terms,) = rules.terms
    asked = len(together(terms.questionnaire.questions))
    day = terms.effective_from.astimezone(rules.zone).date()
    if as_json:
        _output.write_json(
            {
                "directory": str(made),
                "id": rules.id,
                "digest": rules.digest,
                "currency": rules.currency.code,
                "zone": named(rules.zone),
                "begins": f"{day}",
                "models": len(rules.eligible),
                "questions": asked,
                "has_examples": has_examples,
            }
        )
        return
    _output.say(rules.title, style="bold")
    models = f"{counted(len(rules.eligible), 'model')}{', examples to replace' if has_examples else ''}"
    rows = [
        ("written to", str(made)),
        ("currency", rules.currency.code),
        ("zone", named(rules.zone)),
        ("begins", f"{day}"),
        ("listed", models),
        ("questions", f"{asked}, like {terms.source.rpartition(' ')[2]}"),
    ]
    if place is not None and rules.currency.code not in place.currencies:
        rows.append(("mind", f"{place.name} pays in {listed(place.currencies)}"))
    _output.say_facts(rows)
    _output.say()
    first = next(iter(rules.eligible)).model
    if has_examples:
        files = "models.csv, eligible_models.csv and market_prices.csv"
        _output.say(f"Put your models and prices in place of the examples, in {files}. Then:")
    _output.say_lines(
        [
            f"  miexchange programme lint {shlex.quote(str(made))} --strict",
            f"  miexchange quote --programme {shlex.quote(str(made))} --model {shlex.quote(first)} --best --at {day}",
        ]
    )
