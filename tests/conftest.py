"""How hard the laws are tried, and which tests count for coverage.

``MIEXCHANGE_HYPOTHESIS`` names the profile. A plain run is ``quick``: the same few examples on every machine, so that
a failure is never a matter of luck. ``full``, the profile of `make prove`, draws four times as many, the same ones
always too; ``thorough`` draws many times more, different ones each time, as a nightly run does.

Coverage is a matter of the plain tests of `unit` and `ledger`, one for each branch. A law or a comparison would run the
same lines some thousand times more, with a tracer that takes longer than the code itself, so these are not traced.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    import pytest

# How long an example takes says more about the machine than about the law.
_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]
_SAME = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes minutes for a programme
    suppress_health_check=_CALM,
)

settings.register_profile("quick", _SAME, max_examples=25)
settings.register_profile("full", _SAME, max_examples=100)
settings.register_profile("thorough", max_examples=2_000, deadline=None, suppress_health_check=_CALM)
settings.load_profile(os.environ.get("MIEXCHANGE_HYPOTHESIS", "quick"))


def pytest_configure(config: pytest.Config) -> None:
    """Let warnings of others pass where `make test-lowest` asks for that; those that our own modules cause do not."""
    if os.environ.get("MIEXCHANGE_WARNINGS") == "ours":
        config.addinivalue_line("filterwarnings", "default")
        config.addinivalue_line("filterwarnings", r"error:::miexchange(\.|$)")


_TRACED = [Path(__file__).parent / name for name in ("unit", "ledger")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trace the plain tests that cover branches, and no law."""
    for item in items:
        if item.get_closest_marker("hypothesis") or not any(map(item.path.is_relative_to, _TRACED)):
            item.add_marker("no_cover")
