"""Price lists for tests: files of spreadsheets, and programmes of one's own to publish them in."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl

from miexchange import Programme
from miexchange.pricelists import Form, ListPrice, PriceList, Reading, read

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = Path(__file__).resolve().parents[1] / "data" / "programme_base"
AT = datetime(2020, 3, 5, tzinfo=UTC)
"""After every row of the base began."""

ONE, FLIP = "acme-one-4-64", "zeta-flip-2-16"
APRIL = datetime(2020, 3, 31, 18, 30, tzinfo=UTC)
"""The first of April in the base's zone."""


@cache
def base() -> Programme:
    return Programme.load(BASE)


def copy_of_base(folder: Path) -> Path:
    return Path(shutil.copytree(BASE, folder / "programme"))


def list_of(*prices: tuple[str, int], begins: datetime | None = None) -> PriceList:
    return PriceList.of([ListPrice(model, price, "observed", "our desk", begins) for model, price in prices])


def reading_of(folder: Path, data: bytes | str, programme: Programme | None = None, **form: Any) -> Reading:  # noqa: ANN401 - fields of a form
    """Read what stands in a file, by a form of which what is told differs from the default."""
    file = folder / "list.csv"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    stated = Form(**{"basis": "observed", "source": "our desk", **form})
    return read(file, programme or base(), stated)


def told(reading: Reading) -> list[tuple[int | None, str, str]]:
    """Return the line, the column and the sentence of each problem."""
    return [(one.line, one.column, f"{one.message}. {one.remedy}") for one in reading.problems]


def amounts(reading: Reading) -> dict[str, int]:
    return {one.model: one.price_minor for one in reading.prices}


def excel(*rows: Sequence[object], sheets: Sequence[str] = ("Prices",)) -> bytes:
    """Return an Excel file with rows on its first sheet."""
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for row in rows:
        book.active.append(list(row))
    for name in sheets[1:]:
        book.create_sheet(name)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """Return a zip file with a part replaced or added."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return packed.getvalue()
