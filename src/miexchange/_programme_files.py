"""Reading a programme's directory: the files, their form, and the rules that keep a quote right.

Everything is read and checked before anything is refused, so that an operator sees all the
problems of a directory at once. `load` raises them, `lint` returns them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError

from miexchange import _data, _programme_rules
from miexchange._rows import Problems, Row, read_rows
from miexchange._toml import Toml, read_toml
from miexchange._value import Value
from miexchange.condition import Deduction, Grade, Option, Question, Questionnaire
from miexchange.eligibility import Catalogue, EligibleModels, Listing
from miexchange.errors import DataError, Problem, shown
from miexchange.imei import TacTable
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import BPS, GREATEST_PAISE
from miexchange.programme import Programme, Terms, shipped

__all__ = ["Places", "lint", "load"]

_GREATEST_WEIGHT = 100 * BPS


@dataclass(frozen=True, slots=True)
class _BankOption(Value):
    id: str
    says: str
    ctia: str = ""
    r2: str = ""


@dataclass(frozen=True, slots=True)
class _BankQuestion(Value):
    id: str
    ask: str
    component: str
    axis: Literal["functional", "cosmetic", "none"]
    options: tuple[_BankOption, ...]
    optional: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Bank(Value):
    version: str
    question: tuple[_BankQuestion, ...]


@dataclass(frozen=True, slots=True)
class _Asked(Value):
    """A question that is asked of some models only."""

    question: str
    brands: tuple[str, ...] = ()
    launched_from: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Head(Value):
    """The part of ``programme.toml`` above the terms."""

    id: str
    title: str
    utc_offset_minutes: int
    brands: tuple[str, ...]
    models: str
    tacs: str
    eligible_models: str
    market_prices: str
    repair_anchors: str = ""
    source: str = ""


@dataclass(slots=True)
class Places:
    """Where everything stands, so that a rule can point at it."""

    file: str
    toml: Toml
    listings: dict[Listing, int] = field(default_factory=dict)
    prices: dict[Price, int] = field(default_factory=dict)
    anchors: dict[Anchor, int] = field(default_factory=dict)
    options: dict[tuple[str, str, str], tuple[str, int]] = field(default_factory=dict)  # terms, question, option
    grades: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)  # terms, grade
    files: dict[str, str] = field(default_factory=dict)  # a table's name in the head, to its file


def load(source: str | Path) -> Programme:
    """Load a programme; see `Programme.load`."""
    programme, problems = _read(source)
    if programme is None or problems:
        raise DataError(problems)
    return programme


def lint(source: str | Path) -> tuple[Problem, ...]:
    """Return a programme's problems; see `miexchange.programme.lint`."""
    return _read(source)[1]


def _read(source: str | Path) -> tuple[Programme | None, tuple[Problem, ...]]:
    problems = Problems()
    directory = _directory(source, problems)
    programme = None if directory is None else _read_directory(directory, problems)
    return programme, tuple(dict.fromkeys(problems.found))


def _directory(source: str | Path, problems: Problems) -> Path | None:
    if isinstance(source, str) and source in shipped():
        return _data.folder() / "programmes" / source
    if not isinstance(source, str | Path):
        problems.add(shown(source), None, "", "is no path", "Give a directory, or the id of a shipped programme")
        return None
    if (Path(source) / "programme.toml").is_file():
        return Path(source)
    known = f"Give a directory with a programme.toml, or one of: {', '.join(shipped())}"
    problems.add(str(source), None, "", "is no programme", known)
    return None


def _read_directory(directory: Path, problems: Problems) -> Programme | None:
    file = str(directory / "programme.toml")
    toml = read_toml(directory / "programme.toml", file, problems)
    if toml is None:
        return None
    data = dict(toml.data)
    versions = data.pop("terms", [])
    head = _fit(_Head, data, toml, file, (), problems)
    if not isinstance(versions, list) or not versions or not all(isinstance(version, dict) for version in versions):
        problems.add(file, None, "terms", "there are no terms", "Add a [[terms]] section")
        versions = []
    if head is None:
        return None
    places = Places(file, toml)
    zone = timezone(timedelta(minutes=head.utc_offset_minutes))
    catalogue = Catalogue._read(*_table(directory, head.models, "models", problems, places))  # noqa: SLF001 - one package
    eligible = EligibleModels._read(  # noqa: SLF001 - as above
        *_table(directory, head.eligible_models, "eligible_models", problems, places), lines=places.listings
    )
    prices = PriceTable._read(  # noqa: SLF001 - as above
        *_table(directory, head.market_prices, "market_prices", problems, places)[:2],
        zone,
        places.files["market_prices"],
        places.prices,
    )
    anchors = AnchorTable(())
    if head.repair_anchors:
        anchors = AnchorTable._read(  # noqa: SLF001 - as above
            *_table(directory, head.repair_anchors, "repair_anchors", problems, places)[:2],
            zone,
            places.files["repair_anchors"],
            places.anchors,
        )
    tacs = _read_tacs(directory / head.tacs, problems)
    terms = [
        _read_terms(directory, dict(version), index, zone, toml, file, problems, places)
        for index, version in enumerate(versions)
    ]
    if problems.found:
        return None
    programme = Programme(
        id=head.id,
        title=head.title,
        zone=zone,
        brands=frozenset(head.brands),
        catalogue=catalogue,
        eligible=eligible,
        prices=prices,
        anchors=anchors,
        tacs=tacs,
        terms=tuple(cast("list[Terms]", terms)),
    )
    _programme_rules.check(programme, places, problems)
    return programme


def _table(directory: Path, name: str, key: str, problems: Problems, places: Places) -> tuple[Path, Problems, str]:
    path = (directory / name).resolve()
    places.files[key] = _called(path, directory)
    return path, problems, places.files[key]


def _called(path: Path, directory: Path) -> str:
    """Name a file as a person would who named the directory."""
    base = directory.resolve()
    return str(directory / path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _read_tacs(path: Path, problems: Problems) -> TacTable:
    try:
        table = TacTable.read(path)
    except DataError as error:
        problems.found += error.problems
        return TacTable.of([])
    problems.found += table.report.problems
    return table


def _fit(
    kind: type[Any], data: dict[str, Any], toml: Toml, file: str, base: tuple[str | int, ...], problems: Problems
) -> Any:  # noqa: ANN401 - the kind's own type
    """Validate a table of a TOML file strictly against a dataclass; every fault with its line."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        return adapter.validate_json(json.dumps(data, default=_plain))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            path = (*base, *fault["loc"])
            line = toml.line_of(path) or toml.line_of(base)
            column = ".".join(str(part) for part in path)
            if fault["type"] == "unexpected_keyword_argument":
                problems.add(file, line, column, "is not a known key", "Correct its spelling, or take it out")
            elif fault["type"] == "missing":
                problems.add(file, line, column, "is missing", "Add the key")
            else:
                what = f"{shown(fault['input'])} does not fit"
                problems.add(file, line, column, what, fault["msg"].removeprefix("Value error, "))
        return None


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime | time) else shown(value)


def _read_terms(
    directory: Path,
    data: dict[str, Any],
    index: int,
    zone: timezone,
    toml: Toml,
    file: str,
    problems: Problems,
    places: Places,
) -> Terms | None:
    base = ("terms", index)
    version = str(data.get("version", index))
    names = {}
    for key in ("questions", "condition", "grades"):
        names[key] = data.pop(key, None)
        if not isinstance(names[key], str):
            problems.add(file, toml.line_of(base), key, "is missing or no text", "Name the file")
    starts = data.get("effective_from")
    if type(starts) is date:
        data["effective_from"] = datetime.combine(starts, time(), zone)
    asked = [
        _fit(_Asked, item, toml, file, (*base, "asked", number), problems)
        for number, item in enumerate(data.pop("asked", []))
    ]
    if not all(isinstance(name, str) for name in names.values()):
        return None
    grades = _read_grades(directory / names["grades"], directory, version, problems, places)
    questionnaire = _read_questionnaire(directory, names, version, grades, asked, toml, file, base, problems, places)
    data["grades"] = [grade.to_dict() for grade in grades]
    data["questionnaire"] = questionnaire.to_dict()
    terms: Terms | None = _fit(Terms, data, toml, file, base, problems)
    return terms


def _read_grades(path: Path, directory: Path, version: str, problems: Problems, places: Places) -> tuple[Grade, ...]:
    file = _called(path.resolve(), directory)
    grades: dict[str, Grade] = {}
    for row in read_rows(path, ("grade", "keep_bps", "ctia", "r2", "meaning", "source"), (), problems, file=file):
        grade = Grade(
            row.text("grade"),
            row.whole("keep_bps", 0, BPS),
            row.optional("ctia"),
            row.optional("r2"),
            row.text("meaning"),
            row.text("source"),
        )
        if grade.id in grades:
            row.bad("grade", f"{grade.id} stands twice", "Keep one row for each grade")
        grades.setdefault(grade.id, grade)
        places.grades[version, grade.id] = (file, row.line)
    return tuple(grades.values())


def _read_questionnaire(
    directory: Path,
    names: dict[str, str],
    version: str,
    grades: tuple[Grade, ...],
    asked: list[_Asked | None],
    toml: Toml,
    file: str,
    base: tuple[str | int, ...],
    problems: Problems,
    places: Places,
) -> Questionnaire:
    bank_path = (directory / names["questions"]).resolve()
    bank_file = _called(bank_path, directory)
    bank_toml = read_toml(bank_path, bank_file, problems)
    bank: _Bank | None = bank_toml and _fit(_Bank, bank_toml.data, bank_toml, bank_file, (), problems)
    if bank is None or bank_toml is None:
        return Questionnaire("", ())
    steps = {grade.id: step for step, grade in enumerate(grades)}
    rows = _condition_rows(directory, names["condition"], bank, bank_toml, bank_file, problems)
    only = {item.question: item for item in asked if item is not None}
    for number, item in enumerate(asked):
        if item is not None and item.question not in rows:
            line = toml.line_of((*base, "asked", number))
            problems.add(
                file, line, "asked", f"{shown(item.question)} is no question here", "Name a question of the table"
            )
    questions = []
    for question in bank.question:
        if question.id not in rows:
            continue
        restriction = only.get(question.id, _Asked(question.id))
        options = []
        for option in question.options:
            row = rows[question.id].get(option.id)
            if row is None:
                continue
            options.append(_option(option, row, steps))
            places.options[version, question.id, option.id] = (row.file, row.line)
        questions.append(
            Question(
                question.id,
                question.ask,
                question.component,
                question.axis,
                tuple(options),
                question.optional,
                restriction.brands,
                restriction.launched_from,
                question.source,
            )
        )
    return Questionnaire(bank.version, tuple(questions))


def _condition_rows(
    directory: Path, name: str, bank: _Bank, bank_toml: Toml, bank_file: str, problems: Problems
) -> dict[str, dict[str, Row]]:
    """Read what each option does; exactly one row for each option of each question that is asked."""
    known = {question.id: [option.id for option in question.options] for question in bank.question}
    if len(known) != len(bank.question):
        problems.add(bank_file, None, "question", "a question's id stands twice", "Give each question its own id")
    for number, question in enumerate(bank.question):
        line = bank_toml.line_of(("question", number))
        if len(set(known[question.id])) != len(question.options):
            problems.add(bank_file, line, question.id, "an option's id stands twice", "Give each option its own id")
        if len(question.options) < 2:  # noqa: PLR2004 - a question with one answer asks nothing
            problems.add(bank_file, line, question.id, "has fewer than two options", "Add the worse answer")
    path = (directory / name).resolve()
    columns = ("question", "option", "gate", "grade", "keep_bps", "deduct_paise", "deduct_bps", "anchor", "weight_bps")
    found: dict[str, dict[str, Row]] = {}
    file = _called(path, directory)
    for row in read_rows(path, (*columns, "extra_paise", "source"), (), problems, file=file):
        question_id, option_id = row.text("question"), row.text("option")
        if question_id not in known:
            row.bad("question", f"{shown(question_id)} is not in {bank_file}", f"Known: {', '.join(known)}")
        elif option_id not in known[question_id]:
            remedy = f"Known: {', '.join(known[question_id])}"
            row.bad("option", f"{shown(option_id)} is unreachable: {question_id} has no such option", remedy)
        elif option_id in found.get(question_id, {}):
            row.bad("option", f"{question_id}={option_id} stands twice", "Keep one row for each option")
        else:
            found.setdefault(question_id, {})[option_id] = row
    for question_id, rows in found.items():
        first = next(iter(rows.values()))
        missing = [option for option in known[question_id] if option not in rows]
        if missing:
            first.bad("option", f"{question_id} has no row for {', '.join(missing)}", "Write a row for every option")
    return found


def _option(option: _BankOption, row: Row, steps: dict[str, int]) -> Option:
    """Turn a row into what the option does."""
    gate = row.optional("gate")
    if gate not in {"", "refuse"}:
        row.bad("gate", f"{shown(gate)} is not known here", "Write refuse, or leave it empty")
    grade = row.optional("grade")
    if grade and grade not in steps:
        row.bad("grade", f"{shown(grade)} is not in the grades table", f"Known: {', '.join(steps)}")
    deduction = Deduction(
        _amount(row, "deduct_paise", GREATEST_PAISE),
        _amount(row, "deduct_bps", BPS),
        row.optional("anchor"),
        _amount(row, "weight_bps", _GREATEST_WEIGHT),
    )
    if bool(deduction.anchor) != bool(deduction.weight_bps):
        row.bad("anchor", "an anchor and its weight go together", "Write both, or neither")
    elif sum(map(bool, (deduction.paise, deduction.share_bps, deduction.weight_bps))) > 1:
        row.bad("deduct_paise", "more than one kind of deduction", "Keep one: paise, bps, or anchor with weight")
    keep = row.whole_or_none("keep_bps", 0, BPS)
    return Option(
        id=option.id,
        says=option.says,
        ctia=option.ctia,
        r2=option.r2,
        gate=gate == "refuse",
        grade=steps.get(grade, 0),
        keep_bps=BPS if keep is None else keep,
        deduction=deduction if deduction.size else None,
        extra_paise=row.whole_or_none("extra_paise", -GREATEST_PAISE, GREATEST_PAISE) or 0,
        source=row.text("source"),
    )


def _amount(row: Row, column: str, most: int) -> int:
    amount = row.whole_or_none(column, -most, most) or 0
    if amount < 0:
        row.bad(column, f"{amount} makes a fault that pays", "A deduction is zero or more")
    return max(amount, 0)
