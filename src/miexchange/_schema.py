"""Descriptions and examples in the JSON Schema of a value, taken from its type's docstring."""

from __future__ import annotations

import dataclasses
import inspect
import re
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from miexchange._bounded import After, Between, Chars, Pair, hints_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["described", "descriptions_of", "example_of", "example_of_value"]

_SECTION = re.compile(r"^Attributes:\n((?:[ ].*\n|\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
_SUCH_AS = re.compile(r"such as ``([^`]+)``")


def described(kind: Any, schema: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a public value
    """Return the JSON Schema of a value with a description of it, and a description and an example of each field."""
    said, hints = descriptions_of(kind), hints_of(kind)
    for name, place in schema["properties"].items():
        place.pop("title", None)
        if name not in hints:  # the number of its form
            place |= {"description": "the form; it is there where a field is set that form 1 had not", "examples": [2]}
            continue
        place["description"] = text = said.get(name, "")
        place["examples"] = [example_of(hints[name], name, text)]
    return {
        **schema,
        "title": kind.__name__,
        "description": (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " "),
    }


@cache
def descriptions_of(kind: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    """Return the field descriptions in the docstrings of a type and of its parts."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        for section in _SECTION.findall(f"{inspect.getdoc(base)}\n"):
            found |= {name: " ".join(text.split()) for name, text in _ENTRY.findall(section)}
    return found


def example_of(hint: Any, name: str, said: str) -> Any:  # noqa: ANN401 - an annotation has no type, and JSON many
    """Return an example of a field in JSON: the one that its description names after "such as", or one of its type."""
    inner, bounds, _ = parts_of(hint)
    parts = get_args(inner)
    pair = next((bound for bound in bounds if isinstance(bound, Pair)), None)
    if pair is not None:
        each = zip(pair.names, parts, pair.says, strict=True)
        return {one: example_of(part, one, text) for one, part, text in each}
    if parts:  # of a word, of several of a kind, of one of several kinds
        one = parts[0] if get_origin(inner) is Literal else example_of(parts[0], name, said)
        return [one] if get_origin(inner) in {tuple, frozenset} else one
    if inner in _PLAIN:
        return _PLAIN[inner][any(isinstance(bound, After) for bound in bounds)]
    if inner in {str, int}:
        bound = next((bound for bound in bounds if isinstance(bound, Between | Chars)), None)
        return next(one for one in _candidates(inner, name, said, bound) if bound is None or bound.fits(one))
    return next(iter(inner)).value if issubclass(inner, StrEnum) else example_of_value(inner)


@cache
def example_of_value(kind: Any) -> Any:  # noqa: ANN401 - as above
    """Return an example of a value in JSON: its own, or one of all its fields."""
    own = getattr(kind, "_example", None)
    if own is not None:
        return own
    said, names = descriptions_of(kind), [field.name for field in dataclasses.fields(kind)]
    return {name: example_of(hints_of(kind)[name], name, said.get(name, "")) for name in names}


_PLAIN: dict[object, tuple[object, ...]] = {
    bool: (True,),
    datetime: ("2018-03-20T12:00:00Z", "2018-03-21T12:00:00Z"),
    date: ("2018-03-20", "2018-03-21"),
}
"""An example of each type, and one that is later."""
_TEXTS = {
    "account": "asha",
    "brand": "Xiaomi",
    "brands": "Xiaomi",
    "code": "6PN3Y2H4QTX0BCDW7",
    "label": "Xiaomi Redmi Note 4 (4 GB, 64 GB)",
    "model": "xiaomi-redmi-note-4-4-64",
    "product": "Mi A1",
    "programme": "mi-exchange-india",
}
_HEX = "0123456789abcdef" * 4
_AMOUNTS = ("_minor", "amount", "discount", "value")


def _candidates(kind: type, name: str, said: str, bound: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    """Yield possible examples, the best one first; at least one is within the bounds."""
    if kind is int:
        yield 150_000 if name.endswith(_AMOUNTS) else 9_000 if name.endswith("_bps") else 3
        yield bound.least
    else:
        named = _SUCH_AS.search(said)
        yield from [named[1]] if named else []
        yield _TEXTS.get(name, name)
        yield _HEX[: bound.most]
