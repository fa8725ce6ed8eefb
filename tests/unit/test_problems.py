"""The faults of a data file: all of them at once, up to a limit that is told."""

from __future__ import annotations

import pytest

from miexchange._limits import PROBLEMS
from miexchange._problems import Problems
from miexchange.errors import DataError, Problem


def test_faults_are_raised_together_and_none_is_no_error() -> None:
    problems = Problems()
    problems.raise_if_any()
    problems.add("prices.csv", 2, "model", "is empty", "Fill it in")
    problems.add("prices.csv", 3, "model", "is empty", "Fill it in")
    with pytest.raises(DataError) as caught:
        problems.raise_if_any()
    assert [problem.line for problem in caught.value.problems] == [2, 3]


def test_the_last_fault_says_that_the_rest_was_not_looked_at() -> None:
    problems = Problems()
    for line in range(1, PROBLEMS):
        problems.add("prices.csv", line, "model", "is empty", "Fill it in")
    with pytest.raises(DataError) as caught:
        problems.add("prices.csv", PROBLEMS, "model", "is empty", "Fill it in")
    found = caught.value.problems
    assert len(found) == PROBLEMS + 1
    remedy = "Correct these first"
    assert found[-1] == Problem("prices.csv", None, "", "has 1,000 problems; the rest was not looked at", remedy)
