"""What the package raises: one root, few kinds, each also a `ValueError`.

A *business* answer ("this phone is not eligible", "this coupon has expired") is never an
exception: it is a `miexchange.Refusal`, a value. An exception means that the caller handed over
something that is not a value of its type at all, or a data file that must not go live.

>>> from miexchange import Imei, MiExchangeError
>>> try:
...     Imei.parse("49-015420-323751-9")
... except MiExchangeError as error:
...     print(error)
The IMEI 49-015420-******-9 has a wrong check digit. Compare it with the phone: dial *#06#.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from miexchange._bounds import MESSAGE, PROBLEMS, TEXT
from miexchange._privacy import could_be_imei, mask, mask_each
from miexchange._text import GREATEST_SHOWN, is_missing, name_of, shortened, text_of, visible

__all__ = ["DataError", "InvalidImei", "InvalidValue", "MiExchangeError", "Problem"]

# As many digits as an IMEI has: fewer are found in the names of files as dates and times.
_IN_A_NAME = re.compile(r"\d(?:[ -]?\d){14,}")


class MiExchangeError(ValueError):
    """The root of every exception that this package raises.

    A log and a terminal only show its message, whatever was handed over: a line break or an escape sequence in a name
    is written as an escape, so that it forges no entry of a log (CWE-117, CWE-150). It is one line; that of a
    `DataError` has one for each problem.
    """

    def __init__(self, message: str = "") -> None:
        """Make the message one that is only shown."""
        super().__init__(one_line(message))


class InvalidValue(MiExchangeError):  # noqa: N818 - named like InvalidImei, after what is wrong
    """A public value was given something that it cannot hold.

    Attributes:
        field: the name of the field or argument, dotted from the value's type.
        value: a short, safe rendering of what was given.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        """Compose the sentence: which field, which value, and the rule that says what to do."""
        self.field = one_line(field)
        self.value = one_line(str(value)) if type(value) is _Verbatim else shown(value)
        self.rule = one_line(rule)
        super().__init__(f"{self.field} cannot be {self.value}: {self.rule}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the parts, so that the error survives a process pool."""
        return (InvalidValue.of_shown, (self.field, self.value, self.rule))

    @classmethod
    def of_shown(cls, field: str, value: str, rule: str) -> InvalidValue:
        """Make the error of a value that was rendered once already, and is shown as it is."""
        return cls(field, _Verbatim(value), rule)


class InvalidImei(MiExchangeError):  # noqa: N818 - named after what is wrong, as python-stdnum does
    """A text is not an IMEI.

    Attributes:
        code: the stable reason code, a `miexchange.ReasonCode`.
        masked: the text with its serial number hidden; an IMEI is personal data.
        what: what is wrong with it.
        remedy: what to do about it.
    """

    def __init__(self, code: str, masked: str, what: str, remedy: str) -> None:
        """Keep the parts and compose the sentence."""
        self.code = code
        self.masked = one_line(masked)
        self.what = one_line(what)
        self.remedy = one_line(remedy)
        super().__init__(f"The IMEI {self.masked} {self.what}. {self.remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the parts, so that the error survives a process pool."""
        return (InvalidImei, (self.code, self.masked, self.what, self.remedy))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a data file, and where.

    Attributes:
        file: the file, as the caller named it (or ``<frame>`` for a DataFrame).
        line: the line in the file, or the row's position in a DataFrame, counted from 1; None for
            a problem of the whole file.
        column: the column or the key; empty for a problem of the whole row.
        message: what is wrong, with the value.
        remedy: what to do about it.

    Its texts are kept as a log and a terminal may show them: control characters as escapes, and none of any length.
    What could be an IMEI in the name of the file is masked.
    """

    file: str
    line: int | None
    column: str
    message: str
    remedy: str

    def __post_init__(self) -> None:
        for field in ("file", "column", "message", "remedy"):
            text = text_of(getattr(self, field))
            if text is None:
                raise InvalidValue(f"Problem.{field}", getattr(self, field), "give a text")
            object.__setattr__(self, field, one_line(mask_each(_IN_A_NAME, text) if field == "file" else text, TEXT))
        if self.line is not None and type(self.line) is not int:
            raise InvalidValue("Problem.line", self.line, "give a whole number, or None")

    def __str__(self) -> str:
        """Render as compilers do, so that editors and terminals can jump there."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = f"{self.column}: {self.message}" if self.column else self.message
        return f"{where}: {what}. {self.remedy}"


class DataError(MiExchangeError):
    """A table or a programme that must not be used, with all its problems at once.

    Attributes:
        problems: every `Problem` that was found, in file order.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the message is one line for each of them, up to a bound."""
        self.problems = problems
        more = len(problems) - PROBLEMS
        lines = [*map(str, problems[:PROBLEMS]), *([f"and {more} more problems"] if more > 0 else [])]
        super().__init__()
        self.args = ("\n".join(lines),)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the parts, so that the error survives a process pool."""
        return (DataError, (self.problems,))


def sentence(rule: str) -> str:
    """Return the rule of an `InvalidValue` as the remedy of a `Problem`: a sentence of its own."""
    return rule[:1].upper() + rule[1:]


def one_line(text: str, most: int = MESSAGE) -> str:
    r"""Return a text as one line of a message: printable, and cut where it is longer than any message needs to be.

    >>> one_line("prices.csv\nERROR: all is lost")
    'prices.csv\\nERROR: all is lost'
    """
    if len(text) <= most and text.isprintable():
        return text
    return shortened(visible(text[: most + 1]), most)


class _Verbatim(str):
    """A text that is shown as it is: it was rendered once already."""

    __slots__ = ()


def shown(value: object) -> str:
    """Render any value for a message: short, on one line, with what could be an IMEI masked.

    Objects that are not plain data are shown by their type only, so that a message never runs
    foreign code that prints a secret.

    >>> shown("cracked")
    "'cracked'"
    >>> shown(354178036859789)
    '35417803******9'
    >>> shown(object())
    'an object'
    """
    if type(value) is int and abs(value) > GREATEST_SHOWN:
        return "an int of more than 60 digits"  # writing it out takes long, and Python may refuse to
    if value is None or type(value) in (bool, int, float, str):
        text = repr(value)
        return mask(text) if could_be_imei(text) else shortened(text)
    if issubclass(type(value), datetime):
        return _instant_shown(cast("datetime", value))
    if issubclass(type(value), date):
        return date.isoformat(cast("date", value))
    name = name_of(type(value)) or "nameless object"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _instant_shown(value: datetime) -> str:
    if is_missing(value):
        return "NaT"
    try:
        return datetime.isoformat(value)  # the base's own: a subclass may do anything
    except Exception:  # noqa: BLE001 - a zone is foreign code
        return "a datetime"
