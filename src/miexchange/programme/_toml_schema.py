"""The JSON Schema of ``programme.toml``, for editors: from the types that the loader reads.

Rules about several keys or files are not in it: `miexchange programme lint` checks them. A
day or an instant is a text to an editor, so a quoted one passes here, and the loader refuses it.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from typing import Any, Literal, get_args, get_origin

from miexchange._bounded import Bound, Items, parts_of
from miexchange._limits import VERSIONS
from miexchange.money import currencies
from miexchange.programme import Terms
from miexchange.programme._layout import defaults_of, keys_of, said_of, summary_of, unit_of
from miexchange.programme._shapes import Head

__all__ = ["FILE", "schema", "schema_text"]

FILE = "programme.schema.json"
"""The file name of the schema in the reference data, and beside a programme."""

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY_OR_INSTANT = f"^{_DAY}(?:[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.][0-9]+)?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}}))?$"
_PLAIN: dict[object, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    date: {"type": "string", "pattern": f"^{_DAY}$"},
    datetime: {"type": "string", "pattern": _DAY_OR_INSTANT},
}
_SURROGATES = "\\ud800-\\udfff"  # not allowed in texts of TOML, and unknown to some editors


def schema() -> dict[str, Any]:
    """Return the schema."""
    found = _table(Head)
    versions = {"type": "array", "items": _table(Terms), "minItems": 1, "maxItems": VERSIONS}
    found["properties"]["terms"] = {**versions, "description": "The versions of the terms, oldest first."}
    found["required"].append("terms")
    found["properties"]["currency"]["enum"] = [*currencies()]
    found["oneOf"] = [{"required": ["zone"]}, {"required": ["utc_offset_minutes"]}]
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "programme.toml of miexchange", **found}


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _table(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    shape, said, defaults = keys_of(kind), said_of(kind), defaults_of(kind)
    return {
        "type": "object",
        "description": summary_of(kind),
        "properties": {
            name: {**_of(hint), **_told(name, said[name]), **_default(defaults.get(name))}
            for name, hint in shape.types.items()
        },
        "required": [name for name in shape.types if name in shape.required],
        "additionalProperties": False,
    }


def _told(name: str, said: str) -> dict[str, str]:
    unit = unit_of(name)
    return {"description": f"{said} Unit: {unit}." if unit and unit not in said else said}


def _default(value: object) -> dict[str, object]:
    return {} if value is None or value == () else {"default": value}


def _of(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    """Return the schema of a value of a type."""
    kind, told, _ = parts_of(hint)
    if dataclasses.is_dataclass(kind):
        return _table(kind)
    if get_origin(kind) is Literal:
        return {"enum": [*get_args(kind)]}
    bounds: list[Any] = [bound for bound in told if isinstance(bound, Bound)]
    found: dict[str, Any] = dict(_PLAIN[kind]) if kind in _PLAIN else {"type": "array", "items": _of(get_args(kind)[0])}
    for bound in bounds:
        found = bound.__get_pydantic_json_schema__(found, dict)
        if isinstance(bound, Items) and bound.key not in {"", "self"}:
            found.pop("uniqueItems")  # it would compare whole tables, of which only one key has to differ
    if "pattern" in found:
        found["pattern"] = found["pattern"].replace(_SURROGATES, "")
    return found
