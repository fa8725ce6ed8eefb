"""A service of FastAPI whose bodies are values: what it reads, what it answers, and what it never repeats."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from miexchange import Condition, Device, Imei, Order, Quote, Refusal
from miexchange._value import Value
from property import sound
from property.test_body_laws import KINDS, example, form_of, numbers_in

app = FastAPI()
BODIES = [kind for kind in KINDS if kind is not Imei]
each_body = pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
NUMBER = "354178036859789"


def serve(kind: Any) -> None:
    """Add the ways in which a service can hand a value back."""

    def typed(given: Any) -> Any:
        return given

    def untyped(given: Any) -> Any:
        return given

    def within(given: Any) -> Any:
        return {"it": [given]}

    for verb, answers in ((typed, kind), (untyped, None), (within, dict[str, list[kind]])):
        verb.__annotations__ = {"given": kind}
        app.post(f"/{verb.__name__}/{kind.__name__}", response_model=answers)(verb)


class Trade(BaseModel):
    """A model of the service's own."""

    phone: Device
    answers: Condition


@app.post("/trade")
def trade(it: Trade) -> Trade:
    return it


@app.post("/two")
def two(order: Order, quote: Quote) -> Quote | Refusal:
    assert order.lines
    return quote


@app.get("/phones/{imei}")
def phone(imei: Imei, other: Imei | None = None) -> dict[str, Any]:
    return {"imei": imei, "other": other, "tac": imei.tac}


@cache
def client() -> TestClient:
    """Return a client of the service, whose routes are made once and only where they are asked."""
    for kind in BODIES:
        serve(kind)
    return TestClient(app)


@each_body
def test_a_value_is_a_body_and_an_answer(kind: Any) -> None:
    value = example(kind)
    body, answer = form_of(value), form_of(value, reveal_imei=False)
    given = client().post(f"/typed/{kind.__name__}", json=body)
    assert (given.status_code, given.json()) == (200, answer)
    assert client().post(f"/within/{kind.__name__}", json=body).json() == {"it": [answer]}
    bare = client().post(f"/untyped/{kind.__name__}", json=body)
    assert bare.status_code == 200
    assert not numbers_in(bare.text)


@each_body
def test_what_is_wrong_is_told_with_its_place_and_no_number(kind: Any) -> None:
    for wrong in ({NUMBER: NUMBER}, [NUMBER], int(NUMBER), {"imei": NUMBER, "surprise": NUMBER}):
        answer = client().post(f"/typed/{kind.__name__}", json=wrong)
        if kind is Condition and isinstance(wrong, dict):
            continue  # a question may be called anything
        assert answer.status_code == 422
        (fault,) = answer.json()["detail"]
        assert fault["loc"][0] == "body"
        assert fault["msg"].startswith(kind.__name__)
        assert not numbers_in(answer.text)


def test_a_fault_deep_in_a_body_has_its_path() -> None:
    body = form_of(example(Order))
    body["lines"][0]["quantity"] = "2"
    (fault,) = client().post("/typed/Order", json=body).json()["detail"]
    assert fault["loc"] == ["body", "lines", 0, "quantity"]
    assert fault["msg"] == "Order.lines.0.quantity is the text '2': give a whole number from 1 to 1000000"
    assert fault["input"] == "'2'"


def test_a_field_that_is_not_there_is_told_with_those_that_are() -> None:
    (fault,) = client().post("/typed/Device", json={"model": "x", "colour": "red"}).json()["detail"]
    assert fault["msg"] == "Device has no field 'colour': leave it out; known: model, imei, imei2, purchased_on"


def test_values_are_fields_of_a_model_and_parts_of_a_body() -> None:
    quote = sound.SOUND.quote
    whole = form_of(quote)
    answer = client().post("/two", json={"order": form_of(example(Order)), "quote": whole})
    assert answer.json() == quote.to_dict()
    for body in ({"quote": {**whole, "digest": 5}}, {"order": NUMBER, "quote": whole | {"imeis": [NUMBER[:-1] + "0"]}}):
        answer = client().post("/two", json=body)
        assert answer.status_code == 422
        assert not numbers_in(answer.text)
    answer = client().post("/trade", json={"phone": {"model": "x", "imei": NUMBER}, "answers": {"glass": "best"}})
    assert answer.json()["phone"] == {"model": "x", "imei": None, "imei2": None, "purchased_on": None}


def test_an_imei_is_a_parameter_of_a_path_and_of_a_query() -> None:
    answer = client().get(f"/phones/{NUMBER}", params={"other": NUMBER})
    assert answer.json()["tac"] == NUMBER[:8]
    assert answer.status_code == 200
    assert not numbers_in(answer.text)
    for path in ("/phones/354178036859782", f"/phones/{NUMBER}?other=354178036859782", "/phones/35417803685978"):
        answer = client().get(path)
        assert answer.status_code == 422
        assert not numbers_in(answer.text)
        assert answer.json()["detail"][0]["msg"].startswith("The IMEI 35417803******")


def test_the_openapi_document_names_each_value_once() -> None:
    document = client().get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    names = {kind.__name__ for kind in BODIES if issubclass(kind, Value)}
    shared = [re.sub("-(Input|Output)$", "", name) for name in schemas]
    assert names - {*shared} <= {"Currency"}  # which is a text wherever it stands
    assert "Attributes:" not in json.dumps({name: one for name, one in schemas.items() if name != "Problem"})
    order = {"$ref": "#/components/schemas/Order", "components": document["components"]}
    jsonschema.Draft202012Validator(order).validate(form_of(example(Order)))
    (parameter,) = [one for one in document["paths"]["/phones/{imei}"]["get"]["parameters"] if one["in"] == "path"]
    assert parameter["schema"]["pattern"] == "^[0-9]{15}$"
