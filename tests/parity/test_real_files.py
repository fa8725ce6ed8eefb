"""Files as people have them: each library and each spreadsheet writes the same devices in a form of its own.

The bytes of Excel and LibreOffice are written here as those programs write them: Excel's "CSV UTF-8" has a byte order
mark, CRLF, and quotes only where they are needed; its other CSV is in the code page of the machine; where the decimal
separator is a comma, its list separator is a semicolon; LibreOffice writes LF and can quote every text (RFC 4180 allows
all of it).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from miexchange import InvalidValue
from miexchange.batch import appraise_file, appraise_frame
from miexchange.laws._one_by_one import valued
from parity.test_file_laws import result_of
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miexchange import Programme
    from miexchange.laws._one_by_one import Row

PROGRAMME: Programme = trade.programme()
ANSWERS: Row = {**dict(trade.SAID), "box": None}
NUMBERS = [number.digits for number in (trade.IMEI, trade.IMEI2, trade.OTHER)]
DEVICES: list[Row] = [
    {"model": small.MODEL, "imei": NUMBERS[0], "imei2": None, "purchased_on": date(2019, 1, 1), "exchange_open": False},
    {"model": small.MODEL, "imei": NUMBERS[1], "imei2": None, "purchased_on": None, "exchange_open": True},
    {"model": 'Mi "Max", 5″', "imei": None, "imei2": None, "purchased_on": None, "exchange_open": None},
    {"model": "Redmi नोट 4", "imei": "354178036859782", "imei2": None, "purchased_on": None, "exchange_open": False},
    {
        "model": small.MODEL,
        "imei": NUMBERS[2],
        "imei2": NUMBERS[0],
        "purchased_on": date(2018, 12, 31),
        "exchange_open": None,
    },
]
DEVICES = [{**row, "at": small.AT, **ANSWERS} for row in DEVICES]
EXPECTED = [valued(row, PROGRAMME, {}) for row in DEVICES]
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "imei", "imei2")),
        ("purchased_on", pa.date32()),
        ("exchange_open", pa.bool_()),
        ("at", pa.timestamp("us", "UTC")),
        *((name, pa.string()) for name in ANSWERS),
    ]
)
ARROW = pa.Table.from_pylist(DEVICES, SCHEMA)


def outcomes(rows: list[Row]) -> list[tuple[str, tuple[str, ...], int | None]]:
    """Return what of every row is compared: outcome, reasons and values."""
    return [
        (row["outcome"], tuple(sorted(filter(None, row["reasons"].split("|")))), row["coupon_value_minor"])
        for row in rows
    ]


WANTED = [(row["outcome"], tuple(sorted(row["reasons"])), row["coupon_value"]) for row in EXPECTED]


def test_the_devices_are_of_several_kinds() -> None:
    assert {row["outcome"] for row in EXPECTED} == {"quote", "refused"}
    assert len(set(WANTED)) >= 4


def _duck(path: Path, how: str) -> None:
    with duckdb.connect() as connection:
        connection.register("devices", ARROW)
        connection.execute(f"SET TimeZone = 'UTC'; COPY devices TO '{path}' ({how})")


def _pandas() -> pd.DataFrame:
    frame: pd.DataFrame = ARROW.to_pandas()
    return frame


def _polars() -> pl.DataFrame:
    frame = pl.from_arrow(ARROW)
    assert isinstance(frame, pl.DataFrame)
    return frame


WRITERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "pandas, CSV": ("csv", lambda path: _pandas().to_csv(path, index=False)),
    "pandas, CSV, all quoted": ("csv", lambda path: _pandas().to_csv(path, index=False, quoting=1)),
    "pandas, CSV, CRLF": ("csv", lambda path: _pandas().to_csv(path, index=False, lineterminator="\r\n")),
    "pandas, CSV with a mark": ("csv", lambda path: _pandas().to_csv(path, index=False, encoding="utf-8-sig")),
    "pandas of Arrow types, CSV": (
        "csv",
        lambda path: ARROW.to_pandas(types_mapper=pd.ArrowDtype).to_csv(path, index=False),
    ),
    "Polars, CSV": ("csv", lambda path: _polars().write_csv(path)),
    "Polars, CSV, all quoted": ("csv", lambda path: _polars().write_csv(path, quote_style="always")),
    "Arrow, CSV": ("csv", lambda path: pacsv.write_csv(ARROW, path)),
    "DuckDB, CSV": ("csv", lambda path: _duck(path, "FORMAT csv, HEADER")),
    "DuckDB, CSV, all quoted": ("csv", lambda path: _duck(path, "FORMAT csv, HEADER, FORCE_QUOTE *")),
    "pandas, Parquet": ("parquet", lambda path: _pandas().to_parquet(path)),
    "pandas, Parquet, with categories": (
        "parquet",
        lambda path: _pandas().astype({"model": "category", "glass": "category"}).to_parquet(path),
    ),
    "pandas, Parquet, zstd": ("parquet", lambda path: _pandas().to_parquet(path, compression="zstd")),
    "Polars, Parquet": ("parquet", lambda path: _polars().write_parquet(path)),
    "Polars, Parquet, with categories": (
        "parquet",
        lambda path: _polars().with_columns(pl.col("model", "glass").cast(pl.Categorical)).write_parquet(path),
    ),
    "Arrow, Parquet": ("parquet", lambda path: pq.write_table(ARROW, path)),
    "Arrow, Parquet, small groups": ("parquet", lambda path: pq.write_table(ARROW, path, row_group_size=2)),
    "Arrow, Parquet, old pages": (
        "parquet",
        lambda path: pq.write_table(ARROW, path, version="1.0", use_dictionary=False, compression="none"),
    ),
    "DuckDB, Parquet": ("parquet", lambda path: _duck(path, "FORMAT parquet")),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_library_writes_is_worth_what_its_rows_are(writer: str, tmp_path: Path) -> None:
    """Promise 6: scalar = file, whoever wrote it."""
    kind, write = WRITERS[writer]
    source, target = tmp_path / f"in.{kind}", tmp_path / "out.parquet"
    write(source)
    appraise_file(source, target, PROGRAMME)
    assert outcomes(result_of(target)) == WANTED


FRAMES: dict[str, Callable[[Path], Any]] = {
    "pandas of a CSV": lambda path: pd.read_csv(path, dtype={"imei": str, "imei2": str}, parse_dates=["at"]),
    "pandas of a CSV, Arrow types": lambda path: pd.read_csv(
        path, dtype={"imei": "string[pyarrow]", "imei2": "string[pyarrow]"}, parse_dates=["at"], dtype_backend="pyarrow"
    ),
    "Polars of a CSV": lambda path: pl.read_csv(
        path, schema_overrides={"imei": pl.String, "imei2": pl.String}, try_parse_dates=True
    ),
    "Arrow of a CSV": lambda path: pacsv.read_csv(
        path,
        convert_options=pacsv.ConvertOptions(
            column_types={name: SCHEMA.field(name).type for name in SCHEMA.names}, strings_can_be_null=True
        ),
    ),
    "DuckDB of a CSV": lambda path: duckdb.sql(
        f"""SELECT * REPLACE ("at"::TIMESTAMPTZ AS "at")
        FROM read_csv('{path}', types={{'imei': 'VARCHAR', 'imei2': 'VARCHAR'}})"""  # noqa: S608 - a path of ours
    ).to_arrow_table(),  # type: ignore[union-attr]
}


@pytest.mark.parametrize("reader", FRAMES)
def test_what_a_library_reads_is_worth_what_its_rows_are(reader: str, tmp_path: Path) -> None:
    """Promise 6: scalar = frame, whichever library read the file, where it is told that IMEIs are texts."""
    path = tmp_path / "devices.csv"
    plain = [{**row, "at": row["at"].isoformat(), "purchased_on": None} for row in DEVICES]
    fields = [pa.field(name, pa.string()) if name == "at" else SCHEMA.field(name) for name in SCHEMA.names]
    pacsv.write_csv(pa.Table.from_pylist(plain, pa.schema(fields)), path)
    frame = FRAMES[reader](path)
    if isinstance(frame, pd.DataFrame):
        frame = frame.drop(columns="purchased_on")
    elif isinstance(frame, pl.DataFrame):
        frame = frame.drop("purchased_on")
    else:
        frame = frame.drop_columns(["purchased_on"])
    result = appraise_frame(frame, PROGRAMME)
    rows = result.to_dicts() if isinstance(result, pl.DataFrame) else pa.table(result).to_pylist()
    assert outcomes(rows) == [
        (row["outcome"], tuple(sorted(row["reasons"])), row["coupon_value"])
        for row in (valued({**row, "purchased_on": None}, PROGRAMME, {}) for row in DEVICES)
    ]


# ---- spreadsheets

HEADER = "model,imei,purchased_on,exchange_open,at,glass,battery,accounts"
GOOD = f"{small.MODEL},{NUMBERS[0]},2019-01-01,FALSE,2020-01-11T06:00:00Z,best,good,removed"


def row(**cells: str) -> str:
    """Return a good row with other cells."""
    return ",".join({**dict(zip(HEADER.split(","), GOOD.split(","), strict=True)), **cells}.values())


def excel(*rows: str) -> bytes:
    """Return what Excel saves as "CSV UTF-8 (Comma delimited)"."""
    return ("\ufeff" + "".join(f"{line}\r\n" for line in (HEADER, *rows))).encode()


def libre(*rows: str) -> bytes:
    """Return what LibreOffice saves with "Quote all text cells"."""
    quoted = [
        ",".join(f'"{cell}"' if not cell.isdigit() else cell for cell in line.split(",")) for line in (HEADER, *rows)
    ]
    return "".join(f"{line}\n" for line in quoted).encode()


def read(content: bytes, folder: Path) -> list[tuple[str, ...]]:
    """Return the outcome and the reasons of each row of a file, whose rows are counted apart."""
    source, target = folder / "devices.csv", folder / "out.parquet"
    source.write_bytes(content)
    summary = appraise_file(source, target, PROGRAMME, force=True)
    found = outcomes(result_of(target))
    assert summary.rows == len(found)
    return [(outcome, *reasons) for outcome, reasons, _ in found]


QUOTED = ("quote",)
INVALID = ("refused", "invalid_value")


@pytest.mark.parametrize("write", [excel, libre])
def test_a_spreadsheet_s_csv_is_read(write: Callable[..., bytes], tmp_path: Path) -> None:
    assert read(write(GOOD, row(exchange_open="TRUE"), row(purchased_on="")), tmp_path) == [
        QUOTED,
        ("refused", "exchange_open"),
        QUOTED,
    ]


@pytest.mark.parametrize(
    ("cells", "refused"),
    [
        ({"purchased_on": "3/20/2018"}, INVALID),  # US: month first
        ({"purchased_on": "20/03/2018"}, INVALID),  # India, Britain
        ({"purchased_on": "20.03.2018"}, INVALID),  # Germany
        ({"purchased_on": "20-Mar-18"}, INVALID),
        ({"purchased_on": "43179"}, INVALID),  # the number of a day, where the cell lost its format
        ({"at": "1/11/2020 6:00"}, INVALID),
        ({"at": "2020-01-11 06:00:00"}, INVALID),  # no zone, so no instant
        ({"imei": "3.54178E+14"}, ("refused", "imei_characters")),  # a number in a narrow column
        ({"imei": "3.54178036859789E+14"}, ("refused", "imei_characters")),
        ({"imei": "354178036859781"}, ("refused", "imei_check_digit")),
        ({"imei": "35417803685978"}, ("refused", "imei_14_digits")),
        ({"imei": "4917803685978"}, ("refused", "imei_length")),  # leading zeros lost
        ({"imei": "#N/A"}, ("refused", "imei_characters")),
        ({"exchange_open": "WAHR"}, INVALID),  # German
        ({"exchange_open": "VRAI"}, INVALID),  # French
        ({"exchange_open": "1"}, INVALID),
        ({"glass": "=A1"}, ("refused", "answer_unknown")),
    ],
    ids=str,
)
def test_what_a_spreadsheet_did_to_a_cell_refuses_its_row(
    cells: dict[str, str], refused: tuple[str, ...], tmp_path: Path
) -> None:
    assert read(excel(GOOD, row(**cells), GOOD), tmp_path) == [QUOTED, refused, QUOTED]
    assert read(libre(GOOD, row(**cells), GOOD), tmp_path) == [QUOTED, refused, QUOTED]


@pytest.mark.parametrize(
    "imei",
    [
        f"'{NUMBERS[0]}",
        f'="{NUMBERS[0]}"',
        f" {NUMBERS[0]} ",
        f"{NUMBERS[0]}\u00a0",
        f"35-417803-685978-{NUMBERS[0][-1]}",
    ],
)
def test_an_imei_kept_as_text_is_read_or_refused_by_its_row(imei: str, tmp_path: Path) -> None:
    """An apostrophe or a formula keeps a spreadsheet from making a number of it."""
    cell = '"' + imei.replace('"', '""') + '"' if '"' in imei else imei
    first, second = read(excel(row(imei=cell), GOOD), tmp_path)
    assert second == QUOTED
    assert first in {QUOTED, ("refused", "imei_characters"), ("refused", "imei_sign")}


def test_columns_and_rows_that_a_spreadsheet_adds_lose_nothing(tmp_path: Path) -> None:
    """Empty columns behind the last one are an error that names them; an empty row is a row, and refused."""
    rows = read(excel(GOOD, ",,,,,,,", GOOD), tmp_path)
    assert [rows[0], rows[2]] == [QUOTED, QUOTED]
    assert rows[1][0] == "refused"
    content = excel(GOOD).replace(b"\r\n", b",,\r\n")
    try:
        assert read(content, tmp_path) == [QUOTED]
    except InvalidValue as error:
        assert "column" in str(error)  # noqa: PT017 - either is right, nothing else is


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (excel(GOOD).replace(b",", b";"), "separat"),  # where a comma is the decimal separator
        (excel(GOOD).replace(b",", b"\t"), "separat"),  # "Text (Tab delimited)" under another name
        (b"sep=;\r\n" + excel(GOOD)[3:].replace(b",", b";"), "separat"),
        (b"sep=,\r\n" + excel(GOOD)[3:], "separat"),
        (excel(GOOD).decode("utf-8-sig").encode("utf-16"), "UTF-8"),  # "Unicode Text"
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(100), "UTF-8"),  # a workbook under another name
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "UTF-8"),  # an old one
        (b"", "column"),
    ],
    ids=["semicolons", "tabs", "sep=;", "sep=,", "UTF-16", "xlsx", "xls", "nothing"],
)
def test_what_is_no_csv_with_commas_is_one_error_that_says_what_to_do(
    content: bytes, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(content, tmp_path)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_old_line_ends_of_a_macintosh_are_read_or_refused(tmp_path: Path) -> None:
    """Excel still offers "CSV (Macintosh)", with CR alone."""
    content = excel(GOOD, GOOD)[3:].replace(b"\r\n", b"\r")
    try:
        assert read(content, tmp_path) == [QUOTED, QUOTED]
    except InvalidValue as error:
        assert "line" in str(error)  # noqa: PT017 - either is right, nothing else is


def test_text_of_another_code_page_refuses_its_row(tmp_path: Path) -> None:
    """Excel's "CSV (Comma delimited)" is in Windows-1252 here, and no UTF-8."""
    content = excel(GOOD, row(model="Nokia 8 Sirocco café"), GOOD)[3:].decode().encode("cp1252")
    assert read(content, tmp_path) == [QUOTED, INVALID, QUOTED]


def test_quotes_and_line_breaks_in_cells_stay_in_their_cell(tmp_path: Path) -> None:
    """Excel writes Alt+Enter as a line feed in quotes."""
    rows = read(excel(row(model='"Mi ""A1""\nblack"'), GOOD), tmp_path)
    assert rows == [("refused", "model_unknown"), QUOTED]


def test_a_good_row_of_a_spreadsheet_is_worth_what_the_scalar_says(tmp_path: Path) -> None:
    """Promise 6, for `GOOD`: the rows above are compared with it."""
    source, target = tmp_path / "devices.csv", tmp_path / "out.parquet"
    source.write_bytes(excel(GOOD))
    appraise_file(source, target, PROGRAMME)
    answer = valued({**DEVICES[0], "at": datetime(2020, 1, 11, 6, tzinfo=UTC)}, PROGRAMME, {})
    assert outcomes(result_of(target)) == [("quote", (), answer["coupon_value"])]
