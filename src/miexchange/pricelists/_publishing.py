"""Publishes a list: rows are added to the file of market prices, and none that was in force is ever changed.

A replay finds the price of a quote by the row in force at its instant, so rows are added for future instants,
and withdrawn only while none of them has been in force. A wrong price that was in force is corrected by
the next list: quotes were made with it, and coupons are outstanding.

The file keeps its columns, its order, its line ends and every existing byte. A row is inserted after another one as
"line end and row", and removed likewise: so the bytes before and after are unchanged.
"""

from __future__ import annotations

import csv
import io
import stat
from bisect import bisect_right
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, NamedTuple

from miexchange import _new_file
from miexchange._bounded import Count, Hex
from miexchange._problems import Problems
from miexchange._time import read_instant
from miexchange._value import Value, argument, instant
from miexchange.errors import InvalidValue, out_of_range
from miexchange.pricelists._list import PriceList, date_text, row_of
from miexchange.pricelists._places import own, own_directory
from miexchange.programme._load import load_with
from miexchange.programme._published import COLUMNS, PUBLISHED, PublishedPrice, read_published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo
    from pathlib import Path

__all__ = ["Publication", "publish", "rollback"]

_SHA256 = 32


@dataclass(frozen=True, slots=True)
class Publication(Value):
    """A list that was published or withdrawn.

    Attributes:
        published_at: the instant of its publication, which identifies it.
        begins: the first instant of its prices.
        rows: the number of prices that were added or removed.
        digest: the digest of the programme with the present prices.
    """

    published_at: datetime
    begins: datetime
    rows: Count
    digest: Annotated[str, Hex(_SHA256)]


class _Row(NamedTuple):
    """A row of a file."""

    model: str
    begins: str
    cells: list[str]
    start: int
    """The start of its text."""
    end: int
    """The end of its text, before the line end."""


class _File:
    """The text of a file of market prices: its header, its rows, and their positions."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.data = self.path.read_bytes()
        self._mark = b"\xef\xbb\xbf" if self.data.startswith(b"\xef\xbb\xbf") else b""
        self._text = self.data[len(self._mark) :].decode()
        lines = io.StringIO(self._text, newline="").readlines()
        ends = [0]
        for line in lines:
            ends.append(ends[-1] + len(line))
        reader = csv.reader(iter(lines), strict=True)
        records, first = [], 0
        for cells in reader:
            if cells:
                text = self._text[ends[first] : ends[reader.line_num]]
                records.append((cells, ends[first], ends[first] + len(text.rstrip("\r\n"))))
            first = reader.line_num
        (names, _, self._head_end), *rows = records
        self.names = [name.strip() for name in names]
        model, begins = self.names.index("model"), self.names.index("effective_from")
        self.rows = [_Row(cells[model].strip(), cells[begins].strip(), cells, start, end) for cells, start, end in rows]
        after = self._text[self._head_end :]
        self._line_end = "\r\n" if after.startswith("\r\n") else "\r" if after.startswith("\r") else "\n"

    def with_rows(self, added: Iterable[tuple[str, dict[str, object]]]) -> bytes:
        """Return the file with rows added: after the last of their model if the file is ordered by model.

        A model that it lacks is inserted in order. In a file of another order rows are appended as given.
        """
        models = [row.model for row in self.rows]
        is_ordered = all(one <= other for one, other in pairwise(models))
        ends = [self._head_end, *(row.end for row in self.rows)]
        behind: dict[int, list[str]] = {}
        for model, cells in added:
            text = row_of([cells.get(name, "") for name in self.names], "")
            place = ends[bisect_right(models, model) if is_ordered else -1]
            behind.setdefault(place, []).append(f"{self._line_end}{text}")
        return self._rebuilt([(place, place, "".join(texts)) for place, texts in sorted(behind.items())])

    def without_rows(self, taken: Iterable[_Row]) -> bytes:
        """Return the file without some rows, each with the line end before it."""
        ends = [self._head_end, *(row.end for row in self.rows)]
        before = dict(zip((row.end for row in self.rows), ends, strict=False))
        return self._rebuilt([(before[row.end], row.end, "") for row in taken])

    def _rebuilt(self, edits: list[tuple[int, int, str]]) -> bytes:
        parts, at = [], 0
        for start, end, text in edits:
            parts += [self._text[at:start], text]
            at = end
        return self._mark + "".join([*parts, self._text[at:]]).encode()


def publish(prices: PriceList, directory: str | Path, *, at: datetime, begins: datetime | None = None) -> Publication:
    """Add the prices of a list to a programme, from a future instant on.

    The new file is renamed only if the programme with it has no problems; until then, and if anything fails, the
    old one is unchanged. The published list is stored beside it, for the linter and for `rollback`.

    Args:
        prices: the list.
        directory: the programme's directory, not one that ships with the package.
        at: the instant of the publication: now.
        begins: the beginning of the prices; if the list has one, the same, or None.

    Raises:
        InvalidValue: an argument is of another type, a price would begin at or before `at`, there is no beginning or
            two different ones, the list is empty, or a file cannot be written.
        DataError: there is no programme, or it would have problems with the list: each with its file and line.

    >>> from datetime import UTC, datetime
    >>> from tempfile import TemporaryDirectory
    >>> from miexchange import Programme
    >>> from miexchange.pricelists import ListPrice
    >>> prices = PriceList.of([ListPrice("oneplus-3t-6-64", 1_050_000, "observed", "our desk")])
    >>> now, june = datetime(2018, 5, 20, tzinfo=UTC), datetime(2018, 6, 1, tzinfo=UTC)
    >>> with TemporaryDirectory() as folder:
    ...     place = Programme.load("mi-exchange-india").save(f"{folder}/mine")
    ...     published = publish(prices, place, at=now, begins=june)
    ...     loaded = Programme.load(place)
    ...     back = rollback(place, at=now)
    >>> published.rows, [loaded.prices.as_of("oneplus-3t-6-64", one).price_minor for one in (now, june)]
    (1, [1027000, 1050000])
    >>> back.digest == Programme.load("mi-exchange-india").digest
    True
    """
    argument(prices, PriceList, "prices")
    at = instant(at, "at")
    begins = None if begins is None else instant(begins, "begins")
    place = own_directory(directory)
    programme, path = load_with(place, None, awaiting=True)
    since = _beginnings(prices, begins, at)
    said = [PublishedPrice(at, one.model, since[one.model], one.price_minor) for one in prices]
    file, record = _opened(path), _Record(place, programme.zone)
    if record.last and not any(_rows_of(file, record.last, programme.zone)):
        record.drop_last()  # of a run that ended between the two files
    if any(one.published_at == at for one in record.rows):
        raise out_of_range("at", at, "give another instant", "is that of a list that was published already")
    added = [
        (
            one.model,
            {
                "model": one.model,
                "effective_from": date_text(since[one.model], programme.zone),
                "price_minor": one.price_minor,
                "basis": one.basis,
                "source": one.source or f"published {at.isoformat()}",
            },
        )
        for one in prices
    ]
    with _candidate(file, file.with_rows(added)) as (candidate, take):
        changed, _ = load_with(place, candidate)
        record.write([*record.rows, *said])
        take()
    return Publication(at, min(since.values()), len(said), changed.digest)


def _beginnings(prices: PriceList, begins: datetime | None, at: datetime) -> dict[str, datetime]:
    """Return the beginning of each price of a list; all of them are in the future."""
    if not len(prices):
        raise out_of_range("prices", None, "give a list with a price", "is empty")
    found = {}
    for one in prices:
        since = one.effective_from if begins is None else begins
        if since is None:
            what = f"says not from when the price of {one.model} holds"
            raise out_of_range("begins", None, "give the first instant of the list", what)
        if one.effective_from not in {None, since}:
            what = f"is not {one.effective_from}, from which the list says that the price of {one.model} holds"
            raise out_of_range("begins", since, "give None, or take the dates out of the list", what)
        if since <= at:
            rule = f"give one after {at.isoformat()}: quotes were made with the prices that were in force"
            raise out_of_range("begins", since, rule)
        found[one.model] = since
    return found


def rollback(directory: str | Path, *, at: datetime) -> Publication:
    """Withdraw the list that was published last, while no price of it has been in force; the bytes are as before.

    A list with a price that has been in force stays: quotes were made with it, and are replayed by its rows. The right
    prices are then published as another list.

    Args:
        directory: the programme's directory.
        at: now.

    Raises:
        InvalidValue: an argument is of another type, no list was published, one of its prices has been in force, one of
            its rows was changed since, or a file cannot be written.
        DataError: there is no programme, or it would have problems without the list.
    """
    at = instant(at, "at")
    place = own_directory(directory)
    programme, path = load_with(place, None, awaiting=True)
    file, record = _opened(path), _Record(place, programme.zone)
    last = record.last
    if not last:
        raise out_of_range("directory", f"{place}", "publish one first", "has no list that was published")
    begun = min(last, key=lambda one: one.effective_from)
    if begun.effective_from <= at:
        what = f"is after {begun.effective_from.isoformat()}, from which the last list is in force"
        raise out_of_range("at", at, "publish another list: quotes were made with this one", what)
    rows = _unchanged(file, last, programme.zone)
    with _candidate(file, file.without_rows(rows)) as (candidate, take):
        changed, _ = load_with(place, candidate, awaiting=True)  # as before the list, without prices of new models
        take()
    record.drop_last()
    record.write(record.rows)
    return Publication(last[0].published_at, begun.effective_from, len(rows), changed.digest)


def _opened(path: Path) -> _File:
    try:
        return _File(own(path))
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> InvalidValue:
    rule = "let its files be read and written"
    return out_of_range("directory", f"{path}", rule, f"cannot be used: {error.strerror or error}")


def _rows_of(file: _File, said: list[PublishedPrice], zone: tzinfo) -> Iterator[tuple[_Row, PublishedPrice]]:
    """Yield the rows of a file that a list added, each with the list's price."""
    wanted = {(one.model, one.effective_from): one for one in said}
    for row in file.rows:
        one = wanted.get((row.model, read_instant(row.begins, zone)))
        if one is not None:
            yield row, one


def _unchanged(file: _File, said: list[PublishedPrice], zone: tzinfo) -> list[_Row]:
    """Return the rows of a file that a list added.

    Raises:
        InvalidValue: one of them has another price since.
    """
    price, found = file.names.index("price_minor"), []
    for row, one in _rows_of(file, said, zone):
        if row.cells[price].strip() != f"{one.price_minor}":
            what = f"has {row.cells[price]} for {row.model}, where the list had {one.price_minor}"
            raise out_of_range("directory", f"{file.path}", "restore the row that was published", what)
        found.append(row)
    return found


@contextmanager
def _candidate(file: _File, data: bytes) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yield a new file beside another one, and a function that renames it to that one; otherwise it is removed."""
    new = file.path.with_name(f".{file.path.name}.new")

    def take() -> None:
        if file.path.read_bytes() != file.data:
            what, rule = "was changed while the list was looked at", "try again: nothing was published"
            raise out_of_range("directory", f"{file.path}", rule, what)
        new.chmod(stat.S_IMODE(file.path.stat().st_mode))
        _new_file.place(new, file.path)

    try:
        with _new_file.create(new, "directory") as opened:
            opened.write(data)
        try:
            yield new, take
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(file.path, error) from None


class _Record:
    """The published list, in the file beside the programme."""

    def __init__(self, place: Path, zone: tzinfo) -> None:
        self._path, self._zone = place / PUBLISHED, zone
        problems = Problems()
        self.rows = read_published(place, zone, problems)
        problems.raise_if_any()

    @property
    def last(self) -> list[PublishedPrice]:
        """The rows of the list that was published last."""
        return [one for one in self.rows if one.published_at == self.rows[-1].published_at]

    def drop_last(self) -> None:
        """Leave the last list out."""
        self.rows = [one for one in self.rows if one.published_at != self.rows[-1].published_at]

    def write(self, rows: list[PublishedPrice]) -> None:
        """Rewrite the file atomically; without rows it is removed."""
        new = self._path.with_name(f".{PUBLISHED}.new")
        try:
            if not rows:
                self._path.unlink(missing_ok=True)
                return
            lines = [row_of([*COLUMNS], "\n")]
            for one in rows:
                since = date_text(one.effective_from, self._zone)
                lines.append(row_of([one.published_at.isoformat(), one.model, since, one.price_minor], "\n"))
            with _new_file.create(new, "directory") as opened:
                opened.write("".join(lines).encode())
            _new_file.place(new, self._path)
        except OSError as error:
            raise _unwritable(self._path, error) from None
