"""The five tables share one set of verbs, and refuse unsorted, repeated and overlapping rows in the same words."""

from __future__ import annotations

import copy
import pickle
import re
from array import array
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from miexchange import (
    Anchor,
    AnchorTable,
    Catalogue,
    DataError,
    EligibleModels,
    Imei,
    InvalidValue,
    Listing,
    Price,
    PriceTable,
    TacTable,
    Variant,
)
from miexchange._problems import Problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPRING, SUMMER, AUTUMN = (datetime(2018, month, 1, tzinfo=UTC) for month in (3, 6, 9))


class Kind(NamedTuple):
    """A table with three rows: two of one key, where rows are dated, and one of another."""

    table: Any
    field: str
    rows: tuple[Any, ...]
    file: str
    look_up: Callable[[Any], object]
    """Looks the last row up."""
    key: object
    """Of the last row."""


KINDS = {
    kind.table: kind
    for kind in (
        Kind(
            Catalogue,
            "variants",
            tuple(
                Variant(model, "Acme", model, "smartphone", 4096, 64, source="s") for model in ("one", "three", "two")
            ),
            "model,brand,name,category,ram_mb,storage_gb,launched_on,launch_price_minor,source\n"
            "one,Acme,one,smartphone,4096,64,,,s\nthree,Acme,three,smartphone,4096,64,,,s\ntwo,Acme,two,smartphone,4096,64,,,s\n",
            lambda table: table.lookup("two"),
            "two",
        ),
        Kind(
            EligibleModels,
            "listings",
            (
                Listing("one", SPRING.date(), SUMMER.date(), "s"),
                Listing("one", SUMMER.date(), None, "s"),
                Listing("two", SPRING.date(), AUTUMN.date(), "s"),
            ),
            "model,listed_from,listed_until,source\n"
            "one,2018-03-01,2018-06-01,s\none,2018-06-01,,s\ntwo,2018-03-01,2018-09-01,s\n",
            lambda table: table.as_of("two", SUMMER.date()),
            "two",
        ),
        Kind(
            PriceTable,
            "prices",
            (
                Price("one", SPRING, 200, "observed", "s"),
                Price("one", SUMMER, 100, "observed", "s"),
                Price("two", SPRING, 200, "observed", "s", AUTUMN),
            ),
            "model,effective_from,effective_until,price_minor,basis,source\n"
            "one,2018-03-01T00:00Z,,200,observed,s\none,2018-06-01T00:00Z,,100,observed,s\n"
            "two,2018-03-01T00:00Z,2018-09-01T00:00Z,200,observed,s\n",
            lambda table: table.as_of("two", SUMMER),
            "two",
        ),
        Kind(
            AnchorTable,
            "anchors",
            (
                Anchor("one", "display", SPRING, 200, "observed", "s"),
                Anchor("one", "display", SUMMER, 100, "observed", "s"),
                Anchor("two", "body", SPRING, 200, "observed", "s", AUTUMN),
            ),
            "model,component,effective_from,effective_until,amount_minor,basis,source\n"
            "one,display,2018-03-01T00:00Z,,200,observed,s\none,display,2018-06-01T00:00Z,,100,observed,s\n"
            "two,body,2018-03-01T00:00Z,2018-09-01T00:00Z,200,observed,s\n",
            lambda table: table.as_of("two", "body", SUMMER),
            ("two", "body"),
        ),
        Kind(
            TacTable,
            "",
            (("35417803", "Acme", "One", "s"), ("35417803", "Acme", "One 5G", "s"), ("35417804", "Acme", "Two", "s")),
            "tac,brand,model,source\n35417803,Acme,One,s\n35417803,Acme,One 5G,s\n35417804,Acme,Two,s\n",
            lambda table: ("35417804", *table.lookup("35417804")),
            "35417804",
        ),
    )
}
every = pytest.mark.parametrize("kind", KINDS.values(), ids=[kind.__name__ for kind in KINDS])
strict = pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS.values() if kind.field],
    ids=[kind.__name__ for kind in KINDS if kind is not TacTable],
)


def rows_of(kind: Kind, table: Any) -> list[Any]:  # noqa: ANN401 - any of the five
    if kind.table is TacTable:
        return [(tac, device.brand, device.model, device.source) for tac, device in table]
    return list(table)


@every
def test_rows_in_any_order_make_one_table_in_order(kind: Kind) -> None:
    table = kind.table.of(kind.rows)
    assert rows_of(kind, table) == list(kind.rows)
    assert kind.table.of(iter(kind.rows[::-1])) == table
    assert hash(kind.table.of(kind.rows[::-1])) == hash(table)
    if kind.field:
        assert kind.table(kind.rows) == table
        assert getattr(table, kind.field) == kind.rows


@every
def test_a_file_and_a_frame_are_read_alike(kind: Kind, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(kind.file, encoding="utf-8")
    table = kind.table.of(kind.rows)
    assert kind.table.read(file) == kind.table.read(str(file)) == table
    numbers = {"price_minor": "int64", "amount_minor": "int64", "ram_mb": "int64", "storage_gb": "int64"}
    frame = pd.read_csv(file, dtype=str)
    frame = frame.astype({name: of for name, of in numbers.items() if name in frame.columns})
    assert kind.table.read(frame) == kind.table.read(frame.sample(frac=1, random_state=2)) == table
    file.write_text(kind.file.partition("\n")[0] + "\n", encoding="utf-8")
    assert kind.table.read(file) == kind.table.read(frame[:0]) == kind.table.of(())


@every
def test_a_table_has_a_length_and_knows_its_keys(kind: Kind) -> None:
    table = kind.table.of(kind.rows)
    assert len(table) == 3
    assert kind.key in table
    for other in ("three ", "nobody", "", None, 7, ["one"], ("two",), ("two", "nobody"), (["two"], "body")):
        assert other not in table
    assert len(kind.table.of(())) == 0
    assert kind.key not in kind.table.of(())


@every
def test_a_key_leads_to_its_row(kind: Kind) -> None:
    table = kind.table.of(kind.rows)
    found = kind.look_up(table)
    expected = kind.rows[-1] if kind.field else (kind.key, next(device for tac, device in table if tac == kind.key))
    assert found == expected
    assert kind.look_up(kind.table.of(kind.rows[:1])) in {None, (kind.key,)}


@every
def test_what_is_no_row_is_refused(kind: Kind) -> None:
    for rows in (5, None, [5], [None], [Imei], "one"):
        with pytest.raises(InvalidValue, match=rf"{kind.table.__name__}\.of .*: give (the )?rows"):
            kind.table.of(rows)


@every
def test_what_is_no_table_cannot_be_read(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="5 is no table"):
        kind.table.read(5)
    with pytest.raises(DataError, match="does not exist"):
        kind.table.read(tmp_path / "nowhere.csv")


@strict
def test_unsorted_rows_are_refused_by_the_constructor(kind: Kind) -> None:
    with pytest.raises(InvalidValue, match=r"is not sorted: give them to `of`, which sorts them") as caught:
        kind.table(kind.rows[::-1])
    assert caught.value.field == f"{kind.table.__name__}.{kind.field}"
    for rows in (list(kind.rows), (*kind.rows, 5), None):
        with pytest.raises(InvalidValue, match=rf"give (a tuple, each element )?an? {type(kind.rows[0]).__name__}"):
            kind.table(rows)


@strict
def test_a_repeated_row_is_refused_at_every_door(kind: Kind, tmp_path: Path) -> None:
    dated = kind.table is not Catalogue
    rows = (kind.rows[0], *kind.rows)
    clash = "begins at the same time as" if dated else "repeats"
    for door in (kind.table, kind.table.of):
        since = f" of {getattr(rows[0], kind.table._dates[0])}" if dated else ""  # noqa: SLF001 - as above
        said = rf"row of .one( display)?.{re.escape(since)} that {clash} another one: keep one"
        with pytest.raises(InvalidValue, match=said) as caught:
            door(rows)
        assert caught.value.field == f"{kind.table.__name__}.{kind.field}"
    with pytest.raises(InvalidValue, match=f"{clash} another one"):
        kind.table.from_json(f'{{"{kind.field}":[{",".join(row.to_json() for row in rows)}]}}')
    head, first, *others = kind.file.splitlines()
    file = tmp_path / "table.csv"
    file.write_text("\n".join([head, first, *others, first]), encoding="utf-8")
    with pytest.raises(DataError) as told:
        kind.table.read(file)
    (problem,) = told.value.problems
    assert (problem.file, problem.line) == (str(file), 5)
    called = "one display" if kind.table is AnchorTable else "one"
    assert problem.message == f"the row of {called} {clash} that on line 2"
    assert problem.remedy.startswith("Keep one of them")


def test_faults_are_told_in_the_order_of_the_lines(tmp_path: Path) -> None:
    """The rows are put in order by their models, the faults by their lines."""
    file = tmp_path / "prices.csv"
    rows = [
        "model,effective_from,price_minor,basis,source",
        "two,2018-03-01,1,observed,s",
        "one,2018-03-01,1,observed,s",
    ]
    file.write_text("\n".join([rows[0], *rows[1:], *rows[1:], ",2018-03-01,1,observed,s"]), encoding="utf-8")
    with pytest.raises(DataError) as told:
        PriceTable.read(file, zone=UTC)
    assert [problem.line for problem in told.value.problems] == [4, 5, 6]


@strict
def test_overlapping_rows_are_refused_at_every_door(kind: Kind, tmp_path: Path) -> None:
    if kind.table is Catalogue:
        return  # its rows have no dates
    later = {"listed_from": SUMMER.date()} if kind.table is EligibleModels else {"effective_from": SUMMER}
    end = {"listed_until": None} if kind.table is EligibleModels else {"effective_until": None}
    rows = (*kind.rows, kind.rows[-1].replace(**later, **end))
    for door in (kind.table, kind.table.of):
        with pytest.raises(
            InvalidValue,
            match=r"two.* of 2018-06-01.* that begins before the end of another one: keep",
        ):
            door(rows)
    file = tmp_path / "table.csv"
    last = kind.file.splitlines()[-1]
    file.write_text(kind.file + last.replace("2018-03", "2018-06"), encoding="utf-8")
    with pytest.raises(DataError, match=r"the row of two.* begins before the end of that on line 4\. Keep one") as told:
        kind.table.read(file)
    assert [problem.line for problem in told.value.problems] == [5]


def test_a_table_has_as_many_rows_as_it_may_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalogue, "_most_items", 3)
    rows = KINDS[Catalogue].rows
    assert len(Catalogue.of(rows)) == 3
    with pytest.raises(InvalidValue, match=r"Catalogue\.variants has 4 elements"):
        Catalogue.of((*rows, rows[0].replace(model="a-fourth")))


def test_the_most_rows_of_a_key_are_those_of_one_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(PriceTable, "_most_of_key", 2)
    days = [f"2018-0{month}-01T00:00:00Z" for month in (3, 6, 9)]
    rows = [(model, day) for model in ("one", "two") for day in days[:2]]

    def read(*more: tuple[str, str]) -> list[tuple[int | None, str]]:
        given = pd.DataFrame([*rows, *more], columns=["model", "effective_from"]).assign(
            price_minor=5, basis="observed", source="s", effective_until=""
        )
        try:
            PriceTable.read(given)
        except DataError as error:
            return [(problem.line, problem.column) for problem in error.problems]
        return []

    assert read() == []
    assert read(("three", "soon")) == [(5, "effective_from")]
    assert read(("two", days[2])) == [(5, "model")]
    file = tmp_path / "prices.csv"
    lines = [f"{model},{day},5,observed,s" for model, day in [*rows, ("two", days[2])]]
    for written, problems in ((lines[:-1], []), (lines, [(6, "model")])):
        file.write_text("\n".join(["model,effective_from,price_minor,basis,source", *written]), encoding="utf-8")
        found = Problems()
        PriceTable._read(file, problems=found)  # noqa: SLF001 - as a programme reads it
        assert [(problem.line, problem.column) for problem in found.found] == problems


def test_an_open_row_of_a_list_holds_for_ever_and_that_of_a_price_until_the_next() -> None:
    listings = (Listing("one", date(2018, 3, 1)), Listing("one", date(2018, 6, 1)))
    with pytest.raises(InvalidValue, match="begins before the end of another one"):
        EligibleModels(listings)
    prices = (Price("one", SPRING, 200, "observed"), Price("one", SUMMER, 100, "observed"))
    assert PriceTable(prices).as_of("one", AUTUMN) is prices[1]


def test_a_tac_table_merges_rows_that_repeat_and_counts_them(tmp_path: Path) -> None:
    """A TAC may be of several devices, and the lists that circulate repeat themselves."""
    kind = KINDS[TacTable]
    file = tmp_path / "tac.csv"
    file.write_text(kind.file + kind.file.splitlines()[-1], encoding="utf-8")
    for table in (
        TacTable.of([*kind.rows, kind.rows[-1]]),
        TacTable.read(file),
        TacTable.read(pd.read_csv(file, dtype=str)),
    ):
        assert (len(table), table.report.rows, table.report.merged) == (3, 4, 1)
        assert table == TacTable.of(kind.rows)


def columns_of(table: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the five
    """Return what a pickle has of a table's rows."""
    _, (_, _, state) = table.__reduce__()
    columns: dict[str, Any] = state["columns"]
    return columns


def forged(table: Any, *, form: int = 1, **changes: Any) -> Any:  # noqa: ANN401 - as above
    """Return what a pickle makes whose columns somebody changed."""
    make, (kind, of_pickle, state) = table.__reduce__()
    return make(kind, of_pickle, {**state, "form": form, "columns": {**state["columns"], **changes}})


@strict
def test_a_pickle_and_a_copy_are_the_same_table(kind: Kind) -> None:
    table = kind.table.of(kind.rows)
    pickled = pickle.loads(pickle.dumps(table))  # noqa: S301 - our own bytes
    for again in (pickled, copy.copy(table), copy.deepcopy(table)):
        assert again == table
        assert [*again] == [*kind.rows]
    empty = kind.table.of(())
    assert pickle.loads(pickle.dumps(empty)) == empty  # noqa: S301 - as above


def test_a_pickle_is_checked_like_new_rows() -> None:
    """docs/reliability.md: a pickle is read by field names and validated."""
    table = PriceTable.of(KINDS[PriceTable].rows)
    later = datetime(2018, 3, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert forged(table, effective_from=[later, SUMMER, SPRING]) == table  # converted, as in a new value
    assert forged(table, effective_from=[later, SUMMER, SPRING]).prices[0].effective_from.tzinfo is UTC
    for changes, words in (
        ({"price_minor": [200, True, 200]}, "Price.price_minor is True: give a whole number"),
        ({"price_minor": [200, 100.0, 200]}, "Price.price_minor is 100.0: give a whole number"),
        ({"price_minor": [200, 0, 200]}, "Price.price_minor is 0: give"),
        ({"effective_until": [None, None, SPRING]}, "Price.effective_until .*: give an instant after effective_from"),
        ({"effective_from": [SUMMER, SPRING, SPRING]}, "PriceTable.prices is not sorted"),
        (
            {"effective_from": [SPRING, SPRING, SPRING]},
            "PriceTable.prices has a row of 'one' of .* begins at the same time",
        ),
        ({"price_minor": [200, 100]}, "Price is pickled in columns of different lengths: read its JSON"),
        ({"price_minor": "two"}, "Price is pickled in columns of different lengths"),
        ({"colour": [1, 2, 3]}, "Price has no field 'colour': .*read it with the version that wrote it"),
        ({"colour": [1, 2, 3], "form": 9}, "a newer version of miexchange wrote"),
    ):
        with pytest.raises(InvalidValue, match=words):
            forged(table, **changes)


@every
def test_a_pickle_of_an_unknown_form_is_refused_in_words(kind: Kind) -> None:
    """docs/reliability.md: a version that does not know the form of a pickle refuses it."""
    make, (table, _, state) = kind.table.of(kind.rows).__reduce__()
    with pytest.raises(InvalidValue, match=f"{table.__name__}.form is 9, which a newer version"):
        make(table, 9, {**state, "another": 1})


@strict
def test_a_pickle_by_rows_is_read(kind: Kind) -> None:
    """Earlier versions wrote each row."""
    make, (table, _, _) = kind.table.of(kind.rows).__reduce__()
    assert make(table, 1, {kind.field: kind.rows}) == table.of(kind.rows)


def test_a_pickle_leaves_out_an_added_field_at_its_default() -> None:
    """miexchange._forms: at its default an added field is not written, so that an older version reads the rest."""
    plain = Catalogue.of(KINDS[Catalogue].rows)
    assert "features" not in columns_of(plain)
    one, *others = KINDS[Catalogue].rows
    with_features = Catalogue.of([one.replace(features=("5g",)), *others])
    assert columns_of(with_features)["features"] == [("5g",), (), ()]
    assert pickle.loads(pickle.dumps(with_features)) == with_features  # noqa: S301 - our own bytes


TACS = array("I", [35417803, 35417803, 35417804])
BRANDS, MODELS, SOURCES = array("I", [0, 0, 0]), array("I", [0, 1, 2]), array("I", [0, 0, 0])
NAMES = (("Acme",), ("One", "One 5G", "Two"), ("s",))


@pytest.mark.parametrize(
    ("tacs", "devices", "texts"),
    [
        pytest.param(TACS[::-1], (BRANDS, MODELS, SOURCES), NAMES, id="not sorted"),
        pytest.param(TACS, (BRANDS, MODELS[:1] * 3, SOURCES), (("Acme",), ("One",), ("s",)), id="repeated"),
        pytest.param(TACS[:2], (BRANDS, MODELS, SOURCES), NAMES, id="of another length"),
        pytest.param(array("I", [1, 2, 10**8]), (BRANDS, MODELS, SOURCES), NAMES, id="nine digits"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (("Acme",), ("One", "One 5G"), ("s",)), id="a text is missing"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (("Acme", "Bolt"), *NAMES[1:]), id="a text too many"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (NAMES[0], ("One", "One", "Two"), NAMES[2]), id="a text twice"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (NAMES[0], ("One", "Two", 3), NAMES[2]), id="no text"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (NAMES[0], ("One", "Two", "Z" * 201), NAMES[2]), id="too long"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (("",), ("", "One", "Two"), NAMES[2]), id="no name"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), (["Acme"], *NAMES[1:]), id="texts in a list"),
        pytest.param(TACS, (BRANDS, MODELS, SOURCES), [*NAMES], id="a list of texts"),
        pytest.param(TACS, (BRANDS, MODELS, [0, 0, 0]), NAMES, id="positions in a list"),
        pytest.param(TACS, (BRANDS, MODELS, array("i", SOURCES)), NAMES, id="positions of another type"),
        pytest.param(TACS, (BRANDS, MODELS), NAMES, id="no sources"),
        pytest.param(TACS, [BRANDS, MODELS, SOURCES], NAMES, id="a list of columns"),
    ],
)
def test_the_columns_of_a_tac_table_are_checked(tacs: object, devices: object, texts: object) -> None:
    """A pickle is made of them, and it may come from anywhere."""
    table = TacTable.of(KINDS[TacTable].rows)
    kind: Any = TacTable
    assert kind(TACS, (BRANDS, MODELS, SOURCES), NAMES, table.report) == table
    with pytest.raises(InvalidValue, match=r"TacTable is not sorted: give them to `of`, which sorts them"):
        kind(tacs, devices, texts, table.report)
    with pytest.raises(InvalidValue, match="TacTable is not sorted"):
        kind(TACS, (BRANDS, MODELS, SOURCES), NAMES, None)


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ({"brand": ["Acme"], "model": ["One"]}, "<frame>: has no tac column; its columns are 'brand, model'"),
        ({"tac": ["35417803"], "model": ["One"]}, "<frame>: the header 'tac, model' has no column for the brand"),
        ({"tac": ["35417803"], "brand": ["A"], "model": [{}]}, ""),
    ],
)
def test_a_frame_that_is_no_tac_table(frame: dict[str, list[Any]], told: str) -> None:
    if told:
        with pytest.raises(DataError) as caught:
            TacTable.read(pd.DataFrame(frame))
        assert str(caught.value).startswith(told)
    else:
        (problem,) = TacTable.read(pd.DataFrame(frame)).report.problems
        assert (problem.line, problem.message) == (1, "a dict is not text")


def test_a_frame_of_tacs_says_what_it_leaves_out_and_reads_what_it_needs() -> None:
    frame = pd.DataFrame(
        {
            "tac": [35417803, "1417803", None],
            "Brand": [np.str_("Acme")] * 3,
            "note": [1, 2, 3],
            "model": ["x", "y", "z"],
        }
    )
    table = TacTable.read(frame)
    assert [(tac, device.source) for tac, device in table] == [("01417803", "<frame>")]
    assert [(problem.line, problem.message) for problem in table.report.problems] == [
        (1, "35417803 is not text"),
        (3, "the TAC is blank"),
    ]
    assert (table.report.layout, table.report.file, table.report.left_out) == ("plain (frame)", "<frame>", 2)


@pytest.mark.parametrize(("tac", "kind"), [("3541780", "range"), ("3541780x", "range"), (35417803, "type")])
def test_an_error_says_where_a_tac_is_none_and_why(tac: Any, kind: str) -> None:  # noqa: ANN401 - whatever arrives
    table = TacTable.of(KINDS[TacTable].rows)
    for field, make in (
        ("TacTable.lookup", lambda: table.lookup(tac)),
        ("TacTable.of", lambda: TacTable.of([(tac, "Acme", "One", "s")])),
    ):
        with pytest.raises(InvalidValue) as caught:
            make()
        assert (caught.value.field, caught.value.kind) == (field, kind)


@pytest.mark.parametrize("left_out", ["_tacs", "_devices", "_texts", "report"])
def test_a_pickle_of_a_tac_table_has_all_its_columns(left_out: str) -> None:
    make, (table, form, state) = TacTable.of(KINDS[TacTable].rows).__reduce__()
    with pytest.raises(InvalidValue, match="TacTable"):
        make(table, form, {name: column for name, column in state.items() if name != left_out})


def test_a_tac_table_names_its_maker_and_has_its_form() -> None:
    """Another form could not be read by the versions that know this one."""
    assert TacTable.of(KINDS[TacTable].rows).__reduce__()[1][1] == 2
    for rows in (5, [5]):
        with pytest.raises(InvalidValue) as caught:
            TacTable.of(rows)  # type: ignore[arg-type]  # the fault that is tested
        assert caught.value.field == "TacTable.of"
