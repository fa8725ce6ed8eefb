"""JSON errors in our own words: the four makers of `errors` report what pydantic finds wrong, with its path."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from contextvars import ContextVar
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, cast, get_args, get_origin

from miexchange._bounded import Between, Pair, hints_of, parts_of
from miexchange._fits import a_kind, fault, wants
from miexchange._forms import FORM, form_of, newer
from miexchange._json import plain
from miexchange._limits import VALUE_ITEMS
from miexchange._privacy import masked
from miexchange.errors import InvalidValue, missing, out_of_range, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import TypeAdapter
    from pydantic_core import CoreSchema

__all__ = ["REVEAL", "Served", "adapter_of", "in_own_words", "read_as", "read_data", "reveals"]

REVEAL = "reveal_imei"
"""The key of pydantic's dump `context` that reveals IMEIs if it is True."""

_PLAIN = "give what to_dict returns: plain JSON data"
_OWN = ContextVar("_OWN", default=False)
_NONE: Any = object()  # missing in the data; None is null


_ADAPTERS: dict[tuple[type, bool], TypeAdapter[Any]] = {}


def adapter_of(kind: Any, *, is_own: bool = True) -> TypeAdapter[Any]:  # noqa: ANN401 - a public value
    """Return the adapter for the JSON form of a value; for another type, that of its pydantic model."""
    adapter = _ADAPTERS.get((kind, is_own))
    if adapter is None:
        from pydantic import TypeAdapter  # noqa: PLC0415 - loaded at the door, not at import

        token = _OWN.set(is_own)
        try:
            adapter = _ADAPTERS[kind, is_own] = TypeAdapter(kind)
        finally:
            _OWN.reset(token)
    return adapter


class Served:
    """The serialiser for values whose annotation does not name their type, such as `Any`."""

    def __get__(self, value: object, kind: type) -> Any:  # noqa: ANN401 - pydantic's own
        """Return pydantic's serializer of a value; of its class, only that there is one."""
        return self if value is None else adapter_of(kind, is_own=False).serializer


def reveals(info: Any) -> bool:  # noqa: ANN401 - pydantic's own
    """Tell whether the caller of a dump wants to see IMEIs."""
    return isinstance(info.context, Mapping) and info.context.get(REVEAL) is True


def read_data(kind: Any, data: object, rule: str = _PLAIN) -> Any:  # noqa: ANN401 - a value of that kind
    """Return the value of plain JSON data.

    Raises:
        InvalidValue: the first fault, with its path.
    """
    copied = plain(data, kind.__name__, rule)
    try:
        text = json.dumps(copied, allow_nan=False)
    except (ValueError, RecursionError):  # NaN; called from a stack that is nearly full
        raise out_of_range(kind.__name__, data, rule, "holds what JSON does not have") from None
    return read_as(kind, text, copied)


def read_as(kind: Any, text: str, data: object) -> Any:  # noqa: ANN401 - a value of that kind
    """Return the value of a JSON text.

    Args:
        kind: the value's type.
        text: the JSON text.
        data: its parsed content.

    Raises:
        InvalidValue: the first fault, with its path.
    """
    try:
        return adapter_of(kind).validator.validate_json(text)
    except ValueError as error:  # a ValidationError: importing its name takes as long as reading a small value
        raise _fault_in(kind, data, cast("Any", error).errors(include_url=False)[0]) from None


def in_own_words(
    kind: Any,  # noqa: ANN401 - a public value
    schema_of: Callable[[], CoreSchema],
    write: Callable[[Any, bool], object],
) -> CoreSchema:
    """Return the schema of a value: of its JSON form, or for use in other pydantic models and services.

    There it accepts an instance or the result of `to_dict`, and writes the latter; errors are in our words, and
    repeat no input that could be an IMEI.

    Args:
        kind: the value's type.
        schema_of: a function that makes the schema of its JSON form.
        write: a function that writes a value, with its IMEIs or without.
    """
    if _OWN.get():
        return schema_of()
    from pydantic_core import PydanticSerializationUnexpectedValue, core_schema  # noqa: PLC0415 - loaded at the door, not at import

    def read(given: object) -> object:
        return _read_there(kind, given)

    def written(value: object, info: Any) -> object:  # noqa: ANN401 - pydantic's own
        if isinstance(value, kind):
            return write(value, reveals(info))
        raise PydanticSerializationUnexpectedValue(f"is no {kind.__name__}")  # of several, another is meant

    read.__name__ = kind.__name__  # names it where it is one of several
    return core_schema.no_info_plain_validator_function(
        read,
        serialization=core_schema.plain_serializer_function_ser_schema(written, info_arg=True),
        ref=f"{kind.__module__}.{kind.__qualname__}:{id(kind)}",  # as pydantic names it within others
        metadata={"pydantic_js_functions": [lambda _, handler: handler(adapter_of(kind).core_schema)]},
    )


def _read_there(kind: Any, given: object) -> object:  # noqa: ANN401 - a public value
    if isinstance(given, kind):
        return given
    from pydantic_core import PydanticCustomError, ValidationError  # noqa: PLC0415 - loaded at the door, not at import

    try:
        return read_data(kind, given)
    except InvalidValue as error:
        said = {"field": error.field, "value": error.value, "rule": error.rule, "sentence": f"{error}"}
        place = tuple(int(name) if name.isdecimal() else name for name in error.field.split(".")[1:])
        fault = {"type": PydanticCustomError(error.kind, "{sentence}", said), "loc": place, "input": error.value}
        raise ValidationError.from_exception_data(kind.__name__, [fault]) from None  # type: ignore[list-item]


def _fault_in(kind: Any, data: object, found: Mapping[str, Any]) -> InvalidValue:  # noqa: ANN401 - a public value
    """Return pydantic's error about the JSON form of a value as one of ours.

    Args:
        kind: the value's type.
        data: the data of the JSON.
        found: the first of pydantic's errors.
    """
    at = _Place(kind, data)
    rest = at.descend(list(found["loc"]))
    return at.newer or _fault_at(at, rest, found)


def _fault_at(at: _Place, rest: list[Any], found: Mapping[str, Any]) -> InvalidValue:
    where, data, (inner, bounds, _) = ".".join(at.path), at.data, parts_of(at.hint)
    cause = found.get("ctx", {}).get("error")
    pair = _pair_in(bounds)
    is_event = get_origin(inner) in {Union, UnionType} and all(map(_is_event, get_args(inner)))
    if isinstance(data, dict) and not isinstance(cause, InvalidValue) and (pair or is_event):
        return _fault_of_pair(where, pair, data) if pair else _fault_of_event(where, inner, data)
    if data is _NONE:
        return missing(where, f"give {wants(at.hint, at.most, as_json=True)}")
    if isinstance(cause, InvalidValue):  # a field that the value itself refused
        field = cause.field.partition(".")[2]
        return cause.at(f"{where}.{field}" if field else where)
    if "remedy" in found.get("ctx", {}) and type(data) is str:  # a text that is not an IMEI
        what, remedy = found["ctx"]["what"], found["ctx"]["remedy"]
        return out_of_range(where, data, remedy[:1].lower() + remedy[1:], which=what)
    if found["type"] == "unexpected_keyword_argument":
        return unknown(where, "field", f"{rest[-1]}", [field.name for field in dataclasses.fields(inner)])
    return fault(where, data, at.hint, at.most, as_json=True)


class _Place:
    """A position in data, with the annotation expected there."""

    def __init__(self, kind: Any, data: object) -> None:  # noqa: ANN401 - a public value
        self.hint, self.data = kind, data
        self.path, self.most = [kind.__name__], VALUE_ITEMS
        self.newer = self._newer(kind)

    def _newer(self, kind: Any) -> InvalidValue | None:  # noqa: ANN401 - as above
        """Return the error of a value of a newer version, whatever else is wrong with it."""
        error = newer(kind, self.data) if _is_value(kind) else None
        return error if error is None else error.at(".".join((*self.path, FORM)))

    def descend(self, rest: list[Any]) -> list[Any]:
        """Follow a path as far as annotations describe it; return the rest."""
        while rest:
            inner, bounds, _ = parts_of(self.hint)
            key, pair = rest[0], _pair_in(bounds)
            if _is_value(inner) and (key in hints_of(inner) or (key == FORM and form_of(inner) > 1)):
                number = Annotated[int, Between(1, form_of(inner))]
                self.hint, self.most = hints_of(inner).get(key, number), getattr(inner, "_most_items", VALUE_ITEMS)
            elif get_origin(inner) is tuple:
                parts = get_args(inner)
                self.hint = parts[0] if Ellipsis in parts else parts[key]
            elif isinstance(inner, type) and issubclass(inner, Mapping):  # a condition, of questions and answers
                self.hint = str
            else:
                break
            if pair is not None and isinstance(self.data, dict):
                key = pair.names[key]
            self.path.append(masked(f"{key}"))
            self.data = _at(self.data, key)
            self.newer = self.newer or self._newer(parts_of(self.hint)[0])
            del rest[0]
        return rest


def _pair_in(bounds: tuple[Any, ...]) -> Pair | None:
    return next((bound for bound in bounds if isinstance(bound, Pair)), None)


def _fault_of_pair(where: str, pair: Pair, data: dict[str, Any]) -> InvalidValue:
    """Return the error of an object that lacks the two names of a pair."""
    lacking = next((name for name in pair.names if name not in data), None)
    if lacking is not None:
        return missing(f"{where}.{lacking}", f"give {pair.wants}")
    return unknown(where, "field", next(name for name in data if name not in pair.names), pair.names)


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
    """Return the error of an object of a union whose members are distinguished by `kind`."""
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
