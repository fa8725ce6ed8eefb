"""Reads untrusted JSON: within the limits of `_limits`, without duplicate keys, with errors of ours."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn, cast

from miexchange._limits import JSON_BYTES, JSON_DEPTH, JSON_DIGITS, JSON_KEYS, JSON_VALUES
from miexchange._privacy import masked
from miexchange._text import bytes_of, text_of
from miexchange.errors import InvalidValue, out_of_range, shown, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_deep", "json_text", "plain", "read_json"]

_DEEP = f"give at most {JSON_DEPTH} objects and arrays within one another"
_MARK = "\ufeff"


def json_text(text: object, field: str, rule: str) -> str:
    """Return a JSON text as a plain `str` of a bounded size; it is not parsed yet.

    Args:
        text: a text, or UTF-8 bytes.
        field: the name of the JSON in the error.
        rule: what to give, in the error of an argument that is not a text.

    Raises:
        InvalidValue: of another type, not UTF-8, with a byte order mark, or too large.
    """
    plain_text = text_of(text)
    if plain_text is None:
        data = bytes_of(text)
        if data is None:
            raise wrong_type(field, text, rule)
        if len(data) > JSON_BYTES:
            raise _large(field, text, len(data))
        try:
            plain_text = data.decode()
        except UnicodeDecodeError as error:
            what = f"is not UTF-8 at byte {error.start}"
            raise out_of_range(field, text, "save it as UTF-8", what) from None
    elif len(plain_text) > JSON_BYTES or not plain_text.isascii():
        try:
            size = len(plain_text.encode())
        except UnicodeEncodeError:
            raise out_of_range(field, plain_text, "give a text that can be written as UTF-8") from None
        if size > JSON_BYTES:
            raise _large(field, plain_text, size)
    if plain_text.startswith(_MARK):
        raise out_of_range(field, plain_text, "save it without a byte order mark", "begins with a byte order mark")
    return plain_text


def _large(field: str, text: object, size: int) -> InvalidValue:
    return out_of_range(field, text, f"give at most {JSON_BYTES:,} bytes of JSON", f"has {size:,} bytes")


def _deep(field: str, data: object) -> InvalidValue:
    return out_of_range(field, data, _DEEP, "is nested too deep")


def read_json(text: object, field: str, rule: str = "give a JSON text", repeated: str = "write each key once") -> Any:  # noqa: ANN401 - what JSON holds
    """Return the data of a JSON text.

    Args:
        text: a text, or UTF-8 bytes.
        field: the name of the JSON in the error.
        rule: what to give, in the error of invalid JSON.
        repeated: the remedy for a duplicate key in an object, which is never resolved silently.

    Raises:
        InvalidValue: invalid JSON, outside the bounds, NaN or Infinity, or a duplicate key.
    """
    given = json_text(text, field, rule)
    try:
        data = _parsed(given)
    except (ValueError, RecursionError):
        _refuse(given, field, rule, repeated)
    if given.count("[") + given.count("{") > JSON_DEPTH and is_deep(data, JSON_DEPTH):
        raise _deep(field, given)
    return data


def _parsed(given: str) -> Any:  # noqa: ANN401 - what JSON holds
    bare = given.strip(_SPACE)
    data, end = _PLAIN.raw_decode(bare)  # `decode` would look for white space with a pattern, which takes longer
    if end != len(bare):
        raise ValueError
    return data


_SPACE = " \t\n\r"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or len(pairs) > JSON_KEYS:
        raise ValueError
    return found


def _number(digits: str) -> str:
    if len(digits) > JSON_DIGITS:
        raise ValueError
    return digits


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


_PLAIN = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=lambda digits: int(_number(digits)),
    parse_float=lambda digits: float(_number(digits)),
    parse_constant=_constant,
)
"""Reads what is within the bounds, as nearly every text is; its errors say nothing. Making it takes long."""


def _refuse(given: str, field: str, rule: str, repeated: str) -> NoReturn:
    """Read a JSON text that is not within the bounds once more, to name its first fault."""
    number, twice = _number_of(field), list[_Repeated]()
    try:
        data = json.loads(
            given,
            object_pairs_hook=_once_each(field, twice),
            parse_int=lambda digits: int(number(digits)),
            parse_float=lambda digits: float(number(digits)),
            parse_constant=_no_constant(field),
        )
    except InvalidValue:
        raise
    except RecursionError:
        raise _deep(field, given) from None
    except ValueError:
        raise out_of_range(field, given, rule, which="is no JSON" if given else "") from None
    key = ".".join((field, *_path_of_repeated(data)))
    raise out_of_range(key, key, repeated, "is a duplicate key")


class _Repeated(dict[str, Any]):
    """An object with a duplicate key, whose own path is not known yet."""

    def __init__(self, found: dict[str, Any], key: str) -> None:
        super().__init__(found)
        self.key = key


def _path_of_repeated(data: dict[str, Any] | list[Any]) -> list[str]:
    """Return the path of the first duplicate key, and the key."""
    # Each value has its path: its name, and the path of the value that contains it.
    unread: list[tuple[Any, Any]] = [(data, None)]
    while True:  # an object lost with its duplicate key is within another such object
        one, way = unread.pop()
        if type(one) is _Repeated:
            names = [one.key]
            while way:
                name, way = way
                names.append(f"{name}")
            return [masked(name) for name in reversed(names)]
        inner = one.items() if isinstance(one, dict) else enumerate(one)
        unread += reversed([(item, (name, way)) for name, item in inner if isinstance(item, dict | list)])


def _once_each(field: str, twice: list[_Repeated]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def paired(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            times = Counter(name for name, _ in pairs)
            twice.append(_Repeated(found, key=next(name for name in times if times[name] > 1)))
            return twice[-1]
        if len(pairs) > JSON_KEYS:
            raise out_of_range(
                field, found, f"give at most {JSON_KEYS:,} keys", f"has an object of {len(pairs):,} keys"
            )
        return found

    return paired


def _number_of(field: str) -> Callable[[str], str]:
    def bounded(digits: str) -> str:
        if len(digits) > JSON_DIGITS:
            what = f"has a number of {len(digits):,} digits"
            raise out_of_range(field, digits, f"give at most {JSON_DIGITS} digits", what)
        return digits

    return bounded


def _no_constant(field: str) -> Callable[[str], NoReturn]:
    def refused(name: str) -> NoReturn:
        rule = "give a number that JSON has: neither NaN nor Infinity is one"
        raise out_of_range(field, name, rule, f"has {name}")

    return refused


def is_deep(data: object, most: int) -> bool:
    """Tell whether plain data is nested more deeply than allowed; without recursion."""
    level = [data]
    for _ in range(most):
        level = [
            item
            for outer in level
            if type(outer) is list or type(outer) is dict
            for item in (outer.values() if type(outer) is dict else cast("list[object]", outer))
        ]
    return any(type(item) is list or type(item) is dict for item in level)


def plain(data: object, field: str, rule: str) -> Any:  # noqa: ANN401 - what JSON holds
    """Return a copy of Python data in JSON types only, so that writing it runs no foreign code.

    The bounds are those of a JSON text, applied to the output: a list that occurs twice counts twice.

    Raises:
        InvalidValue: an object without a JSON form, a key that is not a text, or outside the bounds.
    """
    return _Copy(field, rule).of(data, 0)


class _Copy:
    def __init__(self, field: str, rule: str) -> None:
        self._field = field
        self._rule = rule
        self._values = 0
        self._bytes = 0

    def of(self, value: object, depth: int) -> Any:  # noqa: ANN401 - what JSON holds, kind by kind
        kind = type(value)
        self._values += 1
        if self._values > JSON_VALUES:
            rule = f"give at most {JSON_VALUES:,} values in all"
            raise out_of_range(self._field, value, rule, f"has more than {JSON_VALUES:,} values")
        if value is None or kind is bool:
            return value
        if issubclass(kind, str):
            return self._text(value)
        if issubclass(kind, int):
            return self._whole(int.__int__(cast("int", value)))
        if issubclass(kind, float):
            return float.__float__(cast("float", value))
        if depth == JSON_DEPTH:
            raise _deep(self._field, value)
        if issubclass(kind, dict):
            pairs = dict.items(cast("dict[object, object]", value))
            return {self._text(name): self.of(item, depth + 1) for name, item in pairs}
        if not issubclass(kind, list | tuple):
            raise wrong_type(self._field, value, self._rule, f"has {shown(value)} in it" if depth else "")
        iterate = list.__iter__ if issubclass(kind, list) else tuple.__iter__
        return [self.of(item, depth + 1) for item in iterate(cast("Any", value))]

    def _text(self, value: object) -> str:
        text = text_of(value)
        if text is None:
            raise wrong_type(self._field, value, self._rule, f"has {shown(value)} as a key")
        self._bytes += len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
        if self._bytes > JSON_BYTES:
            raise _large(self._field, value, self._bytes)
        return text

    def _whole(self, number: int) -> int:
        if not -_GREATEST < number < _GREATEST:
            rule = f"give at most {JSON_DIGITS} digits"
            raise out_of_range(self._field, number, rule, f"has a number of more than {JSON_DIGITS} digits")
        return number


_GREATEST = 10**JSON_DIGITS
