"""Files as enemies and accidents leave them: what unpacks to gigabytes, links, damaged parts, formulas, odd headers."""

from __future__ import annotations

import csv as pycsv
import gzip
import os
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from threading import Timer
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from miexchange import InvalidValue, TacTable, lint
from miexchange.batch import appraise_file
from miexchange.batch.files._texts import for_spreadsheets, parsed
from unit.lists import copy_of_base
from unit.test_batch_files import (
    Stop,
    best,
    csv,
    device,
    graded,
    line,
    names_in,
    outcomes,
    parquet,
    read,
    run,
    stop_after,
    table_of,
    ten,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miexchange.batch.arrow._columns import Kind

HEAD = ",".join([*(name for name in device() if name not in best()), *best()])
unix = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and modes are Unix things")


def raw(folder: Path, data: bytes, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# CSV.


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['"never closed,,,', line(), line()], "the quotation mark that opens a cell in line 3 is not closed"),
        (['"a"b,' + line()], "opens a cell in line 3 is closed, and text follows"),
        ([line(number='"a\n\nb" ')], "opens a cell in line 3 is closed, and text follows"),
        (["x" * 100_001], "a cell in line 3 has more than 100,000 bytes"),
        (['"' + "x" * 100_001 + '"'], "cell in line 3 is not closed within 100,000 bytes"),
        (["," * 1_000_001], "the row that begins in line 3 has more than 1,000,000 bytes"),
    ],
)
def test_what_is_no_csv_is_an_error_that_names_the_line(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        appraise_file(csv(tmp_path, line(), *lines), tmp_path / "out.csv", graded())
    assert names_in(tmp_path) == ["in.csv"]


def test_a_cell_may_be_as_long_as_the_bound(tmp_path: Path) -> None:
    long = "x" * 100_000
    source = csv(tmp_path, line(number=long), line(number=f'"{long}"'))
    appraise_file(source, tmp_path / "out.parquet", graded(), keep=["number"])
    assert [row["number"] for row in read(tmp_path / "out.parquet")] == [long, long]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"," * 100_000, "line 1 has more than 2,000 columns"),
        (b"x" * 200_000, "a cell in line 1 has more than 100,000 bytes"),
        (b'"model', "the quotation mark that opens a cell in line 1 is not closed"),
        (b"\n" + HEAD.encode(), "which names no columns: name the columns in its first line"),
        (b"\r\n\r\n", "which names no columns: name the columns in its first line"),
        (b"\xef\xbb\xbf", "which names no columns: name the columns in its first line"),
        (HEAD.encode("utf-16"), "which is in UTF-16: export it as CSV in UTF-8"),
        (HEAD.encode("utf-16-le"), "have NUL characters in them, as in UTF-16"),
        (gzip.compress(HEAD.encode(), mtime=0), "which is compressed with gzip"),
        (b"PK\x03\x04....", "which is a workbook or another zip file"),
        (b"caf\xe9,model", "line 1 is not in UTF-8"),
    ],
)
def test_a_first_line_that_names_no_columns_is_an_error(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        appraise_file(raw(tmp_path, data), tmp_path / "out.csv", graded())


def test_columns_that_nobody_reads_may_have_any_name(tmp_path: Path) -> None:
    """A spreadsheet leaves columns without a name at the end, and notes of people have line breaks in their names."""
    head = f'{HEAD},,,"two\nlines",=1+1,=1+1,{"n" * 300}'
    source = csv(tmp_path, line() + "," * 6, head=head)
    appraise_file(source, tmp_path / "out.csv", graded(), keep=["two\nlines"])
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert next(pycsv.reader(stream))[1] == "two\nlines"
    for name, words in (("=1+1", "two columns"), ("n" * 300, "at most 200 characters"), ("nn", "and 25 more")):
        with pytest.raises(InvalidValue, match=words):
            appraise_file(source, tmp_path / "other.csv", graded(), keep=[name])


def test_a_space_in_a_name_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="has no column model: rename ' model' to model"):
        appraise_file(csv(tmp_path, line(), head=f" {HEAD}"), tmp_path / "out.csv", graded())


def test_an_imei_by_another_name_is_personal_data_too(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="which holds IMEIs, which are personal data"):
        appraise_file(
            csv(tmp_path, line() + ",1", head=f"{HEAD},I-MEI "), tmp_path / "o.csv", graded(), keep=["I-MEI "]
        )


def test_what_is_no_text_is_shown_and_refuses_its_row(tmp_path: Path) -> None:
    source = csv(tmp_path, line(), line(number="NUMBER"), line(model="MODEL"))
    source.write_bytes(source.read_bytes().replace(b"NUMBER", b"caf\xe9").replace(b"MODEL", b"\xff\xfe"))
    appraise_file(source, tmp_path / "out.csv", graded(), keep=["number", "model"], rejects=tmp_path / "no.csv")
    with (tmp_path / "no.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(pycsv.DictReader(stream))
    assert [(row["row"], row["number"], row["model"], row["reasons"]) for row in rows] == [
        ("1", r"caf\xe9", "oneplus-3t-6-64", "invalid_value"),
        ("2", "a1", r"\xff\xfe", "invalid_value"),
    ]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_what_is_no_text_in_parquet_likewise(tmp_path: Path, kind: pa.DataType) -> None:
    texts = pa.array([b"caf\xe9", b"fine", None])
    wrong = pa.Array.from_buffers(pa.string(), 3, texts.buffers())
    if pa.types.is_dictionary(kind):
        wrong = pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), wrong.slice(0, 2))
    elif kind == pa.large_string():
        wrong = pa.Array.from_buffers(kind, 3, texts.cast(pa.large_binary()).buffers())
    table = table_of(*[device()] * 3).drop_columns(["number"]).append_column("number", wrong)
    pq.write_table(table, tmp_path / "in.parquet")
    if pa.types.is_dictionary(kind):  # Arrow itself looks at the texts of such
        with pytest.raises(InvalidValue, match=r"cannot be read as Parquet \(Invalid UTF8"):
            appraise_file(tmp_path / "in.parquet", tmp_path / "out.parquet", graded(), keep=["number"], rows=2)
        return
    appraise_file(tmp_path / "in.parquet", tmp_path / "out.parquet", graded(), keep=["number"], rows=2)
    assert [row["number"] for row in read(tmp_path / "out.parquet")] == [r"caf\xe9", "fine", None]
    assert [reasons for _, reasons in outcomes(tmp_path / "out.parquet")] == ["invalid_value", "", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-03-20 12:00:00+00:00", datetime(2018, 3, 20, 12, tzinfo=UTC)),  # pandas
        ("2018-03-20 17:30:00+05:30", datetime(2018, 3, 20, 12, tzinfo=UTC)),
        ("2018-03-20 12:00:00.123456+00:00", datetime(2018, 3, 20, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2018-03-20 12:00:00.123456000+00:00", datetime(2018, 3, 20, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2018-03-20T12:00:00.000000+0000", datetime(2018, 3, 20, 12, tzinfo=UTC)),  # Polars
        ("2018-03-20T12:00:00.000000000+0000", datetime(2018, 3, 20, 12, tzinfo=UTC)),
        ("2018-03-20 12:00:00+00", datetime(2018, 3, 20, 12, tzinfo=UTC)),  # DuckDB
        ("2018-03-20 17:30:00.5+05:30", datetime(2018, 3, 20, 12, 0, 0, 500000, tzinfo=UTC)),
        ("2018-03-20 12:00:00.000000000Z", datetime(2018, 3, 20, 12, tzinfo=UTC)),  # Arrow
        ("2500-03-20 12:00:00.000000100Z", None),  # no whole microsecond
        ("2018-03-20 12:00:00.0000000000Z", None),
    ],
)
def test_an_instant_as_libraries_write_it(text: str, expected: datetime | None) -> None:
    column = parsed(pa.chunked_array([[text.encode(), b"2018-03-20T12:00Z", b"x"]]), "instant")
    assert column.array.to_pylist() == [expected, datetime(2018, 3, 20, 12, tzinfo=UTC), None]
    assert column.strange is not None
    assert column.strange.tolist() == [expected is None, False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-03-20 00:00:00", date(2018, 3, 20)),
        ("2018-03-20T00:00:00.000000", date(2018, 3, 20)),
        ("2018-03-20 00:00:00.000000000", date(2018, 3, 20)),
        ("2018-03-20 00:00:01", None),
        ("2018-03-20 00:00:00Z", None),  # an instant
        ("2018-02-29 00:00:00", None),
    ],
)
def test_a_day_as_libraries_write_it(text: str, expected: date | None) -> None:
    kind: Kind = "day"
    assert parsed(pa.chunked_array([[text.encode()]]), kind).array.to_pylist() == [expected]


def test_the_libraries_themselves_are_read(tmp_path: Path) -> None:
    """Every instant and day of a frame that a library writes is read as it was."""
    pd, pl, duckdb = (pytest.importorskip(name) for name in ("pandas", "polars", "duckdb"))
    moments = [datetime(2018, 3, 20, 12, tzinfo=UTC) + timedelta(microseconds=count) for count in (0, 5, 10**6)]
    days = [datetime(2017, 12, 1)] * 3  # noqa: DTZ001 - as pandas has days
    frame = pd.DataFrame({"at": pd.Series(moments).dt.tz_convert("Asia/Kolkata"), "purchased_on": days})
    frame.to_csv(tmp_path / "pandas.csv", index=False)
    frame.astype({"at": "datetime64[ns, UTC]"}).to_csv(tmp_path / "nano.csv", index=False)
    pl.from_pandas(frame).write_csv(tmp_path / "polars.csv")
    duckdb.sql("set timezone = 'Asia/Kolkata'")
    duckdb.sql("select * from frame").write_csv(f"{tmp_path / 'duckdb.csv'}")
    pacsv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "arrow.csv")
    for path in sorted(tmp_path.glob("*.csv")):
        with path.open(encoding="utf-8") as stream:
            rows = list(pycsv.DictReader(stream))
        at = parsed(pa.chunked_array([[row["at"].encode() for row in rows]]), "instant")
        day = parsed(pa.chunked_array([[row["purchased_on"].encode() for row in rows]]), "day")
        assert at.array.to_pylist() == moments, path.name
        assert day.array.to_pylist() == [date(2017, 12, 1)] * 3, path.name


# Parquet that unpacks to more than anybody needs.


def with_numbers(folder: Path, numbers: pa.Array, rows: int, **options: Any) -> Path:  # noqa: ANN401 - of pyarrow
    table = table_of(device()).take(pa.array([0] * rows)).drop_columns(["number"]).append_column("number", numbers)
    path = folder / "in.parquet"
    pq.write_table(table, path, compression="zstd", **options)
    assert path.stat().st_size < 1_000_000
    return path


def codes(length: int, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["y" * length]))


@pytest.mark.parametrize(
    ("numbers", "rows", "options", "words"),
    [
        (lambda: pa.array(["x" * 200_000_000]), 1, {}, "a cell of the column 'number' has more than 100,000 bytes"),
        (lambda: pa.array(["x" * 200_000_000]), 1, {"use_dictionary": False}, "its pages unpack to 200,000,"),
        (lambda: pa.array(["x" * 100_001]), 1, {"use_dictionary": False}, "which has more than 100,000 bytes in row 0"),
        (lambda: codes(100_001, 9), 9, {}, "a cell of the column 'number' has more than 100,000 bytes"),
        (lambda: codes(50_000, 9_000), 9_000, {}, "its cells unpack to more than"),
        (lambda: pa.nulls(1_000_001, pa.string()), 1_000_001, {}, "it says that it has 1,000,001 rows in"),
        (lambda: pa.array([[None] * 2_000_000], pa.list_(pa.int8())), 1, {}, "a column has 2,000,000 values in"),
        (lambda: pa.array([["y" * 50_000] * 3_000]), 1, {}, "one row of it has more than 100,000,000 bytes"),
        (
            lambda: pa.array(["y" * 50_000] * 9_000),
            9_000,
            {"use_dictionary": False, "column_encoding": {"number": "DELTA_BYTE_ARRAY"}},
            "its cells unpack to more than",
        ),
    ],
)
@pytest.mark.parametrize("target", ["out.parquet", pytest.param("out.csv", marks=pytest.mark.sweep)])
def test_a_small_parquet_does_not_unpack_to_gigabytes(
    tmp_path: Path,
    numbers: Callable[[], pa.Array],
    rows: int,
    options: dict[str, Any],
    words: str,
    target: str,
) -> None:
    source = with_numbers(tmp_path, numbers(), rows, **options)
    keep = [] if target.endswith("csv") and pa.types.is_list(numbers().type) else ["number"]
    if keep:
        with pytest.raises(InvalidValue, match=words):
            appraise_file(source, tmp_path / target, graded(), keep=keep)


def test_long_cells_that_are_few_are_kept(tmp_path: Path) -> None:
    numbers = [f"{place}" * 50_000 if place % 100 == 0 else "short" for place in range(1_000)]
    for options in (
        {},
        {"use_dictionary": False},
        {"column_encoding": {"number": "DELTA_BYTE_ARRAY"}, "use_dictionary": False},
    ):
        source = with_numbers(
            tmp_path, pa.array([text[:99_000] for text in numbers]), 1_000, row_group_size=300, **options
        )
        appraise_file(source, tmp_path / "out.parquet", graded(), keep=["number"], force=True)
        assert [row["number"] for row in read(tmp_path / "out.parquet")] == [text[:99_000] for text in numbers]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_writer_of_parquet_is_read(tmp_path: Path, compression: str, version: str) -> None:
    source = parquet(
        tmp_path,
        *[device(number=f"{place}") for place in range(50)],
        compression=compression,
        data_page_version=version,
    )
    appraise_file(source, tmp_path / "out.parquet", graded(), keep=["number"])
    assert [row["number"] for row in read(tmp_path / "out.parquet")] == [f"{place}" for place in range(50)]


@pytest.mark.parametrize("cut", [0, 3, 8, 100, 2_000])
def test_a_damaged_parquet_is_an_error_of_ours(tmp_path: Path, cut: int) -> None:
    whole = parquet(tmp_path, *[device()] * 20).read_bytes()
    for data in (whole[:cut], whole[:-cut], b"PAR1" + whole[: cut + 4], whole[:4] + bytes(cut) + whole[4 + cut :]):
        if data != whole:
            with pytest.raises(InvalidValue, match="cannot be read as Parquet"):
                appraise_file(raw(tmp_path, data, "in.parquet"), tmp_path / "out.csv", graded())


def test_lists_for_texts_refuse_rows_and_lists_for_days_the_file(tmp_path: Path) -> None:
    table = table_of(device()).drop_columns(["model"]).append_column("model", pa.array([["a"]]))
    pq.write_table(table, tmp_path / "in.parquet")
    appraise_file(tmp_path / "in.parquet", tmp_path / "out.parquet", graded())
    assert outcomes(tmp_path / "out.parquet") == [("refused", "invalid_value")]
    table = table_of(device()).drop_columns(["purchased_on"]).append_column("purchased_on", pa.array([[1]]))
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(InvalidValue, match="purchased_on is"):
        appraise_file(tmp_path / "in.parquet", tmp_path / "other.parquet", graded())


# Formulas and controls.


def test_a_csv_runs_in_no_spreadsheet_and_no_terminal(tmp_path: Path) -> None:
    cells = ["=HYPERLINK(1)", "@SUM(A1)", "\uff1d1", "-5", "A+", "\x1b[31m", "a\u202eb", '"two\nlines"']
    source = csv(tmp_path, *(line(number=cell, model="=x") for cell in cells), head=HEAD)
    rejects = tmp_path / "no.csv"
    appraise_file(source, tmp_path / "out.csv", graded(), keep=["number"], rejects=rejects)
    for path in (tmp_path / "out.csv", rejects):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(pycsv.DictReader(stream))
        assert [row["number"] for row in rows] == [
            "'=HYPERLINK(1)", "'@SUM(A1)", "'\uff1d1", "-5", "A+", r"\x1b[31m", r"a\u202eb", "two\nlines",
        ]  # fmt: skip
    assert {row["model"] for row in rows} == {"'=x"}
    appraise_file(source, tmp_path / "raw.csv", graded(), keep=["number"], escape=False)
    with (tmp_path / "raw.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["number"] for row in pycsv.DictReader(stream)] == [cell.strip('"') for cell in cells]


def test_names_of_columns_are_cells_too(tmp_path: Path) -> None:
    source = csv(tmp_path, line() + ",1", head=f"{HEAD},=1+1")
    appraise_file(source, tmp_path / "out.csv", graded(), keep=["=1+1"])
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith('"row","\'=1+1",')


def test_codes_are_made_safe_by_their_texts() -> None:
    cells = pa.chunked_array([pa.array(["=1", "fine", None, "\t2", "a;=1", "a;b", "a\n@x"])])
    assert for_spreadsheets(cells).to_pylist() == ["'=1", "fine", None, "'\t2", "a;'=1", "a;b", "a\n'@x"]


def test_bytes_are_no_column_of_a_csv(tmp_path: Path) -> None:
    source = with_numbers(tmp_path, pa.array([b"\x1b=1"]), 1)
    with pytest.raises(InvalidValue, match="which is a column of binary, which a CSV cannot hold"):
        appraise_file(source, tmp_path / "out.csv", graded(), keep=["number"])


# Links and modes.


@unix
@pytest.mark.parametrize(
    "name",
    [
        "out.parquet.unfinished",
        "out-rejects.csv.unfinished",
        "out.parquet.parts/manifest.json.unfinished",
        "out.parquet.parts/000000.part.unfinished",
        "out.parquet.parts/placed.json.unfinished",
    ],
)
@pytest.mark.parametrize("kind", ["link", "nowhere", "hard link", "pipe", "folder"])
def test_no_file_of_somebody_else_is_written_to(tmp_path: Path, name: str, kind: str) -> None:
    ten(tmp_path)
    victim, trap = tmp_path / "victim", tmp_path / name
    victim.write_text("mine", encoding="utf-8")
    trap.parent.mkdir(exist_ok=True)
    traps: dict[str, Callable[[], None]] = {
        "link": lambda: trap.symlink_to(victim),
        "nowhere": lambda: trap.symlink_to(tmp_path / "made"),
        "hard link": lambda: trap.hardlink_to(victim),
        "pipe": lambda: os.mkfifo(trap),
        "folder": trap.mkdir,
    }
    traps[kind]()
    if kind == "hard link":
        assert run(tmp_path, "out").rows == 10
    else:
        with pytest.raises(InvalidValue, match="which is a link, a folder, a pipe or a device: remove it"):
            run(tmp_path, "out")
        assert not (tmp_path / "out.parquet").exists()
    assert victim.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "made").exists()


@unix
@pytest.mark.parametrize("name", ["manifest.json", "000000.part", "placed.json"])
def test_no_part_is_read_through_a_link(tmp_path: Path, name: str) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    part = tmp_path / "out.parquet.parts" / name
    if part.exists():
        part.rename(tmp_path / "elsewhere")
    part.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidValue, match="which is a link, a folder, a pipe or a device: remove it"):
        run(tmp_path, "out")


@unix
@pytest.mark.parametrize("kind", ["link", "file"])
def test_the_folder_of_parts_is_ours(tmp_path: Path, kind: str) -> None:
    ten(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    parts = tmp_path / "out.parquet.parts"
    parts.symlink_to(tmp_path / "elsewhere") if kind == "link" else parts.touch()
    with pytest.raises(InvalidValue, match="which is no folder: remove it: parts are kept there"):
        run(tmp_path, "out", force=True)
    assert names_in(tmp_path / "elsewhere") == []


@unix
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ten(tmp_path)
    (tmp_path / "out.parquet.parts").mkdir()
    monkeypatch.setattr("os.geteuid", lambda: 12_345)
    with pytest.raises(InvalidValue, match="which is somebody else's: remove it"):
        run(tmp_path, "out")


@unix
def test_parts_are_for_their_owner_only(tmp_path: Path) -> None:
    ten(tmp_path)
    before = os.umask(0)
    try:
        with pytest.raises(Stop):
            run(tmp_path, "out", progress=stop_after(6))
    finally:
        os.umask(before)
    parts = tmp_path / "out.parquet.parts"
    assert stat.S_IMODE(parts.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in parts.iterdir()} == {0o600}


@unix
@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_pipe_or_a_device_is_no_source(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InvalidValue, match="which is no regular file, but a pipe or a device"):
        appraise_file(tmp_path / name, tmp_path / "out.csv", graded())
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(InvalidValue, match="which is no regular file, but a pipe or a device"):
        appraise_file(tmp_path / name, tmp_path / "out.csv", graded())


@unix
def test_a_pipe_in_a_programme_that_nobody_writes_to_is_empty(tmp_path: Path) -> None:
    """Whoever lays it there would else stop the check, and the service that looks for changes, for ever."""
    place = copy_of_base(tmp_path)
    (place / "market_prices.csv").unlink()
    os.mkfifo(place / "market_prices.csv")
    assert "market_prices.csv: is empty" in f"{lint(place)[0]}"


@unix
def test_a_pipe_that_somebody_writes_to_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tacs")
    writer = os.open(tmp_path / "tacs", os.O_RDWR)
    os.write(writer, b"tac,brand,model\n35417803,Acme,One\n")
    later = Timer(0.1, os.close, [writer])
    later.start()
    assert len(TacTable.read(tmp_path / "tacs")) == 1
    later.join()


def test_a_target_that_is_a_link_to_nowhere_is_there(tmp_path: Path) -> None:
    ten(tmp_path)
    (tmp_path / "out.parquet").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidValue, match="which exists already"):
        run(tmp_path, "out")
    assert run(tmp_path, "out", force=True).rows == 10
    assert not (tmp_path / "nowhere").exists()


# Damaged parts.

FLIPS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from miexchange import InvalidValue, TacTable, lint
from unit.test_batch_files import run

folder, tries = Path(sys.argv[1]), 0
parts = folder / "out.parquet.parts"
kept = {path.name: path.read_bytes() for path in parts.iterdir()}
whole = (folder / "whole.parquet").read_bytes()
for name, data in kept.items():
    for place in range(0, len(data) * 8, max(len(data) * 8 // 40, 1)):
        for other, bytes_ in kept.items():
            (parts / other).write_bytes(bytes_)
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        (parts / name).write_bytes(flipped)
        try:
            run(folder, "out")
        except InvalidValue as error:
            assert "restart" in str(error), error
            assert "parts" in str(error), error
        else:
            assert (folder / "out.parquet").read_bytes() == whole, (name, place)
            (folder / "out.parquet").unlink()
            (folder / "out-rejects.csv").unlink()
            parts.mkdir(mode=0o700)
        tries += 1
print(tries)
"""


def test_no_damaged_part_changes_a_row(tmp_path: Path) -> None:
    """Every file of a stopped run, one bit of it flipped: the same target, or an error of ours; in its own process."""
    ten(tmp_path)
    run(tmp_path, "whole")
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(9))
    tests = f"{os.path.dirname(os.path.dirname(__file__))}"  # noqa: PTH120 - for sys.path
    command = [sys.executable, "-c", FLIPS, f"{tmp_path}", tests]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 100


def test_a_note_of_placed_files_is_checked(tmp_path: Path) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    for text in ("[[1,2]]", '{"files":[[1,2]],"checksum":"x"}', "{", "\xff"):
        (tmp_path / "out.parquet.parts" / "placed.json").write_text(text, encoding="latin-1")
        with pytest.raises(InvalidValue, match=r"which has the damaged part placed.json.*restart"):
            run(tmp_path, "out")


def test_parts_that_changed_places_are_damaged(tmp_path: Path) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    first, second = sorted((tmp_path / "out.parquet.parts").glob("*.part"))[:2]
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    with pytest.raises(InvalidValue, match=r"which has the damaged part 000000\.part"):
        run(tmp_path, "out")
