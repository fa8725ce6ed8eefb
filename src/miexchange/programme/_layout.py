"""Every key of ``programme.toml``: its type, its default and its meaning, from the types that the loader reads.

The comments of a new programme, the JSON Schema and the page of all files, columns and keys are generated from this.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_origin

from miexchange._bounded import Chars, hints_of, parts_of
from miexchange._schema import descriptions_of
from miexchange.catalogue import Catalogue
from miexchange.condition import Question
from miexchange.eligibility import EligibleModels
from miexchange.imei import TAC_DIGITS
from miexchange.market import AnchorTable, Price, PriceTable
from miexchange.programme import Programme, Terms
from miexchange.programme._checked import CHECKED
from miexchange.programme._checked import COLUMNS as CHECKED_COLUMNS
from miexchange.programme._fit import Shape, shape_of
from miexchange.programme._published import COLUMNS as PUBLISHED_COLUMNS
from miexchange.programme._published import PUBLISHED, PublishedPrice
from miexchange.programme._shapes import (
    CONDITION_COLUMNS,
    GRADE_COLUMNS,
    Bank,
    BankQuestion,
    ConditionRow,
    GradeRow,
    Head,
    TermsTables,
    terms_shape,
)
from miexchange.tac import TacDevice
from miexchange.treatment import TreatmentTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miexchange._table import Table

__all__ = ["Line", "Part", "defaults_of", "keys_of", "parts", "plain", "said_of", "summary_of", "unit_of"]

_ALSO: Mapping[type, tuple[type, ...]] = {
    BankQuestion: (Question, BankQuestion),
    Head: (Programme, Head),
    Terms: (Terms, TermsTables),
}
"""The types whose docstrings describe the keys, if not the type alone; a later one is nearer to the file."""

_MARKS = re.compile(r"``([^`]*)``|`([^`]*)`")


def keys_of(kind: Any) -> Shape:  # noqa: ANN401 - any dataclass
    """Return the keys of a TOML table that becomes a value of a type."""
    return terms_shape() if kind is Terms else shape_of(kind)


def said_of(kind: Any) -> Mapping[str, str]:  # noqa: ANN401 - as above
    """Return the meaning of the keys of a type, each as a sentence."""
    found: dict[str, str] = {}
    for one in _ALSO.get(kind, (kind,)):
        found |= descriptions_of(one)
    return {name: plain(found.get(name, "")) for name in keys_of(kind).types}


def plain(said: str) -> str:
    """Return a field's description in a docstring as a sentence of plain text.

    >>> plain("the floor, such as ``100``; see `Terms`")
    'The floor, such as 100; see Terms.'
    """
    text = _MARKS.sub(lambda found: found[1] or found[2], said).rstrip(".")
    return f"{text if said.startswith('`') else text[:1].upper() + text[1:]}." if text else ""


def summary_of(kind: Any) -> str:  # noqa: ANN401 - as above
    """Return the description of a type: the first paragraph of its docstring."""
    return plain(" ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split()))


def defaults_of(kind: Any) -> dict[str, object]:  # noqa: ANN401 - as above
    """Return the defaults of the fields of a type that have one."""
    return {one.name: one.default for one in dataclasses.fields(kind) if one.default is not dataclasses.MISSING}


_UNITS = {
    "_minor": "minor units of the programme's currency",
    "_bps": "basis points",
    "_bps_per_day": "basis points a day",
    "_days": "times 24 hours",
    "_hours": "hours",
    "_minutes": "minutes",
    "_seconds": "seconds",
    "_mb": "MB",
    "_gb": "GB",
}


def unit_of(name: str) -> str:
    """Return the unit of a number by its name; "" for one without.

    >>> unit_of("keep_bps"), unit_of("quota")
    ('basis points', '')
    """
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


class Part(NamedTuple):
    """A table of TOML or a file of rows: its name, the key that names its file, its type, and its keys or columns."""

    name: str
    named_by: str
    kind: Any
    has_rows: bool
    lines: tuple[Line, ...]


class Line(NamedTuple):
    """A key, or a column."""

    name: str
    hint: Any
    is_required: bool
    default: object
    says: str


def parts() -> Iterator[Part]:
    """Yield every part of a programme's directory, ``programme.toml`` first, each table after the one containing it."""
    yield from _tables(Head, "programme.toml")
    yield from _tables(Terms, "[[terms]]", "terms")
    yield from _tables(Bank, "questions", named_by="questions")
    for name, table in _FILES.items():
        kind: Any = table._kind  # noqa: SLF001 - one package
        yield _sheet(name, kind, table.columns, table._optional)  # noqa: SLF001 - as above
    tac = Line("tac", _TAC, is_required=True, default=None, says="The first eight digits of an IMEI.")
    phones = _sheet("tacs", TacDevice, ("brand", "model", "source"), ("source",))
    yield phones._replace(lines=(tac, *phones.lines))
    yield _sheet("condition", ConditionRow, CONDITION_COLUMNS)
    yield _sheet("grades", GradeRow, GRADE_COLUMNS)
    yield _sheet(CHECKED, Price, CHECKED_COLUMNS)
    yield _sheet(PUBLISHED, PublishedPrice, PUBLISHED_COLUMNS)


_FILES: Mapping[str, type[Table[Any]]] = {
    "models": Catalogue,
    "eligible_models": EligibleModels,
    "market_prices": PriceTable,
    "repair_anchors": AnchorTable,
    "tax_treatments": TreatmentTable,
}
"""The parts by the key that names the file."""
_TAC = Annotated[str, Chars(TAC_DIGITS, TAC_DIGITS)]


def _tables(kind: Any, name: str, path: str = "", named_by: str = "") -> Iterator[Part]:  # noqa: ANN401 - any dataclass
    shape, said, defaults = keys_of(kind), said_of(kind), defaults_of(kind)
    lines = (Line(key, hint, key in shape.required, defaults.get(key), said[key]) for key, hint in shape.types.items())
    yield Part(name, named_by, kind, has_rows=False, lines=tuple(lines))
    for key, hint in shape.types.items():
        inner, _, _ = parts_of(hint)
        many = get_origin(inner) is tuple
        within = get_args(inner)[0] if many else inner
        if dataclasses.is_dataclass(within):
            below = f"{path}.{key}" if path else key
            yield from _tables(within, f"[[{below}]]" if many else f"[{below}]", below, named_by)


def _sheet(name: str, kind: Any, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> Part:  # noqa: ANN401 - as above
    said, hints, named_by = descriptions_of(kind), hints_of(kind), "" if name.endswith(".csv") else name
    lines = (Line(name, hints[name], name not in optional, None, plain(said[name])) for name in columns)
    return Part(name, named_by, kind, has_rows=True, lines=tuple(lines))
