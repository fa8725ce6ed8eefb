"""The law of arguments: an error of a wrong argument names that argument, so that its caller finds it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import InvalidValue
from property.doors import DOORS
from property.sound import arguments, example

if TYPE_CHECKING:
    from property.doors import Door

ISLANDS = {
    *("batch", "cases", "cli", "display", "laws", "ledger", "losses", "pricelists", "prove", "report", "simulator"),
    *("spark", "sql", "strategies", "tuning"),
}
OF_ITS_TYPE = {"from_json", "from_dict", "of", "parse", "lookup", "read", "from_device_report"}
"""What reads a whole value: its error names the type."""

ANOTHER = {
    *("Questionnaire.may_ask", "Questionnaire.best", "Questionnaire.answer_unknown", "Terms.paid_bonus"),
    *("what_would_change", "eligibility.assess", "programme.new_programme", "refusal.reason_of", "refusal.refused"),
}
"""Doors of which an argument says what another one must be: their errors may name that one."""


def checked() -> list[Door]:
    """Return the functions and methods of the core that check what they are given."""
    return [
        door
        for door in DOORS
        if door.name.partition(".")[0] not in ISLANDS and not inspect.isclass(door.verb) and door.name not in ANOTHER
        if (last := door.name.rpartition(".")[2]) not in OF_ITS_TYPE and not last.startswith("_")
    ]


def fault_of(door: Door, name: str) -> InvalidValue | None:
    """Return the error for a wrong argument, if it is this door that checks it."""
    given: dict[str, Any] = {**arguments(door), name: object()}
    function = door.verb if door.of is None else door.verb.__get__(example(door.of))
    positional = [given.pop(one.name) for one in door.parameters if one.kind is one.POSITIONAL_ONLY]
    try:
        function(*positional, **given)
    except InvalidValue as error:
        return error
    except TypeError:  # a function of the caller's that cannot be called
        return None
    except Exception:  # noqa: BLE001 - an IMEI or a file has errors of its own
        return None
    return None


@pytest.mark.sweep
def test_an_error_names_the_argument() -> None:
    faults = [
        (door.name, parameter.name, error.field)
        for door in checked()
        for parameter in door.parameters
        if parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
        and (error := fault_of(door, parameter.name)) is not None
    ]
    assert len(faults) > 100
    assert [fault for fault in faults if fault[1] not in fault[2].replace(".", " ").split()] == []


@pytest.mark.parametrize("verb", ["accept", "issue", "appraise"])
def test_the_doors_of_money_are_among_them(verb: str) -> None:
    assert any(door.name.rpartition(".")[2] == verb for door in checked())
