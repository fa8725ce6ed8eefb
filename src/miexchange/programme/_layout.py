"""Every key of ``programme.toml``: its type, its default and what it means, out of the types that the loader reads.

The comments of a new programme, the JSON Schema and the page of all files, columns and keys are made of this.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import TYPE_CHECKING, Any

from miexchange._schema import descriptions_of
from miexchange.programme import Programme, Terms
from miexchange.programme._fit import Shape, shape_of
from miexchange.programme._load import Head, TermsTables, terms_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["defaults_of", "keys_of", "plain", "said_of", "summary_of", "unit_of"]

_ALSO: Mapping[type, tuple[type, ...]] = {Head: (Programme, Head), Terms: (Terms, TermsTables)}
"""Whose docstrings say what the keys are, where it is not the type alone; a later one is nearer to the file."""

_MARKS = re.compile(r"``([^`]*)``|`([^`]*)`")


def keys_of(kind: Any) -> Shape:  # noqa: ANN401 - any dataclass
    """Return the keys that a table of TOML may have that becomes a value of a type."""
    return terms_shape() if kind is Terms else shape_of(kind)


def said_of(kind: Any) -> Mapping[str, str]:  # noqa: ANN401 - as above
    """Return what the keys of a type mean, each as a sentence."""
    found: dict[str, str] = {}
    for one in _ALSO.get(kind, (kind,)):
        found |= descriptions_of(one)
    return {name: plain(found.get(name, "")) for name in keys_of(kind).types}


def plain(said: str) -> str:
    """Return what a docstring says of a field as a sentence of plain text.

    >>> plain("the floor, such as ``100``; see `Terms`")
    'The floor, such as 100; see Terms.'
    """
    text = _MARKS.sub(lambda found: found[1] or found[2], said).rstrip(".")
    return f"{text if said.startswith('`') else text[:1].upper() + text[1:]}." if text else ""


def summary_of(kind: Any) -> str:  # noqa: ANN401 - as above
    """Return what a type is: the first paragraph of its docstring."""
    return plain(" ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split()))


def defaults_of(kind: Any) -> dict[str, object]:  # noqa: ANN401 - as above
    """Return the defaults of the fields of a type that have one."""
    return {one.name: one.default for one in dataclasses.fields(kind) if one.default is not dataclasses.MISSING}


_UNITS = {
    "_minor": "minor units of the programme's currency",
    "_bps": "basis points, of which 10 000 are all",
    "_bps_per_day": "basis points a day",
    "_days": "times 24 hours",
    "_hours": "hours",
    "_minutes": "minutes",
    "_seconds": "seconds",
    "_mb": "MB",
    "_gb": "GB",
}


def unit_of(name: str) -> str:
    """Return the unit of a number, which its name says; "" for one without.

    >>> unit_of("keep_bps"), unit_of("quota")
    ('basis points, of which 10 000 are all', '')
    """
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
