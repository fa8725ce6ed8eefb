"""The valuation of a chunk, block by block: gather numbers from the tables, run the kernel, write the columns.

A block is small enough for its arrays to stay near the processor, and large enough for numpy's own
calls to cost little. Blocks know nothing of one another, so threads share them, and no order of rows
or cut of a table can matter.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from miexchange import _kernel
from miexchange.batch._cells import Codes, Flags, Imeis, Integers
from miexchange.batch._imeis import CODES
from miexchange.batch._tables import BITS, FINDINGS, MISSING, STRANGE, UNKNOWN
from miexchange.eligibility import ImeiStatus, naming_code
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from miexchange.batch._columns import Column
    from miexchange.batch._imeis import Numbers
    from miexchange.batch._tables import Pack, Setting, Tables

__all__ = ["INDICATIVE", "QUOTE", "REFUSED", "Values", "appraise_columns", "line_names"]

QUOTE, INDICATIVE, REFUSED = range(3)
"""The outcomes, by number."""

_ROWS = 32_768
_DAY = 86_400_000_000  # microseconds

_INVALID = BITS[ReasonCode.INVALID_VALUE]
_NOT_IN_FORCE = BITS[ReasonCode.PROGRAMME_NOT_IN_FORCE]
_DOUBTS = BITS[ReasonCode.TAC_UNKNOWN] | BITS[ReasonCode.IMEI_UNVERIFIED]


def _found_bits() -> NDArray[np.int64]:
    """Return the reasons of a set of `FINDINGS`."""
    sets = range(1 << len(FINDINGS))
    return np.array([sum(BITS[code] for bit, code in enumerate(FINDINGS) if one >> bit & 1) for one in sets])


def _number_bits() -> NDArray[np.int64]:
    """Return the reasons of a number's verdicts: its text's, its own and its TAC's."""
    own = (0, BITS[ReasonCode.IMEI_TEST], BITS[ReasonCode.IMEI_REPORTING_BODY], BITS[ReasonCode.IMEI_PLACEHOLDER])
    tac = (0, BITS[ReasonCode.TAC_UNKNOWN], BITS[ReasonCode.TAC_OTHER_MODEL], 0)
    bits = np.zeros((4, 4, 16), dtype=np.int64)
    bits[:, :, 0] = np.array(tac)[:, None] | np.array(own)
    for code, reason in enumerate(CODES):
        if reason is not None:
            bits[:, :, code] = BITS[reason]
    return bits.ravel()


_OF_FINDINGS = _found_bits()
_OF_NUMBER = _number_bits()
_CLEAR, _BLOCKED, _UNVERIFIED, _NO_STATUS = range(4)
_STATUS: dict[str, int] = {
    ImeiStatus.CLEAR: _CLEAR,
    ImeiStatus.BLOCKED: _BLOCKED,
    ImeiStatus.UNVERIFIED: _UNVERIFIED,
}
_OF_STATUS = np.array([0, BITS[ReasonCode.IMEI_BLOCKED], BITS[ReasonCode.IMEI_UNVERIFIED], 0])


@dataclass(slots=True)
class Values:
    """What a table of devices is worth, a row each; amounts in paise, and meaningless where a row is refused.

    Attributes:
        outcome: uint8: `QUOTE`, `INDICATIVE` or `REFUSED`.
        reasons: int64, the set of reasons against it.
        warnings: int64, the set of what the programme lets pass.
        grade: uint8, a position in `Tables.grades`.
        lines: int64, every line, by name.
        exchange_value: int64.
        coupon_value: int64.
    """

    outcome: NDArray[np.uint8]
    reasons: NDArray[np.int64]
    warnings: NDArray[np.int64]
    grade: NDArray[np.uint8]
    lines: dict[str, NDArray[np.int64]]
    exchange_value: NDArray[np.int64]
    coupon_value: NDArray[np.int64]

    @classmethod
    def empty(cls, rows: int, tables: Tables) -> Values:
        """Make room for so many rows."""
        amounts = [np.zeros(rows, dtype=np.int64) for _ in range(len(line_names(tables)) + 4)]
        return cls(
            np.zeros(rows, dtype=np.uint8),
            amounts.pop(),
            amounts.pop(),
            np.zeros(rows, dtype=np.uint8),
            dict(zip(line_names(tables), amounts, strict=False)),
            amounts[-1],
            amounts[-2],
        )


def line_names(tables: Tables) -> list[str]:
    """Return the rules that a line can name, in order, each once: the same for every table of this programme."""
    return list(dict.fromkeys((*_step_names(tables), *(f"bonus:{name}" for name in tables.bonuses.ids))))


def _step_names(tables: Tables) -> list[str]:
    """Return the name of each step that `_kernel.value_steps` returns, in its order."""
    answers, settings = tables.answers, tables.settings
    return [
        "market",
        *(f"retention:{name}" for name, _ in answers.retentions),
        *(["retention:age"] if settings.ages is not None else []),
        *(["retention:drift"] if not _is_nothing(settings.drift) else []),
        "grade",
        *(f"deduction:{name}" for name, _ in answers.costs),
        *(f"overlap:{name}" for name, *_ in settings.overlaps),
        *(f"extra:{name}" for name, _ in answers.extras),
        *("factor", "floor", "cap", "rounding"),
    ]


def _is_nothing(setting: Setting) -> bool:
    return type(setting) is int and setting == 0


def appraise_columns(
    columns: Mapping[str, Column], rows: int, tables: Tables, *, at: int | None, threads: int
) -> Values:
    """Value every row of a table.

    Args:
        columns: the columns that are there, each of so many rows.
        rows: how many rows the table has.
        tables: the rules.
        at: the instant of the valuation in microseconds since 1970, where no column says it.
        threads: how many threads share the blocks.
    """
    values = Values.empty(rows, tables)
    table = pa.Table.from_arrays([column.array for column in columns.values()], names=list(columns))
    with ThreadPoolExecutor(threads) as pool:
        begin = 0
        for chunk in table.to_batches():
            end = begin + chunk.num_rows
            cells = {
                name: (array, None if column.strange is None else column.strange[begin:end])
                for (name, column), array in zip(columns.items(), chunk.columns, strict=True)
            }
            blocks = _Chunk(cells, tables, values, begin, at)
            list(pool.map(blocks.appraise, range(0, chunk.num_rows, _ROWS)))
            begin = end
    return values


_Cells = tuple[Any, "NDArray[np.bool_] | None"]
"""The Arrow array of a column, and where it holds what it cannot."""


class _Chunk:
    """The rows of one chunk, whose columns each lie in one piece."""

    def __init__(self, cells: Mapping[str, _Cells], tables: Tables, values: Values, begin: int, at: int | None) -> None:
        """Look every distinct text up, and find the numbers of each column.

        Args:
            cells: the columns that are there.
            tables: the rules.
            values: where the values of all rows are written.
            begin: the position of the first row there.
            at: the instant of the valuation, where no column says it.
        """
        self._tables, self._values, self._begin = tables, values, begin
        self._rows = len(cells["model"][0])
        self._steps = _step_names(tables)
        named = Counter((*self._steps, *(f"bonus:{name}" for place in tables.bonuses.places for name, _ in place.ids)))
        self._twice = {name for name, times in named.items() if times > 1}
        self._models = Codes(*cells["model"], self._key_of, _NO_KEY, _NO_KEY, np.intp)
        self._numbers = [Imeis(*cells[name]) for name in ("imei", "imei2") if name in cells]
        targets = {target: code for code, target in enumerate(tables.bonuses.targets, 1)}
        self._no_target = len(targets) + 1
        self._target = _codes(cells, "target", lambda text: targets.get(text, 0), 0, self._no_target)
        self._status = _codes(cells, "imei_status", lambda text: _STATUS.get(text, _NO_STATUS), _UNVERIFIED, _NO_STATUS)
        self._facts = [(BITS[code], Flags(*cells[name])) for name, code in _FACTS.items() if name in cells]
        self._answers = [_answers(cells, name, options) for name, options in tables.questions.items()]
        self._purchased_on = Integers(*cells["purchased_on"], np.int32) if "purchased_on" in cells else None
        self._instants = Integers(*cells["at"], np.int64) if at is None else None
        self._at = at or 0
        self._period_of_key = tables.periods.find(np.arange(len(tables.family)), self._at)

    def _key_of(self, name: str) -> int:
        catalogue = self._tables.programme.catalogue
        variant = catalogue.named(name)
        return self._tables.keys[naming_code(name, catalogue) if variant is None else variant.model]

    def appraise(self, start: int) -> None:
        """Value the block that begins at a row, and write what it is worth."""
        stop = min(start + _ROWS, self._rows)
        tables, invalid = self._tables, _Masks()
        keys = self._models.of(start, stop)
        no_key = keys == _NO_KEY
        invalid.add(no_key)
        keys = np.where(no_key, tables.keys[ReasonCode.MODEL_UNKNOWN], keys)
        at, period = self._find(keys, start, stop, invalid)
        found, known = self._judge(keys, start, stop, invalid)
        codes = [answer.of(start, stop) if isinstance(answer, Codes) else answer for answer in self._answers]
        asked = tables.asked[period]
        age = self._age(at, period, asked, start, stop, invalid)

        doubts = tables.doubts[period]
        warnings = found & _DOUBTS & ~doubts
        reasons = tables.reasons[period] | (found ^ warnings) | self._reasons_of_answers(asked, codes)
        for bit, flags in self._facts:
            facts, strange = flags.of(start, stop)
            invalid.add(strange)
            reasons |= facts * bit
        if age is not None:
            reasons |= age.reasons
        target: _Code = 0
        if self._target is not None:
            target = self._target.of(start, stop)
            invalid.add(target == self._no_target)
        reasons |= invalid.bits()
        _let_prevail(_INVALID, reasons)
        _let_prevail(_NOT_IN_FORCE, reasons)
        refused = reasons != 0

        rows = slice(self._begin + start, self._begin + stop)
        values = self._values
        values.reasons[rows] = reasons
        values.warnings[rows] = warnings * ~refused
        values.outcome[rows] = np.where(refused, REFUSED, np.where(known, QUOTE, INDICATIVE))
        self._value(rows, at, period, asked, codes, age, target)

    def _find(
        self, keys: NDArray[np.intp], start: int, stop: int, invalid: _Masks
    ) -> tuple[NDArray[np.int64] | int, NDArray[np.intp]]:
        """Return the instant and the period of every row."""
        if self._instants is None:
            return self._at, self._period_of_key[keys]
        at, nulls, strange = self._instants.of(start, stop)
        invalid.add(nulls)
        invalid.add(strange)
        return at, self._tables.periods.find(keys, at)

    def _judge(
        self, keys: NDArray[np.intp], start: int, stop: int, invalid: _Masks
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return what is found about the IMEIs, and which rows have one."""
        found = np.zeros(len(keys), dtype=np.int64)
        known = np.zeros(len(keys), dtype=np.bool_)
        family = self._tables.family[keys]
        before: tuple[Numbers, NDArray[np.bool_]] | None = None
        for column in self._numbers:
            numbers = column.of(start, stop)
            fine = numbers.code == 0
            own, of_tac = self._tables.tacs.judge(numbers, family)
            found |= _OF_NUMBER[numbers.code + 16 * own + 64 * of_tac]
            known |= fine
            if before is not None:
                first, first_fine = before
                same = (first.tac == numbers.tac) & (first.rest // 10 == numbers.rest // 10) & fine & first_fine
                found |= same * BITS[ReasonCode.IMEI_REPEATED]
            before = numbers, fine
        status = np.full(len(keys), _UNVERIFIED) if self._status is None else self._status.of(start, stop)
        invalid.add(status == _NO_STATUS)
        found |= _OF_STATUS[status] * known
        return found, known

    def _reasons_of_answers(self, asked: NDArray[np.intp], codes: Sequence[_Code]) -> NDArray[np.int64]:
        against = np.zeros(len(asked), dtype=np.uint8)
        for pack in self._tables.answers.reasons:
            against |= pack.cells[_address(pack, asked, codes)]
        return _OF_FINDINGS[against]

    def _age(
        self,
        at: NDArray[np.int64] | int,
        period: NDArray[np.intp],
        asked: NDArray[np.intp],
        start: int,
        stop: int,
        invalid: _Masks,
    ) -> _Age | None:
        """Return what the date of purchase leads to; None where no terms ask for it."""
        tables, settings = self._tables, self._tables.settings
        rows = len(period)
        bought, nulls = np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=np.bool_)
        if self._purchased_on is not None:
            days, found, strange = self._purchased_on.of(start, stop)
            invalid.add(strange)
            bought = days.astype(np.int64)
            nulls = np.zeros(rows, dtype=np.bool_) if found is None else found
        if settings.ages is None:
            return None
        terms = tables.terms[period]
        on = np.broadcast_to((at + tables.zone) // _DAY, rows)
        aged = settings.aged[terms] & (asked > 0)
        future = ~nulls & (bought > on)
        reasons = (aged & nulls) * BITS[ReasonCode.PURCHASE_DATE_MISSING]
        reasons |= (aged & future) * BITS[ReasonCode.PURCHASE_DATE_IN_FUTURE]
        months = _kernel.whole_months(*_calendar(np.where(nulls, on, bought)), *_calendar(on))
        months = np.minimum(np.maximum(months, 0), settings.months - 1)
        return _Age(reasons, settings.ages[terms * settings.months + months])

    def _value(
        self,
        rows: slice,
        at: NDArray[np.int64] | int,
        period: NDArray[np.intp],
        asked: NDArray[np.intp],
        codes: Sequence[_Code],
        age: _Age | None,
        target: _Code,
    ) -> None:
        """Run the kernel over the block and write every line; of a refused row it means nothing."""
        tables, values = self._tables, self._values
        answers, settings = tables.answers, tables.settings
        several = len(tables.programme.terms) > 1
        terms = tables.terms[period] if several else 0
        retentions = [pack.cells[_address(pack, asked, codes)] for _, pack in answers.retentions]
        if age is not None:
            retentions.append(age.keep_bps)
        if not _is_nothing(settings.drift):
            days = (at - tables.priced_from[period]) // _DAY
            retentions.append(_kernel.drift_bps(days, _of(settings.drift, terms)))
        below = np.zeros(len(period), dtype=np.uint8)
        for pack in answers.grades:
            below = np.maximum(below, pack.cells[_address(pack, asked, codes)])
        grade = terms * settings.width + below.astype(np.intp)
        case = tables.cost[period]
        deductions = [_worst(packs, case, codes) for _, packs in answers.costs]
        steps = _kernel.value_steps(
            tables.price[period],
            retentions,
            settings.keeps[grade],
            deductions,
            [(one, other, _of(counted, terms)) for _, one, other, counted in settings.overlaps],
            [pack.cells[_address(pack, asked, codes)] for _, pack in answers.extras],
            _of(settings.factor, terms),
            _of(settings.scrap, terms),
            _of(settings.step, terms),
        )
        values.grade[rows] = settings.grades[grade]
        exchange_value = values.exchange_value[rows]
        for name, step in zip(self._steps, steps, strict=True):
            self._write(name, rows, step)
            exchange_value += step
        coupon_value = values.coupon_value[rows]
        coupon_value += exchange_value
        for name, amount in self._bonuses(exchange_value, tables.offer[period], target):
            self._write(name, rows, amount)
            coupon_value += amount

    def _write(self, name: str, rows: slice, amount: NDArray[np.int64]) -> None:
        """Write a line; a rule that stands in two places is one line."""
        line = self._values.lines[name]
        if name in self._twice:
            line[rows] += amount
        else:
            line[rows] = amount

    def _bonuses(
        self, exchange_value: NDArray[np.int64], offer: NDArray[np.intp], target: _Code
    ) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Yield what is granted of each bonus."""
        bonuses = self._tables.bonuses
        if not bonuses.places:
            return
        known = np.minimum(target, len(bonuses.targets))
        plan = bonuses.plan[offer * (len(bonuses.targets) + 1) + known]
        amounts = [
            _kernel.bonus(exchange_value, *(_of(one, plan) for one in place.amounts)) * place.is_paid[plan]
            for place in bonuses.places
        ]
        granted = _kernel.bonuses(amounts, [place.stackable for place in bonuses.places])
        for place, amount in zip(bonuses.places, granted, strict=True):
            for name, here in place.ids:
                yield f"bonus:{name}", amount if here is None else amount * here[plan]


_Code = NDArray[Any] | int
"""The codes of a column, or the one code of all rows where it is not there."""

_NO_KEY = -1
_FACTS = {"exchange_open": ReasonCode.EXCHANGE_OPEN, "device_exchanged": ReasonCode.DEVICE_EXCHANGED}


@dataclass(frozen=True, slots=True)
class _Age:
    """What the date of purchase leads to: reasons, and what is kept."""

    reasons: NDArray[np.int64]
    keep_bps: NDArray[np.int64]


class _Masks:
    """The rows in which some cell holds what it cannot."""

    def __init__(self) -> None:
        self._rows: NDArray[np.bool_] | None = None

    def add(self, rows: NDArray[np.bool_] | None) -> None:
        """Add rows; None for none."""
        if rows is not None:
            self._rows = rows if self._rows is None else self._rows | rows

    def bits(self) -> NDArray[np.int64] | int:
        """Return the reason, where it is one."""
        return 0 if self._rows is None else self._rows * _INVALID


def _let_prevail(bit: int, reasons: NDArray[np.int64]) -> None:
    """Let a reason stand alone: with it, nothing else was asked."""
    alone = (reasons & bit) != 0
    reasons[alone] = bit


def _codes(
    cells: Mapping[str, _Cells], name: str, code_of: Callable[[str], int], missing: int, no_text: int
) -> Codes | None:
    return Codes(*cells[name], code_of, missing, no_text) if name in cells else None


def _answers(cells: Mapping[str, _Cells], name: str, options: Sequence[str]) -> Codes | int:
    codes, count = {option: code for code, option in enumerate(options)}, len(options)
    column = _codes(cells, name, lambda text: codes.get(text, count + UNKNOWN), count + MISSING, count + STRANGE)
    return count + MISSING if column is None else column


def _address(pack: Pack, case: NDArray[np.intp], codes: Sequence[_Code]) -> NDArray[np.intp]:
    """Return the address of every row's cell in a pack."""
    first, *others = pack.questions
    code = codes[first]
    if others:
        code = np.asarray(code, dtype=np.uint16)
        for number, size in zip(others, pack.sizes[1:], strict=True):
            code = code * np.uint16(size) + codes[number]
    return case * pack.width + code


def _worst(packs: Sequence[Pack], case: NDArray[np.intp], codes: Sequence[_Code]) -> NDArray[np.int64]:
    """Return what the worst finding of a component costs."""
    first, *others = packs
    worst: NDArray[np.int64] = first.cells[_address(first, case, codes)]
    for pack in others:
        worst = np.maximum(worst, pack.cells[_address(pack, case, codes)])
    return worst


def _of(setting: Setting, terms: NDArray[np.intp] | int) -> Any:
    return setting if isinstance(setting, int) else setting[terms]


def _calendar(days: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the count of months since 1970 and the day in the month, from 0 on, of days since 1970."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return months.astype(np.int64), (dates - months.astype("datetime64[D]")).astype(np.int64)
