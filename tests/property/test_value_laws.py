"""The laws of every public value: frozen, hashable, one JSON form, and a copy that is checked like a new one."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import miexchange
from miexchange import (
    Condition,
    Device,
    Imei,
    InvalidValue,
    MiExchangeError,
    Programme,
    TacTable,
)
from miexchange._value import Value
from miexchange.strategies import STRATEGIES, register
from property.effort import effort

register()  # as the entry point does after an install

VALUES = [
    kind
    for name in miexchange.__all__
    if inspect.isclass(kind := getattr(miexchange, name)) and issubclass(kind, Value | Condition)
]
every_value = pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
calm = effort(0.25)


def json_of(value: Any) -> str:
    """Return the whole JSON form: what holds IMEIs leaves them out unless it is asked."""
    return value.to_json(reveal_imei=True) if isinstance(value, Value) else value.to_json()


def names_of(kind: Any) -> list[str]:
    """Return what the constructor of a value takes."""
    return ["digits"] if kind is Imei else [field.name for field in dataclasses.fields(kind)]


def parts(value: object) -> list[object]:
    """Return what a value is made of, all the way down."""
    found = [value]
    if dataclasses.is_dataclass(value):
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
    else:
        fields = list(value) if isinstance(value, tuple | frozenset) else []
    for field in fields:
        found += parts(field)
    return found


def test_there_are_many_public_values() -> None:
    assert len(VALUES) > 25
    assert set(VALUES) <= STRATEGIES.keys()


@every_value
@calm
@given(data=st.data())
def test_a_value_is_frozen(kind: type[Any], data: st.DataObject) -> None:
    """Design, promise 7: every public value is deeply frozen."""
    value = data.draw(st.from_type(kind))
    assert type(value) is kind
    for part in parts(value):
        assert not isinstance(part, list | dict | set | bytearray)
        if isinstance(part, Value | Condition) and part is not value:
            hash(part)
    names = ["_answers"] if kind is Condition else names_of(kind)
    for name in [*names, "anything"]:
        with pytest.raises((AttributeError, TypeError)):
            setattr(value, name, None)
        with pytest.raises((AttributeError, TypeError)):
            delattr(value, name)


@every_value
@calm
@given(data=st.data())
def test_a_value_has_one_json_form_that_comes_back(kind: type[Any], data: st.DataObject) -> None:
    """Design, promise 7: hashable, and with one canonical JSON form that round-trips."""
    value = data.draw(st.from_type(kind))
    text = json_of(value)
    again = kind.from_json(text)
    assert again == value
    assert hash(again) == hash(value)
    assert json_of(again) == text
    assert kind.from_json(text.encode()) == value
    # Canonical: keys sorted, no spaces; the same whoever writes it.
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text
    if issubclass(kind, Value):
        assert kind.from_dict(json.loads(text)) == value


@every_value
@calm
@given(data=st.data())
def test_a_value_survives_copy_and_pickle(kind: type[Any], data: st.DataObject) -> None:
    """Design, promise 7: immutable, so that a copy is as good as the value, in another process too."""
    value = data.draw(st.from_type(kind))
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 - our own bytes
        assert again == value
        assert hash(again) == hash(value)
        assert json_of(again) == json_of(value)


@every_value
@calm
@given(data=st.data())
def test_replace_checks_like_the_constructor(kind: type[Any], data: st.DataObject) -> None:
    """Value.replace: a copy with some fields changed, validated like a new value."""
    value = data.draw(st.from_type(kind))
    other = data.draw(st.from_type(kind))
    if kind is Condition:
        changed = value.replace(**dict(other))
        assert dict(changed) == {**value, **other}
        with pytest.raises(InvalidValue):
            value.replace(power=1)
        return
    fields = {name: getattr(value, name) for name in names_of(kind)}
    assert value.replace() == value.replace(**fields) == value
    with pytest.raises(InvalidValue):
        value.replace(no_such_field=1)
    for name, field in fields.items():
        for wrong in (object(), [field], 1.5, b"bytes", {"a": 1}, float("nan"), 10**5_000):
            if wrong == 1.5 and kind is Device and name.startswith("imei"):
                continue  # a number is named in the refusal
            if wrong != wrong and NoneType in get_args(get_type_hints(kind).get(name, str)):  # noqa: PLR0124 - a NaN
                try:
                    assert value.replace(**{name: wrong}) == kind(**{**fields, name: None})
                except MiExchangeError:  # None does not fit the other fields, such as an order without its redemption
                    with pytest.raises(MiExchangeError):
                        kind(**{**fields, name: None})
                continue  # it is nothing, and None may stand there
            with pytest.raises(MiExchangeError):
                value.replace(**{name: wrong})
        mixed = {**fields, name: getattr(other, name)}
        try:
            copied = value.replace(**{name: getattr(other, name)})
        except MiExchangeError:
            with pytest.raises(MiExchangeError):
                kind(**mixed)
        else:
            assert copied == kind(**mixed)


@every_value
@calm
@given(data=st.data())
def test_a_value_equals_only_its_own_kind(kind: type[Any], data: st.DataObject) -> None:
    """Design, promise 7: equal values hash alike; a text or a dict is no value."""
    value, other = data.draw(st.from_type(kind)), data.draw(st.from_type(kind))
    assert (value == other) == (json_of(value) == json_of(other))
    assert value != json_of(value)
    assert value != dict(other) if kind is Condition else value != other.to_dict()
    assert len({value, kind.from_json(json_of(value))}) == 1


@pytest.mark.parametrize("number", [354178036859789, 354178036859789.0, 0, -1.5, 10**59])
def test_a_device_with_a_number_for_an_imei_has_a_json_form(number: float) -> None:
    """Design, promise 7: what a device holds, to be named in the refusal, round-trips."""
    device = Device("acme", number)
    text = device.to_json(reveal_imei=True)
    assert Device.from_json(text) == device
    assert Device.from_json(text).to_json(reveal_imei=True) == text


@pytest.mark.parametrize("kind", [Programme, TacTable], ids=lambda kind: kind.__name__)
@calm
@given(data=st.data())
def test_so_is_what_is_too_large_for_json(kind: type[Any], data: st.DataObject) -> None:
    """Design, section 3: a programme is one immutable object; a service swaps one reference."""
    value = data.draw(st.from_type(kind))
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    assert again == value
    assert hash(again) == hash(value)
    for field in dataclasses.fields(kind):
        with pytest.raises(AttributeError):
            setattr(value, field.name, None)


@pytest.mark.parametrize("name", [name for name in miexchange.__all__ if inspect.isclass(getattr(miexchange, name))])
def test_every_public_type_can_be_drawn(name: str) -> None:
    """Design, section 1: strategies for every public type."""
    kind = getattr(miexchange, name)
    if issubclass(kind, Exception):
        return
    assert kind in STRATEGIES or issubclass(kind, StrEnum)

    @settings(max_examples=3)
    @given(st.from_type(kind))
    def drawn(value: object) -> None:
        assert isinstance(value, kind)

    drawn()
