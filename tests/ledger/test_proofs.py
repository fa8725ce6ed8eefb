"""Races, crashes and forgeries, on both databases: small editions of what `make prove` does."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from ledger import proofs, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.proofs import How
    from miexchange.ledger import Ledger


@pytest.mark.parametrize("what", ["redeem", "account", "device"])
@pytest.mark.parametrize(
    ("how", "workers", "things"), [("threads", 8, 12), pytest.param("processes", 3, 12, marks=pytest.mark.sweep)]
)
def test_what_can_be_won_once_is_won_once(url: str, what: str, how: How, workers: int, things: int) -> None:
    run = proofs.race(url, what, things, workers, how)
    assert (run.won, run.twice, run.never) == (things, 0, 0)
    assert run.attempts == things * workers


def test_opposite_verbs_meet(store: Ledger) -> None:
    ended = proofs.meet(store, first=1, rounds=6)
    assert set(ended["cancel against redeem"]) <= {"void"}
    assert set(ended["sweep against reserve"]) <= {"expired", "reserved"}
    assert set(ended["release against complete"]) <= {"issued", "completed"}
    assert {name: sum(states.values()) for name, states in ended.items()} == dict.fromkeys(ended, 6)


def whole(crashes: proofs.Crashes, kills: int) -> None:
    assert crashes.kills == kills
    assert crashes.acknowledged >= kills
    assert (crashes.lost, crashes.doubled, crashes.unresolved, crashes.unclean) == (0, 0, 0, 0)
    assert crashes.committed <= crashes.unacknowledged


def test_killed_writers_lose_nothing_and_double_nothing(url: str) -> None:
    whole(proofs.crash(chain([url], repeat("")), 8), 8)


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """Give the URL of a server of its own: a kill there ends every session."""
    if server.is_given():
        pytest.skip("the server that is given is not ours to kill")
    with server.postgresql("crashes") as url:
        yield url


def test_a_killed_server_loses_nothing_and_doubles_nothing(own_server: str) -> None:
    with server.database(own_server) as url:
        whole(proofs.crash(chain([url], repeat("")), 2, backends=True), 2)


def test_forged_and_mutated_codes_are_refused(store: Ledger) -> None:
    forgeries = proofs.forge(store, coupons=5, tries=1_000)
    assert forgeries.accepted == 0
    assert forgeries.mistyped + forgeries.refused == 1_000
    assert forgeries.mistyped > 900


def test_what_a_stranger_waits_for_is_measured(store: Ledger) -> None:
    taken = proofs.timings(store, 5)
    assert taken.keys() == {"foreign", "expired", "spent", "unknown"}
    assert min(taken.values()) > 0


@pytest.mark.parametrize("share", [5, pytest.param(1, marks=pytest.mark.sweep)])
def test_an_insider_without_the_key_is_found(store: Ledger, share: int) -> None:
    edits = (150 if store.engine.dialect.name == "sqlite" else 25) // share
    run = proofs.insiders(store, edits)
    assert (run.edits, run.missed) == (edits, ())
