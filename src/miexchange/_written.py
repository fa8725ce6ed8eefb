"""Values as plain JSON data, as `to_dict` returns it: written by the annotations of their fields.

Without IMEIs, a field that is one is None, and a tuple of them is empty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin

from miexchange._bounded import Pair, hints_of, parts_of
from miexchange._forms import form_of, numbered

__all__ = ["data_of", "field_writers", "instant_text", "object_writer"]

Write = Callable[[Any, bool], Any]
"""Writes a value of one type, with its IMEIs or without."""


def instant_text(at: datetime) -> str:
    """Return an instant in UTC as it is written in JSON."""
    return at.isoformat().replace("+00:00", "Z")


def data_of(value: Any, *, reveal: bool, ordered: bool = False) -> Any:  # noqa: ANN401 - a public value, and what JSON holds
    """Return a value as plain JSON data.

    Args:
        value: the value.
        reveal: whether to write its IMEIs.
        ordered: whether keys are in alphabetical order, and not in that of the fields.
    """
    kind: Any = type(value)
    return _writer_of(kind, ordered)(value, reveal)


_AS_IT_IS = frozenset({str, int, bool, float})


@cache
def _write_of(hint: Any, ordered: bool) -> Write | None:  # noqa: ANN401, FBT001 - an annotation has no type; it is cached
    """Return the function that writes what an annotation describes, apart from None; None: it is plain already."""
    inner, bounds, _ = parts_of(hint)
    pair = next((bound for bound in bounds if isinstance(bound, Pair)), None)
    if pair is not None:
        names = pair.names
        return lambda value, _: _in_order(dict(zip(names, value, strict=True)), ordered=ordered)
    if get_origin(inner) is tuple:
        return _several(_write_of(get_args(inner)[0], ordered))
    if inner in _AS_IT_IS:
        return None
    if _is_class(inner):
        return (_revealed if getattr(inner, "_is_personal", False) else _writer_of)(inner, ordered)
    if all(type(one) is str for one in get_args(inner)):
        return None  # a literal
    return lambda value, reveal: value if type(value) in _AS_IT_IS else data_of(value, reveal=reveal, ordered=ordered)


def _is_class(hint: object) -> bool:
    return isinstance(hint, type)


def _in_order(data: dict[str, Any], *, ordered: bool) -> dict[str, Any]:
    return dict(sorted(data.items())) if ordered else data


def _several(write: Write | None) -> Write:
    if write is None:
        return lambda value, _: list(value)
    return lambda value, reveal: [item for one in value if (item := write(one, reveal)) is not None]


def _revealed(kind: Any, ordered: bool) -> Write:  # noqa: ANN401, FBT001 - a type of personal data; as above
    write = _writer_of(kind, ordered)
    return lambda value, reveal: write(value, reveal) if reveal else None


@cache
def _writer_of(kind: Any, ordered: bool) -> Write:  # noqa: ANN401, FBT001 - any type in an annotation; as above
    """Return the function that writes values of a type."""
    if issubclass(kind, datetime):
        return lambda value, _: instant_text(value)
    if issubclass(kind, date):
        return lambda value, _: value.isoformat()
    if issubclass(kind, Enum):
        return lambda value, _: value.value
    own = getattr(kind, "_written", None)
    return object_writer(kind, ordered) if own is None else lambda value, reveal: own(value, reveal, ordered)


@cache
def field_writers(kind: Any, ordered: bool) -> dict[str, Write | None]:  # noqa: ANN401, FBT001 - a dataclass; as above
    """Return the functions that write the fields of a value, apart from None, by name and in order."""
    names = [field.name for field in dataclasses.fields(kind)]
    return {name: _write_of(hints_of(kind)[name], ordered) for name in (sorted(names) if ordered else names)}


@cache
def object_writer(kind: Any, ordered: bool) -> Write:  # noqa: ANN401, FBT001 - a dataclass; as above
    """Return the function that writes a value as an object of its fields."""
    writes = tuple(field_writers(kind, ordered).items())
    has_forms = form_of(kind) > 1

    def write(value: Any, reveal: bool) -> dict[str, Any]:  # noqa: ANN401, FBT001 - as `Write`
        data = {}
        for name, written in writes:
            field = getattr(value, name)
            data[name] = field if written is None or field is None else written(field, reveal)
        return _in_order(numbered(value, data), ordered=ordered) if has_forms else data

    return write
