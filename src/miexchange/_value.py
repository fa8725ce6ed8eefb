"""The base of every public value: one canonical JSON form, and a `replace` that validates.

A value is a frozen, slotted dataclass. pydantic is used only for JSON: it is loaded when the first
value is read from JSON, not when the package is imported.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import repeat
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast, get_args

from miexchange._bounded import After, hints_of, parts_of
from miexchange._door import REVEAL, Served, adapter_of, in_own_words, read_as, read_data
from miexchange._fits import AN_INSTANT, SURROGATE, a_kind, check_of, fault, is_text
from miexchange._forms import by_place, form_of, in_forms, left_out, numbered, too_new
from miexchange._json import json_text, read_json
from miexchange._limits import VALUE_ITEMS
from miexchange._text import is_missing, native, text_of
from miexchange._time import NO_ZONE, OUT_OF_RANGE, TOO_FINE, YEARS, NotATime, in_utc
from miexchange._written import data_of, instant_text
from miexchange.errors import InvalidValue, missing, out_of_range, unknown, wrong_type

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "Fault",
    "Pickled",
    "Value",
    "argument",
    "canonical",
    "changed",
    "check_names",
    "check_types",
    "checks_of",
    "day",
    "dump",
    "elements",
    "faults_in",
    "flag",
    "from_columns",
    "instant",
    "is_text",
    "packed",
    "pairs",
    "proved",
    "require",
    "text",
    "whole",
]


_V = TypeVar("_V", bound="Value")
_T = TypeVar("_T")

Fault = tuple[str, object, str]
"""The path of a field that does not fit the others, its value, and the rule."""


class Pickled:
    """A value that is pickled with its form and the names of its fields, and validated when it is unpickled."""

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - whatever a base takes
        """Read pickles of versions that did not write the names of fields; a dataclass would not validate them."""
        super().__init_subclass__(**options)
        if "__setstate__" not in cls.__dict__:
            cls.__setstate__ = Pickled._set_by_place  # type: ignore[attr-defined]  # of pickle's protocol

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the names of the fields and the form, to be validated like a new value."""
        kind = cast("Any", type(self))
        unwritten = left_out(self)
        state = {name: getattr(self, name) for name in _names(kind) if name not in unwritten}
        return self._in_form(form_of(kind), state)

    def _in_form(self, form: int, state: dict[str, object]) -> tuple[Any, ...]:
        """Return what pickle stores: a version that does not know the form says so."""
        return _unpickled, (type(self), form, state)

    @classmethod
    def _of_state(cls, form: int, state: dict[str, Any]) -> Self:
        """Return the value of a pickle; `_unpickled` has the errors."""
        check_names(cls, form, state)
        return cls(**state)

    def _set_by_place(self, state: object) -> None:
        kind = cast("Any", type(self))
        try:
            value = kind(**by_place(kind, _names(kind), state))
        except (InvalidValue, TypeError) as error:  # the fields were others, or in another order
            rule = "read its JSON, which every version reads"
            what = f"is pickled by an earlier version, in another form ({error})"
            raise out_of_range(kind.__name__, None, rule, what) from error
        for name in _names(kind):
            object.__setattr__(self, name, getattr(value, name))


class Value(Pickled):
    """A public value: frozen all the way down, hashable, with one canonical JSON form."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}
    __pydantic_serializer__ = Served()
    _most_items: ClassVar[int] = VALUE_ITEMS
    """The most elements of a tuple in a value of this type; tables may have more."""
    _example: ClassVar[object] = None
    """Its JSON form, for types that are not an object of their fields."""
    _is_personal: ClassVar[bool] = False
    """Whether it is an IMEI."""
    _has_floats: ClassVar[bool] = False
    """Whether a number in it can be a float, of which not every writer of JSON makes the same text."""

    def __post_init__(self) -> None:
        """Check every field's type and bounds; a value with rules of its own does so first."""
        check_types(self)

    def _faults(self) -> Iterator[Fault]:
        """Yield the fields that do not fit one another; a file's reader reports all, the constructor the first."""
        yield from ()

    def to_dict(self, *, reveal_imei: bool = False) -> dict[str, Any]:
        """Return the value as plain JSON data: dicts, lists, texts, ints, bools and None.

        An IMEI is personal data: it is left out unless it is requested.

        Args:
            reveal_imei: whether to write the IMEIs; without them, the form of a value that has some is incomplete.
        """
        data: dict[str, Any] = data_of(self, reveal=flag(reveal_imei, "reveal_imei"))
        return data

    def to_json(self, *, reveal_imei: bool = False) -> str:
        """Return the canonical JSON text: keys sorted, no spaces, UTC instants ending in Z; see `to_dict`."""
        data = data_of(self, reveal=flag(reveal_imei, "reveal_imei"), ordered=True)
        return canonical(data, is_ordered=not self._has_floats)

    def _bare(self) -> Self:
        """Return the value without IMEIs."""
        found = ((name, getattr(self, name)) for name in _holders(cast("Any", type(self))))
        changes = {name: bare for name, value in found if (bare := _bare_of(value)) != value}
        return self.replace(**changes) if changes else self

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read the value back from its JSON form, validating every field.

        Raises:
            InvalidValue: the text is not the JSON form of this type; the first fault is named
                with its path.
        """
        given = json_text(text, cls.__name__, "give a JSON text")
        data = read_json(given, cls.__name__)  # for its bounds and duplicate keys, which pydantic accepts
        value: Self = read_as(cls, given, data)
        return value

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the value back from the result of `to_dict`.

        Raises:
            InvalidValue: the data is not the JSON form of this type.
        """
        value: Self = read_data(cls, data)
        return value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - a type
        """Stop at the first fault of an array, or if it is too long: pydantic stores a kilobyte for each fault."""
        return in_own_words(
            cls,
            lambda: in_forms(cls, _read_older_names(_bound_arrays(handler(source), cls._most_items))),
            lambda value, reveal: value.to_dict(reveal_imei=reveal),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Add a description and an example of each field."""
        from miexchange._schema import described  # noqa: PLC0415 - loaded at the door, not at import

        said: dict[str, Any] = handler(schema)
        found = handler.resolve_ref_schema(said)
        found.update(described(cls, found))
        return said

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields' own types, checked anew
        """Return a copy with some fields changed, validated like a new value.

        `dataclasses.replace` does the same, and a type checker then knows the fields.

        Raises:
            InvalidValue: a field does not exist, or its value is invalid.
        """
        kind = type(self)
        known = _names(cast("Any", kind))
        strange = changes.keys() - set(known)
        if strange:
            raise unknown(kind.__name__, "field", min(strange), known)
        return kind(**{name: changes[name] if name in changes else getattr(self, name) for name in known})


def _unpickled(kind: Any, form: int, state: dict[str, object]) -> Any:  # noqa: ANN401 - a value of that kind
    """Return the value of a pickle.

    Raises:
        InvalidValue: a newer version wrote it, or a field is invalid.
    """
    return kind._of_state(form, state)  # noqa: SLF001 - of this module


def check_names(kind: Any, form: int, names: Iterable[str]) -> None:  # noqa: ANN401 - any value's type
    """Refuse the fields of a pickle if this version does not know one of them; `_unpickled` has the errors."""
    known = _names(kind)
    strange = {*names} - {*known}
    if strange and form > form_of(kind):
        raise too_new(kind.__name__, form, form_of(kind))
    if strange:
        raise unknown(kind.__name__, "field", min(strange), known, "read it with the version that wrote it")


@cache
def _holders(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any value
    """Return the fields of a type that can contain an IMEI, at any depth."""
    return tuple(name for name in _names(kind) if _can_hold(hints_of(kind).get(name)))


def _can_hold(hint: Any) -> bool:  # noqa: ANN401 - an annotation has no type
    if isinstance(hint, type) and issubclass(hint, Value):
        return hint._is_personal or bool(_holders(cast("Any", hint)))  # noqa: SLF001 - of this module
    return any(map(_can_hold, get_args(hint)))


def _bare_of(value: object) -> object:
    """Return a field's value without IMEIs: None for a number, the rest for a tuple."""
    if isinstance(value, tuple):
        return tuple(bare for item in value if (bare := _bare_of(item)) is not None)
    if isinstance(value, Value):
        return None if value._is_personal else value._bare()  # noqa: SLF001 - of this module
    return value


def _bound_arrays(schema: Any, most: int) -> Any:  # noqa: ANN401 - a schema of pydantic's, or a part of one
    """Bound every tuple in a pydantic schema; those of nested values have bounds of their own already."""
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _bound_arrays(part, most)
    if isinstance(schema, dict) and schema.get("type") == "tuple" and "variadic_item_index" in schema:
        schema["fail_fast"] = True
        schema.setdefault("max_length", most)
    return schema


def _read_older_names(schema: Any) -> Any:  # noqa: ANN401 - as above
    """Accept in JSON the name of an amount in versions that knew only paise; `Older` gives their missing fields."""
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _read_older_names(part)
    if isinstance(schema, dict) and schema.get("type") == "dataclass-field" and schema["name"].endswith(_MINOR):
        older = f"{schema['name'].removesuffix(_MINOR)}_paise"
        names = schema["name"], older, *(["paise"] if older == "amount_paise" else ())
        schema["validation_alias"] = [[name] for name in names]
    return schema


_MINOR = "_minor"

_Check = tuple[str, Callable[[object], bool], Callable[[object, str], object]]
_Checks = tuple[tuple[_Check, ...], tuple[str, ...], bool]
_CHECKS: dict[type, _Checks] = {}


def check_types(value: Any) -> None:  # noqa: ANN401 - a value, or a programme
    """Refuse a field that is not exactly of its annotated type and within its bounds (see `miexchange._bounded`).

    A bool is not an int, and a list not a tuple. A text of a subclass of `str`, an integer of numpy, and a NaN, NaT
    or NA where None is allowed are converted (see `miexchange._text.native`); an instant is
    converted to UTC. The value then has Python's own types.

    Raises:
        InvalidValue: the first such field, with what to give.
    """
    kind = type(value)
    checks, ends, related = _CHECKS.get(kind) or _CHECKS.setdefault(kind, _checks_of(kind))
    for name, fits, take in checks:
        field = getattr(value, name)
        if not fits(field):
            taken = take(field, name)
            if not fits(taken):
                given = field if taken is None else taken
                hint = hints_of(cast("Any", kind))[name]
                raise fault(f"{kind.__name__}.{name}", given, hint, _most(kind))
            object.__setattr__(value, name, taken)
    for name in ends:
        related = related or getattr(value, name) is not None
    if related:
        _check_together(value)


def _check_together(value: Any) -> None:  # noqa: ANN401 - as above
    """Refuse fields that do not fit one another."""
    for path, misfit, rule in faults(value):
        where = f"{type(value).__name__}.{path}"
        raise missing(where, rule) if misfit is None else out_of_range(where, misfit, rule)


def checks_of(kind: type) -> dict[str, Callable[[object], bool]]:
    """Return the test of each field of a type: its type and its bounds."""
    checks, _, _ = _CHECKS.get(kind) or _CHECKS.setdefault(kind, _checks_of(kind))
    return {name: fits for name, fits, _ in checks}


def _most(kind: type) -> int:
    """Return the most elements of a tuple in a value of a type."""
    most: int = getattr(kind, "_most_items", VALUE_ITEMS)
    return most


def _checks_of(kind: type) -> _Checks:
    """Return the checks of a type, the fields that must be after others, and whether it has `_faults` of its own."""
    checks: list[_Check] = []
    for field in dataclasses.fields(kind):
        hint = hints_of(kind)[field.name]
        inner, _, optional = parts_of(hint)
        take = _taker(kind, optional=optional) if inner is datetime else _native
        checks.append((field.name, check_of(hint, _most(kind)), take))
    own = getattr(kind, "_faults", Value._faults)  # noqa: SLF001 - of this module
    return tuple(checks), tuple(name for name, _ in _orders(kind)), own is not Value._faults  # noqa: SLF001 - as above


@cache
def _orders(kind: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - any dataclass
    """Return the fields that must be after others, with those."""
    found = ((name, bound) for name, hint in hints_of(kind).items() for bound in parts_of(hint)[1])
    return tuple((name, bound.field) for name, bound in found if isinstance(bound, After))


def faults(value: Any) -> Iterator[Fault]:  # noqa: ANN401 - as above
    """Yield the fields of a value that do not fit one another, each of them within its bounds."""
    kind: Any = type(value)
    for name, other in _orders(kind):
        end, begin = getattr(value, name), getattr(value, other)
        if end is not None and begin is not None and end <= begin:
            what = "an instant" if isinstance(end, datetime) else "a day"
            yield name, end, f"give {what} after {other}, {begin.isoformat()}"
    yield from value._faults()  # noqa: SLF001 - of this module


def faults_in(kind: Any, fields: Mapping[str, object]) -> list[Fault]:  # noqa: ANN401 - any value
    """Return the fields that do not fit one another; each is within its bounds."""
    value = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(value, field.name, fields.get(field.name, field.default))
    return list(faults(value))


def _native(value: object, _: str) -> object:
    return native(value)


def _taker(kind: type, *, optional: bool) -> Callable[[object, str], object]:
    """Return a converter of instants to UTC, with an error in its own words."""

    def take(value: object, name: str) -> object:
        return None if optional and is_missing(value) else instant(value, f"{kind.__name__}.{name}")

    return take


def proved(kind: type[_V], /, **fields: object) -> _V:
    """Make a slotted value of validated fields without checking them again: for the hot path."""
    value, put = object.__new__(kind), object.__setattr__
    for name, field in fields.items():
        put(value, name, field)
    return value


def from_columns(kind: type[_T], columns: Sequence[Sequence[object]]) -> list[_T]:
    """Return the values whose fields are in columns, one for each field in order: for tables of thousands of rows.

    Every field must pass its test of `checks_of`. It checks only whether the fields of a value fit one another.

    Raises:
        InvalidValue: they do not.
    """
    new, put = object.__new__, object.__setattr__
    values = [new(kind) for _ in columns[0]]
    names = tuple(checks_of(kind))
    for name, column in zip(names, columns, strict=True):
        for _ in map(put, values, repeat(name), column):
            pass
    _, ends, related = _CHECKS[kind]
    has_end = any(set(map(type, columns[names.index(name)])) != {NoneType} for name in ends)
    for value in values if related or has_end else ():
        _check_together(value)
    return values


def changed(value: _V, **fields: object) -> _V:
    """Return a slotted value with other fields, like `Value.replace`, without validation: for the hot path."""
    kind: Any = type(value)
    told, put = object.__new__(kind), object.__setattr__
    for name, field in zip(_names(kind), _fields_of(kind)(value), strict=True):
        put(told, name, field)
    for name, field in fields.items():
        put(told, name, field)
    return cast("_V", told)


@cache
def _fields_of(kind: Any) -> attrgetter[tuple[object, ...]]:  # noqa: ANN401 - any value of several fields
    """Return what gets all arguments of a type's constructor at once."""
    return attrgetter(*_names(kind))


def canonical(data: object, *, is_ordered: bool = False) -> str:
    """Return plain JSON data as its canonical text, which can always be encoded as UTF-8.

    Args:
        data: the data.
        is_ordered: whether all its keys are in order already, and no number is a float: then it is written in a
            quarter of the time.
    """
    if is_ordered:
        try:
            return _core_writer()(data).decode()
        except ValueError:  # there is a lone surrogate
            return canonical(data)
    text = _canonical.encode(data)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which only a hostile answer contains, is escaped
        return SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return text


@cache
def _core_writer() -> Callable[[object], bytes]:
    from pydantic_core import to_json  # noqa: PLC0415 - loaded at the door, not at import

    return to_json


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def dump(value: Value) -> bytes:
    """Return a value's JSON form with keys in field order: the fast one, for digests.

    The json module walks through it and calls back for unknown types: pydantic would first build
    a schema, which for the tables of a programme takes longer than writing them.
    """
    text = json.dumps(value, default=_as_json, separators=(",", ":"), ensure_ascii=False, check_circular=False)
    return text.encode()


def packed(value: Value) -> str:
    """Return a value's JSON form with keys in field order, as pydantic writes it: for storage."""
    return adapter_of(type(value)).dump_json(value, context={REVEAL: True}).decode()


def _as_json(value: object) -> object:
    """Return a JSON type for an object of another type."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    kind: Any = type(value)
    if "__get_pydantic_core_schema__" in kind.__dict__:  # it has its own JSON form, such as a text
        return adapter_of(kind).dump_python(value, mode="json", context={REVEAL: True})
    if form_of(kind) > 1:
        return numbered(value, {name: getattr(value, name) for name in _names(kind)})
    return {name: getattr(value, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any value
    """Return the arguments of a type's constructor."""
    own: tuple[str, ...] = kind.__match_args__
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else own


def require(condition: bool, field: str, value: object, rule: str, what: str = "") -> None:  # noqa: FBT001 - an assertion's shape
    """Raise the error of a value out of range, unless the condition is true."""
    if not condition:
        raise out_of_range(field, value, rule, what)


def argument(value: object, kind: type[_T], field: str, rule: str = "") -> _T:
    """Return a value after checking its type.

    Raises:
        InvalidValue: it is of another type.
    """
    if not issubclass(type(value), kind):
        raise wrong_type(field, value, rule or f"give {a_kind(kind)}")
    return value  # type: ignore[return-value]  # this is the hot path, and `cast` is a call


def elements(value: object, field: str, rule: str) -> tuple[Any, ...]:
    """Return the elements of an iterable, of any type.

    Raises:
        InvalidValue: it is not iterable, or iterating fails; that error is the cause.
    """
    if type(value) is tuple:
        return value
    try:
        return tuple(cast("Any", value))
    except Exception as error:
        raise wrong_type(field, value, rule) from error


def pairs(value: object, field: str, rule: str) -> list[tuple[Any, Any]]:
    """Return the keys of a mapping with their values, of any type.

    Raises:
        InvalidValue: it is not a mapping, or reading it fails; that error is the cause.
    """
    if issubclass(type(value), Mapping):
        try:
            return list(cast("Any", value).items())
        except Exception as error:
            raise out_of_range(field, value, rule, "cannot be read") from error
    raise wrong_type(field, value, rule)


def flag(value: object, field: str) -> bool:
    """Return a Boolean, of numpy too, as True or False.

    Raises:
        InvalidValue: anything else, even if it has a truth value.
    """
    taken = value if type(value) is bool else native(value)
    if type(taken) is not bool:
        raise wrong_type(field, value, "give True or False")
    return taken


def whole(value: object, field: str) -> int:
    """Return a whole number, of numpy too, as an `int`.

    Raises:
        InvalidValue: anything else, or wider than 64 bits.
    """
    taken = value if type(value) is int else native(value)
    if not _is_whole(taken):
        raise fault(field, value if taken is None else taken, int, 0)
    return cast("int", taken)


_is_whole = check_of(int, 0)


def text(value: object, field: str, rule: str) -> str:
    """Return a text as a plain `str`.

    Raises:
        InvalidValue: not a text, nor of a subclass.
    """
    given = text_of(value)
    if given is None:
        raise wrong_type(field, value, rule)
    return given


def instant(value: object, field: str) -> datetime:
    """Return an aware datetime as a plain datetime in UTC, so that equal instants look equal.

    Raises:
        InvalidValue: not a datetime, one without an offset, or one out of range for adding days.
    """
    if type(value) is datetime and value.tzinfo is UTC and value.year in YEARS:
        return value
    if not issubclass(type(value), datetime) or is_missing(value):  # pandas' NaT is a datetime by its type
        raise wrong_type(field, value, f"give {AN_INSTANT}")
    try:
        return in_utc(cast("datetime", value))
    except NotATime as wrong:
        raise out_of_range(field, value, _INSTANT_RULES[wrong.args]) from None


_INSTANT_RULES = {
    NO_ZONE: "add its time zone, such as tzinfo=UTC: without one it names no instant",
    OUT_OF_RANGE: f"give an instant in the years {YEARS[0]} to {YEARS[-1]}",
    TOO_FINE: "round it to microseconds",
}


def day(value: object, field: str) -> date:
    """Return a plain date.

    Raises:
        InvalidValue: not a date; a datetime is an instant, not a date.
    """
    if type(value) is not date:
        raise wrong_type(field, value, "give a date")
    return value
