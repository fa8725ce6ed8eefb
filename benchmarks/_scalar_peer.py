"""A table of devices valued by a loop over the scalar verb: the slowest contender, and the oracle of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from _contract import mask, questions, result_columns, rules
from miexchange import Condition, Device, Imei, ImeiStatus, Quote, ReasonCode, appraise
from miexchange.errors import InvalidImei

if TYPE_CHECKING:
    from miexchange import Programme

__all__ = ["appraise_table", "validate_column"]

AT_ONCE = 10_000  # rows that are Python objects at the same time


def validate_column(column: pa.ChunkedArray) -> pa.Array:
    """Return for each text the position of its reason in `ReasonCode`, -1 for an IMEI, null for null."""
    positions = {code: position for position, code in enumerate(ReasonCode)}

    def judged(text: str | None) -> int | None:
        if text is None:
            return None
        try:
            Imei.parse(text)
        except InvalidImei as error:
            return positions[ReasonCode(error.code)]
        return -1

    return pa.array([judged(scalar.as_py()) for scalar in column], pa.int8())


def appraise_table(table: pa.Table, programme: Programme) -> pa.Table:
    """Return the result of every row; see `_contract`. A status that is null is one that was not verified."""
    asked = tuple(question.id for question in questions(programme))
    amounts = tuple(f"{rule}_minor" for rule in rules(programme))
    results = []
    for batch in table.to_batches(max_chunksize=AT_ONCE):
        results += [_appraised(row, asked, amounts, programme) for row in batch.to_pylist()]
    names = result_columns(programme)
    kinds = {name: pa.string() if name in {"outcome", "grade"} else pa.int64() for name in names}
    columns = {name: pa.array([row.get(name) for row in results], kind) for name, kind in kinds.items()}
    return pa.table(columns)


def _appraised(
    row: dict[str, Any], asked: tuple[str, ...], amounts: tuple[str, ...], programme: Programme
) -> dict[str, Any]:
    quote = appraise(
        Device(row["model"], row["imei"], purchased_on=row["purchased_on"]),
        Condition({question: row[question] for question in asked}),
        programme,
        at=row["at"],
        imei_status=ImeiStatus.UNVERIFIED if row["imei_status"] is None else ImeiStatus(row["imei_status"]),
        target=row["target"],
    )
    if not isinstance(quote, Quote):
        return {"outcome": "refused", "reasons": mask(reason.code for reason in quote.reasons), "warnings": 0}
    result: dict[str, Any] = {
        "outcome": "indicative" if quote.indicative else "quote",
        "reasons": 0,
        "warnings": mask(warning.code for warning in quote.warnings),
        "grade": quote.grade,
        **dict.fromkeys(amounts, 0),
        "exchange_value_minor": quote.exchange_value,
        "coupon_value_minor": quote.coupon_value,
    }
    for line in quote.lines:
        result[f"{line.rule}_minor"] += line.amount
    return result
