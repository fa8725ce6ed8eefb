"""How many examples a law gets: some laws are worth more than others, in every profile."""

from __future__ import annotations

import os

from hypothesis import settings

__all__ = ["THOROUGH", "effort"]

THOROUGH = os.environ.get("MIEXCHANGE_HYPOTHESIS") == "thorough"
"""Whether to go through all there is, where a plain run takes some."""


def effort(factor: float) -> settings:
    """Return settings with so many times the profile's examples."""
    return settings(max_examples=max(round(settings().max_examples * factor), 1))
