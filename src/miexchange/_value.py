"""What every public value shares: one canonical JSON form, and a `replace` that validates.

A value is a frozen, slotted dataclass. pydantic stands at the door: it is loaded when the first
value is read from or written to JSON, not when the package is imported.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from miexchange.errors import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

__all__ = ["Value", "canonical", "day", "dump", "instant", "require"]


class Value:
    """A public value: frozen all the way down, hashable, with one canonical JSON form."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    def to_dict(self) -> dict[str, Any]:
        """Return the value as plain JSON data: dicts, lists, texts, ints, bools and None."""
        data: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return data

    def to_json(self) -> str:
        """Return the canonical JSON text: keys sorted, no spaces, UTC instants ending in Z."""
        return canonical(Value.to_dict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read the value back from its JSON form, validating every field.

        Raises:
            InvalidValue: the text is not the JSON form of this type; the first fault is named
                with its path.
        """
        from pydantic import ValidationError  # noqa: PLC0415 - loaded at the door, not at import

        try:
            value: Self = _adapter(cls).validate_json(text)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            path = ".".join(map(str, (cls.__name__, *fault["loc"])))
            cause = fault.get("ctx", {}).get("error")
            rule = cause.rule if isinstance(cause, InvalidValue) else fault["msg"]
            raise InvalidValue(path, fault["input"], rule) from None
        return value

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the value back from what `to_dict` returns.

        Raises:
            InvalidValue: the data is not the JSON form of this type.
        """
        try:
            text = json.dumps(data, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise InvalidValue(cls.__name__, data, "give what to_dict returns: plain JSON data") from None
        return cls.from_json(text)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields' own types, checked anew
        """Return a copy with some fields changed, validated like a new value.

        Raises:
            InvalidValue: a field does not exist, or cannot hold what was given.
        """
        unknown = changes.keys() - {field.name for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        if unknown:
            raise InvalidValue(type(self).__name__, min(unknown), "there is no such field")
        copy: Self = dataclasses.replace(self, **changes)  # type: ignore[type-var]
        return copy


def canonical(data: object) -> str:
    """Return plain JSON data as its one canonical text."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def dump(value: Value) -> bytes:
    """Return a value's JSON form with keys in field order: the fast one, for digests."""
    return _adapter(type(value)).dump_json(value)


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        from pydantic import TypeAdapter  # noqa: PLC0415 - loaded at the door, not at import

        adapter = _ADAPTERS[kind] = TypeAdapter(kind)
    return adapter


def require(condition: bool, field: str, value: object, rule: str) -> None:  # noqa: FBT001 - an assertion's shape
    """Raise `InvalidValue` unless the condition holds."""
    if not condition:
        raise InvalidValue(field, value, rule)


def instant(value: object, field: str) -> datetime:
    """Return an aware datetime as a plain datetime in UTC, so that equal instants look equal.

    Raises:
        InvalidValue: not a datetime, or one without an offset.
    """
    if not isinstance(value, datetime):
        raise InvalidValue(field, value, "give an instant: a datetime with a time zone")
    if value.tzinfo is UTC and type(value) is datetime:
        return value
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidValue(field, f"{value}", "a datetime without a time zone names no instant; add tzinfo=UTC")
    try:
        there = value.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(field, f"{value}", "outside the years 1 to 9999 in UTC") from None
    return datetime.combine(there.date(), there.time(), UTC)


def day(value: object, field: str) -> date:
    """Return a plain date.

    Raises:
        InvalidValue: not a date; a datetime is an instant, not a date.
    """
    if type(value) is not date:
        raise InvalidValue(field, value if not isinstance(value, datetime) else shown(f"{value}"), "give a date")
    return value
