"""Cases as the text of a file, without defaults."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from miexchange.cases._case import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from miexchange.programme import Programme

__all__ = ["text_of_cases"]

_TABLES = ("models", "tacs", "stated")


def text_of_cases(cases: Iterable[Case], head: str, programme: Programme) -> str:
    """Return a file of cases, in their order."""
    lines = [f"# {head}", f"# The programme's digest is {programme.digest[:12]}.", "# See docs/testing.md.", ""]
    for case in cases:
        lines += ["[[case]]", *_lines(case), ""]
    return "\n".join(lines)


def _lines(case: Case) -> Iterator[str]:
    for field in dataclasses.fields(Case):
        value = getattr(case, field.name)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if value == default or field.name in _TABLES:
            continue
        yield f"{field.name} = {_value(value)}"
    for name in _TABLES:
        table = getattr(case, name)
        if table:
            yield f"[case.{name}]"
            yield from (f"{_value(key)} = {_value(cell)}" for key, cell in table.items())


def _value(value: Any) -> str:  # noqa: ANN401 - what a case holds
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(key)} = {_value(cell)}" for key, cell in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
