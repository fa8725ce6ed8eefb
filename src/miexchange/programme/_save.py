"""Writes a programme as the directory that `Programme.load` reads: the only writer of programmes.

Texts are written unchanged. The files are data for `Programme.load`, not for a spreadsheet, so a cell that looks
like a formula gets no apostrophe.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from miexchange._arguments import FLAG, PATH, takes
from miexchange._forms import left_out
from miexchange._questions import BankOption, together
from miexchange._time import midnight
from miexchange._value import Value, require
from miexchange._zone import AnyZone, Zone
from miexchange.condition import Grade
from miexchange.errors import DataError, InvalidValue, out_of_range, shown
from miexchange.money import BPS
from miexchange.programme import _load
from miexchange.programme._fit import shape_of
from miexchange.programme._layout import said_of, summary_of
from miexchange.programme._shapes import BAND_COLUMNS, CONDITION_COLUMNS, GRADE_COLUMNS, Asked, Bank, BankQuestion, Head
from miexchange.programme._toml_schema import FILE as SCHEMA
from miexchange.programme._toml_schema import schema_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from miexchange._table import Table
    from miexchange.condition import Option, Question
    from miexchange.programme import Programme, Terms

__all__ = ["free_directory", "save"]

_GRADE = ",".join(field.name for field in fields(Grade))
_QUESTION = ("id", "ask", "component", "axis", "optional", "source", "unit")

_EMPTY: tuple[object, ...] = (None, (), "")
_OPENING = (
    "#",
    "# What is called an example or a setting is yours to decide. `miexchange programme lint` tells what does not fit,",
    "# and the page docs/programme.md of miexchange leads from here to a quote.",
)
_WIDTH = 100  # characters of a line of a comment

_QUOTED = re.compile(r'[,"\r\n]')


def save(programme: Programme, directory: str | Path, *, overwrite: bool, commented: bool = False) -> Path:
    """Write a programme; see `Programme.save`. With comments, each key has its meaning above it."""
    target = free_directory(directory, overwrite=overwrite)
    files = _files(programme, _Writer(programme.zone, commented=commented))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The files are checked under another name first: the target is complete, or does not exist.
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
    """Return the path of a directory to which a programme can be saved.

    Raises:
        InvalidValue: it is not a path, it exists already, or it is not a programme that may be overwritten.
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
    """Return the files of a directory that a programme does not have: overwriting would delete them."""
    if target.is_symlink() or not (target / "programme.toml").is_file():
        return "this is none"
    for file in sorted(target.iterdir()):
        if file.is_symlink() or not file.is_file() or (file.suffix not in {".csv", ".toml"} and file.name != SCHEMA):
            return f"{file.name} is no file of one"
    return ""


def _check(programme: Programme, written: Path) -> None:
    """Refuse a programme that would not load, or would load as another one."""
    try:
        loaded = _load.load(written)
    except DataError as error:
        named = [replace(problem, file=Path(problem.file).name) for problem in error.problems]
        raise DataError(tuple(named)) from None
    if loaded != programme:
        name = next(one.name for one in fields(loaded) if getattr(loaded, one.name) != getattr(programme, one.name))
        rule, what = "give a zone of whole minutes", "is not what loading would return"
        raise out_of_range(f"Programme.{name}", getattr(programme, name), rule, what)


class _Writer:
    """Writes keys as lines of TOML, and cells.

    A commented file is for a person to edit: the meaning of a key is above its first occurrence, a key at its default
    is written too, and an instant at which a day begins is written as that day.
    """

    def __init__(self, zone: AnyZone, *, commented: bool) -> None:
        self._zone = zone
        self._commented = commented
        self._said: set[tuple[Any, str | None]] = set()

    @property
    def opening(self) -> tuple[str, ...]:
        """The first lines of ``programme.toml``; the first one names the schema for editors."""
        return (f"#:schema {SCHEMA}", *_OPENING, "") if self._commented else ()

    @property
    def beside(self) -> dict[str, str]:
        """Files beside those of the programme: the schema, so that an editor finds it without a network."""
        return {SCHEMA: schema_text()} if self._commented else {}

    def key(self, kind: Any, name: str, value: object) -> list[str]:  # noqa: ANN401 - any dataclass
        """Return the lines of a key of a type."""
        return [*self.comment(kind, name), f"{name} = {_toml(self.plain(value))}"]

    def comment(self, kind: Any, name: str) -> list[str]:  # noqa: ANN401 - as above
        """Return the meaning of a key, as lines of a comment."""
        return self._once((kind, name), said_of(kind)[name])

    def keys(self, value: Any, names: Collection[str] = ()) -> list[str]:  # noqa: ANN401 - as above
        """Return the lines of the fields, of those named or of all, that are not at their default."""
        kind: Any = type(value)
        lines: list[str] = []
        defaults = {field.name: field.default for field in fields(value)}
        for name in names or shape_of(kind).types:
            given = getattr(value, name)
            if given != defaults[name] or (self._commented and given not in _EMPTY):
                lines += self.key(kind, name, given)
        return lines

    def head(self, kind: Any, header: str) -> list[str]:  # noqa: ANN401 - as above
        """Return the lines that open a table."""
        return ["", *self._once((kind, None), summary_of(kind)), header]

    def plain(self, value: object) -> object:
        """Return the written form of a value: the day that begins at an instant, if a person edits the file."""
        if self._commented and isinstance(value, datetime):
            day = value.astimezone(self._zone).date()
            return day if midnight(day, self._zone) == value else value
        return value

    def table(self, head: str, rows: Iterable[Iterable[object]]) -> str:
        """Return the text of a table."""
        return _lines([head, *(",".join(_cell(self.plain(cell)) for cell in row) for row in rows)])

    def _once(self, key: tuple[Any, str | None], said: str) -> list[str]:
        if not self._commented or key in self._said:
            return []
        self._said.add(key)
        return [f"# {line}" for line in wrap(said, _WIDTH, break_on_hyphens=False)]


def _files(programme: Programme, writer: _Writer) -> dict[str, str]:
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
    files = {name: writer.table(head, rows) for name, head, rows in tables.values()}
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
    lines = [line for key, value in head.items() for line in writer.key(Head, key, value)]
    for number, terms in enumerate(programme.terms, 1):
        answers = _answers(terms, f"_{number}" if number > 1 else "", writer)
        lines += _terms(terms, dict(zip(("questions", "condition", "grades"), answers, strict=True)), writer)
        files |= answers
    return {"programme.toml": _lines([*writer.opening, *lines]), **files, **writer.beside}


def _zone(zone: AnyZone) -> dict[str, object]:
    if isinstance(zone, Zone):
        return {"zone": zone.key}
    return {"utc_offset_minutes": zone.utcoffset(None) // timedelta(minutes=1)}


def _answers(terms: Terms, suffix: str, writer: _Writer) -> dict[str, str]:
    """Return the question bank, the effect of each answer, and the grades."""
    questions = together(terms.questionnaire.questions)
    bank = writer.key(Bank, "version", terms.questionnaire.version)
    for question in questions:
        kind = type(question)
        options = (
            f"    {{ {', '.join(_settings(option, shape_of(BankOption).types))} }}," for option in question.options
        )
        bank += [*writer.head(kind, "[[question]]"), *writer.keys(question, _QUESTION)]
        if question.id in terms.questionnaire.several:
            bank += writer.key(BankQuestion, "choices", "several")
        bank += [*writer.comment(kind, "options"), "options = [", *options, "]"]
    columns = (*CONDITION_COLUMNS, *(BAND_COLUMNS if terms.questionnaire.numbers else ()))
    effects = (_effect(question, option, terms) for question in questions for option in question.options)
    rows = (effect[: len(columns)] for effect in effects)
    return {
        f"questions{suffix}.toml": _lines(bank),
        f"condition{suffix}.csv": writer.table(",".join(columns), rows),
        f"grades{suffix}.csv": writer.table(",".join(GRADE_COLUMNS), _cells(_GRADE, terms.grades)),
    }


def _effect(question: Question, option: Option, terms: Terms) -> tuple[object, ...]:
    """Return the row of an option; a cell without effect is empty."""
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
        option.least,
        option.most,
    )


def _terms(terms: Terms, files: dict[str, str], writer: _Writer) -> list[str]:
    """Return the ``[[terms]]`` section: its settings, then its tables."""
    kind: Any = type(terms)
    parts: dict[str, Any] = {}
    single: list[str] = []
    for name in shape_of(kind).types:
        value = getattr(terms, name)
        if not isinstance(value, Value | tuple):
            single.append(name)
        elif value and name not in {"questionnaire", "grades"}:
            parts[name] = value
    lines = [*writer.head(kind, "[[terms]]"), *writer.keys(terms, single[:2])]
    for key, file in files.items():
        lines += writer.key(kind, key, file)
    lines += writer.keys(terms, single[2:])
    for name, value in parts.items():
        many = isinstance(value, tuple)
        for one in value if many else (value,):
            header = f"[[terms.{name}]]" if many else f"[terms.{name}]"
            lines += [*writer.head(type(one), header), *writer.keys(one)]
    for question in together(terms.questionnaire.questions):
        if (asked := Asked.of(question)) != Asked(question.id):
            lines += [*writer.head(Asked, "[[terms.asked]]"), *writer.keys(asked)]
    return lines


def _settings(value: Any, names: Collection[str] = ()) -> list[str]:  # noqa: ANN401 - any dataclass
    """Return a key and a value for each field, of those named or of all, that is not at its default."""
    found = ((field, getattr(value, field.name)) for field in fields(value) if not names or field.name in names)
    return [f"{field.name} = {_toml(given)}" for field, given in found if given != field.default]


def _toml(value: object) -> str:
    """Return a value as TOML: JSON is TOML too, except for dates, tables in a line and the delete character."""
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
