"""An enumeration of texts that refuses any other object with an error of this package."""

from __future__ import annotations

from enum import EnumMeta, StrEnum
from typing import Any, TypeVar, cast

from miexchange._text import text_of
from miexchange.errors import InvalidValue, out_of_range, wrong_type

__all__ = ["Word", "word"]


class _Words(EnumMeta):
    """Looks a member up by its text alone: `enum` would hash and compare any object."""

    def __call__(cls, value: object, *_: object, **__: object) -> Any:  # noqa: ANN401 - a member of the class
        text = text_of(value)
        member = None if text is None else cls._value2member_map_.get(text)
        if member is None:
            wrong = wrong_type if text is None else out_of_range
            raise wrong(cls.__name__, value, f"give one of: {', '.join(map(str, cls._value2member_map_))}")
        return member


class Word(StrEnum, metaclass=_Words):
    """The base of the words of this package."""


_W = TypeVar("_W", bound=Word)


def word(value: object, kind: type[_W], field: str) -> _W:
    """Return the member that an argument is, or whose text it is.

    Raises:
        InvalidValue: there is no such member; it names the argument.
    """
    if type(value) is kind:
        return value
    try:
        return kind(cast("str", value))
    except InvalidValue as fault:
        raise fault.at(field) from None
