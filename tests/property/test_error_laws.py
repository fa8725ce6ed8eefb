"""The law of sentences: an error says which field, what is wrong with it, and what to give, in words of our own."""

from __future__ import annotations

import inspect
import json
import pickle
from copy import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError, create_model

import miexchange
from miexchange import (
    Condition,
    Currency,
    DataError,
    Device,
    Exchange,
    Imei,
    Inspection,
    InvalidImei,
    InvalidValue,
    MiExchangeError,
    Order,
    OrderLine,
    Programme,
)
from miexchange._value import Value
from miexchange.coupon import device_token
from miexchange.errors import missing, out_of_range, unknown, wrong_type
from miexchange.ledger import BusyError, LedgerError, LedgerVersionError, UnreachableError, UnreadableError
from miexchange.strategies import STRATEGIES
from property.hostile import anything
from property.messages import FOREIGN, NUMBER, fault_of_message, fault_of_sentence
from unit import trade

INR = Currency("INR")
LINE = OrderLine("Mi A1", "smartphone", "Mi", "mi.com", 14_999_00)
PHONE = Imei.from_body("35417803685978")
SEEN = '{"answers":{},"imeis":["354178036859781"]}'

KINDS = [
    kind
    for name in miexchange.__all__
    if inspect.isclass(kind := getattr(miexchange, name)) and issubclass(kind, Value)
    if kind not in {Currency, Imei}  # their JSON form is a text
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def form_of(kind: Any, data: st.DataObject) -> Any:
    """Return the whole JSON form of some value."""
    value = data.draw(STRATEGIES[kind]())
    whole = {"reveal_imei": True} if "reveal_imei" in inspect.signature(kind.to_json).parameters else {}
    return json.loads(value.to_json(**whole))


def places_in(form: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every field and element of a JSON form."""
    pairs = form.items() if isinstance(form, dict) else enumerate(form) if isinstance(form, list) else ()
    return [place for key, item in pairs for place in ((*path, key), *places_in(item, (*path, key)))]


def damaged(form: Any, path: tuple[Any, ...], wrong: object) -> Any:
    """Return a copy of a JSON form with something else at a path."""
    if not path:
        return wrong
    again = copy(form)
    again[path[0]] = damaged(form[path[0]], path[1:], wrong)
    return again


def dotted(kind: Any, path: tuple[Any, ...]) -> str:
    """Return how an error names a place."""
    return ".".join((kind.__name__, *map(str, path)))


def sentence_of(kind: Any, text: str) -> InvalidValue | None:
    """Return the error of a JSON text, whose sentence keeps the law; None where the value can be so."""
    try:
        kind.from_json(text)
    except InvalidValue as found:
        error = found
    else:
        return None
    assert not fault_of_message(error)
    return error


WRONG: list[object] = [None, True, -1, 10**30, 1.5, "", "x" * 5_000, [], [[]], {}, {"x": 1}, "2018-13-01"]


@each_kind
@given(data=st.data())
def test_every_damage_of_a_json_form_is_said_with_its_path(kind: Any, data: st.DataObject) -> None:
    """Design, promise 8: a key missing, unknown or repeated, another type, out of range: one of four sentences."""
    form = form_of(kind, data)
    places = places_in(form)
    place = data.draw(st.sampled_from(places))
    error = sentence_of(kind, json.dumps(damaged(form, place, data.draw(st.sampled_from(WRONG)))))
    # A value's own rules name the field that does not fit the others.
    assert error is None or error.field.startswith(kind.__name__)

    keys = [one for one in places if isinstance(one[-1], str) and not _in_condition(kind, one)]
    *above, key = data.draw(st.sampled_from(keys))
    whole = form
    for step in above:
        whole = whole[step]
    error = sentence_of(kind, json.dumps(damaged(form, tuple(above), {one: whole[one] for one in whole if one != key})))
    if error is not None and error.field == dotted(kind, (*above, key)):
        assert error.kind == "missing" or error.rule
    error = sentence_of(kind, json.dumps(damaged(form, tuple(above), {**whole, "surprise": 1})))
    assert error is not None
    assert (error.kind, error.field) == ("unknown", dotted(kind, (*above, "surprise")))
    text = json.dumps(damaged(form, tuple(above), {**whole, "\x00": 0}))
    error = sentence_of(kind, text.replace('"\\u0000": 0', f"{json.dumps(key)}: 0"))
    assert error is not None
    assert f"{error}" == f"{dotted(kind, (*above, key))} is a duplicate key: write each key once"


def _in_condition(kind: Any, path: tuple[Any, ...]) -> bool:
    return bool({"condition", "answers", "assumed"} & {*path[:-1]}) or kind is Condition


def of_json(model: type[BaseModel], held: object) -> list[Any]:
    """Return the faults of a model that reads JSON."""
    try:
        model.model_validate_json(json.dumps({"held": held}))
    except ValidationError as error:
        return list(error.errors())
    return []


def of_python(model: type[BaseModel], held: object) -> list[Any]:
    """Return the faults of a model that takes data of Python."""
    try:
        model.model_validate({"held": held})
    except ValidationError as error:
        return list(error.errors())
    return []


@each_kind
@given(data=st.data())
def test_a_value_as_a_field_of_a_model_speaks_our_words(kind: Any, data: st.DataObject) -> None:
    """No sentence of pydantic's reaches a caller, from the models of somebody else either."""
    model: type[BaseModel] = create_model("Holder", held=(kind, ...))
    form = form_of(kind, data)
    model.model_validate_json(json.dumps({"held": form}))
    place = (data.draw(st.sampled_from(sorted(form))),)
    wrongs: list[object] = [damaged(form, place, [{}]), {**form, "surprise": 1}, {}, [], 5]
    for wrong in wrongs:
        for faults in (of_json(model, wrong), of_python(model, wrong)):
            for fault in faults:
                assert not FOREIGN.search(fault["msg"])
                assert fault["msg"].startswith(kind.__name__)
                place, path = fault["loc"], fault["ctx"]["field"].partition(".")[2]
                assert (place[0], ".".join(map(str, place[1:]))) == ("held", path)
    assert TypeAdapter(kind).json_schema()


@given(anything, st.sampled_from(["a", "a.b"]))
def test_every_maker_keeps_the_law(value: Any, field: str) -> None:
    """Whatever was given, the sentence is one printable line that names the field and shows no IMEI; it pickles."""
    for error in (
        missing(field, "give one"),
        unknown(field, "field", value, ("abc", "abd")),
        wrong_type(field, value, "give a text"),
        out_of_range(field, value, "give one"),
        out_of_range(field, value, "give one", which="is none"),
    ):
        assert not fault_of_message(error)
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert (f"{again}", vars(again)) == (f"{error}", vars(error))
        moved = error.at(f"Whole.{error.field}")
        assert not fault_of_sentence(moved)
        assert (moved.value, moved.rule, moved.kind) == (error.value, error.rule, error.kind)


def test_a_service_can_tell_its_clients_fault_from_its_own() -> None:
    """Reference, whose fault it is: what a caller gave is a `ValueError`; a database or a version is none."""
    for kind in (InvalidValue, InvalidImei, DataError, miexchange.ProgrammeNotFoundError):
        assert issubclass(kind, MiExchangeError)
        assert issubclass(kind, ValueError)
    for own in (LedgerError, UnreachableError, BusyError, LedgerVersionError, UnreadableError, miexchange.VersionError):
        assert issubclass(own, MiExchangeError)
        assert not issubclass(own, ValueError)
    assert issubclass(LedgerVersionError, miexchange.VersionError)
    with pytest.raises(miexchange.ProgrammeNotFoundError, match="there is no programme here"):
        Programme.load("no-such-programme")


def test_an_error_can_be_thrown_into_another_process() -> None:
    for error in (
        UnreachableError("It is away", "Look for it", "host", is_unknown=True),
        LedgerVersionError("It is new", "Install a newer one"),
        BusyError("It is busy", "Try again"),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - as above
        assert (type(again), f"{again}", vars(again)) == (type(error), f"{error}", vars(error))


def test_a_number_that_is_an_imei_is_masked_and_nothing_else() -> None:
    digest = "9e3c0f4c2b1d4f6a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a"
    assert digest[:50] in f"{out_of_range('Quote.digest', digest, 'give one')}"
    for shown in ("2018-03-20T12:00:00+05:30", "550e8400-e29b-41d4-a716-446655440000", digest[:32], digest[:40]):
        assert f"{out_of_range('a', shown, 'give one')}" == f"a is '{shown}': give one"
    for hidden in (NUMBER, f"imei={NUMBER}", f"{NUMBER[:8]} {NUMBER[8:]}", f"abc{NUMBER}"):
        assert NUMBER[8:14] not in f"{out_of_range('a', hidden, 'give one')}".replace(" ", "")


REPORTED: list[tuple[Any, str]] = [
    (lambda: Order("o", (), INR), "Order.lines is empty: give 1 to 1,000 elements"),
    (lambda: Order("o", [LINE], INR), "Order.lines is a list: give a tuple, each element an OrderLine"),  # type: ignore[arg-type]
    (lambda: Order("o", (LINE, "x"), INR), "Order.lines.1 is the text 'x': give an OrderLine"),  # type: ignore[arg-type]
    (lambda: LINE.replace(price_minor=-5), "OrderLine.price_minor is -5: give a whole number from 0 to 100000000000"),
    (lambda: LINE.replace(pric_minor=5), "OrderLine has no field 'pric_minor': write price_minor, or leave it out"),
    (lambda: device_token(PHONE, key=b"four"), "key is 4 bytes long: give at least 16 secret bytes"),
    (lambda: device_token(PHONE, key=b"changemechangeme"), "key is no secret: it repeats itself: give at least 16"),
    (lambda: device_token(PHONE, key="a text"), "key is a text, not bytes: give at least 16"),  # type: ignore[arg-type]
    (lambda: Order.from_json("{}"), "Order.id is missing: give one line of text"),
    (
        lambda: Order.from_json('{"id":"o","lines":null}'),
        "Order.lines is null: give a list, each element the JSON form of",
    ),
    (lambda: Order.from_json('{"id":7,"lines":[]}'), "Order.id is 7: give one line of text"),
    (
        lambda: Order.from_json('{"lines":[{"brand":"a","brand":"b"}]}'),
        "Order.lines.0.brand is a duplicate key: write each key",
    ),
    (lambda: Device.from_json('{"model":"m","imei":true}'), "Device.imei is true: give"),
    (lambda: Inspection.from_json(SEEN), "Inspection.imeis.0 is '35417803******1', which has a wrong check digit"),
]


@pytest.mark.parametrize(("call", "said"), REPORTED, ids=[said for _, said in REPORTED])
def test_what_was_said_wrong_is_said_right(call: Any, said: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        call()
    assert f"{caught.value}".startswith(said)
    assert not fault_of_message(caught.value)


def test_an_event_of_an_exchange_is_named_by_its_kind() -> None:
    """An event says in `kind` which it is, so its faults are those of that event."""
    form = trade.completed().to_dict()
    for last, said in (
        ({"kind": "haggle"}, "Exchange.last.kind is 'haggle': give one of: reserve, release"),
        ({"surprise": 1}, "Exchange.last.kind is missing: give one of: reserve, release"),
        ({"kind": 7}, "Exchange.last.kind is 7: give one of: reserve, release"),
        ({"kind": "void"}, "Exchange.last.at is missing: give an instant as text"),
        ({**form["last"], "surprise": 1}, "Exchange.last has no field 'surprise': leave it out"),
        ("complete", "Exchange.last is the text 'complete': give the JSON form of a Reserve"),
    ):
        with pytest.raises(InvalidValue) as caught:
            Exchange.from_dict({**form, "last": last})
        assert f"{caught.value}".startswith(said)
