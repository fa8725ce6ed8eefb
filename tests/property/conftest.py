"""How hard the laws are tried: the same examples on every machine, or many new ones.

``MIEXCHANGE_HYPOTHESIS=thorough`` tries many times more, different ones each time; a nightly run
does that. The profile of a plain run, ``ci``, draws the same examples always, so a failure is never a matter
of luck.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

# How long an example takes says more about the machine than about the law.
_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "ci",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes minutes for a programme
    suppress_health_check=_CALM,
)
settings.register_profile("thorough", max_examples=2_000, deadline=None, suppress_health_check=_CALM)
settings.load_profile(os.environ.get("MIEXCHANGE_HYPOTHESIS", "ci"))
