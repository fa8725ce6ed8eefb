"""What an editor tells of a programme.toml, by its JSON Schema."""

from __future__ import annotations

from datetime import date
from typing import Any

from jsonschema import Draft7Validator

from miexchange.programme._toml_schema import schema

__all__ = ["faults_of_schema", "fits_schema"]

VALIDATOR = Draft7Validator(schema())


def as_json(value: object) -> Any:  # noqa: ANN401 - any JSON
    """Return data of TOML as an editor hands it to a schema: days and instants are texts."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def faults_of_schema(data: dict[str, Any]) -> list[str]:
    return [fault.message for fault in VALIDATOR.iter_errors(as_json(data))]


def fits_schema(data: dict[str, Any]) -> bool:
    return bool(VALIDATOR.is_valid(as_json(data)))
