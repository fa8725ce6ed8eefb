"""Price lists as doors: files below a megabyte that are made to cost much."""

from __future__ import annotations

import io
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miexchange.pricelists import Form, read, read_book
from property.bounded import Door
from shipped import shipped_programme
from unit.lists import excel

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DOORS"]

_FORM = Form(basis="observed", date="since", dates="dmy")
_MOST = 990_000
_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _csv(row: str, head: str = "model,price,since\n") -> bytes:
    return (head + row * ((_MOST - len(head)) // len(row.encode()))).encode()


def _names() -> bytes:
    """Return rows of names that are like many: each is compared with the catalogue."""
    return (
        "model,price,since\n" + "".join(f"Xiaomi Redmi Note {n} Pro Plus 4GB,x,y\n" for n in range(24_000))
    ).encode()


def _models() -> bytes:
    models = [*shipped_programme("mi-exchange-india").prices.by_key]
    return ("model,price,since\n" + "".join(f"{one},9000,15/06/2018\n" for one in models * 60)).encode()[:_MOST]


def _excel(part: str, text: str) -> bytes:
    """Return an Excel file with one part changed or added; it packs well."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    more = f'<Override PartName="/{part}" ContentType="{kind}"/></Types>'.encode()
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(excel(["model", "price", "since"]))) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        parts = {name: old.read(name) for name in old.namelist()}
        if part not in parts:
            parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", more)
        for name, content in {**parts, part: text.encode()}.items():
            new.writestr(name, content)
    assert packed.tell() < _MOST
    return packed.getvalue()


def _sheet(rows: str) -> bytes:
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("model", "price", "since"))
    text = f'<worksheet xmlns="{_SPACE}"><sheetData><row r="1">{head}</row>{rows}</sheetData></worksheet>'
    return _excel("xl/worksheets/sheet1.xml", text)


def _styles(most: int) -> bytes:
    many = "<xf/>" * (most // 5 - 40)
    return _excel("xl/styles.xml", f'<styleSheet xmlns="{_SPACE}"><cellXfs>{many}</cellXfs></styleSheet>')


_INPUTS: dict[str, Callable[[], bytes]] = {
    "rows that cannot be read": partial(_csv, "x,\n"),
    "names like many": _names,
    "prices of every model, again and again": _models,
    "blank rows": partial(_csv, "\n"),
    "empty cells": partial(_csv, ",,\n"),
    "many columns": partial(_csv, "x,"),
    "a quote that is not closed": partial(_csv, '"x\n'),
    "no UTF-8": lambda: b"model,price,since\n" + bytes(range(128, 256)) * 7_000,
    "UTF-16": lambda: ("model,price,since\n" + "x,1,2\n" * 80_000).encode("utf-16")[:_MOST],
    "numbers of many digits": partial(_csv, f"oneplus-3t-6-64,{'9' * 900},1\n"),
    "groups of digits": partial(_csv, f'oneplus-3t-6-64,"{"1," * 400}",1\n'),
    "long names": partial(_csv, f"{'x' * 900},1,1\n"),
    "Excel: numbers": lambda: _sheet("<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row>" * 28_000),
    "Excel: floats": lambda: _sheet("<row><c><v>1e5</v></c><c><v>2.5</v></c></row>" * 39_000),
    "Excel: empty rows": lambda: _sheet("<row/>" * 390_000),
    "Excel: a cell far to the right": lambda: _sheet('<row><c r="XFD1"><v>1</v></c></row>' * 65_000),
    "Excel: a row far below": lambda: _sheet('<row r="1048576"><c><v>1</v></c></row>' * 65_000),
    "Excel: texts": lambda: _sheet('<row><c t="str"><v>abcdefgh</v></c></row>' * 65_000),
    "Excel: shared texts": lambda: _excel(
        "xl/sharedStrings.xml", f'<sst xmlns="{_SPACE}">{"<si><t>x</t></si>" * 97_000}</sst>'
    ),
    "Excel: parts of texts": lambda: _excel(
        "xl/sharedStrings.xml", f'<sst xmlns="{_SPACE}"><si>{"<r><t>x</t></r>" * 97_000}</si></sst>'
    ),
    "Excel: styles": partial(_styles, 200_000),
    "Excel: too many styles": partial(_styles, 3_000_000),
    "Excel: more tags than it may have": lambda: _sheet("<row/>" * 600_000),
    "Excel: a bomb": lambda: _sheet(" " * 200_000_000),
    "Excel: elements within one another": lambda: _sheet("<a>" * 195_000 + "</a>" * 195_000),
}


def _read(data: bytes) -> object:
    programme = shipped_programme("mi-exchange-india")
    with tempfile.NamedTemporaryFile(suffix=".list") as file:
        file.write(data)
        file.flush()
        return read(Path(file.name), programme, _FORM)


_BOOKS: dict[str, Callable[[], bytes]] = {
    **{name: make for name, make in _INPUTS.items() if not name.startswith("Excel")},
    "a header of commas": lambda: b"," * _MOST,
    "wrong instants": partial(_csv, "x,y\n", "model,at\n"),
    "rows of another length": partial(_csv, "x,\n", "model\n"),
    "a row of commas for a column": partial(_csv, ",\n", "model\n"),
    "empty lines of one column": partial(_csv, "\n", "model\n"),
}


def _read_book(data: bytes) -> object:
    """Read a book and show it; wrong rows are kept where that is the longer way."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        return len(read_book(file.name, keep_wrong=b"at" not in data[:20]))


DOORS: dict[str, Door] = {
    "pricelists.read": Door(_read, lambda: b"model,price,since\nx,1,1\n", _INPUTS),
    "pricelists.read_book": Door(_read_book, lambda: b"model,at\nx,2018-03-20\n", _BOOKS),
}
