"""What is promised never to change: codes, states, names of lines, and the keys of JSON. There may be more of each.

``promised.json`` is the table; a name that is added goes into it before a release, and none goes out.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import miexchange
from cases.test_cases import VALUATIONS, programme_of
from miexchange import Quote, events, exchange, programme
from miexchange.cases import covering_cases

PROMISED: dict[str, Any] = json.loads(Path(__file__).with_name("promised.json").read_text(encoding="utf-8"))


def named(name: str) -> Any:  # noqa: ANN401 - a public type
    return next(getattr(room, name) for room in (miexchange, exchange, programme, events) if hasattr(room, name))


@pytest.mark.parametrize("name", PROMISED["words"])
def test_a_word_is_spelled_as_it_was(name: str) -> None:
    assert {word.value for word in named(name)} >= set(PROMISED["words"][name])


@pytest.mark.parametrize("name", PROMISED["keys"])
def test_a_key_of_json_has_the_name_that_it_had(name: str) -> None:
    fields = {field.name for field in dataclasses.fields(named(name))}
    assert fields >= set(PROMISED["keys"][name])


def test_a_line_has_the_name_that_it_had() -> None:
    found = [case.outcome(programme_of(case.programme)) for case in VALUATIONS]
    mine = programme_of("age-and-bonus")
    found += [case.outcome(mine) for case in covering_cases(mine).cases if case.model]
    rules = {line.rule for quote in found if isinstance(quote, Quote) for line in quote.lines}
    rules |= {rule.partition(":")[0] for rule in rules} | {
        step for step, *_ in mine.terms[0].closing_names(mine.currency)
    }
    assert rules >= set(PROMISED["rules"])


def test_no_word_is_without_its_promise() -> None:
    """A code that is new stands in the table as well, before somebody else's code reads it."""
    assert set(PROMISED["words"]["ReasonCode"]) == {code.value for code in miexchange.ReasonCode}
