"""Writing a fitted programme: the linter passes it, and it says exactly what the report shows."""

from __future__ import annotations

import csv
import warnings
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
import pytest

from miexchange import DataError, Device, InvalidValue, Programme, Quote, appraise, headline, lint, replay
from miexchange.tuning import (
    DeductionModel,
    FittedProgramme,
    NotFitted,
    Observations,
    PriceTableBuilder,
    Scale,
    TuningWarning,
    fit_programme,
    prior_of,
    scales_of,
    simulate_observations,
)
from shipped import shipped_programme
from unit.small import IST
from unit.tuned import ON, deductions, graded, observed, prices

NAMES: dict[str, Any] = {"id": "tuned", "title": "Tuned", "version": "2018-06", "effective_from": ON}


@cache
def fitted() -> FittedProgramme:
    directory = Path(mkdtemp()) / "tuned"
    return fit_programme(
        directory, graded(), prices=prices(), deductions=deductions(), observations=observed(), **NAMES
    )


def rows_of(file: str) -> list[dict[str, str]]:
    with (fitted().directory / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def numbers(table: str) -> pd.DataFrame:
    found = fitted().numbers
    return found[found["table"] == table].set_index("key")


def test_the_linter_passes_it_and_it_loads() -> None:
    assert lint(fitted().directory) == ()
    assert Programme.load(fitted().directory) == fitted().programme
    assert fitted().programme.terms[0].version == "2018-06"


def test_every_number_of_the_report_is_the_one_in_the_file() -> None:
    written = {f"{row['model']}@{ON}": int(row["price_minor"]) for row in rows_of("market_prices.csv")}
    assert numbers("market_prices")["value"].to_dict() == written
    anchors = {
        f"{row['model']}/{row['component']}@{ON}": int(row["amount_minor"]) for row in rows_of("repair_anchors.csv")
    }
    assert numbers("repair_anchors")["value"].to_dict() == anchors
    weights = {
        f"{r['question']}={r['option']}": int(r["weight_bps"]) for r in rows_of("condition.csv") if r["weight_bps"]
    }
    assert numbers("condition")["value"].to_dict() == weights
    grades = {row["grade"]: int(row["keep_bps"]) for row in rows_of("grades.csv")}
    assert numbers("grades")["value"].to_dict() == {name: grades[name] for name in ("B", "C", "D")}


def test_every_number_has_a_source_n_and_an_interval_around_it() -> None:
    found = fitted().numbers
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert found["source"].str.startswith("tuning:").all()
    assert set(found["basis"]) <= {"observed", "modelled"}
    assert (found.loc[found["basis"] == "observed", "n"] > 0).all()
    sources = {row["source"] for row in rows_of("market_prices.csv")}
    assert all("n=" in source for source in sources)


def test_the_headlines_are_what_the_written_programme_pays() -> None:
    again = Programme.load(fitted().directory)
    at = datetime(ON.year, ON.month, ON.day, 12, tzinfo=again.zone)
    for model, paise in fitted().headlines()["headline_minor"].items():
        quote = headline(str(model), again, at=at)
        assert isinstance(quote, Quote)
        assert quote.exchange_value == paise


def test_weights_and_grades_come_near_the_programme_that_made_the_data() -> None:
    base = {
        f"{q.id}={o.id}": o.deduction.weight_bps
        for q in graded().terms[-1].questionnaire.questions
        for o in q.options
        if o.deduction and o.deduction.anchor
    }
    fit = numbers("condition")["value"]
    for one, other in (
        ("screen_glass=cracked", "screen_glass=deep_scratches"),
        ("bend=major_dents", "bend=small_dents"),
    ):
        assert fit[one] / fit[other] == pytest.approx(base[one] / base[other], rel=0.02)
    keeps = {grade.id: grade.keep_bps for grade in graded().terms[-1].grades}
    for name, value in numbers("grades")["value"].items():
        assert value == pytest.approx(keeps[str(name)], abs=250)


def of_10_000() -> str:
    """Return the device whose fitted price is nearest to 10,000."""
    return min(prices().table_.prices, key=lambda price: abs(price.price_minor - 1_000_000)).model


def quoted(*, grades: tuple[str, ...] = ("heavy_scratches", "cracked")) -> pd.DataFrame:
    """Return quotes of a buyer whose body faults and glass faults are shares of the clean price, in whole."""
    shares = {"body=heavy_scratches": 0.94, "body=cracked": 0.90, "bend=major_dents": 0.90}
    shares = {name: share for name, share in shares.items() if "body" not in name or name.split("=")[1] in grades}
    shares |= {"screen_glass=cracked": 0.68, "charging_port=faulty": 0.94}
    rows = [
        (model, clean, clean * share, finding)
        for model, clean in ((of_10_000(), 10_000.0), ("a", 20_000.0), ("b", 8_000.0))
        for finding, share in shares.items()
    ]
    return pd.DataFrame(rows, columns=["device", "clean", "price", "findings"])


def written(
    tmp_path: Path, quotes: pd.DataFrame, observations: Observations | None = None
) -> tuple[FittedProgramme, DeductionModel]:
    model = DeductionModel(scales_of(graded().terms[-1]), prior=prior_of(graded().terms[-1])).fit(quotes)
    directory = tmp_path / "written"
    fit = fit_programme(directory, graded(), prices=prices(), deductions=model, observations=observations, **NAMES)
    return fit, model


def paid(fit: FittedProgramme, model: str, **answers: str) -> float:
    """Return what a fitted programme pays for answers, as a share of what it pays for the best ones."""
    at = datetime(ON.year, ON.month, ON.day, 12, tzinfo=IST)
    best = headline(model, fit.programme, at=at)
    assert isinstance(best, Quote)
    quote = appraise(Device(model), best.condition.replace(**answers), fit.programme, at=at)
    assert isinstance(quote, Quote)
    return quote.exchange_value / best.exchange_value


def test_a_finding_that_lowers_the_grade_is_charged_once(tmp_path: Path) -> None:
    """Quotes paid 9,400 of 10,000, and the programme 8,120: by the grade, and by the weight once more."""
    fit, model = written(tmp_path, quoted())
    listed = [listing.model for listing in fit.programme.eligible][1::10]
    for device in listed:
        assert paid(fit, device, body="heavy_scratches") == pytest.approx(0.94, abs=0.02)
        assert paid(fit, device, body="cracked") == pytest.approx(0.90, abs=0.02)
        assert paid(fit, device, bend="major_dents") == pytest.approx(0.90, abs=0.02)
        assert paid(fit, device, body="light_wear") == pytest.approx(0.95, abs=0.02)
    assert {grade.id: grade.keep_bps for grade in fit.programme.terms[0].grades} == {
        "A": 10_000,
        "B": 9_500,
        "C": 9_500,
        "D": 9_500,
    }
    row = pd.DataFrame({"device": ["a"], "clean": [20_000.0], "findings": ["body=heavy_scratches"]})
    assert model.predict(row).iloc[0] == pytest.approx(18_800, abs=20)
    told = fit.numbers[fit.numbers["table"] == "grades"]
    assert told[["key", "value", "basis"]].to_numpy().tolist() == [["C", 9_500, "modelled"], ["D", 9_500, "modelled"]]


def test_a_grade_whose_findings_are_not_all_quoted_keeps_what_it_kept(tmp_path: Path) -> None:
    fit, _ = written(tmp_path, quoted(grades=("heavy_scratches",)))
    assert [grade.keep_bps for grade in fit.programme.terms[0].grades] == [10_000, 9_500, 9_500, 8_700]
    device = [listing.model for listing in fit.programme.eligible][1]
    assert paid(fit, device, body="heavy_scratches") == pytest.approx(0.94, abs=0.02)
    assert paid(fit, device, bend="major_dents") == pytest.approx(0.90, abs=0.02)
    assert paid(fit, device, body="cracked") < 0.87


def test_a_grade_that_alone_takes_more_than_the_quotes_say_is_told(tmp_path: Path) -> None:
    """Observed grades stand: the weight beside them is the least that there is, and the report says so."""
    fit, _ = written(tmp_path, quoted(), observed())
    assert fit.deductions is not None
    assert fit.deductions.carried_ == {"body=heavy_scratches", "body=cracked"}
    assert "The grade of body=cracked, body=heavy_scratches alone takes as much as the quotes say, or more" in str(fit)
    device = [listing.model for listing in fit.programme.eligible][1]
    kept = fit.programme.terms[0].grades[2].keep_bps / 10_000
    assert paid(fit, device, body="heavy_scratches") == pytest.approx(kept, abs=0.02)


def of_grades(best: list[str], second: list[str], **answers: list[str]) -> Observations:
    """Return observations of which those of grade B are worth 95 %, and listings ask 15 % more."""
    models = [price.model for price in prices().table_.prices[:4]]
    rows = [
        (
            model,
            round(1_000_000 * (1 if grade == "A" else 0.95) * (1.15 if kind == "listing" else 1)) + 100 * n,
            kind,
            grade,
        )
        for model in models
        for grade, kinds in (("A", best), ("B", second))
        for n, kind in enumerate(kinds)
    ]
    frame = pd.DataFrame(rows, columns=["model", "price_minor", "kind", "grade"])
    frame["on"], frame["source"] = ON, [f"s{n}" for n in range(len(frame))]
    questionnaire = graded().terms[-1].questionnaire if answers else None
    return Observations.read(frame.assign(**answers), graded().catalogue, as_of=ON, questionnaire=questionnaire)


def test_a_grade_is_no_cheaper_for_being_dealt_in_and_not_listed(tmp_path: Path) -> None:
    """A true 95 % was written as 82.6 %: the best grade was listed, and the second one dealt in."""
    found = of_grades(["listing"] * 6 + ["deal"] * 3, ["deal"] * 5)
    fit = fit_programme(tmp_path / "new", graded(), prices=prices(), observations=found, **NAMES)
    assert fit.programme.terms[0].grades[1].keep_bps == pytest.approx(9_500, abs=20)


def test_grades_of_two_kinds_need_a_ratio_that_is_stated(tmp_path: Path) -> None:
    found = of_grades(["listing"] * 6, ["deal"] * 5)
    with pytest.warns(TuningWarning, match="State it with PriceTableBuilder"):
        fit_programme(tmp_path / "unsaid", graded(), prices=prices(), observations=found, **NAMES)
    stated = PriceTableBuilder(catalogue=graded().catalogue, minimum=2, kind_ratios={"listing": 1.15})
    stated.fit(observed(), zone=IST, dates=[ON])
    fit = fit_programme(tmp_path / "stated", graded(), prices=stated, observations=found, **NAMES)
    assert fit.programme.terms[0].grades[1].keep_bps == pytest.approx(9_500, abs=20)


def test_a_fault_that_lowers_no_grade_says_nothing_of_a_grade(tmp_path: Path) -> None:
    """A cracked glass leaves the grade as it is, and took its price into the grade's."""
    answers = (["unmarked"] * 5 + ["unmarked"] * 3 + ["cracked"] * 4) * 4
    found = of_grades(["deal"] * 5, ["deal"] * 7, screen_glass=answers)
    cheap = found.frame["screen_glass"] == "cracked"
    found.frame.loc[cheap, "price_minor"] = 400_000
    fit = fit_programme(tmp_path / "new", graded(), prices=prices(), observations=found, **NAMES)
    assert fit.programme.terms[0].grades[1].keep_bps == pytest.approx(9_500, abs=20)


def test_the_factor_of_the_terms_is_not_taken_off_a_quoted_fault(tmp_path: Path) -> None:
    """Quotes are what is paid, after the factor of 97 %: a deduction is written before it."""
    fit, _ = written(tmp_path, quoted())
    device = of_10_000()
    anchor = fit.programme.anchors.as_of(device, "display.glass", fit.programme.terms[0].effective_from)
    weight = numbers_of(fit, "screen_glass=cracked") / 10_000
    assert anchor is not None
    assert anchor.amount_minor * weight * 0.97 == pytest.approx(320_000, rel=0.001)


def test_a_family_that_no_quote_names_is_anchored_by_another_of_its_component(tmp_path: Path) -> None:
    fit, _ = written(tmp_path, quoted())
    start = fit.programme.terms[0].effective_from
    glass, touch = (fit.programme.anchors.as_of(of_10_000(), f"display.{name}", start) for name in ("glass", "touch"))
    assert glass is not None
    assert touch is not None
    assert (touch.amount_minor, touch.basis) == (glass.amount_minor, glass.basis)
    assert ", as display.glass," in touch.source
    ratio = numbers_of(fit, "touch=faulty") / numbers_of(fit, "screen_glass=deep_scratches")
    assert ratio == pytest.approx(3.625, rel=0.001)  # as the prior has it


def numbers_of(fit: FittedProgramme, key: str) -> int:
    found = fit.numbers.set_index("key")["value"]
    return int(found[key])


def test_the_report_shows_itself() -> None:
    assert "Headlines" in str(fitted())
    assert fitted()._repr_html_().startswith("<h4>Fitted programme</h4>")


def test_without_deductions_the_base_keeps_its_weights_and_shares(tmp_path: Path) -> None:
    plain = fit_programme(tmp_path / "plain", graded(), prices=prices(), **NAMES)
    assert set(plain.numbers["table"]) == {"market_prices", "repair_anchors"}
    before = graded().terms[-1].questionnaire
    assert plain.programme.terms[0].questionnaire == before
    price = plain.programme.prices.prices[0]
    anchor = plain.programme.anchors.as_of(price.model, "display.glass", price.effective_from)
    assert anchor is not None
    assert anchor.amount_minor / price.price_minor == pytest.approx(0.16, abs=0.01)


def test_a_programme_without_anchors_needs_none(tmp_path: Path) -> None:
    base = shipped_programme("mi-exchange-india")
    rows = simulate_observations(base, 300, seed=2, models=12)
    found = Observations.read(rows, base.catalogue, as_of=date(2018, 6, 30))
    builder = PriceTableBuilder(minimum=1).fit(found, zone=IST, dates=[ON])
    plain = fit_programme(tmp_path / "plain", base, prices=builder, **NAMES)
    assert lint(plain.directory) == ()
    assert not (plain.directory / "repair_anchors.csv").exists()


def test_a_directory_that_is_there_is_never_written_to(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="which is there already: give a new one"):
        fit_programme(tmp_path, graded(), prices=prices(), **NAMES)


def test_what_the_linter_refuses_is_not_written(tmp_path: Path) -> None:
    """A scrap value above the cheapest price is such a programme."""
    dear = graded().terms[-1].replace(scrap_minor=10_000_000)
    base = Programme(**{**{name: getattr(graded(), name) for name in Programme.__dataclass_fields__}, "terms": (dear,)})
    with pytest.raises(DataError, match="the floor"):
        fit_programme(tmp_path / "new", base, prices=prices(), **NAMES)
    assert not (tmp_path / "new").exists()


def test_a_day_without_prices_is_refused(tmp_path: Path) -> None:
    names = {**NAMES, "effective_from": ON - timedelta(days=300)}
    with pytest.raises(InvalidValue, match="a day on which no accepted model has a price: build"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), **names)
    with pytest.raises(InvalidValue, match="give a date"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), **{**NAMES, "effective_from": "2018"})


def test_what_is_not_fitted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFitted):
        fit_programme(tmp_path / "new", graded(), prices=PriceTableBuilder(), **NAMES)


def test_deductions_of_other_findings_are_refused(tmp_path: Path) -> None:
    quotes = pd.DataFrame({"device": ["a"], "clean": [100.0], "price": [80.0], "findings": ["x"]})
    model = DeductionModel([Scale("display", "display", ("x",))]).fit(quotes)
    with pytest.raises(InvalidValue, match=r"fit a DeductionModel with scales_of\(terms\)"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), deductions=model, **NAMES)


def test_observations_without_grades_are_refused(tmp_path: Path) -> None:
    rows = simulate_observations(graded(), 50, seed=2, models=3)
    found = Observations.read(rows, graded().catalogue, as_of=date(2018, 6, 30))
    with pytest.raises(InvalidValue, match="observations has no column grade: add the grade"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), observations=found, **NAMES)


def test_grades_that_the_terms_do_not_know_are_refused(tmp_path: Path) -> None:
    rows = simulate_observations(graded(), 50, seed=2, models=3).assign(grade="Good")
    found = Observations.read(rows, graded().catalogue, as_of=date(2018, 6, 30))
    with pytest.raises(InvalidValue, match=r"give the grades of the terms .*: A, B"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), observations=found, **NAMES)


def test_a_directory_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for wrong in (tmp_path / "file" / "new", tmp_path / ("x" * 5_000), tmp_path / "\ud800"):
        with pytest.raises(InvalidValue, match="directory"):
            fit_programme(wrong, graded(), prices=prices(), **NAMES)


def test_a_bonus_that_no_price_reaches_is_left_out_with_a_warning(tmp_path: Path) -> None:
    terms = graded().terms[0]
    far = terms.bonuses[1]
    high = tuple(one if one.id != far.id else one.replace(from_value_minor=900_000_000) for one in terms.bonuses)
    base = Programme(
        **{
            **{name: getattr(graded(), name) for name in Programme.__dataclass_fields__},
            "terms": (terms.replace(bonuses=high),),
        }
    )
    with pytest.warns(TuningWarning, match=f"bonuses .*{far.id} are left out"):
        fit = fit_programme(tmp_path / "new", base, prices=prices(), **NAMES)
    assert far.id not in {bonus.id for bonus in fit.programme.terms[0].bonuses}


def test_the_overlap_is_written_where_it_was_fitted(tmp_path: Path) -> None:
    from copy import copy  # noqa: PLC0415 - this test alone changes a fitted model

    model = copy(deductions())
    model.overlap_ = {("body", "display"): (0.4, 0.02, 30)}
    fit = fit_programme(tmp_path / "new", graded(), prices=prices(), deductions=model, **NAMES)
    assert fit.programme.terms[0].overlaps[0].counted_bps == 4_000
    assert "30 quotes" in fit.programme.terms[0].overlaps[0].source


def scaled(factor: float) -> PriceTableBuilder:
    """Return the prices of somebody who wrote another unit."""
    rows = observed().frame.drop(columns="row")
    rows = rows.assign(price_minor=(rows["price_minor"] * factor).round().astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found = Observations.read(rows, graded().catalogue, as_of=date(2018, 6, 30))
    return PriceTableBuilder(catalogue=graded().catalogue, minimum=2, round_to_minor=100).fit(
        found, zone=IST, dates=[ON]
    )


@pytest.mark.parametrize("factor", [0.01, 0.3, 4.0, 100.0])
def test_prices_of_another_unit_are_warned_of(tmp_path: Path, factor: float) -> None:
    """Rupees that were given as paise made a phone of ₹110, without a word."""
    base = replace(graded(), terms=(graded().terms[-1].replace(scrap_minor=0, step_minor=100, bonuses=()),))
    with pytest.warns(
        TuningWarning, match=r"and \d+ more of the prices are far from those of graded-trade-in, such as ₹"
    ):
        fit_programme(tmp_path / "new", base, prices=scaled(factor), **NAMES)


def test_quotes_of_another_unit_are_warned_of(tmp_path: Path) -> None:
    rows = quoted()
    paise = rows.assign(clean=rows["clean"] * 100, price=rows["price"] * 100)
    with pytest.warns(
        TuningWarning, match="of the condition quotes have clean prices far from the fitted ones, such as 1e"
    ):
        written(tmp_path, paise)


LATER: dict[str, Any] = {**NAMES, "id": "graded-trade-in"}


@cache
def june() -> FittedProgramme:
    """Extend the shipped programme by what was fitted for June."""
    directory = Path(mkdtemp()) / "june"
    return fit_programme(directory, graded(), prices=prices(), deductions=deductions(), extend=graded(), **LATER)


def test_a_programme_that_is_extended_keeps_its_life() -> None:
    """A fitted programme began a new life: last month's quotes could not be replayed."""
    before, fit = graded(), june()
    assert lint(fit.directory) == ()
    assert [terms.version for terms in fit.programme.terms] == ["2018-03", "2018-05", "2018-06"]
    assert fit.programme.terms[:2] == before.terms
    assert set(before.prices) < set(fit.programme.prices)
    assert set(before.anchors) < set(fit.programme.anchors)
    assert set(before.eligible) <= set(fit.programme.eligible)
    models = [listing.model for listing in before.eligible][::40]
    for day in (date(2018, 3, 20), date(2018, 4, 30), date(2018, 5, 20), date(2018, 6, 14)):
        at = datetime(day.year, day.month, day.day, 12, tzinfo=IST)
        for model in models:
            quote = headline(model, before, at=at)
            if isinstance(quote, Quote):
                assert replay(quote, fit.programme)
                assert replay(quote, fit.programme).edition == "other"
    at = datetime(ON.year, ON.month, ON.day, 12, tzinfo=IST)
    for price in prices().table_.prices[::5]:
        quote = headline(price.model, fit.programme, at=at)
        assert isinstance(quote, Quote)
        assert (quote.terms, quote.priced_from) == ("2018-06", price.effective_from)


def test_an_extended_programme_can_be_extended_again(tmp_path: Path) -> None:
    names = {**LATER, "version": "2018-07", "effective_from": ON + timedelta(days=20)}
    july = fit_programme(tmp_path / "july", june().programme, prices=prices(), extend=june().programme, **names)
    assert [terms.version for terms in july.programme.terms][-2:] == ["2018-06", "2018-07"]


def test_a_model_without_a_fitted_price_goes_on_with_the_price_that_it_has() -> None:
    fit = june()
    assert fit.deductions is not None
    priced = {price.model for price in prices().table_}
    model = next(listing.model for listing in graded().eligible if listing.model not in priced)
    at = datetime(ON.year, ON.month, ON.day, 12, tzinfo=IST)
    best = headline(model, fit.programme, at=at)
    assert isinstance(best, Quote)
    quote = appraise(Device(model), best.condition.replace(touch="faulty"), fit.programme, at=at)
    assert isinstance(quote, Quote)
    row = pd.DataFrame({"device": [model], "clean": [best.exchange_value / 100], "findings": ["touch=faulty"]})
    assert quote.exchange_value / 100 == pytest.approx(fit.deductions.predict(row).iloc[0], abs=20)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"id": "tuned"}, "give graded-trade-in, the id of the programme that is extended"),
        ({"effective_from": date(2018, 5, 1)}, "give a day after that of the version 2018-05"),
    ],
)
def test_what_would_change_the_past_is_refused(tmp_path: Path, names: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        fit_programme(tmp_path / "new", graded(), prices=prices(), extend=graded(), **{**LATER, **names})


def test_a_programme_of_another_zone_or_currency_is_not_extended(tmp_path: Path) -> None:
    other = shipped_programme("uk-trade-in")
    with pytest.raises(InvalidValue, match="GBP"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), extend=other, **{**LATER, "id": other.id})
    moved = replace(graded(), zone=timezone(timedelta(hours=1)))
    with pytest.raises(InvalidValue, match="has its days in another zone"):
        fit_programme(tmp_path / "new", graded(), prices=prices(), extend=moved, **LATER)
