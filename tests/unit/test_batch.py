"""Tables of devices: what they must have, what comes back, and that no amount passes 64 bits."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import (
    Condition,
    Device,
    ImeiStatus,
    InvalidValue,
    Option,
    Programme,
    Question,
    Questionnaire,
    Quote,
    appraise,
    batch,
    headline,
)
from miexchange.batch import appraise_frame, validate_many
from miexchange.batch.arrow import _columns
from miexchange.batch.plan import _asof
from miexchange.condition import Deduction
from miexchange.money import GREATEST_AMOUNT
from miexchange.programme import AgeBand, Bonus
from shipped import shipped_programme
from unit import small

AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
PHONE = "oneplus-3t-6-64"
IMEI = "863664031234569"


@pytest.fixture(scope="module")
def programme() -> Programme:
    return shipped_programme("graded-trade-in")


@pytest.fixture(scope="module")
def best(programme: Programme) -> dict[str, str]:
    quote = headline(PHONE, programme, at=AT)
    assert isinstance(quote, Quote)
    return dict(quote.condition)


def frame(best: dict[str, str], **cells: Any) -> pd.DataFrame:  # noqa: ANN401 - cells of any type
    return pd.DataFrame([{"model": PHONE, **best, "warranty": None, **cells}])


class TestWhatATableMustHave:
    def test_a_missing_column_is_named(self, programme: Programme, best: dict[str, str]) -> None:
        with pytest.raises(InvalidValue, match=r"^frame has no column touch: add it$"):
            appraise_frame(frame(best).drop(columns="touch"), programme, at=AT)

    def test_every_missing_column_is_named_at_once(self, programme: Programme, best: dict[str, str]) -> None:
        with pytest.raises(InvalidValue, match=r"^frame has no columns (model, touch|touch, model): add them$"):
            appraise_frame(frame(best).drop(columns=["touch", "model"]), programme, at=AT)

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [("screen_glass", "screen_glas"), ("model", "Model"), ("imei", "IMEI"), ("imei2", "imei_2"), ("box", "box_")],
    )
    def test_a_misspelled_column_is_named_with_the_right_name(
        self, right: str, wrong: str, programme: Programme, best: dict[str, str]
    ) -> None:
        table = frame(best, imei=None, imei2=None, imei_status="clear").rename(columns={right: wrong})
        with pytest.raises(InvalidValue, match=f"^frame has no column {right}: rename '{wrong}' to {right}$"):
            appraise_frame(table, programme, at=AT)

    def test_a_column_of_the_callers_own_is_let_be(self, programme: Programme, best: dict[str, str]) -> None:
        result = appraise_frame(frame(best, customer="354178036859789"), programme, at=AT)
        assert "customer" not in result
        assert result.outcome.to_list() == ["indicative"]

    def test_without_an_instant_the_column_at_is_missing(self, programme: Programme, best: dict[str, str]) -> None:
        with pytest.raises(InvalidValue, match="frame has no column at: add it"):
            appraise_frame(frame(best), programme)

    def test_there_is_one_instant(self, programme: Programme, best: dict[str, str]) -> None:
        with pytest.raises(InvalidValue, match="give one of the two"):
            appraise_frame(frame(best, at=AT), programme, at=AT)

    @pytest.mark.parametrize(
        ("cells", "message"),
        [
            ({"at": datetime(2018, 3, 20)}, "name no instants"),  # noqa: DTZ001 - that is the point
            ({"at": 5}, "give instants"),
            ({"purchased_on": AT}, "give dates"),
            ({"purchased_on": 5}, "give dates"),
            ({"exchange_open": 1}, "give True and False"),
        ],
    )
    def test_a_column_of_the_wrong_type_is_an_error(
        self, cells: dict[str, Any], message: str, programme: Programme, best: dict[str, str]
    ) -> None:
        with pytest.raises(InvalidValue, match=message):
            appraise_frame(frame(best, **({"at": AT} | cells)), programme)

    @pytest.mark.parametrize("table", [None, 5, "model", [{"model": PHONE}], pd.Series([PHONE]), object()])
    def test_what_is_no_table_is_an_error(self, table: Any, programme: Programme) -> None:  # noqa: ANN401
        with pytest.raises(InvalidValue, match="frame is"):
            appraise_frame(table, programme, at=AT)

    def test_a_name_that_stands_twice_is_an_error(self, programme: Programme, best: dict[str, str]) -> None:
        table = frame(best)
        with pytest.raises(InvalidValue, match="frame has two columns 'model': rename one of them"):
            appraise_frame(pd.concat([table, table[["model"]]], axis=1), programme, at=AT)

    def test_a_stream_that_is_no_table_is_an_error(self, programme: Programme) -> None:
        class Broken:
            def __arrow_c_stream__(self, requested_schema: object = None) -> object:
                raise TypeError(requested_schema)

        with pytest.raises(InvalidValue, match="a Broken"):
            appraise_frame(Broken(), programme, at=AT)

    @pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
    def test_threads_are_counted(self, threads: Any, programme: Programme, best: dict[str, str]) -> None:  # noqa: ANN401
        with pytest.raises(InvalidValue, match="threads is"):
            appraise_frame(frame(best), programme, at=AT, threads=threads)

    def test_the_programme_and_the_counts_are_what_they_are(self, programme: Programme, best: dict[str, str]) -> None:
        with pytest.raises(InvalidValue, match="give a Programme"):
            appraise_frame(frame(best), "graded-trade-in", at=AT)  # type: ignore[arg-type]
        with pytest.raises(InvalidValue, match="how often it was given"):
            appraise_frame(frame(best), programme, at=AT, bonuses_given={"upgrade-3500": -1})

    def test_columns_are_the_programmes(self, programme: Programme, best: dict[str, str]) -> None:
        required, optional = batch.columns_in(programme)
        assert required == {"model", "at", "warranty", *best} - {"box", "charger", "bill"}
        assert {"imei", "imei2", "imei_status", "purchased_on", "target", "box"} <= optional
        assert batch.columns_out(programme) == tuple(appraise_frame(frame(best), programme, at=AT).columns)


class TestWhatComesBack:
    def test_an_empty_table_has_the_same_columns(self, programme: Programme, best: dict[str, str]) -> None:
        for empty in (frame(best)[:0], pa.table(frame(best))[:0], pl.from_pandas(frame(best))[:0]):
            result = appraise_frame(empty, programme, at=AT)
            assert type(result) is type(empty)
            assert len(result) == 0

    def test_anything_with_a_stream_is_read(self, programme: Programme, best: dict[str, str]) -> None:
        table = pa.table(frame(best))

        class Stream:
            def __arrow_c_stream__(self, requested_schema: object = None) -> object:
                return table.__arrow_c_stream__(requested_schema)

        result = appraise_frame(Stream(), programme, at=AT)
        assert isinstance(result, pa.Table)
        assert result["outcome"].to_pylist() == ["indicative"]

    def test_amounts_are_whole_and_may_be_missing(self, programme: Programme, best: dict[str, str]) -> None:
        result = appraise_frame(pd.concat([frame(best), frame(best, power="dead")]), programme, at=AT)
        assert result.dtypes["coupon_value_minor"] == pd.Int64Dtype()
        assert result["coupon_value_minor"].isna().to_list() == [False, True]
        assert result.dtypes["grade"] == "category"
        assert result["grade"].isna().to_list() == [False, True]

    def test_a_cell_of_the_result_can_be_changed_alone(self, programme: Programme, best: dict[str, str]) -> None:
        result = appraise_frame(frame(best), programme, at=AT)
        result.loc[0, "coupon_value_minor"] = pd.NA
        assert result["exchange_value_minor"].notna().all()

    def test_the_lines_add_up(self, programme: Programme, best: dict[str, str]) -> None:
        table = frame(best, screen_glass="cracked", body="cracked", box="missing")
        result = appraise_frame(table, programme, at=AT).loc[0]
        lines = [name for name in result.index if name.endswith("_minor") and not name.endswith("_value_minor")]
        assert result[lines].sum() == result["coupon_value_minor"]

    def test_timestamps_of_any_unit_are_instants(self, programme: Programme, best: dict[str, str]) -> None:
        edge = programme.terms[0].effective_from
        for unit, step in (("s", 1), ("ms", 1), ("us", 1), ("ns", 1)):
            whole = pa.array([int(edge.timestamp()) * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]])
            moments = pa.chunked_array([pa.array([whole[0].as_py() - step, whole[0].as_py()])])
            table = pa.table(pd.concat([frame(best)] * 2)).append_column(
                "at", moments.cast(pa.timestamp(unit, "Asia/Kolkata"))
            )
            assert appraise_frame(table, programme)["reasons"].to_pylist() == ["programme_not_in_force", ""]

    def test_an_instant_too_far_away_is_a_reason(self, programme: Programme, best: dict[str, str]) -> None:
        for unit, number in (("s", 2**40), ("s", -(2**62)), ("us", -(2**63)), ("ns", -(2**63))):
            moment = pa.chunked_array([pa.array([number]).cast(pa.timestamp(unit, "UTC"))])
            table = pa.table(frame(best)).append_column("at", moment)
            assert appraise_frame(table, programme)["reasons"].to_pylist() == ["invalid_value"]

    @pytest.mark.parametrize(
        "kind", [pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("us"), pa.timestamp("ns")]
    )
    def test_days_of_any_type_are_days(self, kind: pa.DataType) -> None:
        days = pa.array([date(2018, 3, 1), None, date(1969, 12, 31)]).cast(kind)
        column = _columns.read_column(pa.table({"purchased_on": days}), "purchased_on", "day")
        assert column.array.to_pylist() == [date(2018, 3, 1), None, date(1969, 12, 31)]
        assert column.strange is None

    def test_a_timestamp_within_a_day_is_no_day(self) -> None:
        moments = pa.array([datetime(2018, 3, 1, 0, 0, 1), datetime(2018, 3, 1)])  # noqa: DTZ001 - no instants
        column = _columns.read_column(pa.table({"purchased_on": moments}), "purchased_on", "day")
        assert column.array.to_pylist() == [None, date(2018, 3, 1)]
        assert column.strange is not None
        assert column.strange.tolist() == [True, False]

    def test_a_day_that_no_date_can_be_is_strange(self) -> None:
        days = pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32())
        column = _columns.read_column(pa.table({"purchased_on": days}), "purchased_on", "day")
        assert column.strange is not None
        assert column.strange.tolist() == [True, False]


class TestWhatCannotBeComputed:
    def options(self, **effect: Any) -> tuple[Option, ...]:  # noqa: ANN401 - fields of an option
        return Option("good", "Good"), Option("bad", "Bad", **effect)

    def valued(self, programme: Programme, answers: dict[str, str]) -> tuple[Any, Any]:
        table = pa.table({name: [answer] for name, answer in {"model": small.MODEL, **answers}.items()})
        return (
            appraise_frame(table, programme, at=small.AT).to_pylist()[0],
            appraise(Device(small.MODEL), Condition(answers), programme, at=small.AT),
        )

    def test_the_greatest_amounts_that_a_table_may_hold_fit(self) -> None:
        """64 questions, each with the greatest deduction, on the greatest price: what the loader lets pass."""
        questions = tuple(
            Question(
                f"q{number}",
                "?",
                f"part-{number}",
                "functional",
                self.options(deduction=Deduction(anchor="part", weight_bps=100_000)),
            )
            for number in range(60)
        )
        terms = small.TERMS.replace(
            questionnaire=Questionnaire("1", questions),
            factor_bps=9_999,
            scrap_minor=GREATEST_AMOUNT,
            bonuses=(Bonus("more", "More", share_bps=10_000, cap_minor=GREATEST_AMOUNT),),
        )
        greatest = small.programme(terms, price=GREATEST_AMOUNT, anchors={"part": GREATEST_AMOUNT})
        row, quote = self.valued(greatest, {question.id: "bad" for question in questions})
        assert isinstance(quote, Quote)
        assert row["coupon_value_minor"] == quote.coupon_value == 2 * GREATEST_AMOUNT
        lines = {line.rule: line.amount for line in quote.lines if line.amount}
        assert {name[:-6]: amount for name, amount in row.items() if name[:-6] in lines} == lines
        assert min(lines.values()) == -10 * GREATEST_AMOUNT

    @pytest.mark.parametrize(
        "effect",
        [
            {"share_bps": 2**40},
            {"anchor": "part", "weight_bps": 2**40},
            {"amount_minor": 2**62},
            {"keep_bps": 2**40},
            {"extra_minor": -(2**60)},
        ],
    )
    def test_terms_by_hand_that_could_pass_64_bits_are_refused(self, effect: dict[str, Any]) -> None:
        with pytest.raises(InvalidValue, match="give a whole number from"):
            self.options(**effect) if effect.keys() & {"keep_bps", "extra_minor"} else Deduction(**effect)

    def test_more_options_than_a_byte_counts_are_refused(self) -> None:
        options = tuple(Option(f"o{number}", "?") for number in range(300))
        terms = small.TERMS.replace(questionnaire=Questionnaire("1", (Question("q", "?", "p", "none", options),)))
        with pytest.raises(InvalidValue, match="at most 250 options"):
            self.valued(small.programme(terms), {"q": "o0"})

    def test_terms_that_are_not_sound_are_refused(self) -> None:
        with pytest.raises(InvalidValue, match=r"Terms\.step_minor"):
            small.TERMS.replace(step_minor=0)


class TestVersionsOfTerms:
    """Two versions of the terms in one table: what one of them lacks counts for nothing under the other."""

    def test_questions_grades_and_bonuses_may_differ(self) -> None:
        first = small.TERMS.replace(
            questionnaire=Questionnaire(
                "1",
                (
                    Question("a", "?", "x", "none", (Option("y", "Y"), Option("n", "N", keep_bps=9_000))),
                    Question("b", "?", "x", "none", (Option("y", "Y"), Option("n", "N", keep_bps=8_000))),
                ),
            ),
            bonuses=(Bonus("one", "One", amount_minor=100),),
        )
        second = first.replace(
            version="2",
            effective_from=small.BEGIN + timedelta(days=20),
            questionnaire=Questionnaire("2", tuple(reversed(first.questionnaire.questions))),
            grades=first.grades[:1],
            age_bands=(AgeBand(0, 9_000), AgeBand(12, 5_000)),
            bonuses=(Bonus("two", "Two", amount_minor=200, stackable=True), Bonus("one", "One", amount_minor=300)),
        )
        both = small.programme(first)
        both = Programme(
            both.id,
            both.title,
            both.zone,
            both.currency,
            both.brands,
            both.catalogue,
            both.eligible,
            both.prices,
            both.anchors,
            both.tacs,
            (first, second),
            both.categories,
        )
        moments = [small.BEGIN + timedelta(days=10), small.BEGIN + timedelta(days=30)]
        bought = [date(2019, 1, 1), date(2019, 2, 1)]
        table = pa.table(
            {"model": [small.MODEL] * 2, "a": ["n"] * 2, "b": ["n"] * 2, "at": moments, "purchased_on": bought}
        )
        rows = appraise_frame(table, both).to_pylist()
        for row, at, day in zip(rows, moments, bought, strict=True):
            quote = appraise(Device(small.MODEL, purchased_on=day), Condition({"a": "n", "b": "n"}), both, at=at)
            assert isinstance(quote, Quote)
            assert row["coupon_value_minor"] == quote.coupon_value
            assert {line.rule: line.amount for line in quote.lines if line.amount} == {
                name.removesuffix("_minor"): amount
                for name, amount in row.items()
                if name.endswith("_minor") and not name.endswith("_value_minor") and amount
            }

    def test_a_programme_without_terms_is_never_in_force(self) -> None:
        one = small.programme()
        none = Programme(
            one.id,
            one.title,
            one.zone,
            one.currency,
            one.brands,
            one.catalogue,
            one.eligible,
            one.prices,
            one.anchors,
            one.tacs,
            (),
            one.categories,
        )
        result = appraise_frame(pa.table({"model": [small.MODEL]}), none, at=small.AT)
        assert result["reasons"].to_pylist() == ["programme_not_in_force"]


def test_an_as_of_search_finds_the_last_row_that_has_begun() -> None:
    series = _asof.lay([[_asof.EVER_SINCE, *range(0, 1_000, 10)], [_asof.EVER_SINCE]])
    at = np.arange(-5, 1_005, 5)
    found = np.zeros(len(at), dtype=np.int64)
    _asof.search(series, np.zeros(len(at), dtype=np.int64), at, found)
    assert found.tolist() == [0 if moment < 0 else min(moment // 10, 99) + 1 for moment in at.tolist()]
    _asof.search(series, np.ones(len(at), dtype=np.int64), at, found)
    assert set(found.tolist()) == {101}


def test_what_lies_under_a_null_means_nothing() -> None:
    """Arrow says nothing of the bytes under a null; here they are of another script, which is read in another way."""
    texts = pa.array(["३५४", "\N{MINUS SIGN}354178036859789", "354178036859789"])
    valid = pa.py_buffer(bytes([0b110]))
    column = pa.Array.from_buffers(pa.string(), 3, [valid, *texts.buffers()[1:]])
    assert validate_many(column)["reason"].to_pylist() == ["imei_not_text", "imei_sign", None]


def asking_for_both(programme: Programme) -> Programme:
    """Return the programme with terms that ask for both IMEIs."""
    terms = tuple(one.replace(eligibility=one.eligibility.replace(second_imei="required")) for one in programme.terms)
    return dataclasses.replace(programme, terms=terms)


class TestTheSecondImei:
    """A programme that asks for both IMEIs of a phone that is known to have two SIMs: one phone and a table alike."""

    SECOND = "863664036543212"

    def both(
        self, programme: Programme, model: str, *rows: tuple[str | None, str | None]
    ) -> tuple[list[str], list[str]]:
        """Return the outcome and the reasons of each pair of IMEIs, valued one by one and as a table."""
        variant = programme.catalogue.by_model[model]
        best = dict(programme.terms[0].questionnaire.best(variant))
        table = pd.DataFrame([{"model": model, "warranty": None, **best}] * len(rows), dtype=object)
        table["imei"], table["imei2"] = [list(cells) for cells in zip(*rows, strict=True)]
        columns = appraise_frame(table.assign(imei_status="clear"), programme, at=AT)
        singles = []
        for one, two in rows:
            answer = appraise(Device(model, one, two), Condition(best), programme, at=AT, imei_status=ImeiStatus.CLEAR)
            if isinstance(answer, Quote):
                singles.append("indicative" if answer.indicative else "quote")
            else:
                singles.append("|".join(answer.codes))
        found = zip(columns["outcome"], columns["reasons"], strict=True)
        return singles, [reasons if outcome == "refused" else outcome for outcome, reasons in found]

    ROWS = ((IMEI, None), (None, SECOND), (IMEI, SECOND), (None, None), (IMEI, IMEI))

    def test_both_numbers_of_a_model_with_two_sims_are_asked_for(self, programme: Programme) -> None:
        strict = asking_for_both(programme)
        assert strict.catalogue.by_model[PHONE].sims == 2
        singles, columns = self.both(strict, PHONE, *self.ROWS)
        assert singles == ["imei2_missing", "imei2_missing", "quote", "indicative", "imei_repeated"]
        assert columns == singles

    def test_one_number_is_enough_where_no_source_says_how_many_sims_a_model_has(self, programme: Programme) -> None:
        strict = asking_for_both(programme)
        unknown = next(
            row.model
            for row in strict.eligible
            if (variant := strict.catalogue.by_model[row.model]).sims is None and variant.brand == "Sony"
        )
        singles, columns = self.both(strict, unknown, (None, None))
        assert columns == singles == ["indicative"]
        singles, columns = self.both(strict, unknown, *self.ROWS[:2])
        assert columns == singles
        assert not any("imei2_missing" in codes for codes in singles)

    def test_the_shipped_programmes_ask_for_one(self, programme: Programme) -> None:
        singles, columns = self.both(programme, PHONE, *self.ROWS)
        assert singles == ["quote", "quote", "quote", "indicative", "imei_repeated"]
        assert columns == singles


@pytest.mark.parametrize("target", ["\ud800", "a\ud800"])
def test_a_target_that_cannot_be_written_is_no_value_as_one_device_says(
    target: str, programme: Programme, best: dict[str, str]
) -> None:
    with pytest.raises(InvalidValue, match="target"):
        appraise(Device(PHONE), Condition(best | {"warranty": None}), programme, at=AT, target=target)
    targets = pd.Series([target, "redmi-5", None], dtype=object)
    table = pd.concat([frame(best)] * 3, ignore_index=True).assign(target=targets)
    assert appraise_frame(table, programme, at=AT)["reasons"].tolist() == ["invalid_value", "", ""]
