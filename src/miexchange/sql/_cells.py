"""The cells of a table of devices as whole numbers: codes of texts, instants, days, and IMEIs parsed from texts.

Nothing is null from here on: an empty cell has a number of its own, as in `miexchange.batch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from miexchange._decisions import BITS
from miexchange._questions import BETWEEN
from miexchange._time import YEARS
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miexchange.sql._dialects import Dialect
    from miexchange.sql._ints import Int, Ints

__all__ = ["Cells", "Number"]

_WHITE = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
"""The characters that `str.strip` removes."""

_SIGNS = ("+", "-", "\N{MINUS SIGN}")
_EARLIEST, _END = f"{YEARS.start}-01-01 00:00:00+00:00", f"{YEARS.stop}-01-01 00:00:00+00:00"
_BOUND = 2**58  # microseconds: every instant of the years above is nearer to 1970


class Number(NamedTuple):
    """A cell as an IMEI.

    Attributes:
        given: whether there is a text.
        is_known: whether it is an IMEI.
        found: the reason against an invalid text, a set of `BITS`.
        digits: its fifteen digits as a number; 0 if it is invalid.
        tac: the first eight of them.
    """

    given: Int
    is_known: Int
    found: Int
    digits: Int
    tac: Int


class Cells:
    """Reads cells, each of which is a column of a first step, ``cell:`` and its name."""

    def __init__(self, ints: Ints, dialect: Dialect) -> None:
        """Store the maker of numbers."""
        self._ints, self._dialect = ints, dialect

    @staticmethod
    def _cell(name: str) -> exp.Column:
        return exp.column(f"cell:{name}", quoted=True)

    def is_missing(self, name: str) -> Int:
        """Tell whether a cell is empty."""
        return self._ints.test(exp.Is(this=self._cell(name), expression=exp.Null()))

    def flag(self, name: str) -> Int:
        """Tell whether a cell is TRUE."""
        return self._ints.test(exp.Coalesce(this=self._cell(name), expressions=[exp.false()]))

    def code(
        self,
        name: str,
        texts: Sequence[tuple[str, int]],
        missing: int,
        unknown: int,
        foreign: int,
        *,
        is_number: bool = False,
        choices: Sequence[str] = (),
    ) -> Int:
        """Return the code of a text; the arguments are those of `case`."""
        codes = [missing, unknown, foreign, *(code for _, code in texts)]
        case = self.case(name, texts, missing, unknown, foreign, is_number=is_number, choices=choices)
        return self._ints.raw(case, min(codes), max(codes))

    def case(
        self,
        name: str,
        texts: Sequence[tuple[str, int]],
        missing: int,
        unknown: int,
        foreign: int,
        *,
        is_number: bool = False,
        choices: Sequence[str] = (),
    ) -> exp.Case:
        """Return the number of a text in SQL.

        Args:
            name: the column.
            texts: the texts that have numbers.
            missing: the number of an empty cell.
            unknown: the number of any other text.
            foreign: the number of invalid UTF-8, if a dialect has such texts.
            is_number: whether the column may contain whole numbers.
            choices: the choices of which a cell may name several; the texts are then ``none`` and one of them.
        """
        cell: exp.Expr = exp.cast(self._cell(name), "text") if is_number else self._cell(name)
        number = exp.Literal.number
        rest = [exp.If(this=exp.Is(this=self._cell(name), expression=exp.Null()), true=number(missing))]
        if self._dialect.has_foreign_text:
            is_text = exp.Anonymous(this="IS_VALID_UTF8", expressions=[cell.copy()])
            rest.append(exp.If(this=exp.Not(this=is_text), true=number(foreign)))
        if choices:
            ifs = self._chosen(name, texts, choices)
        else:
            ifs = [
                exp.If(this=exp.EQ(this=cell.copy(), expression=exp.Literal.string(text)), true=number(code))
                for text, code in texts
            ]
        return exp.Case(ifs=[*ifs, *rest], default=number(unknown))

    def _chosen(self, name: str, texts: Sequence[tuple[str, int]], choices: Sequence[str]) -> list[exp.If]:
        """Return the cases of one choice: a cell names it, or ``none``, or others, each known and none duplicate.

        The cell contains as many of the choices as it has parts if none is duplicate, and no other text.
        """
        text, number = exp.Literal.string, exp.Literal.number
        (none, unchosen), (choice, chosen) = texts
        whole = exp.DPipe(this=exp.DPipe(this=text(BETWEEN), expression=self._cell(name)), expression=text(BETWEEN))

        def names(one: str) -> exp.Expr:
            place = exp.StrPosition(this=whole.copy(), substr=text(f"{BETWEEN}{one}{BETWEEN}"))
            return exp.GT(this=place, expression=number(0))

        count: exp.Expr = number(0)
        for one in choices:
            counted = exp.Case(ifs=[exp.If(this=names(one), true=number(1))], default=number(0))
            count = exp.Add(this=count, expression=counted)
        bare = exp.Replace(this=self._cell(name), expression=text(BETWEEN), replacement=text(""))
        between = exp.Sub(this=exp.Length(this=self._cell(name)), expression=exp.Length(this=bare))
        is_sound = exp.EQ(this=exp.Paren(this=count), expression=exp.Add(this=between, expression=number(1)))
        return [
            exp.If(this=exp.EQ(this=self._cell(name), expression=text(none)), true=number(unchosen)),
            exp.If(this=exp.and_(is_sound.copy(), names(choice)), true=number(chosen)),
            exp.If(this=is_sound, true=number(unchosen)),
        ]

    def instant(self, name: str, missing: int) -> tuple[Int, Int]:
        """Return an instant in microseconds since 1970, and whether the cell is out of range."""
        inside = exp.and_(
            exp.GTE(this=self._cell(name), expression=exp.cast(exp.Literal.string(_EARLIEST), "timestamptz")),
            exp.LT(this=self._cell(name), expression=exp.cast(exp.Literal.string(_END), "timestamptz")),
        )
        return self._guarded(name, inside, self._dialect.micros(self._cell(name)), missing, _BOUND)

    def day(self, name: str, missing: int) -> tuple[Int, Int]:
        """Return a date in days since 1970, and whether the cell is out of range."""
        inside = exp.Between(
            this=self._cell(name),
            low=exp.cast(exp.Literal.string("0001-01-01"), "date"),
            high=exp.cast(exp.Literal.string("9999-12-31"), "date"),
        )
        return self._guarded(name, inside, self._dialect.days(self._cell(name)), missing, 2**22)

    def _guarded(self, name: str, inside: exp.Expr, read: exp.Expr, missing: int, bound: int) -> tuple[Int, Int]:
        default = exp.Literal.number(missing) if missing >= 0 else exp.Neg(this=exp.Literal.number(-missing))
        number = self._ints.raw(
            exp.Case(ifs=[exp.If(this=inside.copy(), true=read)], default=default),
            min(-bound, missing),
            max(bound, missing),
            wide=True,
        )
        strange = self._ints.test(exp.Not(this=exp.Paren(this=inside)))
        is_strange = self._ints.both(self._ints.test(self._is_there(name)), strange)
        return number, is_strange

    def _is_there(self, name: str) -> exp.Expr:
        return exp.Not(this=exp.Is(this=self._cell(name), expression=exp.Null()))

    # IMEIs.

    def plain(self, name: str) -> exp.Expr:
        """Return whether a text is fifteen digits: nearly all are, and need none of what follows."""
        return exp.Coalesce(this=self._dialect.is_plain(self._cell(name)), expressions=[exp.false()])

    def stripped(self, name: str) -> exp.Expr:
        """Return a text without white space around it."""
        trimmed = exp.Trim(this=self._cell(name), expression=exp.Literal.string(_WHITE))
        return self._unless_plain(name, trimmed)

    def compact(self, name: str) -> exp.Expr:
        """Return a text without separators; its column ``stripped:`` has no white space around it."""
        made: exp.Expr = exp.column(f"stripped:{name}", quoted=True)
        for separator in (" ", "-"):
            made = exp.Replace(this=made, expression=exp.Literal.string(separator), replacement=exp.Literal.string(""))
        return self._unless_plain(name, made)

    def _unless_plain(self, name: str, made: exp.Expr) -> exp.Expr:
        is_plain = exp.column(f"plain:{name}", quoted=True)
        return exp.Case(ifs=[exp.If(this=is_plain, true=self._cell(name))], default=made)

    def number(self, name: str) -> Number:
        """Parse an IMEI by the rules of `Imei.parse`, from the columns ``plain:``, ``stripped:`` and ``digits:``."""
        ints = self._ints
        stripped, digits = (exp.column(f"{what}:{name}", quoted=True) for what in ("stripped", "digits"))
        given = ints.test(self._is_there(name))
        text, number = exp.Literal.string, exp.Literal.number
        first = exp.Substring(this=stripped.copy(), start=number(1), length=number(1))
        is_digits = exp.RegexpLike(this=digits.copy(), expression=text("^[0-9]+$"))
        ends = exp.EQ(this=exp.Right(this=stripped.copy(), expression=number(1)), expression=text("-"))
        length = exp.Length(this=digits.copy())
        tests: list[tuple[exp.Expr, ReasonCode]] = [
            (exp.EQ(this=stripped.copy(), expression=text("")), ReasonCode.IMEI_EMPTY),
            (exp.In(this=first, expressions=[text(sign) for sign in _SIGNS]), ReasonCode.IMEI_SIGN),
            (exp.or_(exp.Not(this=is_digits), ends), ReasonCode.IMEI_CHARACTERS),
            (exp.EQ(this=length.copy(), expression=number(14)), ReasonCode.IMEI_14_DIGITS),
            (exp.EQ(this=length.copy(), expression=number(16)), ReasonCode.IMEI_16_DIGITS),
            (exp.NEQ(this=length.copy(), expression=number(15)), ReasonCode.IMEI_LENGTH),
        ]
        if self._dialect.has_foreign_text:
            is_text = exp.Anonymous(this="IS_VALID_UTF8", expressions=[self._cell(name)])
            tests.insert(0, (exp.Not(this=is_text), ReasonCode.IMEI_NOT_TEXT))
        ifs = [exp.If(this=test, true=number(BITS[code])) for test, code in tests]
        is_plain = exp.column(f"plain:{name}", quoted=True)
        nothing = exp.or_(is_plain, exp.Is(this=self._cell(name), expression=exp.Null()))
        ifs.insert(0, exp.If(this=nothing, true=number(0)))
        shape = ints.raw(exp.Case(ifs=ifs, default=number(0)), 0, max(BITS[code] for _, code in tests), wide=True)
        shape.bits = sum(BITS[code] for _, code in tests)
        is_fifteen = ints.both(given, shape == 0)
        cast = exp.cast(digits.copy(), "bigint")
        read = ints.choose(is_fifteen, ints.raw(cast, 0, 10**15 - 1, wide=True), ints.of(0))
        if self._dialect.is_luhn is None:
            sound = ints.remainder(_luhn(ints, read), 10) == 0
        else:
            sound = ints.both(is_fifteen, ints.test(self._dialect.is_luhn(digits.copy())))
        wrong = ints.choose(
            ints.remainder(read, 10) == 0,
            ints.of(BITS[ReasonCode.IMEI_NETWORK_FORM]),
            ints.of(BITS[ReasonCode.IMEI_CHECK_DIGIT]),
        )
        found = ints.choose(is_fifteen, ints.choose(sound, ints.of(0), wrong), shape)
        return Number(given, ints.both(is_fifteen, sound), found, read, read // 10**7)


def _luhn(ints: Ints, number: Int) -> Int:
    """Return the Luhn sum of fifteen digits, 3GPP TS 23.003 annex B: every second digit counts twice, digit by digit.

    With a leading zero, the digits are two times eight. Each eight become two lanes of four digits, then four lanes of
    two, then tens and units; the tens are those that count twice. The four lanes of 16 bits are added up last.
    Divisions by 10,000, 100 and 10 are multiplications with a shift, which are exact for numbers of so few digits.
    """
    hundreds, tens, one = 0x0000_007F_0000_007F, 0x000F_000F_000F_000F, 0x0001_0001_0001_0001
    high = number // 10**8
    low = ints.known(number - high * 10**8, 0, 10**8 - 1)  # the remainder of a division
    pairs, doubled = [], []
    for half in (ints.known(high, 0, 10**7), low):
        fours = half * 2**32 - ((half * 3518437209) >> 45) * (10**4 * 2**32 - 1)
        fours = ints.known(fours, 0, 9_999 * (2**32 + 1))
        twos = fours * 2**16 - (((fours * 10486) >> 20) & hundreds) * (100 * 2**16 - 1)
        pairs.append(ints.known(twos, 0, 99 * one))
        doubled.append(((pairs[-1] * 103) >> 10) & tens)
    # Units are pairs - 10 x tens, and a doubled digit is 2 x tens, plus 1 in place of - 9 above four.
    above = [((half + one * 11) >> 4) & one for half in doubled]
    lanes = pairs[0] + pairs[1] - (doubled[0] + doubled[1]) * 8 + above[0] + above[1]
    return ints.remainder(ints.known(lanes, 0, 99 * one), 65_535)
