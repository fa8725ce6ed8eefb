"""What valuations keep by model and period: it is right on both sides of every change, and bounded."""

from __future__ import annotations

from datetime import date, timedelta, timezone
from typing import TYPE_CHECKING, Any

from miexchange import Condition, Device, ImeiStatus, Quote, Refusal, _periods, appraise
from miexchange._time import TICK
from miexchange.catalogue import Catalogue
from miexchange.eligibility import EligibleModels, Listing
from miexchange.imei import Imei
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.programme import Bonus, Programme, terms
from unit import small
from unit.small import AT, BEGIN, IMEI, MODEL, VARIANT, asking, costs, functional

if TYPE_CHECKING:
    import pytest

DAY = timedelta(days=1)
GLASS = functional("glass", "display", costs("cracked", anchor="display.glass", weight_bps=10_000))


def value(programme: Programme, at: Any = AT, **answers: str) -> int | tuple[str, ...]:  # noqa: ANN401 - an instant
    answer = appraise(Device(MODEL), Condition(answers), programme, at=at)
    return answer.coupon_value if isinstance(answer, Quote) else answer.codes


def changing() -> Programme:
    """Make a programme in which everything changes once."""
    later = BEGIN + 20 * DAY
    first = asking(GLASS).replace(
        bonuses=(Bonus("spring", "Spring", amount_minor=11, begins=date(2020, 1, 5), ends=date(2020, 1, 9)),)
    )
    second = asking(GLASS, terms=small.TERMS.replace(version="2", effective_from=BEGIN + 30 * DAY, step_minor=10))
    programme = small.programme(first)
    return programme.__class__(
        **{
            **{name: getattr(programme, name) for name in programme.__match_args__},
            "terms": (first, second),
            "prices": PriceTable.of(
                [
                    Price(MODEL, BEGIN, 1_000_000, "observed", effective_until=BEGIN + 15 * DAY),
                    Price(MODEL, later, 900_007, "observed"),
                ]
            ),
            "anchors": AnchorTable.of(
                [
                    Anchor(MODEL, "display", BEGIN, 100_000, "observed"),
                    Anchor(
                        MODEL, "display.glass", BEGIN + 3 * DAY, 50_000, "observed", effective_until=BEGIN + 12 * DAY
                    ),
                ]
            ),
            "eligible": EligibleModels.of([Listing(MODEL, date(2020, 1, 2), date(2020, 3, 30))]),
        }
    )


def test_nothing_that_is_kept_outlives_its_period() -> None:
    programme = changing()
    variant = programme.catalogue.by_model[MODEL]
    edges = sorted({*_periods.changing_at(programme, variant)})
    assert len(edges) >= 12
    instants = [at for edge in edges for at in (edge - TICK, edge, edge + TICK)]
    fresh = [value(changing(), at, glass="cracked") for at in instants]
    assert [value(programme, at, glass="cracked") for at in instants] == fresh
    assert [value(programme, at, glass="cracked") for at in reversed(instants)] == fresh[::-1]
    assert {1_000_000 - 100_000, 1_000_000 - 50_000, 1_000_000 - 50_000 + 11, 900_007 - 100_000, 800_000} <= {*fresh}
    assert {("price_missing",), ("price_stale",), ("model_not_listed",), ("programme_not_in_force",)} <= {*fresh}


def test_what_is_kept_is_bounded() -> None:
    programme = changing()
    models = programme._kept  # noqa: SLF001 - what is asked about
    kept = []
    for day in range(1, 40):
        value(programme, BEGIN + day * DAY, glass="best")
        kept.append(len(models[MODEL].periods))
    assert max(kept) == 4
    answers = Condition({"glass": "best"})
    for number in range(70):
        imei = Imei.from_body(f"3541{number:04}685978")
        appraise(Device(MODEL, imei), answers, programme, at=AT, imei_status=ImeiStatus.CLEAR)
        appraise(Device(MODEL), answers, programme, at=AT, target=f"{number}")
    assert len(models[MODEL].tacs) == 64
    period = _periods.period_at(programme, MODEL, AT)
    assert period is not None
    assert len(period._offers) == 16  # noqa: SLF001 - as above


def test_very_many_models_begin_anew() -> None:
    two = VARIANT.replace(model="acme-two-4-64", name="Two")
    programme = changing()
    several = programme.__class__(
        **{
            **{name: getattr(programme, name) for name in programme.__match_args__},
            "catalogue": Catalogue.of([VARIANT, two]),
        }
    )
    models = several._kept  # noqa: SLF001 - as above
    models |= {f"another-{number}": models for number in range(1_023)}
    for model, count in ((MODEL, 1_024), ("Acme Two", 1), (two.model, 1), (MODEL, 2)):
        assert _periods.period_at(several, model, AT) is not None
        assert len(models) == count


def test_a_bonus_that_was_given_is_asked_about_each_time() -> None:
    """What is offered depends on how often a bonus was given, which is not kept."""
    bonus = Bonus("first", "First", amount_minor=50, quota=1)
    programme = small.programme(small.TERMS.replace(bonuses=(bonus,)))
    for given, paid in (({"first": 1}, 0), ({}, 50), ({"first": 1}, 0), ({}, 50)):
        answer = appraise(Device(MODEL), Condition(), programme, at=AT, bonuses_given=given)
        assert isinstance(answer, Quote)
        assert sum(one.amount for one in answer.bonuses) == paid


BOTH = {"glass": "cracked", "pen": "lost"}


def test_answers_are_read_alike_unless_it_depends_on_them_what_is_asked() -> None:
    pen = functional("pen", "pen", costs("lost", amount_minor=7))
    after = pen.replace(asked_after="glass", asked_answers=("cracked",))
    for last, is_kept in ((pen, True), (after, False)):
        period = _periods.period_at(small.programme(asking(GLASS, last), anchors={"display": 5}), MODEL, AT)
        assert period is not None
        assert (period.reader is not None) is is_kept
        for answers in ({"glass": "best", "pen": "best"} if is_kept else {"glass": "best"}, BOTH):
            assert period.reader_of(answers).read(answers) is not None


def test_a_line_has_its_parts_in_their_places() -> None:
    line = _periods.line_of(("rule", "effect", "source"), -5)
    assert (line.rule, line.amount, line.effect, line.source) == ("rule", -5, "effect", "source")


def test_a_name_is_kept_as_its_model() -> None:
    programme = changing()
    for name in (MODEL, "Acme One 64 GB", "acme one (4 GB, 64 GB)"):
        answer = appraise(Device(name), Condition({"glass": "best"}), programme, at=AT)
        assert isinstance(answer, Quote)
    assert [*programme._kept] == [MODEL]  # noqa: SLF001 - what is asked about


def test_a_placeholder_is_none_of_its_tac() -> None:
    """A placeholder is known by all of its digits, and its TAC may be that of a real model."""
    programme = small.programme()
    facts: Any = {"at": AT, "imei_status": ImeiStatus.CLEAR}
    for digits, codes in (("350305260000007", ("imei_placeholder",)), ("350305261234561", ()), (IMEI, ())):
        imei = Imei.from_body(digits[:14])
        for _ in range(2):
            answer = appraise(Device(MODEL, imei), Condition(), programme, **facts)
            assert (answer.codes if isinstance(answer, Refusal) else ()) == codes


def test_answers_are_read_in_very_many_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "_MOST_READERS", 1)
    rules = asking(GLASS, functional("pen", "pen", costs("lost", amount_minor=7)))
    for left_out in ((), ("pen",), ("glass",)):
        for _ in range(2):
            read = rules._reader(left_out).read({"glass": "cracked", "pen": "lost"})  # noqa: SLF001 - what is asked about
            assert (read is None) is bool(left_out)
    assert len(rules._readers) == 1  # noqa: SLF001 - as above


def test_the_first_and_the_last_day_are_no_edges() -> None:
    zone = timezone(timedelta(hours=14))
    programme = small.programme()
    listed = EligibleModels.of([Listing(MODEL, date(1, 1, 1), date(9999, 12, 31))])
    wide = programme.__class__(
        **{**{name: getattr(programme, name) for name in programme.__match_args__}, "zone": zone, "eligible": listed}
    )
    assert value(wide) == 1_000_000
