"""Bounds of a field, declared in its type: `keep_bps: Annotated[int, Between(0, BPS)]`.

Constructor, `replace`, `from_json`, the readers of tables and of programme files, the JSON Schema, the command and the
strategies all read that one declaration.

>>> class Shelf:
...     width_mm: Annotated[int, Between(1, 900)]
>>> bound_of(Shelf, "width_mm")
Between(least=1, most=900, says='')
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from miexchange._limits import LISTED, MESSAGE, NAME, TEXT
from miexchange._text import ID_RULE, WIDEST, is_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = [
    "ONE_LINE",
    "After",
    "Between",
    "Bound",
    "Chars",
    "Count",
    "Further",
    "Hex",
    "Id",
    "Items",
    "Line",
    "MaybeId",
    "Name",
    "Note",
    "Number",
    "Older",
    "OlderText",
    "Pair",
    "Since",
    "Text",
    "Words",
    "bound_of",
    "hints_of",
    "parts_of",
]


@dataclass(frozen=True, slots=True)
class Between:
    """Whole numbers from one to another."""

    least: int
    most: int
    says: str = ""

    def fits(self, number: int) -> bool:
        """Tell whether a number is within the bounds."""
        return self.least <= number <= self.most

    @property
    def wants(self) -> str:
        """What to give, as the object of a sentence."""
        return self.says or f"a whole number from {self.least} to {self.most}"

    def fault(self, _number: int) -> str:
        """Return what is wrong with a number that does not fit."""
        return "is out of range"

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Add the bounds to the JSON Schema."""
        return {**handler(schema), "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Chars:
    """Texts of a number of characters that match the pattern, if there is one, as a whole."""

    least: int
    most: int
    pattern: str = ""
    says: str = ""

    def fits(self, text: str) -> bool:
        """Tell whether a text satisfies the bounds."""
        return self.least <= len(text) <= self.most and (not text or not self.pattern or _matches(self.pattern, text))

    @property
    def wants(self) -> str:
        """What to give, as the object of a sentence."""
        return self.says or f"a text of {f'{self.least} to ' if self.least else 'up to '}{self.most:,} characters"

    def fault(self, text: str) -> str:
        """Return what is wrong with a text that does not fit."""
        if not text:
            return "is empty"
        return f"has {len(text):,} characters" if len(text) > self.most else "is not of that form"

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Add the bounds to the JSON Schema."""
        said = {"minLength": self.least, "maxLength": self.most}
        pattern = f"^(?:{self.pattern}){'' if self.least else '?'}$"
        return {**handler(schema), **said, **({"pattern": pattern} if self.pattern else {})}


def _matches(pattern: str, text: str) -> bool:
    return is_id(text) if pattern == ONE_LINE else re.fullmatch(pattern, text) is not None


@dataclass(frozen=True, slots=True)
class Items:
    """Tuples of a number of elements; with a key, no two elements may have the same."""

    least: int
    most: int
    key: str = ""

    def fits(self, items: tuple[Any, ...]) -> bool:
        """Tell whether the tuple is of that size, and its elements differ."""
        return self.least <= len(items) <= self.most and (not self.key or len(self._keys(items)) == len(items))

    def _keys(self, items: Iterable[Any]) -> set[object]:
        return {item if self.key == "self" else getattr(item, self.key) for item in items}

    @property
    def wants(self) -> str:
        """What to give, as the object of a sentence."""
        differ = {"": "", "self": ", no two alike"}.get(self.key, f", no two of one {self.key}")
        return f"{f'{self.least} to ' if self.least else 'up to '}{self.most:,} elements{differ}"

    def fault(self, items: Collection[Any]) -> str:
        """Return what is wrong with the number of elements."""
        return f"has {len(items):,} element{'s'[: len(items) != 1]}" if items else "is empty"

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Add the bounds to the JSON Schema."""
        unique = {"uniqueItems": True} if self.key else {}
        return {**handler(schema), "minItems": self.least, "maxItems": self.most, **unique}


@dataclass(frozen=True, slots=True)
class After:
    """A day or an instant after that of another field, if both are given."""

    field: str


@dataclass(frozen=True, slots=True)
class Older:
    """The value of a field in JSON of versions that did not have it yet."""

    make: Callable[[], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:  # noqa: ANN401 - pydantic's own
        """Make the field optional in JSON."""
        from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

        return core_schema.with_default_schema(handler(source), default_factory=self.make)


@dataclass(frozen=True, slots=True)
class Since:
    """Marks a field that exists since a later form of its type; it has a default. See `miexchange._forms`."""

    form: int


@dataclass(frozen=True, slots=True)
class Further:
    """Values that a field may have since a later form of its type; see `miexchange._forms`."""

    form: int
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class OlderText:
    """Spellings of older versions, and their replacements since."""

    then: str
    after: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:  # noqa: ANN401 - pydantic's own
        """Return the text in the present spelling."""
        from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

        return core_schema.no_info_after_validator_function(
            lambda text: text.replace(self.then, self.after), handler(source)
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A tuple of two that is an object in JSON, with the name and the description of each of the two.

    The list that older versions wrote is read as well.
    """

    first: str
    second: str
    says: tuple[str, str]

    @property
    def names(self) -> tuple[str, str]:
        """The names of the two elements."""
        return self.first, self.second

    @property
    def wants(self) -> str:
        """What to give, as the object of a sentence."""
        return f"an object of {self.first} and {self.second}"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:  # noqa: ANN401 - pydantic's own
        """Read an object, or the list of older versions; write an object."""
        from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

        def listed(given: Any) -> Any:  # noqa: ANN401 - what JSON holds
            if isinstance(given, dict) and given.keys() == {*self.names}:
                return tuple(given[name] for name in self.names)
            return tuple(given) if isinstance(given, list) else given

        return core_schema.no_info_before_validator_function(
            listed,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda pair: dict(zip(self.names, pair, strict=True))
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Describe it as an object with the two elements."""
        parts = zip(self.names, handler(schema["schema"])["prefixItems"], self.says, strict=True)
        properties = {name: {**part, "description": said} for name, part, said in parts}
        shape = {"required": [*self.names], "additionalProperties": False}
        return {"type": "object", "properties": properties, **shape}


Bound = Between | Chars | Items

ONE_LINE = (
    "[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]*[^\\s\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]"
    "[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]*"
)
"""The rule of `is_id` as a JSON Schema."""

Id = Annotated[str, Chars(1, NAME, ONE_LINE, ID_RULE)]
"""An identifier of an account, a model, a question and so on: see `is_id`."""

MaybeId = Annotated[str, Chars(0, NAME, ONE_LINE, f"{ID_RULE}, or an empty text")]
"""An optional identifier; "" for none."""

Name = Annotated[str, Chars(1, NAME)]
"""A name as another party writes it, such as a product of a shop."""

Text = Annotated[str, Chars(1, TEXT)]
"""A text for people, such as a question."""

Note = Annotated[str, Chars(0, TEXT)]
"""A text for people, such as a source; it may be empty."""

Line = Annotated[str, Chars(0, MESSAGE)]
"""A text that this package composes, such as the effect of a quote's line."""

Words = Annotated[tuple[Id, ...], Items(0, LISTED, "self")]
"""Brands, categories, channels and the like, without duplicates."""

Number = Annotated[int, Between(1, WIDEST - 1)]
"""A position or a count from 1."""

Count = Annotated[int, Between(0, WIDEST - 1)]
"""A count."""


def Hex(bytes_: int, *, optional: bool = False) -> Chars:  # noqa: N802 - it stands where a class does
    """Want bytes as hex digits, or "" if that is allowed."""
    digits = 2 * bytes_
    what = f"{digits} hex digits" + ", or an empty text" * optional
    return Chars(0 if optional else digits, digits, f"[0-9a-f]{{{digits}}}", what)


@cache
def hints_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Return the annotations of a dataclass's fields, with their bounds."""
    return get_type_hints(kind, include_extras=True)


def parts_of(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:  # noqa: ANN401 - an annotation has no type
    """Return the type of an annotation, its bounds, and whether None is allowed.

    >>> parts_of(Annotated[int, Between(0, 5)] | None)
    (<class 'int'>, (Between(least=0, most=5, says=''),), True)
    """
    optional = False
    if get_origin(hint) in {Union, UnionType}:
        arms = [arm for arm in get_args(hint) if arm is not NoneType]
        if len(arms) > 1:
            return hint, (), False
        (hint,), optional = arms, True
    if get_origin(hint) is not Annotated:
        return hint, (), optional
    kind, *bounds = get_args(hint)
    inner, more, none = parts_of(kind)
    return inner, (*more, *bounds), optional or none


@cache
def bound_of(kind: Any, field: str) -> Any:  # noqa: ANN401 - of the kind that the field has
    """Return the bound of a field."""
    (bound,) = (bound for bound in parts_of(hints_of(kind)[field])[1] if isinstance(bound, Bound))
    return bound
