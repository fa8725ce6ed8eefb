"""The rules for arguments, checked before a function runs.

>>> @takes(rows=whole(1), title=TEXT)
... def made(rows, title):
...     return f"{title}: {rows}"
>>> made(2, title="deals")
'deals: 2'
>>> made(0, title="deals")
Traceback (most recent call last):
miexchange.errors.InvalidValue: rows is 0: give a whole number of 1 or more
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import wraps
from numbers import Integral, Number
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from miexchange._text import is_a, native, path_of, text_of
from miexchange._value import instant
from miexchange.errors import InvalidValue, out_of_range, wrong_type

if TYPE_CHECKING:
    from types import UnionType

__all__ = [
    "COLUMNS",
    "DATE",
    "FLAG",
    "INSTANT",
    "PATH",
    "TEXT",
    "Rule",
    "check",
    "instance",
    "maybe",
    "one_of",
    "several",
    "takes",
    "whole",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _same(value: Any) -> Any:  # noqa: ANN401 - an argument of any type
    return value


class Rule(NamedTuple):
    """A rule: the values that fit, its wording, and the value that the function receives.

    A value that does not fit is of a wrong type, unless it is of one of the `kinds`: then it is out of range.
    """

    fits: Callable[[Any], bool]
    says: str
    plain: Callable[[Any], Any] = _same
    kinds: type | UnionType | None = None

    def fault(self, name: str, value: object) -> InvalidValue:
        """Return the error of a value that does not fit."""
        kind = type(value)
        if self.kinds is None or kind is bool or not issubclass(kind, self.kinds):
            return wrong_type(name, value, self.says)
        is_plain = issubclass(kind, (str, Number, date)) or (kind in {list, tuple, dict} and not value)
        return out_of_range(name, value, self.says, "" if is_plain else "holds what does not fit")


def takes(**rules: Rule) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Check arguments by name before the function is called.

    Raises:
        InvalidValue: an argument does not fit its rule.
    """

    def decorated(function: Callable[_P, _R]) -> Callable[_P, _R]:
        names = tuple(inspect.signature(function).parameters)  # those by name only are never given by place

        @wraps(function)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            # Without `Signature.bind`, which takes longer than most rules. The function refuses what does not bind.
            found = check({**dict(zip(names, args, strict=False)), **kwargs}, rules)
            for name in kwargs.keys() & found.keys():
                kwargs[name] = found[name]
            by_place = (found.get(name, given) for name, given in zip(names, args, strict=False))
            return function(*by_place, *args[len(names) :], **kwargs)  # type: ignore[arg-type]  # as `function` takes them

        return checked

    return decorated


def check(values: Mapping[str, object], rules: Mapping[str, Rule], within: str = "") -> dict[str, Any]:
    """Check values by name, such as the parameters of an estimator, and return them converted.

    Raises:
        InvalidValue: the first that does not fit its rule.
    """
    found = {}
    for name, rule in rules.items():
        if name not in values:
            continue
        try:
            fits = rule.fits(values[name])
            found[name] = rule.plain(values[name]) if fits else None
        except Exception:  # noqa: BLE001 - an object of foreign code may do anything when it is asked
            fits = False
        if not fits:
            raise rule.fault(f"{within}{name}", values[name])
    return found


def instance(kind: type, says: str = "") -> Rule:
    """Want an instance."""
    return Rule(lambda value: is_a(value, kind), says or f"give a {kind.__name__}")


def maybe(rule: Rule) -> Rule:
    """Want None or a value that fits another rule."""
    return Rule(
        lambda value: value is None or rule.fits(value),
        f"{rule.says}, or None",
        lambda value: None if value is None else rule.plain(value),
        rule.kinds,
    )


def several(rule: Rule, says: str) -> Rule:
    """Want an iterable, but not a text, whose elements fit another rule; the function gets a list."""

    def listed(values: Any) -> list[Any]:  # noqa: ANN401 - an argument of any type
        found = []
        for value in values:  # not `list`, which allocates the size that the object claims
            if not rule.fits(value):
                raise TypeError
            found.append(rule.plain(value))
        return found

    return Rule(lambda value: is_a(value, Iterable) and not is_a(value, str | bytes), says, listed, list | tuple | dict)


def whole(least: int = 0, most: int = 2**53) -> Rule:
    """Want a whole number within bounds."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        return not is_a(value, bool) and is_a(value, Integral) and least <= int(value) <= most

    bound = f" of {least} or more" if most == 2**53 else f" from {least} to {most}"
    return Rule(fits, f"give a whole number{bound}", int, Integral)


def one_of(*words: str) -> Rule:
    """Want one of a few words."""
    return Rule(lambda value: text_of(value) in words, f"give one of: {', '.join(words)}", text_of, str)


def _is_instant(value: object) -> bool:
    instant(value, "at")
    return True


def _is_path(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
    text = text_of(value)
    written = os.fsencode(path_of(value) or "" if text is None else text)
    return bool(written) and b"\0" not in written


TEXT = Rule(lambda value: bool(text_of(value)), "give a text", text_of, str)
FLAG = Rule(lambda value: type(native(value)) is bool, "give True or False", bool)
DATE = Rule(lambda value: type(value) is date, "give a date")
INSTANT = Rule(_is_instant, "give an instant: a datetime with a time zone, in the years 1900 to 9900", kinds=datetime)
PATH = Rule(_is_path, "give a path", path_of, str)
COLUMNS = several(Rule(lambda value: text_of(value) is not None, "", text_of), "give a list of names of columns")
