"""The IMEI, strictly: fifteen digits with a right check digit.

The number is that of 3GPP TS 23.003 clause 6.2.1: a Type Allocation Code of 8 digits, a serial
number of 6, and a check digit (Luhn, annex B). It identifies one phone, so it is personal data: no
`repr`, `str` or error of this module shows a serial number.

>>> imei = Imei.parse(" 35-417803-685978-9 ")
>>> imei
Imei('35417803******9')
>>> imei.digits, imei.tac, format(imei)
('354178036859789', '35417803', '35-417803-685978-9')

A well-formed number may still not be a phone's own. That is not an error of the text, so the value tells it:

>>> Imei.parse("000000000000000").is_placeholder
True
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, dataclass
from functools import cache, total_ordering
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, final

from miexchange import _data
from miexchange._bounded import Chars, Text
from miexchange._door import reveals
from miexchange._privacy import mask
from miexchange._text import GREATEST_SHOWN, counted, name_of
from miexchange._value import Value
from miexchange._value import text as text_argument
from miexchange.errors import InvalidImei
from miexchange.refusal import ReasonCode, reason_of

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


__all__ = [
    "Imei",
    "ReportingBody",
    "compact",
    "format",
    "is_valid",
    "validate",
]

_IMEI, _IMEISV, _BODY, TAC_DIGITS = 15, 16, 14, 8
_ZEROS = "0" * _BODY
_RESERVED_SVN = "99"
_ZERO_LED_RBI = "01"  # the only zero-led reporting body that assigns numbers to phones on sale
_SIGNS = "+-\N{MINUS SIGN}"
_NO_DIGIT = re.compile(r"[^0-9 -]")

_VERSION = 2  # digits of the software version (SVN), which many phones show after the number, as IMEI / SV


@dataclass(frozen=True, slots=True)
class ReportingBody(Value):
    """The body that assigned the number, by the first two digits of an IMEI.

    Attributes:
        rbi: the Reporting Body Identifier, two digits.
        body: the organisation, or the purpose of the range.
        status: whether it assigns TACs today, did so once, is reserved, or is for test phones.
        source: the source of these facts.
    """

    rbi: Annotated[str, Chars(2, 2, "[0-9]*", "two digits")]
    body: Text
    status: Literal["allocating", "reserved", "test", "historic"]
    source: Text


@final
@total_ordering
class Imei(Value):
    """An IMEI with a valid form and check digit.

    The constructor takes only the fifteen digits; `parse` accepts the formats that people write.

    Attributes:
        digits: the fifteen digits. They are personal data: do not log them.

    Raises:
        InvalidImei: not fifteen ASCII digits with a valid check digit.

    >>> Imei("354178036859789") == Imei.parse("35 417803 685978 9")
    True
    >>> is_valid("354178036859782")
    False
    """

    # Not a dataclass, so that neither `dataclasses.asdict` nor `vars` of a containing object writes the digits, and a
    # web framework takes it for one text, of a path or a query.
    __slots__ = ("__dict__", "digits")
    __match_args__ = ("digits",)
    _example = "354178036859789"
    _is_personal = True
    if TYPE_CHECKING:

        @property
        def digits(self) -> str:
            """The fifteen digits, read-only."""

    def __init__(self, digits: str) -> None:
        """Take the fifteen digits."""
        text = _as_text(digits)
        _refuse_characters(text, text, "Give the fifteen digits alone, or read the text with Imei.parse.")
        object.__setattr__(self, "digits", _checked(text, text))

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"an Imei is immutable; {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"an Imei is immutable; {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return self.digits == other.digits if type(other) is Imei else NotImplemented

    def __lt__(self, other: Imei) -> bool:
        return self.digits < other.digits if type(other) is Imei else NotImplemented  # type: ignore[redundant-expr]  # it may be anything

    def __hash__(self) -> int:
        return hash(self.digits)

    def __reduce__(self) -> tuple[type[Imei], tuple[str]]:
        return (Imei, (self.digits,))

    def __setstate__(self, state: list[str]) -> None:
        """Read the pickle of an earlier version, in which an IMEI was a dataclass."""
        object.__setattr__(self, "digits", _checked(state[0], state[0]))

    def _written(self, reveal: bool, *_: bool) -> str:  # noqa: FBT001 - of `miexchange._written`
        return self.digits if reveal else mask(self.digits)

    @classmethod
    def parse(cls, text: str) -> Imei:
        """Parse an IMEI in the formats that people write.

        Surrounding white space is removed; spaces and ASCII hyphens are allowed between digits.

        Raises:
            InvalidImei: the text is not an IMEI; its `code` says why, its `remedy` what to do.

        >>> try:
        ...     Imei.parse("354178036859782")
        ... except InvalidImei as error:
        ...     print(error.code, error.masked, error.remedy)
        imei_check_digit 35417803******2 Compare it with the phone: dial *#06#.
        """
        # The first test is the hot path of everything: a clean text. The second parses the rest and refuses.
        if type(text) is str and len(text) == _IMEI and text.isascii() and text.isdigit() and not _checksum(text):
            return _proved(text)
        return _proved(_checked(compact(text), _as_text(text).strip()))

    @classmethod
    def from_imeisv(cls, text: str) -> Imei:
        """Read a 16-digit IMEISV: its software version is dropped and the check digit computed.

        Raises:
            InvalidImei: not 16 digits, or the software version 99, which is reserved.

        >>> Imei.from_imeisv("3541780368597823").digits
        '354178036859789'
        """
        digits = _of_length(text, _IMEISV, "an IMEISV")
        if digits.endswith(_RESERVED_SVN):
            what = "is an IMEISV with the reserved software version 99"
            remedy = "Compare it with the phone: dial *#06#."
            raise InvalidImei(ReasonCode.IMEI_16_DIGITS, mask(_as_text(text).strip()), what, remedy)
        return cls.from_body(digits[:_BODY])

    @classmethod
    def from_body(cls, text: str) -> Imei:
        """Read the 14 digits that identify a phone: the check digit is computed.

        Nothing protects such a number from a typing error; read one only from a machine.

        Raises:
            InvalidImei: not 14 digits.

        >>> Imei.from_body("35-417803-685978").digits
        '354178036859789'
        """
        digits = _of_length(text, _BODY, "the body of an IMEI")
        return _proved(digits + _check_digit(digits))

    @property
    def tac(self) -> str:
        """The Type Allocation Code: the 8 digits that name the model."""
        return self.digits[:TAC_DIGITS]

    @property
    def serial(self) -> str:
        """The serial number: the 6 digits that distinguish two phones of one model."""
        return self.digits[TAC_DIGITS:_BODY]

    @property
    def check_digit(self) -> str:
        """The Luhn check digit."""
        return self.digits[_BODY]

    @property
    def body(self) -> str:
        """The 14 digits that identify the phone, the same in its IMEI and in its IMEISV."""
        return self.digits[:_BODY]

    @property
    def reporting_body(self) -> ReportingBody | None:
        """The body that assigned the number; None if no list has these two digits, which is not an error."""
        return reporting_bodies().get(self.digits[:2])

    @property
    def is_test(self) -> bool:
        """Whether the number lies in a range for test phones, such as 00."""
        body = self.reporting_body
        return body is not None and body.status == "test"

    @property
    def is_placeholder(self) -> bool:
        """Whether the number is a known placeholder (all zeros, an emulator's, an example's), not a phone's own."""
        # On all 14 digits, never on the TAC: some placeholders use the TAC of a real model.
        body = self.digits[:_BODY]
        return body in placeholders() or body == _ZEROS

    def __str__(self) -> str:
        """Return the number with its serial hidden, for logs."""
        return mask(self.digits)

    def __repr__(self) -> str:
        return f"Imei({mask(self.digits)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """Serialise as a 15-digit string; accept nothing else."""
        from pydantic_core import core_schema  # noqa: PLC0415 - loaded at the door, not at import

        return core_schema.no_info_plain_validator_function(
            _from_pydantic,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda imei, info: imei._written(reveals(info)),  # noqa: SLF001 - of this module
                info_arg=True,
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        is_masked = "[0-9]{8}[*]{6}[0-9]|" if handler.mode == "serialization" else ""
        pattern = f"^(?:{is_masked}[0-9]{{{_IMEI}}})$" if is_masked else f"^[0-9]{{{_IMEI}}}$"
        said = {"description": "An IMEI, as fifteen digits with a right check digit", "examples": [cls._example]}
        return {"type": "string", "pattern": pattern, **said}


def compact(text: str) -> str:
    """Return the digits of a number without white space around it and separators in it.

    Neither the length nor the check digit is checked.

    Raises:
        InvalidImei: not a text, empty, signed, or with other characters.

    >>> compact(" 35-417803 685978-9")
    '354178036859789'
    """
    plain = _as_text(text).strip()
    digits = plain.replace(" ", "").replace("-", "")
    _refuse_characters(plain, digits)
    return digits


def validate(text: str) -> str:
    """Return the fifteen digits of an IMEI.

    Raises:
        InvalidImei: the text is not an IMEI, as in `Imei.parse`.

    >>> validate("35-417803-685978-9")
    '354178036859789'
    """
    return Imei.parse(text).digits


def is_valid(anything: object) -> bool:
    """Tell whether something is the text of an IMEI. It never raises.

    >>> is_valid("35-417803-685978-9"), is_valid(354178036859789)
    (True, False)
    """
    try:
        validate(anything)  # type: ignore[arg-type]
    except InvalidImei:
        return False
    return True


def format(imei: Imei | str, separator: str = "-") -> str:  # noqa: A001 - one of the verbs of python-stdnum
    """Return the number grouped as it is printed on boxes: reporting body, rest of the TAC, serial, check digit.

    Raises:
        InvalidImei: the text is not an IMEI.
        InvalidValue: the separator is not a text.

    >>> format("354178036859789", separator=" ")
    '35 417803 685978 9'
    """
    digits = imei.digits if type(imei) is Imei else validate(imei)
    between = text_argument(separator, "separator", "give a text")
    return between.join((digits[:2], digits[2:TAC_DIGITS], digits[TAC_DIGITS:_BODY], digits[_BODY]))


_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # 2 x 7 = 14, and 1 + 4 = 5


def _checksum(digits: str) -> int:
    """Return the Luhn checksum of fifteen ASCII digits, which is 0 for a valid number (3GPP TS 23.003, annex B).

    The codes of the digits are added up: those of fifteen digits exceed the digits by 720, which is 0 modulo 10.
    """
    codes = digits.encode()
    return (sum(codes[::2]) + sum(codes[1::2].translate(_DOUBLED))) % 10


def _check_digit(body: str) -> str:
    """Return the check digit: 10 minus the checksum of the body followed by 0, or 0."""
    return str(-_checksum(body + "0") % 10)


_NEW, _SET_DIGITS = object.__new__, cast("Any", Imei.digits).__set__


def _proved(digits: str) -> Imei:
    """Make an Imei from validated digits."""
    imei = _NEW(Imei)
    _SET_DIGITS(imei, digits)
    return imei


def _as_text(value: object) -> str:
    """Return a plain str, or refuse: a number has lost its leading zero unnoticed."""
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)  # the text itself, whatever a subclass would display
    # An int may have too many digits to print, and a foreign object may print anything.
    printable = value is None or kind in (bool, float) or (kind is int and -GREATEST_SHOWN < value < GREATEST_SHOWN)  # type: ignore[operator]
    masked = mask(f"{value}") if printable else f"of type {name_of(kind)}"
    raise _invalid(ReasonCode.IMEI_NOT_TEXT, masked)


def _invalid(code: ReasonCode, masked: str, case: str = "", remedy: str = "", **values: str | int) -> InvalidImei:
    """Return the error for a reason about an IMEI, optionally with another remedy."""
    reason = reason_of(code, case, imei=masked, **values)
    what = reason.message.removeprefix(f"The IMEI {masked} ")
    return InvalidImei(code, masked, what, remedy or f"{reason.remedy}.", reason.values)


def _refuse_characters(text: str, digits: str, remedy: str = "") -> None:
    """Refuse a text, stripped of white space, unless it consists of digits and separators between them."""
    if not text:
        raise _invalid(ReasonCode.IMEI_EMPTY, "''")
    if text[0] in _SIGNS:
        raise _invalid(ReasonCode.IMEI_SIGN, mask(text), "", remedy)
    if digits.isascii() and digits.isdigit() and text[-1] != "-":
        return
    if sum(map(text.count, "0123456789")) == _IMEI + _VERSION:
        raise _invalid(ReasonCode.IMEI_CHARACTERS, mask(text), "version")
    found = _NO_DIGIT.search(text)
    if found is None:
        case = "hyphen" if digits.isdigit() else "separators"
    elif found[0].isnumeric():
        case = "digits"  # which one is not shown: it could be of the serial
    else:
        raise _invalid(ReasonCode.IMEI_CHARACTERS, mask(text), "", remedy, character=f"{found[0]!a}")
    raise _invalid(ReasonCode.IMEI_CHARACTERS, mask(text), case, remedy)


def _checked(digits: str, text: str) -> str:
    """Return the digits if they are fifteen with a valid check digit; else report what the text looks like."""
    if len(digits) == _IMEI:
        if not _checksum(digits):
            return digits
        code = ReasonCode.IMEI_NETWORK_FORM if digits.endswith("0") else ReasonCode.IMEI_CHECK_DIGIT
        raise _invalid(code, mask(text))
    if len(digits) == _BODY:
        # A leading zero does not change a Luhn sum, so a number that lost it still passes.
        is_short = f"0{digits}".startswith(_ZERO_LED_RBI) and not _checksum(f"0{digits}")
        raise _invalid(ReasonCode.IMEI_14_DIGITS, mask(text), "zero" if is_short else "")
    if len(digits) == _IMEISV:
        raise _invalid(ReasonCode.IMEI_16_DIGITS, mask(text))
    case = {1: "one", _IMEI + _VERSION: "version"}.get(len(digits))
    if case is not None:
        raise _invalid(ReasonCode.IMEI_LENGTH, mask(text), case)
    raise _invalid(ReasonCode.IMEI_LENGTH, mask(text), digits=len(digits))


def _of_length(text: str, length: int, kind: str) -> str:
    digits = compact(text)
    if len(digits) != length:
        codes = {_BODY: ReasonCode.IMEI_14_DIGITS, _IMEISV: ReasonCode.IMEI_16_DIGITS}
        code = codes.get(len(digits), ReasonCode.IMEI_LENGTH)
        what = f"has {counted(len(digits), 'digit')}, {kind} has {length}"
        remedy = "Imei.parse reads 15 digits, Imei.from_body 14 and Imei.from_imeisv 16."
        raise InvalidImei(code, mask(_as_text(text).strip()), what, remedy)
    return digits


def _from_pydantic(given: object) -> Imei:
    if type(given) is Imei:
        return given
    from pydantic_core import PydanticCustomError, ValidationError  # noqa: PLC0415 - loaded at the door

    try:
        return Imei(given)  # type: ignore[arg-type]
    except InvalidImei as error:
        # A ValueError would do, but then pydantic prints the whole input beside the message.
        said = {"sentence": f"{error}", "what": error.what, "remedy": error.remedy}
        kind = PydanticCustomError(f"{error.code}", "{sentence}", said)
        raise ValidationError.from_exception_data("Imei", [{"type": kind, "input": error.masked}]) from None


@cache
def reporting_bodies() -> dict[str, ReportingBody]:
    """Return every body by its two digits, ``data/reporting_bodies.csv``."""
    rows = _data.rows("reporting_bodies.csv", ["rbi", "body", "status", "source"])
    return {row["rbi"]: ReportingBody(**row) for row in rows}


@cache
def placeholders() -> frozenset[str]:
    """Return the 14 digits of every known placeholder, ``data/placeholder_imeis.csv``."""
    return frozenset(row["body"] for row in _data.rows("placeholder_imeis.csv", ["body", "why", "source"]))
