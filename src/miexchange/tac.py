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
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import ge, lt
from typing import TYPE_CHECKING, Annotated, Any, cast, final

from miexchange import _tac_files
from miexchange._bounded import Chars, Count, Line, Note
from miexchange._forms import too_new
from miexchange._limits import NAME
from miexchange._text import printable
from miexchange._value import Fault, Pickled, Value, checks_of, elements, flag, proved, require
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
class TacTable(Pickled):
    """The devices of each TAC: an immutable table, built by `of` or `read`.

    Two tables are equal if they have the same entries, whatever their origin.

    Attributes:
        report: the statistics of the rows.

    >>> table = TacTable.of([("35417803", "Acme", "One")])
    >>> len(table), list(table)
    (1, [('35417803', TacDevice(brand='Acme', model='One', source=''))])
    """

    # Columns of machine integers, and each text once: a table of 250,000 rows takes 5 MB, where a dict of tuples costs
    # 165. A device is made when it is looked up.
    _tacs: array[int]
    _devices: tuple[array[int], array[int], array[int]]
    """The brand, the model and the source of each entry, as positions in `_texts`."""
    _texts: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    """The brands, models and sources, sorted."""
    report: TacReport

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str] | tuple[str, str, str, str]]) -> TacTable:
        """Make a table from rows: TAC, brand, model, and optionally the source.

        Raises:
            InvalidValue: a TAC is not 8 digits, a name is not a text, or a row names no device.
        """
        tacs, devices = array("I"), (_tac_files.Texts(), _tac_files.Texts(), _tac_files.Texts())
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
            tacs.append(_number(tac, "TacTable.of"))
            for column, text in zip(devices, device, strict=True):
                column.add(text)
        return _table(_tac_files.TacFile("<rows>", "rows", tacs, devices, len(tacs), Counter(), 0, ()))

    def __post_init__(self) -> None:
        """Refuse columns that `of` and `read` do not make."""
        if not _is_sound(self._tacs, self._devices, self._texts) or type(self.report) is not TacReport:
            raise out_of_range("TacTable", None, "give them to `of`, which sorts them", "is not sorted")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the columns, to be checked like new ones."""
        return self._in_form(_BY_COLUMNS, {name: getattr(self, name) for name in _COLUMNS})

    @classmethod
    def _of_state(cls, form: int, state: dict[str, Any]) -> TacTable:
        """Return the table of a pickle; earlier versions wrote one that `__setstate__` reads."""
        if form != _BY_COLUMNS or state.keys() != {*_COLUMNS}:
            raise too_new(cls.__name__, form, _BY_COLUMNS)
        return cls(**state)

    def __setstate__(self, state: object) -> None:
        """Read the pickle of an earlier version, which stored the devices themselves."""
        try:
            tacs, positions, devices, report = cast("Any", state)
            rows = [(f"{tac:08d}", devices[place]) for tac, place in zip(tacs, positions, strict=True)]
            again = replace(TacTable.of((tac, one.brand, one.model, one.source) for tac, one in rows), report=report)
        except (AttributeError, IndexError, InvalidValue, TypeError, ValueError) as error:
            raise out_of_range("TacTable", None, "read its file", "is pickled in another form") from error
        for name in _COLUMNS:
            object.__setattr__(self, name, getattr(again, name))

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
        return tuple([self._device(place) for place in range(start, end)])

    def _device(self, place: int) -> TacDevice:
        """Return the device of an entry."""
        (brands, models, sources), (brand, model, source) = self._texts, self._devices
        return _made(brands[brand[place]], models[model[place]], sources[source[place]])

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
        for place, tac in enumerate(self._tacs):
            yield f"{tac:08d}", self._device(place)

    def __eq__(self, other: object) -> bool:
        """Compare by entries."""
        if type(other) is not TacTable:
            return NotImplemented
        return (self._tacs, self._devices, self._texts) == (other._tacs, other._devices, other._texts)

    def __hash__(self) -> int:
        return hash((self._tacs.tobytes(), *(column.tobytes() for column in self._devices), self._texts))

    def __repr__(self) -> str:
        entries, devices = len(self._tacs), self.report.devices
        return f"<TacTable: {entries} entries, {devices} devices, from {printable(self.report.file)}>"


_ROWS = "give rows of TAC, brand, model, and where it matters the source"


def _number(tac: object, field: str) -> int:
    if not (type(tac) is str and len(tac) == TAC_DIGITS and tac.isascii() and tac.isdigit()):
        raise (out_of_range if type(tac) is str else wrong_type)(field, tac, "give the 8 digits of a TAC as text")
    return int(tac)


_BY_COLUMNS = 2
"""The form of a pickle; in the first one devices were pickled."""
_COLUMNS = ("_tacs", "_devices", "_texts", "report")


@lru_cache(maxsize=1024)  # one device is looked up again and again, by each check of a phone
def _made(brand: str, model: str, source: str) -> TacDevice:
    return proved(TacDevice, brand=brand, model=model, source=source)


def _is_sound(tacs: Any, devices: Any, texts: Any) -> bool:  # noqa: ANN401 - a pickle may hold anything
    """Tell whether columns are those of a table: sorted, without duplicates, each text once and used."""
    columns = (tacs, *devices) if type(devices) is tuple else ()
    if len(columns) != 1 + len(_DEVICE) or any(type(one) is not array or one.typecode != "I" for one in columns):
        return False
    if type(texts) is not tuple or [*map(type, texts)] != [tuple] * len(_DEVICE):
        return False
    if len({*map(len, columns)}) > 1 or max(tacs, default=0) >= 10**TAC_DIGITS:
        return False
    for name, column, known in zip(_DEVICE, devices, texts, strict=True):
        if not all(map(checks_of(TacDevice)[name], known)) or any(map(ge, known, known[1:])):
            return False
        if {*column} != {*range(len(known))}:
            return False
    entries = [*zip(*columns, strict=True)]
    has_name = all(texts[0][brand] or texts[1][model] for _, brand, model, _ in entries)
    return has_name and all(map(lt, entries, entries[1:]))


_DEVICE = ("brand", "model", "source")


def _table(file: _tac_files.TacFile) -> TacTable:
    """Build the table: sorted throughout, so that it does not depend on the order of the rows."""
    texts = [tuple(sorted(column.positions)) for column in file.devices]
    for name, known in zip(_DEVICE, texts, strict=True):
        fits = checks_of(TacDevice)[name]
        for text in known:
            if not fits(text):
                TacDevice(**{"brand": "-", "model": "-", name: text})  # raises its own error
    brands, models, sources = map(len, texts)
    # An entry is one number, made of the TAC and the three ranks: numbers are sorted many times faster than tuples.
    entries = sorted(
        {
            ((tac * brands + brand) * models + model) * sources + source
            for tac, brand, model, source in zip(file.tacs, *map(_ranks, file.devices, texts), strict=True)
        }
    )
    named = [entry // sources for entry in entries]
    tacs = array("I", [name // (brands * models) for name in named])
    devices = (
        array("I", [name // models % brands for name in named]),
        array("I", [name % models for name in named]),
        array("I", [entry % sources for entry in entries]),
    )
    # Entries with one TAC are adjacent, so only neighbours can conflict; two
    # sources that agree are not a conflict.
    conflicting = {
        tac
        for tac, after, one, other in zip(tacs, tacs[1:], named, named[1:], strict=False)
        if tac == after and one != other
    }
    report = TacReport(
        file=file.name,
        layout=file.layout,
        rows=file.rows,
        devices=len({entry % (brands * models * sources) for entry in entries}),
        padded_7=file.widths[7],
        padded_6=file.widths[6],
        merged=len(file.tacs) - len(entries),
        conflicts=len(conflicting),
        problems=file.problems,
        left_out=file.left_out,
    )
    table: TacTable = proved(cast("Any", TacTable), _tacs=tacs, _devices=devices, _texts=tuple(texts), report=report)
    return table


def _ranks(column: _tac_files.Texts, known: tuple[str, ...]) -> Iterator[int]:
    """Return the rank of each row's text among the sorted ones."""
    rank = [0] * len(known)
    for place, text in enumerate(known):
        rank[column.positions[text]] = place
    return map(rank.__getitem__, column.rows)
