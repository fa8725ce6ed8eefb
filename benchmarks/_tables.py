"""The relations of a programme, and a table of devices, as Arrow tables of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from _relations import Relations

__all__ = ["Codes", "exception_table", "fact_table", "tac_table", "with_codes"]

Codes = dict[str, dict[str, int]]
"""The code of each text, by column; a column that is not there is plain text."""


def with_codes(table: pa.Table) -> tuple[Codes, pa.Table]:
    """Return the codes, and the table with those of each encoded column in its place. Nothing is copied.

    `at` becomes `instant`, in microseconds.
    """
    table = table.unify_dictionaries()
    codes: Codes = {}
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        columns[name] = column
        if pa.types.is_dictionary(column.type):
            texts = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
            codes[name] = {text: code for code, text in enumerate(texts)}
            columns[name] = pa.chunked_array([chunk.indices for chunk in column.chunks], column.type.index_type)
    columns["instant"] = columns.pop("at").cast(pa.int64())
    return codes, pa.table(columns)


def fact_table(relations: Relations, *, by_epoch: bool) -> pa.Table:
    """Return what holds for each name, when; with a dense `key` where it is by epoch."""
    rows = relations.facts_by_epoch() if by_epoch else [(0, fact) for fact in relations.facts]
    columns = {"key": pa.array([key for key, _ in rows], pa.int32())}
    for name in ("name", "family", "asked"):
        columns[name] = pa.array([getattr(fact, name) for _, fact in rows], pa.int32())
    for name in ("since", "until", "model_bits", "market", "priced_from"):
        columns[name] = pa.array([getattr(fact, name) for _, fact in rows], pa.int64())
    for number, anchor in enumerate(relations.anchors):
        columns[f"anchor {anchor}"] = pa.array([fact.anchors[number] for _, fact in rows], pa.int64())
    return pa.table(columns)


def tac_table(relations: Relations) -> pa.Table:
    """Return the TACs, each once."""
    columns = {
        "tac": pa.array([row.tac for row in relations.tacs], pa.int64()),
        "tac_family": pa.array([row.family for row in relations.tacs], pa.int32()),
        "suspect": pa.array([row.suspect for row in relations.tacs], pa.bool_()),
    }
    return pa.table(columns)


def exception_table(relations: Relations) -> pa.Table:
    """Return the pairs of a TAC and a family that are not what the TACs say."""
    columns = {
        "tac": pa.array([tac for tac, _ in relations.exceptions], pa.int64()),
        "family": pa.array([family for _, family in relations.exceptions], pa.int32()),
        "fits": pa.array(list(relations.exceptions.values()), pa.bool_()),
    }
    return pa.table(columns)
