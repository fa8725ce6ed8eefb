"""The cost of a list for a book of devices, beside that of the programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miexchange._csv import has_columns, is_whole, read_cells
from miexchange._problems import Problems
from miexchange._text import is_blank, path_of, text_of
from miexchange._time import NotATime, is_day, read_day, read_instant
from miexchange._value import argument, flag
from miexchange.errors import shown, wrong_type
from miexchange.market import PriceTable
from miexchange.pricelists._list import PriceList
from miexchange.programme import Programme

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from miexchange.tuning import Comparison

__all__ = ["cost", "read_book"]


def cost(prices: PriceList, programme: Programme, book: pd.DataFrame, *, at: datetime | None = None) -> Comparison:
    """Value a book of devices with the programme's prices, and with the prices of a list instead.

    The list's price replaces every price of its variant, whenever it began, so that a book of last month
    shows what the list would have paid then. A device without a fresh price has none with the list either.

    Args:
        prices: the list.
        programme: the present programme.
        book: as in `miexchange.tuning.compare`: ``model``, a column for each question, ``at`` unless it is an argument.
        at: the instant of the valuation, unless the book has instants.

    Returns:
        The comparison: ``a`` is the programme, ``b`` the programme with the list. Needs the extra ``tuning``.

    Raises:
        InvalidValue: an argument is invalid, or no device is accepted.

    >>> from datetime import UTC, datetime
    >>> from miexchange.pricelists import ListPrice
    >>> from miexchange.tuning import simulate_book
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 4, 20, tzinfo=UTC)
    >>> lower = [ListPrice(row.model, row.price_minor - 10_000, "modelled", "cut") for row in programme.prices
    ...          if row.effective_from < at and row.price_minor > 100_000]
    >>> found = cost(PriceList.of({one.model: one for one in lower}.values()), programme,
    ...              simulate_book(programme, 50, seed=1, at=at), at=at)
    >>> int(found.rows["change_minor"].max()), int(found.rows["change_minor"].sum()) < 0
    (0, True)
    """
    argument(prices, PriceList, "prices")
    argument(programme, Programme, "programme")
    from miexchange.tuning import what_if  # noqa: PLC0415 - of an extra, and slow to load

    said = prices.by_model
    rows = (
        row.replace(price_minor=said[row.model].price_minor) if row.model in said else row for row in programme.prices
    )
    return what_if(programme, {"prices": PriceTable.of(rows)}, book, at=at)


def read_book(source: str | Path, *, keep_wrong: bool = False) -> pd.DataFrame:
    """Read a book of devices from a CSV file in UTF-8: its cells as texts, its days and instants parsed.

    Args:
        source: the file; its columns are those of `miexchange.batch.appraise_frame`, and others are ignored.
        keep_wrong: whether to keep invalid rows, whose devices are then refused, like `miexchange batch`: an invalid
            cell of ``at`` or ``purchased_on`` stays a text, and a row of another length than the header is empty.

    Raises:
        DataError: the file is not CSV in UTF-8; or, unless they are kept, has invalid rows, which it lists.
        InvalidValue: it is not a path.
    """
    import pandas as pd  # noqa: PLC0415 - slow to load, and only a book needs it

    path, keep_wrong = path_of(source), flag(keep_wrong, "keep_wrong")
    if path is None:
        raise wrong_type("source", source, "give the path of a file")
    file, problems = text_of(source) or f"{path}", Problems()
    names, rows = _rows(path, file, problems, keep_wrong=keep_wrong)
    readers: dict[str, Callable[[str], object]] = {
        "at": lambda cell: read_day(cell) if is_day(cell) else read_instant(cell, None),
        "purchased_on": read_day,
    }
    for place, name in enumerate(names):
        for line, row in rows if name in readers else ():
            cell = row[place]
            try:
                row[place] = None if cell is None or is_blank(cell) else readers[name](cell.strip())
            except NotATime as fault:
                if not keep_wrong:
                    problems.add(file, line, name, f"{shown(cell)} {fault.args[0]}", fault.args[1])
    problems.raise_if_any()
    return pd.DataFrame([row for _, row in rows], columns=pd.Index(names, dtype=object), dtype=object)


def _rows(
    path: Path, file: str, problems: Problems, *, keep_wrong: bool
) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    """Return the header of a book, and the line and the cells of each row; an empty cell is None.

    Raises:
        DataError: it is not CSV, or a row has too few or too many cells; with `keep_wrong` such a row has empty cells.
    """
    lines = read_cells(path, file, problems, ("model",))
    line, names = next(lines, (None, []))
    rows: list[tuple[int, list[Any]]] = []
    if line is not None and has_columns(names, ("model",), file, line, problems):
        for line, cells in lines:
            if keep_wrong and len(cells) != len(names):
                rows.append((line, [None] * len(names)))
            elif is_whole(cells, names, file, line, problems):
                rows.append((line, [cell or None for cell in cells]))
    problems.raise_if_any()
    return names, rows
