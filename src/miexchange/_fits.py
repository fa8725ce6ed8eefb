"""The meaning of an annotation for a value: a test, its wording, and the error of a value that does not fit.

The wording is that of Python types for the constructor, and of JSON types for data read from JSON.

>>> wants(tuple[int, ...], 5), wants(tuple[int, ...], 5, as_json=True)
('a tuple, each element a whole number of 64 bits', 'a list, each element a whole number of 64 bits')
>>> print(fault("Order.lines", [], tuple[int, ...], 5))
Order.lines is a list: give a tuple, each element a whole number of 64 bits
>>> print(fault("Order.lines", (1, "two"), tuple[int, ...], 5))
Order.lines.1 is the text 'two': give a whole number of 64 bits
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from miexchange._bounded import ONE_LINE, Between, Bound, Chars, Items, Pair, parts_of
from miexchange._text import WIDEST
from miexchange._time import YEARS
from miexchange.errors import InvalidValue, out_of_range, shown, wrong_type

__all__ = ["AN_INSTANT", "SURROGATE", "a_kind", "check_of", "fault", "is_text", "wants"]

_Test = Callable[[Any], bool]


def check_of(hint: Any, most: int) -> _Test:  # noqa: ANN401 - an annotation has no type
    """Return the test of an annotation; a tuple without bounds has up to `most` elements."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _bounded(parts[0], [bound for bound in parts[1:] if isinstance(bound, Bound)], most)
    if origin is Literal:
        return lambda value: type(value) is str and value in parts
    if origin in {tuple, frozenset}:
        return _test_of_several(origin, parts, most)
    if origin in {Union, UnionType}:
        return _test_of_union([check_of(part, most) for part in parts if part is not NoneType], parts)
    if hint in _TESTS:
        return _TESTS[hint]
    return lambda value: issubclass(type(value), hint)


def _bounded(hint: Any, bounds: list[Bound], most: int) -> _Test:  # noqa: ANN401 - as above
    """Return the test of an annotation with bounds."""
    test = check_of(hint, most)
    for bound in bounds:
        if isinstance(bound, Between):
            return _test_of_numbers(bound)
        if isinstance(bound, Chars):
            return _test_of_chars(bound)
        test = _both(test, bound.fits)
    return test


def _test_of_numbers(bound: Between) -> Callable[[Any], bool]:
    """Return the test of a whole number. Inlined: tables have thousands of rows."""
    least, most = bound.least, bound.most
    return lambda value: type(value) is int and least <= value <= most


def _test_of_chars(bound: Chars) -> Callable[[Any], bool]:
    """Return the test of a text; plain texts, which are the most frequent, come first."""
    least, most, fits, is_open = bound.least, bound.most, bound.fits, not bound.pattern
    is_line = bound.pattern == ONE_LINE

    def test(value: object) -> bool:
        if type(value) is not str or not least <= len(value) <= most:
            return False
        if is_line:
            return (value.isprintable() and not value.isspace()) or fits(value)
        return is_text(value) if is_open else fits(value)

    return test


def _both(one: Callable[[Any], bool], other: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: one(value) and other(value)


def _test_of_union(tests: list[_Test], parts: tuple[Any, ...]) -> _Test:
    if len(tests) == 1:
        (one,) = tests
        return lambda value: value is None or one(value)
    optional = NoneType in parts
    return lambda value: (optional and value is None) or any(test(value) for test in tests)


def _test_of_several(kind: Any, parts: tuple[Any, ...], most: int) -> _Test:  # noqa: ANN401 - tuple or frozenset
    if parts[-1] is Ellipsis or kind is frozenset:
        fits = check_of(parts[0], most)
        return lambda value: type(value) is kind and len(value) <= most and all(map(fits, value))
    tests = [check_of(part, most) for part in parts]

    def fits_each(value: object) -> bool:
        if type(value) is not tuple or len(value) != len(tests):
            return False
        return all(test(item) for test, item in zip(tests, value, strict=True))

    return fits_each


def is_text(value: object) -> bool:
    """Tell whether a value is exactly a `str` that can be encoded as UTF-8: without lone surrogates."""
    if type(value) is not str:
        return False
    return value.isascii() or not SURROGATE.search(value)


SURROGATE = re.compile("[\ud800-\udfff]")

AN_INSTANT = "an instant: a datetime with a time zone"
_TESTS: dict[object, _Test] = {
    datetime: lambda value: type(value) is datetime and value.tzinfo is UTC and value.year in YEARS,
    str: is_text,
    bool: lambda value: type(value) is bool,
    bytes: lambda value: type(value) is bytes,
    date: lambda value: type(value) is date,
    int: lambda value: type(value) is int and -WIDEST <= value < WIDEST,
}
_WORDS: dict[object, tuple[str, str]] = {
    datetime: (AN_INSTANT, "an instant as text, such as 2018-03-20T12:00:00Z"),
    str: ("a text", "a text"),
    bool: ("True or False", "true or false"),
    bytes: ("bytes", "bytes"),
    date: ("a date", "a day as text, such as 2018-03-20"),
    int: ("a whole number of 64 bits",) * 2,
    frozenset: ("a frozenset", "a list"),
    tuple: ("a tuple", "a list"),
}


def wants(hint: Any, most: int, *, as_json: bool = False) -> str:  # noqa: ANN401 - an annotation has no type
    """Return what to give, as the object of a sentence."""
    inner, bounds, optional = parts_of(hint)
    origin, parts = get_origin(inner), get_args(inner)
    none = (", or null" if as_json else ", or None") * (optional or NoneType in parts)
    said = next((bound.wants for bound in bounds if isinstance(bound, Between | Chars)), "")
    if origin is Literal:
        said = f"one of: {', '.join(parts)}"
    elif origin in {tuple, frozenset}:
        each = wants(parts[0], most, as_json=as_json)
        is_long = Ellipsis in parts or origin is frozenset
        said = _WORDS[origin][as_json] + (f", each element {each}" if is_long else f" of {len(parts)}")
        said = next((bound.wants for bound in bounds if as_json and isinstance(bound, Pair)), said)
    elif origin in {Union, UnionType}:
        said = " or ".join(wants(part, most, as_json=as_json) for part in parts if part is not NoneType)
    elif inner in _WORDS:
        said = said or _WORDS[inner][as_json]
    elif as_json and issubclass(inner, StrEnum):
        said = f"one of: {', '.join(inner)}"
    elif as_json:
        said = f"the JSON form of {a_kind(inner)}"
    else:
        said = a_kind(inner)
    return said + none


def a_kind(kind: type) -> str:
    """Return the name of a type with its article."""
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"


def fault(path: str, value: object, hint: Any, most: int, *, as_json: bool = False) -> InvalidValue:  # noqa: ANN401 - as above
    """Return the error of a value that does not fit its annotation; in a collection, of the element that does not.

    Args:
        path: the field, dotted from the value's type.
        value: the value.
        hint: the annotation.
        most: the most elements of a tuple without bounds of its own.
        as_json: whether the value is data of JSON.
    """
    inner, bounds, _ = parts_of(hint)
    origin, rule = get_origin(inner), f"give {wants(hint, most, as_json=as_json)}"
    several = origin if origin in {tuple, frozenset} else None
    if several and type(value) is (list if as_json else several):
        return _fault_of_several(path, value, inner, bounds, most)
    if as_json and (value is None or type(value) in {bool, dict, list}):
        return wrong_type(path, value, rule, f"is {_JSON_WORDS.get(type(value)) or str(value).lower()}")
    if type(value) not in _kinds(inner, as_json=as_json):
        return wrong_type(path, value, rule)
    bound = next((bound for bound in bounds if isinstance(bound, Chars)), None)
    is_long = bound is not None and type(value) is str and len(value) > bound.most
    return out_of_range(path, value, rule, f"has {len(value):,} characters" if is_long else "")  # type: ignore[arg-type]


_JSON_WORDS = {dict: "an object", list: "a list", NoneType: "null"}


@cache
def _kinds(hint: Any, *, as_json: bool) -> frozenset[type]:  # noqa: ANN401 - as above
    """Return the types for which a value is out of range rather than of another type."""
    if get_origin(hint) is Literal or (as_json and hint in {date, datetime}):
        return frozenset({str})
    if as_json and isinstance(hint, type) and (issubclass(hint, StrEnum) or not dataclasses.is_dataclass(hint)):
        return frozenset({str}) if issubclass(hint, StrEnum) else frozenset({hint})
    return frozenset({hint})


def _fault_of_several(path: str, value: Any, hint: Any, bounds: tuple[Any, ...], most: int) -> InvalidValue:  # noqa: ANN401 - as above
    """Return the error of a tuple or a frozenset: of its first element that does not fit, or of its length."""
    parts = get_args(hint)
    is_long = Ellipsis in parts or get_origin(hint) is frozenset
    bound = next((bound for bound in bounds if isinstance(bound, Items)), Items(0, most))
    if not is_long and len(value) != len(parts):
        return out_of_range(path, value, f"give {len(parts)} elements")
    if is_long and len(value) > min(most, bound.most):
        return out_of_range(path, value, f"give {bound.wants}", f"has {len(value):,} elements")
    for number, item in enumerate(value):
        if type(value) is frozenset and not check_of(parts[0], most)(item):
            return out_of_range(path, value, f"give {wants(parts[0], most)} in each place", f"has {shown(item)} in it")
        part = parts[0] if is_long else parts[number]
        if not check_of(part, most)(item):
            return fault(f"{path}.{number}", item, part, most)
    return out_of_range(path, value, f"give {bound.wants}", bound.fault(value))
