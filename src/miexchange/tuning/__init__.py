"""Tuning: from market observations to a programme, with pictures and honest errors.

The loop: `Observations` → `PriceTableBuilder`, `DepreciationCurve`, `DeductionModel` → `fit_programme`
→ `backtest` → `compare` → the programme's directory. See docs/tuning.md and the notebooks.

Needs the extra ``tuning``: ``pip install 'miexchange[tuning]'``.
"""

from miexchange._extras import extra

with extra("tuning", "miexchange.tuning"):
    from miexchange.tuning import plots
    from miexchange.tuning._checks import NotFitted, TuningWarning
    from miexchange.tuning.acceptance import AcceptanceModel, BestOffers
    from miexchange.tuning.backtesting import Backtest, ByDevice, ByTime, backtest
    from miexchange.tuning.collecting import QuotePlan, next_quotes
    from miexchange.tuning.comparing import Comparison, compare, what_if
    from miexchange.tuning.curve import DepreciationCurve
    from miexchange.tuning.deductions import CLEAN, DeductionModel
    from miexchange.tuning.drift import Drift, DriftMonitor
    from miexchange.tuning.fitting import FittedProgramme, fit_programme
    from miexchange.tuning.inspections import SEEN, PaidAsQuoted, agreement, inspections_of, paid_as_quoted
    from miexchange.tuning.lists import Exposure, PriceDiff, diff, exposure
    from miexchange.tuning.locks import LockReplay, LockRisk, OpenRisk
    from miexchange.tuning.metrics import METRICS, score, score_by
    from miexchange.tuning.observations import KINDS, REGIMES, Observations
    from miexchange.tuning.prices import PriceTableBuilder
    from miexchange.tuning.scales import Scale, prior_of, scales_of
    from miexchange.tuning.sensitivities import Sensitivity, sensitivity
    from miexchange.tuning.simulate import (
        simulate_book,
        simulate_deals,
        simulate_inspections,
        simulate_lists,
        simulate_market,
        simulate_observations,
        simulate_offers,
        simulate_panel,
        simulate_quotes,
    )

__all__ = [
    "CLEAN",
    "KINDS",
    "METRICS",
    "REGIMES",
    "SEEN",
    "AcceptanceModel",
    "Backtest",
    "BestOffers",
    "ByDevice",
    "ByTime",
    "Comparison",
    "DeductionModel",
    "DepreciationCurve",
    "Drift",
    "DriftMonitor",
    "Exposure",
    "FittedProgramme",
    "LockReplay",
    "LockRisk",
    "NotFitted",
    "Observations",
    "OpenRisk",
    "PaidAsQuoted",
    "PriceDiff",
    "PriceTableBuilder",
    "QuotePlan",
    "Scale",
    "Sensitivity",
    "TuningWarning",
    "agreement",
    "backtest",
    "compare",
    "diff",
    "exposure",
    "fit_programme",
    "inspections_of",
    "next_quotes",
    "paid_as_quoted",
    "plots",
    "prior_of",
    "scales_of",
    "score",
    "score_by",
    "sensitivity",
    "simulate_book",
    "simulate_deals",
    "simulate_inspections",
    "simulate_lists",
    "simulate_market",
    "simulate_observations",
    "simulate_offers",
    "simulate_panel",
    "simulate_quotes",
    "what_if",
]
