"""The law of every door: for any object there comes a value, a refusal, or an error of this package; nothing else.

What is a value is sound: each field is within its bounds, also where the value was made without looking at them again.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis.errors import HypothesisException

from miexchange import Imei, InvalidImei, InvalidValue, MiExchangeError
from miexchange._value import Value, check_types
from property.doors import DOORS
from property.effort import THOROUGH
from property.hostile import OBJECTS, USED_ONCE
from property.messages import fault_of_message, said_of
from property.sound import arguments, example

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from property.doors import Door

COSTLY = {
    "batch": 24,
    "cli": 12,
    "ledger": 12,
    "pricelists": 12,
    "spark": 12,
    "sql": 12,
    "strategies": 12,
    "tuning": 12,
}
"""How many hostile objects a parameter of these modules gets in a plain run."""

SHARED = 12
"""How many a method gets that every public value inherits: all values together get all objects."""

FIELD = 24
"""How many a field of a public value gets: the same holds of them. A function of the core gets all objects."""

FILES = ("source", "target", "rejects", "path", "directory", "url")
"""Parameters that name a file, for which a door may raise `OSError`."""

MISSING = {"Condition.__getitem__": KeyError, "laws.assert_replays": AssertionError}
"""What Python's own protocol of mappings asks for where a key is not there: `in` and `get` rely on it; and what a law
that does not hold raises: programmes by digest may be any mapping, in which there is none."""

CLASSLESS = ("an object without a class", "an object without attributes")
"""What raises where it is asked for its class, as the `__eq__` that Python writes for a dataclass does."""


def tries(door: Door) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the parameter, the object's name and the arguments of every try: one argument is replaced by an object."""
    for parameter in door.parameters:
        labels = sorted(OBJECTS, key=lambda label: crc32(f"{door.name}.{parameter.name}.{label}".encode()))
        for label in labels[: None if THOROUGH else few(door)]:
            thing = made(label)
            if "Callable" in str(parameter.annotation) and hasattr(type(thing), "__call__"):  # noqa: B004 - of its type
                continue  # what the caller's own function raises is the caller's
            if door.name == "cli.main" and thing is None:
                continue  # the arguments of this process
            if door.name.endswith(".__eq__") and label in CLASSLESS:
                continue
            yield parameter.name, label, _given(door, parameter, thing)


def few(door: Door) -> int:
    """Return how many objects a parameter gets in a plain run."""
    room, _, method = door.name.partition(".")[0], *door.name.rpartition(".")[1:]
    if room in COSTLY:
        return COSTLY[room]
    if inspect.isclass(door.verb):
        return FIELD
    return SHARED if hasattr(Value, method) else len(OBJECTS)


@cache
def _kept(label: str) -> object:
    return OBJECTS[label]()


def made(label: str) -> object:
    """Return a hostile object; making some of them takes longer than passing through a door."""
    return OBJECTS[label]() if label in USED_ONCE else _kept(label)


def _given(door: Door, parameter: inspect.Parameter, thing: object) -> dict[str, Any]:
    if parameter.kind is not parameter.VAR_KEYWORD:
        return {**arguments(door), parameter.name: thing}
    names = list(inspect.signature(door.of).parameters) if door.of is not None else []
    return {**arguments(door), names[0] if names else "a": thing}


def fault_of(door: Door, name: str, given: dict[str, Any]) -> str:
    """Return what is wrong with what comes out of a door, or an empty text."""
    positional: list[object] = [example(door.of)] if door.of is not None else []
    named = dict(given)
    several = [part.name for part in door.parameters if part.kind is part.VAR_POSITIONAL and part.name in named]
    positional.extend(named.pop(part) for part in several)
    try:
        answer = door.verb(*positional, **named)
        if isinstance(answer, Value):
            hash(answer), repr(answer)
    except MiExchangeError as error:
        return fault_of_message(error)
    except MISSING.get(door.name, ()):
        return ""
    except OSError as error:
        return "" if name in FILES else said_of(error)
    except HypothesisException:
        return "" if door.name.startswith("strategies.") else "a Hypothesis error"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - that is the law
        return said_of(error)
    return fault_of_value(answer) if isinstance(answer, Value) else ""


def fault_of_value(value: Value) -> str:
    """Return how a value that came out of a door breaks the bounds of its fields: the hot path checks none of them."""
    try:
        if type(value) is Imei:  # of one text, and no dataclass
            return "" if Imei(value.digits) == value else "an IMEI of another form"
        check_types(value)
    except (InvalidImei, InvalidValue) as error:
        return f"a value that is not sound: {error}"
    return ""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder: a text that is taken for a path may make a file there."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_nothing_but_our_errors_comes_out_of_a_door(door: Door) -> None:
    """Design, promise 8: any input gives a value, a `Refusal`, or a `MiExchangeError`."""
    faults = {
        f"{name} = {label}": fault for name, label, given in tries(door) if (fault := fault_of(door, name, given))
    }
    assert faults == {}
