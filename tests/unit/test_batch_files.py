"""Files of devices: what is read and written, what is refused, and how a stopped run goes on."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from miexchange import Condition, Imei, InvalidValue, Programme, Quote, _new_file, headline
from miexchange.batch import Progress, Summary, appraise_file, appraise_frame, columns_out
from miexchange.batch.arrow import _compiled
from miexchange.batch.files import _csv_records, _parts, _sources
from miexchange.batch.files._texts import decoded, parsed
from parity import both_ways
from parity.both_ways import WAYS, way
from shipped import shipped_programme

if TYPE_CHECKING:
    from miexchange.batch.arrow._columns import Kind

AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
MODEL = "oneplus-3t-6-64"
IMEI = Imei.from_body("86366403123456").digits


@cache
def graded() -> Programme:
    return shipped_programme("graded-trade-in")


@cache
def best() -> Condition:
    quote = headline(MODEL, graded(), at=AT)
    assert isinstance(quote, Quote)
    return quote.condition


def device(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    row = {"model": MODEL, "imei": None, "imei_status": "clear", "at": AT, "purchased_on": date(2017, 12, 1)}
    return {**row, "exchange_open": False, "warranty": None, **best(), "number": "a1", **changes}


def table_of(*rows: dict[str, Any]) -> pa.Table:
    schema = pa.schema(
        [
            pa.field(name, {"at": pa.timestamp("us", "UTC"), "purchased_on": pa.date32()}.get(name, pa.string()))
            for name in device()
        ]
    )
    schema = schema.set(schema.get_field_index("exchange_open"), pa.field("exchange_open", pa.bool_()))
    return pa.Table.from_pylist(list(rows), schema=schema)


def parquet(folder: Path, *rows: dict[str, Any], name: str = "in.parquet", **options: Any) -> Path:  # noqa: ANN401
    path = folder / name
    pq.write_table(table_of(*rows), path, **options)
    return path


def csv(folder: Path, *lines: str, head: str | None = None) -> Path:
    path = folder / "in.csv"
    names = [name for name in device() if name not in best()]
    path.write_text("\n".join([head or ",".join([*names, *best()]), *lines, ""]), encoding="utf-8")
    return path


def line(**changes: str) -> str:
    """Write a device as a line of `csv`."""
    row = device(**{"at": "2018-03-20T12:00:00Z", "purchased_on": "2017-12-01", "exchange_open": "false", **changes})
    cells = [row[name] for name in (*(name for name in device() if name not in best()), *best())]
    return ",".join("" if cell is None else cell for cell in cells)


def read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def outcomes(path: Path) -> list[tuple[str, str]]:
    return [(row["outcome"], row["reasons"]) for row in read(path)]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# What comes out.


def test_a_target_has_the_row_what_is_kept_and_the_result(tmp_path: Path) -> None:
    source, target = parquet(tmp_path, device(), device(model="nokia 3310", number=None)), tmp_path / "out.parquet"
    appraise_file(source, target, graded(), keep=["number", "model", "number"])
    rows = read(target)
    assert list(rows[0]) == ["row", "number", "model", *columns_out(graded())]
    assert [(row["row"], row["number"], row["model"]) for row in rows] == [(0, "a1", MODEL), (1, None, "nokia 3310")]
    expected = appraise_frame(pq.read_table(source), graded()).to_pylist()
    assert [{name: row[name] for name in columns_out(graded())} for row in rows] == expected
    assert names_in(tmp_path) == ["in.parquet", "out.parquet"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rejects_are_the_refused_rows_with_their_reasons(tmp_path: Path, kind: str) -> None:
    rows = [device(number=f"n{place}", model=MODEL if place % 2 else "nokia 3310") for place in range(5)]
    rejects = tmp_path / f"rejects.{kind}"
    appraise_file(parquet(tmp_path, *rows), tmp_path / "out.csv", graded(), keep=["number"], rejects=rejects, rows=2)
    found = (pacsv.read_csv(rejects) if kind == "csv" else pq.read_table(rejects)).to_pylist()
    told = "model='nokia 3310': No model is called 'nokia 3310'. Did you mean honor-10-6-128."
    assert found == [
        {"row": place, "number": f"n{place}", "model": "nokia 3310", "reasons": "model_unknown", "problems": told}
        for place in (0, 2, 4)
    ]


def test_a_summary_adds_up(tmp_path: Path) -> None:
    rows = [device(), device(imei="x"), device(model="nokia 3310"), device(imei=IMEI), device(model=None, imei="x")]
    source, target = parquet(tmp_path, *rows), tmp_path / "out.parquet"
    summary = appraise_file(source, target, graded(), rows=2)
    found = read(target)
    values = [row["exchange_value_minor"] for row in found if row["outcome"] != "refused"]
    assert (summary.rows, summary.quotes + summary.indicative + summary.refused) == (5, 5)
    assert (summary.quotes, summary.indicative, summary.refused) == (1, 1, 3)
    assert summary.exchange_value == sum(values)
    assert summary.coupon_value == sum(row["coupon_value_minor"] or 0 for row in found)
    assert {reason.code.value: reason.rows for reason in summary.reasons} == {
        "imei_characters": 1,
        "invalid_value": 1,
        "model_unknown": 1,
    }
    assert [(share.name, share.devices, share.exchange_value) for share in summary.brands] == [
        ("OnePlus", 2, sum(values))
    ]
    assert [(share.name, share.devices) for share in summary.grades] == [("A", 2)]
    assert Summary.from_json(summary.to_json()) == summary
    assert Summary.total([summary, summary]).exchange_value == 2 * summary.exchange_value


def test_kept_columns_may_be_of_any_type_that_the_target_can_hold(tmp_path: Path) -> None:
    table = table_of(device(), device())
    table = table.append_column("codes", pa.array(["x", None]).dictionary_encode())
    table = table.append_column("many", pa.array([[1], []]))
    pq.write_table(table, tmp_path / "in.parquet")
    appraise_file(tmp_path / "in.parquet", tmp_path / "out.parquet", graded(), keep=["codes", "many"])
    assert [(row["codes"], row["many"]) for row in read(tmp_path / "out.parquet")] == [("x", [1]), (None, [])]
    appraise_file(tmp_path / "in.parquet", tmp_path / "out.csv", graded(), keep=["codes"])
    assert pacsv.read_csv(tmp_path / "out.csv")["codes"].to_pylist() == ["x", ""]
    with pytest.raises(InvalidValue, match=r"which is a column of list<.*: int64>, which a CSV cannot hold"):
        appraise_file(tmp_path / "in.parquet", tmp_path / "other.csv", graded(), keep=["many"])


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_file_without_rows_gives_one_without_rows(tmp_path: Path, name: str) -> None:
    source = csv(tmp_path) if name == "in.csv" else parquet(tmp_path)
    for target in ("out.csv", "out.parquet"):
        assert appraise_file(source, tmp_path / target, graded()) == Summary.total([])
    assert read(tmp_path / "out.parquet") == []
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith('"row","outcome",')


def test_progress_is_told_before_the_first_part_and_after_each(tmp_path: Path) -> None:
    told: list[Progress] = []
    source = parquet(tmp_path, *[device()] * 5)
    appraise_file(source, tmp_path / "out.csv", graded(), rows=2, progress=told.append)
    assert [(one.rows, one.total) for one in told] == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert told[-1].done == 5
    told.clear()
    source = csv(tmp_path, *[line()] * 5)
    appraise_file(source, tmp_path / "other.csv", graded(), rows=2, progress=told.append)
    assert [one.rows for one in told] == [0, 2, 4, 5]
    assert told[-1].done == told[-1].total == source.stat().st_size


@pytest.mark.parametrize("group", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("rows", [1, 3, 5])
def test_no_cut_of_a_file_leaves_a_trace(tmp_path: Path, group: int, rows: int) -> None:
    devices = [device(number=f"{place}", body=None if place % 3 else best()["body"]) for place in range(11)]
    source = parquet(tmp_path, *devices, row_group_size=group)
    appraise_file(source, tmp_path / "out.parquet", graded(), rows=rows, keep=["number"])
    found = read(tmp_path / "out.parquet")
    assert [(row["row"], row["number"]) for row in found] == [(place, f"{place}") for place in range(11)]
    assert [row["reasons"] for row in found] == ["" if place % 3 == 0 else "answer_missing" for place in range(11)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_small_and_large_files_are_read_in_two_ways_and_written_to_the_same_bytes(
    tmp_path: Path, end: str, name: str
) -> None:
    """Small ones without machine code; `both_ways` compares the bytes of target and rejects, and the summary."""
    notes = ('"a ""b"", c"', '"two\nlines"', "=1+1", "é", "\udcff", '5.5" screen')
    names = ",".join([*(name for name in device() if name not in best()), *best()])
    lines = [*[line(number=note) for note in notes] * 3, line(), "too,few", f"{line()},many", "", line()]
    source = tmp_path / "in.csv"
    source.write_bytes(end.join(["\ufeff" + names, *lines]).encode(errors="surrogateescape"))
    target = tmp_path / name
    summary = both_ways.appraise_file(
        source, target, graded(), keep=["number"], rejects=tmp_path / "no.csv", rows=4, problems=True
    )
    assert (summary.rows, summary.refused) == (22, 5)


@pytest.mark.parametrize(("rows", "ways"), [(6, {True}), (5, {False})])
def test_a_long_file_is_compiled_from_its_first_row_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, ways: set[bool]
) -> None:
    """Its first rows would otherwise take ten times as long; how many it has, its first bytes or its footer say."""
    monkeypatch.setattr(_compiled, "_ENOUGH", 5)
    for source in (csv(tmp_path, *[line()] * rows), parquet(tmp_path, *[device()] * rows)):
        monkeypatch.setattr(_compiled, "_rows", 0)
        seen: set[bool] = set()
        appraise_file(
            source,
            tmp_path / "out.csv",
            graded(),
            rows=1,
            force=True,
            progress=lambda _, seen=seen: seen.add(_compiled.are_worth_it()),  # type: ignore[misc]
        )
        assert seen == ways


# What is written in CSV.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-03-20T12:00:00Z", AT),
        ("2018-03-20T12:00Z", AT),
        ("2018-03-20 17:30:00+05:30", AT),
        ("2018-03-20T17:30:00.000+0530", AT),
        ("2018-03-20 12:00:00.000001+00", AT + timedelta(microseconds=1)),
        ("2016-02-29T00:00Z", datetime(2016, 2, 29, tzinfo=UTC)),
        ("1900-01-01T00:00+14:00", datetime(1899, 12, 31, 10, tzinfo=UTC)),
        ("2500-01-01T00:00Z", datetime(2500, 1, 1, tzinfo=UTC)),
        ("2018-03-20", None),  # a day
        ("2018-03-20T12:00:00", None),  # nobody says in which zone
        ("2018-02-29T12:00Z", None),  # no leap year
        ("2018-04-31T12:00Z", None),
        ("2018-13-01T12:00Z", None),
        ("2018-03-20T24:00Z", None),
        ("2018-03-20T12:00:60Z", None),
        ("2018-03-20T12:00:00.1234567Z", None),
        ("1899-12-31T23:00-05:00", None),  # out of range
        ("2018-W12-2T12:00Z", None),
        (" 2018-03-20T12:00Z", None),
        ("2018-03-20T12:00Z\n", None),
        ("٢018-03-20T12:00Z", None),
        ("tomorrow", None),
    ],
)
def test_an_instant_is_written_as_in_iso_8601_with_its_zone(text: str, expected: datetime | None) -> None:
    lists: list[list[str | None]] = [[text], [text, "2018-03-20T12:00Z", None, text]]
    for cells, enough in product(lists, WAYS):
        array = pa.array([cell and cell.encode() for cell in cells], pa.binary())
        with way(enough):
            column = parsed(pa.chunked_array([array]), "instant")
        assert column.array.to_pylist()[0] == expected
        assert (column.strange is not None and bool(column.strange[0])) == (expected is None)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("day", "2017-12-01", date(2017, 12, 1)),
        ("day", "2017-12-32", None),
        ("day", "20171201", None),
        ("day", "2017-12-01T00:00", None),
        ("flag", "true", True),
        ("flag", "False", False),
        ("flag", "1", None),
        ("text", "0012", "0012"),
    ],
)
def test_days_flags_and_texts_say_what_they_are(kind: Kind, text: str, expected: object) -> None:
    column = parsed(pa.chunked_array([pa.array([text.encode(), None])]), kind)
    assert column.array.to_pylist() == [expected, None]
    assert (column.strange is None) == (expected is not None)


def test_what_is_no_utf_8_is_no_text() -> None:
    cells = pa.chunked_array([pa.array([b"fine", b"\xff", None])])
    for array in (cells, cells.cast(pa.large_binary())):
        column = decoded(array)
        assert column.array.to_pylist() == ["fine", r"\xff", None]
        assert column.strange is not None
        assert column.strange.tolist() == [False, True, False]
    # Arrow takes another writer's word for it.
    texts = pa.Array.from_buffers(pa.string(), 3, cells.chunk(0).buffers())
    column = decoded(pa.chunked_array([texts]))
    assert column.array.to_pylist() == ["fine", r"\xff", None]
    indices = pa.array([0, 1, None, 1], pa.int8())
    column = decoded(pa.chunked_array([pa.DictionaryArray.from_arrays(indices, texts)]))
    assert column.array.to_pylist() == ["fine", r"\xff", None, r"\xff"]
    assert column.strange is not None
    assert column.strange.tolist() == [False, True, False, True]


def test_a_cell_that_cannot_be_read_refuses_its_row(tmp_path: Path) -> None:
    lines = [
        line(),
        line(exchange_open="yes"),
        line(purchased_on="yesterday"),
        line(at="2018-03"),
        line(at=""),
        line(imei="0354178036859789"),
        line(model='"a\nb"'),
    ]
    appraise_file(csv(tmp_path, *lines), tmp_path / "out.parquet", graded())
    assert outcomes(tmp_path / "out.parquet") == [
        ("indicative", ""),
        ("refused", "invalid_value"),
        ("refused", "invalid_value"),
        ("refused", "invalid_value"),
        ("refused", "invalid_value"),
        ("refused", "imei_16_digits"),
        ("refused", "model_unknown"),
    ]


def test_a_line_with_too_few_or_too_many_cells_refuses_its_row(tmp_path: Path) -> None:
    fine = line()
    lines = ["x", fine, fine + ",", "", "y,z", fine, fine, "1,2,3"]
    for rows in (1, 2, 3, 100):
        source, target = csv(tmp_path, *lines), tmp_path / "out.parquet"
        summary = appraise_file(source, target, graded(), rows=rows, keep=["number"], force=True)
        bad, good = ("refused", "invalid_value"), ("indicative", "")
        assert outcomes(target) == [bad, good, bad, bad, good, good, bad]  # an empty line is no row
        assert [row["number"] for row in read(target)] == [None, "a1", None, None, "a1", "a1", None]
        assert summary.rows == 7


@pytest.mark.parametrize("broken", [0, 7, 8, 19])
def test_broken_lines_stay_where_they_were_in_blocks_of_any_size(
    tmp_path: Path, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line(number=f"{place}") for place in range(20)]
    lines[broken : broken + 2] = ["x", "y"] if broken < 19 else ["x"]
    monkeypatch.setattr(_csv_records, "_BLOCK", 700)  # some two lines
    appraise_file(csv(tmp_path, *lines), tmp_path / "out.parquet", graded(), keep=["number"], rows=3)
    wrong = {broken, broken + 1}
    assert [row["number"] for row in read(tmp_path / "out.parquet")] == [
        None if place in wrong else f"{place}" for place in range(20)
    ]


def test_nothing_but_broken_lines_are_rows_too(tmp_path: Path) -> None:
    summary = appraise_file(csv(tmp_path, "x", "y,z"), tmp_path / "out.parquet", graded(), rows=1)
    assert outcomes(tmp_path / "out.parquet") == [("refused", "invalid_value")] * 2
    assert summary.rows == 2


def test_a_cell_of_several_lines_is_one_row(tmp_path: Path) -> None:
    source = csv(tmp_path, line(number='"a\n\nb"'), "x", line(number='"say ""c"""'), line(number='"d,e"'), "y")
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes().replace(b"x\n", b"x\r\n"))
    appraise_file(source, tmp_path / "out.parquet", graded(), keep=["number"])
    assert [row["number"] for row in read(tmp_path / "out.parquet")] == ["a\n\nb", None, 'say "c"', "d,e", None]


def test_a_file_of_one_column_has_a_row_for_each_line(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("model\nnokia 3310\n\n\xa0\n", encoding="utf-8")
    source = _sources.open_source(tmp_path / "in.csv")
    (part,) = source.parts(["model"], [], 0, 10)
    assert source.table(part)["model"].to_pylist() == [b"nokia 3310", None, "\xa0".encode()]


# What cannot be used.


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("in.parquet", "in.parquet", "which is the source: name another file"),
        ("in.parquet", "./in.parquet", "which is the source"),
        ("in.parquet", "out.xlsx", "give a name that ends in .csv or .parquet"),
        ("in.parquet", "folder.csv", "which is a directory"),
        ("in.parquet", "nowhere/out.csv", "which is in no directory that exists"),
        ("in.parquet", "there.csv", "which exists already"),
        ("in.txt", "out.csv", "source is .*: give a name that ends in"),
        ("none.csv", "out.csv", "which does not exist"),
        ("folder.csv", "out.csv", "which is a directory"),
        ("empty.csv", "out.csv", "name the columns in its first line"),
        ("empty.parquet", "out.csv", "which cannot be read as Parquet"),
        ("latin.csv", "out.csv", "which cannot be read as CSV in UTF-8"),
        ("twice.csv", "out.csv", "which has two columns 'model'"),
        ("misspelled.csv", "out.csv", "source has no column body: rename 'boddy' to body"),
        ("cut.parquet", "out.csv", "which cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(tmp_path: Path, source: str, target: str, words: str) -> None:
    whole = parquet(tmp_path, device(), device()).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:4] + b"\0" * 900 + whole[904:])
    (tmp_path / "folder.csv").mkdir()
    head = ",".join(device())
    texts = {
        "there.csv": "x",
        "empty.csv": "",
        "empty.parquet": "",
        "twice.csv": f"{head},model\n",
        "misspelled.csv": head.replace("body", "boddy") + "\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes("modèle\n".encode("latin-1"))
    before = names_in(tmp_path)
    with pytest.raises(InvalidValue, match=words):
        appraise_file(tmp_path / source, tmp_path / target, graded())
    assert names_in(tmp_path) == before  # nothing half-written, no parts of nothing


def test_a_quote_that_never_ends_is_an_error_and_not_a_giant_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_csv_records, "_BLOCK", 1_000)
    for lines in (2_000, 2_000_000):
        source = csv(tmp_path, line(), '"' + "x\n" * lines)
        with pytest.raises(InvalidValue, match=r"cell in line 3 is not closed within 100,000 bytes"):
            appraise_file(source, tmp_path / "out.csv", graded())


def test_what_the_system_says_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(_sources, "read_records", gone)
    with pytest.raises(OSError, match="Input/output error"):
        appraise_file(csv(tmp_path, line()), tmp_path / "out.csv", graded())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": 0}, "rows is 0"),
        ({"rows": True}, "rows is True"),
        ({"threads": 0}, "threads is 0"),
        ({"at": AT}, "the source has a column at"),
        ({"keep": "model"}, "give a list of names"),
        ({"keep": ["modell"]}, "source has no column 'modell': write model"),
        ({"keep": ["xyzzy"]}, "leave it out of keep; known: model, imei"),
        ({"keep": ["imei"]}, "which holds IMEIs, which are personal data"),
        ({"rejects": "out.csv"}, "which is the target: name another file"),
        ({"rejects": "in.parquet"}, "which is the source"),
        ({"rejects": "there.csv"}, "which exists already"),
    ],
)
def test_an_argument_that_cannot_be_used_is_one_clear_error(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    (tmp_path / "there.csv").touch()
    if "rejects" in options:
        options = {"rejects": tmp_path / options["rejects"]}
    with pytest.raises(InvalidValue, match=words):
        appraise_file(parquet(tmp_path, device()), tmp_path / "out.csv", graded(), **options)
    assert names_in(tmp_path) == ["in.parquet", "there.csv"]


def test_a_kept_column_must_not_bear_a_name_of_the_result(tmp_path: Path) -> None:
    pq.write_table(table_of(device()).append_column("row", pa.array([1])), tmp_path / "in.parquet")
    with pytest.raises(InvalidValue, match="which the target has as a column of its own"):
        appraise_file(tmp_path / "in.parquet", tmp_path / "out.csv", graded(), keep=["row"])


def test_imeis_are_kept_where_that_is_said(tmp_path: Path) -> None:
    appraise_file(
        parquet(tmp_path, device(imei=IMEI)), tmp_path / "out.parquet", graded(), keep=["imei"], reveal_imei=True
    )
    assert read(tmp_path / "out.parquet")[0]["imei"] == IMEI


def test_a_column_of_a_type_that_holds_no_such_cells_is_refused_at_once(tmp_path: Path) -> None:
    table = table_of(device()).drop_columns(["at"]).append_column("at", pa.array(["2018-03-20"]))
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(InvalidValue, match="give instants"):
        appraise_file(tmp_path / "in.parquet", tmp_path / "out.csv", graded())
    assert names_in(tmp_path) == ["in.parquet"]


# Stopping and going on.


class Stop(BaseException):
    """What a test stops a run with."""


def stop_after(rows: int) -> Any:  # noqa: ANN401 - a callback
    def stop(how_far: Progress) -> None:
        if how_far.rows >= rows:
            raise Stop

    return stop


def ten(folder: Path) -> Path:
    return parquet(folder, *[device(number=f"{place}", model=MODEL if place % 3 else None) for place in range(10)])


def run(folder: Path, name: str, **options: Any) -> Summary:  # noqa: ANN401 - of appraise_file
    wanted = {"rows": 3, "keep": ["number"], "rejects": folder / f"{name}-rejects.csv", **options}
    return appraise_file(folder / "in.parquet", folder / f"{name}.parquet", graded(), **wanted)


@pytest.mark.parametrize("rows", [3, 6, 9, 10])
def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path: Path, rows: int) -> None:
    ten(tmp_path)
    whole = run(tmp_path, "whole")
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(rows))
    there = names_in(tmp_path)
    assert there == ["in.parquet", "out.parquet.parts", "whole-rejects.csv", "whole.parquet"]
    told: list[Progress] = []
    assert run(tmp_path, "out", progress=told.append) == whole
    assert told[0].rows > 0
    for name in ("{}.parquet", "{}-rejects.csv"):
        assert (tmp_path / name.format("out")).read_bytes() == (tmp_path / name.format("whole")).read_bytes()
    assert not (tmp_path / "out.parquet.parts").exists()


def test_a_stop_before_the_first_part_leaves_nothing(tmp_path: Path) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(0))
    assert names_in(tmp_path) == ["in.parquet"]


@pytest.mark.parametrize("stage", ["rejects", "target", "clear"])
def test_a_run_that_was_stopped_at_its_very_end_is_ended(
    tmp_path: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the renaming of the files and the end of the parts there are moments, and a kill can come in each."""
    ten(tmp_path)
    whole = run(tmp_path, "whole")
    renamed: list[Path] = []

    def place(unfinished: Path, path: Path) -> None:
        if len(renamed) == ["rejects", "target", "clear"].index(stage):
            raise Stop
        renamed.append(path)
        _new_file.place(unfinished, path)

    def clear(_: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("miexchange.batch.files._outputs.place", place)
        patch.setattr(_parts.Parts, "clear", clear)
        with pytest.raises(Stop):
            run(tmp_path, "out")
    assert (tmp_path / "out.parquet").exists() == (stage == "clear")
    assert run(tmp_path, "out") == whole
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert not (tmp_path / "out.parquet.parts").exists()
    with pytest.raises(InvalidValue, match="which exists already"):
        run(tmp_path, "out")
    assert run(tmp_path, "out", force=True) == whole


def test_a_run_that_was_stopped_while_it_removed_its_parts_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is removed by then, it comes to the same: the parts that are left are not added up."""
    ten(tmp_path)
    whole = run(tmp_path, "whole")
    for stop in count(1):
        unlink, removed = Path.unlink, 0

        def some(path: Path, *, missing_ok: bool = False, stop: int = stop) -> None:
            nonlocal removed
            if path.parent.name == "out.parquet.parts" and (removed := removed + 1) > stop:
                raise Stop
            unlink(path, missing_ok=missing_ok)  # noqa: B023 - called in this turn of the loop alone

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", some)
            try:
                run(tmp_path, "out")
            except Stop:
                pass
            else:
                break
        assert run(tmp_path, "out") == whole
        assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
        assert not (tmp_path / "out.parquet.parts").exists()
        for name in ("out.parquet", "out-rejects.csv"):
            (tmp_path / name).unlink()
    assert stop > 5  # four parts, the manifest and the note


def test_somebody_elses_target_is_not_overwritten_by_a_run_that_goes_on(tmp_path: Path) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    (tmp_path / "out.parquet").write_text("somebody else's", encoding="utf-8")
    with pytest.raises(InvalidValue, match="which exists already"):
        run(tmp_path, "out")
    assert (tmp_path / "out.parquet").read_text(encoding="utf-8") == "somebody else's"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": 4}, r"another rows \(3, not 4\)"),
        ({"keep": []}, "another keep"),
        ({"bonuses_given": {"exchange-2018": 1}}, "another bonuses_given"),
        ({"rejects": None}, r"another rejects \(True, not False\)"),
    ],
)
def test_parts_of_another_run_are_never_mixed_in(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    ten(tmp_path)
    whole = run(tmp_path, "whole", **options)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    with pytest.raises(InvalidValue, match=words) as raised:
        run(tmp_path, "out", **options)
    assert "restart" in str(raised.value)
    assert run(tmp_path, "out", restart=True, **options) == whole
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_source_that_changed_is_another_one(tmp_path: Path) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    os.utime(tmp_path / "in.parquet", (1, 1))
    with pytest.raises(InvalidValue, match="another time of change"):
        run(tmp_path, "out")

    def touch(_: Progress) -> None:
        os.utime(tmp_path / "in.parquet", (2, 2))

    with pytest.raises(InvalidValue, match="which changed while it was read"):
        run(tmp_path, "out", restart=True, progress=touch)
    assert not (tmp_path / "out.parquet").exists()


def test_a_manifest_without_parts_binds_nobody(tmp_path: Path) -> None:
    ten(tmp_path)
    with _parts.Parts(tmp_path / "out.parquet.parts", {"rows": 1}):
        pass
    (tmp_path / "out.parquet.parts").mkdir()
    (tmp_path / "out.parquet.parts" / "manifest.json").write_text('{"rows":1}', encoding="utf-8")
    assert run(tmp_path, "out").rows == 10


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    ten(tmp_path)
    folder = tmp_path / "out.parquet.parts"
    folder.mkdir()
    (folder / "thesis.json").touch()
    with pytest.raises(InvalidValue, match="which holds something else than parts"):
        run(tmp_path, "out", restart=True)
    assert names_in(folder) == ["thesis.json"]
    folder.joinpath("thesis.json").rename(tmp_path / "thesis.json")
    assert run(tmp_path, "out").rows == 10


def test_what_somebody_puts_beside_the_parts_stays(tmp_path: Path) -> None:
    ten(tmp_path)
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    (tmp_path / "out.parquet.parts" / "note.txt").touch()
    run(tmp_path, "out")
    assert names_in(tmp_path / "out.parquet.parts") == ["note.txt"]


def test_two_runs_do_not_share_a_target(tmp_path: Path) -> None:
    ten(tmp_path)

    def second(_: Progress) -> None:
        with pytest.raises(InvalidValue, match="which another run is at work on"):
            run(tmp_path, "out", restart=True)

    assert run(tmp_path, "out", progress=second).rows == 10


def test_a_half_written_part_does_not_count(tmp_path: Path) -> None:
    ten(tmp_path)
    whole = run(tmp_path, "whole")
    with pytest.raises(Stop):
        run(tmp_path, "out", progress=stop_after(6))
    parts = tmp_path / "out.parquet.parts"
    last = max(parts.glob("*.part"))
    last.rename(last.with_name(last.name + ".unfinished"))
    assert run(tmp_path, "out") == whole
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_csv_goes_on_too(tmp_path: Path) -> None:
    source = csv(tmp_path, *[line(number=f"{place}") if place % 4 else "broken" for place in range(10)])
    whole = appraise_file(source, tmp_path / "whole.csv", graded(), rows=3, keep=["number"])
    with pytest.raises(Stop):
        appraise_file(source, tmp_path / "out.csv", graded(), rows=3, keep=["number"], progress=stop_after(6))
    assert appraise_file(source, tmp_path / "out.csv", graded(), rows=3, keep=["number"]) == whole
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
