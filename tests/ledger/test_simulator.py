"""The simulator: it finds nothing in the ledger, and finds every bug that is planted in it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ledger import bugs
from miexchange import InvalidValue
from miexchange.simulator import replay, shorten, simulate

MOST_STEPS = 40_000
"""Within which every planted bug is found."""
DAILY = {"checked_before_the_lock", "edited_quotes_paid", "one_sim_noted"}
PLANTED = [pytest.param(name, marks=[] if name in DAILY else pytest.mark.sweep) for name in bugs.BUGS]


def server_of(url: str) -> str | None:
    """Return the URL of a server; None for a file, of which the simulator makes its own."""
    return url if "://" in url else None


def test_every_law_holds_after_every_step(url: str) -> None:
    where = server_of(url)
    report = simulate(where, seed=2, steps=4_500 if where is None else 500)
    assert report, str(report)
    assert min(report.made, report.acknowledged, report.refused, report.errors) > 0
    assert report.rounds == (2 if where is None else 1)
    assert str(report).endswith("Every law held.")


@pytest.mark.sweep
def test_every_law_holds_for_long(url: str) -> None:
    where = server_of(url)
    report = simulate(where, seed=3, steps=100_000 if where is None else 10_000)
    assert report, str(report)
    assert min(report.killed, report.lost, report.keys, report.jumps) > 0


def test_the_same_seed_makes_the_same_history(url: str) -> None:
    where, steps = server_of(url), 300
    first = simulate(where, seed=4, steps=steps)
    assert simulate(where, seed=4, steps=steps) == first
    assert where is not None or simulate(seed=5, steps=steps).digest != first.digest


@pytest.mark.sweep
def test_the_same_seed_makes_the_same_history_in_another_process() -> None:
    """The order of a set of texts differs from process to process; nothing here may depend on it."""
    code = "from miexchange.simulator import simulate; print(simulate(seed=4, steps=1_500).digest)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == simulate(seed=4, steps=1_500).digest


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_and_replayed_from_its_seed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.BUGS[name](monkeypatch)
    report = simulate(seed=1, steps=MOST_STEPS)
    assert not report, f"{name} was not found: {report}"
    found = report.violation
    assert found is not None
    assert replay(found) == found


@pytest.mark.sweep
@pytest.mark.parametrize("name", bugs.RACES)
def test_a_bug_that_needs_two_writers_is_found_on_a_server(
    name: str, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.RACES[name](monkeypatch)
    report = simulate(postgresql, seed=1, steps=MOST_STEPS)
    found = report.violation
    assert found is not None, f"{name} was not found: {report}"
    assert replay(found, postgresql) == found


def test_a_violation_is_made_shorter_and_fits_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.released_by_anybody(monkeypatch)
    found = simulate(seed=1, steps=MOST_STEPS).violation
    assert found is not None
    short = shorten(found, tries=6)
    assert (short.law, short.step < found.step) == (found.law, True)
    assert replay(short) == short
    assert len(str(short).splitlines()) <= 40
    assert str(short).startswith(f"Broken: {short.law}\n")
    monkeypatch.undo()
    assert replay(short) is None, "without the bug it is not there"
    assert shorten(short, tries=1) == short, "nothing shorter breaks it"


def test_progress_is_told_after_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miexchange.simulator._simulate._ROUND", 100)
    told: list[int] = []
    report = simulate(seed=1, steps=200, progress=told.append)
    assert len(told) == report.rounds == 2
    assert told[-1] == report.steps


def test_what_is_no_argument_is_refused() -> None:
    with pytest.raises(InvalidValue, match="seed"):
        simulate(seed=-1, steps=1)
    with pytest.raises(InvalidValue, match="steps"):
        simulate(seed=1, steps=0)
    with pytest.raises(InvalidValue, match="violation"):
        replay(simulate(seed=1, steps=1))  # type: ignore[arg-type] # what is refused


def test_a_schema_of_the_simulators_name_is_not_touched(postgresql: str) -> None:
    import psycopg  # noqa: PLC0415 - where there is a server

    from ledger import server  # noqa: PLC0415 - as above

    with server.database(postgresql) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA miexchange_simulated")
        with pytest.raises(InvalidValue, match="has a schema of this name"):
            simulate(url, seed=1, steps=1)
        connection.execute("DROP SCHEMA miexchange_simulated")
        assert simulate(url, seed=1, steps=50)
