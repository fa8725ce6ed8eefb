"""The forms of a value: how a newer version adds a field, or a value of a field, without breaking older data.

A stored value outlives the version that wrote it. So an added field has `Since` with the number of the first
form that has it, and a default. At the default it is not written to JSON, digests or seals, so
these do not change, and older versions can read them. Once it is set, the number of the form is written too, and
an older version reports that it is too old for this value. The same holds for an added value of a field
(`Further`). Form 1 has no number.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from miexchange._bounded import Further, Older, Since, hints_of, parts_of
from miexchange.errors import InvalidValue, out_of_range, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic_core import CoreSchema

__all__ = ["FORM", "added", "by_place", "form_of", "in_forms", "left_out", "newer", "numbered", "too_new"]

FORM = "form"
"""The key of a form's number, from form 2 on."""


@cache
def added(kind: type) -> dict[str, tuple[int, object]]:
    """Return the fields that were added to a type, with the first form that has each, and its default."""
    found: dict[str, tuple[int, object]] = {}
    for field in dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ():
        for bound in parts_of(hints_of(kind)[field.name])[1]:
            if isinstance(bound, Since):
                found[field.name] = bound.form, field.default
    return found


@cache
def _further(kind: type) -> tuple[tuple[str, Further], ...]:
    """Return the fields of a type with values added later, those values, and the first form with each."""
    names = [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    found = ((name, bound) for name in names for bound in parts_of(hints_of(kind)[name])[1])
    return tuple((name, bound) for name, bound in found if isinstance(bound, Further))


@cache
def form_of(kind: type) -> int:
    """Return the number of the last form of a type that this version knows."""
    forms = [form for form, _ in added(kind).values()] + [bound.form for _, bound in _further(kind)]
    return max(forms, default=1)


def left_out(value: object) -> list[str]:
    """Return the added fields of a value that are at their defaults, and are not written."""
    return [name for name, (_, default) in added(cast("Any", type(value))).items() if getattr(value, name) == default]


def numbered(value: object, data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a value without omitted fields, and with the number of its form if that is not 1."""
    kind, last = cast("Any", type(value)), 1
    for name, (form, default) in added(kind).items():
        if getattr(value, name) == default:
            data.pop(name, None)
        else:
            last = max(last, form if name in data else 1)
    for name, bound in _further(kind):
        if bound.form > last and getattr(value, name) in bound.values:
            last = bound.form
    return data if last == 1 else {**data, FORM: last}


def in_forms(kind: type, schema: CoreSchema) -> CoreSchema:
    """Return a pydantic schema that writes the result of `numbered`, and reads it; form 1 is unchanged."""
    if form_of(kind) == 1:
        return schema
    from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

    found: Any = schema
    number = core_schema.int_schema(ge=1, le=form_of(kind))
    given = core_schema.with_default_schema(number, default=form_of(kind))
    found["schema"]["collect_init_only"] = False  # the number is read, and discarded
    found["schema"]["fields"].append(core_schema.dataclass_field(FORM, given, init_only=True))
    found["serialization"] = core_schema.wrap_serializer_function_ser_schema(
        lambda value, handler: numbered(value, handler(value))
    )
    return schema


def newer(kind: type, data: object) -> InvalidValue | None:
    """Return the error of data in a form of a type that this version does not know; None if it does."""
    form = data.get(FORM) if isinstance(data, dict) else None
    known = form_of(kind)
    return too_new(kind.__name__, form, known) if type(form) is int and form > known else None


def too_new(field: str, form: int, known: int) -> InvalidValue:
    """Return the error of data of a newer version."""
    rule = f"read it with that version; the last form that this one knows is {known}"
    return out_of_range(f"{field}.{FORM}", form, rule, which="a newer version of miexchange wrote")


def by_place(kind: type, names: Iterable[str], state: object) -> Mapping[str, object]:
    """Return the fields of a pickle of an earlier version, which did not write their names.

    Missing fields were added after that version.

    Raises:
        InvalidValue: it has too many fields.
    """
    names = list(names)
    if isinstance(state, dict):
        found = {name: state[name] for name in names if name in state}
    else:
        given: list[object] = list(state)  # type: ignore[call-overload]  # what pickle kept for a frozen dataclass
        if len(given) > len(names):
            raise unknown(kind.__name__, "field", f"{len(names) + 1}", names, "read it with the version that wrote it")
        found = dict(zip(names, given, strict=False))
    for name in names:
        make = _made_by(kind, name)
        if name not in found and make is not None:
            found[name] = make()
    return found


def _made_by(kind: type, name: str) -> Callable[[], object] | None:
    """Return a function that makes a field for a version without it."""
    bounds = parts_of(hints_of(kind)[name])[1]
    return next((bound.make for bound in bounds if isinstance(bound, Older)), None)
