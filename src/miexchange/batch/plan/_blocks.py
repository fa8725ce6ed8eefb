"""A table cut into blocks, whose cells become plain integers for the compiled loop; threads share the blocks."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from miexchange._decisions import BITS, BLOCKED, CLEAR, DUPLICATE, TRACKED, UNVERIFIED
from miexchange.batch.arrow._cells import Codes, Flags, Imeis, Integers
from miexchange.batch.arrow._compiled import are_worth_it
from miexchange.batch.arrow._imeis import ABSENT, Numbers
from miexchange.batch.arrow._memory import apart, empty
from miexchange.batch.arrow._nulls import part
from miexchange.batch.arrow._threads import blocks, shared
from miexchange.batch.plan._arrays import MISSING, STRANGE, UNKNOWN
from miexchange.batch.plan._by_column import appraise_by_column
from miexchange.batch.plan._loop import (
    NO_DAY,
    NO_EVIDENCE,
    NO_STATUS,
    Block,
    Tile,
    Values,
    appraise_rows,
)
from miexchange.eligibility import ImeiStatus, naming_code
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from miexchange.batch.arrow._columns import Column
    from miexchange.batch.plan._plan import Plan

__all__ = ["Chunk", "Room", "appraise_columns"]

_INVALID = BITS[ReasonCode.INVALID_VALUE]
_STATUS: dict[str, int] = {
    ImeiStatus.CLEAR: CLEAR,
    ImeiStatus.BLOCKED: BLOCKED,
    ImeiStatus.TRACKED: TRACKED,
    ImeiStatus.DUPLICATE: DUPLICATE,
    ImeiStatus.UNVERIFIED: UNVERIFIED,
}
_FACTS = {"exchange_open": ReasonCode.EXCHANGE_OPEN, "device_exchanged": ReasonCode.DEVICE_EXCHANGED}

_Array = tuple[Any, "NDArray[np.bool_] | None"]
"""The Arrow array of a column, and the mask of its invalid cells."""


def appraise_columns(columns: Mapping[str, Column], rows: int, plan: Plan, *, at: int | None, threads: int) -> Values:
    """Value every row of a table.

    Args:
        columns: the columns of the table.
        rows: how many rows the table has.
        plan: the rules.
        at: the instant of the valuation in microseconds since 1970, if there is no such column.
        threads: how many threads share the blocks.
    """
    values = Values.empty(rows, len(plan.lines))
    table = pa.Table.from_arrays([column.array for column in columns.values()], names=list(columns))
    own = threading.local()
    are_worth_it(rows)
    with shared(rows, threads) as each:
        begin = 0
        for piece in table.to_batches():
            end = begin + piece.num_rows
            arrays = {
                name: (array, part(column.strange, begin, end))
                for (name, column), array in zip(columns.items(), piece.columns, strict=True)
            }
            chunk = Chunk(arrays, plan, at)

            def appraise(block: tuple[int, int], chunk: Chunk = chunk, begin: int = begin) -> None:
                start, stop = block
                if not hasattr(own, "room") or own.room.rows < stop - start:
                    own.room = Room(plan, stop - start)
                found = chunk.block(start, stop, own.room)
                if are_worth_it():
                    appraise_rows(found, plan.rules, values, begin + start, own.room.tile)
                else:
                    appraise_by_column(found, plan.rules, values, begin + start)

            list(each(appraise, blocks(piece.num_rows, threads)))
            begin = end
    return values


class Chunk:
    """The rows of one chunk, whose columns each lie in one piece."""

    def __init__(self, arrays: Mapping[str, _Array], plan: Plan, at: int | None) -> None:
        """Look up every distinct text, and find the integers of each column.

        Args:
            arrays: the columns that are there.
            plan: the rules.
            at: the instant of the valuation, if there is no such column.
        """
        self._plan, self._at = plan, at
        targets = {target: code for code, target in enumerate(plan.targets, 1)}
        no_model = plan.keys[ReasonCode.INVALID_VALUE]
        self._models = Codes(*arrays["model"], self._key_of, no_model, no_model, np.uint32)
        self._numbers = [Imeis(*arrays[name]) for name in ("imei", "imei2") if name in arrays]
        self._target = self._codes(arrays, "target", lambda text: targets.get(text, 0), 0, len(targets) + 1)
        self._status = self._codes(
            arrays, "imei_status", lambda text: _STATUS.get(text, NO_STATUS), UNVERIFIED, NO_STATUS
        )
        self._facts = [(BITS[code], Flags(*arrays[name])) for name, code in _FACTS.items() if name in arrays]
        self._answers = [
            self._answer(arrays, plan.columns[name], partial(plan.code_of, name), len(texts))
            for name, texts in plan.questions.items()
        ]
        for name, texts in plan.texts.items():
            told = {text: code for code, text in enumerate(texts)}
            self._answers.append(self._answer(arrays, name, told.get, len(texts)))
        self._purchased_on = Integers(*arrays["purchased_on"]) if "purchased_on" in arrays else None
        self._asked_at = Integers(*arrays["register_asked_at"]) if "register_asked_at" in arrays else None
        self._instants = Integers(*arrays["at"]) if at is None else None

    def _key_of(self, name: str) -> int:
        catalogue = self._plan.programme.catalogue
        variant = catalogue.named(name)
        return self._plan.keys[naming_code(name, catalogue) if variant is None else variant.model]

    @staticmethod
    def _codes(
        arrays: Mapping[str, _Array], name: str, code_of: Callable[[str], int], missing: int, no_text: int
    ) -> Codes | int:
        """Return the codes of a column, or the one code of all rows if there is no such column."""
        return Codes(*arrays[name], code_of, missing, no_text) if name in arrays else missing

    def _answer(
        self, arrays: Mapping[str, _Array], name: str, known: Callable[[str], int | None], count: int
    ) -> Codes | int:
        def code_of(text: str) -> int:
            code = known(text)
            return count + UNKNOWN if code is None else code

        return self._codes(arrays, name, code_of, count + MISSING, count + STRANGE)

    def block(self, start: int, stop: int, room: Room) -> Block:
        """Return a block of rows; the next call overwrites it."""
        rows = stop - start
        small, keys, facts = room.small[:, :rows], room.keys[:rows], room.facts[:rows]
        for codes, column in zip(small, (self._status, self._target, *self._answers), strict=False):  # it has two more
            if isinstance(column, int):
                codes[:] = column
            else:
                column.write(start, stop, codes)
        self._models.write(start, stop, keys)
        facts[:] = 0
        for bit, flags in self._facts:
            is_so, strange = flags.of(start, stop)
            _mark(facts, is_so, bit)
            _mark(facts, strange, _INVALID)
        code, tac, rest = room.code[:, :rows], room.tac[:, :rows], room.rest[:, :rows]
        code[len(self._numbers) :] = ABSENT
        for place, imeis in enumerate(self._numbers):
            imeis.write(start, stop, Numbers(code[place], tac[place], rest[place]))
        at, bought, evidence = room.at[:rows], room.bought[:rows], room.evidence[:rows]
        self._write_moments(start, stop, at, facts)
        _write(self._purchased_on, start, stop, bought, NO_DAY, facts)
        _write(self._asked_at, start, stop, evidence, NO_EVIDENCE, facts)
        return Block(keys, at, facts, small[0], evidence, small[1], bought, code, tac, rest, small[2:])

    def _write_moments(self, start: int, stop: int, at: NDArray[np.int64], facts: NDArray[np.int64]) -> None:
        if self._instants is None:
            at[:] = self._at or 0
            return
        at[:], nulls, strange = self._instants.of(start, stop)
        _mark(facts, nulls, _INVALID)
        _mark(facts, strange, _INVALID)


class Room:
    """Scratch memory for the cells of a block; each thread has one, so that blocks allocate nothing.

    Attributes:
        rows: how many rows a block can have.
    """

    def __init__(self, plan: Plan, rows: int) -> None:
        """Allocate memory for one block."""
        self.rows = rows
        self.small = apart(2 + len(plan.questions) + len(plan.texts) + 2, rows, np.uint8)  # see `apart`
        self.code = apart(2, rows, np.uint8)
        self.keys, self.bought = empty(rows, np.uint32), empty(rows, np.int32)
        self.tac, self.rest = apart(2, rows, np.uint32), apart(2, rows, np.uint32)
        self.facts, self.at, self.evidence = apart(3, rows, np.int64)
        self.tile = Tile.of(plan.rules)


def _write(
    column: Integers | None, start: int, stop: int, numbers: NDArray[Any], missing: int, facts: NDArray[np.int64]
) -> None:
    """Write a column of instants or days, with a given number for null, and flag the invalid cells."""
    if column is None:
        numbers[:] = missing
    else:
        _mark(facts, column.write(start, stop, numbers, missing), _INVALID)


def _mark(facts: NDArray[np.int64], rows: NDArray[np.bool_] | None, bit: int) -> None:
    """Add a reason to the rows of a mask; None is the empty mask."""
    if rows is not None:
        facts[rows] |= bit
