"""The decisions against a device, each written once: sets of reasons as bits, over small codes and other bits.

Like `miexchange._kernel`, every function uses only operators that mean the same for an `int`, for an array and for
compiled code (``+ - * // < > ==``, ``& | ^`` and masks multiplied in), and no branch on a value. For one device,
`miexchange.eligibility` turns the bits into reasons with their texts; `miexchange.batch` compiles these very lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    _Int = Any  # an int, an int64 or an array of them, as in `_kernel`

__all__ = [
    "BITS",
    "BLOCKED",
    "CLEAR",
    "DUPLICATE",
    "TRACKED",
    "UNVERIFIED",
    "WARNED",
    "identity",
    "is_stale",
    "let_pass",
    "numbers",
    "shown",
]

BITS = {code: 1 << position for position, code in enumerate(ReasonCode)}
"""The bit of each reason in a set of reasons."""

CLEAR, BLOCKED, TRACKED, DUPLICATE, UNVERIFIED = range(5)
"""The register's answers, by number; numbers above `DUPLICATE` are not verified."""

_BLOCKED = BITS[ReasonCode.IMEI_BLOCKED]
_TRACKED = BITS[ReasonCode.IMEI_TRACKED]
_DUPLICATE = BITS[ReasonCode.IMEI_DUPLICATE]
_STALE = BITS[ReasonCode.REGISTER_STALE]
_UNVERIFIED = BITS[ReasonCode.IMEI_UNVERIFIED]
_REPEATED = BITS[ReasonCode.IMEI_REPEATED]
_NO_SECOND = BITS[ReasonCode.IMEI2_MISSING]
_PLACEHOLDER = BITS[ReasonCode.IMEI_PLACEHOLDER]
_OF_BODY = BITS[ReasonCode.IMEI_TEST] | BITS[ReasonCode.IMEI_REPORTING_BODY]
_INVALID = BITS[ReasonCode.INVALID_VALUE]
_NOT_IN_FORCE = BITS[ReasonCode.PROGRAMME_NOT_IN_FORCE]

_HOUR = 3_600_000_000  # microseconds

WARNED = BITS[ReasonCode.TAC_UNKNOWN] | _UNVERIFIED
"""The doubts that become warnings if the terms accept them."""

_DOUBTS = WARNED | _NO_SECOND


def identity(said: _Int, is_placeholder: _Int) -> _Int:
    """Return the reasons about a number, given those about its first digits: a placeholder is not a phone's number.

    >>> identity(_OF_BODY, False) == _OF_BODY, identity(_OF_BODY, True) == _PLACEHOLDER
    (True, True)
    """
    return said ^ (said & _OF_BODY ^ _PLACEHOLDER) * is_placeholder


def is_stale(asked_at: _Int, at: _Int, hours: _Int) -> _Int:
    """Tell whether a register's answer is not valid evidence: later than the instant, or too old for the terms.

    Args:
        asked_at: the instant of the query, in microseconds since 1970; for an answer without evidence, long before.
        at: the instant at which the answer must be valid, likewise.
        hours: the greatest age, in hours as microseconds; 0 if the terms demand no evidence.

    >>> hour = 3_600_000_000
    >>> is_stale(0, 2 * hour, 2), is_stale(0, 2 * hour + 1, 2), is_stale(1, 0, 2), is_stale(1, 0, 0)
    (False, True, True, False)
    """
    return ((asked_at > at) | (at - asked_at > hours * _HOUR)) & (hours > 0)


def numbers(is_known: _Int, is_one: _Int, is_same: _Int, status: _Int, is_old: _Int) -> _Int:
    """Return the reasons about a device's IMEIs together, doubts included; none if no IMEI can be read.

    Args:
        is_known: whether at least one can be read.
        is_one: whether only one is given, readable or not.
        is_same: whether both are the same number.
        status: the register's answer.
        is_old: whether the terms demand newer evidence of it: see `is_stale`.

    >>> numbers(True, True, False, BLOCKED, False) == _NO_SECOND | _BLOCKED, numbers(False, True, False, BLOCKED, True)
    (True, 0)
    """
    found = (status == BLOCKED) * _BLOCKED + (status == TRACKED) * _TRACKED + (status == DUPLICATE) * _DUPLICATE
    register = found + (status > DUPLICATE) * _UNVERIFIED + is_old * _STALE
    return (register + is_one * _NO_SECOND + is_same * _REPEATED) * is_known


def let_pass(found: _Int, refused: _Int) -> _Int:
    """Return the doubts among those found that the terms accept.

    Args:
        found: everything found about a device.
        refused: the doubts that refuse it.

    >>> let_pass(WARNED, _UNVERIFIED) == BITS[ReasonCode.TAC_UNKNOWN], let_pass(_BLOCKED, 0)
    (True, 0)
    """
    return found & (_DOUBTS ^ _DOUBTS & refused)


def shown(reasons: _Int) -> _Int:
    """Return the reasons that are reported: without a valid row, or terms in force, no others were checked.

    >>> shown(_BLOCKED | _NOT_IN_FORCE) == _NOT_IN_FORCE, shown(_INVALID | _NOT_IN_FORCE) == _INVALID
    (True, True)
    """
    invalid, early = (reasons & _INVALID) > 0, (reasons & _NOT_IN_FORCE) > 0
    hiding = invalid * _INVALID + (early > invalid) * _NOT_IN_FORCE
    return hiding + reasons * (hiding == 0)
