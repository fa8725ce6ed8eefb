"""Values the rows of a table one by one: the oracle for everything that takes columns.

A row is a plain dict of cells, as a reader of files returns it. `valued` calls `miexchange.appraise`; its error for
a value of a wrong type becomes the reason `invalid_value` of the row.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from miexchange import (
    Condition,
    Device,
    ImeiStatus,
    InvalidValue,
    Programme,
    Quote,
    Refusal,
    RegisterAnswer,
    appraise,
)
from miexchange._time import midnight
from miexchange.programme.rules import INPUTS
from miexchange.strategies._frames import Row, questions_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

__all__ = ["FACTS", "Row", "questions_of", "rows_of", "valued"]

FACTS = ("imei_status", "exchange_open", "device_exchanged", *INPUTS)
"""The columns that are arguments of `appraise` with a default, which an empty cell means."""


def valued(row: Row, programme: Programme, bonuses_given: Mapping[str, int], at: datetime | None = None) -> Row:
    """Return the value of a row: outcome, the sets of reasons and warnings, grade, lines and values."""
    try:
        answer = _asked(row, programme, bonuses_given, at)
    except InvalidValue:
        return _refused({"invalid_value"})
    if isinstance(answer, Refusal):
        return _refused(set(answer.codes))
    return {
        "outcome": "indicative" if answer.indicative else "quote",
        "reasons": set(),
        "warnings": {warning.code.value for warning in answer.warnings},
        "grade": answer.grade,
        "lines": {line.rule: line.amount for line in answer.lines if line.amount},
        "exchange_value": answer.exchange_value,
        "coupon_value": answer.coupon_value,
    }


def _asked(row: Row, programme: Programme, given: Mapping[str, int], at: datetime | None) -> Quote | Refusal:
    facts = {name: row[name] for name in FACTS if row.get(name) is not None}
    asked_at = row.get("register_asked_at")
    if asked_at is not None:
        status = facts.get("imei_status", ImeiStatus.UNVERIFIED)
        facts["imei_status"] = RegisterAnswer(ImeiStatus(status), "a register", asked_at, "a row")
    numbers = (_number(row.get("imei")), _number(row.get("imei2")))
    device = Device(row["model"], *numbers, row.get("purchased_on"))
    numeric = frozenset().union(*(terms.questionnaire.numbers for terms in programme.terms))
    cells = {name: row.get(name) for name in questions_of(programme)}
    # A table may contain answers that are numbers as numbers; `Condition` takes texts.
    said = {name: f"{cell}" if name in numeric and type(cell) is int else cell for name, cell in cells.items()}
    condition = Condition(said)
    at = at or row["at"]
    if type(at) is date:  # a day in the column is its first instant, as in `--at` of the command
        at = midnight(at, programme.zone)
    return appraise(device, condition, programme, at=at, bonuses_given=given, **facts)


def _number(cell: object) -> Any:  # noqa: ANN401 - what a Device takes
    """Return a cell as it is, or a number for an invalid argument of a `Device`: neither is a text."""
    try:
        Device("any", cell)  # type: ignore[arg-type]
    except InvalidValue:
        return 0
    return cell


def _refused(reasons: set[str]) -> Row:
    nothing: Row = {"warnings": set(), "grade": None, "lines": {}, "exchange_value": None, "coupon_value": None}
    return {"outcome": "refused", "reasons": reasons, **nothing}


def rows_of(result: Sequence[Row]) -> list[Row]:
    """Return the rows of a result of `appraise_frame`, as plain dicts, in the form of `valued`."""
    return [
        {
            "outcome": row["outcome"],
            "reasons": set(filter(None, row["reasons"].split("|"))),
            "warnings": set(filter(None, row["warnings"].split("|"))),
            "grade": row["grade"],
            "lines": {
                name.removesuffix("_minor"): amount
                for name, amount in row.items()
                if name.endswith("_minor") and not name.endswith("_value_minor") and amount
            },
            "exchange_value": row["exchange_value_minor"],
            "coupon_value": row["coupon_value_minor"],
        }
        for row in result
    ]
