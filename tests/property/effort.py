"""How many examples a law gets: some laws are worth more than others, in every profile."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["PROOF", "THOROUGH", "effort", "rare"]

_PROFILE = os.environ.get("MIEXCHANGE_HYPOTHESIS")
THOROUGH = _PROFILE == "thorough"
"""Whether to go through all there is, where a plain run takes some."""
PROOF = _PROFILE in {"proof", "thorough"}
"""Whether a sweep has the sizes of a promise: `make prove` has hours where `make sweep` has minutes."""


def effort(factor: float) -> settings:
    """Return settings with so many times the profile's examples."""
    return settings(max_examples=max(round(settings().max_examples * factor), 1))


def rare() -> settings:
    """Return settings of a law about what half of the draws do not come to: it goes on until it has its examples."""
    return settings(suppress_health_check=[*settings().suppress_health_check, HealthCheck.filter_too_much])
