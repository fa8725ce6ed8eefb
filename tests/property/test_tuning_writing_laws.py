"""The law of writing: what a `DeductionModel` predicts is what the written programme pays, to the rounding step."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import Condition, Device, Programme, Quote, appraise, headline
from miexchange.condition import Deduction, Questionnaire
from miexchange.errors import MiExchangeError
from miexchange.strategies import programmes
from miexchange.tuning import (
    DeductionModel,
    Observations,
    PriceTableBuilder,
    TuningWarning,
    fit_programme,
    prior_of,
    scales_of,
    simulate_observations,
)
from property.effort import effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from miexchange.condition import Option, Question
    from miexchange.programme import Terms

SHIPPED = (
    ("graded-trade-in", "2018-03"),
    ("graded-trade-in", "2018-05"),
    ("mi-exchange-india", "2018-03"),
    ("uk-trade-in", "2025-03"),
    ("cashify", "2026-10"),
)
CASES = (
    Path(__file__).parents[1] / "cases"
)  # for a programme that is not shipped: it asks a question with several choices
MODELS = 4


class Written(NamedTuple):
    """A programme that was fitted, the model that it was fitted with, and what its devices can be asked."""

    programme: Programme
    user: DeductionModel
    written: DeductionModel
    at: datetime
    findings: tuple[str, ...]
    models: tuple[str, ...]


def weighed(question: Question) -> Question:
    """Weigh every answer that lowers the grade or costs something on an anchor, where the programme does not."""

    def option(number: int, one: Option) -> Option:
        if one.gate or not (one.grade or one.deduction) or (one.deduction and one.deduction.anchor):
            return one
        return replace(one, deduction=Deduction(anchor=question.component, weight_bps=4_000 * number))

    return replace(question, options=tuple(option(*pair) for pair in enumerate(question.options)))


def based(name: str, version: str) -> tuple[Programme, Terms]:
    """Return a programme with one of its terms, whose costly answers are all weighed."""
    shipped = Programme.load(CASES / name) if (CASES / name).is_dir() else shipped_programme(name)
    (terms,) = (one for one in shipped.terms if one.version == version)
    return alone(shipped, terms)


def alone(shipped: Programme, terms: Terms) -> tuple[Programme, Terms]:
    asked = terms.questionnaire
    terms = terms.replace(questionnaire=Questionnaire(asked.version, tuple(map(weighed, asked.questions))))
    kept = {field.name: getattr(shipped, field.name) for field in fields(Programme)}
    return Programme(**{**kept, "terms": (terms,)}), terms


def quotes_of(programme: Programme, terms: Terms, at: datetime, seed: int) -> pd.DataFrame:
    """Make quotes of a buyer who has no grades: each fault takes a share of his own, less or more than its grade."""
    make = np.random.default_rng(seed)
    rows = []
    shares = {
        finding: share
        for scale in scales_of(terms)
        for finding, share in zip(scale.findings, np.sort(make.uniform(0.02, 0.5, len(scale.findings))), strict=True)
    }
    for model in dict.fromkeys(listing.model for listing in programme.eligible):
        best = headline(model, programme, at=at)
        if not isinstance(best, Quote):
            continue
        clean = best.exchange_value / 10**programme.currency.decimals
        rows.append((model, clean, clean, "clean"))
        dear = float(make.uniform(0.8, 1.2))
        rows += [(model, clean, clean * (1 - share * dear), finding) for finding, share in shares.items()]
    return pd.DataFrame(rows[: 12 * (len(shares) + 1)], columns=["device", "clean", "price", "findings"])


@cache
def written(name: str, version: str, *, observed: bool = False) -> Written:
    return fit_of(*based(name, version), observed=observed, seed=len(name))


def fit_of(base: Programme, terms: Terms, *, observed: bool, seed: int) -> Written:
    start = terms.effective_from.astimezone(base.zone).date()
    day = start + timedelta(days=20)
    rows = simulate_observations(base, 400, seed=3, models=45, graded=observed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found = Observations.read(
            rows,
            base.catalogue,
            as_of=date(2100, 1, 1),
            currency=base.currency.code,
            grades=[grade.id for grade in terms.grades],
        )
        latest = max(day, found.frame["on"].max().date())
        prices = PriceTableBuilder(minimum=1, round_to_minor=base.price_step_minor).fit(
            found, dates=[latest], zone=base.zone
        )
        at = datetime.combine(latest, datetime.min.time(), base.zone).astimezone(UTC) + timedelta(hours=5)
        quotes = quotes_of(base, terms, terms.effective_from + timedelta(days=1), seed=seed)
        model = DeductionModel(scales_of(terms), prior=prior_of(terms), step=0.0).fit(quotes)
        fit = fit_programme(
            Path(mkdtemp()) / "fitted",
            base,
            prices=prices,
            deductions=model,
            observations=found if observed else None,
            id="fitted",
            title="Fitted",
            version="new",
            effective_from=latest,
        )
    assert fit.deductions is not None
    findings = tuple(finding for scale in scales_of(terms) for finding in scale.findings)
    models = tuple(dict.fromkeys(listing.model for listing in fit.programme.eligible))
    return Written(fit.programme, model, fit.deductions, at, findings, models[:: max(len(models) // MODELS, 1)])


def paid(case: Written, model: str, findings: tuple[str, ...]) -> tuple[float, pd.DataFrame]:
    """Return what the programme pays, and the row to predict, in whole units of the currency.

    Findings are those of questions that a clean phone is asked, after whose answers no other is asked.
    """
    unit, terms = 10**case.programme.currency.decimals, case.programme.terms[0]
    best = headline(model, case.programme, at=case.at)
    assume(isinstance(best, Quote))
    assert isinstance(best, Quote)
    assume(not any(line.rule == "cap" and line.amount for line in best.lines))  # of which `fit_programme` warns
    said: dict[str, str] = {}
    for question, option in (finding.split("=") for finding in findings):
        said[question] = f"{said[question]}|{option}" if question in said else option
    opening = {
        terms.questionnaire.by_id[one.asked_after].asked_as for one in terms.questionnaire.questions if one.asked_after
    }
    assume(said.keys() <= {*best.condition} - opening)
    classes = {name: labels[0] for name, labels in terms.labels_told.items()}
    device = Device(model, purchased_on=case.at.astimezone(case.programme.zone).date())
    quote = appraise(device, Condition({**best.condition, **said}), case.programme, at=case.at, **classes)
    assert isinstance(quote, Quote)
    clean = (best.exchange_value - sum(line.amount for line in best.lines if line.rule == "rounding")) / unit
    row = pd.DataFrame({"device": [model], "clean": [clean], "findings": ["+".join(findings)]})
    return quote.exchange_value / unit, row


def said_of(case: Written) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw findings: one answer to a question, or several choices of one that has them."""
    several = case.programme.terms[0].questionnaire.several

    def asked(finding: str) -> str:
        question = finding.partition("=")[0]
        return finding if question in several else question

    return st.lists(st.sampled_from(case.findings), min_size=1, max_size=4, unique_by=asked).map(tuple)


@pytest.mark.parametrize(("name", "version"), SHIPPED)
@given(st.data())
@effort(0.5)
def test_what_is_predicted_is_what_is_paid(name: str, version: str, data: st.DataObject) -> None:
    """Issue: what `DeductionModel` predicts and what the written programme pays are the same to the rounding step."""
    observed = data.draw(st.booleans())
    case = written(name, version, observed=observed)
    model = data.draw(st.sampled_from(case.models))
    pays, row = paid(case, model, data.draw(said_of(case)))
    step = case.programme.terms[0].step_minor / 10**case.programme.currency.decimals
    assert abs(case.written.predict(row).iloc[0] - pays) <= step * 1.05
    if not observed and pays > case.programme.terms[0].scrap_minor / 10**case.programme.currency.decimals:
        assert abs(case.user.predict(row).iloc[0] - pays) <= step * 1.05


@given(programmes(), st.data())
@pytest.mark.sweep
def test_a_drawn_programme_pays_what_is_predicted(drawn: Programme, data: st.DataObject) -> None:
    """As above, over every rule; weights and anchors are whole, so each finding may be off by half a unit of both."""
    base, terms = alone(drawn, drawn.terms[0])
    assume(scales_of(terms))
    try:
        case = fit_of(base, terms, observed=False, seed=data.draw(st.integers(0, 9)))
    except MiExchangeError:  # such as a price below a floor
        return
    findings = data.draw(said_of(case))
    pays, row = paid(case, data.draw(st.sampled_from(case.models)), findings)
    written_terms = case.programme.terms[0]
    weights = prior_of(written_terms)
    off = sum(weights[finding] / 2 + 1 for finding in findings) + 1
    unit = 10**case.programme.currency.decimals
    assert abs(case.written.predict(row).iloc[0] - pays) * unit <= written_terms.step_minor * 1.05 + off
