"""What a refused row says: which cell, what stands there and what to do, in every world that says it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from miexchange import Condition, Device, Imei, ImeiStatus, Refusal, appraise, headline
from miexchange._decisions import BITS
from miexchange._time import in_zone
from miexchange.batch import appraise_file, appraise_frame, columns_out
from miexchange.batch._problems import COLUMN_OF
from miexchange.refusal import ReasonCode
from shipped import shipped_programme
from unit.command import SOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Programme

MODEL = "oneplus-3t-6-64"
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
GOOD, WRONG = Imei.from_body("86366403123456").digits, "863664031234561"


def graded() -> Programme:
    return shipped_programme("graded-trade-in")


@cache
def best() -> Condition:
    return headline(MODEL, graded(), at=AT).condition  # type: ignore[union-attr]


def row(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    facts = {"imei": None, "imei2": None, "imei_status": None, "register_asked_at": None, "purchased_on": None}
    return {"model": MODEL, **facts, "at": AT, "exchange_open": None, "warranty": None, **best(), **changes}


CASES = {
    "an IMEI with a wrong check digit": (row(imei=WRONG), "imei=86366403******1: The IMEI 86366403******1 has a wrong"),
    "a second IMEI that is none": (row(imei=GOOD, imei2="12x"), "imei2=12x: The IMEI 12x has the character 'x'"),
    "the same IMEI twice": (row(imei=GOOD, imei2=GOOD), "imei2=86366403******9: Both IMEIs are 86366403******9."),
    "both IMEIs wrong": (row(imei=WRONG, imei2="863664031234562"), "| imei2=86366403******2: The IMEI"),
    "a model of no name": (row(model="nokia 3310"), "model='nokia 3310': No model is called 'nokia 3310'."),
    "no model": (row(model=None), "model is empty. Write the id or the name of a model."),
    "no instant": (row(at=None), "at is empty. Write a day as 2018-03-15, or an instant."),
    "too early": (row(at=datetime(2016, 1, 1, tzinfo=UTC)), "at=2016-01-01T05:30:00+05:30: Graded trade-in"),
    "no status": (row(imei_status="fine"), "imei_status='fine' is no status. Write one of: clear, blocked, tracked,"),
    "a blocked phone": (row(imei=GOOD, imei_status="blocked"), "imei_status='blocked': The IMEI is on a list of lost"),
    "an answer that is none": (
        row(power="wroks"),
        "power='wroks': 'wroks' is no answer to power. Answer one of: works",
    ),
    "an answer that acts": (row(power="\x1b[2J"), r"power='\x1b[2J': '\x1b[2J' is no answer to power."),
    "an answer that is missing": (row(body=None), "body is empty: body is not answered: Without a case,"),
    "a gate": (row(screen_image="lines_or_spots", locks="on"), "locks='on': "),
    "an exchange under way": (row(exchange_open=True), "exchange_open=True: The account has an exchange under way"),
}


@cache
def table() -> pa.Table:
    kinds = {"at": pa.timestamp("us", "UTC"), "register_asked_at": pa.timestamp("us", "UTC")}
    kinds |= {"purchased_on": pa.date32(), "exchange_open": pa.bool_()}
    fields = [pa.field(name, kinds.get(name, pa.string())) for name in row()]
    return pa.Table.from_pylist([row(), *(one for one, _ in CASES.values())], pa.schema(fields))


@cache
def told() -> list[str]:
    found: list[str] = appraise_frame(table(), graded(), problems=True)["problems"].to_pylist()
    return found


def test_a_row_that_is_not_refused_says_nothing() -> None:
    assert told()[0] == ""


@pytest.mark.parametrize("case", CASES)
def test_a_refused_row_names_cell_value_and_remedy(case: str) -> None:
    said = told()[1 + list(CASES).index(case)]
    assert CASES[case][1] in said
    assert said.isprintable()
    assert GOOD not in said
    assert WRONG not in said


def test_it_is_a_column_on_request_alone() -> None:
    assert tuple(appraise_frame(table(), graded()).column_names) == columns_out(graded())
    assert appraise_frame(table(), graded(), problems=True).column_names == [*columns_out(graded()), "problems"]


def test_every_world_says_the_same(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    appraise_file(
        tmp_path / "in.parquet", tmp_path / "out.parquet", graded(), problems=True, rejects=tmp_path / "no.csv"
    )
    assert pq.read_table(tmp_path / "out.parquet")["problems"].to_pylist() == told()
    rejects = pacsv.read_csv(tmp_path / "no.csv", convert_options=pacsv.ConvertOptions(include_columns=["problems"]))
    assert [one.replace("\\\\", "\\") for one in rejects["problems"].to_pylist()] == [one for one in told() if one]
    found: Any = appraise_frame(table().to_pandas(types_mapper=pd.ArrowDtype), graded(), problems=True)
    assert found["problems"].tolist() == told()
    found = appraise_frame(pl.from_arrow(table()), graded(), problems=True)
    assert found["problems"].to_list() == told()
    encoded = table().set_column(0, "model", table()["model"].dictionary_encode())
    assert appraise_frame(encoded, graded(), problems=True)["problems"].to_pylist() == told()


@pytest.mark.parametrize("case", [one for one, (_, said) in CASES.items() if ": " in said[:40]])
def test_the_reasons_are_those_of_one_device(case: str) -> None:
    """`appraise_frame`: every reason but that of a cell that holds no value is what `appraise` says of the row."""
    cells, _ = CASES[case]
    device = Device(cells["model"], cells["imei"], cells["imei2"])
    answers = Condition({name: cells[name] for name in (*best(), "warranty")})
    status = ImeiStatus(cells["imei_status"] or "unverified")
    open_ = bool(cells["exchange_open"])
    refusal = appraise(device, answers, graded(), at=cells["at"], imei_status=status, exchange_open=open_)
    assert isinstance(refusal, Refusal)
    said = told()[1 + list(CASES).index(case)]
    for reason in refusal.reasons:
        assert in_zone(reason.message, graded().zone)[:200] in said


def test_cells_that_are_no_values_are_told_in_the_words_of_their_reader(tmp_path: Path) -> None:
    names = [
        "model",
        "imei_status",
        "at",
        "purchased_on",
        "exchange_open",
        "register_asked_at",
        "target",
        "warranty",
        *best(),
    ]
    good = {"model": MODEL, "at": "2018-03-20", **best()}
    changes: list[tuple[dict[str, str], str]] = [
        ({"at": "2018-02-30"}, "at='2018-02-30' is not a date. Write a date as 2018-03-15, or a moment as"),
        ({"at": "2018-03-20T12:00"}, "at='2018-03-20T12:00' has no time zone. Add its offset, such as +05:30,"),
        ({"register_asked_at": "2018-03-20"}, "register_asked_at='2018-03-20' is a day, not an instant."),
        ({"purchased_on": "20/03/2017"}, "purchased_on='20/03/2017' is not a date. Write a date as 2018-03-15."),
        ({"exchange_open": "yes"}, "exchange_open='yes' is neither true nor false. Write true or false."),
        ({"model": "caf\udce9"}, r"model='caf\\xe9' is not in UTF-8. Save the file in UTF-8."),
        ({"body": "works,one,more"}, "The row has more or fewer cells than the first line"),
    ]
    lines = [",".join(names), *(",".join({**good, **one}.get(name, "") for name in names) for one, _ in changes)]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
    appraise_file(tmp_path / "in.csv", tmp_path / "out.parquet", graded(), problems=True, keep=["imei_status"])
    found = pq.read_table(tmp_path / "out.parquet").to_pylist()
    for one, (_, words) in zip(found, changes, strict=True):
        assert one["reasons"] == "invalid_value"
        assert words.replace("\\\\", "\\") in one["problems"].replace("\\\\", "\\"), one["problems"]


def test_objects_of_python_are_told_too() -> None:
    cells = [5, b"works", "works"]
    frame = pd.DataFrame([row(power=cell) for cell in cells])
    frame["imei"] = pd.Series([None, None, 863664031234569], dtype=object)
    frame["at"] = pd.Series([AT, "soon", date(2018, 3, 20)], dtype=object)
    frame["target"] = pd.Series([None, "x\udcff", None], dtype=object)
    said = appraise_frame(frame, graded(), problems=True)["problems"].tolist()
    assert said[0] == "power=5 is no text. Write it as a text."
    assert "at='soon' is not a date." in said[1]
    assert "power=a bytes is no text." in said[1]
    assert "target=" in said[1]
    assert "imei=86366403******9: The IMEI 86366403******9 is not a text" in said[2]


def test_a_cell_without_a_form_in_python_has_a_sentence() -> None:
    far = pa.array([2**62], pa.timestamp("us", "UTC"))
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    one = table().slice(0, 1).set_column(table().column_names.index("at"), "at", far)
    one = one.set_column(one.column_names.index("power"), "power", broken)
    (said,) = appraise_frame(one, graded(), problems=True)["problems"].to_pylist()
    assert said.startswith("at is outside the years 1900 to 9900.")
    assert "power is not in UTF-8. Save the file in UTF-8." in said


def test_many_sentences_are_cut() -> None:
    bare = table().slice(0, 1).select(["model", "at"])
    for name in (*best(), "warranty"):
        bare = bare.append_column(name, pa.nulls(1, pa.string()))
    (said,) = appraise_frame(bare, graded(), problems=True)["problems"].to_pylist()
    assert said.count(" | ") == 8
    assert said.endswith(" more")


def test_every_reason_of_a_row_has_its_column() -> None:
    of_answers = {"answer_missing", "answer_unknown", "question_unknown", "question_not_asked", "condition_gate"}
    later = {"quote", "coupon", "order"}
    for code in list(ReasonCode)[: list(ReasonCode).index(ReasonCode.INVALID_VALUE)]:
        is_of_a_row = code.value not in of_answers and code.value.split("_")[0] not in later
        assert (code in COLUMN_OF) is is_of_a_row, code
        assert code in BITS


def test_a_day_is_its_first_instant_in_the_zone_of_the_programme() -> None:
    days = pa.array([date(2018, 3, 20), None, date(1800, 1, 1)], pa.date32())
    three = pa.concat_tables([table().slice(0, 1)] * 3)
    place = three.column_names.index("at")
    found = appraise_frame(three.set_column(place, "at", days), graded(), problems=True).to_pylist()
    assert [one["outcome"] for one in found] == ["indicative", "refused", "refused"]
    assert "at=1800-01-01 is outside the years" in found[2]["problems"]
    first = datetime(2018, 3, 19, 18, 30, tzinfo=UTC)  # of the day in India
    assert in_zone(first.isoformat(), graded().zone) == "2018-03-20 00:00:00+05:30"
    with_instant = three.set_column(place, "at", pa.array([first] * 3, pa.timestamp("us", "UTC")))
    assert appraise_frame(with_instant, graded()).to_pylist()[0].items() <= found[0].items()


@pytest.mark.sweep
def test_errors_have_one_order_whatever_the_hash_seed(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("model,bodie,bodie,power,power,touch,touch\n", "utf-8")
    code = (
        "import sys; from miexchange import Programme; from miexchange.batch import appraise_file\n"
        "for name in ('in.csv', 'two.csv'):\n"
        "    try: appraise_file(f'{sys.argv[1]}/{name}', 'out.csv', Programme.load('graded-trade-in'))\n"
        "    except ValueError as error: print(error)"
    )
    (tmp_path / "two.csv").write_text("model,bodi,pwer,tuch\n", "utf-8")
    said = {
        subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": SOURCES, "PYTHONHASHSEED": f"{seed}"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in range(3)
    }
    assert len(said) == 1
    assert "has two columns 'power'" in said.pop()
