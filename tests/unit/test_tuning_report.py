"""What every report shows: a screen of it as its repr, all of it printed, large numbers with separators."""

from __future__ import annotations

import pandas as pd

from miexchange.tuning._report import Report, separated


class Long(Report):
    title = "Long"

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        wide = {f"column {number}": range(100) for number in range(40)}
        return [(f"table {number}", pd.DataFrame({"price_minor": [1_234_567] * 100, **wide})) for number in range(5)]


def test_a_repr_is_of_one_screen_and_says_that_there_is_more() -> None:
    lines = repr(Long()).split("\n")
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 120
    assert lines[0] == "Long"
    assert lines[-1] == "… print it to see the rest"
    assert len(str(Long()).split("\n")) > 500


def test_a_short_report_is_its_repr() -> None:
    class Short(Report):
        def tables(self) -> list[tuple[str, pd.DataFrame]]:
            return [("One", pd.DataFrame({"a": [1]})), ("None", pd.DataFrame())]

    assert repr(Short()) == str(Short()) == "Report\n\nOne\n   a\n0  1"


def test_large_whole_numbers_have_separators() -> None:
    table = pd.DataFrame(
        {
            "minor": [1_234_567, -5],
            "gap": [12_345.0, None],
            "part": [12_345.5, 1.0],
            "small": [9_999, 1],
            "text": ["1", "2"],
        }
    )
    shown = separated(table)
    assert shown["minor"].tolist() == ["1,234,567", "-5"]
    assert shown["gap"].tolist() == ["12,345", ""]
    assert shown[["part", "small", "text"]].equals(table[["part", "small", "text"]])
    assert table["minor"].tolist() == [1_234_567, -5]
    twice = pd.concat([table[["minor"]], table[["minor"]]], axis=1)
    assert separated(twice).iloc[:, 1].tolist() == ["1,234,567", "-5"]
    assert "1,234,567" in Long()._repr_html_()
