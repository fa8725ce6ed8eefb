"""Polars as a contender: the same check and the same programme as lazy expressions over an Arrow table.

Every stage adds columns to those before it, so each stands for a step of the rules. What made it
fast: answers as chains of `when` over the dictionary's codes (`replace_strict`, enums and `gather`
were all slower), all findings of a device in one narrow integer, unsigned whole numbers for IMEIs,
and one join for all that is dated. Set POLARS_MAX_THREADS before the import to choose the threads.
"""

from __future__ import annotations

from functools import reduce
from operator import add, and_, or_
from typing import TYPE_CHECKING, Literal

import polars as pl

from _contract import BIT, OUTCOMES, result_columns
from _polars_imei import imei_stages
from _relations import Relations, micros, placeholders, reporting_bodies, with_anchors_there
from _rules import (
    DAY,
    FIRST_REASON,
    MISSING,
    NOT_ASKED,
    REASONS,
    SIZE,
    UNKNOWN,
    costs,
    deduction_of,
    extra,
    grade_bit,
    keep,
    keeps,
    offers,
    packed,
    refusing,
)
from _tables import exception_table, fact_table, tac_table, with_codes
from miexchange import ReasonCode
from miexchange.money import BPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from _rules import Offer
    from miexchange import Option, Programme, Question, Terms

    _Stage = dict[str, pl.Expr]

__all__ = ["Polars"]


class Polars:
    """A table of devices and a programme in Polars, made once; then each verb is one lazy query."""

    def __init__(
        self,
        table: pa.Table,
        programme: Programme,
        *,
        join: Literal["epoch", "asof"] = "epoch",
        engine: Literal["in-memory", "streaming"] = "streaming",
    ) -> None:
        """Take the table, which is not copied where it is numbers, and make the relations of the programme.

        Args:
            table: the devices, as `devices` makes them.
            programme: the rules.
            join: how what is dated is joined: by a dense key of name and window, or as of the instant.
            engine: which engine of Polars runs the query.
        """
        self._codes, numbers = with_codes(table)
        self._frame = _frame(numbers)
        self._programme = programme = with_anchors_there(programme)
        self._relations = Relations(programme, self._codes["model"])
        self._questions = programme.terms[0].questionnaire.questions
        self._components = tuple(programme.terms[0].components)
        self._join: Literal["epoch", "asof"] = join
        self._engine: Literal["in-memory", "streaming"] = engine

    def validate(self) -> pl.DataFrame:
        """Return the position of the reason for each IMEI in `ReasonCode`, -1 for a valid one, null for null."""
        stages = imei_stages()
        return _stacked(self._frame.lazy().select("imei"), *stages).select("why").collect(engine=self._engine)

    def appraise(self) -> pl.DataFrame:
        """Return the result of every row; see `_contract`. `outcome` and `grade` are enums."""
        result = self._valued(self._frame.lazy()).select(result_columns(self._programme))
        return result.collect(engine=self._engine)

    def sink(self, source: Path, target: Path) -> None:
        """Value a file and write a Parquet file; see `_contract` for the columns after `row`.

        The table that the contender was made with says which texts stand for which codes.
        """
        frame = pl.scan_parquet(source)
        if source.suffix == ".csv":
            names = [
                name for name in pl.scan_csv(source, infer_schema=False).collect_schema() if name != "purchased_on"
            ]
            kinds = {**dict.fromkeys(names, pl.String), "purchased_on": pl.Date}
            instant = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
            frame = pl.scan_csv(source, schema_overrides=kinds).with_columns(at=instant)
        coded = {
            name: pl.col(name).cast(pl.String).cast(pl.Enum(list(texts)), strict=False).to_physical()
            for name, texts in self._codes.items()
        }
        devices = frame.with_row_index("row").with_columns(instant=pl.col("at").dt.epoch("us"), **coded)
        result = self._valued(devices).select("row", *result_columns(self._programme))
        result.sink_parquet(target, compression="snappy", engine="streaming")

    def _valued(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        tac = {"tac": pl.when(pl.col("why") == -1).then(pl.col("v") // 10_000_000).cast(pl.Int64)}
        frame = _stacked(frame, *imei_stages(), tac, *self._findings())
        frame = self._with_facts(frame).join(
            _frame(tac_table(self._relations)).lazy(), on="tac", how="left", maintain_order="left"
        )
        if self._relations.exceptions:
            exceptions = _frame(exception_table(self._relations)).lazy()
            frame = frame.join(exceptions, on=["tac", "family"], how="left", maintain_order="left")
        return _stacked(frame, *self._eligibility(), *self._value(), *self._bonuses())

    def _with_facts(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        if self._join == "asof":
            facts = _frame(fact_table(self._relations, by_epoch=False)).lazy().drop("key", "until").sort("since")
            facts = facts.with_columns(pl.col("name").alias("model").cast(self._frame.schema["model"]))
            numbered = frame.with_row_index("row").sort("instant")
            joined = numbered.join_asof(facts, left_on="instant", right_on="since", by="model", check_sortedness=False)
            return joined.sort("row")
        starts = self._relations.starts
        window = reduce(add, [(pl.col("instant") >= start).cast(pl.Int32) for start in starts[1:]], pl.lit(0, pl.Int32))
        keyed = frame.with_columns(key=pl.col("model").cast(pl.Int32) * len(starts) + window)
        facts = _frame(fact_table(self._relations, by_epoch=True)).lazy().drop("name", "since", "until")
        return keyed.join(facts, on="key", how="left", maintain_order="left")

    # Answers.

    def _is(self, column: str, text: str) -> pl.Expr:
        coded = self._codes.get(column)
        if coded is None:
            return pl.col(column) == text
        return pl.col(column) == coded[text] if text in coded else pl.lit(value=False)

    def _answer(
        self, question: Question, of: Callable[[Option], int], missing: int, unknown: int, kind: type[pl.DataType]
    ) -> pl.Expr:
        """Return the number that stands for each answer."""
        column, coded = pl.col(question.id), self._codes.get(question.id)
        numbers = {option.id: of(option) for option in question.options}
        if question.optional:
            missing = numbers[question.options[-1].id]
        if coded is None:
            branches = [(column == text, number) for text, number in numbers.items()]
            branches.append((column.is_null(), missing))
            return _chosen(branches, unknown, kind)
        return _chosen([(column == code, numbers.get(text, unknown)) for text, code in coded.items()], missing, kind)

    def _findings(self) -> tuple[_Stage, ...]:
        """Return the stages that read every question that is asked of all models, before the joins."""
        of_all = [one for one in self._questions if one.id not in self._relations.restricted]
        found = {f"{one.id} found": self._answer(one, packed, MISSING, UNKNOWN, pl.UInt32) for one in of_all}
        every = reduce(or_, map(pl.col, found))
        return (
            found,
            {"found": every & (2**SIZE - 1), **{f"{name} size": self._size(name) for name in self._components}},
        )

    def _size(self, component: str) -> pl.Expr:
        """Return the largest deduction of a component group: all are of one kind, so the largest is the worst."""
        sizes = [pl.col(f"{one.id} found") for one in self._questions if one.component == component and costs(one)]
        largest = sizes[0] if len(sizes) == 1 else pl.max_horizontal(sizes)
        size: pl.Expr = largest // 2**SIZE
        return size

    def _if_asked(self, question: Question, then: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
        if question.id not in self._relations.restricted:
            return then
        bit = 1 << self._relations.restricted.index(question.id)
        return pl.when(pl.col("asked") & bit != 0).then(then).otherwise(otherwise)

    def _effects(self) -> _Stage:
        """Return what is left to read of the answers: questions not asked of all, what is kept, and extras."""
        stage = {}
        found = [pl.col("found")]
        for question in self._questions:
            if question.id in self._relations.restricted:
                then = self._answer(question, packed, MISSING, UNKNOWN, pl.UInt32)
                found.append(
                    self._if_asked(question, then, _chosen([(pl.col(question.id).is_null(), 0)], NOT_ASKED, pl.UInt32))
                )
            if keeps(question):
                kept = self._answer(question, keep, BPS, BPS, pl.Int64)
                stage[f"{question.id} kept"] = self._if_asked(question, kept, pl.lit(BPS, pl.Int64))
            if any(option.extra_minor for option in question.options):
                added = self._answer(question, extra, 0, 0, pl.Int64)
                stage[f"extra:{question.id}"] = self._if_asked(question, added, pl.lit(0, pl.Int64))
        return {"findings": reduce(or_, found), **stage}

    # Eligibility.

    def _by_terms(self, of: Callable[[Terms], int]) -> pl.Expr:
        """Return what depends on the terms: a constant where all agree."""
        terms = self._programme.terms
        if len({of(one) for one in terms}) == 1:
            return pl.lit(of(terms[0]), pl.Int64)
        later = [(pl.col("instant") >= micros(one.effective_from), of(one)) for one in reversed(terms[1:])]
        return _chosen(later, of(terms[0]), pl.Int64)

    def _eligibility(self) -> tuple[_Stage, ...]:
        of_rows = BIT[ReasonCode.INVALID_VALUE]  # the codes after it are never about a row
        bit = {code: pl.lit(BIT[code], pl.Int64) for code in ReasonCode if BIT[code] <= of_rows}
        none = pl.lit(0, pl.Int64)
        first_two = pl.col("v") // 10**13
        by_status = {
            status: [rbi for rbi, one in reporting_bodies().items() if (one == "test") == status]
            for status in (True, False)
        }
        number = (
            pl.when(pl.col("suspect") & (pl.col("v") // 10).is_in(sorted(map(int, placeholders()))))
            .then(bit[ReasonCode.IMEI_PLACEHOLDER])
            .when(first_two.is_in(by_status[False]))
            .then(none)
            .when(first_two.is_in(by_status[True]))
            .then(bit[ReasonCode.IMEI_TEST])
            .otherwise(bit[ReasonCode.IMEI_REPORTING_BODY])
        )
        unknown, other = BIT[ReasonCode.TAC_UNKNOWN], BIT[ReasonCode.TAC_OTHER_MODEL]
        tests = [(pl.col("tac_family").is_null() | (pl.col("tac_family") == -1), unknown)]
        if self._relations.exceptions:
            tests += [(pl.col("fits"), 0), (~pl.col("fits"), unknown)]
        tests.append(((pl.col("tac_family") == pl.col("family")) | (pl.col("family") == -1), 0))
        tac = _chosen(tests, other, pl.Int64)
        status = (
            pl.when(self._is("imei_status", "clear"))
            .then(none)
            .when(self._is("imei_status", "blocked"))
            .then(bit[ReasonCode.IMEI_BLOCKED])
            .when(self._is("imei_status", "tracked"))
            .then(bit[ReasonCode.IMEI_TRACKED])
            .when(self._is("imei_status", "duplicate"))
            .then(bit[ReasonCode.IMEI_DUPLICATE])
            .otherwise(bit[ReasonCode.IMEI_UNVERIFIED])
        )
        shapes = [
            (pl.col("why") == position, 1 << position) for position in range(len(ReasonCode)) if position <= LAST_SHAPE
        ]
        identity = pl.when(pl.col("why") == -1).then(number | tac | status).otherwise(_chosen(shapes, 0, pl.Int64))
        stale = pl.col("instant") - pl.col("priced_from") > self._by_terms(lambda one: one.price_max_age_days * DAY)
        missing = [
            (pl.col(f"{name} size") > 0) & pl.col(f"anchor {kind.anchor}").is_null()
            for name in self._components
            if (kind := deduction_of(name, self._questions)).anchor
        ]
        of_answers = (
            (pl.col("findings") & REASONS).cast(pl.Int64) * 2**FIRST_REASON
            | pl.when(pl.col("stale")).then(bit[ReasonCode.PRICE_STALE]).otherwise(none)
            | pl.when(reduce(or_, missing, pl.lit(value=False))).then(bit[ReasonCode.PRICE_MISSING]).otherwise(none)
        )
        begins = micros(self._programme.terms[0].effective_from)
        return (
            {"identity": identity, "stale": stale, **self._effects()},
            {
                "judged": pl.col("identity") & self._by_terms(refusing)
                | pl.col("model_bits")
                | pl.when(pl.col("family") == -1).then(none).otherwise(of_answers)
            },
            {
                "reasons": pl.when(pl.col("instant") < begins)
                .then(bit[ReasonCode.PROGRAMME_NOT_IN_FORCE])
                .otherwise(pl.col("judged"))
            },
            {
                "warnings": pl.when(pl.col("reasons") == 0).then(pl.col("identity")).otherwise(none),
                "outcome": _chosen([(pl.col("reasons") != 0, 2), (pl.col("why") == -1, 0)], 1, pl.UInt8).cat.to(
                    pl.Enum(OUTCOMES)
                ),
                "market_minor": pl.when(pl.col("reasons") == 0).then(pl.col("market")),
            },
        )

    # The value: where a device is refused, a null market price makes all that follows null.

    def _value(self) -> tuple[_Stage, ...]:
        terms = self._programme.terms
        market, findings = pl.col("market_minor"), pl.col("findings")
        quoted = market.is_not_null()
        stages: list[_Stage] = []
        running = market
        for rule, bps in self._retentions():
            stages.append({f"after {rule}": _scaled(running, bps)})
            stages.append({f"{rule}_minor": pl.col(f"after {rule}") - running})
            running = pl.col(f"after {rule}")
        steps = list(enumerate(terms[0].grades))[:0:-1]
        kept = _chosen(
            [(findings & grade_bit(step) != 0, one.keep_bps) for step, one in steps],
            terms[0].grades[0].keep_bps,
            pl.Int64,
        )
        position = _chosen([(findings & grade_bit(step) != 0, step) for step, _ in steps], 0, pl.UInt8)
        names = pl.Enum([grade.id for grade in terms[0].grades])
        extras = [f"extra:{one.id}" for one in self._questions if any(option.extra_minor for option in one.options)]
        overlaps = {f"overlap:{one.one}+{one.other}": one for one in terms[0].overlaps}
        parts = [*(f"deduction:{one}" for one in self._components), *overlaps, *extras]
        shared, floored, capped, paid = (
            pl.col(name) for name in ("shared", "floored", "capped", "exchange_value_minor")
        )
        scrap, step_minor = self._by_terms(lambda one: one.scrap_minor), self._by_terms(lambda one: one.step_minor)
        factor = self._by_terms(lambda one: one.factor_bps)
        stages += [
            {
                "graded": _scaled(running, kept),
                "grade": pl.when(quoted).then(position).cat.to(names),
                **{f"deduction:{one}_minor": self._deduction(one) for one in self._components},
                **{f"{one}_minor": pl.when(quoted).then(pl.col(one)) for one in extras},
            },
            {
                "grade_minor": pl.col("graded") - running,
                **{
                    f"{rule}_minor": _scaled(
                        -pl.max_horizontal(f"deduction:{one.one}_minor", f"deduction:{one.other}_minor"),
                        pl.lit(BPS - one.counted_bps, pl.Int64),
                    )
                    for rule, one in overlaps.items()
                },
            },
            {"net": reduce(add, (pl.col(f"{part}_minor") for part in parts), pl.col("graded"))},
            {"shared": _scaled(pl.col("net"), factor)},
            {"floored": pl.when(shared < scrap).then(scrap).otherwise(shared)},
            {"capped": pl.when(floored > market).then(market).otherwise(floored)},
            {"exchange_value_minor": capped // step_minor * step_minor},
            {
                "factor_minor": shared - pl.col("net"),
                "floor_minor": floored - shared,
                "cap_minor": capped - floored,
                "rounding_minor": paid - capped,
            },
        ]
        return tuple(stages)

    def _retentions(self) -> list[tuple[str, pl.Expr]]:
        """Return the rules that keep a part of the price, and that part."""
        found = [(f"retention:{one.id}", pl.col(f"{one.id} kept")) for one in self._questions if keeps(one)]
        if any(terms.drift_bps_per_day for terms in self._programme.terms):
            days = (pl.col("instant") - pl.col("priced_from")) // DAY
            left = BPS - days * self._by_terms(lambda terms: terms.drift_bps_per_day)
            found.append(("retention:drift", pl.when(left < 0).then(0).otherwise(left)))
        return found

    def _deduction(self, component: str) -> pl.Expr:
        kind = deduction_of(component, self._questions)
        market, size = pl.col("market_minor"), pl.col(f"{component} size").cast(pl.Int64)
        base = pl.col(f"anchor {kind.anchor}") if kind.anchor else market
        cost = _scaled(base, size) if kind.anchor or kind.share_bps else size
        return pl.when(market.is_not_null()).then(pl.when(size > 0).then(-cost).otherwise(pl.lit(0, pl.Int64)))

    # Bonuses.

    def _bonuses(self) -> tuple[_Stage, ...]:
        """Return the stages of the bonuses: first what each would be, then which are granted."""
        every = offers(self._programme)
        amounts = {f"offer {number}": self._offered(offer) for number, offer in enumerate(every)}
        single = [f"offer {number}" for number, offer in enumerate(every) if not offer.stackable]
        granted: dict[str, list[pl.Expr]] = {}
        for number, offer in enumerate(every):
            name = f"offer {number}"
            amount = pl.col(name)
            if not offer.stackable:  # the first of the largest, or null
                beaten = [pl.col(name) < pl.col("largest")]
                beaten += [pl.col(one) == pl.col("largest") for one in single[: single.index(name)]]
                amount = pl.when(reduce(or_, beaten)).then(pl.lit(0, pl.Int64)).otherwise(amount)
            granted.setdefault(f"bonus:{offer.paid.id}_minor", []).append(amount)
        value = pl.col("exchange_value_minor")
        names = dict.fromkeys(f"bonus:{bonus.id}_minor" for one in self._programme.terms for bonus in one.bonuses)
        columns = {name: reduce(add, granted.get(name, [value * 0])) for name in names}
        largest = {"largest": pl.max_horizontal(single)} if single else {}
        total = {"coupon_value_minor": reduce(add, map(pl.col, columns), value)}
        return tuple(stage for stage in (amounts, largest, columns, total) if stage)

    def _offered(self, offer: Offer) -> pl.Expr:
        value, paid = pl.col("exchange_value_minor"), offer.paid
        amount = pl.lit(min(paid.amount_minor, paid.most_minor), pl.Int64)
        if paid.share_bps:
            whole = paid.amount_minor + _scaled(value, pl.lit(paid.share_bps, pl.Int64))
            amount = pl.when(whole > paid.most_minor).then(paid.most_minor).otherwise(whole)
        tests = [value >= offer.from_value, pl.col("instant") >= offer.begins]
        if offer.ends is not None:
            tests.append(pl.col("instant") < offer.ends)
        if offer.targets is not None:
            targets = [self._is("target", text) for text in sorted(offer.targets)]
            tests.append(reduce(or_, targets, pl.lit(value=False)))
        return pl.when(reduce(and_, tests)).then(amount).when(value.is_not_null()).then(pl.lit(0, pl.Int64))


LAST_SHAPE = list(ReasonCode).index(ReasonCode.IMEI_CHECK_DIGIT)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(type(frame))
    return frame


def _stacked(frame: pl.LazyFrame, *stages: _Stage) -> pl.LazyFrame:
    for stage in stages:
        frame = frame.with_columns(**stage)
    return frame


def _scaled(amount: pl.Expr, bps: pl.Expr) -> pl.Expr:
    return (amount * bps + BPS // 2) // BPS


def _chosen(branches: list[tuple[pl.Expr, int]], otherwise: int, kind: type[pl.DataType]) -> pl.Expr:
    """Return the number of the first test that holds."""
    result = pl.lit(otherwise, kind)
    for test, number in reversed(branches):
        result = pl.when(test).then(pl.lit(number, kind)).otherwise(result)
    return result
