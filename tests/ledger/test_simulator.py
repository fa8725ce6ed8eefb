"""The simulator: it finds nothing in the ledger, and finds every bug that is planted in it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ledger import bugs
from miexchange import InvalidValue
from miexchange.refusal import ReasonCode, Refusal, refused
from miexchange.simulator import replay, shorten, simulate
from miexchange.simulator._model import Broken, Fate, Life, Moved, Request
from miexchange.simulator._places import place
from miexchange.simulator._round import Mix, Round
from miexchange.simulator._shop import Offer

if TYPE_CHECKING:
    from collections.abc import Callable

DAILY = {
    *("answered_before_the_commit", "bought_again", "checked_before_the_lock", "devices_not_unique", "door_is_free"),
    *("edited_quotes_paid", "errors_lie", "feed_skips_events", "keys_ignored", "own_key_only", "reads_find_nothing"),
    "row_without_its_end",
}
"""Those that are found in a second."""
PLANTED = [pytest.param(name, marks=[] if name in DAILY else pytest.mark.sweep) for name in bugs.BUGS]


def server_of(url: str) -> str | None:
    """Return the URL of a server; None for a file, of which the simulator makes its own."""
    return url if "://" in url else None


def test_every_law_holds_after_every_step(url: str) -> None:
    where = server_of(url)
    report = simulate(where, seed=36, steps=4_500 if where is None else 500)
    assert report, str(report)
    assert min(report.made, report.acknowledged, report.refused) > 0
    assert where is not None or min(report.errors, report.killed, report.lost, report.keys, report.jumps) > 0
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
    report = bugs.hunted()
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
    report = bugs.hunted(postgresql, first=8)  # in the fifth, clients wait a minute for each other
    found = report.violation
    assert found is not None, f"{name} was not found: {report}"
    assert replay(found, postgresql) == found


def test_a_violation_is_made_shorter_and_fits_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.released_by_anybody(monkeypatch)
    found = bugs.hunted().violation
    assert found is not None
    short = shorten(found, tries=18)
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


MIX = Mix(clients=1, machines=1, faults=0, lost=0, clocks=0, keys=0, forged=0, leaps=0)
UNASKED = Moved("7K3M9QXT011ZW8VBJ", 1, "accept", 0, {}, "nobody's")
LATER = UNASKED._replace(version=2, kind="reserve")
CHANGED, UNKNOWN = refused(ReasonCode.REQUEST_CHANGED), refused(ReasonCode.COUPON_UNKNOWN)


def _made(one: Round, asked: Request) -> None:
    one._maker(LATER, asked, is_door=False)  # noqa: SLF001 - what is tested


def _gone(one: Round, _: Request) -> None:
    one.model.lives[LATER.code] = Life(LATER.code, "a", Offer((0,), "good", 0, (), 0, 0), "b", 0, 0, 0, {0})
    one.witness.compare_all(one.model)


def _refused_after_all(one: Round, asked: Request, answer: Refusal) -> None:
    asked.fate.made = ("7K3M9QXT011ZW8VBJ", 1)
    asked.fate.rivals.append(dataclasses.replace(asked.fate, was_sent=True))
    one._refuse(asked, answer)  # noqa: SLF001 - what is tested


SEEN: dict[str, tuple[str, Callable[[Round, Request], object]]] = {
    "an acceptance of nobody's": ("only what the rules allow", lambda one, _: one.model.move(UNASKED, None)),
    "an event before the first": ("events in their order", lambda one, _: one.model.move(LATER, None)),
    "an event of nobody's request": ("only what somebody asks", _made),
    "another content without one": ("nothing is refused", lambda one, asked: one._refuse(asked, CHANGED)),  # noqa: SLF001 - as above
    "a refusal of what was made": ("its first answer", lambda one, asked: _refused_after_all(one, asked, CHANGED)),
    "another refusal of it": ("its first answer", lambda one, asked: _refused_after_all(one, asked, UNKNOWN)),
    "an error of nobody's": ("one of the ledger's", lambda one, asked: one._fail(one.actors[0], asked, KeyError("x"))),  # noqa: SLF001 - as above
    "a coupon that is gone": ("what is read was so", lambda one, asked: one._read(0, asked, None)),  # noqa: SLF001 - as above
    "exchanges that are gone": ("acknowledged transition", _gone),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_law_that_no_planted_bug_breaks_is_looked_at_too(name: str) -> None:
    law, look = SEEN[name]
    with place(None) as where:
        one = Round(where, "1", MIX, 1)
        try:
            asked = Request(1, "get", "", 0, Fate("r1"))
            one._states[0] = 1  # noqa: SLF001 - somebody has seen it
            with pytest.raises(Broken, match=law):
                look(one, asked)
        finally:
            one.close()
