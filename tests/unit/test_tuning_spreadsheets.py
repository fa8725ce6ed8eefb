"""Observations as spreadsheets and other libraries have them: read as stated, or refused by row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import DataError, InvalidValue
from miexchange.tuning import DepreciationCurve, Observations, TuningWarning, simulate_market
from unit.tuned import graded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = date(2018, 4, 1)
SHEET: dict[str, Any] = {"unit": "unit", "grouping": "comma", "signs": ("₹", "/-")}


def rows(*prices: object, **columns: object) -> pd.DataFrame:
    about = {"model": "oneplus-3t-6-64", "on": date(2018, 3, 1), "kind": "deal", "source": "till", **columns}
    return pd.DataFrame({"price": pd.Series(prices, dtype=object), **about})


def read(data: object, **options: object) -> Observations:
    return Observations.read(data, graded().catalogue, as_of=TODAY, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("₹ 12,499", 1_249_900),
        ("12,499/-", 1_249_900),
        ("1,12,499.5", 11_249_950),
        (12_499, 1_249_900),
        (12_499.5, 1_249_950),
        (Decimal("12499.00"), 1_249_900),
        (Decimal("12499.50"), 1_249_950),
    ],
)
def test_a_price_is_read_as_its_spelling_says(written: object, minor: int) -> None:
    assert read(rows(written, 10), **SHEET).frame["price_minor"].tolist() == [minor, 1_000]


@pytest.mark.parametrize(
    ("written", "message", "remedy"),
    [
        ("12.499,00", "is no amount as stated", 'decimal="comma", grouping="point" reads it as 12499.00'),
        ("Rs. 12,499", "is no amount as stated", "signs=('₹', '/-', 'Rs.') reads it as 12499.00"),
        ("-12,499", "is no amount as stated", "Write the amount in digits"),
        ("1,2499", "is no amount as stated", "Write the amount in digits"),
        (0, "is out of range", "above 0"),
        (12.345, "has more than 2 decimals", "Round it"),
        (Decimal("1E+999999"), "has more than 2 decimals, or is out of range", "Round it"),
        (Decimal("Infinity"), "has more than 2 decimals, or is out of range", "Round it"),
        (True, "is not an amount", "Write an amount"),
        (date(2018, 3, 1), "a date is not an amount", "Write an amount"),
        (None, "is no price", "take the row out"),
    ],
)
def test_another_price_refuses_its_row_with_what_would_read_it(written: object, message: str, remedy: str) -> None:
    with pytest.warns(TuningWarning, match="row 1 cannot be used"):
        found = read(rows(10, written), **SHEET)
    assert found.problems[["row", "column"]].to_numpy().tolist() == [[1, "price"]]
    assert message in found.problems["message"][0]
    assert remedy in found.problems["remedy"][0]


def test_minor_units_may_be_grouped_as_well() -> None:
    given = rows("12,49,900", "1").rename(columns={"price": "price_minor"})
    assert read(given, grouping="comma").frame["price_minor"].tolist() == [1_249_900, 1]


def test_prices_of_a_file_are_read_alike(tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    lines = 'model,price,on,kind,source,storage_gb\nOnePlus 3T,"₹ 11,490",15/03/2018,deal,till,64 GB\n'
    file.write_text(lines, encoding="utf-8")
    found = read(file, day_format="%d/%m/%Y", memory="unit", **SHEET).frame
    assert found[["model", "price_minor", "storage_gb"]].to_numpy().tolist() == [["oneplus-3t-6-64", 1_149_000, 64]]
    with pytest.raises(DataError, match="price_minor: the column is missing"):
        read(file, grouping="comma")


@pytest.mark.parametrize("memory", ["6 GB", "6gb", "6144 MB", ""])
def test_a_memory_is_read_with_its_unit(memory: str) -> None:
    found = read(rows(10, model="OnePlus 3T", storage_gb="64 GB", ram_mb=memory), memory="unit", **SHEET).frame
    assert found["storage_gb"].tolist() == [64]
    assert found["ram_mb"].fillna(0).tolist() == [6144 if memory else 0]


@pytest.mark.parametrize("memory", ["0 GB", "6", "6.0 GB", "64 kB", 6144, "99999999 TB", "6 TB"])
def test_another_memory_refuses_its_row(memory: object) -> None:
    with pytest.warns(TuningWarning):
        found = read(rows(10, 11, ram_mb=["6 GB", memory]), memory="unit", **SHEET)
    assert found.problems[["row", "column"]].to_numpy().tolist() == [[1, "ram_mb"]]
    assert "is no memory with its unit" in found.problems["message"][0]


@pytest.mark.parametrize("wrong", [{"decimal": "comma", "grouping": "comma"}, {"signs": ("5",)}, {"signs": (" x",)}])
def test_a_spelling_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=r"grouping|signs"):
        read(rows(10), **wrong)


def test_why_a_name_leads_to_no_one_variant_is_told_apart() -> None:
    names = ["Nokia 3310", "Xiaomi Redmi Note 4", "Xiaomi Redmi Note 4", "oneplus-3t-6-64"]
    given = rows(10, 11, 12, 13, model=names, storage_gb=[64, None, 512, None])
    with pytest.warns(TuningWarning):
        found = read(given, unit="unit")
    why = found.unresolved[["model", "why"]].to_numpy().tolist()
    assert why[0] == ["Nokia 3310", "is no model of the catalogue"]
    assert why[1][1].startswith("may be ")
    assert why[2][1] == "has no variant of that memory"
    assert "xiaomi-redmi-note-4-4-64" in found.problems["remedy"][1]
    assert "Correct storage_gb and ram_mb" in found.problems["remedy"][2]


@pytest.mark.parametrize("kind", [pl.from_pandas, pa.Table.from_pandas], ids=["Polars", "Arrow"])
def test_a_table_of_another_library_is_read_as_that_of_pandas(kind: Callable[[pd.DataFrame], Any]) -> None:
    given = rows(10.5, 11.0, 9.0).astype({"price": float, "kind": "category"})
    given.loc[1, "kind"] = None  # a categorical with a hole
    with pytest.warns(TuningWarning, match="row 1 cannot be used"):
        found = read(kind(given), unit="unit")
    assert found.frame["price_minor"].tolist() == [1_050, 900]
    market = simulate_market(60, seed=1)
    fitted = [DepreciationCurve().fit(table).predict(table).to_numpy() for table in (market, kind(market))]
    assert fitted[0] == pytest.approx(fitted[1])


def test_a_decimal_column_is_read_where_it_is_whole() -> None:
    given = rows(Decimal("1050.00"), Decimal("10.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1E+99"))
    with pytest.warns(TuningWarning):
        found = read(given.rename(columns={"price": "price_minor"}))
    assert found.frame["price_minor"].tolist() == [1_050]
    assert found.problems["row"].tolist() == [1, 2, 3, 4]
    arrow = pa.table({"price_minor": pa.array([Decimal(1050)], pa.decimal128(9, 2)), **rows(1).drop(columns="price")})
    assert read(arrow).frame["price_minor"].tolist() == [1_050]


def test_a_table_that_cannot_be_read_is_refused_in_our_words() -> None:
    with pytest.raises(InvalidValue, match="has no rows yet"):
        read(pl.LazyFrame({"a": [1]}))
    with pytest.raises(InvalidValue, match="or a table of Polars or Arrow"):
        DepreciationCurve().fit([1])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="the column is repeated"):
        read(pa.table([[1], [2]], names=["kind", "kind"]))
