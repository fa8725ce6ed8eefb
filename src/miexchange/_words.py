"""A word out of a few: an enumeration of texts that refuses any other object with an error of this package."""

from __future__ import annotations

from enum import EnumMeta, StrEnum
from typing import Any

from miexchange._text import text_of
from miexchange.errors import InvalidValue

__all__ = ["Word"]


class _Words(EnumMeta):
    """Looks a member up by its text alone: `enum` would hash and compare whatever it is handed."""

    def __call__(cls, value: object, *_: object, **__: object) -> Any:  # noqa: ANN401 - a member of the class
        text = text_of(value)
        member = None if text is None else cls._value2member_map_.get(text)
        if member is None:
            raise InvalidValue(cls.__name__, value, f"give one of: {', '.join(map(str, cls._value2member_map_))}")
        return member


class Word(StrEnum, metaclass=_Words):
    """The base of the words of this package."""
