"""Reads a spreadsheet's price list in a stated format: an unreadable row is reported with its remedy."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miexchange._amounts import Fault, Unread, amount_of
from miexchange._limits import LIST_COLUMNS, LIST_ROWS, NAME, TEXT
from miexchange._problems import Problems
from miexchange._text import closest, counted, for_spreadsheet, is_blank, listed, path_of, text_of
from miexchange._value import argument
from miexchange.errors import DataError, Problem, shown, wrong_type
from miexchange.pricelists._cells import instant_of
from miexchange.pricelists._form import Form
from miexchange.pricelists._list import ListPrice, PriceList
from miexchange.pricelists._sheets import Sheet, is_empty, open_sheet
from miexchange.programme import Programme

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.catalogue import Variant

__all__ = ["Reading", "read"]

_BASES = ("observed", "modelled")
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """The content of a file.

    Attributes:
        prices: the list of the readable rows.
        problems: one or more for each unreadable row, with its line, its column, and the remedy.
        rows: the number of rows below the header.
        not_read: the ignored columns.
    """

    prices: PriceList
    problems: tuple[Problem, ...]
    rows: int
    not_read: tuple[str, ...]


def read(source: str | Path, programme: Programme, form: Form | None = None) -> Reading:
    r"""Read the price list of a file: CSV in any stated format, or a sheet of an Excel file (``.xlsx``).

    A name of a variant is an id, a brand with its model and memory, or a model that no other brand has; a name of
    several variants, of none, or of one that the programme does not list is reported with the nearest. Cells of Excel
    are read as values: a formula as its computed result, an error as a problem.

    Args:
        source: the file.
        programme: the programme with the models, the currency and the price step.
        form: the format of the file; by default plain CSV with the columns ``model``, ``price`` and ``basis``.

    Raises:
        InvalidValue: an argument is of another type.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> programme = Programme.load("mi-exchange-india")
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "list.csv"
    ...     _ = file.write_bytes(b"Handset;Rate\nOnePlus 3T 6GB/64GB;11.490,00\nOneplus 33T;9.000,00\n")
    ...     form = Form(delimiter="semicolon", decimal="comma", grouping="point", model=("Handset",), price="Rate",
    ...                 basis="observed")
    ...     reading = read(file, programme, form)
    >>> [(one.model, one.price_minor) for one in reading.prices]
    [('oneplus-3t-6-64', 1149000)]
    >>> [(problem.line, problem.column, problem.message) for problem in reading.problems]
    [(3, 'Handset', "'Oneplus 33T' is no model of the catalogue")]
    """
    path = path_of(source)
    if path is None:
        raise wrong_type("source", source, "give the path of a file")
    argument(programme, Programme, "programme")
    stated = Form() if form is None else argument(form, Form, "form")
    problems = Problems()
    reader = _Reader(programme, stated, text_of(source) or f"{path}", problems)
    with suppress(DataError):  # the limit of problems is reached, and all that were found are recorded
        reader.read(path)
    return Reading(PriceList.of(reader.found.values()), tuple(problems.found), reader.rows, reader.not_read)


class _Reader:
    """Reads the rows of one file."""

    def __init__(self, programme: Programme, form: Form, file: str, problems: Problems) -> None:
        self._programme = programme
        self._form = form
        self._file = file
        self._problems = problems
        self._lines: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._sheet: Sheet
        self._good = True
        self.found: dict[str, ListPrice] = {}
        self.rows = 0
        self.not_read: tuple[str, ...] = ()

    def read(self, path: Path) -> None:
        """Read the file."""
        sheet = open_sheet(path, self._file, self._form, self._problems)
        if sheet is None or not self._find_columns(sheet):
            return
        self._sheet = sheet
        for line, cells in sheet.rows:
            if is_empty(cells):
                continue
            self.rows += 1
            if self.rows > LIST_ROWS:
                self._problems.add(self._file, line, "", f"has more than {LIST_ROWS:,} rows", "Split it")
                return
            self._good = True
            if not sheet.is_excel and len(cells) != len(sheet.names):
                what = f"the row has {counted(len(cells), 'cell')}, the header {len(sheet.names)}"
                self._problems.add(self._file, line, "", what, "Quote a cell that holds what stands between cells")
                continue
            price = self._row(line, cells)
            if price is not None:
                self.found[price.model] = price
                self._lines[price.model] = line

    def _find_columns(self, sheet: Sheet) -> bool:
        """Find the columns to read, and record the missing ones."""
        form, names = self._form, sheet.names
        if len(names) > LIST_COLUMNS:
            what = f"has more than {LIST_COLUMNS} columns"
            self._problems.add(self._file, form.header_row, "", what, "Take out those that are not needed")
            return False
        wanted = dict.fromkeys(form.model, "--model") | {form.price: "--price"}
        wanted |= {form.date: "--date"} if form.date else {}
        before = len(self._problems.found)
        for name, option in wanted.items():
            if (count := names.count(name)) != 1:
                what = "the column is missing" if count == 0 else f"{count} columns have this name"
                near = closest(name, names, 1)
                hint = " --price price_minor --unit minor" if option == "--price" and "price_minor" in names else ""
                hint = hint or (f" {option} '{near[0]}'" if near else "")
                remedy = f"State its name:{hint} ({listed([one for one in names if one])})"
                remedy = remedy if count == 0 else "Give each of them a name of its own"
                self._problems.add(self._file, form.header_row, name, what, remedy)
        self._places = {name: names.index(name) for name in (*wanted, "basis", "source") if name in names}
        if form.basis is None and "basis" not in self._places:
            remedy = "State --basis observed, where somebody saw these prices, or --basis modelled"
            self._problems.add(self._file, form.header_row, "basis", "the column is missing", remedy)
        self.not_read = tuple(name for name in names if name and name not in self._places)
        return len(self._problems.found) == before

    def _bad(self, line: int, name: str, what: str, remedy: str) -> None:
        self._good = False
        self._problems.add(self._file, line, self._sheet.column(self._places[name]), what, remedy)

    def _cell(self, cells: list[object], name: str) -> object:
        place = self._places[name]
        return cells[place] if place < len(cells) else None

    def _row(self, line: int, cells: list[object]) -> ListPrice | None:
        """Return the price of a row, or None after recording every fault."""
        form, programme = self._form, self._programme
        model = self._model(line, cells)
        amount, since = 0, None
        try:
            amount = amount_of(
                self._cell(cells, form.price), form.spelling, programme.currency, programme.price_step_minor
            )
        except Unread as fault:
            self._bad(line, form.price, *fault.args)
        if form.date:
            try:
                since = instant_of(self._cell(cells, form.date), form, programme.zone, self._sheet.first_day)
            except Unread as fault:
                self._bad(line, form.date, *fault.args)
        basis, source = self._basis(line, cells), self._source(line, cells)
        if not self._good or model is None:
            return None
        return ListPrice(model, amount, "observed" if basis == "observed" else "modelled", source, since)

    def _basis(self, line: int, cells: list[object]) -> str:
        if self._form.basis is not None:
            return self._form.basis
        cell = self._cell(cells, "basis")
        if not (isinstance(cell, str) and cell.strip() in _BASES):
            self._bad(line, "basis", f"{_shown(cell)} is not known here", f"Write one of: {', '.join(_BASES)}")
            return ""
        return cell.strip()

    def _source(self, line: int, cells: list[object]) -> str:
        name = self._file.replace("\\", "/").rpartition("/")[2]
        source = self._form.source or f"{name}, row {line}"
        if not self._form.source and "source" in self._places:
            cell = self._cell(cells, "source")
            if not is_blank(cell):
                source = f"{cell.says if isinstance(cell, Fault) else cell}".strip()
        if len(source) > TEXT or not source.isprintable() or for_spreadsheet(source) != source:
            what = f"the source {shown(source)} is too long, has control characters, or begins like a formula"
            remedy = f"Write a plain text of at most {TEXT:,} characters, or state --source"
            self._good = False
            self._problems.add(self._file, line, "source", what, remedy)
        return source

    def _model(self, line: int, cells: list[object]) -> str | None:
        """Return the id of the one listed variant that a row names, or None."""
        first = self._form.model[0]
        parts = [self._cell(cells, name) for name in self._form.model]
        for name, part in zip(self._form.model, parts, strict=True):
            if isinstance(part, Fault) or not (is_blank(part) or type(part) in {str, int}):
                self._bad(line, name, f"{_shown(part)} is no name", "Write the name as a text")
                return None
        name = " ".join(f"{part}".strip() for part in parts if not is_blank(part))
        if not name:
            self._bad(line, first, "is empty", "Write a model, or take the row out")
            return None
        meant = self._programme.catalogue.meant(name)
        if len(meant) != 1:
            if meant:
                what, remedy = f"{shown(name)} may be {len(meant)} variants", f"Write one of: {_named(meant)}"
            else:
                near = self._programme.catalogue.nearest(name) if len(name) <= NAME else ()
                remedy = (
                    f"Did you mean one of: {_named(near[:_NEAR])}"
                    if near
                    else "Correct its name, or add it to the catalogue"
                )
                what = f"{shown(name)} is no model of the catalogue"
            self._bad(line, first, what, remedy)
            return None
        model = meant[0].model
        if model not in self._programme.eligible:
            what = f"{model} is not on the programme's list of models"
            self._bad(line, first, what, "Add it to the eligible models, or take the row out")
            return None
        if model in self._lines:
            what = f"{model} has a price on line {self._lines[model]} already"
            self._bad(line, first, what, "Keep one price for each variant")
            return None
        return model


def _shown(cell: object) -> str:
    return cell.says if isinstance(cell, Fault) else shown(cell)


def _named(variants: tuple[Variant, ...]) -> str:
    return listed([f"{variant.label} = {variant.model}" for variant in variants], "; ", NAME)
