"""The laws of dated prices: the one in force is the last that began, whatever the order of the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import AnchorTable, InvalidValue, PriceTable
from miexchange.laws import _oracle as oracle
from miexchange.strategies import anchor_tables, instants, price_tables
from property.on_disk import write_table

if TYPE_CHECKING:
    from random import Random

    from miexchange import Price


def near(table: PriceTable, data: st.DataObject) -> datetime:
    """Draw an instant, most often a microsecond from an edge of a window."""
    edges = [row.effective_from for row in table.prices]
    edges += [row.effective_until for row in table.prices if row.effective_until]
    ticks = st.integers(-1, 1).map(lambda tick: timedelta(microseconds=tick))
    edge = st.sampled_from(edges or [datetime(2018, 3, 15, tzinfo=UTC)])
    return data.draw(st.builds(lambda at, tick: at + tick, edge, ticks) | instants())


@given(price_tables(), st.data())
def test_the_price_in_force_is_the_last_that_began(table: PriceTable, data: st.DataObject) -> None:
    """Market: the price in force is the last one that became effective at or before the instant."""
    at = near(table, data)
    model = data.draw(st.sampled_from(["acme-one-1-8", "bolt-two-2-16", "nobody"]))
    rows = [row for row in table.prices if row.model == model]
    assert table.as_of(model, at) == oracle.last_in_force(rows, at)
    assert (model in table) == bool(rows)


@given(anchor_tables(), st.data())
def test_so_is_the_anchor(table: AnchorTable, data: st.DataObject) -> None:
    """AnchorTable.as_of: the last one effective at or before the instant."""
    at = data.draw(instants())
    component = data.draw(st.sampled_from(["display", "body", "battery"]))
    rows = [row for row in table.anchors if (row.model, row.component) == ("acme-one-1-8", component)]
    assert table.as_of("acme-one-1-8", component, at) == oracle.last_in_force(rows, at)


@given(price_tables(), st.randoms(use_true_random=False), st.data())
def test_the_order_of_rows_does_not_matter(table: PriceTable, random: Random, data: st.DataObject) -> None:
    """PriceTable.of: a table of prices in any order."""
    rows = list(table.prices)
    random.shuffle(rows)
    shuffled = PriceTable.of(rows)
    assert shuffled == table
    assert shuffled.to_json() == table.to_json()
    at = near(table, data)
    assert shuffled.as_of("acme-one-1-8", at) == table.as_of("acme-one-1-8", at)


@given(price_tables(), st.data())
def test_a_window_is_half_open(table: PriceTable, data: st.DataObject) -> None:
    """Price: the first instant at which it holds, and the first at which it no longer holds."""
    tick = timedelta(microseconds=1)
    if not table.prices:
        return
    row = data.draw(st.sampled_from(table.prices))
    assert table.as_of(row.model, row.effective_from) == row
    assert table.as_of(row.model, row.effective_from - tick) != row
    if row.effective_until is not None:
        assert table.as_of(row.model, row.effective_until - tick) == row
        assert table.as_of(row.model, row.effective_until) != row


@given(price_tables(), st.data())
def test_two_rows_that_overlap_are_refused(table: PriceTable, data: st.DataObject) -> None:
    """PriceTable.of: two rows of one variant that overlap are refused."""
    if not table.prices:
        return
    row: Price = data.draw(st.sampled_from(table.prices))
    with pytest.raises(InvalidValue):
        PriceTable.of([*table.prices, row.replace(price_minor=row.price_minor + 100)])


@given(price_tables())
def test_a_table_comes_back_from_csv(table: PriceTable) -> None:
    """PriceTable.read: a table that was written is the table that is read."""
    columns = ("model", "effective_from", "effective_until", "price_minor", "basis", "source")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "prices.csv"
        write_table(path, columns, (row.to_dict() for row in table.prices))
        assert PriceTable.read(path) == table
        assert PriceTable.read(str(path)).to_json() == table.to_json()


@given(price_tables(), st.timedeltas(timedelta(1), timedelta(400)), st.data())
def test_a_gap_is_where_no_fresh_price_is(table: PriceTable, age: timedelta, data: st.DataObject) -> None:
    """PriceTable.gaps: every stretch between a variant's first and last row without a fresh price."""
    at = near(table, data)
    for model in ("acme-one-1-8", "bolt-two-2-16"):
        rows = [row for row in table.prices if row.model == model]
        between = bool(rows) and rows[0].effective_from <= at < rows[-1].effective_from
        price = oracle.last_in_force(rows, at)
        fresh = price is not None and at - price.effective_from < age
        in_gap = any(gap.begins <= at < gap.ends for gap in table.gaps(age) if gap.model == model)
        assert in_gap == (between and not fresh)
