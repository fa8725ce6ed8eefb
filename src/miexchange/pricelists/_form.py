"""The format of a price list, as stated to its reader, which guesses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from miexchange._amounts import Spelling
from miexchange._bounded import Between, Id, Items, MaybeId, Note, Words
from miexchange._limits import LIST_ROWS
from miexchange._value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange._value import Fault

__all__ = ["DELIMITERS", "Encoding", "Form"]

Encoding = Literal[
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "iso-8859-1",
    "iso-8859-15",
    "mac-roman",
    "big5",
    "euc-kr",
    "gb18030",
    "shift-jis",
]

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


@dataclass(frozen=True, slots=True)
class Form(Value):
    """The format of a price list. The defaults are those of a plain CSV file; anything else is stated.

    Attributes:
        encoding: the encoding of a text file. A byte order mark at its beginning states UTF-8 or UTF-16 as well.
        delimiter: the delimiter of a text file.
        decimal: the decimal mark of an amount that is text.
        grouping: the separator between its groups of digits, of three or as lakhs; ``none`` for no groups.
        signs: the texts that may stand before or after its digits, such as ``₹`` or ``/-``.
        dates: the order of a date that is text; a date of Excel and a date written as 2018-03-15 need no order.
            ``excel`` is a count of days.
        sheet: the sheet of an Excel file; "" for the only one.
        header_row: the row or the line with the names of the columns.
        model: the columns that name the variant, read as one name: an id, or a brand with its model and memory.
        price: the column of the price.
        unit: whether the price is in units of the currency, or in its minor units.
        date: the column of the first day of a price; "" if `publish` gives one for all of them.
        basis: whether the prices were observed or modelled; None if the column ``basis`` says so.
        source: the source of the prices; "" for the column ``source`` or, without one, the file and the row.
    """

    encoding: Encoding = "utf-8"
    delimiter: Literal["comma", "semicolon", "tab", "bar"] = "comma"
    decimal: Literal["point", "comma"] = "point"
    grouping: Literal["none", "comma", "point", "space", "apostrophe"] = "none"
    signs: Words = ()
    dates: Literal["iso", "dmy", "mdy", "ymd", "excel"] = "iso"
    sheet: MaybeId = ""
    header_row: Annotated[int, Between(1, LIST_ROWS)] = 1
    model: Annotated[tuple[Id, ...], Items(1, 10, "self")] = ("model",)
    price: Id = "price"
    unit: Literal["unit", "minor"] = "unit"
    date: MaybeId = ""
    basis: Literal["observed", "modelled"] | None = None
    source: Note = ""

    @property
    def spelling(self) -> Spelling:
        """The format of its amounts."""
        return Spelling(self.decimal, self.grouping, self.signs, self.unit)

    def _faults(self) -> Iterator[Fault]:
        fault = self.spelling.fault()
        if fault is not None:
            yield fault
