"""Writes numbers as the steps of a query: a number that is used more than once becomes a column of an earlier step.

Inlined, the operands of each rule would occur twice in the next one, and a query would double with each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from miexchange.sql._dialects import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miexchange.sql._dialects import Dialect
    from miexchange.sql._ints import Int

__all__ = ["Steps"]

_BINARY: dict[str, type[exp.Binary]] = {
    "add": exp.Add,
    "sub": exp.Sub,
    "mul": exp.Mul,
    "mod": exp.Mod,
    "and": exp.BitwiseAnd,
    "or": exp.BitwiseOr,
    "xor": exp.BitwiseXor,
    "eq": exp.EQ,
    "ne": exp.NEQ,
    "gt": exp.GT,
    "lt": exp.LT,
    "ge": exp.GTE,
    "le": exp.LTE,
    "all": exp.And,
    "any": exp.Or,
}
_PLAIN = {"const", "text", "null", "column", "carried"}
_HEAVY = {"raw", "case", "call", "div", "exact", "mod"}
_SMALL = 2  # operations that may be repeated in a query
_NARROW = 2**31 - 1
_WIDTH = 110


class Steps:
    """Writes numbers as columns of steps, each of which selects from the one before it."""

    def __init__(self, dialect: Dialect, outputs: Mapping[str, Int], names: Mapping[Int, str], title: str = "") -> None:
        """Determine the columns.

        Args:
            dialect: the dialect.
            outputs: the requested numbers, by name.
            names: the names of numbers that become columns.
            title: the prefix of the names of other columns, which are numbered.
        """
        self._dialect = dialect
        self._outputs = outputs
        self._columns: dict[Int, str] = {}
        uses: dict[Int, int] = {}
        self._order: list[Int] = []
        for one in outputs.values():
            self._count(one, uses)
        self._names: dict[Int, str] = {}
        wanted = {one: name for name, one in outputs.items()}
        sizes: dict[Int, int] = {}
        number = 0
        for one in self._order:  # operands come before their operation
            sizes[one] = _size(one) + sum(sizes.get(arg, 0) for arg in one.args if arg not in self._names)
            if one in wanted:
                self._names[one] = wanted[one]
            elif uses[one] > 1 and sizes[one] > _SMALL:
                number += 1
                self._names[one] = names.get(one) or f"{title} {number}"

    def _args(self, one: Int) -> tuple[Int, ...]:
        """Return the operands of a number in these steps; a column of earlier ones is made already."""
        return () if one.op == "carried" and one.value not in self._outputs else one.args

    def _count(self, root: Int, uses: dict[Int, int]) -> None:
        waiting = [(root, False)]
        while waiting:
            one, is_done = waiting.pop()
            if is_done:
                self._order.append(one)
                continue
            uses[one] = uses.get(one, 0) + 1
            if uses[one] == 1:
                waiting.append((one, True))
                waiting += [(arg, False) for arg in reversed(self._args(one))]

    def column_of(self, name: str) -> str:
        """Return the column of an output: two outputs may be the same number, and are then one column."""
        return self._names[self._outputs[name]]

    def levels(self) -> Iterator[dict[str, str]]:
        """Yield the columns of each step: their names, and the SQL of each."""
        at: dict[int, dict[str, str]] = {}
        depth: dict[Int, int] = {}  # the earliest step in which a number can be computed
        for one in self._order:
            below = max((depth[arg] + (arg in self._columns) for arg in self._args(one)), default=0)
            depth[one] = below
            if one in self._names:
                at.setdefault(below, {})[self._names[one]] = self._text(one)
                self._columns[one] = self._names[one]
        for level in sorted(at):
            yield at[level]

    def _text(self, one: Int) -> str:
        made = self._expression(one)
        text = made.sql(dialect=self._dialect.name)
        if len(text) > _WIDTH and "\n" not in text:  # within a literal, it would be moved
            text = made.sql(dialect=self._dialect.name, pretty=True)
            text = re.sub(r"\n *THEN ", " THEN ", text).replace("\n", "\n    ")
        return text

    def _expression(self, one: Int) -> exp.Expr:
        """Return a number or a mask in SQL."""
        if one in self._columns:
            return exp.column(self._columns[one], quoted=True)
        return self._leaf(one) or self._choice(one) or self._operation(one)

    def _leaf(self, one: Int) -> exp.Expr | None:
        """Return a number without operands in SQL, or None."""
        made: exp.Expr | None = None
        if one.op in {"column", "carried"}:
            made = exp.column(one.value, quoted=True)
        elif one.op == "const":
            made = exp.Literal.number(one.value) if one.value >= 0 else exp.Neg(this=exp.Literal.number(-one.value))
        elif one.op == "null":
            made = exp.Null()
        elif one.op == "text":
            made = exp.Literal.string(one.value)
        elif one.op in {"raw", "test"}:
            made = one.value() if callable(one.value) else one.value.copy()
        return made

    def _choice(self, one: Int) -> exp.Expr | None:
        """Return a choice between numbers, or the result of a function, in SQL, or None."""
        made: exp.Expr | None = None
        if one.op == "if":
            made = self._branches(one)
        elif one.op == "case":
            subject, *branches, otherwise = one.args
            ifs = [
                exp.If(this=exp.Literal.number(value), true=self._number(then))
                for value, then in zip(one.value, branches, strict=True)
            ]
            made = exp.Case(this=self._number(subject), ifs=ifs, default=self._number(otherwise))
        elif one.op in {"greatest", "least"}:
            # Not sqlglot's own: its numbers may be null, and ours are not.
            made = exp.Anonymous(this=one.op.upper(), expressions=[self._number(arg) for arg in one.args])
        elif one.op == "call":
            write, value = one.value
            made = write(self._number(one.args[0]), value)
        return made

    def _branches(self, one: Int) -> exp.Expr:
        """Return a CASE; a nested one in its ELSE is flattened into its branches."""
        ifs: list[exp.If] = []
        while one.op == "if" and (not ifs or one not in self._columns):
            mask, then, one = one.args
            ifs.append(exp.If(this=self._expression(mask), true=self._number(then)))
        return exp.Case(ifs=ifs, default=self._number(one))

    def _operation(self, one: Int) -> exp.Expr:
        read = self._expression if one.op in {"all", "any"} else self._number
        parts = [_in_brackets(read(arg), one.op, place) for place, arg in enumerate(one.args)]
        if one.op == "shift":
            return exp.BitwiseRightShift(this=parts[0], expression=exp.Literal.number(one.value))
        if one.op == "exact":
            return exp.cast(exp.Div(this=parts[0], expression=parts[1]), "decimal(38, 0)")
        if one.op == "div":
            return self._dialect.divides(*parts)
        if one.op in {"add", "sub", "mul"} and self._has_to_widen(one):
            parts[0] = exp.cast(parts[0].unnest(), "bigint")
        made = parts[0]
        for place, part in enumerate(parts[1:], 1):
            made = _BINARY[one.op](this=made if place == 1 else _in_brackets(made, one.op, 0), expression=part)
        return made

    @staticmethod
    def _has_to_widen(one: Int) -> bool:
        """Tell whether the result exceeds 32 bits, the width of SQL numbers made of small literals."""
        return not one.is_wide and (one.most > _NARROW or one.least < -_NARROW)

    def _number(self, one: Int) -> exp.Expr:
        """Return a number, or 1 and 0 for a mask."""
        made = self._expression(one)
        if not one.is_mask:
            return made
        return exp.Case(ifs=[exp.If(this=made, true=exp.Literal.number(1))], default=exp.Literal.number(0))

    def select(self, source: str, columns: Mapping[str, str], comments: Mapping[str, str]) -> str:
        """Return the SELECT that adds columns to those of a source."""
        lines = []
        for name, text in columns.items():
            if name in comments:
                lines.append(f"    -- {comments[name]}")
            lines.append(f"    {text} AS {quoted(name, self._dialect.name)},")
        lines[-1] = lines[-1].removesuffix(",")
        fence = f"\n  {self._dialect.fence}" if self._dialect.fence else ""
        return "\n".join(("  SELECT *,", *lines, f"  FROM {source}{fence}"))


def _size(one: Int) -> int:
    """Return by how much an operation is larger than its operands."""
    return 0 if one.op in _PLAIN else _SMALL + 1 if one.op in _HEAVY else max(len(one.args) - 1, 1)


_SUMS, _PRODUCTS = (exp.Add, exp.Sub), (exp.Mul,)


def _in_brackets(made: exp.Expr, within: str = "", place: int = 1) -> exp.Expr:
    """Put an operation in brackets within another, unless the precedence is obvious to every reader."""
    if not isinstance(made, exp.Binary | exp.Neg | exp.Not):
        return made
    plain: tuple[type[exp.Expr], ...] = ()
    if within in {"all", "any"}:
        plain = (_BINARY[within] if isinstance(made, exp.Connector) else type(made),)
    elif within in _COMPARED:
        plain = (*_SUMS, *_PRODUCTS)
    elif within in {"or", "and"}:
        plain = (*(() if place else (_BINARY[within],)),)
    elif within in {"add", "sub"}:
        plain = _PRODUCTS if place else (*_SUMS, *_PRODUCTS)
    return made if isinstance(made, plain) else exp.Paren(this=made)


_COMPARED = {"eq", "ne", "gt", "lt", "ge", "le"}
