"""Operands that represent all whole numbers at once: terms of the solver, with their bounds.

The functions of `miexchange._kernel` and `miexchange._decisions` run on them unchanged. A `World` stores the facts
about the terms, and a trace of the products and quotients of a run. Two runs of the same lines leave the same trace;
facts about two products or quotients side by side (`World.compared`) let the solver compare two phones.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import z3

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    _Term = Any  # a term of the solver, which has no types

__all__ = ["LEAST", "MOST", "Symbol", "Truth", "World"]

LEAST, MOST = -(2**63), 2**63 - 1
"""The whole numbers of 64 bits."""

_LEMMA_MS = 20_000


class _Product(NamedTuple):
    """A product of a term and a number that is one of several."""

    term: _Term
    cases: tuple[tuple[_Term, int], ...]
    result: _Term


class _Quotient(NamedTuple):
    """A quotient; if its numerator is a term times a number plus another, these three."""

    numerator: _Term
    linear: tuple[_Term, int, int] | None
    divisor: int
    result: _Term


class World:
    """The facts known about some terms.

    Attributes:
        facts: the facts about them.
        trace: the products and quotients of the current run.
        wide: terms whose own bounds do not keep them within 64 bits.
    """

    def __init__(self) -> None:
        """Begin without facts."""
        self.facts: list[_Term] = []
        self.trace: list[_Product | _Quotient] = []
        self.wide: list[_Term] = []
        self._count = 0

    def fresh(self, name: str = "x") -> _Term:
        """Return a new whole number of the solver's."""
        self._count += 1
        return z3.Int(f"{name}!{self._count}")

    def any(self, least: int, most: int, name: str = "x") -> Symbol:
        """Return any whole number between two bounds."""
        if least == most:
            return self.lift(least)
        term = self.fresh(name)
        self.facts += [term >= least, term <= most]
        return Symbol(self, term, least, most)

    def lift(self, number: Any) -> Symbol:  # noqa: ANN401 - a number, a symbol or a truth
        """Return a number as a symbol."""
        if isinstance(number, Symbol):
            return number
        if isinstance(number, Truth):
            return self.one_of([(number.term, 1), (z3.Not(number.term), 0)])
        return Symbol(self, z3.IntVal(int(number)), int(number), int(number))

    def pick(self, count: int, name: str = "pick") -> tuple[_Term, ...]:
        """Return the conditions that a choice among a few is each of them: exactly one is true."""
        if count == 1:
            return (z3.BoolVal(True),)  # noqa: FBT003 - the solver's own
        term = self.fresh(name)
        conditions = tuple(term == number for number in range(count))
        self.facts.append(z3.Or(*conditions))
        return conditions

    def one_of(self, cases: Iterable[tuple[_Term, int]]) -> Symbol:
        """Return a number that is one of several, each under its condition; one of these holds."""
        by_number: dict[int, list[_Term]] = {}
        for condition, number in cases:
            if not z3.is_false(condition):
                by_number.setdefault(number, []).append(condition)
        numbers = sorted(by_number)
        if len(numbers) == 1:
            return self.lift(numbers[0])
        merged = tuple((z3.Or(*by_number[number]), number) for number in numbers)
        certain = [number for condition, number in merged if z3.is_true(z3.simplify(condition))]
        if certain:
            return self.lift(certain[0])
        term = z3.IntVal(numbers[-1])
        for condition, number in merged[:-1]:
            term = z3.If(condition, z3.IntVal(number), term)
        return Symbol(self, term, numbers[0], numbers[-1], merged)

    def select(self, pick: Sequence[_Term], numbers: Sequence[Any]) -> Symbol:
        """Return the number that a choice selects, from numbers or symbols."""
        if all(isinstance(number, int) for number in numbers):
            return self.one_of(zip(pick, numbers, strict=True))
        symbols = [self.lift(number) for number in numbers]
        open_ones = []
        for condition, symbol in zip(pick, symbols, strict=True):
            if z3.is_true(condition):
                return symbol
            if not z3.is_false(condition):
                open_ones.append((condition, symbol))
        term = open_ones[-1][1].term
        for condition, symbol in open_ones[:-1]:
            term = z3.If(condition, symbol.term, term)
        low = min(symbol.least for _, symbol in open_ones)
        return Symbol(self, self._named(term), low, max(symbol.most for _, symbol in open_ones))

    def places(self, number: Any, count: int) -> tuple[_Term, ...]:  # noqa: ANN401 - a number or a symbol
        """Return the conditions that a number is each of the positions of a list."""
        term = self.lift(number).term
        return tuple(z3.simplify(term == place) for place in range(count))

    def _named(self, term: _Term) -> _Term:
        """Name a term, so that the solver gets it once."""
        name = self.fresh()
        self.facts.append(name == term)
        return name

    def product(self, term: _Term, cases: tuple[tuple[_Term, int], ...]) -> _Term:
        """Return a term times a number that is one of several: a case each, which keeps the solver's sums linear."""
        found = term * cases[-1][1]
        for condition, number in cases[:-1]:
            found = z3.If(condition, term * number, found)
        found = self._named(found)
        self.trace.append(_Product(term, cases, found))
        return found

    def quotient(self, numerator: Symbol, divisor: int) -> _Term:
        """Return a quotient rounded down, as Python does, by its definition."""
        found = self.fresh("quotient")
        self.facts += [found * divisor <= numerator.term, numerator.term < found * divisor + divisor]
        self.trace.append(_Quotient(numerator.term, numerator.linear, divisor, found))
        return found

    def run(self) -> list[_Product | _Quotient]:
        """Return the trace of the run that ends here, and begin another."""
        trace, self.trace = self.trace, []
        return trace

    def compared(self, one: list[_Product | _Quotient], other: list[_Product | _Quotient]) -> list[_Term]:
        """Return the facts about the products and quotients of two runs side by side.

        Each is a theorem about whole numbers, so it adds no assumption and only saves the solver from finding
        it. A quotient does not fall when its numerator rises. One of `amount x rate + half` by a larger divisor than
        the rate rises by no more than the amount (`_is_contraction` has the solver prove that before it is used). A
        product with one of several rates changes by at least the least of them.
        """
        hints: list[_Term] = []
        for first, second in zip(one, other, strict=False):
            if isinstance(first, _Quotient) and isinstance(second, _Quotient) and first.divisor == second.divisor:
                hints += _of_quotients(first, second)
            elif isinstance(first, _Product) and isinstance(second, _Product):
                hints += _of_products(first, second)
        return hints


def _of_quotients(first: _Quotient, second: _Quotient) -> list[_Term]:
    hints = []
    for low, high in ((first, second), (second, first)):
        hints.append(z3.Implies(low.numerator <= high.numerator, low.result <= high.result))
        if low.linear is not None and high.linear is not None and low.linear[1:] == high.linear[1:]:
            (begin, rate, half), (end, _, _) = low.linear, high.linear
            if _is_contraction(rate, half, low.divisor):
                hints.append(z3.Implies(begin <= end, high.result - low.result <= end - begin))
    return hints


def _of_products(first: _Product, second: _Product) -> list[_Term]:
    if first.cases != second.cases and not _same(first.cases, second.cases):
        return []
    least, most = first.cases[0][1], first.cases[-1][1]
    hints = []
    for low, high in ((first, second), (second, first)):
        rise, change = high.term - low.term, high.result - low.result
        hints.append(z3.Implies(rise >= 0, z3.And(least * rise <= change, change <= most * rise)))
    return hints


def _same(one: tuple[tuple[_Term, int], ...], other: tuple[tuple[_Term, int], ...]) -> bool:
    return len(one) == len(other) and all(
        number == another and condition.eq(otherwise)
        for (condition, number), (otherwise, another) in zip(one, other, strict=True)
    )


@cache
def _is_contraction(rate: int, half: int, divisor: int) -> bool:
    """Let the solver prove that `(amount * rate + half) // divisor` rises by no more than the amount does."""
    amount, more = z3.Ints("amount more")
    solver = z3.Solver()
    solver.set("timeout", _LEMMA_MS)
    solver.add(more >= amount, (more * rate + half) / divisor - (amount * rate + half) / divisor > more - amount)
    return bool(solver.check() == z3.unsat)


class Truth:
    """A condition: 1 or 0 if the kernel multiplies by it.

    Attributes:
        world: the world that makes its numbers.
        term: the solver's term.
    """

    __slots__ = ("term", "world")

    def __init__(self, world: Any, term: _Term) -> None:  # noqa: ANN401 - a world of numbers or of bits
        """Store a condition."""
        self.world, self.term = world, term

    def __bool__(self) -> bool:
        """Refuse to be used as a Boolean.

        Raises:
            TypeError: always.
        """
        msg = "the arithmetic of a value may not branch on a value: nothing could be proved of it"
        raise TypeError(msg)

    def __mul__(self, other: Any) -> Any:  # noqa: ANN401 - as the kernel's operands
        """Return the other one if this is true, else 0."""
        if isinstance(other, Truth):
            return Truth(self.world, z3.And(self.term, other.term))
        return self.world.lift(other).masked(self.term)

    __rmul__ = __mul__

    def __and__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether both hold."""
        return Truth(self.world, z3.And(self.term, _condition(other)))

    __rand__ = __and__

    def __or__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether one of them holds."""
        return Truth(self.world, z3.Or(self.term, _condition(other)))

    __ror__ = __or__

    def __gt__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether this holds and the other does not."""
        return Truth(self.world, z3.And(self.term, z3.Not(_condition(other))))

    def __add__(self, other: Any) -> Any:  # noqa: ANN401 - as above
        """Count it as 1 or 0."""
        return self.world.lift(self) + other

    __radd__ = __add__

    def __rsub__(self, other: Any) -> Any:  # noqa: ANN401 - as above
        """Count it as 1 or 0."""
        return other - self.world.lift(self)


def _condition(other: object) -> _Term:
    return other.term if isinstance(other, Truth) else z3.BoolVal(bool(other))


class Symbol:
    """A whole number of which only bounds are known.

    Attributes:
        world: its world.
        term: the solver's term.
        least: the lower bound.
        most: the upper bound.
        cases: if it is one of several numbers, each with its condition.
        linear: if it is a term times a number plus another, these three.
    """

    __slots__ = ("cases", "least", "linear", "most", "term", "world")
    __hash__ = None  # type: ignore[assignment]  # equal is a question to the solver

    def __init__(
        self,
        world: World,
        term: _Term,
        least: int,
        most: int,
        cases: tuple[tuple[_Term, int], ...] | None = None,
        linear: tuple[_Term, int, int] | None = None,
    ) -> None:
        """Store a term, and record if it may leave 64 bits."""
        self.world, self.term, self.least, self.most = world, term, least, most
        self.cases, self.linear = cases, linear
        if least < LEAST or most > MOST:
            world.wide.append(term)

    def masked(self, condition: _Term) -> Symbol:
        """Return the number if a condition is true, else 0."""
        if self.cases is not None or self.least == self.most:
            cases = self.cases or ((z3.BoolVal(True), self.least),)  # noqa: FBT003 - the solver's own
            masked = [(z3.And(condition, case), number) for case, number in cases]
            return self.world.one_of([*masked, (z3.Not(condition), 0)])
        term = z3.If(condition, self.term, z3.IntVal(0))
        return Symbol(self.world, term, min(self.least, 0), max(self.most, 0))

    def _shifted(self, number: int) -> Symbol:
        cases = None if self.cases is None else tuple((condition, one + number) for condition, one in self.cases)
        linear = None if self.linear is None else (*self.linear[:2], self.linear[2] + number)
        return Symbol(self.world, self.term + number, self.least + number, self.most + number, cases, linear)

    def __add__(self, other: Any) -> Symbol:  # noqa: ANN401 - as the kernel's operands
        """Return the sum."""
        if isinstance(other, int):
            return self._shifted(other)
        other = self.world.lift(other)
        return Symbol(self.world, self.term + other.term, self.least + other.least, self.most + other.most)

    __radd__ = __add__

    def __neg__(self) -> Symbol:
        """Return the number below zero."""
        cases = None if self.cases is None else tuple((condition, -one) for condition, one in reversed(self.cases))
        return Symbol(self.world, -self.term, -self.most, -self.least, cases)

    def __sub__(self, other: Any) -> Symbol:  # noqa: ANN401 - as above
        """Return the difference."""
        return self._shifted(-other) if isinstance(other, int) else self + self.world.lift(other).__neg__()

    def __rsub__(self, other: Any) -> Symbol:  # noqa: ANN401 - as above
        """Return the difference."""
        difference: Symbol = self.__neg__() + other
        return difference

    def __mul__(self, other: Any) -> Symbol:  # noqa: ANN401 - as above
        """Return the product."""
        if isinstance(other, Truth):
            return self.masked(other.term)
        one, other = self, self.world.lift(other)
        if other.least != other.most and one.least == one.most:
            one, other = other, one
        ends = [first * second for first in (one.least, one.most) for second in (other.least, other.most)]
        if other.least == other.most:
            number = other.least
            cases = None if one.cases is None else tuple(sorted_cases(one.cases, number))
            return Symbol(self.world, one.term * number, min(ends), max(ends), cases, (one.term, number, 0))
        if other.cases is None and one.cases is not None:
            one, other = other, one
        term = one.term * other.term if other.cases is None else self.world.product(one.term, other.cases)
        return Symbol(self.world, term, min(ends), max(ends))

    __rmul__ = __mul__

    def __floordiv__(self, divisor: Any) -> Symbol:  # noqa: ANN401 - as above
        """Return the quotient, rounded down like Python's, also below zero.

        Raises:
            TypeError: the divisor is not a whole number above zero.
        """
        if not isinstance(divisor, int) or divisor <= 0:
            msg = "a symbol is divided by a whole number above zero only"
            raise TypeError(msg)
        if divisor == 1:
            return self
        return Symbol(self.world, self.world.quotient(self, divisor), self.least // divisor, self.most // divisor)

    def __lt__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether it is less."""
        return Truth(self.world, self.term < self.world.lift(other).term)

    def __gt__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether it is more."""
        return Truth(self.world, self.term > self.world.lift(other).term)

    def __le__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether it is no more."""
        return Truth(self.world, self.term <= self.world.lift(other).term)

    def __ge__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether it is no less."""
        return Truth(self.world, self.term >= self.world.lift(other).term)

    def __eq__(self, other: object) -> Any:  # noqa: ANN401 - as above
        """Tell whether both are the same."""
        return Truth(self.world, self.term == self.world.lift(other).term)

    def __ne__(self, other: object) -> Any:  # noqa: ANN401 - as above
        """Tell whether they differ."""
        return Truth(self.world, self.term != self.world.lift(other).term)


def sorted_cases(cases: tuple[tuple[_Term, int], ...], number: int) -> Iterable[tuple[_Term, int]]:
    """Return the cases times a number, sorted by the result."""
    return sorted(((condition, one * number) for condition, one in cases), key=lambda case: case[1])
