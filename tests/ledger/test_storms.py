"""The storms, on both databases, small; and against a careless ledger, where each of them must show it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ledger import server, storm_devices, storm_quotas, storm_quotes, storm_servers, storms
from miexchange import coupon, programme
from miexchange.ledger import Ledger, _quotas
from miexchange.ledger import _books as books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ledger.proofs import How
    from miexchange import Quote

BY_THREADS = {"forge": (8, 200), "skew": (8, 24), "sims": (8, 6), "keys": (6, 4, 2), "quotas": (8, 8, 1)}
BY_PROCESSES = {"forge": (3, 60), "skew": (8, 12), "sims": (3, 4), "keys": (3, 3, 1), "quotas": (3, 5, 1)}
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


@pytest.fixture
def sqlite(tmp_path: object) -> str:
    return f"{tmp_path}/careless.db"


def test_the_storm_sees_a_ledger_that_takes_a_quote_as_it_is(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def believed(quote: Quote, of: programme.Programme, **_: object) -> Quote:
        return quote.replace(digest=of.digest)

    monkeypatch.setattr(coupon, "confirmed", believed)
    figures = run(sqlite, "forge")
    assert isinstance(figures, storm_quotes.Forgeries)
    assert min(figures.forged_accepted, figures.forged_paid, figures.other_coupons) > 0


def test_the_storm_sees_a_clock_that_must_not_be_behind(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(_: object, at: datetime, __: datetime) -> datetime:
        return at

    monkeypatch.setattr(programme.ExchangeRules, "following", at_once)
    figures = run(sqlite, "skew")
    assert isinstance(figures, storm_servers.Skew)
    assert figures.refused_within > 0


def test_the_storm_sees_a_refusal_by_the_clock_that_is_kept_for_ever(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "_is_final", lambda *_: True)
    figures = run(sqlite, "skew")
    assert isinstance(figures, storm_servers.Skew)
    assert figures.made_later < figures.refused_beyond


def test_the_storm_sees_a_ledger_that_forgets_what_it_bought(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "_bought", staticmethod(lambda *_: None))
    figures = run(sqlite, "sims")
    assert isinstance(figures, storm_devices.Sims)
    assert figures.bought_again > 0


def test_the_storm_sees_a_door_that_notes_nothing(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "_claim", lambda *_: None)
    figures = run(sqlite, "sims")
    assert isinstance(figures, storm_devices.Sims)
    assert figures.bought_twice + figures.bought_again > 0
    assert figures.other_standing > 0


def test_the_storm_sees_servers_that_know_their_own_key_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes first in a storm is a matter of luck, so there are several."""
    monkeypatch.setattr(Ledger, "_secret_keys", lambda store: store._issuing[:1])  # noqa: SLF001 - how it is careless
    second_coupons = phones_twice = 0
    for seed in range(20):
        figures = storms.keys(f"{tmp_path}/careless-{seed}.db", "threads", 6, 4, 1, seed=seed)
        second_coupons += figures.second_coupons
        phones_twice += figures.phones_twice
        if second_coupons and phones_twice:
            break
    assert second_coupons > 0
    assert phones_twice > 0


def test_the_storm_sees_a_ledger_that_takes_no_places(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_quotas, "take", lambda *_: None)
    figures = storms.quotas(sqlite, "threads", 4, 5, 1)
    assert isinstance(figures, storm_quotas.Quotas)
    assert figures.over > 0
    assert figures.other_counts > 0


def test_the_storm_sees_places_that_do_not_come_back(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_quotas, "move", lambda *_: None)
    figures = run(sqlite, "quotas")
    assert isinstance(figures, storm_quotas.Quotas)
    assert figures.other_counts > 0


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
