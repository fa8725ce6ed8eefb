"""Whole numbers that are expressions of a query: the operands of the rules here.

An `Int` has the operators of an `int`, so the functions of `miexchange._kernel` and `miexchange._decisions` accept it
like a number, and return SQL. Each `Int` knows its bounds, from the programme's own numbers. They
decide three things: which tests have a constant result and are left out; which divisions need care, for ``//``
floors and SQL truncates towards zero; and that nothing leaves 64 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miexchange._value import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlglot import exp

__all__ = ["Int", "Ints"]

_GREATEST = 2**63 - 1
_NARROW = 2**31 - 1  # a literal up to here is 32 bits wide in SQL, and so is a result of such literals
_SIGNS = {"eq", "ne", "gt", "lt", "ge", "le"}
_MASKS = _SIGNS | {"all", "any", "test"}


class Int:
    """A whole number of each row: a constant, a column, or an operation on others.

    Attributes:
        op: the operation.
        args: its operands.
        least: the lower bound.
        most: the upper bound.
        bits: for a set of bits, every bit that it can have; else -1, for all.
        is_wide: whether SQL gives it 64 bits without a cast.
        value: for a constant, the number or text; for a column, its name; for others further data.
    """

    __slots__ = ("args", "bits", "ints", "is_wide", "least", "most", "op", "value")

    def __init__(
        self, ints: Ints, op: str, args: tuple[Int, ...], value: Any, least: int, most: int, bits: int, *, is_wide: bool
    ) -> None:
        """Store the parts; `Ints` makes them."""
        self.ints, self.op, self.args, self.value = ints, op, args, value
        self.least, self.most, self.bits, self.is_wide = least, most, bits, is_wide

    @property
    def is_mask(self) -> bool:
        """Whether it is a Boolean in SQL."""
        return self.op in _MASKS or (self.op == "carried" and self.args[0].is_mask)

    @property
    def constant(self) -> int | None:
        """The number that it is in every row, or None."""
        return self.least if self.least == self.most else None

    def __add__(self, other: Int | int) -> Int:
        return self.ints.add(self, self.ints.of(other))

    def __radd__(self, other: int) -> Int:
        return self.ints.add(self.ints.of(other), self)

    def __sub__(self, other: Int | int) -> Int:
        return self.ints.sub(self, self.ints.of(other))

    def __rsub__(self, other: int) -> Int:
        return self.ints.sub(self.ints.of(other), self)

    def __mul__(self, other: Int | int) -> Int:
        return self.ints.mul(self, self.ints.of(other))

    __rmul__ = __mul__

    def __neg__(self) -> Int:
        return self.ints.sub(self.ints.of(0), self)

    def __floordiv__(self, other: Int | int) -> Int:
        return self.ints.div(self, self.ints.of(other))

    def __and__(self, other: Int | int) -> Int:
        return self.ints.both(self, self.ints.of(other))

    __rand__ = __and__

    def __or__(self, other: Int | int) -> Int:
        return self.ints.either(self, self.ints.of(other))

    __ror__ = __or__

    def __xor__(self, other: Int | int) -> Int:
        return self.ints.xor(self, self.ints.of(other))

    __rxor__ = __xor__

    def __rshift__(self, places: int) -> Int:
        return self.ints.shift(self, places)

    def __eq__(self, other: object) -> Int:  # type: ignore[override]
        return self.ints.compare("eq", self, self.ints.of(other))

    def __ne__(self, other: object) -> Int:  # type: ignore[override]
        return self.ints.compare("ne", self, self.ints.of(other))

    def __gt__(self, other: Int | int) -> Int:
        return self.ints.compare("gt", self, self.ints.of(other))

    def __lt__(self, other: Int | int) -> Int:
        return self.ints.compare("lt", self, self.ints.of(other))

    def __ge__(self, other: Int | int) -> Int:
        return self.ints.compare("ge", self, self.ints.of(other))

    def __le__(self, other: Int | int) -> Int:
        return self.ints.compare("le", self, self.ints.of(other))

    def __hash__(self) -> int:
        """Hash by identity: equal ones are made once."""
        return id(self)

    def __bool__(self) -> bool:
        """Refuse: a rule that branches on a value would do the same for all rows."""
        raise TypeError("a rule branches on a value, which a query cannot: multiply by the test")


class Ints:
    """Makes the numbers of one query; an operation on the same operands is made once."""

    def __init__(self, *, cuts_off: bool = True) -> None:
        """Begin without any.

        Args:
            cuts_off: whether the dialect has an exact truncating division; else the remainder is
                subtracted first.
        """
        self._made: dict[tuple[Any, ...], Int] = {}
        self._cuts_off = cuts_off

    def _make(
        self,
        op: str,
        args: tuple[Int, ...],
        least: int,
        most: int,
        *,
        value: Any = None,
        bits: int = -1,
        wide: bool = False,
    ) -> Int:
        key = op, tuple(map(id, args)), value
        if key in self._made:
            return self._made[key]
        fits = least >= -_GREATEST and most <= _GREATEST
        require(fits, "programme", None, "give smaller amounts, or weights", "has amounts that 64 bits do not hold")
        if least == most and op not in {"const", "text"}:
            return self.of(least)
        wide = wide or any(arg.is_wide for arg in args)
        made = Int(self, op, args, value, least, most, bits, is_wide=wide)
        self._made[key] = made
        return made

    def of(self, number: Any) -> Int:
        """Return a number as an `Int`."""
        if isinstance(number, Int):
            return number
        whole = int(number)
        bits = whole if whole >= 0 else -1
        return self._make("const", (), whole, whole, value=whole, bits=bits, wide=abs(whole) > _NARROW)

    def text(self, text: str) -> Int:
        """Return a text, which has no operators."""
        return self._make("text", (), 0, 1, value=text)

    def null(self) -> Int:
        """Return null: for results only, since a rule that reads it would be null as well."""
        return self._make("null", (), 0, 1)

    def column(self, name: str, least: int, most: int, bits: int = -1, *, wide: bool = True) -> Int:
        """Return a column of a table, with its bounds."""
        return self._make("column", (), least, most, value=name, bits=bits, wide=wide)

    def carried(self, name: str, number: Int) -> Int:
        """Return a number as the named column that it becomes."""
        bounds = number.least, number.most
        return self._make("carried", (number,), *bounds, value=name, bits=number.bits, wide=number.is_wide)

    def raw(self, made_of: exp.Expr | Callable[[], exp.Expr], least: int, most: int, *, wide: bool = False) -> Int:
        """Return the result of custom SQL, such as the code of a text; of a function, if it is known only later."""
        return self._make("raw", (), least, most, value=made_of, wide=wide)

    def test(self, made_of: exp.Expr) -> Int:
        """Return a test in custom SQL."""
        return self._make("test", (), 0, 1, value=made_of)

    def call(self, write: Callable[..., exp.Expr], *args: Int, value: Any = None) -> Int:
        """Return the result of a function of the SQL of others: a text, such as the names of a set."""
        return self._make("call", args, 0, 1, value=(write, value))

    # Operators.

    def add(self, one: Int, other: Int) -> Int:
        """Return the sum. ``x + (y - x) * (y > x)`` is the larger of both, and is written as that."""
        if one.constant == 0:
            return other
        if other.constant == 0:
            return one
        if other.op == "if" and other.args[2].constant == 0 and other.args[0].op in {"gt", "lt"}:
            mask, gap, _ = other.args
            greater, less = mask.args if mask.op == "gt" else mask.args[::-1]
            for op, bound, amount in (("greatest", greater, less), ("least", less, greater)):
                if amount is one and gap is self.sub(bound, amount):
                    return self._extreme(op, one, bound)
        chosen = self._chosen(one, other)
        if chosen is not None:
            return chosen
        bits = -1 if -1 in {one.bits, other.bits} or one.bits & other.bits else one.bits | other.bits
        return self._make("add", (one, other), one.least + other.least, one.most + other.most, bits=bits)

    def _chosen(self, one: Int, other: Int) -> Int | None:
        """Return the sum of numbers that a subject chooses, each by one value, as one CASE; else None."""
        every: dict[int, Int] = {}
        subjects = set()
        for part in (one, other):
            if part.op == "case":
                subject, *numbers, otherwise = part.args
                values: tuple[int, ...] = part.value
            elif part.op == "if" and part.args[0].op == "eq" and part.args[0].args[1].constant is not None:
                subject, number, otherwise = part.args[0].args[0], *part.args[1:]
                values, numbers = (part.args[0].args[1].least,), [number]
            else:
                return None
            if otherwise.constant != 0 or every.keys() & set(values):
                return None
            subjects.add(subject)
            every |= dict(zip(values, numbers, strict=True))
        return self.case(subjects.pop(), every, self.of(0)) if len(subjects) == 1 else None

    def _extreme(self, op: str, one: Int, other: Int) -> Int:
        args = tuple(part for arg in (one, other) for part in (arg.args if arg.op == op else (arg,)))
        pick = max if op == "greatest" else min
        return self._make(op, args, pick(one.least, other.least), pick(one.most, other.most))

    def sub(self, one: Int, other: Int) -> Int:
        """Return the difference."""
        if other.constant == 0:
            return one
        if one is other:
            return self.of(0)
        return self._make("sub", (one, other), one.least - other.most, one.most - other.least)

    def mul(self, one: Int, other: Int) -> Int:
        """Return the product; by a mask, the number where it is true, and 0 elsewhere."""
        if one.is_mask and other.is_mask:
            return self.both(one, other)
        if one.is_mask or other.is_mask:
            mask, number = (one, other) if one.is_mask else (other, one)
            return self.choose(mask, number, self.of(0))
        if one.constant is not None:
            one, other = other, one
        if other.constant == 1:
            return one
        if other.op == "if" and {part.constant for part in other.args[1:]} <= {0, 1}:
            one, other = other, one
        corners = [a * b for a in (one.least, one.most) for b in (other.least, other.most)]
        least = max(min(corners), 0) if one is other else min(corners)
        return self._make("mul", (one, other), least, max(corners))

    def div(self, one: Int, other: Int) -> Int:
        """Return the quotient, rounded down.

        A dividend that may be below zero is first raised above it by a multiple of the divisor, by its bounds.
        """
        require(other.least > 0, "programme", None, "divide by what is above zero", "divides by what may be 0")
        if other.constant == 1:
            return one
        if one.least < 0:
            lift = -(one.least // other.least)
            return self.div(one + other * lift, other) - lift
        least, most = one.least // other.most, one.most // other.least
        if self._cuts_off or least == most:
            return self._make("div", (one, other), least, most)
        whole = self._make("sub", (one, self._make("mod", (one, other), 0, other.most - 1)), 0, one.most, value="whole")
        return self._make("exact", (whole, other), least, most)

    def remainder(self, one: Int, other: int) -> Int:
        """Return the remainder of a division of a number that is not below zero."""
        return self._make("mod", (one, self.of(other)), 0, min(one.most, other - 1))

    @staticmethod
    def known(one: Int, least: int, most: int) -> Int:
        """Narrow the bounds of a number by known facts."""
        one.least, one.most = max(one.least, least), min(one.most, most)
        return one

    def shift(self, one: Int, places: int) -> Int:
        """Return the bits of a number that is not below zero, shifted down."""
        return self._make("shift", (one,), one.least >> places, one.most >> places, value=places)

    def both(self, one: Int, other: Int) -> Int:
        """Return the bits that both have; for masks, the conjunction."""
        if 0 in {one.constant, other.constant}:
            return self.of(0)
        if one.is_mask or other.is_mask:
            if one.constant == 1 or other.constant == 1:
                return other if one.constant == 1 else one
            return self._make("all", self._flat("all", one, other), 0, 1, bits=1)
        bits = one.bits & other.bits if -1 not in {one.bits, other.bits} else max(one.bits, other.bits)
        if bits == 0:
            return self.of(0)
        if other.constant is not None and one.bits != -1 and one.bits & ~other.constant == 0:
            return one
        most = min(one.most, other.most, bits if bits >= 0 else one.most)
        return self._make("and", (one, other), 0, most, bits=bits)

    def either(self, one: Int, other: Int) -> Int:
        """Return the bits that either has; for masks, the disjunction."""
        if one.constant == 0 or other.constant == 0:
            return other if one.constant == 0 else one
        if one is other:
            return one
        if (one.constant == 1 and other.is_mask) or (other.constant == 1 and one.is_mask):
            return self.of(1)
        if one.is_mask and other.is_mask:
            return self._make("any", self._flat("any", one, other), 0, 1, bits=1)
        most, bits = self._union(one, other)
        made = self._cut_out(one, other, bits)
        return self._make("or", self._flat("or", one, other), 0, most, bits=bits) if made is None else made

    def _cut_out(self, one: Int, other: Int, bits: int) -> Int | None:
        """Return the union of the same places of two numbers, which are united first and cut out once; else None."""
        if one.op == other.op == "and" and one.args[1] is other.args[1] and one.args[1].constant is not None:
            made = self.both(self.either(one.args[0], other.args[0]), one.args[1])
            made.bits = bits
            return made
        if one.op == other.op == "shift" and one.value == other.value:
            return self.shift(self.either(one.args[0], other.args[0]), one.value)
        return None

    def xor(self, one: Int, other: Int) -> Int:
        """Return the bits that exactly one has."""
        if one.constant == 0 or other.constant == 0:
            return other if one.constant == 0 else one
        if one is other:
            return self.of(0)
        if one.constant is not None and other.constant is not None:
            return self.of(one.constant ^ other.constant)
        most, bits = self._union(one, other)
        return self._make("xor", (one, other), 0, most, bits=bits)

    def _union(self, one: Int, other: Int) -> tuple[int, int]:
        """Return the greatest result of bits of both, and the possible bits."""
        bits = -1 if -1 in {one.bits, other.bits} else one.bits | other.bits
        most = (1 << max(one.most, other.most).bit_length()) - 1
        return (most if bits < 0 else min(most, bits)), bits

    @staticmethod
    def _flat(op: str, *args: Int) -> tuple[Int, ...]:
        return tuple(part for arg in args for part in (arg.args if arg.op == op else (arg,)))

    def compare(self, op: str, one: Int, other: Int) -> Int:
        """Return a comparison; 0 or 1 if the bounds decide it."""
        if op in {"lt", "le"} and one.constant is not None and other.constant is None:
            one, other, op = other, one, {"lt": "gt", "le": "ge"}[op]
        decided = {
            "gt": (one.least > other.most, one.most <= other.least),
            "ge": (one.least >= other.most, one.most < other.least),
            "lt": (one.most < other.least, one.least >= other.most),
            "le": (one.most <= other.least, one.least > other.most),
            "eq": (
                one is other or (one.constant is not None is not other.constant and one.constant == other.constant),
                one.most < other.least or other.most < one.least,
            ),
            "ne": (
                one.most < other.least or other.most < one.least,
                one is other or (one.constant is not None is not other.constant and one.constant == other.constant),
            ),
        }[op]
        if one is other and op != "eq":
            return self.of(op in {"ge", "le"})
        if any(decided):
            return self.of(int(decided[0]))
        if op == "eq" and one.op == "case" and other.constant is not None:
            found = self._found_in(one, other)
            if found is not None:
                return found
        return self._make(op, (one, other), 0, 1, bits=1)

    def _found_in(self, case: Int, wanted: Int) -> Int | None:
        """Return whether a CASE of constants is a constant, as a test of its subject, if that is shorter."""
        subject, *every, otherwise = case.args
        values = [value for value, one in zip(case.value, every, strict=True) if one is wanted]
        if otherwise is wanted or len(values) != 1 or any(one.constant is None for one in (*every, otherwise)):
            return None
        return self.compare("eq", subject, self.of(values[0]))

    def line(self, position: Int, slope: int, start: int, least: int, most: int) -> Int:
        """Return the number on a line at a position, with the bounds that it has where it is read."""
        steep = self.mul(position, self.of(abs(slope)))
        op, one, other = ("add", steep, self.of(start)) if slope > 0 else ("sub", self.of(start), steep)
        return self._make(op, (one, other), least, most, value=(least, most))

    # Choices.

    def choose(self, mask: Int, then: Int, otherwise: Int) -> Int:
        """Return one number where a mask is true, and another one elsewhere."""
        if mask.constant is not None:
            return then if mask.constant else otherwise
        if then is otherwise:
            return then
        least, most = min(then.least, otherwise.least), max(then.most, otherwise.most)
        bits = -1 if -1 in {then.bits, otherwise.bits} else then.bits | otherwise.bits
        return self._make("if", (mask, then, otherwise), least, most, bits=bits)

    def case(self, subject: Int, numbers: Mapping[int, Int], otherwise: Int) -> Int:
        """Return a number for each value of a subject."""
        branches = {value: number for value, number in numbers.items() if number is not otherwise}
        branches = {value: number for value, number in branches.items() if subject.least <= value <= subject.most}
        if subject.constant is not None:
            return branches.get(subject.constant, otherwise)
        if not branches:
            return otherwise
        every = (*branches.values(), otherwise)
        least, most = min(one.least for one in every), max(one.most for one in every)
        bits = 0
        for one in every:
            bits = -1 if -1 in {bits, one.bits} else bits | one.bits
        return self._make("case", (subject, *every), least, most, value=tuple(branches), bits=bits)

    def table(self, subjects: Sequence[Int], numbers: Any, leaf: Callable[[int], Int] | None = None) -> Int:
        """Return the element of an array at the position of the subjects.

        Args:
            subjects: the positions, one for each axis of the array.
            numbers: the array.
            leaf: the value of a number of the array; by default the number itself.
        """
        make = leaf or self.of
        if not subjects:
            return make(int(numbers))
        subject, *others = subjects
        places = range(max(subject.least, 0), min(subject.most, len(numbers) - 1) + 1)
        every = {place: self.table(others, numbers[place], leaf) for place in places}
        found: dict[Int, int] = {}
        for one in every.values():
            found[one] = found.get(one, 0) + 1
        common = max(found, key=lambda one: found[one])
        starts = [place for place in list(places)[1:] if every[place] is not every[place - 1]]
        if len(starts) < len(every) - found[common]:  # neighbours are equal: fewer comparisons
            return self.steps(subject, starts, [every[place] for place in (places[0], *starts)])
        return self.case(subject, every, common)

    def steps(self, subject: Int, starts: Sequence[int], numbers: Sequence[Int]) -> Int:
        """Return the number of the last start at or before the subject; the first number is for earlier subjects.

        It is a tree of comparisons, of which each row takes one branch.

        Args:
            subject: the subject.
            starts: the starts of all numbers but the first, ascending.
            numbers: the numbers, one more than starts.
        """
        if not starts:
            return numbers[0]
        middle = len(starts) // 2
        later = self.steps(subject, starts[middle + 1 :], numbers[middle + 1 :])
        earlier = self.steps(subject, starts[:middle], numbers[: middle + 1])
        return self.choose(subject >= starts[middle], later, earlier)

    def union(self, numbers: Iterable[Int]) -> Int:
        """Return the bits of all."""
        found = self.of(0)
        for number in sorted(numbers, key=_shifted):
            found = found | number
        return found

    def largest(self, numbers: Sequence[Int]) -> Int:
        """Return the largest of all."""
        first, *others = numbers
        for number in others:
            first = self._extreme("greatest", first, number)
        return first


def _shifted(one: Int) -> int:
    """Return the place of some bits: those of the same place are united before they are moved and cut out."""
    one = one.args[0] if one.op == "and" else one
    return int(one.value) if one.op == "shift" else 0
