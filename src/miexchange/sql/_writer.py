"""Writes a programme as the steps of one query: the rules get expressions instead of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlglot import exp

from miexchange import _decisions, _kernel
from miexchange._decisions import BITS, UNVERIFIED
from miexchange.batch.plan._arrays import FINDINGS, MISPLACED, MISSING, STRANGE, UNKNOWN
from miexchange.batch.plan._loop import NO_EVIDENCE, NO_STATUS, WARNINGS
from miexchange.batch.plan._tacs import SERIALS
from miexchange.eligibility import ImeiStatus
from miexchange.money import BPS
from miexchange.programme.rules import COUNTED
from miexchange.refusal import ReasonCode
from miexchange.sql._answers import Cell, Replaced
from miexchange.sql._cells import Cells
from miexchange.sql._comments import OF_PARTS, of_columns
from miexchange.sql._dialects import quoted
from miexchange.sql._ints import Int, Ints
from miexchange.sql._steps import Steps
from miexchange.sql._zones import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from miexchange.batch.plan._plan import Plan
    from miexchange.sql._answers import Answer
    from miexchange.sql._cells import Number
    from miexchange.sql._dialects import Dialect
    from miexchange.sql._sources import Sources
    from miexchange.sql._tables import Layout

__all__ = ["Writer"]

_DAY = 86_400_000_000  # microseconds
_STATUSES = (ImeiStatus.CLEAR, ImeiStatus.BLOCKED, ImeiStatus.TRACKED, ImeiStatus.DUPLICATE, ImeiStatus.UNVERIFIED)
_LINE = 3  # numbers of a line: fewer are as short as steps
_FACTS = {"exchange_open": ReasonCode.EXCHANGE_OPEN, "device_exchanged": ReasonCode.DEVICE_EXCHANGED}
_NUMBERS = ("imei", "imei2")
_INVALID = BITS[ReasonCode.INVALID_VALUE]
_INVALID_FINDING = 1 << FINDINGS.index(ReasonCode.INVALID_VALUE)
_ALL_FINDINGS = (1 << len(FINDINGS)) - 1


class _Steps(list[Int]):
    """The steps of a value that the kernel writes; each intermediate result gets the name of its line."""

    def __init__(self, lines: Sequence[str], names: dict[Int, str]) -> None:
        super().__init__([None] * len(lines))  # type: ignore[list-item] # filled by the kernel
        self._lines, self._names = lines, names

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(place, value)
        if isinstance(value, Int) and value.op == "sub" and place:
            line = self._lines[place]
            title = f"after {line}" if self._lines.count(line) == 1 else f"after {line}, {place}"
            self._names.setdefault(value.args[0], title)


class Writer:
    """Writes one query.

    Attributes:
        steps: the names of its steps and tables, once it is written.
    """

    def __init__(
        self,
        plan: Plan,
        layout: Layout,
        dialect: Dialect,
        *,
        columns: Collection[str],
        keep: Sequence[str] = (),
        at: int | None = None,
    ) -> None:
        """Store the request.

        Args:
            plan: the programme in arrays.
            layout: its tables.
            dialect: the dialect.
            columns: the columns of the table of devices.
            keep: columns that come first in the result.
            at: the instant of the valuation in microseconds since 1970, if no column has it.
        """
        self._plan, self._layout, self._dialect = plan, layout, dialect
        self._rules = plan.rules
        self._columns, self._keep, self._at = set(columns), tuple(keep), at
        self._ints = Ints(cuts_off=dialect.cuts_off)
        self._cells = Cells(self._ints, dialect)
        self._outputs: dict[str, Int] = {}
        self._names: dict[Int, str] = {}
        self._comments: dict[str, str] = {}
        self._comments |= of_columns(plan)
        self.steps: set[str] = set()
        self._read: list[Cell] = []
        self._parts: list[str] = []
        self._last = ""

    def text(self, sources: Sources, devices: str) -> str:
        """Return the query over a table, or a query in brackets, of devices."""
        # All numbers are made before the first is written: what is read of an answer depends on the last of the rules.
        read = self._made(self._read_cells)
        found = self._made(self._find_period)
        self._place()
        columns: list[str] = []
        values = self._made(lambda: columns.extend(self._value()))
        for cell in self._read:
            for name, says in cell.comments().items():
                self._comments[name] = " ".join((self._comments.get(name, ""), f"({says})")).strip()
        self._open(devices)
        self._flush("read", read)
        self._join_names(sources)
        self._flush("found", found)
        self._join_periods(sources)
        steps = self._flush("step", values)
        wanted = {name: steps.column_of(name) for name in columns}
        named = {name: f"keep:{name}" for name in self._keep} | wanted
        lines = ",\n".join(
            f"  {self._q(column)}" + (f" AS {self._q(name)}" if name != column else "")
            for name, column in named.items()
        )
        epoch = None if self._at is None else self._epoch().constant
        tables = list(sources.texts(self._layout, epoch))
        self.steps |= {one.partition("(")[0].partition(" ")[0] for one in tables}
        every = ",\n".join((*tables, *self._parts))
        return f"WITH\n{every}\nSELECT\n{lines}\nFROM {self._last}\n"

    def _q(self, name: str) -> str:
        return quoted(name, self._dialect.name)

    # Steps.

    def _part(self, name: str, select: str) -> None:
        self.steps.add(name)
        comment = OF_PARTS.get(name.removesuffix("_1"), "")
        self._parts.append(f"{comment}{name} AS (\n{select}\n)")
        self._last = name

    def _carry(self, name: str, number: Int, comment: str = "", outputs: dict[str, Int] | None = None) -> Int:
        """Make a number a column, and return that column, as later steps read it."""
        if number.constant is not None and number.op != "text":
            return number
        (self._outputs if outputs is None else outputs)[name] = number
        if comment:
            self._comments[name] = comment
        return self._ints.carried(name, number)

    def _made(self, make: Callable[[], object]) -> dict[str, Int]:
        """Return the numbers that a part of the rules carries."""
        self._outputs = {}
        make()
        return self._outputs

    def _flush(self, name: str, outputs: Mapping[str, Int]) -> Steps:
        """Write the steps of carried numbers."""
        steps = Steps(self._dialect, outputs, self._names, name)
        for number, columns in enumerate(steps.levels(), 1):
            self._part(f"{name}_{number}", steps.select(self._last, columns, self._comments))
        return steps

    # From the cells to numbers.

    def _open(self, devices: str) -> None:
        read = [name for name in self._known() if name in self._columns]
        columns = [f"    {self._q(name)}{self._exactly(name)} AS {self._q(f'cell:{name}')}" for name in read]
        columns += [f"    {self._q(name)} AS {self._q(f'keep:{name}')}" for name in self._keep]
        fence = f"\n  {self._dialect.fence}" if self._dialect.fence else ""
        lines = ",\n".join(columns)
        self._part("cells", f"  SELECT\n{lines}\n  FROM {devices}{fence}")
        numbers = [name for name in _NUMBERS if name in self._columns]
        steps = Steps(self._dialect, {}, {})
        cells = self._cells
        parts = {"plain": cells.plain, "stripped": cells.stripped, "digits": cells.compact} if numbers else {}
        for what, of in parts.items():
            texts = {f"{what}:{name}": of(name).sql(dialect=self._dialect.name) for name in numbers}
            self._part(what, steps.select(self._last, texts, {}))

    def _exactly(self, name: str) -> str:
        """Return the clause that makes a column of texts compare exactly; numbers have no collation."""
        is_text = name not in {"register_asked_at", "purchased_on", "at", *_FACTS, *self._plan.numeric}
        return self._dialect.exactly if is_text else ""

    def _known(self) -> tuple[str, ...]:
        facts = ("model", *_NUMBERS, "imei_status", "register_asked_at", "purchased_on", "at", *_FACTS, "target")
        return (*facts, *self._plan.texts, *dict.fromkeys(self._plan.columns.values()))

    def _read_cells(self) -> None:
        ints, plan, there = self._ints, self._plan, self._columns
        wrong: list[Int] = []
        targets = [(target, code) for code, target in enumerate(plan.targets, 1)]
        statuses = [(f"{status}", code) for code, status in enumerate(_STATUSES)]
        self.status = self._code("status", "imei_status", statuses, UNVERIFIED, NO_STATUS, NO_STATUS)
        self.target = self._code("target", "target", targets, 0, 0, len(targets) + 1)
        wrong += [self.status == NO_STATUS, self.target == len(targets) + 1]
        self.answers = [self._answer(name, texts) for name, texts in (*plan.questions.items(), *plan.texts.items())]
        self.at = ints.of(self._at or 0)
        if self._at is None:
            at, is_strange = self._cells.instant("at", 0)
            self.at = self._carry("instant", at, "the instant of the valuation, in microseconds since 1970")
            wrong += [is_strange, self._cells.is_missing("at")]
        self.evidence, self.bought = ints.of(NO_EVIDENCE), ints.of(0)
        self.is_bought = ints.of(0)
        if "register_asked_at" in there:
            asked, is_strange = self._cells.instant("register_asked_at", NO_EVIDENCE)
            self.evidence = self._carry("evidence", asked, "when the register was asked, likewise")
            wrong.append(is_strange)
        if "purchased_on" in there:
            bought, is_strange = self._cells.day("purchased_on", 0)
            if self._rules.scales.counts_months:
                self.bought = self._carry("bought", bought, "the day of the purchase, in days since 1970")
                is_bought = ints.compare(
                    "eq", ints.choose(self._cells.is_missing("purchased_on"), ints.of(1), ints.of(0)), ints.of(0)
                )
                self.is_bought = self._carry("is bought", is_bought)
            wrong.append(is_strange)
        facts = [
            ints.choose(self._cells.flag(name), ints.of(BITS[code]), ints.of(0))
            for name, code in _FACTS.items()
            if name in there
        ]
        strange = ints.of(0)
        for one in wrong:
            strange = strange | one
        facts.append(strange * _INVALID)
        self.facts = self._carry("facts", ints.union(facts), "what the cells alone say against the device")
        self.numbers = [self._read_number(name) for name in _NUMBERS if name in there]

    def _code(
        self, name: str, column: str, texts: list[tuple[str, int]], missing: int, unknown: int, foreign: int
    ) -> Int:
        if column not in self._columns:
            return self._ints.of(missing)
        return self._carry(name, self._cells.code(column, texts, missing, unknown, foreign))

    def _answer(self, name: str, texts: Sequence[str]) -> Answer:
        plan, unknown, missing, foreign = self._plan, len(texts) + UNKNOWN, len(texts) + MISSING, len(texts) + STRANGE
        column = plan.columns.get(name, name)
        if column not in self._columns:
            return Replaced(self._ints, self._ints.of(missing))
        codes = plan.codes.get(name) or {text: code for code, text in enumerate(texts)}
        is_number, choices = column in plan.numeric, plan.choices.get(column, ())

        def write(number: Callable[[int], int]) -> exp.Expr:
            named = [(text, number(code)) for text, code in codes.items()]
            others = number(missing), number(unknown), number(foreign)
            return self._cells.case(column, named, *others, is_number=is_number, choices=choices)

        outputs = self._outputs
        cell = Cell(
            self._ints,
            foreign + 1,
            write,
            lambda title, number: self._carry(title, number, outputs=outputs),
            f"answer:{name}",
        )
        self._read.append(cell)
        return cell

    def _read_number(self, name: str) -> Number:
        number = self._cells.number(name)
        parts = {field: self._carry(f"{name}: {field}", part) for field, part in number._asdict().items()}
        self._comments[f"{name}: found"] = "3GPP TS 23.003 annex B: what a text is that is no IMEI"
        return number._replace(**parts)

    # Look-ups.

    def _join_names(self, sources: Sources) -> None:
        q, layout = self._q, self._layout
        model = f"s.{q('cell:model')}"
        nameless = f"{model} IS NULL"
        if self._dialect.has_foreign_text:
            nameless += f" OR (n.{q('key')} IS NULL AND NOT IS_VALID_UTF8({model}))"
        defaults = (("key", layout.missing[0], layout.unknown[0]), ("family", layout.missing[1], layout.unknown[1]))
        columns = [
            f"    CASE WHEN {nameless} THEN {missing} ELSE COALESCE(n.{q(name)}, {unknown}) END AS {q(name)}"
            for name, missing, unknown in defaults
        ]
        joins = [f"  LEFT JOIN {sources.name('names')} AS n ON {model} = n.{q('name')}"]
        for place, name in enumerate(name for name in _NUMBERS if name in self._columns):
            tac = "tac_" + str(place)
            columns += [
                f"    COALESCE({tac}.{q(field)}, -1) AS {q(f'{name}: {field}')}"
                for field in ("tac_group", "said", "suspect")
            ]
            joins.append(f"  LEFT JOIN {sources.name('tacs')} AS {tac} ON s.{q(f'{name}: tac')} = {tac}.{q('tac')}")
        self._join("named", columns, joins)

    def _join(self, name: str, columns: Sequence[str], joins: Sequence[str]) -> None:
        fence = [f"  {self._dialect.fence}"] if self._dialect.fence else []
        lines = ",\n".join(columns)
        self._part(name, "\n".join((f"  SELECT s.*,\n{lines}", f"  FROM {self._last} AS s", *joins, *fence)))

    def _find_period(self) -> None:
        ints, layout = self._ints, self._layout
        keys = len(layout.tables.periods["period"]) // (len(layout.starts) + 1)
        key = ints.column("key", 0, keys - 1)
        family = ints.column("family", 0, layout.families - 1)
        period = key * (len(layout.starts) + 1) + self._epoch()
        self._carry("period", period)
        self.said: list[Int] = []
        self.suspects: list[Int] = []
        for name, number in zip((one for one in _NUMBERS if one in self._columns), self.numbers, strict=True):
            listed, said, suspect = (
                ints.column(f"{name}: {field}", -1, most)
                for field, most in (("tac_group", len(layout.said)), ("said", int(layout.said.max())), ("suspect", 1))
            )
            kind = ints.table([number.digits // (10**7 * SERIALS)], layout.bodies)
            is_listed = listed >= 0
            group = ints.choose(is_listed, listed, kind)
            ints.known(group, 0, len(layout.said) - 1)
            self._carry(
                f"{name}: pair", group * layout.families + family, "what the TAC and the model say of one another"
            )
            most = ints.choose(is_listed, said, ints.table([kind], layout.said))
            self.said.append(self._carry(f"{name}: said of most", ints.known(most, 0, int(layout.said.max()))))
            suspected = ints.choose(is_listed, suspect, ints.table([kind], layout.suspects))
            self.suspects.append(self._carry(f"{name}: is suspect", suspected == 1))

    def _epoch(self) -> Int:
        """Return the period of an instant, among those without a change for any model."""
        starts = self._layout.starts
        return self._ints.steps(self.at, starts, [self._ints.of(number) for number in range(len(starts) + 1)])

    def _join_periods(self, sources: Sources) -> None:
        q = self._q
        columns = [f"    p.{q(name)}" for name, fact in self._facts().items() if fact.min() != fact.max()]
        joins = [f"  JOIN {sources.name('periods')} AS p ON s.{q('period')} = p.{q('period')}"]
        for place, name in enumerate(one for one in _NUMBERS if one in self._columns):
            columns.append(
                f"    COALESCE(fits_{place}.{q('fit')}, s.{q(f'{name}: said of most')}) AS {q(f'{name}: fit')}"
            )
            joins.append(
                f"  LEFT JOIN {sources.name('fits')} AS fits_{place} "
                f"ON s.{q(f'{name}: pair')} = fits_{place}.{q('pair')}"
            )
        self._join("placed", columns or [f"    1 AS {q('placed')}"], joins)

    def _facts(self) -> dict[str, Any]:
        return {name: fact for name, fact in self._layout.tables.periods.items() if name != "period"}

    def _place(self) -> None:
        """Make the rules in force numbers, as they are once the tables are joined."""
        ints = self._ints
        self.period = {
            name: ints.column(
                name, int(fact.min()), int(fact.max()), int(np.bitwise_or.reduce(fact)) if fact.min() >= 0 else -1
            )
            if fact.min() != fact.max()
            else ints.of(int(fact[0]))
            for name, fact in self._facts().items()
        }

    # Decisions and values.

    def _value(self) -> list[str]:
        ints, plan, period = self._ints, self._plan, self.period
        is_asked = period["asked"] > 0
        found, is_known = self._judge()
        passing = _decisions.let_pass(found, period["doubts"])
        self._leave_out()
        against, grade = self._read_answers(is_asked)
        rates, labels = self._labels(is_asked)
        every = ints.union([self.facts, period["against"], found ^ passing, against, *labels])
        self._names[every] = "reasons found"
        shown = _decisions.shown(every)
        self._names[shown] = "reasons shown"
        refused = shown > 0
        exchange_value, lines = self._lines(rates, grade)
        bonuses = self._bonuses(exchange_value)
        coupon_value = exchange_value
        by_name: dict[str, Int] = {}
        for name, amount in zip(plan.lines, lines, strict=False):
            by_name[name] = by_name[name] + amount if name in by_name else amount
        for name, amount in bonuses.items():
            by_name[name] = amount
            coupon_value = coupon_value + amount
        grades = ints.table([period["terms"], grade], self._rules.settings.ids, lambda one: ints.text(plan.grades[one]))
        none = [0] * (1 << len(WARNINGS))
        warned = [
            sum(BITS[WARNINGS[bit]] for bit in range(len(WARNINGS)) if one >> bit & 1) for one in range(len(none))
        ]
        names = [
            "|".join(f"{WARNINGS[bit]}" for bit in range(len(WARNINGS)) if one >> bit & 1) for one in range(len(none))
        ]
        told = passing & (warned[-1])
        warnings = ints.text(names[-1])
        for bits, text in list(zip(warned, names, strict=True))[-2::-1]:
            warnings = ints.choose(told == bits, ints.text(text), warnings)
        outcome = ints.choose(
            refused, ints.text("refused"), ints.choose(is_known, ints.text("quote"), ints.text("indicative"))
        )
        columns = {
            "outcome": outcome,
            "reasons": ints.call(
                _names_of,
                shown,
                value=(tuple((f"{code}", bit) for code, bit in BITS.items() if every.bits & bit), self._dialect),
            ),
            "warnings": ints.choose(refused, ints.text(""), warnings),
        }
        nothing = ints.null()
        amounts = {f"{name}_minor": amount for name, amount in by_name.items()}
        amounts |= {"exchange_value_minor": exchange_value, "coupon_value_minor": coupon_value}
        wide = {"grade": grades} | amounts
        for name, number in wide.items():
            columns[name] = ints.choose(refused, nothing, number)
        for name, number in columns.items():
            self._outputs[name] = number
        return list(columns)

    def _judge(self) -> tuple[Int, Int]:
        """Return the reasons about the IMEIs, doubts included, and whether one of them is known."""
        ints = self._ints
        columns = [name for name in _NUMBERS if name in self._columns]
        found, is_known, is_same, given = ints.of(0), ints.of(0), ints.of(0), ints.of(0)
        bodies = [int(body) for body in self._rules.tacs.placeholders]
        for place, (name, number) in enumerate(zip(columns, self.numbers, strict=True)):
            said = ints.column(
                f"{name}: fit",
                0,
                int(self._rules.tacs.reasons.max()),
                int(np.bitwise_or.reduce(self._rules.tacs.reasons)),
            )
            body = number.digits // 10
            is_body = ints.case(body, dict.fromkeys(bodies, ints.of(1)), ints.of(0))
            is_placeholder = ints.both(self.suspects[place], is_body == 1)
            said = _decisions.identity(said, is_placeholder)
            found = found | number.found | ints.choose(number.is_known, said, ints.of(0))
            given = given + ints.choose(number.given, ints.of(1), ints.of(0))
            if place:
                first = self.numbers[0]
                is_same = ints.both(ints.both(first.is_known, number.is_known), first.digits // 10 == body)
            is_known = is_known | number.is_known
        is_old = _decisions.is_stale(self.evidence, self.at, self.period["hours"])
        found = found | _decisions.numbers(is_known, given == 1, is_same, self.status, is_old)
        return found, is_known

    def _leave_out(self) -> None:
        """Replace the code of an answer whose question is not asked."""
        ints, answers, given = self._ints, self._rules.answers, list(self.answers)
        names = list(self._plan.questions)
        for guard, (guarded, before) in enumerate(zip(answers.guarded, answers.guards, strict=True)):
            code, earlier = self.answers[guarded].code, given[before].code
            opens = answers.opens[guard, :, : earlier.most + 1].astype(np.int64)
            is_open = ints.table([self.period["asked"], earlier], self._graded(opens)) == 1
            other = ints.table([code], answers.unasked[guard, : code.most + 1].astype(np.int64))
            asked = ints.choose(is_open, code, other)
            self.answers[guarded] = Replaced(ints, asked)
            self._names[asked] = f"answer:{names[guarded]} if asked"

    def _read_answers(self, is_asked: Int) -> tuple[Int, Int]:
        """Return the reasons against the answers, a set of `BITS`, and the steps below the best grade."""
        ints, answers = self._ints, self._rules.answers
        against = self._findings()
        read = against & ints.choose(is_asked, ints.of(_ALL_FINDINGS), ints.of(_INVALID_FINDING))
        bits = [
            ints.choose((read & 1 << bit) > 0, ints.of(BITS[code]), ints.of(0)) for bit, code in enumerate(FINDINGS)
        ]
        below = self._graded(answers.grades)
        grades = [self._by_answer(number, below, "grade") for number in range(len(self._plan.questions))]
        worst = ints.largest([one for one in grades if one.constant != 0] or [ints.of(0)])
        self._names[worst] = "grade found"
        return ints.union(bits), worst

    def _findings(self) -> Int:
        """Return what is found against the answers to all questions: in each case, the bits of all are united."""
        ints, graded = self._ints, self._graded(self._rules.answers.reasons)

        def of_case(case: int) -> Int:
            return ints.union(
                answer.of(graded[case, self._codes_of(number)], "findings", len(FINDINGS))
                for number, answer in enumerate(self.answers[: len(self._plan.questions)])
            )

        return ints.table([self.period["asked"]], np.arange(len(graded)), of_case)

    def _by_answer(self, number: int, numbers: Any, says: str) -> Int:
        """Return the element of an array by case and code, for the answer to a question."""
        rows, answer = numbers[:, self._codes_of(number)], self.answers[number]
        return self._ints.table([self.period["asked"]], np.arange(len(rows)), lambda case: answer.of(rows[case], says))

    def _graded(self, numbers: Any) -> Any:
        """Use the last case for a device that is not graded; it is not read."""
        numbers = np.array(numbers, dtype=np.int64)
        numbers[0] = numbers[-1]
        return numbers

    def _labels(self, is_asked: Int) -> tuple[list[Int], list[Int]]:
        """Return the share that each rule of the list keeps, and the reasons against its labels."""
        ints, scales = self._ints, self._rules.scales
        rates, against = [], []
        facts = [*COUNTED, *self._plan.questions, *self._plan.texts]
        for number in range(len(scales.reads)):
            name = facts[int(scales.reads[number])]
            kept, last = scales.kept[number], int(scales.last[number])
            if name in COUNTED:
                position = _kernel.position_of(self._count(name), last)
                position = ints.known(position, 0, last + 2)
                kept = kept[:, : last + 3]
            else:
                position = self.answers[int(scales.reads[number]) - len(COUNTED)].code
                kept = kept[:, : position.most + 1]
            self._names[position] = f"label:{name}"
            version = ints.choose(is_asked, self.period["terms"] + 1, ints.of(0))
            rates.append(self._runs([version], np.maximum(kept, 0), position))
            against.append(self._runs([version], np.maximum(-kept, 0), position))
        return rates, against

    def _runs(self, subjects: list[Int], numbers: Any, position: Int) -> Int:
        """Return the element at a position of a row that subjects choose; neighbours are often equal, or on a line."""
        ints = self._ints

        def of_row(row: int) -> Int:
            values = [int(one) for one in numbers[row]]
            starts, lines = [0], []
            while starts[-1] < len(values):
                first = starts[-1]
                end = _end_of_line(values, first)
                slope = values[first + 1] - values[first] if end - first > 1 else 0
                bounds = min(values[first:end]), max(values[first:end])
                one = (
                    ints.line(position, slope, values[first] - slope * first, *bounds) if slope else ints.of(bounds[0])
                )
                lines.append(one)
                starts.append(end)
            return ints.steps(position, starts[1:-1], lines)

        return ints.table(subjects, np.arange(len(numbers)), of_row)

    def _count(self, name: str) -> Int:
        ints = self._ints
        if name == "days_priced":
            return (self.at - self.period["priced_from"]) // _DAY
        since = _kernel.calendar(self.bought)
        on = _kernel.calendar(local_day(ints, self.at, self._rules.zone))
        return ints.choose(self.is_bought, _kernel.whole_months(*since, *on), ints.of(_kernel.NOT_GIVEN))

    def _lines(self, rates: list[Int], grade: Int) -> tuple[Int, list[Int]]:
        ints, plan, period = self._ints, self._plan, self.period
        answers, settings = self._rules.answers, self._rules.settings
        price = period["price"]
        retentions = []
        for place, question in enumerate(int(one) for one in answers.retentions):
            applies = answers.applies[:, place]
            keeps = self._graded(np.where(applies[:, None], answers.keeps, BPS))
            retentions.append(self._by_answer(question, keeps, "share kept"))
        retentions += rates
        retentions.append(ints.table([period["terms"], grade], settings.keeps))
        terms = period["terms"]
        lines = plan.lines[: self._rules.steps]
        steps = _Steps(lines, self._names)
        value = _kernel.write_steps(
            steps,
            price,
            retentions,
            self._deductions(price),
            [int(one) for one in settings.ones],
            [int(one) for one in settings.others],
            [ints.table([terms], settings.counted[:, place]) for place in range(len(settings.ones))],
            [self._by_answer(int(question), self._graded(answers.extras), "extra") for question in answers.added],
            ints.table([terms], settings.factor),
            period["scrap"],
            ints.table([terms], settings.step),
        )
        self._names[value] = "value"
        return value, list(steps)

    def _deductions(self, price: Int) -> list[Int]:
        """Return the cost of each component: the worst of its answers."""
        ints, answers = self._ints, self._rules.answers
        costs: list[Int] = [ints.of(0)] * answers.components
        tables = {
            name: self._graded(getattr(answers, name)) for name in ("component", "anchor", "fixed", "share", "weight")
        }
        is_cost = (tables["fixed"] > 0) | (tables["share"] > 0) | (tables["weight"] > 0)
        for question in range(len(self._plan.questions)):
            if not answers.is_costly[question]:
                continue
            for component in range(answers.components):
                is_own = is_cost & (tables["component"] == component)
                codes = self._codes_of(question)
                if not is_own[:, codes].any():
                    continue
                fixed, share, weight = (
                    self._by_answer(question, np.where(is_own, tables[name], 0), name)
                    for name in ("fixed", "share", "weight")
                )
                anchor = self._anchor(question, tables["anchor"], (tables["weight"] > 0) & is_own)
                cost = _kernel.finding(price, anchor, fixed, share, weight)
                costs[component] = _kernel.at_least(cost, costs[component])
        return costs

    def _anchor(self, question: int, anchors: Any, needed: Any) -> Int:
        """Return the repair anchor of an answer; where none is needed, any of them, or 0."""
        codes, ints = self._codes_of(question), self._ints
        used = [int(place) for place in np.unique(anchors[:, codes][needed[:, codes]])]
        if not used:
            return ints.of(0)
        places = np.where(needed, np.searchsorted(used, anchors), 0)
        places = np.minimum(places, len(used) - 1)
        place = self._by_answer(question, places, "anchor")
        return ints.table([place], np.array(used), lambda one: self.period[f"anchor {one}"])

    def _codes_of(self, question: int) -> slice:
        base = int(self._rules.answers.base[question])
        return slice(base, base + len(list(self._plan.questions.values())[question]) + MISPLACED + 1)

    def _bonuses(self, value: Int) -> dict[str, Int]:
        """Return the granted amount of each bonus, by its line."""
        ints, bonuses, lines = self._ints, self._rules.bonuses, self._plan.lines
        first = self._rules.steps
        granted = dict.fromkeys(lines[first:], ints.of(0))
        if not granted or not len(bonuses.stackable):
            return granted
        case = ints.table([self.period["offer"], self.target], bonuses.case.astype(np.int64))
        self._names[case] = "offer of bonuses"
        amounts = []
        for place in range(len(bonuses.stackable)):
            of = [
                ints.table([case], getattr(bonuses, name)[place]) for name in ("from_value", "fixed", "share", "most")
            ]
            amounts.append(_kernel.bonus(value, *of))
        _kernel.grant(amounts, [bool(one) for one in bonuses.stackable])
        for place, amount in enumerate(amounts):
            for line in np.unique(bonuses.line[place]):
                if line < first:
                    continue
                is_own = ints.table([case], (bonuses.line[place] == line).astype(np.int64))
                name = lines[int(line)]
                granted[name] = granted[name] + ints.choose(is_own == 1, amount, ints.of(0))
        return granted


def _names_of(found: exp.Expr, given: tuple[Sequence[tuple[str, int]], Dialect]) -> exp.Expr:
    """Return the names of a set of bits, joined by ``|``."""
    codes, dialect = given
    found = found if isinstance(found, exp.Column) else exp.Paren(this=found)
    number = exp.Literal.number
    texts = []
    for name, bit in codes:
        has = exp.GT(
            this=exp.Paren(this=exp.BitwiseAnd(this=found.copy(), expression=number(bit))), expression=number(0)
        )
        texts.append(exp.Case(ifs=[exp.If(this=has, true=exp.Literal.string(name))]))
    none = exp.EQ(this=found.copy(), expression=number(0))
    return exp.Case(ifs=[exp.If(this=none, true=exp.Literal.string(""))], default=dialect.joins("|", texts))


def _end_of_line(values: Sequence[int], first: int) -> int:
    """Return the end of the numbers from a place on that are equal, or of three or more that are on a line."""
    slopes = [later - one for one, later in zip(values[first:], values[first + 1 :], strict=False)]
    same = 0
    while same < len(slopes) and slopes[same] == slopes[0]:
        same += 1
    return first + 1 + (same if same >= _LINE or (slopes and slopes[0] == 0) else 0)
