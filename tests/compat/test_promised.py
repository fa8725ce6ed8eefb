"""What is promised never to change: codes, states, names of lines, the keys of JSON, the words in it, and columns.

``promised.json`` is the table, and it is complete: a name that is changed or gone would break the code and the data of
others; a new one goes into the table before somebody reads it, and from then on it stays.
"""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest

import miexchange
from cases.test_cases import VALUATIONS, programme_of
from compat.make_values import KINDS, names_of
from miexchange import Programme, Quote, _data, batch, errors, exchange
from miexchange._bounded import hints_of
from miexchange.cases import covering_cases
from miexchange.programme.rules import RETENTIONS
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROMISED: dict[str, Any] = json.loads(Path(__file__).with_name("promised.json").read_text(encoding="utf-8"))
BRITAIN = shipped_programme("uk-trade-in")


def words() -> dict[str, list[str]]:
    """Return the members of each public enumeration, and the kinds of faults."""
    public = {**vars(miexchange), **vars(exchange)}.values()
    enums = {kind for kind in public if isinstance(kind, type) and issubclass(kind, Enum)}
    return {kind.__name__: sorted(word.value for word in kind) for kind in enums} | {
        "FaultKind": sorted(get_args(errors.FaultKind))
    }


def keys() -> dict[str, list[str]]:
    """Return the keys in the JSON of each public value."""
    found = {kind.__name__: sorted(names_of(kind)) for kind in KINDS.values()}
    assert len(found) == len(KINDS)
    return {**found, "Programme": sorted(BRITAIN.to_dict())}


def _literals(hint: Any) -> Iterator[str]:  # noqa: ANN401 - an annotation has no type
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        for part in get_args(hint):
            yield from _literals(part)


def choices() -> dict[str, list[str]]:
    """Return the words that a key allows, such as the kind of an event or a policy of a programme."""
    hints = {
        f"{kind.__name__}.{name}": sorted(_literals(hint))
        for kind in KINDS.values()
        if kind is not Programme
        for name, hint in hints_of(kind).items()
        if name in names_of(kind)
    }
    return {name: allowed for name, allowed in hints.items() if allowed}


def rules() -> list[str]:
    """Return the rules of the lines of quotes; those that go on with a name of the programme's without that name."""
    found = [case.outcome(programme_of(case.programme)) for case in VALUATIONS]
    mine = programme_of("age-and-bonus")
    found += [case.outcome(mine) for case in covering_cases(mine).cases if case.model]
    lines = {line.rule for quote in found if isinstance(quote, Quote) for line in quote.lines}
    closing = {step for step, *_ in mine.terms[0].closing_names(mine.currency)}
    return sorted({line.partition(":")[0] for line in lines} | closing | {rule.line for rule in RETENTIONS})


def columns() -> dict[str, list[str]]:
    """Return the columns of a table of devices, and of its result, for a programme with a few rules."""
    required, optional = batch.columns_in(BRITAIN)
    return {"in": sorted(required | optional), "out": sorted(batch.columns_out(BRITAIN))}


def values() -> dict[str, str]:
    """Return the values in the texts of reasons, with their types."""
    rows = _data.rows("reason_values.csv", ["name", "type", "meaning", "example", "source"])
    return {row["name"]: row["type"] for row in rows}


def outcomes() -> list[str]:
    """Return the outcomes in a table."""
    return sorted(batch.OUTCOMES)


SECTIONS: dict[str, Callable[[], Any]] = {
    one.__name__: one for one in (words, keys, choices, rules, outcomes, columns, values)
}


@pytest.mark.parametrize("section", SECTIONS)
def test_what_is_promised_is_all_there_is(section: str) -> None:
    today, promised = SECTIONS[section](), PROMISED[section]
    assert today == promised, f"add what is new to tests/compat/promised.json, under {section}; what is in it stays"


def test_every_section_is_compared() -> None:
    assert PROMISED.keys() == SECTIONS.keys()
