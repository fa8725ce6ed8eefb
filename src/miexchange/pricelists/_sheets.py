"""The rows of a price list's file: CSV by the csv module, Excel by openpyxl; bounded before it is read."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
import zipfile
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from miexchange._amounts import Fault
from miexchange._files import read_bytes, too_large
from miexchange._limits import LIST_BYTES, LIST_COLUMNS, LIST_ROWS, XLSX_BYTES, XLSX_STYLES, XLSX_TAGS
from miexchange._spreadsheet import remedy_of_header
from miexchange._text import is_blank, listed
from miexchange.errors import shown
from miexchange.pricelists._form import DELIMITERS, Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from miexchange._problems import Problems
    from miexchange.pricelists._form import Form

__all__ = ["Sheet", "is_empty", "open_sheet"]

_XLSX, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UNPACKED = re.compile(r"(?i)\.(?:xml|rels)$")
_STYLES = re.compile(r"(?i)(?:styles|workbook|theme\d*)\.xml$|\.rels$|\[Content_Types\]\.xml$|docProps/")
_PARTS = 1_000
_SAMPLE = 20_000  # bytes from which an encoding is detected
_SEPARATOR = re.compile(r"sep=(.)\s*")
_EXTRA = "Install the extra: pip install 'miexchange[prices]', or save the sheet as CSV"


class Sheet(NamedTuple):
    """The header and the rows of a file, each with its number."""

    names: list[str]
    rows: Iterator[tuple[int, list[object]]]
    first_day: date
    """The first day of the file's count of days."""
    is_excel: bool

    def column(self, place: int) -> str:
        """Return the name of a column for a problem, in Excel with its letters."""
        name = self.names[place]
        if not self.is_excel:
            return name
        letters, number = "", place + 1
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return f"{name} (column {letters})"


def open_sheet(path: Path, file: str, form: Form, problems: Problems) -> Sheet | None:
    """Return the header and the rows of a file, or None after recording a problem.

    Args:
        path: the file.
        file: its name in a problem.
        form: its format.
        problems: the list to which faults are added.
    """
    data = _bytes_of(path, file, problems)
    if data is None:
        return None
    if data.startswith(_XLSX):
        return _excel_sheet(data, file, form, problems)
    if data.startswith(_OLD_EXCEL):
        what = "is an Excel file of the old kind, or one with a password"
        problems.add(file, None, "", what, "Save it as .xlsx without a password, or as CSV")
        return None
    if form.sheet:
        problems.add(file, None, "", f"is a text file, which has no sheet {shown(form.sheet)}", "Leave --sheet out")
        return None
    text = _decoded(data, file, form, problems)
    return None if text is None else _text_sheet(text, file, form, problems)


def _bytes_of(path: Path, file: str, problems: Problems) -> bytes | None:
    try:
        data = read_bytes(path, LIST_BYTES)
    except FileNotFoundError:
        problems.add(file, None, "", "does not exist", "Check the path")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        problems.add(file, None, "", f"cannot be read: {error}", "Check the path and who may read it")
    else:
        if len(data) <= LIST_BYTES:
            return data
        problems.add(file, None, "", *too_large(LIST_BYTES))
    return None


def _decoded(data: bytes, file: str, form: Form, problems: Problems) -> str | None:
    """Return the text of a file in the stated encoding, or that of its byte order mark."""
    encoding: str = form.encoding
    for mark, marked in _MARKS.items():
        if data.startswith(mark):
            if encoding not in {marked, "utf-8"}:
                what = f"has the byte order mark of {marked}, and {encoding} is stated"
                problems.add(file, None, "", what, "Leave --encoding out")
                return None
            encoding, data = marked, data[len(mark) :]
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not {encoding} text: byte 0x{data[error.start]:02x}"
        problems.add(file, line, "", what, _remedy_of_charset(data, error.start))
        return None
    if "\0" in text:
        what = f"is not {encoding} text: it has NUL bytes"
        wide = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
        problems.add(file, text.count("\n", 0, text.index("\0")) + 1, "", what, f"--encoding {wide} may read it")
        return None
    return text


def _remedy_of_charset(data: bytes, at: int) -> str:
    """Return the likely encoding of the text around a byte, for the caller to state."""
    found = ""
    with suppress(ImportError):
        from charset_normalizer import from_bytes  # noqa: PLC0415 - of the extra, and only for this sentence

        best = from_bytes(data[max(at - _SAMPLE // 2, 0) : at + _SAMPLE // 2], explain=False).best()
        known = {codecs.lookup(name).name: name for name in Encoding.__args__}  # type: ignore[attr-defined]
        found = "" if best is None else known.get(codecs.lookup(best.encoding).name, "")
    said = f": it looks like {found}, which --encoding {found} reads" if found else ""
    return f"State its encoding{said}; or save it as UTF-8"


def _text_sheet(text: str, file: str, form: Form, problems: Problems) -> Sheet | None:
    rows = _text_rows(text, file, form, problems)
    before = len(problems.found)
    line, names = next(((line, cells) for line, cells in rows if line >= form.header_row), (form.header_row, []))
    if len(problems.found) > before:
        return None
    if not names:
        problems.add(
            file, None, "", "has no header", "Write the names of the columns in its first row, or --header-row"
        )
        return None
    if (separator := _SEPARATOR.fullmatch(text.partition("\n")[0])) and line == 1:
        known = {mark: name for name, mark in DELIMITERS.items()}.get(separator[1], "comma")
        remedy = f"--header-row 2 --delimiter {known} reads it so"
        problems.add(file, 1, "", f"says {shown(separator[0].strip())} before its header", remedy)
        return None
    header = [f"{name}".strip() for name in names]
    if remedy := remedy_of_header(header):
        mark = next(name for name, mark in DELIMITERS.items() if mark in header[0])
        problems.add(file, line, "", "the header is one cell", f"{remedy}, or state --delimiter {mark}")
        return None
    return Sheet(header, rows, date(1899, 12, 30), is_excel=False)


def _text_rows(text: str, file: str, form: Form, problems: Problems) -> Iterator[tuple[int, list[object]]]:
    """Yield every row, with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[form.delimiter], strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, list(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        remedy = "Close every quote, and write a quote inside a quoted cell twice"
        problems.add(file, line, "", f"is not CSV: {error}", remedy)


def _excel_sheet(data: bytes, file: str, form: Form, problems: Problems) -> Sheet | None:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - of the extra
        from openpyxl.utils.datetime import CALENDAR_MAC_1904  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        problems.add(file, None, "", "is an Excel file, and openpyxl is not installed", _EXTRA)
        return None
    try:
        if (what := _fault_of_zip(data)) is not None:
            problems.add(file, None, "", what, "Save the one sheet with the prices as CSV, or as an .xlsx of its own")
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about parts that openpyxl ignores, such as pictures
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [sheet for sheet in book.sheetnames if sheet == form.sheet or not form.sheet]
        if len(sheets) != 1:
            what = f"has no sheet {shown(form.sheet)}" if form.sheet else f"has {len(book.sheetnames)} sheets"
            remedy = f"State one with --sheet: {listed(book.sheetnames)}"
            problems.add(file, None, "", what, remedy)
            return None
        rows = _excel_rows(book[sheets[0]], file, form, problems)
        _, names = next(rows, (0, []))
    except Exception as error:  # noqa: BLE001 - a damaged file raises anything in the libraries that read it
        problems.add(file, None, "", f"cannot be read as .xlsx: {type(error).__name__}", "Open it and save it again")
        return None
    header = ["" if name is None else f"{name}".strip() for name in names]
    while header and not header[-1]:
        header.pop()
    if not header:
        what = f"row {form.header_row} is empty"
        problems.add(file, form.header_row, "", what, "State the row with the names of the columns: --header-row")
        return None
    first = date(1904, 1, 1) if book.epoch == CALENDAR_MAC_1904 else date(1899, 12, 30)
    return Sheet(header, rows, first, is_excel=True)


def _fault_of_zip(data: bytes) -> str | None:
    """Return the fault of a zip file before it is unpacked: zipfile yields no more bytes than the file declares."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = [part for part in packed.infolist() if _UNPACKED.search(part.filename)]
        styles = [part.file_size for part in parts if _STYLES.search(part.filename)]
        if len(parts) > _PARTS or sum(part.file_size for part in parts) > XLSX_BYTES:
            return f"unpacks to more than {XLSX_BYTES:,} bytes"
        if sum(styles) > XLSX_STYLES:
            return f"has more than {XLSX_STYLES:,} bytes of styles and of what is in it"
        tags = 0
        for part in parts:
            content = packed.read(part).replace(b"\0", b"")  # of UTF-16, too
            if b"<!DOCTYPE" in content:
                return "declares entities, which no spreadsheet does"
            tags += content.count(b"<")
        if tags > XLSX_TAGS:
            return f"has more than {XLSX_TAGS:,} tags"
    return None


def _excel_rows(sheet: Any, file: str, form: Form, problems: Problems) -> Iterator[tuple[int, list[object]]]:  # noqa: ANN401 - openpyxl's
    """Yield every row from the header on, with its number."""
    sheet.reset_dimensions()  # its declared size may be wrong
    last = form.header_row + LIST_ROWS + 1
    number = form.header_row
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cells_of_rows = sheet.iter_rows(min_row=form.header_row, max_row=last, max_col=LIST_COLUMNS + 1)
            for number, cells in enumerate(cells_of_rows, form.header_row):
                yield number, [Fault(f"{cell.value}") if cell.data_type == "e" else cell.value for cell in cells]
    except Exception as error:  # noqa: BLE001 - as above
        what = f"cannot be read as .xlsx from here on: {type(error).__name__}"
        problems.add(file, number, "", what, "Open it and save it again")


def is_empty(cells: list[object]) -> bool:
    """Tell whether a row is empty."""
    return all(map(is_blank, cells))
