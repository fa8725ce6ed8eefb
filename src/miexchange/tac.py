"""TAC tables: the phones that the first eight digits of an IMEI may stand for.

A TAC names a model, never its storage, memory or colour, and a TAC that is absent from a table is
unknown, not forged:

>>> table = TacTable.of([("35417803", "Acme", "One"), ("35417803", "Acme", "One 5G")])
>>> [device.model for device in table.lookup("35417803")]
['One', 'One 5G']
>>> table.lookup("86000000")
()
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, final

from miexchange import _tac_files
from miexchange._bounded import Chars, Count, Line, Note
from miexchange._limits import NAME
from miexchange._text import printable
from miexchange._value import Fault, Value, elements, flag, require
from miexchange.errors import InvalidValue, Problem, out_of_range, wrong_type
from miexchange.imei import TAC_DIGITS, Imei, reporting_bodies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["TacDevice", "TacReport", "TacTable"]


@dataclass(frozen=True, slots=True, order=True)
class TacDevice(Value):
    """A phone according to a TAC table. It may be wrong by a variant, so it names its source.

    Attributes:
        brand: the brand or the manufacturer; empty if the table has none.
        model: the model; empty if the table has none.
        source: the file, or the row's own source.
    """

    brand: Annotated[str, Chars(0, NAME)]
    model: Annotated[str, Chars(0, NAME)]
    source: Note = ""

    def _faults(self) -> Iterator[Fault]:
        if not (self.brand or self.model):
            yield "model", self.model, "name a brand or a model"


@dataclass(frozen=True, slots=True)
class TacReport(Value):
    """The statistics of a TAC table, in which every row counts: ``rows == len(table) + merged + left_out``.

    Attributes:
        file: the file, as the caller named it.
        layout: the layout of the table.
        rows: the rows below the header.
        devices: the distinct devices in the table.
        padded_7: the TACs of seven digits whose leading zero was restored.
        padded_6: the TACs of six digits whose two leading zeros were restored.
        merged: the rows that repeat another one exactly.
        conflicts: the TACs for which the table names more than one device; all of them are kept.
        problems: the first 1,000 of the rows that were left out, and why.
        left_out: the number of rows left out.
    """

    file: Line
    layout: Line
    rows: Count
    devices: Count
    padded_7: Count
    padded_6: Count
    merged: Count
    conflicts: Count
    problems: tuple[Problem, ...]
    left_out: Count = 0


@final
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TacTable:
    """The devices of each TAC: an immutable table, built by `of` or `read`.

    Two tables are equal if they have the same entries, whatever their origin.

    Attributes:
        report: the statistics of the rows.

    >>> table = TacTable.of([("35417803", "Acme", "One")])
    >>> len(table), list(table)
    (1, [('35417803', TacDevice(brand='Acme', model='One', source=''))])
    """

    # Two columns of machine integers and each device once: a table of 250 000 rows takes some
    # 20 MB, where a dict of tuples costs 165.
    _tacs: array[int]
    _positions: array[int]
    _devices: tuple[TacDevice, ...]
    report: TacReport

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str] | tuple[str, str, str, str]]) -> TacTable:
        """Make a table from rows: TAC, brand, model, and optionally the source.

        Raises:
            InvalidValue: a TAC is not 8 digits, a name is not a text, or a row names no device.
        """
        devices: dict[tuple[str, str, str], int] = {}
        entries = []
        for row in elements(rows, "TacTable.of", _ROWS):
            cells = elements(row, "TacTable.of", _ROWS)
            what = f"has a row of {len(cells)} cells"
            require(3 <= len(cells) <= 4, "TacTable.of", cells, _ROWS, what)  # noqa: PLR2004 - as the rule says
            tac, brand, model, *source = cells
            texts = (brand, model, source[0] if source else "")
            for part in texts:
                if type(part) is not str:
                    raise wrong_type("TacTable.of", part, "give brand, model and source as texts")
            device = (_tac_files.named(brand), _tac_files.named(model), _tac_files.named(texts[2]))
            what = "has a row that names no device"
            require(bool(device[0] or device[1]), "TacTable.of", tac, "name a brand or a model in it", what)
            entries.append((_number(tac, "TacTable.of"), devices.setdefault(device, len(devices))))
        return _table(_tac_files.TacFile("<rows>", "rows", devices, entries, len(entries), Counter(), 0, ()))

    def __post_init__(self) -> None:
        """Refuse columns that `of` and `read` do not make."""
        entries = pairwise(zip(self._tacs, self._positions, strict=True))
        sound = all(one < other for one, other in entries) and max(self._positions, default=-1) < len(self._devices)
        if not sound:
            raise out_of_range("TacTable", self, "give them to `of`, which sorts them", "is not sorted")

    @classmethod
    def read(cls, source: str | Path | object, *, pad_six_digits: bool = False) -> TacTable:
        """Read a table from a file, or from a table of any library: the layout is recognised by its header.

        It reads the Osmocom export, the GSMA and DIRBS layouts, and tables with columns such
        as ``tac,brand,model``, in any order, separated by comma, semicolon, pipe or tab. Unusable rows
        are left out and listed in `report`; duplicate rows are merged, and counted there.

        Args:
            source: the path of a text file in UTF-8; or a table, as in `PriceTable.read`, with columns of texts.
            pad_six_digits: read a TAC of six digits as one that lost two leading zeros. It may
                as well be a TAC from before 2003, when six digits were all it had.

        Raises:
            DataError: the source is not a TAC table, or cannot be read.
        """
        pad_six_digits = flag(pad_six_digits, "pad_six_digits")
        sold = {body.rbi for body in reporting_bodies().values() if body.status != "test"}
        return _table(_tac_files.read_tac_table(source, sold, pad_six_digits=pad_six_digits))

    def lookup(self, imei: Imei | str) -> tuple[TacDevice, ...]:
        """Return every device that the table names for an IMEI or a TAC; none means unknown.

        Raises:
            InvalidValue: a text that is not the 8 digits of a TAC.
        """
        tac = int(imei.digits[:TAC_DIGITS]) if type(imei) is Imei else _number(imei, "TacTable.lookup")
        tacs = self._tacs
        start = end = bisect_left(tacs, tac)
        while end < len(tacs) and tacs[end] == tac:
            end += 1
        return tuple([self._devices[position] for position in self._positions[start:end]])

    def __contains__(self, imei: object) -> bool:
        """Tell whether the table names a device for an IMEI or a TAC."""
        try:
            return bool(self.lookup(imei))  # type: ignore[arg-type]  # anything may be asked
        except InvalidValue:
            return False

    def __len__(self) -> int:
        """Return the number of entries: pairs of a TAC and a device."""
        return len(self._tacs)

    def __iter__(self) -> Iterator[tuple[str, TacDevice]]:
        """Yield every TAC with a device, ordered by TAC and device."""
        for tac, position in zip(self._tacs, self._positions, strict=True):
            yield f"{tac:08d}", self._devices[position]

    def __eq__(self, other: object) -> bool:
        """Compare by entries."""
        if type(other) is not TacTable:
            return NotImplemented
        return (self._tacs, self._positions, self._devices) == (other._tacs, other._positions, other._devices)

    def __hash__(self) -> int:
        return hash((self._tacs.tobytes(), self._positions.tobytes(), self._devices))

    def __repr__(self) -> str:
        return (
            f"<TacTable: {len(self._tacs)} entries, {len(self._devices)} devices, from {printable(self.report.file)}>"
        )


_ROWS = "give rows of TAC, brand, model, and where it matters the source"


def _number(tac: object, field: str) -> int:
    if not (type(tac) is str and len(tac) == TAC_DIGITS and tac.isascii() and tac.isdigit()):
        raise (out_of_range if type(tac) is str else wrong_type)(field, tac, "give the 8 digits of a TAC as text")
    return int(tac)


def _table(file: _tac_files.TacFile) -> TacTable:
    """Build the table: sorted throughout, so that it does not depend on the order of the rows."""
    keys = sorted(file.devices)
    count = len(keys)
    rank = [0] * count
    for position, key in enumerate(keys):
        rank[file.devices[key]] = position
    entries = sorted({tac * count + rank[position] for tac, position in file.entries})
    tacs = array("I", [entry // count for entry in entries])
    positions = array("I", [entry % count for entry in entries])
    # Entries with one TAC are adjacent, so only neighbours can conflict; two
    # sources that agree are not a conflict.
    conflicting = {
        tac
        for tac, after, one, other in zip(tacs, tacs[1:], positions, positions[1:], strict=False)
        if tac == after and keys[one][:2] != keys[other][:2]
    }
    report = TacReport(
        file=file.name,
        layout=file.layout,
        rows=file.rows,
        devices=count,
        padded_7=file.widths[7],
        padded_6=file.widths[6],
        merged=len(file.entries) - len(entries),
        conflicts=len(conflicting),
        problems=file.problems,
        left_out=file.left_out,
    )
    return TacTable(tacs, positions, tuple(TacDevice(*key) for key in keys), report)
