"""The JSON door in our own words: what pydantic finds wrong is said by the four makers of `errors`, with its path."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from miexchange._bounded import hints_of, parts_of
from miexchange._fits import a_kind, fault, wants
from miexchange._limits import VALUE_ITEMS
from miexchange._privacy import masked
from miexchange.errors import InvalidValue, missing, out_of_range, unknown, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import TypeAdapter
    from pydantic_core import CoreSchema

__all__ = ["adapter_of", "in_own_words", "read_as"]

_OWN = ContextVar("_OWN", default=False)
_NONE: Any = object()  # what is not in the data; None is null


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def adapter_of(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a public value
    """Return what reads and writes the JSON form of a value."""
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        from pydantic import TypeAdapter  # noqa: PLC0415 - loaded at the door, not at import

        with _is_own():
            adapter = _ADAPTERS[kind] = TypeAdapter(kind)
    return adapter


def read_as(kind: Any, text: str, data: object) -> Any:  # noqa: ANN401 - a value of that kind
    """Return the value that a JSON text is the form of.

    Args:
        kind: the value's type.
        text: the JSON text.
        data: what it holds.

    Raises:
        InvalidValue: the first fault, with its path.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - loaded at the door, not at import

    try:
        return adapter_of(kind).validate_json(text)
    except ValidationError as error:
        raise _fault_in(kind, data, error.errors(include_url=False)[0]) from None


@contextmanager
def _is_own() -> Iterator[None]:
    """Build the schemas of `adapter_of` for a block: their faults are said by `read_as`."""
    token = _OWN.set(True)
    try:
        yield
    finally:
        _OWN.reset(token)


def in_own_words(kind: Any, schema_of: Callable[[], CoreSchema]) -> CoreSchema:  # noqa: ANN401 - a public value
    """Return the schema of a value; as a field of somebody else's model it says what is wrong in our words.

    The values within it are its own.
    """
    if _OWN.get():
        return schema_of()
    with _is_own():
        schema = schema_of()
    from pydantic_core import PydanticCustomError, core_schema  # noqa: PLC0415 - loaded at the door, not at import

    def read(given: object, _: object, info: Any) -> object:  # noqa: ANN401 - pydantic's own
        try:
            if info.mode == "json":
                return read_as(kind, json.dumps(given), given)
            if not isinstance(given, kind):
                name = kind.__name__
                raise wrong_type(name, given, f"give an instance of {name}, or let the model read its JSON text")
        except InvalidValue as error:
            context = {"field": error.field, "value": error.value, "rule": error.rule, "sentence": f"{error}"}
            raise PydanticCustomError(error.kind, "{sentence}", context) from None
        return given

    return core_schema.with_info_wrap_validator_function(read, schema)


def _fault_in(kind: Any, data: object, found: Mapping[str, Any]) -> InvalidValue:  # noqa: ANN401 - a public value
    """Return what pydantic found wrong with the JSON form of a value as an error of ours.

    Args:
        kind: the value's type.
        data: the data of the JSON.
        found: the first of pydantic's errors.
    """
    path, hint, most, rest = [kind.__name__], kind, VALUE_ITEMS, list(found["loc"])
    while rest:
        inner: Any = parts_of(hint)[0]
        if _is_value(inner) and rest[0] in hints_of(inner):
            hint, most = hints_of(inner)[rest[0]], getattr(inner, "_most_items", VALUE_ITEMS)
        elif get_origin(inner) is tuple:
            parts = get_args(inner)
            hint = parts[0] if Ellipsis in parts else parts[rest[0]]
        elif isinstance(inner, type) and issubclass(inner, Mapping):  # a condition, of questions and answers
            hint = str
        else:
            break
        key = rest.pop(0)
        path.append(masked(f"{key}"))
        data = _at(data, key)
    where, inner = ".".join(path), parts_of(hint)[0]
    cause = found.get("ctx", {}).get("error")
    is_event = get_origin(inner) in {Union, UnionType} and all(map(_is_event, get_args(inner)))
    if is_event and isinstance(data, dict) and not isinstance(cause, InvalidValue):
        return _fault_of_event(where, inner, data)
    if data is _NONE:
        return missing(where, f"give {wants(hint, most, as_json=True)}")
    if isinstance(cause, InvalidValue):  # a field that the value itself refused
        field = cause.field.partition(".")[2]
        return cause.at(f"{where}.{field}" if field else where)
    if "remedy" in found.get("ctx", {}) and type(data) is str:  # a text that is no IMEI
        what, remedy = found["ctx"]["what"], found["ctx"]["remedy"]
        return out_of_range(where, data, remedy[:1].lower() + remedy[1:], which=what)
    if found["type"] == "unexpected_keyword_argument":
        return unknown(where, "field", f"{rest[-1]}", hints_of(inner))
    return fault(where, data, hint, most, as_json=True)


def _is_value(kind: Any) -> bool:  # noqa: ANN401 - an annotation has no type
    return dataclasses.is_dataclass(kind)


def _is_event(kind: Any) -> bool:  # noqa: ANN401 - as above
    return kind is NoneType or (_is_value(kind) and "kind" in hints_of(kind))


def _at(data: Any, key: Any) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        return data[key]
    except (LookupError, TypeError):
        return _NONE


def _fault_of_event(where: str, union: Any, data: dict[str, Any]) -> InvalidValue:  # noqa: ANN401 - an annotation
    """Return the error of an object that can be one of several values, each of which says in `kind` what it is."""
    kinds = {get_args(hints_of(arm)["kind"])[0]: arm for arm in get_args(union) if arm is not NoneType}
    if "kind" not in data:
        return missing(f"{where}.kind", f"give one of: {', '.join(kinds)}")
    if type(data["kind"]) is not str or data["kind"] not in kinds:
        return fault(f"{where}.kind", data["kind"], Literal[tuple(kinds)], 0, as_json=True)
    arm: Any = kinds[data["kind"]]
    try:
        arm.from_json(json.dumps(data))
    except InvalidValue as error:
        return error.at(f"{where}{error.field.removeprefix(arm.__name__)}")
    return out_of_range(where, data, f"give {a_kind(arm)} that fits the others", "does not fit")
