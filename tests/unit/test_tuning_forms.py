"""Programmes of every form through `tuning`: several choices, numbers, rates and floors of their own, two versions."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from miexchange import Device, InvalidValue, Programme, Quote, appraise, headline
from miexchange.catalogue import Catalogue
from miexchange.condition import Deduction, Grade, Option, Question, Questionnaire
from miexchange.eligibility import EligibleModels
from miexchange.errors import DataError
from miexchange.market import AnchorTable, PriceTable
from miexchange.programme import ScrapValue, Terms
from miexchange.tuning import (
    DeductionModel,
    FittedProgramme,
    Observations,
    PriceTableBuilder,
    TuningWarning,
    fit_programme,
    paid_as_quoted,
    prior_of,
    scales_of,
    simulate_book,
    simulate_deals,
    simulate_inspections,
)
from unit import small

if TYPE_CHECKING:
    from collections.abc import Mapping

ON = date(2020, 1, 20)
AT = datetime(2020, 1, 22, 12, tzinfo=UTC)


def weighed(name: str, anchor: str, weight_bps: int = 10_000, **more: Any) -> Option:  # noqa: ANN401 - fields
    return Option(name, f"It is {name}", deduction=Deduction(anchor=anchor, weight_bps=weight_bps), **more)


def choice(name: str, weight_bps: int) -> Question:
    options = Option("none", "None"), weighed(name, "hardware", weight_bps)
    return Question(f"broken.{name}", "What is broken?", f"broken.{name}", "none", options, choice_of="broken")


GLASS = small.cosmetic("glass", "display", weighed("marked", "display"), weighed("cracked", "display", 30_000))
BANDS = Option("good", "80 % or more", least=80, most=100), weighed("weak", "battery", least=0, most=79)
BATTERY = Question("battery", "What is its maximum capacity?", "battery", "none", BANDS, unit="%")
ASKED = (GLASS, choice("camera", 10_000), choice("speaker", 5_000), BATTERY)
TERMS = small.asking(*ASKED, terms=small.TERMS.replace(grades=(Grade("A", 10_000),), step_minor=1_000))


def based(*versions: Terms, until: datetime | None = None) -> Programme:
    """Return the small programme with a source for everything, as a directory needs it."""
    made = small.programme(anchors={"display": 100_000, "hardware": 60_000, "battery": 40_000})
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    prices = PriceTable.of(one.replace(source="test", effective_until=until) for one in made.prices)
    anchors = AnchorTable.of(one.replace(source="test") for one in made.anchors)
    eligible = EligibleModels.of(one.replace(source="test") for one in made.eligible)
    catalogue = Catalogue.of(one.replace(source="test") for one in made.catalogue)
    terms = tuple(map(sourced, versions or (TERMS,)))
    told = {"prices": prices, "anchors": anchors, "eligible": eligible, "catalogue": catalogue, "terms": terms}
    return Programme(**{**fields, **told})


def sourced(terms: Terms) -> Terms:
    grades = tuple(one.replace(source="test", meaning="test") for one in terms.grades)
    questions = tuple(
        one.replace(source="test", options=tuple(option.replace(source="test") for option in one.options))
        for one in terms.questionnaire.questions
    )
    scrap = tuple(one.replace(source="test") for one in terms.scrap_values)
    asked = Questionnaire("1", questions)
    return terms.replace(source="test", grades=grades, questionnaire=asked, scrap_values=scrap)


def quotes(shares: Mapping[str, float], clean: float = 10_000.0) -> pd.DataFrame:
    rows = [(small.MODEL, clean, clean * (1 - share), finding) for finding, share in {"clean": 0.0, **shares}.items()]
    return pd.DataFrame(rows, columns=["device", "clean", "price", "findings"])


PLAIN = {"model": small.MODEL, "on": ON, "kind": "deal"}
SHARES = {
    "glass=marked": 0.05,
    "glass=cracked": 0.2,
    "broken=camera": 0.1,
    "broken=speaker": 0.04,
    "battery=weak": 0.08,
}


def fit(
    base: Programme,
    shares: Mapping[str, float] = SHARES,
    *,
    price: int = 1_000_000,
    **more: Any,  # noqa: ANN401
) -> FittedProgramme:
    """Fit a programme on deals of one price and on quotes of one phone."""
    terms = base.terms[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        deals = pd.DataFrame({**PLAIN, "price_minor": [price], "source": "till"})
        found = Observations.read(deals, base.catalogue, as_of=ON)
        prices = PriceTableBuilder(minimum=1, round_to_minor=1_000).fit(found, dates=[ON], zone=base.zone)
        model = DeductionModel(scales_of(terms), prior=prior_of(terms), step=0.0).fit(quotes(shares))
    given = {"id": "fitted", "title": "Fitted", "version": "2", "effective_from": ON, "deductions": model, **more}
    return fit_programme(Path(mkdtemp()) / "fitted", base, prices=prices, **given)


def pays(found: FittedProgramme, said: str) -> tuple[float, float]:
    """Return what the fitted programme pays for answers, and what its model predicts, in rupees."""
    best = headline(small.MODEL, found.programme, at=AT)
    assert isinstance(best, Quote)
    answers: dict[str, list[str]] = {}
    for question, option in (finding.split("=") for finding in said.split("+")):
        answers.setdefault(question, []).append(option)
    condition = best.condition.replace(**{name: "|".join(options) for name, options in answers.items()})
    quote = appraise(Device(small.MODEL), condition, found.programme, at=AT)
    assert isinstance(quote, Quote)
    clean = best.exchange_value - sum(line.amount for line in best.lines if line.rule == "rounding")
    row = pd.DataFrame({"device": [small.MODEL], "clean": [clean / 100], "findings": [said]})
    assert found.deductions is not None
    return quote.exchange_value / 100, float(found.deductions.predict(row).iloc[0])


def test_choices_of_one_question_are_fitted_and_add_up() -> None:
    assert [scale.component for scale in scales_of(TERMS)] == ["display", "broken.camera", "broken.speaker", "battery"]
    found = fit(based())
    for said, share in {**SHARES, "broken=camera+broken=speaker": 0.14, "broken=speaker+glass=cracked": 0.24}.items():
        paid, predicted = pays(found, said)
        assert paid == pytest.approx(10_000 * (1 - share), abs=11)
        assert predicted == pytest.approx(paid, abs=11)


def test_choices_of_one_component_cost_as_the_worst_of_them() -> None:
    both = [one.replace(component="broken") for one in ASKED[1:3]]
    model = DeductionModel(scales_of(small.asking(*both)), step=0.0)
    model.fit(quotes({"broken=camera": 0.1, "broken=speaker": 0.04}))
    said = pd.DataFrame({"device": small.MODEL, "clean": 10_000.0, "findings": ["broken=camera+broken=speaker"]})
    assert model.predict(said).iloc[0] == pytest.approx(9_000, rel=1e-3)


ROWS = pd.DataFrame(
    {
        **PLAIN,
        "price_minor": [1_000_000, 900_000, 850_000, 800_000, 950_000, 990_000],
        "source": "till",
        "broken": ["none", "speaker|camera", "screen", " camera ", None, "camera|none"],
        "battery": [92, "79", "80", "weak", 101, "093"],
    }
)


def test_answers_are_read_as_they_are_asked() -> None:
    with pytest.warns(TuningWarning, match="rows 2, 4, 5 cannot be used"):
        found = Observations.read(ROWS, based().catalogue, as_of=ON, questionnaire=TERMS.questionnaire)
    assert found.frame["broken"].to_list() == ["none", "camera|speaker", "camera"]
    assert found.frame["battery"].to_list() == ["good", "weak", "weak"]
    remedies = found.problems.set_index(["row", "column"])["remedy"].to_dict()
    assert remedies[2, "broken"] == "Write none, or some of these with | between: camera, speaker"
    assert remedies[4, "battery"] == "Write one of: good, weak, or a whole number from 0 to 100 %"
    assert found.clean()["price_minor"].to_list() == [1_000_000]


def test_grades_are_fitted_without_rows_whose_choices_cost_something() -> None:
    """A choice that only lowers the grade is one of its devices; one with a cost would make the grade too cheap."""
    dull = small.cosmetic("dull", "body", Option("worn", "Worn", grade=1))
    graded = TERMS.replace(
        questionnaire=Questionnaire("1", (*ASKED[1:3], dull)), grades=(Grade("A", 10_000), Grade("B", 9_000))
    )
    rows = pd.concat([ROWS.drop(columns="battery").iloc[[0]]] * 4, ignore_index=True).assign(
        price_minor=[1_000_000, 950_000, 500_000, 960_000], grade=["A", "B", "B", "B"], source=list("abcd")
    )
    rows["broken"] = ["none", "none", "camera|speaker", None]
    found = Observations.read(rows, based().catalogue, as_of=ON, questionnaire=graded.questionnaire)
    for given, keep in ((found, 9_550), (found.without_duplicates(), 9_550)):
        written = fit(based(graded), {"broken=camera": 0.1, "broken=speaker": 0.04}, observations=given)
        assert written.programme.terms[-1].grades[1].keep_bps == keep


def test_a_floor_of_its_own_is_predicted() -> None:
    own = TERMS.replace(scrap_minor=10_000, scrap_values=(ScrapValue("brand", "Acme", 850_000),))
    found = fit(based(own))
    assert pays(found, "glass=cracked") == (8_500, 8_500)


def test_a_quote_tells_all_that_a_finding_costs() -> None:
    """An answer with a rate or an amount of its own beside its anchor is charged once."""
    glass = small.cosmetic("glass", "display", weighed("cracked", "display", keep_bps=9_000, extra_minor=-5_000))
    terms = small.asking(glass, terms=TERMS)
    paid, predicted = pays(fit(based(terms), {"glass=cracked": 0.2}), "glass=cracked")
    assert paid == pytest.approx(8_000, abs=11)
    assert predicted == pytest.approx(paid, abs=11)
    with pytest.raises(InvalidValue, match="has no quote of glass=cracked, which has a rate or an amount of its own"):
        fit(based(small.asking(glass, BATTERY, terms=TERMS)), {"battery=weak": 0.08})


def test_extras_above_the_cap_are_told() -> None:
    box = small.cosmetic("box", "box", Option("none", "None", extra_minor=-20_000))
    box = box.replace(options=(box.options[0].replace(extra_minor=30_000), box.options[1]))
    with pytest.warns(TuningWarning, match="are paid at most the price"):
        fit(based(small.asking(*ASKED, box, terms=TERMS)))


def test_grades_are_relative_to_a_best_one_that_keeps_less_than_all() -> None:
    scale = (Grade("A", 9_500), Grade("B", 9_000))
    glass = small.cosmetic("glass", "display", weighed("marked", "display", grade=1))
    base = based(small.asking(glass, terms=TERMS.replace(grades=scale)))
    found = fit(base, {"glass=marked": 0.2})
    paid, predicted = pays(found, "glass=marked")
    assert paid == pytest.approx(9_500 - 2_000, abs=11)  # an anchor is an amount, of the quoted 10,000
    assert predicted == pytest.approx(paid, abs=11)
    rows = ROWS.drop(columns=["broken", "battery"]).iloc[:2].assign(price_minor=[1_000_000, 900_000], grade=["A", "B"])
    seen = Observations.read(rows, base.catalogue, as_of=ON, grades=("A", "B"))
    assert fit(base, {"glass=marked": 0.2}, observations=seen).programme.terms[-1].grades[1].keep_bps == 8_550


def test_a_price_of_before_ends_where_a_fitted_one_begins() -> None:
    base = based(until=small.BEGIN + timedelta(days=40))
    found = fit(base, id=base.id, extend=base)
    first, second = found.programme.prices
    assert first.effective_until == second.effective_from
    assert found.programme.prices.as_of(small.MODEL, small.AT) == first


def test_a_book_has_a_column_for_every_question_of_every_version() -> None:
    later = small.asking(GLASS, terms=TERMS).replace(version="2", effective_from=AT)
    both = based(TERMS, later)
    book = simulate_book(both, 20, seed=1, at=AT + timedelta(days=1))
    assert book["broken"].isna().all()
    assert len(simulate_deals(both, 20, seed=1, at=AT + timedelta(days=1))) == 20


def test_errors_of_several_choices_are_refused_with_their_question() -> None:
    deals = simulate_deals(based(), 20, seed=1, at=small.AT).assign(quoted_minor=1_000, paid_minor=1_000)
    for call in (
        lambda: paid_as_quoted(deals, based(), at=small.AT),
        lambda: simulate_inspections(based(), 20, seed=1, at=small.AT),
    ):
        with pytest.raises(InvalidValue, match="programme asks broken, which has several choices"):
            call()


def test_a_price_below_a_floor_of_its_own_is_refused_with_its_file() -> None:
    own = TERMS.replace(scrap_values=(ScrapValue("model", small.MODEL, 999_000),))
    floor = pytest.raises(DataError, match=r"scrap_values.scrap_minor: the floor of 999000 is above the cap")
    with floor, pytest.warns(TuningWarning):
        fit(based(own), price=500_000)
