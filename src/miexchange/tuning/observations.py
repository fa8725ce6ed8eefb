"""Market observations: one schema for listings, quotes and settled deals, with a report for every row.

| column | meaning |
|---|---|
| `model` | the variant's id, or a name that leads to one variant |
| `storage_gb`, `ram_mb` | optional; they choose among the variants of a name |
| `price_minor` | the price asked, quoted or paid, in whole minor units; ``price`` if `unit` says so |
| `on` | the day |
| `kind` | ``listing``, ``quote`` or ``deal`` |
| `source` | the origin of the row |
| `currency` | optional; every row must have the requested currency |
| `grade` | optional; the grade of the device |
| `warranty` | optional; the regime: ``in``, ``out``, or ``not_asked`` |
| one for each question id | optional; the answers; several choices as ``camera|buttons``, a number as 87 |

A row that cannot be used is left out and reported, never repaired silently; a name that matches
no variant is listed with its number of rows. Nothing is guessed: a day is ``YYYY-MM-DD`` or a date, unless `day_format`
states the format of the days; a price is a whole number of minor units, in digits alone, unless `unit`, `decimal`,
`grouping` and `signs` state its format; a blank cell is missing.

>>> import pandas as pd
>>> from datetime import date
>>> from miexchange import Programme
>>> rows = pd.DataFrame({
...     "model": ["oneplus-3t-6-64", "Nokia 3310"], "price_minor": [1_100_000, 90_000],
...     "on": [date(2018, 3, 1), date(2018, 3, 2)], "kind": ["deal", "listing"], "source": ["till", "web"],
... })
>>> import warnings; warnings.simplefilter("ignore")
>>> found = Observations.read(rows, Programme.load("mi-exchange-india").catalogue, as_of=date(2018, 3, 15))
>>> found
<Observations: 1 row of 1 model (deal 1); 1 row left out, 1 name unresolved>
>>> found.unresolved.loc[0, "model"]
'Nokia 3310'
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
import pandas as pd

from miexchange._amounts import GROUPS, MARKS, Spelling, Unread, amount_of
from miexchange._bounded import Between, bound_of
from miexchange._csv import read_columns
from miexchange._limits import NAME, PROBLEMS
from miexchange._problems import Problems
from miexchange._questions import BETWEEN, NONE, said_of_choices, together
from miexchange._text import counted, listed, name_of, text_of
from miexchange.catalogue import Catalogue, Variant
from miexchange.condition import Grade, Questionnaire
from miexchange.errors import DataError, Problem, missing, out_of_range, shown
from miexchange.money import GREATEST_AMOUNT, Currency
from miexchange.tuning._arguments import (
    DATE,
    PATH,
    TEXT,
    Rule,
    check,
    each,
    instance,
    mapping,
    maybe,
    one_of,
    takes,
)
from miexchange.tuning._arguments import whole as whole_number
from miexchange.tuning._cells import Fault, cells_of, choice, day_reader, labels_of, text, told, whole
from miexchange.tuning._checks import duplicates, frame_of, is_table, named_rows, warn
from miexchange.tuning._launches import MONTH_DAYS, launches_of
from miexchange.tuning._report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from miexchange.condition import Question

__all__ = ["KINDS", "REGIMES", "Observations"]

KINDS = ("listing", "quote", "deal")
"""The kinds of prices: asked, quoted, or paid."""

REGIMES = ("in", "out", "not_asked")
"""Warranty regimes: prices of one do not apply to another."""

_REQUIRED = ("model", "price_minor", "on", "kind", "source")
_OPTIONAL = ("storage_gb", "ram_mb", "currency", "grade", "warranty")
_MOST_SHOWN = 20
_LETTERS = ("A", "B", "C", "D", "E", "F")  # grades that every scale which has them ranks in this order
_UNRESOLVED = ["model", "n", "rows", "nearest", "why"]
_MEMORY: Between = bound_of(Variant, "storage_gb")
_MEMORIES = {"storage_gb": 1024, "ram_mb": 1}  # in MB
_NO_PRICE = Fault("is no price", "Write what was asked, quoted or paid, or take the row out")
_NO_AMOUNT = Fault("is no whole number of minor units", "Write whole minor units in digits alone: ₹1 is 100")
_NOT_ABOVE_ZERO = Fault("is not above zero", "A price is above zero: correct it, or take the row out")
_TOO_DEAR = Fault("is out of range", f"Write at most {GREATEST_AMOUNT}: is it in minor units?")
_NO_MEMORY = Fault("is no whole number", "Write digits alone, without a unit, or leave the cell empty")
_NO_SIZE = Fault("is no memory with its unit", "Write it as 64 GB, or leave the cell empty")
_SIZE = re.compile(r"([0-9]{1,7}) ?(MB|GB|TB)", re.IGNORECASE | re.ASCII)
_IN_MB = {"MB": 1, "GB": 1024, "TB": 1024**2}


_SOURCE = Rule(lambda source: PATH.fits(source) or is_table(source), "give the path of a CSV file, or a DataFrame")
_IS_GRADE = instance(Grade)
_GRADES = each(Rule(lambda one: TEXT.fits(one) or _IS_GRADE.fits(one), ""), "give the grades, best first, each once")


class Observations(Report):
    """The usable observations, and a report on the others.

    Attributes:
        frame: the usable rows, with `model` resolved, and `row`, the label in the frame that was read.
        problems: one row for each fault: `row`, `column`, `message`, `remedy`.
        unresolved: the names that match no single variant: `model`, `n`, `rows`, `nearest`, `why`.
        read_: the number of rows read.
        currency: the currency of the prices.
        grades: the grades, best first; () if their order is unknown.
        clean_answers: the best answer to each question that has a column.
    """

    title = "Observations"

    def __init__(
        self,
        frame: pd.DataFrame,
        problems: pd.DataFrame,
        unresolved: pd.DataFrame,
        read: int,
        currency: Currency,
        *,
        grades: tuple[str, ...] = (),
        clean_answers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the parts; use `Observations.read`."""
        self.frame = frame
        self.problems = problems
        self.unresolved = unresolved
        self.read_ = read
        self.currency = currency
        self.grades = grades
        self.clean_answers = dict(clean_answers or {})

    def __len__(self) -> int:
        """Return the number of usable rows."""
        return len(self.frame)

    def __repr__(self) -> str:
        """Return a summary: the rows by model and kind, and the number left out."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.frame["kind"].value_counts().items())
        models, left = self.frame["model"].nunique(), self.read_ - len(self.frame)
        return (
            f"<Observations: {counted(len(self.frame), 'row')} of {counted(models, 'model')} ({kinds}); "
            f"{counted(left, 'row')} left out, {counted(len(self.unresolved), 'name')} unresolved>"
        )

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of the report."""
        by = self.frame.groupby("kind", observed=True)["price_minor"].agg(["size", "median"])
        by.columns = pd.Index(["rows", "median_minor"])
        return [
            (repr(self).strip("<>"), by),
            ("Left out", self.problems.head(_MOST_SHOWN)),
            ("Unresolved", self.unresolved.head(_MOST_SHOWN)),
        ]

    @classmethod
    @takes(
        catalogue=instance(Catalogue),
        as_of=DATE,
        questionnaire=maybe(instance(Questionnaire)),
        currency=TEXT,
        day_format=TEXT,
        grades=_GRADES,
        unit=one_of("minor", "unit"),
        decimal=one_of(*MARKS),
        grouping=one_of(*GROUPS),
        signs=each(TEXT),
        memory=one_of("number", "unit"),
    )
    def read(
        cls,
        source: str | Path | Any,  # noqa: ANN401 - a table of any library
        catalogue: Catalogue,
        *,
        as_of: date,
        questionnaire: Questionnaire | None = None,
        currency: str = "INR",
        day_format: str = "%Y-%m-%d",
        grades: Sequence[str | Grade] = (),
        unit: Literal["minor", "unit"] = "minor",
        decimal: str = "point",
        grouping: str = "none",
        signs: Sequence[str] = (),
        memory: Literal["number", "unit"] = "number",
    ) -> Self:
        """Read observations from a CSV file or a table of any library, which is not changed.

        Args:
            source: the path of a CSV file, or a table: of pandas, Polars, Arrow, or any that exports Arrow data.
            catalogue: the known models.
            as_of: the day of the reading: later days are in the future.
            questionnaire: the questions whose answers have a column each. `frame` has the ids of options: a number
                becomes the option with its band, and several choices are in the questionnaire's order.
            currency: the code of the one currency of all prices; a column `currency` must agree.
            day_format: the format of every day, unless it is as 2018-03-15: such as ``%d/%m/%Y`` or
                ``%d-%b-%Y``, or ``excel-1900`` (``excel-1904``) for the serial numbers of a spreadsheet.
            grades: the grades, best first, such as those of a programme's terms; another grade refuses its row. Not
                needed for an ordered categorical, whose first category is the best, and for the letters A to F.
            unit: ``unit`` if prices are in rupees or pounds, in a column ``price``; else in minor units, in
                ``price_minor``.
            decimal: the decimal mark of a price that is a text, ``point`` or ``comma``.
            grouping: the separator between its groups of digits, of three or as lakhs: ``none``, ``comma``, ``point``,
                ``space`` or ``apostrophe``.
            signs: the texts that may stand before or after it, such as ``("₹", "/-")``.
            memory: ``unit`` if each memory size has its unit, such as ``64 GB``.

        Raises:
            InvalidValue: an argument is of another type, or empty.
            DataError: the file is not a CSV file, a column is missing, unknown or duplicated, or no row can be used.

        >>> import pandas as pd
        >>> from miexchange import Programme
        >>> rows = pd.DataFrame({"model": "oneplus-3t-6-64", "price_minor": [1_100_000, 900_000], "kind": "deal",
        ...     "on": ["3/4/2018", "13/4/2018"], "source": "till", "grade": ["Like New", "Fair"]})
        >>> found = Observations.read(rows, Programme.load("mi-exchange-india").catalogue, as_of=date(2018, 5, 1),
        ...     day_format="%d/%m/%Y", grades=("Like New", "Good", "Fair"))
        >>> found.clean()[["price_minor", "on"]].to_string(index=False, header=False)
        '1100000 2018-04-03'
        >>> rows = rows[["model", "kind", "on", "source"]].assign(price=["₹ 11,000", "₹9,500.50"], storage_gb="64 GB")
        >>> written = dict(day_format="%d/%m/%Y", unit="unit", grouping="comma", signs=("₹",), memory="unit")
        >>> catalogue = Programme.load("mi-exchange-india").catalogue
        >>> Observations.read(rows, catalogue, as_of=date(2018, 5, 1), **written).frame["price_minor"].tolist()
        [1100000, 950050]
        """
        check({"Observations.read": source}, {"Observations.read": _SOURCE})
        spelling = Spelling(decimal, grouping, tuple(map(str, signs)), unit, "python")
        if (wrong := spelling.fault()) is not None:
            raise out_of_range(wrong[0], shown(wrong[1]), wrong[2])
        days, order, money = day_reader(day_format), _order(grades), Currency(currency)
        asked = [] if questionnaire is None else together(questionnaire.questions)
        questions = {question.id: _answer_reader(question, cast("Questionnaire", questionnaire)) for question in asked}
        price = "price" if unit == "unit" else "price_minor"
        required = tuple(price if column == "price_minor" else column for column in _REQUIRED)
        frame, name = _frame(source, required, questions)
        _check_columns(frame, name, required, questions)
        checker = _Checker(frame)
        checker.models(catalogue, {column: _memory_reader(unit_mb, memory) for column, unit_mb in _MEMORIES.items()})
        checker.column(
            price, _price_reader(spelling, money), _NO_PRICE if unit == "unit" else _NO_AMOUNT, "price_minor"
        )
        checker.days(days, as_of)
        checker.column(
            "kind", choice(KINDS, f"Write one of: {', '.join(KINDS)}"), Fault("is not known here", _one(KINDS))
        )
        checker.column("warranty", choice(REGIMES, _one(REGIMES)))
        remedy = f"Convert it to {currency} first, at a rate that you can name"
        checker.column("currency", choice((currency,), remedy))
        for question, answer in questions.items():
            checker.column(question, answer)
        checker.column("grade", choice(order, _one(order)) if order else text(NAME))
        no_source = Fault("is no source", "Say where the row is from")
        checker.column("source", text(message=no_source.message, remedy=no_source.remedy), no_source)
        usable, problems = checker.result()
        if usable.empty:
            faults = [
                Problem(name, None, str(row.column), f"row {row.row}: {row.message}", str(row.remedy))
                for row in problems.head(_MOST_SHOWN).itertuples()
            ]
            nothing = Problem(name, None, "", "holds no usable row", "Put right what is named, or give other data")
            raise DataError((nothing, *faults))
        best = {question.id: question.best.id for question in asked if question.id in frame.columns}
        order = order or _order_of(source, frame)
        found = cls(usable, problems, checker.unresolved, len(frame), money, grades=order, clean_answers=best)
        found._warn()
        return found

    def _warn(self) -> None:
        if len(self.problems):
            rows = self.problems["row"].drop_duplicates()
            warn(f"{named_rows(rows)} cannot be used and are left out: see .problems")
        columns = [column for column in self.frame.columns if column != "row"]
        repeated = duplicates(self.frame, columns)
        if repeated.any():
            warn(
                f"{named_rows(self.frame['row'][repeated])} repeat earlier rows: drop them unless they are two devices"
            )
        prices = self.frame["price_minor"]
        if len(prices) > 1 and (prices == prices.iloc[0]).all():
            warn(f"{named_rows(self.frame['row'])} all have one price, {prices.iloc[0]}: is it a placeholder?")

    def clean(self) -> pd.DataFrame:
        """Return the rows of clean devices: without a grade or with the best that occurs, and with no worse answer.

        Raises:
            InvalidValue: several grades occur, and their order is unknown.
        """
        frame = self.frame
        for question, best in self.clean_answers.items():
            frame = frame[frame[question].isna() | (frame[question] == best)]
        if "grade" in frame.columns:
            grades = frame["grade"]
            frame = frame[grades.isna() | (grades == self._best(set(grades.dropna())))]
        return frame

    @takes(catalogue=instance(Catalogue), launch_prices=maybe(mapping(TEXT, whole_number(1, GREATEST_AMOUNT))))
    def market(self, catalogue: Catalogue, launch_prices: Mapping[str, int] | None = None) -> pd.DataFrame:
        """Return the clean rows with their launch facts: the columns that `DepreciationCurve.fit` takes by default.

        They are `price` and `new_price` in minor units, `age_months`, `brand` and `launch_year`, and `model`, `kind`,
        `on` and `row`. A row without a launch day, or before it, is left out; so is one without a new price,
        unless none has one. A `TuningWarning` names them.

        Args:
            catalogue: the brand, launch day and launch price of each variant.
            launch_prices: new prices in minor units that override or complete the catalogue's.

        Raises:
            InvalidValue: an argument is of another type, or no row is left.

        >>> import pandas as pd, warnings
        >>> from miexchange import Programme
        >>> catalogue = Programme.load("mi-exchange-india").catalogue
        >>> rows = pd.DataFrame({"model": ["oneplus-3t-6-64"], "price_minor": 1_055_000, "kind": "quote",
        ...     "on": date(2018, 3, 15), "source": "press"})
        >>> found = Observations.read(rows, catalogue, as_of=date(2018, 4, 1)).market(catalogue)
        >>> found[["price", "brand", "launch_year"]].to_numpy().tolist(), found["age_months"].round(1).tolist()
        ([[1055000, 'OnePlus', 2016]], [15.4])
        """
        rows = self.clean()
        facts = launches_of(catalogue, launch_prices).reindex(rows["model"]).set_axis(rows.index)
        found = rows[["row", "model", "kind", "on"]].join(facts[["brand", "launch_year", "new_price"]])
        found["price"] = rows["price_minor"]
        found["age_months"] = (rows["on"] - facts["launched_on"]).dt.days / MONTH_DAYS
        known = found["age_months"] >= 0
        if found["new_price"].notna().any():
            known &= found["new_price"].notna()
        if not known.all():
            warn(f"{named_rows(found['row'][~known])} are left out: no earlier launch day or no new price is known")
        if not known.any():
            raise out_of_range("catalogue", None, "give one that does", "says when no observed model was launched")
        return found[known].astype({"launch_year": int}).reset_index(drop=True)

    def _best(self, found: set[str]) -> str | None:
        """Return the best of the grades that occur."""
        order = self.grades or _LETTERS
        if len(found) > 1 and not found <= {*order}:
            rule = "say the order of the grades: Observations.read(grades=...), or an ordered categorical, best first"
            raise missing("grades", rule, f"is missing, and there are {', '.join(sorted(found)[:_MOST_SHOWN])}")
        return min(found, key=lambda grade: order.index(grade) if grade in order else 0, default=None)

    def without_duplicates(self) -> Observations:
        """Return the observations without duplicate rows."""
        columns = [column for column in self.frame.columns if column != "row"]
        kept = self.frame[~duplicates(self.frame, columns)]
        parts = (kept, self.problems, self.unresolved, self.read_, self.currency)
        return Observations(*parts, grades=self.grades, clean_answers=self.clean_answers)


def _one(words: Sequence[str]) -> str:
    return f"Write one of: {', '.join(words)}"


def _answer_reader(question: Question, questionnaire: Questionnaire) -> Callable[[object], Any]:
    """Return a reader of the answers to a question as a person sees it: an option, a number in a band, or choices."""
    options = tuple(option.id for option in question.options)
    if question.id in questionnaire.several:
        choices = options[1:]
        remedy = f"Write {NONE}, or some of these with {BETWEEN} between: {', '.join(choices)}"
        unknown = Fault("is not known here", remedy)

        def chosen(cell: object) -> str | Fault:
            found = said_of_choices((text_of(cell) or "").strip(), choices)
            return unknown if found is None else BETWEEN.join(one for one in choices if one in found) or NONE

        return chosen
    numbers = questionnaire.numbers.get(question.id)
    if numbers is None:
        return choice(options, _one(options))
    no_answer = Fault("is not known here", f"Write one of: {question.takes}")
    number = whole(0, GREATEST_AMOUNT, (no_answer, no_answer, no_answer))

    def banded(cell: object) -> str | Fault:
        written = text_of(cell)
        said = str(number(cell)) if written is None else written.strip()
        return said if said in options else numbers.get(said, no_answer)

    return banded


def _order(grades: Sequence[str | Grade]) -> tuple[str, ...]:
    """Return the ids of grades, best first."""
    order = tuple((grade.id if isinstance(grade, Grade) else text_of(grade) or "").strip() for grade in grades)
    if not all(order) or len(set(order)) < len(order):
        raise out_of_range("grades", ", ".join(order), _GRADES.says)
    return order


def _order_of(source: object, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the order of an ordered categorical of pandas, Polars or Arrow."""
    kind = frame["grade"].dtype if "grade" in frame.columns else None
    found: Any = ()
    if isinstance(kind, pd.CategoricalDtype):
        found = kind.categories if kind.ordered else ()
    elif kind is not None:
        found = told(_ordered, source)
    if isinstance(found, Fault):  # an exhausted stream
        return ()
    words = [(text_of(category) or "").strip() for category in found]
    return tuple(dict.fromkeys(filter(None, words)))


def _ordered(table: Any) -> Any:  # noqa: ANN401 - a table of Polars or Arrow; its categories
    if hasattr(type(table), "get_columns"):
        kind = table.schema["grade"]
        return list(kind.categories) if name_of(type(kind)) == "Enum" else ()
    column = table.column("grade")
    is_ordered = getattr(column.type, "ordered", False)
    return column.unify_dictionaries().chunk(0).dictionary.to_pylist() if is_ordered and column.num_chunks else ()


def _price_reader(spelling: Spelling, currency: Currency) -> Callable[[object], Any]:
    """Return a reader of prices: of whole minor units, or in the stated format."""
    if spelling == Spelling(unit="minor", options="python"):
        return whole(1, GREATEST_AMOUNT, (_NO_AMOUNT, _NOT_ABOVE_ZERO, _TOO_DEAR))

    def read(cell: object) -> int | Fault:
        written = text_of(cell)
        try:
            return amount_of(cell if written is None else written, spelling, currency)
        except Unread as fault:
            said, remedy = fault.args
            return Fault(said.removeprefix(f"{shown(cell)} "), remedy)

    return read


def _memory_reader(unit_mb: int, memory: str) -> Callable[[object], Any]:
    """Return a reader of memory sizes in a column's unit, in MB: digits alone, or with a unit each."""
    if memory == "number":
        return whole(_MEMORY.least, _MEMORY.most, (_NO_MEMORY, _NO_MEMORY, _NO_MEMORY))

    def read(cell: object) -> int | Fault:
        found = _SIZE.fullmatch((text_of(cell) or "").strip())
        size, rest = divmod(int(found[1]) * _IN_MB[found[2].upper()], unit_mb) if found else (0, 1)
        return size if not rest and _MEMORY.least <= size <= _MEMORY.most else _NO_SIZE

    return read


def _frame(source: object, required: tuple[str, ...], questions: Mapping[str, object]) -> tuple[pd.DataFrame, str]:
    """Return the cells as they are given; those of a file are texts."""
    if not PATH.fits(source):
        return frame_of(source, "Observations.read"), "<frame>"
    problems, path = Problems(), cast("str | Path", source)
    try:
        there = Path(path).is_file()
    except (OSError, ValueError):  # a name that is too long, or contains a NUL
        there = False
    if not there:
        problems.add(str(path), None, "", "cannot be read: there is no such file", "Give the path of a CSV file")
        problems.raise_if_any()
    columns = read_columns(Path(path), required, (*_OPTIONAL, *questions), problems)
    problems.raise_if_any()
    return pd.DataFrame({column: pd.Series(cells, dtype=object) for column, cells in columns.items()}), str(path)


def _check_columns(frame: pd.DataFrame, name: str, required: tuple[str, ...], questions: Mapping[str, object]) -> None:
    problems = Problems()
    known = dict.fromkeys((*required, *_OPTIONAL, *questions))
    names = [text_of(label) for label in frame.columns]
    counts = {known_name: names.count(known_name) for known_name in known}
    for column in known:
        if counts[column] > 1:
            problems.add(name, None, column, "the column is repeated", "Keep one of them")
        elif column in required and not counts[column]:
            problems.add(name, None, column, "the column is missing", f"Known: {', '.join(known)}")
    unknown = [label for label, text_ in zip(frame.columns, names, strict=True) if text_ not in known]
    remedy = f"Known: {', '.join(known)}; answers need the questionnaire"
    for label in unknown[:PROBLEMS]:
        problems.add(name, None, shown(label), "is not a column of observations", remedy)
    if not problems.found and frame.empty:
        problems.add(name, None, "", "has no rows", "Give at least one observation")
    problems.raise_if_any()


class _Checker:
    """Reads a frame column by column, and records every fault with its row."""

    def __init__(self, frame: pd.DataFrame) -> None:
        names = map(text_of, frame.columns)
        self._cells = {name: cells_of(frame.iloc[:, place]) for place, name in enumerate(names) if name is not None}
        self._labels = labels_of(frame)
        self._good = np.ones(len(frame), dtype=bool)
        self._found: list[pd.DataFrame] = []
        self._read: dict[str, Any] = {}
        self.unresolved = pd.DataFrame(columns=_UNRESOLVED)

    def _bad(self, column: str, by_cell: Sequence[Fault | None]) -> None:
        """Record the fault of each row whose cell has one."""
        cells = self._cells[column]
        wrong = np.array([fault is not None for fault in by_cell])[cells.codes]
        rows = np.flatnonzero(wrong)
        if not len(rows):
            return
        self._good[rows] = False
        codes = cells.codes[rows]
        said = [
            "" if fault is None else f"{'nothing' if cell is None else shown(cell)} {fault.message}"
            for cell, fault in zip(cells.distinct, by_cell, strict=True)
        ]
        fault = {
            "row": self._labels[rows],
            "column": _shared([column], np.zeros(len(rows), dtype=np.intp)),
            "message": _shared(said, codes),
            "remedy": _shared(["" if fault is None else fault.remedy for fault in by_cell], codes),
        }
        self._found.append(pd.DataFrame({**fault, "_at": rows}))

    def _values(self, column: str, read: Callable[[object], Any], missing: Fault | None = None) -> list[Any]:
        """Read each distinct cell; record the faults, and return the values, None for a faulty or a missing one."""
        given = self._cells[column].distinct
        found = [*(told(read, cell) for cell in given[:-1]), missing]
        self._bad(column, [one if isinstance(one, Fault) else None for one in found])
        return [None if isinstance(one, Fault) else one for one in found]

    def column(self, column: str, read: Callable[[object], Any], missing: Fault | None = None, name: str = "") -> None:
        """Read a column, if it exists; `missing` is the fault of an empty cell, `name` its new name."""
        if column not in self._cells:
            return
        values = self._values(column, read, missing)
        if missing is not None and all(type(one) in {int, type(None)} for one in values):
            self._read[name or column] = np.array([one or 0 for one in values], dtype=np.int64)[
                self._cells[column].codes
            ]
        else:
            self._read[name or column] = [values[code] for code in self._cells[column].codes.tolist()]

    def models(self, catalogue: Catalogue, memory: Mapping[str, Callable[[object], Any]]) -> None:
        """Resolve every name to a variant's id, with the memory size if given."""
        nothing = Fault("is no name of a model", "Give a variant's id, or name, RAM and storage")
        names = self._values("model", text(NAME, *nothing), nothing)
        keys = pd.DataFrame({"model": self._cells["model"].codes})
        known: dict[str, list[int | None]] = {}
        for column in _MEMORIES:
            known[column], keys[column] = [None], -1
            if column in self._cells:
                codes = self._cells[column].codes
                known[column], keys[column] = self._values(column, memory[column]), codes
                self._read[column] = pd.array(known[column], dtype="Int64").take(codes)
        which = keys.groupby([*keys.columns], sort=False).ngroup().to_numpy()
        found = [
            _resolve(names[model], known["storage_gb"][storage], known["ram_mb"][ram], catalogue)
            for model, storage, ram in keys.drop_duplicates().itertuples(index=False, name=None)
        ]
        self._read["model"] = [found[code] for code in which.tolist()]
        faults = [one if isinstance(one, Fault) else None for one in found]
        unknown = np.array([fault is not None for fault in faults])[which] & self._good
        if not unknown.any():
            return
        self._good[unknown] = False
        rows = np.flatnonzero(unknown)
        said = [
            (names[code], faults[fault])
            for code, fault in zip(self._cells["model"].codes[rows], which[rows], strict=True)
        ]
        message = [f"{shown(name)} {why.message}" for name, why in said]
        fault = {
            "row": self._labels[rows],
            "column": "model",
            "message": message,
            "remedy": [why.remedy for _, why in said],
        }
        self._found.append(pd.DataFrame({**fault, "_at": rows}))
        places: dict[tuple[str, str], list[int]] = {}
        for row, (name, why) in zip(rows.tolist(), said, strict=True):
            places.setdefault((name, why.message), []).append(row)
        listing = [(*key, len(group), [*self._labels[group[:5]]]) for key, group in places.items()]
        listing.sort(key=lambda row: -row[2])
        table = [
            (name, count, labels, _nearest(name, catalogue) if place < _MOST_SHOWN else "", why)
            for place, (name, why, count, labels) in enumerate(listing)
        ]
        self.unresolved = pd.DataFrame(table, columns=_UNRESOLVED)

    def days(self, read: Callable[[object], Any], as_of: date) -> None:
        """Check that every row has a day that is not in the future."""
        late = Fault(f"is after {as_of}", "Correct the date, or read it later")

        def past(cell: object) -> date | Fault:
            found = read(cell)
            return late if isinstance(found, date) and found > as_of else found

        found = self._values("on", past, Fault("is no date", "Write a date as 2018-03-15"))
        days = np.array([one or "NaT" for one in found], dtype="datetime64[D]")
        self._read["on"] = days.astype("datetime64[ns]")[self._cells["on"].codes]

    def result(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the usable rows, and the faults in the order of their rows."""
        columns = ["row", "column", "message", "remedy"]
        problems = pd.DataFrame(columns=columns)
        if self._found:
            problems = pd.concat(self._found).sort_values("_at", kind="stable")[columns].reset_index(drop=True)
        names = ("price_minor" if column == "price" else column for column in self._cells)
        read = {column: self._read[column] for column in names if column in self._read}
        usable = pd.DataFrame({**read, "row": self._labels})[self._good].reset_index(drop=True)
        return usable, problems


def _shared(texts: list[str], codes: npt.NDArray[np.intp]) -> pd.Series[Any]:
    """Return a text for each code as objects, each text once in memory: pandas' own text type copies it per row."""
    return pd.Series(np.array(texts, dtype=object)[codes], dtype=object)


_UNKNOWN = Fault("is no model of the catalogue", "Correct the name, or add the model to the catalogue")


def _resolve(name: str | None, storage_gb: int | None, ram_mb: int | None, catalogue: Catalogue) -> str | Fault:
    """Return the id of the one variant that matches a name and memory, or why there is none."""
    meant = catalogue.meant(name) if name is not None else ()
    if not meant:
        return _UNKNOWN
    fits = [
        variant.model
        for variant in meant
        if storage_gb in {None, variant.storage_gb} and ram_mb in {None, variant.ram_mb}
    ]
    if len(fits) == 1:
        return fits[0]
    among = listed(fits or [variant.model for variant in meant])
    if fits:
        return Fault(f"may be {len(fits)} variants", f"Say storage_gb and ram_mb, or write one of: {among}")
    return Fault("has no variant of that memory", f"Correct storage_gb and ram_mb, or write one of: {among}")


def _nearest(name: str, catalogue: Catalogue) -> str:
    meant = catalogue.meant(name) or catalogue.search(name)[:3] or catalogue.nearest(name)
    return " | ".join(variant.model for variant in meant)
