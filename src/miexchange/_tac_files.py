"""Reads TAC tables of any origin: finds the layout, and the devices of each row.

There is no official free TAC list and no one format. What circulates: the Osmocom export, the GSMA
device database's layouts, the import layout of DIRBS (an open-source device registry), and home-made
tables with a TAC, a brand and a model. A file is recognised by its header. An unusable row
is reported with its line and left out; nothing is guessed.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from miexchange._files import read_bytes, too_large
from miexchange._frame import Columns, NotATable
from miexchange._limits import CELL_BYTES, COLUMNS, NAME, PROBLEMS, TABLE_BYTES, TEXT
from miexchange._text import counted, is_blank, path_of, text_of, words
from miexchange.errors import DataError, Problem, shown
from miexchange.imei import TAC_DIGITS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

__all__ = ["TacFile", "Texts", "named", "read_tac_table"]

_LOST_ONE = 7
_WIDTHS = (7, 8)
_WIDTHS_WITH_SIX = (6, 7, 8)
_HEADER_WITHIN = 10  # lines: an export may begin with a banner and its licence

_DELIMITERS = {"\t": "tab", "|": "pipe", ";": "semicolon", ",": "comma"}
_FRAME = "frame"  # the delimiter of a table that is not a file
_TAC = ("tac", "tac_code")
# In order of preference: a brand is the name of the phone on sale, a manufacturer the one that registered it.
_BRAND = (
    "brand_name",
    "brand",
    "handset_brand",
    "marca",
    "manufacturer",
    "manufacturer_(or)_applicant",
    "manufacturer_or_applicant",
)
_MODEL = ("marketing_name", "model", "model_name", "handset_model", "modelo", "internal_model_name")
_SPECS = "specs"
_OSMOCOM = ("tac", "name", "name")
# Cells without a name, reduced to letters and digits: n/a, N.A., Not Known, (blank), NaN, 0.0.
_NOTHING = frozenset(
    {"na", "null", "none", "nan", "nat", "nil", "unknown", "undefined", "unspecified", "tbd", "tba", "tbc", "missing"}
    | {"empty", "blank", "nodata", "novalue", "notknown", "notsupported", "notavailable", "notapplicable", "0", "00"}
    | {"notspecified", "notprovided", "notset", "notfound", "notassigned", "unassigned", "unknownbrand", "unknownmodel"}
    | {"unknowndevice", "unknownmanufacturer", "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto"}
    | {"неизвестно", "неизвестный", "未知", "不明", "نامعلوم"}
)
_OF_POSTGRES = "\\N"
# Errors of a spreadsheet, in any language: #REF!, #NOM?, #DIV/0!, #N/D, #NV. The English ones are also words above.
_ERROR = re.compile("#\u00a1?[^\\W\\d]+[!?]|#[^\\W\\d]+/(?:0!|[^\\W\\d]+)|#NV")
_LONGEST_NOTHING = 24  # characters, signs around it included
_UNDERSTOOD = (
    "Understood are a header with tac, brand (or manufacturer, marca) and model (or modelo, marketing name, specs), "
    "between comma, semicolon, pipe or tab, and the Osmocom, GSMA and DIRBS layouts"
)
_SIGNATURES = (
    (b"PK\x03\x04", "is a zip file, as Excel workbooks are", "Save the sheet as CSV in UTF-8"),
    (b"\x1f\x8b", "is compressed with gzip", "Unpack it first"),
    (b"\xff\xfe", "is UTF-16 text", "Save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 text", "Save it as UTF-8"),
)
# TACs as spreadsheets and data frames change them.
_SPREADSHEET = (
    (re.compile(r'="[0-9]+"'), "It is a formula of a spreadsheet: write the 8 digits alone, in a column of texts"),
    (re.compile(r'"[0-9]+"'), "Write the 8 digits without quotation marks"),
    (re.compile(r"[0-9.,]+[eE][+-]?[0-9]+"), "A spreadsheet rounded it: set the column to text, and fill it in anew"),
    (re.compile(r"[0-9]+[.,]0*"), "It was read as a decimal number: read and write the column as text"),
)
_UNDECODED = re.compile("[\ud800-\udfff]")
_GAPS = re.compile(r"[\s_-]+")


class Texts:
    """A column of texts that repeat: each text once, and the position of each row's."""

    __slots__ = ("positions", "rows")

    def __init__(self) -> None:
        """Begin without rows."""
        self.positions: dict[str, int] = {}
        self.rows = array("I")

    def add(self, text: str) -> None:
        """Add the text of another row."""
        self.rows.append(self.positions.setdefault(text, len(self.positions)))


class TacFile(NamedTuple):
    """The content of a file, before it is sorted into a table."""

    name: str
    layout: str
    tacs: array[int]
    """The TAC of each usable row."""
    devices: tuple[Texts, Texts, Texts]
    """The brand, the model and the source of each usable row."""
    rows: int
    widths: Counter[int]
    """The number of TACs by their digits before padding."""
    left_out: int
    """The number of unusable rows."""
    problems: tuple[Problem, ...]
    """The reason for each of the first of them."""


class _Header(NamedTuple):
    """The current position in the file, and its columns."""

    line: int
    delimiter: str
    width: int
    layout: str
    tac: int
    brands: tuple[int, ...]
    models: tuple[int, ...]
    specs: int | None
    source: int | None


class _BadRow(Exception):  # noqa: N818 - never leaves this module
    """An unusable row: column, message, remedy."""


def named(text: str) -> str:
    """Return a text, or "" for one that means none: `NULL`, `n/a`, `#N/A`, `?`, `--`.

    >>> named("Nexus 5"), named("#N/A"), named("--")
    ('Nexus 5', '', '')
    """
    return text if len(text) > _LONGEST_NOTHING else _named(text)


@lru_cache(maxsize=4096)  # rows given in code repeat their brands thousands of times
def _named(text: str) -> str:
    said = words(text)
    word = "".join(filter(str.isalnum, said))
    is_nothing = not word or word in _NOTHING or all(part in _NOTHING for part in said.split())
    return "" if is_nothing or text == _OF_POSTGRES or _ERROR.fullmatch(text) else text


def read_tac_table(table: object, sold: Collection[str], *, pad_six_digits: bool) -> TacFile:
    """Read every row of a TAC table.

    Args:
        table: the path of a file, or a table of any library.
        sold: the first two digits of the TACs that phones on sale may have: neither test numbers nor unassigned ones.
        pad_six_digits: whether a TAC of six digits is read as one that lost two leading zeros.

    Raises:
        DataError: the file is not a TAC table, or cannot be read.
    """
    path = path_of(table)
    name, source = ("<frame>", "<frame>") if path is None else (str(path), path.name)
    header, rows = _rows_of_frame(table, name) if path is None else _rows_of_file(path, name)
    widths: Counter[int] = Counter()
    allowed = _WIDTHS_WITH_SIX if pad_six_digits else _WIDTHS
    tacs, brands, models, sources = array("I"), Texts(), Texts(), Texts()
    known = _Cleaned()
    problems: list[Problem] = []
    left_out = 0
    for number, row in enumerate(rows, header.line + 1):
        try:
            cells = _cells(row, header) if type(row) is str else _texts(row, header)
            tac = _tac(cells[header.tac], allowed, sold)
            brand, model, origin = _device(cells, header, source, known)
        except _BadRow as bad:
            left_out += 1
            if len(problems) < PROBLEMS:
                problems.append(Problem(name, number, *bad.args))
        else:
            widths[len(tac)] += 1
            tacs.append(int(tac))
            brands.add(brand)
            models.add(model)
            sources.add(origin)
    devices = brands, models, sources
    return TacFile(name, header.layout, tacs, devices, len(rows), widths, left_out, tuple(problems))


def _rows_of_file(path: Path, name: str) -> tuple[_Header, Sequence[str]]:
    lines = _lines(path)
    header = _header(name, lines)
    return header, lines[header.line :]


def _rows_of_frame(table: object, name: str) -> tuple[_Header, Sequence[tuple[object, ...]]]:
    try:
        frame = Columns(table)
        names = [_column(name) for name in frame.names]
        if not set(_TAC) & set(names):
            raise _refused(name, f"has no tac column; its columns are {shown(', '.join(frame.names))}", _UNDERSTOOD)
        header = _columns(name, None, _FRAME, names)
        return header, list(zip(*map(frame.cells, range(len(names))), strict=True))
    except NotATable as fault:
        what, remedy = fault.args
        raise _refused(name, f"{shown(table)} {what}", remedy) from None


def _lines(path: Path) -> list[str]:
    try:
        data = read_bytes(path, TABLE_BYTES)
    except IsADirectoryError:
        raise _refused(str(path), "is a directory", "Name one file in it") from None
    except FileNotFoundError:
        raise _refused(str(path), "does not exist", "Check the path") from None
    except (OSError, ValueError) as error:
        raise _refused(str(path), f"cannot be read: {error}", "Check the path and who may read it") from None
    if len(data) > TABLE_BYTES:
        raise _refused(str(path), *too_large(TABLE_BYTES))
    for signature, message, remedy in _SIGNATURES:
        if data.startswith(signature):
            raise _refused(str(path), message, remedy)
    if b"\0" in data:
        raise _refused(str(path), "is a binary file", "Give a text file in UTF-8")
    # Invalid UTF-8 is decoded to lone surrogates, so that only its rows are refused.
    text = data.decode("utf-8-sig", errors="surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise _refused(str(path), "is empty", _UNDERSTOOD)
    return text.rstrip("\n").split("\n")


def _refused(name: str, message: str, remedy: str, line: int | None = None, column: str = "") -> DataError:
    return DataError((Problem(name, line, column, message, remedy),))


def _header(name: str, lines: list[str]) -> _Header:
    """Find the header: the first line with a TAC column, whatever the delimiter."""
    for number, line in enumerate(lines[:_HEADER_WITHIN], 1):
        readings = {delimiter: [_column(cell) for cell in line.split(delimiter)] for delimiter in _DELIMITERS}
        found = [(len(names), delimiter) for delimiter, names in readings.items() if set(_TAC) & set(names)]
        if found:
            _, delimiter = max(found)
            return _columns(name, number, delimiter, readings[delimiter])
    first = next(line for line in lines if line.strip())
    if re.match(r"[\s'\"]*[0-9]{6,8}\b", first):
        message = f"has no header: its first line is {shown(first)}, which looks like data"
        raise _refused(name, message, "Put a header such as tac,brand,model above it", 1)
    message = f"has no tac column in its first {_HEADER_WITHIN} lines; the first is {shown(first)}"
    raise _refused(name, message, _UNDERSTOOD)


def _columns(name: str, line: int | None, delimiter: str, names: list[str]) -> _Header:
    """Return the meaning of each column, or refuse an unknown header."""
    between = _DELIMITERS.get(delimiter, delimiter)
    if len(names) > COLUMNS:
        message = f"the header has {len(names)} columns, at most {COLUMNS} are read"
        raise _refused(name, message, "Keep the columns of the TAC, the brand and the model", line)
    if tuple(names[:3]) == _OSMOCOM:
        aka = (names.index("aka"),) if "aka" in names else ()
        return _Header(line or 0, delimiter, len(names), "osmocom", 0, (1,), (2, *aka), None, None)
    known = {column: names.index(column) for column in (*_TAC, *_BRAND, *_MODEL, _SPECS, "source") if column in names}
    for column in known:
        if names.count(column) > 1:
            message = f"stands {names.count(column)} times in the header"
            raise _refused(name, message, "Give every column its own name", line, column)
    brands = tuple(known[column] for column in _BRAND if column in known)
    models = tuple(known[column] for column in _MODEL if column in known)
    seen = shown((delimiter if line else ", ").join(names))
    if not brands:
        raise _refused(name, f"the header {seen} has no column for the brand or manufacturer", _UNDERSTOOD, line)
    if not models and _SPECS not in known:
        raise _refused(name, f"the header {seen} has no column for the model", _UNDERSTOOD, line)
    if "marketing_name" in known:
        layout = f"gsma ({between})"
    elif "optional_fields" in names:
        layout = f"dirbs ({between})"
    else:
        layout = f"{'plain' if models else 'specs'} ({between})"
    tac = next(known[column] for column in _TAC if column in known)
    specs = None if models else known[_SPECS]
    return _Header(line or 0, delimiter, len(names), layout, tac, brands, models, specs, known.get("source"))


def _column(cell: str) -> str:
    return _GAPS.sub("_", cell.strip('\ufeff" \t').casefold())


def _cells(line: str, header: _Header) -> list[str]:
    if len(line) > CELL_BYTES:
        raise _BadRow("", f"the line has {len(line)} characters, at most {CELL_BYTES} are read", "Shorten it")
    cells = _split(line, header.delimiter)
    if len(cells) != header.width:
        if not line.strip():
            raise _BadRow("", "the line is blank", "Remove it")
        message = f"the row has {counted(len(cells), 'cell')}, the header {header.width}"
        raise _BadRow("", message, "Give every row as many cells as the header")
    return cells


def _texts(row: Sequence[object], header: _Header) -> list[str]:
    """Return the cells of a frame's row; missing and ignored ones are empty."""
    read = {header.tac, *header.brands, *header.models, header.specs, header.source}
    cells = [text_of(cell) if place in read and not is_blank(cell) else "" for place, cell in enumerate(row)]
    texts = [cell for cell in cells if cell is not None]
    if len(texts) < len(cells):
        what = f"{shown(row[cells.index(None)])} is not text"
        raise _BadRow("", what, "Read and write the column as text: a number loses its zeros")
    return texts


def _split(line: str, delimiter: str) -> list[str]:
    if not line.isascii() and _UNDECODED.search(line):
        raise _BadRow("", "the row is not UTF-8 text", "Save the file as UTF-8")
    # Pipes and tabs are used so that nothing needs quoting: there a quotation mark is an inch, or part of a JSON cell.
    if '"' not in line or delimiter in "|\t":
        return line.split(delimiter)
    try:
        return next(csv.reader((line,), delimiter=delimiter, strict=True))
    except csv.Error:
        raise _BadRow("", "a quote is not closed on its line", "Keep a row on one line, and double a quote") from None


def _tac(cell: str, widths: tuple[int, ...], sold: Collection[str]) -> str:
    if len(cell) == TAC_DIGITS and cell.isascii() and cell.isdigit():
        return cell
    tac = cell.strip().removeprefix("'").strip()
    if len(tac) not in widths or not tac.isascii() or not tac.isdigit():
        raise _bad_tac(tac)
    if len(tac) == _LOST_ONE and f"0{tac[0]}" not in sold:
        what = f"{shown(tac)} has 7 digits, and with a leading zero it would be a test number or nobody's"
        raise _BadRow("tac", what, "Write the 8 digits of the TAC; of a phone on sale, only 01 begins with a zero")
    return tac


class _Cleaned(dict[str, str]):
    """The cells so far, without what means nothing: a table repeats its names."""

    def __missing__(self, cell: str) -> str:
        """Clean a cell that is new."""
        text = self[cell] = named(cell.strip().removeprefix("'").strip())  # a spreadsheet's apostrophe before a text
        return text


def _device(cells: list[str], header: _Header, file: str, known: _Cleaned) -> tuple[str, str, str]:
    """Return the brand, the model and the source of a row."""
    brand = _first(cells, header.brands, known)
    if header.specs is None:
        model = _first(cells, header.models, known)
    else:
        model = _from_specs(cells[header.specs], brand, known)
    if not brand and not model:
        raise _BadRow("", "the row names neither a brand nor a model", "Fill it in, or remove the row")
    source = "" if header.source is None else known[cells[header.source]]
    if len(brand) > NAME or len(model) > NAME or len(source) > TEXT:
        raise _too_long(("brand", brand, NAME), ("model", model, NAME), ("source", source, TEXT))
    return brand, model, source or file


def _too_long(*texts: tuple[str, str, int]) -> _BadRow:
    column, text, most = next(one for one in texts if len(one[1]) > one[2])
    return _BadRow(column, f"has {len(text)} characters, at most {most} are read", "Shorten it")


def _bad_tac(tac: str) -> _BadRow:
    if not tac:
        return _BadRow("tac", "the TAC is blank", "Fill in its 8 digits, or remove the row")
    if not (tac.isascii() and tac.isdigit()):
        remedy = next((said for form, said in _SPREADSHEET if form.fullmatch(tac)), "Write the 8 digits of the TAC")
        return _BadRow("tac", f"{shown(tac)} is not digits alone", remedy)
    if len(tac) == _WIDTHS_WITH_SIX[0]:
        remedy = "If two leading zeros were lost, read with pad_six_digits; a TAC from before 2003 has only six"
        return _BadRow("tac", f"{shown(tac)} has 6 digits, which may be a whole TAC or not", remedy)
    return _BadRow(
        "tac", f"{shown(tac)} has {counted(len(tac), 'digit')}, a TAC has {TAC_DIGITS}", "Write the 8 digits of the TAC"
    )


def _first(cells: list[str], columns: tuple[int, ...], known: _Cleaned) -> str:
    for column in columns:
        if value := known[cells[column]]:
            return value
    return ""


def _from_specs(specs: str, brand: str, known: _Cleaned) -> str:
    """Return the model in a description: its first part, unless that repeats the brand."""
    parts = [known[part] for part in specs.split(",")]
    return parts[1] if parts[0].casefold() == brand.casefold() and len(parts) > 1 else parts[0]
