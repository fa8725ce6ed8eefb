"""Made-up data that the tests of tuning share, made once for each process."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from miexchange import Condition, Device, Programme, Quote, appraise, headline
from miexchange.tuning import (
    DeductionModel,
    Observations,
    PriceTableBuilder,
    TuningWarning,
    prior_of,
    scales_of,
    simulate_observations,
)
from shipped import shipped_programme
from unit.small import IST

if TYPE_CHECKING:
    from miexchange.tuning import Scale

AT = datetime(2018, 6, 20, 12, tzinfo=UTC)
ON = date(2018, 6, 15)


@cache
def graded() -> Programme:
    return shipped_programme("graded-trade-in")


@cache
def observed() -> Observations:
    rows = simulate_observations(graded(), 1_500, seed=1, models=40, graded=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        return Observations.read(rows, graded().catalogue, as_of=date(2018, 6, 30))


@cache
def prices() -> PriceTableBuilder:
    return PriceTableBuilder(catalogue=graded().catalogue, minimum=2).fit(observed(), zone=IST, dates=[ON])


@cache
def scales() -> tuple[Scale, ...]:
    return scales_of(graded().terms[-1])


@cache
def condition_quotes() -> pd.DataFrame:
    """Return what the programme itself quotes for single faults, without what is no deduction."""
    rows = []
    for model in sorted({listing.model for listing in graded().eligible.listings})[::9]:
        best = headline(model, graded(), at=datetime(2018, 5, 20, 12, tzinfo=UTC))
        assert isinstance(best, Quote)
        clean = best.exchange_value / 100
        rows.append((model, clean, clean, "clean"))
        for scale in scales():
            for finding in scale.findings:
                question, option = finding.split("=")
                answers = best.condition.replace(**{question: option})
                quote = appraise(Device(model), Condition(answers), graded(), at=best.at)
                assert isinstance(quote, Quote)
                cost = -sum(line.amount for line in quote.lines if line.rule.startswith("deduction")) / 100
                if cost < clean - 10:
                    rows.append((model, clean, clean - cost, finding))
    return pd.DataFrame(rows, columns=["device", "clean", "price", "findings"])


@cache
def deductions() -> DeductionModel:
    return DeductionModel(scales(), prior=prior_of(graded().terms[-1]), step=0.0).fit(condition_quotes())
