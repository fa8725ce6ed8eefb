"""Observations: what is read, what is left out and why, row by row."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from miexchange import DataError, InvalidValue
from miexchange.tuning import Observations, TuningWarning
from unit.tuned import graded

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Questionnaire

TODAY = date(2018, 4, 1)
GOOD = {
    "model": "oneplus-3t-6-64",
    "price_paise": 1_100_000,
    "on": date(2018, 3, 1),
    "kind": "deal",
    "source": "till",
}
OTHER = {**GOOD, "model": "xiaomi-redmi-note-4-4-64", "price_paise": 700_000}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([GOOD, OTHER, *rows])


def read(data: object, questionnaire: Questionnaire | None = None) -> Observations:
    return Observations.read(data, graded().catalogue, as_of=TODAY, questionnaire=questionnaire)  # type: ignore[arg-type]


def test_good_rows_are_all_kept_and_the_frame_is_not_changed() -> None:
    given = frame()
    before = given.copy()
    found = read(given)
    assert len(found) == 2
    assert found.problems.empty
    assert found.unresolved.empty
    pd.testing.assert_frame_equal(given, before)
    assert found.frame["price_paise"].dtype == np.int64


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("price_paise", -5, "is not above zero"),
        ("price_paise", 0, "is not above zero"),
        ("price_paise", 10.5, "is no whole number of paise"),
        ("price_paise", None, "is no whole number of paise"),
        ("price_paise", 10**13, "is out of range"),
        ("on", date(2018, 4, 2), "is after 2018-04-01"),
        ("on", None, "is no date"),
        ("on", "yesterday", "is no date"),
        ("kind", "rumour", "is not known here"),
        ("kind", None, "is not known here"),
        ("source", " ", "is no source"),
        ("source", None, "is no source"),
        ("model", "Nokia 3310", "leads to no one variant"),
        ("model", None, "leads to no one variant"),
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
        found = read(frame({**GOOD, "price_paise": -1, "kind": "x"}))
    assert found.problems["column"].tolist() == ["price_paise", "kind"]


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
    with pytest.warns(TuningWarning, match="all have one price, 1100000 paise"):
        read(pd.DataFrame([GOOD, {**OTHER, "price_paise": 1_100_000}]))


def test_nothing_usable_is_an_error_that_names_the_rows() -> None:
    with pytest.raises(DataError, match=r"holds no usable row[\s\S]*row 0: -1 is not above zero"):
        read(pd.DataFrame([{**GOOD, "price_paise": -1}]))


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
