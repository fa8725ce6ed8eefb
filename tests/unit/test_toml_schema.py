"""The JSON Schema of programme.toml says what the loader says: what fits, and what is a step outside a bound."""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest
from jsonschema import Draft7Validator

import programme_files
from miexchange import _data
from miexchange._bounded import Between, Chars, Items, parts_of
from miexchange._problems import Problems
from miexchange.programme import Terms, shipped
from miexchange.programme._fit import Fitter
from miexchange.programme._layout import keys_of, parts
from miexchange.programme._shapes import Head
from miexchange.programme._toml import Toml
from miexchange.programme._toml_schema import FILE, schema, schema_text
from unit.editor import faults_of_schema, fits_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
Place = tuple[str | int, ...]


def example_of(hint: Any) -> Any:  # noqa: ANN401 - any annotation, and any TOML
    """Return a value that fits an annotation."""
    kind, told, _ = parts_of(hint)
    if dataclasses.is_dataclass(kind):
        return {name: example_of(one) for name, one in keys_of(kind).types.items()}
    if get_origin(kind) is tuple:
        return [example_of(get_args(kind)[0])]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    bound = next((bound for bound in told if isinstance(bound, Between)), None)
    if kind is int:
        return 1 if bound is None or bound.fits(1) else bound.least
    return {str: "x", bool: True, date: date(2020, 1, 1), datetime: datetime(2020, 1, 1, tzinfo=UTC)}[kind]


def whole(without: str = "utc_offset_minutes") -> dict[str, Any]:
    """Return a file with every key but one of the two zones; what keys say of one another is left aside."""
    head, terms = (
        {name: example_of(hint) for name, hint in keys_of(kind).types.items() if name != without}
        for kind in (Head, Terms)
    )
    return {**head, "currency": "INR", "terms": [terms]}


def outside(hint: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    """Yield what is one step outside each bound of an annotation, and what is of another type."""
    kind, told, _ = parts_of(hint)
    yield [] if dataclasses.is_dataclass(kind) else {}
    for bound in told:
        if isinstance(bound, Between):
            yield from (bound.least - 1, bound.most + 1)
        elif isinstance(bound, Chars):
            yield "x" * (bound.most + 1)
            yield from [""] if bound.least else []
            yield from [" ", "a\nb"] if bound.pattern else []
        elif isinstance(bound, Items):
            one = example_of(get_args(kind)[0])
            yield [_numbered(one, bound.key, number) for number in range(bound.most + 1)]
            yield from [[]] if bound.least else []
            yield from [[one, one]] if bound.key == "self" else []
    if get_origin(kind) is Literal:
        yield "another word"
    if kind in {int, bool}:
        yield from ("1", 1.5)


def _numbered(one: Any, key: str, number: int) -> Any:  # noqa: ANN401 - as above
    if key in {"", "self"}:
        return f"{one}{number}" if key else one
    return {**one, key: f"{number}"}


def places(kind: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:  # noqa: ANN401 - any dataclass
    """Yield where every key of a table stands, and those of the tables within, with their annotations."""
    for name, hint in keys_of(kind).types.items():
        yield (*path, name), hint
        inner, _, _ = parts_of(hint)
        many = get_origin(inner) is tuple
        one = get_args(inner)[0] if many else inner
        if many and not dataclasses.is_dataclass(parts_of(one)[0]):
            yield (*path, name, 0), one
        elif dataclasses.is_dataclass(parts_of(one)[0]):
            yield from places(parts_of(one)[0], (*path, name, 0) if many else (*path, name))


PLACES = [*places(Head), *places(Terms, ("terms", 0))]


def faults_of_loader(data: dict[str, Any]) -> list[str]:
    problems, head = Problems(), {**data}
    versions = head.pop("terms")
    fitter = Fitter(Toml(data, ""), "programme.toml", UTC, problems)
    fitter.fields(keys_of(Head), head, ())
    for number, terms in enumerate(versions):
        fitter.fields(keys_of(Terms), terms, ("terms", number))
    return [f"{problem}" for problem in problems.found if "does not fit" not in problem.message]


def at(data: Any, path: Place) -> Any:  # noqa: ANN401 - a table or a list
    """Return what a key stands in."""
    for step in path[:-1]:
        data = data[step]
    return data


def put(path: Place, value: object) -> dict[str, Any]:
    """Return a file with every key, of which one is changed."""
    data = whole()
    at(data, path)[path[-1]] = value
    return data


def test_it_is_a_schema_and_the_shipped_file_is_it() -> None:
    """`python tools/programme_files.py` writes it."""
    Draft7Validator.check_schema(schema())
    assert (_data.folder() / FILE).read_text("utf-8") == schema_text()
    assert "\\ud800" not in schema_text(), "the regular expressions of some editors know no halves of pairs"


def test_the_page_of_all_files_keys_and_columns_is_what_the_types_say() -> None:
    """`python tools/programme_files.py` writes it."""
    written = (ROOT / "docs" / "programme_files.md").read_text("utf-8")
    assert written == programme_files.page()
    for part in parts():
        assert [line.name for line in part.lines if not line.says.strip(".")] == [], part.name
        assert all(f"| `{line.name}` |" in written for line in part.lines)


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_programme_fits(name: str) -> None:
    text = (_data.folder() / "programmes" / name / "programme.toml").read_text("utf-8")
    assert faults_of_schema(tomllib.loads(text)) == []


def test_a_file_with_every_key_fits() -> None:
    for data in (whole(), whole(without="zone")):
        assert faults_of_loader(data) == faults_of_schema(data) == []
    assert len(PLACES) > 100


def test_a_step_outside_each_bound_is_refused_by_loader_and_schema() -> None:
    """Bounds are said once, in the type."""
    by_zone, by_offset = whole(), whole(without="zone")
    taken = []
    for path, hint in PLACES:
        data = by_offset if path == ("utc_offset_minutes",) else by_zone
        place = at(data, path)
        right = place[path[-1]]
        for wrong in outside(hint):
            place[path[-1]] = wrong
            if fits_schema(data) or not faults_of_loader(data):
                taken.append((path, wrong))
        place[path[-1]] = right
    assert taken == []


@pytest.mark.parametrize("path", [(), ("terms", 0), ("terms", 0, "usage"), ("terms", 0, "bonuses", 0)])
def test_a_key_that_is_not_known_is_refused_by_both(path: Place) -> None:
    """A field of a class, such as the one that bounds its arrays, is no key."""
    for key in ("colour", "_most_items", "__pydantic_config__"):
        data = put((*path, key), 1)
        assert faults_of_loader(data)
        assert faults_of_schema(data)


def test_a_required_key_that_is_missing_is_refused_by_both() -> None:
    for kind, path in ((Head, ()), (Terms, ("terms", 0))):
        for name in keys_of(kind).required:
            data: Any = whole()
            place = data
            for step in path:
                place = place[step]
            del place[name]
            assert faults_of_loader(data), name
            assert faults_of_schema(data), name


@pytest.mark.parametrize("fault", ["no terms", "one table", "no zone", "two zones", "no currency"])
def test_the_rest_that_the_schema_knows(fault: str) -> None:
    data = whole()
    changes: dict[str, Any] = {
        "no terms": {"terms": []},
        "one table": {"terms": data["terms"][0]},
        "two zones": {"utc_offset_minutes": 330},
        "no currency": {"currency": "XYZ"},
        "no zone": {},
    }
    if fault == "no zone":
        del data["zone"]
    assert faults_of_schema({**data, **changes[fault]})


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ("2018-03-15", True),
        ("2018-03-15T12:00:00Z", True),
        ("2018-03-15T12:00:00.5+05:30", True),
        ("2018-03-15T12:00:00", False),
        ("12:00:00", False),
    ],
)
def test_a_day_or_an_instant_with_its_offset_fits(written: str, *, fits: bool) -> None:
    assert (faults_of_schema(put(("terms", 0, "effective_from"), written)) == []) is fits
