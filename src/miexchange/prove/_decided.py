"""The decisions about a phone on symbolic sets of reasons: terms of 64 bits each.

The functions of `miexchange._decisions` run on them unchanged, combined as `miexchange.eligibility` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import z3

from miexchange._decisions import BITS, BLOCKED, CLEAR, DUPLICATE, UNVERIFIED
from miexchange.eligibility import refused_doubts
from miexchange.prove._symbols import Truth, World
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.programme import Programme, Terms

    _Term = Any  # a term of the solver, which has no types

__all__ = ["DECISIONS", "decided"]

_WIDTH = 64
_PASSABLE = BITS[ReasonCode.TAC_UNKNOWN] | BITS[ReasonCode.IMEI_UNVERIFIED] | BITS[ReasonCode.IMEI2_MISSING]
_PLACEHOLDER = BITS[ReasonCode.IMEI_PLACEHOLDER]
DECISIONS = {
    "hides nothing": "reasons against a phone are shown, unless others are shown in their place",
    "register": "a number that a register blocks, tracks or knows twice is refused",
    "worse word": "where a clear number is refused, no other word of the register lets it pass",
    "more against": "what is found in addition never lets a phone pass",
    "doubts": "only doubts pass, and only those that the terms let pass",
    "evidence": "older evidence is never newer, nor does it become evidence where the terms ask for a newer one",
    "identity": "a placeholder is nobody's number",
}


class _Bits:
    """The world of sets of reasons."""

    def lift(self, number: Any) -> Set:  # noqa: ANN401 - a number, a set or a truth
        """Return a number as a set."""
        if isinstance(number, Set):
            return number
        if isinstance(number, Truth):
            return Set(z3.If(number.term, z3.BitVecVal(1, _WIDTH), z3.BitVecVal(0, _WIDTH)))
        return Set(z3.BitVecVal(int(number), _WIDTH))


_WORLD = _Bits()


class Set:
    """A set of reasons, a bit each.

    Attributes:
        term: the solver's term.
    """

    __slots__ = ("term",)
    __hash__ = None  # type: ignore[assignment]  # equal is a question to the solver

    def __init__(self, term: _Term) -> None:
        """Store a term."""
        self.term = term

    def masked(self, condition: _Term) -> Set:
        """Return the set if a condition holds, else the empty set."""
        return Set(z3.If(condition, self.term, z3.BitVecVal(0, _WIDTH)))

    def __and__(self, other: Any) -> Set:  # noqa: ANN401 - as the kernel's operands
        """Return the intersection."""
        return Set(self.term & _WORLD.lift(other).term)

    def __or__(self, other: Any) -> Set:  # noqa: ANN401 - as above
        """Return the union."""
        return Set(self.term | _WORLD.lift(other).term)

    def __xor__(self, other: Any) -> Set:  # noqa: ANN401 - as above
        """Return the symmetric difference."""
        return Set(self.term ^ _WORLD.lift(other).term)

    def __add__(self, other: Any) -> Set:  # noqa: ANN401 - as above
        """Return the sum."""
        return Set(self.term + _WORLD.lift(other).term)

    def __mul__(self, other: Any) -> Set:  # noqa: ANN401 - as above
        """Return the set if a truth holds, or the product."""
        return self.masked(other.term) if isinstance(other, Truth) else Set(self.term * _WORLD.lift(other).term)

    __rand__, __ror__, __rxor__, __radd__, __rmul__ = __and__, __or__, __xor__, __add__, __mul__

    def __gt__(self, other: Any) -> Truth:  # noqa: ANN401 - as above
        """Tell whether it is greater, as a whole number of 64 bits."""
        return Truth(_WORLD, self.term > _WORLD.lift(other).term)

    def __eq__(self, other: object) -> Any:  # noqa: ANN401 - as above
        """Tell whether both are the same."""
        return Truth(_WORLD, self.term == _WORLD.lift(other).term)


def decided(programme: Programme, terms: Terms, decisions: Any, seconds: float) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - `_decisions`, or a copy
    """Yield, for each law of `DECISIONS`, its name, the solver's verdict, and the counterexample."""
    for name, broken in _laws(programme, terms, decisions):
        solver = z3.Solver()
        solver.set("timeout", max(int(seconds * 1000), 1))
        solver.add(broken)
        answer = solver.check()
        verdict = "proved" if answer == z3.unsat else "undecided" if answer == z3.unknown else "refuted"
        model = solver.model() if verdict == "refuted" else ()
        yield name, verdict, ", ".join(sorted(f"{one}: {model[one]}" for one in model))


def _laws(programme: Programme, terms: Terms, decisions: Any) -> Iterator[tuple[str, _Term]]:  # noqa: ANN401 - as above
    rules = terms.eligibility
    refused = sorted({refused_doubts(variant, rules) for variant in (None, *programme.catalogue)})
    every = sum(BITS.values())
    said, more = _set("found"), _set("more")
    known = [(one.term & ~z3.BitVecVal(every, _WIDTH)) == 0 for one in (said, more)]
    answer, one, same, old = _set("answer"), _truth("one"), _truth("same"), _truth("old")
    words = z3.And(answer.term >= CLEAR, answer.term <= UNVERIFIED)
    number = decisions.numbers(_truth("known"), one, same, answer, old)
    clear = decisions.numbers(_truth("known"), one, same, CLEAR, old)
    # If no IMEI can be read, there are no reasons about numbers: a phone without any is not the subject of these laws.
    read = z3.Bool("known")

    def against(found: Set, doubts: int) -> _Term:
        return decisions.shown(found ^ decisions.let_pass(found, doubts)).term != 0

    yield "hides nothing", z3.And(*known, (decisions.shown(said).term != 0) != (said.term != 0))
    bad = z3.And(words, answer.term >= BLOCKED, answer.term <= DUPLICATE, read)
    yield "register", z3.And(*known, bad, z3.Or(*(z3.Not(against(number | said, one)) for one in refused)))
    helped = (z3.And(against(clear | said, one), z3.Not(against(number | said, one))) for one in refused)
    yield "worse word", z3.And(*known, words, z3.Or(*helped))
    helped = (z3.And(against(said, one), z3.Not(against(said | more, one))) for one in refused)
    yield "more against", z3.And(*known, z3.Or(*helped))
    wrong = [
        z3.Or((passed := decisions.let_pass(said, one).term) & ~z3.BitVecVal(_PASSABLE, _WIDTH) != 0, passed & one != 0)
        for one in refused
    ]
    yield "doubts", z3.And(*known, z3.Or(*wrong))
    world = World()
    older, newer, at = (world.any(-(2**62), 2**62, name) for name in ("older", "newer", "at"))
    hours = rules.register_hours
    stale, fresh = (decisions.is_stale(asked, at, hours).term for asked in (older, newer))
    wrong = [z3.And(older.term <= newer.term, newer.term <= at.term, fresh, z3.Not(stale))]
    wrong += [z3.And(newer.term > at.term, z3.Not(fresh))] if hours else []
    yield "evidence", z3.And(*world.facts, z3.Or(*wrong))
    placeholder = decisions.identity(said, _truth("placeholder")).term
    own = said.term & _PLACEHOLDER == 0  # this is not a result of the first digits
    yield "identity", z3.And(*known, own, z3.Bool("placeholder"), placeholder & _PLACEHOLDER == 0)


def _set(name: str) -> Set:
    return Set(z3.BitVec(name, _WIDTH))


def _truth(name: str) -> Truth:
    return Truth(_WORLD, z3.Bool(name))
