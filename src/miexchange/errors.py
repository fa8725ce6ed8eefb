"""The exceptions of the package: one root, and a kind for each party that can be at fault.

A *business* answer ("this phone is not eligible", "this coupon has expired") is never an
exception: it is a `miexchange.Refusal`, a value. An exception means that the caller passed
something that is not a value of its type (`InvalidValue`, `InvalidImei`), that a data file must
not go live (`DataError`), or that the service's own state is wrong: a missing programme,
stored data of another version, a database. Only the first three are `ValueError`s.

>>> from miexchange import Imei, MiExchangeError
>>> try:
...     Imei.parse("49-015420-323751-9")
... except MiExchangeError as error:
...     print(error)
The IMEI 49-015420-******-9 has a wrong check digit. Compare it with the phone: dial *#06#.
"""

from __future__ import annotations

import copyreg
import re
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, cast

from miexchange._limits import MESSAGE, PROBLEMS, TEXT
from miexchange._privacy import mask_each, masked
from miexchange._text import GREATEST_SHOWN, closest, is_missing, listed, name_of, shortened, text_of, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sized

__all__ = [
    "DataError",
    "InvalidImei",
    "InvalidValue",
    "MiExchangeError",
    "Problem",
    "ProgrammeNotFoundError",
    "VersionError",
]

# As many digits as an IMEI has: fewer are found in the names of files as dates and times.
_IN_A_NAME = re.compile(r"\d(?:[ -]?\d){14,}")


class MiExchangeError(Exception):
    """The root of every exception that this package raises.

    A log and a terminal only display its message, whatever was passed: a line break or an escape sequence in a name
    is escaped, so that it forges no entry of a log (CWE-117, CWE-150). It is one line; that of a
    `DataError` has one for each problem.
    """

    def __init__(self, message: str = "") -> None:
        """Make the message safe to display."""
        super().__init__(one_line(message))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the parts, so that the error survives a process pool whatever its constructor takes."""
        return (copyreg.__newobj__, (type(self), *self.args), vars(self))  # type: ignore[attr-defined]


FaultKind = Literal["missing", "unknown", "type", "range"]


class InvalidValue(MiExchangeError, ValueError):  # noqa: N818 - named like InvalidImei, after what is wrong
    """A public value or an argument was given an invalid value: the caller's fault.

    It is made by `missing`, `unknown`, `wrong_type` and `out_of_range`, each with its own sentence.

    Attributes:
        field: the name of the field or argument, dotted from the value's type.
        value: a short, safe rendering of the given value; empty if there was none.
        rule: what to give instead.
        kind: ``missing`` (not given), ``unknown`` (there is no such field, key or column), ``type`` (of another type)
            or ``range`` (of the right type, but not allowed there).
        what: the fault, as in the sentence.

    >>> from miexchange import InvalidValue, OrderLine
    >>> try:
    ...     OrderLine("Mi A1", "smartphone", "Mi", "mi.com", 14_999_00, quantity=0)
    ... except InvalidValue as error:
    ...     print(error)
    ...     print(error.kind, error.field, error.value)
    OrderLine.quantity is 0: give a whole number from 1 to 1000000
    range OrderLine.quantity 0
    """

    def __init__(self, field: str, value: object, rule: str, kind: FaultKind = "range", what: str = "") -> None:
        """Compose the sentence; without `what`, it shows the value."""
        self.field = one_line(field)
        self.value = "" if kind == "missing" else shown(value)
        self.rule = one_line(rule)
        self.kind = kind
        self.what = one_line(what or f"is {self.value}")
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        whole = self.field.rpartition(".")[0] if self.kind == "unknown" else self.field
        return f"{whole} {self.what}: {self.rule}"

    def at(self, field: str) -> InvalidValue:
        """Return the same error under another field name, such as that of a field within a value."""
        again = copy(self)
        again.field = one_line(field)
        again.args = (one_line(again._sentence()),)  # noqa: SLF001 - of this class
        return again


def missing(field: str, rule: str, what: str = "is missing") -> InvalidValue:
    """Return the error of a missing value.

    >>> print(missing("Quote.target", "give a text of up to 200 characters"))
    Quote.target is missing: give a text of up to 200 characters
    """
    return InvalidValue(field, None, rule, "missing", what)


def unknown(whole: str, noun: str, name: object, known: Iterable[str], remedy: str = "leave it out") -> InvalidValue:
    """Return the error of an unknown field, parameter, key or column.

    >>> print(unknown("OrderLine", "field", "quantty", ("price_minor", "quantity")))
    OrderLine has no field 'quantty': write quantity, or leave it out
    """
    close = closest(text_of(name) or "", known)
    rule = f"write {close[0]}, or {remedy}" if close else f"{remedy}; known: {listed([*known])}"
    said = shown(name)
    plain = (said[1:-1] if type(name) is str else said).replace(".", "_")
    return InvalidValue(f"{whole}.{plain}", name, rule, "unknown", f"has no {noun} {said}")


def wrong_type(field: str, value: object, rule: str, what: str = "") -> InvalidValue:
    """Return the error of a value of another type; `what` names it if the type has another name, as in JSON.

    >>> print(wrong_type("Order.lines", [], "give a tuple"))
    Order.lines is a list: give a tuple
    """
    if not what and is_missing(value):  # None, a NaN, a NaT
        return missing(field, rule)
    what = what or (f"is the text {shown(value)}" if type(value) is str else "")
    return InvalidValue(field, value, rule, "type", what)


def out_of_range(field: str, value: object, rule: str, what: str = "", which: str = "") -> InvalidValue:
    """Return the error of a value of the right type that is not allowed.

    Args:
        field: the field or argument.
        value: the value.
        rule: what to give.
        what: the fault, if the sentence does not show the value, such as ``has 5,001 elements``.
        which: the fault of the value that the sentence shows.

    >>> print(out_of_range("Order.lines", (), "give 1 to 1,000 lines"))
    Order.lines is empty: give 1 to 1,000 lines
    """
    if which:
        what = f"is {shown(value)}, which {which}"
    elif not what and type(value) in _SIZED:
        size = len(cast("Sized", value))
        many = "" if type(value) in _PLAIN else f"has {size:,} element{'s'[: size != 1]}"
        what = many if size else "is empty"
    return InvalidValue(field, value, rule, what=what)


_PLAIN = {str, bytes}
_SIZED = {*_PLAIN, tuple, list, dict, frozenset}


class InvalidImei(MiExchangeError, ValueError):  # noqa: N818 - named after what is wrong, as python-stdnum does
    """A text is not an IMEI.

    Attributes:
        code: the stable reason code, a `miexchange.ReasonCode`.
        masked: the text with its serial number hidden; an IMEI is personal data.
        what: the fault.
        remedy: the remedy.
        values: the values in these texts by name, as in `miexchange.Reason`.
    """

    def __init__(
        self, code: str, masked: str, what: str, remedy: str, values: tuple[tuple[str, str | int], ...] = ()
    ) -> None:
        """Take the parts, and compose the sentence."""
        self.values = values
        self.code = code
        self.masked = one_line(masked)
        self.what = one_line(what)
        self.remedy = one_line(remedy)
        super().__init__(f"The IMEI {self.masked} {self.what}. {self.remedy}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a data file, and its place.

    Attributes:
        file: the file, as the caller named it (or ``<frame>`` for a DataFrame).
        line: the line in the file, or the row's position in a DataFrame, counted from 1; None for
            a problem of the whole file.
        column: the column or the key; empty for a problem of the whole row.
        message: the fault, with the value.
        remedy: the remedy.

    Its texts are stored in a form that is safe for logs and terminals: control characters escaped, and long texts cut.
    Anything that could be an IMEI in the name of the file is masked.
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
                raise wrong_type(f"Problem.{field}", getattr(self, field), "give a text")
            object.__setattr__(self, field, one_line(mask_each(_IN_A_NAME, text) if field == "file" else text, TEXT))
        if self.line is not None and type(self.line) is not int:
            raise wrong_type("Problem.line", self.line, "give a whole number, or None")

    def __str__(self) -> str:
        """Render like a compiler, so that editors and terminals can jump to the place."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = f"{self.column}: {self.message}" if self.column else self.message
        return f"{where}: {what}. {self.remedy}"


class DataError(MiExchangeError, ValueError):
    """A table or a programme that must not be used, with all its problems at once.

    Attributes:
        problems: every `Problem` found, in file order.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Take the problems; the message has one line per problem, up to a limit."""
        self.problems = problems
        more = len(problems) - PROBLEMS
        lines = [*map(str, problems[:PROBLEMS]), *([f"and {more} more problems"] if more > 0 else [])]
        super().__init__()
        self.args = ("\n".join(lines),)


class ProgrammeNotFoundError(DataError):
    """There is no programme with that id or at that path: it is not available, so nothing was read."""


class VersionError(MiExchangeError):
    """Stored data is of a newer or an older version than this package reads; the data itself is not faulty."""


def sentence(rule: str) -> str:
    """Return the rule of an `InvalidValue` as the remedy of a `Problem`: a sentence of its own."""
    return rule[:1].upper() + rule[1:]


def one_line(text: str, most: int = MESSAGE) -> str:
    r"""Return a text as one line of a message: printable, and cut if it is too long.

    >>> one_line("prices.csv\nERROR: all is lost")
    'prices.csv\\nERROR: all is lost'
    """
    if len(text) <= most and text.isprintable():
        return text
    return shortened(visible(text[: most + 1]), most)


def shown(value: object) -> str:
    """Render any value for a message: short, on one line, with anything that could be an IMEI masked.

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
        return "an int of more than 60 digits"  # writing it out is slow, and Python may refuse to
    if value is None or type(value) in (bool, int, float, str):
        text = repr(value)
        return masked(text)
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
