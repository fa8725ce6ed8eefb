"""The laws of a sound value: each bound of each field is refused one step outside and taken at the edge, at every door.

Every public value is walked by its annotations, all the way into its tuples, so that a bound that somebody adds is held
to at once by constructor, `replace`, `from_json`, the readers of files, the JSON Schema and the strategies.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import shutil
import sys
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, find, settings
from pydantic import TypeAdapter

from miexchange import (
    AnchorTable,
    Catalogue,
    Condition,
    DataError,
    EligibleModels,
    Exchange,
    ExchangeRules,
    GrantedBonus,
    InvalidValue,
    Listing,
    Price,
    PriceTable,
    Reason,
    UsageRules,
    Variant,
    lint,
)
from miexchange._bounded import ONE_LINE, After, Between, Bound, Chars, Items, bound_of, hints_of, parts_of
from miexchange._problems import Problems
from miexchange._text import is_id
from miexchange._value import Value
from miexchange.condition import Deduction, Grade, Option, Question, Questionnaire
from miexchange.eligibility import EligibilityTerms
from miexchange.events import Attempt
from miexchange.market import Anchor, Gap
from miexchange.money import GREATEST_AMOUNT
from miexchange.programme import AgeBand, Authority, Bonus, CustomerClass, DaysOff, Limit, Overlap, ScrapValue, Terms
from miexchange.programme._fit import Fitter
from miexchange.programme._toml import Toml
from miexchange.strategies import STRATEGIES
from miexchange.tac import TacDevice
from miexchange.tuning import Scale
from property import sound
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

for _module in ("batch", "ledger", "pricelists", "tuning"):
    importlib.import_module(f"miexchange.{_module}")

BASE = Path(__file__).parents[1] / "data" / "programme_base"


def values(base: Any = Value) -> Iterator[Any]:
    """Yield every type of value of the package that something can be made of."""
    for kind in base.__subclasses__():
        yield from values(kind)
        # A slotted dataclass leaves the class behind that it was made of.
        is_there = getattr(sys.modules[kind.__module__], kind.__name__, None) is kind
        if is_there and not kind.__name__.startswith("_") and dataclasses.is_dataclass(kind):
            yield kind


VALUES = sorted(values(), key=lambda kind: (kind.__module__, kind.__name__))


class At:
    """A bound, and where it stands: in a field, or in an element of it."""

    def __init__(self, kind: Any, field: str, bound: Any, wrap: Callable[[Any], Any], *, inner: bool) -> None:
        self.kind, self.field, self.bound, self.wrap, self.inner = kind, field, bound, wrap, inner

    def __repr__(self) -> str:
        return f"{self.kind.__name__}.{self.field}-{type(self.bound).__name__}"


def bounds(kind: Any) -> Iterator[At]:
    """Yield each bound of a type's fields and of what is in its tuples."""

    def walk(hint: Any, field: str, wrap: Callable[[Any], Any], *, inner: bool) -> Iterator[At]:
        plain, found, _ = parts_of(hint)
        yield from (At(kind, field, bound, wrap, inner=inner) for bound in found if isinstance(bound, Bound))
        if get_origin(plain) is not tuple:
            return
        parts = get_args(plain)
        if parts[-1] is Ellipsis:
            yield from walk(parts[0], field, lambda part: wrap((part,)), inner=True)
            return
        pair = ("x", 1) if parts[1] is not str and parts_of(parts[1])[0] is int else ("x", "x")
        (first, second) = parts
        yield from walk(first, field, lambda one: wrap((one, pair[1])), inner=True)
        yield from walk(second, field, lambda one: wrap((pair[0], one)), inner=True)

    for field, hint in hints_of(kind).items():
        if not field.startswith("_") and field in {one.name for one in dataclasses.fields(kind)}:
            yield from walk(hint, field, lambda given: given, inner=False)


BOUNDS = [one for kind in VALUES for one in bounds(kind)]
every_bound = pytest.mark.parametrize("at", BOUNDS, ids=repr)


def texts(bound: Chars) -> tuple[list[str], list[str]]:
    """Return texts at the edges of a bound, and one step outside."""
    inside = ["0" * bound.most, *(["" if not bound.least else "0" * bound.least] if bound.least != bound.most else [])]
    outside = ["0" * (bound.most + 1), *(["0" * (bound.least - 1)] if bound.least else [])]
    return inside, [*outside, *(["\n" * bound.most] if bound.pattern else [])]


def numbers(bound: Between) -> tuple[list[int], list[int]]:
    """Return numbers at the edges of a bound, and one step outside."""
    return [bound.least, bound.most], [bound.least - 1, bound.most + 1]


def elements(at: At, count: int) -> tuple[Any, ...]:
    """Return so many elements, no two alike where none may be."""
    field = getattr(sound.example(at.kind), at.field)
    key = at.bound.key
    if key == "self":
        return tuple(f"k{number}" for number in range(count))
    if at.kind is Reason:  # each of its values has a name of its own
        return tuple((f"k{number}", number) for number in range(count))
    one = field[0] if field else EXAMPLES[at.kind, at.field]
    return (one,) * count if not key else tuple(one.replace(**{key: f"k{number}"}) for number in range(count))


EXAMPLES: dict[tuple[Any, str], Any] = {
    (Terms, "bonuses"): Bonus("b", "B", amount_minor=1),
    (Exchange, "attempts"): Attempt(small.AT, "order-1", "visit 1"),
    (ExchangeRules, "days_off"): DaysOff(small.AT, small.AT + timedelta(days=1)),
    (ExchangeRules, "limits"): Limit("twice", "account", 2, 365),
    (ExchangeRules, "authorities"): Authority("agent", 1, 1, 1),
    (Terms, "overlaps"): Overlap("display", "battery", 1),
    (Terms, "age_bands"): AgeBand(0, 1),
    (Terms, "scrap_values"): ScrapValue("brand", "Acme", 0),
    (Terms, "customer_classes"): CustomerClass("gold", 1),
    (Scale, "keeps_bps"): 9_000,
    (Scale, "others_bps"): 9_500,
    (Scale, "overlaps"): Overlap("display", "battery", 1),
}


def tuples(at: At) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return tuples at the edges of a bound, and one step outside."""
    bound = at.bound
    outside = [elements(at, bound.most + 1), *([elements(at, bound.least - 1)] if bound.least else [])]
    twice = [elements(at, 1) * max(2, bound.least)] if bound.key else []
    return [elements(at, bound.most), elements(at, bound.least)], [*outside, *twice]


def steps(at: At) -> tuple[list[Any], list[Any]]:
    """Return what stands at the edges of a bound, and one step outside, as the field's own value."""
    inside: list[Any]
    outside: list[Any]
    if at.field == "code":  # its last character is a check of the others
        inside, outside = [sound.example(at.kind).code], texts(at.bound)[1]
    elif isinstance(at.bound, Between):
        inside, outside = numbers(at.bound)
    elif isinstance(at.bound, Chars):
        inside, outside = texts(at.bound)
    else:
        inside, outside = tuples(at)
    return [at.wrap(one) for one in inside], [at.wrap(one) for one in outside]


def plain(value: object) -> object:
    """Return a field as JSON has it."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value.to_dict() if isinstance(value, Value | Condition) else value


def json_of(value: Any) -> dict[str, Any]:
    """Return the whole JSON form; a report that holds IMEIs is written without."""
    return json.loads(value.to_json())  # type: ignore[no-any-return]


def doors(at: At) -> dict[str, Callable[[Any], object]]:
    """Return every way to make a value of the type with another field."""
    value = sound.example(at.kind)
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {
        "constructor": lambda given: at.kind(**{**fields, at.field: given}),
        "replace": lambda given: value.replace(**{at.field: given}),
        "from_json": lambda given: at.kind.from_json(json.dumps({**json_of(value), at.field: plain(given)})),
    }


def test_every_public_value_is_walked() -> None:
    assert len(VALUES) > 50
    assert len(BOUNDS) > 150
    without = {kind.__name__ for kind in VALUES} - {at.kind.__name__ for at in BOUNDS}
    assert without == WITHOUT_BOUNDS


WITHOUT_BOUNDS = {
    "Against", "AnchorTable", "Catalogue", "Currency", "Device", "DeviceStanding", "EligibleModels",
    "Expire", "Finding", "Money", "PriceList", "PriceTable", "Replay", "TreatmentTable", "Verdict",
}  # fmt: skip
"""Values of parts that have bounds, or whose fields are words, flags and instants; `Currency` has rules of its own."""


@every_bound
def test_a_bound_is_refused_one_step_outside_by_every_door(at: At) -> None:
    """CONTRIBUTING: a public value checks itself; a bound is declared once, in the type, and holds at every door."""
    _, outside = steps(at)
    for name, door in doors(at).items():
        for wrong in outside:
            with pytest.raises(InvalidValue) as caught:
                door(wrong)
            assert caught.value.field.startswith(f"{at.kind.__name__}.{at.field}"), (name, caught.value)


@every_bound
def test_a_bound_is_taken_at_the_edge_by_every_door(at: At) -> None:
    """What stands at the edge is taken, or refused for another field that it does not fit, never for the bound."""
    inside, _ = steps(at)
    for name, door in doors(at).items():
        for right in inside:
            assert at.bound.wants not in rule_against(door, right), name


def rule_against(door: Callable[[Any], object], given: object) -> str:
    """Return the rule by which a door refuses something, or nothing."""
    try:
        door(given)
    except InvalidValue as fault:
        return fault.rule
    return ""


def parts_in(schema: Any, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part of a JSON Schema and what is in it; references are followed."""
    if "$ref" in place:
        whole = schema["$defs"][place["$ref"].rpartition("/")[2]]
        yield from parts_in(schema, {name: part for name, part in whole.items() if name != "properties"})
        return
    yield place
    for inner in (
        *place.get("anyOf", ()),
        *place.get("properties", {}).values(),
        *([place["items"]] if place.get("items") else ()),
    ):
        yield from parts_in(schema, inner)


@every_bound
def test_the_json_schema_states_every_bound(at: At) -> None:
    """The JSON Schema shows minimum and maximum, length and pattern, and the size of an array."""
    schema = TypeAdapter(at.kind).json_schema()
    found = list(parts_in(schema, schema["properties"][at.field]))
    bound = at.bound
    if isinstance(bound, Between):
        wanted: dict[str, Any] = {"minimum": bound.least, "maximum": bound.most}
    elif isinstance(bound, Chars):
        wanted = {"minLength": bound.least, "maxLength": bound.most}
        assert not bound.pattern or any(bound.pattern in part.get("pattern", "") for part in found)
    else:
        wanted = {"minItems": bound.least, "maxItems": bound.most}
    assert any(wanted.items() <= part.items() for part in found), found


@pytest.mark.sweep
def test_the_pattern_of_an_id_says_what_the_constructor_asks() -> None:
    """Every character of Unicode: the JSON Schema takes the texts that `is_id` takes, and no others."""
    pattern = re.compile(ONE_LINE)
    texts = (text for code in range(sys.maxunicode + 1) for text in (chr(code), f"a{chr(code)}", f"{chr(code)}a"))
    assert [text for text in texts if (pattern.fullmatch(text) is not None) != is_id(text)] == []


# ----- the readers of files

OF_TOML = (AgeBand, Bonus, CustomerClass, EligibilityTerms, ExchangeRules, Overlap, Terms, UsageRules)


def written(value: Any) -> str:
    """Write a value as TOML has it, on one line."""
    if dataclasses.is_dataclass(value):
        fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        return f"{{ {', '.join(f'{name} = {written(one)}' for name, one in fields.items() if one is not None)} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    return value.isoformat() if isinstance(value, date | datetime) else json.dumps(value)


def fitted(at: At, given: object) -> list[tuple[int | None, str, str]]:
    """Read a table of TOML with the field as it is given, on a line of its own; return what is told."""
    value = sound.example(at.kind)
    fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    lines = [f"{name} = {written(one)}" for name, one in {**fields, at.field: given}.items() if one is not None]
    text = "\n".join(lines) + "\n"
    problems = Problems()
    toml = Toml(tomllib.loads(text), text)
    Fitter(toml, "programme.toml", UTC, problems).table(at.kind, toml.data, ())
    line = next(number for number, one in enumerate(lines, 1) if one.startswith(f"{at.field} ="))
    return [(line if one.line == line else None, one.column, one.remedy) for one in problems.found]


@pytest.mark.parametrize("at", [one for one in BOUNDS if one.kind in OF_TOML and one.kind is not Terms], ids=repr)
def test_the_reader_of_programmes_tells_a_bound_with_its_line(at: At) -> None:
    """A programme file is held to the same bounds, and each fault is told with file, line and remedy."""
    inside, outside = steps(at)
    for wrong in outside:
        told = fitted(at, wrong)
        assert told, wrong
        assert all(line is not None and column.startswith(at.field) for line, column, _ in told), told
        assert any(word in told[0][2] for word in (at.bound.wants, "Keep one of the two")), told
    for right in inside:
        assert all(at.bound.wants not in remedy for _, _, remedy in fitted(at, right))


TERMS = [one for one in BOUNDS if one.kind is Terms and isinstance(one.bound, Between)]


@pytest.mark.parametrize("at", TERMS, ids=repr)
def test_a_number_of_the_terms_is_told_with_its_line(at: At, tmp_path: Path) -> None:
    """The same of the numbers that stand in the section of the terms itself."""
    _, outside = steps(at)
    for number, wrong in enumerate(outside):
        folder = Path(shutil.copytree(BASE, tmp_path / f"{number}"))
        lines = (folder / "programme.toml").read_text(encoding="utf-8").split("\n")
        line = next(place for place, one in enumerate(lines) if one.startswith(f"{at.field} ="))
        lines[line] = f"{at.field} = {wrong}"
        (folder / "programme.toml").write_text("\n".join(lines), encoding="utf-8")
        (problem,) = lint(folder)
        assert (problem.line, problem.column) == (line + 1, f"terms.{at.field}")
        assert problem.remedy == f"Write {at.bound.wants}"


TABLES: dict[Any, tuple[Any, dict[str, object]]] = {
    Price: (PriceTable, {"effective_from": "2018-03-15", "basis": "observed"}),
    Anchor: (AnchorTable, {"effective_from": "2018-03-15", "basis": "observed"}),
    Listing: (EligibleModels, {"listed_from": "2018-03-15"}),
    Variant: (Catalogue, {"launched_on": "", "aliases": "", "features": ""}),
}
OF_TABLES = [one for one in BOUNDS if one.kind in TABLES and not one.inner and one.field != "features"]  # one cell


@pytest.mark.parametrize("at", OF_TABLES, ids=repr)
def test_the_reader_of_a_table_tells_a_bound_with_its_row(at: At) -> None:
    """A table is held to the bounds of its rows' type."""
    table, cells = TABLES[at.kind]
    value = sound.example(at.kind)
    columns = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    kept = {name: "" if one is None else one for name, one in columns.items() if name not in cells}
    row = {**kept, **cells, "source": "a list"}
    row = {name: cell for name, cell in row.items() if name not in {"effective_until", "listed_until"}}
    zone: dict[str, Any] = {"zone": UTC} if at.kind in {Anchor, Price} else {}
    inside, outside = steps(at)
    for wrong in (one for one in outside if one):  # an empty cell is told in other words, or may be
        with pytest.raises(DataError) as caught:
            table.read(pd.DataFrame([{**row, at.field: wrong}]), **zone)
        (problem,) = caught.value.problems
        assert (problem.line, problem.column) == (1, at.field)
    for right in (one for one in inside if one):
        assert table.read(pd.DataFrame([{**row, at.field: right}]), **zone)


CELLS: list[tuple[Any, str, str, str]] = [(Grade, "keep_bps", "grades.csv", "keep_bps")]
CELLS += [(Option, name, "condition.csv", name) for name in ("keep_bps", "extra_minor")]
COSTS = {"amount_minor": "deduct_minor", "share_bps": "deduct_bps", "weight_bps": "weight_bps"}
CELLS += [(Deduction, field, "condition.csv", column) for field, column in COSTS.items()]


@pytest.mark.parametrize(("kind", "field", "file", "column"), CELLS)
def test_a_cell_of_a_programmes_tables_is_held_to_its_bound(
    kind: Any, field: str, file: str, column: str, tmp_path: Path
) -> None:
    """The grades and what an answer does are held to the bounds of `Grade`, `Option` and `Deduction`."""
    _, outside = numbers(bound_of(kind, field))
    for number, wrong in enumerate(outside):
        folder = Path(shutil.copytree(BASE, tmp_path / f"{number}"))
        lines = (folder / file).read_text(encoding="utf-8").split("\n")
        place = lines[0].split(",").index(column)
        cells = lines[2].split(",")
        cells[place] = str(wrong)
        lines[2] = ",".join(cells)
        (folder / file).write_text("\n".join(lines), encoding="utf-8")
        told = [one for one in lint(folder) if one.column == column]
        assert told[0].line == 3
        assert told[0].remedy == f"Write {bound_of(kind, field).wants}"


# ----- the strategies

DRAWN = [
    at
    for at in BOUNDS
    if isinstance(at.bound, Between) and at.kind in STRATEGIES and not at.inner
]  # fmt: skip
NARROWER = {
    # of a value that must fit a whole programme, an order, an exchange; or that a person is to read
    "Anchor.amount_minor", "Bonus", "Coupon", "Examination", "Exchange", "Grading", "Option", "Quote", "Redemption",
    "Terms", "UsageRules.minimum_order_minor", "Variant",
}  # fmt: skip


def _edges() -> list[tuple[At, int]]:
    free = [at for at in DRAWN if not {at.kind.__name__, f"{at.kind.__name__}.{at.field}"} & NARROWER]
    return [(at, edge) for at in free for edge in (at.bound.least, at.bound.most)]


@pytest.mark.parametrize(("at", "edge"), _edges(), ids=repr)
def test_a_strategy_reaches_the_edges_of_a_bound(at: At, edge: int) -> None:
    """A strategy draws within the declared bounds (it could not make the value otherwise), and reaches them."""
    calm = settings(
        max_examples=3_000,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    found = find(STRATEGIES[at.kind](), lambda value: getattr(value, at.field) == edge, settings=calm)
    assert getattr(found, at.field) == edge


# ----- what does not fit together

A_DAY = date(2020, 1, 1)
YES, NO = Option("yes", "Yes"), Option("no", "No")
ASKED = Question("q", "?", "part", "none", (YES, NO))
SENSELESS: list[tuple[Callable[[], object], str]] = [
    (lambda: AgeBand(0, -5_000), "AgeBand.keep_bps"),
    (lambda: AgeBand(-1, 0), "AgeBand.from_months"),
    (lambda: Deduction(amount_minor=-1), "Deduction.amount_minor"),
    (Deduction, "Deduction.amount_minor"),
    (lambda: Deduction(amount_minor=1, share_bps=1), "Deduction.amount_minor"),
    (lambda: Deduction(amount_minor=1, anchor="display", weight_bps=1), "Deduction.amount_minor"),
    (lambda: Deduction(anchor="display"), "Deduction.weight_bps"),
    (lambda: Deduction(weight_bps=1), "Deduction.anchor"),
    (lambda: Option("a", "A", keep_bps=-1), "Option.keep_bps"),
    (lambda: Option("a", "A", grade=-1), "Option.grade"),
    (lambda: Option("", "A"), "Option.id"),
    (lambda: Grade("A", 20_000), "Grade.keep_bps"),
    (lambda: Question("q", "?", "part", "none", (YES, YES)), "Question.options"),
    (lambda: Questionnaire("1", (ASKED, ASKED)), "Questionnaire.questions"),
    (lambda: small.USAGE.replace(valid_days=-1), "UsageRules.valid_days"),
    (lambda: small.USAGE.replace(minimum_order_minor=-1), "UsageRules.minimum_order_minor"),
    (lambda: small.USAGE.replace(brands=()), "UsageRules.brands"),
    (lambda: trade.RULES.replace(decide_hours=-1), "ExchangeRules.decide_hours"),
    (lambda: trade.RULES.replace(decide_hours=0), "ExchangeRules.decide_hours"),
    (lambda: trade.STRICT.replace(decide_hours=1), "ExchangeRules.decide_hours"),
    (lambda: trade.STRICT.replace(reversal_days=1), "ExchangeRules.reversal_days"),
    (lambda: trade.STRICT.replace(rebuy_days=1), "ExchangeRules.rebuy_days"),
    (lambda: ExchangeRules("required", "full", "honour", "none", tolerance_bps=1), "ExchangeRules.tolerance_bps"),
    (lambda: Listing("m", A_DAY, A_DAY), "Listing.listed_until"),
    (lambda: Bonus("b", "B", amount_minor=1, begins=A_DAY, ends=A_DAY), "Bonus.ends"),
    (lambda: Bonus("b", "B"), "Bonus.amount_minor"),
    (lambda: Bonus("b", "B", amount_minor=1, share_bps=1, cap_minor=1), "Bonus.amount_minor"),
    (lambda: Bonus("b", "B", share_bps=1), "Bonus.cap_minor"),
    (lambda: Bonus("b", "B", amount_minor=1, cap_minor=1), "Bonus.cap_minor"),
    (lambda: GrantedBonus("b", -1), "GrantedBonus.amount"),
    (lambda: TacDevice("", ""), "TacDevice.model"),
    (lambda: Overlap("display", "display", 1), "Overlap.other"),
    (lambda: Price("m", small.AT, -100, "observed"), "Price.price_minor"),
    (lambda: Price("m", small.AT, 0, "observed"), "Price.price_minor"),
    (lambda: Price("m", small.AT, 100, "observed", "", small.AT), "Price.effective_until"),
    (lambda: Gap("m", small.AT, small.AT - timedelta(1)), "Gap.ends"),
    (lambda: small.VARIANT.replace(ram_mb=-1), "Variant.ram_mb"),
    (lambda: small.VARIANT.replace(sims=5), "Variant.sims"),
    (lambda: small.TERMS.replace(grades=(Grade("A", 1), Grade("A", 1))), "Terms.grades"),
    (lambda: small.TERMS.replace(bonuses=(Bonus("b", "B", amount_minor=1),) * 2), "Terms.bonuses"),
    (lambda: small.TERMS.replace(factor_bps=0), "Terms.factor_bps"),
    (lambda: small.TERMS.replace(drift_bps_per_day=223), "Terms.drift_bps_per_day"),
    (lambda: small.TERMS.replace(step_minor=100, scrap_minor=150), "Terms.scrap_minor"),
    (lambda: small.asking(ASKED.replace(options=(YES, NO.replace(grade=3)))), "Terms.grades"),
    (lambda: dataclasses.replace(small.programme(), id=""), "Programme.id"),
    (lambda: dataclasses.replace(small.programme(), brands=frozenset({7})), "Programme.brands"),  # type: ignore[arg-type]
    (lambda: dataclasses.replace(small.programme(), terms=(small.TERMS, small.TERMS)), "Programme.terms"),
    (
        lambda: dataclasses.replace(small.programme(), terms=(small.TERMS, small.TERMS.replace(version="2"))),
        "Programme.terms.1.effective_from",
    ),
    (lambda: small.TERMS.replace(age_bands=(AgeBand(1, 1),)), "Terms.age_bands.0.from_months"),
    (lambda: small.TERMS.replace(age_bands=(AgeBand(0, 1), AgeBand(0, 1))), "Terms.age_bands.1.from_months"),
    (lambda: small.TERMS.replace(age_bands=(AgeBand(0, 1), AgeBand(1, 2))), "Terms.age_bands.1.keep_bps"),
    (
        lambda: small.TERMS.replace(customer_classes=(CustomerClass("a", 1), CustomerClass("b", 2))),
        "Terms.customer_classes.1.keep_bps",
    ),
    (lambda: small.TERMS.replace(overlaps=(Overlap("a", "b", 1),)), "Terms.overlaps.0.one"),
    (
        lambda: trade.terms_of(overlaps=(Overlap("display", "battery", 1), Overlap("battery", "display", 2))),
        "Terms.overlaps.1.one",
    ),
    (
        lambda: small.TERMS.replace(bonuses=(Bonus("b", "B", amount_minor=1, quota=1, fall_back="c"),)),
        "Terms.bonuses.0.fall_back",
    ),
    (
        lambda: small.TERMS.replace(bonuses=(Bonus("b", "B", amount_minor=1, quota=1, fall_back="b"),)),
        "Terms.bonuses.0.fall_back",
    ),
]


@pytest.mark.parametrize(("make", "field"), SENSELESS, ids=[f"{n}-{field}" for n, (_, field) in enumerate(SENSELESS)])
def test_a_senseless_value_does_not_exist(make: Callable[[], object], field: str) -> None:
    """Invalid values cannot exist."""
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.field == field
    assert caught.value.rule


ORDERED = [
    (kind, name, bound.field)
    for kind in VALUES
    for name, hint in hints_of(kind).items()
    for bound in parts_of(hint)[1]
    if isinstance(bound, After)
]


@pytest.mark.parametrize(("kind", "end", "begin"), ORDERED)
def test_what_ends_is_after_what_begins(kind: Any, end: str, begin: str) -> None:
    """Pairs that are ordered: the same moment is no later one."""
    value = sound.example(kind)
    start = getattr(value, begin) or A_DAY
    with pytest.raises(InvalidValue) as caught:
        value.replace(**{begin: start, end: start})
    assert caught.value.field == f"{kind.__name__}.{end}"
    assert caught.value.rule.startswith("give a")


def test_the_greatest_amounts_are_taken() -> None:
    assert Deduction(amount_minor=GREATEST_AMOUNT).size == GREATEST_AMOUNT
    assert Bonus("b", "B", share_bps=10_000, cap_minor=GREATEST_AMOUNT).most_minor == GREATEST_AMOUNT
    assert small.TERMS.replace(drift_bps_per_day=222).drift_bps_per_day == 222
    assert isinstance(Items(0, 1).wants, str)
