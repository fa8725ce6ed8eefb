"""Reads a programme's directory: the files and their form. The rules for their content are in `_lint`.

Everything is read and checked before anything is refused, so that an operator sees all the
problems of a directory at once. Rules skip what could not be read, so that one fault is reported
once. `load` raises the problems, `lint`
returns them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from miexchange import _data
from miexchange._bounded import bound_of
from miexchange._csv import Row, read_rows
from miexchange._limits import VERSIONS
from miexchange._problems import Problems
from miexchange._questions import NONE, BankOption, fault_of_bands, fault_of_choices
from miexchange._table import Table
from miexchange._text import path_of, text_of
from miexchange._zone import AnyZone, Zone
from miexchange.catalogue import Catalogue
from miexchange.condition import Deduction, Grade, Option, Question, Questionnaire
from miexchange.eligibility import EligibleModels
from miexchange.errors import DataError, InvalidValue, Problem, ProgrammeNotFoundError, sentence, shown
from miexchange.market import AnchorTable, PriceTable
from miexchange.money import BPS, Currency
from miexchange.programme import Programme, Terms, _certificate, _doubts, _lint, shipped
from miexchange.programme._checked import read_checked
from miexchange.programme._fit import Fitter, dotted, shape_of
from miexchange.programme._published import read_published
from miexchange.programme._shapes import (
    BAND_COLUMNS,
    CONDITION_COLUMNS,
    GRADE_COLUMNS,
    Asked,
    Bank,
    BankQuestion,
    Head,
    terms_shape,
)
from miexchange.programme._toml import Toml, TomlPath, read_toml
from miexchange.tac import TacTable
from miexchange.treatment import NO_TREATMENTS, TreatmentTable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Answers", "Draft", "Part", "directory_of", "doubts", "lint", "load", "load_with"]


_Place = tuple[str, int]  # a file and a line
_TableT = TypeVar("_TableT", bound=Table[Any])


@dataclass(frozen=True, slots=True)
class Answers:
    """The tables of some terms: the questions as this programme prices them, and the grades."""

    version: str
    questions: tuple[Question, ...]
    grades: tuple[Grade, ...]
    option_places: dict[tuple[str, str], _Place]
    grade_places: dict[str, _Place]


@dataclass(slots=True)
class Part:
    """One version of the terms as far as it could be read."""

    index: int
    settings: Terms | None = None
    """The terms; without their questions if those could not be read."""
    answers: Answers | None = None
    asked: tuple[Asked, ...] = ()


@dataclass(slots=True)
class Draft:
    """A programme as far as it could be read, with the position of everything, so that a rule can point at it."""

    file: str
    toml: Toml
    problems: Problems
    zone: AnyZone = UTC
    currency: Currency | None = None
    brands: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    price_step_minor: int = field(init=False)
    """The step of market prices; 0 if it could not be read."""
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(()))
    eligible: EligibleModels = field(default_factory=lambda: EligibleModels(()))
    prices: PriceTable = field(default_factory=lambda: PriceTable(()))
    anchors: AnchorTable = field(default_factory=lambda: AnchorTable(()))
    tacs: TacTable = field(default_factory=lambda: TacTable.of([]))
    treatments: TreatmentTable = NO_TREATMENTS
    parts: list[Part] = field(default_factory=list)
    listing_lines: list[int] = field(default_factory=list)  # of the table's rows, in order
    price_lines: list[int] = field(default_factory=list)
    anchor_lines: list[int] = field(default_factory=list)
    treatment_lines: list[int] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # from a table's name in the head to its file
    awaited: list[Problem] = field(default_factory=list)
    """The problems that the first price of a listed model would solve."""
    tables_read: bool = field(init=False)
    """Whether the head and every table were read without a problem."""
    laws: list[Problem] = field(default_factory=list)
    """The problems that only say that a law could break: a certificate may prove that it does not."""

    def bad(self, path: TomlPath, message: str, remedy: str) -> None:
        """Record a problem of ``programme.toml``."""
        self.problems.add(self.file, self.toml.line_of(path), dotted(path), message, remedy)

    @contextmanager
    def of_a_law(self) -> Iterator[None]:
        """Mark the problems found within the block as possible breaches of a law."""
        before = len(self.problems.found)
        yield
        self.laws += self.problems.found[before:]


def load(source: object, *, unproved: bool = False) -> Programme:
    """Load a programme; see `Programme.load`.

    Args:
        source: the id of a programme that ships with the package, or the path of a directory.
        unproved: whether to accept one that is refused only because a law could break: it must not go live.
    """
    return load_with(directory_of(source), None, unproved=unproved)[0]


def load_with(
    directory: Path, prices: Path | None, *, awaiting: bool = False, unproved: bool = False
) -> tuple[Programme, Path]:
    """Load the programme of a directory, and return it with the path of its market prices.

    Args:
        directory: the directory.
        prices: a file that is read in place of the market prices, under their name; None for the existing one.
        awaiting: whether listed models may lack their first price.
        unproved: as for `load`.

    Raises:
        DataError: every problem, as file, line and reason.
    """
    problems = Problems()
    draft, programme = _read(directory, problems, prices, awaiting=awaiting, unproved=unproved)
    if programme is None:
        raise DataError(_told(problems))
    return programme, directory / cast("Draft", draft).toml.data["market_prices"]


def lint(source: object, *, strict: bool) -> tuple[Problem, ...]:
    """Return a programme's problems; see `miexchange.programme.lint`."""
    problems = Problems()
    try:
        directory = directory_of(source)
    except ProgrammeNotFoundError as error:
        return error.problems
    draft, _ = _read(directory, problems)
    if strict and not problems.found:
        _doubt(directory, cast("Draft", draft))
    return _told(problems)


def doubts(source: object) -> tuple[Problem, ...]:
    """Return what is legal in a programme but surely wrong; see `miexchange.programme.doubts`."""
    directory, problems = directory_of(source), Problems()
    draft, _ = _read(directory, problems)
    if problems.found:
        raise DataError(_told(problems))
    _doubt(directory, cast("Draft", draft))
    return _told(problems)


def _doubt(directory: Path, draft: Draft) -> None:
    with suppress(DataError):  # as in `_read`
        _doubts.check(
            draft, read_published(directory, draft.zone, draft.problems), read_checked(directory, draft.problems)
        )


def _read(
    directory: Path,
    problems: Problems,
    prices: Path | None = None,
    *,
    awaiting: bool = False,
    unproved: bool = False,
) -> tuple[Draft | None, Programme | None]:
    """Return what could be read: a draft if there are no problems, and a programme if all are excused."""
    with suppress(DataError):  # the limit of problems is reached, and all of them are recorded
        return _read_directory(directory, problems, prices, awaiting=awaiting, unproved=unproved)
    return None, None


def _told(problems: Problems) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems.found))  # two terms may name one table: its problems are reported once


def directory_of(source: object) -> Path:
    """Return the directory of a programme.

    Raises:
        ProgrammeNotFoundError: there is none.
    """
    path = path_of(source)
    if path is None:
        what, remedy = f"{shown(source)} is no path", "Give a directory or the id of a programme"
        raise ProgrammeNotFoundError((Problem("<programme>", None, "", what, remedy),))
    name = text_of(source) or str(path)
    if text_of(source) in shipped():
        return _data.folder() / "programmes" / name
    what = "there is no programme here"
    with suppress(OSError):  # a name that is too long
        if (path / "programme.toml").is_file():
            return path
        if path.is_file():
            what = "is a file, not a directory"
    remedy = f"Give a directory with a programme.toml, or the id of one that is shipped: {', '.join(shipped())}"
    raise ProgrammeNotFoundError((Problem(name, None, "", what, remedy),))


def _read_directory(
    directory: Path, problems: Problems, prices: Path | None, *, awaiting: bool, unproved: bool
) -> tuple[Draft | None, Programme | None]:
    file = str(directory / "programme.toml")
    toml = read_toml(directory / "programme.toml", file, problems)
    if toml is None:
        return None, None
    draft = Draft(file, toml, problems)
    data = dict(toml.data)
    versions = data.pop("terms", [])
    head = Fitter(toml, file, UTC, problems).fields(shape_of(Head), data, ())
    draft.currency = _currency(head, draft)
    draft.zone = _zone(data, head, draft)
    draft.price_step_minor = head.get("price_step_minor", 0 if "price_step_minor" in data else 1)
    _read_tables(directory, head, draft, {} if prices is None else {"market_prices": prices})
    _read_versions(directory, versions, draft)
    _lint.check(draft)
    excused = [*draft.laws, *(draft.awaited if awaiting else ())]
    if any(problem not in excused for problem in problems.found):
        return draft, None
    programme = Programme(
        id=head["id"],
        title=head["title"],
        zone=draft.zone,
        currency=cast("Currency", draft.currency),
        brands=frozenset(draft.brands),
        categories=frozenset(draft.categories),
        price_step_minor=draft.price_step_minor,
        catalogue=draft.catalogue,
        eligible=draft.eligible,
        prices=draft.prices,
        anchors=draft.anchors,
        tacs=draft.tacs,
        treatments=draft.treatments,
        terms=tuple(part.settings for part in draft.parts if part.settings is not None),
    )
    if draft.laws and not unproved:
        if not _certificate.holds(directory, programme, problems):
            return draft, None
        problems.found[:] = [problem for problem in problems.found if problem not in draft.laws]
    return draft, programme


def _currency(head: dict[str, Any], draft: Draft) -> Currency | None:
    """Return the currency in the head; a placeholder if it is missing."""
    try:
        return Currency(head["currency"]) if "currency" in head else None
    except InvalidValue as fault:
        draft.bad(("currency",), f"{shown(head['currency'])} is no currency", sentence(fault.rule))
        return None


def _zone(data: dict[str, Any], head: dict[str, Any], draft: Draft) -> AnyZone:
    """Return the zone of the days: of a place, or a fixed offset; a placeholder if it is missing."""
    if ("zone" in data) is ("utc_offset_minutes" in data):
        what = "is given beside utc_offset_minutes" if "zone" in data else "is missing"
        remedy = 'Write where days begin, such as zone = "Asia/Kolkata", or utc_offset_minutes, and not both'
        draft.bad(("zone",), what, remedy)
    elif "zone" in head:
        try:
            return Zone(head["zone"])
        except InvalidValue as fault:
            draft.bad(("zone",), f"{shown(head['zone'])} is no zone", sentence(fault.rule))
    return timezone(timedelta(minutes=head.get("utc_offset_minutes", 0)))


def _read_tables(directory: Path, head: dict[str, Any], draft: Draft, instead: dict[str, Path]) -> None:
    """Read every table that the head names, or another file in its place."""
    problems = draft.problems
    draft.brands, draft.categories = head.get("brands", ()), head.get("categories", ())
    files = draft.files
    for key in ("models", "tacs", "eligible_models", "market_prices", "repair_anchors", "tax_treatments"):
        if head.get(key):
            files[key] = _called(directory, head[key])
    paths = {key: directory / head[key] for key in files} | instead
    draft.catalogue = _read_table(Catalogue, "models", paths, draft)
    draft.eligible = _read_table(EligibleModels, "eligible_models", paths, draft, draft.listing_lines)
    draft.prices = _read_table(PriceTable, "market_prices", paths, draft, draft.price_lines)
    draft.anchors = _read_table(AnchorTable, "repair_anchors", paths, draft, draft.anchor_lines)
    draft.treatments = _read_table(TreatmentTable, "tax_treatments", paths, draft, draft.treatment_lines)
    if "tacs" in files:
        draft.tacs = _read_tacs(directory / head["tacs"], files["tacs"], problems)
    draft.tables_read = not problems.found


def _read_table(
    kind: type[_TableT], key: str, paths: dict[str, Path], draft: Draft, lines: list[int] | None = None
) -> _TableT:
    if key not in draft.files:
        return kind.of(())
    file = draft.files[key]
    return kind._read(paths[key], draft.problems, zone=draft.zone, file=file, lines=lines)  # noqa: SLF001 - one package


def _called(directory: Path, name: str) -> str:
    """Return a file's name relative to the directory as the caller named it."""
    return os.path.normpath(directory / name)


def _read_tacs(path: Path, file: str, problems: Problems) -> TacTable:
    table = TacTable.of([])
    try:
        table = TacTable.read(path)
        found = table.report.problems
    except DataError as error:
        found = error.problems
    for problem in found:
        problems.add(file, problem.line, problem.column, problem.message, problem.remedy)
    return table


def _read_versions(directory: Path, versions: object, draft: Draft) -> None:
    if isinstance(versions, dict):
        draft.bad(("terms",), "is one table", "Write it as [[terms]], in double brackets")
    elif not isinstance(versions, list) or not versions or not all(isinstance(one, dict) for one in versions):
        draft.bad(("terms",), "there are no terms", "Add a [[terms]] section")
    elif len(versions) > VERSIONS:
        what = f"there are {len(versions):,} versions of the terms"
        draft.bad(("terms",), what, f"Keep at most {VERSIONS}: the later ones make a programme of their own")
    else:
        reader = _TermsReader(directory, draft)
        draft.parts = [reader.read(data, index) for index, data in enumerate(versions)]


class _TermsReader:
    """Reads the versions of the terms; a table that several of them name is read once."""

    def __init__(self, directory: Path, draft: Draft) -> None:
        self._directory = directory
        self._draft = draft
        self._problems = draft.problems
        self._fitter = Fitter(draft.toml, draft.file, draft.zone, draft.problems)
        self._shape = terms_shape()
        self._known: dict[tuple[str, str, str], Answers | None] = {}

    def read(self, data: dict[str, Any], index: int) -> Part:
        """Read one ``[[terms]]`` section and the tables that it names."""
        before = len(self._problems.found)
        fields = self._fitter.fields(self._shape, data, ("terms", index))
        fits = len(self._problems.found) == before
        part = Part(index, asked=fields.pop("asked", ()))
        names = tuple(fields.pop(key, "") for key in ("questions", "condition", "grades"))
        if all(names):
            part.answers = self._answers_of(*names)
        if fits:
            answers = part.answers or _UNREAD
            fields["questionnaire"] = Questionnaire(answers.version, _restricted(answers.questions, part.asked))
            if part.answers is None:  # overlaps name components that could not be read
                fields.pop("overlaps", None)
            part.settings = self._fitter.made(Terms, {**fields, "grades": answers.grades}, ("terms", index))
        return part

    def _answers_of(self, questions: str, condition: str, grades: str) -> Answers | None:
        names = questions, condition, grades
        if names not in self._known:
            before = len(self._problems.found)
            answers = self._read_answers(*names)
            self._known[names] = answers if len(self._problems.found) == before else None
        return self._known[names]

    def _read_answers(self, questions: str, condition: str, grades: str) -> Answers | None:
        grades_file = _called(self._directory, grades)
        before = len(self._problems.found)
        scale, grade_places = _read_grades(self._directory / grades, grades_file, self._problems)
        graded = len(self._problems.found) == before
        bank_file = _called(self._directory, questions)
        toml = read_toml(self._directory / questions, bank_file, self._problems)
        if toml is None:
            return None
        bank: Bank | None = Fitter(toml, bank_file, UTC, self._problems).table(Bank, toml.data, ())
        if bank is None:
            return None
        file = _called(self._directory, condition)
        table = _condition_rows(self._directory / condition, file, bank, bank_file, self._problems)
        steps = {grade.id: step for step, grade in enumerate(scale)} if graded else None
        most = bound_of(Questionnaire, "questions").most
        taken = [one for one in bank.question if one.id in table]
        count = sum(len(one.options) - 1 if one.choices == "several" else 1 for one in taken)
        if count > most:
            what = f"asks {count} questions: amounts could pass 64 bits"
            remedy = (
                f"Ask at most {most}; each of several choices is one" if count > len(taken) else f"Ask at most {most}"
            )
            self._problems.add(file, None, "", what, remedy)
            return None
        priced: list[Question] = []
        for one in taken:
            question = _question(one, table[one.id], steps)
            if question is None:
                continue
            if one.choices == "one":
                priced.append(question)
            elif rule := _fault_of_several(question):
                table[one.id][NONE if NONE in table[one.id] else one.options[0].id].bad(
                    "option", f"{one.id} has several choices", sentence(rule)
                )
            else:
                priced += _choices(question)
        lines = {(one, option): (file, row.line) for one, rows in table.items() for option, row in rows.items()}
        places = lines | {
            (one.id, option.id): lines[one.asked_as, option.id] for one in priced for option in one.options
        }
        return Answers(bank.version, tuple(priced), scale, places, grade_places)


_UNREAD = Answers("unread", (), (Grade("unread", BPS),), {}, {})
"""Placeholder for answers and grades that could not be read."""


def _restricted(questions: tuple[Question, ...], asked: tuple[Asked, ...]) -> tuple[Question, ...]:
    found: dict[str, Question] = {}
    by_id = {one.question: one for one in reversed(asked)}
    for question in questions:
        one = by_id.get(question.asked_as)
        found[question.id] = question if one is None else one.restricted(question, found)
    return tuple(found.values())


def _read_grades(path: Path, file: str, problems: Problems) -> tuple[tuple[Grade, ...], dict[str, _Place]]:
    grades: dict[str, Grade] = {}
    places: dict[str, _Place] = {}
    for row in read_rows(path, GRADE_COLUMNS, (), problems, file=file):
        grade = row.made(
            Grade,
            {"id": "grade"},
            row.text("grade"),
            row.whole("keep_bps", bound_of(Grade, "keep_bps")),
            row.optional("ctia"),
            row.optional("r2"),
            row.text("meaning"),
            row.text("source"),
        )
        if grade is None:
            continue
        if grade.id in grades:
            row.bad("grade", f"duplicate grade {grade.id}", "Keep one row for each grade")
        else:
            grades[grade.id] = grade
            places[grade.id] = (file, row.line)
    if not grades and not problems.found:
        problems.add(file, None, "", "has no grades", "Add the best grade at least")
    return tuple(grades.values()), places


def _condition_rows(path: Path, file: str, bank: Bank, bank_file: str, problems: Problems) -> dict[str, dict[str, Row]]:
    """Read the effect of each option; exactly one row for each option of each question that is asked."""
    known = {question.id: dict.fromkeys(option.id for option in question.options) for question in bank.question}
    found: dict[str, dict[str, Row]] = {}
    before = len(problems.found)
    for row in read_rows(path, CONDITION_COLUMNS, BAND_COLUMNS, problems, file=file):
        question, option = row.text("question"), row.text("option")
        if not row.good:
            continue
        if question not in known:
            row.bad("question", f"{shown(question)} is not in {Path(bank_file).name}", f"Known: {', '.join(known)}")
        elif option not in known[question]:
            remedy = f"Known: {', '.join(known[question])}"
            row.bad("option", f"{shown(option)} is unreachable: {question} has no such option", remedy)
        elif option in found.get(question, {}):
            row.bad("option", f"duplicate option {question}={option}", "Keep one row for each option")
        else:
            found.setdefault(question, {})[option] = row
    for question, rows in found.items():
        missing = [option for option in known[question] if option not in rows]
        if missing:
            first = next(iter(rows.values()))
            first.bad("option", f"{question} has no row for {', '.join(missing)}", "Write a row for every option")
    if not found and len(problems.found) == before:
        problems.add(file, None, "", "asks nothing", "Write a row for every option of a question")
    return found


def _question(question: BankQuestion, rows: dict[str, Row], steps: dict[str, int] | None) -> Question | None:
    """Return the question as this programme prices it, or None if one of its rows is bad."""
    options = [_option(option, rows[option.id], steps) for option in question.options if option.id in rows]
    if None in options:
        return None
    if fault := fault_of_bands(option for option in options if option is not None):
        rows[fault[0].id].bad("least", f"{question.id}={fault[0].id} has other numbers", sentence(fault[1]))
        return None
    return Question(
        id=question.id,
        ask=question.ask,
        component=question.component,
        axis=question.axis,
        options=tuple(option for option in options if option is not None),
        optional=question.optional,
        source=question.source,
        unit=question.unit,
    )


def _fault_of_several(question: Question) -> str:
    """Return the fault of a question with several choices; "" if there is none."""
    if question.optional:
        return f"let it be answered: {NONE} stands for no choice"
    return fault_of_choices(question.options)


def _choices(question: Question) -> Iterator[Question]:
    """Yield a question with several choices as one question for each of them."""
    none, *choices = question.options
    for choice in choices:
        yield question.replace(
            id=f"{question.id}.{choice.id}",
            component=f"{question.component}.{choice.id}",
            options=(none, choice),
            choice_of=question.id,
        )


def _option(option: BankOption, row: Row, steps: dict[str, int] | None) -> Option | None:
    """Turn a row into the option's effect; without grade steps, because the grades could not be read, none is used."""
    gate = row.optional("gate")
    if gate not in {"", "refuse"}:
        row.bad("gate", f"{shown(gate)} is not known here", "Write refuse, or leave it empty")
    grade = row.optional("grade")
    if grade and steps is not None and grade not in steps:
        row.bad("grade", f"{shown(grade)} is not in the grades table", f"Known: {', '.join(steps)}")
    columns = ("keep_bps", "extra_minor", *BAND_COLUMNS)
    numbers = {name: row.whole_or_none(name, bound_of(Option, name)) for name in columns}
    return row.made(
        Option,
        {},
        id=option.id,
        says=option.says,
        ctia=option.ctia,
        r2=option.r2,
        gate=gate == "refuse",
        grade=0 if steps is None else steps.get(grade, 0),
        deduction=_deduction(row),
        source=row.text("source"),
        **{name: number for name, number in numbers.items() if number is not None},
    )


_COSTS = {"amount_minor": "deduct_minor", "share_bps": "deduct_bps", "weight_bps": "weight_bps"}
"""The fields of a deduction, and their columns."""


def _deduction(row: Row) -> Deduction | None:
    costs = {field: row.whole_or_none(column, bound_of(Deduction, field)) or 0 for field, column in _COSTS.items()}
    anchor = row.optional("anchor")
    return row.made(Deduction, _COSTS, anchor=anchor, **costs) if anchor or any(costs.values()) else None
