"""JSON of a value: the path and the words of its first fault, alone and within the models of a service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from miexchange import Condition, Device, Imei, InvalidValue
from miexchange._bounded import Count, Id, Pair, Since
from miexchange._door import Served, adapter_of, read_as, read_data, reveals
from miexchange._value import Value
from unit import small

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = Pair("name", "value", ("the name", "the value"))


@dataclass(frozen=True, slots=True)
class Sent(Value):
    """It was sent.

    Attributes:
        on: when.
        kind: which event it is.
    """

    on: date
    kind: Literal["sent"] = "sent"

    def _faults(self) -> Any:  # noqa: ANN401 - an iterator
        if self.on.year == 2000:
            yield "on", self.on, "give another year"
        if self.on.year == 2001:
            yield "", self, "give another year"


@dataclass(frozen=True, slots=True)
class Lost(Value):
    """It was lost.

    Attributes:
        where: where.
        kind: which event it is.
    """

    where: Id
    kind: Literal["lost"] = "lost"


@dataclass(frozen=True, slots=True)
class Parcel(Value):
    """A parcel.

    Attributes:
        to: where it goes.
        weight: what it weighs.
        tags: what is on it.
        past: what happened.
        last: what happened last.
        said: what is in it.
        phone: which phone.
        own: its parts.
        size: its size.
    """

    _most_items: ClassVar[int] = 2

    to: Id
    weight: Count = 0
    tags: tuple[Annotated[tuple[Id, Count], _TAG], ...] = ()
    past: tuple[Sent | Lost, ...] = ()
    last: Sent | Lost | None = None
    said: Condition | None = None
    phone: Imei | None = None
    size: tuple[Count, Id] = (0, "a")
    own: Annotated[Id | None, Since(2)] = None


PARCEL = Parcel(
    "Pune",
    5,
    (("a", 1),),
    (Sent(date(2018, 3, 20)), Lost("Agra")),
    Lost("Agra"),
    Condition({"glass": "best"}),
    Imei(small.IMEI),
)
DATA = PARCEL.to_dict(reveal_imei=True)


def test_a_value_is_read_as_it_is_written() -> None:
    assert Parcel.from_dict(DATA) == PARCEL
    for form in (1, 2):
        assert Parcel.from_dict({**DATA, "form": form}) == PARCEL
    assert Parcel.from_dict(PARCEL.replace(own="x").to_dict(reveal_imei=True)) == PARCEL.replace(own="x")


NO_COUNT = "give a whole number from 0 to 9223372036854775807"
NO_ID = "give one line of text of up to 200 characters, without control characters"
NO_TAG = "give an object of name and value"


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"to": 5}, "type", f"Parcel.to is 5: {NO_ID}"),
        ({"to": ""}, "range", f"Parcel.to is empty: {NO_ID}"),
        ({"weight": -1}, "range", f"Parcel.weight is -1: {NO_COUNT}"),
        ({"weight": None}, "type", f"Parcel.weight is null: {NO_COUNT}"),
        ({"tip": 1}, "unknown", "Parcel has no field 'tip': leave it out; known: to, weight, tags, past, last, "),
        ({small.IMEI: 1}, "unknown", "Parcel has no field '35417803******9': leave it out"),
        ({"form": 3}, "range", "Parcel.form is 3, which a newer version of miexchange wrote: read it with that "),
        ({"form": "2"}, "type", "Parcel.form is the text '2': give a whole number from 1 to 2"),
        ({"form": 0}, "range", "Parcel.form is 0: give a whole number from 1 to 2"),
        ({"tags": 5}, "type", "Parcel.tags is 5: give a list, each element an object of name and value"),
        ({"tags": [5]}, "type", f"Parcel.tags.0 is 5: {NO_TAG}"),
        ({"tags": [["a", 1], ["a", -1]]}, "range", f"Parcel.tags.1.1 is -1: {NO_COUNT}"),
        ({"tags": [{"name": "a", "value": "x"}]}, "type", f"Parcel.tags.0.value is the text 'x': {NO_COUNT}"),
        ({"tags": [{"name": 5, "value": 1}]}, "type", f"Parcel.tags.0.name is 5: {NO_ID}"),
        ({"tags": [{"name": "a"}]}, "missing", f"Parcel.tags.0.value is missing: {NO_TAG}"),
        ({"tags": [{}]}, "missing", f"Parcel.tags.0.name is missing: {NO_TAG}"),
        (
            {"tags": [{"name": "a", "value": 1, "more": 1}]},
            "unknown",
            "Parcel.tags.0 has no field 'more': leave it out; known: name, value",
        ),
        ({"tags": [["a", 1]] * 3}, "range", "Parcel.tags has 3 elements: give up to 2 elements"),
        ({"past": [5]}, "type", "Parcel.past.0 is 5: give the JSON form of a Sent or the JSON form of a Lost"),
        ({"past": [{}]}, "missing", "Parcel.past.0.kind is missing: give one of: sent, lost"),
        ({"past": [{"kind": "x"}]}, "range", "Parcel.past.0.kind is 'x': give one of: sent, lost"),
        ({"past": [{"kind": 5}]}, "type", "Parcel.past.0.kind is 5: give one of: sent, lost"),
        ({"past": [{"kind": ["sent"]}]}, "type", "Parcel.past.0.kind is a list: give one of: sent, lost"),
        ({"past": [{"kind": "lost"}]}, "missing", f"Parcel.past.0.where is missing: {NO_ID}"),
        (
            {"past": [{"kind": "sent", "on": "soon"}]},
            "range",
            "Parcel.past.0.on is 'soon': give a day as text, such as 2018-03-20",
        ),
        ({"last": {"kind": "lost", "where": 5}}, "type", f"Parcel.last.where is 5: {NO_ID}"),
        ({"last": {"kind": "lost", "where": "a", "tip": 1}}, "unknown", "Parcel.last has no field 'tip'"),
        (
            {"last": 5},
            "type",
            "Parcel.last is 5: give the JSON form of a Sent or the JSON form of a Lost, or null",
        ),
        ({"last": {"kind": "sent", "on": "2000-01-01"}}, "range", "Parcel.last.on is 2000-01-01: give another year"),
        ({"last": {"kind": "sent", "on": "2001-01-01"}}, "range", "Parcel.last"),
        ({"said": {"glass": 5}}, "type", "Parcel.said.glass is 5: give a text"),
        ({"said": 5}, "type", "Parcel.said is 5: give the JSON form of a Condition, or null"),
        ({"size": [1]}, "missing", f"Parcel.size.1 is missing: {NO_ID}"),
        ({"size": [1, "a", 2]}, "range", "Parcel.size has 3 elements: give 2 elements"),
        ({"size": [-1, "a"]}, "range", f"Parcel.size.0 is -1: {NO_COUNT}"),
        ({"size": [1, 5]}, "type", f"Parcel.size.1 is 5: {NO_ID}"),
        ({"phone": "354178036859788"}, "range", "Parcel.phone is '35417803******8', which "),
        ({"phone": 5}, "type", "Parcel.phone is 5: give the JSON form of an Imei, or null"),
    ],
)
def test_the_first_fault_has_its_path_and_its_remedy(change: dict[str, Any], kind: str, says: str) -> None:
    errors = []
    given = {**DATA, **change}
    reads: list[Callable[[], object]] = [lambda: Parcel.from_dict(given), lambda: Parcel.from_json(json.dumps(given))]
    for read in reads:
        with pytest.raises(InvalidValue) as caught:
            read()
        errors.append(caught.value)
    assert {(error.kind, str(error)) for error in errors} == {(kind, str(errors[0]))}
    assert str(errors[0]).startswith(says)


def test_of_several_faults_the_first_is_told() -> None:
    with pytest.raises(InvalidValue, match=r"^Parcel\.to is 5"):
        Parcel.from_dict({"to": 5, "weight": "x", "tags": 7})
    with pytest.raises(InvalidValue, match=r"^Parcel\.to is missing"):
        Parcel.from_dict({})


def test_an_imei_that_is_none_is_told_with_its_own_remedy() -> None:
    with pytest.raises(InvalidValue) as caught:
        Parcel.from_dict({**DATA, "phone": "354178036859788"})
    with pytest.raises(Exception) as plain:  # noqa: PT011 - the error of an IMEI, whose words are compared
        Imei("354178036859788")
    what, remedy = plain.value.what, plain.value.remedy  # type: ignore[attr-defined]  # as above
    assert (caught.value.kind, caught.value.rule) == ("range", f"{remedy[0].lower()}{remedy[1:]}")
    assert f", which {what}: " in str(caught.value)


def test_what_json_does_not_have_is_told() -> None:
    rule = "give what to_dict returns: plain JSON data"
    for wrong, says in (
        ({"to": float("nan")}, f"Parcel holds what JSON does not have: {rule}"),
        (5, "Parcel is 5: give the JSON form of a Parcel"),
        ({"to": object()}, f"Parcel has an object in it: {rule}"),
    ):
        with pytest.raises(InvalidValue) as caught:
            read_data(Parcel, wrong)
        assert str(caught.value) == says
    with pytest.raises(InvalidValue, match="Parcel has an object in it: give it"):
        read_data(Parcel, [object()], "give it")
    with pytest.raises(InvalidValue, match=r"^Parcel\.to is null"):
        read_as(Parcel, '{"to":null}', {"to": None})


# Within the models of a service.


class Body(BaseModel):
    """What a service takes."""

    parcel: Parcel
    more: Any = None


def test_a_model_takes_a_value_or_its_data_and_writes_its_data() -> None:
    bare = PARCEL.to_dict()
    for given in (PARCEL, DATA):
        body = Body(parcel=given, more=PARCEL)  # type: ignore[arg-type]  # as pydantic reads it
        assert body.parcel == PARCEL
        assert body.model_dump() == {"parcel": bare, "more": bare}
        assert json.loads(body.model_dump_json()) == {"parcel": bare, "more": bare}
        assert small.IMEI not in body.model_dump_json()
    assert Body.model_validate_json(json.dumps({"parcel": DATA})).parcel == PARCEL


@pytest.mark.parametrize(
    ("context", "is_shown"),
    [
        ({"reveal_imei": True}, True),
        ({"reveal_imei": False}, False),
        ({"reveal_imei": 1}, False),
        ({"other": True}, False),
        ({}, False),
        (None, False),
        ("reveal_imei", False),
        (True, False),
    ],
)
def test_an_imei_is_written_for_who_asks_for_it(context: Any, is_shown: bool) -> None:  # noqa: ANN401, FBT001 - a case
    device = Device(small.MODEL, small.IMEI)
    written = TypeAdapter(Device).dump_python(device, context=context)
    assert (small.IMEI in f"{written}") is is_shown
    assert reveals(type("Info", (), {"context": context})) is is_shown


def test_an_error_within_a_model_has_our_words_and_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        Body(parcel={**DATA, "tags": [{"name": "a", "value": "x"}]})  # type: ignore[arg-type]  # as above
    (error,) = caught.value.errors()
    sentence = f"Parcel.tags.0.value is the text 'x': {NO_COUNT}"
    assert {name: error[name] for name in ("type", "loc", "msg", "input")} == {
        "type": "type",
        "loc": ("parcel", "tags", 0, "value"),
        "msg": sentence,
        "input": "'x'",
    }
    ctx = {"field": "Parcel.tags.0.value", "value": "'x'", "rule": NO_COUNT, "sentence": sentence}
    assert error["ctx"] == ctx
    with pytest.raises(ValidationError) as caught:
        Body(parcel={**DATA, "phone": small.IMEI[:-1] + "8"})  # type: ignore[arg-type]  # as above
    assert small.IMEI[8:14] not in str(caught.value)


def test_of_several_kinds_the_one_that_it_is_is_written() -> None:
    either: TypeAdapter[Any] = TypeAdapter(Parcel | Lost)
    for value in (PARCEL, Lost("Agra")):
        assert either.dump_python(value) == value.to_dict()
        assert either.validate_python(value.to_dict(reveal_imei=True)) == value
    with pytest.raises(ValidationError, match="Parcel"):
        either.validate_python({"to": 5})


def test_a_schema_within_a_model_is_that_of_the_value() -> None:
    found = Body.model_json_schema()["$defs"]
    assert found["Parcel"]["title"] == "Parcel"
    assert found["Parcel"]["required"] == ["to"]
    assert {"Parcel", "Sent", "Lost"} <= found.keys()


def test_a_class_has_a_serialiser_and_a_value_its_own() -> None:
    served: Any = Served()
    assert served.__get__(None, Parcel) is served
    assert served.__get__(PARCEL, Parcel) is adapter_of(Parcel, is_own=False).serializer
    assert adapter_of(Parcel) is adapter_of(Parcel, is_own=True)
    assert adapter_of(Parcel) is not adapter_of(Parcel, is_own=False)
