"""`appraise_file`: a file of devices in, a file of their values out, of any length.

Three stages run at once: one thread reads the next rows, others value and encode a part each, and the first one stores
the parts in order and appends them to the outputs. The stored parts are enough to resume after whatever stops the run.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from miexchange import __version__
from miexchange._arguments import COLUMNS, FLAG, PATH, Rule, maybe, takes, whole
from miexchange._limits import NAME
from miexchange._text import folded
from miexchange._time import micros
from miexchange._value import instant
from miexchange.batch._frames import as_columns, columns_in, columns_out, day_zone, kinds_of
from miexchange.batch._problems import PROBLEMS, UNREADABLE, problems_of
from miexchange.batch.arrow._columns import TEXTS, check_names
from miexchange.batch.arrow._compiled import expect
from miexchange.batch.arrow._inputs import cell_of
from miexchange.batch.arrow._results import ArrowColumn, to_arrow
from miexchange.batch.arrow._threads import workers
from miexchange.batch.files._outputs import Output
from miexchange.batch.files._parquet_groups import Numbers
from miexchange.batch.files._parts import Parts
from miexchange.batch.files._sources import format_of, open_source
from miexchange.batch.files._summaries import Summary, summary_of
from miexchange.batch.files._texts import without_codes
from miexchange.batch.plan._blocks import appraise_columns
from miexchange.batch.plan._plan import plan_of
from miexchange.errors import out_of_range, shown, unknown
from miexchange.programme import NONE_GIVEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from miexchange.batch.arrow._columns import Column
    from miexchange.batch.arrow._results import AnyColumn
    from miexchange.batch.files._csv_records import Records
    from miexchange.batch.files._parquet_groups import Group
    from miexchange.batch.files._sources import Source
    from miexchange.programme import Programme

__all__ = ["Progress", "appraise_file"]

_ROW, _MODEL = "row", "model"
_IMEIS = ("imei", "imei2")
_OTHER_COUNT = "The row has more or fewer cells than the first line: quote a cell with a comma in it."
_MOST = 4  # parts that are valued at once, for each takes memory; the threads that read are slower than so many
_NOT_UTF_8 = "is not in UTF-8. Save the file in UTF-8."


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run.

    Attributes:
        rows: the number of rows valued so far, those of an earlier run included.
        done: how much of the source has been read: rows of Parquet, or bytes of CSV.
        total: how much there is to read.
    """

    rows: int
    done: int
    total: int


@takes(
    source=PATH,
    target=PATH,
    keep=COLUMNS,
    reveal_imei=FLAG,
    rejects=maybe(PATH),
    escape=FLAG,
    rows=maybe(whole(1)),
    force=FLAG,
    restart=FLAG,
    problems=FLAG,
    progress=Rule(lambda value: value is None or callable(value), "give a function, or None"),
)
def appraise_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    programme: Programme,
    *,
    at: datetime | None = None,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    keep: Iterable[str] = (),
    reveal_imei: bool = False,
    rejects: str | os.PathLike[str] | None = None,
    escape: bool = True,
    rows: int | None = None,
    threads: int | None = None,
    force: bool = False,
    restart: bool = False,
    problems: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Summary:
    """Value a file of devices, a row each, by the same rules as `appraise_frame`.

    Files are CSV or Parquet, by suffix. The columns are those of `appraise_frame`. In CSV an empty cell is null;
    ``at`` is an ISO 8601 instant with an offset, or a day, which stands for its first instant in the programme's zone;
    ``purchased_on`` is a date; ``exchange_open`` and ``device_exchanged`` are ``true`` or ``false``. A cell that does
    not parse, and a line with too few or too many cells, refuses its row with ``invalid_value``.

    It takes a few hundred megabytes of memory, whatever the size of the file. While it runs, finished parts are kept
    in a folder beside the target, ``TARGET.parts``. A run that was stopped, in whatever way, resumes from there when it
    is started again with the same arguments, and ends with the same files. The target appears at the end, complete.

    Args:
        source: the file of devices.
        target: the file to write: ``row`` (the position in the source, from 0), the columns of `keep`, and those
            of `columns_out`.
        programme: the rules.
        at: the instant of the valuation, if the source has no column ``at``.
        bonuses_given: how often each bonus with a quota was given so far; the same for every row.
        keep: columns of the source to copy to the target and the rejects.
        reveal_imei: whether ``imei`` and ``imei2`` may be kept. They are personal data.
        rejects: a file to write the refused rows to: ``row``, the columns that are kept, ``model``, ``reasons`` and
            ``problems``.
        escape: whether a text in a CSV that begins like a formula (``=``, ``+``, ``-``, ``@``) gets an apostrophe
            before it, and control characters are written as escapes. Use False if a program reads the file: every cell
            is then kept byte for byte, as it always is in Parquet.
        rows: the rows of a part; by default 81,920 of Parquet and 65,536 of CSV, whose texts take more memory.
        threads: how many threads share the work; by default as many as there are processors.
        force: whether an existing target and rejects are overwritten.
        restart: whether the parts of an earlier run are discarded.
        problems: whether to add a last column ``problems`` to the target, as in `appraise_frame`.
        progress: is called with the progress before the first part and after each.

    Returns:
        The summary of the file. Also after a resumed run.

    Raises:
        InvalidValue: an argument or a file cannot be used, a column is missing or misspelled, the source changed
            while it was read, or the parts beside the target are of another run.
        OSError: a file cannot be read or written.

    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> import pyarrow as pa
    >>> from pyarrow import csv, parquet
    >>> from miexchange import Programme, headline
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 3, 20, 12, tzinfo=UTC)
    >>> best = headline("oneplus-3t-6-64", programme, at=at).condition
    >>> rows = [{"model": "oneplus-3t-6-64", "warranty": None, **best}, {"model": "nokia 3310"}]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     devices, values = Path(folder, "devices.parquet"), Path(folder, "values.csv")
    ...     parquet.write_table(pa.Table.from_pylist(rows), devices)
    ...     summary = appraise_file(devices, values, programme, at=at)
    ...     table = csv.read_csv(values)
    >>> summary.indicative, summary.refused, summary.coupon_value, table["outcome"].to_pylist()
    (1, 1, 1200800, ['indicative', 'refused'])
    """
    file, wanted = open_source(Path(source)), [Path(target)]
    if rejects is not None:
        wanted.append(Path(rejects))
    _check_paths(Path(source), wanted)
    rows = file.part_rows if rows is None else rows
    kept, tells = _kept(keep, file, programme, reveal_imei=reveal_imei), problems or rejects is not None
    valuer = _Valuer(file, programme, bonuses_given, at, kept, threads, tells=tells)
    columns = [*valuer.columns, *([PROBLEMS] if problems else [])]
    outputs = [Output(Path(target), "target", columns, valuer.nothing, escape=escape)]
    if rejects is not None:
        columns = list(dict.fromkeys((_ROW, *valuer.keep, _MODEL, "reasons", PROBLEMS)))
        outputs.append(Output(Path(rejects), "rejects", columns, valuer.nothing, escape=escape, refused_only=True))
    folder = wanted[0].with_name(f"{wanted[0].name}.parts")
    if not (force or folder.exists()):
        _check_free(wanted)
    stamp = _stamp(Path(source))
    manifest = {
        "version of miexchange": __version__,
        **stamp,
        "columns": [f"{name}: {kind}" for name, kind in zip(file.names, file.types, strict=True)],
        "programme": programme.digest,
        "at": None if at is None else instant(at, "at").isoformat(),
        "bonuses_given": dict(bonuses_given),
        "keep": valuer.keep,
        "rejects": rejects is not None,
        "problems": problems,
        "escape": escape,
        "rows": rows,
    }
    with Parts(folder, manifest, restart=restart) as parts:
        summary = parts.placed(wanted)
        if summary is None:
            if not force:
                _check_free([path for path in wanted if parts.placed([path]) is None])
            try:
                summary = _value(valuer, parts, outputs, rows, progress or _tell_nobody)
                if _stamp(Path(source)) != stamp:
                    which = "changed while it was read"
                    raise out_of_range("source", f"{source}", "begin again with restart=True", which=which)
                parts.placing([output.finish() for output in outputs], summary)
                for output in reversed(outputs):
                    output.place()
            finally:
                for output in outputs:
                    output.discard()
        parts.clear()
    return summary


def _value(
    valuer: _Valuer,
    parts: Parts,
    outputs: Sequence[Output],
    rows: int,
    progress: Callable[[Progress], object],
) -> Summary:
    """Value the remaining rows, and write everything.

    Threads value and encode the next few parts, while this one stores them in order.
    """
    source, summaries = valuer.source, []

    def write(pieces: list[Group], summary: Summary) -> None:
        for output, piece in zip(outputs, pieces, strict=True):
            output.write(piece)
        summaries.append(summary)

    def valued_of(part: Records | pa.Table, first: int) -> tuple[list[Group], Summary]:
        table = source.table(part)
        columns, summary = valuer.value(table, first)
        return [output.encoded(columns, len(table), is_first=not first) for output in outputs], summary

    def store(valued: int) -> int:
        future, done = waiting.popleft()
        pieces, summary = future.result()
        parts.add(pieces, summary)
        write(pieces, summary)
        progress(Progress(valued + summary.rows, done, source.total))
        return valued + summary.rows

    for number in range(parts.done):
        write(*parts.read(number))
    valued = first = sum(summary.rows for summary in summaries)
    progress(Progress(valued, source.done, source.total))
    waiting: deque[tuple[Future[tuple[list[Group], Summary]], int]] = deque()
    with closing(source.parts(valuer.names, valuer.few, valued, rows)) as coming, _Pool(valuer.threads) as pool:
        for part in coming:
            if len(part) or not (parts.done or waiting):
                waiting.append((pool.submit(valued_of, part, first), source.done))
                first += len(part)
            while len(waiting) > valuer.threads:
                valued = store(valued)
        while waiting:
            valued = store(valued)
    return Summary.total(summaries)


class _Pool(ThreadPoolExecutor):
    """Threads; work that has not begun is dropped at the end."""

    def __exit__(self, *_: object) -> None:
        """Wait for the work that has begun."""
        self.shutdown(cancel_futures=True)


def _tell_nobody(_: Progress) -> None:
    """Ignore the progress."""


class _Valuer:
    """The programme, with the columns that a run reads and writes.

    Attributes:
        source: the file of devices.
        threads: how many parts are valued at once.
        names: the columns of the source that are read.
        few: those of them with few distinct texts, which may be dictionary-encoded.
        keep: the columns that are copied.
        columns: the columns of a result.
        nothing: the result for no rows, which has the types of its columns.
    """

    def __init__(
        self,
        source: Source,
        programme: Programme,
        bonuses_given: Mapping[str, int],
        at: datetime | None,
        keep: list[str],
        threads: int | None,
        *,
        tells: bool,
    ) -> None:
        """Check that the source has the required columns, each of a suitable type."""
        self._programme, self._plan = programme, plan_of(programme, bonuses_given)
        self._at = None if at is None else micros(instant(at, "at"))
        self.threads, self._tells = min(workers(threads), _MOST), tells
        if at is not None and "at" in source.names:
            raise out_of_range("at", at, "give one of the two", "is given, and the source has a column at")
        required, optional = columns_in(programme)
        for name in (*sorted(required), *sorted(optional), *keep):  # the order of a set differs between processes
            if source.names.count(name) > 1:
                which = f"has two columns {shown(name)}"
                raise out_of_range("source", f"{source.path}", "rename one of them", which=which)
        check_names(source.names, required if at is None else required - {"at"}, optional, "source")
        self._kinds = {name: kind for name, kind in kinds_of(self._plan).items() if name in source.names}
        self.source, self.keep = source, keep
        expect(source.rows)
        self.names = list(dict.fromkeys((*self._kinds, *keep)))
        self.few = [name for name, kind in self._kinds.items() if kind in TEXTS and name not in {*_IMEIS, *keep}]
        self.columns = [_ROW, *keep, *columns_out(programme)]
        self.nothing = to_arrow(self.value(source.nothing(self.names), 0)[0])

    def value(self, table: pa.Table, first: int) -> tuple[dict[str, AnyColumn | Numbers], Summary]:
        """Value some rows.

        Args:
            table: the rows, as the source has them.
            first: the position of the first one.

        Returns:
            The columns of all outputs, and the summary.
        """
        columns = {
            name: self.source.column(table, name, kind, day_zone(name, self._programme))
            for name, kind in self._kinds.items()
        }
        kept = {name: self.source.kept(table, name) for name in self.keep}
        others = [("", _OTHER_COUNT, self.source.wrong(table))]
        others += [(name, _NOT_UTF_8, column.strange) for name, column in kept.items()]
        sound = {**columns}
        for _, _, wrong in others:
            columns["model"] = _with_strange(columns["model"], wrong)
        values = appraise_columns(columns, len(table), self._plan, at=self._at, threads=1)
        result = as_columns(values, self._plan)
        told: dict[str, AnyColumn] = {}
        summary = summary_of(columns["model"].array, result, self._programme)
        if self._tells:
            told[PROBLEMS] = problems_of(
                values,
                sound,
                self._kinds,
                self._plan,
                at=self._at,
                cell=lambda name, row: _as_text(cell_of(table[name], row, UNREADABLE)),
                others=others,
            )
        copied = {name: ArrowColumn(column.array) for name, column in kept.items()}
        model = {} if _MODEL in copied else {_MODEL: ArrowColumn(without_codes(columns[_MODEL].array))}
        return {_ROW: Numbers(first, len(table)), **copied, **model, **result, **told}, summary


def _as_text(cell: object) -> object:
    """Return the bytes of a CSV cell as a text for display, with invalid bytes escaped."""
    return cell.decode(errors="backslashreplace") if isinstance(cell, bytes) else cell


def _with_strange(column: Column, rows: NDArray[np.bool_] | None) -> Column:
    """Return a column with more cells flagged as invalid, so that their rows are refused."""
    if rows is None or not rows.any():
        return column
    return replace(column, strange=rows if column.strange is None else column.strange | rows)


def _kept(keep: Iterable[str], source: Source, programme: Programme, *, reveal_imei: bool) -> list[str]:
    """Check the columns of `keep`."""
    names = list(dict.fromkeys(keep))
    for name in names:
        if name not in source.names:
            raise unknown("source", "column", name, source.names, "leave it out of keep")
        if len(name) > NAME:
            what = f"names a column with {len(name):,} characters"
            raise out_of_range("keep", name, f"rename it: at most {NAME} characters", what)
        if name in {_ROW, *columns_out(programme)}:
            which = "the target has as a column of its own"
            raise out_of_range("keep", name, "rename that of the source", which=which)
        if folded(name) in _IMEIS and not reveal_imei:
            rule = "join by row, or say that you want them with reveal_imei=True"
            raise out_of_range("keep", name, rule, which="holds IMEIs, which are personal data")
    return names


def _check_paths(source: Path, wanted: Sequence[Path]) -> None:
    """Refuse files that cannot be written, or that are one and the same."""
    seen = {source.resolve(): "source"}
    for path, field in zip(wanted, ("target", "rejects"), strict=False):
        format_of(path, field)
        if path.is_dir():
            raise out_of_range(field, f"{path}", "name a file", which="is a directory")
        if not path.parent.is_dir():
            raise out_of_range(field, f"{path}", "make the directory first", which="is in no directory that exists")
        other = seen.setdefault(path.resolve(), field)
        if other != field:
            raise out_of_range(field, f"{path}", "name another file", which=f"is the {other}")


def _check_free(wanted: Sequence[Path]) -> None:
    for path in wanted:
        if os.path.lexists(path):  # also a dangling link
            rule = "name another file, or overwrite it with force=True"
            raise out_of_range("target", f"{path}", rule, which="exists already")


def _stamp(source: Path) -> dict[str, str | int]:
    """Return a fingerprint of a file that changes whenever the file does."""
    found = source.stat()
    return {"source": f"{source.resolve()}", "size": found.st_size, "time of change": found.st_mtime_ns}
