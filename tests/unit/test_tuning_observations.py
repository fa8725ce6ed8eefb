"""Observations: what is read, what is left out and why, row by row."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import Catalogue, DataError, InvalidValue
from miexchange.tuning import Observations, TuningWarning
from unit.tuned import graded

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Questionnaire

TODAY = date(2018, 4, 1)
GOOD = {
    "model": "oneplus-3t-6-64",
    "price_minor": 1_100_000,
    "on": date(2018, 3, 1),
    "kind": "deal",
    "source": "till",
}
OTHER = {**GOOD, "model": "xiaomi-redmi-note-4-4-64", "price_minor": 700_000}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([GOOD, OTHER, *rows])


def read(data: object, questionnaire: Questionnaire | None = None) -> Observations:
    return Observations.read(data, graded().catalogue, as_of=TODAY, questionnaire=questionnaire)


def test_good_rows_are_all_kept_and_the_frame_is_not_changed() -> None:
    given = frame()
    before = given.copy()
    found = read(given)
    assert len(found) == 2
    assert found.problems.empty
    assert found.unresolved.empty
    pd.testing.assert_frame_equal(given, before)
    assert found.frame["price_minor"].dtype == np.int64


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("price_minor", -5, "is not above zero"),
        ("price_minor", 0, "is not above zero"),
        ("price_minor", 10.5, "is no whole number of minor units"),
        ("price_minor", None, "is no whole number of minor units"),
        ("price_minor", 10**13, "is out of range"),
        ("on", date(2018, 4, 2), "is after 2018-04-01"),
        ("on", None, "is no date"),
        ("on", "yesterday", "is no date"),
        ("kind", "rumour", "is not known here"),
        ("kind", None, "is not known here"),
        ("source", " ", "is no source"),
        ("source", None, "is no source"),
        ("model", "Nokia 3310", "is no model of the catalogue"),
        ("model", None, "is no name of a model"),
        ("warranty", "perhaps", "is not known here"),
        ("currency", "USD", "is not known here"),
    ],
)
def test_a_bad_row_is_left_out_and_named(column: str, value: object, message: str) -> None:
    with pytest.warns(TuningWarning, match="row 2 cannot be used"):
        found = read(frame({**GOOD, column: value}))
    assert len(found) == 2
    assert found.problems["row"].tolist() == [2]
    assert found.problems["column"].tolist() == [column]
    assert message in found.problems["message"][0]
    assert found.problems["remedy"][0]


def test_one_row_may_have_several_faults() -> None:
    with pytest.warns(TuningWarning):
        found = read(frame({**GOOD, "price_minor": -1, "kind": "x"}))
    assert found.problems["column"].tolist() == ["price_minor", "kind"]


def test_a_name_leads_to_its_variant_with_the_memory_that_is_given() -> None:
    named = [
        {**GOOD, "model": "OnePlus 3T", "storage_gb": 64},
        {**GOOD, "model": "oneplus 3t", "ram_mb": 6144, "storage_gb": 64},
    ]
    with pytest.warns(TuningWarning, match="cannot be used"):
        found = read(pd.DataFrame([*named, {**OTHER, "model": "Xiaomi Redmi Note 4"}, OTHER]))
    assert found.frame["model"].tolist() == ["oneplus-3t-6-64"] * 2 + [OTHER["model"]]
    assert found.unresolved["model"].tolist() == ["Xiaomi Redmi Note 4"]
    assert "xiaomi-redmi-note-4-4-64" in found.unresolved["nearest"][0]


def test_unresolved_names_are_counted_the_most_frequent_first() -> None:
    with pytest.warns(TuningWarning):
        found = read(frame({**GOOD, "model": "B"}, {**GOOD, "model": "A"}, {**GOOD, "model": "A"}))
    assert found.unresolved[["model", "n"]].to_numpy().tolist() == [["A", 2], ["B", 1]]
    assert found.unresolved["rows"][0] == [3, 4]


def test_repeated_rows_are_warned_of_and_can_be_dropped() -> None:
    with pytest.warns(TuningWarning, match="row 2 repeat earlier rows"):
        found = read(frame(GOOD))
    assert len(found) == 3
    assert len(found.without_duplicates()) == 2


def test_one_price_for_all_is_warned_of() -> None:
    with pytest.warns(TuningWarning, match="all have one price, 1100000"):
        read(pd.DataFrame([GOOD, {**OTHER, "price_minor": 1_100_000}]))


def test_nothing_usable_is_an_error_that_names_the_rows() -> None:
    with pytest.raises(DataError, match=r"holds no usable row[\s\S]*row 0: -1 is not above zero"):
        read(pd.DataFrame([{**GOOD, "price_minor": -1}]))


def test_an_empty_frame_is_an_error() -> None:
    with pytest.raises(DataError, match="has no rows"):
        read(pd.DataFrame([GOOD]).iloc[:0])


def test_missing_and_unknown_columns_are_errors_all_at_once() -> None:
    with pytest.raises(DataError) as caught:
        read(pd.DataFrame([GOOD]).drop(columns="source").assign(colour="red"))
    assert [problem.column for problem in caught.value.problems] == ["source", "'colour'"]


@pytest.mark.parametrize("wrong", [None, 3, [GOOD]])
def test_something_else_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidValue, match="give the path of a CSV file, or a DataFrame"):
        read(wrong)


def test_the_day_of_reading_is_a_date() -> None:
    with pytest.raises(InvalidValue, match="as_of"):
        Observations.read(frame(), graded().catalogue, as_of=datetime(2018, 4, 1))  # noqa: DTZ001 - what is refused


def test_a_file_is_read_like_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    frame().to_csv(path, index=False)
    assert read(path).frame.drop(columns="row").equals(read(frame()).frame.drop(columns="row"))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "none.csv")


def test_answers_are_read_with_their_questionnaire() -> None:
    questions = graded().terms[0].questionnaire
    rows = frame().assign(screen_glass=["cracked", "unmarked"])
    with pytest.raises(DataError, match="answers need the questionnaire"):
        read(rows)
    assert read(rows, questionnaire=questions).frame["screen_glass"].tolist() == ["cracked", "unmarked"]
    with pytest.warns(TuningWarning):
        found = read(rows.assign(screen_glass=np.array(["smashed", None], dtype=object)), questionnaire=questions)
    assert found.problems["column"].tolist() == ["screen_glass"]


def test_clean_rows_are_those_of_the_best_grade() -> None:
    found = read(frame().assign(grade=["B", "A"]))
    assert found.clean()["grade"].tolist() == ["A"]
    assert len(read(frame()).clean()) == 2
    assert len(read(frame().assign(grade=np.array([None, None], dtype=object))).clean()) == 2


def graded_rows(*grades: object) -> pd.DataFrame:
    prices = [1_000_000 - 50_000 * number for number in range(len(grades))]
    return pd.DataFrame([{**GOOD, "price_minor": price} for price in prices]).assign(grade=pd.Series(grades))


def clean(rows: Any, grades: Any = ()) -> list[str]:  # noqa: ANN401 - of any library, or hostile
    found = Observations.read(rows, graded().catalogue, as_of=TODAY, grades=grades)
    return found.without_duplicates().clean()["grade"].tolist()


@pytest.mark.parametrize("words", [("Like New", "Good", "Fair"), ("A+", "A", "A-"), ("S", "A", "B"), ("1", "2", "10")])
def test_grades_that_are_words_are_ranked_as_the_caller_says(words: tuple[str, ...]) -> None:
    for order in (words, words[::-1]):
        assert clean(graded_rows(*words), order) == [order[0]]
        ordered = pd.Categorical(list(words), categories=list(order), ordered=True)
        assert clean(graded_rows(*words).assign(grade=ordered)) == [order[0]]
        # The best of those that occur.
        assert clean(graded_rows(*words[:2]), order) == [words[0] if order == words else words[1]]
    for rows in (graded_rows(*words), graded_rows(*words).assign(grade=pd.Categorical(words))):
        with pytest.raises(InvalidValue, match=r"^grades is missing, and there are .*: say the order of the grades: "):
            clean(rows)
    assert clean(graded_rows(words[0], words[0])) == [words[0], words[0]]  # one grade needs no order


def test_an_ordered_categorical_of_any_library_says_the_order() -> None:
    rows, order = graded_rows("Fair", "Like New"), ["Like New", "Fair"]
    other = pl.from_pandas(rows.drop(columns="grade"))
    assert clean(other.with_columns(grade=pl.Series(rows["grade"].tolist(), dtype=pl.Enum(order)))) == ["Like New"]
    arrow = pa.table(rows.drop(columns="grade"))
    for is_ordered in (True, False):
        grades = pa.DictionaryArray.from_arrays(pa.array([1, 0]), pa.array(order), ordered=is_ordered)
        for table in (
            arrow.append_column("grade", grades),
            other.with_columns(grade=pl.Series(rows["grade"].tolist(), dtype=pl.Categorical)),
        ):
            if is_ordered and isinstance(table, pa.Table):
                assert clean(table) == ["Like New"]
            else:
                with pytest.raises(InvalidValue, match="say the order of the grades"):
                    clean(table)
    streamed = arrow.append_column("grade", grades).to_reader()
    with pytest.raises(InvalidValue, match="say the order of the grades"):
        clean(streamed)


def test_the_grades_of_a_programme_say_the_order() -> None:
    scale = graded().terms[-1].grades
    assert clean(graded_rows("D", "B", "C"), scale) == ["B"]
    with pytest.warns(TuningWarning, match="cannot be used"):
        assert clean(graded_rows("D", "Good", "C"), scale) == ["C"]
    for wrong in ("AB", ["A", "A"], ["A", ""], ["A", 1], 5, None):
        with pytest.raises(InvalidValue, match="best first, each once"):
            clean(graded_rows("A"), wrong)


def test_a_device_with_a_worse_answer_is_not_clean() -> None:
    rows = frame(GOOD).assign(screen_glass=pd.Series(["cracked", "unmarked", None]), source=["a", "b", "c"])
    found = read(rows, questionnaire=graded().terms[0].questionnaire)
    assert found.clean()["source"].tolist() == ["b", "c"]


def one_day(day: object, **options: Any) -> date | None:  # noqa: ANN401 - as they are
    """Return the day that is read, beside a row that is good in any form."""
    good = {None: "2018-03-01", "excel-1900": 43000, "excel-1904": 41000, "%d-%b-%Y": "1-Mar-2018"}
    other = good.get(options.get("day_format"), "1/3/2018")
    rows = pd.DataFrame([GOOD, GOOD]).assign(on=pd.Series([other, day], dtype=object), source=["a", "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found = Observations.read(rows, graded().catalogue, as_of=date(2018, 12, 31), **options)
    assert len(found.problems) == 2 - len(found)
    return None if len(found) == 1 else found.frame["on"].iloc[1].date()


NO_DAYS = ["03/04/2018", "13/04/2018", "43174", 43174, 20180315, 20180315.0, "20180315", "now", "today", "2018-3-1"]
NO_DAYS += ["2018-03-01T00:00", "2018-W11-4", "March 2018", "0001-01-01", "9999-12-31", datetime(2018, 3, 1, 9), True]  # noqa: DTZ001
NO_DAYS += [pd.Timestamp("2018-03-01T20:00Z"), pd.NaT, pd.NA, [1], {}, object(), "", 10**30, "\uff12018-03-01", b"x"]


@pytest.mark.parametrize("day", NO_DAYS, ids=range(len(NO_DAYS)))
def test_no_day_is_guessed(day: object) -> None:
    assert one_day(day) is None


@pytest.mark.parametrize(
    "day",
    ["2018-03-04", " 2018-03-04 ", date(2018, 3, 4), datetime(2018, 3, 4), np.str_("2018-03-04")],  # noqa: DTZ001 - as a frame holds a date
)
def test_a_day_has_one_form(day: object) -> None:
    assert one_day(day) == date(2018, 3, 4)


@pytest.mark.parametrize(
    ("day_format", "day", "expected"),
    [
        ("%d/%m/%Y", "03/04/2018", date(2018, 4, 3)),
        ("%d/%m/%Y", "13/4/2018", date(2018, 4, 13)),
        ("%m/%d/%Y", "03/04/2018", date(2018, 3, 4)),
        ("%m/%d/%Y", "13/04/2018", None),
        ("%d/%m/%Y", "31/02/2018", None),
        ("%d/%m/%Y", "2018-03-04", None),  # every cell is in the one form
        ("%d/%m/%Y", date(2018, 4, 3), None),
        ("%d/%m/%Y", "3/4/18", None),
        ("%d/%m/%Y", "3-4-2018", None),
        ("%d-%b-%Y", "03-Apr-2018", date(2018, 4, 3)),
        ("%d-%b-%Y", "03-Mai-2018", None),
        ("excel-1900", 43193, date(2018, 4, 3)),
        ("excel-1900", "43193", date(2018, 4, 3)),
        ("excel-1900", 43193.0, date(2018, 4, 3)),
        ("excel-1900", 43193.5, None),
        ("excel-1900", 60, None),  # the 29 February 1900 that a spreadsheet has
        ("excel-1900", 61, date(1900, 3, 1)),
        ("excel-1900", "03/04/2018", None),
        ("excel-1904", 41731, date(2018, 4, 3)),
    ],
)
def test_another_form_of_days_is_stated(day_format: str, day: object, expected: date | None) -> None:
    assert one_day(day, day_format=day_format) == expected


@pytest.mark.parametrize("wrong", ["%d/%m/%y", "%d/%m", "%Y%m%d", "%d/%d/%Y", "%d %B %Y", "", None, 5, "excel", "%"])
def test_a_form_of_days_says_day_month_and_year(wrong: Any) -> None:  # noqa: ANN401 - hostile
    with pytest.raises(InvalidValue, match="day_format"):
        Observations.read(frame(), graded().catalogue, as_of=TODAY, day_format=wrong)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_far_years_are_refused_by_row(unit: str) -> None:
    far = np.array(["2018-03-01", "1500-01-01", "9999-12-31", "NaT", "20000-01-01"], dtype=f"datetime64[{unit}]")
    rows = pd.DataFrame([{**GOOD, "source": f"{number}"} for number in range(len(far))]).assign(on=far)
    with pytest.warns(TuningWarning, match="cannot be used"):
        found = read(rows)
    assert (len(found), found.problems["row"].tolist()) == (1, [1, 2, 3, 4])


AMOUNTS = ["1,10,000", "\u20b911000", "11000.00", "1e6", "+5", "\uff11\uff11", "5 000", "-", 10**30, "9" * 5_000, True]
AMOUNTS += [float("inf"), 1.5, 2.0**60, [1], object(), date(2018, 3, 1), "NaN", "0x10", "1_000", np.bool_(1), 1j, b"5"]


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda one: f"{one!r:.20}")
def test_no_price_is_guessed(amount: object) -> None:
    rows = pd.DataFrame([GOOD, OTHER]).assign(price_minor=pd.Series([1_100_000, amount], dtype=object))
    with pytest.warns(TuningWarning, match="row 1 cannot be used"):
        found = read(rows)
    assert found.problems["column"].tolist() == ["price_minor"]


@pytest.mark.parametrize("amount", [700_000, "700000", " 700000 ", np.int32(700_000), 700_000.0, np.float32(700_000)])
def test_a_price_is_whole_minor(amount: object) -> None:
    rows = pd.DataFrame([GOOD, OTHER]).assign(price_minor=pd.Series([1_100_000, amount], dtype=object))
    assert read(rows).frame["price_minor"].tolist() == [1_100_000, 700_000]


def test_a_unit_beside_a_memory_is_refused_and_not_forgotten() -> None:
    rows = pd.DataFrame([GOOD, {**GOOD, "model": "OnePlus 3T"}, {**GOOD, "model": "OnePlus 3T", "price_minor": 5}])
    rows = rows.assign(storage_gb=pd.Series([None, "64GB", "64"], dtype=object))
    with pytest.warns(TuningWarning, match="row 1 cannot be used"):
        found = read(rows)
    assert found.problems["column"].tolist() == ["storage_gb"]
    assert found.frame["storage_gb"].tolist() == [pd.NA, 64]


def test_words_in_a_file_are_words(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    rows = frame().assign(source=["NA", "007"], grade=["None", "nan"], price_minor=["01100000", "700000"])
    rows.to_csv(path, index=False)
    found = read(path)
    assert found.frame[["source", "grade"]].to_numpy().tolist() == [["NA", "None"], ["007", "nan"]]
    for text in (
        b'model,price_minor,on,kind,source\na,1,2018-03-01,deal,"x\n',
        b"\xff\xfe",
        b"",
        b"model\n",
        b"a,b\n1\n",
    ):
        path.write_bytes(text)
        with pytest.raises(DataError):
            read(path)


def test_any_frame_of_pandas_is_read_alike() -> None:
    plain = frame().assign(on=["2018-03-01", "2018-03-02"], grade=pd.Series(["A", None]), storage_gb=64)
    expected = read(plain).frame
    frames = [
        plain.convert_dtypes(),
        plain.convert_dtypes(dtype_backend="pyarrow"),
        plain.astype({"model": "category", "kind": "category", "on": "category", "grade": "category"}),
        plain.astype(object),
        plain.assign(on=pd.to_datetime(plain["on"])),
        plain.assign(on=[date(2018, 3, 1), date(2018, 3, 2)]).convert_dtypes(dtype_backend="pyarrow"),
        plain[plain.columns[::-1]],
        plain.rename(columns=np.str_),
    ]
    for given in frames:
        pd.testing.assert_frame_equal(read(given).frame[expected.columns], expected)


def test_labels_are_kept_whatever_they_are() -> None:
    wrong = {**GOOD, "price_minor": -1}
    for labels in (
        [7, 7, 7],
        [("a", 1), ("a", 2), ("b", 1)],
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
    ):
        rows = frame(wrong)
        rows.index = labels if isinstance(labels, pd.MultiIndex) else pd.Index(labels, tupleize_cols=False)
        with pytest.warns(TuningWarning, match="cannot be used"):
            found = read(rows)
        assert found.problems["row"].tolist() == [list(rows.index)[2]]


def test_a_column_is_named_once_and_by_a_text() -> None:
    rows = frame()
    with pytest.raises(DataError, match="the column is repeated"):
        read(pd.concat([rows, rows["kind"]], axis=1))
    with pytest.raises(DataError, match="is not a column of observations"):
        read(rows.assign(**{"kind ": "deal"}).rename(columns={"kind ": 0}))
    with pytest.raises(DataError, match="the column is missing"):
        read(pd.concat({"a": rows}, axis=1))


@pytest.mark.parametrize("wrong", [{"catalogue": None}, {"questionnaire": "q"}, {"currency": 5}, {"currency": ""}])
def test_arguments_of_another_type_are_refused(wrong: dict[str, Any]) -> None:
    given = {"catalogue": graded().catalogue, "as_of": TODAY, **wrong}
    with pytest.raises(InvalidValue, match=next(iter(wrong))):
        Observations.read(frame(), **given)


def test_the_report_acts_on_no_terminal() -> None:
    with pytest.warns(TuningWarning):
        found = read(frame({**GOOD, "model": "Mi\x1b[31m\u202e"}))
    assert "\x1b" not in str(found)
    assert "Mi\\x1b[31m\\u202e" in str(found)


def test_days_may_carry_a_zone() -> None:
    rows = frame().assign(on=pd.to_datetime(["2018-03-01", "2018-03-02"], utc=True))
    assert read(rows).frame["on"].tolist() == [pd.Timestamp("2018-03-01"), pd.Timestamp("2018-03-02")]


def test_the_report_shows_itself() -> None:
    with pytest.warns(TuningWarning):
        found = read(frame({**GOOD, "model": "<b>Nokia</b>"}))
    assert repr(found) == "<Observations: 2 rows of 2 models (deal 2); 1 row left out, 1 name unresolved>"
    assert "Left out" in str(found)
    assert "<b>Nokia" not in found._repr_html_()
    assert "&lt;b&gt;Nokia" in found._repr_html_()


def test_a_market_is_the_clean_rows_beside_their_launch_facts() -> None:
    found = read(frame({**GOOD, "model": "xiaomi-redmi-note-4-2-32", "price_minor": 5}).assign(grade=["A", "A", "B"]))
    market = found.market(graded().catalogue, {"xiaomi-redmi-note-4-4-64": 1_299_900, "oneplus-3t-6-64": 2_999_900})
    assert market["row"].tolist() == [0, 1]  # the third is of a worse grade
    assert market["new_price"].tolist() == [2_999_900, 1_299_900]
    launched = graded().catalogue.lookup("oneplus-3t-6-64")
    assert launched is not None
    assert launched.launched_on is not None
    assert market["age_months"][0] == pytest.approx((date(2018, 3, 1) - launched.launched_on).days / 30.4375)
    assert market["launch_year"][0] == launched.launched_on.year


def test_a_row_without_launch_facts_is_left_out_and_named() -> None:
    catalogue = Catalogue.of([variant.replace(launched_on=None) if variant.model == GOOD["model"] else variant
                              for variant in graded().catalogue])  # fmt: skip
    found = read(frame())
    with pytest.warns(TuningWarning, match="row 0 are left out"):
        assert found.market(catalogue)["row"].tolist() == [1]
    with pytest.raises(InvalidValue, match="says when no observed model was launched"), pytest.warns(TuningWarning):
        found.market(Catalogue.of([variant.replace(launched_on=None) for variant in graded().catalogue]))
