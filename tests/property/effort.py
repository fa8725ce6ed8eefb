"""How many examples a law gets: some laws are worth more than others, in every profile."""

from __future__ import annotations

import os

from hypothesis import settings

__all__ = ["PROOF", "THOROUGH", "effort"]

_PROFILE = os.environ.get("MIEXCHANGE_HYPOTHESIS")
THOROUGH = _PROFILE == "thorough"
"""Whether to go through all there is, where a plain run takes some."""
PROOF = _PROFILE in {"proof", "thorough"}
"""Whether a sweep has the sizes of a promise: `make prove` has hours where `make sweep` has minutes."""


def effort(factor: float) -> settings:
    """Return settings with so many times the profile's examples."""
    return settings(max_examples=max(round(settings().max_examples * factor), 1))
