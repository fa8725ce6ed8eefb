"""The operand of a query: it is what a number is, its bounds hold, and what is shared is written once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from miexchange import InvalidValue, Programme, Zone, _kernel, sql
from miexchange.batch.plan._periods import zone_turns
from miexchange.sql._answers import Cell
from miexchange.sql._dialects import DIALECTS
from miexchange.sql._ints import Int, Ints
from miexchange.sql._steps import Steps
from miexchange.sql._writer import _end_of_line as end_of_line
from miexchange.sql._zones import local_day
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST, MOST = -50, 50
OPERATORS = ("+", "-", "*", "//", "&", "|", "^", "==", "!=", "<", ">", "<=", ">=", "largest", "choose", "case")
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)


def asked(outputs: dict[str, Int], rows: dict[str, list[int]], dialect: str = "duckdb") -> list[dict[str, int]]:
    """Let DuckDB work out numbers of columns; masks as 1 and 0."""
    steps = Steps(DIALECTS[dialect], outputs, {}, "step")
    source, text = "given", []
    for number, columns in enumerate(steps.levels(), 1):
        text.append(f"level_{number} AS ({steps.select(source, columns, {})})")
        source = f"level_{number}"
    names = ", ".join(f'CAST("{steps.column_of(name)}" AS BIGINT) AS "{name}"' for name in outputs)
    connection = duckdb.connect(config={"threads": 1})
    connection.register("given", pa.table(rows))
    query = f"{'WITH ' if text else ''}{', '.join(text)} SELECT {names} FROM {source}"  # noqa: S608 - our own
    found: list[dict[str, int]] = connection.sql(query).to_arrow_table().to_pylist()
    return found


def applied(operator: str, one: Int, other: Int, ints: Ints) -> Int:
    """Apply an operator to expressions."""
    if operator == "//":
        return one // (other * other + 1)
    if operator in "&|^":  # of sets of bits
        one, other = one * one, other * other
    if operator == "largest":
        return ints.largest([one, other, ints.of(3)])
    if operator == "choose":
        return (one > other) * one + (one <= other) * 7
    if operator == "case":
        return ints.case(one, {2: other, 3: ints.of(4)}, ints.of(1))
    calls = {
        "+": Int.__add__,
        "-": Int.__sub__,
        "*": Int.__mul__,
        "&": Int.__and__,
        "|": Int.__or__,
        "^": Int.__xor__,
        "==": Int.__eq__,
        "!=": Int.__ne__,
        "<": Int.__lt__,
        ">": Int.__gt__,
        "<=": Int.__le__,
        ">=": Int.__ge__,
    }
    return calls[operator](one, other)


def expected(operator: str, one: int, other: int) -> int:
    """Apply it to numbers."""
    if operator in "&|^":
        one, other = one * one, other * other
    results = {
        "+": one + other,
        "-": one - other,
        "*": one * other,
        "//": one // (other * other + 1),
        "&": one & other,
        "|": one | other,
        "^": one ^ other,
        "==": one == other,
        "!=": one != other,
        "<": one < other,
        ">": one > other,
        "<=": one <= other,
        ">=": one >= other,
        "largest": max(one, other, 3),
        "choose": one if one > other else 7,
        "case": {2: other, 3: 4}.get(one, 1),
    }
    return int(results[operator])


@given(
    pairs=st.lists(st.tuples(st.integers(LEAST, MOST), st.integers(LEAST, MOST)), min_size=1, max_size=9),
    chain=st.lists(st.tuples(st.sampled_from(OPERATORS), st.integers(-9, 9)), max_size=3),
)
def test_an_expression_is_what_the_number_is(pairs: list[tuple[int, int]], chain: list[tuple[str, int]]) -> None:
    """Operators mean the same for a number and for a query, below zero too; and each result is within its bounds."""
    ints = Ints()
    one, other = ints.column("a", LEAST, MOST), ints.column("b", LEAST, MOST)
    outputs = {operator: applied(operator, one, other, ints) for operator in OPERATORS}
    wanted = [{operator: expected(operator, *pair) for operator in OPERATORS} for pair in pairs]
    linked, values = one, [a for a, _ in pairs]
    for operator, constant in chain:
        linked = applied(operator, linked, ints.of(constant), ints)
        values = [expected(operator, value, constant) for value in values]
    outputs["chain"] = linked
    wanted = [row | {"chain": value} for row, value in zip(wanted, values, strict=True)]
    found = asked(outputs, {"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    assert found == wanted
    for row in wanted:
        assert all(outputs[name].least <= value <= outputs[name].most for name, value in row.items())


def test_the_larger_and_the_smaller_are_written_so() -> None:
    """`_kernel.at_least` is arithmetic with a mask; a reader of SQL knows it by its name."""
    ints = Ints()
    one, other = ints.column("a", 0, 9), ints.column("b", 0, 9)
    assert (_kernel.at_least(one, other).op, _kernel.at_most(one, 5).op) == ("greatest", "least")
    assert _kernel.at_least(one, 0) is one


def test_a_division_is_lifted_only_where_it_may_be_below_zero() -> None:
    ints = Ints()
    assert (ints.column("a", 0, 9) // 4).op == "div"
    assert (ints.column("b", -9, 9) // 4).op == "sub"
    with pytest.raises(InvalidValue, match="divides by what may be 0"):
        ints.column("a", 0, 9) // ints.column("b", 0, 9)


def test_a_dialect_without_whole_division_takes_the_rest_away_first() -> None:
    ints = Ints(cuts_off=False)
    assert asked({"x": ints.column("a", 0, 99) // 7}, {"a": [0, 6, 7, 99]}) == [{"x": 0}, {"x": 0}, {"x": 1}, {"x": 14}]


def test_what_64_bits_do_not_hold_is_refused() -> None:
    ints = Ints()
    with pytest.raises(InvalidValue, match="64 bits"):
        ints.column("a", 0, 2**40) * ints.column("b", 0, 2**40)


def test_a_small_number_is_widened_before_it_grows() -> None:
    """A literal is 32 bits wide in SQL: a sum or a product of such may not be."""
    ints = Ints()
    one = ints.case(ints.column("a", 0, 1, wide=False), {0: ints.of(2**30)}, ints.of(2**31 - 1))
    assert asked({"x": one * 4, "y": one + one}, {"a": [0, 1]}) == [
        {"x": 2**32, "y": 2**31},
        {"x": 2**33 - 4, "y": 2**32 - 2},
    ]


def test_a_rule_that_branches_on_a_value_cannot_be_a_query() -> None:
    with pytest.raises(TypeError, match="multiply by the test"):
        max(Ints().column("a", 0, 9), 3)


def test_what_is_read_of_an_answer_are_bits_of_one_number() -> None:
    """However many arrays there are, and however wide: a second number begins where the first one is full."""
    ints, carried = Ints(), {}
    arrays = {
        "small": [0, 3, 1],
        "below zero": [-5, 0, 7],
        "wide": [0, 2**40, 9],
        "as wide": [2**41, 0, 1],
        "one": [4, 4, 4],
    }

    def write(number: Callable[[int], int]) -> exp.Case:
        ifs = [exp.If(this=exp.column("a").eq(code), true=exp.Literal.number(number(code))) for code in (0, 1)]
        return exp.Case(ifs=ifs, default=exp.Literal.number(number(2)))

    def carry(name: str, number: Int) -> Int:
        carried[name] = number
        return number

    answer = Cell(ints, 3, write, carry, "answer")
    outputs = {says: answer.of(numbers, says) for says, numbers in arrays.items()}
    assert answer.of(arrays["small"]) is outputs["small"]
    rows = [{says: numbers[code] for says, numbers in arrays.items()} for code in range(3)]
    assert asked(outputs, {"a": [0, 1, 2]}) == rows
    assert list(carried) == ["answer", "answer, 2"]


def test_bits_of_the_same_places_are_united_before_they_are_cut_out() -> None:
    ints = Ints()
    one, other = ints.column("a", 0, 255), ints.column("b", 0, 255)
    united = ints.union([(one >> 2) & 7, other & 7, (other >> 2) & 7])
    assert asked({"x": united}, {"a": [0, 7, 255, 16], "b": [9, 8, 4, 0]}) == [
        {"x": ((a >> 2) | b | (b >> 2)) & 7} for a, b in ((0, 9), (7, 8), (255, 4), (16, 0))
    ]
    ((level,),) = [list(level.values()) for level in Steps(DIALECTS["duckdb"], {"x": united}, {}, "step").levels()]
    assert level.count("7") == 1


def test_a_sum_over_the_values_of_a_subject_is_one_case() -> None:
    ints = Ints()
    status = ints.column("a", 0, 4)
    total = (status == 1) * 4 + (status == 2) * 8 + (status == 3) * 16
    assert (total.op, total.value) == ("case", (1, 2, 3))
    assert ((status == 1) * 4 + (status == 1) * 8).op == "add"
    found = ints.case(status, {1: ints.of(7)}, ints.of(0))
    assert (found == 7) is (status == 1)
    assert (found == 0).op == "eq"


def test_neighbours_that_are_equal_are_told_apart_by_their_bounds() -> None:
    ints = Ints()
    place = ints.column("a", 0, 6)
    found = ints.table([place], [3, 5, 5, 5, 5, 3, 3])
    assert found.op == "if"
    assert [row["x"] for row in asked({"x": found}, {"a": list(range(7))})] == [3, 5, 5, 5, 5, 3, 3]


@pytest.mark.parametrize("slope", [5, -5])
def test_numbers_on_a_line_are_written_as_one(slope: int) -> None:
    ints = Ints()
    line = ints.line(ints.column("a", 0, 9), slope, 100, min(100, 100 + 9 * slope), max(100, 100 + 9 * slope))
    assert [row["x"] for row in asked({"x": line}, {"a": [0, 1, 9]})] == [100, 100 + slope, 100 + 9 * slope]
    numbers = [1, 1, *range(10, 70, 10), 7]
    ends = [0]
    while ends[-1] < len(numbers):
        ends.append(end_of_line(numbers, ends[-1]))
    assert ends == [0, 2, 8, 9]


def test_what_is_shared_is_written_once() -> None:
    """Each rule reads the value before it twice: in place, forty rules would make a query of 2**40 parts."""
    ints = Ints()
    value = ints.column("a", 0, 10**6)
    for _ in range(40):
        value = value - _kernel.scaled(value, 100)
    steps = list(Steps(DIALECTS["duckdb"], {"value": value}, {}, "step").levels())
    assert sum(len(text) for step in steps for text in step.values()) < 40 * 120


@pytest.mark.parametrize("place", ["Europe/London", "Asia/Kolkata", "Africa/Casablanca"])
def test_the_day_of_an_instant_is_that_of_the_zone(place: str) -> None:
    instants = [
        datetime(year, month, 28, 23, 30, tzinfo=UTC)
        for year in (1901, 2018, 2099, 2101, 2500, 9800)
        for month in (1, 7)
    ]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    micros = [(at - epoch) // timedelta(microseconds=1) for at in instants]
    ints = Ints()
    day = local_day(ints, ints.column("a", -(2**58), 2**58), zone_turns(Zone(place)))
    days = [(at.astimezone(Zone(place)).date() - epoch.date()).days for at in instants]
    assert [row["day"] for row in asked({"day": day}, {"a": micros})] == days


@pytest.mark.parametrize(
    "on", [date(1, 1, 1), date(1900, 2, 28), date(2000, 2, 29), date(2024, 3, 1), date(9999, 12, 31)]
)
def test_the_calendar_is_that_of_python(on: date) -> None:
    months, day = _kernel.calendar((on - date(1970, 1, 1)).days)
    assert (months, day) == (on.year * 12 + on.month - 3, on.day - 1)


# The verbs.


@pytest.fixture(scope="module")
def programme() -> Programme:
    return shipped_programme("uk-trade-in")


def test_a_query_says_what_is_wrong_with_its_columns(programme: Programme) -> None:
    with pytest.raises(InvalidValue, match="columns has no columns at, body"):
        sql.query(programme, columns=["model", "lock", "power", "works", "screen"])
    with pytest.raises(InvalidValue, match="the table has a column at"):
        sql.query(programme, columns=["model", "at"], at=AT)
    with pytest.raises(InvalidValue, match="keep is 'Grade'"):
        sql.query(programme, keep=["Grade"])
    with pytest.raises(InvalidValue, match="dialect is 'mysql': give one of: duckdb, postgres"):
        sql.query(programme, dialect="mysql")


def test_a_name_in_quotes_stays_a_name(programme: Programme) -> None:
    text = sql.query(programme, source='a"b', keep=['c"d'], loaded='e"f')
    assert '"a""b"' in text
    assert '"c""d"' in text
    assert '"e""fperiods"' in text


@pytest.mark.parametrize("source", ["periods", "Names", "cells", "step_2"])
def test_a_table_is_never_taken_for_a_step(programme: Programme, source: str) -> None:
    """A step of the same name would hide the table, and the query would value something else, or nothing."""
    with pytest.raises(InvalidValue, match="what a step of the query is called"):
        sql.query(programme, source=source)
    assert f'"shop"."{source}"' in sql.query(programme, source=f"shop.{source}")


def test_a_relation_is_never_taken_for_a_view(programme: Programme) -> None:
    """Whatever the caller has registered, and under whatever name, the relation that is given is valued."""
    sound = "'x' AS model, 'free' AS lock, 'on' AS power, 'all' AS works, 'clean' AS screen, 'good' AS body"
    with duckdb.connect() as connection:
        for name in ("devices", "cells", "names"):
            connection.register(name, pa.table({"model": ["y", "z"]}))
        relation = connection.sql(f"SELECT {sound}, 7 AS row")
        found = [sql.appraise(relation, programme, at=AT, keep=["row"]) for _ in range(2)]
        assert [one.project("row").fetchall() for one in found] == [[(7,)], [(7,)]]


def test_a_table_that_is_not_lazy_is_refused(programme: Programme) -> None:
    with pytest.raises(InvalidValue, match="give a relation of DuckDB or a LazyFrame"):
        sql.appraise(pl.DataFrame(), programme)


def test_a_relation_says_what_is_wrong_with_its_columns(programme: Programme) -> None:
    with duckdb.connect() as connection:
        sound = "'x' AS model, 'free' AS lock, 'on' AS power, 'all' AS works, NULL AS screen, 'good' AS body"
        with pytest.raises(InvalidValue, match="at is a column of TIMESTAMP: give TIMESTAMP WITH TIME ZONE"):
            sql.appraise(connection.sql(f"SELECT {sound}, TIMESTAMP '2018-01-01' AS at"), programme)
        relation = connection.sql(f"SELECT {sound}")
        with pytest.raises(InvalidValue, match="order"):
            sql.appraise(relation, programme, at=AT, keep=["order"])
        found = sql.appraise(relation, programme, at=AT, names=["x"]).fetchall()
        assert [row[:2] for row in found] == [("refused", "model_unknown|programme_not_in_force")] or found[0][
            0
        ] == "refused"
