"""The laws of a value as a web body: read and written as `to_dict` writes it, strict in its leaves, without IMEIs."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from miexchange import Condition, Device, Imei, InvalidValue, Quote, Reason, ReasonCode, Refusal
from miexchange._bounded import After, Between, Chars, Hex
from miexchange._schema import example_of, example_of_value
from miexchange._value import Value
from miexchange.device_report import DeviceReport
from miexchange.eligibility import Verdict
from miexchange.events import Accept
from miexchange.inspection import Inspection
from miexchange.strategies import STRATEGIES, imeis
from property import sound
from property.effort import effort
from property.test_sound_values import VALUES
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOWN = {"reveal_imei": True}
KINDS: list[Any] = sorted({*VALUES, Imei, Condition}, key=lambda kind: f"{kind.__name__}")
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
TAC = "35417803"


def example(kind: Any) -> Any:
    """Return a sound value of a type."""
    return trade.SAID if kind is Condition else trade.IMEI if kind is Imei else sound.example(kind)


def form_of(value: Any, *, reveal_imei: bool = True) -> Any:
    """Return what `to_dict` writes."""
    return value.to_dict(reveal_imei=reveal_imei) if isinstance(value, Value) else value.to_dict()


def held(adapter: TypeAdapter[Any], value: Any) -> None:
    """See that pydantic reads and writes a value as it reads and writes itself."""
    whole, plain = form_of(value), form_of(value, reveal_imei=False)
    text = json.dumps(whole)
    assert adapter.validate_python(whole) == adapter.validate_json(text) == adapter.validate_python(value) == value
    assert type(adapter.validate_python(whole)) is type(value)
    for mode in ("python", "json"):
        assert adapter.dump_python(value, mode=mode) == plain
        assert adapter.dump_python(value, mode=mode, context=SHOWN) == whole
    assert json.loads(adapter.dump_json(value)) == plain
    assert json.loads(adapter.dump_json(value, context=SHOWN)) == whole


@each_kind
def test_a_value_is_read_and_written_as_it_writes_itself(kind: Any) -> None:
    """Reads what to_dict writes, in Python and in JSON mode; writes it, with IMEIs where a context asks for them."""
    value = example(kind)
    for adapter in (TypeAdapter(kind), TypeAdapter(kind | None)):
        held(adapter, value)
    assert TypeAdapter(list[kind]).validate_python([form_of(value)]) == [value]
    # pydantic writes it so where nothing says of which type it is, too
    untyped: TypeAdapter[Any] = TypeAdapter(Any)
    assert untyped.dump_python([value]) == [form_of(value, reveal_imei=False)]
    assert json.loads(untyped.dump_json({"a": value}, context=SHOWN)) == {"a": form_of(value)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in STRATEGIES])
@given(data=st.data())
@effort(0.1)
def test_so_is_any_value(kind: Any, data: st.DataObject) -> None:
    """The same of whatever there can be, and what is written is what the JSON Schema says."""
    value = data.draw(STRATEGIES[kind]())
    adapter = TypeAdapter(kind)
    held(adapter, value)
    schema_of(kind, "validation").validate(form_of(value))
    schema_of(kind, "serialization").validate(form_of(value, reveal_imei=False))


def test_one_of_several_is_written_as_it_is() -> None:
    """A union of values, as an answer of `appraise` is."""
    adapter: TypeAdapter[Any] = TypeAdapter(Quote | Refusal)
    refusal = Refusal((Reason(ReasonCode.PRICE_MISSING, "There is none", "Wait"),))
    for value in (sound.SOUND.quote, refusal):
        held(adapter, value)


# ----- strict in its leaves


def leaves(form: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield each leaf of a JSON form with the way to it."""
    inner = form.items() if isinstance(form, dict) else enumerate(form) if isinstance(form, list) else None
    if inner is None:
        yield path, form
        return
    for key, item in inner:
        yield from leaves(item, (*path, key))


def with_leaf(form: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    """Return the form with another leaf."""
    if not path:
        return leaf
    again = form.copy()
    again[path[0]] = with_leaf(form[path[0]], path[1:], leaf)
    return again


def almost(leaf: Any) -> list[Any]:
    """Return what a lax reader would take for a leaf."""
    if isinstance(leaf, bool):
        return [int(leaf), str(leaf).lower(), float(leaf)]
    if isinstance(leaf, int):
        return [str(leaf), True, float(leaf), leaf + 0.5, [leaf]]
    return [5, True, 1.5, [leaf], {"x": leaf}] if isinstance(leaf, str) else []


def one_of_each(form: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the leaves of a JSON form, but of those that differ only in their places in lists the first."""
    seen = set()
    for path, leaf in leaves(form):
        field = (*(None if isinstance(step, int) else step for step in path), type(leaf))
        if field not in seen:
            seen.add(field)
            yield path, leaf


@each_kind
@pytest.mark.parametrize("some", [one_of_each, pytest.param(leaves, marks=pytest.mark.sweep)])
def test_a_value_is_strict_in_its_leaves(kind: Any, some: Callable[[Any], Iterator[tuple[Any, Any]]]) -> None:
    """A text for a number, True for a number, a number of another type: none is taken, in either mode."""
    form, adapter = form_of(example(kind)), TypeAdapter(kind)
    for path, leaf in some(form):
        if kind is Device and path[0].startswith("imei"):
            continue  # a number is kept, to be named in the refusal
        for wrong in almost(leaf):
            if path[-3:-2] == ("values",) and type(wrong) in {str, int}:
                continue  # a value of a reason is a text or a whole number
            again = with_leaf(form, path, wrong)
            for read, given_ in ((adapter.validate_python, again), (adapter.validate_json, json.dumps(again))):
                with pytest.raises(ValidationError) as caught:
                    read(given_)
                (fault,) = caught.value.errors()
                assert fault["loc"][: len(path)] == path or kind is Condition or "events" in kind.__module__, fault


@each_kind
def test_a_value_takes_no_other_shape(kind: Any) -> None:
    """Another value, a list of pairs, a JSON text within data, a field too many: a fault with a sentence of ours."""
    form, adapter = form_of(example(kind)), TypeAdapter(kind)
    wrong: list[Any] = [None, 5, object(), [form], json.dumps(form), sound.SOUND.programme, float("nan")]
    if isinstance(form, dict) and kind is not Condition:
        wrong += [{**form, "surprise": 1}, list(form.items()), {1: 2}, {"x": object()}]
    for one in wrong:
        with pytest.raises(ValidationError) as caught:
            adapter.validate_python(one)
        (fault,) = caught.value.errors()
        assert fault["msg"].startswith((f"{kind.__name__}", "The IMEI"))


# ----- no IMEI


def numbers_in(text: str) -> list[str]:
    """Return what could be an IMEI of the phones of these tests: fourteen digits of their TAC."""
    return re.findall(f"{TAC}[0-9]{{6}}", text)


def holders(imei: Imei) -> list[Any]:
    """Return every kind of value that can hold an IMEI, with one."""
    report = DeviceReport(factory_reset_protection=False, imeis=(imei,))
    quote = sound.SOUND.quote.replace(imeis=(imei,))
    accepted = sound.example(Accept)
    return [
        imei,
        Device("acme", imei, imei),
        Device("acme", imei.body, int(imei.digits)),
        quote,
        report,
        Inspection(trade.SAID, (imei,), True, True, True, report=report),  # noqa: FBT003 - what was seen
        Verdict(variant=None, listed=False, imeis=(imei,), reasons=(), warnings=()),
        accepted.replace(quote=accepted.quote.replace(imeis=(imei,))),
    ]


class Anything(BaseModel):
    """A model of somebody else's, which says nothing of what it holds."""

    it: Any


def written(value: Any) -> Iterator[str]:
    """Yield all that is written of a value where nobody asks for IMEIs."""
    kind = type(value)
    for adapter in (TypeAdapter(kind), TypeAdapter(Any)):
        for context in (None, {}, {"reveal_imei": False}, {"reveal_imei": "yes"}, [1]):
            yield repr(adapter.dump_python(value, context=context))
            yield repr(adapter.dump_python(value, mode="json", context=context))
            yield adapter.dump_json(value, context=context).decode()
    model = Anything(it={"a": [value]})
    yield model.model_dump_json()
    yield repr(model.model_dump()) + repr(model)
    yield value.to_json() + repr(value) + str(value) + repr(value.to_dict())
    if kind is not Imei and not (kind is Device and type(value.imei) is not Imei):  # a text is there as it was given
        yield repr(dataclasses.asdict(value)) + repr(dataclasses.astuple(value))


@given(imeis(st.just(TAC)))
@effort(0.2)
def test_no_dump_has_an_imei_that_was_not_asked_for(imei: Imei) -> None:
    """Every adapter, mode and model; `asdict`; a context that says anything but True."""
    assert vars(imei) == {}
    for value in holders(imei):
        for text in written(value):
            assert not numbers_in(text)
        adapter = TypeAdapter(type(value))
        for shown in (value.to_json(reveal_imei=True), adapter.dump_json(value, context=SHOWN).decode()):
            assert numbers_in(shown)
            assert type(value).from_json(shown) == adapter.validate_json(shown) == value


@given(imeis(st.just(TAC)), st.data())
@effort(0.5)
def test_no_error_repeats_an_imei(imei: Imei, data: st.DataObject) -> None:
    """Whatever is wrong, wherever the number stands: neither sentence, nor input, nor context has it."""
    value = data.draw(st.sampled_from(holders(imei)))
    form = form_of(value)
    path, leaf = data.draw(st.sampled_from(list(leaves(form))))
    slip = imei.body + str((int(imei.check_digit) + 1) % 10)
    wrong = data.draw(
        st.sampled_from([slip, imei.digits, int(imei.digits), [imei.digits], {imei.digits: 1}, f"{imei.body}"])
    )
    whole = [with_leaf(form, path, wrong), [form], json.dumps(form)]
    whole += [{**form, imei.digits: leaf}, {**form, "x": imei.digits}] if isinstance(form, dict) else []
    adapter = TypeAdapter(type(value))
    for one in whole:
        for read, given_ in ((adapter.validate_python, one), (adapter.validate_json, json.dumps(one))):
            try:
                read(given_)
            except ValidationError as error:
                said = f"{error}{error!r}{error.errors()}{error.json()}"
                assert not numbers_in(re.sub("[ -]", "", said)), said


# ----- the JSON Schema


@cache
def schema_of(kind: Any, mode: Any) -> Any:
    """Return the JSON Schema of a value."""
    return jsonschema.Draft202012Validator(TypeAdapter(kind).json_schema(mode=mode))


every_schema = pytest.mark.parametrize(
    ("kind", "mode"),
    [
        pytest.param(kind, mode, id=f"{kind.__name__}-{mode}")
        for kind in KINDS
        for mode in ("validation", "serialization")
    ],
)


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield each part of a JSON Schema that has properties."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects_in(part)
    for part in schema if isinstance(schema, list) else ():
        yield from objects_in(part)


@every_schema
def test_a_schema_is_sound_and_says_what_each_field_is(kind: Any, mode: str) -> None:
    """A description and an example of every field; objects, where a pair is; no docstring's sections."""
    validator = schema_of(kind, mode)
    validator.check_schema(validator.schema)
    defs = {name: part for name, part in validator.schema.get("$defs", {}).items() if name != "Problem"}  # no value
    text = json.dumps({**validator.schema, "$defs": defs})
    assert "prefixItems" not in text
    assert "Attributes:" not in text
    for one in objects_in({**validator.schema, "$defs": defs}):
        assert one["additionalProperties"] is False
        for name, place in one["properties"].items():
            assert place["description"], name
            if "title" in one:  # a value, no pair
                assert place["examples"] != [None], name


@every_schema
def test_a_schema_holds_for_what_is_written_and_for_its_example(kind: Any, mode: str) -> None:
    """What `to_dict` writes is valid, with IMEIs where they are read; so is the example of the whole."""
    value = example(kind)
    schema_of(kind, mode).validate(form_of(value, reveal_imei=mode == "validation"))
    schema_of(kind, mode).validate(example_of_value(kind))
    nothing: list[Any] = [5, [], {"surprise": 1}, "x"]
    for wrong in nothing:
        assert not schema_of(kind, mode).is_valid(wrong) or kind is Condition


@pytest.mark.parametrize(
    ("hint", "name", "said", "wanted"),
    [
        (Annotated[int, Between(7, 9)], "count", "", 7),
        (Annotated[int, Between(0, 10**6)], "price_minor", "", 150_000),
        (Annotated[str, Chars(1, 9)], "name", "the name, such as ``One``", "One"),
        (Annotated[str, Chars(1, 9)], "name", "the name, such as ``One Hundred``", "name"),
        (Annotated[str, Hex(2)], "tag", "", "0123"),
        (Annotated[date | None, After("begins")], "ends", "", "2018-03-21"),
    ],
)
def test_an_example_is_what_the_docstring_names_or_of_the_type(hint: Any, name: str, said: str, wanted: object) -> None:
    assert example_of(hint, name, said) == wanted


# ----- pairs

PAIRED = [
    (
        sound.SOUND.quote.replace(bonuses_given=(("launch", 3),)),
        "bonuses_given",
        [["launch", 3]],
        {"bonus": "launch", "given": 3},
    ),
    (
        trade.seen().replace(evidence=(("glass", "photo-1"),)),
        "evidence",
        [["glass", "photo-1"]],
        {"question": "glass", "reference": "photo-1"},
    ),
]


@pytest.mark.parametrize(("value", "field", "older", "now"), PAIRED)
def test_a_pair_is_an_object_and_was_an_array(value: Any, field: str, older: list[Any], now: dict[str, Any]) -> None:
    """What was written as an array is read; it is written as an object with names."""
    form = form_of(value)
    assert form[field] == [now]
    assert type(value).from_dict({**form, field: older}) == type(value).from_dict(form) == value
    first, second = now
    wrong: list[tuple[Any, str]] = [
        ([{first: now[first]}], f"{field}.0.{second} is missing: give an object of {first} and {second}"),
        ([{**now, "x": 1}], f"{field}.0 has no field 'x': leave it out"),
        ([5], f"{field}.0 is 5: give an object of {first} and {second}"),
        ([{**now, second: None}], f"{field}.0.{second} is null"),
        ([[*older[0], 1]], f"{field}.0 has 3 elements: give 2 elements"),
    ]
    for given_, said in wrong:
        with pytest.raises(InvalidValue, match=re.escape(said)):
            type(value).from_dict({**form, field: given_})
