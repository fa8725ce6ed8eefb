"""Writing a programme as the directory that `Programme.load` reads: the only writer of programmes.

Texts are written as they are. The files are data for `Programme.load`, not for a spreadsheet, so a cell that looks
like a formula gets no apostrophe.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from miexchange._arguments import FLAG, PATH, takes
from miexchange._forms import left_out
from miexchange._questions import BankOption
from miexchange._value import Value, require
from miexchange._zone import AnyZone, Zone
from miexchange.errors import DataError, InvalidValue, out_of_range, shown
from miexchange.money import BPS
from miexchange.programme import _load
from miexchange.programme._fit import shape_of
from miexchange.programme._load import Asked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from miexchange._table import Table
    from miexchange.condition import Option, Question
    from miexchange.programme import Programme, Terms

__all__ = ["free_directory", "save"]

_GRADES = "keep_bps,ctia,r2,meaning,source"
_CONDITION = "question,option,gate,grade,keep_bps,deduct_minor,deduct_bps,anchor,weight_bps,extra_minor,source"
_BANDS = "least,most"
_QUESTION = ("id", "ask", "component", "axis", "optional", "source", "unit")

_QUOTED = re.compile(r'[,"\r\n]')


def save(programme: Programme, directory: str | Path, *, overwrite: bool) -> Path:
    """Write a programme; see `Programme.save`."""
    target = free_directory(directory, overwrite=overwrite)
    files = _files(programme)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The files are checked under another name first: the target is there whole, or not at all.
        with TemporaryDirectory(prefix=".", dir=target.parent) as room:
            new, old = Path(room) / "new", Path(room) / "old"
            new.mkdir()
            for name, text in files.items():
                (new / name).write_bytes(text.encode())
            _check(programme, new)
            if overwrite and target.exists():
                target.rename(old)
            try:
                new.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
    except OSError as error:
        raise _unwritable(target, error) from None
    return target


@takes(directory=PATH, overwrite=FLAG)
def free_directory(directory: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path of a directory that a programme can be saved to.

    Raises:
        InvalidValue: it is no path, something is there already, or what is there is no programme to overwrite.
    """
    target = Path(directory)
    try:
        is_there = target.is_symlink() or target.exists()
        fault = _fault(target) if is_there and overwrite else ""
    except OSError as error:  # such as a name that is too long
        raise _unwritable(target, error) from None
    if is_there and not overwrite:
        rule = "give a new one, remove it, or overwrite a programme with overwrite=True"
        raise out_of_range("directory", str(target), rule, which="is there already")
    if fault:
        rule = f"give another one: only a programme is overwritten, and {fault}"
        raise out_of_range("directory", str(target), rule)
    return target


def _unwritable(target: Path, error: OSError) -> InvalidValue:
    rule = "give another one, or let this one be written to"
    return out_of_range("directory", str(target), rule, which=f"cannot be written: {error.strerror or error}")


def _fault(target: Path) -> str:
    """Return what a directory has that a programme has not: overwriting it would delete that."""
    if target.is_symlink() or not (target / "programme.toml").is_file():
        return "this is none"
    for file in sorted(target.iterdir()):
        if file.is_symlink() or not file.is_file() or file.suffix not in {".csv", ".toml"}:
            return f"{file.name} is no file of one"
    return ""


def _check(programme: Programme, written: Path) -> None:
    """Refuse a programme that loading would refuse, or return as another one."""
    try:
        loaded = _load.load(written)
    except DataError as error:
        named = [replace(problem, file=Path(problem.file).name) for problem in error.problems]
        raise DataError(tuple(named)) from None
    if loaded != programme:
        name = next(one.name for one in fields(loaded) if getattr(loaded, one.name) != getattr(programme, one.name))
        rule, what = "give a zone of whole minutes", "is not what loading would return"
        raise out_of_range(f"Programme.{name}", getattr(programme, name), rule, what)


def _files(programme: Programme) -> dict[str, str]:
    """Return the text of every file, by its name."""
    tables = {
        "models": ("models.csv", *_rows(programme.catalogue)),
        "tacs": ("tac.csv", "tac,brand,model,source", ((t, d.brand, d.model, d.source) for t, d in programme.tacs)),
        "eligible_models": ("eligible_models.csv", *_rows(programme.eligible)),
        "market_prices": ("market_prices.csv", *_rows(programme.prices)),
    }
    if programme.anchors:
        tables["repair_anchors"] = ("repair_anchors.csv", *_rows(programme.anchors))
    if programme.treatments:
        tables["tax_treatments"] = ("tax_treatments.csv", *_rows(programme.treatments))
    files = {name: _table(head, rows) for name, head, rows in tables.values()}
    head = {
        "id": programme.id,
        "title": programme.title,
        "currency": programme.currency.code,
        **_zone(programme.zone),
        "price_step_minor": programme.price_step_minor,
        "categories": sorted(programme.categories),
        "brands": sorted(programme.brands),
        **{key: name for key, (name, _, _) in tables.items()},
    }
    lines = [f"{key} = {_toml(value)}" for key, value in head.items()]
    for number, terms in enumerate(programme.terms, 1):
        answers = _answers(terms, f"_{number}" if number > 1 else "")
        lines += _terms(terms, dict(zip(("questions", "condition", "grades"), answers, strict=True)))
        files |= answers
    return {"programme.toml": _lines(lines), **files}


def _zone(zone: AnyZone) -> dict[str, object]:
    if isinstance(zone, Zone):
        return {"zone": zone.key}
    return {"utc_offset_minutes": zone.utcoffset(None) // timedelta(minutes=1)}


def _answers(terms: Terms, suffix: str) -> dict[str, str]:
    """Return the question bank, what each answer does, and the grades."""
    questions = terms.questionnaire.questions
    bank = [f"version = {_toml(terms.questionnaire.version)}"]
    for question in questions:
        options = (
            f"    {{ {', '.join(_settings(option, shape_of(BankOption).types))} }}," for option in question.options
        )
        bank += ["", "[[question]]", *_settings(question, _QUESTION), "options = [", *options, "]"]
    has_bands = bool(terms.questionnaire.numbers)
    effects = ((_effect(question, option, terms), option) for question in questions for option in question.options)
    rows = ((*effect, option.least, option.most) if has_bands else effect for effect, option in effects)
    return {
        f"questions{suffix}.toml": _lines(bank),
        f"condition{suffix}.csv": _table(f"{_CONDITION},{_BANDS}" if has_bands else _CONDITION, rows),
        f"grades{suffix}.csv": _table(f"grade,{_GRADES}", _cells(f"id,{_GRADES}", terms.grades)),
    }


def _effect(question: Question, option: Option, terms: Terms) -> tuple[object, ...]:
    """Return the row of an option; a cell is empty where the option does nothing."""
    cost = option.deduction
    costs = (cost.amount_minor, cost.share_bps, cost.anchor, cost.weight_bps) if cost else ()
    return (
        question.id,
        option.id,
        "refuse" if option.gate else "",
        terms.grades[option.grade].id if option.grade else "",
        "" if option.keep_bps == BPS else option.keep_bps,
        *(one or "" for one in costs or (0,) * 4),
        option.extra_minor or "",
        option.source,
    )


def _terms(terms: Terms, files: dict[str, str]) -> list[str]:
    """Return the ``[[terms]]`` section: its settings, then what is a table of its own."""
    plain = ["", "[[terms]]", *(f"{key} = {_toml(name)}" for key, name in files.items())]
    nested: list[str] = []
    for field in fields(terms):
        value = getattr(terms, field.name)
        if field.name in {"questionnaire", "grades"} or value == field.default:
            continue
        if isinstance(value, Value):
            nested += ["", f"[terms.{field.name}]", *_settings(value)]
        elif isinstance(value, tuple):
            for one in value:
                nested += ["", f"[[terms.{field.name}]]", *_settings(one)]
        else:
            plain.append(f"{field.name} = {_toml(value)}")
    for question in terms.questionnaire.questions:
        if (asked := Asked.of(question)) != Asked(question.id):
            nested += ["", "[[terms.asked]]", *_settings(asked)]
    return [*plain, *nested]


def _settings(value: Any, names: Collection[str] = ()) -> list[str]:  # noqa: ANN401 - any dataclass
    """Return a line of TOML for each field, of those named or of all, that is not left at its default."""
    found = ((field, getattr(value, field.name)) for field in fields(value) if not names or field.name in names)
    return [f"{field.name} = {_toml(given)}" for field, given in found if given != field.default]


def _toml(value: object) -> str:
    """Return a value as TOML: JSON is TOML too, but for dates, tables in a line and the delete character."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Value):
        return f"{{ {', '.join(_settings(value))} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _rows(table: Table[Any]) -> tuple[str, Iterator[list[object]]]:
    unused = set.intersection(*(set(left_out(row)) for row in table)) if len(table) else set()
    head = ",".join(name for name in table.columns if name not in unused)
    return head, _cells(head, table)


def _cells(columns: str, values: Iterable[Value]) -> Iterator[list[object]]:
    names = columns.split(",")
    return ([getattr(value, name) for name in names] for value in values)


def _table(head: str, rows: Iterable[Iterable[object]]) -> str:
    return _lines([head, *(",".join(map(_cell, row)) for row in rows)])


def _cell(value: object) -> str:
    """Return a cell of a table, with the quotes that it needs."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = "|".join(map(_alias, value))
    text = value.isoformat() if isinstance(value, date) else str(value)
    rule = "take away the space around it, which a table cannot keep"
    require(text == text.strip(), "programme", text, rule, f"has the text {shown(text)}")
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _alias(alias: str) -> str:
    rule = "write it without | and space around it: its table has | between aliases"
    fits = "|" not in alias and alias == alias.strip()
    require(fits, "programme", alias, rule, f"has the alias {shown(alias)}")
    return alias
