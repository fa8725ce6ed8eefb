"""The storms, on both databases, small; and against a careless ledger, where each of them must show it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import pytest

from ledger import bugs, server, storms
from miexchange import coupon, programme
from miexchange.ledger import Ledger, _limits, _quotas
from miexchange.ledger import _books as books

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from ledger.proofs import How
    from miexchange import Quote

pytestmark = pytest.mark.sweep

FIGURES = TypeVar("FIGURES", bound=storms.Figures)

BY_THREADS: dict[str, tuple[int, ...]] = {
    "forge": (8, 200),
    "skew": (8, 24),
    "sims": (8, 6),
    "keys": (6, 4, 2),
    "quotas": (8, 8, 1),
    "limits": (8, 10, 1),
}
BY_PROCESSES = {
    "forge": (3, 60),
    "skew": (8, 12),
    "sims": (3, 4),
    "keys": (3, 3, 1),
    "quotas": (3, 5, 1),
    "limits": (3, 12, 1),
}
SIZES: dict[How, dict[str, tuple[int, ...]]] = {"threads": BY_THREADS, "processes": BY_PROCESSES}
needs_forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")


def run(url: str, name: str, how: How = "threads") -> storms.Figures:
    return storms.STORMS[name](url, how, *SIZES[how][name])


@pytest.mark.parametrize("name", storms.STORMS)
@pytest.mark.parametrize("how", ["threads", pytest.param("processes", marks=needs_forks)])
def test_a_storm_breaks_no_promise(url: str, name: str, how: How) -> None:
    figures = run(url, name, how)
    assert figures.broken == []


def test_all_places_are_taken_and_no_more_and_taken_again(url: str) -> None:
    figures = storms.quotas(url, "threads", 4, 2, 2)
    assert figures.broken == []
    assert (figures.first_at_most, figures.second_at_most) == (20, 30)
    assert figures.used_up > 0
    assert figures.first_given > 20


@needs_forks
def test_a_server_that_forks_while_it_serves_answers_everybody(url: str) -> None:
    figures = storms.fork(url, 3, 1)
    assert figures.broken == []
    assert figures.answers >= 3 * 4 * 3, "four rounds of three verbs in each family"


def test_forged_quotes_are_refused_for_what_they_are(url: str) -> None:
    figures = storms.forge(url, "threads", 4, 200)
    assert min(figures.unreadable, figures.altered, figures.outdated, figures.unsealed, figures.taken) > 0
    assert (figures.honest, figures.accepted) == (20, 20)


def test_every_edit_alone_makes_a_quote_another_one() -> None:
    """Otherwise a storm counts as forged what the service would have said itself."""
    for phone in (0, 1):
        for number in range(400):
            assert storms.forged(phone, number) != storms.honest(phone)


# ----- careless ledgers


def shows(
    folder: Path, storm: Callable[..., FIGURES], sizes: tuple[int, ...], is_so: Callable[[FIGURES], bool]
) -> bool:
    """Tell whether one of some storms shows what a careless ledger breaks: who comes first in a storm is luck."""
    return any(is_so(storm(f"{folder}/careless-{seed}.db", "threads", *sizes, seed=seed)) for seed in range(30))


def test_the_storm_sees_a_ledger_that_takes_a_quote_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def believed(quote: Quote, of: programme.Programme, **_: object) -> Quote:
        return quote.replace(digest=of.digest)

    monkeypatch.setattr(coupon, "confirmed", believed)
    assert shows(
        tmp_path,
        storms.forge,
        BY_THREADS["forge"],
        lambda seen: min(seen.forged_accepted, seen.forged_paid, seen.other_coupons) > 0,
    )


def test_the_storm_sees_a_clock_that_must_not_be_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(_: object, at: datetime, __: datetime) -> datetime:
        return at

    monkeypatch.setattr(programme.ExchangeRules, "following", at_once)
    assert shows(tmp_path, storms.skew, BY_THREADS["skew"], lambda seen: seen.refused_within > 0)


def test_the_storm_sees_a_refusal_by_the_clock_that_is_kept_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "_is_final", lambda *_: True)
    assert shows(tmp_path, storms.skew, BY_THREADS["skew"], lambda seen: seen.made_later < seen.refused_beyond)


def test_the_storm_sees_a_ledger_that_forgets_what_it_bought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.bought_again(monkeypatch)
    assert shows(tmp_path, storms.sims, BY_THREADS["sims"], lambda seen: seen.bought_again > 0)


def test_the_storm_sees_a_door_that_notes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "_claim", lambda *_: None)
    assert shows(
        tmp_path,
        storms.sims,
        BY_THREADS["sims"],
        lambda seen: seen.bought_twice + seen.bought_again > 0 and seen.other_standing > 0,
    )


def test_the_storm_sees_servers_that_know_their_own_key_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "_secret_keys", lambda store: store._issuing[:1])  # noqa: SLF001 - how it is careless
    assert shows(tmp_path, storms.keys, (6, 4, 1), lambda seen: min(seen.second_coupons, seen.phones_twice) > 0)


def test_the_storm_sees_a_ledger_that_takes_no_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_quotas, "take", lambda *_: None)
    assert shows(tmp_path, storms.quotas, (4, 5, 1), lambda seen: min(seen.over, seen.other_counts) > 0)


def test_the_storm_sees_places_that_do_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_quotas, "move", lambda *_: None)
    assert shows(tmp_path, storms.quotas, BY_THREADS["quotas"], lambda seen: seen.other_counts > 0)


def test_the_storm_sees_a_ledger_that_holds_to_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "is_open", lambda *_: True)
    assert shows(tmp_path, storms.limits, (4, 12, 1), lambda seen: min(seen.over, seen.faults) > 0)


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """Give the URL of a server of its own: its sessions end in any way."""
    if server.is_given():
        pytest.skip("the server that is given is not ours to confuse")
    with server.postgresql("careless") as url:
        yield url


@needs_forks
def test_the_storm_sees_a_ledger_that_does_not_notice_a_fork(own_server: str) -> None:
    with server.database(own_server) as url:
        figures = storms.fork(url, 3, 1, patience=4, careless=True)
    assert figures.errors + figures.foreign + figures.hanging > 0
