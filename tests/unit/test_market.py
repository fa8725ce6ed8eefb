"""Prices and anchors: from files and frames, as of an instant, and where they leave a gap."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from miexchange import Anchor, AnchorTable, DataError, InvalidValue, Price, PriceTable
from miexchange.market import Gap
from miexchange.money import GREATEST_AMOUNT
from unit.small import IST

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2018, 3, 15, tzinfo=UTC)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


def price(days: int = 0, until: int | None = None, model: str = "one", paise: int = 1_000_00) -> Price:
    end = None if until is None else AT + until * DAY
    return Price(model, AT + days * DAY, paise, "modelled", "a test", end)


def anchor(days: int = 0, until: int | None = None, component: str = "display", model: str = "one") -> Anchor:
    end = None if until is None else AT + until * DAY
    return Anchor(model, component, AT + days * DAY, 100_00, "modelled", "a test", end)


# Values.


@pytest.mark.parametrize("field", ["model", "effective_from", "price_minor", "basis", "source", "effective_until"])
@pytest.mark.parametrize("wrong", [0, True, 1.5, b"x", ["x"], "2018-03-15", date(2018, 3, 15)], ids=repr)
def test_a_price_holds_nothing_of_another_type(field: str, wrong: object) -> None:
    if field in {"model", "source"} and type(wrong) is str:
        return  # any text will do
    with pytest.raises(InvalidValue) as caught:
        price().replace(**{field: wrong})
    assert caught.value.field == f"Price.{field}"


@pytest.mark.parametrize("field", ["model", "component", "effective_from", "amount_minor", "basis", "effective_until"])
@pytest.mark.parametrize("wrong", [0, "", 1.5], ids=repr)
def test_an_anchor_holds_nothing_of_another_type(field: str, wrong: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        anchor().replace(**{field: wrong})
    assert caught.value.field == f"Anchor.{field}"


@pytest.mark.parametrize("paise", [-100, -1, 0, GREATEST_AMOUNT + 1, 10**20])
def test_a_price_is_whole_minor_units_within_bounds(paise: int) -> None:
    with pytest.raises(InvalidValue, match="give a whole number from 1 to 100000000000"):
        price(paise=paise)


def test_the_least_and_the_greatest_amount_are_within_bounds() -> None:
    assert price(paise=1).price_minor == 1
    assert price(paise=GREATEST_AMOUNT).price_minor == GREATEST_AMOUNT


def test_an_instant_of_a_price_is_kept_in_utc() -> None:
    kolkata = datetime(2018, 3, 15, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    given = Price("one", kolkata, 100, "observed", effective_until=kolkata + DAY)
    assert given == Price("one", AT, 100, "observed", effective_until=AT + DAY)
    assert given.effective_from.tzinfo is UTC
    assert given.effective_until is not None
    assert given.effective_until.tzinfo is UTC


def test_an_instant_of_a_price_has_a_time_zone() -> None:
    with pytest.raises(InvalidValue, match="tzinfo=UTC"):
        price().replace(effective_from=datetime(2018, 3, 15))  # noqa: DTZ001 - the point


@pytest.mark.parametrize("until", [0, -1])
def test_a_window_ends_after_it_begins(until: int) -> None:
    with pytest.raises(InvalidValue, match="give an instant after effective_from"):
        price(until=until)
    with pytest.raises(InvalidValue, match="give an instant after effective_from"):
        anchor(until=until)


# As of.


def test_a_price_is_in_force_from_its_first_instant_until_the_next_one_s() -> None:
    first, second = price(), price(10, paise=900_00)
    table = PriceTable.of([second, first])
    assert table.as_of("one", AT - TICK) is None
    assert table.as_of("one", AT) is first
    assert table.as_of("one", AT + 10 * DAY - TICK) is first
    assert table.as_of("one", AT + 10 * DAY) is second
    assert table.as_of("one", AT + 9_999 * DAY) is second
    assert table.as_of("two", AT) is None


def test_a_price_is_no_longer_in_force_at_its_end() -> None:
    first, second = price(until=3), price(10, until=20)
    table = PriceTable.of([first, second])
    assert table.as_of("one", AT + 3 * DAY - TICK) is first
    assert table.as_of("one", AT + 3 * DAY) is None
    assert table.as_of("one", AT + 10 * DAY - TICK) is None
    assert table.as_of("one", AT + 10 * DAY) is second
    assert table.as_of("one", AT + 20 * DAY) is None


def test_an_instant_is_the_same_in_every_zone() -> None:
    table = PriceTable.of([price()])
    assert table.as_of("one", AT.astimezone(IST)) is table.as_of("one", AT)
    with pytest.raises(InvalidValue, match="at is"):
        table.as_of("one", AT.replace(tzinfo=None))


def test_an_anchor_is_in_force_by_model_and_component() -> None:
    first, second, body = anchor(until=5), anchor(10), anchor(component="body")
    table = AnchorTable.of([body, second, first])
    assert table.anchors == (body, first, second)
    assert table.as_of("one", "display", AT - TICK) is None
    assert table.as_of("one", "display", AT) is first
    assert table.as_of("one", "display", AT + 5 * DAY) is None
    assert table.as_of("one", "display", AT + 10 * DAY) is second
    assert table.as_of("one", "body", AT + 10 * DAY) is body
    assert table.as_of("one", "ports", AT) is None
    assert table.as_of("two", "display", AT) is None


def test_a_table_knows_its_models() -> None:
    table = PriceTable.of([price()])
    assert "one" in table
    assert "two" not in table
    assert PriceTable.of([]).as_of("one", AT) is None


# Gaps.


def test_a_price_is_still_fresh_at_the_very_end_of_its_age() -> None:
    assert PriceTable.of([price(), price(45)]).gaps(45 * DAY) == ()
    begins = AT + 45 * DAY + TICK
    assert PriceTable.of([price(), price(46)]).gaps(45 * DAY) == (Gap("one", begins, AT + 46 * DAY),)


def test_no_instant_lies_between_the_last_fresh_one_and_the_next() -> None:
    later = price().replace(effective_from=AT + 45 * DAY + TICK)
    assert PriceTable.of([price(), later]).gaps(45 * DAY) == ()


def test_a_price_that_ends_leaves_a_gap() -> None:
    assert PriceTable.of([price(until=5), price(5)]).gaps(45 * DAY) == ()
    assert PriceTable.of([price(until=5), price(9)]).gaps(45 * DAY) == (Gap("one", AT + 5 * DAY, AT + 9 * DAY),)
    assert PriceTable.of([price(until=50), price(60)]).gaps(45 * DAY) == (
        Gap("one", AT + 45 * DAY + TICK, AT + 60 * DAY),
    )


def test_gaps_are_of_one_model_each_and_none_is_after_the_last_price() -> None:
    table = PriceTable.of([price(), price(100), price(50, model="two"), price(200, model="two")])
    assert [(gap.model, gap.ends) for gap in table.gaps(45 * DAY)] == [
        ("one", AT + 100 * DAY),
        ("two", AT + 200 * DAY),
    ]


def test_gaps_are_found_at_the_end_of_time() -> None:
    last = datetime(9900, 12, 31, tzinfo=UTC)
    table = PriceTable.of([price().replace(effective_from=last - DAY), price().replace(effective_from=last)])
    assert table.gaps(timedelta(days=3_650)) == ()


# Making tables.


def test_a_table_sorts_its_rows() -> None:
    rows = [price(3), price(model="two"), price(), price(model="another")]
    table = PriceTable.of(rows)
    assert [(row.model, row.effective_from) for row in table.prices] == sorted(
        (row.model, row.effective_from) for row in rows
    )
    assert PriceTable.of(reversed(rows)) == table
    assert hash(PriceTable.of(iter(rows))) == hash(table)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((price(), price()), "begins at the same time as another one"),
        ((price(until=5), price(4)), "begins before the end of another one"),
        ((price(4), price()), "is not sorted: give them to `of`, which sorts them"),
        ((price(model="two"), price(model="one")), "is not sorted: give them to `of`, which sorts them"),
        ([price()], "prices is a list: give a tuple, each element a Price"),
        ((price(), 5), r"prices\.1 is 5: give a Price"),
    ],
)
def test_a_table_refuses_rows_that_are_not_one_series(rows: Any, words: str) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(InvalidValue, match=words) as caught:
        PriceTable(rows)
    assert caught.value.field == ("PriceTable.prices.1" if 5 in rows else "PriceTable.prices")


def test_a_clash_of_anchors_names_model_and_component() -> None:
    with pytest.raises(InvalidValue, match=r"one display.*begins at the same time"):
        AnchorTable.of([anchor(), anchor()])
    assert len(AnchorTable.of([anchor(), anchor(component="body"), anchor(model="two")]).anchors) == 3


@pytest.mark.parametrize("rows", [5, None, [5], [None], [anchor()], "one"])
def test_a_table_is_made_of_prices_only(rows: Any) -> None:  # noqa: ANN401 - the point
    with pytest.raises(InvalidValue, match=r"PriceTable.of is .*: give (the )?rows, each a Price"):
        PriceTable.of(rows)


# Reading.

COLUMNS = ["model", "effective_from", "price_minor", "basis", "source"]


def frame(**columns: object) -> pd.DataFrame:
    usual = {
        "model": ["one", "one"],
        "effective_from": ["2018-03-15", "2018-04-15"],
        "price_minor": [100_000, 90_000],
        "basis": ["observed", "modelled"],
        "source": ["a shop", "a model"],
    }
    return pd.DataFrame({**usual, **columns})


EXPECTED = PriceTable(
    (
        Price("one", datetime(2018, 3, 14, 18, 30, tzinfo=UTC), 100_000, "observed", "a shop"),
        Price("one", datetime(2018, 4, 14, 18, 30, tzinfo=UTC), 90_000, "modelled", "a model"),
    )
)


@pytest.mark.parametrize(
    "given",
    [
        frame(),
        frame(price_minor=["100000", "90000"]),
        frame(price_minor=np.array([100_000, 90_000], dtype=np.int32)),
        frame(price_minor=pd.array([100_000, 90_000], dtype="Int64")),
        frame(effective_from=pd.to_datetime(["2018-03-15", "2018-04-15"])),
        frame(effective_from=pd.to_datetime(["2018-03-15", "2018-04-15"]).tz_localize("Asia/Kolkata")),
        frame(effective_from=pd.to_datetime(["2018-03-14T18:30Z", "2018-04-14T18:30Z"])),
        frame(effective_from=[date(2018, 3, 15), date(2018, 4, 15)]),
        frame(effective_until=[None, np.nan]),
        frame(effective_until=[pd.NaT, pd.NaT]),
        frame(effective_until=["", pd.NA]),
        frame().astype({"model": "string", "basis": "category"}),
        frame().set_index(pd.Index([9, 9])),
        frame().iloc[::-1],
        frame()[COLUMNS[::-1]],
    ],
    ids=range(15),
)
def test_a_frame_is_read_and_left_as_it_was(given: pd.DataFrame) -> None:
    before = given.copy(deep=True)
    assert PriceTable.read(given, zone=IST) == EXPECTED
    pd.testing.assert_frame_equal(given, before)


def test_the_zone_says_where_a_date_begins() -> None:
    first = PriceTable.read(frame(), zone=UTC).prices[0]
    assert first.effective_from == datetime(2018, 3, 15, tzinfo=UTC)


def test_a_window_is_read_from_a_frame() -> None:
    table = PriceTable.read(frame(effective_until=[pd.Timestamp("2018-04-01"), pd.NaT]), zone=IST)
    assert [row.effective_until for row in table.prices] == [datetime(2018, 3, 31, 18, 30, tzinfo=UTC), None]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (frame(price_minor=[100_000.0, 90_000]), "<frame>:1: price_minor: 100000.0 is a float. A float is not exact"),
        (frame(price_minor=["1000.00", 90_000]), "<frame>:1: price_minor: '1000.00' is not a whole number"),
        (frame(price_minor=[100_000, True]), "<frame>:2: price_minor: True is not a whole number"),
        (frame(price_minor=[100_000, None]), "<frame>:1: price_minor: 100000.0 is a float"),
        (frame(price_minor=[100_000, pd.NA]), "<frame>:2: price_minor: is empty. Write a whole number"),
        (frame(price_minor=[100_000, 0]), "<frame>:2: price_minor: 0 is out of range. Write a whole number from 1"),
        (frame(price_minor=[100_000, -100]), "<frame>:2: price_minor: -100 is out of range"),
        (frame(model=["one", np.nan]), "<frame>:2: model: is empty"),
        (frame(model=["one", 2]), "<frame>:2: model: 2 is not text"),
        (frame(basis=["observed", "seen"]), "<frame>:2: basis: 'seen' is not known here. Write one of: observed, mode"),
        (
            frame(effective_from=["2018-03-15", "2018-03-15"]),
            "<frame>:2: effective_from: the row of one begins at the ",
        ),
        (frame(effective_from=[pd.Timestamp("2018-03-15"), pd.NaT]), "<frame>:2: effective_from: is empty"),
        (
            frame(effective_from=[pd.Timestamp("2018-03-15"), pd.Timestamp("2018-04-15T09:00")]),
            "<frame>:2: effective_from: 2018-04",
        ),
        (
            frame(effective_until=["2018-03-14", None]),
            "<frame>:1: effective_until: '2018-03-14' does not fit. Give an instant after",
        ),
        (
            frame(effective_until=["2018-04-16", None]),
            "<frame>:2: effective_from: the row of one begins before the end o",
        ),
        (frame().drop(columns="source"), "<frame>: source: the column is missing"),
        (frame(note="x"), "<frame>: note: is not a column of this table"),
    ],
    ids=range(17),
)
def test_a_frame_that_is_wrong_is_told_by_row_and_column(given: pd.DataFrame, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        PriceTable.read(given, zone=IST)
    assert str(caught.value).startswith(problem), str(caught.value)


def test_every_bad_row_is_told_at_once() -> None:
    with pytest.raises(DataError) as caught:
        PriceTable.read(frame(price_minor=[1.5, 2.5], basis=["x", "observed"], model=["", "two"]), zone=IST)
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [
        (1, "model"),
        (1, "price_minor"),
        (1, "basis"),
        (2, "price_minor"),
    ]


def test_a_repeated_row_is_told_at_each_place(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    row = "one,2018-03-15,100000,modelled,x\n"
    file.write_text(f"{','.join(COLUMNS)}\n{row}two,2018-03-15,100,modelled,x\n{row}{row}", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        PriceTable.read(file, zone=IST)
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (4, "the row of one begins at the same time as that on line 2"),
        (5, "the row of one begins at the same time as that on line 2"),
    ]


def test_files_and_frames_read_alike(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    frame().to_csv(file, index=False)
    assert PriceTable.read(file, zone=IST) == PriceTable.read(str(file), zone=IST) == PriceTable.read(frame(), zone=IST)


def test_anchors_are_read_from_files_and_frames(tmp_path: Path) -> None:
    given = pd.DataFrame(
        {
            "model": "one",
            "component": ["display", "body", "display"],
            "effective_from": ["2018-04-15", "2018-03-15", "2018-03-15"],
            "amount_minor": [9_000, 5_000, 10_000],
            "basis": "modelled",
            "source": "a test",
        }
    )
    file = tmp_path / "anchors.csv"
    given.to_csv(file, index=False)
    table = AnchorTable.read(given, zone=IST)
    assert table == AnchorTable.read(file, zone=IST)
    assert [(row.component, row.amount_minor) for row in table.anchors] == [
        ("body", 5_000),
        ("display", 10_000),
        ("display", 9_000),
    ]
    assert AnchorTable.read(given, zone=UTC).anchors[0].effective_from == AT
    with pytest.raises(DataError) as caught:
        AnchorTable.read(pd.concat([given, given.iloc[:1].assign(component="")]).assign(amount_minor=1.5), zone=IST)
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [
        (1, "amount_minor"),
        (2, "amount_minor"),
        (3, "amount_minor"),
        (4, "component"),
        (4, "amount_minor"),
    ]


def test_reading_a_table_does_not_import_pandas(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    frame().to_csv(file, index=False)
    code = f"import sys, miexchange; miexchange.PriceTable.read({str(file)!r}, zone=miexchange.Zone('UTC'))"
    code += "; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    assert done.stdout == "False\n"


def test_an_anchor_of_a_family_holds_before_that_of_its_component() -> None:
    """While a variant has no anchor of its own for `display.glass`, that of `display` holds."""
    table = AnchorTable.of([anchor(), anchor(5, 7, "display.glass"), anchor(0, None, "displays.glass", "two")])

    def found(days: int, component: str = "display.glass") -> str | None:
        there = table.as_of("one", component, AT + days * DAY)
        return None if there is None else there.component

    assert [found(days) for days in (-1, 0, 5, 7)] == [None, "display", "display.glass", "display"]
    assert (found(5, "display"), found(5, "display.glass.edge")) == ("display", "display.glass")
    assert found(5, "displays.glass") is None
    assert table.as_of("two", "displays", AT) is None


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda: PriceTable.of([price()]).as_of(5, AT), "model"),  # type: ignore[arg-type]
        (lambda: PriceTable.of([price()]).as_of("one", "now"), "at"),  # type: ignore[arg-type]
        (lambda: AnchorTable.of([anchor()]).as_of(5, "display", AT), "model"),  # type: ignore[arg-type]
        (lambda: AnchorTable.of([anchor()]).as_of("one", 5, AT), "component"),  # type: ignore[arg-type]
        (lambda: AnchorTable.of([anchor()]).as_of("one", "display", "now"), "at"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_question_to_a_table_names_its_argument(ask: Any, field: str) -> None:  # noqa: ANN401 - a call
    with pytest.raises(InvalidValue) as caught:
        ask()
    assert caught.value.field == field


def test_a_text_of_another_library_is_a_text() -> None:
    one, display = np.str_("one"), np.str_("display")
    assert PriceTable.of([price()]).as_of(one, AT) == price()
    assert AnchorTable.of([anchor()]).as_of(one, display, AT) == anchor()
