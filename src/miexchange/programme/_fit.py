"""Fits the plain data of a TOML table to a dataclass: strictly, every fault with its line.

The only conversion is of a local date to an instant; unknown keys are refused.
pydantic would do the same for a tenth of a second at every start, and in its own words.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from miexchange._bounded import Bound, hints_of, parts_of
from miexchange._text import closest, counted
from miexchange._time import NotATime, instant_of
from miexchange._value import Value, faults_in
from miexchange.errors import InvalidValue, sentence, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from miexchange._problems import Problems
    from miexchange.programme._toml import Toml, TomlPath

__all__ = ["Fitter", "Shape", "dotted", "shape_of"]

_NOTHING: Any = object()  # a value that did not fit; None is a value

_PLAIN: dict[Any, tuple[str, str]] = {
    str: ("a text", "Write it in quotes"),
    int: ("a whole number", "Write digits alone, without quotes and decimals"),
    bool: ("true or false", "Write true or false, without quotes"),
    date: ("a date", "Write it as 2018-03-15, without quotes"),
}


class Shape(NamedTuple):
    """The keys of a table, with their types, and the required ones."""

    types: Mapping[str, Any]
    required: frozenset[str]


@cache
def shape_of(kind: Any) -> Shape:  # noqa: ANN401 - any dataclass
    """Return the shape of a dataclass; the required keys come first."""
    hints = hints_of(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    required = [field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    return Shape({name: hints[name] for name in dict.fromkeys((*required, *names))}, frozenset(required))


def dotted(path: TomlPath) -> str:
    """Return a key as written in the file, without positions: the line identifies it.

    >>> dotted(("terms", 1, "bonuses", 0, "amount_minor"))
    'terms.bonuses.amount_minor'
    """
    return ".".join(part for part in path if isinstance(part, str))


class Fitter:
    """Fits the tables of one file, and records their faults."""

    def __init__(self, toml: Toml, file: str, zone: tzinfo, problems: Problems) -> None:
        """Store the list of problems, and the zone of local dates."""
        self._toml = toml
        self._file = file
        self._zone = zone
        self._problems = problems

    def _bad(self, path: TomlPath, message: str, remedy: str) -> Any:  # noqa: ANN401 - _NOTHING, whatever is wanted
        self._problems.add(self._file, self._toml.line_of(path), dotted(path), message, remedy)
        return _NOTHING

    def table(self, kind: Any, data: object, path: TomlPath) -> Any:  # noqa: ANN401 - the kind's own type
        """Return the data as a dataclass, or None after recording a problem for every fault."""
        fitted = self._table(kind, data, path)
        return None if fitted is _NOTHING else fitted

    def fields(self, shape: Shape, data: Mapping[str, object], path: TomlPath) -> dict[str, Any]:
        """Return the values that fit; a problem is recorded for each that does not, is missing, or is unknown."""
        meant: list[str] = []
        for key in data:
            if key not in shape.types:
                meant += (close := closest(key, shape.types))
                remedy = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(shape.types)}"
                self._bad((*path, key), "is not a known key", remedy)
        for key in shape.types:
            if key in shape.required and key not in data and key not in meant:
                self._bad((*path, key), "is missing", f"Add the key: {_noun(shape.types[key])}")
        fitted = {key: self._value(shape.types[key], data[key], (*path, key)) for key in shape.types if key in data}
        return {key: value for key, value in fitted.items() if value is not _NOTHING}

    def _table(self, kind: Any, data: object, path: TomlPath) -> Any:  # noqa: ANN401 - as above
        if not isinstance(data, dict):
            return self._bad(path, f"{_written(data)} is no table", "Write it as a table: keys with values")
        before = len(self._problems.found)
        fitted = self.fields(shape_of(kind), data, path)
        if len(self._problems.found) > before:
            return _NOTHING
        return self._made(kind, fitted, path)

    def made(self, kind: Any, fields: Mapping[str, object], path: TomlPath) -> Any:  # noqa: ANN401 - the kind's own type
        """Return the value of fields that fit, or None after recording why they do not fit together."""
        made = self._made(kind, fields, path)
        return None if made is _NOTHING else made

    def _made(self, kind: Any, fields: Mapping[str, object], path: TomlPath) -> Any:  # noqa: ANN401 - as above
        try:
            return kind(**fields)
        except InvalidValue as fault:
            first = fault.field.partition(".")[2], fault.value, fault.rule
            for field, value, rule in (faults_in(kind, fields) if issubclass(kind, Value) else ()) or [first]:
                place = (int(key) if key.isdigit() else key for key in field.split("."))
                said = (
                    f"has {counted(len(value), 'element')}"
                    if isinstance(value, tuple)
                    else f"{_written(value)} does not fit"
                )
                what = "is missing" if value is None else said
                self._bad((*path, *place), what, sentence(rule))
            return _NOTHING

    def _value(self, kind: Any, value: object, path: TomlPath) -> Any:  # noqa: ANN401 - as above
        kind, told, _ = parts_of(kind)  # TOML has no null: a key that exists has a value
        bounds: list[Any] = [bound for bound in told if isinstance(bound, Bound)]
        if dataclasses.is_dataclass(kind):
            return self._table(kind, value, path)
        if get_origin(kind) is tuple:
            return self._list(get_args(kind)[0], value, path, bounds)
        if kind is datetime:
            return self._instant(value, path)
        fits, words = type(value) is kind, _PLAIN.get(kind)
        if words is None:  # a Literal
            fits, words = value in get_args(kind), ("known here", f"Write one of: {', '.join(get_args(kind))}")
        if not fits:
            return self._bad(path, f"{_written(value)} is not {words[0]}", words[1])
        for bound in bounds:
            if not bound.fits(value):
                what = f"{shown(value)} {bound.fault(value)}" if value != "" else bound.fault(value)
                return self._bad(path, what, f"Write {bound.wants}")
        return value

    def _list(self, kind: Any, value: object, path: TomlPath, bounds: list[Any]) -> Any:  # noqa: ANN401 - as above
        if not isinstance(value, list):
            many = dataclasses.is_dataclass(kind)
            remedy = f"Write it as [[{dotted(path)}]]" if many else "Write it in square brackets"
            return self._bad(path, f"{_written(value)} is not a list", remedy)
        for bound in bounds:
            if not bound.least <= len(value) <= bound.most:
                return self._bad(path, bound.fault(value), f"Write {bound.wants}")
        before = len(self._problems.found)
        fitted = tuple(self._value(kind, item, (*path, number)) for number, item in enumerate(value))
        for key in (bound.key for bound in bounds if bound.key):
            seen: set[object] = set()
            for number, item in enumerate(fitted):
                name = item if key == "self" else getattr(item, key, _NOTHING)
                if name is not _NOTHING and name in seen:
                    place = (*path, number) if key == "self" else (*path, number, key)
                    self._bad(place, f"duplicate {shown(name)}", "Keep one of the two, or give it another name")
                seen.add(name)
        return fitted if len(self._problems.found) == before else _NOTHING

    def _instant(self, value: object, path: TomlPath) -> Any:  # noqa: ANN401 - as above
        try:
            return instant_of(value, self._zone)
        except NotATime as fault:
            what, remedy = fault.args
            return self._bad(path, f"{_written(value)} {what}", remedy + ", without quotes" * (type(value) is str))


def _noun(hint: Any) -> str:  # noqa: ANN401 - any annotation
    kind, _, _ = parts_of(hint)
    if kind in _PLAIN or kind is datetime:
        return _PLAIN[date if kind is datetime else kind][0]
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    return "a list" if get_origin(kind) is tuple else "a table"


def _written(value: object) -> str:
    """Render a value of a TOML file for a message."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else shown(value)
