"""How many examples a law gets: some laws are worth more than others, in every profile."""

from __future__ import annotations

from hypothesis import settings


def effort(factor: float) -> settings:
    """Return settings with so many times the profile's examples."""
    return settings(max_examples=max(round(settings().max_examples * factor), 1))
