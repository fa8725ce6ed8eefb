"""The plural verbs of IMEIs, TACs and prices say of every row what the singular ones say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import Imei, InvalidImei, InvalidValue, PriceTable, TacTable
from miexchange.batch.arrow import _threads
from miexchange.imei import validate
from miexchange.strategies import all_imeis, imei_texts, imeis, instants, mistyped_imeis, price_tables, tac_tables
from parity.both_ways import lookup_many, prices_as_of, validate_many
from parity.tables import plain
from property.effort import effort

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = st.one_of(
    imei_texts(),
    mistyped_imeis(),
    imeis().map(lambda imei: imei.digits),
    all_imeis().map(lambda imei: imei.digits),
    st.text("0123456789 -+\t", max_size=20),
    st.text(max_size=20),
    st.sampled_from(["", " ", "-", "- -", " -1", "9" * 2_000, "\x85354178036859789\x1f", "\N{MINUS SIGN}1", "\u3000"]),
)
CELLS = st.one_of(TEXTS, st.none(), st.integers(0, 10**16), st.floats(), st.booleans(), st.binary(max_size=3))

COLUMNS: dict[str, Callable[[list[str | None]], Any]] = {
    "arrow": lambda texts: pa.array(texts, pa.string()),
    "arrow, large": lambda texts: pa.array(texts, pa.large_string()),
    "arrow, views": lambda texts: pa.array(texts, pa.string_view()),
    "arrow, encoded": lambda texts: pa.array(texts, pa.string()).dictionary_encode(),
    "arrow, in pieces": lambda texts: pa.chunked_array([pa.array([None, text], pa.string())[1:] for text in texts]),
    "pandas": lambda texts: pd.Series(texts, dtype="str", index=[-place for place in range(len(texts))]),
    "pandas, arrow": lambda texts: pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
    "pandas, categories": lambda texts: pd.Series(pd.Categorical(texts)),
    "pandas, objects": lambda texts: pd.Series(texts, dtype=object),
    "polars": lambda texts: pl.Series(texts, dtype=pl.String),
    "polars, categories": lambda texts: pl.Series(texts, dtype=pl.Categorical),
}


def validated(cell: Any) -> tuple[str | None, str | None]:  # noqa: ANN401 - any cell
    try:
        return validate(cell), None
    except InvalidImei as error:
        return None, error.code


def looked_up(table: TacTable, cell: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    digits, reason = validated(cell)
    if digits is None:
        return {"brand": None, "model": None, "source": None, "candidates": None, "reason": reason}
    devices = table.lookup(Imei(digits))
    joined = {
        field: " | ".join(dict.fromkeys(getattr(device, field) for device in devices)) if devices else None
        for field in ("brand", "model", "source")
    }
    return {**joined, "candidates": len(devices), "reason": None}


@pytest.mark.parametrize("kind", COLUMNS)
@given(texts=st.lists(TEXTS | st.none(), min_size=1, max_size=8))
def test_validate_many_is_validate_of_every_row(kind: str, texts: list[str | None]) -> None:
    """Promise 6, for IMEIs: the same digits, and the same reason for what is none."""
    readable = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
    column = COLUMNS[kind](readable)
    result = validate_many(column)
    assert [(row["digits"], row["reason"]) for row in plain(result)] == [validated(text) for text in readable]
    if isinstance(column, pd.Series):
        assert result.index.equals(column.index)


@given(cells=st.lists(CELLS, min_size=1, max_size=8))
def test_validate_many_refuses_what_is_no_text(cells: list[Any]) -> None:
    """Ints and floats are refused with the reason: a number has lost its leading zeros."""
    rows = plain(validate_many(pd.Series(cells, dtype=object)))
    assert [(row["digits"], row["reason"]) for row in rows] == [validated(cell) for cell in cells]


@pytest.mark.parametrize("column", [pd.Series([354178036859789]), pa.array([354178036859789.0]), pl.Series([True])])
def test_a_column_of_numbers_is_refused_row_by_row(column: Any) -> None:  # noqa: ANN401 - any column
    assert plain(validate_many(column)) == [{"digits": None, "reason": "imei_not_text"}]


@given(numbers=st.lists(imeis(), min_size=1, max_size=20), rows=st.integers(1, 5), threads=st.integers(1, 3))
def test_blocks_and_threads_leave_no_trace(numbers: list[Imei], rows: int, threads: int) -> None:
    """Promise 1: the same inputs give the same answer, however the work is shared."""
    texts = pa.array([imei.digits for imei in numbers])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_threads, "_MOST", rows)
        assert validate_many(texts, threads=threads)["digits"].to_pylist() == texts.to_pylist()


@effort(0.5)
@given(
    table=tac_tables(), texts=st.lists(TEXTS | st.none(), min_size=1, max_size=4), kind=st.sampled_from(sorted(COLUMNS))
)
def test_lookup_many_is_lookup_of_every_row(table: TacTable, texts: list[str | None], kind: str) -> None:
    """Promise 6, for TACs: every device that the table names, and nothing for what is no IMEI."""
    known = [Imei.from_body(f"{tac}000001").digits for tac, _ in table]
    readable = [*known, *(None if text is None else text.encode("utf-8", "replace").decode() for text in texts)]
    assert plain(lookup_many(table, COLUMNS[kind](readable))) == [looked_up(table, text) for text in readable]


@effort(0.5)
@given(table=price_tables(), data=st.data())
def test_prices_as_of_is_as_of_for_every_row(table: PriceTable, data: st.DataObject) -> None:
    """Promise 6, for prices: the last one effective at or before the instant, in any order of rows."""
    edges = [price.effective_from for price in table.prices]
    edges += [price.effective_until for price in table.prices if price.effective_until is not None]
    moments = st.builds(
        lambda edge, by: edge + timedelta(microseconds=by),
        st.sampled_from(edges or [datetime(2018, 4, 1, tzinfo=UTC)]),
        st.integers(-1, 1),
    )
    names = st.sampled_from([price.model for price in table.prices] or ["none"]) | st.just("unknown")
    rows = data.draw(st.lists(st.tuples(names, moments | instants()), min_size=1, max_size=12))
    expected = [table.as_of(model, at) for model, at in rows]
    models = pa.array([model for model, _ in rows]), pa.array([at for _, at in rows], pa.timestamp("us", "UTC"))
    found = prices_as_of(table, *models).to_pylist()
    assert [(row["price_minor"], row["effective_from"]) for row in found] == [
        (price and price.price_minor, price and price.effective_from) for price in expected
    ]
    at = rows[0][1]
    found = plain(prices_as_of(table, pd.Series([model for model, _ in rows]), at))
    assert [row["price_minor"] for row in found] == [
        price and price.price_minor for price in (table.as_of(model, at) for model, _ in rows)
    ]


def test_many_prices_and_rows_without_a_model_or_an_instant() -> None:
    table = PriceTable.of([])
    models, at = pa.array(["one", None]), pa.array([None, datetime(2018, 4, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    assert prices_as_of(table, models, at)["price_minor"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (pa.array([datetime(2018, 4, 1)]), "say which zone they are in"),  # noqa: DTZ001 - that is the point
        (pa.array(["2018-04-01"]), "timestamps with a time zone"),
        (pa.array([datetime(2018, 4, 1, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")), "one instant, or a column of 1"),
        (datetime(2018, 4, 1), "time zone"),  # noqa: DTZ001 - as above
        ("2018-04-01", "Series"),
    ],
)
def test_instants_must_be_instants(at: Any, message: str) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidValue, match=message):
        prices_as_of(PriceTable.of([]), pa.array(["one"]), at)


@pytest.mark.parametrize("column", [["354178036859789"], "354178036859789", None, {"imei": "1"}])
def test_what_is_no_column_is_an_error(column: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidValue, match="give a pandas or Polars Series"):
        validate_many(column)
