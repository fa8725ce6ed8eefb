"""What arguments may be: a rule for each, checked before anything is computed.

>>> @takes(rows=whole(1), title=TEXT)
... def made(rows, title):
...     return f"{title}: {rows}"
>>> made(2, title="deals")
'deals: 2'
>>> made(0, title="deals")
Traceback (most recent call last):
miexchange.errors.InvalidValue: rows cannot be 0: give a whole number of 1 or more
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from miexchange._text import text_of
from miexchange._value import instant
from miexchange.errors import InvalidValue
from miexchange.tuning._cells import MOST

__all__ = [
    "AXES",
    "COLUMN",
    "DATE",
    "INSTANT",
    "PATH",
    "SEED",
    "TEXT",
    "Rule",
    "check",
    "each",
    "instance",
    "mapping",
    "maybe",
    "named",
    "one_of",
    "real",
    "takes",
    "whole",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Rule(NamedTuple):
    """Which values fit, and how to say what is wanted."""

    fits: Callable[[Any], bool]
    says: str


def takes(**rules: Rule) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Check arguments by name before the function is called.

    Raises:
        InvalidValue: an argument does not fit its rule.
    """

    def decorated(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)

        @wraps(function)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            check(signature.bind(*args, **kwargs).arguments, rules)
            return function(*args, **kwargs)

        return checked

    return decorated


def check(values: Mapping[str, object], rules: Mapping[str, Rule], within: str = "") -> None:
    """Check values by name, such as the parameters of an estimator.

    Raises:
        InvalidValue: the first that does not fit its rule.
    """
    for name, rule in rules.items():
        if name in values and not _fits(rule, values[name]):
            raise InvalidValue(f"{within}{name}", values[name], rule.says)


def _fits(rule: Rule, value: object) -> bool:
    try:
        return rule.fits(value)
    except Exception:  # noqa: BLE001 - an object of foreign code may do anything when it is asked
        return False


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    return issubclass(type(value), kind)  # the type: an object may claim any __class__


def instance(kind: type, says: str = "") -> Rule:
    """Want an instance."""
    return Rule(lambda value: _is(value, kind), says or f"give a {kind.__name__}")


def named(kind: str) -> Rule:
    """Want an instance of a class of this package, by its name, where importing it would go in a circle."""
    return Rule(lambda value: any(one.__name__ == kind for one in type(value).__mro__), f"give a {kind}")


def maybe(rule: Rule) -> Rule:
    """Want None or what fits another rule."""
    return Rule(lambda value: value is None or rule.fits(value), f"{rule.says}, or None")


def real(*, above: float | None = None, least: float | None = None, below: float | None = None, says: str = "") -> Rule:
    """Want a number within bounds."""
    bound = "" if above is None else f" above {above:g}"
    bound += "" if least is None else f" of {least:g} or more"
    bound += "" if below is None else f" and below {below:g}"

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        if _is(value, (bool, np.bool_)) or not _is(value, (int, float, np.integer, np.floating)):
            return False
        inside = -MOST <= value <= MOST
        inside = inside and (above is None or value > above) and (least is None or value >= least)
        return bool(inside and (below is None or value < below))

    return Rule(fits, says or f"give a number{bound}")


def whole(least: int = 0, most: int = 2**53) -> Rule:
    """Want a whole number within bounds."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        return _is(value, (int, np.integer)) and not _is(value, bool) and least <= int(value) <= most

    bound = f" of {least} or more" if most == 2**53 else f" from {least} to {most}"
    return Rule(fits, f"give a whole number{bound}")


def one_of(*words: str) -> Rule:
    """Want one of a few words."""
    return Rule(lambda value: text_of(value) in words, f"give one of: {', '.join(words)}")


def each(rule: Rule, says: str = "") -> Rule:
    """Want a list, a tuple or a column, of which everything fits another rule."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        if _is(value, (str, bytes)) or not _is(value, (Sequence, np.ndarray, pd.Series, pd.Index)):
            return False
        return all(map(rule.fits, value))

    return Rule(fits, says or f"give a list; of each: {rule.says}")


def mapping(key: Rule, rule: Rule) -> Rule:
    """Want a mapping."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        return _is(value, Mapping) and all(map(key.fits, value)) and all(map(rule.fits, value.values()))

    return Rule(fits, f"give a mapping; of each value: {rule.says}")


def _is_instant(value: object) -> bool:
    instant(value, "at")
    return True


TEXT = Rule(lambda value: bool(text_of(value)), "give a text")
COLUMN = Rule(lambda value: text_of(value) is not None, "give the name of a column")
SEED = whole(0, 2**63 - 1)
DATE = Rule(lambda value: type(value) is date, "give a date")
INSTANT = Rule(_is_instant, "give an instant: a datetime with a time zone, in the years 1900 to 9900")
PATH = Rule(lambda value: bool(text_of(value)) or _is(value, Path), "give a path")
AXES = maybe(named("Axes"))  # matplotlib is optional
