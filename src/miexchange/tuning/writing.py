"""Writing a programme as the directory that `Programme.load` reads.

>>> import tempfile
>>> from pathlib import Path
>>> from miexchange import Programme
>>> from miexchange.tuning import write_programme
>>> programme = Programme.load("mi-exchange-india")
>>> with tempfile.TemporaryDirectory() as folder:
...     Programme.load(write_programme(programme, Path(folder) / "copy")) == programme
True
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from miexchange.errors import InvalidValue
from miexchange.money import BPS
from miexchange.programme import Programme
from miexchange.tuning._arguments import PATH, instance, takes
from miexchange.tuning._checks import new_directory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from miexchange.catalogue import Variant
    from miexchange.condition import Option, Question
    from miexchange.eligibility import Listing
    from miexchange.market import Anchor, Price
    from miexchange.programme import Terms

__all__ = ["write_programme"]

_Row = tuple[object, ...]


@takes(programme=instance(Programme), directory=PATH)
def write_programme(programme: Programme, directory: str | Path) -> Path:
    """Write a programme and all its tables to a new directory, and return it.

    Loading it gives an equal programme: the same digest.

    Raises:
        InvalidValue: the directory is there already or cannot be written, the zone is no whole number of minutes, or
            a text would be read back as another one.
    """
    files = {"programme.toml": _toml(programme), **_tables(programme)}
    target = new_directory(directory)
    try:
        target.mkdir(parents=True)
        for name, text in files.items():
            (target / name).write_bytes(text.encode())
    except (OSError, ValueError) as error:
        raise InvalidValue("directory", str(target), f"it cannot be written: {error}") from None
    return target


def _tables(programme: Programme) -> dict[str, str]:
    files = {
        "models.csv": _csv(
            "model,brand,name,ram_mb,storage_gb,launched_on,launch_price_paise,aliases,source,sims",
            map(_variant, programme.catalogue.variants),
        ),
        "tac.csv": _csv("tac,brand,model,source", ((t, d.brand, d.model, d.source) for t, d in programme.tacs)),
        "eligible_models.csv": _csv(
            "model,listed_from,listed_until,source", map(_listing, programme.eligible.listings)
        ),
        "market_prices.csv": _csv(
            "model,effective_from,effective_until,price_paise,basis,source", map(_price, programme.prices.prices)
        ),
    }
    if programme.anchors.anchors:
        head = "model,component,effective_from,effective_until,amount_paise,basis,source"
        files["repair_anchors.csv"] = _csv(head, map(_anchor, programme.anchors.anchors))
    for number, terms in enumerate(programme.terms):
        files[f"questions{_suffix(number)}.toml"] = _questions(terms)
        files[f"condition{_suffix(number)}.csv"] = _csv(
            "question,option,gate,grade,keep_bps,deduct_paise,deduct_bps,anchor,weight_bps,extra_paise,source",
            (
                _option(question, option, terms)
                for question in terms.questionnaire.questions
                for option in question.options
            ),
        )
        files[f"grades{_suffix(number)}.csv"] = _csv(
            "grade,keep_bps,ctia,r2,meaning,source",
            ((g.id, g.keep_bps, g.ctia, g.r2, g.meaning, g.source or "as given") for g in terms.grades),
        )
    return files


def _suffix(number: int) -> str:
    return f"_{number + 1}" if number else ""


def _csv(head: str, rows: Iterable[_Row]) -> str:
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    write.writerow(head.split(","))
    write.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cell(cell: object) -> object:
    """Return a cell as it is read back; a table is read without the space around its cells."""
    if isinstance(cell, str) and cell != cell.strip():
        raise InvalidValue("programme", cell, "a table cannot keep the space around a text: take it away")
    return "" if cell is None else cell


def _variant(variant: Variant) -> _Row:
    facts = (variant.model, variant.brand, variant.name, variant.ram_mb, variant.storage_gb, variant.launched_on)
    for alias in variant.aliases:
        if "|" in alias or not alias or alias != alias.strip():
            raise InvalidValue("programme", alias, "an alias stands between | in its table: give it another form")
    return (*facts, variant.launch_price_paise, "|".join(variant.aliases), variant.source, variant.sims)


def _listing(listing: Listing) -> _Row:
    return (listing.model, listing.listed_from, listing.listed_until, listing.source)


def _price(price: Price) -> _Row:
    return (price.model, *_span(price), price.price_paise, price.basis, price.source)


def _anchor(anchor: Anchor) -> _Row:
    return (anchor.model, anchor.component, *_span(anchor), anchor.amount_paise, anchor.basis, anchor.source)


def _span(dated: Price | Anchor) -> tuple[str, str]:
    until = dated.effective_until
    return dated.effective_from.isoformat(), "" if until is None else until.isoformat()


def _option(question: Question, option: Option, terms: Terms) -> _Row:
    cost = option.deduction
    numbers = (cost.paise, cost.share_bps, cost.anchor, cost.weight_bps) if cost is not None else (None,) * 4
    return (
        question.id,
        option.id,
        "refuse" if option.gate else "",
        terms.grades[option.grade].id if option.grade else "",
        "" if option.keep_bps == BPS else option.keep_bps,
        *(number or "" for number in numbers),
        option.extra_paise or "",
        option.source,
    )


# TOML. The standard library reads it and does not write it; what a programme needs of it is little.


def _toml(programme: Programme) -> str:
    offset = programme.zone.utcoffset(None).total_seconds() / 60
    if offset != int(offset):
        raise InvalidValue("Programme.zone", f"{programme.zone}", "give a zone of whole minutes")
    head = {
        "id": programme.id,
        "title": programme.title,
        "utc_offset_minutes": int(offset),
        "brands": tuple(sorted(programme.brands)),
        "models": "models.csv",
        "tacs": "tac.csv",
        "eligible_models": "eligible_models.csv",
        "market_prices": "market_prices.csv",
    }
    if programme.anchors.anchors:
        head["repair_anchors"] = "repair_anchors.csv"
    lines = [f"{key} = {_plain(value)}" for key, value in head.items()]
    for number, terms in enumerate(programme.terms):
        lines += _terms(terms, number)
    return "\n".join(lines) + "\n"


def _terms(terms: Terms, number: int) -> list[str]:
    tables = {name: f"{name}{_suffix(number)}" for name in ("questions", "condition", "grades")}
    plain, nested = ["", "[[terms]]"], []
    plain += [f'{name} = "{file}.{"toml" if name == "questions" else "csv"}"' for name, file in tables.items()]
    for field in dataclasses.fields(terms):
        value = getattr(terms, field.name)
        if field.name in {"questionnaire", "grades"} or value is None:
            continue
        if dataclasses.is_dataclass(value):
            nested += ["", f"[terms.{field.name}]", *_fields(value)]
        elif isinstance(value, tuple):
            for one in value:
                nested += ["", f"[[terms.{field.name}]]", *_fields(one)]
        else:
            plain.append(f"{field.name} = {_plain(value)}")
    for question in terms.questionnaire.questions:
        if question.asked_brands or question.asked_launched_from:
            nested += ["", "[[terms.asked]]", f"question = {_plain(question.id)}"]
            if question.asked_brands:
                nested.append(f"brands = {_plain(question.asked_brands)}")
            if question.asked_launched_from:
                nested.append(f"launched_from = {_plain(question.asked_launched_from)}")
    return [*plain, *nested]


def _fields(value: Any) -> list[str]:  # noqa: ANN401 - any of the terms' values
    """Return a line for each field that is not left at its default."""
    kept = [
        (field.name, getattr(value, field.name))
        for field in dataclasses.fields(value)
        if getattr(value, field.name) != field.default
    ]
    return [f"{name} = {_plain(one)}" for name, one in kept]


def _plain(value: object) -> str:
    """Return a value as TOML: a JSON string is one in TOML too, but for the delete character."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _questions(terms: Terms) -> str:
    lines = [f"version = {_plain(terms.questionnaire.version)}"]
    for question in terms.questionnaire.questions:
        lines += ["", "[[question]]"]
        facts = {"id": question.id, "ask": question.ask, "component": question.component, "axis": question.axis}
        lines += [f"{key} = {_plain(value)}" for key, value in facts.items()]
        lines += ["optional = true"] * question.optional
        lines += [f"source = {_plain(question.source)}"] * bool(question.source)
        lines += ["options = [", *(f"    {_inline(option)}," for option in question.options), "]"]
    return "\n".join(lines) + "\n"


def _inline(option: Option) -> str:
    facts = {"id": option.id, "says": option.says, "ctia": option.ctia, "r2": option.r2}
    return "{ " + ", ".join(f"{key} = {_plain(value)}" for key, value in facts.items() if value) + " }"
