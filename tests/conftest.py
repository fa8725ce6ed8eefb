"""How hard the laws are tried, and which tests count for coverage.

``MIEXCHANGE_HYPOTHESIS`` names the profile. A plain run is ``quick``: the same few examples on every machine, so that
a failure is never a matter of luck. ``full``, the profile of `make sweep`, draws ten times as many, and ``proof``, of
`make prove`, forty times, the same ones always too; ``thorough`` draws many times more, different ones each time, as a
nightly run does.

Coverage is a matter of plain tests, one for each branch. A law, a comparison or a storm would run the same lines some
thousand times more, with a tracer that takes longer than the code itself, so these are not traced.
"""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

# How long an example takes says more about the machine than about the law.
_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]
_SAME = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes minutes for a programme
    suppress_health_check=_CALM,
)

settings.register_profile("quick", _SAME, max_examples=5)
settings.register_profile("full", _SAME, max_examples=50)
settings.register_profile("proof", _SAME, max_examples=200)
settings.register_profile("thorough", max_examples=2_000, deadline=None, suppress_health_check=_CALM)
settings.load_profile(os.environ.get("MIEXCHANGE_HYPOTHESIS", "quick"))

_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108 - pytest makes a folder there that is the user's own


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: tests wait for databases, files and other processes."""
    return len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Keep the tests of a file together, where it asks for that by an ``xdist_group``.

    xdist itself goes by the name of a test, which pytest 9.2 does not let it change: each worker then started a Spark,
    built the packages, and made the tables that a file's tests share.
    """
    return _Together(config, log) if config.getvalue("dist") == "loadgroup" else None


class _Together(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _is_a_group(self.config.rootpath / file) else nodeid


@cache
def _is_a_group(file: Path) -> bool:
    return file.suffix == ".py" and "pytest.mark.xdist_group(" in file.read_text(encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Keep files of tests in memory, where the system has such a folder with room; and let some warnings pass.

    A ledger waits for the disk with each answer, a long run with each part; no test cuts the power, so that nothing is
    proved by waiting. `make test-lowest` lets warnings of others pass; those that our own modules cause never do.
    """
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and _is_fit(os.statvfs(_MEMORY)):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    if os.environ.get("MIEXCHANGE_WARNINGS") == "ours":
        config.addinivalue_line("filterwarnings", "default")
        config.addinivalue_line("filterwarnings", r"error:::miexchange(\.|$)")


def _is_fit(found: os.statvfs_result) -> bool:
    return found.f_bavail * found.f_frsize > _ROOM and not found.f_flag & os.ST_NOEXEC


_TESTS = Path(__file__).parent
_UNTRACED = [
    _TESTS / name
    for name in (
        *("architecture", "cases", "ledger", "notebooks", "packaging", "parity", "property", "service"),
        "data/test_shipped_tables.py",
        *(
            f"unit/test_{name}.py"
            for name in ("benchmark_figures", "benchmark_peers", "cli_output", "demo", "strategies")
        ),
        "unit/test_tuning_adapter.py",
    )
]
# What of these folders reaches branches that no other test reaches: a run with a context for each file told which.
_TRACED = {
    *(_TESTS / "property" / f"test_{name}_laws.py" for name in ("body", "door", "error", "text", "value")),
    _TESTS / "property" / "test_sound_values.py",
    *(
        _TESTS / "ledger" / f"test_{name}.py"
        for name in (
            *("address", "checkpoints", "command", "command_lists", "exports", "ledgers_kept"),
            *("engines", "many", "migrations", "records", "simulator", "sweep", "turns", "verify"),
        )
    ),
}


# Only draws reach the strategies of tables and of slips.
_TRACED_LAWS = {_TESTS / "unit" / "test_frames.py", _TESTS / "property" / "test_near_miss_laws.py"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where coverage is measured, run the plain tests that cover branches alone, and no law."""
    plugin = config.pluginmanager.get_plugin("_cov")
    if plugin is not None and plugin.cov_controller is not None:
        config.hook.pytest_deselected(items=[item for item in items if _is_untraced(item)])
        items[:] = [item for item in items if not _is_untraced(item)]


def _is_untraced(item: pytest.Item) -> bool:
    return item.path not in _TRACED_LAWS and (
        item.get_closest_marker("hypothesis") is not None or _is_elsewhere(item.path)
    )


@cache
def _is_elsewhere(file: Path) -> bool:
    return file not in _TRACED and (file.suffix == ".md" or any(map(file.is_relative_to, _UNTRACED)))


def pytest_collection_finish() -> None:
    """Leave what collection has made out of every later search for garbage: it stays until the end."""
    gc.collect()
    gc.freeze()
