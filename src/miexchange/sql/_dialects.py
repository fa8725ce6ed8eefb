"""Differences between SQL dialects that sqlglot does not handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DIALECTS", "Dialect", "literal", "quoted"]


def _whole_division(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    return exp.IntDiv(this=one, expression=other)


def _division_of_integers(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """PostgreSQL's ``DIV`` is for decimals; its ``/`` of whole numbers truncates."""
    return exp.Div(this=one, expression=other, typed=True)


def _matches(of: exp.Expr) -> exp.Expr:
    """Test it by a regular expression, whose end may be before the end of a line."""
    return exp.and_(_has_length(of), exp.RegexpLike(this=of, expression=exp.Literal.string("^[0-9]+$")))


def _has_length(of: exp.Expr) -> exp.Expr:
    return exp.EQ(this=exp.Length(this=of.copy()), expression=exp.Literal.number(15))


_TENS = 10**14


def _is_long(of: exp.Expr) -> exp.Expr:
    """Fifteen characters that are a number of as many digits, the first of which is no zero, are digits."""
    number = exp.var(f"TRY_CAST({of.sql(dialect='spark')} AS BIGINT)")  # sqlglot would write CAST, which fails
    is_long = exp.GTE(this=number, expression=exp.Literal.number(_TENS))
    return exp.and_(_has_length(of), is_long)


def _is_long_in_duckdb(of: exp.Expr) -> exp.Expr:
    """DuckDB reads exponents, and would read every text as a number if the test were one AND."""
    from_one = exp.GTE(this=of.copy(), expression=exp.Literal.string("1"))
    to_nine = exp.LT(this=of.copy(), expression=exp.Literal.string(":"))
    without = [
        exp.Not(this=exp.Anonymous(this="CONTAINS", expressions=[of.copy(), exp.Literal.string(e)])) for e in "eE"
    ]
    number = exp.TryCast(this=of.copy(), to=exp.DataType.build("bigint"))
    rest = exp.and_(exp.GTE(this=number, expression=exp.Literal.number(_TENS)), *without)
    return exp.Case(ifs=[exp.If(this=exp.and_(_has_length(of), from_one, to_nine), true=rest)], default=exp.false())


def _joined(between: str, texts: Sequence[exp.Expr]) -> exp.Expr:
    """Return texts joined by `||`, which are null nowhere: for dialects whose CONCAT_WS differs."""
    made: exp.Expr = exp.Literal.string("")
    for text in texts:
        shown = exp.DPipe(this=exp.Literal.string(between), expression=text)
        one = exp.Coalesce(this=shown, expressions=[exp.Literal.string("")])
        made = exp.DPipe(this=made, expression=one)
    return exp.Substring(this=made, start=exp.Literal.number(len(between) + 1))


def _concat_ws(between: str, texts: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string(between), *texts])


class Dialect(NamedTuple):
    """The peculiarities of one dialect.

    Attributes:
        name: its name, and sqlglot's.
        micros: an instant as microseconds since 1970.
        days: a date as days since 1970.
        rows: a table within the query: its name, columns, cells by column, and types of columns.
        fence: a clause that keeps a step from being inlined into the next one, where every use would compute it again.
        cuts_off: whether it has an exact division of whole numbers that truncates.
        has_foreign_text: whether a text may contain invalid UTF-8.
        divides: the truncating division.
        is_plain: whether a text is fifteen digits and nothing else, such as most IMEIs; it may overlook some.
        joins: texts, some of which may be null, in one text, with a text between them.
        is_luhn: whether the last of some digits is their check digit, if the dialect has a function for it.
        exactly: a clause by which texts are compared byte by byte, whatever the collation of their column.
    """

    name: str
    micros: Callable[[exp.Expr], exp.Expr]
    days: Callable[[exp.Expr], exp.Expr]
    rows: Callable[[str, Sequence[str], Sequence[Sequence[str]], Sequence[str]], str]
    fence: str = ""
    cuts_off: bool = True
    has_foreign_text: bool = False
    divides: Callable[[exp.Expr, exp.Expr], exp.Expr] = _whole_division
    is_plain: Callable[[exp.Expr], exp.Expr] = _matches
    joins: Callable[[str, Sequence[exp.Expr]], exp.Expr] = _joined
    is_luhn: Callable[[exp.Expr], exp.Expr] | None = None
    exactly: str = ""


def quoted(name: str, dialect: str) -> str:
    """Return a name in the dialect's quotes."""
    return exp.to_identifier(name, quoted=True).sql(dialect=dialect)


def literal(text: str, dialect: str) -> str:
    """Return a text in the dialect's quotes."""
    return exp.Literal.string(text).sql(dialect=dialect)


def _call(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda of: exp.Anonymous(this=name, expressions=[of])


def _since_1970(of: exp.Expr) -> exp.Expr:
    return exp.Sub(this=of, expression=exp.cast(exp.Literal.string("1970-01-01"), "date"))


def _epoch(of: exp.Expr) -> exp.Expr:
    """PostgreSQL gives seconds as an exact decimal with six places."""
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=of)
    return exp.cast(exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000)), "bigint")


def _date_part(of: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="DATE_PART", expressions=[exp.var("EPOCH_MICROSECOND"), of])


def _datediff(of: exp.Expr) -> exp.Expr:
    epoch = exp.cast(exp.Literal.string("1970-01-01"), "date")
    return exp.DateDiff(this=of, expression=epoch, unit=exp.var("DAY"))


def _lines(cells: Sequence[Sequence[str]], kinds: Sequence[str]) -> str:
    """Return the rows; the first one has the types of the columns."""
    first, *others = zip(*cells, strict=True)
    wide = [f"CAST({cell} AS {kind})" for cell, kind in zip(first, kinds, strict=True)]
    return ",\n    ".join(f"({', '.join(row)})" for row in (wide, *others))


def _values(name: str, columns: Sequence[str], cells: Sequence[Sequence[str]], kinds: Sequence[str]) -> str:
    return f"{name}({', '.join(columns)}) AS (\n  VALUES\n    {_lines(cells, kinds)}\n)"


def _inline(name: str, columns: Sequence[str], cells: Sequence[Sequence[str]], kinds: Sequence[str]) -> str:
    return f"{name} AS (\n  SELECT * FROM VALUES\n    {_lines(cells, kinds)}\n  AS t({', '.join(columns)})\n)"


def _structs(name: str, columns: Sequence[str], cells: Sequence[Sequence[str]], kinds: Sequence[str]) -> str:
    types = ["STRING" if kind == "TEXT" else "INT64" for kind in kinds]
    fields = ", ".join(f"{column} {kind}" for column, kind in zip(columns, types, strict=True))
    return f"{name} AS (\n  SELECT * FROM UNNEST([STRUCT<{fields}>\n    {_lines(cells, types)}\n  ])\n)"


def _lists(name: str, columns: Sequence[str], cells: Sequence[Sequence[str]], kinds: Sequence[str]) -> str:
    """DuckDB parses a list of numbers in one text fifty times as fast as rows of literals."""
    made = [
        f"    UNNEST([{', '.join(column)}]) AS {title}"
        if kind == "TEXT"
        else f"    UNNEST(CAST('[{', '.join(column)}]' AS BIGINT[])) AS {title}"
        for title, column, kind in zip(columns, cells, kinds, strict=True)
    ]
    lines = ",\n".join(made)
    return f"{name} AS (\n  SELECT\n{lines}\n)"


DIALECTS = {
    one.name: one
    for one in (
        Dialect("duckdb", _call("EPOCH_US"), _datediff, _lists, is_plain=_is_long_in_duckdb, joins=_concat_ws),
        Dialect(
            "postgres",
            _epoch,
            _since_1970,
            _values,
            fence="OFFSET 0",
            divides=_division_of_integers,
            joins=_concat_ws,
            exactly=' COLLATE "C"',
        ),
        Dialect(
            "spark",
            _call("UNIX_MICROS"),
            _call("UNIX_DATE"),
            _inline,
            has_foreign_text=True,
            is_plain=_is_long,
            joins=_concat_ws,
            is_luhn=_call("LUHN_CHECK"),
        ),
        Dialect("snowflake", _date_part, _datediff, _inline, cuts_off=False),
        Dialect("bigquery", _call("UNIX_MICROS"), _call("UNIX_DATE"), _structs),
    )
}
"""The dialects of a query."""
