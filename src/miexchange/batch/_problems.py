"""The sentences that help a person to correct a refused row: the cell, its content, and the remedy.

The columns of a result give the reasons of a refusal as codes. The sentences are made afterwards, on request and for
the refused rows only: an invalid cell gets the sentence of its reader, and every other reason comes from
`miexchange.appraise`, which is asked about the row.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from miexchange._decisions import BITS
from miexchange._privacy import mask
from miexchange._text import is_missing, native, text_of
from miexchange._time import (
    OUT_OF_RANGE,
    NotATime,
    as_date,
    day_of,
    from_micros,
    in_zone,
    instant_of,
    read_day,
    read_instant,
)
from miexchange.batch.arrow._results import ArrowColumn
from miexchange.batch.plan._loop import REFUSED
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.errors import InvalidValue, one_line, sentence, shown
from miexchange.programme.rules import INPUTS, plain_input
from miexchange.refusal import ReasonCode, Refusal
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from miexchange.batch.arrow._columns import Column, Kind
    from miexchange.batch.plan._loop import Values
    from miexchange.batch.plan._plan import Plan
    from miexchange.refusal import Reason

__all__ = ["COLUMN_OF", "PROBLEMS", "UNREADABLE", "problems_of"]

PROBLEMS = "problems"
"""The column of the sentences."""

UNREADABLE: Any = object()
"""Stands for a cell that Python cannot represent, such as an instant after the year 9999."""

_MOST, _LONGEST = 8, 400  # sentences of a row; characters of a sentence
_BETWEEN = " | "
_INVALID = BITS[ReasonCode.INVALID_VALUE]
_FACTS = ("exchange_open", "device_exchanged")
_NUMBERS = ("imei", "imei2")

COLUMN_OF: dict[str, str] = {
    **{code: "imei" for code in ReasonCode if code.value.startswith(("imei_", "tac_"))},
    ReasonCode.IMEI2_MISSING: "imei2",
    ReasonCode.IMEI_REPEATED: "imei2",
    **dict.fromkeys(
        (
            ReasonCode.IMEI_BLOCKED,
            ReasonCode.IMEI_TRACKED,
            ReasonCode.IMEI_DUPLICATE,
            ReasonCode.IMEI_UNVERIFIED,
        ),
        "imei_status",
    ),
    ReasonCode.REGISTER_STALE: "register_asked_at",
    **dict.fromkeys(
        (
            ReasonCode.MODEL_UNKNOWN,
            ReasonCode.VARIANT_MISSING,
            ReasonCode.CATEGORY_NOT_ACCEPTED,
            ReasonCode.BRAND_NOT_ACCEPTED,
            ReasonCode.MODEL_NOT_LISTED,
            ReasonCode.PRICE_MISSING,
            ReasonCode.PRICE_STALE,
        ),
        "model",
    ),
    ReasonCode.EXCHANGE_OPEN: "exchange_open",
    ReasonCode.DEVICE_EXCHANGED: "device_exchanged",
    ReasonCode.PROGRAMME_NOT_IN_FORCE: "at",
    ReasonCode.PURCHASE_DATE_MISSING: "purchased_on",
    ReasonCode.PURCHASE_DATE_IN_FUTURE: "purchased_on",
    ReasonCode.CUSTOMER_MISSING: "customer",
    ReasonCode.CUSTOMER_UNKNOWN: "customer",
}
"""The column that a reason is about; reasons of answers name their question instead."""


def problems_of(
    values: Values,
    columns: Mapping[str, Column],
    kinds: Mapping[str, Kind],
    plan: Plan,
    *,
    at: int | None,
    cell: Callable[[str, int], object],
    others: Iterable[tuple[str, str, NDArray[np.bool_] | None]] = (),
) -> ArrowColumn:
    """Return a column with the problems of every refused row; "" for other rows.

    Args:
        values: the values of the rows.
        columns: the columns, as they were read.
        kinds: the type of each column.
        plan: the rules.
        at: the instant of the valuation in microseconds since 1970, if there is no such column.
        cell: returns a cell as it was given, by column and row, for display.
        others: other faults of rows: the column ("" for the whole row), the sentence, and the mask of rows.
    """
    places = np.flatnonzero(values.outcome == REFUSED)
    texts = np.full(len(values.outcome), "", dtype=object)
    taken = pa.array(places)
    cells = {name: column.array.take(taken) for name, column in columns.items()}
    judge = _Judge(plan, kinds, None if at is None else from_micros(at))
    for number, place in enumerate(places.tolist()):
        row = {name: _python(array[number]) for name, array in cells.items()}
        row |= {
            name: cell(name, place)
            for name, column in columns.items()
            if column.strange is not None and column.strange[place]
        }
        found = [
            f"{name}{' ' * bool(name)}{what}" for name, what, wrong in others if wrong is not None and wrong[place]
        ]
        if not found:
            strange = [name for name, one in columns.items() if one.strange is not None and one.strange[place]]
            found = list(judge.faults(row, strange) if values.reasons[place] & _INVALID else judge.reasons(row))
        texts[place] = _joined(found)
    return ArrowColumn(pa.chunked_array([pa.array(texts, pa.string())]))


def _python(scalar: Any) -> Any:
    """Return a cell that was read, with invalid UTF-8 escaped."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return UNREADABLE


def _joined(sentences: list[str]) -> str:
    """Join the sentences; only the first ones, if they are many."""
    more = len(sentences) - _MOST
    shortest = [one_line(one, _LONGEST) for one in sentences[:_MOST]]
    return _BETWEEN.join([*shortest, *([f"and {more} more"] if more > 0 else [])])


class _Judge:
    """Finds the problems of one refused row after the other."""

    def __init__(self, plan: Plan, kinds: Mapping[str, Kind], at: datetime | None) -> None:
        """Take the rules, the types of the columns, and the instant to use if there is no such column."""
        self._plan, self._kinds, self._at = plan, kinds, at
        self._zone = plan.programme.zone

    def faults(self, row: Mapping[str, Any], strange: list[str]) -> Iterator[str]:
        """Yield the problems of invalid cells."""
        for name in self._kinds:
            if (name in strange or row[name] is UNREADABLE) and name not in _NUMBERS:
                yield _said(name, row[name], *self._fault(name, row[name]))
        for name, remedy in _NEEDED.items():
            if name in row and row[name] is None and name not in strange:
                yield _said(name, None, "", remedy)
        status = row.get("imei_status")
        if "imei_status" not in strange and status not in {None, *ImeiStatus}:
            yield _said("imei_status", status, "is no status", f"Write one of: {', '.join(ImeiStatus)}")

    def _fault(self, name: str, cell: object) -> tuple[str, str]:
        """Return the problem of an invalid cell, and the remedy, in the words of the column's reader."""
        kind, given = self._kinds[name], text_of(cell)
        if cell is UNREADABLE:
            return OUT_OF_RANGE if kind in {"instant", "day"} else _NOT_UTF_8
        try:
            if kind == "instant":
                zone = self._zone if name == "at" else None
                _ = instant_of(cell, zone) if given is None else read_instant(given, zone)
            elif kind == "day":
                _ = day_of(as_date(cell)) if given is None else read_day(given)
            elif kind == "told":
                plain_input(cell, name)
        except NotATime as fault:
            what, remedy = fault.args
            return what, remedy
        except InvalidValue as fault:
            return "is no text" if given is None else fault.what, sentence(fault.rule)
        if kind == "flag":
            return "is neither true nor false", "Write true or false"
        no_text = _NO_NUMBER if kind == "number" else _NO_TEXT
        return no_text if given is None else _NOT_UTF_8

    def reasons(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield the reasons of `miexchange.appraise`, each with its cell."""
        refusal = cast("Refusal", self._appraised(row))  # for the row is refused
        for reason in refusal.reasons:
            name = self._column_of(reason, row)
            cell = row.get(name)
            cell = cell.astimezone(self._zone) if isinstance(cell, datetime) else cell
            yield _said(name, cell, f": {in_zone(reason.message, self._zone)}", in_zone(reason.remedy, self._zone))

    def _appraised(self, row: Mapping[str, Any]) -> object:
        facts = {name: row[name] for name in (*_FACTS, *INPUTS) if row.get(name) is not None}
        status, asked_at = row.get("imei_status") or ImeiStatus.UNVERIFIED, row.get("register_asked_at")
        said = ImeiStatus(status)
        answer = said if asked_at is None else RegisterAnswer(said, "The register", asked_at, "a row")
        imei, imei2 = (_number(row.get(name)) for name in _NUMBERS)
        device = Device(row["model"], imei, imei2, row.get("purchased_on"))
        condition = Condition({name: row.get(name) for name in self._plan.columns.values()})
        at = row["at"] if self._at is None else self._at
        return appraise(device, condition, self._plan.programme, at=at, imei_status=answer, **facts)

    def _column_of(self, reason: Reason, row: Mapping[str, Any]) -> str:
        question = dict(reason.values).get("question")
        if question in self._plan.columns.values():
            return f"{question}"
        name = COLUMN_OF[reason.code]
        if name == "imei" and row.get("imei2") is not None and _is_about(reason, row["imei2"]):
            return "imei" if row.get("imei") is not None and _is_about(reason, row["imei"]) else "imei2"
        return name


_NEEDED = {"model": "Write the id or the name of a model", "at": "Write a day as 2018-03-15, or an instant"}
_NOT_UTF_8 = ("is not in UTF-8", "Save the file in UTF-8")
_NO_TEXT = ("is no text", "Write it as a text")
_NO_NUMBER = ("is no text and no whole number", "Write a whole number")


def _number(cell: object) -> Any:
    """Return the cell of an IMEI, or a number in place of a cell that `Device` does not accept."""
    try:
        Device("any", cell)  # type: ignore[arg-type]
    except InvalidValue:
        return 0
    return cell


def _is_about(reason: Reason, cell: object) -> bool:
    """Tell whether a reason is that of an IMEI's cell: its subject is the number, masked."""
    given = text_of(cell)
    if given is None:
        return reason.code is ReasonCode.IMEI_NOT_TEXT
    return _shown_of(mask(given)) == _shown_of(reason.subject)


def _shown_of(number: str) -> str:
    return "".join(character for character in number if character.isdigit() or character == "*")


def _said(name: str, cell: object, what: str, remedy: str) -> str:
    """Return the sentence: the cell, its content (an IMEI masked), the problem and the remedy."""
    value = native(cell)
    if cell is UNREADABLE or cell is None or is_missing(value):
        head = f"{name}{' is empty' * (cell is not UNREADABLE)}"
    else:
        given = text_of(value)
        head = f"{name}={mask(given) if given is not None and name in _NUMBERS else shown(value)}"
    between = "" if not what or what.startswith(":") else " "
    return f"{_ended(f'{head}{between}{what}')} {_ended(remedy)}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."
